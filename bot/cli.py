"""The command line: flat verbs; nothing but parsing, calling, showing.

Exit codes never change: 0 ok, 1 a check failed, 2 usage or settings, 3 venue, 4 journal, 5 halted. Rooms are entered
when a verb needs them, so that ``--help`` and a mistyped option answer at once.
"""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.ports import HedgerowError, JournalUnavailableError, SettingsError, VenueError

if TYPE_CHECKING:
    from bot.sessions import Frame
    from bot.settings import Answers, Loaded
    from bot.wiring import PaperAccount

OK, CHECK_FAILED, USAGE, VENUE, JOURNAL, HALTED = range(6)
DEFAULT_CONFIG = Path("hedgerow.toml")
DEMO_JOURNAL = Path(".hedgerow/demo.sqlite")

app = typer.Typer(
    help="Keep the dollar value of a spot crypto bag with an exactly sized short futures position.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 a check failed, 2 usage or settings, 3 venue, 4 journal, 5 halted.",
)

Config = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", "-c", help="Settings file, repeatable; later files win. Default: hedgerow.toml."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]
JournalOption = Annotated[
    Path | None, typer.Option("--journal", help="Journal file. Default: the one of the settings.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"hedgerow {version('hedgerow')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    """Parse what stands before the verb."""


def _load(config: list[Path] | None) -> "Loaded":
    """Read the settings of the files named, or of hedgerow.toml.

    Raises:
        SettingsError: with every fault, one a line.
    """
    from bot.settings import SettingsFaultsError, load

    try:
        return load(config or [DEFAULT_CONFIG], dotenv=Path(".env"))
    except SettingsFaultsError as error:
        raise SettingsError(str(error)) from error


def _print_json(value: object) -> None:
    from pydantic_core import to_jsonable_python

    typer.echo(json.dumps(to_jsonable_python(value), indent=2))


# --- running ------------------------------------------------------------------------------------------------


@app.command()
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
    as_json: Json = False,
) -> None:
    """Hedge a seeded model market offline: calm, crash, squeeze, recovery, at accelerated time."""
    from rich.live import Live

    from bot import sessions, show, wiring

    wiring.clear_demo(journal)
    settings = wiring.demo_settings(seed).settings
    live = not headless and not as_json
    screen = show.DemoScreen()
    terminal = show.console()
    pace = seconds / max(1, hours * 60 // FRAME_MINUTES)
    began = time.monotonic()

    with Live(console=terminal, auto_refresh=False) if live else nullcontext() as picture:

        async def draw(frame: "Frame") -> None:
            if picture is not None:
                picture.update(screen.draw(frame), refresh=True)
                due = began + pace * float(frame.hours) * 60 / FRAME_MINUTES
                await asyncio.sleep(max(0.0, due - time.monotonic()))

        result = asyncio.run(
            sessions.demo(settings, journal, hours=hours, frame_minutes=FRAME_MINUTES, show=draw)
        )
        if picture is not None:
            picture.update("", refresh=True)
    if as_json:
        _print_json(result)
    else:
        terminal.print(show.demo_summary(result))


FRAME_MINUTES = 20
"""Model minutes between two frames of a demo."""


@app.command()
def run(
    config: Config = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Stop after so many seconds; without it, on Ctrl-C or SIGTERM.", min=0),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run in paper mode on the model market, in real time, until told to stop. The hedge is kept at the end."""
    from pydantic_core import to_jsonable_python

    from bot import sessions, show, wiring

    settings = _load(config).settings
    stopping = _stop_signal(seconds)
    typer.echo(_banner(settings.mode, wiring.journal_path(settings), list(settings.hedges)), err=True)

    def after(account: "PaperAccount") -> None:
        views = account.look()
        if as_json:
            typer.echo(json.dumps(to_jsonable_python(views)))
        else:
            show.console().print(show.hedges_table(views, f"{settings.mode} · account {account.name}"))

    asyncio.run(sessions.run(settings, until=stopping, after=after))


def _banner(mode: str, journal: Path, hedges: list[str]) -> str:
    return f"hedgerow · mode {mode} · model market · hedges {', '.join(hedges)} · journal {journal} · Ctrl-C stops, the hedge stays"


def _stop_signal(seconds: float | None) -> Callable[[], bool]:
    """Turn SIGTERM, SIGINT and a time limit into one question."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: bool(asked) or (end is not None and time.monotonic() >= end)


@app.command()
def backtest(
    data: Annotated[Path, typer.Option("--data", help="Candles: Parquet or CSV, columns as in the README.")],
    config: Config = None,
    hedge: Annotated[str | None, typer.Option(help="Which hedge, if the settings have several.")] = None,
    as_json: Json = False,
) -> None:
    """Replay candles through the same decisions and the model exchange, and report what it came to."""
    from rich.progress import Progress

    from bot import sessions, show

    settings = _load(config).settings
    quiet = as_json or not sys.stderr.isatty()
    with Progress(console=show.console(error=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("replaying", total=None)

        def advance(bar: int, bars: int) -> None:
            if not quiet:
                progress.update(task, completed=bar, total=bars)

        report = sessions.backtest(settings, data, hedge, advance)
    if as_json:
        _print_json(report)
    else:
        show.console().print(show.report_table(report))


# --- asking -------------------------------------------------------------------------------------------------


@app.command()
def explain(
    config: Config = None,
    journal: JournalOption = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="What a new account would do now; the journal is not read.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say why the last decision was what it was; with no journal yet, what the first would be."""
    from bot import sessions, show

    settings = None if journal else _load(config).settings
    path = _journal(config, journal)
    if settings is not None and (preview or not path.exists()):
        pictures = sessions.previewed(settings)
    else:
        pictures = sessions.explained(path, settings)
    if as_json:
        _print_json(pictures)
        return
    for picture in pictures:
        for view in picture.hedges:
            show.console().print(show.explanation(picture.snapshot, picture.decision, view))
        if picture.settings_changed:
            typer.echo("  The settings have changed since; --preview shows what they would do.")


@app.command()
def status(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Show every hedge as the journal last saw it: target, achieved, margin, orders, profit."""
    from bot import sessions, show, wiring

    path = _journal(config, journal)
    with wiring.reader_of(path) as reader:
        mode = reader.mode()
        accounts = {name: sessions.last_views(reader, name) for name in reader.accounts()}
    if as_json:
        _print_json({"mode": mode, "journal": path, "accounts": accounts})
        return
    for name, views in accounts.items():
        when = show.moment(views[0].at_ms) if views else "no decision yet"
        show.console().print(show.hedges_table(views, f"{mode} · account {name} · {when}"))


@app.command()
def replay(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Decide every journaled picture again and compare; exit code 1 if one decision differs."""
    from rich.progress import Progress

    from bot import sessions, show

    path = _journal(config, journal)
    quiet = as_json or not sys.stderr.isatty()
    with Progress(console=show.console(error=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("deciding again", total=None)
        result = sessions.replay(path, lambda asked: progress.update(task, completed=asked))
    if as_json:
        _print_json(result)
    else:
        show.console().print(show.replay_words(result))
    if result.agreed < result.decisions:
        raise typer.Exit(CHECK_FAILED)


def _journal(config: list[Path] | None, journal: Path | None) -> Path:
    """Choose the journal named, or that of the settings."""
    from bot import wiring

    return journal or wiring.journal_path(_load(config).settings)


# --- settings -----------------------------------------------------------------------------------------------


@app.command("check-config")
def check_config(config: Config = None, as_json: Json = False) -> None:
    """Check the settings, offline; every fault at once, with its place and remedy."""
    from bot import wiring

    settings = _load(config).settings
    wiring.check_contracts(settings)
    names = ", ".join(f"{name} ({hedge.symbol})" for name, hedge in settings.hedges.items())
    if as_json:
        _print_json({"ok": True, "mode": settings.mode, "hedges": list(settings.hedges)})
    else:
        typer.echo(f"ok: mode {settings.mode}, {len(settings.hedges)} hedge(s): {names}")


@app.command("show-config")
def show_config(config: Config = None, as_json: Json = False) -> None:
    """Show the merged settings and where each value came from; secrets are never shown."""
    from bot import show
    from bot.settings import shown

    rows = shown(_load(config))
    if as_json:
        _print_json(rows)
    else:
        show.console().print(show.settings_table(rows))


@app.command("new-config")
def new_config(
    path: Annotated[
        Path, typer.Argument(help="File to write; an existing one is never touched.")
    ] = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing, take the defaults.")] = False,
    as_json: Json = False,
) -> None:
    """Ask a few questions and write a commented settings file, and an empty .env only you can read."""
    from bot.settings import Answers, SettingsFaultsError, example, write_new

    try:
        write_new(path, example(Answers() if yes or as_json else _ask()), 0o644)
        dotenv = path.parent / ".env"
        if not dotenv.exists():
            write_new(dotenv, "# Secrets and overrides, for example HEDGEROW_RISK__LEVERAGE_MAX=2\n", 0o600)
    except SettingsFaultsError as error:
        raise SettingsError(str(error)) from error
    if as_json:
        _print_json({"written": [path, dotenv]})
    else:
        typer.echo(f"Wrote {path}. Next: hedgerow check-config -c {path}, then hedgerow run -c {path}")


def _ask() -> "Answers":
    """Ask at most eight questions; Enter takes the default."""
    from bot.settings import Answers

    default = Answers()
    if not typer.confirm("Paper mode? It is the only mode of this version.", default=True):
        typer.echo("There is no other mode yet; nothing was written.", err=True)
        raise typer.Exit(USAGE)
    return Answers(
        asset=typer.prompt("Which coin", default=default.asset),
        contract=typer.prompt(
            "Contract: linear (USDT margin) or inverse (coin margin)", default=default.contract
        ),
        holdings=typer.prompt(
            "How many coins do you hold outside the futures wallet", default=default.holdings
        ),
        deposit=typer.prompt(
            "How much margin lies in the futures wallet, in its currency", default=default.deposit
        ),
        ratio=typer.prompt("Hedge ratio, 0 to 1.5", default=default.ratio),
        band_outer=typer.prompt(
            "How far may the hedge be off before it is traded, as a share", default=default.band_outer
        ),
    )


# --- errors -------------------------------------------------------------------------------------------------


def main() -> None:
    """Run the command line; every expected failure is one sentence and its exit code."""
    try:
        app()
    except JournalUnavailableError as error:
        _fail(str(error), JOURNAL)
    except VenueError as error:
        _fail(str(error), VENUE)
    except HedgerowError as error:
        _fail(str(error), USAGE)


def _fail(sentence: str, code: int) -> None:
    """Say what is wrong on standard error, as JSON if JSON was asked for, and leave."""
    text = json.dumps({"error": sentence, "exit_code": code}) if "--json" in sys.argv else sentence
    typer.echo(text, err=True)
    raise SystemExit(code)
