"""The porter: observe, decide, write it all down, hand out the slips; then wait until the answer may have changed.

Start-up *is* recovery: every run begins by ending what was planned and never sent, and by settling every order whose
fate is open, before the first decision (I2, I3).
"""

from collections.abc import Callable

from bot.core.decide import Cancel, Decision, decide
from bot.core.instruments import Contract
from bot.core.orders import OrderState
from bot.core.reports import Fill, OrderReport
from bot.core.rules import Rules
from bot.core.snapshot import Snapshot
from bot.core.values import record
from bot.shell.execute import execute, patiently, take_back
from bot.shell.observe import observe
from bot.shell.ports import Clock, Holdings, Journal, Log, RateLimitedError, UnreachableError, Venue
from bot.shell.reconcile import drop_unsent


@record
class Step:
    """One turn of the loop: what was seen, what was decided, what became of it."""

    snapshot: Snapshot
    decision: Decision
    reports: tuple[OrderReport, ...]
    fills: tuple[Fill, ...]
    """Heard since the step before, those of this step's own orders included."""


LOUD = frozenset({"place", "cancel", "refused", "blind"})
"""Answers that are told at the level of information, once, until another answer was given."""
NAP_MS = 250
"""Longest sleep without asking whether to stop."""


class Loop:
    """The loop of one margin account."""

    def __init__(
        self, *, rules: Rules, venue: Venue, holdings: Holdings, journal: Journal, clock: Clock, log: Log
    ) -> None:
        self.rules = rules
        self._venue = venue
        self._holdings = holdings
        self._journal = journal
        self._clock = clock
        self._log = log.bind(account=rules.account)
        self._symbols = tuple(hedge.symbol for hedge in rules.hedges)
        self._contracts: tuple[Contract, ...] = ()
        self._last: Decision | None = None
        self._said: dict[str, tuple[str, str]] = {}

    async def start(self) -> None:
        """Recover, then learn the contracts. Call once, before the first step."""
        dropped = await drop_unsent(self._journal, self._clock)
        if dropped:
            self._whole.warning("orders planned before a restart were dropped unsent", orders=dropped)
        self._contracts = await patiently(lambda: self._venue.contracts(self._symbols))

    async def step(self) -> Step:
        """Observe, decide, journal, execute: write before act (I6).

        Raises:
            VenueError: the picture could not be completed; nothing was decided.
            JournalUnavailableError: nothing was sent after the failure.
        """
        snapshot, activity = await observe(
            self._venue, self._holdings, self._journal, self._clock, self.rules, self._contracts
        )
        decision = decide(snapshot, self.rules)
        self._journal.decided(snapshot, decision)
        done = await execute(decision, self._venue, self._journal, self._clock)
        self._last = decision
        step = Step(
            snapshot=snapshot,
            decision=decision,
            reports=tuple(one.report for one in done),
            fills=activity.fills + tuple(fill for one in done for fill in one.fills),
        )
        self._tell(step)
        return step

    async def preview(self) -> tuple[Snapshot, Decision]:
        """Observe and decide, and do nothing about it."""
        snapshot, _ = await observe(
            self._venue, self._holdings, self._journal, self._clock, self.rules, self._contracts
        )
        return snapshot, decide(snapshot, self.rules)

    async def stirred(self, last: Decision) -> bool:
        """Whether anything happened that ends the last answer's quiet: time, a price, a fill or a payment."""
        if self._clock.now_ms() > last.quiet.until_ms:
            return True
        quotes = await patiently(lambda: self._venue.quotes(self._symbols))
        if not last.quiet.covers(quotes):
            return True
        activity = await patiently(lambda: self._venue.activity(self._journal.cursor()))
        return bool(activity.fills or activity.payments)

    async def poll(self, heartbeat_ms: int) -> Step | None:
        """Step if the picture stirs, or if the last decision is a heartbeat old; else leave everything alone.

        A venue out of reach is waited for: nothing is decided, and the next poll asks again.
        """
        try:
            if self._last is None or self._clock.now_ms() >= self._last.at_ms + heartbeat_ms:
                return await self.step()
            return await self.step() if await self.stirred(self._last) else None
        except (UnreachableError, RateLimitedError) as error:
            self._whole.warning("venue out of reach; nothing was decided", error=str(error))
            return None

    async def run(
        self, *, poll_ms: int, heartbeat_ms: int, until: Callable[[], bool], after: Callable[[Step], None]
    ) -> None:
        """Start, then poll until told to stop; ``after`` is called with every step. Open orders are taken back at the end."""
        await self.start()
        while not until():
            step = await self.poll(heartbeat_ms)
            if step is not None:
                after(step)
            wake_ms = self._clock.now_ms() + poll_ms
            while self._clock.now_ms() < wake_ms and not until():
                await self._clock.sleep_until(min(wake_ms, self._clock.now_ms() + NAP_MS))
        await self.stop()

    async def stop(self) -> None:
        """Take our open orders back and keep the hedge: bare spot is the greater risk."""
        for order in self._journal.working():
            if order.state is OrderState.OPEN:
                request = order.request
                cancel = Cancel(
                    hedge=self._hedge_of(request.symbol),
                    symbol=request.symbol,
                    client_order_id=request.client_order_id,
                    reason="hedgerow is stopping",
                )
                await take_back(cancel, self._venue, self._journal, self._clock)

    @property
    def _whole(self) -> Log:
        """The log for what concerns no single hedge; its lines carry a hedge and a decision, too."""
        return self._log.bind(hedge="all", decision=0 if self._last is None else self._last.number)

    def _tell(self, step: Step) -> None:
        """Log what a step came to, every line with its hedge and decision number; repeats only for debugging."""
        log = self._log.bind(decision=step.decision.number)
        for explanation in step.decision.explanations:
            said = explanation.answer, explanation.why
            loud = explanation.answer in LOUD and self._said.get(explanation.hedge) != said
            self._said[explanation.hedge] = said
            say = log.bind(hedge=explanation.hedge)
            (say.info if loud else say.debug)(explanation.answer, why=explanation.why)
        for fill in step.fills:
            log.bind(hedge=self._hedge_of(fill.symbol)).info(
                "filled", side=str(fill.side), contracts=str(fill.contracts), price=str(fill.price)
            )

    def _hedge_of(self, symbol: str) -> str:
        return next((hedge.name for hedge in self.rules.hedges if hedge.symbol == symbol), "none")
