"""Our books against the venue's word, as values: tables of what one order comes to, and what a second look finds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.tally import Tally
from bot.core import books
from bot.core.books import Difference
from bot.core.orders import DONE, TRANSITIONS, OrderState, WorkingOrder
from bot.core.reports import Fill, OrderReport
from bot.core.rules import Kind
from bot.core.snapshot import Position, Setback
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.shell.ports import Activity
from tests.core.builders import (
    LINEAR,
    D,
    T,
    hedge_rules,
    inverse_contract,
    linear_contract,
    position,
    request,
    working_order,
)

S = OrderState


def report(state: str, filled: str = "0", *, name: str = "o1", symbol: str = LINEAR.symbol) -> OrderReport:
    return OrderReport(
        client_order_id=name, symbol=symbol, state=OrderState(state), filled=Contracts(D(filled)), reason="so"
    )


def fill(contracts: str, *, name: str = "o1", number: int = 1, symbol: str = LINEAR.symbol) -> Fill:
    """Fill signed contracts."""
    return Fill(
        fill_id=str(number),
        client_order_id=name,
        symbol=symbol,
        side=Side.SELL if D(contracts) < 0 else Side.BUY,
        contracts=Contracts(abs(D(contracts))),
        price=Price(D(50_000)),
        fee=Money(ZERO),
        realised_pnl=Money(ZERO),
        maker=False,
        at_ms=T,
    )


# --- one order ----------------------------------------------------------------------------------------------

# An order of 2 contracts. "-" is no record; what is heard is the sum of the fills that bear its name.
JUDGED = """
# by our book       heard | the venue says   | it is
  sent        0     0     | open       0     | open       0
  sent        0     0     | open       0.5   | open       0.5
  sent        0     0.5   | open       0     | open       0.5
  sent        0     2     | filled     2     | filled     2
  sent        0     1.5   | filled     2     | unknown    2
  sent        0     0     | rejected   0     | rejected   0
  sent        0     0.5   | rejected   0     | cancelled  0.5
  sent        0     0     | cancelled  0     | cancelled  0
  sent        0     0     | cancelled  0.5   | unknown    0.5
  sent        0     0.5   | cancelled  0.5   | cancelled  0.5
  sent        0     2     | cancelled  0     | filled     2
  sent        0     0     | -                | unknown    0
  sent        0     0.5   | -                | unknown    0.5
  sent        0     2     | -                | filled     2
  unknown     0.5   0     | -                | unknown    0.5
  unknown     0     0     | open       0     | open       0
  unknown     0     0     | cancelled  0     | cancelled  0
  open        0.5   0.5   | -                | unknown    0.5
  open        0.5   0.5   | open       0.2   | open       0.5
  open        0     0     | rejected   0     | cancelled  0
  open        0     2     | open       0     | filled     2
  cancelling  0     0     | open       0     | open       0
  cancelling  0     0     | rejected   0     | cancelled  0
  cancelling  0     0     | cancelled  1     | unknown    1
  sent        0     0     | planned    0     | unknown    0
  sent        0     0     | cancelling 0     | unknown    0
  sent        0     0     | filled     1     | unknown    0
  sent        0     0     | open       3     | unknown    0
  sent        0     0     | open       -1    | unknown    0
"""


def judgements() -> list[tuple[str, str, str]]:
    lines = [line.split("|") for line in JUDGED.strip().splitlines()[1:]]
    return [tuple(" ".join(part.split()) for part in line) for line in lines]  # type: ignore[misc]  # three parts


@pytest.mark.parametrize(("book", "said", "expected"), judgements())
def test_where_an_order_stands(book: str, said: str, expected: str) -> None:
    state, filled, heard = book.split()
    order = working_order(contracts=2, state=state, filled=filled)
    record = None if said == "-" else report(*said.split())

    answer = books.judged(order, record, Contracts(D(heard)))

    assert f"{answer.state} {answer.filled}" == expected
    assert answer.state is order.state or answer.state in TRANSITIONS[order.state]


@given(
    state=st.sampled_from([S.SENT, S.UNKNOWN, S.OPEN, S.CANCELLING]),
    filled=st.integers(0, 4),
    heard=st.integers(0, 4),
    said=st.none() | st.tuples(st.sampled_from(OrderState), st.integers(-1, 5), st.booleans()),
)
def test_no_word_of_a_venue_makes_an_illegal_move_or_an_end_without_its_fills(
    state: OrderState, filled: int, heard: int, said: tuple[OrderState, int, bool] | None
) -> None:
    order = working_order(contracts=4, state=state, filled=filled)
    record = None if said is None else report(said[0], str(said[1]), name="o1" if said[2] else "other")

    answer = books.judged(order, record, Contracts(D(heard)))

    assert answer.state is state or answer.state in TRANSITIONS[state]
    assert answer.filled >= max(filled, heard)
    if answer.state in DONE:
        assert heard in {answer.filled, 4}
    if record is None and heard < 4:
        assert answer.state is S.UNKNOWN


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"name": "o2"}, "the answer is about order 'o2'"),
        ({"name": ""}, "the answer is about order ''"),
        ({"symbol": "ETH/USDT:USDT"}, "the answer is about order 'o1' in ETH/USDT:USDT"),
    ],
)
def test_an_answer_about_another_order_proves_nothing(changes: dict[str, str], words: str) -> None:
    assert books.misfit(request(), report("open", **changes)).startswith(words)


def test_an_order_is_overdue_by_the_time_it_came_to_be_unknown() -> None:
    unknown = [working_order(state="unknown", name="u"), working_order(state="open", name="o")]

    assert books.overdue(unknown, T + 60_000, 60_000) == ()
    (incident,) = books.overdue(unknown, T + 60_001, 60_000)
    assert (incident.kind, incident.key, incident.rebased) == ("unknown_order", "u", ZERO)


SETBACKS = """
# before  by our book | then       | rejections in a row
  0       sent        | rejected   | 1
  2       sent        | rejected   | 3
  2       sent        | open       | 0
  2       sent        | filled     | 0
  2       unknown     | cancelled  | 0
  2       planned     | cancelled  | 2
  2       sent        | unknown    | 2
  2       planned     | sent       | 2
