"""The journal of one account in a database: written before anything is sent, durable when a method returns."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, Table, exists, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.journal_file import (
    cause_of,
    found_in,
    look,
    path_of,
    readable,
    refuse_other_mode,
)
from bot.adapters.journal_lock import WriterLock, make_way, not_writable, writing_engine
from bot.adapters.records import decision_from_json, decision_to_json, snapshot_to_json
from bot.adapters.tables import (
    HEAD,
    beginnings,
    cursors,
    decisions,
    fills,
    meta,
    order_events,
    orders,
    payments,
    record_of,
    rules,
    upgrade,
    values_of,
)
from bot.core.decide import Decision
from bot.core.orders import WORKING, IllegalTransitionError, OrderRequest, OrderState, WorkingOrder, move
from bot.core.reports import Fill, OrderReport
from bot.core.risk import Approved
from bot.core.snapshot import Memory, Snapshot
from bot.core.values import ZERO, Contracts
from bot.shell.ports import Activity, JournalUnavailableError


def open_journal(url: str, *, mode: str, account: str, rules_json: str) -> "SqlJournal":
    """Open an account's journal for writing, and make or migrate its database first if need be.

    Several accounts share a database, each with one writer. A journal that is refused is left as it was.

    Args:
        url: ``sqlite:///path``; the folders on the way are made.
        mode: what the figures are worth: ``demo``, ``paper``, ``live``. A database has one mode for ever.
        account: whose journal.
        rules_json: the rules in force, kept beside every decision they lead to.

    Raises:
        JournalUnavailableError: the journal is of another mode, of a newer Hedgerow, of another writer, or out of
            reach.
    """
    path = path_of(url)
    found = look(path)
    if found is not None:
        refuse_other_mode(found, path, mode)
    make_way(path)
    lock = WriterLock(path, account)
    engine = writing_engine(path)
    try:
        digest = _prepare(engine, path, mode, rules_json)
    except BaseException:
        engine.dispose()
        lock.release()
        raise
    return SqlJournal(engine=engine, path=path, account=account, rules_digest=digest, lock=lock)


def _prepare(engine: Engine, path: Path, mode: str, rules_json: str) -> str:
    """Bring schema, mode and rules up to date in one transaction; returns the digest of the rules.

    Another account's writer may have made or migrated the database since it was looked at, so it is looked at again.
    """
    digest = hashlib.sha256(rules_json.encode()).hexdigest()
    try:
        with engine.begin() as connection:
            found = found_in(connection, path)
            if found is not None:
                refuse_other_mode(found, path, mode)
            if found is None or found.revision != HEAD:
                upgrade(connection)
            if found is None:
                connection.execute(insert(meta).values(key="mode", value=mode))
            if not _has(connection, rules, digest=digest):
                connection.execute(insert(rules).values(digest=digest, json=rules_json))
    except (SQLAlchemyError, OSError) as error:
        raise not_writable(path, cause_of(error)) from error
    return digest


class SqlJournal:
    """The ledger of one account, as :class:`bot.shell.ports.Journal` asks, and a context manager that closes it.

    Every method may raise JournalUnavailableError, and then nothing was written.
    """

    def __init__(
        self, *, engine: Engine, path: Path, account: str, rules_digest: str, lock: WriterLock
    ) -> None:
        self.engine = engine
        self._path = path
        self._account = account
        self._rules_digest = rules_digest
        self._lock: WriterLock | None = lock
        # The account has one writer, so that what was read stays true until this writer writes again.
        self._working: tuple[WorkingOrder, ...] | None = None
        self._memory: Memory | None = None
        self._cursor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and let another writer in; closing twice does no harm."""
        if self._lock is not None:
            self.engine.dispose()
            self._lock.release()
            self._lock = None

    # --- writing --------------------------------------------------------------------------------------------

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Write a decision with its snapshot, and its orders as PLANNED (invariant I6)."""
        if snapshot.account != self._account:
            raise JournalUnavailableError(
                f"The journal at {self._path} is open for account {self._account} and takes no decision of"
                f" {snapshot.account}: open that account's journal."
            )
        row = {
            "account": self._account,
            "number": decision.number,
            "at_ms": decision.at_ms,
            "rules_digest": self._rules_digest,
            "snapshot": snapshot_to_json(snapshot),
            "decision": decision_to_json(decision),
        }
        self._working = self._memory = None
        with self._transaction() as connection:
            connection.execute(insert(decisions).values(row))
            for command in decision.commands:
                if isinstance(command, Approved):
                    self._plan(connection, command, decision)
            if not snapshot.missing:
                self._begin(connection, decision)

    def _plan(self, connection: Connection, command: Approved, decision: Decision) -> None:
        """Write one order down as PLANNED."""
        row = {
            **values_of(command.request),
            "account": self._account,
            "decision_number": decision.number,
            "hedge": command.hedge,
            "state": OrderState.PLANNED,
            "filled": ZERO,
            "updated_at_ms": decision.at_ms,
        }
        connection.execute(insert(orders).values(row))
        name, why = command.request.client_order_id, f"decision {decision.number}"
        _tell(connection, name, decision.at_ms, OrderState.PLANNED, ZERO, why)

    def _begin(self, connection: Connection, decision: Decision) -> None:
        """Remember the first decision of every hedge."""
        for explanation in decision.explanations:
            key = {"account": self._account, "hedge": explanation.hedge}
            if not _has(connection, beginnings, **key):
                row = {**key, "symbol": explanation.symbol, "decision_number": decision.number}
                connection.execute(insert(beginnings).values(row))

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Write an order's new state; what is filled never shrinks, whatever the report says.

        Raises:
            IllegalTransitionError: the table forbids the move, or the order is not in this journal.
        """
        name = report.client_order_id
        ours = (orders.c.client_order_id == name, orders.c.account == self._account)
        self._working = None
        with self._transaction() as connection:
            row = connection.execute(select(orders).where(*ours)).one_or_none()
            if row is None:
                raise IllegalTransitionError(
                    f"Order {name} cannot become {report.state}: it is not in the journal of {self._account}."
                )
            state = move(name, row.state, report.state)
            filled = max(row.filled, report.filled)
            leaves = state is OrderState.SENT and row.state is OrderState.PLANNED
            new = {
                "state": state,
                "filled": filled,
                "sent_at_ms": at_ms if leaves else row.sent_at_ms,
                "updated_at_ms": at_ms,
            }
            connection.execute(update(orders).where(*ours).values(new))
            _tell(connection, name, at_ms, state, filled, report.reason)

    def heard(self, activity: Activity) -> tuple[Fill, ...]:
        """Write fills and payments not yet known and move the cursor on; returns the fills that were new, in order."""
        new = []
        self._cursor = None
        with self._transaction() as connection:
            for fill in activity.fills:
                key = {"account": self._account, "symbol": fill.symbol, "fill_id": fill.fill_id}
                if not _has(connection, fills, **key):
                    connection.execute(insert(fills).values({**values_of(fill), "account": self._account}))
                    new.append(fill)
            for payment in activity.payments:
                key = {"account": self._account, "kind": payment.kind, "payment_id": payment.payment_id}
                if not _has(connection, payments, **key):
                    row = {**values_of(payment), "account": self._account}
                    connection.execute(insert(payments).values(row))
            self._advance(connection, activity.cursor)
        return tuple(new)

    def _advance(self, connection: Connection, cursor: int) -> None:
        """Move the cursor on, never back."""
        if not _has(connection, cursors, account=self._account):
            connection.execute(insert(cursors).values(account=self._account, cursor=cursor))
        behind = (cursors.c.account == self._account, cursors.c.cursor < cursor)
        connection.execute(update(cursors).where(*behind).values(cursor=cursor))

    # --- reading back ---------------------------------------------------------------------------------------

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""
        ours = (fills.c.account == self._account, fills.c.client_order_id == client_order_id)
        with self._transaction() as connection:
            sizes = connection.execute(select(fills.c.contracts).where(*ours)).scalars().all()
        return Contracts(sum(sizes, ZERO))

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position, oldest first."""
        if self._working is None:
            self._working = self._read_working()
        return self._working

    def _read_working(self) -> tuple[WorkingOrder, ...]:
        query = (
            select(orders)
            .where(orders.c.account == self._account, orders.c.state.in_(sorted(WORKING)))
            .order_by(orders.c.decision_number, orders.c.client_order_id)
        )
        with self._transaction() as connection:
            return tuple(
                WorkingOrder(
                    request=record_of(OrderRequest, row),
                    state=row.state,
                    filled=row.filled,
                    since_ms=row.updated_at_ms,
                )
                for row in connection.execute(query)
            )

    def memory(self) -> Memory:
        """Give the memory of the last decision; an empty one before the first."""
        if self._memory is None:
            self._memory = self._read_memory()
        return self._memory

    def _read_memory(self) -> Memory:
        query = (
            select(decisions.c.decision)
            .where(decisions.c.account == self._account)
            .order_by(decisions.c.number.desc())
            .limit(1)
        )
        with self._transaction() as connection:
            text = connection.execute(query).scalar()
        if text is None:
            return Memory()
        with readable(self._path):
            return decision_from_json(text).memory

    def cursor(self) -> int:
        """Give the cursor of the last activity heard; 0 before the first."""
        if self._cursor is None:
            query = select(cursors.c.cursor).where(cursors.c.account == self._account)
            with self._transaction() as connection:
                self._cursor = connection.execute(query).scalar() or 0
        return self._cursor

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Give one transaction, durable when it ends and undone by any error."""
        if self._lock is None:
            raise JournalUnavailableError(f"The journal at {self._path} is closed: open it again.")
        try:
            with self.engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise not_writable(self._path, cause_of(error)) from error


def _has(connection: Connection, table: Table, **key: str) -> bool:
    """Whether a table has a row. One writer an account and one transaction make it safe to insert upon a no."""
    condition = [table.c[name] == value for name, value in key.items()]
    return bool(connection.execute(select(exists().where(*condition))).scalar())


def _tell(
    connection: Connection, name: str, at_ms: int, state: OrderState, filled: Decimal, reason: str
) -> None:
    """Append to an order's history."""
    row = {"client_order_id": name, "at_ms": at_ms, "state": state, "filled": filled, "reason": reason}
    connection.execute(insert(order_events).values(row))
