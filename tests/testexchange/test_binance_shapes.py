"""Whether what Binance's dialect answers, of both products, has the shape of what Binance answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from bot.core.values import Price
from bot.testexchange.binance_codes import ELSEWHERE, REFUSALS, UNDER_ORDERS, WRONG
from tests.testexchange.binance_street import (
    BOTH,
    BTC,
    QUARTER,
    SYMBOLS,
    Customer,
    Product,
    on_binance,
    reader_of,
)
from tests.testexchange.shapes import assert_same_shape, fixture, index
from tests.testexchange.street import Street

V2 = "the third version is served, which is what the library asks for"
ALGO = "there are no stops and the like here, and so no path for them"
NOT_SERVED: dict[Product, dict[str, str]] = {
    "usdm": {
        "account_v2.json": V2,
        "account_v2_usdt.json": V2,
        "balance_v2.json": V2,
        "positionRisk_v2_hedge.json": V2,
        "positionRisk_v2_long.json": V2,
        "positionRisk_v2_one_way.json": V2,
        "algoOrder_cancel.json": ALGO,
        "algoOrder_new.json": ALGO,
        "batchOrders_cancel_one_unknown.json": "orders are cancelled one by one, or all of a contract",
        "batchOrders_one_rejected.json": "orders go one by one",
        "order_modify.json": "orders are not amended: one is cancelled, another placed",
        "positionMargin.json": "margin is moved between wallets, not into a position",
        "fundingInfo.json": "it lists what has an interval or cap of its own, and nothing has: ours is empty",
    },
    "coinm": {"ticker_price.json": "best prices are asked for, not last ones"},
}
OWN_TESTS: dict[Product, set[str]] = {
    "usdm": {
        "error_bodies.json",
        "error_codes.json",
        "exchangeInfo.json",
        "exchangeInfo_rows_2023.json",
        "marginType_error_-4048.json",
        "allOpenOrders_cancel.json",
        "positionSide_dual.json",
    },
    "coinm": {"error_bodies.json", "error_codes.json", "exchangeInfo.json", "exchangeInfo_rows_2023.json"},
}
"""Compared below in tests of their own."""


UNTIMED = {".time": "only who asks for the order is told when it came in"}
CROSS = {".isolatedWallet": "the real position is isolated; of a cross one nobody reads it"}


@asynccontextmanager
async def traded(product: Product) -> AsyncIterator[tuple[Street, Customer]]:
    """Give a customer who is short, was paid funding and deleveraged, moved money, and has an order resting."""
    async with on_binance(product) as (street, customer):
        await customer.trade("SELL", newClientOrderId="hb-short")
        await customer.rest(newClientOrderId="hb-rest")
        way, asset = ("MAIN_UMFUTURE", "USDT") if product == "usdm" else ("MAIN_CMFUTURE", "BTC")
        await customer.post("/sapi/v1/asset/transfer", type=way, asset=asset, amount="0.5")
        street.pass_time(8 * 3600 + 60)
        await customer.shown("v1/time")
        touch = street.office.exchange.touches[SYMBOLS[product]]
        step = street.office.contract(SYMBOLS[product]).contracts_step
        street.office.exchange.deleverage("main", SYMBOLS[product], step, Price(touch.quote.bid))
        yield street, customer


def first(answer: Any) -> Any:
    """Give the first of a list."""
    return answer[0]


def whole(answer: Any) -> Any:
    """Give all of an answer."""
    return answer


Ask = Callable[[Customer], Awaitable[Any]]
Parser = Callable[[Any], Callable[[Any], object]]
Row = tuple[str, Ask, str, Callable[[Any], Any], dict[str, str]]


def read(path: str, **asked: object) -> Ask:
    """Read something of the account's main contract."""
    return lambda customer: customer.get(path, **{"symbol": BTC[customer.product], **asked})


def see(path: str, **asked: object) -> Ask:
    """Look at something of the main contract."""
    return lambda customer: customer.shown(path, **{"symbol": BTC[customer.product], **asked})


