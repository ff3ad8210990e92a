"""Replay a hedge in dated contracts, roll after roll, through the same loop, decision and model exchange as everything else.

Time order at each bar, the rule behind every figure:

1. at the open, contracts whose first bar this is are listed;
2. inside the bar, resting orders fill if their contract trades through them, and margin is checked at both extremes;
3. at the close, contracts that expire are settled at the index. A bar knows one index only: the mean of the last 30
   minutes, which venues settle at, is not seen, nor is the delta that decays while it forms;
4. contracts with a bar are quoted anew; the others keep their quote, which ages and is refused by the guard;
5. decisions are taken, on nothing later than that close: one after the other while the last led to fills, because the legs
   of a clip follow each other at once. What is displayed at a close is used up by them, and then the bar is over.

Both the range of a bar and the touch at its close show ``participation`` of its volume at each side. A bar of which that
share is less than a step shows nothing: it moves the mark, and the quote stays what it was.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.backtest.dated_history import DatedHistory, Life
from bot.backtest.dated_notes import Look, Slip, lacks_of, look_at, slips_of
from bot.backtest.history import Floats, Ints, exact
from bot.backtest.tally import Tally
from bot.core.desk import Cancel
from bot.core.instruments import DatedFuture, MarginMode
from bot.core.quiet import Quiet
from bot.core.reports import SETTLEMENT_ID, Fill, Payment
from bot.core.risk import Approved
from bot.core.rules import Rules
from bot.core.snapshot import Holding, Quote, Turnover
from bot.core.values import ZERO, Contracts, Money, Price, floor_to_step, record, round_to_step
from bot.shell.loop import Loop
from bot.shell.ports import Log
from bot.shell.step import Step
from bot.sim.exchange import Exchange

STEPS_MAX = 500
"""Most decisions at one close."""
DAY_MS = 24 * 3_600_000


@record
class DatedSetup:
    """What a replay needs besides bars and rules."""

    terms: DatedFuture
    """What all contracts share: its symbol is the family's, and its expiry is not read."""
    file_contract_coins: Decimal
    """Coins that a contract of the file stands for: what its volume is counted in."""
    holdings: tuple[Holding, ...]
    deposit: Money
    """Margin at the start, in settlement currency."""
    margin_mode: MarginMode
    leverage: Decimal
    """Leverage the model account is set to."""
    participation: Decimal
    """Share of a bar's volume that may fill at each side."""
    spread: Decimal
    """Bid to ask of every contract, as a share of the price."""

    @property
    def emulated(self) -> bool:
        """Whether contracts quoted in dollars and paid in dollars are replayed with the inverse payoff."""
        return not self.terms.linear


@record
class Series:
    """The account at each bar's close. Floats, one element a bar."""

    own: Floats
    """Own coins: holdings, and for an inverse hedge what was deposited less fees."""
    hedge: Floats
    """Cumulated price profit of the futures, in quote currency."""
    fresh: Sequence[bool]
    """Whether every contract held had a bar of its own: only such a close can be set against spot."""


@record
class DatedRun:
    """What a replay left behind."""

    setup: DatedSetup
    history: DatedHistory
    contracts: Mapping[str, DatedFuture]
    names: Mapping[str, str]
    """What the file calls a contract, by symbol."""
    decisions: int
    orders: int
    refusals: Mapping[str, int]
    lacks: Mapping[str, int]
    """What kept the hedge from being carried on, in words, by the number of decisions that named it."""
    fills: tuple[Fill, ...]
    payments: tuple[Payment, ...]
    slips: tuple[Slip, ...]
    looks: tuple[Look, ...]
    series: Series
    incidents: tuple[str, ...]
    bars_cut: int
    """Bars on which decisions went on to the bound."""


