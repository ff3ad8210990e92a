"""The front door of alerts: channels from settings, and who watches the accounts and tells."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from bot.adapters.alerts import Alerts, Count, Level, Limits
from bot.adapters.channels.manner import Channel, ChannelError, Message
from bot.core.values import record
from bot.looks import OpenAccount
from bot.settings import Settings
from bot.shell import notices
from bot.shell.notice import NoticeKind
from bot.shell.ports import Clock, Log, SettingsError
from bot.shell.step import Step

if TYPE_CHECKING:
    import httpx

    from bot.adapters.channels.telegram_commands import Order

SLACK_MS = 60_000
"""How much longer than a heartbeat an account may go unseen until the dead man's switch is let go."""

# --- channels -------------------------------------------------------------------------------------------------


def channels_of(settings: Settings, http: "httpx.AsyncClient") -> tuple[Channel, ...]:
    """Open every channel that is set."""
    from bot.adapters.channels.discord import Discord
    from bot.adapters.channels.mail import Mail, Server
    from bot.adapters.channels.slack import Slack
    from bot.adapters.channels.telegram import BotApi, Telegram
    from bot.adapters.channels.webhook import Webhook

    asked = settings.alerts
    channels: list[Channel] = []
    if asked.telegram.chat:
        api = BotApi(http, asked.telegram.api_address, asked.telegram.token)
        channels.append(Telegram(api, asked.telegram.chat))
    if asked.slack.url.get_secret_value():
        channels.append(Slack(http, asked.slack.url))
    if asked.discord.url.get_secret_value():
        channels.append(Discord(http, asked.discord.url))
    if asked.webhook.url.get_secret_value():
        channels.append(Webhook(http, asked.webhook.url, asked.webhook.secret))
    if asked.email.host:
        mail = asked.email
        server = Server(
            host=mail.host,
            port=mail.port,
            encryption=mail.encryption,
            user=mail.user,
            password=mail.password,
        )
        channels.append(Mail(server, mail.sender, mail.recipients))
    return tuple(channels)


@record
class Tried:
    """What a channel answered to a test."""

    channel: str
    delivered: bool
    answer: str
    seconds: float


async def try_channels(settings: Settings, clock: Clock) -> tuple[Tried, ...]:
    """Send one test through every channel that is set, once, whatever the levels say.

    Raises:
        SettingsError: none is set.
    """
    from bot.adapters.channels.sending import client

    text = "This is a test of Hedgerow's alerts: you would be told here."
    notice = notices.of_process("test", text, clock.now_ms())
    message = Message(notice=notice, mode=settings.mode, silent=False)
    async with client() as http:
        channels = channels_of(settings, http)
        if not channels:
            raise SettingsError(
                "No channel is set, so that nobody is told anything: write one of alerts.telegram, alerts.slack,"
                " alerts.discord, alerts.webhook, alerts.email."
            )
        return tuple(await asyncio.gather(*(_try(channel, message) for channel in channels)))


async def _try(channel: Channel, message: Message) -> Tried:
    began, answer = time.monotonic(), "delivered"
    try:
        await channel.send(message)
    except ChannelError as error:
        answer = str(error)
    seconds = round(time.monotonic() - began, 3)
    return Tried(channel=channel.name, delivered=answer == "delivered", answer=answer, seconds=seconds)


# --- watching -------------------------------------------------------------------------------------------------


