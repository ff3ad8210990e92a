"""Verbs that ask a journal: explain, status, replay, rolls, orders, incidents; and settle, which tells it something."""

import sys
from typing import Annotated

import typer

from bot.cli_options import CHECK_FAILED, Config, JournalOption, Json, journal_of, load_settings, print_json
from bot.shell.ports import SettingsError


def explain(
    config: Config = None,
    journal: JournalOption = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="What a new account would do now; the journal is not read.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say why the last decision was what it was; with no journal yet, what the first would be."""
    from bot import questions, show, wiring

    settings = None if journal else load_settings(config).settings
    url = journal_of(config, journal)
    if settings is not None and (preview or not wiring.journal_there(url)):
        pictures = questions.previewed(settings)
    else:
        pictures = questions.explained(url, settings)
    if as_json:
        print_json(pictures)
        return
    for picture in pictures:
        for view in picture.hedges:
            show.console().print(show.explanation(picture.snapshot, picture.decision, view))
        if picture.settings_changed:
            typer.echo("  The settings have changed since; --preview shows what they would do.")


def status(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Show every hedge as the journal last saw it: target, achieved, margin, orders, profit."""
    from bot import looks, show, wiring

    url = journal_of(config, journal)
    with wiring.reader_of(url) as reader:
        mode = reader.mode()
        accounts = {name: looks.last_views(reader, name) for name in reader.accounts()}
    if as_json:
        print_json({"mode": mode, "journal": wiring.journal_name(url), "accounts": accounts})
        return
    for name, views in accounts.items():
        when = show.moment(views[0].at_ms) if views else "no decision yet"
        show.console().print(show.hedges_table(views, f"{mode} · account {name} · {when}"))


def replay(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Decide every journaled picture again and compare; exit code 1 if one decision differs."""
    from rich.progress import Progress

    from bot import questions, show, show_tables

    url = journal_of(config, journal)
    quiet = as_json or not sys.stderr.isatty()
    with Progress(console=show.console(error=True), transient=True, disable=quiet) as progress:
        task = progress.add_task("deciding again", total=None)
        result = questions.replay(url, lambda asked: progress.update(task, completed=asked))
    if as_json:
        print_json(result)
    else:
        show.console().print(show_tables.replay_words(result))
    if result.agreed < result.decisions:
        raise typer.Exit(CHECK_FAILED)


def rolls(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """Show each dated hedge: stage, time to expiry, what is left to roll, the spread, the cost so far."""
    from bot import questions, show, show_tables

    rows = questions.rolls(journal_of(config, journal))
    if as_json:
        print_json(rows)
    elif rows:
        show.console().print(show_tables.rolls_table(rows))
    else:
        typer.echo('No hedge here rolls: set kind = "dated" in its table to hedge with quarterlies.')


def orders(
    config: Config = None,
    journal: JournalOption = None,
    limit: Annotated[int, typer.Option(help="How many of the last intents.", min=1)] = 20,
    as_json: Json = False,
) -> None:
    """Show what came of each intent: orders, fills, and the shortfall against the price when its gap was first seen."""
    from bot import questions, show, show_tables

    told = questions.intents(journal_of(config, journal), limit)
    if as_json:
        print_json(told)
    else:
        show.console().print(show_tables.intents_table(told))


def journal(
    config: Config = None,
    journal: JournalOption = None,
    hedge: Annotated[str | None, typer.Option(help="Only this hedge.")] = None,
    as_json: Json = False,
) -> None:
    """Tell every hedge from flat to flat: why it was there, at what price, how long it was meant to last, what came of it."""
    from bot import questions_journal, show, show_journal

    told = questions_journal.notes(journal_of(config, journal), hedge)
    if as_json:
        print_json(told)
    elif told:
        show.console().print(show_journal.notes_words(told))
    else:
        typer.echo("No hedge has been opened yet.")


def incidents(config: Config = None, journal: JournalOption = None, as_json: Json = False) -> None:
    """List what happened to the account that Hedgerow did not do: positions that moved, foreign and unknown orders."""
    from bot import questions, show, show_tables

    told = questions.incidents(journal_of(config, journal))
    if as_json:
        print_json(told)
    else:
        show.console().print(show_tables.incidents_words(told))


def settle(
    order: Annotated[str, typer.Argument(help="Client order id, as `status` or `incidents` names it.")],
    gone: Annotated[
        bool, typer.Option("--gone", help="You have looked at the venue: the order is not there.")
    ] = False,
    config: Config = None,
    account: Annotated[str | None, typer.Option(help="Which account, if the settings have several.")] = None,
    as_json: Json = False,
) -> None:
    """End an order whose fate is open, because you looked at the venue and it is gone; its fills stay booked."""
    from bot import questions

    settings = load_settings(config).settings
    names = list(settings.accounts)
    if not gone:
        raise SettingsError("Look at the venue first; if the order is not there, say so with --gone.")
    if (account is None and len(names) > 1) or account not in {None, *names}:
        raise SettingsError(f"Choose an account with --account from {', '.join(names)}.")
    report = questions.settle(settings, account or names[0], order)
    if as_json:
        print_json(report)
    else:
        typer.echo(
            f"Order {report.client_order_id} is {report.state}, filled {report.filled}: {report.reason}."
        )
