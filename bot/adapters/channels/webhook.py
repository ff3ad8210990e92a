"""A webhook of one's own: every field as JSON, signed if a secret is set.

The body is UTF-8 JSON with ``mode``, ``kind``, ``severity``, ``account``, ``hedge`` (null is the whole account), ``text``,
``message`` (all of it, for people), ``at_ms``, ``at`` (UTC, ISO 8601), ``key``, ``times``, ``dropped`` and ``silent``. With a
secret the header ``X-Hedgerow-Signature`` is ``sha256=`` and the hexadecimal HMAC-SHA256 of the body's bytes; compare it in
constant time, and refuse an ``at_ms`` that is old: the body, and so the signature, covers it. A retry sends the same bytes.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import Message
from bot.adapters.channels.sending import post

SIGNATURE = "X-Hedgerow-Signature"


class Webhook:
    """Posts to an address of one's own."""

    name = "webhook"

    def __init__(self, http: httpx.AsyncClient, url: SecretStr, secret: SecretStr) -> None:
        self._http = http
        self._url = url
        self._secret = secret

    async def send(self, message: Message) -> None:
        """Post a message; raises ChannelError."""
        body = body_of(message)
        await post(self._http, self._url, body, signed(body, self._secret))


def signed(body: bytes, secret: SecretStr) -> dict[str, str]:
    """Give the header that signs a body; none without a secret."""
    key = secret.get_secret_value().encode()
    return {SIGNATURE: f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"} if key else {}


def body_of(message: Message) -> bytes:
    """Write every field of a message as JSON."""
    notice = message.notice
    fields = {
        "mode": message.mode,
        "kind": notice.kind,
        "severity": notice.severity,
        "account": notice.account,
        "hedge": notice.hedge,
        "text": notice.text,
        "message": message.text,
        "at_ms": notice.at_ms,
        "at": datetime.fromtimestamp(notice.at_ms / 1000, UTC).isoformat(),
        "key": notice.key,
        "times": message.times,
        "dropped": message.dropped,
        "silent": message.silent,
    }
    return json.dumps(fields, ensure_ascii=False).encode()
