"""What can be held and traded: contracts, their sizes and their margin tiers.

A contract answers in its own currency: *settlement value*, profit, margin and fees of a linear contract are quote
currency, those of an inverse contract are coins. Callers never branch on the payoff; they ask the contract.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Literal, assert_never

from bot.core import formulas
from bot.core.values import ONE, ZERO, Coins, Contracts, Notional, Price, Ratio, record


class Payoff(StrEnum):
    """How profit follows price."""

    LINEAR = "linear"
    """Sized in coins; quoted, margined and settled in a stablecoin."""
    INVERSE = "inverse"
    """Sized in US dollars; quoted in dollars, margined and settled in the coin."""


MarginMode = Literal["cross", "isolated"]
"""What backs a position: the whole wallet, or margin set aside for it."""


class MarginRule(StrEnum):
    """Where a venue takes maintenance margin; it decides the liquidation price."""

    MARK = "mark"
    """On the value at the mark (Binance USD-M and COIN-M; Bybit since 2 September 2025)."""
    ENTRY = "entry"
    """On the value at entry, isolated (Bybit until 2 September 2025)."""


@record
class Tier:
    """One risk tier. Values are in settlement currency: quote (linear) or coins (inverse)."""

    value_min: Decimal
    maintenance_rate: Ratio
    maintenance_amount: Decimal
    leverage_max: Decimal


def tiers_from(rows: Iterable[tuple[Decimal, Decimal, Decimal]]) -> tuple[Tier, ...]:
    """Build tiers from rows ``(value_min, maintenance_rate, leverage_max)``, smallest first; amounts follow.

    Raises:
        ValueError: the rows are empty, do not begin at zero, or do not rise.
    """
    ordered = tuple(rows)
    floors = [floor for floor, _, _ in ordered]
    rates = [rate for _, rate, _ in ordered]
    if not ordered or floors[0] != ZERO:
        raise ValueError("Margin tiers must begin at value 0.")
    if floors != sorted(set(floors)) or rates != sorted(rates):
        raise ValueError("Margin tiers must rise in value and in rate.")
    amounts = formulas.tier_amounts(floors, rates, ZERO)
    return tuple(
        Tier(value_min=floor, maintenance_rate=Ratio(rate), maintenance_amount=amount, leverage_max=leverage)
        for (floor, rate, leverage), amount in zip(ordered, amounts, strict=True)
    )


@lru_cache(maxsize=256)
def tier_fault(tiers: tuple[Tier, ...]) -> str:
    """Say what is wrong with a venue's table of tiers, or nothing: no forecast can be made of a wrong one."""
    if not tiers:
        return "it is empty"
    if tiers[0].value_min != ZERO:
        return "it does not begin at value 0"
    for lower, upper in pairwise(tiers):
        if upper.value_min <= lower.value_min or upper.maintenance_rate < lower.maintenance_rate:
            return "its tiers do not rise in value and in rate"
        step = upper.value_min * (upper.maintenance_rate - lower.maintenance_rate)
        jump = abs(lower.maintenance_amount + step - upper.maintenance_amount)
        if jump > TIER_JUMP_MAX * upper.value_min * upper.maintenance_rate:
            return f"maintenance jumps where the tier of {upper.value_min:f} begins"
    return ""


TIER_JUMP_MAX = ONE.scaleb(-3)
"""How much of a tier's maintenance the amounts that a venue prints may be rounded by."""

Status = Literal["trading", "halted", "delisted"]
"""Whether a venue takes orders in a contract."""


