"""The description of the JSON is true: made anew it is the same, and live answers are what it says."""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic_core import to_jsonable_python

from bot.shell.view import mark_of
from bot.web.answers import health_of, state_of
from bot.web.openapi import ANSWERS, openapi
from bot.web.server import STATIC
from tests.web.builders import seen

ROOT = Path(__file__).parents[2]


def described() -> dict[str, Any]:
    text = (STATIC / "openapi.json").read_text("utf-8")
    return json.loads(text)  # type: ignore[no-any-return]  # JSON


def test_the_file_is_what_the_records_say() -> None:
    assert described() == openapi(importlib.metadata.version("hedgerow")), "make openapi writes it anew"


def test_every_path_that_answers_is_described() -> None:
    source = (ROOT / "bot/web/server.py").read_text("utf-8")
    paths = {word for word in source.split('"') if word.startswith(("/api", "/healthz", "/ping", "/metrics"))}
    assert paths == set(described()["paths"])


@pytest.mark.parametrize("path", ["/api/v1/state", "/healthz", "/api/v1/profit"])
async def test_live_answers_are_as_described(path: str) -> None:
    inside = await seen()
    await inside.step()
    picture = inside.window.boards["me"].picture if "me" in inside.window.boards else None
    picture = picture or next(iter(inside.window.boards.values())).picture
    assert picture is not None
    told = {
        "/api/v1/state": state_of(inside.window, "1.2.3"),
        "/healthz": health_of(inside.window),
        "/api/v1/profit": [mark_of(one) for one in picture.hedges],
    }[path]
    whole = described()
    schema = whole["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    jsonschema.validate(to_jsonable_python(told), {**schema, "components": whole["components"]})


def test_answers_are_named_once() -> None:
    assert len(ANSWERS) == len({words for words, *_ in ANSWERS.values()})
