"""How answers about a journal, settings and backtests look in a terminal: tables and words."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.adapters.journal_copy import Kept
from bot.adapters.journal_intents import JournaledIntent
from bot.adapters.journal_reader import JournaledIncident
from bot.backtest.dated_report import DatedReport
from bot.backtest.report import Report
from bot.questions import ReplayResult, RollRow
from bot.settings import ShownSetting
from bot.show import NONE, basis_points, countdown, moment, money, percent, plain, short

# --- rolls, orders, incidents -------------------------------------------------------------------------------


def rolls_table(rows: Iterable[RollRow]) -> Table:
    """Lay dated hedges side by side."""
    table = Table(title="dated hedges", title_justify="left", pad_edge=False)
    columns = tuple(rows)
    table.add_column("", style="dim")
    for row in columns:
        table.add_column(f"{row.hedge} · account {row.account}", justify="right")
    for label, cell in _ROLL_CELLS:
        table.add_row(label, *(cell(row) for row in columns))
    return table


_ROLL_CELLS: tuple[tuple[str, Callable[[RollRow], str]], ...] = (
    ("stage", lambda row: str(row.roll.stage) + (" · CALL A PERSON" if row.roll.late else "")),
    ("held in", lambda row: f"{row.roll.near} ({plain(row.roll.left)} contracts)"),
    ("expires", lambda row: "never" if row.roll.expiry_ms is None else moment(row.roll.expiry_ms)),
    ("in", lambda row: NONE if row.roll.expiry_ms is None else countdown(row.roll.expiry_ms - row.at_ms)),
    ("goes to", lambda row: row.roll.far or row.roll.lacks or NONE),
    ("why now", lambda row: row.roll.trigger or NONE),
    ("calendar spread", lambda row: basis_points(row.roll.spread)),
    ("net advantage a year", lambda row: percent(row.roll.advantage, 2)),
    ("unhedged / over-hedged", lambda row: f"{short(row.roll.naked, 6)} / {short(row.roll.over, 6)} coins"),
    ("achieved", lambda row: percent(row.ratio_achieved, 2)),
    ("clips so far", lambda row: str(row.clips)),
    ("cost so far", lambda row: f"{money(row.cost)} against mid, fees {short(row.fees, 8)}"),
)


def kept_table(kept: Kept) -> Table:
    """Show what a backup holds, or what came back from one."""
    title = f"{kept.journal} · mode {kept.mode} · schema {kept.revision} · {kept.file}, {kept.bytes:,} bytes"
    table = Table("table", "rows", title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name, rows in kept.rows.items():
        table.add_row(name, f"{rows:,}")
    return table


def intents_table(told: Mapping[str, Sequence[JournaledIntent]]) -> Table:
    """Lay intents out, one a row."""
    table = Table(
        "hedge", "since", "contract", "orders", "filled", "at", "lost", "lost bp", "fees",
        title="lost: shortfall against the mid when the gap was first seen, in quote currency; fees apart",
        title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=0, collapse_padding=True,
    )  # fmt: skip
    for found in told.values():
        for one in found:
            table.add_row(
                f"{one.hedge} ",
                moment(one.first_sent_ms)[5:16] + " ",
                f"{one.symbol} ",
                f"{one.orders} ",
                f"{one.side} {plain(one.contracts)} ",
                short(one.average_price, 2) + " ",
                f"{one.shortfall:+.2f} ",
                f"{_lost_bp(one)} ",
                short(one.fees, 6),
            )
    return table


def _lost_bp(one: JournaledIntent) -> str:
    """Tell by how much the average price was worse than the mid, in basis points of it."""
    if one.average_price is None:
        return NONE
    return f"{one.side.sign * (one.average_price / one.arrival_mid - 1) * 10_000:+.1f}"


def incidents_words(told: Mapping[str, Sequence[JournaledIncident]]) -> Group:
    """Tell incidents, one a line."""
    lines = [
        f"{moment(found.at_ms)} · account {account} · {found.incident.kind}: {found.incident.text}"
        for account, listed in told.items()
        for found in listed
    ]
    return Group(*(Text(line) for line in lines or ["Nothing happened that Hedgerow did not do."]))


# --- tables of other commands -------------------------------------------------------------------------------


def settings_table(shown: Iterable[ShownSetting]) -> Table:
    """Lay out settings with where each value came from."""
    table = Table("setting", "value", "from")
    for setting in shown:
        table.add_row(setting.path, setting.value, setting.origin)
    return table


def replay_words(result: ReplayResult) -> Group:
    """Say how a replay went; each disagreement with both answers."""
    lines = [f"{result.agreed} of {result.decisions} decisions in {result.journal} agree."]
    for differing in result.disagreements:
        lines += [
            f"{differing.account} decision {differing.number} at {moment(differing.at_ms)}:",
            f"  then {differing.then}",
            f"  now  {differing.now}",
        ]
    return Group(*(Text(line) for line in lines))


def backtest_words(report: Report | DatedReport) -> Group:
    """Lay out a backtest of either kind."""
    return report_table(report) if isinstance(report, Report) else rolls_report(report)


def rolls_report(report: DatedReport) -> Group:
    """Lay out a replay of rolls, one a row; basis points are of the near contract's price."""
    table = Table(
        "roll", "finished", "h to expiry", "stage", "clips", "near", "far", "spread mid", "executed",
        "cost", "fees", "yield", "naked max", "for s",
        title=f"{report.data} with {report.spot_data}: {len(report.rolls)} rolls, basis points", title_justify="left",
    )  # fmt: skip
    for roll in report.rolls:
        prices, in_step = roll.prices, roll.in_step
        table.add_row(
            f"{roll.near_name} -> {roll.far_name or 'settled'}",
            roll.finished or "NOT BEFORE EXPIRY",
            _figure(roll.hours_before_expiry, 0),
            NONE if roll.stage is None else str(roll.stage),
            str(roll.clips),
            plain(roll.contracts_near),
            plain(roll.contracts_far),
            *(
                short(figure, 1)
                for figure in (
                    prices.mid_bps,
                    prices.executed_bps,
                    prices.cost_bps,
                    prices.fees_bps,
                    prices.yield_bps,
                )
            ),
            short(in_step.naked_coins_max, 6),
            str(in_step.naked_seconds_max),
        )
    words = [
        (
            f"all finished before expiry: {'yes' if report.all_finished_before_expiry else 'NO'} · decisions"
            f" {report.decisions:,} · orders {report.orders:,} · fills {report.fills:,} · fees"
            f" {short(report.fees_settle, 8)} {report.settle} · liquidations {report.liquidations}"
        ),
        (
            f"effectiveness 1 d {_figure(report.hedge_effectiveness['1d'], 4)} · bars {report.bars:,}, skipped"
            f" {report.bars_skipped_missing} missing, {report.bars_skipped_stale} stale · {report.seconds:.1f} s"
        ),
        *([f"emulation: {report.emulation}"] if report.emulation else []),
        *(f"{times:,} x {why}" for why, times in {**report.refusals, **report.lacks}.items()),
    ]
    return Group(table, *(Text(line) for line in words))


