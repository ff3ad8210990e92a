"""The window: what each account last showed, for whoever looks in from outside. Nobody reaches through it.

One writer puts boards up as the loops turn; metrics, page and alerts only read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Protocol

from bot.core.decide import Decision
from bot.core.guard import Watch
from bot.core.snapshot import Snapshot
from bot.core.values import record
from bot.shell.effectiveness import WINDOWS, effectiveness
from bot.shell.step import Step
from bot.shell.view import HedgeView, Mark

MARK_MS = 300_000
"""The shortest time between two marks of a hedge in the history of profit."""
HISTORY_MS = 31 * 86_400_000
"""How far back the history of profit is kept at hand."""


class Pulse(Protocol):
    """What tells whether a loop turns."""

    looked_ms: int
    """When a look last succeeded; 0 before the first."""
    turned_ms: int
    """When a look last ended, with success or not; 0 before the first."""
    trouble: str
    """Why the last look did not succeed; empty if it did."""


class Allowance(Protocol):
    """How much of a venue's patience is spent."""

    weight_max: Decimal
    closed_until_ms: int
    """Until when the venue wants nothing asked."""

    @property
    def used(self) -> Decimal:
        """Weight spent within the venue's window."""


@record
class Picture:
    """What an account last saw and decided."""

    snapshot: Snapshot
    decision: Decision
    hedges: tuple[HedgeView, ...]
    watch: Watch | None
    """What the guard found when it last could look: a picture with holes ends no alarm."""


class Board:
    """One account's board."""

    def __init__(
        self, account: str, venue: str, pulse: Pulse, allowance: Allowance | None, since_ms: int
    ) -> None:
        self.since_ms = since_ms
        """When the account joined: long after the process began, if that stood by."""
        self.account = account
        self.venue = venue
        self.pulse = pulse
        self.allowance = allowance
        self.picture: Picture | None = None
        self.marks: dict[str, deque[Mark]] = {}
        """The history of profit, by hedge, oldest first."""
        self.effectiveness: dict[tuple[str, str], Decimal] = {}
        """What hedging took away of the variance, by hedge and window; what cannot be told is left out."""
        self.shortfall: dict[str, Decimal] = {}
        """What all orders of a hedge lost against the prices when their gaps were first seen, in quote currency."""
        self.incidents: dict[str, int] = {}
        """When each kind of incident last happened, this run or one before."""

    def remember(self, marks: Iterable[Mark]) -> None:
        """Take marks into the history, and drop what is too old."""
        for one in marks:
            kept = self.marks.setdefault(one.hedge, deque())
            kept.append(one)
            while kept[0].at_ms < one.at_ms - HISTORY_MS:
                kept.popleft()
        self.effectiveness = {
            (hedge, window): figure
            for hedge, kept in self.marks.items()
            for window, hours in WINDOWS.items()
            if (figure := effectiveness(tuple(kept), hours)) is not None
        }

    @property
    def turned_ms(self) -> int:
        """When the loop last showed that it turns. One that waits because the venue wants nothing asked is no stuck one."""
        waits_ms = 0 if self.allowance is None else self.allowance.closed_until_ms
        return max(self.pulse.turned_ms, self.since_ms, waits_ms)

    def due(self, view: HedgeView) -> bool:
        """Whether a hedge's worth should be marked again."""
        kept = self.marks.get(view.hedge)
        return not kept or view.at_ms >= kept[-1].at_ms + MARK_MS


class Window:
    """All boards of a process."""

    def __init__(self, mode: str, now_ms: Callable[[], int], silent_ms: int) -> None:
        """After ``silent_ms`` without a look that succeeded a loop counts as silent."""
        self.mode = mode
        self.silent_ms = silent_ms
        self.now_ms = now_ms
        self.since_ms = now_ms()
        self.boards: dict[str, Board] = {}
        self.waiting = False
        """Whether another process leads, or led when this one came, and no account has joined yet."""
        self.turn = 0
        """Counts the pictures put up."""
        self._changed = asyncio.Event()

    def join(self, account: str, venue: str, pulse: Pulse, allowance: Allowance | None) -> Board:
        """Give an account a board."""
        board = self.boards[account] = Board(account, venue, pulse, allowance, self.now_ms())
        return board

    def show(self, account: str, step: Step, hedges: tuple[HedgeView, ...]) -> None:
        """Put up what a step came to, and wake who waits for it."""
        board, watch = self.boards[account], step.decision.watch
        if watch is None and board.picture is not None:
            watch = board.picture.watch
        board.picture = Picture(snapshot=step.snapshot, decision=step.decision, hedges=hedges, watch=watch)
        self.turn += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, turn: int) -> int:
        """Wait until a picture newer than ``turn`` is up; returns its number."""
        while self.turn <= turn:
            await self._changed.wait()
        return self.turn

    @property
    def healthy(self) -> bool:
        """Whether all is as it should be: every loop looks, or nobody is to look yet."""
        if not self.boards:
            return self.waiting or self.now_ms() <= self.since_ms + self.silent_ms
        return not self.silent()

    @property
    def turning(self) -> bool:
        """Whether every loop ends its looks, whatever comes of them: a new process mends one that is stuck, and no venue."""
        oldest_ms = self.now_ms() - self.silent_ms
        return all(board.turned_ms >= oldest_ms for board in self.boards.values())

    def silent(self) -> tuple[str, ...]:
        """Name the accounts whose loop has not looked with success for too long; one that never did counts from when it joined."""
        oldest_ms = self.now_ms() - self.silent_ms
        return tuple(
            name
            for name, board in self.boards.items()
            if (board.pulse.looked_ms or board.since_ms) < oldest_ms
        )
