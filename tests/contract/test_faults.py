"""Ten accidents and more, at every venue: which error each gives, and that no order ever stands twice."""

import logging
from collections.abc import Awaitable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from bot.adapters.venues.manners import MANNERS
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.positions import realised
from bot.core.reports import Fill, OrderReport
from bot.core.snapshot import Transfer
from bot.core.values import ZERO, Money, Price, Side
from bot.shell.ports import (
    Activity,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    VenueError,
)
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID
from bot.testexchange.dialects import DIALECTS
from bot.testexchange.faults import Fault
from bot.wiring_street import Customer
from tests.contract.doors import ALSO, Door, open_door

D = Decimal
VENUES = tuple(name for name in MANNERS if name in DIALECTS)
EVERY = (*VENUES, *(f"{name} inverse" for name in VENUES if name in ALSO))
MOVING = tuple(name for name in EVERY if not name.startswith("weex"))
"""Venues that move money by key."""
FUNDED = tuple(name for name in EVERY if name != "bingx inverse")
"""Venues that tell what funding was paid."""

PLACED: dict[Fault, tuple[type[VenueError], bool]] = {
    # what happens to an order           what the house is told    whether the order exists
    Fault.DROP_BEFORE: (OutcomeUnknownError, False),
    Fault.DROP_AFTER: (OutcomeUnknownError, True),
    Fault.HANG_BEFORE: (OutcomeUnknownError, False),
    Fault.HANG_AFTER: (OutcomeUnknownError, True),
    Fault.TRUNCATED_AFTER: (OutcomeUnknownError, True),
    Fault.HTML_AFTER: (OutcomeUnknownError, True),
    Fault.EMPTY_AFTER: (OutcomeUnknownError, True),
    Fault.BRACES_AFTER: (OutcomeUnknownError, True),
    Fault.BAD_GATEWAY_AFTER: (OutcomeUnknownError, True),
    Fault.UNAVAILABLE_BEFORE: (OutcomeUnknownError, False),
    Fault.FORBIDDEN_BEFORE: (OutcomeUnknownError, False),
    Fault.RATE_LIMIT: (RateLimitedError, False),
    Fault.BAN: (RateLimitedError, False),
}
"""The same at every venue: no page, status or silence proves anything."""
PASSING: dict[str, tuple[type[VenueError], type[VenueError]]] = {
    # venue          in maintenance         overloaded
    "binance-usdm": (OutcomeUnknownError, RefusedForNowError),
    "binance-coinm": (OutcomeUnknownError, RefusedForNowError),
    "bybit": (OutcomeUnknownError, OutcomeUnknownError),
    "bingx": (OutcomeUnknownError, OutcomeUnknownError),
    "mexc": (OutcomeUnknownError, OutcomeUnknownError),
    "weex": (OutcomeUnknownError, OutcomeUnknownError),
}
"""The venue's own word for a passing reason; only a code on the allow-list proves that nothing was placed."""
SPOILED = (
    Fault.HTML_AFTER,
    Fault.EMPTY_AFTER,
    Fault.BRACES_AFTER,
    Fault.TRUNCATED_AFTER,
    Fault.BAD_GATEWAY_AFTER,
    Fault.UNAVAILABLE_BEFORE,
    Fault.FORBIDDEN_BEFORE,
    Fault.DROP_BEFORE,
)
"""Answers that could be read as an empty list by somebody who does not look."""
HANGS = {Fault.HANG_BEFORE, Fault.HANG_AFTER}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The test exchange hangs up on purpose, and its server writes that down."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@dataclass
class Counter:
    """Counts requests as they come in, those that are never answered, too."""

    door: Door
    came: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        faults = self.door.street.faults
        strike = faults.strike

        def counted(operation: str) -> Fault | None:
            self.came.append(operation)
            return strike(operation)

        faults.strike = counted  # type: ignore[method-assign]  # the street asks here for each request


def open_at(name: str, customers: tuple[Customer, ...] = (Customer(),)) -> AbstractAsyncContextManager[Door]:
    """Open the door of a parameter: of a venue's own contract, or its inverse one."""
    venue, _, kind = name.partition(" ")
    return open_door(venue, symbol=ALSO[venue] if kind else "", customers=customers)


