"""A venue's offices over the model exchange: everything that real venues keep, in no venue's words.

Dialects translate, and decide nothing. Every order the model exchange sees goes by the venue's own number; customers'
names for orders are kept here, with the rule of when one may be used again.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Literal

from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID, Fill, OrderReport, Payment
from bot.core.values import ZERO, round_to_step
from bot.sim.checks import Obstacle
from bot.sim.exchange import DELEVERAGE_ID, LIQUIDATION_ID
from bot.sim.told import asked_name
from bot.testexchange.accounts import Accounts
from bot.testexchange.records import (
    Ask,
    Cause,
    IncomeKind,
    PlacedOrder,
    Standing,
    Trade,
    World,
)
from bot.testexchange.wire import No, NoError

OBSTACLES: dict[Obstacle, No] = {
    Obstacle.UNLISTED: No.SYMBOL,
    Obstacle.EXPIRED: No.CLOSED,
    Obstacle.CLOSED: No.CLOSED,
    Obstacle.UNPRICED: No.UNPRICED,
    Obstacle.SIZE_SMALL: No.SIZE_SMALL,
    Obstacle.SIZE_STEP: No.SIZE_STEP,
    Obstacle.TICK: No.TICK,
    Obstacle.WOULD_TAKE: No.WOULD_TAKE,
    Obstacle.NOT_REDUCING: No.NOT_REDUCING,
    Obstacle.NOTIONAL: No.NOTIONAL,
    Obstacle.MARGIN: No.MARGIN,
}
CAUSES: dict[str, Cause] = {
    LIQUIDATION_ID: "liquidation",
    DELEVERAGE_ID: "deleverage",
    SETTLEMENT_ID: "settlement",
}
NamesReused = Literal["never", "when done"]
"""When a customer's name for an order may be used again."""


