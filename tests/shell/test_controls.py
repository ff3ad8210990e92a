"""A person's word, a pulled switch, and what only a person releases: what stops, what goes on, what is told."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.journal_guard import JournaledControl, in_force, releases
from bot.adapters.model_market import model_contract
from bot.adapters.switch import FileSwitch
from bot.backtest.tally import Tally
from bot.core.instruments import Contract
from bot.core.memory import State
from bot.core.rules import Rules
from bot.core.snapshot import Holding
from bot.core.values import Coins, Price
from bot.shell.loop import Loop
from bot.shell.ports import AccountReport
from bot.shell.step import Step
from bot.sim.exchange import Exchange
from tests.core.builders import guard_rules, hedge_rules, pricing_rules, risk_rules
from tests.core.builders import rules as rules_of
from tests.shell.builders import FaultyVenue, Spoken
from tests.sim.builders import LINEAR, ME, D, T, quote

BTC, ETH = LINEAR, model_contract("ETH/USDT:USDT", D(2500))
PRICES = {BTC.symbol: "50000", ETH.symbol: "2500"}


class TwoModeVenue(FaultyVenue):
    """A venue whose account may be in hedge mode."""

    one_way = True

    async def account(self) -> AccountReport:
        return replace(await super().account(), one_way=self.one_way)


@dataclass
class Desk:
    """A loop with hedges of coins, and the person who watches it."""

    exchange: Exchange
    venue: TwoModeVenue
    journal: Tally
    clock: SimClock
    loop: Loop
    log: Spoken
    switch: Path
    contracts: tuple[Contract, ...]
    words: list[JournaledControl] = field(default_factory=list)

    def says(self, kind: Literal["freeze", "unwind", "resume"], hedge: str | None = None) -> None:
        """Say a word; which are in force is the durable journal's to say."""
        at_ms = self.clock.now_ms()
        self.words.append(JournaledControl(hedge=hedge, kind=kind, who="anna", why="a drill", at_ms=at_ms))
        self.journal.controls, self.journal.resumes = in_force(self.words), releases(self.words)

    def show(self, *, seconds: int = 1, spread: int = 0, btc: str = "50000") -> None:
        self.clock.turn_to(self.clock.now_ms() + seconds * 1000)
        for contract in self.contracts:
            bid = D(btc if contract is BTC else PRICES[contract.symbol])
            self.exchange.quote(quote(contract, str(bid), str(bid + spread), at_ms=self.clock.now_ms()))

    async def step(self, *, seconds: int = 1, spread: int = 0, btc: str = "50000") -> Step:
        self.show(seconds=seconds, spread=spread, btc=btc)
        return await self.loop.step()

    async def answers(self, count: int = 1, *, spread: int = 0, btc: str = "50000") -> list[str]:
        """Step so often, and give the answers to the first hedge."""
        steps = [await self.step(spread=spread, btc=btc) for _ in range(count)]
        return [step.decision.explanations[0].answer for step in steps]

    def held(self, contract: Contract = BTC) -> Decimal:
        positions = self.exchange.positions(ME)
        return next((one.contracts for one in positions if one.symbol == contract.symbol), D(0))

    def told(self, words: str) -> int:
        """How often a person was called with such words."""
        return sum(words in str(line["event"]) for line in self.log.lines if line["level"] == "warning")


