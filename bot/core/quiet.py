"""How long an answer stays good: a time, and per hedge the prices and income inside which no trade becomes due.

The loop sleeps and the backtest jumps while it lasts, so that cost grows with the number of actions. It may promise too
little, never too much: a property test asks again at random inside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from bot.core.exposure import Book, Exposure, book_of, measure, net_delta, trade_needed
from bot.core.policy import Target
from bot.core.rules import HedgeRules, Meaning
from bot.core.snapshot import Quote, Spot
from bot.core.values import ONE, ZERO, Money, Price, Ratio, record


@record
class PriceBox:
    """What one hedge may see without a trade becoming due: prices of its contract, and money paid to its wallet."""

    symbol: str
    mark: Price
    index: Price
    spots: tuple[Spot, ...] = ()
    """Prices of other coins that the contract hedges."""
    low: Ratio | None
    """Lowest multiple of the mark, of the index and of every spot price; None is any price."""
    high: Ratio | None
    """The same, highest."""
    income_min: Money | None
    """Least that may come in, in settlement currency, fees and funding paid being negative; None is any amount."""
    income_max: Money | None
    """Most that may come in; None is any amount."""

    def contains(self, prices: Mapping[str, Quote], income: Decimal) -> bool:
        """Whether all its prices and what came in since lie inside; a price that is not told does not."""
        if self.income_min is not None and income < self.income_min:
            return False
        if self.income_max is not None and income > self.income_max:
            return False
        if self.symbol not in prices:
            return False
        if self.low is None or self.high is None:
            return True
        now = prices[self.symbol]
        pairs = [(self.mark, now.mark), (self.index, now.index)]
        for spot in self.spots:
            if spot.symbol not in prices:
                return False
            pairs.append((spot.price, prices[spot.symbol].index))
        return all(self.low * then <= price <= self.high * then for then, price in pairs)


@record
class Quiet:
    """How long a decision stays good: nothing is commanded up to ``until_ms`` while every price is in its box.

    It speaks of time, prices and income: funding and fees, in settlement currency, since the decision. A fill, a
    transfer or a changed rule ends it.
    """

    until_ms: int
    boxes: tuple[PriceBox, ...]

    def covers(self, quotes: tuple[Quote, ...], income: Decimal = ZERO) -> bool:
        """Whether the quote of every box, and what came in since, still lies in it; no boxes cover nothing.

        ``income`` is what the wallet received in all, so that hedges of one wallet each see the others' share, too.
        """
        prices = {quote.symbol: quote for quote in quotes}
        return bool(self.boxes) and all(box.contains(prices, income) for box in self.boxes)


def box_of(b: Book, width: Decimal | None, incomes: tuple[Money | None, Money | None]) -> PriceBox:
    """Make a box of a half-width around today's prices, None for any price, and of incomes.

    Where other coins are hedged, no price may move unless a width says so.
    """
    width = ZERO if width is None and b.foreign else width
    return PriceBox(
        symbol=b.contract.symbol,
        mark=b.mark,
        index=b.index,
        spots=tuple(one.spot for one in b.foreign),
        low=None if width is None else Ratio(ONE / (ONE + width)),
        high=None if width is None else Ratio(ONE + width),
        income_min=incomes[0],
        income_max=incomes[1],
    )


NO_INCOME = Money(ZERO), Money(ZERO)
ANY_INCOME = None, None


def price_box(b: Book, hedge: HedgeRules, target: Target, now: Exposure) -> PriceBox:
    """Find a box inside which no trade becomes due, given that none is due now and no order works.

    No linear target reads the wallet, and a linear share of holdings no price either. An inverse share of holdings opens
    no gap by price as long as its drift is inside the band; there it has room for coins that come in. Any other hedge
    gets a box of prices, and an inverse one inside its band what room for coins is left in that. A hedge in two contracts
    has more prices than a box, and gets one without width.
    """
    if b.others.coins != ZERO:
        return box_of(b, ZERO, NO_INCOME)
    if target.flat:  # to hold nothing reads neither prices nor the wallet
        return box_of(b, None, ANY_INCOME)
    shares = hedge.meaning is Meaning.SHARE_OF_HOLDINGS and not b.foreign
    incomes = ANY_INCOME if b.contract.linear else NO_INCOME
    if shares and b.contract.linear:
        return box_of(b, None, incomes)
    if shares and b.position.contracts <= ZERO and _steady(b, target, ZERO):
        return box_of(b, None, (_income(b, target, -ONE), _income(b, target, ONE)))
    width = _width(b, hedge, target, now)
    if not b.contract.linear and not now.outside:
        income = _income_at(b, hedge, target, now, width)
        incomes = Money(-income), income
    return box_of(b, width, incomes)


def _income_at(b: Book, hedge: HedgeRules, target: Target, now: Exposure, width: Decimal) -> Money:
    """Find how many coins may come in, or go out, at all prices of a box: the most of a short list.

    At any one price the gap never grows with the income and the band's edges widen with it, both along straight lines but
    for a kink where no short is wanted, so that what holds at both ends of a range holds inside.
    """
    room = target.band.outer * b.own
    amounts = (room * share for share in INCOME_SHARES[:-1])
    safe = (
        amount
        for amount in amounts
        if all(_inside(_paid(b, income), hedge, target, now, width) for income in (-amount, amount))
    )
    return Money(next(safe, ZERO))


def _steady(b: Book, target: Target, income: Decimal) -> bool:
    """Whether an inverse share of holdings is inside its band at *every* price, ``income`` coins having come in.

    Its drift, net delta less the delta wanted, is the gap in coins. Prices do not move it (reference section 3.1), and
    income moves it by the hedged share. Where the drift asks for less than no short, the gap is smaller than the drift.
    """
    own = b.own + income
    drift = net_delta(b) + income - (ONE - target.ratio) * own
    return abs(drift) <= target.band.narrowest * own * CLEARLY


def _income(b: Book, target: Target, sign: Decimal) -> Money:
    """Find how many coins may come in (``sign`` 1) or go out (-1) without leaving the band: the most of a short list.

    Both edges of the band and the drift are straight lines in the income, so that what holds at the end holds between.
    """
    room = target.band.narrowest * b.own
    amounts = (sign * room * share for share in INCOME_SHARES)
    return Money(next(amount for amount in amounts if _steady(b, target, amount)))


def _width(b: Book, hedge: HedgeRules, target: Target, now: Exposure) -> Decimal:
    """Find the half-width of a safe box of prices, the widest of a short list.

    The gap is monotone in the mark, the index and the value of other coins, each at the others fixed, so that a box is
    safe if its corners are, all for the same reason: inside the band, or below one step.
    """

    def safe(width: Decimal) -> bool:
        if not now.outside:
            return _inside(b, hedge, target, now, width)
        corners = _corners(b, hedge, target, now, width)
        return all(trade_needed(corner, b.contract) == ZERO and corner.outside for corner in corners)

    return next((width for width in BOX_WIDTHS if safe(width)), ZERO)


def _inside(b: Book, hedge: HedgeRules, target: Target, now: Exposure, width: Decimal) -> bool:
    """Whether the gap is clearly inside the band at all corners of a box of prices."""
    corners = _corners(b, hedge, target, now, width)
    return all(abs(corner.gap) <= corner.band_outer * CLEARLY for corner in corners)


def _corners(b: Book, hedge: HedgeRules, target: Target, now: Exposure, width: Decimal) -> Iterator[Exposure]:
    """Measure a hedge at the corners of a box of prices, which is a hair wider than it will be."""
    wider = ONE + width / CLEARLY
    ends = ONE / wider, wider
    return (
        measure(_moved(b, mark, index, spot), hedge, target, now.in_flight)
        for mark in ends
        for index in ends
        for spot in (ends if b.foreign else (ONE,))
    )


def wants_more(b: Book, hedge: HedgeRules, target: Target, now: Exposure, multiple: Decimal) -> bool:
    """Whether a hedge that wants more short would still want more, or nothing, at a multiple of today's prices."""
    moved = measure(_moved(b, multiple, multiple, multiple), hedge, target, now.in_flight)
    return trade_needed(moved, b.contract) <= ZERO


