"""How Binance's dialect, of both products, knows who asks; and what it says when it cannot be asked."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.binance_street import BOTH, BTC, SYMBOLS, Product, on_binance, signature_of
from tests.testexchange.street import Street

READER = Key(key="reader", secret="s", permissions=frozenset({"read"}))  # noqa: S106 - a test's
TRADER = Key(key="trader", secret="s", permissions=frozenset({"read", "trade"}))  # noqa: S106 - a test's
LIVE = Key(key="live", secret="s", environment="live")  # noqa: S106 - a test's
PLAY = Key(key="play", secret="s", environment="testnet")  # noqa: S106 - a test's
AWAY = Key(key="away", secret="s", elsewhere=True)  # noqa: S106 - a test's
GONE = Key(key="gone", secret="s", revoked=True)  # noqa: S106 - a test's
TRANSFER = "/sapi/v1/asset/transfer"
KEYS = (TEST_KEY, READER, TRADER, LIVE, PLAY, AWAY, GONE)


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (replace(TEST_KEY, key=""), 401, -2014),
        (replace(TEST_KEY, key="test key"), 401, -2014),
        (replace(TEST_KEY, key="k" * 200), 401, -2014),
        (replace(TEST_KEY, key="nobody"), 401, -2015),
        (GONE, 401, -2015),
        (AWAY, 401, -2015),
        (replace(TEST_KEY, secret="wrong"), 400, -1022),  # noqa: S106 - on purpose
    ],
)
async def test_a_wrong_key_opens_nothing(product: Product, key: Key, status: int, code: int) -> None:
    async with on_binance(product, keys=KEYS, key=key) as (street, customer):
        for told in (
            await customer.ask("GET", "v1/openOrders"),
            await customer.ask("GET", "/api/v3/account"),
            await customer.ask("POST", TRANSFER, type="MAIN_UMFUTURE", asset="USDT", amount="1"),
            await customer.order(),
        ):
            assert (told.status, told.code) == (status, code)
        assert street.office.orders("main") == ()


async def test_a_key_of_other_letters_has_no_form() -> None:
    async with on_binance() as (street, customer):
        await customer.rest()
        request = street.last("place")[0]
        for name in ("\udce4", "t\u00e9st", "test-key\n"):
            strange = replace(request, headers={**request.headers, "x-mbx-apikey": name})
            told = street.dialect.handle(strange, street.now_ms)
            assert (told.status, '"code":-2014' in told.body) == (401, True)


@pytest.mark.parametrize("product", BOTH)
async def test_a_key_does_what_it_may(product: Product) -> None:
    async with on_binance(product, keys=KEYS, key=READER) as (street, customer):
        await customer.get("v1/openOrders")
        wallet, coin = ("UMFUTURE", "USDT") if product == "usdm" else ("CMFUTURE", "BTC")
        moving = {"type": f"MAIN_{wallet}", "asset": coin, "amount": "1"}
        for method, path, asked in (
            ("POST", "v1/order", {}),
            ("DELETE", "v1/order", {"orderId": 1}),
            ("DELETE", "v1/allOpenOrders", {}),
            ("POST", "v1/leverage", {"leverage": 2}),
            ("POST", "v1/marginType", {"marginType": "ISOLATED"}),
            ("POST", "v1/positionSide/dual", {"dualSidePosition": "true"}),
            ("POST", TRANSFER, moving),
        ):
            told = await customer.ask(method, path, symbol=BTC[product], **asked)
            assert (told.status, told.code) == (401, -2015), path
        customer.key = TRADER
        await customer.rest()
        assert (await customer.ask("POST", TRANSFER, **moving)).code == -2015
        assert street.office.transfers("main") == ()


@pytest.mark.parametrize("product", BOTH)
async def test_a_key_is_known_where_it_was_made(product: Product) -> None:
    host = "fapi.binance.com" if product == "usdm" else "dapi.binance.com"
    async with on_binance(product, keys=KEYS, key=PLAY) as (_, customer):
        for key, where, code in (
            (PLAY, f"demo-{host}", 0),
            (PLAY, host, -2015),
            (LIVE, f"demo-{host}", -2015),
            (LIVE, host, 0),
        ):
            customer.key, customer.host = key, where
            assert (await customer.ask("GET", "v1/positionSide/dual")).code == code, (
                key.key,
                where,
            )


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(
    ("behind_ms", "window", "code"),
    [
        (0, None, 0),
        (5_000, None, 0),
        (5_001, None, -1021),
        (60_000, 60_000, 0),
        (200, 100, -1021),
        (-999, None, 0),
        (-1_000, None, -1021),
        (-90_000, 60_000, -1021),
        (0, 60_001, -1130),
        (0, 0, -1130),
        (0, -5, -1130),
        (0, "long", -1130),
        (0, "", -1130),
    ],
)
async def test_a_request_is_good_for_a_while(
    product: Product, behind_ms: int, window: object, code: int
) -> None:
    async with on_binance(product) as (street, customer):
        told = await customer.ask(
            "GET", "v1/positionSide/dual", timestamp=street.now_ms - behind_ms, recvWindow=window
        )
        assert (told.status, told.code) == (400 if code else 200, code)


@pytest.mark.parametrize("timestamp", [None, "", "noon", "1e12", "-5", "NaN", "9" * 40])
async def test_a_request_without_a_time_is_refused(timestamp: object) -> None:
    async with on_binance() as (_, customer):
        told = await customer.order(timestamp=timestamp)
        assert (told.status, told.code) == (400, -1102)
        assert "'timestamp'" in told.body["msg"]


async def test_a_clock_that_goes_wrong_refuses_who_goes_right() -> None:
    async with on_binance() as (street, customer):
        for skew_ms, code in ((4_000, 0), (6_000, -1021), (-900, 0), (-1_500, -1021)):
            street.office.moods.clock_skew_ms = skew_ms
            assert (await customer.ask("GET", "v1/positionSide/dual")).code == code


def order_text(street: Street, product: Product, **changed: object) -> str:
    """Write an order's parameters as they are signed."""
    words = {
        "symbol": BTC[product],
        "side": "SELL",
        "type": "LIMIT",
        "quantity": 1,
        "price": 70_000,
        "timeInForce": "GTC",
        "timestamp": street.now_ms,
        **changed,
    }
    return urlencode(words)


