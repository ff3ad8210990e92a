"""The guard stamps each wish Approved or Refused; nothing else in the house can make either.

Every order is judged on the state *after* it. An order that adds exposure is shrunk to what the limits allow before
it is refused; an order that reduces is stopped by nothing but its own size and a stale quote (invariant I5 leaves the
way out open). A wish that cannot be judged is refused.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract
from bot.core.orders import Leg, OrderRequest, OrderState
from bot.core.positions import cost_of, entry_of, fill, isolated_margin
from bot.core.rules import RiskRules
from bot.core.snapshot import Quote, Snapshot
from bot.core.values import ONE, ZERO, Contracts, Money, Price, Side, floor_to_step, record

MS = Decimal(1000)

Gate = Literal[
    "quote_age",
    "order_notional",
    "position_notional",
    "venue_minimum",
    "leverage",
    "margin_ratio",
    "liquidation_distance",
    "unknown_orders",
]


@record
class Verdict:
    """What one gate said: the figure after the order as asked, its limit, and how many contracts may pass."""

    gate: Gate
    passed: bool
    figure: Decimal | None
    limit: Decimal
    contracts_allowed: Contracts


@record
class Wish:
    """An order as a hedge would like it, before the guard."""

    hedge: str
    request: OrderRequest
    leg: Leg
    crossing: bool
    intent: int
    """Number of the decision that first saw the gap this order works on."""
    arrival_mid: Price
    """Mid of the contract at that decision: the price its fills are measured against."""


@record
class Approved:
    """A request that may be sent, with every gate's verdict. Made only in this file."""

    hedge: str
    request: OrderRequest
    leg: Leg
    crossing: bool
    intent: int
    arrival_mid: Price
    contracts_asked: Contracts
    verdicts: tuple[Verdict, ...]
    kind: Literal["place"] = "place"


@record
class Refused:
    """A wish that may not be sent, and why."""

    hedge: str
    contracts_asked: Contracts
    side: Side
    verdicts: tuple[Verdict, ...]

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Name the gates that said no."""
        return tuple(verdict.gate for verdict in self.verdicts if not verdict.passed)


@record
class After:
    """A position and its margin as they would be after an order filled at its price."""

    account_equity: Decimal
    """Settlement currency: the whole wallet and unrealised profit at the marks, taker fee paid."""
    equity: Decimal
    """Settlement currency: what backs the position and its unrealised profit at the mark, taker fee paid."""
    account_value: Decimal
    """Value of all positions of the wallet."""
    maintenance: Decimal
    notional: Decimal
    liquidation_price: Price | None

    short: bool

    @property
    def leverage(self) -> Decimal | None:
        """Value of the account's positions over its equity; None when there is no equity."""
        return self.account_value / self.account_equity if self.account_equity > ZERO else None

    @property
    def margin_ratio(self) -> Decimal | None:
        """Maintenance over equity, 1 is liquidation; None when there is no equity."""
        return self.maintenance / self.equity if self.equity > ZERO else None

    def liquidation_distance(self, mark: Price) -> Decimal | None:
        """Adverse move from the mark to liquidation as a share of the mark; None when no price liquidates.

        Negative when the mark is already beyond it.
        """
        if self.liquidation_price is None:
            return None
        move = self.liquidation_price / mark - ONE
        return move if self.short else -move


def margin_after(snapshot: Snapshot, symbol: str, signed: Decimal, fill_price: Price) -> After:
    """Forecast what backs ``symbol``'s position after ``signed`` contracts more fill at ``fill_price``.

    In cross mode that is the wallet with its other positions, in isolated mode the margin set aside.
    """
    contract, quote = snapshot.contract(symbol), snapshot.quote(symbol)
    position, wallet = snapshot.position(symbol), snapshot.wallet(contract.settle)
    fees = contract.fee_taker * contract.value(signed, fill_price)
    cost = cost_of(contract, position.contracts, position.entry_price)
    filled = fill(contract, position.contracts, cost, signed, fill_price)
    contracts, entry = filled.contracts, entry_of(contract, filled.contracts, filled.cost)
    others = _other_positions(snapshot, contract.settle, symbol)
    cash = wallet.balance + filled.realised - fees
    if snapshot.margin_mode == "isolated":
        before = position.isolated_margin or ZERO
        held = position.contracts
        aside = isolated_margin(contract, before, held, contracts, fill_price, snapshot.leverage)
        backing = Money(min(aside, cash))  # no more can be set aside than there is
    else:
        backing = Money(cash + others.profit - others.maintenance)
    own_pnl = contract.pnl(contracts, entry, quote.mark) if contracts != ZERO else ZERO
    return After(
        account_equity=cash + others.profit + own_pnl,
        account_value=contract.value(contracts, quote.mark) + others.value,
        equity=backing + own_pnl,
        maintenance=contract.maintenance(contracts, entry, quote.mark) if contracts != ZERO else ZERO,
        notional=contract.notional(contracts, quote.mark),
        liquidation_price=contract.liquidation_price(contracts, entry, backing),
        short=contracts < ZERO,
    )


