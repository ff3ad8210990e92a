"""What became of an order when the line broke: whatever failed, the exchange took it at most once (I3)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.orders import OrderState, TimeInForce
from bot.core.reports import OrderReport
from bot.core.values import Contracts
from bot.shell.ports import (
    AuthFailedError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    VenueError,
)
from tests.shell.builders import House, house
from tests.sim.builders import D, T

S = OrderState


def _twice(home: House) -> None:
    """A request that the line delivers twice: the exchange answers a known name again."""
    home.venue.at_place = lambda request: setattr(home.venue, "again", home.exchange.place("me", request))


def _answer(**changes: object) -> Callable[[House], None]:
    def put(home: House) -> None:
        home.venue.answer = lambda report: replace(report, **changes)  # type: ignore[arg-type]  # the table's fields

    return put


def _before(error: VenueError) -> Callable[[House], None]:
    return lambda home: home.venue.before_place.append(error)


def _after(error: VenueError) -> Callable[[House], None]:
    return lambda home: home.venue.after_place.append(error)


def _refused(error: VenueError) -> Callable[[House], None]:
    def put(home: House) -> None:
        home.venue.refuses = True
        home.venue.after_place.append(error)

    return put


FAULTS: dict[str, Callable[[House], None]] = {
    "none": lambda _home: None,
    "time-out": _after(OutcomeUnknownError("no answer within 10 s")),
    "5xx": _after(VenueError("502 Bad Gateway")),
    "delivered-twice": _twice,
    "about-another": _answer(client_order_id="hr-someone-else"),
    "another-symbol": _answer(symbol="ETH/USDT:USDT"),
    "without-a-name": _answer(client_order_id=""),
    "too-much-filled": _answer(filled=Contracts(D(2))),
    "filled-nothing": _answer(state=S.FILLED, filled=Contracts(D(0))),
    "answers-planned": _answer(state=S.PLANNED),
    "lost": _before(OutcomeUnknownError("reset")),
    "lost-5xx": _before(VenueError("502 Bad Gateway")),
    "unreachable": _before(UnreachableError("connection refused")),
    "429": _before(RateLimitedError("slow down")),
    "skew": _before(RefusedForNowError("clock skew")),
    "refused": lambda home: setattr(home.venue, "refuses", True),
    "refused-time-out": _refused(OutcomeUnknownError("no answer within 10 s")),
}

OUTCOMES = """
# fault             patience | state      next   taken  held   after 10 minutes: answer, taken, held
  none              0        | filled     hold   1      -1     hold   1  -1
  time-out          0        | filled     hold   1      -1     hold   1  -1
  5xx               0        | filled     hold   1      -1     hold   1  -1
  delivered-twice   0        | filled     hold   1      -1     hold   1  -1
  about-another     0        | filled     hold   1      -1     hold   1  -1
  another-symbol    0        | filled     hold   1      -1     hold   1  -1
  without-a-name    0        | filled     hold   1      -1     hold   1  -1
  too-much-filled   0        | filled     hold   1      -1     hold   1  -1
  filled-nothing    0        | filled     hold   1      -1     hold   1  -1
  answers-planned   0        | filled     hold   1      -1     hold   1  -1
  lost              0        | unknown    wait   0      0      wait   0  0
  lost-5xx          0        | unknown    wait   0      0      wait   0  0
  unreachable       0        | rejected   wait   0      0      place  1  -1
  429               0        | rejected   wait   0      0      place  1  -1
  skew              0        | rejected   wait   0      0      place  1  -1
  refused           0        | rejected   wait   0      0      place  0  0
  refused-time-out  0        | rejected   wait   0      0      place  0  0
  time-out          30       | open       wait   1      0      cancel 1  0
  5xx               30       | open       wait   1      0      cancel 1  0
  delivered-twice   30       | open       wait   1      0      cancel 1  0
  about-another     30       | open       wait   1      0      cancel 1  0
  lost              30       | unknown    wait   0      0      wait   0  0
