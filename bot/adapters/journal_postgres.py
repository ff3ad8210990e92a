"""A journal in a database of PostgreSQL. All its peculiarities are here.

Nothing waits for ever: connecting, each statement, each lock and each answer have an end, at the server and, because a
server or a way to it may stop answering, at this side too (``postgres_wire``).

The right to write an account is an advisory lock that a connection of its own holds and does nothing else: a lock that a
dying process holds inside a query would stay until the query ends. Advisory locks are the database's, and the key tells
mode and account apart. Whoever holds it may have been paused or cut off and not know that the server gave it to another;
so the epoch in ``writers`` counts besides, and every transaction checks it on the locked row: nobody passes a transaction
that has begun, and whoever was passed is refused.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from bot.adapters.journal_place import Found, cause_of, found_in
from bot.shell.ports import (
    JournalAwayError,
    JournalRefusedError,
    JournalTakenError,
    JournalUnavailableError,
)

if TYPE_CHECKING:
    from typing import LiteralString

    from bot.adapters.postgres_wire import PatientConnection

T = TypeVar("T")

CONNECT_SECONDS = 3
"""How long connecting may take."""
STATEMENT_MS = 4_000
"""How long the server may work on one statement of a writer."""
READ_MS = 60_000
"""The same for a reader, who holds nobody up."""
LOCK_MS = 3_000
"""How long to wait for what another transaction holds."""
IDLE_MS = 10_000
"""How long a transaction may do nothing: a paused writer shall not hold others up."""
ANSWER_SECONDS = 6
"""How long this side waits for an answer, whatever the server or the network do; longer than the server's own limits."""
SCHEMA_KEY = "hedgerow schema"


class PostgresDatabase:
    """A database. Its writers may be anywhere, and a writer may be cut off from it and live."""

    noun = "database"
    setting = "journal.url"
    leased = True

    def __init__(self, url: URL) -> None:
        """Name a database.

        Raises:
            JournalUnavailableError: the address names several hosts, or its password is not written as it has to be.
        """
        if any(not isinstance(value, str) for value in url.query.values()):
            raise JournalUnavailableError(
                "journal.url gives an option more than once: name one host; for several give the one that takes writes."
            )
        if "@" in (url.host or ""):
            raise JournalUnavailableError(
                "journal.url has more than one @: write @ in a user or a password as %40, : as %3A and / as %2F."
            )
        self._url = url.set(drivername="postgresql+psycopg")

    def __str__(self) -> str:
        """Name user, host and database; neither the password nor options, which may hold one, too."""
        url = self._url
        host = f"{url.host or url.query.get('host', 'localhost')}{f':{url.port}' if url.port else ''}"
        return f"postgresql://{f'{url.username}@' if url.username else ''}{host}/{url.database or ''}"

    def look(self) -> Found | None:
        """Find out what the database holds; None if a journal may be made there.

        Raises:
            JournalUnavailableError: something else is there, or it cannot be read.
        """
        questions = self.questions()
        try:
            return questions.ask(partial(found_in, place=self))
        finally:
            questions.close()

    def make_way(self) -> None:
        """See that the database can hold whatever a person writes; it is made by whoever runs the server.

        Raises:
            JournalUnavailableError: it holds some alphabets only, or it cannot be asked.
        """
        questions = self.questions()
        try:
            encoding = questions.ask(
                lambda connection: connection.execute(text("SHOW server_encoding")).scalar()
            )
        finally:
            questions.close()
        if encoding != "UTF8":
            raise JournalUnavailableError(
                f"The database of {self} is encoded in {encoding}: make one with `createdb --encoding=UTF8"
                " --template=template0`, and name it in journal.url."
            )

    def lock(self, account: str, mode: str) -> "AdvisoryLock":
        """Take the right to write an account's journal.

        Raises:
            JournalTakenError: another writer has it.
            JournalAwayError: the server cannot be asked.
        """
        return AdvisoryLock(self, account, mode)

    def engine(self) -> Engine:
        """Open the database for writing, with one connection that is tried before each use."""
        return create_engine(
            self._url,
            creator=partial(self.connect, STATEMENT_MS, ANSWER_SECONDS),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=ANSWER_SECONDS,
            pool_pre_ping=True,
        )

    def questions(self) -> "ReadOnlyDatabase":
        """Open the database for questions."""
        return ReadOnlyDatabase(self, self._url)

    def alone(self, connection: Connection) -> None:
        """Keep others from making or migrating the journal until the transaction ends."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key_of(SCHEMA_KEY)})

    def stamp(self) -> object:
        """Tell nothing: only the journal itself can say."""
        return None

    def not_written(self, error: Exception) -> JournalUnavailableError:
        """Word the failure of a write, and tell what may pass from what will not."""
        if is_away(error):
            return away(f"The journal at {self} is out of reach", error)
        return JournalUnavailableError(
            f"The journal at {self} cannot be written ({cause_of(error)}): see what the database holds and what its user"
            " may do there, or use another journal.url."
        )

    def not_there(self) -> str:
        """Say what to do where there is no journal."""
        return "start with `hedgerow run`, or name its database in journal.url"

    def connect(
        self, statement_ms: int, answer_seconds: float, *, read_only: bool = False
    ) -> "PatientConnection":
        """Connect, with an end to every wait.

        Raises:
            JournalUnavailableError: the driver is not installed.
        """
        try:
            from bot.adapters.postgres_wire import connect
        except ImportError as error:
            raise JournalUnavailableError(
                "A journal in PostgreSQL needs the driver psycopg, which is not installed: install hedgerow[postgres]."
            ) from error
        return connect(self._parameters(statement_ms, read_only=read_only), answer_seconds)

    def _parameters(self, statement_ms: int, *, read_only: bool) -> dict[str, Any]:
        url = self._url
        given = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": url.password,
            "dbname": url.database,
        }
        settings = {
            "statement_timeout": statement_ms,
            "lock_timeout": LOCK_MS,
            "idle_in_transaction_session_timeout": max(IDLE_MS, statement_ms),
            "idle_session_timeout": 0,
            "tcp_keepalives_idle": 5,
            "tcp_keepalives_interval": 2,
            "tcp_keepalives_count": 3,
            "default_transaction_read_only": "on" if read_only else "off",
        }
        own = " ".join(f"-c {name}={value}" for name, value in settings.items())
        return {
            **{name: value for name, value in given.items() if value},
            **url.query,
            "connect_timeout": CONNECT_SECONDS,
            "keepalives": 1,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": ANSWER_SECONDS * 1000,
            "application_name": "hedgerow",
            "client_encoding": "UTF8",
            "options": f"{url.query.get('options', '')} {own}".strip(),
        }


def key_of(name: str) -> int:
    """Make a key for an advisory lock of a name: 64 bits, signed."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


