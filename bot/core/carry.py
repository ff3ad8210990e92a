"""Perpetual or dated: what a short earns by carrying its hedge in the one or in the other (reference section 7).

A perpetual pays funding, a positive rate being *received* by the short, and it is not known beforehand: it is charged for how
much it varies. A dated contract pays its basis, locked if it is held to the end. Both are told as money to the dated one's expiry.
What is chosen is kept for a while: it is judged once a day, and left only for more than both legs cost.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Literal

from bot.core.instruments import Contract, DatedFuture, family_of
from bot.core.lookback import settled_among
from bot.core.memory import CarryMemory
from bot.core.rolls import DAY_MS, YEAR_MS, Stage, stage_of
from bot.core.rules import CarryRules, HedgeRules, Kind, RollRules
from bot.core.snapshot import Quote, Snapshot
from bot.core.values import ONE, ZERO, Price, Ratio, record

Side = Literal["perpetual", "dated"]
HORIZON_MS_MIN = 7 * DAY_MS
"""A basis is reckoned over no less than this: a year's rate explodes towards expiry."""
TWO = Decimal(2)


@record
class Carry:
    """What a short would earn up to the dated contract's expiry, as shares of its value; negative is paid."""

    dated: str
    horizon_ms: int
    funding: Ratio
    """Of the perpetual, expected: mean of what was settled, times settlements to come."""
    charge: Ratio
    """For its variance: so many standard deviations of the sum."""
    basis: Ratio
    """Of the dated contract."""
    cost: Ratio
    """Of moving from the one to the other: both taker fees and half spreads."""

    @property
    def advantage(self) -> Ratio:
        """Of the perpetual over the dated contract, before the cost of moving."""
        return Ratio(self.funding - self.charge - self.basis)

    @property
    def better(self) -> Side:
        """Where it earns more."""
        return "perpetual" if self.advantage > ZERO else "dated"

    @property
    def words(self) -> str:
        """Tell both sides."""
        return (
            f"the perpetual earns {self.year(self.funding):.2%} a year, less {self.year(self.charge):.2%} for its"
            f" variance; {self.dated} earns {self.year(self.basis):.2%}"
        )

    def year(self, share: Decimal) -> Decimal:
        """Tell a share up to the horizon as one a year, simple."""
        return share * YEAR_MS / self.horizon_ms


def judged(snapshot: Snapshot, hedge: HedgeRules, roll: RollRules) -> CarryMemory | None:
    """Say in which kind of contract a hedge is to lie, and why; the word of a day ago is kept until a day is over.

    None for a hedge that does not ask.
    """
    if hedge.kind is not Kind.CARRY:
        return None
    at_ms, old = snapshot.at_ms, snapshot.memory.of(hedge.name).carry
    if old is not None and at_ms < old.judged_ms + DAY_MS:
        return old
    lies = _lies_in(snapshot, hedge)
    wants: Side = lies or (old.wants if old is not None else "perpetual")
    found = _carry(snapshot, hedge, roll)
    if isinstance(found, str):
        return _kept(
            old, wants, at_ms, f"{found}: it stays {f'in the {wants}' if lies else 'with the perpetual'}"
        )
    if lies is None:
        return CarryMemory(wants=found.better, since_ms=at_ms, judged_ms=at_ms, words=found.words)
    why_not = _why_not(found, old, wants, at_ms, roll.carry)
    if found.better == wants or why_not:
        return _kept(old, wants, at_ms, f"{found.words}{why_not}")
    words = f"{found.words}; moving costs {found.cost:.2%}"
    return CarryMemory(wants=found.better, since_ms=at_ms, judged_ms=at_ms, words=words)