class Watchman:
    """Sees every poll of every account, and tells what is worth telling. Nothing here waits or fails."""

    def __init__(self, alerts: Alerts, clock: Clock, log: Log, heartbeat_ms: int) -> None:
        self._alerts = alerts
        self._clock = clock
        self._log = log
        self._limit_ms = heartbeat_ms + SLACK_MS
        self._before: dict[str, Step] = {}
        self._seen_ms: dict[str, int] = {}
        """When each account was last seen without holes; 0 if it never was. A look with holes counts for ``/healthz``,
        because a new process would not fill them; a person has to be called all the same."""
        self._lost: dict[str, str] = {}
        """Why venues are out of reach, by account."""

    def started(self, accounts: Sequence[OpenAccount], hedges: Sequence[str]) -> None:
        """Tell that every account is open."""
        self._seen_ms = dict.fromkeys((account.name for account in accounts), 0)
        text = f"Hedgerow has started: hedges {', '.join(hedges)}."
        self._alerts.tell(notices.of_process("started", text, self._clock.now_ms()))

    def stopped(self) -> None:
        """Tell that the run has ended as it was told to."""
        text = "Hedgerow has stopped, as it was told to: the hedge is kept, and nobody looks after it."
        self._alerts.tell(notices.of_process("stopped", text, self._clock.now_ms()))

    def ended(self, error: Exception) -> None:
        """Tell why the run has ended by itself."""
        self._alerts.tell(notices.ended(error, self._clock.now_ms()))

    def polled(self, account: OpenAccount, step: Step | None) -> None:
        """Take note of a poll and tell what is new; without a step nothing stirred, or the venue is out of reach."""
        name, now_ms = account.name, self._clock.now_ms()
        lost, was = account.loop.trouble, self._lost.get(name, "")
        self._lost[name] = lost
        if lost and not was:
            self._alerts.tell(notices.lost(name, lost, now_ms))
        if was and not lost:
            self._alerts.tell(notices.back(name, now_ms))
        if not lost and (step is None or not step.snapshot.missing):
            self._seen_ms[name] = now_ms
        if step is not None:
            self._tell(account, step)

    def _tell(self, account: OpenAccount, step: Step) -> None:
        """Tell what is new in a step; a fault on the way is logged, and is none of the loop's."""
        before = self._before.get(account.name)
        try:
            for notice in notices.notices(before, step, account.rules.hedges):
                self._alerts.tell(notice)
            self._before[account.name] = notices.kept(before, step)
        except Exception as error:  # noqa: BLE001 - alerts may end no trading
            self._log.warning("what happened could not be told", error=type(error).__name__)

    def alive(self) -> bool:
        """Whether every account was seen without holes within a heartbeat and some slack."""
        now_ms = self._clock.now_ms()
        return bool(self._seen_ms) and all(
            now_ms - at_ms <= self._limit_ms for at_ms in self._seen_ms.values()
        )

    def counts(self) -> Mapping[str, Count]:
        """Tell what became of alerts, channel by channel."""
        return self._alerts.counts()

    def health(self) -> str:
        """Say when each account was last seen without holes, and what became of alerts."""
        now_ms = self._clock.now_ms()
        lines = []
        for name, at_ms in self._seen_ms.items():
            ago = (
                f"seen without holes {(now_ms - at_ms) // 1000} s ago"
                if at_ms
                else "not seen without holes yet"
            )
            lines.append(f"{name}: {ago}" + (f"; {self._lost[name]}" if self._lost.get(name) else ""))
        for name, count in self.counts().items():
            told = f"{count.sent} sent, {count.failed} given up, {count.dropped} dropped, {count.waiting} waiting"
            lines.append(f"{name}: {told}")
        return "\n".join(lines)


@asynccontextmanager
async def watching(
    settings: Settings,
    clock: Clock,
    log: Log,
    orders: Callable[[Callable[[], str]], Mapping[str, "Order"]],
) -> AsyncIterator[Watchman]:
    """Open what is set of alerts around a run: channels, commands, the dead man's switch; tell how the run ended.

    ``orders`` makes the commands that Telegram takes of what tells the health.
    """
    from bot.adapters.channels.sending import client

    async with client() as http:
        alerts = _alerts_of(settings, http, clock, log)
        watchman = Watchman(alerts, clock, log, int(settings.loop.heartbeat_seconds * 1000))
        alerts.start()
        helpers = [
            asyncio.get_running_loop().create_task(_kept_alive(one, log))
            for one in _helpers(settings, http, watchman, clock, log, orders)
        ]
        try:
            yield watchman
        except Exception as error:
            watchman.ended(error)
            raise
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await alerts.stop()


async def _kept_alive(work: Coroutine[object, object, None], log: Log) -> None:
    """Let a helper work; a fault of its own ends it, is logged, and reaches nobody else."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - alerts may end no trading
        log.warning("a helper of alerts has ended by a fault of its own", error=type(error).__name__)


def _alerts_of(settings: Settings, http: "httpx.AsyncClient", clock: Clock, log: Log) -> Alerts:
    asked = settings.alerts
    levels = cast("Mapping[NoticeKind, Level]", asked.levels.model_dump())
    limits = Limits(repeat_ms=int(asked.repeat_seconds * 1000), per_minute=asked.per_minute)
    channels = channels_of(settings, http)
    return Alerts(channels, levels=levels, limits=limits, mode=settings.mode, clock=clock, log=log)


def _helpers(
    settings: Settings,
    http: "httpx.AsyncClient",
    watchman: Watchman,
    clock: Clock,
    log: Log,
    orders: Callable[[Callable[[], str]], Mapping[str, "Order"]],
) -> list[Coroutine[object, object, None]]:
    """Make what runs beside: the dead man's switch, and commands by Telegram."""
    from bot.adapters.channels.telegram import BotApi
    from bot.adapters.channels.telegram_commands import Commands
    from bot.adapters.dead_man import DeadMan

    asked, telegram = settings.alerts, settings.alerts.telegram
    helpers: list[Coroutine[object, object, None]] = []
    if asked.dead_man_url.get_secret_value():
        every_ms = int(asked.dead_man_seconds * 1000)
        switch = DeadMan(
            http, asked.dead_man_url, every_ms=every_ms, alive=watchman.alive, clock=clock, log=log
        )
        helpers.append(switch.run())
    if telegram.users:
        commands = Commands(
            BotApi(http, telegram.api_address, telegram.token),
            chat=telegram.chat,
            users=telegram.users,
            orders=orders(watchman.health),
            mode=settings.mode,
            clock=clock,
            log=log,
        )
        helpers.append(commands.run())
    return helpers
