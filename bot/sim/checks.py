"""Why the model exchange will not have an order: its own words, before anything moves."""

from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import OrderRequest, TimeInForce
from bot.core.values import ZERO
from bot.sim.account import SimAccount
from bot.sim.matching import Touch


def objection(
    contract: Contract | None,
    touch: Touch | None,
    trader: SimAccount,
    marks: dict[str, Decimal],
    request: OrderRequest,
    *,
    expired: bool,
) -> str:
    """Say why a request cannot be taken, or nothing."""
    if contract is None:
        return f"{request.symbol} is not traded here"
    if expired:
        return f"{request.symbol} has expired"
    if contract.status != "trading":
        return f"{request.symbol} is {contract.status}"
    if touch is None:
        return f"{request.symbol} has no price yet"
    return (
        _size(contract, request)
        or _price(contract, touch, request)
        or (
            _reduction(contract, trader, request)
            if request.reduce_only
            else _margin(contract, touch, trader, marks, request)
        )
    )


def _size(contract: Contract, request: OrderRequest) -> str:
    if request.contracts < contract.contracts_min or request.contracts % contract.contracts_step:
        return f"size {request.contracts} is below the minimum or no whole step of {contract.contracts_step}"
    return ""


def _price(contract: Contract, touch: Touch, request: OrderRequest) -> str:
    if request.limit_price is not None and request.limit_price % contract.price_tick:
        return f"price {request.limit_price} is no whole tick of {contract.price_tick}"
    if request.time_in_force is TimeInForce.POST_ONLY and touch.crosses(request):
        return "post-only order would take"
    return ""


def _reduction(contract: Contract, trader: SimAccount, request: OrderRequest) -> str:
    held = trader.position(contract).contracts
    return "" if held * request.side.sign < ZERO else "reduce-only order would not reduce"


def _margin(
    contract: Contract, touch: Touch, trader: SimAccount, marks: dict[str, Decimal], request: OrderRequest
) -> str:
    """Check the smallest order, and the initial margin of what an order would add, fees included."""
    position = trader.position(contract)
    signed = request.side.sign * request.contracts
    added = abs(position.contracts + signed) - abs(position.contracts)
    price = request.limit_price or touch.quote.mark
    if contract.notional(request.contracts, price) < contract.notional_min:
        return f"value is below the minimum of {contract.notional_min}"
    if added <= ZERO:
        return ""
    value = contract.value(added, price)
    needed = value / trader.leverage + contract.fee_taker * contract.value(request.contracts, price)
    free = trader.free(contract.settle, marks)
    return "" if needed <= free else f"margin of {needed:f} {contract.settle} is needed, {free:f} is free"
