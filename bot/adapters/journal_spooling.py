"""The journal of an account as its loop sees it, whether its database is there or away; see ``journal_away``."""

import time
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from bot.adapters.journal import SqlJournal
from bot.adapters.journal_away import TwoBooks
from bot.core.books import Incident
from bot.core.decide import Decision
from bot.core.instruments import Contract
from bot.core.memory import Memory
from bot.core.orders import OrderState, WorkingOrder
from bot.core.reports import OrderReport, TransferReport
from bot.core.snapshot import Control, Resume, Setback, Snapshot
from bot.core.values import Contracts, Money
from bot.shell.ports import Activity, GuardBook, Heard
from bot.shell.view import Mark


class SpoolingJournal:
    """The ledger of one account, as :class:`bot.shell.ports.Journal` asks, and a context manager that closes it.

    Every method may raise JournalAwayError: the database is away, and so is the right to act without it; it may come back.
    JournalPassedError, and every other JournalUnavailableError, is the end.
    """

    def __init__(self, books: TwoBooks) -> None:
        self.books = books
        self._words = books.look(SqlJournal.said)
        self._away: Control | None = None
        """Our own word while the database is away."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the books."""
        self.books.close()

    def lead(self) -> None:
        """See that nobody else can be leading now: to be asked right before anything is sent."""
        self.books.lead()

    # --- writing --------------------------------------------------------------------------------------------

    def decided(self, snapshot: Snapshot, decision: Decision) -> None:
        """Write a decision with its snapshot, its orders and its transfer as planned (invariant I6)."""
        self.books.write("decided", snapshot, decision)

    def order_moved(self, report: OrderReport, at_ms: int) -> None:
        """Write an order's new state; with the database away, no order that adds is let out."""
        leaves = report.state is OrderState.SENT and self._adds(report.client_order_id)
        self.books.write("order_moved", report, at_ms, may_spool=not leaves)

    def _adds(self, name: str) -> bool:
        """Whether an order is one that may add; one that is not known is not known to reduce."""
        reducing = {one.request.client_order_id for one in self.working() if one.request.reduce_only}
        return name not in reducing

    def heard(self, activity: Activity, at_ms: int) -> Heard:
        """Write fills and payments not yet known and move the cursor on, and write what is strange about the new fills."""
        heard: Heard = self.books.write("heard", activity, at_ms)
        return heard

    def found(self, incidents: Sequence[Incident], at_ms: int) -> tuple[Incident, ...]:
        """Write incidents that are not known yet, and the re-basing each asks for; returns those."""
        new: tuple[Incident, ...] = self.books.write("found", tuple(incidents), at_ms)
        return new

    def adopt(self, order: WorkingOrder, hedge: str) -> None:
        """Take an order that bears our prefix into the books as if it had been decided."""
        self.books.write("adopt", order, hedge)

    def learned(self, contracts: Sequence[Contract], at_ms: int) -> None:
        """Write contracts down, in the terms that are accepted from now on."""
        self.books.write("learned", tuple(contracts), at_ms)

    def transfer_moved(self, report: TransferReport, at_ms: int) -> None:
        """Write a transfer's new state; one that is done stays done."""
        self.books.write("transfer_moved", report, at_ms)

    def marked(self, marks: Sequence[Mark]) -> None:
        """Write down what hedges are worth."""
        self.books.write("marked", tuple(marks))

    # --- reading back ---------------------------------------------------------------------------------------

    def filled(self, client_order_id: str) -> Contracts:
        """Sum the fills heard of one order."""
        return self.books.read(lambda book: book.filled(client_order_id))

    def working(self) -> tuple[WorkingOrder, ...]:
        """List orders that may still change the position, oldest first."""
        return self.books.read(SqlJournal.working)

    def knows(self, client_order_id: str) -> bool:
        """Whether an order is in the books, done or not."""
        return self.books.read(lambda book: book.knows(client_order_id))

    def held(self) -> dict[str, Contracts]:
        """Give the position the books expect in every contract; flat ones are left out."""
        return self.books.read(SqlJournal.held)

    def realised(self) -> dict[str, Money]:
        """Sum the price profit that fills realised, by contract, in settlement currency."""
        return self.books.read(SqlJournal.realised)

    def shifted(self) -> tuple[str, ...]:
        """List contracts whose position moved without a fill of ours since the last decision on a whole picture."""
        return self.books.read(SqlJournal.shifted)

    def rejected(self) -> tuple[Setback, ...]:
        """Count, per contract, the orders rejected one after the other since one was taken; none are left out."""
        return self.books.read(SqlJournal.rejected)

    def terms(self) -> dict[str, Contract]:
        """Give every contract ever traded or watched, by symbol, in the terms last accepted."""
        return self.books.read(SqlJournal.terms)

    def memory(self) -> Memory:
        """Give the memory of the last decision, an empty one before the first; its number may have been moved up."""
        return self.books.read(SqlJournal.memory)

    def last_at_ms(self) -> int:
        """Give the latest time of any decision; 0 before the first."""
        return self.books.read(SqlJournal.last_at_ms)

    def cursor(self) -> int:
        """Give the cursor of the last activity heard; 0 before the first."""
        return self.books.read(SqlJournal.cursor)

    def stamp(self) -> object:
        """Give something that differs once anybody has written, and when the database goes or comes back."""
        stamp = self.books.look(SqlJournal.stamp)
        return self.books.away, stamp

    def said(self) -> tuple[tuple[Control, ...], tuple[Resume, ...]]:
        """Read persons' words in force, and their releases; with the database away those last heard, and our own freeze."""
        words = self.books.look(SqlJournal.said)
        return self._with_ours(words)

    def guard_book(self, at_ms: int) -> GuardBook:
        """Give what the guard has to know at a time; with the database away it holds a freeze of ours."""
        book = self.books.look(lambda one: one.guard_book(at_ms))
        controls, resumes = self._with_ours((book.controls, book.resumes))
        return replace(book, controls=controls, resumes=resumes)

    def _with_ours(
        self, words: tuple[tuple[Control, ...], tuple[Resume, ...]]
    ) -> tuple[tuple[Control, ...], tuple[Resume, ...]]:
        if not self.books.away:
            self._words, self._away = words, None
            return words
        if self._away is None:
            self._away = Control(
                kind="freeze",
                hedge=None,
                who="hedgerow",
                why="the journal's database is away",
                at_ms=time.time_ns() // 1_000_000,
                ends="It ends by itself when the database is back; `hedgerow resume` does not end it.",
            )
        controls, resumes = self._words
        return (*controls, self._away), resumes
