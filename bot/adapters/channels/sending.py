"""The way out to channels: HTTP that follows no redirect and whose failures tell neither address nor token.

httpx puts the address into its errors and its log, and addresses of webhooks are secrets. So its errors end here, told by
their names, outside of the handler that caught them, so that nothing hangs on them; and its log says warnings only.
"""

import asyncio
import logging

import httpx
from pydantic import SecretStr

from bot.adapters.channels.manner import ChannelError

CONNECT_SECONDS = 5
TOTAL_SECONDS = 10
WAIT_SECONDS_MAX = 3600
"""Longest time a service can ask to be left alone; a longer one is asked again after this."""
WAITING = frozenset({408, 425, 429})
"""Refusals that pass by themselves."""


def client() -> httpx.AsyncClient:
    """Open a client: certificates are verified, redirects are not followed; a proxy of the environment is used."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    timeout = httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS)
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False)


async def post(
    http: httpx.AsyncClient, url: SecretStr, body: bytes, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Post JSON, and give a good answer.

    Raises:
        ChannelError: there was none.
    """
    told = {"content-type": "application/json", **(headers or {})}
    return await ask(http, "POST", url, body, told)


async def ask(
    http: httpx.AsyncClient,
    method: str,
    url: SecretStr,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    seconds: float = TOTAL_SECONDS,
) -> httpx.Response:
    """Ask, and give a good answer.

    Raises:
        ChannelError: there was none.
    """
    why, response = "", None
    try:
        async with asyncio.timeout(seconds):
            timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
            response = await http.request(
                method, url.get_secret_value(), content=body, headers=headers, timeout=timeout
            )
    except (TimeoutError, httpx.TimeoutException):
        why = f"no answer within {seconds:g} s"
    except httpx.ConnectError:
        why = "it cannot be connected to"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        why = f"the request failed ({type(error).__name__})"
    if response is None:
        raise ChannelError(why)
    if not response.is_success:
        raise _refusal(response)
    return response


def _refusal(response: httpx.Response) -> ChannelError:
    """Tell a refusal by its number; what else an answer says may hold anything, and is not repeated."""
    status = response.status_code
    if response.is_redirect:
        return ChannelError(
            f"it answers with a redirect ({status}), which is not followed: set the address it leads to",
            lasting=True,
        )
    waits = _wait(response)
    lasting = response.is_client_error and status not in WAITING
    hint = " (the address or its token is not accepted)" if status in {401, 403, 404} else ""
    return ChannelError(f"it answers {status}{hint}", wait_seconds=waits, lasting=lasting)


def _wait(response: httpx.Response) -> float:
    """Find how long to wait: the header, or where Telegram and Discord say it in the body; 0 if nothing is said."""
    told: object = response.headers.get("retry-after")
    if told is None:
        body = answer_of(response)
        inner = body.get("parameters")
        told = inner.get("retry_after") if isinstance(inner, dict) else body.get("retry_after")
    try:
        seconds = float(str(told))
    except ValueError:  # a date, or nothing: the usual pause is kept
        return 0
    return min(seconds, WAIT_SECONDS_MAX) if seconds > 0 else 0


def answer_of(response: httpx.Response) -> dict[str, object]:
    """Read an answer as a JSON object; what is none is an empty one."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
