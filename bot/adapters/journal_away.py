"""A journal whose database may go away in the middle of a session, and come back.

**While it is away** nothing that adds risk is sent. The guard's book says so as the switch does: a freeze, by
``hedgerow``, stands in every picture, so that policies rest, what would add is taken back, the guard goes on relieving
margin with orders that only reduce, and a replay of these decisions agrees. An order that adds and was planned before is
not let out either: its ``sent`` is refused here. Every write is kept in the spool first (I6: it is on this machine's disk
before anything leaves), and in a memory of the journal, by which the account's writer goes meanwhile.

**When it is back** the lock is taken again, the epoch is seen to be ours still, and what was spooled is written in order
by the very methods that would have written it. Writes are counted, and the count is kept in the journal with each, so
that a write whose answer was lost, or a process that is killed while it does this, writes nothing twice (I1, I3). The
next start on this machine does the same before anything else.

**Who leads meanwhile.** Whoever lost the database has lost the lock, too, and another machine may take over without being
able to ask. So there is a lease: after ``lease_seconds`` since the database last said that the account is ours, nothing is
written and nothing is sent (``lead`` is asked right before each request), until the database says so again. Whoever takes
over from one that did not say that it was done counts the epoch up, waits as long, and some seconds more for requests on
the wire, and only then acts. On one machine nobody waits: the spool's file is locked, and who can lock it knows that the
other is dead. A process that is stopped in the very instant between ``lead`` and the request, for longer than the lease,
is beyond this; the time stamp in a signed request, which venues refuse after some seconds, is what bounds it.

**What is taken over.** Orders that the one before may have sent meanwhile are in its spool, not in the journal: their fills
and they themselves are found at the venue, as strays (I1, I2). The numbers of decisions, of which order ids are made, jump
ahead by :data:`NUMBERS_AHEAD`, so that no id is used twice. When the one before comes back, it sees that it was passed and
ends; at its next start its spool is laid aside, and told.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from bot.adapters.journal import SqlJournal
from bot.adapters.journal_mirror import forget_old, mirror_of
from bot.adapters.journal_spool import Entry, Spool
from bot.adapters.journal_writer import Spooled, jump
from bot.shell.ports import JournalAwayError, JournalUnavailableError, Log

T = TypeVar("T")

NUMBERS_AHEAD = 1_000
"""By how much the numbers of decisions jump when another machine has taken over."""
SPOOLED_MAX = 900
"""Decisions that may be spooled: fewer than the jump."""
WIRE_SECONDS = 5
"""How long a request that was let out at the end of a lease may still be on its way."""
RETRY_SECONDS = 3.0
"""How often the database is tried while it is away."""
HUNG_SECONDS = 1.0
"""A try that took longer was not refused: nobody answered."""


def uptime() -> float:
    """Tell the seconds since the machine started, those it slept included: a lease runs on while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Tries:
    """When a database that is away may be tried again: a try may hold the whole process up, and with it every account."""

    def __init__(self) -> None:
        self._not_before = 0.0

    @property
    def due(self) -> bool:
        """Whether it is time."""
        return uptime() >= self._not_before

    def failed(self, took_seconds: float) -> None:
        """Wait from here: a try that hung leaves the loop twice the time that it took."""
        hung = 2 * took_seconds if took_seconds > HUNG_SECONDS else 0.0
        self._not_before = uptime() + max(RETRY_SECONDS, hung)


