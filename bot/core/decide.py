"""The study's one door: ``decide(snapshot, rules) -> Decision``.

Read it top to bottom: policies wish, exposure measures the gap, pricing writes a slip, risk stamps it, orders number
it. Out come commands, refusals, the new memory, an explanation per hedge, and for how long the answer stays good.

Invariants held here: I4, |hedge| <= target + one step with in-flight and unknown counted; one working order per
contract; nothing is decided for a contract while an order's fate is open.
"""

from dataclasses import replace
from typing import Literal

from bot.core import exposure as exposures
from bot.core import policy, pricing, quiet, risk
from bot.core.exposure import Book, Exposure
from bot.core.orders import (
    BLOCKING,
    OrderRequest,
    OrderState,
    WorkingOrder,
    client_order_id,
)
from bot.core.policy import NO_END_MS, MarketView, Target
from bot.core.quiet import PriceBox, Quiet
from bot.core.risk import Approved, Refused
from bot.core.rules import HedgeRules, Rules
from bot.core.snapshot import HedgeMemory, Memory, Snapshot
from bot.core.values import ZERO, Contracts, record, side_of

Answer = Literal["place", "cancel", "hold", "wait", "refused", "blind"]


@record
class Cancel:
    """Take an order of ours back."""

    hedge: str
    symbol: str
    client_order_id: str
    reason: str
    kind: Literal["cancel"] = "cancel"


Command = Approved | Cancel


@record
class Explanation:
    """Why one hedge got its answer: holdings x ratio = target - held - in flight = gap, and what follows."""

    hedge: str
    symbol: str
    answer: Answer
    why: str
    target: Target | None = None
    exposure: Exposure | None = None


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


@record
class Outcome:
    """What one hedge came to, before the account's answers are put together."""

    explanation: Explanation
    memory: HedgeMemory
    command: Command | None = None
    refused: Refused | None = None
    until_ms: int
    box: PriceBox | None = None
    """None: any price change asks again."""


def decide(snapshot: Snapshot, rules: Rules) -> Decision:
    """Decide every hedge of one margin account. Pure: the same picture and rules give the same answer, always."""
    number = snapshot.memory.number + 1
    if snapshot.missing:
        return _blind(snapshot, rules, number)
    outcomes: list[Outcome] = []
    for hedge in rules.hedges:
        desk = _planned(snapshot, outcomes) if outcomes else snapshot
        outcomes.append(_decide_hedge(desk, rules, hedge, number))
    return Decision(
        number=number,
        at_ms=snapshot.at_ms,
        commands=tuple(o.command for o in outcomes if o.command is not None),
        refused=tuple(o.refused for o in outcomes if o.refused is not None),
        memory=Memory(number=number, hedges=tuple(o.memory for o in outcomes)),
        explanations=tuple(o.explanation for o in outcomes),
        quiet=_quiet(snapshot, outcomes),
    )


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
        memory=Memory(number=number, hedges=snapshot.memory.hedges),
        explanations=tuple(
            Explanation(hedge=hedge.name, symbol=hedge.symbol, answer="blind", why=why)
            for hedge in rules.hedges
        ),
        quiet=Quiet(until_ms=snapshot.at_ms, boxes=()),
    )


def _quiet(snapshot: Snapshot, outcomes: list[Outcome]) -> Quiet:
    """Put the hedges' quiet times together; a hedge that acted or must look again leaves none."""
    boxes = tuple(o.box for o in outcomes if o.box is not None)
    if len(boxes) < len(outcomes):
        return Quiet(until_ms=snapshot.at_ms, boxes=())
    return Quiet(until_ms=min((o.until_ms for o in outcomes), default=NO_END_MS), boxes=boxes)


def _decide_hedge(snapshot: Snapshot, rules: Rules, hedge: HedgeRules, number: int) -> Outcome:
    """Decide one hedge: wish, measure, then look at the order that works, or at the trade that is due."""
    book = exposures.book(snapshot, hedge)
    working = snapshot.working_on(hedge.symbol)
    target = policy.ask(hedge.stages, _view(snapshot, hedge, book), hedge.band)
    measured = exposures.measure(book, hedge, target, snapshot.in_flight(hedge.symbol))
    case = Case(
        snapshot=snapshot,
        rules=rules,
        hedge=hedge,
        number=number,
        book=book,
        target=target,
        exposure=measured,
        memory=snapshot.memory.of(hedge.name),
    )
    if working:
        return _with_working(case, working)
    trade = exposures.trade_needed(measured, book.contract)
    return _hold(case) if trade == ZERO else _trade(case, trade)


@record
class Case:
    """One hedge's papers on the desk."""

    snapshot: Snapshot
    rules: Rules
    hedge: HedgeRules
    number: int
    book: Book
    target: Target
    exposure: Exposure
    memory: HedgeMemory

    @property
    def gap_since_ms(self) -> int:
        """When this gap was first seen; now, if it is new."""
        since = self.memory.gap_since_ms
        return self.snapshot.at_ms if since is None else since

    @property
    def patience_ends_ms(self) -> int:
        """When the gap has waited long enough to cross the spread."""
        return pricing.patience_ends_ms(self.rules.pricing, self.gap_since_ms)

    @property
    def waited_out(self) -> bool:
        """Whether the gap has waited long enough to cross the spread."""
        return self.snapshot.at_ms >= self.patience_ends_ms

    def explain(self, answer: Answer, why: str) -> Explanation:
        """Put the figures beside an answer."""
        return Explanation(
            hedge=self.hedge.name,
            symbol=self.hedge.symbol,
            answer=answer,
            why=why,
            target=self.target,
            exposure=self.exposure,
        )


