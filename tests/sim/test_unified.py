"""Coins that back positions which settle in something else (reference section 5.7)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.adapters.model_market import model_contract
from bot.core.instruments import Contract, MarginMode, MarginRule, tiers_from
from bot.core.orders import OrderState
from bot.core.reports import Fill, Payment
from bot.core.values import ZERO, Price, Ratio
from bot.sim.account import InsufficientFundsError
from bot.sim.exchange import LIQUIDATION_ID, Exchange
from tests.sim.builders import LINEAR, ME, D, order, quote

FLAT = replace(LINEAR, tiers=tiers_from([(ZERO, D("0.005"), D(50))]), fee_taker=Ratio(ZERO))
"""One tier at 0.5 %, no fee: as the reference has it."""
ETHER = replace(model_contract("ETH/USDT:USDT"), fee_taker=Ratio(ZERO))
E = D(50_000)


def unified(
    coins: str,
    cash: str,
    *,
    share: str = "0.95",
    contracts: tuple[Contract, ...] = (FLAT,),
    margin_mode: MarginMode = "cross",
) -> Exchange:
    """An exchange on which ME has BTC that back what settles in USDT, and some USDT."""
    exchange = Exchange(contracts)
    exchange.open_account(ME, margin_mode, D(10)).collateral_shares["BTC"] = D(share)
    for contract in contracts:
        exchange.quote(quote(contract, str(E), size="1000000"))
    exchange.deposit(ME, "BTC", D(coins))
    exchange.deposit(ME, "USDT", D(cash))
    return exchange


def liquidated(exchange: Exchange) -> bool:
    told = exchange.activity[ME]
    return any(isinstance(item, Fill) and item.client_order_id == LIQUIDATION_ID for item in told)


# k     C    W      q     | liquidated at            LP = (W + qE) / (q (1 + m) - k C), E = 50,000, m = 0.5 %
LIQUIDATIONS = """
  0.95  1    0      1.5   | 134529.15
  0.95  1    20000  2     | 113207.54
  0.9   0.5  1000   1     | 91891.89
  0.95  0.1  0      0.5   | 61349.69
  0.95  0    5000   0.5   | 59701.49     no coins: an ordinary account
  0     1    5000   0.5   | 59701.49     coins that count nothing
  0.95  1    0      0.946 | 64794520.55  just above 0.945 C
  0.95  1    0      0.945 | never        q <= 0.945 C cannot be liquidated by price
  0.95  1    0      0.5   | never
"""


@pytest.mark.parametrize("row", LIQUIDATIONS.strip().splitlines())
def test_a_unified_account_is_liquidated_exactly_where_the_reference_says(row: str) -> None:
    k, c, w, q, _, expected, *_ = row.split()
    exchange = unified(c, w, share=k)
    exchange.place(ME, order("sell", q, contract=FLAT))
    (told,) = exchange.positions(ME)
    if expected == "never":
        exchange.quote(quote(FLAT, "1000000000"))
        assert (told.liquidation_price, liquidated(exchange)) == (None, False)
        return
    price = (D(w) + D(q) * E) / (D(q) * D("1.005") - D(k) * D(c))

    exchange.quote(quote(FLAT, str(price - D("0.01"))))
    alive = not liquidated(exchange)
    exchange.quote(quote(FLAT, str(price + D("0.01"))))

    assert abs(price - D(expected)) < D("0.01")
    assert told.liquidation_price is not None
    assert abs(told.liquidation_price - price) < D("1e-9")
    assert (alive, liquidated(exchange)) == (True, True)


# side  C    W        q   rule    | the account dies where it says, over several tiers
TIERED = """
  sell  10   0        30  mark    | up
  sell  100  0        120 mark    | up
  buy   1    0        6   mark    | down
  buy   1    -10000   1   mark    | down
  buy   100  0        300 entry   | down
  sell  10   0        30  entry   | up
