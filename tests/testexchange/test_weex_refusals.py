"""How WEEX's dialect says no, and what an unmodified ccxt client makes of it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import ccxt
import pytest

from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY, Key
from bot.testexchange.weex_codes import CODES
from bot.testexchange.wire import No
from tests.testexchange.street import Street
from tests.testexchange.weex_street import BTC, ETH, close, on_weex, rest, sell

Act = Callable[[Any], Awaitable[object]]


def order(**changed: object) -> Act:
    """Send an order as it stands, past all that ccxt would put right: one that rests, with changes."""
    asked = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "positionSide": "SHORT",
        "type": "LIMIT",
        "quantity": "0.5",
        "price": "70000",
        "timeInForce": "GTC",
        **changed,
    }
    return lambda client: client.contractPrivatePostCapiV3Order(
        {key: value for key, value in asked.items() if value is not None}
    )


def market(**changed: object) -> Act:
    """Send an order at the market as it stands."""
    return order(**{"type": "MARKET", "price": None, "timeInForce": None, **changed})


def setting(kind: str, **fields: object) -> Act:
    """Send a setting as it stands."""
    return lambda client: getattr(client, f"contractPrivatePostCapiV3Account{kind}")(
        {"symbol": "BTCUSDT", **fields}
    )


def bills(**fields: object) -> Act:
    """Ask for bills."""
    return lambda client: client.contractPrivatePostCapiV3AccountIncome(fields)


IO, BR, EE, AR = ccxt.InvalidOrder, ccxt.BadRequest, ccxt.ExchangeError, ccxt.ArgumentsRequired
REFUSED: list[tuple[str, Act, type[Exception], str]] = [
    ("post-only would take", order(price="50000", timeInForce="POST_ONLY"), BR, "-1142"),
    ("nothing to reduce", market(side="BUY", reduceOnly=True), BR, "-1142"),
    ("nothing to close, without a word", market(side="BUY"), BR, "-1142"),
    ("below the smallest size", order(quantity="0.00005"), BR, "-1142"),
    ("no whole step", order(quantity="0.50005"), BR, "-1160"),
    ("no whole tick", order(price="70000.05"), BR, "-1160"),
    ("too little margin", order(quantity="500"), ccxt.InsufficientFunds, "-1054.*amount not enough"),
    ("unknown contract", order(symbol="NOPEUSDT"), ccxt.BadSymbol, "-1121"),
    ("no symbol", order(symbol=None), AR, "-1141.*symbol"),
    ("no size", order(quantity=None), AR, "-1141.*quantity"),
    ("size of nothing", order(quantity="0"), BR, "-1142"),
    ("size in words", order(quantity="much"), BR, "-1142"),
    ("size that is no number", order(quantity="NaN"), BR, "-1142"),
    ("size beyond all sizes", order(quantity="1" + "0" * 40), BR, "-1142"),
    ("size of a list", order(quantity=["0.5"]), BR, "-1142"),
    ("no price", order(price=None), AR, "-1141.*price"),
    ("price at the market", market(price="70000"), BR, "-1128.*no price"),
    ("unknown type", order(type="STOP_MARKET"), IO, "-1116"),
    ("unknown side", order(side="sell"), IO, "-1117"),
    ("no side", order(side=None), AR, "-1141"),
    ("unknown time in force", order(timeInForce="FOK"), IO, "-1115"),
    ("at the market, and resting", market(timeInForce="GTC"), BR, "-1128"),
    ("position side left out", order(positionSide=None), AR, "-1141.*positionSide"),
    ("position side of one-way mode", order(positionSide="BOTH"), BR, "-1142"),
    ("reduce-only that opens", order(reduceOnly=True), BR, "-1128.*opens"),
    ("unknown reduce-only", order(reduceOnly="yes"), BR, "-1142.*reduceOnly"),
    ("a stop", order(slTriggerPrice="60000"), BR, "slTriggerPrice"),
    ("name too long", order(newClientOrderId="a" * 37), IO, "-1180.*40"),
    ("name with a blank", order(newClientOrderId="a b"), IO, "-1180"),
    ("no such order", lambda client: client.fetch_order("17", BTC), IO, "-3200"),
    (
        "no such name",
        lambda client: client.fetch_order("", BTC, {"clientOrderId": "nobody"}),
        IO,
        "-3200",
    ),
    ("no number, no name", lambda client: client.fetch_order("", BTC), BR, "-1140"),
    ("nothing to take back", lambda client: client.cancel_order("", BTC), BR, "-1140"),
    ("number in words", lambda client: client.fetch_order("x", BTC), BR, "-1142"),
    ("leverage too high", lambda client: client.set_leverage(101, BTC), IO, "-3313"),
    ("leverage of a half", lambda client: client.set_leverage("1.5", BTC), IO, "-3313"),
    ("leverage of nothing", setting("Leverage"), AR, "-1141.*crossLeverage"),
    ("leverage of the other mode", setting("Leverage", isolatedLongLeverage=5), BR, "-1128"),
    ("unknown margin type", setting("MarginType", marginType="CROSS"), BR, "-1142"),
    ("unknown separation", setting("MarginType", marginType="CROSSED", separatedType="ONE"), BR, "-1142"),
    ("depth of nothing", lambda client: client.fetch_order_book(BTC, 20, {"limit": 201}), BR, "-1140.*200"),
    ("unknown interval", lambda client: client.fetch_ohlcv(BTC, "7m"), BR, "-1142"),
    ("candles of no time", lambda client: client.contractGetCapiV3MarketHistoryKlines({"symbol": "BTCUSDT", "interval": "1h"}), AR, "-1141"),
    ("half a span of time", bills(startTime=1), BR, "sent together"),
    ("a span that ends before it begins", bills(startTime=2, endTime=1), BR, "-1171"),
    ("a page of no bill", bills(nextKey="x"), BR, "nextKey"),
    ("a page of no bill ever", bills(nextKey="9" * 5000), BR, "nextKey"),
    ("bills of no contract", bills(symbol="NOPEUSDT"), ccxt.BadSymbol, "-1121"),
    ("more bills than a page has", bills(limit=101), BR, "-1140.*100"),
    ("orders by the batch", lambda client: client.contractPrivatePostCapiV3BatchOrders({}), BR, "-1150"),
    ("unknown path", lambda client: client.contractPrivatePostCapiV3AlgoOrder({}), EE, "404"),
    ("edit", lambda client: client.edit_order("1", BTC, "limit", "sell", 1, 70_000), ccxt.OrderNotFound, "FAILED"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("act", "kind", "code"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_refused_comes_with_code_and_class_and_changes_nothing(
    act: Act, kind: type[Exception], code: str
) -> None:
    async with on_weex() as (street, client):
        with pytest.raises(kind, match=code) as caught:
            await act(client)
        assert type(caught.value) is kind
        assert street.office.orders("main") == ()
        assert street.office.leverages == {}
        assert street.office.hedge_mode == {}


def test_every_reason_has_a_code() -> None:
    assert set(CODES) == set(No)
    assert all(400 <= status < 600 and code and text for status, code, text in CODES.values())


async def test_a_name_is_taken_for_ever_and_the_refusal_looks_like_a_system_error() -> None:
    async with on_weex() as (_, client):
        placed = await rest(client, clientOrderId="once")
        for _again in range(2):
            with pytest.raises(ccxt.ExchangeError, match=r"-1054.*duplicate") as caught:
                await rest(client, clientOrderId="once")
            assert type(caught.value) is ccxt.ExchangeError
            if (await client.fetch_order(placed["id"], BTC))["status"] == "open":
                await client.cancel_order(placed["id"], BTC)


async def test_an_order_is_not_found_under_another_name_nor_in_another_contract() -> None:
    async with on_weex() as (_, client):
        placed = await rest(client, clientOrderId="mine")
        for more in ({"origClientOrderId": "other"}, {"symbol": "ETHUSDT"}):
            with pytest.raises(ccxt.InvalidOrder, match="-3200"):
                await client.contractPrivateGetCapiV3Order({"orderId": placed["id"], **more})


async def test_modes_do_not_change_under_open_orders() -> None:
    async with on_weex() as (_, client):
        await rest(client)
        with pytest.raises(ccxt.ExchangeError, match=r"-1054.*orders are open"):
            await client.set_position_mode(hedged=True, symbol=BTC, params={"marginMode": "cross"})
        with pytest.raises(ccxt.ExchangeError, match=r"-1054.*orders are open"):
            await client.set_margin_mode("isolated", BTC)


async def test_one_leverage_is_kept_for_both_sides() -> None:
    async with on_weex() as (_, client):
        await client.set_margin_mode("isolated", BTC)
        with pytest.raises(ccxt.BadRequest, match="one leverage for both sides"):
            await setting("Leverage", isolatedLongLeverage=5, isolatedShortLeverage=6)(client)
        with pytest.raises(ccxt.BadRequest, match=r"-1128.*ISOLATED"):
            await client.set_leverage(5, BTC)


async def test_play_money_can_do_no_more_than_ccxt_knows() -> None:
    async with on_weex() as (_, client):
        client.set_sandbox_mode(True)
        for act in (
            client.fetch_open_orders(BTC),
            client.fetch_order("1", BTC),
            client.cancel_order("1", BTC),
            client.set_leverage(3, BTC),
        ):
            with pytest.raises(ccxt.NotSupported):
                await act


# --- keys -----------------------------------------------------------------------------------------------------------

READER = Key(key="reader", secret="s", passphrase="p", permissions=frozenset({"read"}))  # noqa: S106 - a test's
LIVE = Key(key="live", secret="s", passphrase="p", environment="live")  # noqa: S106 - a test's
PLAY = Key(key="play", secret="s", passphrase="p", environment="testnet")  # noqa: S106 - a test's
AWAY = Key(key="away", secret="s", passphrase="p", elsewhere=True)  # noqa: S106 - a test's
GONE = Key(key="gone", secret="s", passphrase="p", revoked=True)  # noqa: S106 - a test's
KEYS = (TEST_KEY, READER, LIVE, PLAY, AWAY, GONE)


@pytest.mark.parametrize(
    ("key", "kind", "code"),
    [
        (replace(TEST_KEY, key="nobody"), ccxt.AuthenticationError, "-1044"),
        (replace(TEST_KEY, secret="wrong"), ccxt.AuthenticationError, "-1047"),  # noqa: S106 - on purpose
        (replace(TEST_KEY, passphrase="wrong"), ccxt.AuthenticationError, "-1049"),  # noqa: S106 - on purpose
        (GONE, ccxt.AuthenticationError, "-1044"),
        (PLAY, ccxt.AuthenticationError, "-1044"),
        (AWAY, ccxt.PermissionDenied, "-1056"),
    ],
)
async def test_a_wrong_key_opens_nothing(key: Key, kind: type[Exception], code: str) -> None:
    async with on_weex(keys=KEYS, key=key) as (_, client):
        for act in (client.fetch_balance(), client.fetch_balance({"type": "spot"}), rest(client)):
            with pytest.raises(kind, match=code) as caught:
                await act
            assert type(caught.value) is kind


async def test_a_reading_key_reads_and_does_not_trade() -> None:
    async with on_weex(keys=KEYS, key=READER) as (_, client):
        spot = await client.fetch_balance({"type": "spot"})
        assert spot["info"]["canTrade"] is False
        assert (await client.fetch_balance())["USDT"]["total"] == 100_000
        for act in (rest(client), client.cancel_order("1", BTC), client.set_leverage(3, BTC)):
            with pytest.raises(ccxt.PermissionDenied, match="-1052"):
                await act


async def test_a_live_key_is_not_known_where_play_money_is() -> None:
    async with on_weex(keys=KEYS, key=LIVE) as (_, client):
        await client.fetch_balance()
        client.set_sandbox_mode(True)
        with pytest.raises(ccxt.AuthenticationError, match="-1044"):
            await client.fetch_balance()


async def test_a_key_for_play_money_works_there() -> None:
    async with on_weex(keys=KEYS, key=PLAY) as (_, client):
        client.set_sandbox_mode(True)
        await client.fetch_balance()


@pytest.mark.parametrize("skew_ms", [90_000, -90_000])
async def test_a_time_that_is_off_is_a_bad_request(skew_ms: int) -> None:
    async with on_weex() as (street, client):
        street.office.moods.clock_skew_ms = skew_ms
        with pytest.raises(ccxt.BadRequest, match="-1046"):
            await client.fetch_balance()
        street.office.moods.clock_skew_ms = skew_ms // 4
        await client.fetch_balance()


async def ask(
    street: Street, *, body: str = "{}", path: str = "/capi/v3/account/income", **headers: str
) -> Any:
    """Send a request as no ccxt would, signed unless another signature is given; a header of nothing is left out."""
    stamp = headers.get("ACCESS-TIMESTAMP") or str(street.now_ms)
    text = f"{stamp}POST{path}{body}"
    sign = base64.b64encode(
        hmac.new(TEST_KEY.secret.encode(), text.encode(), hashlib.sha256).digest()
    ).decode()
    sent = {
        "ACCESS-KEY": TEST_KEY.key,
        "ACCESS-SIGN": sign,
        "ACCESS-TIMESTAMP": stamp,
        "ACCESS-PASSPHRASE": TEST_KEY.passphrase,
        "Content-Type": "application/json",
        **headers,
    }
    sent = {name: value for name, value in sent.items() if value}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"http://{street.address}{path}", headers=sent, data=body) as response,
    ):
        return await response.json()


async def test_each_header_that_lacks_has_a_code_of_its_own() -> None:
    async with on_weex() as (street, _):
        assert "items" in await ask(street)
        for headers, code in (
            ({"ACCESS-KEY": ""}, -1040),
            ({"ACCESS-SIGN": ""}, -1041),
            ({"ACCESS-SIGN": "%C3%A4"}, -1047),
            ({"ACCESS-TIMESTAMP": "noon"}, -1043),
            ({"ACCESS-PASSPHRASE": ""}, -1049),
            ({"Content-Type": "text/plain"}, -1045),
        ):
            assert (await ask(street, **headers))["code"] == code, headers


@pytest.mark.parametrize("body", ["{", "[]", "1", '"x"', "null"])
async def test_a_body_that_is_no_object_is_no_json(body: str) -> None:
    async with on_weex() as (street, _):
        assert (await ask(street, body=body))["code"] == -1135


async def test_signatures_are_over_path_query_and_body_in_base_64() -> None:
    async with on_weex() as (street, client):
        await rest(client, clientOrderId="a:b/c")
        await client.fetch_order("", BTC, {"clientOrderId": "a:b/c"})
        assert "%3A" in street.last("order")[0].query
        request = street.last("place")[0]
        signature = request.headers["access-sign"]
        assert len(base64.b64decode(signature)) == 32
        tampered = replace(request, body=request.body.replace("0.5", "5"))
        said = json.loads(street.dialect.handle(tampered, street.now_ms).body)
        assert said["code"] == -1047
        for name, code in (("access-sign", -1047), ("access-passphrase", -1049), ("access-timestamp", -1043)):
            strange = replace(request, headers={**request.headers, name: "\udce4" + "9" * 5000})
            assert json.loads(street.dialect.handle(strange, street.now_ms).body)["code"] == code
        assert len(street.office.orders("main")) == 1


# --- the venue itself -----------------------------------------------------------------------------------------------


async def test_too_many_requests_are_refused_and_then_banned() -> None:
    async with on_weex(budget=100) as (street, client):
        street.pass_time(120)
        for _ in range(10):
            await client.fetch_balance()
        for _ in range(20):
            with pytest.raises(ccxt.ExchangeError, match="-1003") as caught:
                await client.fetch_balance()
            assert type(caught.value) is ccxt.ExchangeError, "for ccxt it is no rate limit"
        assert street.last("balance")[1].status == 429
        assert street.last("balance")[1].headers["Retry-After"]
        street.pass_time(70)
        with pytest.raises(ccxt.ExchangeError, match=r"429.*suspended: until"):
            await client.fetch_balance()
        street.pass_time(60)
        await client.fetch_balance()


async def test_a_ticker_costs_four_seconds_of_the_budget() -> None:
    async with on_weex() as (street, client):
        before = street.dialect.meter.spent_ever
        await client.fetch_tickers([BTC])
        assert street.dialect.meter.spent_ever - before == 200
        await client.fetch_bids_asks([BTC])
        assert street.dialect.meter.spent_ever - before == 205


async def test_maintenance_refuses_everything() -> None:
    async with on_weex() as (street, client):
        street.office.moods.maintenance = True
        for act in (
            client.fetch_time(),
            client.fetch_balance(),
            client.fetch_balance({"type": "spot"}),
            rest(client),
        ):
            with pytest.raises(ccxt.ExchangeError, match=r"-1054.*maintenance"):
                await act


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.BUSY, "40015"),
        (Fault.RATE_LIMIT, "-1003"),
        (Fault.BAN, "429"),
        (Fault.MAINTENANCE, "-1054"),
    ],
)
async def test_faults_speak_the_venues_words(fault: Fault, code: str) -> None:
    async with on_weex() as (street, client):
        street.faults.queue("place", fault)
        with pytest.raises(ccxt.ExchangeError, match=code) as caught:
            await rest(client)
        assert type(caught.value) is ccxt.ExchangeError
        assert street.office.orders("main") == ()


async def test_a_contract_without_a_price_or_closed_takes_no_orders() -> None:
    async with on_weex() as (street, client):
        exchange = street.office.exchange
        exchange.relist(replace(exchange.contracts[ETH], status="halted"))
        with pytest.raises(ccxt.PermissionDenied, match="-3235"):
            await order(symbol="ETHUSDT", price="4000")(client)
        del exchange.touches[BTC]
        with pytest.raises(ccxt.ExchangeError, match=r"-1054.*no price"):
            await order()(client)
        with pytest.raises(ccxt.ExchangeError, match=r"-1054.*no price"):
            await client.fetch_order_book(BTC)
        assert set(await client.fetch_bids_asks()) == {ETH}, "what has no price is left out of lists"


async def test_a_position_without_a_mark_is_not_told() -> None:
    async with on_weex() as (street, client):
        await sell(client)
        del street.office.exchange.marks[BTC]
        for act in (client.fetch_positions(), client.fetch_balance()):
            with pytest.raises(ccxt.ExchangeError, match=r"-1054.*no price"):
                await act


async def test_an_account_without_futures_is_told_so() -> None:
    async with on_weex(keys=(replace(TEST_KEY, account="nobody"),)) as (_, client):
        for act in (client.fetch_positions(), rest(client), close(client)):
            with pytest.raises(ccxt.PermissionDenied, match="-1050"):
                await act
