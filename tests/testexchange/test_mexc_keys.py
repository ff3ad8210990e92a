"""Who may ask what at MEXC's dialect: keys, signatures, times and permissions, of contracts and of spot."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core.values import Side
from bot.testexchange.keyring import TEST_KEY, Key
from tests.testexchange.mexc_street import PRIVATE, SPOT, Caller, hashed, on_mexc, order

READER = Key(key="reader", secret="s", permissions=frozenset({"read"}))  # noqa: S106 - a test's
TRADER = Key(key="trader", secret="s", permissions=frozenset({"read", "trade"}))  # noqa: S106 - a test's
MOVER = Key(key="mover", secret="s", permissions=frozenset({"transfer"}))  # noqa: S106 - a test's
AWAY = Key(key="away", secret="s", elsewhere=True)  # noqa: S106 - a test's
GONE = Key(key="gone", secret="s", revoked=True)  # noqa: S106 - a test's
PLAY = Key(key="play", secret="s", environment="testnet")  # noqa: S106 - a test's
OTHER = Key(key="other", secret="s", account="other")  # noqa: S106 - a test's
KEYS = (TEST_KEY, READER, TRADER, MOVER, AWAY, GONE, PLAY, OTHER)
ASSETS, CREATE, LEVER = "account/assets", "order/create", "position/change_leverage"


@pytest.mark.parametrize(
    ("key", "code", "spot_code"),
    [
        (replace(TEST_KEY, key="nobody"), 402, 10072),
        (replace(TEST_KEY, key=""), 402, 10072),
        (replace(TEST_KEY, secret="wrong"), 602, 700002),  # noqa: S106 - on purpose
        (GONE, 402, 10072),
        (AWAY, 406, 700006),
    ],
)
async def test_a_wrong_key_opens_nothing(key: Key, code: int, spot_code: int) -> None:
    async with on_mexc(keys=KEYS) as (street, _):
        caller = Caller(street, key)
        for told in (await caller.get(ASSETS), await caller.post(CREATE, order())):
            assert (told["success"], told["code"]) == (False, code)
            assert set(told) == {"success", "code", "message"}
        for told in (await caller.spot("GET", "account"), await caller.move()):
            assert (told["code"], set(told)) == (spot_code, {"code", "msg"})
        assert street.office.orders("main") == ()
        assert street.office.transfers("main") == ()


async def test_a_key_of_play_money_is_not_known_where_a_customer_means_the_live_venue() -> None:
    async with on_mexc(keys=KEYS) as (street, _):
        caller = Caller(street, PLAY)
        assert (await caller.get(ASSETS))["success"], "a customer who does not say where he means"
        for host in ("api.mexc.com", "contract.mexc.com"):
            meant = {**caller.headers(""), "X-Original-Host": host}
            assert (await caller.send("GET", PRIVATE + ASSETS, headers=meant))["code"] == 402


Act = Callable[[Caller], Awaitable[Any]]
SETTING = {"symbol": "BTC_USDT", "openType": 2, "positionType": 2, "leverage": 5}
ACTS: dict[str, Act] = {
    "assets": lambda caller: caller.get(ASSETS),
    "transfer records": lambda caller: caller.get("account/transfer_record"),
    "positions": lambda caller: caller.get("position/open_positions"),
    "open orders": lambda caller: caller.get("order/list/open_orders"),
    "done orders": lambda caller: caller.get("order/list/history_orders"),
    "deals": lambda caller: caller.get("order/list/order_deals"),
    "leverage": lambda caller: caller.get("position/leverage", symbol="BTC_USDT"),
    "place": lambda caller: caller.post(CREATE, order()),
    "cancel": lambda caller: caller.post("order/cancel", ["1"]),
    "cancel all": lambda caller: caller.post("order/cancel_all", {}),
    "set leverage": lambda caller: caller.post(LEVER, SETTING),
    "set mode": lambda caller: caller.post("position/change_position_mode", {"positionMode": 1}),
    "spot account": lambda caller: caller.spot("GET", "account"),
    "transfer": lambda caller: caller.move(),
}
TRADING = frozenset({"place", "cancel", "cancel all", "set leverage", "set mode"})
MISSING = {
    "reader": {**dict.fromkeys(TRADING, 704), "transfer": 700007},
    "trader": {"transfer": 700007},
    "mover": {
        **dict.fromkeys(ACTS, 703),
        **dict.fromkeys(TRADING, 704),
        "assets": 701,
        "transfer records": 701,
        "spot account": 700007,
        "transfer": 0,
    },
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("key", [READER, TRADER, MOVER], ids=lambda key: key.key)
async def test_a_key_does_what_it_may_and_is_told_what_it_lacks(key: Key, act: str) -> None:
    async with on_mexc(keys=KEYS) as (street, _):
        told = await ACTS[act](Caller(street, key))
        code = told.get("code", 0) if isinstance(told, dict) else 0
        assert code == MISSING[key.key].get(act, 0), told
        if code in {704, 700007}:
            assert street.office.orders("main") == ()
            assert street.office.transfers("main") == ()
            assert (street.office.leverages, street.office.hedge_mode) == ({}, {})


async def test_an_account_without_futures_is_told_so() -> None:
    async with on_mexc(keys=KEYS) as (street, _):
        caller = Caller(street, OTHER)
        for path in (ASSETS, "position/open_positions"):
            assert (await caller.get(path))["code"] == 401
        assert (await caller.post(CREATE, order()))["code"] == 401


# --- signatures ---------------------------------------------------------------------------------------------------


async def test_a_query_is_signed_in_order_whatever_order_it_is_sent_in() -> None:
    async with on_mexc() as (_, caller):
        path, sent, right = (
            f"{PRIVATE}order/list/order_deals",
            "symbol=BTC_USDT&page_size=5",
            "page_size=5&symbol=BTC_USDT",
        )
        for query in (sent, right):
            assert (await caller.send("GET", path, query=query, headers=caller.headers(right)))["success"]
        assert (await caller.send("GET", path, query=sent, headers=caller.headers(sent)))["code"] == 602


async def test_names_that_begin_alike_are_signed_in_the_order_of_names() -> None:
    async with on_mexc() as (_, caller):
        path, query = f"{PRIVATE}order/list/order_deals", "page=1&page-size=2"
        assert (await caller.send("GET", path, query=query, headers=caller.headers(query)))["success"]


async def test_what_was_signed_is_what_counts() -> None:
    async with on_mexc() as (street, caller):
        path, query, body = f"{PRIVATE}order/list/order_deals", "page_size=5", '{"vol": 1}'
        for changed in ("page_size=6", "page_size=5&page_num=1", ""):
            told = await caller.send("GET", path, query=changed, headers=caller.headers(query))
            assert told["code"] == 602, changed
        for changed in ('{"vol": 2}', '{"vol":1}', ""):
            told = await caller.send("POST", PRIVATE + CREATE, body=changed, headers=caller.headers(body))
            assert told["code"] == 602, changed
        assert street.office.orders("main") == ()


async def test_a_post_is_signed_by_its_body_and_means_nothing_by_its_query() -> None:
    async with on_mexc() as (street, caller):
        body = '{"symbol":"BTC_USDT","price":70000,"vol":1,"side":3,"type":1,"openType":2}'
        told = await caller.send(
            "POST", PRIVATE + CREATE, query="vol=5000&side=1", body=body, headers=caller.headers(body)
        )
        assert told["success"]
        [placed] = street.office.open_orders("main")
        assert (placed.ask.contracts, placed.ask.side) == (Decimal(1), Side.SELL)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ApiKey", "", 402),
        ("ApiKey", "\u00e4", 402),
        ("Signature", "", 602),
        ("Signature", "\u00e4" * 64, 602),
        ("Signature", "0" * 5000, 602),
        ("Request-Time", "", 603),
        ("Request-Time", "noon", 603),
        ("Request-Time", "\u00b2", 603),
        ("Request-Time", "-1", 603),
        ("Request-Time", "1e12", 603),
        ("Request-Time", "9" * 5000, 603),
    ],
)
async def test_each_header_that_lacks_or_is_strange_has_a_code(name: str, value: str, code: int) -> None:
    async with on_mexc() as (_, caller):
        headers = caller.headers("", **{name: value})
        assert (await caller.send("GET", PRIVATE + ASSETS, headers=headers))["code"] == code


async def test_a_signature_in_capitals_is_another() -> None:
    async with on_mexc() as (_, caller):
        right = caller.headers("")["Signature"]
        headers = caller.headers("", Signature=right.upper())
        assert (await caller.send("GET", PRIVATE + ASSETS, headers=headers))["code"] == 602


@pytest.mark.parametrize(
    ("off_ms", "code"), [(0, 0), (9_999, 0), (10_001, 603), (-9_999, 0), (-10_001, 603), (10**12, 603)]
)
async def test_a_request_about_contracts_may_be_ten_seconds_off(off_ms: int, code: int) -> None:
    async with on_mexc() as (street, caller):
        headers = caller.headers("", **{"Request-Time": str(street.now_ms - off_ms)})
        assert (await caller.send("GET", PRIVATE + ASSETS, headers=headers))["code"] == code


async def test_times_are_measured_by_the_venues_own_clock() -> None:
    async with on_mexc() as (street, caller):
        street.office.moods.clock_skew_ms = 60_000
        assert (await caller.get(ASSETS))["code"] == 603
        assert (await caller.spot("GET", "account"))["code"] == 700003
        at = str((await caller.spot("GET", "time"))["serverTime"])
        assert int(at) == (await caller.show("ping"))["data"] == street.now_ms + 60_000
        headers = caller.headers("", **{"Request-Time": at})
        assert (await caller.send("GET", PRIVATE + ASSETS, headers=headers))["success"]
        assert "balances" in await caller.spot("GET", "account", timestamp=at)


# --- spot -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off_ms", "window", "code"),
    [
        (5_000, None, 0),
        (5_001, None, 700003),
        (60_000, 60_000, 0),
        (2_000, 1_000, 700003),
        (-999, None, 0),
        (-1_000, None, 700003),
    ],
)
async def test_a_request_about_spot_may_be_as_old_as_it_says(
    off_ms: int, window: int | None, code: int
) -> None:
    async with on_mexc() as (street, caller):
        more = {} if window is None else {"recvWindow": window}
        told = await caller.spot("GET", "account", timestamp=street.now_ms - off_ms, **more)
        assert told.get("code", 0) == code


@pytest.mark.parametrize("stamp", ["", "noon", "%C2%B2", "9" * 5000, "-1"])
async def test_a_time_of_spot_that_is_none_is_outside_the_window(stamp: str) -> None:
    async with on_mexc() as (_, caller):
        query = f"timestamp={stamp}"
        signed = f"{query}&signature={hashed(TEST_KEY.secret, query)}"
        told = await caller.send(
            "GET", f"{SPOT}account", query=signed, headers={"X-MEXC-APIKEY": TEST_KEY.key}
        )
        assert told["code"] == 700003


@pytest.mark.parametrize("signature", ["", "&signature=", "&signature=%C3%A4", "&signature=" + "0" * 64])
async def test_spot_asks_for_a_signature_at_the_end_of_the_query(signature: str) -> None:
    async with on_mexc() as (street, caller):
        query = f"timestamp={street.now_ms}{signature}"
        told = await caller.send(
            "GET", f"{SPOT}account", query=query, headers={"X-MEXC-APIKEY": TEST_KEY.key}
        )
        assert told["code"] == 700002


async def test_a_form_behind_a_spot_query_is_signed_with_it() -> None:
    async with on_mexc() as (street, caller):
        query = f"fromAccountType=SPOT&toAccountType=FUTURES&asset=USDT&timestamp={street.now_ms}"
        body, headers = "amount=10", {"X-MEXC-APIKEY": TEST_KEY.key}
        path = f"{SPOT}capital/transfer"
        unsigned = f"{query}&signature={hashed(TEST_KEY.secret, query)}"
        assert (await caller.send("POST", path, query=unsigned, body=body, headers=headers))["code"] == 700002
        signed = f"{query}&signature={hashed(TEST_KEY.secret, query + body)}"
        await caller.send("POST", path, query=signed, body=body, headers=headers)
        assert [one.amount for one in street.office.transfers("main")] == [10]


async def test_what_everybody_may_see_needs_no_key() -> None:
    async with on_mexc() as (_, caller):
        assert (await caller.send("GET", "/api/v1/contract/ping"))["success"]
        assert await caller.send("GET", f"{SPOT}ping") == {}
        assert (await caller.send("GET", PRIVATE + ASSETS))["code"] == 402
        assert (await caller.send("GET", f"{SPOT}account"))["code"] == 10072
