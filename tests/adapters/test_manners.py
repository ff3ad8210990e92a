"""How the manners read real payloads: signs, units and figures, venue by venue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.manner import Client, Listed, Manner
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.orders import own_hand, ticket_of
from bot.core.instruments import MarginRule, Payoff, Perpetual
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID, OrderReport
from bot.core.snapshot import Position
from bot.core.values import ZERO, Contracts, Notional, Price, Ratio, Side
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID
from tests.testexchange.shapes import fixture

D = Decimal
LONG_AGO, LATER = 0, 2_000_000_000_000


class Canned:
    """A venue that answers each endpoint with what it was given, numbers as strings, and writes down what it was asked."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.names: dict[str, str] = {}
        self.held: dict[str, Position] = {}
        self.asked: list[tuple[str, dict[str, object], Client]] = []
        self._answers = answers

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Answer."""
        self.asked.append((endpoint, dict(params or {}), client))
        return quoted(self._answers[endpoint])

    def symbol_of(self, market: str) -> str:
        """Give a symbol that shows whose it is."""
        return f"our {market}"


def quoted(value: Any) -> Any:
    """Turn numbers into strings, as the library's parser of JSON does."""
    if isinstance(value, dict):
        return {key: quoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [quoted(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def listed(market: str, base: str, *, inverse: bool = False, unit: str = "1") -> Listed:
    """Describe a contract in as many words as reading needs."""
    settle = base if inverse else "USDT"
    contract = Perpetual(
        symbol=f"{base}/{'USD' if inverse else 'USDT'}:{settle}",
        base=base,
        quote="USD" if inverse else "USDT",
        settle=settle,
        payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        contract_size=D(unit),
        contracts_step=Contracts(D("0.001")),
        contracts_min=Contracts(D("0.001")),
        notional_min=Notional(D(5)),
        price_tick=Price(D("0.1")),
        fee_maker=Ratio(D("0.0002")),
        fee_taker=Ratio(D("0.0005")),
        funding_interval_hours=8,
        margin_rule=MarginRule.MARK,
        tiers=(),
    )
    return Listed(contract=contract, market=market)


BTC = listed("BTCUSDT", "BTC")
Held = tuple[str, str, str, str | None, str | None, int | None]
"""Symbol, signed contracts, entry, liquidation price, isolated margin, rank in the line to be deleveraged."""
NONE_HELD: Mapping[str, object] = {"code": 0, "data": []}
HELD: list[tuple[str, str, dict[str, str], tuple[Held, ...]]] = [
    # venue, fixture, endpoint by fixture, what is read
    (
        "binance-usdm",
        "a long of 5",
        {"fapiPrivateV3GetPositionRisk": "positionRisk_v3"},
        (("our WLDUSDT", "5", "2.3483", None, None, 3),),
    ),
    (
        "binance-usdm",
        "both sides, isolated",
        {"fapiPrivateV3GetPositionRisk": "positionRisk_v2_hedge"},
        (
            ("our BTCUSDT", "20", "6563.665", "5930.78", "13200.70726908", None),
            ("our BTCUSDT", "-10", "0", "7189.95", "6570.42511771", None),
        ),
    ),
    (
        "binance-coinm",
        "two contracts of 100 USD",
        {"dapiPrivateGetPositionRisk": "positionRisk"},
        (("our BTCUSD_PERP", "2", "37643.10000021", "25119.9744576", "0.00268058", None),),
    ),
    (
        "bybit",
        "a long, a short and an empty row; the list of the inverse product is the same file",
        {"privateGetV5PositionList": "position_list_long_short_empty"},
        (
            ("our BTCUSDT", "0.5", "50000", "45000", None, 2),
            ("our ETHUSDT", "-5", "3000", "3500", None, 3),
        )
        * 2,
    ),
    (
        "bingx",
        "a long side",
        {"swapV2PrivateGetUserPositions": "positions_linear"},
        (("our LTC-USDT", "0.1", "83.53", None, None, None),),
    ),
    (
        "mexc",
        "one contract long, isolated",
        {"contractPrivateGetPositionOpenPositions": "open_positions"},
        (("our ETH_USDT", "1", "1217.3", "1211.2", "0.1290338", None),),
    ),
    (
        "weex",
        "300 coins long; the entry is the value by the size",
        {"contractPrivateGetCapiV3AccountPositionAllPosition": "[position_element]"},
        (("our DOGEUSDT", "300", "0.09323", None, None, None),),
    ),
]


def answers_of(venue: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Read fixtures; a name in brackets is one element of a list."""
    found = {}
    for endpoint, name in files.items():
        answer = fixture(venue, f"{name.strip('[]')}.json")
        found[endpoint] = [answer] if name.startswith("[") else answer
    return found


def held(position: Position) -> Held:
    """Shorten a position."""

    def plain(value: Decimal | None) -> str | None:
        return None if value is None else f"{value.normalize():f}"

    return (
        position.symbol,
        f"{position.contracts.normalize():f}",
        f"{position.entry_price.normalize():f}",
        plain(position.liquidation_price),
        plain(position.isolated_margin),
        position.adl_rank,
    )


@pytest.mark.parametrize(
    ("venue", "what", "files", "read"), HELD, ids=[f"{row[0]}: {row[1]}" for row in HELD]
)
async def test_positions_are_read_with_their_signs(
    venue: str, what: str, files: dict[str, str], read: tuple[Held, ...]
) -> None:
    del what
    api = Canned(answers_of(venue, files))

    found = await manner_of(venue).positions(api, (BTC,))

    assert tuple(held(one) for one in found) == read


@pytest.mark.parametrize(
    ("side", "amount", "signed"),
    [
        ("BOTH", "-0.5", "-0.5"),
        ("BOTH", "0.5", "0.5"),
        ("SHORT", "0.5", "-0.5"),
        ("SHORT", "-0.5", "-0.5"),
        ("LONG", "0.5", "0.5"),
    ],
)
@pytest.mark.parametrize("inverse", [False, True])
async def test_bingx_signs_one_way_positions_and_not_sides(
    side: str,
    amount: str,
    signed: str,
    inverse: bool,  # noqa: FBT001 - a column
) -> None:
    row = fixture("bingx", "positions_inverse.json" if inverse else "positions_linear.json")["data"][0]
    row |= {"positionSide": side, "positionAmt": amount}
    endpoint = "cswapV1PrivateGetUserPositions" if inverse else "swapV2PrivateGetUserPositions"
    api = Canned({endpoint: {"code": 0, "data": [row]}})

    (found,) = await manner_of("bingx").positions(api, (listed("SOL-USD", "SOL", inverse=inverse),))

    assert found.contracts == D(signed)


@pytest.mark.parametrize(("kind", "signed"), [(1, "3"), (2, "-3")])
async def test_mexcs_position_type_is_its_sign(kind: int, signed: str) -> None:
    answer = fixture("mexc", "open_positions.json")
    answer["data"][0] |= {"positionType": kind, "holdVol": 3}
    api = Canned({"contractPrivateGetPositionOpenPositions": answer})

    (found,) = await manner_of("mexc").positions(api, (BTC,))

    assert found.contracts == D(signed)


async def test_weex_shorts_are_negative() -> None:
    answer = fixture("weex", "position_element.json") | {"side": "SHORT"}
    api = Canned({"contractPrivateGetCapiV3AccountPositionAllPosition": [answer]})

    (found,) = await manner_of("weex").positions(api, (BTC,))

    assert found.contracts == -300


# --- orders ---------------------------------------------------------------------------------------------------

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


# --- fills and payments ---------------------------------------------------------------------------------------

FILLS: list[tuple[str, dict[str, Any], Listed, tuple[str, str, Side, str, str, str, str, bool, int]]] = [
    # venue, answers, contract, (number, name, side, contracts, price, fee paid, profit told, maker, time)
    (
        "binance-usdm",
        {"fapiPrivateGetUserTrades": "userTrades"},
        BTC,
        (
            "477128891",
            "ours",
            Side.SELL,
            "0.001",
            "38479.55",
            "-0.00076959",
            "-0.00009534",
            True,
            1_612_733_566_708,
        ),
    ),
    (
        "bybit",
        {"privateGetV5ExecutionList": "execution_list"},
        listed("ETHPERP", "ETH"),
        (
            "e0cbe81d-0f18-5866-9415-cf319b5dab3b",
            "",
            Side.BUY,
            "0.1",
            "1190.15",
            "0.071409",
            "None",
            False,
            1_672_282_722_429,
        ),
    ),
    (
        "bingx",
        {
            "swapV2PrivateGetTradeAllFillOrders": "fills_linear",
            "swapV2PrivateGetTradeOrder": "order_query_linear",
        },
        listed("LTC-USDT", "LTC"),
        (
            "1676213270274379776-1688475361000-106.75-0.1-0",
            "",
            Side.SELL,
            "0.1",
            "106.75",
            "0.0053",
            "None",
            False,
            1_688_475_361_000,
        ),
    ),
    (
        "mexc",
        {
            "contractPrivateGetOrderListOrderDeals": "order_deals",
            "contractPrivateGetOrderGetOrderId": "order_get",
        },
        listed("STEPN_USDT", "STEPN"),
        (
            "299444585",
            "_m_0e9520c256744d64b942985189026d20",
            Side.BUY,
            "1",
            "2.45455",
            "0.00147273",
            "None",
            False,
            1_648_924_557_000,
        ),
    ),
    (
        "weex",
        {"contractPrivateGetCapiV3UserTrades": "userTrades"},
        listed("DOGEUSDT", "DOGE"),
        (
            "737074389731770728",
            "ours",
            Side.BUY,
            "100",
            "0.09175",
            "0.00183500",
            "0",
            True,
            1_775_732_228_692,
        ),
    ),
]
NAMES = {"13809777875": "ours", "737074043320009064": "ours"}


@pytest.mark.parametrize(("venue", "files", "one", "wanted"), FILLS, ids=[row[0] for row in FILLS])
async def test_fills_are_read_with_side_fee_and_time(
    venue: str, files: dict[str, str], one: Listed, wanted: tuple[object, ...]
) -> None:
    api = OnePage(answers_of(venue, files))
    api.names |= NAMES

    (fill,) = await manner_of(venue).fills(api, one, LONG_AGO, LATER)

    told = (
        fill.fill_id,
        fill.client_order_id,
        fill.side,
        str(fill.contracts),
        str(fill.price),
        str(fill.fee),
    )
    assert (*told, str(fill.realised_pnl), fill.maker, fill.at_ms) == wanted
    assert fill.symbol == one.contract.symbol


async def test_a_fee_in_another_coin_is_not_taken_for_one_in_the_settlement_coin() -> None:
    trades = fixture("binance-usdm", "userTrades.json")
    trades[0]["commissionAsset"] = "BNB"
    api = Canned({"fapiPrivateGetUserTrades": trades})
    api.names |= NAMES

    (fill,) = await manner_of("binance-usdm").fills(api, BTC, LONG_AGO, LATER)

    assert fill.fee == ZERO


PAYMENTS: list[tuple[str, dict[str, str], tuple[tuple[str, str, str | None, str, str], ...]]] = [
    # venue, answers, (number, kind, symbol, coin, amount received)
    (
        "binance-usdm",
        {"fapiPrivateGetIncome": "income_funding_fee"},
        (("4480321991774044580", "funding", "our ETHUSDT", "USDT", "0.00134317"),),
    ),
    (
        "binance-usdm",
        {"fapiPrivateGetIncome": "income_transfer"},
        (("131001573082", "transfer", None, "USDT", "10.00000000"),),
    ),
    (
        "bybit",
        {"privateGetV5AccountTransactionLog": "transaction_log"},
        (("534c0003-4bf7-486f-aa02-78cee36825e4", "funding", "our XRPUSDT", "USDT", "-0.003676"),),
    ),
    (
        "bingx",
        {"swapV2PrivateGetUserIncome": "income_funding_fee"},
        (("170***6*2_3*9_20***97", "funding", "our LDO-USDT", "USDT", "-0.0292"),),
    ),
    (
        "weex",
        {"contractPrivatePostCapiV3AccountIncome": "income_position_funding"},
        (("793622764958253481", "funding", "our VIRTUALUSDT", "USDT", "0.00000378"),),
    ),
]


class OnePage(Canned):
    """A venue whose lists have one page only, whatever they say of another."""

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Answer the first page, and then nothing."""
        if (params or {}).get("cursor"):
            return {"retCode": "0", "result": {"list": [], "nextPageCursor": ""}}
        return await super().ask(endpoint, params, client=client)


@pytest.mark.parametrize(
    ("venue", "files", "wanted"), PAYMENTS, ids=[f"{row[0]} {row[2][0][1]}" for row in PAYMENTS]
)
async def test_payments_are_read_with_plus_for_received(
    venue: str, files: dict[str, str], wanted: tuple[object, ...]
) -> None:
    api = OnePage(answers_of(venue, files))

    found = await manner_of(venue).payments(api, (BTC,), LONG_AGO, LATER)

    assert (
        tuple((one.payment_id, one.kind, one.symbol, one.asset, str(one.amount)) for one in found) == wanted
    )


async def test_mexcs_funding_is_read_and_dated_by_its_settlement() -> None:
    class Named(Canned):
        def symbol_of(self, market: str) -> str:
            return {"BTC_USDT": "BTC/USDT:USDT"}[market]

    none = {"success": True, "code": 0, "data": {"resultList": []}}
    api = Named(
        {
            "contractPrivateGetPositionFundingRecords": fixture("mexc", "funding_records.json"),
            "contractPrivateGetAccountTransferRecord": none,
        }
    )

    found = await manner_of("mexc").payments(api, (BTC,), LONG_AGO, LATER)

    assert [(one.payment_id, one.asset, str(one.amount), one.at_ms) for one in found] == [
        ("7416473", "USDT", "0.0014748588", 1_643_270_400_000),
        ("7423910", "USDT", "0.00076180624", 1_643_299_200_000),
    ]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("autoclose-1636061952660", LIQUIDATION_ID),
        ("adl_autoclose", DELEVERAGE_ID),
        ("settlement_autoclose-1", SETTLEMENT_ID),
        ("delivery_autoclose-1", SETTLEMENT_ID),
        ("hr-43e2344387-1-h0", "hr-43e2344387-1-h0"),
        ("", ""),
    ],
)
def test_names_of_orders_by_the_venues_own_hand_become_our_words(name: str, ours: str) -> None:
    assert own_hand(name) == ours


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("BustTrade", LIQUIDATION_ID),
        ("AdlTrade", DELEVERAGE_ID),
        ("Delivery", SETTLEMENT_ID),
        ("Settle", SETTLEMENT_ID),
    ],
)
async def test_bybits_executions_that_nobody_ordered_become_our_words(kind: str, ours: str) -> None:
    answer = fixture("bybit", "execution_list.json")
    answer["result"]["list"][0]["execType"] = kind
    api = OnePage({"privateGetV5ExecutionList": answer})

    (fill,) = await manner_of("bybit").fills(api, listed("ETHPERP", "ETH"), LONG_AGO, LATER)

    assert fill.client_order_id == ours


