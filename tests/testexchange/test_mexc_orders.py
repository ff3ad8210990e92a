"""MEXC's dialect to a customer who writes by hand: orders, and what became of them."""

from decimal import Decimal

import pytest

from bot.core.values import Price
from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.mexc_street import (
    BTC,
    COIN,
    FAR_ABOVE,
    FAR_BELOW,
    LEFT_OUT,
    Caller,
    Words,
    market,
    on_mexc,
    order,
)
from tests.testexchange.street import FROM_MS, Street

DAY = 24 * 3600
HISTORY, DEALS = "order/list/history_orders", "order/list/order_deals"
OTHER = Key(key="other", secret="s", account="other")  # noqa: S106 - a test's


def touch(street: Street, symbol: str = BTC) -> tuple[Decimal, Decimal]:
    """Give the best prices."""
    quote = street.office.exchange.touches[symbol].quote
    return quote.bid, quote.ask


async def numbers(caller: Caller, path: str, **asked: object) -> list[str]:
    """List the numbers of orders."""
    return [row["orderId"] for row in (await caller.get(path, **asked))["data"]]


# --- in and out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["order/create", "order/submit"])
async def test_an_ack_has_the_number_and_a_time_and_no_name(path: str) -> None:
    async with on_mexc() as (street, caller):
        told = await caller.post(path, order(externalOid="hb-1"))
        [placed] = street.office.open_orders("main")
        assert told == {
            "success": True,
            "code": 0,
            "data": {"orderId": str(placed.number), "ts": street.now_ms},
        }
        assert placed.number > 2**53


async def test_an_order_rests_is_found_by_both_names_and_is_listed() -> None:
    async with on_mexc() as (_, caller):
        number = await caller.place(externalOid="hb-Mixed_1")
        found = await caller.found(number)
        assert (found["orderId"], found["externalOid"], found["state"]) == (number, "hb-Mixed_1", 2)
        assert (found["side"], found["orderType"], found["openType"], found["positionMode"]) == (3, 1, 2, 2)
        assert (found["price"], found["vol"], found["dealVol"]) == ("70000", "5000", "0")
        assert (found["leverage"], found["createTime"]) == (3, FROM_MS)
        for path in ("order/external/BTC_USDT/hb-Mixed_1", f"order/get/{number}"):
            assert (await caller.get(path))["data"] == found
        for path in ("order/list/open_orders", "order/list/open_orders/BTC_USDT"):
            assert (await caller.get(path))["data"] == [found]
        for path in ("order/external/ETH_USDT/hb-Mixed_1", "order/external/BTC_USDT/hb-mixed_1"):
            assert (await caller.get(path))["code"] == 2040
        assert (await caller.get("order/list/open_orders/ETH_USDT"))["data"] == []
        assert (await caller.get(HISTORY))["data"] == []


async def test_an_order_without_a_name_gets_one_from_the_venue() -> None:
    async with on_mexc() as (_, caller):
        names = {(await caller.found(await caller.place()))["externalOid"] for _ in range(2)}
        assert len(names) == 2
        assert all(name.startswith("_m_") and len(name) == 35 for name in names)


async def test_an_order_is_taken_back_by_name() -> None:
    async with on_mexc() as (street, caller):
        number = await caller.place(externalOid="hb-1")
        words = {"symbol": "BTC_USDT", "externalOid": "hb-1"}
        other = {"symbol": "ETH_USDT", "externalOid": "hb-1"}
        assert (await caller.post("order/cancel_with_external", other))["code"] == 2040
        assert len(street.office.open_orders("main")) == 1
        assert (await caller.post("order/cancel_with_external", words))["data"] == words
        assert (await caller.found(number))["state"] == 4
        assert (await caller.post("order/cancel_with_external", words))["code"] == 2041


async def test_orders_are_taken_back_one_by_one_and_each_is_answered() -> None:
    async with on_mexc() as (_, caller):
        first, second, filled = await caller.place(), await caller.place(), await caller.place(type=5)
        told = await caller.post("order/cancel", [first, int(second), filled, first, "17", "", "NaN"])
        assert (told["success"], told["code"]) == (True, 0)
        assert [(row["orderId"], row["errorCode"]) for row in told["data"]] == [
            (first, 0),
            (second, 0),
            (filled, 2041),
            (first, 2041),
            ("17", 2040),
            ("", 600),
            ("NaN", 600),
        ]
        assert [row["errorMsg"] for row in told["data"][:2]] == ["success", "success"]
        assert told["data"][-1]["errorMsg"] == "Parameter error: orderId"
        assert (await caller.get("order/list/open_orders"))["data"] == []


