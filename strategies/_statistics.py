"""Statistics of closed bars, in floats: estimates, never money. Sums run from the oldest to the newest.

Sources: the shared theory, section 10 (estimators) and section 11; Parkinson 1980 for the range.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

RANGE_FACTOR = 4 * math.log(2)
"""Parkinson: the mean squared log range of a Brownian path is 4 ln 2 times its variance."""


def log_returns(closes: Sequence[Decimal]) -> list[float]:
    """Log returns from one close to the next.

    Raises:
        ValueError: a price is not positive.
    """
    prices = [float(close) for close in closes]
    if any(not price > 0 for price in prices):
        raise ValueError("a price is not positive")
    return [math.log(after / before) for before, after in pairwise(prices)]


def ewma_weights(count: int, half_life: float) -> list[float]:
    """Weights of ``count`` figures, oldest first, that halve every ``half_life``; they add up to 1."""
    raw = [0.5 ** ((count - 1 - place) / half_life) for place in range(count)]
    whole = sum(raw)
    return [one / whole for one in raw]


def equal_weights(count: int) -> list[float]:
    """Weights of ``count`` figures that count alike."""
    return [1 / count] * count


def ewma_volatility(returns: Sequence[float], half_life: float, bars_a_year: float) -> float:
    """Volatility a year from returns around zero, newer ones weighing more."""
    weights = ewma_weights(len(returns), half_life)
    return math.sqrt(sum(w * r * r for w, r in zip(weights, returns, strict=True)) * bars_a_year)


def range_volatility(
    highs: Sequence[Decimal], lows: Sequence[Decimal], half_life: float, bars_a_year: float
) -> float:
    """Volatility a year from the bars' ranges (Parkinson), newer ones weighing more."""
    squares = [math.log(float(high) / float(low)) ** 2 for high, low in zip(highs, lows, strict=True)]
    weights = ewma_weights(len(squares), half_life)
    mean = sum(w * one for w, one in zip(weights, squares, strict=True))
    return math.sqrt(mean / RANGE_FACTOR * bars_a_year)


def winsorised(figures: Sequence[float], share: float) -> list[float]:
    """Draw the outermost ``share`` of figures at each end in to the nearest figure that stays."""
    ordered = sorted(figures)
    cut = int(len(ordered) * share)
    low, high = ordered[cut], ordered[len(ordered) - 1 - cut]
    return [min(max(one, low), high) for one in figures]


class Slope:
    """A weighted least-squares line of ``ys`` on ``xs``: slope, its standard error, share of variance explained.

    Raises:
        ValueError: there are fewer than three pairs, or the ``xs`` do not move.
    """

    def __init__(self, xs: Sequence[float], ys: Sequence[float], weights: Sequence[float]) -> None:
        if len(xs) < 3:  # noqa: PLR2004 - two points fit any line
            raise ValueError(f"{len(xs)} pairs of returns make no slope")
        mean_x = sum(w * x for w, x in zip(weights, xs, strict=True))
        mean_y = sum(w * y for w, y in zip(weights, ys, strict=True))
        var_x = sum(w * (x - mean_x) ** 2 for w, x in zip(weights, xs, strict=True))
        var_y = sum(w * (y - mean_y) ** 2 for w, y in zip(weights, ys, strict=True))
        if var_x <= 0:
            raise ValueError("the future's price did not move")
        cov = sum(w * (x - mean_x) * (y - mean_y) for w, x, y in zip(weights, xs, ys, strict=True))
        self.slope = cov / var_x
        left = max(var_y - cov * cov / var_x, 0.0)
        effective = 1 / sum(w * w for w in weights)
        self.error = math.sqrt(left / var_x / max(effective - 2, 1.0))
        self.explained = 0.0 if var_y <= 0 else 1 - left / var_y


def shrunk(estimate: float, error: float, prior: float, prior_error: float) -> float:
    """Draw an estimate towards a prior, the more the less it is certain (Vasicek)."""
    weight = prior_error**2 / (prior_error**2 + error**2) if prior_error or error else 1.0
    return weight * estimate + (1 - weight) * prior


def variance(figures: Sequence[float]) -> float:
    """Mean squared deviation from the mean."""
    mean = sum(figures) / len(figures)
    return sum((one - mean) ** 2 for one in figures) / len(figures)


def between(value: float, low: float, high: float) -> float:
    """Say how far ``value`` has come from ``low`` to ``high``, from 0 to 1."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def trend(returns: Sequence[float]) -> float:
    """Give the t-statistic of the mean return; 0 if nothing moved."""
    mean = sum(returns) / len(returns)
    spread = math.sqrt(sum((one - mean) ** 2 for one in returns) / max(len(returns) - 1, 1))
    if spread == 0:
        return 0.0 if mean == 0 else math.copysign(math.inf, mean)
    return mean / spread * math.sqrt(len(returns))


def strength_index(returns: Sequence[float]) -> float:
    """Give the share of what rose in all that moved, 0 to 100; 50 if nothing did (relative strength index)."""
    gains, losses = sum(max(one, 0.0) for one in returns), sum(max(-one, 0.0) for one in returns)
    return 50.0 if gains + losses == 0 else 100 * gains / (gains + losses)


def effectiveness(
    held: Sequence[float], hedging: Sequence[float], hedged: Sequence[float], blocks: int
) -> tuple[float, float]:
    """Share of variance that a hedge took away, and its standard error by leaving out one block after another.

    ``hedged`` is what each hedge ratio was when its return came: nothing in it may come from that return or a later one.
    """
    left = [s - h * f for s, f, h in zip(held, hedging, hedged, strict=True)]

    def share(kept: Sequence[int]) -> float:
        before = variance([held[place] for place in kept])
        return 0.0 if before == 0 else 1 - variance([left[place] for place in kept]) / before

    places = range(len(held))
    size = max(len(held) // blocks, 1)
    without = [
        share([place for place in places if not start <= place < start + size])
        for start in range(0, size * blocks, size)
    ]
    mean = sum(without) / len(without)
    error = math.sqrt(sum((one - mean) ** 2 for one in without) * (len(without) - 1) / len(without))
    return share(places), error
