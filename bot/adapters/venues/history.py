"""Rows of the past as the client library gives them, read strictly, with the answer they come from beside them.

The library takes an answer without any list for an empty one, and leaves out what it cannot read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.adapters.venues.answers import ShapeError
from bot.core.values import ZERO

Candle = tuple[int, Decimal, Decimal, Decimal]
"""Open time, high, low, close."""
Rate = tuple[int, Decimal]
"""When it was settled, and the rate."""


def candles_of(rows: Any, answer: object) -> tuple[Candle, ...]:  # noqa: ANN401 - ccxt has no types
    """Read candles, oldest first.

    Raises:
        ShapeError: the answer is no list of candles.
    """
    with _strictly("candles", answer):
        return tuple(sorted(_candle(row) for row in rows))


def rates_of(rows: Any, answer: object) -> tuple[Rate, ...]:  # noqa: ANN401 - ccxt has no types
    """Read settled funding rates, oldest first.

    Raises:
        ShapeError: the answer is no list of rates.
    """
    with _strictly("funding that was settled", answer):
        return tuple(sorted((int(row["timestamp"]), _exact(row["fundingRate"])) for row in rows))


@contextmanager
def _strictly(what: str, answer: object) -> Iterator[None]:
    if not _holds_list(answer):
        raise ShapeError(f"{what}: a list was expected, not {str(answer)[:80]!r}")
    try:
        yield
    except (TypeError, ValueError, LookupError) as error:
        raise ShapeError(f"{what}: {error}") from error


def _holds_list(answer: object) -> bool:
    if isinstance(answer, Mapping):
        return any(_holds_list(one) for one in answer.values())
    return isinstance(answer, list)


def _candle(row: Any) -> Candle:  # noqa: ANN401 - ccxt has no types
    high, low, close = (_exact(row[place]) for place in (2, 3, 4))
    if min(high, low, close) <= ZERO:
        raise ValueError(f"prices of {high}, {low} and {close}")
    return int(row[0]), high, low, close


def _exact(value: object) -> Decimal:
    """Read a figure of the library's, which is a Decimal or a number as it was written."""
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{str(value)[:40]!r} is no number") from error
    if not found.is_finite():
        raise ValueError(f"{value} is no number")
    return found
