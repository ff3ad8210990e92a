"""The writer of one account in a database: its transactions, and the turn that each of them looks at.

With every write goes, where it is asked for, how far the account's spool has come, so that a write whose answer was lost
is known by its number.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.journal_place import JOURNAL_ID, Lock, Place, Turn, hand_over, refuse_if_passed
from bot.adapters.tables import decisions, has, meta
from bot.core.values import record
from bot.shell.ports import JournalUnavailableError


@record
class Spooled:
    """How far the spool of an account has come in its journal."""

    spool: str
    """Name of the spool of whoever writes."""
    number: int
    """Of the last write that arrived."""
    lease: float = 0.0
    """Seconds for which whoever writes may act without the database: whoever comes next waits at least as long."""


class Writer:
    """The right to write one account, in use."""

    def __init__(self, *, engine: Engine, place: Place, account: str, lock: Lock, turn: Turn) -> None:
        self.engine = engine
        self.place = place
        self.account = account
        self.turn = turn
        self.writes = 0
        """Transactions that wrote."""
        self.noting: Spooled | None = None
        """What goes with each write; None if nothing is spooled anywhere."""
        self._lock: Lock | None = lock

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give one transaction that writes, durable when it ends and undone by any error.

        Raises:
            JournalPassedError: another writer has taken over.
            JournalUnavailableError: nothing was written; or, if it is a JournalAwayError, nobody knows.
        """
        with self._open(writing=True) as connection:
            yield connection
            if self.noting is not None:
                _note(connection, self.account, self.noting)
        self.writes += 1

    def note(self, spooled: Spooled) -> None:
        """Note how far a spool has come, and whose, with no other write; from now on it goes with each."""
        self.noting = spooled
        with self.transaction():
            return

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Give one transaction that only reads, to whoever has the turn; raises as ``transaction`` does."""
        with self._open(writing=False) as connection:
            yield connection

    @property
    def journal_id(self) -> str:
        """Give the journal's own name, by which a spool knows it; raises as ``transaction`` does."""
        with self.looking() as connection:
            return _kept(connection, JOURNAL_ID) or ""

    @contextmanager
    def _open(self, *, writing: bool, alone: bool = False) -> Iterator[Connection]:
        if self._lock is None:
            raise JournalUnavailableError(f"The journal at {self.place} is closed: open it again.")
        try:
            if writing:
                self._lock.check()
            with self.engine.begin() as connection:
                refuse_if_passed(connection, self.account, self.turn.epoch, self.place, alone=alone)
                yield connection
        except (SQLAlchemyError, OSError) as error:
            raise self.place.not_written(error) from error

    def regain(self) -> bool:
        """Take the lock again if it was lost; returns whether it is ours.

        Raises:
            JournalAwayError: nobody can tell.
        """
        return self._lock is not None and self._lock.regain()

    def spooled(self) -> Spooled | None:
        """Tell how far a spool has come, and whose; None if there never was one.

        A commit of ours whose answer was lost may still be under way at the server: it is waited for, so that the number
        cannot grow afterwards.
        """
        with self._open(writing=False, alone=True) as connection:
            found = _kept(connection, _spool_key(self.account))
        return None if found is None else Spooled(**json.loads(found))

    def close(self) -> None:
        """Close the database and let another writer in; closing twice does no harm.

        Whoever comes next is told that we are done; where that cannot be said, or the writer before us may still not know
        that it was passed, they wait.
        """
        if self._lock is None:
            return
        if self.place.leased and self.turn.handed_over:
            with suppress(JournalUnavailableError), self.transaction() as connection:
                hand_over(connection, self.account, self.turn.epoch)
        self.engine.dispose()
        self._lock.release()
        self._lock = None

    def settled(self) -> None:
        """Know that the writer before us cannot act any more."""
        self.turn = replace(self.turn, handed_over=True)

    def owes(self) -> None:
        """Know that something of ours is not written, so that whoever comes next must wait."""
        self.turn = replace(self.turn, handed_over=False)


def number_floor(connection: Connection, account: str) -> int:
    """Give the number below which an account's decisions may have been counted where this journal cannot see."""
    found = _kept(connection, _floor_key(account))
    return 0 if found is None else int(found)


def jump(connection: Connection, account: str, by: int) -> None:
    """Let the numbers of an account's decisions go on so much further up, once: order ids are made of them."""
    query = select(func.max(decisions.c.number)).where(decisions.c.account == account)
    last = max(connection.execute(query).scalar() or 0, number_floor(connection, account))
    _keep(connection, _floor_key(account), str(last + by))


def _note(connection: Connection, account: str, spooled: Spooled) -> None:
    value = json.dumps(asdict(spooled))
    _keep(connection, _spool_key(account), value)


def _spool_key(account: str) -> str:
    return f"spool {account}"


def _floor_key(account: str) -> str:
    return f"numbers {account}"


def _kept(connection: Connection, key: str) -> str | None:
    found: str | None = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return found


def _keep(connection: Connection, key: str, value: str) -> None:
    if has(connection, meta, key=key):
        connection.execute(update(meta).where(meta.c.key == key).values(value=value))
    else:
        connection.execute(insert(meta).values(key=key, value=value))
