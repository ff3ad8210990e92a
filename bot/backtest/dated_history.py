"""Candles of many dated contracts, and the spot price beside them, checked.

A row is a bar of one contract and ``ts`` its open, in UTC. A contract has a row only where it traded; a hole is no fault,
it is an hour in which nothing can be done in that contract. Spot goes by every hour: it may be missing (NaN) or stale (no
volume), and on such a bar no decision is taken.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from bot.backtest.history import (
    Bools,
    Floats,
    HistoryError,
    Ints,
    grid_of,
    numbers_of,
    read_frame,
    refuse_rows,
    stamp,
    times_of,
)
from bot.core.values import record

PRICES = ("open", "high", "low", "close")
REQUIRED = ("ts", "contract", "expiry_ts", *PRICES, "volume")
SPOT_REQUIRED = ("ts", "close_spot")
EVERY_MONTH = tuple(range(1, 13))
QUARTERLY = (3, 6, 9, 12)


@record
class Life:
    """The bars of one contract. Arrays have one element a bar that traded; prices are quote currency per coin."""

    name: str
    expiry_ms: int
    bar: Ints
    """Where its bars lie in the timeline."""
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    """Contracts of the file."""

    @property
    def code(self) -> str:
        """The expiry's date as it stands in a symbol: ``211231``."""
        return datetime.fromtimestamp(self.expiry_ms / 1000, UTC).strftime("%y%m%d")


