"""Policies wish: stages that turn a view of the market into a target hedge ratio. A stage cannot place an order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bot.core.values import ZERO, Price, Ratio, record

NO_END_MS = 2**53
"""A time no clock reaches: "until further notice"."""


@record
class MarketView:
    """What a stage may look at."""

    at_ms: int
    asset: str
    mark: Price
    index: Price
    funding_rate: Ratio | None


@record
class Band:
    """Tolerated distance around the target, as shares of the owner's coins.

    Outside ``outer`` the hedge acts, and trades to ``inner``, the near edge of a narrower band; ``inner`` 0 trades
    to the target itself.
    """

    outer: Ratio
    inner: Ratio


@record
class Target:
    """What a chain of stages wants."""

    ratio: Ratio
    """1 is a full hedge; above 1 the book is net short."""
    band: Band
    reason: str
    signals: tuple[tuple[str, Decimal], ...] = ()
    """Figures behind the reason, by name."""
    valid_until_ms: int = NO_END_MS
    """Up to this time, that time included, the stages would answer the same at any price."""


class Policy(Protocol):
    """One stage."""

    def apply(self, market: MarketView, target: Target) -> Target:
        """Bend the target the stages before have formed."""


def ask(stages: Sequence[Policy], market: MarketView, band: Band) -> Target:
    """Send a target through the stages of a hedge, beginning with no hedge at all."""
    target = Target(ratio=Ratio(ZERO), band=band, reason="")
    for stage in stages:
        target = stage.apply(market, target)
    return target
