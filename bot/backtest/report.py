"""What a replay came to: profit by source, how well it hedged, how near it came to trouble.

Money sums are exact Decimals from the model exchange's books. Statistics over bars are floats. Profits are in quote
currency; coin amounts of an inverse hedge are valued at the last spot price, so that the parts add up to the whole.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import cast

import numpy as np

from bot.backtest.history import Floats, Ints, exact
from bot.backtest.runner import Run
from bot.core import formulas
from bot.core.instruments import Contract
from bot.core.positions import entry_of, open_pnl
from bot.core.values import ZERO, record

HOUR_MS = 3_600_000
HORIZONS = (("8h", 8 * HOUR_MS), ("1d", 24 * HOUR_MS))
ITEM_MOVE_MIN = Decimal("0.01")
"""The dollar offset is not shown when the spot moved less than this share: it is unstable there."""


@record
class Effect:
    """How well the hedge worked over one horizon; None where there is nothing to measure."""

    hedge_effectiveness: float | None
    vol_reduction: float | None
    slope: float | None
    changes: int


@record
class Guarded:
    """What the guard did."""

    reductions: int
    """Orders by which it made the hedge smaller."""
    naked_max: Decimal
    """Most coins that one left unhedged."""
    top_ups: int
    moved_settle: Decimal
    """Margin they moved in, in settlement currency."""


@record
class Report:
    """The figures of one replay."""

    data: str
    bars: int
    bars_skipped_missing: int
    bars_skipped_stale: int
    decisions: int
    orders: int
    fills: int
    refusals: Mapping[str, int]
    """Wishes the guard refused and orders the exchange rejected, by reason."""
    settlements: int
    spot_pnl: Decimal
    futures_pnl: Decimal
    funding: Decimal
    fees: Decimal
    slippage: Decimal
    net_pnl: Decimal
    settle: str
    futures_pnl_settle: Decimal
    funding_settle: Decimal
    fees_settle: Decimal
    position_contracts: Decimal
    wallet_settle: Decimal
    equity_settle: Decimal
    value_quote_min: float | None
    value_quote_max: float | None
    hedge_effectiveness: Mapping[str, float | None]
    """By horizon: 1 - Var(spot + hedge) / Var(spot), of changes between closes."""
    vol_reduction: Mapping[str, float | None]
    """By horizon: 1 - sqrt(1 - effectiveness)."""
    regression_slope: Mapping[str, float | None]
    """By horizon: the multiple of the hedge that would have had the least variance; 1 is perfect."""
    changes: Mapping[str, int]
    """By horizon: how many changes were measured."""
    dollar_offset: float | None
    achieved_ratio_min: float | None
    achieved_ratio_max: float | None
    margin_ratio_max: float | None
    liquidation_distance_min: float | None
    liquidations: int
    guard: Guarded
    seconds: float


@record
class Series:
    """The account at each bar's close, from the first decision on. Floats."""

    spot: Floats
    own: Floats
    """Own coins: holdings, and for an inverse hedge the wallet without price profit."""
    hedge: Floats
    """Cumulated price profit of the futures, in quote currency."""
    achieved: Floats
    value: Floats
    """Own coins and the hedge's profit, in quote currency."""
    cash: Floats
    """Funding less fees of a linear hedge so far, in quote currency; those of an inverse hedge are among the own coins."""
    margin_ratio: Floats
    """Maintenance over equity at the worst price of the bar, with the position held through it."""
    liquidation_distance: Floats


