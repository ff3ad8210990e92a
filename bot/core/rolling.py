"""A hedge in two contracts: its trades go to the far one, its closings to the near one, and a roll moves clips across.

Legs in step (invariant I7): one clip at a time, the leading leg first, then the other at once. Nothing of a roll's
progress is remembered but the clip in hand: how far it has come is read off the positions, so that a roll that was cut
off goes on where it stands.

    out of step, unhedged      sell far, across; if it stalls for ``naked_seconds_max``, restore near and rest
    out of step, over-hedged   buy near, across
    in step                    go on with the clip in hand, or begin the next

A linear roll keeps its quantity and an inverse one is rescaled by F2/F1, because both are measured as net delta.
"""

from dataclasses import replace
from decimal import Decimal

from bot.core import desk, exposure, gates, pricing, risk, rolls
from bot.core.desk import Case, Outcome, RollView
from bot.core.exposure import Book, Exposure
from bot.core.instruments import Contract, DatedFuture
from bot.core.memory import HedgeMemory, RollMemory, State
from bot.core.orders import Leg, TimeInForce, WorkingOrder
from bot.core.policy import NO_END_MS, Band
from bot.core.risk import Refused
from bot.core.rolls import STAGES, Stage
from bot.core.rules import HedgeRules, RollRules
from bot.core.selection import Legs, fault
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Coins, Contracts, Ratio, ceil_to_step, floor_to_step

MS = Decimal(1000)
IN_STEP = Band(outer=Ratio(ZERO), inner=Ratio(ZERO))
"""While clips move, the hedge is kept on its target to the step."""


def ending(memory: HedgeMemory, legs: Legs, carrier: Contract) -> bool:
    """Whether the near contract is empty and the last clip's other leg may still be due."""
    return legs.near is None and memory.roll is not None and memory.roll.far == carrier.symbol


# --- what the desk is told ----------------------------------------------------------------------------------


def in_flight(snapshot: Snapshot, book: Book, legs: Legs, rules: RollRules) -> Contracts:
    """Sum what working orders in the hedge's contracts may still fill, told in contracts of the carrying one.

    During a roll the leading leg's order is left out: the other leg follows what has filled, and nothing else.
    """
    carrier = book.contract
    if legs.near is None:
        return snapshot.in_flight(carrier.symbol)
    lead = _lead(legs.near, carrier, rules).symbol if legs.rolling else None
    total: Decimal = ZERO
    for contract in (legs.near, carrier):
        flying = snapshot.in_flight(contract.symbol)
        if contract.symbol != lead and flying != ZERO:
            coins = contract.coins(flying, snapshot.quote(contract.symbol).mark)
            total += carrier.contracts_for(coins, book.mark)
    return Contracts(total)


def view(
    snapshot: Snapshot, rules: RollRules, hedge: HedgeRules, legs: Legs, carrier: Contract, measured: Exposure
) -> RollView | None:
    """Show where a dated hedge stands; None for a perpetual one."""
    if not hedge.kind.dated:
        return None
    near, far = (carrier, None) if legs.near is None else (legs.near, carrier)
    left, at_ms = snapshot.position(near.symbol).contracts, snapshot.at_ms
    quotes = (snapshot.quote(near.symbol), snapshot.quote(far.symbol)) if far is not None else None
    off = carrier.coins(measured.gap + measured.in_flight, snapshot.quote(carrier.symbol).mark)
    rolling = legs.near is not None
    return RollView(
        stage=legs.stage,
        near=near.symbol,
        far=None if far is None else far.symbol,
        expiry_ms=near.expiry_ms if isinstance(near, DatedFuture) else None,
        trigger=legs.trigger,
        lacks=legs.lacks,
        left=left,
        spread=None if quotes is None else rolls.spread(*quotes),
        advantage=None if quotes is None or far is None else rolls.advantage(near, quotes[0], far, quotes[1]),
        naked=Coins(max(-off, ZERO)) if rolling else Coins(ZERO),
        over=Coins(max(off, ZERO)) if rolling else Coins(ZERO),
        late=left != ZERO and rolls.late(near, at_ms, rules),
    )


def quiet_until_ms(case: Case, carrier: Contract) -> int:
    """Give the time up to which a hedge in one contract needs no look for its expiry."""
    if not case.hedge.kind.dated:
        return NO_END_MS
    judged_ms = NO_END_MS if case.carry is None else case.carry.judged_ms + rolls.DAY_MS - 1
    if case.carry is not None and case.carry.wants == "perpetual" and carrier.symbol == case.hedge.symbol:
        return judged_ms if not case.legs.lacks else case.snapshot.at_ms
    begins_ms = rolls.next_stage_ms(carrier, case.snapshot.at_ms, case.rules.roll)
    if case.legs.stage is not Stage.HOLD or begins_ms is None:
        return case.snapshot.at_ms
    return min(begins_ms - 1, judged_ms)


