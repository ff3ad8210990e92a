"""How a dated contract ends: the mean of its index over the last minutes before expiry (reference section 8)."""

from dataclasses import dataclass
from decimal import Decimal

from bot.core.instruments import DatedFuture
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
