"""A database that goes away under the writer of an account, and comes back: nothing is lost, nothing comes twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.adapters import journal_away
from bot.adapters.journal import SqlJournal, open_journal
from bot.adapters.journal_away import NUMBERS_AHEAD, TwoBooks
from bot.adapters.journal_controls import say
from bot.adapters.journal_reader import open_reader
from bot.adapters.journal_spool import WRITES, Entry, Spool
from bot.adapters.journal_spooling import SpoolingJournal
from bot.adapters.log import SilentLog
from bot.core.orders import OrderRequest, OrderState
from bot.core.risk import Approved
from bot.shell.ports import (
    Journal,
    JournalAwayError,
    JournalPassedError,
    JournalTakenError,
    JournalUnavailableError,
)
from tests.adapters.builders import (
    ACCOUNT,
    CONTRACT,
    RULES_JSON,
    START_MS,
    activity,
    decided,
    fill,
    payment,
    report,
    request_of,
)
from tests.postgres import Server, database_of

S = OrderState
LEASE = 60
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
LOCKS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = '{}')"


@dataclass
class House:
    """A database that can be taken away, and machines with spools."""

    server: Server
    url: str
    folder: Path

    def open(self, machine: str = "a", lease: float = LEASE) -> SpoolingJournal:
        spool = Spool(self.folder / machine, ACCOUNT)
        try:
            journal = open_journal(self.url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON)
        except BaseException:
            spool.close()
            raise
        return SpoolingJournal(TwoBooks(journal, spool, lease_seconds=lease, log=SilentLog()))

    def take_away(self) -> None:
        name = database_of(self.url)
        self.server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.server.execute(END.format(name))

    def bring_back(self) -> None:
        self.server.execute(f"ALTER DATABASE {database_of(self.url)} ALLOW_CONNECTIONS true")

    @contextmanager
    def away(self) -> Iterator[None]:
        self.take_away()
        try:
            yield
        finally:
            self.bring_back()

    def spooled(self, machine: str = "a") -> list[str]:
        lines = (self.folder / machine / f"{ACCOUNT}.jsonl").read_text("utf-8").splitlines()
        return [str(json.loads(line)["write"]) for line in lines[1:]]


@pytest.fixture
def house(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 0.0)
    return House(postgres, postgres.database(), tmp_path)


def reducing(number: int) -> tuple[OrderRequest, Callable[[Journal], None]]:
    """A decision whose order only reduces, and how it is written."""
    picture, decision = decided(number)
    (command,) = decision.commands
    assert isinstance(command, Approved)
    request = replace(command.request, reduce_only=True)
    smaller = replace(decision, commands=(replace(command, request=request),))
    return request, lambda journal: journal.decided(picture, smaller)


def told(url: str) -> list[object]:
    """All that a reader is told, but for the clock's own times."""
    with open_reader(url, mode="demo") as reader:
        orders = sorted(reader.orders(ACCOUNT, None), key=lambda one: -(one.decision_number or 0))
        return [
            [one.number for one in reader.decisions(ACCOUNT)],
            [(one.request.client_order_id, one.state, one.filled) for one in orders],
            [[event.state for event in reader.order_events(one.request.client_order_id)] for one in orders],
            [one.fill_id for one in reader.fills(ACCOUNT)],
            [one.payment_id for one in reader.payments(ACCOUNT)],
            len(reader.terms(ACCOUNT)),
        ]


