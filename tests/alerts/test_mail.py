"""E-mail against a real server on loopback: in the clear, by STARTTLS, by TLS, and what it refuses."""

import asyncio
import time
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from bot.adapters.channels import mail
from bot.adapters.channels.mail import Mail, Server
from bot.adapters.channels.manner import ChannelError
from tests.alerts.builders import CANARY, message
from tests.alerts.mailbox import certificate, mailbox

TO = ("ann@example.org", "bob@example.org")


def channel(
    port: int,
    encryption: Literal["starttls", "tls", "none"] = "none",
    *,
    user: str = "",
    host: str = "127.0.0.1",
) -> Mail:
    password = SecretStr(CANARY if user else "")
    server = Server(host=host, port=port, encryption=encryption, user=user, password=password)
    return Mail(server, "bot@example.org", TO)


@pytest.fixture(scope="module")
def key_and_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("keys"))


async def test_a_mail_says_who_it_is_about_in_its_subject_and_the_rest_in_its_text() -> None:
    async with mailbox() as box:
        await channel(box.port).send(message("Größer · als vorher."))

    (got,) = box.mails
    assert got["Subject"] == "[paper] warning · main · btc · cause"
    assert (got["From"], got["To"]) == ("bot@example.org", ", ".join(TO))
    assert got["Date"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content().splitlines() == [
        "[paper] warning · main · btc · 2026-01-01 00:00:00 UTC",
        "Größer · als vorher.",
    ]
    assert (box.recipients, box.logins, box.encrypted) == (list(TO), [], [False])


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_login_and_mail_go_encrypted_to_a_server_whose_certificate_is_trusted(
    encryption: Literal["starttls", "tls"], key_and_certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(key_and_certificate))
    async with mailbox(key_and_certificate, implicit=encryption == "tls") as box:
        await channel(box.port, encryption, user="bot").send(message())

    assert (box.encrypted, box.logins) == ([True], [("bot", CANARY)])


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_a_certificate_that_nobody_vouches_for_is_refused_before_the_password_leaves(
    encryption: Literal["starttls", "tls"], key_and_certificate: Path
) -> None:
    async with mailbox(key_and_certificate, implicit=encryption == "tls") as box:
        with pytest.raises(ChannelError, match="SSLCertVerificationError"):
            await channel(box.port, encryption, user="bot").send(message())

    assert (box.mails, box.logins) == ([], [])


async def test_a_server_that_offers_no_starttls_gets_neither_password_nor_mail() -> None:
    async with mailbox() as box:
        with pytest.raises(ChannelError, match="look at encryption") as caught:
            await channel(box.port, "starttls", user="bot").send(message())

    assert caught.value.lasting
    assert (box.mails, box.logins) == ([], [])


REFUSALS = (
    # at           answer                  told                                        lasting
    ("AUTH",       f"535 {CANARY}",        "the login was refused (535)",               True),
    ("AUTH",       f"454 {CANARY}",        "the login was refused (454)",               False),
    ("MAIL",       f"550 {CANARY}",        "the mail was refused (550)",                True),
    ("RCPT",       f"550 {CANARY}",        "every recipient was refused (550)",         True),
    ("RCPT",       f"450 {CANARY}",        "every recipient was refused (450)",         False),
    ("RCPT TO:<B", f"550 {CANARY}",        "1 recipient(s) were refused; the others have it", True),
    ("DATA",       f"451 {CANARY}",        "the mail was refused (451)",                False),
    ("EHLO",       "421 not now",          "the mail was refused (421)",                False),
)  # fmt: skip


@pytest.mark.parametrize(("at", "answer", "why", "lasting"), REFUSALS)
async def test_a_refusal_is_told_by_its_code_and_never_in_the_servers_words(
    at: str, answer: str, why: str, *, lasting: bool
) -> None:
    async with mailbox() as box:
        box.refuses[at] = answer
        if at == "EHLO":
            box.refuses["HELO"] = answer
        with pytest.raises(ChannelError) as caught:
            await channel(box.port, user="bot").send(message())

    assert str(caught.value) == why
    assert caught.value.lasting is lasting
    assert CANARY not in repr(caught.value) + repr(caught.value.__context__)


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    async with mailbox() as box:
        port = box.port
    with pytest.raises(ChannelError, match="ConnectionRefusedError") as caught:
        await channel(port).send(message())

    assert not caught.value.lasting


async def test_a_server_that_hangs_keeps_neither_the_loop_nor_the_end_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.3)
    async with mailbox() as box:
        box.hangs = True
        began = time.monotonic()
        sending = asyncio.create_task(channel(box.port).send(message()))
        turns = 0
        while not sending.done():
            await asyncio.sleep(0.01)
            turns += 1
        with pytest.raises(ChannelError, match="no answer within"):
            await sending

    assert turns > 10
    assert time.monotonic() - began < 2
