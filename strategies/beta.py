"""Hedge an altcoin by the futures of another coin."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.lookback import Need
from bot.core.policy import WEAK, MarketView, Target
from bot.core.values import ONE
from strategies._stage import HOUR_MS, StageModel, bent, both_markets, exact, sides
from strategies._statistics import Slope, effectiveness, equal_weights, log_returns, shrunk, winsorised

BLOCKS = 8
WIDE = 1.96
"""Standard errors on each side of an interval that holds 95 %."""


class Stage(StageModel):
    """Sets the ratio to the coin's beta to the future: value of futures short per value of coins held.

    Returns are winsorised and beta is shrunk towards a prior. Beside it stands what such a hedge would have taken away of
    the variance out of sample: each return is hedged by the beta of the returns before it. Below one half it says so: most
    of the risk stays.
    """

    role: ClassVar = "sets"
    stage: Literal["beta"] = "beta"
    ratio: Decimal = Field(default=ONE, ge=0, le=Decimal("1.5"), description="Share of beta that is hedged.")
    bar_hours: int = Field(default=8, ge=1, le=168, description="The horizon: length of the returns.")
    lookback_bars: int = Field(default=270, ge=40, le=2000, description="Returns that beta is estimated on.")
    proof_bars: int = Field(
        default=270, ge=16, le=2000, description="Returns that it is tried on, each by those before."
    )
    winsor_share: Decimal = Field(
        default=Decimal("0.01"),
        ge=0,
        lt=Decimal("0.25"),
        description="Outermost returns drawn in, at each end.",
    )
    prior: Decimal = Field(default=ONE, ge=0, le=3, description="What beta is thought to be beforehand.")
    prior_error: Decimal = Field(
        default=Decimal("0.3"), ge=0, description="How far that may be off; 0 keeps the prior."
    )
    beta_max: Decimal = Field(default=Decimal(2), gt=0, le=3, description="Largest beta.")
    ratio_fallback: Decimal = Field(
        default=Decimal(1),
        ge=0,
        le=2,
        description="The ratio with too little history: a beta that is assumed.",
    )

    @model_validator(mode="after")
    def _is_possible(self) -> "Stage":
        if self.ratio_fallback > self.beta_max:
            raise ValueError("ratio_fallback must not be above beta_max")
        return self

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:
        """Look back on the coin's spot market and on the hedge's contract."""
        return both_markets(symbol, asset, self._bar_ms, self._count)

    @property
    def _bar_ms(self) -> int:
        return self.bar_hours * HOUR_MS

    @property
    def _count(self) -> int:
        return self.lookback_bars + self.proof_bars + 1

    def apply(self, market: MarketView, target: Target) -> Target:
        """Set the ratio, and say what it is worth."""
        both = sides(market, self._bar_ms, self._count)
        if both.lack:
            reason = f"beta: {both.lack}: {self.ratio_fallback:f} is assumed"
            return bent(target, self.ratio_fallback, reason, until_ms=both.until_ms)
        ys, xs = log_returns(both.coins), log_returns(both.future)
        beta, fit = self._beta(xs[-self.lookback_bars :], ys[-self.lookback_bars :])
        betas = self._betas_before(xs, ys)
        proved = len(betas)
        worth, error = effectiveness(ys[-proved:], xs[-proved:], betas, BLOCKS)
        ratio = (exact(beta) * self.ratio).quantize(Decimal("0.0001"))
        reason = (
            f"beta {beta:.2f} (slope {fit.slope:.2f} +- {fit.error:.2f}); out of sample it took away {worth:.0%} of the"
            f" variance ({worth - WIDE * error:.0%} to {min(worth + WIDE * error, 1):.0%})"
            f"{'; weak: most of the risk stays' if exact(worth) < WEAK else ''}"
        )
        signals = (
            ("beta", exact(beta)),
            ("slope", exact(fit.slope)),
            ("slope_error", exact(fit.error)),
            ("effectiveness", exact(worth)),
            ("effectiveness_error", exact(error)),
        )
        return bent(target, ratio, reason, signals, both.until_ms)

    def _beta(self, xs: list[float], ys: list[float]) -> tuple[float, Slope]:
        share = float(self.winsor_share)
        fit = Slope(winsorised(xs, share), winsorised(ys, share), equal_weights(len(xs)))
        drawn = shrunk(fit.slope, fit.error, float(self.prior), float(self.prior_error))
        return min(max(drawn, 0.0), float(self.beta_max)), fit

    def _betas_before(self, xs: list[float], ys: list[float]) -> list[float]:
        """Estimate beta anew for each block of the returns it is tried on, from the returns before the block."""
        size = max(self.proof_bars // BLOCKS, 1)
        betas: list[float] = []
        for start in range(self.lookback_bars, len(xs), size):
            beta, _ = self._beta(
                xs[start - self.lookback_bars : start], ys[start - self.lookback_bars : start]
            )
            betas += [beta] * min(size, len(xs) - start)
        return betas
