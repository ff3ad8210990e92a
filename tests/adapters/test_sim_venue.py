"""The model exchange as the house sees it through a venue's door."""

from dataclasses import replace

import pytest

from bot.adapters.sim_venue import SimVenue
from bot.core.reports import Payment, TransferReport
from bot.core.snapshot import Peg, Transfer, Turnover, Volatility
from bot.core.values import Contracts, Money, Price, Ratio
from bot.shell.ports import NotListedError, Venue
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


async def test_what_nobody_knows_of_volatilities_and_pegs_is_left_out() -> None:
    exchange, ignorant = door()
    moves = Volatility(symbol=NEAR.symbol, day=Ratio(D("0.03")), until_ms=T)
    dollar = Peg(asset="USDT", price=Price(D("0.999")))
    venue: Venue = SimVenue(exchange, ME, volatility={NEAR.symbol: moves}.get, peg={dollar.asset: dollar}.get)

    assert await venue.volatilities((FAR.symbol, NEAR.symbol)) == (moves,)
    assert await venue.pegs(("BTC", "USDT")) == (dollar,)
    assert (await ignorant.volatilities((NEAR.symbol,)), await ignorant.pegs(("USDT",))) == ((), ())


def asked(name: str) -> Transfer:
    return Transfer(transfer_id=name, asset="USDT", amount=Money(D(300)), since_ms=T)


async def test_margin_moves_through_the_door_and_is_seen_in_the_account_and_among_the_payments() -> None:
    exchange, venue = door()
    exchange.reserve(ME, "USDT", D(500))
    unknown = await venue.transfer_of(asked("a"))
    cursor = (await venue.activity(0)).cursor

    done = await venue.transfer("a", "USDT", Money(D(300)))
    refused = await venue.transfer("b", "USDT", Money(D(300)))

    assert unknown is None
    assert await venue.transfer_of(asked("a")) == done == TransferReport(transfer_id="a", state="done")
    assert await venue.transfer_of(asked("b")) == refused
    assert refused.state == "refused"
    (wallet,) = (await venue.account()).wallets
    assert (wallet.spare, wallet.deposited) == (D(200), D(100_300))
    (payment,) = (await venue.activity(cursor)).payments
    assert isinstance(payment, Payment)
    assert (payment.kind, payment.amount) == ("transfer", D(300))


async def test_the_account_tells_the_exchanges_own_figures() -> None:
    exchange, venue = door()
    exchange.adl_ranks[ME, FAR.symbol] = 3

    report = await venue.account()

    (wallet,) = report.wallets
    assert (wallet.equity, wallet.maintenance) == (D(99_950), D(400))
    assert [(one.symbol, one.adl_rank) for one in report.positions] == [(FAR.symbol, 3), (NEAR.symbol, None)]
    assert all(one.liquidation_price is not None for one in report.positions)
    assert report.one_way
