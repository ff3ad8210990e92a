"""Whether what WEEX's dialect answers has the shape of what WEEX answers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.testexchange.shapes import assert_same_shape, fixture, index
from tests.testexchange.street import Street
from tests.testexchange.weex_street import BTC, on_weex, rest, sell

NOT_SERVED = {
    "closePositions.json": "positions are closed by orders",
    "openAlgoOrders.json": "there are no stops here",
    "positionMargin.json": "no margin moves between the wallet and a position here; settings answer in its shape",
    "ws_position_element.json": "there is no socket",
}
ERRORS = {"error_-1140.json", "error_bodies.json", "error_codes.json"}
"""Compared in tests of their own."""


@asynccontextmanager
async def traded() -> AsyncIterator[tuple[Street, Any]]:
    """Give a client that holds a short, was paid funding, and has one order resting and one cancelled."""
    async with on_weex() as (street, client):
        await sell(client, clientOrderId="hb-short")
        done = await rest(client, clientOrderId="hb-done")
        await client.cancel_order(done["id"], BTC)
        await rest(client, clientOrderId="hb-rest")
        street.pass_time(8 * 3600 + 60)
        yield street, client


Ask = Callable[[Any], Awaitable[object]]
SHOWN: dict[str, tuple[str, Ask, str, str]] = {
    "account_balance.json": ("balance", lambda client: client.fetch_balance(), "parse_balance", "list"),
    "position_element.json": ("positions", lambda client: client.fetch_positions(), "parse_position", "row"),
    "symbolConfig.json": ("account", lambda client: client.fetch_leverage(BTC), "parse_leverage", "row"),
    "commissionRate.json": ("fees", lambda client: client.fetch_trading_fee(BTC), "parse_trading_fee", "all"),
    "openOrders.json": ("open_orders", lambda client: client.fetch_open_orders(BTC), "parse_order", "row"),
    "order_history.json": ("orders", lambda client: client.fetch_canceled_orders(BTC), "parse_order", "row"),
    "userTrades.json": ("fills", lambda client: client.fetch_my_trades(BTC), "parse_trade", "row"),
    "premiumIndex.json": (
        "premium",
        lambda client: client.fetch_funding_rates(),
        "parse_funding_rate",
        "row",
    ),
    "fundingRate_history.json": (
        "funding_history",
        lambda client: client.fetch_funding_rate_history(BTC),
        "parse_funding_rate_history",
        "row",
    ),
    "income_position_funding.json": (
        "income",
        lambda client: client.fetch_funding_history(BTC),
        "parse_income",
        "items",
    ),
    "openInterest.json": (
        "open_interest",
        lambda client: client.fetch_open_interest(BTC),
        "parse_open_interest",
        "all",
    ),
}
"""Operation, request, parser, and what of the answer is compared."""
TYPED = frozenset(
    {"orderId", "id", "time", "updateTime", "createdTime", "billId", "fundingTime", "nextFundingTime"}
)
"""Keys whose JSON type a reader of raw answers goes by."""


def picked(body: Any, what: str) -> Any:
    """Give the part of an answer that is compared."""
    if what == "items":
        return body["items"][0]
    return body[0] if what == "row" and isinstance(body, list) else body


@pytest.mark.parametrize("name", SHOWN)
async def test_answers_have_the_real_shape(name: str) -> None:
    operation, ask, parse, what = SHOWN[name]
    async with traded() as (street, client):
        await ask(client)
        ours = picked(json.loads(street.last(operation)[1].body), what)
        real = picked(fixture("weex", name), what)
        assert_same_shape(getattr(client, parse), real, ours)
    if what != "list":
        assert set(real) <= set(ours), set(real) - set(ours)
        for key in TYPED & set(real):
            assert type(real[key]) is type(ours[key]), key
    else:
        assert set(real[0]) == set(ours[0])


async def test_recorded_contracts_have_our_shape_and_units() -> None:
    async with on_weex() as (_, client):
        ours = {row["symbol"]: row for row in (await client.contractGetCapiV3MarketExchangeInfo())["symbols"]}
        for real in fixture("weex", "exchangeInfo_rows_2026.json"):
            row = ours[real["symbol"]]
            assert_same_shape(client.parse_market, real, row)
            assert set(real) == set(row)
            for key in ("pricePrecision", "quantityPrecision", "contractVal", "minOrderSize", "makerFeeRate"):
                assert Decimal(row[key]) == Decimal(real[key]), (real["symbol"], key)
            assert row["delivery"] == real["delivery"]


async def test_a_book_has_the_real_shape() -> None:
    async with on_weex() as (street, client):
        await client.fetch_order_book(BTC)
        real, ours = fixture("weex", "depth.json"), json.loads(street.last("book")[1].body)
        assert_same_shape(lambda raw: client.parse_order_book(raw, BTC), real, ours)
    assert set(real) == set(ours)
    assert all(isinstance(one, str) for level in ours["bids"] for one in level)
    assert isinstance(ours["lastUpdateId"], int)


async def test_what_is_taken_back_answers_in_the_real_shape() -> None:
    async with traded() as (street, client):
        number = (await client.fetch_order("", BTC, {"clientOrderId": "hb-rest"}))["id"]
        await client.cancel_order(number, BTC)
        real, ours = fixture("weex", "order_cancel.json"), json.loads(street.last("cancel")[1].body)
        assert_same_shape(client.parse_order, real, ours)
        assert (set(real), real["status"], type(real["orderId"])) == (
            set(ours),
            ours["status"],
            type(ours["orderId"]),
        )
        with pytest.raises(ccxt.OrderNotFound):
            await client.cancel_order(number, BTC)
        [real] = fixture("weex", "error_bodies.json")
        ours = json.loads(street.last("cancel")[1].body)
        assert {**real, "orderId": int(number)} == ours


async def test_a_refusal_is_word_for_word_the_recorded_one() -> None:
    async with on_weex() as (street, client):
        with pytest.raises(ccxt.BadRequest):
            await client.contractPrivateGetCapiV3Order({})
        assert json.loads(street.last("order")[1].body) == fixture("weex", "error_-1140.json")


async def test_settings_answer_with_the_only_msg_that_is_no_refusal() -> None:
    async with on_weex() as (street, client):
        await client.set_leverage(3, BTC)
        real, ours = fixture("weex", "positionMargin.json"), json.loads(street.last("leverage")[1].body)
        assert {**real, "requestTime": street.now_ms} == ours


async def test_codes_of_the_table_are_the_librarys() -> None:
    async with on_weex() as (_, client):
        exact = client.exceptions["exact"]
    for row in fixture("weex", "error_codes.json"):
        assert exact[row["code"]].__name__ == row["ccxt_class"]


def test_every_real_payload_is_compared_or_has_a_reason_not_to_be() -> None:
    found = {row["file"] for row in index() if row["venue"] == "weex"}
    compared = {*SHOWN, *ERRORS, "exchangeInfo_rows_2026.json", "depth.json", "order_cancel.json"}
    assert found == compared | set(NOT_SERVED)
    assert not compared & set(NOT_SERVED)