# --- wallets, tiers, prices -----------------------------------------------------------------------------------

NO_SPOT: dict[str, Any] = {"balances": [{"asset": "BTC", "free": "0.5", "locked": "0.25"}]}


async def test_binance_wallets_have_balance_equity_and_maintenance() -> None:
    api = Canned(
        {"fapiPrivateV3GetAccount": fixture("binance-usdm", "account_v3.json"), "privateGetAccount": NO_SPOT}
    )

    coin, dollar = await manner_of("binance-usdm").wallets(api, (BTC,))

    assert (coin.asset, coin.balance, coin.spare) == ("BTC", ZERO, D("0.75"))
    assert (dollar.asset, str(dollar.balance), str(dollar.equity)) == ("USDT", "72.72317863", "83.90238613")
    assert str(dollar.maintenance) == "11.95476475"


async def test_bybits_unified_wallet_tells_which_coins_back_others() -> None:
    api = Canned(
        {
            "privateGetV5AccountWalletBalance": fixture("bybit", "wallet_balance_unified.json"),
            "privateGetV5AssetTransferQueryAccountCoinsBalance": {
                "retCode": 0,
                "result": {"balance": [{"coin": "USDT", "walletBalance": "7"}]},
            },
            "privateGetV5AccountCollateralInfo": {
                "retCode": 0,
                "result": {
                    "list": [
                        {
                            "currency": "BTC",
                            "collateralRatio": "0.95",
                            "marginCollateral": True,
                            "collateralSwitch": True,
                        }
                    ]
                },
            },
        }
    )

    coin, dollar = await manner_of("bybit").wallets(api, (BTC,))

    assert (str(coin.balance), str(coin.collateral_share), coin.spare) == ("0.805994", "0.95", ZERO)
    assert (dollar.balance, dollar.spare, dollar.collateral_share) == (ZERO, D(7), ZERO)


