"""The verb that opens a test exchange."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_options import Json, stop_signal
from bot.shell.ports import SettingsError

DEFAULT_PORT = 8700
REPLAY = "replay:"


def open_street(
    dialect: Annotated[
        str, typer.Option(help="Whose dialect it speaks: see hedgerow venues.")
    ] = "binance-usdm",
    port: Annotated[
        int, typer.Option(help="Port on loopback; 0 takes a free one.", min=0, max=65535)
    ] = DEFAULT_PORT,
    scenario: Annotated[
        str,
        typer.Option(
            help="calm, crash, squeeze: an hour before it; roll: contracts expire weekly; replay:FILE: candles."
        ),
    ] = "calm",
    speed: Annotated[
        float,
        typer.Option(
            help="Seconds of the market in one of yours; Hedgerow itself trades on 1 only, as on a venue whose clock is right.",
            min=0.001,
            max=100_000,
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(help="Seed of market and faults.", min=0)] = 7,
    price: Annotated[
        float, typer.Option(help="Price of bitcoin that the market moves around.", min=0.01)
    ] = 60_000,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            help="operation:fault:share, as place:drop-after:0.1; repeatable. Wrong ones list what there is."
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Close after so many seconds; without it, on Ctrl-C or SIGTERM.", min=0),
    ] = None,
    as_json: Json = False,
) -> None:
    """Open an exchange on this machine that speaks a venue's dialect: point any ccxt bot at it, or mode local."""
    from bot import wiring_street
    from bot.backtest import history
    from bot.testexchange.dialects import DIALECTS
    from bot.testexchange.faults import odds_from
    from bot.testexchange.keyring import TEST_KEY

    if dialect not in DIALECTS:
        raise SettingsError(f"There is no dialect {dialect!r}: choose from {', '.join(DIALECTS)}.")
    bars = history.load(_candles(scenario)) if scenario.startswith(REPLAY) else None
    try:
        odds = tuple(odds_from(text) for text in faults or ())
    except ValueError as error:
        raise SettingsError(str(error)) from error
    opening = wiring_street.Opening(
        dialect=dialect,
        port=port,
        scenario=wiring_street.scenario_of("calm" if bars is not None else scenario),
        seed=seed,
        speed=Decimal(str(speed)),
        price=Decimal(str(price)),
        bars=bars,
        faults=odds,
        keys=(TEST_KEY,),
        customers=(wiring_street.Customer(),),
    )

    def started(found: int) -> None:
        _tell(wiring_street.opening_words(opening, found), as_json=as_json)

    asyncio.run(wiring_street.serve(opening, until=stop_signal(seconds), started=started))


def _candles(scenario: str) -> Path:
    """Give the candle file that a scenario names.

    Raises:
        SettingsError: there is none.
    """
    path = Path(scenario.removeprefix(REPLAY))
    if not path.is_file():
        raise SettingsError(
            f"No candle file at {path}: write --scenario replay:FILE, with a Parquet or CSV file."
        )
    return path


def _tell(words: dict[str, object], *, as_json: bool) -> None:
    import json

    if as_json:
        typer.echo(json.dumps(words))
        return
    for name, value in words.items():
        typer.echo(f"{name:>12}  {value}")
