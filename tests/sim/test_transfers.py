"""Money between a spot and a futures wallet: moved once, known again, conserved, brought back by a restore."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.reports import Payment, TransferReport
from bot.core.snapshot import Wallet
from bot.core.values import ZERO, Money
from bot.sim.account import InsufficientFundsError
from bot.sim.exchange import Exchange
from tests.sim.builders import INVERSE, LINEAR, ME, D, T, order, quote, town


def reserved(spot: str = "500", *, deposit: str = "1000") -> Exchange:
    """An exchange on which ME has USDT in both wallets."""
    exchange = town(deposit=deposit)
    exchange.reserve(ME, "USDT", D(spot))
    return exchange


def balances(exchange: Exchange, asset: str = "USDT") -> tuple[Decimal, Decimal]:
    trader = exchange.accounts[ME]
    return trader.balance("spot", asset), trader.balance("futures", asset)


# asked            | answers           | spot, futures after
ASKED = """
  a:200            | done              | 300 1200
  a:500            | done              | 0 1500     all of it
  a:501            | refused           | 500 1000   more than there is
  a:0              | refused           | 500 1000
  a:-5             | refused           | 500 1000   the other way is another request
  a:200 a:200      | done done         | 300 1200   a known name moves nothing twice
  a:200 a:100      | done done         | 300 1200   whatever is asked under it
  a:200 b:200      | done done         | 100 1400
  a:501 a:200      | refused refused   | 500 1000   a refusal is remembered, too
  a:300 b:300      | done refused      | 200 1300