@pytest.mark.parametrize(
    ("inverse", "asset", "balance", "equity"),
    [(False, "USDT", "194.8212", "196.7431"), (True, "SOL", "0.35707951", "0.35791051")],
)
async def test_bingx_wallets_are_those_of_the_product(
    inverse: bool,  # noqa: FBT001 - a column
    asset: str,
    balance: str,
    equity: str,
) -> None:
    api = Canned(
        {
            "swapV3PrivateGetUserBalance": fixture("bingx", "balance_linear_v3.json"),
            "cswapV1PrivateGetUserBalance": fixture("bingx", "balance_inverse.json"),
            "spotV1PrivateGetAccountBalance": {"code": 0, "data": NO_SPOT},
        }
    )

    found = await manner_of("bingx").wallets(api, (listed("SOL-USD", "SOL", inverse=inverse),))

    wallet = next(one for one in found if one.asset == asset)
    assert (str(wallet.balance), str(wallet.equity), wallet.maintenance) == (balance, equity, None)


async def test_mexcs_balance_is_its_equity_without_what_is_unrealised() -> None:
    answer = fixture("mexc", "account_assets.json")
    answer["data"][0] |= {"currency": "USDT", "equity": "110", "unrealized": "12.5"}
    api = Canned({"contractPrivateGetAccountAssets": answer, "spotPrivateGetAccount": NO_SPOT})

    _, dollar = await manner_of("mexc").wallets(api, (BTC,))

    assert (dollar.balance, dollar.equity) == (D("97.5"), D(110))


