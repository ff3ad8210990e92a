"""Verbs about stages: list them, put one on trial, begin a new one."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import CHECK_FAILED, DEFAULT_CONFIG, Config, Json, print_json
from bot.shell.ports import SettingsError

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Folder with stages of your own. Default: the one of the settings."),
]
DOTENV = Path(".env")


def list_strategies(
    name: Annotated[str | None, typer.Argument(help="One stage, with its parameters.")] = None,
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the stages a policy may be made of, and the files that gave none, with the reason."""
    from bot import questions_strategies, show, show_strategies

    rows = questions_strategies.listed(questions_strategies.known(config or [DEFAULT_CONFIG], folder, DOTENV))
    chosen = [row for row in rows if name in {None, row.name, row.file.stem}]
    if not chosen:
        raise SettingsError(f"There is no stage {name!r}: there are {', '.join(row.name for row in rows)}.")
    if as_json:
        print_json(chosen)
    else:
        show.console().print(show_strategies.listed_table(chosen, whole=name is not None))


def try_strategy(
    name: Annotated[str, typer.Argument(help="The stage, as list-strategies names it.")],
    given: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE, repeatable: parameters, as JSON or plain.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Candles to try it on. Default: the model market.")
    ] = None,
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Try what a stage promises: bounds, determinism, purity, no look-ahead, how long it holds; exit code 1 if one fails."""
    from bot import questions_strategies, show, show_strategies

    found = questions_strategies.known(config or [DEFAULT_CONFIG], folder, DOTENV)
    checks = questions_strategies.tried(found, name, _parameters(given or []), data)
    if as_json:
        print_json(checks)
    else:
        show.console().print(show_strategies.trial_table(name, checks))
    if any(check.verdict == "FAILED" for check in checks):
        raise typer.Exit(CHECK_FAILED)


def new_strategy(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and underscores.")],
    folder: Folder = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a stage of your own to begin with; an existing file is never touched."""
    from bot import questions_strategies

    files = config or [DEFAULT_CONFIG]
    found = questions_strategies.known(files, folder if folder and folder.is_dir() else None, DOTENV)
    chosen = folder or questions_strategies.folder_named(files, DOTENV)
    file = questions_strategies.begun(found, name, chosen)
    if as_json:
        print_json({"written": file})
    else:
        typer.echo(
            f'Wrote {file}. Next: name its folder in the settings (strategies = "{chosen}"), change it to your mind,'
            f" then hedgerow list-strategies and hedgerow test-strategy {name}"
        )


def _parameters(given: list[str]) -> dict[str, object]:
    """Read ``NAME=VALUE`` pairs; a value is JSON if it can be read as such.

    Raises:
        SettingsError: one is none.
    """
    import json
    from decimal import Decimal

    values: dict[str, object] = {}
    for one in given:
        name, equals, text = one.partition("=")
        if not name or not equals:
            raise SettingsError(f"--set {one}: write NAME=VALUE, such as --set bars=24.")
        try:
            values[name] = json.loads(text, parse_float=Decimal)
        except ValueError:
            values[name] = text
    return values
