"""What only policies look back on: what cannot be read blinds nobody, the stage says what it lacks, and a person is told."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.core.lookback import Bars, Need, Settled
from bot.core.policy import MarketView, Policy, Target
from bot.core.rules import HedgeRules, Rules
from bot.core.values import Price, Ratio
from bot.shell.ports import (
    AuthFailedError,
    NotListedError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedForNowError,
    UnreachableError,
    VenueError,
)
from strategies import fixed_ratio, funding, momentum, volatility
from tests.shell.builders import House, house, rules
from tests.sim.builders import LINEAR, D

PASSING = (UnreachableError, RateLimitedError, RefusedForNowError, OutcomeUnknownError)
FALLEN_BACK = D("0.7")
STAGES: tuple[Policy, ...] = (
    fixed_ratio.Stage(ratio=D(1)),
    volatility.Stage(share_fallback=FALLEN_BACK),
    funding.Stage(),
)
"""A ratio of 1, or of 0.7 without bars; without funding nothing changes."""


class Broken:
    """A stage that cannot even say what it looks back on."""

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:
        raise ZeroDivisionError(f"{symbol} {asset}")

    def needs_settlements(self) -> int:
        raise ZeroDivisionError

    def apply(self, market: MarketView, target: Target) -> Target:
        raise ZeroDivisionError(f"{market} {target}")


def looking(*stages: Policy, more: tuple[HedgeRules, ...] = ()) -> Rules:
    plain = rules()
    (hedge,) = plain.hedges
    return replace(plain, hedges=(replace(hedge, stages=stages or STAGES), *more))


def past(
    home: House, *, bars: list[VenueError] | None = None, settled: list[VenueError] | None = None
) -> list[object]:
    """Give the venue a past that can be read once the errors are used up; what is asked for is listed."""
    asked: list[object] = []
    spoiled, unpaid = bars or [], settled or []

    async def told_bars(needs: Sequence[Need]) -> tuple[Bars, ...]:
        asked.append(tuple(needs))
        if spoiled:
            raise spoiled.pop(0)
        return tuple(wild(need, home.clock.now_ms()) for need in needs)

    async def told_rates(symbols: Sequence[str], count: int) -> tuple[Settled, ...]:
        asked.append((tuple(symbols), count))
        if unpaid:
            raise unpaid.pop(0)
        last_ms = home.clock.now_ms() // 28_800_000 * 28_800_000
        rates = (Ratio(D("0.0001")),) * count
        return tuple(
            Settled(symbol=symbol, interval_ms=28_800_000, last_ms=last_ms, rates=rates) for symbol in symbols
        )

    home.venue.bars = told_bars  # type: ignore[method-assign]  # the venue's past
    home.venue.settled = told_rates  # type: ignore[method-assign]  # the venue's past
    return asked


def wild(need: Need, now_ms: int) -> Bars:
    """Make bars of a market that moves by a tenth a bar."""
    closes = tuple(Price(D(50_000) * (1 + D("0.1") * (number % 2))) for number in range(need.count))
    return Bars(
        symbol=need.symbol,
        bar_ms=need.bar_ms,
        last_ms=now_ms // need.bar_ms * need.bar_ms,
        closes=closes,
        highs=closes,
        lows=closes,
    )


async def reason(home: House) -> str:
    target = (await home.loop.step()).decision.explanations[0].target
    assert target is not None
    return target.reason


def warned(home: House) -> list[object]:
    return [line["symbol"] for line in home.log.lines if "history cannot be read" in str(line["event"])]


async def test_a_past_that_is_there_is_measured() -> None:
    home = await house(ruled=looking())
    asked = past(home)

    told = await reason(home)

    assert "volatility 1" in told
    assert "funding: received 11.0%" in told
    assert home.held() == D(-1)
    assert asked == [
        (Need(symbol=LINEAR.symbol, bar_ms=86_400_000, count=61),),
        ((LINEAR.symbol,), 90),
    ]
    assert warned(home) == []


@pytest.mark.parametrize("error", [*PASSING, VenueError, NotListedError])
async def test_bars_that_cannot_be_read_are_missing_for_their_stage_alone(error: type[VenueError]) -> None:
    home = await house(ruled=looking())
    past(home, bars=[error("down")] * 4)

    told = await reason(home)

    assert "61 bars of 24 h of BTC/USDT:USDT are needed, there are none: 0.7 of it" in told
    assert "funding: received 11.0%" in told
    assert home.held() == -FALLEN_BACK
    assert warned(home) == [LINEAR.symbol]


@pytest.mark.parametrize("error", [*PASSING, VenueError, NotListedError])
async def test_funding_that_cannot_be_read_is_missing_for_its_stage_alone(error: type[VenueError]) -> None:
    home = await house(ruled=looking())
    past(home, settled=[error("down")] * 4)

    told = await reason(home)

    assert "volatility 1" in told
    assert "funding: 21 settlements are needed, 21 are missing: left as it is" in told
    assert home.held() == D(-1)
    assert warned(home) == [LINEAR.symbol]


@pytest.mark.parametrize("error", PASSING)
async def test_a_passing_failure_is_asked_again_before_a_stage_falls_back(error: type[VenueError]) -> None:
    home = await house(ruled=looking())
    past(home, bars=[error("for now")] * 3, settled=[error("for now")] * 3)

    told = await reason(home)

    assert "missing" not in told
    assert "there are none" not in told
    assert warned(home) == []


@pytest.mark.parametrize("which", ["bars", "settled"])
async def test_a_refused_key_halts_whatever_was_asked(which: str) -> None:
    home = await house(ruled=looking())
    refused: list[VenueError] = [AuthFailedError("no such key")]
    past(home, bars=refused if which == "bars" else None, settled=refused if which == "settled" else None)

    with pytest.raises(AuthFailedError):
        await home.loop.poll(60_000)
    assert home.venue.sent == []


async def test_one_market_that_cannot_be_read_keeps_no_other_from_being_read() -> None:
    home = await house(
        ruled=looking(
            *STAGES,
            momentum.Stage(bar_hours=8),
        )
    )
    past(home, bars=[VenueError("no candles of a day")])

    told = await reason(home)

    assert "61 bars of 24 h" in told
    assert "momentum: trend" in told


async def test_two_hedges_in_one_contract_are_read_for_the_one_that_looks_further_back() -> None:
    (other,) = rules().hedges
    short = replace(other, name="short", stages=(fixed_ratio.Stage(ratio=D(0)),))
    home = await house(ruled=looking(more=(short,)))
    asked = past(home)

    await home.loop.step()

    assert ((LINEAR.symbol,), 90) in asked


async def test_nothing_is_asked_where_no_policy_looks_back() -> None:
    home = await house()
    asked = past(home)

    await home.loop.step()

    assert asked == []


async def test_a_stage_that_cannot_say_what_it_needs_holds_the_last_good_ratio_and_stops_no_one() -> None:
    home = await house(ruled=looking(fixed_ratio.Stage(ratio=D(1)), Broken()))

    step = await home.loop.step()

    target = step.decision.explanations[0].target
    assert target is not None
    assert "ZeroDivisionError" in target.fault


@pytest.mark.parametrize(
    "need", [Need(symbol=LINEAR.symbol, bar_ms=0, count=5), Need(symbol=LINEAR.symbol, bar_ms=1, count=0)]
)
async def test_a_need_that_cannot_be_is_not_asked_for(need: Need) -> None:
    class Odd(Broken):
        def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:
            return (need,) if symbol and asset else ()

    home = await house(ruled=looking(fixed_ratio.Stage(ratio=D(1)), Odd()))
    asked = past(home)

    await home.loop.step()

    assert asked == []
