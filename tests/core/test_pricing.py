"""The ladder, as a trader would read it: where an order waits, when it follows the touch, when it crosses."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot.core import pricing
from bot.core.decide import decide
from bot.core.memory import HedgeMemory, Memory
from bot.core.orders import OrderState, WorkingOrder
from bot.core.risk import Approved
from bot.core.snapshot import Setback, Snapshot
from bot.core.values import Coins, Contracts, Price, Side
from tests.core.builders import (
    LINEAR,
    D,
    T,
    guard_rules,
    hedge_rules,
    linear_contract,
    pricing_rules,
    quote,
    request,
    rows,
    rules,
    snapshot,
)

# One coin, nothing short: a sell of 1 is due. Tick 0.1; patience 30 s; chases when 5 ticks behind, after 10 s, 3 times.
# "first seen": seconds since the gap was. "order": limit of the working sell and seconds it has stood. "sent": orders
# sent for this gap so far.
LADDER = """
# bid      ask      first seen  order         sent | rung
  49990    50010    0           -             0    | sell 1 at 50010 post_only     passive: joins our side of the touch
  49990    50010    29          -             1    | sell 1 at 50010 post_only     priced anew after a chase
  49990    50010    30          -             1    | sell 1 at 49940.1 ioc          patience is out: across, 0.1 % at most
  49990    50010    5           50010:5       1    | wait                          at the touch
  49990    50009.6  20          50010:20      1    | wait                          4 ticks behind are not enough
  49989    50009.5  20          50010:9       1    | wait                          priced a moment ago
  49989    50009.5  20          50010:10      1    | cancel                        chase: 5 ticks behind, 10 s old
  49989    50009.5  20          50010:10      3    | cancel                        the third chase
  49989    50009.5  20          50010:10      4    | wait                          chased often enough: it stands
  50020    50040    20          50010:15      1    | wait                          the market came to it
  49990    50010    30          50010:30      1    | cancel                        patience is out: the rest will cross
"""


def _picture(columns: list[str]) -> Snapshot:
    bid, ask, first_seen, order, sent = columns
    picture = snapshot(prices=quote(bid=bid, ask=ask), number=7)
    memory = HedgeMemory(
        hedge="btc",
        gap_since_ms=T - int(first_seen) * 1000 if int(sent) else None,
        reprices=int(sent),
        intent=5 if int(sent) else 0,
        own=Coins(D(1)),
    )
    working: tuple[WorkingOrder, ...] = ()
    if order != "-":
        limit, stood = order.split(":")
        working = (
            WorkingOrder(
                request=request("sell", 1, limit=limit),
                state=OrderState.OPEN,
                filled=Contracts(D(0)),
                since_ms=T - int(stood) * 1000,
            ),
        )
    return replace(picture, working=working, memory=Memory(number=7, hedges=(memory,)))


def rung(picture: Snapshot) -> str:
    decision = decide(picture, rules())
    for command in decision.commands:
        if isinstance(command, Approved):
            order = command.request
            return (
                f"{order.side} {order.contracts.normalize():f} at {order.limit_price:f} {order.time_in_force}"
            )
    return decision.explanations[0].answer


@pytest.mark.parametrize(("columns", "expected"), list(rows(LADDER)))
def test_an_order_climbs_the_ladder_one_rung_at_a_time(columns: list[str], expected: str) -> None:
    assert rung(_picture(columns)).replace(".0 ", " ") == expected


# A hedge of 10 coins that stands at 10; what happens is told by the columns.
URGENCY = """
# own  remembered  short  moved by others  wallet   | order      why
  10   10          9.8    no               1000000  | post_only  -                                                  drift waits
  12   10          10     no               1000000  | ioc        coins came or went
  8    10          10     no               1000000  | ioc        coins came or went
  10   10          7      yes              1000000  | ioc        the position moved without an order of ours
  10   10          8.9    no               1000000  | ioc        the gap of a standing hedge is wide
  10   10          0      no               1000000  | post_only  -                                                  the first hedge has patience
  10   10          10.5   no               5000     | ioc        margin is thin and the hedge is to be reduced
