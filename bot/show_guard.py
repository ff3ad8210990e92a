"""How the guard looks in a terminal: its state and causes, the margin ladder in prices, and persons' words."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.adapters.journal_guard import JournaledGuardEvent, JournaledTransfer
from bot.core.snapshot import Control
from bot.questions_guard import GuardView, PoolView, Said, ToClose, TripView
from bot.show import NONE, moment, percent, plain, short

WORDS = {
    "freeze": "is frozen: nothing new is sent, working orders are taken back, what is hedged stays hedged",
    "unwind": "is unwound: its positions are closed across the spread, and stay closed",
    "resume": "is released: freezes, unwindings and halts end",
}


# --- persons' words -------------------------------------------------------------------------------------------


def said_words(said: Said) -> str:
    """Say what was said, and when it takes effect."""
    return (
        f"{_scope(said.account, said.hedge)} {WORDS[said.kind]} ({said.who}: {said.why}). A running bot follows within a"
        " poll, else it does at its next start."
    )


def _scope(account: str, hedge: str | None) -> str:
    return f"Account {account}" if hedge is None else f"Hedge {hedge} of account {account}"


def closing_words(closing: Sequence[ToClose]) -> str:
    """List what an unwinding would close."""
    if not closing:
        return "As the journal last saw it, nothing is held; what is held when the bot looks is closed."
    lines = [
        f"  {one.hedge} · account {one.account} · {plain(one.contracts)} contracts of {one.symbol}"
        f" at mark {plain(one.mark)}, seen {moment(one.at_ms)}"
        for one in closing
    ]
    return "\n".join(["Would be closed, and the coins become unhedged:", *lines])


# --- how the guard stands -------------------------------------------------------------------------------------


def guard_words(view: GuardView) -> Group:
    """Lay out the guard of one account."""
    when = "no decision yet" if view.at_ms is None else f"decision {view.decision} · {moment(view.at_ms)}"
    state = NONE if view.state is None else view.state
    parts: list[RenderableType] = [
        Text(f"account {view.account} · state {state} · {when}", style="bold"),
        *(Text(f"  The guard could not look: {hole}.", "yellow") for hole in view.missing),
        *(Text(f"  {cause.state} · {_of(cause.hedge)}{cause.text}") for cause in view.causes),
    ]
    if view.state is not None and not view.causes:
        parts.append(Text("  No cause: everything passes that passes its gates."))
    parts += [Text("  in force: " + _control(one), "yellow") for one in view.controls]
    held = [pool for pool in view.pools if pool.symbols]
    parts += [_pools(held)] if held else []
    parts += [Text("  top-up: " + _transfer(one)) for one in view.transfers]
    parts += [Text("  " + _event(one)) for one in view.events]
    return Group(*parts)


def _of(hedge: str | None) -> str:
    return "" if hedge is None else f"hedge {hedge}: "


def _control(one: Control) -> str:
    scope = "the account" if one.hedge is None else f"hedge {one.hedge}"
    return f"{one.kind} of {scope} by {one.who}, {moment(one.at_ms)}: {one.why}"


def _transfer(one: JournaledTransfer) -> str:
    return (
        f"{moment(one.since_ms)} {one.state} {short(one.amount, 8)} of {short(one.needed, 8)} {one.asset}"
        f" needed · {one.reason}"
    )


def _event(one: JournaledGuardEvent) -> str:
    scope = "" if one.hedge is None else f"hedge {one.hedge}, "
    began = "began" if one.began else "ended"
    said = one.text if one.began else one.key
    return f"{moment(one.at_ms)} {began} · {one.kind} · {scope}{one.who}, {one.state}: {said}"


# --- the ladder in prices -------------------------------------------------------------------------------------


def _pools(pools: Sequence[PoolView]) -> Table:
    """Lay pools side by side: margin above, the price at which each rung trips below."""
    table = Table(
        title="margin, by the worse of our forecast and the venue's word",
        title_justify="left",
        pad_edge=False,
    )
    table.add_column("", style="dim")
    for pool in pools:
        table.add_column(", ".join(pool.symbols), justify="right")
    for label, cell in _POOL_CELLS:
        table.add_row(label, *(cell(pool) for pool in pools))
    for rung in dict.fromkeys(trip.rung for pool in pools for trip in pool.trips):
        table.add_row(f"{rung} at", *(_trips(rung, pool.trips) for pool in pools))
    table.add_row("liquidation at", *(_price(pool.liquidation_price) for pool in pools))
    return table


_POOL_CELLS: tuple[tuple[str, Callable[[PoolView], str]], ...] = (
    ("rung", lambda pool: pool.rung),
    ("equity", lambda pool: f"{short(pool.equity, 8)} {pool.settle}"),
    ("maintenance", lambda pool: f"{short(pool.maintenance, 8)} {pool.settle}"),
    ("margin ratio", lambda pool: "no equity" if pool.margin_ratio is None else percent(pool.margin_ratio)),
    ("to liquidation", lambda pool: percent(pool.distance)),
    ("in sigmas of a day", lambda pool: short(pool.sigmas, 1)),
    ("venue takes off", lambda pool: f"{short(pool.doubt, 8)} {pool.settle}"),
    ("mark", lambda pool: _price(pool.mark)),
)


def _trips(rung: str, trips: Iterable[TripView]) -> str:
    """Write the prices at which a rung is reached."""
    for trip in trips:
        if trip.rung == rung:
            prices = [_price(price) for price in (trip.price_down, trip.price_up) if price is not None]
            return ("reached, " if trip.reached else "") + (" and ".join(prices) or "no price")
    return NONE


def _price(price: Decimal | None) -> str:
    return NONE if price is None else f"{price:,.1f}"