PARSERS: dict[str, Parser] = {
    "balance": lambda reader: lambda raw: reader.parse_balance_custom(raw, "linear"),
    "account positions": lambda reader: reader.parse_account_positions,
    "order book": lambda reader: lambda raw: reader.parse_order_book(raw, "BTC"),
    "rates": lambda _: lambda raw: (raw["symbol"], raw["fundingRate"], raw["fundingTime"]),
}
"""Those that are more than a method of the library's."""

SHOWN: dict[Product, list[Row]] = {
    "usdm": [
        ("account_v3.json", lambda one: one.get("v3/account"), "balance", whole, {}),
        ("account_v3.json", lambda one: one.get("v3/account"), "account positions", whole, {}),
        ("adlQuantile.json", read("v1/adlQuantile"), "parse_adl_rank", first, {}),
        ("bookTicker.json", see("v1/ticker/bookTicker"), "parse_ticker", whole, {}),
        ("commissionRate_BTCUSDT.json", read("v1/commissionRate"), "parse_trading_fee", whole, {}),
        ("commissionRate_BTCUSDT_220325.json", read("v1/commissionRate", symbol=QUARTER["usdm"]), "parse_trading_fee", whole, {}),
        ("depth.json", see("v1/depth", limit=5), "order book", whole, {}),
        ("forceOrders.json", read("v1/forceOrders"), "parse_liquidation", first, {}),
        ("forceOrders.json", read("v1/forceOrders"), "parse_order", first, {}),
        ("fundingRate_history.json", see("v1/fundingRate"), "rates", first, {}),
        ("income_funding_fee.json", read("v1/income", incomeType="FUNDING_FEE"), "parse_income", first, {}),
        ("income_transfer.json", lambda one: one.get("v1/income", incomeType="TRANSFER"), "parse_ledger_entry", first, {}),
        ("leverageBracket_2024-10.json", read("v1/leverageBracket"), "parse_market_leverage_tiers", first, {}),
        ("openInterest_ETHUSDT_230331.json", see("v1/openInterest", symbol=QUARTER["usdm"]), "parse_open_interest", whole, {}),
        ("order_new.json", lambda one: one.rest(newClientOrderId="hb-2"), "parse_order", whole, UNTIMED),
        ("order_query_new.json", read("v1/order", origClientOrderId="hb-rest"), "parse_order", whole, {}),
        ("positionRisk_v3.json", read("v3/positionRisk"), "parse_position_risk", first, {}),
        ("premiumIndex.json", see("v1/premiumIndex"), "parse_funding_rate", whole, {}),
        ("symbolConfig.json", read("v1/symbolConfig"), "parse_margin_mode", first, {}),
        ("symbolConfig.json", read("v1/symbolConfig"), "parse_leverage", first, {}),
        ("userTrades.json", read("v1/userTrades"), "parse_trade", first, {}),
        ("userTrades_taker_ETHUSDT.json", read("v1/userTrades"), "parse_trade", first, {}),
    ],
    "coinm": [
        ("bookTicker.json", see("v1/ticker/bookTicker"), "parse_ticker", first, {}),
        ("commissionRate.json", read("v1/commissionRate"), "parse_trading_fee", whole, {}),
        ("depth_BTCUSD_211231.json", see("v1/depth", symbol=QUARTER["coinm"]), "order book", whole, {}),
        ("depth_ETHUSD_210924.json", see("v1/depth", symbol="ETHUSD_PERP"), "order book", whole, {}),
        ("forceOrders.json", read("v1/forceOrders"), "parse_liquidation", first, {}),
        ("forceOrders.json", read("v1/forceOrders"), "parse_order", first, {}),
        ("leverageBracket_v2.json", read("v2/leverageBracket"), "parse_market_leverage_tiers", first, {}),
        ("openInterest.json", see("v1/openInterest"), "parse_open_interest", whole, {}),
        ("order_filled_market.json", read("v1/order", origClientOrderId="hb-short"), "parse_order", whole, {}),
        ("order_query_new.json", read("v1/order", origClientOrderId="hb-rest"), "parse_order", whole, {}),
        ("positionRisk.json", read("v1/positionRisk"), "parse_position_risk", first, CROSS),
        ("ticker_24hr.json", see("v1/ticker/24hr"), "parse_ticker", first, {}),
    ],
}  # fmt: skip
"""Payload, request, parser, what of the answer is compared, and what is left out with its reason."""


