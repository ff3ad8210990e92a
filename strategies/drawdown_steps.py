"""Hedge more, step by step, the further the price has fallen from its high."""

from decimal import Decimal
from itertools import pairwise
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from strategies._stage import HOUR_MS, StageModel, bent, look


class Step(BaseModel):
    """From a fall on, a ratio at least."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    drawdown: Decimal = Field(gt=0, lt=1, description="Fall from the highest close, as a share of it.")
    ratio: Decimal = Field(
        ge=0, le=Decimal("1.5"), description="The hedge is at least so much from there on."
    )


class Stage(StageModel):
    """Raises the ratio to that of the deepest step reached; steps lie apart, so that a price between them trades nothing.

    A ladder buys protection after a fall and sells it after a recovery: it costs what the price swings across a step.
    """

    role: ClassVar = "raises"
    stage: Literal["drawdown_steps"] = "drawdown_steps"
    bar_hours: int = Field(
        default=24, ge=1, le=168, description="Length of the bars whose closes make the high."
    )
    lookback_bars: int = Field(
        default=90, ge=2, le=1000, description="Closes among which the high is sought."
    )
    steps: tuple[Step, ...] = Field(
        default=(
            Step(drawdown=Decimal("0.05"), ratio=Decimal("0.5")),
            Step(drawdown=Decimal("0.1"), ratio=Decimal("0.75")),
            Step(drawdown=Decimal("0.2"), ratio=Decimal(1)),
        ),
        min_length=1,
        description="Falls and ratios, both rising.",
    )
    ratio_fallback: Decimal = Field(
        default=Decimal(1),
        ge=0,
        le=Decimal("1.5"),
        description="The ratio is at least so much with too little history.",
    )

    @field_validator("steps")
    @classmethod
    def _rising(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if any(one.drawdown >= two.drawdown or one.ratio > two.ratio for one, two in pairwise(steps)):
            raise ValueError("steps must rise, in drawdown and in ratio")
        return steps

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Look back on the hedge's contract."""
        return (Need(symbol=symbol, bar_ms=self.bar_hours * HOUR_MS, count=self.lookback_bars),)

    def apply(self, market: MarketView, target: Target) -> Target:
        """Raise the ratio to the step that the last close has reached."""
        found = look(market, self.needs(market.symbol, market.asset)[0])
        if found.bars is None:
            ratio = max(target.ratio, self.ratio_fallback)
            return bent(
                target,
                ratio,
                f"drawdown: {found.lack}: at least {self.ratio_fallback}",
                until_ms=found.until_ms,
            )
        high, last = max(found.bars.closes), found.bars.closes[-1]
        fall = (high - last) / high
        reached = [step.ratio for step in self.steps if fall >= step.drawdown]
        ratio = max([target.ratio, *reached])
        signals = (("drawdown", fall.quantize(Decimal("0.0001"))),)
        reason = f"{fall:.1%} below the high of {high:f}: at least {max(reached, default=Decimal(0)):f}"
        return bent(target, ratio, reason, signals, found.until_ms)
