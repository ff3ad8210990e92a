"""One intent on the recorded book: the real ``decide`` looks at every tick, and its commands act some time later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core.books import count_setback
from bot.core.decide import Command, decide
from bot.core.instruments import Contract
from bot.core.memory import Memory
from bot.core.orders import OrderState, TimeInForce, WorkingOrder
from bot.core.risk import Approved
from bot.core.rules import PricingRules
from bot.core.snapshot import Holding, Position, Quote, Setback, Snapshot, Wallet
from bot.core.values import ZERO, Coins, Contracts, Money, Price, Ratio, Side
from tests.core.builders import hedge_rules, linear_contract, rules
from tests.recorded_book import BestQuote, Book, Event, Queue, Resting, Trade

NS_A_MS = 1_000_000
NEVER_NS = 2**63
HOLDINGS = 20
"""Coins held, as a multiple of the trade: a gap of 5 % is not urgent by the product's settings, and may wait."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How an intent is worked, and in what world."""

    name: str
    pricing: PricingRules
    queue: Queue = Queue.BEHIND
    latency_ms: int = 100
    tick_ms: int = 250
    fee_maker: Decimal = Decimal("0.0002")
    fee_taker: Decimal = Decimal("0.0005")

    @property
    def contract(self) -> Contract:
        """The recorded contract: one contract is one coin."""
        contract = linear_contract(step="0.001")
        return replace(contract, fee_maker=Ratio(self.fee_maker), fee_taker=Ratio(self.fee_taker))


@dataclass(frozen=True, slots=True)
class Fill:
    """A part of an intent that is done."""

    at_ns: int
    price: Decimal
    size: Decimal
    maker: bool


