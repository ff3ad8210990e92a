"""Replays whose every figure was computed independently, and the rules of time a replay keeps."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.backtest.history import History, load
from bot.backtest.report import Report
from bot.backtest.runner import Run
from bot.core.values import ZERO
from strategies.fixed_ratio import Stage
from tests.backtest.builders import D, hours, loaded, replay, shared, without_fees

LINEAR = without_fees("BTC/USDT:USDT")
INVERSE = without_fees("BTC/USD:BTC", contract_size=D(10))


@cache
def six_linear_years() -> tuple[History, Run, Report]:
    bars = load(shared("linear_BTCUSDT_1h.parquet"))
    return bars, *replay(bars, LINEAR, coins="1", deposit="500000")


# --- six real years -----------------------------------------------------------------------------------------


def test_six_years_of_a_linear_hedge_give_the_figures_computed_independently() -> None:
    bars, run, report = six_linear_years()

    assert report.spot_pnl == D("63713.70")
    assert report.futures_pnl == D("-63683.25")
    assert round(report.funding, 2) == D("35250.38")
    assert report.settlements == 6740
    assert (report.bars, report.bars_skipped_missing, report.bars_skipped_stale) == (54_144, 31, 3)
    assert (report.orders, report.fills, report.liquidations) == (1, 1, 0)
    assert [round(e or 0, 5) for e in report.hedge_effectiveness.values()] == [
        0.99883,
        0.99970,
        0.99993,
    ]
    assert report.net_pnl == report.spot_pnl + report.futures_pnl + report.funding
    assert report.achieved_ratio_min == report.achieved_ratio_max == 1
    assert run.fills[0].price == D(str(bars.perp_close[0]))


def test_no_decision_is_taken_on_an_hour_without_a_live_spot_price_and_funding_goes_on() -> None:
    bars, run, report = six_linear_years()
    blind = {bars.close_ms(int(bar)) for bar in np.flatnonzero(bars.blind)}

    decided_on_change = {point.bar for point in run.path}
    settled = np.flatnonzero(~np.isnan(bars.funding_rate))
    assert len(blind) == 34
    assert report.settlements == len(settled) - 1
    assert set(settled.tolist()) - decided_on_change == {0} - decided_on_change
    assert report.decisions <= report.settlements + 2


def test_six_years_of_an_inverse_hedge_in_its_own_coins_trade_only_because_the_base_moved() -> None:
    """Each later trade is as large, in coins, as the funding that own coins received since the trade before."""
    bars = load(shared("inverse_BTC_deribit_1h.parquet"))

    run, report = replay(bars, INVERSE, coins="0", deposit="1")

    own = {bars.close_ms(point.bar): point.wallet - point.realised for point in run.path}
    assert report.liquidations == 0
    assert report.fills == 18
    for before, fill in pairwise(run.fills):
        grown = own[fill.at_ms] - own[before.at_ms]
        traded = -fill.side.sign * fill.contracts * 10 / fill.price
        assert abs(grown) > D("0.009")
        assert abs(traded - grown) <= 10 / fill.price
    assert report.achieved_ratio_min == pytest.approx(1, abs=0.0101)
    assert report.achieved_ratio_max == pytest.approx(1, abs=0.0101)


def test_without_coin_funding_an_inverse_hedge_trades_once_in_six_years_and_keeps_its_dollars() -> None:
    bars = load(shared("inverse_BTC_deribit_1h.parquet"))
    bars = replace(bars, funding_rate=np.full(len(bars), np.nan))

    run, report = replay(bars, INVERSE, coins="0", deposit="1")

    locked = float(run.fills[0].contracts * 10)
    assert report.fills == 1
    assert report.liquidations == 0
    assert (report.value_quote_min or 0) > locked * 0.975
    assert (report.value_quote_max or 0) < locked * 1.083


def test_interest_of_the_first_size_alone_is_the_sum_computed_independently() -> None:
    bars = load(shared("inverse_BTC_deribit_1h.parquet"))
    dollars = without_fees("BTC/USD:BTC", contract_size=D("0.5"))

    run, _ = replay(bars, dollars, coins="0", deposit="1", outer="0.9")

    assert run.fills[0].contracts * dollars.contract_size == D("7157.5")
    assert len(run.fills) == 1
    assert float(sum((p.amount for p in run.payments if p.kind == "funding"), ZERO)) == pytest.approx(
        0.070753, abs=1e-6
    )
    assert float(run.path[-1].wallet - 1) == pytest.approx(0.070753, abs=1e-6)


# --- rules of time ------------------------------------------------------------------------------------------


def test_funding_at_a_bars_open_is_paid_on_the_position_before_that_bars_decision(tmp_path: Path) -> None:
    bars = loaded(hours([100.0] * 4, funding_rate=[0.01, 0.01, None, 0.01]), tmp_path)

    run, report = replay(bars, LINEAR, coins="10", deposit="10000")

    assert [p.at_ms for p in run.payments if p.kind == "funding"] == [
        int(bars.open_ms[1]),
        int(bars.open_ms[3]),
    ]
    assert report.funding == 2 * 10 * D("0.01") * 100


def test_a_decision_knows_nothing_later_than_its_bars_close(tmp_path: Path) -> None:
    calm = [100.0, 100.0, 100.0, 100.0]
    for ending in (50.0, 200.0):
        bars = loaded(hours([*calm, ending]), tmp_path)
        run, _ = replay(bars, LINEAR, coins="1", deposit="1000")

        assert [(f.at_ms, f.price) for f in run.fills] == [(bars.close_ms(0), D(100))]


def test_a_liquidation_inside_a_bar_that_nothing_else_nominates_is_found(tmp_path: Path) -> None:
    frame = hours([100.0] * 50)
    frame = frame.with_columns(high_perp=np.where(np.arange(50) == 30, 300.0, 100.0))
    bars = loaded(frame, tmp_path)

    _, report = replay(bars, LINEAR, coins="10", deposit="1000")

    assert report.liquidations == 1
    assert report.net_pnl == -1000


def test_a_linear_short_at_one_times_dies_when_the_price_doubles(tmp_path: Path) -> None:
    path = [100.0 + n for n in range(120)]
    _, report = replay(loaded(hours(path), tmp_path), LINEAR, coins="1", deposit="100")

    assert report.liquidations >= 1


def test_an_inverse_short_in_its_own_coins_never_dies(tmp_path: Path) -> None:
    path = [1000.0 * 1.1**n for n in range(80)]
    _, report = replay(loaded(hours(path), tmp_path), INVERSE, coins="0", deposit="1")

    assert report.liquidations == 0
    assert report.fills == 1


def test_spread_is_lost_as_slippage_and_fees_are_counted(tmp_path: Path) -> None:
    from bot.adapters.model_market import model_contract

    bars = loaded(hours([100.0] * 5), tmp_path)
    _, report = replay(bars, model_contract("BTC/USDT:USDT"), coins="10", deposit="10000", spread="0.02")

    assert report.slippage == -10
    assert report.fees == -10 * 99 * D("0.0005")
    assert report.net_pnl == report.futures_pnl + report.fees


def test_a_bars_volume_limits_what_fills(tmp_path: Path) -> None:
    bars = loaded(hours([100.0] * 6, volume_perp=[20.0] * 6), tmp_path)

    run, _ = replay(bars, LINEAR, coins="5", deposit="10000", outer="0")

    assert [fill.contracts for fill in run.fills] == [D(2), D(2), D(1)]


# --- jumping --------------------------------------------------------------------------------------------------


def _fills(run: Run) -> list[tuple[int, str, str]]:
    return [(fill.at_ms, str(fill.contracts), str(fill.price)) for fill in run.fills]


prices = st.lists(st.integers(500, 2000).map(lambda p: p / 10), min_size=3, max_size=40)


@settings(deadline=None)
@given(path=prices, ratio=st.sampled_from(["0.5", "1", "1.2"]), seed=st.integers(0, 5))
def test_jumping_over_quiet_bars_changes_nothing(
    path: list[float], ratio: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same bars with a tiny funding on every bar leave nothing to jump over."""
    from bot.core.rules import Meaning

    meaning = list(Meaning)[seed % 2]
    folder = tmp_path_factory.mktemp("bars")
    jumped = loaded(hours(path), folder)
    walked = loaded(hours(path, funding_rate=[0.0] * len(path)), folder)

    one, _ = replay(jumped, LINEAR, coins="2", deposit="500", meaning=meaning, stage=Stage(ratio=D(ratio)))
    two, _ = replay(walked, LINEAR, coins="2", deposit="500", meaning=meaning, stage=Stage(ratio=D(ratio)))

    assert _fills(one) == _fills(two)
    assert one.liquidations == two.liquidations
    assert one.decisions <= two.decisions