async def desk(
    folder: Path,
    *,
    contracts: tuple[Contract, ...] = (BTC,),
    patience: int = 0,
    ruled: Callable[[Rules], Rules] = lambda rules: rules,
    deposit: int = 100_000,
) -> Desk:
    exchange, clock, log, journal = Exchange(contracts), SimClock(T), Spoken(), Tally()
    exchange.open_account(ME, "cross", D(10))
    for contract in contracts:
        exchange.quote(quote(contract, PRICES[contract.symbol]))
    exchange.deposit(ME, "USDT", D(deposit))
    venue, switch = TwoModeVenue(exchange), folder / "STOP"
    hedges = [hedge_rules(contract, name=contract.base.lower()) for contract in contracts]
    asked = rules_of(
        *hedges,
        pricing=pricing_rules(patience, "0.01", slice_notional=20_000),
        risk=risk_rules(quote_age=60, leverage=10),
        guard=guard_rules(ladder=True),
    )
    coins = {"BTC": D(1), "ETH": D(8)}
    loop = Loop(
        rules=ruled(replace(asked, account=ME)),
        venue=venue,
        holdings=DeclaredHoldings(
            tuple(Holding(asset=a, coins=Coins(c), place="declared") for a, c in coins.items())
        ),
        journal=journal,
        clock=clock,
        log=log,
        switch=FileSwitch(path=switch),
    )
    await loop.start()
    return Desk(exchange, venue, journal, clock, loop, log, switch, contracts)


async def hedged(folder: Path, **others: object) -> Desk:
    """A desk whose hedges stand: three slices, and nothing left to do."""
    one = await desk(folder, **others)  # type: ignore[arg-type]  # handed on as they are
    assert await one.answers(4) == ["place", "place", "place", "hold"]
    assert one.held() == -1
    return one


# --- freeze -------------------------------------------------------------------------------------------------------


async def test_a_freeze_takes_working_orders_back_places_nothing_and_keeps_the_hedge(tmp_path: Path) -> None:
    one = await desk(tmp_path, patience=10**6)
    await one.answers(1, spread=10)
    one.show(spread=10, btc="50011")
    assert await one.answers(1, spread=10) == ["place"]
    assert one.held() == D("-0.4")
    assert len(one.exchange.open_orders(ME)) == 1

    one.says("freeze")
    frozen = await one.answers(4, spread=10)

    assert frozen == ["cancel", "hold", "hold", "hold"]
    assert one.exchange.open_orders(ME) == ()
    assert (one.held(), len(one.venue.sent)) == (D("-0.4"), 2)
    assert one.told("Frozen by anna: a drill.") == 1


async def test_a_resume_lets_the_hedge_go_on_where_it_stood(tmp_path: Path) -> None:
    one = await desk(tmp_path)
    await one.answers(1)
    one.says("freeze")
    frozen = await one.answers(3)
    one.says("resume")
    after = await one.answers(3)

    assert (frozen, after) == (["hold"] * 3, ["place", "place", "hold"])
    assert one.held() == -1
    assert one.told("the guard lets everything pass again") == 1


async def test_a_freeze_of_one_hedge_leaves_another_going(tmp_path: Path) -> None:
    one = await desk(tmp_path, contracts=(BTC, ETH))
    one.says("freeze", "btc")

    steps = [await one.step() for _ in range(3)]

    assert [[said.answer for said in step.decision.explanations] for step in steps] == [
        ["hold", "place"],
        ["hold", "hold"],
        ["hold", "hold"],
    ]
    assert [said.state for said in steps[-1].decision.explanations] == [State.HALTED, State.NORMAL]
    assert (one.held(BTC), one.held(ETH)) == (D(0), D(-8))


async def test_a_pulled_switch_freezes_every_hedge_until_it_is_let_go(tmp_path: Path) -> None:
    one = await desk(tmp_path, contracts=(BTC, ETH))
    one.switch.touch()
    frozen = [await one.step() for _ in range(3)]
    one.switch.unlink()
    after = await one.step()

    assert {said.answer for step in frozen for said in step.decision.explanations} == {"hold"}
    assert {said.answer for said in after.decision.explanations} == {"place"}
    assert one.told("Frozen by kill switch: the file") == 1
    assert one.told("exists. It ends when that is taken away; `hedgerow resume` does not end it.") == 1


async def test_the_guard_reduces_a_frozen_account_when_its_margin_is_thin(tmp_path: Path) -> None:
    one = await hedged(tmp_path, deposit=20_000)
    one.says("freeze")
    one.switch.touch()
    assert await one.answers(2) == ["hold", "hold"]

    after = await one.answers(6, btc="63000")

    assert after[0] == "place"
    assert after[-1] == "hold"
    assert -1 < one.held() < 0
    last = (await one.step(btc="63000")).decision.watch
    assert last is not None
    assert last.standings[0].distance is not None
    assert last.standings[0].distance >= D("0.25")
    assert all(request.reduce_only for request in one.venue.sent[3:])


