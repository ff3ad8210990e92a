"""The manners there are, by venue."""

from collections.abc import Callable

from bot.adapters.venues.binance import Binance
from bot.adapters.venues.bingx import Bingx
from bot.adapters.venues.bybit import Bybit
from bot.adapters.venues.manner import Manner
from bot.adapters.venues.mexc import Mexc
from bot.adapters.venues.weex import Weex

MANNERS: dict[str, Callable[[], Manner]] = {
    "binance-usdm": lambda: Binance("binance-usdm"),
    "binance-coinm": lambda: Binance("binance-coinm"),
    "bybit": Bybit,
    "bingx": Bingx,
    "mexc": Mexc,
    "weex": Weex,
}


def manner_of(venue: str) -> Manner:
    """Give the ways of a venue.

    Raises:
        KeyError: there is no such venue.
    """
    return MANNERS[venue]()
