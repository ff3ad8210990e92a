"""What each mode asks of an account, and that a key, wherever it was written, is shown nowhere."""

import dataclasses
import json
import sys
import traceback
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from bot.cli import main
from bot.core.instruments import Tier
from bot.core.values import Money, Notional, Ratio
from bot.settings import Answers, Fault, Loaded, Settings, SettingsFaultsError, answered, load, shown
from bot.settings_modes import acknowledgement
from bot.settings_risk import Risk
from bot.settings_words import documented
from tests.test_cli import Shell

HEDGE = """\
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 2
policy = [{ stage = "fixed_ratio", ratio = 1 }]
"""
MAIN = "HEDGEROW_ACCOUNTS__MAIN"
KEY, SECRET, PASSPHRASE = f"{MAIN}__API_KEY", f"{MAIN}__API_SECRET", f"{MAIN}__API_PASSPHRASE"
KEYS = MappingProxyType({KEY: "canary-key", SECRET: "canary-secret", PASSPHRASE: "canary-passphrase"})
BYBIT = 'venue = "bybit"'
WORD = 'acknowledge = "live main 1000000"'
ACCOUNTS = {"paper": "deposit = 1", "local": BYBIT, "testnet": BYBIT, "live": f"{BYBIT}\n{WORD}"}
"""By mode: an account that has all that is asked of it, given the keys."""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(
    mode: str, account: str, more: str = "", environ: Mapping[str, str] = KEYS, dotenv: str = ""
) -> Loaded:
    """Load an account, given as the lines of its table, in a mode."""
    Path("hedgerow.toml").write_text(f'mode = "{mode}"\n[accounts.main]\n{account}\n{HEDGE}{more}', "utf-8")
    Path(".env").write_text(dotenv, "utf-8")
    return load([Path("hedgerow.toml")], environ=environ, dotenv=Path(".env"))


def faults(
    mode: str, account: str, more: str = "", environ: Mapping[str, str] = KEYS, dotenv: str = ""
) -> tuple[Fault, ...]:
    with pytest.raises(SettingsFaultsError) as caught:
        loaded(mode, account, more, environ, dotenv)
    return caught.value.faults


# --- what each mode asks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ACCOUNTS)
def test_an_account_that_has_what_its_mode_asks_is_taken(mode: str) -> None:
    settings = loaded(mode, ACCOUNTS[mode]).settings

    assert settings.mode == mode
    assert settings.accounts["main"].api_key.get_secret_value() == "canary-key"
    assert settings.accounts["main"].api_secret.get_secret_value() == "canary-secret"