# --- the answer ---------------------------------------------------------------------------------------------


def decide_two_legs(case: Case, near: Contract) -> Outcome:
    """Decide a hedge that holds ``near`` and will carry on in another contract."""
    waiting = desk.blocked(case, (near.symbol, case.carrier.symbol))
    if waiting is not None:
        return waiting
    needed = exposure.trade_needed(case.exposure, case.carrier)
    if not case.legs.rolling:
        return _correct(case, near, needed)
    case = _remembering(case, near, needed)
    covered = _cover(case, near, needed) if needed < ZERO else None
    if covered is not None:
        return covered
    if _told_in(case, near, needed) > ZERO:
        return _close(case, near, needed, crossing=True)
    return _clip(case, near)


def _correct(case: Case, near: Contract, needed: Contracts) -> Outcome:
    """Keep the hedge on its target while no clip moves: open in the far contract, close in the near one."""
    for contract in (near, case.carrier):
        for order in case.snapshot.working_on(contract.symbol):
            return desk.with_working(case, order, contract)
    if needed < ZERO:
        return desk.place(case, case.carrier.symbol, needed, "hedge", crossing=case.waited_out)
    if needed > ZERO:
        return _close(case, near, needed, crossing=case.waited_out)
    lacks = f" {case.legs.lacks}." if case.legs.lacks else ""
    return desk.wait(
        case, f"{near.symbol} is in stage {case.legs.stage}; nothing is due.{lacks}", memory=case.calm_memory
    )


def _remembering(case: Case, near: Contract, needed: Contracts) -> Case:
    """Keep the roll's memory: which legs, why, and since when the hedge is out of step on the unhedged side."""
    old = case.memory.roll
    if old is None or (old.near, old.far) != (near.symbol, case.carrier.symbol):
        old = RollMemory(near=near.symbol, far=case.carrier.symbol, trigger=case.legs.trigger)
    now_ms = case.snapshot.at_ms
    naked = needed < ZERO and (case.state is State.NORMAL or _missing(case, old) != ZERO)
    since = (old.naked_since_ms or now_ms) if naked else None
    roll = replace(old, trigger=old.trigger or case.legs.trigger, naked_since_ms=since)
    return replace(case, memory=replace(case.memory, roll=roll))


def _roll(case: Case) -> RollMemory:
    """Give the roll's memory, which :func:`_remembering` has laid out."""
    if case.memory.roll is None:
        raise AssertionError("a rolling hedge remembers its roll")
    return case.memory.roll


def _lead(near: Contract, far: Contract, rules: RollRules) -> Contract:
    return near if rules.lead == "near" else far


def _taken_back(case: Case, contract: Contract, reason: str) -> Outcome | None:
    """Take back what rests in a contract, before anything else is done in it: one order at a time."""
    for order in case.snapshot.working_on(contract.symbol):
        return desk.cancel(case, order, reason)
    return None


# --- out of step --------------------------------------------------------------------------------------------


def _missing(case: Case, roll: RollMemory) -> Contracts:
    """Contracts of the carrying leg that a clip has closed and not yet opened again, unsigned, up to a step more."""
    if roll.held_before is None:
        return Contracts(ZERO)
    gone = abs(roll.held_before) - abs(case.exposure.held)
    step = case.carrier.contracts_step
    return Contracts(ceil_to_step(gone, step)) if gone > step / 2 else Contracts(ZERO)


def finish(case: Case, trade: Contracts) -> Outcome | None:
    """Sell the last clip's far leg, near being empty by now; None if nothing of it is due."""
    roll = case.memory.roll
    missing = Contracts(ZERO) if roll is None else _missing(case, roll)
    if trade >= ZERO or missing == ZERO:
        return None
    signed = Contracts(max(trade, -missing))
    return desk.place(case, case.carrier.symbol, signed, "far", crossing=True, restores=True)


