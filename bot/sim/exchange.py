"""The model exchange: accounts, orders, quotes, funding and liquidation of any number of traders.

The world turns it by four calls: :meth:`Exchange.quote` (new prices), :meth:`Exchange.traded` (the range since),
:meth:`Exchange.settle_funding`, and a trader's :meth:`Exchange.place` and :meth:`Exchange.cancel`. All are synchronous,
none looks at a clock, and the same calls give the same reports.
"""

from collections import defaultdict
from decimal import Decimal

from bot.core import formulas
from bot.core.instruments import Contract, MarginMode
from bot.core.orders import DONE, OrderRequest, OrderState, TimeInForce
from bot.core.reports import Fill, OrderReport, Payment
from bot.core.snapshot import Position, Quote, Wallet
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.sim.account import SimAccount, SimPosition
from bot.sim.matching import SimOrder, Touch, traded_through
from bot.sim.told import Told, tell_fill, tell_payment

LIQUIDATION_ID = "liquidation"
"""The client order id that a liquidation's fills carry: nobody's order."""


class Exchange:
    """One model town."""

    def __init__(self, contracts: tuple[Contract, ...]) -> None:
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.accounts: dict[str, SimAccount] = {}
        self.touches: dict[str, Touch] = {}
        self.marks: dict[str, Decimal] = {}
        self.at_ms = 0
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
        order.reason = self._objection(account, request)
        if order.reason:
            order.state = OrderState.REJECTED
            return _report(order)
        self._take(order)
        if order.state is OrderState.OPEN:
            self._rest(order)
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
        isolated = self.accounts[account].margin_mode == "isolated"
        return tuple(
            Position(
                symbol=symbol,
                contracts=Contracts(position.contracts),
                entry_price=position.entry_price,
                realised_pnl=Money(position.realised),
                isolated_margin=Money(position.isolated_margin) if isolated else None,
            )
            for symbol, position in self.accounts[account].positions.items()
            if position.contracts != ZERO or position.realised != ZERO
        )

    def wallets(self, account: str) -> tuple[Wallet, ...]:
        """List the futures wallets of an account."""
        trader = self.accounts[account]
        return tuple(
            Wallet(
                asset=asset,
                balance=Money(balance),
                deposited=Money(trader.deposited.get(asset, ZERO)),
            )
            for (kind, asset), balance in trader.wallets.items()
            if kind == "futures"
        )

    # --- the world ------------------------------------------------------------------------------------------

    def quote(self, quote: Quote) -> None:
        """Show new prices; resting orders that they trade through fill, then margin is checked at the new mark."""
        self.at_ms = max(self.at_ms, quote.at_ms)
        self.touches[quote.symbol] = Touch.of(quote)
        if self._resting[quote.symbol]:
            self._fill_resting(quote.symbol, quote.ask, quote.bid, quote.bid_contracts, quote.ask_contracts)
        self.mark(quote.symbol, quote.mark)

    def traded(self, symbol: str, low: Price, high: Price, contracts: Decimal) -> None:
        """Report the range since the last quote and the size that traded on each side; then margin at both extremes."""
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
        self.at_ms = max(self.at_ms, at_ms)
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

    def restore(self, account: str, told: tuple[Fill | Payment, ...]) -> None:
        """Rebuild an empty account from what its owner was told: fills and payments, oldest first.

        Resting orders do not survive; a venue in memory forgets them, and reconciling finds that out.
        """
        trader = self.accounts[account]
        for item in told:
            self.at_ms = max(self.at_ms, item.at_ms)
            if isinstance(item, Fill):
                contract = self.contracts[item.symbol]
                position = trader.position(contract)
                before = position.contracts
                realised = position.fill(item.side.sign * item.contracts, item.price)
                trader.settle_isolated(position, before, item.price)
                self._book(trader, contract, realised, item.fee)
            elif item.kind in {"deposit", "withdrawal"}:
                trader.deposit(item.at_ms, "futures", item.asset, item.amount, self.marks)
            else:
                trader.post(item.at_ms, item.kind, item.asset, item.amount, symbol=item.symbol)
            self.activity[account].append(item)

    # --- orders ---------------------------------------------------------------------------------------------

    def _objection(self, account: str, request: OrderRequest) -> str:
        """Say why a request cannot be taken, or nothing."""
        contract, touch = self.contracts.get(request.symbol), self.touches.get(request.symbol)
        if contract is None or touch is None:
            return f"{request.symbol} is not traded here"
        if request.contracts < contract.contracts_min or request.contracts % contract.contracts_step:
            return (
                f"size {request.contracts} is below the minimum or no whole step of {contract.contracts_step}"
            )
        if request.limit_price is not None and request.limit_price % contract.price_tick:
            return f"price {request.limit_price} is no whole tick of {contract.price_tick}"
        if request.time_in_force is TimeInForce.POST_ONLY and touch.crosses(request):
            return "post-only order would take"
        trader = self.accounts[account]
        if request.reduce_only:
            held = trader.position(contract).contracts
            return "" if held * request.side.sign < ZERO else "reduce-only order would not reduce"
        return self._margin_objection(trader, contract, touch, request)

    def _margin_objection(
        self, trader: SimAccount, contract: Contract, touch: Touch, request: OrderRequest
    ) -> str:
        """Check the initial margin of what an order would add, fees included."""
        position = trader.position(contract)
        signed = request.side.sign * request.contracts
        added = abs(position.contracts + signed) - abs(position.contracts)
        price = request.limit_price or touch.quote.mark
        if contract.notional(request.contracts, price) < contract.notional_min:
            return f"value is below the minimum of {contract.notional_min}"
        if added <= ZERO:
            return ""
        value = contract.value(added, price)
        needed = value / trader.leverage + contract.fee_taker * contract.value(request.contracts, price)
        free = trader.free(contract.settle, self.marks)
        return "" if needed <= free else f"margin of {needed:f} {contract.settle} is needed, {free:f} is free"

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

    def _rest(self, order: SimOrder) -> None:
        self._resting[order.request.symbol].append(order)

    def _fill_resting(
        self, symbol: str, low: Price, high: Price, sold_into: Decimal, bought_from: Decimal
    ) -> None:
        """Fill resting orders whose limit was traded through: sells share ``sold_into``, buys ``bought_from``."""
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
        """Book a fill: order, position, wallet, report."""
        contract, trader = self.contracts[order.request.symbol], self.accounts[order.account]
        position, side = trader.position(contract), order.request.side
        before = position.contracts
        realised = position.fill(side.sign * size, price)
        trader.settle_isolated(position, before, price)
        rate = contract.fee_maker if maker else contract.fee_taker
        fee = formulas.fee(rate, contract.value(size, price))
        fee = self._book(trader, contract, realised, fee)
        order.filled += size
        tell_fill(
            self.activity[trader.name],
            trader.name,
            self.at_ms,
            client_order_id=order.request.client_order_id,
            symbol=contract.symbol,
            signed=side.sign * size,
            price=price,
            realised=realised,
            fee=fee,
            maker=maker,
        )
        if order.remaining == ZERO:
            self._finish(order, OrderState.FILLED, "")

    def _book(self, trader: SimAccount, contract: Contract, realised: Decimal, fee: Decimal) -> Decimal:
        """Move the money of a fill; returns the fee as booked."""
        if realised != ZERO:
            trader.post(self.at_ms, "pnl", contract.settle, realised, symbol=contract.symbol)
        if fee == ZERO:
            return ZERO
        return -trader.post(self.at_ms, "fee", contract.settle, -fee, symbol=contract.symbol).amount

    def _finish(self, order: SimOrder, state: OrderState, reason: str) -> None:
        order.state, order.reason = state, reason
        resting = self._resting[order.request.symbol]
        if order in resting:
            resting.remove(order)

    # --- margin ---------------------------------------------------------------------------------------------

    def _breached(self, trader: SimAccount, position: SimPosition) -> bool:
        """Whether equity no longer exceeds maintenance margin."""
        mark, settle = self.marks[position.contract.symbol], position.contract.settle
        if trader.margin_mode == "isolated":
            return position.isolated_margin + position.pnl(mark) <= position.maintenance(mark)
        return trader.equity(settle, self.marks) <= trader.maintenance(settle, self.marks)

    def _liquidate(self, trader: SimAccount, position: SimPosition) -> None:
        """Close what a breach takes down, at a total loss of the margin behind it: the pessimistic end.

        Cross: every position of the wallet is closed at its mark and the rest of the wallet is the liquidation fee.
        Isolated: the same for the one position and its own margin. The house covers what is missing below zero.
        """
        settle = position.contract.settle
        doomed = [position] if trader.margin_mode == "isolated" else trader.open_positions(settle)
        self._cancel_all(trader, {p.contract.symbol for p in doomed})
        margin = (
            position.isolated_margin
            if trader.margin_mode == "isolated"
            else trader.balance("futures", settle)
        )
        for lost in doomed:
            mark, signed = self.marks[lost.contract.symbol], -lost.contracts
            realised = lost.fill(signed, mark)
            lost.isolated_margin = ZERO
            margin += realised
            self._book(trader, lost.contract, realised, ZERO)
            tell_fill(
                self.activity[trader.name],
                trader.name,
                self.at_ms,
                client_order_id=LIQUIDATION_ID,
                symbol=lost.contract.symbol,
                signed=signed,
                price=mark,
                realised=realised,
                fee=ZERO,
                maker=False,
            )
        entry = trader.post(self.at_ms, "liquidation", settle, -margin, symbol=position.contract.symbol)
        tell_payment(self.activity[trader.name], trader.name, entry)

    def _cancel_all(self, trader: SimAccount, symbols: set[str]) -> None:
        for symbol in symbols:
            for order in [o for o in self._resting[symbol] if o.account == trader.name]:
                self._finish(order, OrderState.CANCELLED, "position was liquidated")


def _report(order: SimOrder) -> OrderReport:
    return OrderReport(
        client_order_id=order.request.client_order_id,
        symbol=order.request.symbol,
        state=order.state,
        filled=Contracts(order.filled),
        reason=order.reason,
    )
