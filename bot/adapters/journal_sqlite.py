"""A journal in a file of SQLite, as a place among others."""

from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from bot.adapters.journal_file import ReadOnlyFile, path_of, stamp_of
from bot.adapters.journal_lock import WriterLock, make_way, not_writable, writing_engine
from bot.adapters.journal_place import Found, cause_of, found_in
from bot.shell.ports import JournalUnavailableError


class SqliteFile:
    """A file. Its writers share the machine, whose locks tell for sure who lives."""

    noun = "file"
    setting = "journal.path"
    leased = False

    def __init__(self, path: Path) -> None:
        """Name a file; links are followed.

        Raises:
            JournalUnavailableError: its links lead nowhere.
        """
        self.path = path_of(f"sqlite:///{path}")

    def __str__(self) -> str:
        return str(self.path)

    def look(self) -> Found | None:
        """Find out what the path holds, without a trace; None if a journal may be made there.

        Raises:
            JournalUnavailableError: something else is there, or it cannot be read.
        """
        path = self.path
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
        return None if empty else ReadOnlyFile(path).ask(partial(found_in, place=self))

    def make_way(self) -> None:
        """Make the folder, and see that file and folder can be written.

        Raises:
            JournalUnavailableError: they cannot.
        """
        make_way(self.path)

    def lock(self, account: str, mode: str) -> WriterLock:  # noqa: ARG002 - a file has one mode
        """Take the right to write an account's journal.

        Raises:
            JournalTakenError: another writer has it.
            JournalUnavailableError: the disk cannot be written.
        """
        return WriterLock(self.path, account)

    def engine(self) -> Engine:
        """Open the file for writing, with one connection."""
        return writing_engine(self.path)

    def questions(self) -> ReadOnlyFile:
        """Open the file for questions."""
        return ReadOnlyFile(self.path)

    def alone(self, connection: Connection) -> None:
        """Keep others out: every writing transaction of SQLite does from its beginning."""

    def stamp(self) -> object:
        """Give time and size of the database and of its log: whoever writes changes one of them."""
        return stamp_of(self.path), stamp_of(self.path.with_name(f"{self.path.name}-wal"))

    def not_written(self, error: Exception) -> JournalUnavailableError:
        """Word the refusal of a disk."""
        return not_writable(self.path, cause_of(error))

    def not_there(self) -> str:
        """Say what to do where there is no journal."""
        return "start with `hedgerow run`, or name its file in journal.path"
