"""HTTP in front of the window: the page, the JSON, the metrics, and whether all is well."""

import asyncio
import contextlib
import errno
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from pydantic_core import to_json

from bot.core.values import record
from bot.shell.ports import JournalUnavailableError, Log, SettingsError
from bot.shell.window import Window
from bot.web.access import PAUSE_MS, Access
from bot.web.answers import Archive, Refusal, health_of, marks_of, state_of
from bot.web.door import Door

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = Path(__file__).parent / "static"
KINDS = {
    "page.js": "text/javascript",
    "page.css": "text/css",
    "chart.js": "text/javascript",
    "openapi.json": "application/json",
}
OPEN_PATHS = frozenset({"/ping", "/healthz", "/login"})
PROBED = frozenset({"/ping", "/healthz"})
"""Asked by address, as by a cluster's probes, whatever our name is: they show no more than that we live."""
COOKIE = "hedgerow_session"
BODY_MAX = 16 * 1024
STREAMS_MAX = 20
BREATH_SECONDS = 5
"""After so long without news a stream tells the state again: when each account was last looked at is news, too."""
SLOW_SECONDS = 10
"""How long another end may take to send a form or to read what it is told."""
MS = 1000
QUIET = logging.getLogger("hedgerow.web")
"""Takes what the library says of broken requests, in its own shape: it is the other end's fault, and no line of our log."""
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False
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

    def __init__(self, sources: Sources, access: Access, log: Log) -> None:
        self._sources = sources
        self._access = access
        self._log = log
        self._streams = 0
        self._runner: web.AppRunner | None = None
        self._door: Door | None = None
        self._listening: asyncio.Server | None = None

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
        self._runner = web.AppRunner(app, access_log=None, logger=QUIET, shutdown_timeout=1)
        await self._runner.setup()
        assert self._runner.server is not None  # noqa: S101 - it is set up
        self._door = Door(self._runner.server)
        try:
            self._listening = await asyncio.get_running_loop().create_server(self._door, host, port)
        except OSError as error:
            await self.stop()
            what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
            raise SettingsError(
                f"web.port: {host}:{port} {what}: stop who has it, or set another web.port or web.host."
            ) from error
        return int(self._listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the door."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- at the door ----------------------------------------------------------------------------------------

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who may look; every answer bears the headers that keep a browser from doing more than it should."""
        assert self._door is not None  # noqa: S101 - whoever is served came through it
        try:
            with self._door.served(request.transport):
                response = self._stopped(request) or await handler(request)
        except web.HTTPException as error:
            response = _refused(error.status, error.reason)
        except JournalUnavailableError as error:
            response = _refused(503, str(error))
        except ConnectionError:
            raise  # the other end has left
        except Exception as error:  # noqa: BLE001 - a fault of the page reaches neither the loop nor the other end
            self._log.warning(
                "the page has a fault of its own", path=request.path, error=type(error).__name__
            )
            response = _refused(500, "a fault of ours: the log names it")
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _stopped(self, request: web.Request) -> web.Response | None:
        """Give the refusal of a request that may not go on; None if it may."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        if not token and request.path not in PROBED and not self._access.called_right(request.host):
            return _refused(421, "this host name is not ours: add it to web.hosts if it is meant")
        address = request.remote or ""
        if request.path in OPEN_PATHS or self._access.known(request.cookies.get(COOKIE, "")):
            return None
        wait_ms = self._access.waits_ms(address)
        if wait_ms:
            return _wait(wait_ms)
        if token and self._access.right(token, address):
            return None
        if request.path == "/":
            return _login_form("", 401)
        return _refused(401, "a token is needed: Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"})

    async def _login(self, request: web.Request) -> web.Response:
        """Open a session for who knows the token."""
        if not _sent_from_here(request):
            return _refused(403, "another site has sent this form: open the page itself")
        address = request.remote or ""
        if wait_ms := self._access.waits_ms(address):
            return _wait(wait_ms)
        if not self._access.right(await _token_sent(request), address):
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
            with contextlib.suppress(
                ConnectionResetError, TimeoutError
            ):  # the other end has left, or reads no more
                while True:
                    turn = await self._tell(response, turn)
        finally:
            self._streams -= 1
        return response

    async def _tell(self, response: web.StreamResponse, turn: int) -> int:
        """Wait for what is newer than a turn, or for a breath, and tell the state; returns its number.

        Raises:
            TimeoutError: the other end does not read.
        """
        window = self._sources.window
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(window.changed(turn), BREATH_SECONDS)
        told = state_of(window, self._sources.version)
        async with asyncio.timeout(SLOW_SECONDS):
            await response.write(b"event: state\ndata: " + to_json(told) + b"\n\n")
        return told.turn


def _sent_from_here(request: web.Request) -> bool:
    """Whether a form was sent by our page, or by no browser: a browser says where else it comes from."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")  # our own page's form has none, as it tells no referrer
    return origin == "null" or origin.partition("://")[2] == request.host


async def _token_sent(request: web.Request) -> str:
    """Read the token out of a form; empty if there is none, whatever else was sent.

    Raises:
        HTTPRequestTimeout: the form does not come.
    """
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            form = await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(reason="the form did not come") from None
    except (web.RequestPayloadError, HttpProcessingError):
        return ""  # what was sent is not what it says it is
    return parse_qs(form.decode("utf-8", "replace")).get("token", [""])[0].strip()


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
