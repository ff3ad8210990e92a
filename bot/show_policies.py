"""How policies look side by side in a terminal: one table, and under it what its columns mean."""

from collections.abc import Mapping

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.backtest.policy_report import Comparison, PolicyRow
from bot.show import NONE, percent

COLUMNS = (
    ("policy", "left"),
    ("contract", "left"),
    ("effectiveness %\n1h / 8h / 1d", "right"),
    ("vol reduction %\n1h / 8h / 1d", "right"),
    ("ratio\nmean %", "right"),
    ("turnover\na year", "right"),
    ("fees\nbp/y", "right"),
    ("funding\nbp/y", "right"),
    ("cost\nbp/y", "right"),
    ("net cost\nbp/y", "right"),
    ("drawdown %\nhedged / bare", "right"),
    ("liquidation\nnearest", "right"),
    ("margin\nratio", "right"),
    ("trades", "right"),
    ("refused", "right"),
    ("liqui-\ndated", "right"),
    ("guard\ncuts", "right"),
)


def table(comparison: Comparison) -> Group:
    """Lay policies under each other."""
    title = f"policies from {comparison.scored_from[:10]} to {comparison.scored_until[:10]}, {comparison.years:.2f} years"
    drawn = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for name, side in COLUMNS:
        drawn.add_column(name, justify="left" if side == "left" else "right")
    for row in comparison.rows:
        drawn.add_row(*_cells(row))
    return Group(drawn, Text(WORDS))


WORDS = """\
All rows are scored on the same span; what lies before it is looked back on only. Each decision knows closed bars and settled
funding, nothing later. No parameter was fitted to the span: they are those of the settings file.
Effectiveness is 1 - Var(coins and hedge) / Var(coins); the reduction of volatility 1 - sqrt(1 - effectiveness).
Yearly figures are shares of the value of the coins there are, on the mean of all bars; a bp is a ten-thousandth.
Funding: positive is received. Cost = fees + slippage, net cost = fees + slippage - funding: positive is a cost.
Drawdown: of coins, price profit, funding and fees together, from their highest; beside it that of the coins alone."""


def _cells(row: PolicyRow) -> tuple[str, ...]:
    return (
        row.policy,
        row.contract,
        _horizons(row.hedge_effectiveness),
        _horizons(row.vol_reduction),
        _percent(row.ratio_mean),
        f"{row.turnover_year:.2f}",
        f"{row.fees_bp_year:.1f}",
        f"{row.funding_bp_year:+.1f}",
        f"{row.cost_bp_year:.1f}",
        f"{row.net_cost_bp_year:+.1f}",
        f"{_percent(row.drawdown)} / {_percent(row.drawdown_unhedged)}",
        percent(row.liquidation_distance_min),
        percent(row.margin_ratio_max),
        str(row.trades),
        str(row.refused),
        str(row.liquidations),
        str(row.guard_reductions),
    )


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share * 100:.1f}"


def _horizons(shares: Mapping[str, float | None]) -> str:
    return " / ".join(_percent(share) for share in shares.values())
