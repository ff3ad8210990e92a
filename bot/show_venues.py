"""How venues, contracts, preflights and plans look in a terminal."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.adapters.venues.table import FEATURES, Feature
from bot.doctor import failed
from bot.patient import Check, Verdict
from bot.questions_venues import Capability, Instrument, Plan
from bot.show import NONE, moment, plain

COLOURS: dict[Verdict, str] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "dim"}


def capabilities_table(rows: Sequence[Capability]) -> Group:
    """Lay out what is possible where: kinds of contracts by mode, features, and the reasons where something is not."""
    return Group(_kinds_table(rows), _features_table(rows), *_reasons(rows))


def _kinds_table(rows: Sequence[Capability]) -> Table:
    table = Table(title="What can carry a hedge, by venue and mode", title_justify="left")
    for head in ("venue", "paper, local, live", "testnet", "what is lacking"):
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(f"{row.venue}\n[dim]{row.title}[/]", row.live, row.testnet, row.lacks)
    return table


def _features_table(rows: Sequence[Capability]) -> Table:
    title = "Features; a number is a reason below, one behind a slash is testnet's"
    table = Table(title=title, title_justify="left", pad_edge=False)
    table.add_column("")
    for row in rows:
        table.add_column(row.venue, overflow="fold", justify="center")
    numbers = _numbers(rows)
    for feature in FEATURES:
        table.add_row(feature, *(_mark(row, feature, numbers) for row in rows))
    return table


def _mark(row: Capability, feature: Feature, numbers: Mapping[str, int]) -> Text:
    """Write yes, or the number of the reason; where testnet differs, both."""
    here, there = row.features[feature], row.testnet_features.get(feature)
    text = str(numbers[here]) if here else "yes"
    if there is not None and there != here:
        text += f" / {numbers[there] if there else 'yes'}"
    return Text(text, "green" if text == "yes" else "yellow")


def _numbers(rows: Sequence[Capability]) -> dict[str, int]:
    """Number the reasons in the order they are met."""
    told = (
        reason
        for feature in FEATURES
        for row in rows
        for reason in (row.features[feature], row.testnet_features.get(feature, ""))
        if reason
    )
    return {reason: number for number, reason in enumerate(dict.fromkeys(told), 1)}


def _reasons(rows: Sequence[Capability]) -> list[Text]:
    return [Text(f"{number:>3}  {reason}") for reason, number in _numbers(rows).items()]


def instruments_table(rows: Sequence[Instrument]) -> Group:
    """Lay out contracts; what is the same for all of them stands below, so that the rest fits a narrow terminal."""
    table = Table(title="Contracts that could carry a hedge", title_justify="left", pad_edge=False)
    cells = [_terms(row) for row in rows]
    shared = {
        head: cells[0][head] for head in ("venue", "fees", "status") if len({one[head] for one in cells}) == 1
    }
    heads = [head for head in HEADS if head not in shared]
    for head in heads:
        table.add_column(head, overflow="fold", no_wrap=head in {"symbol", "expiry"})
    for one in cells:
        table.add_row(*(one[head] for head in heads))
    words = [f"{head}: {cell}" for head, cell in shared.items()]
    return Group(table, Text("; ".join(words), "dim") if rows else Text("Nothing is listed on it."))


HEADS = ("venue", "symbol", "contract", "step", "smallest", "tick", "fees", "expiry", "status")


def _terms(row: Instrument) -> dict[str, str]:
    one = row.contract
    least = f", {plain(one.notional_min)} {one.quote}" if one.notional_min else ""
    return {
        "venue": row.venue,
        "symbol": one.symbol,
        "contract": f"{plain(one.contract_size)} {one.base if one.linear else one.quote}",
        "step": plain(one.contracts_step),
        "smallest": f"{plain(one.contracts_min)}{least}",
        "tick": plain(one.price_tick),
        "fees": f"maker {plain(one.fee_maker * 100)} %, taker {plain(one.fee_taker * 100)} %",
        "expiry": NONE if row.expiry_ms is None else moment(row.expiry_ms)[:10],
        "status": one.status,
    }


def checks_table(checks: Sequence[Check]) -> Group:
    """Lay out a preflight: the remedy stands below what it is for."""
    accounts = tuple(dict.fromkeys(check.account for check in checks))
    table = Table(title="Preflight", title_justify="left", pad_edge=False)
    heads = (["account"] if len(accounts) > 1 else []) + ["check", "", "found"]
    for head in heads:
        table.add_column(head, overflow="fold")
    for check in checks:
        found = Text(check.found)
        if check.remedy:
            found.append(f"\n{check.remedy}", "bold")
        about = f"{check.about} (changed)" if check.changed else check.about
        cells: list[RenderableType] = [about, Text(check.verdict, COLOURS[check.verdict]), found]
        table.add_row(*([check.account] if len(accounts) > 1 else []), *cells)
    wrong = len(failed(tuple(checks)))
    end = (
        f"{wrong} of {len(checks)} checks failed: hedgerow run will not start." if wrong else "Ready to run."
    )
    return Group(table, Text(end, "red" if wrong else "green"))


def plan_table(plans: Sequence[Plan]) -> Group:
    """Lay out what would be sent now."""
    parts: list[RenderableType] = []
    for plan in plans:
        title = f"account {plan.account}: what would be sent now; nothing is"
        parts += (
            [_orders_table(plan, title)]
            if plan.orders
            else [Text(f"account {plan.account}: nothing would be sent now")]
        )
        parts += [Text(f"  {hedge}: {answer}, {why}") for hedge, answer, why in plan.answers]
        parts += [Text(f"  Nothing can be decided: {hole}.", "yellow") for hole in plan.missing]
    return Group(*parts)


def _orders_table(plan: Plan, title: str) -> Table:
    table = Table(title=title, title_justify="left", pad_edge=False)
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
    return table


def _price(price: Decimal | None) -> str:
    return NONE if price is None else plain(price)
