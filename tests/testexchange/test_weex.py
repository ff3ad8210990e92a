"""The dialect of WEEX, as an unmodified ccxt client meets it."""

import json
from decimal import Decimal
from itertools import pairwise

import ccxt
import pytest

from bot.core.values import Price
from tests.testexchange.street import FROM_MS
from tests.testexchange.weex_street import BTC, ETH, FAR_ABOVE, FAR_BELOW, close, on_weex, rest, sell

HOUR = 3600
HOUR_MS = HOUR * 1000
FEE = Decimal("0.0005")


# --- what everybody sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("symbol", "step", "tick"), [(BTC, "0.0001", "0.1"), (ETH, "0.001", "0.01")])
async def test_markets_load_with_a_contract_size_that_is_the_step(symbol: str, step: str, tick: str) -> None:
    async with on_weex() as (street, client):
        market = client.market(symbol)
        assert street.office.contract(symbol).contract_size == 1, "amounts are coins all the same"
    assert market["contractSize"] == Decimal(step)
    assert market["precision"] == {"amount": Decimal(step), "price": Decimal(tick)}
    assert market["limits"]["amount"]["min"] == Decimal(step)
    assert market["limits"]["cost"]["min"] is None
    assert (market["linear"], market["inverse"], market["active"], market["expiry"]) == (
        True,
        False,
        True,
        None,
    )
    assert (market["maker"], market["taker"]) == (Decimal("0.0002"), FEE)


async def test_a_pair_and_a_contract_have_the_same_symbol() -> None:
    async with on_weex() as (_, client):
        assert client.market("BTC/USDT")["id"] == client.market(BTC)["id"] == "BTCUSDT"
        assert client.market("BTC/USDT")["spot"]


async def test_the_clock_and_coins_are_told_by_both_hosts() -> None:
    async with on_weex() as (street, client):
        street.office.moods.clock_skew_ms = 700
        assert await client.fetch_time({"type": "spot"}) == FROM_MS + 700
        assert street.last("time")[0].host == "api-spot.weex.com"
        assert await client.fetch_time({"type": "swap"}) == FROM_MS + 700
        assert street.last("time")[0].host == "api-contract.weex.com"
        assert set(await client.fetch_currencies()) == {"USDT", "BTC", "ETH"}
        assert (await client.fetch_status())["status"] == "ok"


async def test_books_and_best_prices_are_shown() -> None:
    async with on_weex() as (street, client):
        book = await client.fetch_order_book(BTC)
        deep = await client.fetch_order_book(BTC, 20)
        best = (await client.fetch_bids_asks([BTC]))[BTC]
        quote = street.office.exchange.touches[BTC].quote
    assert (len(book["bids"]), len(deep["asks"])) == (15, 200)
    assert [Decimal(str(one)) for one in book["bids"][0]] == [quote.bid, quote.bid_contracts]
    assert (best["bid"], best["ask"], best["timestamp"]) == (quote.bid, quote.ask, FROM_MS)


async def test_without_a_symbol_best_prices_are_those_of_spot() -> None:
    async with on_weex() as (street, client):
        client.options["defaultType"] = "spot"
        found = await client.fetch_bids_asks()
        assert set(found) == {"BTC/USDT", "ETH/USDT"}
        index = street.office.exchange.touches[BTC].quote.index
        assert found["BTC/USDT"]["bid"] < index < found["BTC/USDT"]["ask"]
        assert (await client.fetch_tickers(["BTC/USDT"]))["BTC/USDT"]["last"] == index
        assert (await client.fetch_last_prices(["BTC/USDT"]))["BTC/USDT"]["price"] == index


async def test_the_last_day_is_shown() -> None:
    async with on_weex() as (street, client):
        day = (await client.fetch_tickers([BTC]))[BTC]
        quote = street.office.exchange.touches[BTC].quote
        assert set(await client.fetch_tickers()) == {BTC, ETH}
    assert day["low"] <= quote.bid < quote.ask <= day["high"]
    assert (day["markPrice"], day["indexPrice"]) == (quote.mark, quote.index)
    assert day["baseVolume"] > 0


