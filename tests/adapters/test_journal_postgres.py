"""What is so for a journal in PostgreSQL only: limits to every wait, who leads, passwords, old schemas."""

import sqlite3
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, text

from bot.adapters import journal_postgres
from bot.adapters.journal import SqlJournal, open_journal
from bot.adapters.journal_controls import say
from bot.adapters.journal_reader import open_reader
from bot.adapters.journal_url import place_of, shown
from bot.adapters.tables import HEAD, metadata, upgrade
from bot.core.orders import OrderState
from bot.shell.ports import (
    JournalAwayError,
    JournalPassedError,
    JournalTakenError,
    JournalUnavailableError,
)
from tests.adapters.builders import ACCOUNT, RULES_JSON, START_MS, decided, report, request_of
from tests.adapters.test_journal_migration import DUMP
from tests.adapters.test_tables import differences
from tests.postgres import PASSWORD, Server, database_of

S = OrderState
SOON = 30
"""Seconds within which a wait is called bounded; the limits themselves are far below."""


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.database()


@pytest.fixture
def journal(url: str) -> Iterator[SqlJournal]:
    with opened(url) as found:
        yield found


def opened(url: str, account: str = ACCOUNT, mode: str = "demo") -> SqlJournal:
    return open_journal(url, mode=mode, account=account, rules_json=RULES_JSON)


# --- who writes ---------------------------------------------------------------------------------------------


def test_an_account_has_one_writer_and_another_account_its_own(url: str) -> None:
    with opened(url):
        with pytest.raises(JournalTakenError, match="one account has one writer; or let this one wait"):
            opened(url)
        opened(url, account="other").close()
    opened(url).close()


def test_a_database_has_one_mode(url: str) -> None:
    opened(url).close()
    with pytest.raises(
        JournalUnavailableError, match=r"is a journal of mode demo; this is live\. Use another journal.url"
    ):
        opened(url, mode="live")


def test_whoever_lost_the_lock_writes_no_more_and_may_take_it_again(
    journal: SqlJournal, postgres: Server, url: str
) -> None:
    journal.decided(*decided(1))
    cut(postgres, url)
    with pytest.raises(JournalAwayError, match="The right to write account main"):
        journal.decided(*decided(2))
    with pytest.raises(JournalAwayError, match="it was lost before"):
        journal.decided(*decided(2))

    assert journal.writer.regain()

    journal.decided(*decided(2))
    assert journal.memory().number == 2


def test_whoever_was_passed_is_refused_at_its_next_transaction(
    journal: SqlJournal, postgres: Server, url: str
) -> None:
    journal.decided(*decided(1))
    cut(postgres, url)
    with opened(url) as other:
        assert not journal.writer.regain(), "the lock is the other's"
        with pytest.raises(JournalPassedError, match="has taken over the journal of account main"):
            journal.stamp()
        other.decided(*decided(2))
    assert journal.writer.regain()
    with pytest.raises(JournalPassedError):
        journal.decided(*decided(3))


def test_nobody_passes_a_transaction_that_has_begun(journal: SqlJournal, postgres: Server, url: str) -> None:
    """A writer that is paused inside a transaction is waited for, and whoever waits for too long is told."""
    with journal.writer.transaction():
        cut(postgres, url, but="active, idle in transaction")
        with pytest.raises(JournalAwayError, match="lock timeout"):
            opened(url)


def test_a_stamp_differs_once_anybody_wrote(journal: SqlJournal, url: str) -> None:
    seen = [journal.stamp()]
    assert journal.stamp() == seen[-1]
    journal.decided(*decided(1))
    seen.append(journal.stamp())
    say(url, ACCOUNT, "freeze", None, "ann", "stop", 7)
    seen.append(journal.stamp())
    journal.order_moved(report(request_of(decided(1)[1]), S.SENT), START_MS)
    seen.append(journal.stamp())
    assert journal.stamp() == seen[-1]
    assert len(set(seen)) == len(seen)


def test_a_writer_says_that_it_is_done_and_one_that_is_killed_does_not(url: str, postgres: Server) -> None:
    first = opened(url)
    assert first.writer.turn.handed_over, "there was none before"
    first.close()
    second = opened(url)
    assert second.writer.turn.handed_over
    cut(postgres, url)
    third = opened(url)
    assert not third.writer.turn.handed_over
    third.close()
    with opened(url) as fourth:
        assert not fourth.writer.turn.handed_over, (
            "the third did not wait for the second, and says nothing for it"
        )
    second.close()


def cut(server: Server, url: str, but: str = "") -> None:
    """End all connections to a database but those in some states, as a restart of the server does."""
    states = ", ".join(f"'{state}'" for state in but.split(", "))
    server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database_of(url)}'"  # noqa: S608 - our own names
        f" AND state NOT IN ({states})"
    )


