"""What is read out of a journal: questions to a connection that writer and reader have in common."""

from sqlalchemy import Connection, func, select

from bot.adapters.records import snapshot_from_json
from bot.adapters.tables import beginnings, decisions, fills, payments, record_of
from bot.core.reports import Fill, Payment
from bot.shell.view import Since, began


def fills_of(connection: Connection, account: str) -> tuple[Fill, ...]:
    """List an account's fills in the order they were heard."""
    query = select(fills).where(fills.c.account == account).order_by(fills.c.id)
    return tuple(record_of(Fill, row) for row in connection.execute(query))


def payments_of(connection: Connection, account: str) -> tuple[Payment, ...]:
    """List an account's payments in the order they were heard."""
    query = select(payments).where(payments.c.account == account).order_by(payments.c.id)
    return tuple(record_of(Payment, row) for row in connection.execute(query))


def told(connection: Connection, account: str) -> tuple[Fill | Payment, ...]:
    """List everything that was heard, oldest first; at one instant payments come first, as deposits and funding do."""
    heard: list[Fill | Payment] = [*payments_of(connection, account), *fills_of(connection, account)]
    return tuple(sorted(heard, key=lambda item: item.at_ms))


def last_at_ms(connection: Connection, account: str) -> int | None:
    """Tell the time of the last decision, fill or payment; None before the first."""
    queries = [
        select(func.max(t.c.at_ms)).where(t.c.account == account) for t in (decisions, fills, payments)
    ]
    times = [connection.execute(query).scalar() for query in queries]
    return max((at_ms for at_ms in times if at_ms is not None), default=None)


def beginnings_of(connection: Connection, account: str) -> dict[str, Since]:
    """Tell where each hedge of an account began, by its name.

    Raises:
        ValueError: a first picture cannot be read.
    """
    query = (
        select(beginnings.c.hedge, beginnings.c.symbol, decisions.c.snapshot)
        .join_from(beginnings, decisions)
        .where(beginnings.c.account == account)
        .order_by(beginnings.c.decision_number, beginnings.c.hedge)
    )
    return {
        row.hedge: began(snapshot_from_json(row.snapshot), row.symbol) for row in connection.execute(query)
    }
