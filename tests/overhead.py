"""What the adapter adds to an order beside the bare library call, what a decision takes to the wire, what rest costs.

Run it with ``make overhead``. The test exchange runs in a process of its own; both sides trade on it in turn, so that a
noisy machine is noisy for both. Figures are ratios, and times of one session on one machine.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ccxt.async_support

from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.clock import SystemClock
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venue_session import VenueSession
from bot.adapters.venues.manner import Wire
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.table import VENUES
from bot.core.orders import OrderRequest, TimeInForce, client_order_id
from bot.core.snapshot import Peg
from bot.core.values import Contracts, Money, Price, Side
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.keyring import TEST_KEY
from bot.testexchange.listings import tiers
from bot.testexchange.server import Server
from bot.wiring_street import Customer, open_dialect
from tests.contract.doors import NO_TIERS, PERPETUALS, open_door
from tests.contract.sessions import session, settings

WARM_UP = 10
RICH = Customer(
    futures=(("USDT", Decimal(4_000_000)), ("BTC", Decimal(80))),
    spot=(("USDT", Decimal(50_000)), ("BTC", Decimal(1))),
)


@dataclass
class Times:
    """Seconds that a call took, sorted."""

    taken: list[float]

    def at(self, share: float) -> float:
        """Give a percentile."""
        return sorted(self.taken)[min(len(self.taken) - 1, int(share * len(self.taken)))]


@contextmanager
def exchange(name: str) -> Iterator[str]:
    """Run a test exchange in a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.overhead", "--serve", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        try:
            yield address
        finally:
            process.terminate()


