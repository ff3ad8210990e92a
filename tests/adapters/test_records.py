"""What is written is what is read, to the last digit, for every record that decisions are made of."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.records import (
    decision_from_json,
    decision_to_json,
    snapshot_from_json,
    snapshot_to_json,
)
from bot.core.decide import Decision, decide
from bot.core.desk import Cancel
from bot.core.orders import OrderState, WorkingOrder
from bot.core.risk import Approved
from bot.core.snapshot import Snapshot
from bot.core.values import Coins, Contracts
from tests.adapters.builders import decided, request_of, rules, snapshot, with_hole

ODD = ("1.10", "-0", "0E-8", "1E+3", "-0.000", "1e-28", "123456789012345678901234567890.12345678901234567890")

decimals = st.one_of(st.sampled_from(ODD).map(Decimal), st.decimals(allow_nan=False, allow_infinity=False))
SIMPLE: dict[object, st.SearchStrategy[Any]] = {
    Decimal: decimals,
    int: st.integers(min_value=-(2**60), max_value=2**60),
    str: st.text(max_size=8),
    bool: st.booleans(),
    NoneType: st.none(),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Make values of a type out of its annotations, so that a field added tomorrow is tested tomorrow."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, NewType):
        return anything(kind.__supertype__)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: anything(hints[field.name]) for field in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    return _composed(get_origin(kind), get_args(kind))


def _composed(origin: object, parts: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is Literal:
        return st.sampled_from(parts)
    if origin in {Union, UnionType}:
        return st.one_of(*map(anything, parts))
    assert origin is tuple, origin
    if parts[1:] == (...,):
        return st.lists(anything(parts[0]), max_size=2).map(tuple)
    return st.tuples(*map(anything, parts))


@given(anything(Snapshot))
def test_any_snapshot_comes_back_as_it_was_to_the_last_digit(picture: Snapshot) -> None:
    back = snapshot_from_json(snapshot_to_json(picture))
    assert repr(back) == repr(picture)
    assert back == picture


@given(anything(Decision))
def test_any_decision_comes_back_as_it_was_to_the_last_digit(decision: Decision) -> None:
    back = decision_from_json(decision_to_json(decision))
    assert repr(back) == repr(decision)
    assert back == decision


@given(st.decimals(min_value=0, max_value=5))
def test_a_decision_on_a_picture_read_back_is_the_decision_on_the_picture(coins: Decimal) -> None:
    holding = replace(snapshot().holdings[0], coins=Coins(coins))
    picture = replace(snapshot(), holdings=(holding,))
    back = snapshot_from_json(snapshot_to_json(picture))
    assert repr(decide(back, rules())) == repr(decide(picture, rules()))


@pytest.mark.parametrize("digits", ODD)
def test_decimals_are_strings_with_their_own_digits(digits: str) -> None:
    picture = replace(snapshot(), holdings=(replace(snapshot().holdings[0], coins=Coins(Decimal(digits))),))
    text = snapshot_to_json(picture)
    assert json.loads(text)["holdings"][0]["coins"] == str(Decimal(digits))
    assert repr(snapshot_from_json(text).holdings[0].coins) == repr(Decimal(digits))


def test_commands_are_told_apart_by_their_kind() -> None:
    placing = decided()[1]
    standing = WorkingOrder(
        request=request_of(placing),
        state=OrderState.OPEN,
        filled=Contracts(Decimal(0)),
        since_ms=placing.at_ms,
    )
    late = replace(snapshot(2), memory=placing.memory, working=(standing,))
    late = replace(late, at_ms=late.at_ms + 3_600_000)
    taking_back = decide(late, rules())
    kinds = [type(decision_from_json(decision_to_json(d)).commands[0]) for d in (placing, taking_back)]
    assert kinds == [Approved, Cancel]


def _renamed(decision: dict[str, Any]) -> None:
    decision["commands"][0]["kind"] = "cancel"


def _worded_number(decision: dict[str, Any]) -> None:
    decision["at_ms"] = "1"


def _unknown_word(decision: dict[str, Any]) -> None:
    decision["commands"][0]["request"]["side"] = "borrow"


def _lost(decision: dict[str, Any]) -> None:
    del decision["memory"]


@pytest.mark.parametrize("spoil", [_renamed, _worded_number, _unknown_word, _lost])
def test_a_spoilt_decision_is_a_fault_and_not_bent_into_shape(
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    decision = json.loads(decision_to_json(decided()[1]))
    spoil(decision)
    with pytest.raises(ValueError, match="validation error"):
        decision_from_json(json.dumps(decision))


def test_a_picture_with_holes_says_so_after_reading() -> None:
    assert snapshot_from_json(snapshot_to_json(with_hole(snapshot()))).missing == ("no quote of BTCUSDT",)
