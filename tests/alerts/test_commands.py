"""Commands by Telegram: who is heeded, what is answered, and what is not even answered."""

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from bot.adapters.channels.sending import client
from bot.adapters.channels.telegram import BotApi
from bot.adapters.channels.telegram_commands import Asked, Commands, Order
from bot.shell.ports import JournalUnavailableError
from tests.alerts.builders import CANARY, HandClock, T, settled
from tests.shell.builders import Spoken

API = "https://api.example.org"
BOT = f"{API}/bot123:{CANARY}"
ANN, STRANGER, CHAT = 11, 99, -100


class Service:
    """Telegram, as far as commands need it."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.polls: list[dict[str, Any]] = []
        self.fails: list[httpx.Response] = []

    def say(self, text: str, *, user: int = ANN, chat: int = CHAT, date: int = T // 1000) -> None:
        number = len(self.updates) + 1
        message = {"from": {"id": user}, "chat": {"id": chat}, "date": date, "text": text}
        self.updates.append({"update_id": number, "message": message})

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        method = request.url.path.rpartition("/")[2]
        if self.fails:
            return self.fails.pop(0)
        match method:
            case "getMe":
                result: object = {"id": 1, "username": "HedgeBot"}
            case "getUpdates":
                self.polls.append(asked)
                offset = asked["offset"]
                news = [one for one in self.updates if one["update_id"] >= offset]
                result = self.updates[-1:] if offset < 0 else news
            case _:
                self.said.append(asked)
                result = {}
        return httpx.Response(200, json={"ok": True, "result": result})


class Told:
    """What was asked of the house."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.threads: list[str] = []
        self.answer = "all is well"

    def status(self, asked: Asked) -> str:
        self.asked.append(asked)
        self.threads.append(threading.current_thread().name)
        return self.answer


def broken(_asked: Asked) -> str:
    raise ValueError(CANARY)


def unread(_asked: Asked) -> str:
    raise JournalUnavailableError("No journal at x.")


async def heed(
    service: Service, *, log: Spoken | None = None, clock: HandClock | None = None, told: Told | None = None
) -> list[str]:
    """Begin, let the service's updates be heeded, and give what was answered."""
    waiting, service.updates = service.updates, []
    house = told or Told()
    orders = {
        "status": Order(about="how it stands", answer=house.status),
        "broken": Order(about="never", answer=broken),
        "unread": Order(about="never", answer=unread),
    }
    with respx.mock(assert_all_called=False) as router:
        router.route(url__startswith=BOT).mock(side_effect=service.answer)
        async with client() as http:
            commands = Commands(
                BotApi(http, API, SecretStr(f"123:{CANARY}")),
                chat=str(CHAT),
                users=(ANN,),
                orders=orders,
                mode="paper",
                clock=clock or HandClock(),
                log=log or Spoken(),
            )
            await commands.begin()
            service.updates = waiting
            await commands.poll()
            await commands.poll()
    return [one["text"] for one in service.said]


LATE = "/status was said too long ago, and nothing was done: say it again."
FAILED = "/broken failed (ValueError); look at it with `hedgerow` on the machine."
HEEDED: tuple[tuple[str, int, int, int, list[str]], ...] = (
    # said                user      chat  age s  answered
    ("/status",           ANN,      CHAT, 0,     ["[paper] all is well"]),
    ("/STATUS",           ANN,      CHAT, 0,     ["[paper] all is well"]),
    ("/status@HedgeBot",  ANN,      CHAT, 0,     ["[paper] all is well"]),
    ("/status@OtherBot",  ANN,      CHAT, 0,     []),
    ("/status",           STRANGER, CHAT, 0,     []),
    ("/status",           ANN,      -200, 0,     []),
    ("/status",           ANN,      ANN,  0,     []),
    ("/status",           STRANGER, -200, 0,     []),
    ("status",            ANN,      CHAT, 0,     []),
    ("good morning",      ANN,      CHAT, 0,     []),
    ("/status",           ANN,      CHAT, 119,   ["[paper] all is well"]),
    ("/status",           ANN,      CHAT, 121,   [f"[paper] {LATE}"]),
    ("/unread",           ANN,      CHAT, 0,     ["[paper] No journal at x."]),
    ("/broken",           ANN,      CHAT, 0,     [f"[paper] {FAILED}"]),
    ("/unwind",           ANN,      CHAT, 0,     ["[paper] /status: how it stands\n/broken: never\n/unread: never"]),
    ("/help",             ANN,      CHAT, 0,     ["[paper] /status: how it stands\n/broken: never\n/unread: never"]),
)  # fmt: skip


