"""Hedge a fixed share of what is held."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from bot.core.policy import MarketView, Target
from bot.core.values import ONE
from strategies._stage import StageModel, bent


class Stage(StageModel):
    """Starts a chain: the ratio is what it is, whatever the market does."""

    role: ClassVar = "sets"
    stage: Literal["fixed_ratio"] = "fixed_ratio"
    ratio: Decimal = Field(
        ge=0, le=Decimal("1.5"), description="Hedged share, 0 to 1.5; above 1 the book is net short."
    )
    """0 is no hedge, 1 a full hedge; above 1 the book is net short, a directional bet."""

    def apply(self, market: MarketView, target: Target) -> Target:
        """Set the ratio, keep the band."""
        short = ", net short" if self.ratio > ONE else ""
        assumed = (
            "" if market.same_coin else f": in another coin's contract a beta of {self.ratio:f} is assumed"
        )
        return bent(target, self.ratio, f"fixed ratio {self.ratio}{short}{assumed}")
