"""Files of dated contracts and replays of their rolls for tests."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import polars as pl

from bot.adapters.log import SilentLog
from bot.backtest.dated_history import DatedHistory, load_dated
from bot.backtest.dated_report import DatedReport, dated_report
from bot.backtest.dated_runner import DatedRun, DatedRunner, DatedSetup
from bot.core.instruments import DatedFuture
from bot.core.snapshot import Holding
from bot.core.values import Coins, Contracts, Money, Notional, Price, Ratio
from tests.backtest.builders import D, saved
from tests.core.builders import (
    dated,
    hedge_rules,
    inverse_contract,
    linear_contract,
    pricing_rules,
    risk_rules,
    roll_rules,
    rules,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = 24
Closes = Mapping[int, float] | Sequence[float]


def at(hour: int) -> datetime:
    """Give the open of a bar, counted in hours from the start."""
    return START + timedelta(hours=hour)


def contract_bars(
    name: str, expires: int, closes: Closes, *, volume: float = 100, reach: float = 20
) -> pl.DataFrame:
    """Make a contract's bars, by hour; each goes ``reach`` beyond its close on both sides."""
    bars = dict(closes) if isinstance(closes, Mapping) else dict(enumerate(closes))
    return pl.DataFrame(
        {
            "ts": [at(hour) for hour in bars],
            "contract": [name] * len(bars),
            "expiry_ts": [at(expires)] * len(bars),
            "open": list(bars.values()),
            "high": [close + reach for close in bars.values()],
            "low": [close - reach for close in bars.values()],
            "close": list(bars.values()),
            "volume": [float(volume)] * len(bars),
        },
        schema_overrides={
            "ts": pl.Datetime("us", "UTC"),
            "expiry_ts": pl.Datetime("us", "UTC"),
            **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
        },
    )


def spot_bars(closes: Sequence[float | None]) -> pl.DataFrame:
    """Make hours of spot; None is a halt."""
    return pl.DataFrame(
        {"ts": [at(hour) for hour in range(len(closes))], "close_spot": closes},
        schema_overrides={"ts": pl.Datetime("us", "UTC"), "close_spot": pl.Float64},
    )


def history_of(
    folder: Path, contracts: Sequence[pl.DataFrame], spot: Sequence[float | None], *, front: bool = False
) -> DatedHistory:
    """Write both files and read them back, checked."""
    files = (
        saved(pl.concat(contracts), folder, "contracts.parquet"),
        saved(spot_bars(spot), folder, "spot.csv"),
    )
    return load_dated(*files, front_as_index=front)


def micro(*, fee: str = "0.0005") -> DatedFuture:
    """Terms of a contract of a tenth of a coin, in steps of one contract and ticks of 5 dollars."""
    perpetual = linear_contract(size="0.1", step=1, fee=fee)
    return dated(perpetual, 0, symbol=perpetual.symbol, **MICRO)


def inverse_micro(*, fee: str = "0.0005") -> DatedFuture:
    """The same prices with the inverse payoff: an emulation, in contracts of 100 dollars."""
    perpetual = inverse_contract(size=100, fee=fee)
    return dated(perpetual, 0, symbol=perpetual.symbol, **MICRO)


MICRO: dict[str, Any] = {
    "price_tick": Price(D(5)),
    "notional_min": Notional(D(0)),
    "contracts_min": Contracts(D(1)),
    "fee_delivery": Ratio(D(0)),
}


def replay_rolls(
    history: DatedHistory,
    terms: DatedFuture,
    *,
    coins: str = "1",
    deposit: str = "1000000",
    participation: str = "0.25",
    spread: str = "0.001",
    lead: Literal["near", "far"] = "near",
    clip: str = "1",
    force_hours: str = "48",
    naked_seconds_max: str = "3600",
    advantage_min: str = "0.05",
) -> tuple[DatedRun, DatedReport]:
    """Replay one hedge by the reference's hours, with wide limits; a clip of less than a contract is one contract.

    An inverse hedge has all of its coins on deposit.
    """
    roll = roll_rules(
        clip_notional=clip,
        lead=lead,
        naked_seconds_max=naked_seconds_max,
        retry_seconds=3600,
        advantage_min=advantage_min,
    )
    asked = rules(
        hedge_rules(terms),
        pricing=pricing_rules(0, "0.001", chase_ticks=1, chase_seconds=60, reprices_max=10**6),
        roll=replace(roll, force_hours=D(force_hours)),
        risk=risk_rules(),
    )
    held = coins if terms.linear else "0"
    setup = DatedSetup(
        terms=terms,
        file_contract_coins=D("0.1"),
        holdings=(Holding(asset="BTC", coins=Coins(D(held)), place="declared"),),
        deposit=Money(D(deposit if terms.linear else coins)),
        margin_mode="cross",
        leverage=D(10),
        participation=D(participation),
        spread=D(spread),
    )
    run = asyncio.run(DatedRunner(history, asked, setup, SilentLog()).run(lambda _bar: None))
    return run, dated_report(run, 0)
