"""Hedge less while the short pays funding for long, and fully again when it no longer does."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Settled
from bot.core.policy import MarketView, Target
from strategies._stage import HOUR_MS, YEAR_MS, StageModel, bent


class Stage(StageModel):
    """Scales the ratio down while the average funding is a cost that trading out of the hedge is worth.

    Positive funding is *received* by the short; what costs is negative funding (theory, section 6). One print never does
    anything: the average of many has to pass one threshold to lower the hedge, and another to restore it, and what is
    saved over the days it is expected to last must exceed both trades.
    """

    role: ClassVar = "scales"
    stage: Literal["funding"] = "funding"
    average_settlements: int = Field(default=21, ge=3, le=1000, description="Settlements that are averaged.")
    lookback_settlements: int = Field(
        default=90, ge=3, le=1000, description="Settlements that tell what came before."
    )
    paid_year: Decimal = Field(
        default=Decimal("0.05"), gt=0, description="Average cost a year from which it is lowered."
    )
    restored_year: Decimal = Field(
        default=Decimal(0), description="Average cost a year below which it is restored."
    )
    share_paid: Decimal = Field(
        default=Decimal("0.5"), ge=0, le=1, description="Of the ratio, while it is lowered."
    )
    cost: Decimal = Field(
        default=Decimal("0.0007"), ge=0, description="Fee and half the spread of one trade, of its value."
    )
    lasting_days: Decimal = Field(
        default=Decimal(14), gt=0, description="How long the cost is expected to last."
    )

    @model_validator(mode="after")
    def _in_order(self) -> "Stage":
        if self.restored_year >= self.paid_year:
            raise ValueError("restored_year must be below paid_year")
        if self.average_settlements > self.lookback_settlements:
            raise ValueError("average_settlements must not be above lookback_settlements")
        return self

    @property
    def break_even_year(self) -> Decimal:
        """Average cost a year that pays for leaving and entering again."""
        return 2 * self.cost * 365 / self.lasting_days

    def needs_settlements(self) -> int:
        """Look back on so many settlements."""
        return self.lookback_settlements

    def apply(self, market: MarketView, target: Target) -> Target:
        """Scale the ratio."""
        told = market.rates(market.symbol)
        if told is not None and market.at_ms - told.last_ms > 2 * told.interval_ms:
            hours = (market.at_ms - told.last_ms) // HOUR_MS
            lack = f"the newest settlement is {hours} h old"
            until_ms = market.at_ms + HOUR_MS
            return bent(target, target.ratio, f"funding: {lack}: left as it is", until_ms=until_ms)
        if told is None or len(told.rates) < self.average_settlements:
            count = 0 if told is None else len(told.rates)
            lack = f"{self.average_settlements} settlements are needed, {self.average_settlements - count} are missing"
            end_ms = market.at_ms + HOUR_MS if told is None else told.last_ms + told.interval_ms - 1
            until_ms = max(end_ms, market.at_ms)
            return bent(target, target.ratio, f"funding: {lack}: left as it is", until_ms=until_ms)
        lowered, cost = self._walk(told)
        until_ms = max(told.last_ms + told.interval_ms - 1, market.at_ms)
        signals = (("funding_cost_year", cost),)
        words = f"paid {cost:.1%}" if cost > 0 else f"received {-cost:.1%}"
        average = f"funding: {words} a year over {self.average_settlements} settlements"
        if not lowered:
            return bent(target, target.ratio, average, signals, until_ms)
        reason = f"{average}, more than {self._threshold:.1%}: {self.share_paid:f} of it"
        return bent(target, target.ratio * self.share_paid, reason, signals, until_ms)

    @property
    def _threshold(self) -> Decimal:
        return max(self.paid_year, self.break_even_year)

    def _walk(self, told: Settled) -> tuple[bool, Decimal]:
        """Walk through the averages from the oldest on; returns whether it ends lowered, and the last average cost a year."""
        lowered, cost, span = False, Decimal(0), self.average_settlements
        for end in range(span, len(told.rates) + 1):
            mean = sum(told.rates[end - span : end], Decimal(0)) / span
            cost = (-mean * YEAR_MS / told.interval_ms).quantize(Decimal("0.0001"))
            lowered = cost > self.restored_year if lowered else cost > self._threshold
        return lowered, cost
