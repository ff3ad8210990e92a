"""The dialect of Bybit, as an unmodified ccxt client meets it: prices, the account, money that moved."""

from decimal import Decimal

import ccxt
import pytest

from bot.core.instruments import DatedFuture
from bot.core.values import Price
from bot.wiring_street import Scenario
from tests.testexchange.bybit_street import BTC, COIN, ETH, ETHER, buy, found, on_bybit, sell
from tests.testexchange.street import FROM_MS

HOUR = 3600
HOUR_MS = HOUR * 1000
DAY = 24 * HOUR
FEE = Decimal("0.0005")
QUARTERS = {"BTC/USDT:USDT-260327": "BTCUSDT-27MAR26", "BTC/USD:BTC-260327": "BTCUSDH26"}
WEEKS = {"BTC/USDT:USDT-260306": "BTCUSDT-06MAR26", "BTC/USD:BTC-260306": "BTCUSD-06MAR26"}


# --- what everybody sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "market_id", "step", "tick", "least"),
    [
        (BTC, "BTCUSDT", "0.001", "0.1", "5"),
        (ETH, "ETHUSDT", "0.01", "0.01", "5"),
        (COIN, "BTCUSD", "1", "0.5", None),
        (ETHER, "ETHUSD", "1", "0.05", None),
    ],
)
async def test_markets_load_in_coins_and_in_dollars(
    symbol: str, market_id: str, step: str, tick: str, least: str | None
) -> None:
    async with on_bybit() as (street, client):
        market, contract = client.market(symbol), street.office.contract(symbol)
    assert market["id"] == market_id
    assert market["contractSize"] == contract.contract_size == 1
    assert market["precision"] == {"amount": Decimal(step), "price": Decimal(tick)}
    assert market["limits"]["amount"]["min"] == Decimal(step)
    assert market["limits"]["cost"]["min"] == (None if least is None else Decimal(least))
    assert (market["linear"], market["inverse"]) == (contract.linear, not contract.linear)
    assert (market["active"], market["expiry"], market["swap"]) == (True, None, True)


@pytest.mark.parametrize(("scenario", "named"), [("calm", QUARTERS), ("roll", WEEKS)])
async def test_dated_contracts_are_named_by_day_and_inverse_quarters_by_letter(
    scenario: Scenario, named: dict[str, str]
) -> None:
    async with on_bybit(scenario=scenario) as (street, client):
        for symbol, market_id in named.items():
            market = client.market(symbol)
            assert (market["id"], market["future"], market["swap"]) == (market_id, True, False)
            contract = street.office.contract(symbol)
            assert isinstance(contract, DatedFuture)
            assert market["expiry"] == contract.expiry_ms


async def test_a_pair_has_the_name_of_a_contract_and_is_quoted_at_the_index() -> None:
    async with on_bybit() as (street, client):
        assert client.market("BTC/USDT")["id"] == client.market(BTC)["id"]
        for coin in ("BTC", "ETH"):
            told = await client.fetch_ticker(f"{coin}/USDT")
            assert told["last"] == street.office.exchange.indices[coin]
        assert set(await client.fetch_tickers(None, {"type": "spot"})) == {"BTC/USDT", "ETH/USDT"}


async def test_nothing_is_before_its_launch_and_there_are_no_options() -> None:
    async with on_bybit() as (_, client):
        for asked in ({"category": "linear", "status": "PreLaunch"}, {"category": "option"}):
            told = (await client.publicGetV5MarketInstrumentsInfo(asked))["result"]
            assert (told["list"], told["nextPageCursor"]) == ([], "")
        assert await client.fetch_tickers(None, {"type": "option"}) == {}


async def test_contracts_are_listed_page_by_page() -> None:
    async with on_bybit() as (_, client):
        names, cursor = [], ""
        while True:
            asked = {"category": "linear", "limit": 3, "cursor": cursor}
            told = (await client.publicGetV5MarketInstrumentsInfo(asked))["result"]
            names += [one["symbol"] for one in told["list"]]
            cursor = told["nextPageCursor"]
            if not cursor:
                break
        assert len(names) == len(set(names)) == 4
        one = {"category": "linear", "symbol": "ETHUSDT"}
        assert len((await client.publicGetV5MarketInstrumentsInfo(one))["result"]["list"]) == 1


async def test_the_clock_and_coins_are_told() -> None:
    async with on_bybit() as (street, client):
        street.office.moods.clock_skew_ms = 700
        assert await client.fetch_time() == FROM_MS + 700
        assert set(await client.fetch_currencies()) == {"BTC", "ETH", "USDT"}


