"""What an account's owner is told: fills and payments, in order, with names that count; wallets and positions."""

from collections.abc import Mapping
from decimal import Decimal

from bot.core.reports import Fill, Payment
from bot.core.snapshot import Position, Wallet
from bot.core.values import ZERO, Contracts, Money, Price, Ratio, side_of
from bot.sim.account import Entry, SimAccount
from bot.sim.liquidation import liquidation_price

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


def tell_payment(told: Told, account: str, entry: Entry, name: str = "") -> None:
    """Tell the owner of money that moved without a trade; trades are told otherwise.

    Its id begins with the account, or with the owner's ``name`` for a transfer, so that an account rebuilt from its
    payments still knows it.
    """
    if entry.kind == "pnl" or entry.kind == "fee":  # noqa: PLR1714 - a type checker reads this, and no set
        return
    told.append(
        Payment(
            payment_id=f"{name or account}-{len(told) + 1}",
            kind=entry.kind,
            symbol=entry.symbol,
            asset=entry.asset,
            amount=Money(entry.amount),
            at_ms=entry.at_ms,
        )
    )


def asked_name(payment: Payment) -> str:
    """Give the owner's name for a transfer that was told."""
    return payment.payment_id.rpartition("-")[0]


def told_positions(
    trader: SimAccount, marks: dict[str, Decimal], ranks: Mapping[tuple[str, str], int]
) -> tuple[Position, ...]:
    """List the positions; a flat one is listed for its realised profit, an expired one, too.

    ``ranks`` are places in the queue for auto-deleveraging, by account and symbol.
    """
    isolated = trader.margin_mode == "isolated"
    return tuple(
        Position(
            symbol=symbol,
            contracts=Contracts(position.contracts),
            entry_price=position.entry_price,
            realised_pnl=Money(position.realised),
            isolated_margin=Money(position.isolated_margin) if isolated else None,
            liquidation_price=liquidation_price(trader, position, marks),
            adl_rank=ranks.get((trader.name, symbol)),
        )
        for symbol, position in trader.positions.items()
        if position.contracts != ZERO or position.realised != ZERO
    )


def told_wallets(trader: SimAccount, marks: dict[str, Decimal]) -> tuple[Wallet, ...]:
    """List the futures wallets by asset; one that is empty is listed, too, if the spot wallet could fill it."""
    assets = {asset for (kind, asset), money in trader.wallets.items() if kind == "futures" or money > ZERO}
    return tuple(_told_wallet(trader, asset, marks) for asset in sorted(assets))


def _told_wallet(trader: SimAccount, asset: str, marks: dict[str, Decimal]) -> Wallet:
    known = trader.margin_mode == "cross" and trader.priced(asset, marks)
    return Wallet(
        asset=asset,
        balance=Money(trader.balance("futures", asset)),
        deposited=Money(trader.deposited.get(asset, ZERO)),
        spare=Money(trader.balance("spot", asset)),
        collateral_share=Ratio(trader.share(asset)),
        equity=Money(trader.wallet_equity(asset, marks)) if known else None,
        maintenance=Money(trader.maintenance(asset, marks)) if known else None,
    )
