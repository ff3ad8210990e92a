"""Keep the ratio between two bounds."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.policy import MarketView, Target
from strategies._stage import StageModel, bent


class Stage(StageModel):
    """Bounds what the stages before it want; most useful at the end of a chain."""

    role: ClassVar = "bounds"
    stage: Literal["clamp"] = "clamp"
    ratio_min: Decimal = Field(default=Decimal(0), ge=0, le=2, description="The ratio never goes below.")
    ratio_max: Decimal = Field(default=Decimal(1), ge=0, le=2, description="The ratio never goes above.")

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        if self.ratio_min > self.ratio_max:
            raise ValueError("ratio_min must not be above ratio_max")
        return self

    def apply(self, market: MarketView, target: Target) -> Target:  # noqa: ARG002 - bounds look at nothing
        """Bound the ratio, and say so where that changes it."""
        ratio = min(max(target.ratio, self.ratio_min), self.ratio_max)
        if ratio == target.ratio:
            return target
        return bent(target, ratio, f"clamped from {target.ratio:f} to {ratio:f}")
