"""The right to write a journal's file, and the engine that does. SQLite's peculiarities are here and in ``journal_file``.

The right is held twice. A lock on a file beside the database keeps a second process out and dies with its owner; where
locks are not shared (another machine, a copied mount), the database itself knows who opened it last, and every
transaction of whoever was passed is refused.
"""

import fcntl
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, create_engine, event

from bot.adapters.journal_place import cause_of
from bot.shell.ports import JournalTakenError, JournalUnavailableError

BUSY_MS = 5_000
"""How long to wait for the writer of another account."""


def make_way(path: Path) -> None:
    """Make the folder, and see that file and folder can be written before SQLite tries and leaves traces.

    Raises:
        JournalUnavailableError: they cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(path, cause_of(error)) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise not_writable(path, "its folder is read-only")
    if path.exists() and not os.access(path, os.W_OK):
        raise not_writable(path, "the file is read-only")


def not_writable(path: Path, cause: str) -> JournalUnavailableError:
    """Word the refusal of a disk."""
    return JournalUnavailableError(
        f"The journal at {path} cannot be written ({cause}): make room and rights there, or use another journal.path."
    )


class WriterLock:
    """The right to write one account's journal. The system takes it back when the process dies, however it dies.

    The lock file stays: to remove it would open a gap in which two writers hold two files of one name.
    """

    def __init__(self, path: Path, account: str) -> None:
        """Take the right.

        Raises:
            JournalTakenError: another writer has it.
            JournalUnavailableError: the disk cannot be written.
        """
        try:
            self._file = os.open(lock_path(path, account), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise not_writable(path, cause_of(error)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            owner = os.pread(self._file, 20, 0).decode() or "unknown"
            os.close(self._file)
            raise JournalTakenError(
                f"Process {owner} already writes the journal of account {account} at {path}: stop it first, one"
                " account has one writer."
            ) from error
        except OSError as error:
            os.close(self._file)
            raise not_writable(path, cause_of(error)) from error

    def check(self) -> None:
        """See that the right is still ours: what the system keeps for a process, the process has."""

    def regain(self) -> bool:
        """Take the right again: it was never lost."""
        return True

    def release(self) -> None:
        """Give the right back."""
        os.close(self._file)


def locked_accounts(path: Path) -> tuple[str, ...]:
    """List the accounts that a journal's file was ever locked for."""
    prefix, suffix = f"{path.name}.", ".lock"
    files = path.parent.glob(f"{path.name}.*{suffix}")
    return tuple(unquote(file.name.removeprefix(prefix).removesuffix(suffix)) for file in files)


def lock_path(path: Path, account: str) -> Path:
    """Name the lock file of an account; what a file's name cannot hold is written as %XX.

    Two ways to one file meet the same lock: links are followed.
    """
    path = path.resolve()
    return path.with_name(f"{path.name}.{quote(account, safe='')}.lock")


def writing_engine(path: Path) -> Engine:
    """Open the file for writing, with one connection: a commit is on the disk when it returns."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_MS / 1000},
        pool_size=1,
        max_overflow=0,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Set what SQLite forgets with every connection."""
    connection.isolation_level = None  # the driver would begin late, and not at all before CREATE TABLE
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that turns from reading to writing may be refused without a wait."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