"""


@pytest.mark.parametrize("row", ASKED.strip().splitlines())
def test_a_transfer_moves_what_is_there_and_once(row: str) -> None:
    asked, answers, after = row.split("|")
    exchange = reserved()

    reports = [
        exchange.transfer(ME, name, "USDT", D(amount))
        for name, _, amount in (one.partition(":") for one in asked.split())
    ]

    assert [report.state for report in reports] == answers.split()
    assert balances(exchange) == tuple(D(amount) for amount in after.split()[:2])


def test_a_transfer_can_be_looked_up_and_a_refusal_says_why() -> None:
    exchange = reserved()
    before = exchange.transfer_of(ME, "a")
    done, refused = (exchange.transfer(ME, name, "USDT", D(300)) for name in ("a", "b"))

    assert before is None
    assert done == TransferReport(transfer_id="a", state="done") == exchange.transfer_of(ME, "a")
    assert refused == exchange.transfer_of(ME, "b")
    assert "300 USDT asked of the spot wallet, 200" in refused.reason


def test_the_owner_is_told_of_a_transfer_as_of_a_payment_and_it_counts_as_deposited() -> None:
    exchange = reserved()
    exchange.transfer(ME, "top-up-7", "USDT", D(200))
    exchange.transfer(ME, "top-up-8", "USDT", D(9999))

    assert exchange.activity[ME][1:] == [
        Payment(
            payment_id="top-up-7-2", kind="transfer", symbol=None, asset="USDT", amount=Money(D(200)), at_ms=T
        )
    ]
    assert exchange.accounts[ME].deposited["USDT"] == 1200


def test_no_futures_wallet_is_told_of_what_comes_into_a_spot_wallet() -> None:
    exchange = reserved()
    exchange.reserve(ME, "USDT", D(-100))

    assert len(exchange.activity[ME]) == 1
    assert balances(exchange) == (D(400), D(1000))
    with pytest.raises(InsufficientFundsError, match=r"400\S* is free"):
        exchange.reserve(ME, "USDT", D(-401))


def test_a_futures_wallet_that_only_its_spot_wallet_could_fill_is_told_too() -> None:
    exchange = reserved("500")
    exchange.reserve(ME, "BTC", D(2))
    exchange.reserve(ME, "ETH", D(1))
    exchange.reserve(ME, "ETH", D(-1))

    told = [(one.asset, one.balance, one.deposited, one.spare) for one in exchange.wallets(ME)]
    assert told == [("BTC", D(0), D(0), D(2)), ("USDT", D(1000), D(1000), D(500))]


def test_the_exchange_tells_its_own_figures_of_a_cross_wallet_at_the_marks() -> None:
    exchange = reserved("0", deposit="10000")
    exchange.place(ME, order("sell", "1"))
    exchange.quote(quote(LINEAR, "52000"))

    (wallet,) = exchange.wallets(ME)

    assert (wallet.balance, wallet.equity, wallet.maintenance) == (D(9975), D(7975), D(208))


@pytest.mark.parametrize("why", ["isolated", "no mark"])
def test_figures_that_the_exchange_does_not_have_are_not_told(why: str) -> None:
    exchange = town(deposit="10000", margin_mode="isolated" if why == "isolated" else "cross")
    exchange.place(ME, order("sell", "1"))
    if why == "no mark":
        exchange.marks.clear()

    (wallet,), (position,) = exchange.wallets(ME), exchange.positions(ME)

    assert wallet == Wallet(asset="USDT", balance=Money(D(9975)), deposited=Money(D(10000)))
    assert (position.liquidation_price is None) == (why == "no mark")


def test_a_position_is_told_with_its_liquidation_price_and_a_rank_if_the_scenario_gives_one() -> None:
    exchange = reserved("0", deposit="10000")
    exchange.place(ME, order("sell", "1"))
    (before,) = exchange.positions(ME)
    exchange.adl_ranks[ME, LINEAR.symbol] = 4
    exchange.adl_ranks["another", LINEAR.symbol] = 5
    (after,) = exchange.positions(ME)
    exchange.place(ME, order("buy", "1", name="o2"))
    exchange.quote(quote(LINEAR, "49000"))

    assert before.liquidation_price == D(59975) / D("1.004")
    assert (before.adl_rank, after.adl_rank) == (None, 4)
    assert exchange.positions(ME) == (), "nothing realised, nothing held"


moves = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "reserve", "transfer", "sell", "buy", "price", "fund"]),
        st.integers(1, 400),
    ),
    max_size=25,
)


def play(exchange: Exchange, script: list[tuple[str, int]]) -> Decimal:
    """Do what a script says, in coins of a fiftieth; returns what came into the spot wallet."""
    brought = ZERO
    for number, (what, size) in enumerate(script):
        coins = D(size) / 50
        match what:
            case "deposit":
                exchange.deposit(ME, "BTC", coins)
            case "reserve":
                exchange.reserve(ME, "BTC", coins)
                brought += coins
            case "transfer":
                exchange.transfer(ME, f"t-{number % 5}", "BTC", coins)
            case "price":
                exchange.quote(quote(INVERSE, str(50_000 + 20 * size)))
            case "fund":
                exchange.settle_funding(INVERSE.symbol, D(size).scaleb(-6), D(50_000), exchange.at_ms)
            case _:
                exchange.place(ME, order(what, str(size), name=f"o{number}", contract=INVERSE))
    return brought


@given(script=moves)
def test_both_wallets_are_conserved_and_come_back_whole(script: list[tuple[str, int]]) -> None:
    exchange = town(INVERSE, deposit="3")
    brought = play(exchange, script)
    again = Exchange((INVERSE,))
    again.open_account(ME, "cross", D(10))
    if brought:
        again.reserve(ME, "BTC", brought)

    again.restore(ME, tuple(exchange.activity[ME]))
    again.marks.update(exchange.marks)

    trader = exchange.accounts[ME]
    for wallet in ("spot", "futures"):
        booked = sum((entry.amount for entry in trader.entries if entry.wallet == wallet), ZERO)
        assert trader.wallets.get((wallet, "BTC"), ZERO) == booked
    transfers = [entry.amount for entry in trader.entries if entry.kind == "transfer"]
    assert sum(transfers, ZERO) == ZERO
    assert again.wallets(ME) == exchange.wallets(ME)
    assert again.positions(ME) == exchange.positions(ME)
    assert again.activity[ME] == exchange.activity[ME]
    for name in (f"t-{number}" for number in range(5)):
        report = exchange.transfer_of(ME, name)
        assert again.transfer_of(ME, name) == (report if report and report.state == "done" else None)


def test_a_transfer_out_of_a_spot_wallet_whose_money_was_not_brought_in_cannot_be_restored() -> None:
    exchange = reserved()
    exchange.transfer(ME, "a", "USDT", D(200))
    again = Exchange((LINEAR,))
    again.open_account(ME, "cross", D(10))
    again.reserve(ME, "USDT", D(199))

    with pytest.raises(ValueError, match="bring its money in first"):
        again.restore(ME, tuple(exchange.activity[ME]))


def test_a_restored_transfer_is_not_moved_again() -> None:
    exchange = reserved()
    exchange.transfer(ME, "a", "USDT", D(200))
    again = Exchange((LINEAR,))
    again.open_account(ME, "cross", D(10))
    again.reserve(ME, "USDT", D(500))
    again.restore(ME, tuple(exchange.activity[ME]))

    assert again.transfer(ME, "a", "USDT", D(200)).state == "done"
    assert balances(again) == (D(300), D(1200))
