"""Bands: nested and lopsided ones as tables, and the reckoned ones against the reference and a simulation of their cost."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.core import exposure
from bot.core.bands import (
    BandRules,
    CostOptimal,
    TrackingError,
    cost_optimal_edge,
    cost_optimal_year,
    tracking_edge,
    with_band,
)
from bot.core.decide import decide
from bot.core.policy import Band, Target
from bot.core.rules import Meaning
from bot.core.snapshot import Volatility
from bot.core.values import Contracts, Ratio
from tests.core.builders import LINEAR, D, T, hedge_rules, linear_contract, rules, snapshot

NUMBERS = Band(outer=Ratio(D("0.02")), inner=Ratio(D("0.005")))
SIGMA = D("0.6")
DAY = SIGMA / D(365).sqrt()


def optimal(eta: str = "0", *, aversion: str = "2", least: str = "0", most: str = "1") -> CostOptimal:
    return CostOptimal(
        risk_aversion=D(aversion),
        spread=Ratio(D("0.0001")),
        mismatch_volatility=Ratio(D(eta)),
        outer_min=Ratio(D(least)),
        outer_max=Ratio(D(most)),
        until_known=NUMBERS,
    )


NESTED = """
    # band: outer / inner, where too much is hedged / inner |  held   | trade
    0.05 0.05   -    -    | -0.96   |  0
    0.05 0.05   -    -    | -0.90   | -0.050
    0.05 0.02   -    -    | -0.90   | -0.080
    0.05 0      -    -    | -0.90   | -0.100
    0.05 0.02   -    -    | -1.10   |  0.080
    0.05 0.02   0.2  0.1  | -1.10   |  0
    0.05 0.02   0.2  0.1  | -1.25   |  0.150
    0.05 0.02   0.01 0    | -1.02   |  0.020
    0.05 0.02   0.01 0    | -0.96   |  0
    0.05 0.02   0.01 0    | -0.94   | -0.040
"""
"""One coin, fully hedged. Outside the outer edge it is traded to the inner one; either side may have its own."""


@pytest.mark.parametrize("row", [line for line in NESTED.splitlines()[2:] if line.strip()])
def test_a_nested_band_is_traded_to_its_near_inner_edge_and_may_be_lopsided(row: str) -> None:
    edges, held, trade = (part.split() for part in row.split("|"))
    outer, inner, outer_over, inner_over = (None if one == "-" else Ratio(D(one)) for one in edges)
    assert outer is not None
    assert inner is not None
    band = Band(outer=outer, inner=inner, outer_over=outer_over, inner_over=inner_over)
    hedge = hedge_rules(LINEAR, band=band)
    book = exposure.book(snapshot(LINEAR, held=held[0]), hedge, LINEAR.symbol)
    target = Target(ratio=Ratio(D(1)), band=band, reason="")

    measured = exposure.measure(book, hedge, target, Contracts(D(0)))

    assert exposure.trade_needed(measured, LINEAR) == D(trade[0])


EDGES = """
    # kappa in bp, a | eta 0.05   0.1   0.15   0.3   0.5   (reference, section 12, at a volatility of 60 %)
     2   2 | 0.010 0.016 0.021 0.033 0.047
     5   2 | 0.014 0.022 0.029 0.045 0.064
     5  10 | 0.008 0.013 0.017 0.027 0.037
    10   2 | 0.017 0.028 0.036 0.057 0.080