async def test_books_are_shown_as_deep_as_asked_and_with_the_time_prices_stopped_at() -> None:
    async with on_bybit() as (street, client):
        book = await client.fetch_order_book(BTC, 50)
        quote = street.office.exchange.touches[BTC].quote
        assert (len(book["bids"]), len(book["asks"])) == (50, 50)
        assert [Decimal(str(one)) for one in book["bids"][0]] == [quote.bid, quote.bid_contracts]
        street.office.moods.stale[BTC] = (street.office.exchange.touches[BTC], FROM_MS)
        street.pass_time(600)
        assert (await client.fetch_order_book(BTC))["timestamp"] == FROM_MS
        assert (await client.fetch_ticker(BTC))["timestamp"] is None, "a ticker has no time"


async def test_best_prices_mark_index_and_next_funding_are_in_one_answer() -> None:
    async with on_bybit() as (street, client):
        told, best = await client.fetch_funding_rate(BTC), (await client.fetch_bids_asks([BTC]))[BTC]
        quote, coming = street.office.exchange.touches[BTC].quote, street.office.world.next_funding(BTC)
        assert (best["bid"], best["ask"]) == (quote.bid, quote.ask)
        assert (told["markPrice"], told["indexPrice"]) == (quote.mark, quote.index)
        assert (told["fundingRate"], told["fundingTimestamp"]) == (coming.rate, FROM_MS + 8 * HOUR_MS)
        assert told["interval"] == "8h"
        dated = (await client.fetch_ticker("BTC/USDT:USDT-260327"))["info"]
        assert (dated["fundingRate"], dated["deliveryTime"] != "0") == ("", True)


async def test_a_contract_without_a_price_is_left_out_of_lists_and_refused_by_name() -> None:
    async with on_bybit() as (street, client):
        del street.office.exchange.touches[ETH]
        assert ETH not in await client.fetch_tickers(None, {"subType": "linear"})
        with pytest.raises(ccxt.ExchangeError, match=r"110074.*no price"):
            await client.fetch_ticker(ETH)


async def test_funding_that_was_is_listed_newest_first_within_a_time() -> None:
    async with on_bybit() as (_, client):
        last = await client.fetch_funding_rate_history(BTC, limit=3)
        assert [one["timestamp"] for one in last] == [FROM_MS - hours * HOUR_MS for hours in (16, 8, 0)]
        since = await client.fetch_funding_rate_history(BTC, FROM_MS - 24 * HOUR_MS, 2)
        assert [one["timestamp"] for one in since] == [FROM_MS - hours * HOUR_MS for hours in (16, 8)], (
            "the last of that time, not the first"
        )
        raw = await client.publicGetV5MarketFundingHistory({"category": "linear", "symbol": "BTCUSDT"})
        times = [int(one["fundingRateTimestamp"]) for one in raw["result"]["list"]]
        assert len(times) == 200
        assert times == sorted(times, reverse=True)
        assert await client.fetch_funding_rate_history("BTC/USDT:USDT-260327") == []


@pytest.mark.parametrize("price", [None, "mark"])
async def test_candles_are_listed_and_those_of_marks_have_no_volume(price: str | None) -> None:
    async with on_bybit() as (street, client):
        more = {} if price is None else {"price": price}
        candles = await client.fetch_ohlcv(BTC, "1h", limit=3, params=more)
        assert [one[0] for one in candles] == [FROM_MS - hours * HOUR_MS for hours in (2, 1, 0)]
        assert all(one[3] <= one[4] <= one[2] for one in candles)
        past = await client.fetch_ohlcv(COIN, "4h", FROM_MS - 48 * HOUR_MS, 2, more)
        assert [one[0] for one in past] == [FROM_MS - hours * HOUR_MS for hours in (48, 44)]
        path = street.heard[-1][0].path
    assert path == ("/v5/market/kline" if price is None else "/v5/market/mark-price-kline")
    assert (past[0][5] is None) == (price == "mark")


@pytest.mark.parametrize("symbol", [BTC, COIN])
async def test_open_interest_and_tiers_are_told(symbol: str) -> None:
    async with on_bybit() as (street, client):
        busy, contract = street.office.world.turnover(symbol), street.office.contract(symbol)
        assert busy is not None
        told = (await client.fetch_open_interest(symbol))["info"]
        assert Decimal(told["openInterest"]) == busy.open_interest
        tiers = await client.fetch_market_leverage_tiers(symbol)
        assert [(one["minNotional"], one["maintenanceMarginRate"], one["maxLeverage"]) for one in tiers] == [
            (one.value_min, one.maintenance_rate, one.leverage_max) for one in contract.tiers
        ]


