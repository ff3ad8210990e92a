"""What the journal of one account takes, keeps and gives back."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.adapters.journal import SqlJournal
from bot.adapters.journal_reader import open_reader
from bot.core.desk import Cancel
from bot.core.memory import Memory
from bot.core.orders import IllegalTransitionError, OrderState, WorkingOrder
from bot.core.values import ZERO, Coins, Contracts
from bot.shell import view
from bot.shell.ports import Journal, JournalUnavailableError
from tests.adapters.builders import (
    ACCOUNT,
    CONTRACT,
    OF_A_FILE,
    START_MS,
    activity,
    decided,
    fill,
    open_at,
    payment,
    report,
    request_of,
    snapshot,
    url_of,
    with_hole,
)

S = OrderState


@pytest.fixture
def path(anywhere: Path) -> Path:
    return anywhere


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    with open_at(path) as opened:
        yield opened


def test_it_is_a_journal_as_the_house_asks(journal: SqlJournal) -> None:
    asked: Journal = journal
    assert asked.working() == ()
    assert asked.memory() == Memory()
    assert asked.cursor() == 0


@OF_A_FILE
def test_a_commit_is_on_the_disk_when_it_returns(journal: SqlJournal) -> None:
    with journal.writer.engine.connect() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


# --- decisions and orders -----------------------------------------------------------------------------------


def test_a_decision_plans_its_orders(journal: SqlJournal, path: Path) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    request = request_of(decision)
    assert journal.working() == (
        WorkingOrder(request=request, state=S.PLANNED, filled=Contracts(ZERO), since_ms=decision.at_ms),
    )
    assert repr(journal.working()[0].request) == repr(request), "digits survive"
    (event,) = open_reader(url_of(path), mode=None).order_events(request.client_order_id)
    assert (event.at_ms, event.state, event.reason) == (decision.at_ms, S.PLANNED, "decision 1")


def test_a_cancel_is_in_the_decision_and_makes_no_order(journal: SqlJournal, path: Path) -> None:
    picture, decision = decided()
    cancel = Cancel(hedge="btc", symbol=CONTRACT.symbol, client_order_id="hr-0-0-h0", reason="too slow")
    journal.decided(picture, replace(decision, commands=(cancel,)))
    last = open_reader(url_of(path), mode="demo").last_decision(ACCOUNT)
    assert last is not None
    assert last.decision.commands == (cancel,)
    assert journal.working() == ()


def test_the_memory_is_that_of_the_last_decision(journal: SqlJournal) -> None:
    for number in (1, 2, 10):
        journal.decided(*decided(number))
    assert journal.memory() == decided(10)[1].memory
    assert journal.memory().number == 10


def test_a_decision_is_written_once_and_as_a_whole_or_not_at_all(journal: SqlJournal) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    with pytest.raises(JournalUnavailableError, match=r"UNIQUE|unique"):
        journal.decided(picture, decision)
    with pytest.raises(
        JournalUnavailableError, match=r"UNIQUE|unique"
    ):  # the same order under another number
        journal.decided(picture, replace(decision, number=2))
    assert journal.memory().number == 1
    assert len(journal.working()) == 1


def test_a_decision_of_another_account_is_not_taken(journal: SqlJournal) -> None:
    with pytest.raises(JournalUnavailableError, match="open for account main and takes no decision of other"):
        journal.decided(*decided(account="other"))


@pytest.mark.parametrize(
    "states",
    [
        (S.SENT, S.OPEN, S.CANCELLING, S.CANCELLED, S.FILLED),
        (S.SENT, S.UNKNOWN, S.UNKNOWN, S.REJECTED),
        (S.CANCELLED,),
    ],
)
def test_an_order_moves_by_the_table_and_every_step_is_kept(
    journal: SqlJournal, path: Path, states: tuple[OrderState, ...]
) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    request = request_of(decision)
    for step, state in enumerate(states):
        journal.order_moved(report(request, state, reason=f"step {step}"), START_MS + step)
    with open_reader(url_of(path), mode="demo") as reader:
        (order,) = reader.orders(ACCOUNT, limit=10)
        events = reader.order_events(request.client_order_id)
    assert (order.state, order.updated_at_ms) == (states[-1], START_MS + len(states) - 1)
    assert [event.state for event in events] == [S.PLANNED, *states]
    assert [event.reason for event in events[1:]] == [f"step {step}" for step in range(len(states))]
    assert journal.working() == ()


def test_a_working_order_tells_when_it_came_into_its_state(journal: SqlJournal) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    for at_ms, state in ((7, S.SENT), (8, S.SENT), (9, S.UNKNOWN)):
        journal.order_moved(report(request_of(decision), state), at_ms)
    (order,) = journal.working()
    assert (order.state, order.since_ms) == (S.UNKNOWN, 9)


def test_what_is_filled_never_shrinks(journal: SqlJournal) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    request = request_of(decision)
    told = ((S.SENT, "0"), (S.OPEN, "0.50"), (S.CANCELLING, "0"), (S.OPEN, "0.7"), (S.OPEN, "0.6"))
    filled = []
    for state, amount in told:
        journal.order_moved(report(request, state, amount), START_MS)
        filled.append(str(journal.working()[0].filled))
    assert filled == ["0", "0.50", "0.50", "0.7", "0.7"]


def test_a_move_the_table_forbids_leaves_the_order_as_it_was(journal: SqlJournal) -> None:
    picture, decision = decided()
    journal.decided(picture, decision)
    with pytest.raises(IllegalTransitionError, match="cannot go from planned to filled"):
        journal.order_moved(report(request_of(decision), S.FILLED, "1"), START_MS)
    assert [(order.state, order.filled) for order in journal.working()] == [(S.PLANNED, ZERO)]


def test_an_order_that_was_never_planned_cannot_move(journal: SqlJournal) -> None:
    with pytest.raises(IllegalTransitionError, match="not in the journal of main"):
        journal.order_moved(report(request_of(decided()[1]), S.SENT), START_MS)


# --- what was heard -----------------------------------------------------------------------------------------


def test_only_new_fills_are_given_back_in_the_order_they_were_heard(journal: SqlJournal) -> None:
    first = journal.heard(activity(fills=(fill("9"), fill("10")), cursor=2), START_MS).fills
    again = journal.heard(
        activity(fills=(fill("10"), fill("8"), fill("8"), fill("7")), cursor=4), START_MS
    ).fills
    assert [item.fill_id for item in first] == ["9", "10"]
    assert [item.fill_id for item in again] == ["8", "7"]


def test_a_trade_number_may_come_again_for_another_contract(journal: SqlJournal) -> None:
    both = (fill("1"), fill("1", symbol="ETHUSDT"))
    assert journal.heard(activity(fills=both, cursor=2), START_MS).fills == both


def test_fills_and_payments_come_back_to_the_last_digit(journal: SqlJournal, path: Path) -> None:
    fills, payments = (fill("1"), fill("2")), (payment("1"), replace(payment("2"), symbol=None))
    journal.heard(activity(fills=fills, payments=payments, cursor=4), START_MS)
    journal.heard(activity(fills=fills, payments=payments, cursor=4), START_MS)
    with open_reader(url_of(path), mode="demo") as reader:
        assert repr(reader.fills(ACCOUNT)) == repr(fills)
        assert repr(reader.payments(ACCOUNT)) == repr(payments)


def test_the_cursor_goes_on_and_never_back(journal: SqlJournal) -> None:
    seen = []
    for cursor in (5, 3, 8):
        journal.heard(activity(cursor=cursor), START_MS)
        seen.append(journal.cursor())
    assert seen == [5, 5, 8]


def test_a_hedge_begins_with_its_first_whole_picture(journal: SqlJournal, path: Path) -> None:
    reader = open_reader(url_of(path), mode="demo")
    picture, decision = decided()
    journal.decided(with_hole(picture), replace(decision, commands=()))
    assert reader.began(ACCOUNT) == {}
    richer = replace(snapshot(2), holdings=(replace(snapshot().holdings[0], coins=Coins(Decimal("2.50"))),))
    journal.decided(richer, replace(decided(2)[1], commands=()))
    journal.decided(*decided(3))
    assert reader.began(ACCOUNT) == {"btc": view.began(richer, decided(2)[1].explanations[0])}


# --- several accounts, one database -------------------------------------------------------------------------


def test_accounts_share_a_database_and_see_nothing_of_each_other(journal: SqlJournal, path: Path) -> None:
    with open_at(path, account="other") as other:
        journal.decided(*decided())
        other.decided(*decided(account="other"))
        journal.heard(activity(fills=(fill("1"),), cursor=5), START_MS)
        assert other.heard(activity(fills=(fill("1"),), cursor=1), START_MS).fills == (fill("1"),)
        stranger = report(request_of(decided(account="other")[1]), S.SENT)
        with pytest.raises(IllegalTransitionError, match="not in the journal of main"):
            journal.order_moved(stranger, START_MS)
        assert (journal.cursor(), other.cursor()) == (5, 1)
        assert [len(each.working()) for each in (journal, other)] == [1, 1]


def test_a_journal_opened_again_knows_everything(path: Path) -> None:
    picture, decision = decided()
    with open_at(path) as before:
        before.decided(picture, decision)
        before.heard(activity(cursor=3), START_MS)
        kept = before.working(), before.memory(), before.cursor()
    with open_at(path) as after:
        assert (after.working(), after.memory(), after.cursor()) == kept


# --- failing ------------------------------------------------------------------------------------------------


@OF_A_FILE
def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = open_at(path)
    journal.close()
    journal.close()
    with pytest.raises(JournalUnavailableError, match=f"The journal at {path} is closed"):
        journal.decided(*decided())


@OF_A_FILE
@pytest.mark.parametrize(
    ("pragma", "cause"),
    [
        ("query_only=ON", "attempt to write a readonly database"),
        ("max_page_count=1", "database or disk is full"),
    ],
)
def test_a_disk_that_takes_nothing_is_told_in_one_sentence_and_leaves_no_half(
    journal: SqlJournal, path: Path, pragma: str, cause: str
) -> None:
    picture, decision = decided()
    picture = replace(picture, missing=("a long letter" * 10_000,))
    with (
        journal.writer.engine.connect() as connection
    ):  # the journal's one connection, which keeps the setting
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    with pytest.raises(JournalUnavailableError) as failure:
        journal.decided(picture, decision)
    assert str(failure.value) == (
        f"The journal at {path} cannot be written ({cause}): make room and rights there, or use another journal.path."
    )
    assert failure.value.__cause__ is not None
    with open_reader(url_of(path), mode="demo") as reader:
        assert reader.last_decision(ACCOUNT) is None
        assert reader.orders(ACCOUNT, limit=10) == ()


def test_the_fills_heard_of_an_order_are_summed_exactly(journal: SqlJournal) -> None:
    journal.heard(activity(fills=(fill("a"), fill("b")), cursor=2), START_MS)
    journal.heard(activity(fills=(fill("b"),), cursor=3), START_MS)

    assert journal.filled(fill("a").client_order_id) == Decimal("0.20"), "b came twice and counts once"
    assert journal.filled("never heard of") == ZERO