async def test_mark_index_and_next_funding_are_told() -> None:
    async with on_weex() as (street, client):
        told = (await client.fetch_funding_rates([BTC]))[BTC]
        quote, coming = street.office.exchange.touches[BTC].quote, street.office.world.next_funding(BTC)
        assert (told["markPrice"], told["indexPrice"]) == (quote.mark, quote.index)
        assert (told["nextFundingRate"], told["nextFundingTimestamp"]) == (coming.rate, FROM_MS + 8 * HOUR_MS)
        assert (told["interval"], told["fundingTimestamp"]) == ("8h", FROM_MS), (
            "the time is now, not the next"
        )
        assert (
            told["fundingRate"]
            == street.office.world.funding_paid(BTC, FROM_MS - 9 * HOUR_MS, FROM_MS)[-1][1]
        )
        assert (await client.fetch_mark_price(BTC))["markPrice"] == quote.mark
        assert (await client.fetch_mark_price(BTC, {"priceType": "INDEX"}))["indexPrice"] == quote.index
        assert set(await client.fetch_mark_prices()) == {BTC, ETH}


async def test_funding_that_was_is_listed_with_the_price_of_its_time() -> None:
    async with on_weex() as (_, client):
        found = await client.fetch_funding_rate_history(BTC, limit=3)
        assert [one["timestamp"] for one in found] == [FROM_MS - hours * HOUR_MS for hours in (16, 8, 0)]
        assert all(Decimal(one["info"]["markPrice"]) > 10_000 for one in found)
        since = await client.fetch_funding_rate_history(BTC, FROM_MS - 8 * HOUR_MS)
        assert [one["timestamp"] for one in since] == [FROM_MS - 8 * HOUR_MS, FROM_MS]
        raw = await client.contractGetCapiV3MarketFundingRate({"symbol": "BTCUSDT"})
        assert len(raw) == 100
        assert raw[0]["fundingTime"] > raw[1]["fundingTime"], "newest first"


async def test_candles_are_listed_oldest_first() -> None:
    async with on_weex() as (_, client):
        found = await client.fetch_ohlcv(BTC, "1h", limit=3)
        assert [one[0] for one in found] == [FROM_MS - hours * HOUR_MS for hours in (2, 1, 0)]
        assert all(one[3] <= one[4] <= one[2] for one in found)
        past = await client.fetch_ohlcv(BTC, "1h", FROM_MS - 50 * HOUR_MS, 2, {"historical": True})
        assert [one[0] for one in past] == [FROM_MS - hours * HOUR_MS for hours in (50, 49)]
        for kind in ("mark", "index"):
            assert len(await client.fetch_ohlcv(BTC, "1d", limit=5, params={"price": kind})) == 5


async def test_open_interest_counts_coins() -> None:
    async with on_weex() as (street, client):
        turnover = street.office.world.turnover(BTC)
        assert turnover is not None
        assert (await client.fetch_open_interest(BTC))["openInterestAmount"] == turnover.open_interest


# --- the account ----------------------------------------------------------------------------------------------------


async def test_a_balance_is_told_beside_what_is_open() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        wallet = (await client.fetch_balance())["USDT"]
        [row] = (await client.fetch_balance())["info"]
        quote = street.office.exchange.touches[BTC].quote
        fee = quote.bid / 2 * FEE
        assert wallet["total"] == Decimal(row["balance"]) == 100_000 - fee
        assert Decimal(row["unrealizePnl"]) == (quote.bid - quote.mark) / 2
        assert wallet["used"] == pytest.approx(quote.mark / 6)
        assert wallet["free"] == pytest.approx(100_000 - fee + (quote.bid - quote.mark) / 2 - quote.mark / 6)


async def test_spot_wallets_are_told_with_what_the_key_may_do() -> None:
    async with on_weex() as (_, client):
        spot = await client.fetch_balance({"type": "spot"})
        assert {coin: spot[coin]["free"] for coin in ("USDT", "BTC", "ETH")} == {
            "USDT": 50_000,
            "BTC": 1,
            "ETH": 10,
        }
        assert (spot["info"]["canTrade"], spot["info"]["canWithdraw"]) == (True, False)


