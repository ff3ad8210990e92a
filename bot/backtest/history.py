"""Candles from Parquet or CSV, checked before anything is replayed.

A row is a bar and ``ts`` its open, in UTC. The perpetual's prices must be whole: a hole in them is an error, with its
place. Spot may be missing (NaN) or stale (no volume): those bars are counted, and no decision is taken on them.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bot.core.values import record
from bot.shell.ports import HedgerowError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PERP = ("open_perp", "high_perp", "low_perp", "close_perp")
REQUIRED = ("ts", *PERP, "close_spot")


class HistoryError(HedgerowError):
    """A candle file cannot be replayed; the text says where and what to do."""


@record
class History:
    """Bars on one unbroken grid. Arrays have one element a bar; prices are quote currency per coin."""

    name: str
    interval_ms: int
    open_ms: Ints
    perp_open: Floats
    perp_high: Floats
    perp_low: Floats
    perp_close: Floats
    mark: Floats
    """The mark at the bar's close; the close itself where the file has none."""
    spot: Floats
    """Spot at the bar's close; NaN where it is missing."""
    volume: Floats
    """Coins traded in the bar; infinite where the file does not say."""
    funding_rate: Floats
    """Rate that settles at the bar's open; NaN where none does."""
    funding_price: Floats
    """Price the settlement is taken at."""
    missing: Bools
    """No spot price."""
    stale: Bools
    """A spot price without a trade behind it."""

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.open_ms)

    @property
    def blind(self) -> Bools:
        """Bars on which nothing may be decided."""
        return self.missing | self.stale

    def close_ms(self, bar: int) -> int:
        """Time of a bar's close."""
        return int(self.open_ms[bar]) + self.interval_ms

    def part(self, first: int, stop: int) -> "History":
        """Cut the bars from ``first`` up to ``stop``, which is left out."""
        return replace(self, **{name: getattr(self, name)[first:stop] for name in COLUMNS})


COLUMNS = tuple(field.name for field in fields(History) if field.name not in {"name", "interval_ms"})


def load(path: Path) -> History:
    """Read and check a candle file.

    Raises:
        HistoryError: the file is missing, empty, unreadable or wrong; one sentence with place and remedy.
    """
    frame = read_frame(path, REQUIRED)
    open_ms = times_of(frame, path)
    interval_ms = grid_of(open_ms, path)
    numbers = {
        name: numbers_of(frame, name, path) for name in frame.columns if name not in {"ts", "funding_ts"}
    }
    _check_prices(numbers, open_ms, path)
    return _history(path, frame, open_ms, interval_ms, numbers)


def read_frame(path: Path, required: Sequence[str]) -> pl.DataFrame:
    """Read a Parquet or CSV file that has rows and the required columns.

    Raises:
        HistoryError: it is missing, empty, unreadable or lacks a column.
    """
    frame = _parsed_frame(path)
    lacking = [column for column in required if column not in frame.columns]
    if lacking:
        raise HistoryError(
            f"{path} lacks the column(s) {', '.join(lacking)}: name them as the README's backtest section does."
        )
    if frame.is_empty():
        raise HistoryError(f"{path} has no rows: give it at least two bars.")
    return frame


