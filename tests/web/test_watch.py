"""`run` with the page: served before the accounts open, its token kept, and refused in a sentence where that cannot be."""

import asyncio
import json
import os
import re
import signal
import socket
import stat
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Self, cast

import httpx
import pytest

from bot import wiring
from bot.adapters.budget import Budget
from bot.adapters.journal_reader import JournaledIncident, JournalReader
from bot.adapters.log import SilentLog
from bot.core.books import Incident
from bot.looks import OpenAccount
from bot.settings import Settings, load
from bot.shell.ports import AuthFailedError, JournalUnavailableError, SettingsError, UnreachableError
from bot.shell.window import Window
from bot.wiring_watch import Watch, token_of
from tests.real import free_port
from tests.shell.builders import house
from tests.sim.builders import ME
from tests.test_cli import CONFIG, Shell


def settings(folder: Path, more: str = "") -> Settings:
    (folder / "hedgerow.toml").write_text(CONFIG + more)
    return load([folder / "hedgerow.toml"], environ={}, dotenv=None).settings


def test_a_run_serves_its_page_and_marks_what_hedges_are_worth(tmp_path: Path) -> None:
    shell, port = Shell(tmp_path), free_port()
    hook = f'[alerts.webhook]\nurl = "http://127.0.0.1:{free_port()}/"\n'
    (tmp_path / "hedgerow.toml").write_text(CONFIG + f"[web]\nenabled = true\nport = {port}\n{hook}")
    process = shell.start("run")
    address = f"http://127.0.0.1:{port}"
    state: dict[str, object] = {}
    for _ in range(300):
        with suppress(httpx.HTTPError, FileNotFoundError):
            bearer = {"Authorization": f"Bearer {(tmp_path / '.hedgerow/web.token').read_text().strip()}"}
            state = httpx.get(f"{address}/api/v1/state", headers=bearer).json()
            if state["turn"] and httpx.get(f"{address}/api/v1/orders", headers=bearer).json():
                break
        time.sleep(0.1)
    metrics = httpx.get(f"{address}/metrics", headers=bearer).text
    assert httpx.get(f"{address}/healthz").json()["healthy"] is True
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 0, said
    assert f"http://127.0.0.1:{port}/" in said
    assert (
        'hedgerow_venue_requests_total{account="main",mode="paper",outcome="ok",question="place"}' in metrics
    )
    assert 'hedgerow_notices_total{channel="webhook",mode="paper",outcome="dropped"} 0.0' in metrics
    with wiring.reader_of(f"sqlite:///{tmp_path / '.hedgerow/paper.sqlite'}") as reader:
        (mark, *_) = reader.marks("main", 0)
    assert mark.hedge == "btc"
    assert mark.value == mark.value_unhedged + mark.futures + mark.funding + mark.fees


