"""What a file of dated contracts must hold, what is said when it does not, and what is kept of it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bot.backtest.dated_history import QUARTERLY, load_dated
from bot.backtest.history import HistoryError
from tests.backtest.builders import saved, shared
from tests.backtest.dated_builders import DAY, at, contract_bars, history_of, spot_bars

NEAR = contract_bars("NEAR", 10 * DAY, [50_000.0] * 24)
FAR = contract_bars("FAR", 100 * DAY, dict.fromkeys((3, 4, 9), 51000.0))
SPOT = [50_000.0] * 24


def refused(folder: Path, contracts: pl.DataFrame, spot: pl.DataFrame | None = None) -> str:
    files = saved(contracts, folder, "contracts.parquet"), saved(spot_bars(SPOT), folder, "spot.parquet")
    if spot is not None:
        files = files[0], saved(spot, folder, "spot.parquet")
    with pytest.raises(HistoryError) as caught:
        load_dated(*files)
    return str(caught.value)


def set_at(frame: pl.DataFrame, row: int, **values: object) -> pl.DataFrame:
    place = pl.int_range(pl.len()) == row
    return frame.with_columns(
        **{name: pl.when(place).then(pl.lit(value)).otherwise(pl.col(name)) for name, value in values.items()}
    )


# --- what is kept -------------------------------------------------------------------------------------------


def test_contracts_lie_on_the_timeline_nearest_expiry_first_and_holes_are_left_out(tmp_path: Path) -> None:
    history = history_of(tmp_path, [FAR, NEAR], SPOT)

    assert [(life.name, life.code) for life in history.lives] == [("NEAR", "240111"), ("FAR", "240410")]
    assert history.lives[1].bar.tolist() == [3, 4, 9]
    assert (len(history), history.interval_ms) == (24, 3_600_000)
    assert history.close_ms(3) == int(at(4).timestamp() * 1000)
    assert history.bar_at(history.close_ms(3)) == 3
    assert history.bar_at(history.close_ms(3) + 1) == 4


def test_a_halt_and_a_price_without_a_trade_leave_no_index(tmp_path: Path) -> None:
    spot = spot_bars([*SPOT[:5], None, *SPOT[6:]]).with_columns(
        volume_spot=pl.when(pl.int_range(pl.len()) == 7).then(0.0).otherwise(1.0)
    )
    history = load_dated(saved(NEAR, tmp_path, "contracts.parquet"), saved(spot, tmp_path, "spot.parquet"))

    assert np.flatnonzero(history.blind).tolist() == [5, 7]
    assert (history.missing.sum(), history.stale.sum()) == (1, 1)


def test_only_contracts_of_the_months_asked_for_are_kept(tmp_path: Path) -> None:
    files = (
        saved(pl.concat([NEAR, FAR]), tmp_path, "contracts.parquet"),
        saved(spot_bars(SPOT), tmp_path, "spot.parquet"),
    )

    assert [life.name for life in load_dated(*files, months=(1,)).lives] == ["NEAR"]
    with pytest.raises(
        HistoryError, match=r"no contract that expires in month\(s\) 3, 6, 9, 12: choose other"
    ):
        load_dated(*files, months=QUARTERLY)


def test_the_timeline_ends_with_spot_unless_the_nearest_contract_may_stand_in_for_it(tmp_path: Path) -> None:
    short = history_of(tmp_path, [NEAR, FAR], SPOT[:6])
    long = history_of(tmp_path, [NEAR, FAR], SPOT[:6], front=True)

    assert (len(short), len(long)) == (6, 24)
    assert np.flatnonzero(long.from_front).tolist() == list(range(6, 24))
    assert long.index.tolist() == [50_000.0] * 24


def test_behind_the_end_of_spot_an_hour_without_a_contract_stays_blind(tmp_path: Path) -> None:
    late = contract_bars("NEAR", 10 * DAY, {0: 50_000.0, 1: 50_000.0, 8: 50_000.0, 12: 50_500.0})
    history = history_of(tmp_path, [late, FAR], SPOT[:6], front=True)

    assert np.flatnonzero(~history.blind).tolist() == [0, 1, 2, 3, 4, 5, 8, 9, 12]
    assert history.index[[8, 9, 12]].tolist() == [50_000.0, 51_000.0, 50_500.0]


def test_the_shared_contracts_are_read_whole() -> None:
    contracts, spot = shared("MBT_1h_by_contract.parquet"), shared("linear_BTCUSDT_1h.parquet")
    raw = pl.read_parquet(contracts).filter(pl.col("expiry_ts").dt.month().is_in(QUARTERLY))

    history = load_dated(contracts, spot, months=QUARTERLY, front_as_index=True)

    assert [life.name for life in history.lives] == raw.sort("expiry_ts")["contract"].unique(
        maintain_order=True
    ).to_list()
    assert sum(len(life.bar) for life in history.lives) == len(raw)
    assert (history.missing.sum(), history.stale.sum(), history.from_front.sum()) == (7, 1, 524)


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "values", "sentence"),
    [
        (2, {"close": float("nan")}, "row 3 (2024-01-01T02:00:00.000Z): close is not a number"),
        (2, {"low": 0.0}, "row 3 (2024-01-01T02:00:00.000Z): low is not positive"),
        (2, {"close": 50_100.0}, "row 3 (2024-01-01T02:00:00.000Z): close lies outside low..high"),
        (2, {"volume": -1.0}, "row 3 (2024-01-01T02:00:00.000Z): volume is no number from 0"),
        (2, {"contract": None}, "row 3 (2024-01-01T02:00:00.000Z): contract is empty"),
        (2, {"ts": at(1)}, "row 3 (2024-01-01T01:00:00.000Z): ts repeats the contract's bar before"),
        (2, {"ts": at(0)}, "row 3 (2024-01-01T00:00:00.000Z): ts is earlier than the contract's bar before"),
        (
            2,
            {"expiry_ts": at(2)},
            "row 3 (2024-01-01T02:00:00.000Z): expiry_ts lies before the bar's close",
        ),
        (
            2,
            {"expiry_ts": at(900)},
            "row 3 (2024-01-01T02:00:00.000Z): expiry_ts differs from that of the contract's first bar",
        ),
        (
            2,
            {"ts": datetime(2024, 1, 1, 2, 30, tzinfo=UTC)},
            "row 3 (2024-01-01T02:30:00.000Z): ts does not lie on the grid of spot.parquet",
        ),
        (2, {"expiry_ts": None}, "row 3: expiry_ts is empty: every bar needs its time"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place_and_the_remedy(
    tmp_path: Path, row: int, values: dict[str, object], sentence: str
) -> None:
    frame = set_at(NEAR, row, **values).with_columns(pl.col("ts", "expiry_ts").dt.cast_time_unit("us"))

    said = refused(tmp_path, frame)

    assert f"contracts.parquet {sentence}" in said
    assert said.endswith(("mend or cut these rows.", "every bar needs its time."))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "contracts.parquet lacks the column(s) volume" in refused(tmp_path, NEAR.drop("volume"))
    assert "spot.parquet lacks the column(s) close_spot" in refused(
        tmp_path, NEAR, spot_bars(SPOT).drop("close_spot")
    )


def test_two_contracts_that_expire_on_one_day_are_refused(tmp_path: Path) -> None:
    twin = contract_bars("TWIN", 10 * DAY + 1, [50_000.0] * 3)

    assert "NEAR and TWIN expire on the same day: keep one of them." in refused(
        tmp_path, pl.concat([NEAR, twin])
    )


def test_files_of_two_intervals_are_refused(tmp_path: Path) -> None:
    daily = contract_bars("NEAR", 10 * DAY, {0: 50_000.0, 6: 50_000.0, 12: 50_000.0})

    assert "3600 s, the interval of spot: give both files the same interval." in refused(tmp_path, daily)


def test_files_without_a_common_hour_are_refused(tmp_path: Path) -> None:
    later = contract_bars("NEAR", 40 * DAY, {800: 50_000.0, 801: 50_000.0})

    assert "share no hours" in refused(tmp_path, later)


def test_spot_that_is_no_price_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, NEAR, spot_bars([50_000.0, -1.0, *SPOT]))

    assert "spot.parquet row 2 (2024-01-01T01:00:00.000Z): close_spot is no positive number" in said
