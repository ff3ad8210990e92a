"""A recorded order book, and the queue a small order of ours would have stood in. Our orders move nothing in it.

The touch and its sizes come from the best quotes, the levels behind it from the depth diffs, trades from the trades.
All is in the order of receive time, except that a trade is put before the first best quote of its own exchange time or
a later one: that quote already shows what the trade took, and two trades in five are received after it.
"""

import gzip
import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Any

from bot.core.values import ZERO, Side, ceil_to_step

Level = tuple[Decimal, Decimal]
"""Price and size."""
RECORDING = "usdm_btcusdt_20240808.gz"
SIZE_STEP = Decimal("0.001")
STAMP_DIGITS = 19


@dataclass(frozen=True, slots=True)
class BestQuote:
    """The touch."""

    at_ns: int
    exchange_ms: int
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal

    @property
    def mid(self) -> Decimal:
        return (self.bid + self.ask) / 2

    def touch(self, side: Side) -> Level:
        """Give the best level of the orders that rest on a side."""
        return (self.bid, self.bid_size) if side is Side.BUY else (self.ask, self.ask_size)


@dataclass(frozen=True, slots=True)
class Levels:
    """New sizes of levels; 0 takes a level away."""

    at_ns: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """A print, with the side that took."""

    at_ns: int
    exchange_ms: int
    price: Decimal
    size: Decimal
    aggressor: Side


Event = BestQuote | Levels | Trade


# --- reading ------------------------------------------------------------------------------------------------


def read(path: Path) -> list[Event]:
    """Read a recording from its full book on; what came before is only needed to catch up with it."""
    quotes: list[BestQuote] = []
    others: list[Event] = []
    trades: list[Trade] = []
    depth = Chain()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            at_ns, message = int(line[:STAMP_DIGITS]), json.loads(line[STAMP_DIGITS + 1 :])
            stream, data = message.get("stream", ""), message.get("data", message)
            if stream.endswith("@bookTicker"):
                quotes.append(_quote(at_ns, data))
            elif stream.endswith("@trade"):
                trades.append(_trade(at_ns, data))
            else:
                others += depth.follow(at_ns, data)
    times = [quote.exchange_ms for quote in quotes]
    moved = [_before_its_quote(trade, quotes, times) for trade in trades]
    events = sorted([*moved, *quotes, *others], key=attrgetter("at_ns"))
    return [event for event in events if event.at_ns >= others[0].at_ns]


def _before_its_quote(trade: Trade, quotes: list[BestQuote], times: list[int]) -> Trade:
    """Date a trade back to the quote that shows what it took; of equal times the sort leaves trades first."""
    after = bisect_left(times, trade.exchange_ms)
    if after == len(quotes):
        return trade
    return replace(trade, at_ns=min(trade.at_ns, quotes[after].at_ns))


def _quote(at_ns: int, data: dict[str, Any]) -> BestQuote:
    bid, ask = (Decimal(data["b"]), Decimal(data["B"])), (Decimal(data["a"]), Decimal(data["A"]))
    return BestQuote(at_ns, data["T"], *bid, *ask)


def _trade(at_ns: int, data: dict[str, Any]) -> Trade:
    aggressor = Side.SELL if data["m"] else Side.BUY
    return Trade(at_ns, data["T"], Decimal(data["p"]), Decimal(data["q"]), aggressor)


def _levels(at_ns: int, bids: Iterable[list[str]], asks: Iterable[list[str]]) -> Levels:
    pairs = [tuple((Decimal(price), Decimal(size)) for price, size in side) for side in (bids, asks)]
    return Levels(at_ns, *pairs)


class Chain:
    """Joins the depth diffs to the full book, and sees to it that none is missing."""

    def __init__(self) -> None:
        self.last: int | None = None
        self._chained = False
        self._held: list[dict[str, Any]] = []

    def follow(self, at_ns: int, data: dict[str, Any]) -> Iterator[Levels]:
        """Give the levels of a full book or a diff, or none while the full book has not come.

        Raises:
            ValueError: a diff is missing.
        """
        if "lastUpdateId" in data:
            self.last = data["lastUpdateId"]
            yield _levels(at_ns, data["bids"], data["asks"])
            for held in self._held:
                yield from self._next(at_ns, held)
        elif self.last is None:
            self._held.append(data)
        else:
            yield from self._next(at_ns, data)

    def _next(self, at_ns: int, data: dict[str, Any]) -> Iterator[Levels]:
        if self.last is not None and data["u"] <= self.last:
            return
        if self._chained and data["pu"] != self.last:
            raise ValueError(f"A depth diff is missing between {self.last} and {data['pu']}.")
        self.last, self._chained = data["u"], True
        yield _levels(at_ns, data["b"], data["a"])


