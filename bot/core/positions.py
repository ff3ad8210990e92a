"""How fills make a position: average entry and realised profit, exact to the last digit of money.

A position is kept as its signed contracts and its *cost*: the settlement value it was entered at, coins x price
(linear) or dollars / price (inverse). Costs add; the average entry follows, weighted for a linear contract and
harmonic for an inverse one (reference section 2), and a partial close leaves it where it was.
"""

from collections.abc import Iterable
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.reports import Fill
from bot.core.values import ZERO, Contracts, Money, Price, money, record


@record
class Filled:
    """A position after a fill."""

    contracts: Contracts
    cost: Money
    realised: Money
    """Price profit that the fill realised, in settlement currency."""


@record
class Rebasing:
    """Contracts that books took over without a fill: the position was there before them, or a person moved it."""

    contracts: Contracts
    """Signed, by which the position moved."""
    entry_price: Price | None
    """Average entry of the whole position after it; None if nobody wrote it down."""
    at_ms: int


def cost_of(contract: Contract, contracts: Decimal, entry: Decimal) -> Money:
    """Settlement value a position was entered at; 0 when flat."""
    return Money(ZERO) if contracts == ZERO else Money(money(contract.value(contracts, entry)))


def entry_of(contract: Contract, contracts: Decimal, cost: Decimal) -> Price:
    """Average entry price of a position; 0 when flat."""
    if contracts == ZERO:
        return Price(ZERO)
    size = abs(contract.size(contracts))
    return Price(cost / size if contract.linear else size / cost)


def gain_of(contract: Contract, contracts: Decimal) -> int:
    """Give +1 if a position gains as its value rises above its cost, -1 if as it falls: a short, or an inverse long."""
    return 1 if (contracts > ZERO) == contract.linear else -1


def open_pnl(contract: Contract, contracts: Decimal, cost: Decimal, price: Decimal) -> Decimal:
    """Unrealised profit of a position at a price, from its exact cost."""
    if contracts == ZERO:
        return ZERO
    return gain_of(contract, contracts) * (contract.value(contracts, price) - cost)


def isolated_margin(
    contract: Contract, margin: Decimal, held: Decimal, after: Decimal, price: Decimal, leverage: Decimal
) -> Money:
    """Margin set aside for an isolated position after a fill at ``price`` took it from ``held`` to ``after`` contracts.

    What is added brings value / leverage along, what is closed releases its share, a turned position starts anew.
    """
    if after == ZERO:
        return Money(ZERO)
    if held * after <= ZERO:
        return Money(money(contract.value(after, price) / leverage))
    if abs(after) > abs(held):
        return Money(margin + money(contract.value(abs(after) - abs(held), price) / leverage))
    return Money(money(margin * abs(after) / abs(held)))


def fill(contract: Contract, held: Decimal, cost: Decimal, added: Decimal, price: Decimal) -> Filled:
    """Fill ``added`` signed contracts at ``price`` into a position of ``held`` signed contracts.

    What realised profit loses by rounding to money stays in the cost, so that nothing is lost over the position's life.
    """
    closed = min(abs(added), abs(held)) if held * added < ZERO else ZERO
    opened = money(contract.value(abs(added) - closed, price))
    if closed == ZERO:
        return Filled(contracts=Contracts(held + added), cost=Money(cost + opened), realised=Money(ZERO))
    gain = gain_of(contract, held)
    value, share = money(contract.value(closed, price)), cost * closed / abs(held)
    realised = money(gain * (value - share))
    left = cost - (value - gain * realised)
    return Filled(contracts=Contracts(held + added), cost=Money(left + opened), realised=Money(realised))


def realised(contract: Contract, moves: Iterable[Fill | Rebasing]) -> Money:
    """Price profit that fills realised, in settlement currency: as the venue told it, and by average cost where it did not.

    Moves come in the order they happened, from flat on. Contracts whose entry nobody knows count from the first price
    seen after them, so that what is not known is not made up.
    """
    held, total, cost = ZERO, ZERO, Money(ZERO)
    known = True
    for move in moves:
        if isinstance(move, Rebasing):
            held += move.contracts
            known = move.entry_price is not None
            cost = Money(ZERO) if move.entry_price is None else cost_of(contract, held, move.entry_price)
            continue
        if not known:
            known, cost = True, cost_of(contract, held, move.price)
        after = fill(contract, held, cost, move.side.sign * move.contracts, move.price)
        held, cost = after.contracts, after.cost
        total += after.realised if move.realised_pnl is None else move.realised_pnl
    return Money(total)
