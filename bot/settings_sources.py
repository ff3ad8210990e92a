"""Where settings come from: files, ``.env``, environment and flags become layers, and every value keeps its origin.

Nothing here knows what may be set; :mod:`bot.settings` does. A layer is one pydantic-settings source, highest
precedence first. Faults are gathered, never raised one by one: whoever mends settings wants to mend them once.
"""

import difflib
import json
import os
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.core.policy import Policy
from bot.core.values import record
from strategies import stage_types

PREFIX = "HEDGEROW_"
FILE_SUFFIX = "_FILE"
QUOTED_MAX = 40

KeyPath = tuple[str | int, ...]
Values = Mapping[str, Any]


# --- faults -------------------------------------------------------------------------------------------------


@record
class Fault:
    """One thing that is wrong with the settings, and how to mend it."""

    path: str
    """Of the setting, such as ``hedges.btc.band.outer``; empty for a fault of a whole file."""
    place: str
    """Where it was set, such as ``hedgerow.toml line 12``."""
    sentence: str
    remedy: str

    def __str__(self) -> str:
        """Say where, what and how to mend it, in one line."""
        told = (f"{part}:" for part in (self.place, self.path) if part)
        return " ".join((*told, self.sentence, self.remedy)).rstrip()


class SettingsFaultsError(Exception):
    """The settings are wrong; carries every fault at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def rule(sentence: str, remedy: str, path: KeyPath = ()) -> InitErrorDetails:
    """Describe a broken rule for :func:`broken`; ``path`` leads on from the value that is being judged."""
    return InitErrorDetails(
        type=PydanticCustomError("rule", "{sentence}", {"sentence": sentence, "remedy": remedy}),
        loc=path,
        input=None,
    )


def broken(*rules: InitErrorDetails) -> ValidationError:
    """Make the error by which a validator names the rules that are broken; pydantic gathers it with its own."""
    return ValidationError.from_exception_data("rules", list(rules))


# --- layers -------------------------------------------------------------------------------------------------


class Layer(PydanticBaseSettingsSource):
    """The values of one place, and where exactly in it each was written."""

    def __init__(self, model: type[BaseSettings], values: Values, places: Mapping[KeyPath, str]) -> None:
        super().__init__(model)
        self.values = dict(values)
        self.places = places

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - pydantic-settings' signature
        """Give the value of one top-level field."""
        return self.values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Give all values."""
        return self.values

    def place(self, path: KeyPath) -> str | None:
        """Tell where a path, or the table or list it lies in, was written."""
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        return next((self.places[prefix] for prefix in prefixes if prefix in self.places), None)


@record
class Reading:
    """All that was read, highest precedence first, and what could not be."""

    layers: tuple[Layer, ...]
    faults: tuple[Fault, ...] = ()

    def merged(self) -> dict[str, Any]:
        """Lay the layers over each other: tables merge, anything else is replaced."""
        merged: dict[str, Any] = {}
        for layer in reversed(self.layers):
            merged = _laid_over(merged, layer.values)
        return merged

    def origin(self, path: KeyPath) -> str:
        """Tell where the value at a path comes from."""
        for layer in self.layers:
            found = list(_steps(layer.values, path))
            if len(found) == len(path) + 1:
                return layer.place(path) or layer.places.get((), "default")
            if not isinstance(found[-1], Mapping):
                break  # a list hides the lists of lower layers, and what it leaves out
        return "default"

    def place(self, path: KeyPath) -> str:
        """Tell where a path is written, or if it is not, the nearest table around it."""
        for length in range(len(path), 0, -1):
            for layer in self.layers:
                reached = len(list(_steps(layer.values, path[:length]))) == length + 1
                if reached and (place := layer.place(path[:length])):
                    return place
        return next((layer.places[()] for layer in reversed(self.layers) if () in layer.places), "settings")


