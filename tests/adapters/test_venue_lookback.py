"""Holes, gaps and latecomers: what a venue's past may look like, and what is made of it."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from bot.adapters.clock import SimClock
from bot.adapters.venue_lookback import VenueLookback
from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.history import Candle, Rate, candles_of, rates_of
from bot.adapters.venues.outcomes import Failure, Outcome, RequestFailed
from bot.core.lookback import Need

D = Decimal
HOUR_MS = 3_600_000
NOW_MS = 1_767_571_200_000
BTC = "BTC/USDT:USDT"


def failed(outcome: Outcome) -> RequestFailed:
    return RequestFailed(Failure(sent=True, status=500, code="", message="no"), outcome)


def hour(at_ms: int) -> Decimal:
    """Number hours: the low of a candle."""
    return D(at_ms // HOUR_MS - 400_000)


@dataclass
class Past:
    """A venue with hourly candles and rates at the hours before now that are given."""

    hours: tuple[int, ...] = ()
    """Open times of candles, and times of settlements, in hours before ``NOW_MS``."""
    now: int = NOW_MS
    error: RequestFailed | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def now_ms(self) -> int:
        return self.now

    def _times(self, from_ms: int, to_ms: int) -> list[int]:
        if self.error is not None:
            raise self.error
        self.asked.append((from_ms, to_ms))
        return sorted(at for hour in self.hours if from_ms <= (at := NOW_MS - hour * HOUR_MS) <= to_ms)

    async def candles(self, symbol: str, timeframe: str, from_ms: int, to_ms: int) -> tuple[Candle, ...]:
        assert (symbol, timeframe) == (BTC, "1h")
        return tuple((at, hour(at) + 2, hour(at), hour(at) + 1) for at in self._times(from_ms, to_ms))

    async def settlements(self, symbol: str, from_ms: int, to_ms: int, page: int) -> tuple[Rate, ...]:
        assert symbol == BTC
        assert page >= 1
        return tuple((at, D(at)) for at in self._times(from_ms, to_ms))


def lookback(past: Past, clock_ms: int = NOW_MS) -> VenueLookback:
    return VenueLookback(past, SimClock(clock_ms))


NEED = Need(symbol=BTC, bar_ms=HOUR_MS, count=4)


@pytest.mark.parametrize(
    ("hours", "bar_hours", "bars"),
    [
        # candles opened so many hours ago    length  bars that are left
        ((8, 7, 6, 5, 4, 3, 2, 1), 1, 4),
        ((4, 3, 2, 1), 1, 4),
        ((4, 3, 2, 1, 0), 1, 4),  # one still forming
        ((3, 2, 1), 1, 3),  # a young market
        ((4, 2, 1), 1, 2),  # a hole cuts what is before it
        ((4, 3, 2), 1, 0),  # the newest is not there yet
        ((), 1, 0),
        ((8, 7, 6, 5, 4, 3, 2, 1), 2, 4),
        ((8, 7, 6, 5, 3, 2, 1), 2, 1),  # half a bar is none
        ((8, 7, 6, 5, 4, 3, 1), 2, 0),
    ],
)
async def test_bars_reach_back_to_the_first_hole(hours: tuple[int, ...], bar_hours: int, bars: int) -> None:
    found = await lookback(Past(hours)).bars(Need(symbol=BTC, bar_ms=bar_hours * HOUR_MS, count=4))

    assert (0 if found is None else len(found.closes)) == bars
    if found is not None:
        assert found.last_ms == NOW_MS
        last = D(NOW_MS) / HOUR_MS - 1 - 400_000
        assert (found.closes[-1], found.highs[-1], found.lows[-1]) == (
            last + 1,
            last + 2,
            last - bar_hours + 1,
        )


async def test_bars_that_no_hours_make_are_none() -> None:
    assert await lookback(Past((1,))).bars(Need(symbol=BTC, bar_ms=HOUR_MS // 4, count=4)) is None


async def test_nothing_before_a_hole_is_asked_for() -> None:
    past = Past(tuple(hour for hour in range(1, 400) if hour != 120))

    found = await lookback(past).bars(Need(symbol=BTC, bar_ms=HOUR_MS, count=400))

    assert found is not None
    assert len(found.closes) == 119
    assert len(past.asked) == 2


@pytest.mark.parametrize(
    ("hours", "interval_hours", "rates"),
    [
        # settled so many hours ago     interval   rates that are left
        ((32, 24, 16, 8, 0), 8, 5),
        ((32, 16, 8, 0), 8, 3),  # one is missing
        ((3, 2, 1, 0), 1, 4),
        ((24, 16, 12, 8, 4, 0), 4, 5),  # it was every eight hours before
        ((16, 11, 10, 9, 8, 0), 8, 2),  # it was every hour before
        ((8,), 8, 1),
        ((), 8, 0),
    ],
)
async def test_rates_reach_back_to_the_first_gap_and_to_the_interval_of_now(
    hours: tuple[int, ...], interval_hours: int, rates: int
) -> None:
    found = await lookback(Past(hours)).settled(BTC, 10, interval_hours * HOUR_MS)

    assert (0 if found is None else len(found.rates)) == rates


async def test_a_bar_that_comes_late_is_asked_for_again_after_a_minute() -> None:
    past, clock = Past((4, 3, 2)), SimClock(NOW_MS)
    looking = VenueLookback(past, clock)

    first, at_once = await looking.bars(NEED), await looking.bars(NEED)
    past.hours, past.now = (4, 3, 2, 1), NOW_MS + 61_000
    clock.turn_to(past.now)
    later = await looking.bars(NEED)

    assert first is None
    assert at_once is None
    assert later is not None
    assert len(past.asked) == 2


@pytest.mark.parametrize(("theirs_ms", "ours_ms"), [(30_000, -60_000), (-60_000, 30_000)])
async def test_the_clock_that_is_behind_says_which_bar_has_closed(theirs_ms: int, ours_ms: int) -> None:
    """By the other it is still forming at the venue, or closes after the time of the picture."""
    past = Past((5, 4, 3, 2, 1, 0), now=NOW_MS + theirs_ms)
    looking = lookback(past, NOW_MS + ours_ms)

    bars, settled = await looking.bars(NEED), await looking.settled(BTC, 3, HOUR_MS)

    assert bars is not None
    assert settled is not None
    assert bars.last_ms == settled.last_ms == NOW_MS - HOUR_MS


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.RATE_LIMITED, Outcome.RETRY])
async def test_a_failure_without_anything_read_before_is_a_failure(outcome: Outcome) -> None:
    past = Past((4, 3, 2, 1), error=failed(outcome))
    looking = lookback(past)

    for _ in range(2):
        with pytest.raises(RequestFailed):
            await looking.bars(NEED)
    past.error = None
    assert await looking.bars(NEED) is not None


async def test_a_refused_key_is_never_covered_up_by_what_was_read_before() -> None:
    past, clock = Past((4, 3, 2, 1)), SimClock(NOW_MS)
    looking = VenueLookback(past, clock)
    await looking.bars(NEED)
    past.now, past.error = NOW_MS + HOUR_MS, failed(Outcome.AUTH)
    clock.turn_to(past.now)

    with pytest.raises(RequestFailed):
        await looking.bars(NEED)


ROW = [NOW_MS, D(2), D(3), D(1), D(2), D(9)]
RATE = {"timestamp": NOW_MS, "fundingRate": D("0.0001")}


def test_rows_are_read_oldest_first() -> None:
    older = [NOW_MS - 1, *ROW[1:]]

    assert candles_of([ROW, older], [[]]) == ((NOW_MS - 1, D(3), D(1), D(2)), (NOW_MS, D(3), D(1), D(2)))
    assert rates_of([RATE], {"data": []}) == ((NOW_MS, D("0.0001")),)
    assert candles_of([], {"result": {"list": []}}) == ()


@pytest.mark.parametrize("answer", [{}, None, "", {"data": {}}, {"result": {"list": None}}])
def test_an_answer_without_a_list_is_no_empty_past(answer: object) -> None:
    with pytest.raises(ShapeError, match="a list was expected"):
        candles_of([], answer)


@pytest.mark.parametrize(
    "row",
    [[], [NOW_MS], [None, *ROW[1:]], [*ROW[:4], None], [*ROW[:4], D(0)], [*ROW[:4], D("NaN")], None, "x"],
)
def test_a_row_that_cannot_be_read_spoils_the_answer(row: object) -> None:
    with pytest.raises(ShapeError):
        candles_of([ROW, row], [])


@pytest.mark.parametrize("row", [{}, {**RATE, "timestamp": None}, {**RATE, "fundingRate": None}, None])
def test_a_rate_that_cannot_be_read_spoils_the_answer(row: object) -> None:
    with pytest.raises(ShapeError):
        rates_of([RATE, row], [])