def report_table(report: Report) -> Group:
    """Lay out a backtest: money by source, how well it hedged, how near trouble came."""
    money_rows = Table(title=f"{report.data}: {report.bars:,} bars", title_justify="left", show_header=False)
    in_coins = "" if report.settle in {"USDT", "USDC", "USD"} else f" {report.settle}"
    for label, amount, settled in (
        ("spot_pnl", report.spot_pnl, None),
        ("futures_pnl", report.futures_pnl, report.futures_pnl_settle),
        ("funding", report.funding, report.funding_settle),
        ("fees", report.fees, report.fees_settle),
        ("slippage (inside futures_pnl)", report.slippage, None),
        ("net_pnl", report.net_pnl, None),
    ):
        coins = f"{settled:+.8f}{in_coins}" if in_coins and settled is not None else ""
        money_rows.add_row(label, money(amount), coins)
    effects = Table("horizon", "effectiveness", "vol_reduction", "slope", "changes", title_justify="left")
    for name, changes in report.changes.items():
        effects.add_row(
            name,
            _figure(report.hedge_effectiveness[name], 5),
            _figure(report.vol_reduction[name], 4),
            _figure(report.regression_slope[name], 4),
            f"{changes:,}",
        )
    counts = (
        f"decisions {report.decisions:,} · orders {report.orders:,} · fills {report.fills:,} · settlements"
        f" {report.settlements:,} · skipped: {report.bars_skipped_missing} missing,"
        f" {report.bars_skipped_stale} stale\n"
        f"achieved ratio {_figure(report.achieved_ratio_min, 4)} .. {_figure(report.achieved_ratio_max, 4)}"
        f" · dollar offset {_figure(report.dollar_offset, 4)}\n"
        f"margin ratio at most {_figure(report.margin_ratio_max, 4)} · liquidation at least"
        f" {percent(report.liquidation_distance_min)} away · liquidations {report.liquidations}"
        f" · {report.seconds:.1f} s"
    )
    refused = [Text(f"{times:,} x refused by the {why}", "yellow") for why, times in report.refusals.items()]
    return Group(money_rows, effects, Text(counts), *refused)


def _figure(number: float | None, digits: int) -> str:
    return NONE if number is None else f"{number:.{digits}f}"
