"""Pricing writes slips by a ladder: passive at or inside the touch, chasing it, then across, never beyond a cap.

    passive   post-only, at our side of the touch or some ticks inside a wide spread
    chase     the touch has left the order behind: take it back, price it anew; not too often
    cross     immediate-or-cancel at the far touch and at most ``slippage_max`` beyond: patience is out, or it is urgent

Waiting leaves the gap unhedged; what it saves is the spread and the fee (reference section 13).
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce, WorkingOrder
from bot.core.rules import PricingRules
from bot.core.snapshot import Quote, Setback
from bot.core.values import ONE, ZERO, Contracts, Price, Side, floor_to_step, record

MS = Decimal(1000)
REJECTED_WAIT_MS = 1_000
"""Wait after a rejected order, which may just be a post-only one that came late; it doubles with each further one."""
REJECTED_WAIT_MAX_MS = 300_000


@record
class Slip:
    """A price and how long it stands."""

    limit_price: Price
    time_in_force: TimeInForce
    crossing: bool


def patience_ends_ms(rules: PricingRules, gap_since_ms: int) -> int:
    """Give the first time at which a gap seen since ``gap_since_ms`` crosses the spread."""
    return gap_since_ms + int(rules.patience_seconds * MS)


def retry_at_ms(setback: Setback) -> int:
    """Give the first time at which another order may follow rejected ones: 1 s, 2 s, 4 s ... at most 5 minutes."""
    wait_ms = min(REJECTED_WAIT_MS << min(setback.count - 1, 10), REJECTED_WAIT_MAX_MS)
    return setback.last_at_ms + wait_ms


def slice_of(contracts: Contracts, contract: Contract, quote: Quote, notional_max: Decimal) -> Contracts:
    """Cut a size to a slice of at most ``notional_max`` quote currency, at least one order; the rest waits."""
    one = contract.notional(ONE, quote.mark)
    most = floor_to_step(notional_max / one, contract.contracts_step)
    return Contracts(min(contracts, max(most, contract.contracts_min, contract.contracts_step)))


def price(side: Side, quote: Quote, contract: Contract, rules: PricingRules, *, crossing: bool) -> Slip:
    """Price an order on its side of the touch, or across.

    A crossing order is a limit at the far touch plus at most ``slippage_max``, rounded to the tick on the side that
    keeps the promise, and immediate-or-cancel: what the cap does not allow stays a gap.
    """
    if not crossing:
        passive = _passive(side, quote, contract, rules)
        return Slip(limit_price=passive, time_in_force=TimeInForce.POST_ONLY, crossing=False)
    if side is Side.BUY:
        worst, rounding = quote.ask * (ONE + rules.slippage_max), ROUND_FLOOR
    else:
        worst, rounding = quote.bid * (ONE - rules.slippage_max), ROUND_CEILING
    limit = (worst / contract.price_tick).to_integral_value(rounding) * contract.price_tick
    return Slip(limit_price=Price(limit), time_in_force=TimeInForce.IOC, crossing=True)


def bare(side: Side, quote: Quote, *, crossing: bool) -> bool:
    """Whether a book has nothing to price an order by, or nothing that a crossing order could take."""
    shown = quote.ask_contracts if side is Side.BUY else quote.bid_contracts
    return min(quote.bid, quote.ask) <= ZERO or (crossing and shown <= ZERO)


def _passive(side: Side, quote: Quote, contract: Contract, rules: PricingRules) -> Price:
    """Join our side of the touch, or go some ticks inside as long as a tick is left to the other side."""
    tick = contract.price_tick
    room = max(quote.ask - quote.bid - tick, ZERO)
    inside = floor_to_step(min(rules.inside_ticks * tick, room), tick)
    return Price(quote.bid + inside if side is Side.BUY else quote.ask - inside)


def ticks_behind(order: WorkingOrder, quote: Quote, contract: Contract) -> Decimal:
    """Count by how many ticks our side of the touch has left an order behind; 0 if it stands at the touch or inside."""
    limit, side = order.request.limit_price, order.request.side
    if limit is None:
        return ZERO
    away = quote.bid - limit if side is Side.BUY else limit - quote.ask
    return max(away / contract.price_tick, ZERO)


def may_follow_at_ms(order: WorkingOrder, rules: PricingRules) -> int:
    """Give the first time at which an order may be priced again."""
    return order.since_ms + int(rules.chase_seconds * MS)


def left_behind(
    order: WorkingOrder, quote: Quote, contract: Contract, rules: PricingRules, at_ms: int
) -> bool:
    """Whether an order is to follow the touch: far enough behind, and not priced a moment ago."""
    far = ticks_behind(order, quote, contract) >= rules.chase_ticks
    return far and at_ms >= may_follow_at_ms(order, rules)
