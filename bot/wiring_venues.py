"""The front door of real venues: accounts in modes local, testnet and live."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import wiring
from bot.adapters.budget import Budget
from bot.adapters.ccxt_venue import Access, Catalogue, CcxtApi
from bot.adapters.journal import open_journal
from bot.adapters.journal_copy import copy_journal
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.switch import FileSwitch
from bot.adapters.venues.manner import Manner
from bot.adapters.venues.manners import manner_of
from bot.adapters.venues.table import VENUES, Kind, margin_obstacle, obstacle
from bot.backtest.tally import Tally
from bot.core.rules import Rules
from bot.looks import OpenAccount
from bot.patient import Patient
from bot.settings import Hedge, Settings
from bot.shell.loop import Loop
from bot.shell.ports import Clock, Journal, Log, SettingsError
from bot.testexchange.keyring import TEST_KEY
from bot.wiring import Journals, hedges_of
from bot.wiring_bags import Bags, declared


class VenueAccount(OpenAccount):
    """One account at a real venue."""

    def __init__(
        self, *, name: str, rules: Rules, venue: RemoteVenue, loop: Loop, url: str, mode: str
    ) -> None:
        super().__init__(name=name, rules=rules, loop=loop, url=url, mode=mode, allowance=venue.api.budget)
        self.venue = venue


def kind_of(hedge: Hedge) -> Kind:
    """Tell the kind of contract a hedge asks for."""
    linear = not hedge.symbol.endswith(f":{hedge.asset}")
    if hedge.kind.dated:
        return "linear dated" if linear else "inverse dated"
    return "linear" if linear else "inverse"


def check_venues(settings: Settings) -> None:
    """Check that every hedge can be run at its venue in this mode.

    Raises:
        SettingsError: some cannot; all of them are told, with the remedy.
    """
    faults = []
    for name, hedge in settings.hedges.items():
        venue = settings.accounts[hedge.account].venue
        why = "" if venue == "model" else obstacle(venue, settings.mode, kind_of(hedge))
        faults += [f"hedges.{name}: {why}."] if why else []
    for name, account in settings.accounts.items():
        real = settings.mode != "paper" and account.venue != "model"
        why = margin_obstacle(account.venue, account.margin_mode) if real else ""
        faults += [f"accounts.{name}.margin_mode: {why}."] if why else []
    if faults:
        raise SettingsError("\n".join(faults))


def access_of(settings: Settings, account: str) -> Access:
    """Give the way to an account; a test exchange is entered with the key that all of them know, unless one is given."""
    chosen, local = settings.accounts[account], settings.mode == "local"
    key, secret = chosen.api_key.get_secret_value(), chosen.api_secret.get_secret_value()
    return Access(
        venue=chosen.venue,
        mode=settings.mode,
        api_key=key or (TEST_KEY.key if local else ""),
        api_secret=secret or (TEST_KEY.secret if local else ""),
        passphrase=chosen.api_passphrase.get_secret_value() or (TEST_KEY.passphrase if local else ""),
        address=chosen.address if local else None,
    )


class Doors:
    """Doors to venues that share what may be shared: market descriptions, and the venue's patience."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._catalogue = Catalogue()
        self._budgets: dict[tuple[str, str], Budget] = {}

    @asynccontextmanager
    async def open(self, account: str) -> AsyncIterator[RemoteVenue]:
        """Connect an account.

        Raises:
            VenueError: the venue cannot be reached, or does not know us.
        """
        async with self.entered(access_of(self._settings, account), account) as venue:
            yield venue

    @asynccontextmanager
    async def entered(self, access: Access, account: str) -> AsyncIterator[RemoteVenue]:
        """Connect by another access than the account's own, such as one without a key.

        Raises:
            VenueError: the venue cannot be reached, or does not know us.
        """
        venue = self._make(access, account)
        try:
            await venue.open()
            yield venue
        finally:
            await venue.close()

    def _make(self, access: Access, account: str) -> RemoteVenue:
        manner: Manner = manner_of(access.venue)
        budget = self._budget(access.venue, account)
        tiers = {
            hedge.symbol: hedge.own_tiers()
            for hedge in hedges_of(self._settings, account).values()
            if hedge.tiers
        }
        api = CcxtApi(access, manner, self._clock, budget, self._catalogue)
        return RemoteVenue(api, manner, self._clock, tiers)

    def _budget(self, venue: str, account: str) -> Budget:
        """Give the budget an account spends: Binance counts by address, others by account."""
        facts = VENUES[venue]
        key = (venue, "" if venue.startswith("binance") else account)
        if key not in self._budgets:
            self._budgets[key] = Budget(facts.weight_max, facts.window_ms, self._clock)
        return self._budgets[key]


