"""How the manners read orders, and put them into words, venue by venue."""

from decimal import Decimal

import pytest

from bot.adapters.venues.manner import Listed, Manner
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.orders import ticket_of
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import OrderReport
from bot.core.values import Contracts, Price, Side
from tests.adapters.manners.canned import BTC, Canned, listed
from tests.testexchange.shapes import fixture

D = Decimal


Read = tuple[str, OrderState, str, Side, str, str | None, TimeInForce, bool]
"""Name, state, filled, side, size, limit price, time in force, reduce-only."""
ORDERS: list[tuple[str, str, str, Listed, Read]] = [
    (
        "binance-usdm",
        "fapiPrivateGetOrder",
        "order_query_new",
        BTC,
        (
            "x-xcKtGhcufb20c5a7761a4aa09aa156",
            OrderState.OPEN,
            "0.000",
            Side.BUY,
            "0.010",
            "33000.00",
            TimeInForce.GTC,
            False,
        ),
    ),
    (
        "binance-coinm",
        "dapiPrivateGetOrder",
        "order_filled_market",
        listed("ETHUSD_PERP", "ETH", inverse=True, unit="10"),
        (
            "x-xcKtGhcu3e2d1503fdd543b3b02419",
            OrderState.FILLED,
            "1",
            Side.SELL,
            "1",
            None,
            TimeInForce.GTC,
            False,
        ),
    ),
    (
        "bybit",
        "privateGetV5OrderRealtime",
        "order_realtime",
        BTC,
        ("", OrderState.FILLED, "0.001", Side.SELL, "0.001", None, TimeInForce.IOC, True),
    ),
    (
        "bybit",
        "privateGetV5OrderRealtime",
        "order_realtime_partially_filled_rejected",
        BTC,
        (
            "O-20251001-164609-APEX-000-49",
            OrderState.REJECTED,
            "0.005",
            Side.BUY,
            "0.010",
            "30000",
            TimeInForce.GTC,
            False,
        ),
    ),
    (
        "bingx",
        "swapV2PrivateGetTradeOrder",
        "order_query_linear",
        BTC,
        ("", OrderState.FILLED, "0.0000", Side.SELL, "1.0000", "0.0", TimeInForce.GTC, False),
    ),
    (
        "bingx",
        "cswapV1PrivateGetTradeOrderDetail",
        "order_query_inverse",
        listed("SOL-USD", "SOL", inverse=True, unit="10"),
        ("", OrderState.OPEN, "0", Side.BUY, "1", "150", TimeInForce.GTC, False),
    ),
    (
        "mexc",
        "contractPrivateGetOrderExternalSymbolExternalOid",
        "order_get",
        BTC,
        (
            "_m_0e9520c256744d64b942985189026d20",
            OrderState.OPEN,
            "0",
            Side.BUY,
            "15",
            "2.2",
            TimeInForce.GTC,
            False,
        ),
    ),
]


def read(report: OrderReport) -> Read:
    """Shorten a report."""
    asked = report.request
    assert asked is not None
    limit = None if asked.limit_price is None else str(asked.limit_price)
    size = str(asked.contracts)
    return (
        report.client_order_id,
        report.state,
        str(report.filled),
        asked.side,
        size,
        limit,
        asked.time_in_force,
        asked.reduce_only,
    )


@pytest.mark.parametrize(
    ("venue", "endpoint", "name", "one", "wanted"), ORDERS, ids=[f"{row[0]} {row[2]}" for row in ORDERS]
)
async def test_orders_are_read_in_the_venues_own_words(
    venue: str, endpoint: str, name: str, one: Listed, wanted: Read
) -> None:
    api = Canned({endpoint: fixture(venue, f"{name}.json")})

    found = await manner_of(venue).order(api, one, "hr-1-1-h0")

    assert found is not None
    assert read(found) == wanted


async def test_weex_open_orders_are_read_in_the_venues_own_words() -> None:
    api = Canned({"contractPrivateGetCapiV3OpenOrders": fixture("weex", "openOrders.json")})

    (found,) = await manner_of("weex").open_orders(api, (listed("DOGEUSDT", "DOGE"),))

    name = "857e1482-3225-44ce-bc0a-947714c5cabc"
    assert read(found) == (name, OrderState.OPEN, "0", Side.BUY, "1400", "0.05000", TimeInForce.GTC, False)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NEW", OrderState.OPEN),
        ("PENDING", OrderState.OPEN),
        ("PARTIALLY_FILLED", OrderState.OPEN),
        ("PARTIAL_FILL", OrderState.OPEN),
        ("CANCELING", OrderState.OPEN),
        ("FILLED", OrderState.FILLED),
        ("CANCELED", OrderState.CANCELLED),
        ("CANCELLED", OrderState.CANCELLED),
        ("EXPIRED", OrderState.CANCELLED),
        ("REJECTED", OrderState.REJECTED),
        ("UNTRIGGERED", OrderState.UNKNOWN),
        ("SOMETHING_NEW", OrderState.UNKNOWN),
    ],
)
async def test_weex_statuses_are_read_by_their_words_and_never_guessed(word: str, state: OrderState) -> None:
    answer = fixture("weex", "openOrders.json")[0] | {"status": word}
    api = Canned({"contractPrivateGetCapiV3Order": answer})

    found = await manner_of("weex").order(api, listed("DOGEUSDT", "DOGE"), "hr-1-1-h0")

    assert found is not None
    assert found.state is state


