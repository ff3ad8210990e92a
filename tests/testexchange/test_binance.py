"""The dialect of Binance, both products, word for word: prices, the account, its settings."""

from decimal import Decimal
from typing import Any

import pytest

from bot.core.instruments import DatedFuture
from bot.wiring_street import Scenario
from tests.testexchange.binance_street import (
    BOTH,
    BTC,
    ETH,
    QUARTER,
    SIZE,
    SYMBOLS,
    Customer,
    Product,
    on_binance,
    reader_of,
)
from tests.testexchange.street import FROM_MS

HOUR_MS = 3_600_000
FEE = Decimal("0.0005")
WEEKLY = {"usdm": "BTCUSDT_260306", "coinm": "BTCUSD_260306"}


def only(answer: Any) -> Any:
    """Give the one object, which COIN-M sends in a list."""
    if isinstance(answer, list):
        [answer] = answer
    return answer


# --- what everybody sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "symbol", "name", "size", "step", "tick", "least"),
    [
        ("usdm", "BTC/USDT:USDT", "BTCUSDT", 1, "0.001", "0.1", 100),
        ("usdm", "ETH/USDT:USDT", "ETHUSDT", 1, "0.001", "0.01", 20),
        ("coinm", "BTC/USD:BTC", "BTCUSD_PERP", 100, "1", "0.1", None),
        ("coinm", "ETH/USD:ETH", "ETHUSD_PERP", 10, "1", "0.01", None),
    ],
)
async def test_markets_are_in_coins_and_in_contracts(
    product: Product, symbol: str, name: str, size: int, step: str, tick: str, least: int | None
) -> None:
    async with on_binance(product) as (street, customer):
        market, contract = (await reader_of(customer)).market(symbol), street.office.contract(symbol)
    assert (market["id"], market["contractSize"]) == (name, size)
    assert contract.contract_size == size
    assert market["precision"]["amount"] == float(step) == float(contract.contracts_step)
    assert market["precision"]["price"] == float(tick) == float(contract.price_tick)
    assert market["limits"]["cost"]["min"] == least
    assert (market["linear"], market["active"], market["swap"]) == (product == "usdm", True, True)


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(("scenario", "names"), [("calm", QUARTER), ("roll", WEEKLY)])
async def test_dated_contracts_are_named_by_day_and_told_apart_by_which_ends_first(
    product: Product, scenario: Scenario, names: dict[Product, str]
) -> None:
    async with on_binance(product, scenario=scenario) as (street, customer):
        listed = (await customer.shown("v1/exchangeInfo"))["symbols"]
        dated = [one for one in listed if one["contractType"] != "PERPETUAL"]
        assert [one["contractType"] for one in dated] == ["CURRENT_QUARTER", "NEXT_QUARTER"]
        assert dated[0]["symbol"] == names[product]
        expiries = [one.expiry_ms for one in street.office.contracts() if isinstance(one, DatedFuture)]
        assert [one["deliveryDate"] for one in dated] == expiries
        if product == "coinm":
            held = await customer.shown("v1/openInterest", symbol=dated[1]["symbol"])
            assert held["contractType"] == "NEXT_QUARTER"