def room_to_want_more(
    b: Book, hedge: HedgeRules, target: Target, now: Exposure
) -> tuple[Ratio | None, tuple[Money | None, Money | None]]:
    """Find how far prices may move, and what may come in, while a hedge that wants more short goes on wanting more.

    A share of holdings wants the same at every price (reference section 3.1); income moves what an inverse hedge wants.
    Prices of other coins move by themselves: nothing is promised about them.
    """
    incomes = ANY_INCOME if b.contract.linear else NO_INCOME
    if b.foreign:
        return Ratio(ZERO), incomes
    if hedge.meaning is Meaning.SHARE_OF_HOLDINGS and b.others.coins == ZERO and b.position.contracts <= ZERO:
        return None, incomes
    widths = (
        width
        for width in BOX_WIDTHS
        if all(wants_more(b, hedge, target, now, end) for end in (ONE / (ONE + width), ONE + width))
    )
    return Ratio(next(widths, ZERO)), incomes


def narrowed(
    box: PriceBox, low: Decimal | None, high: Decimal | None, incomes: tuple[Money | None, Money | None]
) -> PriceBox:
    """Cut a box down to multiples of its prices and to incomes; None cuts nothing.

    An end that is an edge counts as outside by a hair: what 28 digits round away must not promise too much.
    """
    lows = [one for one in (box.low, None if low is None else min(low / CLEARLY, ONE)) if one is not None]
    highs = [one for one in (box.high, None if high is None else max(high * CLEARLY, ONE)) if one is not None]
    least = [one for one in (box.income_min, incomes[0]) if one is not None]
    most = [one for one in (box.income_max, incomes[1]) if one is not None]
    bounded = bool(lows or highs)
    return replace(
        box,
        low=Ratio(max(lows, default=ONE / FAR)) if bounded else None,
        high=Ratio(min(highs, default=FAR)) if bounded else None,
        income_min=max(least, default=None),
        income_max=min(most, default=None),
    )


FAR = Decimal(10) ** 6
"""A multiple no price reaches."""


def _moved(b: Book, mark: Decimal, index: Decimal, spot: Decimal) -> Book:
    """Show a book at multiples of its prices."""
    prices = Price(b.mark * mark), Price(b.index * index)
    foreign = tuple(
        replace(one, spot=replace(one.spot, price=Price(one.spot.price * spot))) for one in b.foreign
    )
    return book_of(b.contract, b.coins, foreign, b.wallet, b.position, b.others, *prices)


def _paid(b: Book, income: Decimal) -> Book:
    """Show a book after coins came into its wallet."""
    wallet = replace(b.wallet, balance=Money(b.wallet.balance + income))
    return book_of(b.contract, b.coins, b.foreign, wallet, b.position, b.others, b.mark, b.index)


CLEARLY = ONE - ONE.scaleb(-9)
"""How far inside an edge counts as inside at other prices: what 28 digits round away must not open a gap."""
BOX_WIDTHS = tuple(Decimal(width).scaleb(-4) for width in (10000, 3000, 1000, 300, 100, 30, 10, 3, 1))
"""Candidates for the half-width of a box, as shares of the price."""
INCOME_SHARES = tuple(Decimal(share).scaleb(-2) for share in (100, 90, 75, 50, 25, 10, 5, 1, 0))
"""Candidates for the income a box has room for, as shares of the band."""
