"""The dialect of BingX, as an unmodified ccxt client meets it."""

from decimal import Decimal

import ccxt
import pytest

from bot.core.values import Price
from tests.testexchange.bingx_street import FAR_ABOVE, FAR_BELOW, INVERSE, LINEAR, on_bingx, rest, sell
from tests.testexchange.street import FROM_MS

HOUR = 3600
BOTH = pytest.mark.parametrize(("symbol", "amount"), [(LINEAR, "0.5"), (INVERSE, "5")])


@pytest.mark.parametrize(
    ("symbol", "size", "step", "tick", "least", "linear"),
    [
        (LINEAR, 1, "0.0001", "0.1", 2, True),
        ("ETH/USDT:USDT", 1, "0.01", "0.01", 2, True),
        (INVERSE, 100, None, "0.1", 100, False),
        ("ETH/USD:ETH", 10, None, "0.01", 10, False),
    ],
)
async def test_markets_load_with_the_venues_units(
    symbol: str, size: int, step: str | None, tick: str, least: int, *, linear: bool
) -> None:
    async with on_bingx() as (_, client):
        market = client.market(symbol)
    assert market["contractSize"] == size
    assert market["precision"] == {"amount": None if step is None else Decimal(step), "price": Decimal(tick)}
    assert (market["linear"], market["inverse"], market["active"], market["expiry"]) == (
        linear,
        not linear,
        True,
        None,
    )
    assert market["limits"]["cost"]["min"] == least


async def test_spot_pairs_coins_and_the_clock_are_told() -> None:
    async with on_bingx() as (street, client):
        assert client.market("BTC/USDT")["spot"]
        assert set(await client.fetch_currencies()) == {"USDT", "BTC", "ETH"}
        street.office.moods.clock_skew_ms = 700
        assert await client.fetch_time() == FROM_MS + 700


async def test_wallets_are_told_by_product_and_spot() -> None:
    async with on_bingx() as (_, client):
        await sell(client)
        linear = await client.fetch_balance()
        assert linear["USDT"]["used"] == Decimal(linear["info"]["data"][0]["usedMargin"]) > 0
        row = linear["info"]["data"][0]
        assert Decimal(row["equity"]) == Decimal(row["balance"]) + Decimal(row["unrealizedProfit"])
        assert Decimal(row["balance"]) == 100_000 - Decimal("15.01775")
        inverse = await client.fetch_balance({"type": "swap", "subType": "inverse"})
        assert inverse["total"] == {"BTC": 2, "ETH": 20}
        spot = await client.fetch_balance({"type": "spot"})
        assert spot["total"] == {"USDT": 50_000, "BTC": 1, "ETH": 10}


async def test_a_linear_short_is_both_and_signed() -> None:
    async with on_bingx() as (street, client):
        assert await client.fetch_positions() == []
        await sell(client)
        [held] = await client.fetch_positions()
        quote = street.office.exchange.touches[LINEAR].quote
    assert (held["side"], held["contracts"], held["marginMode"], held["leverage"]) == (
        "both",
        Decimal("-0.5"),
        "cross",
        3,
    )
    assert (held["entryPrice"], held["markPrice"]) == (quote.bid, quote.mark)
    assert held["notional"] == quote.mark / 2
    assert held["liquidationPrice"] > 2 * quote.mark
    assert held["initialMargin"] == pytest.approx(held["notional"] / 3)


async def test_an_inverse_short_counts_contracts_and_does_not_say_its_value() -> None:
    async with on_bingx() as (_, client):
        await sell(client, INVERSE, "5")
        [held] = await client.fetch_positions([INVERSE])
        assert (held["side"], held["contracts"], held["notional"]) == ("both", -5, None)
        assert await client.fetch_positions([LINEAR]) == []
        assert (await client.fetch_position(INVERSE))["contracts"] == -5


async def test_positions_can_be_answered_empty() -> None:
    async with on_bingx() as (street, client):
        await sell(client)
        street.office.moods.empty_positions = True
        assert await client.fetch_positions() == []


