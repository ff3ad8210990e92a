"""The margin of an account: what backs its positions, what they must keep, how far prices are from taking it.

Everything is reckoned in *settlement value*. A position that is worth v at today's mark is worth v x when its value has
moved by the multiple x, and has gained ``gain (v x - cost)``, whatever its payoff: a linear value moves with the price, an
inverse one, in coins, with its reciprocal. All prices of an account are taken to move together: that is how a hedge dies.

Equity less maintenance is then a concave function of x, made of straight lines (reference section 5.1: maintenance is the
largest of its tiers' lines), so that liquidation is found exactly, by Newton's steps from outside, without a search.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from bot.core.instruments import Contract, MarginRule, tier_fault
from bot.core.positions import gain_of
from bot.core.values import ONE, ZERO, record

Line = tuple[Decimal, Decimal]
"""``a`` and ``b`` of the line ``a x + b``, x being the multiple by which values have moved."""


@record
class Stake:
    """One position, in settlement currency."""

    contract: Contract
    contracts: Decimal
    """Signed."""
    cost: Decimal
    """Value it was entered at."""
    value: Decimal
    """Value at the mark."""

    @property
    def gain(self) -> int:
        """+1 if it gains as its value rises, -1 if it loses: a linear short loses, an inverse short gains."""
        return gain_of(self.contract, self.contracts)

    @property
    def profit(self) -> Decimal:
        """Unrealised."""
        return self.gain * (self.value - self.cost)

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin; 0 in a contract whose tiers are unknown."""
        return sum(_highest(self.lines(), ONE), ZERO)

    def lines(self) -> tuple[Line, ...]:
        """Give the lines whose highest is its maintenance, the steepest last: one a tier."""
        if tier_fault(self.contract.tiers):
            return ((ZERO, ZERO),)
        if self.contract.margin_rule is MarginRule.ENTRY:
            return ((ZERO, self.contract.maintenance_on(self.cost)),)
        return tuple(
            (tier.maintenance_rate * self.value, -tier.maintenance_amount) for tier in self.contract.tiers
        )


def _highest(lines: tuple[Line, ...], x: Decimal) -> Line:
    """Give the line that is highest at ``x``."""
    if len(lines) == 1:
        return lines[0]
    best, top = lines[0], lines[0][0] * x + lines[0][1]
    for line in lines[1:]:
        here = line[0] * x + line[1]
        if here > top:
            best, top = line, here
    return best


@record
class Reach:
    """How far prices may move together: multiples of today's, None where no price is far enough."""

    down: Decimal | None
    """At most 1."""
    up: Decimal | None
    """At least 1."""

    @property
    def distance(self) -> Decimal | None:
        """The nearer of the two, as a share of today's price; None if neither is reached, 0 if we are there."""
        found = [] if self.up is None else [self.up - ONE]
        found += [] if self.down is None else [ONE - self.down]
        return min(found, default=None)


THERE = Reach(down=ONE, up=ONE)
"""It is reached already."""
NOWHERE = Reach(down=None, up=None)


@record
class Collateral:
    """Coins of another kind that back positions, in a unified account (reference section 5.7)."""

    asset: str
    value: Decimal
    """Settlement currency, at today's index, after the haircut; it moves with the coin's price."""


