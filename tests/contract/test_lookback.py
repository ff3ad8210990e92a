"""What policies look back on, over every dialect: closed bars and settled funding are those of the market, and no later."""

from decimal import Decimal

import pytest

from bot.core.lookback import Bars, Need
from bot.shell.ports import RateLimitedError, VenueError
from bot.testexchange.faults import Fault
from tests.contract.doors import ALSO, DOORS, SIM, Door, open_door

HOUR_MS = 3_600_000
VENUES = tuple(name for name in DOORS if name != SIM)
EVERY = (*VENUES, *(f"{name} inverse" for name in VENUES if name in ALSO))
TOLD = tuple(name for name in EVERY if name != "bingx inverse")
"""Contracts whose settled funding is told."""
COUNTED = {"candles", "funding_history"}


def inverse(name: str) -> str:
    venue, _, kind = name.partition(" ")
    return ALSO[venue] if kind else ""


def asked(door: Door) -> int:
    """Count the questions about the past that the venue has heard."""
    return sum(door.street.dialect.operation(request) in COUNTED for request, _ in door.street.heard)


def shown(door: Door, need: Need, last_ms: int) -> list[Decimal]:
    """List the closes of the market itself."""
    first_ms = last_ms - need.count * need.bar_ms
    candles = door.street.office.world.candles(need.symbol, need.bar_ms, first_ms, last_ms)
    return [one.close for one in candles[: need.count]]


async def only_bars(door: Door, need: Need) -> Bars:
    (found,) = await door.venue.bars((need,))
    return found


@pytest.mark.parametrize("hours", [1, 8, 24])
@pytest.mark.parametrize("name", EVERY)
async def test_closed_bars_are_the_markets_and_end_before_now(name: str, hours: int) -> None:
    async with open_door(name.partition(" ")[0], symbol=inverse(name)) as door:
        await door.venue.contracts((door.symbol,))
        door.street.pass_time(1800)
        need = Need(symbol=door.symbol, bar_ms=hours * HOUR_MS, count=20)

        found = await only_bars(door, need)

        assert found.last_ms == door.clock.now_ms() // need.bar_ms * need.bar_ms
        assert len(found.closes) == len(found.highs) == len(found.lows) == 20
        assert list(found.closes) == shown(door, need, found.last_ms)


@pytest.mark.parametrize("name", EVERY)
async def test_a_long_history_is_read_over_many_pages(name: str) -> None:
    async with open_door(name.partition(" ")[0], symbol=inverse(name)) as door:
        await door.venue.contracts((door.symbol,))
        need = Need(symbol=door.symbol, bar_ms=8 * HOUR_MS, count=271)

        found = await only_bars(door, need)

        assert len(found.closes) == 271
        assert (
            found.closes[0]
            == shown(door, Need(symbol=door.symbol, bar_ms=4 * HOUR_MS, count=542), found.last_ms)[1]
        )
        assert asked(door) == 6  # 542 candles of four hours, 99 at a time


@pytest.mark.parametrize("name", VENUES)
async def test_spot_bars_are_the_coins(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        need = Need(symbol="ETH/USDT", bar_ms=8 * HOUR_MS, count=20)

        found = await only_bars(door, need)

        assert len(found.closes) == 20
        halves = shown(door, Need(symbol="ETH/USDT", bar_ms=4 * HOUR_MS, count=40), found.last_ms)
        assert list(found.closes) == halves[1::2]
        assert 1000 < found.closes[-1] < 10_000


@pytest.mark.parametrize("name", VENUES)
async def test_a_market_that_is_not_listed_has_no_bars_and_no_funding(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))

        for symbol in ("NOPE/USDT", "NOPE/USDT:USDT"):
            assert await door.venue.bars((Need(symbol=symbol, bar_ms=HOUR_MS, count=5),)) == ()
        assert await door.venue.settled(("NOPE/USDT:USDT",), 10) == ()
        assert asked(door) == 0


