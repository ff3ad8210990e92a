"""MEXC's dialect: what everybody sees of its contracts."""

from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.values import ZERO, round_to_step
from bot.testexchange import board
from bot.testexchange.mexc_reading import PAGES_MAX, contract_named, paged, time_of, within
from bot.testexchange.mexc_words import instrument, market_id
from bot.testexchange.office import Office
from bot.testexchange.reading import text_of
from bot.testexchange.router import Call

Row = dict[str, object]
MINUTE_MS = 60_000
INTERVALS = {
    "Min1": MINUTE_MS,
    "Min5": 5 * MINUTE_MS,
    "Min15": 15 * MINUTE_MS,
    "Min30": 30 * MINUTE_MS,
    "Min60": 60 * MINUTE_MS,
    "Hour4": 240 * MINUTE_MS,
    "Hour8": 480 * MINUTE_MS,
    "Day1": 1440 * MINUTE_MS,
}
DEPTH_MAX = 1000
TIME_MAX_SECONDS = 10**12
FUNDING_HOURS = 8
LIMIT_RATE, RATE_PLACES = Decimal("0.1"), Decimal("1e-4")


class BoardDesks:
    """The desks for what everybody sees."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def ping(self, call: Call) -> object:
        """Say the time."""
        del call
        return self._office.clock_ms()

    def contracts(self, call: Call) -> object:
        """List contracts, or describe one."""
        marks = self._office.exchange.marks
        if text_of(call.params, "symbol"):
            contract = contract_named(self._office, call.params)
            return instrument(contract, marks.get(contract.symbol, ZERO))
        return [instrument(one, marks.get(one.symbol, ZERO)) for one in self._office.contracts()]

    def book(self, call: Call) -> object:
        """Show the book around the best prices."""
        contract = contract_named(self._office, call.params)
        depth = within(call.params, "limit", 20, DEPTH_MAX)
        bids, asks = board.levels(self._office, contract.symbol, depth)
        at_ms = board.shown(self._office, contract.symbol)[1]
        return {
            "asks": [[price, size, 1] for price, size in asks],
            "bids": [[price, size, 1] for price, size in bids],
            "version": at_ms,
            "timestamp": at_ms,
        }

    def tickers(self, call: Call) -> object:
        """Show prices and turnover of all contracts that have a price, or of one."""
        if text_of(call.params, "symbol"):
            return self._ticker(contract_named(self._office, call.params))
        priced = [one for one in self._office.contracts() if one.symbol in self._office.exchange.touches]
        return [self._ticker(one) for one in priced]

    def _ticker(self, contract: Contract) -> Row:
        quote, at_ms = board.shown(self._office, contract.symbol)
        funding = board.funding_of(self._office, contract.symbol)
        busy, day = (
            self._office.world.turnover(contract.symbol),
            board.change_of_day(self._office, contract.symbol),
        )
        return {
            "symbol": market_id(contract),
            "lastPrice": quote.mid,
            "bid1": quote.bid,
            "ask1": quote.ask,
            "volume24": day.volume,
            "amount24": contract.value(day.volume, quote.mark),
            "holdVol": ZERO if busy is None else busy.open_interest,
            "lower24Price": day.low,
            "high24Price": day.high,
            "riseFallRate": ((day.close - day.open) / day.open).quantize(RATE_PLACES),
            "riseFallValue": day.close - day.open,
            "indexPrice": quote.index,
            "fairPrice": quote.mark,
            "fundingRate": ZERO if funding is None else funding.rate,
            "maxBidPrice": round_to_step(quote.mark * (1 + LIMIT_RATE), contract.price_tick),
            "minAskPrice": round_to_step(quote.mark * (1 - LIMIT_RATE), contract.price_tick),
            "timestamp": at_ms,
        }

    def index(self, call: Call) -> object:
        """Tell the index of a contract."""
        contract = contract_named(self._office, call.params)
        quote, at_ms = board.shown(self._office, contract.symbol)
        return {"symbol": market_id(contract), "indexPrice": quote.index, "timestamp": at_ms}

    def fair(self, call: Call) -> object:
        """Tell the mark of a contract."""
        contract = contract_named(self._office, call.params)
        quote, at_ms = board.shown(self._office, contract.symbol)
        return {"symbol": market_id(contract), "fairPrice": quote.mark, "timestamp": at_ms}

    def funding(self, call: Call) -> object:
        """Tell what a contract pays next."""
        contract = contract_named(self._office, call.params)
        funding = self._office.world.next_funding(contract.symbol)
        return {
            "symbol": market_id(contract),
            "fundingRate": funding.rate,
            "maxFundingRate": "0.003",
            "minFundingRate": "-0.003",
            "collectCycle": FUNDING_HOURS,
            "nextSettleTime": funding.next_at_ms,
            "timestamp": self._office.clock_ms(),
        }

    def rates(self, call: Call) -> object:
        """List settlements of funding, newest first."""
        contract = contract_named(self._office, call.params)
        most = board.FUNDINGS_MAX
        size, number = (
            within(call.params, "page_size", 20, most),
            within(call.params, "page_num", 1, PAGES_MAX),
        )
        found = board.funding_paid(self._office, contract.symbol, min(size * number, most))
        rows = [
            {"symbol": market_id(contract), "fundingRate": rate, "settleTime": at_ms}
            for at_ms, rate in reversed(found)
        ]
        return paged(rows, call.params, most, total=most)

    def candles(self, call: Call) -> object:
        """List candles, oldest first: the last of a time, or the first since one. All kinds have the prices of the index."""
        contract = contract_named(self._office, call.params)
        interval_ms = INTERVALS.get(call.params.get("interval") or "Min1", 0)
        from_ms, to_ms = _seconds(call, "start"), _seconds(call, "end")
        if from_ms is not None:
            last_ms = from_ms + (board.CANDLES_MAX - 1) * interval_ms
            to_ms = last_ms if to_ms is None else min(to_ms, last_ms)
        found = board.candles(
            self._office,
            contract.symbol,
            interval_ms,
            limit=board.CANDLES_MAX,
            from_ms=from_ms,
            to_ms=to_ms,
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


def _seconds(call: Call, name: str) -> int | None:
    """Read a time in seconds, as milliseconds; None if it is left out."""
    found = time_of(call.params, name, TIME_MAX_SECONDS)
    return None if found is None else found * 1000
