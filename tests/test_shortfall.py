"""The queue model by hand-made events, and the measuring command on the recording, by invariants and not by figures."""

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.core.values import Side
from bot.settings_trading import Pricing
from tests import shortfall
from tests.recorded_book import (
    RECORDING,
    BestQuote,
    Book,
    Chain,
    Event,
    Level,
    Levels,
    Queue,
    Resting,
    Trade,
    read,
)
from tests.recorded_intent import NS_A_MS, Intent, Plan
from tests.shortfall import CROSS, Job, Outcome

D = Decimal
RECORDED = Path(__file__).parent.parent.parent / "shared" / "data" / RECORDING
BUY, SELL = Side.BUY, Side.SELL
S = 1_000 * NS_A_MS


def levels(*sizes: str) -> tuple[Level, ...]:
    """Read ``100.0*3`` as 3 displayed at 100.0."""
    return tuple((D(price), D(size)) for price, size in (one.split("*") for one in sizes))


def quote(bid: str, ask: str, at_ns: int = 0) -> BestQuote:
    return BestQuote(at_ns, 0, *levels(bid)[0], *levels(ask)[0])


def trade(price: str, size: str, aggressor: Side, at_ns: int = 0) -> Trade:
    return Trade(at_ns, 0, D(price), D(size), aggressor)


def book(
    bids: Sequence[str] = ("100.0*3", "99.9*5", "99.7*8"), asks: Sequence[str] = ("100.1*2", "100.2*4")
) -> Book:
    made = Book()
    made.apply(Levels(0, levels(*bids), levels(*asks)))
    made.apply(quote(bids[0], asks[0]))
    return made


def resting(
    limit: str = "100.0", size: str = "1", *, side: Side = BUY, queue: Queue = Queue.BEHIND
) -> Resting:
    return Resting.join(book(), side, D(limit), D(size), queue)


# --- the queue ----------------------------------------------------------------------------------------------


def test_an_order_joins_behind_what_is_displayed_at_its_price() -> None:
    assert resting("100.0").ahead == 3
    assert resting("99.9").ahead == 5
    assert resting("99.8").ahead == 0
    assert resting("100.2", side=SELL).ahead == 4


@pytest.mark.parametrize("queue", Queue)
def test_an_order_fills_only_after_the_queue_ahead_has_traded(queue: Queue) -> None:
    order = resting(queue=queue)

    assert order.trade(trade("100.0", "2", SELL)) == 0
    assert order.trade(trade("100.0", "1.4", SELL)) == D("0.4")
    assert order.trade(trade("100.0", "5", SELL)) == D("0.6")
    assert order.left == 0


def test_trades_of_our_own_side_or_at_better_prices_do_not_serve_the_queue() -> None:
    order = resting()

    assert order.trade(trade("100.0", "9", BUY)) == 0
    assert order.trade(trade("100.1", "9", BUY)) == 0
    assert order.trade(trade("100.1", "9", SELL)) == 0
    assert order.ahead == 3


@pytest.mark.parametrize(("side", "limit", "beyond"), [(BUY, "100.0", "99.9"), (SELL, "100.1", "100.2")])
def test_a_trade_through_the_level_fills_without_the_queue_up_to_its_size(
    side: Side, limit: str, beyond: str
) -> None:
    order = resting(limit, side=side)

    assert order.trade(trade(beyond, "0.3", SELL if side is BUY else BUY)) == D("0.3")
    assert order.ahead == 0
    assert order.trade(trade(beyond, "5", SELL if side is BUY else BUY)) == D("0.7")


def test_cancels_are_behind_us_or_shared_as_the_queue_says() -> None:
    pessimist, optimist = resting(), resting(queue=Queue.PRO_RATA)
    for order in (pessimist, optimist):
        order.see(D(9))  # 6 join behind us
        order.see(D(3))  # 6 of 9 cancel

    assert pessimist.ahead == 3
    assert optimist.ahead == 1


def test_what_traded_is_not_taken_for_a_cancel() -> None:
    order = resting(queue=Queue.PRO_RATA)
    order.trade(trade("100.0", "1", SELL))
    order.see(D(2))
    assert order.ahead == 2

    order.see(D(1))
    assert order.ahead == 1


