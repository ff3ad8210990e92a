"""What the verbs ask about stages: which there are, whether one keeps its promises, and a new one to begin with."""

import keyword
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from bot.backtest import history
from bot.backtest.trial import Check, Trial
from bot.core.policy import Policy
from bot.core.values import record
from bot.settings import own_folder, write_new
from bot.settings_layers import SettingsFaultsError
from bot.shell.ports import SettingsError
from bot.wiring_backtests import model_history
from strategies import Discovery, discovered, use_folder


@record
class Parameter:
    """One parameter of a stage."""

    name: str
    default: str
    """Empty if it must be given."""
    about: str


@record
class Listed:
    """One file that could be a stage."""

    name: str
    file: Path
    status: str
    reason: str
    about: str
    role: str
    """What it does to the ratio before it: sets, scales, raises, bounds."""
    parameters: tuple[Parameter, ...]


def known(files: Sequence[Path], folder: Path | None, dotenv: Path | None) -> Discovery:
    """Discover the stages: the built-in ones, and those of a folder, or of the one the settings name.

    Raises:
        SettingsError: there is no such folder.
    """
    chosen = folder or own_folder([file for file in files if file.exists()], dotenv=dotenv)
    if chosen is not None and not chosen.is_dir():
        raise SettingsError(f"There is no folder {chosen}: make it, or name one that is there.")
    use_folder(chosen)
    return discovered()


def folder_named(files: Sequence[Path], dotenv: Path | None) -> Path:
    """Give the folder of the owner's stages that the settings name; ``strategies`` if they name none."""
    return own_folder([file for file in files if file.exists()], dotenv=dotenv) or Path("strategies")


def listed(found: Discovery) -> tuple[Listed, ...]:
    """List every file, used or not."""
    return tuple(
        Listed(
            name=one.name,
            file=one.file,
            status=one.status,
            reason=one.reason,
            about=one.about,
            role=str(getattr(one.stage, "role", "")),
            parameters=_parameters(one.stage),
        )
        for one in found.found
    )


def _parameters(stage: type[BaseModel] | None) -> tuple[Parameter, ...]:
    fields = {} if stage is None else stage.model_fields
    return tuple(
        Parameter(
            name=name,
            default="" if field.is_required() else str(field.default),
            about=field.description or "",
        )
        for name, field in fields.items()
        if name != "stage"
    )


def tried(found: Discovery, name: str, given: Mapping[str, object], data: Path | None) -> tuple[Check, ...]:
    """Put a stage on trial, over a candle file or the model market.

    Raises:
        SettingsError: there is no such stage, or its parameters are wrong.
        HistoryError: the candles cannot be used.
    """
    stage = _chosen(found, name)

    def made() -> Policy:
        values: dict[str, Any] = {"stage": name, **given}
        return cast("Policy", stage.model_validate(values))

    try:
        made()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{name}: {where}: {first['msg']}: give it with --set NAME=VALUE.") from error
    bars = model_history(MODEL_DAYS) if data is None else history.load(data)
    return Trial(made, bars).checks()


MODEL_DAYS = 240
"""How long a past the model market is asked for."""


def _chosen(found: Discovery, name: str) -> type[BaseModel]:
    stage = found.stages.get(name)
    if stage is not None:
        return stage
    lost = next((one for one in found.lost if name in {one.name, one.file.stem}), None)
    if lost is not None:
        raise SettingsError(f"{lost.file} is not used: {lost.status}: {lost.reason}.")
    raise SettingsError(f"There is no stage {name!r}: there are {', '.join(found.stages)}.")


def begun(found: Discovery, name: str, folder: Path) -> Path:
    """Write a stage to begin with; an existing file is never touched.

    Raises:
        SettingsError: the name cannot be one, is taken, or the file cannot be written.
    """
    if not name.isidentifier() or name != name.lower() or keyword.iskeyword(name) or name.startswith("_"):
        raise SettingsError(
            f"{name!r} is no name for a stage: use lower-case letters, digits and underscores."
        )
    if name in found.stages:
        raise SettingsError(f"There is a stage {name!r} already: choose another name.")
    file = folder / f"{name}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_new(file, SCAFFOLD.replace("NAME", name), 0o644)
    except SettingsFaultsError as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(f"{folder} cannot be made: {error.strerror}: choose another place.") from error
    return file


SCAFFOLD = '''"""Say here what it does; the first line is shown by `hedgerow list-strategies`."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from bot.core.lookback import Need
from bot.core.policy import MarketView, Target
from strategies import StageModel, bent, look

HOUR_MS = 3_600_000


class Stage(StageModel):
    """Hedges less while the price is above its mean."""

    # What it does to the ratio of the stages before it: sets, scales, raises or bounds.
    role: ClassVar = "scales"
    # The name that settings call it by.
    stage: Literal["NAME"] = "NAME"
    # Parameters: a default, bounds, and units in the name. Numbers are Decimals.
    bars: int = Field(default=48, ge=2, le=1000, description="Bars the mean is taken of.")
    bar_hours: int = Field(default=1, ge=1, le=168, description="Length of a bar.")
    share_above: Decimal = Field(default=Decimal("0.5"), ge=0, le=1, description="Of the ratio, above the mean.")

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        """Name the closed bars it looks back on: of the hedge's contract, or of a spot market such as BTC/USDT."""
        return (Need(symbol=symbol, bar_ms=self.bar_hours * HOUR_MS, count=self.bars),)

    def apply(self, market: MarketView, target: Target) -> Target:
        """Bend what the stages before want. Pure: no clock, no file, no network, no dice, nothing kept."""
        (need,) = self.needs(market.symbol, market.asset)
        found = look(market, need)
        if found.bars is None:  # too little history: say so, and leave the ratio as it is
            return bent(target, target.ratio, f"NAME: {found.lack}: left as it is", until_ms=found.until_ms)
        closes = found.bars.closes
        mean = sum(closes, Decimal(0)) / len(closes)
        above = closes[-1] > mean
        share = self.share_above if above else Decimal(1)
        words = f"NAME: the last close is {'above' if above else 'below'} the mean of {self.bars} bars: {share:f} of it"
        # The answer is good until the next bar closes, at any price: the loop need not ask before.
        return bent(target, target.ratio * share, words, (("NAME_mean", mean),), found.until_ms)
'''