async def test_weex_equity_is_its_balance_with_what_is_unrealised() -> None:
    answer = fixture("weex", "account_balance.json")
    answer[0]["unrealizePnl"] = "-3"
    api = Canned({"contractPrivateGetCapiV3AccountBalance": answer, "privateGetApiV3Account": NO_SPOT})

    _, dollar = await manner_of("weex").wallets(api, (BTC,))

    assert (dollar.balance, dollar.equity) == (D(20), D(17))


Tiers = list[tuple[str, str, str, str]]
"""Value from, maintenance rate, amount off, highest leverage."""
TIERS: list[tuple[str, str, dict[str, str], Listed, Tiers]] = [
    (
        "binance-usdm",
        "in dollars",
        {"fapiPrivateGetLeverageBracket": "leverageBracket_2024-10"},
        BTC,
        [
            ("0", "0.004", "0.0", "125"),
            ("50000", "0.005", "50.0", "100"),
            ("600000", "0.0065", "950.0", "75"),
        ],
    ),
    (
        "binance-coinm",
        "in coins",
        {"dapiPrivateV2GetLeverageBracket": "leverageBracket_v2"},
        listed("XRPUSD_210326", "XRP", inverse=True, unit="10"),
        [("0", "0.0185", "0.0", "20")],
    ),
    (
        "bybit",
        "in per cent",
        {"publicGetV5MarketRiskLimit": "risk_limit_inverse"},
        listed("BTCUSD", "BTC", inverse=True),
        [("0", "0.005", "0", "100.00")],
    ),
    (
        "bingx",
        "leverage is half of what maintenance allows",
        {"swapV1PrivateGetMaintMarginRatio": "maint_margin_ratio"},
        listed("ETH-USDT", "ETH"),
        [("0", "0.003300", "0.000000", "151")],
    ),
]


