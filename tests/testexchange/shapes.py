"""Whether our answers have the shape of real ones: compared are the keys that ccxt reads, and what it finds there."""

import csv
import json
import os
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

FIXTURES = (
    Path(os.environ.get("HEDGEROW_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "venue-fixtures"
)


def fixture(venue: str, name: str) -> Any:
    """Read a real payload; the test skips where the payloads are not."""
    path = FIXTURES / venue / name
    if not path.exists():
        pytest.skip(f"no venue fixtures at {FIXTURES}")
    return json.loads(path.read_text())


def index() -> list[dict[str, str]]:
    """List the fixtures there are."""
    path = FIXTURES / "INDEX.csv"
    if not path.exists():
        pytest.skip(f"no venue fixtures at {FIXTURES}")
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


class Spy(dict[str, Any]):
    """A JSON object that writes down which of its keys are read, and what was there."""

    def __init__(self, data: dict[str, Any], path: str, seen: dict[str, str]) -> None:
        super().__init__({key: _spied(value, f"{path}.{key}", seen) for key, value in data.items()})
        self._path, self._seen = path, seen

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        self._seen[f"{self._path}.{key}"] = kind(value)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 - dict's own get would not be written down


def _spied(value: Any, path: str, seen: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return Spy(value, path, seen)
    if isinstance(value, list):
        return [_spied(item, f"{path}[]", seen) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)  # so does ccxt before it parses
    return value


def kind(value: Any) -> str:
    """Say what a value is, as far as a parser cares."""
    if isinstance(value, dict | list):
        return type(value).__name__
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "bool"
    try:
        Decimal(str(value))
    except InvalidOperation:
        return "words"
    return "number"


def read_keys(parse: Callable[[Any], object], raw: Any) -> dict[str, str]:
    """List the keys a parser reads of a payload, and what kind of value it finds at each."""
    seen: dict[str, str] = {}
    parse(_spied(raw, "", seen))
    return seen


def assert_same_shape(
    parse: Callable[[Any], object], real: Any, ours: Any, without: dict[str, str] | None = None
) -> None:
    """Check that every key which a parser finds in a real payload is in ours, with the same kind of value.

    ``without`` are keys that ours lacks, or has otherwise, each with the reason.
    """
    allowed = without or {}
    wanted, found = read_keys(parse, real), read_keys(parse, ours)
    assert wanted, "the parser read nothing of the real payload"
    wrong = {
        key: f"{what} in the real payload, {found.get(key, 'missing')} in ours"
        for key, what in wanted.items()
        if key not in allowed and what != "nothing" and found.get(key, "missing") != what
    }
    assert not wrong, wrong
