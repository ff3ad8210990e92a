"""Hand the slips to the venue: cancels first, then orders, each written down before it leaves (I3, I6).

Reads, cancels and look-ups are retried, because asking twice does no harm. Placing is never retried here: an order
whose answer was lost is UNKNOWN, and reconciling looks it up by its name.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from bot.core.decide import Cancel, Decision
from bot.core.orders import OrderState
from bot.core.reports import Fill, OrderReport
from bot.core.risk import Approved
from bot.core.values import ZERO, Contracts, record
from bot.shell.ports import (
    Activity,
    Clock,
    Journal,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    Venue,
    VenueError,
)

T = TypeVar("T")

ATTEMPTS_MAX = 4


PASSING = (UnreachableError, RateLimitedError)
"""Failures after which asking again may help."""


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask something that is safe to ask twice, again when the venue was out of reach or busy; then give up.

    Raises:
        VenueError: the last attempt's.
    """
    try:
        return await ask()
    except PASSING as error:
        return await _ask_again(ask, error)


async def _ask_again(ask: Callable[[], Awaitable[T]], first: Exception) -> T:
    """Wait, ask, and so on. The attempt already made counts as the first."""
    failed: list[Exception] = [first]
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(PASSING),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=wait_exponential_jitter(initial=0.2, max=5),
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            if failed:
                raise failed.pop()
            return await ask()
    raise AssertionError("tenacity ends with a value or an exception")


@record
class Done:
    """What became of one order, and the fills heard on the way."""

    report: OrderReport
    fills: tuple[Fill, ...] = ()


async def hear(venue: Venue, journal: Journal) -> Activity:
    """Read fills and payments since the last hearing, and write them down.

    Raises:
        VenueError: they could not be read.
        JournalUnavailableError: they could not be written.
    """
    activity = await patiently(lambda: venue.activity(journal.cursor()))
    if activity.fills or activity.payments:
        journal.heard(activity)
    return activity


async def execute(decision: Decision, venue: Venue, journal: Journal, clock: Clock) -> tuple[Done, ...]:
    """Carry out a decision that is already journaled; returns what became of each order.

    Raises:
        JournalUnavailableError: an order could not be written down; it was not sent.
        AuthFailedError: the venue does not know us.
    """
    cancels = [command for command in decision.commands if isinstance(command, Cancel)]
    places = [command for command in decision.commands if isinstance(command, Approved)]
    done = [await take_back(command, venue, journal, clock) for command in cancels]
    done += [await _place(command, venue, journal, clock) for command in places]
    return tuple(done)


async def _place(command: Approved, venue: Venue, journal: Journal, clock: Clock) -> Done:
    """Write SENT, send, write the answer."""
    request = command.request
    journal.order_moved(_report(command, OrderState.SENT, "about to leave"), clock.now_ms())
    try:
        report = await venue.place(request)
    except OutcomeUnknownError as error:
        report = _report(command, OrderState.UNKNOWN, str(error))
    except (UnreachableError, RateLimitedError, RefusedForNowError) as error:
        report = _report(command, OrderState.REJECTED, str(error))
    return await _write(report, venue, journal, clock)


async def take_back(command: Cancel, venue: Venue, journal: Journal, clock: Clock) -> Done:
    """Cancel an order: write CANCELLING, ask, write the answer; without one, reconciling will find out."""
    leaving = OrderReport(
        client_order_id=command.client_order_id,
        symbol=command.symbol,
        state=OrderState.CANCELLING,
        filled=Contracts(ZERO),
        reason=command.reason,
    )
    journal.order_moved(leaving, clock.now_ms())
    try:
        report = await patiently(lambda: venue.cancel(command.symbol, command.client_order_id))
    except (OutcomeUnknownError, UnreachableError, RateLimitedError, RefusedForNowError):
        return Done(report=leaving)
    return await _write(report, venue, journal, clock)


async def _write(report: OrderReport, venue: Venue, journal: Journal, clock: Clock) -> Done:
    """Write what became of an order, and first the fills that made it so.

    An order whose fills cannot be read stays as it was written last; reconciling looks it up.
    """
    fills: tuple[Fill, ...] = ()
    if report.filled > ZERO:
        try:
            fills = (await hear(venue, journal)).fills
        except VenueError:
            return Done(report=report)
    journal.order_moved(report, clock.now_ms())
    return Done(report=report, fills=fills)


def _report(command: Approved, state: OrderState, reason: str) -> OrderReport:
    return OrderReport(
        client_order_id=command.request.client_order_id,
        symbol=command.request.symbol,
        state=state,
        filled=Contracts(ZERO),
        reason=reason,
    )
