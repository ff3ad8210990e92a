"""What may be set, what must agree, and what an owner is told when it does not."""

import dataclasses
import json
import re
import stat
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bot.core.instruments import Perpetual
from bot.core.policy import Band
from bot.core.rules import HedgeRules, Kind, Meaning
from bot.core.values import Notional, Price, Ratio
from bot.settings import (
    Answers,
    Fault,
    Loaded,
    Settings,
    SettingsFaultsError,
    answered,
    example,
    load,
    rules_from_json,
    shown,
    write_new,
)
from bot.settings_layers import Layer, Reading, leaves
from bot.settings_sources import read
from bot.settings_words import documented, faults_of, plain
from strategies.fixed_ratio import Stage

NOTHING: Mapping[str, str] = MappingProxyType({})
ROOT = Path(__file__).parent.parent.parent
MINIMAL = """\
[accounts.main]
deposit = "20000"
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = "2"
policy = [{ stage = "fixed_ratio", ratio = "1" }]
"""
ETH = """\
[hedges.eth]
account = "main"
asset = "ETH"
symbol = "ETH/USDT:USDT"
holdings = "10"
policy = [{ stage = "fixed_ratio", ratio = "1" }]
"""


def loaded(
    folder: Path,
    text: str = MINIMAL,
    environ: Mapping[str, str] | None = NOTHING,
    flags: Mapping[str, object] = NOTHING,
) -> Loaded:
    file = folder / "hedgerow.toml"
    file.write_text(text, "utf-8")
    return load([file], flags=flags, environ=environ, dotenv=None)


def faults(folder: Path, text: str) -> list[Fault]:
    """List what is wrong, with places relative to the folder."""
    with pytest.raises(SettingsFaultsError) as caught:
        loaded(folder, text)
    found = caught.value.faults
    assert all(str(fault) in str(caught.value) for fault in found)
    return [dataclasses.replace(fault, place=fault.place.replace(f"{folder}/", "")) for fault in found]


def told(fault: Fault) -> tuple[str, str, str, str]:
    return fault.path, fault.place, fault.sentence, fault.remedy


def with_line(line: str, instead_of: str = "") -> str:
    """Give the minimal file with one line exchanged, or one more."""
    if not instead_of:
        return MINIMAL + line + "\n"
    assert MINIMAL.count(instead_of) == 1
    return MINIMAL.replace(instead_of, line)


# --- one mistake, one fault -------------------------------------------------------------------------------------

