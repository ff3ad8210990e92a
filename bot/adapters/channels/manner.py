"""What every channel answers to: a message, a door, and how it may fail. A failure never holds an address or a secret."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bot.core.values import record
from bot.shell.notice import Notice

CUT = "…"


@record
class Message:
    """A notice on its way to a person."""

    notice: Notice
    mode: str
    silent: bool
    """Without sound, where the channel can."""
    times: int = 1
    """How often it was said since it was last sent."""
    dropped: int = 0
    """Messages before it that were dropped, because the channel was too slow for all."""

    @property
    def title(self) -> str:
        """Say in one line how grave it is, and whose."""
        about = (one for one in (self.notice.account, self.notice.hedge) if one)
        return f"[{self.mode}] " + " · ".join((self.notice.severity, *about))

    @property
    def when(self) -> str:
        """Tell the time in UTC."""
        return f"{datetime.fromtimestamp(self.notice.at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def text(self) -> str:
        """Say everything to a person: mode, account and hedge, time, what happened."""
        lines = [f"{self.title} · {self.when}", self.notice.text]
        if self.times > 1:
            lines.append(f"Said {self.times} times meanwhile.")
        if self.dropped:
            lines.append(f"{self.dropped} message(s) before this one were dropped.")
        return "\n".join(lines)

    def after_loss(self, dropped: int) -> "Message":
        """Give the message with how many were dropped before it."""
        return replace(self, dropped=dropped)


class ChannelError(Exception):
    """A message was not delivered; the text is safe to log."""

    def __init__(self, why: str, *, wait_seconds: float = 0, lasting: bool = False) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds
        """How long the channel asks to be left alone; 0 if it does not say."""
        self.lasting = lasting
        """Whether sending the same again is in vain."""


class Channel(Protocol):
    """A way to a person."""

    @property
    def name(self) -> str:
        """Name it as the settings do."""

    async def send(self, message: Message) -> None:
        """Deliver a message; raises ChannelError if that is not certain."""


def cut(text: str, units: int) -> str:
    """Cut a text to so many UTF-16 units, by which chat services count."""
    if _units(text) <= units:
        return text
    kept = text[:units]
    while _units(kept) > units - 1:
        kept = kept[:-1]
    return kept + CUT


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