def _why_not(found: Carry, old: CarryMemory | None, wants: Side, at_ms: int, rules: CarryRules) -> str:
    """Say why a hedge stays although the other kind earns more; empty if it does not, or if nothing keeps it."""
    if found.better == wants:
        return ""
    gain = abs(found.advantage) - found.cost
    if gain < rules.advantage_min * found.horizon_ms / YEAR_MS:
        return f"; moving costs {found.cost:.2%}, and gains too little"
    if old is not None and at_ms < old.since_ms + int(rules.stay_days * DAY_MS):
        return f"; it stays for {rules.stay_days:f} d at least"
    return ""


def _kept(old: CarryMemory | None, wants: Side, at_ms: int, words: str) -> CarryMemory:
    kept = old if old is not None and old.wants == wants else CarryMemory(wants=wants, since_ms=at_ms)
    return replace(kept, judged_ms=at_ms, words=words)


def _lies_in(snapshot: Snapshot, hedge: HedgeRules) -> Side | None:
    """Say in what a hedge lies; what it is on its way to, if it is on its way; None if it is flat."""
    roll = snapshot.memory.of(hedge.name).roll
    if roll is not None:
        return "perpetual" if roll.far == hedge.symbol else "dated"
    held = [
        position.symbol
        for position in snapshot.positions
        if position.contracts != ZERO and family_of(position.symbol) == hedge.symbol
    ]
    if not held:
        return None
    return "dated" if any(symbol != hedge.symbol for symbol in held) else "perpetual"


def _carry(snapshot: Snapshot, hedge: HedgeRules, roll: RollRules) -> Carry | str:
    """Reckon both sides, or say what is missing."""
    rules = roll.carry
    quotes = {quote.symbol: quote for quote in snapshot.quotes}
    dated = _front(snapshot, hedge, roll, quotes)
    perpetual = next((one for one in snapshot.contracts if one.symbol == hedge.symbol), None)
    if dated is None:
        return f"no dated contract of {hedge.symbol} is listed and quoted outside its roll window"
    if perpetual is None or perpetual.symbol not in quotes:
        return f"{hedge.symbol} has no quote"
    told = settled_among(snapshot.settled, hedge.symbol)
    count = 0 if told is None else len(told.rates)
    if told is None or count < rules.average_settlements:
        return f"{rules.average_settlements} settlements are needed, {rules.average_settlements - count} are missing"
    left_ms = dated.expiry_ms - snapshot.at_ms
    horizon_ms = max(left_ms, HORIZON_MS_MIN)
    rates = told.rates[-rules.average_settlements :]
    mean = sum(rates, ZERO) / len(rates)
    spread = (sum(((rate - mean) ** 2 for rate in rates), ZERO) / len(rates)).sqrt()
    settlements = Decimal(horizon_ms) / told.interval_ms
    near, far = quotes[hedge.symbol], quotes[dated.symbol]
    basis = (far.bid / near.index - ONE) * horizon_ms / left_ms - dated.fee_delivery
    return Carry(
        dated=dated.symbol,
        horizon_ms=horizon_ms,
        funding=Ratio(mean * settlements),
        charge=Ratio(rules.risk_charge * spread * settlements.sqrt()),
        basis=Ratio(basis),
        cost=Ratio(_leg(perpetual, near) + _leg(dated, far)),
    )


def _front(
    snapshot: Snapshot, hedge: HedgeRules, roll: RollRules, quotes: dict[str, Quote]
) -> DatedFuture | None:
    """Find the dated contract that is compared: the one that is held, or the nearest outside its window."""
    listed = [
        one
        for one in snapshot.contracts
        if isinstance(one, DatedFuture)
        and one.family == hedge.symbol
        and one.symbol in quotes
        and stage_of(one, snapshot.at_ms, roll, triggered=False) is Stage.HOLD
    ]
    held = [one for one in listed if snapshot.position(one.symbol).contracts != ZERO]
    return min(held or listed, key=lambda one: one.expiry_ms, default=None)


def _leg(contract: Contract, quote: Quote) -> Decimal:
    """Cost of trading one leg across: taker fee and half the spread."""
    mid = Price((quote.bid + quote.ask) / TWO)
    return contract.fee_taker + (quote.ask - quote.bid) / TWO / mid