def _cover(case: Case, near: Contract, needed: Contracts) -> Outcome | None:
    """Sell what is unhedged: far, across the spread; near again, if far has stalled for too long.

    What a clip has closed is restored whatever the margin: on balance it adds nothing, and nobody asked for bare coins.
    What is wanted beyond that adds, and where the guard refuses it the roll goes on without it: None.
    """
    roll, at_ms = _roll(case), case.snapshot.at_ms
    since_ms = at_ms if roll.naked_since_ms is None else roll.naked_since_ms
    stalled = at_ms - since_ms > case.rules.roll.naked_seconds_max * MS
    if stalled and STAGES[case.legs.stage].restore and not fault(case.snapshot, near):
        return _restore(case, near, needed)
    if case.legs.lacks:
        return desk.wait(case, f"A clip is unhedged and cannot be sold: {case.legs.lacks}.")
    missing = _missing(case, roll)
    if missing == ZERO and case.state is not State.NORMAL:
        return None
    taken = _taken_back(case, case.carrier, "the hedge is out of step; the rest will cross")
    if taken is not None:
        return taken
    if missing != ZERO:
        signed = Contracts(max(needed, -missing))
        return desk.place(case, case.carrier.symbol, signed, "far", crossing=True, restores=True)
    added = desk.place(case, case.carrier.symbol, needed, "far", crossing=True)
    return None if added.refused is not None and set(added.refused.gates) <= gates.BY_PRICE else added


def _restore(case: Case, near: Contract, needed: Contracts) -> Outcome:
    """Go back into the near contract with what the far one did not take, and let the roll rest."""
    taken = _taken_back(case, near, "the far leg stalls; near is restored")
    if taken is not None:
        return taken
    signed = _told_in(case, near, needed)
    if signed == ZERO:
        return desk.place(case, case.carrier.symbol, needed, "far", crossing=True)
    rest_ms = case.snapshot.at_ms + int(case.rules.roll.retry_seconds * MS)
    roll = replace(_roll(case), clip_end=None, rests_until_ms=rest_ms)
    restoring = replace(case, memory=replace(case.memory, roll=roll))
    restores = _missing(case, roll) >= abs(needed)
    return desk.place(restoring, near.symbol, signed, "near", crossing=True, restores=restores)


def _close(case: Case, near: Contract, needed: Contracts, *, crossing: bool) -> Outcome:
    """Buy back what is over-hedged: near, as far as it goes; the rest in the far contract."""
    signed = Contracts(min(_told_in(case, near, needed), -case.snapshot.position(near.symbol).contracts))
    leg: Leg = "near" if case.legs.rolling else "hedge"
    contract, signed = (near, signed) if signed > ZERO else (case.carrier, needed)
    taken = _taken_back(case, contract, "the hedge is out of step; the rest will cross")
    return taken or desk.place(case, contract.symbol, signed, leg, crossing=crossing)


def _told_in(case: Case, near: Contract, contracts: Contracts) -> Contracts:
    """Tell contracts of the carrying leg in whole steps of the near one, as coins at both marks."""
    coins = case.carrier.coins(contracts, case.book.mark)
    exact = near.contracts_for(coins, case.snapshot.quote(near.symbol).mark)
    return Contracts(floor_to_step(exact, near.contracts_step))


# --- in step ------------------------------------------------------------------------------------------------


def _clip(case: Case, near: Contract) -> Outcome:
    """Go on with the clip in hand, or begin the next one; a roll that rests waits."""
    lead = _lead(near, case.carrier, case.rules.roll)
    follower = case.carrier if lead.symbol == near.symbol else near
    taken = _taken_back(case, follower, "it rests where only the rest of a clip may trade, across")
    if taken is not None:
        return taken
    for order in case.snapshot.working_on(lead.symbol):
        return _leading(case, order, lead)
    roll, at_ms = _roll(case), case.snapshot.at_ms
    if at_ms < roll.rests_until_ms:
        why = "A clip was restored; the roll rests for a while."
        return desk.wait(case, why, memory=case.calm_memory, until_ms=roll.rests_until_ms - 1)
    why_not = fault(case.snapshot, near) or case.legs.lacks
    if why_not:
        return desk.wait(case, f"The roll waits: {why_not}.", memory=case.calm_memory)
    held = case.snapshot.position(lead.symbol).contracts
    if roll.clip_end is not None and (roll.clip_end - held) * _direction(lead, near) > ZERO:
        return _send(case, lead, near, Contracts(roll.clip_end - held))
    return _begin(case, lead, near)


def _direction(lead: Contract, near: Contract) -> int:
    """Give the sign of the leading leg's orders: near is bought, far is sold."""
    return 1 if lead.symbol == near.symbol else -1


def _leading(case: Case, order: WorkingOrder, lead: Contract) -> Outcome:
    """Look at the leading leg's order: across once the stage asks for it, after the touch when left behind."""
    quote, rules = case.snapshot.quote(lead.symbol), case.rules.pricing
    passive = order.request.time_in_force is not TimeInForce.IOC
    if STAGES[case.legs.stage].cross and passive:
        return desk.cancel(case, order, f"the roll is in stage {case.legs.stage}; the rest will cross")
    if pricing.left_behind(order, quote, lead, rules, case.snapshot.at_ms):
        return desk.cancel(case, order, "the touch has left it behind; it will follow")
    return desk.wait(case, f"Order {order.request.client_order_id} leads at {order.request.limit_price}.")


