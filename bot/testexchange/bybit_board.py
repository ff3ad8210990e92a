"""Bybit's dialect: what everybody sees."""

from collections.abc import Iterable

from bot.core.instruments import Contract, DatedFuture
from bot.core.values import ZERO
from bot.testexchange import board
from bot.testexchange.bybit_words import category, instrument, market_id, tier_words
from bot.testexchange.reading import whole_of
from bot.testexchange.router import Call, Desk, Dialect, Route
from bot.testexchange.wire import No, NoError

INTERVALS = {"1": 60_000, "5": 300_000, "15": 900_000, "60": 3_600_000, "240": 14_400_000, "D": 86_400_000}
SPOT = ("BTC", "ETH")


class BybitBoard(Dialect):
    """The public half."""

    def public(self) -> Iterable[Route]:
        """List the routes of what everybody sees."""
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("time", "/v5/market/time", self._time),
            ("contracts", "/v5/market/instruments-info", self._contracts),
            ("tickers", "/v5/market/tickers", self._tickers),
            ("book", "/v5/market/orderbook", self._book),
            ("candles", "/v5/market/kline", self._candles),
            ("candles", "/v5/market/mark-price-kline", self._candles),
            ("funding_history", "/v5/market/funding/history", self._rates),
            ("open_interest", "/v5/market/open-interest", self._interest),
            ("tiers", "/v5/market/risk-limit", self._tiers),
        )
        for operation, path, desk in desks:
            yield Route(operation=operation, method="GET", path=path, desk=desk)

    def named(self, name: str) -> Contract:
        """Find a contract by the venue's symbol; expired ones, too.

        Raises:
            NoError: there is none.
        """
        for contract in self.office.exchange.contracts.values():
            if market_id(contract) == name:
                return contract
        raise NoError(No.SYMBOL, name)

    def contract(self, call: Call) -> Contract:
        """Find the contract that a request is about, in the category it names.

        Raises:
            NoError: there is none, or it is of another category.
        """
        contract = self.named(call.wanted("symbol"))
        if call.params.get("category", category(contract)) != category(contract):
            raise NoError(No.SYMBOL, call.wanted("symbol"))
        return contract

    def _time(self, call: Call) -> object:
        del call
        now_ms = self.office.clock_ms()
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}

    def _contracts(self, call: Call) -> object:
        kind = call.wanted("category")
        if call.params.get("status") == "PreLaunch" or kind == "option":
            found: list[dict[str, object]] = []
        elif kind == "spot":
            found = [_spot_pair(coin) for coin in SPOT]
        elif kind in {"linear", "inverse"}:
            found = [instrument(one) for one in self.office.contracts() if category(one) == kind]
        else:
            raise NoError(No.PARAMETER, "category")
        wanted = call.params.get("symbol")
        return {
            "category": kind,
            "list": [one for one in found if wanted in {None, one["symbol"]}],
            "nextPageCursor": "",
        }

    def _tickers(self, call: Call) -> object:
        kind = call.wanted("category")
        if kind == "spot":
            return {"category": kind, "list": [self._spot_ticker(coin) for coin in SPOT]}
        if call.params.get("symbol"):
            wanted = [self.office.contract(self.contract(call).symbol)]
        else:
            wanted = [one for one in self.office.contracts() if category(one) == kind]
        priced = [one for one in wanted if one.symbol in self.office.exchange.touches]
        return {"category": kind, "list": [self._ticker(one) for one in priced]}

    def _ticker(self, contract: Contract) -> dict[str, object]:
        quote, _ = board.shown(self.office, contract.symbol)
        funding = board.funding_of(self.office, contract.symbol)
        busy = self.office.world.turnover(contract.symbol)
        volume, held = (ZERO, ZERO) if busy is None else (busy.volume_24h, busy.open_interest)
        expiry = str(contract.expiry_ms) if isinstance(contract, DatedFuture) else "0"
        return {
            "symbol": market_id(contract),
            "lastPrice": quote.mid,
            "bid1Price": quote.bid,
            "bid1Size": quote.bid_contracts,
            "ask1Price": quote.ask,
            "ask1Size": quote.ask_contracts,
            "markPrice": quote.mark,
            "indexPrice": quote.index,
            "prevPrice24h": quote.mid,
            "price24hPcnt": "0",
            "highPrice24h": quote.ask,
            "lowPrice24h": quote.bid,
            "prevPrice1h": quote.mid,
            "openInterest": held,
            "openInterestValue": contract.value(held, quote.mark),
            "turnover24h": contract.value(volume, quote.mark),
            "volume24h": volume,
            "fundingRate": "" if funding is None else funding.rate,
            "nextFundingTime": "" if funding is None else str(funding.next_at_ms),
            "predictedDeliveryPrice": "",
            "basisRate": "",
            "deliveryFeeRate": "",
            "deliveryTime": expiry,
        }

    def _spot_ticker(self, coin: str) -> dict[str, object]:
        """Quote a coin at its index: the model town has no spot market of its own."""
        price = self.office.exchange.indices.get(coin, ZERO)
        best = {"bid1Price": price, "bid1Size": "1", "ask1Price": price, "ask1Size": "1"}
        return {"symbol": f"{coin}USDT", "lastPrice": price, **best, "volume24h": "0", "turnover24h": "0"}

    def _book(self, call: Call) -> object:
        contract = self.office.contract(self.contract(call).symbol)
        bids, asks = board.levels(self.office, contract.symbol, whole_of(call.params, "limit", 25))
        at_ms = board.shown(self.office, contract.symbol)[1]
        return {
            "s": market_id(contract),
            "b": bids,
            "a": asks,
            "ts": at_ms,
            "u": at_ms,
            "seq": at_ms,
            "cts": at_ms,
        }

    def _candles(self, call: Call) -> object:
        contract = self.contract(call)
        found = board.candles(
            self.office,
            contract.symbol,
            INTERVALS.get(call.wanted("interval"), 0),
            limit=whole_of(call.params, "limit", 200),
            from_ms=whole_of(call.params, "start", 0) or None,
            to_ms=whole_of(call.params, "end", 0) or None,
        )
        rows = [
            [str(one.at_ms), one.open, one.high, one.low, one.close, one.volume, one.volume * one.close]
            for one in reversed(found)
        ]
        return {"symbol": market_id(contract), "category": category(contract), "list": rows}

    def _rates(self, call: Call) -> object:
        contract = self.contract(call)
        found = board.funding_paid(self.office, contract.symbol, whole_of(call.params, "limit", 200))
        rows = [
            {"symbol": market_id(contract), "fundingRate": rate, "fundingRateTimestamp": str(at_ms)}
            for at_ms, rate in reversed(found)
        ]
        return {"category": category(contract), "list": rows}

    def _interest(self, call: Call) -> object:
        contract = self.contract(call)
        busy = self.office.world.turnover(contract.symbol)
        held = ZERO if busy is None else busy.open_interest
        row = {"openInterest": held, "timestamp": str(self.office.clock_ms())}
        return {
            "symbol": market_id(contract),
            "category": category(contract),
            "list": [row],
            "nextPageCursor": "",
        }

    def _tiers(self, call: Call) -> object:
        kind = call.wanted("category")
        wanted = (
            [self.contract(call)]
            if call.params.get("symbol")
            else [one for one in self.office.contracts() if category(one) == kind]
        )
        rows = [row for one in wanted for row in tier_words(one)]
        return {"category": kind, "list": rows, "nextPageCursor": ""}


def _spot_pair(coin: str) -> dict[str, object]:
    return {
        "symbol": f"{coin}USDT",
        "baseCoin": coin,
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": "0.000001",
            "quotePrecision": "0.00000001",
            "minOrderQty": "0.00001",
            "maxOrderQty": "100",
            "minOrderAmt": "1",
            "maxOrderAmt": "2000000",
        },
        "priceFilter": {"tickSize": "0.01"},
    }
