"""E-mail by SMTP, in a thread of its own: a server that hangs keeps neither the loop nor the end of the process waiting."""

import asyncio
import smtplib
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Literal

from pydantic import SecretStr

from bot.adapters.channels.manner import ChannelError, Message
from bot.core.values import record

SOCKET_SECONDS = 10
TOTAL_SECONDS = 30
PERMANENT = 500
"""SMTP's codes from here on say that the same again is in vain."""


@record
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    encryption: Literal["starttls", "tls", "none"]
    user: str
    password: SecretStr


class Mail:
    """Sends to its recipients, one mail a message."""

    name = "email"

    def __init__(self, server: Server, sender: str, recipients: tuple[str, ...]) -> None:
        self._server = server
        self._sender = sender
        self._recipients = recipients

    async def send(self, message: Message) -> None:
        """Hand a mail in; raises ChannelError."""
        mail = self._mail(message)
        failure: ChannelError | None = ChannelError(f"no answer within {TOTAL_SECONDS} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(TOTAL_SECONDS):
                failure = await _in_thread(lambda: _handed_in(self._server, mail))
        if failure is not None:
            raise failure

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = f"{message.title} · {message.notice.kind}"
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Date"] = format_datetime(datetime.fromtimestamp(message.notice.at_ms / 1000, UTC))
        mail["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


async def _in_thread(work: Callable[[], ChannelError | None]) -> ChannelError | None:
    """Work in a thread that nobody waits for at the end of the process, and give what it came to."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[ChannelError | None] = loop.create_future()

    def tell(failure: ChannelError | None) -> None:
        if not done.done():
            done.set_result(failure)

    def run() -> None:
        failure = work()
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody is left to be told
            loop.call_soon_threadsafe(tell, failure)

    threading.Thread(target=run, name="mail", daemon=True).start()
    return await done


def _handed_in(server: Server, mail: EmailMessage) -> ChannelError | None:
    """Hand a mail in; gives why it was not, told by names and codes: a server's words may hold anything."""
    try:
        with _session(server) as smtp:
            if server.encryption == "starttls":
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password.get_secret_value())
            refused = smtp.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted({code for code, _ in error.recipients.values()})
        lasting = all(code >= PERMANENT for code in codes)
        return ChannelError(f"every recipient was refused ({_listed(codes)})", lasting=lasting)
    except smtplib.SMTPResponseException as error:
        what = "the login" if isinstance(error, smtplib.SMTPAuthenticationError) else "the mail"
        lasting = error.smtp_code >= PERMANENT
        return ChannelError(f"{what} was refused ({error.smtp_code})", lasting=lasting)
    except smtplib.SMTPNotSupportedError:
        return ChannelError(
            "the server does not offer what is set: look at encryption and user", lasting=True
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return ChannelError(f"it cannot be handed in ({type(error).__name__})")
    if refused:
        return ChannelError(f"{len(refused)} recipient(s) were refused; the others have it", lasting=True)
    return None


def _session(server: Server) -> smtplib.SMTP:
    """Connect to the server, encrypted from the first byte if it is set so."""
    if server.encryption == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=SOCKET_SECONDS, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=SOCKET_SECONDS)


def _listed(codes: list[int]) -> str:
    return ", ".join(str(code) for code in codes)