"""


@pytest.mark.parametrize("row", [line for line in EDGES.splitlines()[2:] if line.strip()])
def test_the_cost_optimal_edges_are_those_of_the_reference(row: str) -> None:
    given, wanted = (part.split() for part in row.split("|"))
    kappa, aversion = D(given[0]) / 10_000, D(given[1])

    edges = [
        cost_optimal_edge(kappa, D(eta), aversion, SIGMA) for eta in ("0.05", "0.1", "0.15", "0.3", "0.5")
    ]

    assert [round(edge, 3) for edge in edges] == [D(one) for one in wanted]


def test_the_references_example_costs_what_it_says_and_a_budget_makes_its_band() -> None:
    edge = cost_optimal_edge(D("0.0005"), D("0.5"), D(2), SIGMA)

    assert round(edge, 4) == D("0.0639")
    assert round(cost_optimal_year(edge, D(2), SIGMA) * 10_000, 1) == D("14.7")
    assert round(tracking_edge(D("0.01"), SIGMA), 3) == D("0.029")
    assert round(D("0.05") * SIGMA * 100, 1) == D("3.0"), "the edge of a band of 5 %, a year"
    assert round(D("0.05") * SIGMA / D(3).sqrt() * 100, 1) == D("1.7"), "and its mean square root"


RECKONED = """
    # rules                  | ratio | day volatility | outer   | words
    optimal, eta 0.5         | 1     | 60 % a year    | 0.0659  | cost-optimal at a volatility of 60.0% a year
    optimal, eta 0.5, a 10   | 1     | 60 % a year    | 0.0386  | cost-optimal
    optimal, a mix of 0.5    | 0.5   | 60 % a year    | 0.0295  | cost-optimal
    optimal, a mix of 1      | 1     | 60 % a year    | 0.0100  | band 1.00%
    optimal, at most 3 %     | 1     | 60 % a year    | 0.0300  | band 3.00%
    a budget of 1 %          | 1     | 60 % a year    | 0.0289  | a tracking error of 1.00%
    a budget of 1 %          | 1     | -              | 0.02    | no volatility is known
    optimal, eta 0.5         | 1     | 0              | 0.02    | no volatility is known
    numbers                  | 1     | 60 % a year    | 0.02    |
