"""What the adapter asks when: what an order hangs on every time, what changes seldom seldom, and what has ended never."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.adapters.venues.manners import MANNERS
from bot.adapters.venues.table import VENUES, lacking
from bot.core.instruments import DatedFuture
from bot.core.orders import OrderState, TimeInForce
from bot.core.values import Money, Side
from bot.shell.ports import NotListedError, OutcomeUnknownError
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.keyring import TEST_KEY, Permission
from tests.contract.doors import Door, open_door

D = Decimal
HERE = tuple(name for name in MANNERS if name in DIALECTS)
DATED_HERE = tuple(name for name in HERE if any("dated" in kind for kind in VENUES[name].kinds))
PROVED = tuple(
    name for name in HERE if not lacking(name, "local", "contract size proved").startswith("the venue")
)
KEYS_TOLD = tuple(name for name in HERE if not lacking(name, "local", "key's rights told"))
HOUR = 3600


@pytest.fixture(params=HERE)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    async with open_door(request.param) as opened:
        await opened.venue.contracts((opened.symbol,))
        yield opened


class Since:
    """What was asked since a moment."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._from = len(door.street.heard)

    def operations(self) -> list[str]:
        """List what was asked, in order."""
        heard = self._door.street.heard[self._from :]
        return [self._door.street.dialect.operation(request) for request, _ in heard]


# --- what is asked when ---------------------------------------------------------------------------------------


async def test_open_orders_are_read_before_the_wallets_and_positions_last(door: Door) -> None:
    await door.venue.account()
    since = Since(door)

    await door.venue.account()

    assert since.operations()[0] == "open_orders"
    assert since.operations()[-1] == "positions"
    assert "balance" in since.operations()


async def test_how_the_account_is_set_is_read_every_ten_minutes(door: Door) -> None:
    await door.venue.account()
    since = Since(door)
    await door.venue.account()
    once = since.operations()
    door.street.pass_time(601)
    await door.venue.account()

    assert len(since.operations()) - len(once) > len(once)


async def test_contracts_are_described_anew_within_the_hour_only(door: Door) -> None:
    since = Since(door)
    await door.venue.contracts((door.symbol,))
    assert since.operations() == []

    door.street.pass_time(HOUR + 60)
    await door.venue.contracts((door.symbol,))

    assert "contracts" in since.operations()
    assert "time" in since.operations()


async def test_nothing_else_but_its_position_is_asked_at_the_second_source(door: Door) -> None:
    since = Since(door)

    await door.venue.positions((door.symbol,))

    assert len(since.operations()) == 1
    assert since.operations()[0] in {"positions", "balance", "position"}


async def test_an_order_that_takes_is_looked_up_at_once_and_one_that_rests_is_not(door: Door) -> None:
    since = Since(door)
    await door.venue.place(door.sell_now(door.size("0.05")))
    taking = since.operations()
    price = door.touch()[1] + 50 * door.listed().price_tick
    since = Since(door)
    await door.venue.place(door.order(Side.SELL, door.size("0.05"), price, TimeInForce.POST_ONLY))

    after = taking[taking.index("place") + 1 :]
    assert after != []
    assert set(after) <= {"order", "orders"}
    assert since.operations() == ["place"]


async def test_a_cancel_of_what_nobody_knows_is_unknown_and_not_cancelled(door: Door) -> None:
    with pytest.raises(OutcomeUnknownError, match="no record of order"):
        await door.venue.cancel(door.symbol, "hr-0000000000-5-h0")


async def test_a_cancel_of_what_has_filled_tells_that_it_has(door: Door) -> None:
    request = door.sell_now(door.size("0.05"))
    await door.venue.place(request)

    report = await door.venue.cancel(door.symbol, request.client_order_id)

    assert (report.state, report.filled) == (OrderState.FILLED, request.contracts)


# --- what is not listed, or has ended -------------------------------------------------------------------------


async def test_every_contract_on_a_coin_is_listed_perpetuals_first(door: Door) -> None:
    found = await door.remote.contracts_on("BTC")

    assert door.symbol in {one.symbol for one in found}
    assert {one.base for one in found} == {"BTC"}
    kinds = [isinstance(one, DatedFuture) for one in found]
    assert kinds == sorted(kinds)


async def test_a_contract_nobody_lists_is_told_at_every_question(door: Door) -> None:
    for asked in (
        door.venue.quotes(("DOGE/USDT:USDT",)),
        door.venue.funding(("DOGE/USDT:USDT",)),
        door.venue.positions(("DOGE/USDT:USDT",)),
        door.venue.order("DOGE/USDT:USDT", "hr-0000000000-1-h0"),
    ):
        with pytest.raises(NotListedError, match="see hedgerow list-instruments"):
            await asked