RATIO = 'ratio = "1"'
HOLDINGS = 'holdings = "2"'
ASSET, SYMBOL = 'asset = "BTC"', 'symbol = "BTC/USDT:USDT"'
FULL = '{ stage = "fixed_ratio", ratio = "1" }'
POLICY = f"policy = [{FULL}]"
MISTAKES = [
    # what is written                   instead of      path                           line  sentence and remedy begin
    ('holdings = "abc"', HOLDINGS, "hedges.btc.holdings", 7, "'abc' must be a number.", "Coins held"),
    ("holdings = true", HOLDINGS, "hedges.btc.holdings", 7, "true must be a number.", ""),
    ("holdings = nan", HOLDINGS, "hedges.btc.holdings", 7, "NaN must be a finite number.", ""),
    ('holdings = "inf"', HOLDINGS, "hedges.btc.holdings", 7, "'inf' must be a finite number.", ""),
    ("holdings = [2]", HOLDINGS, "hedges.btc.holdings", 7, "A list must be a number.", ""),
    ("holdings = -1", HOLDINGS, "hedges.btc.holdings", 7, "-1 must be greater than or equal to 0.", ""),
    ("holdings = 1e300", HOLDINGS, "hedges.btc.holdings", 7, "1E+300 must be less than or equal to 10", ""),
    ("holdings = 1e-16", HOLDINGS, "hedges.btc.holdings", 7, "1E-16 must have no more than 15 decimal", ""),
    ("# none", HOLDINGS, "hedges.btc.holdings", 3, "`holdings` is missing.", "Coins held outside"),
    ("holdigns = 2", "", "hedges.btc.holdigns", 9, "There is no `holdigns` in hedges.btc.", "Did you mean `holdings`?"),
    ('asset = "btc"', 'asset = "BTC"', "hedges.btc.asset", 5, "'btc' is no asset.", "Write it as exchanges"),
    ('asset = "ETH"', 'asset = "BTC"', "hedges.btc.symbol", 6, "A contract on BTC cannot hedge ETH.", "Choose one on ETH"),
    ('"BTCUSDT"', '"BTC/USDT:USDT"', "hedges.btc.symbol", 6, "'BTCUSDT' is no perpetual.", "Write BASE/QUOTE:QUOTE"),
    ('"BTC/USDT:EUR"', '"BTC/USDT:USDT"', "hedges.btc.symbol", 6, "'BTC/USDT:EUR' is no perpetual.", ""),
    ('"BTC/BTC:BTC"', '"BTC/USDT:USDT"', "hedges.btc.symbol", 6, "'BTC/BTC:BTC' is no perpetual.", ""),
    ('account = "mian"', 'account = "main"', "hedges.btc.account", 4, "There is no account 'mian'.", "Did you mean `main`?"),
    ('meaning = "share"', "", "hedges.btc.meaning", 9, "'share' must be 'share_of_holdings', ", "What a ratio"),
    ('meaning = "fixed_amount"', "", "hedges.btc.amount", 3, "A fixed_amount of 0 hedges nothing.", "Set amount"),
    ("amount = 5", "", "hedges.btc.amount", 9, "An amount means nothing to share_of_holdings.", "Remove it"),
    ("band = { outer = 0.1, inner = 0.2 }", "", "hedges.btc.band.inner", 9, "The inner edge 0.2 lies outside", "Set inner"),
    ("band = { outer = 1.1 }", "", "hedges.btc.band.outer", 9, "1.1 must be less than or equal to 1.", ""),
    ("band = { outer_over = 0.001 }", "", "hedges.btc.band.inner", 9, "The inner edge 0.005 lies outside", "Set inner"),
    ("band = 'cost-optimal'", "", "hedges.btc.band.mismatch_volatility", 9, "Nothing tells how much a target moves", "Set"),
    ("band = 'narrow'", "", "hedges.btc.band.method", 9, "'narrow' must be 'fixed', 'cost-optimal' or 'tracking", ""),
    ("band = 'tracking-error'", "", "hedges.btc.band.tracking_error", 9, "A budget is missing.", "Set tracking_error"),
    ("band = { tracking_error = 0.01 }", "", "hedges.btc.band.tracking_error", 9, "It means nothing to a band that", "Remove"),
    ("band.outer_min = 0.2", "", "hedges.btc.band.outer_min", 9, "The narrowest band 0.2 is wider", "Set outer_min"),
    ("also = [{ asset = 'BTC', holdings = 1 }]", "", "hedges.btc.also[0].asset", 9, "BTC is hedged here already.", "Add"),
    ("cross = true\nasset = 'ETH'\nsymbol = 'BTC/USD:BTC'", f"{ASSET}\n{SYMBOL}", "hedges.btc.symbol", 7, "An inverse contract on BTC", ""),
    ("policy = [{ stage = 'volatility' }]", POLICY, "hedges.btc.policy[0]", 8, "volatility scales the ratio of the stages", "Put a"),
    (f"policy = [{FULL}, {FULL}]", POLICY, "hedges.btc.policy[1]", 8, "fixed_ratio sets the ratio anew", "Put it first"),
    ("band.outer = 1", "", "hedges.btc.band.outer", 9, "A band of 1 is as wide as the ratio 1, or wider:", "Set outer below 1."),
    ("ratio = 0.01", RATIO, "hedges.btc.band.outer", 3, "A band of 0.02 is as wide as the ratio 0.01", "Set outer"),
    ("ratio = 1.6", RATIO, "hedges.btc.policy[0].ratio", 8, "1.6 must be less than or equal to 1.5.", ""),
    ("ratio = -0.1", RATIO, "hedges.btc.policy[0].ratio", 8, "-0.1 must be greater than or equal to 0.", ""),
    ("ratio = true", RATIO, "hedges.btc.policy[0].ratio", 8, "true must be a number.", ""),
    ("ratio = 1, raito = 1", RATIO, "hedges.btc.policy[0].raito", 8, "There is no `raito`", "Did you mean `ratio`?"),
    ('"fixed_ration"', '"fixed_ratio"', "hedges.btc.policy[0].stage", 8, "There is no policy stage 'fixed_ration'.", "Did"),
    ("policy = []", f'policy = [{{ stage = "fixed_ratio", {RATIO} }}]', "hedges.btc.policy", 8, "A policy without", ""),
    ("policy = 5", f'policy = [{{ stage = "fixed_ratio", {RATIO} }}]', "hedges.btc.policy", 8, "5 must be a list.", ""),
    ("policy = [5]", f'policy = [{{ stage = "fixed_ratio", {RATIO} }}]', "hedges.btc.policy[0]", 8, "5 must be a table.", ""),
    ("policy = [{}]", f'policy = [{{ stage = "fixed_ratio", {RATIO} }}]', "hedges.btc.policy[0].stage", 8, "`stage` is", ""),
    ("deposit = -1", 'deposit = "20000"', "accounts.main.deposit", 2, "-1 must be greater than or equal to 0.", ""),
    ("[accounts.spare]\ndeposit = 0", "", "accounts.spare", 9, "No hedge uses this account.", "Name it in a hedge"),
    ("[accounts.Main]\ndeposit = 0", "", "accounts.Main", 9, "'Main' is no name.", "Use lower-case letters"),
    ("[risk]\nleverage_max = 'x'", "", "risk.leverage_max", 10, "'x' must be a number.", "Highest leverage of a linear account"),
    ("[risk]\nleverage_max = 0", "", "risk.leverage_max", 10, "0 must be greater than 0.", ""),
    ("[rsik]\nleverage_max = 1", "", "rsik", 9, "There is no `rsik`.", "Did you mean `risk`?"),
    ("[loop]\nleverage_max = 1", "", "loop.leverage_max", 10, "There is no `leverage_max` in loop.", "It belongs in risk."),
    ("[log]\nlevel = 'loud'", "", "log.level", 10, "'loud' must be 'debug', 'info', 'warning' or 'error'.", ""),
    ("[log]\nlevel = 1979-05-27", "", "log.level", 10, "1979-05-27 must be 'debug'", ""),
    ("[journal]\npath = 5", "", "journal.path", 10, "5 must be text.", "SQLite file"),
    ("[journal]\npath = ''", "", "journal.path", 10, "'' must not be empty.", ""),
    ("[model_market]\nseed = 1.5", "", "model_market.seed", 10, "1.5 must be a whole number.", ""),
    ("[model_market]\nseed = true", "", "model_market.seed", 10, "true must be a whole number.", ""),
    ("[backtest]\nparticipation = 0", "", "backtest.participation", 10, "0 must be greater than 0.", ""),
    ("[backtest]\ncontract = 5", "", "backtest.contract", 10, "5 must be a table.", ""),
    ("[pricing]\nslippage_max = 0.2", "", "pricing.slippage_max", 10, "0.2 must be less than or equal to 0.1.", ""),
]  # fmt: skip