@pytest.mark.parametrize("product", BOTH)
async def test_a_signature_is_over_query_and_body_and_comes_last(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        path = "/fapi/v1/order" if product == "usdm" else "/dapi/v1/order"
        text = order_text(street, product)
        signed = f"{text}&signature={signature_of(text)}"
        head, tail = text.split("&", 1)
        split = f"{tail}&signature={signature_of(head + tail)}"
        other = text.replace("SELL", "BUY")
        upper = f"{text}&signature={signature_of(text).upper()}"
        for query, body, code in (
            ("", signed, 0),
            (signed, "", 0),
            (head, split, 0),
            ("", text, -1102),
            ("", f"{text}&signature=", -1022),
            ("", f"{other}&signature={signature_of(text)}", -1022),
            ("", f"signature={signature_of(text)}&{text}", -1102),
            ("", upper, -1022),
            ("reduceOnly=true", signed, -1022),
            (signed, "quantity=2", -1022),
            ("", f"{signed}&quantity=2", -1022),
            ("", f"{signed}&signature={signature_of(signed)}", -1101),
        ):
            before = len(street.office.orders("main"))
            told = await customer.send("POST", path, query, body)
            assert told.code == code, (query, body, told.body)
            assert len(street.office.orders("main")) == before + (code == 0)


@pytest.mark.parametrize("product", BOTH)
async def test_a_parameter_is_there_once(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        path = "/fapi/v1/order" if product == "usdm" else "/dapi/v1/order"
        for more in ("quantity=2", "side=SELL", "timestamp=1"):
            text = f"{order_text(street, product)}&{more}"
            told = await customer.send("POST", path, body=f"{text}&signature={signature_of(text)}")
            assert (told.status, told.code) == (400, -1101)
        assert street.office.orders("main") == ()


# --- the venue itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("product", BOTH)
async def test_weight_is_counted_and_told_then_refused_then_banned(product: Product) -> None:
    async with on_binance(product, budget=60) as (street, customer):
        used = [
            (await customer.ask("GET", "v1/positionSide/dual")).headers["X-MBX-USED-WEIGHT-1M"]
            for _ in range(2)
        ]
        assert used == ["30", "60"]
        for _ in range(20):
            told = await customer.order()
            assert (told.status, told.code) == (429, -1003)
            assert int(told.headers["Retry-After"]) > 0
            assert told.headers["X-MBX-USED-WEIGHT-1M"] == "60"
        told = await customer.show("v1/time")
        assert (told.status, told.code, "banned until" in told.body["msg"]) == (418, -1003, True)
        street.pass_time(61)
        assert (await customer.show("v1/time")).status == 418, "a ban outlasts the window"
        wait = int((await customer.show("v1/time")).headers["Retry-After"])
        street.pass_time(wait)
        fresh = await customer.show("v1/time")
        assert (fresh.status, fresh.headers["X-MBX-USED-WEIGHT-1M"]) == (200, "1")
        assert street.office.orders("main") == ()


@pytest.mark.parametrize("product", BOTH)
@pytest.mark.parametrize(
    ("fault", "status", "code", "waits"),
    [
        (Fault.RATE_LIMIT, 429, -1003, True),
        (Fault.BAN, 418, -1003, True),
        (Fault.BUSY, 503, -1008, True),
        (Fault.MAINTENANCE, 503, -1016, True),
    ],
)
async def test_faults_speak_the_venues_words(
    product: Product,
    fault: Fault,
    status: int,
    code: int,
    waits: bool,  # noqa: FBT001 - a column
) -> None:
    async with on_binance(product) as (street, customer):
        street.faults.queue("place", fault)
        told = await customer.order()
        assert (told.status, told.code, "Retry-After" in told.headers) == (status, code, waits)
        assert street.office.orders("main") == ()
        await customer.rest()


@pytest.mark.parametrize("product", BOTH)
async def test_maintenance_refuses_everything(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        street.office.moods.maintenance = True
        for told in (
            await customer.show("v1/time"),
            await customer.order(),
            await customer.ask("GET", "v1/openOrders"),
        ):
            assert (told.status, told.code) == (503, -1016)


@pytest.mark.parametrize("product", BOTH)
async def test_a_contract_that_is_halted_or_has_no_price_takes_no_orders(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        exchange, symbol = street.office.exchange, SYMBOLS[product]
        exchange.relist(replace(exchange.contracts[symbol], status="halted"))
        assert (await customer.order()).code == -4141
        listed = {one["symbol"]: one for one in (await customer.shown("v1/exchangeInfo"))["symbols"]}
        told = listed[BTC[product]]
        assert told.get("status", told.get("contractStatus")) != "TRADING"
        exchange.relist(replace(exchange.contracts[symbol], status="trading"))
        del exchange.touches[symbol]
        assert (await customer.order()).code == -1112
        assert (await customer.show("v1/depth", symbol=BTC[product])).code == -1112


@pytest.mark.parametrize("product", BOTH)
async def test_a_position_without_a_mark_is_not_told(product: Product) -> None:
    async with on_binance(product) as (street, customer):
        await customer.trade("SELL")
        del street.office.exchange.marks[SYMBOLS[product]]
        version = "v3" if product == "usdm" else "v1"
        for path in ("account", "positionRisk"):
            assert (await customer.ask("GET", f"{version}/{path}")).code == -1112


@pytest.mark.parametrize("product", BOTH)
async def test_an_account_without_futures_is_told_so(product: Product) -> None:
    nobody = Key(key="nobody", secret="s", account="nobody")  # noqa: S106 - a test's
    version = "v3" if product == "usdm" else "v1"
    async with on_binance(product, keys=(nobody,), key=nobody) as (_, customer):
        for told in (
            await customer.ask("GET", f"{version}/account"),
            await customer.ask("GET", f"{version}/positionRisk"),
            await customer.order(),
        ):
            assert (told.status, told.code) == (401, -2015)
