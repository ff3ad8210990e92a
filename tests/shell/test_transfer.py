"""Top-ups: written before they leave, sent once, looked up if the line breaks; what cannot be moved is reduced by."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.switch import NO_SWITCH
from bot.backtest.tally import Tally
from bot.core.instruments import MarginMode
from bot.core.memory import Rung
from bot.core.relief import TOP_UP_RETRY_MS
from bot.core.reports import TransferReport
from bot.core.rules import GuardRules
from bot.core.snapshot import Holding, Transfer
from bot.core.values import Coins, Money
from bot.shell.loop import Loop
from bot.shell.ports import (
    AuthFailedError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    VenueError,
)
from bot.shell.step import Step
from bot.sim.exchange import Exchange
from tests.core.builders import guard_rules
from tests.shell.builders import FaultyVenue, House, Spoken, rules
from tests.sim.builders import LINEAR, ME, D, T, quote

DAY_SECONDS = 86_400
TOP_UPS = guard_rules(ladder=True, top_up=True)
THIN, DANGER = "56000", "63000"
"""Prices at which one coin short with 20,000 dollars is on the top-up rung, and on the rung that reduces."""
NEEDED = D("8738.6")
"""Restores 40 % at ``THIN``: at 78,400 a loss of 28,400 and 0.4 % to maintain, and 19,975 are there."""


class BrokenLine(FaultyVenue):
    """A venue whose transfers fail: each fault is raised once, before or after the request arrived."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.before_transfer: list[VenueError] = []
        self.after_transfer: list[VenueError] = []
        self.asked: list[tuple[str, Decimal]] = []
        """Transfers asked for, whatever became of them."""
        self.at_transfer: Callable[[str], None] = lambda _name: None
        self.refusal = ""
        """Why the venue refuses every transfer."""
        self.about = ""
        """The transfer that answers are about, whatever was asked."""
        self.forgets = False
        """Whether look-ups find no record."""

    async def transfer(self, transfer_id: str, asset: str, amount: Money) -> TransferReport:
        self.asked.append((transfer_id, amount))
        self.at_transfer(transfer_id)
        if self.before_transfer:
            raise self.before_transfer.pop(0)
        if self.refusal:
            return TransferReport(transfer_id=transfer_id, state="refused", reason=self.refusal)
        report = await super().transfer(transfer_id, asset, amount)
        if self.after_transfer:
            raise self.after_transfer.pop(0)
        return replace(report, transfer_id=self.about or report.transfer_id)

    async def transfer_of(self, transfer: Transfer) -> TransferReport | None:
        return None if self.forgets else await super().transfer_of(transfer)


class Story:
    """One coin, hedged at 50,000 with 20,000 dollars behind it, and some in the spot wallet."""

    def __init__(self, home: House, venue: BrokenLine) -> None:
        self.home = home
        self.venue = venue

    async def at(self, price: str, *, seconds: int = 1) -> Step:
        self.home.price(price, seconds=seconds)
        return await self.home.loop.step()

    @property
    def spot(self) -> Decimal:
        return self.home.exchange.accounts[ME].balance("spot", "USDT")

    def moved(self) -> list[Decimal]:
        """What the exchange moved, transfer by transfer."""
        entries = self.home.exchange.accounts[ME].entries
        return [entry.amount for entry in entries if entry.kind == "transfer" and entry.wallet == "futures"]

    def open_ones(self) -> list[str]:
        book = self.home.journal.guard_book(self.home.clock.now_ms())
        return [transfer.transfer_id for transfer in book.transfers]

    def told(self, words: str) -> list[str]:
        lines = [line for line in self.home.log.lines if line["level"] == "warning"]
        return [str(line["event"]) for line in lines if words in str(line["event"])]


async def story(
    *,
    spot: str = "30000",
    guard: GuardRules = TOP_UPS,
    margin_mode: MarginMode = "cross",
    journal: Tally | None = None,
) -> Story:
    exchange, clock, log = Exchange((LINEAR,)), SimClock(T), Spoken()
    exchange.open_account(ME, margin_mode, D(10) if margin_mode == "cross" else D(2))
    exchange.quote(quote(LINEAR, "50000"))
    exchange.deposit(ME, "USDT", D(20_000) if margin_mode == "cross" else D(40_000))
    exchange.reserve(ME, "USDT", D(spot))
    venue, kept = BrokenLine(exchange), journal or Tally()
    loop = Loop(
        rules=replace(rules(), guard=guard),
        venue=venue,
        holdings=DeclaredHoldings((Holding(asset="BTC", coins=Coins(D(1)), place="declared"),)),
        journal=kept,
        clock=clock,
        log=log,
        switch=NO_SWITCH,
    )
    await loop.start()
    made = Story(House(exchange, venue, kept, clock, loop, log), venue)
    await made.at("50000")
    assert made.home.held() == -1
    return made


