"""Grafana's dashboards, made from tables: ``make dashboards`` writes them to ``dashboards/``; a test compares.

Each panel is a title, what it means, a unit, and queries with their legends. Queries ask only for what the bot exports or the
recording rules make; a test looks every name up.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
WIDTH = 24
M = 'mode=~"$mode"'
A = f'{M}, account=~"$account"'
H = f'{A}, hedge=~"$hedge"'
ONE = f'{A}, hedge="$hedge"'
HEDGE = "{{hedge}}"
MONEY = "locale"
"""Plain figures: money is in the contract's quote currency, which may be USDT, USDC, USD or EUR, and is no dollar sign."""


@dataclass(frozen=True)
class Panel:
    """One panel. ``at`` are steps of colour: from which value on which colour holds."""

    title: str
    about: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    width: int = 12
    height: int = 8
    figure: bool = False
    """One large figure instead of lines."""
    at: tuple[tuple[float, str], ...] = ()
    digits: int | None = None


@dataclass(frozen=True)
class Board:
    """One dashboard: rows of panels under headings."""

    uid: str
    title: str
    about: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    one_hedge: bool = False


def figure(title: str, about: str, unit: str, query: str, legend: str, *at: tuple[float, str]) -> Panel:
    """Make a panel with a large figure."""
    return Panel(title, about, unit, ((query, legend),), width=6, height=5, figure=True, at=at)


def lines(title: str, about: str, unit: str, *queries: tuple[str, str]) -> Panel:
    """Make a panel with lines."""
    return Panel(title, about, unit, queries)


OVERVIEW = Board(
    "hedgerow-overview",
    "Hedgerow: overview",
    "Is every hedge where it should be, and is anybody needed?",
    (
        (
            "Now",
            (
                figure("Answers", "1 while every bot answers Prometheus. At 0 nothing below is of now; without a figure none is scraped.", "short", 'min(up{job="hedgerow"})', "answers", (0, "red"), (1, "green")),
                figure("Who leads", "By mode and bot: 0 leads or starts, 1 stands by.", "short", f"hedgerow_standby{{{M}}}", "{{mode}} {{instance}}"),
                figure("Silent loops", "Accounts without a look that succeeded for longer than web.silent_seconds.", "short", f"sum(hedgerow:loop_silence_seconds{{{A}}} > bool on (job, instance, mode) group_left () hedgerow_loop_silence_seconds_max)", "silent", (0, "green"), (1, "red")),
                figure("Since the last look", "The most silent loop; red from 180 s on, where web.silent_seconds stands if nobody sets it.", "s", f"max(hedgerow:loop_silence_seconds{{{A}}})", "silence", (0, "green"), (180, "red")),
                # > bool, not a count or vector(0): where nobody answers there is no figure, and no green nought.
                figure("Hedges off target", "Hedges whose gap is outside the band.", "short", f"sum(hedgerow:hedge_gap_bands{{{H}}} > bool 1)", "off", (0, "green"), (1, "orange")),
                figure("Worst rung", "The margin ladder: 0 clear, 1 warn, 2 top up, 3 stop, 4 cancel, 5 reduce, 6 halt.", "short", f"max(hedgerow_guard_rung{{{A}}})", "rung", (0, "green"), (1, "orange"), (3, "red")),
                figure("Unknown orders", "Orders whose fate the venue has not told.", "short", f"sum(hedgerow_hedge_orders_unknown{{{H}}})", "unknown", (0, "green"), (1, "red")),
                figure("Missing letters", "Parts of the picture that did not come; any means that nothing is decided.", "short", f"sum(hedgerow_letters_missing{{{A}}})", "missing", (0, "green"), (1, "orange")),
            ),
        ),
        (
            "Hedges",
            (
                lines("Hedged share", "Value held short per value held, and what is wanted.", "percentunit", (f"hedgerow_hedge_ratio_achieved{{{H}}}", f"{HEDGE} achieved"), (f"hedgerow_hedge_ratio_target{{{H}}}", f"{HEDGE} target")),
                lines("Value with and without the hedge", "Own coins and the hedge's profit, against the coins alone, in the contract's quote currency.", MONEY, (f"hedgerow_hedge_value_quote{{{H}}}", f"{HEDGE} hedged"), (f"hedgerow_hedge_value_unhedged_quote{{{H}}}", f"{HEDGE} bare")),
                lines("Net profit", "Spot, futures, funding and fees together, since each hedge began, in the contract's quote currency.", MONEY, (f"sum by (hedge) (hedgerow_hedge_profit_quote{{{H}}})", HEDGE)),
                lines("Variance taken away", "1 - variance hedged / variance bare of hourly changes, over a day, a week, a month.", "percentunit", (f"hedgerow_hedge_effectiveness_ratio{{{H}}}", f"{HEDGE} {{{{window}}}}")),
            ),
        ),
        (
            "Trouble",
            (
                lines("Causes", "Why less may happen, or a person should look, by kind.", "short", (f"sum by (account, kind) (hedgerow_guard_causes{{{A}}})", "{{account}} {{kind}}")),
                lines("Incidents", "What happened to the accounts that Hedgerow did not do, an hour.", "short", (f"sum by (account, kind) (increase(hedgerow_incidents_total{{{A}}}[1h]))", "{{account}} {{kind}}")),
            ),
        ),
    ),
)  # fmt: skip