POOR = "A paper account without money cannot open anything."
DEPOSIT = "Set deposit, in settlement currency."
PAPER = 'or set mode = "paper".'
COINS = 'collateral = [{ asset = "BTC", coins = 1 }]'
ASKED = [
    # mode      account's lines                    lacks       path          line  sentence                            remedy
    ("paper", "", "", "deposit", 2, POOR, DEPOSIT),
    ("paper", "deposit = 0", "", "deposit", 3, POOR, DEPOSIT),
    ("paper", "deposit = 0.0", "", "deposit", 3, POOR, DEPOSIT),
    ("paper", "deposit = '0.000'", "", "deposit", 3, POOR, DEPOSIT),
    ("paper", "deposit = -0e3", "", "deposit", 3, POOR, DEPOSIT),
    ("paper", f"{BYBIT}\nreserve = 5", "", "deposit", 2, POOR, DEPOSIT),
    ("paper", "collateral = []", "", "deposit", 2, POOR, DEPOSIT),
    ("paper", COINS.replace("= 1", "= '0.0'"), "", "deposit", 2, POOR, DEPOSIT),
    ("local", "", "", "venue", 2, "The built-in exchange has no mode local.", f"Choose a venue, {PAPER}"),
    ("local", "venue = 'model'", "", "venue", 3, "The built-in exchange has no mode local.", f"Choose a venue, {PAPER}"),
    ("testnet", "", "", "venue", 2, "The built-in exchange has no mode testnet.", f"Choose a venue, {PAPER}"),
    ("live", WORD, "", "venue", 2, "The built-in exchange has no mode live.", f"Choose a venue, {PAPER}"),
    ("local", f"{BYBIT}\ndeposit = 1", "", "deposit", 4, "Money cannot be made up in mode local:", f"Remove it, {PAPER}"),
    ("testnet", f"{BYBIT}\nreserve = '1'", "", "reserve", 4, "Money cannot be made up in mode testnet:", f"Remove it, {PAPER}"),
    ("live", f"{BYBIT}\n{WORD}\n{COINS}", "", "collateral", 5, "Money cannot be made up in mode live:", f"Remove it, {PAPER}"),
    ("testnet", BYBIT, KEY, "api_key", 2, "Mode testnet needs it.", f"Set {KEY} in the environment, or {KEY}_FILE to a file"),
    ("testnet", BYBIT, SECRET, "api_secret", 2, "Mode testnet needs it.", f"Set {SECRET} in the environment, or {SECRET}_FILE"),
    ("live", f"{BYBIT}\n{WORD}", KEY, "api_key", 2, "Mode live needs it.", f"Set {KEY} in the environment"),
    ("live", f"{BYBIT}\n{WORD}\napi_key = ' '", KEY, "api_key", 5, "Mode live needs it.", f"Set {KEY} in the environment"),
    ("live", f"{BYBIT}\n{WORD}", SECRET, "api_secret", 2, "Mode live needs it.", f"Set {SECRET} in the environment"),
    ("testnet", "venue = 'weex'", PASSPHRASE, "api_passphrase", 2, "WEEX needs it.", f"Set {PASSPHRASE} in the environment"),
    ("live", f"venue = 'weex'\n{WORD}", PASSPHRASE, "api_passphrase", 2, "WEEX needs it.", f"Set {PASSPHRASE} in the"),
    ("live", BYBIT, "", "acknowledge", 2, "Trading real money needs your word", f"If you mean it, write {WORD}."),
    # what is wrong in itself is told as that, and as no more
    ("paper", "deposit = 'none'", "", "deposit", 3, "'none' must be a number.", "In mode paper: money"),
    ("paper", "deposit = ''", "", "deposit", 3, "'' must be a number.", "In mode paper: money"),
    ("paper", "deposit = false", "", "deposit", 3, "false must be a number.", "In mode paper: money"),
    ("paper", "collateral = true", "", "collateral", 3, "true must be a list.", "Coins that back"),
    ("local", f"{BYBIT}\ndeposit = true", "", "deposit", 4, "true must be a number.", "In mode paper: money"),
    ("local", f"{BYBIT}\ncollateral = ''", "", "collateral", 4, "'' must be a list.", "Coins that back"),
    ("local", "venue = 'bibyt'", "", "venue", 3, "'bibyt' must be 'model', 'binance-usdm'", "Exchange: model is"),
    ("live", f"{WORD}\nvenue = []", "", "venue", 4, "A list must be 'model', 'binance-usdm'", "Exchange: model is"),
    ("live", f"{BYBIT}\n{WORD}\napi_key = 5", KEY, "api_key", 5, "The value must be text.", "Key at the venue"),
    ("live", f"{BYBIT}\n{WORD}\napi_key = false", KEY, "api_key", 5, "The value must be text.", "Key at the venue"),
    ("live", f"{BYBIT}\nacknowledge = true", "", "acknowledge", 4, "true must be text.", "In mode live: your word"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "account", "lacks", "path", "line", "sentence", "remedy"), ASKED)
def test_what_a_mode_asks_and_an_account_lacks_is_told_once_with_place_and_remedy(
    mode: str, account: str, lacks: str, path: str, line: int, sentence: str, remedy: str
) -> None:
    (fault,) = faults(mode, account, environ={name: text for name, text in KEYS.items() if name != lacks})

    assert (fault.path, fault.place) == (f"accounts.main.{path}", f"hedgerow.toml line {line}")
    assert fault.sentence.startswith(sentence)
    assert fault.remedy.startswith(remedy)


TAKEN = [
    # mode      account's lines                              variables
    ("paper", "deposit = 1", KEYS),
    ("paper", "deposit = 1\nacknowledge = 'yes'", {}),
    ("paper", "deposit = '1e-15'", {}),
    ("paper", COINS, {}),
    ("paper", f"{BYBIT}\ndeposit = 1", {}),
    ("local", BYBIT, {}),
    ("local", f"{BYBIT}\naddress = 'localhost:9000'", {}),
    ("local", "venue = 'weex'", {}),
    ("local", f"{BYBIT}\ndeposit = 0\nreserve = '0.0'\ncollateral = []", {}),
    ("testnet", BYBIT, {KEY: "k", SECRET: "s"}),
    ("testnet", "venue = 'weex'", KEYS),
    ("live", f"{BYBIT}\n{WORD}\napi_key = 'k'\napi_secret = 's'", {}),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "account", "environ"), TAKEN)