def rung(step: Step) -> Rung:
    assert step.decision.watch is not None
    return step.decision.watch.rung


def distance(step: Step) -> Decimal:
    assert step.decision.watch is not None
    (one,) = step.decision.watch.standings
    assert one.distance is not None
    return one.distance


# --- a line that holds --------------------------------------------------------------------------------------------


async def test_a_top_up_is_written_down_before_it_is_sent() -> None:
    one = await story()
    found: list[list[str]] = []
    one.venue.at_transfer = lambda _name: found.append(one.open_ones())

    await one.at(THIN)

    assert found == [[name for name, _ in one.venue.asked]]
    assert one.open_ones() == []


async def test_a_top_up_moves_money_once_and_restores_the_distance() -> None:
    one = await story()

    thin = await one.at(THIN)
    after = [await one.at(THIN) for _ in range(3)]

    assert (rung(thin), round(distance(thin), 4)) == (Rung.TOP_UP, D("0.2446"))
    assert [round(distance(step), 6) for step in after] == [D("0.4")] * 3
    assert {rung(step) for step in after} == {Rung.CLEAR}
    assert one.moved() == [amount for _, amount in one.venue.asked] == [NEEDED]
    assert (one.spot, one.home.held()) == (30_000 - NEEDED, D(-1))
    assert one.told("margin was topped up") == ["margin was topped up"]
    assert one.told("lets everything pass again")


async def test_where_margin_can_be_moved_nothing_is_reduced() -> None:
    one = await story()

    await one.at(DANGER)
    after = [await one.at(DANGER) for _ in range(3)]

    assert round(distance(after[-1]), 6) == D("0.4")
    assert (len(one.moved()), one.home.held()) == (1, D(-1))


# --- a line that breaks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OutcomeUnknownError("no answer within 10 s"), VenueError("502 Bad Gateway")]
)
async def test_a_top_up_whose_answer_is_lost_is_looked_up_and_found_done(error: VenueError) -> None:
    one = await story()
    one.venue.after_transfer = [error]

    await one.at(THIN)
    lost = one.open_ones()
    after = [await one.at(THIN) for _ in range(3)]

    assert len(lost) == 1
    assert one.open_ones() == []
    assert (one.moved(), len(one.venue.asked)) == ([NEEDED], 1)
    assert round(distance(after[0]), 6) == D("0.4")
    assert one.told("a top-up has no answer")


async def test_an_answer_about_another_transfer_is_no_answer() -> None:
    one = await story()
    one.venue.about = "hr-someone-else"

    await one.at(THIN)
    lost = one.open_ones()
    await one.at(THIN)

    assert (len(lost), one.open_ones(), one.moved()) == (1, [], [NEEDED])


async def test_while_the_fate_of_a_top_up_is_open_no_other_is_sent() -> None:
    """No record knows it, for less than the time after which it counts as never made."""
    one = await story(spot="40000")
    one.venue.before_transfer = [OutcomeUnknownError("reset")]
    await one.at(THIN)

    steps = [await one.at(THIN, seconds=30) for _ in range(4)]

    assert (len(one.venue.asked), len(one.open_ones()), one.moved()) == (1, 1, [])
    assert {rung(step) for step in steps} == {Rung.TOP_UP}
    assert {step.decision.explanations[0].answer for step in steps} == {"hold"}


