"""Our books against the venue's word: what differs, as values. It reads and compares, and changes nothing.

Invariants looked after here: I1, position at the venue = sum of journaled fills and re-basings; I2, our working orders
agree with the venue both ways; I3, one intent has at most one live order. What differs is told as incidents; once they are
written down and seen to, the same look finds nothing more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from bot.core.instruments import Contract, family_of
from bot.core.orders import BLOCKING, DONE, ID_PREFIX, OrderRequest, OrderState, TimeInForce, WorkingOrder
from bot.core.reports import SETTLEMENT_ID, Fill, OrderReport
from bot.core.rules import BooksRules, HedgeRules
from bot.core.snapshot import Position, Setback
from bot.core.values import ZERO, Contracts, Price, Side, record

IncidentKind = Literal[
    "position_moved", "foreign_fill", "foreign_order", "stray_order", "unknown_order", "contract_changed"
]
SHIFTS: frozenset[IncidentKind] = frozenset({"position_moved", "foreign_fill"})
"""Incidents that moved a position without a fill of ours."""
TERMS = ("payoff", "contract_size", "contracts_step", "contracts_min", "price_tick", "expiry_ms")
"""What may not change under a position without a person looking at it."""
VENUE_STATES = frozenset({OrderState.OPEN}) | DONE
"""What a venue can say of an order."""


@record
class Incident:
    """Something happened to the account that we did not do. Journaled once, told to a person, re-based."""

    kind: IncidentKind
    key: str
    """What makes it the same incident when it is seen again: an order's name, a symbol with its figures."""
    symbol: str
    text: str
    """What happened, where, and the remedy, as a sentence."""
    rebased: Contracts = Contracts(ZERO)
    """Signed contracts the books take over; zero if nothing is re-based."""
    entry_price: Price | None = None
    """Average entry of the whole position that is re-based on."""


# --- one order: what a venue's word comes to (I2, I3) --------------------------------------------------------


def misfit(request: OrderRequest, report: OrderReport) -> str:
    """Say why a report cannot be about an order, or nothing. A report that does not fit proves nothing."""
    if (report.client_order_id, report.symbol) != (request.client_order_id, request.symbol):
        return f"the answer is about order {report.client_order_id!r} in {report.symbol}"
    if report.state not in VENUE_STATES:
        return f"the answer says {report.state}, which no venue can know"
    if not ZERO <= report.filled <= request.contracts:
        return f"the answer says {report.filled:f} of {request.contracts:f} contracts are filled"
    if report.state is OrderState.FILLED and report.filled != request.contracts:
        return f"the answer says filled, and {report.filled:f} of {request.contracts:f} contracts are"
    return ""


def judged(order: WorkingOrder, report: OrderReport | None, heard: Contracts) -> OrderReport:
    """Say where an order stands by the venue's record of it, or None, and by the fills ``heard`` of it.

    Without a record that fits it is UNKNOWN, for as long as it takes: "not found" is not "not placed" (I3). It is filled
    when its fills make up its size. It ends only when the fills that its record speaks of have been heard (I1).
    """
    unfit = "" if report is None else misfit(order.request, report)
    if report is None or unfit:
        filled = max(order.filled, heard)
        if heard >= order.request.contracts:
            return report_on(order, OrderState.FILLED, "its fills are its size", filled)
        return report_on(
            order, OrderState.UNKNOWN, unfit or "the venue does not list it, which proves nothing", filled
        )
    filled = max(order.filled, heard, report.filled)
    if heard >= order.request.contracts:
        return report_on(order, OrderState.FILLED, report.reason, filled)
    if report.state in DONE and heard < filled:
        why = f"the venue says {report.state} and has told {heard:f} of {filled:f} filled contracts"
        return report_on(order, OrderState.UNKNOWN, why, filled)
    if report.state is OrderState.REJECTED and (filled > ZERO or order.state in _WAS_TAKEN):
        return report_on(order, OrderState.CANCELLED, f"rejected after it was taken: {report.reason}", filled)
    return report_on(order, report.state, report.reason, filled)


_WAS_TAKEN = frozenset({OrderState.OPEN, OrderState.CANCELLING})


def report_on(order: WorkingOrder, state: OrderState, reason: str, filled: Contracts) -> OrderReport:
    """Put what is known of an order into a report."""
    return OrderReport(
        client_order_id=order.request.client_order_id,
        symbol=order.request.symbol,
        state=state,
        filled=filled,
        reason=reason,
    )


def late_state(state: OrderState, filled: Contracts, asked: Contracts) -> OrderState:
    """Give the state of an order that had ended, once another fill of it was heard (I1).

    One that was cancelled may turn out filled; what was rejected and filled stays rejected, and is an incident.
    """
    return OrderState.FILLED if state is OrderState.CANCELLED and filled >= asked else state


