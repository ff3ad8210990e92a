"""What an account and its hedges remember from one decision to the next, and the words it is told in."""

from enum import IntEnum, StrEnum
from typing import Literal

from bot.core.values import Coins, Contracts, Price, Ratio, record


@record
class Arrival:
    """The mid of a contract when an intent began: what its fills are measured against."""

    symbol: str
    mid: Price


@record
class RollMemory:
    """What a roll remembers of itself. How far it has come is read off the positions, never remembered."""

    near: str
    far: str
    trigger: str
    """Why it began, in words; it is not taken back."""
    clip_end: Contracts | None = None
    """Signed position of the leading leg's contract at which the clip now worked is done; None between clips."""
    held_before: Contracts | None = None
    """What the hedge held when the clip began, told in far contracts: how much of it the second leg may restore."""
    naked_since_ms: int | None = None
    """Since when a clip is out of step on the unhedged side."""
    rests_until_ms: int = 0
    """A roll whose clip was restored rests until then."""


@record
class CarryMemory:
    """In which kind of contract the cheapest carry is, as last judged."""

    wants: Literal["perpetual", "dated"]
    since_ms: int
    """Since when it wants that."""
    judged_ms: int = 0
    words: str = ""
    """Why, with figures."""


@record
class ExitMemory:
    """What a hedge remembers about its end."""

    rules: str = ""
    """The exit rules of then, in words: others release what these have left."""
    opened: bool = False
    """Whether it has held anything since it was last hedged anew."""
    began_ms: int | None = None
    """Since when it holds something."""
    above_since_ms: int | None = None
    """Since when the index has been at its exit price or above."""
    zero_since_ms: int | None = None
    """Since when the policy has wanted none."""
    left: str = ""
    """Why it was left, in words; empty if it was not."""
    left_ms: int = 0
    set_aside: tuple[str, ...] = ()
    """Conditions that a person has released, until they have been untrue."""


@record
class HedgeMemory:
    """What a hedge remembers from one decision to the next."""

    hedge: str
    gap_since_ms: int | None = None
    """When the gap was first seen outside the band without having been closed since: the intent's beginning."""
    reprices: int = 0
    """Orders already sent for this gap."""
    intent: int = 0
    """Number of the decision that first saw the gap; 0 is none."""
    arrivals: tuple[Arrival, ...] = ()
    """Mids when the gap was first seen."""
    urgent: str = ""
    """Why the gap cannot wait at the touch, in words; empty if it can."""
    own: Coins | None = None
    """Own coins at the last decision; a jump of them is a deposit or a withdrawal."""
    roll: RollMemory | None = None
    ratio: Ratio | None = None
    """The last good ratio of the policy: held while a stage fails."""
    exit: ExitMemory | None = None
    carry: CarryMemory | None = None


class Rung(IntEnum):
    """How near an account is to liquidation, and what the guard does about it; each rung includes those before."""

    CLEAR = 0
    """Nothing."""
    WARN = 1
    """Calls a person."""
    TOP_UP = 2
    """Moves collateral, where it may."""
    STOP = 3
    """Adds nothing."""
    CANCEL = 4
    """Takes orders back that would add."""
    REDUCE = 5
    """Closes what is needed to restore the distance of the top-up rung."""
    HALT = 6
    """Lets no policy trade until a person has released it; the guard itself goes on reducing."""


class State(StrEnum):
    """What the guard lets an account or a hedge do."""

    NORMAL = "normal"
    """Everything that passes its gates."""
    REDUCING = "reducing"
    """Nothing that adds exposure; what reduces it passes."""
    HALTED = "halted"
    """Nothing but what the guard itself closes; released by a person only."""


@record
class Latch:
    """A halt that only a person releases."""

    hedge: str | None
    """None is the whole account."""
    kind: Literal["margin", "shifted"]
    since_ms: int


@record
class GuardMemory:
    """What the guard remembers of an account's margin."""

    state: State = State.NORMAL
    """As margin alone would have it."""
    since_ms: int = 0
    """When margin was last found too thin, or the guard last reduced: the minimum stay runs from here."""
    rung: Rung = Rung.CLEAR
    """At the last look."""
    reducing: bool = False
    """A reduction has begun and has not yet restored the top-up distance."""
    latches: tuple[Latch, ...] = ()
    called: tuple[str, ...] = ()
    """Keys of the causes that were found at the last look: a person is told of new ones only."""


@record
class Memory:
    """What the account remembers from one decision to the next."""

    number: int = 0
    """Number of the last decision."""
    hedges: tuple[HedgeMemory, ...] = ()
    guard: GuardMemory = GuardMemory()

    def of(self, hedge: str) -> HedgeMemory:
        """Give the memory of one hedge, empty if it has none."""
        for memory in self.hedges:
            if memory.hedge == hedge:
                return memory
        return HedgeMemory(hedge=hedge)
