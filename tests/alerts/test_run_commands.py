"""Commands by Telegram to a bot that runs: from a message to the journal, and back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bot import wiring
from bot.adapters.journal_guard import JournaledControl
from bot.sessions import run
from bot.settings import Settings
from tests.alerts.test_run import settings_of

TOKEN = "123:canary-token"  # noqa: S105 - a canary
ANN, STRANGER, CHAT = 11, 99, -100


class Service:
    """Telegram's Bot API on loopback, as far as a bot needs it."""

    def __init__(self) -> None:
        self.url = ""
        self.updates: list[dict[str, Any]] = []
        self.said: list[str] = []
        self.paths: set[str] = set()

    def say(self, text: str, user: int = ANN) -> None:
        message = {
            "from": {"id": user},
            "chat": {"id": CHAT},
            "date": int(time.time()),
            "text": text,
        }
        self.updates.append({"update_id": len(self.updates) + 1, "message": message})

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.add(request.path)
        asked = await request.json()
        result: object = {}
        if request.path.endswith("getUpdates"):
            offset = asked["offset"]
            result = [] if offset < 0 else [one for one in self.updates if one["update_id"] >= offset]
        if request.path.endswith("sendMessage"):
            self.said.append(asked["text"])
        return web.Response(text=json.dumps({"ok": True, "result": result}))


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    told, app = Service(), web.Application()
    app.router.add_post("/{path:.*}", told.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield told
    finally:
        await runner.cleanup()


def words(settings: Settings) -> list[JournaledControl]:
    with wiring.reader_of(wiring.journal_url(settings), "paper") as reader:
        return list(reader.controls("main"))


async def until(said: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(30):
        while not said():  # noqa: ASYNC110 - what another process or task does has no event
            await asyncio.sleep(0.05)


async def test_a_pause_and_a_resume_reach_a_bot_that_runs_and_a_stranger_does_not(tmp_path: Path) -> None:
    async with service() as telegram:
        more = (
            f'[alerts.telegram]\ntoken = "{TOKEN}"\nchat = {CHAT}\nusers = [{ANN}]\n'
            f'api_address = "{telegram.url}"\n'
        )
        settings = settings_of(tmp_path, more)
        stop = asyncio.Event()
        running = asyncio.create_task(
            run(settings, until=stop.is_set, after=lambda _account, _views: None, accept_terms=False)
        )
        await until(lambda: any("Hedgerow has started" in one for one in telegram.said))

        telegram.say("/pause", STRANGER)
        telegram.say("/pause the book is thin")
        await until(lambda: any("main/btc: frozen" in one for one in telegram.said))
        await until(lambda: any("Frozen by telegram:11: the book is thin." in one for one in telegram.said))
        telegram.say("/resume")
        await until(lambda: any("main/btc: no longer frozen" in one for one in telegram.said))
        await until(lambda: any("A cause has ended: Frozen" in one for one in telegram.said))
        stop.set()
        await running

    journaled = [(one.kind, one.hedge, one.who, one.why) for one in words(settings)]
    assert journaled == [
        ("freeze", "btc", "telegram:11", "the book is thin"),
        ("resume", "btc", "telegram:11", "resumed by Telegram"),
    ]
    assert all(one.startswith("[paper] ") for one in telegram.said)
    assert {path.rpartition("/")[0] for path in telegram.paths} == {f"/bot{TOKEN}"}
