"""What one in the middle of a history looks back on: whole bars that have closed, and funding settled before."""

from pathlib import Path

import numpy as np
import pytest

from bot.backtest.history import History
from bot.backtest.lookback import Lookback
from bot.core.lookback import Need
from tests.backtest.builders import D, hours, loaded

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
"""1 January 2024."""
FUTURE, SPOT = "BTC/USDT:USDT", "BTC/USDT"


def lookback(history: History) -> Lookback:
    return Lookback(history, FUTURE, {SPOT: history.spot})


@pytest.fixture
def bars(tmp_path: Path) -> History:
    """Twelve hours from 100 to 111; spot is one below, and halted in the sixth hour; funding settles every fourth."""
    spot: list[float | None] = [99.0 + hour for hour in range(12)]
    spot[5] = None
    rates = [0.0001 * hour if hour % 4 == 0 else None for hour in range(12)]
    closes = [100.0 + hour for hour in range(12)]
    return loaded(hours(closes, close_spot=spot, funding_rate=rates), tmp_path)


@pytest.mark.parametrize(
    ("symbol", "bar_hours", "count", "at_hours", "last_hours", "closes", "lows"),
    [
        (FUTURE, 1, 3, 5, 5, "102 103 104", "101 102 103"),
        (FUTURE, 4, 9, 9, 8, "103 107", "100 103"),  # the third is not whole yet
        (FUTURE, 4, 1, 12, 12, "111", "107"),
        (SPOT, 1, 9, 9, 9, "105 106 107", "105 106 107"),  # from the halt on
        (SPOT, 1, 9, 6, 6, "", ""),  # halted now
        (SPOT, 2, 9, 8, 8, "106", "105"),  # no close in the third
        (SPOT, 4, 9, 8, 8, "102 106", "99 103"),  # a halt inside a bar is no hole
    ],
)
def test_bars_are_put_together_on_the_clock_and_nothing_is_given_across_a_hole(
    bars: History,
    symbol: str,
    bar_hours: int,
    count: int,
    at_hours: int,
    last_hours: int,
    closes: str,
    lows: str,
) -> None:
    need = Need(symbol=symbol, bar_ms=bar_hours * HOUR_MS, count=count)

    found = lookback(bars).bars(need, START_MS + at_hours * HOUR_MS)

    assert found is not None
    assert found.last_ms == START_MS + last_hours * HOUR_MS
    assert found.closes == tuple(D(one) for one in closes.split())
    assert found.lows == tuple(D(one) for one in lows.split())


@pytest.mark.parametrize(
    ("symbol", "bar_ms", "at_ms"),
    [
        (FUTURE, HOUR_MS, HOUR_MS - 1),  # none has closed
        (FUTURE, 4 * HOUR_MS, 4 * HOUR_MS - 1),
        (FUTURE, HOUR_MS, 14 * HOUR_MS),  # the history has ended
        ("ETH/USDT:USDT", HOUR_MS, 5 * HOUR_MS),  # another market
        (FUTURE, HOUR_MS * 3 // 2, 6 * HOUR_MS),  # no multiple of the history's bars
        (FUTURE, 24 * HOUR_MS, 12 * HOUR_MS),  # longer than the history
    ],
)
def test_what_is_not_there_is_none(bars: History, symbol: str, bar_ms: int, at_ms: int) -> None:
    need = Need(symbol=symbol, bar_ms=bar_ms, count=1)

    assert lookback(bars).bars(need, START_MS + at_ms) is None


def test_bars_begin_on_the_clock_wherever_the_history_does(bars: History) -> None:
    need = Need(symbol=FUTURE, bar_ms=4 * HOUR_MS, count=9)

    found = lookback(bars.part(1, 12)).bars(need, START_MS + 12 * HOUR_MS)

    assert found is not None
    assert found.closes == (D(107), D(111))


def test_what_settles_at_this_very_time_is_not_known_yet(bars: History) -> None:
    """The decision taken now still moves the position that it settles on."""
    history = lookback(bars)

    at_eight = history.settled(FUTURE, 9, START_MS + 8 * HOUR_MS)
    later = history.settled(FUTURE, 1, START_MS + 8 * HOUR_MS + 1)

    assert at_eight is not None
    assert (at_eight.rates, at_eight.last_ms) == ((D(0), D("0.0004")), START_MS + 4 * HOUR_MS)
    assert later is not None
    assert (later.rates, later.interval_ms) == ((D("0.0008"),), 4 * HOUR_MS)
    assert history.settled(FUTURE, 9, START_MS + 4 * HOUR_MS) is None
    assert history.settled(SPOT, 9, START_MS + 9 * HOUR_MS) is None


def test_a_part_of_a_history_has_all_its_columns_cut(bars: History) -> None:
    part = bars.part(2, 5)

    assert (len(part), part.name, part.interval_ms) == (3, bars.name, HOUR_MS)
    assert all(len(value) == 3 for value in vars_of(part))


def vars_of(history: History) -> list[np.ndarray]:
    values = [getattr(history, name) for name in History.__dataclass_fields__]
    return [value for value in values if isinstance(value, np.ndarray)]
