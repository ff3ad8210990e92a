"""A test exchange on loopback, and plain ccxt clients that trade on it: what the tests of dialects begin with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt.async_support

from bot.adapters.venue_session import VenueSession
from bot.testexchange.faults import Faults
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.router import Dialect
from bot.testexchange.server import Server
from bot.testexchange.wire import Request, Response
from bot.wiring_street import Customer, Scenario, open_dialect

FROM_MS = 1_772_438_400_000
"""2 March 2026, 08:00 UTC."""


class Street:
    """One dialect behind a port of its own, with a clock that only tests turn."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.office = dialect.office
        self.faults = Faults()
        self.now_ms = FROM_MS
        self.heard: list[tuple[Request, Response]] = []
        """All that was said, oldest first."""
        self.address = ""

    def pass_time(self, seconds: float) -> None:
        """Turn the clock on, and live through it at once: a client who asked after weeks would not wait for the town."""
        self.now_ms += round(seconds * 1000)
        self.office.world.advance(self.now_ms)

    def last(self, operation: str) -> tuple[Request, Response]:
        """Give the last request of an operation, and its answer."""
        return next(pair for pair in reversed(self.heard) if self.dialect.operation(pair[0]) == operation)


@asynccontextmanager
async def open_street(
    name: str,
    *,
    scenario: Scenario = "calm",
    customers: tuple[Customer, ...] = (Customer(),),
    keys: tuple[Key, ...] = (TEST_KEY,),
) -> AsyncIterator[Street]:
    """Open a dialect on loopback."""
    dialect, _ = open_dialect(name, from_ms=FROM_MS, scenario=scenario, customers=customers, keys=keys)
    street = Street(dialect)
    server = Server(
        street.dialect,
        now_ms=lambda: street.now_ms,
        wall_ms=lambda: street.now_ms,
        faults=street.faults,
        seen=lambda request, response: street.heard.append((request, response)),
    )
    street.address = f"127.0.0.1:{await server.start()}"
    try:
        yield street
    finally:
        await server.stop()


@asynccontextmanager
async def plain_client(
    street: Street, ccxt_id: str, key: Key = TEST_KEY, **options: Any
) -> AsyncIterator[Any]:
    """Make an unmodified ccxt client whose requests end at the street, and whose clock is the street's."""
    session = VenueSession(address=street.address)
    settings = {
        "apiKey": key.key,
        "secret": key.secret,
        "password": key.passphrase,
        "session": session,
        "enableRateLimit": False,
        "options": options,
    }
    client = getattr(ccxt.async_support, ccxt_id)(settings)
    client.number = Decimal
    client.milliseconds = lambda: street.now_ms
    try:
        yield client
    finally:
        await client.close()
        await session.close()
