"""How much a customer may ask: weight a window, a warning, then a ban."""

from collections import deque
from dataclasses import replace

from bot.testexchange.wire import No, NoError, Request, Response


class Meter:
    """Counts the weight of one address over a rolling window of wall time."""

    def __init__(
        self,
        budget: int,
        window_ms: int,
        *,
        used_header: str = "",
        bans_after: int = 20,
        ban_ms: int = 120_000,
    ) -> None:
        """A budget of 0 counts, and refuses nobody. After ``bans_after`` refusals in a row the address is banned."""
        self.budget = budget
        self.window_ms = window_ms
        self.spent_ever = 0
        """Weight ever asked for."""
        self._used_header = used_header
        self._bans_after = bans_after
        self._ban_ms = ban_ms
        self._spent: deque[tuple[int, int]] = deque()
        self._used = 0
        self._refused = 0
        self._banned_until_ms = 0
        self._retry_seconds = 0

    def ban(self, until_ms: int) -> None:
        """Ban the address until a wall time."""
        self._banned_until_ms = until_ms

    def spend(self, request: Request, weight: int) -> None:
        """Count a request.

        Raises:
            NoError: it is one too many, or the address is banned.
        """
        now_ms = request.wall_ms
        self._retry_seconds = 0
        if now_ms < self._banned_until_ms:
            self._retry_seconds = (self._banned_until_ms - now_ms) // 1000 + 1
            raise NoError(No.BANNED, f"until {self._banned_until_ms}")
        while self._spent and self._spent[0][0] <= now_ms - self.window_ms:
            self._used -= self._spent.popleft()[1]
        if self.budget and self._used + weight > self.budget:
            self._refuse(now_ms)
        self._refused = 0
        self._spent.append((now_ms, weight))
        self._used += weight
        self.spent_ever += weight

    def _refuse(self, now_ms: int) -> None:
        self._refused += 1
        if self._refused >= self._bans_after:
            self._refused = 0
            self.ban(now_ms + self._ban_ms)
        oldest_ms = self._spent[0][0] if self._spent else now_ms
        self._retry_seconds = max(1, (oldest_ms + self.window_ms - now_ms) // 1000 + 1)
        raise NoError(No.RATE)

    def stamped(self, response: Response) -> Response:
        """Write into a response's headers what was used, and when to come again."""
        headers = dict(response.headers)
        if self._used_header:
            headers[self._used_header] = str(self._used)
        if self._retry_seconds:
            headers.setdefault("Retry-After", str(self._retry_seconds))
        return replace(response, headers=headers)

    def told_to_wait(self, response: Response, seconds: int = 1) -> Response:
        """Write into a refusal's headers when to come again."""
        return replace(response, headers={**response.headers, "Retry-After": str(seconds)})
