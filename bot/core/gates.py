"""The gates an order passes, one by one: a measured figure, a limit, how many contracts may pass, and the remedy.

An order that adds exposure is judged by the account *after* it, at today's marks and under a shock, and shrunk to the
largest whole step that passes. An order that reduces is stopped by nothing that is meant for increases: it passes the
gates of :func:`reducing` only (invariant I5 leaves the way out open).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from bot.core.forecast import Change, Forecast, doubt_of, forecast
from bot.core.instruments import Contract
from bot.core.ladder import stop_limits
from bot.core.memory import State
from bot.core.orders import OrderRequest, OrderState
from bot.core.rules import GuardRules, RiskRules
from bot.core.snapshot import Quote, Snapshot
from bot.core.values import ONE, ZERO, Contracts, floor_to_step, record

MS = Decimal(1000)
HOUR_MS = 3_600_000

Gate = Literal[
    "quote_age",
    "order_notional",
    "price_collar",
    "instrument_status",
    "guard_state",
    "unknown_orders",
    "balance_age",
    "clock_skew",
    "orders_per_minute",
    "basis",
    "depeg",
    "tiers_age",
    "position_notional",
    "open_interest",
    "leverage",
    "margin_ratio",
    "margin_shocked",
    "liquidation_distance",
    "venue_minimum",
]

REMEDIES: dict[Gate, str] = {
    "quote_age": "wait for a fresh quote; if none comes, look at the venue's market data",
    "order_notional": "the rest follows with the next order; raise risk.order_notional_max for larger ones",
    "price_collar": "the book is far from mark and index: wait, or widen risk.price_collar",
    "instrument_status": "wait until the venue trades the contract again",
    "guard_state": "see the causes in `hedgerow guard`; a person's freeze ends with `hedgerow resume`",
    "unknown_orders": "look for the order at the venue; if it is not there, `hedgerow settle ORDER --gone`",
    "balance_age": "wait for a fresh reading of the account",
    "clock_skew": "set this machine's clock right",
    "orders_per_minute": "wait a minute; if it comes again, look for what moves the hedge",
    "basis": "mark and index are far apart: wait, or widen risk.basis_max",
    "depeg": "the settlement coin has left its peg: wait, or widen risk.depeg_max",
    "tiers_age": "the venue's table of tiers could not be read for a while: look at the connection",
    "position_notional": "raise risk.position_notional_max, or hedge a part",
    "open_interest": "hedge in a contract with more open interest, or raise risk.open_interest_share_max",
    "leverage": "bring margin into the futures wallet",
    "margin_ratio": "bring margin into the futures wallet",
    "margin_shocked": "bring margin into the futures wallet: it would not stand the configured shock",
    "liquidation_distance": "bring margin into the futures wallet",
    "venue_minimum": "what is left is below the venue's smallest order, and is left alone",
}

BY_PRICE = frozenset(
    {
        "position_notional",
        "open_interest",
        "leverage",
        "margin_ratio",
        "margin_shocked",
        "liquidation_distance",
        "venue_minimum",
    }
)
"""Gates whose answer changes with prices and nothing else: what they refuse is refused again while no price moves."""


@record
class Verdict:
    """What one gate said: the figure after the order as asked, its limit, and how many contracts may pass."""

    gate: Gate
    passed: bool
    figure: Decimal | None
    """None where there is nothing to measure: no equity, no price that liquidates, no word of the venue."""
    limit: Decimal
    contracts_allowed: Contracts
    remedy: str = ""
    """What a person can do about it; empty if it passed."""


@record
class Papers:
    """What a gate looks at."""

    snapshot: Snapshot
    risk: RiskRules
    guard: GuardRules
    state: State
    wish: OrderRequest

    @property
    def contract(self) -> Contract:
        """The contract of the wish."""
        return self.snapshot.contract(self.wish.symbol)

    @property
    def quote(self) -> Quote:
        """Its quote."""
        return self.snapshot.quote(self.wish.symbol)


def reducing(papers: Papers) -> list[Verdict]:
    """Judge what any order is judged by."""
    return [_quote_age(papers), _order_notional(papers), _price_collar(papers), _status(papers)]


def restoring(papers: Papers) -> list[Verdict]:
    """Judge what is besides asked of an order that restores what a clip's other leg has closed.

    By limits of its contract and by the leverage the venue itself will not exceed, not by our margin limits: on balance it
    adds nothing, and bare coins would be worse. Asked before the first leg moves, it keeps a clip from being cut in two.
    """
    venue = Limit(
        gate="leverage", limit=papers.snapshot.leverage, figure=lambda after: after.account.leverage
    )
    limits = _contract_limits(papers) + ((venue,) if papers.snapshot.margin_mode == "cross" else ())
    return [_unknown_orders(papers), *_after(papers, limits)]


def adding(papers: Papers) -> list[Verdict]:
    """Judge what only an order that adds exposure is judged by."""
    return [
        _guard_state(papers),
        _unknown_orders(papers),
        _balance_age(papers),
        _clock_skew(papers),
        _orders_per_minute(papers),
        _basis(papers),
        _depeg(papers),
        _tiers_age(papers),
        *_after(papers, _contract_limits(papers) + _margin_limits(papers)),
    ]


def verdict(
    gate: Gate, wish: OrderRequest, figure: Decimal | None, limit: Decimal, allowed: Contracts
) -> Verdict:
    """Put a gate's word together."""
    passed = allowed == wish.contracts
    return Verdict(
        gate=gate,
        passed=passed,
        figure=figure,
        limit=limit,
        contracts_allowed=allowed,
        remedy="" if passed else REMEDIES[gate],
    )


