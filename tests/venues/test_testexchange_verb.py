"""The verb that opens a test exchange: a plain client trades on it, it closes when told, and says what is wrong."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.async_support
import pytest

from bot.adapters.venue_session import VenueSession
from bot.adapters.venues.table import VENUES
from bot.settings_tables import VenueName
from bot.testexchange.dialects import DIALECTS
from tests.venues.streets import PERPETUALS, Desk

ROOT = Path(__file__).parents[2]
SIZES = {"BTC/USD:BTC": Decimal(1), "BTC/USDT:USDT": Decimal("0.01")}


@contextmanager
def opened(*words: str) -> Iterator[tuple[dict[str, str], "subprocess.Popen[str]"]]:
    """Start a test exchange in a process of its own; gives what it says of itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "testexchange", "--port", "0", "--json", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line), process
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def plain(name: str, told: dict[str, str]) -> AsyncIterator[Any]:
    """Make an unmodified client with the key that the exchange told."""
    facts = VENUES[name].clients["futures"]
    session = VenueSession(address=told["address"])
    options = {**facts.options, "fetchCurrencies": False}
    client = getattr(ccxt.async_support, facts.library_id)(
        {
            "apiKey": told["key"],
            "secret": told["secret"],
            "password": told["passphrase"],
            "session": session,
            "options": options,
        }
    )
    client.number = Decimal
    try:
        yield client
    finally:
        await client.close()
        await session.close()


@pytest.mark.parametrize("name", list(DIALECTS))
async def test_a_plain_client_trades_on_it_and_sigterm_closes_it(name: VenueName) -> None:
    symbol = PERPETUALS[name]
    with opened("--dialect", name) as (told, process):
        async with plain(name, told) as client:
            await client.load_markets()
            market = client.market(symbol)
            least = market["limits"]["amount"]["min"] or market["precision"]["amount"] or Decimal(1)
            amount = max(SIZES[symbol], Decimal(str(least)))
            if name in {"mexc", "weex"}:
                amount = Decimal(str(least)) * 10
            sold = await client.create_order(symbol, "market", "sell", amount)
            held = [one for one in await client.fetch_positions() if one["contracts"]]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)

        assert told["dialect"] == name
        assert told["address"].startswith("127.0.0.1:")
        assert sold["id"]
        assert [one["symbol"] for one in held] == [symbol]
        assert (process.returncode, out, err) == (0, "", "")


async def test_time_and_faults_go_as_asked() -> None:
    with opened("--speed", "3600", "--faults", "time:busy:1", "--faults", "ticker_24h:maintenance") as (
        told,
        _,
    ):
        async with plain("binance-usdm", told) as client:
            with pytest.raises(ccxt.OperationFailed):
                await client.fetch_time()
            first = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
            await client.fapiPublicGetDepth({"symbol": "BTCUSDT", "limit": 5})
            second = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
            assert int(second["time"]) > int(first["time"])
            with pytest.raises(ccxt.BaseError, match="maintenance"):
                await client.fapiPublicGetTicker24hr({"symbol": "BTCUSDT"})


async def test_a_candle_file_is_the_market(tmp_path: Path) -> None:
    rows = [
        f"2024-01-01T00:{minute:02}:00Z,{price},{price},{price},{price},{price - 2}"
        for minute, price in enumerate((40_000, 40_100, 40_200))
    ]
    path = tmp_path / "candles.csv"
    path.write_text("\n".join(["ts,open_perp,high_perp,low_perp,close_perp,close_spot", *rows]), "utf-8")
    with opened("--scenario", f"replay:{path}") as (told, _):
        async with plain("binance-usdm", told) as client:
            found = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})

            assert Decimal(found["markPrice"]) == Decimal(40_000)
            assert Decimal(found["indexPrice"]) == Decimal(39_998)


async def test_a_crash_begins_an_hour_after_the_start_and_a_seed_makes_the_same_market() -> None:
    prices = []
    for seed in ("3", "3", "4"):
        with opened("--scenario", "crash", "--seed", seed) as (told, _):
            async with plain("binance-usdm", told) as client:
                found = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
                prices.append(Decimal(found["indexPrice"]))

    assert abs(prices[0] / prices[1] - 1) < Decimal("0.002")
    assert prices[0] != prices[2]


def test_after_its_seconds_it_closes_by_itself() -> None:
    with opened("--seconds", "0") as (_, process):
        assert process.wait(timeout=20) == 0


# --- what is wrong ----------------------------------------------------------------------------------------------

WRONG = [
    # words                                          what is said
    (("--dialect", "kraken"), "There is no dialect 'kraken': choose from binance-usdm, binance-coinm"),
    (("--scenario", "boom"), "There is no scenario 'boom': choose calm, crash, squeeze, roll or replay:FILE."),
    (("--scenario", "replay:nix.csv"), "No candle file at nix.csv: write --scenario replay:FILE, with a Parquet or CSV file."),
    (("--scenario", "replay:"), "No candle file at .: write --scenario replay:FILE"),
    (("--scenario", "replay:hedgerow.toml"), "hedgerow.toml"),
    (("--faults", "place:drp:0.1"), "'place:drp:0.1' is no fault: write operation:fault:share, as place:drop-after:0.1"),
    (("--faults", "place:busy:2"), "2 in 'place:busy:2' is no share: write a number from 0 to 1."),
    (("--faults", "place:busy:x"), "'x' in 'place:busy:x' is no share: write a number from 0 to 1."),
    (("--faults", "plcae:busy:1"), "binance-usdm has no operation 'plcae' to fault: there are "),
    (("--port", "70000"), "Invalid value for '--port'"),
    (("--speed", "0"), "Invalid value for '--speed'"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_what_is_wrong_is_told_before_anything_is_opened(
    desk: Desk, words: tuple[str, ...], sentence: str
) -> None:
    (desk.folder / "hedgerow.toml").write_text("no candles\n", "utf-8")

    said = desk.run("testexchange", "--port", "0", "--seconds", "0", *words)

    assert said.code == 2
    assert sentence in said.err
    assert said.out == ""


def test_a_port_that_is_taken_is_told_with_the_remedy(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        said = desk.run("testexchange", "--port", str(port))

    assert said.code == 2
    assert said.err.strip() == f"Port {port} is taken: give another with --port."
