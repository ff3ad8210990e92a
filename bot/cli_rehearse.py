"""The verb that rehearses: today's account led through a move of prices, to see what the guard would do."""

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli_options import Config, JournalOption, Json, load_settings, print_json
from bot.shell.ports import SettingsError

if TYPE_CHECKING:
    from bot.backtest.rehearsal_world import Shock
    from bot.wiring_rehearsal import Rehearsed

UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
DAYS_MAX = 90
SHOCK = Decimal("-0.99"), Decimal(10)
FUNDING = Decimal("-0.05"), Decimal("0.05")
BASIS = Decimal("-0.5"), Decimal("0.5")


def rehearse(
    shock: Annotated[str, typer.Option(help="Move of every price: +40%, -20% or 0.4.")],
    over: Annotated[str, typer.Option(help="How long it takes: 30m, 24h, 3d; 0 is a gap.")] = "1h",
    funding: Annotated[
        str, typer.Option(help="Rate paid at every settlement on the way; positive: shorts receive.")
    ] = "0",
    basis: Annotated[str, typer.Option(help="What marks gain over indices by the end.")] = "0",
    account: Annotated[str | None, typer.Option(help="Which account. Default: every one.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots to this file.")] = None,
    config: Config = None,
    journal: JournalOption = None,
    as_json: Json = False,
) -> None:
    """Lead today's account through a move of prices on the model exchange: what the guard would do. Changes nothing."""
    found = _rehearsed(_shock(shock, over, funding, basis), account, config, journal)
    if as_json:
        print_json(found)
    else:
        from bot import show, show_rehearsal

        show.console().print(f"From {found.source}.")
        for one in found.accounts:
            show.console().print(show_rehearsal.rehearsal_words(one, found.mode))
    if html is not None:
        _write_page(found, html)
        typer.echo(f"plot: {html}", err=as_json)


def _rehearsed(
    shock: "Shock", account: str | None, config: list[Path] | None, journal: Path | None
) -> "Rehearsed":
    """Rehearse the journal named under its own settings, unless some are named, too; else that of the settings, or new accounts."""
    from bot import wiring, wiring_rehearsal

    if journal is not None:
        settings = load_settings(config).settings if config else None
        return wiring_rehearsal.from_journal(wiring.url_of(journal), settings, account, shock)
    settings = load_settings(config).settings
    url = wiring.journal_url(settings)
    if wiring.journal_there(url):
        return wiring_rehearsal.from_journal(url, settings, account, shock)
    return wiring_rehearsal.as_new(settings, account, shock)


def _write_page(found: "Rehearsed", path: Path) -> None:
    """Write the page, and the folders it lies in.

    Raises:
        SettingsError: it cannot be written.
    """
    from bot.rehearsal_page import page

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(found), "utf-8")
    except OSError as error:
        raise SettingsError(
            f"--html {path}: it cannot be written ({error.strerror}); name another file."
        ) from error


# --- options --------------------------------------------------------------------------------------------------


def _shock(shock: str, over: str, funding: str, basis: str) -> "Shock":
    """Read the options that say what happens to prices.

    Raises:
        SettingsError: one of them makes no sense.
    """
    from bot.backtest.rehearsal_world import Shock
    from bot.core.values import Ratio

    return Shock(
        share=Ratio(_share("--shock", shock, SHOCK, "+40%, -20% or 0.4")),
        over_ms=_span_ms(over),
        funding=Ratio(_share("--funding", funding, FUNDING, "-0.3% or 0.0001")),
        basis=Ratio(_share("--basis", basis, BASIS, "+1% or 0.01")),
    )


def _share(option: str, text: str, limits: tuple[Decimal, Decimal], example: str) -> Decimal:
    """Read a share, in percent or as a number, between limits."""
    written = re.fullmatch(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(%?)", text.strip(), re.ASCII)
    if written is None:
        raise SettingsError(f"{option} {text}: this is no share; write {example}.")
    share = Decimal(written[1]) / (100 if written[2] else 1)
    least, most = limits
    if not least <= share <= most:
        said, low, high = (f"{(figure * 100).normalize():+f} %" for figure in (share, least, most))
        raise SettingsError(f"{option} {text}: {said} is not between {low} and {high}; write {example}.")
    return share


def _span_ms(text: str) -> int:
    """Read a length of time: a whole number of minutes, hours or days, or 0."""
    written = re.fullmatch(r"(\d{1,9})([mhd])", text.strip(), re.ASCII)
    span_ms = 0 if written is None else int(written[1]) * UNITS_MS[written[2]]
    if written is None and text.strip() != "0":
        raise SettingsError(
            f"--over {text}: this is no length of time; write 30m, 24h or 3d, or 0 for a gap."
        )
    if span_ms > DAYS_MAX * UNITS_MS["d"]:
        raise SettingsError(f"--over {text}: this is longer than {DAYS_MAX} days; write 30m, 24h or 3d.")
    return span_ms
