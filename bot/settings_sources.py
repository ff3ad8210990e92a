"""Where settings come from: flags, environment, ``.env`` and files become layers, and every value keeps its origin.

Nothing here knows what may be set; :mod:`bot.settings` does, and hands its model in. A layer is one pydantic-settings
source. Faults are gathered, never raised one by one: whoever mends settings wants to mend them once.
"""

import difflib
import io
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from dotenv.parser import parse_stream
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.core.policy import Policy
from bot.core.values import record
from strategies import stage_types

PREFIX = "HEDGEROW_"
FILE_SUFFIX = "_FILE"
QUOTED_MAX = 40
"""Characters of a wrong value that are quoted back."""

KeyPath = tuple[str | int, ...]


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
        return " ".join((*told, self.sentence, self.remedy))


class SettingsFaultsError(Exception):
    """The settings are wrong; carries every fault at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def rule(sentence: str, remedy: str, path: KeyPath = ()) -> InitErrorDetails:
    """Describe a broken rule; ``path`` leads on from the value that is being judged."""
    told = PydanticCustomError("rule", "{sentence}", {"sentence": sentence, "remedy": remedy})
    return InitErrorDetails(type=told, loc=path, input=None)


def broken(rules: Iterable[InitErrorDetails]) -> ValidationError:
    """Make the error by which a validator names broken rules; pydantic gathers it with its own."""
    return ValidationError.from_exception_data("rules", list(rules))


# --- layers -------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """One setting from a flag or a variable."""

    path: KeyPath
    value: object
    place: str
    mounted: bool = False
    """Whether it came by way of a file: mounted files hold secrets, so such a value is never quoted."""


class Layer(PydanticBaseSettingsSource):
    """The values of one source, and where exactly in it each was written."""

    def __init__(
        self,
        model: type[BaseSettings],
        values: dict[str, Any],
        places: Mapping[KeyPath, str],
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(model)
        self.values = values
        self.places = places
        """By key; the empty key is the source as a whole."""
        self.hidden = hidden
        """Places whose values are never quoted."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - a port's argument
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
        """Lay the layers over each other as pydantic-settings does: tables merge, all else is replaced."""
        merged: dict[str, Any] = {}
        for layer in reversed(self.layers):
            merged = _laid_over(merged, layer.values)
        return merged

    def origin(self, path: KeyPath) -> str:
        """Tell where the value at a path comes from."""
        for layer in self.layers:
            found = list(_steps(layer.values, path))
            if len(found) > len(path):
                return layer.place(path) or layer.places.get((), "default")
            if not isinstance(found[-1], Mapping):
                break  # a list hides the lists of the layers below, with all that it leaves out
        return "default"

    def place(self, path: KeyPath) -> str:
        """Tell where a path was written, or if it was not, the table around it, in a file rather than elsewhere."""
        for length in range(len(path), 0, -1):
            for layer in self.layers if length == len(path) else reversed(self.layers):
                found = len(list(_steps(layer.values, path[:length]))) > length
                if found and (place := layer.place(path[:length])):
                    return place
        return next((layer.places[()] for layer in reversed(self.layers) if () in layer.places), "settings")

    def quotable(self, place: str) -> bool:
        """Tell whether values from a place may be shown."""
        return not any(place in layer.hidden for layer in self.layers)


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _laid_over(merged[key], value) if both else value
    return merged


def _steps(value: object, path: KeyPath) -> Iterator[object]:
    """Walk into nested tables and lists as far as they go; the first step is ``value`` itself."""
    yield value
    for key in path:
        match value, key:
            case Mapping() as table, _ if key in table:
                value = table[key]
            case list() as items, int() as index if index < len(items):
                value = items[index]
            case _:
                return
        yield value


def dotted(path: KeyPath) -> str:
    """Write a path as users do: ``hedges.btc.policy[0].ratio``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """List what lies in nested tables and lists and is neither, or is empty."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, (list, tuple)) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


# --- reading ------------------------------------------------------------------------------------------------


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
    layers = [_layer(model, told, faults), _layer(model, _told(variables, faults), faults)]
    if dotenv is not None:
        layers.append(_layer(model, _told(_read_dotenv(dotenv, faults), faults), faults))
    layers += [_read_toml(model, file, faults) for file in reversed(files)]
    return Reading(layers=tuple(layers), faults=tuple(faults))


