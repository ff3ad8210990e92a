"""What one who stands in the middle of a history may look back on: closed bars and settled funding, nothing later.

Each length of bar is put together once over the whole history and sliced at every look. That looks nowhere ahead: a bar is
made of its own prices alone, and only bars that have closed are given out.
"""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from statistics import median

import numpy as np

from bot.backtest.history import Bools, Floats, History, exact
from bot.core.lookback import Bars, Need, Settled
from bot.core.values import Price, Ratio, record


@record
class _Grid:
    """All whole bars of one market and length that a history holds, aligned to the clock."""

    first_ms: int
    """When the first of them closed."""
    closes: tuple[Price, ...]
    """NaN where there was no price; such a bar is never given out."""
    highs: tuple[Price, ...]
    lows: tuple[Price, ...]
    whole_from: tuple[int, ...]
    """By bar: the first of the bars that lead up to it without a hole."""


class Lookback:
    """Looks back on a history: the contract by its bars' prices, spot markets by their closes, which have no range.

    ``spots`` gives the closes of spot markets, bar by bar of the history.
    """

    def __init__(self, history: History, symbol: str, spots: Mapping[str, Floats]) -> None:
        self._history = history
        self._symbol = symbol
        self._markets = {one: (closes,) * 3 for one, closes in spots.items()} | {
            symbol: (history.perp_close, history.perp_high, history.perp_low)
        }
        self._grids: dict[tuple[str, int], _Grid | None] = {}
        places = np.flatnonzero(~np.isnan(history.funding_rate))
        self._settled_ms: list[int] = history.open_ms[places].tolist()
        self._rates = tuple(Ratio(exact(rate)) for rate in history.funding_rate[places])

    def bars(self, need: Need, now_ms: int) -> Bars | None:
        """Give the newest whole bars; None of a market it has not, or where the newest one's price is missing."""
        key = need.symbol, need.bar_ms
        if key not in self._grids:
            self._grids[key] = self._grid(need)
        grid, last_ms = self._grids[key], now_ms // need.bar_ms * need.bar_ms
        if grid is None or last_ms < grid.first_ms:
            return None
        last = (last_ms - grid.first_ms) // need.bar_ms
        if last >= len(grid.closes):
            return None
        span = slice(max(last + 1 - need.count, grid.whole_from[last]), last + 1)
        return Bars(
            symbol=need.symbol,
            bar_ms=need.bar_ms,
            last_ms=last_ms,
            closes=grid.closes[span],
            highs=grid.highs[span],
            lows=grid.lows[span],
        )

    def _grid(self, need: Need) -> _Grid | None:
        """Put all bars of one market and length together, from the first that begins on the clock."""
        history = self._history
        if need.symbol not in self._markets or need.bar_ms % history.interval_ms:
            return None
        each = need.bar_ms // history.interval_ms
        begins = np.flatnonzero(history.open_ms[:each] % need.bar_ms == 0)
        count = (len(history) - int(begins[0])) // each if len(begins) else 0
        if not count:
            return None
        span = slice(int(begins[0]), int(begins[0]) + count * each)
        closes, highs, lows = self._markets[need.symbol]
        ends = closes[span].reshape(-1, each)[:, -1]
        return _Grid(
            first_ms=int(history.open_ms[span.start]) + need.bar_ms,
            closes=_prices(ends),
            highs=_prices(np.fmax.reduce(highs[span].reshape(-1, each), axis=1)),
            lows=_prices(np.fmin.reduce(lows[span].reshape(-1, each), axis=1)),
            whole_from=_whole_from(np.isnan(ends)),
        )

    def settled(self, symbol: str, count: int, now_ms: int) -> Settled | None:
        """List the newest funding rates that were settled before a time; None if there are too few to tell the interval.

        What settles at that very time is not among them: a decision taken then still moves the position it settles on.
        """
        end = bisect_left(self._settled_ms, now_ms)
        if symbol != self._symbol or end < 2:  # noqa: PLR2004 - of one alone the interval is not known
            return None
        times = self._settled_ms[max(end - count - 1, 0) : end]
        return Settled(
            symbol=symbol,
            interval_ms=int(median(after - before for before, after in pairwise(times))),
            last_ms=times[-1],
            rates=self._rates[max(end - count, 0) : end],
        )


def _prices(figures: Floats) -> tuple[Price, ...]:
    return tuple(Price(exact(one)) for one in figures)


def _whole_from(holes: Bools) -> tuple[int, ...]:
    """Find, by bar, the first bar behind the last hole; behind the bar itself if it is one."""
    behind = np.where(holes, np.arange(1, len(holes) + 1), 0)
    return tuple(np.maximum.accumulate(behind).tolist())