def margin_now(snapshot: Snapshot, symbol: str) -> After:
    """Measure the margin of ``symbol``'s wallet as it is."""
    return margin_after(snapshot, symbol, ZERO, snapshot.quote(symbol).mark)


@record
class Others:
    """The wallet's other positions, in settlement currency; their working orders count as filled."""

    profit: Decimal
    maintenance: Decimal
    value: Decimal


def _other_positions(snapshot: Snapshot, settle: str, symbol: str) -> Others:
    profit, maintenance, value = ZERO, ZERO, ZERO
    for quote in snapshot.quotes:
        contract, position = snapshot.contract(quote.symbol), snapshot.position(quote.symbol)
        if quote.symbol == symbol or contract.settle != settle:
            continue
        if position.contracts != ZERO:
            profit += contract.pnl(position.contracts, position.entry_price, quote.mark)
        size = position.contracts + snapshot.in_flight(quote.symbol)
        if size != ZERO:
            maintenance += contract.maintenance(size, position.entry_price or quote.mark, quote.mark)
            value += contract.value(size, quote.mark)
    return Others(profit=profit, maintenance=maintenance, value=value)


def largest(wanted: Contracts, step: Contracts, allowed: Callable[[Decimal], bool]) -> Contracts:
    """Find the largest whole number of steps up to ``wanted`` that ``allowed`` lets pass, by halving.

    ``allowed`` must be monotone: what passes at a size passes at every smaller one.
    """
    if allowed(wanted):
        return wanted
    low, high = 0, int(wanted / step)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if allowed(middle * step) else (low, middle)
    return Contracts(low * step)


def judge(snapshot: Snapshot, rules: RiskRules, asked: Wish) -> Approved | Refused:
    """Judge a wish at every gate; approve it, shrunk if need be, or refuse it."""
    wish = asked.request
    contract, quote = snapshot.contract(wish.symbol), snapshot.quote(wish.symbol)
    verdicts = [_quote_age(snapshot, quote, rules, wish), _order_notional(contract, rules, wish)]
    if not wish.reduce_only:
        verdicts.append(_unknown_orders(snapshot, rules, wish))
        verdicts += _exposure_gates(snapshot, contract, quote, rules, wish)
    size = min(verdict.contracts_allowed for verdict in verdicts)
    verdicts.append(_venue_minimum(contract, wish, size))
    if not verdicts[-1].passed or size == ZERO:
        return Refused(
            hedge=asked.hedge, contracts_asked=wish.contracts, side=wish.side, verdicts=tuple(verdicts)
        )
    return Approved(
        hedge=asked.hedge,
        request=wish if size == wish.contracts else replace(wish, contracts=size),
        leg=asked.leg,
        crossing=asked.crossing,
        intent=asked.intent,
        arrival_mid=asked.arrival_mid,
        contracts_asked=wish.contracts,
        verdicts=tuple(verdicts),
    )


def _verdict(
    gate: Gate, wish: OrderRequest, figure: Decimal | None, limit: Decimal, allowed: Contracts
) -> Verdict:
    return Verdict(
        gate=gate,
        passed=allowed == wish.contracts,
        figure=figure,
        limit=limit,
        contracts_allowed=allowed,
    )


def quote_age_seconds(snapshot: Snapshot, quote: Quote) -> Decimal:
    """Age of a quote; negative when its clock runs ahead of ours."""
    return (snapshot.at_ms - quote.at_ms) / MS


