"""What the house may rely on at every venue; the same cases over the model exchange and every dialect through real HTTP."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.core.instruments import DatedFuture, Perpetual
from bot.core.orders import OrderState, TimeInForce
from bot.core.positions import realised
from bot.core.reports import SETTLEMENT_ID
from bot.core.snapshot import Transfer
from bot.core.values import ZERO, Money, Price, Side
from bot.shell.ports import NotListedError, OutcomeUnknownError
from bot.testexchange.records import Ask
from tests.contract.doors import ALSO, DOORS, KINDS, Door, open_door

D = Decimal


EVERY = (*DOORS, *(f"{name} inverse" for name in DOORS if name in ALSO))
MOVING = tuple(name for name in EVERY if not name.startswith("weex"))
"""Doors through which money moves between wallets."""
FUNDED = tuple(name for name in EVERY if name != "bingx inverse")
"""Doors to venues that tell what funding was paid."""
NETTING = MOVING
"""Doors to venues where a buy makes a short smaller whatever it is called; at the other a long stands beside it."""
EXPIRING = tuple(name for name in DOORS if any("dated" in kind for kind in KINDS[name]))


async def entered(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    name, _, kind = request.param.partition(" ")
    async with open_door(name, symbol=ALSO[name] if kind else "") as opened:
        await opened.venue.contracts((opened.symbol,))
        yield opened


door = pytest.fixture(params=EVERY)(entered)
moving = pytest.fixture(params=MOVING)(entered)
netting = pytest.fixture(params=NETTING)(entered)
funded = pytest.fixture(params=FUNDED)(entered)
expiring = pytest.fixture(params=EXPIRING)(entered)


# --- contracts and prices -------------------------------------------------------------------------------------


async def test_a_contract_is_told_in_the_units_that_go_over_the_wire(door: Door) -> None:
    (contract,) = await door.venue.contracts((door.symbol,))
    real = door.listed()

    for name in (
        "symbol",
        "base",
        "quote",
        "settle",
        "payoff",
        "contract_size",
        "contracts_step",
        "price_tick",
        "status",
    ):
        assert getattr(contract, name) == getattr(real, name), name
    assert contract.contracts_min == real.contracts_min
    assert contract.notional_min <= real.notional_min
    assert isinstance(contract, Perpetual)


async def test_margin_tiers_ask_for_the_same_maintenance_as_the_venue(door: Door) -> None:
    (contract,) = await door.venue.contracts((door.symbol,))
    real = door.listed()

    near = D("1e-4") if door.name == "mexc" else D("1e-9")  # it tells limits in whole contracts

    for value in (D(1), D(1000), D(400_000), D(5_000_000), D(15_000_000)):
        assert contract.maintenance_on(value) == pytest.approx(real.maintenance_on(value), rel=near), value


async def test_a_contract_that_is_not_listed_is_told_as_that(door: Door) -> None:
    with pytest.raises(NotListedError, match="DOGE/USDT:USDT"):
        await door.venue.contracts(("DOGE/USDT:USDT",))


async def test_prices_are_those_of_the_exchange_and_dated_by_it(door: Door) -> None:
    (quote,) = await door.venue.quotes((door.symbol,))
    bid, ask = door.touch()

    assert (quote.bid, quote.ask) == (bid, ask)
    assert quote.bid_contracts == door.street.office.exchange.touches[door.symbol].quote.bid_contracts
    assert quote.mark == door.street.office.exchange.marks[door.symbol]
    assert abs(quote.at_ms - door.clock.now_ms()) < 60_000


async def test_the_next_funding_is_told_with_its_sign_and_time(door: Door) -> None:
    (funding,) = await door.venue.funding((door.symbol,))
    real = door.street.office.world.next_funding(door.symbol)

    assert (funding.rate, funding.next_at_ms) == (real.rate, real.next_at_ms)


async def test_dated_contracts_are_listed_nearest_first(door: Door) -> None:
    told = await door.venue.dated(door.symbol)

    assert [one.symbol for one in told] == [one.symbol for one in door.dated()]
    assert [one.expiry_ms for one in told if isinstance(one, DatedFuture)] == [
        one.expiry_ms for one in door.dated()
    ]


# --- the account ----------------------------------------------------------------------------------------------


async def test_wallets_tell_what_is_in_the_futures_and_in_the_spot_wallet(door: Door) -> None:
    report = await door.venue.account()
    trader = door.street.office.exchange.accounts["main"]
    wallets = {wallet.asset: wallet for wallet in report.wallets}
    settle = door.listed().settle

    assert wallets[settle].balance == trader.balance("futures", settle)
    assert wallets[settle].spare == trader.balance("spot", settle)
    assert (report.one_way, report.margin_mode) == (True, "cross")
    assert report.leverage == trader.leverage
    assert report.positions == ()
    assert report.open_orders == ()


async def test_a_short_is_negative_in_contracts_with_its_entry(door: Door) -> None:
    size = door.size("0.5")
    await door.venue.place(door.sell_now(size))
    real = door.street.office.exchange.positions("main")[0]

    (position,) = (await door.venue.account()).positions
    (second,) = await door.venue.positions((door.symbol,))

    assert (position.symbol, position.contracts) == (door.symbol, -size)
    assert position.entry_price == pytest.approx(real.entry_price, rel=D("1e-6"))
    assert second.contracts == -size


async def test_a_long_is_positive(netting: Door) -> None:
    size = netting.size("0.1")
    await netting.venue.place(netting.buy_now(size, reduce_only=False))

    (position,) = (await netting.venue.account()).positions

    assert position.contracts == size


# --- orders ---------------------------------------------------------------------------------------------------


async def test_an_order_that_takes_is_filled_and_told_once_with_its_fee(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    request = door.sell_now(door.size("0.2"))

    report = await door.venue.place(request)
    heard = await door.venue.activity(cursor)
    again = await door.venue.activity(heard.cursor)

    assert (report.state, report.filled) == (OrderState.FILLED, request.contracts)
    assert sum(fill.contracts for fill in heard.fills) == request.contracts
    assert {fill.client_order_id for fill in heard.fills} == {request.client_order_id}
    assert {fill.side for fill in heard.fills} == {Side.SELL}
    assert {fill.maker for fill in heard.fills} == {False}
    contract, bid = door.listed(), door.touch()[0]
    fee = contract.fee_taker * contract.value(request.contracts, bid)
    assert sum(fill.fee for fill in heard.fills) == pytest.approx(fee, rel=D("1e-4"))
    assert again.fills == ()


async def test_closing_realises_the_profit_that_the_exchange_books(door: Door) -> None:
    size = door.size("0.4")
    began = await door.venue.activity(0)
    await door.venue.place(door.sell_now(size))
    entry = await door.venue.activity(began.cursor)
    door.street.pass_time(3600)
    await door.venue.quotes((door.symbol,))

    await door.venue.place(door.buy_now(size))
    heard = await door.venue.activity(entry.cursor)

    trader = door.street.office.exchange.accounts["main"]
    booked = sum(entry.amount for entry in trader.entries if entry.kind == "pnl")
    told = realised(door.listed(), (*entry.fills, *heard.fills))
    assert abs(told - booked) <= len(heard.fills) * D("0.00000001")
    assert booked != ZERO


async def test_all_open_orders_are_told_however_many_pages_they_fill(door: Door) -> None:
    contract, (_, ask) = door.listed(), door.touch()
    await door.venue.contracts((door.symbol,))
    for number in range(120):
        if number % 40 == 0:
            door.street.pass_time(60)
            await door.venue.quotes((door.symbol,))
        door.street.office.place(
            "main",
            Ask(
                symbol=door.symbol,
                side=Side.SELL,
                contracts=door.size("0.01"),
                limit_price=Price(ask + (20_000 + number) * contract.price_tick),
                time_in_force=TimeInForce.GTC,
                reduce_only=False,
                client_id=f"hr-0000000000-{number}-h0",
            ),
        )

    told = (await door.venue.account()).open_orders

    assert len({one.client_order_id for one in told}) == len(told) == 120


async def test_a_resting_order_is_listed_under_our_name_and_can_be_taken_back(door: Door) -> None:
    contract, (_, ask) = door.listed(), door.touch()
    price = ask + 100 * contract.price_tick
    request = door.order(Side.SELL, door.size("0.3"), price, TimeInForce.POST_ONLY)

    placed = await door.venue.place(request)
    (listed,) = (await door.venue.account()).open_orders
    found = await door.venue.order(door.symbol, request.client_order_id)
    ended = await door.venue.cancel(door.symbol, request.client_order_id)
    again = await door.venue.cancel(door.symbol, request.client_order_id)
    looked_up = await door.venue.order(door.symbol, request.client_order_id)

    assert placed.state is OrderState.OPEN
    assert found is not None
    assert looked_up is not None
    assert listed.client_order_id == request.client_order_id == found.client_order_id
    assert (listed.state, listed.filled) == (OrderState.OPEN, ZERO) == (found.state, found.filled)
    assert listed.request is not None
    assert listed.request.side is Side.SELL
    assert listed.request.contracts == request.contracts
    assert listed.request.limit_price == price
    assert ended.state is OrderState.CANCELLED is again.state is looked_up.state
    assert (await door.venue.account()).open_orders == ()


async def test_an_order_in_parts_says_what_filled_and_what_stands(door: Door) -> None:
    request = door.sell_now(door.size("1"))
    door.street.office.exchange.touches[door.symbol].bid_left = door.size("0.4")

    report = await door.venue.place(request)
    found = await door.venue.order(door.symbol, request.client_order_id)

    assert found is not None
    assert report.state is OrderState.CANCELLED is found.state
    assert ZERO < report.filled < request.contracts
    assert report.filled == found.filled == -(await door.venue.account()).positions[0].contracts


async def test_a_post_only_order_that_would_take_never_stands(door: Door) -> None:
    bid, _ = door.touch()
    request = door.order(Side.SELL, door.size("0.2"), bid, TimeInForce.POST_ONLY)

    report = await door.venue.place(request)
    found = await door.venue.order(door.symbol, request.client_order_id)

    ended = {OrderState.REJECTED, OrderState.CANCELLED}
    assert report.state in ended or (found is not None and found.state in ended)
    assert (await door.venue.account()).open_orders == ()
    assert (await door.venue.account()).positions == ()


async def test_a_reduce_only_order_reduces_and_never_turns_the_position(door: Door) -> None:
    size = door.size("0.2")
    bare = await door.venue.place(door.buy_now(size))
    await door.venue.place(door.sell_now(size))

    await door.venue.place(door.buy_now(size * 3))
    after = (await door.venue.account()).positions

    assert bare.state in {OrderState.REJECTED, OrderState.CANCELLED}
    assert [position for position in after if position.contracts] == []


async def test_the_same_name_never_places_twice(door: Door) -> None:
    contract, (_, ask) = door.listed(), door.touch()
    request = door.order(Side.SELL, door.size("0.1"), ask + 50 * contract.price_tick, TimeInForce.POST_ONLY)
    await door.venue.place(request)

    try:
        again = await door.venue.place(request)
    except OutcomeUnknownError:
        again = None

    assert again is None or again.state in {OrderState.OPEN, OrderState.REJECTED}
    assert len((await door.venue.account()).open_orders) == 1
    assert len(door.street.office.exchange.open_orders("main")) == 1


@pytest.mark.parametrize("wrong", ["too small", "too much for the margin"])
async def test_an_order_the_venue_will_not_have_is_rejected_and_nothing_stands(
    door: Door, wrong: str
) -> None:
    contract, (_, ask) = door.listed(), door.touch()
    worthless = contract.notional(contract.contracts_min, ask) < contract.notional_min
    small = contract.contracts_min if worthless else contract.contracts_step / 2
    size = small if wrong == "too small" else door.size("500")

    report = await door.venue.place(door.order(Side.SELL, size, ask, TimeInForce.GTC))

    assert report.state is OrderState.REJECTED
    assert report.reason
    assert (await door.venue.account()).open_orders == ()


async def test_an_order_nobody_placed_is_not_found(door: Door) -> None:
    assert await door.venue.order(door.symbol, "hr-0000000000-9-h0") is None


# --- money and time -------------------------------------------------------------------------------------------


async def test_funding_that_was_paid_is_heard_once_with_its_sign(funded: Door) -> None:
    size = funded.size("0.5")
    await funded.venue.place(funded.sell_now(size))
    cursor = (await funded.venue.activity(0)).cursor
    funded.street.pass_time(9 * 3600)

    heard = [
        payment for payment in (await funded.venue.activity(cursor)).payments if payment.kind == "funding"
    ]

    real = [one for one in funded.street.office.exchange.accounts["main"].entries if one.kind == "funding"]
    assert len(heard) == len(real) == 1
    assert heard[0].amount == pytest.approx(real[0].amount, rel=D("1e-6"))
    assert heard[0].asset == funded.listed().settle


async def test_margin_moves_from_the_spot_wallet_once_and_is_found_again(moving: Door) -> None:
    asset = moving.listed().settle
    before = moving.street.office.exchange.accounts["main"].balance("futures", asset)
    await moving.venue.account()

    report = await moving.venue.transfer("hr-0000000000-7-t", asset, Money(D("0.5")))
    asked = Transfer(
        transfer_id="hr-0000000000-7-t", asset=asset, amount=Money(D("0.5")), since_ms=moving.clock.now_ms()
    )
    found = await moving.venue.transfer_of(asked)

    assert report.state == "done"
    assert found is not None
    assert found.state == "done"
    assert moving.street.office.exchange.accounts["main"].balance("futures", asset) == before + D("0.5")


async def test_more_than_is_in_the_spot_wallet_is_refused(moving: Door) -> None:
    asset = moving.listed().settle

    report = await moving.venue.transfer("hr-0000000000-8-t", asset, Money(D(10_000_000)))

    assert report.state == "refused"


async def test_a_dated_contract_that_settles_is_heard_as_settlement(expiring: Door) -> None:
    near = expiring.dated()[0]
    await expiring.venue.contracts((near.symbol,))
    size = expiring.size("0.2", near.symbol)
    await expiring.venue.place(expiring.sell_now(size, near.symbol))
    expiring.street.pass_time(1)
    cursor = (await expiring.venue.activity(0)).cursor
    expiring.street.pass_time((near.expiry_ms - expiring.clock.now_ms()) / 1000 + 120)

    heard = (await expiring.venue.activity(cursor)).fills

    assert [(fill.client_order_id, fill.contracts) for fill in heard] == [(SETTLEMENT_ID, size)]
    assert [position for position in (await expiring.venue.account()).positions if position.contracts] == []