async def test_a_short_has_a_size_without_sign_and_no_price_of_its_own() -> None:
    async with on_weex() as (street, client):
        assert await client.fetch_positions() == []
        assert await client.fetch_position(BTC) is None
        await sell(client)
        for held in (*await client.fetch_positions(), await client.fetch_position(BTC)):
            quote = street.office.exchange.touches[BTC].quote
            assert (held["side"], held["contracts"], held["leverage"]) == ("short", Decimal("0.5"), 3)
            assert (held["marginMode"], held["hedged"]) == ("cross", False)
            assert held["entryPrice"] == quote.bid
            assert held["notional"] == quote.bid / 2, "the value at entry"
            assert held["unrealizedPnl"] == (quote.bid - quote.mark) / 2
            assert held["liquidationPrice"] > 2 * quote.mark
            assert (held["markPrice"], held["maintenanceMargin"], held["marginRatio"]) == (None, None, None)
            assert held["timestamp"] == FROM_MS
        assert await client.fetch_position(ETH) is None


async def test_a_position_sums_what_was_opened_and_closed_since_it_was_flat() -> None:
    async with on_weex() as (street, client):
        await sell(client, "0.3")
        await close(client, "0.3")
        for amount in ("0.5", "0.1"):
            street.pass_time(60)
            await sell(client, amount)
        await close(client, "0.2")
        [row] = [held["info"] for held in await client.fetch_positions()]
    assert (row["size"], row["cumOpenSize"], row["cumCloseSize"]) == ("0.4", "0.6", "0.2")
    assert int(row["createdTime"]) == FROM_MS + 60_000
    assert int(row["updatedTime"]) == FROM_MS + 120_000


async def test_an_isolated_position_says_what_is_set_aside() -> None:
    async with on_weex() as (_, client):
        await client.set_margin_mode("isolated", BTC)
        await client.set_leverage(10, BTC, {"marginMode": "isolated"})
        await sell(client)
        [held] = await client.fetch_positions()
    assert (held["marginMode"], held["leverage"]) == ("isolated", 10)
    assert held["initialMargin"] == pytest.approx(held["notional"] / 10)
    assert held["collateral"] == held["initialMargin"] + held["unrealizedPnl"]


async def test_positions_can_be_answered_empty() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        street.office.moods.empty_positions = True
        assert await client.fetch_positions() == []
        assert await client.fetch_position(BTC) is None


async def test_modes_and_leverage_are_set_and_told() -> None:
    async with on_weex() as (street, client):
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        assert (await client.set_leverage(5, BTC))["msg"] == "success"
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 5
        assert street.office.exchange.accounts["main"].leverage == 5
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "cross"
        await client.set_margin_mode("isolated", BTC)
        await client.set_margin_mode("isolated", BTC)
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "isolated"
        await client.set_position_mode(hedged=False, symbol=BTC, params={"marginMode": "cross"})
        assert (await client.fetch_position_mode(BTC))["hedged"] is False
        await client.set_position_mode(hedged=True, symbol=BTC, params={"marginMode": "cross"})
        assert (await client.fetch_position_mode(BTC))["hedged"] is True
        assert set(await client.fetch_margin_modes()) == set(await client.fetch_leverages()) == {BTC, ETH}


async def test_fees_are_told() -> None:
    async with on_weex() as (_, client):
        fee = await client.fetch_trading_fee(BTC)
        assert (fee["maker"], fee["taker"]) == (Decimal("0.0002"), FEE)


# --- orders ---------------------------------------------------------------------------------------------------------


