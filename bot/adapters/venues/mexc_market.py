"""MEXC: prices and tiers of linear and inverse contracts."""

from decimal import Decimal

from bot.adapters.venues.answers import Row, ShapeError, levels, number, number_or, row, rows, time_ms
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.spot import spot_quote
from bot.core.instruments import Tier, tiers_from
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ONE, ZERO, Contracts, Price, Ratio

DAY_SECONDS = 86_400


class MexcMarket:
    """What the venue shows to everybody, and what it takes."""

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""
        return time_ms(row(await api.ask("spotPublicGetTime"), "time"), "serverTime")

    async def _ticker(self, api: Api, one: Listed) -> Row:
        data = data_of(await api.ask("contractPublicGetTicker", {"symbol": one.market}), "ticker")
        return rows(data, "ticker")[0] if isinstance(data, list) and data else row(data, "ticker")

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read prices, contract by contract; one without a price is left out."""
        found = [await self._quote(api, one) for one in listed]
        return tuple(quote for quote in found if quote is not None)

    async def _quote(self, api: Api, one: Listed) -> Quote | None:
        """Read best prices off the book, mark and index off the ticker; the older of the two dates the answer."""
        answer = await api.ask("contractPublicGetDepthSymbol", {"symbol": one.market, "limit": 5})
        book = row(data_of(answer, "book"), "book")
        bids, asks = levels(book, "bids"), levels(book, "asks")
        if not bids or not asks:
            return None
        ticker = await self._ticker(api, one)
        (bid, bid_size), (ask, ask_size) = max(bids), min(asks)
        return Quote(
            symbol=one.contract.symbol,
            at_ms=min(time_ms(book, "timestamp"), time_ms(ticker, "timestamp")),
            bid=Price(bid),
            bid_contracts=Contracts(bid_size),
            ask=Price(ask),
            ask_contracts=Contracts(ask_size),
            mark=Price(number(ticker, "fairPrice")),
            index=Price(number(ticker, "indexPrice")),
        )

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market, which bear no time."""
        answer = await api.ask("spotPublicGetTickerBookTicker", {"symbol": market})
        return spot_quote(symbol, asked_ms, row(answer, "spot prices"))

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding."""
        answer = await api.ask("contractPublicGetFundingRateSymbol", {"symbol": one.market})
        found = row(data_of(answer, "funding"), "funding")
        return Funding(
            symbol=one.contract.symbol,
            rate=Ratio(number(found, "fundingRate")),
            next_at_ms=time_ms(found, "nextSettleTime"),
        )

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """Read what traded in a day and what is held open, in contracts."""
        found = await self._ticker(api, one)
        return Turnover(
            symbol=one.contract.symbol,
            volume_24h=Contracts(number(found, "volume24")),
            open_interest=Contracts(number(found, "holdVol")),
        )

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed."""
        now_seconds = await self.clock_ms(api) // 1000
        asked = {
            "symbol": one.market,
            "interval": "Day1",
            "start": now_seconds - days * DAY_SECONDS,
            "end": now_seconds,
        }
        found = row(data_of(await api.ask("contractPublicGetKlineSymbol", asked), "candles"), "candles")
        closes = found.get("close")
        if not isinstance(closes, list):
            raise ShapeError("candles: closes are missing")
        return tuple(Decimal(str(close)) for close in closes[:-1])

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Reckon margin tiers from the base rates and their increments, which are steps of so many contracts.

        Their limits become values at the mark of now: the venue's stay where they are in contracts.
        """
        asked = {"symbol": one.market}
        data = data_of(await api.ask("contractPublicGetDetail", asked), "contract")
        found = rows(data, "contract") if isinstance(data, list) else (row(data, "contract"),)
        mine = [item for item in found if item.get("symbol") == one.market]
        if not mine or number_or(mine[0], "maintenanceMarginRate") == ZERO:
            return ()
        mark = number(await self._ticker(api, one), "fairPrice")
        return tiers_from(_steps(mine[0], one, mark))

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Tell nothing beyond the contract's own fees, which the library has."""
        del api, one
        return None


def _steps(found: Row, one: Listed, mark: Decimal) -> list[tuple[Decimal, Decimal, Decimal]]:
    """List (value from, maintenance rate, highest leverage), smallest first."""
    base, step = number_or(found, "riskBaseVol"), number_or(found, "riskIncrVol")
    levels = int(number_or(found, "riskLevelLimit", ONE))
    maintenance, initial = number(found, "maintenanceMarginRate"), number(found, "initialMarginRate")
    tiers = [(ZERO, maintenance, ONE / initial)]
    for level in range(1, levels):
        contracts = (base or step) + step * (level - 1)
        rate = maintenance + number_or(found, "riskIncrMmr") * level
        margin = initial + number_or(found, "riskIncrImr") * level
        tiers.append((one.contract.value(contracts, mark), rate, ONE / margin))
    return tiers


def data_of(answer: object, where: str) -> object:
    """Read what an answer wraps.

    Raises:
        ShapeError: it does not say that it succeeded, or wraps nothing.
    """
    found = row(answer, where)
    if str(found.get("success")).lower() != "true" or "data" not in found:
        raise ShapeError(f"{where}: no success in {str(dict(found))[:80]}")
    return found["data"]
