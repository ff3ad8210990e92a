"""The margin of an account: what backs its positions, what they must keep, how far prices are from taking it.

Everything is reckoned in *settlement value*. A position that is worth v at today's mark is worth v x when its value has
moved by the multiple x, and has gained ``gain (v x - cost)``, whatever its payoff: a linear value moves with the price, an
inverse one, in coins, with its reciprocal. All prices of an account are taken to move together: that is how a hedge dies.

Equity less maintenance is then a concave function of x, made of straight lines (reference section 5.1: maintenance is the
largest of its tiers' lines), so that liquidation is found exactly, by Newton's steps from outside, without a search.
"""

from collections.abc import Callable, Sequence
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
        return _today(_highest(self.lines(), ONE))

    def lines(self) -> tuple[Line, ...]:
        """Give the lines whose highest is its maintenance, the steepest last: one a tier."""
        if tier_fault(self.contract.tiers):
            return ((ZERO, ZERO),)
        if self.contract.margin_rule is MarginRule.ENTRY:
            return ((ZERO, self.contract.maintenance_on(self.cost)),)
        value = self.value
        return tuple([(one.maintenance_rate * value, -one.maintenance_amount) for one in self.contract.tiers])


def _today(line: Line) -> Decimal:
    """Read a line where nothing has moved."""
    return ZERO + line[0] + line[1]


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
        return self.curve().backing(x)

    def reach(self, ratio: Decimal = ONE) -> Reach:
        """Say how far prices may move together until maintenance is ``ratio`` of equity: 1 is liquidation."""
        return self.curve().reach(ratio)

    def curve(self) -> "Curve":
        """Give the lines on which equity and maintenance lie."""
        kinked = tuple([stake.lines() for stake in self.stakes])
        collateral, profit, slope, debts = self.collateral, ZERO, self.collateral, []
        for stake in self.stakes:
            gain = stake.gain
            profit += gain * (stake.value - stake.cost)
            slope += gain * stake.value
            debts.append(gain * stake.cost)
        return Curve(
            cash=self.cash,
            collateral=collateral,
            profit=profit,
            slope=slope,
            debts=tuple(debts),
            kinked=kinked,
            today=tuple([_highest(lines, ONE) for lines in kinked]),
            linear=self.linear,
        )


@record
class Curve:
    """A pool as lines over the multiple by which values move: made once, asked for several ratios and amounts of cash."""

    cash: Decimal
    collateral: Decimal
    profit: Decimal
    """Unrealised, of all positions."""
    slope: Decimal
    """What equity gains while values rise by themselves once."""
    debts: tuple[Decimal, ...]
    """What each position was entered at, as it is taken off equity: what a short was paid is negative."""
    kinked: tuple[tuple[Line, ...], ...]
    """The lines of each position's maintenance; the highest is in force."""
    today: tuple[Line, ...]
    """Those of them that are in force at today's prices."""
    linear: bool

    @property
    def equity(self) -> Decimal:
        """Cash, collateral and unrealised profit."""
        return self.cash + self.collateral + self.profit

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin of all positions."""
        return sum([_today(line) for line in self.today], ZERO)

    @property
    def ratio(self) -> Decimal | None:
        """Maintenance over equity, 1 is liquidation; None when there is no equity."""
        equity = self.equity
        return self.maintenance / equity if equity > ZERO else None

    def paid(self, amount: Decimal) -> "Curve":
        """Show it after an amount came in, or went out."""
        return replace(self, cash=self.cash + amount)

    def backing(self, x: Decimal) -> Decimal:
        """Give the cash with which equity would equal maintenance if values had moved by ``x``."""
        slope, constant = _shortfall(self.kinked, x, self._equity_line())
        return self.cash + slope * x + constant

    def reach(self, ratio: Decimal = ONE) -> Reach:
        """Say how far prices may move together until maintenance is ``ratio`` of equity: 1 is liquidation."""
        slope, start = self._equity_line()
        if not self.kinked:
            return THERE if slope + start < ZERO else NOWHERE
        equity = ratio * slope, ratio * start
        today = _less(self.today, equity)
        if today[0] + today[1] >= ZERO:
            return THERE
        above, below = _root_above(self.kinked, equity, today), _root_below(self.kinked, equity)
        if self.linear:
            return Reach(down=below, up=above)
        return Reach(down=None if above is None else ONE / above, up=None if below is None else ONE / below)

    def _equity_line(self) -> Line:
        """Give the line that equity lies on."""
        start = self.cash
        for debt in self.debts:
            start -= debt
        return self.slope, start


Kinked = tuple[tuple[Line, ...], ...]


def _shortfall(kinked: Kinked, x: Decimal, equity: Line) -> Line:
    """Give the line of maintenance less equity that is in force at ``x``."""
    return _less([_highest(lines, x) for lines in kinked], equity)


def _root_above(kinked: Kinked, equity: Line, today: Line) -> Decimal | None:
    """Find the multiple above 1 at which the shortfall is zero: from beyond it, down a convex curve.

    The curve lies above each of its lines, so that the root of one that rises lies beyond the curve's: of ``today``'s, or
    else of the steepest.
    """
    slope, constant = today if today[0] > ZERO else _less([lines[-1] for lines in kinked], equity)
    if slope <= ZERO:
        return None
    x = max(-constant / slope, ONE)
    while True:
        slope, constant = _shortfall(kinked, x, equity)
        nearer = -constant / slope
        if nearer >= x:
            return x
        x = nearer


def _root_below(kinked: Kinked, equity: Line) -> Decimal | None:
    """Find the multiple below 1 at which the shortfall is zero: from zero, up to a convex curve's first root."""
    x, (slope, constant) = ZERO, _shortfall(kinked, ZERO, equity)
    if constant <= ZERO:
        return None
    while True:
        nearer = -constant / slope
        if nearer <= x:
            return x
        x = nearer
        slope, constant = _shortfall(kinked, x, equity)


def _less(lines: Sequence[Line], equity: Line) -> Line:
    """Add lines of maintenance up, and take equity's off."""
    slope, constant = -equity[0], -equity[1]
    for a, b in lines:
        slope += a
        constant += b
    return slope, constant


def _value_multiple(contract: Contract, price: Decimal) -> Decimal:
    return price if contract.linear else ONE / price
