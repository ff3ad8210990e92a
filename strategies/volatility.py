"""Hedge more the more the price moves."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from strategies._stage import HOUR_MS, StageModel, bars_a_year, bent, exact, look
from strategies._statistics import between, ewma_volatility, log_returns, range_volatility


class Stage(StageModel):
    """Scales the ratio by realised volatility, on a straight line between a calm and a wild market.

    In the one formula (theory, section 11) this is sigma moving. It lowers the hedge in calm markets and says nothing
    about direction.
    """

    role: ClassVar = "scales"
    stage: Literal["volatility"] = "volatility"
    estimator: Literal["ewma", "range"] = Field(
        default="ewma", description="ewma of squared returns, or range: of the bars' highs over lows."
    )
    bar_hours: int = Field(default=24, ge=1, le=168, description="Length of the bars looked at.")
    lookback_bars: int = Field(default=60, ge=10, le=1000, description="Returns looked back on.")
    half_life_bars: Decimal = Field(
        default=Decimal(15), gt=0, description="A return weighs half after so many bars."
    )
    volatility_calm: Decimal = Field(
        default=Decimal("0.4"), ge=0, description="A year, at or below which it is calm."
    )
    volatility_wild: Decimal = Field(
        default=Decimal("0.8"), gt=0, description="A year, from which it is wild."
    )
    share_calm: Decimal = Field(
        default=Decimal("0.5"), ge=0, le=Decimal("1.5"), description="Of the ratio, when calm."
    )
    share_wild: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="Of the ratio, when wild."
    )
    share_fallback: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="Of the ratio, with too little history."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        if self.volatility_calm >= self.volatility_wild:
            raise ValueError("volatility_calm must be below volatility_wild")
        return self

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Look back on the hedge's contract."""
        return (Need(symbol=symbol, bar_ms=self.bar_hours * HOUR_MS, count=self.lookback_bars + 1),)

    def apply(self, market: MarketView, target: Target) -> Target:
        """Scale the ratio."""
        (need,) = self.needs(market.symbol, market.asset)
        found = look(market, need)
        if found.bars is None:
            share = self.share_fallback
            return bent(
                target,
                target.ratio * share,
                f"volatility: {found.lack}: {share} of it",
                until_ms=found.until_ms,
            )
        half_life, year = float(self.half_life_bars), bars_a_year(need.bar_ms)
        if self.estimator == "ewma":
            measured = ewma_volatility(log_returns(found.bars.closes), half_life, year)
        else:
            measured = range_volatility(found.bars.highs[1:], found.bars.lows[1:], half_life, year)
        way = between(measured, float(self.volatility_calm), float(self.volatility_wild))
        share = self.share_calm + (self.share_wild - self.share_calm) * exact(way)
        volatility = exact(measured)
        reason = f"volatility {volatility:.1%} a year: {share:f} of it"
        return bent(target, target.ratio * share, reason, (("volatility", volatility),), found.until_ms)
