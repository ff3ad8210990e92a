"""Asking a venue: failures become the errors that name their remedy, and what changes seldom is read seldom."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.manner import Api
from bot.adapters.venues.outcomes import Outcome, RequestFailed
from bot.shell.ports import (
    AuthFailedError,
    Clock,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    VenueError,
)

T = TypeVar("T")
SECOND_MS, HOUR_MS, DAY_MS = 1000, 3_600_000, 86_400_000
FRESH_MS = {
    "markets": HOUR_MS,
    "tiers": HOUR_MS,
    "fees": HOUR_MS,
    "modes": 10 * 60 * SECOND_MS,
    "turnover": 10 * 60 * SECOND_MS,
    "closes": HOUR_MS,
    "funding": 60 * SECOND_MS,
    "clock": HOUR_MS,
    "payments": 60 * SECOND_MS,
    "fills": 15 * SECOND_MS,
}
"""How long a reading is gone by, by its kind. Fills and payments are read at once after an order."""


class GoneError(VenueError):
    """The venue has no such order, or it is done."""


class SameError(VenueError):
    """It is so already."""


ERRORS: dict[Outcome, type[VenueError]] = {
    Outcome.NOT_SENT: UnreachableError,
    Outcome.RATE_LIMITED: RateLimitedError,
    Outcome.RETRY: RefusedForNowError,
    Outcome.AUTH: AuthFailedError,
    Outcome.UNKNOWN: OutcomeUnknownError,
    Outcome.GONE: GoneError,
    Outcome.SAME: SameError,
}


REMEDIES: dict[Outcome, str] = {
    Outcome.NOT_SENT: "Nothing was sent: check the network and the address.",
    Outcome.RATE_LIMITED: "Wait until the venue answers again, and ask less: raise loop.poll_seconds.",
    Outcome.RETRY: "Try again later, and set this machine's clock if it is about time.",
    Outcome.AUTH: "Check that key, secret and passphrase are right and of this mode, that the key is not revoked and may be"
    " used from this address, and that its account has futures.",
}
"""What a person can do."""
ASK_AGAIN = "Ask again; if it stays, look at the venue's status page."
SENT = frozenset({"order", "cancel", "transfer"})
"""What nobody may be told to send again: the books are brought up to the venue's word instead."""


class TimedApi(Api, Protocol):
    """A client that knows the venue's time."""

    def now_ms(self) -> int:
        """Tell the venue's time."""

    async def measure_clock(self) -> None:
        """Measure how far the venue's clock is ahead of ours."""


class Asking:
    """How one account's questions are asked."""

    def __init__(self, api: TimedApi, venue: str, clock: Clock) -> None:
        self._api = api
        self._venue = venue
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[int, object]] = {}

    async def fresh(self, kind: str, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """Give what was read last while it is fresh, else read it."""
        now_ms = self._clock.now_ms()
        kept = self._kept.get((kind, key))
        if kept is not None and now_ms - kept[0] < FRESH_MS[kind]:
            return kept[1]  # type: ignore[return-value]  # what was kept under this kind is of its type
        value = await read()
        self._kept[kind, key] = now_ms, value
        return value

    def read_ms(self, kind: str, key: str) -> int | None:
        """Tell when something was read; None if it never was."""
        kept = self._kept.get((kind, key))
        return None if kept is None else kept[0]

    def forget(self) -> None:
        """Take nothing to be fresh any more."""
        self._kept.clear()

    async def ask(self, what: str, asked: Awaitable[T]) -> T:
        """Await an answer; a failure becomes the error that names its remedy.

        Raises:
            VenueError: there is no answer that can be read.
        """
        try:
            return await asked
        except RequestFailed as failed:
            if failed.outcome is Outcome.RETRY:
                await self._resync()
            raise self.error(what, failed) from failed
        except ShapeError as error:
            raise OutcomeUnknownError(f"{self._venue}, {what}: {error}.") from error

    def error(self, what: str, failed: RequestFailed) -> VenueError:
        """Give the error of a failure."""
        code = f" ({failed.failure.code})" if failed.failure.code else ""
        text = f"{self._venue}, {what}: {failed.failure.message.rstrip('.')}{code}."
        remedy = REMEDIES.get(failed.outcome, "" if what in SENT else ASK_AGAIN)
        return ERRORS.get(failed.outcome, VenueError)(f"{text} {remedy}".rstrip())

    async def _resync(self) -> None:
        """Measure the clock again: a refusal for a passing reason is most often about it."""
        try:
            await self._api.measure_clock()
        except (RequestFailed, ShapeError):
            return
