"""What BingX shows to everybody, of both products and of the spot market as far as a hedge looks at it.

The spot market is a table of prices: the index, with a tick to each side. Sizes of the linear book are coins; the rows
``bidsCoin`` are those once more by 0.0001, as they are in the payloads that were seen.
"""

from collections.abc import Iterator
from decimal import Decimal

from bot.core.instruments import Contract, Perpetual
from bot.core.values import ONE, ZERO, round_to_step
from bot.testexchange import bingx_inverse
from bot.testexchange.bingx_words import Row, contract_named, digits, market_id, money, one_of, whole, window
from bot.testexchange.board import candles, change_of_day, funding_paid, levels, shown, spot_candles
from bot.testexchange.office import Office
from bot.testexchange.router import Call
from bot.testexchange.wire import No, NoError, plain

MINUTE_MS = 60_000
INTERVALS_MS = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": 1440 * MINUTE_MS,
    "3d": 3 * 1440 * MINUTE_MS,
    "1w": 7 * 1440 * MINUTE_MS,
}
DEPTHS = ("5", "10", "20", "50", "100", "500", "1000")
FUNDINGS_MAX = 1000
CANDLES_MAX, INVERSE_CANDLES_MAX = 1440, 1000
SPOT_STEP = ONE.scaleb(-6)
SPOT_COINS = Decimal(5)
"""At each side of the spot market."""


