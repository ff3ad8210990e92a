"""The margin ladder: how an account stands, which rung it is on, and at which prices each rung is reached.

A rung is told by the distance to liquidation, in percent and in standard deviations of a day, and by the margin ratio; the
strictest rules (reference section 14: with low maintenance rates a margin ratio speaks hours too late). As all prices of
an account move together, each rung is reached at one multiple of today's prices, above and perhaps below.
"""

from decimal import Decimal

from bot.core.forecast import Forecast, forecast
from bot.core.instruments import Contract
from bot.core.margin import Pool, Reach
from bot.core.memory import Rung
from bot.core.rules import GuardRules, RungRules
from bot.core.snapshot import Snapshot
from bot.core.values import ONE, ZERO, Ratio, record


@record
class Trip:
    """Where a rung is reached, as multiples of today's prices; None where no price does."""

    rung: Rung
    up: Decimal | None
    down: Decimal | None
    reached: bool


@record
class Standing:
    """How positions that share their backing stand, by our forecast and the venue's word, the worse of the two."""

    symbols: tuple[str, ...]
    """The contracts held; empty for a wallet without positions."""
    settle: str
    equity: Decimal
    """Settlement currency, the doubt taken off."""
    maintenance: Decimal
    margin_ratio: Decimal | None
    """None when there is no equity."""
    distance: Decimal | None
    """Move of all prices together to liquidation, as a share of today's; None if no price liquidates."""
    sigma_day: Ratio
    """The largest of its contracts' daily volatilities; 0 if none is known."""
    liquidation_multiple: Decimal | None
    """The nearer multiple of today's prices that liquidates."""
    dies_up: bool
    """Whether it is rising prices that liquidate first: the book is short."""
    doubt: Decimal
    """Backing that the venue's word takes off ours."""
    rung: Rung
    trips: tuple[Trip, ...]

    @property
    def sigmas(self) -> Decimal | None:
        """Distance in standard deviations of a day."""
        if self.distance is None or self.sigma_day == ZERO:
            return None
        return self.distance / self.sigma_day


def limit_of(rules: RungRules, sigma_day: Decimal) -> Decimal:
    """Distance below which a rung is reached: the stricter of percent and sigmas."""
    return max(rules.distance, rules.sigmas * sigma_day)


def sigma_of(snapshot: Snapshot, settle: str) -> Ratio:
    """Give the largest daily volatility among the contracts of a settlement currency; 0 if none is known."""
    mine = {contract.symbol for contract in snapshot.contracts if contract.settle == settle}
    return Ratio(max((one.day for one in snapshot.volatilities if one.symbol in mine), default=ZERO))


def stop_limits(rules: GuardRules, snapshot: Snapshot, settle: str) -> tuple[Decimal, Decimal]:
    """Give the margin ratio and the distance of the stop rung: what the account must keep after an order that adds."""
    stop = rules.of(Rung.STOP)
    if stop is None:
        return ONE, ZERO
    return stop.margin_ratio, limit_of(stop, sigma_of(snapshot, settle))


def trip_of(pool: Pool, rules: RungRules, sigma_day: Decimal) -> Trip:
    """Say where a pool reaches a rung, and whether it has."""
    (trip,) = trips_of(pool, pool.reach(), (rules,), sigma_day)
    return trip


def _trip(death: Reach, thin: Reach, rules: RungRules, sigma_day: Decimal, *, thin_now: bool) -> Trip:
    """Put together where liquidation is near by distance and where the ratio is thin."""
    limit = limit_of(rules, sigma_day)
    ups = [thin.up] if death.up is None else [thin.up, death.up / (ONE + limit)]
    downs = [thin.down]
    if death.down is not None:
        downs.append(death.down / (ONE - limit) if limit < ONE else 2 * ONE)
    up = min((one for one in ups if one is not None), default=None)
    down = max((one for one in downs if one is not None), default=None)
    near = (up is not None and up < ONE) or (down is not None and down > ONE)
    return Trip(rung=rules.rung, up=up, down=down, reached=near or thin_now)


def trips_of(pool: Pool, death: Reach, rungs: tuple[RungRules, ...], sigma_day: Decimal) -> tuple[Trip, ...]:
    """Say where a pool that dies at ``death`` reaches some rungs."""
    ratio, held = pool.ratio, bool(pool.stakes)
    thin = {limit: pool.reach(limit) for limit in {one.margin_ratio for one in rungs}}
    return tuple(
        _trip(
            death,
            thin[one.margin_ratio],
            one,
            sigma_day,
            thin_now=held and (ratio is None or ratio >= one.margin_ratio),
        )
        for one in rungs
    )


def rung_of(trips: tuple[Trip, ...]) -> Rung:
    """Give the worst rung that is reached."""
    return max((trip.rung for trip in trips if trip.reached), default=Rung.CLEAR)


def standing(snapshot: Snapshot, rules: GuardRules, contract: Contract) -> Standing:
    """Measure the pool behind a contract's position."""
    return standing_of(
        forecast(snapshot, contract.symbol), rules, sigma_of(snapshot, contract.settle), contract
    )


def standing_of(found: Forecast, rules: GuardRules, sigma_day: Ratio, contract: Contract) -> Standing:
    """Measure a forecast's pool against the ladder."""
    pool, reach = found.pool, found.pool.reach()
    trips, up = trips_of(pool, reach, rules.rungs, sigma_day), _dies_up(pool, reach)
    return Standing(
        symbols=tuple(stake.contract.symbol for stake in pool.stakes),
        settle=contract.settle,
        equity=pool.equity,
        maintenance=pool.maintenance,
        margin_ratio=pool.ratio,
        distance=reach.distance,
        sigma_day=sigma_day,
        liquidation_multiple=reach.up if up else reach.down,
        dies_up=up,
        doubt=found.doubt,
        rung=rung_of(trips),
        trips=trips,
    )


def _dies_up(pool: Pool, reach: Reach) -> bool:
    """Whether rising prices liquidate first; where we are there already, whether the book is short."""
    if reach.up is None or reach.down is None:
        return reach.down is None
    if reach.distance == ZERO:
        return sum((one.contract.size(one.contracts) for one in pool.stakes), ZERO) < ZERO
    return reach.up - ONE <= ONE - reach.down


def standings(snapshot: Snapshot, rules: GuardRules) -> tuple[Standing, ...]:
    """Measure every pool of an account: one a settlement currency in cross mode, one a position in isolated mode."""
    seen: set[str] = set()
    found = []
    for quote in snapshot.quotes:
        contract = snapshot.contract(quote.symbol)
        held = snapshot.position(quote.symbol).contracts != ZERO
        if contract.settle in seen or (snapshot.margin_mode == "isolated" and not held):
            continue
        if snapshot.margin_mode == "cross":
            seen.add(contract.settle)
        found.append(standing(snapshot, rules, contract))
    return tuple(found)
