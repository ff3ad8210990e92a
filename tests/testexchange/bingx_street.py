"""A test exchange that speaks BingX's dialect, and a plain client on it, for the tests of that dialect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.street import Street, open_street, plain_client

LINEAR, INVERSE = "BTC/USDT:USDT", "BTC/USD:BTC"
FAR_BELOW, FAR_ABOVE = Decimal(50_000), Decimal(70_000)
"""Prices that nothing trades at while a test lasts."""


@asynccontextmanager
async def on_bingx(
    *, keys: tuple[Key, ...] = (TEST_KEY,), key: Key | None = None, budget: int = 0
) -> AsyncIterator[tuple[Street, Any]]:
    """Open the dialect, with no limit on requests unless a test is about it, and a client that has loaded markets."""
    async with open_street("bingx", keys=keys) as street:
        street.dialect.meter.budget = 0
        async with plain_client(street, "bingx", keys[0], defaultType="swap") as client:
            await client.load_markets()
            street.dialect.meter.budget = budget
            if key is not None:  # loading markets is a signed call on BingX, whatever options say
                client.apiKey, client.secret = key.key, key.secret
            yield street, client


async def sell(client: Any, symbol: str = LINEAR, amount: str = "0.5", **params: Any) -> Any:
    """Open a short at the market."""
    return await client.create_order(symbol, "market", "sell", Decimal(amount), None, params)


async def rest(client: Any, symbol: str = LINEAR, amount: str = "0.5", **params: Any) -> Any:
    """Let a buy order rest far below the market."""
    return await client.create_order(symbol, "limit", "buy", Decimal(amount), FAR_BELOW, params)