"""


@pytest.mark.parametrize("line", SETBACKS.strip().splitlines()[1:])
def test_rejections_in_a_row(line: str) -> None:
    before, state, then, count = line.replace("|", "").split()
    setback = Setback(symbol=LINEAR.symbol, count=int(before), last_at_ms=1) if int(before) else None

    after = books.count_setback(setback, working_order(state=state), OrderState(then), 2)

    assert (0 if after is None else after.count) == int(count)


# --- positions ----------------------------------------------------------------------------------------------

# Expected by fills, one order of ours: side, state, size, filled by its report, heard; then the venue's position.
POSITIONS = """
# held | order                      heard | there | differs
  0    | -                          0     | 0     | no
  -1   | -                          0     | -1    | no
  -1   | -                          0     | 0     | by 1
  0    | -                          0     | -1    | by -1
  -1   | sell open    1    0        0     | -1.5  | by -0.5
  -1   | sell open    1    0.5      0     | -1.5  | no
  -1   | sell open    1    0.5      0     | -1    | no
  -1   | sell open    1    0.5      0     | -1.6  | by -0.6 open
  -1.5 | sell open    1    0.5      0.5   | -2    | by -0.5
  0    | sell unknown 1    0        0     | -1    | no
  0    | sell unknown 1    0        0     | -0.3  | no
  0    | sell unknown 1    0        0     | 0.1   | by 0.1 open
  0    | sell unknown 1    0        0     | -1.1  | by -1.1 open
  -0.4 | sell sent    1    0.4      0.4   | -1    | no
  -2   | buy  sent    1    0        0     | -1.5  | no
  -2   | buy  sent    1    0        0     | -2.5  | by -0.5 open
  -2   | buy cancelling 1  0        0     | -1    | no
"""


@pytest.mark.parametrize("line", POSITIONS.strip().splitlines()[1:])
def test_what_a_position_differs_by(line: str) -> None:
    held, told, there, expected = (part.split() for part in line.split("|"))
    *order, heard = told
    working = []
    if order != ["-"]:
        side, state, size, filled = order
        working = [working_order(side, size, state=state, filled=filled)]
    expectation = {} if held == ["0"] else {LINEAR.symbol: Contracts(D(held[0]))}

    found = books.differences(
        expectation, working, lambda _name: Contracts(D(heard)), (position(LINEAR, there[0]),)
    )

    if expected == ["no"]:
        assert found == ()
    else:
        (difference,) = found
        assert difference.moved == D(expected[1])
        assert bool(difference.open_fates) == (expected[-1] == "open")


def test_orders_of_other_contracts_explain_nothing() -> None:
    other = linear_contract(base="ETH")
    working = [working_order(contract=other, state="unknown")]

    (difference,) = books.differences({}, working, lambda _name: Contracts(ZERO), (position(LINEAR, -1),))

    assert difference == Difference(
        symbol=LINEAR.symbol,
        expected=Contracts(ZERO),
        actual=Contracts(D(-1)),
        entry_price=Price(D(50_000)),
        open_fates=(),
    )


FOREIGN = """
# order by our book  | incident
  none               | foreign_fill
  rejected           | foreign_fill
  settlement         | -
  open               | -
  unknown            | -
  cancelled          | -
  filled             | -
