"""Perpetual or dated: both carries reckoned by hand, and a choice that is kept long enough."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import carry
from bot.core.decide import decide
from bot.core.instruments import DatedFuture
from bot.core.inventory import inventory
from bot.core.lookback import Settled
from bot.core.memory import CarryMemory, HedgeMemory, Memory
from bot.core.rules import CarryRules, HedgeRules, Kind
from bot.core.selection import Legs, choose
from bot.core.snapshot import Snapshot
from bot.core.values import Contracts, Ratio
from tests.core.builders import (
    HOUR,
    LINEAR,
    D,
    T,
    carry_rules,
    dated,
    hedge_rules,
    linear_contract,
    position,
    quote,
    roll_rules,
    rules,
    snapshot,
    working_order,
)

DAY = 24 * HOUR
DATED = dated(LINEAR, 90 * 24)
HEDGE: HedgeRules = hedge_rules(LINEAR, kind=Kind.CARRY)


def picture(
    rates: str,
    *,
    basis: str = "0.02",
    perp: str = "0",
    far: str = "0",
    at: int = 0,
    contract: DatedFuture = DATED,
) -> Snapshot:
    """Show both contracts, the funding that was settled in ten-thousandths, and what is held of each."""
    at_ms = T + at * DAY
    price = D(50_000)
    told = tuple(Ratio(D(rate) / 10_000) for rate in rates.split())
    return replace(
        snapshot(LINEAR, at_ms=at_ms),
        contracts=(LINEAR, contract),
        quotes=(
            quote(LINEAR, price, at_ms=at_ms),
            quote(contract, price * (1 + D(basis)), index=price, at_ms=at_ms),
        ),
        positions=(position(LINEAR, perp), position(contract, far)),
        settled=(Settled(symbol=LINEAR.symbol, interval_ms=8 * HOUR, last_ms=at_ms, rates=told),)
        if told
        else (),
    )


def after(now: Snapshot, memory: CarryMemory | None) -> Snapshot:
    return replace(now, memory=Memory(hedges=(HedgeMemory(hedge="btc", carry=memory),)))


def wanted(now: Snapshot, rules: CarryRules | None = None) -> CarryMemory:
    found = carry.judged(now, HEDGE, roll_rules(carry=rules or carry_rules()))
    assert found is not None
    return found


FLAT = """
    # funding in bp a settlement | basis | wants      (theory, section 7: 2 % over 270 settlements breaks even at 0.741 bp)
    0.75 0.75 0.75  | 0.02  | perpetual
    0.73 0.73 0.73  | 0.02  | dated
    -0.5 -0.5 -0.5  | -0.02 | perpetual
    -1 -1 -1        | -0.02 | dated
    -1 -1 -1        | 0     | dated
    0.1 0.1 0.1     | -0.01 | perpetual
"""


@pytest.mark.parametrize("row", [line for line in FLAT.splitlines()[2:] if line.strip()])
def test_a_hedge_that_holds_nothing_goes_where_it_earns_more(row: str) -> None:
    rates, basis, wants = (part.strip() for part in row.split("|"))

    assert wanted(picture(rates, basis=basis)).wants == wants


def test_funding_that_varies_is_charged_for_it() -> None:
    steady, wild = "1 1 1 1", "5 -3 5 -3"

    charged = carry_rules(settlements=4, charge=2)

    assert wanted(picture(steady), charged).wants == "perpetual"
    assert wanted(picture(wild), charged).wants == "dated", (
        "the same mean, and 2 x 4 bp x the root of 270 = 131 bp of charge"
    )
    assert wanted(picture(wild), carry_rules(settlements=4)).wants == "perpetual"


MOVES = """
    # lies in    | funding bp | days since the choice | fee  | wants
    perpetual    | 0          | 20                    | 0    | dated
    perpetual    | 0          | 13                    | 0    | perpetual    # it stays for 14 days
    perpetual    | 0          | 20                    | 0.01 | perpetual    # 2 % are worth less than two legs of 1 %
    perpetual    | 0.7        | 20                    | 0    | perpetual    # the advantage is below 2 % a year
    dated        | 3          | 20                    | 0    | perpetual
    dated        | 3          | 5                     | 0    | dated
