"""A clock turned by hand, channels that can be told to fail, notices, and a server on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from bot.adapters.alerts import Alerts, Level, Limits
from bot.adapters.channels.manner import Channel, Message
from bot.shell.notice import Notice, NoticeKind, Severity
from bot.shell.ports import Clock
from tests.shell.builders import Spoken

T = 1_767_225_600_000
"""2026-01-01 00:00:00 UTC."""
CANARY = "canary-secret"


class HandClock:
    """A clock that only a hand turns: who sleeps wakes when it is turned far enough."""

    def __init__(self, now_ms: int = T) -> None:
        self._now_ms = now_ms
        self._turned = asyncio.Event()

    def now_ms(self) -> int:
        return self._now_ms

    async def sleep_until(self, at_ms: int) -> None:
        while self._now_ms < at_ms:
            await self._turned.wait()
        await asyncio.sleep(0)

    async def turn(self, seconds: float, step_ms: int = 250) -> None:
        """Turn the clock on, little by little, and let everybody do what is due on the way."""
        end_ms = self._now_ms + round(seconds * 1000)
        while self._now_ms < end_ms:
            self._now_ms = min(self._now_ms + step_ms, end_ms)
            self._turned.set()
            self._turned = asyncio.Event()
            await settled()


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


def notice(
    kind: NoticeKind = "cause",
    severity: Severity = "warning",
    text: str = "Margin is thin. Bring USDT.",
    key: str = "k",
    *,
    hedge: str | None = "btc",
    account: str = "main",
    at_ms: int = T,
    state: str = "",
) -> Notice:
    return Notice(
        kind=kind,
        severity=severity,
        account=account,
        hedge=hedge,
        text=text,
        at_ms=at_ms,
        key=key,
        state=state,
    )


def message(text: str = "Margin is thin. Bring USDT.", *, silent: bool = False, **others: int) -> Message:
    return Message(notice=notice(text=text), mode="paper", silent=silent, **others)


@dataclass
class Kept:
    """A channel that keeps what it is given, or does what it is told instead."""

    name: str = "kept"
    got: list[Message] = field(default_factory=list)
    does: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        if self.does:
            await self.does.pop(0)()
        self.got.append(message)

    def texts(self) -> list[str]:
        return [one.notice.text for one in self.got]


def failing(error: Exception) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


async def hang() -> None:
    await asyncio.Event().wait()


LEVELS: MappingProxyType[NoticeKind, Level] = MappingProxyType({"fill": "silent", "guard_state": "off"})


def alerts_of(
    *channels: Channel,
    clock: Clock,
    log: Spoken | None = None,
    repeat: int = 300,
    per_minute: int = 1000,
    waiting: int = 100,
) -> Alerts:
    return Alerts(
        channels,
        levels=LEVELS,
        limits=Limits(repeat_ms=repeat * 1000, per_minute=per_minute, waiting=waiting),
        mode="paper",
        clock=clock,
        log=log or Spoken(),
    )


@dataclass
class Web:
    """HTTP on loopback: keeps what was asked, and answers what it is told."""

    url: str = ""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, path, body."""
    headers: list[dict[str, str]] = field(default_factory=list)
    hangs: bool = False
    status: int = 200


@asynccontextmanager
async def web() -> AsyncIterator[Web]:
    from aiohttp import web as aio

    told = Web()

    async def answer(request: aio.Request) -> aio.Response:
        told.asked.append((request.method, request.path, await request.read()))
        told.headers.append(dict(request.headers))
        if told.hangs:
            await asyncio.sleep(3600)
        return aio.Response(status=told.status, text="ok")

    app = aio.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = aio.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = aio.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    told.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield told
    finally:
        await runner.cleanup()