@pytest.mark.parametrize(
    ("product", "row"),
    [(product, row) for product in BOTH for row in SHOWN[product]],
    ids=[f"{product} {row[0]} {row[2]}" for product in BOTH for row in SHOWN[product]],
)
async def test_answers_have_the_real_shape(product: Product, row: Row) -> None:
    name, ask, parser, pick, without = row
    async with traded(product) as (_, customer):
        reader = await reader_of(customer)
        ours, real = pick(await ask(customer)), pick(fixture(f"binance-{product}", name))
        parse = PARSERS[parser](reader) if parser in PARSERS else getattr(reader, parser)
        assert_same_shape(parse, real, ours, without)
    left_out = {"time"} if ".time" in without else set()
    assert set(real) - left_out <= set(ours), set(real) - set(ours)
    for part in ("assets", "positions", "brackets"):
        if part in real:
            assert set(real[part][0]) <= set(ours[part][0]), part


@pytest.mark.parametrize("product", BOTH)
async def test_rows_have_the_real_types(product: Product) -> None:
    """Of payloads whose numbers the library has not put in quotes; whole numbers that stay Decimals go out as strings."""
    async with traded(product) as (_, customer):
        rows = [
            row
            for row in SHOWN[product]
            if row[0] in {"order_query_new.json", "userTrades.json", "positionRisk.json"}
        ]
        assert rows
        for name, ask, _, pick, _ in rows:
            ours, real = pick(await ask(customer)), pick(fixture(f"binance-{product}", name))
            for key, value in real.items():
                assert type(ours[key]) is type(value), (name, key)


async def test_an_isolated_position_has_the_real_shape() -> None:
    async with on_binance("coinm") as (_, customer):
        await customer.post("v1/marginType", symbol="BTCUSD_PERP", marginType="ISOLATED")
        await customer.trade("BUY")
        [ours] = [one for one in await customer.get("v1/positionRisk") if one["positionAmt"] != "0"]
        [real] = fixture("binance-coinm", "positionRisk.json")
        assert_same_shape((await reader_of(customer)).parse_position_risk, real, ours)
    for one in (real, ours):
        told = Decimal(one["isolatedWallet"]) + Decimal(one["unRealizedProfit"])
        assert Decimal(one["isolatedMargin"]) == told, "what was set aside, and what it has made since"


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize("name", ["exchangeInfo.json", "exchangeInfo_rows_2023.json"])
async def test_contracts_have_the_real_shape(product: Product, name: str) -> None:
    kept = fixture(f"binance-{product}", name)
    async with on_binance(product) as (_, customer):
        reader = await reader_of(customer)
        told = await customer.shown("v1/exchangeInfo")
        if isinstance(kept, dict):
            assert set(kept) <= set(told)
        ours = {one["symbol"]: one for one in told["symbols"]}
        for real in kept if isinstance(kept, list) else kept["symbols"]:
            like = ours.get(
                real["symbol"],
                ours[BTC[product] if real["contractType"] == "PERPETUAL" else QUARTER[product]],
            )
            assert_same_shape(reader.parse_market, real, like)
            assert set(real) <= set(like), set(real) - set(like)
            filters = {one["filterType"]: set(one) for one in like["filters"]}
            for one in real["filters"]:
                if one["filterType"] != "MAX_NUM_ALGO_ORDERS":
                    assert set(one) <= filters[one["filterType"]]


@pytest.mark.parametrize("product", BOTH)
async def test_the_main_contract_has_the_real_ticks_and_steps(product: Product) -> None:
    [real, *_] = fixture(f"binance-{product}", "exchangeInfo_rows_2023.json")
    async with on_binance(product) as (_, customer):
        reader = await reader_of(customer)
        told, meant = reader.market(SYMBOLS[product]), reader.parse_market(real)
    for part in ("id", "symbol", "type", "linear", "inverse", "settle", "contractSize", "expiry"):
        assert told[part] == meant[part], part
    assert told["precision"]["price"] == meant["precision"]["price"]
    assert told["precision"]["amount"] == meant["precision"]["amount"]
    assert told["limits"]["amount"]["min"] == meant["limits"]["amount"]["min"]


