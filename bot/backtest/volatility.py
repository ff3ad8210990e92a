"""How much a contract moved a day, as one who stands in the middle of a history would have measured it."""

from decimal import Decimal

import numpy as np

from bot.backtest.history import History, exact
from bot.core.formulas import day_volatility
from bot.core.snapshot import Volatility
from bot.core.values import Ratio

DAY_MS = 86_400_000
DAYS, DAYS_MIN = 30, 10
"""Closes that are looked back on, and how many it takes at least."""


DIGITS = Decimal("0.000001")


class DayVolatility:
    """Measures the last thirty days' closes; nothing later than the day that has just ended."""

    def __init__(self, history: History, symbol: str) -> None:
        days = history.open_ms // DAY_MS
        last = np.flatnonzero(np.append(days[1:] != days[:-1], [True]))
        self._days = days[last]
        self._closes = history.perp_close[last]
        self._symbol = symbol
        self._known: dict[int, Volatility | None] = {}

    def at(self, now_ms: int) -> Volatility | None:
        """Give the volatility known at a time; None before there is enough history."""
        today = now_ms // DAY_MS
        if today not in self._known:
            self._known[today] = self._measure(today)
        return self._known[today]

    def _measure(self, today: int) -> Volatility | None:
        ended = int(np.searchsorted(self._days, today))
        closes = [exact(close) for close in self._closes[max(0, ended - DAYS - 1) : ended]]
        if len(closes) <= DAYS_MIN:
            return None
        day = Ratio(day_volatility(closes).quantize(DIGITS))
        return Volatility(symbol=self._symbol, day=day, until_ms=(today + 1) * DAY_MS - 1)
