"""Whether what MEXC's dialect answers has the shape of what MEXC answers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from bot.testexchange.mexc_codes import (
    PERMISSIONS,
    REFUSALS,
    SPOT_PARAMETERS,
    SPOT_REFUSALS,
)
from bot.testexchange.wire import No
from tests.testexchange.mexc_street import BTC, LEFT_OUT, Caller, market, on_mexc, order, through_library
from tests.testexchange.shapes import assert_same_shape, fixture, index, kind
from tests.testexchange.street import Street

NOT_SERVED = {
    "order_create_trigger.json": "there are no stops here: nothing is at planorder/place",
    "error_10216.json": "no coins are deposited here, so there is no address to lack",
    "ws_push_personal_asset.json": "there is no socket",
}
Act = Callable[[Caller], Awaitable[Any]]
SHOWN: dict[str, tuple[Act, str, str]] = {
    "account_assets.json": (lambda caller: caller.get("account/assets"), "balance", "rows"),
    "open_positions.json": (lambda caller: caller.get("position/open_positions"), "parse_position", "row"),
    "position_leverage.json": (
        lambda caller: caller.get("position/leverage", symbol="BTC_USDT"),
        "parse_leverage",
        "rows",
    ),
    "order_get.json": (
        lambda caller: caller.get("order/external/BTC_USDT/hb-rest"),
        "parse_order",
        "object",
    ),
    "history_orders.json": (
        lambda caller: caller.get("order/list/history_orders"),
        "parse_order",
        "row",
    ),
    "order_deals.json": (lambda caller: caller.get("order/list/order_deals"), "parse_trade", "row"),
    "order_create.json": (lambda caller: caller.post("order/create", order()), "ack", "object"),
    "funding_records.json": (
        lambda caller: caller.get("position/funding_records"),
        "funding_history",
        "object",
    ),
    "funding_rate.json": (
        lambda caller: caller.show("funding_rate/BTC_USDT"),
        "parse_funding_rate",
        "object",
    ),
    "funding_rate_history.json": (
        lambda caller: caller.show("funding_rate/history", symbol="BTC_USDT"),
        "funding_rate_history",
        "object",
    ),
    "ticker.json": (lambda caller: caller.show("ticker"), "parse_ticker", "row"),
    "depth.json": (lambda caller: caller.show("depth/BTC_USDT"), "parse_order_book", "object"),
    "contract_detail_doc.json": (lambda caller: caller.show("detail"), "parse_market_leverage_tiers", "row"),
}
"""File, request, what ccxt reads it with, and what of the data is compared."""
ELSEWHERE = frozenset(
    {
        "contract_detail_rows.json",
        "error_bodies.json",
        "error_codes.json",
        "error_10232.json",
        "error_success_false.json",
    }
)
"""Compared in tests of their own."""
WHOLE = frozenset(
    {
        "side",
        "category",
        "orderType",
        "openType",
        "state",
        "positionMode",
        "positionType",
        "positionId",
        "leverage",
        "createTime",
        "updateTime",
        "timestamp",
        "settleTime",
        "nextSettleTime",
        "collectCycle",
        "pageSize",
        "totalCount",
        "totalPage",
        "currentPage",
        "ts",
        "level",
        "version",
        "priceScale",
        "volScale",
        "riskLevelLimit",
        "positionOpenType",
        "maxLeverage",
    }
)
"""Keys whose values are whole JSON numbers on the wire: two of the fixtures have them quoted by who wrote them down."""
NUMBERED = frozenset({"orderId"})
"""Keys whose values are numbers that no float can hold, as strings."""


@asynccontextmanager
async def traded() -> AsyncIterator[tuple[Street, Caller, Any]]:
    """Give a customer who holds a short, was paid funding, and has one order resting and one cancelled."""
    async with through_library() as (street, caller, client):
        await caller.place(type=5, vol=5000, price=LEFT_OUT, externalOid="hb-short")
        gone = await caller.place(externalOid="hb-gone")
        await caller.post("order/cancel", [gone])
        await caller.place(externalOid="hb-rest")
        street.pass_time(8 * 3600 + 60)
        yield street, caller, client


def reader(client: Any, name: str) -> Callable[[Any], object]:
    """Give what ccxt reads a payload with; where it reads without a function of its own, do as it does."""
    match name:
        case "balance":
            return lambda raw: client.custom_parse_balance({"data": raw}, "swap")
        case "ack":
            return lambda raw: (client.safe_string(raw, "orderId"), client.safe_integer(raw, "ts"))
        case "funding_history":
            return lambda raw: [
                (client.safe_integer(one, "settleTime"), client.safe_number(one, "id"), one["funding"])
                for one in client.safe_list(raw, "resultList")
            ]
        case "funding_rate_history":
            return lambda raw: [
                (
                    client.safe_string(one, "symbol"),
                    one["fundingRate"],
                    client.safe_integer(one, "settleTime"),
                )
                for one in client.safe_list(raw, "resultList")
            ]
        case "parse_order_book":
            return lambda raw: (
                client.parse_order_book(raw, BTC, client.safe_integer(raw, "timestamp")),
                client.safe_integer(raw, "version"),
            )
        case _:
            found: Callable[[Any], object] = getattr(client, name)
            return found


def flat(data: Any) -> Any:
    """Give the first row of what is compared key by key."""
    if isinstance(data, dict) and "resultList" in data:
        return {**data, **data["resultList"][0]}
    return data[0] if isinstance(data, list) else data


@pytest.mark.parametrize("name", SHOWN)
async def test_answers_have_the_real_shape(name: str) -> None:
    act, parse, what = SHOWN[name]
    async with traded() as (_, caller, client):
        real, ours = fixture("mexc", name), await act(caller)
        assert set(ours) == set(real) == {"success", "code", "data"}
        assert (ours["success"], str(ours["code"])) == (real["success"], str(real["code"]))
        real_data, our_data = real["data"], ours["data"]
        assert type(real_data) is type(our_data)
        if what == "row":
            real_data, our_data = real_data[0], our_data[0]
        assert_same_shape(reader(client, parse), real_data, our_data)
    wanted, found = flat(real_data), flat(our_data)
    assert set(wanted) <= set(found), set(wanted) - set(found)
    for key, value in wanted.items():
        if key in WHOLE:
            assert type(found[key]) is int, key
        elif key in NUMBERED:
            assert type(found[key]) is type(value) is str, key
        else:
            assert kind(found[key]) == kind(value), key


async def test_recorded_contracts_have_our_shape_and_units() -> None:
    async with through_library() as (_, caller, client):
        ours = {row["symbol"]: row for row in (await caller.show("detail"))["data"]}
        compared = 0
        for real in fixture("mexc", "contract_detail_rows.json"):
            row = ours.get(real["symbol"])
            if row is None:
                continue
            compared += 1
            assert_same_shape(client.parse_market_leverage_tiers, real, row)
            for key in ("contractSize", "priceUnit", "volUnit", "minVol", "priceScale", "volScale"):
                assert Decimal(row[key]) == Decimal(real[key]), (real["symbol"], key)
            for key in ("baseCoin", "quoteCoin", "settleCoin"):
                assert row[key] == real[key]
            assert (real["apiAllowed"], row["apiAllowed"]) == (False, True), (
                "without it nothing trades by key"
            )
        assert compared == 2


async def test_recorded_contracts_and_ours_make_the_same_markets() -> None:
    real = [
        one
        for one in fixture("mexc", "contract_detail_rows.json")
        if one["symbol"] in {"BTC_USDT", "ETH_USDT"}
    ]
    async with through_library() as (_, _, client):
        ours = {one["id"]: one for one in await client.fetch_swap_markets()}

        async def recorded(params: object = None) -> object:  # noqa: ARG001 - the library's form
            return {"success": True, "code": 0, "data": real}

        client.contractPublicGetDetail = recorded
        for market_of_real in await client.fetch_swap_markets():
            mine = ours[market_of_real["id"]]
            for key in ("symbol", "base", "quote", "settle", "contractSize", "linear", "type", "precision"):
                assert market_of_real[key] == mine[key], key
            assert set(market_of_real) == set(mine)


# --- refusals -------------------------------------------------------------------------------------------------------


async def test_refusals_have_the_three_real_forms() -> None:
    of_contracts, of_spot = fixture("mexc", "error_success_false.json"), fixture("mexc", "error_10232.json")
    async with on_mexc() as (_, caller):
        told = await caller.post("order/create", order(vol=0))
        assert {key: type(value) for key, value in told.items()} == {
            key: type(value) for key, value in of_contracts.items()
        }
        assert of_contracts["message"].startswith(told["message"])
        assert await caller.move(asset="DOGE") == of_spot


async def test_refusals_that_were_captured_are_ours_word_for_word() -> None:
    captured = {one["code"]: one for one in fixture("mexc", "error_bodies.json")}
    async with on_mexc() as (_, caller):
        acts: dict[int, Awaitable[Any]] = {
            2009: caller.post("order/create", market(side=2)),
            33333: caller.move(toAccountType="SPOT"),
            700003: caller.spot("GET", "account", timestamp=1),
            10007: caller.spot("GET", "ticker/bookTicker", symbol="NOPE"),
        }
        for code, act in acts.items():
            assert await act == captured[code]
        query, headers = "timestamp=1&signature=0", {"X-MEXC-APIKEY": caller.key.key}
        assert await caller.send("GET", "/api/v3/account", query=query, headers=headers) == captured[700002]
        short = await caller.move(amount=10**9)
        assert (set(short), short["code"]) == (set(captured[10101]), 10101), "it says so in Chinese"


UNKNOWN = frozenset({404, 2007, 2014, 2018, 2019, 2029, 2040, 2041, 2043})
"""Codes that the library's table has not: of the reference (2029, 2040), or guessed."""


