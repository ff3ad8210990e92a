"""HTTP in front of the window: the page, the JSON, the metrics, and whether all is well."""

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic_core import to_json

from bot.core.values import record
from bot.shell.ports import JournalUnavailableError, SettingsError
from bot.shell.window import Window
from bot.web.access import PAUSE_MS, Access
from bot.web.answers import Archive, Refusal, health_of, marks_of, state_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = Path(__file__).parent / "static"
KINDS = {
    "page.js": "text/javascript",
    "page.css": "text/css",
    "chart.js": "text/javascript",
    "openapi.json": "application/json",
}
OPEN_PATHS = frozenset({"/ping", "/healthz", "/login"})
COOKIE = "hedgerow_session"
BODY_MAX = 16 * 1024
STREAMS_MAX = 20
BREATH_SECONDS = 15
"""After so long without news a stream says that it lives."""
MS = 1000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@record
class Sources:
    """What is shown."""

    window: Window
    archive: Archive
    metrics: Callable[[], bytes]
    version: str


class Site:
    """The page of one bot."""

    def __init__(self, sources: Sources, access: Access) -> None:
        self._sources = sources
        self._access = access
        self._streams = 0
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            SettingsError: the port is taken, or the address is not ours.
        """
        app = web.Application(client_max_size=BODY_MAX, middlewares=(self._guarded,))
        app.add_routes(
            [
                web.get("/ping", self._ping),
                web.get("/healthz", self._healthz),
                web.get("/metrics", self._metrics),
                web.post("/login", self._login),
                web.post("/logout", self._logout),
                web.get("/", self._page),
                web.get("/static/{name}", self._static),
                web.get("/api/v1/state", self._state),
                web.get("/api/v1/orders", self._listed(self._sources.archive.orders)),
                web.get("/api/v1/incidents", self._listed(self._sources.archive.incidents)),
                web.get("/api/v1/journal", self._listed(self._sources.archive.journal)),
                web.get("/api/v1/profit", self._profit),
                web.get("/api/v1/stream", self._stream),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self.stop()
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
            raise SettingsError(
                f"web.port: {host}:{port} {what}: stop who has it, or set another web.port or web.host."
            ) from error
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the door."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- at the door ----------------------------------------------------------------------------------------

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may look; every answer bears the headers that keep a browser from doing more than it should."""
        try:
            response = self._stopped(request) or await handler(request)
        except web.HTTPException as error:
            response = _refused(error.status, error.reason)
        except JournalUnavailableError as error:
            response = _refused(503, str(error))
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _stopped(self, request: web.Request) -> web.Response | None:
        """Give the refusal of a request that may not go on; None if it may."""
        if not self._access.called_right(request.host):
            return _refused(421, "this host name is not ours: add it to web.hosts if it is meant")
        address = request.remote or ""
        if request.path in OPEN_PATHS or self._access.known(request.cookies.get(COOKIE, "")):
            return None
        wait_ms = self._access.waits_ms(address)
        if wait_ms:
            return _wait(wait_ms)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if token and kind.lower() == "bearer" and self._access.right(token.strip(), address):
            return None
        if request.path == "/":
            return _login_form("", 401)
        return _refused(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})

    async def _login(self, request: web.Request) -> web.Response:
        """Open a session for who knows the token."""
        address = request.remote or ""
        if wait_ms := self._access.waits_ms(address):
            return _wait(wait_ms)
        token = (await request.post()).get("token")
        if not isinstance(token, str) or not self._access.right(token.strip(), address):
            return _login_form("That is not the token.", 401)
        response = web.Response(status=303, headers={"Location": "/"})
        name = self._access.open_session()
        response.set_cookie(COOKIE, name, httponly=True, samesite="Strict", secure=request.secure, path="/")
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        self._access.close_session(request.cookies.get(COOKIE, ""))
        response = web.Response(status=303, headers={"Location": "/"})
        response.del_cookie(COOKIE, path="/")
        return response

    # --- what is shown --------------------------------------------------------------------------------------

    async def _ping(self, _: web.Request) -> web.Response:
        return web.Response(text="pong\n")

    async def _healthz(self, _: web.Request) -> web.Response:
        health = health_of(self._sources.window)
        return _json(health, 200 if health.healthy else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return web.Response(body=self._sources.metrics(), headers={"Content-Type": kind})

    async def _page(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _static(self, request: web.Request) -> web.FileResponse:
        name = request.match_info["name"]
        if name not in KINDS:
            raise web.HTTPNotFound(reason="there is no such file")
        return web.FileResponse(STATIC / name, headers={"Content-Type": KINDS[name]})

    async def _state(self, _: web.Request) -> web.Response:
        return _json(state_of(self._sources.window, self._sources.version))

    def _listed(self, ask: Callable[[int], Any]) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            limit = _number(request, "limit", 50, 500)
            return _json(await asyncio.to_thread(ask, limit))

        return answer

    async def _profit(self, request: web.Request) -> web.Response:
        return _json(marks_of(self._sources.window, _number(request, "hours", 168, 744)))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """Tell the state at once and whenever a picture is new, until the other end leaves."""
        if self._streams >= STREAMS_MAX:
            return _refused(503, "too many streams are open")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **HEADERS})
        await response.prepare(request)
        self._streams += 1
        turn = -1
        try:
            with contextlib.suppress(ConnectionResetError):  # the other end has left
                while True:
                    turn = await self._tell(response, turn)
        finally:
            self._streams -= 1
        return response

    async def _tell(self, response: web.StreamResponse, turn: int) -> int:
        """Wait for what is newer than a turn and send it; returns its number, or the same after a breath."""
        window = self._sources.window
        try:
            newer = await asyncio.wait_for(window.changed(turn), BREATH_SECONDS)
        except TimeoutError:
            await response.write(b": still here\n\n")
            return turn
        state = to_json(state_of(window, self._sources.version))
        await response.write(b"event: state\ndata: " + state + b"\n\n")
        return newer


def _number(request: web.Request, name: str, default: int, most: int) -> int:
    """Read a count out of the query; HTTPBadRequest if it is none."""
    given = request.query.get(name, str(default))
    if not (
        given.isascii() and given.isdecimal() and len(given) <= len(str(most)) and 1 <= int(given) <= most
    ):
        raise web.HTTPBadRequest(reason=f"{name} must be a number from 1 to {most}")
    return int(given)


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(body=to_json(value), status=status, content_type="application/json")


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
    response = _json(Refusal(error=why), status)
    response.headers.update(headers or {})
    return response


def _wait(wait_ms: int) -> web.Response:
    seconds = -(-wait_ms // MS)
    why = f"too many wrong tokens from this address: wait {seconds} s (of {PAUSE_MS // MS})"
    return _refused(429, why, {"Retry-After": str(seconds)})


def _login_form(words: str, status: int) -> web.Response:
    form = (STATIC / "login.html").read_text(encoding="utf-8").replace("<!-- words -->", words)
    return web.Response(text=form, status=status, content_type="text/html")
