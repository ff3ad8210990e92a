"""What the rolls of a replay came to: when, how many, at what prices, against the calendar spread's mid.

Basis points are of the near contract's price or value. Money is exact; a statistic over bars is a float.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

import numpy as np

from bot.backtest.dated_notes import Look, Slip
from bot.backtest.dated_runner import DAY_MS, DatedRun
from bot.backtest.history import stamp
from bot.backtest.report import effect
from bot.core.instruments import DatedFuture
from bot.core.positions import entry_of
from bot.core.reports import SETTLEMENT_ID, Fill
from bot.core.rolls import HOUR_MS, Stage
from bot.core.values import ONE, ZERO, Coins, Price, Side, record

T = TypeVar("T")
BPS = Decimal(10_000)
CENT, SATOSHI = Decimal("0.01"), Decimal("0.00000001")


@record
class RollPrices:
    """What a roll's contracts were traded at; None where nothing was, or net nothing."""

    near_price: Decimal | None
    """Average bought at, net."""
    far_price: Decimal | None
    """Average sold at, net."""
    executed_bps: Decimal | None
    """Far sold over near bought, less one."""
    mid_bps: Decimal | None
    """Far mid over near mid, less one: mean over what filled, at the decisions that placed the orders."""
    mid_fresh: Decimal | None
    """Share of what filled whose decision saw both prices of the very hour; if there is any, ``mid_bps`` is of it alone."""
    cost_bps: Decimal | None
    """``mid_bps`` less ``executed_bps``, fees left out: positive is a cost. Half-spreads, and the market between two legs."""
    fees_bps: Decimal | None
    yield_bps: Decimal | None
    """``executed_bps`` less fees, earned by the short: negative is a cost, as in backwardation."""


@record
class InStep:
    """How far a roll's legs were out of step (invariant I7), at the bars' closes."""

    clip_coins_max: Coins
    """Largest clip: what was out of step inside a bar, for a moment."""
    naked_coins_max: Coins
    """Most that was unhedged. What is settled is, until another contract carries it."""
    naked_seconds_max: int
    """Longest that anything was, from close to close; what is back in step at the close it is first seen at was 0 s."""
    over_coins_max: Coins
    """Most that was over-hedged."""
    net_delta_before: Coins | None
    """At the decision that placed the first order."""
    net_delta_after: Coins | None
    """At the last look."""


@record
class Roll:
    """One roll. What it moved is net: a clip that was restored counts against itself, with what that cost."""

    near: str
    far: str | None
    """None if the contract was settled without an order to another one."""
    near_name: str
    """What the file calls it."""
    far_name: str | None
    expires: str
    started: str | None
    """Decision that placed the first order; UTC as all times."""
    finished: str | None
    """Last fill; None if something was left and settled, or the data ended."""
    hours_before_expiry: float | None
    """At the finish."""
    stage: Stage | None
    """In which the last order that filled was decided."""
    trigger: str
    """Why it began before it was forced; empty if it was forced."""
    clips: int
    contracts_near: Decimal
    """Bought back, net."""
    contracts_far: Decimal
    """Sold, net."""
    contracts_settled: Decimal
    """Left over and settled at expiry."""
    prices: RollPrices
    in_step: InStep


@record
class DatedReport:
    """The figures of one replay of rolls."""

    data: str
    spot_data: str
    emulation: str
    """What the data is not, in words; empty if nothing is emulated."""
    bars: int
    bars_skipped_missing: int
    bars_skipped_stale: int
    bars_front_as_index: int
    """Behind the end of the spot file; the nearest contract's close was the index, where it had one."""
    bars_cut: int
    decisions: int
    orders: int
    fills: int
    refusals: Mapping[str, int]
    """Wishes the guard refused and orders the exchange rejected, by reason."""
    lacks: Mapping[str, int]
    """What kept the hedge from being carried on, in words, by the number of decisions that named it."""
    incidents: tuple[str, ...]
    rolls: tuple[Roll, ...]
    all_finished_before_expiry: bool
    hedge_effectiveness: Mapping[str, float | None]
    """By horizon, at closes at which the held contracts traded: 1 - Var(spot + hedge) / Var(spot)."""
    settle: str
    fees_settle: Decimal
    """Of all fills and deliveries; negative is paid."""
    liquidations: int
    seconds: float