def count_setback(
    before: Setback | None, order: WorkingOrder, then: OrderState, at_ms: int
) -> Setback | None:
    """Count an order that comes into the state ``then`` among its contract's rejections in a row; None if there are none.

    An order that never left, or whose fate is open, says nothing about the venue's mind.
    """
    if then is OrderState.REJECTED:
        count = 1 if before is None else before.count + 1
        return Setback(symbol=order.request.symbol, count=count, last_at_ms=at_ms)
    taken = then is OrderState.OPEN or (then in DONE and order.state is not OrderState.PLANNED)
    return None if taken else before


def absent(order: WorkingOrder, at_ms: int, rules: BooksRules) -> bool:
    """Whether an order that no record knows may be taken as never placed (I3).

    Only after a while, and only if positions agree with the books by two sources. An immediate-or-cancel order cannot
    rest: it has moved the position soon, or never. An order that may rest is looked for until venues that do not find a
    fresh order have had their time. If it turns up after all, it is a stray order and is taken back at once.
    """
    crossing = order.request.time_in_force is TimeInForce.IOC
    seconds = rules.absent_crossing_seconds if crossing else rules.absent_resting_seconds
    return order.state is OrderState.UNKNOWN and at_ms - order.since_ms > seconds * 1000


def overdue(working: Iterable[WorkingOrder], at_ms: int, unknown_ms_max: int) -> tuple[Incident, ...]:
    """Name orders whose fate has been open for too long (I3): they still block, and a person is called."""
    return tuple(
        Incident(
            kind="unknown_order",
            key=order.request.client_order_id,
            symbol=order.request.symbol,
            text=(
                f"The fate of order {order.request.client_order_id} ({order.request.side} {order.request.contracts:f}"
                f" {order.request.symbol}) has been open for {(at_ms - order.since_ms) // 1000} s, and nothing is sent"
                " in its contract until it is known. Look for it at the venue; if it does not stand there, stop the bot"
                f" and say so with `hedgerow settle {order.request.client_order_id} --gone`."
            ),
        )
        for order in working
        if order.state is OrderState.UNKNOWN and at_ms - order.since_ms > unknown_ms_max
    )


# --- positions (I1) ------------------------------------------------------------------------------------------


@record
class Difference:
    """A position that is not what the books expect, and not what our orders may have made of it meanwhile either."""

    symbol: str
    expected: Contracts
    actual: Contracts
    entry_price: Price
    """The venue's average entry; 0 when flat."""
    open_fates: tuple[str, ...]
    """Orders of ours that may have filled without having been heard: while there are any, nothing can be re-based."""

    @property
    def moved(self) -> Contracts:
        """Signed contracts by which it moved."""
        return Contracts(self.actual - self.expected)


def differences(
    held: Mapping[str, Contracts],
    working: Sequence[WorkingOrder],
    heard: Callable[[str], Contracts],
    positions: Sequence[Position],
) -> tuple[Difference, ...]:
    """Compare every position with the fills and re-basings of the books (I1).

    What an order is reported to have filled, and its fills are not heard yet, may or may not show in the position; so may
    all that an order may still fill whose fate is open.
    """
    actual = {position.symbol: position.contracts for position in positions if position.contracts != ZERO}
    entries = {position.symbol: position.entry_price for position in positions}
    found = []
    for symbol in sorted(held.keys() | actual.keys()):
        expected, there = held.get(symbol, Contracts(ZERO)), actual.get(symbol, Contracts(ZERO))
        if expected == there:
            continue
        low = high = expected
        fates = []
        for order in working:
            span = _unheard(order, heard) if order.request.symbol == symbol else Contracts(ZERO)
            if span > ZERO:
                fates.append(order.request.client_order_id)
                low = Contracts(low - span) if order.request.side is Side.SELL else low
                high = Contracts(high + span) if order.request.side is Side.BUY else high
        if not low <= there <= high:
            entry = entries.get(symbol, Price(ZERO))
            found.append(
                Difference(
                    symbol=symbol, expected=expected, actual=there, entry_price=entry, open_fates=tuple(fates)
                )
            )
    return tuple(found)


def _unheard(order: WorkingOrder, heard: Callable[[str], Contracts]) -> Contracts:
    """Contracts an order may have filled that nobody told us of."""
    told = heard(order.request.client_order_id)
    most = order.request.contracts if order.state in BLOCKING else order.filled
    return Contracts(max(most - told, ZERO))


def moved(difference: Difference, at_ms: int) -> Incident:
    """Name a position that moved without a fill, and re-base the books on it."""
    symbol, expected, actual = difference.symbol, difference.expected, difference.actual
    return Incident(
        kind="position_moved",
        key=f"{symbol} {expected:f} {actual:f} {at_ms}",
        symbol=symbol,
        text=(
            f"The position of {symbol} is {actual:f} contracts at the venue and {expected:f} by our fills: it was there"
            " before us, was settled, deleveraged or liquidated, or a person traded. The books take it over as it is,"
            " and the hedge is sized anew. If it was not you, look at the account."
        ),
        rebased=difference.moved,
        entry_price=difference.entry_price,
    )