# --- the book -----------------------------------------------------------------------------------------------


class Book:
    """The book as received so far."""

    def __init__(self) -> None:
        self.best: BestQuote | None = None
        self._levels: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}

    def apply(self, event: Event) -> None:
        """Take a message in; trades change nothing here, the quotes and diffs after them do."""
        if isinstance(event, BestQuote):
            self.best = event
        elif isinstance(event, Levels):
            for side, changes in ((Side.BUY, event.bids), (Side.SELL, event.asks)):
                levels = self._levels[side]
                levels.update(changes)
                for price, size in changes:
                    if size == ZERO:
                        levels.pop(price, None)

    def touched(self) -> BestQuote:
        """Give the touch.

        Raises:
            ValueError: no best quote has come.
        """
        if self.best is None:
            raise ValueError("No best quote has come.")
        return self.best

    def shown(self, side: Side, price: Decimal) -> Decimal:
        """Give the displayed size of the orders that rest at a price; 0 where nothing rests."""
        touch, size = self.touched().touch(side)
        if price == touch:
            return size
        behind = price < touch if side is Side.BUY else price > touch
        return self._levels[side].get(price, ZERO) if behind else ZERO

    def take(self, side: Side, size: Decimal, limit: Decimal) -> list[Level]:
        """Walk the far side, level by level up to the limit: what an immediate order of that size would fill."""
        far = Side.SELL if side is Side.BUY else Side.BUY
        touch, at_touch = self.touched().touch(far)
        nearest, farthest = side.sign * touch, side.sign * limit
        behind = [
            (price, shown)
            for price, shown in self._levels[far].items()
            if nearest < side.sign * price <= farthest
        ]
        levels = [(touch, at_touch)] if nearest <= farthest else []
        levels += sorted(behind, reverse=far is Side.BUY)
        fills = []
        for price, shown in levels:
            part = min(size, shown)
            size -= part
            if part > ZERO:
                fills.append((price, part))
        return fills


# --- the queue ----------------------------------------------------------------------------------------------


class Queue(StrEnum):
    """Who it was that cancelled, which no recording tells."""

    BEHIND = "cancels behind us"
    """Pessimistic, and beyond what can be: only trades shorten the queue, even if less is displayed than it holds."""
    PRO_RATA = "cancels pro rata"
    """Optimistic: those ahead of us cancel as readily as those behind."""


@dataclass(slots=True)
class Resting:
    """A passive order of ours at the back of a level's queue."""

    side: Side
    limit: Decimal
    left: Decimal
    ahead: Decimal
    """Size that is served before us."""
    shown: Decimal
    """Size last displayed at our price; ours is not in it."""
    queue: Queue
    traded: Decimal = ZERO
    """Size traded at our price since it was displayed."""

    @classmethod
    def join(cls, book: Book, side: Side, limit: Decimal, size: Decimal, queue: Queue) -> "Resting":
        """Stand behind all that is displayed at the price."""
        shown = book.shown(side, limit)
        return cls(side=side, limit=limit, left=size, ahead=shown, shown=shown, queue=queue)

    def trade(self, trade: Trade) -> Decimal:
        """Give what a print fills of us.

        At our price an aggressor of the other side serves the queue first and then us. A print beyond our price means
        that the whole level was served; it fills us by no more than its own size.
        """
        size = ZERO
        if self.side.sign * (trade.price - self.limit) < ZERO:
            self.ahead = ZERO
            size = trade.size
        elif trade.price == self.limit and trade.aggressor is not self.side:
            self.traded += trade.size
            size = max(trade.size - self.ahead, ZERO)
            self.ahead = max(self.ahead - trade.size, ZERO)
        filled = min(size, self.left)
        self.left -= filled
        return filled

    def see(self, shown: Decimal) -> None:
        """Look at the displayed size anew: what went without a trade was cancelled, in part ahead of us.

        What came in the same instant hides what went, and shares are rounded up to whole steps: both keep us back.
        """
        before = self.shown - self.traded
        if self.queue is Queue.PRO_RATA and shown < before:
            self.ahead = min(ceil_to_step(self.ahead * shown / before, SIZE_STEP), shown)
        self.shown, self.traded = shown, ZERO