def _flat(gate: Gate, papers: Papers, figure: Decimal | None, limit: Decimal) -> Verdict:
    """Judge by a figure that no smaller order would change; without a figure there is nothing to object to."""
    passed = figure is None or figure <= limit
    return verdict(gate, papers.wish, figure, limit, papers.wish.contracts if passed else Contracts(ZERO))


# --- any order ------------------------------------------------------------------------------------------------


def quote_age_seconds(snapshot: Snapshot, quote: Quote) -> Decimal:
    """Age of a quote; negative when its clock runs ahead of ours."""
    return (snapshot.at_ms - quote.at_ms) / MS


def _quote_age(papers: Papers) -> Verdict:
    age = quote_age_seconds(papers.snapshot, papers.quote)
    return _flat("quote_age", papers, abs(age), papers.risk.quote_age_seconds_max)


def _order_notional(papers: Papers) -> Verdict:
    """Shrink an order to the cap; what remains is the next order's."""
    wish, cap, contract = papers.wish, papers.risk.order_notional_max, papers.contract
    if wish.limit_price is None:
        return verdict("order_notional", wish, ZERO, cap, Contracts(ZERO))
    one = contract.notional(ONE, wish.limit_price)
    allowed = Contracts(floor_to_step(cap / one, contract.contracts_step))
    figure = contract.notional(wish.contracts, wish.limit_price)
    return verdict("order_notional", wish, figure, cap, min(allowed, wish.contracts))


def _price_collar(papers: Papers) -> Verdict:
    """Refuse a price far on the wrong side: below mark and index for a sale, above them for a purchase.

    What reduces is held to the mark only: a basis must not keep a hedge from being closed.
    """
    wish, quote = papers.wish, papers.quote
    if wish.limit_price is None:
        return _flat("price_collar", papers, None, papers.risk.price_collar)
    fair = [quote.mark] if wish.reduce_only else [quote.mark, quote.index]
    away = max(wish.side.sign * (wish.limit_price / price - ONE) for price in fair)
    return _flat("price_collar", papers, away, papers.risk.price_collar)


def _status(papers: Papers) -> Verdict:
    off = ZERO if papers.contract.status == "trading" else ONE
    return _flat("instrument_status", papers, off, ZERO)


# --- what adds: by the state of the world ----------------------------------------------------------------------


def _guard_state(papers: Papers) -> Verdict:
    """Add nothing in any state but NORMAL (I5)."""
    rank = Decimal(list(State).index(papers.state))
    return _flat("guard_state", papers, rank, ZERO)


def _unknown_orders(papers: Papers) -> Verdict:
    """Add nothing anywhere while the fate of an order has been open for too long: a person has to look (I3)."""
    snapshot = papers.snapshot
    lost = [order.since_ms for order in snapshot.working if order.state is OrderState.UNKNOWN]
    age = (snapshot.at_ms - min(lost)) / MS if lost else ZERO
    return _flat("unknown_orders", papers, age, papers.risk.unknown_seconds_max)


def _balance_age(papers: Papers) -> Verdict:
    at_ms = papers.snapshot.account_at_ms
    age = None if at_ms is None else (papers.snapshot.at_ms - at_ms) / MS
    return _flat("balance_age", papers, age, papers.risk.balance_age_seconds_max)


def _clock_skew(papers: Papers) -> Verdict:
    ahead = -quote_age_seconds(papers.snapshot, papers.quote)
    return _flat("clock_skew", papers, ahead, papers.risk.clock_skew_seconds_max)


def _orders_per_minute(papers: Papers) -> Verdict:
    sent = Decimal(papers.snapshot.orders_last_minute + 1)
    return _flat("orders_per_minute", papers, sent, Decimal(papers.risk.orders_per_minute_max))


def _basis(papers: Papers) -> Verdict:
    basis = abs(papers.quote.mark / papers.quote.index - ONE)
    return _flat("basis", papers, basis, papers.risk.basis_max)


def _depeg(papers: Papers) -> Verdict:
    settle = papers.contract.settle
    away = [abs(peg.price - ONE) for peg in papers.snapshot.pegs if peg.asset == settle]
    return _flat("depeg", papers, max(away, default=None), papers.risk.depeg_max)


