"""Bybit: prices, tiers and fees of linear and inverse contracts."""

from decimal import Decimal

from bot.adapters.venues.answers import Row, levels, maybe, number, row, rows, time_ms
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.spot import spot_quote
from bot.core.instruments import DatedFuture, Tier, tiers_from
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ONE, ZERO, Contracts, Price, Ratio

PERCENT = Decimal(100)
SPOT_NAMES = ("bid1Price", "bid1Size", "ask1Price", "ask1Size")


class BybitMarket:
    """What the venue shows to everybody, and what it takes."""

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""
        return time_ms(row(await api.ask("publicGetV5MarketTime"), "time"), "time")

    async def _ticker(self, api: Api, one: Listed) -> Row | None:
        """Read a contract's ticker; None if there is none."""
        asked = {"category": category(one), "symbol": one.market}
        found = listed_rows(await api.ask("publicGetV5MarketTickers", asked), "ticker")
        return found[0] if found else None

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read prices, contract by contract; one without a price is left out."""
        found = [await self._quote(api, one) for one in listed]
        return tuple(quote for quote in found if quote is not None)

    async def _quote(self, api: Api, one: Listed) -> Quote | None:
        """Read best prices off the book, mark and index off the ticker, which does not say how old it is."""
        asked = {"category": category(one), "symbol": one.market, "limit": 1}
        answer = row(await api.ask("publicGetV5MarketOrderbook", asked), "book")
        book = row(answer.get("result"), "book")
        bids, asks = levels(book, "b"), levels(book, "a")
        ticker = await self._ticker(api, one) if bids and asks else None
        if ticker is None:
            return None
        (bid, bid_size), (ask, ask_size) = max(bids), min(asks)
        return Quote(
            symbol=one.contract.symbol,
            at_ms=time_ms(book, "ts"),
            bid=Price(bid),
            bid_contracts=Contracts(bid_size),
            ask=Price(ask),
            ask_contracts=Contracts(ask_size),
            mark=Price(number(ticker, "markPrice")),
            index=Price(number(ticker, "indexPrice")),
        )

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market off its ticker, which does not say how old it is."""
        asked = {"category": "spot", "symbol": market}
        found = listed_rows(await api.ask("publicGetV5MarketTickers", asked), "spot prices")
        return spot_quote(symbol, asked_ms, found[0], SPOT_NAMES) if found else None

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding of a perpetual."""
        told = None if isinstance(one.contract, DatedFuture) else await self._ticker(api, one)
        if told is None:
            return None
        return Funding(
            symbol=one.contract.symbol,
            rate=Ratio(number(told, "fundingRate")),
            next_at_ms=time_ms(told, "nextFundingTime"),
        )

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """Read what traded in a day and what is held open; both in the units of sizes."""
        told = await self._ticker(api, one)
        if told is None:
            return None
        return Turnover(
            symbol=one.contract.symbol,
            volume_24h=Contracts(number(told, "volume24h")),
            open_interest=Contracts(number(told, "openInterest")),
        )

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed; the venue sends the newest first."""
        asked = {"category": category(one), "symbol": one.market, "interval": "D", "limit": days + 1}
        answer = row(await api.ask("publicGetV5MarketKline", asked), "candles")
        found = row(answer.get("result"), "candles").get("list")
        candles = found if isinstance(found, list) else []
        return tuple(Decimal(str(candle[4])) for candle in reversed(candles[1:]))

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Read margin tiers, whose limits are values at which they end.

        Rates come as shares or in per cent (both have been seen); a rate above what the leverage allows is in per cent.
        """
        asked = {"category": category(one), "symbol": one.market}
        answer = listed_rows(await api.ask("publicGetV5MarketRiskLimit", asked), "tiers")
        found = sorted(answer, key=lambda item: number(item, "riskLimitValue"))
        if not found:
            return ()
        percent = number(found[0], "maintenanceMargin") * number(found[0], "maxLeverage") > ONE
        scale = PERCENT if percent else ONE
        floors = [ZERO, *(number(item, "riskLimitValue") for item in found[:-1])]
        rates = [number(item, "maintenanceMargin") / scale for item in found]
        most = [number(item, "maxLeverage") for item in found]
        told = [maybe(item, "mmDeduction") for item in found]
        amounts = [amount for amount in told if amount is not None]
        if len(amounts) != len(found):
            return tiers_from(zip(floors, rates, most, strict=True))
        return tuple(
            Tier(
                value_min=floor,
                maintenance_rate=Ratio(rate),
                maintenance_amount=amount,
                leverage_max=leverage,
            )
            for floor, rate, amount, leverage in zip(floors, rates, amounts, most, strict=True)
        )

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Read the account's maker and taker fee."""
        asked = {"category": category(one), "symbol": one.market}
        found = listed_rows(await api.ask("privateGetV5AccountFeeRate", asked), "fees")
        return (number(found[0], "makerFeeRate"), number(found[0], "takerFeeRate")) if found else None


def category(one: Listed) -> str:
    """Give the venue's word for a contract's payoff."""
    return "linear" if one.contract.linear else "inverse"


def listed_rows(answer: object, where: str) -> tuple[Row, ...]:
    """Read the list within an answer.

    Raises:
        ShapeError: there is none.
    """
    return rows(row(row(answer, where).get("result"), where).get("list"), where)
