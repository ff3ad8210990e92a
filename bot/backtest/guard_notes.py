"""What the guard did in a replay: each reduction with the coins it left naked and its cost, each top-up with what it moved."""

from decimal import Decimal
from typing import Literal

from bot.core.relief import TopUp
from bot.core.risk import Approved
from bot.core.values import ZERO, Coins, Price, record
from bot.shell.step import Step


@record
class GuardStep:
    """One act of the guard."""

    at_ms: int
    kind: Literal["reduce", "top_up"]
    mark: Price
    distance: Decimal | None
    """To liquidation, before it."""
    coins: Coins
    """Bought back; 0 for a top-up."""
    naked: Coins
    """Unhedged after it, against the target."""
    cost: Decimal
    """Fees and the price given away against the mark, in settlement currency."""
    moved: Decimal
    """Margin moved in, in settlement currency."""


def guard_steps(step: Step) -> list[GuardStep]:
    """Read the guard's acts off a step of the loop."""
    found = []
    for command in step.decision.commands:
        if isinstance(command, TopUp):
            quote = step.snapshot.quotes[0]
            found.append(_act(step, quote.symbol, "top_up", moved=command.amount))
        elif isinstance(command, Approved) and command.leg == "guard":
            found.append(_reduction(step, command))
    return found


def _reduction(step: Step, command: Approved) -> GuardStep:
    """Sum up what a reducing order bought, and what of that it gave away."""
    symbol = command.request.symbol
    contract, mark = step.snapshot.contract(symbol), step.snapshot.quote(symbol).mark
    coins, cost = ZERO, ZERO
    for fill in step.fills:
        if fill.client_order_id == command.request.client_order_id:
            coins += contract.coins(fill.contracts, mark)
            cost += fill.fee - contract.pnl(fill.side.sign * fill.contracts, fill.price, mark)
    (why,) = (one for one in step.decision.explanations if one.hedge == command.hedge)
    return _act(step, symbol, "reduce", coins=coins, naked=why.naked, cost=cost)


def _act(
    step: Step,
    symbol: str,
    kind: Literal["reduce", "top_up"],
    *,
    coins: Decimal = ZERO,
    naked: Decimal = ZERO,
    cost: Decimal = ZERO,
    moved: Decimal = ZERO,
) -> GuardStep:
    watch = step.decision.watch
    distances = [] if watch is None else [one.distance for one in watch.standings if one.distance is not None]
    return GuardStep(
        at_ms=step.snapshot.at_ms,
        kind=kind,
        mark=step.snapshot.quote(symbol).mark,
        distance=min(distances, default=None),
        coins=Coins(coins),
        naked=Coins(naked),
        cost=cost,
        moved=moved,
    )
