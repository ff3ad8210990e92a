"""A spot market's best prices as a quote: what a coin is worth that no future of its own hedges."""

from bot.adapters.venues.answers import Row, number_or
from bot.core.snapshot import Quote
from bot.core.values import ZERO, Contracts, Price

BOOK_TICKER = ("bidPrice", "bidQty", "askPrice", "askQty")
"""What most venues call the four."""


def spot_quote(
    symbol: str, at_ms: int, best: Row, names: tuple[str, str, str, str] = BOOK_TICKER
) -> Quote | None:
    """Read best bid and ask with their sizes in coins; mark and index are half way between. None if a side is empty.

    Raises:
        ShapeError: what is there is no number.
    """
    bid, bid_coins, ask, ask_coins = (number_or(best, name) for name in names)
    if min(bid, ask) <= ZERO:
        return None
    middle = Price((bid + ask) / 2)
    return Quote(
        symbol=symbol,
        at_ms=at_ms,
        bid=Price(bid),
        bid_contracts=Contracts(bid_coins),
        ask=Price(ask),
        ask_contracts=Contracts(ask_coins),
        mark=middle,
        index=middle,
    )
