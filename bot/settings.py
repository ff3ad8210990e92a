"""The only reader of the environment and of files of settings: the whole of them, made into frozen rules.

Shares are pure numbers, 1 is the whole. Numbers may be written bare or quoted and are Decimals to the last digit.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import (
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.core.rules import Rules
from bot.core.values import ZERO, Coins, record
from bot.settings_alerts import Alerts
from bot.settings_bags import Bag, bag_disagreements
from bot.settings_journal import Journal
from bot.settings_kinds import NAME, Name
from bot.settings_layers import Fault, Layer, Reading, SettingsFaultsError, broken, dotted, leaves, rule
from bot.settings_modes import mode_disagreements, unused
from bot.settings_risk import Guard, Risk
from bot.settings_sources import read, write_new
from bot.settings_tables import Account, Backtest, Hedge, Log, Loop, ModelMarket
from bot.settings_trading import Books, Pricing, Roll
from bot.settings_web import Web
from bot.settings_words import faults_of, meant, plain, toml_text
from strategies import use_folder

__all__ = [
    "Answers",
    "Fault",
    "Hedge",
    "Loaded",
    "Settings",
    "SettingsFaultsError",
    "ShownSetting",
    "example",
    "load",
    "rules_from_json",
    "shown",
    "write_new",
]


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        case_sensitive=True,
        hide_input_in_errors=True,
    )

    mode: Literal["paper", "local", "testnet", "live"] = Field(
        "paper",
        description="paper: no order leaves. local: a test exchange. testnet: the venue's play money. live: money.",
    )
    strategies: str = Field(
        "", description="Folder with policy stages of your own, from the working directory; none if empty."
    )
    accounts: dict[Name, Account] = Field(min_length=1, description="Write a table [accounts.NAME].")
    hedges: dict[Name, Hedge] = Field(min_length=1, description="Write a table [hedges.NAME].")
    bags: tuple[Bag, ...] = Field(
        (), description="Coins that several hedges share: tables with asset, holdings and over."
    )
    pricing: Pricing = Field(Pricing(), description="How orders are priced.")
    roll: Roll = Field(Roll(), description="When and how dated hedges roll.")
    risk: Risk = Field(Risk(), description="What the guard lets pass.")
    guard: Guard = Field(Guard(), description="What the guard does when margin thins.")
    books: Books = Field(Books(), description="How books and venue are made to agree.")
    loop: Loop = Field(Loop(), description="How often the bot looks.")
    model_market: ModelMarket = Field(ModelMarket(), description="The market that paper mode trades on.")
    journal: Journal = Field(Journal(), description="Where all is written down.")
    log: Log = Field(Log(), description="What is said on the way.")
    alerts: Alerts = Field(Alerts(), description="Who is told.")
    web: Web = Field(Web(), description="The page, the metrics, the health check.")
    backtest: Backtest = Field(Backtest(), description="What a backtest assumes.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings calls by name
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take the layers that were read, or the values given; nothing is read by stealth."""
        layers = init_settings().get("layers")
        return tuple(layers) if layers else (init_settings,)

    @field_validator("strategies")
    @classmethod
    def _there(cls, folder: str) -> str:
        if folder and not Path(folder).is_dir():
            raise broken([rule(f"There is no folder {folder}.", "Make it, or name one that is there.")])
        return folder

    @model_validator(mode="after")
    def _agree(self) -> Self:
        rules = [*_disagreements(self.model_dump()), *bag_disagreements(self.bags, self.hedges)]
        if rules:
            raise broken(rules)
        return self

    def declared(
        self, hedge: str, carries: Mapping[str, Coins] = MappingProxyType({})
    ) -> tuple[tuple[str, Decimal], ...]:
        """List the coins that are declared for a hedge, kind by kind, its part of bags among them.

        ``carries`` tells, by hedge, how many coins from elsewhere the collateral of its account carries.
        """
        parts = [coins for bag in self.bags for name, coins in bag.split(carries).coins if name == hedge]
        (asset, own), *others = self.hedges[hedge].declared()
        return ((asset, own + sum(parts, ZERO)), *others)

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """Make the settings again that ``model_dump_json`` wrote; neither files nor environment are read.

        Raises:
            SettingsFaultsError: the text holds no such settings, or they are no longer valid.
        """
        place = "journaled settings"
        try:
            values = json.loads(text, parse_float=Decimal)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            remedy = "Replay a journal that this version wrote."
            raise SettingsFaultsError(
                [Fault(path="", place=place, sentence="This is no JSON table.", remedy=remedy)]
            )
        return _settings_of(Reading(layers=(Layer(Settings, values, {(): place}),)))

    def rules(self, account: str) -> Rules:
        """Freeze what steers decisions on one account; KeyError if there is no such account."""
        if account not in self.accounts:
            raise KeyError(account)
        hedges = ((name, hedge) for name, hedge in self.hedges.items() if hedge.account == account)
        return Rules(
            account=account,
            hedges=tuple(hedge.rules(name) for name, hedge in hedges),
            pricing=self.pricing.rules(),
            roll=self.roll.rules(),
            risk=self.risk.rules(),
            guard=self.guard.rules(),
            books=self.books.rules(),
        )


