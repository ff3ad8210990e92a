"""The front door of paper accounts at real venues' prices."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

from bot import wiring
from bot.adapters.paper_venue import PaperVenue, with_tiers
from bot.adapters.remote_venue import RemoteVenue
from bot.adapters.switch import FileSwitch
from bot.core.instruments import Contract
from bot.looks import OpenAccount
from bot.settings import Settings
from bot.shell.loop import Loop
from bot.shell.ports import Clock, Log
from bot.wiring import Journals, hedges_of
from bot.wiring_bags import Bags
from bot.wiring_venues import Doors, access_of, check_venues


@asynccontextmanager
async def priced_accounts(
    settings: Settings,
    clock: Clock,
    log: Log,
    *,
    accept_terms: bool = False,
    journals: Journals | None = None,
) -> AsyncIterator[list[OpenAccount]]:
    """Open every account of the settings as a model account at its venue's prices, restored from its journal, which ``journals`` opens.

    Raises:
        JournalUnavailableError: the journal cannot be used.
        SettingsError: a hedge's kind of contract is not there.
        VenueError: a venue cannot be reached.
    """
    check_venues(settings)
    doors, bags, url = Doors(settings, clock), Bags(settings, log), wiring.journal_url(settings)
    opened = partial(wiring.journal_of, settings) if journals is None else journals
    async with AsyncExitStack() as stack:
        accounts = []
        for name in settings.accounts:
            journal = stack.enter_context(opened(name))
            access = replace(access_of(settings, name), api_key="", api_secret="", passphrase="")
            source = await stack.enter_async_context(doors.entered(access, name))
            contracts = await _contracts(settings, name, source)
            with wiring.reader_of(url, settings.mode) as reader:
                exchange = wiring.restored(settings, name, contracts, reader, clock)
            rules = settings.rules(name)
            venue = PaperVenue(source, exchange, name, clock)
            loop = Loop(
                rules=rules,
                venue=venue,
                holdings=bags.holdings(name, venue),
                journal=journal,
                clock=clock,
                log=log,
                switch=FileSwitch(path=wiring.switch_path(settings)),
                accept_terms=accept_terms,
            )
            accounts.append(OpenAccount(name=name, rules=rules, loop=loop, url=url, mode=settings.mode))
        yield accounts


async def _contracts(settings: Settings, account: str, source: RemoteVenue) -> tuple[Contract, ...]:
    """Describe the contracts of an account's hedges as the venue does."""
    found: list[Contract] = []
    for hedge in hedges_of(settings, account).values():
        if hedge.kind.dated:
            found += await source.dated(hedge.symbol)
        else:
            found += await source.contracts((hedge.symbol,))
    return tuple(with_tiers(contract) for contract in found)
