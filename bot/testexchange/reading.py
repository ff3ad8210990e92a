"""Reading numbers and texts off a wire."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from bot.core.values import ZERO, Contracts, Price
from bot.testexchange.wire import No, NoError, Request

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
"""As it is written in JSON, or nearly so: Python itself reads blanks, underscores and the digits of all scripts."""
DIGITS_MAX = 20
"""Before the point: a number beyond has no remainder by a step."""
DECIMALS_MAX = 40
"""Behind the point: a number beyond would fill a book when written out."""


def number_of(params: Mapping[str, object], name: str) -> Decimal:
    """Read a number that must be there.

    Raises:
        NoError: it is missing, no finite number, or longer than any that counts something.
    """
    text = str(params.get(name, ""))
    if not NUMBER.fullmatch(text):
        raise NoError(No.PARAMETER, name)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise NoError(No.PARAMETER, name) from error
    exponent = value.as_tuple().exponent
    if value.adjusted() > DIGITS_MAX or not isinstance(exponent, int) or exponent < -DECIMALS_MAX:
        raise NoError(No.PARAMETER, name)
    return value


def size_of(params: Mapping[str, object], name: str) -> Contracts:
    """Read a size.

    Raises:
        NoError: it is missing, or not positive.
    """
    value = number_of(params, name)
    if value <= ZERO:
        raise NoError(No.SIZE_SMALL)
    return Contracts(value)


def price_of(params: Mapping[str, object], name: str) -> Price:
    """Read a price.

    Raises:
        NoError: it is missing, or not positive.
    """
    value = number_of(params, name)
    if value <= ZERO:
        raise NoError(No.TICK, name)
    return Price(value)


def whole_of(params: Mapping[str, object], name: str, default: int | None = None) -> int:
    """Read a whole number; one that may be left out has a default.

    Raises:
        NoError: it is missing, or none.
    """
    if default is not None and params.get(name) in (None, ""):
        return default
    value = number_of(params, name)
    if value != value.to_integral_value():
        raise NoError(No.PARAMETER, name)
    return int(value)


def body_of(request: Request) -> dict[str, object]:
    """Read the JSON object of a request.

    Raises:
        NoError: it is none.
    """
    found = request.json()
    if not isinstance(found, dict):
        raise NoError(No.PARAMETER, "the body is no object")
    return found


def text_of(words: Mapping[str, object], name: str) -> str:
    """Read a text; one that is left out is empty.

    Raises:
        NoError: it is something else.
    """
    found = words.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise NoError(No.PARAMETER, name)
    return found
