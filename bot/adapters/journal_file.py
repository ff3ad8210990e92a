"""The journal's file, looked at without a trace. SQLite's peculiarities are here and in ``journal_lock``.

A journal that is not ours to write is left as it is, to the byte: it is looked at through connections that cannot
write, and only then locked and opened. Looking has a trap: a read-only connection to a database in WAL mode leaves a
``-wal`` and a ``-shm`` file behind. So a database at rest, without a ``-wal`` file, is read as immutable, and the
answer is thrown away if a writer came in meanwhile.

And opening has one: a process that closes any file descriptor of its own on a database loses the locks that SQLite holds
on it there, and the next process that leaves takes itself for the last and removes the ``-wal`` under the writer's
hands. So nothing here opens the file but SQLite, which keeps count.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.adapters.tables import HEAD, REVISIONS, meta
from bot.core.values import record
from bot.shell.ports import JournalUnavailableError

T = TypeVar("T")

LOOKS_MAX = 3


@record
class Found:
    """What a journal says of itself."""

    revision: str
    mode: str


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
            f"The journal cannot be at {parsed.render_as_string()}: give the path of a file, as sqlite:///path."
        )
    path = Path(str(parsed.database)).absolute()
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise JournalUnavailableError(
            f"The journal cannot be at {path}: its links lead in a circle or out of reach. Use another journal.path."
        ) from error


def cause_of(error: Exception) -> str:
    """Put an error of the database or the system into a few words."""
    if isinstance(error, DBAPIError):
        return str(error.orig)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).partition("\n")[0]


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


def copy_journal(path: Path, to: Path) -> None:
    """Copy a journal in one of its states, whoever is writing it; nothing is left behind beside it.

    Raises:
        JournalUnavailableError: it cannot be read.
    """
    file = ReadOnlyFile(path)

    def copy(connection: Connection) -> None:
        with closing(sqlite3.connect(to)) as target:
            connection.connection.backup(target)

    try:
        file.ask(copy)
    finally:
        file.close()


def look(path: Path) -> Found | None:
    """Find out what a path holds, without a trace; None if a journal may be made there.

    Raises:
        JournalUnavailableError: something else is there, or it cannot be read.
    """
    try:
        if path.is_dir():
            raise JournalUnavailableError(
                f"There is a folder at {path}: give journal.path the name of a file."
            )
        if not path.exists():
            return None
        if not path.is_file():
            raise JournalUnavailableError(f"What is at {path} is not a file: use another journal.path.")
        empty = path.stat().st_size == 0
    except OSError as error:
        raise JournalUnavailableError(
            f"The journal at {path} cannot be read ({cause_of(error)}): check its rights, or use another journal.path."
        ) from error
    return None if empty else ReadOnlyFile(path).ask(partial(found_in, path=path))


def found_in(connection: Connection, path: Path) -> Found | None:
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
                f"The journal at {path} was written by a newer Hedgerow (schema {revision}; this one knows up to"
                f" {HEAD}). Upgrade Hedgerow or use another journal.path."
            )
        mode = connection.execute(select(meta.c.value).where(meta.c.key == "mode")).scalar()
    if mode is None:
        raise JournalUnavailableError(
            f"The file at {path} is a database of something else, not a journal: use another journal.path."
        )
    return Found(revision=revision, mode=mode)


def refuse_other_mode(found: Found, path: Path, mode: str) -> None:
    """Refuse a journal whose figures are worth something else.

    Raises:
        JournalUnavailableError: it is of another mode.
    """
    if found.mode != mode:
        raise JournalUnavailableError(
            f"{path} is a journal of mode {found.mode}; this is {mode}. Use another journal.path or run in mode"
            f" {found.mode}."
        )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn the failure to make sense of what a journal holds into a sentence.

    Raises:
        JournalUnavailableError: a ValueError was raised inside.
    """
    try:
        yield
    except ValueError as error:
        raise JournalUnavailableError(
            f"The journal at {path} holds a decision that this Hedgerow cannot read: use the version that wrote it, or"
            " restore the file from a backup."
        ) from error


def stamp_of(path: Path) -> tuple[int, int] | None:
    """Give a file's time and size; None if it is not there. The file is not opened: only SQLite may do that."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