async def test_answers_of_one_sentence_are_word_for_word_the_real_ones() -> None:
    async with on_binance() as (_, customer):
        gone = await customer.delete("v1/allOpenOrders", symbol="BTCUSDT")
        assert gone == fixture("binance-usdm", "allOpenOrders_cancel.json")
        await customer.post("v1/positionSide/dual", dualSidePosition="true")
        mode = await customer.get("v1/positionSide/dual")
        assert mode == fixture("binance-usdm", "positionSide_dual.json")
        await customer.post("v1/positionSide/dual", dualSidePosition="false")
        await customer.trade("SELL")
        told = await customer.ask("POST", "v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        assert (told.status, told.body) == (400, fixture("binance-usdm", "marginType_error_-4048.json"))


CAPTURED: list[tuple[Product, int, dict[str, object]]] = [
    ("usdm", -2019, {"quantity": "500"}),
    ("usdm", -2022, {"side": "BUY", "reduceOnly": "true"}),
    ("usdm", -4164, {"symbol": "ETHUSDT", "side": "BUY", "quantity": "0.001", "price": "1500"}),
    ("usdm", -1111, {"quantity": "0.5005"}),
    ("usdm", -1121, {"symbol": "NOPE"}),
    ("coinm", -1111, {"quantity": "1.5"}),
    ("coinm", -2019, {"quantity": "90000"}),
    ("coinm", -1117, {"side": "sell"}),
    ("coinm", -1116, {"type": "limit"}),
    ("coinm", -1115, {"timeInForce": "GTT"}),
    ("coinm", -1136, {"newOrderRespType": "FULL"}),
]


@pytest.mark.parametrize(("product", "code", "changed"), CAPTURED)
async def test_refusals_are_word_for_word_those_that_were_captured(
    product: Product, code: int, changed: dict[str, object]
) -> None:
    captured = {
        one["code"]: one for one in fixture(f"binance-{product}", "error_bodies.json") if "code" in one
    }
    async with on_binance(product) as (_, customer):
        told = await customer.order(**changed)
    assert (told.status, told.body) == (400, captured[code])


UNLISTED = {
    "usdm": {"-4021", "-4171", "-4120", "-5000", "-5013"},
    "coinm": {"-1008", "-4116", "-4141", "-4164", "-4171", "-4120", "-5000", "-5013", "-5022"},
}
"""Codes that the library's table of a product does not have."""


@pytest.mark.parametrize("product", BOTH)
async def test_codes_are_those_of_the_librarys_table(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        reader = await reader_of(customer)
    kind = "linear" if product == "usdm" else "inverse"
    known = {**reader.exceptions["exact"], **reader.exceptions[kind]["exact"]}
    listed = {one["code"]: one["ccxt_class"] for one in fixture(f"binance-{product}", "error_codes.json")}
    for code, kind in listed.items():
        assert known[code].__name__ == kind, code
    used = {str(code) for _, code, _ in (*REFUSALS.values(), *ELSEWHERE.values())}
    used |= {str(code) for code, _ in (*WRONG.values(), *UNDER_ORDERS.values())}
    assert used - set(listed) <= UNLISTED[product], used - set(listed)


@pytest.mark.parametrize("product", BOTH)
def test_every_real_payload_is_compared_or_has_a_reason_not_to_be(product: Product) -> None:
    names = {one["file"] for one in index() if one["venue"] == f"binance-{product}"}
    sockets = {name for name in names if name.startswith("ws_")}
    compared = {row[0] for row in SHOWN[product]} | OWN_TESTS[product]
    assert names - sockets == compared | set(NOT_SERVED[product]), "of sockets there are none here"
    assert not compared & set(NOT_SERVED[product])
