"""MEXC's spot interface, as far as a hedge needs it: prices, the wallet, and money on its way to the futures and back."""

from decimal import Decimal

from bot.core.values import ZERO
from bot.testexchange.board import spot_candles
from bot.testexchange.mexc_codes import NO_TRANSFER, NOT_POSITIVE, TOO_LONG
from bot.testexchange.mexc_reading import PAGES_MAX, TIME_MAX_MS, time_of, within
from bot.testexchange.office import Office
from bot.testexchange.reading import number_of
from bot.testexchange.records import Income
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError

Row = dict[str, object]
COINS = ("BTC", "ETH")
FUTURES_SIDE = {("SPOT", "FUTURES"): True, ("FUTURES", "SPOT"): False}
"""From where to where, and whether that is into the futures wallet."""
DECIMALS_MAX = 18
MINUTE_MS = 60_000
INTERVALS = {
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "60m": 60 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "1d": 1440 * MINUTE_MS,
}
CANDLES_MAX = 500


class SpotDesks:
    """The desks for spot."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- what everybody sees ----------------------------------------------------------------------------------

    def time(self, call: Call) -> Row:
        """Tell the time."""
        del call
        return {"serverTime": self._office.clock_ms()}

    def ping(self, call: Call) -> Row:
        """Say that the venue is there."""
        del call
        return {}

    def pairs(self, call: Call) -> Row:
        """List spot pairs."""
        del call
        return {
            "timezone": "CST",
            "serverTime": self._office.clock_ms(),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_pair(coin) for coin in COINS],
        }

    def best(self, call: Call) -> object:
        """Quote coins at their index: the model town has no spot market of its own."""
        prices = self._office.exchange.indices
        found = {f"{coin}USDT": _best(coin, prices[coin]) for coin in COINS if coin in prices}
        wanted = call.params.get("symbol")
        if not wanted:
            return list(found.values())
        if wanted not in found:
            raise NoError(No.SYMBOL)
        return found[wanted]

    def candles(self, call: Call) -> list[list[object]]:
        """List candles of a pair, oldest first; nothing is traded in them."""
        names = {f"{coin}USDT": coin for coin in COINS}
        if call.wanted("symbol") not in names:
            raise NoError(No.SYMBOL)
        interval_ms = INTERVALS.get(call.wanted("interval"), 0)
        found = spot_candles(
            self._office,
            names[call.params["symbol"]],
            interval_ms,
            limit=within(call.params, "limit", CANDLES_MAX, CANDLES_MAX),
            from_ms=time_of(call.params, "startTime"),
            to_ms=time_of(call.params, "endTime"),
        )
        return [
            [one.at_ms, one.open, one.high, one.low, one.close, "0", one.at_ms + interval_ms, "0"]
            for one in found
        ]

    # --- the wallet -------------------------------------------------------------------------------------------

    def coins(self, call: Call) -> list[Row]:
        """List nothing of deposits and withdrawals: there are none here."""
        del call
        return []

    def account(self, call: Call) -> Row:
        """Tell what lies in the spot wallet."""
        trader = self._office.trader(call.account)
        balances = [
            {"asset": coin, "free": amount, "locked": "0"}
            for (kind, coin), amount in sorted(trader.wallets.items())
            if kind == "spot" and amount
        ]
        return {
            "canTrade": True,
            "canWithdraw": True,
            "canDeposit": True,
            "accountType": "SPOT",
            "balances": balances,
        }

    def transfer(self, call: Call) -> list[Row]:
        """Move money between the wallets."""
        to_futures, asset = _way(call), call.wanted("asset")
        if asset not in {coin for one in self._office.contracts() for coin in (one.base, one.settle)}:
            raise NoError(No.PARAMETER, "asset")
        number = self._office.transfer(
            call.account, asset, _amount(call), "futures" if to_futures else "spot"
        )
        return [{"tranId": str(number)}]

    def transfers(self, call: Call) -> Row:
        """List transfers of one direction, newest first."""
        to_futures = _way(call)
        from_ms, to_ms = time_of(call.params, "startTime") or 0, time_of(call.params, "endTime")
        to_ms = TIME_MAX_MS if to_ms is None else to_ms
        size, number = within(call.params, "size", 10, 100), within(call.params, "page", 1, PAGES_MAX)
        found = [
            _moved(one)
            for one in self._office.transfers(call.account)[::-1]
            if (one.amount > ZERO) is to_futures and from_ms <= one.at_ms <= to_ms
        ]
        return {"rows": found[(number - 1) * size : number * size], "total": len(found)}


def _way(call: Call) -> bool:
    """Read from where to where, as whether that is into the futures wallet."""
    way = call.wanted("fromAccountType"), call.wanted("toAccountType")
    if way not in FUTURES_SIDE:
        raise NoError(No.PARAMETER, NO_TRANSFER)
    return FUTURES_SIDE[way]


def _amount(call: Call) -> Decimal:
    """Read how much is to move."""
    amount = number_of(call.params, "amount")
    if amount <= ZERO:
        raise NoError(No.PARAMETER, NOT_POSITIVE)
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS_MAX:
        raise NoError(No.PARAMETER, TOO_LONG)
    return amount


def _moved(one: Income) -> Row:
    wallets = ("SPOT", "FUTURES") if one.amount > ZERO else ("FUTURES", "SPOT")
    return {
        "tranId": str(one.number),
        "asset": one.asset,
        "amount": abs(one.amount),
        "fromAccountType": wallets[0],
        "toAccountType": wallets[1],
        "status": "SUCCESS",
        "timestamp": one.at_ms,
    }


def _best(coin: str, price: Decimal) -> Row:
    return {
        "symbol": f"{coin}USDT",
        "bidPrice": price,
        "bidQty": "1",
        "askPrice": price,
        "askQty": "1",
    }


def _pair(coin: str) -> dict[str, object]:
    return {
        "symbol": f"{coin}USDT",
        "status": "1",
        "baseAsset": coin,
        "baseAssetPrecision": 6,
        "quoteAsset": "USDT",
        "quotePrecision": 2,
        "quoteAssetPrecision": 2,
        "baseCommissionPrecision": 6,
        "quoteCommissionPrecision": 2,
        "orderTypes": ["LIMIT", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": "1",
        "baseSizePrecision": "0.000001",
        "permissions": ["SPOT"],
        "filters": [],
        "maxQuoteAmount": "2000000",
        "makerCommission": "0",
        "takerCommission": "0.0005",
        "fullName": coin,
    }
