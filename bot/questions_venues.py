"""What the verbs ask of venues: capabilities, contracts, the preflight, and what would be sent now."""

import asyncio
from decimal import Decimal

from bot import questions
from bot.adapters.clock import SystemClock
from bot.adapters.log import SilentLog
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.venues.table import FEATURES, VENUES, Feature, Kind, Mode, VenueFacts, lacking, obstacle
from bot.core.desk import Cancel
from bot.core.instruments import Contract, DatedFuture
from bot.core.inventory import Line, inventory
from bot.core.relief import TopUp
from bot.core.risk import Approved
from bot.core.values import Side, record
from bot.doctor import findings, unanswered
from bot.patient import Check
from bot.settings import Settings
from bot.shell.ports import SettingsError, VenueError
from bot.wiring_bags import declared
from bot.wiring_venues import Doors, check_venues, patient_of, venue_preview

KINDS: tuple[Kind, ...] = ("linear", "inverse", "linear dated", "inverse dated")


@record
class Capability:
    """One venue, and what can be done there."""

    venue: str
    title: str
    kinds: tuple[Kind, ...]
    paper: str
    local: str
    testnet: str
    """Kinds of contracts for play money, or why there are none."""
    live: str
    lacks: str
    features: dict[Feature, str]
    """By feature: nothing if it is there, or why it is not, or not for all contracts, and what to do."""
    testnet_features: dict[Feature, str]
    """The same for play money; empty if the venue has none."""


def capabilities() -> tuple[Capability, ...]:
    """List the venues and what can be done there."""
    return tuple(_capability(facts) for facts in VENUES.values())


def _capability(facts: VenueFacts) -> Capability:
    def possible(mode: Mode) -> str:
        return ", ".join(kind for kind in KINDS if not obstacle(facts.name, mode, kind))

    def features(mode: Mode) -> dict[Feature, str]:
        return {feature: lacking(facts.name, mode, feature) for feature in FEATURES}

    return Capability(
        venue=facts.name,
        title=facts.title,
        kinds=facts.kinds,
        paper=possible("paper"),
        local=possible("local"),
        testnet=possible("testnet") or f"no: {facts.testnet_lacks}",
        live=possible("live"),
        lacks="; ".join(one for one in (facts.lacks, _of_testnet(facts)) if one),
        features=features("live"),
        testnet_features=features("testnet") if facts.sandbox else {},
    )


def _of_testnet(facts: VenueFacts) -> str:
    return f"on testnet {facts.testnet_lacks}" if facts.sandbox and facts.testnet_lacks else ""


# --- contracts ------------------------------------------------------------------------------------------------


@record
class Instrument:
    """A contract that could carry a hedge."""

    account: str
    venue: str
    contract: Contract
    expiry_ms: int | None


async def instruments(settings: Settings, asset: str | None) -> tuple[Instrument, ...]:
    """List contracts on a coin, or on those of the hedges, at every venue of the settings.

    Raises:
        SettingsError: no account is at a venue that can be asked.
        VenueError: a venue could not be asked.
    """
    doors = Doors(settings, SystemClock())
    found: list[Instrument] = []
    for name in _asked(settings):
        wanted = {asset} if asset else {one.asset for one in declared(settings, name)}
        async with doors.open(name) as venue:
            found += await _instruments(name, venue, wanted)
    return tuple(found)


async def _instruments(account: str, venue: RemoteVenue, wanted: set[str]) -> list[Instrument]:
    contracts = [one for asset in sorted(wanted) for one in await venue.contracts_on(asset)]
    return [
        Instrument(
            account=account,
            venue=venue.manner.name,
            contract=one,
            expiry_ms=one.expiry_ms if isinstance(one, DatedFuture) else None,
        )
        for one in contracts
    ]


def _asked(settings: Settings) -> tuple[str, ...]:
    """List the accounts at venues that can be asked in this mode.

    Raises:
        SettingsError: there are none.
    """
    if settings.mode == "paper":
        raise SettingsError(
            "In mode paper there is no account at a venue to ask about: set a venue, and mode local, testnet or live."
        )
    check_venues(settings)
    return tuple(settings.accounts)


# --- the preflight --------------------------------------------------------------------------------------------


