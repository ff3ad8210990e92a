"""The dialects there are, by the names users know the venues by."""

from bot.testexchange.binance import BinanceCoinm, BinanceUsdm
from bot.testexchange.bingx import Bingx
from bot.testexchange.bybit import Bybit
from bot.testexchange.mexc import Mexc
from bot.testexchange.router import Dialect
from bot.testexchange.weex import Weex

DIALECTS: dict[str, type[Dialect]] = {
    "binance-usdm": BinanceUsdm,
    "binance-coinm": BinanceCoinm,
    "bybit": Bybit,
    "bingx": Bingx,
    "mexc": Mexc,
    "weex": Weex,
}
