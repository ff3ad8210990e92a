"""The tables of the settings but those that steer trading: accounts, hedges, and everything around them.

The first line of a table's docstring and the description of a field are shown to users.
"""

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails

from bot.core.instruments import DatedFuture, Perpetual, Tier, tiers_from
from bot.core.policy import Policy
from bot.core.rules import HedgeRules, Kind, Meaning
from bot.core.values import ONE, ZERO, Notional
from bot.settings_bands import BandEdges
from bot.settings_exits import Exit
from bot.settings_kinds import Amount, AssetCode, Size, Stage, Table, no_boolean
from bot.settings_layers import broken, rule
from strategies import stage_types

Terms = TypeVar("Terms", Perpetual, DatedFuture)
VenueName = Literal["model", "binance-usdm", "binance-coinm", "bybit", "bingx", "mexc", "weex"]
SYMBOL = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+):([A-Z0-9]+)")

# --- accounts and hedges --------------------------------------------------------------------------------------


class Collateral(Table):
    """Coins in a futures wallet that back positions in another settlement currency."""

    asset: AssetCode = Field(description="Coin, one that a linear hedge of the account is about.")
    coins: Amount = Field(description="Paper coins at the start; they count as holdings.")
    share: Annotated[Decimal, Field(gt=0, le=1)] = Field(
        Decimal("0.95"), description="Share of their value that counts as margin."
    )


class Account(Table):
    """A margin account: a futures wallet in one settlement currency, and the hedges it carries."""

    venue: VenueName = Field(
        "model",
        description="Exchange: model is the built-in one; binance-usdm, binance-coinm, bybit, bingx, mexc, weex.",
    )
    margin_mode: Literal["cross", "isolated"] = Field(
        "cross", description="cross: the whole wallet backs each position. isolated: its own margin does."
    )
    leverage: Annotated[Decimal, Field(ge=1, le=20)] = Field(
        Decimal(3), description="Leverage the account is set to: opening takes value / leverage as margin."
    )
    api_key: SecretStr = Field(
        SecretStr(""), description="Key at the venue, one that cannot withdraw. Keep it in the environment."
    )
    api_secret: SecretStr = Field(SecretStr(""), description="Its secret.")
    api_passphrase: SecretStr = Field(SecretStr(""), description="Its passphrase, where the venue has one.")
    address: str = Field(
        "127.0.0.1:8700",
        pattern=r"^[A-Za-z0-9.-]+:\d+$",
        description="In mode local: host:port of the test exchange.",
    )
    acknowledge: str = Field(
        "", description="In mode live: your word for it; a wrong one is told with the right one."
    )
    deposit: Amount = Field(
        ZERO,
        description="In mode paper: money in the futures wallet at the start, in settlement currency.",
        examples=[20_000],
    )
    reserve: Amount = Field(
        ZERO,
        description="The same in the venue's spot wallet: what top-ups are made of. Coins count as holdings.",
    )
    collateral: tuple[Collateral, ...] = Field(
        (), description="Coins that back linear positions: a list of tables with asset, coins and share."
    )

    def at(self, address: str, key: str, secret: str) -> Self:
        """Give the account at a test exchange, with a key that is known there."""
        changes = {"address": address, "api_key": SecretStr(key), "api_secret": SecretStr(secret)}
        return self.model_copy(update=changes)


class OwnTier(Table):
    """A tier of maintenance margin, for venues that tell none."""

    value_min: Amount = Field(
        description="Value from which it holds, in settlement currency; the first is 0."
    )
    maintenance_rate: Annotated[Decimal, Field(gt=0, lt=1)] = Field(
        description="Share of the value above it."
    )
    leverage_max: Annotated[Decimal, Field(ge=1, le=500)] = Field(description="Highest leverage.")


class Coin(Table):
    """More coins that the contract of a hedge covers, by their value."""

    asset: AssetCode = Field(description="Coin, such as ADA.")
    holdings: Amount = Field(description="Coins held outside the venue.")