# --- unwind -------------------------------------------------------------------------------------------------------


async def test_an_unwinding_closes_everything_in_slices_across_the_spread_and_stays_halted(
    tmp_path: Path,
) -> None:
    one = await hedged(tmp_path, patience=0)
    one.says("unwind")

    answers = await one.answers(6, spread=10)

    assert answers == ["place", "place", "place", "hold", "hold", "hold"]
    closing = one.venue.sent[3:]
    assert {(request.side, request.reduce_only, str(request.time_in_force)) for request in closing} == {
        ("buy", True, "ioc")
    }
    assert [request.contracts for request in closing] == [D("0.4"), D("0.4"), D("0.2")]
    assert one.held() == 0
    assert one.told("To be closed by anna: a drill.") == 1


async def test_an_unwinding_takes_a_working_order_back_before_it_closes(tmp_path: Path) -> None:
    one = await desk(tmp_path, patience=10**6)
    await one.answers(1, spread=10)
    one.show(spread=10, btc="50011")
    await one.answers(1, spread=10)
    assert len(one.exchange.open_orders(ME)) == 1
    one.says("unwind")

    assert await one.answers(3, spread=10) == ["cancel", "place", "hold"]
    assert (one.held(), one.exchange.open_orders(ME)) == (D(0), ())


