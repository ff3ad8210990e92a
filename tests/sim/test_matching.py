from decimal import Decimal

import pytest

from bot.core.orders import OrderState
from bot.core.values import Contracts, Price
from tests.sim.builders import INVERSE, LINEAR, ME, D, order, quote, town

# side  size  limit   tif        reduce | state      filled  at      why
TABLE = """
  sell   1     -       gtc        no     | filled     1       50000   a market order takes the bid
  buy    1     -       gtc        no     | filled     1       50010   a market order takes the ask
  sell   1     50000   gtc        no     | filled     1       50000   a limit at the bid takes
  sell   1     50001   gtc        no     | open       0       -       a limit above the bid rests
  sell   1     49000   ioc        no     | filled     1       50000   a crossing limit fills at the touch, not at its limit
  sell   7     50000   ioc        no     | cancelled  5       50000   beyond the displayed size an IOC ends
  sell   7     50000   gtc        no     | open       5       50000   beyond the displayed size a GTC rests
  sell   7     -       gtc        no     | cancelled  5       50000   beyond the displayed size a market order ends
  sell   1     50001   ioc        no     | cancelled  0       -       an IOC that does not cross ends unfilled
  sell   1     50000   post_only  no     | rejected   0       -       a post-only order never takes
  sell   1     50010   post_only  no     | open       0       -       a post-only order rests at the ask
  buy    1     -       gtc        yes    | rejected   0       -       nothing is there to reduce
  sell   0.0001 -      gtc        no     | rejected   0       -       below one step
  sell   1     50000.05 gtc       no     | rejected   0       -       not on the tick
  sell   50    50000   gtc        no     | rejected   0       -       more than the margin carries
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_an_order_meets_the_touch(row: str) -> None:
    asked, answered = row.split("|")
    side, size, limit, tif, reduce_only = asked.split()
    state, filled, at, *_ = answered.split()
    exchange = town()
    exchange.quote(quote(LINEAR, "50000", "50010", size="5"))

    report = exchange.place(
        ME, order(side, size, None if limit == "-" else limit, tif=tif, reduce_only=reduce_only == "yes")
    )

    assert (report.state, report.filled) == (OrderState(state), D(filled)), report.reason
    fills = [item for item in exchange.activity[ME] if hasattr(item, "fill_id")]
    assert [str(fill.price) for fill in fills] == ([] if at == "-" else [at])  # type: ignore[union-attr]  # only fills are left


def test_a_resting_sell_fills_only_when_the_price_trades_through_it() -> None:
    exchange = town()
    exchange.place(ME, order("sell", "1", "50100"))

    exchange.traded(LINEAR.symbol, Price(D(49900)), Price(D(50100)), D(10))
    touched = exchange.order(ME, "o1")
    exchange.traded(LINEAR.symbol, Price(D(49900)), Price(D("50100.1")), D(10))
    through = exchange.order(ME, "o1")

    assert touched is not None
    assert touched.state is OrderState.OPEN
    assert through is not None
    assert through.state is OrderState.FILLED
    assert exchange.positions(ME)[0].entry_price == D(50100)


def test_a_resting_order_fills_in_parts_by_the_size_that_traded() -> None:
    exchange = town()
    exchange.place(ME, order("sell", "2", "50100"))

    for expected in ("0.8", "1.6", "2"):
        exchange.traded(LINEAR.symbol, Price(D(49900)), Price(D(50200)), D("0.8"))
        report = exchange.order(ME, "o1")
        assert report is not None
        assert report.filled == D(expected)


def test_a_maker_pays_the_maker_fee_and_a_taker_the_taker_fee() -> None:
    exchange = town()
    exchange.place(ME, order("sell", "1", name="taker"))
    exchange.place(ME, order("sell", "1", "50100", name="maker"))
    exchange.quote(quote(LINEAR, "50200"))

    fees = [item.fee for item in exchange.activity[ME] if hasattr(item, "fee")]

    assert fees == [D(50000) * LINEAR.fee_taker, D(50100) * LINEAR.fee_maker]


def test_the_displayed_size_is_used_up_until_the_next_quote() -> None:
    exchange = town()
    exchange.quote(quote(LINEAR, "50000", size="1.5"))

    first = exchange.place(ME, order("sell", "1", name="a", tif="ioc", limit="50000"))
    second = exchange.place(ME, order("sell", "1", name="b", tif="ioc", limit="50000"))
    exchange.quote(quote(LINEAR, "50000", size="1.5"))
    third = exchange.place(ME, order("sell", "1", name="c", tif="ioc", limit="50000"))

    assert [r.filled for r in (first, second, third)] == [D(1), D("0.5"), D(1)]


def test_a_reduce_only_order_never_turns_the_position() -> None:
    exchange = town()
    exchange.place(ME, order("sell", "1"))

    report = exchange.place(ME, order("buy", "3", "50010", tif="ioc", name="o2", reduce_only=True))

    assert report.filled == D(1)
    assert not any(position.contracts for position in exchange.positions(ME))


def test_a_known_client_order_id_is_answered_and_not_placed_again() -> None:
    exchange = town()
    once = exchange.place(ME, order("sell", "1"))
    again = exchange.place(ME, order("sell", "1"))

    assert once == again
    assert exchange.positions(ME)[0].contracts == D(-1)


def test_a_cancelled_order_no_longer_fills_and_cancelling_twice_is_harmless() -> None:
    exchange = town()
    exchange.place(ME, order("sell", "1", "50100"))
    first, second = exchange.cancel(ME, "o1"), exchange.cancel(ME, "o1")
    exchange.quote(quote(LINEAR, "60000"))

    assert first == second
    assert first is not None
    assert first.state is OrderState.CANCELLED
    assert exchange.cancel(ME, "never placed") is None
    assert not any(position.contracts for position in exchange.positions(ME))


def test_an_inverse_fill_is_booked_in_coins_at_the_harmonic_entry() -> None:
    exchange = town(INVERSE, deposit="1", price="5000")
    exchange.place(ME, order("sell", "10", contract=INVERSE))
    exchange.quote(quote(INVERSE, "6000"))
    exchange.place(ME, order("sell", "20", contract=INVERSE, name="o2"))

    assert abs(exchange.positions(ME)[0].entry_price - D(5625)) < Decimal("0.0000001")
    assert exchange.positions(ME)[0].contracts == Contracts(D(-30))
