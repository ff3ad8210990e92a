"""What a reader sees of a journal, beside a writer and without one, and that it leaves no trace."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot.adapters import journal_reader
from bot.adapters.journal_file import ReadOnlyFile
from bot.adapters.journal_reader import open_reader
from bot.adapters.tables import HEAD
from bot.shell.ports import JournalUnavailableError
from bot.shell.replay import JournaledDecision
from tests.adapters.builders import (
    ACCOUNT,
    OF_A_FILE,
    RULES_JSON,
    START_MS,
    activity,
    decided,
    open_at,
    url_of,
)


@pytest.fixture
def path(anywhere: Path) -> Path:
    return anywhere


def journaled(number: int, rules_json: str = RULES_JSON) -> JournaledDecision:
    """Say what a reader should see of a decision."""
    picture, decision = decided(number)
    return JournaledDecision(
        account=ACCOUNT,
        number=number,
        at_ms=picture.at_ms,
        rules_json=rules_json,
        snapshot=picture,
        decision=decision,
    )


@OF_A_FILE
def test_no_journal_says_how_to_start_one_and_makes_none(path: Path) -> None:
    with pytest.raises(JournalUnavailableError) as refused:
        open_reader(url_of(path), mode=None)
    assert str(refused.value) == f"No journal at {path}: start with `hedgerow demo` or `hedgerow run`."
    assert list(path.parent.iterdir()) == []


def test_decisions_come_in_order_with_the_rules_of_their_time(path: Path) -> None:
    with open_at(path, rules_json="[1]") as journal:
        journal.decided(*decided(1))
    with open_at(path, rules_json="[2]") as journal:
        journal.decided(*decided(2))
        journal.decided(*decided(10))
    with open_reader(url_of(path), mode="demo") as reader:
        seen = list(reader.decisions(ACCOUNT))
        last = reader.last_decision(ACCOUNT)
    assert seen == [journaled(1, "[1]"), journaled(2, "[2]"), journaled(10, "[2]")]
    assert repr(seen[0]) == repr(journaled(1, "[1]")), "digits survive"
    assert last == seen[-1]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_decisions_are_read_page_by_page_without_a_gap(
    path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_reader, "PAGE", 2)
    numbers = list(range(1, count + 1))
    with open_at(path) as journal, open_at(path, account="other") as other:
        for number in numbers:
            journal.decided(*decided(number))
            other.decided(*decided(number, account="other"))
    with open_reader(url_of(path), mode="demo") as reader:
        assert [seen.number for seen in reader.decisions(ACCOUNT)] == numbers


def test_a_reader_sees_what_a_running_writer_wrote_a_moment_ago(path: Path) -> None:
    with open_at(path) as journal, open_reader(url_of(path), mode="demo") as reader:
        assert reader.last_decision(ACCOUNT) is None
        journal.decided(*decided(1))
        assert reader.last_decision(ACCOUNT) == journaled(1)
        decisions = reader.decisions(ACCOUNT)
        assert next(decisions) == journaled(1)
        journal.decided(*decided(2))  # a reader in the middle of its work holds up nobody
    assert reader.last_decision(ACCOUNT) == journaled(2), "nor does a writer that leaves"


def test_accounts_are_listed_by_name_once_anything_was_written(path: Path) -> None:
    with open_at(path) as main, open_at(path, account="b") as b, open_at(path, account="a") as a:
        main.decided(*decided())
        main.heard(activity(cursor=1), START_MS)
        b.heard(activity(cursor=1), START_MS)
        assert a.cursor() == 0
    with open_reader(url_of(path), mode="demo") as reader:
        assert (reader.accounts(), reader.mode()) == (("b", "main"), "demo")


def test_orders_are_listed_newest_first_up_to_a_limit(path: Path) -> None:
    with open_at(path) as journal:
        for number in (1, 2, 3, 10):
            journal.decided(*decided(number))
    with open_reader(url_of(path), mode="demo") as reader:
        orders = reader.orders(ACCOUNT, limit=3)
        assert len(reader.orders(ACCOUNT, limit=None)) == 4
    assert [(order.decision_number, order.hedge, order.sent_at_ms) for order in orders] == [
        (10, "btc", None),
        (3, "btc", None),
        (2, "btc", None),
    ]


@OF_A_FILE
def test_reading_a_journal_at_rest_leaves_no_trace(path: Path) -> None:
    with open_at(path) as journal:
        journal.decided(*decided())
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    with open_reader(url_of(path), mode="demo") as reader:
        list(reader.decisions(ACCOUNT))
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


@OF_A_FILE
def test_an_answer_is_thrown_away_if_a_writer_came_in_meanwhile(path: Path) -> None:
    with open_at(path) as journal:
        journal.decided(*decided(1))
    asked = []

    def question(connection: Connection) -> int:
        asked.append(1)
        if len(asked) == 1:
            with open_at(path) as journal:  # opens, writes, and closes: no -wal is left to tell
                journal.decided(*decided(2))
        return int(connection.exec_driver_sql("SELECT max(number) FROM decisions").scalar_one())

    assert ReadOnlyFile(path).ask(question) == 2
    assert len(asked) == 2


@OF_A_FILE
def test_a_fault_that_a_writer_led_to_is_not_believed_either(path: Path) -> None:
    with open_at(path) as journal:
        journal.decided(*decided(1))
    asked = []

    def question(connection: Connection) -> int:
        asked.append(1)
        if len(asked) == 1:
            with open_at(path) as journal:
                journal.decided(*decided(2))
            raise ValueError("a torn page")
        return int(connection.exec_driver_sql("SELECT max(number) FROM decisions").scalar_one())

    assert ReadOnlyFile(path).ask(question) == 2


@OF_A_FILE
def test_a_file_that_changes_at_every_look_is_given_up(path: Path) -> None:
    with open_at(path) as journal:
        journal.decided(*decided(1))
    file = ReadOnlyFile(path)

    def question(_connection: Connection) -> None:
        with path.open("ab") as grown:
            grown.write(b"\0")

    with pytest.raises(JournalUnavailableError, match="keeps changing hands: ask again"):
        file.ask(question)


@OF_A_FILE
@pytest.mark.parametrize("column", ["snapshot", "decision"])
def test_a_record_of_another_version_is_told_in_one_sentence(path: Path, column: str) -> None:
    with open_at(path) as journal:
        journal.decided(*decided())
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE decisions SET {column} = '{{}}'")  # noqa: S608 - from the list above
    connection.close()
    sentence = f"The journal at {path} holds a decision that this Hedgerow cannot read"
    with (
        open_reader(url_of(path), mode="demo") as reader,
        pytest.raises(JournalUnavailableError, match=sentence),
    ):
        reader.last_decision(ACCOUNT)
    if column == "decision":
        with open_at(path) as journal, pytest.raises(JournalUnavailableError, match=sentence):
            journal.memory()


def test_an_older_schema_is_read_only_after_it_was_brought_up_to_date(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(path).close()
    monkeypatch.setattr(journal_reader, "HEAD", "0999")
    with pytest.raises(
        JournalUnavailableError, match=f"older schema {HEAD}; this Hedgerow reads 0999: start"
    ):
        open_reader(url_of(path), mode="demo")
