"""Who may look: a token in the header, or a session that a token opened; and a pause for who guesses.

Nothing is changed through the page, so that a foreign page has nothing to forge; its cookie is strict all the same, and
a request that names another host than ours is refused: a name that was pointed here shows nothing.
"""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable

from bot.core.values import record

SESSION_MS = 12 * 3_600_000
SESSIONS_MAX = 100
GUESSES_MAX = 5
"""Wrong tokens that one address may show before it has to wait."""
PAUSE_MS = 60_000
ADDRESSES_MAX = 1000
"""Addresses that are remembered for guessing; the oldest is forgotten first."""


@record
class _Guesses:
    count: int
    since_ms: int


class Access:
    """Knows the token and the sessions it opened. Forgets both with the process."""

    def __init__(
        self,
        token: str,
        hosts: frozenset[str],
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        """``hosts`` are the names, without a port, by which we may be called; ``now_ms`` only ever goes forward."""
        self._token = token
        self._hosts = hosts
        self._now_ms = now_ms
        self._sessions: OrderedDict[str, int] = OrderedDict()
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()

    def called_right(self, host: str) -> bool:
        """Whether a request names us: ``host`` is its header, with or without a port."""
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        return name in self._hosts

    def waits_ms(self, address: str) -> int:
        """Tell how long an address has to wait until its token is looked at; 0 is now."""
        known = self._guesses.get(address)
        if known is None or known.count < GUESSES_MAX:
            return 0
        return max(0, known.since_ms + PAUSE_MS - self._now_ms())

    def right(self, token: str, address: str) -> bool:
        """Compare a token in constant time, and remember a wrong one."""
        said = token.encode("utf-8", "surrogateescape")  # a header may hold any byte
        if hmac.compare_digest(said, self._token.encode()):
            self._guesses.pop(address, None)
            return True
        known = self._guesses.pop(address, None)
        fresh = known is None or self._now_ms() >= known.since_ms + PAUSE_MS
        count = 1 if known is None or fresh else known.count + 1
        self._guesses[address] = _Guesses(count=count, since_ms=self._now_ms())
        while len(self._guesses) > ADDRESSES_MAX:
            self._guesses.popitem(last=False)
        return False

    def open_session(self) -> str:
        """Give a new session's name."""
        name = secrets.token_urlsafe(32)
        self._sessions[name] = self._now_ms() + SESSION_MS
        while len(self._sessions) > SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return name

    def known(self, session: str) -> bool:
        """Whether a session is open."""
        return self._sessions.get(session, 0) > self._now_ms()

    def close_session(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)
