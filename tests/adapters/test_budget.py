"""A venue's patience: never more than it allows, readings by half of it, and never an order behind a reading."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.budget import SHARE_OF_READINGS, Budget, urgent
from bot.adapters.clock import SimClock

D = Decimal
T = 1_700_000_000_000
WINDOW_MS = 10_000


class Watched(Budget):
    """A budget whose spendings are written down."""

    def __init__(self, weight_max: str, clock: SimClock, window_ms: int = WINDOW_MS) -> None:
        super().__init__(D(weight_max), window_ms, clock)
        self.clock = clock
        self.left: list[tuple[int, Decimal, bool]] = []
        """Time, weight, and whether it was urgent."""

    async def ask(self, weight: str, *, is_urgent: bool = False) -> int:
        """Spend; gives how long it waited."""
        began_ms = self.clock.now_ms()
        if is_urgent:
            with urgent():
                await self.spend(D(weight))
        else:
            await self.spend(D(weight))
        self.left.append((self.clock.now_ms(), D(weight), is_urgent))
        return self.clock.now_ms() - began_ms

    def most(self, window_ms: int = WINDOW_MS) -> Decimal:
        """Give the most that ever left within a window."""
        return max(
            sum((weight for at_ms, weight, _ in self.left if start <= at_ms < start + window_ms), D(0))
            for start, _, _ in self.left
        )


def budget(weight_max: str = "10") -> Watched:
    return Watched(weight_max, SimClock(T))


ASKED = st.lists(
    st.tuples(st.sampled_from(["0.1", "1", "2", "3", "5"]), st.booleans(), st.integers(0, 4_000)),
    min_size=1,
    max_size=60,
)
"""Weight, whether it is urgent, and how long nobody asks after it."""


@given(asked=ASKED)
def test_never_more_leaves_in_any_window_than_the_venue_allows(asked: list[tuple[str, bool, int]]) -> None:
    async def run() -> Decimal:
        one = budget()
        for weight, is_urgent, pause_ms in asked:
            await one.ask(weight, is_urgent=is_urgent)
            one.clock.turn_to(one.clock.now_ms() + pause_ms)
        assert one.spent == sum(D(weight) for weight, _, _ in asked)
        assert one.requests == len(asked)
        return one.most()

    assert asyncio.run(run()) <= 10


@given(asked=ASKED)
def test_readings_never_take_more_than_their_share_of_any_window(asked: list[tuple[str, bool, int]]) -> None:
    async def run() -> None:
        one = budget()
        for weight, _, pause_ms in asked:
            await one.ask(weight)
            one.clock.turn_to(one.clock.now_ms() + pause_ms)
        assert one.most() <= 10 * SHARE_OF_READINGS

    asyncio.run(run())


@given(asked=ASKED, late_ms=st.integers(0, WINDOW_MS))
def test_what_cannot_wait_never_waits_for_readings(asked: list[tuple[str, bool, int]], late_ms: int) -> None:
    async def run() -> None:
        one = budget()
        for weight, _, pause_ms in asked:
            await one.ask(weight)
            one.clock.turn_to(one.clock.now_ms() + pause_ms)
        one.clock.turn_to(one.clock.now_ms() + late_ms)
        assert await one.ask("5", is_urgent=True) == 0

    asyncio.run(run())


@given(asked=ASKED)
def test_whoever_waits_waits_no_longer_than_a_window(asked: list[tuple[str, bool, int]]) -> None:
    async def run() -> None:
        one = budget()
        for weight, is_urgent, pause_ms in asked:
            assert await one.ask(weight, is_urgent=is_urgent) <= WINDOW_MS
            one.clock.turn_to(one.clock.now_ms() + pause_ms)

    asyncio.run(run())


async def test_a_reading_waits_until_the_oldest_leaves_the_window() -> None:
    one = budget("4")

    waits = [await one.ask("1") for _ in range(5)]

    assert waits == [0, 0, WINDOW_MS, 0, WINDOW_MS]


async def test_what_cannot_wait_has_the_whole_window_and_then_waits_too() -> None:
    one = budget("4")

    waits = [await one.ask("1", is_urgent=True) for _ in range(5)]

    assert waits == [0, 0, 0, 0, WINDOW_MS]


@pytest.mark.parametrize("is_urgent", [True, False])
async def test_nothing_leaves_while_the_venue_said_to_wait(is_urgent: bool) -> None:  # noqa: FBT001 - a column
    one = budget()
    one.close_for(30)

    assert await one.ask("1", is_urgent=is_urgent) == 30_000


async def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    one = budget()
    one.close_for(30)
    one.close_for(5)

    assert await one.ask("1") == 30_000


async def test_a_request_that_is_heavier_than_the_window_leaves_alone() -> None:
    one = budget("4")
    await one.ask("1", is_urgent=True)

    assert await one.ask("9", is_urgent=True) == WINDOW_MS
    assert await one.ask("1", is_urgent=True) == WINDOW_MS


class SlowClock(SimClock):
    """A clock on which sleepers sleep until it is turned."""

    def __init__(self) -> None:
        super().__init__(T)
        self.turned = asyncio.Event()

    async def sleep_until(self, at_ms: int) -> None:
        while self.now_ms() < at_ms:
            self.turned.clear()
            await self.turned.wait()

    def turn(self, ms: int) -> None:
        """Let time pass, and wake the sleepers."""
        self.turn_to(self.now_ms() + ms)
        self.turned.set()


async def test_an_order_overtakes_the_readings_that_stand_in_line() -> None:
    clock = SlowClock()
    one = Budget(D(4), WINDOW_MS, clock)
    told: list[str] = []

    async def ask(name: str, *, is_urgent: bool = False) -> None:
        if is_urgent:
            with urgent():
                await one.spend(D(1))
        else:
            await one.spend(D(1))
        told.append(name)

    readings = [asyncio.create_task(ask(f"reading {number}")) for number in range(5)]
    for _ in range(5):
        await asyncio.sleep(0)
    order = asyncio.create_task(ask("order", is_urgent=True))
    for _ in range(5):
        await asyncio.sleep(0)

    assert told == ["reading 0", "reading 1", "order"]
    while len(told) < 6:
        clock.turn(WINDOW_MS)
        for _ in range(5):
            await asyncio.sleep(0)
    await asyncio.gather(*readings, order)
    assert told == ["reading 0", "reading 1", "order", "reading 2", "reading 3", "reading 4"]


async def test_urgency_ends_with_what_is_within() -> None:
    one = budget("2")
    with urgent():
        await one.spend(D(1))

    assert await one.ask("1") == WINDOW_MS
