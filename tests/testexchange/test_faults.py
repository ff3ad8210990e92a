"""Accidents on the way: which strike when, what is seen of them, and whether the order exists afterwards."""

import asyncio
import base64
import hashlib
import hmac
from collections import Counter
from decimal import Decimal

import aiohttp
import ccxt
import pytest
from aiohttp.client_exceptions import ClientPayloadError, ServerDisconnectedError

from bot.testexchange import server
from bot.testexchange.faults import BEFORE, Fault, Faults, Odds, odds_from, spoiled
from bot.testexchange.keyring import TEST_KEY
from bot.testexchange.wire import Response
from tests.testexchange.street import Street
from tests.testexchange.weex_street import BTC, on_weex, rest

D = Decimal

# --- how often ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_can_be_written_down(fault: Fault) -> None:
    assert odds_from(f"place:{fault}:0.1") == Odds(operation="place", fault=fault, share=D("0.1"))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("any:busy", "1"),
        ("any:busy:", "1"),
        ("any:busy:1", "1"),
        ("any:busy:0", "0"),
        ("any:busy:1e-3", "0.001"),
    ],
)
def test_a_share_may_be_left_out_and_is_then_each(text: str, share: str) -> None:
    assert odds_from(text) == Odds(operation="any", fault=Fault.BUSY, share=D(share))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no fault: write operation:fault:share"),
        ("place", "is no fault"),
        (":busy:1", "is no fault"),
        ("place:fire:1", "drop-before, drop-after"),
        ("place:busy:often", "is no share: write a number from 0 to 1"),
        ("place:busy:1.1", "is no share"),
        ("place:busy:-0.1", "is no share"),
        ("place:busy:0.1:0.2", "is no share"),
        ("place:busy:Infinity", "is no share"),
        ("place:busy:NaN", "is no share"),
    ],
)
def test_what_is_no_fault_is_refused_in_a_sentence(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        odds_from(text)


def test_a_queued_fault_strikes_once_in_its_turn_and_none_lets_one_pass() -> None:
    faults = Faults()
    faults.queue("place", None, Fault.BUSY)
    faults.queue("place", Fault.BAN)
    assert [faults.strike("place") for _ in range(4)] == [None, Fault.BUSY, Fault.BAN, None]


def test_a_fault_for_any_waits_until_no_nearer_one_is_queued() -> None:
    faults = Faults()
    faults.queue("any", Fault.BAN)
    faults.queue("place", Fault.BUSY)
    assert faults.strike("place") is Fault.BUSY
    assert faults.strike("cancel") is Fault.BAN
    assert faults.strike("place") is None


def test_what_is_queued_comes_before_what_is_drawn() -> None:
    faults = Faults((odds_from("place:busy"),))
    faults.queue("place", None)
    assert [faults.strike("place") for _ in range(2)] == [None, Fault.BUSY]


@pytest.mark.parametrize(("share", "fewest", "most"), [("0", 0, 0), ("0.2", 160, 240), ("1", 1000, 1000)])
def test_a_share_is_met(share: str, fewest: int, most: int) -> None:
    faults = Faults((odds_from(f"place:busy:{share}"),), seed=7)
    struck = Counter(faults.strike("place") for _ in range(1000))
    assert fewest <= struck[Fault.BUSY] <= most


def test_the_same_seed_strikes_the_same_and_another_otherwise() -> None:
    odds = (odds_from("place:busy:0.3"), odds_from("any:418:0.3"))

    def struck(seed: int) -> list[Fault | None]:
        faults = Faults(odds, seed)
        return [faults.strike(operation) for operation in ("place", "cancel") * 50]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)


def test_odds_are_of_their_operation_and_the_first_that_strikes_counts() -> None:
    faults = Faults((odds_from("place:busy"), odds_from("any:418")))
    assert [faults.strike(name) for name in ("place", "cancel", "unknown")] == [
        Fault.BUSY,
        Fault.BAN,
        Fault.BAN,
    ]


# --- what is seen ---------------------------------------------------------------------------------------------------

GOOD = Response(status=200, body='{"orderId":1}', headers={"X-Used": "5"})
SEEN: dict[Fault, tuple[int, str, str]] = {
    Fault.HTML_AFTER: (200, "text/html", "Checking your browser"),
    Fault.EMPTY_AFTER: (200, "application/json", ""),
    Fault.BRACES_AFTER: (200, "application/json", "{}"),
    Fault.BAD_GATEWAY_AFTER: (502, "text/html", "502 Bad Gateway"),
    Fault.UNAVAILABLE_BEFORE: (503, "text/html", "503 Service Unavailable"),
    Fault.FORBIDDEN_BEFORE: (403, "text/html", "403 Forbidden"),
}