class Intent:
    """A gap in a hedge, from its arrival to its last fill."""

    def __init__(self, plan: Plan, side: Side, size: Decimal, arrival: BestQuote, at_ns: int) -> None:
        self.plan, self.side, self.size, self.arrival, self.at_ns = plan, side, size, arrival, at_ns
        self.fills: list[Fill] = []
        self.rejected = 0
        self.due_ns = at_ns
        """When it wants to be woken next."""
        self._contract = plan.contract
        self._rules = rules(hedge_rules(self._contract, outer=0), pricing=plan.pricing)
        self._memory = Memory()
        self._order: WorkingOrder | None = None
        self._resting: Resting | None = None
        self._setback: Setback | None = None
        self._tick_ns = at_ns
        self._effect_ns = NEVER_NS

    @property
    def filled(self) -> Decimal:
        """Size that is done."""
        return sum((fill.size for fill in self.fills), ZERO)

    @property
    def done(self) -> bool:
        """Whether nothing is left to trade."""
        return self.due_ns == NEVER_NS

    def wake(self, book: Book) -> None:
        """Do the one thing that is due: a command takes effect, or the hedge is decided."""
        if self._effect_ns <= self._tick_ns:
            at_ns, self._effect_ns = self._effect_ns, NEVER_NS
            self._take_effect(book, at_ns)
        else:
            at_ns = self._tick_ns
            self._tick_ns += self.plan.tick_ms * NS_A_MS
            for command in self._decide(book.touched(), at_ns):
                self._send(command, at_ns)
        self._wind()

    def hear(self, event: Event, book: Book) -> None:
        """Learn what the market did to the order that rests."""
        if self._resting is None:
            return
        if not isinstance(event, Trade):
            self._resting.see(book.shown(self.side, self._resting.limit))
            return
        filled = self._resting.trade(event)
        if filled > ZERO:
            self._book([(self._resting.limit, filled)], event.at_ns, maker=True)
            self._wind()

    def _wind(self) -> None:
        self.due_ns = NEVER_NS if self.filled == self.size else min(self._tick_ns, self._effect_ns)

    # --- deciding -------------------------------------------------------------------------------------------

    def _decide(self, best: BestQuote, at_ns: int) -> Sequence[Command]:
        decision = decide(self._snapshot(best, at_ns // NS_A_MS), self._rules)
        self._memory = decision.memory
        return decision.commands

    def _snapshot(self, best: BestQuote, at_ms: int) -> Snapshot:
        """Picture the hedge: its ratio is 1, its holdings are many trades, and the wanted trade is missing or too much."""
        contract, coins = self._contract, HOLDINGS * self.size
        quote = Quote(
            symbol=contract.symbol,
            at_ms=best.at_ns // NS_A_MS,
            bid=Price(best.bid),
            bid_contracts=Contracts(best.bid_size),
            ask=Price(best.ask),
            ask_contracts=Contracts(best.ask_size),
            mark=Price(best.mid),
            index=Price(best.mid),
        )
        position = Position(
            symbol=contract.symbol,
            contracts=Contracts(-coins - self.side.sign * (self.size - self.filled)),
            entry_price=Price(self.arrival.mid),
            realised_pnl=Money(ZERO),
        )
        wallet = Money(10 * coins * self.arrival.mid)
        return Snapshot(
            account="test",
            at_ms=at_ms,
            contracts=(contract,),
            holdings=(Holding(asset=contract.base, coins=Coins(coins), place="declared"),),
            wallets=(Wallet(asset=contract.settle, balance=wallet, deposited=wallet),),
            positions=(position,),
            quotes=(quote,),
            funding=(),
            working=() if self._order is None else (self._order,),
            memory=self._memory,
            setbacks=() if self._setback is None else (self._setback,),
        )

    # --- orders ---------------------------------------------------------------------------------------------

    def _send(self, command: Command, at_ns: int) -> None:
        """Let a command leave; it blocks the hedge until it has taken effect."""
        at_ms = at_ns // NS_A_MS
        if isinstance(command, Approved):
            sent, nothing = OrderState.SENT, Contracts(ZERO)
            self._order = WorkingOrder(request=command.request, state=sent, filled=nothing, since_ms=at_ms)
        elif self._order is not None:
            self._order = replace(self._order, state=OrderState.CANCELLING, since_ms=at_ms)
        self._effect_ns = at_ns + self.plan.latency_ms * NS_A_MS

    def _take_effect(self, book: Book, at_ns: int) -> None:
        order = self._order
        if order is None:
            return
        limit, size = order.request.limit_price, order.request.contracts
        assert limit is not None
        if order.state is OrderState.CANCELLING:
            self._end(order, OrderState.CANCELLED, at_ns)
        elif order.request.time_in_force is TimeInForce.IOC:
            self._book(book.take(self.side, size, limit), at_ns, maker=False)
            self._end(order, OrderState.CANCELLED, at_ns)
        elif book.take(self.side, size, limit):
            self.rejected += 1  # post-only, and the market has come to meet it
            self._end(order, OrderState.REJECTED, at_ns)
        else:
            self._count(order, OrderState.OPEN, at_ns)
            self._resting = Resting.join(book, self.side, limit, size, self.plan.queue)
            self._order = replace(order, state=OrderState.OPEN, since_ms=at_ns // NS_A_MS)

    def _end(self, order: WorkingOrder, state: OrderState, at_ns: int) -> None:
        self._count(order, state, at_ns)
        self._order = self._resting = None
        self._effect_ns = NEVER_NS

    def _count(self, order: WorkingOrder, state: OrderState, at_ns: int) -> None:
        self._setback = count_setback(self._setback, order, state, at_ns // NS_A_MS)

    def _book(self, levels: Sequence[tuple[Decimal, Decimal]], at_ns: int, *, maker: bool) -> None:
        self.fills += [Fill(at_ns, price, size, maker) for price, size in levels]
        order, resting = self._order, self._resting
        if order is None or resting is None:
            return
        if resting.left == ZERO:
            self._end(order, OrderState.FILLED, at_ns)
        else:
            self._order = replace(order, filled=Contracts(order.request.contracts - resting.left))