class DatedRunner:
    """One replay of one dated hedge."""

    def __init__(self, history: DatedHistory, rules: Rules, setup: DatedSetup, log: Log) -> None:
        rules = with_bars(rules, history.interval_ms)
        self._history, self._setup, self._rules = history, setup, rules
        self._contracts = {life.name: contract_of(setup.terms, life) for life in history.lives}
        self._exchange = Exchange(())
        self._account = self._exchange.open_account(rules.account, setup.margin_mode, setup.leverage)
        self._exchange.at_ms = int(history.open_ms[0])
        if setup.deposit > ZERO:
            self._exchange.deposit(rules.account, setup.terms.settle, setup.deposit)
        self._tally, self._clock = Tally(), SimClock(int(history.open_ms[0]))
        self._loop = Loop(
            rules=rules,
            venue=SimVenue(self._exchange, rules.account, turnover=self._turnover),
            holdings=DeclaredHoldings(setup.holdings),
            journal=self._tally,
            clock=self._clock,
            log=log,
            switch=NO_SWITCH,
        )
        self._told = self._exchange.activity[rules.account]
        self._bar = 0
        self._lives = {self._contracts[life.name].symbol: life for life in history.lives}
        self._trading = _by_bar(history)
        self._indexed = _last_known(history.index)
        self._expiring: dict[int, list[str]] = defaultdict(list)
        for contract in self._contracts.values():
            self._expiring[history.bar_at(contract.expiry_ms)].append(contract.symbol)
        self._quiet: Quiet | None = None
        self._rolling: Slip | None = None
        """The latest order of the roll in hand."""
        self._left: str | None = None
        """The contract that is being left, or was settled, until the hedge is in step again."""
        self._slips: list[Slip] = []
        self._looks: list[Look] = []
        self._lacks: Counter[str] = Counter()
        self._cut = 0
        self._own, self._hedge = np.zeros(len(history)), np.zeros(len(history))
        self._fresh = [False] * len(history)
        self._fees = ZERO

    async def run(self, progress: Callable[[int], None]) -> DatedRun:
        """Replay every bar; ``progress`` is told the bars done."""
        self._list(0)
        await self._loop.start()
        blind = self._history.blind
        for bar in range(len(self._history)):
            heard = len(self._told)
            self._list(bar)
            self._turn_to(bar)
            if not blind[bar] and self._due(heard):
                await self._decide()
            self._mark_series(bar, heard)
            progress(bar)
        progress(len(self._history))
        return self._result()

    # --- the world ------------------------------------------------------------------------------------------

    def _list(self, bar: int) -> None:
        """List contracts whose first bar this is."""
        for life, row in self._trading[bar]:
            if row == 0 and self._contracts[life.name].symbol not in self._exchange.contracts:
                self._exchange.relist(self._contracts[life.name])

    def _turn_to(self, bar: int) -> None:
        """Let one bar happen: ranges, the close, expiries."""
        exchange, close_ms = self._exchange, self._history.close_ms(bar)
        self._bar, exchange.at_ms = bar, close_ms
        sizes = {life.name: self._displayed(life, row) for life, row in self._trading[bar]}
        for life, row in self._trading[bar]:
            low, high = Price(exact(life.low[row])), Price(exact(life.high[row]))
            exchange.traded(self._contracts[life.name].symbol, low, high, sizes[life.name])
        self._clock.turn_to(close_ms)
        for symbol in self._expiring[bar]:
            exchange.expire(symbol, self._index(bar))
        for life, row in self._trading[bar]:
            if life.expiry_ms > close_ms:
                self._show(life, row, sizes[life.name], bar)

    def _displayed(self, life: Life, row: int) -> Decimal:
        """Contracts that may fill at each side of a bar."""
        contract = self._contracts[life.name]
        coins = exact(life.volume[row]) * self._setup.file_contract_coins * self._setup.participation
        exactly = contract.contracts_for(coins, exact(life.close[row]))
        return floor_to_step(exactly, contract.contracts_step)

    def _show(self, life: Life, row: int, size: Decimal, bar: int) -> None:
        """Quote a contract at its close; a bar that shows less than an order moves the mark alone."""
        contract, close = self._contracts[life.name], exact(life.close[row])
        if size < contract.contracts_min:
            self._exchange.mark(contract.symbol, close)
            return
        half = round_to_step(close * self._setup.spread / 2, contract.price_tick)
        self._exchange.quote(
            Quote(
                symbol=contract.symbol,
                at_ms=self._history.close_ms(bar),
                bid=Price(close - half),
                bid_contracts=Contracts(size),
                ask=Price(close + half),
                ask_contracts=Contracts(size),
                mark=Price(close),
                index=Price(self._index(bar)),
            )
        )

    def _turnover(self, symbol: str) -> Turnover | None:
        """Sum what a contract traded in the last 24 hours. Open interest is not known, and is 0 for all: it triggers nothing."""
        if symbol not in self._lives:
            return None
        life, contract = self._lives[symbol], self._exchange.contracts[symbol]
        until = int(np.searchsorted(life.bar, self._bar, "right"))
        since = int(np.searchsorted(life.bar, self._bar - DAY_MS // self._history.interval_ms, "right"))
        coins = exact(life.volume[since:until].sum()) * self._setup.file_contract_coins
        close = exact(life.close[max(until - 1, 0)])
        return Turnover(
            symbol=symbol,
            volume_24h=contract.contracts_for(coins, close),
            open_interest=Contracts(ZERO),
        )

    def _index(self, bar: int) -> Decimal:
        """Give the index at a close, or the last one before it; before all others the first one."""
        return exact(self._history.index[self._indexed[bar]])

    # --- decisions ------------------------------------------------------------------------------------------

    def _due(self, heard: int) -> bool:
        """Whether the last decision's quiet does not cover this close."""
        if self._quiet is None or len(self._told) > heard or self._clock.now_ms() > self._quiet.until_ms:
            return True
        return not self._quiet.covers(tuple(touch.quote for touch in self._exchange.touches.values()))

    async def _decide(self) -> None:
        """Step the loop while there is something to do on this bar, and look at what came of it."""
        for _ in range(STEPS_MAX):
            step = await self._loop.step()
            self._take_note(step)
            if not self._goes_on(step):
                break
        else:
            self._cut += 1
        self._quiet = step.decision.quiet
        if self._left is not None:
            look = look_at(*await self._loop.preview(), self._left)
            self._looks += [] if look is None else [look]
            if look is not None and look.done:
                self._rolling = self._left = None

    def _take_note(self, step: Step) -> None:
        """Note what a decision lacked, the orders of a roll, and what was settled."""
        self._lacks.update(lacks_of(step.decision))
        for fill in step.fills:
            self._left = fill.symbol if fill.client_order_id == SETTLEMENT_ID else self._left
        for slip in slips_of(step.snapshot, step.decision, self._rolling):
            self._slips.append(slip)
            self._rolling, self._left = slip, slip.near

    def _goes_on(self, step: Step) -> bool:
        """Whether another decision may do something on this bar.

        It may after a fill or a cancel. Once a touch is used up only the clip in hand is brought to its end.
        """
        if any(isinstance(command, Cancel) for command in step.decision.commands):
            return True
        if not step.fills:
            return False
        lead = self._rules.roll.lead
        leads = any(isinstance(one, Approved) and one.leg == lead for one in step.decision.commands)
        return leads or not any(self._used_up(fill.symbol) for fill in step.fills)

    def _used_up(self, symbol: str) -> bool:
        """Whether less than an order is left of what a contract displayed."""
        touch = self._exchange.touches.get(symbol)
        contract = self._exchange.contracts.get(symbol)
        return (
            touch is None or contract is None or min(touch.bid_left, touch.ask_left) < contract.contracts_min
        )

    # --- the record -----------------------------------------------------------------------------------------

    def _mark_series(self, bar: int, heard: int) -> None:
        """Note own coins and the futures' profit at a bar's close."""
        settle, linear = self._setup.terms.settle, self._setup.terms.linear
        self._fees += sum((item.fee for item in self._told[heard:] if isinstance(item, Fill)), ZERO)
        deposited = self._account.deposited.get(settle, ZERO)
        profit = self._account.equity(settle, self._exchange.marks) - deposited + self._fees
        held = sum((holding.coins for holding in self._setup.holdings), ZERO)
        own = held if linear else held + deposited - self._fees
        rate = 1.0 if linear else float(self._history.index[bar])
        self._own[bar], self._hedge[bar] = float(own), float(profit) * rate
        traded = {self._contracts[life.name].symbol for life, _ in self._trading[bar]}
        positions = self._account.open_positions(settle)
        self._fresh[bar] = all(position.contract.symbol in traded for position in positions)

    def _result(self) -> DatedRun:
        return DatedRun(
            setup=self._setup,
            history=self._history,
            contracts={contract.symbol: contract for contract in self._contracts.values()},
            names={contract.symbol: name for name, contract in self._contracts.items()},
            decisions=self._tally.decisions,
            orders=self._tally.orders,
            refusals=dict(self._tally.refusals),
            lacks=dict(self._lacks),
            fills=tuple(item for item in self._told if isinstance(item, Fill)),
            payments=tuple(item for item in self._told if isinstance(item, Payment)),
            slips=tuple(self._slips),
            looks=tuple(self._looks),
            series=Series(own=self._own, hedge=self._hedge, fresh=self._fresh),
            incidents=tuple(incident.text for incident in self._tally.incidents),
            bars_cut=self._cut,
        )


def with_bars(rules: Rules, interval_ms: int) -> Rules:
    """Fit rules to bars: a patience shorter than one would be out before the next decision, and listing costs nothing."""
    pricing = rules.pricing
    if pricing.patience_seconds * 1000 < interval_ms:
        pricing = replace(pricing, patience_seconds=ZERO)
    return replace(rules, pricing=pricing, books=replace(rules.books, check_steps=0))


def contract_of(terms: DatedFuture, life: Life) -> DatedFuture:
    """Give the contract of a life: the family's terms with its expiry."""
    return replace(terms, symbol=f"{terms.family}-{life.code}", expiry_ms=life.expiry_ms)


def _last_known(index: Floats) -> Ints:
    """Give for each bar the last bar up to it with an index, or the first there is."""
    known = ~np.isnan(index)
    last = np.maximum.accumulate(np.where(known, np.arange(len(index)), -1))
    return np.where(last < 0, int(np.argmax(known)), last)


def _by_bar(history: DatedHistory) -> dict[int, list[tuple[Life, int]]]:
    """Find the contracts that traded, and which of their bars it is, by bar of the timeline."""
    trading: dict[int, list[tuple[Life, int]]] = defaultdict(list)
    for life in history.lives:
        for row, bar in enumerate(life.bar.tolist()):
            trading[bar].append((life, row))
    return trading
