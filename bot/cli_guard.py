"""Verbs of the guard: freeze, resume and unwind say a person's word to it; guard shows how it stands."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_options import CHECK_FAILED, Config, JournalOption, Json, journal_of, load_settings, print_json
from bot.shell.ports import SettingsError

if TYPE_CHECKING:
    from bot.adapters.journal_guard import WordKind
    from bot.settings import Settings

HedgeOption = Annotated[str | None, typer.Option("--hedge", help="Which hedge. Default: all of the account.")]
AccountOption = Annotated[
    str | None, typer.Option("--account", help="Which account. Default: the hedge's, or every account.")
]
Why = Annotated[str, typer.Option("--why", help="The reason; it is written down and shown.")]
UNSAID = "no reason given"


def freeze(
    config: Config = None,
    hedge: HedgeOption = None,
    account: AccountOption = None,
    why: Why = UNSAID,
    as_json: Json = False,
) -> None:
    """Send nothing new and take working orders back, until `resume`; what is hedged stays hedged."""
    settings = load_settings(config).settings
    _say(settings, "freeze", account, hedge, why, as_json=as_json)


def resume(
    config: Config = None,
    hedge: HedgeOption = None,
    account: AccountOption = None,
    why: Why = UNSAID,
    as_json: Json = False,
) -> None:
    """End freezes and unwindings, and release halts; of a hedge, its own only. Look at the account first."""
    settings = load_settings(config).settings
    _say(settings, "resume", account, hedge, why, as_json=as_json)


def unwind(
    config: Config = None,
    hedge: HedgeOption = None,
    account: AccountOption = None,
    why: Why = UNSAID,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Close hedges by buying back across the spread, and keep them closed until `resume`: the coins become unhedged."""
    settings = load_settings(config).settings
    if not yes and not _confirmed(settings, account, hedge):
        typer.echo("Nothing was said, and nothing is closed.", err=True)
        raise typer.Exit(CHECK_FAILED)
    _say(settings, "unwind", account, hedge, why, as_json=as_json)


def guard(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Show what the guard lets each account do and why, its margin, where each rung trips, and who said what."""
    from bot import questions_guard, show, show_guard

    views = questions_guard.guard_views(journal_of(config, journal))
    if as_json:
        print_json(views)
        return
    for view in views:
        show.console().print(show_guard.guard_words(view))


def _say(
    settings: "Settings", kind: "WordKind", account: str | None, hedge: str | None, why: str, *, as_json: bool
) -> None:
    """Write a word for every account it is meant for, and tell what was said."""
    from bot import questions_guard, show_guard

    said = questions_guard.speak(settings, questions_guard.meant(settings, account, hedge), kind, hedge, why)
    if as_json:
        print_json(said)
        return
    for one in said:
        typer.echo(show_guard.said_words(one))


def _confirmed(settings: "Settings", account: str | None, hedge: str | None) -> bool:
    """Show what would be closed and ask.

    Raises:
        SettingsError: there is nobody to ask.
    """
    from bot import questions_guard, show_guard

    accounts = questions_guard.meant(settings, account, hedge)
    if not sys.stdin.isatty():
        raise SettingsError(
            "Unwinding closes hedges across the spread and asks before, and there is no terminal to ask at: say --yes."
        )
    closing = questions_guard.to_close(settings, accounts, hedge)
    typer.echo(show_guard.closing_words(closing), err=True)
    return typer.confirm("Close them, and keep them closed until `hedgerow resume`?", err=True)
