"""The dialect of Bybit, as an unmodified ccxt client meets it: orders and what became of them."""

import json
from decimal import Decimal

import ccxt
import pytest

from bot.core.values import Price
from tests.testexchange.bybit_street import (
    BTC,
    COIN,
    ETH,
    FAR_ABOVE,
    FAR_BELOW,
    HISTORY,
    buy,
    found,
    on_bybit,
    rest,
    sell,
)
from tests.testexchange.street import FROM_MS, Street

FEE = Decimal("0.0005")
BY_NAME = {"category": "linear", "symbol": "BTCUSDT"}


def sent(street: Street, operation: str) -> dict[str, object]:
    """Read what was sent last."""
    words: dict[str, object] = json.loads(street.last(operation)[0].body)
    return words


async def test_an_ack_says_two_names_and_nothing_else() -> None:
    async with on_bybit() as (street, client):
        placed = await rest(client, orderLinkId="hb-Mixed_1")
        told = json.loads(street.last("place")[1].body)["result"]
        assert told == {"orderId": placed["id"], "orderLinkId": "hb-Mixed_1"}
        assert (placed["status"], placed["filled"]) == (None, None)
        assert "positionIdx" not in sent(street, "place")
        unnamed = await rest(client)
        assert json.loads(street.last("place")[1].body)["result"]["orderLinkId"] == ""
        assert (await found(client, unnamed["id"]))["clientOrderId"] is None


async def test_an_order_rests_is_found_by_both_names_and_is_cancelled() -> None:
    async with on_bybit() as (_, client):
        placed = await rest(client, orderLinkId="hb-1")
        raw = await client.privateGetV5OrderRealtime({**BY_NAME, "orderLinkId": "hb-1"})
        assert [one["orderId"] for one in raw["result"]["list"]] == [placed["id"]]
        for one in (
            await found(client, placed["id"]),
            await client.fetch_open_order(placed["id"], BTC),
            (await client.fetch_open_orders(BTC))[0],
            (await client.fetch_open_orders())[0],
        ):
            assert (one["id"], one["clientOrderId"], one["status"]) == (placed["id"], "hb-1", "open")
            assert (one["amount"], one["filled"], one["price"]) == (Decimal("0.5"), 0, FAR_ABOVE)
            assert (one["remaining"], one["average"], one["reduceOnly"]) == (Decimal("0.5"), None, False)
        cancelled = await client.cancel_order(None, BTC, {"orderLinkId": "hb-1"})
        assert (cancelled["id"], cancelled["clientOrderId"]) == (placed["id"], "hb-1")
        assert await client.fetch_open_orders(BTC) == []
        done = await found(client, placed["id"])
        assert (done["status"], done["info"]["cancelType"]) == ("canceled", "CancelByUser")
        second = await rest(client)
        assert (await client.cancel_order(second["id"], BTC))["id"] == second["id"]


async def test_a_done_order_is_told_among_open_ones_by_its_name_only() -> None:
    async with on_bybit() as (_, client):
        await sell(client, orderLinkId="hb-done")
        assert await client.fetch_open_orders(BTC) == []
        for path in (client.privateGetV5OrderRealtime, client.privateGetV5OrderHistory):
            rows = (await path({**BY_NAME, "orderLinkId": "hb-done"}))["result"]["list"]
            assert [one["orderStatus"] for one in rows] == ["Filled"]
        recent = await client.privateGetV5OrderRealtime({**BY_NAME, "openOnly": 1})
        assert [one["orderLinkId"] for one in recent["result"]["list"]] == ["hb-done"]


@pytest.mark.parametrize(
    "asked",
    [
        {"orderLinkId": "nobody"},
        {"orderId": "17"},
        {"orderId": "None", "orderLinkId": "hb-1"},
        {"orderId": "00000000-0000-0000-0000-000000000011"},
    ],
)
async def test_an_order_nobody_knows_is_an_empty_list(asked: dict[str, str]) -> None:
    async with on_bybit() as (_, client):
        await rest(client, orderLinkId="hb-1")
        for path in (client.privateGetV5OrderRealtime, client.privateGetV5OrderHistory):
            answer = await path({**BY_NAME, **asked})
            assert (answer["retCode"], answer["result"]["list"]) == (0, [])
        with pytest.raises(ccxt.OrderNotFound):
            await found(client, "17")


async def test_a_name_without_its_number_is_lost_in_the_librarys_own_lookup() -> None:
    async with on_bybit() as (street, client):
        await rest(client, orderLinkId="hb-1")
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(None, BTC, {**HISTORY, "orderLinkId": "hb-1"})
        assert "orderId=None" in street.last("order")[0].query


