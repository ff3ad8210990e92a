"""What a rehearsal writes down: a row whenever something changes, and a point for every price."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from bot.backtest.guard_notes import GuardStep, guard_steps
from bot.backtest.rehearsal_words import acts, changes, refusals
from bot.core.desk import Explanation
from bot.core.guard import Watch
from bot.core.ladder import Standing, standings
from bot.core.memory import Rung, State
from bot.core.relief import top_up
from bot.core.rules import Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Coins, Money, Price, Ratio, record
from bot.shell.step import Step
from bot.sim.exchange import LIQUIDATION_ID

PLENTY = Money(Decimal(10) ** 18)
"""More than any top-up needs."""


@record
class RehearsalRow:
    """One look at the account: how it was found, and what was done about it."""

    after_ms: int
    """Since the beginning."""
    mark: Price
    """Of the contract that the rehearsal shows."""
    price_change: Ratio
    """Of that mark, since the beginning."""
    margin_ratio: Decimal | None
    """Maintenance over equity, 1 is liquidation; None without a position or without equity."""
    distance: Decimal | None
    """Move of all prices together to liquidation, as a share; None if no price liquidates."""
    liquidation_price: Price | None
    """Of what is held, all prices moving together, as a price of the contract shown."""
    rung: str
    """Name of the worst rung."""
    state: State
    needed: Money | None
    """Margin that would restore the distance of a top-up, in settlement currency; None where none can: isolated, or flat."""
    act: str
    """What changed and what was done, in words."""
    bought: Coins
    """Closed by the guard."""
    naked: Coins
    """Unhedged after that, against the target."""
    moved: Money
    """Margin moved in, in settlement currency."""
    liquidated: bool


@record
class HedgePoint:
    """One hedge at one price. A short is negative."""

    hedge: str
    asset: str
    held: Coins
    target: Coins
    ratio_achieved: Ratio | None
    """Hedged share of own coins; None when there are none."""

    @property
    def naked(self) -> Coins:
        """Coins the hedge is short of its target."""
        return Coins(max(self.held - self.target, ZERO))


@record
class RehearsalPoint:
    """The account at one price, when all that could be done there was done."""

    after_ms: int
    mark: Price
    distance: Decimal | None
    liquidation_price: Price | None
    hedges: tuple[HedgePoint, ...]


def nearest(watch: Watch | None) -> Standing | None:
    """Give the pool that is nearest to liquidation; None without a position, or where nothing could be looked at."""
    held = [] if watch is None else [one for one in watch.standings if one.symbols]
    return min(held, key=room_left, default=None)


def room_left(one: Standing) -> Decimal:
    """Give the distance to liquidation, for sorting: without end if no price liquidates."""
    return PLENTY if one.distance is None else one.distance


def price_of(multiple: Decimal | None, mark: Price) -> Price | None:
    """Turn a multiple of today's prices into a price."""
    return None if multiple is None else Price(mark * multiple)