def report(run: Run, seconds: float) -> Report:
    """Put the figures of a replay together."""
    contract, history = run.setup.contract, run.history
    last_spot = exact(_last_valid(run.spot, history.perp_close))
    rate = Decimal(1) if contract.linear else last_spot
    pnl, unrealised, funding, fees = _settled(run)
    spot_pnl, end = _spot_pnl(run, last_spot), run.path[-1]
    series = series_of(run)
    effects = _effects(run, series)
    return Report(
        data=history.name,
        bars=len(history),
        bars_skipped_missing=int(history.missing.sum()),
        bars_skipped_stale=int(history.stale.sum()),
        decisions=run.decisions,
        orders=run.orders,
        fills=len(run.fills),
        refusals=run.refusals,
        settlements=sum(payment.kind == "funding" for payment in run.payments),
        spot_pnl=_plain(spot_pnl),
        futures_pnl=_plain(pnl * rate),
        funding=_plain(funding * rate),
        fees=_plain(-fees * rate),
        slippage=_plain(-run.slippage),
        net_pnl=_plain(spot_pnl + (pnl + funding - fees) * rate),
        settle=contract.settle,
        futures_pnl_settle=_plain(pnl),
        funding_settle=_plain(funding),
        fees_settle=_plain(-fees),
        position_contracts=_plain(end.contracts),
        wallet_settle=_plain(end.wallet),
        equity_settle=_plain(end.wallet + unrealised),
        value_quote_min=_extreme(np.min, series.value),
        value_quote_max=_extreme(np.max, series.value),
        hedge_effectiveness={name: effect.hedge_effectiveness for name, effect in effects.items()},
        vol_reduction={name: effect.vol_reduction for name, effect in effects.items()},
        regression_slope={name: effect.slope for name, effect in effects.items()},
        changes={name: effect.changes for name, effect in effects.items()},
        dollar_offset=_dollar_offset(run, spot_pnl, pnl * rate, last_spot),
        achieved_ratio_min=_extreme(np.min, series.achieved),
        achieved_ratio_max=_extreme(np.max, series.achieved),
        margin_ratio_max=_extreme(np.max, series.margin_ratio),
        liquidation_distance_min=_extreme(np.min, series.liquidation_distance),
        liquidations=len(run.liquidations),
        guard=_guarded(run),
        seconds=seconds,
    )


def _guarded(run: Run) -> Guarded:
    """Sum up the guard's acts."""
    reductions = [step for step in run.guarded if step.kind == "reduce"]
    return Guarded(
        reductions=len(reductions),
        naked_max=_plain(max((step.naked for step in reductions), default=ZERO)),
        top_ups=len(run.guarded) - len(reductions),
        moved_settle=_plain(sum((step.moved for step in run.guarded), ZERO)),
    )


def _plain(amount: Decimal) -> Decimal:
    """Drop idle zeros and exponents; the value stays what it is."""
    return Decimal(f"{amount.normalize():f}")


def _settled(run: Run) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Sum price profit (at the last close, liquidations included), its open part, funding, and fees paid.

    All in settlement currency.
    """
    contract, end = run.setup.contract, run.path[-1]
    close = exact(run.history.perp_close[-1])
    unrealised = open_pnl(contract, end.contracts, end.cost, close)
    funding = sum((payment.amount for payment in run.payments if payment.kind == "funding"), ZERO)
    fees = sum((fill.fee for fill in run.fills), ZERO)
    return end.realised + end.seized + unrealised, unrealised, funding, fees


def _start_coins(run: Run) -> Decimal:
    """Coins at the start: held outside, and the deposit and the reserve of an inverse hedge."""
    held = sum((holding.coins for holding in run.setup.holdings), ZERO)
    return held if run.setup.contract.linear else held + run.setup.deposit + run.setup.reserve


def _spot_pnl(run: Run, last_spot: Decimal) -> Decimal:
    first = float(run.spot[run.first_bar])
    return ZERO if np.isnan(first) else _start_coins(run) * (last_spot - exact(first))


def _last_valid(spot: Floats, fallback: Floats) -> float:
    known = np.flatnonzero(~np.isnan(spot))
    return float(spot[known[-1]]) if len(known) else float(fallback[-1])


def _dollar_offset(run: Run, spot_pnl: Decimal, futures_pnl: Decimal, last_spot: Decimal) -> float | None:
    """Cumulative ``-hedge / item``, or None if the item hardly moved."""
    if abs(spot_pnl) <= ITEM_MOVE_MIN * _start_coins(run) * last_spot:
        return None
    return float(-futures_pnl / spot_pnl)


# --- series -------------------------------------------------------------------------------------------------


def series_of(run: Run) -> Series:
    """Spread the changes of the account over the bars between them, and value it at each close."""
    history, contract = run.history, run.setup.contract
    span = slice(run.first_bar, len(history))
    which = np.searchsorted([point.bar for point in run.path], np.arange(span.start, span.stop), "right") - 1

    def column(values: list[Decimal]) -> Floats:
        return np.array([float(value) for value in values])[which]

    size = column([point.contracts * contract.contract_size for point in run.path])
    entry = column([entry_of(contract, point.contracts, point.cost) for point in run.path])
    wallet = column([point.wallet for point in run.path])
    realised = column([point.realised + point.seized for point in run.path])
    death = np.array(
        [float("nan" if p.liquidation_price is None else p.liquidation_price) for p in run.path]
    )[which]
    held = float(sum((holding.coins for holding in run.setup.holdings), ZERO))
    spare, start = column([point.spare for point in run.path]), float(run.setup.deposit + run.setup.reserve)
    own = np.full(len(which), held) if contract.linear else held + spare + wallet - realised
    close, mark, spot = history.perp_close[span], history.mark[span], run.spot[span]
    pnl = realised + _open_pnl(contract, size, entry, close)
    hedge = pnl if contract.linear else pnl * spot
    told = own * spot / close if run.proxy else own
    delta = told + size if contract.linear else own + pnl + size / close
    return Series(
        spot=spot,
        own=own,
        hedge=hedge,
        achieved=1 - delta / np.where(told > 0, told, np.nan),
        value=own * spot + hedge,
        cash=wallet + spare - realised - start if contract.linear else np.zeros(len(which)),
        margin_ratio=_margin_ratio(run, span, size, entry, wallet),
        liquidation_distance=np.where(size < 0, death / mark - 1, 1 - death / mark),
    )


def _open_pnl(contract: Contract, size: Floats, entry: Floats, price: Floats) -> Floats:
    """Unrealised profit of signed sizes, in settlement currency; a flat position has none."""
    formula = formulas.linear_pnl if contract.linear else formulas.inverse_pnl
    known = np.where(size == 0, 1.0, entry)  # of a flat position any entry will do
    # numpy's own types are wider than the formulas' idea of an array, so that they have to be told.
    pnl = formula(1, *(cast("formulas.Array", figures) for figures in (size, known, price)))
    return cast("Floats", pnl)


def _margin_ratio(run: Run, span: slice, size: Floats, entry: Floats, wallet: Floats) -> Floats:
    """Maintenance over equity at each bar's worst price, with the position held into the bar."""
    history, contract = run.history, run.setup.contract
    size, entry, wallet = size[:-1], entry[:-1], wallet[:-1]
    high, low = history.perp_high[span][1:], history.perp_low[span][1:]
    worst = np.where(size < 0, high, low)
    value = np.abs(size) * worst if contract.linear else np.abs(size) / worst
    maintenance = np.max(
        [float(t.maintenance_rate) * value - float(t.maintenance_amount) for t in contract.tiers], axis=0
    )
    equity = wallet + _open_pnl(contract, size, entry, worst)
    return np.where((size == 0) | (equity <= 0), np.nan, maintenance / np.where(equity > 0, equity, 1))