async def test_orders_of_another_contract_or_category_are_not_told() -> None:
    async with on_bybit() as (_, client):
        placed = await rest(client, orderLinkId="hb-1")
        asked = {"category": "linear", "symbol": "ETHUSDT", "orderId": placed["id"]}
        assert (await client.privateGetV5OrderRealtime(asked))["result"]["list"] == []
        asked = {"category": "inverse", "orderId": placed["id"]}
        assert (await client.privateGetV5OrderRealtime(asked))["result"]["list"] == []
        await client.create_order(COIN, "limit", "sell", Decimal(3000), FAR_ABOVE)
        assert await client.fetch_open_orders(None, None, None, {"subType": "inverse"}) == [], (
            "settled in USDT is none"
        )
        assert [one["symbol"] for one in await client.fetch_open_orders(COIN)] == [COIN]
        assert await client.fetch_open_orders(BTC, None, None, {"trigger": True}) == []


async def test_all_orders_of_a_contract_or_of_a_coin_are_cancelled_and_no_others() -> None:
    async with on_bybit() as (_, client):
        for _again in range(2):
            await rest(client)
        await client.create_order(ETH, "limit", "sell", Decimal(1), Decimal(4000))
        await client.create_order(COIN, "limit", "sell", Decimal(3000), FAR_ABOVE)
        assert len(await client.cancel_all_orders(BTC)) == 2
        assert [one["symbol"] for one in await client.fetch_open_orders()] == [ETH]
        assert len(await client.cancel_all_orders()) == 1
        assert len(await client.fetch_open_orders(COIN)) == 1
        assert await client.cancel_all_orders(COIN) != []


async def test_a_post_only_order_that_would_take_is_acknowledged_and_then_cancelled() -> None:
    async with on_bybit() as (street, client):
        bid = street.office.exchange.touches[BTC].quote.bid
        params = {"postOnly": True, "orderLinkId": "hb-post"}
        placed = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), bid, params)
        assert sent(street, "place")["timeInForce"] == "PostOnly"
        order = await found(client, placed["id"])
        assert (order["status"], order["filled"], order["timeInForce"]) == ("canceled", 0, "PO")
        assert order["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
        assert (order["info"]["cancelType"], order["remaining"]) == ("UNKNOWN", 0)
        with pytest.raises(ccxt.InvalidOrder, match="110072"):
            await rest(client, orderLinkId="hb-post")


async def test_what_an_ioc_order_does_not_fill_is_cancelled() -> None:
    async with on_bybit() as (street, client):
        street.office.moods.partial_share = Decimal("0.6")
        params = {"timeInForce": "IOC"}
        placed = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), FAR_BELOW, params)
        order = await found(client, placed["id"])
        assert (order["status"], order["filled"], order["timeInForce"]) == ("canceled", Decimal("0.3"), "IOC")
        assert order["info"]["rejectReason"] == "EC_NoImmediateQtyToFill"
        assert [one["id"] for one in await client.fetch_canceled_orders(BTC)] == [placed["id"]]
        assert await client.fetch_closed_orders(BTC) == []
        [fill] = await client.fetch_my_trades(BTC)
        assert fill["info"]["leavesQty"] == "0.2"


async def test_a_partly_filled_order_is_open() -> None:
    async with on_bybit() as (street, client):
        placed = await rest(client)
        bid = street.office.exchange.touches[BTC].quote.bid
        street.office.exchange.traded(BTC, Price(bid), Price(FAR_ABOVE + 1), Decimal("0.2"))
        [order] = await client.fetch_open_orders(BTC)
        assert (order["id"], order["status"], order["remaining"]) == (placed["id"], "open", Decimal("0.3"))
        assert order["info"]["orderStatus"] == "PartiallyFilled"
        assert Decimal(order["info"]["cumExecValue"]) == FAR_ABOVE / 5
        await client.cancel_order(placed["id"], BTC)
        assert (await found(client, placed["id"]))["filled"] == Decimal("0.2")


async def test_reduce_only_closes_and_does_nothing_else() -> None:
    async with on_bybit() as (street, client):
        with pytest.raises(ccxt.InvalidOrder, match="110017"):
            await buy(client, reduceOnly=True)
        assert sent(street, "place")["reduceOnly"] is True
        await sell(client)
        with pytest.raises(ccxt.InvalidOrder, match="110017"):
            await sell(client, reduceOnly=True)
        back = await buy(client, reduceOnly=True)
        assert (await found(client, back["id"]))["reduceOnly"] is True
        assert await client.fetch_positions() == []


async def test_a_buy_turns_a_short_around_without_a_word() -> None:
    async with on_bybit() as (_, client):
        await sell(client)
        await buy(client, "0.8")
        [held] = await client.fetch_positions()
        assert (held["side"], held["contracts"]) == ("long", Decimal("0.3"))


