"""The market's past at a test exchange: calm, whatever the hour it opens, and what happens since is not."""

from decimal import Decimal

import pytest

from bot.core.formulas import day_volatility
from bot.wiring_street import open_dialect

DAY_MS = 86_400_000
MONDAY_MS = 1_767_571_200_000


@pytest.mark.parametrize("hours", range(0, 24 * 5, 7))
def test_the_past_is_calm_at_whatever_hour_it_opens(hours: int) -> None:
    now_ms = MONDAY_MS + hours * 3_600_000
    _, town = open_dialect("binance-usdm", from_ms=now_ms)

    days = town.candles("BTC/USDT:USDT", DAY_MS, now_ms - 31 * DAY_MS, now_ms - DAY_MS)

    assert Decimal("0.005") < day_volatility([one.close for one in days]) < Decimal("0.06")
    last, _ = town.candles("BTC/USDT:USDT", 60_000, now_ms - 60_000, now_ms)
    assert last.close == town.exchange.touches["BTC/USDT:USDT"].quote.index


def test_what_has_happened_since_is_told_as_it_was() -> None:
    _, town = open_dialect("binance-usdm", from_ms=MONDAY_MS, scenario="crash")
    town.advance(MONDAY_MS + DAY_MS)

    told = town.candles("BTC/USDT:USDT", 3_600_000, MONDAY_MS, MONDAY_MS + DAY_MS - 3_600_000)

    assert min(one.low for one in told) < told[0].open * Decimal("0.8")
