"""From when to when policies are compared: nothing is scored before the longest look-back of all is full."""

import numpy as np

from bot.backtest.history import History, HistoryError, stamp
from bot.core.lookback import Need
from bot.core.policy import needs_of, settlements_of
from bot.core.rules import HedgeRules
from bot.core.values import record
from bot.shell.ports import SettingsError

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@record
class Span:
    """The time that is scored, from one decision on to the last close; the same for all that are compared."""

    from_ms: int
    until_ms: int


@record
class Candidate:
    """A hedge, and the history it is to be replayed on; of a coin that its contract is not on, its market's, too."""

    rules: HedgeRules
    history: History
    held: History | None


def span_of(candidates: tuple[Candidate, ...], from_ms: int | None) -> Span:
    """Find the span all are scored on: from ``from_ms``, or the first midnight at which all have their history.

    Raises:
        HistoryError: a file holds not what a policy looks back on, or is too short for it.
        SettingsError: ``from_ms`` is before the look-backs are full, or behind the end.
    """
    until_ms = min(one.history.close_ms(-1) for one in candidates)
    ready = {one.rules.name: _ready_ms(one) for one in candidates}
    slowest = max(ready, key=lambda name: ready[name])
    earliest_ms = -(-ready[slowest] // DAY_MS) * DAY_MS
    if earliest_ms + DAY_MS > until_ms:
        raise HistoryError(
            f"hedges.{slowest} has looked back on enough at {stamp(earliest_ms)[:10]} only, and the candles end at"
            f" {stamp(until_ms)[:10]}: give a longer file, or let it look back on less."
        )
    if from_ms is not None and not earliest_ms <= from_ms <= until_ms - DAY_MS:
        raise SettingsError(
            f"--from {stamp(from_ms)[:10]}: hedges.{slowest} has looked back on enough from {stamp(earliest_ms)[:10]}"
            f" on, and the candles end at {stamp(until_ms)[:10]}: choose a day from the one to before the other."
        )
    return Span(from_ms=earliest_ms if from_ms is None else from_ms, until_ms=until_ms)


def _ready_ms(one: Candidate) -> int:
    """Find the first time at which all that a hedge's policy looks back on is there."""
    rules, history = one.rules, one.history
    needs = needs_of(rules.stages, rules.symbol, rules.assets)
    ready = [int(history.open_ms[0]), *(_full_ms(need, one) for need in needs)]
    count = settlements_of(rules.stages)
    settled_ms = history.open_ms[np.flatnonzero(~np.isnan(history.funding_rate))]
    if count > len(settled_ms):
        raise HistoryError(
            f"hedges.{rules.name} looks back on {count} settlements of funding, {history.name} holds {len(settled_ms)}:"
            " give a longer file, or let it look back on less."
        )
    return max(ready + [int(settled_ms[count - 1]) + 1 for _ in range(min(count, 1))])


def _full_ms(need: Need, one: Candidate) -> int:
    """Find when so many bars have closed, the first of them on the clock."""
    rules, history = one.rules, one.history
    known = {rules.symbol, rules.spot(rules.base), *(rules.spots if one.held is not None else ())}
    if need.symbol not in known or need.bar_ms % history.interval_ms:
        raise HistoryError(
            f"hedges.{rules.name} looks back on bars of {need.bar_ms / HOUR_MS:g} h of {need.symbol}, which {history.name}"
            f" ({history.interval_ms / HOUR_MS:g} h) does not hold: change the stage, or give a finer file."
        )
    return -(-int(history.open_ms[0]) // need.bar_ms) * need.bar_ms + need.count * need.bar_ms