def _option(path: str) -> str:
    """Name the flag of a setting: flags are called like the last word of what they set."""
    return path.rpartition(".")[2].replace("_", "-")


def _fault(place: str, sentence: str, remedy: str, path: KeyPath = ()) -> Fault:
    return Fault(path=dotted(path), place=place, sentence=sentence, remedy=remedy)


def _text_of(file: Path, faults: list[Fault]) -> str:
    """Read a file; one that cannot be read is a fault, and empty."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        faults.append(_fault(f"{file} line {line}", "The file is not UTF-8.", "Save it as UTF-8."))
    except FileNotFoundError:
        faults.append(_fault("", f"No settings file at {file}:", "`hedgerow new-config` writes one."))
    except OSError as error:
        faults.append(_fault(str(file), f"It cannot be read: {error.strerror}.", "Name a file that can."))
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
            _fault(f"{file} line {line}", f"This is not TOML: {what}.", "Mend it, or the line before.")
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
        except tomllib.TOMLDecodeError:
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
            faults.append(_fault(place, "This is no assignment.", "Write NAME=value."))


def _told(variables: Iterable[tuple[str, str, str]], faults: list[Fault]) -> Iterator[Told]:
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
            remedy = f"Mount the file, or unset {name}."
            faults.append(_fault(place, f"The file {text} cannot be read: {why}.", remedy, path))


def _layer(model: type[BaseSettings], told: Iterable[Told], faults: list[Fault]) -> Layer:
    """Gather single settings in a layer: whole tables first, then what is set inside them."""
    values: dict[str, Any] = {}
    places: dict[KeyPath, str] = {}
    given: set[KeyPath] = set()
    hidden: set[str] = set()
    for path, value, place, mounted in sorted(told, key=lambda one: len(one.path)):
        if path in given:
            faults.append(_fault(place, f"It is set by {places[path]}, too.", "Keep one of the two.", path))
            continue
        given.add(path)
        hidden |= {place} if mounted else set()
        for length in range(1, len(path) + 1):
            places.setdefault(path[:length], place)
        kind, _ = _walk(model, path)
        try:
            _put(values, path, _decoded(value) if is_table(kind) or get_origin(kind) is tuple else value)
        except ValueError:
            faults.append(_fault(place, "It is not JSON.", "Give tables and lists as JSON.", path))
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


# --- the model, walked ----------------------------------------------------------------------------------------


def is_table(kind: object) -> bool:
    """Tell whether an annotation is a table: one with fields of its own, or one of named tables."""
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel))


def _walk(model: type[BaseModel], path: KeyPath, values: object = None) -> tuple[object, FieldInfo | None]:
    """Find the annotation and the field at a path; ``values`` tell which policy stage is meant."""
    kind: object = model
    field: FieldInfo | None = None
    for length, key in enumerate(path, start=1):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(key))
            kind = field.annotation if field else None
        else:
            kind, field = _inner(kind), None
        kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
        if kind is Policy:
            *_, value = _steps(values, path[:length])
            kind = stage_types().get(str(value.get("stage"))) if isinstance(value, Mapping) else None
    return kind, field


def _inner(kind: object) -> object:
    """Give the annotation of what lies in named tables or in a list."""
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return get_args(kind)[0] if get_origin(kind) is tuple else None


# --- faults, told ---------------------------------------------------------------------------------------------

PHRASES = {
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "string_too_short": "must not be empty",
    "string_type": "must be text",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}
"""What pydantic says in its words, in ours."""


def faults_of(model: type[BaseModel], reading: Reading, errors: Iterable[ErrorDetails]) -> Iterator[Fault]:
    """Tell each of pydantic's errors as a fault: path, place, sentence, remedy."""
    values = reading.merged()
    for error in errors:
        path = tuple(key for key in error["loc"] if key != "[key]")
        place = reading.place(path)
        kind, field = _walk(model, path, values)
        quotable = reading.quotable(place) and SecretStr not in (kind, *get_args(kind))
        about = _about(field)
        match error["type"]:
            case "rule":
                sentence, remedy = error["ctx"]["sentence"], error["ctx"]["remedy"]
            case "missing":
                sentence, remedy = f"`{path[-1]}` is missing.", about or "Set it."
            case "extra_forbidden":
                sentence, remedy = _unknown(model, path, values)
            case kind_of_error:
                must = re.sub(r"^\w+( input)? should", "must", error["msg"])
                what = _quoted(error["input"]) if quotable else "The value"
                sentence, remedy = f"{what} {PHRASES.get(kind_of_error, must)}.", about or "Mend it."
        yield _fault(place, sentence, remedy, path)