@pytest.mark.parametrize("product", BOTH)
async def test_the_clock_is_told_as_it_goes_wrong(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        street.office.moods.clock_skew_ms = 700
        assert (await customer.shown("v1/time")) == {"serverTime": FROM_MS + 700}


@pytest.mark.parametrize("product", BOTH)
async def test_books_are_as_deep_as_asked_and_say_when_prices_stopped(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        touch = street.office.exchange.touches[SYMBOLS[product]]
        whole = await customer.shown("v1/depth", symbol=BTC[product])
        assert (len(whole["bids"]), len(whole["asks"])) == (500, 500)
        street.office.moods.stale[SYMBOLS[product]] = (touch, FROM_MS)
        street.pass_time(600)
        book = await customer.shown("v1/depth", symbol=BTC[product], limit=5)
        assert (len(book["bids"]), len(book["asks"]), book["T"]) == (5, 5, FROM_MS)
        assert [Decimal(one) for one in book["bids"][0]] == [touch.quote.bid, touch.quote.bid_contracts]
        assert [Decimal(one) for one in book["asks"][0]] == [touch.quote.ask, touch.quote.ask_contracts]
        best = only(await customer.shown("v1/ticker/bookTicker", symbol=BTC[product]))
        assert (best["bidPrice"], best["askQty"], best["time"]) == (
            *book["bids"][0][:1],
            book["asks"][0][1],
            FROM_MS,
        )


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize("path", ["v1/ticker/bookTicker", "v1/premiumIndex", "v1/ticker/24hr"])
async def test_one_contract_is_an_object_or_a_list_of_one_and_all_are_a_list(
    product: Product, path: str
) -> None:
    async with on_binance(product) as (street, customer):
        one = await customer.shown(path, symbol=ETH[product])
        assert isinstance(one, list) == (product == "coinm")
        assert only(one)["symbol"] == ETH[product]
        everything = {item["symbol"] for item in await customer.shown(path)}
        assert {BTC[product], ETH[product], QUARTER[product]} < everything
        if product == "coinm":
            pairs = [item["symbol"] for item in await customer.shown(path, pair="ETHUSD")]
            assert pairs == ["ETHUSD_PERP"]
        del street.office.exchange.touches[SYMBOLS[product]]
        left = {item["symbol"] for item in await customer.shown(path)}
        assert left == everything - {BTC[product]}
        assert (await customer.show(path, symbol=BTC[product])).code == -1112


@pytest.mark.parametrize("product", BOTH)
async def test_mark_index_and_next_funding_are_in_one_answer(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        quote = street.office.exchange.touches[SYMBOLS[product]].quote
        told = only(await customer.shown("v1/premiumIndex", symbol=BTC[product]))
        assert (Decimal(told["markPrice"]), Decimal(told["indexPrice"])) == (quote.mark, quote.index)
        assert Decimal(told["lastFundingRate"]) == street.office.world.next_funding(SYMBOLS[product]).rate
        assert told["nextFundingTime"] == FROM_MS + 8 * HOUR_MS
        dated = only(await customer.shown("v1/premiumIndex", symbol=QUARTER[product]))
        assert (dated["lastFundingRate"], dated["nextFundingTime"]) == ("", 0)


@pytest.mark.parametrize("product", BOTH)
async def test_funding_that_was_is_the_last_or_the_first_since_a_time(product: Product) -> None:
    async with on_binance(product) as (_, customer):

        async def hours(**asked: object) -> list[int]:
            told = await customer.shown("v1/fundingRate", symbol=BTC[product], **asked)
            return [(one["fundingTime"] - FROM_MS) // HOUR_MS for one in told]

        assert await hours(limit=3) == [-16, -8, 0]
        since = FROM_MS - 48 * HOUR_MS
        assert await hours(startTime=since, limit=2) == [-48, -40], "the first since, not the last"
        assert await hours(startTime=since, endTime=since + 9 * HOUR_MS) == [-48, -40]
        assert len(await hours()) == 100
        assert len(await hours(startTime=1)) == 100
        assert await customer.shown("v1/fundingRate", symbol=QUARTER[product]) == []
        assert await customer.shown("v1/fundingInfo") == [], "nothing has an interval of its own"


@pytest.mark.parametrize("product", BOTH)
async def test_candles_are_the_last_or_the_first_since_a_time(product: Product) -> None:
    async with on_binance(product) as (_, customer):

        async def hours(**asked: object) -> list[int]:
            told = await customer.shown("v1/klines", symbol=BTC[product], interval="1h", **asked)
            assert all(Decimal(one[3]) <= Decimal(one[4]) <= Decimal(one[2]) for one in told)
            assert all(one[6] == one[0] + HOUR_MS - 1 for one in told)
            return [(one[0] - FROM_MS) // HOUR_MS for one in told]

        assert await hours(limit=3) == [-2, -1, 0]
        since = FROM_MS - 48 * HOUR_MS
        assert await hours(startTime=since, limit=2) == [-48, -47]
        assert await hours(startTime=since, endTime=since + HOUR_MS) == [-48, -47]
        assert await hours(endTime=since, limit=2) == [-49, -48]
        assert len(await hours(startTime=1)) == 500, "no more is reckoned than is told"


@pytest.mark.parametrize("product", BOTH)
async def test_tiers_fees_and_open_interest_are_the_contracts(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        contract, busy = (
            street.office.contract(SYMBOLS[product]),
            street.office.world.turnover(SYMBOLS[product]),
        )
        version, floor = ("v1", "notionalFloor") if product == "usdm" else ("v2", "qtyFloor")
        [told] = await customer.get(f"{version}/leverageBracket", symbol=BTC[product])
        assert [
            (Decimal(one[floor]), Decimal(one["maintMarginRatio"]), one["initialLeverage"])
            for one in told["brackets"]
        ] == [(one.value_min, one.maintenance_rate, one.leverage_max) for one in contract.tiers]
        assert len(await customer.get(f"{version}/leverageBracket")) == 4
        fee = await customer.get("v1/commissionRate", symbol=BTC[product])
        assert (fee["makerCommissionRate"], fee["takerCommissionRate"]) == ("0.0002", "0.0005")
        assert busy is not None
        held = await customer.shown("v1/openInterest", symbol=BTC[product])
        assert Decimal(held["openInterest"]) == busy.open_interest


# --- the account ----------------------------------------------------------------------------------------------------


async def test_the_account_sums_up_its_dollars() -> None:
    async with on_binance() as (street, customer):
        await customer.trade("SELL")
        told = await customer.get("v3/account")
        quote = street.office.exchange.touches["BTC/USDT:USDT"].quote
        balance, profit = 100_000 - quote.bid / 2 * FEE, (quote.bid - quote.mark) / 2
        row = {one["asset"]: one for one in told["assets"]}["USDT"]
        for words, name in (
            (row, "walletBalance"),
            (told, "totalWalletBalance"),
            (row, "crossWalletBalance"),
        ):
            assert Decimal(words[name]) == balance
        for words, name in ((row, "unrealizedProfit"), (told, "totalUnrealizedProfit")):
            assert Decimal(words[name]) == profit
        assert Decimal(row["marginBalance"]) == Decimal(told["totalMarginBalance"]) == balance + profit
        assert Decimal(told["totalMaintMargin"]) == quote.mark / 2 * Decimal("0.004")
        assert Decimal(told["totalInitialMargin"]) == pytest.approx(quote.mark / 6)
        free = balance + profit - Decimal(told["totalInitialMargin"])
        assert Decimal(told["availableBalance"]) == pytest.approx(free)
        assert {one["asset"]: one["walletBalance"] for one in told["assets"] if one is not row} == {
            "BTC": "2",
            "ETH": "20",
        }
        [held] = told["positions"]
        assert (held["symbol"], held["positionAmt"], "entryPrice" in held) == ("BTCUSDT", "-0.5", False)


async def test_the_account_of_coins_lists_every_contract() -> None:
    async with on_binance("coinm") as (street, customer):
        await customer.trade("SELL")
        told = await customer.get("v1/account")
        quote = street.office.exchange.touches["BTC/USD:BTC"].quote
        row = {one["asset"]: one for one in told["assets"]}["BTC"]
        assert Decimal(row["walletBalance"]) == pytest.approx(2 - 30_000 / quote.bid * FEE)
        assert row["updateTime"] != 0, "the library skips such a row"
        held = {one["symbol"]: one for one in told["positions"]}
        assert set(held) == {"BTCUSD_PERP", "ETHUSD_PERP", "BTCUSD_260327", "BTCUSD_260626"}
        assert (held["BTCUSD_PERP"]["positionAmt"], held["ETHUSD_PERP"]["positionAmt"]) == ("-300", "0")
        assert (held["BTCUSD_PERP"]["isolated"], held["BTCUSD_PERP"]["leverage"]) == (False, "3")


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(("side", "sign"), [("SELL", -1), ("BUY", 1)])
async def test_a_position_is_signed_and_so_is_its_value(product: Product, side: str, sign: int) -> None:
    async with on_binance(product) as (street, customer):
        await customer.trade(side)
        version, worth = ("v3", "notional") if product == "usdm" else ("v1", "notionalValue")
        rows = await customer.get(f"{version}/positionRisk")
        held = next(one for one in rows if one["symbol"] == BTC[product])
        quote, contract = (
            street.office.exchange.touches[SYMBOLS[product]].quote,
            street.office.contract(SYMBOLS[product]),
        )
        size = Decimal(SIZE[product])
        value = contract.value(size, quote.mark)
        assert Decimal(held["positionAmt"]) == sign * size
        assert Decimal(held[worth]) == sign * value
        assert Decimal(held["entryPrice"]) == pytest.approx(quote.bid if sign < 0 else quote.ask)
        assert Decimal(held["unRealizedProfit"]) < 0, "half the spread"
        assert Decimal(held["markPrice"]) == quote.mark
        if product == "usdm":
            assert len(rows) == 1, "only what is held"
            assert Decimal(held["maintMargin"]) == value * Decimal("0.004")
            assert ("leverage" in held, "marginType" in held) == (False, False)
        else:
            assert len(rows) == 4, "flat ones, too"
            assert (held["leverage"], held["marginType"]) == ("3", "cross")


async def test_positions_of_dollars_are_listed_where_orders_are_open_too() -> None:
    async with on_binance() as (street, customer):
        await customer.rest()
        [flat] = await customer.get("v3/positionRisk")
        assert (flat["symbol"], flat["positionAmt"], flat["notional"], flat["updateTime"]) == (
            "BTCUSDT",
            "0",
            "0",
            0,
        )
        await customer.trade("BUY", "1", symbol="ETHUSDT")
        assert [one["symbol"] for one in await customer.get("v3/positionRisk")] == ["ETHUSDT", "BTCUSDT"]
        [held] = await customer.get("v3/positionRisk", symbol="ETHUSDT")
        assert held["positionAmt"] == "1"
        assert await customer.get("v3/positionRisk", symbol="BTCUSDT_260327") == []
        street.office.moods.empty_positions = True
        assert [one["positionAmt"] for one in await customer.get("v3/positionRisk")] == ["0"]


async def test_positions_of_coins_are_chosen_by_pair_and_by_coin() -> None:
    async with on_binance("coinm") as (_, customer):
        rows = await customer.get("v1/positionRisk", pair="BTCUSD")
        assert {one["symbol"] for one in rows} == {"BTCUSD_PERP", "BTCUSD_260327", "BTCUSD_260626"}
        rows = await customer.get("v1/positionRisk", marginAsset="ETH")
        assert [one["symbol"] for one in rows] == ["ETHUSD_PERP"]


@pytest.mark.parametrize("product", BOTH)
async def test_who_is_first_in_the_queue_is_told(product: Product) -> None:
    async with on_binance(product) as (_, customer):
        assert await customer.get("v1/adlQuantile") == []
        await customer.trade("SELL")
        [told] = await customer.get("v1/adlQuantile", symbol=BTC[product])
        assert told["symbol"] == BTC[product]
        assert 0 <= told["adlQuantile"]["BOTH"] <= 4
        assert await customer.get("v1/adlQuantile", symbol=ETH[product]) == []


# --- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "leverage", "most"),
    [
        ("usdm", 100, "300000"),
        ("usdm", 75, "3000000"),
        ("usdm", 20, "1000000000000"),
        ("coinm", 100, "5"),
        ("coinm", 41, "50"),
    ],
)
async def test_leverage_is_set_with_the_position_it_allows(
    product: Product, leverage: int, most: str
) -> None:
    async with on_binance(product) as (street, customer):
        told = await customer.post("v1/leverage", symbol=BTC[product], leverage=leverage)
        name = "maxNotionalValue" if product == "usdm" else "maxQty"
        assert told == {"leverage": leverage, name: most, "symbol": BTC[product]}
        assert street.office.leverage("main", SYMBOLS[product]) == leverage
        if product == "usdm":
            [config] = await customer.get("v1/symbolConfig", symbol="BTCUSDT")
            assert (config["leverage"], config["maxNotionalValue"]) == (leverage, most)
            assert (config["marginType"], config["isAutoAddMargin"]) == ("CROSSED", "false")
            assert len(await customer.get("v1/symbolConfig")) == 4
        else:
            [held, *_] = await customer.get("v1/positionRisk", pair="BTCUSD")
            assert (held["leverage"], held["maxQty"]) == (str(leverage), most)


@pytest.mark.parametrize("product", BOTH)
async def test_margin_is_set_aside_for_a_position_or_is_not(product: Product) -> None:
    async with on_binance(product) as (_, customer):

        async def code(mode: str) -> int:
            return (await customer.ask("POST", "v1/marginType", symbol=BTC[product], marginType=mode)).code

        assert await code("CROSSED") == -4046
        assert await code("ISOLATED") == 200
        assert await code("ISOLATED") == -4046
        order = await customer.rest()
        assert await code("CROSSED") == -4047
        assert await code("ISOLATED") == -4046, "what changes nothing harms no order"
        await customer.delete("v1/order", symbol=BTC[product], orderId=order["orderId"])
        await customer.trade("SELL")
        assert await code("CROSSED") == -4048
        version = "v3" if product == "usdm" else "v1"
        rows = await customer.get(f"{version}/positionRisk")
        held = next(one for one in rows if one["symbol"] == BTC[product])
        assert Decimal(held["isolatedWallet"]) > 0
        assert Decimal(held["isolatedMargin"]) == Decimal(held["isolatedWallet"]) + Decimal(
            held["unRealizedProfit"]
        )
        await customer.trade("BUY", reduceOnly="true")
        assert await code("CROSSED") == 200


@pytest.mark.parametrize("product", BOTH)
async def test_both_sides_of_a_contract_are_held_apart_or_are_not(product: Product) -> None:
    async with on_binance(product) as (_, customer):

        async def code(word: str) -> int:
            return (await customer.ask("POST", "v1/positionSide/dual", dualSidePosition=word)).code

        assert await customer.get("v1/positionSide/dual") == {"dualSidePosition": False}
        assert await code("false") == -4059
        await customer.rest()
        assert await code("true") == -4067
        await customer.delete("v1/allOpenOrders", symbol=BTC[product])
        await customer.trade("SELL")
        assert await code("true") == -4068
        await customer.trade("BUY")
        assert await code("true") == 200
        assert await customer.get("v1/positionSide/dual") == {"dualSidePosition": True}
        assert (await customer.order()).code == -4061, "a side is wanted, and none is offered"
        assert (await customer.order(positionSide="SHORT")).code == -4061
        assert await code("false") == 200
        await customer.rest()


async def test_one_kind_of_coin_backs_positions_and_it_stays_so() -> None:
    async with on_binance() as (_, customer):
        assert await customer.get("v1/multiAssetsMargin") == {"multiAssetsMargin": False}
        for word, code in (("false", -4171), ("true", -1020), ("yes", -1130)):
            told = await customer.ask("POST", "v1/multiAssetsMargin", multiAssetsMargin=word)
            assert (told.status, told.code) == (400, code)


async def _status(customer: Customer, path: str) -> int:
    return (await customer.ask("GET", path)).status


async def test_coins_have_no_such_settings() -> None:
    async with on_binance("coinm") as (_, customer):
        for path in (
            "v1/multiAssetsMargin",
            "v1/symbolConfig",
            "v3/account",
            "v3/positionRisk",
            "v1/leverageBracket",
        ):
            assert await _status(customer, path) == 404, path
    async with on_binance("usdm") as (_, customer):
        for path in ("v1/account", "v1/positionRisk", "v2/leverageBracket", "/dapi/v1/account"):
            assert await _status(customer, path) == 404, path
