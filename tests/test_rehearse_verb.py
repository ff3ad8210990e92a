"""`hedgerow rehearse` as a person meets it: options, a journal that stays as it is, tables, JSON, a page."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.adapters.journal import open_journal
from bot.adapters.records import snapshot_from_json, snapshot_to_json
from bot.cli import app
from bot.core.decide import decide
from bot.settings import Settings, load
from bot.shell.ports import SettingsError
from tests.adapters.builders import snapshot as bare_picture
from tests.test_cli import CONFIG, Shell
from tests.test_guard_verbs import SYMBOL, TWO_ACCOUNTS, journaled


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give a folder that real commands run in, and this process is in, too."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


def settings_of(shell: Shell) -> Settings:
    return load([shell.folder / "hedgerow.toml"], environ={}, dotenv=None).settings


def unhedged(shell: Shell, rules_json: str) -> None:
    """Leave a journal whose account holds nothing yet."""
    text = snapshot_to_json(bare_picture()).replace("BTCUSDT", SYMBOL)
    picture = snapshot_from_json(text)
    decision = decide(picture, settings_of(shell).rules("main"))
    path = shell.folder / ".hedgerow" / "paper.sqlite"
    with open_journal(f"sqlite:///{path}", mode="paper", account="main", rules_json=rules_json) as journal:
        journal.decided(picture, decision)


def lying(folder: Path) -> dict[str, str]:
    """Give every file of a folder, with a hash of what it holds."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def told(*words: str) -> Any:
    """Rehearse in this process: starting another costs a second."""
    done = CliRunner().invoke(app, ["rehearse", *words, "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


def rehearsed(*words: str) -> Any:
    """Rehearse the one account there is."""
    (account,) = told(*words)["accounts"]
    return account


# --- what it tells --------------------------------------------------------------------------------------------


def test_todays_account_is_led_from_the_journals_last_picture_and_nothing_is_written(shell: Shell) -> None:
    journaled(shell)
    before = lying(shell.folder)

    found = shell.json("rehearse", "--shock", "+20%")

    assert lying(shell.folder) == before
    assert found["mode"] == "paper"
    (account,) = found["accounts"]
    assert (account["account"], account["symbol"]) == ("main", SYMBOL)
    assert account["rows"][0]["rung"] == "stop"
    assert [row["rung"] for row in account["rows"]][1:3] == ["reduce", "warn"]
    assert account["reductions"] >= 1
    assert account["liquidated"] is None
    forecast = float(account["liquidation_price"])
    assert forecast <= float(account["unguarded"]["mark"]) < forecast * 1.004
    assert len(account["path"]) == 61


def test_a_person_is_shown_rung_by_rung_what_the_guard_would_do(shell: Shell) -> None:
    journaled(shell)

    done = shell.run("rehearse", "--shock", "20%", "--over", "30m", COLUMNS="300")

    assert done.returncode == 0, done.stderr
    assert "rehearsal · paper · account main · BTC/USDT:USDT +20.0 % over 30 min" in done.stdout
    assert "rung reduce: positions are made smaller; buys back 0." in done.stdout
    assert "With the guard the account is not liquidated: it reduces 2 times at a cost of " in done.stdout
    assert "Without the guard the account is LIQUIDATED after 27 min at " in done.stdout
    assert "nothing is sent, nothing is written." in done.stdout


def test_the_last_whole_picture_counts_when_a_later_one_has_holes(shell: Shell) -> None:
    journaled(shell, blind=True)

    assert rehearsed("--shock", "0.01", "--over", "2m")["rows"][0]["rung"] == "stop"


def test_a_rehearsal_does_not_ask_for_the_right_to_write(shell: Shell) -> None:
    journaled(shell)
    url = f"sqlite:///{shell.folder / '.hedgerow' / 'paper.sqlite'}"

    with open_journal(url, mode="paper", account="main", rules_json="{}"):
        done = shell.run("rehearse", "--shock", "1%", "--over", "1m")

    assert done.returncode == 0, done.stderr


def test_without_a_journal_a_new_account_is_led_after_its_first_entry(shell: Shell) -> None:
    account = rehearsed("--shock", "-5%", "--over", "10m")

    assert list(lying(shell.folder)) == ["hedgerow.toml"]
    assert float(account["hedges"][0]["held"]) == float(account["hedges"][0]["target"]) == -1
    assert account["rows"][-1]["price_change"].startswith("-0.0")
    assert (account["liquidated"], account["unguarded"]) == (None, None)


def test_an_account_without_positions_says_so(shell: Shell) -> None:
    unhedged(shell, settings_of(shell).model_dump_json())

    done = shell.run("rehearse", "--shock", "40%")

    assert done.returncode == 0
    assert "account main: it holds no position, so that no price can liquidate it." in done.stdout


def test_a_journal_named_is_rehearsed_under_the_settings_it_was_written_with(shell: Shell) -> None:
    unhedged(shell, settings_of(shell).model_dump_json())
    (shell.folder / "hedgerow.toml").unlink()

    account = rehearsed("--shock", "1%", "--journal", ".hedgerow/paper.sqlite")

    assert account["why"].startswith("it holds no position")


def test_settings_that_are_no_longer_valid_are_named_and_others_can_be_given(shell: Shell) -> None:
    journaled(shell)
    words = ("--shock", "1%", "--over", "1m", "--journal", ".hedgerow/paper.sqlite")

    with pytest.raises(SettingsError) as error:
        told(*words)

    assert str(error.value).startswith(
        "The settings that account main was run with last are no longer valid; name others with --config."
    )
    assert rehearsed(*words, "-c", "hedgerow.toml")["rows"][0]["rung"] == "stop"


def test_an_account_of_the_settings_that_the_journal_does_not_know_says_so(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)

    every = told("--shock", "1%", "--over", "1m")["accounts"]
    one = rehearsed("--shock", "1%", "--over", "1m", "--account", "second")

    assert [account["account"] for account in every] == ["main", "second"]
    assert every[1] == one
    assert one["why"] == "the journal has no decision on a whole picture of it yet."


def test_a_hedge_that_the_last_picture_knows_nothing_of_is_named(shell: Shell) -> None:
    journaled(shell)
    (shell.folder / "hedgerow.toml").write_text(CONFIG.replace('"BTC', '"ETH'))

    assert rehearsed("--shock", "1%")["why"] == (
        "its last picture knows no ETH/USDT:USDT, which hedge btc of the settings is about: let `hedgerow run` decide once"
        " with these settings."
    )


# --- the page -------------------------------------------------------------------------------------------------


def test_the_page_holds_all_it_needs_and_says_what_it_is(shell: Shell) -> None:
    journaled(shell)
    page = shell.folder / "out" / "plots" / "rally.html"

    done = shell.run("rehearse", "--shock", "+20%", "--funding", "-0.3%", "--html", "out/plots/rally.html")

    assert done.stdout.endswith("plot: out/plots/rally.html\n")
    text = page.read_text("utf-8")
    assert text.count("<!doctype html>") == 1
    assert "<script src=" not in text
    assert "<link" not in text.partition("<script")[0]
    for words in (
        "A rehearsal on the model exchange",
        "rehearsal · paper · account main · BTC/USDT:USDT +20.0 % over 1 h",
        "in 60 steps along a straight line in its logarithm",
        "funding of -0.3000 % at every settlement",
        "The spread and the size displayed stay as in the last picture",
    ):
        assert words in text
    figure = text[text.index("Plotly.newPlot(") :]
    for trace in (
        "mark",
        "liquidation with the guard",
        "liquidation without the guard",
        "the guard acts",
        "move to liquidation, %",
        "btc holds, BTC",
        "btc should hold, BTC",
    ):
        assert f'"name":"{trace}"' in figure
    assert "halt below 3.0 %" in figure


def test_a_page_is_written_over_and_json_stays_json(shell: Shell) -> None:
    (shell.folder / "hedgerow.toml").write_text(TWO_ACCOUNTS)
    journaled(shell)
    (shell.folder / "page.html").write_text("an older one")

    done = shell.run("rehearse", "--shock", "1%", "--over", "1m", "--html", "page.html", "--json")

    assert json.loads(done.stdout)["accounts"][0]["account"] == "main"
    assert done.stderr == "plot: page.html\n"
    text = (shell.folder / "page.html").read_text("utf-8")
    assert "an older one" not in text
    assert "the journal has no decision on a whole picture of it yet." in text


def test_a_page_that_cannot_be_written_is_an_error_with_a_remedy(shell: Shell) -> None:
    journaled(shell)

    done = shell.run("rehearse", "--shock", "1%", "--over", "1m", "--html", ".hedgerow")

    assert done.returncode == 2
    assert done.stderr == "--html .hedgerow: it cannot be written (Is a directory); name another file.\n"


# --- options --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--shock", "up"), "--shock up: this is no share; write +40%, -20% or 0.4."),
        (("--shock", "nan"), "--shock nan: this is no share; write +40%, -20% or 0.4."),
        (("--shock", "1e3"), "--shock 1e3: this is no share; write +40%, -20% or 0.4."),
        (
            ("--shock", "40"),
            "--shock 40: +4000 % is not between -99 % and +1000 %; write +40%, -20% or 0.4.",
        ),
        (
            ("--shock", "-100%"),
            "--shock -100%: -100 % is not between -99 % and +1000 %; write +40%, -20% or 0.4.",
        ),
        (
            ("--shock", "1%", "--over", "day"),
            "--over day: this is no length of time; write 30m, 24h or 3d, or 0 for a gap.",
        ),
        (
            ("--shock", "1%", "--over", "91d"),
            "--over 91d: this is longer than 90 days; write 30m, 24h or 3d.",
        ),
        (
            ("--shock", "1%", "--funding", "6%"),
            "--funding 6%: +6 % is not between -5 % and +5 %; write -0.3% or 0.0001.",
        ),
        (
            ("--shock", "1%", "--basis", "-0.6"),
            "--basis -0.6: -60 % is not between -50 % and +50 %; write +1% or 0.01.",
        ),
        (
            ("--shock", "1%", "--account", "other"),
            "There is no account 'other': choose with --account from main.",
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_value_and_a_right_one(
    shell: Shell, words: tuple[str, ...], sentence: str
) -> None:
    assert shell.folder == Path.cwd()
    with pytest.raises(SettingsError) as error:
        told(*words)

    assert str(error.value) == sentence


def test_a_wrong_option_is_a_mistake_in_usage(shell: Shell) -> None:
    done = shell.run("rehearse", "--shock", "up")

    assert (done.returncode, done.stderr) == (2, "--shock up: this is no share; write +40%, -20% or 0.4.\n")


@pytest.mark.parametrize("text", ["+40%", "40%", "0.4", ".4", "40.0 %"])
def test_a_shock_is_written_in_percent_or_as_a_number(shell: Shell, text: str) -> None:
    journaled(shell)

    assert float(rehearsed("--shock", text, "--over", "0")["shock"]["share"]) == 0.4


def test_without_the_journal_that_was_named_there_is_no_rehearsal(shell: Shell) -> None:
    done = shell.run("rehearse", "--shock", "1%", "--journal", "none.sqlite")

    assert done.returncode == 4
    assert done.stderr.startswith("No journal at ")
    assert list(lying(shell.folder)) == ["hedgerow.toml"]
