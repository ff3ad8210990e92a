"""Orders whose fate is open: they block, are told once, and end by a record, a person, or the lack of every record."""

import pytest

from bot.core.orders import OrderState
from bot.shell.ports import (
    HedgerowError,
    OutcomeUnknownError,
)
from bot.shell.reconcile import settle_by_hand
from tests.shell.builders import house
from tests.sim.builders import ME, D

S = OrderState


async def test_an_order_that_stays_unknown_is_told_once_and_does_not_end_while_its_position_does_not_agree() -> (
    None
):
    home = await house()
    home.venue.after_place = [OutcomeUnknownError("lost")]
    home.venue.at_place = lambda request: home.venue.hidden.add(request.client_order_id)
    home.venue.deaf = True
    answers = await home.answers(1)
    for _ in range(5):
        home.price("50000", seconds=3600)
        answers += await home.answers(1)

    assert answers == ["place", "wait", "wait", "wait", "wait", "wait"]
    assert home.told() == ["unknown_order"]
    (line,) = [line for line in home.log.lines if "incident" in line]
    (unknown,) = home.journal.working()
    assert f"hedgerow settle {unknown.request.client_order_id} --gone" in str(line["event"])
    assert line["account"] == ME


@pytest.mark.parametrize(("patience", "too_soon", "long_enough"), [("0", 100, 121), ("300000", 2650, 2701)])
async def test_an_order_that_every_record_lacks_for_long_enough_was_never_placed(
    patience: str, too_soon: int, long_enough: int
) -> None:
    """An order that cannot rest is given up sooner than one that may turn up late."""
    home = await house(patience=patience)
    home.price("50000", "50010")
    home.venue.before_place = [OutcomeUnknownError("lost")]
    await home.loop.step()
    (unknown,) = home.journal.working()

    home.price("50000", "50010", seconds=too_soon)
    soon = await home.answers(1)
    home.price("50000", "50010", seconds=long_enough - too_soon)
    late = await home.answers(1)
    home.price("50000", "50010", seconds=2)
    after = await home.answers(1)

    ended = home.journal.done(unknown.request.client_order_id)
    assert ended is not None
    assert (soon, late, after, ended.state) == (["wait"], ["wait"], ["place"], S.REJECTED)
    assert len(home.venue.sent) == 1


async def test_a_person_may_say_that_an_unknown_order_is_gone() -> None:
    home = await house()
    home.venue.before_place = [OutcomeUnknownError("lost")]
    await home.loop.step()
    (unknown,) = home.journal.working()

    report = settle_by_hand(home.journal, unknown.request.client_order_id, "gone", home.clock)

    assert report.state is S.CANCELLED
    assert home.journal.working() == ()
    assert await home.answers(2) == ["place", "hold"]
    assert (home.held(), home.agrees()) == (D(-1), True)


async def test_an_order_that_turns_up_after_it_was_said_to_be_gone_is_taken_back() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    home.venue.after_place = [OutcomeUnknownError("lost")]
    home.venue.at_place = lambda request: home.venue.hidden.add(request.client_order_id)
    await home.loop.step()
    (unknown,) = home.journal.working()
    settle_by_hand(home.journal, unknown.request.client_order_id, "gone", home.clock)
    home.venue.hidden.clear()

    await home.loop.step()

    assert home.told() == ["stray_order"]
    names = [report.client_order_id for report in home.exchange.open_orders(ME)]
    assert unknown.request.client_order_id not in names


async def test_only_an_unknown_order_can_be_settled_by_hand() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    (report,) = (await home.loop.step()).reports

    with pytest.raises(HedgerowError, match=r"only an order that is unknown can be; those are: none\."):
        settle_by_hand(home.journal, report.client_order_id, "gone", home.clock)
