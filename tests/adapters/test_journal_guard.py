"""What the guard tells the books and is told by them: transfers, causes, what persons said from elsewhere."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters import journal_controls
from bot.adapters.journal import SqlJournal
from bot.adapters.journal_controls import say
from bot.adapters.journal_guard import JournaledControl, in_force, releases
from bot.adapters.journal_reader import open_reader
from bot.adapters.tables import HEAD
from bot.backtest.tally import Tally
from bot.core.decide import Decision
from bot.core.memory import GuardMemory, Memory, State
from bot.core.orders import IllegalTransitionError, OrderState
from bot.core.relief import TopUp
from bot.core.reports import TransferReport
from bot.core.snapshot import Control, Resume, Snapshot, Transfer
from bot.core.values import ZERO, Money
from bot.shell.ports import GuardBook, Journal, JournalUnavailableError
from tests.adapters.builders import (
    ACCOUNT,
    CONTRACT,
    OF_A_FILE,
    START_MS,
    decided,
    open_at,
    report,
    request_of,
    thin,
    url_of,
    with_hole,
)

S = OrderState
D = Decimal
DAY_MS = 86_400_000


@pytest.fixture
def path(anywhere: Path) -> Path:
    return anywhere


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    with open_at(path) as opened:
        yield opened


@pytest.fixture(params=["durable", "memory"])
def either(request: pytest.FixtureRequest, path: Path) -> Iterator[Journal]:
    """Give the journal on the disk, and the one in memory: they answer the same."""
    if request.param == "memory":
        yield Tally()
        return
    with open_at(path) as opened:
        yield opened


def topped(journal: Journal, number: int = 1) -> TopUp:
    """Decide a top-up; returns it."""
    picture, decision = thin(number)
    journal.decided(picture, decision)
    (top_up,) = [command for command in decision.commands if isinstance(command, TopUp)]
    return top_up


def moved(top_up: TopUp, state: Any, reason: str = "") -> TransferReport:
    return TransferReport(transfer_id=top_up.transfer_id, state=state, reason=reason)


# --- transfers ------------------------------------------------------------------------------------------------


def test_a_planned_transfer_tells_the_guard_nothing_and_a_sent_one_is_open(either: Journal) -> None:
    top_up = topped(either)
    planned = either.guard_book(START_MS + 1)
    either.transfer_moved(moved(top_up, "sent"), START_MS + 2)
    sent = either.guard_book(START_MS + 3)

    assert planned == GuardBook()
    assert sent == GuardBook(
        transfers=(
            Transfer(
                transfer_id=top_up.transfer_id, asset="USDT", amount=top_up.amount, since_ms=START_MS + 2
            ),
        ),
        moved_today=top_up.amount,
    )


def test_a_done_transfer_counts_for_a_day_and_stays_done(either: Journal) -> None:
    top_up = topped(either)
    either.transfer_moved(moved(top_up, "sent"), START_MS)
    either.transfer_moved(moved(top_up, "done"), START_MS + 5)
    either.transfer_moved(moved(top_up, "refused", "no record"), START_MS + 9)

    at = [either.guard_book(START_MS + 5 + DAY_MS + late) for late in (-1, 0)]

    assert at == [GuardBook(moved_today=top_up.amount), GuardBook()]


def test_a_refused_transfer_tells_when_until_another_leaves(either: Journal) -> None:
    first, second = topped(either, 1), topped(either, 2)
    told = []
    for at_ms, top_up, state in ((1, first, "sent"), (7, first, "refused"), (8, first, "refused")):
        either.transfer_moved(moved(top_up, state), at_ms)
        told.append(either.guard_book(9))
    either.transfer_moved(moved(second, "sent"), 10)
    told.append(either.guard_book(11))

    assert [(book.top_up_refused_ms, len(book.transfers)) for book in told] == [
        (0, 1),
        (7, 0),
        (7, 0),
        (0, 1),
    ]
    assert [book.moved_today for book in told] == [first.amount, ZERO, ZERO, second.amount]


def test_a_transfer_is_read_with_what_was_asked_and_what_was_said(journal: SqlJournal, path: Path) -> None:
    top_up = topped(journal)
    journal.transfer_moved(moved(top_up, "sent"), START_MS + 1)
    with open_reader(url_of(path), mode="demo") as reader:
        (sent,) = reader.transfers(ACCOUNT)
        journal.transfer_moved(moved(top_up, "refused", "not enough"), START_MS + 2)
        (refused,) = reader.transfers(ACCOUNT)

    assert (sent.amount, sent.needed, sent.reason) == (top_up.amount, top_up.needed, top_up.reason)
    assert repr(sent.amount) == repr(top_up.amount), "digits survive"
    assert (sent.state, sent.decision_number, sent.asset) == ("sent", 1, "USDT")
    assert (refused.state, refused.reason, refused.since_ms) == ("refused", "not enough", START_MS + 2)


def test_a_transfer_that_was_never_planned_cannot_move(journal: SqlJournal, path: Path) -> None:
    top_up = topped(journal)
    with (
        open_at(path, account="other") as other,
        pytest.raises(
            IllegalTransitionError, match="-t cannot become sent: it is not in the journal of other"
        ),
    ):
        other.transfer_moved(moved(top_up, "sent"), START_MS)


def test_a_transfer_is_planned_with_its_decision_or_not_at_all(journal: SqlJournal) -> None:
    picture, decision = thin()
    journal.decided(picture, decision)
    again = replace(decision, number=2)

    with pytest.raises(JournalUnavailableError, match=r"UNIQUE|unique"):
        journal.decided(picture, again)

    assert journal.memory().number == 1


def test_a_transfer_outlives_a_restart(journal: SqlJournal, path: Path) -> None:
    top_up = topped(journal)
    journal.transfer_moved(moved(top_up, "sent"), START_MS)
    before = journal.guard_book(START_MS)
    journal.close()

    with open_at(path) as again:
        assert again.guard_book(START_MS) == before


# --- orders ---------------------------------------------------------------------------------------------------


def test_orders_of_the_last_minute_are_counted_if_they_add(either: Journal) -> None:
    for number, reduce_only in ((1, False), (2, True), (3, False), (4, False)):
        picture, decision = decided(number)
        (command,) = decision.commands
        asked = replace(request_of(decision), reduce_only=reduce_only)
        either.decided(picture, replace(decision, commands=(replace(command, request=asked),)))  # type: ignore[arg-type]  # an order
        if number < 4:
            either.order_moved(report(asked, S.SENT), START_MS + number)
            either.order_moved(report(asked, S.SENT), START_MS + number + 1)

    counted = [either.guard_book(START_MS + 60_000 + late).orders_last_minute for late in (0, 1, 2, 3)]

    assert counted == [2, 1, 1, 0]


# --- causes ---------------------------------------------------------------------------------------------------


def told_of(path: Path, limit: int | None = None) -> list[tuple[int, str, State, bool]]:
    """List the guard's events: decision, first word of the key, state, whether it began."""
    with open_reader(url_of(path), mode="demo") as reader:
        events = reader.guard_events(ACCOUNT, limit)
    return [(one.decision_number, one.key, one.state, one.began) for one in events]


