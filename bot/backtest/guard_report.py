"""One hedge replayed three times: without the guard, with it, and with top-ups from a reserve; side by side."""

from decimal import Decimal
from typing import Literal

import numpy as np

from bot.backtest.guard_notes import GuardStep
from bot.backtest.history import Floats, exact
from bot.backtest.report import report, series_of
from bot.backtest.runner import Run
from bot.core.positions import entry_of
from bot.core.values import ZERO, record

Scenario = Literal["no guard", "guard", "guard and top-ups"]
SCENARIOS: tuple[Scenario, ...] = ("no guard", "guard", "guard and top-ups")


@record
class Death:
    """A liquidation."""

    at_ms: int
    price: Decimal
    """High of the bar it happened in."""


@record
class GuardRow:
    """What one replay came to. Money in settlement currency unless it says so."""

    hedge: str
    scenario: Scenario
    settle: str
    leverage_entered: Decimal
    """Value of the position over equity after the entry."""
    liquidated: Death | None
    distance_min: float | None
    """Nearest liquidation came at a close, as a share of the mark."""
    reductions: int
    naked_max: Decimal
    """Most coins that a reduction left unhedged."""
    naked_mean: float
    """Coins unhedged against the full hedge, on the mean of all bars after the entry."""
    cost: Decimal
    """Fees and price given away by reductions."""
    naked_pnl: Decimal
    """Quote currency that the unhedged coins gained (or lost, negative) over the years."""
    top_ups: int
    moved: Decimal
    ratio_mean: float | None
    """Hedge ratio achieved, on the mean of all bars."""
    ratio_end: float | None
    futures_pnl: Decimal
    """Quote currency, without funding and fees."""
    steps: tuple[GuardStep, ...]


def guard_row(hedge: str, scenario: Scenario, run: Run) -> GuardRow:
    """Sum a replay up."""
    series, told, steps = series_of(run), report(run, 0), run.guarded
    naked = np.nan_to_num(np.maximum(series.own * (1 - series.achieved), 0))
    moves = np.diff(_filled(series.spot))
    return GuardRow(
        hedge=hedge,
        scenario=scenario,
        settle=run.setup.contract.settle,
        leverage_entered=_leverage(run),
        liquidated=_death(run),
        distance_min=told.liquidation_distance_min,
        reductions=told.guard.reductions,
        naked_max=told.guard.naked_max,
        naked_mean=float(naked.mean()),
        cost=sum((step.cost for step in steps), ZERO),
        naked_pnl=Decimal(f"{float((naked[:-1] * moves).sum()):.2f}"),
        top_ups=told.guard.top_ups,
        moved=told.guard.moved_settle,
        ratio_mean=float(np.nanmean(series.achieved)),
        ratio_end=float(series.achieved[-1]),
        futures_pnl=told.futures_pnl,
        steps=steps,
    )


def _filled(prices: Floats) -> Floats:
    """Carry the last known price over bars without one."""
    known = np.where(np.isnan(prices), 0, np.arange(len(prices)))
    return prices[np.maximum.accumulate(known)]


def _leverage(run: Run) -> Decimal:
    """Give the leverage after the entry: value of the first position over equity, at that bar's close."""
    contract = run.setup.contract
    for point in run.path:
        if point.contracts != ZERO:
            mark = exact(run.history.mark[point.bar])
            entry = entry_of(contract, point.contracts, point.cost)
            equity = point.wallet + contract.pnl(point.contracts, entry, mark)
            return round(contract.value(point.contracts, mark) / equity, 3)
    return ZERO


def _death(run: Run) -> Death | None:
    """Find the first liquidation, and how high the price went in its bar."""
    if not run.liquidations:
        return None
    at_ms, history = run.liquidations[0].at_ms, run.history
    bar = int(np.searchsorted(history.open_ms + history.interval_ms, at_ms))
    return Death(at_ms=at_ms, price=exact(history.perp_high[bar]))
