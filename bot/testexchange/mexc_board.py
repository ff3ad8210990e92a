"""MEXC's dialect: what everybody sees of its contracts and of its spot market."""

from collections.abc import Iterable

from bot.core.instruments import Contract
from bot.core.values import ZERO
from bot.testexchange import board
from bot.testexchange.mexc_words import instrument, market_id
from bot.testexchange.reading import whole_of
from bot.testexchange.router import Call, Desk, Dialect, Route
from bot.testexchange.wire import No, NoError

CONTRACT, SPOT = "/api/v1/contract", "/api/v3"
INTERVALS = {
    "Min1": 60_000,
    "Min5": 300_000,
    "Min15": 900_000,
    "Min60": 3_600_000,
    "Hour4": 14_400_000,
    "Hour8": 28_800_000,
    "Day1": 86_400_000,
}
COINS = ("BTC", "ETH")


class MexcBoard(Dialect):
    """The public half."""

    def public(self) -> Iterable[Route]:
        """List the routes of what everybody sees."""
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("time", f"{CONTRACT}/ping", self._ping),
            ("contracts", f"{CONTRACT}/detail", self._contracts),
            ("book", f"{CONTRACT}/depth/{{symbol}}", self._book),
            ("tickers", f"{CONTRACT}/ticker", self._tickers),
            ("premium", f"{CONTRACT}/index_price/{{symbol}}", self._index),
            ("premium", f"{CONTRACT}/fair_price/{{symbol}}", self._fair),
            ("premium", f"{CONTRACT}/funding_rate/{{symbol}}", self._funding),
            ("candles", f"{CONTRACT}/kline/{{symbol}}", self._candles),
            ("time", f"{SPOT}/time", self._time),
            ("spot_contracts", f"{SPOT}/exchangeInfo", self._pairs),
            ("spot_tickers", f"{SPOT}/ticker/bookTicker", self._best),
        )
        path = f"{CONTRACT}/funding_rate/history"
        yield Route(operation="funding_history", method="GET", path=path, desk=self._rates, weight=2)
        for operation, where, desk in desks:
            yield Route(operation=operation, method="GET", path=where, desk=desk, weight=2)

    def named(self, name: str) -> Contract:
        """Find a contract by the venue's symbol.

        Raises:
            NoError: there is none.
        """
        for contract in self.office.contracts():
            if market_id(contract) == name:
                return contract
        raise NoError(No.SYMBOL)

    def _ping(self, call: Call) -> object:
        del call
        return self.office.clock_ms()

    def _time(self, call: Call) -> object:
        del call
        return {"serverTime": self.office.clock_ms()}

    def _contracts(self, call: Call) -> object:
        marks = self.office.exchange.marks
        if call.params.get("symbol"):
            contract = self.named(call.params["symbol"])
            return instrument(contract, marks.get(contract.symbol, ZERO))
        return [instrument(one, marks.get(one.symbol, ZERO)) for one in self.office.contracts()]

    def _book(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        bids, asks = board.levels(self.office, contract.symbol, whole_of(call.params, "limit", 20))
        at_ms = board.shown(self.office, contract.symbol)[1]
        return {
            "asks": [[price, size, 1] for price, size in asks],
            "bids": [[price, size, 1] for price, size in bids],
            "version": at_ms,
            "timestamp": at_ms,
        }

    def _tickers(self, call: Call) -> object:
        if call.params.get("symbol"):
            return self._ticker(self.named(call.params["symbol"]))
        priced = [one for one in self.office.contracts() if one.symbol in self.office.exchange.touches]
        return [self._ticker(one) for one in priced]

    def _ticker(self, contract: Contract) -> dict[str, object]:
        quote, at_ms = board.shown(self.office, contract.symbol)
        funding = board.funding_of(self.office, contract.symbol)
        busy = self.office.world.turnover(contract.symbol)
        return {
            "symbol": market_id(contract),
            "lastPrice": quote.mid,
            "bid1": quote.bid,
            "ask1": quote.ask,
            "volume24": ZERO if busy is None else busy.volume_24h,
            "amount24": ZERO if busy is None else contract.value(busy.volume_24h, quote.mark),
            "holdVol": ZERO if busy is None else busy.open_interest,
            "lower24Price": quote.bid,
            "high24Price": quote.ask,
            "riseFallRate": "0",
            "riseFallValue": "0",
            "indexPrice": quote.index,
            "fairPrice": quote.mark,
            "fundingRate": ZERO if funding is None else funding.rate,
            "maxBidPrice": quote.ask,
            "minAskPrice": quote.bid,
            "timestamp": at_ms,
        }

    def _index(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        quote, at_ms = board.shown(self.office, contract.symbol)
        return {"symbol": market_id(contract), "indexPrice": quote.index, "timestamp": at_ms}

    def _fair(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        quote, at_ms = board.shown(self.office, contract.symbol)
        return {"symbol": market_id(contract), "fairPrice": quote.mark, "timestamp": at_ms}

    def _funding(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        funding = board.funding_of(self.office, contract.symbol)
        if funding is None:
            raise NoError(No.SYMBOL)
        return {
            "symbol": market_id(contract),
            "fundingRate": funding.rate,
            "maxFundingRate": "0.003",
            "minFundingRate": "-0.003",
            "collectCycle": 8,
            "nextSettleTime": funding.next_at_ms,
            "timestamp": self.office.clock_ms(),
        }

    def _rates(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        size = whole_of(call.params, "page_size", 20)
        found = board.funding_paid(self.office, contract.symbol, size)
        rows = [
            {"symbol": market_id(contract), "fundingRate": rate, "settleTime": at_ms}
            for at_ms, rate in reversed(found)
        ]
        return {
            "pageSize": size,
            "totalCount": len(rows),
            "totalPage": 1,
            "currentPage": 1,
            "resultList": rows,
        }

    def _candles(self, call: Call) -> object:
        contract = self.named(call.wanted("symbol"))
        found = board.candles(
            self.office,
            contract.symbol,
            INTERVALS.get(call.params.get("interval", "Min1"), 0),
            limit=2000,
            from_ms=whole_of(call.params, "start", 0) * 1000 or None,
            to_ms=whole_of(call.params, "end", 0) * 1000 or None,
        )
        return {
            "time": [one.at_ms // 1000 for one in found],
            "open": [one.open for one in found],
            "close": [one.close for one in found],
            "high": [one.high for one in found],
            "low": [one.low for one in found],
            "vol": [one.volume for one in found],
            "amount": [one.volume * one.close for one in found],
        }

    def _pairs(self, call: Call) -> object:
        del call
        return {
            "timezone": "CST",
            "serverTime": self.office.clock_ms(),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_pair(coin) for coin in COINS],
        }

    def _best(self, call: Call) -> object:
        """Quote coins at their index: the model town has no spot market of its own."""
        prices = self.office.exchange.indices
        found = [
            {
                "symbol": f"{coin}USDT",
                "bidPrice": prices[coin],
                "bidQty": "1",
                "askPrice": prices[coin],
                "askQty": "1",
            }
            for coin in COINS
            if coin in prices
        ]
        wanted = call.params.get("symbol")
        return next((one for one in found if one["symbol"] == wanted), None) if wanted else found


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
