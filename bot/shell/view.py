"""What a person or a machine is shown of a hedge: one object for the terminal, JSON, pages and alerts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from bot.core.decide import Decision
from bot.core.desk import Explanation, RollView
from bot.core.exposure import Foreign
from bot.core.forecast import forecast
from bot.core.instruments import Contract, family_of
from bot.core.memory import Rung, State
from bot.core.orders import OrderState
from bot.core.reports import Fill, Payment
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Coins, Contracts, Price, Ratio, Side, record


@record
class Profit:
    """Profit since the account began, by source, in quote currency. Coin amounts are valued at the index."""

    spot: Decimal
    futures: Decimal
    funding: Decimal
    fees: Decimal
    """Paid fees are negative."""

    @property
    def net(self) -> Decimal:
        """Everything together."""
        return self.spot + self.futures + self.funding + self.fees


@record
class OrderView:
    """A working order."""

    client_order_id: str
    symbol: str
    side: Side
    remaining: Contracts
    limit_price: Price | None
    state: OrderState


@record
class HedgeView:
    """One hedge: holdings x ratio = target - held - in flight = gap, its margin, its orders, its profit."""

    account: str
    hedge: str
    symbol: str
    base: str
    quote: str
    at_ms: int
    decision: int
    answer: str
    why: str
    index: Price
    mark: Price
    own_coins: Coins
    """Other coins than the contract's count by their value."""
    foreign: tuple[Foreign, ...]
    """Those other coins."""
    ratio_target: Ratio | None
    ratio_achieved: Ratio | None
    net_short: bool
    target: Contracts | None
    held: Contracts
    in_flight: Contracts | None
    gap: Contracts | None
    band_outer: Contracts | None
    state: State | None
    """What the guard lets the hedge do; None while the picture has holes, as it cannot look then."""
    causes: tuple[str, ...]
    """Why it lets no more happen, or why a person should look."""
    rung: Rung | None
    """Of the account's margin ladder; None while the picture has holes."""
    naked: Coins
    """Coins unhedged because of the guard."""
    margin_ratio: Decimal | None
    liquidation_price: Price | None
    liquidation_distance: Decimal | None
    working: tuple[OrderView, ...]
    roll: RollView | None
    profit: Profit
    value: Decimal
    """Own coins and the hedge's profit, in quote currency."""
    value_unhedged: Decimal
    """What the coins the owner began with would be worth without a hedge."""


@record
class Mark:
    """What a hedge was worth at one time, and where that came from, in quote currency."""

    hedge: str
    at_ms: int
    spot: Decimal
    futures: Decimal
    funding: Decimal
    fees: Decimal
    """Paid fees are negative."""
    value: Decimal
    """Own coins and the hedge's profit."""
    value_unhedged: Decimal
    """What the coins the owner began with would be worth without a hedge."""


def mark_of(view: HedgeView) -> Mark:
    """Keep of a view what a history of profit needs."""
    profit = view.profit
    return Mark(
        hedge=view.hedge,
        at_ms=view.at_ms,
        spot=profit.spot,
        futures=profit.futures,
        funding=profit.funding,
        fees=profit.fees,
        value=view.value,
        value_unhedged=view.value_unhedged,
    )


@record
class Since:
    """Where an account began: what profit is reckoned from."""

    index: Price
    own_coins: Coins
    """Of the contract's kind."""
    foreign: tuple[Foreign, ...] = ()
    """Other coins, with their prices then."""

    @property
    def value(self) -> Decimal:
        """What all coins were worth."""
        return self.own_coins * self.index + sum((one.value for one in self.foreign), ZERO)

    def value_now(self, snapshot: Snapshot, index: Price) -> Decimal:
        """What those coins are worth today, without a hedge."""
        others = (one.coins * snapshot.spot(one.spot.symbol).price for one in self.foreign)
        return self.own_coins * index + sum(others, ZERO)


def began(snapshot: Snapshot, explanation: Explanation) -> Since:
    """Take the first picture of an account as the beginning of a hedge, by any contract of its family that is quoted."""
    family, exposure = family_of(explanation.symbol), explanation.exposure
    quote = next(quote for quote in snapshot.quotes if family_of(quote.symbol) == family)
    if exposure is not None and exposure.foreign:
        return Since(index=quote.index, own_coins=exposure.own_alone, foreign=exposure.foreign)
    return Since(index=quote.index, own_coins=own_coins(snapshot, snapshot.contract(quote.symbol)))


def own_coins(snapshot: Snapshot, contract: Contract) -> Coins:
    """Sum the coins outside the futures wallet and, for an inverse contract, those deposited in it."""
    held = snapshot.coins_held(contract.base)
    return held if contract.linear else Coins(held + snapshot.wallet(contract.settle).deposited)


@record
class Paid:
    """What was ever paid for the contracts of a family, in settlement currency."""

    funding: Decimal = ZERO
    """Received is positive."""
    lost: Decimal = ZERO
    """Taken by liquidations: negative."""
    fees: Decimal = ZERO
    """Paid is positive."""


NOTHING_PAID = Paid()