async def test_an_order_rests_is_found_by_both_ids_and_is_cancelled() -> None:
    async with on_weex() as (street, client):
        placed = await rest(client, clientOrderId="hb-Mixed_1")
        raw = json.loads(street.last("place")[1].body)
        assert (raw["orderId"], raw["errorCode"], raw["errorMsg"]) == (placed["id"], "", ""), "a string"
        assert int(placed["id"]) > 2**53
        assert placed["status"] is None
        assert json.loads(street.last("place")[0].body)["positionSide"] == "SHORT"
        for found in (
            await client.fetch_order(placed["id"], BTC),
            await client.fetch_order("", BTC, {"clientOrderId": "hb-Mixed_1"}),
            (await client.fetch_open_orders(BTC))[0],
            (await client.fetch_open_orders())[0],
        ):
            assert (found["id"], found["clientOrderId"], found["status"]) == (
                placed["id"],
                "hb-Mixed_1",
                "open",
            )
            assert (found["amount"], found["filled"], found["price"]) == (Decimal("0.5"), 0, FAR_ABOVE)
            assert isinstance(found["info"]["orderId"], int)
        cancelled = await client.cancel_order("", BTC, {"clientOrderId": "hb-Mixed_1"})
        assert (cancelled["clientOrderId"], cancelled["id"]) == ("hb-Mixed_1", None)
        assert await client.fetch_open_orders(BTC) == []
        assert (await client.fetch_order(placed["id"], BTC))["status"] == "canceled"
        second = await rest(client)
        assert (await client.cancel_order(second["id"], BTC))["id"] == second["id"]


@pytest.mark.parametrize("done", ["filled", "cancelled", "nobody's"])
async def test_what_cannot_be_taken_back_is_answered_with_a_word(done: str) -> None:
    async with on_weex() as (street, client):
        number = "17"
        if done != "nobody's":
            number = (await (sell(client) if done == "filled" else rest(client)))["id"]
        if done == "cancelled":
            await client.cancel_order(number, BTC)
        with pytest.raises(ccxt.OrderNotFound, match="FAILED_ORDER_NOT_FOUND"):
            await client.cancel_order(number, BTC)
        request, response = street.last("cancel")
        assert (request.method, response.status) == ("DELETE", 200)


async def test_all_orders_of_a_contract_are_cancelled() -> None:
    async with on_weex() as (_, client):
        await rest(client)
        await rest(client)
        await client.create_order(ETH, "limit", "sell", Decimal(1), Decimal(4000))
        assert [one["status"] for one in await client.cancel_all_orders(BTC)] == ["canceled"] * 2
        assert [one["symbol"] for one in await client.fetch_open_orders()] == [ETH]
        assert len(await client.cancel_all_orders()) == 1


async def test_an_order_without_a_name_gets_one_that_finds_it() -> None:
    async with on_weex() as (_, client):
        asked = {"symbol": "BTCUSDT", "side": "SELL", "positionSide": "SHORT", "type": "LIMIT"}
        names = []
        for _again in range(2):
            answer = await client.contractPrivatePostCapiV3Order(
                {**asked, "quantity": 0.1, "price": 70_000.5}
            )
            names.append(answer["clientOrderId"])
            found = await client.fetch_order("", BTC, {"clientOrderId": names[-1]})
            assert (found["id"], found["price"]) == (answer["orderId"], Decimal("70000.5"))
    assert names[0] != names[1]
    assert all(len(name) == 36 for name in names)


async def test_post_only_is_a_time_in_force_and_ccxts_own_flag_says_nothing() -> None:
    async with on_weex() as (street, client):
        bid = street.office.exchange.touches[BTC].quote.bid
        with pytest.raises(ccxt.BadRequest, match=r"-1142.*POST_ONLY"):
            await client.create_order(BTC, "limit", "sell", Decimal("0.5"), bid, {"timeInForce": "POST_ONLY"})
        assert street.office.orders("main") == ()
        order = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), bid, {"postOnly": True})
        found = await client.fetch_order(order["id"], BTC)
        assert (found["status"], found["timeInForce"]) == ("closed", "GTC"), "it took"


