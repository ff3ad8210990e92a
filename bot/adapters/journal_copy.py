"""A journal in one of its states, as one file: backups, whoever is writing meanwhile, and the way back.

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

from sqlalchemy import Connection, Table, delete, func, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.journal_lock import locked_accounts
from bot.adapters.journal_place import Found, Place, cause_of, found_in, refuse_other_mode
from bot.adapters.journal_sqlite import SqliteFile
from bot.adapters.journal_url import place_of
from bot.adapters.journal_writer import jump
from bot.adapters.tables import HEAD, decisions, meta, metadata, rules, upgrade, writers
from bot.core.values import record
from bot.shell.ports import JournalUnavailableError

CHUNK = 500
"""Rows carried over at a time: snapshots are large."""
CARRIED = tuple(table for table in metadata.sorted_tables if table is not writers)
"""What a restore carries over: who wrote a journal last is not so where it is restored."""


RESTORED_AHEAD = 1_000_000
"""How far the numbers of decisions jump: what was decided after the backup is not known, and an order id comes once."""


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
    found = place.look()
    if found is None:
        raise JournalUnavailableError(
            f"No journal at {place}, so that nothing was saved: {place.not_there()}."
        )
    _refuse_loss(file, place)
    beside = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        rows = _copy(place, beside)
        _check(beside, rows)
        _to_disk(beside)
        beside.replace(file)
        _to_disk(file.parent)
    except (OSError, sqlite3.Error) as error:
        raise JournalUnavailableError(
            f"The backup at {file} cannot be written ({cause_of(error)}): make room and rights there, or name another file."
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return Kept(
        journal=str(place),
        file=file,
        mode=found.mode,
        revision=found.revision,
        rows=rows,
        bytes=file.stat().st_size,
    )


BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file that is written, by the end of its name."""


def _refuse_loss(file: Path, place: Place) -> None:
    """See that nothing is lost if a backup takes a name: only an older backup may be there.

    Raises:
        JournalUnavailableError: the journal itself is there, or anything else.
    """
    name = Path(os.path.realpath(file))
    if isinstance(place, SqliteFile) and _is_part_of(name, place.path):
        raise JournalUnavailableError(
            f"{file} is the journal itself or a part of it, and was left as it is: give the backup another name."
        )
    if os.path.lexists(name) and not _is_backup(name):
        raise JournalUnavailableError(
            f"What is at {file} is no backup at rest, and was left as it is: move it away, or give the backup another name."
        )


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
    _copy(place_of(url), to)


def _copy(place: Place, to: Path) -> dict[str, int]:
    """Copy one state of a journal into a new file; returns the rows that state has, by table."""

    def copy(connection: Connection) -> dict[str, int]:
        if isinstance(place, SqliteFile):
            return _copy_file(connection, to)
        return _copy_rows(connection, to)

    questions = place.questions()
    try:
        return questions.ask(copy)
    finally:
        questions.close()


def _copy_file(connection: Connection, to: Path) -> dict[str, int]:
    """Let SQLite copy its pages, and leave one file that needs none beside it."""
    to.unlink(missing_ok=True)
    connection.exec_driver_sql("BEGIN")
    rows = _rows_in(connection)
    with closing(sqlite3.connect(to)) as target:
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return rows


def _copy_rows(connection: Connection, to: Path) -> dict[str, int]:
    """Carry the rows of another kind of database over into a file of the same schema."""
    to.unlink(missing_ok=True)
    rows = _rows_in(connection)
    engine = SqliteFile(to).engine()
    try:
        with engine.begin() as target:
            revision = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
            upgrade(target, revision)
            for table in metadata.sorted_tables:
                _carry(connection, target, table)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(to)) as target_file:
        target_file.execute("PRAGMA journal_mode=DELETE")
    return rows


def _carry(source: Connection, target: Connection, table: Table) -> None:
    """Carry one table over, in the order of its keys."""
    query = select(table).order_by(*table.primary_key.columns)
    found = source.execution_options(yield_per=CHUNK).execute(query)
    for part in found.partitions(CHUNK):
        target.execute(insert(table), [row._asdict() for row in part])


def _rows_in(connection: Connection) -> dict[str, int]:
    """Count the rows of every table there is; an older schema lacks some."""
    there = inspect(connection).get_table_names()
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in metadata.sorted_tables
        if table.name in there
    }


