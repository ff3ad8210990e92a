"""A user's own stage, as the README says: begun, listed, tried, backtested, shown in the demo; and what the trial catches."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bot.questions_strategies import known, tried
from strategies import use_folder
from tests.backtest.builders import hours, saved
from tests.test_cli import Shell

SETTINGS = """
mode = "paper"
strategies = "mine"
[accounts.main]
deposit = 100000
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }, { stage = "my_mean", bars = 24 }]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    moves = np.random.default_rng(3).normal(0, 0.01, 300)
    saved(hours(list(50_000 * np.exp(np.cumsum(moves)))), tmp_path, "candles.parquet")
    return shell


def begun(shell: Shell) -> None:
    done = shell.run("new-strategy", "my_mean", "--folder", "mine")
    assert done.returncode == 0, done.stderr
    (shell.folder / "hedgerow.toml").write_text(SETTINGS)


def test_a_stage_of_ones_own_goes_from_the_scaffold_into_a_backtest(shell: Shell) -> None:
    begun(shell)

    listed = json.loads(shell.run("list-strategies", "--json").stdout)
    (mine,) = [one for one in listed if one["name"] == "my_mean"]
    tried = shell.run("test-strategy", "my_mean")
    on_file = shell.run("test-strategy", "my_mean", "--data", "candles.parquet", "--set", "bars=10")
    report = json.loads(shell.run("backtest", "--data", "candles.parquet", "--json").stdout)
    said = shell.run("explain", "--preview").stdout

    assert (mine["status"], mine["role"]) == ("ok", "scales")
    assert [one["name"] for one in mine["parameters"]] == ["bars", "bar_hours", "share_above"]
    assert tried.returncode == 0, tried.stdout
    assert on_file.returncode == 0, on_file.stdout
    for promise in ("bounds", "determinism", "purity", "shut in", "no look-ahead", "valid until", "speed"):
        assert promise in tried.stdout
    assert report["orders"] > 10
    assert report["achieved_ratio_min"] == pytest.approx(0.5, abs=0.02)
    assert "my_mean: the last close is" in said


def test_it_runs_in_the_demo_and_its_journal_is_replayed(shell: Shell) -> None:
    begun(shell)
    policy = '[{"stage": "fixed_ratio", "ratio": 1}, {"stage": "my_mean"}]'

    done = shell.run(
        "demo",
        "--headless",
        "--hours",
        "3",
        "--folder",
        "mine",
        "--policy",
        policy,
        "--journal",
        "demo.sqlite",
    )

    assert done.returncode == 0, done.stderr
    assert "my_mean: the last close is" in shell.run("explain", "--journal", "demo.sqlite").stdout
    assert "agree" in shell.run("replay", "--journal", "demo.sqlite").stdout


def test_nothing_is_overwritten_and_a_name_must_be_one(shell: Shell) -> None:
    begun(shell)

    for name, words in (
        ("my_mean", "There is a stage 'my_mean' already"),
        ("My Mean", "is no name for a stage"),
        ("class", "is no name for a stage"),
        ("volatility", "There is a stage 'volatility' already"),
    ):
        done = shell.run("new-strategy", name, "--folder", "mine")
        assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    (shell.folder / "mine" / "other.py").write_text("mine")
    assert "exists already" in shell.run("new-strategy", "other", "--folder", "mine").stderr
    assert (shell.folder / "mine" / "other.py").read_text() == "mine"


BODY = """
from decimal import Decimal
from typing import ClassVar, Literal
import random, time
from datetime import datetime
from dataclasses import replace
from bot.core.lookback import Need
from strategies import StageModel, bent, look
SEEN = []
class Stage(StageModel):
    role: ClassVar = "scales"
    stage: Literal["bad"] = "bad"
    def needs(self, symbol, asset):
        return (Need(symbol=symbol, bar_ms=3_600_000, count=5),)
    def apply(self, market, target):
"""
CAUGHT = {
    "raises": ("        return 1 / 0", "answers", "ZeroDivisionError"),
    "NaN": ("        return bent(target, Decimal('NaN'), '')", "bounds", "it wants the ratio NaN"),
    "a float": ("        return bent(target, 0.5, '')", "bounds", "it wants the ratio 0.5"),
    "too much": ("        return bent(target, Decimal(3), '')", "bounds", "outside 0 to 2"),
    "dice": (
        "        return bent(target, Decimal(random.randint(0, 100)) / 100, '')",
        "determinism",
        "another order",
    ),
    "memory": (
        (
            "        SEEN.append(market.mark)\n"
            "        return bent(target, min(Decimal(len(SEEN)) / 1000, Decimal(1)), '')"
        ),
        "determinism",
        "another order",
    ),
    "the clock": (
        "        return bent(target, Decimal(int(time.time() > 0)), '')",
        "shut in",
        "asked for the time",
    ),
    "the date": (
        "        return bent(target, Decimal(int(datetime.now().year > 0)), '')",
        "shut in",
        "reads the clock",
    ),
    "a file": (
        "        open('/dev/null').close()\n        return bent(target, Decimal(1), '')",
        "shut in",
        "asked for a file",
    ),
    "a price after its end": (
        "        return bent(target, Decimal(1) if market.mark > 50_000 else Decimal(0), '')",
        "valid until",
        "name an earlier valid_until_ms",
    ),
}


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "mine"
    folder.mkdir()
    yield folder
    use_folder(None)


