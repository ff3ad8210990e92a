"""What a policy came to: cost by formula, drawdown, effectiveness of the coins there are; and from when it is scored."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from bot.adapters.model_market import model_contract
from bot.backtest.history import HistoryError
from bot.backtest.policy_report import drawdown, policy_row
from bot.backtest.policy_span import Candidate, span_of
from bot.core.policy import Policy
from bot.core.rules import Meaning
from bot.core.values import Price, Ratio
from bot.shell.ports import SettingsError
from strategies import fixed_ratio, funding, momentum
from tests.backtest.builders import D, hours, loaded, replay, without_fees
from tests.core.builders import hedge_rules

LINEAR = without_fees("BTC/USDT:USDT")
INVERSE = without_fees("BTC/USD:BTC", contract_size=D(10))
DAY_MS = 86_400_000
START_MS = 1_704_067_200_000
"""1 January 2024."""
YEAR = 365


@pytest.mark.parametrize(
    ("values", "fall"),
    [
        ([100, 120, 90, 110, 130, 117], 0.25),
        ([100, 110, 120], 0),
        ([100, np.nan, 50, np.nan], 0.5),
        ([100, -20], 1.2),
        ([np.nan], None),
    ],
)
def test_a_drawdown_is_the_largest_fall_from_the_highest_so_far(
    values: list[float], fall: float | None
) -> None:
    assert drawdown(np.array(values)) == (None if fall is None else pytest.approx(fall))


def test_costs_are_shares_of_the_hedged_value_a_year_by_the_formula(tmp_path: Path) -> None:
    """One coin at 100 all year, sold once at 99.9; 0.05 % fee; three settlements of 1 bp received, one of 2 bp paid."""
    contract = replace(
        model_contract("BTC/USDT:USDT"), price_tick=Price(D("0.1")), fee_taker=Ratio(D("0.0005"))
    )
    rates: list[float | None] = [None] * (YEAR * 24 + 1)
    rates[100] = rates[200] = rates[300] = 0.0001
    rates[400] = -0.0002
    bars = loaded(hours([100.0] * len(rates), funding_rate=rates), tmp_path)

    run, _ = replay(bars, contract, coins="1", deposit="1000", spread="0.002", outer="0.01")
    row = policy_row("full", run)

    assert row.hedged_value_mean == pytest.approx(100)
    assert row.turnover_year == pytest.approx(0.999)
    assert row.fees_bp_year == pytest.approx(4.995)
    assert row.slippage_bp_year == pytest.approx(10)
    assert row.funding_bp_year == pytest.approx(3 - 2)
    assert row.cost_bp_year == pytest.approx(14.995)
    assert row.net_cost_bp_year == pytest.approx(13.995)
    assert row.trades == 1
    assert row.ratio_mean == pytest.approx(1, abs=1e-3)
    assert row.drawdown == pytest.approx(0.0002, rel=0.01), "what was paid counts"


def test_funding_and_fees_of_an_inverse_hedge_are_told_at_the_price_they_were_paid_at(tmp_path: Path) -> None:
    contract = replace(INVERSE, fee_taker=Ratio(D("0.001")))
    rates = [None, None, 0.01, None, None]
    bars = loaded(hours([100.0, 100, 200, 200, 400], funding_rate=rates), tmp_path)

    run, _ = replay(bars, contract, coins="0", deposit="10", outer="0.1")
    row = policy_row("coin", run)

    assert row.fees_quote == pytest.approx(1000 * 0.001, rel=0.02)  # of some 1,000 dollars sold
    assert row.funding_quote == pytest.approx(1000 * 0.01, rel=0.02)


@pytest.mark.parametrize("ratio", ["0.5", "1"])
def test_an_inverse_constant_mix_is_measured_against_the_coins_there_are(ratio: str, tmp_path: Path) -> None:
    """After the price has doubled a full hedge has half its coins: their variance is what it takes away."""
    prices = [100 + 100 * hour / 200 + 3 * np.sin(hour / 2) for hour in range(201)]
    bars = loaded(hours(prices), tmp_path)

    run, _ = replay(
        bars, INVERSE, coins="0", deposit="100", outer="0", meaning=Meaning.CONSTANT_MIX,
        stage=fixed_ratio.Stage(ratio=D(ratio)),
    )  # fmt: skip
    row = policy_row("mix", run)

    open_share = 1 - float(ratio)
    assert row.hedge_effectiveness["1h"] == pytest.approx(1 - open_share**2, abs=2e-3)
    assert row.ratio_mean == pytest.approx(float(ratio), abs=2e-3)


def test_a_horizon_shorter_than_a_bar_is_not_measured(tmp_path: Path) -> None:
    frame = hours([100.0 + hour % 7 for hour in range(240)])
    bars = loaded(frame[::8], tmp_path)

    row = policy_row("full", replay(bars, LINEAR, coins="1", deposit="1000", outer="0")[0])

    assert row.hedge_effectiveness["1h"] is None
    assert row.hedge_effectiveness["8h"] == row.hedge_effectiveness["1d"] == pytest.approx(1)


def test_trading_begins_at_the_bar_that_was_chosen_and_what_lies_before_costs_nothing(tmp_path: Path) -> None:
    rates: list[float | None] = [0.001] * 48
    bars = loaded(hours([100.0] * 24 + [200.0] * 24, funding_rate=rates), tmp_path)

    late, report = replay(bars, LINEAR, coins="1", deposit="1000", start_bar=24)

    assert late.first_bar == 24
    assert [fill.at_ms for fill in late.fills] == [bars.close_ms(24)]
    assert (report.spot_pnl, report.futures_pnl) == (D(0), D(0))
    assert report.funding == D("0.2") * 23


# --- the span -------------------------------------------------------------------------------------------------


def candidate(tmp_path: Path, days: int, *stages: Policy, name: str = "one") -> Candidate:
    rates = [0.0001 if hour % 8 == 0 else None for hour in range(24 * days)]
    bars = loaded(hours([100.0] * (24 * days), funding_rate=rates), tmp_path)
    return Candidate(rules=hedge_rules(LINEAR, name=name, stages=stages), history=bars, held=None)


FIXED = fixed_ratio.Stage(ratio=Decimal(1))
TREND = momentum.Stage()
"""Looks back on 31 daily closes."""
PAID = funding.Stage(lookback_settlements=30)


@pytest.mark.parametrize(
    ("stages", "days"),
    [((FIXED,), 0), ((FIXED, TREND), 31), ((FIXED, PAID), 10), ((TREND, PAID), 31)],
)
def test_nothing_is_scored_before_the_look_back_is_full(
    stages: tuple[Policy, ...], days: int, tmp_path: Path
) -> None:
    span = span_of((candidate(tmp_path, 40, *stages),), None)

    assert (span.from_ms, span.until_ms) == (START_MS + days * DAY_MS, START_MS + 40 * DAY_MS)


def test_all_are_scored_on_the_span_of_the_slowest_and_the_shortest(tmp_path: Path) -> None:
    slow = candidate(tmp_path, 60, FIXED, TREND, name="slow")
    short = candidate(tmp_path, 40, FIXED, name="short")

    span = span_of((slow, short), None)

    assert (span.from_ms, span.until_ms) == (START_MS + 31 * DAY_MS, START_MS + 40 * DAY_MS)


@pytest.mark.parametrize("day", [30, 40])
def test_a_first_day_that_does_not_suit_is_refused(day: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"hedges\.one has looked back on enough from 2024-02-01 on"):
        span_of((candidate(tmp_path, 40, FIXED, TREND),), START_MS + day * DAY_MS)


def test_too_short_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"hedges\.one has looked back on enough at 2024-02-01 only"):
        span_of((candidate(tmp_path, 31, FIXED, TREND),), None)