async def test_hedge_mode_takes_no_orders_here() -> None:
    async with on_bybit() as (street, client):
        await client.set_position_mode(hedged=True, symbol=BTC)
        for hedged in (False, True):
            with pytest.raises(ccxt.BadRequest, match=r"10001.*position idx"):
                await sell(client, hedged=hedged)
        assert sent(street, "place")["positionIdx"] == 2
        await client.set_position_mode(hedged=False, symbol=BTC)
        with pytest.raises(ccxt.BadRequest, match=r"10001.*position idx"):
            await sell(client, hedged=True)
        assert street.office.orders("main") == ()


@pytest.mark.parametrize(("symbol", "amount"), [(BTC, "0.5"), (COIN, "3000")])
async def test_fills_have_a_fee_a_role_and_what_they_realised(symbol: str, amount: str) -> None:
    async with on_bybit() as (street, client):
        order = await sell(client, amount, symbol, orderLinkId="hb-1")
        quote, contract = street.office.exchange.touches[symbol].quote, street.office.contract(symbol)
        [fill] = await client.fetch_my_trades(symbol)
        row, value = fill["info"], contract.value(Decimal(amount), quote.bid)
        assert (fill["order"], fill["side"], fill["amount"], fill["price"]) == (
            order["id"],
            "sell",
            Decimal(amount),
            quote.bid,
        )
        assert (fill["takerOrMaker"], row["orderLinkId"], row["closedSize"]) == ("taker", "hb-1", "0")
        assert Decimal(row["execValue"]) == value
        assert Decimal(row["execFee"]) == pytest.approx(value * FEE)
        assert Decimal(row["feeRate"]) == FEE
        back = await buy(client, amount, symbol, reduceOnly=True)
        [closing] = await client.fetch_order_trades(back["id"], symbol)
        assert closing["info"]["closedSize"] == amount
        assert Decimal(closing["info"]["execPnl"]) < 0, "the spread"
        assert await client.fetch_my_trades(ETH) == []


async def test_a_resting_order_is_filled_as_maker() -> None:
    async with on_bybit() as (street, client):
        quote = street.office.exchange.touches[BTC].quote
        price = quote.ask + 20
        params = {"postOnly": True}
        placed = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), price, params)
        street.office.exchange.traded(BTC, Price(quote.bid), Price(price + 1), Decimal(10))
        order = await found(client, placed["id"])
        assert (order["status"], order["average"]) == ("closed", price)
        assert Decimal(order["info"]["cumFeeDetail"]["USDT"]) == price / 2 * Decimal("0.0002")
        [fill] = await client.fetch_my_trades(BTC)
        assert (fill["takerOrMaker"], fill["info"]["orderType"]) == ("maker", "Limit")


async def test_fills_are_told_newest_first_page_by_page() -> None:
    async with on_bybit() as (street, client):
        orders = []
        for _again in range(5):
            street.pass_time(1)
            orders.append((await sell(client, "0.01"))["id"])
        told, cursor, pages = [], "", 0
        while True:
            asked = {**BY_NAME, "limit": 2, "cursor": cursor, "startTime": FROM_MS, "endTime": street.now_ms}
            page = (await client.privateGetV5ExecutionList(asked))["result"]
            told += [one["orderId"] for one in page["list"]]
            cursor, pages = page["nextPageCursor"], pages + 1
            if not cursor:
                break
        assert (told, pages) == (orders[::-1], 3)
        both = await client.privateGetV5ExecutionList({"category": "linear"})
        assert len(both["result"]["list"]) == 5, "a category's, without a symbol"
        assert [one["order"] for one in await client.fetch_my_trades(BTC, limit=1)] == [orders[-1]]
        history = await client.privateGetV5OrderHistory({"category": "linear", "limit": 2})
        assert [one["orderId"] for one in history["result"]["list"]] == orders[:-3:-1]
        assert history["result"]["nextPageCursor"] == "2"


async def test_a_replica_that_lags_knows_no_new_order() -> None:
    async with on_bybit() as (street, client):
        street.office.moods.forget_ms = 5000
        placed, done = await rest(client, orderLinkId="new"), await sell(client)
        for number in (placed["id"], done["id"]):
            with pytest.raises(ccxt.OrderNotFound):
                await found(client, number)
        with pytest.raises(ccxt.OrderNotFound, match="110001"):
            await client.cancel_order(placed["id"], BTC)
        assert await client.fetch_open_orders(BTC) == []
        assert await client.fetch_canceled_and_closed_orders(BTC) == []
        street.pass_time(6)
        assert (await found(client, placed["id"]))["clientOrderId"] == "new"
        assert len(await client.fetch_closed_orders(BTC)) == 1
