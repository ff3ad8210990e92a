"""The porter: observe, decide, write it all down, hand out the slips; then wait until the answer may have changed.

Start-up *is* recovery: every run begins by ending what was planned and never sent, and by settling every order whose
fate is open, before the first decision (I2, I3).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core import books
from bot.core.decide import Decision, decide
from bot.core.desk import Explanation
from bot.core.orders import OrderState
from bot.core.rules import Rules
from bot.core.snapshot import Control, Resume, Snapshot
from bot.shell.execute import execute, may_stand, take_back
from bot.shell.listing import NOTHING_LISTED, read_listing
from bot.shell.observe import observe, spots_of, switched
from bot.shell.patience import patiently
from bot.shell.ports import (
    AuthFailedError,
    Clock,
    GuardBook,
    Hall,
    Holdings,
    Journal,
    JournalAwayError,
    Log,
    Switch,
    Venue,
    VenueError,
)
from bot.shell.reconcile import drop_unsent
from bot.shell.step import Step
from bot.shell.view import Mark

LOUD = frozenset({"place", "cancel", "refused", "blind"})
"""Answers that are told at the level of information, once, until another answer was given."""
AFTER_FILL_MS = 500
"""A fill is looked at again soon: the other leg of a clip, or the next slice, may be due."""
NAP_MS = 250
"""Longest sleep without asking whether to stop."""
OUT_OF_REACH = "venue out of reach; nothing was decided"
ROLL_LATE = "a contract expires soon and is still held: look at the roll, and trade by hand if need be"


class Loop:
    """The loop of one margin account."""

    def __init__(
        self,
        *,
        rules: Rules,
        venue: Venue,
        holdings: Holdings,
        journal: Journal,
        clock: Clock,
        log: Log,
        switch: Switch,
        accept_terms: bool = False,
    ) -> None:
        self.rules = rules
        self._holdings = holdings
        self._bound = log.bind(account=rules.account)
        self._hall = Hall(
            venue=venue,
            journal=journal,
            clock=clock,
            log=self._bound.bind(hedge="all", decision=0),
            switch=switch,
        )
        self._accept_terms = accept_terms
        self._listing = NOTHING_LISTED
        self._steps_listed = 0
        """Steps since the contracts were listed."""
        self._last: Decision | None = None
        self._words: tuple[tuple[Control, ...], tuple[Resume, ...]] = ((), ())
        """Persons' words at the last step."""
        self._stamp: object = None
        self._book = GuardBook()
        """As it was when the journal had that stamp."""
        self._said: dict[str, tuple[str, str]] = {}
        self._called: set[tuple[str, str]] = set()
        self._broke_off = False
        """Whether the last step ended because the journal was away, so that what it planned may not have been sent."""
        self.looked_ms = 0
        """When a look last succeeded, whether it led to a step or not; 0 before the first."""
        self.turned_ms = 0
        """When a poll last ended, whatever came of it; 0 before the first."""
        self.trouble = ""
        """Why the last look did not succeed; empty if it did."""

    def tap(self, venue: Callable[[Venue], Venue], journal: Callable[[Journal], Journal]) -> None:
        """Put something between the loop and its venue and journal, such as a meter. Call before the start."""
        self._hall = replace(self._hall, venue=venue(self._hall.venue), journal=journal(self._hall.journal))

    def mark(self, marks: Sequence[Mark]) -> None:
        """Write down what hedges are worth.

        Raises:
            JournalUnavailableError: it could not be written.
        """
        self._hall.journal.marked(marks)

    async def start(self) -> None:
        """Recover, then learn the contracts, whose terms are accepted as they are if asked so. Call once, before all else.

        Raises:
            NotListedError: a hedge's contract does not exist.
            VenueError: the venue could not be asked.
        """
        dropped = await drop_unsent(self._hall)
        if dropped:
            self._hall.log.warning("orders planned before a restart were dropped unsent", orders=dropped)
        self._listing = await read_listing(self.rules, self._hall, accept_terms=self._accept_terms)

    async def step(self) -> Step:
        """Observe, decide, journal, execute: write before act (I6).

        Raises:
            VenueError: the picture could not be completed; nothing was decided.
            JournalUnavailableError: nothing was sent after the failure.
        """
        began = time.perf_counter()
        await self._list_again()
        snapshot, fills = await observe(self._hall, self._holdings, self.rules, self._listing, mend=True)
        asked = time.perf_counter()
        decision = decide(snapshot, self.rules)
        decided = time.perf_counter()
        self._hall.journal.decided(snapshot, decision)
        self._last = decision
        self._words = snapshot.controls, snapshot.resumes
        self._hall = replace(self._hall, log=self._bound.bind(hedge="all", decision=decision.number))
        done = await execute(decision, self._hall)
        step = Step(
            snapshot=snapshot,
            decision=decision,
            reports=tuple(one.report for one in done),
            fills=fills + tuple(fill for one in done for fill in one.fills),
            deciding_seconds=decided - asked,
            seconds=time.perf_counter() - began,
            incidents=tuple(self._hall.told),
        )
        self._hall.told.clear()
        self._tell(step)
        return step

    async def preview(self) -> tuple[Snapshot, Decision]:
        """Observe and decide, and do nothing about it."""
        snapshot, _ = await observe(self._hall, self._holdings, self.rules, self._listing, mend=False)
        return snapshot, decide(snapshot, self.rules)

    async def _list_again(self) -> None:
        """Ask for the contracts again after a number of steps, and when one has expired."""
        self._steps_listed += 1
        due = self._steps_listed > self.rules.books.check_steps
        if due or self._listing.expired(self._hall.clock.now_ms()):
            self._listing = await read_listing(self.rules, self._hall, accept_terms=False)
            self._steps_listed = 0

    async def stirred(self, last: Decision) -> bool:
        """Whether anything happened that ends the last answer's quiet: time, a person's word, a price, a fill, a payment."""
        venue, clock = self._hall.venue, self._hall.clock
        if clock.now_ms() > last.quiet.until_ms:
            return True
        if self._spoken(clock.now_ms()):
            return True
        symbols = tuple(contract.symbol for contract in self._listing.contracts)
        quotes = await patiently(lambda: venue.quotes(symbols + spots_of(self.rules)), clock)
        if not last.quiet.covers(quotes):
            return True
        activity = await patiently(lambda: venue.activity(self._hall.journal.cursor()), clock)
        return bool(activity.fills or activity.payments)

    def _spoken(self, now_ms: int) -> bool:
        """Whether a person has said something since the last step; the journal is asked only once it was written to."""
        controls, resumes = self._words
        stamp = self._hall.journal.stamp()
        if stamp != self._stamp:
            self._stamp, self._book = stamp, self._hall.journal.guard_book(now_ms)
        return (self._book.controls + switched(self._hall), self._book.resumes) != (controls, resumes)

    async def _due(self, heartbeat_ms: int) -> bool:
        """Whether the last decision is a heartbeat old, or the picture stirs."""
        last = self._last
        if last is None or self._hall.clock.now_ms() >= last.at_ms + heartbeat_ms:
            return True
        return await self.stirred(last)

    async def poll(self, heartbeat_ms: int) -> Step | None:
        """Step if the picture stirs, or if the last decision is a heartbeat old; else leave everything alone.

        A venue out of reach is waited for: nothing is decided, and the next poll asks again. So is a journal that may come
        back; what was planned and not sent until then is dropped, as at a start.
        """
        try:
            if self._broke_off:
                await drop_unsent(self._hall)
                self._broke_off, self._last = False, None
            step = await self.step() if await self._due(heartbeat_ms) else None
        except AuthFailedError:
            raise
        except VenueError as error:
            self._hall.log.warning(OUT_OF_REACH, error=str(error))
            self.trouble = str(error)
            return None
        except JournalAwayError as error:
            self._broke_off = True
            self._hall.log.warning("journal out of reach; nothing more is sent", error=str(error))
            self.trouble = str(error)
            return None
        finally:
            self.turned_ms = self._hall.clock.now_ms()
        self.looked_ms, self.trouble = self.turned_ms, ""
        return step

    async def run(
        self,
        *,
        poll_ms: int,
        heartbeat_ms: int,
        until: Callable[[], bool],
        after: Callable[[Step], None],
        polled: Callable[[Step | None], None] = lambda _step: None,
    ) -> None:
        """Start, then poll until told to stop; ``after`` is called with every step. Open orders are taken back at the end.

        ``polled`` is called after every poll, before ``after``, with its step, or None if nothing was decided.
        """
        await self.start()
        clock = self._hall.clock
        while not until():
            step = await self.poll(heartbeat_ms)
            polled(step)
            if step is not None:
                after(step)
            filled = step is not None and bool(step.fills)
            wake_ms = clock.now_ms() + (min(AFTER_FILL_MS, poll_ms) if filled else poll_ms)
            while clock.now_ms() < wake_ms and not until():
                await clock.sleep_until(min(wake_ms, clock.now_ms() + NAP_MS))
        await self.stop()

    async def stop(self) -> None:
        """Take back every order of ours that may stand at the venue, and keep the hedge: bare spot is the greater risk.

        An order that cannot be taken back is named, and keeps no other from being taken back.

        Raises:
            JournalUnavailableError: a cancel could not be written down, and will not be; it was not sent.
        """
        for order in self._hall.journal.working():
            if order.state is OrderState.PLANNED:
                continue
            name = order.request.client_order_id
            try:
                done = await take_back(order, "hedgerow is stopping", self._hall)
            except (AuthFailedError, JournalAwayError) as error:
                self._may_stand(name, str(error))
            else:
                if may_stand(done):
                    self._may_stand(name, done.report.reason)

    def _may_stand(self, name: str, why: str) -> None:
        self._hall.log.warning(
            "order may still stand at the venue: look there, and cancel it by hand", order=name, why=why
        )

    def _tell(self, step: Step) -> None:
        """Log what a step came to, every line with its hedge and decision number; repeats only for debugging."""
        log = self._bound.bind(decision=step.decision.number)
        self._tell_guard(step, log)
        for explanation in step.decision.explanations:
            said = explanation.answer, explanation.why
            loud = explanation.answer in LOUD and self._said.get(explanation.hedge) != said
            self._said[explanation.hedge] = said
            say = log.bind(hedge=explanation.hedge)
            (say.info if loud else say.debug)(explanation.answer, why=explanation.why)
            self._call_about(explanation, say)
        for fill in step.fills:
            log.bind(hedge=self._hedge_of(fill.symbol)).info(
                "filled", side=str(fill.side), contracts=str(fill.contracts), price=str(fill.price)
            )

    def _tell_guard(self, step: Step, log: Log) -> None:
        """Call a person about causes of the guard that were not there before, and say when they have ended."""
        watch, known = step.decision.watch, step.snapshot.memory.guard.called
        if watch is None:
            return
        for cause in watch.causes:
            if cause.key not in known:
                say = log.bind(hedge=cause.hedge or "all")
                say.warning(cause.text, cause=cause.kind, state=str(cause.state), who=cause.who)
        there = {cause.key for cause in watch.causes}
        for key in known:
            if key not in there:
                log.bind(hedge="all").info("a cause has ended", key=key, state=str(watch.state))
        if known and not watch.causes:
            log.bind(hedge="all").warning("the guard lets everything pass again", state=str(watch.state))

    def _call_about(self, explanation: Explanation, say: Log) -> None:
        """Call a person, once a contract, when a roll is not over although its contract soon expires."""
        roll = explanation.roll
        if roll is not None and roll.late and (explanation.hedge, roll.near) not in self._called:
            self._called.add((explanation.hedge, roll.near))
            say.warning(
                ROLL_LATE,
                symbol=roll.near,
                left=str(roll.left),
                stage=str(roll.stage),
                lacks=roll.lacks,
            )

    def _hedge_of(self, symbol: str) -> str:
        hedge = books.owner(symbol, self.rules.hedges)
        return "none" if hedge is None else hedge.name
