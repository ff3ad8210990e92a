"""Empty the letter boxes and lay one tray: a Snapshot, with every missing letter named."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

from bot.core.instruments import Contract, Perpetual, settle_of
from bot.core.lookback import Bars, Settled
from bot.core.policy import needs_of, settlements_of
from bot.core.reports import Fill
from bot.core.rules import Kind, Rules
from bot.core.snapshot import Control, Funding, Peg, Position, Quote, Snapshot, Spot, Turnover, Volatility
from bot.core.values import ZERO, Contracts, Money, Price, record
from bot.shell.letters import clock_letters, foreign_positions, missing_letters, mode_letters, spot_letters
from bot.shell.listing import Listing
from bot.shell.patience import patiently
from bot.shell.ports import AccountReport, AuthFailedError, GuardBook, Hall, Holdings, Journal, VenueError
from bot.shell.reconcile import agree
from bot.shell.transfer import look_up_transfers

T = TypeVar("T", Bars, Settled)


@record
class Market:
    """What the venue says of contracts, whoever asks."""

    quotes: tuple[Quote, ...]
    spots: tuple[Spot, ...]
    funding: tuple[Funding, ...]
    turnovers: tuple[Turnover, ...]
    volatilities: tuple[Volatility, ...]
    pegs: tuple[Peg, ...]
    bars: tuple[Bars, ...]
    settled: tuple[Settled, ...]


async def observe(
    hall: Hall, holdings: Holdings, rules: Rules, listing: Listing, *, mend: bool
) -> tuple[Snapshot, tuple[Fill, ...]]:
    """Read everything a decision may know, make books and venue agree on the way, and give the new fills beside it.

    Transfers are looked up before the wallets are read, so that one that is done has been credited in the picture.

    What only policies look back on may be missing: it blinds nobody.

    Raises:
        VenueError: a part of the picture that nothing is decided without could not be read.
        JournalUnavailableError: what was heard could not be written.
    """
    journal, book = hall.journal, await _guard_book(hall, rules)
    picture = await agree(rules, hall, mend=mend)
    account = _completed(picture.account, journal)
    contracts = listing.with_held(journal.held(), journal.terms(), rules)
    held = await patiently(holdings.read, hall.clock)
    market = await _market(contracts, hall, rules)
    at_ms = hall.clock.now_ms()
    snapshot = Snapshot(
        account=rules.account,
        at_ms=at_ms,
        contracts=contracts,
        holdings=held,
        wallets=account.wallets,
        positions=account.positions,
        quotes=market.quotes,
        funding=market.funding,
        working=journal.working(),
        memory=journal.memory(),
        margin_mode=account.margin_mode,
        leverage=account.leverage,
        turnovers=market.turnovers,
        setbacks=journal.rejected(),
        shifted=journal.shifted(),
        account_at_ms=account.at_ms,
        volatilities=market.volatilities,
        pegs=market.pegs,
        spots=market.spots,
        bars=market.bars,
        settled=market.settled,
        orders_last_minute=book.orders_last_minute,
        controls=book.controls + switched(hall),
        resumes=book.resumes,
        transfers=book.transfers,
        top_up_refused_ms=book.top_up_refused_ms,
        moved_today=book.moved_today,
        foreign=foreign_positions(contracts, account.positions),
        missing=picture.letters
        + listing.letters
        + missing_letters(rules, contracts, held, market.quotes, account.positions)
        + spot_letters(rules, market.spots, at_ms)
        + mode_letters(account)
        + clock_letters(rules, market.quotes, at_ms, journal.last_at_ms()),
    )
    return snapshot, picture.fills


def _completed(account: AccountReport, journal: Journal) -> AccountReport:
    """Add from the books what a venue does not tell: what positions ever realised, and so what was ever deposited.

    A contract that is held no more is listed as flat with what it realised.
    """
    if account.cumulative:
        return account
    realised = journal.realised()
    listed = {position.symbol for position in account.positions}
    gone = [
        Position(symbol=one, contracts=Contracts(ZERO), entry_price=Price(ZERO), realised_pnl=sum_)
        for one, sum_ in realised.items()
        if one not in listed
    ]
    return replace(
        account,
        positions=tuple(
            replace(one, realised_pnl=realised.get(one.symbol, Money(ZERO))) for one in account.positions
        )
        + tuple(gone),
        wallets=tuple(
            replace(wallet, deposited=Money(wallet.balance - _earned(wallet.asset, realised)))
            for wallet in account.wallets
        ),
    )


def _earned(asset: str, realised: Mapping[str, Money]) -> Decimal:
    """Sum the price profit of all contracts that settle in an asset."""
    return sum([profit for symbol, profit in realised.items() if settle_of(symbol) == asset], ZERO)


async def _guard_book(hall: Hall, rules: Rules) -> GuardBook:
    """Read what the books tell the guard, transfers brought up to the venue's word first."""
    book = hall.journal.guard_book(hall.clock.now_ms())
    if not book.transfers:
        return book
    await look_up_transfers(book.transfers, rules, hall)
    return hall.journal.guard_book(hall.clock.now_ms())


