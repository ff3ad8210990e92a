"""The dialect of Binance, both products, word for word: orders and what became of them."""

from decimal import Decimal

import pytest

from bot.core.values import Price
from tests.testexchange.binance_street import (
    BOTH,
    BTC,
    ETH,
    FAR_ABOVE,
    FAR_BELOW,
    SIZE,
    SYMBOLS,
    Customer,
    Product,
    on_binance,
)
from tests.testexchange.street import FROM_MS

FEE = Decimal("0.0005")
DAY = 24 * 3600


@pytest.mark.parametrize("product", BOTH)
async def test_an_order_rests_is_found_by_both_names_and_is_cancelled(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        placed = await customer.rest(newClientOrderId="hb-Mixed_1/a:b.c")
        assert (placed["status"], placed["clientOrderId"]) == ("NEW", "hb-Mixed_1/a:b.c")
        assert "time" not in placed
        symbol = {"symbol": BTC[product]}
        for found in (
            await customer.get("v1/order", **symbol, orderId=placed["orderId"]),
            await customer.get("v1/order", **symbol, origClientOrderId="hb-Mixed_1/a:b.c"),
            *await customer.get("v1/openOrders", **symbol),
            *await customer.get("v1/openOrders"),
            *await customer.get("v1/allOrders", **symbol),
        ):
            assert found["orderId"] == placed["orderId"]
            assert (found["side"], found["type"], found["timeInForce"]) == ("SELL", "LIMIT", "GTC")
            assert (found["origQty"], found["executedQty"], found["price"]) == (SIZE[product], "0", FAR_ABOVE)
            assert (found["reduceOnly"], found["positionSide"], found["time"]) == (False, "BOTH", FROM_MS)
        street.pass_time(5)
        gone = await customer.delete("v1/order", **symbol, origClientOrderId="hb-Mixed_1/a:b.c")
        assert (gone["status"], gone["orderId"], gone["cumQty"]) == ("CANCELED", placed["orderId"], "0")
        assert await customer.get("v1/openOrders", **symbol) == []
        after = await customer.get("v1/order", **symbol, orderId=placed["orderId"])
        assert (after["status"], after["updateTime"]) == ("CANCELED", FROM_MS + 5_000)


@pytest.mark.parametrize("product", BOTH)
async def test_the_venues_number_goes_before_the_customers_name(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        one, other = (
            await customer.rest(newClientOrderId="one"),
            await customer.rest(newClientOrderId="other"),
        )
        both = {"symbol": BTC[product], "orderId": one["orderId"], "origClientOrderId": "other"}
        assert (await customer.delete("v1/order", **both))["orderId"] == one["orderId"]
        [left] = await customer.get("v1/openOrders", symbol=BTC[product])
        assert left["orderId"] == other["orderId"]


@pytest.mark.parametrize("product", BOTH)
async def test_a_nameless_order_gets_a_name(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        names = {(await customer.rest())["clientOrderId"] for _ in range(2)}
        assert len(names) == 2
        assert all(0 < len(name) <= 36 for name in names)


@pytest.mark.parametrize("product", BOTH)
async def test_an_order_is_acknowledged_as_it_came_in_unless_its_result_is_asked_for(
    product: Product,
) -> None:
    async with on_binance(product) as (_, customer):
        for asked in ({"newOrderRespType": None}, {"newOrderRespType": "ACK"}):
            told = await customer.trade("SELL", **asked)
            assert (told["status"], told["executedQty"], told["avgPrice"]) == ("NEW", "0", "0")
            found = await customer.get("v1/order", symbol=BTC[product], orderId=told["orderId"])
            assert (found["status"], found["executedQty"]) == ("FILLED", SIZE[product])
        told = await customer.trade("SELL")
        assert (told["status"], told["executedQty"], told["cumQty"]) == (
            "FILLED",
            SIZE[product],
            SIZE[product],
        )


@pytest.mark.parametrize(("product", "worth"), [("usdm", "cumQuote"), ("coinm", "cumBase")])
async def test_a_market_order_fills_at_the_touch(product: Product, worth: str) -> None:
    async with on_binance(product) as (street, customer):
        told, quote = await customer.trade("SELL"), street.office.exchange.touches[SYMBOLS[product]].quote
        assert (told["type"], told["timeInForce"], told["price"]) == ("MARKET", "GTC", "0")
        assert Decimal(told["avgPrice"]) == quote.bid
        contract = street.office.contract(SYMBOLS[product])
        assert Decimal(told[worth]) == pytest.approx(contract.value(Decimal(SIZE[product]), quote.bid))


@pytest.mark.parametrize("product", BOTH)
async def test_post_only_rests_or_is_refused(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        told = await customer.order(timeInForce="GTX", price=FAR_BELOW)
        assert (told.status, told.code) == (400, -5022)
        assert street.office.orders("main") == ()
        rests = await customer.rest(timeInForce="GTX")
        assert (rests["status"], rests["timeInForce"]) == ("NEW", "GTX")


@pytest.mark.parametrize(
    ("product", "side", "price", "share", "status", "filled"),
    [
        ("usdm", "SELL", FAR_BELOW, None, "FILLED", "0.5"),
        ("usdm", "SELL", FAR_BELOW, "0.4", "EXPIRED", "0.2"),
        ("usdm", "SELL", FAR_ABOVE, None, "EXPIRED", "0"),
        ("usdm", "BUY", FAR_ABOVE, "0.4", "EXPIRED", "0.2"),
        ("coinm", "SELL", FAR_BELOW, None, "FILLED", "300"),
        ("coinm", "SELL", FAR_BELOW, "0.5", "EXPIRED", "150"),
        ("coinm", "BUY", FAR_BELOW, None, "EXPIRED", "0"),
    ],
)
async def test_ioc_fills_what_it_can_and_expires(
    product: Product, side: str, price: str, share: str | None, status: str, filled: str
) -> None:
    async with on_binance(product) as (street, customer):
        street.office.moods.partial_share = None if share is None else Decimal(share)
        told = await customer.rest(side=side, price=price, timeInForce="IOC", newClientOrderId="hb")
        assert (told["status"], told["executedQty"], told["timeInForce"]) == (status, filled, "IOC")
        found = await customer.get("v1/order", symbol=BTC[product], origClientOrderId="hb")
        assert (found["status"], found["executedQty"]) == (status, filled)
        assert await customer.get("v1/openOrders") == []


@pytest.mark.parametrize("product", BOTH)
async def test_reduce_only_reduces_and_never_turns(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        assert (await customer.order(side="BUY", price=FAR_ABOVE, reduceOnly="true")).code == -2022
        await customer.trade("SELL")
        assert (await customer.order(reduceOnly="true")).code == -2022, "the same side again"
        size = str(2 * Decimal(SIZE[product]))
        told = await customer.trade("BUY", size, reduceOnly="true")
        assert (told["reduceOnly"], told["executedQty"]) == (True, SIZE[product]), "no more than is held"
        version = "v3" if product == "usdm" else "v1"
        rows = await customer.get(f"{version}/positionRisk")
        assert all(one["positionAmt"] == "0" for one in rows)


@pytest.mark.parametrize("product", BOTH)
async def test_a_name_is_taken_while_its_order_is_open_and_goes_to_the_last(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        first = await customer.rest(newClientOrderId="hb")
        told = await customer.order(newClientOrderId="hb")
        assert (told.status, told.code) == (400, -4116)
        assert len(street.office.orders("main")) == 1
        await customer.delete("v1/order", symbol=BTC[product], origClientOrderId="hb")
        second = await customer.trade("SELL", newClientOrderId="hb")
        third = await customer.trade("SELL", newClientOrderId="hb")
        assert len({first["orderId"], second["orderId"], third["orderId"]}) == 3, (
            "sent again after a fill: filled again"
        )
        found = await customer.get("v1/order", symbol=BTC[product], origClientOrderId="hb")
        assert found["orderId"] == third["orderId"]


@pytest.mark.parametrize("product", BOTH)
async def test_all_orders_of_a_contract_are_cancelled_and_no_others(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        for _ in range(3):
            await customer.rest()
        size = "1" if product == "usdm" else "100"
        other = await customer.rest(symbol=ETH[product], price="4000", quantity=size)
        await customer.delete("v1/allOpenOrders", symbol=BTC[product])
        assert [one["orderId"] for one in await customer.get("v1/openOrders")] == [other["orderId"]]


@pytest.mark.parametrize("product", BOTH)
async def test_orders_are_listed_from_a_number_or_a_time(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        numbers = []
        for _ in range(4):
            numbers.append((await customer.rest())["orderId"])
            street.pass_time(60)

        async def listed(**asked: object) -> list[int]:
            rows = await customer.get("v1/allOrders", symbol=BTC[product], **asked)
            return [numbers.index(one["orderId"]) for one in rows]

        assert await listed() == [0, 1, 2, 3]
        assert await listed(limit=2) == [2, 3], "the last"
        assert await listed(orderId=numbers[1], limit=2) == [1, 2], "the first from there"
        assert await listed(startTime=FROM_MS + 60_000, limit=1) == [1]
        assert await listed(startTime=FROM_MS + 60_000, endTime=FROM_MS + 120_000) == [1, 2]
        assert await customer.get("v1/allOrders", symbol=ETH[product]) == []


@pytest.mark.parametrize("product", BOTH)
async def test_a_replica_that_lags_knows_no_young_orders(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        street.office.moods.forget_ms = 2_000
        await customer.rest(newClientOrderId="hb")
        by_name = {"symbol": BTC[product], "origClientOrderId": "hb"}
        assert (await customer.ask("GET", "v1/order", **by_name)).code == -2013
        assert (await customer.ask("DELETE", "v1/order", **by_name)).code == -2011
        assert await customer.get("v1/openOrders") == []
        street.pass_time(2)
        assert (await customer.get("v1/order", **by_name))["status"] == "NEW"


# --- fills ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "worth", "coin"), [("usdm", "quoteQty", "USDT"), ("coinm", "baseQty", "BTC")]
)
async def test_fills_say_what_was_paid_and_made(product: Product, worth: str, coin: str) -> None:
    async with on_binance(product) as (street, customer):
        opening, quote = await customer.trade("SELL"), street.office.exchange.touches[SYMBOLS[product]].quote
        closing = await customer.trade("BUY")
        sold, bought = await customer.get("v1/userTrades", symbol=BTC[product])
        contract = street.office.contract(SYMBOLS[product])
        value = contract.value(Decimal(SIZE[product]), quote.bid)
        assert (sold["orderId"], bought["orderId"]) == (opening["orderId"], closing["orderId"])
        assert (sold["side"], sold["buyer"], sold["maker"], sold["time"]) == ("SELL", False, False, FROM_MS)
        assert (Decimal(sold["price"]), sold["qty"]) == (quote.bid, SIZE[product])
        assert Decimal(sold[worth]) == pytest.approx(value)
        assert Decimal(sold["commission"]) == pytest.approx(value * FEE)
        assert (sold["commissionAsset"], sold["marginAsset"], sold["realizedPnl"]) == (coin, coin, "0")
        assert Decimal(bought["realizedPnl"]) < 0, "the spread"


async def _ids(customer: Customer, **asked: object) -> list[int]:
    rows = await customer.get("v1/userTrades", symbol=BTC[customer.product], **asked)
    return [one["id"] for one in rows]


@pytest.mark.parametrize("product", BOTH)
async def test_fills_are_listed_by_time_by_number_and_by_order(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        size = "0.1" if product == "usdm" else "10"
        orders = []
        for _ in range(4):
            orders.append(await customer.trade("SELL", size))
            street.pass_time(60)
        ids = await _ids(customer)
        assert ids == sorted(ids)
        assert len(ids) == 4
        assert await _ids(customer, limit=2) == ids[2:], "the last"
        assert await _ids(customer, fromId=ids[1], limit=2) == ids[1:3]
        assert await _ids(customer, startTime=FROM_MS + 60_000, limit=2) == ids[1:3]
        assert await _ids(customer, endTime=FROM_MS + 60_000) == ids[:2]
        assert await _ids(customer, orderId=orders[2]["orderId"]) == [ids[2]]
        assert await customer.get("v1/userTrades", symbol=ETH[product]) == []


@pytest.mark.parametrize("product", BOTH)
async def test_fills_are_told_a_week_at_a_time(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        await customer.trade("SELL")
        [old] = await _ids(customer)
        street.pass_time(8 * DAY)
        assert await _ids(customer) == [], "the last week's"
        assert await _ids(customer, startTime=FROM_MS) == [old]
        assert await _ids(customer, fromId=old) == [old]
        week = {"startTime": FROM_MS, "endTime": FROM_MS + 7 * DAY * 1000}
        assert await _ids(customer, **week) == [old]
        longer = {"startTime": FROM_MS, "endTime": FROM_MS + 7 * DAY * 1000 + 1}
        assert (await customer.ask("GET", "v1/userTrades", symbol=BTC[product], **longer)).code == -1127


@pytest.mark.parametrize("product", BOTH)
async def test_who_rests_pays_the_makers_fee(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        quote, contract = (
            street.office.exchange.touches[SYMBOLS[product]].quote,
            street.office.contract(SYMBOLS[product]),
        )
        price = Price(quote.ask + 20)
        placed = await customer.rest(price=price, timeInForce="GTX")
        part = Decimal(SIZE[product]) / 2
        street.office.exchange.traded(SYMBOLS[product], Price(quote.bid), Price(price + 1), part)
        by_number = {"symbol": BTC[product], "orderId": placed["orderId"]}
        found = await customer.get("v1/order", **by_number)
        assert (found["status"], Decimal(found["executedQty"])) == ("PARTIALLY_FILLED", part)
        assert Decimal(found["avgPrice"]) == price
        [fill] = await customer.get("v1/userTrades", symbol=BTC[product])
        assert (fill["maker"], Decimal(fill["price"])) == (True, price)
        fee = contract.value(part, price) * contract.fee_maker
        assert Decimal(fill["commission"]) == pytest.approx(fee, rel=Decimal("0.0001"))
        gone = await customer.delete("v1/order", **by_number)
        assert (gone["status"], Decimal(gone["cumQty"])) == ("CANCELED", part)
