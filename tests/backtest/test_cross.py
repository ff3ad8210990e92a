"""A coin hedged in another coin's contract, replayed: by hand, against the series' own regression, and by the command line."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from bot.backtest.history import History, load
from bot.backtest.joining import on_one_grid
from bot.cli import app
from strategies import beta, fixed_ratio
from tests.backtest.builders import hours, replay, shared, without_fees

D = Decimal
BTC = without_fees("BTC/USDT:USDT")


def market(closes: list[float], folder: Path, name: str) -> History:
    path = folder / f"{name}.parquet"
    hours(closes).write_parquet(path)
    return load(path)


def test_the_articles_move_leaves_what_is_reckoned_by_hand(tmp_path: Path) -> None:
    """S9: 10,000 of ADA, -35 %, hedged at a beta of 1 by BTC, -20 %: 3,500 lost, 2,000 won."""
    bars, held = (
        market(closes, tmp_path, name)
        for closes, name in (([50_000.0, 50_000.0, 40_000.0], "btc"), ([1.0, 1.0, 0.65], "ada"))
    )

    run, told = replay(bars, BTC, coins="10000", deposit="50000", outer="0.5", asset="ADA", held=held)

    assert (told.spot_pnl, told.futures_pnl, told.net_pnl) == (D(-3500), D(2000), D(-1500))
    assert (told.orders, told.position_contracts) == (1, D("-0.2"))
    assert told.achieved_ratio_min == pytest.approx(1)
    assert told.achieved_ratio_max == pytest.approx(0.2 * 40_000 / 6_500)
    assert run.proxy


def test_a_hole_in_the_held_coins_market_is_not_decided_on(tmp_path: Path) -> None:
    bars = market([50_000.0] * 4, tmp_path, "btc")
    path = tmp_path / "ada.parquet"
    frame = hours([1.0] * 4).with_columns(close_spot=pl.Series([None, None, 1.0, 1.0], dtype=pl.Float64))
    frame.write_parquet(path)

    run, told = replay(bars, BTC, coins="10000", deposit="50000", asset="ADA", held=load(path))

    assert (run.first_bar, told.fills) == (2, 1)


def test_the_hedge_follows_the_value_of_the_coin_and_beta_is_found_on_the_way(tmp_path: Path) -> None:
    """Returns 1.5 times the contract's: beta goes from its fallback to what the past says, and takes the swings away."""
    moves = np.random.default_rng(5).normal(0, 0.01, 500)
    bars = market(list(50_000 * np.exp(np.cumsum(moves))), tmp_path, "btc")
    held = market(list(np.exp(np.cumsum(1.5 * moves))), tmp_path, "ada")
    stage = beta.Stage(bar_hours=1, lookback_bars=60, proof_bars=40, prior_error=D(3))

    run, told = replay(
        bars, BTC, coins="100000", deposit="500000", outer="0.002", asset="ADA", held=held, stage=stage
    )

    assert told.hedge_effectiveness["1bar"] is not None
    assert told.hedge_effectiveness["1bar"] > 0.85, "a fifth of the time beta is assumed to be 1"
    assert told.achieved_ratio_max == pytest.approx(1.5, abs=0.06)
    assert len(run.fills) > 50


def test_a_fixed_beta_takes_away_what_the_series_own_regression_says() -> None:
    bars, held = on_one_grid(
        load(shared("linear_BTCUSDT_1h.parquet")), load(shared("linear_ADAUSDT_8h.parquet"))
    )
    bars, held = bars.part(0, 1500), held.part(0, 1500)
    stage = fixed_ratio.Stage(ratio=D("1.127"))

    _, told = replay(
        bars, BTC, coins="100000", deposit="10000000", outer="0.001", asset="ADA", held=held, stage=stage
    )

    own, moves = np.diff(held.spot), np.diff(bars.perp_close)
    left = own - 1.127 * held.spot[:-1] / bars.perp_close[:-1] * moves
    assert told.hedge_effectiveness["1bar"] == pytest.approx(1 - left.var() / own.var(), abs=0.01)


SETTINGS = """
[accounts.main]
deposit = 100000
[hedges.ada]
account = "main"
asset = "ADA"
symbol = "BTC/USDT:USDT"
cross = true
holdings = 10000
policy = [{ stage = "fixed_ratio", ratio = 1 }]
"""


def test_the_command_line_asks_for_the_held_coins_candles(tmp_path: Path) -> None:
    settings = tmp_path / "ada.toml"
    settings.write_text(SETTINGS)
    files = [tmp_path / "btc.parquet", tmp_path / "ada.parquet"]
    for file, closes in zip(files, ([50_000.0] * 30, [1.0] * 30), strict=True):
        hours(closes).write_parquet(file)
    asked = ["backtest", "-c", str(settings), "--data", str(files[0]), "--json"]

    without = CliRunner().invoke(app, asked)
    whole = CliRunner().invoke(app, [*asked, "--spot", str(files[1])])

    assert "give its candles with --spot" in str(without.exception)
    assert whole.exit_code == 0, whole.output
    assert Decimal(str(json.loads(whole.output)["position_contracts"])) == D("-0.199"), "the inner edge"