class Notes:
    """Watches a loop and writes rows and points."""

    def __init__(self, symbol: str, rules: Rules, today: Snapshot) -> None:
        self._symbol, self._rules, self._today = symbol, rules, today
        self._mark = today.quote(symbol).mark
        """The shown contract's, as last seen."""
        self._seen: tuple[Rung, State] | None = None
        self._refused: set[str] = set()
        """What the guard refused so far, in words: each is told once."""
        self._last: tuple[Step, bool] | None = None
        """The last step, and whether it has become a row."""
        self.rows: list[RehearsalRow] = []
        self.points: list[RehearsalPoint] = []
        self.guarded: list[GuardStep] = []
        """What the guard did, oldest first."""

    def took(self, step: Step) -> None:
        """Note a step; it makes a row if the rung or the state changed, or something was done."""
        watch, done = step.decision.watch, guard_steps(step)
        self.guarded += done
        refused = [one for one in refusals(step) if one not in self._refused]
        self._refused |= set(refused)
        words = [*acts(step), *refused]
        if watch is not None:
            now = watch.rung, watch.state
            words = [*changes(self._seen, now), *words]
            self._seen = now
        self._last = step, bool(words)
        if words:
            self.rows.append(self._row(step, done, "; ".join(words)))

    def priced(self, step: Step) -> None:
        """Note the account at one price; ``step`` is the last one there."""
        one, mark = nearest(step.decision.watch), self._look(step.snapshot)
        self.points.append(
            RehearsalPoint(
                after_ms=step.snapshot.at_ms - self._today.at_ms,
                mark=mark,
                distance=None if one is None else one.distance,
                liquidation_price=None if one is None else price_of(one.liquidation_multiple, mark),
                hedges=tuple(_hedges(step)),
            )
        )

    def close(self) -> None:
        """Let the last look be a row, too."""
        if self._last is not None and not self._last[1]:
            self.rows.append(self._row(self._last[0], [], "the end"))

    def _look(self, snapshot: Snapshot) -> Price:
        """Read the shown contract's mark; once it has expired, it goes on as that of another contract does."""
        marks = {quote.symbol: quote.mark for quote in snapshot.quotes}
        if self._symbol in marks:
            self._mark = marks[self._symbol]
        elif marks:
            symbol, mark = next(iter(marks.items()))
            self._mark = Price(self._first_mark * mark / self._today.quote(symbol).mark)
        return self._mark

    @property
    def _first_mark(self) -> Price:
        return self._today.quote(self._symbol).mark

    def _row(self, step: Step, done: list[GuardStep], act: str) -> RehearsalRow:
        one, mark = nearest(step.decision.watch), self._look(step.snapshot)
        rung, state = self._seen or (Rung.CLEAR, State.NORMAL)
        return RehearsalRow(
            after_ms=step.snapshot.at_ms - self._today.at_ms,
            mark=mark,
            price_change=Ratio(mark / self._first_mark - ONE),
            margin_ratio=None if one is None else one.margin_ratio,
            distance=None if one is None else one.distance,
            liquidation_price=None if one is None else price_of(one.liquidation_multiple, mark),
            rung=rung.name.lower(),
            state=state,
            needed=needed(step.snapshot, self._rules),
            act=act,
            bought=Coins(sum((gone.coins for gone in done), ZERO)),
            naked=Coins(max((gone.naked for gone in done), default=ZERO)),
            moved=Money(sum((gone.moved for gone in done), ZERO)),
            liquidated=any(fill.client_order_id == LIQUIDATION_ID for fill in step.fills),
        )


def needed(snapshot: Snapshot, rules: Rules) -> Money | None:
    """Say what margin would restore a top-up's distance now, in settlement currency, whoever brings it in.

    None where bringing some in restores nothing: without a position, in isolated mode, without such a rung.
    """
    limits = rules.guard.of(Rung.TOP_UP)
    held = [one for one in standings(snapshot, rules.guard) if one.symbols]
    if snapshot.missing or limits is None or not held or snapshot.margin_mode == "isolated":
        return None
    wallets = tuple(replace(one, spare=PLENTY) for one in snapshot.wallets)
    asked = replace(snapshot, wallets=wallets, transfers=(), top_up_refused_ms=0, moved_today=Money(ZERO))
    free = replace(rules, guard=replace(rules.guard, top_up=True, top_up_day_max=PLENTY))
    moving, _ = top_up(asked, free, tuple(replace(one, rung=Rung.TOP_UP) for one in held))
    return Money(ZERO) if moving is None else moving.needed


def _hedges(step: Step) -> Iterable[HedgePoint]:
    """Show every hedge that was measured."""
    for why in step.decision.explanations:
        yield from _hedge(step.snapshot, why)


def _hedge(snapshot: Snapshot, why: Explanation) -> Iterable[HedgePoint]:
    if why.exposure is None:
        return
    contract, mark = snapshot.contract(why.symbol), snapshot.quote(why.symbol).mark
    yield HedgePoint(
        hedge=why.hedge,
        asset=contract.base,
        held=contract.coins(why.exposure.held, mark),
        target=contract.coins(why.exposure.target, mark),
        ratio_achieved=why.exposure.ratio_achieved,
    )