def test_an_emptied_level_leaves_the_optimist_first_and_the_pessimist_waiting() -> None:
    pessimist, optimist = resting(), resting(queue=Queue.PRO_RATA)
    for order in (pessimist, optimist):
        order.see(D(0))

    assert pessimist.trade(trade("100.0", "1", SELL)) == 0
    assert optimist.trade(trade("100.0", "1", SELL)) == 1


# --- the book -----------------------------------------------------------------------------------------------


def test_crossing_walks_the_levels_up_to_its_limit() -> None:
    assert book().take(BUY, D(1), D("100.2")) == [(D("100.1"), D(1))]
    assert book().take(BUY, D(5), D("100.2")) == [(D("100.1"), D(2)), (D("100.2"), D(3))]
    assert book().take(BUY, D(5), D("100.1")) == [(D("100.1"), D(2))]
    assert book().take(BUY, D(5), D("100.0")) == []
    assert book().take(SELL, D(9), D("99.8")) == [(D("100.0"), D(3)), (D("99.9"), D(5))]


def test_a_fresher_quote_hides_the_levels_it_has_passed() -> None:
    made = book()
    made.apply(quote("99.9*1", "100.2*1"))

    assert made.shown(BUY, D("100.0")) == 0
    assert made.shown(BUY, D("99.9")) == 1
    assert made.shown(BUY, D("99.7")) == 8
    assert made.take(BUY, D(5), D(101)) == [(D("100.2"), D(1))]


def test_a_size_of_nothing_takes_a_level_away() -> None:
    made = book()
    made.apply(Levels(0, levels("99.9*0"), ()))

    assert made.shown(BUY, D("99.9")) == 0


def test_a_missing_depth_diff_is_an_error() -> None:
    chain = Chain()
    empty: dict[str, Any] = {"b": [], "a": []}
    assert (
        list(chain.follow(0, empty | {"u": 5, "pu": 4})) == []
    )  # it came before the full book, and is in it
    assert len(list(chain.follow(0, {"lastUpdateId": 6, "bids": [], "asks": []}))) == 1
    assert len(list(chain.follow(0, empty | {"u": 8, "pu": 5}))) == 1

    with pytest.raises(ValueError, match="missing between 8 and 9"):
        list(chain.follow(0, empty | {"u": 10, "pu": 9}))


# --- an intent ----------------------------------------------------------------------------------------------


def worked(plan: Plan, side: Side, size: str, events: Sequence[Event]) -> Intent:
    """Let an intent arrive on the book of these tests and live through events."""
    made = book()
    intent = Intent(plan, side, D(size), made.touched(), 0)
    for event in events:
        while intent.due_ns <= event.at_ns:
            intent.wake(made)
        made.apply(event)
        intent.hear(event, made)
    return intent


def prices(intent: Intent) -> list[tuple[Decimal, Decimal, bool]]:
    return [(fill.price, fill.size, fill.maker) for fill in intent.fills]


LADDER = Plan(name="ladder", pricing=Pricing().rules())
AT_ONCE = Plan(name=CROSS, pricing=Pricing(patience_seconds=D(0)).rules())


def test_an_intent_without_patience_crosses_after_the_latency() -> None:
    intent = worked(AT_ONCE, BUY, "3", [quote("100.0*3", "100.1*2", S)])

    assert prices(intent) == [(D("100.1"), D(2), False), (D("100.2"), D(1), False)]
    assert {fill.at_ns for fill in intent.fills} == {100 * NS_A_MS}
    assert intent.done


