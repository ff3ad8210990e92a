"""When a hedge has done its work: by a date, a price that stays, a policy at zero; and how it comes back."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.core.decide import Decision, decide
from bot.core.exits import NEVER, ExitRules
from bot.core.policy import MarketView, Target
from bot.core.risk import Approved
from bot.core.rules import HedgeRules, Meaning
from bot.core.snapshot import Control, Resume, Snapshot
from bot.core.values import Price, Side
from tests.core.builders import (
    HOUR,
    INVERSE,
    LINEAR,
    NO_GUARD,
    D,
    T,
    answer,
    hedge_rules,
    quote,
    rows,
    rules,
    snapshot,
)
from tests.core.test_properties import inside, points

DAY = 24 * HOUR


def exit_rules(
    *, until: int | None = None, price: str = "", hours: str = "4", zero: str = "", days: str = ""
) -> ExitRules:
    return ExitRules(
        until_ms=until,
        price_above=Price(D(price)) if price else None,
        price_hours=D(hours),
        policy_zero_days=D(zero) if zero else None,
        intended_days=D(days) if days else None,
    )


def led(hedge: HedgeRules, *steps: tuple[str, str, int], resumes: tuple[int, ...] = ()) -> list[Decision]:
    """Decide step by step: position held, price, hours since the beginning; each remembers the one before."""
    decisions: list[Decision] = []
    for held, price, hours in steps:
        at_ms = T + hours * HOUR
        picture = replace(
            snapshot(LINEAR, held=held, at_ms=at_ms, prices=quote(LINEAR, price, at_ms=at_ms)),
            resumes=tuple(Resume(hedge=None, at_ms=T + one * HOUR) for one in resumes if one <= hours),
        )
        if decisions:
            picture = replace(picture, memory=decisions[-1].memory)
        decisions.append(decide(picture, rules(hedge)))
    return decisions


def short(decision: Decision) -> str:
    """Tell what was decided in a word: leave, hold, hedge."""
    orders = [one.request for one in decision.commands if isinstance(one, Approved)]
    if not orders:
        return "hold"
    return "leave" if orders[0].side is Side.BUY and orders[0].reduce_only else "hedge"


def calls(decision: Decision) -> list[str]:
    assert decision.watch is not None
    return [cause.text for cause in decision.watch.causes if cause.kind == "exit"]


LEFT = """
    # exit                       | held  price  hours ...                                 | answers
    until T + 2 h                | -1 50000 0, -1 50000 1, -1 50000 2, 0 50000 3          | hold hold leave hold
    price 60000 for 4 h          | -1 50000 0, -1 60000 1, -1 61000 4, -1 61000 5         | hold hold hold leave
    price 60000 for 4 h          | -1 61000 0, -1 59999 1, -1 61000 2, -1 61000 5         | hold hold hold hold
    price 60000 for 0 h          | -1 59999 0, -1 60000 1, 0 50000 2                      | hold leave hold
    policy at 0 for 1 d          | -1 50000 0, 0 50000 23, 0 50000 24                     | leave hold hold
    policy at 0 for 1 d          | 0 50000 0, 0 50000 24, 0 50000 90                      | hold hold hold
    meant for 1 d                | -1 50000 0, -1 50000 30                                | hold hold
