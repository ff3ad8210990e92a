"""Asking again, and waiting in between by the clock the house goes by. The only file that knows tenacity.

What is asked again here does no harm when asked twice: reads, cancels and look-ups. Placing an order is none of them.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
)

from bot.shell.ports import (
    Clock,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
)

T = TypeVar("T")

PASSING = (UnreachableError, RateLimitedError, RefusedForNowError, OutcomeUnknownError)
"""Failures after which asking again may help."""
ATTEMPTS_MAX = 4
LOOK_UPS_MAX = 5
"""Look-ups of an order whose answer was lost, before it is left to the observations that follow: 1 + 2 + 4 + 4 s."""


async def patiently(ask: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """Ask something that is safe to ask twice, again when the venue was out of reach or busy; then give up.

    Raises:
        VenueError: the last attempt's.
    """
    try:
        return await ask()
    except PASSING as error:
        return await _ask_again(ask, clock, error)


async def _ask_again(ask: Callable[[], Awaitable[T]], clock: Clock, first: Exception) -> T:
    """Wait, ask, and so on. The attempt already made counts as the first."""
    failed: list[Exception] = [first]

    async def again() -> T:
        if failed:
            raise failed.pop()
        return await ask()

    retrying = AsyncRetrying(
        sleep=_sleeper(clock),
        retry=retry_if_exception_type(PASSING),
        stop=stop_after_attempt(ATTEMPTS_MAX),
        wait=wait_exponential(multiplier=0.2, max=5),
        reraise=True,
    )
    return await retrying(again)


async def until_known(ask: Callable[[], Awaitable[T]], known: Callable[[T], bool], clock: Clock) -> T:
    """Ask until an answer is ``known`` to be one, a few times over some ten seconds; returns the last answer."""
    retrying = AsyncRetrying(
        sleep=_sleeper(clock),
        retry=retry_if_result(lambda answer: not known(answer)),
        stop=stop_after_attempt(LOOK_UPS_MAX),
        wait=wait_exponential(multiplier=1, max=4),
        retry_error_callback=_last_answer,
    )
    answer: T = await retrying(ask)
    return answer


async def _last_answer(state: RetryCallState) -> object:
    """Give what the last attempt said."""
    if state.outcome is None:
        raise AssertionError("tenacity calls back after an attempt")
    return state.outcome.result()


def _sleeper(clock: Clock) -> Callable[[float], Awaitable[None]]:
    """Sleep by the clock of the house, so that model time passes at its own pace."""

    async def sleep(seconds: float) -> None:
        await clock.sleep_until(clock.now_ms() + round(seconds * 1000))

    return sleep
