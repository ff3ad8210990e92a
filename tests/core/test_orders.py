"""The life of an order as a table, and its name as a pure function."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import (
    BLOCKING,
    DONE,
    ID_LENGTH_MAX,
    ID_PREFIX,
    TRANSITIONS,
    WORKING,
    IllegalTransitionError,
    OrderState,
    client_order_id,
    move,
)
from tests.core.builders import Amount, D, working_order

# From the row to the column: yes, no, or the state itself, where staying is always legal.
MOVES = """
             planned  sent  unknown  open  cancelling  filled  cancelled  rejected
planned      stay     yes   no       no    no          no      yes        no
sent         no       stay  yes      yes   no          yes     yes        yes
unknown      no       no    stay     yes   no          yes     yes        yes
open         no       no    yes      stay  yes         yes     yes        no
cancelling   no       no    yes      yes   stay        yes     yes        no
filled       no       no    no       no    no          stay    no         no
cancelled    no       no    no       no    no          yes     stay       no
rejected     no       no    no       no    no          no      no         stay
"""


def moves() -> dict[tuple[OrderState, OrderState], bool]:
    header, *lines = MOVES.strip().splitlines()
    columns = [OrderState(word) for word in header.split()]
    return {
        (OrderState(line.split()[0]), column): word != "no"
        for line in lines
        for column, word in zip(columns, line.split()[1:], strict=True)
    }


@pytest.mark.parametrize(("now", "then"), list(product(OrderState, OrderState)))
def test_an_order_moves_as_the_table_allows_and_in_no_other_way(now: OrderState, then: OrderState) -> None:
    if moves()[now, then]:
        assert move("o1", now, then) is then
    else:
        with pytest.raises(IllegalTransitionError, match=f"o1 cannot go from {now} to {then}"):
            move("o1", now, then)


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    assert len(moves()) == len(OrderState) ** 2


def test_a_fill_that_was_on_its_way_when_the_cancel_arrived_is_legal() -> None:
    assert move("o1", OrderState.CANCELLED, OrderState.FILLED) is OrderState.FILLED


def test_done_and_working_share_out_the_states_and_only_an_open_order_does_not_block() -> None:
    assert set(OrderState) == DONE | WORKING
    assert set() == DONE & WORKING
    assert {OrderState.OPEN} == WORKING - BLOCKING
    assert BLOCKING < WORKING


def test_whatever_is_done_moves_to_nothing_that_works() -> None:
    assert all(TRANSITIONS[state] <= DONE for state in DONE)


def test_the_venues_records_can_settle_an_unknown_order_in_every_way() -> None:
    assert TRANSITIONS[OrderState.UNKNOWN] >= DONE | {OrderState.OPEN}


@pytest.mark.parametrize(
    ("side", "filled", "in_flight"),
    [("sell", 0, -3), ("sell", 1, -2), ("sell", 3, 0), ("sell", 4, 0), ("buy", "0.5", "2.5")],
)
def test_in_flight_is_what_may_still_fill_with_its_sign(side: str, filled: Amount, in_flight: Amount) -> None:
    order = working_order(side, 3, filled=filled)

    assert order.in_flight == D(in_flight)
    assert order.remaining == abs(D(in_flight))


names = st.text(max_size=60)
numbers = st.integers(1, 10**9)


@given(account=names, hedge=names, decision=numbers, reprice=st.integers(0, 99_999))
def test_a_name_fits_every_venue_and_is_told_from_foreign_ones(
    account: str, hedge: str, decision: int, reprice: int
) -> None:
    name = client_order_id(account, hedge, decision, "hedge", reprice)

    assert len(name) <= ID_LENGTH_MAX == 32
    assert re.fullmatch(r"[A-Za-z0-9-]+", name)
    assert name.startswith(f"{ID_PREFIX}-")


@given(account=names, hedge=names, decision=numbers, reprice=st.integers(0, 99))
def test_a_name_is_the_same_when_asked_again_and_another_when_anything_differs(
    account: str, hedge: str, decision: int, reprice: int
) -> None:
    name = client_order_id(account, hedge, decision, "hedge", reprice)

    assert name == client_order_id(account, hedge, decision, "hedge", reprice)
    others = {
        client_order_id(account + "x", hedge, decision, "hedge", reprice),
        client_order_id(account, hedge + "x", decision, "hedge", reprice),
        client_order_id(account, hedge, decision + 1, "hedge", reprice),
        client_order_id(account, hedge, decision, "hedge", reprice + 1),
    }
    assert len(others | {name}) == 5


@given(st.lists(st.tuples(numbers, st.integers(0, 99)), unique=True, min_size=2, max_size=20))
def test_no_two_orders_of_a_hedge_share_a_name(orders: list[tuple[int, int]]) -> None:
    named = {client_order_id("main", "btc", decision, "hedge", reprice) for decision, reprice in orders}

    assert len(named) == len(orders)


def test_a_name_is_the_same_in_every_process_and_version() -> None:
    assert client_order_id("main", "btc", 417, "hedge", 0) == "hr-43e2344387-417-h0"
    assert client_order_id("ab", "c", 1, "hedge", 0) != client_order_id("a", "bc", 1, "hedge", 0)