def _tiers_age(papers: Papers) -> Verdict:
    at_ms = papers.contract.tiers_at_ms
    hours = None if at_ms is None else Decimal(papers.snapshot.at_ms - at_ms) / HOUR_MS
    return _flat("tiers_age", papers, hours, papers.risk.tiers_age_hours_max)


# --- what adds: by the account after it ------------------------------------------------------------------------

Figure = Callable[[Forecast], Decimal | None]
"""Reads one figure off a forecast; None means "no equity" or "never liquidated"."""


@record
class Limit:
    """One limit on the account after an order."""

    gate: Gate
    limit: Decimal
    figure: Figure
    most: bool = True
    """Whether the figure may be at most the limit, or at least."""


def _after(papers: Papers, limits: tuple[Limit, ...]) -> list[Verdict]:
    """Judge by the account after the order, shrinking it to the largest size each limit allows.

    Working orders of the same contract that add count as filled at the order's price: in flight is exposure.
    """
    snapshot, wish, contract = papers.snapshot, papers.wish, papers.contract
    price, sign = wish.limit_price or papers.quote.mark, wish.side.sign
    counted = snapshot.flying(wish.symbol, sign)
    doubt = doubt_of(snapshot, wish.symbol)

    def after(contracts: Decimal) -> Forecast:
        change = Change(symbol=wish.symbol, signed=counted + sign * contracts, price=price)
        return forecast(snapshot, wish.symbol, change, doubt=doubt)

    asked = after(wish.contracts)
    verdicts = []
    for one in limits:

        def passes(contracts: Decimal, one: Limit = one) -> bool:
            state = asked if contracts == wish.contracts else after(contracts)
            return within(one.figure(state), one.limit, most=one.most)

        allowed = largest(wish.contracts, contract.contracts_step, passes)
        verdicts.append(verdict(one.gate, wish, one.figure(asked), one.limit, allowed))
    return verdicts


def _contract_limits(papers: Papers) -> tuple[Limit, ...]:
    """List the limits on the position in one contract."""
    contract, mark = papers.contract, papers.quote.mark

    def notional(after: Forecast) -> Decimal:
        return ZERO if after.stake is None else contract.notional(after.stake.contracts, mark)

    cap = papers.risk.position_notional_max
    return (*_open_interest(papers), Limit(gate="position_notional", limit=cap, figure=notional))


def _margin_limits(papers: Papers) -> tuple[Limit, ...]:
    """List the limits on the account's margin after an order that adds."""
    contract, risk = papers.contract, papers.risk
    ratio, distance = stop_limits(papers.guard, papers.snapshot, contract.settle)
    leverage = risk.leverage_max if contract.linear else risk.leverage_inverse_max
    return (
        Limit(gate="leverage", limit=leverage, figure=lambda after: after.account.leverage),
        Limit(gate="margin_ratio", limit=ratio, figure=lambda after: after.pool.ratio),
        Limit(gate="margin_shocked", limit=ratio, figure=_shocked(papers)),
        Limit(
            gate="liquidation_distance",
            limit=distance,
            figure=lambda after: after.pool.reach().distance,
            most=False,
        ),
    )


def _shocked(papers: Papers) -> Figure:
    """Read the margin ratio after every price has moved against the order by its coin's shock."""
    sign = -papers.wish.side.sign

    def moved(asset: str) -> Decimal:
        return ONE + sign * papers.risk.shock_of(asset)

    return lambda after: after.pool.moved(moved).ratio


def _open_interest(papers: Papers) -> tuple[Limit, ...]:
    """Limit the share of all open contracts, where the venue tells how many there are."""
    found = [one.open_interest for one in papers.snapshot.turnovers if one.symbol == papers.wish.symbol]
    if not found or found[0] <= ZERO:
        return ()
    everything = found[0]

    def share(after: Forecast) -> Decimal:
        return ZERO if after.stake is None else abs(after.stake.contracts) / everything

    return (Limit(gate="open_interest", limit=papers.risk.open_interest_share_max, figure=share),)


def within(figure: Decimal | None, limit: Decimal, *, most: bool) -> bool:
    """Whether a figure keeps its limit: at most it, or at least it. No equity fails, no liquidation price passes."""
    if figure is None:
        return not most
    return figure <= limit if most else figure >= limit


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


# --- the venue's own -------------------------------------------------------------------------------------------


def venue_minimum(papers: Papers, size: Contracts) -> Verdict:
    """Refuse what the venue would: less than its smallest order. A reducing order is exempt from the notional rule."""
    contract, wish = papers.contract, papers.wish
    enough = size >= max(contract.contracts_min, contract.contracts_step)
    if not wish.reduce_only:
        enough = enough and contract.notional(size, wish.limit_price or ONE) >= contract.notional_min
    return Verdict(
        gate="venue_minimum",
        passed=enough,
        figure=size,
        limit=contract.contracts_min,
        contracts_allowed=size if enough else Contracts(ZERO),
        remedy="" if enough else REMEDIES["venue_minimum"],
    )
