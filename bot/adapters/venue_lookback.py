"""What a venue tells of the past: closed bars and settled funding, read once for each bar and settlement."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from bot.core.lookback import Bars, Need, Settled
from bot.core.values import Price, Ratio, record

HOUR_MS = 3_600_000
TIMEFRAMES = {"1d": 24 * HOUR_MS, "4h": 4 * HOUR_MS, "1h": HOUR_MS}
"""Bars that every venue has, longest first; others are put together of them."""
PAGE = 500
PAGES_MAX = 100
Candle = tuple[int, Decimal, Decimal, Decimal]
"""Open time, high, low, close."""


class PastApi(Protocol):
    """A client that knows the past."""

    def now_ms(self) -> int:
        """Tell the venue's time."""

    async def candles(self, symbol: str, timeframe: str, from_ms: int, count: int) -> tuple[Candle, ...]:
        """Read candles from a time on, oldest first; none of a market that is not listed."""

    async def settlements(self, symbol: str, from_ms: int, count: int) -> tuple[tuple[int, Decimal], ...]:
        """Read settled funding rates from a time on, oldest first: when, and the rate."""


@record
class _Kept:
    until_ms: int
    value: Bars | Settled | None


class VenueLookback:
    """Looks back on one venue's markets."""

    def __init__(self, api: PastApi) -> None:
        self._api = api
        self._kept: dict[tuple[str, str, int, int], _Kept] = {}

    async def bars(self, need: Need) -> Bars | None:
        """Give the newest closed bars without a hole; None if the market has none."""
        last_ms = self._api.now_ms() // need.bar_ms * need.bar_ms
        key = ("bars", need.symbol, need.bar_ms, need.count)
        found = await self._once(key, last_ms + need.bar_ms, lambda: self._read_bars(need, last_ms))
        return found if isinstance(found, Bars) else None

    async def settled(self, symbol: str, count: int, interval_ms: int) -> Settled | None:
        """Give the newest settled funding rates; None if there are none."""
        now_ms = self._api.now_ms()
        key = ("settled", symbol, interval_ms, count)
        next_ms = (now_ms // interval_ms + 1) * interval_ms
        found = await self._once(key, next_ms, lambda: self._read_settled(symbol, count, interval_ms, now_ms))
        return found if isinstance(found, Settled) else None

    async def _once(
        self,
        key: tuple[str, str, int, int],
        until_ms: int,
        read: Callable[[], Awaitable[Bars | Settled | None]],
    ) -> Bars | Settled | None:
        kept = self._kept.get(key)
        if kept is None or self._api.now_ms() >= kept.until_ms:
            kept = self._kept[key] = _Kept(until_ms=until_ms, value=await read())
        return kept.value

    async def _read_bars(self, need: Need, last_ms: int) -> Bars | None:
        word, base_ms = next((word, ms) for word, ms in TIMEFRAMES.items() if need.bar_ms % ms == 0)
        found: dict[int, Candle] = {}
        start_ms = last_ms - need.count * need.bar_ms
        for _ in range(PAGES_MAX):
            page = await self._api.candles(need.symbol, word, start_ms, PAGE)
            fresh = [one for one in page if start_ms <= one[0] < last_ms]
            found |= {one[0]: one for one in fresh}
            if not fresh or fresh[-1][0] + base_ms >= last_ms:
                break
            start_ms = fresh[-1][0] + base_ms
        return put_together(need, last_ms, base_ms, found)

    async def _read_settled(self, symbol: str, count: int, interval_ms: int, now_ms: int) -> Settled | None:
        found: dict[int, Decimal] = {}
        start_ms = now_ms - (count + 1) * interval_ms
        for _ in range(PAGES_MAX):
            page = await self._api.settlements(symbol, start_ms, PAGE)
            fresh = [one for one in page if start_ms <= one[0] <= now_ms and one[0] not in found]
            found |= dict(fresh)
            if not fresh:
                break
            start_ms = fresh[-1][0] + 1
        if not found:
            return None
        newest = sorted(found)[-count:]
        return Settled(
            symbol=symbol,
            interval_ms=interval_ms,
            last_ms=newest[-1],
            rates=tuple(Ratio(found[at_ms]) for at_ms in newest),
        )


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
