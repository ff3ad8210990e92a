"""Rolls of small worlds made by hand: what they cost, when they run, and what happens when there is nowhere to go."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bot.backtest.dated_history import DatedHistory
from bot.backtest.dated_report import DatedReport, Roll
from bot.core.reports import SETTLEMENT_ID
from bot.core.rolls import Stage
from tests.backtest.builders import D
from tests.backtest.dated_builders import (
    DAY,
    Closes,
    contract_bars,
    history_of,
    inverse_micro,
    micro,
    replay_rolls,
)

HOURS = 15 * DAY
EXPIRY = 10 * DAY
NEAR, FAR = "BTC/USDT:USDT-240111", "BTC/USDT:USDT-240410"


def world(folder: Path, far: Closes | None, spot: list[float | None] | None = None) -> DatedHistory:
    """Make a near contract at 50,000 that expires after ten days, a far one, and spot at 50,000."""
    contracts = [contract_bars("NEAR", EXPIRY, [50_000.0] * EXPIRY)]
    contracts += [] if far is None else [contract_bars("FAR", 100 * DAY, far)]
    return history_of(folder, contracts, spot or [50_000.0] * HOURS)


def only_roll(report: DatedReport) -> Roll:
    (roll,) = report.rolls
    return roll


# --- what it costs ------------------------------------------------------------------------------------------


def test_in_contango_a_roll_starts_with_its_window_waits_at_the_touch_and_earns(tmp_path: Path) -> None:
    _, report = replay_rolls(world(tmp_path, [51_000.0] * HOURS), micro(), spread="0.0002")
    roll = only_roll(report)

    assert (roll.near, roll.far) == (NEAR, FAR)
    assert (roll.started, roll.finished) == ("2024-01-04T00:00Z", "2024-01-04T10:00Z")
    assert (roll.stage, roll.hours_before_expiry, roll.clips) == (Stage.PASSIVE, 158, 10)
    assert roll.trigger == "rolling earns 7.62 % a year, 5.00 % is asked"
    assert (roll.contracts_near, roll.contracts_far, roll.contracts_settled) == (D(10), D(10), D(0))
    # bought at the bid where it rested, sold across at the bid an hour later
    assert (roll.prices.near_price, roll.prices.far_price) == (D(49_995), D(50_995))
    assert (roll.prices.mid_bps, roll.prices.executed_bps) == (D("200.00"), D("200.02"))
    assert roll.prices.cost_bps == D("-0.02")
    assert roll.prices.fees_bps == D("10.10")
    assert roll.prices.yield_bps == D("189.92")
    assert (roll.in_step.clip_coins_max, roll.in_step.naked_coins_max) == (D("0.1"), D(0))
    assert report.all_finished_before_expiry


def test_in_backwardation_a_roll_waits_until_it_is_forced_crosses_and_costs(tmp_path: Path) -> None:
    _, report = replay_rolls(world(tmp_path, [49_000.0] * HOURS), micro(), spread="0.0002")
    roll = only_roll(report)

    assert (roll.started, roll.finished) == ("2024-01-09T00:00Z", "2024-01-09T00:00Z")
    assert (roll.stage, roll.trigger, roll.hours_before_expiry) == (Stage.FORCE, "", 48)
    assert (roll.prices.near_price, roll.prices.far_price) == (D(50_005), D(48_995))
    assert (roll.prices.mid_bps, roll.prices.executed_bps) == (D("-200.00"), D("-201.98"))
    assert roll.prices.cost_bps == D("1.98")
    assert roll.prices.yield_bps == D("-211.88")


def test_the_roll_itself_neither_wins_nor_loses_money_but_its_fees(tmp_path: Path) -> None:
    run, _ = replay_rolls(world(tmp_path, [51_000.0] * HOURS), micro(fee="0"), spread="0")

    assert run.series.hedge[-1] == 0
    assert sum(fill.told_pnl for fill in run.fills) == 0


@pytest.mark.parametrize(("far", "sold"), [(51_000.0, 510), (49_000.0, 490)])
def test_an_inverse_roll_is_rescaled_by_the_ratio_of_the_prices(
    tmp_path: Path, far: float, sold: int
) -> None:
    history = world(tmp_path, [far] * HOURS)
    _, report = replay_rolls(history, inverse_micro(fee="0"), spread="0.0002", clip="1000")
    roll = only_roll(report)

    assert roll.contracts_near == 500
    assert abs(roll.contracts_far - sold) <= 1
    for delta in (roll.in_step.net_delta_before, roll.in_step.net_delta_after):
        assert delta is not None
        assert abs(delta) <= D(100) / 49_000
    assert report.emulation == "prices of contracts paid in dollars, replayed as if they were paid in coins"


# --- legs in step -------------------------------------------------------------------------------------------


def test_a_clip_whose_far_leg_stalls_is_restored_in_time_and_the_roll_goes_on(tmp_path: Path) -> None:
    every_sixth = dict.fromkeys(range(0, HOURS, 6), 51000.0)
    _, report = replay_rolls(world(tmp_path, every_sixth), micro(), spread="0.0002", naked_seconds_max="3600")
    roll = only_roll(report)

    assert roll.finished is not None
    assert (roll.contracts_near, roll.contracts_far) == (D(10), D(10))
    assert roll.in_step.naked_coins_max == roll.in_step.clip_coins_max == D("0.1")
    assert roll.in_step.naked_seconds_max == 7200  # an hour is allowed, and the next close is an hour later
    assert roll.in_step.net_delta_after == 0


def test_with_the_far_leg_leading_nothing_is_ever_unhedged(tmp_path: Path) -> None:
    every_sixth = dict.fromkeys(range(0, HOURS, 6), 51000.0)
    _, report = replay_rolls(world(tmp_path, every_sixth), micro(), spread="0.0002", lead="far")
    roll = only_roll(report)

    assert roll.finished is not None
    assert (roll.in_step.naked_coins_max, roll.in_step.naked_seconds_max) == (D(0), 0)


def test_no_more_is_traded_at_a_close_than_the_share_of_its_volume(tmp_path: Path) -> None:
    run, report = replay_rolls(
        world(tmp_path, [49_000.0] * HOURS), micro(), coins="5", participation="0.04", spread="0.0002"
    )
    roll = only_roll(report)

    assert (roll.started, roll.finished) == ("2024-01-09T00:00Z", "2024-01-09T12:00Z")  # 50 clips, 4 an hour
    by_bar: dict[tuple[str, int], int] = {}
    for fill in run.fills:
        by_bar[fill.symbol, fill.at_ms] = by_bar.get((fill.symbol, fill.at_ms), 0) + int(fill.contracts)
    assert max(by_bar.values()) == 4


# --- when there is nowhere to go ----------------------------------------------------------------------------


def test_without_a_far_contract_the_hedge_settles_and_what_is_lacking_is_named(tmp_path: Path) -> None:
    run, report = replay_rolls(world(tmp_path, None), micro(), spread="0.0002")
    roll = only_roll(report)

    assert (roll.far, roll.started, roll.finished, roll.contracts_settled) == (None, None, None, D(10))
    assert (roll.in_step.naked_coins_max, report.all_finished_before_expiry) == (D(1), False)
    assert [fill.client_order_id == SETTLEMENT_ID for fill in run.fills] == [False, True]
    assert f"no contract after {NEAR} is listed" in report.lacks
    assert f"No contract can carry the hedge: no contract after {NEAR} is listed." in report.lacks


def test_a_far_contract_that_does_not_trade_is_not_traded_and_its_time_unhedged_is_told(
    tmp_path: Path,
) -> None:
    silent = {hour: 51_000.0 for hour in range(HOURS) if not 60 <= hour < 251}
    _, report = replay_rolls(world(tmp_path, silent), micro(), spread="0.0002")
    roll = only_roll(report)

    assert (roll.finished, roll.contracts_settled) == (None, D(10))
    assert (roll.in_step.naked_coins_max, roll.in_step.naked_seconds_max) == (D(1), 12 * 3600)
    assert any("quote_age" in reason for reason in report.refusals)


def test_a_contract_settles_at_the_index_of_its_hour(tmp_path: Path) -> None:
    spot: list[float | None] = [50_000.0] * HOURS
    spot[EXPIRY - 1] = 50_777.0  # the close of this bar is the expiry
    run, _ = replay_rolls(world(tmp_path, None, spot), micro(), spread="0.0002")

    assert run.fills[-1].price == 50_777
    assert run.fills[-1].at_ms == run.history.close_ms(EXPIRY - 1)


def test_nothing_is_decided_in_hours_without_spot(tmp_path: Path) -> None:
    spot = [None if 72 <= hour < 100 else 50_000.0 for hour in range(HOURS)]
    run, report = replay_rolls(world(tmp_path, [51_000.0] * HOURS, spot), micro(), spread="0.0002")

    dark = {run.history.close_ms(hour) for hour in range(72, 100)}
    assert {slip.at_ms for slip in run.slips}.isdisjoint(dark)
    assert report.bars_skipped_missing == 28
    assert only_roll(report).finished is not None


# --- honesty ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [75, 80, 200])
def test_what_comes_later_changes_nothing_that_was_done(tmp_path: Path, hours: int) -> None:
    wave = [50_000.0 + 40 * (hour % 7) for hour in range(HOURS)]
    whole, _ = replay_rolls(world(tmp_path, [51_000.0 + close / 100 for close in wave]), micro())
    cut = history_of(
        tmp_path,
        [
            contract_bars("NEAR", EXPIRY, [50_000.0] * hours),
            contract_bars("FAR", 100 * DAY, [51_000.0 + close / 100 for close in wave[:hours]]),
        ],
        [50_000.0] * hours,
    )
    part, _ = replay_rolls(cut, micro())

    end = part.history.close_ms(hours - 1)
    assert part.fills == tuple(fill for fill in whole.fills if fill.at_ms <= end)


def test_the_report_is_written_as_json_and_read_back(tmp_path: Path) -> None:
    _, report = replay_rolls(world(tmp_path, [51_000.0] * HOURS), micro())
    adapter = TypeAdapter(DatedReport)

    assert adapter.validate_json(adapter.dump_json(report)) == report


def test_replaying_twice_gives_the_same_to_the_digit(tmp_path: Path) -> None:
    history = world(tmp_path, [51_000.0] * HOURS)

    assert replay_rolls(history, micro())[1] == replay_rolls(history, micro())[1]
