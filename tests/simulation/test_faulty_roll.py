"""A roll on a bad line: whatever the venue answers, legs stay in step, no order doubles, and the roll ends."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from bot.core.orders import OrderRequest
from bot.core.rules import Rules
from bot.core.values import ZERO, Contracts
from bot.shell.ports import OutcomeUnknownError, RateLimitedError, VenueError
from bot.sim.exchange import Exchange
from tests.core.builders import HOUR, dated, hedge_rules, pricing_rules, risk_rules, roll_rules
from tests.core.builders import rules as rules_of
from tests.shell.builders import House, house
from tests.sim.builders import LINEAR, ME, D, T, quote

NEAR, FAR = dated(LINEAR, 240, code="231124"), dated(LINEAR, 2400, code="240223")
CLIP = D("0.2")
ROLL_MS = T + 200 * HOUR
"""Forty hours before near expires."""


def roll_of() -> Rules:
    asked = rules_of(
        hedge_rules(NEAR, outer="0.01"),
        pricing=pricing_rules(0, "0.01"),
        roll=roll_rules(clip_notional=10_000, naked_seconds_max=10**6),
        risk=risk_rules(leverage=10, quote_age=60),
    )
    return replace(asked, account=ME)


@dataclass
class Rolling:
    """A house whose hedge stands in near and is about to be rolled, and the most that was ever out of step."""

    home: House
    thin: str = "1000"
    naked_max: Decimal = ZERO
    over_max: Decimal = ZERO

    def held(self, symbol: str) -> Decimal:
        return next((p.contracts for p in self.home.exchange.positions(ME) if p.symbol == symbol), ZERO)

    def legs(self) -> list[Decimal]:
        return [self.held(NEAR.symbol), self.held(FAR.symbol)]

    def show(self, seconds: int = 1) -> None:
        clock, exchange = self.home.clock, self.home.exchange
        clock.turn_to(clock.now_ms() + seconds * 1000)
        exchange.quote(quote(NEAR, "50000", at_ms=clock.now_ms()))
        exchange.quote(quote(FAR, "50500", size=self.thin, at_ms=clock.now_ms()))

    async def step(self, seconds: int = 1) -> str:
        self.show(seconds)
        (answer,) = await self.home.answers(1)
        off = self.held(NEAR.symbol) + self.held(FAR.symbol) + 1
        self.naked_max, self.over_max = max(self.naked_max, off), max(self.over_max, -off)
        assert len(self.home.exchange.open_orders(ME)) <= 1
        return answer


async def rolling() -> Rolling:
    exchange = Exchange((NEAR, FAR))
    exchange.open_account(ME, "cross", D(10))
    exchange.at_ms = T
    exchange.deposit(ME, "USDT", D(100_000))
    exchange.quote(quote(NEAR, "50000"))
    exchange.quote(quote(FAR, "50500"))
    story = Rolling(await house(exchange=exchange, ruled=roll_of()))
    assert [await story.step(), await story.step()] == ["place", "hold"]
    story.home.clock.turn_to(ROLL_MS)
    return story


def at(count: int, happen: Callable[[House, OrderRequest], None]) -> Callable[[House], None]:
    """Let something happen as the roll's order number ``count`` is placed."""

    def arm(home: House) -> None:
        placed: list[str] = []

        def look(request: OrderRequest) -> None:
            placed.append(request.client_order_id)
            if len(placed) == count:
                happen(home, request)

        home.venue.at_place = look

    return arm


def lose_answer(home: House, _request: OrderRequest) -> None:
    home.venue.after_place = [OutcomeUnknownError("no answer in time")]


def lose_request(home: House, _request: OrderRequest) -> None:
    home.venue.before_place = [OutcomeUnknownError("the line broke before it arrived")]


def fail(home: House, _request: OrderRequest) -> None:
    home.venue.after_place = [VenueError("502: an HTML page")]


def too_many(home: House, _request: OrderRequest) -> None:
    home.venue.before_place = [RateLimitedError("429")]


def another(home: House, _request: OrderRequest) -> None:
    """The venue acknowledges some other order, once."""

    def answer(report: object) -> object:
        home.venue.answer = lambda told: told
        return replace(report, client_order_id="hr-other")  # type: ignore[type-var]  # a report is what comes in

    home.venue.answer = answer  # type: ignore[assignment]  # the same