def test_what_is_written_while_it_is_away_is_in_the_journal_when_it_is_back(house: House) -> None:
    request, decide = reducing(2)
    with house.open() as journal:
        journal.decided(*decided(1))
        journal.heard(activity(fills=(fill("a"),), cursor=1), START_MS)
        with house.away():
            assert [one.who for one in journal.guard_book(START_MS).controls] == ["hedgerow"]
            decide(journal)
            journal.order_moved(report(request, S.SENT), START_MS)
            journal.order_moved(report(request, S.OPEN), START_MS + 1)
            journal.heard(activity(fills=(fill("b"),), payments=(payment("p"),), cursor=2), START_MS)
            journal.learned((CONTRACT,), START_MS)
            assert journal.memory().number == 2
            assert journal.cursor() == 2
            assert journal.filled(fill("a").client_order_id) == 2 * fill("a").contracts
            assert [one.state for one in journal.working()][-1] is S.OPEN
            assert house.spooled() == ["decided", "order_moved", "order_moved", "heard", "learned"]
            in_mind = (
                journal.working(),
                journal.held(),
                journal.memory(),
                journal.terms(),
                journal.last_at_ms(),
            )
        assert journal.guard_book(START_MS).controls == ()
        assert house.spooled() == []
        assert in_mind == (
            journal.working(),
            journal.held(),
            journal.memory(),
            journal.terms(),
            journal.last_at_ms(),
        )
        journal.order_moved(report(request, S.CANCELLED), START_MS + 2)
    assert told(house.url) == [
        [1, 2],
        [
            (request.client_order_id, S.CANCELLED, 0),
            (request_of(decided(1)[1]).client_order_id, S.PLANNED, 0),
        ],
        [[S.PLANNED, S.SENT, S.OPEN, S.CANCELLED], [S.PLANNED]],
        ["a", "b"],
        ["p"],
        1,
    ]


def test_no_order_that_adds_is_let_out_while_it_is_away(house: House) -> None:
    with house.open() as journal:
        picture, decision = decided(1)
        journal.decided(picture, decision)
        with house.away():
            with pytest.raises(
                JournalAwayError, match="What adds is not sent while the journal's database is away"
            ):
                journal.order_moved(report(request_of(decision), S.SENT), START_MS)
            journal.order_moved(report(request_of(decision), S.CANCELLED), START_MS)
        journal.stamp()
        assert journal.working() == ()


def test_a_person_is_heard_until_it_went_away_and_from_when_it_is_back(house: House) -> None:
    with house.open() as journal:
        say(house.url, ACCOUNT, "unwind", None, "ann", "the end", 7)
        journal.guard_book(START_MS)
        stamp = journal.stamp()
        with house.away():
            assert journal.stamp() != stamp, "so that the loop looks"
            assert [one.who for one in journal.guard_book(START_MS).controls] == ["ann", "hedgerow"]
            assert journal.guard_book(START_MS) == journal.guard_book(START_MS), "the same at every look"
        say(house.url, ACCOUNT, "resume", None, "ann", "no", 8)
        assert journal.guard_book(START_MS).controls == ()


def test_after_the_lease_nothing_is_written_and_nothing_is_sent(house: House) -> None:
    request, decide = reducing(1)
    with house.open(lease=1.5) as journal:
        journal.stamp()
        journal.lead()
        with house.away():
            decide(journal)
            journal.order_moved(report(request, S.SENT), START_MS)
            journal.lead()
            time.sleep(2)
            for act in (journal.lead, lambda: journal.order_moved(report(request, S.OPEN), START_MS)):
                with pytest.raises(
                    JournalAwayError, match=r"was not seen for more than journal\.lease_seconds"
                ):
                    act()
            assert journal.working()[0].state is S.SENT, "it can still be looked at"
        journal.stamp()
        journal.lead()
        journal.order_moved(report(request, S.OPEN), START_MS)
        assert journal.working()[0].state is S.OPEN


# --- killed ---------------------------------------------------------------------------------------------------