@pytest.mark.parametrize("count", [10, 450])
@pytest.mark.parametrize("name", TOLD)
async def test_settled_funding_is_the_markets_to_the_last_page(name: str, count: int) -> None:
    async with open_door(name.partition(" ")[0], symbol=inverse(name)) as door:
        await door.venue.contracts((door.symbol,))

        (found,) = await door.venue.settled((door.symbol,), count)

        now_ms = door.clock.now_ms()
        paid = door.street.office.world.funding_paid(door.symbol, now_ms - 200 * 24 * HOUR_MS, now_ms)[
            -count:
        ]
        assert list(found.rates) == [rate for _, rate in paid]
        assert found.last_ms == paid[-1][0]
        assert found.interval_ms == 8 * HOUR_MS


async def test_bingx_tells_no_settled_funding_of_inverse_contracts() -> None:
    async with open_door("bingx", symbol=ALSO["bingx"]) as door:
        await door.venue.contracts((door.symbol,))

        assert await door.venue.settled((door.symbol,), 10) == ()


@pytest.mark.parametrize("name", TOLD)
async def test_the_past_is_asked_for_once_a_bar_and_a_settlement_however_often_it_is_looked_at(
    name: str,
) -> None:
    async with open_door(name.partition(" ")[0], symbol=inverse(name)) as door:
        await door.venue.contracts((door.symbol,))
        need = Need(symbol=door.symbol, bar_ms=HOUR_MS, count=24)
        counts = []

        for _ in range(17):  # polls, half an hour apart: eight hours
            await door.venue.bars((need,))
            await door.venue.settled((door.symbol,), 9)
            counts.append(asked(door))
            door.street.pass_time(1800)

        assert counts[0] == 2
        assert counts[-1] == 2 + 8 + 1  # eight bars closed, and one settlement


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.DROP_BEFORE, Fault.BRACES_AFTER, Fault.HTML_AFTER])
@pytest.mark.parametrize("name", TOLD)
async def test_a_spoiled_answer_is_an_error_and_no_empty_past(name: str, fault: Fault) -> None:
    async with open_door(name.partition(" ")[0], symbol=inverse(name)) as door:
        await door.venue.contracts((door.symbol,))
        need = Need(symbol=door.symbol, bar_ms=HOUR_MS, count=150)
        error = RateLimitedError if fault is Fault.RATE_LIMIT else VenueError

        for operation, ask in (
            ("candles", lambda: door.venue.bars((need,))),
            ("funding_history", lambda: door.venue.settled((door.symbol,), 10)),
        ):
            door.street.faults.queue(operation, *([None, fault] if operation == "candles" else [fault]))
            with pytest.raises(error):
                await ask()

        assert len((await only_bars(door, need)).closes) == 150


async def test_what_was_read_before_stands_in_while_the_venue_fails_and_says_how_old_it_is() -> None:
    async with open_door("binance-usdm") as door:
        await door.venue.contracts((door.symbol,))
        need = Need(symbol=door.symbol, bar_ms=HOUR_MS, count=24)
        first = await only_bars(door, need)
        door.street.pass_time(3600)
        door.street.faults.queue("candles", Fault.BRACES_AFTER)

        failed = await only_bars(door, need)
        at_once, heard = await only_bars(door, need), asked(door)
        door.street.pass_time(61)
        mended = await only_bars(door, need)

        assert failed == at_once == first
        assert mended.last_ms == first.last_ms + HOUR_MS
        assert asked(door) == heard + 1  # not at once, but a minute later


async def test_the_past_counts_against_the_venues_budget() -> None:
    async with open_door("binance-usdm") as door:
        await door.venue.contracts((door.symbol,))
        before = door.remote.api.budget.spent

        await door.venue.bars((Need(symbol=door.symbol, bar_ms=HOUR_MS, count=24),))

        assert door.remote.api.budget.spent > before
