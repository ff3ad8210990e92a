"""The desk: one hedge's papers while it is decided, and the few answers there are: hold, wait, cancel, place.

Plain hedges and rolls are decided elsewhere; both put their answers together here.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.core import gates, pricing, quiet, risk, rolls
from bot.core.exits import Exit
from bot.core.exposure import Book, Exposure
from bot.core.guard import Watch
from bot.core.instruments import Contract
from bot.core.memory import Arrival, CarryMemory, HedgeMemory, State
from bot.core.orders import BLOCKING, Leg, OrderRequest, WorkingOrder, client_order_id
from bot.core.policy import Target
from bot.core.quiet import PriceBox
from bot.core.risk import Approved, Refused, Wish
from bot.core.rules import HedgeRules, Rules
from bot.core.selection import Legs
from bot.core.snapshot import Setback, Snapshot
from bot.core.values import ONE, ZERO, Coins, Contracts, Price, Ratio, record, side_of

Answer = Literal["place", "cancel", "hold", "wait", "refused", "blind"]
REFUSED_LOOK_MS = 60_000
"""How long a refused wish is left alone while no price moves."""


@record
class Cancel:
    """Take an order of ours back."""

    hedge: str
    symbol: str
    client_order_id: str
    reason: str
    kind: Literal["cancel"] = "cancel"


@record
class RollView:
    """Where a dated hedge stands on its way from one contract to the next."""

    stage: rolls.Stage
    near: str
    """The contract that is held, and left."""
    far: str | None
    """The contract that is gone to; None while none is needed, or none is there."""
    expiry_ms: int | None
    """Of ``near``; None for a perpetual that bridges."""
    trigger: str
    lacks: str
    """Why there is no far contract, if one is needed."""
    left: Contracts
    """Signed contracts left in ``near``."""
    spread: Ratio | None
    """Far mid over near mid, less one."""
    advantage: Ratio | None
    """Net yield a year of rolling now."""
    naked: Coins
    """Coins out of step on the unhedged side (invariant I7)."""
    over: Coins
    """Coins out of step on the other side."""
    late: bool
    """A person is to be called."""
    choice: str = ""
    """Why the hedge lies in this kind of contract, if it takes the cheapest carry."""


@record
class Explanation:
    """Why one hedge got its answer: holdings x ratio = target - held - in flight = gap, and what follows."""

    hedge: str
    symbol: str
    """The contract that carries the hedge; the family's when none can."""
    answer: Answer
    why: str
    target: Target | None = None
    exposure: Exposure | None = None
    roll: RollView | None = None
    state: State = State.NORMAL
    """What the guard lets the hedge do."""
    naked: Coins = Coins(ZERO)
    """Coins that the guard's reductions leave unhedged against the target."""


@record
class Outcome:
    """What one hedge came to, before the account's answers are put together."""

    explanation: Explanation
    memory: HedgeMemory
    command: Approved | Cancel | None = None
    refused: Refused | None = None
    until_ms: int
    box: PriceBox | None = None
    """None: any price change asks again."""
    room: Ratio | None = None
    """How far all prices of the account may move without another answer, as a share; None is without limit."""


@record
class Case:
    """One hedge's papers on the desk."""

    snapshot: Snapshot
    rules: Rules
    hedge: HedgeRules
    number: int
    legs: Legs
    carrier: Contract
    book: Book
    target: Target
    exposure: Exposure
    memory: HedgeMemory
    """As it was, with urgency judged anew."""
    roll: RollView | None
    watch: Watch
    wanted: Target
    """What the policy wants, whatever became of it."""
    exit: Exit
    carry: CarryMemory | None

    @property
    def state(self) -> State:
        """What the guard lets the hedge do."""
        return self.watch.state_of(self.hedge.name)

    @property
    def gap_since_ms(self) -> int:
        """When this gap was first seen; now, if it is new."""
        since = self.memory.gap_since_ms
        return self.snapshot.at_ms if since is None else since

    @property
    def patience_ends_ms(self) -> int:
        """When the gap has waited long enough to cross the spread; at once if it is urgent."""
        if self.memory.urgent:
            return self.gap_since_ms
        return pricing.patience_ends_ms(self.rules.pricing, self.gap_since_ms)

    @property
    def waited_out(self) -> bool:
        """Whether the gap has waited long enough to cross the spread."""
        return self.snapshot.at_ms >= self.patience_ends_ms

    @property
    def calm_memory(self) -> HedgeMemory:
        """What is remembered when nothing is to be done: no gap, and how many coins there were."""
        roll = self.memory.roll
        if roll is not None and self.legs.near is None and roll.near != self.carrier.symbol:
            roll = None
        return HedgeMemory(hedge=self.hedge.name, own=self.exposure.own, roll=roll)

    def gap_memory(self, *, sent: bool = False) -> HedgeMemory:
        """Give what is remembered while a gap is worked on: the intent, its beginning, and the orders sent for it."""
        return replace(
            self.memory,
            gap_since_ms=self.gap_since_ms,
            reprices=self.memory.reprices + sent,
            intent=self.memory.intent or self.number,
            arrivals=self.memory.arrivals or self._mids(),
            own=self.exposure.own,
        )

    def _mids(self) -> tuple[Arrival, ...]:
        symbols = {self.carrier.symbol} | ({self.legs.near.symbol} if self.legs.near else set())
        return tuple(
            Arrival(symbol=quote.symbol, mid=quote.mid)
            for quote in self.snapshot.quotes
            if quote.symbol in symbols
        )

    def explain(self, answer: Answer, why: str) -> Explanation:
        """Put the figures beside an answer."""
        return Explanation(
            hedge=self.hedge.name,
            symbol=self.carrier.symbol,
            answer=answer,
            why=why,
            target=self.target,
            exposure=self.exposure,
            roll=self.roll,
            state=self.state,
            naked=self.naked,
        )

    @property
    def naked(self) -> Coins:
        """Coins that stay unhedged because the guard lets nothing be added; 0 while it does."""
        if self.state is State.NORMAL:
            return Coins(ZERO)
        return Coins(max(-self.carrier.coins(self.exposure.gap, self.book.mark), ZERO))


