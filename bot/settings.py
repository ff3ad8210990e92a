"""The only reader of the environment and of files of settings: what may be set, what must agree, and frozen rules.

:mod:`bot.settings_sources` reads; this module knows the meaning. Shares are pure numbers, 1 is the whole. Numbers may
be written bare or quoted and are Decimals to the last digit. The first line of a table's docstring and the description
of a field are shown to users.
"""

import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.core.instruments import Contract
from bot.core.policy import Band, Policy
from bot.core.rules import HedgeRules, Meaning, PricingRules, RiskRules, Rules
from bot.core.values import ZERO, Notional, Ratio, record
from bot.settings_sources import (
    Fault,
    Layer,
    Reading,
    SettingsFaultsError,
    broken,
    dotted,
    faults_of,
    leaves,
    meant,
    plain,
    read,
    rule,
    toml_text,
    write_new,
)
from strategies import stage_failures, stage_types

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

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""No double underscore: it separates tables in names of variables."""
SYMBOL = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+):([A-Z0-9]+)")
CODE = re.compile(r"[A-Z0-9]+")


# --- kinds of values ------------------------------------------------------------------------------------------


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise broken(
            [rule(f"{value!r} is no name.", "Use lower-case letters, digits and single underscores.")]
        )
    return value


def _code(value: str) -> str:
    if not CODE.fullmatch(value):
        raise broken([rule(f"{value!r} is no asset.", "Write it as exchanges do, such as BTC.")])
    return value


def _no_boolean(value: object) -> object:
    """Refuse true and false, which Python counts among the whole numbers."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a whole number")
    return value


def _stage(value: object) -> Policy:
    """Make a policy stage of a table, by the name in its key ``stage``."""
    known = stage_types()
    if isinstance(value, tuple(known.values())):
        return cast("Policy", value)
    if not isinstance(value, Mapping):
        raise PydanticCustomError("dict_type", "Input should be a table")
    name = value.get("stage")
    if isinstance(name, str) and name in known:
        return cast("Policy", known[name].model_validate(value))
    lost = "".join(f" Not loaded: strategies/{file} ({why})." for file, why in stage_failures().items())
    what = "`stage` is missing." if name is None else f"There is no policy stage {name!r}."
    raise broken([rule(what, meant(str(name), list(known)) + lost, ("stage",))])


def _stage_dumped(stage: Policy, info: SerializationInfo) -> dict[str, Any]:
    return cast("BaseModel", stage).model_dump(mode=info.mode)


