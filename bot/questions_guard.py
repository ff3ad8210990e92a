"""What the verbs of the guard ask of a journal, and the words that persons write into it."""

import getpass
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from bot import wiring
from bot.adapters.clock import SystemClock
from bot.adapters.journal_controls import Words, always, say
from bot.adapters.journal_guard import JournaledGuardEvent, JournaledTransfer, WordKind, in_force
from bot.adapters.journal_reader import JournalReader
from bot.core.causes import Cause
from bot.core.instruments import family_of
from bot.core.ladder import Standing, Trip
from bot.core.memory import State
from bot.core.snapshot import Control, Snapshot
from bot.core.values import ZERO, Contracts, Price, Ratio, record
from bot.settings import Settings
from bot.shell.ports import SettingsError
from bot.shell.replay import JournaledDecision

EVENTS_SHOWN = 20


# --- persons' words -------------------------------------------------------------------------------------------


@record
class Said:
    """A person's word, as it was written down."""

    account: str
    hedge: str | None
    """None is all of the account."""
    kind: WordKind
    who: str
    why: str
    at_ms: int
    journal: str


def meant(settings: Settings, account: str | None, hedge: str | None) -> tuple[str, ...]:
    """Find the accounts a person speaks of: the hedge's, the one named, or all.

    Raises:
        SettingsError: there is no such hedge or account, or the hedge is another account's.
    """
    if account is not None and account not in settings.accounts:
        raise SettingsError(
            f"There is no account {account!r}: choose with --account from {', '.join(settings.accounts)}."
        )
    if hedge is None:
        return tuple(settings.accounts) if account is None else (account,)
    if hedge not in settings.hedges:
        raise SettingsError(
            f"There is no hedge {hedge!r}: choose with --hedge from {', '.join(settings.hedges)}."
        )
    owner = settings.hedges[hedge].account
    if account not in {None, owner}:
        raise SettingsError(f"Hedge {hedge} is of account {owner}, not {account}: leave --account out.")
    return (owner,)


def speak(
    settings: Settings,
    accounts: Sequence[str],
    kind: WordKind,
    hedge: str | None,
    why: str,
    *,
    who: str | None = None,
    at_ms: int | None = None,
    provided: Callable[[Words], bool] = always,
) -> tuple[Said, ...]:
    """Write a person's word into the journal, once for each account for which it is ``provided`` by the words so far.

    Without ``who`` it is the operating system's user, without ``at_ms`` now. Returns what was said.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be written.
    """
    url, who = wiring.journal_url(settings), speaker() if who is None else who
    at_ms = SystemClock().now_ms() if at_ms is None else at_ms
    journal = wiring.journal_name(url)
    return tuple(
        Said(account=account, hedge=hedge, kind=kind, who=who, why=why, at_ms=at_ms, journal=journal)
        for account in accounts
        if say(url, account, kind, hedge, who, why, at_ms, provided)
    )


def speaker() -> str:
    """Give the name by which the operating system knows who speaks."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):
        return "unknown"


# --- what an unwinding closes ---------------------------------------------------------------------------------


@record
class ToClose:
    """A position that would be closed, as the journal last saw it."""

    account: str
    hedge: str
    symbol: str
    contracts: Contracts
    """Signed."""
    mark: Price | None
    """None if it was not quoted then."""
    at_ms: int


def to_close(settings: Settings, accounts: Sequence[str], hedge: str | None) -> tuple[ToClose, ...]:
    """List the positions of hedges as the journal last saw them; none is an answer.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(wiring.journal_url(settings), settings.mode) as reader:
        return tuple(
            one
            for account in accounts
            if (last := reader.last_decision(account)) is not None
            for name, known in wiring.hedges_of(settings, account).items()
            if hedge in {None, name}
            for one in _positions(last.snapshot, name, known.symbol)
        )


def _positions(snapshot: Snapshot, hedge: str, family: str) -> Iterable[ToClose]:
    marks = {quote.symbol: quote.mark for quote in snapshot.quotes}
    for position in snapshot.positions:
        if position.contracts != ZERO and family_of(position.symbol) == family:
            yield ToClose(
                account=snapshot.account,
                hedge=hedge,
                symbol=position.symbol,
                contracts=position.contracts,
                mark=marks.get(position.symbol),
                at_ms=snapshot.at_ms,
            )


