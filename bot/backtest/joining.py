"""Two histories on one grid: what a cross-hedge is replayed on, the hedge's contract and the held coin's own market.

The finer history is put together to the bars of the coarser one, and both are cut to the bars they share. In a longer bar
the open is the first, the high and low are the extremes, the close, the mark and the spot price are the last, and the volume
is the sum of the shorter ones'. A hole stays a hole: without a spot price at its close a longer bar has none, whatever was
known within it.

Funding is paid on what was held until it settled. Rates that settle behind a longer bar's open, up to its close, are added
up and settle at that close, which is the open of the bar to the right; the price is that of the last of them. Rates behind
the last open settle at a bar that is not there, and are left out.
"""

import numpy as np

from bot.backtest.history import Floats, History, HistoryError, Ints, stamp

HOUR_MS = 3_600_000


def on_one_grid(one: History, other: History) -> tuple[History, History]:
    """Give both histories in bars of the coarser, cut to what they share.

    Raises:
        HistoryError: the bars of one do not fit into those of the other, or they share fewer than two.
    """
    coarse = max(one, other, key=lambda history: history.interval_ms)
    first, second = (_coarser(history, coarse) for history in (one, other))
    begin = max(int(first.open_ms[0]), int(second.open_ms[0]))
    end = min(first.close_ms(-1), second.close_ms(-1))
    if end - begin < 2 * coarse.interval_ms:
        raise HistoryError(
            f"{one.name} ({_range(one)}) and {other.name} ({_range(other)}) share no two bars of"
            f" {coarse.interval_ms / HOUR_MS:g} h: give files of the same time."
        )
    return _between(first, begin, end), _between(second, begin, end)


def _range(history: History) -> str:
    return f"{stamp(history.open_ms[0])[:10]} to {stamp(history.close_ms(-1))[:10]}"


def _between(history: History, begin_ms: int, end_ms: int) -> History:
    first, stop = np.searchsorted(history.open_ms, (begin_ms, end_ms))
    return history.part(int(first), int(stop))


def _coarser(history: History, like: History) -> History:
    """Put a history together to the bars of another: to whole ones that begin when those do."""
    interval_ms, each = like.interval_ms, like.interval_ms // history.interval_ms
    offsets = (history.open_ms[:each] - like.open_ms[0]) % interval_ms
    begins = np.flatnonzero(offsets == 0)
    count = (len(history) - int(begins[0])) // each if len(begins) else 0
    if interval_ms % history.interval_ms or not count:
        raise HistoryError(
            f"Bars of {history.name} ({history.interval_ms / HOUR_MS:g} h) do not make whole bars of {like.name}"
            f" ({interval_ms / HOUR_MS:g} h): give files whose bars begin and end together."
        )
    first = int(begins[0])
    span = slice(first, first + count * each)

    def by_bar(values: Floats) -> Floats:
        return values[span].reshape(count, each)

    open_ms = history.open_ms[span][::each]
    rate, price = _funding(history, open_ms, interval_ms)
    return History(
        name=history.name,
        interval_ms=interval_ms,
        open_ms=open_ms,
        perp_open=by_bar(history.perp_open)[:, 0],
        perp_high=by_bar(history.perp_high).max(axis=1),
        perp_low=by_bar(history.perp_low).min(axis=1),
        perp_close=by_bar(history.perp_close)[:, -1],
        mark=by_bar(history.mark)[:, -1],
        spot=by_bar(history.spot)[:, -1],
        volume=by_bar(history.volume).sum(axis=1),
        funding_rate=rate,
        funding_price=price,
        missing=history.missing[span][each - 1 :: each],
        stale=history.stale[span][each - 1 :: each],
    )


def _funding(history: History, open_ms: Ints, interval_ms: int) -> tuple[Floats, Floats]:
    """Add up, for each open, the rates that settled behind the open before and up to it."""
    rate = np.full(len(open_ms), np.nan)
    price = history.funding_price[np.searchsorted(history.open_ms, open_ms)]
    places = np.flatnonzero(~np.isnan(history.funding_rate))
    bars = np.searchsorted(open_ms, history.open_ms[places])
    inside = (history.open_ms[places] > open_ms[0] - interval_ms) & (bars < len(open_ms))
    for place, bar in zip(places[inside], bars[inside], strict=True):
        rate[bar] = np.nansum((rate[bar], history.funding_rate[place]))
        price[bar] = history.funding_price[place]
    return rate, price
