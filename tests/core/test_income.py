"""Quiet speaks of income, too: coins that come in as funding, or go out, without a trade becoming due."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given, target
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.quiet import PriceBox
from bot.core.rules import Meaning, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import Money
from tests.core.builders import INVERSE, LINEAR, D, hedge_rules, quote, rules, snapshot
from tests.core.test_properties import Point, inside, points, situations, thorough, told

shares = st.integers(0, 1000).map(lambda share: D(share) / 1000)


def amount(box: PriceBox, share: Decimal) -> Decimal:
    """Choose an income of a box: all of its range, or a wide one where there is no end."""
    least, most = (
        D(end) if end is not None else D(far)
        for end, far in ((box.income_min, -1000), (box.income_max, 1000))
    )
    return least + (most - least) * share


def paid(picture: Snapshot, income: Decimal) -> Snapshot:
    """Show the account after money came into its wallet."""
    wallets = tuple(replace(wallet, balance=Money(wallet.balance + income)) for wallet in picture.wallets)
    return replace(picture, wallets=wallets)


@thorough
@given(situation=situations(), where=points, share=shares)
def test_nothing_is_commanded_at_any_income_time_and_price_inside_quiet(
    situation: tuple[Snapshot, Rules], where: list[Point], share: Decimal
) -> None:
    picture, wanted = situation
    decision = decide(picture, wanted)
    assume(not decision.commands and decision.quiet.boxes and decision.quiet.until_ms > picture.at_ms)
    (box,) = decision.quiet.boxes
    income = amount(box, share)
    target(float(abs(income)) if box.income_max is not None else 0.0)

    for later in inside(picture, decision, where):
        assert decision.quiet.covers(told(later), income)
        assert decide(paid(later, income), wanted).commands == ()


def test_a_full_inverse_hedge_has_room_for_coins_and_none_beyond() -> None:
    hedge = hedge_rules(INVERSE, outer="0.01")
    held = snapshot(INVERSE, spot=0, wallet=1, held=-500, prices=quote(INVERSE))

    (box,) = decide(held, rules(hedge)).quiet.boxes

    assert box.high is None or box.high > 10, "with so many coins paid out it could be liquidated, far away"
    assert box.income_max is not None
    assert D("0.005") < box.income_max <= D("0.0102")
    assert decide(paid(held, box.income_max), rules(hedge)).commands == ()
    assert decide(paid(held, box.income_max * 2), rules(hedge)).commands != ()
    at_rest = {box.symbol: held.quote(box.symbol)}
    assert not box.contains(at_rest, box.income_max * 2)


@pytest.mark.parametrize("ratio", ["1", "0.5"])
def test_an_inverse_constant_mix_has_room_for_coins_beside_that_for_prices(ratio: str) -> None:
    hedge = hedge_rules(INVERSE, outer="0.02", ratio=ratio, meaning=Meaning.CONSTANT_MIX)
    held = snapshot(INVERSE, spot=0, wallet=1, held=D(-500) * D(ratio), prices=quote(INVERSE))

    (box,) = decide(held, rules(hedge)).quiet.boxes

    assert box.income_max is not None
    assert box.income_max >= D("0.0002")
    assert box.income_min == -box.income_max
    assert box.high is not None
    assert box.high > 1
    assert decide(paid(held, D("0.05")), rules(hedge)).commands != ()


def test_a_linear_hedge_does_not_read_its_wallet() -> None:
    held = snapshot(LINEAR, held=-1)
    (box,) = decide(held, rules(hedge_rules(LINEAR))).quiet.boxes
    at_rest = {box.symbol: held.quote(box.symbol)}

    assert box.contains(at_rest, D(50_000)), "but for what the guard needs to know of it"
    assert box.contains(at_rest, D(-50_000))
