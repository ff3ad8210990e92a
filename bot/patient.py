"""An account under examination, and what is found about it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venues.table import Feature, Mode, lacking
from bot.core.rules import Rules
from bot.core.values import record
from bot.settings_tables import Account

Verdict = Literal["ok", "warn", "fail", "skip"]


@record
class Check:
    """What was looked at, and what was found."""

    account: str
    about: str
    verdict: Verdict
    found: str
    remedy: str = ""
    changed: bool = False
    """Whether it was put right just now."""


@record
class Patient:
    """An account under examination."""

    name: str
    mode: Mode
    settings: Account
    rules: Rules
    venue: RemoteVenue
    holdings: Mapping[str, Decimal]
    """Coins the owner declares, by asset."""
    apply: bool
    """Whether what can be put right is put right."""

    def lacks(self, feature: Feature) -> str:
        """Say why the venue lacks a feature, or nothing."""
        return lacking(self.venue.manner.name, self.mode, feature)

    def check(self, about: str, verdict: Verdict, found: str, remedy: str = "") -> Check:
        """Write a finding down; one that needs no remedy has none."""
        needs = verdict in {"warn", "fail"}
        return Check(
            account=self.name, about=about, verdict=verdict, found=found, remedy=remedy if needs else ""
        )
