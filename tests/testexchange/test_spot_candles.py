"""Spot candles in every dialect, through plain clients: the coin's index as it was; what is asked wrongly is refused."""

from typing import Any

import ccxt
import pytest

from tests.testexchange.street import FROM_MS, open_street, plain_client

HOUR_MS = 3_600_000
SPOT = {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}
CLIENTS: dict[str, tuple[str, dict[str, Any]]] = {
    # dialect        client of the library, its options
    "binance-usdm": ("binance", SPOT),
    "binance-coinm": ("binance", SPOT),
    "bybit": ("bybit", {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}),
    "bingx": ("bingx", {}),
    "mexc": ("mexc", {}),
    "weex": ("weex", {}),
}
ENDPOINTS: dict[str, tuple[str, str, str, dict[str, object]]] = {
    # dialect        raw endpoint                    pair        an hour   what else has to be said
    "binance-usdm": ("publicGetKlines", "BTCUSDT", "1h", {}),
    "binance-coinm": ("publicGetKlines", "BTCUSDT", "1h", {}),
    "bybit": ("publicGetV5MarketKline", "BTCUSDT", "60", {"category": "spot"}),
    "bingx": ("spotV1PublicGetMarketKline", "BTC-USDT", "1h", {"timeZone": 0}),
    "mexc": ("spotPublicGetKlines", "BTCUSDT", "60m", {}),
    "weex": ("publicGetApiV3MarketKlines", "BTCUSDT", "1h", {}),
}


@pytest.mark.parametrize("name", CLIENTS)
async def test_spot_candles_are_the_coins_index_as_it_was(name: str) -> None:
    library_id, options = CLIENTS[name]
    async with open_street(name) as street, plain_client(street, library_id, **options) as client:
        rows = await client.fetch_ohlcv("BTC/USDT", "1h", FROM_MS - 5 * HOUR_MS, 5)

        shown = street.office.world.candles("BTC/USDT", HOUR_MS, FROM_MS - 5 * HOUR_MS, FROM_MS - HOUR_MS + 1)
        assert [row[0] for row in rows] == [FROM_MS - hours * HOUR_MS for hours in (5, 4, 3, 2, 1)]
        assert [row[1] for row in rows] == [one.open for one in shown]
        assert [row[4] for row in rows][:-1] == [one.open for one in shown][1:]
        assert all(row[3] <= row[4] <= row[2] for row in rows)


@pytest.mark.parametrize(
    "changed",
    [
        {"symbol": "NOPE"},
        {"symbol": ""},
        {"interval": "7m"},
        {"interval": ""},
        {"limit": "many"},
    ],
)
@pytest.mark.parametrize("name", CLIENTS)
async def test_spot_candles_asked_for_wrongly_are_refused(name: str, changed: dict[str, str]) -> None:
    library_id, options = CLIENTS[name]
    endpoint, pair, hour, more = ENDPOINTS[name]
    async with open_street(name) as street, plain_client(street, library_id, **options) as client:
        asked = {"symbol": pair, "interval": hour, "limit": 3, **more}
        assert len(str(await getattr(client, endpoint)(asked))) > 100

        with pytest.raises(ccxt.ExchangeError):
            await getattr(client, endpoint)({**asked, **changed})


async def test_bingx_tells_spot_days_of_zone_zero_only() -> None:
    """Without a zone the venue's days begin in the afternoon before: candles that would not be the others'."""
    async with open_street("bingx") as street, plain_client(street, "bingx") as client:
        with pytest.raises(ccxt.ExchangeError):
            await client.spotV1PublicGetMarketKline({"symbol": "BTC-USDT", "interval": "1d"})
