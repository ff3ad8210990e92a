"""Hedges from flat to flat: what each was entered at, how large it became, what it earned and cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from bot.core.books import Incident
from bot.core.instruments import Contract, family_of
from bot.core.positions import fill as filled
from bot.core.reports import Fill, Payment
from bot.core.values import ZERO, Coins, Money, Price, record

ROLL_MS = 600_000
"""How long a roll may lie between two contracts and still be one hedge."""


@record
class Episode:
    """One hedge, from its first contract to its last; money in settlement currency."""

    family: str
    symbols: tuple[str, ...]
    """The contracts it lay in, in order."""
    opened_ms: int
    closed_ms: int | None
    """None while it is open."""
    first_order: str
    last_order: str
    """Client order ids; of a settlement the venue's word for it."""
    contract_size: Decimal
    """Coins (linear) or quote currency (inverse) of a contract."""
    linear: bool
    settle: str
    coins_max: Coins
    """The most it ever sold, in coins at the prices of its fills."""
    entry_price: Price
    """Average price of all that was sold into it: weighted by coins (linear) or by dollars (inverse)."""
    exit_price: Price | None
    """The same of all that was bought back; None if nothing was."""
    realised: Money
    funding: Money
    """Received is positive."""
    fees: Money
    """Paid is positive."""


@dataclass
class _Open:
    """An episode while it is walked through."""

    opened_ms: int
    first_order: str
    last_order: str = ""
    held: dict[str, Decimal] = field(default_factory=dict)
    costs: dict[str, Money] = field(default_factory=dict)
    sides: dict[int, list[tuple[Decimal, Decimal]]] = field(default_factory=lambda: {-1: [], 1: []})
    """By sign of the trade: sizes and prices."""
    coins_max: Decimal = ZERO
    realised: Decimal = ZERO
    funding: Decimal = ZERO
    fees: Decimal = ZERO
    closed_ms: int | None = None
    """Since when it is flat; None while it is not."""

    def ended(self, at_ms: int, symbol: str) -> bool:
        """Whether what comes now is another hedge: not so between the legs of a roll, when it lies nowhere for a moment."""
        if self.closed_ms is None:
            return False
        return at_ms > self.closed_ms + ROLL_MS or symbol in self.held


Told = Fill | Payment | tuple[Incident, int]
"""What was heard of an account; an incident with its time."""


def episodes_of(told: Iterable[Told], contract_of: Callable[[str], Contract]) -> tuple[Episode, ...]:
    """Walk through what was heard, in the order of its times, and cut it where a family of contracts is flat."""
    opened: dict[str, _Open] = {}
    done: list[Episode] = []
    for one in sorted(told, key=_at_ms):
        symbol = one[0].symbol if isinstance(one, tuple) else one.symbol
        if symbol is None:
            continue
        family = family_of(symbol)
        if isinstance(one, Payment):
            if family in opened and opened[family].closed_ms is None:
                _pay(opened[family], one)
            continue
        now = opened.get(family)
        if now is not None and now.ended(_at_ms(one), symbol):
            done.append(_episode(family, opened.pop(family), contract_of))
            now = None
        if now is None:
            first = one.client_order_id if isinstance(one, Fill) else "taken over"
            now = opened[family] = _Open(opened_ms=_at_ms(one), first_order=first)
        _move(now, one, contract_of(symbol))
        now.closed_ms = None if any(now.held.values()) else _at_ms(one)
    done += [_episode(family, now, contract_of) for family, now in opened.items()]
    return tuple(sorted(done, key=lambda one: one.opened_ms))


def _at_ms(one: Told) -> int:
    return one[1] if isinstance(one, tuple) else one.at_ms


def _pay(now: _Open, payment: Payment) -> None:
    if payment.kind == "funding":
        now.funding += payment.amount
    elif payment.kind == "liquidation":
        now.realised += payment.amount


def _move(now: _Open, one: Fill | tuple[Incident, int], contract: Contract) -> None:
    """Let a fill, or contracts taken over without one, move the position."""
    held, cost = now.held.get(contract.symbol, ZERO), now.costs.get(contract.symbol, Money(ZERO))
    if isinstance(one, tuple):
        now.held[contract.symbol] = held + one[0].rebased
        return
    signed = one.side.sign * one.contracts
    after = filled(contract, held, cost, signed, one.price)
    now.held[contract.symbol], now.costs[contract.symbol] = after.contracts, after.cost
    now.realised += after.realised if one.realised_pnl is None else one.realised_pnl
    now.fees += one.fee
    now.last_order = one.client_order_id
    now.sides[one.side.sign].append((abs(contract.size(one.contracts)), one.price))
    short = -contract.coins(after.contracts, one.price)
    now.coins_max = max(now.coins_max, short)


def _episode(family: str, now: _Open, contract_of: Callable[[str], Contract]) -> Episode:
    contract = contract_of(next(iter(now.held)))
    return Episode(
        family=family,
        symbols=tuple(now.held),
        opened_ms=now.opened_ms,
        closed_ms=now.closed_ms,
        first_order=now.first_order,
        last_order=now.last_order,
        contract_size=contract.contract_size,
        linear=contract.linear,
        settle=contract.settle,
        coins_max=Coins(now.coins_max),
        entry_price=_average(now.sides[-1], linear=contract.linear) or Price(ZERO),
        exit_price=_average(now.sides[1], linear=contract.linear),
        realised=Money(now.realised),
        funding=Money(now.funding),
        fees=Money(now.fees),
    )


def _average(trades: Sequence[tuple[Decimal, Decimal]], *, linear: bool) -> Price | None:
    """Average price: weighted by size, or of an inverse contract harmonic (reference section 2)."""
    size = sum((one for one, _ in trades), ZERO)
    if not size:
        return None
    if linear:
        return Price(sum((one * price for one, price in trades), ZERO) / size)
    return Price(size / sum((one / price for one, price in trades), ZERO))
