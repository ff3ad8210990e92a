"""What a venue shows to everybody: best prices, the book around them, candles, funding."""

from collections.abc import Iterator
from decimal import Decimal

from bot.core.instruments import Contract, Perpetual
from bot.core.snapshot import Funding, Quote
from bot.core.values import ONE
from bot.testexchange.office import Office
from bot.testexchange.records import Candle
from bot.testexchange.wire import No, NoError

LEVEL_TICKS = 10
"""Between two levels of the book."""
Levels = list[tuple[Decimal, Decimal]]
"""Prices and contracts, best first."""
CANDLES_MAX = 1500
FUNDINGS_MAX = 1000
DAY_MS = 24 * 60 * 60 * 1000


def freeze_book(office: Office) -> None:
    """Let best prices stand still as they are now."""
    office.moods.stale = {symbol: (touch, office.now_ms) for symbol, touch in office.exchange.touches.items()}


def shown(office: Office, symbol: str) -> tuple[Quote, int]:
    """Give the prices of a contract as displayed, and the time the venue writes under them.

    Raises:
        NoError: it is not listed, or has no price.
    """
    office.contract(symbol)
    stale = office.moods.stale.get(symbol)
    touch, at_ms = stale or (office.exchange.touches.get(symbol), office.clock_ms())
    if touch is None:
        raise NoError(No.UNPRICED)
    return touch.quote, at_ms


def levels(office: Office, symbol: str, depth: int) -> tuple[Levels, Levels]:
    """Give the book as (price, contracts), bids then asks, best first; ``depth`` levels each.

    Raises:
        NoError: it is not listed, or has no price.
    """
    quote, _ = shown(office, symbol)
    step = office.contract(symbol).price_tick * LEVEL_TICKS
    bids: Levels = [(quote.bid - step * i, quote.bid_contracts) for i in range(depth) if quote.bid > step * i]
    asks: Levels = [(quote.ask + step * i, quote.ask_contracts) for i in range(depth)]
    return bids, asks


def funding_of(office: Office, symbol: str) -> Funding | None:
    """Give the next funding; None for a contract that pays none.

    Raises:
        NoError: it is not listed.
    """
    return office.world.next_funding(symbol) if isinstance(office.contract(symbol), Perpetual) else None


def funding_paid(office: Office, symbol: str, limit: int) -> tuple[tuple[int, Decimal], ...]:
    """List the last settlements of funding, oldest first: time and rate.

    Raises:
        NoError: it is not listed.
    """
    contract = office.contract(symbol)
    if not isinstance(contract, Perpetual):
        return ()
    wanted = min(limit, FUNDINGS_MAX)
    span_ms = wanted * contract.funding_interval_hours * 3_600_000
    return office.world.funding_paid(symbol, office.now_ms - span_ms, office.now_ms)[-wanted:]


def candles(
    office: Office,
    symbol: str,
    interval_ms: int,
    *,
    limit: int,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> tuple[Candle, ...]:
    """List candles, oldest first, the last of them still forming; at most ``limit`` of them.

    Raises:
        NoError: it is not listed, or the interval is none.
    """
    office.contract(symbol)
    return _candles(office, symbol, interval_ms, limit=limit, from_ms=from_ms, to_ms=to_ms)


def spot_candles(
    office: Office,
    coin: str,
    interval_ms: int,
    *,
    limit: int,
    from_ms: int | None = None,
    to_ms: int | None = None,
) -> tuple[Candle, ...]:
    """List candles of a coin in dollars, as those of a contract; nothing is traded in them.

    Raises:
        NoError: the interval is none.
    """
    return _candles(office, f"{coin}/USDT", interval_ms, limit=limit, from_ms=from_ms, to_ms=to_ms)


def _candles(
    office: Office, symbol: str, interval_ms: int, *, limit: int, from_ms: int | None, to_ms: int | None
) -> tuple[Candle, ...]:
    if interval_ms <= 0:
        raise NoError(No.PARAMETER)
    wanted = min(limit, CANDLES_MAX)
    end_ms = min(office.now_ms, to_ms or office.now_ms)
    start_ms = (
        end_ms // interval_ms * interval_ms - (wanted - 1) * interval_ms if from_ms is None else from_ms
    )
    found = office.world.candles(symbol, interval_ms, start_ms, end_ms)
    return found[:wanted] if from_ms is not None else found[-wanted:]


def change_of_day(office: Office, symbol: str) -> Candle:
    """Give a contract's last 24 hours as one candle.

    Raises:
        NoError: it is not listed, or has no price.
    """
    quote, _ = shown(office, symbol)
    hours = candles(office, symbol, DAY_MS // 24, limit=24)
    turnover = office.world.turnover(symbol)
    return Candle(
        at_ms=office.now_ms - DAY_MS,
        open=hours[0].open if hours else quote.mid,
        high=max([quote.ask, *(one.high for one in hours)]),
        low=min([quote.bid, *(one.low for one in hours)]),
        close=quote.mid,
        volume=Decimal(0) if turnover is None else turnover.volume_24h,
    )


def brackets(contract: Contract) -> Iterator[tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal]]:
    """List margin tiers as (number, value from, value to, highest leverage, maintenance rate, maintenance amount).

    Values are in settlement currency; the last tier ends at a value no position reaches.
    """
    ends = [tier.value_min for tier in contract.tiers[1:]] + [TIER_END]
    for number, (tier, end) in enumerate(zip(contract.tiers, ends, strict=True), start=1):
        yield number, tier.value_min, end, tier.leverage_max, tier.maintenance_rate, tier.maintenance_amount


TIER_END = ONE.scaleb(12)
