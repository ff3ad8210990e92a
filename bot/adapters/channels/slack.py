"""Slack: an incoming webhook. It has no way to send without sound; nobody is ever mentioned."""

import json

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import Message, cut
from bot.adapters.channels.sending import post

TEXT_MAX = 4000


class Slack:
    """Posts to the channel that the webhook belongs to."""

    name = "slack"

    def __init__(self, http: httpx.AsyncClient, url: SecretStr) -> None:
        self._http = http
        self._url = url

    async def send(self, message: Message) -> None:
        """Post a message; raises ChannelError."""
        fields = {
            "text": _escaped(cut(message.text, TEXT_MAX)),
            "mrkdwn": False,
            "link_names": False,
            "unfurl_links": False,
        }
        await post(self._http, self._url, json.dumps(fields, ensure_ascii=False).encode())


def _escaped(text: str) -> str:
    """Escape the three characters that Slack reads as its own: without them nothing can mention anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
