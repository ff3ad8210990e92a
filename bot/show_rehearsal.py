"""How a rehearsal looks in a terminal: rung by rung, then in a sentence; and the words its page uses, too."""

from collections.abc import Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.backtest.rehearsal import Liquidated, Rehearsal, Unrehearsed
from bot.backtest.rehearsal_notes import RehearsalRow
from bot.backtest.rehearsal_world import HOUR_MS, MINUTE_MS, Shock
from bot.core.values import ZERO, Price
from bot.show import NONE, countdown, moment, percent, short

DAY_MS = 24 * HOUR_MS


def rehearsal_words(one: Rehearsal | Unrehearsed, mode: str) -> Group:
    """Lay out the rehearsal of one account, or say why there is none."""
    if isinstance(one, Unrehearsed):
        return Group(Text(f"{mode} · account {one.account}: {one.why}", "yellow"))
    table = Table(
        "after", "mark", "change", "margin", "to liq.", "liq. at", "rung", "state", "would restore", "what happens",
        title=title(one, mode), title_justify="left", box=SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for row in one.rows:
        table.add_row(*_cells(row), style="bold red" if row.liquidated else None)
    return Group(
        table, Text(summary(one)), *(Text(f"  {line}", "dim") for line in assumptions(one)), Text("")
    )


def _cells(row: RehearsalRow) -> Iterable[str]:
    return (
        countdown(row.after_ms),
        price(row.mark),
        f"{row.price_change * 100:+.1f} %",
        percent(row.margin_ratio),
        percent(row.distance),
        price(row.liquidation_price),
        row.rung,
        str(row.state),
        short(row.needed, 4),
        row.act,
    )


# --- words ----------------------------------------------------------------------------------------------------


def price(figure: Price | None) -> str:
    """Write a price with six digits or more that count; a dash for none."""
    if figure is None:
        return NONE
    return f"{figure:,.{max(5 - max(figure.adjusted(), 0), 1) if figure >= 1 else 6}f}"


def shock_words(shock: Shock) -> str:
    """Say what happens to prices, in a few words: ``+40.0 % over 1 h``."""
    words = f"{shock.share * 100:+.1f} % {_span(shock.over_ms)}"
    if shock.basis:
        words += f", basis {shock.basis * 100:+.2f} %"
    if shock.funding:
        words += f", funding {shock.funding * 100:+.4f} % a settlement"
    return words


def _span(over_ms: int) -> str:
    for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min")):
        if over_ms >= unit_ms and over_ms % unit_ms == 0:
            return f"over {over_ms // unit_ms} {unit}"
    return "at once"


def title(one: Rehearsal, mode: str) -> str:
    """Say which account, in which mode, is led through which shock."""
    return f"rehearsal · {mode} · account {one.account} · {one.symbol} {shock_words(one.shock)}"


def summary(one: Rehearsal) -> str:
    """Say what a rehearsal came to, in sentences."""
    return f"With the guard {_with(one)} Without the guard {_without(one)}"


def _with(one: Rehearsal) -> str:
    fate = "the account is not liquidated" if one.liquidated is None else _fate(one.liquidated)
    did = (
        [f"reduces {_times(one.reductions)} at a cost of {short(one.cost, 8)} {one.settle}"]
        if one.reductions
        else []
    )
    did += [f"moves {short(one.moved, 8)} {one.settle} in"] if one.moved else []
    ends = "; ".join(
        f"{hedge.hedge} ends hedged {percent(hedge.ratio_achieved)}, {short(hedge.naked, 6)} {hedge.asset} naked"
        for hedge in one.hedges
    )
    paid = f" Funding comes to {one.funding:+.8f} {one.settle}." if one.funding else ""
    return f"{fate}: it {' and '.join(did) or 'neither reduces nor moves margin'}; {ends}.{paid}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _without(one: Rehearsal) -> str:
    if one.unguarded is None:
        return "the account is not liquidated within this move."
    return f"{_fate(one.unguarded)}."


def _fate(one: Liquidated) -> str:
    return f"the account is LIQUIDATED after {countdown(one.after_ms)} at {price(one.mark)} ({one.symbol})"


def assumptions(one: Rehearsal) -> Iterable[str]:
    """Say what a rehearsal assumes, a sentence each."""
    settled = (
        f"funding of {one.shock.funding * 100:.4f} % at every settlement"
        if one.shock.funding
        else "no funding"
    )
    yield (
        f"A rehearsal on the model exchange, from the account as it was at {moment(one.at_ms)}: nothing is sent, nothing is"
        " written."
    )
    steps = f"in {one.shock.steps} steps along a straight line in its logarithm"
    moves = steps if one.shock.over_ms else "in one gap"
    yield f"Every price moves {moves}; {settled}; margin, fees and liquidation are by the contracts' own tables."
    yield (
        "The spread and the size displayed stay as in the last picture, and the size is there again for every order: real"
        " books thin out in such a move, and liquidations come in gaps."
    )
    if one.liquidation_price is not None:
        yield f"As it is today, the account is liquidated at {price(one.liquidation_price)}."
    for words in one.left_out:
        yield f"Left out: {words}."


def has_acted(row: RehearsalRow) -> bool:
    """Whether the guard did something, or the account was liquidated."""
    return row.bought > ZERO or row.moved > ZERO or row.liquidated
