"""Alerts as an owner meets them: real processes, real HTTP on loopback, and a loop that nothing delays."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot import wiring_alerts
from bot.adapters.clock import SystemClock
from bot.adapters.log import SilentLog
from bot.sessions import run
from bot.settings import Settings, load
from bot.shell.ports import AuthFailedError, JournalUnavailableError
from tests.alerts.builders import CANARY, Web, web
from tests.alerts.mailbox import mailbox
from tests.test_cli import CONFIG, ROOT


def settings_of(folder: Path, more: str) -> Settings:
    config = folder / "hedgerow.toml"
    journal = f'[journal]\npath = "{folder}/{{mode}}.sqlite"\n[guard]\nkill_switch = "{folder}/stop"\n'
    config.write_text(CONFIG + journal + more)
    return load([config], environ={}, dotenv=None).settings


def bodies(server: Web) -> list[dict[str, Any]]:
    return [json.loads(body) for _, path, body in server.asked if path.endswith(CANARY)]


def hook(server: Web) -> str:
    return f'[alerts.webhook]\nurl = "{server.url}/{CANARY}"\nsecret = "{CANARY}"\n'


async def process(folder: Path, *words: str, **variables: str) -> tuple[int, str, str]:
    """Run a command as a process of its own; returns exit code, answer and what it said."""
    child = await begun(folder, *words, **variables)
    out, err = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, out.decode(), err.decode()


async def begun(folder: Path, *words: str, **variables: str) -> asyncio.subprocess.Process:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", **variables}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *words,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_run_in_paper_tells_its_start_its_fills_and_its_end_with_the_mode(tmp_path: Path) -> None:
    async with web() as server:
        (tmp_path / "hedgerow.toml").write_text(CONFIG + hook(server))
        child = await begun(tmp_path, "run")
        for _ in range(200):
            if any(one["kind"] == "fill" for one in bodies(server)):
                break
            await asyncio.sleep(0.1)
        child.send_signal(signal.SIGTERM)
        out, err = await asyncio.wait_for(child.communicate(), 30)

        told = bodies(server)
        assert child.returncode == 0, err
        assert (told[0]["kind"], told[-1]["kind"]) == ("started", "stopped")
        assert {"started", "fill", "stopped"} <= {one["kind"] for one in told}
        assert all(one["message"].startswith("[paper] ") and one["mode"] == "paper" for one in told)
        assert all("X-Hedgerow-Signature" in headers for headers in server.headers)
        assert CANARY.encode() not in out + err


async def test_a_webhook_that_is_not_there_or_answers_500_ends_no_run_and_shows_no_address(
    tmp_path: Path,
) -> None:
    async with web() as server:
        server.status = 500
        (tmp_path / "hedgerow.toml").write_text(CONFIG + hook(server))
        code, out, err = await process(tmp_path, "run", "--seconds", "3")
    gone, gone_out, gone_err = await process(tmp_path, "run", "--seconds", "2")

    assert (code, gone) == (0, 0)
    assert "an alert was not delivered" in err
    assert "it answers 500" in err
    assert "it cannot be connected to" in gone_err
    assert CANARY not in out + err + gone_out + gone_err


async def test_a_webhook_that_hangs_delays_no_look_and_no_other_channel(tmp_path: Path) -> None:
    async with web() as stuck, mailbox() as box:
        stuck.hangs = True
        mail = (
            f'[alerts.email]\nhost = "127.0.0.1"\nport = {box.port}\nencryption = "none"\n'
            'sender = "bot@example.org"\nrecipients = ["ann@example.org"]\n'
        )
        settings = settings_of(tmp_path, hook(stuck) + mail)
        looks: list[float] = []
        end = time.monotonic() + 3
        await run(
            settings,
            until=lambda: time.monotonic() > end,
            after=lambda _account, _views: looks.append(time.monotonic()),
            accept_terms=False,
        )

        assert len(bodies(stuck)) == 1
        assert len(looks) >= 3
        assert max(after - before for before, after in pairwise(looks)) < 2
        assert time.monotonic() - end < 8
        subjects = [str(one["Subject"]) for one in box.mails]
        assert subjects[0] == "[paper] info · started"
        assert subjects[-1] == "[paper] info · stopped"


ENDS = (
    (AuthFailedError("The key is not accepted: mend it."), "key_refused"),
    (JournalUnavailableError("The journal is gone: look."), "journal_lost"),
    (ValueError(CANARY), "crashed"),
)


@pytest.mark.parametrize(("error", "kind"), ENDS)
async def test_an_end_by_a_fault_is_told_before_leaving(tmp_path: Path, error: Exception, kind: str) -> None:
    async with web() as server:
        settings = settings_of(tmp_path, hook(server))
        with pytest.raises(type(error)):
            async with wiring_alerts.watching(settings, SystemClock(), SilentLog(), lambda _health: {}):
                raise error

        (told,) = bodies(server)
        assert (told["kind"], told["severity"]) == (kind, "critical")
        assert CANARY not in told["text"]
        assert (str(error) in told["text"]) is (kind != "crashed")


async def test_where_one_account_fails_the_others_end_before_their_journals_close_and_it_is_told(
    tmp_path: Path,
) -> None:
    second = """
