"""The margin ladder: which rung an account is on, and at which prices it would reach the next."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.core.forecast import forecast
from bot.core.instruments import Contract, MarginRule, Payoff
from bot.core.ladder import (
    Standing,
    Trip,
    limit_of,
    sigma_of,
    standing,
    standing_of,
    standings,
    stop_limits,
    trip_of,
)
from bot.core.memory import Rung
from bot.core.rules import RungRules
from bot.core.snapshot import Snapshot, Volatility
from bot.core.values import ONE, ZERO, Money, Ratio
from tests.core.builders import (
    INVERSE,
    LINEAR,
    NO_GUARD,
    Amount,
    D,
    T,
    dated,
    inverse_contract,
    linear_contract,
    position,
    quote,
    rows,
    rung_rules,
    snapshot,
)

RUNGS = (
    rung_rules(Rung.WARN, "0.30", 10, "0.50"),
    rung_rules(Rung.TOP_UP, "0.25", 8, "0.50"),
    rung_rules(Rung.STOP, "0.20", 6, "0.65"),
    rung_rules(Rung.CANCEL, "0.12", 4, "0.80"),
    rung_rules(Rung.REDUCE, "0.12", 4, "0.80"),
    rung_rules(Rung.HALT, "0.05", 2, "0.90"),
)
LADDER = replace(NO_GUARD, rungs=RUNGS)
FREE = linear_contract(rows=((0, 0, 50),))
"""Asks no maintenance: a short's distance is its wallet over its value, exactly."""
DEAR = linear_contract(rows=((0, 1, 1),))
"""Asks all of its value: its margin ratio speaks before its distance does."""


def volatile(picture: Snapshot, sigma: Amount) -> Snapshot:
    found = tuple(Volatility(symbol=one.symbol, day=Ratio(D(sigma)), until_ms=T) for one in picture.contracts)
    return replace(picture, volatilities=found)


def stands(contract: Contract, held: Amount, wallet: Amount, sigma: Amount = 0) -> Standing:
    picture = volatile(snapshot(contract, held=held, wallet=wallet), sigma)
    return standing(picture, LADDER, contract)


BY_DISTANCE = """
# distance sigma | rung of a short
0.30       0     | clear
0.2999     0     | warn
0.25       0     | warn
0.2499     0     | top_up
0.20       0     | top_up
0.1999     0     | stop
0.12       0     | stop
0.1199     0     | reduce
0.05       0     | reduce
0.0499     0     | halt
0.0001     0     | halt
0.30       0.03  | clear      10 sigmas are 30 %
0.2999     0.03  | warn
0.2499     0.03  | top_up     25 % is stricter than 8 sigmas
0.40       0.04  | clear      from here sigmas are
0.3999     0.04  | warn
0.32       0.04  | warn
0.3199     0.04  | top_up
0.24       0.04  | top_up
0.2399     0.04  | stop
0.16       0.04  | stop
0.1599     0.04  | reduce
0.08       0.04  | reduce
0.0799     0.04  | halt
0.9        0.08  | clear
0.79       0.08  | warn
0.15       0.08  | halt
"""


@pytest.mark.parametrize(("given_", "rung"), list(rows(BY_DISTANCE)))
def test_a_rung_is_reached_below_its_distance_in_percent_or_in_sigmas(given_: list[str], rung: str) -> None:
    distance, sigma = (D(word) for word in given_)

    found = stands(FREE, -1, distance * 50_000, sigma)

    assert found.distance == distance
    assert found.sigmas == (None if sigma == ZERO else distance / sigma)
    assert found.rung is Rung[rung.upper()]
    assert [trip.reached for trip in found.trips] == [trip.rung <= found.rung for trip in found.trips]


BY_RATIO = """
# wallet | rung of a short of 50,000 whose maintenance is 50,000
100001   | clear
100000   | top_up     0.50, with half of its price to go
76924    | top_up
76923    | stop       0.65
62501    | stop
62500    | reduce     0.80
55556    | reduce
55555    | halt       0.90
50000    | halt       liquidated
0        | halt       no equity
-100000  | halt
"""


