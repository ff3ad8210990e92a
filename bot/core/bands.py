"""When a gap is worth a trade: bands given as numbers, or reckoned from what trading costs (reference section 12).

A gap is a random walk between the edges. Trading back to the *edge* and no further is what proportional costs ask for.
"""

from dataclasses import replace
from decimal import Decimal

from bot.core.policy import NO_END_MS, Band, Target
from bot.core.snapshot import Volatility
from bot.core.values import ONE, ZERO, Ratio, record

DAYS_A_YEAR = Decimal(365)
TWO, THREE = Decimal(2), Decimal(3)


@record
class CostOptimal:
    """The band that costs least: what its trades cost and what the risk inside it is worth, together."""

    risk_aversion: Decimal
    """What variance costs: ``risk_aversion x variance / 2`` a year, as a share of the hedged value."""
    spread: Ratio
    """From bid to ask, as a share of the price; half of it and the taker fee are the cost of a trade."""
    mismatch_volatility: Ratio
    """How much the gap moves by itself a year, as a share of own coins; 0: what a constant mix makes of the price's."""
    outer_min: Ratio
    outer_max: Ratio
    until_known: Band
    """While no volatility is known."""


@record
class TrackingError:
    """The widest band whose gaps cost no more than a budget of tracking error."""

    budget: Ratio
    """Standard deviation a year of what the gaps win and lose, as a share of the hedged value."""
    outer_min: Ratio
    outer_max: Ratio
    until_known: Band
    """While no volatility is known."""


BandRules = Band | CostOptimal | TrackingError


def start_of(rules: BandRules) -> Band:
    """Give the band that is there before anything is reckoned."""
    return rules if isinstance(rules, Band) else rules.until_known


def with_band(target: Target, rules: BandRules, fee: Ratio, volatility: Volatility | None) -> Target:
    """Give a target its band. A reckoned one is told with its reason, and lasts as long as the volatility behind it.

    ``fee`` is what a taker pays, as a share of the value. Where a stage has set another band, that one stands.
    """
    if isinstance(rules, Band) or target.band != rules.until_known:
        return target
    if volatility is None or volatility.day <= ZERO:
        words = f"band {rules.until_known.outer:.2%}: no volatility is known to reckon one from"
        return _told(target, rules.until_known, words, NO_END_MS)
    sigma = volatility.day * DAYS_A_YEAR.sqrt()
    if isinstance(rules, TrackingError):
        edge, how = tracking_edge(rules.budget, sigma), f"a tracking error of {rules.budget:.2%}"
    else:
        own = target.ratio * (ONE - target.ratio) * sigma
        eta = rules.mismatch_volatility or abs(own)
        cost = fee + rules.spread / TWO
        edge, how = cost_optimal_edge(cost, eta, rules.risk_aversion, sigma), "cost-optimal"
    edge = min(max(edge, rules.outer_min), rules.outer_max)
    band = Band(outer=Ratio(edge), inner=Ratio(edge))
    return _told(
        target, band, f"band {edge:.2%}: {how} at a volatility of {sigma:.1%} a year", volatility.until_ms
    )


def _told(target: Target, band: Band, words: str, until_ms: int) -> Target:
    reason = f"{target.reason}; {words}" if target.reason else words
    return replace(target, band=band, reason=reason, valid_until_ms=min(target.valid_until_ms, until_ms))


def cost_optimal_edge(cost: Decimal, eta: Decimal, risk_aversion: Decimal, sigma: Decimal) -> Decimal:
    """Half-width of the band that costs least, traded back to its edge: (3 kappa eta^2 / (2 a sigma^2))^(1/3).

    Args:
        cost: kappa, of a trade, as a share of its value.
        eta: volatility of the gap, a year, as a share of the hedged value.
        risk_aversion: a.
        sigma: volatility of the coin, a year; not 0.
    """
    cube = THREE * cost * eta**2 / (TWO * risk_aversion * sigma**2)
    return ZERO if cube <= ZERO else cube ** (ONE / THREE)


def cost_optimal_year(edge: Decimal, risk_aversion: Decimal, sigma: Decimal) -> Decimal:
    """Cost a year of the cost-optimal band, as a share of the hedged value: a sigma^2 w^2 / 2; a third of it is risk."""
    return risk_aversion * sigma**2 * edge**2 / TWO


def tracking_edge(budget: Decimal, sigma: Decimal) -> Decimal:
    """Half-width of the band whose gaps, evenly spread inside it, make a tracking error: sqrt(3) TE / sigma."""
    return THREE.sqrt() * budget / sigma
