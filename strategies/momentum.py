"""Hedge less in an up-trend, more when the market is overbought."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from bot.core.values import ONE
from strategies._stage import HOUR_MS, StageModel, bent, exact, look
from strategies._statistics import between, log_returns, strength_index, trend

SHARE_MAX = Decimal("1.5")


class Stage(StageModel):
    """Scales the ratio by the trend's t-statistic and by the relative strength index (theory, section 11: mu moves).

    It is a bet that trends go on and that extremes come back. Nothing of it is protection: set the shares to 1 to be sure.
    """

    role: ClassVar = "scales"
    stage: Literal["momentum"] = "momentum"
    bar_hours: int = Field(default=24, ge=1, le=168, description="Length of the bars looked at.")
    trend_bars: int = Field(default=30, ge=5, le=1000, description="Returns that make the trend.")
    trend_weak: Decimal = Field(
        default=Decimal("0.5"), description="t-statistic of the mean return where it begins."
    )
    trend_strong: Decimal = Field(
        default=Decimal(2), description="t-statistic from which it is an up-trend in full."
    )
    share_up_trend: Decimal = Field(
        default=Decimal("0.5"), ge=0, le=SHARE_MAX, description="Of the ratio, in a full up-trend."
    )
    strength_bars: int = Field(
        default=14, ge=2, le=200, description="Returns of the relative strength index."
    )
    overbought: Decimal = Field(
        default=Decimal(70), gt=50, lt=100, description="Index from which it is overbought."
    )
    overbought_extreme: Decimal = Field(
        default=Decimal(85), gt=50, le=100, description="Index of the extreme."
    )
    share_overbought: Decimal = Field(
        default=Decimal("1.2"),
        ge=0,
        le=SHARE_MAX,
        description="Of the ratio, at the extreme; above 1 is net short.",
    )
    oversold: Decimal = Field(
        default=Decimal(30), gt=0, lt=50, description="Index below which it is oversold."
    )
    oversold_extreme: Decimal = Field(default=Decimal(15), ge=0, lt=50, description="Index of the extreme.")
    share_oversold: Decimal = Field(
        default=Decimal(1), ge=0, le=SHARE_MAX, description="Of the ratio, at the oversold extreme."
    )
    share_fallback: Decimal = Field(
        default=Decimal(1), ge=0, le=SHARE_MAX, description="With too little history."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        for low, high in (
            ("trend_weak", "trend_strong"),
            ("overbought", "overbought_extreme"),
            ("oversold_extreme", "oversold"),
        ):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} must be below {high}")
        return self

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Look back on the hedge's contract."""
        count = max(self.trend_bars, self.strength_bars) + 1
        return (Need(symbol=symbol, bar_ms=self.bar_hours * HOUR_MS, count=count),)

    def apply(self, market: MarketView, target: Target) -> Target:
        """Scale the ratio: from 1 to the up-trend's share, and from there to an extreme's."""
        found = look(market, self.needs(market.symbol, market.asset)[0])
        if found.bars is None:
            share = self.share_fallback
            return bent(
                target,
                target.ratio * share,
                f"momentum: {found.lack}: {share} of it",
                until_ms=found.until_ms,
            )
        returns = log_returns(found.bars.closes)
        strength, rising = strength_index(returns[-self.strength_bars :]), trend(returns[-self.trend_bars :])
        up = exact(between(rising, float(self.trend_weak), float(self.trend_strong)))
        share = ONE + (self.share_up_trend - ONE) * up
        share = self._towards(
            share, self.share_overbought, strength, (self.overbought, self.overbought_extreme)
        )
        share = self._towards(share, self.share_oversold, -strength, (-self.oversold, -self.oversold_extreme))
        reason = f"momentum: trend {rising:+.2f}, strength index {strength:.0f}: {share:f} of it"
        signals = (("trend", exact(rising)), ("strength_index", exact(strength)))
        return bent(target, target.ratio * share, reason, signals, found.until_ms)

    def _towards(
        self, share: Decimal, extreme: Decimal, figure: float, ends: tuple[Decimal, Decimal]
    ) -> Decimal:
        way = exact(between(figure, float(ends[0]), float(ends[1])))
        return share + (extreme - share) * way