Name = Annotated[str, AfterValidator(_name)]
AssetCode = Annotated[str, AfterValidator(_code)]
Amount = Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=15)]
Size = Annotated[Decimal, Field(gt=0, le=10**12, decimal_places=15)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Stage = Annotated[Policy, PlainValidator(_stage), PlainSerializer(_stage_dumped)]


class Table(BaseModel):
    """Base of the tables: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


# --- accounts and hedges --------------------------------------------------------------------------------------


class Account(Table):
    """A margin account: a futures wallet in one settlement currency, and the hedges it carries."""

    venue: Literal["model"] = Field("model", description="Exchange; model is the built-in one.")
    margin_mode: Literal["cross", "isolated"] = Field(
        "cross", description="cross: the whole wallet backs each position. isolated: its own margin does."
    )
    leverage: Annotated[Decimal, Field(ge=1, le=20)] = Field(
        Decimal(3), description="Leverage the account is set to: opening takes value / leverage as margin."
    )
    deposit: Amount = Field(
        description="Paper money in the futures wallet at the start, in settlement currency."
    )


class BandEdges(Table):
    """How far the hedge may be off its target, as shares of the holdings."""

    outer: Share = Field(
        Decimal("0.02"), description="Distance from the target at which the hedge is traded."
    )
    inner: Share = Field(
        Decimal("0.005"), description="Distance it is then traded to; at most outer, 0 is the target itself."
    )

    @field_validator("inner")
    @classmethod
    def _within(cls, inner: Decimal, info: ValidationInfo) -> Decimal:
        outer = info.data.get("outer")
        if outer is not None and inner > outer:
            raise broken(
                [
                    rule(
                        f"The inner edge {inner} lies outside the outer edge {outer}.",
                        f"Set inner to at most {outer}.",
                    )
                ]
            )
        return inner


class Hedge(Table):
    """Coins, and the contract that keeps their dollar value."""

    account: str = Field(description="Account that carries the hedge.")
    asset: AssetCode = Field(description="Coin to hedge, such as BTC.")
    symbol: str = Field(description="Perpetual: BTC/USDT:USDT is linear, BTC/USD:BTC inverse.")
    holdings: Amount = Field(description="Coins held outside the futures wallet.")
    meaning: Meaning = Field(
        Meaning.SHARE_OF_HOLDINGS,
        description="What a ratio is a share of: share_of_holdings, constant_mix (of wealth) or fixed_amount.",
    )
    amount: Amount = Field(
        ZERO, description="Quote currency that a ratio of 1 keeps short; with meaning fixed_amount only."
    )
    policy: tuple[Stage, ...] = Field(description="Stages that form the hedge ratio, in order.")
    band: BandEdges = Field(
        BandEdges(), description="How far the hedge may be off, as shares of the holdings."
    )

    @field_validator("symbol")
    @classmethod
    def _of_the_asset(cls, symbol: str, info: ValidationInfo) -> str:
        found = SYMBOL.fullmatch(symbol)
        base, quote, settle = found.groups() if found else ("", "", "")
        if base == quote or settle not in {base, quote}:
            remedy = "Write BASE/QUOTE:QUOTE (linear) or BASE/QUOTE:BASE (inverse)."
            raise broken([rule(f"{symbol!r} is no perpetual.", remedy)])
        asset = info.data.get("asset", base)
        if base != asset:
            raise broken([rule(f"A contract on {base} cannot hedge {asset}.", f"Choose one on {asset}.")])
        return symbol

    @field_validator("amount")
    @classmethod
    def _iff_fixed(cls, amount: Decimal, info: ValidationInfo) -> Decimal:
        meaning = info.data.get("meaning")
        if meaning is Meaning.FIXED_AMOUNT and amount == ZERO:
            raise broken([rule("A fixed_amount of 0 hedges nothing.", "Set amount, in quote currency.")])
        if meaning not in {None, Meaning.FIXED_AMOUNT} and amount != ZERO:
            remedy = "Remove it, or set meaning to fixed_amount."
            raise broken([rule(f"An amount means nothing to {meaning}.", remedy)])
        return amount

    @field_validator("policy")
    @classmethod
    def _not_empty(cls, policy: tuple[Policy, ...]) -> tuple[Policy, ...]:
        if not policy:
            raise broken(
                [rule("A policy without stages never hedges.", f"Known here: {', '.join(stage_types())}.")]
            )
        return policy

    @field_validator("band")
    @classmethod
    def _below_the_ratio(cls, band: BandEdges, info: ValidationInfo) -> BandEdges:
        """Refuse a band that no hedge would leave; a fixed amount is no share of the holdings, so no measure here."""
        fixed = (one for one in info.data.get("policy", ()) if one.stage == "fixed_ratio")
        ratio = max((one.ratio for one in fixed), default=ZERO)
        comparable = info.data.get("meaning") in {Meaning.SHARE_OF_HOLDINGS, Meaning.CONSTANT_MIX}
        if comparable and ZERO < ratio <= band.outer:
            sentence = (
                f"A band of {band.outer} is as wide as the ratio {ratio}, or wider: it would never hedge."
            )
            raise broken([rule(sentence, f"Set outer below {ratio}.", ("outer",))])
        return band

    def rules(self, name: str) -> HedgeRules:
        """Freeze the hedge for the study."""
        return HedgeRules(
            name=name,
            asset=self.asset,
            symbol=self.symbol,
            meaning=self.meaning,
            amount=Notional(self.amount),
            band=Band(outer=Ratio(self.band.outer), inner=Ratio(self.band.inner)),
            stages=self.policy,
        )


# --- the other tables -------------------------------------------------------------------------------------------


class Pricing(Table):
    """How orders are priced."""

    patience_seconds: Decimal = Field(
        Decimal(30), ge=0, le=86400, description="Seconds an order may wait at the touch before it crosses."
    )
    slippage_max: Decimal = Field(
        Decimal("0.002"),
        ge=0,
        le=Decimal("0.1"),
        description="Share of the price a crossing order may give away.",
    )


class Risk(Table):
    """What the guard lets pass; each order is judged on the account as it would be after it."""

    quote_age_seconds_max: Decimal = Field(
        Decimal(90),
        gt=0,
        le=3600,
        description="Oldest quote to trade on, in seconds; the model quotes each minute.",
    )
    order_notional_max: Size = Field(Decimal(250_000), description="Largest order, in quote currency.")
    position_notional_max: Size = Field(
        Decimal(1_000_000), description="Largest position, in quote currency."
    )
    leverage_max: Decimal = Field(
        Decimal(3), gt=0, le=20, description="Highest leverage: position notional over margin equity."
    )
    margin_ratio_stop: Decimal = Field(
        Decimal("0.65"),
        gt=0,
        le=1,
        description="Maintenance over equity at which nothing is added; 1 is liquidation.",
    )
    liquidation_distance_stop: Decimal = Field(
        Decimal("0.20"),
        ge=0,
        le=10,
        description="Price move to liquidation, as a share, below which nothing is added.",
    )


class Loop(Table):
    """How often the bot looks, and how often it decides when nothing stirs."""

    poll_seconds: Decimal = Field(Decimal(5), gt=0, le=3600, description="Seconds between two looks.")
    heartbeat_seconds: Decimal = Field(
        Decimal(900),
        gt=0,
        le=86400,
        description="Seconds after which a decision is taken even if nothing stirs.",
    )


class ModelMarket(Table):
    """The seeded offline market that paper mode trades on."""

    seed: Annotated[int, BeforeValidator(_no_boolean)] = Field(
        7, ge=0, description="The same seed gives the same prices."
    )
    start_price: Size = Field(
        Decimal(60_000), description="Price the market moves around, in quote currency."
    )


class Journal(Table):
    """Where decisions, orders and fills are written down."""

    path: str = Field(
        ".hedgerow/{mode}.sqlite", min_length=1, description="SQLite file; {mode} is replaced by the mode."
    )


class Log(Table):
    """What is said on the way."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )
    format: Literal["console", "json"] = Field(
        "console", description="console for people, json for machines."
    )


class ContractChanges(Table):
    """Changes to the model contract in backtests."""

    contract_size: Size | None = Field(
        None, examples=[1], description="Coins (linear) or quote currency (inverse) of one contract."
    )
    contracts_step: Size | None = Field(
        None, examples=[Decimal("0.001")], description="Step of order sizes, in contracts."
    )
    contracts_min: Size | None = Field(
        None, examples=[Decimal("0.001")], description="Smallest order, in contracts."
    )
    notional_min: Amount | None = Field(None, examples=[5], description="Smallest order, in quote currency.")
    price_tick: Size | None = Field(
        None, examples=[Decimal("0.1")], description="Step of prices, in quote currency."
    )


class Backtest(Table):
    """What a backtest assumes."""

    fee_maker: Decimal | None = Field(
        None,
        ge=Decimal("-0.01"),
        le=Decimal("0.05"),
        examples=[Decimal("0.0002")],
        description="Fee for providing liquidity, as a share of the value; without it the contract's own.",
    )
    fee_taker: Decimal | None = Field(
        None,
        ge=Decimal("-0.01"),
        le=Decimal("0.05"),
        examples=[Decimal("0.0005")],
        description="Fee for taking liquidity, as a share of the value; without it the contract's own.",
    )
    participation: Decimal = Field(
        Decimal("0.1"), gt=0, le=1, description="Share of a bar's volume that may fill per bar."
    )
    spread: Decimal = Field(
        ZERO, ge=0, le=Decimal("0.1"), description="From bid to ask, as a share of the price."
    )
    contract: ContractChanges = Field(ContractChanges(), description="Changes to the model contract.")

    def applied_to(self, contract: Contract) -> Contract:
        """Give a contract with the fees and changes that are set."""
        asked = {"fee_maker": self.fee_maker, "fee_taker": self.fee_taker, **self.contract.model_dump()}
        return dataclasses.replace(
            contract, **{name: value for name, value in asked.items() if value is not None}
        )


# --- the whole --------------------------------------------------------------------------------------------------


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, validate_default=True, case_sensitive=True)

    mode: Literal["paper"] = Field(
        "paper", description="paper trades on a model market; there is no other mode yet."
    )
    accounts: dict[Name, Account] = Field(min_length=1, description="Write a table [accounts.NAME].")
    hedges: dict[Name, Hedge] = Field(min_length=1, description="Write a table [hedges.NAME].")
    pricing: Pricing = Field(Pricing(), description="How orders are priced.")
    risk: Risk = Field(Risk(), description="What the guard lets pass.")
    loop: Loop = Field(Loop(), description="How often the bot looks.")
    model_market: ModelMarket = Field(ModelMarket(), description="The market that paper mode trades on.")
    journal: Journal = Field(Journal(), description="Where all is written down.")
    log: Log = Field(Log(), description="What is said on the way.")
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

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if rules := list(_disagreements(self.model_dump())):
            raise broken(rules)
        return self

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
            pricing=PricingRules(
                patience_seconds=self.pricing.patience_seconds, slippage_max=Ratio(self.pricing.slippage_max)
            ),
            risk=RiskRules(
                quote_age_seconds_max=self.risk.quote_age_seconds_max,
                order_notional_max=Notional(self.risk.order_notional_max),
                position_notional_max=Notional(self.risk.position_notional_max),
                leverage_max=self.risk.leverage_max,
                margin_ratio_stop=Ratio(self.risk.margin_ratio_stop),
                liquidation_distance_stop=Ratio(self.risk.liquidation_distance_stop),
            ),
        )