async def test_what_an_ioc_order_does_not_fill_is_cancelled() -> None:
    async with on_weex() as (street, client):
        street.office.moods.partial_share = Decimal("0.6")
        params = {"timeInForce": "IOC"}
        order = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), FAR_BELOW, params)
        found = await client.fetch_order(order["id"], BTC)
        assert (found["status"], found["filled"]) == ("canceled", Decimal("0.3"))
        [past] = await client.fetch_canceled_orders(BTC)
        assert past["filled"] == Decimal("0.3")


async def test_partly_filled_has_two_names_and_ccxt_takes_neither_for_open() -> None:
    async with on_weex() as (street, client):
        order = await rest(client)
        quote = street.office.exchange.touches[BTC].quote
        street.office.exchange.traded(BTC, Price(quote.bid), Price(FAR_ABOVE + 1), Decimal("0.2"))
        one = await client.fetch_order(order["id"], BTC)
        assert (one["info"]["status"], one["status"]) == ("PARTIALLY_FILLED", "partially_filled")
        [past] = await client.fetch_closed_orders(BTC)
        assert (past["info"]["status"], past["status"]) == ("PARTIAL_FILL", "closed")
        [standing] = await client.fetch_open_orders(BTC)
        assert (standing["status"], standing["remaining"]) == ("open", Decimal("0.3"))


async def test_a_buy_closes_a_short_only_if_it_says_so() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        with pytest.raises(ccxt.BadRequest, match="LONG side beside the other"):
            await client.create_order(BTC, "market", "buy", Decimal("0.5"))
        assert json.loads(street.last("place")[0].body)["positionSide"] == "LONG"
        back = await close(client)
        assert json.loads(street.last("place")[0].body)["positionSide"] == "SHORT"
        assert (await client.fetch_order(back["id"], BTC))["reduceOnly"] is True
        assert await client.fetch_positions() == []
        with pytest.raises(ccxt.BadRequest, match=r"-1142.*no position"):
            await close(client)


async def test_a_long_is_opened_and_closed_by_its_own_side() -> None:
    async with on_weex() as (_, client):
        await client.create_order(BTC, "market", "buy", Decimal("0.5"))
        [held] = await client.fetch_positions()
        assert (held["side"], held["contracts"]) == ("long", Decimal("0.5"))
        with pytest.raises(ccxt.BadRequest, match="SHORT side beside the other"):
            await sell(client)
        await client.create_order(BTC, "market", "sell", Decimal("0.5"), None, {"reduceOnly": True})
        assert await client.fetch_positions() == []


async def test_an_order_that_opens_the_other_side_waits_for_nothing() -> None:
    async with on_weex() as (_, client):
        resting = await rest(client)
        with pytest.raises(ccxt.BadRequest, match="LONG side beside the other"):
            await client.create_order(BTC, "market", "buy", Decimal("0.5"))
        await client.cancel_order(resting["id"], BTC)
        await client.create_order(BTC, "market", "buy", Decimal("0.5"))


async def test_orders_are_refused_while_positions_are_separate() -> None:
    async with on_weex() as (_, client):
        await client.set_position_mode(hedged=True, symbol=BTC, params={"marginMode": "cross"})
        with pytest.raises(ccxt.BadRequest, match=r"-1128.*SEPARATED"):
            await sell(client)


async def test_fills_have_a_fee_a_role_and_what_they_realised() -> None:
    async with on_weex() as (street, client):
        order = await sell(client)
        quote = street.office.exchange.touches[BTC].quote
        [fill] = await client.fetch_my_trades(BTC)
        assert (fill["order"], fill["side"], fill["amount"], fill["price"]) == (
            order["id"],
            "sell",
            Decimal("0.5"),
            quote.bid,
        )
        assert Decimal(fill["info"]["commission"]) == quote.bid / 2 * FEE
        assert fill["info"]["commissionAsset"] == "USDT"
        assert (fill["takerOrMaker"], fill["info"]["positionSide"]) == ("taker", "SHORT")
        assert int(fill["id"]) > 2**53
        back = await close(client)
        [closing] = await client.fetch_order_trades(back["id"], BTC)
        assert Decimal(closing["info"]["realizedPnl"]) == (quote.bid - quote.ask) / 2
        assert await client.fetch_my_trades(ETH) == []
        assert [one["order"] for one in await client.fetch_my_trades(BTC, limit=1)] == [back["id"]], (
            "the last"
        )
        first = await client.fetch_my_trades(BTC, FROM_MS - 1, 1)
        assert [one["order"] for one in first] == [order["id"]], "from a time on, the first"


