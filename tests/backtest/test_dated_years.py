"""Nineteen consecutive quarterly rolls of the micro-bitcoin contract, 2021 to 2026, by the decision code of every day.

The market is thin: the contract that a roll goes to trades a few hundred contracts in the week before the old one expires,
in some 20 to 90 hours of it. A quarter of an hour's volume may be ours, quotes are 10 bps wide, and a clip is one contract.
By the reference's hours a bitcoin of hedge finds too little in the 48 hours in which a roll crosses the spread (over
Christmas 2025 three contracts); it is forced from 96 hours on instead. The data is local and read by path.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import polars as pl
import pytest

from bot.backtest.dated_history import QUARTERLY, DatedHistory, load_dated
from bot.backtest.dated_report import DatedReport, Roll
from bot.backtest.dated_runner import DatedRun
from bot.core.values import Side
from tests.backtest.builders import D, shared
from tests.backtest.dated_builders import inverse_micro, micro, replay_rolls

CLIP = D("0.1")
Replay = Callable[[], tuple[DatedRun, DatedReport]]


@cache
def five_years() -> DatedHistory:
    """Spot ends three weeks before the last contract expires: there its own price stands in for the index."""
    return load_dated(
        shared("MBT_1h_by_contract.parquet"),
        shared("linear_BTCUSDT_1h.parquet"),
        months=QUARTERLY,
        front_as_index=True,
    )


@cache
def far_leads() -> tuple[DatedRun, DatedReport]:
    return replay_rolls(five_years(), micro(), lead="far", force_hours="96")


@cache
def near_leads() -> tuple[DatedRun, DatedReport]:
    return replay_rolls(five_years(), micro(), lead="near", force_hours="96")


@cache
def emulated_inverse() -> tuple[DatedRun, DatedReport]:
    return replay_rolls(five_years(), inverse_micro(), lead="far", force_hours="96", clip="1000")


def published_pairs() -> pl.DataFrame:
    return pl.read_csv(shared("roll_pairs_MBT.csv")).filter(pl.col("cycle") == "quarterly")


def figures(rolls: tuple[Roll, ...], name: str) -> list[float]:
    return [float(getattr(roll.prices, name)) for roll in rolls]


REPLAYS = pytest.mark.parametrize("replay", [far_leads, near_leads, emulated_inverse])


# --- all of them --------------------------------------------------------------------------------------------


@REPLAYS
def test_all_nineteen_quarterly_rolls_finish_before_expiry(replay: Replay) -> None:
    pairs = published_pairs()
    _, report = replay()

    assert [(roll.near_name, roll.far_name) for roll in report.rolls] == list(
        zip(pairs["front"], pairs["next"], strict=True)
    )
    assert report.all_finished_before_expiry
    assert min(roll.hours_before_expiry or 0 for roll in report.rolls) >= 24
    assert all(roll.contracts_settled == 0 for roll in report.rolls)
    assert (report.bars_cut, report.liquidations, report.incidents) == (0, 0, ())


def test_with_the_far_leg_leading_no_roll_ever_leaves_anything_unhedged_at_a_close() -> None:
    _, report = far_leads()

    assert {roll.in_step.naked_coins_max for roll in report.rolls} == {D(0)}
    assert {roll.in_step.over_coins_max for roll in report.rolls} == {D(0)}
    assert {roll.in_step.clip_coins_max for roll in report.rolls} == {CLIP}


def test_with_the_near_leg_leading_never_more_than_one_clip_is_unhedged_and_longer_only_while_the_market_is_shut() -> (
    None
):
    _, report = near_leads()

    assert max(roll.in_step.naked_coins_max for roll in report.rolls) == CLIP
    long = {roll.near_name for roll in report.rolls if roll.in_step.naked_seconds_max > 2 * 3600}
    assert long <= {"MBTM23", "MBTZ25"}  # a clip begun in the last hour of a Friday waits for Sunday


def test_the_hedge_is_back_on_its_target_after_every_roll() -> None:
    _, report = far_leads()

    for roll in report.rolls:
        assert (roll.contracts_near, roll.contracts_far) == (D(10), D(10))
        assert (roll.in_step.net_delta_before, roll.in_step.net_delta_after) == (D(0), D(0))


# --- what they cost -----------------------------------------------------------------------------------------


def test_the_roll_out_of_december_2022_is_a_cost_and_it_alone_is_a_large_one() -> None:
    _, report = far_leads()
    earned = {roll.near_name: roll.prices.yield_bps for roll in report.rolls}

    assert earned["MBTZ22"] == D("-144.54")
    assert [name for name, bps in earned.items() if bps is None or bps < -2] == ["MBTZ22"]


def test_the_cost_of_every_roll_is_told_against_the_mid_of_the_calendar_spread() -> None:
    _, report = far_leads()
    costs = figures(report.rolls, "cost_bps")

    # both legs across cost a spread of 10 bps; a leg that waited saves a part of it or is left behind
    assert 9 < np.median(costs) < 11
    assert min(costs) > -15
    assert max(costs) < 40
    assert all(roll.prices.mid_fresh == 1 for roll in report.rolls)
    for roll in report.rolls:
        prices = roll.prices
        assert None not in (prices.mid_bps, prices.executed_bps, prices.fees_bps)
        assert prices.cost_bps == pytest.approx((prices.mid_bps or D(0)) - (prices.executed_bps or D(0)), abs=D("0.01"))  # fmt: skip
        assert prices.yield_bps == pytest.approx((prices.executed_bps or D(0)) - (prices.fees_bps or D(0)), abs=D("0.01"))  # fmt: skip


def test_the_mids_agree_with_the_calendar_spreads_published_beside_the_data() -> None:
    _, report = far_leads()
    ours = np.array(figures(report.rolls, "mid_bps"))
    theirs = published_pairs()["cal_spread_bps_med14d"].to_numpy()

    assert np.corrcoef(ours, theirs)[0, 1] > 0.97
    assert np.median(np.abs(ours - theirs)) < 12


# --- honesty ------------------------------------------------------------------------------------------------


def test_every_fill_is_at_a_price_and_a_size_that_its_hour_of_the_file_allows() -> None:
    run, _ = far_leads()
    raw = pl.read_parquet(shared("MBT_1h_by_contract.parquet"))
    bars = {
        (row["contract"], int(row["ts"].timestamp() * 1000) + 3_600_000): row
        for row in raw.iter_rows(named=True)
    }
    filled: dict[tuple[str, int, bool], float] = {}
    for fill in run.fills:
        key = run.names[fill.symbol], fill.at_ms
        bar = bars[key]
        price = float(fill.price)
        if fill.maker:  # the hour went beyond the limit; one that opened beyond it fills there all the same
            assert bar["low"] < price if fill.side is Side.BUY else price < bar["high"]
        else:
            half = round(bar["close"] * 0.0005 / 5) * 5
            assert price == bar["close"] + fill.side.sign * half
        filled[*key, fill.maker] = filled.get((*key, fill.maker), 0) + float(fill.contracts)
    for (name, at_ms, _), contracts in filled.items():
        assert contracts <= 0.25 * bars[name, at_ms]["volume"]


def test_by_the_reference_hours_two_rolls_of_a_bitcoin_do_not_finish_and_are_named() -> None:
    _, report = replay_rolls(five_years(), micro(), lead="far")
    unfinished = {roll.near_name: roll.contracts_settled for roll in report.rolls if roll.finished is None}

    assert set(unfinished) == {"MBTH25", "MBTZ25"}
    assert all(0 < contracts < 10 for contracts in unfinished.values())
    assert not report.all_finished_before_expiry


def test_the_hedge_takes_nearly_all_of_the_daily_variance_away() -> None:
    _, report = far_leads()

    assert (report.hedge_effectiveness["1d"] or 0) > 0.98
    assert report.bars_front_as_index == 524


# --- emulated: the same prices, paid in coins ----------------------------------------------------------------


def test_an_emulated_inverse_hedge_is_within_a_step_of_no_net_delta_before_and_after_every_roll() -> None:
    _, report = emulated_inverse()

    assert report.emulation
    for roll in report.rolls:
        assert roll.prices.near_price is not None
        step = D(100) / roll.prices.near_price
        for delta in (roll.in_step.net_delta_before, roll.in_step.net_delta_after):
            assert delta is not None
            assert abs(delta) <= step


def test_an_emulated_inverse_roll_grows_in_contango_and_shrinks_in_backwardation() -> None:
    _, report = emulated_inverse()

    for roll in report.rolls:
        executed = float(roll.prices.executed_bps or 0) / 10_000
        grown = float(roll.contracts_far / roll.contracts_near) - 1
        assert grown == pytest.approx(executed, abs=0.012)
    assert min(report.rolls, key=lambda roll: roll.contracts_far / roll.contracts_near).near_name == "MBTZ22"
