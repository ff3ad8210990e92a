"""What each channel is sent, and what its failures are told as: never an address, never a token."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from bot.adapters.channels.discord import Discord
from bot.adapters.channels.manner import Channel, ChannelError, cut
from bot.adapters.channels.sending import ask, client
from bot.adapters.channels.slack import Slack
from bot.adapters.channels.telegram import BotApi, Telegram
from bot.adapters.channels.webhook import Webhook
from tests.alerts.builders import CANARY, message, web

HOOK = SecretStr(f"https://hooks.example.org/{CANARY}")
API = "https://api.example.org"
TOKEN = SecretStr(f"123:{CANARY}")
BOT_URL = f"{API}/bot123:{CANARY}/sendMessage"
HEAD = "[paper] warning · main · btc · 2026-01-01 00:00:00 UTC"

Make = Callable[[httpx.AsyncClient], Channel]
CHANNELS: dict[str, tuple[Make, str, Any]] = {
    "webhook": (lambda http: Webhook(http, HOOK, SecretStr("")), HOOK.get_secret_value(), None),
    "slack": (lambda http: Slack(http, HOOK), HOOK.get_secret_value(), None),
    "discord": (lambda http: Discord(http, HOOK), HOOK.get_secret_value(), None),
    "telegram": (
        lambda http: Telegram(BotApi(http, API, TOKEN), "-100"),
        BOT_URL,
        {"ok": True, "result": {}},
    ),
}


async def sent(name: str, text: str = "Margin is thin.", *, silent: bool = False) -> dict[str, Any]:
    """Send a message and give the JSON that left."""
    make, url, answer = CHANNELS[name]
    with respx.mock() as router:
        route = router.post(url).respond(200, json=answer or {})
        async with client() as http:
            await make(http).send(message(text, silent=silent))
        request = route.calls.last.request
    assert request.headers["content-type"] == "application/json"
    body: dict[str, Any] = json.loads(request.content)
    return body


# --- bodies ---------------------------------------------------------------------------------------------------


async def test_a_webhook_of_ones_own_is_sent_every_field() -> None:
    assert await sent("webhook", silent=True) == {
        "mode": "paper",
        "kind": "cause",
        "severity": "warning",
        "account": "main",
        "hedge": "btc",
        "text": "Margin is thin.",
        "message": f"{HEAD}\nMargin is thin.",
        "at_ms": 1767225600000,
        "at": "2026-01-01T00:00:00+00:00",
        "key": "k",
        "times": 1,
        "dropped": 0,
        "silent": True,
    }


async def test_a_webhook_with_a_secret_is_signed_over_the_bytes_that_are_sent() -> None:
    with respx.mock() as router:
        route = router.post(HOOK.get_secret_value()).respond(204)
        async with client() as http:
            await Webhook(http, HOOK, SecretStr("key")).send(message("Größer als vorher."))
            await Webhook(http, HOOK, SecretStr("")).send(message())
        first, second = (call.request for call in route.calls)

    expected = hmac.new(b"key", first.content, hashlib.sha256).hexdigest()
    assert first.headers["X-Hedgerow-Signature"] == f"sha256={expected}"
    assert "X-Hedgerow-Signature" not in second.headers
    assert "Größer" in first.content.decode()


@pytest.mark.parametrize("silent", [False, True])
async def test_telegram_is_sent_plain_text_without_a_parse_mode(*, silent: bool) -> None:
    text = "a_b *c* <b>d</b> [e](f) `g`"

    assert await sent("telegram", text, silent=silent) == {
        "chat_id": "-100",
        "text": f"{HEAD}\n{text}",
        "disable_notification": silent,
        "link_preview_options": {"is_disabled": True},
    }


async def test_slack_is_sent_text_in_which_nothing_can_mention_anybody() -> None:
    assert await sent("slack", "<!channel> & <@U1>") == {
        "text": f"{HEAD}\n&lt;!channel&gt; &amp; &lt;@U1&gt;",
        "mrkdwn": False,
        "link_names": False,
        "unfurl_links": False,
    }


@pytest.mark.parametrize(("silent", "flags"), [(False, 4), (True, 4 | 4096)])
async def test_discord_is_sent_text_that_mentions_nobody(*, silent: bool, flags: int) -> None:
    assert await sent("discord", "@everyone", silent=silent) == {
        "content": f"{HEAD}\n@everyone",
        "allowed_mentions": {"parse": []},
        "flags": flags,
    }


LENGTHS = (
    # channel     field      UTF-16 units
    ("telegram",  "text",    4096),
    ("discord",   "content", 2000),
    ("slack",     "text",    4000),
)  # fmt: skip


@pytest.mark.parametrize(("name", "field", "limit"), LENGTHS)
@pytest.mark.parametrize("letter", ["x", "🌿"])
async def test_what_is_too_long_is_cut_to_the_channels_limit(
    name: str, field: str, limit: int, letter: str
) -> None:
    text = (await sent(name, letter * 5000))[field]

    assert limit - 1 <= len(text.encode("utf-16-le")) // 2 <= limit
    assert text.endswith("…")


def test_what_fits_is_not_cut() -> None:
    assert cut("x" * 10, 10) == "x" * 10
    assert cut("x" * 11, 10) == "x" * 9 + "…"
    assert cut("🌿" * 6, 10) == "🌿" * 4 + "…"


# --- failures -------------------------------------------------------------------------------------------------

ANSWERS = (
    # answer                                                               why                        wait  lasting
    (httpx.Response(429, headers={"retry-after": "17"}),                   "it answers 429",            17, False),
    (httpx.Response(429, headers={"retry-after": "999999"}),               "it answers 429",          3600, False),
    (httpx.Response(429, json={"retry_after": 0.5}),                       "it answers 429",           0.5, False),
    (httpx.Response(429, json={"parameters": {"retry_after": 5}}),         "it answers 429",             5, False),
    (httpx.Response(429, json={"parameters": []}),                         "it answers 429",             0, False),
    (httpx.Response(503, headers={"retry-after": "Thu, 01 Jan 2026"}),     "it answers 503",             0, False),
    (httpx.Response(500, text=CANARY),                                     "it answers 500",             0, False),
    (httpx.Response(408),                                                  "it answers 408",             0, False),
    (httpx.Response(400, text=CANARY),                                     "it answers 400",             0, True),
    (httpx.Response(401),                                                  "it answers 401 (the addr",   0, True),
    (httpx.Response(404),                                                  "it answers 404 (the addr",   0, True),
    (httpx.Response(302, headers={"location": f"https://{CANARY}.org/"}),  "it answers with a redirect", 0, True),
    (httpx.ConnectTimeout(CANARY),                                         "no answer within 10 s",      0, False),
    (httpx.ReadTimeout(CANARY),                                            "no answer within 10 s",      0, False),
    (httpx.ConnectError(CANARY),                                           "it cannot be connected to",  0, False),
    (httpx.RemoteProtocolError(CANARY),                                    "the request failed (Remote", 0, False),
)  # fmt: skip


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize(("answer", "why", "wait", "lasting"), ANSWERS)
async def test_a_failure_says_what_it_was_and_never_where(
    name: str,
    answer: httpx.Response | Exception,
    why: str,
    wait: float,
    *,
    lasting: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make, url, _ = CHANNELS[name]
    caplog.set_level(logging.DEBUG)
    with respx.mock() as router:
        route = router.post(url)
        route.side_effect = [answer]
        async with client() as http:
            with pytest.raises(ChannelError) as caught:
                await make(http).send(message())

    error = caught.value
    assert str(error).startswith(why)
    assert (error.wait_seconds, error.lasting) == (wait, lasting)
    assert route.call_count == 1
    assert error.__context__ is None
    assert error.__cause__ is None
    assert CANARY not in str(error) + repr(error) + repr(error.args) + caplog.text


@pytest.mark.parametrize("answer", [{"ok": False}, {}, [], "x"])
async def test_an_answer_that_is_not_telegrams_is_no_delivery(answer: object) -> None:
    make, url, _ = CHANNELS["telegram"]
    with respx.mock() as router:
        router.post(url).respond(200, json=answer)
        async with client() as http:
            with pytest.raises(ChannelError, match="api_address"):
                await make(http).send(message())


async def test_a_delivery_leaves_no_address_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in CHANNELS:
        await sent(name)

    assert CANARY not in caplog.text


async def test_a_real_server_that_hangs_redirects_or_is_not_there() -> None:
    whys = []
    async with web() as server, client() as http:
        hook = Webhook(http, SecretStr(f"{server.url}/{CANARY}"), SecretStr(""))
        await hook.send(message())
        server.status = 301
        with pytest.raises(ChannelError) as caught:
            await hook.send(message())
        whys.append(str(caught.value))
        server.hangs = True
        with pytest.raises(ChannelError) as caught:
            await ask(http, "POST", SecretStr(f"{server.url}/{CANARY}"), seconds=0.2)
        whys.append(str(caught.value))
        assert [path for _, path, _ in server.asked] == [f"/{CANARY}"] * 3
    async with client() as http:
        gone = Webhook(http, SecretStr(f"{server.url}/{CANARY}"), SecretStr(""))
        with pytest.raises(ChannelError) as caught:
            await gone.send(message())
        whys.append(str(caught.value))

    assert [why.partition(" (")[0] for why in whys] == [
        "it answers with a redirect",
        "no answer within 0.2 s",
        "it cannot be connected to",
    ]
