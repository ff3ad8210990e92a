from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reports import Fill, Payment
from bot.core.values import ZERO, Price
from bot.sim.account import InsufficientFundsError, SimAccount
from bot.sim.exchange import LIQUIDATION_ID, Exchange
from tests.sim.builders import INVERSE, LINEAR, ME, D, order, quote, town

Step = tuple[str, int, int, bool]
steps = st.lists(
    st.tuples(
        st.sampled_from(["sell", "buy", "fund", "price"]),
        st.integers(1, 3000),
        st.integers(20_000, 90_000),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


def play(exchange: Exchange, contract: str, script: list[Step]) -> None:
    """Trade a script: sizes in steps, prices in quote currency."""
    instrument = exchange.contracts[contract]
    for number, (what, size, price, flag) in enumerate(script):
        if what == "price":
            exchange.quote(quote(instrument, str(price)))
        elif what == "fund":
            exchange.settle_funding(contract, (D(size) - 1500).scaleb(-6), D(price), exchange.at_ms)
        else:
            contracts = str(size * instrument.contracts_step)
            limit = str(exchange.touches[contract].quote.bid)
            exchange.place(
                ME,
                order(
                    what,
                    contracts,
                    limit,
                    name=f"o{number}",
                    contract=instrument,
                    tif="ioc",
                    reduce_only=flag,
                ),
            )


def cash(exchange: Exchange, asset: str) -> Decimal:
    return exchange.accounts[ME].balance("futures", asset)


@pytest.mark.parametrize("margin_mode", ["cross", "isolated"])
@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
@given(script=steps)
def test_money_is_conserved_to_the_last_digit(
    contract: object, margin_mode: Literal["cross", "isolated"], script: list[Step]
) -> None:
    instrument = LINEAR if contract is LINEAR else INVERSE
    exchange = town(instrument, deposit="60000" if instrument.linear else "2", margin_mode=margin_mode)

    play(exchange, instrument.symbol, script)

    trader = exchange.accounts[ME]
    fills = [item for item in exchange.activity[ME] if isinstance(item, Fill)]
    payments = [item for item in exchange.activity[ME] if isinstance(item, Payment)]
    told = sum((f.told_pnl - f.fee for f in fills), ZERO) + sum((p.amount for p in payments), ZERO)
    assert cash(exchange, instrument.settle) == sum((entry.amount for entry in trader.entries), ZERO)
    assert cash(exchange, instrument.settle) == told
    held = sum((f.side.sign * f.contracts for f in fills), ZERO)
    assert trader.position(instrument).contracts == held


@given(script=steps)
def test_a_linear_position_once_flat_has_realised_exactly_its_cash_flows(script: list[Step]) -> None:
    exchange = town(deposit="100000000")
    play(exchange, LINEAR.symbol, script)
    position = exchange.accounts[ME].position(LINEAR)
    if position.contracts != ZERO:
        closing = "buy" if position.contracts < ZERO else "sell"
        exchange.quote(quote(LINEAR, "33333.3", size="100000"))
        exchange.place(ME, order(closing, str(abs(position.contracts)), "33333.3", tif="ioc", name="close"))

    fills = [item for item in exchange.activity[ME] if isinstance(item, Fill)]
    flows = sum((-f.side.sign * f.contracts * f.price for f in fills), ZERO)
    assert position.contracts == ZERO
    assert position.cost == ZERO
    assert position.realised == flows


@given(script=steps)
def test_an_account_restored_from_what_it_was_told_is_the_same(script: list[Step]) -> None:
    exchange = town(INVERSE, deposit="3")
    play(exchange, INVERSE.symbol, script)
    again = Exchange((INVERSE,))
    again.open_account(ME, "cross", D(10))

    again.restore(ME, tuple(exchange.activity[ME]))
    again.marks.update(exchange.marks)

    assert again.positions(ME) == exchange.positions(ME)
    assert again.wallets(ME) == exchange.wallets(ME)
    assert again.activity[ME] == exchange.activity[ME]


# side  rate     position | received            (linear, 2 BTC at a mark of 50,000)
FUNDING = """
  sell   0.0001   -2       |  10       positive: the short is paid
  sell  -0.0001   -2       | -10       negative: the short pays
  buy    0.0001    2       | -10       positive: the long pays
"""


@pytest.mark.parametrize("row", FUNDING.strip().splitlines())
def test_funding_goes_from_longs_to_shorts_when_positive(row: str) -> None:
    side, rate, position, _, received, *_ = row.split()
    exchange = town()
    exchange.place(ME, order(side, "2"))
    before = cash(exchange, "USDT")

    exchange.settle_funding(LINEAR.symbol, D(rate), D(50000), exchange.at_ms)

    assert exchange.positions(ME)[0].contracts == D(position)
    assert cash(exchange, "USDT") - before == D(received)


def test_funding_is_paid_on_the_position_of_that_time_only() -> None:
    exchange = town()
    exchange.settle_funding(LINEAR.symbol, D("0.01"), D(50000), exchange.at_ms)
    exchange.place(ME, order("sell", "1"))
    exchange.settle_funding(LINEAR.symbol, D("0.01"), D(50000), exchange.at_ms)
    exchange.place(ME, order("buy", "1", name="o2", reduce_only=True))
    exchange.settle_funding(LINEAR.symbol, D("0.01"), D(50000), exchange.at_ms)

    paid = [p.amount for p in exchange.activity[ME] if isinstance(p, Payment) and p.kind == "funding"]
    assert paid == [D(500)]


def test_inverse_funding_is_rate_times_dollars_over_price_in_coins() -> None:
    exchange = town(INVERSE, deposit="1")
    exchange.place(ME, order("sell", "100", contract=INVERSE))
    exchange.settle_funding(INVERSE.symbol, D("0.0001"), D(40000), exchange.at_ms)

    payment = exchange.activity[ME][-1]
    assert isinstance(payment, Payment)
    assert payment.amount == D("0.0001") * 10000 / 40000


@pytest.mark.parametrize("margin_mode", ["cross", "isolated"])
@pytest.mark.parametrize("contract", [LINEAR, INVERSE], ids=["linear", "inverse"])
def test_liquidation_comes_at_the_price_the_formula_says_and_not_before(
    contract: object, margin_mode: Literal["cross", "isolated"]
) -> None:
    instrument = LINEAR if contract is LINEAR else INVERSE
    exchange = town(instrument, deposit="8000" if instrument.linear else "0.15", margin_mode=margin_mode)
    exchange.place(ME, order("sell", "1" if instrument.linear else "500", contract=instrument))
    trader = exchange.accounts[ME]
    position = trader.position(instrument)
    backing = trader.backing(position, exchange.marks)
    price = instrument.liquidation_price(position.contracts, position.entry_price, backing)
    assert price is not None

    exchange.mark(instrument.symbol, price - D("0.01"))
    alive = position.contracts
    exchange.mark(instrument.symbol, price + D("0.01"))

    assert alive < ZERO
    assert position.contracts == ZERO
    last = [item for item in exchange.activity[ME] if isinstance(item, Fill)][-1]
    assert last.client_order_id == LIQUIDATION_ID


def test_a_cross_liquidation_takes_the_whole_wallet_and_an_isolated_one_its_own_margin() -> None:
    left = {}
    modes: tuple[Literal["cross", "isolated"], ...] = ("cross", "isolated")
    for margin_mode in modes:
        exchange = town(deposit="20000", margin_mode=margin_mode)
        exchange.place(ME, order("sell", "1"))
        exchange.mark(LINEAR.symbol, D(90000))
        left[margin_mode] = cash(exchange, "USDT")

    assert left["cross"] == ZERO
    assert left["isolated"] == 20000 - 25 - 5000


def test_a_wick_inside_a_bar_liquidates_and_the_last_mark_stays_for_the_rest() -> None:
    exchange = town(deposit="8000")
    exchange.place(ME, order("sell", "1"))

    exchange.traded(LINEAR.symbol, Price(D(49000)), Price(D(60000)), D(1))

    assert exchange.positions(ME)[0].contracts == ZERO
    assert exchange.marks[LINEAR.symbol] == D(50000)


def test_transfers_move_money_between_spot_and_futures_and_count_as_deposits() -> None:
    trader = SimAccount(name=ME, margin_mode="cross", leverage=D(10))
    trader.deposit(0, "spot", "BTC", D(2), {})
    trader.transfer(0, "BTC", D("0.5"), {}, to="futures")
    trader.transfer(0, "BTC", D("0.2"), {}, to="spot")

    assert trader.balance("spot", "BTC") == D("1.7")
    assert trader.balance("futures", "BTC") == D("0.3")
    assert trader.deposited["BTC"] == D("0.3")
    assert sum(entry.amount for entry in trader.entries) == D(2)


def test_money_that_backs_a_position_cannot_leave() -> None:
    exchange = town(deposit="10000")
    exchange.place(ME, order("sell", "1"))

    with pytest.raises(InsufficientFundsError, match="is free"):
        exchange.deposit(ME, "USDT", D(-6000))

    exchange.deposit(ME, "USDT", D(-4000))
    assert cash(exchange, "USDT") == 10000 - 25 - 4000
