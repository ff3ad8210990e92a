"""A seeded model market for paper sessions without a network: calm, crash, squeeze, recovery, and again.

Prices are a pure function of the seed and the time, so that a session that was killed finds the same market when it
comes back. They are made with floats and become Decimals at the tick; nothing here decides anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.core import formulas
from bot.core.instruments import Contract, DatedFuture, Futures, MarginRule, Payoff, Perpetual, tiers_from
from bot.core.snapshot import Funding, Peg, Quote, Turnover
from bot.core.values import ONE, ZERO, Contracts, Notional, Price, Ratio, record, round_to_step
from bot.sim.exchange import Exchange

Phase = Literal["calm", "crash", "squeeze", "recovery"]

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FUNDING_MS = 8 * HOUR_MS
PHASE_MINUTES = 30 * 60
CYCLE_MINUTES = 4 * PHASE_MINUTES
CYCLE_MS = CYCLE_MINUTES * MINUTE_MS
MINUTES_PER_YEAR = 365 * 24 * 60

PHASES: tuple[tuple[Phase, float, float, float], ...] = (
    # phase     price at its end, yearly volatility, premium of the perpetual
    ("calm", 1.02, 0.35, 0.0002),
    ("crash", 0.62, 1.10, -0.0010),
    ("squeeze", 1.22, 1.00, 0.0014),
    ("recovery", 1.00, 0.50, 0.0004),
)
"""One cycle. Prices are multiples of the start price."""

SPREAD = Decimal("0.0002")
SPOT_STEP = Decimal("0.00001")
INTEREST = Decimal("0.0001")
DAMPER = Decimal("0.0005")
DAY_MS = 24 * HOUR_MS
YEAR_MS = 365 * DAY_MS
QUARTERLIES = 2
"""Listed at a time."""
FRIDAY, EXPIRY_HOUR = 4, 8
QUARTER_DAYS = Decimal(91)
MOVES_DAYS, MOVED_DAYS = Decimal(10), Decimal(1)
"""Days before expiry between which trading moves on to the next quarterly."""
SHARE_BACK = Decimal("0.1")
DAILY_CONTRACTS = Decimal(100_000)
"""Traded a day in all quarterlies of a family, and held open."""
PERPETUAL_NOTIONAL = Decimal(2_000_000_000)
"""Traded a day in a perpetual, and held open, in quote currency."""
DOLLARS = frozenset({"USDT", "USDC"})
"""Stablecoins; the model's are worth what they say."""
TERM_PREMIUM_YEAR: dict[Phase, Decimal] = {
    "calm": Decimal("0.08"),
    "crash": Decimal("0.05"),
    "squeeze": Decimal("0.10"),
    "recovery": Decimal("0.08"),
}
"""Basis of a quarterly that has a year to go; it shrinks with the time left."""

DEPTH_NOTIONAL = Decimal(400_000)
"""Displayed at each side of the touch, in quote currency."""


@record
class Tick:
    """The market at one minute."""

    at_ms: int
    phase: Phase
    index: Price
    premium: Decimal


class Market(Protocol):
    """Prices by time, whoever makes them."""

    def tick(self, at_ms: int) -> Tick:
        """Show the market at a time."""

    def funding_rate(self, at_ms: int) -> Ratio:
        """Give the rate of funding settled at a time."""


