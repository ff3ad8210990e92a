"""The front door of comparisons: settings and candle files in, one row a hedge out."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.backtest.history import History, HistoryError, load, stamp
from bot.backtest.joining import on_one_grid
from bot.backtest.policy_report import YEAR_MS, Comparison, PolicyRow, policy_row
from bot.backtest.policy_span import Candidate, Span, span_of
from bot.backtest.side_by_side import Tell, side_by_side
from bot.core.rules import HedgeRules
from bot.core.values import record
from bot.settings import Settings
from bot.shell.ports import SettingsError
from bot.wiring_backtests import backtest_of


@record
class Replay:
    """All that one row is made of; it travels to another process."""

    settings_json: str
    hedge: str
    data: Path
    held: Path | None
    """Candles of the held coin, if the contract is on another."""
    span: Span

    def histories(self) -> tuple[History, History | None]:
        """Read the candles, both on one grid."""
        return _on_grid(load(self.data), None if self.held is None else load(self.held))


def compare(
    settings: Settings,
    data: Mapping[str, Path],
    from_ms: int | None,
    progress: Callable[[str, int, int], None],
) -> Comparison:
    """Replay every hedge of the settings on the candles of its contract, all scored on the same span, side by side.

    ``data`` gives a file by contract, and by spot market for coins that are hedged in another's. ``progress`` is told the
    hedge, its bars, and the bars done.

    Raises:
        HistoryError: candles cannot be replayed, or are too few for what a policy looks back on.
        SettingsError: a hedge has no candles or candles have no hedge, a hedge is dated, or ``from_ms`` does not suit.
        WorkerLostError: a process was killed.
    """
    started = time.monotonic()
    hedges = _hedges(settings, data)
    histories = {symbol: load(path) for symbol, path in data.items()}
    span = span_of(tuple(_candidate(one, histories) for one in hedges), from_ms)
    replays = [
        Replay(
            settings_json=settings.model_dump_json(),
            hedge=one.name,
            data=data[one.symbol],
            held=data[one.spots[0]] if one.spots else None,
            span=span,
        )
        for one in hedges
    ]
    rows = side_by_side(row_of, replays, lambda place, done, bars: progress(hedges[place].name, bars, done))
    return Comparison(
        scored_from=stamp(span.from_ms),
        scored_until=stamp(span.until_ms),
        years=(span.until_ms - span.from_ms) / YEAR_MS,
        rows=tuple(rows),
        seconds=round(time.monotonic() - started, 3),
    )


def _candidate(hedge: HedgeRules, histories: Mapping[str, History]) -> Candidate:
    bars, held = _on_grid(histories[hedge.symbol], histories[hedge.spots[0]] if hedge.spots else None)
    return Candidate(rules=hedge, history=bars, held=held)


def _on_grid(bars: History, held: History | None) -> tuple[History, History | None]:
    return (bars, None) if held is None else on_one_grid(bars, held)


def _hedges(settings: Settings, data: Mapping[str, Path]) -> Sequence[HedgeRules]:
    """Take the hedges of the settings, and refuse what cannot be replayed on the files."""
    hedges = [hedge.rules(name) for name, hedge in settings.hedges.items()]
    symbols = {symbol: None for one in hedges for symbol in (one.symbol, *one.spots)}
    for symbol in data:
        if symbol not in symbols:
            raise SettingsError(
                f"--data {symbol}: no hedge of the settings is by that contract or of that coin; name one of {', '.join(symbols)}."
            )
    for one in hedges:
        if one.kind.dated:
            raise SettingsError(
                f"hedges.{one.name} is dated, and policies are compared on perpetuals: leave it out, or replay its rolls"
                " with hedgerow backtest --spot."
            )
        lacking = [symbol for symbol in (one.symbol, *one.spots) if symbol not in data]
        if lacking:
            raise SettingsError(
                f"hedges.{one.name} has no candles: give --data {lacking[0]}=FILE, or leave the hedge out."
            )
    return hedges


def row_of(replay: Replay, tell: Tell) -> PolicyRow:
    """Replay one hedge and sum it up. The bars before the span are looked back on only."""
    whole, market = replay.histories()
    end = int(np.searchsorted(whole.open_ms + whole.interval_ms, replay.span.until_ms, "right"))
    bars, held = whole.part(0, end), None if market is None else market.part(0, end)
    start_bar = int(np.searchsorted(bars.open_ms + bars.interval_ms, replay.span.from_ms))
    runner = backtest_of(
        Settings.from_json(replay.settings_json), replay.hedge, bars, held=held, start_bar=start_bar
    )
    run = asyncio.run(runner.run(lambda bar: tell(bar - start_bar, len(bars) - start_bar)))
    if not run.decisions:
        raise HistoryError(
            f"{whole.name} has no spot price from {stamp(replay.span.from_ms)[:10]} on: give a file that has."
        )
    return policy_row(replay.hedge, run)
