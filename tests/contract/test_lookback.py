"""What policies look back on, over every dialect: closed bars and settled funding are those of the market, and no later."""

import pytest

from bot.core.lookback import Need
from tests.contract.doors import ALSO, DOORS, SIM, open_door

HOUR_MS = 3_600_000
VENUES = tuple(name for name in DOORS if name != SIM)
EVERY = (*VENUES, *(f"{name} inverse" for name in VENUES if name in ALSO))


@pytest.mark.parametrize("hours", [1, 8, 24])
@pytest.mark.parametrize("name", EVERY)
async def test_closed_bars_are_the_markets_and_end_before_now(name: str, hours: int) -> None:
    venue, _, kind = name.partition(" ")
    async with open_door(venue, symbol=ALSO[venue] if kind else "") as door:
        await door.venue.contracts((door.symbol,))
        door.street.pass_time(1800)
        need = Need(symbol=door.symbol, bar_ms=hours * HOUR_MS, count=20)

        (found,) = await door.venue.bars((need,))
        again = await door.venue.bars((need,))

        now_ms = door.clock.now_ms()
        assert found.last_ms == now_ms // need.bar_ms * need.bar_ms
        assert len(found.closes) == len(found.highs) == len(found.lows) == 20
        shown = door.street.office.world.candles(
            door.symbol, need.bar_ms, found.last_ms - 20 * need.bar_ms, found.last_ms
        )[:20]
        assert list(found.closes) == [one.close for one in shown]
        assert again == (found,)


@pytest.mark.parametrize("name", EVERY)
async def test_settled_funding_is_the_markets(name: str) -> None:
    venue, _, kind = name.partition(" ")
    async with open_door(venue, symbol=ALSO[venue] if kind else "") as door:
        await door.venue.contracts((door.symbol,))

        (found,) = await door.venue.settled((door.symbol,), 10)

        now_ms = door.clock.now_ms()
        paid = door.street.office.world.funding_paid(door.symbol, now_ms - 30 * 24 * HOUR_MS, now_ms)[-10:]
        assert list(found.rates) == [rate for _, rate in paid]
        assert found.last_ms == paid[-1][0]
        assert found.interval_ms == 8 * HOUR_MS


async def test_a_market_that_is_not_listed_has_no_bars() -> None:
    async with open_door("binance-usdm") as door:
        await door.venue.contracts((door.symbol,))

        for symbol in ("NOPE/USDT", "NOPE/USDT:USDT"):
            assert await door.venue.bars((Need(symbol=symbol, bar_ms=HOUR_MS, count=5),)) == ()
