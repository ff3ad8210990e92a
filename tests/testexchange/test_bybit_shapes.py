"""Whether what Bybit's dialect answers has the shape of what Bybit answers."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import ccxt
import pytest

from tests.testexchange.bybit_street import BTC, COIN, on_bybit, rest, sell
from tests.testexchange.shapes import assert_same_shape, fixture, index
from tests.testexchange.street import Street

NOT_SERVED = {
    "order_amend.json": "orders are not amended: one is cancelled, another placed",
    "order_create_batch_one_rejected.json": "orders go one by one",
}
ERRORS = {"error_10001_symbol.json", "error_bodies.json", "error_codes.json"}
"""Compared in tests of their own."""
INSTRUMENTS = {"instruments_linear_doc.json", "instruments_rows_2025.json"}
STOPS = "the real order has stops; there are none here"


@asynccontextmanager
async def traded() -> AsyncIterator[tuple[Street, Any]]:
    """Give a client that holds two shorts, was paid funding, and has one order resting and one done."""
    async with on_bybit() as (street, client):
        await sell(client, orderLinkId="hb-short")
        await sell(client, "3000", COIN)
        await rest(client, orderLinkId="hb-rest")
        street.pass_time(8 * 3600 + 60)
        yield street, client


def rows(answer: Any) -> Any:
    """Give the list of an answer."""
    return answer["result"]["list"]


def row(answer: Any) -> Any:
    """Give the first of the list of an answer."""
    return answer["result"]["list"][0]


def whole(answer: Any) -> Any:
    """Give all of an answer."""
    return answer


def result(answer: Any) -> Any:
    """Give what is in the envelope."""
    return answer["result"]


Ask = Callable[[Any], Awaitable[object]]
Pick = Callable[[Any], Any]
SHOWN: dict[str, tuple[str, Ask, str, Pick, dict[str, str]]] = {
    "account_info.json": (
        "account",
        lambda client: client.fetch_margin_mode(BTC),
        "parse_margin_mode",
        result,
        {},
    ),
    "account_info_uta2.json": (
        "account",
        lambda client: client.fetch_margin_mode(BTC),
        "parse_margin_mode",
        result,
        {},
    ),
    "wallet_balance_unified.json": (
        "balance",
        lambda client: client.fetch_balance(),
        "parse_balance",
        whole,
        {
            ".result.list[].coin[].availableToWithdraw": "empty on accounts of today, so that the library reckons what is free",
            ".result.list[].coin[].availableToBorrow": "nothing is lent",
        },
    ),
    "position_list.json": (
        "positions",
        lambda client: client.fetch_positions([BTC]),
        "parse_position",
        row,
        {},
    ),
    "position_list_portfolio_margin.json": (
        "positions",
        lambda client: client.fetch_positions([BTC]),
        "parse_position",
        row,
        {},
    ),
    "position_list_long_short_empty.json": (
        "positions",
        lambda client: client.fetch_positions([BTC]),
        "parse_position",
        row,
        {
            ".takeProfit": STOPS,
            ".stopLoss": STOPS,
            ".bustPrice": "the venue tells none of cross positions today",
        },
    ),
    "order_create.json": (
        "place",
        lambda client: rest(client, orderLinkId="hb-2"),
        "parse_order",
        result,
        {".orderId": "a spot order's is a number; a contract's is a UUID"},
    ),
    "order_cancel.json": (
        "cancel",
        lambda client: client.cancel_order(None, BTC, {"orderLinkId": "hb-rest"}),
        "parse_order",
        result,
        {},
    ),
    "order_cancel_all.json": (
        "cancel_all",
        lambda client: client.cancel_all_orders(BTC),
        "parse_order",
        row,
        {},
    ),
    "order_realtime.json": (
        "order",
        lambda client: client.privateGetV5OrderRealtime(
            {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "hb-short"}
        ),
        "parse_order",
        row,
        {},
    ),
    "order_realtime_partially_filled_rejected.json": (
        "open_orders",
        lambda client: client.fetch_open_orders(BTC),
        "parse_order",
        row,
        {
            ".triggerPrice": STOPS,
            ".takeProfit": STOPS,
            ".stopLoss": STOPS,
            ".avgPrice": "nothing of ours has filled",
        },
    ),
    "execution_list.json": (
        "fills",
        lambda client: client.fetch_my_trades(BTC),
        "parse_trade",
        row,
        {},
    ),
    "execution_funding.json": (
        "fills",
        lambda client: client.fetch_funding_history(BTC),
        "parse_income",
        row,
        {},
    ),
    "transaction_log.json": ("income", lambda client: client.fetch_ledger(), "parse_ledger_entry", row, {}),
    "risk_limit_inverse.json": (
        "tiers",
        lambda client: client.fetch_market_leverage_tiers(COIN),
        "parse_market_leverage_tiers",
        rows,
        {},
    ),
    "tickers_linear.json": (
        "tickers",
        lambda client: client.fetch_ticker(BTC),
        "parse_ticker",
        row,
        {
            ".bidPrice": "of 2022: bid1Price today",
            ".askPrice": "of 2022: ask1Price today",
        },
    ),
    "tickers_inverse.json": ("tickers", lambda client: client.fetch_ticker(COIN), "parse_ticker", row, {}),
    "funding_history.json": (
        "funding_history",
        lambda client: client.fetch_funding_rate_history(BTC),
        "parse_funding_rate_history",
        row,
        {},
    ),
    "fee_rate.json": (
        "fees",
        lambda client: client.fetch_trading_fee(BTC),
        "parse_trading_fee",
        row,
        {},
    ),
    "orderbook.json": (
        "book",
        lambda client: client.fetch_order_book(BTC),
        "parse_order_book",
        result,
        {},
    ),
    "open_interest_inverse.json": (
        "open_interest",
        lambda client: client.fetch_open_interest(COIN),
        "parse_open_interest",
        row,
        {},
    ),
    "position_switch_mode.json": (
        "position_mode",
        lambda client: client.set_position_mode(hedged=True, symbol=BTC),
        "handle_errors",
        whole,
        {},
    ),
}
"""Operation, request, parser, what of the answer is compared, and what is left out with its reason."""
ELEMENTS = frozenset({"execution_funding.json"})
"""Payloads that are one row, not an answer."""
OF_OLD = {
    "tickers_linear.json": {"bidPrice", "askPrice"},
    "execution_funding.json": {"nextPageCursor"},
}
"""Keys that today's venue does not have, or that the library wrote into what it kept."""


