"""What came of each intent: the orders that worked on one gap, taken together, against the price when it was first seen."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from bot.core.instruments import Contract
from bot.core.orders import Leg, OrderRequest, OrderState
from bot.core.reports import Fill
from bot.core.values import ZERO, Contracts, Money, Price, Side, record


@record
class JournaledOrder:
    """An order as the book has it."""

    request: OrderRequest
    decision_number: int | None
    """None for an order that was adopted."""
    hedge: str
    leg: Leg | None
    intent: int | None
    arrival_mid: Price | None
    state: OrderState
    filled: Contracts
    sent_at_ms: int | None
    """When its request left; None if it never did."""
    updated_at_ms: int


@record
class JournaledIntent:
    """What the orders of one intent in one contract and direction came to."""

    hedge: str
    intent: int
    """Number of the decision that first saw the gap."""
    symbol: str
    side: Side
    legs: tuple[Leg, ...]
    orders: int
    """Orders that were sent."""
    contracts: Contracts
    """Filled."""
    average_price: Price | None
    """Of what filled, weighted so that quantity x price is what was paid: by coins. None if nothing filled."""
    arrival_mid: Price
    shortfall: Decimal
    """Quote currency lost against the arrival mid, fees aside; negative is a gain."""
    fees: Money
    """Paid, in settlement currency."""
    first_sent_ms: int
    last_fill_ms: int | None


def intents_of(
    orders: Iterable[JournaledOrder],
    fills: Iterable[Fill],
    contract_at: Callable[[JournaledOrder], Contract],
) -> tuple[JournaledIntent, ...]:
    """Put orders and fills together by hedge, intent, contract and side, in the order the intents began.

    ``contract_at`` gives an order's contract as it was when the order was sent. Orders that were never sent, or that no
    intent led to, are left out.
    """
    of_order: dict[str, list[Fill]] = {}
    for fill in fills:
        of_order.setdefault(fill.client_order_id, []).append(fill)
    groups: dict[tuple[str, int, str, Side], list[JournaledOrder]] = {}
    for order in orders:
        if order.intent is not None and order.sent_at_ms is not None:
            key = order.hedge, order.intent, order.request.symbol, order.request.side
            groups.setdefault(key, []).append(order)
    found = [_intent(group, of_order, contract_at(group[0])) for group in groups.values()]
    return tuple(
        sorted(found, key=lambda one: (one.first_sent_ms, one.intent, one.hedge, one.symbol, one.side))
    )


def _intent(
    group: Sequence[JournaledOrder], of_order: Mapping[str, list[Fill]], contract: Contract
) -> JournaledIntent:
    first = min(group, key=lambda order: (order.sent_at_ms or 0, order.decision_number or 0))
    side, mid = first.request.side, first.arrival_mid
    if first.intent is None or first.sent_at_ms is None or mid is None:
        raise AssertionError("an order of an intent was sent, and knows its arrival price")
    fills = [fill for order in group for fill in of_order.get(order.request.client_order_id, [])]
    coins = sum([contract.coins(fill.contracts, fill.price) for fill in fills], ZERO)
    paid = sum([contract.coins(fill.contracts, fill.price) * fill.price for fill in fills], ZERO)
    return JournaledIntent(
        hedge=first.hedge,
        intent=first.intent,
        symbol=first.request.symbol,
        side=side,
        legs=tuple(dict.fromkeys(order.leg for order in group if order.leg is not None)),
        orders=len(group),
        contracts=Contracts(sum([fill.contracts for fill in fills], ZERO)),
        average_price=Price(paid / coins) if coins else None,
        arrival_mid=mid,
        shortfall=side.sign * (paid - coins * mid),
        fees=Money(sum([fill.fee for fill in fills], ZERO)),
        first_sent_ms=first.sent_at_ms,
        last_fill_ms=max((fill.at_ms for fill in fills), default=None),
    )
