"""Kill -9 at every journal write and every venue call.

The model exchange and the time live in the parent process; a forked child runs the loop on a real journal file and
reaches them through a pipe. At the chosen point the child kills itself with SIGKILL: before or after a journal write,
before a request leaves, or after the exchange took it and before its answer came back.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.journal import open_journal
from bot.adapters.log import SilentLog
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.core.memory import Rung
from bot.core.rules import Rules
from bot.core.snapshot import Holding
from bot.core.values import Coins
from bot.shell.loop import Loop
from bot.sim.exchange import Exchange
from tests.sim.builders import ME, D

WRITES = frozenset({"decided", "order_moved", "heard", "found", "adopt", "learned", "transfer_moved"})
READS = frozenset(
    {
        "contracts",
        "dated",
        "turnovers",
        "volatilities",
        "pegs",
        "account",
        "positions",
        "quotes",
        "funding",
        "activity",
        "order",
        "transfer_of",
    }
)
CALLS = READS | {"place", "cancel", "transfer"}
NO_POINTS = frozenset({"turnovers", "volatilities", "pegs"})
"""Reads that follow another read with nothing written in between: a kill there is a kill at the read before."""
STEP_MS = 2000
THIN_STEP_MS = 60_000
"""Pause while margin is too thin: what is waited for then takes minutes."""
STEPS_MAX = 400


@dataclass
class Fuse:
    """Counts the points passed, and ends the process at one of them."""

    blows_at: int | None
    points: list[str] = field(default_factory=list)

    def pass_by(self, name: str) -> None:
        self.points.append(name)
        if self.blows_at is not None and len(self.points) == self.blows_at:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedVenue:
    """The venue as the child sees it: every call goes through the pipe, with a point before and after."""

    def __init__(self, pipe: Connection, fuse: Fuse) -> None:
        self._pipe = pipe
        self._fuse = fuse

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name not in CALLS:
            raise AttributeError(name)

        async def call(*args: object) -> object:
            if name in NO_POINTS:
                return ask(self._pipe, name, *args)
            self._fuse.pass_by(f"before venue.{name}")
            answer = ask(self._pipe, name, *args)
            self._fuse.pass_by(f"after venue.{name}")
            return answer

        return call


class FusedJournal:
    """A journal with a point before and after every write."""

    def __init__(self, journal: Any, fuse: Fuse) -> None:
        self._journal = journal
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        if name not in WRITES:
            return method

        def write(*args: object, **kwargs: object) -> object:
            self._fuse.pass_by(f"before journal.{name}")
            answer = method(*args, **kwargs)
            self._fuse.pass_by(f"after journal.{name}")
            return answer

        return write


class PipedClock:
    """The parent's time."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def now_ms(self) -> int:
        now: int = ask(self._pipe, "now_ms")
        return now

    async def sleep_until(self, at_ms: int) -> None:
        ask(self._pipe, "sleep_until", at_ms)


def ask(pipe: Connection, name: str, *args: object) -> Any:
    pipe.send((name, args))
    kind, answer = pipe.recv()
    if kind == "raised":
        raise answer
    return answer


@dataclass
class World:
    """What outlives the bot: the exchange, the time, and what happens to prices as time passes."""

    exchange: Exchange
    now_ms: int
    turn: Callable[["World"], None]
    """Shows the exchange the prices of ``now_ms``."""
    watch: Callable[["World"], None]
    """Looks at the exchange after everything that changed it; raises AssertionError if an invariant broke."""
    turnovers: Any = None

    def answer(self, name: str, args: tuple[Any, ...]) -> object:
        if name == "now_ms":
            return self.now_ms
        if name == "sleep_until":
            self.now_ms = max(self.now_ms, args[0])
            self.turn(self)
            self.watch(self)
            return None
        answer = asyncio.run(getattr(SimVenue(self.exchange, ME), name)(*args))
        self.watch(self)
        return answer


@dataclass
class Life:
    """How one run of the bot ended."""

    killed: bool
    points: list[str]


def live(world: World, journal: Path, rules: Rules, coins: str, *, blows_at: int | None) -> Life:
    """Run the bot in a child process until its hedge stands with margin enough, or until it is killed."""
    here, there = Pipe()
    child = os.fork()
    if child == 0:
        here.close()
        _child(there, journal, rules, coins, blows_at)
    there.close()
    points = _serve(world, here)
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or os.waitstatus_to_exitcode(status) == 0, f"the bot failed: status {status}, {points[-1:]}"
    return Life(killed=killed, points=points)


def _serve(world: World, pipe: Connection) -> list[str]:
    """Answer the child until it is gone; what it said at last are its points."""
    points: list[str] = []
    while True:
        try:
            name, args = pipe.recv()
        except EOFError:
            return points
        if name == "end":
            points = list(args)
            continue
        try:
            answer = "returned", world.answer(name, args)
        except Exception as error:
            if isinstance(error, AssertionError):
                raise
            answer = "raised", error
        try:
            pipe.send(answer)
        except BrokenPipeError:
            return points


def _child(pipe: Connection, journal: Path, rules: Rules, coins: str, blows_at: int | None) -> None:
    """Be the bot, and never return."""
    code = 1
    try:
        fuse = Fuse(blows_at)
        asyncio.run(_run(pipe, journal, rules, coins, fuse))
        pipe.send(("end", tuple(fuse.points)))
        code = 0
    except BaseException:  # noqa: BLE001 - the parent sees the code; the trace is for the reader of a failed test
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


async def _run(pipe: Connection, path: Path, rules: Rules, coins: str, fuse: Fuse) -> None:
    clock = PipedClock(pipe)
    with open_journal(f"sqlite:///{path}", mode="paper", account=ME, rules_json="{}") as journal:
        held = (Holding(asset="BTC", coins=Coins(D(coins)), place="declared"),)
        venue: Any = FusedVenue(pipe, fuse)
        fused: Any = FusedJournal(journal, fuse)
        loop = Loop(
            rules=rules,
            venue=venue,
            holdings=DeclaredHoldings(held),
            journal=fused,
            clock=clock,
            log=SilentLog(),
            switch=NO_SWITCH,
        )
        await loop.start()
        for _ in range(STEPS_MAX):
            step = await loop.step()
            thin = step.decision.watch is not None and step.decision.watch.rung >= Rung.TOP_UP
            holds = all(one.answer == "hold" for one in step.decision.explanations)
            if holds and not thin and not journal.working():
                return
            await clock.sleep_until(clock.now_ms() + (THIN_STEP_MS if thin else STEP_MS))
        raise AssertionError(f"the hedge did not come to rest: {step.decision.explanations}")
