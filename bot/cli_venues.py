"""Verbs about venues: what is possible where, what is listed, the preflight, and what would be sent."""

import asyncio
from typing import Annotated

import typer

from bot.cli_options import CHECK_FAILED, Config, Json, load_settings, print_json


def venues(as_json: Json = False) -> None:
    """Show what is possible where: venues, modes, kinds of contracts, with reason and remedy where something is not."""
    from bot import questions_venues, show, show_venues

    rows = questions_venues.capabilities()
    if as_json:
        print_json(rows)
    else:
        show.console().print(show_venues.capabilities_table(rows))


def list_instruments(
    config: Config = None,
    asset: Annotated[
        str | None, typer.Option(help="A coin, such as SOL; without it those of the hedges.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the contracts that could carry a hedge, at the venues of the settings."""
    from bot import questions_venues, show, show_venues

    rows = asyncio.run(questions_venues.instruments(load_settings(config).settings, asset))
    if as_json:
        print_json(rows)
    else:
        show.console().print(show_venues.instruments_table(rows))


def doctor(
    config: Config = None,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply", help="Put right what can be: position mode, margin mode, leverage. Says what."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Look at every account at its venue before trading: key, clock, modes, contracts, margin. Exit code 1 if a check fails."""
    from bot import doctor as examination
    from bot import questions_venues, show, show_venues

    checks = asyncio.run(questions_venues.examined(load_settings(config).settings, apply=apply))
    if as_json:
        print_json(checks)
    else:
        show.console().print(show_venues.checks_table(checks))
    if examination.failed(checks):
        raise typer.Exit(CHECK_FAILED)


def exposures(config: Config = None, as_json: Json = False) -> None:
    """List every coin with its value, the ratio wanted for it alone (its beta), and the contract that hedges it."""
    from bot import questions_venues, show, show_exposures

    found = questions_venues.exposures(load_settings(config).settings)
    if as_json:
        print_json(found)
    else:
        show.console().print(show_exposures.exposures_table(found))


def plan(config: Config = None, as_json: Json = False) -> None:
    """Print the orders that would be sent now, and send nothing."""
    from bot import questions_venues, show, show_venues

    pictures = questions_venues.planned(load_settings(config).settings)
    if as_json:
        print_json(pictures)
    else:
        show.console().print(show_venues.plan_table(pictures))
