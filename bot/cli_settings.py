"""Verbs about settings: check, show, write."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_options import DEFAULT_CONFIG, USAGE, Config, Json, load_settings, print_json
from bot.shell.ports import SettingsError

if TYPE_CHECKING:
    from bot.settings import Answers


def check_config(config: Config = None, as_json: Json = False) -> None:
    """Check the settings, offline; every fault at once, with its place and remedy."""
    from bot import wiring

    settings = load_settings(config).settings
    wiring.check_contracts(settings)
    names = ", ".join(f"{name} ({hedge.symbol})" for name, hedge in settings.hedges.items())
    if as_json:
        print_json({"ok": True, "mode": settings.mode, "hedges": list(settings.hedges)})
    else:
        typer.echo(f"ok: mode {settings.mode}, {len(settings.hedges)} hedge(s): {names}")


def show_config(config: Config = None, as_json: Json = False) -> None:
    """Show the merged settings and where each value came from; secrets are never shown."""
    from bot import show, show_tables
    from bot.settings import shown

    rows = shown(load_settings(config))
    if as_json:
        print_json(rows)
    else:
        show.console().print(show_tables.settings_table(rows))


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
        print_json({"written": [path, dotenv]})
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
