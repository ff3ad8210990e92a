"""Why the guard lets less happen, or why a person should look: each cause a sentence with figure, limit and remedy."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from bot.core.instruments import family_of, tier_fault
from bot.core.ladder import Standing, limit_of
from bot.core.memory import GuardMemory, Latch, Rung, State
from bot.core.rules import GuardRules, HedgeRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Ratio, record

MS = 1000

CauseKind = Literal[
    "margin",
    "frozen",
    "unwinding",
    "shifted",
    "foreign_position",
    "tiers",
    "unreported",
    "divergence",
    "adl",
    "top_up",
    "policy",
    "exit",
]


@record
class Cause:
    """One reason why the guard lets less happen, or why a person should look."""

    kind: CauseKind
    state: State
    """What it asks for; NORMAL calls a person and restricts nothing."""
    hedge: str | None
    """None is the whole account."""
    key: str
    """What makes it the same cause when it is seen again."""
    text: str
    """What happened, and the remedy, as a sentence."""
    who: str = "guard"


def causes_of(
    snapshot: Snapshot, rules: Rules, found: tuple[Standing, ...], memory: GuardMemory
) -> Iterator[Cause]:
    """List all causes: thin margin, the venue's word, persons' words, what cannot be measured, the deleveraging queue."""
    for one in found:
        if one.rung > Rung.CLEAR:
            yield _thin(one, rules.guard)
        if one.doubt > rules.guard.divergence_max * max(one.equity + one.doubt, ZERO):
            yield _divergence(one, rules.guard)
    if memory.state is State.REDUCING and memory.rung < Rung.STOP:
        yield _staying(snapshot, rules.guard, memory)
    yield from (_latched(latch, rules) for latch in memory.latches)
    yield from (_controlled(snapshot, index) for index in range(len(snapshot.controls)))
    yield from _unmeasured(snapshot)
    yield from _unreported(snapshot, found)
    yield from _queued(snapshot, rules)


def failed_policy(hedge: str, fault: str, held: Ratio) -> Cause:
    """Call a person about a stage that failed; it restricts nothing, and the last good ratio is held meanwhile."""
    return Cause(
        kind="policy",
        state=State.NORMAL,
        hedge=hedge,
        key=f"policy {hedge}",
        text=(
            f"{fault[:1].upper()}{fault[1:]}. The last good ratio {held:f} is held. Mend the stage, or take it out of"
            f" hedges.{hedge}.policy."
        ),
        who="policy",
    )


def ended(hedge: str, left: str, days: Decimal | None) -> Cause:
    """Call a person about a hedge that was left, or, if ``left`` is empty, that has lasted longer than it was meant to."""
    words = (
        f"Hedge {hedge} is left, because {left}. `hedgerow resume --hedge {hedge}` hedges again."
        if left
        else f"Hedge {hedge} has lasted {days:f} d, as long as it was meant to. Leave it, or set exit.intended_days anew."
    )
    key = f"exit {hedge} {'left' if left else 'overdue'}"
    return Cause(kind="exit", state=State.NORMAL, hedge=hedge, key=key, text=words, who="exit")


def _thin(one: Standing, rules: GuardRules) -> Cause:
    limits = rules.of(one.rung)
    state = State.REDUCING if one.rung >= Rung.STOP else State.NORMAL
    ratio = (
        "no equity is left"
        if one.margin_ratio is None
        else f"the margin ratio is {one.margin_ratio * 100:.1f} %"
    )
    away = (
        "no price liquidates" if one.distance is None else f"liquidation is {one.distance * 100:.1f} % away"
    )
    if one.sigmas is not None:
        away += f", {one.sigmas:.1f} sigmas of a day"
    limit = ZERO if limits is None else limit_of(limits, one.sigma_day)
    top = ZERO if limits is None else limits.margin_ratio
    return Cause(
        kind="margin",
        state=state,
        hedge=None,
        key=f"margin {one.settle} {','.join(one.symbols)} {one.rung.name}",
        text=(
            f"Rung {one.rung.name.lower()}: {away}, limit {limit * 100:.1f} %; {ratio}, limit {top * 100:.0f} %. Bring"
            f" {one.settle} into the futures wallet."
        ),
    )


def _staying(snapshot: Snapshot, rules: GuardRules, memory: GuardMemory) -> Cause:
    left = max(memory.since_ms + int(rules.stay_seconds * MS) - snapshot.at_ms, 0) // MS
    why = (
        f"{left} s of the minimum stay are left"
        if left
        else "the distance of the top-up rung is not restored"
    )
    return Cause(
        kind="margin",
        state=State.REDUCING,
        hedge=None,
        key="margin stay",
        text=f"Margin was thin, and nothing is added yet: {why}.",
    )


def _divergence(one: Standing, rules: GuardRules) -> Cause:
    return Cause(
        kind="divergence",
        state=State.NORMAL,
        hedge=None,
        key=f"divergence {one.settle} {','.join(one.symbols)}",
        text=(
            f"The venue's word on {one.settle} leaves {one.doubt:.8f} less backing than our forecast, more than"
            f" {rules.divergence_max * 100:.1f} % of equity. The worse figure rules. Look at the account's positions, mode"
            " and tiers."
        ),
    )


def _latched(latch: Latch, rules: Rules) -> Cause:
    name = "" if latch.hedge is None else f" --hedge {latch.hedge}"
    if latch.kind == "margin":
        limit = rules.guard.of(Rung.HALT)
        away = ZERO if limit is None else limit.distance
        what = f"Liquidation was less than {away * 100:.1f} % away, or the margin ratio beyond its limit."
    else:
        what = "The position shrank without an order of ours: deleveraged, liquidated, or a person."
    return Cause(
        kind="margin" if latch.kind == "margin" else "shifted",
        state=State.HALTED,
        hedge=latch.hedge,
        key=f"halt {latch.kind} {latch.hedge or ''} {latch.since_ms}",
        text=f"{what} Look at the account, then release it with `hedgerow resume{name}`.",
    )


def _controlled(snapshot: Snapshot, index: int) -> Cause:
    control = snapshot.controls[index]
    name = "" if control.hedge is None else f" --hedge {control.hedge}"
    what = "frozen" if control.kind == "freeze" else "unwinding"
    word = "Frozen" if control.kind == "freeze" else "To be closed"
    ends = control.ends or f"`hedgerow resume{name}` ends it."
    return Cause(
        kind="frozen" if what == "frozen" else "unwinding",
        state=State.HALTED,
        hedge=control.hedge,
        key=f"{what} {control.hedge or ''} {control.at_ms}",
        text=f"{word} by {control.who}: {control.why}. {ends}",
        who=control.who,
    )


def unwinds(snapshot: Snapshot, hedge: str) -> bool:
    """Whether a hedge is to be closed: the last word about it or the whole account rules, and a kill switch rules all."""
    about = [one for one in snapshot.controls if one.hedge in {None, hedge}]
    if not about or any(one.at_ms == 0 for one in about):
        return False
    return max(about, key=lambda one: one.at_ms).kind == "unwind"


def _unmeasured(snapshot: Snapshot) -> Iterator[Cause]:
    """Name what our forecast cannot see; nothing is added while it cannot."""
    for symbol in snapshot.foreign:
        yield Cause(
            kind="foreign_position",
            state=State.REDUCING,
            hedge=None,
            key=f"foreign {symbol}",
            text=(
                f"A position in {symbol} uses this account's margin and no hedge explains it: its margin is known by the"
                " venue's word only, and nothing is added. Close it, or hedge with it."
            ),
        )
    for contract in snapshot.contracts:
        fault = tier_fault(contract.tiers)
        if not fault:
            continue
        told = snapshot.wallet(contract.settle).maintenance is not None
        word = "The venue's own figures rule" if told else "The venue gives no maintenance margin either"
        yield Cause(
            kind="tiers",
            state=State.REDUCING,
            hedge=None,
            key=f"tiers {contract.symbol}",
            text=(
                f"The margin tiers of {contract.symbol} cannot be right: {fault}. {word}; nothing is added until the table"
                " is whole. Look at the venue's page."
            ),
        )


def _unreported(snapshot: Snapshot, found: tuple[Standing, ...]) -> Iterator[Cause]:
    """Name a venue that does not say what it will liquidate by: there is no second word on our forecast."""
    for one in found:
        if not one.symbols or snapshot.margin_mode == "isolated":
            continue
        if snapshot.wallet(one.settle).maintenance is None:
            silent = [s for s in one.symbols if snapshot.position(s).liquidation_price is None]
            nor = f", nor a liquidation price for {', '.join(silent)}" if silent else ""
            yield Cause(
                kind="unreported",
                state=State.NORMAL,
                hedge=None,
                key=f"unreported {one.settle}",
                text=(
                    f"The venue gives no maintenance margin in {one.settle}{nor}: our forecast alone rules. Compare it with"
                    " the venue's page once (`hedgerow guard` shows it)."
                ),
            )


def _queued(snapshot: Snapshot, rules: Rules) -> Iterator[Cause]:
    """Call a person when a position stands near the front of the deleveraging queue (reference section 15)."""
    for position in snapshot.positions:
        rank = position.adl_rank
        if rank is not None and rank >= rules.guard.adl_rank_warn and position.contracts != ZERO:
            yield Cause(
                kind="adl",
                state=State.NORMAL,
                hedge=_hedge_of(position.symbol, rules.hedges),
                key=f"adl {position.symbol} {rank}",
                text=(
                    f"The position in {position.symbol} is at place {rank} of 5 of the deleveraging queue: the venue may"
                    " close it. Less leverage moves it back."
                ),
            )


def _hedge_of(symbol: str, hedges: tuple[HedgeRules, ...]) -> str | None:
    return next((hedge.name for hedge in hedges if hedge.symbol == family_of(symbol)), None)