def test_what_a_mode_does_not_ask_is_not_missed_and_what_is_too_much_does_no_harm(
    mode: str, account: str, environ: Mapping[str, str]
) -> None:
    assert loaded(mode, account, environ=environ).settings.mode == mode


def test_all_that_live_asks_is_told_at_once() -> None:
    found = faults("live", "deposit = 5\nreserve = 5", environ={})

    assert [(fault.path.removeprefix("accounts.main."), fault.place) for fault in found] == [
        ("venue", "hedgerow.toml line 2"),
        ("deposit", "hedgerow.toml line 3"),
        ("reserve", "hedgerow.toml line 4"),
        ("api_key", "hedgerow.toml line 2"),
        ("api_secret", "hedgerow.toml line 2"),
        ("acknowledge", "hedgerow.toml line 2"),
    ]


def test_what_an_account_lacks_is_told_beside_faults_elsewhere() -> None:
    found = faults("testnet", BYBIT, "[risk]\nleverage_max = 'x'\n", environ={SECRET: "s"})

    assert [fault.path for fault in found] == ["risk.leverage_max", "accounts.main.api_key"]


@pytest.mark.parametrize("mode", ACCOUNTS)
def test_an_account_that_no_hedge_uses_lacks_nothing_but_that(mode: str) -> None:
    (fault,) = faults(mode, ACCOUNTS[mode], "[accounts.spare]\nmargin_mode = 'cross'\n")

    assert (fault.path, fault.sentence) == ("accounts.spare", "No hedge uses this account.")


def test_an_account_is_judged_as_long_as_the_hedge_may_mean_it() -> None:
    found = faults("paper", "", "[hedges.eth]\naccount = 'mian'\n")

    assert "accounts.main.deposit" in {fault.path for fault in found}


def test_every_account_is_asked_by_its_name() -> None:
    more = (
        HEDGE.replace("btc", "eth").replace("BTC", "ETH").replace("main", "other_1")
        + f"[accounts.other_1]\n{BYBIT}\n"
    )
    found = faults("live", ACCOUNTS["live"], more)

    assert [fault.path for fault in found] == [
        "accounts.other_1.api_key",
        "accounts.other_1.api_secret",
        "accounts.other_1.acknowledge",
    ]
    assert found[0].remedy.startswith("Set HEDGEROW_ACCOUNTS__OTHER_1__API_KEY in the environment")
    assert found[2].remedy == 'If you mean it, write acknowledge = "live other_1 1000000".'


# --- the word for real money ------------------------------------------------------------------------------------

RIGHT = [
    # largest position     word
    (None, "live main 1000000"),
    (None, "live main 1000000.00"),
    (None, "live main 1E+6"),
    (None, " live  main 1000000 "),
    ("1e6", "live main 1000000"),
    ("'1E+6'", "live main 1000000"),
    ("1_000_000", "live main 1000000"),
    ("'1000000.0'", "live main 1000000"),
    ("250000.50", "live main 250000.5"),
    ("1e-15", "live main 0.000000000000001"),
    ("999999999999.999999999999999", "live main 999999999999.999999999999999"),
]
WRONG = [
    # largest position     word                          the one that is asked for
    (None, "", "live main 1000000"),
    (None, "yes", "live main 1000000"),
    (None, "live", "live main 1000000"),
    (None, "live main", "live main 1000000"),
    (None, "1000000", "live main 1000000"),
    (None, "live other 1000000", "live main 1000000"),
    (None, "Live main 1000000", "live main 1000000"),
    (None, "live MAIN 1000000", "live main 1000000"),
    (None, "live main 2000000", "live main 1000000"),
    (None, "live main 100000", "live main 1000000"),
    (None, "live main -1000000", "live main 1000000"),
    (None, "live main 1000000 USDT", "live main 1000000"),
    (None, "live main inf", "live main 1000000"),
    (None, "live main nan", "live main 1000000"),
    (None, "live main snan", "live main 1000000"),
    (None, "live main 1e999999", "live main 1000000"),
    ("2e6", "live main 1000000", "live main 2000000"),
    ("'2.50E+5'", "live main 1000000", "live main 250000"),
    ("1000000.01", "live main 1000000", "live main 1000000.01"),
]