@pytest.mark.parametrize(
    ("venue", "what", "files", "one", "wanted"), TIERS, ids=[f"{row[0]} {row[1]}" for row in TIERS]
)
async def test_margin_tiers_are_read_in_settlement_value(
    venue: str, what: str, files: dict[str, str], one: Listed, wanted: Tiers
) -> None:
    del what
    found = await manner_of(venue).tiers(Canned(answers_of(venue, files)), one)

    told = [
        (
            str(tier.value_min),
            str(tier.maintenance_rate),
            str(tier.maintenance_amount),
            str(tier.leverage_max),
        )
        for tier in found[: len(wanted)]
    ]
    assert [tuple(D(figure) for figure in row) for row in told] == [
        tuple(D(figure) for figure in row) for row in wanted
    ]


@pytest.mark.parametrize(
    ("rate", "leverage", "read"),
    [
        ("0.5", "100", "0.005"),
        ("0.005", "100", "0.005"),
        ("2.5", "25", "0.025"),
        ("0.025", "25", "0.025"),
        ("10", "5", "0.1"),
    ],
)
async def test_bybits_rates_are_read_as_shares_or_per_cent_whichever_is_possible(
    rate: str, leverage: str, read: str
) -> None:
    answer = fixture("bybit", "risk_limit_inverse.json")
    answer["result"]["list"][0] |= {"maintenanceMargin": rate, "maxLeverage": leverage}
    api = Canned({"publicGetV5MarketRiskLimit": answer})

    (tier,) = await manner_of("bybit").tiers(api, listed("BTCUSD", "BTC", inverse=True))

    assert tier.maintenance_rate == D(read)


