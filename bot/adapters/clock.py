"""The time: the system's, or one turned by hand."""

import asyncio
import time


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Tell the time: milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    async def sleep_until(self, at_ms: int) -> None:
        """Wait until a time; a time already past gives way once."""
        await asyncio.sleep(max(0, at_ms - self.now_ms()) / 1000)


class SimClock:
    """A clock turned by hand or by sleeping on it.

    ``pace`` is how many model seconds pass in a real one; None lets them pass at once.
    """

    def __init__(self, now_ms: int, pace: float | None = None) -> None:
        self._now_ms = now_ms
        self._pace = pace

    def now_ms(self) -> int:
        """Tell the model time: milliseconds since 1970 UTC."""
        return self._now_ms

    def turn_to(self, at_ms: int) -> None:
        """Turn the clock; it never goes back."""
        self._now_ms = max(self._now_ms, at_ms)

    async def sleep_until(self, at_ms: int) -> None:
        """Let model time pass, at the clock's pace."""
        if self._pace is not None:
            await asyncio.sleep(max(0, at_ms - self._now_ms) / 1000 / self._pace)
        self.turn_to(at_ms)
