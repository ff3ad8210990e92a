"""The street address: HTTP on loopback in front of a dialect, and the accidents on the way."""

import asyncio
from collections.abc import Callable

from aiohttp import web

from bot.testexchange.faults import BEFORE, Fault, Faults, spoiled
from bot.testexchange.router import Dialect
from bot.testexchange.wire import No, NoError, Request, Response

HANG_SECONDS = 120
DELAY_SECONDS = 0.5
WORDS = {
    Fault.RATE_LIMIT: No.RATE,
    Fault.BAN: No.BANNED,
    Fault.MAINTENANCE: No.MAINTENANCE,
    Fault.BUSY: No.BUSY,
}
HOST_HEADER = "x-original-host"
"""Header in which a redirecting client tells the host it meant."""


class Server:
    """One dialect behind one port."""

    def __init__(
        self,
        dialect: Dialect,
        *,
        now_ms: Callable[[], int],
        wall_ms: Callable[[], int],
        faults: Faults | None = None,
        seen: Callable[[Request, Response], None] = lambda _request, _response: None,
    ) -> None:
        """``now_ms`` is the town's time, ``wall_ms`` the customers'; ``seen`` is told of every exchange of words."""
        self.dialect = dialect
        self.faults = Faults() if faults is None else faults
        self._now_ms = now_ms
        self._wall_ms = wall_ms
        self._seen = seen
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        server = site._server  # noqa: SLF001 - aiohttp tells the port it chose nowhere else
        if not isinstance(server, asyncio.Server):
            raise TypeError("aiohttp's site has no server: its version does not fit this code.")
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Close the door; who is inside is thrown out."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, incoming: web.Request) -> web.StreamResponse:
        request = await self._read(incoming)
        fault = self.faults.strike(self.dialect.operation(request))
        response = Response() if fault in BEFORE else self.dialect.handle(request, self._now_ms())
        if fault is not None:
            response = await self._befall(fault, request, response, incoming)
        self._seen(request, response)
        return _out(response)

    async def _read(self, incoming: web.Request) -> Request:
        return Request(
            method=incoming.method,
            host=incoming.headers.get(HOST_HEADER, ""),
            path=incoming.rel_url.raw_path,
            query=incoming.rel_url.raw_query_string,
            headers={name.lower(): value for name, value in incoming.headers.items()},
            body=(await incoming.read()).decode(errors="replace"),
            wall_ms=self._wall_ms(),
        )

    async def _befall(
        self, fault: Fault, request: Request, response: Response, incoming: web.Request
    ) -> Response:
        """Let an accident happen to an answer."""
        if fault in WORDS:
            error = NoError(WORDS[fault])
            return self.dialect.meter.told_to_wait(
                self.dialect.refuse(error, self.dialect.operation(request))
            )
        if fault is Fault.DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            await asyncio.sleep(HANG_SECONDS)
        if fault in {Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            self._seen(request, response)
            _hang_up(incoming)
        if fault is Fault.TRUNCATED_AFTER:
            self._seen(request, response)
            await _half(response, incoming)
        return spoiled(fault, response)


def _out(response: Response) -> web.Response:
    return web.Response(
        status=response.status,
        text=response.body,
        headers=dict(response.headers),
        content_type=response.content_type,
    )


def _hang_up(incoming: web.Request) -> None:
    """Close the connection without a word.

    Raises:
        ConnectionResetError: always, so that the server writes nothing more.
    """
    if incoming.transport is not None:
        incoming.transport.abort()
    raise ConnectionResetError("the test exchange hung up on purpose")


async def _half(response: Response, incoming: web.Request) -> None:
    """Send half an answer under the length of the whole, and hang up.

    Raises:
        ConnectionResetError: always.
    """
    body = response.body.encode()
    stream = web.StreamResponse(status=response.status, headers={"Content-Length": str(len(body))})
    stream.content_type = response.content_type
    await stream.prepare(incoming)
    await stream.write(body[: max(1, len(body) // 2)])
    if incoming.transport is not None:
        incoming.transport.close()
    raise ConnectionResetError("the test exchange hung up on purpose")