@pytest.mark.parametrize(
    ("words", "left"),
    [({"symbol": "BTC_USDT"}, ["ETH_USDT"]), ({}, []), ({"symbol": None}, []), ({"symbol": ""}, [])],
)
async def test_all_orders_are_taken_back_of_a_contract_or_of_all(words: Words, left: list[str]) -> None:
    async with on_mexc() as (_, caller):
        await caller.place()
        await caller.place()
        await caller.place(symbol="ETH_USDT", price=9000, vol=10)
        assert (await caller.post("order/cancel_all", words))["success"]
        found = (await caller.get("order/list/open_orders"))["data"]
        assert [row["symbol"] for row in found] == left


async def test_orders_of_another_account_are_not_there() -> None:
    async with on_mexc(keys=(TEST_KEY, OTHER)) as (street, caller):
        number = await caller.place(externalOid="hb-1")
        stranger = Caller(street, OTHER)
        for path in (f"order/get/{number}", f"order/deal_details/{number}"):
            assert (await stranger.get(path))["code"] == 2040
        told = (await stranger.post("order/cancel", [number]))["data"]
        assert [row["errorCode"] for row in told] == [2040]
        assert len(street.office.open_orders("main")) == 1


# --- sides and types ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opens", "closes", "position"), [(3, 2, 2), (1, 4, 1)], ids=["a short", "a long"])
async def test_sides_open_and_close(opens: int, closes: int, position: int) -> None:
    async with on_mexc() as (_, caller):
        await caller.place(type=5, side=opens, vol=30)
        [held] = (await caller.get("position/open_positions"))["data"]
        assert (held["positionType"], held["holdVol"]) == (position, "30")
        number = await caller.place(type=5, side=closes, vol=20)
        found = await caller.found(number)
        assert (found["side"], found["state"], found["dealVol"]) == (closes, 3, "20")
        [held] = (await caller.get("position/open_positions"))["data"]
        assert held["holdVol"] == "10"
        assert (await caller.post("order/create", market(side=6 - closes)))["code"] == 2009
        await caller.place(type=5, side=closes, vol=10)
        assert (await caller.get("position/open_positions"))["data"] == []


async def test_what_only_reduces_takes_no_more_than_there_is() -> None:
    async with on_mexc() as (_, caller):
        await caller.place(type=5, vol=30)
        number = await caller.place(type=5, side=2, vol=50)
        found = await caller.found(number)
        assert (found["dealVol"], found["state"]) == ("30", 4)
        assert (await caller.get("position/open_positions"))["data"] == []


async def test_a_flag_makes_an_opening_side_only_reduce() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=30)
        number = await caller.place(type=1, side=1, vol=10, price=FAR_BELOW, reduceOnly=True)
        [resting] = street.office.open_orders("main")
        assert resting.ask.reduce_only
        assert (await caller.found(number))["side"] == 2


@pytest.mark.parametrize("kind", [5, 6])
async def test_a_market_order_needs_no_price_and_fills_at_the_touch(kind: int) -> None:
    async with on_mexc() as (street, caller):
        bid, ask = touch(street)
        sold = await caller.found(await caller.place(type=kind, price=LEFT_OUT, vol=10))
        bought = await caller.found(await caller.place(type=kind, side=1, vol=10))
        assert [Decimal(one["dealAvgPrice"]) for one in (sold, bought)] == [bid, ask]
        assert {one["state"] for one in (sold, bought)} == {3}
        assert {one["orderType"] for one in (sold, bought)} == {5}


async def test_a_limit_order_that_crosses_fills_at_once_and_pays_as_taker() -> None:
    async with on_mexc() as (street, caller):
        bid, _ = touch(street)
        found = await caller.found(await caller.place(price=FAR_BELOW, vol=10))
        assert (found["state"], Decimal(found["dealAvgPrice"])) == (3, bid)
        assert Decimal(found["takerFee"]) == bid * 10 * Decimal("0.0001") * Decimal("0.0005")
        assert found["makerFee"] == "0"
        [deal] = (await caller.get(f"order/deal_details/{found['orderId']}"))["data"]
        assert (deal["taker"], deal["fee"]) == (True, found["takerFee"])


