"""What a venue keeps about its customers beside what the model exchange knows: numbers, times, histories."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Protocol

from bot.core.instruments import Contract
from bot.core.orders import TimeInForce
from bot.core.reports import Fill
from bot.core.snapshot import Funding, Turnover
from bot.core.values import ZERO, Contracts, Price, Side, record
from bot.sim.exchange import Exchange


class World(Protocol):
    """Prices and time of the town the exchange stands in."""

    exchange: Exchange

    def advance(self, to_ms: int) -> None:
        """Let time pass up to an instant."""

    def next_funding(self, symbol: str) -> Funding:
        """Tell what a contract would pay next if the market stayed as it is."""

    def turnover(self, symbol: str) -> Turnover | None:
        """Tell how busy a contract is."""

    def candles(self, symbol: str, interval_ms: int, from_ms: int, to_ms: int) -> "tuple[Candle, ...]":
        """List candles that opened within, from_ms included, oldest first."""

    def funding_paid(self, symbol: str, from_ms: int, to_ms: int) -> tuple[tuple[int, Decimal], ...]:
        """List the settlements of funding within, oldest first: time and rate."""


@record
class Ask:
    """An order as a customer asks for it. ``limit_price`` None is a market order."""

    symbol: str
    side: Side
    contracts: Contracts
    limit_price: Price | None
    time_in_force: TimeInForce
    reduce_only: bool
    client_id: str = ""
    """The customer's name for it; the venue makes one up if there is none."""


class Standing(StrEnum):
    """How an order stands at the venue."""

    NEW = "new"
    PARTIAL = "partially filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """What an IOC or market order did not fill."""
    REJECTED = "rejected"
    """Taken in, and then refused: some venues do so."""


OPEN = frozenset({Standing.NEW, Standing.PARTIAL})
"""May still fill."""
IncomeKind = Literal["funding", "pnl", "fee", "deposit", "withdrawal", "transfer", "liquidation"]
Cause = Literal["customer", "liquidation", "deleverage", "settlement"]


@dataclass(slots=True)
class PlacedOrder:
    """An order as the venue keeps it, by the venue's own number."""

    number: int
    account: str
    ask: Ask
    created_ms: int
    updated_ms: int
    standing: Standing = Standing.NEW
    cause: Cause = "customer"
    """Who ordered it: the customer, or the venue by its own hand."""
    why: str = ""
    """Why it ended as it did, where that is worth a word."""
    filled: Decimal = ZERO
    size_priced: Decimal = ZERO
    """Sum of filled contracts x price (linear) or contracts / price (inverse): the mean price follows."""
    fee: Decimal = ZERO
    trades: list["Trade"] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether it may still fill."""
        return self.standing in OPEN

    @property
    def remaining(self) -> Decimal:
        """Contracts that have not filled."""
        return self.ask.contracts - self.filled

    def mean_price(self, contract: Contract) -> Decimal:
        """Mean price of what filled; 0 if nothing did. Quantity-weighted (linear) or harmonic (inverse)."""
        if self.filled == ZERO:
            return ZERO
        mean = self.size_priced / self.filled if contract.linear else self.filled / self.size_priced
        return mean.quantize(contract.price_tick / 100).normalize()

    def value(self, contract: Contract) -> Decimal:
        """Value of what filled, in settlement currency."""
        return abs(self.size_priced) * contract.contract_size


@record
class Trade:
    """A fill, by the venue's own number, and the order it belongs to."""

    number: int
    order: PlacedOrder
    fill: Fill


@record
class Income:
    """Money that moved in a futures wallet, trades included. Received is positive."""

    number: int
    kind: IncomeKind
    symbol: str | None
    asset: str
    amount: Decimal
    at_ms: int
    trade: int | None = None
    """Number of the trade it comes from."""
    name: str = ""
    """The customer's name for a transfer."""


@record
class Candle:
    """Prices of a time."""

    at_ms: int
    """When it opened."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