def _extreme(which: Callable[[Floats], np.float64], values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(which(known)) if len(known) else None


# --- effectiveness ------------------------------------------------------------------------------------------


def _effects(run: Run, series: Series) -> dict[str, Effect]:
    history = run.history
    horizons = (("1bar", history.interval_ms), *(h for h in HORIZONS if h[1] > history.interval_ms))
    open_ms = history.open_ms[run.first_bar :]
    return {
        name: effect(series.spot, series.own, series.hedge, open_ms, horizon) for name, horizon in horizons
    }


def effect(
    spot: Floats, own: Floats, hedged: Floats, open_ms: Ints, horizon_ms: int, item: Floats | None = None
) -> Effect:
    """Measure changes of own coins and of the hedge's profit between the last whole bars of neighbouring clock windows.

    A window without a spot price has no close, and no change is taken across it: a stale or missing price must not
    pass for a market move. ``item`` are the coins whose variance is to be taken away, if not all own ones.
    """
    whole = np.flatnonzero(np.isfinite(spot))
    if not len(whole):
        return Effect(hedge_effectiveness=None, vol_reduction=None, slope=None, changes=0)
    window = open_ms[whole] // horizon_ms
    closing = whole[np.append(window[1:] != window[:-1], [True])]
    window = open_ms[closing] // horizon_ms
    neighbours = np.diff(window) == 1
    first, second = closing[:-1][neighbours], closing[1:][neighbours]
    moves = spot[second] - spot[first]
    whole_change = own[first] * moves + hedged[second] - hedged[first]
    bare = (own if item is None else item)[first] * moves
    hedge = whole_change - bare
    if len(bare) < 2 or np.var(bare) == 0:  # noqa: PLR2004 - a variance needs two changes
        return Effect(hedge_effectiveness=None, vol_reduction=None, slope=None, changes=len(bare))
    measure = float(formulas.effectiveness(np.var(whole_change), np.var(bare)))
    spread = float(np.var(hedge))
    slope = -float(np.mean((bare - bare.mean()) * (hedge - hedge.mean()))) / spread if spread else None
    return Effect(
        hedge_effectiveness=measure,
        vol_reduction=1 - float(np.sqrt(max(0.0, 1 - measure))) if measure <= 1 else None,
        slope=slope,
        changes=len(bare),
    )