async def test_a_top_up_that_no_record_knows_for_long_enough_counts_as_refused_and_is_asked_for_again_later() -> (
    None
):
    one = await story()
    one.venue.before_transfer = [OutcomeUnknownError("reset")]
    await one.at(THIN)
    await one.at(THIN, seconds=120)
    still_open = one.open_ones()

    await one.at(THIN, seconds=1)
    given_up = one.open_ones()
    await one.at(THIN, seconds=TOP_UP_RETRY_MS // 1000 - 1)
    asked_too_soon = len(one.venue.asked)
    await one.at(THIN, seconds=1)
    after = await one.at(THIN)

    assert (len(still_open), given_up, asked_too_soon) == (1, [], 1)
    assert len({name for name, _ in one.venue.asked}) == len(one.venue.asked) == 2
    assert one.moved() == [NEEDED]
    assert round(distance(after), 6) == D("0.4")
    assert one.told("a top-up did not leave")


async def test_a_top_up_that_is_found_after_it_was_given_up_has_moved_money_once() -> None:
    """The venue took it, and its records lag for longer than we wait: the next picture shows what it did."""
    one = await story()
    one.venue.after_transfer = [OutcomeUnknownError("no answer within 10 s")]
    one.venue.forgets = True

    steps = [await one.at(THIN, seconds=100) for _ in range(10)]

    assert (one.moved(), len(one.venue.asked)) == ([NEEDED], 1)
    assert round(distance(steps[-1]), 6) == D("0.4")


async def test_an_open_top_up_does_not_keep_the_guard_from_reducing() -> None:
    one = await story()
    one.venue.before_transfer = [OutcomeUnknownError("reset")]

    await one.at(DANGER)
    after = [await one.at(DANGER) for _ in range(3)]

    assert one.home.held() > -1
    assert distance(after[-1]) >= D("0.25")
    assert len(one.venue.asked) == 1


@pytest.mark.parametrize(
    "error",
    [UnreachableError("connection refused"), RateLimitedError("429"), RefusedForNowError("clock skew")],
)
async def test_proof_that_a_top_up_did_not_leave_is_a_refusal(error: VenueError) -> None:
    one = await story()
    one.venue.before_transfer = [error]

    await one.at(THIN)
    refused_at = one.home.clock.now_ms()
    await one.at(THIN)
    book = one.home.journal.guard_book(one.home.clock.now_ms())

    assert (one.open_ones(), book.top_up_refused_ms, book.moved_today) == ([], refused_at, D(0))
    assert len(one.venue.asked) == 1


async def test_a_key_that_is_not_accepted_stops_the_loop_and_leaves_no_open_top_up() -> None:
    one = await story()
    one.venue.before_transfer = [AuthFailedError("who are you")]

    with pytest.raises(AuthFailedError):
        await one.at(THIN)

    assert (one.open_ones(), one.moved()) == ([], [])


async def test_a_loop_that_polls_takes_an_open_top_up_to_its_end_while_no_price_moves() -> None:
    """Lost on the way, given up after two minutes, asked for again ten minutes later; the first takes a heartbeat to notice."""
    one = await story()
    one.venue.before_transfer = [OutcomeUnknownError("reset")]

    for _ in range(900 // 5):
        one.home.price(THIN, seconds=5)
        await one.home.loop.poll(heartbeat_ms=900_000)

    assert (len(one.venue.asked), one.moved()) == (2, [NEEDED])


# --- money that cannot be moved -----------------------------------------------------------------------------------


async def test_the_guard_reduces_where_the_venue_refuses_a_top_up() -> None:
    one = await story()
    one.venue.refusal = "transfers are suspended"

    await one.at(DANGER)
    whole = one.home.held()
    after = [await one.at(DANGER) for _ in range(3)]

    assert whole == -1
    assert -1 < one.home.held() < 0
    assert distance(after[-1]) >= D("0.25")
    assert len(one.venue.asked) == 1
    assert (one.moved(), one.spot) == ([], D(30_000))
    assert one.told("a top-up was refused")
    assert one.home.agrees()


async def test_on_the_top_up_rung_a_refusal_closes_nothing() -> None:
    one = await story()
    one.venue.refusal = "transfers are suspended"

    for _ in range(4):
        await one.at(THIN)

    assert (one.home.held(), len(one.venue.asked)) == (D(-1), 1)


async def test_what_there_is_is_moved_and_the_rest_reduced() -> None:
    one = await story(spot="2000")

    await one.at(DANGER)
    moved, whole = one.moved(), one.home.held()
    after = [await one.at(DANGER) for _ in range(3)]

    assert (moved, whole, one.spot) == ([D(2000)], D(-1), D(0))
    assert one.moved() == moved
    assert -1 < one.home.held() < 0
    assert distance(after[-1]) >= D("0.25")
    assert one.told("would restore the margin, and less can be moved: 2000.00000000 are in the spot wallet")


async def test_the_cap_of_a_day_holds_and_frees_itself_after_a_day() -> None:
    one = await story(guard=guard_rules(ladder=True, top_up=True, top_up_day_max=5000))

    await one.at(THIN)
    await one.at("60000")
    within = one.moved()
    await one.at("60000", seconds=DAY_SECONDS - 10)
    still = one.moved()
    await one.at("60000", seconds=20)

    assert within == still == [5000]
    assert one.moved() == [5000, 5000]
    assert one.home.held() == -1


async def test_where_top_ups_are_off_a_person_is_told_once_how_much_is_needed() -> None:
    one = await story(guard=guard_rules(ladder=True))

    for _ in range(3):
        await one.at(THIN)

    told = one.told("would restore the margin")
    assert told == [
        f"{NEEDED:.8f} USDT would restore the margin, and less can be moved: top-ups are off. Bring the rest in."
    ]
    assert one.moved() == one.venue.asked == []
    assert (one.spot, one.home.held()) == (D(30_000), D(-1))


async def test_nothing_is_moved_into_a_wallet_that_an_isolated_position_does_not_see() -> None:
    one = await story(margin_mode="isolated")

    steps = [await one.at("62000") for _ in range(3)]

    assert {rung(step) for step in steps} == {Rung.TOP_UP}
    assert one.moved() == one.venue.asked == []
    assert one.spot == 30_000
    assert len(one.told("Rung top_up")) == 1
