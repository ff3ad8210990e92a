"""How the manners read positions: signs and figures, venue by venue."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.core.snapshot import Position
from tests.adapters.manners.canned import BTC, Canned, answers_of, listed
from tests.testexchange.shapes import fixture

D = Decimal


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
