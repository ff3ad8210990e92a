"""How the manners read fills and payments: sides, fees, times, plus for received, venue by venue."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.manner import Client, Listed
from bot.adapters.venues.manners import manner_of
from bot.adapters.venues.orders import own_hand
from bot.core.reports import SETTLEMENT_ID
from bot.core.values import ZERO, Side
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID
from tests.adapters.manners.canned import BTC, LATER, LONG_AGO, Canned, OnePage, answers_of, listed, quoted
from tests.testexchange.shapes import fixture

D = Decimal


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


class Bills(Canned):
    """WEEX's bills of an account, by time: newest first, a hundred at most."""

    def __init__(self, times: list[int]) -> None:
        super().__init__({})
        self._bills = [
            {
                "billId": str(number),
                "time": time,
                "asset": "USDT",
                "symbol": "",
                "income": "-1",
                "incomeType": "position_funding" if number % 2 else "order_fill_fee_income",
            }
            for number, time in enumerate(times)
        ]

    async def ask(
        self, endpoint: str, params: Mapping[str, object] | None = None, *, client: Client = "futures"
    ) -> object:
        """Give the newest of what is asked for."""
        asked = {key: int(str(value)) for key, value in (params or {}).items()}
        self.asked.append((endpoint, dict(asked), client))
        times = range(asked["startTime"], asked["endTime"] + 1)
        within = [one for one in self._bills if one["time"] in times]
        return quoted({"items": sorted(within, key=lambda one: -int(str(one["time"])))[: asked["limit"]]})


@pytest.mark.parametrize("count", [99, 100, 101, 350])
async def test_weexs_bills_are_read_however_many_pages_they_fill(count: int) -> None:
    times = [LONG_AGO + number // 3 for number in range(count)]

    found = await manner_of("weex").payments(Bills(times), (BTC,), LONG_AGO, LATER)

    assert [one.payment_id for one in found] == [str(number) for number in range(1, count, 2)]


async def test_more_of_weexs_bills_at_one_time_than_a_page_holds_are_no_answer() -> None:
    with pytest.raises(ShapeError, match="a whole page bears the time"):
        await manner_of("weex").payments(Bills([LONG_AGO] * 101), (BTC,), LONG_AGO, LATER)


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
