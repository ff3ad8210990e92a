"""Pictures of a market for stages: a few bars, a few funding rates, a time."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot.core.lookback import Bars, Settled
from bot.core.policy import Band, MarketView, Target
from bot.core.values import ZERO, Coins, Price, Ratio

D = Decimal
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONDAY_MS = 1_767_571_200_000
"""5 January 2026, midnight UTC."""
BAND = Band(outer=Ratio(D("0.02")), inner=Ratio(D("0.005")))
FUTURE, SPOT = "BTC/USDT:USDT", "BTC/USDT"


def ms(text: str) -> int:
    """Read a time with its zone."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def bars(
    closes: Sequence[str | int | Decimal],
    *,
    symbol: str = FUTURE,
    bar_ms: int = DAY_MS,
    last_ms: int = MONDAY_MS,
    spread: str = "0",
) -> Bars:
    """Make bars of closes; highs and lows are ``spread`` above and below."""
    prices = [Price(D(close)) for close in closes]
    return Bars(
        symbol=symbol,
        bar_ms=bar_ms,
        last_ms=last_ms,
        closes=tuple(prices),
        highs=tuple(Price(one * (1 + D(spread))) for one in prices),
        lows=tuple(Price(one * (1 - D(spread))) for one in prices),
    )


def settled(rates: Sequence[str], *, last_ms: int = MONDAY_MS, hours: int = 8) -> Settled:
    """Make funding rates that were settled."""
    return Settled(
        symbol=FUTURE,
        interval_ms=hours * HOUR_MS,
        last_ms=last_ms,
        rates=tuple(Ratio(D(rate)) for rate in rates),
    )


def view(
    *history: Bars,
    at_ms: int = MONDAY_MS,
    asset: str = "BTC",
    rates: Settled | None = None,
    same_coin: bool = True,
    symbol: str = FUTURE,
    coins: tuple[tuple[str, str], ...] = (),
) -> MarketView:
    """Put a view together; ``coins`` are hedged together, such as ``("ADA", "100")``."""
    price = history[-1].closes[-1] if history and history[-1].closes else Price(D(50_000))
    return MarketView(
        at_ms=at_ms,
        asset=asset,
        mark=price,
        index=price,
        funding_rate=None,
        symbol=symbol,
        coins=tuple((one, Coins(D(count))) for one, count in coins),
        same_coin=same_coin,
        bars=history,
        settled=() if rates is None else (rates,),
    )


def target(ratio: str = "1") -> Target:
    """Want a ratio, as a stage before has said."""
    return Target(ratio=Ratio(D(ratio)), band=BAND, reason="before")


def table(text: str) -> list[list[str]]:
    """Read an aligned table: a row a line, cells between bars; # begins a comment."""
    lines = [line.strip() for line in text.splitlines()]
    return [[cell.strip() for cell in line.split("|")] for line in lines if line and not line.startswith("#")]


def signal(found: Target, name: str) -> Decimal:
    """Give one figure behind a target."""
    return dict(found.signals).get(name, ZERO)