def capped(cap: str | None) -> str:
    return "" if cap is None else f"[risk]\nposition_notional_max = {cap}\n"


@pytest.mark.parametrize(("cap", "word"), RIGHT)
def test_a_word_for_the_account_and_the_largest_position_opens_live(cap: str | None, word: str) -> None:
    settings = loaded("live", f'{BYBIT}\nacknowledge = "{word}"', capped(cap)).settings

    assert settings.mode == "live"


@pytest.mark.parametrize(("cap", "word", "asked"), WRONG)
def test_any_other_word_is_refused_and_the_right_one_is_told(cap: str | None, word: str, asked: str) -> None:
    (fault,) = faults("live", f'{BYBIT}\nacknowledge = "{word}"', capped(cap))

    assert (fault.path, fault.place) == ("accounts.main.acknowledge", "hedgerow.toml line 4")
    assert fault.remedy == f'If you mean it, write acknowledge = "{asked}".'


def test_the_word_without_a_cap_of_ones_own_is_for_the_default() -> None:
    assert acknowledgement("main", Risk().position_notional_max) == "live main 1000000"
    assert acknowledgement("main", Decimal("1E+6")) == "live main 1000000"


@pytest.mark.parametrize("cap", ["'lots'", "''", "true", "0", "-1", "nan", "1e999999", "[1]", "{ x = 1 }"])
def test_a_largest_position_that_is_none_is_told_and_no_word_is_asked_for_it(cap: str) -> None:
    found = faults("live", BYBIT, capped(cap))

    assert {fault.path for fault in found} == {"risk.position_notional_max"}


def test_a_cap_raised_by_a_variable_asks_for_a_new_word() -> None:
    environ = {**KEYS, "HEDGEROW_RISK__POSITION_NOTIONAL_MAX": "2000000"}

    (fault,) = faults("live", ACCOUNTS["live"], environ=environ)

    assert fault.remedy == 'If you mean it, write acknowledge = "live main 2000000".'


# --- tiers of one's own -----------------------------------------------------------------------------------------

GOOD_TIERS: list[dict[str, Any]] = [
    {"value_min": 0, "maintenance_rate": "0.004", "leverage_max": 125},
    {"value_min": 50000, "maintenance_rate": "0.005", "leverage_max": 100},
]


def tier(value_min: str, rate: str, amount: str, leverage: str) -> Tier:
    return Tier(
        value_min=Notional(Decimal(value_min)),
        maintenance_rate=Ratio(Decimal(rate)),
        maintenance_amount=Money(Decimal(amount)),
        leverage_max=Decimal(leverage),
    )


def with_tiers(*changes: Mapping[str, Any]) -> dict[str, str]:
    rows = [{**tier, **change} for tier, change in zip(GOOD_TIERS, changes, strict=False)]
    return {"HEDGEROW_HEDGES__BTC__TIERS": json.dumps(rows)}


def test_tiers_of_ones_own_get_their_amounts() -> None:
    hedge = loaded("paper", "deposit = 1", environ=with_tiers({}, {})).settings.hedges["btc"]

    assert hedge.own_tiers() == (
        tier("0", "0.004", "0", "125"),
        tier("50000", "0.005", "50", "100"),
    )


def test_a_hedge_without_tiers_of_its_own_has_none() -> None:
    assert loaded("paper", "deposit = 1").settings.hedges["btc"].own_tiers() == ()


ORDER = "Write them smallest first, beginning at value 0."
TIERS = [
    # changes to the first and second tier               path                    sentence                       remedy
    ([{"value_min": 5}, {}], "", "Margin tiers must begin at value 0.", ORDER),
    ([{}, {"value_min": 0}], "", "Margin tiers must rise in value and in rate.", ORDER),
    ([{"maintenance_rate": "0.006"}, {}], "", "Margin tiers must rise in value and in rate.", ORDER),
    ([{}, {"value_min": -1}], "[1].value_min", "-1 must be greater than or equal to 0.", "Value from which"),
    ([{}, {"value_min": ""}], "[1].value_min", "'' must be a number.", "Value from which"),
    ([{}, {"maintenance_rate": 1}], "[1].maintenance_rate", "1 must be less than 1.", "Share of the value"),
    ([{"leverage_max": True}], "[0].leverage_max", "true must be a number.", "Highest leverage."),
    ([{"leverage": 5}], "[0].leverage", "There is no `leverage` in hedges.btc.tiers[0].", ""),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "path", "sentence", "remedy"), TIERS)
