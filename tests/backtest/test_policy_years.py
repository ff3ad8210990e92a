"""The study's own settings over the last months of the real series: what a full, a half and a bent hedge come to."""

from pathlib import Path

import pytest

from bot.backtest.policy_report import Comparison
from bot.settings import Settings, load
from bot.wiring_policies import compare
from tests.backtest.builders import shared

FROM_MS = 1_759_276_800_000
"""1 October 2025: the crash of that month is inside."""
HEDGES = ("linear_full", "linear_half", "linear_volatility", "inverse_full")


@pytest.fixture(scope="module")
def measured() -> Comparison:
    settings = load([Path(__file__).parent / "policies.toml"], environ={}, dotenv=None).settings
    few = Settings.from_json(
        settings.model_copy(
            update={
                "hedges": {name: settings.hedges[name] for name in HEDGES},
                "accounts": {name: settings.accounts[name] for name in HEDGES},
            }
        ).model_dump_json()
    )
    files = {
        "BTC/USDT:USDT": shared("linear_BTCUSDT_1h.parquet"),
        "BTC/USD:BTC": shared("inverse_BTC_deribit_1h.parquet"),
    }
    return compare(few, files, FROM_MS, lambda *_told: None)


def test_full_hedges_reach_the_yardsticks_of_the_theory_and_a_half_hedge_three_quarters(
    measured: Comparison,
) -> None:
    """Section 10: at least 0.97 hourly and 0.99 daily; a half hedge leaves a quarter of the variance."""
    full, half, _, coin = measured.rows

    for row in (full, coin):
        assert (row.hedge_effectiveness["1h"] or 0) > 0.97
        assert (row.hedge_effectiveness["1d"] or 0) > 0.99
    assert half.hedge_effectiveness["8h"] == pytest.approx(0.75, abs=0.02)
    assert half.drawdown_unhedged == full.drawdown_unhedged
    assert (full.drawdown or 1) < 0.03 < (half.drawdown or 0) < (half.drawdown_unhedged or 0)


def test_a_bent_hedge_lies_between_the_half_and_the_full_one_and_trades_more(measured: Comparison) -> None:
    full, half, bent, _ = measured.rows

    for horizon in ("1h", "8h", "1d"):
        low, middle, high = (row.vol_reduction[horizon] or 0 for row in (half, bent, full))
        assert low < middle < high
    assert bent.turnover_year > full.turnover_year
    assert bent.trades > 10 * full.trades
    assert (half.ratio_mean or 0) < (bent.ratio_mean or 0) < (full.ratio_mean or 0)


def test_all_are_scored_on_the_same_months_and_none_comes_near_liquidation(measured: Comparison) -> None:
    assert (measured.scored_from[:10], measured.scored_until[:10]) == ("2025-10-01", "2026-03-06")
    assert len({row.first_decision_ms for row in measured.rows}) == 1
    assert [(row.liquidations, row.guard_reductions, row.refused) for row in measured.rows] == [(0, 0, 0)] * 4
