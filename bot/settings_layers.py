"""Layers of settings, each value with its origin, and the faults that are gathered on the way.

A layer is one pydantic-settings source. Faults are never raised one by one: whoever mends settings wants to mend
them once.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.core.values import record

KeyPath = tuple[str | int, ...]


# --- faults ----------------------------------------------------------------------------------------------------


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


def fault_at(place: str, sentence: str, remedy: str, path: KeyPath = ()) -> Fault:
    """Make a fault of a key path."""
    return Fault(path=dotted(path), place=place, sentence=sentence, remedy=remedy)


# --- layers ----------------------------------------------------------------------------------------------------


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
            found = list(steps(layer.values, path))
            if len(found) > len(path):
                return layer.place(path) or layer.places.get((), "default")
            if not isinstance(found[-1], Mapping):
                break  # a list hides the lists of the layers below, with all that it leaves out
        return "default"

    def place(self, path: KeyPath) -> str:
        """Tell where a path was written, or if it was not, the table around it, in a file rather than elsewhere."""
        for length in range(len(path), 0, -1):
            for layer in self.layers if length == len(path) else reversed(self.layers):
                found = len(list(steps(layer.values, path[:length]))) > length
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


def steps(value: object, path: KeyPath) -> Iterator[object]:
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
