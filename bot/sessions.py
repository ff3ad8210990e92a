"""What the commands do, between the front door and the screen: demo, paper run, backtest, replay, last word."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from decimal import Decimal
from functools import partial
from pathlib import Path

from bot import wiring, wiring_backtests
from bot.adapters.clock import SimClock, SystemClock
from bot.adapters.log import make_log
from bot.adapters.model_market import HOUR_MS, MINUTE_MS, Phase
from bot.backtest import history
from bot.backtest.dated_history import load_dated
from bot.backtest.dated_report import DatedReport, dated_report
from bot.backtest.guard_report import SCENARIOS, GuardRow, guard_row
from bot.backtest.joining import on_one_grid
from bot.backtest.report import Report, report
from bot.core.values import record
from bot.doctor import examine, refuse_failed
from bot.looks import OpenAccount
from bot.questions_remote import orders_of
from bot.settings import Settings
from bot.shell.ports import JournalUnavailableError, Log
from bot.shell.step import Step
from bot.shell.view import HedgeView
from bot.wiring import paper_accounts
from bot.wiring_alerts import Watchman, watching
from bot.wiring_demo import DEMO_EPOCH_MS, demo_street
from bot.wiring_leading import leadership
from bot.wiring_paper import priced_accounts
from bot.wiring_venues import patient_of, venue_accounts
from bot.wiring_watch import Watch

DEMO_POLL_MINUTES = 15
"""Model minutes between two looks of a demo while no order is under way: each is a round of real requests."""

# --- demo ---------------------------------------------------------------------------------------------------


@record
class Frame:
    """What a demo shows at one moment of model time."""

    at_ms: int
    hours: Decimal
    phase: Phase
    hedges: tuple[HedgeView, ...]


@record
class PhaseResult:
    """What a phase of the market did to the coins, and to coins and hedge together."""

    phase: Phase
    price_change: Decimal
    unhedged_change: Decimal
    hedged_change: Decimal


@record
class DemoResult:
    """What a demo came to."""

    seed: int
    hours: int
    decisions: int
    orders: int
    fills: int
    phases: tuple[PhaseResult, ...]
    hedges: tuple[HedgeView, ...]
    journal: Path
    seconds: float


async def demo(
    settings: Settings,
    path: Path,
    *,
    hours: int,
    frame_minutes: int,
    show: Callable[[Frame], Awaitable[None]],
    serve: int | None = None,
) -> DemoResult:
    """Run a paper session on the model market at accelerated time, journaling every decision.

    ``serve`` is the port of a page on loopback meanwhile; none is served if it is None.

    Raises:
        JournalUnavailableError: the journal cannot be used.
        SettingsError: the port is taken.
    """
    started = time.monotonic()
    clock = SimClock(DEMO_EPOCH_MS)
    frames: list[Frame] = []
    decisions = 0
    log = make_log("warning", settings.log.format, "demo")
    async with AsyncExitStack() as stack:
        street = await stack.enter_async_context(demo_street(settings, path, clock))
        accounts = await stack.enter_async_context(venue_accounts(street.settings, clock, log, label="demo"))
        opener = partial(wiring.reader_of, wiring.url_of(path), "demo")
        watch = Watch(street.settings, "demo", clock, opener, log)
        for account in accounts:
            watch.join(account)
            await account.loop.start()
        if serve is not None:
            await stack.enter_async_context(watch.serving("127.0.0.1", serve))
        minute, busy = 0, True
        while minute < hours * 60:
            clock.turn_to(DEMO_EPOCH_MS + minute * MINUTE_MS)
            steps = await _poll(accounts, watch, int(settings.loop.heartbeat_seconds * 1000))
            decisions += len(steps)
            busy = any(at_work(step) for step in steps) or (busy and not steps)
            following = minute + (1 if busy else DEMO_POLL_MINUTES)
            if following // frame_minutes > minute // frame_minutes or not frames:
                frames.append(_frame(accounts, street.phase, minute))
                await show(frames[-1])
            minute = following
        for account in accounts:
            await account.loop.stop()
    with wiring.reader_of(wiring.url_of(path), "demo") as reader:
        names = reader.accounts()
        orders = sum(len(list(reader.orders(name, limit=None))) for name in names)
        fills = sum(len(list(reader.fills(name))) for name in names)
    return DemoResult(
        seed=settings.model_market.seed,
        hours=hours,
        decisions=decisions,
        orders=orders,
        fills=fills,
        phases=_phases(frames),
        hedges=frames[-1].hedges,
        journal=path,
        seconds=round(time.monotonic() - started, 3),
    )


async def _poll(accounts: Sequence[OpenAccount], watch: Watch, heartbeat_ms: int) -> list[Step]:
    """Let every account look once, and show it; returns the steps of those that decided."""
    steps = []
    for account in accounts:
        step = await account.loop.poll(heartbeat_ms)
        if step is not None:
            watch.took(account, step)
            steps.append(step)
    return steps


def at_work(step: Step) -> bool:
    """Whether an order is under way, so that the next look is due soon."""
    return any(one.answer in {"place", "wait", "cancel"} for one in step.decision.explanations)


def _frame(accounts: Sequence[OpenAccount], phase: Phase, minute: int) -> Frame:
    return Frame(
        at_ms=DEMO_EPOCH_MS + minute * MINUTE_MS,
        hours=Decimal(minute * MINUTE_MS) / HOUR_MS,
        phase=phase,
        hedges=tuple(view for account in accounts for view in account.look()),
    )


def _phases(frames: list[Frame]) -> tuple[PhaseResult, ...]:
    """Sum up each phase between its first frame and the next phase's."""
    results = []
    start = frames[0]
    for frame, after in zip(frames, [*frames[1:], None], strict=True):
        if after is None or after.phase != start.phase:
            end = frame if after is None else after
            results.append(_phase(start, end))
            start = end
    return tuple(results)


