"""The front door of the test exchange: a model town with a street address."""

from collections.abc import Callable
from decimal import Decimal
from errno import EADDRINUSE
from typing import Literal

import numpy as np

from bot.adapters.clock import SystemClock
from bot.adapters.model_market import (
    CYCLE_MS,
    HOUR_MS,
    MINUTE_MS,
    PHASE_MINUTES,
    ModelMarket,
    ModelTown,
    Phase,
    Tick,
    quarter_expiries,
)
from bot.adapters.model_past import ModelPast
from bot.backtest.history import History
from bot.core.instruments import Contract
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ZERO, Money, Price, Ratio, record
from bot.shell.ports import SettingsError
from bot.sim.exchange import Exchange
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Faults, Odds
from bot.testexchange.keyring import TEST_KEY, Key, Keyring
from bot.testexchange.listings import SCALES, Expiries, fridays
from bot.testexchange.records import Candle
from bot.testexchange.router import Dialect
from bot.testexchange.server import Server

Scenario = Literal["calm", "crash", "squeeze", "roll"]
STARTS_MS: dict[Scenario, int] = {
    "calm": 0,
    "crash": PHASE_MINUTES * MINUTE_MS - HOUR_MS,
    "squeeze": 2 * PHASE_MINUTES * MINUTE_MS - HOUR_MS,
    "roll": 0,
}
"""How far into the market's cycle a scenario begins: an hour before what it is named for."""


@record
class Customer:
    """What a customer of the test exchange begins with."""

    account: str = "main"
    futures: tuple[tuple[str, Decimal], ...] = (
        ("USDT", Decimal(100_000)),
        ("BTC", Decimal(2)),
        ("ETH", Decimal(20)),
    )
    spot: tuple[tuple[str, Decimal], ...] = (
        ("USDT", Decimal(50_000)),
        ("BTC", Decimal(1)),
        ("ETH", Decimal(10)),
    )
    leverage: Decimal = Decimal(3)