"""


def cases() -> list[tuple[str, str, str]]:
    lines = [line.split("|") for line in OUTCOMES.strip().splitlines()[1:]]
    return [(*left.split(), " ".join(right.split())) for left, right in lines]  # type: ignore[misc]  # two columns


@pytest.mark.parametrize(("name", "patience", "expected"), cases())
async def test_whatever_the_line_does_no_order_doubles(name: str, patience: str, expected: str) -> None:
    home = await house(patience=patience)
    home.price("50000", "50010" if patience != "0" else None)
    FAULTS[name](home)

    first = await home.loop.step()
    home.venue.answer = lambda report: report
    (following,) = await home.answers(1)
    taken, held = len(home.venue.taken), home.held()
    home.price("50000", "50010" if patience != "0" else None, seconds=600)
    (later,) = await home.answers(1)

    seen = [first.reports[0].state, following, taken, held, later, len(home.venue.taken), home.held()]
    assert " ".join(map(str, seen)) == expected
    assert home.agrees()
    assert home.told() == []


async def test_a_key_that_is_not_accepted_placed_nothing_and_stops_the_loop() -> None:
    home = await house()
    home.venue.before_place = [AuthFailedError("who are you")]

    with pytest.raises(AuthFailedError):
        await home.loop.step()

    assert home.journal.working() == ()
    assert [setback.count for setback in home.journal.rejected()] == [1]


async def test_an_order_not_found_for_half_an_hour_blocks_and_is_found_then() -> None:
    home = await house()
    home.venue.after_place = [OutcomeUnknownError("the line broke")]
    home.venue.at_place = lambda request: home.venue.hidden.add(request.client_order_id)
    home.venue.deaf = True

    first = await home.loop.step()
    waiting = []
    for _ in range(30):
        home.price("50000", seconds=60)
        waiting += await home.answers(1)
    home.venue.hidden.clear()
    home.venue.deaf = False
    found = await home.answers(2)

    assert first.reports[0].state is S.UNKNOWN
    assert set(waiting) == {"wait"}
    assert found == ["hold", "hold"]
    assert (len(home.venue.sent), home.held(), home.told()) == (1, D(-1), [])
    assert home.agrees()


async def test_an_order_without_a_record_is_settled_by_its_fills() -> None:
    home = await house()
    home.venue.after_place = [OutcomeUnknownError("the line broke")]
    home.venue.at_place = lambda request: home.venue.hidden.add(request.client_order_id)

    first = await home.loop.step()

    assert first.reports[0].state is S.FILLED
    assert [fill.contracts for fill in first.fills] == [D(1)]
    assert home.journal.working() == ()
    assert await home.answers(1) == ["hold"]


async def test_a_lost_answer_is_looked_up_at_once_and_again_for_some_ten_seconds() -> None:
    home = await house()
    home.venue.before_place = [OutcomeUnknownError("the line broke")]
    asked: list[int] = []
    order = home.venue.order

    async def watched(symbol: str, client_order_id: str) -> OrderReport | None:
        asked.append(home.clock.now_ms() - T)
        return await order(symbol, client_order_id)

    home.venue.order = watched  # type: ignore[method-assign]  # watched
    await home.loop.step()

    assert asked == [0, 1000, 3000, 7000, 11000]


async def test_a_look_up_that_fails_is_one_without_an_answer() -> None:
    home = await house()
    home.venue.after_place = [OutcomeUnknownError("the line broke")]
    home.venue.at_place = lambda _request: home.venue.on_activity.extend([UnreachableError("no route")] * 4)

    step = await home.loop.step()

    assert step.reports[0].state is S.FILLED
    assert len(home.venue.sent) == 1


@pytest.mark.parametrize("deaf", [True, False])
async def test_an_order_ends_only_when_its_fills_are_heard(deaf: bool) -> None:  # noqa: FBT001 - a column
    """A trade history that lags leaves the order unknown, and the books are never told of fills nobody heard of."""
    home = await house()
    home.venue.at_place = lambda _request: setattr(home.venue, "deaf", deaf)

    step = await home.loop.step()
    states = [(order.state, order.filled) for order in home.journal.working()]
    blocked = await home.answers(1)
    home.venue.deaf = False
    after = await home.answers(1)

    assert step.reports[0].state is (S.UNKNOWN if deaf else S.FILLED)
    assert states == ([(S.UNKNOWN, D(1))] if deaf else [])
    assert (blocked, after) == (["wait"] if deaf else ["hold"], ["hold"])
    assert home.agrees()
    assert home.told() == []


async def test_an_order_whose_fills_cannot_be_read_stays_as_it_was_and_is_looked_up_later() -> None:
    home = await house()
    home.venue.on_activity = [None, *[UnreachableError("no route")] * 4]
    first = await home.loop.step()
    states = [order.state for order in home.journal.working()]

    assert first.reports[0].state is S.SENT
    assert states == [S.SENT]
    assert await home.answers(1) == ["hold"]
    assert len(home.venue.sent) == 1


async def test_a_fill_that_comes_after_the_cancel_is_booked_on_its_order() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    (report,) = (await home.loop.step()).reports
    home.venue.lying = True
    home.price("50000", "50010", seconds=31)
    assert await home.answers(1) == ["cancel"]
    home.price("50020", "50030")

    answers = await home.answers(2)

    done = home.journal.done(report.client_order_id)
    assert done is not None
    assert (done.state, done.filled) == (S.FILLED, D(1))
    assert (answers, home.held()) == (["hold", "hold"], D(-1))
    assert [request.time_in_force for request in home.venue.sent] == [TimeInForce.POST_ONLY]
    assert home.agrees()
    assert home.told() == []


async def test_a_fill_of_a_rejected_order_is_booked_on_it_and_named() -> None:
    home = await house()
    home.venue.answer = lambda report: replace(report, state=S.REJECTED, filled=Contracts(D(0)))
    home.venue.at_place = lambda _request: setattr(home.venue, "deaf", True)
    (report,) = (await home.loop.step()).reports
    assert report.state is S.REJECTED
    home.venue.deaf = False

    answers = await home.answers(2)

    done = home.journal.done(report.client_order_id)
    assert done is not None
    assert (done.state, done.filled) == (S.REJECTED, D(1))
    assert home.told() == ["foreign_fill"]
    assert (answers, len(home.venue.sent), home.held()) == (["hold", "hold"], 1, D(-1))
    assert home.agrees()


@pytest.mark.parametrize("error", [OutcomeUnknownError("lost"), VenueError("502 Bad Gateway")])
async def test_a_cancel_without_an_answer_is_looked_up_and_asked_again(error: VenueError) -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    await home.loop.step()
    home.venue.on_cancel = [error] * 4
    home.price("50000", "50010", seconds=31)

    lost = await home.loop.step()
    home.venue.on_cancel = []
    home.price("50000", "50010", seconds=1)
    again = await home.answers(3)

    assert lost.reports[0].state is S.CANCELLING
    assert again == ["cancel", "place", "hold"]
    assert home.held() == D(-1)
