"""The page's server over real HTTP on loopback: who is let in, what is told, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from itertools import pairwise

import httpx
import pytest

from bot.adapters.log import SilentLog
from bot.shell.ports import SettingsError
from bot.web.access import GUESSES_MAX, Access
from bot.web.answers import MARKS_MAX
from bot.web.door import CONNECTIONS_MAX
from bot.web.server import BODY_MAX, STREAMS_MAX, Site, Sources
from tests.web.builders import Seen, Shelf, seen

TOKEN = "canary-token"  # noqa: S105 - made up
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Open:
    sources: Sources
    seen: Seen
    shelf: Shelf
    port: int
    client: httpx.AsyncClient


@pytest.fixture
async def door() -> AsyncIterator[Open]:
    inside, shelf = await seen(), Shelf()
    sources = Sources(
        window=inside.window,
        archive=shelf,
        metrics=inside.metrics.exposition,
        version="1.2.3",
    )
    site = Site(sources, Access(TOKEN, frozenset({"127.0.0.1", "localhost"})), SilentLog())
    port = await site.start("127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        yield Open(sources, inside, shelf, port, client)
    await site.stop()


async def test_ping_and_health_need_no_token_and_nothing_else_does_without(door: Open) -> None:
    assert (await door.client.get("/ping")).text == "pong\n"
    await door.seen.step()
    assert (await door.client.get("/healthz")).status_code == 200
    for path in (
        "/metrics", "/api/v1/state", "/api/v1/orders", "/api/v1/journal", "/api/v1/incidents", "/api/v1/profit",
        "/api/v1/stream", "/static/page.js", "/static/openapi.json", "/nothing", "/logout",
    ):  # fmt: skip
        answer = await door.client.get(path)
        assert (answer.status_code, "token" in answer.json()["error"]) == (401, True), path
        assert TOKEN not in answer.text
    page = await door.client.get("/")
    assert (page.status_code, "<form" in page.text) == (401, True)


async def test_health_fails_when_the_loop_is_silent_not_when_the_port_is(door: Open) -> None:
    await door.seen.step()
    door.seen.home.clock.turn_to(door.seen.home.clock.now_ms() + 61_000)

    answer = await door.client.get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["silent"] == list(door.seen.window.boards)
    assert (await door.client.get("/ping")).status_code == 200


async def test_a_token_opens_json_and_metrics(door: Open) -> None:
    await door.seen.step()
    state = (await door.client.get("/api/v1/state", headers=BEARER)).json()
    metrics = await door.client.get("/metrics", headers=BEARER)

    (account,) = state["accounts"]
    assert (state["mode"], state["version"]) == ("paper", "1.2.3")
    assert account["hedges"][0]["ratio_target"] == "1"
    assert account["explanations"][0]["answer"] == "place"
    assert {gate["passed"] for gate in account["stamped"][0]["verdicts"]} == {True}
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "hedgerow_hedge_ratio_target" in metrics.text


async def test_the_form_opens_a_session_that_the_page_lives_by(door: Open) -> None:
    wrong = await door.client.post("/login", data={"token": "wrong"})
    assert (wrong.status_code, "That is not the token." in wrong.text) == (401, True)

    right = await door.client.post("/login", data={"token": TOKEN})

    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    page = await door.client.get("/")
    assert (page.status_code, "page.js" in page.text) == (200, True)
    assert (await door.client.get("/api/v1/state")).status_code == 200
    await door.client.post("/logout")
    assert (await door.client.get("/api/v1/state")).status_code == 401


async def test_nothing_on_the_page_comes_from_elsewhere(door: Open) -> None:
    for path in ("/", "/static/page.js", "/static/page.css", "/static/chart.js"):
        answer = await door.client.get(path, headers=BEARER)
        assert answer.status_code == 200, path
        foreign = [
            word for word in answer.text.split('"') if word.startswith(("http", "//")) and " " not in word
        ]
        assert foreign in ([], ["http://www.w3.org/2000/svg"]), path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_wrong_token_ten_times_has_to_wait(door: Open) -> None:
    codes = [
        (await door.client.get("/metrics", headers={"Authorization": f"Bearer guess-{n}"})).status_code
        for n in range(10)
    ]
    assert codes == [401] * GUESSES_MAX + [429] * (10 - GUESSES_MAX)

    right = await door.client.get("/metrics", headers=BEARER)

    assert right.status_code == 429
    assert 0 < int(right.headers["retry-after"]) <= 60
    assert (await door.client.post("/login", data={"token": TOKEN})).status_code == 429
    assert (await door.client.get("/ping")).status_code == 200


async def test_another_host_name_is_answered_to_who_has_the_token_and_to_probes_only(door: Open) -> None:
    def called(path: str, **headers: str) -> Awaitable[httpx.Response]:
        return door.client.get(path, headers={**headers, "Host": "evil.example"})

    stranger = await called("/api/v1/state")
    assert (stranger.status_code, "web.hosts" in stranger.json()["error"]) == (421, True)
    assert (await called("/")).status_code == 421
    assert (await door.client.post("/login", headers={"Host": "evil.example"})).status_code == 421
    assert (await called("/ping")).status_code == 200
    assert (await called("/metrics", **BEARER)).status_code == 200, (
        "as a Prometheus that finds pods by address"
    )
    assert (await called("/metrics", Authorization="Bearer guessed")).status_code == 401


async def test_an_oversized_request_is_refused(door: Open) -> None:
    large = await door.client.post("/login", data={"token": "x" * (BODY_MAX + 1)})
    assert large.status_code == 413
    long = await door.client.get("/api/v1/state", headers={**BEARER, "X-Long": "x" * 20_000})
    assert long.status_code == 400
    assert (await door.client.get("/ping")).status_code == 200


@pytest.mark.parametrize("limit", ["0", "-1", "501", "x", "1e3", "9" * 5000, "٣"])
async def test_a_limit_that_is_none_is_refused(door: Open, limit: str) -> None:
    answer = await door.client.get("/api/v1/orders", params={"limit": limit}, headers=BEARER)
    assert answer.status_code == 400


async def test_a_journal_out_of_reach_is_told_and_the_rest_goes_on(door: Open) -> None:
    door.shelf.away = "The journal is away: bring it back."
    answer = await door.client.get("/api/v1/orders", headers=BEARER)
    assert (answer.status_code, answer.json()) == (503, {"error": "The journal is away: bring it back."})
    assert (await door.client.get("/api/v1/state", headers=BEARER)).status_code == 200


async def test_nothing_can_be_changed(door: Open) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await door.client.request(method, "/api/v1/state", headers=BEARER)
        assert answer.status_code == 405


async def test_the_stream_tells_at_once_and_whenever_a_picture_is_new(door: Open) -> None:
    await door.seen.step()
    async with door.client.stream("GET", "/api/v1/stream", headers=BEARER) as stream:
        lines = stream.aiter_lines()

        async def turn() -> int:
            async for line in lines:
                if line.startswith("data: "):
                    return int(json.loads(line.removeprefix("data: "))["turn"])
            raise AssertionError

        assert await asyncio.wait_for(turn(), 30) == 1
        await door.seen.step()
        assert await asyncio.wait_for(turn(), 30) == 2


async def test_streams_are_counted_and_given_back(door: Open) -> None:
    await door.seen.step()
    async with httpx.AsyncClient(base_url=door.client.base_url, limits=httpx.Limits(), timeout=30) as client:
        held = [client.stream("GET", "/api/v1/stream", headers=BEARER) for _ in range(STREAMS_MAX)]
        answers = [await one.__aenter__() for one in held]
        assert {answer.status_code for answer in answers} == {200}
        assert (await client.get("/api/v1/stream", headers=BEARER)).status_code == 503
        for one in held:
            await one.__aexit__(None, None, None)
        for _ in range(100):
            await door.seen.step()  # whoever has left is noticed when something is told
            async with client.stream("GET", "/api/v1/stream", headers=BEARER) as again:
                if again.status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise AssertionError


async def test_a_long_history_is_thinned_to_what_a_chart_can_show(door: Open) -> None:
    step = await door.seen.step()
    board = next(iter(door.seen.window.boards.values()))
    (first, *_) = next(iter(board.marks.values()))
    count, minute_ms = 2 * MARKS_MAX + 7, 60_000
    now_ms = step.decision.at_ms
    for hedge in ("a", "b"):
        board.remember(
            replace(first, hedge=hedge, at_ms=now_ms - (count - number) * minute_ms)
            for number in range(1, count + 1)
        )

    told = (await door.client.get("/api/v1/profit", headers=BEARER)).json()

    for hedge in ("a", "b"):
        times = [one["at_ms"] for one in told if one["hedge"] == hedge]
        assert MARKS_MAX / 2 < len(times) <= MARKS_MAX
        assert times[-1] == now_ms
        assert {after - before for before, after in pairwise(times)} == {3 * minute_ms}
    few = (await door.client.get("/api/v1/profit", params={"hours": 1}, headers=BEARER)).json()
    assert len([one for one in few if one["hedge"] == "a"]) == 61, "what is few is told whole"


async def test_a_port_in_use_is_a_fault_of_the_settings(door: Open) -> None:
    second = Site(door.sources, Access(TOKEN, frozenset()), SilentLog())
    with pytest.raises(SettingsError, match=rf"web.port: 127.0.0.1:{door.port} is in use: stop who has it"):
        await second.start("127.0.0.1", door.port)


# --- who comes with ill intent ---------------------------------------------------------------------------------


FOREIGN: tuple[tuple[dict[str, str], bool], ...] = (
    # what a browser says of where a form comes from                        refused
    ({"Sec-Fetch-Site": "cross-site", "Origin": "null"},                    True),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},       True),
    ({"Origin": "http://evil.example"},                                     True),
    ({"Origin": "http://["},                                                True),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"},                   False),
    ({"Origin": "null"},                                                    False),
    ({},                                                                    False),
)  # fmt: skip


@pytest.mark.parametrize(("headers", "refused"), FOREIGN)
async def test_a_form_of_another_site_is_refused_and_counts_as_no_guess(
    door: Open,
    headers: dict[str, str],
    refused: bool,  # noqa: FBT001 - a column
) -> None:
    for _ in range(GUESSES_MAX + 2):
        answer = await door.client.post("/login", data={"token": "guess"}, headers=headers)
    assert (answer.status_code == 403) is refused
    last = await door.client.get("/metrics", headers=BEARER)
    assert last.status_code == (200 if refused else 429), (
        "whoever guesses here waits, whoever is elsewhere locks nobody out"
    )


ODD: tuple[tuple[str, dict[bytes, bytes], bytes], ...] = (
    # path      headers                                                            body
    ("/login",  {b"Content-Type": b"application/x-www-form-urlencoded"},             b"token=%ff%fe"),
    ("/login",  {b"Content-Type": b"application/x-www-form-urlencoded"},             b"\xff\xfe=\xff"),
    ("/login",  {b"Content-Type": b"multipart/form-data"},                           b"--x"),
    ("/login",  {b"Content-Type": b"multipart/form-data; boundary=x"},               b"--x\r\nbroken"),
    ("/login",  {b"Content-Type": b"text/plain; charset=nonsense"},                  b"token=a"),
    ("/login",  {},                                                                b""),
    ("/login",  {b"Content-Encoding": b"gzip"},                                     b"token=a"),
    ("/metrics", {b"Authorization": b"Bearer \xff\xfe"},                            b""),
)  # fmt: skip


@pytest.mark.parametrize(("path", "headers", "body"), ODD)
async def test_what_makes_no_sense_is_a_guess_like_any(
    door: Open, path: str, headers: dict[bytes, bytes], body: bytes
) -> None:
    method = "POST" if path == "/login" else "GET"
    codes = [
        (await door.client.request(method, path, headers=headers, content=body)).status_code
        for _ in range(GUESSES_MAX + 1)
    ]
    assert codes == [401] * GUESSES_MAX + [429]


async def test_whoever_says_nothing_is_put_out_and_keeps_nobody_out(door: Open) -> None:
    await door.seen.step()
    silent = []
    for _ in range(3 * CONNECTIONS_MAX):
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: ")
        silent.append((reader, writer))
    async with httpx.AsyncClient(base_url=door.client.base_url, timeout=30) as client:
        assert (await client.get("/metrics", headers=BEARER)).status_code == 200

    async def ended(reader: asyncio.StreamReader) -> bool:
        try:
            return await asyncio.wait_for(reader.read(), 0.05) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    over = sum([await ended(reader) for reader, _ in silent])
    assert over >= 2 * CONNECTIONS_MAX
    for _, writer in silent:
        writer.close()
