"""How BingX's dialect says no, and what an unmodified ccxt client makes of it."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt
import pytest

from bot.testexchange.bingx_codes import CODES
from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.wire import No
from tests.testexchange.bingx_street import INVERSE, LINEAR, on_bingx, rest, sell
from tests.testexchange.street import Street

Act = Callable[[Any], Awaitable[object]]


def order(**changed: object) -> Act:
    """Send an order as it stands, past all that ccxt would put right: an order of the linear product, with changes."""
    asked = {
        "symbol": "BTC-USDT",
        "side": "SELL",
        "positionSide": "BOTH",
        "type": "LIMIT",
        "quantity": "0.5",
        "price": "70000",
        **changed,
    }
    return lambda client: client.swapV2PrivatePostTradeOrder(
        {key: value for key, value in asked.items() if value is not None}
    )


def inverse(**changed: object) -> Act:
    """Send an order of the inverse product as it stands."""
    asked = {
        "symbol": "BTC-USD",
        "side": "SELL",
        "positionSide": "BOTH",
        "type": "LIMIT",
        "quantity": "5",
        "price": "70000",
        **changed,
    }
    return lambda client: client.cswapV1PrivatePostTradeOrder(asked)


REFUSED: list[tuple[str, Act, type[Exception], str]] = [
    ("post-only would take", order(price="50000", timeInForce="PostOnly"), ccxt.ExchangeError, "101215"),
    ("reduce-only, nothing held", order(reduceOnly="true"), ccxt.InvalidOrder, "101205"),
    (
        "below the smallest value",
        order(side="BUY", price="10000", quantity="0.0001"),
        ccxt.InvalidOrder,
        "110425",
    ),
    ("below the smallest size", order(quantity="0.00001"), ccxt.InvalidOrder, "101400"),
    ("no whole step", order(quantity="0.50001"), ccxt.InvalidOrder, "101400"),
    ("part of a contract", inverse(quantity="10.7"), ccxt.InvalidOrder, "101400"),
    ("no whole tick", order(price="70000.05"), ccxt.BadRequest, "109400"),
    ("too little margin", order(quantity="500"), ccxt.InsufficientFunds, "101204"),
    ("unknown contract", order(symbol="NOPE-USDT"), ccxt.BadSymbol, "109425"),
    ("contract of the other product", order(symbol="BTC-USD"), ccxt.BadRequest, "80014"),
    ("contract of the other product, inverse", inverse(symbol="BTC-USDT"), ccxt.BadSymbol, "109425"),
    ("no symbol", order(symbol=None), ccxt.BadRequest, "109400"),
    ("no size", order(quantity=None), ccxt.BadRequest, "109400"),
    ("size of nothing", order(quantity="0"), ccxt.BadRequest, "109400"),
    ("size in words", order(quantity="much"), ccxt.BadRequest, "109400"),
    ("size that is no number", order(quantity="NaN"), ccxt.BadRequest, "109400"),
    ("size beyond all bounds", order(quantity="1e40"), ccxt.BadRequest, "109400"),
    ("size of forty digits", order(quantity="1" * 40), ccxt.BadRequest, "109400"),
    ("no price", order(price=None), ccxt.BadRequest, "109400"),
    ("price at the market", order(type="MARKET"), ccxt.BadRequest, "109400"),
    ("unknown type", order(type="STOP_MARKET"), ccxt.BadRequest, "109400"),
    ("unknown side", order(side="sell"), ccxt.BadRequest, "109400"),
    ("unknown time in force", order(timeInForce="FOK"), ccxt.BadRequest, "109400"),
    ("unknown reduce-only", order(reduceOnly="yes"), ccxt.BadRequest, "109400"),
    (
        "post-only at the market",
        order(type="MARKET", price=None, timeInForce="PostOnly"),
        ccxt.BadRequest,
        "109400",
    ),
    ("side left out", order(positionSide=None), ccxt.ExchangeError, "104103"),
    ("side of hedge mode", order(positionSide="SHORT"), ccxt.ExchangeError, "104103"),
    ("a stop", order(stopPrice="60000"), ccxt.BadRequest, "stopPrice"),
    ("name too long", order(clientOrderID="a" * 41), ccxt.BadRequest, "1 to 40"),
    ("name not printable", order(clientOrderID="a\tb"), ccxt.BadRequest, "1 to 40"),
    ("no such order", lambda client: client.fetch_order("17", LINEAR), ccxt.OrderNotFound, "80016"),
    ("no number, no name", lambda client: client.fetch_order("", LINEAR), ccxt.BadRequest, "80001"),
    ("number in words", lambda client: client.fetch_order("x", LINEAR), ccxt.BadRequest, "109400"),
    (
        "a name in the other spelling",
        lambda client: client.fetch_order("", LINEAR, {"clientOrderID": "a"}),
        ccxt.BadRequest,
        "80001",
    ),
    (
        "leverage too high",
        lambda client: client.set_leverage(101, LINEAR, {"side": "BOTH"}),
        ccxt.ExchangeError,
        "101414",
    ),
    (
        "leverage of a half",
        lambda client: client.set_leverage("1.5", LINEAR, {"side": "BOTH"}),
        ccxt.ExchangeError,
        "101414",
    ),
    (
        "leverage of one side",
        lambda client: client.set_leverage(3, LINEAR, {"side": "LONG"}),
        ccxt.BadRequest,
        "109400",
    ),
    (
        "unknown depth",
        lambda client: client.swapV2PublicGetQuoteDepth({"symbol": "BTC-USDT", "limit": 7}),
        ccxt.BadRequest,
        "109400",
    ),
    (
        "unknown interval",
        lambda client: client.swapV3PublicGetQuoteKlines({"symbol": "BTC-USDT", "interval": "7m"}),
        ccxt.BadRequest,
        "109400",
    ),
    (
        "fills of no time",
        lambda client: client.swapV2PrivateGetTradeAllFillOrders({"tradingUnit": "COIN"}),
        ccxt.BadRequest,
        "startTs",
    ),
    (
        "more than the wallet",
        lambda client: client.transfer("USDT", Decimal(60_000), "spot", "linear"),
        ccxt.InsufficientFunds,
        "Insufficient assets",
    ),
    (
        "to a wallet of other coins",
        lambda client: client.transfer("USDT", Decimal(1), "spot", "inverse"),
        ccxt.BadRequest,
        "illegal transferType",
    ),
    (
        "transfers of nowhere",
        lambda client: client.apiV3PrivateGetAssetTransferRecord({}),
        ccxt.BadRequest,
        "109400",
    ),
    ("unknown path", lambda client: client.swapV2PrivatePostTradeGetVst(), ccxt.BadRequest, "100400"),
    (
        "edit",
        lambda client: client.edit_order("1", LINEAR, "limit", "buy", 1, 50_000),
        ccxt.BadRequest,
        "100400",
    ),
]


@pytest.mark.parametrize(
    ("act", "kind", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_refused_comes_with_code_and_class_and_changes_nothing(
    act: Act, kind: type[Exception], code: str
) -> None:
    async with on_bingx() as (street, client):
        with pytest.raises(kind, match=code) as caught:
            await act(client)
        assert type(caught.value) is kind
        assert street.office.orders("main") == ()
        assert street.office.transfers("main") == ()


def test_every_reason_has_a_code() -> None:
    assert set(CODES) == set(No)
    assert all(code and text for _, code, text in CODES.values())


async def test_a_name_is_taken_for_ever_whatever_its_case() -> None:
    async with on_bingx() as (_, client):
        placed = await rest(client, clientOrderId="hb-Once")
        for _ in range(2):
            with pytest.raises(ccxt.DuplicateOrderId, match="101481"):
                await rest(client, clientOrderId="HB-once")
            if (await client.fetch_order(placed["id"], LINEAR))["status"] == "open":
                await client.cancel_order(placed["id"], LINEAR)


@pytest.mark.parametrize(("symbol", "amount"), [(LINEAR, "0.5"), (INVERSE, "5")])
async def test_a_filled_order_cannot_be_cancelled(symbol: str, amount: str) -> None:
    async with on_bingx() as (_, client):
        done = await sell(client, symbol, amount)
        with pytest.raises(ccxt.ExchangeError, match="80018"):
            await client.cancel_order(done["id"], symbol)


async def test_an_order_is_not_found_under_another_name_nor_in_the_other_product() -> None:
    async with on_bingx() as (_, client):
        placed = await rest(client, clientOrderId="mine")
        for act in (
            client.fetch_order(placed["id"], LINEAR, {"clientOrderId": "other"}),
            client.fetch_order(placed["id"], INVERSE),
            client.fetch_order(placed["id"], "ETH/USDT:USDT"),
            client.fetch_my_trades(INVERSE, params={"orderId": placed["id"]}),
        ):
            with pytest.raises(ccxt.OrderNotFound, match="80016"):
                await act


async def test_modes_do_not_change_under_open_orders() -> None:
    async with on_bingx() as (_, client):
        await rest(client)
        with pytest.raises(ccxt.BadRequest, match="80001"):
            await client.set_position_mode(True)
        with pytest.raises(ccxt.BadRequest, match="80001"):
            await client.set_margin_mode("isolated", LINEAR)


async def test_hedge_mode_takes_no_reduce_only() -> None:
    async with on_bingx() as (_, client):
        await client.set_position_mode(True)
        with pytest.raises(ccxt.BadRequest, match="ReduceOnly"):
            await order(positionSide="SHORT", reduceOnly="true")(client)
        with pytest.raises(ccxt.BadRequest, match="109400"):
            await client.set_leverage(3, LINEAR, {"side": "BOTH"})


# --- keys -----------------------------------------------------------------------------------------------------------

READER = Key(key="reader", secret="s", permissions=frozenset({"read"}))  # noqa: S106 - a test's
LIVE = Key(key="live", secret="s", environment="live")  # noqa: S106 - a test's
AWAY = Key(key="away", secret="s", elsewhere=True)  # noqa: S106 - a test's
GONE = Key(key="gone", secret="s", revoked=True)  # noqa: S106 - a test's
KEYS = (TEST_KEY, READER, LIVE, AWAY, GONE)


@pytest.mark.parametrize(
    ("key", "kind", "code"),
    [
        (replace(TEST_KEY, key="nobody"), ccxt.AuthenticationError, "100413"),
        (replace(TEST_KEY, secret="wrong"), ccxt.AuthenticationError, "100001"),  # noqa: S106 - on purpose
        (GONE, ccxt.AuthenticationError, "100413"),
        (AWAY, ccxt.PermissionDenied, "100419"),
    ],
)
async def test_a_wrong_key_opens_nothing(key: Key, kind: type[Exception], code: str) -> None:
    async with on_bingx(keys=KEYS, key=key) as (_, client):
        with pytest.raises(kind, match=code) as caught:
            await client.fetch_balance()
        assert type(caught.value) is kind


async def test_a_reading_key_reads_and_does_not_trade() -> None:
    async with on_bingx(keys=KEYS, key=READER) as (_, client):
        assert (await client.fetch_balance())["USDT"]["total"] == 100_000
        for act in (
            rest(client),
            client.set_leverage(3, LINEAR, {"side": "BOTH"}),
            client.transfer("USDT", 1, "spot", "swap"),
        ):
            with pytest.raises(ccxt.PermissionDenied, match="100004"):
                await act


async def test_a_key_of_the_live_venue_is_not_known_on_the_testnet() -> None:
    async with on_bingx(keys=KEYS, key=LIVE) as (_, client):
        await client.fetch_balance()
        client.set_sandbox_mode(True)
        with pytest.raises(ccxt.AuthenticationError, match="100413"):
            await client.fetch_balance()


async def test_a_time_that_is_off_comes_as_an_unknown_symbol() -> None:
    async with on_bingx() as (street, client):
        for skew_ms in (90_000, -90_000):
            street.office.moods.clock_skew_ms = skew_ms
            with pytest.raises(ccxt.BadSymbol, match="100421"):
                await client.fetch_balance()
        street.office.moods.clock_skew_ms = 10_000
        await client.fetch_balance({"recvWindow": 20_000})
        with pytest.raises(ccxt.BadRequest, match="recvWindow"):
            await client.fetch_balance({"recvWindow": 90_000})
        street.office.moods.clock_skew_ms = 4000
        await client.fetch_balance()


async def ask(
    street: Street, query: str, *, headers: dict[str, str], body: str = "", method: str = "GET"
) -> Any:
    """Send a request as no ccxt would."""
    async with aiohttp.ClientSession() as session:
        url = f"http://{street.address}/openApi/swap/v3/user/balance?{query}"
        async with session.request(method, url, headers=headers, data=body) as response:
            return await response.json()


async def test_signatures_are_over_the_parameters_as_they_were_sent() -> None:
    async with on_bingx() as (street, _):
        text = f"zeta=a b/c&timestamp={street.now_ms}"
        right = hmac.new(TEST_KEY.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        query, known = text.replace(" ", "%20").replace("/", "%2F"), {"X-BX-APIKEY": TEST_KEY.key}
        assert (await ask(street, f"{query}&signature={right}", headers=known))["code"] == 0
        assert (await ask(street, f"{query}&more=1&signature={right}", headers=known))["code"] == 100001
        assert (await ask(street, f"{query}&signature=%C3%A4", headers=known))["code"] == 100001
        assert (await ask(street, query, headers=known))["code"] == 100412
        assert (await ask(street, f"{query}&signature={right}", headers={}))["code"] == 100413
        assert (await ask(street, f"{query}&signature={right}", headers=known, body="zeta=2"))[
            "code"
        ] == 109400
        empty = hmac.new(TEST_KEY.secret.encode(), b"", hashlib.sha256).hexdigest()
        assert (await ask(street, f"signature={empty}", headers=known))["code"] == 100421


# --- the venue itself -----------------------------------------------------------------------------------------------


async def test_too_many_requests_are_refused_and_then_banned() -> None:
    async with on_bingx(budget=20) as (street, client):
        street.pass_time(10)
        for _ in range(10):
            await client.fetch_balance()
        for _ in range(20):
            with pytest.raises(ccxt.OperationFailed, match=r"100410.*rate limited"):
                await client.fetch_balance()
        assert street.last("balance")[1].headers["Retry-After"]
        street.pass_time(3)
        with pytest.raises(ccxt.OperationFailed, match=f"unblocked after {street.now_ms - 3000 + 120_000}"):
            await client.fetch_balance()
        street.pass_time(120)
        await client.fetch_balance()


async def test_maintenance_refuses_everything() -> None:
    async with on_bingx() as (street, client):
        street.office.moods.maintenance = True
        for act in (client.fetch_time(), client.fetch_balance(), client.fetch_balance({"type": "spot"})):
            with pytest.raises(ccxt.ExchangeError, match="100503"):
                await act


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (Fault.BUSY, ccxt.InsufficientFunds, "80012"),
        (Fault.RATE_LIMIT, ccxt.OperationFailed, "100410"),
        (Fault.BAN, ccxt.OperationFailed, "unblocked after [0-9]+"),
        (Fault.MAINTENANCE, ccxt.ExchangeError, "100503"),
    ],
)
async def test_faults_speak_the_venues_words(fault: Fault, kind: type[Exception], code: str) -> None:
    async with on_bingx() as (street, client):
        street.faults.queue("place", fault)
        with pytest.raises(kind, match=code):
            await rest(client)
        assert street.office.orders("main") == ()


async def test_a_contract_without_a_price_or_closed_takes_no_orders() -> None:
    async with on_bingx() as (street, client):
        exchange = street.office.exchange
        exchange.relist(replace(exchange.contracts["ETH/USDT:USDT"], status="halted"))
        with pytest.raises(ccxt.BadSymbol, match="109418"):
            await order(symbol="ETH-USDT", price="4000")(client)
        del exchange.touches[LINEAR]
        with pytest.raises(ccxt.BadSymbol, match="109418"):
            await order()(client)
        with pytest.raises(ccxt.BadSymbol, match="109418"):
            await client.fetch_order_book(LINEAR)
        await sell(client, INVERSE, "5")
        del exchange.marks[INVERSE], exchange.marks[LINEAR]
        for act in (client.fetch_positions([INVERSE]), client.fetch_leverage(LINEAR)):
            with pytest.raises(ccxt.BadSymbol, match="109418"):
                await act


async def test_an_account_without_futures_is_told_so() -> None:
    async with on_bingx(keys=(replace(TEST_KEY, account="nobody"),)) as (_, client):
        with pytest.raises(ccxt.ExchangeError, match="80020"):
            await client.fetch_positions()