async def test_mexcs_tiers_are_reckoned_from_steps_of_contracts_at_the_mark() -> None:
    ticker = fixture("mexc", "ticker.json")
    ticker["data"][0] |= {"symbol": "BTC_USDT", "fairPrice": 50_000}
    api = Canned(
        {
            "contractPublicGetDetail": fixture("mexc", "contract_detail_doc.json"),
            "contractPublicGetTicker": ticker,
        }
    )

    found = await manner_of("mexc").tiers(api, listed("BTC_USDT", "BTC", unit="0.0001"))

    assert [(tier.value_min, tier.maintenance_rate, tier.leverage_max) for tier in found] == [
        (D(0), D("0.004"), D(125)),
        (D(50_000), D("0.008"), 1 / D("0.012")),
        (D(1_050_000), D("0.012"), 1 / D("0.016")),
        (D(2_050_000), D("0.016"), D(50)),
        (D(3_050_000), D("0.020"), 1 / D("0.024")),
    ]


async def test_inverse_prices_and_sizes_are_those_on_the_wire() -> None:
    mark = fixture("binance-usdm", "premiumIndex.json") | {"symbol": "BTCUSD_PERP"}
    api = Canned(
        {
            "dapiPublicGetTickerBookTicker": fixture("binance-coinm", "bookTicker.json"),
            "dapiPublicGetPremiumIndex": [mark],
        }
    )

    (quote,) = await manner_of("binance-coinm").quotes(
        api, (listed("BTCUSD_PERP", "BTC", inverse=True, unit="100"),)
    )

    assert (str(quote.bid), str(quote.bid_contracts)) == ("21301.2", "188")
    assert (str(quote.ask), str(quote.ask_contracts)) == ("21301.3", "10302")
    assert quote.at_ms == 1_621_252_344_001


