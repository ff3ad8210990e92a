"""A test exchange that speaks Bybit's dialect, and a plain client on it, for the tests of that dialect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from bot.testexchange.keyring import TEST_KEY, Key
from bot.wiring_street import Scenario
from tests.testexchange.street import Street, open_street, plain_client

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
COIN, ETHER = "BTC/USD:BTC", "ETH/USD:ETH"
FAR_BELOW, FAR_ABOVE = Decimal(50_000), Decimal(70_000)
"""Prices that nothing trades at while a test lasts."""
HISTORY = {"acknowledged": True}
"""The word without which the library looks up no order."""


@asynccontextmanager
async def on_bybit(
    *,
    keys: tuple[Key, ...] = (TEST_KEY,),
    key: Key | None = None,
    budget: int = 0,
    scenario: Scenario = "calm",
) -> AsyncIterator[tuple[Street, Any]]:
    """Open the dialect, with no limit on requests unless a test is about it, and a client that has loaded markets."""
    async with open_street("bybit", keys=keys, scenario=scenario) as street:
        street.dialect.meter.budget = 0
        async with plain_client(street, "bybit", keys[0]) as client:
            await client.load_markets()
            chosen = key or keys[0]
            client.apiKey, client.secret = chosen.key, chosen.secret
            street.dialect.meter.budget = budget
            yield street, client


async def sell(client: Any, amount: str = "0.5", symbol: str = BTC, **params: Any) -> Any:
    """Sell at the market."""
    return await client.create_order(symbol, "market", "sell", Decimal(amount), None, params)


async def buy(client: Any, amount: str = "0.5", symbol: str = BTC, **params: Any) -> Any:
    """Buy at the market."""
    return await client.create_order(symbol, "market", "buy", Decimal(amount), None, params)


async def rest(client: Any, amount: str = "0.5", **params: Any) -> Any:
    """Let an order that opens a short rest far above the market."""
    return await client.create_order(BTC, "limit", "sell", Decimal(amount), FAR_ABOVE, params)


async def found(client: Any, number: str, symbol: str = BTC) -> Any:
    """Look an order up by its number."""
    return await client.fetch_order(number, symbol, dict(HISTORY))
