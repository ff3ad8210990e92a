"""A real Prometheus scrapes the running demo, and a real Alertmanager tells a webhook that it died."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.deploy.panels import DEPLOY, queries
from tests.prometheus import alertmanager, prometheus, promtool
from tests.real import free_port

BUILT_IN = {"__rate_interval": "30s", "__interval": "5s", "__range": "1m"}


class Hook(ThreadingHTTPServer):
    """A webhook that keeps what it is told."""

    def __init__(self) -> None:
        self.alerts: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Heard)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Heard(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.alerts += told["alerts"]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


@dataclass
class Running:
    """A demo, its Prometheus, and a webhook behind an Alertmanager."""

    demo: "subprocess.Popen[str]"
    prometheus: str
    alertmanager: str
    hook: Hook
    config: Path

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Ask Prometheus; returns the rows."""
        told = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": query}, timeout=30).json()
        assert told["status"] == "success", (told, query)
        return list(told["data"]["result"])


def adapted(folder: Path, port: int, alerts: int, hook: int) -> tuple[Path, Path]:
    """Write the shipped configurations with loopback's addresses and shorter waits; nothing else is changed."""
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{alerts}"]
    config["scrape_configs"] = config["scrape_configs"][:2]
    scraped, teller = config["scrape_configs"]
    teller["static_configs"][0]["targets"] = [f"127.0.0.1:{alerts}"]
    scraped["authorization"]["credentials_file"] = str(folder / ".hedgerow/web.token")
    scraped["static_configs"][0]["targets"] = [f"127.0.0.1:{port}"]
    rules = (DEPLOY / "prometheus/hedgerow.rules.yml").read_text("utf-8")
    (folder / "hedgerow.rules.yml").write_text(re.sub(r"for: \d+[mh]", "for: 2s", rules))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    routes = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text("utf-8"))
    routes["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    routes["receivers"][1]["webhook_configs"][0]["url"] = f"http://127.0.0.1:{hook}/"
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(routes))
    return folder / "prometheus.yml", folder / "alertmanager.yml"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path
    port, own, alerts, hook = free_port(), free_port(), free_port(), Hook()
    config, routes = adapted(folder, port, alerts, hook.server_address[1])
    words = ["demo", "--headless", "--hours", "2400", "--serve", str(port)]
    demo = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        for _ in range(600):
            assert demo.poll() is None
            with suppress(httpx.HTTPError):
                if httpx.get(f"http://127.0.0.1:{port}/ping").is_success:
                    break
            time.sleep(0.1)
        with alertmanager(routes, folder, alerts) as where, prometheus(config, folder, own) as asked:
            yield Running(demo, asked, where, hook, config)
    finally:
        demo.kill()
        demo.wait()
        hook.shutdown()
        hook.server_close()


def test_a_demo_is_watched_by_a_real_prometheus_until_it_dies(running: Running) -> None:
    """One story, in this order: configuration, every panel's query, the rules, a death that reaches the webhook."""
    assert promtool("check", "config", str(running.config)) == (0, "")
    every_query_of_every_panel_returns_data(running)
    rules_are_evaluated_and_raise_no_false_alarm(running)
    a_bot_that_dies_is_told_to_the_webhook(running)


def every_query_of_every_panel_returns_data(running: Running) -> None:
    """Those that look back on 84 hours of model time have to wait for them."""
    left = list(queries())
    for _ in range(240):
        left = [one for one in left if nothing(running.ask(spelled(one[2])))]
        if not left:
            break
        assert running.demo.poll() is None, left
        time.sleep(0.5)
    assert left == []


def spelled(query: str) -> str:
    """Put what a viewer would see in for Grafana's variables: everything."""
    asked = query.replace('hedge="$hedge"', 'hedge=~"$hedge"')
    return re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda name: BUILT_IN.get(name[1], ".*"), asked)


def nothing(rows: list[dict[str, Any]]) -> bool:
    return all(row["value"][1] == "NaN" for row in rows)


def rules_are_evaluated_and_raise_no_false_alarm(running: Running) -> None:
    assert running.ask("alertmanager_notifications_failed_total"), "a rule asks for it by this name"
    told = httpx.get(f"{running.prometheus}/api/v1/rules").json()["data"]["groups"]

    assert {rule["health"] for group in told for rule in group["rules"]} == {"ok"}
    firing = {row["metric"]["alertname"] for row in running.ask('ALERTS{alertstate="firing"}')}
    assert firing <= {"HedgerowWatchdog", "HedgerowMarginThin", "HedgerowRollDue", "HedgerowNaked"}, (
        "as the demo's market has it"
    )


def a_bot_that_dies_is_told_to_the_webhook(running: Running) -> None:
    running.demo.kill()
    for _ in range(300):
        if any(one["labels"]["alertname"] == "HedgerowDown" for one in running.hook.alerts):
            break
        time.sleep(0.2)

    (down,) = [one for one in running.hook.alerts if one["labels"]["alertname"] == "HedgerowDown"][:1]
    assert down["status"] == "firing"
    assert down["labels"]["severity"] == "critical"
    assert "does not answer" in down["annotations"]["summary"]
    assert {one["labels"].get("mode") for one in running.hook.alerts} <= {None}, (
        "a demo's alarms reach nobody"
    )
