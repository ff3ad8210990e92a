"""A test exchange on a thread of its own, and the command line that trades on it: what the tests of venue verbs begin with."""

import asyncio
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.values import Contracts, Price, Side, record, round_to_step
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Faults
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.records import Ask, PlacedOrder
from bot.testexchange.server import Server
from bot.testexchange.wire import Request, Response
from bot.wiring_street import Customer, Scenario, open_dialect

PERPETUALS = dict.fromkeys(DIALECTS, "BTC/USDT:USDT") | {"binance-coinm": "BTC/USD:BTC"}
"""The perpetual on bitcoin that tests hedge with, by dialect."""
UNTOLD_TIERS = "tiers = [{ value_min = 0, maintenance_rate = 0.004, leverage_max = 100 }]"
"""For venues that tell no margin tiers."""


class LiveStreet:
    """One dialect behind a port, by the wall clock."""

    def __init__(
        self,
        name: str,
        *,
        scenario: Scenario = "calm",
        customer: Customer | None = None,
        keys: tuple[Key, ...] = (TEST_KEY,),
    ) -> None:
        self.name = name
        customers = (Customer() if customer is None else customer,)
        from_ms = time.time_ns() // 1_000_000
        self.dialect, _ = open_dialect(
            name, from_ms=from_ms, scenario=scenario, customers=customers, keys=keys
        )
        self.office = self.dialect.office
        self.office.turn(from_ms)
        self.faults = Faults()
        self.heard: list[Request] = []
        """Every request, oldest first."""
        self.port = 0
        self.symbol = PERPETUALS[name]
        self._changing = {
            (route.operation, route.method)
            for route in self.dialect.routes()
            if route.method != "GET" and route.permission in {"trade", "transfer", "withdraw"}
        }

    @property
    def address(self) -> str:
        """Where it is."""
        return f"127.0.0.1:{self.port}"

    @property
    def contract(self) -> Contract:
        """Give the perpetual on bitcoin as it is listed."""
        return self.office.exchange.contracts[self.symbol]

    def changes(self) -> list[str]:
        """List the operations heard that would change anything: orders, cancels, transfers, modes."""
        asked = [(self.dialect.operation(one), one.method) for one in self.heard]
        return [operation for operation, method in asked if (operation, method) in self._changing]

    def size(self, coins: str) -> Contracts:
        """Give whole steps of contracts for coins."""
        exact = self.contract.contracts_for(Decimal(coins), self.touch()[0])
        return Contracts(round_to_step(exact, self.contract.contracts_step))

    def touch(self) -> tuple[Price, Price]:
        """Give best bid and ask."""
        quote = self.office.exchange.touches[self.symbol].quote
        return quote.bid, quote.ask

    def held(self) -> Decimal:
        """Give the contracts of the perpetual that the account holds."""
        return next(
            (one.contracts for one in self.office.positions("main") if one.symbol == self.symbol), Decimal(0)
        )

    def short(self, coins: str, symbol: str = "") -> PlacedOrder:
        """Let the account's owner sell at the market, by another hand than ours."""
        return self._ask(self.size(coins), None, symbol)

    def rest(self, coins: str, name: str) -> PlacedOrder:
        """Let the account's owner put a sell far above the market, by another hand than ours."""
        price = round_to_step(self.touch()[1] * 2, self.contract.price_tick)
        return self._ask(self.size(coins), Price(price), "", name)

    def _ask(self, size: Contracts, price: Price | None, symbol: str, name: str = "by-hand") -> PlacedOrder:
        return self.office.place(
            "main",
            Ask(
                symbol=symbol or self.symbol,
                side=Side.SELL,
                contracts=size,
                limit_price=price,
                time_in_force=TimeInForce.IOC if price is None else TimeInForce.GTC,
                reduce_only=False,
                client_id=name,
            ),
        )


@contextmanager
def live_street(
    name: str,
    *,
    scenario: Scenario = "calm",
    customer: Customer | None = None,
    keys: tuple[Key, ...] = (TEST_KEY,),
) -> Iterator[LiveStreet]:
    """Open a dialect on loopback, on a thread of its own."""
    street = LiveStreet(name, scenario=scenario, customer=customer, keys=keys)
    loop = asyncio.new_event_loop()

    def heard(request: Request, response: Response) -> None:
        del response
        street.heard.append(request)

    def wall_ms() -> int:
        return time.time_ns() // 1_000_000

    server = Server(street.dialect, now_ms=wall_ms, wall_ms=wall_ms, faults=street.faults, seen=heard)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    street.port = asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    try:
        yield street
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


# --- the command line -------------------------------------------------------------------------------------------


@record
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str
    words: tuple[str, ...] = field(default_factory=tuple)

    def json(self) -> Any:
        """Read what was said on standard output as JSON."""
        return json.loads(self.out)


class Desk:
    """A folder with settings, and the command line in it, in this process."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._capture = capture
        self._patch = patch
        patch.chdir(folder)
        patch.setenv("COLUMNS", "200")

    def settle(
        self, street: LiveStreet, *, account: str = "", hedge: str = "", more: str = "", symbol: str = ""
    ) -> None:
        """Write settings of one hedge at a street; given lines are added to their tables."""
        untold = UNTOLD_TIERS if street.name == "weex" else ""
        (self.folder / "hedgerow.toml").write_text(
            f"""\
mode = "local"
[accounts.main]
venue = "{street.name}"
address = "{street.address}"
{account}
[hedges.btc]
account = "main"
asset = "BTC"
symbol = "{symbol or street.symbol}"
holdings = 1
policy = [{{ stage = "fixed_ratio", ratio = 1 }}]
{untold}
{hedge}
[loop]
poll_seconds = 1
{more}
""",
            "utf-8",
        )

    def run(self, *words: str) -> Said:
        """Run a command."""
        self._patch.setattr(sys, "argv", ["hedgerow", *words])
        self._capture.readouterr()
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        said = self._capture.readouterr()
        assert "Traceback" not in said.err, said.err
        return Said(code=code, out=said.out, err=said.err, words=words)

    def checks(self, *words: str) -> dict[str, dict[str, Any]]:
        """Run the doctor, and give its findings by what they are about."""
        found = self.run("doctor", "--json", *words)
        assert found.out, found.err
        return {one["about"]: one for one in found.json()}
