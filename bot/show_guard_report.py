"""How replays with and without the guard look side by side in a terminal."""

from collections.abc import Sequence
from decimal import Decimal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.backtest.guard_notes import GuardStep
from bot.backtest.guard_report import GuardRow
from bot.show import moment, money, percent, short


def compared(rows: Sequence[GuardRow], *, steps: bool) -> Group:
    """Lay replays side by side, and under them each act of the guard if asked for."""
    table = Table(title="the guard over the years", title_justify="left", pad_edge=False)
    table.add_column("", style="dim")
    for row in rows:
        table.add_column(f"{row.hedge}\n{row.scenario}", justify="right")
    for label, cells in _lines(rows):
        table.add_row(label, *cells)
    words = Text(
        "Naked coins are what the hedge falls short of the full hedge; what they gained or lost is spot, not cost."
        " Liquidation is checked at each bar's high, the guard decides at closes."
    )
    listed = [_steps(row) for row in rows if row.steps] if steps else []
    return Group(table, words, *listed)


def _lines(rows: Sequence[GuardRow]) -> list[tuple[str, list[str]]]:
    return [
        ("leverage at entry", [f"{row.leverage_entered:.2f} x" for row in rows]),
        ("liquidated", [_death(row) for row in rows]),
        ("nearest liquidation", [percent(row.distance_min) for row in rows]),
        ("reductions", [str(row.reductions) for row in rows]),
        ("naked, most after one", [f"{short(row.naked_max)} coins" for row in rows]),
        ("naked, mean", [f"{row.naked_mean:.4f} coins" for row in rows]),
        ("cost of reductions", [_settled(row.cost, row) for row in rows]),
        ("gained by naked coins", [money(row.naked_pnl) for row in rows]),
        ("top-ups", [str(row.top_ups) for row in rows]),
        ("moved in", [_settled(row.moved, row) for row in rows]),
        ("hedge ratio, mean", [percent(row.ratio_mean) for row in rows]),
        ("hedge ratio, end", [percent(row.ratio_end) for row in rows]),
        ("futures", [money(row.futures_pnl) for row in rows]),
    ]


def _death(row: GuardRow) -> str:
    if row.liquidated is None:
        return "never"
    return f"{moment(row.liquidated.at_ms)[:16]}\nat {short(row.liquidated.price, 1)}"


def _settled(amount: Decimal, row: GuardRow) -> str:
    return f"{short(amount, 6)} {row.settle}"


def _steps(row: GuardRow) -> Table:
    """List each act of the guard in one replay."""
    table = Table(title=f"{row.hedge}, {row.scenario}", title_justify="left", pad_edge=False)
    for column in ("when", "act", "mark", "to liquidation", "bought back", "left naked", "cost", "moved in"):
        table.add_column(column, justify="left" if column in {"when", "act"} else "right")
    for step in row.steps:
        table.add_row(*_cells(step))
    return table


def _cells(step: GuardStep) -> tuple[str, ...]:
    return (
        moment(step.at_ms)[:16],
        step.kind,
        f"{step.mark:,.1f}",
        percent(step.distance),
        short(step.coins),
        short(step.naked),
        short(step.cost, 6),
        short(step.moved, 6),
    )
