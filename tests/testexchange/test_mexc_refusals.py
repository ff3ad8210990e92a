"""How MEXC's dialect says no to what is asked: codes, words and shape, to a customer who writes by hand."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.testexchange.faults import Fault
from bot.testexchange.mexc_codes import REFUSALS, SPOT_REFUSALS, refusal
from bot.testexchange.wire import No, NoError
from tests.testexchange.mexc_street import (
    BTC,
    ETH,
    FAR_ABOVE,
    LEFT_OUT,
    Caller,
    market,
    on_mexc,
    order,
    without_gaps,
)
from tests.testexchange.street import Street

Act = Callable[[Caller], Awaitable[Any]]
HUGE = "9" * 5000
CROSS = {"symbol": "BTC_USDT", "openType": 2, "positionType": 2, "leverage": 5}


def place(**changed: object) -> Act:
    """Send an order that would rest, with changes."""
    return lambda caller: caller.post("order/create", order(**changed))


def take(**changed: object) -> Act:
    """Send an order at the market, with changes."""
    return lambda caller: caller.post("order/create", market(**changed))


def post(path: str, words: object) -> Act:
    """Change something."""
    return lambda caller: caller.post(path, words)


def lever(**changed: object) -> Act:
    """Set the leverage, with changes."""
    return lambda caller: caller.post("position/change_leverage", without_gaps({**CROSS, **changed}))


def get(path: str, **asked: object) -> Act:
    """Ask for something of the account."""
    return lambda caller: caller.get(path, **asked)


def show(path: str, **asked: object) -> Act:
    """Ask for what everybody may see."""
    return lambda caller: caller.show(path, **asked)


HISTORY, DEALS, RATES = "order/list/history_orders", "order/list/order_deals", "funding_rate/history"
REFUSED: list[tuple[str, Act, int, str]] = [
    ("nothing to reduce, buying", take(side=2), 2009, "Position is not exists"),
    ("nothing to reduce, selling", place(side=4), 2009, "Position is not exists"),
    ("nothing to reduce, said by a flag", place(reduceOnly=True), 2009, "Position is not exists"),
    ("too little margin", place(vol=50_000_000), 2005, "Balance insufficient"),
    ("a post-only order that would take", place(type=2, price=FAR_ABOVE - 20_000), 2014, "Post-only"),
    ("unknown contract", place(symbol="NOPE_USDT"), 1001, "does not exist"),
    ("contract in the library's words", place(symbol=BTC), 1001, "does not exist"),
    ("contract in lower case", place(symbol="btc_usdt"), 1001, "does not exist"),
    ("contract of another script", place(symbol="БТЦ_USDT"), 1001, "does not exist"),
    ("contract of a huge name", place(symbol="B" * 5000), 1001, "does not exist"),
    ("no contract", place(symbol=LEFT_OUT), 600, "symbol"),
    ("contract of nothing", place(symbol=None), 600, "symbol"),
    ("contract in a list", place(symbol=["BTC_USDT"]), 600, "symbol"),
    ("contract that is a number", place(symbol=1), 600, "symbol"),
    ("no size", place(vol=LEFT_OUT), 600, "vol"),
    ("size of nothing", place(vol=None), 600, "vol"),
    ("size of zero", place(vol=0), 2011, "quantity"),
    ("size below nothing", place(vol=-5000), 2011, "quantity"),
    ("size between steps", place(vol=1.5), 2011, "quantity"),
    ("size below the smallest", place(vol=0.5), 2011, "quantity"),
    ("size in words", place(vol="much"), 600, "vol"),
    ("size that is a truth", place(vol=True), 600, "vol"),
    ("size in a list", place(vol=[5000]), 600, "vol"),
    ("size in an object", place(vol={"vol": 5000}), 600, "vol"),
    ("size with a gap", place(vol="5_000"), 600, "vol"),
    ("size in digits of another script", place(vol="\u0665\u0660\u0660\u0660"), 600, "vol"),
    ("size that is no number", place(vol=float("nan")), 600, "vol"),
    ("size without end", place(vol=float("inf")), 600, "vol"),
    ("size beyond all sizes", place(vol=1e40), 600, "vol"),
    ("size of a huge text", place(vol=HUGE), 600, "vol"),
    ("size too small to be written", place(vol="1e-999999999"), 600, "vol"),
    ("no price", place(price=LEFT_OUT), 600, "price"),
    ("price of zero", place(price=0), 2007, "price"),
    ("price below nothing", place(price=-1), 2007, "price"),
    ("price between ticks", place(price=70_000.05), 2007, "price"),
    ("price beyond all prices", place(price="1e40"), 600, "price"),
    ("no side", place(side=LEFT_OUT), 600, "side"),
    ("side of no meaning", place(side=5), 600, "side"),
    ("side of zero", place(side=0), 600, "side"),
    ("side between sides", place(side=3.5), 600, "side"),
    ("side in words", place(side="sell"), 600, "side"),
    ("side beyond all numbers", place(side=1e40), 600, "side"),
    ("no type", place(type=LEFT_OUT), 600, "type"),
    ("type of no meaning", place(type=7), 600, "type"),
    ("type between types", place(type=1.5), 600, "type"),
    ("type in words", place(type="limit"), 600, "type"),
    ("all or nothing", place(type=4), 600, "not supported here: type 4"),
    ("no kind of margin", place(openType=LEFT_OUT), 600, "openType"),
    ("margin of no kind", place(openType=3), 600, "openType"),
    ("margin in a list", place(openType=[2]), 600, "openType"),
    ("isolated margin", place(openType=1, leverage=5), 600, "not supported here: isolated"),
    ("hedge mode said with an order", place(positionMode=1), 2003, "position mode"),
    ("position mode in a list", place(positionMode=[2]), 600, "positionMode"),
    ("reduce-only in words", place(reduceOnly="true"), 600, "reduceOnly"),
    ("a stop", place(triggerPrice=60_000), 600, "not supported here: triggerPrice"),
    ("a stop loss", place(stopLossPrice=80_000), 600, "not supported here: stopLossPrice"),
    ("a field nobody knows", place(postOnly=True), 600, "not supported here: postOnly"),
    ("a field in a list", place(tags=["a"]), 600, "not supported here: tags"),
    ("name too long", place(externalOid="a" * 33), 600, "externalOid"),
    ("name with a blank", place(externalOid="a b"), 600, "externalOid"),
    ("name of another script", place(externalOid="ордер"), 600, "externalOid"),
    ("name that is a number", place(externalOid=17), 600, "externalOid"),
    ("name in a list", place(externalOid=["a"]), 600, "externalOid"),
    ("huge name", place(externalOid="a" * 100_000), 600, "externalOid"),
    ("taking back nobody's name", post("order/cancel_with_external", {"symbol": "BTC_USDT", "externalOid": "a"}), 2040, "not exist"),
    ("taking back without a name", post("order/cancel_with_external", {"symbol": "BTC_USDT"}), 600, "externalOid"),
    ("taking back a name of nothing", post("order/cancel_with_external", {"symbol": "BTC_USDT", "externalOid": None}), 600, "externalOid"),
    ("taking back without a symbol", post("order/cancel_with_external", {"externalOid": "a"}), 600, "symbol"),
    ("taking back no list", post("order/cancel", {"orderId": 1}), 600, "a list of"),
    ("taking back nothing", post("order/cancel", []), 600, "a list of"),
    ("taking back too many", post("order/cancel", list(range(51))), 600, "a list of"),
    ("taking back lists", post("order/cancel", [[1]]), 600, "orderId"),
    ("taking back nulls", post("order/cancel", [None]), 600, "orderId"),
    ("taking back truths", post("order/cancel", [True]), 600, "orderId"),
    ("taking all back of no contract", post("order/cancel_all", {"symbol": "NOPE_USDT"}), 1001, "does not exist"),
    ("taking all back of a number", post("order/cancel_all", {"symbol": 0}), 600, "symbol"),
    ("taking all back of a list", post("order/cancel_all", {"symbol": []}), 600, "symbol"),
    ("order of no number", get("order/get/many"), 600, "order"),
    ("order of half a number", get("order/get/1.5"), 600, "order"),
    ("order of a number beyond all", get("order/get/1e40"), 600, "order"),
    ("order of a huge number", get(f"order/get/{HUGE}"), 600, "order"),
    ("order that is not there", get("order/get/17"), 2040, "not exist"),
    ("deals of no order", get("order/deal_details/17"), 2040, "not exist"),
    ("nobody's name", get("order/external/BTC_USDT/nobody"), 2040, "not exist"),
    ("name of an encoded script", get("order/external/BTC_USDT/%D0%BE"), 2040, "not exist"),
    ("a name in no contract", get("order/external/NOPE_USDT/a"), 1001, "does not exist"),
    ("open orders of no contract", get("order/list/open_orders/NOPE_USDT"), 1001, "does not exist"),
    ("positions of no contract", get("position/open_positions", symbol="NOPE_USDT"), 1001, "does not exist"),
    ("done orders of no contract", get(HISTORY, symbol="NOPE_USDT"), 1001, "does not exist"),
    ("done orders of no state", get(HISTORY, states="9"), 600, "states"),
    ("done orders of states in words", get(HISTORY, states="done"), 600, "states"),
    ("done orders of half a side", get(HISTORY, side="1.5"), 600, "side"),
    ("pages of nothing", get(HISTORY, page_size=0), 600, "page_size"),
    ("pages below nothing", get(HISTORY, page_size=-5), 600, "page_size"),
    ("pages too long", get(HISTORY, page_size=101), 600, "page_size"),
    ("pages beyond all numbers", get(DEALS, page_size="1e40"), 600, "page_size"),
    ("pages of no number", get(DEALS, page_size="NaN"), 600, "page_size"),
    ("page zero", get(DEALS, page_num=0), 600, "page_num"),
    ("page below nothing", get(DEALS, page_num=-1), 600, "page_num"),
    ("half a page", get("order/list/open_orders", page_num="0.5"), 600, "page_num"),
    ("page of a huge number", get("order/list/open_orders", page_num=HUGE), 600, "page_num"),
    ("deals of no time", get(DEALS, start_time="noon"), 600, "start_time"),
    ("deals before all time", get(DEALS, start_time=-5), 600, "start_time"),
    ("deals after all time", get(DEALS, end_time="1e20"), 600, "end_time"),
    ("an end before the beginning", get(DEALS, start_time=2, end_time=1), 600, "90 days"),
    ("too long a time", get(HISTORY, start_time=1, end_time=90 * 86_400_000 + 2), 600, "90 days"),
    ("funding in pages of nothing", get("position/funding_records", page_size=0), 600, "page_size"),
    ("funding of no contract", get("position/funding_records", symbol="NOPE"), 1001, "does not exist"),
    ("funding of a position", get("position/funding_records", position_id=1), 600, "not supported here: position_id"),
    ("transfers in pages of nothing", get("account/transfer_record", page_size=0), 600, "page_size"),
    ("transfers of no way", get("account/transfer_record", type="UP"), 600, "type"),
    ("transfers of no state", get("account/transfer_record", state="GONE"), 600, "state"),
    ("leverage of nothing", get("position/leverage"), 600, "symbol"),
    ("leverage of no contract", get("position/leverage", symbol="NOPE"), 1001, "does not exist"),
    ("leverage without a contract", lever(symbol=LEFT_OUT), 600, "symbol"),
    ("leverage too high", lever(leverage=101), 2018, "Leverage"),
    ("leverage of zero", lever(leverage=0), 2018, "Leverage"),
    ("leverage below nothing", lever(leverage=-3), 2018, "Leverage"),
    ("leverage in parts", lever(leverage=2.5), 600, "leverage"),
    ("leverage in a list", lever(leverage=[5]), 600, "leverage"),
    ("leverage without a number", lever(leverage=LEFT_OUT), 600, "leverage"),
    ("leverage of isolated margin", lever(openType=1), 600, "not supported here: isolated"),
    ("leverage of no margin", lever(openType=LEFT_OUT), 600, "openType"),
    ("leverage of a third side", lever(positionType=3), 600, "positionType"),
    ("leverage of a position", lever(positionId=1_394_650), 600, "not supported here: positionId"),
    ("no mode", post("position/change_position_mode", {}), 600, "positionMode"),
    ("a third mode", post("position/change_position_mode", {"positionMode": 3}), 600, "positionMode"),
    ("modes in a list", post("position/change_position_mode", {"positionMode": [1]}), 600, "positionMode"),
    ("the mode that is", post("position/change_position_mode", {"positionMode": 2}), 2043, "Nothing"),
    ("description of no contract", show("detail", symbol="NOPE"), 1001, "does not exist"),
    ("book of no contract", show("depth/NOPE"), 1001, "does not exist"),
    ("book without a bottom", show("depth/BTC_USDT", limit="1e18"), 600, "limit"),
    ("book of nothing", show("depth/BTC_USDT", limit=0), 600, "limit"),
    ("book below nothing", show("depth/BTC_USDT", limit=-5), 600, "limit"),
    ("ticker of no contract", show("ticker", symbol="NOPE"), 1001, "does not exist"),
    ("index of no contract", show("index_price/NOPE"), 1001, "does not exist"),
    ("mark of no contract", show("fair_price/NOPE"), 1001, "does not exist"),
    ("funding of nothing", show("funding_rate/NOPE"), 1001, "does not exist"),
    ("funding that was of nothing", show(RATES), 600, "symbol"),
    ("funding that was in pages of nothing", show(RATES, symbol="BTC_USDT", page_size=0), 600, "page_size"),
    ("funding that was in endless pages", show(RATES, symbol="BTC_USDT", page_size=1001), 600, "page_size"),
    ("candles of no length", show("kline/BTC_USDT", interval="Min7"), 600, ""),
    ("candles of no contract", show("kline/NOPE", interval="Min1"), 1001, "does not exist"),
    ("candles before all time", show("kline/BTC_USDT", start=-1), 600, "start"),
    ("candles after all time", show("kline/BTC_USDT", end="1e20"), 600, "end"),
    ("candles of no time", show("kline/BTC_USDT", start="noon"), 600, "start"),
    ("nowhere", get("order/list/nothing"), 404, "Not found"),
    ("plan orders", post("planorder/place", {}), 404, "Not found"),
    ("an order by the wrong verb", get("order/create"), 404, "Not found"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "code", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_refused_has_a_code_in_the_venues_form_and_changes_nothing(
    act: Act, code: int, words: str
) -> None:
    async with on_mexc() as (street, caller):
        told = await act(caller)
        assert (told["success"], told["code"]) == (False, code), told
        assert set(told) == {"success", "code", "message"}
        assert words in told["message"]
        assert "{" not in told["message"]
        assert street.heard[-1][1].status == (404 if code == 404 else 200)
        unchanged(street)


def unchanged(street: Street) -> None:
    """Check that nothing was ordered, moved or set."""
    assert street.office.orders("main") == ()
    assert street.office.transfers("main") == ()
    assert (street.office.leverages, street.office.hedge_mode) == ({}, {})


@pytest.mark.parametrize(
    "body",
    ["{", '{"vol": }', "[]", "1", '"x"', "null", "ордер", "[" * 100_000, '{"vol": 1e999999999999999999999}', f'{{"vol": {HUGE}}}'],
)  # fmt: skip
@pytest.mark.parametrize("path", ["order/create", "position/change_leverage", "order/cancel_all"])
async def test_a_body_that_is_no_object_is_a_parameter_error(path: str, body: str) -> None:
    async with on_mexc() as (street, caller):
        told = await caller.post(path, body)
        assert (told["success"], told["code"]) == (False, 600)
        assert told["message"].startswith("Parameter error: the body is no")
        unchanged(street)


async def test_of_a_name_that_is_written_twice_the_last_counts() -> None:
    async with on_mexc() as (street, caller):
        body = json.dumps(order()).replace('"vol"', '"vol": 1, "vol"')
        assert (await caller.post("order/create", body))["success"]
        [placed] = street.office.open_orders("main")
        assert placed.ask.contracts == 5000
        query = "page_size=1&page_size=101"
        told = await caller.send(
            "GET", f"/api/v1/private/{HISTORY}", query=query, headers=caller.headers(query)
        )
        assert told["code"] == 600


async def test_fields_that_say_nothing_are_taken_and_a_time_in_force_is_ignored() -> None:
    async with on_mexc() as (street, caller):
        neutral = {"stopLossPrice": 0, "takeProfitPrice": None, "triggerPrice": "", "reduceOnly": False}
        await caller.place(**neutral, positionMode=2, externalOid=None, leverage=20, timeInForce="IOC")
        [placed] = street.office.open_orders("main")
        assert (placed.ask.client_id, placed.ask.reduce_only) == ("", False)
        assert placed.open, "an IOC order at that price would be gone"


# --- spot -----------------------------------------------------------------------------------------------------------


def move(**changed: object) -> Act:
    """Move money, with changes."""
    return lambda caller: caller.move(**changed)


def listed(**changed: object) -> Act:
    """List transfers, with changes."""
    asked = {"fromAccountType": "SPOT", "toAccountType": "FUTURES", **changed}
    return lambda caller: caller.spot("GET", "capital/transfer", **without_gaps(asked))


SPOT_REFUSED: list[tuple[str, Act, int, str]] = [
    ("more than there is", move(amount="50000.01"), 10101, "Insufficient balance"),
    ("out of an account of nothing", move(fromAccountType="FUTURES", toAccountType="SPOT", amount="1e9"), 10101, "Insufficient"),
    ("amount of zero", move(amount=0), 10102, "zero or negative"),
    ("amount below nothing", move(amount=-10), 10102, "zero or negative"),
    ("no amount", move(amount=LEFT_OUT), 10097, "amount"),
    ("amount in words", move(amount="all"), 10097, "amount"),
    ("amount that is no number", move(amount="NaN"), 10097, "amount"),
    ("amount without end", move(amount="Infinity"), 10097, "amount"),
    ("amount beyond all", move(amount="1e40"), 10097, "amount"),
    ("amount too small to be written", move(amount="1e-999999999"), 10097, "amount"),
    ("amount of too many decimals", move(amount="0.1234567890123456789"), 10096, "decimal places"),
    ("coin nobody has", move(asset="DOGE"), 10232, "currency not exist"),
    ("coin of another script", move(asset="БТЦ"), 10232, "currency not exist"),
    ("no coin", move(asset=LEFT_OUT), 10232, "currency not exist"),
    ("from spot to spot", move(toAccountType="SPOT"), 33333, "Not support transfer"),
    ("to a margin account", move(toAccountType="ISOLATED_MARGIN"), 33333, "Not support transfer"),
    ("to nowhere", move(toAccountType=LEFT_OUT), 400, "toAccountType"),
    ("a window too long", move(recvWindow=60_001), 700005, "recvWindow"),
    ("a window below nothing", move(recvWindow=-1), 700005, "recvWindow"),
    ("a window in words", move(recvWindow="long"), 700005, "recvWindow"),
    ("a list from nowhere", listed(fromAccountType=LEFT_OUT), 400, "fromAccountType"),
    ("a list from spot to spot", listed(toAccountType="SPOT"), 33333, "Not support transfer"),
    ("a list of nothing", listed(size=0), 400, "size"),
    ("a list too long", listed(size=101), 400, "size"),
    ("a list of page zero", listed(page=0), 400, "page"),
    ("a list of no time", listed(startTime="noon"), 400, "startTime"),
    ("a list after all time", listed(endTime="1e20"), 400, "endTime"),
    ("a pair nobody knows", lambda caller: caller.spot("GET", "ticker/bookTicker", symbol="NOPE"), 10007, "bad symbol"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "code", "words"), [row[1:] for row in SPOT_REFUSED], ids=[row[0] for row in SPOT_REFUSED]
)
async def test_spot_refuses_in_its_own_form(act: Act, code: int, words: str) -> None:
    async with on_mexc() as (street, caller):
        told = await act(caller)
        assert told["code"] == code, told
        assert set(told) == {"code", "msg"}
        assert words in told["msg"]
        assert street.heard[-1][1].status == 400
        unchanged(street)


def test_every_reason_has_a_code_and_words() -> None:
    assert set(REFUSALS) == set(No)
    assert set(SPOT_REFUSALS) <= set(No)
    for no in No:
        for operation in ("place", "transfer"):
            _, body = refusal(NoError(no), operation)
            assert body["code"]
            assert "{" not in str(body.get("message", body.get("msg")))


# --- what goes on -----------------------------------------------------------------------------------------------------


async def test_a_name_is_taken_for_ever_and_in_all_contracts() -> None:
    async with on_mexc() as (street, caller):
        number = await caller.place(externalOid="once")
        again = order(externalOid="once")
        assert (await caller.post("order/create", again))["code"] == 2029
        await caller.post("order/cancel", [number])
        assert (await caller.post("order/create", again))["code"] == 2029
        other = order(externalOid="once", symbol="ETH_USDT", price=9000, vol=1)
        assert (await caller.post("order/create", other))["code"] == 2029
        assert len(street.office.orders("main")) == 1


async def test_hedge_mode_takes_no_orders_and_does_not_come_under_open_ones() -> None:
    async with on_mexc() as (street, caller):
        number = await caller.place()
        both = {"positionMode": 1}
        assert (await caller.post("position/change_position_mode", both))["code"] == 2019
        await caller.post("order/cancel", [number])
        assert (await caller.post("position/change_position_mode", both))["success"]
        assert (await caller.get("position/position_mode"))["data"] == 1
        assert (await caller.post("order/create", order()))["code"] == 2003
        assert len(street.office.orders("main")) == 1


async def test_a_contract_that_is_closed_or_has_no_price_takes_no_orders() -> None:
    async with on_mexc() as (street, caller):
        exchange = street.office.exchange
        exchange.relist(replace(exchange.contracts[ETH], status="halted"))
        told = await caller.post("order/create", order(symbol="ETH_USDT", price=9000, vol=1))
        assert told["code"] == 1002
        assert (await caller.show("detail", symbol="ETH_USDT"))["data"]["state"] == 4
        del exchange.touches[BTC]
        for act in (place(), show("depth/BTC_USDT"), show("ticker", symbol="BTC_USDT")):
            assert (await act(caller))["code"] == 1002
        shown = {row["symbol"] for row in (await caller.show("ticker"))["data"]}
        assert shown == {"ETH_USDT", "BTC_USD", "ETH_USD"}


async def test_too_many_requests_are_refused_and_then_banned() -> None:
    async with on_mexc(budget=10) as (street, caller):
        for _ in range(5):
            assert (await caller.get("position/open_positions"))["success"]
        for _ in range(20):
            told = await caller.get("position/open_positions")
            assert (told["success"], told["code"]) == (False, 510)
            assert street.heard[-1][1].status == 200
        street.pass_time(61)
        told = await caller.get("position/open_positions")
        assert (told["code"], street.heard[-1][1].status) == (510, 403)
        assert "banned until" in told["message"]
        assert street.heard[-1][1].headers["Retry-After"]
        spot = await caller.spot("GET", "account")
        assert (spot["code"], set(spot)) == (510, {"code", "msg"})
        street.pass_time(120)
        assert (await caller.get("position/open_positions"))["success"]


async def test_each_request_weighs_two() -> None:
    async with on_mexc() as (street, caller):
        assert street.dialect.meter.window_ms == 60_000
        for act in (get("account/assets"), place(), show("ticker"), move()):
            before = street.dialect.meter.spent_ever
            await act(caller)
            assert street.dialect.meter.spent_ever - before == 2


async def test_maintenance_refuses_everything_on_both_sides() -> None:
    async with on_mexc() as (street, caller):
        street.office.moods.maintenance = True
        for act in (show("ping"), get("account/assets"), place()):
            told = await act(caller)
            assert (told["code"], told["message"]) == (501, "System busy: in maintenance")
            assert street.heard[-1][1].status == 503
        for path in ("time", "account"):
            told = await caller.spot("GET", path)
            assert told == {"code": 501, "msg": "System busy: in maintenance"}
            assert street.heard[-1][1].status == 503


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [(Fault.BUSY, 501, 200), (Fault.RATE_LIMIT, 510, 200), (Fault.BAN, 510, 403), (Fault.MAINTENANCE, 501, 503)],
)  # fmt: skip
async def test_faults_speak_the_venues_words(fault: Fault, code: int, status: int) -> None:
    async with on_mexc() as (street, caller):
        street.faults.queue("place", fault)
        told = await caller.post("order/create", order())
        assert (told["success"], told["code"], street.heard[-1][1].status) == (False, code, status)
        assert street.office.orders("main") == ()


async def test_money_that_is_margin_does_not_leave() -> None:
    async with on_mexc() as (_, caller):
        await caller.place(type=5, vol=40_000)
        out = {"fromAccountType": "FUTURES", "toAccountType": "SPOT"}
        assert (await caller.move(**out, amount=50_000))["code"] == 10101
        [told] = await caller.move(**out, amount=1_000)
        assert Decimal(told["tranId"]) > 0
