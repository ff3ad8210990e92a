"""How a dated contract ends at the model exchange: the mean of its index, the fee, and what is left of everything else."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.model_market import ModelMarket, ModelTown, model_contract, quarter_expiries, turnover_at
from bot.core.instruments import Contract, DatedFuture, Perpetual
from bot.core.orders import OrderState
from bot.core.reports import SETTLEMENT_ID, Fill, Payment
from bot.core.values import ZERO, Price, Ratio
from bot.sim.exchange import DELEVERAGE_ID, Exchange
from tests.core.builders import HOUR, dated
from tests.sim.builders import INVERSE, LINEAR, ME, D, T, order, quote

MINUTE = 60_000
EXPIRY = T + HOUR


def expiring(base: Perpetual, *, fee: str = "0") -> DatedFuture:
    return replace(dated(base, 1, code="231114"), fee_delivery=Ratio(D(fee)))


def short_of(contract: DatedFuture, contracts: str, *, deposit: str = "100000") -> Exchange:
    """An exchange on which ME sold some contracts at 50,000, an hour before they expire."""
    exchange = Exchange((contract,))
    exchange.open_account(ME, "cross", D(10))
    exchange.quote(quote(contract, "50000"))
    exchange.deposit(ME, contract.settle, D(deposit))
    exchange.place(ME, order("sell", contracts, contract=contract))
    return exchange


def settled(exchange: Exchange) -> Fill:
    (fill,) = [
        item
        for item in exchange.activity[ME]
        if isinstance(item, Fill) and item.client_order_id == SETTLEMENT_ID
    ]
    return fill


# Minutes before expiry and the index seen then; it stands until the next.
MEANS = """
# seen                         | mean
  60:50000                     | 50000  what stood before the window counts from its beginning
  60:50000 30:40000            | 40000
  60:50000 15:40000            | 45000  half the time at each
  60:50000 20:40000 10:60000   | 50000  ten minutes each
  60:50000 29:10000 28:50000   | 48666.66666666666666666666667
"""


@pytest.mark.parametrize(
    ("seen", "mean"),
    [
        (left.split(), right.split()[0])
        for left, _, right in (line.partition("|") for line in MEANS.strip().splitlines()[1:])
    ],
)
def test_a_contract_settles_at_the_mean_of_the_index_by_time(seen: list[str], mean: str) -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    for look in seen[1:]:
        minutes, index = look.split(":")
        shown = quote(contract, "50000", at_ms=EXPIRY - int(minutes) * MINUTE)
        exchange.quote(replace(shown, index=Price(D(index))))

    exchange.quote(quote(contract, "99999", at_ms=EXPIRY))

    assert settled(exchange).price == D(mean)
    assert exchange.accounts[ME].position(contract).contracts == ZERO


def test_a_linear_short_is_paid_its_profit_less_the_delivery_fee() -> None:
    exchange = short_of(expiring(LINEAR, fee="0.0005"), "2")
    paid = exchange.accounts[ME].balance("futures", "USDT")

    exchange.expire(expiring(LINEAR).symbol, D(45_000))

    assert [settled(exchange).realised_pnl, settled(exchange).fee] == [D(10_000), D(45)]
    assert exchange.accounts[ME].balance("futures", "USDT") == paid + 10_000 - 45


def test_an_inverse_short_is_paid_in_coins() -> None:
    exchange = short_of(expiring(INVERSE, fee="0.0005"), "500", deposit="1")

    exchange.expire(expiring(INVERSE).symbol, D(40_000))

    assert settled(exchange).realised_pnl == D("0.25")
    assert settled(exchange).fee == D("0.000625")


def test_half_way_through_the_window_half_of_a_jump_counts_as_the_delta_says() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    half_ms = EXPIRY - 15 * MINUTE

    exchange.quote(replace(quote(contract, "60000", at_ms=half_ms), index=Price(D(60_000))))
    exchange.quote(quote(contract, "60000", at_ms=EXPIRY))

    assert contract.delta_share(half_ms) == D("0.5")
    assert settled(exchange).realised_pnl == -D(10_000) * contract.delta_share(half_ms)


def test_another_contracts_prices_bring_an_expiry_about_too() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    exchange.relist(LINEAR)

    exchange.quote(quote(LINEAR, "50000", at_ms=EXPIRY + HOUR))

    assert settled(exchange).price == 50_000


def test_an_expired_contract_takes_no_orders_and_cancels_those_that_rest() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    exchange.place(ME, order("sell", "1", "51000", name="rests", contract=contract))
    exchange.quote(quote(contract, "50000", at_ms=EXPIRY))

    rested = exchange.order(ME, "rests")
    late = exchange.place(ME, order("sell", "1", "50000", name="late", contract=contract))

    assert rested is not None
    assert (rested.state, rested.reason) == (OrderState.CANCELLED, "the contract has expired")
    assert (late.state, late.reason) == (OrderState.REJECTED, f"{contract.symbol} has expired")


@pytest.mark.parametrize("status", ["halted", "delisted"])
def test_a_contract_that_is_not_traded_takes_no_orders(status: str) -> None:
    contract = replace(LINEAR, status="halted" if status == "halted" else "delisted")
    exchange = Exchange((contract,))
    exchange.open_account(ME, "cross", D(10))
    exchange.quote(quote(contract, "50000"))

    assert exchange.place(ME, order("sell", "1")).reason == f"{LINEAR.symbol} is {status}"


def restored(before: Exchange, *contracts: Contract) -> Exchange:
    """An exchange of such contracts with ME's account as it was told."""
    again = Exchange(contracts)
    again.open_account(ME, "cross", D(10))
    again.restore(ME, tuple(before.activity[ME]))
    return again


