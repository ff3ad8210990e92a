"""What the guard does to one hedge before any policy is heard: takes orders back, closes what it must, holds the rest.

A reduction is told with the coins it leaves unhedged: it is better than a liquidation, and it is not free.
"""

from dataclasses import replace
from decimal import Decimal

from bot.core import desk, quiet
from bot.core.desk import Case, Outcome
from bot.core.instruments import Contract, family_of
from bot.core.memory import State
from bot.core.policy import NO_END_MS
from bot.core.values import ZERO, Coins, Contracts, ceil_to_step


def act(case: Case) -> Outcome | None:
    """Do what the guard or a person asks of a hedge; None if its policy may be heard."""
    closing = case.watch.share > ZERO or case.hedge.name in case.watch.unwinding
    if case.state is State.NORMAL and not closing:
        return None
    symbols = _symbols(case)
    waiting = desk.blocked(case, symbols)
    if waiting is not None:
        return waiting
    taken = _take_back(case, symbols, everything=closing or case.state is State.HALTED)
    if taken is not None:
        return taken
    for symbol in symbols if closing else ():
        signed = _to_close(case, case.snapshot.contract(symbol))
        if signed != ZERO:
            return _close(case, symbol, signed)
    return _halted(case) if case.state is State.HALTED else None


def hold_back(case: Case) -> Outcome:
    """Leave a hedge smaller than its policy wants it, because nothing may be added."""
    why = f"Nothing is added in state {case.state}: {_why(case)}"
    room, incomes = quiet.room_to_want_more(case.book, case.hedge, case.target, case.exposure)
    return Outcome(
        explanation=case.explain("wait", why),
        memory=case.gap_memory(),
        until_ms=case.target.valid_until_ms,
        box=quiet.box_of(case.book, None, incomes),
        room=room,
    )


def _symbols(case: Case) -> tuple[str, ...]:
    """List the contracts of a hedge that hold something or have an order working."""
    held = [p.symbol for p in case.snapshot.positions if p.contracts != ZERO]
    working = [order.request.symbol for order in case.snapshot.working]
    mine = [symbol for symbol in (*held, *working) if family_of(symbol) == case.hedge.symbol]
    return tuple(dict.fromkeys(mine))


def _take_back(case: Case, symbols: tuple[str, ...], *, everything: bool) -> Outcome | None:
    """Take back what would add, or everything."""
    for symbol in symbols:
        for order in case.snapshot.working_on(symbol):
            if everything or not order.request.reduce_only:
                return desk.cancel(case, order, f"the guard is {case.state}: {_why(case)}")
    return None


def _to_close(case: Case, contract: Contract) -> Contracts:
    """Signed contracts to close: all of an unwinding hedge, else the guard's share in whole steps, at least the smallest order."""
    held: Decimal = case.snapshot.position(contract.symbol).contracts
    if case.hedge.name in case.watch.unwinding:
        return Contracts(-held)
    if (held < ZERO) is not case.watch.dies_up:
        return Contracts(ZERO)
    smallest = max(contract.contracts_min, contract.contracts_step)
    size = max(ceil_to_step(abs(held) * case.watch.share, contract.contracts_step), smallest)
    return Contracts(min(size, abs(held)) * (1 if held < ZERO else -1))


def _close(case: Case, symbol: str, signed: Contracts) -> Outcome:
    """Close across the spread, and say what becomes naked."""
    unwinds = case.hedge.name in case.watch.unwinding
    memory = case.calm_memory
    if memory.roll is not None:  # what the guard closes is not a clip's, and is not to be restored as one
        memory = replace(memory, roll=replace(memory.roll, held_before=None, clip_end=None))
    fresh = replace(case, memory=memory)
    outcome = desk.place(fresh, symbol, signed, "unwind" if unwinds else "guard", crossing=True)
    contract, mark = case.snapshot.contract(symbol), case.snapshot.quote(symbol).mark
    gap = case.carrier.coins(case.exposure.gap, case.book.mark)
    naked = Coins(max(contract.coins(signed, mark) - gap, ZERO))
    who = "A person unwinds" if unwinds else "The guard reduces"
    why = f"{who}: {outcome.explanation.why} {naked:.6f} {case.hedge.asset} stay unhedged. {_why(case)}"
    return replace(outcome, explanation=replace(outcome.explanation, why=why, naked=naked))


def _halted(case: Case) -> Outcome:
    """Let no policy trade."""
    return Outcome(
        explanation=case.explain("hold", f"Halted: {_why(case)}"),
        memory=case.calm_memory,
        until_ms=NO_END_MS,
        box=quiet.box_of(case.book, None, quiet.ANY_INCOME),
    )


def _why(case: Case) -> str:
    return " ".join(cause.text for cause in case.watch.causes_of(case.hedge.name))
