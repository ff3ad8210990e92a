"""Whatever bytes a customer sends MEXC's dialect, on whatever way: it answers in the venue's form."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import quote

import pytest

from bot.testexchange.router import Route
from bot.testexchange.wire import Request
from tests.testexchange.mexc_street import SPOT, Caller, hashed, on_mexc, order
from tests.testexchange.street import Street

ASKED = (
    *("symbol", "limit", "page_num", "page_size", "start_time", "end_time", "states", "category", "side"),
    *("start", "end", "interval", "position_id", "currency", "state", "type", "page", "size"),
    *("fromAccountType", "toAccountType", "asset", "amount", "startTime", "endTime", "recvWindow"),
)
"""Names of what the dialect reads off a query."""
COSTLY = {
    "candles": ("symbol", "start", "end", "interval"),
    "funding_history": ("symbol", "page_num", "page_size"),
    "tickers": ("symbol",),
}
"""Operations that take their time, and all that they read."""
WRITTEN = (
    *("symbol", "price", "vol", "side", "type", "openType", "externalOid", "positionMode", "reduceOnly"),
    *("leverage", "positionId", "positionType", "timeInForce", "stopLossPrice"),
)
"""Names of what it reads off a body."""
TEXTS = ("1e40", "-1", "NaN", "1e-999999999", "9" * 5000, "\u00b2", "\udcff", "\x00")
THINGS: tuple[object, ...] = (
    None,
    True,
    -1,
    1.5,
    1e40,
    10**30,
    float("nan"),
    "",
    "x",
    "\udcff",
    [],
    [1],
    {"a": 1},
)
WHOLE = {"fromAccountType": "SPOT", "toAccountType": "FUTURES", "asset": "USDT", "amount": "1"}


def asked_well(route: Route) -> Request:
    """Write a request of a route that names what it is about."""
    parts = {"{symbol}": "BTC_USDT", "{order}": "17", "{external}": "hb-1"}
    path = route.path
    for name, value in parts.items():
        path = path.replace(name, value)
    words = WHOLE if "capital" in path else {"symbol": "BTC_USDT"}
    query = "&".join(f"{name}={value}" for name, value in words.items())
    return Request(method=route.method, host="", path=path, query=query, headers={}, body="", wall_ms=0)


def signed(caller: Caller, request: Request) -> Request:
    """Sign a request, whatever is in it."""
    if request.path.startswith(SPOT):
        query = f"{request.query}&timestamp={caller.street.now_ms}"
        seal = hashed(caller.key.secret, query + request.body)
        headers = {"x-mexc-apikey": caller.key.key}
        query = f"{query}&signature={seal}"
        return replace(request, query=query, headers=headers, wall_ms=caller.street.now_ms)
    in_order = "&".join(sorted(request.query.split("&"), key=lambda pair: pair.partition("=")[0]))
    told = request.body if request.method == "POST" else in_order
    headers = {name.lower(): value for name, value in caller.headers(told).items()}
    return replace(request, headers=headers, wall_ms=caller.street.now_ms)


def assert_the_venues_form(street: Street, request: Request) -> None:
    """Check an answer: of contracts it is wrapped, of spot it is bare, and a refusal has a code and words."""
    body = json.loads(street.dialect.handle(request, street.now_ms).body)
    spot = request.path.startswith(SPOT)
    if spot and not (isinstance(body, dict) and "code" in body):
        return
    names = {"code", "msg"} if spot else {"success", "code", "data" if body["success"] else "message"}
    assert set(body) == names, body
    assert type(body["code"]) is int
    assert (body["code"] == 0) is (not spot and body["success"])


def queries(route: Route, text: str) -> Iterator[Request]:
    """Write a route's request with one parameter after the other gone wrong, as bytes and percent-encoded."""
    well = asked_well(route)
    encoded = quote(text.encode(errors="surrogateescape"))
    for name in COSTLY.get(route.operation, ASKED):
        for value in {text, encoded}:
            kept = [pair for pair in well.query.split("&") if pair.partition("=")[0] != name]
            yield replace(well, query="&".join([*kept, f"{name}={value}"]))


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_no_query_is_too_strange(text: str) -> None:
    async with on_mexc() as (street, caller):
        for route in street.dialect.routes():
            for request in queries(route, text):
                assert_the_venues_form(street, signed(caller, request))
        assert street.office.orders("main") == ()


def bodies(route: Route, thing: object) -> Iterator[str]:
    """Write bodies with one field after the other gone wrong, and bodies that are something else altogether."""
    own = {"externalOid": "hb-1"} if "external" in route.path else {}
    well = {**order(), "positionType": 2, "leverage": 5, **own}
    for name in WRITTEN:
        yield json.dumps({**well, name: thing})
    for body in (thing, [thing], [[thing]], {"a": thing}):
        yield json.dumps(body)


@pytest.mark.parametrize("thing", THINGS, ids=ascii)
async def test_no_body_is_too_strange(thing: object) -> None:
    async with on_mexc() as (street, caller):
        for route in street.dialect.routes():
            if route.method == "POST" and not route.path.startswith(SPOT):
                for body in bodies(route, thing):
                    request = replace(asked_well(route), query="", body=body)
                    assert_the_venues_form(street, signed(caller, request))
        sizes = {placed.ask.contracts for placed in street.office.orders("main")}
        assert sizes <= {Decimal(5000)}, "nothing strange became a size"


@pytest.mark.parametrize("text", ["\udcff", "\u00e4", "\x00", "9" * 5000], ids=ascii)
async def test_no_header_is_too_strange(text: str) -> None:
    async with on_mexc() as (street, caller):
        for route in street.dialect.routes():
            well = signed(caller, asked_well(route))
            for name in well.headers:
                strange = replace(well, headers={**well.headers, name: text})
                assert_the_venues_form(street, strange)
        assert street.office.orders("main") == ()
        assert street.office.transfers("main") == ()
