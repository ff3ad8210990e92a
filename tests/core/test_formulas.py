"""Arithmetic: the same for Decimals and arrays, the reference's tables, and what must hold at any price."""

import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import exposure, formulas
from bot.core.bands import start_of
from bot.core.policy import Target
from bot.core.rules import Meaning
from bot.core.values import ONE, ZERO, Ratio
from tests.core.builders import (
    INVERSE,
    LINEAR,
    Amount,
    D,
    hedge_rules,
    inverse_contract,
    linear_contract,
    numbers,
    position,
    quote,
    rows,
    snapshot,
)

DOLLAR = inverse_contract(size=1, step="0.0001")
"""Contracts are dollars, fine enough to hold any size."""
FRACTIONS = {"ratio", "rate", "taker", "beta", "hedge_return", "volatility", "years", "premium", "interest"}
SEQUENCES = {"inverse_entry", "tier_amounts", "day_volatility"}
"""These take lists, not numbers."""

prices = st.integers(1_000, 1_000_000).map(Decimal)
coins = st.integers(1, 10**6).map(lambda n: D(n).scaleb(-3))


def plain_functions() -> dict[str, Callable[..., Any]]:
    found = inspect.getmembers(formulas, inspect.isfunction)
    return {
        name: function
        for name, function in found
        if function.__module__ == formulas.__name__ and name not in SEQUENCES
    }


def arguments(function: Callable[..., Any], seed: int) -> dict[str, list[Decimal] | int]:
    """Draw three values for every argument; a side stays a sign."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, list[Decimal] | int] = {}
    for name in inspect.signature(function).parameters:
        if name == "side":
            drawn[name] = -1 if seed % 2 else 1
        else:
            low, high = (1, 999) if name in FRACTIONS else (1_000, 100_000)
            drawn[name] = [D(int(n)).scaleb(-3) for n in rng.integers(low, high, 3)]
    return drawn


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", plain_functions())
def test_a_formula_is_the_same_for_decimals_and_for_arrays(name: str, seed: int) -> None:
    function = plain_functions()[name]
    drawn = arguments(function, seed)
    arrays = {k: v if isinstance(v, int) else np.array(v, dtype=np.float64) for k, v in drawn.items()}

    exact = [function(**{k: v if isinstance(v, int) else v[i] for k, v in drawn.items()}) for i in range(3)]
    floats = function(**arrays)

    assert all(isinstance(figure, Decimal) for figure in exact)
    assert floats.dtype == np.float64
    assert np.allclose(floats, np.array(exact, dtype=np.float64), rtol=1e-9, atol=1e-9)


def test_an_average_entry_is_the_same_for_decimals_and_for_arrays() -> None:
    fills = [(D(1000), D(5000)), (D(2000), D(6000))]
    columns = [(np.array([float(usd)]), np.array([float(price)])) for usd, price in fills]

    assert formulas.inverse_entry(fills) == D(5625)
    assert np.allclose(np.asarray(formulas.inverse_entry(columns)), [5625.0])


@given(holdings=coins, wallet=coins, usd=prices, entry=prices, one=prices, other=prices)
def test_a_price_move_alone_does_not_change_an_inverse_net_delta(
    holdings: Decimal, wallet: Decimal, usd: Decimal, entry: Decimal, one: Decimal, other: Decimal
) -> None:
    def delta(price: Decimal) -> Decimal:
        equity = formulas.coin_equity(wallet, usd, entry, price)
        return formulas.net_delta_inverse(holdings, equity, usd, price)

    assert abs(delta(one) - delta(other)) < D("1e-20")
    assert abs(delta(one) - (holdings + wallet - usd / entry)) < D("1e-20")


@given(outside=coins, wallet=coins, entry=prices, price=prices)
def test_a_full_inverse_hedge_is_worth_the_same_dollars_at_any_price(
    outside: Decimal, wallet: Decimal, entry: Decimal, price: Decimal
) -> None:
    locked = entry * (outside + wallet)
    value = price * (outside + formulas.coin_equity(wallet, locked, entry, price))

    assert abs(value - locked) < D("1e-12")


@given(premium=st.integers(-10_000, 10_000), interest=st.integers(-1000, 1000), damper=st.integers(0, 1000))
def test_a_funding_rate_is_the_interest_unless_the_premium_leaves_the_damper(
    premium: int, interest: int, damper: int
) -> None:
    p, i, d = (D(n).scaleb(-6) for n in (premium, interest, damper))
    expected = i if abs(i - p) <= d else p + d if i > p else p - d

    assert formulas.funding_rate(p, i, d) == expected


def test_a_positive_funding_rate_pays_the_short() -> None:
    assert formulas.funding_cash(-1, D("0.0001"), D(50_000)) == D(5)
    assert formulas.funding_cash(1, D("0.0001"), D(50_000)) == D(-5)


# One BTC, short 0.5 at 50,000 and left alone since: the wanted short and the net delta it gives (section 3.2).
# inverse: coin equity Q, worth V, dollars N; linear: wallet profit W, coins q.
THREE_MEANINGS = """
#  price | Q     V      A.N   A.net  B.N   B.net  C.N   C.net  W      A.q  B.q    C.q
   25000 | 1.50  37500  25000  0.5   18750  0.75  37500  0      12500  0.5  0.25   1.00
   50000 | 1.00  50000  25000  0.5   25000  0.5   25000  0.5        0  0.5  0.50   0.50
  100000 | 0.75  75000  25000  0.5   37500  0.375     0  0.75  -25000  0.5  0.625  0.25