async def test_a_post_only_order_rests_and_pays_as_maker() -> None:
    async with on_mexc() as (street, caller):
        number = await caller.place(type=2, vol=10)
        assert (await caller.found(number))["orderType"] == 2
        bid, _ = touch(street)
        street.office.exchange.traded(BTC, Price(bid), Price(Decimal(FAR_ABOVE + 1)), Decimal(4))
        assert ((await caller.found(number))["state"], (await caller.found(number))["dealVol"]) == (2, "4")
        street.office.exchange.traded(BTC, Price(bid), Price(Decimal(FAR_ABOVE + 1)), Decimal(6))
        found = await caller.found(number)
        assert (found["state"], found["dealAvgPrice"]) == (3, "70000")
        assert Decimal(found["makerFee"]) == 70_000 * 10 * Decimal("0.0001") * Decimal("0.0002")
        assert found["takerFee"] == "0"
        deals = (await caller.get(f"order/deal_details/{number}"))["data"]
        assert [(deal["vol"], deal["taker"]) for deal in deals] == [("4", False), ("6", False)]


@pytest.mark.parametrize(("price", "state"), [(FAR_BELOW, 3), (FAR_ABOVE, 4)])
async def test_an_ioc_order_never_rests(price: int, state: int) -> None:
    async with on_mexc() as (_, caller):
        number = await caller.place(type=3, price=price, vol=10)
        found = await caller.found(number)
        assert (found["state"], found["orderType"]) == (state, 3)
        assert (await caller.get("order/list/open_orders"))["data"] == []


@pytest.mark.parametrize(
    ("kind", "price", "standing"),
    [(3, FAR_BELOW, 4), (5, LEFT_OUT, 4), (6, LEFT_OUT, 4), (1, FAR_BELOW, 2)],
    ids=["ioc", "market", "market made a limit", "limit"],
)
async def test_an_order_that_fills_in_part_rests_or_is_gone(kind: int, price: object, standing: int) -> None:
    async with on_mexc() as (street, caller):
        street.office.moods.partial_share = Decimal("0.4")
        found = await caller.found(await caller.place(type=kind, price=price, vol=100))
        assert (found["dealVol"], found["state"]) == ("40", standing)
        assert len((await caller.get("order/list/open_orders"))["data"]) == (standing == 2)


# --- histories ------------------------------------------------------------------------------------------------------


async def test_done_orders_are_listed_newest_first_and_by_what_is_asked() -> None:
    async with on_mexc() as (street, caller):
        sold = await caller.place(type=5, vol=10)
        street.pass_time(60)
        closed = await caller.place(type=5, side=2, vol=10)
        street.pass_time(60)
        gone = await caller.place(symbol="ETH_USDT", price=9000, vol=10)
        await caller.post("order/cancel", [gone])
        await caller.place()
        for asked, wanted in (
            ({}, [gone, closed, sold]),
            ({"symbol": "BTC_USDT"}, [closed, sold]),
            ({"states": "3"}, [closed, sold]),
            ({"states": "4"}, [gone]),
            ({"states": "3,4"}, [gone, closed, sold]),
            ({"states": "2"}, []),
            ({"side": 2}, [closed]),
            ({"category": 1}, [gone, closed, sold]),
            ({"category": 2}, []),
            ({"page_size": 2}, [gone, closed]),
            ({"page_size": 2, "page_num": 2}, [sold]),
            ({"page_size": 2, "page_num": 3}, []),
            ({"start_time": FROM_MS + 1}, [gone, closed]),
            ({"end_time": FROM_MS + 60_000}, [closed, sold]),
            ({"start_time": FROM_MS, "end_time": FROM_MS}, [sold]),
        ):
            assert await numbers(caller, HISTORY, **asked) == wanted, asked


async def test_open_orders_come_in_pages() -> None:
    async with on_mexc() as (_, caller):
        placed = [await caller.place(vol=1) for _ in range(22)][::-1]
        assert await numbers(caller, "order/list/open_orders") == placed[:20]
        assert await numbers(caller, "order/list/open_orders", page_num=2) == placed[20:]
        assert await numbers(caller, "order/list/open_orders", page_size=100) == placed
        assert (
            await numbers(caller, "order/list/open_orders/BTC_USDT", page_size=5, page_num=5) == placed[20:]
        )


