"""The command line: flat verbs; nothing but parsing, calling, showing.

Exit codes never change: 0 ok, 1 a check failed, 2 usage or settings, 3 venue, 4 journal, 5 halted. Rooms are entered
when a verb needs them, so that ``--help`` and a mistyped option answer at once.
"""

import json
import sys
from typing import Annotated

import typer

from bot import (
    cli_alerts,
    cli_ask,
    cli_backup,
    cli_guard,
    cli_rehearse,
    cli_run,
    cli_settings,
    cli_strategies,
    cli_street,
    cli_venues,
)
from bot.cli_options import CHECK_FAILED, JOURNAL, USAGE, VENUE
from bot.shell.ports import HedgerowError, JournalUnavailableError, PreflightError, VenueError

app = typer.Typer(
    help="Keep the dollar value of a spot crypto bag with an exactly sized short futures position.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 ok, 1 a check failed, 2 usage or settings, 3 venue, 4 journal, 5 halted.",
)


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


for verb in (
    cli_run.demo,
    cli_run.run,
    cli_run.backtest,
    cli_run.compare_guard,
    cli_run.compare_policies,
    cli_ask.explain,
    cli_ask.status,
    cli_ask.rolls,
    cli_ask.orders,
    cli_ask.journal,
    cli_ask.incidents,
    cli_ask.settle,
    cli_ask.replay,
    cli_backup.backup,
    cli_backup.restore,
    cli_guard.guard,
    cli_guard.freeze,
    cli_guard.resume,
    cli_guard.unwind,
    cli_rehearse.rehearse,
    cli_venues.venues,
    cli_venues.list_instruments,
    cli_venues.doctor,
    cli_venues.plan,
    cli_venues.exposures,
    cli_strategies.list_strategies,
    cli_strategies.new_strategy,
    cli_settings.check_config,
    cli_settings.show_config,
    cli_settings.new_config,
):
    app.command(verb.__name__.replace("_", "-"))(verb)
app.command("testexchange")(cli_street.open_street)
app.command("test-strategy")(cli_strategies.try_strategy)
app.command("test-alerts")(cli_alerts.try_alerts)


def main() -> None:
    """Run the command line; every expected failure is one sentence and its exit code."""
    try:
        app()
    except JournalUnavailableError as error:
        _fail(str(error), JOURNAL)
    except VenueError as error:
        _fail(str(error), VENUE)
    except PreflightError as error:
        _fail(str(error), CHECK_FAILED)
    except HedgerowError as error:
        _fail(str(error), USAGE)


def _fail(sentence: str, code: int) -> None:
    """Say what is wrong on standard error, as JSON if JSON was asked for, and leave."""
    text = json.dumps({"error": sentence, "exit_code": code}) if "--json" in sys.argv else sentence
    typer.echo(text, err=True)
    raise SystemExit(code)
