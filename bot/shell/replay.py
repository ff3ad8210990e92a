"""Ask again and agree: every journaled decision must follow from its picture and the rules of its time."""

from collections.abc import Callable, Iterable, Iterator

from bot.core.decide import Decision, decide
from bot.core.rules import Rules
from bot.core.snapshot import Snapshot
from bot.core.values import record


@record
class JournaledDecision:
    """One decision as it was written down."""

    account: str
    number: int
    at_ms: int
    rules_json: str
    snapshot: Snapshot
    decision: Decision


@record
class Disagreement:
    """A journaled decision that is decided otherwise today."""

    account: str
    number: int
    at_ms: int
    then: str
    now: str


def redecide(
    journaled: Iterable[JournaledDecision], rules_of: Callable[[str, str], Rules]
) -> Iterator[Disagreement | None]:
    """Decide every picture again; None where the answers agree.

    ``rules_of`` turns the journaled settings and the account into rules; it is asked once for each pair.
    """
    known: dict[tuple[str, str], Rules] = {}
    for entry in journaled:
        key = entry.rules_json, entry.account
        if key not in known:
            known[key] = rules_of(*key)
        again = decide(entry.snapshot, known[key])
        yield None if again == entry.decision else _disagreement(entry, again)


def _disagreement(entry: JournaledDecision, again: Decision) -> Disagreement:
    """Name the first field that differs."""
    for name in type(again).__slots__:  # type: ignore[attr-defined]  # a slotted record's
        then, now = getattr(entry.decision, name), getattr(again, name)
        if then != now:
            return Disagreement(
                account=entry.account,
                number=entry.number,
                at_ms=entry.at_ms,
                then=f"{name}: {then!r}",
                now=f"{name}: {now!r}",
            )
    raise AssertionError("unequal decisions differ in a field")
