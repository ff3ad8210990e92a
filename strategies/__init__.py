"""Policies, one a file. A file dropped in here is found by its ``Stage`` class; see CONTRIBUTING."""

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Literal, get_args, get_origin

from pydantic import BaseModel

from bot.core.values import record


@record
class Discovery:
    """What the files of a package turned out to be."""

    stages: Mapping[str, type[BaseModel]]
    """Stage classes by the name settings give them."""
    failures: Mapping[str, str]
    """Why a file gave no stage, by the file's name; one bad file spoils no other."""


def discover(package: ModuleType) -> Discovery:
    """Import every module of a package, but for those with a leading underscore, and collect their stages."""
    stages: dict[str, type[BaseModel]] = {}
    failures: dict[str, str] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        if name.startswith("_"):
            continue
        try:
            stage = _stage_of(importlib.import_module(f"{package.__name__}.{name}"))
            stages[_title_of(stage, stages)] = stage
        except Exception as error:  # noqa: BLE001 - whatever a dropped-in file does wrong is reported, not fatal
            failures[f"{name}.py"] = f"{type(error).__name__}: {error}"
    return Discovery(stages=stages, failures=failures)


@cache
def discovered() -> Discovery:
    """Discover the policies of this package, once."""
    return discover(sys.modules[__name__])


def stage_types() -> dict[str, type[BaseModel]]:
    """List the stages a policy may be made of, by name."""
    return dict(discovered().stages)


def stage_failures() -> dict[str, str]:
    """List the files that gave no stage, and why."""
    return dict(discovered().failures)


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


def _title_of(stage: type[BaseModel], taken: Mapping[str, type[BaseModel]]) -> str:
    """Read the name settings give a stage from its field ``stage: Literal["name"]``.

    Raises:
        TypeError: there is no such field, or another stage has the name.
    """
    field = stage.model_fields.get("stage")
    names = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    if len(names) != 1 or not isinstance(names[0], str):
        raise TypeError('its Stage has no field stage: Literal["name"] with one name')
    if names[0] in taken:
        raise TypeError(f"stage {names[0]!r} is defined in {taken[names[0]].__module__} already")
    return names[0]