def _check(file: Path, rows: dict[str, int]) -> None:
    """See that a file is sound and holds all rows.

    Raises:
        JournalUnavailableError: it is not.
    """
    with closing(sqlite3.connect(file)) as connection:
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        astray = list(connection.execute("PRAGMA foreign_key_check"))
    held = SqliteFile(file).questions().ask(_rows_in)
    if said != ["ok"] or astray or held != rows:
        raise JournalUnavailableError(
            f"The backup at {file} is not as the journal is ({'; '.join(said)}; {len(astray)} rows astray; rows {held}, not"
            f" {rows}): check the disk, and save it again."
        )


def _to_disk(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


# --- the way back ---------------------------------------------------------------------------------------------


def restore(file: Path, url: str, mode: str) -> Kept:
    """Fill an empty journal from a backup, all of it or nothing. Stop the bot first.

    Raises:
        JournalUnavailableError: the file is no backup, of another mode or of a newer Hedgerow, or the journal is not empty.
    """
    saved, place = SqliteFile(file), place_of(url)
    found = saved.look()
    if found is None:
        raise JournalUnavailableError(
            f"There is no backup at {file}: name a file that `hedgerow backup` wrote."
        )
    refuse_other_mode(found, saved, mode)
    there = place.look()
    if there is not None:
        refuse_other_mode(there, place, mode)
    place.make_way()
    with _newest(saved) as newest:
        rows = newest.questions().ask(lambda source: _fill(source, place, found))
    return Kept(
        journal=str(place),
        file=file,
        mode=mode,
        revision=HEAD,
        rows=rows,
        bytes=file.stat().st_size,
    )


@contextmanager
def _newest(saved: SqliteFile) -> Iterator[SqliteFile]:
    """Give a copy of a backup in the newest schema; the backup itself stays as it is."""
    with TemporaryDirectory() as folder:
        copy = SqliteFile(Path(folder) / "journal.sqlite")
        _copy(saved, copy.path)
        engine = copy.engine()
        try:
            with engine.begin() as connection:
                upgrade(connection)
        except SQLAlchemyError as error:
            raise JournalUnavailableError(
                f"The backup at {saved} cannot be read ({cause_of(error)}): use another one."
            ) from error
        finally:
            engine.dispose()
        yield copy


def _fill(source: Connection, place: Place, found: Found) -> dict[str, int]:
    """Fill an empty journal in one transaction; returns its rows."""
    engine = place.engine()
    try:
        with engine.begin() as target:
            place.alone(target)
            _make_empty(target, place, found.mode)
            for table in CARRIED:
                if table is not meta:
                    _carry(source, target, table)
                    _count_on(target, table)
            for account in target.execute(select(decisions.c.account).distinct()).scalars().all():
                jump(target, account, RESTORED_AHEAD)
            rows, meant = _rows_in(target), _rows_in(source)
            lost = {name for name in meant if rows[name] != meant[name]} - {meta.name, writers.name}
            if lost:
                raise JournalUnavailableError(
                    f"Not all of {', '.join(sorted(lost))} came over from the backup, and nothing was written to {place}: try again."
                )
    except (SQLAlchemyError, OSError) as error:
        raise place.not_written(error) from error
    finally:
        engine.dispose()
    return rows


def _make_empty(target: Connection, place: Place, mode: str) -> None:
    """Make the journal if there is none, and refuse one that anything is written in.

    Raises:
        JournalUnavailableError: something is.
    """
    there = found_in(target, place)
    if there is None or there.revision != HEAD:
        upgrade(target)
    if there is None:
        target.execute(insert(meta).values(key="mode", value=mode))
    full = [
        name
        for name, rows in _rows_in(target).items()
        if rows and name not in {meta.name, "rules", "writers"}
    ]
    if full:
        raise JournalUnavailableError(
            f"The journal at {place} is not empty ({', '.join(full)}), and was left as it is: restore into another"
            f" {place.setting}, or move this one away."
        )
    target.execute(delete(rules))  # of an opening that led to no decision


def _count_on(target: Connection, table: Table) -> None:
    """Let a growing key go on behind the rows that were carried over: PostgreSQL counts beside the table."""
    if target.dialect.name != "postgresql" or "id" not in table.c:
        return
    last = target.execute(select(func.max(table.c.id))).scalar()
    if last is not None:
        target.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
