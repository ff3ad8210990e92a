"""The page of a rehearsal: prices, margin and hedge over time, in one file that needs no network."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

# Plotly comes without types.
from plotly.graph_objects import Figure, Scatter  # type: ignore[import-untyped]
from plotly.subplots import make_subplots  # type: ignore[import-untyped]

from bot.backtest.rehearsal import Rehearsal, Unrehearsed
from bot.backtest.rehearsal_notes import RehearsalRow
from bot.backtest.rehearsal_world import HOUR_MS, MINUTE_MS
from bot.core.values import Price
from bot.show_rehearsal import assumptions, has_acted, price, summary, title
from bot.wiring_rehearsal import Rehearsed

PRICE, GUARDED, BARE, HELD, ACT = "#1f4e79", "#2e7d32", "#b71c1c", "#6a1b9a", "#e65100"
HOURS_FROM_MS = 6 * HOUR_MS
"""Rehearsals as long as this are told in hours, shorter ones in minutes."""
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222;"
    "background:#fff}h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2.5rem}ul{color:#555}"
)


def page(found: Rehearsed) -> str:
    """Write the page; it holds plotly's script, once."""
    parts: list[str] = []
    for one in found.accounts:
        drawn = any("<div" in part for part in parts)
        parts.append(_section(one, found.mode, with_script=not drawn))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Hedgerow rehearsal · {escape(found.mode)}</title><style>{STYLE}</style></head><body>"
        "<h1>A rehearsal on the model exchange</h1>"
        f"<p>Mode {escape(found.mode)}; from {escape(found.source)}. Nothing here has happened.</p>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _section(one: Rehearsal | Unrehearsed, mode: str, *, with_script: bool) -> str:
    if isinstance(one, Unrehearsed):
        return f"<h2>{escape(mode)} · account {escape(one.account)}</h2><p>{escape(one.why)}</p>"
    words = "".join(f"<li>{escape(line)}</li>" for line in assumptions(one))
    plot: str = _figure(one, mode).to_html(
        full_html=False, include_plotlyjs=with_script, config={"displaylogo": False, "responsive": True}
    )
    return f"<h2>{escape(title(one, mode))}</h2><p>{escape(summary(one))}</p>{plot}<ul>{words}</ul>"