"""


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (line.partition("|")[0].split(), line.partition("|")[2].strip())
        for line in URGENCY.strip().splitlines()[1:]
    ],
)
def test_what_is_no_small_drift_crosses_at_once(columns: list[str], expected: str) -> None:
    own, remembered, short, moved, wallet = columns
    picture = replace(
        snapshot(spot=own, held=-D(short), wallet=wallet, number=7),
        memory=Memory(number=7, hedges=(HedgeMemory(hedge="btc", own=Coins(D(remembered))),)),
        shifted=(LINEAR.symbol,) if moved == "yes" else (),
    )
    careful = guard_rules(margin_ratio="0.5")
    hedge = hedge_rules(outer="0.015")

    decision = decide(picture, rules(hedge, pricing=pricing_rules(urgent_gap="0.1"), guard=careful))

    (command,) = decision.commands
    assert isinstance(command, Approved)
    order, why = re.split(r"\s{2,}", expected)[:2]
    assert command.request.time_in_force == order
    assert decision.memory.of("btc").urgent == why.replace("-", "")


def test_urgency_stays_until_the_gap_is_closed() -> None:
    first = decide(replace(snapshot(spot=2, held=-1), memory=_calm(1)), rules())
    still = decide(replace(snapshot(spot=2, held="-1.5"), memory=first.memory), rules())
    closed = decide(replace(snapshot(spot=2, held=-2), memory=still.memory), rules())

    assert first.memory.of("btc").urgent == still.memory.of("btc").urgent == "coins came or went"
    assert closed.memory.of("btc").urgent == ""


def _calm(own: int) -> Memory:
    return Memory(number=1, hedges=(HedgeMemory(hedge="btc", own=Coins(D(own))),))


# Spread of 2.0; tick 0.1.
INSIDE = """
# side  bid    ask    ticks | price
  sell  50000  50002  0     | 50002
  sell  50000  50002  5     | 50001.5
  sell  50000  50002  99    | 50000.1  never across
  buy   50000  50002  5     | 50000.5
  buy   50000  50002  99    | 50001.9
  sell  50000  50000.1  5   | 50000.1  no room inside one tick
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(INSIDE)))
def test_a_passive_order_goes_inside_a_wide_spread_and_never_across(
    columns: list[str], expected: str
) -> None:
    side, bid, ask, ticks = columns
    slip = pricing.price(
        Side(side), quote(bid=bid, ask=ask), LINEAR, pricing_rules(inside_ticks=int(ticks)), crossing=False
    )

    assert slip.limit_price == D(expected)


def test_a_large_trade_is_sliced_and_the_slices_are_one_intent() -> None:
    sliced = rules(pricing=pricing_rules(patience=0, slice_notional=20_000))

    first = decide(snapshot(), sliced)
    second = decide(replace(snapshot(held="-0.4"), memory=first.memory), sliced)

    orders = [command for decision in (first, second) for command in decision.commands]
    assert [order.request.contracts for order in orders if isinstance(order, Approved)] == [D("0.4")] * 2
    assert {order.intent for order in orders if isinstance(order, Approved)} == {1}


def test_an_intent_is_measured_against_the_mid_at_which_its_gap_was_first_seen() -> None:
    first = decide(snapshot(prices=quote(bid=49_990, ask=50_010)), rules())
    moved = replace(snapshot(prices=quote(bid=50_990, ask=51_010)), memory=first.memory)

    (command,) = decide(moved, rules()).commands

    assert isinstance(command, Approved)
    assert command.arrival_mid == Price(D(50_000))
    assert command.intent == first.number


# What a selling hedge of one coin finds missing.
NO_BOOK = """
# missing          patience | answer
  bid              0        | wait
  bid              30       | wait
  ask              0        | wait
  ask              30       | wait
  bid_contracts    0        | wait   nothing to take
  bid_contracts    30       | place  it may wait at the touch
  ask_contracts    0        | place
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(NO_BOOK)))
def test_a_contract_without_a_book_is_named_and_nothing_is_sent(columns: list[str], expected: str) -> None:
    name, patience = columns
    missing: Any = {name: D(0)}

    decision = decide(snapshot(prices=replace(quote(), **missing)), rules(patience=patience))

    assert decision.explanations[0].answer == expected
    assert bool(decision.commands) == (expected == "place")
    assert ("has no book" in decision.explanations[0].why) == (expected == "wait")


def test_a_gap_below_the_venues_smallest_value_is_named_and_nothing_is_sent() -> None:
    contract = linear_contract(notional_min=100)
    hedge = hedge_rules(contract, outer=0)

    decision = decide(snapshot(contract, spot="0.0019"), rules(hedge))

    assert decision.commands == ()
    assert decision.refused[0].gates == ("venue_minimum",)


# Rejected orders one after the other, and seconds since the last.
BACK_OFF = """
# rejected  seconds | answer
  1         0       | wait
  1         1       | place
  2         1       | wait
  2         2       | place
  5         15      | wait
  5         16      | place
  50        299     | wait    never more than five minutes
  50        300     | place
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(BACK_OFF)))
def test_after_rejected_orders_the_next_one_waits_longer(columns: list[str], expected: str) -> None:
    count, seconds = map(int, columns)
    setback = Setback(symbol=LINEAR.symbol, count=count, last_at_ms=T - seconds * 1000)

    decision = decide(replace(snapshot(), setbacks=(setback,)), rules())

    assert decision.explanations[0].answer == expected