@pytest.mark.parametrize(
    ("side", "bought", "reduces"), [(1, True, False), (2, True, True), (3, False, False), (4, False, True)]
)
async def test_mexcs_side_says_which_way_and_whether_it_reduces(
    side: int,
    bought: bool,  # noqa: FBT001 - a column
    reduces: bool,  # noqa: FBT001 - a column
) -> None:
    answer = fixture("mexc", "order_get.json")
    answer["data"]["side"] = side
    api = Canned({"contractPrivateGetOrderExternalSymbolExternalOid": answer})

    found = await manner_of("mexc").order(api, BTC, "hr-1-1-h0")

    assert found is not None
    assert found.request is not None
    assert (found.request.side is Side.BUY, found.request.reduce_only) == (bought, reduces)


@pytest.mark.parametrize(
    ("kind", "meant", "limited"),
    [
        (1, TimeInForce.GTC, True),
        (2, TimeInForce.POST_ONLY, True),
        (3, TimeInForce.IOC, True),
        (5, TimeInForce.GTC, False),
        (6, TimeInForce.GTC, False),
    ],
)
async def test_mexcs_type_says_how_long_an_order_may_stand(
    kind: int,
    meant: TimeInForce,
    limited: bool,  # noqa: FBT001 - a column
) -> None:
    answer = fixture("mexc", "order_get.json")
    answer["data"]["orderType"] = kind
    api = Canned({"contractPrivateGetOrderExternalSymbolExternalOid": answer})

    found = await manner_of("mexc").order(api, BTC, "hr-1-1-h0")

    assert found is not None
    assert found.request is not None
    assert (found.request.time_in_force, found.request.limit_price is not None) == (meant, limited)


async def test_bybit_looks_among_the_done_where_none_is_at_work() -> None:
    empty = {"retCode": 0, "result": {"list": []}}
    done = fixture("bybit", "order_realtime.json")
    api = Canned({"privateGetV5OrderRealtime": empty, "privateGetV5OrderHistory": done})
    nowhere = Canned({"privateGetV5OrderRealtime": empty, "privateGetV5OrderHistory": empty})

    found = await manner_of("bybit").order(api, BTC, "hr-1-1-h0")

    assert found is not None
    assert found.state is OrderState.FILLED
    assert await manner_of("bybit").order(nowhere, BTC, "hr-1-1-h0") is None


def request(tif: TimeInForce, *, side: Side = Side.SELL, reduce_only: bool = False) -> OrderRequest:
    """Make an order of a tenth."""
    return OrderRequest(
        client_order_id="hr-0000000000-1-h0",
        symbol="BTC/USDT:USDT",
        side=side,
        contracts=Contracts(D("0.100")),
        limit_price=Price(D("60000.1")),
        time_in_force=tif,
        reduce_only=reduce_only,
    )


TICKETS: dict[str, tuple[object, object, object]] = {
    # venue          post-only        immediate or cancel   the key of our name
    "binance-usdm": ("GTX", "IOC", "newClientOrderId"),
    "binance-coinm": ("GTX", "IOC", "newClientOrderId"),
    "bybit": ("PostOnly", "IOC", "orderLinkId"),
    "bingx": (True, "IOC", "clientOrderId"),
    "mexc": (2, 3, "externalOid"),
    "weex": ("POST_ONLY", "IOC", "clientOrderId"),
}


@pytest.mark.parametrize("venue", MANNERS)
def test_a_ticket_says_post_only_and_the_rest_in_the_librarys_words(venue: str) -> None:
    manner: Manner = manner_of(venue)
    post_only, at_once, key = TICKETS[venue]

    rests = manner.ticket(request(TimeInForce.POST_ONLY), BTC)
    takes = manner.ticket(request(TimeInForce.IOC, side=Side.BUY, reduce_only=True), BTC)

    word = {"bingx": rests.params.get("postOnly"), "mexc": rests.kind}.get(
        venue, rests.params.get("timeInForce")
    )
    assert word == post_only
    assert (takes.kind if venue == "mexc" else takes.params["timeInForce"]) == at_once
    assert rests.params[str(key)] == "hr-0000000000-1-h0"
    assert "reduceOnly" not in rests.params
    assert takes.params["reduceOnly"] is True
    assert (rests.amount, rests.price) == (D("0.100"), D("60000.1"))


@pytest.mark.parametrize(
    ("contracts", "price", "why"),
    [("0.1005", "60000.1", "no whole step"), ("0.1", "60000.15", "no whole tick")],
)
def test_what_the_library_would_round_makes_no_ticket(contracts: str, price: str, why: str) -> None:
    asked = OrderRequest(
        client_order_id="x",
        symbol="BTC/USDT:USDT",
        side=Side.SELL,
        contracts=Contracts(D(contracts)),
        limit_price=Price(D(price)),
        time_in_force=TimeInForce.GTC,
        reduce_only=False,
    )

    with pytest.raises(ValueError, match=why):
        ticket_of(asked, "name", {TimeInForce.GTC: "GTC"}, {}, BTC)
