"""Killed at every journal write and at every call of the venue: start-up is recovery (I1, I3, I6)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.core.orders import OrderState
from bot.core.reports import Fill
from tests.shell.builders import House, house
from tests.sim.builders import LINEAR, ME, D, quote

WRITES = ("decided", "order_moved", "heard", "found", "adopt", "learned")
CALLS = (
    "contracts",
    "account",
    "positions",
    "quotes",
    "funding",
    "activity",
    "order",
    "place",
    "cancel",
)
POINTS_MAX = 400
"""More than any of the stories below has; the enumeration ends where a story does."""
S = OrderState


class Killed(BaseException):
    """The process is gone: nothing below may catch it."""


class Reaper:
    """Counts the points at which a process can die, before and after each call, and kills it at one."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def watch(self, home: House) -> None:
        for name in WRITES:
            setattr(home.journal, name, self._write(getattr(home.journal, name)))
        for name in CALLS:
            setattr(home.venue, name, self._call(getattr(home.venue, name)))

    def unwatch(self, home: House) -> None:
        for name in WRITES:
            delattr(home.journal, name)

    def point(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            raise Killed

    def _write(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*words: Any, **named: Any) -> Any:
            self.point()
            answer = write(*words, **named)
            self.point()
            return answer

        return watched

    def _call(self, ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def watched(*words: Any, **named: Any) -> Any:
            self.point()
            answer = await ask(*words, **named)
            self.point()
            return answer

        return watched


async def entry(home: House) -> None:
    """Cross the spread for all of it."""
    await home.answers(2)


async def reprice(home: House) -> None:
    """Rest at the touch, fill in part, follow the market, then cross for the rest."""
    home.price("50000", "50010")
    answers = await home.answers(2)
    home.exchange.quote(quote(LINEAR, "50011", "50020", size="0.3", at_ms=home.clock.now_ms()))
    home.price("49900", "49910", seconds=11)
    answers += await home.answers(3)
    home.price("49900", "49910", seconds=31)
    answers += await home.answers(3)
    assert answers == ["place", "wait", "cancel", "place", "wait", "cancel", "place", "hold"]


async def stopping(home: House) -> None:
    """Rest at the touch, and be told to stop."""
    home.price("50000", "50010")
    await home.answers(1)
    await home.loop.stop()


STORIES: dict[str, tuple[Callable[[House], Awaitable[None]], str]] = {
    "entry": (entry, "0"),
    "reprice": (reprice, "30"),
    "stopping": (stopping, "30"),
}


async def killed_at(story: str, at: int) -> House | None:
    """Tell a story up to its end, None then, or to the point at which the process dies."""
    tell, patience = STORIES[story]
    home = await house(patience=patience)
    reaper = Reaper(at)
    reaper.watch(home)
    try:
        await tell(home)
    except Killed:
        return home
    finally:
        reaper.unwatch(home)
    return None


async def recovered(home: House) -> tuple[House, list[str]]:
    """Start again on what is left, and let time pass until the hedge stands.

    Also gives the orders that had to be looked for in vain: killed between the journal and the wire, nobody can tell at
    once that an order never left. It blocks until every record has lacked it for long enough.
    """
    again = await house(
        patience="30", journal=home.journal, exchange=home.exchange, at_ms=home.clock.now_ms()
    )
    await pass_time(again)
    lost = [order.request.client_order_id for order in again.journal.working() if order.state is S.UNKNOWN]
    for name in lost:
        assert again.exchange.order(ME, name) is None, "what the exchange has a record of is found"
    for seconds in (100, 2700):
        if again.journal.working():
            again.price("50000", "50010", seconds=seconds)
            await pass_time(again)
    return again, lost


async def pass_time(home: House) -> None:
    for _ in range(6):
        home.price("50000", "50010", seconds=15)
        await home.loop.step()


@pytest.mark.parametrize(("story", "blocked"), [("entry", 2), ("reprice", 6), ("stopping", 2)])
async def test_killed_anywhere_no_order_doubles_and_the_hedge_reaches_its_target(
    story: str, blocked: int
) -> None:
    """``blocked`` counts the points between SENT and the wire, two for every order of the story."""
    asked_for = 0
    for at in range(1, POINTS_MAX):
        home = await killed_at(story, at)
        if home is None:
            break
        live = home.exchange.open_orders(ME)
        again, lost = await recovered(home)
        asked_for += len(lost)

        assert len(live) <= 1, f"point {at}"
        assert again.held() == D(-1), f"point {at}"
        assert again.agrees(), f"point {at}"
        assert again.told() == [], f"point {at}"
        assert filled_twice(home) == [], f"point {at}"
        assert again.journal.working() == (), f"point {at}"
    assert 20 < at < POINTS_MAX - 1, "the story has an end"
    assert asked_for == blocked


def filled_twice(home: House) -> list[str]:
    """Name orders that filled more than they asked for."""
    fills = [item for item in home.exchange.activity[ME] if isinstance(item, Fill)]
    sums: Counter[str] = Counter()
    for fill in fills:
        assert fill.symbol == LINEAR.symbol
        sums[fill.client_order_id] += int(fill.contracts * 1000)
    return [name for name, thousandths in sums.items() if thousandths > 1000]
