"""The front door of replays: settings and candles in, a runner out."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from bot.adapters.log import SilentLog
from bot.adapters.model_market import FUNDING_MS, HOUR_MS, ModelMarket, model_dated
from bot.backtest.dated_history import DatedHistory
from bot.backtest.dated_runner import DatedRunner, DatedSetup
from bot.backtest.guard_report import Scenario
from bot.backtest.history import History, exact
from bot.backtest.runner import Runner, Setup
from bot.core.rules import Kind, Rules
from bot.core.snapshot import Holding
from bot.core.values import ZERO, Coins, Money, Ratio
from bot.settings import Hedge, Settings
from bot.shell.ports import SettingsError
from bot.wiring import contract_of
from bot.wiring_bags import assumed


def backtest_of(
    settings: Settings,
    hedge_name: str | None,
    bars: History,
    rules: Rules | None = None,
    held: History | None = None,
    start_bar: int = 0,
) -> Runner:
    """Build the replay of one hedge of the settings, under other rules if some are given, traded from a bar's close on.

    A patience that is shorter than a bar would be out before the next decision: such an order crosses at once.
    ``held`` is the market of the held coin, on the same bars, where the contract is on another.

    Raises:
        SettingsError: no hedge, or more than one, was meant; its contract does not exist; a coin's market is not given.
    """
    name = _chosen(settings, hedge_name)
    hedge = settings.hedges[name]
    _check_coins(name, hedge, held)
    account = settings.accounts[hedge.account]
    rules = settings.rules(hedge.account) if rules is None else rules
    setup = Setup(
        contract=settings.backtest.applied_to(
            contract_of(name, hedge.symbol, exact(bars.perp_close[start_bar]))
        ),
        holdings=_holdings(settings, name, exact(bars.perp_close[start_bar])),
        deposit=Money(account.deposit),
        reserve=Money(account.reserve),
        margin_mode=account.margin_mode,
        leverage=account.leverage,
        participation=settings.backtest.participation,
        spread=settings.backtest.spread,
        start_bar=start_bar,
    )
    only = tuple(one for one in rules.hedges if one.name == name)
    pricing = rules.pricing
    if pricing.patience_seconds * 1000 < bars.interval_ms:
        pricing = replace(pricing, patience_seconds=ZERO)
    return Runner(bars, replace(rules, hedges=only, pricing=pricing), setup, SilentLog(), held)


def _holdings(settings: Settings, name: str, price: Decimal) -> tuple[Holding, ...]:
    """Give the coins of a hedge; its part of a bag by what the deposits of the settings carry at the first price."""
    asset = settings.hedges[name].asset
    contracts = {
        other: contract_of(other, settings.hedges[other].symbol, price)
        for bag in settings.bags
        if bag.asset == asset
        for other in bag.by_collateral
    }
    (_, coins), *_others = settings.declared(name, assumed(settings, contracts, price))
    return (Holding(asset=asset, coins=Coins(coins), place="declared"),)


def on_proxy(settings: Settings, hedge_name: str | None) -> bool:
    """Whether a hedge holds another coin than its contract is on.

    Raises:
        SettingsError: no hedge, or more than one, was meant.
    """
    name = _chosen(settings, hedge_name)
    return bool(settings.hedges[name].rules(name).spots)


def _check_coins(name: str, hedge: Hedge, held: History | None) -> None:
    """Check that the market of what is held is given, and of one coin only.

    Raises:
        SettingsError: it is not.
    """
    if hedge.also:
        raise SettingsError(f"hedges.{name}.also: a backtest replays one coin: leave the others out.")
    proxy = bool(hedge.rules(name).spots)
    if proxy and held is None:
        raise SettingsError(
            f"Hedge {name} holds {hedge.asset}, whose price {hedge.symbol} does not tell: give its candles with --spot."
        )
    if held is not None and not proxy:
        raise SettingsError(f"Hedge {name} is carried by {hedge.asset}'s own contract: leave --spot out.")


def model_history(days: int, seed: int = 7) -> History:
    """Give hours of the model market as a history: a calm, a crash, a squeeze and a recovery, again and again."""
    market, hours = ModelMarket(seed, Decimal(60_000)), days * 24
    open_ms = MODEL_FROM_MS + HOUR_MS * np.arange(hours, dtype=np.int64)
    ticks = [market.tick(int(at_ms)) for at_ms in open_ms] + [market.tick(int(open_ms[-1]) + HOUR_MS)]
    spot = np.array([float(tick.index) for tick in ticks])
    perp = np.round(spot * (1 + np.array([float(tick.premium) for tick in ticks])), 2)
    rates = [float(market.funding_rate(int(at))) if at % FUNDING_MS == 0 else np.nan for at in open_ms]
    nothing = np.zeros(hours, bool)
    return History(
        name="model market",
        interval_ms=HOUR_MS,
        open_ms=open_ms,
        perp_open=perp[:-1],
        perp_high=np.maximum(perp[:-1], perp[1:]),
        perp_low=np.minimum(perp[:-1], perp[1:]),
        perp_close=perp[1:],
        mark=perp[1:],
        spot=spot[1:],
        volume=np.full(hours, np.inf),
        funding_rate=np.array(rates),
        funding_price=perp[:-1],
        missing=nothing,
        stale=nothing,
    )


MODEL_FROM_MS = 1_704_067_200_000
"""1 January 2024."""


def guarded_of(settings: Settings, hedge_name: str, bars: History, scenario: Scenario) -> Runner:
    """Build the replay of one hedge in one of three ways: without a guard, with it, with top-ups from the reserve.

    Without a guard no rung is ever reached and no shock asked about: what a bare hedge would do.

    Raises:
        SettingsError: there is no such hedge, or its contract does not exist.
    """
    runner_settings = settings.model_copy(
        update={"guard": settings.guard.model_copy(update={"top_ups": scenario == "guard and top-ups"})}
    )
    rules = runner_settings.rules(settings.hedges[_chosen(settings, hedge_name)].account)
    if scenario == "no guard":
        rules = replace(
            rules,
            guard=replace(rules.guard, rungs=()),
            risk=replace(rules.risk, shock=Ratio(ZERO), shocks=()),
        )
    return backtest_of(runner_settings, hedge_name, bars, rules)


def rolls_of(settings: Settings, hedge_name: str | None, bars: DatedHistory) -> DatedRunner:
    """Build the replay of one dated hedge over many contracts.

    Raises:
        SettingsError: no hedge, or more than one, was meant; or it is no dated one.
    """
    name = _chosen(settings, hedge_name)
    hedge = settings.hedges[name]
    if hedge.kind is not Kind.DATED:
        raise SettingsError(f'hedges.{name}.kind: a replay of rolls needs a dated hedge: set kind = "dated".')
    account, asked = settings.accounts[hedge.account], settings.backtest
    price = exact(float(bars.index[np.isfinite(bars.index)][0]))
    setup = DatedSetup(
        terms=asked.applied_to(model_dated(hedge.symbol, price, 0)),
        file_contract_coins=asked.file_contract_coins,
        holdings=_holdings(settings, name, price),
        deposit=Money(account.deposit),
        margin_mode=account.margin_mode,
        leverage=account.leverage,
        participation=asked.participation,
        spread=asked.spread,
    )
    setup = replace(setup, terms=replace(setup.terms, symbol=hedge.symbol))
    rules = settings.rules(hedge.account)
    only = tuple(one for one in rules.hedges if one.name == name)
    return DatedRunner(bars, replace(rules, hedges=only), setup, SilentLog())


def _chosen(settings: Settings, name: str | None) -> str:
    if name is None and len(settings.hedges) == 1:
        return next(iter(settings.hedges))
    if name is None or name not in settings.hedges:
        raise SettingsError(
            f"A backtest replays one hedge: choose with --hedge from {', '.join(settings.hedges)}."
        )
    return name
