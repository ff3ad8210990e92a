"""What WEEX shows to everybody: contracts, prices, funding, candles; and of the spot market, which has the same symbols, what a hedge needs."""

from decimal import Decimal

from bot.core.instruments import Contract, Perpetual
from bot.core.values import ONE, ZERO
from bot.testexchange import board
from bot.testexchange.office import Office
from bot.testexchange.records import Candle
from bot.testexchange.router import Call
from bot.testexchange.weex_words import (
    Row,
    contract_named,
    limit_of,
    market_id,
    money,
    one_of,
    wanted,
    window,
)
from bot.testexchange.wire import digits, plain

MINUTE_MS = 60_000
INTERVALS = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "4h": 240,
    "12h": 720,
    "1d": 1440,
    "1w": 10_080,
}
"""Minutes."""
DEPTH, DEPTH_MAX = 15, 200
CANDLES_MAX, OLD_CANDLES_MAX, SPOT_CANDLES_MAX = 1000, 100, 300
FUNDINGS_MAX = 1000
SHARE_DIGITS = ONE.scaleb(-6)
SPOT_TICK, SPOT_STEP = Decimal("0.01"), Decimal("0.00001")
NETWORKS = {"USDT": "ERC20", "BTC": "BTC", "ETH": "ERC20"}


