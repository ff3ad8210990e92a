"""How fills make a position."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.instruments import Contract
from bot.core.positions import Rebasing, cost_of, entry_of, fill, isolated_margin, realised
from bot.core.reports import Fill
from bot.core.values import MONEY_QUANTUM, ZERO, Contracts, Money, Price, Side, money
from tests.core.builders import INVERSE, LINEAR, Amount, D, numbers

trades = st.lists(
    st.tuples(
        st.integers(-2000, 2000).filter(bool).map(lambda n: D(n).scaleb(-3)),
        st.integers(10_000, 90_000).map(Decimal),
    ),
    min_size=1,
    max_size=12,
)


def played(contract: Contract, script: list[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal, Decimal]:
    """Fill one after another; give contracts, cost and the profit realised."""
    held, cost, realised = ZERO, ZERO, ZERO
    for added, price in script:
        filled = fill(contract, held, cost, added, price)
        held, cost, realised = filled.contracts, filled.cost, realised + filled.realised
    return held, cost, realised


@pytest.mark.parametrize(
    ("contract", "average"), [(LINEAR, "5666.666667"), (INVERSE, "5625.000000")], ids=["linear", "inverse"]
)
def test_an_average_entry_is_weighted_for_a_linear_and_harmonic_for_an_inverse_contract(
    contract: Contract, average: str
) -> None:
    held, cost, _ = played(contract, [(D(-1000), D(5000)), (D(-2000), D(6000))])

    assert f"{entry_of(contract, held, cost):.6f}" == average


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_a_partial_close_leaves_the_entry_where_it_was(contract: Contract) -> None:
    held, cost, realised = played(contract, [(D(-10), D(50_000)), (D(4), D(40_000))])

    assert (held, round(entry_of(contract, held, cost), 6)) == (D(-6), D(50_000))
    assert realised == money(contract.pnl(D(-4), D(50_000), D(40_000)))


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_a_fill_beyond_flat_closes_all_and_opens_the_rest_at_its_price(contract: Contract) -> None:
    held, cost, realised = played(contract, [(D(-10), D(50_000)), (D(15), D(40_000))])

    assert (held, round(entry_of(contract, held, cost), 6)) == (D(5), D(40_000))
    assert realised == money(contract.pnl(D(-10), D(50_000), D(40_000)))


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(script=trades)
def test_what_is_realised_and_open_is_the_profit_of_each_trade_by_itself(
    contract: Contract, script: list[tuple[Decimal, Decimal]]
) -> None:
    mark = D(47_123)
    held, cost, realised = played(contract, script)
    unrealised = contract.pnl(held, entry_of(contract, held, cost), mark) if held else ZERO
    alone = sum((contract.pnl(added, price, mark) for added, price in script), ZERO)

    assert abs(realised + unrealised - alone) <= 2 * len(script) * MONEY_QUANTUM
    assert realised % MONEY_QUANTUM == ZERO


@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@pytest.mark.parametrize(("contracts", "entry"), [(-3, 50_000), ("0.25", "61234.5")])
def test_an_entry_price_comes_back_from_its_cost(
    contract: Contract, contracts: Amount, entry: Amount
) -> None:
    cost = cost_of(contract, D(contracts), D(entry))

    assert abs(entry_of(contract, D(contracts), cost) / D(entry) - 1) < D("1e-9")
    assert cost_of(contract, ZERO, D(entry)) == entry_of(contract, ZERO, ZERO) == ZERO


# Linear, at 50,000 and 5x: an added coin brings 10,000 dollars along, a closed one takes its share away.
SET_ASIDE = """
# margin  held  after | margin then
       0     0     -1 | 10000
   10000    -1     -3 | 30000
   40000    -4     -1 | 10000
   40000    -4      0 |     0
   40000    -4      2 | 20000
   12345    -1     -1 | 12345
"""


@pytest.mark.parametrize(("given_", "expected"), numbers(SET_ASIDE))
def test_isolated_margin_comes_and_goes_with_the_contracts(
    given_: list[Decimal], expected: list[Decimal]
) -> None:
    margin, held, after = given_

    assert [isolated_margin(LINEAR, margin, held, after, D(50_000), D(5))] == expected


# --- what fills realised that no venue told ------------------------------------------------------------------

REALISED = """
# payoff   moves                                  | realised
  linear   -2@100 1@90                            |  10
  linear   -2@100 1@90 1@80                       |  30
  linear   -2@100 1@110                           | -10
  linear   -1@100 -1@110 2@90                     |  30
  linear   -1@100 3@90 -2@95                      |  20
  linear   -1@100                                 |   0
  inverse  -100@50 100@40                         |   0.5
  inverse  -100@50 100@100                        |  -1
  # the position was there before us: its entry is the venue's
  linear   take:-2@100 2@90                       |  20
  linear   -1@100 take:-1@105 2@90                |  30
  # nobody wrote the entry down: it counts from the first price seen
  linear   take:-2@? 1@90 1@80                    |  10
  linear   take:-2@? 2@90 -1@100 1@90             |  10
  # a person closed it: what that realised is not known
  linear   -2@100 take:2@0 -1@100 1@95            |   5
  # what the venue tells stands
  linear   -2@100 1@90=9.5 1@80                   |  29.5
"""
ROWS = [line for line in REALISED.splitlines() if line.strip() and not line.strip().startswith("#")]


def moves_of(text: str) -> list[Fill | Rebasing]:
    """Read moves: signed contracts @ price, = what the venue told; ``take:`` is a re-basing with its entry."""
    moves: list[Fill | Rebasing] = []
    for number, word in enumerate(text.split()):
        size, _, price = word.removeprefix("take:").partition("@")
        price, _, told = price.partition("=")
        if word.startswith("take:"):
            entry = None if price == "?" else Price(D(price))
            moves.append(Rebasing(contracts=Contracts(D(size)), entry_price=entry, at_ms=number))
            continue
        moves.append(
            Fill(
                fill_id=str(number),
                client_order_id="o",
                symbol=LINEAR.symbol,
                side=Side.SELL if D(size) < 0 else Side.BUY,
                contracts=Contracts(abs(D(size))),
                price=Price(D(price)),
                fee=Money(ZERO),
                realised_pnl=Money(D(told)) if told else None,
                maker=False,
                at_ms=number,
            )
        )
    return moves


@pytest.mark.parametrize("row", ROWS)
def test_what_no_venue_tells_is_reckoned_by_average_cost(row: str) -> None:
    left, wanted = row.split("|")
    payoff, moves = left.split(maxsplit=1)
    unit = replace(LINEAR if payoff == "linear" else INVERSE, contract_size=D(1))

    assert realised(unit, moves_of(moves)) == D(wanted.strip())


@given(trades)
@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_it_is_to_the_last_digit_what_the_exchange_books(
    contract: Contract, script: list[tuple[Decimal, Decimal]]
) -> None:
    text = " ".join(f"{added:f}@{price}" for added, price in script)

    assert realised(contract, moves_of(text)) == played(contract, script)[2]
