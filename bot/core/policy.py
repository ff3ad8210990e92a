"""Policies wish: stages that turn a view of the market into a target hedge ratio. A stage cannot place an order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from bot.core.lookback import Bars, Need, Settled, bars_among, settled_among
from bot.core.values import ONE, ZERO, Coins, Price, Ratio, record

NO_END_MS = 2**53
"""A time no clock reaches: "until further notice"."""
RATIO_MAX = Decimal(2)
"""Nothing a stage wants may be more: twice the coins short is no hedge any more."""
WEAK = Decimal("0.5")
"""Share of variance taken away below which a cross-hedge is called weak: most of the risk stays (reference section 10)."""
FAULT_MS = 60_000
"""A stage that failed is asked again after so long."""


@record
class MarketView:
    """What a stage may look at."""

    at_ms: int
    asset: str
    mark: Price
    index: Price
    funding_rate: Ratio | None
    symbol: str = ""
    """The contract that carries the hedge; its family's perpetual if that is dated."""
    coins: tuple[tuple[str, Coins], ...] = ()
    """The coins that are hedged together, and how many there are of each."""
    same_coin: bool = True
    """Whether the contract is the held coin's own future; else the hedge is a cross-hedge."""
    bars: tuple[Bars, ...] = ()
    settled: tuple[Settled, ...] = ()

    def history(self, need: Need) -> Bars | None:
        """Find closed bars, the newest so many that are asked for; fewer if there are fewer, None if there are none."""
        return bars_among(self.bars, need)

    def rates(self, symbol: str) -> Settled | None:
        """Find settled funding rates; None if there are none."""
        return settled_among(self.settled, symbol)


@record
class Band:
    """Tolerated distance around the target, as shares of the owner's coins.

    Outside ``outer`` the hedge acts, and trades to ``inner``, the near edge of a narrower band; ``inner`` 0 trades
    to the target itself.
    """

    outer: Ratio
    inner: Ratio
    outer_over: Ratio | None = None
    """The outer edge where too much is hedged, if it is another."""
    inner_over: Ratio | None = None
    """The inner edge where too much is hedged, if it is another."""

    def edges(self, gap: Decimal) -> tuple[Ratio, Ratio]:
        """Give the outer and the inner edge on the side of a gap; a positive one asks to buy back."""
        if gap <= ZERO:
            return self.outer, self.inner
        outer = self.outer if self.outer_over is None else self.outer_over
        return outer, self.inner if self.inner_over is None else self.inner_over

    @property
    def narrowest(self) -> Ratio:
        """The nearer of the two outer edges."""
        return min(self.outer, self.edges(ONE)[0])


@record
class Target:
    """What a chain of stages wants."""

    ratio: Ratio
    """1 is a full hedge; above 1 the book is net short."""
    band: Band
    reason: str
    signals: tuple[tuple[str, Decimal], ...] = ()
    """Figures behind the reason, by name."""
    valid_until_ms: int = NO_END_MS
    """Up to this time, that time included, the stages would answer the same at any price."""
    fault: str = ""
    """Why a stage failed, in words; the ratio is then the last good one. Empty if all answered."""
    flat: bool = False
    """No position at all, where a ratio of 0 may still mean a short of the coins an inverse hedge has earned (reference
    section 3.1). Set by exit rules only."""


class Policy(Protocol):
    """One stage."""

    def apply(self, market: MarketView, target: Target) -> Target:
        """Bend the target the stages before have formed."""


@runtime_checkable
class LooksBack(Protocol):
    """A stage that needs a history."""

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:
        """Name the bars it looks back on, for a hedge of ``asset`` by the contract ``symbol``."""

    def needs_settlements(self) -> int:
        """Count the settled funding rates of the contract it looks back on."""


def ask(stages: Sequence[Policy], market: MarketView, band: Band, last: Ratio) -> Target:
    """Send a target through the stages of a hedge, beginning with no hedge at all.

    A stage that raises, or wants what cannot be, spoils no hedge: ``last``, the last good ratio, is held, the target says
    what is wrong in ``fault``, and it is asked again after a while.
    """
    target = Target(ratio=Ratio(ZERO), band=band, reason="")
    for stage in stages:
        name = type(stage).__module__.rsplit(".", 1)[-1]
        try:
            target = stage.apply(market, target)
            wrong = unsound(target, market.at_ms)
        except Exception as error:  # noqa: BLE001 - whatever a dropped-in stage does wrong must not move a hedge
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            fault = f"stage {name} failed: {wrong}"
            reason = f"{fault}; the last good ratio {last:f} is held"
            return Target(
                ratio=last, band=band, reason=reason, fault=fault, valid_until_ms=market.at_ms + FAULT_MS
            )
    return target


def unsound(target: object, at_ms: int) -> str:
    """Say what is wrong with what a stage returned, or nothing."""
    if not isinstance(target, Target):
        return f"it returned {type(target).__name__}, not a Target"
    ratio: object = target.ratio
    if not (isinstance(ratio, Decimal) and ratio.is_finite()):
        return f"it wants the ratio {ratio}"
    if not ZERO <= target.ratio <= RATIO_MAX:
        return f"it wants the ratio {target.ratio}, outside 0 to {RATIO_MAX}"
    for outer, inner in (target.band.edges(-ONE), target.band.edges(ONE)):
        if not ZERO <= inner <= outer:
            return f"it wants a band of {inner} within {outer}"
    ended = f"its answer ended at {target.valid_until_ms}, before the time of the picture"
    flat = "it wants no position at all, which only an exit rule may" if target.flat else ""
    return flat or (ended if target.valid_until_ms < at_ms else "")


def needs_of(stages: Sequence[Policy], symbol: str, assets: Sequence[str]) -> tuple[Need, ...]:
    """Put together what the stages of a hedge of some coins look back on: of two needs of one market the longer."""
    longest: dict[tuple[str, int], Need] = {}
    for need in (one for stage in stages for asset in assets for one in _needs(stage, symbol, asset)):
        known = longest.get((need.symbol, need.bar_ms))
        if known is None or known.count < need.count:
            longest[need.symbol, need.bar_ms] = need
    return tuple(longest.values())


def _needs(stage: Policy, symbol: str, asset: str) -> tuple[Need, ...]:
    """Ask a stage what it looks back on; one that cannot say, or asks for what cannot be, gets nothing to look at."""
    if not isinstance(stage, LooksBack):
        return ()
    try:
        return tuple(need for need in stage.needs(symbol, asset) if need.bar_ms > 0 and need.count > 0)
    except Exception:  # noqa: BLE001 - whatever a dropped-in stage does wrong must not blind a hedge
        return ()


def settlements_of(stages: Sequence[Policy]) -> int:
    """Count the settled funding rates that the stages of a hedge look back on."""
    return max((_settlements(stage) for stage in stages), default=0)


def _settlements(stage: Policy) -> int:
    if not isinstance(stage, LooksBack):
        return 0
    try:
        return int(stage.needs_settlements())
    except Exception:  # noqa: BLE001 - whatever a dropped-in stage does wrong must not blind a hedge
        return 0