class MarketDesks:
    """The desks for what everybody sees."""

    def __init__(self, office: Office) -> None:
        self._office = office

    # --- contracts --------------------------------------------------------------------------------------------

    def time(self, call: Call) -> Row:
        """Tell the venue's clock."""
        del call
        return {"serverTime": self._office.clock_ms()}

    def ping(self, call: Call) -> Row:
        """Say nothing: that is an answer."""
        del call
        return {}

    def contracts(self, call: Call) -> Row:
        """List contracts."""
        del call
        return {"assets": [], "symbols": [_contract_words(one) for one in self._office.contracts()]}

    # --- prices -----------------------------------------------------------------------------------------------

    def _asked(self, call: Call) -> tuple[Contract, ...]:
        """List the contract that is asked about, or all that have a price."""
        if call.params.get("symbol"):
            return (contract_named(self._office, call.params["symbol"]),)
        touches = self._office.exchange.touches
        return tuple(one for one in self._office.contracts() if one.symbol in touches)

    def _named(self, call: Call) -> Contract:
        return contract_named(self._office, wanted(call.params, "symbol"))

    def book(self, call: Call) -> Row:
        """Show the book of a contract."""
        contract = self._named(call)
        depth = limit_of(call.params, DEPTH, DEPTH_MAX)
        bids, asks = board.levels(self._office, contract.symbol, depth)
        _, at_ms = board.shown(self._office, contract.symbol)
        return {"asks": asks, "bids": bids, "lastUpdateId": at_ms}

    def book_ticker(self, call: Call) -> list[Row]:
        """Show best prices."""
        return [self._best_words(one) for one in self._asked(call)]

    def _best_words(self, contract: Contract) -> Row:
        quote, at_ms = board.shown(self._office, contract.symbol)
        return {
            "symbol": market_id(contract.symbol),
            "bidPrice": quote.bid,
            "bidQty": quote.bid_contracts,
            "askPrice": quote.ask,
            "askQty": quote.ask_contracts,
            "time": at_ms,
        }

    def day(self, call: Call) -> list[Row]:
        """Show the last 24 hours."""
        return [self._day_words(one) for one in self._asked(call)]

    def _day_words(self, contract: Contract) -> Row:
        quote, at_ms = board.shown(self._office, contract.symbol)
        day = board.change_of_day(self._office, contract.symbol)
        return {
            **_day_of(market_id(contract.symbol), day, at_ms),
            "markPrice": quote.mark,
            "indexPrice": quote.index,
        }

    def symbol_price(self, call: Call) -> Row:
        """Show the index price of a contract, or if asked for the mark price."""
        contract = self._named(call)
        kind = one_of({"priceType": call.params.get("priceType") or "INDEX"}, "priceType", ("INDEX", "MARK"))
        quote, at_ms = board.shown(self._office, contract.symbol)
        price = quote.mark if kind == "MARK" else quote.index
        return {"symbol": market_id(contract.symbol), "price": price, "time": at_ms}

    def premium(self, call: Call) -> list[Row]:
        """Show marks, index prices, and what funding was last and will be next."""
        return [self._premium_words(one) for one in self._asked(call) if isinstance(one, Perpetual)]

    def _premium_words(self, contract: Perpetual) -> Row:
        quote, at_ms = board.shown(self._office, contract.symbol)
        coming = self._office.world.next_funding(contract.symbol)
        paid = board.funding_paid(self._office, contract.symbol, 2)
        return {
            "symbol": market_id(contract.symbol),
            "markPrice": quote.mark,
            "indexPrice": quote.index,
            "forecastFundingRate": coming.rate,
            "lastFundingRate": paid[-1][1] if paid else ZERO,
            "interestRate": "0.001",
            "nextFundingTime": coming.next_at_ms,
            "time": at_ms,
            "collectCycle": contract.funding_interval_hours * 60,
        }

    def fundings(self, call: Call) -> list[Row]:
        """List what funding was, newest first, with the price at that time."""
        contract = self._named(call)
        limit = limit_of(call.params, 100, FUNDINGS_MAX)
        times = window(call.params, self._office.now_ms)
        found = [
            one for one in board.funding_paid(self._office, contract.symbol, FUNDINGS_MAX) if one[0] in times
        ]
        return [
            {
                "symbol": market_id(contract.symbol),
                "fundingRate": rate,
                "fundingTime": at_ms,
                "markPrice": self._price_at(contract, at_ms),
            }
            for at_ms, rate in found[::-1][:limit]
        ]

    def _price_at(self, contract: Contract, at_ms: int) -> Decimal:
        return self._office.world.candles(contract.symbol, MINUTE_MS, at_ms, at_ms)[0].open

    def open_interest(self, call: Call) -> Row:
        """Tell how much of a contract is open."""
        contract = self._named(call)
        turnover = self._office.world.turnover(contract.symbol)
        return {
            "symbol": market_id(contract.symbol),
            "openInterest": ZERO if turnover is None else turnover.open_interest,
            "time": self._office.clock_ms(),
        }

    # --- candles ----------------------------------------------------------------------------------------------

    def candles(self, call: Call) -> list[list[object]]:
        """List the last candles, oldest first; they cannot be asked for by time here."""
        contract, interval_ms = self._named(call), _interval_ms(call)
        limit = limit_of(call.params, 100, CANDLES_MAX)
        found = board.candles(self._office, contract.symbol, interval_ms, limit=limit)
        return [_candle_words(one, interval_ms) for one in found]

    def old_candles(self, call: Call) -> list[list[object]]:
        """List candles within a time, oldest first."""
        contract, interval_ms = self._named(call), _interval_ms(call)
        for name in ("startTime", "endTime"):
            wanted(call.params, name)
        times = window(call.params, self._office.now_ms)
        limit = limit_of(call.params, OLD_CANDLES_MAX, OLD_CANDLES_MAX)
        end_ms = min(times[-1], times[0] + limit * interval_ms)
        found = board.candles(
            self._office, contract.symbol, interval_ms, limit=limit, from_ms=times[0], to_ms=end_ms
        )
        return [_candle_words(one, interval_ms) for one in found]

    # --- spot -------------------------------------------------------------------------------------------------

    def coins(self, call: Call) -> list[Row]:
        """List coins and the network each comes by."""
        del call
        coins = {one.base for one in self._office.contracts()} | {
            one.quote for one in self._office.contracts()
        }
        return [_coin_words(coin) for coin in sorted(coins)]

    def spot_pairs(self, call: Call) -> Row:
        """List spot pairs: their symbols are those of contracts."""
        del call
        return {"symbols": [_pair_words(one) for one in self._office.contracts()]}

    def spot_prices(self, call: Call) -> list[Row]:
        """Show last prices of pairs."""
        return [
            {"symbol": market_id(one.symbol), "price": board.shown(self._office, one.symbol)[0].index}
            for one in self._asked(call)
        ]

    def spot_best(self, call: Call) -> list[Row]:
        """Show best prices of pairs: a tick around the index of the contract."""
        return [self._spot_best_words(one) for one in self._asked(call)]

    def _spot_best_words(self, contract: Contract) -> Row:
        index = board.shown(self._office, contract.symbol)[0].index
        return {
            "symbol": market_id(contract.symbol),
            "bidPrice": index - SPOT_TICK,
            "bidQty": ONE,
            "askPrice": index + SPOT_TICK,
            "askQty": ONE,
        }

    def spot_candles(self, call: Call) -> list[list[object]]:
        """List the last candles of a pair, oldest first; they cannot be asked for by time."""
        contract, interval_ms = self._named(call), _interval_ms(call)
        limit = limit_of(call.params, 100, SPOT_CANDLES_MAX)
        found = board.spot_candles(self._office, contract.base, interval_ms, limit=limit)
        return [_candle_words(one, interval_ms) for one in found]

    def spot_day(self, call: Call) -> list[Row]:
        """Show the last 24 hours of pairs."""
        return [self._spot_day_words(one) for one in self._asked(call)]

    def _spot_day_words(self, contract: Contract) -> Row:
        quote, at_ms = board.shown(self._office, contract.symbol)
        day = board.change_of_day(self._office, contract.symbol)
        words = _day_of(market_id(contract.symbol), day, at_ms)
        last = {"lastPrice": quote.index, "priceChange": quote.index - day.open, "count": 1000}
        return {**words, **self._spot_best_words(contract), **last}