def _disagreements(values: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Find where accounts and hedges disagree, in values that may be wrong themselves."""
    accounts, hedges = _named(values, "accounts"), _named(values, "hedges")
    firsts: dict[object, str] = {}
    for name, hedge in hedges.items():
        account, _, symbol = _facts(hedge)
        if account and accounts and account not in accounts:
            yield rule(
                f"There is no account {account!r}.", meant(account, accounts), ("hedges", name, "account")
            )
        for where, coin in _coins(hedge):
            first = firsts.setdefault((account, coin), name)
            if account and coin and first != name:
                sentence = (
                    f"Hedge {first} of the same account hedges {coin} already: the coins would count twice."
                )
                yield rule(sentence, "Hedge a coin once per account.", ("hedges", name, *where))
        taken = any(firsts[account, coin] != name for _, coin in _coins(hedge))
        first = firsts.setdefault((account, "contract", symbol), name)
        if account and symbol and first != name and not taken:
            sentence = f"Hedge {first} of the same account is carried by {symbol} already."
            yield rule(sentence, "Hedge the coins of both in one, with also.", ("hedges", name, "symbol"))
        first = firsts.setdefault(account, name)
        settle, other = (one.rpartition(":")[2] for one in (symbol, _facts(hedges[first])[2]))
        if account and settle and other and settle != other:
            sentence = f"{symbol} settles in {settle}, hedge {first} of the same account in {other}."
            yield rule(sentence, "Give each settlement currency an account.", ("hedges", name, "symbol"))
    yield from _cross_only(values, accounts, hedges)
    yield from mode_disagreements(values, accounts, hedges)
    for account in unused(accounts, hedges):
        yield rule("No hedge uses this account.", "Name it in a hedge, or remove it.", ("accounts", account))


def _cross_only(
    values: Mapping[str, Any], accounts: Mapping[str, Any], hedges: Mapping[str, Any]
) -> Iterator[InitErrorDetails]:
    """Find what only a cross account can do: top-ups reach no isolated position, and collateral backs none."""
    settles = {_facts(hedge)[0]: _facts(hedge)[2].rpartition(":")[2] for hedge in hedges.values()}
    assets = {(_facts(hedge)[0], _facts(hedge)[1]) for hedge in hedges.values()}
    topped = _named(values, "guard").get("top_ups") in (True, "true")
    for name, account in accounts.items():
        table = account if isinstance(account, Mapping) else {}
        isolated = table.get("margin_mode") == "isolated"
        if isolated and topped:
            yield rule(
                "A top-up of the wallet does not reach an isolated position.",
                'Set margin_mode = "cross", or guard.top_ups = false.',
                ("accounts", name, "margin_mode"),
            )
        given = table.get("collateral", ())
        for index, one in enumerate(given if isinstance(given, (list, tuple)) else ()):
            asset = str(one.get("asset", "")) if isinstance(one, Mapping) else ""
            where = ("accounts", name, "collateral", index)
            if isolated:
                yield rule("Collateral backs no isolated position.", 'Set margin_mode = "cross".', where)
            if settles.get(name) == asset or (name, asset) not in assets:
                sentence = f"{asset} is not hedged linearly in this account, so that it has no price there."
                yield rule(sentence, "Give coins of a linear hedge of this account.", where)


def _named(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    tables = values.get(key)
    return tables if isinstance(tables, Mapping) else {}


def _coins(hedge: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """List where a hedge names its coins, and which, in what may be no hedge."""
    table = hedge if isinstance(hedge, Mapping) else {}
    yield ("asset",), str(table.get("asset", ""))
    also = table.get("also", ())
    for index, one in enumerate(also if isinstance(also, (list, tuple)) else ()):
        if isinstance(one, Mapping):
            yield ("also", index, "asset"), str(one.get("asset", ""))


def _facts(hedge: object) -> tuple[str, str, str]:
    """Take account, asset and symbol out of what may be no hedge; empty where there is none."""
    table = hedge if isinstance(hedge, Mapping) else {}
    account, asset, symbol = (str(table.get(key, "")) for key in ("account", "asset", "symbol"))
    return account, asset, symbol


def _settings_of(reading: Reading) -> Settings:
    """Validate what was read, and gather what is wrong with it.

    Raises:
        SettingsFaultsError: with every fault. Where a source could not be read, nothing that it may hold is missed.
    """
    layers: dict[str, Any] = {"layers": reading.layers}
    use_folder(_folder(reading))
    try:
        settings = Settings(**layers)
    except ValidationError as error:
        errors = error.errors()
        if reading.faults:
            errors = [one for one in errors if one["type"] != "missing"]
        elif rules := list(_disagreements(reading.merged())):
            errors += broken(rules).errors()
        raise SettingsFaultsError((*reading.faults, *faults_of(Settings, reading, errors))) from None
    if reading.faults:
        raise SettingsFaultsError(reading.faults)
    return settings


def _folder(reading: Reading) -> Path | None:
    """Find the folder of the owner's stages in what was read, whatever else is wrong with it."""
    folder = reading.merged().get("strategies")
    return Path(folder) if isinstance(folder, str) and folder else None


def own_folder(files: Sequence[Path], *, dotenv: Path | None) -> Path | None:
    """Find the folder of the owner's stages without looking at the rest of the settings; None if none is named."""
    return _folder(read(Settings, files, {}, os.environ, dotenv))


# --- the front ------------------------------------------------------------------------------------------------


@record
class Loaded:
    """Settings, and where each value comes from."""

    settings: Settings
    origins: Mapping[str, str]
    """By path: ``hedgerow.toml line 12``, ``environment HEDGEROW_RISK__LEVERAGE_MAX``, ``default``."""


def load(
    files: Sequence[Path],
    *,
    flags: Mapping[str, object] = MappingProxyType({}),
    environ: Mapping[str, str] | None = None,
    dotenv: Path | None,
) -> Loaded:
    """Load settings; a flag beats the environment, which beats ``.env``, which beats files, the last of them first.

    Args:
        files: TOML files, merged table by table.
        flags: values by dotted path, such as ``model_market.seed``; None is a flag that was not given.
        environ: variables; those of the process if not given.
        dotenv: a file with more variables; it need not exist.

    Raises:
        SettingsFaultsError: with every fault.
    """
    reading = read(Settings, files, flags, os.environ if environ is None else environ, dotenv)
    settings = _settings_of(reading)
    origins = {dotted(path): reading.origin(path) for path, _ in leaves(settings.model_dump())}
    return Loaded(settings=settings, origins=MappingProxyType(origins))


def rules_from_json(text: str, account: str) -> Rules:
    """Freeze the rules of one account from journaled settings; raises as :meth:`Settings.from_json` does."""
    return Settings.from_json(text).rules(account)


@record
class ShownSetting:
    """One row of ``show-config``."""

    path: str
    value: str
    origin: str


def shown(loaded: Loaded) -> list[ShownSetting]:
    """List every value, defaults included; secrets are redacted by their type."""
    values = leaves(loaded.settings.model_dump())
    return [
        ShownSetting(path=dotted(path), value=plain(value), origin=loaded.origins[dotted(path)])
        for path, value in values
    ]


@record
class Answers:
    """What ``new-config`` asks, as it was typed."""

    asset: str = "BTC"
    contract: str = "linear"
    """Or ``inverse``."""
    holdings: str = "0.5"
    deposit: str = "20000"
    """In settlement currency: dollars for a linear hedge, coins for an inverse one."""
    ratio: str = "1"
    band_outer: str = "0.02"


def example(answers: Answers) -> str:
    """Write a settings file from answers, every setting explained.

    Raises:
        SettingsFaultsError: with every answer that is wrong.
    """
    values = answered(answers)
    _settings_of(Reading(layers=(Layer(Settings, values, {(): "answer"}),)))
    return EXAMPLE_HEAD + toml_text(Settings, values)


def answered(answers: Answers) -> dict[str, Any]:
    """Turn answers into settings; what is wrong with an answer is wrong with them."""
    asset, outer = answers.asset, _number(answers.band_outer)
    symbols = {"linear": f"{asset}/USDT:USDT", "inverse": f"{asset}/USD:{asset}"}
    hedge = {
        "account": "main",
        "asset": asset,
        "symbol": symbols.get(answers.contract, answers.contract),
        "holdings": _number(answers.holdings),
        "policy": [{"stage": "fixed_ratio", "ratio": _number(answers.ratio)}],
        "band": {"outer": outer, "inner": outer / 4 if isinstance(outer, Decimal) else ZERO},
    }
    name = asset.lower() if NAME.fullmatch(asset.lower()) else "coin"
    accounts = {"main": {"deposit": _number(answers.deposit)}}
    return {"mode": "paper", "accounts": accounts, "hedges": {name: hedge}}


def _number(text: str) -> Decimal | str:
    """Read a number; what is none stays as it is, to be quoted back."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


EXAMPLE_HEAD = """\
# Settings of Hedgerow. A setting that is commented out shows its default, or for one that has none, what it could be.
# A flag beats the environment, the environment beats .env, and .env beats this file.

"""