"""


@pytest.mark.parametrize("row", [line for line in MOVES.splitlines()[2:] if line.strip()])
def test_a_choice_is_left_for_more_than_it_costs_and_not_before_its_time(row: str) -> None:
    lies, rate, days, fee, words = (part.strip() for part in row.split("|"))
    wants = words.partition("#")[0].strip()
    contract = dated(linear_contract(fee=fee), 90 * 24)
    now = picture(
        f"{rate} {rate} {rate}",
        perp="-1" if lies == "perpetual" else "0",
        far="-1" if lies == "dated" else "0",
        contract=contract,
    )
    now = replace(now, contracts=(linear_contract(fee=fee), contract))
    old = CarryMemory(wants=lies, since_ms=T - int(days) * DAY, judged_ms=T - DAY)  # type: ignore[arg-type]  # of two words

    found = wanted(after(now, old))

    assert found.wants == wants, found.words
    assert "a year" in found.words


MISSING = [
    (picture("", perp="-1"), "3 settlements are needed, 3 are missing"),
    (picture("1 1", far="-1"), "3 settlements are needed, 1 are missing"),
    (replace(picture("1 1 1", perp="-1"), contracts=(LINEAR,)), "no dated contract"),
    (picture("1 1 1", perp="-1", contract=dated(LINEAR, 100)), "no dated contract"),
]


@pytest.mark.parametrize(("now", "words"), MISSING)
def test_where_something_is_missing_it_stays_and_says_what(now: Snapshot, words: str) -> None:
    lies = "dated" if now.position(DATED.symbol).contracts else "perpetual"

    found = wanted(now)

    assert found.wants == lies
    assert words in found.words


def test_it_is_judged_once_a_day() -> None:
    old = CarryMemory(wants="dated", since_ms=T, judged_ms=T, words="as it was")

    assert wanted(after(picture("9 9 9", far="-1"), old)) is old
    assert wanted(after(picture("9 9 9", far="-1", at=1), old)).judged_ms == T + DAY


@given(
    rates=st.lists(st.integers(-20, 20), min_size=30, max_size=60),
    start=st.sampled_from(["perpetual", "dated"]),
)
def test_no_choice_is_left_before_its_minimum_stay_whatever_funding_does(
    rates: list[int], start: str
) -> None:
    memory: CarryMemory | None = CarryMemory(wants=start, since_ms=T, judged_ms=T)  # type: ignore[arg-type]  # of two words
    changes = [T]
    far_away = dated(LINEAR, 400 * 24)
    for day, rate in enumerate(rates, start=1):
        assert memory is not None
        lies = {"perp": "-1"} if memory.wants == "perpetual" else {"far": "-1"}
        now = after(picture(f"{rate} {rate} {rate}", at=day, contract=far_away, **lies), memory)
        found = wanted(now)
        if found.wants != memory.wants:
            changes.append(now.at_ms)
        memory = found

    assert all(after_ms - before_ms >= 14 * DAY for before_ms, after_ms in itertools.pairwise(changes))


def legs(now: Snapshot, wants: str) -> Legs:
    memory = HedgeMemory(hedge="btc", carry=CarryMemory(wants=wants, since_ms=T, words="why"))  # type: ignore[arg-type]  # the same
    return choose(now, HEDGE, roll_rules(), memory)


LEGS = """
    # wants    | perp  dated | near       carrier
    perpetual  | 0     0     | -          perpetual
    perpetual  | -1    0     | -          perpetual
    perpetual  | 0     -1    | dated      perpetual
    perpetual  | -0.4  -0.6  | dated      perpetual
    dated      | 0     0     | -          dated
    dated      | -1    0     | perpetual  dated
    dated      | -0.8  -0.2  | perpetual  dated
    dated      | 0     -1    | -          dated
"""


@pytest.mark.parametrize("row", [line for line in LEGS.splitlines()[2:] if line.strip()])
def test_the_legs_follow_the_choice(row: str) -> None:
    wants, held, expected = (part.split() for part in row.split("|"))
    names = {LINEAR.symbol: "perpetual", DATED.symbol: "dated"}

    found = legs(picture("1 1 1", perp=held[0], far=held[1]), wants[0])

    assert found.carrier is not None
    near = "-" if found.near is None else names[found.near.symbol]
    assert [near, names[found.carrier.symbol]] == expected
    assert found.rolling == (near != "-")
    assert found.trigger == ("why" if near != "-" or wants[0] == "perpetual" else "")


def test_an_order_in_a_contract_that_is_left_out_now_is_taken_back_before_another_is_sent() -> None:
    """Else both fill, and the hedge is twice as large as it should be (I4)."""
    halted = replace(dated(LINEAR, 90 * 24), status="halted")
    other = dated(LINEAR, 180 * 24, code="260626")
    hedge = hedge_rules(LINEAR, kind=Kind.DATED)
    order = working_order("sell", 1, contract=halted)
    now = replace(
        picture("1 1 1"),
        contracts=(LINEAR, halted, other),
        quotes=(quote(LINEAR), quote(halted), quote(other)),
        working=(order,),
    )

    first = decide(now, rules(hedge))
    second = decide(replace(now, working=()), rules(hedge))

    assert [type(one).__name__ for one in first.commands] == ["Cancel"]
    assert first.explanations[0].symbol == other.symbol
    assert [type(one).__name__ for one in second.commands] == ["Approved"]


def test_the_inventory_shows_the_contract_that_the_choice_carries() -> None:
    for rates, symbol in (("3 3 3", LINEAR.symbol), ("0 0 0", DATED.symbol)):
        (line,) = inventory(picture(rates), rules(HEDGE, roll=roll_rules(carry=carry_rules())))

        assert line.symbol == symbol


def test_the_rest_of_a_bridge_goes_to_the_dated_contract_too() -> None:
    """A bridge larger than a clip was left lying once its first clip had moved."""
    now = picture("1 1 1", perp="-0.8", far="-0.2")

    found = choose(now, hedge_rules(LINEAR, kind=Kind.DATED), roll_rules(), HedgeMemory(hedge="btc"))

    assert (found.near, found.carrier, found.rolling) == (LINEAR, DATED, True)


def test_the_back_hedge_opens_in_the_furthest_contract_and_keeps_what_it_holds() -> None:
    middle, back = dated(LINEAR, 180 * 24, code="260626"), dated(LINEAR, 270 * 24, code="260925")
    now = picture("1 1 1")
    now = replace(
        now,
        contracts=(LINEAR, DATED, middle, back),
        quotes=(*now.quotes, quote(middle, 51_000), quote(back, 51_500)),
    )
    hedge = hedge_rules(LINEAR, kind=Kind.BACK)
    held = replace(now, positions=(position(middle, "-1"),))

    fresh = choose(now, hedge, roll_rules(), HedgeMemory(hedge="btc"))
    kept = choose(held, hedge, roll_rules(), HedgeMemory(hedge="btc"))

    assert fresh.carrier == back
    assert (kept.carrier, kept.near) == (middle, None)
    assert Contracts(D("-1")) == held.positions[0].contracts