def run(
    journal: SqlJournal, *pictures: Callable[[int, GuardMemory], tuple[Snapshot, Decision]]
) -> list[Decision]:
    """Journal decisions, each remembering the one before."""
    made: list[Decision] = []
    for number, picture in enumerate(pictures, 1):
        memory = made[-1].memory.guard if made else GuardMemory()
        seen, decision = picture(number, memory)
        journal.decided(seen, decision)
        made.append(decision)
    return made


def calm(number: int, memory: GuardMemory) -> tuple[Snapshot, Decision]:
    picture, decision = decided(number)
    picture = replace(picture, memory=replace(picture.memory, guard=memory))
    return picture, replace(decision, commands=())


def blind(number: int, memory: GuardMemory) -> tuple[Snapshot, Decision]:
    """See nothing; what was remembered is remembered on."""
    picture, decision = thin(number, memory)
    remembered = replace(decision.memory, guard=memory)
    return with_hole(picture), replace(decision, commands=(), watch=None, memory=remembered)


def test_a_cause_is_written_when_it_begins_and_when_it_ends(journal: SqlJournal, path: Path) -> None:
    first, *_ = run(journal, thin, thin, blind, thin, calm)
    assert first.watch is not None
    keys = [cause.key for cause in first.watch.causes]
    began = [(1, cause.key, cause.state, True) for cause in first.watch.causes]
    ended = [(5, key, State.NORMAL, False) for key in keys]

    assert len(keys) > 0
    assert told_of(path) == began + ended
    assert told_of(path, 1) == ended[-1:]
    with open_reader(url_of(path), mode="demo") as reader:
        beginning, end = reader.guard_events(ACCOUNT, None)[0], reader.guard_events(ACCOUNT, None)[-1]
    assert (beginning.kind, beginning.hedge, beginning.who) == ("margin", None, "guard")
    assert beginning.text == first.watch.causes[0].text
    assert (end.kind, end.hedge, end.who, end.text) == (first.watch.causes[-1].kind, None, "guard", "ended")


def test_causes_outlive_a_restart_and_begin_once(journal: SqlJournal, path: Path) -> None:
    made = run(journal, thin)
    before = told_of(path)
    journal.close()
    with open_at(path) as again:
        again.decided(*thin(2, made[-1].memory.guard))

    assert told_of(path) == before


