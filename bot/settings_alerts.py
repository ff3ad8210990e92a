"""The settings of alerts: which channels there are, and what is told by them.

The first line of a table's docstring and the description of a field are shown to users. Addresses of webhooks are secrets, as
whoever has them may write there. A journal keeps settings with their secrets hidden, so that a hidden one is as good as any.
"""

import ipaddress
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_core import InitErrorDetails

from bot.settings_kinds import Table, no_boolean
from bot.settings_layers import broken, rule

T = TypeVar("T", bound=Table)
Level = Literal["on", "silent", "off"]
Whole = Annotated[int, BeforeValidator(no_boolean)]
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")
CHAT = re.compile(r"-?\d+|@\w+")
MAILBOX = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def _text(value: object) -> object:
    """Take a chat's number as it is, which TOML has without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hidden(secret: str) -> bool:
    """Whether this is what a journal keeps of a secret."""
    return set(secret) == {"*"}


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _good(table: T, faults: list[InitErrorDetails]) -> T:
    """Give a table that nothing is wrong with; else name every fault of it."""
    if faults:
        raise broken(faults)
    return table


def _address_faults(name: str, address: str) -> Iterator[InitErrorDetails]:
    """Find what is wrong with an address, which is never quoted: it may be a secret."""
    if not address or _hidden(address):
        return
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        yield rule("This is no address.", "Write it whole, from https:// on.", (name,))
    elif parts.scheme == "http" and not _loopback(host):
        yield rule(
            "It would be sent in the clear.", "Use https://; http:// is for this machine only.", (name,)
        )


class Levels(Table):
    """What is told, by kind: on, silent (without sound, where the channel can) or off."""

    started: Level = Field("on", description="The bot has started.")
    stopped: Level = Field("on", description="It has stopped as it was told to.")
    crashed: Level = Field("on", description="It has ended by a fault.")
    preflight: Level = Field("on", description="It did not start: the preflight found something.")
    key_refused: Level = Field("on", description="A venue does not accept the key; it has ended.")
    journal_lost: Level = Field("on", description="The journal cannot be used; it has ended.")
    venue_lost: Level = Field("on", description="A venue is out of reach.")
    venue_back: Level = Field("on", description="It answers again.")
    blind: Level = Field("silent", description="A picture had holes, and nothing was decided.")
    fill: Level = Field("silent", description="An order filled, whole or in part.")
    order_refused: Level = Field(
        "on", description="The guard refused an order, or no contract can carry one."
    )
    order_rejected: Level = Field("on", description="The venue rejected an order.")
    order_unknown: Level = Field("on", description="The answer to an order was lost.")
    foreign_order: Level = Field("on", description="An order stands there that is not ours.")
    incident: Level = Field("on", description="A position moved without us, or a stray order was found.")
    terms_changed: Level = Field("on", description="The terms of a contract changed; nothing is decided.")
    guard_state: Level = Field("silent", description="The guard lets more or less happen than before.")
    cause: Level = Field("on", description="A cause of the guard began; persons' words are causes, too.")
    cause_ended: Level = Field("on", description="A cause of the guard ended.")
    top_up: Level = Field("on", description="The guard moves collateral into the futures wallet.")
    roll_late: Level = Field("on", description="A contract expires soon and is still held.")
    roll_done: Level = Field("on", description="A roll is over.")
    policy: Level = Field("on", description="A policy stage failed, and the last good ratio is held.")
    exit: Level = Field("on", description="A hedge was left, or has lasted as long as it was meant to.")


class Telegram(Table):
    """Telegram: messages to one chat, and commands from persons who are named."""

    token: SecretStr = Field(SecretStr(""), description="The bot's token. Keep it in the environment.")
    chat: Annotated[str, BeforeValidator(_text)] = Field(
        "", description="The chat: its number, or @name of a channel."
    )
    users: tuple[Whole, ...] = Field(
        (),
        description="Numbers of those whose commands in that chat are heeded; nobody's, if there are none.",
    )
    api_address: str = Field(
        "https://api.telegram.org", description="Where the Bot API is; a server of one's own may stand there."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        token = self.token.get_secret_value()
        faults = list(_address_faults("api_address", self.api_address))
        if not self.api_address:
            faults.append(rule("There is no address.", "Leave it out for Telegram's own.", ("api_address",)))
        if bool(token) != bool(self.chat):
            lacks = "chat" if token else "token"
            faults.append(rule(f"`{lacks}` is missing.", "Telegram needs token and chat.", (lacks,)))
        if token and not _hidden(token) and not TOKEN.fullmatch(token):
            faults.append(rule("This is no bot token.", "Copy what @BotFather gave, 123:ABC.", ("token",)))
        if self.chat and not CHAT.fullmatch(self.chat):
            faults.append(rule("This is no chat.", "Write its number, or @name.", ("chat",)))
        if self.users and not token:
            faults.append(rule("Commands need a bot.", "Set token, or take users out.", ("users",)))
        if self.users and self.chat.startswith("@"):
            sentence = "Commands are heeded in a chat that is given by its number."
            faults.append(rule(sentence, "Set chat to the number, or take users out.", ("chat",)))
        return _good(self, faults)


class Slack(Table):
    """Slack: an incoming webhook."""

    url: SecretStr = Field(SecretStr(""), description="Its address, which is a secret.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return _good(self, list(_address_faults("url", self.url.get_secret_value())))


class Discord(Table):
    """Discord: a webhook of a channel."""

    url: SecretStr = Field(SecretStr(""), description="Its address, which is a secret.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return _good(self, list(_address_faults("url", self.url.get_secret_value())))


class Webhook(Table):
    """A webhook of your own: every field as JSON."""

    url: SecretStr = Field(SecretStr(""), description="Its address, which may be a secret.")
    secret: SecretStr = Field(
        SecretStr(""), description="Signs the body by HMAC-SHA256, in the header X-Hedgerow-Signature."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = list(_address_faults("url", self.url.get_secret_value()))
        if self.secret.get_secret_value() and not self.url.get_secret_value():
            faults.append(rule("`url` is missing.", "Set url, or take secret out.", ("url",)))
        return _good(self, faults)


class Email(Table):
    """E-mail by SMTP."""

    host: str = Field("", description="Server that takes mail in.")
    port: Whole = Field(587, ge=1, le=65535, description="587 is usual for starttls, 465 for tls.")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls from the first byte, or none, for this machine only."
    )
    user: str = Field("", description="Name to log in with; empty logs in as nobody.")
    password: SecretStr = Field(SecretStr(""), description="Its password. Keep it in the environment.")
    sender: str = Field("", description="Address that mails come from.")
    recipients: tuple[str, ...] = Field((), description="Addresses that mails go to.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        faults = []
        if self.host and not (self.sender and self.recipients):
            lacks = "recipients" if self.sender else "sender"
            faults.append(rule(f"`{lacks}` is missing.", "Mail needs sender and recipients.", (lacks,)))
        if not self.host and (self.sender or self.recipients or self.user):
            faults.append(rule("`host` is missing.", "Name the server, or take the table out.", ("host",)))
        if bool(self.user) != bool(self.password.get_secret_value()):
            lacks = "password" if self.user else "user"
            faults.append(rule(f"`{lacks}` is missing.", "A login needs user and password.", (lacks,)))
        for name, box in (("sender", self.sender), *(("recipients", one) for one in self.recipients)):
            if (box or name == "recipients") and not MAILBOX.fullmatch(box):
                faults.append(rule("This is no address.", "Write it as name@example.org.", (name,)))
        if self.host and self.encryption == "none" and not _loopback(self.host):
            remedy = "Use starttls or tls; none is for this machine only."
            faults.append(rule("Mail would be sent in the clear.", remedy, ("encryption",)))
        return _good(self, faults)


class Alerts(Table):
    """Who is told what happens. Without a channel nobody is, and nothing is sent."""

    repeat_seconds: Decimal = Field(
        Decimal(300), ge=0, le=86400, description="How long what is said again is kept back and counted."
    )
    per_minute: Whole = Field(20, ge=1, le=600, description="Most messages a minute and channel.")
    dead_man_url: SecretStr = Field(
        SecretStr(""),
        description="Pinged while every account is seen without holes; whoever is there calls if it stops.",
    )
    dead_man_seconds: Decimal = Field(Decimal(60), ge=5, le=86400, description="Between two pings.")
    telegram: Telegram = Field(Telegram(), description="Telegram.")
    slack: Slack = Field(Slack(), description="Slack.")
    discord: Discord = Field(Discord(), description="Discord.")
    webhook: Webhook = Field(Webhook(), description="A webhook of your own.")
    email: Email = Field(Email(), description="E-mail.")
    levels: Levels = Field(Levels(), description="What is told.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        return _good(self, list(_address_faults("dead_man_url", self.dead_man_url.get_secret_value())))
