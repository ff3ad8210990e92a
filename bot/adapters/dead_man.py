"""The dead man's switch: a ping as long as all is seen. Who is pinged calls a person when it stops."""

from collections.abc import Callable

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import ChannelError
from bot.adapters.channels.sending import ask
from bot.shell.ports import Clock, Log


class DeadMan:
    """Pings an address, which is a secret, every so often while what it is asked of is alive."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: SecretStr,
        *,
        every_ms: int,
        alive: Callable[[], bool],
        clock: Clock,
        log: Log,
    ) -> None:
        self._http = http
        self._url = url
        self._every_ms = every_ms
        self._alive = alive
        self._clock = clock
        self._log = log.bind(channel="dead man's switch")
        self._quiet = False
        """Whether it was not alive at the last turn."""
        self._failed = False
        self.pings = 0

    async def run(self) -> None:
        """Ping for ever; cancel it to stop."""
        while True:
            await self.turn()
            await self._clock.sleep_until(self._clock.now_ms() + self._every_ms)

    async def turn(self) -> None:
        """Ping once, if it is alive; what changes is logged once."""
        alive = self._alive()
        if alive is self._quiet:
            say = self._log.info if alive else self._log.warning
            say("pings go on" if alive else "no ping: an account was not seen without holes for too long")
        self._quiet = not alive
        if not alive:
            return
        try:
            await ask(self._http, "GET", self._url)
        except ChannelError as error:
            if not self._failed:
                self._log.warning("a ping was not taken", why=str(error))
            self._failed = True
            return
        self._failed = False
        self.pings += 1