def _disagreements(values: Mapping[str, Any]) -> Iterator[InitErrorDetails]:
    """Find where accounts and hedges disagree, in values that may be wrong themselves."""
    accounts, hedges = _named(values, "accounts"), _named(values, "hedges")
    firsts: dict[object, str] = {}
    for name, hedge in hedges.items():
        account, asset, symbol = _facts(hedge)
        if account and accounts and account not in accounts:
            yield rule(
                f"There is no account {account!r}.", meant(account, accounts), ("hedges", name, "account")
            )
        first = firsts.setdefault((account, asset), name)
        if account and asset and first != name:
            sentence = (
                f"Hedge {first} of the same account hedges {asset} already: the coins would count twice."
            )
            yield rule(sentence, "Hedge a coin once per account.", ("hedges", name, "asset"))
        first = firsts.setdefault(account, name)
        settle, other = (one.rpartition(":")[2] for one in (symbol, _facts(hedges[first])[2]))
        if account and settle and other and settle != other:
            sentence = f"{symbol} settles in {settle}, hedge {first} of the same account in {other}."
            yield rule(sentence, "Give each settlement currency an account.", ("hedges", name, "symbol"))
    named = {_facts(hedge)[0] for hedge in hedges.values()}
    for account in sorted(set(accounts) - named) if named and named <= set(accounts) else ():
        yield rule("No hedge uses this account.", "Name it in a hedge, or remove it.", ("accounts", account))


def _named(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    tables = values.get(key)
    return tables if isinstance(tables, Mapping) else {}


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


# --- the front ----------------------------------------------------------------------------------------------------


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
