"""A small SMTP server on loopback: it takes mail in, with or without TLS, and refuses what it is told to."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass
class Mailbox:
    """What was handed in, and how the server behaves."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    """By the beginning of a command: what is answered instead."""
    hangs: bool = False
    offers: tuple[str, ...] = ("AUTH PLAIN",)


def certificate(folder: Path) -> Path:
    """Make a certificate for localhost that signs itself; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both = folder / "both.pem"
    both.write_bytes(written + made.public_bytes(Encoding.PEM))
    return both


@asynccontextmanager
async def mailbox(certificate: Path | None = None, *, implicit: bool = False) -> AsyncIterator[Mailbox]:
    """Open a server; with a certificate it offers STARTTLS, or speaks TLS from the first byte."""
    box, context = Mailbox(), None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Visit(box, reader, writer, context).serve()
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            return  # the client has left: it may
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


class _Visit:
    """One client's visit."""

    def __init__(
        self,
        box: Mailbox,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext | None,
    ) -> None:
        self.box, self.reader, self.writer, self.context = box, reader, writer, context

    async def say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()

    async def serve(self) -> None:
        if self.box.hangs:
            await asyncio.sleep(3600)
        await self.say("220 localhost")
        while line := (await self.reader.readline()).decode().strip():
            refusal = next(
                (answer for word, answer in self.box.refuses.items() if line.upper().startswith(word)), ""
            )
            if refusal:
                await self.say(refusal)
            elif not await self.obey(line):
                return

    async def obey(self, line: str) -> bool:
        """Do what a command asks; False ends the visit."""
        encrypted = self.writer.get_extra_info("ssl_object") is not None
        match line.partition(" ")[0].upper():
            case "EHLO":
                extra = ("STARTTLS",) if self.context is not None and not encrypted else ()
                lines = ["localhost", *self.box.offers, *extra]
                for one in lines[:-1]:
                    await self.say(f"250-{one}")
                await self.say(f"250 {lines[-1]}")
            case "STARTTLS":
                await self.say("220 go on")
                await self.writer.start_tls(self.context)  # type: ignore[arg-type]  # offered with one only
            case "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.box.logins.append((user, password))
                await self.say("235 ok")
            case "RCPT":
                self.box.recipients.append(line.partition("<")[2].rstrip(">"))
                await self.say("250 ok")
            case "DATA":
                await self.say("354 go on")
                body = await self.reader.readuntil(b"\r\n.\r\n")
                mail = message_from_bytes(body[:-5], policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.box.mails.append(mail)
                self.box.encrypted.append(encrypted)
                await self.say("250 ok")
            case "QUIT":
                await self.say("221 bye")
                return False
            case _:
                await self.say("250 ok")
        return True