def _figure(one: Rehearsal, mode: str) -> Figure:
    """Stack the price over the margin; the hedge's coins have the margin's right axis."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08, specs=[[{}], [{"secondary_y": True}]]
    )
    for trace in (*_prices(one), *_marked(one)):
        figure.add_trace(trace, row=1, col=1)
    figure.add_trace(_distance(one), row=2, col=1)
    for trace in _coins(one):
        figure.add_trace(trace, row=2, col=1, secondary_y=True)
    for limit, names in _named((rung.rung, rung.limit) for rung in one.rungs).items():
        words = f"{names} below {limit * 100:.1f} %"
        figure.add_hline(
            float(limit * 100), line_dash="dash", line_width=1, annotation_text=words, row=2, col=1
        )
    figure.update_xaxes(title_text=f"{_unit(one)[1]} since the beginning", row=2, col=1)
    figure.update_yaxes(title_text=one.symbol, row=1, col=1)
    figure.update_yaxes(title_text="move to liquidation, %", rangemode="tozero", row=2, col=1)
    figure.update_yaxes(title_text="coins of the hedge", row=2, col=1, secondary_y=True, showgrid=False)
    figure.update_layout(title=title(one, mode), height=850, template="plotly_white", hovermode="closest")
    figure.update_layout(legend={"orientation": "h", "y": -0.12})
    return figure


# --- lines ----------------------------------------------------------------------------------------------------


def _unit(one: Rehearsal) -> tuple[int, str]:
    return (HOUR_MS, "hours") if one.shock.over_ms >= HOURS_FROM_MS else (MINUTE_MS, "minutes")


def _times(one: Rehearsal, after_ms: Iterable[int]) -> list[float]:
    return [each / _unit(one)[0] for each in after_ms]


def _floats(figures: Iterable[Decimal | None]) -> list[float | None]:
    """Give figures as a plot takes them: it has no use for more digits than a float."""
    return [None if figure is None else float(figure) for figure in figures]


def _named(rungs: Iterable[tuple[str, Decimal]]) -> dict[Decimal, str]:
    """Name levels by the rungs that share them: lines that lie on each other are drawn once."""
    names: dict[Decimal, str] = {}
    for rung, level in rungs:
        names[level] = f"{names[level]}, {rung}" if level in names else rung
    return names


def _line(
    one: Rehearsal, name: str, figures: Iterable[Decimal | None], color: str, dash: str = "solid"
) -> Scatter:
    """Draw one figure for every price of the path."""
    return Scatter(
        x=_times(one, (point.after_ms for point in one.path)),
        y=_floats(figures),
        name=name,
        mode="lines",
        line={"color": color, "dash": dash, "shape": "hv" if color == HELD else "linear"},
        hovertemplate=f"{escape(name)}: %{{y:,.7~r}}<br>after %{{x:.1f}} {_unit(one)[1]}<extra></extra>",
    )


def _prices(one: Rehearsal) -> Iterable[Scatter]:
    """Draw the price, the liquidation prices with and without the guard, and today's rungs as prices."""
    yield _line(one, "mark", (point.mark for point in one.path), PRICE)
    yield _line(one, "liquidation with the guard", (point.liquidation_price for point in one.path), GUARDED)
    yield _line(one, "liquidation without the guard", (one.liquidation_price for _ in one.path), BARE, "dash")
    reached = ((rung.rung, rung.price) for rung in one.rungs if rung.price is not None)
    for level, names in _named(reached).items():
        yield _line(
            one, f"{names} today at {price(Price(level))}", (level for _ in one.path), "#9e9e9e", "dot"
        )


def _marked(one: Rehearsal) -> Iterable[Scatter]:
    """Mark what the guard did, and where the bare hedge dies."""
    done = [row for row in one.rows if has_acted(row)]
    if done:
        yield _markers(
            one,
            "the guard acts",
            [(row.after_ms, row.mark, _short(row), row.act) for row in done],
            ACT,
            "diamond",
        )
    if one.unguarded is not None:
        words = f"liquidated at {price(one.unguarded.mark)}"
        place = (one.unguarded.after_ms, one.unguarded.mark, "liquidated", words)
        yield _markers(one, "liquidation without the guard", [place], BARE, "x")


def _short(row: RehearsalRow) -> str:
    if row.liquidated:
        return "LIQUIDATED"
    return f"reduces {row.bought:.4f}" if row.bought else f"moves {row.moved:.4f}"


def _markers(
    one: Rehearsal, name: str, places: Sequence[tuple[int, Decimal, str, str]], color: str, symbol: str
) -> Scatter:
    return Scatter(
        x=_times(one, (place[0] for place in places)),
        y=_floats(place[1] for place in places),
        text=[place[2] for place in places],
        customdata=[escape(place[3]) for place in places],
        name=name,
        mode="markers+text",
        textposition="top left",
        marker={"color": color, "size": 11, "symbol": symbol},
        hovertemplate="%{customdata}<br>after %{x:.1f} " + _unit(one)[1] + "<extra></extra>",
    )


def _distance(one: Rehearsal) -> Scatter:
    shares = (None if point.distance is None else point.distance * 100 for point in one.path)
    return _line(one, "move to liquidation, %", shares, GUARDED)


def _coins(one: Rehearsal) -> Iterable[Scatter]:
    """Draw what each hedge holds and what it should hold."""
    for hedge in one.hedges:
        mine = [
            next((each for each in point.hedges if each.hedge == hedge.hedge), None) for point in one.path
        ]
        held = (None if each is None else each.held for each in mine)
        target = (None if each is None else each.target for each in mine)
        yield _line(one, f"{hedge.hedge} holds, {hedge.asset}", held, HELD)
        yield _line(one, f"{hedge.hedge} should hold, {hedge.asset}", target, HELD, "dash")
