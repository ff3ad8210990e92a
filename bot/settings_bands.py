"""The settings of a band: how far a hedge may be off its target, given as numbers or reckoned from what trading costs.

The first line of a table's docstring and the description of a field are shown to users.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import InitErrorDetails

from bot.core.bands import BandRules, CostOptimal, TrackingError
from bot.core.policy import Band
from bot.core.values import ZERO, Ratio
from bot.settings_kinds import Share, Table
from bot.settings_layers import broken, rule


class BandEdges(Table):
    """How far the hedge may be off its target, as shares of the holdings."""

    method: Literal["fixed", "cost-optimal", "tracking-error"] = Field(
        "fixed",
        description="fixed: by outer and inner. The others reckon both, and may stand for the table.",
    )
    outer: Share = Field(
        Decimal("0.02"), description="Distance from the target at which the hedge is traded."
    )
    inner: Share = Field(
        Decimal("0.005"), description="Distance it is then traded to; at most outer, 0 is the target itself."
    )
    outer_over: Share | None = Field(
        None, examples=[Decimal("0.03")], description="Outer where too much is hedged, if it is another."
    )
    inner_over: Share | None = Field(
        None, examples=[Decimal("0.01")], description="Inner where too much is hedged, if it is another."
    )
    risk_aversion: Annotated[Decimal, Field(gt=0, le=1000)] = Field(
        Decimal(2), description="cost-optimal: what variance costs, halved, as a share of the value a year."
    )
    spread: Share = Field(
        Decimal("0.0001"),
        description="cost-optimal: from bid to ask; half of it and the taker fee is a trade's cost.",
    )
    mismatch_volatility: Annotated[Decimal, Field(ge=0, le=10)] = Field(
        ZERO,
        description="cost-optimal: how much the target moves by itself a year; 0 is what a constant mix does.",
    )
    tracking_error: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        ZERO, description="tracking-error: what the gaps may win or lose a year, as a standard deviation."
    )
    outer_min: Share = Field(Decimal("0.001"), description="The narrowest band that is reckoned.")
    outer_max: Share = Field(Decimal("0.1"), description="The widest band that is reckoned.")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """Read a bare name as the method."""
        return {"method": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if rules := list(self._disagreements()):
            raise broken(rules)
        return self

    def _disagreements(self) -> Iterator[InitErrorDetails]:
        """Find edges out of order, and what means nothing to the method."""
        over = self.outer if self.outer_over is None else self.outer_over
        inner_over = self.inner if self.inner_over is None else self.inner_over
        for inner, outer, name in (
            (self.inner, self.outer, "inner"),
            (inner_over, over, "inner" if self.inner_over is None else "inner_over"),
        ):
            if inner > outer:
                sentence = f"The inner edge {inner} lies outside the outer edge {outer}."
                yield rule(sentence, f"Set {name} to at most {outer}.", (name,))
        if self.outer_min > self.outer_max:
            sentence = f"The narrowest band {self.outer_min} is wider than the widest, {self.outer_max}."
            yield rule(sentence, f"Set outer_min to at most {self.outer_max}.", ("outer_min",))
        if self.method == "tracking-error" and self.tracking_error == ZERO:
            yield rule(
                "A budget is missing.", "Set tracking_error, such as 0.01 a year.", ("tracking_error",)
            )
        for name, methods in MEANT_FOR.items():
            if self.method not in methods and getattr(self, name) != type(self).model_fields[name].default:
                remedy = f"Remove it, or set method to {' or '.join(methods)}."
                yield rule(f"It means nothing to a band that is {self.method}.", remedy, (name,))

    def rules(self) -> BandRules:
        """Freeze the band for the study."""
        given = Band(
            outer=Ratio(self.outer),
            inner=Ratio(self.inner),
            outer_over=None if self.outer_over is None else Ratio(self.outer_over),
            inner_over=None if self.inner_over is None else Ratio(self.inner_over),
        )
        least, most = Ratio(self.outer_min), Ratio(self.outer_max)
        if self.method == "cost-optimal":
            return CostOptimal(
                risk_aversion=self.risk_aversion,
                spread=Ratio(self.spread),
                mismatch_volatility=Ratio(self.mismatch_volatility),
                outer_min=least,
                outer_max=most,
                until_known=given,
            )
        if self.method == "tracking-error":
            budget = Ratio(self.tracking_error)
            return TrackingError(budget=budget, outer_min=least, outer_max=most, until_known=given)
        return given


MEANT_FOR: dict[str, tuple[str, ...]] = {
    "outer_over": ("fixed",),
    "inner_over": ("fixed",),
    "risk_aversion": ("cost-optimal",),
    "spread": ("cost-optimal",),
    "mismatch_volatility": ("cost-optimal",),
    "tracking_error": ("tracking-error",),
    "outer_min": ("cost-optimal", "tracking-error"),
    "outer_max": ("cost-optimal", "tracking-error"),
}
"""What means nothing to other methods than these. Outer and inner stand in until a volatility is known."""
