"""What policies look back on: closed bars of a market, and funding that was settled. Nothing in it is later than its picture."""

from collections.abc import Iterable

from bot.core.values import Price, Ratio, record


def spot_market(asset: str, symbol: str) -> str:
    """Name a coin's spot market in the quote currency of a contract; venues quote spot in USDT where that is USD."""
    quote = symbol.partition("/")[2].partition(":")[0]
    return f"{asset}/{'USDT' if quote == 'USD' else quote}"


@record
class Need:
    """What a stage looks back on: closed bars of one market, so many at least."""

    symbol: str
    """A contract, as ``BTC/USDT:USDT``, or spot, as ``ADA/USDT``."""
    bar_ms: int
    count: int


@record
class Bars:
    """Closed bars of one market, oldest first, without a hole."""

    symbol: str
    bar_ms: int
    last_ms: int
    """When the newest bar closed."""
    closes: tuple[Price, ...]
    highs: tuple[Price, ...]
    lows: tuple[Price, ...]

    def last(self, count: int) -> "Bars":
        """Give the newest bars: these, if there are no more of them."""
        if len(self.closes) <= count:
            return self
        return Bars(
            symbol=self.symbol,
            bar_ms=self.bar_ms,
            last_ms=self.last_ms,
            closes=self.closes[-count:],
            highs=self.highs[-count:],
            lows=self.lows[-count:],
        )


@record
class Settled:
    """Funding rates a perpetual has settled, oldest first."""

    symbol: str
    interval_ms: int
    last_ms: int
    """When the newest was settled."""
    rates: tuple[Ratio, ...]
    """Positive: longs paid, shorts received."""


def bars_among(known: Iterable[Bars], need: Need) -> Bars | None:
    """Find closed bars, the newest so many that are needed; fewer if there are fewer, None if there are none."""
    for one in known:
        if (one.symbol, one.bar_ms) == (need.symbol, need.bar_ms):
            return one.last(need.count)
    return None


def settled_among(known: Iterable[Settled], symbol: str) -> Settled | None:
    """Find settled funding rates; None if there are none."""
    return next((one for one in known if one.symbol == symbol), None)