[accounts.second]
deposit = 5

[hedges.coin]
account = "second"
asset = "BTC"
symbol = "BTC/USD:BTC"
holdings = 1
policy = [{ stage = "fixed_ratio", ratio = 1 }]
band = { outer = 0.01, inner = 0 }
"""
    seen: list[str] = []

    def after(account: str, _views: object) -> None:
        seen.append(account)
        if len(seen) > 4:
            raise AuthFailedError("The key is not accepted: mend it.")

    async with web() as server:
        with pytest.raises(AuthFailedError):
            await run(
                settings_of(tmp_path, hook(server) + second),
                until=lambda: False,
                after=after,
                accept_terms=False,
            )

        assert set(seen) == {"main", "second"}
        assert len(seen) == 5
        assert bodies(server)[-1]["kind"] == "key_refused"
        assert {one["account"] for one in bodies(server) if one["kind"] == "fill"} == {"main", "second"}


async def test_a_fault_in_telling_ends_no_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError(CANARY)

    monkeypatch.setattr("bot.shell.notices.notices", broken)
    looks: list[str] = []
    async with web() as server:
        await run(
            settings_of(tmp_path, hook(server)),
            until=lambda: len(looks) > 1,
            after=lambda account, _views: looks.append(account),
            accept_terms=False,
        )

        assert [one["kind"] for one in bodies(server)] == ["started", "stopped"]


async def test_a_dead_mans_switch_is_pinged_once_the_accounts_are_looked_at(tmp_path: Path) -> None:
    async with web() as server:
        settings = settings_of(tmp_path, f'[alerts]\ndead_man_url = "{server.url}/ping"\n')
        alerts = settings.alerts.model_copy(update={"dead_man_seconds": settings.loop.poll_seconds})
        end = time.monotonic() + 2
        await run(
            settings.model_copy(update={"alerts": alerts}),
            until=lambda: time.monotonic() > end,
            after=lambda _account, _views: None,
            accept_terms=False,
        )

        pinged = len(server.asked)
        assert pinged > 3
        await asyncio.sleep(0.5)
        assert len(server.asked) == pinged


# --- test-alerts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "code"), [(200, 0), (404, 1)])
async def test_test_alerts_shows_what_each_channel_answered(tmp_path: Path, status: int, code: int) -> None:
    async with web() as server:
        server.status = status
        (tmp_path / "hedgerow.toml").write_text(
            CONFIG + hook(server) + f'[alerts.slack]\nurl = "{server.url}/slack/{CANARY}"\n'
        )
        returned, out, err = await process(tmp_path, "test-alerts")
        as_json, answer, _ = await process(tmp_path, "test-alerts", "--json")

    assert (returned, as_json) == (code, code), err
    rows = {row["channel"]: row for row in json.loads(answer)}
    assert list(rows) == ["slack", "webhook"]
    assert {row["delivered"] for row in rows.values()} == {status == 200}
    assert ("it answers 404" in out) is (status == 404)
    assert CANARY not in out + err + answer
    assert len(server.asked) == 4


async def test_test_alerts_without_a_channel_says_which_there_are(tmp_path: Path) -> None:
    (tmp_path / "hedgerow.toml").write_text(CONFIG)

    code, _, err = await process(tmp_path, "test-alerts")

    assert code == 2
    assert "No channel is set" in err


SECRETS: Mapping[str, str] = {"HEDGEROW_ALERTS__SLACK__URL": f"https://hooks.example.org/{CANARY}"}


async def test_show_config_shows_no_address(tmp_path: Path) -> None:
    (tmp_path / "hedgerow.toml").write_text(CONFIG)

    code, out, err = await process(tmp_path, "show-config", **SECRETS)

    assert code == 0
    assert "alerts.slack.url" in out
    assert CANARY not in out + err
