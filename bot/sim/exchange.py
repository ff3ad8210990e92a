"""The model exchange: orders, quotes, funding and liquidation of any number of traders.

The world turns it by :meth:`Exchange.quote` (new prices), :meth:`Exchange.traded` (the range since) and
:meth:`Exchange.settle_funding`, a trader by :meth:`Exchange.place`, :meth:`Exchange.cancel` and :meth:`Exchange.transfer`.
All are synchronous, none looks at a clock, and the same calls give the same reports.
"""

from decimal import Decimal

from bot.core import formulas
from bot.core.instruments import Contract, DatedFuture
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID, Fill, OrderReport, Payment
from bot.core.snapshot import Quote
from bot.core.values import ZERO, Price, Side
from bot.sim.account import SimAccount, SimPosition
from bot.sim.checks import Objection, objection
from bot.sim.counter import Counter
from bot.sim.liquidation import breached, doomed, seize
from bot.sim.matching import SimOrder, Touch, traded_through
from bot.sim.order_book import OrderBook, report_of
from bot.sim.restoring import book_again
from bot.sim.settlement import Deliveries

LIQUIDATION_ID, DELEVERAGE_ID = "liquidation", "deleverage"
"""The client order ids that fills carry which nobody ordered or expected: the venue closed a position."""