@record
class DatedHistory:
    """Contracts and the index on one unbroken timeline. Arrays have one element a bar."""

    name: str
    spot_name: str
    interval_ms: int
    open_ms: Ints
    index: Floats
    """Spot at the bar's close; NaN where nothing may be decided."""
    missing: Bools
    """No spot price."""
    stale: Bools
    """A spot price without a trade behind it."""
    from_front: Bools
    """Behind the end of the spot file: the nearest contract's close stands in for the index."""
    lives: tuple[Life, ...]
    """Nearest expiry first."""

    def __len__(self) -> int:
        """Count the bars."""
        return len(self.open_ms)

    @property
    def blind(self) -> Bools:
        """Bars on which nothing may be decided."""
        return np.isnan(self.index)

    def close_ms(self, bar: int) -> int:
        """Time of a bar's close."""
        return int(self.open_ms[bar]) + self.interval_ms

    def bar_at(self, at_ms: int) -> int:
        """Find the first bar that closes at a time or after it."""
        return -((int(self.open_ms[0]) - at_ms) // self.interval_ms) - 1


def load_dated(
    contracts: Path,
    spot: Path,
    *,
    months: Sequence[int] = EVERY_MONTH,
    from_ms: int = 0,
    front_as_index: bool = False,
) -> DatedHistory:
    """Read and check a file of contracts and a file of spot; keep contracts that expire in ``months``.

    The timeline begins with the first bar kept (not before ``from_ms``) and ends with the last, or with the spot file if
    that ends sooner. With ``front_as_index`` it goes on behind it: there the close of the nearest contract is the index.

    Raises:
        HistoryError: a file is missing, empty, unreadable or wrong; one sentence with place and remedy.
    """
    spot_ms, index, stale = _spot(spot)
    interval_ms = grid_of(spot_ms, spot)
    frame = _checked(contracts, spot, int(spot_ms[0]), interval_ms)
    kept = _kept(frame, months, contracts)
    first = max(int(kept["ts"].to_numpy().min()), from_ms, int(spot_ms[0]))
    last = int(kept["ts"].to_numpy().max())
    end = last if front_as_index else min(last, int(spot_ms[-1]))
    if first >= end:
        raise HistoryError(
            f"{contracts} and {spot} share no hours: the contracts' bars begin at {stamp(first)}, spot ends at"
            f" {stamp(int(spot_ms[-1]))}. Give files of the same years."
        )
    first -= (first - int(spot_ms[0])) % interval_ms
    open_ms = np.arange(first, end + 1, interval_ms, dtype=np.int64)
    at = (open_ms - int(spot_ms[0])) // interval_ms
    inside = at < len(spot_ms)
    at = np.minimum(at, len(spot_ms) - 1)
    bare = DatedHistory(
        name=contracts.name,
        spot_name=spot.name,
        interval_ms=interval_ms,
        open_ms=open_ms,
        index=np.where(inside & ~stale[at], index[at], np.nan),
        missing=inside & np.isnan(index[at]),
        stale=inside & stale[at],
        from_front=~inside,
        lives=_lives(kept, open_ms, interval_ms),
    )
    return bare if inside.all() else replace(bare, index=_with_front(bare))


# --- spot ---------------------------------------------------------------------------------------------------


def _spot(path: Path) -> tuple[Ints, Floats, Bools]:
    """Read spot: bar opens, closes, and which of them no trade stands behind."""
    frame = read_frame(path, SPOT_REQUIRED)
    open_ms, close = times_of(frame, path), numbers_of(frame, "close_spot", path)
    refuse_rows((close <= 0) | np.isinf(close), "close_spot", "is no positive number", open_ms, path)
    if "volume_spot" not in frame.columns:
        return open_ms, close, np.zeros(len(open_ms), bool)
    return open_ms, close, (numbers_of(frame, "volume_spot", path) == 0) & ~np.isnan(close)


def _with_front(history: DatedHistory) -> Floats:
    """Fill the index behind the end of spot with the close of the nearest contract; a bar without one stays blind."""
    index = history.index.copy()
    open_until = np.full(len(history), np.iinfo(np.int64).max)
    for life in history.lives:
        bars = life.bar[history.from_front[life.bar]]
        nearer = bars[life.expiry_ms < open_until[bars]]
        index[nearer] = life.close[np.searchsorted(life.bar, nearer)]
        open_until[nearer] = life.expiry_ms
    return index


# --- contracts ----------------------------------------------------------------------------------------------


def _checked(path: Path, spot: Path, origin_ms: int, interval_ms: int) -> pl.DataFrame:
    """Read contracts and check every row; times become milliseconds."""
    frame = read_frame(path, REQUIRED)
    open_ms, expiry_ms = times_of(frame, path), times_of(frame, path, "expiry_ts")
    numbers = {name: numbers_of(frame, name, path) for name in (*PRICES, "volume")}
    for name in PRICES:
        refuse_rows(~np.isfinite(numbers[name]), name, "is not a number", open_ms, path)
        refuse_rows(numbers[name] <= 0, name, "is not positive", open_ms, path)
        outside = (numbers[name] > numbers["high"]) | (numbers[name] < numbers["low"])
        refuse_rows(outside, name, "lies outside low..high", open_ms, path)
    volume = numbers["volume"]
    refuse_rows(~(np.isfinite(volume) & (volume >= 0)), "volume", "is no number from 0", open_ms, path)
    late = open_ms + interval_ms > expiry_ms
    refuse_rows(late, "expiry_ts", "lies before the bar's close", open_ms, path)
    off = (open_ms - origin_ms) % interval_ms != 0
    refuse_rows(off, "ts", f"does not lie on the grid of {spot.name}", open_ms, path)
    names = frame["contract"].cast(pl.String).fill_null("")
    refuse_rows((names == "").to_numpy(), "contract", "is empty", open_ms, path)
    checked = pl.DataFrame({"ts": open_ms, "contract": names, "expiry_ms": expiry_ms} | numbers)
    _check_lives(checked, open_ms, path, interval_ms)
    return checked


def _check_lives(frame: pl.DataFrame, open_ms: Ints, path: Path, interval_ms: int) -> None:
    """Check that every contract's bars follow each other, on the interval of spot, and that it has one expiry."""
    step = frame.select(pl.col("ts").diff().over("contract").fill_null(interval_ms)).to_series().to_numpy()
    refuse_rows(step == 0, "ts", "repeats the contract's bar before", open_ms, path)
    refuse_rows(step < 0, "ts", "is earlier than the contract's bar before", open_ms, path)
    moved = frame.select(pl.col("expiry_ms") != pl.col("expiry_ms").first().over("contract")).to_series()
    refuse_rows(moved.to_numpy(), "expiry_ts", "differs from that of the contract's first bar", open_ms, path)
    between = frame.select(pl.col("ts").diff().over("contract")).to_series().drop_nulls().to_numpy()
    if len(between) and between.min() != interval_ms:
        raise HistoryError(
            f"{path}: no two bars of a contract follow each other at {interval_ms // 1000} s, the interval of spot:"
            " give both files the same interval."
        )


def _kept(frame: pl.DataFrame, months: Sequence[int], path: Path) -> pl.DataFrame:
    """Keep contracts that expire in some months of the year; no two of them on the same day."""
    month = pl.from_epoch("expiry_ms", time_unit="ms").dt.month()
    kept = frame.filter(month.is_in(list(months)))
    if kept.is_empty():
        asked = ", ".join(str(one) for one in months)
        raise HistoryError(f"{path} has no contract that expires in month(s) {asked}: choose other months.")
    day = kept.group_by(pl.col("expiry_ms") // 86_400_000).agg(pl.col("contract").unique())
    for names in day["contract"]:
        if len(names) > 1:
            both = " and ".join(sorted(names))
            raise HistoryError(f"{path}: {both} expire on the same day: keep one of them.")
    return kept


def _lives(frame: pl.DataFrame, open_ms: Ints, interval_ms: int) -> tuple[Life, ...]:
    """Cut the rows into contracts, nearest expiry first; what lies outside the timeline is left out."""
    inside = frame.filter(pl.col("ts").is_between(int(open_ms[0]), int(open_ms[-1])))
    lives = [
        Life(
            name=str(name),
            expiry_ms=int(rows["expiry_ms"][0]),
            bar=(rows["ts"].to_numpy() - int(open_ms[0])) // interval_ms,
            high=rows["high"].to_numpy(),
            low=rows["low"].to_numpy(),
            close=rows["close"].to_numpy(),
            volume=rows["volume"].to_numpy(),
        )
        for (name,), rows in inside.group_by("contract", maintain_order=True)
    ]
    return tuple(sorted(lives, key=lambda life: life.expiry_ms))