def _about(field: FieldInfo | None) -> str:
    """Explain a setting, with its default if that is a plain value."""
    if field is None or not field.description:
        return ""
    bare = isinstance(field.default, (str, int, Decimal))
    return f"{field.description} Default: {plain(field.default)}." if bare else field.description


def _unknown(model: type[BaseModel], path: KeyPath, values: object) -> tuple[str, str]:
    """Say that a key is unknown, and which may have been meant."""
    *table, name = path
    sentence = f"There is no `{name}`{f' in {dotted(tuple(table))}' if table else ''}."
    for one in documented(model, {}):
        if one.path[-1] == name:
            return sentence, f"It belongs in {dotted(one.path[:-1]) or 'the first lines, before any table'}."
    fields = getattr(_walk(model, tuple(table), values)[0], "model_fields", ())
    return sentence, meant(str(name), fields)


def meant(name: str, names: Iterable[str]) -> str:
    """Suggest the names nearest to a wrong one, or if none is near, all."""
    known = list(names)
    close = difflib.get_close_matches(name.lower(), known, n=2)
    if close:
        return f"Did you mean {' or '.join(f'`{one}`' for one in close)}?"
    return f"Known here: {', '.join(known) or 'nothing'}."


def _quoted(value: object) -> str:
    """Quote a wrong value back, shortly; what lies in tables and lists is not repeated."""
    match value:
        case str():
            return repr(value if len(value) <= QUOTED_MAX else value[:QUOTED_MAX] + "...")
        case Mapping():
            return "A table"
        case list() | tuple():
            return "A list"
        case bool() | None:
            return json.dumps(value)
        case _:
            return str(value)[:QUOTED_MAX]


# --- written for users ------------------------------------------------------------------------------------------


class Documented(NamedTuple):
    """One setting as an example file shows it."""

    path: KeyPath
    about_table: str
    about: str
    value: object
    """As given, else the default, else what it could be."""
    given: bool


def documented(model: type[BaseModel], given: Mapping[str, Any], table: KeyPath = ()) -> Iterator[Documented]:
    """List every setting, those of named tables once for each name given; a table's own keys before its tables."""
    fields = model.model_fields.items()
    for name, field in sorted(fields, key=lambda item: is_table(item[1].annotation)):
        path, value, kind = (*table, name), given.get(name), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from documented(kind, value or {}, path)
        elif is_table(kind):
            for key, inner in (value or {}).items():
                yield from documented(get_args(kind)[1], inner, (*path, key))
        else:
            default = field.default if field.default is not None else (field.examples or [None])[0]
            about_table = (model.__doc__ or "").partition("\n")[0]
            shown = default if name not in given else value
            yield Documented(path, about_table, field.description or "", shown, name in given)


def toml_text(model: type[BaseModel], given: Mapping[str, Any]) -> str:
    """Write values as TOML with every setting explained; a setting that is not given is a comment with its default."""
    lines: list[str] = []
    for table, settings in groupby(documented(model, given), key=lambda one: one.path[:-1]):
        for index, (path, about_table, about, value, is_given) in enumerate(settings):
            if table and not index:
                lines += ["", f"# {about_table}", f"[{dotted(table)}]"]
            lines += [""] if index else []
            lines += [f"# {about}", f"{'' if is_given else '# '}{path[-1]} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    match value:
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(_toml(inner) for inner in value) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return plain(value)


def plain(value: object) -> str:
    """Write one value for people; a secret hides itself."""
    if value is None:
        return "not set"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


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
        fault = _fault(str(path), "The file exists already.", "Move it away; nothing is ever overwritten.")
        raise SettingsFaultsError([fault]) from None
    except OSError as error:
        fault = _fault(str(path), f"It cannot be written: {error.strerror}.", "Choose another place.")
        raise SettingsFaultsError([fault]) from error
