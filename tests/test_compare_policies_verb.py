"""`hedgerow compare-policies` as a person meets it: one table, JSON, and what it refuses."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.backtest.builders import hours, saved
from tests.test_cli import Shell

HEDGE = """
[accounts.{name}]
deposit = {deposit}
[hedges.{name}]
account = "{name}"
asset = "{asset}"
symbol = "{symbol}"
holdings = {holdings}
policy = {policy}
band = {{ outer = 0.01, inner = 0 }}
"""
LINEAR = {"asset": "BTC", "deposit": 300_000, "symbol": "BTC/USDT:USDT", "holdings": 1}
INVERSE = {"asset": "BTC", "deposit": 1, "symbol": "BTC/USD:BTC", "holdings": 0}
FULL = '[{ stage = "fixed_ratio", ratio = 1 }]'
VOLATILITY = '[{ stage = "fixed_ratio", ratio = 1 }, { stage = "volatility" }]'
HALF = '[{ stage = "fixed_ratio", ratio = 0.5 }]'
MOMENTUM = (
    '[{ stage = "fixed_ratio", ratio = 1 }, { stage = "momentum", trend_bars = 10, strength_bars = 5 }]'
)
ROWS = (("full", LINEAR, FULL), ("half", LINEAR, HALF), ("trend", LINEAR, MOMENTUM), ("coin", INVERSE, FULL))
DAYS = 40
BOTH = ("--data", "BTC/USDT:USDT=linear.parquet", "--data", "BTC/USD:BTC=inverse.csv")


def settings(*rows: tuple[str, dict[str, object], str]) -> str:
    text = "".join(HEDGE.format(name=name, policy=policy, **hedge) for name, hedge, policy in rows)
    return text + "[backtest]\nspread = 0.0002\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a folder with forty days of a walk, funding received every eight hours, and the settings of four hedges."""
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").write_text(settings(*ROWS))
    walk = np.round(50_000 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.008, 24 * DAYS))), 1)
    rates = [0.0001 if hour % 8 == 0 else None for hour in range(24 * DAYS)]
    saved(hours(walk, funding_rate=rates), tmp_path, "linear.parquet")
    frame = hours(walk, funding_rate=rates)
    saved(frame.with_columns(ts=frame["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")), tmp_path, "inverse.csv")
    return shell


def test_one_table_holds_a_row_a_hedge_and_says_what_its_columns_mean(shell: Shell) -> None:
    done = shell.run("compare-policies", *BOTH)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "policies from 2024-01-12 to 2024-02-10" in lines[0]  # the trend looks back on eleven days
    for name, contract in (("full", "BTC/USDT:USDT"), ("trend", "BTC/USDT:USDT"), ("coin", "BTC/USD:BTC")):
        assert any(line.strip().startswith(name) and contract in line for line in lines)
    for words in (
        "100.0 / 100.0 / 100.0",
        "75.0 / 75.0 / 75.0",
        "No parameter was fitted",
        "positive is a cost",
    ):
        assert words in done.stdout
    assert max(len(line) for line in lines) <= 200


def test_as_json_figures_are_numbers_and_every_row_is_scored_from_the_same_time(shell: Shell) -> None:
    told = shell.json("compare-policies", *BOTH)
    full, half, trend, coin = told["rows"]

    assert [row["policy"] for row in told["rows"]] == ["full", "half", "trend", "coin"]
    assert told["scored_from"][:16] == "2024-01-12T00:00"
    assert len({row["first_decision_ms"] for row in told["rows"]}) == 1
    assert full["hedge_effectiveness"] == pytest.approx({"1h": 1, "8h": 1, "1d": 1})
    assert half["vol_reduction"] == pytest.approx({"1h": 0.5, "8h": 0.5, "1d": 0.5})
    assert coin["hedge_effectiveness"]["1d"] == pytest.approx(1, abs=1e-3)
    assert (full["trades"], half["trades"], trend["trades"] > 2) == (1, 1, True)
    # A settlement of 1 bp every eight hours is 1,095 bp a year of what is hedged.
    assert full["funding_bp_year"] == pytest.approx(2 * half["funding_bp_year"])
    assert full["funding_bp_year"] == pytest.approx(1095, rel=0.05)
    for row in told["rows"]:
        assert row["cost_bp_year"] == pytest.approx(row["fees_bp_year"] + row["slippage_bp_year"])
        assert row["net_cost_bp_year"] == pytest.approx(row["cost_bp_year"] - row["funding_bp_year"])
    assert full["drawdown"] < 0.01 < half["drawdown"] < half["drawdown_unhedged"]
    words = {key for row in told["rows"] for key, value in row.items() if isinstance(value, str)}
    assert words == {"policy", "contract"}


