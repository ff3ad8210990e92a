"""A test exchange that speaks Binance's dialect, and a customer who signs for himself, for the tests of that dialect."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
import ccxt
import yarl

from bot.core.values import record
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.server import HOST_HEADER
from bot.wiring_street import Scenario
from tests.testexchange.street import Street, open_street

Product = Literal["usdm", "coinm"]
PREFIXES: Mapping[Product, str] = {"usdm": "fapi", "coinm": "dapi"}
BTC: Mapping[Product, str] = {"usdm": "BTCUSDT", "coinm": "BTCUSD_PERP"}
ETH: Mapping[Product, str] = {"usdm": "ETHUSDT", "coinm": "ETHUSD_PERP"}
SYMBOLS: Mapping[Product, str] = {"usdm": "BTC/USDT:USDT", "coinm": "BTC/USD:BTC"}
"""What the rest of the house calls it."""
QUARTER: Mapping[Product, str] = {"usdm": "BTCUSDT_260327", "coinm": "BTCUSD_260327"}
SIZE: Mapping[Product, str] = {"usdm": "0.5", "coinm": "300"}
"""About half a bitcoin."""
BOTH: tuple[Product, ...] = ("usdm", "coinm")
LIBRARY: Mapping[Product, Callable[[], Any]] = {"usdm": ccxt.binanceusdm, "coinm": ccxt.binancecoinm}
FAR_BELOW, FAR_ABOVE = "52000", "69000"
"""Prices that nothing trades at while a test lasts, and that the venue takes from either side."""


@record
class Told:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: Any
    """JSON, read."""

    @property
    def code(self) -> int:
        """The venue's code, or 0."""
        return int(self.body.get("code", 0)) if isinstance(self.body, dict) else 0


def signature_of(text: str, secret: str = TEST_KEY.secret) -> str:
    """Sign what stands before a signature."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Customer:
    """Asks as no library would: what is sent is what the test says. A parameter of None is left out."""

    def __init__(self, street: Street, session: aiohttp.ClientSession, product: Product, key: Key) -> None:
        self.street = street
        self.product = product
        self.key = key
        self.host = ""
        """Host it is meant for; nothing tells none."""
        self._session = session

    async def send(self, method: str, path: str, query: str = "", body: str = "") -> Told:
        """Send a request as it stands."""
        url = yarl.URL(f"http://{self.street.address}{path}{'?' if query else ''}{query}", encoded=True)
        sent = {"X-MBX-APIKEY": self.key.key, "Content-Type": "application/x-www-form-urlencoded"}
        if self.host:
            sent[HOST_HEADER] = self.host
        async with self._session.request(method, url, data=body.encode(), headers=sent) as response:
            return Told(
                status=response.status, headers=response.headers, body=json.loads(await response.text())
            )

    async def ask(self, method: str, path: str, **params: object) -> Told:
        """Ask for something, signed: by query, or by form where something is posted."""
        words = {"timestamp": self.street.now_ms, **params}
        text = urlencode({name: value for name, value in words.items() if value is not None})
        text += f"&signature={signature_of(text, self.key.secret)}"
        if method == "POST":
            return await self.send(method, self._full(path), body=text)
        return await self.send(method, self._full(path), text)

    async def show(self, path: str, **params: object) -> Told:
        """Ask for something that everybody may see."""
        return await self.send("GET", self._full(path), urlencode(params))

    async def get(self, path: str, **params: object) -> Any:
        """Read something of the account's that is there."""
        return _good(await self.ask("GET", path, **params))

    async def post(self, path: str, **params: object) -> Any:
        """Do something that works."""
        return _good(await self.ask("POST", path, **params))

    async def delete(self, path: str, **params: object) -> Any:
        """Take something back that can be."""
        return _good(await self.ask("DELETE", path, **params))

    async def shown(self, path: str, **params: object) -> Any:
        """Read something that everybody may see and that is there."""
        return _good(await self.show(path, **params))

    async def order(self, **changed: object) -> Told:
        """Send an order that rests far above the market, with changes."""
        words: dict[str, object] = {
            "symbol": BTC[self.product],
            "side": "SELL",
            "type": "LIMIT",
            "quantity": SIZE[self.product],
            "price": FAR_ABOVE,
            "timeInForce": "GTC",
            "newOrderRespType": "RESULT",
        }
        return await self.ask("POST", "v1/order", **{**words, **changed})

    async def rest(self, **changed: object) -> Any:
        """Let an order rest far above the market."""
        return _good(await self.order(**changed))

    async def trade(self, side: str, quantity: str | None = None, **changed: object) -> Any:
        """Trade at the market."""
        size = SIZE[self.product] if quantity is None else quantity
        words = {"side": side, "type": "MARKET", "quantity": size, "price": None, "timeInForce": None}
        return _good(await self.order(**{**words, **changed}))

    def _full(self, path: str) -> str:
        return path if path.startswith("/") else f"/{PREFIXES[self.product]}/{path}"


def _good(told: Told) -> Any:
    assert told.status == 200, told.body
    return told.body


@asynccontextmanager
async def on_binance(
    product: Product = "usdm",
    *,
    keys: tuple[Key, ...] = (TEST_KEY,),
    key: Key = TEST_KEY,
    budget: int = 0,
    scenario: Scenario = "calm",
) -> AsyncIterator[tuple[Street, Customer]]:
    """Open one of the two products, with no limit on requests unless a test is about it."""
    async with (
        open_street(f"binance-{product}", keys=keys, scenario=scenario) as street,
        aiohttp.ClientSession() as session,
    ):
        street.dialect.meter.budget = budget
        yield street, Customer(street, session, product, key)


async def reader_of(customer: Customer) -> Any:
    """Make a client of the library that knows the product's contracts, and reads without asking anybody."""
    reader = LIBRARY[customer.product]()
    found = (await customer.shown("v1/exchangeInfo"))["symbols"]
    reader.set_markets([reader.parse_market(one) for one in found])
    return reader