def test_tiers_that_do_not_rise_from_zero_are_refused(
    changes: list[Mapping[str, Any]], path: str, sentence: str, remedy: str
) -> None:
    (fault,) = faults("paper", "deposit = 1", environ=with_tiers(*changes))

    assert fault.path == f"hedges.btc.tiers{path}"
    assert fault.place == "environment HEDGEROW_HEDGES__BTC__TIERS"
    assert fault.sentence == sentence
    assert fault.remedy.startswith(remedy)
    assert fault.remedy


# --- keys are shown nowhere -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_keys_may_come_from_variables_dotenv_and_mounted_files(suffix: str) -> None:
    for name in ("key", "secret"):
        Path(name).write_text(f"canary-{name}\n", "utf-8")
    given = ("key", "secret") if suffix else ("canary-key", "canary-secret")

    for source in ("environ", "dotenv"):
        named = {f"{KEY}{suffix}": given[0], f"{SECRET}{suffix}": given[1]}
        lines = "".join(f"{name}={text}\n" for name, text in named.items())
        read = loaded(
            "live",
            ACCOUNTS["live"],
            environ=named if source == "environ" else {},
            dotenv="" if source == "environ" else lines,
        )
        account = read.settings.accounts["main"]
        assert account.api_key.get_secret_value() == "canary-key"
        assert account.api_secret.get_secret_value() == "canary-secret"
        assert (
            read.origins["accounts.main.api_key"]
            == {"environ": f"environment {KEY}{suffix}", "dotenv": ".env line 1"}[source]
        )


@pytest.mark.parametrize("mode", ACCOUNTS)
def test_whatever_is_written_of_good_settings_holds_no_key(mode: str) -> None:
    read = loaded(mode, ACCOUNTS[mode])
    settings = read.settings
    rows = {row.path: row.value for row in shown(read)}
    journaled = settings.model_dump_json()

    written = [
        repr(read),
        repr(settings),
        str(settings),
        f"{settings.accounts}",
        str(settings.model_dump()),
        journaled,
    ]
    written += [str(settings.model_dump(mode="json")), str(rows), repr(settings.rules("main"))]
    assert "canary" not in "".join(written)
    assert rows["accounts.main.api_key"] == rows["accounts.main.api_secret"] == "**********"


@pytest.mark.parametrize("mode", ACCOUNTS)
def test_journaled_settings_are_read_again_without_their_keys(mode: str) -> None:
    settings = loaded(mode, ACCOUNTS[mode]).settings
    text = settings.model_dump_json()

    again = Settings.from_json(text)

    assert again.model_dump_json() == text
    assert again.rules("main") == settings.rules("main")


def test_another_key_is_no_other_settings_to_a_journal() -> None:
    first, second = (
        loaded("live", ACCOUNTS["live"], environ={KEY: key, SECRET: "s"}).settings for key in ("a", "longer")
    )

    assert first.model_dump_json() == second.model_dump_json()


MISTAKEN = [
    # account's lines                         variables
    ("api_key = 271828", {}),
    ("api_key = ['hunter2']", {}),
    ("api_key = hunter2", {}),
    ("api_key = 'hunter2", {}),
    ("api_kye = 'hunter2'", {}),
    ("api_key = { x = 'hunter2' }\nmargin_mode = 5", {}),
    ("[acounts.main]\napi_key = 'hunter2'", {}),
    ("[risk]\napi_key = 'hunter2'", {}),
    ("", {f"{KEY}__X": "hunter2"}),
    ("", {f"{MAIN}__API_KEYS": "hunter2"}),
    ("", {f"{KEY}_FILE": "hunter2"}),
    ("", {f"{SECRET}_FILE": "hunter2" * 99}),
    ("", {MAIN: "hunter2"}),
    ("", {MAIN: '"hunter2"'}),
    ("", {MAIN: '["hunter2"]'}),
    ("", {MAIN: '{"api_key": {"x": "hunter2"}}'}),
    ("", {"HEDGEROW_ACCOUNTS": "hunter2"}),
    ("", {"HEDGEROW_ACCOUNTS": '"hunter2"'}),
    ("", {"HEDGEROW_ACCOUNTS": '{"main": "hunter2"}'}),
    ("", {"HEDGEROW_ACCOUNTS": '{"main": {"api_secret": ["hunter2"]}}'}),
    ("", {KEY: "hunter2", f"{KEY}_FILE": "hedgerow.toml"}),
    ("", {KEY: "hunter2", SECRET: "hunter2", PASSPHRASE: "hunter2", "HEDGEROW_RISK__LEVERAGE_MAX": "x"}),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["paper", "live"])
