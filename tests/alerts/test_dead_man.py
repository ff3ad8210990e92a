"""The dead man's switch: pings while the loops live, and none when one is silent."""

import asyncio

import pytest
import respx
from pydantic import SecretStr

from bot.adapters.channels.sending import client
from bot.adapters.dead_man import DeadMan
from bot.looks import OpenAccount
from bot.wiring_alerts import Watchman
from tests.alerts.builders import CANARY, HandClock, Kept, alerts_of, settled
from tests.shell.builders import Spoken, house

URL = f"https://ping.example.org/{CANARY}"


async def test_it_pings_as_long_as_it_lives_and_says_once_that_it_does_not() -> None:
    clock, log, living = HandClock(), Spoken(), [True]
    with respx.mock() as router:
        route = router.get(URL).respond(200)
        async with client() as http:
            switch = DeadMan(
                http, SecretStr(URL), every_ms=60_000, alive=lambda: living[0], clock=clock, log=log
            )
            task = asyncio.get_running_loop().create_task(switch.run())
            counts = []
            for seconds, alive in ((30, True), (60, True), (60, False), (60, False), (60, True), (60, True)):
                living[0] = alive
                await clock.turn(seconds, step_ms=1000)
                await settled()
                counts.append(route.call_count)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    assert counts == [1, 2, 2, 2, 3, 4]
    assert [line["event"] for line in log.lines] == [
        "no ping: an account was not seen without holes for too long",
        "pings go on",
    ]


@pytest.mark.parametrize("status", [500, 404, 302])
async def test_a_ping_that_is_not_taken_is_logged_once_without_its_address(status: int) -> None:
    log = Spoken()
    with respx.mock() as router:
        router.get(URL).respond(status)
        async with client() as http:
            switch = DeadMan(http, SecretStr(URL), every_ms=1, alive=lambda: True, clock=HandClock(), log=log)
            for _ in range(3):
                await switch.turn()

    (line,) = log.lines
    assert line["event"] == "a ping was not taken"
    assert CANARY not in str(line)
    assert switch.pings == 0


LIVES = (
    # seconds later  polled       alive
    (0,              None,        False),
    (1,              "good",      True),
    (900,            None,        True),
    (59,             None,        True),
    (2,              None,        False),
    (0,              "lost",      False),
    (0,              "blind",     False),
    (0,              "good",      True),
)  # fmt: skip


async def test_a_process_lives_while_every_account_was_looked_at_within_a_heartbeat_and_some_slack() -> None:
    clock, kept = HandClock(), Kept()
    home = await house()
    step = await home.loop.step()
    home.venue.quoted = False
    blind = await home.loop.step()
    watchman = Watchman(alerts_of(kept, clock=clock), clock, Spoken(), 900_000)
    main = OpenAccount(name="main", rules=home.loop.rules, loop=home.loop, url="", mode="paper")
    assert not watchman.alive()
    watchman.started((main,), ("btc",))

    for seconds, polled, alive in LIVES:
        await clock.turn(seconds, step_ms=10_000)
        home.loop.trouble = "no route" if polled == "lost" else ""
        if polled:
            watchman.polled(main, {"good": step, "blind": blind, "lost": None}[polled])
        assert watchman.alive() is alive, (seconds, polled)
