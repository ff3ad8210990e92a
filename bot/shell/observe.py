"""Empty the letter boxes and lay one tray: a Snapshot, with every missing letter named."""

from bot.core.instruments import Contract
from bot.core.rules import Rules
from bot.core.snapshot import Funding, Holding, Position, Quote, Snapshot
from bot.core.values import ZERO
from bot.shell.execute import hear, patiently
from bot.shell.ports import Activity, Clock, Holdings, Journal, Venue
from bot.shell.reconcile import settle_orders


async def observe(
    venue: Venue,
    holdings: Holdings,
    journal: Journal,
    clock: Clock,
    rules: Rules,
    contracts: tuple[Contract, ...],
) -> tuple[Snapshot, Activity]:
    """Read everything a decision may know, and write down what the venue reports on the way.

    Orders are read before positions, and looked up after: a fill in between is counted twice, as in flight and as
    held, for one picture, and never not at all (invariant I4). Fills are written before the orders they fill, so that no
    order is ever journaled as filled by fills that nobody heard of (I1).

    Raises:
        VenueError: a part of the picture could not be read.
        JournalUnavailableError: what was heard could not be written.
    """
    symbols = tuple(hedge.symbol for hedge in rules.hedges)
    account = await patiently(venue.account)
    activity = await hear(venue, journal)
    await settle_orders(account, venue, journal, clock)
    held = await patiently(holdings.read)
    quotes = await patiently(lambda: venue.quotes(symbols))
    funding: tuple[Funding, ...] = await patiently(lambda: venue.funding(symbols))
    snapshot = Snapshot(
        account=rules.account,
        at_ms=clock.now_ms(),
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
        missing=missing_letters(rules, held, quotes, account.positions),
    )
    return snapshot, activity


def missing_letters(
    rules: Rules, holdings: tuple[Holding, ...], quotes: tuple[Quote, ...], positions: tuple[Position, ...]
) -> tuple[str, ...]:
    """Name what a decision needs and the picture lacks. "No holding" is a statement, not a missing letter.

    A position that no hedge explains has no quote here: its margin cannot be judged, so that nothing is decided beside it.
    """
    quoted = {quote.symbol for quote in quotes}
    listed = {holding.asset for holding in holdings}
    hedged = {hedge.symbol for hedge in rules.hedges}
    foreign = [p.symbol for p in positions if p.contracts != ZERO and p.symbol not in hedged]
    return tuple(
        [f"no quote of {hedge.symbol}" for hedge in rules.hedges if hedge.symbol not in quoted]
        + [f"no statement of {hedge.asset} holdings" for hedge in rules.hedges if hedge.asset not in listed]
        + [f"a position in {symbol} that no hedge explains: close it, or hedge with it" for symbol in foreign]
    )
