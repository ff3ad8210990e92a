"""Who leads, and whose writes a spool holds, where settings differ, answers are lost and starts fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from bot.adapters import journal_away
from bot.adapters.journal import SqlJournal, open_journal
from bot.adapters.journal_away import NUMBERS_AHEAD, Tries, TwoBooks
from bot.adapters.journal_spool import Spool
from bot.adapters.journal_spooling import SpoolingJournal
from bot.adapters.log import SilentLog
from bot.core.orders import OrderRequest
from bot.core.orders import OrderState as S
from bot.shell.ports import JournalAwayError
from tests.adapters.builders import ACCOUNT, CONTRACT, RULES_JSON, START_MS, decided, report, request_of
from tests.adapters.test_journal_away import House, reducing, told
from tests.postgres import Server, database_of


@pytest.fixture
def house(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 0.0)
    return House(postgres, postgres.database(), tmp_path)


def die(journal: SpoolingJournal) -> None:
    """Let go of the account as the system does when a process is killed: nothing is said."""
    books = journal.books
    for one in (books._main, books._mirror):  # noqa: SLF001 - the same
        one.writer.engine.dispose()
    books._main.writer._lock.release()  # type: ignore[union-attr]  # noqa: SLF001 - of a process that is killed
    books._spool.close()  # noqa: SLF001 - the same


def killed_with_a_spool(house: House) -> OrderRequest:
    """Let a leader send an order that reduces while the database is away, and be killed; returns the order."""
    killed = house.open()
    killed.decided(*decided(1))
    request, decide = reducing(2)
    with house.away():
        decide(killed)
        killed.order_moved(report(request, S.SENT), START_MS)
        die(killed)
    return request


def test_whoever_takes_over_waits_for_the_longer_lease_of_the_two(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = house.open("a", lease=60)
    old.decided(*decided(1))
    house.take_away()
    old.stamp()
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 1000.0)
    house.bring_back()
    with house.open("b", lease=5) as new:
        assert new.books.wait_seconds() > 60, "it may still act for as long as its own settings say"
    old.close()


@pytest.mark.parametrize("before", [0, 6])
def test_what_was_spooled_for_one_journal_goes_into_no_other(
    house: House, postgres: Server, before: int
) -> None:
    """However many writes the other journal had, by which a number might seem to have arrived."""
    other = House(postgres, postgres.database(), house.folder)
    with other.open() as journal:
        for number in range(1, 1 + before):
            journal.decided(*decided(number))
    request = killed_with_a_spool(house)

    untouched = told(other.url)
    with other.open():
        pass
    assert told(other.url) == untouched
    (aside,) = (house.folder / "a").glob(f"{ACCOUNT}.jsonl.*")
    assert request.client_order_id in aside.read_text()
    assert aside.stat().st_mode & 0o077 == 0


def test_an_account_whose_spool_could_not_be_written_is_not_handed_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_with_a_spool(house)

    def fails(*_: object) -> None:
        raise JournalAwayError("statement timeout")

    spool = Spool(house.folder / "a", ACCOUNT)
    opened = open_journal(house.url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON)
    with monkeypatch.context() as broken:
        broken.setattr(SqlJournal, "decided", fails)
        with pytest.raises(JournalAwayError):
            TwoBooks(opened, spool, lease_seconds=60, log=SilentLog())
    opened.close()
    spool.close()

    with house.open("b") as elsewhere:
        assert elsewhere.books.wait_seconds() > 60
        assert elsewhere.memory().number == 1 + NUMBERS_AHEAD, "no order id comes twice"


def test_what_the_database_has_and_no_spool_may_hold_is_known_when_it_is_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.open() as journal:
        picture, decision = decided(1)
        journal.decided(picture, decision)
        adds = request_of(decision)
        writer = journal.books._main.writer  # noqa: SLF001 - whose answer is lost
        real = writer.transaction

        @contextmanager
        def lost() -> Iterator[Connection]:
            with real() as connection:
                yield connection
            raise JournalAwayError("the answer to COMMIT was lost")

        with monkeypatch.context() as broken:
            broken.setattr(writer, "transaction", lost)
            with pytest.raises(JournalAwayError, match="What adds is not sent"):
                journal.order_moved(report(adds, S.SENT), START_MS)
        journal.stamp()

        journal.order_moved(report(adds, S.REJECTED), START_MS + 1)
        assert journal.working() == ()


def test_a_commit_that_is_still_under_way_at_the_server_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.open() as journal:
        journal.decided(*decided(1))
        books = journal.books
        writer = books._main.writer  # noqa: SLF001 - whose answer is lost

        @contextmanager
        def hangs() -> Iterator[Connection]:
            raise JournalAwayError("no answer within 6 s")
            yield

        note = json.dumps({"spool": books._spool.id, "number": books._number + 1})  # noqa: SLF001 - the same
        with psycopg.connect(house.url) as under_way:
            under_way.execute("SELECT * FROM writers WHERE account = %s FOR SHARE", (ACCOUNT,))
            row = (ACCOUNT, CONTRACT.symbol, START_MS, "{}")
            under_way.execute(
                "INSERT INTO terms (account, symbol, since_ms, json) VALUES (%s, %s, %s, %s)", row
            )
            under_way.execute("UPDATE meta SET value = %s WHERE key = %s", (note, f"spool {ACCOUNT}"))
            with monkeypatch.context() as broken:
                broken.setattr(writer, "transaction", hangs)
                journal.learned((CONTRACT,), START_MS)
            assert house.spooled() == ["learned"]
            timer = threading.Timer(1.0, under_way.commit)
            timer.start()
            journal.stamp()
            timer.join()

        assert not books.away
        ((rows,),) = house.server.execute("SELECT count(*) FROM terms", database_of(house.url))
        assert rows == 1


def test_the_memory_of_a_journal_does_not_grow(house: House) -> None:
    with house.open() as journal:
        for number in range(1, 6):
            journal.decided(*decided(number))
        with journal.books._mirror.writer.engine.connect() as memory:  # noqa: SLF001 - what nobody asks for
            rows = memory.exec_driver_sql("SELECT number FROM decisions").all()
        assert [row[0] for row in rows] == [5]
        with house.away():
            assert journal.memory().number == 5


def test_a_try_that_hung_leaves_the_loop_twice_the_time_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(journal_away, "uptime", lambda: now[0])
    tries = Tries()
    for took, due_after in ((0.1, journal_away.RETRY_SECONDS), (9.0, 18.0)):
        tries.failed(took)
        now[0] += due_after - 0.01
        assert not tries.due
        now[0] += 0.02
        assert tries.due