def _laid_over(below: Values, above: Values) -> dict[str, Any]:
    """Merge tables as pydantic-settings does."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _steps(value: object, path: KeyPath) -> Iterator[object]:
    """Walk into nested tables and lists, as far as they go; the first step is ``value`` itself."""
    yield value
    for key in path:
        match value, key:
            case Mapping(), str() if key in value:
                value = value[key]
            case (list() | tuple()), int() if key < len(value):
                value = value[key]
            case _:
                return
        yield value


def dotted(path: KeyPath) -> str:
    """Write a path as users do: ``hedges.btc.policy[0].ratio``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """List the values in nested tables and lists that are neither."""
    match value:
        case Mapping():
            items: Iterable[tuple[str | int, object]] = value.items()
        case list() | tuple():
            items = enumerate(value)
        case _:
            yield path, value
            return
    for key, inner in items:
        yield from leaves(inner, (*path, key))


# --- reading ------------------------------------------------------------------------------------------------


def read(
    model: type[BaseSettings],
    files: Sequence[Path],
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    dotenv: Path | None,
) -> Reading:
    """Read flags, environment, ``.env`` and files, in this order of precedence; a later file goes before an earlier."""
    faults: list[Fault] = []
    layers = [
        _read_flags(model, flags, faults),
        _read_variables(model, [(name, environ[name], f"environment {name}") for name in environ], faults),
    ]
    if dotenv is not None:
        layers.append(_read_variables(model, list(_read_dotenv(dotenv, faults)), faults))
    layers += [_read_toml(model, file, faults) for file in reversed(files)]
    return Reading(layers=tuple(layers), faults=tuple(faults))


def _text_of(file: Path, faults: list[Fault]) -> str | None:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        faults.append(_file_fault(f"{file} line {line}", "The file is not UTF-8.", "Save it as UTF-8."))
    except FileNotFoundError:
        faults.append(_file_fault("", f"No settings file at {file}:", "`hedgerow new-config` writes one."))
    except OSError as error:
        faults.append(_file_fault(str(file), f"The file cannot be read: {error.strerror}.", "Make it readable."))
    return None


def _file_fault(place: str, sentence: str, remedy: str) -> Fault:
    return Fault(path="", place=place, sentence=sentence, remedy=remedy)


def _read_toml(model: type[BaseSettings], file: Path, faults: list[Fault]) -> Layer:
    text = _text_of(file, faults)
    try:
        values = tomllib.loads(text or "", parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        number = line[1] if line else len((text or "").splitlines())
        sentence = re.sub(r" \(at .*\)$", "", str(error)) + "."
        faults.append(_file_fault(f"{file} line {number}", sentence, "The file must be valid TOML."))
        return Layer(model, {}, {})
    lines = toml_lines(text or "")
    return Layer(model, values, {(): str(file)} | {path: f"{file} line {line}" for path, line in lines.items()})


def toml_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each key of a valid TOML text; what stands in a value stands on the line of its key.

    The text is cut into statements, each the fewest lines that are valid TOML by themselves, so that no second
    grammar of strings, arrays and comments is needed here.
    """
    lines: dict[KeyPath, int] = {}
    entries: dict[KeyPath, int] = defaultdict(int)
    table: KeyPath = ()
    statement, first = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        statement += line + "\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            table = _table_named(parsed, entries)
            lines.setdefault(table, first)
        else:
            lines.update({(*table, *path): first for path in _paths(parsed)})
        statement, first = "", number + 1
    return lines


def _table_named(header: Values, entries: dict[KeyPath, int]) -> KeyPath:
    """Resolve the one key of a table header, counting the entries of arrays of tables."""
    table: KeyPath = ()
    inner: object = header
    while isinstance(inner, Mapping) and inner:
        key, inner = next(iter(inner.items()))
        table = (*table, key)
        if isinstance(inner, list):
            entries[table] += 1
        if table in entries:
            table = (*table, entries[table] - 1)
    return table


def _paths(values: Values, path: KeyPath = ()) -> Iterator[KeyPath]:
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, Mapping):
            yield from _paths(value, (*path, key))


def _read_dotenv(file: Path, faults: list[Fault]) -> Iterator[tuple[str, str, str]]:
    """Read a ``.env`` file; it is optional. Nothing in it is expanded, so that what is written is what is meant."""
    text = _text_of(file, faults) if file.exists() else None
    with (file if text is None else _Text(text)).open() if False else _stream(text) as stream:
        yield from ()