"""


@pytest.mark.parametrize("row", TIERED.strip().splitlines())
def test_the_price_told_is_the_price_that_liquidates_in_whatever_tier(row: str) -> None:
    side, c, w, q, rule, *_ = row.split()
    contract = replace(LINEAR, margin_rule=MarginRule(rule), fee_taker=Ratio(ZERO))
    exchange = unified(c, "0", contracts=(contract,))
    exchange.accounts[ME].post(0, "fee", "USDT", D(w))
    exchange.place(ME, order(side, q, contract=contract))
    exchange.quote(quote(contract, "51000"))
    (told,) = exchange.positions(ME)
    assert told.contracts
    assert told.liquidation_price is not None
    away = D("0.01") if side == "sell" else D("-0.01")

    exchange.quote(quote(contract, str(told.liquidation_price - away)))
    alive = not liquidated(exchange)
    exchange.quote(quote(contract, str(told.liquidation_price + away)))

    assert (alive, liquidated(exchange)) == (True, True)


def test_equity_told_leaves_the_coins_out_and_says_what_share_of_them_counts() -> None:
    exchange = unified("2", "1000")
    exchange.place(ME, order("sell", "1", contract=FLAT))
    exchange.quote(quote(FLAT, "60000"))

    coins, cash = exchange.wallets(ME)

    assert (coins.asset, coins.balance, coins.collateral_share, coins.equity) == (
        "BTC",
        D(2),
        D("0.95"),
        D(2),
    )
    assert (cash.collateral_share, cash.equity, cash.maintenance) == (D(0), D(-9000), D(300))
    assert exchange.accounts[ME].equity("USDT", exchange.marks) == -9000 + D("0.95") * 2 * 60000


def test_a_liquidation_takes_the_coins_as_well_and_the_ledger_explains_it() -> None:
    exchange = unified("1", "10000")
    exchange.place(ME, order("sell", "2", contract=FLAT))
    exchange.quote(quote(FLAT, "150000"))

    trader = exchange.accounts[ME]
    lost = [(p.asset, p.amount) for p in exchange.activity[ME] if isinstance(p, Payment)][2:]
    assert lost == [("USDT", D(190_000)), ("BTC", D(-1))], (
        "the house covers what is missing, and keeps the coins"
    )
    for asset in ("USDT", "BTC"):
        assert trader.balance("futures", asset) == ZERO
        assert sum((one.amount for one in trader.entries if one.asset == asset), ZERO) == ZERO


def test_an_account_that_lost_its_coins_can_be_restored() -> None:
    exchange = unified("1", "10000")
    exchange.place(ME, order("sell", "2", contract=FLAT))
    exchange.quote(quote(FLAT, "150000"))
    again = Exchange((FLAT,))
    again.open_account(ME, "cross", D(10)).collateral_shares["BTC"] = D("0.95")

    again.restore(ME, tuple(exchange.activity[ME]))

    assert again.positions(ME) == exchange.positions(ME)
    assert again.accounts[ME].wallets == exchange.accounts[ME].wallets


def test_coins_back_new_orders_but_not_in_isolated_mode() -> None:
    states = []
    modes: tuple[MarginMode, ...] = ("cross", "isolated")
    for mode in modes:
        exchange = unified("1", "0", margin_mode=mode)
        states += [exchange.place(ME, order("sell", size, contract=FLAT, name=size)).state for size in "49"]
        assert exchange.wallets(ME)[0].collateral_share == (D("0.95") if mode == "cross" else 0)

    filled, rejected = OrderState.FILLED, OrderState.REJECTED
    assert states == [filled, rejected, rejected, rejected], "0.95 x 50,000 at ten times is 9.5 in all"


# asset amount | the answer, 1 BTC and 1,000 USDT behind a short of 4 at ten times: 48,500 free of 20,000 needed
LEAVING = """
  BTC   -0.6   | taken          0.95 x 0.6 x 50,000 = 28,500
  BTC   -0.61  | refused
  USDT  -1000  | taken
  USDT  -1001  | refused        coins back a debt, they do not pay it out
"""


@pytest.mark.parametrize("row", LEAVING.strip().splitlines())
def test_neither_coins_that_back_a_position_nor_money_that_is_not_there_can_leave(row: str) -> None:
    asset, amount, _, answer, *_ = row.split()
    exchange = unified("1", "1000")
    exchange.place(ME, order("sell", "4", contract=FLAT))

    if answer == "taken":
        exchange.deposit(ME, asset, D(amount))
        return
    with pytest.raises(InsufficientFundsError):
        exchange.deposit(ME, asset, D(amount))


def test_a_fall_of_the_coin_that_backs_a_position_in_another_one_liquidates_it() -> None:
    exchange = unified("1", "0", contracts=(FLAT, ETHER))
    exchange.place(ME, order("buy", "8", contract=ETHER))

    exchange.quote(quote(FLAT, "1700"))

    assert liquidated(exchange)
    assert exchange.accounts[ME].balance("futures", "BTC") == ZERO


def test_the_price_told_of_a_position_in_another_coin_lets_the_coins_behind_it_stand() -> None:
    exchange = unified("1", "0", contracts=(FLAT, ETHER))
    exchange.place(ME, order("sell", "2", contract=ETHER))
    (told,) = exchange.positions(ME)
    assert told.liquidation_price is not None

    exchange.quote(quote(ETHER, str(told.liquidation_price - D("0.01"))))
    alive = not liquidated(exchange)
    exchange.quote(quote(ETHER, str(told.liquidation_price + D("0.01"))))

    assert (alive, liquidated(exchange)) == (True, True)


def test_an_account_is_not_judged_before_its_coins_have_a_price() -> None:
    exchange = unified("1", "0", contracts=(FLAT, ETHER))
    exchange.place(ME, order("sell", "2", contract=ETHER))
    again = Exchange((FLAT, ETHER))
    again.open_account(ME, "cross", D(10)).collateral_shares["BTC"] = D("0.95")
    again.restore(ME, tuple(exchange.activity[ME]))

    again.quote(quote(ETHER, "50500"))
    early = again.positions(ME)[0].liquidation_price
    again.quote(quote(FLAT, "50000"))

    assert (early, liquidated(again)) == (None, False)
    assert again.positions(ME)[0].liquidation_price is not None


def test_coins_are_valued_in_the_coin_that_a_position_settles_in() -> None:
    inverse = model_contract("ETH/USD:ETH")
    exchange = unified("1", "0", contracts=(FLAT, inverse))
    exchange.quote(quote(inverse, "2500"))

    assert exchange.accounts[ME].collateral("ETH") == D("0.95") * 20
    assert exchange.accounts[ME].collateral("BTC") == ZERO


def test_a_wick_moves_the_mark_and_leaves_the_index_of_the_coins() -> None:
    exchange = unified("1", "0")
    exchange.place(ME, order("sell", "1.5", contract=FLAT))

    exchange.traded(FLAT.symbol, Price(Decimal(49_000)), Price(Decimal(90_000)), D(1))

    assert liquidated(exchange), "it would have lived to 134,529 had the coins risen along"