def _contract_words(contract: Contract) -> Row:
    """Write a contract: the value it calls a contract's is the step of sizes, which count coins."""
    hours = contract.funding_interval_hours if isinstance(contract, Perpetual) else 8
    return {
        "symbol": market_id(contract.symbol),
        "baseAsset": contract.base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.settle,
        "pricePrecision": str(digits(contract.price_tick)),
        "quantityPrecision": str(digits(contract.contracts_step)),
        "baseAssetPrecision": "8",
        "quotePrecision": "8",
        "contractVal": contract.contracts_step,
        "delivery": [f"{hour:02d}:00:00" for hour in range(0, 24, hours)],
        "forwardContractFlag": contract.linear,
        "minLeverage": "1",
        "maxLeverage": max(tier.leverage_max for tier in contract.tiers),
        "buyLimitPriceRatio": "0.01",
        "sellLimitPriceRatio": "0.01",
        "makerFeeRate": contract.fee_maker,
        "takerFeeRate": contract.fee_taker,
        "minOrderSize": contract.contracts_min,
        "maxOrderSize": "1000000",
        "maxPositionSize": "1000000",
        "marketOpenLimitSize": "1000000",
    }


def _pair_words(contract: Contract) -> Row:
    return {
        "symbol": market_id(contract.symbol),
        "status": "TRADING",
        "baseAsset": contract.base,
        "baseAssetPrecision": "8",
        "quoteAsset": contract.quote,
        "quoteAssetPrecision": "8",
        "tickSize": SPOT_TICK,
        "stepSize": SPOT_STEP,
        "minTradeAmount": SPOT_STEP,
        "maxTradeAmount": "99999",
        "takerFeeRate": "0.001",
        "makerFeeRate": "0.001",
        "enableTrade": False,
        "enableDisplay": True,
    }


def _coin_words(coin: str) -> Row:
    network: Row = {
        "network": NETWORKS.get(coin, coin),
        "coin": coin,
        "withdrawIntegerMultiple": "0.00000001",
        "isDefault": True,
        "depositEnable": False,
        "withdrawEnable": False,
        "name": NETWORKS.get(coin, coin),
        "withdrawFee": "0",
        "withdrawMin": "0",
        "depositDust": "0",
        "minConfirm": 12,
        "withdrawTag": False,
    }
    return {
        "coin": coin,
        "depositAllEnable": False,
        "withdrawAllEnable": False,
        "name": coin,
        "networkList": [network],
    }


def _day_of(name: str, day: Candle, at_ms: int) -> Row:
    return {
        "symbol": name,
        "priceChange": day.close - day.open,
        "priceChangePercent": ((day.close - day.open) / day.open).quantize(SHARE_DIGITS),
        "lastPrice": day.close,
        "openPrice": day.open,
        "highPrice": day.high,
        "lowPrice": day.low,
        "volume": day.volume,
        "quoteVolume": money(day.volume * day.close),
        "openTime": at_ms - board.DAY_MS,
        "closeTime": at_ms,
    }


def _interval_ms(call: Call) -> int:
    return INTERVALS[one_of(call.params, "interval", INTERVALS)] * MINUTE_MS


def _candle_words(one: Candle, interval_ms: int) -> list[object]:
    prices = [plain(price) for price in (one.open, one.high, one.low, one.close)]
    end_ms = one.at_ms + interval_ms - 1
    return [one.at_ms, *prices, one.volume, end_ms, money(one.volume * one.close), 0, "0", "0"]