def test_a_supervisor_is_told_when_all_is_open_that_it_lives_and_that_it_ends(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        process = shell.start("run", NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        heard.settimeout(60)
        told = ""
        while "READY=1" not in told or "WATCHDOG=1" not in told.partition("READY=1")[2]:
            told += heard.recv(200).decode() + "|"
        process.send_signal(signal.SIGTERM)
        while "STOPPING=1" not in told:
            told += heard.recv(200).decode() + "|"
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert "STATUS=looking after main" in told
    assert told.count("READY=1") == 1


@pytest.mark.parametrize("kind", ["away", "unreadable"])
async def test_while_the_journal_is_away_decisions_go_on_being_shown_and_hedges_stay_as_they_were(
    tmp_path: Path, kind: str
) -> None:
    home, chosen = await house(), settings(tmp_path)
    watch = Watch(chosen, "paper", home.clock, lambda: wiring.reader_of("sqlite:///nowhere"), SilentLog())
    board = watch.window.join(ME, "model", home.loop, None)
    away = f"postgresql://me:password@127.0.0.1:{free_port()}/base"
    url = away if kind == "away" else f"sqlite:///{tmp_path / 'nowhere.sqlite'}"
    account = OpenAccount(name=ME, rules=home.loop.rules, loop=home.loop, url=url, mode="paper")
    for number in (1, 2):
        step = await home.loop.step()

        with pytest.raises(JournalUnavailableError):
            watch.took(account, step)

        assert board.picture is not None
        assert board.picture.decision.number == number
        assert board.picture.hedges == ()


def test_a_port_in_use_ends_the_start_with_the_code_of_settings(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "hedgerow.toml").write_text(CONFIG + f"[web]\nenabled = true\nport = {port}\n")
        run = shell.run("run", "--seconds", "2")
        demo = shell.run("demo", "--headless", "--hours", "1", "--serve", str(port), "--json")

    assert (run.returncode, demo.returncode) == (2, 2)
    for said in (run.stderr, demo.stderr):
        assert f"web.port: 127.0.0.1:{port} is in use: stop who has it" in said
    assert not (tmp_path / ".hedgerow/paper.sqlite").exists(), "nothing was opened"


def test_a_token_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    chosen = settings(tmp_path, f'[web]\ntoken_path = "{tmp_path}/deep/token"\n')

    made = token_of(chosen)

    assert len(made) >= 32
    assert token_of(chosen) == made
    assert stat.S_IMODE((tmp_path / "deep/token").stat().st_mode) == 0o600


def test_a_token_that_is_set_is_taken_and_nothing_written(tmp_path: Path) -> None:
    chosen = settings(tmp_path, f'[web]\ntoken = "mine"\ntoken_path = "{tmp_path}/token"\n')

    assert token_of(chosen) == "mine"
    assert not (tmp_path / "token").exists()


def test_a_volume_that_cannot_be_written_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    chosen = settings(tmp_path, f'[web]\ntoken_path = "{tmp_path}/file/token"\n')

    with pytest.raises(
        SettingsError, match=r"can neither be read nor written .*: set web.token, or name another"
    ):
        token_of(chosen)


@pytest.mark.parametrize("wrong", ["port = 70000", 'host = "a b"', 'hosts = ["x y"]', "silent_seconds = 0"])
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, wrong: str) -> None:
    shell = Shell(tmp_path)
    (tmp_path / "hedgerow.toml").write_text(CONFIG + f"[web]\n{wrong}\n")

    checked = shell.run("check-config")

    assert (checked.returncode, f"web.{wrong.partition(' ')[0]}" in checked.stderr) == (2, True)


def test_nobody_is_told_a_token_by_show_config(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    told = shell.start("show-config", "--json", HEDGEROW_WEB__TOKEN="canary")  # noqa: S106 - a canary
    said = told.communicate(timeout=60)[0]

    assert "canary" not in said
    assert any(row["path"] == "web.token" for row in json.loads(said))
    assert os.environ.get("HEDGEROW_WEB__TOKEN") is None


async def test_a_venue_that_is_away_silences_health_and_not_the_signs_of_life(tmp_path: Path) -> None:
    home = await house()
    watch = Watch(
        settings(tmp_path), "paper", home.clock, lambda: wiring.reader_of("sqlite:///nowhere"), SilentLog()
    )
    window = watch.window
    home.clock.turn_to(home.clock.now_ms() + 3_600_000)
    assert window.turning, "before an account has joined nothing can be stuck"
    window.join(ME, "model", home.loop, None)
    assert window.silent() == (), "one that stood by for an hour has just begun to look"
    for _ in range(3):
        home.venue.on_account += [UnreachableError("away")] * 20
        home.clock.turn_to(home.clock.now_ms() + 120_000)
        assert await home.loop.poll(0) is None

    assert (window.healthy, window.turning) == (False, True)
    home.clock.turn_to(home.clock.now_ms() + 181_000)
    assert not window.turning, "no look ends any more"


async def test_a_loop_that_waits_at_the_venues_word_is_not_stuck() -> None:
    home = await house()
    budget = Budget(Decimal(100), 60_000, home.clock)
    window = Window("paper", home.clock.now_ms, 60_000)
    window.join(ME, "model", home.loop, budget)
    budget.close_for(600)

    home.clock.turn_to(home.clock.now_ms() + 650_000)
    assert window.turning
    home.clock.turn_to(home.clock.now_ms() + 20_000)
    assert not window.turning


@pytest.mark.parametrize("turning", [True, False])
async def test_signs_of_life_go_by_whether_the_loops_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, turning: bool
) -> None:
    home = await house()
    watch = Watch(
        settings(tmp_path), "paper", home.clock, lambda: wiring.reader_of("sqlite:///nowhere"), SilentLog()
    )
    watch.window.join(ME, "model", home.loop, None)
    if not turning:
        home.clock.turn_to(home.clock.now_ms() + 181_000)
    told: list[str] = []
    monkeypatch.setattr("bot.adapters.supervisor.tell", told.append)
    monkeypatch.setenv("WATCHDOG_USEC", "30000")

    async with watch.supervised():
        await asyncio.sleep(0.05)

    assert ("WATCHDOG=1" in told) is turning


@dataclass
class Shelf:
    """A reader whose journal holds one incident."""

    at_ms: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_told: object) -> None:
        pass

    def marks(self, *_asked: object) -> tuple[()]:
        return ()

    def intents(self, _account: str) -> tuple[()]:
        return ()

    def incidents(self, _account: str) -> tuple[JournaledIncident, ...]:
        incident = Incident(kind="stray_order", key="1", symbol="BTC/USDT:USDT", text="Somebody.")
        return (JournaledIncident(incident=incident, at_ms=self.at_ms, answered_by=None),)