def _phase(start: Frame, end: Frame) -> PhaseResult:
    before, after = start.hedges, end.hedges
    unhedged = sum(
        (b.value_unhedged - a.value_unhedged for a, b in zip(before, after, strict=True)), Decimal(0)
    )
    hedged = sum((b.value - a.value for a, b in zip(before, after, strict=True)), Decimal(0))
    return PhaseResult(
        phase=start.phase,
        price_change=after[0].index / before[0].index - 1,
        unhedged_change=unhedged,
        hedged_change=hedged,
    )


# --- run ----------------------------------------------------------------------------------------------------


async def run(
    settings: Settings,
    *,
    until: Callable[[], bool],
    after: Callable[[str, tuple[HedgeView, ...]], None],
    accept_terms: bool,
) -> None:
    """Run every account against the wall clock until told to stop; ``after`` is told which one has decided, and how its hedges look.

    With ``accept_terms`` contracts whose terms changed are traded on, in their new terms.

    Raises:
        JournalUnavailableError: the journal cannot be used, or no longer.
        PreflightError: an account at a real venue is not as a hedge needs it.
        SettingsError: a hedge cannot be run at its venue in this mode.
        VenueError: a venue cannot be reached at the start, or does not know us.
    """
    log, clock = make_log(settings.log.level, settings.log.format, settings.mode), SystemClock()
    opener = partial(wiring.reader_of, wiring.journal_url(settings), settings.mode)
    async with watching(settings, clock, log, partial(orders_of, settings)) as watchman:
        watch = Watch(settings, settings.mode, clock, opener, log, watchman.counts)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(watch.supervised())
            if settings.web.enabled:
                host = settings.web.host
                port = await stack.enter_async_context(watch.serving(host, settings.web.port))
                log.info("the page is served", address=f"http://{host}:{port}/")
            lead = await leadership(settings, clock, log, until, watch.stands_by)
            if lead is None:
                return
            stack.enter_context(closing(lead))
            accounts = await stack.enter_async_context(
                _opened(settings, clock, log, lead.journal, accept_terms=accept_terms)
            )
            if not await lead.alone(clock, until):
                return
            for account in accounts:
                watch.join(account)
            watch.opened()
            watchman.started(accounts, tuple(settings.hedges))
            runs = [
                _run_account(settings, account, watch, until, after, watchman, log) for account in accounts
            ]
            await _together(runs)
        watchman.stopped()


