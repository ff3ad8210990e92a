"""What goes wrong on the way to a venue and back, on purpose and by a seed.

A fault is named for what the customer meets. Those marked *after* let the venue do what was asked and spoil the answer: the
order exists. Those *before* keep the venue from ever hearing of it.
"""

import random
from collections import defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from bot.core.values import record
from bot.testexchange.wire import Response


class Fault(StrEnum):
    """A kind of accident."""

    DROP_BEFORE = "drop-before"
    """The connection closes; the venue never heard of it."""
    DROP_AFTER = "drop-after"
    """The connection closes after the venue did it."""
    HANG_BEFORE = "hang-before"
    """No answer in any customer's patience; the venue never heard of it."""
    HANG_AFTER = "hang-after"
    """No answer in any customer's patience, after the venue did it."""
    DELAY = "delay"
    """The answer comes late, and is right."""
    TRUNCATED_AFTER = "truncated-after"
    """Half the answer, after the venue did it."""
    HTML_AFTER = "html-after"
    """Status 200 and a web page, after the venue did it."""
    EMPTY_AFTER = "empty-after"
    """Status 200 and nothing, after the venue did it."""
    BRACES_AFTER = "braces-after"
    """Status 200 and ``{}``, after the venue did it."""
    BAD_GATEWAY_AFTER = "502-after"
    """Status 502 and a web page, after the venue did it."""
    UNAVAILABLE_BEFORE = "503-before"
    """Status 503 and a web page; the venue never heard of it."""
    FORBIDDEN_BEFORE = "403-before"
    """Status 403 and a web page from a wall in front of the venue, which never heard of it."""
    RATE_LIMIT = "429"
    """The venue's own word for too many requests, with Retry-After."""
    BAN = "418"
    """The venue's own word for a ban, with Retry-After."""
    MAINTENANCE = "maintenance"
    """The venue's own word for maintenance."""
    BUSY = "busy"
    """The venue's own word for overload: nothing was done."""


BEFORE = frozenset(
    {
        Fault.DROP_BEFORE,
        Fault.HANG_BEFORE,
        Fault.UNAVAILABLE_BEFORE,
        Fault.FORBIDDEN_BEFORE,
        Fault.RATE_LIMIT,
        Fault.BAN,
        Fault.MAINTENANCE,
        Fault.BUSY,
    }
)
"""The venue does nothing."""


@record
class Odds:
    """How often a fault strikes an operation."""

    operation: str
    """``any`` is every one."""
    fault: Fault
    share: Decimal
    """Of the requests; 1 is each."""


def odds_from(text: str) -> Odds:
    """Read ``operation:fault:share``, as ``place:drop-after:0.1``.

    Raises:
        ValueError: it is none, in a sentence.
    """
    operation, _, rest = text.partition(":")
    name, _, share = rest.partition(":")
    kinds = {str(fault): fault for fault in Fault}
    if not operation or name not in kinds:
        raise ValueError(
            f"{text!r} is no fault: write operation:fault:share, as place:drop-after:0.1; faults are {', '.join(kinds)}."
        )
    try:
        odds = Odds(operation=operation, fault=kinds[name], share=Decimal(share or "1"))
    except ArithmeticError as error:
        raise ValueError(f"{share!r} in {text!r} is no share: write a number from 0 to 1.") from error
    if not (odds.share.is_finite() and 0 <= odds.share <= 1):
        raise ValueError(f"{share} in {text!r} is no share: write a number from 0 to 1.")
    return odds


class Faults:
    """Which fault strikes which request."""

    def __init__(self, odds: Sequence[Odds] = (), seed: int = 0) -> None:
        self._odds = tuple(odds)
        self._random = random.Random(seed)  # noqa: S311 - accidents need no secrecy
        self._queued: dict[str, deque[Fault | None]] = defaultdict(deque)

    def queue(self, operation: str, *faults: Fault | None) -> None:
        """Let the next requests of an operation meet these, one each; None is one that goes well."""
        self._queued[operation].extend(faults)

    def strike(self, operation: str) -> Fault | None:
        """Say what the next request of an operation meets."""
        for name in (operation, "any"):
            if self._queued[name]:
                return self._queued[name].popleft()
        for odds in self._odds:
            if odds.operation in {operation, "any"} and self._random.random() < float(odds.share):
                return odds.fault
        return None


def spoiled(fault: Fault, response: Response) -> Response:
    """Give what is seen of an answer that a fault replaces; one that it does not replace is given as it is."""
    return {
        Fault.HTML_AFTER: _page(200, "Checking your browser"),
        Fault.EMPTY_AFTER: Response(),
        Fault.BRACES_AFTER: Response(body="{}"),
        Fault.BAD_GATEWAY_AFTER: _page(502, "502 Bad Gateway"),
        Fault.UNAVAILABLE_BEFORE: _page(503, "503 Service Unavailable"),
        Fault.FORBIDDEN_BEFORE: _page(403, "403 Forbidden"),
    }.get(fault, response)


def _page(status: int, title: str) -> Response:
    body = f"<html><body><h1>{title}</h1></body></html>"
    return Response(status=status, body=body, content_type="text/html")
