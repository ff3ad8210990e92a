"""Moods of a venue: states in which it answers, and answers what is not so."""

from dataclasses import dataclass, field
from decimal import Decimal

from bot.sim.matching import Touch


@dataclass(slots=True)
class Moods:
    """What is not as it should be. All of it can be set and taken back at any time."""

    clock_skew_ms: int = 0
    """The venue's clock goes ahead of the town's by so much."""
    forget_ms: int = 0
    """Orders younger than this are not found by anybody: a replica that lags."""
    partial_share: Decimal | None = None
    """Share of a taking order that finds somebody to fill it at once."""
    empty_positions: bool = False
    """Positions are answered with an empty list although there are some."""
    maintenance: bool = False
    """Every request is refused."""
    stale: dict[str, tuple[Touch, int]] = field(default_factory=dict)
    """By symbol: best prices that stopped moving, and when they did."""