async def test_deals_are_listed_newest_first_and_by_what_is_asked() -> None:
    async with on_mexc() as (street, caller):
        first = await caller.place(type=5, vol=10)
        street.pass_time(60)
        second = await caller.place(type=5, side=2, vol=10)
        ether = await caller.place(symbol="ETH_USDT", type=5, vol=10)
        for asked, wanted in (
            ({}, [ether, second, first]),
            ({"symbol": "BTC_USDT"}, [second, first]),
            ({"page_size": 1}, [ether]),
            ({"page_size": 2, "page_num": 2}, [first]),
            ({"start_time": FROM_MS + 1}, [ether, second]),
            ({"end_time": FROM_MS}, [first]),
        ):
            assert await numbers(caller, DEALS, **asked) == wanted, asked
        assert await numbers(caller, f"order/deal_details/{second}") == [second]
        [deal] = (await caller.get(f"order/deal_details/{second}"))["data"]
        assert (deal["symbol"], deal["side"], deal["vol"], deal["positionMode"]) == ("BTC_USDT", 2, "10", 2)
        assert (deal["feeCurrency"], deal["timestamp"]) == ("USDT", FROM_MS + 60_000)
        profit = (Decimal((await caller.found(first))["dealAvgPrice"]) - Decimal(deal["price"])) / 1000
        assert Decimal(deal["profit"]) == profit


async def test_a_history_without_a_time_is_of_the_last_week_and_one_of_a_time_of_90_days() -> None:
    async with on_mexc() as (street, caller):
        done = await caller.place(type=5, vol=1)
        street.pass_time(8 * DAY)
        for path in (HISTORY, DEALS):
            assert await numbers(caller, path) == []
            assert await numbers(caller, path, start_time=FROM_MS) == [done]
            assert await numbers(caller, path, end_time=street.now_ms) == [done]
            ninety = {"start_time": FROM_MS, "end_time": FROM_MS + 90 * DAY * 1000}
            assert await numbers(caller, path, **ninety) == [done]


async def test_an_order_is_not_known_before_the_venue_remembers_it() -> None:
    async with on_mexc() as (street, caller):
        street.office.moods.forget_ms = 2_000
        number = await caller.place(externalOid="hb-1")
        for path in (f"order/get/{number}", "order/external/BTC_USDT/hb-1"):
            assert (await caller.get(path))["code"] == 2040
        assert (await caller.get("order/list/open_orders"))["data"] == []
        street.pass_time(2)
        assert (await caller.found(number))["externalOid"] == "hb-1"


async def test_what_the_venue_closes_by_its_own_hand_says_so() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=30)
        bid, _ = touch(street)
        street.office.exchange.deleverage("main", BTC, Decimal(20), Price(bid))
        [taken, _] = (await caller.get(DEALS))["data"]
        assert (taken["category"], taken["side"], taken["vol"]) == (4, 2, "20")
        found = await caller.found(taken["orderId"])
        assert found["externalOid"] == f"adl_autoclose-{taken['orderId']}"
        assert await numbers(caller, HISTORY, category=4) == [taken["orderId"]]


# --- inverse contracts ----------------------------------------------------------------------------------------------


async def test_inverse_orders_count_contracts_of_a_hundred_dollars_and_pay_in_coin() -> None:
    async with on_mexc() as (street, caller):
        bid, _ = touch(street, COIN)
        found = await caller.found(await caller.place(symbol="BTC_USD", type=5, vol=300))
        assert (found["feeCurrency"], found["dealVol"]) == ("BTC", "300")
        assert Decimal(found["dealAvgPrice"]) == bid
        assert Decimal(found["takerFee"]) == pytest.approx(300 * 100 / bid * Decimal("0.0005"))
        [held] = (await caller.get("position/open_positions", symbol="BTC_USD"))["data"]
        assert (held["symbol"], held["holdVol"], held["positionType"]) == ("BTC_USD", "300", 2)
        assert Decimal(held["im"]) == pytest.approx(30_000 / bid / 3, rel=Decimal("0.001"))
        assert (await caller.get("position/open_positions", symbol="BTC_USDT"))["data"] == []