def paid_after(
    before: Mapping[str, Paid], fills: Iterable[Fill], payments: Iterable[Payment]
) -> dict[str, Paid]:
    """Add fills and payments to what was paid before them, by family."""
    sums = dict(before)
    for fill in fills:
        one = sums.get(family_of(fill.symbol), NOTHING_PAID)
        sums[family_of(fill.symbol)] = replace(one, fees=one.fees + fill.fee)
    for payment in payments:
        if not payment.symbol:
            continue
        one = sums.get(family_of(payment.symbol), NOTHING_PAID)
        match payment.kind:
            case "funding":
                one = replace(one, funding=one.funding + payment.amount)
            case "liquidation":
                one = replace(one, lost=one.lost + payment.amount)
            case "deposit" | "withdrawal" | "transfer":
                continue
        sums[family_of(payment.symbol)] = one
    return sums


def views(
    snapshot: Snapshot, decision: Decision, since: Mapping[str, Since], paid: Mapping[str, Paid]
) -> tuple[HedgeView, ...]:
    """Show every hedge of an account that the picture has a quote for; ``paid`` is what was ever paid, by family."""
    quoted = {quote.symbol for quote in snapshot.quotes}
    priced = {spot.symbol for spot in snapshot.spots}
    return tuple(
        _view(snapshot, decision, explanation, since[explanation.hedge], paid)
        for explanation in decision.explanations
        if explanation.symbol in quoted
        and explanation.hedge in since
        and {one.spot.symbol for one in since[explanation.hedge].foreign} <= priced
    )


def _view(
    snapshot: Snapshot,
    decision: Decision,
    explanation: Explanation,
    since: Since,
    paid: Mapping[str, Paid],
) -> HedgeView:
    symbol, exposure, target = explanation.symbol, explanation.exposure, explanation.target
    contract, quote = snapshot.contract(symbol), snapshot.quote(symbol)
    margin, watch = forecast(snapshot, symbol), decision.watch
    profit = _profit(snapshot, contract, since, paid.get(contract.family, NOTHING_PAID))
    return HedgeView(
        account=snapshot.account,
        hedge=explanation.hedge,
        symbol=symbol,
        base=contract.base,
        quote=contract.quote,
        at_ms=decision.at_ms,
        decision=decision.number,
        answer=explanation.answer,
        why=explanation.why,
        index=quote.index,
        mark=quote.mark,
        own_coins=own_coins(snapshot, contract) if exposure is None else exposure.own,
        foreign=() if exposure is None else exposure.foreign,
        ratio_target=None if target is None else target.ratio,
        ratio_achieved=None if exposure is None else exposure.ratio_achieved,
        net_short=exposure is not None and exposure.net_short,
        target=None if exposure is None else exposure.target,
        held=snapshot.position(symbol).contracts if exposure is None else exposure.held,
        in_flight=None if exposure is None else exposure.in_flight,
        gap=None if exposure is None else exposure.gap,
        band_outer=None if exposure is None else exposure.band_outer,
        state=None if watch is None else explanation.state,
        causes=()
        if watch is None
        else tuple(cause.text for cause in watch.causes if cause.hedge in {None, explanation.hedge}),
        rung=None if watch is None else watch.rung,
        naked=explanation.naked,
        margin_ratio=margin.pool.ratio,
        liquidation_price=margin.liquidation_price,
        liquidation_distance=margin.pool.reach().distance,
        working=_orders(snapshot, contract.family),
        roll=explanation.roll,
        profit=profit,
        value=since.value + profit.net,
        value_unhedged=since.value_now(snapshot, quote.index),
    )


def _orders(snapshot: Snapshot, family: str) -> tuple[OrderView, ...]:
    return tuple(
        OrderView(
            client_order_id=order.request.client_order_id,
            symbol=order.request.symbol,
            side=order.request.side,
            remaining=order.remaining,
            limit_price=order.request.limit_price,
            state=order.state,
        )
        for order in snapshot.working
        if family_of(order.request.symbol) == family
    )


def _price_profit(snapshot: Snapshot, family: str) -> Decimal:
    """Sum realised and open profit of a family's positions, in settlement currency; expired ones have realised theirs."""
    profit = ZERO
    for position in snapshot.positions:
        if family_of(position.symbol) != family:
            continue
        profit += position.realised_pnl
        if position.contracts != ZERO:
            contract, mark = snapshot.contract(position.symbol), snapshot.quote(position.symbol).mark
            profit += contract.pnl(position.contracts, position.entry_price, mark)
    return profit


def _profit(snapshot: Snapshot, contract: Contract, since: Since, paid: Paid) -> Profit:
    """Split profit by source, over every contract the hedge ever held; coin amounts are valued at today's index."""
    quote, family = snapshot.quote(contract.symbol), contract.family
    rate = Decimal(1) if contract.linear else quote.index
    return Profit(
        spot=since.value_now(snapshot, quote.index) - since.value,
        futures=(_price_profit(snapshot, family) + paid.lost) * rate,
        funding=paid.funding * rate,
        fees=-paid.fees * rate,
    )