"""
WAYS: dict[str, BandRules] = {
    "optimal, eta 0.5": optimal("0.5"),
    "optimal, eta 0.5, a 10": optimal("0.5", aversion="10"),
    "optimal, a mix of 0.5": optimal(),
    "optimal, a mix of 1": optimal(least="0.01"),
    "optimal, at most 3 %": optimal("0.5", most="0.03"),
    "a budget of 1 %": TrackingError(
        budget=Ratio(D("0.01")), outer_min=Ratio(D(0)), outer_max=Ratio(D(1)), until_known=NUMBERS
    ),
    "numbers": NUMBERS,
}


@pytest.mark.parametrize("row", [line for line in RECKONED.splitlines()[2:] if line.strip()])
def test_a_band_is_reckoned_from_fee_spread_volatility_and_told_with_its_reason(row: str) -> None:
    way, ratio, day, outer, words = (part.strip() for part in row.split("|"))
    moves = {"-": None, "0": D(0)}.get(day, DAY)
    known = None if moves is None else Volatility(symbol=LINEAR.symbol, day=Ratio(moves), until_ms=T + 5)
    before = Target(ratio=Ratio(D(ratio)), band=NUMBERS, reason="wanted", valid_until_ms=T + 9)

    after = with_band(before, WAYS[way], Ratio(D("0.0005")), known)

    assert round(after.band.outer, 4) == D(outer)
    assert words in after.reason
    assert after.ratio == before.ratio
    reckoned = "no volatility" not in words and way != "numbers"
    assert after.band.inner == (after.band.outer if reckoned else NUMBERS.inner)
    assert after.valid_until_ms == (T + 5 if reckoned else T + 9), "it lasts as long as its volatility"


def test_a_decision_goes_by_the_reckoned_band() -> None:
    contract = linear_contract(fee="0.0005")
    hedge = hedge_rules(contract, ratio="0.5", meaning=Meaning.CONSTANT_MIX, band=optimal())
    volatility = Volatility(symbol=contract.symbol, day=Ratio(DAY), until_ms=T + 5)

    def answer(held: str) -> str:
        picture = replace(snapshot(contract, held=held), volatilities=(volatility,))
        (why,) = decide(picture, rules(hedge)).explanations
        assert why.target is not None
        assert "cost-optimal" in why.target.reason
        return why.answer

    assert (answer("-0.472"), answer("-0.468")) == ("hold", "place")


# --- what it costs, simulated -----------------------------------------------------------------------------------

PATHS, STEPS, YEARS, WARM = 1000, 40_000, 2, 0.5
KAPPA, AVERSION, ETA = 0.0005, 2.0, 0.15
OVERSHOT = 0.5826 * ETA * sqrt(YEARS / STEPS)
"""How far a walk in steps goes beyond an edge before it is seen there: 0.5826 standard deviations of a step."""
Floats = NDArray[np.float64]


def edge(outer: float) -> Callable[[Floats, int], Floats]:
    """Trade back to the edge."""
    return lambda gap, _step: np.clip(gap, -outer, outer)


def centre(outer: float) -> Callable[[Floats, int], Floats]:
    """Trade to the target itself."""
    return lambda gap, _step: np.where(np.abs(gap) > outer, 0.0, gap)


def every(steps: int) -> Callable[[Floats, int], Floats]:
    """Trade to the target at set times."""
    return lambda gap, step: gap * 0 if step % steps == 0 else gap


def simulated(rule: Callable[[Floats, int], Floats]) -> tuple[float, float]:
    """Let gaps wander, trade them by a rule; what trading costs a year, and the mean square of the gap."""
    rng, dt = np.random.default_rng(12), YEARS / STEPS
    gap, traded, square = np.zeros(PATHS), 0.0, 0.0
    begin = int(STEPS * WARM / YEARS)
    for step in range(STEPS):
        gap += ETA * sqrt(dt) * rng.standard_normal(PATHS)
        after = rule(gap, step)
        if step >= begin:
            traded += float(np.abs(after - gap).sum())
            square += float((after**2).sum())
        gap = after
    counted = PATHS * (STEPS - begin)
    return KAPPA * traded / counted / dt, square / counted


def priced(rule: Callable[[Floats, int], Floats], aversion: float = AVERSION) -> float:
    """Sum up what a rule costs a year: its trades, and its risk at what variance costs."""
    trades, square = simulated(rule)
    return trades + aversion * float(SIGMA) ** 2 * square / 2


def test_the_cost_optimal_band_costs_what_the_theory_says_and_less_than_all_usual_rules() -> None:
    outer = float(cost_optimal_edge(D("0.0005"), D("0.15"), D(2), SIGMA))
    theory = float(cost_optimal_year(Decimal(str(outer)), D(2), SIGMA))

    found = priced(edge(outer - OVERSHOT))

    assert found == pytest.approx(theory, rel=0.03)
    day = round(STEPS / YEARS / 365)
    for rule in (centre(0.01), centre(0.05), edge(0.01), edge(0.05), every(day)):
        assert priced(rule) > found * 1.05


@pytest.mark.parametrize("usual", [centre(0.01), centre(0.05), every(round(STEPS / YEARS / 365))])
def test_at_equal_risk_the_edge_trades_for_less_than_the_usual_rules(
    usual: Callable[[Floats, int], Floats],
) -> None:
    trades, square = simulated(usual)

    mine, same = simulated(edge(sqrt(3 * square) - OVERSHOT))

    assert same <= square * 1.02
    assert mine < trades * 0.8


def test_our_own_trades_are_those_that_the_simulation_prices() -> None:
    outer = float(cost_optimal_edge(D("0.0005"), D("0.15"), D(2), SIGMA))
    contract = linear_contract(step="0.000001", notional_min=0)
    band = Band(outer=Ratio(D(str(outer))), inner=Ratio(D(str(outer))))
    hedge = hedge_rules(contract, band=band)
    target, rule = Target(ratio=Ratio(D(1)), band=band, reason=""), edge(outer)
    rng, gap = np.random.default_rng(3), 0.0
    for _ in range(300):
        gap += float(rng.standard_normal()) * 0.01
        book = exposure.book(snapshot(contract, held=D(str(round(gap - 1, 9)))), hedge, contract.symbol)
        trade = exposure.trade_needed(exposure.measure(book, hedge, target, Contracts(D(0))), contract)
        after = float(rule(np.array([gap]), 0)[0])
        assert float(trade) == pytest.approx(after - gap, abs=2e-6)
        gap = after