def test_what_the_cap_does_not_allow_is_asked_again() -> None:
    events = [quote("100.0*3", "100.1*2", at * S // 10) for at in range(1, 30)]

    assert worked(AT_ONCE, BUY, "7", events).filled == 7
    assert len({fill.at_ns for fill in worked(AT_ONCE, BUY, "7", events).fills}) == 2


def test_the_ladder_rests_waits_for_its_queue_and_is_done_as_a_maker() -> None:
    early = trade("100.0", "2", SELL, at_ns=50 * NS_A_MS)  # before the order has arrived
    intent = worked(LADDER, BUY, "1", [early, trade("100.0", "3", SELL, S), trade("100.0", "2", SELL, 2 * S)])

    assert prices(intent) == [(D("100.0"), D(1), True)]
    assert intent.fills[0].at_ns == 2 * S


def test_the_ladder_crosses_when_its_patience_is_out() -> None:
    still = [quote("100.0*3", "100.1*2", second * S) for second in range(1, 32)]
    intent = worked(LADDER, SELL, "1", still)

    assert prices(intent) == [(D("100.0"), D(1), False)]
    assert 30 * S < intent.fills[0].at_ns < 31 * S


def test_the_ladder_follows_a_touch_that_leaves() -> None:
    away = quote("101.0*3", "101.1*2", S)
    intent = worked(LADDER, BUY, "1", [away, trade("100.9", "1", SELL, 12 * S)])

    assert prices(intent) == [(D("101.0"), D(1), True)]


def test_a_passive_order_that_would_take_is_rejected_and_tried_again_later() -> None:
    meets = quote("99.9*5", "100.0*1", 50 * NS_A_MS)
    intent = worked(LADDER, BUY, "1", [meets, trade("99.8", "1", SELL, S), trade("99.8", "1", SELL, 3 * S)])

    assert intent.rejected == 1
    assert prices(intent) == [(D("99.9"), D(1), True)]
    assert intent.fills[0].at_ns == 3 * S


def test_an_outcome_is_measured_in_basis_points_of_the_mid_at_arrival() -> None:
    intent = worked(AT_ONCE, BUY, "2", [quote("100.0*3", "100.1*2", S)])
    one = shortfall.outcome(intent, began_ns=0)

    assert one.price == pytest.approx(0.05 / 100.05 * 10_000)
    assert one.price == pytest.approx(one.half_spread)
    assert one.fees == pytest.approx(5 * 100.1 / 100.05)
    assert (one.passive, one.seconds, one.done) == (0, 0.1, True)


def test_blocks_that_agree_have_no_error_and_blocks_that_differ_have_one() -> None:
    at = [float(second) for second in range(120)]
    steady = shortfall.estimate(at, [1.0, 3.0] * 60, seed=7)
    moody = shortfall.estimate(at, [1.0] * 60 + [3.0] * 60, seed=7)

    assert (steady.mean, steady.error) == (2, 0)
    assert moody.mean == 2
    assert moody.error == pytest.approx(0.5, rel=0.05)  # sd 1 of four blocks
    assert moody == shortfall.estimate(at, [1.0] * 60 + [3.0] * 60, seed=7)


# --- the recording ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def events() -> list[Event]:
    if not RECORDED.is_file():
        pytest.skip(f"the recording {RECORDING} is not beside the repository, in shared/data")
    return read(RECORDED)


def by_plan(outcomes: Sequence[Outcome], plan: str) -> list[Outcome]:
    return [one for one in outcomes if one.plan.startswith(plan)]


def test_the_report_on_the_recording_is_whole(events: list[Event]) -> None:
    job = Job(Pricing(), every_seconds=40)
    told = shortfall.report(events, job)

    assert told["recording"]["arrivals"] == len(shortfall.arrivals(events, job)) >= 7
    assert [(one["size"], one["plan"]) for one in told["rows"]] == [
        (size, plan) for size in ("0.05", "0.5") for plan in (CROSS, *(f"ladder, {queue}" for queue in Queue))
    ]
    for one in told["rows"]:
        assert one["intents"] == 2 * told["recording"]["arrivals"]
        assert 0 <= one["not_done"] < one["intents"]
        assert 0 <= one["passive"] <= 1
        assert (one["passive"] == 0) == (one["plan"] == CROSS)
        assert 2 <= one["fees_bp"] <= 5.1
        assert one["total_bp"]["low"] <= one["total_bp"]["mean"] <= one["total_bp"]["high"]
    for one in told["differences"]:
        assert one["price_bp"]["error"] > 0
        assert one["driftless_bp"] < 0
    text = shortfall.table(told)
    assert all(assumption in text for assumption in told["assumptions"])


def test_every_intent_on_the_recording_ends_or_says_that_it_did_not(events: list[Event]) -> None:
    instant = Job(Pricing(), every_seconds=40, sizes=(D("0.5"),))
    instant = replace(instant, world=replace(instant.world, latency_ms=0))
    outcomes = shortfall.measure(events, instant)
    for one in outcomes:
        assert 0 <= one.passive <= 1
        assert one.seconds >= 0 or (not one.done and math.isnan(one.seconds))
    for one in by_plan(outcomes, CROSS):  # without latency nothing can come between the mid and the crossing
        assert one.done
        assert one.price >= one.half_spread - 1e-9
    for one in by_plan(outcomes, "ladder"):
        assert one.fees == pytest.approx(5 - 3 * one.passive, rel=0.01) or not one.done