def test_a_contract_whose_index_was_never_seen_settles_only_if_nobody_holds_it() -> None:
    contract = expiring(LINEAR)
    held = restored(short_of(contract, "1"), contract)
    with pytest.raises(ValueError, match="no index was ever seen"):
        held.expire(contract.symbol)

    assert held.positions(ME)[0].contracts == -1
    Exchange((contract,)).expire(contract.symbol)


def test_a_contract_that_never_expires_cannot_be_made_to() -> None:
    with pytest.raises(ValueError, match="no dated contract"):
        short_of(expiring(LINEAR), "1").expire(LINEAR.symbol)


def test_an_expired_contract_has_no_price_whoever_shows_one_and_comes_back_no_more() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    for late_ms in (0, MINUTE):
        exchange.quote(quote(contract, "50000", at_ms=EXPIRY + late_ms))
        exchange.traded(contract.symbol, Price(D(40_000)), Price(D(60_000)), D(1))

    assert contract.symbol not in exchange.touches
    assert contract.symbol not in exchange.marks
    with pytest.raises(ValueError, match="has expired"):
        exchange.relist(contract)


def test_a_contract_settled_before_its_time_takes_no_orders_either() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    exchange.expire(contract.symbol, D(50_000))

    late = exchange.place(ME, order("sell", "1", "50000", name="late", contract=contract))

    assert late.reason == f"{contract.symbol} has expired"


def test_contracts_settle_at_their_own_time_however_late_the_next_prices_come() -> None:
    exchange = short_of(expiring(LINEAR), "1")
    exchange.relist(LINEAR)

    exchange.settle_funding(LINEAR.symbol, D(0), D(50_000), EXPIRY + HOUR)

    assert settled(exchange).at_ms == EXPIRY
    assert exchange.at_ms == EXPIRY + HOUR


def test_a_contract_whose_expiry_is_put_off_settles_at_the_mean_of_the_new_window() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    exchange.relist(replace(contract, expiry_ms=EXPIRY + HOUR))
    exchange.quote(replace(quote(contract, "50000", at_ms=EXPIRY + 45 * MINUTE), index=Price(D(40_000))))
    still = exchange.positions(ME)[0].contracts

    exchange.quote(quote(contract, "50000", at_ms=EXPIRY + HOUR))

    assert (still, settled(exchange).price) == (D(-1), D(45_000))


