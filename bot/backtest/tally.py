"""A journal in memory, for runs that are their own record: the same port as the durable one."""

from collections import Counter, defaultdict
from decimal import Decimal

from bot.core.decide import Decision
from bot.core.orders import DONE, OrderState, WorkingOrder, move
from bot.core.reports import Fill, OrderReport
from bot.core.risk import Approved
from bot.core.snapshot import Memory, Snapshot
from bot.core.values import ZERO, Contracts
from bot.shell.ports import Activity


class Tally:
    """Counts what a durable journal would write."""

    def __init__(self) -> None:
        self.decisions = 0
        self.orders = 0
        self.refusals: Counter[str] = Counter()
        """Wishes the guard refused, and orders the exchange rejected, by reason."""
        self._working: dict[str, WorkingOrder] = {}
        self._done: dict[str, OrderState] = {}
        self._filled: dict[str, Decimal] = defaultdict(Decimal)
        self._memory = Memory()
        self._cursor = 0

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Keep the memory, and the orders as PLANNED."""
        self.decisions += 1
        self._memory = decision.memory
        self.refusals.update("guard: " + ", ".join(refused.gates) for refused in decision.refused)
        for command in decision.commands:
            if isinstance(command, Approved):
                self.orders += 1
                self._working[command.request.client_order_id] = WorkingOrder(
                    request=command.request,
                    state=OrderState.PLANNED,
                    filled=Contracts(ZERO),
                    since_ms=snapshot.at_ms,
                )

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Move an order by the table."""
        name = report.client_order_id
        if name in self._done:
            self._done[name] = move(name, self._done[name], report.state)
            return
        order = self._working[name]
        move(name, order.state, report.state)
        if report.state is OrderState.REJECTED:
            self.refusals[f"exchange: {report.reason}"] += 1
        if report.state in DONE:
            del self._working[name]
            self._done[name] = report.state
            return
        self._working[name] = WorkingOrder(
            request=order.request,
            state=report.state,
            filled=max(order.filled, report.filled),
            since_ms=order.since_ms if report.state is order.state else at_ms,
        )

    def heard(self, activity: Activity) -> tuple[Fill, ...]:
        """Keep the cursor and the sums of fills; the exchange keeps the rest."""
        for fill in activity.fills:
            self._filled[fill.client_order_id] += fill.contracts
        self._cursor = activity.cursor
        return activity.fills

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""
        return Contracts(self._filled[client_order_id])

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position."""
        return tuple(self._working.values())

    def memory(self) -> Memory:
        """Give the memory of the last decision."""
        return self._memory

    def cursor(self) -> int:
        """Give the cursor of the last activity heard."""
        return self._cursor
