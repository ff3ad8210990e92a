"""Verbs that run: demo, run, backtest, compare-guard, compare-policies."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_options import DEMO_JOURNAL, Config, Json, load_settings, print_json, stop_signal
from bot.shell.ports import SettingsError

if TYPE_CHECKING:
    from rich.progress import TaskID

    from bot.backtest.dated_report import DatedReport
    from bot.backtest.report import Report
    from bot.sessions import Frame
    from bot.shell.view import HedgeView


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="No live picture, as fast as it goes.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Seed of the model market.", min=0)] = 7,
    hours: Annotated[int, typer.Option(help="Model hours; one cycle is 120.", min=1, max=2400)] = 120,
    seconds: Annotated[float, typer.Option(help="Real seconds that the live picture takes.", min=0)] = 12,
    journal: Annotated[
        Path, typer.Option(help="Journal to write; an older demo's is replaced.")
    ] = DEMO_JOURNAL,
    policy: Annotated[
        str | None,
        typer.Option(help='Instead of a full hedge, as JSON: [{"stage": "fixed_ratio", "ratio": 1}, ...].'),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Folder with stages of your own for --policy.")
    ] = None,
    serve: Annotated[
        int | None,
        typer.Option(help="Serve page and metrics at this port of loopback meanwhile.", min=0, max=65535),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hedge through calm, crash, squeeze and recovery at test exchanges on this machine, over real HTTP, at accelerated time."""
    from rich.live import Live

    from bot import sessions, show, wiring, wiring_demo

    settings = wiring_demo.demo_settings(seed, policy, folder).settings
    wiring.clear_demo(journal)
    live = not headless and not as_json
    screen = show.DemoScreen()
    terminal = show.console()
    pace = seconds / max(1, hours * 60 // FRAME_MINUTES)
    began = time.monotonic()
    if serve is not None:
        opens = (
            f"the token in {settings.web.token_path} opens it"
            if not settings.web.token.get_secret_value()
            else ""
        )
        typer.echo(f"http://127.0.0.1:{serve}/ · {opens}", err=True)

    with Live(console=terminal, auto_refresh=False) if live else nullcontext() as picture:

        async def draw(frame: "Frame") -> None:
            if picture is not None:
                picture.update(screen.draw(frame), refresh=True)
                due = began + pace * float(frame.hours) * 60 / FRAME_MINUTES
                await asyncio.sleep(max(0.0, due - time.monotonic()))

        result = asyncio.run(
            sessions.demo(settings, journal, hours=hours, frame_minutes=FRAME_MINUTES, show=draw, serve=serve)
        )
        if picture is not None:
            picture.update("", refresh=True)
    if as_json:
        print_json(result)
    else:
        terminal.print(show.demo_summary(result))


FRAME_MINUTES = 60
"""Model minutes between two frames of a demo."""


def run(
    config: Config = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Stop after so many seconds; without it, on Ctrl-C or SIGTERM.", min=0),
    ] = None,
    accept_terms: Annotated[
        bool,
        typer.Option("--accept-terms", help="You have looked at contracts whose terms changed: trade on."),
    ] = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="In mode paper: on the built-in model market, whatever the venue."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run every hedge in the mode of the settings, in real time, until told to stop. The hedge is kept at the end."""
    from pydantic_core import to_jsonable_python

    from bot import sessions, show, wiring

    settings = load_settings(config).settings
    settings = wiring.offline(settings) if offline else settings
    stopping = stop_signal(seconds)
    venues = list(dict.fromkeys(account.venue for account in settings.accounts.values()))
    typer.echo(
        _banner(
            settings.mode, venues, wiring.journal_name(wiring.journal_url(settings)), list(settings.hedges)
        ),
        err=True,
    )

    def after(account: str, views: "tuple[HedgeView, ...]") -> None:
        if as_json:
            typer.echo(json.dumps(to_jsonable_python(views)))
        else:
            show.console().print(show.hedges_table(views, f"{settings.mode} · account {account}"))

    asyncio.run(sessions.run(settings, until=stopping, after=after, accept_terms=accept_terms))


def _banner(mode: str, venues: Sequence[str], journal: str, hedges: list[str]) -> str:
    where = ", ".join("model market" if venue == "model" else venue for venue in venues)
    return f"hedgerow · mode {mode} · {where} · hedges {', '.join(hedges)} · journal {journal} · Ctrl-C stops, the hedge stays"


def backtest(
    data: Annotated[Path, typer.Option("--data", help="Candles: Parquet or CSV, columns as in the README.")],
    spot: Annotated[
        Path | None,
        typer.Option(
            "--spot",
            help="Candles of spot, if --data holds dated contracts; of the held coin, if they are of another's.",
        ),
    ] = None,
    config: Config = None,
    hedge: Annotated[str | None, typer.Option(help="Which hedge, if the settings have several.")] = None,
    as_json: Json = False,
) -> None:
    """Replay candles through the same decisions and the model exchange, and report what it came to."""
    from rich.progress import Progress

    from bot import sessions, show, show_tables, wiring_backtests

    settings = load_settings(config).settings
    quiet = as_json or not sys.stderr.isatty()
    with Progress(console=show.console(error=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("replaying", total=None)

        def advance(bar: int, bars: int) -> None:
            if not quiet:
                progress.update(task, completed=bar, total=bars)

        if spot is None or wiring_backtests.on_proxy(settings, hedge):
            report: Report | DatedReport = sessions.backtest(settings, data, hedge, advance, spot)
        else:
            report = sessions.backtest_rolls(settings, data, spot, hedge, advance)
    if as_json:
        print_json(report)
    else:
        show.console().print(show_tables.backtest_words(report))


def compare_guard(
    data: Annotated[
        list[str],
        typer.Option("--data", help="HEDGE=FILE, repeatable: candles to replay a hedge of the settings on."),
    ],
    config: Config = None,
    steps: Annotated[bool, typer.Option("--steps", help="List each act of the guard, too.")] = False,
    as_json: Json = False,
) -> None:
    """Replay hedges without the guard, with it, and with top-ups from the reserve; show them side by side."""
    from bot import sessions, show, show_guard_report

    settings = load_settings(config).settings
    files = _files(data, "HEDGE=FILE, such as --data btc=candles.parquet")
    with _bars_shown(as_json) as advance:
        rows = sessions.compare_guard(settings, files, advance)
    if as_json:
        print_json(rows)
    else:
        show.console().print(show_guard_report.compared(rows, steps=steps))


def compare_policies(
    data: Annotated[
        list[str],
        typer.Option("--data", help="CONTRACT=FILE, repeatable: candles of a contract that hedges are by."),
    ],
    config: Config = None,
    begin: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="First day (UTC) that is scored. Default: once the longest look-back is full.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay every hedge of the settings on the candles of its contract, and lay what each came to in one table."""
    from bot import show, show_policies, wiring_policies

    settings = load_settings(config).settings
    files = _files(data, "CONTRACT=FILE, such as --data BTC/USDT:USDT=candles.parquet")
    from_ms = None if begin is None else round(begin.replace(tzinfo=UTC).timestamp() * 1000)
    with _bars_shown(as_json) as advance:
        comparison = wiring_policies.compare(settings, files, from_ms, advance)
    if as_json:
        print_json(comparison)
    else:
        show.console().print(show_policies.table(comparison))


@contextmanager
def _bars_shown(as_json: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar of progress for each name that is told, with the parts there are and the parts done; for people only."""
    from rich.progress import Progress

    from bot import show

    quiet = as_json or not sys.stderr.isatty()
    with Progress(console=show.console(error=True), transient=True, disable=quiet) as progress:
        tasks: dict[str, TaskID] = {}

        def advance(name: str, whole: int, done: int) -> None:
            if not quiet:
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=whole)
                progress.update(tasks[name], completed=done)

        yield advance


def _files(data: list[str], form: str) -> dict[str, Path]:
    """Read ``NAME=FILE`` pairs.

    Raises:
        SettingsError: one is none, or a name is given twice.
    """
    pairs = [one.partition("=") for one in data]
    files: dict[str, Path] = {}
    for name, _, file in pairs:
        if not name or not file:
            raise SettingsError(f"--data {name}: write {form}.")
        if name in files:
            raise SettingsError(f"--data {name} is given twice: give one file.")
        files[name] = Path(file)
    return files
