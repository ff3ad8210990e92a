"""Verbs that keep a journal safe: backup, restore."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_options import Config, JournalOption, Json, journal_of, load_settings, print_json

if TYPE_CHECKING:
    from bot.adapters.journal_copy import Kept


def backup(
    file: Annotated[
        Path, typer.Argument(help="File to write; an older backup of that name is replaced, nothing else.")
    ],
    config: Config = None,
    journal: JournalOption = None,
    as_json: Json = False,
) -> None:
    """Save the journal into one file, checked, while the bot goes on; every verb reads it with --journal."""
    from bot import questions_backup

    _tell(questions_backup.backup(journal_of(config, journal), file), as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(help="File that `hedgerow backup` wrote.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Fill the empty journal of the settings from a backup; then `replay` agrees and `run` goes on. Stop the bot first."""
    from bot import questions_backup

    _tell(questions_backup.restore(load_settings(config).settings, file), as_json=as_json)


def _tell(kept: "Kept", *, as_json: bool) -> None:
    """Show what was carried over."""
    from bot import show, show_tables

    if as_json:
        print_json(kept)
    else:
        show.console().print(show_tables.kept_table(kept))
