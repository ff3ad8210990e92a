"""The verb about alerts: send a test through every channel."""

import asyncio

import typer

from bot.cli_options import CHECK_FAILED, Config, Json, load_settings, print_json


def try_alerts(config: Config = None, as_json: Json = False) -> None:
    """Send one test through every channel of the settings, and show what each answered; exit code 1 if one failed."""
    from bot import show, show_alerts, wiring_alerts
    from bot.adapters.clock import SystemClock

    settings = load_settings(config).settings
    tried = asyncio.run(wiring_alerts.try_channels(settings, SystemClock()))
    if as_json:
        print_json(tried)
    else:
        show.console().print(show_alerts.tried_table(tried, settings.mode))
    if not all(one.delivered for one in tried):
        raise typer.Exit(CHECK_FAILED)
