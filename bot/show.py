"""How things look in a terminal, and as JSON for machines. It knows records and pictures, and decides nothing."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.core.decide import Decision
from bot.core.desk import Cancel, RollView
from bot.core.gates import Verdict
from bot.core.relief import TopUp
from bot.core.risk import Approved, Refused
from bot.core.snapshot import Snapshot
from bot.sessions import DemoResult, Frame
from bot.shell.view import HedgeView

NONE = "-"
BARS = "▁▂▃▄▅▆▇█"
UNITS = {"quote_age": " s", "order_notional": "", "position_notional": "", "leverage": " x"}


# --- figures ------------------------------------------------------------------------------------------------


def money(amount: Decimal, quote: str = "") -> str:
    """Write an amount with its sign, thousands and cents."""
    return f"{amount:+,.2f}" + (f" {quote}" if quote else "")


def percent(ratio: Decimal | float | None, digits: int = 1) -> str:
    """Write a share in percent; a dash for none."""
    return NONE if ratio is None else f"{ratio * 100:.{digits}f} %"


def plain(number: Decimal | None) -> str:
    """Write a Decimal without exponent and without idle zeros; a dash for none."""
    if number is None:
        return NONE
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"", "-0"} else text


def short(number: Decimal | None, digits: int = 4) -> str:
    """Write a Decimal to at most some digits after the point."""
    return plain(None if number is None else round(number, digits))


def moment(at_ms: int) -> str:
    """Write a time."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def sparkline(values: Sequence[float], low: float, high: float, width: int = 60) -> str:
    """Draw a series as a row of bars between two levels."""
    step = max(1, len(values) // width)
    span = (high - low) or 1
    return "".join(
        BARS[min(len(BARS) - 1, max(0, int((v - low) / span * len(BARS))))] for v in values[::step]
    )


# --- hedges -------------------------------------------------------------------------------------------------


def hedges_table(hedges: Iterable[HedgeView], title: str) -> Table:
    """Lay hedges side by side: holdings, target, achieved, gap, margin, orders, profit by source."""
    table = Table(title=title, title_justify="left", expand=False, pad_edge=False)
    views = tuple(hedges)
    table.add_column("", style="dim")
    for view in views:
        table.add_column(f"{view.hedge} · {view.symbol}", justify="right")
    for label, cells in _rows(views):
        table.add_row(label, *cells)
    return table


def _rows(views: tuple[HedgeView, ...]) -> list[tuple[str, list[str]]]:
    def row(label: str, cells: Iterable[str]) -> tuple[str, list[str]]:
        return label, list(cells)

    return [
        row("index / mark", (f"{v.index:,.1f} / {v.mark:,.1f}" for v in views)),
        row("own coins", (_coins(v) for v in views)),
        row("target ratio", (percent(v.ratio_target) + (" net short" if v.net_short else "") for v in views)),
        row("achieved", (percent(v.ratio_achieved, 2) for v in views)),
        row("target - held", (f"{plain(v.target)} - {plain(v.held)} contracts" for v in views)),
        row("in flight", (plain(v.in_flight) for v in views)),
        row("gap (band)", (f"{short(v.gap, 3)} (±{short(v.band_outer, 3)})" for v in views)),
        row("margin ratio", (percent(v.margin_ratio) for v in views)),
        row("to liquidation", (_room(v) for v in views)),
        row("guard", (_guard(v) for v in views)),
        row("working", (_working(v) for v in views)),
        *([row("roll", (_roll(v) for v in views))] if any(v.roll for v in views) else []),
        row("spot", (money(v.profit.spot, v.quote) for v in views)),
        row("futures", (money(v.profit.futures, v.quote) for v in views)),
        row("funding", (money(v.profit.funding, v.quote) for v in views)),
        row("fees", (money(v.profit.fees, v.quote) for v in views)),
        row("net", (money(v.profit.net, v.quote) for v in views)),
        row("answer", (f"{v.answer} (decision {v.decision})" for v in views)),
    ]


def _coins(view: HedgeView, digits: int = 6) -> str:
    """Say how many coins there are; others than the contract's beside what they count as."""
    others = ", ".join(f"{short(one.coins, digits)} {one.asset}" for one in view.foreign)
    return f"{short(view.own_coins, digits)} {view.base}{f' with {others} by value' if others else ''}"


def _room(view: HedgeView) -> str:
    if view.liquidation_price is None or view.liquidation_distance is None:
        return "no price liquidates"
    return f"{view.liquidation_price:,.0f} ({view.liquidation_distance * 100:+.0f} %)"


def _guard(view: HedgeView) -> str:
    """Say what the guard lets a hedge do, and what that leaves unhedged."""
    naked = f", {short(view.naked, 4)} {view.base} unhedged" if view.naked else ""
    if view.state is None or view.rung is None:
        return f"unknown: the picture has holes{naked}"
    return f"{view.state}, {view.rung.name.lower()}{naked}"


def _working(view: HedgeView) -> str:
    if not view.working:
        return NONE
    return "; ".join(f"{o.side} {plain(o.remaining)} @ {plain(o.limit_price)}" for o in view.working)


def _roll(view: HedgeView) -> str:
    """Say where a dated hedge stands in a few words."""
    roll = view.roll
    if roll is None:
        return NONE
    left = NONE if roll.expiry_ms is None else countdown(roll.expiry_ms - view.at_ms)
    return f"{roll.stage}, {left}" + ("" if roll.far is None else f", {plain(roll.left)} left")


def countdown(left_ms: int) -> str:
    """Write a time to go: days and hours, hours and minutes, or minutes."""
    minutes = max(left_ms, 0) // 60_000
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def basis_points(share: Decimal | None) -> str:
    """Write a share in basis points, with its sign; a dash for none."""
    return NONE if share is None else f"{share * 10_000:+.1f} bp"


# --- demo ---------------------------------------------------------------------------------------------------


class DemoScreen:
    """The live picture of a demo."""

    def __init__(self) -> None:
        self._hedged: list[float] = []
        self._unhedged: list[float] = []

    def draw(self, frame: Frame) -> Group:
        """Draw one frame: where the market is, the hedges, and the owner's value with and without them."""
        self._hedged.append(float(sum(view.value for view in frame.hedges)))
        self._unhedged.append(float(sum(view.value_unhedged for view in frame.hedges)))
        everything = self._hedged + self._unhedged
        low, high = min(everything) * 0.98, max(everything) * 1.02
        lines = Text.assemble(
            ("unhedged ", "dim"), sparkline(self._unhedged, low, high), f" {self._unhedged[-1]:>12,.0f}\n",
            ("hedged   ", "dim"), (sparkline(self._hedged, low, high), "green"), f" {self._hedged[-1]:>12,.0f}",
        )  # fmt: skip
        title = f"paper · model market · hour {frame.hours:.0f} · {frame.phase}"
        return Group(
            hedges_table(frame.hedges, title), Panel(lines, title="value of coins and hedges", expand=False)
        )


def demo_summary(result: DemoResult) -> Group:
    """Sum a demo up: phase by phase, then in all."""
    phases = Table(title="what the market did, and what was left of it", title_justify="left")
    for column in ("phase", "price", "unhedged", "hedged"):
        phases.add_column(column, justify="left" if column == "phase" else "right")
    for phase in result.phases:
        phases.add_row(
            phase.phase,
            f"{phase.price_change * 100:+.1f} %",
            money(phase.unhedged_change),
            money(phase.hedged_change),
        )
    words = (
        f"{result.decisions} decisions, {result.orders} orders, {result.fills} fills in {result.hours} model hours"
        f" and {result.seconds:.1f} seconds.\n"
        f"Every decision is in {result.journal}; ask it again with:\n"
        f"  hedgerow replay --journal {result.journal}\n"
        f"  hedgerow explain --journal {result.journal}"
    )
    return Group(hedges_table(result.hedges, "at the end"), phases, Text(words))


# --- explain ------------------------------------------------------------------------------------------------


def explanation(snapshot: Snapshot, decision: Decision, view: HedgeView) -> Group:
    """Explain one hedge's last answer: holdings x ratio = target - held - in flight = gap, gates, order."""
    found = next(e for e in decision.explanations if e.hedge == view.hedge)
    head = (
        f"{view.hedge} · account {snapshot.account} · decision {decision.number} · {moment(decision.at_ms)}"
    )
    lines = [found.why]
    if found.target is not None and found.exposure is not None:
        exposure = found.exposure
        lines = [
            (
                f"own coins {_coins(view, 8)} x ratio {plain(found.target.ratio)}"
                f" ({found.target.reason}) -> target {plain(exposure.target)} contracts"
            ),
            (
                f"target {plain(exposure.target)} - held {plain(exposure.held)}"
                f" - in flight {plain(exposure.in_flight)}"
                f" = gap {short(exposure.gap, 6)}; band ±{short(exposure.band_outer, 6)}"
            ),
            f"net delta {short(exposure.net_delta, 8)} {view.base}; achieved {percent(exposure.ratio_achieved, 3)}"
            + ("; the target is net short" if exposure.net_short else ""),
            *(_roll_words(found.roll, decision.at_ms) if found.roll is not None else ()),
            *_guard_words(decision, view),
            f"answer: {found.answer} - {found.why}",
        ]
    return Group(
        Text(head, style="bold"), *(Text("  " + line) for line in lines), *_gates(decision, view.hedge)
    )


def _roll_words(roll: RollView, at_ms: int) -> Iterable[str]:
    """Say where a roll stands, in a line."""
    expires = "" if roll.expiry_ms is None else f" for {countdown(roll.expiry_ms - at_ms)}"
    yield f"stage {roll.stage}{expires}: {plain(roll.left)} contracts in {roll.near}" + (
        "" if roll.far is None else f", going to {roll.far} ({roll.trigger or 'forced'})"
    )
    if roll.naked or roll.over:
        yield f"out of step: {short(roll.naked, 6)} coins unhedged, {short(roll.over, 6)} over-hedged"
    if roll.lacks:
        yield f"lacks: {roll.lacks}"
    if roll.choice:
        yield f"carry: {roll.choice}"


def _guard_words(decision: Decision, view: HedgeView) -> Iterable[str]:
    """Say what the guard lets the hedge do, why, and what it moves."""
    yield f"guard: {_guard(view)}"
    yield from (f"guard: {cause}" for cause in view.causes)
    for command in decision.commands:
        if isinstance(command, TopUp):
            yield f"guard: moves {plain(command.amount)} {command.asset} in: {command.reason}"


def _gates(decision: Decision, hedge: str) -> list[Text]:
    lines: list[Text] = []
    for stamped in (*decision.commands, *decision.refused):
        if isinstance(stamped, (Cancel, TopUp)) or stamped.hedge != hedge:
            continue
        lines += [_gate(verdict) for verdict in stamped.verdicts]
        lines.append(Text("  " + _order_words(stamped)))
    return lines


def _gate(verdict: Verdict) -> Text:
    mark, style = ("✓", "green") if verdict.passed else ("✗", "yellow")
    unit = UNITS.get(verdict.gate, "")
    figure = f"{short(verdict.figure)}{unit}, limit {short(verdict.limit)}{unit}"
    allowed = (
        ""
        if verdict.passed
        else f" -> at most {plain(verdict.contracts_allowed)} contracts; {verdict.remedy}"
    )
    return Text.assemble("  ", (mark, style), f" {verdict.gate}: {figure}{allowed}")


def _order_words(stamped: Approved | Refused) -> str:
    if isinstance(stamped, Refused):
        return f"refused: {stamped.side} {plain(stamped.contracts_asked)} contracts"
    request = stamped.request
    reduce_only = ", reduce-only" if request.reduce_only else ""
    return (
        f"order {request.client_order_id}: {request.side} {plain(request.contracts)} at"
        f" {plain(request.limit_price)} {request.time_in_force}{reduce_only}"
    )


def console(*, error: bool = False) -> Console:
    """Give a terminal; nothing is wrapped in a pipe."""
    return Console(stderr=error, highlight=False, soft_wrap=not error)
