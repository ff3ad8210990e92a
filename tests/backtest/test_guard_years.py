"""A hedge with and without the guard, over a rise that kills it without one: the table of ``compare-guard``."""

from pathlib import Path

import numpy as np
import pytest

from bot import wiring_backtests
from bot.backtest.guard_report import SCENARIOS, GuardRow, Scenario, guard_row
from bot.backtest.history import load
from bot.settings import Settings
from bot.settings import load as load_settings
from tests.backtest.builders import shared

FILES = {"linear": "linear_BTCUSDT_1h.parquet", "inverse": "inverse_BTC_deribit_1h.parquet"}
MONTHS_8 = 24 * 244
"""Until the end of August 2020: the first rise that liquidates two times linear and three times inverse."""


def settings() -> Settings:
    return load_settings([Path(__file__).parent / "guard_years.toml"], environ={}, dotenv=None).settings


async def replayed(hedge: str, scenario: Scenario) -> GuardRow:
    bars = load(shared(FILES[hedge])).part(0, MONTHS_8)
    runner = wiring_backtests.guarded_of(settings(), hedge, bars, scenario)
    return guard_row(hedge, scenario, await runner.run(lambda _bar: None))


@pytest.mark.parametrize(
    ("hedge", "leverage", "day", "price"),
    [("linear", "1.98", "2020-08-01", 11_765.05), ("inverse", "2.96", "2020-07-27", 10_836)],
)
async def test_without_the_guard_it_is_liquidated_on_the_day_and_with_it_never(
    hedge: str, leverage: str, day: str, price: float
) -> None:
    bare, guarded, topped = [await replayed(hedge, scenario) for scenario in SCENARIOS]

    assert f"{bare.leverage_entered:.2f}" == leverage
    assert bare.liquidated is not None
    assert str(np.datetime64(bare.liquidated.at_ms, "ms"))[:10] == day
    assert float(bare.liquidated.price) == price
    assert (guarded.liquidated, topped.liquidated) == (None, None)
    assert guarded.distance_min is not None
    assert guarded.distance_min > 0.12
    assert guarded.reductions > 5
    assert all(step.naked > 0 and step.coins > 0 for step in guarded.steps)
    assert guarded.cost == sum(step.cost for step in guarded.steps)
    assert (topped.reductions, topped.top_ups > 0) == (0, True)
    assert topped.moved == sum(step.moved for step in topped.steps)
    assert topped.ratio_end is not None
    assert topped.ratio_end > 0.98


async def test_the_guard_off_is_no_setting_of_the_owner() -> None:
    """It is off only in what it is compared with."""
    assert len(settings().rules("dollars").guard.rungs) == 6