class Hedge(Table):
    """Coins, and the contract that keeps their dollar value."""

    account: str = Field(description="Account that carries the hedge.")
    asset: AssetCode = Field(description="Coin to hedge, such as BTC.")
    cross: bool = Field(
        default=False,
        description="Whether a contract on another coin may hedge it: most of the risk may stay.",
    )
    symbol: str = Field(description="BTC/USDT:USDT is linear, BTC/USD:BTC inverse.")
    kind: Kind = Field(
        Kind.PERPETUAL,
        description="perpetual; dated: quarterlies, rolled; dated_back: the furthest; cheapest_carry: what earns more.",
    )
    contract_size: Size | None = Field(
        None,
        examples=[1],
        description="Coins (linear) or quote currency (inverse) a contract must stand for; if set, it is checked.",
    )
    holdings: Amount = Field(description="Coins held outside the venue, whose own wallets are read.")
    also: tuple[Coin, ...] = Field(
        (), description="More coins in the same linear contract, by value: tables with asset and holdings."
    )
    tiers: tuple[OwnTier, ...] = Field(
        (),
        description="Margin tiers, if the venue tells none: tables with value_min, maintenance_rate, leverage_max.",
    )
    meaning: Meaning = Field(
        Meaning.SHARE_OF_HOLDINGS,
        description="What a ratio is a share of: share_of_holdings, constant_mix (of wealth) or fixed_amount.",
    )
    amount: Amount = Field(
        ZERO, description="Quote currency that a ratio of 1 keeps short; with meaning fixed_amount only."
    )
    policy: tuple[Stage, ...] = Field(description="Stages that form the hedge ratio, in order.")
    band: BandEdges = Field(
        BandEdges(), description="How far the hedge may be off: a table, or cost-optimal."
    )

    exit: Exit = Field(Exit(), description="How long it is meant to last, and when it is left.")

    @field_validator("symbol")
    @classmethod
    def _of_the_asset(cls, symbol: str, info: ValidationInfo) -> str:
        found = SYMBOL.fullmatch(symbol)
        base, quote, settle = found.groups() if found else ("", "", "")
        if base == quote or settle not in {base, quote}:
            remedy = "Write BASE/QUOTE:QUOTE (linear) or BASE/QUOTE:BASE (inverse)."
            raise broken([rule(f"{symbol!r} is no perpetual.", remedy)])
        asset = info.data.get("asset", base)
        if base != asset and settle == base:
            raise broken(
                [rule(f"An inverse contract on {base} hedges {base} alone.", f"Choose one on {asset}.")]
            )
        if base != asset and info.data.get("cross") is False:
            remedy = (
                f"Choose one on {asset}, or set cross = true: the price of {base} then stands for its own."
            )
            raise broken([rule(f"A contract on {base} cannot hedge {asset}.", remedy)])
        return symbol

    @field_validator("also")
    @classmethod
    def _each_once(cls, also: tuple[Coin, ...], info: ValidationInfo) -> tuple[Coin, ...]:
        symbol, seen = str(info.data.get("symbol", "")), [info.data.get("asset")]
        if also and symbol.endswith(f":{symbol.partition('/')[0]}"):
            sentence = "An inverse contract hedges its own coin alone."
            raise broken([rule(sentence, "Hedge other coins by a linear contract.")])
        for index, coin in enumerate(also):
            if coin.asset in seen:
                remedy = "Add its holdings up in one place."
                raise broken([rule(f"{coin.asset} is hedged here already.", remedy, (index, "asset"))])
            seen.append(coin.asset)
        return also

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[OwnTier, ...]) -> tuple[OwnTier, ...]:
        try:
            _ = tiers and _tiers(tiers)
        except ValueError as error:
            raise broken([rule(str(error), "Write them smallest first, beginning at value 0.")]) from error
        return tiers

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
        if contradictions := list(_contradictions(policy)):
            raise broken(contradictions)
        return policy

    @field_validator("band")
    @classmethod
    def _below_the_ratio(cls, band: BandEdges, info: ValidationInfo) -> BandEdges:
        """Refuse a band that no hedge would leave; a fixed amount is no share of the holdings, so no measure here."""
        _fits(band, info.data.get("meaning"))
        fixed = (one for one in info.data.get("policy", ()) if one.stage == "fixed_ratio")
        ratio = max((one.ratio for one in fixed), default=ZERO)
        comparable = info.data.get("meaning") in {Meaning.SHARE_OF_HOLDINGS, Meaning.CONSTANT_MIX}
        if comparable and band.method == "fixed" and ZERO < ratio <= band.outer:
            sentence = (
                f"A band of {band.outer} is as wide as the ratio {ratio}, or wider: it would never hedge."
            )
            raise broken([rule(sentence, f"Set outer below {ratio}.", ("outer",))])
        return band

    def declared(self) -> tuple[tuple[str, Decimal], ...]:
        """List the coins that are declared, kind by kind."""
        return ((self.asset, self.holdings), *((coin.asset, coin.holdings) for coin in self.also))

    def own_tiers(self) -> tuple[Tier, ...]:
        """Give the margin tiers that were set, with their amounts; empty if none were."""
        return _tiers(self.tiers) if self.tiers else ()

    def rules(self, name: str) -> HedgeRules:
        """Freeze the hedge for the study."""
        return HedgeRules(
            name=name,
            asset=self.asset,
            also=tuple(coin.asset for coin in self.also),
            symbol=self.symbol,
            kind=self.kind,
            contract_size=self.contract_size,
            meaning=self.meaning,
            amount=Notional(self.amount),
            band=self.band.rules(),
            exit=self.exit.rules(),
            stages=self.policy,
        )


