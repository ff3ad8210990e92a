"""The settings of a hedge's end: until when it is meant to last, and when it is left.

The first line of a table's docstring and the description of a field are shown to users.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator

from bot.core.exits import ExitRules
from bot.core.values import ZERO, Price
from bot.settings_kinds import Amount, Table
from bot.settings_layers import broken, rule

Days = Annotated[Decimal, Field(ge=0, le=36_500)]


class Exit(Table):
    """When the hedge is left: it is unwound, and stays so until `hedgerow resume`."""

    intended_days: Days = Field(
        ZERO, description="How long it is meant to last; a person is called when it has. 0 is no such time."
    )
    until: str = Field(
        "", description="Time at which it is left, with its zone, such as 2027-01-31T08:00:00Z."
    )
    price_above: Amount = Field(
        ZERO, description="Index price, in quote currency, from which it is left; 0 is none."
    )
    price_hours: Annotated[Decimal, Field(ge=0, le=8760)] = Field(
        Decimal(4), description="How long the index has to stay at price_above or higher."
    )
    policy_zero_days: Days = Field(
        ZERO, description="How long the policy has to want no hedge until it is left for good; 0 is never."
    )

    @field_validator("until", mode="before")
    @classmethod
    def _a_time(cls, value: object) -> object:
        """Read a time with its zone; TOML knows times of its own."""
        try:
            at = (
                value
                if isinstance(value, datetime)
                else datetime.fromisoformat(str(value))
                if value
                else None
            )
        except ValueError:
            remedy = "Write it as 2027-01-31T08:00:00Z."
            raise broken([rule(f"{value!r} is no time.", remedy)]) from None
        if at is not None and at.tzinfo is None:
            sentence = f"{value} has no zone: it would be another time on another machine."
            raise broken([rule(sentence, "Write it with its zone, such as 2027-01-31T08:00:00Z.")])
        return "" if at is None else at.isoformat()

    def rules(self) -> ExitRules:
        """Freeze the end for the study."""
        until = datetime.fromisoformat(self.until) if self.until else None
        return ExitRules(
            until_ms=None if until is None else round(until.timestamp() * 1000),
            price_above=Price(self.price_above) if self.price_above else None,
            price_hours=self.price_hours if self.price_above else ZERO,
            policy_zero_days=self.policy_zero_days or None,
            intended_days=self.intended_days or None,
        )