# --- answers ------------------------------------------------------------------------------------------------


def wait(case: Case, why: str, *, memory: HedgeMemory | None = None, until_ms: int | None = None) -> Outcome:
    """Wait for news that any look may bring."""
    return Outcome(
        explanation=case.explain("wait", why),
        memory=case.gap_memory() if memory is None else memory,
        until_ms=case.snapshot.at_ms if until_ms is None else until_ms,
    )


def cancel(case: Case, order: WorkingOrder, reason: str, *, memory: HedgeMemory | None = None) -> Outcome:
    """Take an order back."""
    name = order.request.client_order_id
    return Outcome(
        explanation=case.explain("cancel", f"Order {name}: {reason}."),
        memory=case.gap_memory() if memory is None else memory,
        command=Cancel(
            hedge=case.hedge.name, symbol=order.request.symbol, client_order_id=name, reason=reason
        ),
        until_ms=case.snapshot.at_ms,
    )


def blocked(case: Case, symbols: tuple[str, ...]) -> Outcome | None:
    """Wait while the fate of an order in any of the hedge's contracts is open: nothing is decided beside it."""
    for symbol in symbols:
        for order in case.snapshot.working_on(symbol):
            if order.state in BLOCKING:
                return wait(case, f"Order {order.request.client_order_id} is {order.state}.")
    return None


def with_working(case: Case, order: WorkingOrder, contract: Contract) -> Outcome:
    """Look at an order that stands: take it back if it is too slow, too much or left behind."""
    if case.waited_out:
        return cancel(case, order, case.memory.urgent or "patience is out; the rest will cross")
    if _overshoots(case, order, contract):
        return cancel(case, order, "it is more than the target asks for now")
    quote, rules = case.snapshot.quote(contract.symbol), case.rules.pricing
    behind = pricing.left_behind(order, quote, contract, rules, case.snapshot.at_ms)
    if behind and case.memory.reprices <= rules.reprices_max:
        return cancel(case, order, "the touch has left it behind; it will follow")
    return wait(case, f"Order {order.request.client_order_id} stands at {order.request.limit_price}.")


def _overshoots(case: Case, order: WorkingOrder, contract: Contract) -> bool:
    """Whether an order, filled, would leave the hedge beyond its target by a step or more (invariant I4)."""
    return order.request.side.sign * case.exposure.gap <= -contract.contracts_step


def place(
    case: Case, symbol: str, signed: Contracts, leg: Leg, *, crossing: bool, restores: bool = False
) -> Outcome:
    """Write the slip of a trade that is due, and have it stamped.

    A trade through zero first goes to zero; a trade above a slice trades a slice; after rejections it waits, and as long
    as the contract is not traded or shows nothing to trade with.
    """
    quote = case.snapshot.quote(symbol)
    if pricing.bare(side_of(signed), quote, crossing=crossing):
        return wait(case, f"Nothing can be traded: {symbol} has no book.")
    setback = _setback(case, symbol)
    if setback is not None and case.snapshot.at_ms < pricing.retry_at_ms(setback):
        why = f"The venue rejected {setback.count} order(s) in {symbol}; another may follow after a while."
        return wait(case, why, until_ms=pricing.retry_at_ms(setback) - 1)
    asked = wish_for(case, symbol, signed, leg, crossing=crossing, restores=restores)
    stamped = risk.judge(case.snapshot, case.rules, asked, case.state)
    if isinstance(stamped, Refused):
        return refuse(case, stamped, _room(case, stamped, asked))
    return Outcome(
        explanation=case.explain("place", _place_words(stamped)),
        memory=case.gap_memory(sent=True),
        command=stamped,
        until_ms=case.snapshot.at_ms,
    )