def test_the_tally_keeps_causes_and_top_ups_as_they_began() -> None:
    tally = Tally()
    picture, decision = thin()
    tally.decided(picture, decision)
    tally.decided(*thin(2, decision.memory.guard))

    assert decision.watch is not None
    assert tally.guard_events == list(decision.watch.causes)
    assert [one.transfer_id for one in tally.top_ups] == [
        command.transfer_id for n in (1, 2) for command in thin(n)[1].commands if isinstance(command, TopUp)
    ]


def test_a_tally_may_start_in_the_middle_of_things() -> None:
    memory = Memory(number=9)
    tally = Tally(held={CONTRACT.symbol: D("-1.1"), "E": ZERO}, cursor=7, memory=memory)

    assert (tally.held(), tally.cursor(), tally.memory()) == ({CONTRACT.symbol: D("-1.1")}, 7, memory)
    assert Tally().held() == {}


# --- persons' words -------------------------------------------------------------------------------------------


def word(kind: Any, hedge: str | None, at_ms: int = 0) -> JournaledControl:
    return JournaledControl(hedge=hedge, kind=kind, who="ann", why="because", at_ms=at_ms)


# said, one after the other: kind of what, A is the whole account  | in force
IN_FORCE = """
                                             |
freeze:A                                     | freeze:A
freeze:A unwind:A                            | unwind:A
unwind:A freeze:A                            | freeze:A
freeze:A resume:A                            |
freeze:btc                                   | freeze:btc
freeze:btc resume:A                          |
unwind:btc freeze:eth resume:A               |
unwind:btc freeze:eth resume:btc             | freeze:eth
freeze:A resume:btc                          | freeze:A
freeze:A freeze:btc resume:btc               | freeze:A
freeze:A unwind:btc                          | freeze:A unwind:btc
unwind:btc freeze:A                          | freeze:A
freeze:A freeze:btc resume:A                 |
resume:A freeze:btc                          | freeze:btc
"""


@pytest.mark.parametrize("line", IN_FORCE.strip("\n").splitlines())
def test_the_last_word_about_each_scope_is_in_force(line: str) -> None:
    said, expected = ([tuple(one.split(":")) for one in part.split()] for part in line.split("|"))
    words = [word(kind, None if scope == "A" else scope, n) for n, (kind, scope) in enumerate(said)]

    assert [(one.kind, one.hedge or "A") for one in in_force(words)] == expected


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["freeze", "unwind", "resume"]), st.sampled_from([None, "btc", "eth"]))
    )
)
def test_a_release_of_the_whole_account_leaves_nothing_in_force(said: list[tuple[str, str | None]]) -> None:
    words = [word(kind, hedge, n) for n, (kind, hedge) in enumerate(said)]
    released = [*words, word("resume", None, 99)]

    assert in_force(released) == ()
    assert Resume(hedge=None, at_ms=99) in releases(released)
    assert len({one.hedge for one in in_force(words)}) == len(in_force(words))


def test_a_word_is_heard_by_the_writer_while_it_holds_the_journal(journal: SqlJournal, path: Path) -> None:
    heard = [journal.guard_book(START_MS)]
    say(url_of(path), ACCOUNT, "freeze", None, "ann", "I do not like it", 7)
    heard.append(journal.guard_book(START_MS))
    say(url_of(path), ACCOUNT, "unwind", "btc", "bob", "nor do I", 8)
    say(url_of(path), "other", "freeze", None, "bob", "elsewhere", 8)
    heard.append(journal.guard_book(START_MS))
    say(url_of(path), ACCOUNT, "resume", None, "ann", "all well", 9)
    heard.append(journal.guard_book(START_MS))
    journal.decided(*decided())

    frozen = Control(kind="freeze", hedge=None, who="ann", why="I do not like it", at_ms=7)
    unwinding = Control(kind="unwind", hedge="btc", who="bob", why="nor do I", at_ms=8)
    assert heard == [
        GuardBook(),
        GuardBook(controls=(frozen,)),
        GuardBook(controls=(frozen, unwinding)),
        GuardBook(resumes=(Resume(hedge=None, at_ms=9),)),
    ]


def test_every_word_is_kept_and_read(path: Path) -> None:
    open_at(path).close()
    say(url_of(path), ACCOUNT, "freeze", "btc", "ann", "why not", 7)
    say(url_of(path), ACCOUNT, "resume", "btc", "ann", "well then", 8)

    with open_reader(url_of(path), mode="demo") as reader:
        assert reader.accounts() == (ACCOUNT,)
        assert reader.controls(ACCOUNT) == (
            JournaledControl(hedge="btc", kind="freeze", who="ann", why="why not", at_ms=7),
            JournaledControl(hedge="btc", kind="resume", who="ann", why="well then", at_ms=8),
        )
        assert reader.last_decision(ACCOUNT) is None