"""


@pytest.mark.parametrize("line", FOREIGN.strip().splitlines()[1:])
def test_which_fills_are_foreign(line: str) -> None:
    state, expected = line.replace("|", "").split()
    name = "settlement" if state == "settlement" else "o1"
    known = {} if state in {"none", "settlement"} else {"o1": OrderState(state)}

    found = books.foreign_fills([fill("-1", name=name)], known.get)

    assert [incident.kind for incident in found] == ([] if expected == "-" else [expected])


def test_foreign_fills_make_one_incident_for_a_contract() -> None:
    fills = [
        fill("-1", name="a", number=7),
        fill("0.25", name="", number=8),
        fill("2", name="liquidation", number=9, symbol="ETH/USDT:USDT"),
    ]

    first, second = books.foreign_fills(fills, lambda _name: None)

    assert (first.symbol, first.key, first.rebased) == (LINEAR.symbol, f"{LINEAR.symbol} 7", ZERO)
    assert first.text.startswith("2 fill(s) moved the position of BTC/USDT:USDT by -0.75 contracts")
    assert "(a, without a name)" in first.text
    assert second.symbol == "ETH/USDT:USDT"


# --- orders that are not in the books -----------------------------------------------------------------------


def test_our_prefix_tells_strays_from_foreign_orders() -> None:
    listed = [report("open", name=name) for name in ("hr-1-1-h0", "hr-1-2-h0", "hrx", "by-hand", "")]
    working = [working_order(name="hr-1-1-h0")]

    assert [one.client_order_id for one in books.strays(listed, working)] == ["hr-1-2-h0"]
    assert [one.key for one in books.foreign_orders(listed)] == ["hrx", "by-hand", ""]


def test_a_dated_hedge_owns_its_family_and_a_plain_one_its_contract() -> None:
    plain = hedge_rules(inverse_contract())
    family = replace(hedge_rules(LINEAR, name="dated"), kind=Kind.DATED)

    owned = {
        symbol: getattr(books.owner(symbol, (plain, family)), "name", None)
        for symbol in ("BTC/USD:BTC", "BTC/USD:BTC-240329", "BTC/USDT:USDT", "BTC/USDT:USDT-240329", "X")
    }

    assert list(owned.values()) == ["btc", None, "dated", "dated", None]


# --- contracts ----------------------------------------------------------------------------------------------


def test_terms_that_changed_are_named_with_old_and_new() -> None:
    new = linear_contract(size="0.001", step=1)

    change = books.changed_terms(LINEAR, new)

    assert change is not None
    assert "contract_size was 1 and is 0.001, contracts_step was 0.001 and is 1" in change.text
    assert "--accept-terms" in change.text
    assert books.changed_terms(LINEAR, linear_contract(fee="0.001")) is None
    payoff = books.changed_terms(LINEAR, replace(inverse_contract(), symbol=LINEAR.symbol))
    assert payoff is not None
    assert "payoff was linear and is inverse" in payoff.text


# --- a second look finds nothing ----------------------------------------------------------------------------

SYMBOLS = st.sampled_from(["A/USDT:USDT", "B/USDT:USDT"])
SIZES = st.integers(-5, 5).map(lambda tenths: Decimal(tenths) / 10)
NAMES = st.sampled_from(["hr-1-1-h0", "hr-1-2-h0", "by-hand", "liquidation", "settlement"])


@given(
    fills=st.lists(st.tuples(SYMBOLS, SIZES, NAMES), max_size=8),
    positions=st.dictionaries(SYMBOLS, SIZES),
    listed=st.sets(NAMES),
    adopted=st.booleans(),
)
def test_a_second_look_right_after_a_first_finds_nothing(
    fills: list[tuple[str, Decimal, str]],
    positions: dict[str, Decimal],
    listed: set[str],
    adopted: bool,  # noqa: FBT001 - drawn
) -> None:
    """I1 and I2: what was found is written down, strays are adopted or gone, and then books and venue agree."""
    journal = Tally()
    told = tuple(
        fill(str(size), name=name, number=number, symbol=symbol)
        for number, (symbol, size, name) in enumerate(fills)
        if size
    )
    there = [
        Position(symbol=symbol, contracts=Contracts(size), entry_price=Price(ZERO), realised_pnl=Money(ZERO))
        for symbol, size in positions.items()
    ]
    open_orders = [report("open", name=name) for name in sorted(listed)]
    activity = Activity(fills=told, payments=(), cursor=len(told))

    first = look(journal, activity, there, open_orders)
    for stray in books.strays(open_orders, journal.working()):
        if adopted:
            journal.adopt(adoption(stray), "btc")
        else:
            open_orders.remove(stray)
    second = look(journal, activity, there, open_orders)

    assert second == 0
    assert journal.held() == {p.symbol: p.contracts for p in there if p.contracts}
    assert books.strays(open_orders, journal.working()) == ()
    assert first == len(journal.incidents)


def look(
    journal: Tally, activity: Activity, positions: list[Position], open_orders: list[OrderReport]
) -> int:
    """Look once, write down what is found; returns how many incidents were new."""
    new = len(journal.heard(activity, T).incidents)
    moved = books.differences(journal.held(), journal.working(), journal.filled, positions)
    incidents = [books.moved(difference, T) for difference in moved]
    strays = books.strays(open_orders, journal.working())
    incidents += [books.stray(stray, ended=False, adopted=False) for stray in strays]
    incidents += books.foreign_orders(open_orders)
    return new + len(journal.found(incidents, T))


def adoption(stray: OrderReport) -> WorkingOrder:
    return WorkingOrder(
        request=request(name=stray.client_order_id),
        state=stray.state,
        filled=stray.filled,
        since_ms=T,
    )