def test_resting_orders_of_a_halted_contract_wait_until_it_is_traded_again() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "1")
    exchange.place(ME, order("sell", "1", "51000", name="rests", contract=contract))
    states = []
    for status in (replace(contract, status="halted"), contract):
        exchange.relist(status)
        exchange.quote(quote(contract, "52000"))
        report = exchange.order(ME, "rests")
        states.append(None if report is None else report.state)

    assert states == [OrderState.OPEN, OrderState.FILLED]


def test_a_venue_that_deleverages_closes_a_part_and_says_so() -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "2")

    exchange.deleverage(ME, contract.symbol, D("0.5"), Price(D(40_000)))

    fill = [item for item in exchange.activity[ME] if isinstance(item, Fill)][-1]
    assert (fill.client_order_id, str(fill.side)) == (DELEVERAGE_ID, "buy")
    assert fill.told_pnl == 5_000
    assert exchange.accounts[ME].position(contract).contracts == D("-1.5")


@pytest.mark.parametrize("contracts", ["2.5", "0", "-1"])
def test_no_more_is_deleveraged_than_is_held(contracts: str) -> None:
    contract = expiring(LINEAR)
    exchange = short_of(contract, "2")

    with pytest.raises(ValueError, match="-2 are held"):
        exchange.deleverage(ME, contract.symbol, D(contracts), Price(D(40_000)))


@pytest.mark.parametrize("minutes", [10_000, 20, 0])
def test_an_account_can_be_restored_over_deleveraging_and_expiry_with_money_moving_in_between(
    minutes: int,
) -> None:
    contract = expiring(INVERSE, fee="0.0005")
    exchange = short_of(contract, "500", deposit="2")
    exchange.deposit(ME, "BTC", D("0.5"))
    exchange.deleverage(ME, contract.symbol, D(100), Price(D(40_000)))
    exchange.deposit(ME, "BTC", D("-0.1"))
    exchange.quote(quote(contract, "45000", at_ms=max(T, EXPIRY - minutes * MINUTE)))

    again = restored(exchange, contract)
    again.marks.update(exchange.marks)

    assert again.positions(ME) == exchange.positions(ME)
    assert again.wallets(ME) == exchange.wallets(ME)
    assert again.activity[ME] == exchange.activity[ME]


def test_a_fill_in_a_contract_that_the_exchange_was_not_given_cannot_be_restored() -> None:
    with pytest.raises(ValueError, match="BTC/USDT:USDT-231114, which this exchange was not given"):
        restored(short_of(expiring(LINEAR), "1"), LINEAR)


@given(
    trades=st.lists(
        st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 3000), st.integers(30_000, 70_000)),
        max_size=12,
    ),
    taken=st.integers(0, 100),
    inverse=st.booleans(),
)
def test_money_is_conserved_over_trading_deleveraging_and_expiry(
    trades: list[tuple[str, int, int]], taken: int, *, inverse: bool
) -> None:
    contract = expiring(INVERSE if inverse else LINEAR, fee="0.0005")
    exchange = short_of(contract, "10" if inverse else "0.5", deposit="10" if inverse else "1000000")
    for number, (side, size, price) in enumerate(trades):
        exchange.quote(quote(contract, str(price), size="1000000", at_ms=T + (number + 1) * 4 * MINUTE))
        contracts = str(size) if inverse else str(D(size) / 1000)
        exchange.place(ME, order(side, contracts, contract=contract, name=f"o{number}"))
    held = abs(exchange.accounts[ME].position(contract).contracts)
    part = (held * taken / 100 / contract.contracts_step).to_integral_value(
        rounding="ROUND_DOWN"
    ) * contract.contracts_step
    if part:
        exchange.deleverage(ME, contract.symbol, part, Price(D(50_000)))
    exchange.quote(quote(contract, "50000", at_ms=EXPIRY))

    trader = exchange.accounts[ME]
    fills = [item for item in exchange.activity[ME] if isinstance(item, Fill)]
    moved = [item.amount for item in exchange.activity[ME] if isinstance(item, Payment)]
    told = sum((f.told_pnl - f.fee for f in fills), ZERO) + sum(moved, ZERO)
    cash = trader.balance("futures", contract.settle)
    assert cash == told == sum((entry.amount for entry in trader.entries), ZERO)
    assert trader.position(contract).contracts == ZERO
    assert trader.position(contract).cost == ZERO
    assert sum((f.side.sign * f.contracts for f in fills), ZERO) == ZERO


