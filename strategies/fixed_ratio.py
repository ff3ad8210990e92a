"""Hedge a fixed share of what is held."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.core.policy import MarketView, Target
from bot.core.values import ONE, Ratio


class Stage(BaseModel):
    """Starts a chain: the ratio is what it is, whatever the market does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: Literal["fixed_ratio"] = "fixed_ratio"
    ratio: Decimal = Field(
        ge=0, le=Decimal("1.5"), description="Hedged share, 0 to 1.5; above 1 the book is net short."
    )
    """0 is no hedge, 1 a full hedge; above 1 the book is net short, a directional bet."""

    def apply(self, market: MarketView, target: Target) -> Target:  # noqa: ARG002 - a fixed ratio looks at nothing
        """Set the ratio, keep the band."""
        return Target(
            ratio=Ratio(self.ratio),
            band=target.band,
            reason=f"fixed ratio {self.ratio}" + (", net short" if self.ratio > ONE else ""),
            signals=target.signals,
            valid_until_ms=target.valid_until_ms,
        )
