"""Values every room shares: records, units, and rounding to whole steps.

Money, prices and sizes are :class:`~decimal.Decimal`. Calculating with a float, ordering against one or making a
Decimal of one raises (only ``==`` does not), because importing this module arms Decimal's ``FloatOperation`` trap for the
thread that runs it and for every thread started later.
Times are integers: milliseconds since 1970-01-01 UTC, in names that end in ``_ms``.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal, DefaultContext, FloatOperation, getcontext
from enum import StrEnum
from typing import NewType, TypeVar, dataclass_transform

DefaultContext.traps[FloatOperation] = True
getcontext().traps[FloatOperation] = True

Price = NewType("Price", Decimal)
"""Quote currency per coin."""
Coins = NewType("Coins", Decimal)
"""Base coins; an exposure is signed, a short is negative."""
Money = NewType("Money", Decimal)
"""Settlement currency: quote currency (linear) or coins (inverse); received is positive."""
Contracts = NewType("Contracts", Decimal)
"""Contracts of one instrument; a position is signed, an order is not."""
Notional = NewType("Notional", Decimal)
"""Value in quote currency, never negative."""
Ratio = NewType("Ratio", Decimal)
"""A pure number: 1 is the whole."""

ZERO = Decimal(0)
ONE = Decimal(1)

MONEY_QUANTUM = ONE.scaleb(-15)
"""Money moves in whole quanta, finer than any venue books, so that sums of it are exact to the last digit."""

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a frozen, slotted, keyword-only dataclass: the only kind of value that crosses rooms."""
    return dataclass(frozen=True, slots=True, kw_only=True)(cls)


class Side(StrEnum):
    """Direction of an order. Sizes of orders are unsigned; the side carries the sign."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


def side_of(signed: Decimal) -> Side:
    """Give the side of a trade that adds ``signed`` to a position: negative sells."""
    return Side.SELL if signed < ZERO else Side.BUY


def floor_to_step(amount: Decimal, step: Decimal) -> Decimal:
    """Cut ``amount`` towards zero to a whole number of steps; the answer is never larger in magnitude."""
    return (amount / step).to_integral_value(ROUND_DOWN) * step


def ceil_to_step(amount: Decimal, step: Decimal) -> Decimal:
    """Raise ``amount`` away from zero to a whole number of steps."""
    return (amount / step).to_integral_value(ROUND_UP) * step


def round_to_step(amount: Decimal, step: Decimal) -> Decimal:
    """Round ``amount`` to the nearest whole number of steps, halves to even."""
    return (amount / step).to_integral_value(ROUND_HALF_EVEN) * step


def money(amount: Decimal) -> Money:
    """Round an amount of settlement currency to whole quanta, halves to even."""
    return Money(amount.quantize(MONEY_QUANTUM, ROUND_HALF_EVEN))
