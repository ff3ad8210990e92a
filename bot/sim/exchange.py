"""The model exchange: accounts, orders, quotes, funding and liquidation of any number of traders.

The world turns it by four calls: :meth:`Exchange.quote` (new prices), :meth:`Exchange.traded` (the range since),
:meth:`Exchange.settle_funding`, and a trader's :meth:`Exchange.place` and :meth:`Exchange.cancel`. All are synchronous,
none looks at a clock, and the same calls give the same reports.
"""

from collections import defaultdict
from decimal import Decimal

from bot.core import formulas
from bot.core.instruments import Contract, DatedFuture, MarginMode
from bot.core.orders import DONE, OrderRequest, OrderState, TimeInForce
from bot.core.reports import SETTLEMENT_ID, Fill, OrderReport, Payment
from bot.core.snapshot import Position, Quote, Wallet
from bot.core.values import ZERO, Contracts, Price, Side
from bot.sim.account import SimAccount, SimPosition
from bot.sim.checks import objection
from bot.sim.matching import SimOrder, Touch, traded_through
from bot.sim.settlement import Deliveries
from bot.sim.told import Told, tell_fill, tell_payment

LIQUIDATION_ID, DELEVERAGE_ID = "liquidation", "deleverage"
"""The client order ids that fills carry which nobody ordered or expected: the venue closed a position."""