"""
WAYS = {
    "until T + 2 h": exit_rules(until=T + 2 * HOUR),
    "price 60000 for 4 h": exit_rules(price="60000"),
    "price 60000 for 0 h": exit_rules(price="60000", hours="0"),
    "policy at 0 for 1 d": exit_rules(zero="1"),
    "meant for 1 d": exit_rules(days="1"),
}


@pytest.mark.parametrize("row", [line for line in LEFT.splitlines()[2:] if line.strip()])
def test_a_hedge_is_left_when_its_time_has_come_and_stays_left(row: str) -> None:
    way, steps, answers = (part.strip() for part in row.split("|"))
    ratio = "0" if "policy" in way else "1"
    hedge = replace(hedge_rules(LINEAR, ratio=ratio), exit=WAYS[way])
    parts = [step.split() for step in steps.split(",")]

    decisions = led(hedge, *((held, price, int(hours)) for held, price, hours in parts))

    assert [short(one) for one in decisions] == answers.split()


def test_why_it_was_left_is_said_and_a_person_is_called() -> None:
    hedge = replace(hedge_rules(LINEAR), exit=exit_rules(price="60000", hours="0"))

    (decision,) = led(hedge, ("-1", "60500", 0))

    (why,) = decision.explanations
    assert why.target is not None
    assert "left, because the index has been at 60000 or above for 0 h" in why.target.reason
    (text,) = calls(decision)
    assert "`hedgerow resume --hedge btc` hedges again" in text
    assert decision.memory.of("btc").ratio == 1, "the policy's word is remembered as it was"


def test_a_hedge_that_lasts_longer_than_meant_calls_a_person_and_stays() -> None:
    hedge = replace(hedge_rules(LINEAR), exit=exit_rules(days="1"))

    first, second = led(hedge, ("-1", "50000", 0), ("-1", "50000", 24))

    assert calls(first) == []
    assert first.quiet.until_ms == T + DAY - 1
    assert calls(second) == [
        "Hedge btc has lasted 1 d, as long as it was meant to. Leave it, or set exit.intended_days anew."
    ]
    assert second.commands == ()


def test_a_person_hedges_again_and_it_is_not_left_at_once_for_the_same_reason() -> None:
    hedge = replace(hedge_rules(LINEAR), exit=exit_rules(price="60000", hours="1"))

    decisions = led(
        hedge,
        ("-1", "61000", 0), ("-1", "61000", 1), ("0", "61000", 2),  # left, and flat
        ("0", "61000", 3), ("-1", "61000", 5),  # resumed: hedged again above the price
        ("-1", "59000", 6), ("-1", "61000", 7), ("-1", "61000", 8),  # below it once: armed again
        resumes=(3,),
    )  # fmt: skip

    assert [short(one) for one in decisions] == [
        "hold", "leave", "hold", "hedge", "hold", "hold", "hold", "leave",
    ]  # fmt: skip


def test_other_settings_release_what_the_old_ones_have_left() -> None:
    hedge = hedge_rules(LINEAR)
    (left,) = led(replace(hedge, exit=exit_rules(until=T)), ("-1", "50000", 0))
    later = replace(
        snapshot(LINEAR, at_ms=T + HOUR, prices=quote(LINEAR, at_ms=T + HOUR)), memory=left.memory
    )

    kept = decide(later, rules(replace(hedge, exit=exit_rules(until=T))))
    released = decide(later, rules(replace(hedge, exit=exit_rules(until=T + DAY))))

    assert (short(left), short(kept), short(released)) == ("leave", "hold", "hedge")


def test_an_end_that_comes_during_a_freeze_is_not_set_aside_by_the_word_that_ends_it() -> None:
    hedge = replace(hedge_rules(LINEAR), exit=exit_rules(until=T + HOUR))
    freeze = Control(kind="freeze", hedge=None, who="me", why="tea", at_ms=T)
    frozen = replace(
        snapshot(LINEAR, held="-1", at_ms=T + HOUR, prices=quote(LINEAR, at_ms=T + HOUR)), controls=(freeze,)
    )
    first = decide(frozen, rules(hedge))
    resumed = replace(frozen, controls=(), resumes=(Resume(hedge=None, at_ms=T + HOUR),), memory=first.memory)

    second = decide(resumed, rules(hedge))

    assert (short(first), short(second)) == ("hold", "leave")


def test_a_policy_that_fails_does_not_set_its_clock_back() -> None:
    quiet, failing = hedge_rules(LINEAR, ratio="0"), hedge_rules(LINEAR, stages=(Fails(),))
    ends = exit_rules(zero="1")
    (first,) = led(replace(quiet, exit=ends), ("-1", "50000", 0))
    pictures = [
        replace(snapshot(LINEAR, at_ms=T + one * HOUR, prices=quote(LINEAR, at_ms=T + one * HOUR)))
        for one in (12, 24)
    ]

    second = decide(replace(pictures[0], memory=first.memory), rules(replace(failing, exit=ends)))
    third = decide(replace(pictures[1], memory=second.memory), rules(replace(quiet, exit=ends)))

    assert third.memory.of("btc").exit is not None
    assert "its policy has wanted none for 1 d" in third.memory.of("btc").exit.left  # type: ignore[union-attr]  # asserted


class Fails:
    """A stage that raises."""

    def apply(self, _market: MarketView, _target: Target) -> Target:
        raise ZeroDivisionError


def test_an_inverse_hedge_is_bought_back_whole() -> None:
    hedge = replace(hedge_rules(INVERSE), exit=exit_rules(until=T))
    picture = snapshot(INVERSE, spot=0, wallet=1, held=-500, prices=quote(INVERSE))

    (order,) = (one.request for one in decide(picture, rules(hedge)).commands if isinstance(one, Approved))

    assert (order.side, order.contracts, order.reduce_only) == (Side.BUY, D(500), True)


# An inverse hedge entered at 50,000 in one coin of margin; "held" is what is left of it, "earned" coins realised so far.
BACK = """
# meaning            mark   held  earned | answer
  share_of_holdings  25000  -500  0      | buy 500 reduce-only
  share_of_holdings  80000  -500  0      | buy 500 reduce-only
  share_of_holdings  25000  -250  0.5    | buy 250 reduce-only
  share_of_holdings  25000  0     1      | hold      flat, and the coins it earned are not sold short again
  constant_mix       25000  -500  0      | buy 500 reduce-only
  fixed_amount       25000  -500  0      | buy 500 reduce-only
  fixed_amount       25000  0     1      | hold
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(BACK)))
def test_an_inverse_hedge_is_bought_back_whole_at_any_price_and_stays_flat(
    columns: list[str], expected: str
) -> None:
    meaning, mark, held, earned = columns
    amount = 50_000 if meaning == "fixed_amount" else 0
    hedge = replace(hedge_rules(INVERSE, meaning=Meaning(meaning), amount=amount), exit=exit_rules(until=T))
    picture = snapshot(
        INVERSE,
        spot=0,
        wallet=1 + D(earned),
        deposited=1,
        held=held,
        realised=earned,
        prices=quote(INVERSE, mark),
    )

    decision = decide(picture, rules(hedge, guard=NO_GUARD, patience=0))

    assert answer(decision) == expected
    if expected == "hold":
        (box,) = decision.quiet.boxes
        assert (box.low, box.high, box.income_min, box.income_max) == (None, None, None, None)


def test_a_hedge_without_an_end_remembers_nothing_of_it() -> None:
    (decision,) = led(hedge_rules(LINEAR), ("-1", "50000", 0))

    assert hedge_rules(LINEAR).exit == NEVER
    assert decision.memory.of("btc").exit is None


prices = st.integers(30_000, 90_000).map(Decimal)


@given(level=prices, price=prices, hours=st.integers(0, 3), where=points, until=st.none() | st.integers(1, 9))
def test_nothing_is_left_inside_the_quiet(
    level: Decimal, price: Decimal, hours: int, where: list[tuple[Decimal, ...]], until: int | None
) -> None:
    ends = exit_rules(
        until=None if until is None else T + until, price=str(level), hours=str(hours), days="1"
    )
    wanted = rules(replace(hedge_rules(LINEAR), exit=ends))
    picture: Snapshot = snapshot(LINEAR, held="-1", prices=quote(LINEAR, price))
    decision = decide(picture, wanted)
    assume(not decision.commands and decision.quiet.until_ms > picture.at_ms)

    for later in inside(picture, decision, where):  # type: ignore[arg-type]  # points are quadruples
        assert decide(later, wanted).commands == ()