def read_by(client: Any, parser: str) -> Callable[[Any], object]:
    """Give a parser as a function of the payload alone."""
    if parser == "parse_order_book":
        return lambda raw: client.parse_order_book(raw, BTC, None, "b", "a")
    if parser == "parse_funding_rate_history":
        return lambda raw: (raw["symbol"], raw["fundingRate"], raw["fundingRateTimestamp"])
    if parser == "handle_errors":
        return lambda raw: client.handle_errors(200, "", "", "POST", {}, "", raw, {}, "")
    parse: Callable[[Any], object] = getattr(client, parser)
    return parse


@pytest.mark.parametrize("name", SHOWN)
async def test_answers_have_the_real_shape(name: str) -> None:
    operation, ask, parser, pick, without = SHOWN[name]
    async with on_bybit() if name == "position_switch_mode.json" else traded() as (street, client):
        await ask(client)
        answer = json.loads(street.last(operation)[1].body)
        kept = fixture("bybit", name)
        ours, real = pick(answer), kept if name in ELEMENTS else pick(kept)
        assert_same_shape(read_by(client, parser), real, ours, without)
    if name not in ELEMENTS:
        assert set(kept["result"]) <= set(answer["result"]), "what is in the envelope"
        assert set(kept) <= set(answer), "the envelope"
    for one, other in zip(real, ours, strict=False) if isinstance(real, list) else [(real, ours)]:
        assert set(one) - OF_OLD.get(name, set()) <= set(other), set(one) - set(other)


async def test_a_position_has_the_real_types() -> None:
    async with traded() as (_, client):
        answer = await client.privateGetV5PositionList({"category": "linear", "symbol": "BTCUSDT"})
        for name in ("position_list.json", "position_list_portfolio_margin.json"):
            for key, value in row(fixture("bybit", name)).items():
                assert type(row(answer)[key]) is type(value), key


