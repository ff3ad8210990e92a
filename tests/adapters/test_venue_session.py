"""The way out: nothing twice, nothing to another mode's host, nothing unread."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.adapters.venue_session import HOST_HEADER, MisdirectedError, VenueSession, seconds_of, words_of
from bot.adapters.venues.table import VENUES, hosts_of

LIVE = frozenset({"api.example.com"})


@dataclass
class Far:
    """A server that writes down what comes, and hangs up if told to."""

    address: str = ""
    came: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Method, path with query, the host that was meant, body."""
    hangs_up: bool = False

    async def serve(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        self.came.append((request.method, request.raw_path, request.headers.get(HOST_HEADER, ""), body))
        if self.hangs_up and request.transport is not None:
            request.transport.abort()
        return web.json_response({"ok": True})


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    far = Far()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", far.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    far.address = "{}:{}".format(*runner.addresses[0])
    try:
        yield far
    finally:
        await runner.cleanup()


async def send(session: VenueSession, method: str, url: str, body: str = "") -> object:
    """Send as ccxt does."""
    sender = getattr(session, method.lower())
    options: dict[str, object] = {"headers": {"X-KEY": "k"}}
    if body:
        options["data"] = body.encode()
    async with sender(URL(url, encoded=True), **options) as response:
        return await response.json()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_request_goes_to_the_address_and_tells_the_host_it_meant(far: Far, method: str) -> None:
    session = VenueSession(hosts=LIVE, address=far.address)

    answer = await send(session, method, "https://api.example.com/v1/order?a=%2B1&signature=x%3D", "b=1")
    await session.close()

    assert answer == {"ok": True}
    assert far.came == [(method, "/v1/order?a=%2B1&signature=x%3D", "api.example.com", "b=1")]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_a_request_whose_line_drops_is_sent_once(far: Far, method: str) -> None:
    session = VenueSession(hosts=LIVE, address=far.address)
    await send(session, "GET", "https://api.example.com/first")
    far.hangs_up = True

    with pytest.raises(aiohttp.ClientError):
        await send(session, method, "https://api.example.com/second")
    await session.close()

    assert [path for _, path, _, _ in far.came] == ["/first", "/second"]


@pytest.mark.parametrize(
    "url",
    [
        "https://demo.example.com/v1/order",
        "https://example.com/v1/order",
        "https://api.example.com.evil.example/v1/order",
        "https://evil.example/api.example.com",
        "https://api.example.com@evil.example/v1/order",
    ],
)
async def test_a_request_to_another_host_does_not_leave(far: Far, url: str) -> None:
    left: list[str] = []
    session = VenueSession(
        hosts=LIVE, address=far.address, left=lambda method, url: left.append(f"{method} {url}")
    )

    with pytest.raises(MisdirectedError, match="does not belong to this mode"):
        await send(session, "POST", url)
    await session.close()

    assert far.came == []
    assert left == []


async def test_whoever_inspects_reads_all_and_can_keep_a_request(far: Far) -> None:
    seen: list[tuple[str, str, str, str]] = []

    def inspect(method: str, url: URL, headers: Mapping[str, str], body: str) -> None:
        seen.append((method, str(url), headers["X-KEY"], body))
        if "forbidden" in body:
            raise MisdirectedError("no")

    session = VenueSession(hosts=LIVE, address=far.address, inspect=inspect)
    await send(session, "POST", "https://api.example.com/v1/order?a=1", "fine")
    with pytest.raises(MisdirectedError, match="no"):
        await send(session, "POST", "https://api.example.com/v1/order?a=1", "forbidden")
    await session.close()

    url = "https://api.example.com/v1/order?a=1"
    assert seen == [("POST", url, "k", "fine"), ("POST", url, "k", "forbidden")]
    assert len(far.came) == 1


async def test_what_leaves_is_told_with_the_url_it_was_meant_for(far: Far) -> None:
    left: list[str] = []
    session = VenueSession(
        hosts=LIVE, address=far.address, left=lambda method, url: left.append(f"{method} {url}")
    )

    await send(session, "DELETE", "https://api.example.com/v1/order?a=1")
    await session.close()

    assert left == ["DELETE https://api.example.com/v1/order?a=1"]


async def test_without_hosts_everything_may_leave(far: Far) -> None:
    session = VenueSession(address=far.address)

    assert await send(session, "GET", "https://anywhere.example/x") == {"ok": True}
    assert not session.closed
    assert dict(session.headers) == {}
    await session.close()

    assert session.closed


async def test_this_aiohttp_can_be_kept_from_sending_again() -> None:
    session = VenueSession()

    assert session._session._retry_connection is False  # noqa: SLF001 - the attribute that the file sets
    await session.close()


async def test_another_aiohttp_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    connectors: list[aiohttp.BaseConnector] = []

    def other(connector: aiohttp.BaseConnector) -> object:
        connectors.append(connector)
        return object()  # a session without the attribute that keeps it from sending again

    monkeypatch.setattr(aiohttp, "ClientSession", other)

    with pytest.raises(RuntimeError, match="install the locked version"):
        VenueSession()
    await connectors[0].close()


@pytest.mark.parametrize("venue", VENUES)
def test_no_host_belongs_to_play_money_and_to_money(venue: str) -> None:
    live, testnet = hosts_of(venue, "live"), hosts_of(venue, "testnet")

    assert live
    assert not live & testnet
    assert all(host == host.lower() and "/" not in host for host in live | testnet)


@pytest.mark.parametrize(
    ("url", "body", "words"),
    [
        ("https://x/o?a=1&b=", "", {"a": "1", "b": ""}),
        ("https://x/o", "a=1&side=SELL", {"a": "1", "side": "SELL"}),
        ("https://x/o?a=%2B1%20x", "", {"a": "+1 x"}),
        ("https://x/o?a=1", '{"a": 2.50, "reduceOnly": true}', {"a": Decimal("2.50"), "reduceOnly": True}),
        ("https://x/o", '[{"side": 3, "vol": 1}]', {"side": 3, "vol": 1}),
        ("https://x/o", "[1, 2]", {}),
    ],
)
def test_words_of_a_request_are_read_as_the_venue_will(url: str, body: str, words: dict[str, object]) -> None:
    assert words_of(URL(url, encoded=True), body) == words


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "120"}, 120),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"Retry-After": "-1"}, None),
    ],
)
def test_when_to_come_again_is_read_in_seconds(headers: dict[str, str], seconds: int | None) -> None:
    assert seconds_of(headers) == seconds
