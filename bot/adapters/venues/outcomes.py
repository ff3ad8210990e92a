"""What a failed request proves. The default is that it proves nothing.

Everything but UNKNOWN is an allow-list by the venue's own code, in a few places by code and message: an exception's class,
an HTTP status or a library's name for them prove nothing about an order.
"""

from collections.abc import Mapping
from enum import StrEnum

from bot.core.values import record


class Outcome(StrEnum):
    """What is known after a failure."""

    NOT_SENT = "not sent"
    """The request never left."""
    REJECTED = "rejected"
    """The venue said no; nothing exists."""
    RATE_LIMITED = "rate limited"
    """The venue said no: too many requests."""
    RETRY = "retry"
    """The venue said no for a passing reason: its clock against ours, overload, maintenance."""
    AUTH = "auth"
    """Key, signature, address or account were refused."""
    GONE = "gone"
    """The venue has no such order, or it is done."""
    SAME = "same"
    """It is already as it was asked to be."""
    UNKNOWN = "unknown"
    """It may or may not exist."""


@record
class Failure:
    """A failed request, as far as it can be told."""

    sent: bool
    """Whether it may have left."""
    status: int | None
    """HTTP status of an answer, if there was one."""
    code: str
    """The venue's own code; empty if its answer had none."""
    message: str
    retry_seconds: int | None = None
    """When to come again, where the venue says so."""


@record
class Codes:
    """A venue's codes and what they prove."""

    outcomes: Mapping[str, Outcome]
    by_message: tuple[tuple[str, str, Outcome], ...] = ()
    """(code, part of the message, outcome): for codes that mean several things; they go first."""
    limited_statuses: frozenset[int] = frozenset({418, 429})
    """HTTP statuses by which the venue says that it did nothing because there were too many requests."""


class RequestFailed(Exception):  # noqa: N818 - it may be an answer, as "no such order" is
    """A request failed, and what that proves."""

    def __init__(self, failure: Failure, outcome: Outcome) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.outcome = outcome


def outcome_of(failure: Failure, codes: Codes) -> Outcome:
    """Say what a failure proves."""
    if not failure.sent:
        return Outcome.NOT_SENT
    for code, part, outcome in codes.by_message:
        if failure.code == code and part.lower() in failure.message.lower():
            return outcome
    if failure.code in codes.outcomes:
        return codes.outcomes[failure.code]
    if failure.status in codes.limited_statuses:
        return Outcome.RATE_LIMITED
    return Outcome.UNKNOWN


def codes_of(**groups: str) -> dict[str, Outcome]:
    """Make a table of codes: outcomes by name, each with its codes in one string, as ``rejected="-2019 -2022"``."""
    return {code: Outcome(name.replace("_", " ")) for name, codes in groups.items() for code in codes.split()}
