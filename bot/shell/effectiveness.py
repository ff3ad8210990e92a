"""What hedging took away of the variance, out of the history of profit."""

from collections.abc import Sequence
from decimal import Decimal

from bot.core import formulas
from bot.core.values import ZERO
from bot.shell.view import Mark

HOUR_MS = 3_600_000
WINDOWS = {"1d": 24, "7d": 168, "30d": 720}
"""Hours that are looked back on."""
FULL = Decimal("0.5")
"""Share of a window's hours whose changes must be known, or the figure would speak of another time than it says."""


def effectiveness(marks: Sequence[Mark], hours: int) -> Decimal | None:
    """Measure one hedge: 1 - var(hedged) / var(unhedged) of hourly changes, over hours that end with the last mark.

    An hour closes with its last mark; no change is taken across an hour without one (reference section 10). None while too
    few changes are known, or if nothing moved.

    Args:
        marks: of one hedge, oldest first.
        hours: how far back.
    """
    if not marks:
        return None
    last = marks[-1].at_ms // HOUR_MS
    closes = {one.at_ms // HOUR_MS: one for one in marks if one.at_ms // HOUR_MS >= last - hours}
    pairs = [(closes[hour - 1], close) for hour, close in closes.items() if hour - 1 in closes]
    if len(pairs) < hours * FULL:
        return None
    bare = _variance([after.value_unhedged - before.value_unhedged for before, after in pairs])
    hedged = _variance([after.value - before.value for before, after in pairs])
    return None if bare == ZERO else formulas.effectiveness(hedged, bare)


def _variance(changes: Sequence[Decimal]) -> Decimal:
    mean = sum(changes, ZERO) / len(changes)
    return sum(((one - mean) ** 2 for one in changes), ZERO) / len(changes)
