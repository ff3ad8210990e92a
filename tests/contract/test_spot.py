"""Spot prices at every door: what a coin is worth beside its contract, for hedges in another coin's futures."""

import pytest

from bot.shell.ports import RateLimitedError, VenueError
from bot.testexchange.faults import Fault
from tests.contract.doors import DOORS, SIM, open_door

VENUES = tuple(name for name in DOORS if name != SIM)
NEAR = 0.001


@pytest.mark.parametrize("symbol", ["BTC/USDT", "ETH/USDT"])
@pytest.mark.parametrize("name", DOORS)
async def test_a_coins_spot_price_is_its_index(name: str, symbol: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))

        (quote,) = await door.venue.quotes((symbol,))

        index = door.street.office.exchange.indices[symbol.partition("/")[0]]
        assert quote.symbol == symbol
        assert quote.bid <= quote.mid <= quote.ask
        assert quote.mark == quote.index == quote.mid
        assert float(quote.mid) == pytest.approx(float(index), rel=NEAR)
        assert 0 <= door.clock.now_ms() - quote.at_ms <= 60_000


@pytest.mark.parametrize("name", DOORS)
async def test_spot_stands_beside_its_contract_in_one_answer(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))

        both = await door.venue.quotes((door.symbol, "ETH/USDT"))

        assert {quote.symbol for quote in both} == {door.symbol, "ETH/USDT"}


@pytest.mark.parametrize("name", DOORS)
async def test_a_spot_market_that_is_not_listed_is_left_out(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))

        found = await door.venue.quotes(("NOPE/USDT", "BTC/NOPE", door.symbol))

        assert [quote.symbol for quote in found] == [door.symbol]


@pytest.mark.parametrize("name", VENUES)
async def test_a_spot_price_moves_with_the_market_and_costs_of_the_venues_patience(name: str) -> None:
    async with open_door(name, scenario="crash") as door:
        await door.venue.contracts((door.symbol,))
        (before,) = await door.venue.quotes(("BTC/USDT",))
        spent = door.remote.api.budget.spent
        door.street.pass_time(8 * 3600)

        (after,) = await door.venue.quotes(("BTC/USDT",))

        assert after.mid < before.mid
        assert after.at_ms > before.at_ms
        assert door.remote.api.budget.spent > spent


@pytest.mark.parametrize("fault", [Fault.RATE_LIMIT, Fault.HTML_AFTER, Fault.DROP_BEFORE])
@pytest.mark.parametrize("name", VENUES)
async def test_a_spot_price_that_cannot_be_read_is_an_error(name: str, fault: Fault) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        await door.venue.quotes(("BTC/USDT",))
        request, _ = door.street.heard[-1]
        door.street.faults.queue(door.street.dialect.operation(request), fault)

        with pytest.raises(RateLimitedError if fault is Fault.RATE_LIMIT else VenueError):
            await door.venue.quotes(("BTC/USDT",))
