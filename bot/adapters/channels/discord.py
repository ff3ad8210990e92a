"""Discord: a webhook of one channel. Nobody is mentioned, whatever a text holds."""

import json

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import Message, cut
from bot.adapters.channels.sending import post

TEXT_MAX = 2000
NO_EMBEDS = 1 << 2
NO_SOUND = 1 << 12


class Discord:
    """Posts to the channel that the webhook belongs to."""

    name = "discord"

    def __init__(self, http: httpx.AsyncClient, url: SecretStr) -> None:
        self._http = http
        self._url = url

    async def send(self, message: Message) -> None:
        """Post a message; raises ChannelError."""
        fields = {
            "content": cut(message.text, TEXT_MAX),
            "allowed_mentions": {"parse": []},
            "flags": NO_EMBEDS | (NO_SOUND if message.silent else 0),
        }
        await post(self._http, self._url, json.dumps(fields, ensure_ascii=False).encode())
