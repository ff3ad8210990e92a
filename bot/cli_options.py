"""What every verb of the command line shares: options, exit codes, reading the settings, answering in JSON."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.ports import SettingsError

if TYPE_CHECKING:
    from bot.settings import Loaded

OK, CHECK_FAILED, USAGE, VENUE, JOURNAL, HALTED = range(6)
DEFAULT_CONFIG = Path("hedgerow.toml")
DEMO_JOURNAL = Path(".hedgerow/demo.sqlite")

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


def load_settings(config: list[Path] | None) -> "Loaded":
    """Read the settings of the files named, or of hedgerow.toml.

    Raises:
        SettingsError: with every fault, one a line.
    """
    from bot.settings import SettingsFaultsError, load

    try:
        return load(config or [DEFAULT_CONFIG], dotenv=Path(".env"))
    except SettingsFaultsError as error:
        raise SettingsError(str(error)) from error


def print_json(value: object) -> None:
    """Answer with a value as JSON: records as objects, Decimals as strings."""
    from pydantic_core import to_jsonable_python

    typer.echo(json.dumps(to_jsonable_python(value), indent=2))


def journal_of(config: list[Path] | None, journal: Path | None) -> str:
    """Choose the journal named, or that of the settings; gives its address, which may hold a password."""
    from bot import wiring

    return wiring.url_of(journal) if journal else wiring.journal_url(load_settings(config).settings)


def stop_signal(seconds: float | None) -> Callable[[], bool]:
    """Turn SIGTERM, SIGINT and a time limit into one question."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    end = None if seconds is None else time.monotonic() + seconds
    return lambda: bool(asked) or (end is not None and time.monotonic() >= end)