@pytest.mark.parametrize(("account", "environ"), MISTAKEN)
def test_no_mistake_brings_a_key_into_an_error(mode: str, account: str, environ: Mapping[str, str]) -> None:
    with pytest.raises(SettingsFaultsError) as caught:
        loaded(mode, f"{ACCOUNTS[mode]}\n{account}", environ=environ)

    told = [str(caught.value), repr(caught.value), *traceback.format_exception(caught.value)]
    told += [json.dumps(dataclasses.asdict(fault)) for fault in caught.value.faults]
    assert "hunter2" not in "".join(told)
    assert "271828" not in "".join(told)


def test_a_line_of_dotenv_that_is_no_assignment_is_not_quoted() -> None:
    (fault,) = faults("paper", "deposit = 1", environ={}, dotenv=f"{KEY} hunter2\n")

    assert str(fault) == ".env line 1: This is no assignment. Write NAME=value."


def test_an_error_of_values_made_in_code_quotes_none() -> None:
    values = answered(Answers())
    values["accounts"]["main"] |= {"api_key": ["hunter2"], "api_secret": "hunter2", "margin_mode": "hunter2"}

    with pytest.raises(ValueError, match="api_key") as caught:
        Settings(**values)

    assert "hunter2" not in str(caught.value) + repr(caught.value)


def answer(*words: str) -> int:
    """Run a command line in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["hedgerow", *words])
        with pytest.raises(SystemExit) as left:
            main()
    return int(left.value.code or 0)


def test_commands_and_the_files_they_leave_hold_no_key(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = Shell(here).run("run", "--seconds", "0.5", "--json", **KEYS)
    for name, text in KEYS.items():
        monkeypatch.setenv(name, text)
    commands = ("check-config", "show-config", "explain", "status")

    assert [answer(command, *words) for command in commands for words in ((), ("--json",))] == [0] * 8
    monkeypatch.setenv(f"{MAIN}__VENUE", "canary")
    assert [answer(command, *words) for command in commands for words in ((), ("--json",))] == [2] * 8

    printed = capsys.readouterr()
    assert ran.returncode == 0, ran.stderr
    assert "**********" in printed.out
    assert "accounts.main.venue: 'canary' must be" in printed.err
    for name in ("canary-key", "canary-secret", "canary-passphrase"):
        assert name not in ran.stdout + ran.stderr + printed.out + printed.err
        files = [path for path in here.rglob("*") if path.is_file()]
        assert any(path.suffix == ".sqlite" for path in files)
        assert not [path for path in files if name.encode() in path.read_bytes()]


# --- values of every kind ---------------------------------------------------------------------------------------

STRANGE = ["", "x", True, False, -1, Decimal("NaN"), Decimal("1E+999999"), [], [[]], [{}], {}, {"a": []}]
SETTINGS = [one.path for one in documented(Settings, answered(Answers()))]
TABLES = sorted({path[:length] for path in SETTINGS for length in range(1, len(path))}, key=str)


def strange_faults(path: str, strange: object) -> tuple[Fault, ...]:
    """List what is told of one strange value in otherwise good settings of mode live; nothing if it is taken."""
    try:
        load([Path("hedgerow.toml")], flags={path: strange}, environ=KEYS, dotenv=None)
    except SettingsFaultsError as error:
        return error.faults
    return ()


@pytest.mark.parametrize("path", [*SETTINGS, *TABLES], ids=lambda path: ".".join(map(str, path)))
def test_a_value_of_any_kind_at_any_place_is_taken_or_told(path: tuple[str, ...]) -> None:
    loaded("live", ACCOUNTS["live"])

    for strange in STRANGE:
        for fault in strange_faults(".".join(path), strange):
            assert fault.place, strange
            assert fault.sentence, strange
            assert fault.remedy, strange
            assert len(str(fault)) < 600, strange