def test_codes_are_those_of_the_table() -> None:
    table = {row["code"]: row for row in fixture("mexc", "error_codes.json")}
    exact = ccxt.mexc().exceptions["exact"]
    assert {code: exact[code].__name__ for code in table} == {
        code: row["ccxt_class"] for code, row in table.items()
    }
    used = {
        *(code for code, _ in REFUSALS.values()),
        *(code for code, _ in SPOT_REFUSALS.values()),
        *(code for code, _ in PERMISSIONS.values()),
        *(code for code, _ in SPOT_PARAMETERS.values()),
    }
    assert {code for code in used if str(code) not in table} == UNKNOWN
    for no, name in (
        (No.MARGIN, "InsufficientFunds"),
        (No.NOT_REDUCING, "InvalidOrder"),
        (No.SYMBOL, "BadSymbol"),
        (No.RATE, "RateLimitExceeded"),
        (No.SIGNATURE, "AuthenticationError"),
        (No.TIMESTAMP, "BadRequest"),
        (No.IP, "PermissionDenied"),
        (No.BUSY, "ExchangeNotAvailable"),
    ):
        assert table[str(REFUSALS[no][0])]["ccxt_class"] == name


async def test_the_library_raises_what_it_makes_of_a_refusal() -> None:
    async with through_library() as (street, _, client):
        with pytest.raises(ccxt.InvalidOrder, match="2009"):
            await client.create_order(BTC, "market", "buy", 10, None, {"reduceOnly": True})
        with pytest.raises(ccxt.InvalidOrder, match="Order not exist"):
            await client.cancel_order("17", BTC)
        with pytest.raises(ccxt.InsufficientFunds, match="10101"):
            await client.transfer("USDT", 10**6, "spot", "swap")
        street.office.moods.clock_skew_ms = 90_000
        with pytest.raises(ccxt.BadRequest, match="603"):
            await client.fetch_positions()
        with pytest.raises(ccxt.InvalidNonce, match="700003"):
            await client.fetch_balance({"type": "spot"})