def resting(door: Door) -> OrderRequest:
    """Make an order that stands above the market."""
    price = door.touch()[1] + 50 * door.listed().price_tick
    return door.order(Side.SELL, door.size("0.1"), price, TimeInForce.POST_ONLY)


def set_timeout(door: Door, timeout_ms: int) -> None:
    """Let the clients wait no longer than so."""
    for client in door.remote.api._clients.values():  # noqa: SLF001 - no setting is needed outside of tests
        client.timeout = timeout_ms


def names(door: Door) -> list[str]:
    """List the names of all orders that the exchange ever took."""
    return [order.ask.client_id for order in door.street.office.orders("main")]


async def placed(door: Door, request: OrderRequest) -> OrderReport | VenueError:
    """Place an order; gives the report or the error."""
    try:
        return await door.venue.place(request)
    except VenueError as error:
        return error


async def failure(asked: Awaitable[object]) -> VenueError | None:
    """Await what should fail; gives the error, or None if it went well."""
    try:
        await asked
    except VenueError as error:
        return error
    return None


# --- orders on their way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PLACED, ids=str)
@pytest.mark.parametrize("name", VENUES)
async def test_an_order_that_meets_an_accident_is_told_as_what_is_proved_and_stands_once_at_most(
    name: str, fault: Fault
) -> None:
    error, exists = PLACED[fault]
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        counter, request, began_ms = Counter(door), resting(door), door.clock.now_ms()
        if fault in HANGS:
            set_timeout(door, 200)
        door.street.faults.queue("place", fault)

        told = await placed(door, request)
        set_timeout(door, 10_000)
        found = await door.venue.order(door.symbol, request.client_order_id)

        assert type(told) is error, told
        assert counter.came.count("place") == 1
        assert [one.lower() for one in names(door)] == [request.client_order_id] * exists
        assert (found is not None) is exists
        if found is not None:
            assert (found.client_order_id, found.state) == (request.client_order_id, OrderState.OPEN)
        waited = door.clock.now_ms() - began_ms >= 1000
        assert waited is (error is RateLimitedError)


@pytest.mark.parametrize("fault", [Fault.MAINTENANCE, Fault.BUSY], ids=str)
@pytest.mark.parametrize("name", VENUES)
async def test_a_passing_refusal_proves_something_only_by_a_code_that_is_known(
    name: str, fault: Fault
) -> None:
    error = PASSING[name][fault is Fault.BUSY]
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        request = resting(door)
        door.street.faults.queue("place", fault)

        told = await placed(door, request)
        found = await door.venue.order(door.symbol, request.client_order_id)
        again = await door.venue.place(request)

        assert type(told) is error, told
        assert found is None
        assert again.state is OrderState.OPEN
        assert len(names(door)) == 1


@pytest.mark.parametrize("name", VENUES)
async def test_an_answer_that_comes_late_is_an_answer(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.faults.queue("place", Fault.DELAY)

        report = await door.venue.place(resting(door))

        assert report.state is OrderState.OPEN


@pytest.mark.parametrize("name", VENUES)
async def test_a_refused_connection_is_proof_that_nothing_was_sent(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        request, there = resting(door), door.remote.api._session  # noqa: SLF001 - the door is shut from inside
        assert there is not None
        there._address = "127.0.0.1:9"  # noqa: SLF001 - nobody listens there

        told = await placed(door, request)

        assert type(told) is UnreachableError, told
        assert names(door) == []
        with pytest.raises(UnreachableError):
            await door.venue.account()


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER], ids=str)
@pytest.mark.parametrize("operation", ["open_orders", "cancel"])
@pytest.mark.parametrize("name", VENUES)
async def test_nothing_is_sent_twice_behind_our_back_when_the_line_drops(
    name: str, operation: str, fault: Fault
) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        request = resting(door)
        await door.venue.place(request)
        counter = Counter(door)
        door.street.faults.queue(operation, fault)

        cancels = operation == "cancel"
        asked = door.venue.cancel(door.symbol, request.client_order_id) if cancels else door.venue.account()
        told = await failure(asked)

        assert type(told) is OutcomeUnknownError, told
        assert counter.came == [operation]


