"""Reading answers: what is not of the right shape is no answer."""

from decimal import Decimal

import pytest

from bot.adapters.venues import answers
from bot.adapters.venues.answers import ShapeError
from bot.adapters.venues.bingx_words import data_of as bingx_data
from bot.adapters.venues.bingx_words import filled_ms
from bot.adapters.venues.bybit_market import listed_rows
from bot.adapters.venues.mexc_market import data_of as mexc_data

D = Decimal


@pytest.mark.parametrize("found", [None, [], "x", 1, True, [{}]])
def test_what_is_no_object_is_no_object(found: object) -> None:
    with pytest.raises(ShapeError, match="here: an object was expected"):
        answers.row(found, "here")


@pytest.mark.parametrize("found", [None, {}, "x", 1, "", {"list": []}])
def test_what_is_no_list_is_never_an_empty_one(found: object) -> None:
    with pytest.raises(ShapeError, match="here: a list was expected"):
        answers.rows(found, "here")


@pytest.mark.parametrize("found", [[1], [None], [{}, "x"], [[]]])
def test_a_list_of_other_things_is_none_of_objects(found: object) -> None:
    with pytest.raises(ShapeError, match="an object was expected"):
        answers.rows(found, "here")


def test_an_empty_list_is_an_answer() -> None:
    assert answers.rows([], "here") == ()


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1E-7", "1E-7"),
        (5, "5"),
        ("0", "0"),
        ("00012", "12"),
        (D("3.3"), "3.3"),
    ],
)
def test_a_number_is_read_to_the_last_digit(told: object, read: str) -> None:
    assert str(answers.number({"x": told}, "x")) == read


@pytest.mark.parametrize("told", [None, "", "x", "NaN", "Infinity", "-inf", "1,5", [], {}, "0x10"])
def test_what_is_no_finite_number_is_none(told: object) -> None:
    with pytest.raises(ShapeError, match=r"^x "):
        answers.number({"x": told}, "x")


@pytest.mark.parametrize(
    ("found", "or_zero", "maybe"),
    [({}, D(0), None), ({"x": None}, D(0), None), ({"x": ""}, D(0), None), ({"x": "2"}, D(2), D(2))],
)
def test_a_number_may_be_left_out_where_that_is_allowed(
    found: dict[str, object], or_zero: Decimal, maybe: Decimal | None
) -> None:
    assert answers.number_or(found, "x") == or_zero
    assert answers.maybe(found, "x") == maybe


@pytest.mark.parametrize("read", [answers.number_or, answers.maybe])
def test_a_number_that_is_there_has_to_be_one(read: object) -> None:
    assert callable(read)
    with pytest.raises(ShapeError, match="no number"):
        read({"x": "many"}, "x")


@pytest.mark.parametrize("told", ["true", "True", True, "TRUE"])
def test_yes_is_yes_in_any_spelling(told: object) -> None:
    assert answers.flag({"x": told}, "x") is True
    assert answers.flag({"x": str(told).lower().replace("true", "false")}, "x") is False


@pytest.mark.parametrize("told", ["yes", 1, 0, "", None])
def test_what_is_neither_yes_nor_no_is_no_answer(told: object) -> None:
    with pytest.raises(ShapeError):
        answers.flag({"x": told}, "x")


def test_words_that_are_missing_are_told_with_where() -> None:
    with pytest.raises(ShapeError, match=r"symbol is missing in \{'size': '1'\}"):
        answers.text({"size": "1"}, "symbol")


def test_a_time_is_whole_milliseconds() -> None:
    assert answers.time_ms({"x": "1772438400000"}, "x") == 1_772_438_400_000


@pytest.mark.parametrize("answer", [{}, {"result": {}}, {"result": []}, {"result": {"list": None}}, [], None])
def test_bybits_envelope_has_to_be_whole(answer: object) -> None:
    with pytest.raises(ShapeError):
        listed_rows(answer, "positions")


@pytest.mark.parametrize("answer", [{}, {"code": 0}, {"code": 0, "msg": ""}, [], None])
def test_bingx_envelope_has_to_be_whole(answer: object) -> None:
    with pytest.raises(ShapeError):
        bingx_data(answer, "positions")


@pytest.mark.parametrize(
    "answer",
    [{}, {"success": False, "data": []}, {"data": []}, {"success": True}, {"success": None, "data": []}],
)
def test_mexcs_envelope_has_to_say_that_it_succeeded(answer: object) -> None:
    with pytest.raises(ShapeError):
        mexc_data(answer, "positions")


@pytest.mark.parametrize(
    ("found", "at_ms"),
    [
        ({"filledTm": "2026-03-02T16:00:00.123+0800"}, 1_772_438_400_123),
        ({"filledTime": "2026-03-02T08:00:00Z"}, 1_772_438_400_000),
        ({"tradeTime": 1_772_438_400_000}, 1_772_438_400_000),
        ({"time": "1772438400000"}, 1_772_438_400_000),
        ({"filledTm": "", "filledTime": "2026-03-02T08:00:00.000Z"}, 1_772_438_400_000),
    ],
)
def test_bingx_tells_when_something_filled_in_many_ways(found: dict[str, object], at_ms: int) -> None:
    assert filled_ms(found) == at_ms


@pytest.mark.parametrize("found", [{}, {"filledTm": "yesterday"}, {"time": None}])
def test_a_fill_without_a_time_is_no_answer(found: dict[str, object]) -> None:
    with pytest.raises(ShapeError):
        filled_ms(found)


@pytest.mark.parametrize(
    "side", [None, "x", {}, [1], [[]], [["1"]], [["x", "1"]], [["1", None]], [["NaN", "1"]]]
)
def test_what_is_no_side_of_a_book_is_none(side: object) -> None:
    with pytest.raises(ShapeError):
        answers.levels({"b": side}, "b")


def test_a_side_of_a_book_is_prices_with_sizes_and_may_be_empty() -> None:
    assert answers.levels({"b": [["1.5", "2"], ["1.4", 3, 4]]}, "b") == ((D("1.5"), D(2)), (D("1.4"), D(3)))
    assert answers.levels({"b": []}, "b") == ()