async def test_mexcs_best_prices_are_the_ends_of_the_book_that_face_each_other() -> None:
    api = Canned(
        {
            "contractPublicGetDepthSymbol": fixture("mexc", "depth.json"),
            "contractPublicGetTicker": fixture("mexc", "ticker.json"),
        }
    )

    (quote,) = await manner_of("mexc").quotes(api, (listed("ETH_USDT", "ETH", unit="0.01"),))

    assert (str(quote.bid), str(quote.ask)) == ("3445.55", "3445.72")
    assert (quote.bid_contracts, quote.ask_contracts) == (D(44_081), D(48_379))
    assert quote.at_ms == 1_634_117_846_232


async def test_funding_is_told_with_the_next_settlement() -> None:
    weex = Canned({"contractGetCapiV3MarketPremiumIndex": fixture("weex", "premiumIndex.json")})
    mexc = Canned({"contractPublicGetFundingRateSymbol": fixture("mexc", "funding_rate.json")})
    bybit = Canned({"publicGetV5MarketTickers": fixture("bybit", "tickers_inverse.json")})

    told = [
        await manner_of("weex").funding(weex, listed("ETHUSDT", "ETH")),
        await manner_of("mexc").funding(mexc, listed("BTC_USDT", "BTC")),
        await manner_of("bybit").funding(bybit, listed("BTCUSD", "BTC", inverse=True)),
    ]

    assert [None if one is None else (one.rate, one.next_at_ms) for one in told] == [
        (D("0.00005618"), 1_775_606_400_000),
        (D("0.000014"), 1_643_241_600_000),
        (D("-0.001034"), 1_672_387_200_000),
    ]


async def test_modes_are_read_in_each_venues_words() -> None:
    binance = Canned(
        {
            "fapiPrivateGetPositionSideDual": fixture("binance-usdm", "positionSide_dual.json"),
            "fapiPrivateGetSymbolConfig": fixture("binance-usdm", "symbolConfig.json"),
            "fapiPrivateGetMultiAssetsMargin": {"multiAssetsMargin": False},
        }
    )
    weex = Canned({"contractPrivateGetCapiV3AccountSymbolConfig": fixture("weex", "symbolConfig.json")})

    one = await manner_of("binance-usdm").modes(binance, BTC)
    two = await manner_of("weex").modes(weex, listed("DOGEUSDT", "DOGE"))

    assert (one.one_way, one.margin_mode, one.leverage, one.multi_asset) == (False, "cross", D(21), False)
    assert (two.one_way, two.margin_mode, two.leverage) == (True, "cross", D(20))


# --- what is no answer ----------------------------------------------------------------------------------------

WRONG: list[object] = [{}, None, "", [None], {"data": None}, {"result": None}, [1], {"success": True}]
LISTS = {
    "binance-usdm": ("fapiPrivateV3GetPositionRisk", "fapiPrivateGetOpenOrders"),
    "binance-coinm": ("dapiPrivateGetPositionRisk", "dapiPrivateGetOpenOrders"),
    "bybit": ("privateGetV5PositionList", "privateGetV5OrderRealtime"),
    "bingx": ("swapV2PrivateGetUserPositions", "swapV2PrivateGetTradeOpenOrders"),
    "mexc": ("contractPrivateGetPositionOpenPositions", "contractPrivateGetOrderListOpenOrdersSymbol"),
    "weex": ("contractPrivateGetCapiV3AccountPositionAllPosition", "contractPrivateGetCapiV3OpenOrders"),
}


@pytest.mark.parametrize("answer", WRONG, ids=repr)
@pytest.mark.parametrize("venue", MANNERS)
async def test_a_wrong_container_is_never_no_position_and_no_order(venue: str, answer: object) -> None:
    manner, (positions, orders) = manner_of(venue), LISTS[venue]
    api = Canned({positions: answer, orders: answer})
    null_is_none = venue == "bingx" and answer == {"data": None}

    with pytest.raises(ShapeError):
        await manner.open_orders(api, (BTC,))
    if null_is_none:
        assert await manner.positions(api, (BTC,)) == ()
        return
    with pytest.raises(ShapeError):
        await manner.positions(api, (BTC,))


# --- tickets --------------------------------------------------------------------------------------------------


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
