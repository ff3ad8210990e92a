"""Replay bars through the same loop, decision and model exchange as everything else.

Time order at each bar, the rule behind every figure:

1. at the open, funding settles on the position held until then;
2. inside the bar, resting orders fill if the price trades through them, and margin is checked at both extremes;
3. at the close, prices are shown and a decision may be taken, on nothing later than that close.

A decision says how long it is good. Bars on which nothing can happen - no funding, no resting order, no price outside
the quiet box, no liquidation within the range - are jumped over. The scan that finds the next bar uses floats and may
only *nominate* it; what happens there is decided in Decimal.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.backtest.guard_notes import GuardStep, guard_steps
from bot.backtest.history import Bools, Floats, History, exact
from bot.backtest.lookback import Lookback
from bot.backtest.tally import Tally
from bot.backtest.volatility import DayVolatility
from bot.core.instruments import Contract, MarginMode
from bot.core.lookback import spot_market
from bot.core.quiet import Quiet
from bot.core.reports import Fill, Payment
from bot.core.risk import Approved
from bot.core.rules import Rules
from bot.core.snapshot import Holding, Quote
from bot.core.values import ZERO, Contracts, Money, Price, floor_to_step, record, round_to_step
from bot.shell.loop import Loop
from bot.shell.ports import Log
from bot.shell.step import Step
from bot.sim.exchange import Exchange

UNLIMITED = Decimal(10) ** 12
"""Contracts displayed where a file has no volume."""
NEAR = 1e-6
"""The scan nominates bars that come this near to liquidation, relatively; floats are closer than that."""


@record
class Setup:
    """What a replay needs besides bars and rules."""

    contract: Contract
    holdings: tuple[Holding, ...]
    deposit: Money
    """Margin at the start, in settlement currency."""
    reserve: Money = Money(ZERO)
    """The same in the spot wallet: what top-ups are made of; coins of an inverse hedge count as holdings."""
    margin_mode: MarginMode
    leverage: Decimal
    """Leverage the model account is set to."""
    participation: Decimal
    """Share of a bar's volume that may fill at each side."""
    spread: Decimal
    """Bid to ask, as a share of the price."""
    start_bar: int = 0
    """The bar at whose close trading begins; those before it are looked back on only."""


@record
class PathPoint:
    """The account after a bar on which something changed."""

    bar: int
    contracts: Decimal
    cost: Decimal
    wallet: Decimal
    spare: Decimal
    """What is left in the spot wallet."""
    realised: Decimal
    seized: Decimal
    """Margin that liquidations took so far, beyond realised profit; negative is a loss."""
    liquidation_price: Decimal | None


@record
class Run:
    """What a replay left behind."""

    setup: Setup
    history: History
    spot: Floats
    """The held coin's price at each bar's close; NaN where it is missing."""
    proxy: bool
    """The held coin is another than the contract's."""
    decisions: int
    orders: int
    refusals: Mapping[str, int]
    """Wishes the guard refused and orders the exchange rejected, by reason."""
    fills: tuple[Fill, ...]
    payments: tuple[Payment, ...]
    path: tuple[PathPoint, ...]
    first_bar: int
    """The bar at whose close the first decision was taken."""
    slippage: Decimal
    """Quote currency lost between the mid at the decision and the fill."""
    liquidations: tuple[Payment, ...]
    guarded: tuple[GuardStep, ...]
    """What the guard did, oldest first."""


