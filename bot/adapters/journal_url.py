"""From the address of a journal to the place where it lies."""

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.adapters.journal_file import path_of
from bot.adapters.journal_place import Place
from bot.adapters.journal_postgres import PostgresDatabase
from bot.adapters.journal_sqlite import SqliteFile


def place_of(url: str) -> Place:
    """Find the place that an address names: ``sqlite:///path`` or ``postgresql://user:password@host/database``.

    Raises:
        JournalUnavailableError: it names neither.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("none")
    if parsed.get_backend_name() == "postgresql":
        return PostgresDatabase(parsed)
    return SqliteFile(path_of(url))


def shown(url: str) -> str:
    """Give an address without its password: a path, or user, host and database.

    Raises:
        JournalUnavailableError: it is no address of a journal.
    """
    return str(place_of(url))
