"""MEXC's dialect to a customer who writes by hand: prices, the account, money, and the spot wallet."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.testexchange.mexc_street import BTC, COIN, ETH, LEFT_OUT, on_mexc, order, through_library
from tests.testexchange.street import FROM_MS

HOUR = 3600
HOUR_MS = HOUR * 1000
FEE = Decimal("0.0005")
SETTING = {"symbol": "BTC_USDT", "openType": 2, "positionType": 2, "leverage": 5}


# --- what everybody sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "symbol", "size", "tick", "settle"),
    [
        ("BTC_USDT", BTC, "0.0001", "0.1", "USDT"),
        ("ETH_USDT", ETH, "0.01", "0.01", "USDT"),
        ("BTC_USD", COIN, "100", "0.1", "BTC"),
        ("ETH_USD", "ETH/USD:ETH", "10", "0.01", "ETH"),
    ],
)
async def test_contracts_are_described_and_read_by_the_library(
    name: str, symbol: str, size: str, tick: str, settle: str
) -> None:
    async with through_library() as (street, caller, client):
        told, contract = (await caller.show("detail", symbol=name))["data"], street.office.contract(symbol)
        assert told in (await caller.show("detail"))["data"]
        assert (told["settleCoin"], told["contractSize"], told["priceUnit"]) == (settle, size, tick)
        assert (told["volUnit"], told["minVol"], told["apiAllowed"], told["state"]) == ("1", "1", True, 0)
        market = client.market(symbol)
        assert (market["id"], market["contractSize"], market["settle"]) == (name, Decimal(size), settle)
        assert market["precision"] == {"amount": 1, "price": Decimal(tick)}
        assert (market["linear"], market["inverse"]) == (contract.linear, not contract.linear)
        assert (market["active"], market["swap"], market["expiry"]) == (True, True, None)


async def test_tiers_end_at_the_same_value_whatever_a_coin_costs() -> None:
    async with on_mexc() as (street, caller):
        for name, symbol, value in (("BTC_USDT", BTC, 10_000_000), ("BTC_USD", COIN, 150)):
            told = (await caller.show("detail", symbol=name))["data"]
            contract, mark = street.office.contract(symbol), street.office.exchange.marks[symbol]
            for key in ("riskBaseVol", "riskIncrVol"):
                assert contract.value(Decimal(told[key]), mark) == pytest.approx(
                    Decimal(value), rel=Decimal("1e-4")
                )
            assert [one.maintenance_rate for one in contract.tiers] == [
                Decimal(told["maintenanceMarginRate"]) + Decimal(told["riskIncrMmr"]) * level
                for level in range(told["riskLevelLimit"])
            ]


async def test_a_book_is_as_deep_as_asked_and_has_the_time_prices_stopped_at() -> None:
    async with on_mexc() as (street, caller):
        touch = street.office.exchange.touches[BTC]
        for asked, depth in (({}, 20), ({"limit": 5}, 5), ({"limit": 1000}, 1000)):
            book = (await caller.show("depth/BTC_USDT", **asked))["data"]
            assert (len(book["bids"]), len(book["asks"])) == (depth, depth)
        assert [Decimal(one) for one in book["bids"][0][:2]] == [touch.quote.bid, touch.quote.bid_contracts]
        assert [Decimal(one) for one in book["asks"][0][:2]] == [touch.quote.ask, touch.quote.ask_contracts]
        bids = [Decimal(level[0]) for level in book["bids"]]
        assert bids == sorted(bids, reverse=True)
        street.office.moods.stale[BTC] = (touch, FROM_MS)
        street.pass_time(600)
        assert (await caller.show("depth/BTC_USDT"))["data"]["timestamp"] == FROM_MS
        assert (await caller.show("ticker", symbol="BTC_USDT"))["data"]["timestamp"] == FROM_MS
        assert (await caller.show("ticker", symbol="ETH_USDT"))["data"]["timestamp"] == street.now_ms


@pytest.mark.parametrize(("name", "symbol"), [("BTC_USDT", BTC), ("BTC_USD", COIN)])
async def test_a_ticker_tells_prices_and_the_day_they_come_from(name: str, symbol: str) -> None:
    async with on_mexc() as (street, caller):
        street.pass_time(6 * HOUR)
        quote, busy = street.office.exchange.touches[symbol].quote, street.office.world.turnover(symbol)
        told = (await caller.show("ticker", symbol=name))["data"]
        assert told in (await caller.show("ticker"))["data"]
        assert [Decimal(told[key]) for key in ("bid1", "ask1", "fairPrice", "indexPrice")] == [
            quote.bid,
            quote.ask,
            quote.mark,
            quote.index,
        ]
        assert busy is not None
        assert (Decimal(told["volume24"]), Decimal(told["holdVol"])) == (busy.volume_24h, busy.open_interest)
        low, high, last = (Decimal(told[key]) for key in ("lower24Price", "high24Price", "lastPrice"))
        assert low < quote.bid
        assert quote.ask < high
        rise = Decimal(told["riseFallValue"])
        assert Decimal(told["riseFallRate"]) == pytest.approx(rise / (last - rise), abs=Decimal("1e-4"))
        for path, key in (("index_price", "indexPrice"), ("fair_price", "fairPrice")):
            shown = (await caller.show(f"{path}/{name}"))["data"]
            assert (shown["symbol"], shown[key]) == (name, told[key])


async def test_the_next_funding_and_those_that_were_are_told() -> None:
    async with on_mexc() as (street, caller):
        street.pass_time(20 * HOUR)
        told, coming = (
            (await caller.show("funding_rate/BTC_USDT"))["data"],
            street.office.world.next_funding(BTC),
        )
        assert (Decimal(told["fundingRate"]), told["nextSettleTime"]) == (coming.rate, coming.next_at_ms)
        assert (told["collectCycle"], told["nextSettleTime"] - FROM_MS) == (8, 24 * HOUR_MS)
        first = (await caller.show("funding_rate/history", symbol="BTC_USDT", page_size=2))["data"]
        assert (first["pageSize"], first["totalCount"], first["totalPage"]) == (2, 1000, 500)
        second = (await caller.show("funding_rate/history", symbol="BTC_USDT", page_size=2, page_num=2))[
            "data"
        ]
        assert second["currentPage"] == 2
        times = [row["settleTime"] - FROM_MS for row in first["resultList"] + second["resultList"]]
        assert times == [hours * HOUR_MS for hours in (16, 8, 0, -8)]
        last = (await caller.show("funding_rate/history", symbol="BTC_USDT", page_size=1000))["data"]
        assert len(last["resultList"]) == 1000
        assert len((await caller.show("funding_rate/history", symbol="BTC_USDT"))["data"]["resultList"]) == 20


@pytest.mark.parametrize("path", ["kline", "kline/index_price", "kline/fair_price"])
async def test_candles_are_columns_and_are_asked_for_by_time(path: str) -> None:
    async with on_mexc() as (_, caller):
        begin = FROM_MS // 1000 - 3 * HOUR
        asked = {"interval": "Min60", "start": begin, "end": begin + 2 * HOUR}
        told = (await caller.show(f"{path}/BTC_USDT", **asked))["data"]
        assert told["time"] == [begin, begin + HOUR, begin + 2 * HOUR]
        assert {len(column) for column in told.values()} == {3}
        for low, close, high in zip(told["low"], told["close"], told["high"], strict=True):
            assert Decimal(low) <= Decimal(close) <= Decimal(high)


async def test_too_many_candles_end_early_and_none_are_of_the_future() -> None:
    async with on_mexc() as (_, caller):
        told = (await caller.show("kline/BTC_USDT", interval="Min1", start=60))["data"]
        assert (told["time"][0], len(told["time"])) == (60, 1500), "from the first, not all since"
        assert (await caller.show("kline/BTC_USDT", start=FROM_MS // 1000 + HOUR))["data"]["time"] == []
        newest = (await caller.show("kline/BTC_USDT", interval="Day1"))["data"]["time"]
        assert newest[-1] <= FROM_MS // 1000 < newest[-1] + 24 * HOUR


# --- the account ----------------------------------------------------------------------------------------------------


async def test_assets_tell_equity_with_what_is_not_realised() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=5000)
        quote = street.office.exchange.touches[BTC].quote
        rows = {row["currency"]: row for row in (await caller.get("account/assets"))["data"]}
        assert set(rows) == {"BTC", "ETH", "USDT"}
        assert (rows["BTC"]["equity"], rows["BTC"]["positionMargin"]) == ("2", "0")
        told = {key: Decimal(value) for key, value in rows["USDT"].items() if key != "currency"}
        balance, loss = 100_000 - quote.bid / 2 * FEE, (quote.bid - quote.mark) / 2
        assert (told["equity"], told["unrealized"]) == (balance + loss, loss)
        assert told["positionMargin"] == pytest.approx(quote.mark / 6)
        assert told["availableBalance"] == told["cashBalance"] == balance - told["positionMargin"]


async def test_a_short_has_size_entry_leverage_and_a_number_of_its_own() -> None:
    async with on_mexc() as (street, caller):
        assert (await caller.get("position/open_positions"))["data"] == []
        await caller.place(type=5, vol=5000)
        await caller.place(type=5, vol=100, symbol="ETH_USDT")
        bid = street.office.exchange.touches[BTC].quote.bid
        [held] = (await caller.get("position/open_positions", symbol="BTC_USDT"))["data"]
        assert (held["positionType"], held["openType"], held["state"], held["leverage"]) == (2, 2, 1, 3)
        assert (held["holdVol"], Decimal(held["openAvgPrice"])) == ("5000", bid)
        assert Decimal(held["liquidatePrice"]) > 2 * bid
        both = (await caller.get("position/open_positions"))["data"]
        assert len({row["positionId"] for row in both}) == 2
        street.office.moods.empty_positions = True
        assert (await caller.get("position/open_positions"))["data"] == []


async def test_leverage_is_set_for_a_contract_and_told_for_both_sides() -> None:
    async with on_mexc() as (street, caller):
        assert (await caller.post("position/change_leverage", SETTING))["success"]
        rows = (await caller.get("position/leverage", symbol="BTC_USDT"))["data"]
        assert {(row["positionType"], row["openType"], row["leverage"]) for row in rows} == {
            (side, how, 5) for side in (1, 2) for how in (1, 2)
        }
        assert {row["maxVol"] for row in rows} == {
            (await caller.show("detail", symbol="BTC_USDT"))["data"]["riskBaseVol"]
        }
        assert street.office.leverages == {("main", BTC): 5}
        assert (await caller.found(await caller.place()))["leverage"] == 5


async def test_the_position_mode_is_told_and_set_back() -> None:
    async with on_mexc() as (_, caller):
        for mode in (2, 1, 2):
            if (await caller.get("position/position_mode"))["data"] != mode:
                words = {"positionMode": mode}
                assert (await caller.post("position/change_position_mode", words))["success"]
            assert (await caller.get("position/position_mode"))["data"] == mode


# --- money ----------------------------------------------------------------------------------------------------------


async def test_funding_is_told_with_its_rate_and_the_side_that_had_it() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=5000)
        await caller.place(type=5, side=1, vol=30, symbol="BTC_USD")
        street.pass_time(17 * HOUR)
        page = (await caller.get("position/funding_records"))["data"]
        assert (page["totalCount"], page["totalPage"], page["currentPage"], page["pageSize"]) == (4, 1, 1, 20)
        rows = page["resultList"]
        assert [row["settleTime"] - FROM_MS for row in rows] == [hours * HOUR_MS for hours in (16, 16, 8, 8)]
        paid = {row["symbol"]: row for row in rows[-2:]}
        rate = dict(street.office.world.funding_paid(BTC, FROM_MS + 1, street.now_ms))[FROM_MS + 8 * HOUR_MS]
        assert {Decimal(row["rate"]) for row in paid.values()} == {rate}
        assert (paid["BTC_USDT"]["positionType"], paid["BTC_USD"]["positionType"]) == (2, 1)
        for row, sign in ((paid["BTC_USDT"], 1), (paid["BTC_USD"], -1)):
            value = Decimal(row["positionValue"])
            assert Decimal(row["funding"]) == pytest.approx(sign * value * rate, rel=Decimal("1e-6"))
        only = (await caller.get("position/funding_records", symbol="BTC_USD"))["data"]
        assert {row["symbol"] for row in only["resultList"]} == {"BTC_USD"}


async def test_funding_records_come_in_pages() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=10)
        street.pass_time(5 * 8 * HOUR)
        found = []
        for number, rows in ((1, 2), (2, 2), (3, 1), (4, 0)):
            page = (await caller.get("position/funding_records", page_size=2, page_num=number))["data"]
            assert (page["totalCount"], page["totalPage"], page["currentPage"]) == (5, 3, number)
            assert len(page["resultList"]) == rows
            found += page["resultList"]
        times = [row["settleTime"] for row in found]
        assert times == sorted(set(times), reverse=True)


async def test_money_moves_between_wallets_and_both_sides_list_it() -> None:
    async with on_mexc() as (street, caller):
        out = {"fromAccountType": "FUTURES", "toAccountType": "SPOT"}
        [first] = await caller.move(amount="1000.5")
        street.pass_time(60)
        [second] = await caller.move(**out, asset="BTC", amount="0.25")
        account = {row["asset"]: row["free"] for row in (await caller.spot("GET", "account"))["balances"]}
        assert account == {"USDT": "48999.5", "BTC": "1.25", "ETH": "10"}
        assets = {row["currency"]: row["equity"] for row in (await caller.get("account/assets"))["data"]}
        assert assets == {"USDT": "101000.5", "BTC": "1.75", "ETH": "20"}
        ways = {"fromAccountType": "SPOT", "toAccountType": "FUTURES"}
        told = await caller.spot("GET", "capital/transfer", **ways)
        assert (told["total"], [row["tranId"] for row in told["rows"]]) == (1, [first["tranId"]])
        assert {**ways, "asset": "USDT", "amount": "1000.5", "status": "SUCCESS"}.items() <= told["rows"][
            0
        ].items()
        told = await caller.spot("GET", "capital/transfer", **out)
        assert [(row["tranId"], row["timestamp"]) for row in told["rows"]] == [
            (second["tranId"], street.now_ms)
        ]
        for asked, wanted in (
            ({}, [second, first]),
            ({"currency": "BTC"}, [second]),
            ({"type": "IN"}, [first]),
            ({"type": "OUT", "currency": "USDT"}, []),
            ({"state": "SUCCESS"}, [second, first]),
            ({"state": "FAILED"}, []),
            ({"page_size": 1, "page_num": 2}, [first]),
        ):
            page = (await caller.get("account/transfer_record", **asked))["data"]
            assert [row["txid"] for row in page["resultList"]] == [one["tranId"] for one in wanted], asked


async def test_transfers_of_spot_come_in_pages_within_a_time() -> None:
    async with on_mexc() as (street, caller):
        made: list[str] = []
        for _ in range(12):
            made.insert(0, (await caller.move())[0]["tranId"])
            street.pass_time(1)
        ways = {"fromAccountType": "SPOT", "toAccountType": "FUTURES"}
        for asked, wanted in (
            ({}, made[:10]),
            ({"page": 2}, made[10:]),
            ({"size": 100}, made),
            ({"size": 5, "page": 3}, made[10:]),
            ({"startTime": FROM_MS + 11_000}, made[:1]),
            ({"endTime": FROM_MS + 1_000}, made[10:]),
            ({"startTime": FROM_MS + 1_000, "endTime": FROM_MS + 2_000}, made[9:11]),
        ):
            told = await caller.spot("GET", "capital/transfer", **ways, **asked)
            assert [row["tranId"] for row in told["rows"]] == wanted, asked


# --- spot -----------------------------------------------------------------------------------------------------------


async def test_pairs_are_listed_and_quoted_at_the_index() -> None:
    async with on_mexc() as (street, caller):
        pairs = (await caller.spot("GET", "exchangeInfo"))["symbols"]
        assert [(one["symbol"], one["status"]) for one in pairs] == [("BTCUSDT", "1"), ("ETHUSDT", "1")]
        both = await caller.spot("GET", "ticker/bookTicker")
        assert [one["symbol"] for one in both] == ["BTCUSDT", "ETHUSDT"]
        one = await caller.spot("GET", "ticker/bookTicker", symbol="ETHUSDT")
        assert Decimal(one["bidPrice"]) == Decimal(one["askPrice"]) == street.office.exchange.indices["ETH"]


async def test_a_coin_that_is_not_there_is_left_out_of_the_spot_wallet() -> None:
    async with on_mexc() as (_, caller):
        await caller.move(asset="BTC", amount=1)
        told = await caller.spot("GET", "account")
        assert (told["accountType"], told["canTrade"]) == ("SPOT", True)
        assert [row["asset"] for row in told["balances"]] == ["ETH", "USDT"]


async def test_the_clocks_of_both_sides_are_the_venues() -> None:
    async with on_mexc() as (street, caller):
        street.office.moods.clock_skew_ms = 700
        assert await caller.spot("GET", "time") == {"serverTime": FROM_MS + 700}
        assert (await caller.show("ping"))["data"] == FROM_MS + 700
        assert await caller.spot("GET", "ping") == {}
        told = await caller.post("order/create", order())
        assert told["data"]["ts"] == street.now_ms + 700


async def test_a_position_without_a_mark_is_told_without_its_margin() -> None:
    async with on_mexc() as (street, caller):
        await caller.place(type=5, vol=10)
        del street.office.exchange.marks[BTC]
        [held] = (await caller.get("position/open_positions"))["data"]
        assert (held["holdVol"], held["im"]) == ("10", "0")
        rows = {row["currency"]: row for row in (await caller.get("account/assets"))["data"]}
        assert (rows["USDT"]["unrealized"], rows["USDT"]["positionMargin"]) == ("0", "0")
        assert (await caller.get("position/leverage", symbol="BTC_USDT"))["success"]


async def test_a_contract_that_was_relisted_is_still_told_by_its_symbol() -> None:
    async with on_mexc() as (street, caller):
        exchange = street.office.exchange
        exchange.relist(replace(exchange.contracts[ETH], status="halted"))
        told = await caller.show("detail", symbol="ETH_USDT")
        assert (told["data"]["symbol"], told["data"]["state"]) == ("ETH_USDT", 4)
        assert (await caller.post("order/create", order(symbol=LEFT_OUT)))["code"] == 600