def _begin(case: Case, lead: Contract, near: Contract) -> Outcome:
    """Begin a clip: what its legs cost is measured from here."""
    clean = HedgeMemory(hedge=case.hedge.name, own=case.memory.own, roll=_roll(case))
    fresh = replace(case, memory=clean)
    near_clip = _near_clip(case, near)
    if near_clip == ZERO:
        return desk.wait(fresh, "The roll waits: the books are too thin for a clip.", memory=case.calm_memory)
    checked = _checked(fresh, near, near_clip, restores=lead.symbol == near.symbol)
    if isinstance(checked, Refused):
        return desk.refuse(fresh, checked)
    signed = near_clip if checked is None else checked
    far_size = _far_size(case, near, signed)
    if lead.symbol != near.symbol and far_size != ZERO:
        signed = Contracts(-far_size)
    elif lead.symbol != near.symbol:
        lead = near  # less than a step of the far contract is left
    if signed == ZERO:
        why = "The guard leaves room for less than a step."
        return desk.wait(fresh, why, memory=case.calm_memory)
    end = Contracts(case.snapshot.position(lead.symbol).contracts + signed)
    roll = replace(_roll(case), clip_end=end, held_before=case.exposure.held)
    return _send(replace(fresh, memory=replace(clean, roll=roll)), lead, near, signed)


def _send(case: Case, lead: Contract, near: Contract, signed: Contracts) -> Outcome:
    leg: Leg = "near" if lead.symbol == near.symbol else "far"
    return desk.place(case, lead.symbol, signed, leg, crossing=STAGES[case.legs.stage].cross)


def _near_clip(case: Case, near: Contract) -> Contracts:
    """Cut a clip off the near position; what would be left below the smallest order goes with it.

    Until the deadline it is no larger than what both books show, so that the second leg finds what the first one did.
    """
    left = Contracts(abs(case.snapshot.position(near.symbol).contracts))
    quote = case.snapshot.quote(near.symbol)
    clip = pricing.slice_of(left, near, quote, case.rules.roll.clip_notional)
    if STAGES[case.legs.stage].restore:
        clip = min(clip, _shown(case, near))
        if clip < near.contracts_min:
            return Contracts(ZERO)
    rest = Contracts(left - clip)
    smallest = max(near.contracts_min, near.contracts_step)
    small = rest < smallest or near.notional(rest, quote.mark) < case.carrier.notional_min
    return left if small else clip


def _shown(case: Case, near: Contract) -> Contracts:
    """Near contracts that both touches show now: what is offered in near, what is bid for in far."""
    far_bid = case.snapshot.quote(case.carrier.symbol).bid_contracts
    offered = case.snapshot.quote(near.symbol).ask_contracts
    return Contracts(floor_to_step(min(offered, _told_in(case, near, far_bid)), near.contracts_step))


def _far_size(case: Case, near: Contract, near_contracts: Contracts) -> Contracts:
    """Tell near contracts in whole steps of the far one: the same coins, so that an inverse clip grows by F2/F1."""
    coins = near.coins(near_contracts, case.snapshot.quote(near.symbol).mark)
    return exposure.whole_steps(case.carrier.contracts_for(coins, case.book.mark), case.carrier)


def _checked(
    case: Case, near: Contract, near_clip: Contracts, *, restores: bool
) -> Refused | Contracts | None:
    """Ask the guard for the far leg before the first leg moves, as if near were closed by the clip already.

    Where near leads, far only restores what near has closed; where far leads, it adds until near follows.

    Gives the near contracts that the far leg has room for, None for all of them. What is left of a hedge that is below
    the far contract's smallest order may be closed without one.
    """
    size = _far_size(case, near, near_clip)
    after = _without(case.snapshot, near, near_clip)
    wish = desk.wish_for(case, case.carrier.symbol, Contracts(-size), "far", crossing=True, restores=restores)
    stamped = risk.judge(after, case.rules, wish, case.state)
    left = abs(case.snapshot.position(near.symbol).contracts)
    if isinstance(stamped, Refused):
        return None if stamped.gates == ("venue_minimum",) and near_clip == left else stamped
    if stamped.request.contracts == wish.request.contracts:
        return None
    share = stamped.request.contracts / wish.request.contracts
    return Contracts(floor_to_step(near_clip * share, near.contracts_step))


def _without(snapshot: Snapshot, near: Contract, contracts: Contracts) -> Snapshot:
    """Picture the account with so many near contracts bought back."""
    positions = tuple(
        replace(position, contracts=Contracts(position.contracts + contracts))
        if position.symbol == near.symbol
        else position
        for position in snapshot.positions
    )
    return replace(snapshot, positions=positions)