def _quote_age(snapshot: Snapshot, quote: Quote, rules: RiskRules, wish: OrderRequest) -> Verdict:
    age, limit = quote_age_seconds(snapshot, quote), rules.quote_age_seconds_max
    return _verdict("quote_age", wish, age, limit, wish.contracts if abs(age) <= limit else Contracts(ZERO))


def _unknown_orders(snapshot: Snapshot, rules: RiskRules, wish: OrderRequest) -> Verdict:
    """Add nothing anywhere while the fate of an order has been open for too long: a person has to look (I3)."""
    lost = [order.since_ms for order in snapshot.working if order.state is OrderState.UNKNOWN]
    age = (snapshot.at_ms - min(lost)) / MS if lost else ZERO
    limit = rules.unknown_seconds_max
    return _verdict("unknown_orders", wish, age, limit, wish.contracts if age <= limit else Contracts(ZERO))


def _order_notional(contract: Contract, rules: RiskRules, wish: OrderRequest) -> Verdict:
    """Shrink an order to the cap; what remains is the next order's."""
    if wish.limit_price is None:
        return _verdict("order_notional", wish, ZERO, rules.order_notional_max, Contracts(ZERO))
    figure = contract.notional(wish.contracts, wish.limit_price)
    one = contract.notional(ONE, wish.limit_price)
    cap = Contracts(floor_to_step(rules.order_notional_max / one, contract.contracts_step))
    return _verdict("order_notional", wish, figure, rules.order_notional_max, min(cap, wish.contracts))


def _exposure_gates(
    snapshot: Snapshot, contract: Contract, quote: Quote, rules: RiskRules, wish: OrderRequest
) -> list[Verdict]:
    """Judge what adds exposure by the margin account after it, shrinking to the largest size each limit allows.

    Working orders of the same contract count as filled at the order's price: in flight is exposure.
    """
    price, sign = wish.limit_price or quote.mark, wish.side.sign
    in_flight = snapshot.in_flight(wish.symbol)

    def after(contracts: Decimal) -> After:
        return margin_after(snapshot, wish.symbol, in_flight + sign * contracts, price)

    asked = after(wish.contracts)
    verdicts = []
    for gate, limit, figure in _limits(rules, quote.mark):
        most = gate != "liquidation_distance"

        def passes(
            contracts: Decimal, figure: Figure = figure, limit: Decimal = limit, *, most: bool = most
        ) -> bool:
            return within(
                figure(asked if contracts == wish.contracts else after(contracts)), limit, most=most
            )

        allowed = largest(wish.contracts, contract.contracts_step, passes)
        verdicts.append(_verdict(gate, wish, figure(asked), limit, allowed))
    return verdicts


Figure = Callable[[After], Decimal | None]
"""Reads one figure off a forecast; None means "no equity" or "never liquidated"."""


def _limits(rules: RiskRules, mark: Price) -> tuple[tuple[Gate, Decimal, Figure], ...]:
    """List the limits on the account after an order that adds."""
    return (
        ("position_notional", rules.position_notional_max, lambda after: after.notional),
        ("leverage", rules.leverage_max, lambda after: after.leverage),
        ("margin_ratio", rules.margin_ratio_stop, lambda after: after.margin_ratio),
        (
            "liquidation_distance",
            rules.liquidation_distance_stop,
            lambda after: after.liquidation_distance(mark),
        ),
    )


def within(figure: Decimal | None, limit: Decimal, *, most: bool) -> bool:
    """Whether a figure keeps its limit: at most it, or at least it. No equity fails, no liquidation price passes."""
    if figure is None:
        return not most
    return figure <= limit if most else figure >= limit


def _venue_minimum(contract: Contract, wish: OrderRequest, size: Contracts) -> Verdict:
    """Refuse what the venue would: less than its smallest order. A reducing order is exempt from the notional rule."""
    notional = contract.notional(size, wish.limit_price or ONE)
    enough = size >= max(contract.contracts_min, contract.contracts_step)
    if not wish.reduce_only:
        enough = enough and notional >= contract.notional_min
    return Verdict(
        gate="venue_minimum",
        passed=enough,
        figure=size,
        limit=contract.contracts_min,
        contracts_allowed=size if enough else Contracts(ZERO),
    )