# --- the model town's quarterlies ---------------------------------------------------------------------------

QUARTERS = ["2025-12-26", "2026-03-27", "2026-06-26", "2026-09-25", "2026-12-25", "2027-03-26"]


def ms(day: str, hour: int = 8) -> int:
    return int(datetime.fromisoformat(f"{day}T{hour:02}:00:00+00:00").astimezone(UTC).timestamp()) * 1000


def test_quarterlies_expire_on_the_last_friday_at_eight() -> None:
    assert quarter_expiries(ms("2025-10-01"), 6) == tuple(ms(day) for day in QUARTERS)
    assert quarter_expiries(ms("2026-03-27"), 1) == (ms("2026-06-26"),), "at its expiry a contract is gone"
    assert quarter_expiries(ms("2026-03-27", 7), 1) == (ms("2026-03-27"),)


def _town(day: str, hour: int) -> ModelTown:
    family = model_contract("BTC/USD:BTC")
    exchange = Exchange((family,))
    exchange.open_account(ME, "cross", D(10))
    exchange.at_ms = ms(day, hour)
    return ModelTown(ModelMarket(7, D(60_000)), exchange, ms(day, hour), (family.symbol,))


def test_a_town_lists_the_next_quarterly_when_one_expires_and_settles_it_by_itself() -> None:
    town = _town("2026-03-27", 6)
    town.exchange.deposit(ME, "BTC", D(1))
    town.exchange.place(ME, order("sell", "100", contract=_contract(town, "260327")))

    town.advance(ms("2026-03-27", 9))

    fill = settled(town.exchange)
    looked = [
        town.market.tick(at_ms).index
        for at_ms in range(ms("2026-03-27") - 30 * MINUTE, ms("2026-03-27"), MINUTE)
    ]
    assert fill.price == sum(looked, ZERO) / 30
    assert [symbol for symbol in town.exchange.touches if "-" in symbol] == [
        "BTC/USD:BTC-260626",
        "BTC/USD:BTC-260925",
    ]


@pytest.mark.parametrize("held", [True, False])
def test_a_town_that_begins_after_an_expiry_settles_as_one_that_was_there(held: bool) -> None:  # noqa: FBT001 - a column
    before = _town("2026-03-27", 6)
    near = _contract(before, "260327")
    before.exchange.deposit(ME, "BTC", D(1))
    if held:
        before.exchange.place(ME, order("sell", "100", contract=near))
    told = tuple(before.exchange.activity[ME])
    before.advance(ms("2026-03-27", 9))
    again = Exchange((model_contract("BTC/USD:BTC"), near))
    again.open_account(ME, "cross", D(10))
    again.restore(ME, told)

    town = ModelTown(ModelMarket(7, D(60_000)), again, ms("2026-03-27", 9), ("BTC/USD:BTC",))

    assert town.exchange.positions(ME) == before.exchange.positions(ME)
    assert town.exchange.wallets(ME) == before.exchange.wallets(ME)
    assert near.symbol not in town.exchange.touches


def _sold(town: ModelTown, *codes: str) -> None:
    """Sell 100 of each quarterly."""
    town.exchange.deposit(ME, "BTC", D(1))
    for code in codes:
        town.exchange.place(ME, order("sell", "100", name=code, contract=_contract(town, code)))