# --- the library's own ways -----------------------------------------------------------------------------------------


async def test_an_unmodified_library_trades() -> None:
    async with through_library() as (street, _, client):
        client.number = float  # the library loses Decimals on their way into an order of this venue
        placed = await client.create_order(BTC, "limit", "sell", 100, 70_000, {"clientOrderId": "hb-1"})
        found = await client.fetch_order(placed["id"], BTC)
        assert (found["status"], found["amount"], found["price"]) == ("open", 100, 70_000)
        assert (found["info"]["externalOid"], found["symbol"]) == ("hb-1", BTC)
        [listed] = await client.fetch_open_orders(BTC)
        assert listed["id"] == placed["id"]
        await client.cancel_order(placed["id"], BTC)
        [gone] = await client.fetch_canceled_orders(BTC)
        assert (gone["id"], gone["status"]) == (placed["id"], "canceled")
        sold = await client.create_order(BTC, "market", "sell", 100)
        assert json.loads(street.last("place")[0].body)["type"] == 6
        [done] = await client.fetch_closed_orders(BTC)
        assert (done["id"], done["status"], done["filled"]) == (sold["id"], "closed", 100)
        [deal] = await client.fetch_order_trades(sold["id"], BTC)
        assert (deal["order"], deal["amount"], deal["takerOrMaker"]) == (sold["id"], 100, "taker")
        [held] = await client.fetch_positions([BTC])
        assert (held["side"], held["contracts"], held["marginMode"]) == ("short", 100, "cross")


def test_every_real_payload_is_compared_or_has_a_reason_not_to_be() -> None:
    found = {row["file"] for row in index() if row["venue"] == "mexc"}
    compared = {*SHOWN, *ELSEWHERE}
    assert found == compared | set(NOT_SERVED)
    assert not compared & set(NOT_SERVED)
    assert all(NOT_SERVED.values())