@record
class Futures:
    """What perpetual and dated contracts share: all but time."""

    symbol: str
    base: str
    quote: str
    settle: str
    payoff: Payoff
    contract_size: Decimal
    """Coins per contract (linear) or quote currency per contract (inverse)."""
    contracts_step: Contracts
    contracts_min: Contracts
    notional_min: Notional
    price_tick: Price
    fee_maker: Ratio
    fee_taker: Ratio
    margin_rule: MarginRule
    tiers: tuple[Tier, ...]
    tiers_at_ms: int | None = None
    """When the venue's table of tiers was read; None if it does not age."""
    status: Status = "trading"

    @property
    def family(self) -> str:
        """Symbol of the perpetual with the same coin, quote and settlement: what all expiries have in common."""
        return family_of(self.symbol)

    @property
    def linear(self) -> bool:
        """Whether profit is paid in quote currency."""
        return self.payoff is Payoff.LINEAR

    def size(self, contracts: Decimal) -> Decimal:
        """Native size of ``contracts``: coins (linear) or US dollars (inverse)."""
        return contracts * self.contract_size

    def coins(self, contracts: Decimal, price: Decimal) -> Coins:
        """Coins that ``contracts`` stand for at ``price``; keeps the sign."""
        size = contracts * self.contract_size
        return Coins(size if self.payoff is Payoff.LINEAR else size / price)

    def notional(self, contracts: Decimal, price: Decimal) -> Notional:
        """Unsigned value of ``contracts`` in quote currency."""
        size = abs(contracts) * self.contract_size
        return Notional(size * price if self.payoff is Payoff.LINEAR else size)

    def value(self, contracts: Decimal, price: Decimal) -> Decimal:
        """Unsigned value of ``contracts`` in settlement currency: quote (linear) or coins (inverse)."""
        size = abs(contracts) * self.contract_size
        return size * price if self.payoff is Payoff.LINEAR else size / price

    def contracts_for(self, coins: Decimal, price: Decimal) -> Contracts:
        """Contracts, not rounded, that stand for ``coins`` at ``price``; keeps the sign."""
        size = coins if self.payoff is Payoff.LINEAR else coins * price
        return Contracts(size / self.contract_size)

    def pnl(self, contracts: Decimal, entry: Decimal, price: Decimal) -> Decimal:
        """Profit of a signed position in settlement currency."""
        side, size = (1 if contracts > ZERO else -1), abs(contracts) * self.contract_size
        match self.payoff:
            case Payoff.LINEAR:
                return formulas.linear_pnl(side, size, entry, price)
            case Payoff.INVERSE:
                return formulas.inverse_pnl(side, size, entry, price)
            case _ as never:
                assert_never(never)

    def margin_value(self, contracts: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
        """Value that this venue's maintenance margin is taken on."""
        return self.value(contracts, entry if self.margin_rule is MarginRule.ENTRY else mark)

    def maintenance(self, contracts: Decimal, entry: Decimal, mark: Decimal) -> Decimal:
        """Maintenance margin of a position, in settlement currency."""
        return self.maintenance_on(self.margin_value(contracts, entry, mark))

    def maintenance_on(self, value: Decimal) -> Decimal:
        """Maintenance margin on a value in settlement currency: the largest any tier asks for."""
        return max(
            [
                formulas.maintenance_margin(value, tier.maintenance_rate, tier.maintenance_amount)
                for tier in self.tiers
            ]
        )

    def liquidation_price(self, contracts: Decimal, entry: Decimal, margin: Decimal) -> Price | None:
        """Mark price at which a position is liquidated, or None if no price does.

        A position that stands at no price at all has a price beyond every market: 0 for a short, ``OUT_OF_REACH`` for a
        long.

        ``margin`` is what backs the position, in settlement currency, its own unrealised profit excluded: the
        isolated wallet, or for a cross account wallet + others' profit - others' maintenance margin.

        Maintenance rises tier by tier, so a short has the smallest and a long the largest of the tiers' prices
        (reference section 5.1); no search for the right tier is needed.
        """
        if contracts == ZERO:
            return None
        side = 1 if contracts > ZERO else -1
        found = [
            price
            for tier in self.tiers
            if (price := self._tier_liquidation(side, abs(contracts), entry, margin, tier)) is not None
        ]
        if not found:
            return None
        return Price(min(found) if side < 0 else max(found))

    def _tier_liquidation(
        self, side: int, contracts: Decimal, entry: Decimal, margin: Decimal, tier: Tier
    ) -> Decimal | None:
        """Solve ``margin + pnl(P) = maintenance(P)`` in one tier; None where every price keeps it."""
        size, rate, amount = contracts * self.contract_size, tier.maintenance_rate, tier.maintenance_amount
        if self.margin_rule is MarginRule.ENTRY:
            return self._liquidation_on_entry(side, size, entry, margin, tier)
        if self.linear:
            return _above_zero(side, formulas.liquidation_linear(side, size, entry, margin, rate, amount))
        if (margin + amount + side * size / entry) * side <= ZERO:
            return None if side < 0 else OUT_OF_REACH
        return formulas.liquidation_inverse(side, size, entry, margin, rate, amount)

    def _liquidation_on_entry(
        self, side: int, size: Decimal, entry: Decimal, margin: Decimal, tier: Tier
    ) -> Decimal | None:
        """As above with maintenance on the entry value: all of ``margin`` enters as extra on a 1 x position."""
        value = size * entry if self.linear else size / entry
        extra = margin - value  # a leverage of 1 puts the whole value up as initial margin
        if self.linear:
            extra += tier.maintenance_amount
            rate = tier.maintenance_rate
            return _above_zero(
                side, formulas.liquidation_linear_on_entry(side, size, entry, ONE, rate, extra)
            )
        free = margin - formulas.maintenance_margin(value, tier.maintenance_rate, tier.maintenance_amount)
        if value + side * free <= ZERO:
            return None if side < 0 else OUT_OF_REACH
        return formulas.liquidation_inverse_on_entry(
            side, size, entry, ONE, tier.maintenance_rate, tier.maintenance_amount, extra
        )


def _above_zero(side: int, price: Decimal) -> Decimal | None:
    """Read a linear price: at or below zero a long is never liquidated, and a short always."""
    if price > ZERO:
        return price
    return ZERO if side < 0 else None


OUT_OF_REACH = Decimal(10) ** 18
"""A price no market reaches."""


def family_of(symbol: str) -> str:
    """Cut the expiry off a symbol: ``BTC/USD:BTC-261225`` is of the family ``BTC/USD:BTC``."""
    return symbol.partition("-")[0]


def is_spot(symbol: str) -> bool:
    """Whether a symbol is a spot market's, as ``ADA/USDT``: those of contracts name what they settle in."""
    return ":" not in symbol


def settle_of(symbol: str) -> str:
    """Read off a symbol what a contract settles in: ``BTC/USD:BTC-261225`` settles in BTC."""
    return family_of(symbol).rpartition(":")[2]


@record
class Perpetual(Futures):
    """A futures contract without expiry."""

    kind: Literal["perpetual"] = "perpetual"
    funding_interval_hours: int

    def delta_share(self, at_ms: int) -> Decimal:  # noqa: ARG002 - a dated future's depends on it
        """Share of its size that still moves with the price: all of it, always."""
        return ONE


@record
class DatedFuture(Futures):
    """A futures contract that is settled in cash at its expiry, on the mean of the index over the last minutes before it."""

    kind: Literal["dated"] = "dated"
    expiry_ms: int
    averaging_ms: int = 30 * 60 * 1000
    """Length of the settlement window before expiry (reference section 8)."""
    fee_delivery: Ratio
    """Paid on the settlement value of what is held at expiry."""

    def delta_share(self, at_ms: int) -> Decimal:
        """Share of its size that still moves with the price: 1, falling in a line to 0 over the settlement window.

        While the mean forms, what has been averaged is fixed (Deribit's delta decay, reference section 8).
        """
        left_ms = min(max(self.expiry_ms - at_ms, 0), self.averaging_ms)
        return Decimal(left_ms) / self.averaging_ms


Contract = Perpetual | DatedFuture
"""Whatever can carry a hedge."""
