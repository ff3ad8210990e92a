"""The command line as users and machines meet it: real processes, real files, exit codes."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.backtest.builders import hours, saved
from tests.backtest.dated_builders import contract_bars, spot_bars

ROOT = Path(__file__).parent.parent

CONFIG = """\
[accounts.main]
deposit = 100000

[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }]
band = { outer = 0.01, inner = 0 }

[pricing]
patience_seconds = 0

[loop]
poll_seconds = 0.1
heartbeat_seconds = 1
"""


class Shell:
    """A folder to run commands in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "hedgerow.toml").write_text(CONFIG)

    def start(self, *words: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*words, **variables)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def json(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, Any]:
    shell = Shell(tmp_path_factory.mktemp("demo"))
    return shell, shell.json("demo", "--headless")


# --- demo, replay, explain, status --------------------------------------------------------------------------


def test_a_demo_keeps_the_value_through_crash_and_squeeze(demo: tuple[Shell, Any]) -> None:
    _, result = demo

    assert [phase["phase"] for phase in result["phases"]] == ["calm", "crash", "squeeze", "recovery"]
    for phase in result["phases"][1:3]:
        assert abs(float(phase["hedged_change"])) < abs(float(phase["unhedged_change"])) / 50
    for hedge in result["hedges"]:
        assert 0.98 < float(hedge["ratio_achieved"]) < 1.02
        parts = (float(hedge["profit"][part]) for part in ("spot", "futures", "funding", "fees"))
        value = float(hedge["value"]) - sum(parts)
        assert value == pytest.approx(float(hedge["value_unhedged"]) - float(hedge["profit"]["spot"]))


def test_the_picture_in_the_readme_is_what_the_demo_prints(shell: Shell) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    picture = readme.split("```text\n")[1].split("\n```")[0]

    printed = shell.run("demo", "--headless").stdout

    assert picture in "\n".join(line.rstrip() for line in printed.splitlines())