@pytest.mark.parametrize("name", CAUGHT)
def test_a_stage_that_breaks_a_promise_is_caught_with_the_promise_named(mine: Path, name: str) -> None:
    body, promise, words = CAUGHT[name]
    (mine / "bad.py").write_text(BODY + body + "\n")

    checks = tried(known([], mine, None), "bad", {}, None)

    failed = {one.name: one.found for one in checks if one.verdict == "FAILED"}
    assert promise in failed
    assert any(words in found for found in failed.values()), failed


def test_a_broken_promise_is_exit_code_1(shell: Shell) -> None:
    folder = shell.folder / "mine"
    folder.mkdir()
    (folder / "bad.py").write_text(BODY + "        return 1 / 0\n")

    done = shell.run("test-strategy", "bad", "--folder", "mine")

    assert (done.returncode, "ZeroDivisionError" in done.stdout) == (1, True)


def test_files_that_cannot_be_used_are_listed_with_the_reason_and_spoil_no_other(shell: Shell) -> None:
    folder = shell.folder / "mine"
    folder.mkdir()
    (folder / "broken.py").write_text("def")
    (folder / "twice.py").write_text(BODY.replace('"bad"', '"beta"') + "        return target\n")
    (folder / "good.py").write_text(BODY.replace('"bad"', '"good"') + "        return target\n")

    rows = {
        row["file"].rsplit("/")[-1]: row
        for row in json.loads(shell.run("list-strategies", "--folder", "mine", "--json").stdout)
    }
    table = shell.run("list-strategies", "--folder", "mine").stdout

    assert rows["broken.py"]["status"] == "LOAD FAILED"
    assert "SyntaxError" in rows["broken.py"]["reason"]
    assert rows["twice.py"]["status"] == "DUPLICATE"
    assert rows["good.py"]["status"] == rows["volatility.py"]["status"] == "ok"
    assert "LOAD FAILED" in table
    assert "DUPLICATE" in table
    tried = shell.run("test-strategy", "broken", "--folder", "mine")
    assert (tried.returncode, "is not used: LOAD FAILED" in tried.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("test-strategy", "nope"), "There is no stage 'nope': there are beta, clamp"),
        (
            ("test-strategy", "fixed_ratio"),
            "fixed_ratio: ratio: Field required: give it with --set NAME=VALUE.",
        ),
        (("test-strategy", "beta", "--set", "x"), "--set x: write NAME=VALUE"),
        (("list-strategies", "nope"), "There is no stage 'nope'"),
        (("list-strategies", "--folder", "gone"), "There is no folder gone"),
        (
            ("demo", "--headless", "--policy", '[{"stage": "nope"}]'),
            "flag --policy: hedges.linear.policy[0].stage",
        ),
        (("demo", "--headless", "--policy", "my_mean"), "It is not JSON."),
    ],
)
def test_a_mistake_is_one_sentence_with_a_remedy(shell: Shell, words: tuple[str, ...], sentence: str) -> None:
    done = shell.run(*words)

    assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr


def test_a_built_in_stage_shows_its_parameters(shell: Shell) -> None:
    shown = shell.run("list-strategies", "funding").stdout

    assert "Parameters of funding" in shown
    assert "paid_year" in shown
    assert "0.05" in shown


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("beta", {}), ("clamp", {}), ("drawdown_steps", {}), ("fixed_ratio", {"ratio": 1}), ("funding", {}),
        ("minimum_variance", {}), ("momentum", {}), ("schedule", {"days": ["sat"]}), ("utility", {"return_year": "0.2"}),
        ("volatility", {}),
        ("event_window", {"events": [{"name": "x", "begins": "2024-03-01T00:00:00Z", "ends": "2024-03-02T00:00:00Z"}]}),
    ],
)  # fmt: skip
def test_every_built_in_stage_passes_its_trial(name: str, given: dict[str, object]) -> None:
    assert [one for one in tried(known([], None, None), name, given, None) if one.verdict == "FAILED"] == []
