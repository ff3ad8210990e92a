"""The description of the JSON, made of the records that become it; a test keeps ``openapi.json`` true to it."""

import importlib.metadata
import json
import sys
from typing import Any, Literal

from pydantic import TypeAdapter

from bot.adapters.journal_reader import JournaledIncident
from bot.shell.view import Mark
from bot.web.answers import BotState, Health, JournalLine, OrderLine, Refusal

LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}}
HOURS = {"name": "hours", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 744}}

ANSWERS: dict[str, tuple[str, Any, tuple[dict[str, Any], ...]]] = {
    "/api/v1/state": ("Everything that is shown now.", BotState, ()),
    "/api/v1/orders": ("The last orders, newest first.", list[OrderLine], (LIMIT,)),
    "/api/v1/incidents": (
        "What happened to the accounts that Hedgerow did not do, newest first.",
        list[JournaledIncident],
        (LIMIT,),
    ),
    "/api/v1/journal": ("The answers of the last decisions with their reasons.", list[JournalLine], (LIMIT,)),
    "/api/v1/profit": (
        "The history of profit by source, by hedge, of each at most 500 points evenly over the time.",
        list[Mark],
        (HOURS,),
    ),
    "/healthz": ("Whether the loops turn; 503 if one is silent. Needs no token.", Health, ()),
}
"""What is answered where: a sentence, the kind of answer, the parameters."""


def openapi(version: str) -> dict[str, Any]:
    """Describe every path, every answer and who may ask."""
    kinds: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
        (path, "serialization", TypeAdapter(kind)) for path, (_, kind, _) in ANSWERS.items()
    ]
    kinds.append(("refusal", "serialization", TypeAdapter(Refusal)))
    schemas, shared = TypeAdapter.json_schemas(kinds, ref_template="#/components/schemas/{model}")
    refusal = {"description": "Why not.", "content": _json(schemas["refusal", "serialization"])}
    paths: dict[str, Any] = {}
    for path, (words, _, parameters) in ANSWERS.items():
        answer = {"description": words, "content": _json(schemas[path, "serialization"])}
        get: dict[str, Any] = {"summary": words, "parameters": list(parameters), "responses": {"200": answer}}
        if path == "/healthz":
            get |= {"security": [], "responses": {"200": answer, "503": answer}}
        else:
            get["responses"] |= dict.fromkeys(("400", "401", "429", "503"), refusal)
        paths[path] = {"get": get}
    paths |= _plain()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hedgerow",
            "version": version,
            "description": "What is held, wanted, done, and why. Nothing is changed through it. Decimals are strings.",
        },
        "paths": paths,
        "components": {
            "schemas": shared.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _json(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"application/json": {"schema": schema}}


def _plain() -> dict[str, Any]:
    """Describe what answers in no JSON."""

    def get(words: str, kind: str, **more: object) -> dict[str, Any]:
        content = {kind: {"schema": {"type": "string"}}}
        return {
            "get": {
                "summary": words,
                "responses": {"200": {"description": words, "content": content}},
                **more,
            }
        }

    return {
        "/ping": get("Whether the process answers. Needs no token.", "text/plain", security=[]),
        "/metrics": get("Prometheus's text format.", "text/plain"),
        "/api/v1/stream": get(
            "Server-sent events: `state`, with the answer of /api/v1/state, at once and whenever a picture is new.",
            "text/event-stream",
        ),
    }


if __name__ == "__main__":
    json.dump(openapi(importlib.metadata.version("hedgerow")), sys.stdout, indent=1)
    sys.stdout.write("\n")
