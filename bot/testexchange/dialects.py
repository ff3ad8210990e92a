"""The dialects there are, by the names users know the venues by."""

from bot.testexchange.binance import BinanceCoinm, BinanceUsdm
from bot.testexchange.bingx import Bingx
from bot.testexchange.router import Dialect
from bot.testexchange.weex import Weex

DIALECTS: dict[str, type[Dialect]] = {
    "binance-usdm": BinanceUsdm,
    "binance-coinm": BinanceCoinm,
    "bingx": Bingx,
    "weex": Weex,
}
