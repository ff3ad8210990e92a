"""Contracts: sizes, margin by tiers, and the liquidation price against a plain search."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import formulas
from bot.core.decide import decide
from bot.core.forecast import forecast
from bot.core.instruments import OUT_OF_REACH, Contract, MarginRule, Payoff, tiers_from
from bot.core.memory import State
from bot.core.values import ONE, ZERO, record
from tests.core.builders import INVERSE, LINEAR, D, inverse_contract, linear_contract, rules, snapshot

MAKERS: dict[Payoff, Callable[..., Contract]] = {
    Payoff.LINEAR: linear_contract,
    Payoff.INVERSE: inverse_contract,
}
FAR = D(10) ** 12
"""Nobody will see a price this many times above entry, or this many times below."""

prices = st.integers(100, 10_000_000).map(lambda n: D(n).scaleb(-2))
sizes = st.integers(1, 10**6).map(lambda n: D(n).scaleb(-3))


@record
class Held:
    """A position with margin behind it."""

    contract: Contract
    contracts: Decimal
    entry: Decimal
    margin: Decimal

    def surplus(self, price: Decimal) -> Decimal:
        """Equity less maintenance: liquidated where none is left."""
        maintenance = self.contract.maintenance(self.contracts, self.entry, price)
        return self.margin + self.contract.pnl(self.contracts, self.entry, price) - maintenance

    def searched(self) -> Decimal | None:
        """Search the price at which equity meets maintenance; None where it never does."""
        safe, dead = self.entry / FAR, self.entry * FAR
        if self.contracts > ZERO:
            safe, dead = dead, safe
        if self.surplus(dead) > ZERO:
            return None
        for _ in range(90):
            middle = (safe * dead).sqrt()
            safe, dead = (middle, dead) if self.surplus(middle) > ZERO else (safe, middle)
        return dead


@st.composite
def held(draw: st.DrawFn, payoff: Payoff, rule: MarginRule, side: int) -> Held:
    """Draw a position, tiers whose floors lie around its value, and margin from next to nothing to thrice its value."""
    contracts, entry = draw(sizes), draw(prices)
    value = MAKERS[payoff]().value(contracts, entry)
    floors = sorted(draw(st.sets(st.integers(1, 400), max_size=5)))
    rates = sorted(draw(st.lists(st.integers(1, 4000), min_size=len(floors) + 1, max_size=len(floors) + 1)))
    rows = [
        (value * floor / 100, D(rate).scaleb(-4), 10) for floor, rate in zip([0, *floors], rates, strict=True)
    ]
    margin = value * draw(st.integers(1, 3000)) / 1000
    contract = MAKERS[payoff](rows=rows, margin_rule=rule)
    return Held(contract=contract, contracts=side * contracts, entry=entry, margin=margin)


@pytest.mark.parametrize("side", [-1, 1], ids=["short", "long"])
@pytest.mark.parametrize("rule", MarginRule)
@pytest.mark.parametrize("payoff", Payoff)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_liquidation_price_is_where_a_search_finds_equity_equal_to_maintenance(
    payoff: Payoff, rule: MarginRule, side: int, data: st.DataObject
) -> None:
    book = data.draw(held(payoff, rule, side))

    price = book.contract.liquidation_price(book.contracts, book.entry, book.margin)
    searched = book.searched()

    if price is None or price > book.entry * FAR:
        assert searched is None
    else:
        assert searched is not None
        assert abs(price / searched - 1) < D("1e-9")


@pytest.mark.parametrize("payoff", Payoff)
@settings(deadline=None)
@given(data=st.data())
def test_a_short_has_the_smallest_of_its_tiers_prices_and_a_long_the_largest(
    payoff: Payoff, data: st.DataObject
) -> None:
    for side, pick in ((-1, min), (1, max)):
        book = data.draw(held(payoff, MarginRule.MARK, side))
        alone = [
            replace(book.contract, tiers=(tier,)).liquidation_price(book.contracts, book.entry, book.margin)
            for tier in book.contract.tiers
        ]
        found = [price for price in alone if price is not None]

        together = book.contract.liquidation_price(book.contracts, book.entry, book.margin)

        assert together == (pick(found) if found else None)


def test_an_inverse_short_can_be_liquidated_in_a_lower_tier_where_its_entry_tier_says_never() -> None:
    contract = inverse_contract(rows=((0, "0.005", 50), (1, "0.2", 5)))
    entry_tier = replace(contract, tiers=contract.tiers[1:])
    two_coins, entry, margin = D(-1000), D(50_000), D("1.9")

    assert entry_tier.liquidation_price(two_coins, entry, margin) is None
    assert contract.liquidation_price(two_coins, entry, margin) == D(995_000)


@pytest.mark.parametrize("rule", MarginRule)
def test_some_positions_are_never_liquidated(rule: MarginRule) -> None:
    linear, inverse = linear_contract(margin_rule=rule), inverse_contract(margin_rule=rule)
    entry = D(50_000)

    assert linear.liquidation_price(ZERO, entry, D(0)) is None
    assert inverse.liquidation_price(ZERO, entry, D(0)) is None
    assert linear.liquidation_price(D(1), entry, D(51_000)) is None, "a long paid in full"
    assert inverse.liquidation_price(D(-500), entry, D("1.01")) is None, "a short backed by its own coins"
    assert linear.liquidation_price(D(-1), entry, D(10**9)) is not None, "dollars never back a short for ever"
    assert inverse.liquidation_price(D(500), entry, D(10**9)) is not None, "coins never back a long for ever"


def test_the_same_short_is_liquidated_earlier_where_maintenance_is_taken_at_entry() -> None:
    entry, margin = D(50_000), D("0.12")
    at_mark = inverse_contract().liquidation_price(D(-600), entry, margin)
    at_entry = inverse_contract(margin_rule=MarginRule.ENTRY).liquidation_price(D(-600), entry, margin)

    assert at_mark is not None
    assert at_entry is not None
    assert (round(at_entry, 2), round(at_mark, 2)) == (D("55248.62"), D("55277.78"))


@given(data=st.data(), payoff=st.sampled_from(Payoff), step=st.integers(0, 500))
def test_maintenance_margin_does_not_jump_at_a_tier_and_is_the_margin_of_its_tier(
    data: st.DataObject, payoff: Payoff, step: int
) -> None:
    book = data.draw(held(payoff, MarginRule.MARK, -1))
    tiers, value = book.contract.tiers, book.contract.value(book.contracts, book.entry) * step / 100
    own = [tier for tier in tiers if tier.value_min <= value][-1]
    mine = formulas.maintenance_margin(value, own.maintenance_rate, own.maintenance_amount)

    for lower, upper in pairwise(tiers):
        below, above = (
            formulas.maintenance_margin(upper.value_min, tier.maintenance_rate, tier.maintenance_amount)
            for tier in (lower, upper)
        )
        assert abs(below - above) <= D("1e-18") * value.max(ONE)
    everywhere = [
        formulas.maintenance_margin(value, tier.maintenance_rate, tier.maintenance_amount) for tier in tiers
    ]
    assert abs(max(everywhere) - mine) <= D("1e-18") * value.max(ONE)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "begin at value 0"),
        ([(1, "0.01")], "begin at value 0"),
        ([(0, "0.01"), (0, "0.02")], "rise in value"),
        ([(0, "0.01"), (5, "0.02"), (3, "0.03")], "rise in value"),
        ([(0, "0.02"), (5, "0.01")], "in rate"),
    ],
)
def test_tiers_that_do_not_rise_from_zero_are_turned_away(rows: list[tuple[int, str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tiers_from((D(floor), D(rate), D(10)) for floor, rate in rows)


def test_tiers_keep_their_figures_and_get_their_amounts() -> None:
    first, second = tiers_from([(D(0), D("0.004"), D(50)), (D(50_000), D("0.005"), D(25))])

    assert (first.value_min, first.maintenance_rate, first.leverage_max) == (ZERO, D("0.004"), D(50))
    assert (second.value_min, second.maintenance_rate, second.leverage_max) == (D(50_000), D("0.005"), D(25))
    assert (first.maintenance_amount, second.maintenance_amount) == (ZERO, D(50))


@given(coins=sizes, price=prices, sign=st.sampled_from([-1, 1]))
def test_coins_and_contracts_lead_back_to_each_other(coins: Decimal, price: Decimal, sign: int) -> None:
    for contract in (linear_contract(size="0.01"), INVERSE):
        contracts = contract.contracts_for(sign * coins, price)

        assert abs(contract.coins(contracts, price) - sign * coins) < D("1e-18")
        assert abs(contract.notional(contracts, price) - coins * price) < D("1e-15")
        assert contract.size(contracts) == contracts * contract.contract_size
        worth = contract.value(contracts, price)
        assert abs(worth - (coins * price if contract.linear else coins)) < D("1e-15")


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(contracts=sizes, entry=prices, price=prices)
def test_a_short_gains_what_a_long_loses_and_only_when_the_price_falls(
    contract: Contract, contracts: Decimal, entry: Decimal, price: Decimal
) -> None:
    short, long = (contract.pnl(side * contracts, entry, price) for side in (-1, 1))

    assert short == -long
    assert (short > ZERO) == (price < entry)
    assert (short == ZERO) == (price == entry)
    change = contract.value(contracts, price) - contract.value(contracts, entry)
    assert abs(abs(short) - abs(change)) < D("1e-15")


def test_the_profit_of_each_payoff_is_paid_in_its_own_currency() -> None:
    assert LINEAR.pnl(D(-2), D(50_000), D(40_000)) == D(20_000), "dollars"
    assert INVERSE.pnl(D(-1000), D(50_000), D(40_000)) == D("0.5"), "coins"
    assert LINEAR.pnl(ZERO, D(50_000), D(40_000)) == ZERO


@pytest.mark.parametrize("rule", list(MarginRule))
def test_a_position_that_stands_at_no_price_is_never_taken_for_a_safe_one(rule: MarginRule) -> None:
    linear, inverse = (
        replace(linear_contract(), margin_rule=rule),
        replace(inverse_contract(), margin_rule=rule),
    )

    assert linear.liquidation_price(D(-1), D(50_000), D(-60_000)) == 0
    assert linear.liquidation_price(D(1), D(50_000), D(60_000)) is None
    assert inverse.liquidation_price(D(500), D(50_000), D(-2)) == OUT_OF_REACH
    assert inverse.liquidation_price(D(-500), D(50_000), D(2)) is None
    hopeless = inverse.liquidation_price(D(-500), D(50_000), D(-2))
    assert hopeless is not None
    assert 0 < hopeless < 50_000


def test_the_guard_refuses_beside_a_hopeless_wallet() -> None:
    picture = snapshot(spot=2, held=-1, wallet=-60_000)

    decision = decide(picture, rules())

    assert forecast(picture, LINEAR.symbol).pool.reach().distance == 0
    assert decision.commands == ()
    assert decision.explanations[0].state is State.REDUCING
