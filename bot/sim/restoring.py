"""An account is rebuilt from what its owner was told: every fill and every payment is booked once more."""

from bot.core.instruments import Contract
from bot.core.reports import Fill, Payment
from bot.sim.account import SimAccount


def book_again(trader: SimAccount, contracts: dict[str, Contract], item: Fill | Payment) -> None:
    """Book what was told; whether it may be is not asked again.

    Raises:
        ValueError: a fill is in a contract that is not among ``contracts``, or the spot wallet lacks what was moved.
    """
    if isinstance(item, Payment):
        _pay_again(trader, item)
        return
    contract = contracts.get(item.symbol)
    if contract is None:
        raise ValueError(
            f"{trader.name} traded {item.symbol}, which this exchange was not given: list expired contracts, too."
        )
    signed = item.side.sign * item.contracts
    trader.trade(item.at_ms, trader.position(contract), signed, item.price, item.fee)


def _pay_again(trader: SimAccount, payment: Payment) -> None:
    if payment.kind == "transfer":
        trader.transfer_again(payment.at_ms, payment.asset, payment.amount)
    elif payment.kind in {"deposit", "withdrawal"}:
        trader.deposit_again(payment.at_ms, "futures", payment.asset, payment.amount)
    else:
        trader.post(payment.at_ms, payment.kind, payment.asset, payment.amount, symbol=payment.symbol)