@pytest.mark.parametrize(("text", "user", "chat", "age", "answered"), HEEDED)
async def test_only_who_is_on_the_list_in_the_chat_that_is_set_is_heeded(
    text: str, user: int, chat: int, age: int, answered: list[str]
) -> None:
    service, log = Service(), Spoken()
    service.say(text, user=user, chat=chat, date=T // 1000 - age)

    assert await heed(service, log=log) == answered
    assert CANARY not in str(log.lines) + str(service.said)


async def test_a_stranger_is_logged_once_by_number_only() -> None:
    service, log = Service(), Spoken()
    for words in ("hello", "/status", "/pause now"):
        service.say(words, user=STRANGER)

    assert await heed(service, log=log) == []
    (line,) = log.lines
    assert line["user"] == STRANGER
    assert not {"hello", "/status", "now"} & set(map(str, line.values()))


async def test_a_command_carries_who_said_it_and_what_stood_behind_it_and_works_in_a_thread() -> None:
    service, told = Service(), Told()
    service.say("/status  the book is thin ")
    await heed(service, told=told)

    assert told.asked == [Asked(who="telegram:11", words="the book is thin")]
    assert told.threads != [threading.main_thread().name]


async def test_what_was_said_before_the_start_is_thrown_away_and_each_update_is_heeded_once() -> None:
    service = Service()
    service.say("/status")
    with respx.mock() as router:
        router.route(url__startswith=BOT).mock(side_effect=service.answer)
        async with client() as http:
            told = Told()
            commands = Commands(
                BotApi(http, API, SecretStr(f"123:{CANARY}")),
                chat=str(CHAT),
                users=(ANN,),
                orders={"status": Order(about="", answer=told.status)},
                mode="paper",
                clock=HandClock(),
                log=Spoken(),
            )
            await commands.begin()
            await commands.poll()
            assert told.asked == []
            service.say("/status")
            await commands.poll()
            await commands.poll()

    assert len(told.asked) == 1
    assert [one["offset"] for one in service.polls] == [-1, 2, 2, 3]
    assert service.polls[1]["timeout"] == 25


async def test_so_many_commands_a_minute_are_heeded_of_each() -> None:
    service, log = Service(), Spoken()
    for _ in range(15):
        service.say("/status")

    assert len(await heed(service, log=log)) == 10
    assert (
        sum(
            line["event"].startswith("commands come too fast")
            for line in log.lines
            if isinstance(line["event"], str)
        )
        == 5
    )


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"message": None},
        {"message": []},
        {"message": {"text": "/status"}},
        {"message": {"from": {"id": "11"}, "chat": {"id": CHAT}, "date": T // 1000, "text": "/status"}},
        {"message": {"from": {"id": ANN}, "chat": {"id": CHAT}, "date": T // 1000}},
        {"message": {"from": {"id": ANN}, "chat": {"id": CHAT}, "text": "/status"}},
        {"edited_message": {"from": {"id": ANN}, "chat": {"id": CHAT}, "date": T // 1000, "text": "/status"}},
        {"channel_post": {"chat": {"id": CHAT}, "date": T // 1000, "text": "/status"}},
    ],
)
async def test_an_update_that_is_no_command_is_nothing(update: dict[str, Any]) -> None:
    service = Service()
    service.updates = [{"update_id": 1, **update}]

    assert await heed(service) == []


async def test_a_long_answer_is_cut_to_what_telegram_takes() -> None:
    service, told = Service(), Told()
    told.answer = "x" * 9000
    service.say("/status")

    (answer,) = await heed(service, told=told)
    assert len(answer) == 4096


async def test_a_service_that_fails_is_asked_again_after_a_pause_and_logged_once() -> None:
    service, clock, log = Service(), HandClock(), Spoken()
    service.fails = [
        httpx.Response(500),
        httpx.Response(429, json={"ok": False, "parameters": {"retry_after": 30}}),
        httpx.Response(409),
    ]
    with respx.mock() as router:
        router.route(url__startswith=BOT).mock(side_effect=service.answer)
        async with client() as http:
            commands = Commands(
                BotApi(http, API, SecretStr(f"123:{CANARY}")),
                chat=str(CHAT),
                users=(ANN,),
                orders={},
                mode="paper",
                clock=clock,
                log=log,
            )
            task = asyncio.create_task(commands.run())
            left = []
            for seconds in (0.25, 5, 30, 59, 2):
                await clock.turn(seconds)
                await settled()
                await asyncio.sleep(0.05)
                left.append(len(service.fails))
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    assert left == [2, 1, 0, 0, 0]
    assert service.polls
    assert [line["event"] for line in log.lines] == ["commands cannot be read"]
    assert CANARY not in str(log.lines)