async def test_incidents_are_told_with_their_time_those_before_this_run_too(tmp_path: Path) -> None:
    """Those that are found at a start, or by a run that ended at once: a counter that begins at one never grew."""
    home = await house()
    began_ms = home.clock.now_ms()
    shelf = cast("JournalReader", Shelf(began_ms - 60_000))
    chosen = settings(tmp_path).model_copy(update={"accounts": {ME: settings(tmp_path).accounts["main"]}})
    watch = Watch(chosen, "paper", home.clock, lambda: shelf, SilentLog())
    away = f"postgresql://me:password@127.0.0.1:{free_port()}/base"
    account = OpenAccount(name=ME, rules=home.loop.rules, loop=home.loop, url=away, mode="paper")
    watch.join(account)
    found = Incident(kind="position_moved", key="1", symbol="BTC/USDT:USDT", text="Moved.")
    with pytest.raises(JournalUnavailableError):
        watch.took(account, replace(await home.loop.step(), incidents=(found,)))
    told = watch.metrics.exposition().decode()

    for kind, at_ms in (("stray_order", began_ms - 60_000), ("position_moved", home.clock.now_ms())):
        (line,) = re.findall(rf'hedgerow_incident_timestamp_seconds{{.*kind="{kind}".*}} (.*)', told)
        assert float(line) == at_ms / 1000


async def test_why_a_run_ended_is_in_the_metrics_of_the_next(tmp_path: Path) -> None:
    """A refused key ends a run before anybody scrapes it."""
    home = await house()
    chosen = settings(tmp_path, f'[web]\nenabled = true\ntoken_path = "{tmp_path}/state/web.token"\n')

    def watch() -> Watch:
        return Watch(chosen, "live", home.clock, lambda: wiring.reader_of("sqlite:///nowhere"), SilentLog())

    assert b"hedgerow_run_end_timestamp_seconds{" not in watch().metrics.exposition()
    with pytest.raises(AuthFailedError):
        async with watch().supervised():
            raise AuthFailedError("the venue does not accept the key")
    ended_ms = home.clock.now_ms()
    home.clock.turn_to(ended_ms + 30_000)

    told = watch().metrics.exposition().decode()
    (line,) = re.findall(r'hedgerow_run_end_timestamp_seconds{mode="live",reason="key_refused"} (.*)', told)
    assert float(line) == ended_ms / 1000
    for broken in ("", "[]", '{"reason": "secret", "at_ms": 1}', '{"reason": "crashed"}'):
        (tmp_path / "state/live.ended").write_text(broken)
        assert b"hedgerow_run_end_timestamp_seconds{" not in watch().metrics.exposition()


async def test_where_nobody_scrapes_no_end_is_written(tmp_path: Path) -> None:
    home = await house()
    chosen = settings(tmp_path, f'[web]\ntoken_path = "{tmp_path}/state/web.token"\n')
    watch = Watch(chosen, "live", home.clock, lambda: wiring.reader_of("sqlite:///nowhere"), SilentLog())

    with pytest.raises(AuthFailedError):
        async with watch.supervised():
            raise AuthFailedError("the venue does not accept the key")

    assert not (tmp_path / "state").exists()
