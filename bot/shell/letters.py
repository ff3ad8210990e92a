"""What a decision needs and a picture lacks, in words. Pure: any of these letters missing means that nothing is decided.

"No holding" is a statement, not a missing letter.
"""

from decimal import Decimal

from bot.core.instruments import Contract, family_of
from bot.core.rules import Rules
from bot.core.snapshot import Holding, Position, Quote, Spot
from bot.core.values import ZERO
from bot.shell.ports import AccountReport

CLOCK_BACK_MS_MAX = 1_000
"""How far the clock may go back between two decisions: what a machine that keeps time is corrected by."""


def missing_letters(
    rules: Rules,
    contracts: tuple[Contract, ...],
    holdings: tuple[Holding, ...],
    quotes: tuple[Quote, ...],
    positions: tuple[Position, ...],
) -> tuple[str, ...]:
    """Name what is missing about the hedges.

    A position of a hedge's own family that the picture cannot show would be missing from the hedge's size.
    """
    listed = {holding.asset for holding in holdings}
    families = {hedge.symbol for hedge in rules.hedges}
    strays = [one for one in foreign_positions(contracts, positions) if family_of(one) in families]
    return tuple(
        _unquoted(rules, quotes, positions)
        + [
            f"no statement of {asset} holdings"
            for hedge in rules.hedges
            for asset in hedge.assets
            if asset not in listed
        ]
        + [f"a position in {symbol} that no hedge explains: close it, or hedge with it" for symbol in strays]
    )


def spot_letters(rules: Rules, spots: tuple[Spot, ...], at_ms: int) -> tuple[str, ...]:
    """Name coins whose price is needed beside the contract's, and is not there or is old."""
    told = {spot.symbol: spot for spot in spots}
    letters = []
    for symbol in dict.fromkeys(spot for hedge in rules.hedges for spot in hedge.spots):
        if symbol not in told:
            letters.append(f"no price of {symbol}")
        elif at_ms - told[symbol].at_ms > rules.risk.quote_age_seconds_max * 1000:
            letters.append(f"the price of {symbol} is {_seconds(at_ms - told[symbol].at_ms)} old")
    return tuple(letters)


def foreign_positions(contracts: tuple[Contract, ...], positions: tuple[Position, ...]) -> tuple[str, ...]:
    """List contracts held that no hedge explains: the guard lets nothing be added beside them."""
    known = {contract.symbol for contract in contracts}
    return tuple(p.symbol for p in positions if p.contracts != ZERO and p.symbol not in known)


def mode_letters(account: AccountReport) -> tuple[str, ...]:
    """Name a position mode in which sizes do not mean what they say."""
    if account.one_way:
        return ()
    return (
        "the account is in hedge mode, with a long and a short position a contract: set it to one-way mode at the venue",
    )


def _unquoted(rules: Rules, quotes: tuple[Quote, ...], positions: tuple[Position, ...]) -> list[str]:
    """Name contracts whose price is needed: a perpetual's, a dated one's that holds a position, at least one of a family."""
    quoted = {quote.symbol for quote in quotes}
    families = {family_of(symbol) for symbol in quoted}
    letters = [
        f"no quote of {hedge.symbol}"
        for hedge in rules.hedges
        if not hedge.kind.dated and hedge.symbol not in quoted
    ]
    dated = [hedge.symbol for hedge in rules.hedges if hedge.kind.dated]
    letters += [f"no quote of any contract of {family}" for family in dated if family not in families]
    return letters + [
        f"no quote of {position.symbol}, which is held"
        for position in positions
        if position.contracts != ZERO
        and position.symbol not in quoted
        and family_of(position.symbol) in dated
    ]


def clock_letters(rules: Rules, quotes: tuple[Quote, ...], at_ms: int, last_at_ms: int) -> tuple[str, ...]:
    """Name a clock that jumped: back behind the last decision, or so far that quotes come from the future."""
    letters = []
    back_ms = last_at_ms - at_ms
    if back_ms > CLOCK_BACK_MS_MAX:
        letters.append(
            f"this machine's clock is {_seconds(back_ms)} behind the last decision: set it right; if it was ahead then,"
            " it has to catch up first"
        )
    ahead_ms_max = rules.risk.quote_age_seconds_max * 1000
    letters += [
        f"the quote of {quote.symbol} is {_seconds(quote.at_ms - at_ms)} ahead of this machine's clock: set it right"
        for quote in quotes
        if quote.at_ms - at_ms > ahead_ms_max
    ]
    return tuple(letters)


def _seconds(ms: int) -> str:
    return f"{Decimal(ms) / 1000:f} s"
