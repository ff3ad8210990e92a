"""What happened on an account is told once, in order, and again if nobody wrote it down."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from bot.adapters.venues.records import CURSOR_MS, _days
from bot.core.orders import OrderRequest
from bot.core.values import Money
from bot.shell.ports import Activity
from bot.testexchange.faults import Fault
from tests.contract.doors import Door, open_door, remote_door

D = Decimal
DAY_MS = 86_400_000


@pytest.fixture(params=["binance-usdm", "bingx", "weex"])
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    async with open_door(request.param) as opened:
        await opened.venue.contracts((opened.symbol,))
        opened.street.pass_time(1)
        yield opened


def asked(door: Door, operation: str) -> int:
    """Count requests."""
    return sum(door.street.dialect.operation(request) == operation for request, _ in door.street.heard)


async def sold(door: Door, coins: str = "0.02") -> OrderRequest:
    """Sell at once, at the prices of now; gives the order."""
    await door.venue.quotes((door.symbol,))
    request = door.sell_now(door.size(coins))
    await door.venue.place(request)
    return request


def names(heard: Activity) -> list[str]:
    """List the orders that fills belong to."""
    return [fill.client_order_id for fill in heard.fills]


async def test_the_books_begin_now_and_nothing_before_is_theirs(door: Door) -> None:
    await sold(door)
    door.street.pass_time(5)

    now_ms = door.clock.now_ms()
    begun = await door.venue.activity(0)
    first = await door.venue.activity(begun.cursor)
    request = await sold(door)
    second = await door.venue.activity(first.cursor)

    assert (begun.fills, begun.payments) == ((), ())
    assert begun.cursor == now_ms
    assert first.fills == ()
    assert names(second) == [request.client_order_id]


async def test_each_fill_is_told_once_and_oldest_first(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    told: list[str] = []
    requests = []
    for _ in range(4):
        for _ in range(2):
            requests.append((await sold(door)).client_order_id)
            door.street.pass_time(3)
        heard = await door.venue.activity(cursor)
        cursor = heard.cursor
        told += names(heard)
        door.street.pass_time(20)

    assert told == requests


async def test_what_nobody_wrote_down_is_told_again(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    request = await sold(door)
    lost = await door.venue.activity(cursor)

    again = await door.venue.activity(cursor)
    after = await door.venue.activity(again.cursor)

    assert names(lost) == names(again) == [request.client_order_id]
    assert [fill.fill_id for fill in lost.fills] == [fill.fill_id for fill in again.fills]
    assert again.cursor > cursor
    assert after.fills == ()


async def test_fills_are_kept_while_payments_cannot_be_read(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    request = await sold(door)
    door.street.pass_time(61)
    door.street.faults.queue("income", Fault.HTML_AFTER, Fault.BRACES_AFTER)

    failed = 0
    heard = None
    while heard is None:
        try:
            heard = await door.venue.activity(cursor)
        except Exception:  # noqa: BLE001 - which error it is stands elsewhere
            failed += 1

    assert failed == 2
    assert names(heard) == [request.client_order_id]


async def test_a_fill_is_told_after_a_restart_from_the_cursor_that_was_written_down(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    request = await sold(door)
    door.street.pass_time(3600)

    async with remote_door(door.name, door.street, door.clock) as venue:
        await venue.contracts((door.symbol,))
        heard = await venue.activity(cursor)

    assert names(heard) == [request.client_order_id]


async def test_a_restart_after_three_days_reads_them_in_pieces_and_misses_nothing(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    requests = []
    for _ in range(3):
        requests.append((await sold(door)).client_order_id)
        door.street.pass_time(30 * 3600)

    async with remote_door(door.name, door.street, door.clock) as venue:
        await venue.contracts((door.symbol,))
        before = asked(door, "fills")
        heard = await venue.activity(cursor)

    assert names(heard) == requests
    assert asked(door, "fills") - before >= 4
    funding = [payment.at_ms for payment in heard.payments if payment.kind == "funding"]
    assert len(funding) == len(set(funding)) == 11


async def test_without_news_the_cursor_stays_for_an_hour_and_then_moves(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor

    door.street.pass_time(CURSOR_MS / 1000 - 10)
    still = await door.venue.activity(cursor)
    door.street.pass_time(20)
    moved = await door.venue.activity(still.cursor)

    assert still.cursor == cursor
    assert (moved.fills, moved.payments) == ((), ())
    assert moved.cursor > cursor


async def test_readings_are_seldom_while_nothing_is_under_way_and_at_once_after_an_order(door: Door) -> None:
    cursor = (await door.venue.activity(0)).cursor
    door.street.pass_time(200)
    await door.venue.activity(cursor)
    quiet = asked(door, "fills")
    for _ in range(5):
        door.street.pass_time(2)
        await door.venue.activity(cursor)
    still_quiet = asked(door, "fills")
    request = await sold(door)

    heard = await door.venue.activity(cursor)

    assert still_quiet == quiet
    assert names(heard) == [request.client_order_id]


async def test_a_record_that_a_lagging_copy_shows_late_is_heard_within_the_overlap() -> None:
    async with open_door("binance-usdm") as door:
        await door.venue.contracts((door.symbol,))
        cursor = (await door.venue.activity(0)).cursor
        request = await sold(door)
        trades = door.street.office._trades["main"]  # noqa: SLF001 - the copy that lags
        late = trades[:]
        trades.clear()
        door.street.pass_time(20)
        nothing = await door.venue.activity(cursor)
        trades.extend(late)
        door.street.pass_time(20)

        heard = await door.venue.activity(nothing.cursor)

        assert nothing.fills == ()
        assert names(heard) == [request.client_order_id]


async def test_money_that_is_moved_is_heard_with_its_amount() -> None:
    async with open_door("binance-usdm") as door:
        await door.venue.contracts((door.symbol,))
        door.street.pass_time(1)
        cursor = (await door.venue.activity(0)).cursor
        door.street.pass_time(5)
        await door.venue.transfer("hr-1-1-t", "USDT", Money(D(250)))

        heard = await door.venue.activity(cursor)

        assert [(one.kind, one.asset, one.amount) for one in heard.payments] == [("transfer", "USDT", D(250))]


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "pieces"),
    [
        (0, 10, ((0, 10),)),
        (10, 10, ((10, 10),)),
        (0, DAY_MS - 1, ((0, DAY_MS - 1),)),
        (0, DAY_MS + 5, ((0, DAY_MS - 1), (DAY_MS, DAY_MS + 5))),
        (7, 2 * DAY_MS + 7, ((7, DAY_MS + 6), (DAY_MS + 7, 2 * DAY_MS + 6))),
    ],
)
def test_a_long_time_is_cut_into_days_that_do_not_overlap(
    from_ms: int, to_ms: int, pieces: tuple[tuple[int, int], ...]
) -> None:
    assert _days(from_ms, to_ms) == pieces