HEDGE_BOARD = Board(
    "hedgerow-hedge",
    "Hedgerow: one hedge",
    "Holdings x ratio = target - held - in flight = gap; where its profit comes from; how it rolls.",
    (
        (
            "Position",
            (
                figure("Own coins", "Wherever they lie; other coins than the contract's by their value.", "short", f"hedgerow_hedge_own_coins{{{ONE}}}", "coins"),
                figure("Hedged share", "Value held short per value held.", "percentunit", f"hedgerow_hedge_ratio_achieved{{{ONE}}}", "achieved"),
                figure("Gap in bands", "1 is the edge at which it is traded.", "short", f"hedgerow:hedge_gap_bands{{{ONE}}}", "bands", (0, "green"), (1, "orange"), (5, "red")),
                figure("To liquidation", "Move of all prices that liquidates.", "percentunit", f"hedgerow_hedge_liquidation_distance_ratio{{{ONE}}}", "distance", (0, "red"), (0.2, "orange"), (0.35, "green")),
                lines("Gap and band", "Negative: coins still to be sold.", "short", (f"hedgerow_hedge_gap_coins{{{ONE}}}", "gap"), (f"hedgerow_hedge_band_coins{{{ONE}}}", "band"), (f"-hedgerow_hedge_band_coins{{{ONE}}}", "band")),
                lines("Gap in quote currency", "What the gap is worth at the mark, in the contract's quote currency.", MONEY, (f"hedgerow_hedge_gap_quote{{{ONE}}}", "gap")),
                lines("Profit by source", "Since the hedge began, in the contract's quote currency; paid fees are negative.", MONEY, (f"hedgerow_hedge_profit_quote{{{ONE}}}", "{{source}}")),
                lines("Value", "With the hedge and without, in the contract's quote currency.", MONEY, (f"hedgerow_hedge_value_quote{{{ONE}}}", "hedged"), (f"hedgerow_hedge_value_unhedged_quote{{{ONE}}}", "bare")),
            ),
        ),
        (
            "Market",
            (
                lines("Basis", "Mark over index, less 1, of the account's contracts.", "percentunit", (f"hedgerow_basis_ratio{{{A}}}", "{{instrument}}")),
                lines("Funding rate", "At the next settlement; positive: shorts receive.", "percentunit", (f"hedgerow_funding_rate_ratio{{{A}}}", "{{instrument}}")),
                lines("Prices", "Mark and index, in the contract's quote currency: BTC/USDT:USDT is quoted in USDT.", MONEY, (f"hedgerow_mark_price_quote{{{A}}}", "{{instrument}} mark"), (f"hedgerow_index_price_quote{{{A}}}", "{{instrument}} index")),
                lines("Positions", "Signed contracts; a short is negative.", "short", (f"hedgerow_position_contracts{{{A}}}", "{{instrument}}")),
            ),
        ),
        (
            "Roll",
            (
                lines("To expiry", "Time left of the held dated contract, by the bot's clock.", "s", (f"hedgerow:roll_left_seconds{{{A}}}", HEDGE)),
                lines("Left to roll", "Signed contracts in the contract that is being left.", "short", (f"hedgerow_roll_left_contracts{{{A}}}", HEDGE)),
                lines("Naked in the roll", "Coins unhedged between the legs.", "short", (f"hedgerow_roll_naked_coins{{{A}}}", HEDGE)),
                lines("Stage", "1 for the stage a roll is in.", "short", (f"hedgerow_roll_stage{{{A}}} == 1", "{{hedge}} {{stage}}")),
            ),
        ),
    ),
    one_hedge=True,
)  # fmt: skip