"""


def meanings_at(price: Decimal) -> list[Decimal]:
    half = Ratio(D("0.5"))
    figures: list[Decimal] = []
    inverse = snapshot(DOLLAR, spot=0, wallet=1, held=-25_000, prices=quote(DOLLAR, price))
    for meaning in Meaning:
        hedge = hedge_rules(DOLLAR, meaning=meaning, amount=50_000)
        book = exposure.book(inverse, hedge, hedge.symbol)
        if meaning is Meaning.SHARE_OF_HOLDINGS:
            figures += [book.coin_equity, price * book.coin_equity]
        wanted = exposure.wanted_size(book, hedge, half)
        figures += [wanted, formulas.net_delta_inverse(ZERO, book.coin_equity, wanted, price)]
    linear = snapshot(LINEAR, spot=1, wallet=100_000, held="-0.5", prices=quote(LINEAR, price))
    for meaning in Meaning:
        hedge = hedge_rules(LINEAR, meaning=meaning, amount=50_000)
        book = exposure.book(linear, hedge, hedge.symbol)
        if meaning is Meaning.SHARE_OF_HOLDINGS:
            figures.append(book.equity - book.wallet.deposited)
        figures.append(exposure.wanted_size(book, hedge, half))
    return figures


@pytest.mark.parametrize(("price", "figures"), numbers(THREE_MEANINGS))
def test_the_three_meanings_agree_at_entry_and_differ_afterwards(
    price: list[Decimal], figures: list[Decimal]
) -> None:
    assert meanings_at(*price) == figures


# One BTC in the wallet, 500 contracts of 100 dollars short since 50,000 (section 3.3).
CLASSIC_BUG = """
#  price | equity  bug's contracts  net delta the bug leaves
   25000 | 2.0     250              1.0
   50000 | 1.0     500              0
  100000 | 0.5    1000             -0.5
"""


@pytest.mark.parametrize(("price", "figures"), numbers(CLASSIC_BUG))
def test_the_classic_bug_of_resetting_to_spot_times_initial_coins_cannot_come_back(
    price: list[Decimal], figures: list[Decimal]
) -> None:
    equity, bug, left_by_bug = figures
    hedge = hedge_rules(INVERSE, ratio=1, outer=0)
    picture = snapshot(INVERSE, spot=0, wallet=1, held=-500, prices=quote(INVERSE, *price))
    book = exposure.book(picture, hedge, hedge.symbol)
    target = Target(ratio=Ratio(ONE), band=start_of(hedge.band), reason="full")

    measured = exposure.measure(book, hedge, target, position(INVERSE).contracts)

    assert bug == book.contract.contracts_for(D(1), book.mark)
    assert left_by_bug == book.coin_equity - book.contract.coins(bug, book.mark)
    assert (measured.equity, measured.own, measured.target) == (equity, ONE, D(-500))
    assert (measured.net_delta, measured.gap, measured.ratio_achieved) == (ZERO, ZERO, ONE)
    assert exposure.trade_needed(measured, book.contract) == ZERO


# Rise to liquidation in percent by leverage, maintenance 0.5% (section 5.8).
ROOM_ABOVE = """
# leverage  collateral |  rise
   1        quote      |  99.0
   1.5      quote      |  65.8
   2        quote      |  49.3
   3        quote      |  32.7
   4        quote      |  24.4
   5        quote      |  19.4
  10        quote      |   9.5
  20        quote      |   4.5
   1        coin       | never
   1.5      coin       | 198.5
   2        coin       |  99.0
   3        coin       |  49.25
   4        coin       |  32.7
   5        coin       |  24.4
  10        coin       |  10.6
  20        coin       |   4.7
"""


@pytest.mark.parametrize(("columns", "rise"), list(rows(ROOM_ABOVE)))
def test_coin_collateral_gives_a_short_one_turn_of_leverage_more_room(columns: list[str], rise: str) -> None:
    leverage, collateral = columns
    contract, entry = (LINEAR if collateral == "quote" else DOLLAR), D(60_000)
    contracts = contract.contracts_for(D(3), entry)
    margin = formulas.initial_margin(contract.value(contracts, entry), D(leverage))

    price = contract.liquidation_price(-contracts, entry, margin)

    if price is None:
        assert rise == "never"
    else:
        assert abs((price / entry - 1) * 100 - D(rise)) <= D("0.05")


@pytest.mark.parametrize("leverage", ["1.5", "2", "3", "5", "10"])
def test_a_bankruptcy_price_is_the_liquidation_price_without_maintenance(leverage: Amount) -> None:
    free_linear, free_inverse = (make(rows=((0, 0, 50),)) for make in (linear_contract, inverse_contract))
    turn = 1 / D(leverage)

    linear = free_linear.liquidation_price(D(-1), D(60_000), 60_000 * turn)
    inverse = free_inverse.liquidation_price(D(-600), D(60_000), turn)

    assert linear is not None
    assert inverse is not None
    assert abs(linear - 60_000 * (1 + turn)) < D("1e-18")
    assert abs(inverse - 60_000 / (1 - turn)) < D("1e-18")


def test_effectiveness_is_the_share_of_variance_that_is_gone() -> None:
    assert formulas.effectiveness(D("0.05"), D("0.20")) == D("0.75")
    assert formulas.effectiveness(D("0.20"), D("0.20")) == ZERO
