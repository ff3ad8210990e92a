"""How venues, contracts, preflights and plans look in a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.doctor import Check, Verdict, failed
from bot.questions_venues import Capability, Instrument, Plan
from bot.show import NONE, moment, plain

COLOURS: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


def capabilities_table(rows: Iterable[Capability]) -> Table:
    """Lay out what is possible where."""
    table = Table(title="What can carry a hedge, by venue and mode")
    for head in ("venue", "paper, local, live", "testnet", "what is lacking"):
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(f"{row.venue}\n[dim]{row.title}[/]", row.live, row.testnet, row.lacks)
    return table


def instruments_table(rows: Sequence[Instrument]) -> Table:
    """Lay out contracts."""
    table = Table(title="Contracts that could carry a hedge")
    for head in ("venue", "symbol", "one contract", "step", "smallest", "tick", "fees", "expiry", "status"):
        table.add_column(head)
    for row in rows:
        one = row.contract
        table.add_row(
            row.venue,
            one.symbol,
            f"{plain(one.contract_size)} {one.base if one.linear else one.quote}",
            plain(one.contracts_step),
            f"{plain(one.contracts_min)}, {plain(one.notional_min)} {one.quote}",
            plain(one.price_tick),
            f"{one.fee_maker:.3%} / {one.fee_taker:.3%}",
            NONE if row.expiry_ms is None else moment(row.expiry_ms),
            one.status,
        )
    return table


def checks_table(checks: Sequence[Check]) -> Group:
    """Lay out a preflight."""
    table = Table(title="Preflight")
    for head in ("account", "check", "", "found", "remedy"):
        table.add_column(head, overflow="fold")
    for check in checks:
        verdict = Text(check.verdict, COLOURS[check.verdict])
        table.add_row(check.account, check.about, verdict, check.found, check.remedy)
    wrong = len(failed(tuple(checks)))
    end = (
        f"{wrong} of {len(checks)} checks failed: hedgerow run will not start." if wrong else "Ready to run."
    )
    return Group(table, Text(end, "red" if wrong else "green"))


def plan_table(plans: Sequence[Plan]) -> Group:
    """Lay out what would be sent now."""
    parts: list[RenderableType] = []
    for plan in plans:
        table = Table(title=f"account {plan.account}: what would be sent now; nothing is")
        for head in ("hedge", "what", "symbol", "side", "size", "price", "how and why"):
            table.add_column(head, overflow="fold")
        for one in plan.orders:
            table.add_row(
                one.hedge,
                one.what,
                one.symbol,
                NONE if one.side is None else str(one.side),
                NONE if one.contracts is None else plain(one.contracts),
                "market" if one.what == "place" and one.limit_price is None else _price(one.limit_price),
                one.why,
            )
        parts += [table, *(Text(f"  {hedge}: {answer}, {why}") for hedge, answer, why in plan.answers)]
        parts += [Text(f"  Nothing can be decided: {hole}.", "yellow") for hole in plan.missing]
    return Group(*parts)


def _price(price: object) -> str:
    return NONE if price is None else str(price)