EXECUTION = Board(
    "hedgerow-execution",
    "Hedgerow: execution",
    "What is sent, what comes of it, how long it takes and what it costs.",
    (
        (
            "Orders",
            (
                lines("Answers", "What decisions came to, a minute.", "short", (f"sum by (hedge, answer) (rate(hedgerow_decisions_total{{{H}}}[$__rate_interval])) * 60", "{{hedge}} {{answer}}")),
                lines("Orders by end", "Orders that came to an end, an hour.", "short", (f"sum by (account, state) (increase(hedgerow_orders_total{{{A}}}[1h]))", "{{account}} {{state}}")),
                lines("Fills", "Fills an hour.", "short", (f"sum by (instrument) (increase(hedgerow_fills_total{{{A}}}[1h]))", "{{instrument}}")),
                lines("Contracts filled", "By side, an hour.", "short", (f"sum by (instrument, side) (increase(hedgerow_fill_contracts_total{{{A}}}[1h]))", "{{instrument}} {{side}}")),
                lines("Shortfall", "Lost against the prices when gaps were first seen, fees aside, in all; in the contract's quote currency.", MONEY, (f"hedgerow_hedge_shortfall_quote{{{H}}}", HEDGE)),
                lines("Fees", "Paid since each hedge began, in the contract's quote currency.", MONEY, (f'-hedgerow_hedge_profit_quote{{{H}, source="fees"}}', HEDGE)),
                lines("Refusals", "Wishes refused by a gate, an hour.", "short", (f"sum by (gate) (increase(hedgerow_refusals_total{{{H}}}[1h])) or 0 * sum(hedgerow_loop_trouble{{{A}}})", "{{gate}}")),
                lines("Working orders", "Orders that may still fill.", "short", (f"hedgerow_hedge_orders_working{{{H}}}", HEDGE)),
            ),
        ),
        (
            "Speed",
            (
                lines("Venue's answers", "19 of 20 questions are answered within.", "s", (f"hedgerow:venue_request_seconds:p95{{{A}}}", "{{account}} {{question}}")),
                lines("Questions by outcome", "Questions a second.", "reqps", (f"sum by (account, outcome) (rate(hedgerow_venue_requests_total{{{A}}}[$__rate_interval]))", "{{account}} {{outcome}}")),
                lines("Deciding", "The mean, without asking.", "s", (f"sum by (account) (rate(hedgerow_decision_seconds_sum{{{A}}}[$__rate_interval])) / sum by (account) (rate(hedgerow_decision_seconds_count{{{A}}}[$__rate_interval]))", "{{account}}")),
                lines("Journal", "19 of 20 writes are durable within.", "s", (f"histogram_quantile(0.95, sum by (account, le) (rate(hedgerow_journal_write_seconds_bucket{{{A}}}[$__rate_interval])))", "{{account}}")),
                lines("Step", "The mean of a whole step: observe, decide, journal, execute.", "s", (f"sum by (account) (rate(hedgerow_step_seconds_sum{{{A}}}[$__rate_interval])) / sum by (account) (rate(hedgerow_step_seconds_count{{{A}}}[$__rate_interval]))", "{{account}}")),
                lines("Venue's patience", "Share of the request weight that is spent.", "percentunit", (f"hedgerow:api_weight_share{{{A}}}", "{{account}}")),
            ),
        ),
    ),
)  # fmt: skip