def refuse(case: Case, stamped: Refused, room: Ratio | None = None) -> Outcome:
    """Report what the guard refused, and how far all prices may move with it refused again; None looks at once."""
    look = 0 if room is None else REFUSED_LOOK_MS
    by_price = set(stamped.gates) <= gates.BY_PRICE
    until_ms = case.target.valid_until_ms if by_price and room else case.snapshot.at_ms + look
    return Outcome(
        explanation=case.explain("refused", "The guard refused: " + ", ".join(stamped.gates) + "."),
        memory=case.gap_memory(),
        refused=stamped,
        until_ms=min(until_ms, case.target.valid_until_ms),
        box=None if room is None else quiet.box_of(case.book, None if room else ZERO, quiet.NO_INCOME),
        room=room,
    )


def _room(case: Case, stamped: Refused, asked: Wish) -> Ratio | None:
    """Find how far all prices may move together with the smallest order refused as well; None is no look ahead at all.

    Where the smallest order is refused at both ends of a move by limits on the account, every order is at every price
    between: those limits are monotone in size and price. The venue's minimum is not.
    """
    if "quote_age" in stamped.gates or case.legs.near:
        return None
    doubted = any(one.doubt for one in case.watch.standings)
    if not set(stamped.gates) <= gates.BY_PRICE or asked.leg != "hedge" or doubted:
        return Ratio(ZERO)
    smallest = max(case.carrier.contracts_min, case.carrier.contracts_step)
    least = replace(asked, request=replace(asked.request, contracts=smallest))

    def refused(width: Decimal) -> bool:
        ends = ONE / (ONE + width), ONE + width
        return all(
            _limited(risk.judge(case.snapshot.moved(end), case.rules, _repriced(least, end)))
            and quiet.wants_more(case.book, case.hedge, case.target, case.exposure, end)
            for end in ends
        )

    return Ratio(next((width for width in quiet.BOX_WIDTHS if refused(width)), ZERO))


def _limited(stamped: Approved | Refused) -> bool:
    """Whether a wish is refused by more than the venue's minimum; zero contracts pass that nowhere."""
    return isinstance(stamped, Refused) and stamped.gates != ("venue_minimum",)


def _repriced(asked: Wish, multiple: Decimal) -> Wish:
    """Write a wish again at a multiple of its price."""
    limit = asked.request.limit_price
    price = None if limit is None else Price(limit * multiple)
    return replace(asked, request=replace(asked.request, limit_price=price))


def wish_for(
    case: Case, symbol: str, signed: Contracts, leg: Leg, *, crossing: bool, restores: bool = False
) -> Wish:
    """Write a wish: side, slice, price, name."""
    held = case.snapshot.position(symbol).contracts
    reduces = signed * held < ZERO
    if reduces and abs(signed) > abs(held):
        signed = Contracts(-held)
    side, quote, contract = side_of(signed), case.snapshot.quote(symbol), case.snapshot.contract(symbol)
    rules = case.rules.pricing
    slip = pricing.price(side, quote, contract, rules, crossing=crossing)
    name = client_order_id(case.snapshot.account, case.hedge.name, case.number, leg, case.memory.reprices)
    request = OrderRequest(
        client_order_id=name,
        symbol=symbol,
        side=side,
        contracts=pricing.slice_of(Contracts(abs(signed)), contract, quote, rules.slice_notional),
        limit_price=slip.limit_price,
        time_in_force=slip.time_in_force,
        reduce_only=reduces,
    )
    return Wish(
        hedge=case.hedge.name,
        request=request,
        leg=leg,
        crossing=slip.crossing,
        intent=case.memory.intent or case.number,
        arrival_mid=_arrival(case, symbol),
        restores=restores,
    )


def _arrival(case: Case, symbol: str) -> Price:
    """Give the mid when the intent began; now, if it begins now."""
    for arrival in case.memory.arrivals:
        if arrival.symbol == symbol:
            return arrival.mid
    return case.snapshot.quote(symbol).mid


def _setback(case: Case, symbol: str) -> Setback | None:
    return next((one for one in case.snapshot.setbacks if one.symbol == symbol), None)


def _place_words(approved: Approved) -> str:
    request = approved.request
    manner = "across the spread" if approved.crossing else "at the touch"
    shrunk = (
        "" if request.contracts == approved.contracts_asked else f", shrunk from {approved.contracts_asked}"
    )
    return f"{request.side} {request.contracts} {request.symbol}{shrunk} {manner}."
