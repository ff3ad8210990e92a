"""BingX: prices, tiers and fees of linear and inverse contracts, which are two products with two sets of paths."""

from decimal import Decimal

from bot.adapters.venues.answers import Level, Row, ShapeError, levels, number, number_or, row, rows, time_ms
from bot.adapters.venues.bingx_words import data_of
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.spot import spot_quote
from bot.core.instruments import Tier
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ONE, ZERO, Contracts, Price, Ratio

DAY_MS = 86_400_000


class BingxMarket:
    """What the venue shows to everybody, and what it takes."""

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""
        return time_ms(row(data_of(await api.ask("swapV2PublicGetServerTime"), "time"), "time"), "serverTime")

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read prices, contract by contract; one without a price is left out."""
        found = [await self._quote(api, one) for one in listed]
        return tuple(quote for quote in found if quote is not None)

    async def _quote(self, api: Api, one: Listed) -> Quote | None:
        """Read best prices, mark and index; of inverse contracts the best prices stand in the book."""
        fair = await self._premium(api, one)
        best = await (self._best_linear(api, one) if one.contract.linear else self._best_inverse(api, one))
        if best is None:
            return None
        (bid, bid_size), (ask, ask_size), at_ms = best
        return Quote(
            symbol=one.contract.symbol,
            at_ms=at_ms,
            bid=Price(bid),
            bid_contracts=Contracts(bid_size),
            ask=Price(ask),
            ask_contracts=Contracts(ask_size),
            mark=Price(number(fair, "markPrice")),
            index=Price(number(fair, "indexPrice")),
        )

    async def _best_linear(self, api: Api, one: Listed) -> "Best | None":
        answer = await api.ask("swapV2PublicGetQuoteBookTicker", {"symbol": one.market})
        found = row(row(data_of(answer, "best prices"), "best prices").get("book_ticker"), "best prices")
        bid, ask = number_or(found, "bid_price"), number_or(found, "ask_price")
        if ZERO in {bid, ask}:
            return None
        at_ms = time_ms(found, "time")
        return (bid, number(found, "bid_qty")), (ask, number(found, "ask_qty")), at_ms

    async def _best_inverse(self, api: Api, one: Listed) -> "Best | None":
        answer = await api.ask("cswapV1PublicGetMarketDepth", {"symbol": one.market, "limit": 5})
        found = row(data_of(answer, "book"), "book")
        bids, asks = levels(found, "bids"), levels(found, "asks")
        if not bids or not asks:
            return None
        return max(bids), min(asks), time_ms(found, "T")

    async def _premium(self, api: Api, one: Listed) -> Row:
        linear = "swapV2PublicGetQuotePremiumIndex"
        endpoint = linear if one.contract.linear else "cswapV1PublicGetMarketPremiumIndex"
        data = data_of(await api.ask(endpoint, {"symbol": one.market}), "mark price")
        return rows(data, "mark price")[0] if isinstance(data, list) and data else row(data, "mark price")

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market."""
        del asked_ms
        answer = await api.ask("spotV1PublicGetTickerBookTicker", {"symbol": market})
        found = rows(data_of(answer, "spot prices"), "spot prices")
        return spot_quote(symbol, time_ms(found[0], "time"), found[0]) if found else None

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding."""
        found = await self._premium(api, one)
        return Funding(
            symbol=one.contract.symbol,
            rate=Ratio(number(found, "lastFundingRate")),
            next_at_ms=time_ms(found, "nextFundingTime"),
        )

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """No figures: what the venue calls open interest is money here and contracts there."""
        del api, one
        return None

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed, whichever end the venue begins at."""
        endpoint = "swapV3PublicGetQuoteKlines" if one.contract.linear else "cswapV1PublicGetMarketKlines"
        asked = {"symbol": one.market, "interval": "1d", "limit": days + 1}
        data = data_of(await api.ask(endpoint, asked), "candles")
        if not isinstance(data, list):
            raise ShapeError("candles: a list was expected")
        found = sorted((_opened(one_), _close(one_)) for one_ in data)
        return tuple(close for _, close in found[:-1])

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Read margin tiers of linear contracts; of inverse ones none are told.

        The highest leverage is not told either: half of what maintenance would allow is taken, rounded down.
        """
        if not one.contract.linear:
            return ()
        answer = await api.ask("swapV1PrivateGetMaintMarginRatio", {"symbol": one.market})
        found = [
            Tier(
                value_min=number(item, "minPositionVal"),
                maintenance_rate=Ratio(number(item, "maintMarginRatio")),
                maintenance_amount=number_or(item, "maintAmount"),
                leverage_max=max(ONE, ONE / number(item, "maintMarginRatio") // 2),
            )
            for item in rows(data_of(answer, "tiers"), "tiers")
        ]
        return tuple(sorted(found, key=lambda tier: tier.value_min))

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Read the account's maker and taker fee."""
        linear = "swapV2PrivateGetUserCommissionRate"
        endpoint = linear if one.contract.linear else "cswapV1PrivateGetUserCommissionRate"
        found = row(data_of(await api.ask(endpoint), "fees"), "fees")
        found = row(found["commission"], "fees") if "commission" in found else found
        return number(found, "makerCommissionRate"), number(found, "takerCommissionRate")


Best = tuple[Level, Level, int]
"""Best bid and ask with their sizes, and when."""


def _opened(candle: object) -> int:
    return int(str(candle[0])) if isinstance(candle, list) else time_ms(row(candle, "candle"), "time")


def _close(candle: object) -> Decimal:
    return Decimal(str(candle[4])) if isinstance(candle, list) else number(row(candle, "candle"), "close")
