"""A test exchange that speaks MEXC's dialect, and a customer who writes requests by hand, for the tests of that dialect."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from bot.testexchange.keyring import TEST_KEY, Key
from bot.wiring_street import Scenario
from tests.testexchange.street import Street, open_street, plain_client

BTC, ETH, COIN = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD:BTC"
FAR_BELOW, FAR_ABOVE = 50_000, 70_000
"""Prices that nothing trades at while a test lasts."""
CONTRACT, PRIVATE, SPOT = "/api/v1/contract/", "/api/v1/private/", "/api/v3/"
LEFT_OUT = object()
Words = dict[str, Any]


def hashed(secret: str, text: str) -> str:
    """Sign a text, whatever is in it."""
    return hmac.new(secret.encode(), text.encode(errors="replace"), hashlib.sha256).hexdigest()


def without_gaps(words: Mapping[str, object]) -> Words:
    """Drop what is to be left out."""
    return {name: value for name, value in words.items() if value is not LEFT_OUT}


class Caller:
    """A customer who knows the venue's documentation, and no library."""

    def __init__(self, street: Street, key: Key = TEST_KEY) -> None:
        self.street = street
        self.key = key

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a request as it stands; gives what is answered, which is JSON whatever was asked."""
        url = URL(f"http://{self.street.address}{path}{'?' if query else ''}{query}", encoded=True)
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, data=body.encode() or None, headers=headers) as response,
        ):
            assert response.content_type == "application/json", await response.text()
            return json.loads(await response.text(), parse_float=Decimal)

    def headers(self, told: str, **changed: str) -> dict[str, str]:
        """Give the headers of a signed request about contracts; a header of nothing is left out."""
        stamp = changed.get("Request-Time", str(self.street.now_ms))
        sent = {
            "ApiKey": self.key.key,
            "Request-Time": stamp,
            "Signature": hashed(self.key.secret, f"{self.key.key}{stamp}{told}"),
            "Content-Type": "application/json",
            **changed,
        }
        return {name: value for name, value in sent.items() if value}

    async def show(self, path: str, **asked: object) -> Any:
        """Ask for what everybody may see of contracts."""
        return await self.send("GET", CONTRACT + path, query=urlencode(asked))

    async def get(self, path: str, **asked: object) -> Any:
        """Ask for something of the account."""
        query = urlencode(sorted(asked.items()))
        return await self.send("GET", PRIVATE + path, query=query, headers=self.headers(query))

    async def post(self, path: str, words: object) -> Any:
        """Change something."""
        body = words if isinstance(words, str) else json.dumps(words)
        return await self.send("POST", PRIVATE + path, body=body, headers=self.headers(body))

    async def spot(self, method: str, path: str, **asked: object) -> Any:
        """Ask the spot interface."""
        query = urlencode({"timestamp": self.street.now_ms, **asked})
        signed = f"{query}&signature={hashed(self.key.secret, query)}"
        return await self.send(method, SPOT + path, query=signed, headers={"X-MEXC-APIKEY": self.key.key})

    async def move(self, **changed: object) -> Any:
        """Move money into the futures wallet, with changes."""
        asked = {"fromAccountType": "SPOT", "toAccountType": "FUTURES", "asset": "USDT", "amount": "10"}
        return await self.spot("POST", "capital/transfer", **without_gaps({**asked, **changed}))

    async def place(self, **changed: object) -> str:
        """Place an order; gives its number."""
        told = await self.post("order/create", order(**changed))
        assert told["success"], told
        number: str = told["data"]["orderId"]
        return number

    async def found(self, number: str) -> Any:
        """Look an order up by its number."""
        return (await self.get(f"order/get/{number}"))["data"]


def order(**changed: object) -> Words:
    """Write an order that would open a short of half a bitcoin far above the market, with changes."""
    words = {"symbol": "BTC_USDT", "price": FAR_ABOVE, "vol": 5000, "side": 3, "type": 1, "openType": 2}
    return without_gaps({**words, **changed})


def market(**changed: object) -> Words:
    """Write an order that opens a short at the market, with changes."""
    return order(**{"type": 5, "price": LEFT_OUT, **changed})


@asynccontextmanager
async def on_mexc(
    *, keys: tuple[Key, ...] = (TEST_KEY,), budget: int = 0, scenario: Scenario = "calm"
) -> AsyncIterator[tuple[Street, Caller]]:
    """Open the dialect, with no limit on requests unless a test is about it, and a customer with the first key."""
    async with open_street("mexc", keys=keys, scenario=scenario) as street:
        street.dialect.meter.budget = budget
        yield street, Caller(street, keys[0])


@asynccontextmanager
async def through_library() -> AsyncIterator[tuple[Street, Caller, Any]]:
    """Open the dialect, and a plain ccxt client on it beside the customer who writes by hand."""
    async with on_mexc() as (street, caller), plain_client(street, "mexc", defaultType="swap") as client:
        await client.load_markets()
        yield street, caller, client
