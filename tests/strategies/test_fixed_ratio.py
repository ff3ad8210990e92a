"""The stage that starts a chain, and chains of stages."""

from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.core.policy import FAULT_MS, NO_END_MS, Band, MarketView, Policy, Target, ask
from bot.core.values import ZERO, Price, Ratio
from strategies.fixed_ratio import Stage

D = Decimal
LAST = Ratio(D("0.7"))
BAND = Band(outer=Ratio(D("0.02")), inner=Ratio(D("0.01")))
ratios = st.decimals(0, D("1.5"), places=4)


def view(mark: str = "50000", at_ms: int = 0) -> MarketView:
    price = Price(D(mark))
    return MarketView(at_ms=at_ms, asset="BTC", mark=price, index=price, funding_rate=None)


@given(ratio=ratios, mark=st.integers(1, 10**7), at_ms=st.integers(0, 2**53))
def test_a_fixed_ratio_is_what_it_is_at_any_price_and_time(ratio: Decimal, mark: int, at_ms: int) -> None:
    target = ask([Stage(ratio=ratio)], view(str(mark), at_ms), BAND, LAST)

    assert (target.ratio, target.band, target.valid_until_ms) == (ratio, BAND, NO_END_MS)


@pytest.mark.parametrize(
    ("ratio", "reason"),
    [
        ("0", "fixed ratio 0"),
        ("0.5", "fixed ratio 0.5"),
        ("1", "fixed ratio 1"),
        ("1.2", "fixed ratio 1.2, net short"),
    ],
)
def test_the_reason_names_the_ratio_and_calls_a_net_short_one_so(ratio: str, reason: str) -> None:
    assert ask([Stage(ratio=D(ratio))], view(), BAND, LAST).reason == reason


@pytest.mark.parametrize("ratio", ["-0.01", "1.51", "NaN", "Infinity", "half"])
def test_a_ratio_that_is_no_hedge_is_turned_away(ratio: str) -> None:
    with pytest.raises(ValidationError):
        Stage.model_validate({"ratio": ratio})


def test_a_mistyped_parameter_is_turned_away_and_a_stage_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="ration"):
        Stage.model_validate({"ratio": "1", "ration": "1"})
    with pytest.raises(ValidationError, match="frozen"):
        Stage(ratio=D(1)).ratio = D(0)  # type: ignore[misc]  # frozen: that is the test


def test_a_ratio_keeps_the_signals_and_the_end_of_the_stages_before_it() -> None:
    before = Target(
        ratio=Ratio(ZERO), band=BAND, reason="", signals=(("volatility", D("0.6")),), valid_until_ms=7
    )

    after = Stage(ratio=D(1)).apply(view(), before)

    assert (after.ratio, after.signals, after.valid_until_ms) == (D(1), before.signals, 7)


def test_a_chain_without_stages_wants_no_hedge_and_the_last_ratio_stands() -> None:
    assert ask([], view(), BAND, LAST).ratio == ZERO
    assert ask([Stage(ratio=D("0.3")), Stage(ratio=D("0.7"))], view(), BAND, LAST).ratio == D("0.7")


class Raises:
    def apply(self, _market: MarketView, _target: Target) -> Target:
        raise KeyError("volume")


class Wants:
    def __init__(self, target: object) -> None:
        self._target = target

    def apply(self, _market: MarketView, _target: Target) -> Target:
        return cast("Target", self._target)


def wanting(ratio: object, **more: Any) -> Target:
    return Target(ratio=cast("Ratio", ratio), **{"band": BAND, "reason": "", **more})


@pytest.mark.parametrize(
    ("stage", "why"),
    [
        (Raises(), "stage test_fixed_ratio failed: KeyError: 'volume'"),
        (Wants(None), "it returned NoneType, not a Target"),
        (Wants(wanting(D("NaN"))), "it wants the ratio NaN"),
        (Wants(wanting(D("Infinity"))), "it wants the ratio Infinity"),
        (Wants(wanting(0.5)), "it wants the ratio 0.5"),
        (Wants(wanting(D("-0.1"))), "it wants the ratio -0.1, outside 0 to 2"),
        (Wants(wanting(D("2.1"))), "it wants the ratio 2.1, outside 0 to 2"),
        (Wants(wanting(D(1), flat=True)), "it wants no position at all, which only an exit rule may"),
        (Wants(wanting(D(1), valid_until_ms=-1)), "its answer ended at -1"),
        (Wants(wanting(D(1), band=Band(outer=Ratio(D("0.1")), inner=Ratio(D("0.2"))))), "a band of 0.2"),
    ],
)
def test_a_stage_that_fails_holds_the_last_good_ratio_and_is_asked_again_soon(
    stage: Policy, why: str
) -> None:
    target = ask([Stage(ratio=D(1)), stage], view(), BAND, LAST)

    assert (target.ratio, target.band, target.valid_until_ms) == (LAST, BAND, FAULT_MS)
    assert why in target.fault
    assert target.reason == f"{target.fault}; the last good ratio 0.7 is held"
