"""Read flags, environment, ``.env`` and files into layers. Nothing here knows what may be set; the model is handed in."""

import io
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

from dotenv.parser import parse_stream
from pydantic_settings import BaseSettings

from bot.settings_layers import (
    Fault,
    KeyPath,
    Layer,
    Reading,
    SettingsFaultsError,
    Told,
    fault_at,
    leaves,
)
from bot.settings_words import holds_secret, is_table, walk

PREFIX = "HEDGEROW_"
FILE_SUFFIX = "_FILE"


def read(
    model: type[BaseSettings],
    files: Sequence[Path],
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    dotenv: Path | None,
) -> Reading:
    """Read flags, environment, ``.env`` and files, in this order of precedence; a later file goes first."""
    faults: list[Fault] = []
    given = ((path, value) for path, value in flags.items() if value is not None)
    told = [Told(tuple(path.split(".")), value, f"flag --{_option(path)}") for path, value in given]
    variables = ((name, text, f"environment {name}") for name, text in environ.items())
    layers = [_layer(model, told, faults), _layer(model, _told(model, variables, faults), faults)]
    if dotenv is not None:
        layers.append(_layer(model, _told(model, _read_dotenv(dotenv, faults), faults), faults))
    layers += [_read_toml(model, file, faults) for file in reversed(files)]
    return Reading(layers=tuple(layers), faults=tuple(faults))


def _option(path: str) -> str:
    """Name the flag of a setting: flags are called like the last word of what they set."""
    return path.rpartition(".")[2].replace("_", "-")


def _text_of(file: Path, faults: list[Fault]) -> str:
    """Read a file; one that cannot be read is a fault, and empty."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        faults.append(fault_at(f"{file} line {line}", "The file is not UTF-8.", "Save it as UTF-8."))
    except FileNotFoundError:
        faults.append(fault_at("", f"No settings file at {file}:", "`hedgerow new-config` writes one."))
    except OSError as error:
        faults.append(fault_at(str(file), f"It cannot be read: {error.strerror}.", "Name a file that can."))
    return ""


def _read_toml(model: type[BaseSettings], file: Path, faults: list[Fault]) -> Layer:
    text = _text_of(file, faults)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = found[1] if found else text.rstrip().count("\n") + 1
        what = re.sub(r" \(at .*\)$", "", str(error))
        faults.append(
            fault_at(f"{file} line {line}", f"This is not TOML: {what}.", "Mend it, or the line before.")
        )
        return Layer(model, {}, {})
    lines = {path: f"{file} line {line}" for path, line in toml_lines(text).items()}
    return Layer(model, values, {(): str(file)} | lines)


def toml_lines(text: str) -> dict[KeyPath, int]:
    """Find the line of each key of a valid TOML text; what stands in a value stands on the line of its key.

    The text is cut into statements, each the fewest lines that are valid TOML by themselves, so that no second
    grammar of strings, arrays and comments is needed here.
    """
    lines: dict[KeyPath, int] = {}
    entries: dict[KeyPath, int] = {}
    table: KeyPath = ()
    statement, first = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        statement += line + "\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:  # the whole text is valid: the statement goes on in the next line
            continue
        if statement.lstrip().startswith("["):
            table = _table_named(parsed, entries)
            parsed = {}
        for path, _ in leaves(parsed, table):
            for length in range(1, len(path) + 1):
                lines.setdefault(path[:length], first)
        statement, first = "", number + 1
    return lines


def _table_named(header: object, entries: dict[KeyPath, int]) -> KeyPath:
    """Resolve the key of a table header, counting the entries of arrays of tables."""
    table: KeyPath = ()
    while isinstance(header, Mapping) and header:
        key, header = next(iter(header.items()))
        table = (*table, key)
        if isinstance(header, list):
            entries[table] = entries.get(table, 0) + 1
        if table in entries:
            table = (*table, entries[table] - 1)
    return table


def _read_dotenv(file: Path, faults: list[Fault]) -> Iterator[tuple[str, str, str]]:
    """Read a ``.env`` file, if there is one. Nothing in it is expanded: what is written is what is meant."""
    text = _text_of(file, faults) if file.exists() else ""
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        blank_lines = written[: len(written) - len(written.lstrip())].count("\n")
        place = f"{file} line {binding.original.line + blank_lines}"
        if binding.key is not None and binding.value is not None:
            yield binding.key, binding.value, place
        elif binding.error or binding.key is not None:
            faults.append(fault_at(place, "This is no assignment.", "Write NAME=value."))


def _told(
    model: type[BaseSettings], variables: Iterable[tuple[str, str, str]], faults: list[Fault]
) -> Iterator[Told]:
    """Turn variables into settings; one whose name ends in ``_FILE`` names a file that holds the value."""
    for name, text, place in variables:
        if not name.startswith(PREFIX):
            continue
        rest = name.removeprefix(PREFIX)
        path = tuple(rest.removesuffix(FILE_SUFFIX).lower().split("__"))
        if not rest.endswith(FILE_SUFFIX):
            yield Told(path, text, place)
            continue
        try:
            yield Told(path, Path(text).read_text(encoding="utf-8").strip(), place, mounted=True)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            what = "The file it names" if holds_secret(walk(model, path)[0]) else f"The file {text}"
            remedy = f"Mount the file, or unset {name}."
            faults.append(fault_at(place, f"{what} cannot be read: {why}.", remedy, path))


def _layer(model: type[BaseSettings], told: Iterable[Told], faults: list[Fault]) -> Layer:
    """Gather single settings in a layer: whole tables first, then what is set inside them."""
    values: dict[str, Any] = {}
    places: dict[KeyPath, str] = {}
    given: set[KeyPath] = set()
    hidden: set[str] = set()
    for path, value, place, mounted in sorted(told, key=lambda one: len(one.path)):
        if path in given:
            faults.append(fault_at(place, f"It is set by {places[path]}, too.", "Keep one of the two.", path))
            continue
        given.add(path)
        hidden |= {place} if mounted else set()
        for length in range(1, len(path) + 1):
            places.setdefault(path[:length], place)
        kind, _ = walk(model, path)
        try:
            _put(values, path, _decoded(value) if is_table(kind) or get_origin(kind) is tuple else value)
        except ValueError:
            faults.append(fault_at(place, "It is not JSON.", "Give tables and lists as JSON.", path))
    return Layer(model, values, places, frozenset(hidden))


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    return json.loads(value, parse_float=Decimal, parse_constant=Decimal)


def _put(values: dict[str, Any], path: KeyPath, value: object) -> None:
    """Set a value inside nested tables; what should be a table and is not is left, to be reported as it is."""
    *tables, last = path
    for key in tables:
        values = values.setdefault(str(key), {})
        if not isinstance(values, dict):
            return
    values[str(last)] = value


def write_new(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file that does not exist yet; ``mode`` is 0o600 for what may hold secrets.

    Raises:
        SettingsFaultsError: it exists, or cannot be written.
    """
    try:
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    except FileExistsError:
        fault = fault_at(str(path), "The file exists already.", "Move it away; nothing is ever overwritten.")
        raise SettingsFaultsError([fault]) from None
    except OSError as error:
        fault = fault_at(str(path), f"It cannot be written: {error.strerror}.", "Choose another place.")
        raise SettingsFaultsError([fault]) from error
