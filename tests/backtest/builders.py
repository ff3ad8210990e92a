"""Candle files and replays for tests."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bot.adapters.log import SilentLog
from bot.adapters.model_market import model_contract
from bot.backtest.history import Floats, History, load
from bot.backtest.report import Report, report
from bot.backtest.runner import Run, Runner, Setup
from bot.core.instruments import Contract
from bot.core.policy import Band, Policy
from bot.core.rules import HedgeRules, Kind, Meaning, Rules
from bot.core.snapshot import Holding
from bot.core.values import Coins, Money, Notional, Ratio
from strategies.fixed_ratio import Stage
from tests.core.builders import BOOKS, guard_rules, pricing_rules, risk_rules, roll_rules

DATA = Path(__file__).parents[3] / "shared" / "data"
D = Decimal


def shared(name: str) -> Path:
    """Give a shared data file, or skip."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"needs the shared market data file {name} beside the repository")
    return path


def without_fees(symbol: str, **changes: object) -> Contract:
    """Give the model's contract without fees."""
    free = replace(model_contract(symbol), fee_maker=Ratio(D(0)), fee_taker=Ratio(D(0)))
    return replace(free, **changes)  # type: ignore[arg-type]  # any field


def replay(
    bars: History,
    contract: Contract,
    *,
    coins: str,
    deposit: str,
    outer: str = "0.01",
    inner: str = "0",
    stage: Policy | None = None,
    meaning: Meaning = Meaning.SHARE_OF_HOLDINGS,
    spread: str = "0",
    patience: str = "0",
    asset: str = "BTC",
    held: History | None = None,
    start_bar: int = 0,
) -> tuple[Run, Report]:
    """Replay bars through one hedge with wide limits; ``held`` is the market of an asset that is not the contract's."""
    hedge = HedgeRules(
        name="btc",
        asset=asset,
        symbol=contract.symbol,
        kind=Kind.PERPETUAL,
        contract_size=None,
        meaning=meaning,
        amount=Notional(D(0)),
        band=Band(outer=Ratio(D(outer)), inner=Ratio(D(inner))),
        stages=(stage or Stage(ratio=D(1)),),
    )
    rules = Rules(
        account="test",
        hedges=(hedge,),
        pricing=pricing_rules(D(patience), D("0.01")),
        roll=roll_rules(),
        books=BOOKS,
        risk=risk_rules(quote_age=60, order_cap=10**8, position_cap=10**8, leverage=50),
        guard=guard_rules(margin_ratio="0.65", distance="0.05"),
    )
    setup = Setup(
        contract=contract,
        holdings=(Holding(asset=asset, coins=Coins(D(coins)), place="declared"),),
        deposit=Money(D(deposit)),
        margin_mode="cross",
        leverage=D(50),
        participation=D("0.1"),
        spread=D(spread),
        start_bar=start_bar,
    )
    run = asyncio.run(Runner(bars, rules, setup, SilentLog(), held).run(lambda _bar: None))
    return run, report(run, 0)


def hours(closes: list[float] | Floats, **columns: list[float | None]) -> pl.DataFrame:
    """Make hourly candles, flat inside the bar, spot equal to the perpetual."""
    prices = np.array(closes, float)
    ts = pl.datetime_range(
        pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1) + pl.duration(hours=len(prices) - 1),
        "1h", time_unit="us", time_zone="UTC", eager=True,
    )  # fmt: skip
    opens = np.concatenate([prices[:1], prices[:-1]])
    frame = pl.DataFrame(
        {
            "ts": ts,
            "open_perp": opens,
            "high_perp": np.maximum(opens, prices),
            "low_perp": np.minimum(opens, prices),
            "close_perp": prices,
            "close_spot": prices,
        }
    )
    return frame.with_columns(
        **{name: pl.Series(values, dtype=pl.Float64) for name, values in columns.items()}
    )


def saved(frame: pl.DataFrame, folder: Path, name: str = "candles.parquet") -> Path:
    """Write candles to a file."""
    path = folder / name
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return path


def loaded(frame: pl.DataFrame, folder: Path) -> History:
    """Write candles and read them back, checked."""
    return load(saved(frame, folder))
