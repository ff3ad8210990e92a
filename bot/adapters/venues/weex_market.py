"""WEEX: prices and fees of linear contracts; margin tiers are not told."""

from decimal import Decimal

from bot.adapters.venues.answers import Row, ShapeError, number, number_or, row, rows, time_ms
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.spot import spot_quote
from bot.core.instruments import Tier
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ZERO, Contracts, Price, Ratio


class WeexMarket:
    """What the venue shows to everybody, and what it takes."""

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""
        return time_ms(row(await api.ask("publicGetApiV3Time"), "time"), "serverTime")

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read prices, contract by contract; one without a price is left out."""
        found = [await self._quote(api, one) for one in listed]
        return tuple(quote for quote in found if quote is not None)

    async def _quote(self, api: Api, one: Listed) -> Quote | None:
        """Read best prices, mark and index; the older of the two answers dates it."""
        asked = {"symbol": one.market}
        best = _only(await api.ask("contractGetCapiV3MarketTickerBookTicker", asked), "best prices")
        fair = await self._premium(api, one)
        if ZERO in {number_or(best, "bidPrice"), number_or(best, "askPrice")}:
            return None
        return Quote(
            symbol=one.contract.symbol,
            at_ms=min(time_ms(best, "time"), time_ms(fair, "time")),
            bid=Price(number(best, "bidPrice")),
            bid_contracts=Contracts(number(best, "bidQty")),
            ask=Price(number(best, "askPrice")),
            ask_contracts=Contracts(number(best, "askQty")),
            mark=Price(number(fair, "markPrice")),
            index=Price(number(fair, "indexPrice")),
        )

    async def _premium(self, api: Api, one: Listed) -> Row:
        answer = await api.ask("contractGetCapiV3MarketPremiumIndex", {"symbol": one.market})
        return _only(answer, "mark price")

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market, which bear no time."""
        answer = await api.ask("publicGetApiV3MarketTickerBookTicker", {"symbol": market})
        return spot_quote(symbol, asked_ms, _only(answer, "spot prices"))

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding, as it is forecast."""
        found = await self._premium(api, one)
        return Funding(
            symbol=one.contract.symbol,
            rate=Ratio(number(found, "forecastFundingRate")),
            next_at_ms=time_ms(found, "nextFundingTime"),
        )

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """Tell nothing: the day's volume costs four seconds of the venue's patience."""
        del api, one
        return None

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed."""
        asked = {"symbol": one.market, "interval": "1d", "limit": days + 1}
        answer = await api.ask("contractGetCapiV3MarketKlines", asked)
        if not isinstance(answer, list):
            raise ShapeError("candles: a list was expected")
        found = sorted((int(str(candle[0])), Decimal(str(candle[4]))) for candle in answer)
        return tuple(close for _, close in found[:-1])

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Tell nothing: the owner sets them."""
        del api, one
        return ()

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Read the account's maker and taker fee."""
        asked = {"symbol": one.market}
        found = row(await api.ask("contractPrivateGetCapiV3AccountCommissionRate", asked), "fees")
        return number(found, "makerCommissionRate"), number(found, "takerCommissionRate")


def _only(answer: object, where: str) -> Row:
    """Read one object, which may come in a list."""
    return rows(answer, where)[0] if isinstance(answer, list) and answer else row(answer, where)