def _contradictions(policy: tuple[Policy, ...]) -> Iterator[InitErrorDetails]:
    """Find stages that undo those before them, or bend what nobody has set; one that names no role is let be."""
    for index, stage in enumerate(policy):
        role, name = getattr(stage, "role", None), getattr(stage, "stage", "")
        if role == "sets" and index > 0:
            sentence = f"{name} sets the ratio anew: what the stages before it want is lost."
            yield rule(sentence, "Put it first, or take it or those before it out.", (index,))
        if role == "scales" and index == 0:
            sentence = (
                f"{name} scales the ratio of the stages before it, and there is none: it would never hedge."
            )
            yield rule(sentence, "Put a stage before it that sets a ratio, such as fixed_ratio.", (index,))


def _fits(band: BandEdges, meaning: Meaning | None) -> None:
    """Refuse a cost-optimal band where nothing says how much the gap moves by itself (reference section 12)."""
    if band.method != "cost-optimal" or band.mismatch_volatility > ZERO:
        return
    if meaning not in {None, Meaning.CONSTANT_MIX}:
        sentence = f"Nothing tells how much a target moves by itself that is a {meaning}."
        remedy = "Set mismatch_volatility, such as 0.15 a year; README, Bands, says what it is where."
        raise broken([rule(sentence, remedy, ("mismatch_volatility",))])


def _tiers(tiers: tuple[OwnTier, ...]) -> tuple[Tier, ...]:
    return tiers_from((one.value_min, one.maintenance_rate, one.leverage_max) for one in tiers)


# --- the other tables -----------------------------------------------------------------------------------------


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

    seed: Annotated[int, BeforeValidator(no_boolean)] = Field(
        7, ge=0, description="The same seed gives the same prices."
    )
    start_price: Size = Field(
        Decimal(60_000), description="Price the market moves around, in quote currency."
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
    expiry_months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field(
        (3, 6, 9, 12), min_length=1, description="Months whose contracts a dated hedge is replayed in."
    )
    file_contract_coins: Size = Field(
        ONE, description="Coins of one contract in a file of dated contracts: what its volume is counted in."
    )
    front_as_index: bool = Field(
        default=False, description="Go on behind the end of spot, with the nearest contract as the index."
    )
    contract: ContractChanges = Field(ContractChanges(), description="Changes to the model contract.")

    def applied_to(self, contract: Terms) -> Terms:
        """Give a contract with the fees and changes that are set."""
        asked = {"fee_maker": self.fee_maker, "fee_taker": self.fee_taker, **self.contract.model_dump()}
        return dataclasses.replace(
            contract, **{name: value for name, value in asked.items() if value is not None}
        )