class TwoBooks:
    """The journal of one account and the memory of it, and which of the two is gone by."""

    def __init__(
        self, journal: SqlJournal, spool: Spool, *, lease_seconds: float, log: Log, tries: Tries | None = None
    ) -> None:
        """Take an open journal over, with what this machine's spool holds; both are closed with it.

        ``tries`` is shared by all accounts of a process.

        Raises:
            JournalUnavailableError: the journal or the spool cannot be used.
        """
        self._main = journal
        self._writer = journal.writer
        self._spool = spool
        self._lease = lease_seconds
        self._log = log.bind(account=self._writer.account)
        self.away = False
        """Whether the database is out of reach."""
        self.why = ""
        """Why it is, as a sentence."""
        self._seen = uptime()
        self._tries = tries or Tries()
        self._from = 0.0
        self._closed = False
        try:
            self._take_over()
            self._mirror = mirror_of(journal)
        except BaseException:
            if spool.entries:
                self._writer.owes()
            raise

    def close(self) -> None:
        """Close journal and spool. What is spooled stays for the next start, and nobody is told that we are done."""
        self._closed = True
        if self._spool.entries:
            self._writer.owes()
        self._main.close()
        self._mirror.close()
        self._spool.close()

    def _take_over(self) -> None:
        """Write what this machine spooled, unless another has led since; and see how long to wait for that one."""
        foreign = self._spool.bind(self._writer.journal_id)
        if foreign is not None:
            self._log.warning(
                "what this machine spooled belongs to another journal: look at what was sent",
                spool=str(foreign),
            )
        kept = self._writer.spooled()
        here = kept is not None and kept.spool == self._spool.id
        self._number = 0 if kept is None else kept.number
        if here:
            self._write_spooled(self._number)
            self._writer.settled()
        elif self._spool.entries:
            aside = self._spool.set_aside()
            self._log.warning(
                "another process has led since this machine spooled: look at what was sent, and at the incidents",
                spool=str(aside),
            )
        self._claimed = self._writer.turn.handed_over
        if self._claimed:
            self._writer.note(self._noting(self._number))
            return
        theirs = 0.0 if kept is None else kept.lease
        self._from = uptime() + max(self._lease, theirs) + WIRE_SECONDS
        with self._writer.transaction() as connection:
            jump(connection, self._writer.account, NUMBERS_AHEAD)

    # --- who leads ------------------------------------------------------------------------------------------

    def lead(self) -> None:
        """See that nobody else can be leading now: to be asked right before anything is sent.

        Raises:
            JournalAwayError: somebody else may.
            JournalUnavailableError: the books are closed.
        """
        if self._closed:
            raise JournalUnavailableError(
                f"The journal at {self._writer.place} is closed, and nothing is sent: open it again."
            )
        left = self.wait_seconds()
        if left:
            raise JournalAwayError(
                f"Whoever led account {self._writer.account} before may still act for {left:.0f} s: nothing is sent until then."
            )
        self._refuse_past_lease()

    def wait_seconds(self) -> float:
        """Tell how long whoever led before may still act; 0 once that is over, and noted before anything is sent.

        Raises:
            JournalAwayError: it cannot be noted.
        """
        left = max(0.0, self._from - uptime())
        if not left and not self._claimed:
            began = uptime()
            self._writer.note(self._noting(self._number))
            self._seen = began
            self._writer.settled()
            self._claimed = True
        return left

    def _refuse_past_lease(self) -> None:
        if uptime() - self._seen > self._lease:
            raise JournalAwayError(
                f"The journal at {self._writer.place} was not seen for more than journal.lease_seconds, and another process"
                f" may lead account {self._writer.account}: nothing is sent until it is back. {self.why}"
            )

    def _lose(self, error: JournalAwayError) -> None:
        """Go on without the database."""
        self.away, self.why = True, str(error)
        self._tries.failed(0.0)
        self._log.warning(
            "the journal's database is away: nothing that adds is sent, margin is relieved for a while",
            seconds=f"{self._lease:g}",
            error=str(error),
        )

    def come_back(self) -> None:
        """Try the database again, if it is away and it is time to; write what was spooled.

        Raises:
            JournalPassedError: another process has taken over.
        """
        if not self.away or not self._tries.due:
            return
        began = uptime()
        try:
            self._try()
        except JournalAwayError as error:
            self.why = str(error)
        if self.away:
            self._tries.failed(uptime() - began)

    def _try(self) -> None:
        began = uptime()
        kept = self._writer.spooled()  # who was passed hears of it here, whoever has the lock
        if not self._writer.regain():
            self.why = (
                "The right to write is somebody else's, or still that of a connection of ours that was cut."
            )
            return
        self._write_spooled(0 if kept is None else kept.number)
        # A write whose answer was lost, and that might not be spooled, is known to the journal alone.
        remembered = mirror_of(self._main)
        self._mirror.close()
        self._mirror = remembered
        self.away, self.why, self._seen = False, "", began
        self._log.warning("the journal's database is back, with all that was spooled")

    def _write_spooled(self, arrived: int) -> None:
        """Write what is spooled and has not arrived, in order, and forget it then."""
        entries = self._spool.entries
        for entry in entries:
            if entry.number > arrived:
                self._writer.noting = self._noting(entry.number)
                getattr(self._main, entry.write)(*entry.said)
            self._number = max(self._number, entry.number)
        if entries:
            self._spool.clear()
            self._log.warning("what was spooled is in the journal", writes=len(entries))

    def _noting(self, number: int) -> Spooled:
        return Spooled(spool=self._spool.id, number=number, lease=self._lease)

    # --- both books -----------------------------------------------------------------------------------------

    def write(self, name: str, *said: Any, may_spool: bool = True) -> Any:  # noqa: ANN401 - each write answers in its own way
        """Write to the database and to memory; with the database away to memory and to the spool, if that is allowed.

        Of a write whose answer was lost nobody knows whether it arrived: it is spooled under its number, or its number is
        used up.

        Raises:
            JournalAwayError: it was not written; if it may not be spooled, nobody knows.
            JournalUnavailableError: the spool cannot be written.
        """
        if self.wait_seconds():
            self.lead()
        self._number += 1
        if not self.away:
            began = uptime()
            self._writer.noting = self._noting(self._number)
            try:
                answer = getattr(self._main, name)(*said)
            except JournalAwayError as error:
                self._lose(error)
            else:
                self._seen = began
                self._remember(name, *said)
                return answer
        self._refuse_spooling(name, may_spool=may_spool)
        answer = self._remember(name, *said)
        self._spool.append(Entry(number=self._number, write=name, said=said))
        return answer

    def _remember(self, name: str, *said: Any) -> Any:  # noqa: ANN401 - each write answers in its own way
        answer = getattr(self._mirror, name)(*said)
        if name == "decided":
            forget_old(self._mirror)
        return answer

    def _refuse_spooling(self, name: str, *, may_spool: bool) -> None:
        self._refuse_past_lease()
        if not may_spool:
            raise JournalAwayError(f"What adds is not sent while the journal's database is away. {self.why}")
        if name == "decided" and sum(1 for one in self._spool.entries if one.write == name) >= SPOOLED_MAX:
            raise JournalAwayError(
                f"{SPOOLED_MAX} decisions wait in {self._spool.path}, and no more are taken: bring the journal's database"
                f" back. {self.why}"
            )

    def read(self, question: Callable[[SqlJournal], T]) -> T:
        """Read from the database's book, or from memory with the database away."""
        if not self.away:
            try:
                return question(self._main)
            except JournalAwayError as error:
                self._lose(error)
        return question(self._mirror)

    def look(self, question: Callable[[SqlJournal], T]) -> T:
        """Read what is always asked of the database, which thereby says that the account is ours; try it again if it is away.

        Raises:
            JournalPassedError: the account is another's.
        """
        self.come_back()
        began = uptime()
        answer = self.read(question)
        if not self.away:
            self._seen = began
        return answer
