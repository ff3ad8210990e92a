"""Rounding, the trap for floats, and what a record is."""

import dataclasses
import threading
from collections.abc import Callable
from decimal import Decimal, FloatOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.values import (
    MONEY_QUANTUM,
    ONE,
    ZERO,
    Price,
    Side,
    ceil_to_step,
    floor_to_step,
    money,
    record,
    round_to_step,
    side_of,
)
from tests.core.builders import D, numbers, position

# A tie goes to the even number of steps; floor goes towards zero, ceil away from it, for both signs.
ROUNDING = """
# amount    step  |  floor   ceil    round
    0.0009  0.001 |  0       0.001   0.001
    0.0015  0.001 |  0.001   0.002   0.002
    0.0025  0.001 |  0.002   0.003   0.002
    0.0030  0.001 |  0.003   0.003   0.003
   -0.0009  0.001 |  0      -0.001  -0.001
   -0.0025  0.001 | -0.002  -0.003  -0.002
    7       5     |  5      10       5
    7.5     5     |  5      10      10
   12.5     5     | 10      15      10
   -7.51    5     | -5     -10     -10
    0       5     |  0       0       0
"""

amounts = st.integers(-(10**9), 10**9).map(lambda n: D(n).scaleb(-6))
steps = st.integers(1, 10**4).map(lambda n: D(n).scaleb(-4))


@pytest.mark.parametrize(("given_", "expected"), numbers(ROUNDING))
def test_amounts_are_rounded_to_whole_steps(given_: list[Decimal], expected: list[Decimal]) -> None:
    amount, step = given_

    assert [f(amount, step) for f in (floor_to_step, ceil_to_step, round_to_step)] == expected


@given(amount=amounts, step=steps)
def test_rounding_gives_whole_steps_next_to_the_amount(amount: Decimal, step: Decimal) -> None:
    low, high, near = (f(amount, step) for f in (floor_to_step, ceil_to_step, round_to_step))

    assert [figure % step for figure in (low, high, near)] == [0, 0, 0]
    assert abs(low) <= abs(amount) <= abs(high)
    assert abs(high - low) in {ZERO, step}
    assert near in {low, high}
    assert abs(near - amount) * 2 <= step


@given(amount=amounts)
def test_money_moves_in_whole_quanta(amount: Decimal) -> None:
    odd = amount / 7

    assert money(odd) % MONEY_QUANTUM == ZERO
    assert abs(money(odd) - odd) * 2 <= MONEY_QUANTUM


@pytest.mark.parametrize(
    "mix",
    [lambda: ONE < 1.5, lambda: ONE >= 1.5, lambda: max(ONE, 0.5), lambda: Decimal(1 / 8)],
    ids=["less", "at least", "larger", "made of a float"],
)
def test_comparing_a_decimal_with_a_float_raises(mix: Callable[[], object]) -> None:
    with pytest.raises(FloatOperation):
        mix()


def test_a_sum_of_a_decimal_and_a_float_raises_without_any_trap() -> None:
    with pytest.raises(TypeError):
        ONE + 0.5  # type: ignore[operator]  # raises: that is the test


def test_the_trap_is_armed_in_threads_that_start_later() -> None:
    caught: list[BaseException] = []

    def compare() -> None:
        try:
            assert ONE < 1.5
        except FloatOperation as error:
            caught.append(error)

    thread = threading.Thread(target=compare)
    thread.start()
    thread.join()

    assert len(caught) == 1


def test_a_trade_that_adds_less_than_nothing_sells() -> None:
    assert (side_of(D(-2)), side_of(D(2))) == (Side.SELL, Side.BUY)
    assert (Side.SELL.sign, Side.BUY.sign) == (-1, 1)


@record
class Point:
    """Where a price stood."""

    at_ms: int
    price: Price = Price(ONE)


def test_a_record_is_frozen_and_has_slots_and_keywords_only() -> None:
    point = Point(at_ms=1)

    with pytest.raises(dataclasses.FrozenInstanceError):
        point.at_ms = 2  # type: ignore[misc]  # frozen: that is the test
    with pytest.raises((AttributeError, TypeError)):
        point.extra = 2  # type: ignore[attr-defined]  # slotted: that is the test
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[call-arg]  # keyword-only: that is the test
    assert not hasattr(point, "__dict__")


def test_a_record_is_compared_and_hashed_by_its_values() -> None:
    assert Point(at_ms=1, price=Price(D("1.0"))) == Point(at_ms=1, price=Price(D("1.00")))
    assert len({position(contracts="1.0"), position(contracts="1.00"), position(contracts=2)}) == 2