@pytest.mark.parametrize("fault", Fault)
def test_an_answer_is_replaced_or_left_as_it_is(fault: Fault) -> None:
    found = spoiled(fault, GOOD)
    if fault not in SEEN:
        assert found == GOOD
        return
    status, kind, text = SEEN[fault]
    assert (found.status, found.content_type) == (status, kind)
    assert text in found.body
    assert "orderId" not in found.body
    assert not found.headers, "what the venue would have counted is not told"


def test_faults_are_before_or_after_as_their_names_say() -> None:
    named = {fault for fault in Fault if str(fault).endswith("-before")}
    words = {Fault.RATE_LIMIT, Fault.BAN, Fault.MAINTENANCE, Fault.BUSY}
    assert named | words == BEFORE
    assert {fault for fault in Fault if str(fault).endswith("-after")} | {Fault.DELAY} == set(Fault) - BEFORE


# --- one order, and what befalls it: a plain ccxt client ------------------------------------------------------------

HANGS = {Fault.HANG_BEFORE, Fault.HANG_AFTER}
ACCIDENTS: dict[Fault, tuple[type[Exception] | None, type[BaseException] | None, bool]] = {
    # accident                 ccxt says                  its cause                 the order exists
    Fault.DROP_BEFORE: (ccxt.ExchangeNotAvailable, ServerDisconnectedError, False),
    Fault.DROP_AFTER: (ccxt.ExchangeNotAvailable, ServerDisconnectedError, True),
    Fault.HANG_BEFORE: (ccxt.RequestTimeout, TimeoutError, False),
    Fault.HANG_AFTER: (ccxt.RequestTimeout, TimeoutError, True),
    Fault.DELAY: (None, None, True),
    Fault.TRUNCATED_AFTER: (ccxt.ExchangeError, ClientPayloadError, True),
    Fault.HTML_AFTER: (None, None, True),
    Fault.EMPTY_AFTER: (None, None, True),
    Fault.BRACES_AFTER: (None, None, True),
    Fault.BAD_GATEWAY_AFTER: (ccxt.ExchangeNotAvailable, None, True),
    Fault.UNAVAILABLE_BEFORE: (ccxt.ExchangeNotAvailable, None, False),
    Fault.FORBIDDEN_BEFORE: (ccxt.ExchangeNotAvailable, None, False),
    Fault.RATE_LIMIT: (ccxt.ExchangeError, None, False),
    Fault.BAN: (ccxt.ExchangeError, None, False),
    Fault.MAINTENANCE: (ccxt.ExchangeError, None, False),
    Fault.BUSY: (ccxt.ExchangeError, None, False),
}
"""The table of ten accidents in the reference, at WEEX."""


def test_the_table_of_accidents_is_complete() -> None:
    assert set(ACCIDENTS) == set(Fault)
    assert {fault for fault, (_, _, exists) in ACCIDENTS.items() if not exists} == BEFORE