async def test_a_contract_that_stops_trading_is_told_as_halted(door: Door) -> None:
    if door.name == "weex":
        return  # its list of contracts does not say
    exchange = door.street.office.exchange
    exchange.contracts[door.symbol] = replace(door.listed(), status="halted")
    door.street.pass_time(HOUR + 60)

    try:
        (told,) = await door.venue.contracts((door.symbol,))
    except NotListedError:
        return  # some venues list it no more

    assert told.status != "trading"


@pytest.mark.parametrize("name", DATED_HERE)
async def test_nothing_is_asked_about_a_contract_that_has_expired_but_its_fills(name: str) -> None:
    async with open_door(name) as door:
        near = door.dated()[0]
        await door.venue.contracts((near.symbol,))
        await door.venue.activity(0)
        door.street.pass_time((near.expiry_ms - door.clock.now_ms()) / 1000 + 3600)
        door.street.office.turn(door.clock.now_ms())  # weeks pass before anybody waits for an answer
        since = Since(door)

        assert await door.venue.quotes((near.symbol,)) == ()
        assert await door.venue.turnovers((near.symbol,)) == ()
        assert await door.venue.volatilities((near.symbol,)) == ()
        report = await door.venue.account()

        assert report.open_orders == ()
        assert "open_orders" not in since.operations()
        assert near.symbol not in {one.symbol for one in await door.venue.dated(door.symbol)}


# --- looking, and putting right -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROVED)
async def test_the_venues_own_value_of_a_position_proves_the_contract_size(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        one = await door.remote.listed(door.symbol)
        assert await door.remote.position_value(one) is None
        await door.venue.place(door.sell_now(door.size("0.5")))

        found = await door.remote.position_value(one)

        assert found is not None
        contracts, value = found
        mark = door.street.office.exchange.marks[door.symbol]
        assert contracts == -door.size("0.5")
        assert value == pytest.approx(one.contract.value(contracts, mark), rel=D("0.002"))


async def test_what_is_so_already_is_no_error_and_what_was_read_is_forgotten(door: Door) -> None:
    one = await door.remote.listed(door.symbol)
    await door.remote.modes(one)
    since = Since(door)

    await door.remote.change("leverage", door.remote.manner.set_leverage(door.remote.api, one, D(2)))
    modes = await door.remote.modes(one)

    assert modes.leverage == 2
    assert len(since.operations()) >= 2


@pytest.mark.parametrize("name", KEYS_TOLD)
async def test_what_a_key_may_do_is_read_off_the_venue(name: str) -> None:
    async with open_door(name) as door:
        mine = await door.remote.key()
        all_rights: frozenset[Permission] = frozenset({"read", "trade", "transfer", "withdraw"})
        door.street.dialect.keyring.add(replace(TEST_KEY, permissions=all_rights, ip_bound=False))
        wide = await door.remote.key()
        door.street.dialect.keyring.add(replace(TEST_KEY, permissions=frozenset({"read"})))
        narrow = await door.remote.key()

        assert mine is not None
        assert wide is not None
        assert narrow is not None
        assert (mine.may_trade, mine.may_withdraw, mine.bound_to_addresses) == (True, False, True)
        assert (wide.may_trade, wide.may_withdraw, wide.bound_to_addresses) == (True, True, False)
        assert (narrow.may_read, narrow.may_trade, narrow.may_withdraw) == (True, False, False)


async def test_a_day_of_prices_is_measured_over_the_last_month(door: Door) -> None:
    (found,) = await door.venue.volatilities((door.symbol,))

    assert D("0.001") < found.day < 1
    assert found.until_ms > door.clock.now_ms()
    assert found.until_ms % 86_400_000 == 0


async def test_how_busy_a_contract_is_is_told_where_the_venue_tells(door: Door) -> None:
    found = await door.venue.turnovers((door.symbol,))

    assert len(found) <= 1
    assert all(one.volume_24h > 0 for one in found)


async def test_no_peg_is_told(door: Door) -> None:
    assert await door.venue.pegs(("USDT", "USDC")) == ()


async def test_money_for_a_contract_that_is_not_in_use_has_nowhere_to_go(door: Door) -> None:
    with pytest.raises(NotListedError, match="settles in DOGE"):
        await door.venue.transfer("hr-1-1-t", "DOGE", Money(D(1)))