async def test_tiers_of_a_whole_category_take_one_request() -> None:
    async with on_bybit() as (street, client):
        tiers = await client.fetch_leverage_tiers()
        asked = [request for request, _ in street.heard if request.path.endswith("risk-limit")]
    assert {BTC, ETH} <= set(tiers)
    assert len(asked) == 1


# --- the account ----------------------------------------------------------------------------------------------------


async def test_a_balance_leaves_unrealised_profit_out_and_the_account_has_it_in_dollars() -> None:
    async with on_bybit() as (street, client):
        await sell(client)
        told = await client.fetch_balance()
        quote, fee = (
            street.office.exchange.touches[BTC].quote,
            street.office.exchange.touches[BTC].quote.bid / 2 * FEE,
        )
        assert told["USDT"]["total"] == 100_000 - fee
        assert told["USDT"]["used"] == pytest.approx(quote.mark / 6)
        assert (told["BTC"]["total"], told["ETH"]["total"]) == (2, 20)
        [account] = told["info"]["result"]["list"]
        row = {one["coin"]: one for one in account["coin"]}["USDT"]
        assert Decimal(row["unrealisedPnl"]) == (quote.bid - quote.mark) / 2
        assert Decimal(row["equity"]) == 100_000 - fee + (quote.bid - quote.mark) / 2
        indices = street.office.exchange.indices
        coins = 2 * indices["BTC"] + 20 * indices["ETH"]
        assert Decimal(account["totalEquity"]) == Decimal(row["equity"]) + coins
        assert Decimal(account["totalPerpUPL"]) == Decimal(row["unrealisedPnl"])
        assert Decimal(account["totalMaintenanceMargin"]) == quote.mark / 2 * Decimal("0.004")
        one = await client.privateGetV5AccountWalletBalance({"accountType": "UNIFIED", "coin": "BTC"})
        assert [coin["coin"] for coin in one["result"]["list"][0]["coin"]] == ["BTC"]


async def test_the_funding_wallet_lies_beside_the_unified_one() -> None:
    async with on_bybit() as (_, client):
        told = await client.fetch_balance({"type": "funding"})
        assert {coin: told[coin]["total"] for coin in ("USDT", "BTC", "ETH")} == {
            "USDT": 50_000,
            "BTC": 1,
            "ETH": 10,
        }


async def test_coins_back_positions_in_others_only_where_the_customer_said_so() -> None:
    async with on_bybit() as (street, client):
        rows = (await client.privateGetV5AccountCollateralInfo())["result"]["list"]
        assert {one["currency"]: one["collateralSwitch"] for one in rows} == {
            "BTC": False,
            "ETH": False,
            "USDT": False,
        }
        trader = street.office.exchange.accounts["main"]
        trader.collateral_shares["BTC"] = Decimal("0.9")
        [row] = (await client.privateGetV5AccountCollateralInfo({"currency": "BTC"}))["result"]["list"]
        assert (row["collateralRatio"], row["collateralSwitch"]) == ("0.9", True)
        trader.margin_mode = "isolated"
        [row] = (await client.privateGetV5AccountCollateralInfo({"currency": "BTC"}))["result"]["list"]
        assert row["collateralSwitch"] is False, "nothing backs an isolated position but its own margin"


@pytest.mark.parametrize(("symbol", "amount"), [(BTC, "0.5"), (COIN, "3000")])
async def test_a_short_has_size_side_entry_and_a_liquidation_price(symbol: str, amount: str) -> None:
    async with on_bybit() as (street, client):
        await sell(client, amount, symbol)
        [held] = await client.fetch_positions([symbol])
        quote, contract = street.office.exchange.touches[symbol].quote, street.office.contract(symbol)
        assert (held["side"], held["contracts"], held["leverage"]) == ("short", Decimal(amount), 3)
        assert (held["markPrice"], held["hedged"]) == (quote.mark, False)
        assert held["entryPrice"] == pytest.approx(quote.bid)
        value = contract.value(Decimal(amount), quote.mark)
        assert Decimal(held["info"]["positionValue"]) == value
        assert held["maintenanceMargin"] == pytest.approx(value * Decimal("0.004"))
        assert held["timestamp"] == FROM_MS
    if symbol == BTC:
        assert held["liquidationPrice"] > 2 * quote.mark
    else:
        assert held["liquidationPrice"] is None, "two coins carry it beyond any price of the venue"