@pytest.mark.parametrize("fault", Fault)
async def test_an_order_exists_or_not_whatever_the_client_is_told(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, cause, exists = ACCIDENTS[fault]
    monkeypatch.setattr(server, "DELAY_SECONDS", 0.05)
    async with on_weex() as (street, client):
        client.timeout = 300 if fault in HANGS else 10_000
        street.faults.queue("place", fault)
        if kind is None:
            placed = await rest(client, clientOrderId="hb-one")
            wordless = fault is not Fault.DELAY
            assert (placed["id"] is None) == wordless, "no exception, and nothing in it"
        else:
            with pytest.raises(kind) as caught:
                await rest(client, clientOrderId="hb-one")
            assert type(caught.value) is kind
            if cause is not None:
                assert isinstance(caught.value.__cause__, cause)
        assert [one.ask.client_id for one in street.office.orders("main")] == ["hb-one"] * exists
        await client.fetch_balance()
        if exists:
            assert (await client.fetch_order("", BTC, {"clientOrderId": "hb-one"}))["status"] == "open"
        else:
            with pytest.raises(ccxt.InvalidOrder, match="-3200"):
                await client.fetch_order("", BTC, {"clientOrderId": "hb-one"})


@pytest.mark.parametrize("fault", [Fault.HTML_AFTER, Fault.EMPTY_AFTER, Fault.BRACES_AFTER])
async def test_an_answer_without_json_reads_as_flat_and_as_cancelled(fault: Fault) -> None:
    async with on_weex() as (street, client):
        order = await rest(client)
        await client.create_order(BTC, "market", "sell", D("0.5"))
        street.faults.queue("positions", fault, fault)
        assert await client.fetch_positions([BTC]) == []
        assert {one["symbol"] for one in await client.fetch_positions()} <= {None}, (
            "a page: one for each letter"
        )
        street.faults.queue("balance", fault)
        assert "USDT" not in await client.fetch_balance()
        street.faults.queue("cancel", Fault.FORBIDDEN_BEFORE, fault)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.cancel_order(order["id"], BTC)
        assert street.office.orders("main")[0].open
        assert (await client.cancel_order(order["id"], BTC))["status"] == "canceled"
        assert not street.office.orders("main")[0].open


# --- the same, as the bytes have it: no library between ------------------------------------------------------------


async def post(street: Street, timeout_seconds: float = 10) -> tuple[int, str, dict[str, str]]:
    """Send one order by hand; returns status, body and headers."""
    body = (
        '{"symbol":"BTCUSDT","side":"SELL","positionSide":"SHORT","type":"LIMIT","quantity":"0.5",'
        '"price":"70000","newClientOrderId":"raw"}'
    )
    stamp, path = str(street.now_ms), "/capi/v3/order"
    text = f"{stamp}POST{path}{body}".encode()
    headers = {
        "ACCESS-KEY": TEST_KEY.key,
        "ACCESS-SIGN": base64.b64encode(
            hmac.new(TEST_KEY.secret.encode(), text, hashlib.sha256).digest()
        ).decode(),
        "ACCESS-TIMESTAMP": stamp,
        "ACCESS-PASSPHRASE": TEST_KEY.passphrase,
        "Content-Type": "application/json",
    }
    limit = aiohttp.ClientTimeout(total=timeout_seconds)
    async with (
        aiohttp.ClientSession(timeout=limit) as session,
        session.post(f"http://{street.address}{path}", headers=headers, data=body) as response,
    ):
        return response.status, await response.text(), dict(response.headers)


RAW: dict[Fault, type[Exception] | int] = {
    Fault.DROP_BEFORE: ServerDisconnectedError,
    Fault.DROP_AFTER: ServerDisconnectedError,
    Fault.HANG_BEFORE: TimeoutError,
    Fault.HANG_AFTER: TimeoutError,
    Fault.DELAY: 200,
    Fault.TRUNCATED_AFTER: ClientPayloadError,
    Fault.HTML_AFTER: 200,
    Fault.EMPTY_AFTER: 200,
    Fault.BRACES_AFTER: 200,
    Fault.BAD_GATEWAY_AFTER: 502,
    Fault.UNAVAILABLE_BEFORE: 503,
    Fault.FORBIDDEN_BEFORE: 403,
    Fault.RATE_LIMIT: 429,
    Fault.BAN: 429,
    Fault.MAINTENANCE: 503,
    Fault.BUSY: 503,
}


@pytest.mark.parametrize("fault", Fault)
async def test_what_goes_over_the_wire_is_what_the_fault_says(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "DELAY_SECONDS", 0.05)
    async with on_weex() as (street, _):
        street.faults.queue("place", fault)
        wanted = RAW[fault]
        if isinstance(wanted, int):
            status, body, headers = await post(street)
            assert status == wanted
            assert ("orderId" in body) == (fault is Fault.DELAY)
            waits = fault in {Fault.RATE_LIMIT, Fault.BAN, Fault.MAINTENANCE, Fault.BUSY}
            assert ("Retry-After" in headers) == waits
            assert ("msg" in body) == waits, "the venue's own words"
        else:
            with pytest.raises(wanted):
                await post(street, 0.3 if fault in HANGS else 10)
        assert [one.ask.client_id for one in street.office.orders("main")] == ["raw"] * (fault not in BEFORE)


async def test_a_fault_strikes_the_operation_it_is_for_and_no_other() -> None:
    async with on_weex() as (street, client):
        street.faults.queue("cancel", Fault.DROP_AFTER)
        order = await rest(client)
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.cancel_order(order["id"], BTC)
        assert (await client.fetch_order(order["id"], BTC))["status"] == "canceled"


async def test_a_delayed_answer_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DELAY_SECONDS", 0.4)
    async with on_weex() as (street, client):
        street.faults.queue("balance", Fault.DELAY)
        slow = asyncio.ensure_future(client.fetch_balance())
        await asyncio.sleep(0.05)
        await client.fetch_positions()
        assert not slow.done()
        assert (await slow)["USDT"]["total"] == 100_000


async def test_the_server_tells_of_every_exchange_of_words_even_of_those_it_spoils() -> None:
    async with on_weex() as (street, client):
        heard = len(street.heard)
        for fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.TRUNCATED_AFTER):
            street.faults.queue("balance", fault)
            with pytest.raises(ccxt.BaseError):
                await client.fetch_balance()
        bodies = [response.body for _, response in street.heard[heard:]]
    assert bodies[0] == ""
    assert "USDT" in bodies[1]
    assert bodies[1] == bodies[2]
