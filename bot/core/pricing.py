"""Pricing writes slips: at the touch while there is patience, then across the spread, never beyond a cap."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.rules import PricingRules
from bot.core.snapshot import Quote
from bot.core.values import ONE, Price, Side, record

MS = Decimal(1000)


@record
class Slip:
    """A price and how long it stands."""

    limit_price: Price
    time_in_force: TimeInForce
    crossing: bool


def patience_ends_ms(rules: PricingRules, gap_since_ms: int) -> int:
    """Give the first time at which a gap seen since ``gap_since_ms`` crosses the spread."""
    return gap_since_ms + int(rules.patience_seconds * MS)


def price(side: Side, quote: Quote, contract: Contract, rules: PricingRules, *, waited_out: bool) -> Slip:
    """Price an order: join the own side of the touch, or, once patience is out, take the other side.

    A crossing order is a limit at the far touch plus at most ``slippage_max``, rounded to the tick on the side that
    keeps the promise, and immediate-or-cancel: what the cap does not allow stays a gap.
    """
    if not waited_out:
        own_side = quote.bid if side is Side.BUY else quote.ask
        return Slip(limit_price=own_side, time_in_force=TimeInForce.POST_ONLY, crossing=False)
    if side is Side.BUY:
        worst, rounding = quote.ask * (ONE + rules.slippage_max), ROUND_FLOOR
    else:
        worst, rounding = quote.bid * (ONE - rules.slippage_max), ROUND_CEILING
    limit = (worst / contract.price_tick).to_integral_value(rounding) * contract.price_tick
    return Slip(limit_price=Price(limit), time_in_force=TimeInForce.IOC, crossing=True)