RISK = Board(
    "hedgerow-risk",
    "Hedgerow: risk",
    "How far liquidation is, what the guard lets happen, and what is unhedged.",
    (
        (
            "Margin",
            (
                lines("To liquidation", "Move of all prices that liquidates.", "percentunit", (f"hedgerow_hedge_liquidation_distance_ratio{{{H}}}", HEDGE)),
                lines("Margin ratio, by our forecast", "Maintenance margin over equity; 1 liquidates.", "percentunit", (f"hedgerow_hedge_margin_ratio{{{H}}}", HEDGE)),
                lines("Margin ratio, by the venue", "Where the two disagree the worse one rules.", "percentunit", (f"hedgerow_margin_ratio_venue{{{A}}}", "{{account}} {{asset}}")),
                lines("Rung", "0 clear, 1 warn, 2 top up, 3 stop, 4 cancel, 5 reduce, 6 halt.", "short", (f"hedgerow_guard_rung{{{A}}}", "{{account}}")),
                lines("Wallets", "Realised money, in the asset.", "short", (f"hedgerow_wallet_balance{{{A}}}", "{{account}} {{asset}}")),
                lines("Spare", "What could be moved in, in the asset.", "short", (f"hedgerow_wallet_spare{{{A}}}", "{{account}} {{asset}}")),
            ),
        ),
        (
            "Guard",
            (
                lines("State", "1 for what the guard lets a hedge do.", "short", (f"hedgerow_hedge_guard_state{{{H}}} == 1", "{{hedge}} {{state}}")),
                lines("Unhedged because of the guard", "In coins.", "short", (f"hedgerow_hedge_naked_coins{{{H}}}", HEDGE)),
                lines("Missing letters", "Parts of the picture that did not come; any means that nothing is decided.", "short", (f"hedgerow_letters_missing{{{A}}}", "{{account}}")),
                lines("Silence", "Since a look last succeeded.", "s", (f"hedgerow:loop_silence_seconds{{{A}}}", "{{account}}")),
                lines("Foreign positions", "Contracts held that no hedge explains.", "short", (f"hedgerow_foreign_positions{{{A}}}", "{{account}}")),
                lines("Effectiveness against what the ratio promises", "The week's, and 1 - (1 - ratio)^2.", "percentunit", (f'hedgerow_hedge_effectiveness_ratio{{{H}, window="7d"}}', f"{HEDGE} measured"), (f"hedgerow:hedge_effectiveness_expected{{{H}}}", f"{HEDGE} promised")),
            ),
        ),
    ),
)  # fmt: skip

BOARDS = (OVERVIEW, HEDGE_BOARD, EXECUTION, RISK)


def built(board: Board) -> dict[str, Any]:
    """Make a dashboard's JSON."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags(["hedgerow"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("source").type("prometheus").label("Prometheus"))
    )
    for name, asked in (
        ("mode", "label_values(hedgerow_build_info, mode)"),
        ("account", 'label_values(hedgerow_loop_success_timestamp_seconds{mode=~"$mode"}, account)'),
        ("hedge", f"label_values(hedgerow_hedge_own_coins{{{A}}}, hedge)"),
    ):
        one = board.one_hedge and name == "hedge"
        variable = dashboard.QueryVariable(name).datasource(SOURCE).query(asked).label(name)
        made = made.with_variable(
            variable.include_all(not one)
            .multi(not one)
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
        )
    top = 0
    for title, panels in board.rows:
        made = made.with_row(dashboard.Row(title).grid_pos(GridPos(h=1, w=WIDTH, x=0, y=top)))
        top += 1
        for panel, place in _placed(panels, top):
            made = made.with_panel(_panel(panel).grid_pos(place))
            bottom = place.y + place.h
        top = bottom
    told = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    for number, one in enumerate(told["panels"], start=1):
        one["id"] = number
    return dict(told)


def _placed(panels: Sequence[Panel], top: int) -> list[tuple[Panel, GridPos]]:
    """Lay panels out from left to right, row by row."""
    found, left, tallest = [], 0, 0
    for panel in panels:
        if left + panel.width > WIDTH:
            top, left, tallest = top + tallest, 0, 0
        found.append((panel, GridPos(h=panel.height, w=panel.width, x=left, y=top)))
        left, tallest = left + panel.width, max(tallest, panel.height)
    return found


def _panel(panel: Panel) -> Any:  # noqa: ANN401 - either kind of builder
    made: Any = stat.Panel() if panel.figure else timeseries.Panel()
    made = made.title(panel.title).description(panel.about).unit(panel.unit).datasource(SOURCE)
    if panel.at:
        steps = [
            Threshold(value=None if n == 0 else value, color=colour)
            for n, (value, colour) in enumerate(panel.at)
        ]
        made = made.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for number, (query, legend) in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query).legend_format(legend).ref_id(chr(ord("A") + number))
        made = made.with_target(target.instant() if panel.figure else target.range())
    return made


def text_of(board: Board) -> str:
    """Write a dashboard as its file holds it."""
    return json.dumps(built(board), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for one_board in BOARDS:
        (folder / f"{one_board.uid}.json").write_text(text_of(one_board), encoding="utf-8")