class Office(Accounts):
    """One venue's offices. Dialects call :meth:`turn` first with every request."""

    def __init__(
        self, world: World, *, first_number: int = 1_000_000_001, names_reused: NamesReused = "never"
    ) -> None:
        """``first_number`` is the venue's first order number: some venues' exceed what a float can hold."""
        super().__init__(world, first_number)
        self._names_reused = names_reused
        self._orders: dict[int, PlacedOrder] = {}
        self._named: dict[tuple[str, str], PlacedOrder] = {}
        """The last order of an account that goes by a name."""
        self._trades: dict[str, list[Trade]] = defaultdict(list)
        self._heard: dict[str, int] = defaultdict(int)
        self._open: dict[int, PlacedOrder] = {}

    # --- time -------------------------------------------------------------------------------------------------

    def turn(self, at_ms: int) -> None:
        """Bring the town up to an instant, and the histories up to what happened in it."""
        self.world.advance(at_ms)
        self.now_ms = max(self.now_ms, at_ms)
        self.exchange.at_ms = max(self.exchange.at_ms, at_ms)
        for account in self.exchange.accounts:
            self._hear(account)

    # --- orders -----------------------------------------------------------------------------------------------

    def place(self, account: str, ask: Ask) -> PlacedOrder:
        """Take an order in.

        Raises:
            NoError: it will not be taken; nothing was changed.
        """
        self.trader(account)
        self._refuse_taken_name(account, ask.client_id)
        number = self._next_number
        request = OrderRequest(
            client_order_id=str(number),
            symbol=ask.symbol,
            side=ask.side,
            contracts=ask.contracts,
            limit_price=ask.limit_price,
            time_in_force=ask.time_in_force,
            reduce_only=ask.reduce_only,
        )
        found = self.exchange.objection(account, request)
        if found is not None:
            raise NoError(OBSTACLES[found.obstacle], found.text)
        self._next_number += 1
        order = self._enter(number, account, ask)
        self._thin_out(ask)
        report = self.exchange.place(account, request)
        self._hear(account)
        self._stand(order, report)
        return order

    def place_stillborn(self, account: str, ask: Ask, why: str) -> PlacedOrder:
        """Take an order in that is refused at once: so do venues that acknowledge before they check."""
        self._refuse_taken_name(account, ask.client_id)
        order = self._enter(self._next_number, account, ask)
        self._next_number += 1
        order.standing, order.why = Standing.CANCELLED, why
        return order

    def cancel(self, account: str, order: PlacedOrder) -> PlacedOrder:
        """Take an order back.

        Raises:
            NoError: it is done already.
        """
        if not order.open:
            raise NoError(No.ORDER_DONE)
        self.exchange.cancel(account, str(order.number))
        self._hear(account)
        return order

    def find(
        self, account: str, *, number: int | None = None, client_id: str = "", symbol: str = ""
    ) -> PlacedOrder:
        """Find an order by the venue's number, or by the customer's name for it, the last of that name.

        Raises:
            NoError: there is none, or it is not known yet.
        """
        order = self._orders.get(number) if number is not None else self._named.get((account, client_id))
        hidden = order is not None and self.now_ms - order.created_ms < self.moods.forget_ms
        if order is None or hidden or order.account != account or (symbol and order.ask.symbol != symbol):
            raise NoError(No.NO_ORDER)
        return order

    def orders(self, account: str, symbol: str = "") -> tuple[PlacedOrder, ...]:
        """List all orders an account ever had, oldest first."""
        return tuple(
            order
            for order in self._orders.values()
            if order.account == account and symbol in {"", order.ask.symbol}
        )

    def open_orders(self, account: str, symbol: str = "") -> tuple[PlacedOrder, ...]:
        """List the orders that may still fill, oldest first."""
        return tuple(
            order
            for order in self._open.values()
            if order.account == account
            and symbol in {"", order.ask.symbol}
            and self.now_ms - order.created_ms >= self.moods.forget_ms
        )

    def trades(self, account: str, symbol: str = "") -> tuple[Trade, ...]:
        """List an account's fills, oldest first."""
        return tuple(trade for trade in self._trades[account] if symbol in {"", trade.order.ask.symbol})

    # --- inside -----------------------------------------------------------------------------------------------

    def _enter(self, number: int, account: str, ask: Ask, cause: Cause = "customer") -> PlacedOrder:
        order = PlacedOrder(
            number=number,
            account=account,
            ask=ask,
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
            cause=cause,
        )
        self._orders[number] = order
        if ask.client_id:
            self._named[account, ask.client_id] = order
        return order

    def _refuse_taken_name(self, account: str, client_id: str) -> None:
        known = self._named.get((account, client_id)) if client_id else None
        if known is not None and (known.open or self._names_reused == "never"):
            raise NoError(No.DUPLICATE)

    def _thin_out(self, ask: Ask) -> None:
        """Leave so little at the touch that a taking order fills in part, if the venue is in that mood."""
        touch, share = self.exchange.touches.get(ask.symbol), self.moods.partial_share
        if share is None or touch is None:
            return
        left = round_to_step(ask.contracts * share, self.contract(ask.symbol).contracts_step)
        touch.bid_left, touch.ask_left = min(touch.bid_left, left), min(touch.ask_left, left)

    def _hear(self, account: str) -> None:
        """Bring histories up to what the model exchange told the account's owner."""
        told = self.exchange.activity[account]
        new = told[self._heard[account] :]
        self._heard[account] = len(told)
        for item in new:
            if isinstance(item, Fill):
                self._hear_fill(account, item)
            else:
                self._hear_payment(account, item)
        for order in tuple(self._open.values()):
            report = self.exchange.order(order.account, str(order.number))
            if report is not None:
                self._stand(order, report)

    def _hear_fill(self, account: str, fill: Fill) -> None:
        cause = CAUSES.get(fill.client_order_id)
        order = self._own_hand(account, fill, cause) if cause else self._orders[int(fill.client_order_id)]
        contract = self.exchange.contracts[fill.symbol]
        trade = Trade(number=self.number(), order=order, fill=fill)
        order.trades.append(trade)
        order.filled += fill.contracts
        order.size_priced += fill.contracts * fill.price if contract.linear else fill.contracts / fill.price
        order.fee += fill.fee
        order.updated_ms = fill.at_ms
        order.standing = Standing.FILLED if order.remaining == ZERO else Standing.PARTIAL
        self._trades[account].append(trade)
        moved: tuple[tuple[IncomeKind, Decimal], ...] = (("pnl", fill.told_pnl), ("fee", -fill.fee))
        for kind, amount in moved:
            if amount != ZERO:
                self.book(
                    account, kind, contract.settle, amount, fill.at_ms, symbol=fill.symbol, trade=trade.number
                )

    def _own_hand(self, account: str, fill: Fill, cause: Cause) -> PlacedOrder:
        """Make an order of the venue's own for a fill that nobody ordered."""
        ask = Ask(
            symbol=fill.symbol,
            side=fill.side,
            contracts=fill.contracts,
            limit_price=fill.price,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
        )
        return self._enter(self.number(), account, ask, cause)

    def _hear_payment(self, account: str, payment: Payment) -> None:
        name = asked_name(payment) if payment.kind == "transfer" else ""
        self.book(
            account,
            payment.kind,
            payment.asset,
            payment.amount,
            payment.at_ms,
            symbol=payment.symbol,
            name=name,
        )

    def _stand(self, order: PlacedOrder, report: OrderReport) -> None:
        """Bring an order up to what the model exchange says of it."""
        match report.state:
            case OrderState.FILLED:
                order.standing = Standing.FILLED
            case OrderState.CANCELLED:
                fleeting = order.ask.time_in_force is TimeInForce.IOC or order.ask.limit_price is None
                order.standing = Standing.EXPIRED if fleeting else Standing.CANCELLED
                order.why, order.updated_ms = report.reason, self.now_ms
            case OrderState.OPEN:
                order.standing = Standing.PARTIAL if order.filled else Standing.NEW
            case _:
                raise AssertionError(f"the model exchange took order {order.number} and says {report.state}")
        if order.open:
            self._open[order.number] = order
        else:
            self._open.pop(order.number, None)
