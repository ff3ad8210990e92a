"""Two histories on one grid: bars put together, funding where it settles, holes kept, both cut to what they share."""

from pathlib import Path

import numpy as np
import pytest

from bot.backtest.history import History, HistoryError, Ints, load
from bot.backtest.joining import on_one_grid
from tests.backtest.builders import hours, loaded, shared
from tests.strategies.builders import table

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
"""1 January 2024."""

# Hours of a day on the left, what they make on the right: four-hour bars. Highs and lows are those of open and close.
# A rate at 04:00 settles on what was held from 00:00 to 04:00; those of 05:00 to 08:00 settle together at 08:00.
HOURS = """
#close | spot | volume | funding
101 | 100 | 1 | 0.0001
107 | 106 | 2 |
 95 |     | 3 |
102 | 101 | 4 |
103 | 102 | 1 | 0.0002
104 | 103 | 1 | 0.0010
105 | 104 | 1 | 0.0020
106 |     | 1 |
107 | 106 | 5 | 0.0040
108 | 107 | 5 | 0.0500
109 | 108 | 5 |
110 | 109 | 5 |
"""
BARS = """
#open | high | low | close | spot | volume | funding | at price
101 | 107 |  95 | 102 | 101 | 10 | 0.0001 | 101
102 | 106 | 102 | 106 |     |  4 | 0.0002 | 102
106 | 110 | 106 | 110 | 109 | 20 | 0.0070 | 106
"""


def numbers(text: str) -> list[list[float]]:
    """Read a table of figures by column; an empty cell is NaN."""
    return [[float(cell or "nan") for cell in column] for column in zip(*table(text), strict=True)]


def optional(column: list[float]) -> list[float | None]:
    return [None if np.isnan(figure) else figure for figure in column]


@pytest.fixture
def fine(tmp_path: Path) -> History:
    close, spot, volume, rate = numbers(HOURS)
    frame = hours(close, close_spot=optional(spot), volume_perp=optional(volume), funding_rate=optional(rate))
    return loaded(frame, tmp_path)


def grid(open_ms: Ints) -> History:
    """Make a history with nothing in it but its bars' times."""
    price, nothing = np.ones(len(open_ms)), np.zeros(len(open_ms), bool)
    return History(
        name="grid", interval_ms=int(open_ms[1] - open_ms[0]), open_ms=open_ms,
        perp_open=price, perp_high=price, perp_low=price, perp_close=price, mark=price, spot=price, volume=price,
        funding_rate=price * np.nan, funding_price=price, missing=nothing, stale=nothing,
    )  # fmt: skip


def in_fours(first_hour: int, bars: int) -> History:
    """Make so many bars of four hours."""
    return grid(START_MS + HOUR_MS * (first_hour + 4 * np.arange(bars)))


def test_hours_make_four_hours(fine: History) -> None:
    made, _ = on_one_grid(fine, in_fours(0, 3))

    found = [
        made.perp_open, made.perp_high, made.perp_low, made.perp_close, made.spot, made.volume,
        made.funding_rate, made.funding_price,
    ]  # fmt: skip
    for values, wanted in zip(found, numbers(BARS), strict=True):
        np.testing.assert_allclose(values, wanted, rtol=1e-12)
    assert made.missing.tolist() == [False, True, False]
    assert made.mark.tolist() == made.perp_close.tolist()


def test_which_of_the_two_is_finer_does_not_matter(fine: History) -> None:
    made, other = on_one_grid(fine, in_fours(0, 3))
    other_too, made_too = on_one_grid(in_fours(0, 3), fine)

    np.testing.assert_equal(made.perp_close, made_too.perp_close)
    np.testing.assert_equal(other.open_ms, other_too.open_ms)


@pytest.mark.parametrize(
    ("first_hour", "bars", "opens"), [(0, 3, "0 4 8"), (-8, 9, "0 4 8"), (4, 9, "4 8"), (-4, 3, "0 4")]
)
def test_both_are_cut_to_the_bars_they_share(fine: History, first_hour: int, bars: int, opens: str) -> None:
    made, other = on_one_grid(fine, in_fours(first_hour, bars))

    assert ((made.open_ms - START_MS) // HOUR_MS).tolist() == [int(one) for one in opens.split()]
    assert made.open_ms.tolist() == other.open_ms.tolist()


def test_bars_that_begin_in_between_are_made_of_the_hours_that_fill_them(fine: History) -> None:
    made, _ = on_one_grid(fine, in_fours(2, 9))

    assert made.perp_close.tolist() == [104, 108]
    np.testing.assert_allclose(made.funding_rate, [0.0001, 0.0032])  # of 00:00, of 04:00 to 06:00


@pytest.mark.parametrize(
    ("first_hour", "bars", "sentence"),
    [
        (24, 3, "share no two bars of 4 h: give files of the same time"),
        (8, 3, "share no two bars of 4 h"),
    ],
)
def test_histories_that_share_nothing_are_refused(
    fine: History, first_hour: int, bars: int, sentence: str
) -> None:
    with pytest.raises(HistoryError, match=sentence):
        on_one_grid(fine, in_fours(first_hour, bars))


@pytest.mark.parametrize("minutes", [30, 90])
def test_bars_that_do_not_fit_into_each_other_are_refused(fine: History, minutes: int) -> None:
    shifted = grid(in_fours(0, 9).open_ms + minutes * 60_000)

    with pytest.raises(HistoryError, match="give files whose bars begin and end together"):
        on_one_grid(fine, shifted)


@pytest.mark.parametrize("hour", range(8, 12))
def test_a_longer_bar_knows_nothing_of_what_comes_after_its_close(fine: History, hour: int) -> None:
    """What is known at a time is the same whether the hours go on or end there."""
    coarse = in_fours(-40, 20)
    whole, _ = on_one_grid(fine, coarse)
    known, _ = on_one_grid(fine.part(0, hour), coarse)

    for name in ("perp_close", "perp_high", "spot", "volume", "funding_rate", "missing"):
        np.testing.assert_equal(getattr(known, name), getattr(whole, name)[: len(known)])


def test_the_bitcoin_hours_make_the_eight_hours_of_the_data_s_own_figures() -> None:
    ada, btc = load(shared("linear_ADAUSDT_8h.parquet")), load(shared("linear_BTCUSDT_1h.parquet"))

    btc_8h, _ = on_one_grid(btc, grid(btc.open_ms[::8]))
    coin, future = on_one_grid(ada, btc)

    assert len(btc_8h) == 6_768
    assert int((~np.isnan(btc_8h.funding_rate)).sum()) == 6_741
    assert len(coin) == len(future) == 6_651
    assert coin.open_ms.tolist() == future.open_ms.tolist() == ada.open_ms.tolist()
    np.testing.assert_equal(btc_8h.funding_rate, btc.funding_rate[::8])


def test_eight_hour_returns_of_ada_on_bitcoin_have_the_beta_of_the_data_s_own_figures() -> None:
    coin, future = on_one_grid(
        load(shared("linear_ADAUSDT_8h.parquet")), load(shared("linear_BTCUSDT_1h.parquet"))
    )
    held, hedge = np.diff(np.log(coin.spot)), np.diff(np.log(future.perp_close))
    known = np.isfinite(held)

    beta = np.cov(held[known], hedge[known])[0, 1] / np.var(hedge[known], ddof=1)

    assert beta == pytest.approx(1.127, abs=0.001)
    assert np.corrcoef(held[known], hedge[known])[0, 1] == pytest.approx(0.688, abs=0.001)