LIFE = """
import os, signal, sys
from bot.adapters.journal import open_journal
from bot.adapters import journal_away, journal_spool
from bot.adapters.journal_away import TwoBooks
from bot.adapters.journal_spool import Spool
from bot.adapters.journal_spooling import SpoolingJournal
from bot.adapters.log import SilentLog
from bot.core.orders import OrderState as S
from pathlib import Path
from tests.adapters.builders import *
from tests.adapters.test_journal_away import House, reducing
from tests.postgres import Server

journal_away.RETRY_SECONDS = 0.0
url, folder, port, blows_at = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
server = object.__new__(Server)
server.port = port
house = House(server, url, folder)
passed = 0

def point(frame, event, argument):
    '''Die at a line of the files that spool and bring back.'''
    global passed
    name = frame.f_code.co_filename
    if not name.endswith(("journal_away.py", "journal_spool.py", "journal_spooling.py", "journal_writer.py")):
        return None
    if event == "line":
        passed += 1
        if passed == blows_at:
            os.kill(os.getpid(), signal.SIGKILL)
    return point

acknowledged = (folder / "acknowledged").open("a", buffering=1)

def done(what):
    acknowledged.write(what + "\\n")
    acknowledged.flush()

with house.open() as journal:
    journal.decided(*decided(1))
    house.take_away()
    request, decide = reducing(2)
    sys.settrace(point)
    decide(journal)
    done("decided")
    journal.order_moved(report(request, S.SENT), START_MS)
    done("sent")
    journal.heard(activity(fills=(fill("a"),), cursor=1), START_MS)
    done("heard")
    journal.learned((CONTRACT,), START_MS)
    done("learned")
    sys.settrace(None)
    house.bring_back()
    sys.settrace(point)
    journal.stamp()
    journal.order_moved(report(request, S.OPEN), START_MS + 1)
    done("open")
    sys.settrace(None)
print(passed)
"""


def lived(house: House, blows_at: int) -> "subprocess.CompletedProcess[str]":
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-c", LIFE, house.url, str(house.folder), str(house.server.port), str(blows_at)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        timeout=120,
    )


