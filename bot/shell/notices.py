"""What is worth telling a person who is not looking: from one step of the loop and the one before, and from a session.

Pure. The sentences are those of the log and of ``explain``: a cause's text, an explanation's reason, an incident's text.
A thing is told when it begins and when it ends, and not in between; how long a repeat is kept back is the adapter's.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from bot.core import books
from bot.core.books import IncidentKind
from bot.core.causes import Cause
from bot.core.desk import Explanation
from bot.core.memory import State
from bot.core.orders import OrderState
from bot.core.reports import Fill
from bot.core.rules import HedgeRules
from bot.core.values import ZERO
from bot.shell.loop import OUT_OF_REACH, ROLL_LATE
from bot.shell.notice import Notice, NoticeKind, Severity
from bot.shell.ports import (
    AuthFailedError,
    HedgerowError,
    JournalUnavailableError,
    PreflightError,
    VenueError,
)
from bot.shell.step import Step

INCIDENTS: dict[IncidentKind, NoticeKind] = {
    "position_moved": "incident",
    "foreign_fill": "incident",
    "stray_order": "incident",
    "foreign_order": "foreign_order",
    "unknown_order": "order_unknown",
    "contract_changed": "terms_changed",
}
BEGUN, ENDED = "begun", "ended"
"""States of what begins and ends."""
GRAVE = frozenset({"margin", "shifted"})
"""Causes for which the guard itself halts; the other halts are persons' words."""
SEVERITIES: dict[State, Severity] = {
    State.NORMAL: "info",
    State.REDUCING: "warning",
    State.HALTED: "critical",
}


# --- from one step to the next --------------------------------------------------------------------------------


def notices(before: Step | None, step: Step, hedges: tuple[HedgeRules, ...]) -> tuple[Notice, ...]:
    """List what is new in a step of an account; ``before`` is the step before it, None at the first of a process."""
    return (
        *_of_incidents(step, hedges),
        *_of_guard(before, step),
        *_of_answers(before, step),
        *_of_orders(step, hedges),
        *_of_rolls(before, step),
        *_of_fills(step, hedges),
    )


def kept(before: Step | None, step: Step) -> Step:
    """Give the step that the next one is compared with: one that could not look at the guard keeps what was seen last."""
    if before is None or step.decision.watch is not None:
        return step
    return replace(step, decision=replace(step.decision, watch=before.decision.watch))


def _notice(
    step: Step, kind: NoticeKind, severity: Severity, hedge: str | None, text: str, key: str, state: str = ""
) -> Notice:
    return Notice(
        kind=kind,
        severity=severity,
        account=step.snapshot.account,
        hedge=hedge,
        text=text,
        at_ms=step.decision.at_ms,
        key=key,
        state=state,
    )


def _owner(symbol: str, hedges: tuple[HedgeRules, ...]) -> str | None:
    found = books.owner(symbol, hedges)
    return None if found is None else found.name


def _of_incidents(step: Step, hedges: tuple[HedgeRules, ...]) -> Iterator[Notice]:
    """Tell what happened to the account that we did not do: the books name each once."""
    for one in step.incidents:
        kind, hedge = INCIDENTS[one.kind], _owner(one.symbol, hedges)
        severity: Severity = "critical" if one.kind in {"unknown_order", "contract_changed"} else "warning"
        yield _notice(step, kind, severity, hedge, one.text, f"{one.kind} {one.key}")


def _of_guard(before: Step | None, step: Step) -> Iterator[Notice]:
    """Tell causes that began or ended since the last decision that could look, and what the guard does about them."""
    watch = step.decision.watch
    if watch is None:
        return
    known = step.snapshot.memory.guard.called
    for cause in watch.causes:
        if cause.key not in known:
            yield _notice(step, _kind(cause), _severity(cause), cause.hedge, cause.text, cause.key, BEGUN)
    there = {cause.key for cause in watch.causes}
    for key in known:
        if key not in there:
            cause_then = _cause_then(before, key)
            hedge = None if cause_then is None else cause_then.hedge
            what = key if cause_then is None else cause_then.text
            yield _notice(step, "cause_ended", "info", hedge, f"A cause has ended: {what}", key, ENDED)
    if watch.top_up is not None:
        yield _notice(step, "top_up", "warning", None, watch.top_up.reason, watch.top_up.transfer_id)
    was = State.NORMAL if before is None or before.decision.watch is None else before.decision.watch.state
    if watch.state is not was:
        text = f"The guard's state is {watch.state}; it was {was}."
        yield _notice(step, "guard_state", SEVERITIES[watch.state], None, text, "guard", watch.state)


def _kind(cause: Cause) -> NoticeKind:
    match cause.kind:
        case "policy":
            return "policy"
        case "exit":
            return "exit"
        case _:
            return "cause"


def _severity(cause: Cause) -> Severity:
    return "critical" if cause.state is State.HALTED and cause.kind in GRAVE else "warning"


def _cause_then(before: Step | None, key: str) -> Cause | None:
    """Find a cause in the step before; a process that has just started knows its key only."""
    watch = None if before is None else before.decision.watch
    return None if watch is None else next((one for one in watch.causes if one.key == key), None)


