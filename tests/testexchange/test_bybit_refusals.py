"""How Bybit's dialect says no, and what an unmodified ccxt client makes of it."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt
import pytest

from bot.testexchange.bybit_codes import REFUSALS
from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.wire import No
from tests.testexchange.bybit_street import BTC, COIN, ETH, found, on_bybit, rest, sell
from tests.testexchange.street import Street, plain_client

Act = Callable[[Any], Awaitable[object]]
UUID = "6f1d3a52-6a1b-5c53-9a83-9f0d5b1d2c70"


def order(**changed: object) -> Act:
    """Send an order as it stands, past all that ccxt would put right: one that rests, with changes."""
    asked = {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Sell",
        "orderType": "Limit",
        "qty": "0.5",
        "price": "70000",
        "timeInForce": "GTC",
        **changed,
    }
    words = {key: value for key, value in asked.items() if value is not LEFT_OUT}
    return lambda client: client.privatePostV5OrderCreate(words)


LEFT_OUT = object()


def market(**changed: object) -> Act:
    """Send an order at the market as it stands."""
    return order(**{"orderType": "Market", "price": LEFT_OUT, "timeInForce": LEFT_OUT, **changed})


def get(kind: str, **asked: object) -> Act:
    """Ask for something."""
    return lambda client: getattr(client, f"privateGetV5{kind}")({"category": "linear", **asked})


def show(kind: str, **asked: object) -> Act:
    """Ask for something that everybody may see."""
    words = {"category": "linear", "symbol": "BTCUSDT", **asked}
    told = {key: value for key, value in words.items() if value is not LEFT_OUT}
    return lambda client: getattr(client, f"publicGetV5Market{kind}")(told)


def put(kind: str, **asked: object) -> Act:
    """Set something."""
    words = {"category": "linear", "symbol": "BTCUSDT", **asked}
    told = {key: value for key, value in words.items() if value is not LEFT_OUT}
    return lambda client: getattr(client, f"privatePostV5{kind}")(told)


def move(**changed: object) -> Act:
    """Move money as it stands."""
    asked = {
        "transferId": UUID,
        "coin": "USDT",
        "amount": "1",
        "fromAccountType": "FUND",
        "toAccountType": "UNIFIED",
        **changed,
    }
    words = {key: value for key, value in asked.items() if value is not LEFT_OUT}
    return lambda client: client.privatePostV5AssetTransferInterTransfer(words)


BR, IO, EE = ccxt.BadRequest, ccxt.InvalidOrder, ccxt.ExchangeError
REFUSED: list[tuple[str, Act, type[Exception], str]] = [
    ("nothing to reduce", market(side="Buy", reduceOnly=True), IO, "110017"),
    ("below the smallest size", order(qty="0.0001"), BR, "10001.*minimum limit"),
    ("below the smallest value", order(side="Buy", qty="0.001", price="3000"), IO, "110094"),
    ("no whole step", order(qty="0.5005"), BR, "10001.*Qty invalid"),
    ("no whole tick", order(price="70000.05"), BR, "10001.*price invalid"),
    ("too little margin", order(qty="500"), ccxt.InsufficientFunds, "110007"),
    ("unknown contract", order(symbol="NOPEUSDT"), BR, "10001.*symbol invalid NOPEUSDT"),
    ("contract of the other category", order(symbol="BTCUSD"), BR, "10001.*symbol invalid"),
    ("no symbol", order(symbol=LEFT_OUT), BR, "10001.*symbol"),
    ("symbol in a list", order(symbol=["BTCUSDT"]), BR, "10001.*symbol"),
    ("no category", order(category=LEFT_OUT), BR, "10001.*category"),
    ("unknown category", order(category="futures"), BR, "10001.*category"),
    ("spot", order(category="spot"), BR, "10001.*not supported here: category spot"),
    ("no size", order(qty=LEFT_OUT), BR, "10001.*qty"),
    ("size of nothing", order(qty="0"), BR, "10001.*minimum limit"),
    ("size below nothing", order(qty="-1"), BR, "10001"),
    ("size in words", order(qty="much"), BR, "10001.*qty"),
    ("size that is no number", order(qty="NaN"), BR, "10001.*qty"),
    ("size beyond all sizes", order(qty="1" + "0" * 40), BR, "10001.*qty"),
    ("no price", order(price=LEFT_OUT), BR, "10001.*price"),
    ("price of nothing", order(price="0"), BR, "10001.*price"),
    ("unknown type", order(orderType="Stop"), BR, "10001.*orderType"),
    ("unknown side", order(side="sell"), BR, "10001.*side"),
    ("no side", order(side=LEFT_OUT), BR, "10001.*side"),
    ("unknown time in force", order(timeInForce="GTX"), BR, "10001.*timeInForce GTX"),
    ("all or nothing", order(timeInForce="FOK"), BR, "10001.*not supported here: timeInForce FOK"),
    ("at the market, and post-only", market(timeInForce="PostOnly"), BR, "10001.*timeInForce"),
    ("a side of hedge mode", order(positionIdx=2), BR, "10001.*position idx"),
    ("reduce-only in words", order(reduceOnly="true"), BR, "10001.*reduceOnly"),
    ("a stop", order(triggerPrice="60000", triggerDirection=2), BR, "not supported here: triggerPrice"),
    ("a stop loss", order(stopLoss="80000"), BR, "not supported here: stopLoss"),
    ("close on trigger", order(closeOnTrigger=True), BR, "not supported here: closeOnTrigger"),
    ("a conditional order", order(orderFilter="StopOrder"), BR, "not supported here: orderFilter"),
    ("a field nobody knows", order(postOnly=True), BR, "not supported here: postOnly"),
    ("name too long", order(orderLinkId="a" * 37), BR, "10001.*orderLinkId"),
    ("name with a blank", order(orderLinkId="a b"), BR, "10001.*orderLinkId"),
    ("name that is a number", order(orderLinkId=17), BR, "10001.*orderLinkId"),
    ("nothing to take back", put("OrderCancel"), BR, "10001.*orderId or orderLinkId"),
    ("taking back nobody's", put("OrderCancel", orderLinkId="nobody"), ccxt.OrderNotFound, "110001"),
    ("taking back a word", put("OrderCancel", orderId="17"), ccxt.OrderNotFound, "110001"),
    ("taking back without a symbol", put("OrderCancel", orderId="17", symbol=LEFT_OUT), BR, "10001.*symbol"),
    ("ccxt's own name for names", lambda client: client.cancel_order("", BTC, {"clientOrderId": "a"}), BR, "orderLinkId"),
    ("taking back all of everything", put("OrderCancelAll", symbol=LEFT_OUT), BR, "settleCoin is required"),
    ("taking back all stops", put("OrderCancelAll", orderFilter="StopOrder"), BR, "not supported here: orderFilter"),
    ("open orders of everything", get("OrderRealtime"), BR, "settleCoin is required"),
    ("open orders of no kind", get("OrderRealtime", symbol="BTCUSDT", openOnly=3), BR, "openOnly"),
    ("open orders of spot", lambda client: client.fetch_open_orders("BTC/USDT"), BR, "not supported here: category spot"),
    ("too many open orders", get("OrderRealtime", symbol="BTCUSDT", limit=51), BR, "limit must be 1 to 50"),
    ("done orders of no standing", get("OrderHistory", orderStatus="Gone"), BR, "orderStatus"),
    ("executions of no kind", get("ExecutionList", execType="Gift"), BR, "execType"),
    ("no executions", get("ExecutionList", limit=0), BR, "limit must be 1 to 100"),
    ("half an execution", get("ExecutionList", limit="0.5"), BR, "limit"),
    ("executions before the first", get("ExecutionList", cursor=-1), BR, "cursor"),
    ("executions of no time", get("ExecutionList", startTime="noon"), BR, "startTime"),
    ("executions before all time", get("ExecutionList", startTime=-5), BR, "startTime"),
    ("an end before the beginning", get("ExecutionList", startTime=2, endTime=1), BR, "7 days"),
    ("too long a log", get("AccountTransactionLog", startTime=1, endTime=10**9), BR, "7 days"),
    ("a log of another account", get("AccountTransactionLog", accountType="CONTRACT"), BR, "UNIFIED"),
    ("positions of everything", get("PositionList"), BR, "settleCoin is required"),
    ("positions of options", get("PositionList", category="option"), BR, "not supported here: category option"),
    ("a wallet of another account", get("AccountWalletBalance", accountType="CONTRACT"), BR, "UNIFIED"),
    ("a wallet of no account", get("AccountWalletBalance"), BR, "accountType"),
    ("spare money elsewhere", get("AssetTransferQueryAccountCoinsBalance", accountType="SPOT"), BR, "accountType"),
    ("leverage too high", lambda client: client.set_leverage(101, BTC), BR, "110013"),
    ("leverage below one", lambda client: client.set_leverage("0.5", BTC), BR, "110013"),
    ("leverage as it is", lambda client: client.set_leverage(3, BTC), BR, "110043"),
    ("leverage of nothing", put("PositionSetLeverage"), BR, "10001.*buyLeverage"),
    ("two leverages", put("PositionSetLeverage", buyLeverage="2", sellLeverage="4"), BR, "differ"),
    ("margin as it is", lambda client: client.set_margin_mode("cross"), ccxt.MarginModeAlreadySet, "110026"),
    ("margin by portfolio", lambda client: client.set_margin_mode("portfolio"), BR, "not supported here: PORTFOLIO"),
    ("margin of no kind", put("AccountSetMarginMode", setMarginMode="CROSS"), BR, "setMarginMode"),
    ("mode as it is", lambda client: client.set_position_mode(hedged=False, symbol=BTC), ccxt.NoChange, "110025"),
    ("mode of no kind", put("PositionSwitchMode", mode=1), BR, "10001.*mode"),
    ("modes in a list", put("PositionSwitchMode", mode=[3]), BR, "10001.*mode"),
    ("mode of nothing", put("PositionSwitchMode", symbol=LEFT_OUT, mode=3), BR, "symbol or coin"),
    ("hedge mode of inverse contracts", lambda client: client.set_position_mode(hedged=True, symbol=COIN), BR, "not supported here: hedge"),
    ("moving more than there is", move(amount="60000"), ccxt.InsufficientFunds, "131212"),
    ("moving nothing", move(amount="0"), BR, "131203.*amount"),
    ("moving no coin", move(coin=LEFT_OUT), BR, "131203.*coin"),
    ("moving by no UUID", move(transferId="t-1"), BR, "131203.*UUID"),
    ("moving to itself", move(toAccountType="FUND"), BR, "131203.*AccountType"),
    ("depth of nothing", show("Orderbook", limit=501), BR, "limit must be 1 to 500"),
    ("a book of no category", show("Orderbook", category=LEFT_OUT), BR, "category"),
    ("prices of no category", show("Tickers", category="futures"), BR, "category"),
    ("prices of no pair", show("Tickers", category="spot", symbol="NOPEUSDT"), BR, "symbol invalid"),
    ("unknown interval", lambda client: client.fetch_ohlcv(BTC, "7m"), BR, "10001"),
    ("no interval", show("Kline"), BR, "10001.*interval"),
    ("rates without an end", show("FundingHistory", startTime=1), BR, "endTime is required"),
    ("interest of no interval", show("OpenInterest"), BR, "intervalTime"),
    ("no contract", show("RiskLimit", symbol="NOPEUSDT"), BR, "symbol invalid"),
    ("unknown path", lambda client: client.privatePostV5OrderCreateBatch({}), EE, "10404"),
    ("edit", lambda client: client.edit_order("1", BTC, "limit", "sell", Decimal(1), Decimal(70_000)), EE, "10404"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "kind", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_refused_comes_with_code_and_class_and_changes_nothing(
    act: Act, kind: type[Exception], code: str
) -> None:
    async with on_bybit() as (street, client):
        with pytest.raises(kind, match=code) as caught:
            await act(client)
        assert type(caught.value) is kind
        assert street.office.orders("main") == ()
        assert street.office.transfers("main") == ()
        assert (street.office.leverages, street.office.hedge_mode) == ({}, {})
        assert street.office.exchange.accounts["main"].margin_mode == "cross"


def test_every_reason_has_a_code() -> None:
    assert set(REFUSALS) == set(No)
    assert all(code > 0 and words for code, words in REFUSALS.values())


async def test_fields_that_say_nothing_are_taken() -> None:
    async with on_bybit() as (street, client):
        neutral = {"orderFilter": "Order", "closeOnTrigger": False, "isLeverage": 0, "takeProfit": ""}
        await order(**neutral, positionIdx=0, reduceOnly=None, orderLinkId="")(client)
        assert len(street.office.open_orders("main")) == 1


async def test_a_name_is_taken_for_ever() -> None:
    async with on_bybit() as (_, client):
        placed = await rest(client, orderLinkId="once")
        for _again in range(2):
            with pytest.raises(ccxt.InvalidOrder, match="110072"):
                await rest(client, orderLinkId="once")
            if (await found(client, placed["id"]))["status"] == "open":
                await client.cancel_order(placed["id"], BTC)


@pytest.mark.parametrize("done", ["filled", "cancelled"])
async def test_what_is_done_cannot_be_taken_back(done: str) -> None:
    async with on_bybit() as (_, client):
        placed = await (sell(client) if done == "filled" else rest(client))
        if done == "cancelled":
            await client.cancel_order(placed["id"], BTC)
        with pytest.raises(ccxt.OrderNotFound, match="110001"):
            await client.cancel_order(placed["id"], BTC)


async def test_an_order_is_not_taken_back_in_another_contract() -> None:
    async with on_bybit() as (street, client):
        placed = await rest(client)
        with pytest.raises(ccxt.OrderNotFound, match="110001"):
            await client.cancel_order(placed["id"], ETH)
        assert len(street.office.open_orders("main")) == 1


async def test_modes_do_not_change_under_open_orders() -> None:
    async with on_bybit() as (_, client):
        await rest(client)
        with pytest.raises(ccxt.BadRequest, match="110024"):
            await client.set_position_mode(hedged=True, symbol=BTC)
        with pytest.raises(ccxt.ExchangeError, match="3400045"):
            await client.set_margin_mode("isolated")


async def test_a_transfer_is_made_once() -> None:
    async with on_bybit() as (_, client):
        await move()(client)
        with pytest.raises(ccxt.BadRequest, match="131214"):
            await move()(client)
        assert (await client.fetch_balance())["USDT"]["total"] == 100_001


async def test_money_that_is_margin_does_not_leave() -> None:
    async with on_bybit() as (_, client):
        await sell(client, "4")
        with pytest.raises(ccxt.InsufficientFunds, match="131212"):
            await client.transfer("USDT", Decimal(50_000), "unified", "funding")


# --- keys -----------------------------------------------------------------------------------------------------------

READER = Key(key="reader", secret="s", permissions=frozenset({"read"}))  # noqa: S106 - a test's
TRADER = Key(key="trader", secret="s", permissions=frozenset({"read", "trade"}), ip_bound=False)  # noqa: S106 - a test's
TAKER = Key(key="taker", secret="s", permissions=frozenset({"read", "withdraw"}))  # noqa: S106 - a test's
LIVE = Key(key="live", secret="s", environment="live")  # noqa: S106 - a test's
PLAY = Key(key="play", secret="s", environment="testnet")  # noqa: S106 - a test's
AWAY = Key(key="away", secret="s", elsewhere=True)  # noqa: S106 - a test's
GONE = Key(key="gone", secret="s", revoked=True)  # noqa: S106 - a test's
KEYS = (TEST_KEY, READER, TRADER, TAKER, LIVE, PLAY, AWAY, GONE)


@pytest.mark.parametrize(
    ("key", "kind", "code"),
    [
        (replace(TEST_KEY, key="nobody"), ccxt.AuthenticationError, "10003"),
        (replace(TEST_KEY, secret="wrong"), ccxt.AuthenticationError, "10004"),  # noqa: S106 - on purpose
        (GONE, ccxt.AuthenticationError, "10003"),
        (PLAY, ccxt.AuthenticationError, "10003"),
        (AWAY, ccxt.PermissionDenied, "10010"),
    ],
)
async def test_a_wrong_key_opens_nothing(key: Key, kind: type[Exception], code: str) -> None:
    async with on_bybit(keys=KEYS, key=key) as (street, client):
        for act in (client.fetch_balance(), client.fetch_positions(), rest(client)):
            with pytest.raises(kind, match=code) as caught:
                await act
            assert type(caught.value) is kind
        assert street.office.orders("main") == ()


@pytest.mark.parametrize(
    ("key", "only_reads", "trades", "wallet", "addresses"),
    [
        (TEST_KEY, 0, ["Order", "Position"], ["AccountTransfer"], ["203.0.113.7"]),
        (READER, 1, [], [], ["203.0.113.7"]),
        (TRADER, 0, ["Order", "Position"], [], ["*"]),
        (TAKER, 0, [], ["Withdraw"], ["203.0.113.7"]),
    ],
)
async def test_a_key_is_told_what_it_may_do(
    key: Key, only_reads: int, trades: list[str], wallet: list[str], addresses: list[str]
) -> None:
    async with on_bybit(keys=KEYS, key=key) as (_, client):
        told = (await client.privateGetV5UserQueryApi())["result"]
    assert (told["readOnly"], told["type"], told["ips"]) == (only_reads, 1, addresses)
    assert (told["permissions"]["ContractTrade"], told["permissions"]["Wallet"]) == (trades, wallet)
    assert told["uta"] == 1


async def test_a_reading_key_reads_and_does_not_trade() -> None:
    async with on_bybit(keys=KEYS, key=READER) as (_, client):
        assert (await client.fetch_balance())["USDT"]["total"] == 100_000
        for act in (
            rest(client),
            client.cancel_order(UUID, BTC),
            client.set_leverage(2, BTC),
            move()(client),
        ):
            with pytest.raises(ccxt.PermissionDenied, match="10005"):
                await act


async def test_a_trading_key_moves_no_money() -> None:
    async with on_bybit(keys=KEYS, key=TRADER) as (_, client):
        await rest(client)
        with pytest.raises(ccxt.PermissionDenied, match="10005"):
            await move()(client)


@pytest.mark.parametrize("demo", [False, True])
async def test_a_key_is_known_where_it_was_made(demo: bool) -> None:  # noqa: FBT001 - a column
    async with on_bybit(keys=KEYS) as (street, _), plain_client(street, "bybit", PLAY) as client:
        client.enable_demo_trading(enable=True) if demo else client.set_sandbox_mode(enabled=True)
        await client.load_markets()
        await rest(client)
        request = street.last("place")[0]
        assert request.host == ("api-demo.bybit.com" if demo else "api-testnet.bybit.com")
        client.apiKey = LIVE.key
        with pytest.raises(ccxt.AuthenticationError, match="10003"):
            await rest(client)


@pytest.mark.parametrize("skew_ms", [90_000, -90_000])
async def test_a_time_that_is_off_is_an_invalid_nonce(skew_ms: int) -> None:
    async with on_bybit() as (street, client):
        await client.fetch_balance()
        street.office.moods.clock_skew_ms = skew_ms
        with pytest.raises(ccxt.InvalidNonce, match="10002"):
            await client.fetch_balance()
        street.office.moods.clock_skew_ms = 4_000 if skew_ms > 0 else -900
        await client.fetch_balance()


async def ask(street: Street, *, body: str = "{}", path: str = "/v5/order/create", **headers: str) -> Any:
    """Send a request as no ccxt would, signed unless another signature is given; a header of nothing is left out."""
    stamp = headers.get("X-BAPI-TIMESTAMP") or str(street.now_ms)
    text = f"{stamp}{TEST_KEY.key}5000{body}"
    sent = {
        "X-BAPI-API-KEY": TEST_KEY.key,
        "X-BAPI-TIMESTAMP": stamp,
        "X-BAPI-RECV-WINDOW": "5000",
        "X-BAPI-SIGN": hmac.new(TEST_KEY.secret.encode(), text.encode(), hashlib.sha256).hexdigest(),
        "Content-Type": "application/json",
        **headers,
    }
    sent = {name: value for name, value in sent.items() if value}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{street.address}{path}", headers=sent, data=body) as response,
    ):
        return await response.json()


async def test_each_header_that_lacks_or_is_strange_has_a_code() -> None:
    async with on_bybit() as (street, _):
        assert (await ask(street))["retMsg"] == "params error: category", "signed well, and asks for nothing"
        for headers, code in (
            ({"X-BAPI-API-KEY": ""}, 10003),
            ({"X-BAPI-SIGN": ""}, 10004),
            ({"X-BAPI-TIMESTAMP": "noon"}, 10002),
            ({"X-BAPI-TIMESTAMP": "9" * 5000}, 10002),
            ({"X-BAPI-RECV-WINDOW": "long"}, 10002),
        ):
            assert (await ask(street, **headers))["retCode"] == code, headers


@pytest.mark.parametrize("body", ["{", "[]", "1", '"x"', "null"])
async def test_a_body_that_is_no_object_is_a_wrong_parameter(body: str) -> None:
    async with on_bybit() as (street, _):
        assert (await ask(street, body=body))["retCode"] == 10001


async def test_signatures_are_over_the_raw_query_and_the_body() -> None:
    async with on_bybit() as (street, client):
        await rest(client, orderLinkId="hb-1")
        request = street.last("place")[0]
        tampered = replace(request, body=request.body.replace("0.5", "5"))
        assert json.loads(street.dialect.handle(tampered, street.now_ms).body)["retCode"] == 10004
        for name, value, code in (
            ("x-bapi-sign", "\udce4\xe4", 10004),
            ("x-bapi-timestamp", "\xb2", 10002),
            ("x-bapi-api-key", "\udce4", 10003),
        ):
            strange = replace(request, headers={**request.headers, name: value})
            assert json.loads(street.dialect.handle(strange, street.now_ms).body)["retCode"] == code
        await client.fetch_my_trades(BTC, None, None, {"cursor": "0", "execType": "Trade"})
        request = street.last("fills")[0]
        tampered = replace(request, query=request.query.replace("Trade", "Funding"))
        assert json.loads(street.dialect.handle(tampered, street.now_ms).body)["retCode"] == 10004
        assert len(street.office.orders("main")) == 1


# --- the venue itself -----------------------------------------------------------------------------------------------


async def test_too_many_requests_are_refused_and_then_banned() -> None:
    async with on_bybit(budget=100) as (street, client):
        street.pass_time(10)
        for _ in range(10):
            await client.fetch_positions()
        for _ in range(20):
            with pytest.raises(ccxt.RateLimitExceeded, match="10006"):
                await client.fetch_positions()
        street.pass_time(6)
        with pytest.raises(ccxt.RateLimitExceeded, match=r"10018.*until"):
            await client.fetch_positions()
        assert street.last("positions")[1].status == 403
        assert street.last("positions")[1].headers["Retry-After"]
        street.pass_time(120)
        await client.fetch_positions()


async def test_what_requests_weigh_is_twice_what_the_library_says() -> None:
    async with on_bybit() as (street, client):
        await client.fetch_balance()
        budget, window_ms = street.dialect.meter.budget, street.dialect.meter.window_ms
        assert (budget, window_ms) == (0, 5_000)
        for act, weight in (
            (client.fetch_balance, 2),
            (client.fetch_positions, 10),
            (lambda: client.fetch_open_orders(BTC), 10),
            (lambda: client.fetch_order_book(BTC), 10),
            (lambda: rest(client), 5),
            (lambda: client.cancel_all_orders(BTC), 100),
        ):
            before = street.dialect.meter.spent_ever
            await act()
            assert street.dialect.meter.spent_ever - before == weight


async def test_maintenance_refuses_everything() -> None:
    async with on_bybit() as (street, client):
        await client.fetch_balance()
        street.office.moods.maintenance = True
        for act in (client.fetch_time(), client.fetch_balance(), rest(client)):
            with pytest.raises(ccxt.ExchangeError, match=r"10016.*maintenance"):
                await act


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault.BUSY, ccxt.ExchangeError, "10016.*Internal System Error"),
        (Fault.RATE_LIMIT, ccxt.RateLimitExceeded, "10006"),
        (Fault.BAN, ccxt.RateLimitExceeded, "10018"),
        (Fault.MAINTENANCE, ccxt.ExchangeError, "10016.*maintenance"),
    ],
)
async def test_faults_speak_the_venues_words(fault: Fault, kind: type[Exception], code: str) -> None:
    async with on_bybit() as (street, client):
        await client.fetch_balance()
        street.faults.queue("place", fault)
        with pytest.raises(kind, match=code) as caught:
            await rest(client)
        assert type(caught.value) is kind
        assert street.office.orders("main") == ()


async def test_a_contract_without_a_price_or_closed_takes_no_orders() -> None:
    async with on_bybit() as (street, client):
        exchange = street.office.exchange
        exchange.relist(replace(exchange.contracts[ETH], status="halted"))
        with pytest.raises(ccxt.ExchangeError, match=r"110074.*not live"):
            await order(symbol="ETHUSDT", price="4000")(client)
        listed = await client.fetch_markets()
        assert {one["symbol"]: one["active"] for one in listed}[ETH] is False
        del exchange.touches[BTC]
        with pytest.raises(ccxt.ExchangeError, match=r"110074.*no price"):
            await order()(client)
        with pytest.raises(ccxt.ExchangeError, match=r"110074.*no price"):
            await client.fetch_order_book(BTC)


async def test_a_position_without_a_mark_is_not_told() -> None:
    async with on_bybit() as (street, client):
        await sell(client)
        del street.office.exchange.marks[BTC]
        for act in (client.fetch_positions(), client.fetch_balance()):
            with pytest.raises(ccxt.ExchangeError, match=r"110074.*no price"):
                await act


async def test_an_account_without_futures_is_told_so() -> None:
    nobody = Key(key="nobody", secret="s", account="nobody")  # noqa: S106 - a test's
    async with on_bybit(keys=(TEST_KEY, nobody), key=nobody) as (_, client):
        for act in (client.fetch_balance(), client.fetch_positions(), rest(client)):
            with pytest.raises(ccxt.PermissionDenied, match="10005"):
                await act
