"""From the address of a journal to the place where it lies."""

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from bot.adapters.journal_file import path_of
from bot.adapters.journal_place import Place
from bot.adapters.journal_postgres import PostgresDatabase
from bot.adapters.journal_sqlite import SqliteFile
from bot.shell.ports import JournalUnavailableError


def place_of(url: str) -> Place:
    """Find the place that an address names: ``sqlite:///path`` or ``postgresql://user:password@host/database``.

    Raises:
        JournalUnavailableError: it names neither.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # what is wrong is not repeated: it may be a part of the password
        parsed = URL.create("none")
    if url.startswith("postgresql") and parsed.get_backend_name() != "postgresql":
        raise JournalUnavailableError(
            "journal.url is no address: write postgresql://user:password@host:port/database, and @ in a password as %40, :"
            " as %3A, / as %2F."
        )
    if parsed.get_backend_name() == "postgresql":
        return PostgresDatabase(parsed)
    return SqliteFile(path_of(url))


def shown(url: str) -> str:
    """Give an address without its password: a path, or user, host and database.

    Raises:
        JournalUnavailableError: it is no address of a journal.
    """
    return str(place_of(url))
