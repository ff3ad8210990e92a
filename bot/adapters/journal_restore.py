"""The way back: an empty journal filled from a backup, all of it or nothing.

A backup is looked at as a whole before anything is written anywhere, and every failure to read it is told as the backup's.
Nobody else writes the journal meanwhile: a restore has the writers' locks of all accounts there are on either side.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Table, delete, func, insert, inspect, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from bot.adapters.journal_copy import BESIDE, Kept, copy_journal, faults_in, parts_of, rows_in
from bot.adapters.journal_place import Place, cause_of, found_in, refuse_other_mode
from bot.adapters.journal_sqlite import SqliteFile
from bot.adapters.journal_url import place_of
from bot.adapters.journal_writer import jump
from bot.adapters.tables import HEAD, decisions, meta, metadata, rules, upgrade, writers
from bot.shell.ports import JournalUnavailableError

CARRIED = tuple(table for table in metadata.sorted_tables if table is not writers)
"""What a restore carries over: who wrote a journal last is not so where it is restored."""

RESTORED_AHEAD = 1_000_000
"""How far the numbers of decisions jump: what was decided after the backup is not known, and an order id comes once."""


class Saved(SqliteFile):
    """A backup as a place: its remedies are a backup's."""

    setting = "backup"


def restore(file: Path, url: str, mode: str) -> Kept:
    """Fill an empty journal from a backup, all of it or nothing. Stop the bot first.

    Raises:
        JournalTakenError: somebody writes the journal.
        JournalUnavailableError: the file is no backup, of another mode or of a newer Hedgerow, or the journal is not empty.
    """
    place = place_of(url)
    with _newest(file, mode) as newest, ExitStack() as locks:
        there = place.look()
        if there is not None:
            refuse_other_mode(there, place, mode)

        def lock(accounts: set[str]) -> None:
            for account in sorted(accounts):
                locks.callback(place.lock(account, mode).release)

        def fill(source: Connection) -> dict[str, int]:
            ours = _accounts_in(source)
            place.make_way()
            lock(ours)
            with _all_or_nothing(place):
                return _fill(source, place, mode, file, lambda others: lock(others - ours))

        rows = newest.questions().ask(fill)
    return Kept(journal=str(place), file=file, mode=mode, revision=HEAD, rows=rows, bytes=file.stat().st_size)


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Word every failure to read a backup as the backup's.

    Raises:
        JournalUnavailableError: it cannot be read.
    """
    try:
        yield
    except JournalUnavailableError as error:
        if not isinstance(error.__cause__, Exception):
            raise
        raise _unreadable(file, cause_of(error.__cause__)) from error
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _unreadable(file, cause_of(error)) from error
    except (ValueError, ArithmeticError, TypeError) as error:
        raise _unreadable(file, "it holds a value that no journal holds") from error


def _unreadable(file: Path, cause: str) -> JournalUnavailableError:
    return JournalUnavailableError(f"The backup at {file} cannot be read ({cause}): use another one.")


@contextmanager
def _newest(file: Path, mode: str) -> Iterator[SqliteFile]:
    """Give a copy of a backup in the newest schema, looked at as a whole; the backup itself stays as it is.

    Raises:
        JournalUnavailableError: it is no backup, damaged, of another mode or of a newer Hedgerow.
    """
    with TemporaryDirectory() as folder:
        copy = SqliteFile(Path(folder) / "journal.sqlite")
        with _reading(file):
            _look_at(file, mode)
        copy_journal(f"sqlite:///{file.absolute()}", copy.path)
        with _reading(file):
            _upgrade(copy)
            copy.questions().ask(_read_all)
        yield copy


def _look_at(file: Path, mode: str) -> None:
    """See that a file is a backup that is sound and fits.

    Raises:
        JournalUnavailableError: it is not.
    """
    none = f"There is no backup at {file}: name a file that `hedgerow backup` wrote."
    if not file.is_file():
        raise JournalUnavailableError(none)
    saved = Saved(file)
    questions = saved.questions()
    faults = questions.ask(faults_in)
    if faults:
        raise JournalUnavailableError(
            f"The backup at {file} is damaged ({'; '.join(faults)}): use another one."
        )
    found = questions.ask(partial(found_in, place=saved))
    if found is None:
        raise JournalUnavailableError(none)
    refuse_other_mode(found, saved, mode)


def _upgrade(copy: SqliteFile) -> None:
    engine = copy.engine()
    try:
        with engine.begin() as connection:
            upgrade(connection)
    finally:
        engine.dispose()


def _read_all(source: Connection) -> None:
    """Make sense of every value."""
    for table in CARRIED:
        for _ in parts_of(source, table):
            pass


@contextmanager
def _all_or_nothing(place: Place) -> Iterator[None]:
    """Take away the file that SQLite began, if there was none and nothing came into it."""
    began = isinstance(place, SqliteFile) and not place.path.exists()
    try:
        yield
    except BaseException:
        if began and isinstance(place, SqliteFile):
            _take_away(place)
        raise


def _take_away(place: SqliteFile) -> None:
    with suppress(JournalUnavailableError, OSError):
        if place.look() is None:
            for suffix in ("", *BESIDE):
                place.path.with_name(f"{place.path.name}{suffix}").unlink(missing_ok=True)


def _accounts_in(connection: Connection) -> set[str]:
    """List all accounts that anything is written of."""
    there = inspect(connection).get_table_names()
    tables = [table for table in metadata.sorted_tables if "account" in table.c and table.name in there]
    return {
        account
        for table in tables
        for account in connection.execute(select(table.c.account).distinct()).scalars()
    }


def _fill(
    source: Connection, place: Place, mode: str, file: Path, lock: Callable[[set[str]], None]
) -> dict[str, int]:
    """Fill an empty journal in one transaction, with the accounts locked that are in it; returns its rows."""
    engine = place.engine()
    try:
        with engine.begin() as target:
            place.alone(target)
            lock(_accounts_in(target))
            _make_empty(target, place, mode)
            for table in CARRIED:
                if table is not meta:
                    _carry(source, target, table)
                    _count_on(target, table)
            for account in target.execute(select(decisions.c.account).distinct()).scalars().all():
                jump(target, account, RESTORED_AHEAD)
            rows, meant = rows_in(target), rows_in(source)
            lost = {name for name in meant if rows[name] != meant[name]} - {meta.name, writers.name}
            if lost:
                raise JournalUnavailableError(
                    f"Not all of {', '.join(sorted(lost))} came over from the backup, and nothing was written to {place}: try again."
                )
    except (DataError, IntegrityError) as error:
        raise _unreadable(file, cause_of(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise place.not_written(error) from error
    finally:
        engine.dispose()
    return rows


def _carry(source: Connection, target: Connection, table: Table) -> None:
    """Carry one table over."""
    for part in parts_of(source, table):
        target.execute(insert(table), part)


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
        name for name, rows in rows_in(target).items() if rows and name not in {meta.name, "rules", "writers"}
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
