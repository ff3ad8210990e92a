"""How a dated contract ends: the mean of its index over the last minutes before expiry (reference section 8)."""

from dataclasses import dataclass
from decimal import Decimal

from bot.core.instruments import Contract, DatedFuture
from bot.core.snapshot import Quote
from bot.core.values import ZERO


@dataclass(slots=True)
class IndexMean:
    """The index of one contract, averaged by time over its settlement window.

    An index stands until the next one is seen; the one seen last before the window stands from its beginning.
    """

    from_ms: int
    to_ms: int
    index: Decimal | None = None
    at_ms: int = 0
    summed: Decimal = ZERO
    """Index x milliseconds."""
    covered_ms: int = 0

    @classmethod
    def of(cls, contract: DatedFuture) -> "IndexMean":
        """Begin with nothing seen."""
        return cls(from_ms=contract.expiry_ms - contract.averaging_ms, to_ms=contract.expiry_ms)

    def see(self, at_ms: int, index: Decimal) -> None:
        """Take a new index in."""
        self._stand_until(at_ms)
        self.index = index

    def mean_at(self, at_ms: int) -> Decimal | None:
        """Give the mean so far; before the window the index itself, None if none was ever seen."""
        self._stand_until(at_ms)
        return self.summed / self.covered_ms if self.covered_ms else self.index

    def _stand_until(self, at_ms: int) -> None:
        """Let the last index stand up to a time."""
        begin, end = max(self.at_ms, self.from_ms), min(at_ms, self.to_ms)
        if self.index is not None and end > begin:
            self.summed += self.index * (end - begin)
            self.covered_ms += end - begin
        self.at_ms = max(self.at_ms, at_ms)


class Deliveries:
    """The dated contracts of an exchange: which have expired, and what the index of the others comes to."""

    def __init__(self) -> None:
        self._means: dict[str, IndexMean] = {}
        self._done: set[str] = set()
        self._next_ms: int | None = None

    def watch(self, contract: Contract) -> None:
        """Follow a contract if it is dated; one whose expiry was moved is followed to the new one.

        Raises:
            ValueError: it has expired, which cannot be taken back.
        """
        if contract.symbol in self._done:
            raise ValueError(f"{contract.symbol} has expired: it cannot be listed again.")
        if not isinstance(contract, DatedFuture):
            return
        old, new = self._means.get(contract.symbol), IndexMean.of(contract)
        if old is not None:
            if (old.from_ms, old.to_ms) == (new.from_ms, new.to_ms):
                return
            new.index, new.at_ms = old.index, old.at_ms
        self._means[contract.symbol] = new
        self._look_ahead()

    def see(self, quote: Quote) -> None:
        """Take the index of a quote in, if its contract is dated."""
        mean = self._means.get(quote.symbol)
        if mean is not None:
            mean.see(quote.at_ms, quote.index)

    def mean_at(self, symbol: str, at_ms: int) -> Decimal | None:
        """Give the mean of a contract's index so far; None if none was ever seen."""
        return self._means[symbol].mean_at(at_ms)

    def due(self, at_ms: int) -> tuple[tuple[int, str], ...]:
        """List what is to expire by a time, with its expiry, earliest first."""
        if self._next_ms is None or at_ms < self._next_ms:
            return ()
        return tuple(
            sorted((mean.to_ms, symbol) for symbol, mean in self._means.items() if at_ms >= mean.to_ms)
        )

    def expired(self, symbol: str) -> bool:
        """Whether a contract has been settled."""
        return symbol in self._done

    def end(self, symbol: str) -> None:
        """Follow a contract no more: it has been settled."""
        del self._means[symbol]
        self._done.add(symbol)
        self._look_ahead()

    def _look_ahead(self) -> None:
        self._next_ms = min((mean.to_ms for mean in self._means.values()), default=None)
