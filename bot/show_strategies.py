"""How stages and their trials look in a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.backtest.trial import Check
from bot.questions_strategies import Listed

COLOURS = {"ok": "green", "LOAD FAILED": "red", "DUPLICATE": "yellow", "FAILED": "red", "slow": "yellow"}


def listed_table(rows: Sequence[Listed], *, whole: bool) -> Group:
    """Lay out stages; with ``whole`` their parameters, too."""
    table = Table(title="Stages that policies are made of", title_justify="left", pad_edge=False)
    for head in ("stage", "status", "ratio", "what it does", "file"):
        table.add_column(head, overflow="fold")
    for row in rows:
        file = f"{row.file.parent.name}/{row.file.name}"
        status = Text(row.status, COLOURS.get(row.status, ""))
        table.add_row(row.name, status, row.role, Text(row.reason or row.about), file)
    parts: list[RenderableType] = [table]
    if whole:
        parts += [_parameters(row) for row in rows if row.parameters]
    return Group(*parts)


def _parameters(row: Listed) -> Table:
    table = Table(title=f"Parameters of {row.name}", title_justify="left", pad_edge=False)
    for head in ("parameter", "default", "about"):
        table.add_column(head, overflow="fold")
    for one in row.parameters:
        table.add_row(one.name, one.default or "must be given", Text(one.about))
    return table


def trial_table(name: str, checks: Sequence[Check]) -> Table:
    """Lay out what became of each promise."""
    table = Table(title=f"Stage {name} on trial", title_justify="left", pad_edge=False)
    for head in ("promise", "verdict", "found"):
        table.add_column(head, overflow="fold")
    for check in checks:
        table.add_row(check.name, Text(check.verdict, COLOURS[check.verdict]), Text(check.found))
    return table
