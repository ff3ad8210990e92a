"""Bybit's dialect: what everybody sees."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import partial

from bot.core.instruments import Contract, DatedFuture, Perpetual
from bot.core.values import ZERO
from bot.testexchange import board
from bot.testexchange.bybit_reading import kind_of, limit_of, page_of, time_of, traded_kind
from bot.testexchange.bybit_words import category, instrument, market_id, tier_words
from bot.testexchange.reading import text_of
from bot.testexchange.records import Candle
from bot.testexchange.router import Call, Desk, Dialect, Route
from bot.testexchange.wire import No, NoError

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
INTERVALS = {
    **{str(minutes): minutes * MINUTE_MS for minutes in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720)},
    "D": 24 * HOUR_MS,
}
"""Spans of candles; weeks and months are not offered."""
OI_INTERVALS = frozenset({"5min", "15min", "30min", "1h", "4h", "1d"})
SPOT = ("BTC", "ETH")
PUBLIC_WEIGHT = 10


class BybitBoard(Dialect):
    """The public half. Weights are in halves of the library's units: an order costs two and a half."""

    def public(self) -> Iterable[Route]:
        """List the routes of what everybody sees."""
        desks: tuple[tuple[str, str, Desk], ...] = (
            ("time", "/v5/market/time", self._time),
            ("contracts", "/v5/market/instruments-info", self._contracts),
            ("tickers", "/v5/market/tickers", self._tickers),
            ("book", "/v5/market/orderbook", self._book),
            ("candles", "/v5/market/kline", self._candles),
            ("candles", "/v5/market/mark-price-kline", self._mark_candles),
            ("funding_history", "/v5/market/funding/history", self._rates),
            ("open_interest", "/v5/market/open-interest", self._interest),
            ("tiers", "/v5/market/risk-limit", self._tiers),
        )
        for operation, path, desk in desks:
            yield Route(operation=operation, method="GET", path=path, desk=desk, weight=PUBLIC_WEIGHT)

    # --- which contract ---------------------------------------------------------------------------------------

    def contract(self, words: Mapping[str, object]) -> Contract:
        """Find the contract that a request is about, in the category it names; expired ones, too.

        Raises:
            NoError: there is none, or it is of another category.
        """
        kind, name = traded_kind(words), text_of(words, "symbol")
        if not name:
            raise NoError(No.PARAMETER, "symbol")
        for contract in self.office.exchange.contracts.values():
            if market_id(contract) == name and category(contract) == kind:
                return contract
        raise NoError(No.SYMBOL, name)

    def living(self, words: Mapping[str, object]) -> Contract:
        """Find the contract that a request is about, which has not expired.

        Raises:
            NoError: there is none, or it is of another category.
        """
        return self.office.contract(self.contract(words).symbol)

    def chosen(self, words: Mapping[str, object], *, narrowed: bool = False) -> tuple[Contract, ...]:
        """List the contracts of a category that a symbol, a base coin or a settlement coin leaves; expired ones, too.

        Raises:
            NoError: the category is none, there is no such contract, or linear ones are not ``narrowed`` by any of the three.
        """
        kind = traded_kind(words)
        if text_of(words, "symbol"):
            return (self.contract(words),)
        base, settle = text_of(words, "baseCoin"), text_of(words, "settleCoin")
        if narrowed and kind == "linear" and not base and not settle:
            raise NoError(No.PARAMETER, "symbol, baseCoin or settleCoin is required")
        return tuple(
            one
            for one in self.office.exchange.contracts.values()
            if category(one) == kind and base in {"", one.base} and settle in {"", one.settle}
        )

    # --- contracts --------------------------------------------------------------------------------------------

    def _time(self, call: Call) -> object:
        del call
        now_ms = self.office.clock_ms()
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}

    def _contracts(self, call: Call) -> object:
        kind, found = kind_of(call.params), list[dict[str, object]]()
        if kind == "spot":
            found = [_spot_pair(coin) for coin in SPOT]
        else:
            found = [instrument(one) for one in self.office.contracts() if category(one) == kind]
        for key, name in (("symbol", "symbol"), ("status", "status"), ("baseCoin", "baseCoin")):
            wanted = call.params.get(name, "")
            found = [one for one in found if wanted in {"", one[key]}]
        rows, following = page_of(found, call.params, 500, 1000)
        return {"category": kind, "list": rows, "nextPageCursor": following}

    def _tiers(self, call: Call) -> object:
        kind = traded_kind(call.params)
        wanted = [self.contract(call.params)] if call.params.get("symbol") else self._priced(kind)
        rows = [row for one in wanted for row in tier_words(one)]
        return {"category": kind, "list": rows, "nextPageCursor": ""}

    def _priced(self, kind: str) -> list[Contract]:
        """List what is listed in a category and has a price."""
        touches = self.office.exchange.touches
        return [one for one in self.office.contracts() if category(one) == kind and one.symbol in touches]

    # --- prices -----------------------------------------------------------------------------------------------

    def _tickers(self, call: Call) -> object:
        kind = kind_of(call.params)
        if kind == "spot":
            return {"category": kind, "list": self._spot_tickers(call.params.get("symbol", ""))}
        wanted = [self.living(call.params)] if call.params.get("symbol") else self._priced(kind)
        return {"category": kind, "list": [self._ticker(one) for one in wanted]}

    def _ticker(self, contract: Contract) -> dict[str, object]:
        """Quote a contract; what it was a day ago is not told but for the candles."""
        quote, _ = board.shown(self.office, contract.symbol)
        funding = board.funding_of(self.office, contract.symbol)
        busy = self.office.world.turnover(contract.symbol)
        volume, held = (ZERO, ZERO) if busy is None else (busy.volume_24h, busy.open_interest)
        return {
            "symbol": market_id(contract),
            "lastPrice": quote.mid,
            "lastTickDirection": "ZeroPlusTick",
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
            "deliveryTime": str(contract.expiry_ms) if isinstance(contract, DatedFuture) else "0",
        }

    def _spot_tickers(self, name: str) -> list[dict[str, object]]:
        """Quote coins at their index: the model town has no spot market of its own."""
        found = []
        for coin in SPOT:
            price = self.office.exchange.indices.get(coin, ZERO)
            best = {"bid1Price": price, "bid1Size": "1", "ask1Price": price, "ask1Size": "1"}
            about = {"usdIndexPrice": price, "volume24h": "0", "turnover24h": "0"}
            if name in {"", f"{coin}USDT"}:
                found.append({"symbol": f"{coin}USDT", "lastPrice": price, **best, **about})
        if not found:
            raise NoError(No.SYMBOL, name)
        return found

    def _book(self, call: Call) -> object:
        contract = self.living(call.params)
        bids, asks = board.levels(self.office, contract.symbol, limit_of(call.params, 25, 500))
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

    # --- what was ---------------------------------------------------------------------------------------------

    def _candles(self, call: Call) -> object:
        return (
            self._spot_chart(call)
            if call.params.get("category") == "spot"
            else self._chart(call, volumes=True)
        )

    def _mark_candles(self, call: Call) -> object:
        return self._chart(call, volumes=False)

    def _chart(self, call: Call, *, volumes: bool) -> object:
        """List candles, newest first."""
        words = {**call.params, "category": call.params.get("category") or "linear"}
        contract = self.contract(words)
        found = _asked_candles(words, partial(board.candles, self.office, contract.symbol))
        rows = [_bar(one, contract, volumes=volumes) for one in found]
        return {"symbol": market_id(contract), "category": category(contract), "list": rows}

    def _spot_chart(self, call: Call) -> object:
        """List candles of a coin, newest first; nothing is traded in them."""
        names = {f"{coin}USDT": coin for coin in SPOT}
        name = text_of(call.params, "symbol")
        if name not in names:
            raise NoError(No.SYMBOL, name)
        found = _asked_candles(call.params, partial(board.spot_candles, self.office, names[name]))
        rows = [[str(one.at_ms), one.open, one.high, one.low, one.close, "0", "0"] for one in found]
        return {"symbol": name, "category": "spot", "list": rows}

    def _rates(self, call: Call) -> object:
        """List settlements of funding, newest first; a beginning without an end is refused."""
        contract = self.contract(call.params)
        from_ms, to_ms = time_of(call.params, "startTime"), time_of(call.params, "endTime")
        limit = limit_of(call.params, 200, 200)
        if from_ms is not None and to_ms is None:
            raise NoError(No.PARAMETER, "endTime is required with startTime")
        end_ms = self.office.now_ms if to_ms is None else min(to_ms, self.office.now_ms)
        found: tuple[tuple[int, Decimal], ...] = ()
        if isinstance(contract, Perpetual):
            begin_ms = end_ms - limit * contract.funding_interval_hours * HOUR_MS
            begin_ms = begin_ms if from_ms is None else max(from_ms, begin_ms)
            found = self.office.world.funding_paid(contract.symbol, begin_ms, end_ms)[-limit:]
        rows = [
            {"symbol": market_id(contract), "fundingRate": rate, "fundingRateTimestamp": str(at_ms)}
            for at_ms, rate in reversed(found)
        ]
        return {"category": category(contract), "list": rows}

    def _interest(self, call: Call) -> object:
        """Tell the open interest of now: the town keeps no history of it."""
        contract = self.contract(call.params)
        if call.params.get("intervalTime") not in OI_INTERVALS:
            raise NoError(No.PARAMETER, "intervalTime")
        busy = self.office.world.turnover(contract.symbol)
        held = ZERO if busy is None else busy.open_interest
        row = {"openInterest": held, "timestamp": str(self.office.clock_ms())}
        return {
            "symbol": market_id(contract),
            "category": category(contract),
            "list": [row],
            "nextPageCursor": "",
        }


def _asked_candles(words: Mapping[str, str], candles: Callable[..., tuple[Candle, ...]]) -> list[Candle]:
    """List the candles that are asked for, newest first."""
    if not words.get("interval"):
        raise NoError(No.PARAMETER, "interval")
    found = candles(
        INTERVALS.get(words["interval"], 0),
        limit=limit_of(words, 200, 1000),
        from_ms=time_of(words, "start"),
        to_ms=time_of(words, "end"),
    )
    return list(reversed(found))


def _bar(one: Candle, contract: Contract, *, volumes: bool) -> list[object]:
    row: list[object] = [str(one.at_ms), one.open, one.high, one.low, one.close]
    return [*row, one.volume, contract.value(one.volume, one.close)] if volumes else row


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