async def test_after_a_resume_the_policy_opens_again_what_was_unwound(tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    one.says("unwind")
    await one.answers(4)
    one.says("resume")

    assert await one.answers(4) == ["place", "place", "place", "hold"]
    assert one.held() == -1


async def test_an_unwinding_of_one_hedge_leaves_another_standing(tmp_path: Path) -> None:
    one = await desk(tmp_path, contracts=(BTC, ETH))
    await one.answers(4)
    one.says("unwind", "btc")
    await one.answers(4)

    assert (one.held(BTC), one.held(ETH)) == (D(0), D(-8))


async def test_a_pulled_switch_stops_even_an_unwinding_which_goes_on_once_it_is_let_go(
    tmp_path: Path,
) -> None:
    one = await hedged(tmp_path)
    one.says("unwind")
    await one.answers(1)
    one.switch.touch()
    stopped, held = await one.answers(3), one.held()
    one.switch.unlink()

    assert (stopped, held) == (["hold"] * 3, D("-0.6"))
    assert await one.answers(3) == ["place", "place", "hold"]
    assert one.held() == 0


async def test_a_freeze_of_the_account_ends_an_unwinding_for_good(tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    one.says("unwind")
    await one.answers(1)
    one.says("freeze")
    stopped, held = await one.answers(3), one.held()
    one.says("resume")

    assert (stopped, held) == (["hold"] * 3, D("-0.6"))
    assert await one.answers(2) == ["place", "hold"]
    assert one.held() == -1


# --- a loop that sleeps -------------------------------------------------------------------------------------------

WORDS: dict[str, Callable[[Desk], object]] = {
    "a freeze": lambda one: one.says("freeze"),
    "a freeze of one hedge": lambda one: one.says("freeze", "btc"),
    "an unwinding": lambda one: one.says("unwind"),
    "a resume": lambda one: one.says("resume"),
    "a pulled switch": lambda one: one.switch.touch(),
}


@pytest.mark.parametrize("word", list(WORDS))
async def test_a_sleeping_loop_notices_a_word_within_one_poll(word: str, tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    one.show()
    quiet = [await one.loop.poll(heartbeat_ms=10**9) for _ in range(3)]

    WORDS[word](one)
    heard = await one.loop.poll(heartbeat_ms=10**9)

    assert quiet == [None] * 3
    assert heard is not None


async def test_a_sleeping_loop_notices_that_the_switch_was_let_go(tmp_path: Path) -> None:
    one = await desk(tmp_path)
    one.switch.touch()
    assert await one.answers(2) == ["hold", "hold"]
    assert await one.loop.poll(heartbeat_ms=10**9) is None
    one.switch.unlink()

    heard = await one.loop.poll(heartbeat_ms=10**9)

    assert heard is not None
    assert heard.decision.explanations[0].answer == "place"


async def test_a_cause_is_told_once_and_its_end_is_told_and_again_when_it_comes_back(tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    for _ in range(2):
        one.says("freeze")
        await one.answers(5)
        one.says("resume")
        await one.answers(3)

    assert one.told("Frozen by anna") == 2
    assert one.told("the guard lets everything pass again") == 2
    assert [cause.who for cause in one.journal.guard_events if cause.kind == "frozen"] == ["anna", "anna"]


# --- what the venue does ------------------------------------------------------------------------------------------


def _deleverage(one: Desk) -> None:
    one.exchange.deleverage(ME, BTC.symbol, D("0.5"), Price(D(50_000)))


def _calling(rules: Rules) -> Rules:
    return replace(rules, guard=replace(rules.guard, after_shift="call"))


async def test_a_hedge_that_was_deleveraged_is_hedged_again_at_once_where_the_owner_says_so(
    tmp_path: Path,
) -> None:
    one = await hedged(tmp_path)
    _deleverage(one)

    assert await one.answers(3) == ["place", "place", "hold"]
    assert one.held() == -1
    assert one.told("The position shrank") == 0


async def test_a_hedge_that_was_deleveraged_waits_for_a_person_where_the_owner_says_so(
    tmp_path: Path,
) -> None:
    one = await hedged(tmp_path, ruled=_calling)
    _deleverage(one)

    halted = [await one.step() for _ in range(4)]
    held = one.held()
    one.says("resume", "btc")
    after = await one.answers(3)

    assert [step.decision.explanations[0].answer for step in halted] == ["hold"] * 4
    assert {step.decision.explanations[0].state for step in halted} == {State.HALTED}
    assert held == D("-0.5")
    assert one.told("The position shrank without an order of ours") == 1
    assert (after, one.held()) == (["place", "place", "hold"], D(-1))


async def test_only_the_hedge_that_was_deleveraged_is_halted(tmp_path: Path) -> None:
    one = await desk(tmp_path, contracts=(BTC, ETH), ruled=_calling)
    await one.answers(4)
    _deleverage(one)

    states = [said.state for said in (await one.step()).decision.explanations]

    assert states == [State.HALTED, State.NORMAL]


async def test_a_release_before_the_shift_does_not_release_it(tmp_path: Path) -> None:
    one = await hedged(tmp_path, ruled=_calling)
    one.says("resume")
    one.show(seconds=10)
    _deleverage(one)

    assert await one.answers(3) == ["hold"] * 3


async def test_a_place_at_the_front_of_the_deleveraging_queue_calls_a_person_once_and_restricts_nothing(
    tmp_path: Path,
) -> None:
    one = await desk(tmp_path)
    await one.answers(1)
    one.exchange.adl_ranks[ME, BTC.symbol] = 5

    answers = await one.answers(4)

    assert answers == ["place", "place", "hold", "hold"]
    assert one.told("at place 5 of 5 of the deleveraging queue") == 1


async def test_a_place_further_back_in_the_queue_calls_nobody(tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    one.exchange.adl_ranks[ME, BTC.symbol] = 4
    await one.answers(2)

    assert one.told("deleveraging queue") == 0


async def test_nothing_is_decided_on_an_account_in_hedge_mode_and_the_mode_is_named(tmp_path: Path) -> None:
    one = await desk(tmp_path)
    one.venue.one_way = False
    blind = [await one.step() for _ in range(2)]
    one.venue.one_way = True

    assert {step.decision.explanations[0].answer for step in blind} == {"blind"}
    assert "the account is in hedge mode" in blind[0].decision.explanations[0].why
    assert (one.venue.sent, one.held()) == ([], D(0))
    assert await one.answers(4) == ["place", "place", "place", "hold"]
