"""What hedging took away of the variance, out of the history of profit."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from bot.core import formulas
from bot.core.values import ZERO
from bot.shell.view import Mark

HOUR_MS = 3_600_000
WINDOWS = {"1d": 24, "7d": 168, "30d": 720}
"""Hours that are looked back on."""
FULL = Decimal("0.5")
"""Share of a window's hours whose changes must be known, or the figure would speak of another time than it says."""
APART_MAX = 4
"""Hours over which a change is still taken: while nothing stirs there is no decision, and so no mark."""
CHANGES_MIN = 6
"""Fewer changes make no variance to speak of."""


def effectiveness(marks: Sequence[Mark], hours: int) -> Decimal | None:
    """Measure one hedge: 1 - var(hedged) / var(unhedged) of changes hour by hour, over hours that end with the last mark.

    An hour closes with its last mark; a change is taken to the next hour that has one, both hedged and not, so that hours
    without a mark distort neither against the other (reference section 10). None while too little is known, or if nothing
    moved.

    Args:
        marks: of one hedge, oldest first.
        hours: how far back.
    """
    if not marks:
        return None
    last = marks[-1].at_ms // HOUR_MS
    closes = {one.at_ms // HOUR_MS: one for one in marks if one.at_ms // HOUR_MS >= last - hours}
    near = [(a, b) for a, b in pairwise(closes) if b - a <= APART_MAX]
    if len(near) < CHANGES_MIN or sum(b - a for a, b in near) < hours * FULL:
        return None
    pairs = [(closes[a], closes[b]) for a, b in near]
    bare = _variance([after.value_unhedged - before.value_unhedged for before, after in pairs])
    hedged = _variance([after.value - before.value for before, after in pairs])
    return None if bare == ZERO else formulas.effectiveness(hedged, bare)


def _variance(changes: Sequence[Decimal]) -> Decimal:
    mean = sum(changes, ZERO) / len(changes)
    return sum(((one - mean) ** 2 for one in changes), ZERO) / len(changes)
