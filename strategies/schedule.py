"""Hedge at least so much at given times: weekends, nights, an absence."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.core.policy import NO_END_MS, MarketView, Target
from strategies._stage import StageModel, bent

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MINUTES_A_DAY = 24 * 60
AHEAD_DAYS = 9
"""Windows of a week are laid out so far ahead."""


class Absence(BaseModel):
    """A span of time, once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    begins: AwareDatetime = Field(description="With a zone, as 2026-12-24T18:00:00+01:00.")
    ends: AwareDatetime = Field(description="With a zone.")

    @model_validator(mode="after")
    def _in_order(self) -> "Absence":
        if self.begins >= self.ends:
            raise ValueError("an absence ends before it begins")
        return self


class Stage(StageModel):
    """Raises the ratio inside windows of the week and during absences; the time of day is that of ``zone``."""

    role: ClassVar = "raises"
    stage: Literal["schedule"] = "schedule"
    ratio: Decimal = Field(
        default=Decimal(1), ge=0, le=Decimal("1.5"), description="At least so much in a window."
    )
    days: tuple[Day, ...] = Field(default=(), description="Days of the week, as [sat, sun].")
    begins: str = Field(default="00:00", pattern=r"([01]\d|2[0-3]):[0-5]\d", description="Time of day.")
    ends: str = Field(
        default="24:00",
        pattern=r"(([01]\d|2[0-3]):[0-5]\d|24:00)",
        description="Time of day; one before begins is of the next day.",
    )
    zone: str = Field(default="UTC", description="Zone of the time of day, as Europe/Berlin.")
    absences: tuple[Absence, ...] = Field(default=(), description="Spans with a beginning and an end.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no zone {zone!r}: write one as Europe/Berlin, or UTC") from error
        return zone

    @model_validator(mode="after")
    def _says_when(self) -> "Stage":
        if not self.days and not self.absences:
            raise ValueError("it never applies: name days or absences")
        if self.days and self.begins == self.ends:
            raise ValueError("begins and ends are the same time of day")
        return self

    def apply(self, market: MarketView, target: Target) -> Target:
        """Raise the ratio inside a window; the answer ends where a window begins or ends."""
        windows = [*self._weekly(market.at_ms), *(_span(one.begins, one.ends) for one in self.absences)]
        edges = [edge for window in windows for edge in window if edge > market.at_ms]
        until_ms = min(edges, default=NO_END_MS) - 1
        inside = any(begins <= market.at_ms < ends for begins, ends in windows)
        if not inside or target.ratio >= self.ratio:
            where = "in a window of the schedule" if inside else "outside the schedule"
            return bent(target, target.ratio, where, until_ms=until_ms)
        return bent(target, self.ratio, f"schedule: at least {self.ratio:f}", until_ms=until_ms)

    def _weekly(self, at_ms: int) -> list[tuple[int, int]]:
        if not self.days:
            return []
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(at_ms / 1000, zone).date()
        laid = [today + timedelta(days=ahead) for ahead in range(-2, AHEAD_DAYS)]
        return [self._window(day, zone) for day in laid if DAYS[day.weekday()] in self.days]

    def _window(self, day: date, zone: ZoneInfo) -> tuple[int, int]:
        begins, ends = _minutes(self.begins), _minutes(self.ends)
        ends += MINUTES_A_DAY if ends < begins else 0
        return _span(_at(day, begins, zone), _at(day, ends, zone))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Give a time of day by the wall clock, whatever summer time does in between."""
    days, rest = divmod(minutes, MINUTES_A_DAY)
    hour, minute = divmod(rest, 60)
    on = day + timedelta(days=days)
    return datetime(on.year, on.month, on.day, hour, minute, tzinfo=zone)


def _span(begins: datetime, ends: datetime) -> tuple[int, int]:
    return round(begins.timestamp() * 1000), round(ends.timestamp() * 1000)
