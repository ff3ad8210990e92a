"""How Binance's dialect says no, of both products: parameters, keys, signatures, clocks, limits, accidents."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from urllib.parse import quote, urlencode

import pytest

from bot.core.values import Contracts
from bot.testexchange.binance_codes import REFUSALS
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.router import Route
from bot.testexchange.wire import No
from tests.testexchange.binance_street import (
    BOTH,
    BTC,
    ETH,
    Customer,
    Product,
    Told,
    on_binance,
)

Act = Callable[[Customer], Awaitable[Told]]


def order(**changed: object) -> Act:
    """Send an order that would rest, with changes; None leaves a parameter out."""
    return lambda customer: customer.order(**changed)


def market(**changed: object) -> Act:
    """Send an order at the market."""
    return order(**{"type": "MARKET", "price": None, "timeInForce": None, **changed})


def act(method: str, path: str, **asked: object) -> Act:
    """Ask for something of the main contract, signed."""
    return lambda customer: customer.ask(method, path, **{"symbol": BTC[customer.product], **asked})


def see(path: str, **asked: object) -> Act:
    """Look at something that everybody may see."""
    return lambda customer: customer.show(path, **{"symbol": BTC[customer.product], **asked})


LONG = "9" * 5000
REFUSED: list[tuple[str, Act, int]] = [
    ("nothing to reduce", market(side="BUY", reduceOnly="true"), -2022),
    ("too little margin", order(quantity="90000"), -2019),
    ("buying too dear", order(side="BUY", price="70000"), -4016),
    ("selling too cheap", order(price="50000"), -4024),
    ("post-only would take", order(timeInForce="GTX", price="52000"), -5022),
    ("no whole tick", order(price="70000.05"), -4014),
    ("price of nothing", order(price="0"), -4001),
    ("price below nothing", order(price="-70000"), -4001),
    ("price beyond all prices", order(price="10000000.1"), -4002),
    ("no price", order(price=None), -1102),
    ("price in words", order(price="much"), -1102),
    ("price that is no number", order(price="NaN"), -1102),
    ("price in powers of ten", order(price="7e4"), -1102),
    ("price that is a book", order(price=LONG), -1102),
    ("price in other digits", order(price="\uff17\uff10\uff10\uff10\uff10"), -1102),
    ("price with a blank", order(price=" 70000"), -1102),
    ("price with a line below", order(price="70_000"), -1102),
    ("no size", order(quantity=None), -1102),
    ("an empty size", order(quantity=""), -1105),
    ("size of nothing", order(quantity="0"), -4003),
    ("size below nothing", order(quantity="-1"), -4003),
    ("size beyond all sizes", order(quantity="1000001"), -4005),
    ("size in powers of ten", order(quantity="1e40"), -1102),
    ("size of many digits", order(quantity="1" + "0" * 40), -1102),
    ("size without an end", order(quantity="Infinity"), -1102),
    ("size that is no number", order(quantity="sNaN"), -1102),
    ("size too fine", order(quantity="0.00001"), -1111),
    ("no whole step", order(quantity="1.0005"), -1111),
    ("unknown contract", order(symbol="NOPE"), -1121),
    ("contract in small letters", order(symbol="btcusdt"), -1121),
    ("contract in other letters", order(symbol="BTC\u20bf\udce4".encode(errors="replace")), -1121),
    ("no contract", order(symbol=None), -1102),
    ("no side", order(side=None), -1102),
    ("unknown side", order(side="sell"), -1117),
    ("no type", order(type=None), -1102),
    ("unknown type", order(type="limit"), -1116),
    ("the venue's own type", order(type="LIQUIDATION"), -1116),
    ("no time in force", order(timeInForce=None), -1102),
    ("unknown time in force", order(timeInForce="PO"), -1115),
    ("all or nothing", order(timeInForce="FOK"), -1020),
    ("until a day", order(timeInForce="GTD", goodTillDate="1900000000000"), -1020),
    ("at the market, with a price", market(price="70000"), -1106),
    ("at the market, with a time", market(timeInForce="IOC"), -1106),
    ("a side of hedge mode", order(positionSide="SHORT"), -4061),
    ("a side of nothing", order(positionSide="UP"), -4060),
    ("reduce-only in words", order(reduceOnly="TRUE"), -1130),
    ("a name too long", order(newClientOrderId="a" * 37), -4015),
    ("a name with a blank", order(newClientOrderId="a b"), -4015),
    ("a name of umlauts", order(newClientOrderId="\u00e4"), -4015),
    ("a name with a line's end", order(newClientOrderId="a\n"), -4015),
    ("an empty name", order(newClientOrderId=""), -1105),
    ("an answer of no kind", order(newOrderRespType="FULL"), -1136),
    ("a stop's price", order(stopPrice="60000"), -1106),
    ("closing all", order(closePosition="true"), -1106),
    ("a price that follows others", order(priceMatch="QUEUE"), -1020),
    ("a date it is good till", order(goodTillDate="1900000000000"), -1020),
    ("own trades prevented", order(selfTradePreventionMode="EXPIRE_MAKER"), -1020),
    ("a parameter nobody knows", order(postOnly="true"), -1104),
    ("taking back without a name", act("DELETE", "v1/order"), -1102),
    ("taking back nobody's", act("DELETE", "v1/order", origClientOrderId="nobody"), -2011),
    ("taking back no number", act("DELETE", "v1/order", orderId="first"), -1130),
    ("taking back below nothing", act("DELETE", "v1/order", orderId="-1"), -1130),
    ("taking back without a contract", act("DELETE", "v1/order", orderId="1", symbol=None), -1102),
    ("taking back all of everything", act("DELETE", "v1/allOpenOrders", symbol=None), -1102),
    ("looking for nobody's", act("GET", "v1/order", origClientOrderId="nobody"), -2013),
    ("looking for no number", act("GET", "v1/order", orderId="1e3"), -1130),
    ("looking for an empty name", act("GET", "v1/order", origClientOrderId=""), -1102),
    ("open orders of no contract", act("GET", "v1/openOrders", symbol="NOPE"), -1121),
    ("orders of everything", act("GET", "v1/allOrders", symbol=None), -1102),
    ("no orders", act("GET", "v1/allOrders", limit=0), -1130),
    ("fewer than no orders", act("GET", "v1/allOrders", limit=-5), -1130),
    ("too many orders", act("GET", "v1/allOrders", limit=1001), -1130),
    ("orders before all time", act("GET", "v1/allOrders", startTime=-1), -1130),
    ("orders from the end", act("GET", "v1/allOrders", startTime=2, endTime=1), -1023),
    ("too many fills", act("GET", "v1/userTrades", limit=1001), -1130),
    ("half a fill", act("GET", "v1/userTrades", limit="0.5"), -1130),
    ("fills of no time", act("GET", "v1/userTrades", startTime="noon"), -1130),
    ("fills of too long a time", act("GET", "v1/userTrades", startTime=1, endTime=10**9), -1127),
    ("fills from the end", act("GET", "v1/userTrades", startTime=2, endTime=1), -1023),
    ("fills from a number and a time", act("GET", "v1/userTrades", startTime=2, fromId=1), -1128),
    ("fills of no order", act("GET", "v1/userTrades", orderId="x"), -1130),
    ("income of no kind", act("GET", "v1/income", incomeType="GIFT"), -1130),
    ("too much income", act("GET", "v1/income", limit=1001), -1130),
    ("income of too long a time", act("GET", "v1/income", startTime=1, endTime=10**9), -1127),
    ("income of no page", act("GET", "v1/income", page="last"), -1130),
    ("income before the first page", act("GET", "v1/income", page=0), -1130),
    ("too many forced orders", act("GET", "v1/forceOrders", limit=101), -1130),
    ("fees of everything", act("GET", "v1/commissionRate", symbol=None), -1102),
    ("no leverage", act("POST", "v1/leverage"), -1102),
    ("leverage too high", act("POST", "v1/leverage", leverage=101), -4028),
    ("leverage of nothing", act("POST", "v1/leverage", leverage=0), -4028),
    ("leverage below nothing", act("POST", "v1/leverage", leverage=-3), -4028),
    ("a broken leverage", act("POST", "v1/leverage", leverage="2.5"), -4028),
    ("leverage of nobody knows what", act("POST", "v1/leverage", leverage="NaN"), -4028),
    ("leverage of no contract", act("POST", "v1/leverage", leverage=2, symbol=None), -1102),
    ("margin as it is", act("POST", "v1/marginType", marginType="CROSSED"), -4046),
    ("margin of no kind", act("POST", "v1/marginType", marginType="CROSS"), -1130),
    ("no margin", act("POST", "v1/marginType"), -1102),
    ("mode as it is", act("POST", "v1/positionSide/dual", dualSidePosition="false"), -4059),
    ("mode of no kind", act("POST", "v1/positionSide/dual", dualSidePosition="both"), -1130),
    ("no mode", act("POST", "v1/positionSide/dual"), -1102),
    ("moving by no page", act("GET", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", current=0), -1130),
    ("moving too many", act("GET", "/sapi/v1/asset/transfer", type="MAIN_UMFUTURE", size=101), -1130),
    ("moved by no way", act("GET", "/sapi/v1/asset/transfer", type="HOME"), -1130),
    ("a book of no depth", see("v1/depth", limit=0), -4021),
    ("a book of no such depth", see("v1/depth", limit=7), -4021),
    ("a book deeper than any", see("v1/depth", limit=10**18), -4021),
    ("a book of no number", see("v1/depth", limit="deep"), -1130),
    ("a book of no contract", see("v1/depth", symbol="NOPE"), -1121),
    ("a book of nothing", see("v1/depth", symbol=""), -1102),
    ("best prices of no contract", see("v1/ticker/bookTicker", symbol="NOPE"), -1121),
    ("candles of no interval", see("v1/klines"), -1102),
    ("candles of an unknown interval", see("v1/klines", interval="7m"), -1120),
    ("too many candles", see("v1/klines", interval="1m", limit=1501), -1130),
    ("candles from the end", see("v1/klines", interval="1m", startTime=2, endTime=1), -1023),
    ("too many rates", see("v1/fundingRate", limit=1001), -1130),
    ("fewer than no rates", see("v1/fundingRate", limit=-1), -1130),
]  # fmt: skip


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(("act", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_what_is_refused_comes_with_its_code_and_changes_nothing(
    act: Act, code: int, product: Product
) -> None:
    async with on_binance(product) as (street, customer):
        told = await act(customer)
        assert (told.status, told.body.get("code")) == (400, code), told.body
        assert set(told.body) == {"code", "msg"}
        assert street.office.orders("main") == ()
        assert street.office.transfers("main") == ()
        assert (street.office.leverages, street.office.hedge_mode) == ({}, {})
        assert street.office.exchange.accounts["main"].margin_mode == "cross"


@pytest.mark.parametrize(
    ("symbol", "least", "size", "price"),
    [("BTCUSDT", "100", "0.001", "70000"), ("ETHUSDT", "20", "0.001", "4000")],
)
async def test_an_order_has_a_smallest_value_unless_it_reduces(
    symbol: str, least: str, size: str, price: str
) -> None:
    async with on_binance() as (_, customer):
        told = await customer.order(symbol=symbol, quantity=size, price=price)
        assert told.code == -4164
        assert f"no smaller than {least} " in told.body["msg"]
        await customer.trade("BUY", "0.1", symbol=symbol)
        await customer.rest(symbol=symbol, quantity=size, price=price, reduceOnly="true")


@pytest.mark.parametrize("product", BOTH)
async def test_so_many_orders_rest_in_a_contract_and_no_more(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        size = "0.002" if product == "usdm" else "1"
        for _again in range(200):
            await customer.rest(quantity=size)
        told = await customer.order(quantity=size)
        assert (told.status, told.code) == (400, -2025)
        await customer.rest(symbol=ETH[product], price="4000", quantity="1")


async def test_an_order_has_a_smallest_size_where_that_is_more_than_a_step() -> None:
    async with on_binance() as (street, customer):
        contract = street.office.contract("BTC/USDT:USDT")
        street.office.exchange.relist(replace(contract, contracts_min=Contracts(Decimal("0.01"))))
        assert (await customer.order(quantity="0.009")).code == -4004
        await customer.rest(quantity="0.01")


async def test_stops_go_elsewhere_of_dollars_and_are_not_offered_of_coins() -> None:
    for product, code in (("usdm", -4120), ("coinm", -1020)):
        async with on_binance(product) as (street, customer):  # type: ignore[arg-type]
            for kind in ("STOP_MARKET", "TAKE_PROFIT", "TRAILING_STOP_MARKET"):
                assert (await customer.order(type=kind, stopPrice=None)).code == code
            assert street.office.orders("main") == ()


@pytest.mark.parametrize("product", BOTH)
async def test_parameters_that_say_nothing_are_taken(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        neutral = {"closePosition": "false", "priceMatch": "NONE", "workingType": "CONTRACT_PRICE"}
        placed = await customer.rest(**neutral, positionSide="BOTH", reduceOnly="false")
        assert placed["status"] == "NEW"


def test_every_reason_has_a_code() -> None:
    assert set(REFUSALS) == set(No)
    assert all(400 <= status < 600 and code < 0 and words for status, code, words in REFUSALS.values())


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize("done", ["filled", "cancelled"])
async def test_what_is_done_cannot_be_taken_back(product: Product, done: str) -> None:
    async with on_binance(product) as (_, customer):
        placed = await (customer.trade("SELL") if done == "filled" else customer.rest())
        asked = {"symbol": BTC[product], "orderId": placed["orderId"]}
        if done == "cancelled":
            await customer.delete("v1/order", **asked)
        told = await customer.ask("DELETE", "v1/order", **asked)
        assert (told.status, told.body) == (400, {"code": -2011, "msg": "Unknown order sent."})


@pytest.mark.parametrize("product", BOTH)
async def test_an_order_is_not_found_in_another_contract_nor_by_another_customer(product: Product) -> None:
    other = Key(key="other", secret="s", account="other")  # noqa: S106 - a test's
    async with on_binance(product, keys=(TEST_KEY, other)) as (street, customer):
        street.office.exchange.open_account("other", "cross", Decimal(3))
        placed = await customer.rest(newClientOrderId="hb")
        by_number = {"orderId": placed["orderId"]}
        assert (await customer.ask("DELETE", "v1/order", symbol=ETH[product], **by_number)).code == -2011
        stranger = Customer(street, customer._session, product, other)  # noqa: SLF001 - the same line to the venue
        for asked in (by_number, {"origClientOrderId": "hb"}):
            assert (await stranger.ask("GET", "v1/order", symbol=BTC[product], **asked)).code == -2013
            assert (await stranger.ask("DELETE", "v1/order", symbol=BTC[product], **asked)).code == -2011
        assert await stranger.get("v1/openOrders") == []
        assert len(street.office.open_orders("main")) == 1


@pytest.mark.parametrize("product", BOTH)
async def test_unknown_paths_and_methods_are_not_found(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        for method, path in (
            ("PUT", "v1/order"),
            ("POST", "v1/batchOrders"),
            ("POST", "v1/algoOrder"),
            ("GET", "v1/nope"),
            ("GET", "v1/order/"),
            ("GET", "/"),
            ("GET", "/%00"),
            ("GET", "/fapi/v1/%ff"),
            ("POST", "v1/openOrders"),
        ):
            told = await customer.ask(method, path)
            assert (told.status, told.code) == (404, -5000), path


# --- whatever is sent -----------------------------------------------------------------------------------------------

GARBAGE = (
    "",
    "0",
    "-1",
    "1e40",
    "NaN",
    "-Infinity",
    "9" * 19,
    LONG,
    "null",
    "[]",
    '{"a": 1}',
    "\x00",
    "\u00e4\u20bf\U0001f680",
    "' OR 1=1",
    "%",
    "{0.__class__}",
)
READ: dict[str, tuple[str, ...]] = {
    "place": (
        *("symbol", "side", "type", "quantity", "price", "timeInForce", "reduceOnly", "positionSide"),
        *("newClientOrderId", "newOrderRespType", "stopPrice"),
    ),
    "order": ("symbol", "orderId", "origClientOrderId"),
    "cancel": ("symbol", "orderId", "origClientOrderId"),
    "cancel_all": ("symbol",),
    "open_orders": ("symbol", "timestamp", "recvWindow"),
    "orders": ("symbol", "limit", "orderId", "startTime", "endTime"),
    "fills": ("symbol", "limit", "fromId", "orderId", "startTime", "endTime"),
    "forced": ("symbol", "limit", "autoCloseType", "startTime", "endTime"),
    "income": ("symbol", "limit", "incomeType", "page", "startTime", "endTime"),
    "positions": ("symbol", "pair", "marginAsset"),
    "tiers": ("symbol",),
    "fees": ("symbol",),
    "account": ("symbol",),
    "adl": ("symbol",),
    "leverage": ("symbol", "leverage"),
    "margin_mode": ("symbol", "marginType"),
    "position_mode": ("dualSidePosition",),
    "multi_assets": ("multiAssetsMargin",),
    "book": ("symbol", "limit"),
    "tickers": ("symbol", "pair"),
    "ticker_24h": ("symbol", "pair"),
    "premium": ("symbol", "pair"),
    "funding_history": ("symbol", "limit", "startTime", "endTime"),
    "candles": ("symbol", "limit", "interval", "startTime", "endTime"),
    "open_interest": ("symbol",),
    "spot_tickers": ("symbol",),
    "spot_candles": ("symbol", "interval", "limit", "startTime", "endTime"),
    "transfer": ("type", "asset", "amount"),
    "transfers": ("type", "size", "current", "startTime", "endTime"),
}
"""What is read of whoever asks for something."""
READ_NOTHING = frozenset(
    {"time", "contracts", "funding_info", "balance", "spot_contracts", "spot_account", "currencies", "key"}
)


def _proper(product: Product) -> dict[str, object]:
    """Give parameters that every path is content with, so that one wrong one is read."""
    return {
        "symbol": BTC[product],
        "interval": "1h",
        "limit": 5,
        "leverage": 3,
        "marginType": "ISOLATED",
        "dualSidePosition": "false",
        "type": "MAIN_UMFUTURE" if product == "usdm" else "MAIN_CMFUTURE",
        "asset": "BTC",
        "amount": "0.001",
    }


async def _sent(customer: Customer, route: Route, name: str, garbage: str) -> Told:
    if route.operation == "place":
        return await customer.order(**{name: garbage})
    asked = {**_proper(customer.product), name: garbage}
    if route.permission is None:
        return await customer.send("GET", route.path, urlencode(asked))
    return await customer.ask(route.method, route.path, **asked)


@pytest.mark.parametrize("product", BOTH)
async def test_whatever_is_sent_the_venue_answers_in_its_own_words(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        routes = [one for one in street.dialect.routes() if one.operation not in READ_NOTHING]
        for route in routes:
            for name in READ[route.operation]:
                for garbage in GARBAGE:
                    told = await _sent(customer, route, name, garbage)
                    assert told.status in {200, 400}, (route.path, name, garbage[:20], told.body)
                    if told.status == 400:
                        assert set(told.body) == {"code", "msg"}
                        assert (told.code < 0, len(told.body["msg"]) < 200) == (True, True), (name, told.body)


@pytest.mark.parametrize("product", BOTH)
async def test_raw_bytes_in_a_query_or_a_body_are_answered(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        prefix = "/fapi" if product == "usdm" else "/dapi"
        for text in (
            "signature=",
            "&signature=",
            "&signature=%ff",
            "a&signature=\u00e4",
            "&&&=&signature=0",
            "a=b" * 999,
            "%zz=%&signature=%",
        ):
            for method, path in (("GET", "v1/openOrders"), ("DELETE", "v1/order"), ("POST", "v1/order")):
                whole = f"{prefix}/{path}"
                told = await customer.send(method, whole, body=text)
                assert (told.status, told.code) in {(400, -1102), (400, -1022)}, (text, told.body)
                told = await customer.send(method, whole, quote(text, safe="&=%"))
                assert (told.status, told.code) in {(400, -1102), (400, -1022)}, (text, told.body)
        assert street.office.orders("main") == ()