async def test_positions_are_of_one_category_and_one_coin_as_asked() -> None:
    async with on_bybit() as (_, client):
        await sell(client)
        await sell(client, "3000", COIN)
        assert [one["symbol"] for one in await client.fetch_positions()] == [BTC], "inverse is not looked at"
        assert [one["symbol"] for one in await client.fetch_positions(None, {"subType": "inverse"})] == [COIN]
        asked = {"category": "inverse", "settleCoin": "USDT"}
        assert (await client.privateGetV5PositionList(asked))["result"]["list"] == []
        asked = {"category": "linear", "baseCoin": "ETH"}
        assert (await client.privateGetV5PositionList(asked))["result"]["list"] == []


async def test_a_contract_that_is_not_held_has_a_row_of_size_0() -> None:
    async with on_bybit() as (street, client):
        assert await client.fetch_positions() == []
        held = await client.fetch_position(ETH)
        assert (held["contracts"], held["side"], held["info"]["size"]) == (0, None, "0")
        await client.set_position_mode(hedged=True, symbol=ETH)
        rows = await client.privateGetV5PositionList({"category": "linear", "symbol": "ETHUSDT"})
        assert [one["positionIdx"] for one in rows["result"]["list"]] == [1, 2]
        del street.office.exchange.marks[ETH]
        assert (await client.fetch_position(ETH))["contracts"] == 0


async def test_positions_can_be_answered_empty() -> None:
    async with on_bybit() as (street, client):
        await sell(client)
        street.office.moods.empty_positions = True
        assert await client.fetch_positions() == []
        assert (await client.fetch_position(BTC))["contracts"] == 0


async def test_a_position_says_when_it_was_opened_and_when_it_changed() -> None:
    async with on_bybit() as (street, client):
        await sell(client, "0.3")
        await buy(client, "0.3", reduceOnly=True)
        for amount in ("0.5", "0.1"):
            street.pass_time(60)
            await sell(client, amount)
        [held] = await client.fetch_positions([BTC])
        assert (held["timestamp"], held["lastUpdateTimestamp"]) == (FROM_MS + 60_000, FROM_MS + 120_000)
        await buy(client, "0.8")
        [turned] = await client.fetch_positions([BTC])
        assert (turned["side"], turned["timestamp"]) == ("long", FROM_MS + 120_000)


async def test_an_isolated_position_says_what_is_set_aside() -> None:
    async with on_bybit() as (_, client):
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "cross"
        await client.set_margin_mode("isolated")
        await client.set_leverage(10, BTC)
        await sell(client)
        held = await client.fetch_position(BTC)
        assert (await client.fetch_margin_mode(BTC))["marginMode"] == "isolated"
    assert held["initialMargin"] == pytest.approx(held["entryPrice"] / 20)
    assert held["collateral"] == held["initialMargin"] + held["unrealizedPnl"]


async def test_modes_and_leverage_are_set_and_told() -> None:
    async with on_bybit() as (street, client):
        assert (await client.fetch_leverage(BTC))["shortLeverage"] == 3
        await client.set_leverage(Decimal("5.5"), BTC)
        assert street.office.exchange.accounts["main"].leverage == Decimal("5.5")
        assert Decimal((await client.fetch_position(BTC))["info"]["leverage"]) == Decimal("5.5")
        await client.set_position_mode(hedged=True)
        assert street.office.hedge_mode == {"main": True}
        await client.set_position_mode(hedged=False, symbol=BTC)
        assert street.office.hedge_mode == {"main": False}


async def test_fees_are_told_of_a_contract_and_of_a_category() -> None:
    async with on_bybit() as (_, client):
        fee = await client.fetch_trading_fee(BTC)
        assert (fee["maker"], fee["taker"]) == (Decimal("0.0002"), FEE)
        assert {BTC, ETH} <= set(await client.fetch_trading_fees({"category": "linear"}))


