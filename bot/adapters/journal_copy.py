"""A journal in one of its states, as one file: backups, whoever is writing meanwhile. ``journal_restore`` is the way back.

A backup is a file of SQLite of the journal's schema, whatever the journal lies in, so that every verb can read it with
``--journal``. It is written beside its name, brought to the disk, checked, and only then given the name.

A backup holds what a journal holds: settings, in which secrets are masked, pictures, orders. What belongs to a machine
stays behind: who wrote last, and where its spool was.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Table, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.journal_lock import locked_accounts
from bot.adapters.journal_place import Found, Place, cause_of, found_in
from bot.adapters.journal_sqlite import SqliteFile
from bot.adapters.journal_url import place_of
from bot.adapters.tables import metadata, upgrade
from bot.core.values import record
from bot.shell.ports import JournalUnavailableError

CHUNK = 500
"""Rows carried over at a time: snapshots are large."""


@record
class Kept:
    """A journal that was carried over."""

    journal: str
    """Where it lies, without a password."""
    file: Path
    mode: str
    revision: str
    rows: dict[str, int]
    """By table."""
    bytes: int


def backup(url: str, file: Path) -> Kept:
    """Write a journal into one file; a running bot goes on writing. An older backup of that name is replaced, nothing else.

    Raises:
        JournalUnavailableError: there is no journal, it cannot be read, or the file cannot be written or is not as the journal.
    """
    place = place_of(url)
    found = _there(place.look(), place)
    with _writing(f"The backup at {file}"):
        name = _name_of(file, place)
        name.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".hedgerow-backup-", dir=name.parent) as folder:
            beside = Path(folder) / "journal.sqlite"
            rows = _copy(place, beside, f"The backup at {file}")
            _check(beside, rows, file)
            beside.chmod(OURS_ALONE)
            _to_disk(beside)
            beside.replace(name)
            _to_disk(name.parent)
        size = name.stat().st_size
    return Kept(
        journal=str(place), file=file, mode=found.mode, revision=found.revision, rows=rows, bytes=size
    )


OURS_ALONE = 0o600
"""Whoever runs the bot reads its backups, and nobody else."""


def _there(found: Found | None, place: Place) -> Found:
    if found is None:
        raise JournalUnavailableError(
            f"No journal at {place}, so that nothing was saved: {place.not_there()}."
        )
    return found


@contextmanager
def _writing(what: str) -> Iterator[None]:
    """Word the failures of a copy's own file.

    Raises:
        JournalUnavailableError: it cannot be written.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise JournalUnavailableError(
            f"{what} cannot be written ({cause_of(error)}): make room and rights there, or name another file."
        ) from error


BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file that is written, by the end of its name."""


def _name_of(file: Path, place: Place) -> Path:
    """Follow the links of a backup's name, and see that nothing is lost there: only an older backup may be replaced.

    Raises:
        JournalUnavailableError: it names no file, or the journal itself is there, or anything else.
    """
    name = Path(os.path.realpath(file))
    if not file.name or "?" in str(name) or name.is_dir():
        raise JournalUnavailableError(
            f"The backup cannot be at {str(file)!r}, which is a folder or no name of a file: give the name of a file"
            " without a question mark."
        )
    if isinstance(place, SqliteFile) and _is_part_of(name, place.path):
        raise JournalUnavailableError(
            f"{file} is the journal itself or a part of it, and was left as it is: give the backup another name."
        )
    if os.path.lexists(name) and not _is_backup(name):
        raise JournalUnavailableError(
            f"What is at {file} is no backup at rest, and was left as it is: move it away, or give the backup another name."
        )
    return name


def _is_part_of(name: Path, journal: Path) -> bool:
    """Whether a name, with its links followed, is a journal's file, by whatever link, or one that SQLite keeps beside it."""
    if name in {journal.with_name(f"{journal.name}{suffix}") for suffix in ("", *BESIDE)}:
        return True
    return name.exists() and journal.exists() and name.samefile(journal)