def test_killed_at_any_line_what_was_acknowledged_is_in_the_journal_once(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At some two dozen of its lines; what is not acknowledged may be there or not, and once at most."""
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 0.0)
    whole = House(postgres, postgres.database(), tmp_path / "whole")
    whole.folder.mkdir()
    done = lived(whole, 0)
    assert done.returncode == 0, done.stderr
    lines = int(done.stdout)
    expected = told(whole.url)
    for point in range(1, lines + 1, max(1, lines // 24)):
        house = House(postgres, postgres.database(), tmp_path / str(point))
        house.folder.mkdir()
        died = lived(house, point)
        assert died.returncode == -signal.SIGKILL, died.stderr
        house.bring_back()
        acknowledged = (house.folder / "acknowledged").read_text().split()
        with house.open() as journal:
            journal.lead()
            kept = told(house.url)
            check(acknowledged, kept, point)
            go_on(journal, kept)
        assert told(house.url) == expected, point


def check(acknowledged: list[str], kept: list[object], point: int) -> None:
    """What was acknowledged is there."""
    numbers, orders, events, fills, _, terms = kept
    if "decided" in acknowledged:
        assert numbers == [1, 2], point
    if "sent" in acknowledged:
        assert S.SENT in events[0], point  # type: ignore[index]  # of the newest order
    if "heard" in acknowledged:
        assert fills == ["a"], point
    if "learned" in acknowledged:
        assert terms == 1, point
    if "open" in acknowledged:
        assert orders[0][1] is S.OPEN, point  # type: ignore[index]  # the same


def go_on(journal: SpoolingJournal, kept: list[object]) -> None:
    """Do what is still to be done; what is done already is done once."""
    request, decide = reducing(2)
    numbers, _, events, fills, _, terms = kept
    if numbers == [1]:
        decide(journal)
        events = [[S.PLANNED]]
    first: list[OrderState] = events[0]  # type: ignore[index]  # of the newest order
    if S.SENT not in first:
        journal.order_moved(report(request, S.SENT), START_MS)
    if not fills:
        journal.heard(activity(fills=(fill("a"),), cursor=1), START_MS)
    if not terms:
        journal.learned((CONTRACT,), START_MS)
    if S.OPEN not in first:
        journal.order_moved(report(request, S.OPEN), START_MS + 1)


# --- who leads ------------------------------------------------------------------------------------------------


def test_whoever_takes_over_from_another_machine_waits_and_counts_ahead_and_its_spool_is_laid_aside(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_away, "WIRE_SECONDS", 0.2)
    old = house.open("a", lease=1.0)
    old.decided(*decided(1))
    house.take_away()
    _, decide = reducing(2)
    decide(old)
    house.bring_back()

    new = house.open("b", lease=1.0)
    for act in (new.lead, lambda: new.decided(*decided(2))):
        with pytest.raises(JournalAwayError, match="may still act for"):
            act()
    while new.books.wait_seconds():
        time.sleep(0.1)
    new.lead()
    assert new.memory().number == 1 + NUMBERS_AHEAD
    new.decided(*decided(2 + NUMBERS_AHEAD))
    assert new.memory().number == 2 + NUMBERS_AHEAD
    with pytest.raises(JournalPassedError):
        old.stamp()
    old.close()
    new.close()

    with house.open("a") as again:
        assert house.spooled("a") == []
        assert len(list((house.folder / "a").glob(f"{ACCOUNT}.jsonl.*"))) == 1
        assert again.memory().number == 2 + NUMBERS_AHEAD
        again.lead()


def test_whoever_dies_while_it_waits_does_not_count_as_having_waited(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_away, "WIRE_SECONDS", 0.2)
    first = house.open("a")
    house.take_away()
    house.bring_back()
    house.open("b").close()
    with house.open("b") as second:
        with pytest.raises(JournalAwayError, match="may still act for"):
            second.lead()
        assert second.memory().number == 2 * NUMBERS_AHEAD
    first.close()


def test_on_one_machine_nobody_waits_and_no_two_have_the_spool(house: House) -> None:
    first = house.open("a")
    first.decided(*decided(1))
    house.take_away()
    house.bring_back()
    with pytest.raises(JournalTakenError, match=r"has the spool .* open and may be sending"):
        house.open("a")
    first.books._spool.close()  # noqa: SLF001 - as the system does when a process dies
    with house.open("a") as second:
        second.lead()
        assert second.memory().number == 1
    first.close()


def test_a_leader_that_only_lost_its_lock_takes_it_back(house: House) -> None:
    with house.open() as journal:
        journal.decided(*decided(1))
        for (holder,) in house.server.execute(LOCKS.format(database_of(house.url))):
            house.server.execute(f"SELECT pg_terminate_backend({holder})")
        journal.heard(activity(payments=(payment("p"),), cursor=1), START_MS)
        assert house.spooled() == ["heard"]
        journal.stamp()
        assert house.spooled() == []
        journal.decided(*decided(2))


# --- the file -------------------------------------------------------------------------------------------------


def test_a_torn_last_line_was_never_acknowledged_and_is_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ACCOUNT)
    spool.append(Entry(number=1, write="learned", said=((CONTRACT,), START_MS)))
    name = spool.id
    spool.close()
    with spool.path.open("ab") as file:
        file.write(b'{"number":2,"write":"learned","sa')
    again = Spool(tmp_path, ACCOUNT)
    assert again.id == name
    assert [(one.number, one.write, one.said) for one in again.entries] == [
        (1, "learned", ((CONTRACT,), START_MS))
    ]
    again.append(Entry(number=3, write="learned", said=((CONTRACT,), START_MS)))
    again.close()
    assert [one.number for one in Spool(tmp_path, ACCOUNT).entries] == [1, 3]


def test_a_spool_that_makes_no_sense_is_not_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, ACCOUNT)
    spool.close()
    with spool.path.open("ab") as file:
        file.write(b"what is this\n")
    with pytest.raises(JournalUnavailableError, match=r"The spool .* cannot be read"):
        Spool(tmp_path, ACCOUNT)


def test_every_write_of_a_journal_can_be_spooled() -> None:
    writes = {"decided", "order_moved", "heard", "found", "adopt", "learned", "transfer_moved", "marked"}
    assert set(WRITES) == writes
    assert all(hasattr(SqlJournal, name) for name in writes)
