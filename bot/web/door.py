"""The door: how many may stand in it, and for how long without a word. What the page opens must never be what trading lacks.

The page shares its process, and so its file descriptors, with the journal and the venues. Whoever opens connections and says
nothing is put out, the longest waiting first; who has said something is answered for as long as that takes.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CONNECTIONS_MAX = 100
IDLE_SECONDS = 20
"""How long a connection may stand without a complete request: somewhat more than between two scrapes."""


class Door:
    """Makes the protocols of an HTTP server, and counts who stands in them."""

    def __init__(
        self,
        inside: Callable[[], asyncio.Protocol],
        *,
        connections_max: int = CONNECTIONS_MAX,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """``inside`` makes the protocol that speaks HTTP."""
        self._inside = inside
        self._connections_max = connections_max
        self.idle_seconds = idle_seconds
        self._standing: dict[asyncio.BaseTransport, Threshold] = {}
        """By transport, the longest standing first."""

    def __call__(self) -> "Threshold":
        """Make the protocol of one connection, as ``create_server`` asks for."""
        return Threshold(self, self._inside())

    def comes(self, transport: asyncio.Transport, threshold: "Threshold") -> bool:
        """Let a connection in; with too many there, the longest idle goes for it. Returns whether it may stay."""
        if len(self._standing) >= self._connections_max:
            idle = next((one for one in self._standing.values() if not one.busy), None)
            if idle is None:
                return False
            idle.put_out()
        self._standing[transport] = threshold
        return True

    def goes(self, transport: asyncio.BaseTransport) -> None:
        """Count a connection out."""
        self._standing.pop(transport, None)

    @contextmanager
    def served(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """Know that a complete request of a connection is being answered meanwhile."""
        threshold = None if transport is None else self._standing.get(transport)
        if threshold is None:
            yield
            return
        threshold.busy = True
        try:
            yield
        finally:
            threshold.busy = False
            threshold.wait()


class Threshold(asyncio.Protocol):
    """One connection: what it says goes in, unless it says nothing for too long."""

    def __init__(self, door: Door, inside: asyncio.Protocol) -> None:
        self._door = door
        self._inside = inside
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.busy = False
        """Whether a request is being answered."""

    def wait(self) -> None:
        """Give the other end its time, anew."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._timer = asyncio.get_running_loop().call_later(self._door.idle_seconds, self._over)

    def put_out(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._door.goes(self._transport)
            self._transport.abort()

    def _over(self) -> None:
        if not self.busy:
            self.put_out()

    # --- what the event loop calls --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Come in, or be put out at once."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's, by create_server
        if not self._door.comes(transport, self):
            transport.abort()
            return
        self._transport = transport
        self._inside.connection_made(transport)
        self.wait()

    def data_received(self, data: bytes) -> None:
        """Hand in what the other end says; half a request gives no more time."""
        if self._transport is not None:
            self._inside.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand in that the other end says no more."""
        return None if self._transport is None else self._inside.eof_received()

    def pause_writing(self) -> None:
        """Hand in that the other end does not read."""
        self._inside.pause_writing()

    def resume_writing(self) -> None:
        """Hand in that it reads again."""
        self._inside.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count out, and hand in that it is over."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._door.goes(self._transport)
            self._transport = None
            self._inside.connection_lost(exc)
