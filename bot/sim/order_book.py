"""The orders of all accounts: those that rest by contract, and all ever taken by their owners' names for them."""

from collections import defaultdict
from decimal import Decimal

from bot.core.orders import DONE, OrderRequest, OrderState
from bot.core.reports import OrderReport
from bot.core.values import ZERO, Contracts
from bot.sim.matching import SimOrder


class OrderBook:
    """Orders, kept for ever: a known name is answered again."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], SimOrder] = {}
        self._resting: dict[str, list[SimOrder]] = defaultdict(list)

    def enter(self, account: str, request: OrderRequest, filled: Decimal = ZERO) -> SimOrder:
        """Write an order down, of which ``filled`` contracts have filled; it does not rest yet."""
        order = SimOrder(account=account, request=request, number=len(self._orders) + 1, filled=filled)
        self._orders[account, request.client_order_id] = order
        return order

    def find(self, account: str, client_order_id: str) -> SimOrder | None:
        """Look an order up by its owner's name for it."""
        return self._orders.get((account, client_order_id))

    def rest(self, order: SimOrder) -> None:
        """Let an order wait for its price."""
        self._resting[order.request.symbol].append(order)

    def resting(self, symbol: str) -> tuple[SimOrder, ...]:
        """List the orders that rest in a contract, oldest first."""
        return tuple(self._resting[symbol])

    def open_of(self, account: str) -> tuple[SimOrder, ...]:
        """List the resting orders of an account, oldest first."""
        mine = [o for orders in self._resting.values() for o in orders if o.account == account]
        return tuple(sorted(mine, key=lambda order: order.number))

    def end(self, order: SimOrder, state: OrderState, reason: str) -> None:
        """End an order; one already done ends as it did."""
        if order.state in DONE:
            return
        order.state, order.reason = state, reason
        resting = self._resting[order.request.symbol]
        if order in resting:
            resting.remove(order)

    def cancel_all(self, account: str, symbols: set[str], reason: str) -> None:
        """Cancel an account's resting orders in some contracts."""
        for symbol in symbols:
            for order in self.resting(symbol):
                if order.account == account:
                    self.end(order, OrderState.CANCELLED, reason)


def report_of(order: SimOrder) -> OrderReport:
    """Say how an order stands."""
    return OrderReport(
        client_order_id=order.request.client_order_id,
        symbol=order.request.symbol,
        state=order.state,
        filled=Contracts(order.filled),
        reason=order.reason,
        request=order.request,
    )
