"""The one formula: hedge what is not worth its risk."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from bot.core.values import ONE
from strategies._stage import DAY_MS, StageModel, bars_a_year, bent, exact, look
from strategies._statistics import ewma_volatility, log_returns


class Stage(StageModel):
    """Sets h* = 1 - (mu - c) / (a sigma^2), between two bounds (theory, section 11).

    mu is the owner's view of the coin's return a year, c what a full short earns a year (positive funding is received by
    the short), a the aversion to risk. With mu = c, or a very large, it is a full hedge; above 1 the book is net short.
    """

    role: ClassVar = "sets"
    stage: Literal["utility"] = "utility"
    return_year: Decimal = Field(description="Expected return of the coin a year, as 0.2 for 20 %.")
    carry_year: Decimal = Field(
        default=Decimal(0), description="What a full short earns a year; negative is a cost."
    )
    risk_aversion: Decimal = Field(default=Decimal(2), gt=0, description="2 is bold, 10 is careful.")
    volatility_year: Decimal | None = Field(
        default=None, gt=0, description="Volatility a year; measured over daily closes if it is not given."
    )
    lookback_days: int = Field(default=90, ge=10, le=1000, description="Daily closes it is measured over.")
    half_life_days: Decimal = Field(
        default=Decimal(30), gt=0, description="A day weighs half after so many days."
    )
    ratio_min: Decimal = Field(default=Decimal(0), ge=0, le=Decimal("1.5"), description="Least ratio.")
    ratio_max: Decimal = Field(default=Decimal(1), ge=0, le=Decimal("1.5"), description="Largest ratio.")
    ratio_fallback: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="The ratio with too little history."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        if self.ratio_min > self.ratio_max:
            raise ValueError("ratio_min must not be above ratio_max")
        return self

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Look back on daily closes of the hedge's contract, unless the volatility is given."""
        if self.volatility_year is not None:
            return ()
        return (Need(symbol=symbol, bar_ms=DAY_MS, count=self.lookback_days + 1),)

    def apply(self, market: MarketView, target: Target) -> Target:
        """Set the ratio."""
        if self.volatility_year is not None:
            return self._set(target, self.volatility_year, {})
        (need,) = self.needs(market.symbol, market.asset)
        found = look(market, need)
        if found.bars is None:
            reason = f"utility: {found.lack}: {self.ratio_fallback}"
            return bent(target, self.ratio_fallback, reason, until_ms=found.until_ms)
        measured = ewma_volatility(
            log_returns(found.bars.closes), float(self.half_life_days), bars_a_year(DAY_MS)
        )
        if not measured > 0:
            reason = f"utility: the price of {need.symbol} did not move: {self.ratio_fallback}"
            return bent(target, self.ratio_fallback, reason, until_ms=found.until_ms)
        return self._set(target, exact(measured), {"until_ms": found.until_ms})

    def _set(self, target: Target, volatility: Decimal, end: dict[str, int]) -> Target:
        wish = ONE - (self.return_year - self.carry_year) / (self.risk_aversion * volatility**2)
        ratio = min(max(wish, self.ratio_min), self.ratio_max).quantize(Decimal("0.0001"))
        excess = self.return_year - self.carry_year
        reason = (
            f"utility: 1 - {excess:f} / ({self.risk_aversion:f} x {volatility:f}^2) = {wish:.4f}"
            f"{'' if ratio == wish.quantize(Decimal('0.0001')) else f', bounded to {ratio:f}'}"
            f"{', net short' if ratio > ONE else ''}"
        )
        return bent(target, ratio, reason, (("volatility", volatility), ("utility_ratio", wish)), **end)
