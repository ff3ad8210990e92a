from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from bot.backtest.history import HistoryError, load
from tests.backtest.builders import hours, saved, shared

Spoil = Callable[[pl.DataFrame], pl.DataFrame]


def cell(name: str, row: int, value: float | None) -> Spoil:
    return lambda f: f.with_columns(
        pl.when(pl.int_range(pl.len()) == row)
        .then(pl.lit(value, pl.Float64))
        .otherwise(pl.col(name))
        .alias(name)
    )


FAULTS: dict[str, tuple[Spoil, list[str]]] = {
    "a gap": (
        lambda f: pl.concat([f[:4], f[6:]]),
        ["row 5", "2024-01-01T06:00", "does not follow", "fill the gap"],
    ),
    "a duplicate": (
        lambda f: pl.concat([f[:4], f[3:]]),
        ["row 5", "repeats the bar before", "drop the duplicate"],
    ),
    "out of order": (
        lambda f: pl.concat([f[:4], f[5:6], f[4:5], f[6:]]),
        ["row 6", "earlier", "sort the file"],
    ),
    "NaN": (cell("close_perp", 3, float("nan")), ["row 4", "close_perp is not a number", "mend or cut"]),
    "empty price": (cell("high_perp", 3, None), ["row 4", "high_perp is not a number"]),
    "a zero price": (cell("low_perp", 2, 0.0), ["row 3", "low_perp is not positive"]),
    "a negative price": (cell("close_spot", 2, -1.0), ["row 3", "close_spot is not positive"]),
    "an infinite price": (cell("close_spot", 2, float("inf")), ["row 3", "close_spot is not a number"]),
    "a close above the high": (cell("close_perp", 2, 99.0), ["row 3", "close_perp lies outside low..high"]),
    "no time zone": (
        lambda f: f.with_columns(pl.col("ts").dt.replace_time_zone(None)),
        ["no time zone", "convert it to UTC"],
    ),
    "another zone": (
        lambda f: f.with_columns(pl.col("ts").dt.convert_time_zone("Europe/Berlin")),
        ["Europe/Berlin", "convert it to UTC"],
    ),
    "numbers for times": (
        lambda f: f.with_columns(pl.col("ts").dt.epoch("ms")),
        ["ts is Int64", "2024-01-01T"],
    ),
    "an empty time": (
        lambda f: f.with_columns(pl.when(pl.int_range(pl.len()) != 2).then(pl.col("ts")).alias("ts")),
        ["row 3", "ts is empty"],
    ),
    "a lacking column": (lambda f: f.drop("close_spot"), ["lacks the column(s) close_spot"]),
    "no rows": (lambda f: f[:0], ["no rows"]),
    "one row": (lambda f: f[:1], ["one row", "at least two"]),
    "words for a price": (
        lambda f: f.with_columns(pl.lit("dear").alias("close_perp")),
        ["column close_perp", "no number"],
    ),
}


SAID_OTHERWISE_IN_CSV = {"no time zone", "another zone", "numbers for times", "no rows", "an empty time"}
"""The next test has these for CSV."""
CASES = [
    (fault, name)
    for fault in FAULTS
    for name in ("candles.parquet", "candles.csv")
    if not (name.endswith("csv") and fault in SAID_OTHERWISE_IN_CSV)
]


@pytest.mark.parametrize(("fault", "name"), CASES)
def test_a_faulty_candle_file_is_refused_in_one_sentence_with_place_and_remedy(
    fault: str, name: str, tmp_path: Path
) -> None:
    spoil, words = FAULTS[fault]
    frame = spoil(hours([50.0 + n for n in range(10)]))
    path = saved(frame, tmp_path, name)

    with pytest.raises(HistoryError) as refused:
        load(path)

    sentence = str(refused.value)
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    for word in words:
        assert word in sentence


@pytest.mark.parametrize(
    ("ts", "words"),
    [
        ("2024-01-01T00:00:00+02:00", "not marked as UTC"),
        ("2024-01-01 00:00:00", "not marked as UTC"),
        ("yesterday Z", "no ISO 8601 time"),
        ("1704067200000", "not a time"),
    ],
)
def test_times_in_csv_must_be_iso_8601_in_utc(ts: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text(
        f"ts,open_perp,high_perp,low_perp,close_perp,close_spot\n{ts},1,1,1,1,1\n{ts},1,1,1,1,1\n"
    )

    with pytest.raises(HistoryError, match=words):
        load(path)


@pytest.mark.parametrize("zulu", ["Z", "+00:00"])
def test_csv_and_parquet_read_the_same(zulu: str, tmp_path: Path) -> None:
    frame = hours([50.0 + n for n in range(10)], volume_perp=[1.0] * 10)
    text = frame.with_columns(pl.col("ts").dt.strftime("%Y-%m-%dT%H:%M:%S") + zulu)

    one, two = load(saved(frame, tmp_path)), load(saved(text, tmp_path, "c.csv"))

    assert (one.open_ms == two.open_ms).all()
    assert (one.perp_close == two.perp_close).all()
    assert one.interval_ms == two.interval_ms == 3_600_000


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.parquet", None, "No candle file at"),
        ("empty.parquet", b"", "is empty"),
        ("torn.parquet", b"PAR1 but not really", "cannot be read as .parquet"),
        ("torn.csv", b"\xff\xfe\x00", "lacks the column"),
    ],
)
def test_a_file_that_is_no_file_is_refused(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(HistoryError, match=words):
        load(tmp_path / name)


def test_missing_and_stale_spot_is_counted_and_not_refused(tmp_path: Path) -> None:
    frame = hours([50.0] * 6, close_spot=[50, None, float("nan"), 50, 50, 50], volume_spot=[1, 0, 0, 0, 1, 1])

    bars = load(saved(frame, tmp_path))

    assert bars.missing.tolist() == [False, True, True, False, False, False]
    assert bars.stale.tolist() == [False, False, False, True, False, False]


def test_a_settlement_outside_its_bar_is_refused(tmp_path: Path) -> None:
    frame = hours([50.0] * 6, funding_rate=[None, 0.01, None, None, None, None]).with_columns(
        pl.when(pl.int_range(pl.len()) == 1)
        .then(pl.col("ts").dt.offset_by("90m"))
        .dt.cast_time_unit("ms")
        .alias("funding_ts")
    )

    with pytest.raises(HistoryError, match="funding_ts lies outside its bar"):
        load(saved(frame, tmp_path))


def test_the_shared_files_pass_the_checks() -> None:
    linear = load(shared("linear_BTCUSDT_1h.parquet"))
    inverse = load(shared("inverse_BTC_deribit_1h.parquet"))
    altcoin = load(shared("linear_ADAUSDT_8h.parquet"))

    assert (len(linear), int(linear.missing.sum()), int(linear.stale.sum())) == (54_144, 31, 3)
    assert (len(inverse), int(inverse.missing.sum())) == (54_145, 32)
    assert (len(altcoin), altcoin.interval_ms) == (6_651, 8 * 3_600_000)
