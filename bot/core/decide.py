"""The study's one door: ``decide(snapshot, rules) -> Decision``.

Read it top to bottom: the guard looks at the account first; then policies wish, selection says in which contract, exposure
measures the gap, pricing writes a slip, risk stamps it, orders number it. Out come commands, refusals, the new memory, an
explanation per hedge, and for how long the answer stays good. What the guard does to a hedge is decided in ``guarding``, and
a hedge on its way from one contract to the next in ``rolling``.

Invariants held here: I4, |hedge| <= target + one step with in-flight and unknown counted; one working order per
contract; nothing is decided for a hedge while an order's fate is open.
"""

from collections.abc import Iterator
from dataclasses import replace

from bot.core import (
    bands,
    carry,
    desk,
    exits,
    exposure,
    guard,
    guarding,
    leftovers,
    policy,
    quiet,
    rolling,
    selection,
    urgency,
)
from bot.core.causes import Cause, ended, failed_policy
from bot.core.desk import Case, Explanation, Outcome
from bot.core.guard import Watch
from bot.core.instruments import Contract
from bot.core.memory import CarryMemory, Memory, State
from bot.core.orders import Leg, OrderState, WorkingOrder
from bot.core.policy import NO_END_MS, MarketView, Target
from bot.core.quiet import Quiet
from bot.core.relief import TopUp
from bot.core.risk import Approved, Refused
from bot.core.rules import HedgeRules, Rules
from bot.core.selection import Legs
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Coins, Contracts, Ratio, record

Command = TopUp | Approved | desk.Cancel


@record
class Decision:
    """The answer to one snapshot."""

    number: int
    at_ms: int
    commands: tuple[Command, ...]
    refused: tuple[Refused, ...]
    memory: Memory
    explanations: tuple[Explanation, ...]
    quiet: Quiet
    watch: Watch | None = None
    """What the guard found; None where nothing could be decided."""


def decide(snapshot: Snapshot, rules: Rules) -> Decision:
    """Decide every hedge of one margin account. Pure: the same picture and rules give the same answer, always."""
    number = snapshot.memory.number + 1
    if snapshot.missing:
        return _blind(snapshot, rules, number)
    watch = guard.look(snapshot, rules)
    outcomes: list[Outcome] = []
    for hedge in rules.hedges:
        picture = _planned(snapshot, outcomes) if outcomes else snapshot
        outcomes.append(_decide_hedge(picture, rules, hedge, number, watch))
    watch = guard.calling(watch, (*_faults(outcomes), *_ends(snapshot, rules, outcomes)))
    moved = () if watch.top_up is None else (watch.top_up,)
    return Decision(
        number=number,
        at_ms=snapshot.at_ms,
        commands=(*moved, *(o.command for o in outcomes if o.command is not None)),
        refused=tuple(o.refused for o in outcomes if o.refused is not None),
        memory=Memory(number=number, hedges=tuple(o.memory for o in outcomes), guard=watch.memory),
        explanations=tuple(o.explanation for o in outcomes),
        quiet=_quiet(snapshot, outcomes, watch, rules),
        watch=watch,
    )


def _faults(outcomes: list[Outcome]) -> tuple[Cause, ...]:
    """Name the hedges whose policy failed."""
    targets = ((one.explanation.hedge, one.explanation.target) for one in outcomes)
    return tuple(
        failed_policy(hedge, target.fault, target.ratio)
        for hedge, target in targets
        if target is not None and target.fault
    )


def _ends(snapshot: Snapshot, rules: Rules, outcomes: list[Outcome]) -> Iterator[Cause]:
    """Name the hedges that were left, or have lasted longer than they were meant to."""
    for hedge, outcome in zip(rules.hedges, outcomes, strict=True):
        memory = outcome.memory.exit
        if memory is not None and memory.left:
            yield ended(hedge.name, memory.left, None)
        elif exits.overdue(hedge.exit, memory, snapshot.at_ms):
            yield ended(hedge.name, "", hedge.exit.intended_days)


def _planned(snapshot: Snapshot, outcomes: list[Outcome]) -> Snapshot:
    """Show the next hedge of the account what was just approved, so that two hedges cannot use the same margin."""
    planned = tuple(
        WorkingOrder(
            request=outcome.command.request,
            state=OrderState.PLANNED,
            filled=Contracts(ZERO),
            since_ms=snapshot.at_ms,
        )
        for outcome in outcomes
        if isinstance(outcome.command, Approved)
    )
    return replace(snapshot, working=(*snapshot.working, *planned))