@pytest.mark.parametrize(("line", "instead_of", "path", "number", "sentence", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_path_line_sentence_and_remedy(
    tmp_path: Path, line: str, instead_of: str, path: str, number: int, sentence: str, remedy: str
) -> None:
    found = faults(tmp_path, with_line(line, instead_of))

    assert {(fault.path, fault.place) for fault in found} == {(path, f"hedgerow.toml line {number}")}
    assert found[0].sentence.startswith(sentence)
    assert found[0].remedy.startswith(remedy)
    assert found[0].remedy


def test_an_unknown_mode_is_told_with_those_there_are_and_asks_nothing_of_accounts(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, 'mode = "real"\n' + MINIMAL)

    assert told(fault) == (
        "mode",
        "hedgerow.toml line 1",
        "'real' must be 'paper', 'local', 'testnet' or 'live'.",
        "paper: no order leaves. local: a test exchange. testnet: the venue's play money. live: money. Default: paper.",
    )


def test_faults_in_unrelated_corners_are_listed_together(tmp_path: Path) -> None:
    text = (
        MINIMAL.replace("BTC/USDT:USDT", "BTC/USD:BTC").replace('"2"', '"two"')
        + ETH
        + "[risk]\nleverage = 3\n"
    )

    assert [fault.path for fault in faults(tmp_path, text)] == [
        "hedges.btc.holdings",
        "risk.leverage",
        "hedges.eth.symbol",
    ]


def test_an_empty_file_is_told_what_every_file_needs(tmp_path: Path) -> None:
    assert [told(fault) for fault in faults(tmp_path, "")] == [
        ("accounts", "hedgerow.toml", "`accounts` is missing.", "Write a table [accounts.NAME]."),
        ("hedges", "hedgerow.toml", "`hedges` is missing.", "Write a table [hedges.NAME]."),
    ]


def test_hedges_of_one_account_share_its_settlement_currency(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, MINIMAL + ETH.replace("ETH/USDT:USDT", "ETH/USD:ETH"))

    assert told(fault)[:3] == (
        "hedges.eth.symbol",
        "hedgerow.toml line 12",
        "ETH/USD:ETH settles in ETH, hedge btc of the same account in USDT.",
    )


def test_a_coin_is_hedged_once_per_account(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, MINIMAL + ETH.replace("ETH", "BTC"))

    assert told(fault)[:2] == ("hedges.eth.asset", "hedgerow.toml line 11")
    assert "Hedge btc of the same account hedges BTC already" in fault.sentence


def test_values_made_in_code_must_agree_too() -> None:
    values = tomllib.loads(MINIMAL.replace('account = "main"', 'account = "other"'))

    with pytest.raises(ValueError, match="There is no account 'other'"):
        Settings(**values)


def test_a_fixed_amount_is_not_measured_against_the_band(tmp_path: Path) -> None:
    text = MINIMAL.replace(RATIO, "ratio = 0.01") + 'meaning = "fixed_amount"\namount = 1_000_000\n'

    assert loaded(tmp_path, text).settings.hedges["btc"].amount == 1_000_000


@pytest.mark.parametrize("written", ["0.1", '"0.1"', "1e-1", "+0.1"])
def test_numbers_are_decimals_to_the_last_digit_bare_or_quoted(tmp_path: Path, written: str) -> None:
    settings = loaded(tmp_path, with_line(f"band.outer = {written}")).settings

    assert settings.hedges["btc"].band.outer == Decimal("0.1")


# --- rules, journal, backtest ---------------------------------------------------------------------------------


def test_the_rules_of_an_account_are_its_hedges_frozen(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + ETH.replace('"main"', '"other"')
        + "[accounts.other]\ndeposit = 5\n[risk]\nleverage_max = 2.5\n"
    )

    rules = loaded(tmp_path, text).settings.rules("main")

    assert rules.hedges == (
        HedgeRules(
            name="btc",
            asset="BTC",
            symbol="BTC/USDT:USDT",
            kind=Kind.PERPETUAL,
            contract_size=None,
            meaning=Meaning.SHARE_OF_HOLDINGS,
            amount=Notional(Decimal(0)),
            band=Band(outer=Ratio(Decimal("0.02")), inner=Ratio(Decimal("0.005"))),
            stages=(Stage(ratio=Decimal(1)),),
        ),
    )
    assert rules.account == "main"
    assert rules.risk.leverage_max == Decimal("2.5")
    assert rules.pricing.patience_seconds == 30


def test_an_unknown_account_has_no_rules(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="spare"):
        loaded(tmp_path).settings.rules("spare")


def numbers(low: str, high: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=6, allow_nan=False, allow_infinity=False)


CODES = st.from_regex(r"[A-Z0-9]{2,5}", fullmatch=True).filter(lambda code: code not in {"USD", "USDT"})
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}(_[a-z0-9]{1,3})?", fullmatch=True)


@st.composite
def settings_made(draw: st.DrawFn) -> Settings:
    """Make settings: a few accounts, each with one hedge."""
    accounts, hedges = {}, {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        coin, outer = draw(CODES), draw(numbers("0", "0.5"))
        accounts[name] = {
            "deposit": draw(numbers("0.000001", "1e9")),
            "margin_mode": draw(st.sampled_from(["cross", "isolated"])),
        }
        hedges[name] = {
            "account": name,
            "asset": coin,
            "symbol": draw(st.sampled_from([f"{coin}/USDT:USDT", f"{coin}/USD:{coin}"])),
            "holdings": draw(numbers("0", "1e6")),
            "meaning": "fixed_amount",
            "amount": draw(numbers("1", "1e9")),
            "policy": [{"stage": "fixed_ratio", "ratio": draw(numbers("0", "1.5"))}],
            "band": {"outer": outer, "inner": outer / 3},
        }
    market = {"seed": draw(st.integers(0, 2**70)), "start_price": draw(numbers("0.01", "1e6"))}
    fees = {"fee_maker": draw(st.none() | numbers("-0.01", "0.05"))}
    journal = {"path": draw(st.text(min_size=1))}
    values: dict[str, Any] = {"model_market": market, "backtest": fees, "journal": journal}
    return Settings(accounts=accounts, hedges=hedges, **values)


@given(settings_made())
def test_journaled_settings_come_back_exactly(settings: Settings) -> None:
    text = settings.model_dump_json()

    again = Settings.from_json(text)

    assert again == settings
    assert again.model_dump_json() == text
    for account in settings.accounts:
        assert rules_from_json(text, account) == settings.rules(account)


@pytest.mark.parametrize("text", ["", "5", "[]", '{"mode": "paper"', '{"mode": "paper"}', '{"modes": 1}'])
def test_journaled_settings_that_are_none_are_refused_with_their_place(text: str) -> None:
    with pytest.raises(SettingsFaultsError) as caught:
        Settings.from_json(text)

    assert {fault.place for fault in caught.value.faults} == {"journaled settings"}


def test_a_replay_reads_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = loaded(tmp_path).settings.model_dump_json()
    monkeypatch.setenv("HEDGEROW_RISK__LEVERAGE_MAX", "1")
    monkeypatch.setenv("RISK", '{"leverage_max": 1}')

    assert Settings.from_json(text).risk.leverage_max == 2
    assert Settings(**json.loads(text)).risk.leverage_max == 2


def test_the_environment_of_the_process_is_read_if_no_other_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEDGEROW_RISK__LEVERAGE_MAX", "1")

    assert loaded(tmp_path, environ=None).settings.risk.leverage_max == 1


def test_a_backtest_changes_what_it_names_and_keeps_the_rest_of_the_contract(
    tmp_path: Path, contract: Perpetual
) -> None:
    changes = "[backtest]\nfee_taker = 0\n[backtest.contract]\nprice_tick = 0.5\n"

    backtest = loaded(tmp_path, MINIMAL + changes).settings.backtest

    assert backtest.applied_to(contract) == dataclasses.replace(
        contract, fee_taker=Ratio(Decimal(0)), price_tick=Price(Decimal("0.5"))
    )


@pytest.fixture
def contract() -> Perpetual:
    from bot.adapters.model_market import model_contract

    return model_contract("BTC/USDT:USDT")


# --- shown to people --------------------------------------------------------------------------------------------


def test_every_value_is_shown_with_its_origin_defaults_included(tmp_path: Path) -> None:
    rows = {
        row.path: (row.value, row.origin) for row in shown(loaded(tmp_path, flags={"model_market.seed": 9}))
    }

    assert rows["hedges.btc.policy[0].ratio"] == ("1", f"{tmp_path}/hedgerow.toml line 8")
    assert rows["hedges.btc.band.outer"] == ("0.02", "default")
    assert rows["hedges.btc.meaning"] == ("share_of_holdings", "default")
    assert rows["model_market.seed"] == ("9", "flag --seed")
    assert rows["backtest.fee_maker"] == ("not set", "default")
    assert len(rows) == len(list(leaves(loaded(tmp_path).settings.model_dump())))


class Keyed(BaseSettings):
    """Settings with secrets: one that must be given, and one that need not."""

    api_secret: SecretStr
    api_pin: SecretStr | None = None


def test_a_secret_is_hidden_by_its_type() -> None:
    assert [plain(value) for _, value in leaves(Keyed(api_secret=SecretStr("hunter2")).model_dump())] == [
        "**********",
        "not set",
    ]


def test_a_wrong_secret_is_not_quoted_back() -> None:
    layer = Layer(Keyed, {"api_secret": 271828, "api_pin": 314159, "api_sceret": 141421}, {})
    with pytest.raises(ValueError, match="api_secret") as caught:
        Keyed(**layer())

    found = list(faults_of(Keyed, Reading(layers=(layer,)), caught.value.errors()))  # type: ignore[attr-defined]  # a ValidationError

    assert [fault.path for fault in found] == ["api_secret", "api_pin", "api_sceret"]
    assert not re.search("271828|314159|141421", "".join(map(str, found)))


# --- files for users --------------------------------------------------------------------------------------------

ANSWERS = [
    Answers(),
    Answers(asset="ETH", contract="inverse", holdings="10", deposit="3", ratio="0.5", band_outer="0.05"),
    Answers(asset="1INCH", holdings="1e4", ratio="0", band_outer="0"),
    Answers(ratio="1.5", band_outer="1e-4"),
]


@pytest.mark.parametrize("answers", ANSWERS)
def test_a_new_settings_file_loads_cleanly_and_says_what_was_answered(
    tmp_path: Path, answers: Answers
) -> None:
    settings = loaded(tmp_path, example(answers)).settings

    (hedge,) = settings.hedges.values()
    assert hedge.asset == answers.asset
    assert hedge.holdings == Decimal(answers.holdings)
    assert hedge.symbol.endswith(":USDT" if answers.contract == "linear" else f":{answers.asset}")
    assert hedge.rules("x").stages == (Stage(ratio=Decimal(answers.ratio)),)
    assert hedge.band.outer == Decimal(answers.band_outer)
    assert settings.accounts["main"].deposit == Decimal(answers.deposit)


@pytest.mark.parametrize(
    ("answers", "paths"),
    [
        (Answers(asset='B"\nTC'), ["hedges.coin.asset", "hedges.coin.symbol"]),
        (Answers(contract="future"), ["hedges.btc.symbol"]),
        (Answers(holdings="two", deposit="nan"), ["accounts.main.deposit", "hedges.btc.holdings"]),
        (Answers(ratio='1" }]', band_outer="snan"), ["hedges.btc.policy[0].ratio", "hedges.btc.band.outer"]),
        (Answers(ratio="0.5", band_outer="0.5"), ["hedges.btc.band.outer"]),
    ],
)
def test_wrong_answers_write_nothing_and_are_told_at_once(answers: Answers, paths: list[str]) -> None:
    with pytest.raises(SettingsFaultsError) as caught:
        example(answers)

    assert [(fault.path, fault.place) for fault in caught.value.faults] == [
        (path, "answer") for path in paths
    ]


def test_the_shipped_example_is_what_the_defaults_of_new_config_write() -> None:
    assert (ROOT / "hedgerow.toml").read_text("utf-8") == example(Answers())


def test_every_setting_commented_out_in_the_example_may_be_uncommented(tmp_path: Path) -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", example(Answers()), flags=re.MULTILINE)

    settings = loaded(tmp_path, text).settings

    assert {path for path, _ in leaves(tomllib.loads(text))} == {
        path for path, _ in leaves(settings.model_dump())
    }


def test_every_setting_is_in_the_example_of_variables_and_back() -> None:
    written = re.findall(r"^# HEDGEROW_(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    there_are = ["__".join(map(str, one.path)).upper() for one in documented(Settings, answered(Answers()))]

    assert written == there_are


def test_the_example_of_variables_explains_every_setting_in_one_line() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    about = [above.removeprefix("# ") for above, line in pairwise(lines) if "# HEDGEROW_" in line]

    assert about == [one.about for one in documented(Settings, answered(Answers()))]


def test_the_example_of_variables_shows_what_holds_without_it(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        re.sub("^# HEDGEROW_", "HEDGEROW_", (ROOT / ".env.example").read_text("utf-8"), flags=re.MULTILINE)
    )

    with_it = load([ROOT / "hedgerow.toml"], environ={}, dotenv=dotenv)
    without = load([ROOT / "hedgerow.toml"], environ={}, dotenv=None)

    settings = len(list(documented(Settings, answered(Answers()))))
    assert set(with_it.origins.values()) == {f"{dotenv} line {6 + 3 * n}" for n in range(settings)}
    over = {"outer_over", "inner_over"}
    no_default: Any = {"backtest": True, "hedges": {"btc": {"contract_size": True, "band": over}}}
    assert with_it.settings.model_dump(exclude=no_default) == without.settings.model_dump(exclude=no_default)


def test_the_demo_brings_settings_that_load() -> None:
    settings = load(
        [ROOT / "bot" / "demo.toml"], flags={"model_market.seed": 1}, environ={}, dotenv=None
    ).settings

    assert [settings.rules(account).account for account in settings.accounts] == ["usdt", "coin", "quarters"]


def test_every_setting_is_explained_in_a_sentence() -> None:
    for one in documented(Settings, answered(Answers())):
        assert one.about.endswith("."), one.path
        assert len(one.about) < 110, one.path


def test_a_file_is_written_once_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    write_new(path, "A=1\n", 0o600)

    with pytest.raises(SettingsFaultsError, match="The file exists already"):
        write_new(path, "B=2\n", 0o600)

    assert path.read_text("utf-8") == "A=1\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaultsError, match="cannot be written: No such file or directory"):
        write_new(tmp_path / "nowhere" / "hedgerow.toml", "")


def test_a_model_without_our_tables_can_be_read_as_well() -> None:
    reading = read(Keyed, [], {}, {"HEDGEROW_API_SECRET": "x", "API_SECRET": "y", "PATH": "z"}, None)

    assert reading.merged() == {"api_secret": "x"}
