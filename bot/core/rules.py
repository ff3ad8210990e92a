"""What the owner allows and wants, as the study sees it: settings made frozen. Seconds and ratios, no defaults."""

from decimal import Decimal
from enum import StrEnum

from bot.core.policy import Band, Policy
from bot.core.values import Notional, Ratio, record


class Meaning(StrEnum):
    """What a hedge ratio is a share of. The three agree at entry and differ afterwards (reference section 3.2)."""

    SHARE_OF_HOLDINGS = "share_of_holdings"
    """Of the owner's own coins; price moves never trade."""
    CONSTANT_MIX = "constant_mix"
    """Of current wealth; sells more as the price rises."""
    FIXED_AMOUNT = "fixed_amount"
    """Of an amount in quote currency that is kept short; buys back as the price rises."""


@record
class HedgeRules:
    """One hedge: which coins, by which contract, how much, and what may be left alone."""

    name: str
    asset: str
    symbol: str
    meaning: Meaning
    amount: Notional
    """The quote amount a ratio of 1 keeps short; only read by ``FIXED_AMOUNT``."""
    band: Band
    stages: tuple[Policy, ...]


@record
class PricingRules:
    """How an order is priced."""

    patience_seconds: Decimal
    """How long a gap may wait at the touch before the order crosses; 0 crosses at once."""
    slippage_max: Ratio
    """How far beyond the touch a crossing order may fill."""


@record
class RiskRules:
    """What the guard will not let pass."""

    quote_age_seconds_max: Decimal
    order_notional_max: Notional
    position_notional_max: Notional
    leverage_max: Decimal
    """Position notional over margin equity, after the order."""
    margin_ratio_stop: Ratio
    """Maintenance over equity at which nothing may be added, after the order."""
    liquidation_distance_stop: Ratio
    """Rise from the mark to liquidation below which nothing may be added, after the order."""


@record
class Rules:
    """Everything that steers decisions on one margin account."""

    account: str
    hedges: tuple[HedgeRules, ...]
    pricing: PricingRules
    risk: RiskRules
