"""Alerts off the trading path: telling costs a few microseconds, and nothing that a channel does reaches the loop.

``tell`` puts a notice into the queue of every channel. Each channel has a queue and a worker of its own, so that one that hangs
delays no other. What is said again is kept back and counted; what is too much is dropped, the least grave and oldest first,
and told; what fails is tried again for a while, at the pace the channel asks for.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Literal

from bot.adapters.channels.manner import Channel, ChannelError, Message
from bot.core.values import record
from bot.shell.notice import Notice, NoticeKind, Severity
from bot.shell.ports import Clock, Log

Level = Literal["on", "silent", "off"]
MINUTE_MS = 60_000
PAUSES_MS = (1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 60_000)
"""Between two tries of a message; the last one again and again."""
OLD_MS = 15 * MINUTE_MS
"""Age at which a message that cannot be delivered is given up."""
TICK_MS = 1_000
FLUSH_SECONDS = 5
CHANGES_MAX = 5
"""Changes of one subject that are told at once while its repeats are kept back; then only where it came to rest."""
ORDER: tuple[Severity, ...] = ("info", "warning", "critical")
"""In which messages are dropped when a queue is full."""


@record
class Limits:
    """How much a channel is told."""

    repeat_ms: int
    """How long a notice that is said again is kept back and counted."""
    per_minute: int
    """Messages a minute and channel."""
    waiting: int = 100
    """Messages that may wait for a channel."""


@record
class Count:
    """What became of the messages of one channel so far."""

    sent: int = 0
    failed: int = 0
    """Given up."""
    dropped: int = 0
    waiting: int = 0


class Said:
    """What was said last of a subject, and how often it was said again since."""

    def __init__(self, notice: Notice, since_ms: int) -> None:
        self.notice = notice
        self.since_ms = since_ms
        self.again = 0
        self.changes = 0
        """Of its state, told at once."""


class Alerts:
    """Tells persons, by every channel there is."""

    def __init__(
        self,
        channels: Sequence[Channel],
        *,
        levels: Mapping[NoticeKind, Level],
        limits: Limits,
        mode: str,
        clock: Clock,
        log: Log,
    ) -> None:
        self._levels = levels
        self._limits = limits
        self._mode = mode
        self._clock = clock
        self._log = log
        self._said: dict[tuple[str, ...], Said] = {}
        self._outboxes = tuple(Outbox(channel, limits, clock, log) for channel in channels)
        self._ticking: asyncio.Task[None] | None = None

    # --- telling --------------------------------------------------------------------------------------------

    def tell(self, notice: Notice) -> None:
        """Take a notice to every channel's queue; never waits, never fails."""
        if not self._outboxes:
            return
        now_ms = self._clock.now_ms()
        said = self._said.get(notice.subject)
        if said is not None and self._over(said, now_ms):
            self.settle()
            said = self._said.get(notice.subject)
        if said is None:
            self._said[notice.subject] = Said(notice, now_ms)
            self._put(notice, 1)
            return
        changed = notice.state != said.notice.state and said.changes < CHANGES_MAX
        said.notice = notice
        said.changes += changed
        said.again = 0 if changed else said.again + 1
        if changed:
            self._put(notice, 1)

    def settle(self) -> None:
        """Tell once more what was said again while it was kept back, with how often, and forget what was not."""
        now_ms = self._clock.now_ms()
        over = [(key, said) for key, said in self._said.items() if self._over(said, now_ms)]
        for key, said in sorted(over, key=lambda one: one[1].notice.at_ms):
            del self._said[key]
            if said.again:
                self._said[key] = Said(said.notice, now_ms)
                self._put(said.notice, said.again)

    def _level(self, notice: Notice) -> Level:
        return self._levels.get(notice.kind, "on")

    def _over(self, said: Said, now_ms: int) -> bool:
        """Whether the time is over in which a repeat is kept back; a clock that was put back ends it, too."""
        return not 0 <= now_ms - said.since_ms < self._limits.repeat_ms

    def _put(self, notice: Notice, times: int) -> None:
        level = self._level(notice)
        if level == "off":
            return
        silent = level == "silent"
        message = Message(notice=notice, mode=self._mode, silent=silent, times=times)
        for outbox in self._outboxes:
            outbox.put(message)

    # --- working --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to deliver; call it in a running event loop."""
        for outbox in self._outboxes:
            outbox.start()
        if self._outboxes:
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self, seconds: float = FLUSH_SECONDS) -> None:
        """Deliver what waits, for so many seconds at most; what is left then is named in the log."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait((self._ticking,))
        await asyncio.gather(*(outbox.stop(seconds) for outbox in self._outboxes))

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now_ms() + TICK_MS)
            self.settle()

    def counts(self) -> dict[str, Count]:
        """Tell what became of the messages of each channel so far."""
        return {outbox.name: outbox.count() for outbox in self._outboxes}


class Outbox:
    """The queue and the worker of one channel."""

    def __init__(self, channel: Channel, limits: Limits, clock: Clock, log: Log) -> None:
        self.name = channel.name
        self._channel = channel
        self._limits = limits
        self._clock = clock
        self._log = log.bind(channel=channel.name)
        self._waiting: deque[Message] = deque()
        self._stirred = asyncio.Event()
        self._at: deque[int] = deque()
        """When messages of the last minute were sent."""
        self._not_before_ms = 0
        self._lost = 0
        """Dropped since the last message that was taken out."""
        self._in_hand: Message | None = None
        self._sent = self._failed = self._dropped = 0
        self._closing = False
        self._worker: asyncio.Task[None] | None = None

    def put(self, message: Message) -> None:
        """Take a message in; if there is no room, the oldest of the least grave goes."""
        self._waiting.append(message)
        if len(self._waiting) > self._limits.waiting:
            gone = min(self._waiting, key=lambda one: ORDER.index(one.notice.severity))
            self._waiting.remove(gone)
            self._lost += 1
            self._dropped += 1
        self._stirred.set()

    def count(self) -> Count:
        """Tell what became of its messages so far."""
        waiting = len(self._waiting) + (self._in_hand is not None)
        return Count(sent=self._sent, failed=self._failed, dropped=self._dropped, waiting=waiting)

    def start(self) -> None:
        """Begin to deliver."""
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self, seconds: float) -> None:
        """Deliver what waits, the pace set aside, for so many seconds at most."""
        self._closing = True
        self._stirred.set()
        if self._worker is not None:
            await asyncio.wait((self._worker,), timeout=seconds)
            self._worker.cancel()
            await asyncio.wait((self._worker,))
        left = self.count().waiting
        if left:
            self._log.warning("alerts were not delivered before the end", messages=left)

    async def _work(self) -> None:
        while self._waiting or not self._closing:
            if not self._waiting:
                self._stirred.clear()
                await self._stirred.wait()
                continue
            await self._pause()
            await self._deliver(self._take())

    async def _pause(self) -> None:
        """Wait until the channel may be told something again; at the end only for what it asked for itself."""
        while True:
            now_ms = self._clock.now_ms()
            self._at = deque(one for one in self._at if 0 <= now_ms - one < MINUTE_MS)
            full = len(self._at) >= self._limits.per_minute and not self._closing
            due_ms = max(self._not_before_ms, self._at[0] + MINUTE_MS if full else 0)
            if due_ms <= now_ms:
                return
            await self._clock.sleep_until(min(due_ms, now_ms + TICK_MS))

    def _take(self) -> Message:
        """Take the oldest of the gravest out, and tell with it what was dropped."""
        worst = max(self._waiting, key=lambda one: ORDER.index(one.notice.severity) == len(ORDER) - 1)
        self._waiting.remove(worst)
        lost, self._lost = self._lost, 0
        return worst.after_loss(lost)

    async def _deliver(self, message: Message) -> None:
        """Try until it is delivered, in vain, or old."""
        self._in_hand = message
        since_ms = self._clock.now_ms()
        for tried in itertools.count():
            self._at.append(self._clock.now_ms())
            failure = await self._try(message)
            if failure is None:
                self._sent += 1
                break
            now_ms = self._clock.now_ms()
            pause_ms = round(failure.wait_seconds * 1000) or PAUSES_MS[min(tried, len(PAUSES_MS) - 1)]
            self._not_before_ms = now_ms if failure.lasting else now_ms + pause_ms
            if failure.lasting or now_ms + pause_ms > since_ms + OLD_MS:
                self._give_up(failure, tried + 1)
                break
            if tried == 0:
                self._log.warning("an alert was not delivered; it is tried again", why=str(failure))
            await self._pause()
        self._in_hand = None

    async def _try(self, message: Message) -> ChannelError | None:
        """Try once; gives why it failed, if it did."""
        try:
            await self._channel.send(message)
        except ChannelError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a fault of one channel may reach neither another nor the loop
            return ChannelError(f"the channel has a fault of its own ({type(error).__name__})", lasting=True)
        return None

    def _give_up(self, failure: ChannelError, tries: int) -> None:
        self._failed += 1
        self._log.warning(
            "an alert was given up", why=str(failure), tries=tries, failed=self._failed, sent=self._sent
        )
