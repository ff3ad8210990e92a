"""`hedgerow compare-guard` as a person meets it: one table, the steps under it, JSON, and what it refuses."""

import json
from pathlib import Path

import pytest

from tests.backtest.builders import hours, saved
from tests.test_cli import Shell

SETTINGS = """
mode = "paper"
[accounts.main]
deposit = 27000
reserve = 200000
leverage = 20
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a folder with a rise of 80 % in forty hours."""
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").write_text(SETTINGS)
    saved(hours([50_000.0] * 5 + [50_000.0 * 1.0148**hour for hour in range(40)]), tmp_path, "rise.parquet")
    return shell


def test_three_replays_stand_side_by_side_and_each_act_under_them(shell: Shell) -> None:
    done = shell.run("compare-guard", "--data", "btc=rise.parquet", "--steps")

    assert done.returncode == 0, done.stderr
    for words in ("no guard", "guard and top-ups", "liquidated", "never", "left naked", "top_up", "reduce"):
        assert words in done.stdout


def test_as_json_each_replay_says_whether_it_was_liquidated_and_what_the_guard_did(shell: Shell) -> None:
    bare, guarded, topped = json.loads(
        shell.run("compare-guard", "--data", "btc=rise.parquet", "--json").stdout
    )

    assert (bare["liquidated"] is None, guarded["liquidated"], topped["liquidated"]) == (False, None, None)
    assert float(bare["liquidated"]["price"]) > 76_000
    assert guarded["reductions"] > 0
    assert all(float(step["naked"]) > 0 for step in guarded["steps"])
    assert (topped["reductions"], topped["top_ups"] > 0, float(topped["moved"]) > 10_000) == (0, True, True)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("rise.parquet", "--data rise.parquet: write HEDGE=FILE, such as --data btc=candles.parquet."),
        ("eth=rise.parquet", "A backtest replays one hedge: choose with --hedge from btc."),
        ("btc=gone.parquet", "No candle file at gone.parquet"),
    ],
)
def test_wrong_data_is_told_in_a_sentence(shell: Shell, data: str, sentence: str) -> None:
    done = shell.run("compare-guard", "--data", data)

    assert done.returncode == 2
    assert sentence in done.stderr