class ReplayMarket:
    """A candle file as a market that begins at a time: index is spot where there is one, and the premium is the mark's.

    Bars follow each other at their own pace; after the last the market stands still.
    """

    def __init__(self, bars: History, from_ms: int) -> None:
        self._bars = bars
        self._from_ms = from_ms

    def tick(self, at_ms: int) -> Tick:
        """Show the market at a time."""
        bar = self._bar(at_ms)
        mark = Decimal(str(self._bars.mark[bar]))
        index = mark if self._bars.blind[bar] else Decimal(str(self._bars.spot[bar]))
        return Tick(
            at_ms=at_ms // MINUTE_MS * MINUTE_MS, phase="calm", index=Price(index), premium=mark / index - 1
        )

    def funding_rate(self, at_ms: int) -> Ratio:
        """Give the last rate that the file has at a time; 0 before the first."""
        rates = self._bars.funding_rate[: self._bar(at_ms) + 1]
        known = rates[~np.isnan(rates)]
        return Ratio(Decimal(str(known[-1])) if len(known) else ZERO)

    def _bar(self, at_ms: int) -> int:
        return min(max(0, (at_ms - self._from_ms) // self._bars.interval_ms), len(self._bars) - 1)


class StreetTown:
    """The model town as the world of a test exchange: it lists what the dialect lists, and keeps dated contracts coming."""

    def __init__(self, town: ModelTown, listed_at: Callable[[int], tuple[Contract, ...]]) -> None:
        self.exchange = town.exchange
        self._town = town
        self._listed_at = listed_at
        self._past = ModelPast(town, calm_before_ms=town.now.at_ms)

    def advance(self, to_ms: int) -> None:
        """Let time pass up to an instant."""
        while self._town.now.at_ms // HOUR_MS < to_ms // HOUR_MS:
            self._town.advance((self._town.now.at_ms // HOUR_MS + 1) * HOUR_MS)
            for contract in self._listed_at(self._town.now.at_ms):
                if contract.symbol not in self.exchange.contracts:
                    self.exchange.relist(contract)
        self._town.advance(to_ms)

    @property
    def phase(self) -> Phase:
        """What the market is going through."""
        return self._town.now.phase

    def next_funding(self, symbol: str) -> Funding:
        """Tell what a contract would pay next if the market stayed as it is."""
        return self._town.next_funding(symbol)

    def turnover(self, symbol: str) -> Turnover | None:
        """Tell how busy a contract is."""
        return self._town.turnover(symbol)

    def spot(self, symbol: str) -> Quote | None:
        """Quote a coin in dollars; None of one that has no contract here."""
        return self._town.spot(symbol)

    def funding_paid(self, symbol: str, from_ms: int, to_ms: int) -> tuple[tuple[int, Decimal], ...]:
        """List the settlements of funding within, oldest first: time and rate."""
        return self._town.funding_paid(symbol, from_ms, to_ms)

    def candles(self, symbol: str, interval_ms: int, from_ms: int, to_ms: int) -> tuple[Candle, ...]:
        """List candles that opened within, oldest first, made of samples of the index."""
        starts = range(-(-from_ms // interval_ms) * interval_ms, to_ms + 1, interval_ms)
        return tuple(self._candle(symbol, at_ms, min(at_ms + interval_ms, to_ms)) for at_ms in starts)

    def _candle(self, symbol: str, from_ms: int, to_ms: int) -> Candle:
        prices = self._past.prices(symbol.partition("/")[0], from_ms, to_ms)
        busy = self._town.turnover(symbol)
        share = Decimal(to_ms - from_ms) / (24 * HOUR_MS)
        return Candle(
            at_ms=from_ms,
            open=prices[0],
            high=max(prices),
            low=min(prices),
            close=prices[-1],
            volume=ZERO if busy is None else (busy.volume_24h * share).quantize(Decimal(1)),
        )


def open_dialect(
    name: str,
    *,
    from_ms: int,
    scenario: Scenario = "calm",
    seed: int = 7,
    price: Decimal = Decimal(60_000),
    bars: History | None = None,
    customers: tuple[Customer, ...] = (Customer(),),
    keys: tuple[Key, ...] = (TEST_KEY,),
    shifted: bool = True,
) -> tuple[Dialect, StreetTown]:
    """Open a test exchange that speaks a venue's dialect, at a time; gives the town it stands in beside it.

    With ``shifted`` the market's cycle is moved so that the scenario begins at that time; without, time is the market's.
    With ``bars`` their prices are the market.

    Raises:
        KeyError: there is no such dialect.
    """
    kind = DIALECTS[name]
    expiries: Expiries = fridays if scenario == "roll" else lambda at_ms: quarter_expiries(at_ms, 2)
    exchange = Exchange(kind.listing(expiries(from_ms)))
    exchange.at_ms = from_ms
    for customer in customers:
        exchange.open_account(customer.account, "cross", customer.leverage)
        for asset, amount in customer.futures:
            exchange.deposit(customer.account, asset, Money(amount))
        for asset, amount in customer.spot:
            exchange.reserve(customer.account, asset, Money(amount))
    shift_ms = (STARTS_MS[scenario] - from_ms) % CYCLE_MS if shifted else 0
    market = ModelMarket(seed, price, shift_ms) if bars is None else ReplayMarket(bars, from_ms)
    town = ModelTown(market, exchange, from_ms, scales=SCALES)
    street = StreetTown(town, lambda at_ms: kind.listing(expiries(at_ms)))
    return kind.opened(street, Keyring(keys)), street


@record
class Opening:
    """How a test exchange is opened."""

    dialect: str
    port: int
    scenario: Scenario
    seed: int
    speed: Decimal
    """Seconds of the town that pass in one of ours."""
    price: Decimal
    bars: History | None
    faults: tuple[Odds, ...]
    keys: tuple[Key, ...]
    customers: tuple[Customer, ...]


def scenario_of(name: str) -> Scenario:
    """Read a scenario's name.

    Raises:
        SettingsError: there is none of that name.
    """
    for known in STARTS_MS:
        if known == name:
            return known
    raise SettingsError(f"There is no scenario {name!r}: choose {', '.join(STARTS_MS)} or replay:FILE.")


def opening_words(opening: Opening, port: int) -> dict[str, object]:
    """Say where a test exchange is and how to get in."""
    key = opening.keys[0]
    return {
        "dialect": opening.dialect,
        "address": f"127.0.0.1:{port}",
        "key": key.key,
        "secret": key.secret,
        "passphrase": key.passphrase,
        "hosts": ", ".join(DIALECTS[opening.dialect].hosts),
        "money": ", ".join(f"{amount:f} {asset}" for asset, amount in opening.customers[0].futures),
    }


def _check_operations(dialect: Dialect, faults: tuple[Odds, ...]) -> None:
    """Refuse faults that would never strike."""
    known = {"any", *(route.operation for route in dialect.routes())}
    for odds in faults:
        if odds.operation not in known:
            there = ", ".join(sorted(known))
            raise SettingsError(
                f"{dialect.name} has no operation {odds.operation!r} to fault: there are {there}."
            )


async def serve(opening: Opening, *, until: Callable[[], bool], started: Callable[[int], None]) -> None:
    """Keep a test exchange open until told to close; ``started`` is told the port.

    Raises:
        SettingsError: the port is taken, or a fault is for an operation that the dialect does not have.
    """
    clock = SystemClock()
    opened_ms = clock.now_ms()

    def now_ms() -> int:
        return opened_ms + int((clock.now_ms() - opened_ms) * opening.speed)

    dialect, _ = open_dialect(
        opening.dialect,
        from_ms=opened_ms,
        scenario=opening.scenario,
        seed=opening.seed,
        price=opening.price,
        bars=opening.bars,
        customers=opening.customers,
        keys=opening.keys,
    )
    _check_operations(dialect, opening.faults)
    server = Server(dialect, now_ms=now_ms, wall_ms=clock.now_ms, faults=Faults(opening.faults, opening.seed))
    try:
        port = await server.start(port=opening.port)
    except OSError as error:
        why = "is taken" if error.errno == EADDRINUSE else f"cannot be used ({error.strerror})"
        raise SettingsError(f"Port {opening.port} {why}: give another with --port.") from error
    try:
        started(port)
        while not until():
            await clock.sleep_until(clock.now_ms() + NAP_MS)
    finally:
        await server.stop()


NAP_MS = 200
