"""A rehearsal: today's account is led through a move of prices, by the same loop and decisions as everything else.

It is led through the same prices a second time by a guard without rungs, to say when the bare hedge would have died.
Nothing is written anywhere.
"""

from dataclasses import replace
from decimal import Decimal

from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.log import SilentLog
from bot.adapters.switch import NO_SWITCH
from bot.backtest.rehearsal_notes import (
    HedgePoint,
    Notes,
    RehearsalPoint,
    RehearsalRow,
    price_of,
    room_left,
)
from bot.backtest.rehearsal_world import Shock, World, left_out, objection
from bot.backtest.tally import Tally
from bot.core.ladder import Standing, limit_of, standings
from bot.core.memory import GuardMemory
from bot.core.reports import Fill
from bot.core.rules import GuardRules, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Money, Price, Ratio, record
from bot.shell.loop import Loop
from bot.sim.exchange import LIQUIDATION_ID

SETTLE_STEPS_MAX = 20
"""How often the loop looks again at one price, as long as it commands something."""


@record
class Liquidated:
    """A liquidation."""

    after_ms: int
    """Since the beginning."""
    mark: Price
    """At which the first position was closed."""
    symbol: str


@record
class RungPrice:
    """Where a rung of the ladder is reached by the account as it is today."""

    rung: str
    limit: Decimal
    """Distance to liquidation below which it is, as a share; sigmas counted in."""
    price: Price | None
    """Of the contract shown, in the direction of the shock; None if no price there reaches it."""


@record
class Rehearsal:
    """What a rehearsal of one account came to. Money in settlement currency."""

    account: str
    at_ms: int
    """Time of the picture it began with."""
    symbol: str
    """The contract whose mark is shown: the one nearest to liquidation at first."""
    settle: str
    shock: Shock
    liquidation_price: Price | None
    """Of today's positions and wallet, all prices moving together, as a price of the contract shown."""
    rungs: tuple[RungPrice, ...]
    rows: tuple[RehearsalRow, ...]
    path: tuple[RehearsalPoint, ...]
    """A point for every price."""
    liquidated: Liquidated | None
    """With the guard."""
    unguarded: Liquidated | None
    """Without it; None is not within this move."""
    hedges: tuple[HedgePoint, ...]
    """At the end."""
    reductions: int
    moved: Money
    """Margin moved in, in total."""
    cost: Money
    """Fees and price given away against the mark by reductions."""
    funding: Money
    """Received."""
    left_out: tuple[str, ...]
    """What of the picture is not taken along, in words."""


@record
class Unrehearsed:
    """An account that cannot be rehearsed."""

    account: str
    why: str
    """A sentence that follows the account's name."""


async def rehearse(today: Snapshot, rules: Rules, shock: Shock) -> Rehearsal | Unrehearsed:
    """Lead an account, as a picture shows it with its memory of the last decision, through a shock, with and without guard."""
    why = objection(today)
    if why:
        return Unrehearsed(account=today.account, why=why)
    first = min((one for one in standings(today, rules.guard) if one.symbols), key=room_left)
    symbol = first.symbols[0]
    mark = today.quote(symbol).mark
    world, notes = World(today, shock), Notes(symbol, rules, today)
    await _walk(world, _loop(world, today, rules), shock, notes)
    notes.close()
    paid = [item for item in world.told if not isinstance(item, Fill) and item.kind == "funding"]
    return Rehearsal(
        account=today.account,
        at_ms=today.at_ms,
        symbol=symbol,
        settle=first.settle,
        shock=shock,
        liquidation_price=price_of(first.liquidation_multiple, mark),
        rungs=_rungs(first, rules.guard, shock, mark),
        rows=tuple(notes.rows),
        path=tuple(notes.points),
        liquidated=_liquidated(world, today),
        unguarded=await _unguarded(today, rules, shock),
        hedges=notes.points[-1].hedges,
        reductions=sum(step.kind == "reduce" for step in notes.guarded),
        moved=Money(sum((step.moved for step in notes.guarded), ZERO)),
        cost=Money(sum((step.cost for step in notes.guarded), ZERO)),
        funding=Money(sum((item.amount for item in paid), ZERO)),
        left_out=left_out(today),
    )


def _loop(world: World, today: Snapshot, rules: Rules) -> Loop:
    """Build the loop around a world; persons' words hold on, and what was moved today counts."""
    held = {one.symbol: one.contracts for one in world.exchange.positions(today.account)}
    journal = Tally(held=held, cursor=len(world.told), memory=today.memory)
    journal.controls, journal.resumes = today.controls, today.resumes
    left = Money(max(rules.guard.top_up_day_max - today.moved_today, ZERO))
    return Loop(
        rules=replace(rules, guard=replace(rules.guard, top_up_day_max=left)),
        venue=world.venue(),
        holdings=DeclaredHoldings(today.holdings),
        journal=journal,
        clock=world.clock,
        log=SilentLog(),
        switch=NO_SWITCH,
    )


async def _walk(world: World, loop: Loop, shock: Shock, notes: Notes) -> None:
    """Lead an account from price to price; at each the loop looks until it commands nothing more."""
    await loop.start()
    for number in range(shock.steps + 1):
        world.turn_to(number)
        for _ in range(SETTLE_STEPS_MAX):
            step = await loop.step()
            notes.took(step)
            if not step.decision.commands:
                break
            world.show()
        notes.priced(step)


async def _unguarded(today: Snapshot, rules: Rules, shock: Shock) -> Liquidated | None:
    """Lead the account through the same prices without a guard, and say when it is liquidated.

    No rung is ever reached and no shock asked about; the loop decides when an answer has run out, as live.
    """
    world = World(today, shock)
    rungless = replace(rules.guard, rungs=())
    bare = replace(rules, guard=rungless, risk=replace(rules.risk, shock=Ratio(ZERO), shocks=()))
    calm = replace(today, memory=replace(today.memory, guard=GuardMemory()))
    loop = _loop(world, calm, bare)
    await loop.start()
    for number in range(shock.steps + 1):
        world.turn_to(number)
        found = _liquidated(world, today)
        if found is not None:
            return found
        for _ in range(SETTLE_STEPS_MAX):
            step = await loop.poll(heartbeat_ms=shock.over_ms + 1)
            if step is None or not step.decision.commands:
                break
            world.show()
    return None


def _liquidated(world: World, today: Snapshot) -> Liquidated | None:
    """Find the first liquidation among what the exchange told."""
    for item in world.told:
        if isinstance(item, Fill) and item.client_order_id == LIQUIDATION_ID:
            return Liquidated(after_ms=item.at_ms - today.at_ms, mark=item.price, symbol=item.symbol)
    return None


def _rungs(one: Standing, guard: GuardRules, shock: Shock, mark: Price) -> tuple[RungPrice, ...]:
    """Say where each rung is reached by the account as it is, on the side that the shock goes to."""
    limits = {rules.rung: limit_of(rules, one.sigma_day) for rules in guard.rungs}
    return tuple(
        RungPrice(
            rung=trip.rung.name.lower(),
            limit=limits[trip.rung],
            price=price_of(trip.up if shock.share >= ZERO else trip.down, mark),
        )
        for trip in one.trips
    )
