"""Two bots on one PostgreSQL at a real test exchange: one leads, one stands by; and a database that goes away and comes back."""

import asyncio
import signal
from decimal import Decimal
from pathlib import Path

from tests.bots import (
    Bot,
    at_exchange,
    check_books,
    ended,
    fills_in,
    reading,
    replayed,
    settled,
    street,
    until,
)
from tests.postgres import PASSWORD, Server


def pair(folder: Path, url: str, address: str) -> tuple[Bot, Bot]:
    """Give a leader and a standby, each as on a machine of its own."""
    return Bot(folder / "a", url, address, standby=False), Bot(folder / "b", url, address, standby=True)


async def test_the_standby_goes_on_hedging_when_the_leader_is_killed_and_no_order_doubles(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.database()
    with street() as told:
        leader, standby = pair(tmp_path, url, told["address"])
        with ended(leader, standby):
            leader.start()
            until(lambda: fills_in(url) >= 1, "the leader's first fill", leader)
            standby.start()
            until(lambda: "standby" in standby.said(), "the word standby", standby)
            second = Bot(tmp_path / "c", url, told["address"], standby=False).command("run", "--seconds", "5")
            assert second.returncode == 4, second.stderr
            assert "already writes the journal of account main" in second.stderr
            until(lambda: fills_in(url) >= 2, "more of the leader's fills", leader)
            leader.send(signal.SIGKILL)
            before = fills_in(url)
            until(lambda: fills_in(url) > before, "a fill of the standby", standby)
            await settled(url, told, standby)
            assert standby.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")
        replayed(standby)
        assert standby.said().count("[warning  ] standby") == 1, "it is said once"
        for bot in (leader, standby):
            assert PASSWORD not in bot.said()
        with reading(url) as reader:
            numbers = [one.number for one in reader.decisions("main")]
        assert max(numbers) > 1000, "the numbers jumped: the leader may have counted on, unseen"


async def test_a_leader_that_ends_hands_over_at_once_and_a_standby_ends_when_told(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.database()
    with street() as told:
        first = Bot(tmp_path / "a", url, told["address"], standby=False, lease=600)
        second = Bot(tmp_path / "b", url, told["address"], standby=True, lease=600)
        third = Bot(tmp_path / "c", url, told["address"], standby=True, lease=600)
        with ended(first, second, third):
            first.start()
            until(lambda: fills_in(url) >= 1, "the first's fill", first)
            second.start()
            third.start()
            until(
                lambda: "standby" in third.said() and "standby" in second.said(),
                "both standbys",
                second,
                third,
            )
            assert third.send(signal.SIGTERM) == 0
            assert first.send(signal.SIGTERM) == 0
            before = fills_in(url)
            until(lambda: fills_in(url) > before, "a fill of the second", second)
            await settled(url, told, second)
            assert second.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")


async def test_a_killed_server_halts_what_adds_and_the_bot_goes_on_when_it_is_back(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.database()
    with street() as told:
        bot = Bot(tmp_path / "a", url, told["address"], standby=False, lease=60)
        with ended(bot):
            bot.start()
            until(lambda: fills_in(url) >= 2, "two fills", bot)
            postgres.stop("immediate")
            try:
                until(lambda: "database is away" in bot.said(), "the word that it is away", bot)
                before, _ = await at_exchange(told)
                await asyncio.sleep(4)
                after, held = await at_exchange(told)
                assert len(after) == len(before), "nothing that adds was sent"
                assert held > Decimal("-0.5")
                assert bot.alive
                spool = bot.folder / ".hedgerow" / "local.spool" / "main.jsonl"
                assert "decided" in spool.read_text()
            finally:
                postgres.start()
            await settled(url, told, bot)
            assert spool.read_text().count("\n") == 1, "all of it is in the journal"
            assert bot.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")
        replayed(bot)


async def test_a_frozen_server_holds_the_bot_up_for_seconds_and_not_for_ever(
    postgres: Server, tmp_path: Path
) -> None:
    url = postgres.database()
    with street() as told:
        bot = Bot(tmp_path / "a", url, told["address"], standby=False, lease=60)
        with ended(bot):
            bot.start()
            until(lambda: fills_in(url) >= 1, "a fill", bot)
            with postgres.frozen():
                until(lambda: "database is away" in bot.said(), "the word that it is away", bot)
                before, _ = await at_exchange(told)
                await asyncio.sleep(8)
                after, _ = await at_exchange(told)
                assert len(after) == len(before), "nothing that adds was sent"
                assert bot.alive
            await settled(url, told, bot)
            assert bot.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")
        replayed(bot)


async def test_killed_with_a_spool_the_next_start_writes_it_first(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    with street() as told:
        bot = Bot(tmp_path / "a", url, told["address"], standby=False, lease=60)
        with ended(bot):
            bot.start()
            until(lambda: fills_in(url) >= 2, "two fills", bot)
            postgres.stop("immediate")
            try:
                spool = bot.folder / ".hedgerow" / "local.spool" / "main.jsonl"
                until(lambda: "decided" in spool.read_text(), "a spooled decision", bot)
                bot.send(signal.SIGKILL)
                refused = bot.command("run", "--seconds", "5")
                assert refused.returncode == 4, refused.stderr
            finally:
                postgres.start()
            bot.start()
            await settled(url, told, bot)
            assert "what was spooled is in the journal" in bot.said()
            assert bot.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")
        replayed(bot)


async def test_a_leader_that_was_cut_off_sends_nothing_after_its_lease_and_ends_when_it_was_passed(
    postgres: Server, tmp_path: Path
) -> None:
    """Paused as a whole, its connections die; when it goes on, another leads."""
    url = postgres.database()
    with street() as told:
        leader, standby = pair(tmp_path, url, told["address"])
        with ended(leader, standby):
            leader.start()
            until(lambda: fills_in(url) >= 2, "two fills", leader)
            leader.send(signal.SIGSTOP)
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hedgerow'"
            )
            standby.start()
            before = fills_in(url)
            until(lambda: fills_in(url) > before, "a fill of the standby", standby)
            leader.send(signal.SIGCONT)
            assert leader.process is not None
            assert leader.process.wait(90) == 4
            assert "has taken over the journal of account main" in leader.said()
            await settled(url, told, standby)
            assert standby.send(signal.SIGTERM) == 0
        await check_books(url, told, "-0.5")