def reject_and_lose(home: House, _request: OrderRequest) -> None:
    home.venue.refuses = True
    home.venue.after_place = [OutcomeUnknownError("the refusal was lost")]
    home.venue.at_place = lambda _next: setattr(home.venue, "refuses", False)


def empty_positions(home: House, _request: OrderRequest) -> None:
    home.venue.lists_positions = False


FAULTS = {
    "accepted, then no answer": lose_answer,
    "lost on the way": lose_request,
    "accepted, then a bad gateway": fail,
    "too many requests": too_many,
    "an answer about another order": another,
    "refused, and the refusal lost": reject_and_lose,
    "an empty list of positions": empty_positions,
}


@pytest.mark.parametrize("leg", [1, 2, 5])
@pytest.mark.parametrize("name", list(FAULTS))
async def test_a_roll_ends_on_target_whatever_the_venue_answers(name: str, leg: int) -> None:
    story = await rolling()
    at(leg, FAULTS[name])(story.home)

    answers = []
    for second in range(400):
        story.home.venue.lists_positions = story.home.venue.lists_positions or second > 60
        answers.append(await story.step())
        if answers[-1] == "hold" and not story.home.journal.working():
            break

    home = story.home
    assert answers[-1] == "hold"
    assert story.legs() == [D(0), D(-1)]
    assert story.naked_max <= CLIP
    assert story.over_max == 0
    assert home.agrees()
    assert len(home.venue.sent) == len({request.client_order_id for request in home.venue.sent})
    assert (
        sum(
            request.contracts
            for request in home.venue.sent
            if request.symbol == FAR.symbol and request.client_order_id in home.venue.taken
        )
        == 1
    )


async def test_an_order_of_a_roll_that_is_not_found_for_half_an_hour_stops_both_legs_until_it_is() -> None:
    story = await rolling()
    home = story.home

    def hide(house: House, request: OrderRequest) -> None:
        house.venue.hidden.add(request.client_order_id)
        house.venue.deaf = True
        lose_answer(house, request)

    at(2, hide)(home)
    answers = {await story.step(30) for _ in range(60)}
    sent = len(home.venue.sent)
    home.venue.hidden.clear()
    home.venue.deaf = False
    after = [await story.step() for _ in range(12)]

    assert answers <= {"place", "wait", "blind"}
    assert sent == 3, "the entry, the near leg, and the far leg whose answer was lost"
    assert after[-1] == "hold"
    assert story.legs() == [D(0), D(-1)]
    assert home.agrees()
    assert story.naked_max <= CLIP


async def test_a_leg_that_fills_in_part_is_followed_until_the_clip_is_whole() -> None:
    story = await rolling()
    story.thin = "0.05"

    answers = [await story.step() for _ in range(60)]

    assert answers[-1] == "hold"
    assert story.legs() == [D(0), D(-1)]
    assert story.naked_max <= D("0.05"), "a clip is no larger than what both books show"


async def test_a_far_book_that_empties_within_a_clip_sends_the_clip_back_to_near() -> None:
    story = await rolling()
    home = story.home
    home.loop.rules = replace(roll_of(), roll=replace(roll_of().roll, naked_seconds_max=D(20)))
    assert await story.step() == "place"
    story.thin = "0"
    gone = [await story.step(5) for _ in range(6)]
    back = story.held(NEAR.symbol)
    story.thin = "1000"
    rests = await story.step(5)
    ends = [await story.step(600 if not n else 1) for n in range(14)]

    assert gone == ["wait", "wait", "wait", "wait", "wait", "place"]
    assert back == -1
    assert (rests, ends[-1]) == ("wait", "hold")
    assert story.legs() == [D(0), D(-1)]
    assert story.naked_max == CLIP
    assert Contracts(ZERO) == story.over_max


async def test_a_person_is_called_once_when_a_contract_is_still_held_two_hours_before_it_expires() -> None:
    story = await rolling()
    story.thin = "0"
    story.home.clock.turn_to(NEAR.expiry_ms - 3 * HOUR)
    soon = await story.step()
    early = [line for line in story.home.log.lines if line["level"] == "warning"]
    for _ in range(3):
        await story.step(3600 if not early else 60)

    called = [line for line in story.home.log.lines if line["level"] == "warning"]
    assert (soon, early) == ("hold", [])
    assert [(line["symbol"], line["left"]) for line in called] == [(NEAR.symbol, "-1")]
