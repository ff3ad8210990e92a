"""Who fills, how much and at what price. Pessimistic on purpose.

* A taking order fills at the touch, up to the displayed size, which is used up until the next quote.
* A resting order fills only when the price trades *through* its limit, at its limit, up to the size that traded.
"""

from dataclasses import dataclass
from decimal import Decimal

from bot.core.orders import OrderRequest, OrderState
from bot.core.snapshot import Quote
from bot.core.values import ZERO, Price, Side


@dataclass(slots=True)
class SimOrder:
    """An order as the exchange keeps it."""

    account: str
    request: OrderRequest
    number: int
    state: OrderState = OrderState.OPEN
    filled: Decimal = ZERO
    reason: str = ""

    @property
    def remaining(self) -> Decimal:
        """Contracts that may still fill."""
        return self.request.contracts - self.filled


@dataclass(slots=True)
class Touch:
    """The displayed best prices of one contract and what is left of them since the quote."""

    quote: Quote
    bid_left: Decimal
    ask_left: Decimal

    @classmethod
    def of(cls, quote: Quote) -> "Touch":
        """Display a fresh quote."""
        return cls(quote=quote, bid_left=quote.bid_contracts, ask_left=quote.ask_contracts)

    def crosses(self, request: OrderRequest) -> bool:
        """Whether a request would take at once."""
        limit = request.limit_price
        if limit is None:
            return True
        return limit >= self.quote.ask if request.side is Side.BUY else limit <= self.quote.bid

    def take(self, side: Side, wanted: Decimal) -> tuple[Decimal, Price]:
        """Take up to ``wanted`` contracts from the far touch; returns how many and at what price."""
        if side is Side.BUY:
            size = min(wanted, self.ask_left)
            self.ask_left -= size
            return size, self.quote.ask
        size = min(wanted, self.bid_left)
        self.bid_left -= size
        return size, self.quote.bid


def traded_through(request: OrderRequest, low: Decimal, high: Decimal) -> bool:
    """Whether trading between ``low`` and ``high`` went beyond a resting order's limit; touching it is not enough."""
    limit = request.limit_price
    if limit is None:
        return False
    return low < limit if request.side is Side.BUY else high > limit
