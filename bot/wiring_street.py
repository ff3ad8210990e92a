"""The front door of the test exchange: a model town with a street address."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from bot.adapters.model_market import (
    CYCLE_MS,
    HOUR_MS,
    MINUTE_MS,
    PHASE_MINUTES,
    ModelMarket,
    ModelTown,
    quarter_expiries,
)
from bot.core.instruments import Contract
from bot.core.snapshot import Funding, Turnover
from bot.core.values import ZERO, Money, record
from bot.sim.exchange import Exchange
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.keyring import Key, Keyring
from bot.testexchange.listings import SCALES, Expiries, fridays
from bot.testexchange.records import Candle
from bot.testexchange.router import Dialect

Scenario = Literal["calm", "crash", "squeeze", "roll"]
STARTS_MS: dict[Scenario, int] = {
    "calm": 0,
    "crash": PHASE_MINUTES * MINUTE_MS - HOUR_MS,
    "squeeze": 2 * PHASE_MINUTES * MINUTE_MS - HOUR_MS,
    "roll": 0,
}
"""How far into the market's cycle a scenario begins: an hour before what it is named for."""
CANDLE_SAMPLES = 24
"""Prices that a candle is made of."""


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


TEST_KEY = Key(key="test-key", secret="test-secret", passphrase="test-passphrase")  # noqa: S106 - known to everybody, on purpose
"""The key of a test exchange nobody gave keys to."""


class StreetTown:
    """The model town as the world of a test exchange: it lists what the dialect lists, and keeps dated contracts coming."""

    def __init__(self, town: ModelTown, listed_at: Callable[[int], tuple[Contract, ...]]) -> None:
        self.exchange = town.exchange
        self._town = town
        self._listed_at = listed_at

    def advance(self, to_ms: int) -> None:
        """Let time pass up to an instant."""
        while self._town.now.at_ms // HOUR_MS < to_ms // HOUR_MS:
            self._town.advance((self._town.now.at_ms // HOUR_MS + 1) * HOUR_MS)
            for contract in self._listed_at(self._town.now.at_ms):
                if contract.symbol not in self.exchange.contracts:
                    self.exchange.relist(contract)
        self._town.advance(to_ms)

    def next_funding(self, symbol: str) -> Funding:
        """Tell what a contract would pay next if the market stayed as it is."""
        return self._town.next_funding(symbol)

    def turnover(self, symbol: str) -> Turnover | None:
        """Tell how busy a contract is."""
        return self._town.turnover(symbol)

    def funding_paid(self, symbol: str, from_ms: int, to_ms: int) -> tuple[tuple[int, Decimal], ...]:
        """List the settlements of funding within, oldest first: time and rate."""
        return self._town.funding_paid(symbol, from_ms, to_ms)

    def candles(self, symbol: str, interval_ms: int, from_ms: int, to_ms: int) -> tuple[Candle, ...]:
        """List candles that opened within, oldest first, made of samples of the index."""
        starts = range(-(-from_ms // interval_ms) * interval_ms, to_ms + 1, interval_ms)
        return tuple(self._candle(symbol, at_ms, min(at_ms + interval_ms, to_ms)) for at_ms in starts)

    def _candle(self, symbol: str, from_ms: int, to_ms: int) -> Candle:
        prices = self._town.prices(symbol, from_ms, to_ms, CANDLE_SAMPLES)
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
    customers: tuple[Customer, ...] = (Customer(),),
    keys: tuple[Key, ...] = (TEST_KEY,),
    shifted: bool = True,
) -> Dialect:
    """Open a test exchange that speaks a venue's dialect, at a time.

    With ``shifted`` the market's cycle is moved so that the scenario begins at that time; without, time is the market's.

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
    town = ModelTown(ModelMarket(seed, price, shift_ms), exchange, from_ms, scales=SCALES)
    return kind.opened(StreetTown(town, lambda at_ms: kind.listing(expiries(at_ms))), Keyring(keys))