def test_a_town_can_be_reopened_in_the_middle_of_a_roll() -> None:
    town = _town("2026-03-27", 6)
    _sold(town, "260327", "260626")
    listed = town.exchange.contracts
    again = restored(town.exchange, *[one for symbol, one in listed.items() if "260925" not in symbol])
    again.at_ms = ms("2026-03-27", 6)

    reopened = ModelTown(town.market, again, again.at_ms, ("BTC/USD:BTC",))

    assert reopened.exchange.positions(ME) == town.exchange.positions(ME)
    assert reopened.exchange.marks == town.exchange.marks


def test_funding_is_paid_on_perpetuals_only_even_at_the_minute_of_an_expiry() -> None:
    town = _town("2026-03-27", 6)
    _sold(town, "260327", "260626")
    town.exchange.place(ME, order("sell", "100", name="perpetual", contract=INVERSE))

    town.advance(ms("2026-03-27", 9))

    funded = [i.symbol for i in town.exchange.activity[ME] if isinstance(i, Payment) and i.kind == "funding"]
    assert funded == ["BTC/USD:BTC"]


def test_how_busy_a_contract_is_that_is_not_listed_is_not_known() -> None:
    assert _town("2026-03-27", 6).turnover("DOGE/USDT:USDT") is None


def _contract(town: ModelTown, code: str) -> DatedFuture:
    contract = town.exchange.contracts[f"BTC/USD:BTC-{code}"]
    assert isinstance(contract, DatedFuture)
    return contract


def test_a_quarterly_trades_at_a_premium_that_is_gone_when_it_settles() -> None:
    town = _town("2026-03-27", 6)
    far = town.exchange.touches["BTC/USD:BTC-260626"].quote
    before = town.exchange.touches["BTC/USD:BTC-260327"].quote
    town.advance(ms("2026-03-27") - MINUTE)
    last = town.exchange.touches["BTC/USD:BTC-260327"].quote
    mean = town.exchange.settled_so_far("BTC/USD:BTC-260327")

    assert mean is not None
    assert far.mark / far.index - 1 > D("0.01")
    assert abs(before.mark / before.index - 1) < D("0.001")
    assert abs(last.mark / mean - 1) < D("0.001")


def test_trading_moves_on_to_the_next_quarterly_in_the_last_days() -> None:
    near = dated(LINEAR, 24 * 20)
    far = dated(LINEAR, 24 * 111)

    shares = []
    for days in (20, 10, 6, 5, 1, 0):
        at_ms = near.expiry_ms - days * 24 * HOUR
        here, there = (turnover_at(at_ms, one).volume_24h for one in (near, far))
        shares.append(here / (here + there))

    assert shares[0] == shares[1] == D("0.9")
    assert shares[2] > D("0.5") > shares[3]
    assert shares[4] == shares[5] == D("0.1")


def test_an_account_restored_in_the_middle_of_a_roll_is_not_judged_before_both_legs_have_a_price() -> None:
    near, far = expiring(LINEAR), dated(LINEAR, 2400, code="240223")
    exchange = short_of(near, "1")
    exchange.relist(far)
    exchange.quote(quote(far, "50500"))
    exchange.place(ME, order("sell", "1", name="far", contract=far))
    again = Exchange((near, far))
    again.open_account(ME, "cross", D(10))
    again.restore(ME, tuple(exchange.activity[ME]))

    again.quote(quote(near, "50000"))
    again.quote(quote(far, "50500"))

    assert again.positions(ME) == exchange.positions(ME)
    assert again.wallets(ME) == exchange.wallets(ME)


def test_a_restored_account_remembers_what_an_expired_contract_realised() -> None:
    contract = expiring(INVERSE)
    exchange = short_of(contract, "500", deposit="1")
    exchange.expire(contract.symbol, D(40_000))
    again = Exchange((contract,))
    again.open_account(ME, "cross", D(10))

    again.restore(ME, tuple(exchange.activity[ME]))

    assert again.positions(ME) == exchange.positions(ME)
    assert again.wallets(ME) == exchange.wallets(ME)
    assert Decimal(again.positions(ME)[0].realised_pnl) == D("0.25")