@asynccontextmanager
async def venue_accounts(
    settings: Settings,
    clock: Clock,
    log: Log,
    *,
    accept_terms: bool = False,
    label: str = "",
    journals: Journals | None = None,
) -> AsyncIterator[list[VenueAccount]]:
    """Open every account of the settings at its venue, each with its journal, whose mode is ``label`` if one is given.

    ``journals`` opens the journal of an account; without it each is opened by ``journal_of``.

    Raises:
        JournalUnavailableError: the journal cannot be used.
        SettingsError: a hedge cannot be run at its venue in this mode.
        VenueError: a venue cannot be reached, or does not know us.
    """
    check_venues(settings)
    doors, bags = Doors(settings, clock), Bags(settings, log)
    opened = partial(wiring.journal_of, settings, label=label) if journals is None else journals
    async with AsyncExitStack() as stack:
        accounts = []
        for name in settings.accounts:
            journal = stack.enter_context(opened(name))
            venue = await stack.enter_async_context(doors.open(name))
            accounts.append(
                _account(
                    settings, name, venue, journal, clock, log, bags, accept_terms=accept_terms, label=label
                )
            )
        yield accounts


@asynccontextmanager
async def venue_preview(settings: Settings, clock: Clock, log: Log) -> AsyncIterator[list[VenueAccount]]:
    """Open every account at its venue with a copy of its journal: for looking, not for trading.

    Raises:
        SettingsError: a hedge cannot be run at its venue in this mode.
        JournalUnavailableError: the journal cannot be read.
        VenueError: a venue cannot be reached, or does not know us.
    """
    check_venues(settings)
    doors, bags = Doors(settings, clock), Bags(settings, log)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        accounts = []
        for name in settings.accounts:
            journal = stack.enter_context(_copied(settings, name, folder))
            venue = await stack.enter_async_context(doors.open(name))
            accounts.append(_account(settings, name, venue, journal, clock, log, bags))
        yield accounts


@contextmanager
def _copied(settings: Settings, account: str, folder: Path) -> Iterator[Journal]:
    """Give a copy of an account's journal, which may be written; an empty one in memory if there is none yet."""
    url = wiring.journal_url(settings)
    if not wiring.journal_there(url):
        yield Tally()
        return
    copy = folder / f"{account}.sqlite"
    copy_journal(url, copy)
    with open_journal(
        wiring.url_of(copy), mode=settings.mode, account=account, rules_json=settings.model_dump_json()
    ) as journal:
        yield journal


def _account(
    settings: Settings,
    name: str,
    venue: RemoteVenue,
    journal: Journal,
    clock: Clock,
    log: Log,
    bags: Bags,
    *,
    accept_terms: bool = False,
    label: str = "",
) -> VenueAccount:
    rules = settings.rules(name)
    loop = Loop(
        rules=rules,
        venue=venue,
        holdings=bags.holdings(name, venue),
        journal=journal,
        clock=clock,
        log=log,
        switch=FileSwitch(path=wiring.switch_path(settings, label or None)),
        accept_terms=accept_terms,
    )
    return VenueAccount(
        name=name,
        rules=rules,
        venue=venue,
        loop=loop,
        url=wiring.journal_url(settings),
        mode=label or settings.mode,
    )


def patient_of(settings: Settings, account: str, venue: RemoteVenue, *, apply: bool) -> Patient:
    """Put together what a preflight looks at."""
    holdings: dict[str, Decimal] = defaultdict(Decimal)
    for one in declared(settings, account):
        holdings[one.asset] += one.coins
    return Patient(
        name=account,
        mode=settings.mode,
        settings=settings.accounts[account],
        rules=settings.rules(account),
        venue=venue,
        holdings=holdings,
        apply=apply,
    )
