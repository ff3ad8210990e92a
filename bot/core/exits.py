"""When a hedge has done its work: conditions under which it is unwound, and stays so until a person hedges again.

One print does nothing: a price has to stay above its level. What a person has released is set aside until it has been
untrue once, so that a hedge that is wanted again is not left again at once.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.core.memory import ExitMemory
from bot.core.policy import NO_END_MS, Band, Target
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Price, Ratio, record

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
Kind = Literal["until", "price", "policy"]


@record
class ExitRules:
    """When a hedge is left; None never."""

    until_ms: int | None
    """A time."""
    price_above: Price | None
    """An index price, in quote currency."""
    price_hours: Decimal
    """How long the index has to stay at or above it."""
    policy_zero_days: Decimal | None
    """How long the policy has to want no hedge at all."""
    intended_days: Decimal | None
    """How long the hedge is meant to last; a person is called when it has lasted longer, and nothing else."""


NEVER = ExitRules(
    until_ms=None, price_above=None, price_hours=ZERO, policy_zero_days=None, intended_days=None
)
NO_HEDGE = Band(outer=Ratio(ZERO), inner=Ratio(ZERO))


@record
class Exit:
    """What the exit rules make of a target."""

    target: Target
    memory: ExitMemory
    low: Ratio | None
    """Lowest multiple of the index at which the rules say the same; None is any."""
    high: Ratio | None
    """The same, highest."""


def judged(
    snapshot: Snapshot,
    hedge: str,
    rules: ExitRules,
    wanted: Target,
    index: Price,
    *,
    held: bool,
    halted: bool,
) -> Exit:
    """Leave a hedge whose time has come: its target becomes none at all, for a reason in words.

    ``held`` says whether it holds anything. While it is ``halted`` nothing is left: the word that ends the halt would set
    the reason aside, too.
    """
    at_ms = snapshot.at_ms
    memory = _looked(snapshot.memory.of(hedge).exit or ExitMemory(), rules, wanted, index, at_ms, held=held)
    due = _due(rules, memory, at_ms)
    if memory.left and _released(snapshot, hedge, memory.left_ms):
        memory = replace(memory, left="", opened=held, set_aside=tuple(due))
    memory = replace(memory, set_aside=tuple(kind for kind in memory.set_aside if kind in due))
    new = [words for kind, words in due.items() if kind not in memory.set_aside]
    if new and not memory.left and not halted:
        memory = replace(memory, left=" and ".join(new), left_ms=at_ms)
    if memory.left:
        return Exit(target=_none(wanted, memory.left), memory=memory, low=None, high=None)
    until_ms = min((wanted.valid_until_ms, *_ends(rules, memory, at_ms)))
    low, high = _prices(rules, index)
    return Exit(
        target=replace(wanted, valid_until_ms=max(until_ms, at_ms)), memory=memory, low=low, high=high
    )


def _looked(
    old: ExitMemory, rules: ExitRules, wanted: Target, index: Price, at_ms: int, *, held: bool
) -> ExitMemory:
    """Bring the clocks up to date; other rules than those of then begin anew.

    A policy that fails has said nothing, so that its clock runs on. It runs once the hedge has held anything: one that waits
    for its time is not left for waiting.
    """
    words = repr(rules)
    if old.rules != words:
        old = replace(old, rules=words, left="", set_aside=())
    above = rules.price_above is not None and index >= rules.price_above
    opened = old.opened or held
    zero_since_ms = old.zero_since_ms
    if not wanted.fault:
        zero_since_ms = _since(wanted.ratio == ZERO and opened, zero_since_ms, at_ms)
    return replace(
        old,
        opened=opened,
        began_ms=(old.began_ms or at_ms) if held else None,
        above_since_ms=_since(above, old.above_since_ms, at_ms),
        zero_since_ms=zero_since_ms,
    )


def _since(holds: bool, since_ms: int | None, at_ms: int) -> int | None:  # noqa: FBT001 - a fact, not a mode
    if not holds:
        return None
    return at_ms if since_ms is None else since_ms


def _due(rules: ExitRules, memory: ExitMemory, at_ms: int) -> dict[str, str]:
    """List the conditions that hold, in words."""
    due: dict[str, str] = {}
    if rules.until_ms is not None and at_ms >= rules.until_ms:
        due["until"] = "its date has come"
    if memory.above_since_ms is not None and at_ms >= memory.above_since_ms + _ms(rules.price_hours, HOUR_MS):
        due["price"] = f"the index has been at {rules.price_above:f} or above for {rules.price_hours:f} h"
    days = rules.policy_zero_days
    if (
        days is not None
        and memory.zero_since_ms is not None
        and at_ms >= memory.zero_since_ms + _ms(days, DAY_MS)
    ):
        due["policy"] = f"its policy has wanted none for {days:f} d"
    return due


def _ends(rules: ExitRules, memory: ExitMemory, at_ms: int) -> list[int]:
    """List the last times at which no further condition holds by time alone."""
    ends = [] if rules.until_ms is None else [rules.until_ms - 1]
    if memory.above_since_ms is not None:
        ends.append(memory.above_since_ms + _ms(rules.price_hours, HOUR_MS) - 1)
    if memory.zero_since_ms is not None and rules.policy_zero_days is not None:
        ends.append(memory.zero_since_ms + _ms(rules.policy_zero_days, DAY_MS) - 1)
    if memory.began_ms is not None and rules.intended_days is not None:
        ends.append(memory.began_ms + _ms(rules.intended_days, DAY_MS) - 1)
    return [end for end in ends if end >= at_ms]


def _prices(rules: ExitRules, index: Price) -> tuple[Ratio | None, Ratio | None]:
    """Find the multiples of the index up, or down, to the level that is watched."""
    if rules.price_above is None:
        return None, None
    multiple = Ratio(rules.price_above / index)
    return (multiple, None) if multiple <= ONE else (None, multiple)


def _ms(count: Decimal, unit_ms: int) -> int:
    return int(count * unit_ms)


def _released(snapshot: Snapshot, hedge: str, left_ms: int) -> bool:
    return any(one.at_ms >= left_ms and one.hedge in {None, hedge} for one in snapshot.resumes)


def _none(wanted: Target, why: str) -> Target:
    words = f"left, because {why}"
    return replace(
        wanted,
        ratio=Ratio(ZERO),
        band=NO_HEDGE,
        flat=True,
        reason=f"{wanted.reason}; {words}" if wanted.reason else words,
        valid_until_ms=NO_END_MS,
    )


def overdue(rules: ExitRules, memory: ExitMemory | None, at_ms: int) -> bool:
    """Whether a hedge has lasted longer than it was meant to."""
    if memory is None or memory.began_ms is None or rules.intended_days is None:
        return False
    return at_ms >= memory.began_ms + _ms(rules.intended_days, DAY_MS)