@BOTH
async def test_books_are_shown(symbol: str, amount: str) -> None:
    async with on_bingx() as (street, client):
        book = await client.fetch_order_book(symbol, 5)
        quote = street.office.exchange.touches[symbol].quote
    assert amount
    assert (len(book["bids"]), book["timestamp"]) == (5, FROM_MS)
    assert [Decimal(str(one)) for one in book["bids"][0]] == [quote.bid, quote.bid_contracts]


async def test_best_prices_and_days_are_shown() -> None:
    async with on_bingx() as (street, client):
        quote = street.office.exchange.touches[LINEAR].quote
        best = (await client.fetch_bids_asks([LINEAR]))[LINEAR]
        assert (best["bid"], best["ask"]) == (quote.bid, quote.ask)
        spot = (await client.fetch_bids_asks(["BTC/USDT"]))["BTC/USDT"]
        assert spot["bid"] < quote.index < spot["ask"]
        day = await client.fetch_ticker(LINEAR)
        assert day["low"] <= day["bid"] < day["ask"] <= day["high"]
        assert day["info"]["priceChangePercent"].endswith("%")
        assert set(await client.fetch_tickers([INVERSE, "ETH/USD:ETH"])) == {INVERSE, "ETH/USD:ETH"}
        assert (await client.fetch_ticker("BTC/USDT"))["last"] == quote.index


@BOTH
async def test_mark_index_and_next_funding_are_told(symbol: str, amount: str) -> None:
    async with on_bingx() as (street, client):
        told = await client.fetch_funding_rate(symbol)
        quote = street.office.exchange.touches[symbol].quote
    assert amount
    assert (told["markPrice"], told["indexPrice"]) == (quote.mark, quote.index)
    assert told["nextFundingTimestamp"] == FROM_MS + 8 * HOUR * 1000
    assert told["interval"] == ("8h" if symbol == LINEAR else None)


async def test_candles_and_open_interest_are_told_for_both_products() -> None:
    async with on_bingx() as (street, client):
        for symbol in (LINEAR, INVERSE):
            candles = await client.fetch_ohlcv(symbol, "1h", since=FROM_MS - 3 * HOUR * 1000, limit=3)
            assert [one[0] for one in candles] == [FROM_MS - hours * HOUR * 1000 for hours in (3, 2, 1)]
            assert all(one[3] <= one[4] <= one[2] for one in candles)
        raw = street.last("candles")[1].body
        assert raw.index(str(FROM_MS - HOUR * 1000)) < raw.index(str(FROM_MS - 3 * HOUR * 1000)), (
            "newest first"
        )
        assert Decimal((await client.fetch_open_interest(LINEAR))["info"]["openInterest"]) > 10**6
        assert Decimal((await client.fetch_open_interest(INVERSE))["info"]["openInterest"]) > 0


async def test_funding_is_paid_to_shorts_and_told_in_both_histories() -> None:
    async with on_bingx() as (street, client):
        await sell(client)
        street.pass_time(8 * HOUR + 60)
        [paid] = await client.fetch_funding_history(LINEAR)
        rate = (await client.fetch_funding_rate_history(LINEAR))[-1]
        assert paid["timestamp"] == rate["timestamp"] == FROM_MS + 8 * HOUR * 1000
        assert paid["code"] == "USDT"
        assert (paid["amount"] > 0) == (rate["fundingRate"] > 0)
        assert (await client.fetch_balance())["info"]["data"][0]["balance"] == str(
            100_000 - Decimal("15.01775") + paid["amount"]
        )
        rows = (await client.swapV2PrivateGetUserIncome({}))["data"]
        assert [one["incomeType"] for one in rows] == ["FUNDING_FEE", "TRADING_FEE", "TRANSFER"]
        assert (await client.swapV2PrivateGetUserIncome({"symbol": "ETH-USDT"}))["data"] == []