async def serve(name: str) -> None:
    """Be that process: a test exchange that counts weight and limits nobody."""
    clock = SystemClock()
    dialect, _ = open_dialect(name, from_ms=clock.now_ms())
    dialect.meter.budget = 0
    server = Server(dialect, now_ms=clock.now_ms, wall_ms=clock.now_ms)
    sys.stdout.write(f"127.0.0.1:{await server.start()}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def timed(call: Callable[[], Awaitable[object]]) -> float:
    """Time one call."""
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


async def orders(name: str, count: int) -> dict[str, float]:
    """Place and take back ``count`` orders by the adapter and by the bare library, in turn."""
    with exchange(name) as address:
        clock, facts = SystemClock(), VENUES[name]
        access = Access(
            venue=name,
            mode="local",
            api_key=TEST_KEY.key,
            api_secret=TEST_KEY.secret,
            passphrase=TEST_KEY.passphrase,
            address=address,
        )
        manner = manner_of(name)
        api = CcxtApi(access, manner, clock, Budget(Decimal(10**9), facts.window_ms, clock), Catalogue())
        own = {symbol: tiers(linear=True) for symbol in NO_TIERS.get(name, ())}
        venue = RemoteVenue(api, manner, clock, own)
        own_session = VenueSession(address=address)
        bare = _bare(name, own_session)
        try:
            await venue.open()
            await bare.load_markets()
            return await _orders(name, count, venue, bare)
        finally:
            await venue.close()
            await bare.close()
            await own_session.close()


def _bare(name: str, own_session: VenueSession) -> Any:
    facts = VENUES[name].clients["futures"]
    client = getattr(ccxt.async_support, facts.library_id)(
        {
            "apiKey": TEST_KEY.key,
            "secret": TEST_KEY.secret,
            "password": TEST_KEY.passphrase,
            "session": own_session,
            "enableRateLimit": False,
            "options": dict(facts.options),
        }
    )
    client.number = Decimal
    return client


async def _orders(name: str, count: int, venue: RemoteVenue, bare: Any) -> dict[str, float]:
    symbol = PERPETUALS[name]
    (contract,) = await venue.contracts((symbol,))
    (quote,) = await venue.quotes((symbol,))
    price = quote.ask + 500 * contract.price_tick
    least = max(contract.contracts_min, contract.contracts_for(contract.notional_min * 2 / price, price))
    size = Contracts(-(-least // contract.contracts_step) * contract.contracts_step)
    listed = await venue.listed(symbol)
    ours, theirs = Times([]), Times([])
    for number in range(count + WARM_UP):
        request = OrderRequest(
            client_order_id=client_order_id("bench", name, number, "hedge", 0),
            symbol=symbol,
            side=Side.SELL,
            contracts=size,
            limit_price=Price(price),
            time_in_force=TimeInForce.POST_ONLY,
            reduce_only=False,
        )
        ticket = venue.manner.ticket(request, listed)
        theirs_id = f"b{request.client_order_id[3:]}"
        params = {
            key: theirs_id if value == request.client_order_id else value
            for key, value in ticket.params.items()
        }
        mine = await timed(lambda r=request: venue.place(r))  # type: ignore[misc]  # bound now
        other = await timed(
            lambda t=ticket, p=params: bare.create_order(symbol, t.kind, "sell", t.amount, t.price, p)  # type: ignore[misc]  # bound now
        )
        if number >= WARM_UP:
            ours.taken.append(mine)
            theirs.taken.append(other)
        for name_of_order in (request.client_order_id, theirs_id):
            await venue.cancel(symbol, name_of_order)
    return {
        "ratio p50": ours.at(0.5) / theirs.at(0.5),
        "ratio p99": ours.at(0.99) / theirs.at(0.99),
        "ours p50 ms": ours.at(0.5) * 1000,
        "bare p50 ms": theirs.at(0.5) * 1000,
    }


async def rest(name: str, poll_seconds: int) -> dict[str, float]:
    """Keep a hedge at rest for an hour of the street's time, looking every so many seconds; what it costs in weight."""
    with TemporaryDirectory() as folder:
        async with open_door(name, customers=(RICH,)) as door:
            door.street.dialect.meter.budget = 0
            async with session(
                door, Path(folder), settings(door.symbol, band={"outer": "0.2", "inner": "0.05"})
            ) as run:
                await run.minutes(30, lambda: bool(run.held()) and not run.journal.working())
                budget, steps = door.remote.api.budget, len(run.steps)
                spent, asked = budget.spent, budget.requests
                for _ in range(3600 // poll_seconds):
                    step = await run.loop.poll(15 * 60 * 1000)
                    steps += step is not None
                    door.street.pass_time(poll_seconds)
                facts = VENUES[name]
                whole = facts.weight_max * 3_600_000 / facts.window_ms
                return {
                    "weight an hour": float(budget.spent - spent),
                    "share of budget": float((budget.spent - spent) / whole),
                    "requests an hour": budget.requests - asked,
                    "decisions an hour": steps - len(run.steps),
                }


async def wire(name: str, count: int) -> dict[str, float]:
    """Time from the last reading of a look to its order on the wire: decided, journaled twice on disk, signed."""
    taken: list[float] = []
    seen = 0.0
    with TemporaryDirectory() as folder:
        async with (
            open_door(name, customers=(RICH,)) as door,
            session(door, Path(folder), settings(door.symbol)) as run,
        ):
            venue = door.remote
            pegs, left = venue.pegs, venue.api.told

            async def read_last(assets: Sequence[str]) -> tuple[Peg, ...]:
                nonlocal seen
                found = await pegs(assets)
                seen = time.perf_counter()
                return found

            def leaves(method: str, path: str) -> None:
                if venue.manner.places(Wire(method=method, path=path, words={})):
                    taken.append(time.perf_counter() - seen)
                left(method, path)

            venue.pegs, venue.api.told = read_last, leaves  # type: ignore[method-assign]  # both are watched here
            for number in range(count * 8):
                door.street.office.exchange.reserve(
                    "main", "BTC", Money(Decimal("0.4" if number % 2 else "-0.4"))
                )
                await run.loop.step()
                door.street.pass_time(60)
                if len(taken) >= count:
                    break
    times = Times(taken[5:])
    return {"to wire p50 ms": times.at(0.5) * 1000, "to wire p99 ms": times.at(0.99) * 1000}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--poll-seconds", type=int, default=5)
    parser.add_argument("--serve", metavar="DIALECT")
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve(asked.serve))
    for name in MANNERS:
        if name not in DIALECTS:
            continue
        figures = asyncio.run(orders(name, asked.count)) | asyncio.run(rest(name, asked.poll_seconds))
        figures |= asyncio.run(wire(name, asked.count))
        line = "  ".join(f"{key} {value:.4g}" for key, value in figures.items())
        sys.stdout.write(f"{name:>14}  {line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