@pytest.mark.parametrize(
    "fault", [Fault.DROP_AFTER, Fault.HTML_AFTER, Fault.BAD_GATEWAY_AFTER, Fault.TRUNCATED_AFTER], ids=str
)
@pytest.mark.parametrize("name", VENUES)
async def test_a_cancel_whose_answer_is_lost_is_found_done_by_asking_for_it_again(
    name: str, fault: Fault
) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        request = resting(door)
        await door.venue.place(request)
        door.street.faults.queue("cancel", fault)

        with pytest.raises(OutcomeUnknownError):
            await door.venue.cancel(door.symbol, request.client_order_id)
        report = await door.venue.cancel(door.symbol, request.client_order_id)

        assert report.state is OrderState.CANCELLED


@pytest.mark.parametrize(
    "fault", [Fault.DROP_AFTER, Fault.HTML_AFTER, Fault.BRACES_AFTER, Fault.BAD_GATEWAY_AFTER], ids=str
)
@pytest.mark.parametrize("name", MOVING)
async def test_a_transfer_whose_answer_is_lost_moved_once_and_is_found(name: str, fault: Fault) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        asset, amount = door.listed().settle, Money(D("0.25"))
        trader, since_ms = door.street.office.exchange.accounts["main"], door.clock.now_ms()
        before = trader.balance("futures", asset)
        door.street.faults.queue("transfer", fault)

        with pytest.raises(OutcomeUnknownError):
            await door.venue.transfer("hr-0000000000-7-t", asset, amount)
        asked = Transfer(transfer_id="hr-0000000000-7-t", asset=asset, amount=amount, since_ms=since_ms)
        found = await door.venue.transfer_of(asked)

        assert found is not None
        assert found.state == "done"
        assert trader.balance("futures", asset) == before + amount


# --- answers that could be read as "nothing" ------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["positions", "balance", "open_orders", "spot_account"])
@pytest.mark.parametrize("name", EVERY)
async def test_no_spoiled_answer_is_ever_read_as_flat_as_poor_or_as_no_orders(
    name: str, operation: str
) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        await door.venue.place(door.sell_now(door.size("0.2")))
        await door.venue.place(resting(door))
        for fault in SPOILED:
            door.street.faults.queue(operation, fault)

            told = await failure(door.venue.account())
            report = await door.venue.account()

            assert type(told) is OutcomeUnknownError, (fault, told)
            assert (len(report.positions), len(report.open_orders)) == (1, 1)


