"""Binance Futures: prices, tiers and fees of both products, and what differs between the two."""

from decimal import Decimal

from bot.adapters.venues.answers import Row, number, number_or, row, rows, text, time_ms
from bot.adapters.venues.manner import Api, Listed
from bot.adapters.venues.spot import spot_quote
from bot.core.instruments import DatedFuture, Tier
from bot.core.snapshot import Funding, Quote, Turnover
from bot.core.values import ZERO, Contracts, Price, Ratio, record


@record
class Product:
    """What differs between the two products."""

    public: str
    private: str
    account: str
    positions: str
    brackets: str
    transfer: str
    """How a transfer into its wallet is called."""


USDM = Product(
    public="fapiPublicGet",
    private="fapiPrivate",
    account="fapiPrivateV3GetAccount",
    positions="fapiPrivateV3GetPositionRisk",
    brackets="fapiPrivateGetLeverageBracket",
    transfer="MAIN_UMFUTURE",
)
COINM = Product(
    public="dapiPublicGet",
    private="dapiPrivate",
    account="dapiPrivateGetAccount",
    positions="dapiPrivateGetPositionRisk",
    brackets="dapiPrivateV2GetLeverageBracket",
    transfer="MAIN_CMFUTURE",
)


class BinanceMarket:
    """What a product shows to everybody, and what it takes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._linear = name == "binance-usdm"
        self._product = USDM if self._linear else COINM

    async def clock_ms(self, api: Api) -> int:
        """Read the venue's clock."""
        return time_ms(row(await api.ask(f"{self._product.public}Time"), "time"), "serverTime")

    async def quotes(self, api: Api, listed: tuple[Listed, ...]) -> tuple[Quote, ...]:
        """Read best prices, mark and index; the older of the two answers dates a quote.

        COIN-M tells the marks of all contracts at the weight of one, so that several are asked for at once.
        """
        if self._linear or len(listed) == 1:
            found = [await self._quotes(api, (one,), {"symbol": one.market}) for one in listed]
            return tuple(quote for quotes in found for quote in quotes)
        return await self._quotes(api, listed, {}) if listed else ()

    async def _quotes(
        self, api: Api, listed: tuple[Listed, ...], asked: dict[str, object]
    ) -> tuple[Quote, ...]:
        best = _by_symbol(await api.ask(f"{self._product.public}TickerBookTicker", asked), "best prices")
        fair = _by_symbol(await api.ask(f"{self._product.public}PremiumIndex", asked), "mark prices")
        there = [one for one in listed if one.market in best and one.market in fair]
        found = [_quote(one, best[one.market], fair[one.market]) for one in there]
        return tuple(quote for quote in found if quote is not None)

    async def spot_quote(self, api: Api, symbol: str, market: str, asked_ms: int) -> Quote | None:
        """Read the best prices of a spot market, which bear no time."""
        answer = await api.ask("publicGetTickerBookTicker", {"symbol": market}, client="spot")
        return spot_quote(symbol, asked_ms, row(answer, "spot prices"))

    async def funding(self, api: Api, one: Listed) -> Funding | None:
        """Read the next funding of a perpetual."""
        if isinstance(one.contract, DatedFuture):
            return None
        answer = await api.ask(f"{self._product.public}PremiumIndex", {"symbol": one.market})
        found = only(answer, "funding")
        return Funding(
            symbol=one.contract.symbol,
            rate=Ratio(number(found, "lastFundingRate")),
            next_at_ms=time_ms(found, "nextFundingTime"),
        )

    async def turnover(self, api: Api, one: Listed) -> Turnover | None:
        """Read what traded in a day and what is held open."""
        asked = {"symbol": one.market}
        day = only(await api.ask(f"{self._product.public}Ticker24hr", asked), "ticker")
        held = row(await api.ask(f"{self._product.public}OpenInterest", asked), "open interest")
        return Turnover(
            symbol=one.contract.symbol,
            volume_24h=Contracts(number(day, "volume")),
            open_interest=Contracts(number(held, "openInterest")),
        )

    async def closes(self, api: Api, one: Listed, days: int) -> tuple[Decimal, ...]:
        """Read daily closes, oldest first, without the day that has not closed."""
        asked = {"symbol": one.market, "interval": "1d", "limit": days + 1}
        answer = await api.ask(f"{self._product.public}Klines", asked)
        if not isinstance(answer, list):
            row(answer, "candles")
            return ()
        return tuple(Decimal(str(candle[4])) for candle in answer[:-1])

    async def tiers(self, api: Api, one: Listed) -> tuple[Tier, ...]:
        """Read margin tiers; of COIN-M their limits are in coins, which is the settlement value."""
        answer = rows(await api.ask(self._product.brackets, {"symbol": one.market}), "tiers")
        mine = [item for item in answer if text(item, "symbol") == one.market]
        if not mine:
            return ()
        floor = "notionalFloor" if self._linear else "qtyFloor"
        found = [
            Tier(
                value_min=number(item, floor),
                maintenance_rate=Ratio(number(item, "maintMarginRatio")),
                maintenance_amount=number_or(item, "cum"),
                leverage_max=number(item, "initialLeverage"),
            )
            for item in rows(mine[0].get("brackets"), "tiers")
        ]
        return tuple(sorted(found, key=lambda tier: tier.value_min))

    async def fees(self, api: Api, one: Listed) -> tuple[Decimal, Decimal] | None:
        """Read the account's maker and taker fee."""
        asked = {"symbol": one.market}
        found = row(await api.ask(f"{self._product.private}GetCommissionRate", asked), "fees")
        return number(found, "makerCommissionRate"), number(found, "takerCommissionRate")


def only(answer: object, where: str) -> Row:
    """Read one object, which COIN-M sends in a list."""
    return rows(answer, where)[0] if isinstance(answer, list) and answer else row(answer, where)


def _by_symbol(answer: object, where: str) -> dict[str, Row]:
    """Read one object or a list of them, by the venue's symbols."""
    found = rows(answer, where) if isinstance(answer, list) else (row(answer, where),)
    return {text(item, "symbol"): item for item in found}


def _quote(one: Listed, best: Row, fair: Row) -> Quote | None:
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
