"""Where a journal lies, whatever kind of database it is: what may be asked of the place, and what all places share.

There are two kinds: a file of SQLite (``journal_file`` and ``journal_lock`` know its peculiarities) and a database of
PostgreSQL (``journal_postgres`` knows its own). Whoever writes or reads a journal goes by this shape alone. A place is
told by its name, which never holds a password.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from bot.adapters.tables import HEAD, REVISIONS, has, meta, writers
from bot.core.values import record
from bot.shell.ports import JournalPassedError, JournalUnavailableError

T = TypeVar("T")


JOURNAL_ID = "id"
"""Under which a journal keeps a name of its own, which no other has."""


@record
class Found:
    """What a journal says of itself."""

    revision: str
    mode: str


class Lock(Protocol):
    """The right to write one account's journal. It is lost when its process dies, however it dies."""

    def check(self) -> None:
        """See that the right is still ours.

        Raises:
            JournalUnavailableError: it cannot be seen, or it is lost.
        """

    def regain(self) -> bool:
        """Take a right again that was lost on the way to its keeper; returns whether it is ours.

        Raises:
            JournalUnavailableError: nobody can tell.
        """

    def release(self) -> None:
        """Give the right back."""


class Questions(Protocol):
    """A journal for questions only; each sees one state of it and leaves nothing behind."""

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a question; it may be put more than once.

        Raises:
            JournalUnavailableError: the journal cannot be read.
        """

    def close(self) -> None:
        """Let go of what is kept."""


class Place(Protocol):
    """Where a journal lies. ``str`` gives its name, without a password."""

    @property
    def noun(self) -> str:
        """What there is at the place: ``file``, ``database``."""

    @property
    def setting(self) -> str:
        """The setting that names the place."""

    @property
    def leased(self) -> bool:
        """Whether writers on other machines may come, so that who leads is a matter of time, too."""

    def look(self) -> Found | None:
        """Find out what is there, without a trace; None if a journal may be made there.

        Raises:
            JournalUnavailableError: something else is there, or it cannot be read.
        """

    def make_way(self) -> None:
        """See that it can be written before anything is tried and leaves traces.

        Raises:
            JournalUnavailableError: it cannot.
        """

    def lock(self, account: str, mode: str) -> Lock:
        """Take the right to write an account's journal.

        Raises:
            JournalTakenError: another writer has it.
            JournalUnavailableError: it cannot be had.
        """

    def engine(self) -> Engine:
        """Open it for writing, with one connection: a commit is durable when it returns."""

    def questions(self) -> Questions:
        """Open it for questions."""

    def alone(self, connection: Connection) -> None:
        """Keep others from making or migrating the journal until the transaction ends."""

    def stamp(self) -> object:
        """Give something that differs once anybody has written; None if only the journal itself can tell."""

    def not_written(self, error: Exception) -> JournalUnavailableError:
        """Word the failure of a write."""

    def not_there(self) -> str:
        """Say what to do where there is no journal."""


def cause_of(error: Exception) -> str:
    """Put an error of the database or the system into a few words, on one line."""
    if isinstance(error, DBAPIError):
        return " ".join(str(error.orig).split())
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0]


def found_in(connection: Connection, place: Place) -> Found | None:
    """Read what an open database says of itself; None if it is empty.

    Raises:
        JournalUnavailableError: it is a database of something else, or a newer Hedgerow's.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    mode = None
    if {"alembic_version", meta.name} <= tables:
        revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
        if revision not in REVISIONS:
            raise JournalUnavailableError(
                f"The journal at {place} was written by a newer Hedgerow (schema {revision}; this one knows up to"
                f" {HEAD}). Upgrade Hedgerow or use another {place.setting}."
            )
        mode = connection.execute(select(meta.c.value).where(meta.c.key == "mode")).scalar()
    if mode is None:
        raise JournalUnavailableError(
            f"The {place.noun} at {place} is a database of something else, not a journal: use another {place.setting}."
        )
    return Found(revision=revision, mode=mode)


def refuse_other_mode(found: Found, place: Place, mode: str) -> None:
    """Refuse a journal whose figures are worth something else.

    Raises:
        JournalUnavailableError: it is of another mode.
    """
    if found.mode != mode:
        raise JournalUnavailableError(
            f"{place} is a journal of mode {found.mode}; this is {mode}. Use another {place.setting} or run in mode"
            f" {found.mode}."
        )


@contextmanager
def readable(place: Place) -> Iterator[None]:
    """Turn the failure to make sense of what a journal holds into a sentence.

    Raises:
        JournalUnavailableError: a ValueError was raised inside.
    """
    try:
        yield
    except ValueError as error:
        raise JournalUnavailableError(
            f"The journal at {place} holds a decision that this Hedgerow cannot read: use the version that wrote it, or"
            " restore it from a backup."
        ) from error


# --- who writes -------------------------------------------------------------------------------------------------


@record
class Turn:
    """A writer's turn at an account."""

    epoch: int
    """The number by which it is known: every opening counts it up."""
    handed_over: bool
    """Whether the writer before said that it was done, or there was none; if not, it may live and not know that it is over."""


def take_epoch(connection: Connection, account: str) -> Turn:
    """Count the account's writers up and be the last of them."""
    ours = writers.c.account == account
    mine = {
        "process": f"{os.getpid()} on {platform.node()}",
        "since_ms": time.time_ns() // 1_000_000,
    }
    if not has(connection, writers, account=account):
        connection.execute(insert(writers).values(account=account, epoch=1, **mine))
        return Turn(epoch=1, handed_over=True)
    before = connection.execute(select(writers.c.process).where(ours).with_for_update()).scalar_one()
    connection.execute(update(writers).where(ours).values(epoch=writers.c.epoch + 1, **mine))
    epoch = int(connection.execute(select(writers.c.epoch).where(ours)).scalar_one())
    return Turn(epoch=epoch, handed_over=before == HANDED_OVER)


HANDED_OVER = ""
"""Stands where the writer's process stood, once it has said that it is done."""


def hand_over(connection: Connection, account: str, epoch: int) -> None:
    """Say that we are done: whoever comes next need not wait for us."""
    ours = (writers.c.account == account, writers.c.epoch == epoch)
    connection.execute(update(writers).where(*ours).values(process=HANDED_OVER))


def refuse_if_passed(
    connection: Connection, account: str, epoch: int, place: Place, *, alone: bool = False
) -> None:
    """Refuse to go on if another writer has opened the account since; nobody can before the transaction ends.

    With ``alone`` every other transaction of this writer is waited for, too.

    Raises:
        JournalPassedError: one has.
    """
    query = select(writers).where(writers.c.account == account).with_for_update(read=not alone)
    row = connection.execute(query).one()
    if row.epoch != epoch:
        who = f"Process {row.process}" if row.process else "Another process"
        raise JournalPassedError(
            f"{who} has taken over the journal of account {account} at {place}: one account has one"
            " writer. Stop one of the two, and start again if it was the other."
        )
