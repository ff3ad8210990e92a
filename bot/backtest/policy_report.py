"""What a policy came to over a history: how well it hedged, what it cost, how near it came to trouble.

Statistics are floats. Shares are pure numbers; a basis point is 1 / 10,000. The *hedged value* is that of the coins there
are, at spot: the holdings of a linear hedge; of an inverse one the holdings and the wallet with its price profit. Yearly
figures are sums over the scored time, divided by its years and by the hedged value on the mean of its bars:

* cost = fees + slippage; net cost = fees + slippage - funding. Positive is a cost, and negative funding is one.
* effectiveness = 1 - Var(coins and hedge) / Var(coins), of changes of the hedged value between closes, and the volatility
  reduction 1 - sqrt(1 - effectiveness) (theory, section 10). It is out of sample: each decision knew closed bars only.
* drawdown: the largest fall of coins, price profit, funding and fees together from their highest, as a share of that.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from bot.backtest.history import Floats, exact
from bot.backtest.report import Effect, Series, effect, report, series_of
from bot.backtest.runner import Run
from bot.core.values import ZERO, record

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS
HORIZONS = (("1h", HOUR_MS), ("8h", 8 * HOUR_MS), ("1d", 24 * HOUR_MS))
BASIS_POINTS = 10_000


@record
class PolicyRow:
    """One hedge over the scored time."""

    policy: str
    contract: str
    first_decision_ms: int
    hedge_effectiveness: Mapping[str, float | None]
    """By horizon; None where the bars are longer, or nothing moved."""
    vol_reduction: Mapping[str, float | None]
    ratio_mean: float | None
    """Share of the coins there are that is hedged, on the mean of all bars."""
    hedged_value_mean: float
    """Quote currency."""
    turnover_year: float
    """Value traded a year, in multiples of the hedged value."""
    fees_quote: float
    """Paid; coins of an inverse hedge at the price they were paid at."""
    slippage_quote: float
    funding_quote: float
    """Positive was received; coins of an inverse hedge at the price of the settlement."""
    fees_bp_year: float
    slippage_bp_year: float
    funding_bp_year: float
    cost_bp_year: float
    """Fees + slippage."""
    net_cost_bp_year: float
    """Fees + slippage - funding; negative: it earned."""
    drawdown: float | None
    drawdown_unhedged: float | None
    liquidation_distance_min: float | None
    """Nearest liquidation came at a close, as a share of the mark."""
    margin_ratio_max: float | None
    trades: int
    refused: int
    """Wishes that the guard refused, and orders that the exchange rejected."""
    liquidations: int
    guard_reductions: int
    guard_top_ups: int


@record
class Comparison:
    """Policies side by side, all scored on the same span."""

    scored_from: str
    """UTC: the first decision of every row was taken then."""
    scored_until: str
    years: float
    rows: tuple[PolicyRow, ...]
    seconds: float


def policy_row(hedge: str, run: Run) -> PolicyRow:
    """Sum a replay up; it is scored from its first decision on."""
    told, series = report(run, 0), _fresh(run, series_of(run))
    coins = series.own if run.setup.contract.linear else series.value / series.spot
    mean = float(np.nanmean(coins * series.spot))
    first_ms = run.history.close_ms(run.first_bar)
    years = (run.history.close_ms(-1) - first_ms) / YEAR_MS

    def a_year(amount: Decimal) -> float:
        return float(amount) / mean / years

    fees, slippage, funding = _fees(run), run.slippage, _funding(run)
    effects = _effects(run, series, coins)
    ratio = 1 - (1 - series.achieved) * series.own / np.where(coins > 0, coins, np.nan)
    return PolicyRow(
        policy=hedge,
        contract=run.setup.contract.symbol,
        first_decision_ms=first_ms,
        hedge_effectiveness={name: one.hedge_effectiveness for name, one in effects.items()},
        vol_reduction={name: one.vol_reduction for name, one in effects.items()},
        ratio_mean=float(np.nanmean(ratio)) if np.isfinite(ratio).any() else None,
        hedged_value_mean=mean,
        turnover_year=a_year(_traded(run)),
        fees_quote=float(fees),
        slippage_quote=float(slippage),
        funding_quote=float(funding),
        fees_bp_year=a_year(fees) * BASIS_POINTS,
        slippage_bp_year=a_year(slippage) * BASIS_POINTS,
        funding_bp_year=a_year(funding) * BASIS_POINTS,
        cost_bp_year=a_year(fees + slippage) * BASIS_POINTS,
        net_cost_bp_year=a_year(fees + slippage - funding) * BASIS_POINTS,
        drawdown=drawdown(series.value + series.cash),
        drawdown_unhedged=drawdown(series.spot),
        liquidation_distance_min=told.liquidation_distance_min,
        margin_ratio_max=told.margin_ratio_max,
        trades=told.fills,
        refused=sum(told.refusals.values()),
        liquidations=told.liquidations,
        guard_reductions=told.guard.reductions,
        guard_top_ups=told.guard.top_ups,
    )


def drawdown(values: Floats) -> float | None:
    """Give the largest fall from the highest value so far, as a share of it; gaps are left out, None is no value at all."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    return float((1 - known / np.maximum.accumulate(known)).max())


def _fresh(run: Run, series: Series) -> Series:
    """Take out prices that were stale: nothing traded behind them."""
    stale = run.history.stale[run.first_bar :]
    spot, value = (np.where(stale, np.nan, values) for values in (series.spot, series.value))
    return replace(series, spot=spot, value=value)


def _effects(run: Run, series: Series, coins: Floats) -> dict[str, Effect]:
    """Measure at every horizon; one that is shorter than a bar has no changes."""
    history = run.history
    open_ms = history.open_ms[run.first_bar :]
    return {
        name: NOTHING
        if horizon < history.interval_ms
        else effect(series.spot, series.own, series.hedge, open_ms, horizon, coins)
        for name, horizon in HORIZONS
    }


NOTHING = Effect(hedge_effectiveness=None, vol_reduction=None, slope=None, changes=0)


def _traded(run: Run) -> Decimal:
    """Sum the value of all fills, in quote currency."""
    contract = run.setup.contract
    return sum((contract.coins(fill.contracts, fill.price) * fill.price for fill in run.fills), ZERO)


def _fees(run: Run) -> Decimal:
    """Sum the fees paid, in quote currency."""
    linear = run.setup.contract.linear
    return sum((fill.fee if linear else fill.fee * fill.price for fill in run.fills), ZERO)


def _funding(run: Run) -> Decimal:
    """Sum the funding received, in quote currency."""
    history, linear = run.history, run.setup.contract.linear
    total = ZERO
    for payment in run.payments:
        if payment.kind == "funding":
            bar = int(np.searchsorted(history.open_ms, payment.at_ms))
            total += payment.amount if linear else payment.amount * exact(history.funding_price[bar])
    return total
