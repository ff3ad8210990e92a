"""What the venue lists for the hedges: perpetuals, and of dated hedges every expiry; and whether the terms still hold.

A contract is written down with its terms when it is first seen. Terms that changed since keep everything from being
decided until a person has accepted them: sizes and prices rest on them.
"""

from bot.core import books
from bot.core.instruments import Contract, DatedFuture
from bot.core.rules import HedgeRules, Rules
from bot.core.values import Contracts, record
from bot.shell.lookup import note
from bot.shell.patience import patiently
from bot.shell.ports import Hall, NotListedError


@record
class Listing:
    """The contracts the hedges may use, as the venue last described them."""

    contracts: tuple[Contract, ...]
    letters: tuple[str, ...]
    """What is wrong with them, in words: nothing may be decided."""

    def expired(self, at_ms: int) -> bool:
        """Whether a contract has expired since, so that the venue must be asked again."""
        return any(isinstance(one, DatedFuture) and one.expiry_ms <= at_ms for one in self.contracts)

    def with_held(
        self, held: dict[str, Contracts], known: dict[str, Contract], rules: Rules
    ) -> tuple[Contract, ...]:
        """Add a hedge's contracts that are listed no more and still held by our books, in the terms we know."""
        listed = {contract.symbol for contract in self.contracts}
        left = [
            known[symbol]
            for symbol in held
            if symbol not in listed and symbol in known and books.owner(symbol, rules.hedges)
        ]
        return self.contracts + tuple(left)


NOTHING_LISTED = Listing(contracts=(), letters=())


async def read_listing(rules: Rules, hall: Hall, *, accept_terms: bool) -> Listing:
    """Ask for the contracts of every hedge, and compare their terms with those in the journal.

    Raises:
        NotListedError: a perpetual that was never traded here is not listed.
        VenueError: the venue could not be asked.
        JournalUnavailableError: terms could not be written.
    """
    known = hall.journal.terms()
    listed: dict[str, Contract] = {}
    letters: list[str] = []
    for hedge in rules.hedges:
        contracts = await (_perpetual(hedge, known, hall) if not hedge.kind.dated else _dated(hedge, hall))
        listed |= {contract.symbol: contract for contract in contracts}
        letters += _wrong(hedge, contracts, hall.clock.now_ms())
    letters += _compare(tuple(listed.values()), known, hall, accept_terms=accept_terms)
    return Listing(contracts=tuple(listed.values()), letters=tuple(letters))


async def _perpetual(hedge: HedgeRules, known: dict[str, Contract], hall: Hall) -> tuple[Contract, ...]:
    """Describe a hedge's perpetual; one that was listed once and is no more is delisted."""
    try:
        return await patiently(lambda: hall.venue.contracts((hedge.symbol,)), hall.clock)
    except NotListedError:
        if hedge.symbol not in known:
            raise
        return (books.in_status(known[hedge.symbol], "delisted"),)


async def _dated(hedge: HedgeRules, hall: Hall) -> tuple[Contract, ...]:
    """Describe a family's dated contracts, and its perpetual where the venue has one."""
    dated = await patiently(lambda: hall.venue.dated(hedge.symbol), hall.clock)
    try:
        return dated + await patiently(lambda: hall.venue.contracts((hedge.symbol,)), hall.clock)
    except NotListedError:
        return dated


def _wrong(hedge: HedgeRules, contracts: tuple[Contract, ...], now_ms: int) -> list[str]:
    """Say what is wrong with a hedge's contracts."""
    letters = [
        f"{one.symbol} is listed although it expired: this machine's clock or the venue is wrong"
        for one in contracts
        if isinstance(one, DatedFuture) and one.expiry_ms <= now_ms
    ]
    letters += [
        f"a contract of {one.symbol} is {one.contract_size:f}, not {hedge.contract_size:f} as the hedge {hedge.name} says:"
        " look at it, and mend contract_size"
        for one in contracts
        if hedge.contract_size is not None and one.contract_size != hedge.contract_size
    ]
    if not hedge.kind.dated:
        letters += [f"{one.symbol} is {one.status}" for one in contracts if one.status != "trading"]
    elif contracts and not any(one.status == "trading" for one in contracts):
        letters.append(f"no contract of {hedge.symbol} is trading")
    return letters


def _compare(
    listed: tuple[Contract, ...], known: dict[str, Contract], hall: Hall, *, accept_terms: bool
) -> list[str]:
    """Write new contracts down, and changed ones if they are accepted; returns changes that are not, in words."""
    learned, letters = [], []
    for contract in listed:
        old = known.get(contract.symbol)
        change = None if old is None else books.changed_terms(old, contract)
        if change is not None:
            note((change,), hall)
        if change is None or accept_terms:
            learned += [contract] if contract != old else []
        else:
            letters.append(change.text.removesuffix("."))
    if learned:
        hall.journal.learned(learned, hall.clock.now_ms())
    return letters
