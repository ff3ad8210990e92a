"""What a venue tells of the past: closed bars and settled funding, read once for each bar and settlement.

What could not be read whole is asked for again after a while. What was read before stands in for it meanwhile: it says of
itself how old it is.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.history import Candle, Rate
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.core.lookback import Bars, Need, Settled
from bot.core.values import Price, Ratio, record
from bot.shell.ports import Clock

HOUR_MS = 3_600_000
TIMEFRAMES = {"1d": 24 * HOUR_MS, "4h": 4 * HOUR_MS, "1h": HOUR_MS}
"""Bars that every venue has, longest first; others are put together of them."""
CANDLES_PAGE = 99
"""What every venue gives at once, one more included, and the cheapest page at those that charge by length."""
RATES_PAGE = 200
"""What every venue gives at once."""
RETRY_MS = 60_000
"""An answer that is not whole is gone by for so long."""
T = TypeVar("T", Bars, Settled)


class PastApi(Protocol):
    """A client that knows the past."""

    def now_ms(self) -> int:
        """Tell the venue's time."""

    async def candles(self, symbol: str, timeframe: str, from_ms: int, to_ms: int) -> tuple[Candle, ...]:
        """Read a page of candles that opened within, oldest first; none of a market that is not listed."""

    async def settlements(self, symbol: str, from_ms: int, to_ms: int, page: int) -> tuple[Rate, ...]:
        """Read a page of settled funding rates: those within, or where times cannot be asked for the page before ``page - 1``."""


@record
class _Kept(Generic[T]):
    until_ms: int
    value: T | None


class VenueLookback:
    """Looks back on one venue's markets."""

    def __init__(self, api: PastApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._bars: dict[Need, _Kept[Bars]] = {}
        self._settled: dict[tuple[str, int, int], _Kept[Settled]] = {}

    def _now_ms(self) -> int:
        """Tell the earlier of both clocks: what has closed by ours only is still forming there, and by theirs only is to come."""
        return min(self._api.now_ms(), self._clock.now_ms())

    async def bars(self, need: Need) -> Bars | None:
        """Give the newest closed bars without a hole; None if the market has none, or none can be made of hours.

        Raises:
            RequestFailed: there is no answer, or it is a refusal, and nothing was read before.
            ShapeError: there is an answer that cannot be read, and nothing was read before.
        """
        kept = self._bars.get(need)
        if kept is None or self._now_ms() >= kept.until_ms:
            kept = await self._again(kept, need.bar_ms, lambda: self._read_bars(need))
            self._bars[need] = kept
        return kept.value

    async def settled(self, symbol: str, count: int, interval_ms: int) -> Settled | None:
        """Give the newest settled funding rates without a gap; None if there are none.

        Raises:
            RequestFailed: there is no answer, or it is a refusal, and nothing was read before.
            ShapeError: there is an answer that cannot be read, and nothing was read before.
        """
        key = symbol, count, interval_ms
        kept = self._settled.get(key)
        if kept is None or self._now_ms() >= kept.until_ms:
            kept = await self._again(
                kept, interval_ms, lambda: self._read_settled(symbol, count, interval_ms)
            )
            self._settled[key] = kept
        return kept.value

    async def _again(
        self, before: _Kept[T] | None, span_ms: int, read: Callable[[], Awaitable[T | None]]
    ) -> _Kept[T]:
        """Read, and keep it until the next is due; what is late, or cannot be read, is asked for again after a while."""
        known = None if before is None else before.value
        try:
            found = await read() or known
        except (RequestFailed, ShapeError) as error:
            if known is None or (isinstance(error, RequestFailed) and error.outcome is Outcome.AUTH):
                raise
            found = known
        now_ms = self._now_ms()
        due_ms = 0 if found is None else found.last_ms + span_ms
        return _Kept(until_ms=due_ms if due_ms > now_ms else now_ms + RETRY_MS, value=found)

    async def _read_bars(self, need: Need) -> Bars | None:
        """Read page by page from the newest back: nothing before a hole is of use."""
        fitting = [(word, ms) for word, ms in TIMEFRAMES.items() if need.bar_ms % ms == 0]
        if not fitting:
            return None
        word, base_ms = fitting[0]
        last_ms = self._now_ms() // need.bar_ms * need.bar_ms
        begin_ms, to_ms = last_ms - need.count * need.bar_ms, last_ms
        found: dict[int, Candle] = {}
        while to_ms > begin_ms:
            from_ms = max(begin_ms, to_ms - CANDLES_PAGE * base_ms)
            page = await self._api.candles(need.symbol, word, from_ms, to_ms)
            fresh = {one[0]: one for one in page if from_ms <= one[0] < to_ms}
            found |= fresh
            if len(fresh) < (to_ms - from_ms) // base_ms:
                break
            to_ms = from_ms
        return put_together(need, last_ms, base_ms, found)

    async def _read_settled(self, symbol: str, count: int, interval_ms: int) -> Settled | None:
        """Read page by page from the newest back, until there are enough or no more."""
        found: dict[int, Decimal] = {}
        to_ms, page = self._now_ms(), 1
        while len(found) < count:
            from_ms = to_ms - (RATES_PAGE - 1) * interval_ms
            told = await self._api.settlements(symbol, from_ms, to_ms, page)
            fresh = {at_ms: rate for at_ms, rate in told if at_ms <= to_ms}
            if not fresh:
                break
            found |= fresh
            to_ms, page = min(from_ms, *fresh) - 1, page + 1
        newest = _unbroken(sorted(found), interval_ms)[-count:]
        if not newest:
            return None
        return Settled(
            symbol=symbol,
            interval_ms=interval_ms,
            last_ms=newest[-1],
            rates=tuple(Ratio(found[at_ms]) for at_ms in newest),
        )


def _unbroken(times: list[int], interval_ms: int) -> list[int]:
    """Cut what is before a gap, or before the venue settled at this interval: such an average would not be a year's."""
    for place in range(len(times) - 1, 0, -1):
        gap_ms = times[place] - times[place - 1]
        if not interval_ms < 2 * gap_ms < 3 * interval_ms:
            return times[place:]
    return times


def put_together(need: Need, last_ms: int, base_ms: int, found: Mapping[int, Candle]) -> Bars | None:
    """Make bars of shorter candles, from the newest back to the first that lacks one; None if the newest does."""
    made: list[Sequence[Candle]] = []
    for number in range(1, need.count + 1):
        opens = range(last_ms - number * need.bar_ms, last_ms - (number - 1) * need.bar_ms, base_ms)
        parts = [found[at_ms] for at_ms in opens if at_ms in found]
        if len(parts) < len(opens):
            break
        made.append(parts)
    if not made:
        return None
    made.reverse()
    return Bars(
        symbol=need.symbol,
        bar_ms=need.bar_ms,
        last_ms=last_ms,
        closes=tuple(Price(parts[-1][3]) for parts in made),
        highs=tuple(Price(max(one[1] for one in parts)) for parts in made),
        lows=tuple(Price(min(one[2] for one in parts)) for parts in made),
    )
