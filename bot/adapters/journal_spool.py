"""What is written down while the journal's database is away: a file on this machine, one an account, on the disk line by line.

The first line names the spool and the journal it belongs to; each other line is one write, with its number. A line is
acknowledged once it is on the disk, so that a torn last line is a write that nobody was told of: it is dropped. The file
is locked while it is open.
"""

import fcntl
import json
import os
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from bot.adapters.journal_place import cause_of
from bot.core.books import Incident
from bot.core.decide import Decision
from bot.core.instruments import Contract
from bot.core.orders import WorkingOrder
from bot.core.reports import OrderReport, TransferReport
from bot.core.snapshot import Snapshot
from bot.core.values import record
from bot.shell.ports import Activity, JournalTakenError, JournalUnavailableError
from bot.shell.view import Mark

WRITES: dict[str, TypeAdapter[Any]] = {
    "decided": TypeAdapter(tuple[Snapshot, Decision]),
    "order_moved": TypeAdapter(tuple[OrderReport, int]),
    "heard": TypeAdapter(tuple[Activity, int]),
    "found": TypeAdapter(tuple[tuple[Incident, ...], int]),
    "adopt": TypeAdapter(tuple[WorkingOrder, str]),
    "learned": TypeAdapter(tuple[tuple[Contract, ...], int]),
    "transfer_moved": TypeAdapter(tuple[TransferReport, int]),
    "marked": TypeAdapter(tuple[tuple[Mark, ...]]),
}
"""What a journal's writes are told, by their names."""


@record
class Entry:
    """One write that the database has not got, or may not have got."""

    number: int
    """Writes of an account are counted; a number may be left out, and none comes twice."""
    write: str
    said: tuple[Any, ...]
    """What the write is told."""


class Spool:
    """The spool of one account."""

    def __init__(self, folder: Path, account: str) -> None:
        """Open the spool, and make it first if need be.

        Raises:
            JournalTakenError: another process on this machine has it open: it lives, and may be sending.
            JournalUnavailableError: it cannot be written, or is no spool.
        """
        self.path = folder / f"{quote(account, safe='')}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.id, self.journal, self.entries, self._size = self._read()
        except BlockingIOError as error:
            os.close(self._file)
            raise JournalTakenError(
                f"Another process on this machine has the spool {self.path} open and may be sending: stop it first, or give"
                " each its own journal.spool."
            ) from error
        except OSError as error:
            os.close(self._file)
            raise self._not_writable(error) from error
        except BaseException:
            os.close(self._file)
            raise

    def append(self, entry: Entry) -> None:
        """Write an entry; it is on the disk when this returns.

        Raises:
            JournalUnavailableError: it cannot be written; nothing of it stays.
        """
        said = WRITES[entry.write].dump_json(entry.said).decode()
        line = f'{{"number":{entry.number},"write":"{entry.write}","said":{said}}}\n'.encode()
        try:
            self._put(line, self._size)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise self._not_writable(error) from error
        self._size += len(line)
        self.entries = (*self.entries, entry)

    def clear(self) -> None:
        """Forget the entries: the database has them."""
        try:
            self._size = len(self._head())
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
        except OSError as error:
            raise self._not_writable(error) from error
        self.entries = ()

    def bind(self, journal: str) -> Path | None:
        """Belong to a journal from now on; entries of another are laid aside, and where is returned."""
        if self.journal == journal:
            return None
        ours, self.journal = not self.journal, journal
        if ours and self.entries:
            return None
        aside = self._lay_aside() if self.entries else None
        self._begin_anew(self.id if ours else uuid.uuid4().hex)
        return aside

    def set_aside(self) -> Path:
        """Lay entries that belong to no journal any more into a file beside, and begin anew under another name."""
        aside = self._lay_aside()
        self._begin_anew(uuid.uuid4().hex)
        return aside

    def _lay_aside(self) -> Path:
        """Copy what is there into a file beside; it is on the disk, and for our eyes, when this returns."""
        aside = self.path.with_name(f"{self.path.name}.{self.id}")
        try:
            file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "wb") as copy:
                copy.write(os.pread(self._file, self._size, 0))
                copy.flush()
                os.fsync(copy.fileno())
            self._sync_folder()
        except OSError as error:
            raise self._not_writable(error) from error
        return aside

    def _begin_anew(self, name: str) -> None:
        try:
            self.id, self.entries = name, ()
            os.ftruncate(self._file, 0)
            self._size = self._begin()
        except OSError as error:
            raise self._not_writable(error) from error

    def close(self) -> None:
        """Let another process have it; closing twice does no harm."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self) -> tuple[str, str, tuple[Entry, ...], int]:
        """Read name, journal and entries, and how far they go; drop what was never acknowledged."""
        whole = os.pread(self._file, os.fstat(self._file).st_size, 0)
        lines = whole[: whole.rfind(b"\n") + 1].splitlines(keepends=True)
        if not lines:
            self.id, self.journal = uuid.uuid4().hex, ""
            os.ftruncate(self._file, 0)
            return self.id, "", (), self._begin()
        try:
            head = json.loads(lines[0])
            name, journal = str(head["spool"]), str(head.get("journal", ""))
            entries = tuple(_entry(line) for line in lines[1:])
        except (ValueError, KeyError, TypeError) as error:
            raise JournalUnavailableError(
                f"The spool {self.path} cannot be read: it may hold what was sent while the database was away. Look at it,"
                " and move it away to go on without."
            ) from error
        size = sum(map(len, lines))
        os.ftruncate(self._file, size)
        return name, journal, entries, size

    def _begin(self) -> int:
        """Write the first line; returns its size."""
        head = self._head()
        self._put(head, 0)
        self._sync_folder()
        return len(head)

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _head(self) -> bytes:
        return f'{{"spool":"{self.id}","journal":"{self.journal}"}}\n'.encode()

    def _put(self, line: bytes, at: int) -> None:
        """Write all of a line, and wait for the disk."""
        done = 0
        while done < len(line):
            done += os.pwrite(self._file, line[done:], at + done)
        os.fsync(self._file)

    def _not_writable(self, error: OSError) -> JournalUnavailableError:
        return JournalUnavailableError(
            f"The spool {self.path} cannot be written ({cause_of(error)}): make room and rights there, or use another"
            " journal.spool."
        )


def _entry(line: bytes) -> Entry:
    table = json.loads(line)
    said = WRITES[table["write"]].validate_json(json.dumps(table["said"]), strict=True)
    return Entry(number=int(table["number"]), write=str(table["write"]), said=said)