def foreign_fills(
    fills: Iterable[Fill], state_of: Callable[[str], OrderState | None]
) -> tuple[Incident, ...]:
    """Name fills that no order of ours explains, one incident for a contract (I1).

    They are fills of orders the books do not know (liquidation, deleveraging, a person, a stray of ours) and of orders the
    venue had said to have rejected. They are in the sum of fills already, so that nothing is re-based.
    """
    strange: dict[str, list[Fill]] = {}
    for fill in fills:
        if fill.client_order_id == SETTLEMENT_ID:
            continue
        if state_of(fill.client_order_id) in {None, OrderState.REJECTED}:
            strange.setdefault(fill.symbol, []).append(fill)
    return tuple(_foreign_fill(symbol, of_symbol) for symbol, of_symbol in strange.items())


def _foreign_fill(symbol: str, fills: list[Fill]) -> Incident:
    signed = sum([fill.side.sign * fill.contracts for fill in fills], ZERO)
    names = sorted({fill.client_order_id or "without a name" for fill in fills})
    return Incident(
        kind="foreign_fill",
        key=f"{symbol} {fills[0].fill_id}",
        symbol=symbol,
        text=(
            f"{len(fills)} fill(s) moved the position of {symbol} by {signed:+f} contracts, and no order that our books"
            f" have as taken explains them ({', '.join(names)}). The hedge is sized anew. If it was not you, look at the"
            " account."
        ),
    )


# --- orders that are not in the books (I2) -------------------------------------------------------------------


def is_ours(client_order_id: str) -> bool:
    """Whether an order bears our prefix."""
    return client_order_id.startswith(f"{ID_PREFIX}-")


def strays(open_orders: Iterable[OrderReport], working: Iterable[WorkingOrder]) -> tuple[OrderReport, ...]:
    """List open orders that bear our prefix and do not work by our books (I2)."""
    expected = {order.request.client_order_id for order in working}
    return tuple(
        report
        for report in open_orders
        if is_ours(report.client_order_id) and report.client_order_id not in expected
    )


def stray(report: OrderReport, *, ended: bool, adopted: bool) -> Incident:
    """Name an open order that bears our prefix; ``ended`` says whether the books have it as done, or not at all."""
    why = "which had ended by our books" if ended else "which is not in our books"
    fate = "is taken into them" if adopted else "is taken back"
    return Incident(
        kind="stray_order",
        key=report.client_order_id,
        symbol=report.symbol,
        text=(
            f"Order {report.client_order_id} stands open in {report.symbol} under our prefix, {why}; it {fate}. If another"
            " Hedgerow trades on this account, stop one of them."
        ),
    )


def foreign_orders(open_orders: Iterable[OrderReport]) -> tuple[Incident, ...]:
    """Name open orders that are not ours; they are left alone (I2)."""
    return tuple(
        Incident(
            kind="foreign_order",
            key=report.client_order_id,
            symbol=report.symbol,
            text=(
                f"Order {report.client_order_id} stands open in {report.symbol} and is not ours: it is left alone, and what"
                " it fills will be hedged away. Trade by hand on another account."
            ),
        )
        for report in open_orders
        if not is_ours(report.client_order_id)
    )


# --- contracts -----------------------------------------------------------------------------------------------


def changed_terms(old: Contract, new: Contract) -> Incident | None:
    """Name what changed about a contract that our sizes and prices rest on; None if nothing did."""
    changed = [
        f"{name} was {_plain(getattr(old, name, None))} and is {_plain(getattr(new, name, None))}"
        for name in TERMS
        if getattr(old, name, None) != getattr(new, name, None)
    ]
    if not changed:
        return None
    what = ", ".join(changed)
    return Incident(
        kind="contract_changed",
        key=f"{new.symbol} {what}",
        symbol=new.symbol,
        text=(
            f"The terms of {new.symbol} changed: {what}. Nothing is decided until a person has looked at it; then start"
            " once with --accept-terms."
        ),
    )


def _plain(term: object) -> str:
    return "nothing" if term is None else str(term)


def in_status(contract: Contract, status: Literal["halted", "delisted"]) -> Contract:
    """Give a contract with the status the venue has put it in."""
    return replace(contract, status=status)


def owner(symbol: str, hedges: Iterable[HedgeRules]) -> HedgeRules | None:
    """Find the hedge that trades in a contract: a dated hedge trades in all of its family."""
    for hedge in hedges:
        if hedge.symbol == (symbol if not hedge.kind.dated else family_of(symbol)):
            return hedge
    return None