def _blind(snapshot: Snapshot, rules: Rules, number: int) -> Decision:
    """Answer a picture with holes: no command, no memory of it, ask again at once."""
    why = "Nothing is decided on an incomplete picture: " + "; ".join(snapshot.missing) + "."
    return Decision(
        number=number,
        at_ms=snapshot.at_ms,
        commands=(),
        refused=(),
        memory=replace(snapshot.memory, number=number),
        explanations=tuple(
            Explanation(hedge=hedge.name, symbol=hedge.symbol, answer="blind", why=why)
            for hedge in rules.hedges
        ),
        quiet=Quiet(until_ms=snapshot.at_ms, boxes=()),
    )


def _quiet(snapshot: Snapshot, outcomes: list[Outcome], watch: Watch, rules: Rules) -> Quiet:
    """Put the hedges' quiet times together; a hedge that acted or must look again leaves none.

    The account's prices move together, so that what one hedge or the guard has room for bounds the boxes of all.
    """
    boxes = tuple(o.box for o in outcomes if o.box is not None)
    if len(boxes) < len(outcomes) or watch.top_up is not None:
        return Quiet(until_ms=snapshot.at_ms, boxes=())
    guarded = guard.room(watch, snapshot, rules.guard)
    widths = [o.room for o in outcomes if o.room is not None]
    lows = [one for one in (guarded.low, *(ONE / (ONE + width) for width in widths)) if one is not None]
    highs = [one for one in (guarded.high, *(ONE + width for width in widths)) if one is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    incomes = guarded.income_min, guarded.income_max
    return Quiet(
        until_ms=min((guarded.until_ms, *(o.until_ms for o in outcomes)), default=NO_END_MS),
        boxes=tuple(quiet.narrowed(box, low, high, incomes) for box in boxes),
    )


# --- one hedge ----------------------------------------------------------------------------------------------


def _decide_hedge(snapshot: Snapshot, rules: Rules, hedge: HedgeRules, number: int, watch: Watch) -> Outcome:
    """Decide one hedge: choose its contract, wish, measure; then the guard, orders that work, or the trade that is due."""
    choice, legs = legs_of(snapshot, hedge, rules)
    if legs.carrier is None:
        return _nowhere(snapshot, hedge, legs)
    case = _with_choice(_case(snapshot, rules, hedge, number, legs, legs.carrier, watch), choice)
    outcome = guarding.act(case) or leftovers.settled(case)
    if outcome is None:
        outcome = _decide_one_leg(case) if legs.near is None else rolling.decide_two_legs(case, legs.near)
    good = snapshot.memory.of(hedge.name).ratio if case.wanted.fault else case.wanted.ratio
    exit_ = None if hedge.exit == exits.NEVER else case.exit.memory
    box = outcome.box
    if box is not None:
        box = quiet.narrowed(box, case.exit.low, case.exit.high, quiet.ANY_INCOME)
    return replace(outcome, memory=replace(outcome.memory, ratio=good, exit=exit_, carry=choice), box=box)


def legs_of(snapshot: Snapshot, hedge: HedgeRules, rules: Rules) -> tuple[CarryMemory | None, Legs]:
    """Choose between perpetual and dated, if the hedge asks for that, and then the contracts it lies in."""
    choice = carry.judged(snapshot, hedge, rules.roll)
    memory = replace(snapshot.memory.of(hedge.name), carry=choice)
    return choice, selection.choose(snapshot, hedge, rules.roll, memory)


def _with_choice(case: Case, choice: CarryMemory | None) -> Case:
    """Lay the choice between perpetual and dated on the desk."""
    if choice is None or case.roll is None:
        return case
    return replace(case, carry=choice, roll=replace(case.roll, choice=choice.words))


def _decide_one_leg(case: Case) -> Outcome:
    """Look at the order that works, or trade what is due."""
    symbol = case.carrier.symbol
    waiting = desk.blocked(case, (symbol,))
    if waiting is not None:
        return waiting
    for order in case.snapshot.working_on(symbol):
        return desk.with_working(case, order, case.carrier)
    trade = exposure.trade_needed(case.exposure, case.carrier)
    return _hold(case) if trade == ZERO else _trade(case, trade)


def _trade(case: Case, trade: Contracts) -> Outcome:
    """Trade what is due; the end of a roll crosses, and nothing is added while the guard does not let it."""
    ending = rolling.ending(case.memory, case.legs, case.carrier)
    finished = rolling.finish(case, trade) if ending else None
    if finished is not None:
        return finished
    if trade < ZERO and case.state is not State.NORMAL:
        return guarding.hold_back(case)
    leg: Leg = "far" if ending else "hedge"
    return desk.place(case, case.carrier.symbol, trade, leg, crossing=ending or case.waited_out)


def _nowhere(snapshot: Snapshot, hedge: HedgeRules, legs: Legs) -> Outcome:
    """Answer a hedge that no contract can carry now: name it and open nothing."""
    why = f"No contract can carry the hedge: {legs.lacks}."
    return Outcome(
        explanation=Explanation(hedge=hedge.name, symbol=hedge.symbol, answer="refused", why=why),
        memory=snapshot.memory.of(hedge.name),
        until_ms=snapshot.at_ms,
    )


def _case(
    snapshot: Snapshot,
    rules: Rules,
    hedge: HedgeRules,
    number: int,
    legs: Legs,
    carrier: Contract,
    watch: Watch,
) -> Case:
    """Lay the papers out: what is there, what is wished for, how far apart they are."""
    book = exposure.book(snapshot, hedge, carrier.symbol)
    wanted = _target(snapshot, hedge, book)
    end = exits.judged(
        snapshot,
        hedge.name,
        hedge.exit,
        wanted,
        book.index,
        held=book.held != ZERO,
        halted=watch.state_of(hedge.name) is State.HALTED,
    )
    target = end.target
    in_flight = rolling.in_flight(snapshot, book, legs, rules.roll)
    moving = legs.rolling or rolling.ending(snapshot.memory.of(hedge.name), legs, carrier)
    aim = replace(target, band=rolling.IN_STEP) if moving else target
    measured = exposure.measure(book, hedge, aim, in_flight)
    memory = urgency.judged(snapshot, rules, hedge, book, measured, watch.rung, target.band)
    return Case(
        snapshot=snapshot,
        rules=rules,
        hedge=hedge,
        number=number,
        legs=legs,
        carrier=carrier,
        book=book,
        target=target,
        exposure=measured,
        memory=memory,
        roll=rolling.view(snapshot, rules.roll, hedge, legs, carrier, measured),
        watch=watch,
        wanted=wanted,
        exit=end,
        carry=None,
    )


def _target(snapshot: Snapshot, hedge: HedgeRules, book: exposure.Book) -> Target:
    """Ask the policies, and say how far the hedge may be off what they want."""
    start, last = bands.start_of(hedge.band), _last_good(snapshot, hedge, book)
    wanted = policy.ask(hedge.stages, view_of(snapshot, hedge, book), start, last)
    return bands.with_band(
        wanted, hedge.band, book.contract.fee_taker, snapshot.volatility(book.contract.symbol)
    )


def _last_good(snapshot: Snapshot, hedge: HedgeRules, book: exposure.Book) -> Ratio:
    """Give the ratio to hold should a stage fail: the last good one; what is held, if there never was one."""
    remembered = snapshot.memory.of(hedge.name).ratio
    if remembered is not None:
        return remembered
    held = exposure.measure(
        book,
        hedge,
        Target(ratio=Ratio(ZERO), band=bands.start_of(hedge.band), reason=""),
        Contracts(ZERO),
    )
    achieved = ZERO if held.ratio_achieved is None else held.ratio_achieved
    return Ratio(min(max(achieved, ZERO), policy.RATIO_MAX))


def view_of(snapshot: Snapshot, hedge: HedgeRules, book: exposure.Book) -> MarketView:
    """Cut out what policies may see."""
    rates = [funding.rate for funding in snapshot.funding if funding.symbol == book.contract.symbol]
    return MarketView(
        at_ms=snapshot.at_ms,
        asset=hedge.asset,
        mark=book.mark,
        index=book.index,
        funding_rate=rates[0] if rates else None,
        symbol=hedge.symbol,
        coins=_coins(hedge, book),
        same_coin=not book.foreign,
        bars=snapshot.bars,
        settled=snapshot.settled,
    )


def _coins(hedge: HedgeRules, book: exposure.Book) -> tuple[tuple[str, Coins], ...]:
    """Count the hedged coins, kind by kind."""
    own = ((book.contract.base, book.own_alone),) if book.contract.base in hedge.assets else ()
    return (*own, *((one.asset, one.coins) for one in book.foreign))


def _hold(case: Case) -> Outcome:
    """Leave the hedge as it is and forget the gap."""
    inside = "below one step" if case.exposure.outside else "inside the band"
    lacks = f" {case.legs.lacks}." if case.legs.lacks else ""
    until_ms, box = (
        case.target.valid_until_ms,
        quiet.price_box(case.book, case.hedge, case.target, case.exposure),
    )
    return Outcome(
        explanation=case.explain("hold", f"The gap is {inside}.{lacks}"),
        memory=case.calm_memory,
        until_ms=min(until_ms, rolling.quiet_until_ms(case, case.carrier)),
        box=None if case.legs.lacks else box,
    )
