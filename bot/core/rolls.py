"""When a dated hedge leaves its contract: stages by the time left, what each allows, and what starts a roll early.

Times and moves are by reference section 9. Urgency only rises: the time left only falls, and a trigger is not taken back.
"""

from decimal import Decimal
from enum import StrEnum

from bot.core import formulas
from bot.core.instruments import Contract, DatedFuture
from bot.core.rules import RollRules
from bot.core.snapshot import Quote, Snapshot
from bot.core.values import ONE, ZERO, Ratio, record

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
SETTLE_MS = HOUR_MS
"""Before expiry: nothing is planned any more but re-opening what settles."""


class Stage(StrEnum):
    """Where a contract stands on its way to expiry."""

    HOLD = "hold"
    NO_OPEN = "no_open"
    PASSIVE = "passive"
    FORCE = "force"
    DEADLINE = "deadline"
    SETTLE = "settle"


@record
class Moves:
    """What a stage allows."""

    open_near: bool
    """Add to the near contract although a far one could be taken."""
    roll: bool
    """Move clips from near to far."""
    cross: bool
    """The leading leg of a clip crosses the spread at once; otherwise it waits at the touch and follows it."""
    restore: bool
    """A clip whose second leg stalls is taken back into the near contract."""
    replace: bool
    """Without a far contract, do as ``RollRules.unlisted`` says."""


STAGES: dict[Stage, Moves] = {
    #                         open_near     roll        cross        restore        replace
    Stage.HOLD:     Moves(open_near=True,  roll=False, cross=False, restore=True,  replace=False),
    Stage.NO_OPEN:  Moves(open_near=False, roll=False, cross=False, restore=True,  replace=False),
    Stage.PASSIVE:  Moves(open_near=False, roll=True,  cross=False, restore=True,  replace=False),
    Stage.FORCE:    Moves(open_near=False, roll=True,  cross=True,  restore=True,  replace=False),
    Stage.DEADLINE: Moves(open_near=False, roll=True,  cross=True,  restore=False, replace=True),
    Stage.SETTLE:   Moves(open_near=False, roll=False, cross=True,  restore=False, replace=True),
}  # fmt: skip
"""The table a trader reads. The more is left to do, the more a later stage allows."""


def stage_of(contract: Contract, at_ms: int, rules: RollRules, *, triggered: bool) -> Stage:
    """Give a contract's stage. A perpetual never expires: it only bridges, and is left as soon as something triggers."""
    if not isinstance(contract, DatedFuture):
        return Stage.PASSIVE if triggered else Stage.HOLD
    left_ms = contract.expiry_ms - at_ms
    if left_ms <= SETTLE_MS:
        return Stage.SETTLE
    if left_ms <= rules.deadline_hours * HOUR_MS:
        return Stage.DEADLINE
    if left_ms <= rules.force_hours * HOUR_MS:
        return Stage.FORCE
    if left_ms <= rules.window_days * DAY_MS:
        return Stage.PASSIVE if triggered else Stage.NO_OPEN
    return Stage.HOLD


def next_stage_ms(contract: Contract, at_ms: int, rules: RollRules) -> int | None:
    """Give the first time after ``at_ms`` at which a contract's stage changes by time alone; None if never."""
    if not isinstance(contract, DatedFuture):
        return None
    lengths = (
        rules.window_days * DAY_MS,
        rules.force_hours * HOUR_MS,
        rules.deadline_hours * HOUR_MS,
        Decimal(SETTLE_MS),
        Decimal(contract.averaging_ms),
        ZERO,
    )
    begins = [contract.expiry_ms - int(length) for length in lengths]
    return min((begin for begin in begins if begin > at_ms), default=None)


def late(contract: Contract, at_ms: int, rules: RollRules) -> bool:
    """Whether a person is to be called if anything is left in a contract."""
    return isinstance(contract, DatedFuture) and contract.expiry_ms - at_ms <= rules.alert_hours * HOUR_MS


def trigger(snapshot: Snapshot, near: Contract, far: Contract, rules: RollRules) -> str:
    """Say in words why a roll may start before it is forced; empty if nothing asks for it."""
    if not isinstance(near, DatedFuture):
        return f"{far.symbol} is listed: the bridge is no longer needed"
    busier = _busier(snapshot, near, far)
    if busier:
        return busier
    gain = advantage(near, snapshot.quote(near.symbol), far, snapshot.quote(far.symbol))
    if gain is not None and gain >= rules.advantage_min:
        return f"rolling earns {gain * 100:.2f} % a year, {rules.advantage_min * 100:f} % is asked"
    return ""


def _busier(snapshot: Snapshot, near: Contract, far: Contract) -> str:
    """Whether the market has moved on to the far contract."""
    turnovers = {turnover.symbol: turnover for turnover in snapshot.turnovers}
    if near.symbol not in turnovers or far.symbol not in turnovers:
        return ""
    here, there = turnovers[near.symbol], turnovers[far.symbol]
    if there.volume_24h > here.volume_24h:
        return f"{far.symbol} trades more than {near.symbol}"
    if there.open_interest > here.open_interest:
        return f"{far.symbol} has more open interest than {near.symbol}"
    return ""


def advantage(near: Contract, near_quote: Quote, far: Contract, far_quote: Quote) -> Ratio | None:
    """Net yield a year, simple, of buying near at its ask and selling far at its bid, both taker fees paid.

    Positive is earned by the short: contango (reference section 9). None between contracts without two expiries.
    """
    if (
        not (isinstance(near, DatedFuture) and isinstance(far, DatedFuture))
        or far.expiry_ms <= near.expiry_ms
    ):
        return None
    bought, sold = near_quote.ask, far_quote.bid
    fees = (near.fee_taker + far.fee_taker * sold / bought) if bought > ZERO else ZERO
    net = formulas.roll_yield(bought, sold) - fees
    return Ratio(net * YEAR_MS / (far.expiry_ms - near.expiry_ms))


def spread(near_quote: Quote, far_quote: Quote) -> Ratio:
    """Far mid over near mid, less one: what the calendar spread stands at."""
    return Ratio(far_quote.mid / near_quote.mid - ONE)
