"""No stage knows what comes later: it answers the same whether the history goes on behind a time or ends there."""

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pytest

from bot.backtest.history import History, exact, load
from bot.backtest.lookback import Lookback
from bot.core.lookback import Bars, Need, Settled
from bot.core.policy import LooksBack, MarketView, Policy, Target
from bot.core.values import Price, Ratio
from strategies import stage_types
from tests.backtest.builders import shared
from tests.strategies.builders import BAND, target

FUTURE, SPOT = "BTC/USDT:USDT", "BTC/USDT"
HOUR_MS = 3_600_000
EVENTS = [
    {"name": "halving", "begins": "2020-05-11T00:00:00Z", "ends": "2020-05-12T00:00:00Z"},
    {"name": "merge", "begins": "2022-09-14T00:00:00Z", "ends": "2022-09-16T00:00:00Z"},
]
PARAMETERS: dict[str, dict[str, Any]] = {
    "fixed_ratio": {"ratio": 1},
    "utility": {"return_year": "0.2"},
    "schedule": {"days": ["sat", "sun"]},
    "event_window": {"events": EVENTS},
}
"""What a stage must be told; all else is by default."""
Maker = Callable[[History], Policy]


def answered(stage: Policy, lookback: Lookback, history: History, bar: int) -> Target:
    """Ask a stage at a bar's close."""
    at_ms, spot = history.close_ms(bar), float(history.spot[bar])
    needs = stage.needs(FUTURE, "BTC") if isinstance(stage, LooksBack) else ()
    count = stage.needs_settlements() if isinstance(stage, LooksBack) else 0
    bars = (lookback.bars(need, at_ms) for need in needs)
    settled = lookback.settled(FUTURE, count, at_ms) if count else None
    mark = Price(exact(history.mark[bar]))
    view = MarketView(
        at_ms=at_ms,
        asset="BTC",
        mark=mark,
        index=mark if np.isnan(spot) else Price(exact(spot)),
        funding_rate=None,
        symbol=FUTURE,
        bars=tuple(one for one in bars if one is not None),
        settled=() if settled is None else (settled,),
    )
    return stage.apply(view, target("0.3"))


def looks_ahead(
    make: Maker, history: History, bars: list[int], lookback: type[Lookback] = Lookback
) -> list[int]:
    """List the bars at whose close the answer depends on what comes later."""
    stage, whole = make(history), lookback(history, FUTURE, {SPOT: history.spot})
    found = []
    for bar in bars:
        past = history.part(0, bar + 1)
        cut = answered(make(past), lookback(past, FUTURE, {SPOT: past.spot}), past, bar)
        if answered(stage, whole, history, bar) != cut:
            found.append(bar)
    return found


def some_bars(history: History, count: int) -> list[int]:
    """Choose bars at random, half of them where a day ends and funding is about to settle."""
    dice = random.Random(7)  # noqa: S311 - no secret
    ends = np.flatnonzero((history.open_ms + history.interval_ms) % (24 * HOUR_MS) == 0).tolist()
    return dice.sample(range(len(history)), count // 2) + dice.sample(ends, count // 2)


def walk(bars: int = 24 * 120) -> History:
    """Make hours of a random walk with funding."""
    dice = np.random.default_rng(11)
    close = np.round(100 * np.exp(np.cumsum(dice.normal(0, 0.01, bars))), 2)
    rate = np.where(np.arange(bars) % 8 == 0, np.round(dice.normal(0, 0.0005, bars), 6), np.nan)
    nothing = np.zeros(bars, bool)
    return History(
        name="walk", interval_ms=HOUR_MS, open_ms=1_577_836_800_000 + HOUR_MS * np.arange(bars),
        perp_open=close, perp_high=close * 1.01, perp_low=close * 0.99, perp_close=close, mark=close,
        spot=close, volume=np.full(bars, np.inf), funding_rate=rate, funding_price=close,
        missing=nothing, stale=nothing,
    )  # fmt: skip


def made(name: str) -> Policy:
    return cast("Policy", stage_types()[name](stage=name, **PARAMETERS.get(name, {})))


@pytest.mark.parametrize("name", sorted(stage_types()))
def test_no_stage_looks_ahead_in_the_real_series(name: str) -> None:
    history, stage = load(shared("linear_BTCUSDT_1h.parquet")), made(name)

    assert looks_ahead(lambda _known: stage, history, some_bars(history, 60)) == []


def test_every_stage_that_looks_back_finds_its_history_in_the_real_series() -> None:
    """Else the test above would compare one lack with another."""
    history = load(shared("linear_BTCUSDT_1h.parquet"))
    whole, last = Lookback(history, FUTURE, {SPOT: history.spot}), len(history) - 1
    stages = [made(name) for name in stage_types()]
    looking = [one for one in stages if isinstance(one, LooksBack) and one.needs(FUTURE, "BTC")]

    reasons = [answered(stage, whole, history, last).reason for stage in looking]

    assert len(looking) >= 6
    assert not [reason for reason in reasons if "are needed" in reason]


# --- the helper catches what it is there for ----------------------------------------------------------------


class Cheat:
    """Hedges if the price is about to fall: it has the history, and reads the close of the bar that has just begun."""

    def __init__(self, history: History) -> None:
        self._history = history

    def apply(self, market: MarketView, target: Target) -> Target:
        del target
        coming = int(np.searchsorted(self._history.open_ms, market.at_ms))
        close = exact(self._history.perp_close[min(coming, len(self._history) - 1)])
        ratio = Decimal(1) if close < market.mark else Decimal(0)
        return Target(ratio=Ratio(ratio), band=BAND, reason="")


class Hasty(Lookback):
    """Gives a bar out before it has closed, as if it had."""

    def bars(self, need: Need, now_ms: int) -> Bars | None:
        found = super().bars(need, now_ms + need.bar_ms)
        return found and replace(found, last_ms=found.last_ms - need.bar_ms)


class Early(Lookback):
    """Tells funding that is about to settle."""

    def settled(self, symbol: str, count: int, now_ms: int) -> Settled | None:
        return super().settled(symbol, count, now_ms + 1)


def test_a_stage_that_reads_on_is_caught() -> None:
    history = walk()

    caught = looks_ahead(Cheat, history, some_bars(history, 60))

    assert 15 < len(caught) < 45  # the price falls in every other hour


@pytest.mark.parametrize(
    ("leaking", "name"), [(Hasty, "volatility"), (Hasty, "momentum"), (Early, "funding")]
)
def test_a_look_back_that_leaks_is_caught(leaking: type[Lookback], name: str) -> None:
    history, stage = walk(), made(name)
    bars = [bar for bar in some_bars(history, 60) if bar < len(history) - 48]

    assert looks_ahead(lambda _known: stage, history, bars) == []
    assert len(looks_ahead(lambda _known: stage, history, bars, leaking)) >= 15
