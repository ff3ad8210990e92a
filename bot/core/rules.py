"""What the owner allows and wants, as the study sees it: settings made frozen. Seconds and ratios, no defaults."""

from decimal import Decimal
from enum import StrEnum
from typing import Literal

from bot.core.bands import BandRules
from bot.core.exits import NEVER, ExitRules
from bot.core.lookback import spot_market
from bot.core.memory import Rung
from bot.core.policy import Policy
from bot.core.values import Money, Notional, Ratio, record


class Meaning(StrEnum):
    """What a hedge ratio is a share of. The three agree at entry and differ afterwards (reference section 3.2)."""

    SHARE_OF_HOLDINGS = "share_of_holdings"
    """Of the owner's own coins; price moves never trade."""
    CONSTANT_MIX = "constant_mix"
    """Of current wealth; sells more as the price rises."""
    FIXED_AMOUNT = "fixed_amount"
    """Of an amount in quote currency that is kept short; buys back as the price rises."""


class Kind(StrEnum):
    """What carries a hedge."""

    PERPETUAL = "perpetual"
    DATED = "dated"
    """Quarterlies, the nearest first, rolled before they expire."""
    BACK = "dated_back"
    """Quarterlies, the furthest that is listed: fewer rolls."""
    CARRY = "cheapest_carry"
    """Perpetual or nearest quarterly, whichever earns the short more."""

    @property
    def dated(self) -> bool:
        """Whether it may lie in contracts that expire."""
        return self is not Kind.PERPETUAL


@record
class HedgeRules:
    """One hedge: which coins, by which contract, how much, and what may be left alone."""

    name: str
    asset: str
    also: tuple[str, ...] = ()
    """More coins that are hedged together with it in the same contract."""
    symbol: str
    """The perpetual; of dated contracts the family, which is the perpetual's symbol."""
    kind: Kind
    contract_size: Decimal | None
    """What one contract must stand for, if the owner says so: coins (linear) or quote currency (inverse)."""
    meaning: Meaning
    amount: Notional
    """The quote amount a ratio of 1 keeps short; only read by ``FIXED_AMOUNT``."""
    band: BandRules
    stages: tuple[Policy, ...]
    exit: ExitRules = NEVER

    @property
    def assets(self) -> tuple[str, ...]:
        """Every coin that is hedged."""
        return (self.asset, *self.also)

    @property
    def base(self) -> str:
        """The coin that the contract is on."""
        return self.symbol.partition("/")[0]

    @property
    def spots(self) -> tuple[str, ...]:
        """Spot markets of the hedged coins that the contract is not on: their prices make them comparable."""
        return tuple(self.spot(asset) for asset in self.assets if asset != self.base)

    def spot(self, asset: str) -> str:
        """Name a coin's spot market, in the contract's quote currency."""
        return spot_market(asset, self.symbol)


@record
class PricingRules:
    """How an order is priced: passive at the touch, chasing it, then across."""

    patience_seconds: Decimal
    """How long a gap may wait at the touch before the order crosses; 0 crosses at once."""
    slippage_max: Ratio
    """How far beyond the touch a crossing order may fill."""
    inside_ticks: int
    """How far inside a wide spread a passive order is placed, never across; 0 joins the touch."""
    chase_ticks: int
    """How far the touch must have left an order behind before it is priced again."""
    chase_seconds: Decimal
    """How long an order stands before it may be priced again."""
    reprices_max: int
    """How often a gap's order is priced again; then it stands until patience ends."""
    slice_notional: Notional
    """Largest slice of an intent, in quote currency; what is above it waits for the slice before."""
    urgent_gap: Ratio
    """Share of own coins from which a gap that has been closed before crosses at once, whatever opened it."""


class Unlisted(StrEnum):
    """What to do when the next contract is not listed, or has no book, by the deadline."""

    BRIDGE = "bridge"
    """Carry the hedge by the perpetual until it is."""
    SETTLE = "settle"
    """Let the contract settle and re-open across the averaging window."""


@record
class CarryRules:
    """How perpetual and dated contract are compared (reference section 7)."""

    average_settlements: int
    """Settlements that expected funding is the mean of."""
    risk_charge: Decimal
    """Standard deviations of the sum of funding that the perpetual is charged."""
    advantage_min: Ratio
    """What moving must gain a year, after both legs' fees and half spreads."""
    stay_days: Decimal
    """How long a choice is kept at least."""


