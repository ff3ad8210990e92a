"""What users are told of settings: each fault as a sentence, each setting explained in an example."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from bot.core.policy import Policy
from bot.settings_layers import (
    Fault,
    KeyPath,
    Reading,
    dotted,
    fault_at,
    steps,
)
from strategies import stage_types

QUOTED_MAX = 40
"""Characters of a wrong value that are quoted back."""


# --- the model, walked ----------------------------------------------------------------------------------------


def is_table(kind: object) -> bool:
    """Tell whether an annotation is a table: one with fields of its own, or one of named tables."""
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, BaseModel))


def walk(model: type[BaseModel], path: KeyPath, values: object = None) -> tuple[object, FieldInfo | None]:
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
            *_, value = steps(values, path[:length])
            kind = stage_types().get(str(value.get("stage"))) if isinstance(value, Mapping) else None
    return kind, field


def holds_secret(kind: object) -> bool:
    """Tell whether a secret is, or may lie in, what is set here: none of it is ever quoted."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(holds_secret(field.annotation) for field in kind.model_fields.values())
    return kind is SecretStr or any(holds_secret(one) for one in get_args(kind))


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
        kind, field = walk(model, path, values)
        quotable = reading.quotable(place) and not holds_secret(kind)
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
        yield fault_at(place, sentence, remedy, path)


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
    fields = getattr(walk(model, tuple(table), values)[0], "model_fields", ())
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


# --- written for users ----------------------------------------------------------------------------------------


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
        case str() | SecretStr():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return plain(value)


def plain(value: object) -> str:
    """Write one value for people; a secret hides itself."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
