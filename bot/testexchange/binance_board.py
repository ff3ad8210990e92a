"""Binance Futures' dialect: what everybody sees of one of the two products."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import ClassVar

from bot.core.instruments import Contract
from bot.core.values import ZERO
from bot.testexchange import board
from bot.testexchange.binance_codes import CodedError, wrong
from bot.testexchange.binance_reading import limit_of, maybe_whole, times_of
from bot.testexchange.binance_words import contract_type, instrument, market_id, pair_of
from bot.testexchange.office import Office
from bot.testexchange.records import Candle
from bot.testexchange.router import Call, Dialect, Route
from bot.testexchange.wire import No, NoError

WEIGHT_MAX, WEIGHT_WINDOW_MS = 2400, 60_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
INTERVALS = (
    {f"{count}m": count * MINUTE_MS for count in (1, 3, 5, 15, 30)}
    | {f"{count}h": count * HOUR_MS for count in (1, 2, 4, 6, 8, 12)}
    | {"1d": 24 * HOUR_MS}
)
DOLLARS = {"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}
"""The one coin that backs linear positions."""
DEPTHS = frozenset({5, 10, 20, 50, 100, 500, 1000})
DEPTH = 500
FUNDING_HOURS = 8
FUNDINGS, CANDLES = 100, 500
"""How many are told if nobody says."""
Words = Callable[[Contract], dict[str, object]]


class BinanceBoard(Dialect):
    """The public half of a product."""

    linear: ClassVar[bool]
    prefix: ClassVar[str]

    def public(self) -> Iterable[Route]:
        """List the routes of what everybody sees."""
        v1 = f"/{self.prefix}/v1"
        yield Route(operation="time", method="GET", path=f"{v1}/time", desk=self._time)
        yield Route(operation="contracts", method="GET", path=f"{v1}/exchangeInfo", desk=self._contracts)
        yield Route(operation="book", method="GET", path=f"{v1}/depth", desk=self._book, weight=2)
        yield Route(
            operation="tickers", method="GET", path=f"{v1}/ticker/bookTicker", desk=self._best, weight=2
        )
        yield Route(operation="ticker_24h", method="GET", path=f"{v1}/ticker/24hr", desk=self._day)
        yield Route(operation="premium", method="GET", path=f"{v1}/premiumIndex", desk=self._premium)
        yield Route(operation="funding_history", method="GET", path=f"{v1}/fundingRate", desk=self._rates)
        yield Route(operation="funding_info", method="GET", path=f"{v1}/fundingInfo", desk=lambda _: [])
        yield Route(operation="candles", method="GET", path=f"{v1}/klines", desk=self._candles)
        yield Route(operation="open_interest", method="GET", path=f"{v1}/openInterest", desk=self._interest)

    def _time(self, call: Call) -> object:
        del call
        return {"serverTime": self.office.clock_ms()}

    def _contracts(self, call: Call) -> object:
        del call
        limits = [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": WEIGHT_MAX}
        ]
        found = [instrument(one, self._kind(one)) for one in self.office.contracts()]
        words = {
            "timezone": "UTC",
            "serverTime": self.office.clock_ms(),
            "rateLimits": limits,
            "exchangeFilters": [],
            "symbols": found,
        }
        return words | {"futuresType": "U_MARGINED", "assets": [DOLLARS]} if self.linear else words

    def _book(self, call: Call) -> object:
        contract, asked = self.contract(call), maybe_whole(call.params, "limit")
        depth = DEPTH if asked is None else asked
        if depth not in DEPTHS:
            raise CodedError(-4021, f"{depth} is not valid depth limit.")
        bids, asks = board.levels(self.office, contract.symbol, depth)
        at_ms = board.shown(self.office, contract.symbol)[1]
        words = {"lastUpdateId": at_ms, "E": at_ms, "T": at_ms, "bids": bids, "asks": asks}
        return words if self.linear else words | {"symbol": market_id(contract), "pair": pair_of(contract)}

    def _best(self, call: Call) -> object:
        return self.each(call, self._best_words)

    def _best_words(self, contract: Contract) -> dict[str, object]:
        quote, at_ms = board.shown(self.office, contract.symbol)
        words: dict[str, object] = {
            "symbol": market_id(contract),
            "bidPrice": quote.bid,
            "bidQty": quote.bid_contracts,
            "askPrice": quote.ask,
            "askQty": quote.ask_contracts,
            "time": at_ms,
        }
        return words if contract.linear else words | {"pair": pair_of(contract)}

    def _day(self, call: Call) -> object:
        return self.each(call, self._day_words)

    def _day_words(self, contract: Contract) -> dict[str, object]:
        day, now_ms = board.change_of_day(self.office, contract.symbol), self.office.clock_ms()
        value = contract.value(day.volume, day.close)
        money = (
            {"quoteVolume": value} if contract.linear else {"baseVolume": value, "pair": pair_of(contract)}
        )
        return {
            "symbol": market_id(contract),
            "priceChange": day.close - day.open,
            "priceChangePercent": ((day.close / day.open - 1) * 100).quantize(Decimal("0.001")),
            "weightedAvgPrice": day.close,
            "lastPrice": day.close,
            "lastQty": contract.contracts_step,
            "openPrice": day.open,
            "highPrice": day.high,
            "lowPrice": day.low,
            "volume": day.volume,
            **money,
            "openTime": now_ms - board.DAY_MS,
            "closeTime": now_ms,
            "firstId": 1,
            "lastId": 1000,
            "count": 1000,
        }

    def _premium(self, call: Call) -> object:
        return self.each(call, self._premium_words)

    def _premium_words(self, contract: Contract) -> dict[str, object]:
        quote, at_ms = board.shown(self.office, contract.symbol)
        funding = board.funding_of(self.office, contract.symbol)
        words: dict[str, object] = {
            "symbol": market_id(contract),
            "markPrice": quote.mark,
            "indexPrice": quote.index,
            "estimatedSettlePrice": quote.index,
            "lastFundingRate": "" if funding is None else funding.rate,
            "interestRate": "" if funding is None else "0.00010000",
            "nextFundingTime": 0 if funding is None else funding.next_at_ms,
            "time": at_ms,
        }
        return words if contract.linear else words | {"pair": pair_of(contract)}

    def _rates(self, call: Call) -> object:
        """List settlements of funding: the last, or the first since a time."""
        contract, limit = self.contract(call), limit_of(call.params, FUNDINGS, board.FUNDINGS_MAX)
        start_ms, end_ms = times_of(call.params)
        if start_ms is None:
            paid = board.funding_paid(self.office, contract.symbol, limit)
        else:
            until_ms = min(start_ms + limit * FUNDING_HOURS * HOUR_MS, self.office.now_ms)
            paid = self.office.world.funding_paid(contract.symbol, start_ms, until_ms)[:limit]
        return [
            {"symbol": market_id(contract), "fundingRate": rate, "fundingTime": at_ms}
            for at_ms, rate in paid
            if end_ms is None or at_ms <= end_ms
        ]

    def _candles(self, call: Call) -> object:
        return chart(call, self.office, partial(board.candles, self.office, self.contract(call).symbol))

    def _interest(self, call: Call) -> object:
        contract = self.contract(call)
        busy = self.office.world.turnover(contract.symbol)
        words: dict[str, object] = {
            "symbol": market_id(contract),
            "openInterest": ZERO if busy is None else busy.open_interest,
            "time": self.office.clock_ms(),
        }
        return (
            words
            if contract.linear
            else words | {"pair": pair_of(contract), "contractType": self._kind(contract)}
        )

    def _kind(self, contract: Contract) -> str:
        return contract_type(contract, self.office.contracts())

    def contract(self, call: Call) -> Contract:
        """Find the contract that is meant; whoever signed is told of expired ones, too.

        Raises:
            NoError: there is none.
        """
        found = self.known(call.wanted("symbol"))
        return found if call.key is not None else self.office.contract(found.symbol)

    def known(self, name: str) -> Contract:
        """Find the contract of a name, expired or not.

        Raises:
            NoError: there is none.
        """
        for contract in self.office.exchange.contracts.values():
            if market_id(contract) == name:
                return contract
        raise NoError(No.SYMBOL)

    def each(self, call: Call, words: "Words") -> object:
        """Describe one contract, or all that have a price; COIN-M sends a list even of one, and knows pairs."""
        if call.params.get("symbol"):
            found = words(self.contract(call))
            return found if self.linear else [found]
        pair = None if self.linear else call.params.get("pair")
        priced = [one for one in self.office.contracts() if one.symbol in self.office.exchange.touches]
        return [words(one) for one in priced if pair in {None, pair_of(one)}]

    def listed(self, call: Call, words: "Words") -> object:
        """Describe one contract or all, in a list."""
        wanted = [self.contract(call)] if call.params.get("symbol") else list(self.office.contracts())
        return [words(one) for one in wanted]


def chart(call: Call, office: Office, candles: Callable[..., tuple[Candle, ...]]) -> list[list[object]]:
    """List the candles that are asked for: the last, or the first since a time.

    Raises:
        NoError: interval, limit or time is none.
    """
    word = call.wanted("interval")
    if word not in INTERVALS:
        raise wrong("interval")
    limit, (start_ms, end_ms) = limit_of(call.params, CANDLES, board.CANDLES_MAX), times_of(call.params)
    interval_ms = INTERVALS[word]
    ends = [office.now_ms, end_ms, None if start_ms is None else start_ms + limit * interval_ms]
    until_ms = min(end for end in ends if end is not None)
    found = candles(interval_ms, limit=limit, from_ms=start_ms, to_ms=until_ms)
    return [_candle_words(one, interval_ms) for one in found]


def _candle_words(one: Candle, interval_ms: int) -> list[object]:
    """Describe a candle: the trades and takers in it are made up."""
    return [
        one.at_ms,
        one.open,
        one.high,
        one.low,
        one.close,
        one.volume,
        one.at_ms + interval_ms - 1,
        one.volume * one.close,
        100,
        "0",
        "0",
        "0",
    ]
