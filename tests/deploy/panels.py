"""What dashboards ask: every query of every panel."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List the panels, those in collapsed rows included, rows left out."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panels({"panels": panel.get("panels", [])})


def queries() -> Iterator[tuple[str, str, str]]:
    """List every query with its dashboard and panel."""
    for file in DASHBOARDS:
        for panel in panels(json.loads(file.read_text("utf-8"))):
            for target in panel["targets"]:
                yield file.stem, panel["title"], target["expr"]
