"""The only file that knows ccxt: how clients are opened, how clocks are measured, what is read off requests and failures."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.adapters import ccxt_venue
from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.clock import SimClock
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venues.manners import MANNERS, manner_of
from bot.adapters.venues.outcomes import RequestFailed
from bot.adapters.venues.table import VENUES, Mode
from bot.shell.ports import OutcomeUnknownError, SettingsError, UnreachableError
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Fault
from bot.testexchange.keyring import TEST_KEY
from tests.contract.doors import Door, StreetClock, open_door
from tests.testexchange.street import Street, open_street

D = Decimal
HERE = tuple(name for name in MANNERS if name in DIALECTS)
T = 1_700_000_000_000


def access(name: str, mode: Mode = "local", address: str | None = None) -> Access:
    return Access(
        venue=name,
        mode=mode,
        api_key=TEST_KEY.key,
        api_secret=TEST_KEY.secret,
        passphrase=TEST_KEY.passphrase,
        address=address,
    )


def api_of(
    name: str, street: Street, catalogue: Catalogue | None = None, clock: StreetClock | None = None
) -> CcxtApi:
    """Make a client that is not opened yet."""
    facts, turned = VENUES[name], clock or StreetClock(street)
    budget = Budget(facts.weight_max, facts.window_ms, turned)
    return CcxtApi(
        access(name, address=street.address), manner_of(name), turned, budget, catalogue or Catalogue()
    )


def asked(street: Street, operation: str) -> int:
    """Count requests."""
    return sum(street.dialect.operation(request) == operation for request, _ in street.heard)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with open_door("binance-usdm") as opened:
        await opened.venue.contracts((opened.symbol,))
        yield opened


# --- opening --------------------------------------------------------------------------------------------------


def test_the_library_is_the_one_that_everything_was_found_with() -> None:
    import ccxt

    assert ccxt.__version__ == ccxt_venue.PINNED


async def test_another_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_venue, "PINNED", "0.0.1")
    async with open_street("binance-usdm") as street:
        api = api_of("binance-usdm", street)

        with pytest.raises(SettingsError, match=r"written for 0\.0\.1: install the locked version"):
            await api.open()
        await api.close()


@pytest.mark.parametrize("name", [name for name in VENUES if VENUES[name].sandbox is None])
async def test_a_venue_without_play_money_says_what_to_do_instead(name: str) -> None:
    clock = SimClock(T)
    api = CcxtApi(access(name, "testnet"), manner_of(name), clock, Budget(D(100), 1000, clock), Catalogue())

    with pytest.raises(SettingsError, match="has no testnet"):
        await api.open()
    await api.close()


@pytest.mark.parametrize("name", HERE)
async def test_our_decimals_our_clock_and_our_line_are_the_clients(name: str) -> None:
    async with open_door(name) as door:
        api = door.remote.api
        for client in api._clients.values():  # noqa: SLF001 - how the library was set up
            assert client.number is Decimal
            assert client.milliseconds() == api.now_ms()
            assert client.maxRetriesOnFailure == 0
            assert client.session is api._session  # noqa: SLF001 - the same
            assert client.own_session is False or client.session is not None


@pytest.mark.parametrize("name", HERE)
async def test_every_request_is_counted_in_the_budget(name: str) -> None:
    async with open_door(name) as door:
        budget = door.remote.api.budget
        await door.venue.contracts((door.symbol,))
        before, spent = len(door.street.heard), budget.requests

        await door.venue.account()
        await door.venue.quotes((door.symbol,))

        assert budget.requests - spent == len(door.street.heard) - before > 0
        assert budget.spent > 0


async def test_markets_are_loaded_once_for_all_accounts_of_a_venue() -> None:
    async with open_street("binance-usdm") as street:
        catalogue = Catalogue()
        one, two = api_of("binance-usdm", street, catalogue), api_of("binance-usdm", street, catalogue)
        await one.open()
        loaded = asked(street, "contracts")
        await two.open()

        assert asked(street, "contracts") == loaded
        assert one.markets().keys() == two.markets().keys() != set()

        await two.load_markets(again=True)
        assert asked(street, "contracts") > loaded
        await one.close()
        await two.close()


async def test_a_test_exchange_of_another_dialect_is_told_as_such() -> None:
    async with open_street("bingx") as street:
        api = api_of("binance-usdm", street)
        venue = RemoteVenue(api, manner_of("binance-usdm"), StreetClock(street), {})

        with pytest.raises(OutcomeUnknownError, match="has to speak this dialect"):
            await venue.open()
        await venue.close()


async def test_nobody_at_the_address_is_told_as_unreachable() -> None:
    async with open_street("binance-usdm") as street:
        address = street.address
        clock = StreetClock(street)
    facts = VENUES["binance-usdm"]
    budget = Budget(facts.weight_max, facts.window_ms, clock)
    api = CcxtApi(
        access("binance-usdm", address=address), manner_of("binance-usdm"), clock, budget, Catalogue()
    )
    venue = RemoteVenue(api, manner_of("binance-usdm"), clock, {})

    with pytest.raises(UnreachableError, match="Nothing was sent"):
        await venue.open()
    await venue.close()


SIGNED = {
    "binance-usdm": "fapiPrivateV3GetPositionRisk",
    "binance-coinm": "dapiPrivateGetPositionRisk",
    "bingx": "swapV2PrivateGetUserPositions",
}
"""Questions whose signature is in their address."""


@pytest.mark.parametrize("name", SIGNED)
async def test_of_a_signed_address_the_signature_is_not_told(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.faults.queue("positions", Fault.DROP_BEFORE)
        with pytest.raises(RequestFailed) as raised:
            await door.remote.api.ask(SIGNED[name])

    told = raised.value.failure.message
    assert "https://" in told, "where it went is told"
    assert "?" not in told
    assert not re.search("sign", told, re.IGNORECASE)


def test_secrets_are_not_shown() -> None:
    shown = repr(access("bybit"))

    for secret in (TEST_KEY.key, TEST_KEY.secret, TEST_KEY.passphrase):
        assert secret not in shown


# --- clocks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_ms", [0, 1, -90_000, 90_000])
async def test_the_difference_of_the_clocks_is_measured(door: Door, skew_ms: int) -> None:
    door.street.office.moods.clock_skew_ms = skew_ms

    await door.remote.api.measure_clock()

    assert door.remote.api.skew_ms == skew_ms
    assert door.remote.api.now_ms() == door.clock.now_ms() + skew_ms


async def test_time_spent_in_our_own_line_is_no_difference_of_clocks(door: Door) -> None:
    api = door.remote.api
    await api.budget.spend(api.budget.weight_max / 2)
    before_ms = door.clock.now_ms()

    await api.measure_clock()

    assert door.clock.now_ms() - before_ms > 30_000
    assert api.skew_ms == 0


async def test_a_clock_that_drifts_is_measured_again_within_the_hour(door: Door) -> None:
    door.street.office.moods.clock_skew_ms = 3_000
    door.street.pass_time(3_700)

    await door.venue.contracts((door.symbol,))

    assert door.remote.api.skew_ms == 3_000


# --- what is read off requests and failures ---------------------------------------------------------------------


@pytest.mark.parametrize("name", HERE)
async def test_a_ban_closes_the_line_for_as_long_as_the_venue_says(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.dialect.meter.ban(door.clock.now_ms() + 90_000)

        with pytest.raises(Exception, match="Wait until the venue answers again"):
            await door.venue.account()
        counted, began_ms = len(door.street.heard), door.clock.now_ms()
        await door.venue.account()

        assert door.clock.now_ms() - began_ms >= 90_000
        assert len(door.street.heard) > counted


@pytest.mark.parametrize("name", HERE)
async def test_an_answer_that_breaks_the_librarys_parser_is_unknown_and_not_our_fault(name: str) -> None:
    async with open_door(name) as door:
        client = door.remote.api._clients["futures"]  # noqa: SLF001 - a parser that stumbles
        await door.venue.contracts((door.symbol,))

        def stumble(*_: Any, **__: Any) -> Any:
            raise TypeError("unsupported operand")

        client.parse_order = stumble
        client.safe_order = stumble
        request = door.sell_now(door.size("0.02"))

        with pytest.raises(OutcomeUnknownError, match="unsupported operand"):
            await door.venue.place(request)
        found = await door.venue.order(door.symbol, request.client_order_id)

        assert found is not None
        assert found.filled == request.contracts


async def test_a_fault_of_our_own_is_no_failure_of_the_venue(door: Door) -> None:
    api = door.remote.api

    with pytest.raises(AttributeError):
        await api.ask("fapiPrivateGetNothingOfTheKind")


async def test_a_symbol_nobody_lists_stays_the_venues_own(door: Door) -> None:
    assert door.remote.api.symbol_of("BTCUSDT") == "BTC/USDT:USDT"
    assert door.remote.api.symbol_of("NONEUSDT") == "NONEUSDT"


async def test_one_venue_may_say_no_while_another_question_is_under_way(door: Door) -> None:
    import asyncio

    door.street.faults.queue("order", Fault.HTML_AFTER)
    request = door.sell_now(door.size("0.02"))

    asked = [
        door.venue.order(door.symbol, "hr-0000000000-1-h0"),
        door.venue.account(),
        door.venue.place(request),
    ]
    found = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(one).__name__ for one in found] == ["OutcomeUnknownError", "AccountReport", "OrderReport"]


def test_an_access_can_be_stripped_of_its_key() -> None:
    bare = replace(access("bybit"), api_key="", api_secret="", passphrase="")

    assert bare.api_key == bare.api_secret == bare.passphrase == ""
