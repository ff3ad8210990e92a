"""Empty the letter boxes and lay one tray: a Snapshot, with every missing letter named."""

from bot.core.instruments import Contract, Perpetual, family_of
from bot.core.reports import Fill
from bot.core.rules import Kind, Rules
from bot.core.snapshot import Quote, Snapshot, Turnover
from bot.shell.letters import clock_letters, missing_letters
from bot.shell.listing import Listing
from bot.shell.patience import patiently
from bot.shell.ports import Hall, Holdings
from bot.shell.reconcile import agree


async def observe(
    hall: Hall, holdings: Holdings, rules: Rules, listing: Listing, *, mend: bool
) -> tuple[Snapshot, tuple[Fill, ...]]:
    """Read everything a decision may know, make books and venue agree on the way, and give the new fills beside it.

    Raises:
        VenueError: a part of the picture could not be read.
        JournalUnavailableError: what was heard could not be written.
    """
    venue, journal = hall.venue, hall.journal
    picture = await agree(rules, hall, mend=mend)
    account = picture.account
    contracts = listing.with_held(journal.held(), journal.terms(), rules)
    symbols = tuple(contract.symbol for contract in contracts)
    held = await patiently(holdings.read, hall.clock)
    quotes: tuple[Quote, ...] = await patiently(lambda: venue.quotes(symbols), hall.clock)
    perpetuals = tuple(contract.symbol for contract in contracts if isinstance(contract, Perpetual))
    funding = await patiently(lambda: venue.funding(perpetuals), hall.clock)
    turnovers = await _turnovers(rules, contracts, hall)
    at_ms = hall.clock.now_ms()
    snapshot = Snapshot(
        account=rules.account,
        at_ms=at_ms,
        contracts=contracts,
        holdings=held,
        wallets=account.wallets,
        positions=account.positions,
        quotes=quotes,
        funding=funding,
        working=journal.working(),
        memory=journal.memory(),
        margin_mode=account.margin_mode,
        leverage=account.leverage,
        turnovers=turnovers,
        setbacks=journal.rejected(),
        shifted=journal.shifted(),
        missing=picture.letters
        + listing.letters
        + missing_letters(rules, contracts, held, quotes, account.positions)
        + clock_letters(rules, quotes, at_ms, journal.last_at_ms()),
    )
    return snapshot, picture.fills


async def _turnovers(rules: Rules, contracts: tuple[Contract, ...], hall: Hall) -> tuple[Turnover, ...]:
    """Read how busy the contracts of dated hedges are; others do not ask."""
    dated = {hedge.symbol for hedge in rules.hedges if hedge.kind is Kind.DATED}
    symbols = tuple(contract.symbol for contract in contracts if family_of(contract.symbol) in dated)
    if not symbols:
        return ()
    return await patiently(lambda: hall.venue.turnovers(symbols), hall.clock)
