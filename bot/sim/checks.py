"""Why the model exchange will not have an order: what is in the way, in a word and in its own words."""

from decimal import Decimal
from enum import StrEnum

from bot.core.instruments import Contract
from bot.core.orders import OrderRequest, TimeInForce
from bot.core.values import ZERO, record
from bot.sim.account import SimAccount
from bot.sim.matching import Touch


class Obstacle(StrEnum):
    """What kept an order from being taken."""

    UNLISTED = "unlisted"
    EXPIRED = "expired"
    CLOSED = "closed"
    """The contract is listed and takes no orders."""
    UNPRICED = "unpriced"
    SIZE_SMALL = "size below minimum"
    SIZE_STEP = "size no whole step"
    TICK = "price no whole tick"
    WOULD_TAKE = "post-only would take"
    NOT_REDUCING = "reduce-only would not reduce"
    NOTIONAL = "value below minimum"
    MARGIN = "too little margin"


@record
class Objection:
    """What is in the way of an order, and the sentence the owner is told."""

    obstacle: Obstacle
    text: str


def objection(
    contract: Contract | None,
    touch: Touch | None,
    trader: SimAccount,
    marks: dict[str, Decimal],
    request: OrderRequest,
    *,
    expired: bool,
) -> Objection | None:
    """Say why a request cannot be taken; None if it can."""
    symbol = request.symbol
    if contract is None:
        return Objection(obstacle=Obstacle.UNLISTED, text=f"{symbol} is not traded here")
    if expired:
        return Objection(obstacle=Obstacle.EXPIRED, text=f"{symbol} has expired")
    if contract.status != "trading":
        return Objection(obstacle=Obstacle.CLOSED, text=f"{symbol} is {contract.status}")
    if touch is None:
        return Objection(obstacle=Obstacle.UNPRICED, text=f"{symbol} has no price yet")
    return (
        _size(contract, request)
        or _price(contract, touch, request)
        or (
            _reduction(contract, trader, request)
            if request.reduce_only
            else _margin(contract, touch, trader, marks, request)
        )
    )


def _size(contract: Contract, request: OrderRequest) -> Objection | None:
    text = f"size {request.contracts} is below the minimum or no whole step of {contract.contracts_step}"
    if request.contracts < contract.contracts_min:
        return Objection(obstacle=Obstacle.SIZE_SMALL, text=text)
    if request.contracts % contract.contracts_step:
        return Objection(obstacle=Obstacle.SIZE_STEP, text=text)
    return None


def _price(contract: Contract, touch: Touch, request: OrderRequest) -> Objection | None:
    if request.limit_price is not None and request.limit_price % contract.price_tick:
        text = f"price {request.limit_price} is no whole tick of {contract.price_tick}"
        return Objection(obstacle=Obstacle.TICK, text=text)
    if request.time_in_force is TimeInForce.POST_ONLY and touch.crosses(request):
        return Objection(obstacle=Obstacle.WOULD_TAKE, text="post-only order would take")
    return None


def _reduction(contract: Contract, trader: SimAccount, request: OrderRequest) -> Objection | None:
    held = trader.position(contract).contracts
    if held * request.side.sign < ZERO:
        return None
    return Objection(obstacle=Obstacle.NOT_REDUCING, text="reduce-only order would not reduce")


def _margin(
    contract: Contract, touch: Touch, trader: SimAccount, marks: dict[str, Decimal], request: OrderRequest
) -> Objection | None:
    """Check the smallest order, and the initial margin of what an order would add, fees included."""
    position = trader.position(contract)
    signed = request.side.sign * request.contracts
    added = abs(position.contracts + signed) - abs(position.contracts)
    price = request.limit_price or touch.quote.mark
    if contract.notional(request.contracts, price) < contract.notional_min:
        text = f"value is below the minimum of {contract.notional_min}"
        return Objection(obstacle=Obstacle.NOTIONAL, text=text)
    if added <= ZERO:
        return None
    value = contract.value(added, price)
    needed = value / trader.leverage + contract.fee_taker * contract.value(request.contracts, price)
    free = trader.free(contract.settle, marks)
    if needed <= free:
        return None
    text = f"margin of {needed:f} {contract.settle} is needed, {free:f} is free"
    return Objection(obstacle=Obstacle.MARGIN, text=text)