async def test_margin_tiers_are_told_for_linear_contracts() -> None:
    async with on_bingx() as (street, client):
        told = await client.fetch_market_leverage_tiers(LINEAR)
        tiers = street.office.contract(LINEAR).tiers
    assert [one["maintenanceMarginRate"] for one in told] == [one.maintenance_rate for one in tiers]
    assert [one["minNotional"] for one in told] == [one.value_min for one in tiers]


@BOTH
async def test_an_order_rests_is_found_by_both_ids_and_is_cancelled(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        placed = await rest(client, symbol, amount, clientOrderId="HB-Mixed_1")
        assert placed["clientOrderId"] == "hb-mixed_1", "kept in lower case"
        assert int(placed["id"]) > 2**53
        for found in (
            await client.fetch_order(placed["id"], symbol),
            await client.fetch_order("", symbol, {"clientOrderId": "HB-MIXED_1"}),
            (await client.fetch_open_orders(symbol))[0],
        ):
            assert (found["id"], found["clientOrderId"], found["status"]) == (
                placed["id"],
                "hb-mixed_1",
                "open",
            )
            assert (found["amount"], found["filled"], found["price"]) == (Decimal(amount), 0, FAR_BELOW)
        cancelled = await client.cancel_order("", symbol, {"clientOrderId": "HB-Mixed_1"})
        assert cancelled["status"] == "canceled"
        assert await client.fetch_open_orders(symbol) == []
        assert (await client.fetch_order(placed["id"], symbol))["status"] == "canceled"
        with pytest.raises(ccxt.OrderNotFound, match="80016"):
            await client.cancel_order(placed["id"], symbol)


@BOTH
async def test_all_orders_of_one_product_are_cancelled(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        for one in (symbol, symbol):
            await rest(client, one, amount)
        other, size = (INVERSE, "5") if symbol == LINEAR else (LINEAR, "0.5")
        await rest(client, other, size)
        assert len(await client.cancel_all_orders(symbol)) == 2
        assert await client.fetch_open_orders(symbol) == []
        assert len(await client.fetch_open_orders(other)) == 1


@BOTH
async def test_history_lists_what_is_done(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        await sell(client, symbol, amount)
        await rest(client, symbol, amount)
        [done] = await client.fetch_canceled_and_closed_orders(symbol)
        assert (done["status"], done["side"], done["type"]) == ("closed", "sell", "market")
        dollars = Decimal(amount) * 100
        assert done["filled"] == (Decimal(amount) if symbol == LINEAR else dollars), (
            "inverse history counts dollars"
        )
        assert len(await client.fetch_orders(LINEAR)) == (2 if symbol == LINEAR else 0)


async def test_linear_fills_have_no_id_and_do_not_say_who_made_them() -> None:
    async with on_bingx() as (street, client):
        order = await sell(client)
        [fill] = await client.fetch_my_trades(LINEAR)
        assert (fill["id"], fill["takerOrMaker"], fill["order"]) == (None, None, order["id"])
        assert (fill["side"], fill["amount"]) == ("sell", Decimal("0.5"))
        quote = street.office.exchange.touches[LINEAR].quote
        assert Decimal(fill["info"]["commission"]) == -quote.bid / 2 * Decimal("0.0005")
        assert fill["info"]["filledTime"] == "2026-03-02T16:00:00.000+0800"
        [detail] = (
            await client.swapV2PrivateGetTradeFillHistory(
                {"symbol": "BTC-USDT", "startTs": 0, "endTs": FROM_MS}
            )
        )["data"]["fill_history_orders"]
        assert (detail["role"], detail["orderId"], detail["qty"]) == ("taker", order["id"], "0.5")
        assert int(detail["tradeId"]) > 2**53


async def test_an_inverse_fill_is_asked_for_by_its_order() -> None:
    async with on_bingx() as (_, client):
        order = await sell(client, INVERSE, "5")
        [fill] = await client.fetch_my_trades(INVERSE, params={"orderId": order["id"]})
        assert (fill["takerOrMaker"], fill["amount"], fill["side"], fill["info"]["currency"]) == (
            "taker",
            5,
            "sell",
            "BTC",
        )
        assert Decimal(fill["info"]["commission"]) < 0
        with pytest.raises(ccxt.BadRequest, match="109400"):
            await client.cswapV1PrivateGetTradeAllFillOrders({})


async def test_a_resting_order_is_filled_as_maker() -> None:
    async with on_bingx() as (street, client):
        quote = street.office.exchange.touches[LINEAR].quote
        price = quote.ask + 20
        order = await client.create_order(LINEAR, "limit", "sell", Decimal("0.5"), price, {"postOnly": True})
        assert street.last("place")[0].params()["timeInForce"] == "PostOnly"
        street.office.exchange.traded(LINEAR, Price(quote.bid), Price(price + 1), Decimal(10))
        found = await client.fetch_order(order["id"], LINEAR)
        assert (found["status"], found["average"], found["info"]["timeInForce"]) == (
            "closed",
            price,
            "PostOnly",
        )
        params = {"symbol": "BTC-USDT", "startTs": 0, "endTs": FROM_MS}
        [detail] = (await client.swapV2PrivateGetTradeFillHistory(params))["data"]["fill_history_orders"]
        assert detail["role"] == "maker"
        assert Decimal(detail["commission"]) == -price / 2 * Decimal("0.0002")


@BOTH
async def test_what_an_ioc_order_does_not_fill_is_cancelled(symbol: str, amount: str) -> None:
    async with on_bingx() as (street, client):
        street.office.moods.partial_share = Decimal("0.6")
        order = await client.create_order(
            symbol, "limit", "sell", Decimal(amount), FAR_BELOW, {"timeInForce": "IOC"}
        )
        found = await client.fetch_order(order["id"], symbol)
        assert (found["status"], found["filled"]) == ("canceled", Decimal(amount) * Decimal("0.6"))
        assert await client.fetch_open_orders(symbol) == []


@BOTH
async def test_reduce_only_closes_and_does_not_open(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        await sell(client, symbol, amount)
        params = {"reduceOnly": True}
        back = await client.create_order(symbol, "market", "buy", Decimal(amount), None, params)
        assert (await client.fetch_order(back["id"], symbol))["reduceOnly"] is True
        assert await client.fetch_positions([symbol]) == []
        with pytest.raises(ccxt.InvalidOrder, match="101205"):
            await client.create_order(symbol, "market", "buy", Decimal(amount), None, params)


async def test_an_order_is_not_found_by_name_after_two_hours_nor_while_a_replica_lags() -> None:
    async with on_bingx() as (street, client):
        order = await rest(client, clientOrderId="old")
        street.office.moods.forget_ms = 5000
        for params in ({"clientOrderId": "old"}, {"orderId": order["id"]}):
            with pytest.raises(ccxt.OrderNotFound, match="80016"):
                await client.fetch_order("", LINEAR, params)
        assert await client.fetch_open_orders(LINEAR) == []
        street.pass_time(6)
        assert (await client.fetch_order("", LINEAR, {"clientOrderId": "old"}))["id"] == order["id"]
        street.pass_time(2 * HOUR)
        with pytest.raises(ccxt.OrderNotFound, match="80016"):
            await client.fetch_order("", LINEAR, {"clientOrderId": "old"})
        assert (await client.fetch_order(order["id"], LINEAR))["status"] == "open"


async def test_a_price_far_above_rests_as_a_sale() -> None:
    async with on_bingx() as (_, client):
        order = await client.create_order(LINEAR, "limit", "sell", Decimal("0.5"), FAR_ABOVE)
        found = await client.fetch_order(order["id"], LINEAR)
        assert (found["side"], found["status"], found["info"]["positionSide"]) == ("sell", "open", "BOTH")
