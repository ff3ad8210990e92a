"""Hedge by the ratio that left the least variance, drawn towards what is known beforehand."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from bot.core.values import ONE
from strategies._stage import HOUR_MS, StageModel, bent, both_markets, exact, sides
from strategies._statistics import Slope, equal_weights, ewma_weights, log_returns, shrunk


class Stage(StageModel):
    """Sets the ratio to the slope of spot returns on the future's, at the horizon the hedge is held for.

    Estimated on returns, never on levels, and shrunk towards a prior by its standard error (theory, section 10). A coin's
    own future is hedged one for one by default: a low slope at a short horizon is noise of the basis or clocks that do not
    agree, and no reason to under-hedge.
    """

    role: ClassVar = "sets"
    stage: Literal["minimum_variance"] = "minimum_variance"
    same_coin: Literal["one", "estimate"] = Field(
        default="one", description="one hedges a coin's own future one for one, whatever is estimated."
    )
    estimator: Literal["ols", "ewma"] = Field(
        default="ols", description="Returns count alike, or newer ones more."
    )
    bar_hours: int = Field(default=24, ge=1, le=168, description="The horizon: length of the returns.")
    lookback_bars: int = Field(default=90, ge=20, le=2000, description="Returns looked back on.")
    half_life_bars: Decimal = Field(
        default=Decimal(30), gt=0, description="ewma: a return weighs half after so many."
    )
    prior: Decimal = Field(default=ONE, ge=0, le=3, description="What the ratio is thought to be beforehand.")
    prior_error: Decimal = Field(
        default=Decimal("0.25"), ge=0, description="How far that may be off; 0 keeps the prior."
    )
    ratio_max: Decimal = Field(default=Decimal("1.5"), gt=0, le=2, description="Largest ratio.")
    ratio_fallback: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="The ratio with too little history."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        if self.ratio_fallback > self.ratio_max:
            raise ValueError("ratio_fallback must not be above ratio_max")
        return self

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:
        """Look back on the coin's spot market and on the hedge's contract."""
        return both_markets(symbol, asset, self._bar_ms, self._count)

    @property
    def _bar_ms(self) -> int:
        return self.bar_hours * HOUR_MS

    @property
    def _count(self) -> int:
        return self.lookback_bars + 1

    def apply(self, market: MarketView, target: Target) -> Target:
        """Set the ratio."""
        both = sides(market, self._bar_ms, self._count)
        keeps_one = market.same_coin and self.same_coin == "one"
        if both.lack:
            fallback = ONE if keeps_one else self.ratio_fallback
            reason = f"minimum variance: {both.lack}: {fallback:f}"
            return bent(target, fallback, reason, until_ms=both.until_ms)
        ys, xs = log_returns(both.coins), log_returns(both.future)
        weights = (
            equal_weights(len(xs))
            if self.estimator == "ols"
            else ewma_weights(len(xs), float(self.half_life_bars))
        )
        fit = Slope(xs, ys, weights)
        drawn = shrunk(fit.slope, fit.error, float(self.prior), float(self.prior_error))
        estimate = min(max(exact(drawn), Decimal(0)), self.ratio_max)
        signals = (
            ("slope", exact(fit.slope)),
            ("slope_error", exact(fit.error)),
            ("explained", exact(fit.explained)),
        )
        reason = f"minimum variance: slope {fit.slope:.3f} +- {fit.error:.3f}, drawn to {estimate:f}"
        if keeps_one:
            return bent(target, ONE, f"{reason}; its own coin is hedged one for one", signals, both.until_ms)
        return bent(target, estimate, reason, signals, both.until_ms)
