"""A window with one account in it, whose loop runs on the model exchange."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.adapters.journal_reader import JournaledIncident
from bot.adapters.metered import metered
from bot.adapters.metrics import Metrics
from bot.adapters.metrics_gauges import gauges
from bot.shell.ports import JournalUnavailableError
from bot.shell.step import Step
from bot.shell.view import Since, began, mark_of, views
from bot.shell.window import Window
from bot.web.answers import JournalLine, OrderLine
from tests.shell.builders import House, house
from tests.sim.builders import ME


@dataclass
class Seen:
    """A house with a window."""

    home: House
    window: Window
    metrics: Metrics
    since: dict[str, Since] = field(default_factory=dict)

    async def step(self) -> Step:
        """Let the loop take a step, and show it."""
        step = await self.home.loop.poll(0)
        assert step is not None
        self.show(step)
        return step

    def show(self, step: Step) -> None:
        for one in step.decision.explanations:
            if one.hedge not in self.since:
                self.since[one.hedge] = began(step.snapshot, one)
        told = views(step.snapshot, step.decision, self.since, {})
        self.metrics.stepped(ME, step)
        self.window.boards[ME].remember([mark_of(one) for one in told])
        self.window.show(ME, step, told)


async def seen(mode: str = "paper") -> Seen:
    home = await house()
    window = Window(mode, home.clock.now_ms, 60_000)
    metrics = Metrics(mode, "1.2.3", partial(gauges, window))
    window.join(ME, "model", home.loop, None)
    metrics.joined(ME)
    home.loop.tap(
        partial(metered, told=partial(metrics.venue_called, ME)),
        partial(metered, told=partial(metrics.journal_called, ME)),
    )
    return Seen(home, window, metrics)


@dataclass
class Shelf:
    """An archive that holds what it is given, or is out of reach."""

    order_lines: tuple[OrderLine, ...] = ()
    lines: tuple[JournalLine, ...] = ()
    away: str = ""

    def orders(self, limit: int) -> Sequence[OrderLine]:
        if self.away:
            raise JournalUnavailableError(self.away)
        return self.order_lines[:limit]

    def incidents(self, limit: int) -> Sequence[JournaledIncident]:
        del limit
        return ()

    def journal(self, limit: int) -> Sequence[JournalLine]:
        return self.lines[:limit]
