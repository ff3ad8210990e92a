"""A test exchange that speaks WEEX's dialect, and a plain client on it, for the tests of that dialect."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.street import Street, open_street, plain_client

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
FAR_BELOW, FAR_ABOVE = Decimal(50_000), Decimal(70_000)
"""Prices that nothing trades at while a test lasts."""


@asynccontextmanager
async def on_weex(
    *, keys: tuple[Key, ...] = (TEST_KEY,), key: Key | None = None, budget: int = 0
) -> AsyncIterator[tuple[Street, Any]]:
    """Open the dialect, with no limit on requests unless a test is about it, and a client that has loaded markets."""
    async with open_street("weex", keys=keys) as street:
        street.dialect.meter.budget = 0
        async with plain_client(street, "weex", key or keys[0], defaultType="swap") as client:
            await client.load_markets()
            street.dialect.meter.budget = budget
            yield street, client


async def sell(client: Any, amount: str = "0.5", **params: Any) -> Any:
    """Open a short at the market."""
    return await client.create_order(BTC, "market", "sell", Decimal(amount), None, params)


async def rest(client: Any, amount: str = "0.5", **params: Any) -> Any:
    """Let an order that opens a short rest far above the market."""
    return await client.create_order(BTC, "limit", "sell", Decimal(amount), FAR_ABOVE, params)


async def close(client: Any, amount: str = "0.5") -> Any:
    """Close a short at the market."""
    return await client.create_order(BTC, "market", "buy", Decimal(amount), None, {"reduceOnly": True})