async def test_a_resting_order_is_filled_as_maker() -> None:
    async with on_weex() as (street, client):
        quote = street.office.exchange.touches[BTC].quote
        price = quote.ask + 20
        params = {"timeInForce": "POST_ONLY"}
        order = await client.create_order(BTC, "limit", "sell", Decimal("0.5"), price, params)
        street.office.exchange.traded(BTC, Price(quote.bid), Price(price + 1), Decimal(10))
        found = await client.fetch_order(order["id"], BTC)
        assert (found["status"], found["average"], found["timeInForce"]) == ("closed", price, "POST_ONLY")
        [fill] = await client.fetch_my_trades(BTC)
        assert fill["takerOrMaker"] == "maker"
        assert Decimal(fill["info"]["commission"]) == price / 2 * Decimal("0.0002")


async def test_a_replica_that_lags_knows_no_new_order() -> None:
    async with on_weex() as (street, client):
        street.office.moods.forget_ms = 5000
        order = await rest(client, clientOrderId="new")
        with pytest.raises(ccxt.InvalidOrder, match="-3200"):
            await client.fetch_order("", BTC, {"clientOrderId": "new"})
        with pytest.raises(ccxt.OrderNotFound, match="FAILED_ORDER_NOT_FOUND"):
            await client.cancel_order(order["id"], BTC)
        assert await client.fetch_open_orders(BTC) == []
        assert await client.fetch_canceled_and_closed_orders(BTC) == []
        street.pass_time(6)
        assert (await client.fetch_order("", BTC, {"clientOrderId": "new"}))["id"] == order["id"]


# --- money that moved -----------------------------------------------------------------------------------------------


async def test_funding_is_paid_to_shorts_and_told_with_its_sign() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        street.pass_time(8 * HOUR + 60)
        [paid] = await client.fetch_funding_history(BTC, FROM_MS)
        assert json.loads(street.last("income")[0].body)["incomeType"] == "position_funding"
        rate = (await client.fetch_funding_rate_history(BTC))[-1]
        assert paid["timestamp"] == rate["timestamp"] == FROM_MS + 8 * HOUR_MS
        assert (paid["code"], paid["symbol"]) == ("USDT", BTC)
        assert (paid["amount"] > 0) == (rate["fundingRate"] > 0)
        [row] = (await client.fetch_balance())["info"]
        assert paid["info"]["balance"] == row["balance"]
        [held] = await client.fetch_positions()
        assert Decimal(held["info"]["cumFundingFee"]) == paid["amount"]
        assert await client.fetch_funding_history(ETH) == []
        await close(client)
        await sell(client)
        [held] = await client.fetch_positions()
        assert Decimal(held["info"]["cumFundingFee"]) == 0, (
            "what was paid before it was flat is another position's"
        )


async def test_bills_explain_the_wallet_page_by_page() -> None:
    async with on_weex() as (_, client):
        await sell(client)
        await close(client)
        bills: list[dict[str, str]] = []
        asked: dict[str, object] = {"limit": 2}
        while True:
            page = await client.contractPrivatePostCapiV3AccountIncome(asked)
            bills += page["items"]
            if not page["hasNextPage"]:
                break
            asked["nextKey"] = page["nextKey"]
        assert [one["incomeType"] for one in bills] == [
            "position_close_short",
            "position_close_short",
            "position_open_short",
            "deposit",
        ]
        assert sum(Decimal(one["income"]) for one in bills) == Decimal(bills[0]["balance"])
        for later, earlier in pairwise(bills):
            assert Decimal(later["balance"]) - Decimal(later["income"]) == Decimal(earlier["balance"])
        assert bills[0]["balance"] == (await client.fetch_balance())["info"][0]["balance"]
        assert (bills[0]["fillFee"], bills[1]["fillFee"]) == (str(-Decimal(bills[0]["income"])), "0")
        assert bills[3]["symbol"] is None


