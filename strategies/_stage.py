"""What stages are made of: frozen parameters, and the words they share."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from bot.core.lookback import Bars, Need, spot_market
from bot.core.policy import NO_END_MS, MarketView, Target
from bot.core.values import ONE, ZERO, Coins, Ratio, record

FOUR_DIGITS = Decimal("0.0001")
"""Statistics are told and used to four digits: what is behind them depends on how a machine adds."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS


class StageModel(BaseModel):
    """Parameters that do not change, and none that is not known; a stage looks back on nothing unless it says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: ClassVar[Literal["sets", "scales", "raises", "bounds"]] = "sets"
    """What it does to the ratio of the stages before it: replaces it, multiplies it, lifts it, keeps it within bounds."""

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Name the bars it looks back on: none."""
        return ()

    def needs_settlements(self) -> int:
        """Count the settled funding rates it looks back on: none."""
        return 0


def exact(value: float) -> Decimal:
    """Tell a statistic to four digits.

    Raises:
        ValueError: it is no finite number.
    """
    told = Decimal(repr(value))
    if not told.is_finite():
        raise ValueError(f"a statistic is {value}")
    return told.quantize(FOUR_DIGITS)


def bent(
    target: Target,
    ratio: Decimal,
    reason: str,
    signals: tuple[tuple[str, Decimal], ...] = (),
    until_ms: int = NO_END_MS,
) -> Target:
    """Give a target another ratio, with the reason and the signals added to those before, and the earlier end."""
    return Target(
        ratio=Ratio(ratio),
        band=target.band,
        reason=f"{target.reason}; {reason}" if target.reason else reason,
        signals=(*target.signals, *signals),
        valid_until_ms=min(target.valid_until_ms, until_ms),
    )


@record
class Look:
    """What a stage found when it looked back."""

    bars: Bars | None
    lack: str
    """What is missing, in words; empty if the bars are there."""
    until_ms: int
    """Up to this time, that time included, no newer bar is expected."""


def look(market: MarketView, need: Need) -> Look:
    """Find the closed bars that a stage needs, fresh and as many as it asked for."""
    bars = market.history(need)
    newest_ms = market.at_ms // need.bar_ms * need.bar_ms
    until_ms = newest_ms + need.bar_ms - 1
    wanted = f"{need.count} bars of {need.bar_ms // HOUR_MS} h of {need.symbol}"
    if bars is None or not bars.closes:
        return Look(bars=None, lack=f"{wanted} are needed, there are none", until_ms=until_ms)
    if bars.last_ms > market.at_ms:
        raise ValueError(f"a bar of {need.symbol} closes at {bars.last_ms}, after the time of the picture")
    if bars.last_ms < newest_ms - need.bar_ms:
        age = (market.at_ms - bars.last_ms) // HOUR_MS
        return Look(bars=None, lack=f"the newest bar of {need.symbol} is {age} h old", until_ms=until_ms)
    if len(bars.closes) < need.count:
        return Look(
            bars=None,
            lack=f"{wanted} are needed, {need.count - len(bars.closes)} are missing",
            until_ms=until_ms,
        )
    return Look(bars=bars, lack="", until_ms=max(until_ms, bars.last_ms + need.bar_ms - 1))


def bars_a_year(bar_ms: int) -> float:
    """Count the bars of a year."""
    return YEAR_MS / bar_ms


@record
class Sides:
    """What the hedged coins were worth beside their hedge's price, bar by bar; both empty where something is missing."""

    coins: tuple[Decimal, ...]
    """In quote currency, counted as they are now: what the bag of today would have been worth."""
    future: tuple[Decimal, ...]
    lack: str
    """What is missing, in words; empty if nothing is."""
    until_ms: int
    """Up to this time, that time included, no newer bar is expected."""


def both_markets(symbol: str, asset: str, bar_ms: int, count: int) -> tuple[Need, ...]:
    """Ask for the bars of a coin's spot market and of the hedge's contract: what :func:`sides` puts beside each other."""
    return tuple(Need(symbol=one, bar_ms=bar_ms, count=count) for one in (spot_market(asset, symbol), symbol))


def sides(market: MarketView, bar_ms: int, count: int) -> Sides:
    """Put the coins' markets and the hedge's contract side by side; all must end with the same bar."""
    future = look(market, Need(symbol=market.symbol, bar_ms=bar_ms, count=count))
    held = [(asset, coins) for asset, coins in market.coins if coins > ZERO] or [(market.asset, Coins(ONE))]
    spots = [
        look(market, Need(symbol=spot_market(asset, market.symbol), bar_ms=bar_ms, count=count))
        for asset, _ in held
    ]
    until_ms = max(one.until_ms for one in (future, *spots))
    lack = "; ".join(dict.fromkeys(one.lack for one in (*spots, future) if one.lack))
    known = [one.bars for one in spots if one.bars is not None]
    if lack or future.bars is None:
        return Sides(coins=(), future=(), lack=lack, until_ms=until_ms)
    if min(future.bars.closes) == max(future.bars.closes):
        lack = f"the price of {market.symbol} did not move in {count - 1} bars"
        return Sides(coins=(), future=(), lack=lack, until_ms=until_ms)
    apart = [bars.symbol for bars in known if bars.last_ms != future.bars.last_ms]
    if apart:
        lack = f"{apart[0]} and {market.symbol} do not overlap to the same bar"
        return Sides(coins=(), future=(), lack=lack, until_ms=until_ms)
    if len(known) == 1:  # how many there are of one coin says nothing about its returns
        return Sides(coins=known[0].closes, future=future.bars.closes, lack="", until_ms=until_ms)
    bags = [[coins * close for close in bars.closes] for bars, (_, coins) in zip(known, held, strict=True)]
    worth = tuple(sum(values, ZERO) for values in zip(*bags, strict=True))
    return Sides(coins=worth, future=future.bars.closes, lack="", until_ms=until_ms)
