"""A rehearsal in words: what changed, what the guard and the hedges did, what happened to the account."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from bot.core.desk import Cancel
from bot.core.memory import Rung, State
from bot.core.relief import TopUp
from bot.core.reports import SETTLEMENT_ID, Fill
from bot.core.risk import Approved
from bot.core.snapshot import Snapshot
from bot.core.values import Contracts, Price, Side
from bot.shell.step import Step
from bot.sim.exchange import LIQUIDATION_ID

RUNG_WORDS = {
    Rung.WARN: "a person is called",
    Rung.TOP_UP: "margin is asked for",
    Rung.STOP: "nothing is added any more",
    Rung.CANCEL: "orders that would add are taken back",
    Rung.REDUCE: "positions are made smaller",
    Rung.HALT: "no policy trades until a person releases the account",
}


def changes(before: tuple[Rung, State] | None, now: tuple[Rung, State]) -> Iterable[str]:
    """Tell how rung and state have changed, in words; ``before`` None is the first look."""
    rung, state = now
    if before is None:
        yield "the beginning"
    elif rung > before[0]:
        yield f"rung {rung.name.lower()}: {RUNG_WORDS[rung]}"
    elif rung < before[0]:
        yield f"back to rung {rung.name.lower()}"
    if before is not None and state is not before[1]:
        yield f"the account is {state}"


def acts(step: Step) -> Iterable[str]:
    """Tell what was done at a step, and what happened to the account, in words."""
    legs = {}
    for command in step.decision.commands:
        match command:
            case TopUp():
                yield f"moves {_figure(command.amount)} {command.asset} into the futures wallet"
            case Cancel():
                if _guarded(step, command.hedge):
                    yield "takes an order back"
            case Approved():
                legs[command.request.client_order_id] = command
    filled: dict[tuple[str, Price], Fill] = {}
    for fill in step.fills:
        known = filled.get((fill.client_order_id, fill.price))
        size = fill.contracts if known is None else Contracts(known.contracts + fill.contracts)
        filled[fill.client_order_id, fill.price] = replace(fill, contracts=size)
    for fill in filled.values():
        yield _traded(step, fill, legs.get(fill.client_order_id))
    ordered = {fill.client_order_id for fill in filled.values()}
    for name, command in legs.items():
        if command.leg == "guard" and name not in ordered:
            yield f"would buy back {_figure(command.request.contracts)} contracts, and nothing fills"


def refusals(step: Step) -> Iterable[str]:
    """Tell what the guard refused, in words that stay the same while the reasons do."""
    for refused in step.decision.refused:
        yield f"refuses {refused.hedge} a {refused.side}: {', '.join(refused.gates)}"


def _guarded(step: Step, hedge: str) -> bool:
    """Whether the guard holds a hedge back: without it an order that is taken back is only priced anew."""
    return any(one.hedge == hedge and one.state is not State.NORMAL for one in step.decision.explanations)


def _traded(step: Step, fill: Fill, command: Approved | None) -> str:
    """Tell of a fill."""
    what = f"{_figure(fill.contracts)} contracts{_coins(step.snapshot, fill)} at {round(fill.price, 8).normalize():f}"
    if fill.client_order_id == LIQUIDATION_ID:
        return f"LIQUIDATED: {what}"
    if fill.client_order_id == SETTLEMENT_ID:
        return f"{fill.symbol} expires and settles: {what}"
    if command is not None and command.leg == "guard":
        (why,) = (one for one in step.decision.explanations if one.hedge == command.hedge)
        verb = "buys back" if fill.side is Side.BUY else "sells"
        return f"{verb} {what}: {_figure(why.naked)} coins stay naked"
    return f"the hedge {'buys' if fill.side is Side.BUY else 'sells'} {what}"


def _figure(number: Decimal) -> str:
    """Write a number to six digits after the point, without idle zeros."""
    return f"{round(number, 6).normalize():f}"


def _coins(snapshot: Snapshot, fill: Fill) -> str:
    for contract in snapshot.contracts:
        if contract.symbol == fill.symbol:
            return f" ({_figure(contract.coins(fill.contracts, fill.price))} {contract.base})"
    return ""
