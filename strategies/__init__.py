"""Policies, one a file. A file dropped in here, or in a folder of the owner's, is found by its ``Stage`` class.

See CONTRIBUTING, and ``hedgerow new-strategy``. What stages are made of is given on here: :class:`StageModel` and friends.
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from bot.core.values import record
from strategies._stage import StageModel, bent, exact, look, sides

__all__ = [
    "Discovery",
    "Found",
    "StageModel",
    "bent",
    "discover",
    "discovered",
    "exact",
    "look",
    "sides",
    "stage_types",
    "use_folder",
]

Status = Literal["ok", "LOAD FAILED", "DUPLICATE"]
OWN = "own_strategies"
"""Name under which the owner's files are imported."""


@record
class Found:
    """What one file turned out to be."""

    name: str
    """What settings call the stage; the file's name if it gave none."""
    file: Path
    status: Status
    reason: str
    """Why it is not used; empty if it is."""
    about: str
    """The first line of the stage's description."""
    stage: type[BaseModel] | None


@record
class Discovery:
    """What all files turned out to be; one bad file spoils no other."""

    found: tuple[Found, ...]

    @property
    def stages(self) -> Mapping[str, type[BaseModel]]:
        """Stage classes by the name settings give them."""
        return {one.name: one.stage for one in self.found if one.stage is not None}

    @property
    def lost(self) -> tuple[Found, ...]:
        """Files that gave no stage."""
        return tuple(one for one in self.found if one.stage is None)


def discover(package: ModuleType, folder: Path | None = None) -> Discovery:
    """Import every module of a package and every file of a folder, but for those with a leading underscore.

    The package comes first: of two stages of one name the later is a duplicate and not used.
    """
    found: list[Found] = []
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    for name in names:
        file = Path(next(iter(package.__path__))) / f"{name}.py"
        found += _found(name, file, f"{package.__name__}.{name}", found)
    for file in sorted(folder.glob("*.py")) if folder is not None else ():
        found += _found(file.stem, file, "", found)
    return Discovery(found=tuple(found))


def _found(name: str, file: Path, module: str, before: list[Found]) -> Iterator[Found]:
    """Import one file and look what it holds; nothing of one with a leading underscore."""
    if name.startswith("_"):
        return
    try:
        stage = _stage_of(importlib.import_module(module) if module else _loaded(file))
        title = _title_of(stage)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a dropped-in file does wrong is reported, not fatal
        why = f"{type(error).__name__}: {error}"
        yield Found(name=name, file=file, status="LOAD FAILED", reason=why, about="", stage=None)
        return
    about = (stage.__doc__ or "").strip().partition("\n")[0]
    first = next((one for one in before if one.name == title and one.status == "ok"), None)
    if first is not None:
        why = f"stage {title!r} is defined in {first.file} already: give this one another name"
        yield Found(name=title, file=file, status="DUPLICATE", reason=why, about=about, stage=None)
        return
    yield Found(name=title, file=file, status="ok", reason="", about=about, stage=stage)


def _loaded(file: Path) -> ModuleType:
    """Import a file of the owner's.

    Raises:
        ImportError: it cannot be read as a module.
        Exception: whatever the file itself raises.
    """
    name = f"{OWN}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks annotations up there
    spec.loader.exec_module(module)
    return module


_folders: list[Path] = []
"""The owner's folder, if there is one: files are code, and code is found once a process."""


def use_folder(folder: Path | None) -> None:
    """Find stages in a folder of the owner's from now on, or in none."""
    _folders[:] = [] if folder is None else [folder.resolve()]


def discovered() -> Discovery:
    """Discover the policies of this package and of the owner's folder, each once."""
    return _discovered(_folders[0] if _folders else None)


@cache
def _discovered(folder: Path | None) -> Discovery:
    return discover(sys.modules[__name__], folder)


def stage_types() -> dict[str, type[BaseModel]]:
    """List the stages a policy may be made of, by name."""
    return dict(discovered().stages)


def _stage_of(module: ModuleType) -> type[BaseModel]:
    """Take the ``Stage`` out of a module.

    Raises:
        TypeError: there is none, or it would let a mistyped parameter pass or change after it was made.
    """
    stage = getattr(module, "Stage", None)
    if not (isinstance(stage, type) and issubclass(stage, BaseModel)):
        raise TypeError("it defines no pydantic class named Stage")
    if not callable(getattr(stage, "apply", None)):
        raise TypeError("its Stage has no method apply(market, target)")
    if stage.model_config.get("extra") != "forbid" or not stage.model_config.get("frozen"):
        raise TypeError('its Stage must have model_config = ConfigDict(frozen=True, extra="forbid")')
    return stage


def _title_of(stage: type[BaseModel]) -> str:
    """Read the name settings give a stage from its field ``stage: Literal["name"]``.

    Raises:
        TypeError: there is no such field.
    """
    field = stage.model_fields.get("stage")
    names = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    if len(names) != 1 or not isinstance(names[0], str):
        raise TypeError('its Stage has no field stage: Literal["name"] with one name')
    return names[0]