def dated_report(run: DatedRun, seconds: float) -> DatedReport:
    """Put the figures of a replay of rolls together."""
    history, rolls = run.history, tuple(_rolls(run))
    return DatedReport(
        data=history.name,
        spot_data=history.spot_name,
        emulation="prices of contracts paid in dollars, replayed as if they were paid in coins"
        if run.setup.emulated
        else "",
        bars=len(history),
        bars_skipped_missing=int(history.missing.sum()),
        bars_skipped_stale=int(history.stale.sum()),
        bars_front_as_index=int(history.from_front.sum()),
        bars_cut=run.bars_cut,
        decisions=run.decisions,
        orders=run.orders,
        fills=len(run.fills),
        refusals=run.refusals,
        lacks=run.lacks,
        incidents=run.incidents,
        rolls=rolls,
        all_finished_before_expiry=all(roll.finished is not None for roll in rolls),
        hedge_effectiveness={"1d": _effectiveness(run)},
        settle=run.setup.terms.settle,
        fees_settle=_plain(-sum((fill.fee for fill in run.fills), ZERO)),
        liquidations=sum(payment.kind == "liquidation" for payment in run.payments),
        seconds=seconds,
    )


def _effectiveness(run: DatedRun) -> float | None:
    """Measure a day's changes from the first fill on, where futures and spot have a price of the same hour."""
    if not run.fills:
        return None
    history, series = run.history, run.series
    first = int((run.fills[0].at_ms - history.open_ms[0]) // history.interval_ms)
    spot = np.where(np.array(series.fresh) & ~history.from_front, history.index, np.nan)[first:]
    own, hedge, open_ms = series.own[first:], series.hedge[first:], history.open_ms[first:]
    return effect(spot, own, hedge, open_ms, DAY_MS).hedge_effectiveness


def _plain(amount: Decimal) -> Decimal:
    """Drop idle zeros and exponents; the value stays what it is."""
    return Decimal(f"{amount.normalize():f}")


# --- one roll -----------------------------------------------------------------------------------------------

Filled = list[tuple[Slip, Fill]]


def _rolls(run: DatedRun) -> Iterable[Roll]:
    """Put slips, fills and looks together by the contract that was left, in order of expiry."""
    slips = _grouped(run.slips, lambda slip: slip.near)
    looks = _grouped(run.looks, lambda look: look.near)
    deliveries = [fill for fill in run.fills if fill.client_order_id == SETTLEMENT_ID]
    settled = _grouped(deliveries, lambda fill: fill.symbol)
    for near in sorted({*slips, *settled}, key=lambda symbol: run.contracts[symbol].expiry_ms):
        yield _roll(run, near, slips.get(near, []), looks.get(near, []), settled.get(near, []))


def _grouped(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _roll(run: DatedRun, near: str, slips: list[Slip], looks: list[Look], settled: list[Fill]) -> Roll:
    by_name = {slip.client_order_id: slip for slip in slips}
    filled = [(by_name[fill.client_order_id], fill) for fill in run.fills if fill.client_order_id in by_name]
    far = slips[-1].far if slips else None
    bought, sold = _moved(run, near, filled), None if far is None else _moved(run, far, filled)
    done = bool(filled) and not settled and any(look.done for look in looks)
    expiry_ms, finished_ms = run.contracts[near].expiry_ms, filled[-1][1].at_ms if done else None
    return Roll(
        near=near,
        far=far,
        near_name=run.names[near],
        far_name=None if far is None else run.names[far],
        expires=_utc(expiry_ms),
        started=_utc(slips[0].at_ms) if slips else None,
        finished=None if finished_ms is None else _utc(finished_ms),
        hours_before_expiry=None if finished_ms is None else (expiry_ms - finished_ms) / HOUR_MS,
        stage=filled[-1][0].stage if filled else None,
        trigger=next((slip.trigger for slip in slips if slip.trigger), ""),
        clips=len({slip.intent for slip, _ in filled}),
        contracts_near=_plain(bought.contracts),
        contracts_far=ZERO if sold is None else _plain(-sold.contracts),
        contracts_settled=_plain(sum((fill.contracts for fill in settled), ZERO)),
        prices=_prices(run, filled, bought, sold),
        in_step=_in_step(run, near, filled, slips, looks, settled),
    )


def _utc(at_ms: int) -> str:
    return stamp(at_ms)[:16] + "Z"


# --- prices -------------------------------------------------------------------------------------------------


@record
class Moved:
    """What filled in one contract, net: signed contracts and their signed value in settlement currency."""

    contract: DatedFuture
    contracts: Decimal
    value: Decimal

    @property
    def price(self) -> Price | None:
        """Average of what moved, weighted (linear) or harmonic (inverse); None if net nothing did."""
        if self.contracts * self.value <= ZERO:
            return None
        return entry_of(self.contract, self.contracts, abs(self.value))


def _moved(run: DatedRun, symbol: str, filled: Filled) -> Moved:
    contract = run.contracts[symbol]
    fills = [fill for _, fill in filled if fill.symbol == symbol]
    return Moved(
        contract=contract,
        contracts=sum((fill.side.sign * fill.contracts for fill in fills), ZERO),
        value=sum((fill.side.sign * contract.value(fill.contracts, fill.price) for fill in fills), ZERO),
    )


def _prices(run: DatedRun, filled: Filled, bought: Moved, sold: Moved | None) -> RollPrices:
    near, far = bought.price, None if sold is None else sold.price
    mid, fresh = _mid(run, filled)
    executed = cost = fees = earned = None
    if near is not None and far is not None:
        executed = (far / near - ONE) * BPS
        cost = None if mid is None else mid - executed
        fees = sum((fill.fee for _, fill in filled), ZERO) / abs(bought.value) * BPS
        earned = executed - fees
    return RollPrices(
        near_price=_cents(near),
        far_price=_cents(far),
        executed_bps=_cents(executed),
        mid_bps=_cents(mid),
        mid_fresh=_cents(fresh),
        cost_bps=_cents(cost),
        fees_bps=_cents(fees),
        yield_bps=_cents(earned),
    )


def _mid(run: DatedRun, filled: Filled) -> tuple[Decimal | None, Decimal | None]:
    """Average the calendar spread's mid over what filled, by coins; and give the share of it that was fresh."""
    weighed = [
        (
            run.contracts[fill.symbol].coins(fill.contracts, fill.price),
            slip.fresh,
            slip.far_mid / slip.near_mid,
        )
        for slip, fill in filled
    ]
    whole = sum((coins for coins, _, _ in weighed), ZERO)
    if whole == ZERO:
        return None, None
    fresh = sum((coins for coins, is_fresh, _ in weighed if is_fresh), ZERO)
    used = [(coins, ratio) for coins, is_fresh, ratio in weighed if is_fresh or fresh == ZERO]
    mean = sum((coins * ratio for coins, ratio in used), ZERO) / (fresh or whole)
    return (mean - ONE) * BPS, fresh / whole


def _cents(figure: Decimal | None) -> Decimal | None:
    return None if figure is None else figure.quantize(CENT)


# --- in step ------------------------------------------------------------------------------------------------


def _in_step(
    run: DatedRun, near: str, filled: Filled, slips: list[Slip], looks: list[Look], settled: list[Fill]
) -> InStep:
    naked = [look.naked for look in looks] or [
        run.contracts[near].coins(fill.contracts, fill.price) for fill in settled
    ]
    return InStep(
        clip_coins_max=_coins(_clip(run, near, filled)),
        naked_coins_max=_coins(max(naked, default=ZERO)),
        naked_seconds_max=_naked_seconds(looks),
        over_coins_max=_coins(max((look.over for look in looks), default=ZERO)),
        net_delta_before=_coins(slips[0].net_delta) if slips else None,
        net_delta_after=_coins(looks[-1].net_delta) if looks else None,
    )


def _coins(coins: Decimal) -> Coins:
    return Coins(_plain(coins.quantize(SATOSHI)))


def _clip(run: DatedRun, near: str, filled: Filled) -> Decimal:
    """Find the most coins that one clip bought back."""
    clips: dict[int, Decimal] = defaultdict(Decimal)
    for slip, fill in filled:
        if fill.symbol == near and fill.side is Side.BUY:
            clips[slip.intent] += run.contracts[near].coins(fill.contracts, fill.price)
    return max(clips.values(), default=ZERO)


def _naked_seconds(looks: list[Look]) -> int:
    """Find the longest time from the close at which anything was seen unhedged to the first at which nothing was."""
    longest, since_ms = 0, None
    for look in looks:
        if since_ms is not None:
            longest = max(longest, look.at_ms - since_ms)
        since_ms = None if look.naked == ZERO else look.at_ms if since_ms is None else since_ms
    return longest // 1000