async def test_a_flat_row_has_the_real_shape() -> None:
    async with on_bybit() as (street, client):
        await client.fetch_position(BTC)
        *_, real = rows(fixture("bybit", "position_list_long_short_empty.json"))
        ours = row(json.loads(street.last("positions")[1].body))
        stops = {".takeProfit": STOPS, ".stopLoss": STOPS}
        assert_same_shape(client.parse_position, real, ours, stops)
        assert [ours[key] for key in ("side", "size", "avgPrice", "positionValue", "liqPrice")] == [
            real[key] for key in ("side", "size", "avgPrice", "positionValue", "liqPrice")
        ]


async def test_a_cancelled_ioc_order_has_the_shape_of_one_the_venue_ended() -> None:
    async with on_bybit() as (street, client):
        street.office.moods.partial_share = Decimal("0.5")
        await client.create_order(
            BTC, "limit", "sell", Decimal("0.5"), Decimal(50_000), {"timeInForce": "IOC", "orderLinkId": "hb"}
        )
        await client.privateGetV5OrderRealtime({"category": "linear", "orderLinkId": "hb"})
        real = row(fixture("bybit", "order_realtime_partially_filled_rejected.json"))
        ours = row(json.loads(street.last("order")[1].body))
        stops = dict.fromkeys((".triggerPrice", ".takeProfit", ".stopLoss"), STOPS)
        assert_same_shape(client.parse_order, real, ours, stops)


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
async def test_contracts_have_the_real_shape_and_units(name: str) -> None:
    real = fixture("bybit", name)
    async with on_bybit() as (_, client):
        for one in real if isinstance(real, list) else rows(real):
            kind = "inverse" if one["contractType"].startswith("Inverse") else "linear"
            told = rows(await client.publicGetV5MarketInstrumentsInfo({"category": kind}))
            ours = {other["symbol"]: other for other in told}.get(one["symbol"], told[0])
            assert set(one) <= set(ours)
            for part in ("leverageFilter", "priceFilter", "lotSizeFilter"):
                assert set(one[part]) <= set(ours[part]), part
            assert (one["deliveryTime"], one["contractType"]) == (ours["deliveryTime"], ours["contractType"])
            if name == "instruments_rows_2025.json" and ours["symbol"] == one["symbol"]:
                sizes, real_sizes = ours["lotSizeFilter"], one["lotSizeFilter"]
                for key in ("minOrderQty", "qtyStep"):
                    assert Decimal(sizes[key]) == Decimal(real_sizes[key]), one["symbol"]
                assert sizes["minNotionalValue"] == real_sizes["minNotionalValue"]
                assert int(ours["fundingInterval"]) == int(one["fundingInterval"])


async def test_a_refusal_of_a_symbol_has_the_recorded_code() -> None:
    real = fixture("bybit", "error_10001_symbol.json")
    async with on_bybit() as (street, client):
        with pytest.raises(ccxt.BadRequest):
            await client.publicGetV5MarketTickers({"category": "linear", "symbol": "NOPE"})
        ours = json.loads(street.last("tickers")[1].body)
    assert ours["retCode"] == real["retCode"]
    assert "symbol" in ours["retMsg"]
    assert set(real) <= set(ours)


async def test_refusals_are_word_for_word_those_that_were_captured() -> None:
    captured = {one["retCode"]: one for one in fixture("bybit", "error_bodies.json") if "retCode" in one}
    async with on_bybit() as (street, client):
        with pytest.raises(ccxt.InsufficientFunds):
            await sell(client, "500")
        ours = json.loads(street.last("place")[1].body)
    assert {**captured[110007], "time": ours["time"]} == ours


async def test_codes_of_the_table_are_the_librarys() -> None:
    async with on_bybit() as (_, client):
        exact = client.exceptions["exact"]
    for one in fixture("bybit", "error_codes.json"):
        assert exact[one["code"]].__name__ == one["ccxt_class"]


def test_every_real_payload_is_compared_or_has_a_reason_not_to_be() -> None:
    names = {one["file"] for one in index() if one["venue"] == "bybit"}
    sockets = {name for name in names if name.startswith("ws_")}
    compared = {*SHOWN, *ERRORS, *INSTRUMENTS}
    assert names - sockets == compared | set(NOT_SERVED), "of sockets there are none here"
    assert not compared & set(NOT_SERVED)
