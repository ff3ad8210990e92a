"""Doors: a venue as the house sees it, and the exchange behind it as only tests do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.sim_venue import SimVenue
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.table import VENUES
from bot.core.instruments import Contract, DatedFuture, Tier
from bot.core.orders import OrderRequest, TimeInForce, client_order_id
from bot.core.values import Contracts, Price, Side, round_to_step
from bot.shell.ports import Venue
from bot.testexchange.keyring import TEST_KEY, Key
from bot.wiring_street import Customer, Scenario, StreetTown
from tests.testexchange.street import FROM_MS, Street, open_street

SIM = "sim"
DOORS = (SIM, *MANNERS)
PERPETUALS = {
    "sim": "BTC/USDT:USDT",
    "binance-usdm": "BTC/USDT:USDT",
    "binance-coinm": "BTC/USD:BTC",
    "bybit": "BTC/USDT:USDT",
    "bingx": "BTC/USDT:USDT",
    "mexc": "BTC/USDT:USDT",
    "weex": "BTC/USDT:USDT",
}
KINDS: dict[str, tuple[str, ...]] = {
    SIM: VENUES["binance-usdm"].kinds,
    **{name: facts.kinds for name, facts in VENUES.items()},
}
ALSO = {"bybit": "BTC/USD:BTC", "bingx": "BTC/USD:BTC", "mexc": "BTC/USD:BTC"}
"""Inverse contracts of venues that have both kinds."""


class StreetClock:
    """The street's clock; sleeping on it lets the street's time pass."""

    def __init__(self, street: Street) -> None:
        self._street = street

    def now_ms(self) -> int:
        """Tell the street's time."""
        return self._street.now_ms

    async def sleep_until(self, at_ms: int) -> None:
        """Let time pass."""
        self._street.now_ms = max(self._street.now_ms, at_ms)


@dataclass
class Door:
    """One account, from both sides."""

    name: str
    venue: Venue
    street: Street
    clock: StreetClock
    symbol: str
    """The perpetual that cases trade."""
    numbers: int = field(default=0)

    @property
    def remote(self) -> RemoteVenue:
        """The adapter behind the door."""
        assert isinstance(self.venue, RemoteVenue)
        return self.venue

    def listed(self, symbol: str = "") -> Contract:
        """Give a contract as the exchange lists it."""
        return self.street.office.exchange.contracts[symbol or self.symbol]

    def dated(self) -> tuple[DatedFuture, ...]:
        """List the exchange's dated contracts of the perpetual's family, nearest first."""
        found = [
            one
            for one in self.street.office.contracts()
            if isinstance(one, DatedFuture) and one.family == self.symbol
        ]
        return tuple(sorted(found, key=lambda one: one.expiry_ms))

    def touch(self, symbol: str = "") -> tuple[Price, Price]:
        """Give best bid and ask."""
        quote = self.street.office.exchange.touches[symbol or self.symbol].quote
        return quote.bid, quote.ask

    def size(self, coins: str, symbol: str = "") -> Contracts:
        """Give whole steps of contracts for coins."""
        contract = self.listed(symbol)
        exact = contract.contracts_for(Decimal(coins), self.touch(symbol)[0])
        return Contracts(round_to_step(exact, contract.contracts_step))

    def order(
        self,
        side: Side,
        contracts: Decimal,
        price: Decimal | None,
        tif: TimeInForce = TimeInForce.GTC,
        *,
        reduce_only: bool = False,
        symbol: str = "",
    ) -> OrderRequest:
        """Make a request with a name of its own."""
        self.numbers += 1
        return OrderRequest(
            client_order_id=client_order_id("main", "btc", self.numbers, "hedge", 0),
            symbol=symbol or self.symbol,
            side=side,
            contracts=Contracts(contracts),
            limit_price=None if price is None else Price(price),
            time_in_force=tif,
            reduce_only=reduce_only,
        )

    def sell_now(self, contracts: Decimal, symbol: str = "") -> OrderRequest:
        """Make a sell that takes."""
        return self.order(Side.SELL, contracts, self.touch(symbol)[0], TimeInForce.IOC, symbol=symbol)

    def buy_now(self, contracts: Decimal, symbol: str = "", *, reduce_only: bool = True) -> OrderRequest:
        """Make a buy that takes."""
        price = self.touch(symbol)[1]
        return self.order(Side.BUY, contracts, price, TimeInForce.IOC, reduce_only=reduce_only, symbol=symbol)


NO_TIERS = {"weex": ("BTC/USDT:USDT",), "bingx": ("BTC/USD:BTC",)}
"""Contracts whose margin tiers their venues do not tell, so that the owner sets them."""


@asynccontextmanager
async def open_door(
    name: str,
    scenario: Scenario = "calm",
    key: Key = TEST_KEY,
    symbol: str = "",
    customers: tuple[Customer, ...] = (Customer(),),
) -> AsyncIterator[Door]:
    """Open a street and go in by a door."""
    dialect = "binance-usdm" if name == SIM else name
    async with open_street(dialect, scenario=scenario, keys=(TEST_KEY, key), customers=customers) as street:
        clock = StreetClock(street)
        street.office.turn(FROM_MS)
        if name == SIM:
            yield Door(name, sim_door(street), street, clock, symbol or PERPETUALS[name])
            return
        async with remote_door(name, street, clock, key) as venue:
            yield Door(name, venue, street, clock, symbol or PERPETUALS[name])


def sim_door(street: Street) -> SimVenue:
    """Go in by the model exchange's own door."""
    world, exchange = street.office.world, street.office.exchange
    assert isinstance(world, StreetTown)

    def turn() -> None:
        world.advance(street.now_ms)
        exchange.at_ms = max(exchange.at_ms, street.now_ms)

    return SimVenue(exchange, "main", turn, world.next_funding, world.turnover, spot=world.spot)


@asynccontextmanager
async def remote_door(
    name: str, street: Street, clock: StreetClock, key: Key = TEST_KEY
) -> AsyncIterator[RemoteVenue]:
    """Go in by the adapter."""
    facts = VENUES[name]
    access = Access(
        venue=name,
        mode="local",
        api_key=key.key,
        api_secret=key.secret,
        passphrase=key.passphrase,
        address=street.address,
    )
    manner = manner_of(name)
    api = CcxtApi(access, manner, clock, Budget(facts.weight_max, facts.window_ms, clock), Catalogue())
    venue = RemoteVenue(api, manner, clock, own_tiers(street, NO_TIERS.get(name, ())))
    try:
        await venue.open()
        yield venue
    finally:
        await venue.close()


def own_tiers(street: Street, symbols: tuple[str, ...]) -> dict[str, tuple[Tier, ...]]:
    """Give the exchange's tiers as an owner would set them."""
    return {one.symbol: one.tiers for one in street.office.contracts() if one.symbol in symbols}