# --- how the guard stands -------------------------------------------------------------------------------------


@record
class TripView:
    """Where a rung of the ladder is reached, as prices of a pool's first contract; None where no price does."""

    rung: str
    reached: bool
    price_up: Decimal | None
    price_down: Decimal | None


@record
class PoolView:
    """How positions that share their backing stand, by our forecast and the venue's word, the worse of the two."""

    symbols: tuple[str, ...]
    settle: str
    rung: str
    equity: Decimal
    """Settlement currency."""
    maintenance: Decimal
    margin_ratio: Decimal | None
    """None when there is no equity."""
    distance: Decimal | None
    """Move of all prices together to liquidation, as a share of today's; None if no price liquidates."""
    sigma_day: Ratio
    sigmas: Decimal | None
    """The distance in standard deviations of a day; None if none is known."""
    doubt: Decimal
    """Backing that the venue's word takes off our forecast."""
    mark: Price | None
    """Of the first contract; None without positions."""
    liquidation_price: Decimal | None
    trips: tuple[TripView, ...]


@record
class GuardView:
    """How the guard of one account stood at the last decision, and what was said and moved."""

    account: str
    at_ms: int | None
    """None before the first decision."""
    decision: int | None
    state: State | None
    """None before the first decision, and where the picture had holes."""
    missing: tuple[str, ...]
    """Holes in the last picture: with any, the guard could not look."""
    causes: tuple[Cause, ...]
    pools: tuple[PoolView, ...]
    controls: tuple[Control, ...]
    """Persons' words in force, those said since the last decision included."""
    transfers: tuple[JournaledTransfer, ...]
    events: tuple[JournaledGuardEvent, ...]
    """The last ones, oldest first."""


def guard_views(url: str) -> tuple[GuardView, ...]:
    """Show the guard of every account of a journal.

    Raises:
        JournalUnavailableError: there is no journal, or it cannot be read.
    """
    with wiring.reader_of(url) as reader:
        return tuple(_guard_view(reader, account) for account in reader.accounts())


def _guard_view(reader: JournalReader, account: str) -> GuardView:
    last = reader.last_decision(account)
    watch = None if last is None else last.decision.watch
    return GuardView(
        account=account,
        at_ms=None if last is None else last.at_ms,
        decision=None if last is None else last.number,
        state=None if watch is None else watch.state,
        missing=() if last is None else last.snapshot.missing,
        causes=() if watch is None else watch.causes,
        pools=() if last is None else _pools(last),
        controls=in_force(reader.controls(account)),
        transfers=reader.transfers(account),
        events=reader.guard_events(account, EVENTS_SHOWN),
    )


def _pools(last: JournaledDecision) -> tuple[PoolView, ...]:
    watch = last.decision.watch
    return () if watch is None else tuple(_pool(one, last.snapshot) for one in watch.standings)


def _pool(one: Standing, snapshot: Snapshot) -> PoolView:
    mark = snapshot.quote(one.symbols[0]).mark if one.symbols else None
    return PoolView(
        symbols=one.symbols,
        settle=one.settle,
        rung=one.rung.name.lower(),
        equity=one.equity,
        maintenance=one.maintenance,
        margin_ratio=one.margin_ratio,
        distance=one.distance,
        sigma_day=one.sigma_day,
        sigmas=one.sigmas,
        doubt=one.doubt,
        mark=mark,
        liquidation_price=_price(one.liquidation_multiple, mark),
        trips=tuple(_trip(trip, mark) for trip in one.trips),
    )


def _trip(trip: Trip, mark: Price | None) -> TripView:
    return TripView(
        rung=trip.rung.name.lower(),
        reached=trip.reached,
        price_up=_price(trip.up, mark),
        price_down=_price(trip.down, mark),
    )


def _price(multiple: Decimal | None, mark: Price | None) -> Decimal | None:
    return None if multiple is None or mark is None else multiple * mark
