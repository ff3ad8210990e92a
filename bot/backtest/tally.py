"""A journal in memory, for runs that are their own record: the same port as the durable one."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from bot.core.books import SHIFTS, Incident, count_setback, foreign_fills, late_state
from bot.core.causes import Cause
from bot.core.decide import Decision
from bot.core.instruments import Contract
from bot.core.memory import Memory
from bot.core.orders import DONE, OrderState, WorkingOrder, move
from bot.core.relief import TopUp
from bot.core.reports import OrderReport, TransferReport, TransferState
from bot.core.risk import Approved
from bot.core.snapshot import Control, Resume, Setback, Snapshot, Transfer
from bot.core.values import ZERO, Contracts, Money, record
from bot.shell.ports import Activity, GuardBook, Heard
from bot.shell.view import Mark

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@record
class _Moved:
    """A transfer, and when it came into its state."""

    top_up: TopUp
    state: TransferState
    since_ms: int
    updated_at_ms: int


class Tally:
    """Counts what a durable journal would write.

    A run that starts in the middle of things says what is ``held``, by contract, up to which ``cursor`` it has heard, and
    what the last decision remembered.
    """

    def __init__(
        self,
        *,
        held: Mapping[str, Decimal] = MappingProxyType({}),
        cursor: int = 0,
        memory: Memory = Memory(),  # noqa: B008 - frozen
    ) -> None:
        self.decisions = 0
        self.orders = 0
        self.refusals: Counter[str] = Counter()
        """Wishes the guard refused, and orders the exchange rejected, by reason."""
        self.incidents: list[Incident] = []
        self.top_ups: list[TopUp] = []
        self.guard_events: list[Cause] = []
        """Causes of the guard as they began."""
        self.marks: list[Mark] = []
        self.controls: tuple[Control, ...] = ()
        """What persons have said, as the owner of this journal plays them."""
        self.resumes: tuple[Resume, ...] = ()
        self._working: dict[str, WorkingOrder] = {}
        self._done: dict[str, WorkingOrder] = {}
        self._filled: dict[str, Decimal] = defaultdict(Decimal)
        self._held: dict[str, Decimal] = defaultdict(Decimal, held)
        self._realised: dict[str, Decimal] = defaultdict(Decimal)
        self._fills: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str]] = set()
        self._shifted: dict[str, None] = {}
        self._setbacks: dict[str, Setback] = {}
        self._terms: dict[str, Contract] = {}
        self._transfers: dict[str, _Moved] = {}
        self._adding: deque[int] = deque()
        """When orders that add were sent, in the last minute."""
        self._memory = memory
        self._last_at_ms = 0
        self._cursor = cursor

    # --- writing --------------------------------------------------------------------------------------------

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Keep the memory, the orders and the transfer as planned, and the causes that began."""
        self.decisions += 1
        self._memory = decision.memory
        self._last_at_ms = max(self._last_at_ms, decision.at_ms)
        self.refusals.update("guard: " + ", ".join(refused.gates) for refused in decision.refused)
        for command in decision.commands:
            if isinstance(command, Approved | TopUp):
                self._plan(command, decision.at_ms)
        if decision.watch is not None:
            known = snapshot.memory.guard.called
            self.guard_events += [cause for cause in decision.watch.causes if cause.key not in known]
        if not snapshot.missing:
            self._shifted.clear()

    def _plan(self, command: Approved | TopUp, at_ms: int) -> None:
        if isinstance(command, TopUp):
            self.top_ups.append(command)
            planned = _Moved(top_up=command, state="planned", since_ms=at_ms, updated_at_ms=at_ms)
            self._transfers[command.transfer_id] = planned
            return
        self.orders += 1
        self._working[command.request.client_order_id] = WorkingOrder(
            request=command.request, state=OrderState.PLANNED, filled=Contracts(ZERO), since_ms=at_ms
        )

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Move an order by the table."""
        name = report.client_order_id
        order = self._done[name] if name in self._done else self._working[name]
        move(name, order.state, report.state)
        if report.state is not order.state:
            self._count_setback(order, report, at_ms)
        leaves = order.state is OrderState.PLANNED and report.state is OrderState.SENT
        if leaves and not order.request.reduce_only:
            self._adding.append(at_ms)
        moved = replace(
            order,
            state=report.state,
            filled=max(order.filled, report.filled),
            since_ms=order.since_ms if report.state is order.state else at_ms,
        )
        if report.state in DONE:
            self._working.pop(name, None)
            self._done[name] = moved
        else:
            self._working[name] = moved

    def _count_setback(self, order: WorkingOrder, report: OrderReport, at_ms: int) -> None:
        symbol = order.request.symbol
        if report.state is OrderState.REJECTED:
            self.refusals[f"exchange: {report.reason}"] += 1
        setback = count_setback(self._setbacks.pop(symbol, None), order, report.state, at_ms)
        if setback is not None:
            self._setbacks[symbol] = setback

    def heard(self, activity: Activity, at_ms: int) -> Heard:
        """Keep the cursor and the sums of new fills; the exchange keeps the rest."""
        new = []
        for fill in activity.fills:
            if (fill.symbol, fill.fill_id) not in self._fills:
                self._fills.add((fill.symbol, fill.fill_id))
                self._realised[fill.symbol] += fill.told_pnl
                new.append(fill)
        for fill in new:
            self._filled[fill.client_order_id] += fill.contracts
            self._held[fill.symbol] += fill.side.sign * fill.contracts
            self._fill_late(fill.client_order_id, at_ms)
        incidents = self.found(foreign_fills(new, self._state_of), at_ms)
        self._cursor = max(self._cursor, activity.cursor)
        return Heard(fills=tuple(new), incidents=incidents)

    def _fill_late(self, name: str, at_ms: int) -> None:
        """Book a fill on an order that had ended."""
        order = self._done.get(name)
        if order is not None:
            filled = Contracts(max(order.filled, self._filled[name]))
            state = late_state(order.state, filled, order.request.contracts)
            since_ms = order.since_ms if state is order.state else at_ms
            self._done[name] = replace(order, state=state, filled=filled, since_ms=since_ms)

    def found(self, incidents: Sequence[Incident], at_ms: int) -> tuple[Incident, ...]:  # noqa: ARG002 - a port's argument
        """Keep incidents that are new, and re-base on them."""
        new = []
        for incident in incidents:
            if (incident.kind, incident.key) not in self._known:
                self._known.add((incident.kind, incident.key))
                self._held[incident.symbol] += incident.rebased
                new.append(incident)
                if incident.kind in SHIFTS:
                    self._shifted[incident.symbol] = None
        self.incidents += new
        return tuple(new)

    def adopt(self, order: WorkingOrder, hedge: str) -> None:  # noqa: ARG002 - a port's argument
        """Take an order in."""
        self.orders += 1
        self._working[order.request.client_order_id] = order

    def learned(self, contracts: Sequence[Contract], at_ms: int) -> None:  # noqa: ARG002 - a port's argument
        """Keep contracts as they are now."""
        self._terms |= {contract.symbol: contract for contract in contracts}

    def transfer_moved(self, report: TransferReport, at_ms: int) -> None:
        """Move a transfer on; one that is done stays done. The last one moved stands at the end."""
        before = self._transfers[report.transfer_id]
        if before.state == "done":
            return
        del self._transfers[report.transfer_id]
        since_ms = before.since_ms if report.state == before.state else at_ms
        self._transfers[report.transfer_id] = _Moved(
            top_up=before.top_up, state=report.state, since_ms=since_ms, updated_at_ms=at_ms
        )

    def marked(self, marks: Sequence[Mark]) -> None:
        """Keep what hedges were worth."""
        self.marks += marks

    # --- reading back ---------------------------------------------------------------------------------------

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""
        return Contracts(self._filled.get(client_order_id, ZERO))

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position."""
        return tuple(self._working.values())

    def done(self, client_order_id: str) -> WorkingOrder | None:
        """Give an order that has ended, with what filled of it."""
        return self._done.get(client_order_id)

    def knows(self, client_order_id: str) -> bool:
        """Whether an order was ever planned or adopted."""
        return self._state_of(client_order_id) is not None

    def _state_of(self, name: str) -> OrderState | None:
        order = self._working.get(name) or self._done.get(name)
        return None if order is None else order.state

    def held(self) -> dict[str, Contracts]:
        """Give the expected position in every contract that is not flat."""
        return {symbol: Contracts(size) for symbol, size in self._held.items() if size != ZERO}

    def realised(self) -> dict[str, Money]:
        """Sum the price profit that fills realised, by contract."""
        return {symbol: Money(sum_) for symbol, sum_ in self._realised.items()}

    def shifted(self) -> tuple[str, ...]:
        """List contracts that moved without a fill of ours since the last decision on a whole picture."""
        return tuple(self._shifted)

    def rejected(self) -> tuple[Setback, ...]:
        """Count rejections in a row."""
        return tuple(self._setbacks.values())

    def terms(self) -> dict[str, Contract]:
        """Give every contract as it was last learned."""
        return dict(self._terms)

    def memory(self) -> Memory:
        """Give the memory of the last decision."""
        return self._memory

    def last_at_ms(self) -> int:
        """Give the latest time of any decision."""
        return self._last_at_ms

    def cursor(self) -> int:
        """Give the cursor of the last activity heard."""
        return self._cursor

    def stamp(self) -> object:
        """Give what persons have said: all that others write here."""
        return self.controls, self.resumes

    def lead(self) -> None:
        """Lead: a run in memory is alone."""

    def said(self) -> tuple[tuple[Control, ...], tuple[Resume, ...]]:
        """Give persons' words and their releases."""
        return self.controls, self.resumes

    def guard_book(self, at_ms: int) -> GuardBook:
        """Give what the guard has to know."""
        while self._adding and self._adding[0] <= at_ms - MINUTE_MS:
            self._adding.popleft()
        left = [one for one in self._transfers.values() if one.state != "planned"]
        moved = [
            one.top_up.amount for one in left if one.state != "refused" and one.updated_at_ms > at_ms - DAY_MS
        ]
        return GuardBook(
            controls=self.controls,
            resumes=self.resumes,
            transfers=tuple(_open(one) for one in left if one.state == "sent"),
            top_up_refused_ms=left[-1].since_ms if left and left[-1].state == "refused" else 0,
            moved_today=Money(sum(moved, ZERO)),
            orders_last_minute=len(self._adding),
        )


def _open(one: _Moved) -> Transfer:
    top_up = one.top_up
    return Transfer(
        transfer_id=top_up.transfer_id, asset=top_up.asset, amount=top_up.amount, since_ms=one.since_ms
    )
