"""The way out: HTTP that sends nothing twice, nothing to another mode's host, and nothing unread.

ccxt takes a session as its own client. Nothing here knows a venue.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Protocol
from urllib.parse import parse_qsl

import aiohttp
from yarl import URL

HOST_HEADER = "X-Original-Host"
"""Header in which a redirected request tells the host it meant."""


class MisdirectedError(Exception):
    """A request that must not leave, and did not."""


class Inspector(Protocol):
    """Whoever reads requests before they leave."""

    def __call__(self, method: str, url: URL, headers: Mapping[str, str], body: str) -> None:
        """Read a request; raises to keep it from leaving."""


def untold(method: str, url: URL) -> None:
    """Tell nobody that a request leaves."""


def no_inspection(method: str, url: URL, headers: Mapping[str, str], body: str) -> None:
    """Let everything leave."""


class VenueSession:
    """A session of one venue in one mode, with the methods of an aiohttp session that ccxt calls."""

    def __init__(
        self,
        *,
        hosts: frozenset[str] | None = None,
        address: str | None = None,
        inspect: Inspector = no_inspection,
        left: Callable[[str, URL], None] = untold,
    ) -> None:
        """``hosts`` are all that a request may go to, None is any; ``address`` (host:port) takes all of them instead.

        ``left`` is told of each request that leaves, by the method and the URL it was meant for.

        Call within a running event loop.

        Raises:
            RuntimeError: this aiohttp cannot be kept from sending again.
        """
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(enable_cleanup_closed=True))
        if not hasattr(self._session, "_retry_connection"):
            raise RuntimeError("This aiohttp cannot be kept from sending again: install the locked version.")
        self._session._retry_connection = False  # noqa: SLF001 - it would repeat GET, PUT and DELETE, and has no public switch
        self._hosts = hosts
        self._address = address
        self._inspect = inspect
        self._left = left

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._session.closed

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers that go with every request."""
        return self._session.headers

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    def get(self, url: URL, **options: object) -> "aiohttp.client._RequestContextManager":
        """Send a GET."""
        return self._send("GET", url, options)

    def post(self, url: URL, **options: object) -> "aiohttp.client._RequestContextManager":
        """Send a POST."""
        return self._send("POST", url, options)

    def put(self, url: URL, **options: object) -> "aiohttp.client._RequestContextManager":
        """Send a PUT."""
        return self._send("PUT", url, options)

    def delete(self, url: URL, **options: object) -> "aiohttp.client._RequestContextManager":
        """Send a DELETE."""
        return self._send("DELETE", url, options)

    def _send(
        self, method: str, url: URL, options: dict[str, object]
    ) -> "aiohttp.client._RequestContextManager":
        given = options.pop("headers", None)
        headers = (
            {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
        )
        data = options.get("data")
        body = data.decode() if isinstance(data, bytes) else str(data or "")
        if self._hosts is not None and url.host not in self._hosts:
            raise MisdirectedError(f"A request to {url.host} was not sent: it does not belong to this mode.")
        self._inspect(method, url, headers, body)
        self._left(method, url)
        if self._address is not None:
            headers[HOST_HEADER] = url.host or ""
            options.pop("proxy", None)
            url = URL(f"http://{self._address}{url.raw_path_qs}", encoded=True)
        return self._session.request(method, url, headers=headers, **options)  # type: ignore[arg-type]  # ccxt's own


def words_of(url: URL, body: str) -> dict[str, object]:
    """Read the parameters of a request as the venue will: query, form or JSON."""
    words: dict[str, object] = dict(parse_qsl(url.raw_query_string, keep_blank_values=True))
    if body.startswith(("{", "[")):
        found = json.loads(body, parse_float=Decimal)
        items = found if isinstance(found, list) else [found]
        for item in items:
            words |= item if isinstance(item, dict) else {}
    else:
        words |= dict(parse_qsl(body, keep_blank_values=True))
    return words


def seconds_of(headers: Mapping[str, str]) -> int | None:
    """Read when to come again."""
    found = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    return int(found) if found.isdigit() else None
