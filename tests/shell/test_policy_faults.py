"""A stage that fails in the middle of a session: the hedge stays, a person is told once, and once more when it is well."""

from dataclasses import replace

import pytest

from bot.core.policy import FAULT_MS, MarketView, Policy, Target
from bot.core.values import Ratio, record
from tests.shell.builders import House, house, rules
from tests.sim.builders import D


class Moody:
    """A stage that wants what its mood says; a test changes it."""

    def __init__(self) -> None:
        self.mood = "1"

    def apply(self, _market: MarketView, target: Target) -> Target:
        if self.mood == "raises":
            raise ZeroDivisionError("a volume of nothing")
        return replace(target, ratio=Ratio(D(self.mood)), reason=self.mood)


@record
class Halves:
    def apply(self, _market: MarketView, target: Target) -> Target:
        return replace(target, ratio=Ratio(target.ratio / 2))


async def home_with(*stages: Policy) -> House:
    hedged = rules()
    return await house(ruled=replace(hedged, hedges=(replace(hedged.hedges[0], stages=stages),)))


BAD = ["raises", "NaN", "-Infinity", "-1", "3"]


@pytest.mark.parametrize("bad", BAD)
async def test_a_failing_stage_leaves_the_hedge_as_it_is_and_calls_a_person_once(bad: str) -> None:
    moody = Moody()
    home = await home_with(moody, Halves())
    await home.loop.step()
    assert home.held() == D("-0.5")

    moody.mood = bad
    steps = [await home.loop.step() for _ in range(4)]

    assert home.held() == D("-0.5")
    assert [one.decision.commands for one in steps] == [()] * 4
    for one in steps:
        assert one.decision.watch is not None
        (cause,) = one.decision.watch.causes
        assert (cause.kind, cause.hedge, cause.state) == ("policy", "btc", "normal")
        assert "Stage test_policy_faults failed" in cause.text
        assert "The last good ratio 0.5 is held" in cause.text
        assert one.decision.quiet.until_ms <= one.decision.at_ms + FAULT_MS, "it is asked again soon"
    assert len([line for line in home.log.lines if line.get("cause") == "policy"]) == 1


async def test_a_failing_stage_does_not_keep_the_hedge_from_its_last_good_ratio() -> None:
    moody = Moody()
    home = await home_with(moody)
    await home.loop.step()
    moody.mood = "raises"
    again = await house(
        coins="2",
        journal=home.journal,
        exchange=home.exchange,
        ruled=home.loop.rules,
        at_ms=home.clock.now_ms(),
    )

    await again.loop.step()

    assert again.held() == D(-2), "coins that came are hedged meanwhile, also after a restart"


async def test_a_stage_that_is_well_again_is_followed_and_its_cause_ends() -> None:
    moody = Moody()
    home = await home_with(moody)
    await home.loop.step()
    moody.mood = "raises"
    await home.loop.step()
    moody.mood = "0.25"

    step = await home.loop.step()

    assert home.held() == D("-0.25")
    assert step.decision.watch is not None
    assert step.decision.watch.causes == ()


async def test_a_stage_that_never_answered_leaves_what_is_there() -> None:
    moody = Moody()
    moody.mood = "raises"
    home = await home_with(moody)

    step = await home.loop.step()

    assert home.held() == 0
    assert step.decision.commands == ()
