"""A journal that the first Hedgerow wrote is taken over with everything in it.

``journal_0001.sql`` was dumped from a journal of version 0.1.0: three orders - one filled in part, one rejected, one
open - a payment, and four decisions.
"""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from bot.adapters.journal_reader import open_reader
from bot.adapters.tables import HEAD, metadata, upgrade
from bot.core.orders import OrderState
from bot.core.risk import Approved
from bot.core.snapshot import Setback
from bot.core.values import Contracts
from bot.shell.ports import GuardBook, JournalUnavailableError
from tests.adapters.builders import (
    ACCOUNT,
    CONTRACT,
    START_MS,
    activity,
    decided,
    fill,
    open_at,
    report,
    url_of,
)

S = OrderState
D = Decimal
DUMP = Path(__file__).parent / "journal_0001.sql"
MINUTE_MS = 60_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    old = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(old)
    connection.executescript(DUMP.read_text("utf-8"))
    connection.close()
    return old


def test_an_old_journal_is_not_read_before_a_writer_has_brought_it_up_to_date(path: Path) -> None:
    before = path.read_bytes()

    with pytest.raises(
        JournalUnavailableError, match=f"older schema 0001; this Hedgerow reads {HEAD}: start"
    ):
        open_reader(url_of(path), mode=None)

    assert path.read_bytes() == before


def test_the_writer_goes_on_where_the_old_one_stood(path: Path) -> None:
    with open_at(path) as journal:
        (working,) = journal.working()
        assert (working.state, working.since_ms) == (S.OPEN, START_MS + 3 * MINUTE_MS + 2)
        assert journal.memory().number == 4
        assert journal.cursor() == 2
        assert journal.held() == {CONTRACT.symbol: D("-0.10")}
        assert journal.realised() == {CONTRACT.symbol: D(10)}, "as the venue told it"
        assert journal.rejected() == ()
        assert journal.last_at_ms() == START_MS + 4 * MINUTE_MS
        assert (journal.terms(), journal.shifted()) == ({}, ())
        name = working.request.client_order_id
        assert journal.heard(activity(fills=(fill("1"),), cursor=2), START_MS).fills == ()
        journal.order_moved(report(working.request, S.CANCELLED), START_MS + 9 * MINUTE_MS)
        journal.decided(*decided(5))
        assert journal.knows(name)


@pytest.mark.parametrize("schema", ["0001", "0002", "0003"])
def test_whatever_schema_it_has_it_is_brought_to_the_newest(path: Path, schema: str) -> None:
    if schema != "0001":
        engine = create_engine(url_of(path), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            upgrade(connection, schema)
        engine.dispose()

    with open_at(path) as journal, journal.writer.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
    with open_at(path) as journal:
        assert journal.guard_book(START_MS * 2) == GuardBook()
        journal.decided(*decided(5))


def test_a_rejection_at_the_end_is_still_counted(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE orders SET sent_at_ms = sent_at_ms - 1000000 WHERE state = 'open'")
    connection.close()

    with open_at(path) as journal:
        at_ms = START_MS + 2 * MINUTE_MS + 2
        assert journal.rejected() == (Setback(symbol=CONTRACT.symbol, count=1, last_at_ms=at_ms),)


def test_everything_in_an_old_journal_can_be_read(path: Path) -> None:
    open_at(path).close()
    with open_reader(url_of(path), mode="demo") as reader:
        decisions = list(reader.decisions(ACCOUNT))
        orders = reader.orders(ACCOUNT, limit=None)
        events = [len(reader.order_events(order.request.client_order_id)) for order in orders]
        (intent, *others) = reader.intents(ACCOUNT)
        began = reader.began(ACCOUNT)
        fills, payments = reader.fills(ACCOUNT), reader.payments(ACCOUNT)

    assert [one.number for one in decisions] == [1, 2, 3, 4]
    assert [(order.decision_number, order.state, order.leg, order.intent) for order in orders] == [
        (3, S.OPEN, "hedge", 3),
        (2, S.REJECTED, "hedge", 2),
        (1, S.CANCELLED, "hedge", 1),
    ]
    assert events == [3, 3, 3]
    assert (intent.contracts, intent.arrival_mid) == (Contracts(D("0.10")), D("60000.05"))
    assert intent.shortfall == D("-0.005"), "a tenth sold 5 cents above the mid"
    assert [one.intent for one in others] == [2, 3]
    assert list(began) == ["btc"]
    assert (len(fills), len(payments)) == (1, 1)
    for one in decisions[:3]:
        (command,) = one.decision.commands
        assert isinstance(command, Approved)
        assert (command.leg, command.intent, command.arrival_mid) == ("hedge", one.number, D("60000.05"))