class ModelMarket:
    """The market's prices, by time."""

    def __init__(self, seed: int, start_price: Decimal, shift_ms: int = 0) -> None:
        """With ``shift_ms`` a time shows the market as it is that much later, so that a session may begin in any phase."""
        self._seed = seed
        self._shift_ms = shift_ms
        self._start = float(start_price)
        self._cycle = lru_cache(maxsize=2)(self._make_cycle)

    def tick(self, at_ms: int) -> Tick:
        """Show the market at a time, rounded down to the minute."""
        cycle, within = divmod((at_ms + self._shift_ms) // MINUTE_MS, CYCLE_MINUTES)
        prices, premiums = self._cycle(cycle)
        return Tick(
            at_ms=at_ms // MINUTE_MS * MINUTE_MS,
            phase=PHASES[within // PHASE_MINUTES][0],
            index=Price(Decimal(f"{prices[within]:.2f}")),
            premium=Decimal(f"{premiums[within]:.6f}"),
        )

    def funding_rate(self, at_ms: int) -> Ratio:
        """Rate settled at ``at_ms``, from the hourly premiums of the eight hours before (reference section 6)."""
        hours = range(at_ms - FUNDING_MS, at_ms, HOUR_MS)
        premium = sum((self.tick(hour).premium for hour in hours), Decimal(0)) / len(hours)
        return Ratio(round_to_step(formulas.funding_rate(premium, INTEREST, DAMPER), Decimal("0.00000001")))

    def _make_cycle(self, cycle: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Draw one cycle: a path through the phases' end prices, noise that is pinned to zero at both ends."""
        rng = np.random.default_rng([self._seed, cycle])
        ends = [0.0] + [float(np.log(end)) for _, end, _, _ in PHASES]
        trend = np.concatenate([np.linspace(a, b, PHASE_MINUTES, endpoint=False) for a, b in pairwise(ends)])
        volatility = np.repeat([v for _, _, v, _ in PHASES], PHASE_MINUTES) / np.sqrt(MINUTES_PER_YEAR)
        walk = np.cumsum(rng.standard_normal(CYCLE_MINUTES) * volatility)
        bridge = walk - np.linspace(0, 1, CYCLE_MINUTES) * walk[-1]
        premium = np.repeat([p for _, _, _, p in PHASES], PHASE_MINUTES)
        noise = rng.standard_normal(CYCLE_MINUTES) * 0.0001
        return self._start * np.exp(trend + bridge), premium + noise


def model_contract(symbol: str, price: Decimal = Decimal(60_000)) -> Perpetual:
    """Describe the model exchange's contract: ``BTC/USDT:USDT`` is linear, ``BTC/USD:BTC`` inverse.

    Steps, fees and tiers are of the kind large venues have; they are the model's, not any venue's. The price's magnitude
    sets the tick (six digits of the price) and the step of linear sizes (some 60 in quote currency, at most one coin).

    Raises:
        ValueError: the symbol is of neither form.
    """
    base, _, rest = symbol.partition("/")
    quote, _, settle = rest.partition(":")
    if not (base and quote) or settle not in {quote, base} or base == quote:
        raise ValueError(
            f"{symbol} is no contract: write BASE/QUOTE:QUOTE (linear) or BASE/QUOTE:BASE (inverse)."
        )
    linear = settle == quote
    magnitude = price.adjusted()
    step = Contracts(min(ONE, ONE.scaleb(1 - magnitude)) if linear else ONE)
    return Perpetual(
        symbol=symbol,
        base=base,
        quote=quote,
        settle=settle,
        payoff=Payoff.LINEAR if linear else Payoff.INVERSE,
        contract_size=ONE if linear else Decimal(100),
        contracts_step=step,
        contracts_min=step,
        notional_min=Notional(Decimal(5)),
        price_tick=Price(ONE.scaleb(magnitude - 5)),
        fee_maker=Ratio(Decimal("0.0002")),
        fee_taker=Ratio(Decimal("0.0005")),
        funding_interval_hours=8,
        margin_rule=MarginRule.MARK,
        tiers=tiers_from(LINEAR_TIERS if linear else INVERSE_TIERS),
    )


def model_dated(family: str, price: Decimal, expiry_ms: int) -> DatedFuture:
    """Describe the model exchange's dated contract of a family: the perpetual's terms, and an expiry.

    Raises:
        ValueError: the family's symbol is of no known form.
    """
    shared = {field.name: getattr(model_contract(family, price), field.name) for field in fields(Futures)}
    day = datetime.fromtimestamp(expiry_ms / 1000, UTC)
    return DatedFuture(
        **(shared | {"symbol": f"{family}-{day:%y%m%d}"}),
        expiry_ms=expiry_ms,
        fee_delivery=Ratio(Decimal("0.0005")),
    )


def quarter_expiries(at_ms: int, count: int) -> tuple[int, ...]:
    """List the next quarterly expiries after a time: last Fridays of March, June, September, December, 08:00 UTC."""
    now = datetime.fromtimestamp(at_ms / 1000, UTC)
    found: list[int] = []
    quarter = now.year * 4 + (now.month - 1) // 3
    while len(found) < count:
        year, number = divmod(quarter, 4)
        last = datetime(year, 3 * number + 3, (31, 30, 30, 31)[number], EXPIRY_HOUR, tzinfo=UTC)
        expiry_ms = int((last - timedelta(days=(last.weekday() - FRIDAY) % 7)).timestamp()) * 1000
        if expiry_ms > at_ms:
            found.append(expiry_ms)
        quarter += 1
    return tuple(found)


def turnover_at(at_ms: int, contract: DatedFuture) -> Turnover:
    """Say how busy a quarterly is: trading is in the front one, and moves on in the last days before its expiry."""
    days = Decimal(contract.expiry_ms - at_ms) / DAY_MS
    share = _front_share(days) if days <= QUARTER_DAYS else ONE - _front_share(days - QUARTER_DAYS)
    contracts = Contracts(round_to_step(DAILY_CONTRACTS * share, ONE))
    return Turnover(symbol=contract.symbol, volume_24h=contracts, open_interest=contracts)


def _front_share(days: Decimal) -> Decimal:
    """Share of the trading that is in the front contract: nine tenths, falling to one in the days it moves."""
    stays = max(ZERO, min(ONE, (days - MOVED_DAYS) / (MOVES_DAYS - MOVED_DAYS)))
    return SHARE_BACK + (ONE - 2 * SHARE_BACK) * stays


LINEAR_TIERS = tuple(
    (Decimal(floor), Decimal(rate), Decimal(leverage))
    for floor, rate, leverage in (
        (0, "0.004", 50),
        (300_000, "0.005", 25),
        (3_000_000, "0.01", 10),
        (12_000_000, "0.025", 5),
    )
)
"""Quote value, maintenance rate, highest leverage."""
INVERSE_TIERS = tuple(
    (Decimal(floor), Decimal(rate), Decimal(leverage))
    for floor, rate, leverage in ((0, "0.004", 50), (5, "0.005", 25), (50, "0.01", 10), (200, "0.025", 5))
)
"""Coin value, maintenance rate, highest leverage."""


class ModelTown:
    """The model market and the model exchange together: turning the one shows prices to the other."""

    def __init__(
        self,
        market: Market,
        exchange: Exchange,
        from_ms: int,
        dated_families: tuple[str, ...] = (),
        scales: Mapping[str, Decimal] = MappingProxyType({}),
        coins: frozenset[str] = frozenset(),
    ) -> None:
        """``scales`` are prices of other coins in market prices: 0.05 is a coin that is worth a twentieth; 1 if not given.

        ``coins`` have a spot market beside those that contracts are on.
        """
        self.market = market
        self.exchange = exchange
        self.now = market.tick(from_ms)
        self._families = dated_families
        self._scales = scales
        self._coins = coins
        self._settle_overdue()
        self._list_quarterlies()
        self._show(self.now)

    def advance(self, to_ms: int) -> None:
        """Let the minutes up to ``to_ms`` pass one by one: funding that is due, then prices."""
        for minute_ms in self._minutes(to_ms):
            if minute_ms % FUNDING_MS == 0:
                self._fund(minute_ms)
            self.now = self.market.tick(minute_ms)
            self._show(self.now)
            if minute_ms % HOUR_MS == 0:
                self._list_quarterlies()

    def next_funding(self, symbol: str) -> Funding:
        """Tell what a contract would pay next if the market stayed as it is."""
        due_ms = (self.now.at_ms // FUNDING_MS + 1) * FUNDING_MS
        return Funding(symbol=symbol, rate=self.market.funding_rate(self.now.at_ms), next_at_ms=due_ms)

    def turnover(self, symbol: str) -> Turnover | None:
        """Tell how busy a contract is; of dated ones, trading moves on to the next in the last days before expiry."""
        contract, mark = self.exchange.contracts.get(symbol), self.exchange.marks.get(symbol)
        if isinstance(contract, DatedFuture):
            return turnover_at(self.now.at_ms, contract)
        if contract is None or mark is None:
            return None
        contracts = Contracts(round_to_step(PERPETUAL_NOTIONAL / contract.notional(ONE, mark), ONE))
        return Turnover(symbol=symbol, volume_24h=contracts, open_interest=contracts)

    def peg(self, asset: str) -> Peg | None:
        """Tell what a dollar stablecoin is worth: a dollar; other coins have no peg."""
        return Peg(asset=asset, price=Price(ONE)) if asset in DOLLARS else None

    def funding_paid(self, symbol: str, from_ms: int, to_ms: int) -> tuple[tuple[int, Decimal], ...]:
        """List the settlements of a perpetual's funding within, oldest first: time and rate; the same for every perpetual."""
        if not isinstance(self.exchange.contracts.get(symbol), Perpetual):
            return ()
        first_ms = -(-from_ms // FUNDING_MS) * FUNDING_MS
        return tuple((at, self.market.funding_rate(at)) for at in range(first_ms, to_ms + 1, FUNDING_MS))

    def price(self, coin: str, at_ms: int) -> Decimal:
        """Give a coin's index at a time."""
        return self._scales.get(coin, ONE) * self.market.tick(at_ms).index

    def spot(self, symbol: str) -> Quote | None:
        """Quote a coin in dollars, half a spread around its index; None of a coin that nobody has anything to do with here."""
        coin, _, quoted = symbol.partition("/")
        if quoted not in DOLLARS or coin not in self._coins | self.exchange.indices.keys():
            return None
        price = Price(self.price(coin, self.now.at_ms))
        size = Contracts(round_to_step(DEPTH_NOTIONAL / price, SPOT_STEP))
        return Quote(
            symbol=symbol,
            at_ms=self.now.at_ms,
            bid=Price(price * (ONE - SPREAD / 2)),
            bid_contracts=size,
            ask=Price(price * (ONE + SPREAD / 2)),
            ask_contracts=size,
            mark=price,
            index=price,
        )

    def _settle_overdue(self) -> None:
        """Settle what has expired before this town begins, at the mean that a town of that time saw minute by minute.

        A restored exchange knows such contracts, and may hold one if it was killed before it heard of the settlement.
        """
        for contract in tuple(self.exchange.contracts.values()):
            if isinstance(contract, DatedFuture) and contract.expiry_ms <= self.now.at_ms:
                minutes = range(contract.expiry_ms - contract.averaging_ms, contract.expiry_ms, MINUTE_MS)
                seen = [self.price(contract.base, minute_ms) for minute_ms in minutes]
                self.exchange.expire(contract.symbol, sum(seen, ZERO) / len(seen))

    def _list_quarterlies(self) -> None:
        """Keep two quarterlies of every dated family listed; an expired one stays known, and is traded no more."""
        for family in self._families:
            price = self.exchange.contracts[family].price_tick * Decimal(100_000)
            for expiry_ms in quarter_expiries(self.now.at_ms, QUARTERLIES):
                contract = model_dated(family, price, expiry_ms)
                if contract.symbol not in self.exchange.contracts:
                    self.exchange.relist(contract)

    def _minutes(self, to_ms: int) -> Iterator[int]:
        return iter(range(self.now.at_ms + MINUTE_MS, to_ms + 1, MINUTE_MS))

    def _fund(self, at_ms: int) -> None:
        rate = self.market.funding_rate(at_ms)
        for symbol, mark in tuple(self.exchange.marks.items()):
            if isinstance(self.exchange.contracts[symbol], Perpetual):
                self.exchange.settle_funding(symbol, rate, mark, at_ms)

    def _show(self, tick: Tick) -> None:
        for contract in tuple(self.exchange.contracts.values()):
            scaled = replace(tick, index=Price(tick.index * self._scales.get(contract.base, ONE)))
            if isinstance(contract, Perpetual):
                self.exchange.quote(quote_at(scaled, contract, scaled.index * (ONE + tick.premium)))
            elif contract.expiry_ms > tick.at_ms:
                self.exchange.quote(quote_at(scaled, contract, self._dated_mark(scaled, contract)))

    def _dated_mark(self, tick: Tick, contract: DatedFuture) -> Decimal:
        """Price a dated contract: index and term premium; while it settles, what is averaged already counts as it is.

        A town that begins within a settlement window knows the mean only of what it sees from then on.
        """
        premium = TERM_PREMIUM_YEAR[tick.phase] * (contract.expiry_ms - tick.at_ms) / YEAR_MS
        open_share = contract.delta_share(tick.at_ms)
        fair = tick.index * (ONE + premium)
        if open_share == ONE:
            return fair
        mean = self.exchange.settled_so_far(contract.symbol) or tick.index
        return (ONE - open_share) * mean + open_share * fair


def quote_at(tick: Tick, contract: Contract, mark: Decimal) -> Quote:
    """Quote a contract at a tick, the touch half a spread around its mark."""
    half = mark * SPREAD / 2
    bid, ask = (round_to_step(price, contract.price_tick) for price in (mark - half, mark + half))
    size = round_to_step(DEPTH_NOTIONAL / contract.notional(ONE, mark), contract.contracts_step)
    return Quote(
        symbol=contract.symbol,
        at_ms=tick.at_ms,
        bid=Price(bid),
        bid_contracts=Contracts(size),
        ask=Price(ask),
        ask_contracts=Contracts(size),
        mark=Price(round_to_step(mark, contract.price_tick)),
        index=tick.index,
    )
