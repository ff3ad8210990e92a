"""What an account's owner is told: fills and payments, in order, with names that count."""

from decimal import Decimal

from bot.core.reports import Fill, Payment
from bot.core.values import Contracts, Money, Price, side_of
from bot.sim.account import Entry

Told = list[Fill | Payment]


def tell_fill(
    told: Told,
    account: str,
    at_ms: int,
    *,
    client_order_id: str,
    symbol: str,
    signed: Decimal,
    price: Decimal,
    realised: Decimal,
    fee: Decimal,
    maker: bool,
) -> None:
    """Tell the owner of a fill of ``signed`` contracts."""
    told.append(
        Fill(
            fill_id=f"{account}-{len(told) + 1}",
            client_order_id=client_order_id,
            symbol=symbol,
            side=side_of(signed),
            contracts=Contracts(abs(signed)),
            price=Price(price),
            fee=Money(fee),
            realised_pnl=Money(realised),
            maker=maker,
            at_ms=at_ms,
        )
    )


def tell_payment(told: Told, account: str, entry: Entry) -> None:
    """Tell the owner of money that moved without a trade; trades and transfers are told otherwise or known."""
    if entry.kind not in {"funding", "deposit", "withdrawal", "liquidation"}:
        return
    told.append(
        Payment(
            payment_id=f"{account}-{len(told) + 1}",
            kind=entry.kind,
            symbol=entry.symbol,
            asset=entry.asset,
            amount=Money(entry.amount),
            at_ms=entry.at_ms,
        )
    )