@record
class Pool:
    """Positions, and what backs them together: the whole wallet in cross mode, one position's own margin in isolated."""

    cash: Decimal
    """Settlement currency, realised."""
    collaterals: tuple[Collateral, ...]
    stakes: tuple[Stake, ...]
    linear: bool

    @property
    def collateral(self) -> Decimal:
        """Value of other coins."""
        return sum((one.value for one in self.collaterals), ZERO)

    @property
    def equity(self) -> Decimal:
        """Cash, collateral and unrealised profit."""
        return self.cash + self.collateral + sum((stake.profit for stake in self.stakes), ZERO)

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin of all positions."""
        return sum((stake.maintenance for stake in self.stakes), ZERO)

    @property
    def value(self) -> Decimal:
        """Value of all positions."""
        return sum((stake.value for stake in self.stakes), ZERO)

    @property
    def ratio(self) -> Decimal | None:
        """Maintenance over equity, 1 is liquidation; None when there is no equity."""
        return self.maintenance / self.equity if self.equity > ZERO else None

    @property
    def leverage(self) -> Decimal | None:
        """Value over equity; None when there is no equity."""
        return self.value / self.equity if self.equity > ZERO else None

    def moved(self, multiple: Callable[[str], Decimal]) -> "Pool":
        """Show the pool after the price of each coin has moved by a multiple."""
        stakes = tuple(
            replace(stake, value=stake.value * _value_multiple(stake.contract, multiple(stake.contract.base)))
            for stake in self.stakes
        )
        collaterals = tuple(replace(one, value=one.value * multiple(one.asset)) for one in self.collaterals)
        return replace(self, stakes=stakes, collaterals=collaterals)

    def backing(self, x: Decimal) -> Decimal:
        """Give the cash with which equity would equal maintenance if values had moved by ``x``."""
        slope, constant = _shortfall(self._lines(), x, self._equity_line())
        return self.cash + slope * x + constant

    def reach(self, ratio: Decimal = ONE) -> Reach:
        """Say how far prices may move together until maintenance is ``ratio`` of equity: 1 is liquidation."""
        slope, start = self._equity_line()
        if not self.stakes:
            return THERE if slope + start < ZERO else NOWHERE
        equity, kinked = (ratio * slope, ratio * start), self._lines()
        a, b = _shortfall(kinked, ONE, equity)
        if a + b >= ZERO:
            return THERE
        above, below = _root_above(kinked, equity), _root_below(kinked, equity)
        if self.linear:
            return Reach(down=below, up=above)
        return Reach(down=None if above is None else ONE / above, up=None if below is None else ONE / below)

    def _lines(self) -> list[tuple[Line, ...]]:
        """Give the lines of every position's maintenance."""
        return [stake.lines() for stake in self.stakes]

    def _equity_line(self) -> Line:
        """Give the line that equity lies on."""
        slope, start = self.collateral, self.cash
        for stake in self.stakes:
            gain = stake.gain
            slope += gain * stake.value
            start -= gain * stake.cost
        return slope, start


def _shortfall(kinked: list[tuple[Line, ...]], x: Decimal, equity: Line) -> Line:
    """Give the line of maintenance less equity that is in force at ``x``."""
    return _less([_highest(lines, x) for lines in kinked], equity)


def _root_above(kinked: list[tuple[Line, ...]], equity: Line) -> Decimal | None:
    """Find the multiple above 1 at which the shortfall is zero: from beyond it, down a convex curve.

    The curve lies above its steepest line, so that the line's root lies beyond the curve's.
    """
    slope, constant = _less([lines[-1] for lines in kinked], equity)
    if slope <= ZERO:
        return None
    x = max(-constant / slope, ONE)
    while True:
        slope, constant = _shortfall(kinked, x, equity)
        nearer = -constant / slope
        if nearer >= x:
            return x
        x = nearer


def _root_below(kinked: list[tuple[Line, ...]], equity: Line) -> Decimal | None:
    """Find the multiple below 1 at which the shortfall is zero: from zero, up to a convex curve's first root."""
    x = ZERO
    if _shortfall(kinked, x, equity)[1] <= ZERO:
        return None
    while True:
        slope, constant = _shortfall(kinked, x, equity)
        nearer = -constant / slope
        if nearer <= x:
            return x
        x = nearer


def _less(lines: list[Line], equity: Line) -> Line:
    """Add lines of maintenance up, and take equity's off."""
    slope, constant = -equity[0], -equity[1]
    for a, b in lines:
        slope += a
        constant += b
    return slope, constant


def _value_multiple(contract: Contract, price: Decimal) -> Decimal:
    return price if contract.linear else ONE / price