async def examined(settings: Settings, *, apply: bool) -> tuple[Check, ...]:
    """Look at every account at its venue; one that cannot be entered is a failed check.

    Raises:
        SettingsError: a hedge cannot be run at its venue in this mode.
    """
    doors = Doors(settings, SystemClock())
    checks: list[Check] = []
    for name in _asked(settings):
        try:
            async with doors.open(name) as venue:
                checks += await findings(patient_of(settings, name, venue, apply=apply))
        except VenueError as error:
            checks.append(unanswered(name, error))
    return tuple(checks)


# --- what would be sent ---------------------------------------------------------------------------------------


@record
class PlannedOrder:
    """Something that would be sent now."""

    account: str
    hedge: str
    symbol: str
    what: str
    """place, cancel or transfer."""
    side: Side | None
    contracts: Decimal | None
    limit_price: Decimal | None
    why: str


@record
class Plan:
    """What an account would do now."""

    account: str
    answers: tuple[tuple[str, str, str], ...]
    """Hedge, answer, why."""
    orders: tuple[PlannedOrder, ...]
    missing: tuple[str, ...]


def planned(settings: Settings) -> tuple[Plan, ...]:
    """Say what every account would send now. Nothing is sent and nothing is written.

    Raises:
        SettingsError: a hedge cannot be run at its venue in this mode.
        VenueError: a venue could not be asked.
    """
    return tuple(_plan(picture) for picture in _pictures(settings))


def _pictures(settings: Settings) -> tuple[questions.Picture, ...]:
    """Take a picture of every account as it is now."""
    if settings.mode == "paper":
        return questions.previewed(settings)
    return asyncio.run(_previewed(settings))


@record
class Exposures:
    """What is exposed in every account, coin by coin."""

    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    """What the pictures lacked, in words; such an account has no lines."""


def exposures(settings: Settings) -> Exposures:
    """List every coin of every hedge, its value and what hedges it. Nothing is sent and nothing is written.

    Raises:
        SettingsError: a hedge cannot be run at its venue in this mode.
        VenueError: a venue could not be asked.
    """
    snapshots = tuple(picture.snapshot for picture in _pictures(settings))
    whole = (one for one in snapshots if not one.missing)
    return Exposures(
        lines=tuple(line for one in whole for line in inventory(one, settings.rules(one.account))),
        missing=tuple(f"{one.account}: {letter}" for one in snapshots for letter in one.missing),
    )


async def _previewed(settings: Settings) -> tuple[questions.Picture, ...]:
    pictures = []
    async with venue_preview(settings, SystemClock(), SilentLog()) as accounts:
        for account in accounts:
            await account.loop.start()
            snapshot, decision = await account.loop.preview()
            pictures.append(questions.Picture(snapshot=snapshot, decision=decision, hedges=()))
    return tuple(pictures)


def _plan(picture: questions.Picture) -> Plan:
    account, decision = picture.snapshot.account, picture.decision
    orders: list[PlannedOrder] = []
    for command in decision.commands:
        match command:
            case Approved():
                orders.append(_order(account, command))
            case Cancel():
                orders.append(_taken_back(account, command))
            case TopUp():
                orders.append(_transfer(account, command))
    return Plan(
        account=account,
        answers=tuple((one.hedge, str(one.answer), one.why) for one in decision.explanations),
        orders=tuple(orders),
        missing=picture.snapshot.missing,
    )


def _order(account: str, command: Approved) -> PlannedOrder:
    request = command.request
    shrunk = command.contracts_asked != request.contracts
    return PlannedOrder(
        account=account,
        hedge=command.hedge,
        symbol=request.symbol,
        what="place",
        side=request.side,
        contracts=request.contracts,
        limit_price=request.limit_price,
        why=f"{request.time_in_force}{', reduce-only' if request.reduce_only else ''}"
        f"{f', shrunk from {command.contracts_asked:f}' if shrunk else ''}",
    )


def _taken_back(account: str, command: Cancel) -> PlannedOrder:
    return PlannedOrder(
        account=account,
        hedge=command.hedge,
        symbol=command.symbol,
        what="cancel",
        side=None,
        contracts=None,
        limit_price=None,
        why=f"{command.client_order_id}: {command.reason}",
    )


def _transfer(account: str, command: TopUp) -> PlannedOrder:
    return PlannedOrder(
        account=account,
        hedge="all",
        symbol=command.asset,
        what="transfer",
        side=None,
        contracts=command.amount,
        limit_price=None,
        why=command.reason,
    )