async def test_transfers_are_the_pages_and_are_told_afterwards() -> None:
    async with on_weex() as (street, client):
        street.office.transfer("main", "USDT", Decimal(500), "futures")
        street.pass_time(60)
        await client.fetch_time()
        street.office.transfer("main", "USDT", Decimal(200), "spot")
        told = await client.fetch_transfers("USDT")
        assert [(one["amount"], one["fromAccount"], one["toAccount"], one["status"]) for one in told] == [
            (500, "spot", "contract", "ok"),
            (200, "contract", "spot", "ok"),
        ]
        assert len(await client.fetch_transfers("USDT", FROM_MS + 1)) == 1
        ledger = await client.fetch_ledger("USDT")
        assert [(one["type"], one["direction"]) for one in ledger[-2:]] == [
            ("transfer", "in"),
            ("transfer", "out"),
        ]
        with pytest.raises(ccxt.NotSupported):
            await client.transfer("USDT", 1, "spot", "swap")


async def test_what_the_venue_does_by_its_own_hand_goes_by_a_name_that_says_so() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        bid = street.office.exchange.touches[BTC].quote.bid
        street.office.exchange.deleverage("main", BTC, Decimal("0.2"), Price(bid))
        [last] = (await client.fetch_my_trades(BTC))[-1:]
        order = await client.fetch_order(last["order"], BTC)
        assert order["clientOrderId"] == f"adl_autoclose-{order['id']}"
        assert (order["status"], order["side"], order["type"], order["reduceOnly"]) == (
            "closed",
            "buy",
            "market",
            True,
        )
        street.office.exchange.mark(BTC, bid * 20)
        await client.fetch_time()
        [gone] = (await client.fetch_my_trades(BTC))[-1:]
        assert (await client.fetch_order(gone["order"], BTC))["clientOrderId"].startswith("autoclose-")
        assert await client.fetch_positions() == []
        bills = (await client.contractPrivatePostCapiV3AccountIncome({}))["items"]
        assert bills[0]["incomeType"] == "order_liquidate_fee_income"


# --- play money -----------------------------------------------------------------------------------------------------


async def test_play_money_is_on_the_live_host_by_path_with_other_names() -> None:
    async with on_weex() as (street, client):
        client.set_sandbox_mode(True)
        await sell(client)
        assert json.loads(street.last("place")[0].body)["symbol"] == "BTCSUSDT"
        request, response = street.last("place")
        assert (request.host, request.path) == ("api-contract.weex.com", "/capi/v3/sim/order")
        assert response.status == 200
        balance = await client.fetch_balance()
        assert (balance["info"][0]["asset"], balance["USDT"]["total"] > 99_000) == ("SUSDT", True)
        [held] = await client.fetch_positions()
        assert (held["symbol"], held["contracts"], held["side"]) == (BTC, Decimal("0.5"), "short")
        assert (held["info"]["symbol"], held["info"]["asset"]) == ("BTCSUSDT", "SUSDT")
        [done] = await client.fetch_closed_orders(BTC)
        assert (done["symbol"], done["info"]["symbol"]) == (BTC, "BTCSUSDT")


async def test_play_money_knows_no_live_symbols_and_the_other_way_round() -> None:
    async with on_weex() as (_, client):
        asked = {"side": "SELL", "positionSide": "SHORT", "type": "MARKET", "quantity": "0.5"}
        with pytest.raises(ccxt.BadSymbol, match="-1121"):
            await client.contractPrivatePostCapiV3SimOrder({**asked, "symbol": "BTCUSDT"})
        with pytest.raises(ccxt.BadSymbol, match="-1121"):
            await client.contractPrivatePostCapiV3Order({**asked, "symbol": "BTCSUSDT"})
