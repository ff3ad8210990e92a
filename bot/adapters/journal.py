"""The journal of one account in a database: written before anything is sent, durable when a method returns."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters import journal_books as books
from bot.adapters import journal_entries as entries
from bot.adapters import journal_guard as guard
from bot.adapters.journal_place import (
    JOURNAL_ID,
    Lock,
    Place,
    Turn,
    found_in,
    readable,
    refuse_other_mode,
    take_epoch,
)
from bot.adapters.journal_url import place_of
from bot.adapters.journal_writer import Writer, number_floor
from bot.adapters.records import decision_from_json, decision_to_json, snapshot_to_json
from bot.adapters.tables import (
    HEAD,
    cursors,
    decisions,
    has,
    meta,
    rules,
    upgrade,
    values_of,
)
from bot.adapters.tables import marks as table_of_marks
from bot.core.books import Incident, count_setback, foreign_fills
from bot.core.decide import Decision
from bot.core.instruments import Contract
from bot.core.memory import Memory
from bot.core.orders import WorkingOrder
from bot.core.relief import TopUp
from bot.core.reports import OrderReport, TransferReport
from bot.core.risk import Approved
from bot.core.snapshot import Control, Resume, Setback, Snapshot
from bot.core.values import ZERO, Contracts, Money
from bot.shell.ports import Activity, GuardBook, Heard, JournalUnavailableError
from bot.shell.view import Mark


def open_journal(
    url: str, *, mode: str, account: str, rules_json: str, lock: Lock | None = None
) -> "SqlJournal":
    """Open an account's journal for writing, and make or migrate its database first if need be.

    Several accounts share a database, each with one writer. A journal that is refused is left as it was.

    Args:
        url: ``sqlite:///path``, where the folders on the way are made, or ``postgresql://user:password@host/database``.
        mode: what the figures are worth: ``demo``, ``paper``, ``live``. A database has one mode for ever.
        account: whose journal.
        rules_json: the rules in force, kept beside every decision they lead to.
        lock: the right to write it, if it is held already; it goes back when the journal is closed.

    Raises:
        JournalTakenError: another writer has it.
        JournalUnavailableError: the journal is of another mode, of a newer Hedgerow, or out of reach.
    """
    place = place_of(url)
    found = place.look()
    if found is not None:
        refuse_other_mode(found, place, mode)
    place.make_way()
    lock = place.lock(account, mode) if lock is None else lock
    engine = place.engine()
    try:
        digest, turn = _prepare(engine, place, mode, account, rules_json)
    except BaseException:
        engine.dispose()
        lock.release()
        raise
    writer = Writer(engine=engine, place=place, account=account, lock=lock, turn=turn)
    return SqlJournal(writer, rules_digest=digest)


def _prepare(engine: Engine, place: Place, mode: str, account: str, rules_json: str) -> tuple[str, Turn]:
    """Bring schema, mode and rules up to date, and become the account's writer, in one transaction.

    Returns the digest of the rules and the writer's turn.

    Another account's writer may have made or migrated the database since it was looked at, so it is looked at again.
    """
    digest = hashlib.sha256(rules_json.encode()).hexdigest()
    try:
        with engine.begin() as connection:
            place.alone(connection)
            found = found_in(connection, place)
            if found is not None:
                refuse_other_mode(found, place, mode)
            if found is None or found.revision != HEAD:
                upgrade(connection)
            if found is None:
                connection.execute(insert(meta).values(key="mode", value=mode))
            if not has(connection, meta, key=JOURNAL_ID):
                connection.execute(insert(meta).values(key=JOURNAL_ID, value=uuid.uuid4().hex))
            if not has(connection, rules, digest=digest):
                connection.execute(insert(rules).values(digest=digest, json=rules_json))
            turn = take_epoch(connection, account)
    except (SQLAlchemyError, OSError) as error:
        raise place.not_written(error) from error
    return digest, turn


class SqlJournal:
    """The ledger of one account, as :class:`bot.shell.ports.Journal` asks, and a context manager that closes it.

    Every method may raise JournalUnavailableError, and then nothing was written.
    """

    def __init__(self, writer: Writer, *, rules_digest: str) -> None:
        self.writer = writer
        self._account = writer.account
        self._rules_digest = rules_digest
        # The account has one writer, so that what was read stays true until this writer writes again.
        self._working: tuple[WorkingOrder, ...] | None = None
        self._memory: Memory | None = None
        self._cursor: int | None = None
        self._last_at_ms: int | None = None
        self._held: dict[str, Decimal] | None = None
        self._shifted: tuple[str, ...] | None = None
        self._realised: dict[str, Money] | None = None
        self._setbacks: dict[str, Setback] | None = None
        self._terms: dict[str, Contract] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and let another writer in; closing twice does no harm."""
        self.writer.close()

    # --- writing --------------------------------------------------------------------------------------------

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Write a decision with its snapshot, its orders and its transfer as planned (invariant I6), its causes as events."""
        if snapshot.account != self._account:
            raise JournalUnavailableError(
                f"The journal at {self.writer.place} is open for account {self._account} and takes no decision of"
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
        last_at_ms, self._last_at_ms = self.last_at_ms(), None
        shifted, self._shifted = self.shifted(), None
        self._working = self._memory = None
        with self.writer.transaction() as connection:
            connection.execute(insert(decisions).values(row))
            for command in decision.commands:
                if isinstance(command, Approved):
                    entries.plan(connection, self._account, command, decision)
                elif isinstance(command, TopUp):
                    guard.plan(connection, self._account, command, decision)
            guard.write_events(connection, self._account, snapshot, decision)
            if not snapshot.missing:
                entries.begin(connection, self._account, decision)
                if shifted:
                    books.answer(connection, self._account, decision.number)
        self._shifted = shifted if snapshot.missing else ()
        self._memory, self._last_at_ms = decision.memory, max(last_at_ms, decision.at_ms)

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Write an order's new state; what is filled never shrinks, whatever the report says.

        Raises:
            IllegalTransitionError: the table forbids the move, or the order is not in this journal.
        """
        self._working = None
        setbacks, self._setbacks = self._read_setbacks(), None
        with self.writer.transaction() as connection:
            before = entries.move_order(connection, self._account, report, at_ms)
        if report.state is not before.state:
            symbol = before.request.symbol
            setback = count_setback(setbacks.pop(symbol, None), before, report.state, at_ms)
            setbacks |= {} if setback is None else {symbol: setback}
        self._setbacks = setbacks

    def heard(self, activity: Activity, at_ms: int) -> Heard:
        """Write fills and payments not yet known and move the cursor on, and write what is strange about the new fills."""
        if activity == Activity(fills=(), payments=(), cursor=self.cursor()):
            return Heard(fills=(), incidents=())
        held, self._held = self._read_held(), None
        shifted, realised = self._shifted, self._realised
        self._cursor = self._shifted = self._realised = None
        with self.writer.transaction() as connection:
            new = entries.write_activity(connection, self._account, activity, at_ms)
            strange = foreign_fills(new, partial(entries.state_of, connection, self._account))
            incidents = books.write_incidents(connection, self._account, strange, at_ms)
        for fill in new:
            held[fill.symbol] = held.get(fill.symbol, ZERO) + fill.side.sign * fill.contracts
        self._held = held
        self._shifted = None if incidents else shifted
        self._realised = None if new else realised
        return Heard(fills=new, incidents=incidents)

    def found(self, incidents: Sequence[Incident], at_ms: int) -> tuple[Incident, ...]:
        """Write incidents that are not known yet, and the re-basing each asks for; returns those."""
        held, self._held = self._read_held(), None
        self._shifted = self._realised = None
        with self.writer.transaction() as connection:
            new = books.write_incidents(connection, self._account, incidents, at_ms)
        for incident in new:
            held[incident.symbol] = held.get(incident.symbol, ZERO) + incident.rebased
        self._held = held
        return new

    def adopt(self, order: WorkingOrder, hedge: str) -> None:
        """Take an order that bears our prefix into the books as if it had been decided."""
        self._working = None
        with self.writer.transaction() as connection:
            entries.adopt(connection, self._account, order, hedge)

    def learned(self, contracts: Sequence[Contract], at_ms: int) -> None:
        """Write contracts down, in the terms that are accepted from now on."""
        self._terms = self._realised = None
        with self.writer.transaction() as connection:
            books.write_terms(connection, self._account, contracts, at_ms)

    def transfer_moved(self, report: TransferReport, at_ms: int) -> None:
        """Write a transfer's new state; one that is done stays done.

        Raises:
            IllegalTransitionError: the transfer is not in this journal.
        """
        with self.writer.transaction() as connection:
            guard.move_transfer(connection, self._account, report, at_ms)

    def marked(self, marks: Sequence[Mark]) -> None:
        """Write down what hedges are worth."""
        rows = [{"account": self._account, **values_of(one)} for one in marks]
        with self.writer.transaction() as connection:
            connection.execute(insert(table_of_marks), rows)

    # --- reading back ---------------------------------------------------------------------------------------

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""
        with self.writer.looking() as connection:
            return Contracts(entries.filled(connection, self._account, client_order_id))

    def knows(self, client_order_id: str) -> bool:
        """Whether an order is in the books, done or not."""
        with self.writer.looking() as connection:
            return entries.state_of(connection, self._account, client_order_id) is not None

    def held(self) -> dict[str, Contracts]:
        """Give the position the books expect in every contract: fills and re-basings summed; flat ones are left out."""
        self._held = self._read_held()
        return {symbol: Contracts(size) for symbol, size in self._held.items() if size != ZERO}

    def _read_held(self) -> dict[str, Decimal]:
        if self._held is not None:
            return self._held
        with self.writer.looking() as connection:
            return books.held(connection, self._account)

    def realised(self) -> dict[str, Money]:
        """Sum the price profit that fills realised, by contract, in settlement currency."""
        if self._realised is None:
            with self.writer.looking() as connection, readable(self.writer.place):
                self._realised = books.realised(connection, self._account)
        return self._realised

    def shifted(self) -> tuple[str, ...]:
        """List contracts whose position moved without a fill of ours since the last decision on a whole picture."""
        if self._shifted is None:
            with self.writer.looking() as connection:
                self._shifted = books.shifted(connection, self._account)
        return self._shifted

    def rejected(self) -> tuple[Setback, ...]:
        """Count, per contract, the orders rejected one after the other since one was taken; none are left out."""
        self._setbacks = self._read_setbacks()
        return tuple(self._setbacks.values())

    def _read_setbacks(self) -> dict[str, Setback]:
        if self._setbacks is not None:
            return self._setbacks
        with self.writer.looking() as connection:
            return books.setbacks(connection, self._account)

    def terms(self) -> dict[str, Contract]:
        """Give every contract ever traded or watched, by symbol, in the terms last accepted."""
        if self._terms is None:
            with self.writer.looking() as connection, readable(self.writer.place):
                self._terms = books.accepted_terms(connection, self._account)
        return self._terms

    def last_at_ms(self) -> int:
        """Give the latest time of any decision; 0 before the first."""
        if self._last_at_ms is None:
            with self.writer.looking() as connection:
                self._last_at_ms = books.last_at_ms(connection, self._account)
        return self._last_at_ms

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position, oldest first."""
        if self._working is None:
            self._working = self._read_working()
        return self._working

    def _read_working(self) -> tuple[WorkingOrder, ...]:
        with self.writer.looking() as connection:
            return entries.working(connection, self._account)

    def memory(self) -> Memory:
        """Give the memory of the last decision, an empty one before the first; its number may have been moved up."""
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
        with self.writer.looking() as connection:
            text, floor = connection.execute(query).scalar(), number_floor(connection, self._account)
        with readable(self.writer.place):
            memory = Memory() if text is None else decision_from_json(text).memory
        return replace(memory, number=max(memory.number, floor))

    def cursor(self) -> int:
        """Give the cursor of the last activity heard; 0 before the first."""
        if self._cursor is None:
            query = select(cursors.c.cursor).where(cursors.c.account == self._account)
            with self.writer.looking() as connection:
                self._cursor = connection.execute(query).scalar() or 0
        return self._cursor

    def stamp(self) -> object:
        """Give what the place tells of its writers; else our own writes and the number of persons' words, which only grow."""
        told = self.writer.place.stamp()
        if told is not None:
            return told
        with self.writer.looking() as connection:
            return self.writer.writes, guard.count_words(connection, self._account)

    def said(self) -> tuple[tuple[Control, ...], tuple[Resume, ...]]:
        """Read persons' words that are in force, and their releases."""
        with self.writer.looking() as connection:
            words = guard.words(connection, self._account)
        return guard.in_force(words), guard.releases(words)

    def guard_book(self, at_ms: int) -> GuardBook:
        """Give what the guard has to know at a time; nothing of it is kept, as other processes write persons' words."""
        with self.writer.looking() as connection:
            return guard.guard_book(connection, self._account, at_ms)

    def lead(self) -> None:
        """See that we may act: the right to write is looked at with every write, and nothing is left to ask."""
