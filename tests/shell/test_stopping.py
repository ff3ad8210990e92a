"""Stopping takes orders back and keeps the hedge; starting again settles what was sent before."""

from dataclasses import replace

import pytest

from bot.core.orders import OrderState, WorkingOrder
from bot.core.reports import OrderReport
from bot.core.values import Contracts
from bot.shell.ports import (
    AuthFailedError,
    OutcomeUnknownError,
    VenueError,
)
from tests.shell.builders import House, house
from tests.sim.builders import LINEAR, ME, D, order, quote

S = OrderState
OURS = "hr-0123456789-7-h0"


async def left(home: House, states: tuple[OrderState, ...]) -> str:
    """Place a patient order, and leave it in a state by the books while it stands at the exchange."""
    home.price("50000", "50010")
    (report,) = (await home.loop.step()).reports
    for state in states:
        moved = replace(report, state=state, filled=report.filled)
        home.journal.order_moved(moved, home.clock.now_ms())
    return report.client_order_id


@pytest.mark.parametrize("states", [(), (S.UNKNOWN,), (S.CANCELLING,)])
async def test_stopping_takes_back_whatever_may_stand_and_keeps_the_hedge(
    states: tuple[OrderState, ...],
) -> None:
    home = await house(patience="30")
    await left(home, states)
    home.exchange.quote(quote(LINEAR, "50011", "50020", size="0.3", at_ms=home.clock.now_ms()))

    await home.loop.stop()

    assert home.journal.working() == ()
    assert home.exchange.open_orders(ME) == ()
    assert (home.held(), home.agrees()) == (D("-0.3"), True)


async def test_stopping_takes_back_an_order_whose_answer_never_came() -> None:
    """SIGTERM between the request and its answer: SENT by the books, open at the exchange."""
    home = await house(patience="30")
    home.price("50000", "50010")
    snapshot, decision = await home.loop.preview()
    home.journal.decided(snapshot, decision)
    (planned,) = home.journal.working()
    home.journal.order_moved(sent(planned.request.client_order_id), home.clock.now_ms())
    home.exchange.place(ME, planned.request)

    await home.loop.stop()

    assert home.journal.working() == ()
    assert home.exchange.open_orders(ME) == ()


def sent(name: str) -> OrderReport:
    return OrderReport(client_order_id=name, symbol=LINEAR.symbol, state=S.SENT, filled=Contracts(D(0)))


@pytest.mark.parametrize(
    "error", [OutcomeUnknownError("lost"), VenueError("502 Bad Gateway"), AuthFailedError("who are you")]
)
async def test_an_order_that_cannot_be_taken_back_is_named_and_keeps_no_other(error: VenueError) -> None:
    home = await house(patience="30")
    first = await left(home, ())
    second = order("sell", "0.1", "51000", name=OURS)
    home.venue.by_hand(second)
    home.journal.adopt(
        WorkingOrder(request=second, state=S.OPEN, filled=Contracts(D(0)), since_ms=home.clock.now_ms()),
        "btc",
    )
    home.venue.on_cancel = [error] * (4 if isinstance(error, OutcomeUnknownError) else 1)

    await home.loop.stop()

    (line,) = [line for line in home.log.lines if "may still stand" in str(line["event"])]
    assert (line["order"], line["level"]) == (first, "warning")
    assert [report.client_order_id for report in home.exchange.open_orders(ME)] == [first]


@pytest.mark.parametrize("reached", [True, False])
async def test_an_order_that_was_sent_before_a_crash_is_looked_up_and_not_sent_again(reached: bool) -> None:  # noqa: FBT001 - a column
    home = await house()
    snapshot, decision = await home.loop.preview()
    home.journal.decided(snapshot, decision)
    (planned,) = home.journal.working()
    home.journal.order_moved(sent(planned.request.client_order_id), home.clock.now_ms())
    if reached:
        home.exchange.place(ME, planned.request)

    again = await house(journal=home.journal, exchange=home.exchange)
    answers = await again.answers(2)

    assert answers == (["hold", "hold"] if reached else ["wait", "wait"])
    assert again.venue.sent == []
    assert again.held() == (D(-1) if reached else D(0))
    assert again.agrees()
    assert again.told() == []
