"""The guard: what an account may do now, why, and what the guard does itself when margin thins.

It looks at margin, never at profit: a hedge that shows a loss because its coins have risen is doing its work. Its causes
are all listed, the most restrictive rules, and each is a sentence with figure, limit and remedy. What it does, it does in
steps: call, top up, stop adding, take adds back, reduce, halt.

Guard and policy cannot chase each other: once the guard has stopped or reduced, nothing is added before the distance of
the top-up rung is restored *and* a minimum stay has passed since the last cause or reduction.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from bot.core.causes import Cause, causes_of, unwinds
from bot.core.forecast import forecast
from bot.core.instruments import family_of
from bot.core.ladder import Standing, Trip, rung_of, standings, trips_of
from bot.core.memory import GuardMemory, Latch, Rung, State
from bot.core.policy import NO_END_MS
from bot.core.relief import TOP_UP_RETRY_MS, TopUp, share_to_close, top_up
from bot.core.rules import GuardRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Money, Ratio, record

MS = 1000
INCOME_SHARES = tuple(Decimal(share).scaleb(-3) for share in (50, 5, 0))
"""Candidates for the income the guard's answer has room for, as shares of equity."""


@record
class Watch:
    """What the guard found, and what it will do."""

    state: State
    """Of the account: the most restrictive of its causes."""
    causes: tuple[Cause, ...]
    standings: tuple[Standing, ...]
    share: Ratio
    """Share of each position that liquidation threatens to be closed now; 0 is nothing."""
    top_up: TopUp | None
    unwinding: tuple[str, ...]
    """Hedges that a person wants closed."""
    memory: GuardMemory

    @property
    def rung(self) -> Rung:
        """The worst rung of all pools."""
        return max((one.rung for one in self.standings), default=Rung.CLEAR)

    @property
    def dies_up(self) -> bool:
        """Whether rising prices bring liquidation near: the book is short."""
        near = min(self.standings, key=_room_left, default=None)
        return near is None or near.liquidation_multiple is None or near.dies_up

    def state_of(self, hedge: str) -> State:
        """Give a hedge's state: the most restrictive of the account's causes and its own."""
        asked = [cause.state for cause in self.causes if cause.hedge in {None, hedge}]
        return max(asked, key=list(State).index, default=State.NORMAL)

    def causes_of(self, hedge: str) -> tuple[Cause, ...]:
        """List the causes that restrict a hedge."""
        return tuple(
            cause for cause in self.causes if cause.hedge in {None, hedge} and cause.state is not State.NORMAL
        )


def _room_left(one: Standing) -> Decimal:
    return NO_END if one.distance is None else one.distance


def calling(watch: Watch, causes: tuple[Cause, ...]) -> Watch:
    """Add causes that call a person and restrict nothing."""
    called = (*watch.memory.called, *(cause.key for cause in causes))
    return replace(watch, causes=(*watch.causes, *causes), memory=replace(watch.memory, called=called))


def look(snapshot: Snapshot, rules: Rules) -> Watch:
    """Look at an account: margin, persons' words, the venue's word; say what is restricted, and what is to be done."""
    found = standings(snapshot, rules.guard)
    rung = max((one.rung for one in found), default=Rung.CLEAR)
    memory = _remember(snapshot, rules, rung)
    moving, short = top_up(snapshot, rules, found)
    share = share_to_close(snapshot, rules.guard) if memory.reducing and moving is None else Ratio(ZERO)
    causes = (*causes_of(snapshot, rules, found, memory), *short)
    memory = replace(memory, called=tuple(cause.key for cause in causes))
    return Watch(
        state=max((c.state for c in causes if c.hedge is None), key=list(State).index, default=State.NORMAL),
        causes=causes,
        standings=found,
        share=share,
        top_up=moving,
        unwinding=tuple(hedge.name for hedge in rules.hedges if unwinds(snapshot, hedge.name)),
        memory=memory,
    )


# --- margin: state, hysteresis, stay --------------------------------------------------------------------------


def _remember(snapshot: Snapshot, rules: Rules, rung: Rung) -> GuardMemory:
    """Move the state that margin asks for: worse at once, better only after the top-up distance and the stay."""
    old, now_ms, guard = snapshot.memory.guard, snapshot.at_ms, rules.guard
    reducing = rung >= Rung.REDUCE or (old.reducing and rung >= Rung.TOP_UP)
    latches = _latches(snapshot, rules, old, rung)
    if rung >= Rung.STOP or old.rung >= Rung.STOP or old.reducing:
        state = State.REDUCING
        return replace(old, state=state, since_ms=now_ms, reducing=reducing, rung=rung, latches=latches)
    held = old.state is State.REDUCING
    over = rung < Rung.TOP_UP and now_ms >= old.since_ms + int(guard.stay_seconds * MS)
    state = State.REDUCING if held and not over else State.NORMAL
    return replace(old, state=state, reducing=False, rung=rung, latches=latches)