def test_every_journaled_decision_of_a_demo_is_decided_again_the_same(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    replayed = shell.json("replay", "--journal", str(result["journal"]))

    assert replayed["decisions"] == replayed["agreed"] == result["decisions"] > 100
    assert replayed["disagreements"] == []


def test_a_journal_that_was_tampered_with_does_not_agree(demo: tuple[Shell, Any], tmp_path: Path) -> None:
    import sqlite3

    shell, result = demo
    copy = tmp_path / "copy.sqlite"
    shutil.copy(shell.folder / result["journal"], copy)
    with sqlite3.connect(copy) as database:
        database.execute(
            "update decisions set snapshot = replace(snapshot, '\"declared\"', '\"x\"') where number = 3"
        )
        database.execute(
            'update decisions set decision = replace(decision, \'"answer":"hold"\', \'"answer":"wait"\') where number = 60'
        )
    database.close()

    done = shell.run("replay", "--journal", str(copy))

    assert done.returncode == 1
    assert "decision 60" in done.stdout
    assert "explanations" in done.stdout


def test_the_same_seed_gives_the_same_demo_and_another_seed_another(
    demo: tuple[Shell, Any], shell: Shell
) -> None:
    _, first = demo
    again = shell.json("demo", "--headless", "--hours", "40")
    once_more = shell.json("demo", "--headless", "--hours", "40")
    other = shell.json("demo", "--headless", "--hours", "40", "--seed", "8")

    assert again["hedges"] == once_more["hedges"]
    assert again["phases"][0] == first["phases"][0]
    assert other["hedges"] != again["hedges"]


def test_explain_says_holdings_times_ratio_is_target_and_so_on(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    done = shell.run("explain", "--journal", result["journal"])

    assert done.returncode == 0
    for words in ("own coins 2 BTC x ratio 1", "target -2 - held -", "= gap", "band ±0.02", "answer: hold"):
        assert words in done.stdout


def test_explain_without_a_journal_says_what_would_be_done_and_does_nothing(shell: Shell) -> None:
    done = shell.run("explain")

    assert done.returncode == 0
    for words in ("answer: place", "✓ liquidation_distance", "order hr-"):
        assert words in done.stdout
    assert [path.name for path in shell.folder.iterdir()] == ["hedgerow.toml"]


def test_status_shows_every_hedge(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    accounts = shell.json("status", "--journal", result["journal"])["accounts"]
    table = shell.run("status", "--journal", result["journal"]).stdout

    assert {name: [hedge["hedge"] for hedge in hedges] for name, hedges in accounts.items()} == {
        "usdt": ["linear"],
        "coin": ["inverse"],
        "quarters": ["quarterly"],
    }
    for words in ("achieved", "margin ratio", "to liquidation", "funding", "fees"):
        assert words in table


def test_rolls_shows_where_the_dated_hedge_stands_and_what_its_roll_cost(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    (row,) = shell.json("rolls", "--journal", result["journal"])
    table = shell.run("rolls", "--journal", result["journal"]).stdout

    assert (row["hedge"], row["roll"]["near"], row["roll"]["stage"]) == (
        "quarterly",
        "BTC/USD:BTC-260626",
        "hold",
    )
    assert row["clips"] >= 9
    assert float(row["fees"]) > 0
    for words in ("calendar spread", "unhedged / over-hedged", "cost so far", "90 d"):
        assert words in table
    explained = shell.run("explain", "--journal", result["journal"]).stdout
    assert f"contracts in {row['roll']['near']}" in explained


def test_orders_shows_every_intent_with_its_shortfall(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    intents = shell.json("orders", "--limit", "100", "--journal", result["journal"])
    table = shell.run("orders", "--journal", result["journal"]).stdout

    quarters = intents["quarters"]
    assert {leg for intent in quarters for leg in intent["legs"]} == {"hedge", "near", "far"}
    assert {intent["symbol"] for intent in quarters} == {"BTC/USD:BTC-260327", "BTC/USD:BTC-260626"}
    for intent in quarters:
        lost = float(intent["average_price"]) - float(intent["arrival_mid"])
        sign = 1 if intent["side"] == "buy" else -1
        assert float(intent["shortfall"]) * sign * lost >= 0
    assert "lost bp" in table


def test_incidents_of_a_quiet_account_are_none(demo: tuple[Shell, Any]) -> None:
    shell, result = demo

    assert shell.json("incidents", "--journal", result["journal"]) == {"coin": [], "quarters": [], "usdt": []}
    assert "Nothing happened" in shell.run("incidents", "--journal", result["journal"]).stdout


def test_settle_asks_for_a_persons_word_and_for_an_order_that_is_unknown(shell: Shell) -> None:
    shell.run("run", "--seconds", "1")

    unsaid = shell.run("settle", "hr-1")
    unknown = shell.run("settle", "hr-1", "--gone")

    assert (unsaid.returncode, unknown.returncode) == (2, 2)
    assert "--gone" in unsaid.stderr
    assert "hr-1 cannot be settled by hand" in unknown.stderr


def test_a_dated_hedge_runs_in_paper_and_survives_a_restart(shell: Shell) -> None:
    text = CONFIG.replace('symbol = "BTC/USDT:USDT"', 'symbol = "BTC/USDT:USDT"\nkind = "dated"')
    (shell.folder / "hedgerow.toml").write_text(text)

    shell.run("run", "--seconds", "4")
    (before,) = shell.json("status")["accounts"]["main"]
    shell.run("run", "--seconds", "4")
    (after,) = shell.json("status")["accounts"]["main"]

    assert before["symbol"].startswith("BTC/USDT:USDT-")
    assert (before["symbol"], before["held"]) == (after["symbol"], after["held"])
    assert after["decision"] > before["decision"]
    assert 0.98 < float(after["ratio_achieved"]) < 1.02
    assert shell.json("incidents") == {"main": []}


def test_a_replay_of_rolls_needs_a_dated_hedge_and_both_files(shell: Shell) -> None:
    near = contract_bars("N24", 400, [50_000.0] * 400)
    far = contract_bars("F24", 2600, [50_500.0] * 500)
    saved(pl.concat([near, far]), shell.folder, "contracts.parquet")
    saved(spot_bars([50_000.0] * 500), shell.folder, "spot.parquet")
    files = ("--data", "contracts.parquet", "--spot", "spot.parquet")

    text = (
        CONFIG
        + "[backtest]\nexpiry_months = [1, 4]\ncontract = { contract_size = 0.1, contracts_step = 1 }\n"
    )
    (shell.folder / "hedgerow.toml").write_text(text + "[risk]\nleverage_max = 9\n")
    perpetual = shell.run("backtest", *files)
    text = text.replace('symbol = "BTC/USDT:USDT"', 'symbol = "BTC/USDT:USDT"\nkind = "dated"')
    (shell.folder / "hedgerow.toml").write_text(text + "[risk]\nleverage_max = 9\n")
    missing = shell.run("backtest", "--data", "none.parquet", "--spot", "spot.parquet")
    report = shell.json("backtest", *files)
    table = shell.run("backtest", *files).stdout

    assert (perpetual.returncode, missing.returncode) == (2, 2)
    assert 'set kind = "dated"' in perpetual.stderr
    assert "none.parquet" in missing.stderr
    assert [(roll["near_name"], roll["far_name"]) for roll in report["rolls"]] == [("N24", "F24")]
    assert report["all_finished_before_expiry"]
    assert "N24 -> F24" in table


def test_a_live_demo_draws_and_sums_up(shell: Shell) -> None:
    done = shell.run("demo", "--hours", "10", "--seconds", "1")

    assert done.returncode == 0
    for words in ("target ratio", "working", "calm", "hedgerow replay --journal"):
        assert words in done.stdout


# --- run ----------------------------------------------------------------------------------------------------


def wait_until_hedged(shell: Shell) -> None:
    """Look at a running bot's journal until its hedge stands."""
    for _ in range(60):
        done = shell.run("status", "--json")
        hedges = json.loads(done.stdout)["accounts"].get("main", []) if done.returncode == 0 else []
        if hedges and hedges[0]["held"] == "-1":
            return
        time.sleep(0.2)
    pytest.fail("the hedge was not made in time")


def test_run_hedges_and_resumes_from_its_journal(shell: Shell) -> None:
    first = shell.run("run", "--seconds", "4")
    second = shell.run("run", "--seconds", "4")
    status = shell.json("status")

    assert first.returncode == second.returncode == 0
    assert "mode paper" in first.stderr
    (hedge,) = status["accounts"]["main"]
    assert hedge["held"] == "-1"
    journal = shell.folder / ".hedgerow" / "paper.sqlite"
    assert status["mode"] == "paper"
    assert "filled" not in second.stderr
    assert journal.exists()


def test_run_stops_on_sigterm_with_exit_code_0_and_keeps_the_hedge(shell: Shell) -> None:
    process = shell.start("run")
    wait_until_hedged(shell)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    assert shell.json("status")["accounts"]["main"][0]["held"] == "-1"


def test_a_killed_run_leads_to_one_hedge_after_the_restart(shell: Shell) -> None:
    process = shell.start("run")
    wait_until_hedged(shell)
    process.kill()
    process.communicate()

    assert shell.run("run", "--seconds", "2").returncode == 0
    assert shell.json("status")["accounts"]["main"][0]["held"] == "-1"
    assert shell.run("replay").returncode == 0


def test_two_runs_on_one_account_are_one_too_many(shell: Shell) -> None:
    process = shell.start("run")
    wait_until_hedged(shell)
    second = shell.run("run", "--seconds", "1")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)

    assert second.returncode == 4
    assert "already writes the journal" in second.stderr


# --- settings -----------------------------------------------------------------------------------------------


def test_new_config_writes_settings_that_pass_and_never_overwrites(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").unlink()

    written = shell.run("new-config", "--yes")
    checked = shell.run("check-config")
    again = shell.run("new-config", "--yes")

    assert written.returncode == checked.returncode == 0
    assert again.returncode == 2
    assert "exists" in again.stderr
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_show_config_names_the_origin_of_each_value(shell: Shell) -> None:
    (shell.folder / ".env").write_text("HEDGEROW_RISK__LEVERAGE_MAX=2\n")
    (shell.folder / "more.toml").write_text("[loop]\npoll_seconds = 7\n")

    done = shell.run(
        "show-config",
        "-c",
        "hedgerow.toml",
        "-c",
        "more.toml",
        "--json",
        HEDGEROW_GUARD__STOP__MARGIN_RATIO="0.7",
    )

    rows = {row["path"]: (row["value"], row["origin"]) for row in json.loads(done.stdout)}
    assert rows["risk.leverage_max"] == ("2", ".env line 1")
    assert rows["guard.stop.margin_ratio"] == ("0.7", "environment HEDGEROW_GUARD__STOP__MARGIN_RATIO")
    assert rows["loop.poll_seconds"] == ("7", "more.toml line 2")
    assert rows["hedges.btc.holdings"] == ("1", "hedgerow.toml line 8")
    assert rows["risk.quote_age_seconds_max"][1] == "default"


# change to the settings                                   | words of the answer
BAD_SETTINGS = """
holdings = 1                => holdings = "many"            | hedgerow.toml line 8: | hedges.btc.holdings: | must be a number
holdings = 1                => holdngs = 1                  | hedgerow.toml line 8: | no `holdngs` | Did you mean `holdings`?
ratio = 1                   => ratio = 1.6                  | hedgerow.toml line 9: | 1.6 | less than or equal to 1.5
outer = 0.01                => outer = 1                    | hedgerow.toml line 10: | wide
asset = "BTC"               => asset = "ETH"                | contract on BTC cannot hedge ETH
account = "main"            => account = "mian"             | There is no account 'mian' | main
[pricing]                   => [pricng]                     | no `pricng` | pricing
deposit = 100000            => deposit = nan                | accounts.main.deposit | finite
[hedges.btc]                => [hedges.btc                  | hedgerow.toml line 4 | not TOML
"""


@pytest.mark.parametrize("row", BAD_SETTINGS.strip().splitlines())
def test_a_wrong_setting_is_named_with_place_and_remedy(row: str, shell: Shell) -> None:
    change, *words = (part.strip() for part in row.split("|"))
    old, new = (part.strip() for part in change.split("=>"))
    assert old in CONFIG
    (shell.folder / "hedgerow.toml").write_text(CONFIG.replace(old, new, 1))

    done = shell.run("check-config")

    assert done.returncode == 2
    for word in words:
        assert word in done.stderr


def test_all_faults_are_told_at_once(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(
        CONFIG.replace("holdings = 1", "holdngs = 1").replace("0.01", "7")
    )

    done = shell.run("check-config", HEDGEROW_RISK__LEVERGE_MAX="3")

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 4
    for word in ("holdngs", "`holdings` is missing", "HEDGEROW_RISK__LEVERGE_MAX", "outer"):
        assert word in done.stderr


def test_a_missing_and_an_empty_settings_file_are_explained(shell: Shell) -> None:
    missing = shell.run("check-config", "-c", "gone.toml")
    (shell.folder / "hedgerow.toml").write_text("")
    empty = shell.run("check-config")

    assert missing.returncode == empty.returncode == 2
    assert "No settings file at gone.toml" in missing.stderr
    assert "new-config" in missing.stderr
    assert "hedges" in empty.stderr


def test_errors_are_json_when_json_is_asked_for(shell: Shell) -> None:
    done = shell.run("check-config", "-c", "gone.toml", "--json")

    assert done.returncode == 2
    assert json.loads(done.stderr)["exit_code"] == 2


# --- backtest -----------------------------------------------------------------------------------------------


def test_a_backtest_reports_as_table_and_as_json(shell: Shell) -> None:
    candles = saved(hours([100.0, 110, 90, 120]), shell.folder)

    report = shell.json("backtest", "--data", str(candles))
    table = shell.run("backtest", "--data", str(candles))

    assert report["spot_pnl"] == "20"
    assert float(report["futures_pnl"]) == -20
    assert set(report) >= {
        "bars", "bars_skipped_missing", "decisions", "orders", "fills", "spot_pnl", "futures_pnl", "funding", "fees",
        "slippage", "net_pnl", "hedge_effectiveness", "vol_reduction", "regression_slope",
        "dollar_offset", "achieved_ratio_min", "achieved_ratio_max",
        "margin_ratio_max", "liquidation_distance_min", "liquidations", "seconds",
    }  # fmt: skip
    assert "effectiveness" in table.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["backtest", "--data", "gone.parquet"], 2, "No candle file at gone.parquet"),
        (["backtest"], 2, "--data"),
        (["backtest", "--data", "hedgerow.toml", "--hedge", "eth"], 2, "cannot be read"),
        (["bcktest"], 2, "No such command"),
        (["replay"], 4, "paper.sqlite: start with `hedgerow demo`"),
        (["status"], 4, "paper.sqlite: start with `hedgerow demo`"),
        (["status", "--journal", "hedgerow.toml"], 4, "hedgerow.toml"),
        (["demo", "--seed", "seven"], 2, "--seed"),
        (["demo", "--headless", "--journal", "hedgerow.toml"], 4, "hedgerow.toml"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(
    arguments: list[str], code: int, words: str, shell: Shell
) -> None:
    before = (shell.folder / "hedgerow.toml").read_bytes()

    done = shell.run(*arguments)

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert (shell.folder / "hedgerow.toml").read_bytes() == before


# --- journals ---------------------------------------------------------------------------------------------------


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_journal_of_another_mode_is_refused_and_left_as_it_was(
    demo: tuple[Shell, Any], shell: Shell
) -> None:
    other, result = demo
    journal = shell.folder / "other.sqlite"
    shutil.copy(other.folder / result["journal"], journal)
    before = digest(journal)

    done = shell.run("run", "--seconds", "1", HEDGEROW_JOURNAL__PATH="other.sqlite")

    assert done.returncode == 4
    assert "mode demo" in done.stderr
    assert digest(journal) == before


def test_a_journal_of_a_newer_schema_is_refused_and_left_as_it_was(
    demo: tuple[Shell, Any], shell: Shell
) -> None:
    import sqlite3

    other, result = demo
    journal = shell.folder / "newer.sqlite"
    shutil.copy(other.folder / result["journal"], journal)
    database = sqlite3.connect(journal)
    with database:
        database.execute("update alembic_version set version_num = '9999'")
        database.execute("update meta set value = 'paper' where key = 'mode'")
    database.close()
    before = digest(journal)

    done = shell.run("run", "--seconds", "1", HEDGEROW_JOURNAL__PATH="newer.sqlite")

    assert done.returncode == 4
    assert "newer Hedgerow" in done.stderr
    assert digest(journal) == before


@pytest.mark.skipif(
    not Path("/sys/kernel").is_dir(), reason="needs a folder that nobody can write to, as Linux has"
)
def test_a_disk_that_cannot_be_written_is_explained(shell: Shell) -> None:
    done = shell.run("run", "--seconds", "1", HEDGEROW_JOURNAL__PATH="/sys/kernel/hedgerow.sqlite")

    assert done.returncode == 4
    assert "/sys/kernel/hedgerow.sqlite cannot be written" in done.stderr
    assert "journal.path" in done.stderr