@pytest.mark.parametrize(("given_", "rung"), list(rows(BY_RATIO)))
def test_a_rung_is_reached_from_its_margin_ratio_whatever_the_distance(given_: list[str], rung: str) -> None:
    found = stands(DEAR, -1, given_[0])

    assert found.rung is Rung[rung.upper()]
    assert (found.margin_ratio is None) == (found.equity <= ZERO)


OTHERS = """
# contract held wallet | rung
linear     0    1000   | clear     nothing held
linear     0    0      | clear
linear     0    -1     | halt      nothing held, and it owes
linear     1    60000  | clear     a long paid in full
linear     1    20000  | clear
linear     1    12000  | top_up    falling prices count as rising ones
inverse    -500 1      | clear     backed by its own coins: no price liquidates
inverse    -500 0.2    | top_up
inverse    -500 0.15   | stop
inverse    500  0.1    | reduce    8.6 %, where a linear long has 9.5 %: 1 - 1.005 / 1.1
"""


@pytest.mark.parametrize(("given_", "rung"), list(rows(OTHERS)))
def test_every_kind_of_account_stands_on_a_rung(given_: list[str], rung: str) -> None:
    kind, held, wallet = given_
    found = stands(LINEAR if kind == "linear" else INVERSE, held, wallet)

    assert found.rung is Rung[rung.upper()]


def test_a_standing_names_what_a_person_asks_for() -> None:
    found = stands(LINEAR, -1, 20_000, "0.04")
    multiple = D(70_000) / D("1.005") / 50_000

    assert found.symbols == (LINEAR.symbol,)
    assert (found.settle, found.equity, found.maintenance) == ("USDT", D(20_000), D(250))
    assert (found.margin_ratio, found.doubt, found.sigma_day) == (D("0.0125"), ZERO, D("0.04"))
    assert found.liquidation_multiple is not None
    assert abs(found.liquidation_multiple - multiple) < D("1e-20")
    assert found.distance == found.liquidation_multiple - 1
    assert found.dies_up
    assert not stands(LINEAR, 1, 20_000).dies_up
    assert not stands(LINEAR, 1, 100).dies_up, "liquidated already, as a long"
    assert stands(LINEAR, -1, 100).dies_up
    assert not stands(INVERSE, 500, "0.2").dies_up


def test_limits_are_the_stop_rungs_and_none_where_there_is_none() -> None:
    picture = volatile(snapshot(LINEAR), "0.05")

    assert limit_of(RUNGS[2], ZERO) == D("0.20")
    assert stop_limits(LADDER, picture, "USDT") == (D("0.65"), D("0.30"))
    assert stop_limits(LADDER, picture, "BTC") == (D("0.65"), D("0.20"))
    assert stop_limits(NO_GUARD, picture, "USDT") == (ONE, ZERO)


def test_the_largest_volatility_of_a_settlement_currency_counts() -> None:
    picture = volatile(two(LINEAR, linear_contract(base="ETH"), wallet=1), "0.03")
    calm, wild = picture.volatilities
    picture = replace(picture, volatilities=(calm, replace(wild, day=Ratio(D("0.07")))))

    assert sigma_of(picture, "USDT") == D("0.07")
    assert sigma_of(picture, "BTC") == ZERO


def two(
    one: Contract, other: Contract, *, wallet: Amount, held: tuple[Amount, Amount] = (-1, -1)
) -> Snapshot:
    picture = snapshot(one, held=held[0], wallet=wallet)
    return replace(
        picture,
        contracts=(one, other),
        positions=(*picture.positions, position(other, held[1])),
        quotes=(*picture.quotes, quote(other)),
    )


def test_there_is_one_standing_a_wallet_in_cross_mode_and_one_a_position_in_isolated() -> None:
    ether, coins = linear_contract(base="ETH"), inverse_contract()
    picture = two(LINEAR, ether, wallet=100_000)
    isolated = replace(
        picture,
        margin_mode="isolated",
        positions=tuple(replace(one, isolated_margin=Money(D(10_000))) for one in picture.positions),
    )
    flat = replace(isolated, positions=(isolated.positions[0], position(ether, 0)))

    assert [one.symbols for one in standings(picture, LADDER)] == [(LINEAR.symbol, ether.symbol)]
    assert [one.symbols for one in standings(isolated, LADDER)] == [(LINEAR.symbol,), (ether.symbol,)]
    assert [one.symbols for one in standings(flat, LADDER)] == [(LINEAR.symbol,)]
    mixed = standings(two(LINEAR, coins, wallet=100_000, held=(-1, 0)), LADDER)
    assert [(one.settle, one.symbols) for one in mixed] == [("USDT", (LINEAR.symbol,)), ("BTC", ())]


