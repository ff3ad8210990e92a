"""Hedge more around known events, and no more afterwards."""

from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from bot.core.policy import NO_END_MS, MarketView, Target
from bot.core.values import ZERO
from strategies._calendar import read_calendar
from strategies._stage import HOUR_MS, YEAR_MS, StageModel, bent


class Event(BaseModel):
    """Something that may move the price, and when; times have zones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What it is, as FOMC.")
    begins: AwareDatetime = Field(description="With a zone, as 2026-12-09T19:00:00Z.")
    ends: AwareDatetime = Field(description="With a zone.")

    @model_validator(mode="after")
    def _in_order(self) -> "Event":
        if self.begins >= self.ends:
            raise ValueError(f"{self.name} ends before it begins")
        return self


class Stage(StageModel):
    """Raises the ratio from some hours before an event until some hours after it, if that is worth the round trip.

    Worth it is a sigma^2 e^2 t / 2 > 2 kappa e: the risk removed must exceed both trades (theory, section 11), where e is
    what the ratio is raised by, t the window and sigma the volatility expected in it.
    """

    role: ClassVar = "raises"
    stage: Literal["event_window"] = "event_window"
    events: tuple[Event, ...] = Field(default=(), description="The events; or a file of them.")
    ratio: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="At least so much in the window."
    )
    before_hours: Decimal = Field(default=Decimal(2), ge=0, description="Raised so long before an event.")
    after_hours: Decimal = Field(default=Decimal(2), ge=0, description="Restored so long after it.")
    risk_aversion: Decimal = Field(default=Decimal(2), gt=0, description="2 is bold, 10 is careful.")
    volatility_year: Decimal = Field(
        default=Decimal("1.5"), gt=0, description="Volatility a year expected in the window."
    )
    cost: Decimal = Field(
        default=Decimal("0.0007"), ge=0, description="Fee and half the spread of one trade, of its value."
    )

    @model_validator(mode="before")
    @classmethod
    def _with_file(cls, found: Any) -> Any:  # noqa: ANN401 - whatever settings hold
        """Take the events out of ``file``, so that what is decided on is written down with the settings."""
        if not isinstance(found, dict) or "file" not in found:
            return found
        rest = {key: value for key, value in found.items() if key != "file"}
        return {**rest, "events": [*rest.get("events", ()), *read_calendar(Path(str(found["file"])))]}

    @model_validator(mode="after")
    def _has_events(self) -> "Stage":
        if not self.events:
            raise ValueError("there are no events: name some in events, or a .csv or .ics file in file")
        return self

    def apply(self, market: MarketView, target: Target) -> Target:
        """Raise the ratio inside a window that is worth it; the answer ends where a window begins or ends."""
        windows = [(event, *self._window(event)) for event in self.events]
        edges = [edge for _, begins, ends in windows for edge in (begins, ends) if edge > market.at_ms]
        until_ms = min(edges, default=NO_END_MS) - 1
        for event, begins, ends in windows:
            if begins <= market.at_ms < ends and target.ratio < self.ratio:
                return self._raised(target, event, Decimal(ends - begins) / YEAR_MS, until_ms)
        return bent(target, target.ratio, "no event near", until_ms=until_ms)

    def _window(self, event: Event) -> tuple[int, int]:
        begins, ends = (round(one.timestamp() * 1000) for one in (event.begins, event.ends))
        return begins - int(self.before_hours * HOUR_MS), ends + int(self.after_hours * HOUR_MS)

    def _raised(self, target: Target, event: Event, years: Decimal, until_ms: int) -> Target:
        added = self.ratio - target.ratio
        removed = self.risk_aversion * self.volatility_year**2 * added**2 * years / 2
        price = 2 * self.cost * added
        worth = f"risk worth {removed:.4%} removed for {price:.4%}"
        if removed <= price or added <= ZERO:
            return bent(target, target.ratio, f"{event.name}: not raised, {worth}", until_ms=until_ms)
        return bent(target, self.ratio, f"{event.name}: raised to {self.ratio:f}, {worth}", until_ms=until_ms)
