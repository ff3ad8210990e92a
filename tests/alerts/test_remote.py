"""Pause and resume from afar, on a real journal: whose word ends what, and what only the machine's owner can end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import wiring
from bot.adapters.channels.telegram_commands import Asked
from bot.adapters.clock import SystemClock
from bot.adapters.journal_controls import say
from bot.adapters.journal_guard import in_force
from bot.adapters.log import SilentLog
from bot.core.memory import State
from bot.core.orders import OrderRequest, OrderState, TimeInForce
from bot.core.snapshot import Control
from bot.core.values import Contracts, Side
from bot.questions_remote import orders_of, pause, resume
from bot.settings import Settings, load
from bot.shell.step import Step
from bot.wiring import PaperAccount
from tests.sim.builders import D
from tests.test_cli import CONFIG

ANN = Asked(who="telegram:11", words="the book is thin")
BOB = Asked(who="telegram:12", words="")


@dataclass
class Place:
    """One account that runs, and its journal."""

    settings: Settings
    account: PaperAccount

    async def look(self) -> Step:
        time.sleep(0.002)  # noqa: ASYNC251 - words and looks have their order by the clock
        step = await self.account.loop.step()
        time.sleep(0.002)  # noqa: ASYNC251 - the same
        return step

    def words(self) -> list[tuple[str, str | None, str]]:
        return [(one.kind, one.hedge, one.who) for one in self.controls()]

    def controls(self) -> tuple[Control, ...]:
        with wiring.reader_of(wiring.journal_url(self.settings), "paper") as reader:
            return in_force(reader.controls("main"))

    def by_another(self, kind: str, hedge: str | None) -> None:
        path = wiring.journal_url(self.settings)
        say(path, "main", kind, hedge, "ann", "a drill", SystemClock().now_ms())  # type: ignore[arg-type]  # one of them

    def pause(self, who: Asked = ANN) -> list[str]:
        return list(pause(self.settings, who))

    def resume(self, who: Asked = ANN) -> list[str]:
        return list(resume(self.settings, who))

    def by_hand(self, side: Side, contracts: str) -> None:
        """Trade on the account behind the back of the house."""
        request = OrderRequest(
            client_order_id="by-hand",
            symbol="BTC/USDT:USDT",
            side=side,
            contracts=Contracts(D(contracts)),
            limit_price=None,
            time_in_force=TimeInForce.IOC,
            reduce_only=False,
        )
        assert self.account.town.exchange.place("main", request).state is OrderState.FILLED


@contextmanager
def place(folder: Path, more: str = "") -> Iterator[Place]:
    config = folder / "hedgerow.toml"
    journal = f'[journal]\npath = "{folder}/{{mode}}.sqlite"\n[guard]\nkill_switch = "{folder}/stop"\n'
    config.write_text(CONFIG + journal + more)
    settings = load([config], environ={}, dotenv=None).settings
    with wiring.paper_accounts(settings, SystemClock(), SilentLog()) as (account,):
        yield Place(settings, account)


async def begun(one: Place) -> None:
    await one.account.loop.start()
    for _ in range(6):
        await one.look()


async def test_a_pause_freezes_every_hedge_with_who_and_why_and_a_resume_ends_it(tmp_path: Path) -> None:
    with place(tmp_path) as one:
        await begun(one)
        assert one.pause() == ["main/btc: frozen; the hedge stays, and orders are taken back within a poll"]
        assert one.words() == [("freeze", "btc", "telegram:11")]
        frozen = await one.look()
        assert frozen.decision.explanations[0].state is State.HALTED
        assert frozen.decision.watch is not None
        assert frozen.decision.watch.causes[-1].text.startswith("Frozen by telegram:11: the book is thin.")

        assert one.resume(BOB) == ["main/btc: no longer frozen; it follows within a poll"]
        assert one.words() == []
        assert (await one.look()).decision.explanations[0].state is State.NORMAL


async def test_a_resume_waits_until_the_bot_has_looked_at_the_freeze(tmp_path: Path) -> None:
    with place(tmp_path) as one:
        await begun(one)
        one.pause()

        (answer,) = one.resume()

        assert answer.startswith("main/btc: stays frozen: the bot has not taken a whole look since.")
        assert one.words() == [("freeze", "btc", "telegram:11")]


OTHERS = (
    # another's word   about    in force after a pause and a resume from afar
    ("freeze",         None,    [("freeze", None, "ann")]),
    ("freeze",         "btc",   [("freeze", "btc", "ann")]),
    ("unwind",         None,    [("unwind", None, "ann")]),
    ("unwind",         "btc",   [("unwind", "btc", "ann")]),
)  # fmt: skip


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("kind", "hedge", "after"), OTHERS)
async def test_another_persons_word_is_neither_replaced_nor_ended(
    tmp_path: Path, kind: str, hedge: str | None, after: list[tuple[str, str | None, str]], *, first: bool
) -> None:
    with place(tmp_path) as one:
        await begun(one)
        if first:
            one.by_another(kind, hedge)
            await one.look()
            assert one.pause()[0] == "main/btc: left as it is"
        else:
            one.pause()
            await one.look()
            one.by_another(kind, hedge)
        await one.look()

        answer = "\n".join(one.resume())

        assert answer.startswith("main: no freeze that was said here is in force.")
        assert "main: still holds: " in answer
        assert one.words() == after


async def test_a_word_that_comes_in_between_is_not_ended(tmp_path: Path) -> None:
    with place(tmp_path) as one:
        await begun(one)
        one.pause()
        await one.look()
        (freeze,) = one.controls()
        one.by_another("unwind", "btc")
        path = wiring.journal_url(one.settings)

        said = say(
            path, "main", "resume", "btc", "telegram:11", "", 1, lambda words: freeze in in_force(words)
        )

        assert not said
        assert one.words() == [("unwind", "btc", "ann")]


async def test_a_halt_of_the_guard_is_not_released_neither_one_that_is_known_nor_one_to_come(
    tmp_path: Path,
) -> None:
    with place(tmp_path, 'after_shift = "call"\n') as one:
        await begun(one)
        one.pause()
        await one.look()
        one.by_hand(Side.BUY, "0.3")
        assert one.resume()[0] == "main/btc: no longer frozen; it follows within a poll"
        halted = await one.look()
        assert halted.decision.explanations[0].state is State.HALTED
        one.pause()
        await one.look()

        answer = one.resume()

        assert answer[0].startswith(
            "main/btc: stays frozen, as resuming it would release this, too: The position shrank without an order"
        )
        assert (await one.look()).decision.explanations[0].state is State.HALTED
        assert one.words() == [("freeze", "btc", "telegram:11")]


async def test_a_hedge_that_was_left_is_not_hedged_again(tmp_path: Path) -> None:
    with place(tmp_path, '[hedges.btc.exit]\nuntil = "2020-01-01T00:00:00Z"\n') as one:
        await begun(one)
        one.pause()
        await one.look()

        answer = one.resume()[0]

        assert (
            "as resuming it would release this, too: Hedge btc is left, because its date has come." in answer
        )
        assert one.words() == [("freeze", "btc", "telegram:11")]


async def test_status_explain_and_health_are_told_in_the_words_of_the_house(tmp_path: Path) -> None:
    with place(tmp_path) as one:
        orders = orders_of(one.settings, lambda: "main: looked at 1 s ago")
        assert orders["status"].answer(ANN) == "Nothing was decided yet."
        await begun(one)
        last = (await one.look()).decision

        assert orders["status"].answer(ANN).startswith("main/btc: 100.00% hedged of 100.00%, held -1")
        assert last.explanations[0].why in orders["explain"].answer(ANN)
        assert orders["health"].answer(ANN) == "main: looked at 1 s ago"
        assert set(orders) == {"status", "explain", "health", "pause", "resume"}
        assert "frozen" in orders["pause"].answer(ANN)
        assert "stays frozen" in orders["resume"].answer(ANN)
