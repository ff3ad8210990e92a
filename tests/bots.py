"""Bots, and the exchange they trade at, as real processes; the books of both, laid beside each other."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.adapters.journal_reader import JournalReader, open_reader
from bot.adapters.journal_url import place_of
from tests.venues.test_testexchange_verb import opened, plain

ROOT = Path(__file__).parent.parent
SYMBOL = "BTC/USDT:USDT"
PATIENCE = 180
"""Seconds to wait for what should come soon: the machine may be busy."""

CONFIG = """\
mode = "local"

[accounts.main]
venue = "binance-usdm"
address = "{address}"

[hedges.btc]
account = "main"
asset = "BTC"
symbol = "BTC/USDT:USDT"
holdings = 0
policy = [{{ stage = "fixed_ratio", ratio = 0.5 }}]
band = {{ outer = 0.01, inner = 0 }}

[pricing]
patience_seconds = 0
slice_notional = {slice}

[books]
absent_crossing_seconds = 30

[loop]
poll_seconds = 1
heartbeat_seconds = 10

[journal]
lease_seconds = {lease}
standby = {standby}
standby_seconds = 0.2
"""


class Bot:
    """One bot in a folder of its own, as on a machine of its own."""

    def __init__(
        self, folder: Path, url: str, address: str, *, standby: bool, lease: int = 5, slice_: int = 3_600
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.url = url
        words = {"address": address, "lease": lease, "standby": str(standby).lower(), "slice": slice_}
        (folder / "hedgerow.toml").write_text(CONFIG.format(**words))
        self.process: subprocess.Popen[str] | None = None

    def command(self, *words: str, url: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            env=self._environment(url),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _environment(self, url: str | None = None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "200",
            "HEDGEROW_JOURNAL__URL": self.url if url is None else url,
        }

    def start(self) -> None:
        with (self.folder / "out").open("a") as out, (self.folder / "err").open("a") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run", "--json"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                text=True,
            )

    def send(self, number: signal.Signals) -> int | None:
        """Send a signal; gives the exit code if the bot ends by it."""
        assert self.process is not None
        self.process.send_signal(number)
        return None if number in {signal.SIGSTOP, signal.SIGCONT} else self.process.wait(PATIENCE)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        return "".join(
            (self.folder / name).read_text() for name in ("out", "err") if (self.folder / name).exists()
        )


@contextmanager
def street(*words: str) -> Iterator[dict[str, str]]:
    with opened("--dialect", "binance-usdm", *words) as (told, _):
        yield told


@contextmanager
def ended(*bots: Bot) -> Iterator[None]:
    """Leave no bot behind."""
    try:
        yield
    finally:
        for bot in bots:
            if bot.process is not None and bot.process.poll() is None:
                bot.process.kill()
                bot.process.wait(PATIENCE)


def until(question: Callable[[], bool], what: str, *bots: Bot) -> None:
    """Wait for something; told with what the bots said if it does not come."""
    end = time.monotonic() + PATIENCE
    while not question():
        dead = [bot for bot in bots if not bot.alive]
        if dead or time.monotonic() > end:
            said = "\n---\n".join(bot.said()[-6000:] for bot in bots)
            raise AssertionError(f"{what} did not come within {PATIENCE} s:\n{said}")
        time.sleep(0.1)


@contextmanager
def reading(url: str) -> Iterator[JournalReader]:
    with open_reader(url, mode="local") as reader:
        yield reader


def fills_in(url: str) -> int:
    """Count what the journal knows to be filled; 0 while there is none."""
    if place_of(url).look() is None:
        return 0
    with reading(url) as reader:
        return len(reader.fills("main"))


async def at_exchange(told: dict[str, str]) -> tuple[list[Any], Decimal]:
    """Read every order the exchange ever took, and the position."""
    async with plain("binance-usdm", told) as client:
        await client.load_markets()
        orders = await client.fapiPrivateGetAllOrders({"symbol": "BTCUSDT", "limit": 1000})
        (position,) = [one for one in await client.fetch_positions([SYMBOL]) if one["contracts"]] or [None]
    held = Decimal(0) if position is None else Decimal(str(position["info"]["positionAmt"]))
    return orders, held


async def check_books(url: str, told: dict[str, str], target: str) -> None:
    """I1, I2, I3: fills in the journal and at the exchange are the same, no order is there twice, the hedge stands."""
    orders, held = await at_exchange(told)
    with reading(url) as reader:
        journaled = {one.request.client_order_id: one for one in reader.orders("main", None)}
        fills = reader.fills("main")
        incidents = [one.incident.text for one in reader.incidents("main")]
    names = [one["clientOrderId"] for one in orders]
    assert len(set(names)) == len(names), "each name once"
    assert sum((one.side.sign * one.contracts for one in fills), Decimal(0)) == held, "I1"
    executed = {one["clientOrderId"]: Decimal(one["executedQty"]) for one in orders}
    for name, filled in executed.items():
        assert sum((one.contracts for one in fills if one.client_order_id == name), Decimal(0)) == filled
    strangers = set(names) - set(journaled)
    assert not strangers or incidents, strangers
    assert not [one for one in orders if one["status"] in {"NEW", "PARTIALLY_FILLED"}], "I2: nothing rests"
    sold = sum((size for name, size in executed.items() if name not in strangers), Decimal(0))
    assert abs(held - Decimal(target)) <= Decimal("0.011"), held
    assert sold <= abs(Decimal(target)) + Decimal("0.011"), "I4: nothing was sold twice"


def replayed(bot: Bot, *words: str) -> None:
    """Every decision would be taken again."""
    done = bot.command("replay", "--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["decisions"] == told["agreed"] > 0


async def settled(url: str, told: dict[str, str], bot: Bot) -> None:
    """Wait until the hedge stands and nothing works."""

    def rests() -> bool:
        with reading(url) as reader:
            last = reader.last_decision("main")
        return (
            last is not None
            and not last.snapshot.missing
            and not last.snapshot.controls
            and all(one.answer == "hold" for one in last.decision.explanations)
        )

    until(rests, "a hedge at rest", bot)
    _, held = await at_exchange(told)
    assert held < 0