async def _market(contracts: tuple[Contract, ...], hall: Hall, rules: Rules) -> Market:
    """Read prices and what else is known of contracts; each is asked again by the clock if need be."""
    venue, clock = hall.venue, hall.clock
    symbols = tuple(contract.symbol for contract in contracts)
    perpetuals = tuple(contract.symbol for contract in contracts if isinstance(contract, Perpetual))
    settles = tuple({contract.settle: None for contract in contracts})
    bars, settled = await _bars(hall, rules), await _settled(hall, rules)  # first: prices are to be fresh
    quotes = await patiently(lambda: venue.quotes(symbols + spots_of(rules)), clock)
    return Market(
        quotes=tuple(one for one in quotes if one.symbol in symbols),
        spots=tuple(
            Spot(symbol=one.symbol, at_ms=one.at_ms, price=one.index)
            for one in quotes
            if one.symbol not in symbols
        ),
        funding=await patiently(lambda: venue.funding(perpetuals), clock),
        turnovers=await patiently(lambda: venue.turnovers(symbols), clock),
        volatilities=await patiently(lambda: venue.volatilities(symbols), clock),
        pegs=await patiently(lambda: venue.pegs(settles), clock),
        bars=bars,
        settled=settled,
    )


def spots_of(rules: Rules) -> tuple[str, ...]:
    """List the spot markets whose prices the hedges need beside their contracts'."""
    return tuple({spot: None for hedge in rules.hedges for spot in hedge.spots})


async def _bars(hall: Hall, rules: Rules) -> tuple[Bars, ...]:
    """Read what the hedges' policies look back on, market by market; nothing is asked where none does."""
    needs = {
        need: None for hedge in rules.hedges for need in needs_of(hedge.stages, hedge.symbol, hedge.assets)
    }
    found = [await _history(partial(hall.venue.bars, (need,)), need.symbol, hall) for need in needs]
    return tuple(one for bars in found for one in bars)


async def _settled(hall: Hall, rules: Rules) -> tuple[Settled, ...]:
    """Read the settled funding that the hedges' policies, and the cheapest carry, look back on; none where nothing does."""
    counts: dict[str, int] = {}
    for hedge in rules.hedges:
        asked = rules.roll.carry.average_settlements if hedge.kind is Kind.CARRY else 0
        counts[hedge.symbol] = max(counts.get(hedge.symbol, 0), settlements_of(hedge.stages), asked)
    found = [
        await _history(partial(hall.venue.settled, (symbol,), count), symbol, hall)
        for symbol, count in counts.items()
        if count
    ]
    return tuple(one for settled in found for one in settled)


async def _history(ask: Callable[[], Awaitable[tuple[T, ...]]], symbol: str, hall: Hall) -> tuple[T, ...]:
    """Read what only policies look back on; what cannot be read is not there, and leaves the rest of the picture whole.

    A hedge that follows a fallback is safer than one that nobody steers: a stage that finds nothing says what it lacks.
    A key that is refused is no matter of history, and halts as everywhere.

    Raises:
        AuthFailedError: the key is not accepted.
    """
    try:
        return await patiently(ask, hall.clock)
    except AuthFailedError:
        raise
    except VenueError as error:
        hall.log.warning(
            "history cannot be read; stages that need it fall back", symbol=symbol, error=str(error)
        )
        return ()


def switched(hall: Hall) -> tuple[Control, ...]:
    """Make a control of a kill switch that is pulled; it has no time, so that it is the same at every look."""
    where = hall.switch.pulled()
    if not where:
        return ()
    ends = "It ends when that is taken away; `hedgerow resume` does not end it."
    return (Control(kind="freeze", hedge=None, who="kill switch", why=where, at_ms=0, ends=ends),)