# --- trips ---------------------------------------------------------------------------------------------------------


@st.composite
def accounts(draw: st.DrawFn, payoff: Payoff) -> Snapshot:
    """Draw one or two positions, on either side, and a wallet from next to nothing to thrice their value."""
    maker = linear_contract if payoff is Payoff.LINEAR else inverse_contract
    first = maker(rows=draw(tables(payoff)), margin_rule=draw(st.sampled_from(MarginRule)))
    second: Contract = linear_contract(base="ETH", rows=draw(tables(payoff)))
    if payoff is Payoff.INVERSE:
        second = dated(first, 1000)
    held = (
        D(draw(st.integers(-1000, 200))),
        D(draw(st.sampled_from([0, 0, 1, -1])) * draw(st.integers(1, 500))),
    )
    assume(any(held))
    value = first.value(held[0], D(50_000)) + second.value(held[1], D(50_000))
    picture = two(first, second, wallet=value * draw(st.integers(1, 3000)) / 1000, held=held)
    entries = [D(draw(st.integers(30_000, 80_000))) for _ in held]
    lots = tuple(position(one, n, e) for one, n, e in zip((first, second), held, entries, strict=True))
    return volatile(replace(picture, positions=lots), D(draw(st.integers(0, 80))) / 1000)


def tables(payoff: Payoff) -> st.SearchStrategy[Any]:
    unit = D(10**6) if payoff is Payoff.LINEAR else ONE / 10
    upper = st.integers(1, 40).map(lambda n: (unit * n, "0.1", 10))
    return st.one_of(st.just([(0, "0.005", 50)]), upper.map(lambda row: [(0, "0.01", 50), row]))


def trip_at(picture: Snapshot, rules: RungRules, multiple: Decimal) -> Trip:
    moved = picture.moved(multiple)
    contract = picture.contracts[0]
    return trip_of(forecast(moved, contract.symbol).pool, rules, sigma_of(moved, contract.settle))


@pytest.mark.parametrize("payoff", Payoff)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), rules=st.sampled_from(RUNGS), part=st.integers(1, 99))
def test_a_rung_is_reached_just_beyond_its_trips_and_nowhere_between_them(
    payoff: Payoff, data: st.DataObject, rules: RungRules, part: int
) -> None:
    picture = data.draw(accounts(payoff))
    trip = trip_at(picture, rules, ONE)
    assume(not trip.reached)

    assert trip.up is None or trip.up >= ONE
    assert trip.down is None or trip.down <= ONE
    for edge in (trip.up, trip.down):
        if edge is not None and D("1e-6") < edge < D("1e6"):
            beyond = edge * D("1e-9") * (1 if edge is trip.up else -1)
            assert trip_at(picture, rules, edge + beyond).reached
            assert not trip_at(picture, rules, edge - beyond).reached or abs(edge - 1) < D("1e-8")
    low, high = max(trip.down or ZERO, D("1e-6")), min(trip.up or D(10**6), D(10**6))
    assert not trip_at(picture, rules, low * (high / low) ** (D(part) / 100)).reached


@pytest.mark.parametrize("payoff", Payoff)
@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_rung_is_reached_exactly_by_distance_or_margin_ratio_the_strictest_rules(
    payoff: Payoff, data: st.DataObject
) -> None:
    picture = data.draw(accounts(payoff))
    contract = picture.contracts[0]
    sigma = sigma_of(picture, contract.settle)

    found = standing_of(forecast(picture, contract.symbol), LADDER, sigma, contract)

    for rules, trip in zip(RUNGS, found.trips, strict=True):
        limit = max(rules.distance, rules.sigmas * sigma)
        thin = found.margin_ratio is None or found.margin_ratio >= rules.margin_ratio
        assert trip.reached == (thin or (found.distance is not None and found.distance < limit))
    assert found.rung == max([trip.rung for trip in found.trips if trip.reached], default=Rung.CLEAR)