def _is_backup(name: Path) -> bool:
    """Whether a file is a journal that nobody writes or ever wrote under this name: no log beside it, and no lock."""
    if not name.is_file() or locked_accounts(name):
        return False
    if any(name.with_name(f"{name.name}{suffix}").exists() for suffix in BESIDE):
        return False
    try:
        return SqliteFile(name).look() is not None
    except JournalUnavailableError:
        return False


def copy_journal(url: str, to: Path) -> None:
    """Copy a journal in one of its states, whoever is writing it; nothing is left behind beside it.

    Raises:
        JournalUnavailableError: it cannot be read.
    """
    _copy(place_of(url), to, f"The copy at {to}")


def _copy(place: Place, to: Path, what: str) -> dict[str, int]:
    """Copy one state of a journal into a new file; returns the rows that state has, by table.

    Raises:
        JournalUnavailableError: the journal cannot be read, or the copy, which is told as ``what``, not be written.
    """

    def copy(connection: Connection) -> dict[str, int]:
        with _writing(what):
            to.unlink(missing_ok=True)
        if isinstance(place, SqliteFile):
            return _copy_file(connection, to, what)
        return _copy_rows(connection, to, place, what)

    questions = place.questions()
    try:
        return questions.ask(copy)
    finally:
        questions.close()


def _copy_file(connection: Connection, to: Path, what: str) -> dict[str, int]:
    """Let SQLite copy its pages, and leave one file that needs none beside it."""
    connection.exec_driver_sql("BEGIN")
    rows = rows_in(connection)
    with _writing(what), closing(sqlite3.connect(to)) as target:
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return rows


def _copy_rows(connection: Connection, to: Path, place: Place, what: str) -> dict[str, int]:
    """Carry the rows of another kind of database over into a file of the same schema."""
    rows = rows_in(connection)
    revision = _there(found_in(connection, place), place).revision
    engine = SqliteFile(to).engine()
    try:
        with _writing(what):
            target = engine.connect()
        with target:
            with _writing(what):
                upgrade(target, revision)
            for table in metadata.sorted_tables:
                for part in parts_of(connection, table):
                    with _writing(what):
                        target.execute(insert(table), part)
            with _writing(what):
                target.commit()
    finally:
        engine.dispose()
    with _writing(what), closing(sqlite3.connect(to)) as target_file:
        target_file.execute("PRAGMA journal_mode=DELETE")
    return rows


def parts_of(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Read a table in parts and in the order of its keys, as far as there is one: an older schema lacks tables and columns."""
    there = inspect(source)
    if not there.has_table(table.name):
        return
    held = {column["name"] for column in there.get_columns(table.name)}
    query = select(*(column for column in table.c if column.name in held)).order_by(*table.primary_key)
    found = source.execution_options(yield_per=CHUNK).execute(query)
    for part in found.partitions(CHUNK):
        yield [row._asdict() for row in part]


def rows_in(connection: Connection) -> dict[str, int]:
    """Count the rows of every table there is; an older schema lacks some."""
    there = inspect(connection).get_table_names()
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
        if table.name in there
    }


def faults_in(connection: Connection) -> list[str]:
    """Let SQLite check a file: its pages, and that no row refers to one that is not there."""
    said = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
    astray = len(connection.exec_driver_sql("PRAGMA foreign_key_check").all())
    return [*(one for one in said if one != "ok"), *([f"{astray} rows astray"] if astray else [])]


def _check(copy: Path, rows: dict[str, int], file: Path) -> None:
    """See that a copy is sound and holds all rows, before it becomes a backup.

    Raises:
        JournalUnavailableError: it is not.
    """
    questions = SqliteFile(copy).questions()
    faults, held = questions.ask(faults_in), questions.ask(rows_in)
    if faults or held != rows:
        raise JournalUnavailableError(
            f"The backup at {file} is not as the journal is ({'; '.join(faults) or 'sound'}; rows {held}, not {rows}): check"
            " the disk, and save it again."
        )


def _to_disk(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