async def _together(runs: Sequence[Coroutine[object, object, None]]) -> None:
    """Run accounts side by side; where one fails, the others end before the journals are closed under them."""
    tasks = [asyncio.get_running_loop().create_task(one) for one in runs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _opened(
    settings: Settings, clock: SystemClock, log: Log, journals: wiring.Journals, *, accept_terms: bool
) -> AsyncIterator[Sequence[OpenAccount]]:
    """Open every account where the mode wants it; at a real venue only what passes the preflight."""
    venues = {account.venue for account in settings.accounts.values()}
    if settings.mode == "paper" and venues != {"model"}:
        async with priced_accounts(
            settings, clock, log, accept_terms=accept_terms, journals=journals
        ) as priced:
            yield priced
        return
    if settings.mode == "paper":
        with paper_accounts(settings, clock, log, accept_terms=accept_terms, journals=journals) as paper:
            yield paper
        return
    async with venue_accounts(settings, clock, log, accept_terms=accept_terms, journals=journals) as real:
        for account in real:
            checks = await examine(patient_of(settings, account.name, account.venue, apply=False))
            refuse_failed(checks)
        yield real


async def _run_account(
    settings: Settings,
    account: OpenAccount,
    watch: Watch,
    until: Callable[[], bool],
    after: Callable[[str, tuple[HedgeView, ...]], None],
    watchman: Watchman,
    log: Log,
) -> None:
    def took(step: Step) -> None:
        try:
            after(account.name, watch.took(account, step))
        except JournalUnavailableError as error:
            # The loop's own writes say whether it can go on: what cannot be shown ends no hedge.
            log.warning(
                "nothing to show while the journal is away", decision=step.decision.number, error=str(error)
            )

    await account.loop.run(
        poll_ms=int(settings.loop.poll_seconds * 1000),
        heartbeat_ms=int(settings.loop.heartbeat_seconds * 1000),
        until=until,
        after=took,
        polled=partial(watchman.polled, account),
    )


# --- backtest -----------------------------------------------------------------------------------------------


def backtest(
    settings: Settings,
    data: Path,
    hedge: str | None,
    progress: Callable[[int, int], None],
    spot: Path | None = None,
) -> Report:
    """Replay a candle file through one hedge of the settings; ``spot`` holds the coin's candles if it is another's contract.

    Raises:
        HistoryError: the candles cannot be replayed.
        SettingsError: no hedge, or more than one, was meant.
    """
    started = time.monotonic()
    bars, held = history.load(data), None
    if spot is not None:
        bars, held = on_one_grid(bars, history.load(spot))
    runner = wiring_backtests.backtest_of(settings, hedge, bars, held=held)
    done = asyncio.run(runner.run(lambda bar: progress(bar, len(bars))))
    return report(done, round(time.monotonic() - started, 3))


def compare_guard(
    settings: Settings, data: Mapping[str, Path], progress: Callable[[str, int, int], None]
) -> tuple[GuardRow, ...]:
    """Replay each hedge without the guard, with it, and with top-ups; ``data`` gives the candles of each.

    ``progress`` is told what is replayed, its bars, and the bars done.

    Raises:
        HistoryError: the candles cannot be replayed.
        SettingsError: there is no such hedge.
    """
    rows = []
    for hedge, path in data.items():
        bars = history.load(path)
        for scenario in SCENARIOS:
            runner = wiring_backtests.guarded_of(settings, hedge, bars, scenario)
            name = f"{hedge}, {scenario}"
            run = asyncio.run(runner.run(partial(progress, name, len(bars))))
            rows.append(guard_row(hedge, scenario, run))
    return tuple(rows)


def backtest_rolls(
    settings: Settings, data: Path, spot: Path, hedge: str | None, progress: Callable[[int, int], None]
) -> DatedReport:
    """Replay a file of dated contracts through one dated hedge of the settings, roll after roll.

    Raises:
        HistoryError: the candles cannot be replayed.
        SettingsError: no hedge, or more than one, was meant; or it is no dated one.
    """
    started = time.monotonic()
    asked = settings.backtest
    bars = load_dated(data, spot, months=asked.expiry_months, front_as_index=asked.front_as_index)
    runner = wiring_backtests.rolls_of(settings, hedge, bars)
    done = asyncio.run(runner.run(lambda bar: progress(bar, len(bars))))
    return dated_report(done, round(time.monotonic() - started, 3))
