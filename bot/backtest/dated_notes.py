"""What a replay of rolls writes down: orders with the prices they were decided at, and the hedge at the bars' closes."""

from decimal import Decimal

from bot.core.decide import Decision
from bot.core.exposure import Exposure
from bot.core.orders import Leg
from bot.core.risk import Approved
from bot.core.rolls import Stage
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Coins, Price, record


@record
class Slip:
    """An order of a roll, and what was seen when it was decided."""

    client_order_id: str
    leg: Leg
    intent: int
    """Number of the decision that began the clip."""
    at_ms: int
    near: str
    far: str
    stage: Stage
    trigger: str
    near_mid: Price
    far_mid: Price
    fresh: bool
    """Both prices are of this very bar."""
    net_delta: Coins


@record
class Look:
    """The hedge at a bar's close, when all that could be done on the bar was done."""

    at_ms: int
    near: str
    """The contract that the roll in hand leaves."""
    left: Decimal
    """Signed contracts left in it."""
    naked: Coins
    """Coins out of step on the unhedged side, in whole steps."""
    over: Coins
    """Coins out of step on the other side, in whole steps."""
    net_delta: Coins

    @property
    def done(self) -> bool:
        """Whether nothing is left to roll and the hedge is in step."""
        return self.left == self.naked == self.over == ZERO


def slips_of(snapshot: Snapshot, decision: Decision, last: Slip | None) -> tuple[Slip, ...]:
    """Note the roll's orders of a decision; ``last`` is the latest one of the roll in hand, if there is a roll.

    The last clip's second leg is decided when near is empty already: it belongs to the roll in hand. What is opened when
    near has expired does not.
    """
    (explanation,) = decision.explanations
    if explanation.roll is None or explanation.exposure is None:
        return ()
    roll: tuple[str, str, Stage, str] | None = None
    view = explanation.roll
    if view.far is not None:
        roll = view.near, view.far, view.stage, view.trigger
    elif last is not None:
        roll = last.near, last.far, last.stage, last.trigger
    quoted = {quote.symbol for quote in snapshot.quotes}
    if roll is None or not {roll[0], roll[1]} <= quoted:
        return ()
    legs = [one for one in decision.commands if isinstance(one, Approved) and one.leg != "hedge"]
    return tuple(_slip(snapshot, order, explanation.exposure, *roll) for order in legs)


def _slip(
    snapshot: Snapshot, order: Approved, exposure: Exposure, near: str, far: str, stage: Stage, trigger: str
) -> Slip:
    here, there = snapshot.quote(near), snapshot.quote(far)
    return Slip(
        client_order_id=order.request.client_order_id,
        leg=order.leg,
        intent=order.intent,
        at_ms=snapshot.at_ms,
        near=near,
        far=far,
        stage=stage,
        trigger=trigger,
        near_mid=here.mid,
        far_mid=there.mid,
        fresh=here.at_ms == there.at_ms == snapshot.at_ms,
        net_delta=exposure.net_delta,
    )


def lacks_of(decision: Decision) -> tuple[str, ...]:
    """Name what kept the hedge from being carried on: no contract, or a picture with holes."""
    (explanation,) = decision.explanations
    if explanation.answer == "blind" or (explanation.answer == "refused" and not decision.refused):
        return (explanation.why,)
    lacks = "" if explanation.roll is None else explanation.roll.lacks
    return (lacks,) if lacks else ()


def look_at(snapshot: Snapshot, decision: Decision, near: str) -> Look | None:
    """Measure how far the hedge is out of step; None on an incomplete picture."""
    (explanation,) = decision.explanations
    exposure = explanation.exposure
    if exposure is None:
        return None
    contract = snapshot.contract(explanation.symbol)
    wanted = exposure.gap + exposure.in_flight
    whole = Decimal(0) if abs(wanted) < contract.contracts_step else wanted
    off = contract.coins(whole, snapshot.quote(explanation.symbol).mark)
    return Look(
        at_ms=snapshot.at_ms,
        near=near,
        left=snapshot.position(near).contracts,
        naked=Coins(max(-off, ZERO)),
        over=Coins(max(off, ZERO)),
        net_delta=exposure.net_delta,
    )