def _latches(snapshot: Snapshot, rules: Rules, old: GuardMemory, rung: Rung) -> tuple[Latch, ...]:
    """Keep what only a person releases: a halt by margin, a hedge whose position shrank by another's hand."""
    kept = {one.hedge: one for one in old.latches if not _released(snapshot, one)}
    if rung >= Rung.HALT:
        kept.setdefault(None, Latch(hedge=None, kind="margin", since_ms=snapshot.at_ms))
    if rules.guard.after_shift == "call":
        for hedge in rules.hedges:
            if any(family_of(symbol) == hedge.symbol for symbol in snapshot.shifted):
                kept[hedge.name] = Latch(hedge=hedge.name, kind="shifted", since_ms=snapshot.at_ms)
    return tuple(kept.values())


def _released(snapshot: Snapshot, latch: Latch) -> bool:
    return any(one.at_ms >= latch.since_ms and one.hedge in {None, latch.hedge} for one in snapshot.resumes)


# --- how long it stays so -------------------------------------------------------------------------------------


@record
class Room:
    """What may happen before the guard would find or do something else."""

    low: Decimal | None
    """Multiple of today's prices down to which they may go; None without end."""
    high: Decimal | None
    income_min: Money | None
    """Least that may come in, in settlement currency; None is any amount."""
    income_max: Money | None
    until_ms: int


def room(watch: Watch, snapshot: Snapshot, guard: GuardRules) -> Room:
    """Find the prices, the income and the time within which the guard would find and do the same."""
    if watch.share > ZERO or watch.top_up is not None:
        return Room(low=ONE, high=ONE, income_min=None, income_max=None, until_ms=snapshot.at_ms)
    until_ms = _until_ms(watch, snapshot, guard)
    held = [one for one in watch.standings if one.symbols]
    if not held or not guard.rungs:
        return Room(low=None, high=None, income_min=None, income_max=None, until_ms=until_ms)
    low, high = _between(snapshot, held, guard, ZERO)
    for share in INCOME_SHARES:  # the last of them, none, is always taken
        lower, upper = _between(snapshot, held, guard, share)
        if ONE - lower >= (ONE - low) / 2 and upper - ONE >= (min(high, WIDE) - ONE) / 2:
            break
    income = Money(max(share * min(one.equity for one in held), ZERO) if lower < upper else ZERO)
    return Room(
        low=None if lower == ZERO else lower,
        high=None if upper == NO_END else upper,
        income_min=Money(-income),
        income_max=income,
        until_ms=until_ms,
    )


def _until_ms(watch: Watch, snapshot: Snapshot, guard: GuardRules) -> int:
    """Give the time up to which nothing changes by itself: newer volatilities, the end of a stay, another top-up.

    A transfer whose fate is open is looked up at every look.
    """
    if snapshot.transfers:
        return snapshot.at_ms
    ends = [one.until_ms for one in snapshot.volatilities]
    stay_ms = watch.memory.since_ms + int(guard.stay_seconds * MS)
    if watch.memory.state is State.REDUCING and stay_ms > snapshot.at_ms:
        ends.append(stay_ms - 1)
    retry_ms = snapshot.top_up_refused_ms + TOP_UP_RETRY_MS
    if snapshot.top_up_refused_ms and retry_ms > snapshot.at_ms:
        ends.append(retry_ms - 1)
    return min(ends, default=NO_END_MS)


def _between(
    snapshot: Snapshot, held: list[Standing], guard: GuardRules, share: Decimal
) -> tuple[Decimal, Decimal]:
    """Give the multiples of today's prices between which every pool stays on its rung, a share of equity more or less.

    Income moves the prices at which rungs are reached; where it would already change a rung there is no room at all.
    """
    low, high = ZERO, NO_END
    for one in held:
        for trips in _trips(snapshot, one, guard, share):
            if rung_of(trips) is not one.rung:
                return ONE, ONE
            ends = [end for trip in trips for end in (trip.up, trip.down) if end is not None]
            high = min([high, *(end for end in ends if end >= ONE)])
            low = max([low, *(end for end in ends if end <= ONE)])
    return low, high


def _trips(
    snapshot: Snapshot, one: Standing, guard: GuardRules, share: Decimal
) -> Iterator[tuple[Trip, ...]]:
    """Give a pool's trips as they are, or with a share of its equity paid out and paid in.

    With income only the rung it is on and the next one matter: prices reach no other before.
    """
    if share == ZERO:
        yield one.trips
        return
    pool = forecast(snapshot, one.symbols[0]).pool
    worse = [rules for rules in guard.rungs if rules.rung > one.rung]
    near = tuple(rules for rules in guard.rungs if rules.rung is one.rung) + tuple(worse[:1])
    for sign in (-1, 1):
        moved = replace(pool, cash=pool.cash + sign * share * one.equity)
        yield trips_of(moved, moved.reach(), near, one.sigma_day)


NO_END = Decimal(10) ** 6
"""A multiple no price reaches."""
WIDE = Decimal(3)
"""A multiple from which more room for prices is worth nothing."""
