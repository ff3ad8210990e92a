"""Contracts: sizes, margin by tiers, and the liquidation price against a plain search."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.core.instruments import Contract, MarginRule, Payoff, tiers_from
from bot.core.values import ONE, ZERO
from tests.core.builders import INVERSE, LINEAR, Amount, D, TierRow, inverse_contract, linear_contract

MAKERS: dict[Payoff, Callable[..., Contract]] = {
    Payoff.LINEAR: linear_contract,
    Payoff.INVERSE: inverse_contract,
}
FAR = D(10) ** 9
"""A price nobody will see."""
CLOSE = D("1e-12")

prices = st.integers(100, 10_000_000).map(lambda n: D(n).scaleb(-2))
sizes = st.integers(1, 10**6).map(lambda n: D(n).scaleb(-3))
signs = st.sampled_from([-1, 1])


@st.composite
def tier_rows(draw: st.DrawFn) -> list[TierRow]:
    """Up to six tiers whose floors are spread over six decades of value."""
    floors = sorted(draw(st.sets(st.integers(-30, 60), max_size=5)))
    rates = sorted(draw(st.lists(st.integers(1, 4000), min_size=len(floors) + 1, max_size=len(floors) + 1)))
    values = [ZERO, *(D(round(10 ** (n / 10), 6)) if False else scaled(n) for n in floors)]
    return [(value, D(rate).scaleb(-4), 10) for value, rate in zip(values, rates, strict=True)]


def scaled(tenths: int) -> Decimal:
    """Ten to the power of so many tenths, roughly, and exactly reproducible."""
    decades, tenth = divmod(tenths, 10)
    return (ONE + D(tenth)).scaleb(decades)


def surplus(contract: Contract, contracts: Decimal, entry: Decimal, margin: Decimal, price: Decimal) -> Decimal:
    """Equity less maintenance: liquidated where this is not positive."""
    return margin + contract.pnl(contracts, entry, price) - contract.maintenance(contracts, entry, price)


def bisected(contract: Contract, contracts: Decimal, entry: Decimal, margin: Decimal) -> Decimal | None:
    """Search the price at which equity meets maintenance; None where it never does between almost 0 and far away."""
    safe, dead = (1 / FAR, FAR) if contracts < ZERO else (FAR, 1 / FAR)
    if surplus(contract, contracts, entry, margin, dead) > ZERO:
        return None
    for _ in range(200):
        middle = (safe * dead).sqrt() if max(safe, dead) > 2 * min(safe, dead) else (safe + dead) / 2
        if surplus(contract, contracts, entry, margin, middle) > ZERO:
            safe = middle
        else:
            dead = middle
    return dead
