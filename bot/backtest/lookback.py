"""What one who stands in the middle of a history may look back on: closed bars and settled funding, nothing later."""

import numpy as np

from bot.backtest.history import Bools, Floats, History, exact
from bot.core.lookback import Bars, Need, Settled
from bot.core.values import Price, Ratio


class Lookback:
    """Looks back on a history: the contract by its bars' prices, spot by its closes, which have no range."""

    def __init__(self, history: History, symbol: str, spot: str) -> None:
        self._history = history
        self._symbol = symbol
        self._spot = spot
        self._known: dict[tuple[Need, int], Bars | None] = {}

    def bars(self, need: Need, now_ms: int) -> Bars | None:
        """Put whole bars together of the history's; None of a market it has not, or where a price is missing."""
        last_ms = now_ms // need.bar_ms * need.bar_ms
        if (need, last_ms) not in self._known:
            self._known = {(need, last_ms): self._made(need, last_ms)} | {
                key: bars for key, bars in self._known.items() if key[0] != need
            }
        return self._known[need, last_ms]

    def _made(self, need: Need, last_ms: int) -> Bars | None:
        history = self._history
        if need.symbol not in {self._symbol, self._spot} or need.bar_ms % history.interval_ms:
            return None
        each = need.bar_ms // history.interval_ms
        end = int(np.searchsorted(history.open_ms, last_ms - history.interval_ms, side="right"))
        if end == 0 or history.close_ms(end - 1) != last_ms:
            return None
        count = min(end // each, need.count)
        span = slice(end - count * each, end)
        if need.symbol == self._symbol:
            closes, highs, lows = (
                array[span] for array in (history.perp_close, history.perp_high, history.perp_low)
            )
            return _put_together(need, last_ms, each, (closes, highs, lows))
        closes = history.spot[span]
        return _put_together(need, last_ms, each, (closes, closes, closes), history.missing[span])

    def settled(self, symbol: str, count: int, now_ms: int) -> Settled | None:
        """List the newest funding rates that were settled by a time; None if there are none."""
        history = self._history
        if symbol != self._symbol:
            return None
        end = int(np.searchsorted(history.open_ms, now_ms, side="right"))
        places = np.flatnonzero(~np.isnan(history.funding_rate[:end]))
        if len(places) < 2:  # noqa: PLR2004 - of one alone the interval is not known
            return None
        times = history.open_ms[places]
        return Settled(
            symbol=symbol,
            interval_ms=int(np.median(np.diff(times[-count - 1 :]))),
            last_ms=int(times[-1]),
            rates=tuple(Ratio(exact(history.funding_rate[place])) for place in places[-count:]),
        )


def _put_together(
    need: Need,
    last_ms: int,
    each: int,
    prices: tuple[Floats, Floats, Floats],
    missing: Bools | None = None,
) -> Bars | None:
    """Make bars of ``each`` of the history's; what comes before a bar without a close is left out."""
    closes, highs, lows = (array.reshape(-1, each) for array in prices)
    ends = closes[:, -1]
    holes = np.flatnonzero(np.isnan(ends) if missing is None else missing.reshape(-1, each)[:, -1])
    first = int(holes[-1]) + 1 if len(holes) else 0
    return Bars(
        symbol=need.symbol,
        bar_ms=need.bar_ms,
        last_ms=last_ms,
        closes=tuple(Price(exact(one)) for one in ends[first:]),
        highs=tuple(Price(exact(one)) for one in np.nanmax(highs[first:], axis=1)),
        lows=tuple(Price(exact(one)) for one in np.nanmin(lows[first:], axis=1)),
    )
