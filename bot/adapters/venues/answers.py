"""Reading venues' answers: never a guess. What is not of the right shape is no answer."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from bot.core.values import ZERO

Row = Mapping[str, object]


class ShapeError(Exception):
    """An answer is not of the shape it must have, so that nothing can be read off it."""


def row(value: object, where: str) -> Row:
    """Read an object.

    Raises:
        ShapeError: it is none.
    """
    if not isinstance(value, Mapping):
        raise ShapeError(f"{where}: an object was expected, not {str(value)[:80]!r}")
    return value


def rows(value: object, where: str) -> tuple[Row, ...]:
    """Read a list of objects; an empty list is an answer, anything else is none.

    Raises:
        ShapeError: it is none.
    """
    if not isinstance(value, list):
        raise ShapeError(f"{where}: a list was expected, not {str(value)[:80]!r}")
    return tuple(row(item, where) for item in value)


def text(found: Row, key: str) -> str:
    """Read words.

    Raises:
        ShapeError: there are none.
    """
    if found.get(key) is None:
        raise ShapeError(f"{key} is missing in {str(dict(found))[:120]}")
    return str(found[key])


def number(found: Row, key: str) -> Decimal:
    """Read a number.

    Raises:
        ShapeError: it is none.
    """
    try:
        value = Decimal(text(found, key))
    except InvalidOperation as error:
        raise ShapeError(f"{key} is no number in {str(dict(found))[:120]}") from error
    if not value.is_finite():
        raise ShapeError(f"{key} is no finite number in {str(dict(found))[:120]}")
    return value


def number_or(found: Row, key: str, default: Decimal = ZERO) -> Decimal:
    """Read a number that may be left out or empty.

    Raises:
        ShapeError: it is there, and none.
    """
    return default if found.get(key) in {None, ""} else number(found, key)


def maybe(found: Row, key: str) -> Decimal | None:
    """Read a number that may be left out or empty, and then is not known.

    Raises:
        ShapeError: it is there, and none.
    """
    return None if found.get(key) in {None, ""} else number(found, key)


def time_ms(found: Row, key: str) -> int:
    """Read a time in milliseconds.

    Raises:
        ShapeError: it is none.
    """
    return int(number(found, key))


def flag(found: Row, key: str) -> bool:
    """Read yes or no, as words or as such.

    Raises:
        ShapeError: it is neither.
    """
    value = text(found, key).lower()
    if value not in {"true", "false"}:
        raise ShapeError(f"{key} is neither true nor false in {str(dict(found))[:120]}")
    return value == "true"


Level = tuple[Decimal, Decimal]
"""A price of the book, and the size that stands there in the venue's unit."""


def levels(found: Row, key: str) -> tuple[Level, ...]:
    """Read one side of a book; an empty side is an answer.

    Raises:
        ShapeError: it is not a list of prices with sizes.
    """
    side = found.get(key)
    if not isinstance(side, list) or not all(isinstance(one, list) and len(one) > 1 for one in side):
        raise ShapeError(f"{key} is no side of a book in {str(dict(found))[:120]}")
    named = [{"price": one[0], "size": one[1]} for one in side]
    return tuple((number(one, "price"), number(one, "size")) for one in named)
