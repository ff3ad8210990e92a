"""Entries in the journal of one account, each on a connection: orders and their moves, fills, payments, beginnings.

Nothing here begins or ends a transaction, and nothing is kept from one call to the next.
"""

from decimal import Decimal

from sqlalchemy import Connection, Row, insert, select, update

from bot.adapters.tables import (
    beginnings,
    cursors,
    fills,
    has,
    order_events,
    orders,
    payments,
    record_of,
    values_of,
)
from bot.core.books import late_state
from bot.core.decide import Decision
from bot.core.orders import (
    DONE,
    WORKING,
    IllegalTransitionError,
    OrderRequest,
    OrderState,
    WorkingOrder,
    move,
)
from bot.core.reports import Fill, OrderReport
from bot.core.risk import Approved
from bot.core.values import ZERO, Contracts
from bot.shell.ports import Activity

# --- orders ----------------------------------------------------------------------------------------------------


def plan(connection: Connection, account: str, command: Approved, decision: Decision) -> None:
    """Write one order down as PLANNED."""
    row = {
        **values_of(command.request),
        "account": account,
        "decision_number": decision.number,
        "hedge": command.hedge,
        "leg": command.leg,
        "intent": command.intent,
        "arrival_mid": command.arrival_mid,
        "state": OrderState.PLANNED,
        "filled": ZERO,
        "since_ms": decision.at_ms,
        "updated_at_ms": decision.at_ms,
    }
    connection.execute(insert(orders).values(row))
    name, why = command.request.client_order_id, f"decision {decision.number}"
    _tell(connection, name, decision.at_ms, OrderState.PLANNED, ZERO, why)


def adopt(connection: Connection, account: str, order: WorkingOrder, hedge: str) -> None:
    """Write an order down that no decision of ours led to."""
    row = {
        **values_of(order.request),
        "account": account,
        "hedge": hedge,
        "state": order.state,
        "filled": order.filled,
        "sent_at_ms": order.since_ms,
        "since_ms": order.since_ms,
        "updated_at_ms": order.since_ms,
    }
    connection.execute(insert(orders).values(row))
    name = order.request.client_order_id
    _tell(connection, name, order.since_ms, order.state, order.filled, "adopted")


def move_order(connection: Connection, account: str, report: OrderReport, at_ms: int) -> WorkingOrder:
    """Write an order's new state; what is filled never shrinks. Returns the order as it was.

    Raises:
        IllegalTransitionError: the table forbids the move, or the order is not in this journal.
    """
    name = report.client_order_id
    ours = (orders.c.client_order_id == name, orders.c.account == account)
    row = connection.execute(select(orders).where(*ours)).one_or_none()
    if row is None:
        raise IllegalTransitionError(
            f"Order {name} cannot become {report.state}: it is not in the journal of {account}."
        )
    before = working_order(row)
    state = move(name, before.state, report.state)
    total = max(before.filled, report.filled)
    leaves = state is OrderState.SENT and before.state is OrderState.PLANNED
    new = {
        "state": state,
        "filled": total,
        "sent_at_ms": at_ms if leaves else row.sent_at_ms,
        "since_ms": before.since_ms if state is before.state else at_ms,
        "updated_at_ms": at_ms,
    }
    connection.execute(update(orders).where(*ours).values(new))
    _tell(connection, name, at_ms, state, total, report.reason)
    return before


def working(connection: Connection, account: str) -> tuple[WorkingOrder, ...]:
    """List orders that may still change the position, oldest first."""
    query = (
        select(orders)
        .where(orders.c.account == account, orders.c.state.in_(sorted(WORKING)))
        .order_by(orders.c.decision_number.nulls_first(), orders.c.client_order_id)
    )
    return tuple(working_order(row) for row in connection.execute(query))


def working_order(row: Row[tuple[object, ...]]) -> WorkingOrder:
    """Make an order of its row."""
    return WorkingOrder(
        request=record_of(OrderRequest, row), state=row.state, filled=row.filled, since_ms=row.since_ms
    )


def state_of(connection: Connection, account: str, client_order_id: str) -> OrderState | None:
    """Give the state of an order; None if it is not in the books."""
    ours = (orders.c.client_order_id == client_order_id, orders.c.account == account)
    state: OrderState | None = connection.execute(select(orders.c.state).where(*ours)).scalar()
    return state


def _tell(
    connection: Connection, name: str, at_ms: int, state: OrderState, total: Decimal, reason: str
) -> None:
    """Append to an order's history."""
    row = {"client_order_id": name, "at_ms": at_ms, "state": state, "filled": total, "reason": reason}
    connection.execute(insert(order_events).values(row))


# --- what was heard --------------------------------------------------------------------------------------------


def write_activity(connection: Connection, account: str, activity: Activity, at_ms: int) -> tuple[Fill, ...]:
    """Write fills and payments not yet known and move the cursor on; returns the fills that were new, in order."""
    new = []
    for fill in activity.fills:
        key = {"account": account, "symbol": fill.symbol, "fill_id": fill.fill_id}
        if not has(connection, fills, **key):
            connection.execute(insert(fills).values({**values_of(fill), "account": account}))
            _fill_late(connection, account, fill, at_ms)
            new.append(fill)
    for payment in activity.payments:
        key = {"account": account, "kind": payment.kind, "payment_id": payment.payment_id}
        if not has(connection, payments, **key):
            connection.execute(insert(payments).values({**values_of(payment), "account": account}))
    _advance(connection, account, activity.cursor)
    return tuple(new)


def _fill_late(connection: Connection, account: str, fill: Fill, at_ms: int) -> None:
    """Book a fill on its order if that had ended: what is filled grows, and a cancelled order may turn out filled (I1)."""
    name = fill.client_order_id
    ours = (orders.c.client_order_id == name, orders.c.account == account)
    row = connection.execute(select(orders).where(*ours)).one_or_none()
    if row is None or row.state not in DONE:
        return
    order = working_order(row)
    total = Contracts(max(order.filled, filled(connection, account, name)))
    state = late_state(order.state, total, order.request.contracts)
    since_ms = order.since_ms if state is order.state else at_ms
    new = {"state": state, "filled": total, "since_ms": since_ms, "updated_at_ms": at_ms}
    connection.execute(update(orders).where(*ours).values(new))
    _tell(connection, name, at_ms, state, total, f"fill {fill.fill_id} came late")


def filled(connection: Connection, account: str, client_order_id: str) -> Decimal:
    """Sum the fills heard of one order."""
    ours = (fills.c.account == account, fills.c.client_order_id == client_order_id)
    sizes = connection.execute(select(fills.c.contracts).where(*ours)).scalars().all()
    return sum(sizes, ZERO)


def _advance(connection: Connection, account: str, cursor: int) -> None:
    """Move the cursor on, never back."""
    if not has(connection, cursors, account=account):
        connection.execute(insert(cursors).values(account=account, cursor=cursor))
    behind = (cursors.c.account == account, cursors.c.cursor < cursor)
    connection.execute(update(cursors).where(*behind).values(cursor=cursor))


def begin(connection: Connection, account: str, decision: Decision) -> None:
    """Remember the first decision of every hedge."""
    for explanation in decision.explanations:
        key = {"account": account, "hedge": explanation.hedge}
        if not has(connection, beginnings, **key):
            row = {**key, "symbol": explanation.symbol, "decision_number": decision.number}
            connection.execute(insert(beginnings).values(row))