def _parsed_frame(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise HistoryError(f"No candle file at {path}: check the path given to --data.")
    if path.stat().st_size == 0:
        raise HistoryError(f"{path} is empty: give a Parquet or CSV file with candles.")
    try:
        if path.suffix.lower() == ".csv":
            return pl.read_csv(path, infer_schema_length=None)
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise HistoryError(
            f"{path} cannot be read as {path.suffix or 'Parquet'} ({reason}): give Parquet or CSV."
        ) from error


def times_of(frame: pl.DataFrame, path: Path, name: str = "ts") -> Ints:
    """Read a column of times as milliseconds; text must be ISO 8601 in UTC."""
    ts = frame[name]
    if ts.dtype == pl.String:
        ts = _parsed(ts, path)
    if not isinstance(ts.dtype, pl.Datetime):
        raise HistoryError(
            f"{path}: {name} is {ts.dtype}, not a time: write UTC timestamps such as 2024-01-01T00:00:00Z."
        )
    if ts.dtype.time_zone != "UTC":
        zone = ts.dtype.time_zone or "no time zone"
        raise HistoryError(
            f"{path}: {name} is in {zone}: convert it to UTC, where funding and days are reckoned."
        )
    if ts.null_count():
        row = int(ts.is_null().arg_true()[0]) + 1
        raise HistoryError(f"{path} row {row}: {name} is empty: every bar needs its time.")
    return ts.dt.epoch("ms").to_numpy().astype(np.int64)


def _parsed(ts: pl.Series, path: Path) -> pl.Series:
    foreign = ts.filter(~ts.str.contains(r"(Z|[+-]00:?00)$"))
    if len(foreign):
        raise HistoryError(
            f"{path}: {ts.name} {foreign[0]!r} is not marked as UTC: write 2024-01-01T00:00:00Z or +00:00."
        )
    try:
        return ts.str.to_datetime(time_unit="ms", time_zone="UTC")
    except pl.exceptions.PolarsError as error:
        raise HistoryError(
            f"{path}: {ts.name} {ts[0]!r} is no ISO 8601 time: write 2024-01-01T00:00:00Z."
        ) from error


def grid_of(open_ms: Ints, path: Path) -> int:
    """Check that bars follow each other without hole, repeat or step back; returns the interval."""
    if len(open_ms) < 2:  # noqa: PLR2004 - an interval needs two bars
        raise HistoryError(f"{path} has one row: give it at least two bars.")
    steps = np.diff(open_ms)
    values, counts = np.unique(steps, return_counts=True)
    interval = int(values[np.argmax(counts)])
    for wrong, words, remedy in (
        (steps == 0, "repeats the bar before", "drop the duplicate"),
        (steps < 0, "is earlier than the bar before", "sort the file by ts"),
        (
            steps != interval,
            "does not follow the bar before on the grid",
            "fill the gap with explicit rows or cut the file",
        ),
    ):
        at = np.flatnonzero(wrong)
        if len(at):
            row = int(at[0]) + 1
            raise HistoryError(f"{path} row {row + 1} ({stamp(open_ms[row])}) {words}: {remedy}.")
    return interval


def numbers_of(frame: pl.DataFrame, name: str, path: Path) -> Floats:
    """Read a column of figures; an empty one is NaN."""
    try:
        return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise HistoryError(f"{path}: column {name} holds something that is no number: mend it.") from error


def _check_prices(numbers: dict[str, Floats], open_ms: Ints, path: Path) -> None:
    """Check that perpetual prices are whole and positive, spot and mark prices positive where they exist."""
    for name, values in numbers.items():
        if name in PERP:
            refuse_rows(~np.isfinite(values), name, "is not a number", open_ms, path)
        if (name.endswith(("_perp", "_spot")) and not name.startswith("volume")) or name in {
            "mark_price",
            "index_open",
        }:
            refuse_rows(values <= 0, name, "is not positive", open_ms, path)
            refuse_rows(np.isinf(values), name, "is not a number", open_ms, path)
    high, low = numbers["high_perp"], numbers["low_perp"]
    for name in ("open_perp", "close_perp"):
        refuse_rows(
            (numbers[name] > high) | (numbers[name] < low), name, "lies outside low..high", open_ms, path
        )


def refuse_rows(wrong: Bools, name: str, words: str, open_ms: Ints, path: Path) -> None:
    """Refuse a file for its first wrong row, which is named with its time."""
    at = np.flatnonzero(wrong)
    if len(at):
        row = int(at[0])
        more = f" (and {len(at) - 1} more)" if len(at) > 1 else ""
        raise HistoryError(
            f"{path} row {row + 1} ({stamp(open_ms[row])}): {name} {words}{more}: mend or cut these rows."
        )


def stamp(at_ms: int) -> str:
    """Write a time for people, in UTC."""
    return str(np.datetime64(int(at_ms), "ms")) + "Z"


def _history(
    path: Path, frame: pl.DataFrame, open_ms: Ints, interval_ms: int, numbers: dict[str, Floats]
) -> History:
    bars = len(open_ms)
    spot = numbers["close_spot"]
    missing = np.isnan(spot)
    traded = numbers.get("volume_spot")
    close = numbers["close_perp"]
    mark = numbers.get("mark_price", close)
    rate, price = _funding(path, frame, open_ms, interval_ms, numbers)
    return History(
        name=path.name,
        interval_ms=interval_ms,
        open_ms=open_ms,
        perp_open=numbers["open_perp"],
        perp_high=numbers["high_perp"],
        perp_low=numbers["low_perp"],
        perp_close=close,
        mark=np.where(np.isnan(mark), close, mark),
        spot=spot,
        volume=numbers.get("volume_perp", np.full(bars, np.inf)),
        funding_rate=rate,
        funding_price=price,
        missing=missing,
        stale=np.zeros(bars, bool) if traded is None else (traded == 0) & ~missing,
    )


def _funding(
    path: Path, frame: pl.DataFrame, open_ms: Ints, interval_ms: int, numbers: dict[str, Floats]
) -> tuple[Floats, Floats]:
    """Read funding: ``funding_rate`` settles at its row's open on the perpetual's open, ``interest_1h`` at the index.

    The settlement's exact time may stray by milliseconds; it must lie inside its own bar.
    """
    if "funding_rate" in numbers:
        rate = numbers["funding_rate"]
        if "funding_ts" in frame.columns:
            settled = frame["funding_ts"].dt.epoch("ms").fill_null(-1).to_numpy()
            astray = (settled >= 0) & ((settled < open_ms) | (settled >= open_ms + interval_ms))
            refuse_rows(astray, "funding_ts", "lies outside its bar", open_ms, path)
        return rate, numbers["open_perp"]
    if "interest_1h" in numbers:
        if interval_ms != 3_600_000:  # noqa: PLR2004 - an hour
            raise HistoryError(f"{path}: interest_1h is per hour and the bars are not: give hourly bars.")
        return numbers["interest_1h"], numbers.get("index_open", numbers["open_perp"])
    return np.full(len(open_ms), np.nan), numbers["open_perp"]


def exact(figure: float) -> Decimal:
    """Turn a float of a candle file into the Decimal that was printed for it."""
    return Decimal(repr(float(figure)))
