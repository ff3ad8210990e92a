"""Funding turns, and a hedge moves from the perpetual into the quarterly and back: legs in step, no order doubled."""

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.core.lookback import Settled
from bot.core.rules import Kind
from bot.core.values import ZERO, Ratio
from bot.sim.exchange import Exchange
from tests.core.builders import (
    HOUR,
    carry_rules,
    dated,
    hedge_rules,
    pricing_rules,
    risk_rules,
    roll_rules,
)
from tests.core.builders import rules as rules_of
from tests.shell.builders import House, house
from tests.sim.builders import LINEAR, ME, D, T, quote

DAY_SECONDS = 24 * 3600
FAR = dated(LINEAR, 200 * 24, code="240601")
CLIP = D("0.2")


class Turning:
    """A house whose perpetual's funding a test turns."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.rate = D("0.0005")
        self.dice = random.Random(5)  # noqa: S311 - prices, no secret
        self.naked_max = self.over_max = ZERO
        home.venue.settled = self.settled  # type: ignore[method-assign]  # the world's word

    async def settled(self, symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        now_ms = self.home.clock.now_ms()
        rates = (Ratio(self.rate),) * count
        return tuple(
            Settled(symbol=one, interval_ms=8 * HOUR, last_ms=now_ms, rates=rates) for one in symbols
        )

    def held(self, symbol: str) -> Decimal:
        return next((p.contracts for p in self.home.exchange.positions(ME) if p.symbol == symbol), ZERO)

    async def steps(self, count: int, seconds: int = 5) -> None:
        """Look so many times; prices swing a little, so that orders at the touch fill."""
        for _ in range(count):
            clock = self.home.clock
            clock.turn_to(clock.now_ms() + seconds * 1000)
            show(self.home.exchange, self.dice.randint(-100, 100), clock.now_ms())
            await self.home.loop.step()
            off = self.held(LINEAR.symbol) + self.held(FAR.symbol) + 1
            if self.held(LINEAR.symbol) or self.held(FAR.symbol):
                self.naked_max, self.over_max = max(self.naked_max, off), max(self.over_max, -off)
            assert len(self.home.exchange.open_orders(ME)) <= 1


def show(exchange: Exchange, off: int, at_ms: int) -> None:
    for contract, price in ((LINEAR, 50_000 + off), (FAR, 51_500 + off)):
        exchange.quote(quote(contract, str(price), str(price + 1), at_ms=at_ms))


async def turning() -> Turning:
    exchange = Exchange((LINEAR, FAR))
    exchange.open_account(ME, "cross", D(10))
    exchange.at_ms = T
    exchange.deposit(ME, "USDT", D(200_000))
    show(exchange, 0, T)
    asked = rules_of(
        hedge_rules(LINEAR, outer="0.01", kind=Kind.CARRY),
        pricing=pricing_rules(0, "0.01"),
        roll=roll_rules(clip_notional=10_000, naked_seconds_max=10**6, carry=carry_rules()),
        risk=risk_rules(leverage=10, quote_age=60),
    )
    return Turning(await house(exchange=exchange, ruled=replace(asked, account=ME)))


async def test_a_hedge_follows_the_cheaper_carry_there_and_back_in_clips() -> None:
    story = await turning()

    await story.steps(2)
    assert (story.held(LINEAR.symbol), story.held(FAR.symbol)) == (D(-1), ZERO), "54 % a year are received"

    story.rate = D("-0.0001")
    await story.steps(3, seconds=DAY_SECONDS)
    assert story.held(LINEAR.symbol) == D(-1), "it stays for fourteen days"
    await story.steps(12, seconds=DAY_SECONDS)
    await story.steps(600)
    assert (story.held(LINEAR.symbol), story.held(FAR.symbol)) == (ZERO, D(-1))
    sent = len(story.home.venue.sent)

    story.rate = D("0.0008")
    await story.steps(16, seconds=DAY_SECONDS)
    await story.steps(600)
    assert (story.held(LINEAR.symbol), story.held(FAR.symbol)) == (D(-1), ZERO)

    assert sent >= 1 + 2 * 5, "five clips, two legs each"
    assert story.naked_max <= CLIP
    assert story.over_max == ZERO
    assert story.home.agrees()
    names = [one.client_order_id for one in story.home.venue.sent]
    assert len(names) == len(set(names))
