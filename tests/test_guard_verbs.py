"""The guard's verbs as a person meets them: words said from another terminal, and how the guard stands."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.journal import open_journal
from bot.adapters.records import decision_from_json, decision_to_json, snapshot_from_json, snapshot_to_json
from tests.adapters.builders import START_MS, thin, with_hole
from tests.test_cli import CONFIG, ROOT, Shell, wait_until_hedged

SYMBOL = "BTC/USDT:USDT"
TWO_ACCOUNTS = (
    CONFIG
    + """
[accounts.second]
deposit = 5

[hedges.coin]
account = "second"
asset = "BTC"
symbol = "BTC/USD:BTC"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }]
band = { outer = 0.01, inner = 0 }
"""
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def journaled(shell: Shell, *, blind: bool = False) -> None:
    """Leave a journal whose last decision found thin margin, or could not look."""
    folder = shell.folder / ".hedgerow"
    picture, decision = thin()
    picture = snapshot_from_json(snapshot_to_json(picture).replace("BTCUSDT", SYMBOL))
    decision = decision_from_json(decision_to_json(decision).replace("BTCUSDT", SYMBOL))
    with open_journal(
        f"sqlite:///{folder / 'paper.sqlite'}", mode="paper", account="main", rules_json="{}"
    ) as journal:
        journal.decided(picture, decision)
        if blind:
            journal.decided(with_hole(picture), replace(decision, number=2, commands=(), watch=None))


def guard_of(shell: Shell, account: str = "main") -> Any:
    """Ask how the guard of an account stands."""
    (view,) = [one for one in shell.json("guard") if one["account"] == account]
    return view


def in_force(shell: Shell, account: str = "main") -> list[tuple[str, str | None]]:
    return [(one["kind"], one["hedge"]) for one in guard_of(shell, account)["controls"]]


# --- words ----------------------------------------------------------------------------------------------------


def test_a_freeze_is_written_down_with_who_and_why(shell: Shell) -> None:
    journaled(shell)

    done = shell.run("freeze", "--why", "the book is thin", LOGNAME="ann")

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "Account main is frozen: nothing new is sent, working orders are taken back, what is hedged stays hedged (ann:"
        " the book is thin). A running bot follows within a poll, else it does at its next start.\n"
    )
    (control,) = guard_of(shell)["controls"]
    assert (control["kind"], control["hedge"], control["who"]) == ("freeze", None, "ann")
    assert control["why"] == "the book is thin"
    assert abs(control["at_ms"] - time.time() * 1000) < 60_000


def test_a_word_without_an_account_is_for_every_account(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)

    said = shell.json("freeze")
    frozen = [in_force(shell, name) for name in ("main", "second")]
    shell.run("resume", "--account", "second")

    assert [(one["account"], one["hedge"], one["why"]) for one in said] == [
        ("main", None, "no reason given"),
        ("second", None, "no reason given"),
    ]
    assert frozen == [[("freeze", None)]] * 2
    assert (in_force(shell, "main"), in_force(shell, "second")) == ([("freeze", None)], [])


def test_a_word_about_a_hedge_is_for_its_account(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)

    (said,) = shell.json("freeze", "--hedge", "coin")
    frozen = in_force(shell, "second")
    (released,) = shell.json("resume", "--hedge", "coin", "--account", "second")

    assert (said["account"], said["hedge"], said["kind"]) == ("second", "coin", "freeze")
    assert frozen == [("freeze", "coin")]
    assert (released["kind"], in_force(shell, "second")) == ("resume", [])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--hedge", "eth"), "There is no hedge 'eth': choose with --hedge from btc, coin."),
        (("--account", "third"), "There is no account 'third': choose with --account from main, second."),
        (
            ("--hedge", "btc", "--account", "second"),
            "Hedge btc is of account main, not second: leave --account out.",
        ),
    ],
)
@pytest.mark.parametrize("verb", ["freeze", "resume", "unwind"])
def test_a_word_about_nothing_is_refused(
    shell: Shell, verb: str, words: tuple[str, ...], sentence: str
) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)

    done = shell.run(verb, *words)

    assert (done.returncode, done.stderr) == (2, sentence + "\n")


@pytest.mark.parametrize("words", [("freeze",), ("resume",), ("unwind", "--yes"), ("guard",)])
def test_without_a_journal_nothing_can_be_said_or_shown(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell.run(*words, "--json")

    assert done.returncode == 4
    assert json.loads(done.stderr)["exit_code"] == 4
    assert "No journal at" in json.loads(done.stderr)["error"]
    assert [path.name for path in shell.folder.iterdir()] == ["hedgerow.toml"]


# --- unwind ---------------------------------------------------------------------------------------------------


def test_unwinding_without_a_terminal_needs_a_yes(shell: Shell) -> None:
    journaled(shell)

    done = shell.run("unwind")

    assert done.returncode == 2
    assert "there is no terminal to ask at: say --yes." in done.stderr
    assert in_force(shell) == []
    assert shell.json("unwind", "--yes", "--hedge", "btc")[0]["kind"] == "unwind"
    assert in_force(shell) == [("unwind", "btc")]


def at_a_terminal(shell: Shell, answer: str, *words: str) -> tuple[int, str, str]:
    """Run a command with a terminal to ask at; returns its exit code, its answer, and what it asked."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=shell.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", "LOGNAME": "ann"},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, f"{answer}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("answer", "code", "then"), [("n", 1, []), ("", 1, []), ("y", 0, [("unwind", None)])]
)
def test_at_a_terminal_unwinding_shows_what_it_would_close_and_asks(
    shell: Shell, answer: str, code: int, then: list[tuple[str, str | None]]
) -> None:
    journaled(shell)

    returned, out, err = at_a_terminal(shell, answer, "unwind")

    assert returned == code, err
    assert "Would be closed, and the coins become unhedged:" in err
    assert f"btc · account main · -1.1 contracts of {SYMBOL} at mark 60000, seen " in err
    assert ("Account main is unwound" in out) is (answer == "y")
    assert ("Nothing was said" in err) is (answer != "y")
    assert in_force(shell) == then


