"""Canary secrets go in; they are looked for in everything that comes out: logs, answers, metrics, page, journal, backup, traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.bots import ROOT
from tests.postgres import PASSWORD, Server
from tests.real import free_port
from tests.test_cli import CONFIG
from tests.venues.test_testexchange_verb import opened

ALERTS = {
    "HEDGEROW_ALERTS__TELEGRAM__TOKEN": "123456:canary-telegram",
    "HEDGEROW_ALERTS__TELEGRAM__CHAT": "42",
    "HEDGEROW_ALERTS__TELEGRAM__API_ADDRESS": "http://127.0.0.1:9",
    "HEDGEROW_ALERTS__SLACK__URL": "http://127.0.0.1:9/canary-slack",
    "HEDGEROW_ALERTS__DISCORD__URL": "http://127.0.0.1:9/canary-discord",
    "HEDGEROW_ALERTS__WEBHOOK__URL": "http://127.0.0.1:9/canary-webhook",
    "HEDGEROW_ALERTS__WEBHOOK__SECRET": "canary-signature",
    "HEDGEROW_ALERTS__DEAD_MAN_URL": "http://127.0.0.1:9/canary-switch",
}
KEYS = {
    "HEDGEROW_ACCOUNTS__MAIN__API_KEY": "canary-key",
    "HEDGEROW_ACCOUNTS__MAIN__API_SECRET": "canary-secret",
    "HEDGEROW_ACCOUNTS__MAIN__API_PASSPHRASE": "canary-passphrase",
}
TOKEN = "canary-of-the-page"  # noqa: S105 - a canary
CANARIES = (
    *(word for text in (*ALERTS.values(), *KEYS.values()) for word in [text.rpartition("/")[2]] if "canary" in word),
    "canary-telegram",
    TOKEN,
    PASSWORD,
)  # fmt: skip


def environment(**variables: str) -> dict[str, str]:
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONFAULTHANDLER": "1"}
    return {**known, **variables}


def command(folder: Path, env: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip
    return f"{done.stdout}{done.stderr} exit code {done.returncode}"


def found_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def looked_at(port: int) -> str:
    """Ask the page for all it has, as a friend and as a stranger."""
    told = ""
    paths: tuple[str, ...] = ("/", "/metrics", "/healthz", "/static/openapi.json")
    paths += tuple(f"/api/v1/{name}" for name in ("state", "orders", "journal", "incidents", "profit"))
    for path in paths:
        for headers in ({"Authorization": f"Bearer {TOKEN}"}, {}):
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers)
            told += f"{answer.headers}{answer.text}"
    return told


def test_a_run_with_everything_set_tells_no_secret(postgres: Server, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "hedgerow.toml").write_text(CONFIG, "utf-8")
    env = environment(
        **ALERTS,
        HEDGEROW_JOURNAL__URL=postgres.database(),
        HEDGEROW_WEB__ENABLED="true",
        HEDGEROW_WEB__PORT=str(port),
        HEDGEROW_WEB__TOKEN=TOKEN,
        HEDGEROW_LOG__LEVEL="debug",
        HEDGEROW_LOG__FORMAT="json",
    )
    with (tmp_path / "said").open("w") as said:
        bot = subprocess.Popen(
            [sys.executable, "-m", "bot", "run", "--json"], cwd=tmp_path, env=env, stdout=said, stderr=said
        )
    try:
        for _ in range(600):
            assert bot.poll() is None, (tmp_path / "said").read_text()
            with suppress(httpx.HTTPError):
                if "hedgerow_fills_total{" in looked_at(port):
                    break
            time.sleep(0.1)
        told = looked_at(port)
        told += "".join(
            command(tmp_path, env, *words)
            for words in (
                ("status", "--json"), ("explain",), ("orders",), ("journal",), ("guard",), ("show-config",),
                ("check-config",), ("freeze", "--why", "a drill"), ("backup", "saved"), ("test-alerts",),
            )
        )  # fmt: skip
        bot.send_signal(signal.SIGABRT)
        bot.wait(60)
    finally:
        bot.kill()
        bot.wait()
    told += (tmp_path / "said").read_text()

    assert "Fatal Python error: Aborted" in told, "a traceback is among it"
    assert found_in(told) == []
    for file in (file for file in tmp_path.rglob("*") if file.is_file()):
        assert found_in(file.read_bytes().decode("latin-1")) == [], file


@pytest.mark.parametrize("words", [("doctor",), ("run", "--seconds", "3"), ("plan",)])
def test_a_venue_that_refuses_the_key_makes_nobody_tell_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    with opened("--dialect", "binance-usdm") as (told, _):
        local = f'mode = "local"\n{CONFIG}'.replace(
            "deposit = 100000", f'venue = "binance-usdm"\naddress = "{told["address"]}"'
        )
        (tmp_path / "hedgerow.toml").write_text(local, "utf-8")
        said = command(tmp_path, environment(**KEYS, HEDGEROW_LOG__LEVEL="debug"), *words)

    assert "exit code 0" not in said
    assert found_in(said) == []
    json_said = "".join(file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file())
    assert found_in(json.dumps(json_said)) == []


def test_the_canaries_are_what_was_set() -> None:
    assert len(set(CANARIES)) >= 11
    assert all(canary.startswith(("canary", "123456:canary")) for canary in CANARIES)
