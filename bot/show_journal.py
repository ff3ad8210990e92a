"""Hedges from flat to flat, in a terminal."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from bot.questions_journal import HedgeNote
from bot.show import moment, plain, short


def notes_words(told: Sequence[HedgeNote]) -> Group:
    """Tell hedges one after the other, each in a few lines."""
    lines: list[RenderableType] = []
    for note in told:
        lines.append(Text(_head(note), style="bold"))
        lines += [Text("  " + line) for line in _lines(note)]
    return Group(*lines)


def _head(note: HedgeNote) -> str:
    one = note.episode
    end = "open" if one.closed_ms is None else moment(one.closed_ms)
    return (
        f"{note.hedge} · account {note.account} · {', '.join(one.symbols)} · {moment(one.opened_ms)} to {end}"
    )


def _lines(note: HedgeNote) -> list[str]:
    one, unit = note.episode, "coins" if note.episode.linear else "quote currency"
    ratio = "" if note.ratio is None else f" (ratio {plain(note.ratio)})"
    exit_price = "" if one.exit_price is None else f", bought back at {short(one.exit_price, 2)}"
    lines = [
        f"why: {note.rationale}{ratio}",
        f"meant to last: {note.intended}",
        (
            f"sold at {short(one.entry_price, 2)} on average{exit_price}; a contract is {plain(one.contract_size)} {unit};"
            f" at most {short(one.coins_max, 8)} coins"
        ),
        f"price profit {short(one.realised, 8)}, funding {short(one.funding, 8)}, fees {short(-one.fees, 8)} {one.settle}",
    ]
    if note.signals:
        lines.insert(1, "signals: " + ", ".join(f"{name} {value}" for name, value in note.signals))
    if note.ended:
        lines.append(f"ended: {note.ended}")
    return lines
