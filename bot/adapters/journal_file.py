"""The journal's file, looked at without a trace. SQLite's peculiarities are here, in ``journal_lock`` and ``journal_sqlite``.

A journal that is not ours to write is left as it is, to the byte: it is looked at through connections that cannot
write, and only then locked and opened. Looking has a trap: a read-only connection to a database in WAL mode leaves a
``-wal`` and a ``-shm`` file behind. So a database at rest, without a ``-wal`` file, is read as immutable, and the
answer is thrown away if a writer came in meanwhile.

And opening has one: a process that closes any file descriptor of its own on a database loses the locks that SQLite holds
on it there, and the next process that leaves takes itself for the last and removes the ``-wal`` under the writer's
hands. So nothing here opens the file but SQLite, which keeps count.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.adapters.journal_place import cause_of
from bot.shell.ports import JournalUnavailableError

T = TypeVar("T")

LOOKS_MAX = 3


def path_of(url: str) -> Path:
    """Take the path out of a ``sqlite:///path`` URL, with links followed: SQLite keeps its ``-wal`` beside the file itself.

    Raises:
        JournalUnavailableError: the URL is not of that kind.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("none")
    if parsed.get_backend_name() != "sqlite" or parsed.database in {None, "", ":memory:"}:
        raise JournalUnavailableError(
            f"The journal cannot be at {parsed.render_as_string()}: give the path of a file, as sqlite:///path, or a"
            " database of PostgreSQL, as postgresql://user:password@host/database."
        )
    path = Path(str(parsed.database)).absolute()
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise JournalUnavailableError(
            f"The journal cannot be at {path}: its links lead in a circle or out of reach. Use another journal.path."
        ) from error


class ReadOnlyFile:
    """A journal's file, for questions only. Every question has its own connection, and leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shared, self._immutable = (
            create_engine("sqlite://", creator=partial(sqlite3.connect, uri, uri=True), poolclass=NullPool)
            for uri in (f"{path.as_uri()}?mode=ro", f"{path.as_uri()}?mode=ro&immutable=1")
        )

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a question; it may be put more than once, and sees one state of the database.

        Raises:
            JournalUnavailableError: the file cannot be read.
        """
        try:
            for _ in range(LOOKS_MAX):
                before = self._stamp()
                if before is None:
                    return _put(self._shared, question)
                try:
                    answer = _put(self._immutable, question)
                except Exception:
                    if self._stamp() == before:
                        raise
                else:
                    if self._stamp() == before:
                        return answer
        except (SQLAlchemyError, OSError) as error:
            if _is_no_database(error):
                raise JournalUnavailableError(
                    f"The file at {self._path} is not a journal, nor any SQLite database: move it away or use another"
                    " journal.path."
                ) from error
            raise JournalUnavailableError(
                f"The journal at {self._path} cannot be read ({cause_of(error)}): check its rights and its disk, or"
                " restore it from a backup."
            ) from error
        raise JournalUnavailableError(f"The journal at {self._path} keeps changing hands: ask again.")

    def close(self) -> None:
        """Let go of what the engines keep."""
        self._shared.dispose()
        self._immutable.dispose()

    def _stamp(self) -> tuple[int, int, int] | None:
        """Tell one state of a database at rest from another; None while a writer has it open, or died having it."""
        if _beside(self._path, "wal").exists():
            return None
        status = self._path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns


def _is_no_database(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB


def _put(engine: Engine, question: Callable[[Connection], T]) -> T:
    with engine.connect() as connection:
        return question(connection)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}-{suffix}")


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Give a file's time and size; None if it is not there. The file is not opened: only SQLite may do that."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