# --- limits to every wait -----------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_told_at_once(url: str, postgres: Server) -> None:
    nowhere = url.replace(f":{postgres.port}/", ":1/")
    with pytest.raises(JournalAwayError, match=r"cannot be read \(.*Connection refused"):
        opened(nowhere)


def test_a_frozen_server_is_given_up_on_within_seconds(
    journal: SqlJournal, postgres: Server, url: str
) -> None:
    journal.decided(*decided(1))
    began = time.monotonic()
    with postgres.frozen():
        with pytest.raises(JournalAwayError, match=r"no answer within 6 s"):
            journal.decided(*decided(2))
        with pytest.raises(JournalAwayError, match="timeout expired"):
            open_reader(url, mode="demo")
    assert time.monotonic() - began < SOON
    assert journal.writer.regain()
    assert journal.memory().number == 1
    journal.decided(*decided(2))


def test_a_frozen_postmaster_keeps_nobody_for_ever(journal: SqlJournal, postgres: Server, url: str) -> None:
    """What is connected is served on; nobody new comes in."""
    began = time.monotonic()
    with postgres.frozen(only_postmaster=True):
        journal.decided(*decided(1))
        with pytest.raises(JournalAwayError, match="timeout expired"):
            opened(url, account="other")
    assert time.monotonic() - began < SOON


def test_a_table_that_somebody_locks_is_given_up_on(journal: SqlJournal, url: str) -> None:
    engine = place_of(url).engine()
    with engine.begin() as holder:
        holder.execute(text("LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(JournalAwayError, match="lock timeout"):
            journal.decided(*decided(1))
    engine.dispose()
    journal.decided(*decided(1))


def test_a_transaction_that_does_nothing_is_ended_by_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_postgres, "IDLE_MS", 300)
    monkeypatch.setattr(journal_postgres, "STATEMENT_MS", 300)
    with opened(url) as journal:
        with pytest.raises(JournalAwayError):
            dawdle(journal)
        journal.decided(*decided(1))


def dawdle(journal: SqlJournal) -> None:
    with journal.writer.transaction() as connection:
        time.sleep(1)
        connection.execute(text("SELECT 1"))


# --- passwords ----------------------------------------------------------------------------------------------


def test_a_password_is_in_no_name_and_no_error(url: str, postgres: Server) -> None:
    assert shown(url) == f"postgresql://hedgerow@127.0.0.1:{postgres.port}/{database_of(url)}"
    assert shown("postgresql:///base?host=/sockets&password=hunter2") == "postgresql:///sockets/base"
    for wrong in (
        url.replace(PASSWORD, "wrong-canary"),
        url + "?sslmode=require",
        url.replace("/t", "/nowhere_t"),
    ):
        with pytest.raises(JournalUnavailableError) as refused:
            opened(wrong)
        errors: list[BaseException] = [refused.value]
        while (cause := errors[-1].__cause__) is not None:
            errors.append(cause)
        for error in errors:
            assert PASSWORD not in str(error)
            assert "wrong-canary" not in str(error)


# --- schemas ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", ["0001", "0002", "0003"])
def test_an_old_schema_with_rows_is_brought_to_the_newest(url: str, schema: str) -> None:
    """There never was a journal of the first schemas in PostgreSQL; what a migration does to rows must hold there all the same."""
    old = sqlite3.connect(":memory:")
    old.executescript(DUMP.read_text("utf-8"))
    old.row_factory = sqlite3.Row
    engine = place_of(url).engine()
    with engine.begin() as connection:
        upgrade(connection, "0001")
        names = inspect(connection).get_table_names()
        for name in [one.name for one in metadata.sorted_tables if one.name in names]:
            for row in old.execute(f"SELECT * FROM {name}"):  # noqa: S608 - a table's name
                values = {
                    key: bool(value) if key in {"reduce_only", "maker"} else value
                    for key, value in dict(row).items()
                }
                marks = ", ".join(f":{key}" for key in values)
                connection.execute(text(f"INSERT INTO {name} ({', '.join(values)}) VALUES ({marks})"), values)  # noqa: S608 - the same
        upgrade(connection, schema)
    engine.dispose()

    with opened(url) as journal, journal.writer.engine.connect() as connection:
        assert differences(connection) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD
    with opened(url) as journal:
        (working,) = journal.working()
        assert working.state is S.OPEN
        assert journal.memory().number == 4
    with open_reader(url, mode="demo") as reader:
        assert [one.number for one in reader.decisions(ACCOUNT)] == [1, 2, 3, 4]


def test_two_writers_that_make_the_journal_at_once_make_it_once(url: str) -> None:
    failures: list[Exception] = []

    def make(account: str) -> None:
        try:
            opened(url, account=account).close()
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=make, args=(f"a{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