def test_a_later_first_day_scores_less(shell: Shell) -> None:
    told = shell.json("compare-policies", *BOTH, "--from", "2024-02-01")

    assert told["scored_from"][:10] == "2024-02-01"
    assert told["years"] == pytest.approx(9 / 365)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "x.parquet"), "--data x.parquet: write CONTRACT=FILE, such as --data BTC/USDT:USDT="),
        (("--data", "ETH/USDT:USDT=linear.parquet"), "no hedge of the settings is by that contract or of that coin; name one of BTC/USDT"),
        (BOTH[:2], "hedges.coin has no candles: give --data BTC/USD:BTC=FILE, or leave the hedge out."),
        ((*BOTH, *BOTH[:2]), "--data BTC/USDT:USDT is given twice: give one file."),
        ((*BOTH, "--from", "2024-01-03"), "hedges.trend has looked back on enough from 2024-01-12 on"),
        ((*BOTH, "--from", "2024-03-03"), "the candles end at 2024-02-10: choose a day"),
        ((*BOTH[:3], "BTC/USD:BTC=gone.csv"), "No candle file at gone.csv"),
    ],
)  # fmt: skip
def test_wrong_words_are_told_in_a_sentence(shell: Shell, words: tuple[str, ...], sentence: str) -> None:
    done = shell.run("compare-policies", *words)

    assert done.returncode == 2
    assert sentence in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("hedge", "policy", "sentence"),
    [
        (
            {"holdings": '1\nkind = "dated"'},
            FULL,
            "hedges.one is dated, and policies are compared on perpetuals: leave it out",
        ),
        ({}, VOLATILITY, "hedges.one has looked back on enough at 2024-03-02 only"),
        (
            {},
            '[{ stage = "fixed_ratio", ratio = 1 }, { stage = "funding", lookback_settlements = 500 }]',
            "looks back on 500 settlements of funding",
        ),
        (
            {"asset": "ETH", "holdings": "1\ncross = true"},
            FULL,
            "hedges.one has no candles: give --data ETH/USDT=FILE",
        ),
    ],
)
def test_a_hedge_that_cannot_be_replayed_is_told_with_a_remedy(
    shell: Shell, hedge: dict[str, object], policy: str, sentence: str
) -> None:
    (shell.folder / "hedgerow.toml").write_text(settings(("one", LINEAR | hedge, policy)))

    done = shell.run("compare-policies", *BOTH[:2])

    assert done.returncode == 2, done.stdout
    assert sentence in done.stderr


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read from /proc")
def test_an_interrupt_ends_it_at_once_and_leaves_no_process(shell: Shell) -> None:
    walk = np.full(24 * 365 * 20, 50_000.0)
    saved(hours(walk, funding_rate=[0.0001] * len(walk)), shell.folder, "long.parquet")
    (shell.folder / "hedgerow.toml").write_text(settings(("one", LINEAR, FULL), ("two", LINEAR, HALF)))
    process = shell.start("compare-policies", "--data", "BTC/USDT:USDT=long.parquet")
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    wait_until(lambda: len(found.read_text().split()) >= 2)
    children = found.read_text().split()

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert process.returncode not in {0, None}
    wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_cross_hedge_has_a_row_on_its_own_coins_market_and_an_own_stage_travels_to_its_process(
    shell: Shell,
) -> None:
    dice = np.random.default_rng(4)
    coin = np.round(3_000 * np.exp(np.cumsum(dice.normal(0, 0.01, 24 * DAYS))), 2)
    saved(hours(coin), shell.folder, "eth.parquet")
    shell.run("new-strategy", "my_mean", "--folder", "mine")
    cross = LINEAR | {"asset": "ETH", "holdings": "10\ncross = true"}
    own = '[{ stage = "fixed_ratio", ratio = 1 }, { stage = "my_mean" }]'
    text = settings(("full", LINEAR, FULL), ("eth", cross, FULL), ("mine", LINEAR, own))
    (shell.folder / "hedgerow.toml").write_text('strategies = "mine"\n' + text)

    told = shell.json("compare-policies", *BOTH[:2], "--data", "ETH/USDT=eth.parquet")

    full, eth, mine = told["rows"]
    assert (full["contract"], eth["contract"]) == ("BTC/USDT:USDT", "BTC/USDT:USDT")
    assert full["hedge_effectiveness"]["1d"] > 0.99
    assert eth["hedge_effectiveness"]["1d"] < 0.5, "the two coins have nothing to do with each other"
    assert 0.5 < mine["ratio_mean"] < 1