READ_ONLY = "25006"
"""What a server answers that has become a standby of another."""
LASTING = ("authentication failed", "does not exist", "no pg_hba.conf entry", "invalid ", "permission denied")
"""In what a server says that will not let us in, however often it is asked."""


def is_away(error: Exception) -> bool:
    """Whether a failure may pass: no answer, no connection, a server that starts, stops or was demoted, a lock held too long."""
    if isinstance(error, DBAPIError) and (
        error.connection_invalidated or getattr(error.orig, "sqlstate", None) == READ_ONLY
    ):
        return True
    return isinstance(error, OperationalError | InterfaceError | NoConnectionError | OSError)


def away(what: str, error: Exception) -> JournalAwayError:
    """Word that a database is away, and tell one that refuses us from one that does not answer."""
    cause = cause_of(error)
    if any(word in cause for word in LASTING):
        return JournalRefusedError(
            f"{what} ({cause}): see that user, password, database and options in journal.url are right."
        )
    return JournalAwayError(f"{what} ({cause}): see that the server runs and can be reached.")


class ReadOnlyDatabase:
    """A database for questions only: each has its own connection, and sees one state."""

    def __init__(self, place: PostgresDatabase, url: URL) -> None:
        self._place = place
        self._engine = create_engine(
            url,
            creator=partial(place.connect, READ_MS, READ_MS / 1000 + ANSWER_SECONDS, read_only=True),
            poolclass=NullPool,
            isolation_level="REPEATABLE READ",
        )

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a question.

        Raises:
            JournalUnavailableError: the database cannot be read.
        """
        try:
            with self._engine.connect() as connection:
                return question(connection)
        except (SQLAlchemyError, OSError) as error:
            what = f"The journal at {self._place} cannot be read"
            if is_away(error):
                raise away(what, error) from error
            raise JournalUnavailableError(
                f"{what} ({cause_of(error)}): see what the database holds, and what its user may do there."
            ) from error

    def close(self) -> None:
        """Let go of what the engine keeps."""
        self._engine.dispose()


class AdvisoryLock:
    """The right to write one account, held by a connection that does nothing else."""

    def __init__(self, place: PostgresDatabase, account: str, mode: str) -> None:
        """Take the right.

        Raises:
            JournalTakenError: another writer has it.
            JournalAwayError: the server cannot be asked.
        """
        self._place = place
        self._account = account
        self._key = key_of(f"hedgerow {mode} {account}")
        self._connection: PatientConnection | None = None
        if not self.regain():
            raise JournalTakenError(
                f"Another process already writes the journal of account {account} at {place}: stop it first, one account"
                " has one writer; or let this one wait for its end, with journal.standby = true."
            )

    def check(self) -> None:
        """See that the connection lives, and the lock with it.

        Raises:
            JournalAwayError: it does not; somebody else may have the lock now.
        """
        if self._connection is None:
            raise self._lost(OSError("it was lost before"))
        if self._ask("SELECT pg_is_in_recovery()"):
            self.release()
            raise self._lost(OSError("the server has become a standby of another"))

    def regain(self) -> bool:
        """Take the right by a new connection, if the old one is gone; returns whether it is ours.

        Raises:
            JournalAwayError: the server cannot be asked.
        """
        import psycopg

        if self._connection is not None:
            with suppress(JournalAwayError):  # then it is gone, and a new connection may tell more
                self.check()
                return True

        try:
            self._connection = self._place.connect(STATEMENT_MS, ANSWER_SECONDS)
            self._connection.autocommit = True
        except psycopg.Error as error:
            self.release()
            raise self._lost(error) from error
        mine = bool(self._ask("SELECT pg_try_advisory_lock(%s)", self._key))
        if not mine:
            self.release()
        return mine

    def release(self) -> None:
        """Give the right back; it goes with the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, question: "LiteralString", *values: int) -> object:
        import psycopg

        if self._connection is None:
            raise self._lost(OSError("there is no connection"))
        try:
            row = self._connection.execute(question, values or None).fetchone()
        except psycopg.Error as error:
            self.release()
            raise self._lost(error) from error
        return None if row is None else row[0]

    def _lost(self, error: Exception) -> JournalAwayError:
        return away(
            f"The right to write account {self._account} in the journal at {self._place} cannot be seen",
            error,
        )
