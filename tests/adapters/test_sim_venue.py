"""The model exchange as the house sees it through a venue's door."""

from dataclasses import replace

import pytest

from bot.adapters.sim_venue import SimVenue
from bot.core.snapshot import Turnover
from bot.core.values import Contracts
from bot.shell.ports import NotListedError
from bot.sim.exchange import Exchange
from tests.core.builders import HOUR, dated
from tests.sim.builders import INVERSE, LINEAR, ME, D, T, order, quote

NEAR, FAR = dated(LINEAR, 1, code="231114"), dated(LINEAR, 48, code="231116")
OTHER = dated(INVERSE, 2, code="231115")


def door() -> tuple[Exchange, SimVenue]:
    """An exchange with quarterlies of two families, where ME sold one contract of each of the first; and ME's door to it."""
    exchange = Exchange((FAR, OTHER, NEAR, LINEAR))
    exchange.open_account(ME, "cross", D(10))
    exchange.deposit(ME, "USDT", D(100_000))
    for contract in (FAR, NEAR, LINEAR):
        exchange.quote(quote(contract, "50000"))
    for contract in (FAR, NEAR):
        exchange.place(ME, order("sell", "1", name=contract.symbol, contract=contract))
    busy = Turnover(symbol=FAR.symbol, volume_24h=Contracts(D(5)), open_interest=Contracts(D(7)))
    return exchange, SimVenue(exchange, ME, turnover={FAR.symbol: busy}.get)


async def test_dated_contracts_of_a_family_are_listed_nearest_expiry_first() -> None:
    _, venue = door()

    assert await venue.dated(LINEAR.symbol) == (NEAR, FAR)
    assert await venue.dated("ETH/USD:ETH") == ()


async def test_contracts_that_have_expired_or_are_delisted_are_not_listed() -> None:
    exchange, venue = door()
    exchange.quote(quote(LINEAR, "50000", at_ms=NEAR.expiry_ms))
    after = await venue.dated(LINEAR.symbol)
    exchange.relist(replace(FAR, status="halted"))
    halted = await venue.dated(LINEAR.symbol)
    exchange.relist(replace(FAR, status="delisted"))

    assert (after, [one.status for one in halted], await venue.dated(LINEAR.symbol)) == (
        (FAR,),
        ["halted"],
        (),
    )


async def test_a_contract_settled_before_its_time_is_listed_no_more() -> None:
    exchange, venue = door()
    exchange.expire(NEAR.symbol, D(50_000))

    assert await venue.dated(LINEAR.symbol) == (FAR,)
    with pytest.raises(NotListedError, match=f"does not list {NEAR.symbol}; it lists"):
        await venue.contracts((NEAR.symbol,))


async def test_terms_are_told_of_listed_contracts_only() -> None:
    _, venue = door()

    assert await venue.contracts((LINEAR.symbol, FAR.symbol)) == (LINEAR, FAR)
    with pytest.raises(NotListedError, match="does not list DOGE/USDT:USDT"):
        await venue.contracts((LINEAR.symbol, "DOGE/USDT:USDT"))


async def test_the_second_source_of_positions_leaves_flat_ones_out() -> None:
    exchange, venue = door()
    both = await venue.positions((NEAR.symbol, FAR.symbol, LINEAR.symbol))
    exchange.quote(quote(LINEAR, "50000", at_ms=NEAR.expiry_ms + HOUR))
    left = await venue.positions((NEAR.symbol, FAR.symbol))

    assert [(one.symbol, one.contracts) for one in both] == [(NEAR.symbol, D(-1)), (FAR.symbol, D(-1))]
    assert [one.symbol for one in left] == [FAR.symbol]


async def test_a_contract_whose_turnover_is_not_known_is_left_out() -> None:
    _, venue = door()

    assert [one.symbol for one in await venue.turnovers((NEAR.symbol, FAR.symbol))] == [FAR.symbol]


async def test_open_orders_tell_what_was_asked() -> None:
    exchange, venue = door()
    asked = order("sell", "1", "51000", name="rests", contract=FAR)
    exchange.place(ME, asked)

    report = await venue.account()

    assert [one.request for one in report.open_orders] == [asked]
    assert report.at_ms == T