# --- money that moved -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["sell", "buy"])
async def test_funding_is_an_execution_whose_fee_is_what_was_paid(side: str) -> None:
    async with on_bybit() as (street, client):
        await (sell if side == "sell" else buy)(client)
        street.pass_time(8 * HOUR + 60)
        [paid] = await client.fetch_funding_history(BTC, FROM_MS)
        rate = (await client.fetch_funding_rate_history(BTC, limit=1))[0]
        row, sign = paid["info"], -1 if side == "sell" else 1
        assert paid["timestamp"] == rate["timestamp"] == FROM_MS + 8 * HOUR_MS
        assert Decimal(row["feeRate"]) == sign * rate["fundingRate"], "for a short with its sign turned"
        assert paid["amount"] == pytest.approx(Decimal(row["execValue"]) * Decimal(row["feeRate"]))
        assert (row["side"], row["execQty"], row["execType"]) == (side.capitalize(), "0.5", "Funding")
        before = street.office.exchange.accounts["main"].deposited["USDT"]
        fee = Decimal((await client.fetch_my_trades(BTC))[0]["info"]["execFee"])
        assert (await client.fetch_balance())["USDT"]["total"] == before - fee - paid["amount"]
        line = (await client.fetch_ledger("USDT"))[-1]["info"]
        assert (line["type"], Decimal(line["funding"])) == ("SETTLEMENT", -paid["amount"])
        assert (line["side"], Decimal(line["feeRate"])) == (row["side"], Decimal(row["feeRate"]))
        assert Decimal(line["size"]) == sign * Decimal("0.5")
        assert await client.fetch_funding_history(ETH) == []


async def test_funding_of_inverse_contracts_is_paid_in_coins() -> None:
    async with on_bybit() as (street, client):
        await sell(client, "3000", COIN)
        street.pass_time(8 * HOUR + 60)
        [paid] = await client.fetch_funding_history(COIN)
        value = Decimal(3000) / Decimal(paid["info"]["execPrice"])
        assert Decimal(paid["info"]["execValue"]) == pytest.approx(value)
        assert paid["amount"] == pytest.approx(value * paid["rate"], rel=Decimal("0.0001"))


async def test_the_log_explains_the_wallet_page_by_page() -> None:
    async with on_bybit() as (street, client):
        await sell(client)
        street.pass_time(60)
        await buy(client)
        lines, cursor = [], ""
        while True:
            asked = {"accountType": "UNIFIED", "currency": "USDT", "limit": 2, "cursor": cursor}
            told = (await client.privateGetV5AccountTransactionLog(asked))["result"]
            lines += told["list"]
            cursor = told["nextPageCursor"]
            if not cursor:
                break
        assert [one["type"] for one in lines] == ["TRADE", "TRADE", "AIRDROP"]
        total = (await client.fetch_balance())["USDT"]["total"]
        assert Decimal(lines[0]["cashBalance"]) == total == sum(Decimal(one["change"]) for one in lines)
        quote = street.office.exchange.touches[BTC].quote
        closing, opening = lines[:2]
        assert (closing["size"], opening["size"], opening["side"]) == ("0", "-0.5", "Sell")
        assert Decimal(closing["change"]) == Decimal(closing["cashFlow"]) - Decimal(closing["fee"])
        assert Decimal(closing["tradePrice"]) == quote.ask
        assert (await client.fetch_ledger(None, None, None, {"type": "SETTLEMENT"})) == []


async def test_histories_are_told_a_week_at_a_time() -> None:
    async with on_bybit() as (street, client):
        order = await sell(client)
        street.pass_time(8 * DAY)
        assert [one["order"] for one in await client.fetch_my_trades(BTC)] == [], "the last week's"
        assert [one["order"] for one in await client.fetch_my_trades(BTC, FROM_MS)] == [order["id"]]
        until = {"until": FROM_MS + 1000}
        assert [one["order"] for one in await client.fetch_my_trades(BTC, None, None, until)] == [order["id"]]
        assert await client.fetch_closed_orders(BTC) == []
        assert [one["id"] for one in await client.fetch_closed_orders(BTC, FROM_MS)] == [order["id"]]
        with pytest.raises(ccxt.BadRequest, match=r"10001.*7 days"):
            await client.fetch_my_trades(BTC, FROM_MS, None, {"until": street.now_ms})
        kinds = {one["info"]["type"] for one in await client.fetch_ledger("USDT")}
        assert kinds == {"SETTLEMENT"}, "the trade is older"


