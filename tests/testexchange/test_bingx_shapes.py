"""Whether what BingX's dialect answers has the shape of what BingX answers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from tests.testexchange.bingx_street import INVERSE, LINEAR, on_bingx, rest, sell
from tests.testexchange.shapes import assert_same_shape, fixture, index
from tests.testexchange.street import Street

NOT_SERVED = {
    "batch_orders_linear.json": "orders are sent one by one",
    "close_position.json": "positions are closed by orders",
    "ws_order_trade_update.json": "there is no socket",
}
ERRORS = {"error_80014.json", "error_bodies.json", "error_codes.json"}
"""Compared in tests of their own."""
SYMBOLS = {"linear": LINEAR, "inverse": INVERSE}
AMOUNTS = {"linear": "0.5", "inverse": "5"}
MASKED = {".tranId": "stars hide parts of the real one"}


@asynccontextmanager
async def traded(product: str) -> AsyncIterator[tuple[Street, Any, str]]:
    """Give a client that holds a short in a contract of a product, and has an order resting in it."""
    symbol, amount = SYMBOLS[product], AMOUNTS[product]
    async with on_bingx() as (street, client):
        await sell(client, symbol, amount, clientOrderId="hb-short")
        await rest(client, symbol, amount, clientOrderId="hb-rest")
        yield street, client, symbol


def body(street: Street, operation: str) -> Any:
    """Give the last answer of an operation."""
    return json.loads(street.last(operation)[1].body)


SHOWN = {
    "contracts_linear_doc.json": ("contracts", "swapV2PublicGetQuoteContracts", {}, "parse_market"),
    "contracts_inverse.json": ("contracts", "cswapV1PublicGetMarketContracts", {}, "parse_market"),
    "premium_index_linear.json": ("premium", "swapV2PublicGetQuotePremiumIndex", {}, "parse_funding_rate"),
    "premium_index_inverse.json": ("premium", "cswapV1PublicGetMarketPremiumIndex", {}, "parse_funding_rate"),
    "funding_rate_linear.json": (
        "funding_history",
        "swapV2PublicGetQuoteFundingRate",
        {"symbol": "BTC-USDT"},
        "parse_funding_rate_history",
    ),
    "positions_linear.json": ("positions", "swapV2PrivateGetUserPositions", {}, "parse_position"),
    "positions_inverse.json": ("positions", "cswapV1PrivateGetUserPositions", {}, "parse_position"),
    "income_funding_fee.json": (
        "income",
        "swapV2PrivateGetUserIncome",
        {"incomeType": "FUNDING_FEE"},
        "parse_income",
    ),
}
"""Lists in ``data``: their first rows are compared."""


@pytest.mark.parametrize("name", SHOWN)
async def test_rows_of_lists_have_the_real_shape(name: str) -> None:
    operation, method, params, parse = SHOWN[name]
    product = "inverse" if "inverse" in name else "linear"
    async with traded(product) as (street, client, _):
        street.pass_time(8 * 3600 + 60)
        await getattr(client, method)(params)
        ours = body(street, operation)["data"][0]
        without = MASKED if parse == "parse_income" else None
        assert_same_shape(getattr(client, parse), fixture("bingx", name)["data"][0], ours, without)
    assert set(fixture("bingx", name)["data"][0]) <= set(ours)


async def test_recorded_contracts_have_our_shape() -> None:
    async with on_bingx() as (street, client):
        await client.swapV2PublicGetQuoteContracts()
        for real in fixture("bingx", "contracts_linear_rows.json"):
            assert_same_shape(client.parse_market, real, body(street, "contracts")["data"][0])
        step = {row["symbol"]: row for row in fixture("bingx", "contracts_linear_rows.json")}
        for ours in body(street, "contracts")["data"]:
            for key in ("quantityPrecision", "pricePrecision", "tradeMinQuantity", "tradeMinUSDT"):
                assert Decimal(str(ours[key])) == Decimal(str(step[ours["symbol"]][key])), (
                    ours["symbol"],
                    key,
                )


WALLETS = {
    "balance_linear_v3.json": {"type": "swap"},
    "balance_inverse.json": {"type": "swap", "subType": "inverse"},
}


@pytest.mark.parametrize("name", WALLETS)
async def test_wallets_have_the_real_shape(name: str) -> None:
    async with on_bingx() as (street, client):
        await client.fetch_balance(WALLETS[name])
        real, ours = fixture("bingx", name), body(street, "balance")
        assert_same_shape(client.parse_balance, real, ours)
        assert set(real["data"][0]) == set(ours["data"][0])


@pytest.mark.parametrize("product", SYMBOLS)
async def test_books_have_the_real_shape(product: str) -> None:
    async with on_bingx() as (street, client):
        await client.fetch_order_book(SYMBOLS[product])
        real, ours = fixture("bingx", f"depth_{product}.json")["data"], body(street, "book")["data"]
        assert_same_shape(lambda raw: client.parse_order_book(raw, LINEAR, raw["T"]), real, ours)
        assert set(real) == set(ours)
        assert all(isinstance(one, str) for level in ours["bids"] for one in level)


@pytest.mark.parametrize("product", SYMBOLS)
async def test_a_new_orders_answer_has_the_real_shape(product: str) -> None:
    async with traded(product) as (street, client, _):
        real, ours = fixture("bingx", f"order_create_{product}.json"), body(street, "place")
    if product == "linear":
        real, ours = real["data"]["order"], ours["data"]["order"]
    assert "data" not in ours
    assert isinstance(ours["orderId"], int)
    assert_same_shape(client.parse_order, real, ours)
    assert set(real) <= set(ours)


ORDERS: dict[str, tuple[str, Callable[[Any, str], Awaitable[object]]]] = {
    "order_query": (
        "order",
        lambda client, symbol: client.fetch_order("", symbol, {"clientOrderId": "hb-rest"}),
    ),
    "open_orders": ("open_orders", lambda client, symbol: client.fetch_open_orders(symbol)),
    "order_cancel": (
        "cancel",
        lambda client, symbol: client.cancel_order("", symbol, {"clientOrderId": "hb-rest"}),
    ),
    "all_open_orders_cancel": ("cancel_all", lambda client, symbol: client.cancel_all_orders(symbol)),
    "order_history": ("orders", lambda client, symbol: client.fetch_canceled_and_closed_orders(symbol)),
}
LISTS = {"open_orders": "orders", "all_open_orders_cancel": "success", "order_history": "orders"}
ORDER_FILES = [
    ("order_query", "linear"),
    ("order_query", "inverse"),
    ("open_orders", "linear"),
    ("open_orders", "inverse"),
    ("order_cancel", "linear"),
    ("order_cancel", "inverse"),
    ("all_open_orders_cancel", "linear"),
    ("order_history", "inverse"),
]


@pytest.mark.parametrize(("file", "product"), ORDER_FILES)
async def test_orders_have_the_real_shape(file: str, product: str) -> None:
    operation, act = ORDERS[file]
    async with traded(product) as (street, client, symbol):
        await act(client, symbol)
        real, ours = fixture("bingx", f"{file}_{product}.json")["data"], body(street, operation)["data"]
        assert set(real) == set(ours)
        real = real[LISTS[file]][0] if file in LISTS else real["order"]
        ours = ours[LISTS[file]][0] if file in LISTS else ours["order"]
        assert_same_shape(client.parse_order, real, ours, {".stopPrice": "ours have no trigger"})
    assert set(real) <= set(ours)
    assert type(real["orderId"]) is type(ours["orderId"])


@pytest.mark.parametrize("product", SYMBOLS)
async def test_fills_have_the_real_shape(product: str) -> None:
    async with traded(product) as (street, client, symbol):
        order = await client.fetch_order("", symbol, {"clientOrderId": "hb-short"})
        await client.fetch_my_trades(symbol, params={"orderId": order["id"]} if product == "inverse" else {})
        real, ours = fixture("bingx", f"fills_{product}.json")["data"], body(street, "fills")["data"]
        real, ours = (
            (real["fill_orders"][0], ours["fill_orders"][0]) if product == "linear" else (real[0], ours[0])
        )
        assert_same_shape(lambda raw: client.parse_trade(raw, client.market(symbol)), real, ours)
    assert set(real) <= set(ours)


SETTINGS = {
    "leverage_linear.json": ("leverage", "fetch_leverage", LINEAR, "parse_leverage"),
    "leverage_inverse.json": ("leverage", "fetch_leverage", INVERSE, "parse_leverage"),
    "margin_type_inverse.json": ("margin_mode", "fetch_margin_mode", INVERSE, "parse_margin_mode"),
    "commission_rate_inverse.json": ("fees", "fetch_trading_fee", INVERSE, "parse_trading_fee"),
    "commission_rate_linear.json": ("fees", "fetch_trading_fee", LINEAR, "parse_trading_fee"),
}


@pytest.mark.parametrize("name", SETTINGS)
async def test_settings_have_the_real_shape(name: str) -> None:
    operation, method, symbol, parse = SETTINGS[name]
    async with on_bingx() as (street, client):
        await getattr(client, method)(symbol)
        real, ours = fixture("bingx", name)["data"], body(street, operation)["data"]
        assert set(real) <= set(ours)
        if name == "commission_rate_linear.json":
            real, ours = real["commission"], ours["commission"]
        market = client.market(symbol)
        assert_same_shape(lambda raw: getattr(client, parse)(raw, market), real, ours)


async def test_setting_leverage_position_mode_and_tiers_have_the_real_shape() -> None:
    async with on_bingx() as (street, client):
        await client.set_leverage(5, LINEAR, {"side": "BOTH"})
        assert set(fixture("bingx", "leverage_set_linear.json")["data"]) == set(
            body(street, "leverage")["data"]
        )
        await client.fetch_position_mode()
        real, ours = fixture("bingx", "position_side_dual.json"), body(street, "position_mode")
        assert (set(real), real["code"], real["data"]) == (set(ours), ours["code"], ours["data"])
        await client.fetch_market_leverage_tiers(LINEAR)
        real, ours = fixture("bingx", "maint_margin_ratio.json")["data"], body(street, "tiers")["data"]
        assert_same_shape(lambda raw: client.parse_market_leverage_tiers([raw]), real[0], ours[0])
        assert set(real[0]) == set(ours[0])


async def test_refusals_have_the_real_shape() -> None:
    async with on_bingx() as (street, client):
        for name, params in (
            ("error_80014.json", {"symbol": "BTC-USD"}),
            ("error_bodies.json", {"symbol": "NO-USDT"}),
        ):
            with pytest.raises(Exception, match="bingx"):
                await client.swapV2PublicGetQuoteBookTicker(params)
            real, ours = fixture("bingx", name), body(street, "tickers")
            for one in [real] if isinstance(real, dict) else real:
                assert {"code", "msg"} <= set(ours)
                assert {"code", "msg"} <= set(one) or set(one) == {"transferErrorMsg"}
        ours = body(street, "tickers")
        assert type(ours["code"]) is int
        with pytest.raises(Exception, match="Insufficient assets"):
            await client.transfer("USDT", Decimal(10**6), "spot", "swap")
        assert body(street, "transfer") in fixture("bingx", "error_bodies.json")


async def test_codes_of_the_table_are_the_venues() -> None:
    async with on_bingx() as (_, client):
        exact = client.exceptions["exact"]
    for row in fixture("bingx", "error_codes.json"):
        assert exact[row["code"]].__name__ == row["ccxt_class"]


def test_every_real_payload_is_compared_or_has_a_reason_not_to_be() -> None:
    found = {row["file"] for row in index() if row["venue"] == "bingx"}
    compared = {
        *SHOWN,
        *WALLETS,
        *SETTINGS,
        *ERRORS,
        "contracts_linear_rows.json",
        "leverage_set_linear.json",
        "position_side_dual.json",
        "maint_margin_ratio.json",
    }
    for product in SYMBOLS:
        compared |= {f"depth_{product}.json", f"order_create_{product}.json", f"fills_{product}.json"}
    compared |= {f"{file}_{product}.json" for file, product in ORDER_FILES}
    assert found == compared | set(NOT_SERVED)
    assert not compared & set(NOT_SERVED)