class Exchange(Counter):
    """One model town."""

    def __init__(self, contracts: tuple[Contract, ...]) -> None:
        super().__init__()
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.touches: dict[str, Touch] = {}
        self._deliveries = Deliveries()
        for contract in contracts:
            self._deliveries.watch(contract)
        self._book = OrderBook()

    # --- traders --------------------------------------------------------------------------------------------

    def place(self, account: str, request: OrderRequest) -> OrderReport:
        """Take an order in. A request the exchange will not have is reported REJECTED; a known name is answered again."""
        known = self.order(account, request.client_order_id)
        if known is not None:
            return known
        order = self._book.enter(account, request)
        found = self.objection(account, request)
        if found is not None:
            self._book.end(order, OrderState.REJECTED, found.text)
            return report_of(order)
        self._take(order)
        if order.state is OrderState.OPEN:
            self._book.rest(order)
        return report_of(order)

    def objection(self, account: str, request: OrderRequest) -> Objection | None:
        """Say why a request would not be taken now; None if it would."""
        contract, touch = self.contracts.get(request.symbol), self.touches.get(request.symbol)
        expired = self.has_expired(request.symbol)
        return objection(contract, touch, self.accounts[account], self.marks, request, expired=expired)

    def cancel(self, account: str, client_order_id: str) -> OrderReport | None:
        """Cancel an order; one already done reports how it ended, an unknown one None."""
        order = self._book.find(account, client_order_id)
        if order is None:
            return None
        self._book.end(order, OrderState.CANCELLED, "cancelled by its owner")
        return report_of(order)

    def order(self, account: str, client_order_id: str) -> OrderReport | None:
        """Look an order up by its owner's name for it."""
        order = self._book.find(account, client_order_id)
        return None if order is None else report_of(order)

    def any_resting(self, symbol: str) -> bool:
        """Whether an order of anybody rests in a contract."""
        return bool(self._book.resting(symbol))

    def open_orders(self, account: str) -> tuple[OrderReport, ...]:
        """List the resting orders of an account, oldest first."""
        return tuple([report_of(order) for order in self._book.open_of(account)])

    # --- the world ------------------------------------------------------------------------------------------

    def relist(self, contract: Contract) -> None:
        """List a new contract, or give a listed one other terms.

        Raises:
            ValueError: it has expired.
        """
        self._deliveries.watch(contract)
        self.contracts[contract.symbol] = contract
        for trader in self.accounts.values():
            trader.position(contract).contract = contract

    def settled_so_far(self, symbol: str) -> Decimal | None:
        """Give the mean index of a dated contract's settlement window so far; None if none was ever seen."""
        return self._deliveries.mean_at(symbol, self.at_ms)

    def quote(self, quote: Quote) -> None:
        """Show new prices; resting orders that they trade through fill, then margin is checked at the new mark.

        A dated contract that has come to its expiry settles first, whatever contract the prices are of; prices of one
        that has expired are nobody's. Accounts that a coin backs are checked at its new index, whatever they hold.
        """
        self._turn_to(quote.at_ms)
        if self._deliveries.expired(quote.symbol):
            return
        self._deliveries.see(quote)
        self.touches[quote.symbol] = Touch.of(quote)
        base = self.contracts[quote.symbol].base
        self.indices[base] = quote.index
        self._fill_resting(quote.symbol, quote.ask, quote.bid, quote.bid_contracts, quote.ask_contracts)
        self.mark(quote.symbol, quote.mark)
        for trader in self.accounts.values():
            if trader.share(base) > ZERO:
                self._judge(trader, list(trader.positions.values()))

    def traded(self, symbol: str, low: Price, high: Price, contracts: Decimal) -> None:
        """Report the range since the last quote and the size that traded on each side; then margin at both extremes.

        Index prices stay as they were quoted.
        """
        if self._deliveries.expired(symbol):
            return
        self._fill_resting(symbol, low, high, contracts, contracts)
        last = self.marks.get(symbol)
        for extreme in (low, high):
            self.mark(symbol, extreme)
        if last is not None:
            self.marks[symbol] = last

    def mark(self, symbol: str, mark: Decimal) -> None:
        """Move the mark price and liquidate whoever no longer has the maintenance margin."""
        self.marks[symbol] = mark
        for trader in self.accounts.values():
            if symbol in trader.positions:
                self._judge(trader, [trader.positions[symbol]])

    def settle_funding(self, symbol: str, rate: Decimal, price: Decimal, at_ms: int) -> None:
        """Pay funding on every position open now: a positive rate moves money from longs to shorts."""
        self._turn_to(at_ms)
        for trader in self.accounts.values():
            position = trader.positions.get(symbol)
            if position is None or position.contracts == ZERO:
                continue
            side = 1 if position.contracts > ZERO else -1
            value = position.contract.value(position.contracts, price)
            amount = formulas.funding_cash(side, rate, value)
            settle = position.contract.settle
            self._tell(trader, trader.post(self.at_ms, "funding", settle, amount, symbol=symbol))

    def expire(self, symbol: str, price: Decimal | None = None) -> None:
        """Settle everybody's position in a dated contract at the mean of its index, or at ``price`` if it is given.

        A replay that has bars only knows no mean, and gives the price. Each owner is told a fill of nobody's order. A
        contract that has expired already is left as it is.

        Raises:
            ValueError: it never expires; or somebody holds it, no index was ever seen, and no price was given.
        """
        if self._deliveries.expired(symbol):
            return
        contract = self.contracts.get(symbol)
        if not isinstance(contract, DatedFuture):
            raise ValueError(f"{symbol} is no dated contract of this exchange.")  # noqa: TRY004 - a wrong name, no type
        settlement = self._deliveries.mean_at(symbol, contract.expiry_ms) if price is None else price
        for trader in self.accounts.values():
            self._book.cancel_all(trader.name, {symbol}, "the contract has expired")
            if not trader.holds(symbol):
                continue
            if settlement is None:
                raise ValueError(f"{symbol} cannot settle: no index was ever seen.")
            position = trader.position(contract)
            fee = formulas.fee(contract.fee_delivery, contract.value(position.contracts, settlement))
            self._trade(trader, position, -position.contracts, Price(settlement), fee, SETTLEMENT_ID)
        self._deliveries.end(symbol)
        self.touches.pop(symbol, None)
        self.marks.pop(symbol, None)

    def deleverage(self, account: str, symbol: str, contracts: Decimal, price: Price) -> None:
        """Close so many contracts of a position at a price: what a venue does to winners when its insurance is gone.

        Raises:
            ValueError: the account does not hold so many.
        """
        trader = self.accounts[account]
        position = trader.position(self.contracts[symbol])
        if not ZERO < contracts <= abs(position.contracts):
            raise ValueError(
                f"{account}: {contracts} {symbol} cannot be deleveraged, {position.contracts} are held."
            )
        signed = -contracts if position.contracts > ZERO else contracts
        self._trade(trader, position, signed, price, ZERO, DELEVERAGE_ID)

    def _turn_to(self, at_ms: int) -> None:
        """Let time pass; what expires on the way settles at its time."""
        for expiry_ms, symbol in self._deliveries.due(at_ms):
            self.at_ms = max(self.at_ms, expiry_ms)
            self.expire(symbol)
        self.at_ms = max(self.at_ms, at_ms)

    def has_expired(self, symbol: str) -> bool:
        """Whether a contract has been settled, or its time has come and nobody has turned to it yet."""
        contract = self.contracts.get(symbol)
        over = isinstance(contract, DatedFuture) and contract.expiry_ms <= self.at_ms
        return over or self._deliveries.expired(symbol)

    def restore(
        self,
        account: str,
        told: tuple[Fill | Payment, ...],
        forgotten: tuple[tuple[OrderRequest, Decimal], ...] = (),
    ) -> None:
        """Rebuild an empty account from what its owner was told: fills and payments, oldest first.

        ``forgotten`` are orders, and what filled of each, that were open when the exchange went: they do not survive,
        and whoever asks is told that they were cancelled. Contracts that have expired since must be among the exchange's,
        and what the spot wallets held at first must have been brought in by ``reserve``. Transfers are known again.

        Raises:
            ValueError: a fill is in a contract that the exchange was not given, or a spot wallet lacks what was moved.
        """
        trader = self.accounts[account]
        for request, filled in forgotten:
            order = self._book.enter(account, request, filled)
            self._book.end(order, OrderState.CANCELLED, "the model exchange was restarted")
        for item in told:
            self.at_ms = max(self.at_ms, item.at_ms)
            book_again(trader, self.contracts, item)
            self.activity[account].append(item)
            self._transferred(account, item)

    # --- orders ---------------------------------------------------------------------------------------------

    def _take(self, order: SimOrder) -> None:
        """Let an order take what is displayed at prices it accepts."""
        request, touch = order.request, self.touches[order.request.symbol]
        if touch.crosses(request):
            size, price = touch.take(request.side, self._allowed(order))
            if size > ZERO:
                self._fill(order, size, price, maker=False)
        expires = request.time_in_force is TimeInForce.IOC or request.limit_price is None
        if order.state is OrderState.OPEN and expires:
            self._book.end(order, OrderState.CANCELLED, "the rest did not fill at once")

    def _allowed(self, order: SimOrder) -> Decimal:
        """Contracts an order may fill now: a reduce-only order is cut to the position."""
        if not order.request.reduce_only:
            return order.remaining
        held = self.accounts[order.account].position(self.contracts[order.request.symbol]).contracts
        return min(order.remaining, abs(held)) if held * order.request.side.sign < ZERO else ZERO

    def _fill_resting(
        self, symbol: str, low: Price, high: Price, sold_into: Decimal, bought_from: Decimal
    ) -> None:
        """Fill resting orders whose limit was traded through: sells share ``sold_into``, buys ``bought_from``.

        Nothing fills in a contract that is not traded.
        """
        resting = self._book.resting(symbol)
        if not resting or self.contracts[symbol].status != "trading":
            return
        left = {Side.SELL: sold_into, Side.BUY: bought_from}
        for order in resting:
            if not traded_through(order.request, low, high) or order.request.limit_price is None:
                continue
            side = order.request.side
            size = min(self._allowed(order), left[side])
            if size > ZERO:
                left[side] -= size
                self._fill(order, size, order.request.limit_price, maker=True)
            if order.state is OrderState.OPEN and order.request.reduce_only and not self._allowed(order):
                self._book.end(order, OrderState.CANCELLED, "nothing is left to reduce")

    def _fill(self, order: SimOrder, size: Decimal, price: Price, *, maker: bool) -> None:
        """Fill an order."""
        request = order.request
        contract, trader = self.contracts[request.symbol], self.accounts[order.account]
        rate = contract.fee_maker if maker else contract.fee_taker
        fee = formulas.fee(rate, contract.value(size, price))
        order.filled += size
        position = trader.position(contract)
        self._trade(
            trader, position, request.side.sign * size, price, fee, request.client_order_id, maker=maker
        )
        if order.remaining == ZERO:
            self._book.end(order, OrderState.FILLED, "")

    # --- margin ---------------------------------------------------------------------------------------------

    def _judge(self, trader: SimAccount, positions: list[SimPosition]) -> None:
        """Liquidate those of an account's positions that no longer have their maintenance margin."""
        for position in positions:
            if position.contracts != ZERO and breached(trader, position, self.marks):
                self._liquidate(trader, position)

    def _liquidate(self, trader: SimAccount, position: SimPosition) -> None:
        """Close what a breach takes down, at a total loss of the margin behind it: the pessimistic end.

        Cross: every position of the wallet is closed at its mark; the rest of the wallet, and the coins that backed it, are
        the liquidation fee. Isolated: the same for the one position and its own margin.
        """
        lost, settle = doomed(trader, position), position.contract.settle
        self._book.cancel_all(trader.name, {p.contract.symbol for p in lost}, "position was liquidated")
        isolated = trader.margin_mode == "isolated"
        margin = position.isolated_margin if isolated else trader.balance("futures", settle)
        for one in lost:
            mark = Price(self.marks[one.contract.symbol])
            margin += self._trade(trader, one, -one.contracts, mark, ZERO, LIQUIDATION_ID)
        for entry in seize(trader, self.at_ms, position, margin):
            self._tell(trader, entry)