def test_where_nothing_was_held_unwinding_says_so(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)

    _, _, err = at_a_terminal(shell, "n", "unwind", "--hedge", "coin")

    assert "As the journal last saw it, nothing is held" in err


# --- guard ----------------------------------------------------------------------------------------------------


def test_guard_shows_the_state_its_causes_and_the_ladder_in_prices(shell: Shell) -> None:
    journaled(shell)

    view = guard_of(shell)

    (pool,) = view["pools"]
    assert (view["state"], view["decision"], view["missing"]) == ("reducing", 1, [])
    assert next(cause["kind"] for cause in view["causes"]) == "margin"
    assert (pool["symbols"], pool["settle"], pool["rung"]) == ([SYMBOL], "USDT", "stop")
    assert (float(pool["equity"]), float(pool["maintenance"])) == (12_000, 264)
    assert float(pool["liquidation_price"]) == pytest.approx(60_000 * (1 + float(pool["distance"])))
    trips = {trip["rung"]: trip for trip in pool["trips"]}
    assert list(trips) == ["warn", "top_up", "stop", "cancel", "reduce", "halt"]
    assert [rung for rung, trip in trips.items() if trip["reached"]] == ["warn", "top_up", "stop"]
    for rung, distance in (("stop", 0.2), ("reduce", 0.12), ("halt", 0.03)):
        expected = float(pool["liquidation_price"]) / (1 + distance)
        assert float(trips[rung]["price_up"]) == pytest.approx(expected)
    (transfer,) = view["transfers"]
    assert (transfer["state"], transfer["asset"]) == ("planned", "USDT")
    assert [event["began"] for event in view["events"]] == [True] * len(view["causes"])


def test_guard_is_told_in_words(shell: Shell) -> None:
    journaled(shell)
    shell.run("freeze", "--hedge", "btc", "--why", "lunch", LOGNAME="ann")

    told = shell.run("guard").stdout

    for words in (
        "account main · state reducing · decision 1 · ",
        "reducing · Rung stop: liquidation is 17.7 % away",
        "in force: freeze of hedge btc by ann, ",
        ": lunch",
        "stop at",
        "liquidation at",
        "margin ratio",
        "in sigmas of a day",
        "top-up: ",
        "planned",
        "began · margin · guard, reducing: Rung stop",
    ):
        assert words in told, words


def test_guard_says_when_it_could_not_look(shell: Shell) -> None:
    journaled(shell, blind=True)

    view, told = guard_of(shell), shell.run("guard").stdout

    assert (view["state"], view["pools"], view["causes"]) == (None, [], [])
    assert view["missing"] == ["no quote of BTCUSDT"]
    assert "account main · state - · decision 2" in told
    assert "The guard could not look: no quote of BTCUSDT." in told


def test_guard_shows_an_account_that_was_only_spoken_of(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)
    shell.run("freeze")

    view, told = guard_of(shell, "second"), shell.run("guard").stdout

    assert (view["state"], view["at_ms"]) == (None, None)
    assert "account second · state - · no decision yet" in told
    assert view["controls"][0]["at_ms"] > START_MS


# --- a running bot --------------------------------------------------------------------------------------------


def wait_until(question: Callable[[], bool]) -> None:
    """Wait for a running bot to follow."""
    for _ in range(60):
        if question():
            return
        time.sleep(0.2)
    pytest.fail("the bot did not follow in time")


def held(shell: Shell) -> str:
    (hedge,) = shell.json("status")["accounts"]["main"]
    return str(hedge["held"])


def test_a_running_bot_follows_a_word_from_another_terminal(shell: Shell) -> None:
    process = shell.start("run")
    try:
        wait_until_hedged(shell)
        shell.run("freeze", "--why", "lunch")
        wait_until(lambda: bool(guard_of(shell)["state"] == "halted"))
        frozen = held(shell)
        shell.run("unwind", "--yes")
        wait_until(lambda: held(shell) == "0")
        shell.run("resume")
        wait_until(lambda: held(shell) == "-1")
        view = guard_of(shell)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert frozen == "-1", "what is hedged stays hedged"
    assert (view["state"], view["controls"]) == ("normal", [])
    told = [(event["kind"], event["began"]) for event in view["events"] if event["kind"] != "margin"]
    assert told == [("frozen", True), ("unwinding", True), ("frozen", False), ("unwinding", False)]
    assert shell.run("replay").returncode == 0


def test_a_word_said_while_nobody_runs_is_followed_at_the_next_start(shell: Shell) -> None:
    shell.run("run", "--seconds", "2")
    shell.run("unwind", "--yes", "--hedge", "btc")

    shell.run("run", "--seconds", "3")

    assert held(shell) == "0"
    assert guard_of(shell)["state"] == "normal", "the account's, not the hedge's"
    (hedge,) = shell.json("status")["accounts"]["main"]
    assert hedge["state"] == "halted"
