"""Grafana's dashboards: made from code, known to Grafana's schema, and asking only for what the bot exports."""

import json
import re
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from bot.adapters.metrics import BY_NAME, PREFIX
from bot.settings_web import Web
from tests.deploy.panels import DASHBOARDS, DEPLOY, panels, queries
from tests.deploy.test_rules import RULES

SCHEMA = Path(__file__).parents[3] / "shared/data/grafana/dashboard.schema.json"
FRAME = {"job", "instance", "mode"}
"""Labels that every series has."""


def read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text("utf-8")))


def recorded() -> set[str]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}


def rule_queries() -> list[tuple[str, str, str]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [
        (group["name"], rule.get("alert") or rule["record"], rule["expr"])
        for group in groups
        for rule in group["rules"]
    ]


def plain(query: str) -> str:
    """Put something in for Grafana's own variables."""
    return re.sub(r"\$\{?\w+\}?", "x", re.sub(r"\$\{?__\w+\}?", "5m", query))


def selectors(node: Any) -> list[Any]:
    """Find every selector below a node of a parsed query."""
    found = [node] if isinstance(node, promql_parser.VectorSelector) else []
    for name in ("expr", "lhs", "rhs", "param", "vector_selector", "args"):
        below = getattr(node, name, None)
        for one in below if isinstance(below, list) else [below]:
            found += selectors(one) if one is not None and not isinstance(one, (str, float)) else []
    return found


def test_the_files_are_what_the_code_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(DEPLOY / "grafana/generate.py"), str(tmp_path)], check=True)

    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        one.name: one.read_text() for one in DASHBOARDS
    }, "make dashboards writes them anew"


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda one: one.stem)
def test_grafana_knows_every_key(file: Path) -> None:
    register_default_plugins()
    told = read(file)
    kept = json.loads(JSONEncoder().encode(Dashboard.from_json(told)))

    def lost(whole: Any, part: Any, path: str) -> list[str]:
        if isinstance(whole, dict):
            return [
                gone
                for key, value in whole.items()
                for gone in (lost(value, part[key], f"{path}.{key}") if key in part else [f"{path}.{key}"])
            ]
        if isinstance(whole, list):
            return [gone for n, one in enumerate(whole) for gone in lost(one, part[n], f"{path}[{n}]")]
        return [] if whole == part else [path]

    assert lost(told, kept, "") == []


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda one: one.stem)
def test_types_are_those_of_grafanas_schema(file: Path) -> None:
    if not SCHEMA.exists():
        pytest.skip(f"the schema of dashboards is not at {SCHEMA.name}")
    jsonschema.validate(read(file), json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize(("where", "title", "query"), [*queries(), *rule_queries()])
def test_queries_ask_only_for_what_is_exported(where: str, title: str, query: str) -> None:
    del where, title
    found = selectors(promql_parser.parse(plain(query)))

    assert found or query == "vector(1)"
    for one in found:
        name = one.name
        if name in {"up", "hedgerow_build_info", "alertmanager_notifications_failed_total"} | recorded():
            continue
        bare = re.sub(r"_(bucket|sum|count)$", "", name.removeprefix(PREFIX))
        family = BY_NAME.get(name.removeprefix(PREFIX)) or BY_NAME[bare]
        labels = {matcher.name for matcher in one.matchers.matchers}
        assert labels <= {*FRAME, *family.labels}, (name, labels)


@pytest.mark.parametrize(("where", "title", "query"), list(queries()))
def test_counters_are_read_by_their_growth(where: str, title: str, query: str) -> None:
    del where, title
    for name in re.findall(r"hedgerow_\w+(?:_total|_bucket|_sum|_count)\b", query):
        assert re.search(rf"(rate|increase)\({name}\{{[^}}]*\}}\[(\$__rate_interval|1h)\]\)", query), query


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda one: one.stem)
def test_house_rules_of_dashboards(file: Path) -> None:
    told = read(file)
    boxes = [panel["gridPos"] for panel in told["panels"]]

    for panel in panels(told):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
    for a, b in combinations(boxes, 2):
        apart = (
            a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        )  # fmt: skip
        assert apart, (a, b)
    assert all(before["y"] <= after["y"] for before, after in pairwise(boxes))
    assert len({panel["id"] for panel in told["panels"]}) == len(told["panels"])


@pytest.mark.parametrize(("where", "title", "query"), list(queries()))
def test_no_figure_is_green_when_nobody_answers(where: str, title: str, query: str) -> None:
    del where, title
    assert "vector(0)" not in query
    assert "absent" not in query


def test_the_overview_begins_with_whether_its_figures_are_of_now() -> None:
    (overview,) = [file for file in DASHBOARDS if file.stem == "hedgerow-overview"]
    first, second, third, fourth = list(panels(read(overview)))[:4]
    red = fourth["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]

    assert "up{" in first["targets"][0]["expr"]
    assert "hedgerow_standby" in second["targets"][0]["expr"]
    assert second["targets"][0]["legendFormat"] == "{{mode}} {{instance}}"
    assert "hedgerow_loop_silence_seconds_max" in third["targets"][0]["expr"]
    assert red == {"color": "red", "value": float(Web().silent_seconds)}


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda one: one.stem)
def test_money_is_in_the_quote_currency_and_says_so(file: Path) -> None:
    for panel in panels(read(file)):
        assert not panel["fieldConfig"]["defaults"]["unit"].startswith("currency"), panel["title"]
        if any(re.search(r"_quote\b", target["expr"]) for target in panel["targets"]):
            assert "quote currency" in panel["description"], panel["title"]


def test_dashboards_are_told_apart() -> None:
    told = [read(file) for file in DASHBOARDS]
    assert len({one["uid"] for one in told}) == len({one["title"] for one in told}) == len(DASHBOARDS) == 4


def test_provisioning_names_what_is_there() -> None:
    grafana = DEPLOY / "grafana/provisioning"
    (source,) = yaml.safe_load((grafana / "datasources/hedgerow.yml").read_text("utf-8"))["datasources"]
    (provider,) = yaml.safe_load((grafana / "dashboards/hedgerow.yml").read_text("utf-8"))["providers"]

    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"


def test_every_metric_is_on_a_dashboard_or_in_a_rule() -> None:
    asked = " ".join(query for *_, query in [*queries(), *rule_queries()])
    unused = {name for name in BY_NAME if f"{PREFIX}{name}" not in asked}

    assert unused == {
        "account_timestamp_seconds",
        "decision_timestamp_seconds",
        "funding_next_timestamp_seconds",
        "guard_state",
        "hedge_liquidation_price_quote",
        "quote_timestamp_seconds",
        "notices_waiting",
    }, "these are there for those who look closer"