@record
class RollRules:
    """When and how a dated hedge moves to the next contract (reference section 9)."""

    window_days: Decimal
    """Before expiry: nothing more is opened in the near contract, and a trigger may start the roll."""
    force_hours: Decimal
    """Before expiry: the roll runs without a trigger, and crosses."""
    deadline_hours: Decimal
    """Before expiry: the roll must be over; without a far contract ``unlisted`` applies."""
    alert_hours: Decimal
    """Before expiry: a person is called if anything is left in the near contract."""
    advantage_min: Ratio
    """Net advantage a year, after both legs' taker fees and spreads, from which rolling early pays."""
    clip_notional: Notional
    """Size of a clip, in quote currency: the most that may be unhedged or over-hedged between two legs."""
    lead: Literal["near", "far"]
    """Which leg of a clip goes first: near leaves a clip unhedged for a moment, far over-hedges one."""
    naked_seconds_max: Decimal
    """How long a clip may stay out of step before the leg that went first is restored."""
    retry_seconds: Decimal
    """How long a roll rests after a clip was restored."""
    unlisted: Unlisted
    carry: CarryRules


@record
class RungRules:
    """When one rung is reached: any of the three, the strictest rules (reference section 14)."""

    rung: Rung
    distance: Ratio
    """Price move to liquidation, as a share of the mark, below which it is."""
    sigmas: Decimal
    """The same in standard deviations of a day."""
    margin_ratio: Ratio
    """Maintenance over equity from which it is."""


@record
class GuardRules:
    """What the guard does when margin thins."""

    rungs: tuple[RungRules, ...]
    """In the order of ``Rung``, nearer and nearer to liquidation; none at all is a guard that never acts."""
    stay_seconds: Decimal
    """How long a state lasts at least after its cause, or the guard's last reduction: what keeps guard and policy apart."""
    divergence_max: Ratio
    """Difference between the venue's word and our forecast, as a share of equity, from which it is an alarm."""
    adl_rank_warn: int
    """Place in the deleveraging queue from which a person is called."""
    top_up: bool
    """Whether collateral may be moved from the venue's spot wallet."""
    top_up_distance: Ratio
    """Distance a top-up restores."""
    top_up_day_max: Money
    """Most that may be moved in 24 hours, in settlement currency."""
    after_shift: Literal["rehedge", "call"]
    """What follows when a position shrank without an order of ours: hedge again, or leave it to a person."""

    def of(self, rung: Rung) -> RungRules | None:
        """Give one rung's rules; None if the guard has no such rung."""
        return next((one for one in self.rungs if one.rung is rung), None)


@record
class RiskRules:
    """What the guard will not let pass: limits on an order, and on the account after it."""

    quote_age_seconds_max: Decimal
    balance_age_seconds_max: Decimal
    clock_skew_seconds_max: Decimal
    """How far a quote may be ahead of our clock."""
    order_notional_max: Notional
    orders_per_minute_max: int
    """Orders that add exposure; what reduces is not counted."""
    position_notional_max: Notional
    open_interest_share_max: Ratio
    """Of all contracts open at the venue."""
    leverage_max: Decimal
    """Value of a linear account's positions over its equity, after the order."""
    leverage_inverse_max: Decimal
    """The same for an account that is margined in coins: one turn safer (reference section 5.8)."""
    shock: Ratio
    """Adverse move of all prices that the account has to stand after the order, below the stop rung's margin ratio."""
    shocks: tuple[tuple[str, Ratio], ...]
    """The same for single coins."""
    price_collar: Ratio
    """How far on the wrong side of mark and index a limit price may be."""
    basis_max: Ratio
    """How far mark and index may be apart."""
    depeg_max: Ratio
    """How far the settlement coin may be from a dollar."""
    tiers_age_hours_max: Decimal
    """Oldest table of tiers to add on."""
    unknown_seconds_max: Decimal
    """How long an order's fate may be open before nothing is added anywhere in the account."""

    def shock_of(self, asset: str) -> Ratio:
        """Give the shock for a coin."""
        return next((share for name, share in self.shocks if name == asset), self.shock)


@record
class BooksRules:
    """How our books and the venue's records are made to agree."""

    stray_orders: Literal["cancel", "adopt"]
    """What is done with orders that bear our prefix and are not in our books."""
    check_steps: int
    """How many steps pass between two readings of the listing: new contracts, changed terms."""
    absent_crossing_seconds: Decimal
    """How long every record must lack an immediate-or-cancel order before it is taken as never placed: it cannot rest."""
    absent_resting_seconds: Decimal
    """The same for an order that may rest; it outlasts venues that do not find a fresh order for a while."""


@record
class Rules:
    """Everything that steers decisions on one margin account."""

    account: str
    hedges: tuple[HedgeRules, ...]
    pricing: PricingRules
    roll: RollRules
    risk: RiskRules
    guard: GuardRules
    books: BooksRules
