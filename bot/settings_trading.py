"""The tables of the settings that steer trading: pricing, rolls, the books. Each freezes into core's rules.

The first line of a table's docstring and the description of a field are shown to users.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from bot.core.rules import BooksRules, CarryRules, PricingRules, RollRules, Unlisted
from bot.core.values import Notional, Ratio
from bot.settings_kinds import Count, Size, Table
from bot.settings_layers import broken, rule


class Pricing(Table):
    """How orders are priced."""

    patience_seconds: Decimal = Field(
        Decimal(30), ge=0, le=86400, description="Seconds an order may wait at the touch before it crosses."
    )
    slippage_max: Decimal = Field(
        Decimal("0.002"),
        ge=0,
        le=Decimal("0.1"),
        description="Share of the price a crossing order may give away.",
    )
    inside_ticks: Count = Field(
        0, le=1000, description="Ticks inside a wide spread at which orders wait; 0 joins the touch."
    )
    chase_ticks: Count = Field(
        5, ge=1, le=10_000, description="Ticks the touch must have moved away before an order follows it."
    )
    chase_seconds: Decimal = Field(
        Decimal(10), gt=0, le=86400, description="Seconds an order stands before it may follow the touch."
    )
    reprices_max: Count = Field(
        3, le=1000, description="How often an order follows the touch; then it stands until patience ends."
    )
    slice_notional: Size = Field(
        Decimal(100_000), description="Largest slice of a trade, in quote currency; the rest waits for it."
    )
    urgent_gap: Annotated[Decimal, Field(gt=0, le=10)] = Field(
        Decimal("0.1"),
        description="Share of the holdings from which a gap in a standing hedge crosses at once.",
    )

    def rules(self) -> PricingRules:
        """Freeze them for the study."""
        return PricingRules(
            patience_seconds=self.patience_seconds,
            slippage_max=Ratio(self.slippage_max),
            inside_ticks=self.inside_ticks,
            chase_ticks=self.chase_ticks,
            chase_seconds=self.chase_seconds,
            reprices_max=self.reprices_max,
            slice_notional=Notional(self.slice_notional),
            urgent_gap=Ratio(self.urgent_gap),
        )


class Carry(Table):
    """How perpetual and quarterly are compared by a hedge of kind cheapest_carry."""

    average_settlements: Count = Field(
        21, ge=3, le=1000, description="Settlements that expected funding is the mean of."
    )
    risk_charge: Decimal = Field(
        Decimal("0.5"),
        ge=0,
        le=10,
        description="Standard deviations of its sum that the perpetual is charged.",
    )
    advantage_min: Decimal = Field(
        Decimal("0.02"),
        ge=0,
        le=10,
        description="What moving must gain a year, both legs' fees and spreads paid.",
    )
    stay_days: Decimal = Field(
        Decimal(14), ge=1, le=365, description="Days that a choice is kept at least; it is judged once a day."
    )

    def rules(self) -> CarryRules:
        """Freeze the comparison for the study."""
        return CarryRules(
            average_settlements=self.average_settlements,
            risk_charge=self.risk_charge,
            advantage_min=Ratio(self.advantage_min),
            stay_days=self.stay_days,
        )


class Roll(Table):
    """When and how a dated hedge moves to the next contract before its own expires."""

    window_days: Decimal = Field(
        Decimal(7), gt=0, le=60, description="Days before expiry from which a roll may start."
    )
    force_hours: Decimal = Field(
        Decimal(48), gt=0, le=720, description="Hours before expiry from which it runs anyway, and crosses."
    )
    deadline_hours: Decimal = Field(
        Decimal(24), gt=0, le=720, description="Hours before expiry by which it must be over."
    )
    alert_hours: Decimal = Field(
        Decimal(2), gt=0, le=720, description="Hours before expiry at which a person is called if it is not."
    )
    advantage_min: Decimal = Field(
        Decimal("0.05"),
        ge=-10,
        le=10,
        description="Net advantage a year, fees and spreads paid, from which rolling early in the window pays.",
    )
    clip_notional: Size = Field(
        Decimal(10_000), description="Size of a clip, in quote currency: what may be out of step at a time."
    )
    lead: Literal["near", "far"] = Field(
        "near", description="Leg that goes first: near leaves a clip unhedged, far over-hedges one."
    )
    naked_seconds_max: Decimal = Field(
        Decimal(60), gt=0, le=86400, description="Seconds a clip may be out of step before it is restored."
    )
    retry_seconds: Decimal = Field(
        Decimal(600), gt=0, le=86400, description="Seconds a roll rests after a clip was restored."
    )
    unlisted: Unlisted = Field(
        Unlisted.BRIDGE,
        description="Without a next contract: bridge with the perpetual, or settle and re-open.",
    )
    carry: Carry = Field(Carry(), description="How perpetual and quarterly are compared.")

    @field_validator("force_hours", "deadline_hours", "alert_hours")
    @classmethod
    def _in_order(cls, hours: Decimal, info: ValidationInfo) -> Decimal:
        """Keep the stages in their order: urgency only rises."""
        before = {
            "force_hours": "window_days",
            "deadline_hours": "force_hours",
            "alert_hours": "deadline_hours",
        }
        name = before[str(info.field_name)]
        limit = info.data.get(name)
        if limit is not None and hours > (limit * 24 if name == "window_days" else limit):
            raise broken([rule(f"{hours} hours begin before {name} {limit}.", f"Set it below {name}.")])
        return hours

    def rules(self) -> RollRules:
        """Freeze them for the study."""
        return RollRules(
            window_days=self.window_days,
            force_hours=self.force_hours,
            deadline_hours=self.deadline_hours,
            alert_hours=self.alert_hours,
            advantage_min=Ratio(self.advantage_min),
            clip_notional=Notional(self.clip_notional),
            lead=self.lead,
            naked_seconds_max=self.naked_seconds_max,
            retry_seconds=self.retry_seconds,
            unlisted=self.unlisted,
            carry=self.carry.rules(),
        )


class Books(Table):
    """How our books and the venue's records are made to agree."""

    stray_orders: Literal["cancel", "adopt"] = Field(
        "cancel", description="What is done with orders that bear our prefix and are not in our books."
    )
    check_steps: Count = Field(
        10,
        ge=1,
        le=10_000,
        description="Steps between two readings of the listing: new and changed contracts.",
    )
    absent_crossing_seconds: Decimal = Field(
        Decimal(120),
        ge=30,
        le=86_400,
        description="Seconds every record must lack a lost order that cannot rest before it counts as never placed.",
    )
    absent_resting_seconds: Decimal = Field(
        Decimal(2700),
        ge=60,
        le=604_800,
        description="The same for a lost order that may rest; some venues find a fresh order late.",
    )

    def rules(self) -> BooksRules:
        """Freeze them for the hall."""
        return BooksRules(
            stray_orders=self.stray_orders,
            check_steps=self.check_steps,
            absent_crossing_seconds=self.absent_crossing_seconds,
            absent_resting_seconds=self.absent_resting_seconds,
        )