@pytest.mark.parametrize("name", EVERY)
async def test_the_second_source_of_positions_is_never_flat_by_accident(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        await door.venue.place(door.sell_now(door.size("0.2")))
        for fault in SPOILED:
            door.street.faults.queue("any", fault)

            told = await failure(door.venue.positions((door.symbol,)))
            (again,) = await door.venue.positions((door.symbol,))

            assert type(told) is OutcomeUnknownError, (fault, told)
            assert again.contracts < ZERO


@pytest.mark.parametrize("name", EVERY)
async def test_no_spoiled_answer_says_that_an_order_is_not_there(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        request = resting(door)
        await door.venue.place(request)
        for fault in (*SPOILED, Fault.MAINTENANCE, Fault.BUSY, Fault.RATE_LIMIT):
            door.street.faults.queue("any", fault)

            told = await failure(door.venue.order(door.symbol, request.client_order_id))

            assert isinstance(told, VenueError), (fault, told)
            assert await door.venue.order(door.symbol, request.client_order_id) is not None


@pytest.mark.parametrize("name", MOVING)
async def test_no_spoiled_answer_says_that_a_transfer_is_not_there(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        asset, amount, since_ms = door.listed().settle, Money(D("0.25")), door.clock.now_ms()
        await door.venue.transfer("hr-0000000000-7-t", asset, amount)
        asked = Transfer(transfer_id="hr-0000000000-7-t", asset=asset, amount=amount, since_ms=since_ms)
        for fault in SPOILED:
            door.street.faults.queue("transfers", fault)

            told = await failure(door.venue.transfer_of(asked))

            assert type(told) is OutcomeUnknownError, (fault, told)


@pytest.mark.parametrize("name", EVERY)
async def test_fills_that_could_not_be_read_are_told_at_the_next_look(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        cursor = (await door.venue.activity(0)).cursor
        for fault in SPOILED:
            request = door.sell_now(door.size("0.02"))
            await door.venue.place(request)
            door.street.faults.queue("fills", fault)

            told = await failure(door.venue.activity(cursor))
            heard = await door.venue.activity(cursor)
            cursor = heard.cursor

            assert type(told) is OutcomeUnknownError, (fault, told)
            assert {fill.client_order_id for fill in heard.fills} == {request.client_order_id}
            assert sum(fill.contracts for fill in heard.fills) == request.contracts


@pytest.mark.parametrize("name", FUNDED)
async def test_payments_that_could_not_be_read_are_told_at_the_next_look_and_fills_beside_them(
    name: str,
) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.pass_time(1)
        cursor = (await door.venue.activity(0)).cursor
        for fault in SPOILED:
            request = door.sell_now(door.size("0.02"))
            await door.venue.place(request)
            door.street.pass_time(8 * 3600)
            door.street.faults.queue("income", fault)

            told = await failure(door.venue.activity(cursor))
            heard = await door.venue.activity(cursor)
            cursor = heard.cursor

            assert type(told) is OutcomeUnknownError, (fault, told)
            assert [payment.kind for payment in heard.payments] == ["funding"], fault
            assert sum(fill.contracts for fill in heard.fills) == request.contracts, fault


# --- moods ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
async def test_an_order_that_a_lagging_copy_does_not_know_is_not_found_and_then_found(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.office.moods.forget_ms = 30_000
        request = resting(door)
        await door.venue.place(request)

        lost = await door.venue.order(door.symbol, request.client_order_id)
        door.street.pass_time(31)
        found = await door.venue.order(door.symbol, request.client_order_id)

        assert lost is None
        assert found is not None
        assert found.state is OrderState.OPEN


@pytest.mark.parametrize("name", EVERY)
async def test_an_order_that_takes_is_told_as_open_while_a_lagging_copy_does_not_know_it(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.office.moods.forget_ms = 30_000
        request = door.sell_now(door.size("0.2"))

        report = await door.venue.place(request)
        door.street.pass_time(31)
        found = await door.venue.order(door.symbol, request.client_order_id)

        assert report.state is OrderState.OPEN
        assert found is not None
        assert (found.state, found.filled) == (OrderState.FILLED, request.contracts)


@pytest.mark.parametrize("name", EVERY)
async def test_a_proper_empty_list_is_told_as_such_and_no_more_than_that(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        await door.venue.place(door.sell_now(door.size("0.2")))
        door.street.office.moods.empty_positions = True

        empty = (await door.venue.account()).positions
        door.street.office.moods.empty_positions = False

        assert [one for one in empty if one.contracts] == []
        assert len((await door.venue.account()).positions) == 1


@pytest.mark.parametrize("name", EVERY)
async def test_prices_that_stand_still_are_told_with_their_age(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        await door.venue.quotes((door.symbol,))
        touch, since_ms = door.street.office.exchange.touches[door.symbol], door.clock.now_ms()
        door.street.office.moods.stale[door.symbol] = (touch, since_ms)
        door.street.pass_time(600)

        (quote,) = await door.venue.quotes((door.symbol,))

        assert door.clock.now_ms() - quote.at_ms >= 600_000


@pytest.mark.parametrize("skew_ms", [90_000, -90_000])
@pytest.mark.parametrize("name", VENUES)
async def test_a_clock_that_jumps_is_refused_for_now_and_then_gone_by(name: str, skew_ms: int) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.office.moods.clock_skew_ms = skew_ms
        request = resting(door)

        with pytest.raises(RefusedForNowError):
            await door.venue.account()
        report = await door.venue.place(request)

        assert report.state is OrderState.OPEN
        assert abs(door.remote.api.skew_ms - skew_ms) < 2_000
        assert len(names(door)) == 1


@pytest.mark.parametrize("name", VENUES)
async def test_an_order_with_a_wrong_time_is_refused_for_now_and_was_not_placed(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.office.moods.clock_skew_ms = 90_000
        request = resting(door)

        told = await placed(door, request)
        door.street.pass_time(1)

        assert type(told) is RefusedForNowError, told
        assert names(door) == []


@pytest.mark.parametrize("name", VENUES)
async def test_maintenance_of_the_whole_venue_is_an_error_at_every_question(name: str) -> None:
    async with open_door(name) as door:
        await door.venue.contracts((door.symbol,))
        door.street.office.moods.maintenance = True

        for asked in (
            door.venue.account(),
            door.venue.quotes((door.symbol,)),
            door.venue.positions((door.symbol,)),
            door.venue.activity(door.clock.now_ms()),
            door.venue.order(door.symbol, "hr-0000000000-1-h0"),
        ):
            with pytest.raises(VenueError):
                await asked


# --- what a venue does by its own hand ------------------------------------------------------------------------


async def short(door: Door, coins: str) -> Activity:
    """Sell, let the account be looked at, and give what was heard of it."""
    await door.venue.contracts((door.symbol,))
    began = await door.venue.activity(0)
    await door.venue.place(door.sell_now(door.size(coins)))
    door.street.pass_time(20)
    entry = await door.venue.activity(began.cursor)
    door.street.pass_time(20)
    await door.venue.account()
    return entry


def alone(settle: str) -> tuple[Customer, ...]:
    """Give a customer with margin of one kind only."""
    amount = D(50_000) if settle == "USDT" else D("0.2")
    return (Customer(futures=((settle, amount),), spot=((settle, D(1)),)),)


def settle_at(name: str) -> str:
    """Give what a parameter's contract settles in."""
    return "BTC" if name == "binance-coinm" or " inverse" in name else "USDT"


async def heard_fills(door: Door, cursor: int) -> tuple[Fill, ...]:
    """Hear what happened."""
    door.street.pass_time(20)
    return (await door.venue.activity(cursor)).fills


@pytest.mark.parametrize("name", EVERY)
async def test_a_deleveraging_is_told_as_such_with_what_it_realised(name: str) -> None:
    async with open_at(name) as door:
        entry = await short(door, "0.5")
        size, price = door.size("0.2"), Price(door.touch()[0] - 1000 * door.listed().price_tick)
        door.street.office.exchange.deleverage("main", door.symbol, size, price)

        (fill,) = await heard_fills(door, entry.cursor)

        booked = [one for one in door.street.office.exchange.accounts["main"].entries if one.kind == "pnl"]
        assert (fill.client_order_id, fill.side, fill.contracts) == (DELEVERAGE_ID, Side.BUY, size)
        assert fill.price == price
        assert abs(realised(door.listed(), (*entry.fills, fill)) - booked[-1].amount) <= D("0.00000001")
        assert booked[-1].amount > ZERO


@pytest.mark.parametrize("name", EVERY)
async def test_a_liquidation_is_told_as_such_and_the_account_is_flat(name: str) -> None:
    async with open_at(name, alone(settle_at(name))) as door:
        entry = await short(door, "0.5")
        exchange, size = door.street.office.exchange, door.size("0.5")
        exchange.mark(door.symbol, exchange.marks[door.symbol] * 20)

        fills = await heard_fills(door, entry.cursor)

        assert {(fill.client_order_id, fill.side) for fill in fills} == {(LIQUIDATION_ID, Side.BUY)}
        assert sum(fill.contracts for fill in fills) == pytest.approx(size, rel=D("0.01"))
        assert (await door.venue.account()).positions == ()


@pytest.mark.parametrize("name", EVERY)
async def test_an_order_that_finds_little_is_told_with_what_it_found(name: str) -> None:
    async with open_at(name) as door:
        await door.venue.contracts((door.symbol,))
        cursor = (await door.venue.activity(0)).cursor
        door.street.office.moods.partial_share = D("0.5")
        request = door.sell_now(door.size("1"))

        report = await door.venue.place(request)
        heard = (await door.venue.activity(cursor)).fills

        assert report.state is OrderState.CANCELLED
        assert ZERO < report.filled < request.contracts
        assert sum(fill.contracts for fill in heard) == report.filled
