"""Commands by Telegram, from persons on a list, in one chat. Nothing that opens or enlarges a risk can be asked for here.

Updates are fetched by long polling. What was said before the start, or too long ago, is not heeded; who is not on the list
gets no answer and is logged once, by number only.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping

from bot.adapters.channels.manner import ChannelError
from bot.adapters.channels.telegram import BotApi
from bot.core.values import record
from bot.shell.ports import Clock, HedgerowError, Log

POLL_SECONDS = 25
SLACK_SECONDS = 10
"""How much longer than that an answer may take."""
NAP_MS = 1_000
"""Between two polls: a server that does not wait as it was asked is not asked in a rush."""
PAUSE_MS = 5_000
"""After a failed poll, if Telegram does not say how long."""
LASTING_PAUSE_MS = 60_000
STALE_MS = 120_000
"""Age from which a command is not heeded: it was meant for another moment."""
MINUTE_MS = 60_000
PER_MINUTE = 10
STRANGERS_MAX = 1_000
"""How many strangers are told apart in the log."""


@record
class Asked:
    """A command."""

    who: str
    """``telegram:`` and the number of who said it."""
    words: str
    """What stood behind the command."""


Answer = Callable[[Asked], str]


@record
class Order:
    """A command that is known."""

    about: str
    answer: Answer
    """Works in a thread; may raise a HedgerowError, whose sentence is the answer."""


class Commands:
    """Heeds commands."""

    def __init__(
        self,
        api: BotApi,
        *,
        chat: str,
        users: Collection[int],
        orders: Mapping[str, Order],
        mode: str,
        clock: Clock,
        log: Log,
    ) -> None:
        self._api = api
        self._chat = chat
        self._users = frozenset(users)
        self._orders = orders
        self._mode = mode
        self._clock = clock
        self._log = log.bind(channel="telegram commands")
        self._strangers: set[int] = set()
        self._at: dict[int, deque[int]] = {}
        self._next = 0
        """Number of the next update."""
        self._name = ""
        """Of the bot, as others address it."""
        self._failed = False

    async def run(self) -> None:
        """Heed commands for ever; cancel it to stop."""
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                await self.poll()
            except ChannelError as error:
                await self._wait(error)
            else:
                self._failed = False
                await self._clock.sleep_until(self._clock.now_ms() + NAP_MS)

    async def _wait(self, error: ChannelError) -> None:
        """Wait after a failure; a row of them is logged once."""
        if not self._failed:
            self._log.warning("commands cannot be read", why=str(error))
        self._failed = True
        usual_ms = LASTING_PAUSE_MS if error.lasting else PAUSE_MS
        pause_ms = round(error.wait_seconds * 1000) or usual_ms
        await self._clock.sleep_until(self._clock.now_ms() + pause_ms)

    async def begin(self) -> None:
        """Learn the bot's name, and throw away what was said before; raises ChannelError."""
        me = await self._api.call("getMe", {})
        self._name = str(me.get("username", "")).lower() if isinstance(me, dict) else ""
        await self._fetch({"offset": -1, "timeout": 0})

    async def poll(self) -> None:
        """Wait for updates and heed them; raises ChannelError."""
        for update in await self._fetch({"offset": self._next, "timeout": POLL_SECONDS}):
            await self._heed(update)

    async def _fetch(self, fields: dict[str, object]) -> list[dict[str, object]]:
        """Fetch updates; each is told once."""
        asked = {**fields, "allowed_updates": ["message"]}
        got = await self._api.call("getUpdates", asked, POLL_SECONDS + SLACK_SECONDS)
        updates = [one for one in got if isinstance(one, dict)] if isinstance(got, list) else []
        for one in updates:
            number = one.get("update_id")
            if isinstance(number, int):
                self._next = max(self._next, number + 1)
        return updates

    async def _heed(self, update: dict[str, object]) -> None:
        """Answer a command of somebody on the list, in the chat, said now; anything else gets no answer."""
        message = _table(update, "message")
        user, chat = _table(message, "from").get("id"), _table(message, "chat").get("id")
        text, date = message.get("text"), message.get("date")
        if not isinstance(user, int) or not isinstance(text, str) or not isinstance(date, int):
            return
        if user not in self._users or str(chat) != self._chat:
            self._refuse(user)
            return
        command, _, words = text.strip().partition(" ")
        name, _, bot = command.lower().partition("@")
        if not name.startswith("/") or (bot and bot != self._name):
            return
        if not self._in_time(user):
            self._log.warning("commands come too fast; one was not heeded", user=user)
        elif self._clock.now_ms() - date * 1000 > STALE_MS:
            await self._say(f"{name} was said too long ago, and nothing was done: say it again.")
        else:
            await self._say(await self._answer(name, Asked(who=f"telegram:{user}", words=words.strip())))

    def _refuse(self, user: int) -> None:
        if user in self._strangers or len(self._strangers) >= STRANGERS_MAX:
            return
        self._strangers.add(user)
        self._log.warning("somebody who may not, or in another chat, said something; no answer", user=user)

    def _in_time(self, user: int) -> bool:
        """Whether a person may say something again."""
        now_ms = self._clock.now_ms()
        at = deque(one for one in self._at.get(user, ()) if 0 <= now_ms - one < MINUTE_MS)
        self._at[user] = at
        if len(at) >= PER_MINUTE:
            return False
        at.append(now_ms)
        return True

    async def _answer(self, name: str, asked: Asked) -> str:
        """Find the answer, in a thread: journals are read and written there, and the loop goes on meanwhile."""
        order = self._orders.get(name.removeprefix("/"))
        if order is None:
            return "\n".join(f"/{known}: {one.about}" for known, one in self._orders.items())
        self._log.info("a command", command=name, who=asked.who)
        try:
            return await asyncio.to_thread(order.answer, asked)
        except HedgerowError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a fault here may end neither the commands nor the loop
            self._log.warning("a command failed", command=name, error=type(error).__name__)
            return f"{name} failed ({type(error).__name__}); look at it with `hedgerow` on the machine."

    async def _say(self, text: str) -> None:
        try:
            await self._api.say(self._chat, f"[{self._mode}] {text}", silent=True)
        except ChannelError as error:
            self._log.warning("an answer was not delivered", why=str(error))


def _table(value: dict[str, object], key: str) -> dict[str, object]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
