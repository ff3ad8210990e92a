"""When an account no longer has its margin, at what price that comes, and what it loses then. Pessimistic on purpose."""

from decimal import Decimal

from bot.core.instruments import MarginRule
from bot.core.values import ZERO, Price
from bot.sim.account import Entry, SimAccount, SimPosition


def breached(trader: SimAccount, position: SimPosition, marks: dict[str, Decimal]) -> bool:
    """Whether equity no longer exceeds maintenance margin.

    A wallet with a position or a coin behind it that has no price yet, as after a restore, is not judged before it has
    one: nobody is closed on half a picture.
    """
    settle = position.contract.settle
    if trader.margin_mode == "isolated":
        mark = marks[position.contract.symbol]
        return position.isolated_margin + position.pnl(mark) <= position.maintenance(mark)
    if not trader.priced(settle, marks):
        return False
    return trader.equity(settle, marks) <= trader.maintenance(settle, marks)


def doomed(trader: SimAccount, position: SimPosition) -> list[SimPosition]:
    """List what a breach takes down: in cross mode every position that settles in the same, in isolated the one."""
    return [position] if trader.margin_mode == "isolated" else trader.open_positions(position.contract.settle)


def seize(trader: SimAccount, at_ms: int, position: SimPosition, left: Decimal) -> list[Entry]:
    """Take the margin behind what was closed as the liquidation fee: ``left`` of settlement currency, and coins behind it.

    The house covers what is missing below zero.
    """
    settle, symbol = position.contract.settle, position.contract.symbol
    taken = {settle: left}
    for asset in trader.collateral_shares:
        if trader.share(asset) > ZERO and asset != settle and trader.balance("futures", asset) > ZERO:
            taken[asset] = trader.balance("futures", asset)
    return [
        trader.post(at_ms, "liquidation", asset, -amount, symbol=symbol) for asset, amount in taken.items()
    ]


def liquidation_price(trader: SimAccount, position: SimPosition, marks: dict[str, Decimal]) -> Price | None:
    """Mark that liquidates a position while all other prices stand; None when flat, without a mark, or if none does.

    Coins behind a linear position that are of its own kind move with it, their index in step with its mark.
    """
    contract, entry = position.contract, position.entry_price
    cross = trader.margin_mode == "cross"
    known = contract.symbol in marks and (trader.priced(contract.settle, marks) or not cross)
    if position.contracts == ZERO or not known:
        return None
    backing = trader.backing(position, marks)
    moving = ZERO
    if contract.linear and cross:
        moving = trader.worth(contract.base, contract.settle) * trader.balance("futures", contract.base)
    if moving == ZERO:
        return contract.liquidation_price(position.contracts, entry, backing)
    return _with_coins(position, backing - moving, moving / marks[contract.symbol])


def _with_coins(position: SimPosition, cash: Decimal, coins: Decimal) -> Price | None:
    """Solve ``cash + coins P + pnl(P) = maintenance(P)`` of a linear position (reference section 5.7).

    Each tier asks for ``rate x value - amount``; all of them hold as long as ``slope P <= constant`` for each.
    """
    size = position.contract.size(position.contracts)
    lines: list[tuple[Decimal, Decimal]] = [
        (tier.maintenance_rate, -tier.maintenance_amount) for tier in position.contract.tiers
    ]
    if position.contract.margin_rule is MarginRule.ENTRY:
        lines = [(ZERO, position.contract.maintenance_on(position.cost))]
    found = [
        (rate * abs(size) - size - coins, cash - size * position.entry_price - asked) for rate, asked in lines
    ]
    if size < ZERO:
        above = [constant / slope for slope, constant in found if slope > ZERO]
        return Price(max(min(above), ZERO)) if above else None
    below = [constant / slope for slope, constant in found if slope < ZERO and constant < ZERO]
    return Price(max(below)) if below else None
