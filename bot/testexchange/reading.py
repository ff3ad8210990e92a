"""Reading numbers off a wire."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from bot.core.values import ZERO, Contracts, Price
from bot.testexchange.wire import No, NoError

DIGITS_MAX = 20
"""Before the point: a number beyond has no remainder by a step."""


def number_of(params: Mapping[str, object], name: str) -> Decimal:
    """Read a number that must be there.

    Raises:
        NoError: it is missing, no finite number, or longer than any that counts something.
    """
    try:
        value = Decimal(str(params.get(name, "")))
    except InvalidOperation as error:
        raise NoError(No.PARAMETER, name) from error
    if not value.is_finite() or value.adjusted() > DIGITS_MAX:
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
    if default is not None and params.get(name) in {None, ""}:
        return default
    value = number_of(params, name)
    if value != value.to_integral_value():
        raise NoError(No.PARAMETER, name)
    return int(value)