def _view(snapshot: Snapshot, hedge: HedgeRules, book: Book) -> MarketView:
    """Cut out what policies may see."""
    rates = [funding.rate for funding in snapshot.funding if funding.symbol == hedge.symbol]
    return MarketView(
        at_ms=snapshot.at_ms,
        asset=hedge.asset,
        mark=book.mark,
        index=book.index,
        funding_rate=rates[0] if rates else None,
    )


def _hold(case: Case) -> Outcome:
    """Leave the hedge as it is and forget the gap."""
    inside = "below one step" if case.exposure.outside else "inside the band"
    return Outcome(
        explanation=case.explain("hold", f"The gap is {inside}."),
        memory=HedgeMemory(hedge=case.hedge.name),
        until_ms=case.target.valid_until_ms,
        box=quiet.price_box(case.book, case.hedge, case.target, case.exposure),
    )


def _with_working(case: Case, working: tuple[WorkingOrder, ...]) -> Outcome:
    """Look at an order that works: wait for its fate, take it back if it is too much or too slow, or let it stand."""
    open_fate = [order for order in working if order.state in BLOCKING]
    if open_fate:
        name, state = open_fate[0].request.client_order_id, open_fate[0].state
        return _wait(case, f"Order {name} is {state}.", standing=False)
    order = working[0]
    if case.waited_out:
        return _cancel(case, order, "patience is out; the rest will cross")
    if _overshoots(case, order):
        return _cancel(case, order, "it is more than the target asks for now")
    return _wait(case, f"Order {order.request.client_order_id} stands at the touch.", standing=True)


def _overshoots(case: Case, order: WorkingOrder) -> bool:
    """Whether an order, filled, would leave the hedge beyond its target by a step or more (invariant I4)."""
    step = case.book.contract.contracts_step
    return order.request.side.sign * case.exposure.gap <= -step


def _cancel(case: Case, order: WorkingOrder, reason: str) -> Outcome:
    return Outcome(
        explanation=case.explain("cancel", f"Order {order.request.client_order_id}: {reason}."),
        memory=_remember(case),
        command=Cancel(
            hedge=case.hedge.name,
            symbol=case.hedge.symbol,
            client_order_id=order.request.client_order_id,
            reason=reason,
        ),
        until_ms=case.snapshot.at_ms,
    )


def _wait(case: Case, why: str, *, standing: bool) -> Outcome:
    """Wait for an order's news. A standing order is left until patience ends or a price moves; any other is asked after."""
    return Outcome(
        explanation=case.explain("wait", why),
        memory=_remember(case),
        until_ms=min(case.patience_ends_ms - 1, case.target.valid_until_ms),
        box=quiet.box_of(case.book, ZERO, quiet.NO_INCOME) if standing else None,
    )


def _remember(case: Case, *, sent: bool = False) -> HedgeMemory:
    return HedgeMemory(
        hedge=case.hedge.name, gap_since_ms=case.gap_since_ms, reprices=case.memory.reprices + sent
    )


def _trade(case: Case, needed: Contracts) -> Outcome:
    """Write the slip of a trade that is due, and have it stamped. A trade through zero first goes to zero."""
    held = case.exposure.held
    reduces = needed * held < ZERO
    signed = Contracts(-held) if reduces and abs(needed) > abs(held) else needed
    side, quote = side_of(signed), case.snapshot.quote(case.hedge.symbol)
    slip = pricing.price(side, quote, case.book.contract, case.rules.pricing, waited_out=case.waited_out)
    wish = OrderRequest(
        client_order_id=client_order_id(
            case.snapshot.account, case.hedge.name, case.number, "hedge", case.memory.reprices
        ),
        symbol=case.hedge.symbol,
        side=side,
        contracts=Contracts(abs(signed)),
        limit_price=slip.limit_price,
        time_in_force=slip.time_in_force,
        reduce_only=reduces,
    )
    stamped = risk.judge(case.snapshot, case.rules.risk, case.hedge.name, wish, crossing=slip.crossing)
    if isinstance(stamped, Refused):
        return Outcome(
            explanation=case.explain("refused", "The guard refused: " + ", ".join(stamped.gates) + "."),
            memory=_remember(case),
            refused=stamped,
            until_ms=case.snapshot.at_ms,
        )
    return Outcome(
        explanation=case.explain("place", _place_words(stamped)),
        memory=_remember(case, sent=True),
        command=stamped,
        until_ms=case.snapshot.at_ms,
    )


def _place_words(approved: Approved) -> str:
    request = approved.request
    manner = "across the spread" if approved.crossing else "at the touch"
    shrunk = (
        "" if request.contracts == approved.contracts_asked else f", shrunk from {approved.contracts_asked}"
    )
    return f"{request.side} {request.contracts} contracts{shrunk} {manner}."