class Runner:
    """One replay.

    ``held`` is the market of a held coin that the contract is not on, on the same bars; its spot prices are the coin's.
    """

    def __init__(
        self, history: History, rules: Rules, setup: Setup, log: Log, held: History | None = None
    ) -> None:
        self._history = history
        self._setup = setup
        self._symbol = setup.contract.symbol
        self._exchange = Exchange((setup.contract,))
        account = self._exchange.open_account(rules.account, setup.margin_mode, setup.leverage)
        self._account = account
        begin_ms = int(history.open_ms[setup.start_bar])
        self._exchange.at_ms = begin_ms
        if setup.deposit > ZERO:
            self._exchange.deposit(rules.account, setup.contract.settle, setup.deposit)
        if setup.reserve > ZERO:
            self._exchange.reserve(rules.account, setup.contract.settle, setup.reserve)
        self._volatility = DayVolatility(history, self._symbol)
        spots = {spot_market(setup.contract.base, self._symbol): history.spot}
        self._held = held
        self._held_market = spot_market(rules.hedges[0].asset, self._symbol)
        if held is not None:
            spots[self._held_market] = held.spot
        self._lookback = Lookback(history, self._symbol, spots)
        self._tally = Tally()
        self._clock = SimClock(begin_ms)
        self._loop = Loop(
            rules=rules,
            venue=self._venue(rules.account),
            holdings=DeclaredHoldings(setup.holdings),
            journal=self._tally,
            clock=self._clock,
            log=log,
            switch=NO_SWITCH,
        )
        self._told = self._exchange.activity[rules.account]
        self._blind = history.blind if held is None else history.blind | held.blind
        self._funded: list[int] = np.flatnonzero(~np.isnan(history.funding_rate)).tolist()
        self._path: list[PathPoint] = []
        self._first_bar: int | None = None
        self._liquidations: list[Payment] = []
        self._income = ZERO
        """Funding since the last decision."""
        self._stirred = False
        """Whether anything but funding happened since the last decision."""
        self._mids: dict[str, Decimal] = {}
        self._bar = 0
        """The bar that is shown."""
        self._guarded: list[GuardStep] = []

    def _venue(self, account: str) -> SimVenue:
        """Give the account's door, and what is known at the bar that is shown."""
        return SimVenue(
            self._exchange,
            account,
            volatility=lambda _symbol: self._volatility.at(self._clock.now_ms()),
            bars=lambda need: self._lookback.bars(need, self._clock.now_ms()),
            spot=self._spot_quote,
            settled=lambda symbol, count: self._lookback.settled(symbol, count, self._clock.now_ms()),
        )

    async def run(self, progress: Callable[[int], None]) -> Run:
        """Replay every bar from the first traded on; ``progress`` is told the bars done."""
        await self._loop.start()
        quiet: Quiet | None = None
        bar, bars = self._setup.start_bar, len(self._history)
        while bar < bars:
            heard = len(self._told)
            self._turn_to(bar)
            self._take_note(heard)
            if quiet is not None and not self._covered(quiet, bar):
                quiet = None
            if quiet is None and not self._blind[bar]:
                quiet = await self._decide(bar)
            if len(self._told) > heard or not self._path:
                self._mark_path(bar)
            progress(bar)
            bar = bar + 1 if quiet is None else self._next_bar(bar, quiet)
        progress(bars)
        return self._result()

    async def _decide(self, bar: int) -> Quiet:
        """Step the loop at a bar's close, and begin to count what comes in."""
        step = await self._loop.step()
        self._account_for(step, bar)
        self._income, self._stirred = ZERO, bool(step.decision.commands)
        return step.decision.quiet

    def _take_note(self, heard: int) -> None:
        """Count funding among what was told after ``heard``, keep liquidations, and note whatever else happened."""
        for item in self._told[heard:]:
            if isinstance(item, Payment) and item.kind == "funding":
                self._income += item.amount
                continue
            self._stirred = True
            if isinstance(item, Payment) and item.kind == "liquidation":
                self._liquidations.append(item)

    # --- the world ------------------------------------------------------------------------------------------

    def _turn_to(self, bar: int) -> None:
        """Let one bar happen: open, range, close."""
        self._bar = bar
        history, exchange = self._history, self._exchange
        rate = history.funding_rate[bar]
        funded = not np.isnan(rate)
        if funded:
            price = exact(history.funding_price[bar])
            exchange.settle_funding(self._symbol, exact(rate), price, int(history.open_ms[bar]))
        size = self._displayed(bar)
        exchange.at_ms = history.close_ms(bar)
        if funded or exchange.any_resting(self._symbol) or self._threatened(bar):
            low, high = exact(history.perp_low[bar]), exact(history.perp_high[bar])
            exchange.traded(self._symbol, Price(low), Price(high), size)
        self._clock.turn_to(history.close_ms(bar))
        exchange.quote(self._quote(bar, size))

    def _displayed(self, bar: int) -> Decimal:
        """Contracts that may fill at each side of a bar."""
        volume, contract = float(self._history.volume[bar]), self._setup.contract
        if not np.isfinite(volume):
            return UNLIMITED
        coins = exact(volume) * self._setup.participation
        contracts = contract.contracts_for(coins, exact(self._history.perp_close[bar]))
        return floor_to_step(contracts, contract.contracts_step)

    def _quote(self, bar: int, size: Decimal) -> Quote:
        history, tick = self._history, self._setup.contract.price_tick
        close, spot = exact(history.perp_close[bar]), float(history.spot[bar])
        half = round_to_step(close * self._setup.spread / 2, tick) if self._setup.spread else ZERO
        return Quote(
            symbol=self._symbol,
            at_ms=history.close_ms(bar),
            bid=Price(close - half),
            bid_contracts=Contracts(size),
            ask=Price(close + half),
            ask_contracts=Contracts(size),
            mark=Price(exact(history.mark[bar])),
            index=Price(close if np.isnan(spot) else exact(spot)),
        )

    def _spot_quote(self, symbol: str) -> Quote | None:
        """Quote the held coin's own market at the close of the bar that is shown; None of any other, or of a hole."""
        if self._held is None or symbol != self._held_market or np.isnan(self._held.spot[self._bar]):
            return None
        price = Price(exact(self._held.spot[self._bar]))
        return replace(
            self._exchange.touches[self._symbol].quote,
            symbol=symbol,
            bid=price,
            ask=price,
            mark=price,
            index=price,
        )

    # --- jumping --------------------------------------------------------------------------------------------

    def _covered(self, quiet: Quiet, bar: int) -> bool:
        """Whether a decision is still good at a bar's close."""
        if self._stirred or self._history.close_ms(bar) > quiet.until_ms:
            return False
        quotes = [self._exchange.touches[self._symbol].quote]
        if self._held is not None and (spot := self._spot_quote(self._held_market)) is not None:
            quotes.append(spot)
        return quiet.covers(tuple(quotes), self._income)

    def _next_bar(self, bar: int, quiet: Quiet) -> int:
        """Find the next bar on which anything can happen."""
        bars = len(self._history)
        if self._exchange.any_resting(self._symbol) or self._held is not None:
            return bar + 1
        last = min(bars, self._first_after(quiet.until_ms))
        funded = bisect_right(self._funded, bar)
        if funded < len(self._funded):
            last = min(last, self._funded[funded])
        if last <= bar + 1:
            return bar + 1
        span = slice(bar + 1, last)
        found = np.flatnonzero(self._outside(quiet, span) | self._near_liquidation(span))
        return bar + 1 + int(found[0]) if len(found) else last

    def _first_after(self, until_ms: int) -> int:
        """First bar that closes after a time."""
        history = self._history
        return max(0, (until_ms - int(history.open_ms[0])) // history.interval_ms)

    def _outside(self, quiet: Quiet, span: slice) -> Bools:
        """Mark closes outside the quiet box, widened by nothing: a nominated bar is decided exactly."""
        mark, spot = self._history.mark[span], self._history.spot[span]
        outside = np.zeros(len(mark), bool)
        for box in quiet.boxes:
            if box.low is None or box.high is None:
                continue
            low, high = float(box.low) * (1 + NEAR), float(box.high) * (1 - NEAR)
            for prices, now in ((mark, float(box.mark)), (spot, float(box.index))):
                outside |= (prices < low * now) | (prices > high * now)
        return outside

    def _near_liquidation(self, span: slice) -> Bools:
        """Mark bars whose range comes near the liquidation price."""
        history, point = self._history, self._path[-1]
        if point.liquidation_price is None:
            return np.zeros(span.stop - span.start, bool)
        price = float(point.liquidation_price)
        if point.contracts < ZERO:
            return np.maximum(history.perp_high[span], history.mark[span]) >= price * (1 - NEAR)
        return np.minimum(history.perp_low[span], history.mark[span]) <= price * (1 + NEAR)

    def _threatened(self, bar: int) -> bool:
        """Whether one bar's range comes near the liquidation price."""
        return bool(self._path and self._near_liquidation(slice(bar, bar + 1))[0])

    # --- the record -----------------------------------------------------------------------------------------

    def _account_for(self, step: Step, bar: int) -> None:
        """Note the first decision, and the mid at which each order was decided."""
        if self._first_bar is None:
            self._first_bar = bar
        self._guarded += guard_steps(step)
        quote = step.snapshot.quote(self._symbol)
        for command in step.decision.commands:
            if isinstance(command, Approved):
                self._mids[command.request.client_order_id] = (quote.bid + quote.ask) / 2

    def _slippage(self, fills: tuple[Fill, ...]) -> Decimal:
        """Sum what fills lost against the mid they were decided at, in quote currency."""
        lost = ZERO
        for fill in fills:
            if fill.client_order_id in self._mids:
                coins = self._setup.contract.coins(fill.contracts, fill.price)
                lost += fill.side.sign * coins * (fill.price - self._mids[fill.client_order_id])
        return lost

    def _mark_path(self, bar: int) -> None:
        """Note the account after a bar that changed it."""
        contract = self._setup.contract
        position = self._account.position(contract)
        backing = self._account.backing(position, self._exchange.marks)
        self._path.append(
            PathPoint(
                bar=bar,
                contracts=position.contracts,
                cost=position.cost,
                wallet=self._account.balance("futures", contract.settle),
                spare=self._account.balance("spot", contract.settle),
                realised=position.realised,
                seized=self._seized(),
                liquidation_price=contract.liquidation_price(
                    position.contracts, position.entry_price, backing
                ),
            )
        )

    def _seized(self) -> Decimal:
        """Sum what liquidations took or the house covered, beyond realised profit."""
        return sum((entry.amount for entry in self._liquidations), ZERO)

    def _result(self) -> Run:
        fills = tuple(item for item in self._told if isinstance(item, Fill))
        return Run(
            setup=self._setup,
            history=self._history,
            spot=self._history.spot if self._held is None else self._held.spot,
            proxy=self._held is not None,
            decisions=self._tally.decisions,
            orders=self._tally.orders,
            refusals=dict(self._tally.refusals),
            fills=fills,
            payments=tuple(item for item in self._told if isinstance(item, Payment)),
            path=tuple(self._path),
            first_bar=len(self._history) - 1 if self._first_bar is None else self._first_bar,
            slippage=self._slippage(fills),
            liquidations=tuple(self._liquidations),
            guarded=tuple(self._guarded),
        )