class MarketDesks:
    """The desks that ask for no key."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _listed(self, *, linear: bool) -> Iterator[Contract]:
        return (contract for contract in self._office.contracts() if contract.linear == linear)

    def _wanted(self, call: Call, *, linear: bool) -> Contract:
        return contract_named(self._office, call.wanted("symbol"), linear=linear)

    def _asked(self, call: Call, *, linear: bool) -> list[Contract]:
        """List the contract that is asked for, or all if none is."""
        if call.params.get("symbol"):
            return [self._wanted(call, linear=linear)]
        return list(self._listed(linear=linear))

    def time(self, _call: Call) -> Row:
        """Tell the time."""
        return {"serverTime": self._office.clock_ms()}

    # --- contracts --------------------------------------------------------------------------------------------

    def contracts(self, _call: Call) -> list[Row]:
        """List the linear contracts."""
        return [
            _linear_contract(number, one) for number, one in enumerate(self._listed(linear=True), start=100)
        ]

    def inverse_contracts(self, _call: Call) -> list[Row]:
        """List the inverse contracts."""
        return [bingx_inverse.contract_words(one) for one in self._listed(linear=False)]

    def spot_symbols(self, _call: Call) -> Row:
        """List the spot pairs: those that a linear contract is on."""
        return {"symbols": [_spot_pair(one) for one in self._listed(linear=True)]}

    # --- prices -----------------------------------------------------------------------------------------------

    def book(self, call: Call) -> Row:
        """Give the book of a linear contract, in coins."""
        contract = self._wanted(call, linear=True)
        rows = self._levels(call, contract)
        coins = {
            f"{side}Coin": [
                [price, f"{Decimal(size) * contract.contracts_step:.4f}"] for price, size in found
            ]
            for side, found in rows.items()
        }
        return {"T": shown(self._office, contract.symbol)[1], **rows, **coins}

    def inverse_book(self, call: Call) -> Row:
        """Give the book of an inverse contract, in contracts."""
        contract = self._wanted(call, linear=False)
        return {"T": shown(self._office, contract.symbol)[1], **self._levels(call, contract)}

    def _levels(self, call: Call, contract: Contract) -> dict[str, list[list[str]]]:
        depth = one_of({"limit": call.params.get("limit") or "20"}, "limit", DEPTHS)
        bids, asks = levels(self._office, contract.symbol, int(depth))
        return {
            side: [[plain(price), plain(size)] for price, size in found]
            for side, found in (("bids", bids), ("asks", asks))
        }

    def book_ticker(self, call: Call) -> Row:
        """Give the best prices of one linear contract."""
        contract = self._wanted(call, linear=True)
        quote, at_ms = shown(self._office, contract.symbol)
        row = {
            "symbol": market_id(contract.symbol),
            "bid_price": plain(quote.bid),
            "bid_qty": plain(quote.bid_contracts),
            "ask_price": plain(quote.ask),
            "ask_qty": plain(quote.ask_contracts),
            "lastUpdateId": at_ms,
            "time": at_ms,
        }
        return {"book_ticker": row}

    def day(self, call: Call) -> object:
        """Give the last day of one linear contract, or a list of all."""
        rows = [self._day(one) for one in self._asked(call, linear=True)]
        return rows[0] if call.params.get("symbol") else rows

    def inverse_day(self, call: Call) -> list[Row]:
        """List the last day of inverse contracts."""
        return [self._day(one) for one in self._asked(call, linear=False)]

    def _day(self, contract: Contract) -> Row:
        quote, at_ms = shown(self._office, contract.symbol)
        day = change_of_day(self._office, contract.symbol)
        return {
            "symbol": market_id(contract.symbol),
            **_change(day.open, day.close),
            "lastQty": plain(contract.contracts_min),
            "highPrice": plain(day.high),
            "lowPrice": plain(day.low),
            "volume": plain(day.volume),
            "quoteVolume": money(contract.notional(day.volume, day.close)),
            "openTime": day.at_ms,
            "closeTime": at_ms,
            "bidPrice": plain(quote.bid),
            "bidQty": plain(quote.bid_contracts),
            "askPrice": plain(quote.ask),
            "askQty": plain(quote.ask_contracts),
        }

    def candles(self, call: Call, *, linear: bool) -> list[Row]:
        """List candles, newest first."""
        contract, params = self._wanted(call, linear=linear), call.params
        interval = one_of(params, "interval", tuple(INTERVALS_MS))
        most = CANDLES_MAX if linear else INVERSE_CANDLES_MAX
        found = candles(
            self._office,
            contract.symbol,
            INTERVALS_MS[interval],
            limit=min(whole(params, "limit", 500), most),
            from_ms=whole(params, "startTime", 0) or None,
            to_ms=whole(params, "endTime", 0) or None,
        )
        return [
            {
                "open": plain(one.open),
                "close": plain(one.close),
                "high": plain(one.high),
                "low": plain(one.low),
                "volume": plain(one.volume),
                "time": one.at_ms,
            }
            for one in reversed(found)
        ]

    # --- funding, open interest -------------------------------------------------------------------------------

    def premium(self, call: Call) -> object:
        """Give mark, index and funding of one linear contract, or a list of all."""
        rows = [self._premium(one) for one in self._asked(call, linear=True)]
        return rows[0] if call.params.get("symbol") else rows

    def inverse_premium(self, call: Call) -> list[Row]:
        """List mark, index and funding of inverse contracts."""
        rows = [self._premium(one) for one in self._asked(call, linear=False)]
        return [{key: value for key, value in row.items() if key != "fundingIntervalHours"} for row in rows]

    def _premium(self, contract: Contract) -> Row:
        if not isinstance(contract, Perpetual):
            raise NoError(No.UNSUPPORTED, "it pays no funding")
        quote, _ = shown(self._office, contract.symbol)
        funding = self._office.world.next_funding(contract.symbol)
        return {
            "symbol": market_id(contract.symbol),
            "markPrice": plain(quote.mark),
            "indexPrice": plain(quote.index),
            "lastFundingRate": money(funding.rate),
            "nextFundingTime": funding.next_at_ms,
            "fundingIntervalHours": contract.funding_interval_hours,
        }

    def fundings(self, call: Call) -> list[Row]:
        """List the settlements of funding of a linear contract, newest first."""
        contract = self._wanted(call, linear=True)
        limit = min(whole(call.params, "limit", 100), FUNDINGS_MAX)
        times = window(call.params, self._office.now_ms)
        found = [row for row in funding_paid(self._office, contract.symbol, FUNDINGS_MAX) if row[0] in times]
        return [
            {"symbol": market_id(contract.symbol), "fundingRate": money(rate), "fundingTime": at_ms}
            for at_ms, rate in reversed(found[-limit:])
        ]

    def open_interest(self, call: Call) -> Row:
        """Give the open interest of a linear contract, in USDT."""
        contract = self._wanted(call, linear=True)
        quote, at_ms = shown(self._office, contract.symbol)
        value = contract.notional(self._open_contracts(contract), quote.mark)
        return {"openInterest": f"{value:.2f}", "symbol": market_id(contract.symbol), "time": at_ms}

    def inverse_open_interest(self, call: Call) -> list[Row]:
        """List the open interest of inverse contracts, in coins."""
        rows: list[Row] = []
        for contract in self._asked(call, linear=False):
            quote, at_ms = shown(self._office, contract.symbol)
            coins = contract.coins(self._open_contracts(contract), quote.mark)
            name = market_id(contract.symbol)
            rows.append({"symbol": name, "openInterest": f"{coins:.4f}", "timestamp": at_ms})
        return rows

    def _open_contracts(self, contract: Contract) -> Decimal:
        turnover = self._office.world.turnover(contract.symbol)
        return ZERO if turnover is None else turnover.open_interest

    # --- spot -------------------------------------------------------------------------------------------------

    def spot_day(self, call: Call) -> list[Row]:
        """List the last day of spot pairs."""
        return [self._spot_day(one) for one in self._asked(call, linear=True)]

    def _spot_day(self, contract: Contract) -> Row:
        best, day = self._spot_best(contract), self._day(contract)
        index = shown(self._office, contract.symbol)[0].index
        kept = ("openPrice", "highPrice", "lowPrice", "volume", "quoteVolume", "openTime", "closeTime")
        return {
            "symbol": best["symbol"],
            **{key: day[key] for key in kept},
            "lastPrice": plain(index),
            **best,
        }

    def spot_candles(self, call: Call) -> list[list[object]]:
        """List candles of a spot pair, newest first; their days begin where the zone asked for is zero, as here."""
        contract, params = self._wanted(call, linear=True), call.params
        interval_ms = INTERVALS_MS[one_of(params, "interval", tuple(INTERVALS_MS))]
        if params.get("timeZone") != "0":
            raise NoError(No.UNSUPPORTED, "only time zone 0 is told")
        found = spot_candles(
            self._office,
            contract.base,
            interval_ms,
            limit=min(whole(params, "limit", 500), CANDLES_MAX),
            from_ms=whole(params, "startTime", 0) or None,
            to_ms=whole(params, "endTime", 0) or None,
        )
        return [
            [
                one.at_ms,
                one.open,
                one.high,
                one.low,
                one.close,
                one.volume,
                one.at_ms + interval_ms - 1,
                one.volume,
            ]
            for one in reversed(found)
        ]

    def spot_book_ticker(self, call: Call) -> list[Row]:
        """List the best prices of spot pairs."""
        return [self._spot_best(one) for one in self._asked(call, linear=True)]

    def _spot_best(self, contract: Contract) -> Row:
        quote, at_ms = shown(self._office, contract.symbol)
        tick = contract.price_tick
        middle = round_to_step(quote.index, tick)
        return {
            "eventType": "bookTicker",
            "time": at_ms,
            "symbol": market_id(contract.symbol),
            "bidPrice": plain(middle - tick),
            "bidQty": plain(SPOT_COINS),
            "askPrice": plain(middle + tick),
            "askQty": plain(SPOT_COINS),
        }


def _change(before: Decimal, now: Decimal) -> Row:
    change = now - before
    return {
        "priceChange": plain(change),
        "priceChangePercent": f"{100 * change / before:.2f}%",
        "lastPrice": plain(now),
        "openPrice": plain(before),
    }


def _linear_contract(number: int, contract: Contract) -> Row:
    leverage = plain(max(tier.leverage_max for tier in contract.tiers))
    trading = "true" if contract.status == "trading" else "false"
    return {
        "contractId": str(number),
        "symbol": market_id(contract.symbol),
        "size": plain(contract.contracts_step),
        "quantityPrecision": digits(contract.contracts_step),
        "pricePrecision": digits(contract.price_tick),
        "feeRate": plain(contract.fee_taker),
        "makerFeeRate": plain(contract.fee_maker),
        "takerFeeRate": plain(contract.fee_taker),
        "tradeMinLimit": 0,
        "tradeMinQuantity": plain(contract.contracts_min),
        "tradeMinUSDT": plain(contract.notional_min),
        "maxLongLeverage": leverage,
        "maxShortLeverage": leverage,
        "currency": contract.settle,
        "asset": contract.base,
        "status": 1,
        "apiStateOpen": trading,
        "apiStateClose": trading,
        "ensureTrigger": True,
        "triggerFeeRate": "0.00020000",
    }


def _spot_pair(contract: Contract) -> Row:
    return {
        "symbol": market_id(contract.symbol),
        "minNotional": 5,
        "maxNotional": 1_000_000,
        "status": 1,
        "tickSize": plain(contract.price_tick),
        "stepSize": plain(SPOT_STEP),
        "apiStateSell": True,
        "apiStateBuy": True,
        "timeOnline": 0,
        "offTime": 0,
        "maintainTime": 0,
    }
