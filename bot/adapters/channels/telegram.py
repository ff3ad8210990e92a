"""Telegram: messages of a bot to one chat. Plain text without a parse mode, so that nothing has to be escaped."""

import json

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import ChannelError, Message, cut
from bot.adapters.channels.sending import TOTAL_SECONDS, answer_of, ask

TEXT_MAX = 4096
"""UTF-16 units of a message."""


class BotApi:
    """Telegram's Bot API, whose addresses hold the token: they are made and used here, and are seen nowhere."""

    def __init__(self, http: httpx.AsyncClient, address: str, token: SecretStr) -> None:
        self._http = http
        self._address = address.rstrip("/")
        self._token = token

    async def call(self, method: str, fields: dict[str, object], seconds: float = TOTAL_SECONDS) -> object:
        """Call a method and give its result; raises ChannelError."""
        url = SecretStr(f"{self._address}/bot{self._token.get_secret_value()}/{method}")
        body = json.dumps(fields, ensure_ascii=False).encode()
        told = {"content-type": "application/json"}
        answer = answer_of(await ask(self._http, "POST", url, body, told, seconds))
        if answer.get("ok") is not True:
            raise ChannelError("its answer is not Telegram's: look at api_address", lasting=True)
        return answer.get("result")

    async def say(self, chat: str, text: str, *, silent: bool) -> None:
        """Send a text to a chat, cut to what fits; raises ChannelError."""
        fields: dict[str, object] = {
            "chat_id": chat,
            "text": cut(text, TEXT_MAX),
            "disable_notification": silent,
            "link_preview_options": {"is_disabled": True},
        }
        await self.call("sendMessage", fields)


class Telegram:
    """Sends to one chat."""

    name = "telegram"

    def __init__(self, api: BotApi, chat: str) -> None:
        self._api = api
        self._chat = chat

    async def send(self, message: Message) -> None:
        """Send a message; raises ChannelError."""
        await self._api.say(self._chat, message.text, silent=message.silent)