def _of_answers(before: Step | None, step: Step) -> Iterator[Notice]:
    """Tell orders that the guard refused, each reason once in a row, and pictures with holes, when they begin.

    A hole is told in figures that change from look to look, and blinds all hedges of the account alike.
    """
    was = {} if before is None else {one.hedge: one for one in before.decision.explanations}
    for one in step.decision.explanations:
        if one.answer == "refused" and _said(was.get(one.hedge)) != _said(one):
            yield _notice(step, "order_refused", "warning", one.hedge, one.why, one.hedge)
    blind = next((one for one in step.decision.explanations if one.answer == "blind"), None)
    if blind is not None and not any(one.answer == "blind" for one in was.values()):
        yield _notice(step, "blind", "warning", None, blind.why, "blind")


def _said(one: Explanation | None) -> tuple[str, str]:
    return ("", "") if one is None else (one.answer, one.why)


def _of_orders(step: Step, hedges: tuple[HedgeRules, ...]) -> Iterator[Notice]:
    """Tell orders that the venue rejected, and those whose answer was lost."""
    for one in step.reports:
        name, hedge = one.client_order_id, _owner(one.symbol, hedges)
        why = one.reason or "no reason given"
        if one.state is OrderState.REJECTED:
            text = f"The venue rejected order {name} in {one.symbol}: {why}."
            yield _notice(step, "order_rejected", "warning", hedge, text, name)
        if one.state is OrderState.UNKNOWN:
            text = f"The fate of order {name} in {one.symbol} is open, and blocks the contract: {why}."
            yield _notice(step, "order_unknown", "warning", hedge, text, name)


def _of_rolls(before: Step | None, step: Step) -> Iterator[Notice]:
    """Tell rolls that are over, and those that a person has to look at."""
    late = set() if before is None else {_near(one) for one in before.decision.explanations if _late(one)}
    for one in step.decision.explanations:
        if one.roll is not None and _late(one) and _near(one) not in late:
            text = f"{one.roll.near}: {ROLL_LATE} ({one.roll.left:f} contracts are left)."
            yield _notice(step, "roll_late", "critical", one.hedge, text, one.roll.near)
        then = step.snapshot.memory.of(one.hedge).roll
        now = step.decision.memory.of(one.hedge).roll
        if then is not None and (now is None or now.near != then.near):
            text = f"The roll from {then.near} to {then.far} is over."
            yield _notice(step, "roll_done", "info", one.hedge, text, f"{then.near} {then.far}")


def _late(one: Explanation) -> bool:
    return one.roll is not None and one.roll.late


def _near(one: Explanation) -> tuple[str, str]:
    return one.hedge, "" if one.roll is None else one.roll.near


def _of_fills(step: Step, hedges: tuple[HedgeRules, ...]) -> Iterator[Notice]:
    """Tell the fills of a step, those of one side of a contract together."""
    gathered: dict[tuple[str, str], list[Fill]] = {}
    for fill in step.fills:
        gathered.setdefault((fill.symbol, str(fill.side)), []).append(fill)
    for (symbol, side), fills in gathered.items():
        size = sum((one.contracts for one in fills), ZERO)
        low, high = min(one.price for one in fills), max(one.price for one in fills)
        at = f"{low:f}" if low == high else f"{low:f} to {high:f}"
        text = f"Filled: {side} {size:f} {symbol} at {at}."
        yield _notice(step, "fill", "info", _owner(symbol, hedges), text, fills[0].fill_id)


# --- from the session -----------------------------------------------------------------------------------------


def lost(account: str, why: str, at_ms: int) -> Notice:
    """Tell that a venue is out of reach; ``why`` is the error's sentence."""
    return Notice(
        kind="venue_lost",
        severity="critical",
        account=account,
        hedge=None,
        text=f"{OUT_OF_REACH[:1].upper()}{OUT_OF_REACH[1:]}: {why}",
        at_ms=at_ms,
        key="reach",
        state=BEGUN,
    )


def back(account: str, at_ms: int) -> Notice:
    """Tell that a venue answers again."""
    text = "The venue answers again."
    return Notice(
        kind="venue_back",
        severity="info",
        account=account,
        hedge=None,
        text=text,
        at_ms=at_ms,
        key="reach",
        state=ENDED,
    )


def of_process(kind: Literal["started", "stopped", "test"], text: str, at_ms: int) -> Notice:
    """Tell something about the whole process."""
    return Notice(kind=kind, severity="info", account="", hedge=None, text=text, at_ms=at_ms, key=kind)


def ended(error: Exception, at_ms: int) -> Notice:
    """Tell why a run has ended by itself. Of an error that is none of ours only the name is told: its text may hold anything."""
    kind: NoticeKind
    match error:
        case AuthFailedError():
            kind = "key_refused"
        case JournalUnavailableError():
            kind = "journal_lost"
        case PreflightError():
            kind = "preflight"
        case VenueError():
            kind = "venue_lost"
        case _:
            kind = "crashed"
    what = (
        str(error) if isinstance(error, HedgerowError) else f"{type(error).__name__}; the log has the rest."
    )
    return Notice(
        kind=kind,
        severity="critical",
        account="",
        hedge=None,
        text=f"Hedgerow has ended, and nothing is looked after: {what}",
        at_ms=at_ms,
        key="ended",
    )