def test_a_word_said_while_nobody_runs_waits_for_the_next_start(path: Path) -> None:
    open_at(path).close()
    before = {file.name for file in path.parent.iterdir()}

    say(url_of(path), ACCOUNT, "freeze", None, "ann", "stop", 7)

    assert {file.name for file in path.parent.iterdir()} == before, "no lock, no trace"
    with open_at(path) as journal:
        assert [one.kind for one in journal.guard_book(START_MS).controls] == ["freeze"]


SAY = """
import sys
from bot.adapters.journal_controls import say
url, account = sys.argv[1:]
for number in range(20):
    say(url, account, "freeze", None, "ann", f"word {number}", number)
print("said", flush=True)
"""


def test_another_process_says_its_word_while_the_writer_goes_on_writing(path: Path) -> None:
    with open_at(path) as journal:
        command = [sys.executable, "-c", SAY, url_of(path), ACCOUNT]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as speaker:
            number = 0
            while speaker.poll() is None:
                number += 1
                journal.decided(*decided(number))
                journal.guard_book(START_MS)
            assert speaker.stdout is not None
            assert speaker.stdout.read() == "said\n"
        assert [one.why for one in journal.guard_book(START_MS).controls] == ["word 19"]
        journal.decided(*decided(number + 1))
    with open_reader(url_of(path), mode="demo") as reader:
        assert len(reader.controls(ACCOUNT)) == 20
        assert len(list(reader.decisions(ACCOUNT))) == number + 1


@OF_A_FILE
def test_what_is_written_after_a_word_from_another_process_is_in_the_journal(path: Path) -> None:
    """Whoever leaves a database last removes its ``-wal``: the writer must not look as if it had left."""
    with open_at(path) as journal, open_at(path, account="other") as other:
        journal.decided(*decided(1))
        with open_reader(url_of(path), mode="demo") as reader:  # in the writer's own process
            assert reader.last_decision(ACCOUNT) is not None
        subprocess.run([sys.executable, "-c", SAY, url_of(path), ACCOUNT], check=True)
        journal.decided(*decided(2))
        other.decided(*decided(1, account="other"))

        assert path.with_name(f"{path.name}-wal").exists()
        with open_reader(url_of(path), mode="demo") as reader:
            assert [one.number for one in reader.decisions(ACCOUNT)] == [1, 2]
            assert len(reader.controls(ACCOUNT)) == 20


HOLD = """
import signal, sys
from bot.adapters.journal import open_journal
journal = open_journal(sys.argv[1], mode="demo", account="main", rules_json="{}")
print("open", flush=True)
signal.pause()
"""


def test_a_word_outlives_a_writer_that_is_killed(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url_of(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        say(url_of(path), ACCOUNT, "freeze", None, "ann", "stop", 7)
        writer.send_signal(signal.SIGKILL)

    with open_at(path) as journal:
        assert [one.who for one in journal.guard_book(START_MS).controls] == ["ann"]


@OF_A_FILE
def test_nothing_is_said_where_no_journal_is(path: Path) -> None:
    with pytest.raises(JournalUnavailableError) as refused:
        say(url_of(path), ACCOUNT, "freeze", None, "ann", "stop", 7)

    assert str(refused.value) == (
        f"No journal at {path}, so that nothing was said: start with `hedgerow run`, or name its file in journal.path."
    )
    assert list(path.parent.iterdir()) == []


def test_nothing_is_said_into_a_journal_of_another_schema(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(path).close()
    monkeypatch.setattr(journal_controls, "HEAD", "0999")

    with pytest.raises(
        JournalUnavailableError, match=f"older schema {HEAD}, and nothing was said: start `hedgerow"
    ):
        say(url_of(path), ACCOUNT, "freeze", None, "ann", "stop", 7)


@OF_A_FILE
def test_a_journal_that_is_held_for_too_long_is_told_in_one_sentence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.adapters import journal_lock

    open_at(path).close()
    monkeypatch.setattr(journal_lock, "BUSY_MS", 50)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(JournalUnavailableError, match=r"cannot be written \(database is locked\)"):
            say(url_of(path), ACCOUNT, "freeze", None, "ann", "stop", 7)
    finally:
        holder.close()


def test_money_that_was_moved_keeps_its_digits(either: Journal) -> None:
    top_up = topped(either)
    either.transfer_moved(moved(top_up, "sent"), START_MS)

    assert repr(either.guard_book(START_MS).moved_today) == repr(Money(ZERO + top_up.amount))