async def test_money_is_moved_between_the_wallets_and_told_afterwards() -> None:
    async with on_bybit() as (street, client):
        name = "6f1d3a52-6a1b-5c53-9a83-9f0d5b1d2c70"
        street.pass_time(60)
        there = await client.transfer("USDT", Decimal(500), "funding", "unified", {"transferId": name})
        assert (there["id"], there["status"]) == (name, "ok")
        street.pass_time(60)
        await client.transfer("USDT", Decimal(200), "unified", "funding")
        assert (await client.fetch_balance())["USDT"]["total"] == 100_300
        assert (await client.fetch_balance({"type": "funding"}))["USDT"]["total"] == 49_700
        told = await client.fetch_transfers("USDT")
        assert [(one["amount"], one["fromAccount"], one["toAccount"], one["status"]) for one in told] == [
            (500, "fund", "unified", "ok"),
            (200, "unified", "fund", "ok"),
        ]
        assert [
            one["id"] for one in await client.fetch_transfers(None, None, None, {"transferId": name})
        ] == [name]
        assert len(await client.fetch_transfers("USDT", FROM_MS + 60_001)) == 1
        assert await client.fetch_transfers("BTC") == []
        lines = [one["info"] for one in await client.fetch_ledger("USDT")][-2:]
        assert [(one["type"], one["change"], one["symbol"]) for one in lines] == [
            ("TRANSFER_IN", "500", ""),
            ("TRANSFER_OUT", "-200", ""),
        ]


async def test_what_the_venue_does_by_its_own_hand_has_words_of_its_own() -> None:
    async with on_bybit() as (street, client):
        await sell(client)
        bid = street.office.exchange.touches[BTC].quote.bid
        street.office.exchange.deleverage("main", BTC, Decimal("0.2"), Price(bid))
        [last] = (await client.fetch_my_trades(BTC, None, None, {"execType": "AdlTrade"}))[-1:]
        order = await found(client, last["order"])
        assert (last["info"]["orderLinkId"], order["clientOrderId"]) == ("", None)
        assert (order["side"], order["type"], order["reduceOnly"]) == ("buy", "market", True)
        assert order["info"]["createType"] == "CreateByAdl_PassThrough"
        street.office.exchange.mark(BTC, bid * 20)
        await client.fetch_time()
        [gone] = await client.fetch_my_liquidations(BTC)
        assert (gone["info"]["execQty"], gone["info"]["side"]) == ("0.3", "Buy")
        assert gone["info"]["createType"] == "CreateByTakeOver_PassThrough"
        assert await client.fetch_positions() == []
        assert len(await client.fetch_my_trades(BTC)) == 1, "the library asks for what was ordered"
        types = [one["info"]["type"] for one in await client.fetch_ledger("USDT")]
        assert types.count("LIQUIDATION") == 1, "what was seized"


@pytest.mark.parametrize(
    ("symbol", "amount", "word"),
    [("BTC/USDT:USDT-260306", "0.5", "Delivery"), ("BTC/USD:BTC-260306", "3000", "Settle")],
)
async def test_a_contract_that_ends_is_delivered_or_settled(symbol: str, amount: str, word: str) -> None:
    async with on_bybit(scenario="roll") as (street, client):
        await sell(client, amount, symbol)
        expiry_ms = client.market(symbol)["expiry"]
        street.pass_time((expiry_ms - FROM_MS) // 1000 + 60)
        [last] = await client.fetch_my_trades(symbol, FROM_MS, None, {"execType": word})
        assert (last["timestamp"], last["side"], last["amount"]) == (expiry_ms, "buy", Decimal(amount))
        order = await found(client, last["order"], symbol)
        assert order["info"]["createType"] == "CreateBySettle"
        held = await client.fetch_position(symbol)
        assert held["contracts"] == 0
        line = (await client.fetch_ledger(client.market(symbol)["settle"]))[-1]["info"]
        assert (line["type"], line["size"]) == ("DELIVERY", "0")
        markets = await client.fetch_markets()
        assert symbol not in {one["symbol"] for one in markets}
        with pytest.raises(ccxt.BadRequest, match="10001"):
            await client.fetch_ticker(symbol)


async def test_open_orders_do_not_outlive_a_contract() -> None:
    async with on_bybit(scenario="roll") as (street, client):
        symbol = "BTC/USDT:USDT-260306"
        order = await client.create_order(symbol, "limit", "sell", Decimal("0.5"), Decimal(90_000))
        await client.create_order(BTC, "limit", "sell", Decimal("0.5"), Decimal(90_000))
        street.pass_time(5 * DAY)
        assert (await found(client, order["id"], symbol))["status"] == "canceled"
        assert [one["symbol"] for one in await client.fetch_open_orders()] == [BTC]