class Exchange:
    """One model town."""

    def __init__(self, contracts: tuple[Contract, ...]) -> None:
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.accounts: dict[str, SimAccount] = {}
        self.touches: dict[str, Touch] = {}
        self.marks: dict[str, Decimal] = {}
        self.at_ms = 0
        self._deliveries = Deliveries()
        for contract in contracts:
            self._deliveries.watch(contract)
        self.activity: dict[str, Told] = defaultdict(list)
        """Per account, in order: what its owner is told."""
        self._orders: dict[tuple[str, str], SimOrder] = {}
        self._resting: dict[str, list[SimOrder]] = defaultdict(list)

    # --- traders --------------------------------------------------------------------------------------------

    def open_account(self, name: str, margin_mode: MarginMode, leverage: Decimal) -> SimAccount:
        """Open an account with empty wallets."""
        self.accounts[name] = SimAccount(name=name, margin_mode=margin_mode, leverage=leverage)
        return self.accounts[name]

    def deposit(self, account: str, asset: str, amount: Decimal) -> None:
        """Bring margin into a futures wallet, or with a negative amount take it out."""
        trader = self.accounts[account]
        entry = trader.deposit(self.at_ms, "futures", asset, amount, self.marks)
        tell_payment(self.activity[account], account, entry)

    def place(self, account: str, request: OrderRequest) -> OrderReport:
        """Take an order in. A request the exchange will not have is reported REJECTED; a known name is answered again."""
        known = self._orders.get((account, request.client_order_id))
        if known is not None:
            return _report(known)
        order = SimOrder(account=account, request=request, number=len(self._orders) + 1)
        self._orders[account, request.client_order_id] = order
        contract, touch = self.contracts.get(request.symbol), self.touches.get(request.symbol)
        trader = self.accounts[account]
        expired = self.has_expired(request.symbol)
        order.reason = objection(contract, touch, trader, self.marks, request, expired=expired)
        if order.reason:
            order.state = OrderState.REJECTED
            return _report(order)
        self._take(order)
        if order.state is OrderState.OPEN:
            self._resting[request.symbol].append(order)
        return _report(order)

    def cancel(self, account: str, client_order_id: str) -> OrderReport | None:
        """Cancel an order; one already done reports how it ended, an unknown one None."""
        order = self._orders.get((account, client_order_id))
        if order is None:
            return None
        if order.state not in DONE:
            self._finish(order, OrderState.CANCELLED, "cancelled by its owner")
        return _report(order)

    def order(self, account: str, client_order_id: str) -> OrderReport | None:
        """Look an order up by its owner's name for it."""
        order = self._orders.get((account, client_order_id))
        return None if order is None else _report(order)

    def any_resting(self, symbol: str) -> bool:
        """Whether an order of anybody rests in a contract."""
        return bool(self._resting[symbol])

    def open_orders(self, account: str) -> tuple[OrderReport, ...]:
        """List the resting orders of an account, oldest first."""
        mine = [o for orders in self._resting.values() for o in orders if o.account == account]
        return tuple([_report(order) for order in sorted(mine, key=lambda order: order.number)])

    def positions(self, account: str) -> tuple[Position, ...]:
        """List an account's positions; a flat one is listed for its realised profit."""
        return self.accounts[account].told_positions()

    def wallets(self, account: str) -> tuple[Wallet, ...]:
        """List the futures wallets of an account."""
        return self.accounts[account].told_wallets()

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
        that has expired are nobody's.
        """
        self._turn_to(quote.at_ms)
        if self._deliveries.expired(quote.symbol):
            return
        self._deliveries.see(quote)
        self.touches[quote.symbol] = Touch.of(quote)
        if self._resting[quote.symbol]:
            self._fill_resting(quote.symbol, quote.ask, quote.bid, quote.bid_contracts, quote.ask_contracts)
        self.mark(quote.symbol, quote.mark)

    def traded(self, symbol: str, low: Price, high: Price, contracts: Decimal) -> None:
        """Report the range since the last quote and the size that traded on each side; then margin at both extremes."""
        if self._deliveries.expired(symbol):
            return
        if self._resting[symbol]:
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
            position = trader.positions.get(symbol)
            if position is not None and position.contracts != ZERO and self._breached(trader, position):
                self._liquidate(trader, position)

    def settle_funding(self, symbol: str, rate: Decimal, price: Decimal, at_ms: int) -> None:
        """Pay funding on every position open now: a positive rate moves money from longs to shorts."""
        self._turn_to(at_ms)
        for name, trader in self.accounts.items():
            position = trader.positions.get(symbol)
            if position is None or position.contracts == ZERO:
                continue
            side = 1 if position.contracts > ZERO else -1
            value = position.contract.value(position.contracts, price)
            amount = formulas.funding_cash(side, rate, value)
            settle = position.contract.settle
            entry = trader.post(self.at_ms, "funding", settle, amount, symbol=symbol)
            tell_payment(self.activity[name], name, entry)

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
            self._cancel_all(trader, {symbol}, "the contract has expired")
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

    def _trade(
        self,
        trader: SimAccount,
        position: SimPosition,
        signed: Decimal,
        price: Price,
        fee: Decimal,
        name: str,
        *,
        maker: bool = False,
    ) -> Decimal:
        """Book a trade, or what the venue closes by its own hand: position, wallet, report; returns the profit realised."""
        realised, booked = trader.trade(self.at_ms, position, signed, price, fee)
        tell_fill(
            self.activity[trader.name],
            trader.name,
            self.at_ms,
            client_order_id=name,
            symbol=position.contract.symbol,
            signed=signed,
            price=price,
            realised=realised,
            fee=booked,
            maker=maker,
        )
        return realised

    def restore(
        self,
        account: str,
        told: tuple[Fill | Payment, ...],
        forgotten: tuple[tuple[OrderRequest, Decimal], ...] = (),
    ) -> None:
        """Rebuild an empty account from what its owner was told: fills and payments, oldest first.

        ``forgotten`` are orders, and what filled of each, that were open when the exchange went: they do not survive,
        and whoever asks is told that they were cancelled. Contracts that have expired since must be among the exchange's.

        Raises:
            ValueError: a fill is in a contract that the exchange was not given.
        """
        trader = self.accounts[account]
        for request, filled in forgotten:
            order = SimOrder(account=account, request=request, number=len(self._orders) + 1, filled=filled)
            order.state, order.reason = OrderState.CANCELLED, "the model exchange was restarted"
            self._orders[account, request.client_order_id] = order
        for item in told:
            self.at_ms = max(self.at_ms, item.at_ms)
            if isinstance(item, Fill):
                contract = self.contracts.get(item.symbol)
                if contract is None:
                    raise ValueError(
                        f"{account} traded {item.symbol}, which this exchange was not given: list expired contracts, too."
                    )
                signed = item.side.sign * item.contracts
                trader.trade(self.at_ms, trader.position(contract), signed, item.price, item.fee)
            elif item.kind in {"deposit", "withdrawal"}:
                trader.deposit_again(item.at_ms, "futures", item.asset, item.amount)
            else:
                trader.post(item.at_ms, item.kind, item.asset, item.amount, symbol=item.symbol)
            self.activity[account].append(item)

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
            self._finish(order, OrderState.CANCELLED, "the rest did not fill at once")

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
        if self.contracts[symbol].status != "trading":
            return
        left = {Side.SELL: sold_into, Side.BUY: bought_from}
        for order in list(self._resting[symbol]):
            if not traded_through(order.request, low, high) or order.request.limit_price is None:
                continue
            side = order.request.side
            size = min(self._allowed(order), left[side])
            if size > ZERO:
                left[side] -= size
                self._fill(order, size, order.request.limit_price, maker=True)
            if order.state is OrderState.OPEN and order.request.reduce_only and not self._allowed(order):
                self._finish(order, OrderState.CANCELLED, "nothing is left to reduce")

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
            self._finish(order, OrderState.FILLED, "")

    def _finish(self, order: SimOrder, state: OrderState, reason: str) -> None:
        order.state, order.reason = state, reason
        resting = self._resting[order.request.symbol]
        if order in resting:
            resting.remove(order)

    # --- margin ---------------------------------------------------------------------------------------------

    def _breached(self, trader: SimAccount, position: SimPosition) -> bool:
        """Whether equity no longer exceeds maintenance margin.

        A wallet with a position that has no price yet, as after a restore, is not judged before it has one.
        """
        mark, settle = self.marks[position.contract.symbol], position.contract.settle
        if trader.margin_mode == "isolated":
            return position.isolated_margin + position.pnl(mark) <= position.maintenance(mark)
        if any(held.contract.symbol not in self.marks for held in trader.open_positions(settle)):
            return False
        return trader.equity(settle, self.marks) <= trader.maintenance(settle, self.marks)

    def _liquidate(self, trader: SimAccount, position: SimPosition) -> None:
        """Close what a breach takes down, at a total loss of the margin behind it: the pessimistic end.

        Cross: every position of the wallet is closed at its mark and the rest of the wallet is the liquidation fee.
        Isolated: the same for the one position and its own margin. The house covers what is missing below zero.
        """
        settle = position.contract.settle
        doomed = [position] if trader.margin_mode == "isolated" else trader.open_positions(settle)
        self._cancel_all(trader, {p.contract.symbol for p in doomed}, "position was liquidated")
        margin = (
            position.isolated_margin
            if trader.margin_mode == "isolated"
            else trader.balance("futures", settle)
        )
        for lost in doomed:
            mark = Price(self.marks[lost.contract.symbol])
            margin += self._trade(trader, lost, -lost.contracts, mark, ZERO, LIQUIDATION_ID)
        entry = trader.post(self.at_ms, "liquidation", settle, -margin, symbol=position.contract.symbol)
        tell_payment(self.activity[trader.name], trader.name, entry)

    def _cancel_all(self, trader: SimAccount, symbols: set[str], reason: str) -> None:
        for symbol in symbols:
            for order in [o for o in self._resting[symbol] if o.account == trader.name]:
                self._finish(order, OrderState.CANCELLED, reason)


def _report(order: SimOrder) -> OrderReport:
    return OrderReport(
        client_order_id=order.request.client_order_id,
        symbol=order.request.symbol,
        state=order.state,
        filled=Contracts(order.filled),
        reason=order.reason,
        request=order.request,
    )
