"""How much of a venue's patience is spent: a rolling window of request weight, with a part kept for what cannot wait.

Orders, cancels and what the guard needs never queue behind polling: readings may fill only a share of the window.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal

from bot.core.values import ZERO
from bot.shell.ports import Clock

URGENT: ContextVar[bool] = ContextVar("urgent", default=False)
"""Whether what is asked now cannot wait."""
SHARE_OF_READINGS = Decimal("0.5")


@contextmanager
def urgent() -> Iterator[None]:
    """Let what is asked within go first."""
    token = URGENT.set(True)
    try:
        yield
    finally:
        URGENT.reset(token)


class Budget:
    """The weight that all clients of one address or account may spend together."""

    def __init__(self, weight_max: Decimal, window_ms: int, clock: Clock) -> None:
        self.weight_max = weight_max
        self.window_ms = window_ms
        self.spent = ZERO
        """Weight ever spent."""
        self.requests = 0
        self._clock = clock
        self._window: deque[tuple[int, Decimal]] = deque()
        self._used = ZERO
        self.closed_until_ms = 0
        """Until when the venue wants nothing asked."""
        self._first = asyncio.Lock()
        self._rest = asyncio.Lock()

    def close_for(self, seconds: int) -> None:
        """Let nothing leave for a while: the venue has said so."""
        self.closed_until_ms = max(self.closed_until_ms, self._clock.now_ms() + seconds * 1000)

    @property
    def used(self) -> Decimal:
        """Weight spent within the window that ends now."""
        self._forget(self._clock.now_ms())
        return self._used

    async def spend(self, weight: Decimal) -> None:
        """Wait until there is room for a request, then count it. Urgent ones and readings stand in lines of their own."""
        is_urgent = URGENT.get()
        async with self._first if is_urgent else self._rest:
            most = self.weight_max if is_urgent else self.weight_max * SHARE_OF_READINGS
            while (until_ms := self._free_at(weight, most)) > self._clock.now_ms():
                await self._clock.sleep_until(until_ms)
            self._window.append((self._clock.now_ms(), weight))
            self._used += weight
            self.spent += weight
            self.requests += 1

    def _free_at(self, weight: Decimal, most: Decimal) -> int:
        """Say when a request would have room; a time that is not later than now is now."""
        self._forget(self._clock.now_ms())
        free_ms, left = self.closed_until_ms, self._used
        for at_ms, spent in self._window:
            if left + weight <= most:
                break
            left -= spent
            free_ms = max(free_ms, at_ms + self.window_ms)
        return free_ms

    def _forget(self, now_ms: int) -> None:
        """Drop what left the window."""
        while self._window and self._window[0][0] <= now_ms - self.window_ms:
            self._used -= self._window.popleft()[1]
