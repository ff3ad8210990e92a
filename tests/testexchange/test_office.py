"""A venue's offices in no venue's words: names, numbers, histories, modes, and what the venue does by its own hand."""

from decimal import Decimal

import pytest

from bot.core.instruments import DatedFuture
from bot.core.orders import TimeInForce
from bot.core.values import ZERO, Contracts, Price, Side
from bot.testexchange.office import NamesReused, Office
from bot.testexchange.records import Ask, PlacedOrder, Standing
from bot.testexchange.wire import No, NoError
from bot.wiring_street import Customer, open_dialect
from tests.testexchange.street import FROM_MS

D = Decimal
BTC, ETH, INVERSE = "BTC/USDT:USDT", "ETH/USDT:USDT", "BTC/USD:BTC"
HOUR_MS = 3_600_000
TWO = (Customer(), Customer(account="other"))


def opened(
    dialect: str = "binance-usdm",
    *,
    names_reused: NamesReused = "never",
    first_number: int = 1_000_000_001,
    customers: tuple[Customer, ...] = TWO,
) -> Office:
    """Open offices in a world of their own."""
    _, world = open_dialect(dialect, from_ms=FROM_MS, customers=customers)
    office = Office(world, first_number=first_number, names_reused=names_reused)
    office.turn(FROM_MS)
    return office


def ask(
    side: Side = Side.SELL,
    contracts: str = "0.5",
    price: str | Decimal | None = None,
    *,
    symbol: str = BTC,
    tif: TimeInForce = TimeInForce.GTC,
    name: str = "",
    reduce_only: bool = False,
) -> Ask:
    """Make an order; without a price it is at the market."""
    return Ask(
        symbol=symbol,
        side=side,
        contracts=Contracts(D(contracts)),
        limit_price=None if price is None else Price(D(price)),
        time_in_force=TimeInForce.IOC if price is None else tif,
        reduce_only=reduce_only,
        client_id=name,
    )


def resting(name: str = "", symbol: str = BTC) -> Ask:
    """Make a sell that rests."""
    return ask(price="70000" if symbol == BTC else "4000", name=name, symbol=symbol)


def refusal(no: No) -> "pytest.RaisesExc[NoError]":
    """Expect a refusal for a reason."""
    return pytest.raises(NoError, check=lambda error: error.no is no)


def money(office: Office, account: str = "main", asset: str = "USDT") -> Decimal:
    """Give what is in a futures wallet."""
    return office.trader(account).balance("futures", asset)


# --- names ----------------------------------------------------------------------------------------------------------


def end(office: Office, how: str) -> PlacedOrder:
    """Place an order named ``one``, and let it end in a way."""
    if how == "open":
        return office.place("main", resting("one"))
    if how == "filled":
        return office.place("main", ask(name="one"))
    if how == "stillborn":
        return office.place_stillborn("main", resting("one"), "would take")
    if how == "expired":
        office.moods.partial_share = ZERO
        order = office.place("main", ask(name="one"))
        office.moods.partial_share = None
        return order
    return office.cancel("main", office.place("main", resting("one")))


@pytest.mark.parametrize(
    ("names_reused", "how", "taken"),
    [
        ("never", "open", True),
        ("never", "filled", True),
        ("never", "cancelled", True),
        ("never", "expired", True),
        ("never", "stillborn", True),
        ("when done", "open", True),
        ("when done", "filled", False),
        ("when done", "cancelled", False),
        ("when done", "expired", False),
        ("when done", "stillborn", False),
    ],
)
def test_a_name_is_taken_for_ever_or_until_its_order_is_done(
    names_reused: NamesReused, how: str, *, taken: bool
) -> None:
    office = opened(names_reused=names_reused)
    first = end(office, how)
    for stillborn in (False, True):
        if taken:
            with refusal(No.DUPLICATE):
                again(office, stillborn=stillborn)
            assert office.orders("main") == (first,)
            assert office.find("main", client_id="one") is first
            continue
        second = again(office, stillborn=stillborn)
        assert office.find("main", client_id="one") is second, "the last of that name"
        assert office.find("main", number=first.number) is first
        if second.open:
            office.cancel("main", second)


def again(office: Office, *, stillborn: bool) -> PlacedOrder:
    """Place another order named ``one``."""
    asked = resting("one")
    return office.place_stillborn("main", asked, "") if stillborn else office.place("main", asked)


def test_names_are_an_accounts_own_and_no_name_is_nobodys() -> None:
    office = opened()
    mine = office.place("main", resting("one"))
    theirs = office.place("other", resting("one"))
    for _ in range(2):
        office.place("main", resting())
    assert office.find("main", client_id="one") is mine
    assert office.find("other", client_id="one") is theirs
    with refusal(No.NO_ORDER):
        office.find("main", client_id="")
    with refusal(No.NO_ORDER):
        office.find("other", number=mine.number)


def test_a_refused_order_leaves_neither_name_nor_number_behind() -> None:
    office = opened()
    with refusal(No.MARGIN):
        office.place("main", ask(contracts="500", price="70000", name="one"))
    assert office.orders("main") == ()
    order = office.place("main", resting("one"))
    last = office.place("main", resting())
    assert last.number == order.number + 1


def test_numbers_begin_where_the_venue_begins_and_only_rise() -> None:
    office = opened(first_number=1_750_000_000_000_000_001)
    order = office.place("main", ask())
    others = [one.number for one in order.trades] + [one.number for one in office.incomes("main")]
    assert order.number > 2**53
    assert len({order.number, *others}) == len(others) + 1
    assert order.number < order.trades[0].number < office.place("main", resting()).number


# --- orders as they stand -------------------------------------------------------------------------------------------


def test_an_order_at_the_market_fills_with_value_mean_and_fee() -> None:
    office = opened()
    order = office.place("main", ask())
    bid, contract = office.exchange.touches[BTC].quote.bid, office.contract(BTC)
    assert (order.standing, order.open, order.filled, order.remaining) == (
        Standing.FILLED,
        False,
        D("0.5"),
        ZERO,
    )
    assert order.mean_price(contract) == bid
    assert order.value(contract) == bid / 2
    assert order.fee == bid / 2 * contract.fee_taker
    assert [trade.fill.maker for trade in order.trades] == [False]
    assert office.trades("main") == tuple(order.trades)
    assert office.open_orders("main") == ()


def test_the_mean_of_an_inverse_order_is_harmonic() -> None:
    office = opened("binance-coinm")
    order = office.place("main", ask(contracts="10", price="70000", symbol=INVERSE))
    quote = office.exchange.touches[INVERSE].quote
    office.exchange.traded(INVERSE, quote.bid, Price(D(70_001)), D(4))
    office.turn(FROM_MS)
    assert (order.standing, order.filled) == (Standing.PARTIAL, D(4))
    office.exchange.traded(INVERSE, quote.bid, Price(D(70_001)), D(6))
    office.turn(FROM_MS)
    contract = office.contract(INVERSE)
    assert (order.standing, len(order.trades)) == (Standing.FILLED, 2)
    assert order.mean_price(contract) == 70_000
    assert order.value(contract) == pytest.approx(D(1000) / 70_000)
    assert order.mean_price(contract) == order.mean_price(contract).normalize()


def test_an_order_that_nothing_filled_has_no_mean_price() -> None:
    office = opened()
    order = office.place("main", resting())
    assert (order.mean_price(office.contract(BTC)), order.value(office.contract(BTC))) == (ZERO, ZERO)


@pytest.mark.parametrize(
    ("share", "contracts", "filled", "standing"),
    [
        ("0.6", "0.5", "0.3", Standing.EXPIRED),
        ("0", "0.5", "0", Standing.EXPIRED),
        ("1", "0.5", "0.5", Standing.FILLED),
        ("0.5", "0.003", "0.002", Standing.EXPIRED),
    ],
)
@pytest.mark.parametrize("price", [None, "50000"])
def test_a_partial_share_leaves_so_much_at_the_touch(
    share: str, contracts: str, filled: str, standing: Standing, price: str | None
) -> None:
    office = opened()
    office.moods.partial_share = D(share)
    order = office.place("main", ask(contracts=contracts, price=price, tif=TimeInForce.IOC))
    assert (order.filled, order.standing) == (D(filled), standing)
    assert bool(order.why) == (standing is Standing.EXPIRED)


def test_the_rest_of_a_partial_share_rests_if_the_order_may() -> None:
    office = opened()
    office.moods.partial_share = D("0.2")
    order = office.place("main", ask(price="50000"))
    assert (order.standing, order.filled, order.open) == (Standing.PARTIAL, D("0.1"), True)
    assert office.open_orders("main") == (order,)


def test_cancelling_says_so_and_cannot_be_done_twice() -> None:
    office = opened()
    order = office.place("main", resting())
    office.turn(FROM_MS + 1000)
    assert office.cancel("main", order).standing is Standing.CANCELLED
    assert order.updated_ms == FROM_MS + 1000 > order.created_ms
    with refusal(No.ORDER_DONE):
        office.cancel("main", order)
    with refusal(No.ORDER_DONE):
        office.cancel("main", office.place("main", ask()))


def test_a_stillborn_order_is_known_and_never_reached_the_book() -> None:
    office = opened()
    order = office.place_stillborn("main", resting("one"), "would take")
    assert (order.standing, order.why, order.open) == (Standing.CANCELLED, "would take", False)
    assert office.find("main", client_id="one") is order
    assert office.exchange.open_orders("main") == ()


def test_lists_are_by_account_and_contract_oldest_first() -> None:
    office = opened()
    mine = [office.place("main", resting(symbol=symbol)) for symbol in (BTC, ETH, BTC)]
    theirs = office.place("other", resting())
    assert office.orders("main") == office.open_orders("main") == tuple(mine)
    assert office.orders("main", ETH) == office.open_orders("main", ETH) == (mine[1],)
    assert office.orders("other") == (theirs,)
    office.place("main", ask(symbol=ETH))
    assert (len(office.trades("main")), len(office.trades("main", BTC)), office.trades("other")) == (1, 0, ())


def test_an_order_is_found_in_its_own_contract_only() -> None:
    office = opened()
    order = office.place("main", resting("one"))
    assert office.find("main", number=order.number, symbol=BTC) is order
    for wrong in ({"number": order.number}, {"client_id": "one"}):
        with refusal(No.NO_ORDER):
            office.find("main", symbol=ETH, **wrong)


def test_a_replica_that_lags_does_not_know_the_young() -> None:
    office = opened()
    office.moods.forget_ms = 5000
    order = office.place("main", resting("one"))
    for at_ms in (FROM_MS, FROM_MS + 4999):
        office.turn(at_ms)
        assert office.open_orders("main") == ()
        for wanted in ({"number": order.number}, {"client_id": "one"}):
            with refusal(No.NO_ORDER):
                office.find("main", **wanted)
        with refusal(No.DUPLICATE):
            office.place("main", resting("one"))
    office.turn(FROM_MS + 5000)
    assert office.find("main", client_id="one") is order
    assert office.open_orders("main") == (order,)


def test_an_account_that_nobody_opened_has_no_futures() -> None:
    office = opened()
    for act in (
        lambda: office.place("nobody", resting()),
        lambda: office.positions("nobody"),
        lambda: office.leverage("nobody", BTC),
        lambda: office.transfer("nobody", "USDT", D(1), "spot"),
    ):
        with refusal(No.NO_FUTURES):
            act()


OBJECTIONS = [
    (No.SYMBOL, ask(symbol="DOGE/USDT:USDT")),
    (No.SIZE_SMALL, ask(contracts="0.0005", price="70000")),
    (No.SIZE_STEP, ask(contracts="0.5005", price="70000")),
    (No.TICK, ask(price="70000.05")),
    (No.WOULD_TAKE, ask(price="50000", tif=TimeInForce.POST_ONLY)),
    (No.NOT_REDUCING, ask(Side.BUY, reduce_only=True)),
    (No.NOTIONAL, ask(Side.BUY, "0.001", "10")),
    (No.MARGIN, ask(contracts="500")),
]


@pytest.mark.parametrize(("no", "asked"), OBJECTIONS, ids=[no.name for no, _ in OBJECTIONS])
def test_what_the_exchange_objects_to_is_refused_and_nothing_is_kept(no: No, asked: Ask) -> None:
    office = opened()
    with refusal(no):
        office.place("main", asked)
    assert office.orders("main") == ()


def test_a_contract_without_a_price_takes_no_orders() -> None:
    office = opened()
    del office.exchange.touches[BTC]
    with refusal(No.UNPRICED):
        office.place("main", resting())


# --- positions and modes --------------------------------------------------------------------------------------------


def test_positions_leave_out_what_is_flat_and_can_be_answered_empty() -> None:
    office = opened()
    assert office.positions("main") == ()
    office.place("main", ask())
    [held] = office.positions("main")
    assert (held.symbol, held.contracts) == (BTC, D("-0.5"))
    office.moods.empty_positions = True
    assert office.positions("main") == ()
    office.moods.empty_positions = False
    office.place("main", ask(Side.BUY, reduce_only=True))
    assert office.positions("main") == ()


@pytest.mark.parametrize("what", ["position", "order"])
def test_modes_do_not_change_while_a_position_or_an_order_is_open(what: str) -> None:
    office = opened()
    order = office.place("main", ask() if what == "position" else resting())
    office.moods.empty_positions = True
    with refusal(No.POSITION_OPEN):
        office.set_margin_mode("main", "isolated")
    with refusal(No.POSITION_OPEN):
        office.set_hedge_mode("main", on=True)
    assert office.trader("main").margin_mode == "cross"
    assert office.hedge_mode.get("main", False) is False
    office.set_margin_mode("other", "isolated")
    if what == "position":
        office.place("main", ask(Side.BUY, reduce_only=True))
    else:
        office.cancel("main", order)
    office.set_margin_mode("main", "isolated")
    office.set_hedge_mode("main", on=True)
    assert (office.trader("main").margin_mode, office.hedge_mode["main"]) == ("isolated", True)


def test_setting_a_mode_that_is_set_changes_nothing_and_is_said() -> None:
    office = opened()
    with refusal(No.NO_CHANGE):
        office.set_margin_mode("main", "cross")
    with refusal(No.NO_CHANGE):
        office.set_hedge_mode("main", on=False)


def test_leverage_is_a_contracts_and_the_last_that_was_set_counts() -> None:
    office = opened()
    assert office.leverage("main", BTC) == office.leverage("main", ETH) == 3
    office.set_leverage("main", BTC, D(10))
    assert (office.leverage("main", BTC), office.trader("main").leverage) == (D(10), D(10))
    office.set_leverage("main", ETH, D(5))
    assert (office.leverage("main", BTC), office.leverage("main", ETH)) == (D(10), D(5))
    assert office.trader("main").leverage == 5
    for wrong in ("0.5", "0", "-1", "101"):
        with refusal(No.LEVERAGE):
            office.set_leverage("main", BTC, D(wrong))
    with refusal(No.SYMBOL):
        office.set_leverage("main", "DOGE/USDT:USDT", D(3))


def test_the_clock_goes_by_the_latest_instant_and_its_skew() -> None:
    office = opened()
    office.turn(FROM_MS + 5000)
    office.turn(FROM_MS + 1000)
    assert office.now_ms == FROM_MS + 5000
    office.moods.clock_skew_ms = -700
    assert office.clock_ms() == FROM_MS + 4300


# --- money ----------------------------------------------------------------------------------------------------------


def test_transfers_move_money_between_the_wallets_and_are_listed_as_futures_saw_them() -> None:
    office = opened()
    first = office.transfer("main", "USDT", D(500), "futures", "one")
    second = office.transfer("main", "USDT", D(200), "spot")
    assert money(office) == 100_300
    assert office.trader("main").balance("spot", "USDT") == 49_700
    assert [(one.number, one.amount, one.name) for one in office.transfers("main")] == [
        (first, D(500), "one"),
        (second, D(-200), ""),
    ]
    assert office.transfers("other") == ()


def test_a_transfers_name_is_used_once_by_an_account() -> None:
    office = opened()
    office.transfer("main", "USDT", D(1), "futures", "one")
    with refusal(No.DUPLICATE):
        office.transfer("main", "USDT", D(1), "futures", "one")
    office.transfer("other", "USDT", D(1), "futures", "one")
    assert money(office) == 100_001


@pytest.mark.parametrize(
    ("amount", "to"), [("50001", "futures"), ("100001", "spot"), ("0", "futures"), ("-1", "futures")]
)
def test_more_than_a_wallet_has_is_not_moved_and_the_name_stays_free(amount: str, to: str) -> None:
    office = opened()
    with refusal(No.FUNDS):
        office.transfer("main", "USDT", D(amount), "futures" if to == "futures" else "spot", "one")
    assert office.transfers("main") == ()
    assert money(office) == 100_000
    office.transfer("main", "USDT", D(1), "futures", "one")


def test_margin_that_holds_a_position_does_not_leave() -> None:
    office = opened()
    office.place("main", ask(contracts="4"))
    with refusal(No.FUNDS):
        office.transfer("main", "USDT", D(50_000), "spot")


def test_incomes_explain_the_wallet_to_the_last_quantum() -> None:
    office = opened()
    office.place("main", ask())
    office.turn(FROM_MS + 9 * HOUR_MS)
    office.place("main", ask(Side.BUY, reduce_only=True))
    office.transfer("main", "USDT", D(500), "spot")
    told = [one for one in office.incomes("main") if one.asset == "USDT"]
    assert sum(one.amount for one in told) == money(office)
    assert [one.kind for one in told] == ["deposit", "fee", "funding", "pnl", "fee", "transfer"]
    assert [one.number for one in told] == sorted(one.number for one in told)
    trades = {trade.number: trade for trade in office.trades("main")}
    opening, closing = trades.values()
    assert [one.trade for one in told] == [None, opening.number, None, closing.number, closing.number, None]
    assert told[1].amount == -opening.fill.fee
    assert told[3].amount == closing.fill.told_pnl
    assert (told[2].at_ms, told[2].symbol) == (FROM_MS + 8 * HOUR_MS, BTC)


def test_funding_is_a_customers_own() -> None:
    office = opened()
    office.place("main", ask())
    office.turn(FROM_MS + 9 * HOUR_MS)
    assert [one.kind for one in office.incomes("other")].count("funding") == 0


# --- by the venue's own hand ----------------------------------------------------------------------------------------


def own_hand(office: Office) -> PlacedOrder:
    """Give the last order, which the venue made."""
    order = office.orders("main")[-1]
    assert order.cause != "customer"
    assert (order.ask.client_id, order.ask.reduce_only, order.open) == ("", True, False)
    assert (order.standing, order.filled) == (Standing.FILLED, order.ask.contracts)
    assert [trade.order for trade in order.trades] == [order]
    assert order.trades[0] in office.trades("main")
    assert office.find("main", number=order.number) is order
    return order


def test_deleveraging_is_an_order_of_the_venues_with_a_profit_and_no_fee() -> None:
    office = opened()
    office.place("main", ask())
    price = Price(office.exchange.touches[BTC].quote.bid - 100)
    office.exchange.deleverage("main", BTC, D("0.2"), price)
    office.turn(FROM_MS + 1000)
    order = own_hand(office)
    assert (order.cause, order.ask.side, order.filled) == ("deleverage", Side.BUY, D("0.2"))
    assert order.mean_price(office.contract(BTC)) == price
    assert (order.fee, order.trades[0].fill.told_pnl) == (ZERO, D(20))
    assert office.positions("main")[0].contracts == D("-0.3")


def test_a_liquidation_is_an_order_of_the_venues_and_takes_the_wallet() -> None:
    office = opened()
    office.place("main", ask())
    order = office.place("main", resting())
    office.exchange.mark(BTC, office.exchange.marks[BTC] * 20)
    office.turn(FROM_MS + 1000)
    seized = own_hand(office)
    assert (seized.cause, seized.ask.side, seized.filled) == ("liquidation", Side.BUY, D("0.5"))
    assert office.positions("main") == ()
    assert (order.standing, order.why) == (Standing.CANCELLED, "position was liquidated")
    assert office.open_orders("main") == ()
    told = [one for one in office.incomes("main") if one.asset == "USDT"]
    assert sum(one.amount for one in told) == money(office)
    assert (told[-1].kind, money(office)) == ("liquidation", ZERO)


def near(office: Office) -> DatedFuture:
    """Give the dated contract that expires first."""
    return min(
        (one for one in office.contracts() if isinstance(one, DatedFuture) and one.base == "BTC"),
        key=lambda one: one.expiry_ms,
    )


def test_a_settlement_is_an_order_of_the_venues_with_the_fee_of_delivery() -> None:
    office = opened()
    dated = near(office)
    office.place("main", ask(symbol=dated.symbol))
    order = office.place("main", ask(price="90000", symbol=dated.symbol))
    office.turn(dated.expiry_ms + 60_000)
    settled = own_hand(office)
    assert (settled.cause, settled.ask.side, settled.filled) == ("settlement", Side.BUY, D("0.5"))
    assert settled.trades[0].fill.at_ms == dated.expiry_ms
    price = settled.mean_price(dated)
    assert settled.fee == pytest.approx(price / 2 * dated.fee_delivery, rel=D("1e-6"))
    assert office.positions("main") == ()
    assert (order.standing, order.why) == (Standing.CANCELLED, "the contract has expired")


def test_a_contract_that_has_expired_is_not_listed_and_takes_nothing() -> None:
    office = opened()
    dated = near(office)
    office.turn(dated.expiry_ms + 60_000)
    assert dated.symbol not in {one.symbol for one in office.contracts()}
    with refusal(No.SYMBOL):
        office.contract(dated.symbol)
    with refusal(No.CLOSED):
        office.place("main", ask(price="90000", symbol=dated.symbol))


def test_orders_fill_while_time_passes_and_are_told_at_their_time() -> None:
    office = opened()
    order = office.place("main", ask(price="60100"))
    quote = office.exchange.touches[BTC].quote
    office.exchange.traded(BTC, quote.bid, Price(D(60_200)), D("0.2"))
    office.turn(FROM_MS + 1000)
    assert (order.standing, order.filled) == (Standing.PARTIAL, D("0.2"))
    assert (order.trades[0].fill.maker, order.mean_price(office.contract(BTC))) == (True, D(60_100))
    assert office.open_orders("main") == (order,)
    office.exchange.traded(BTC, quote.bid, Price(D(60_200)), D("0.3"))
    office.turn(FROM_MS + 2000)
    assert (order.standing, office.open_orders("main")) == (Standing.FILLED, ())
    assert order.fee == D(60_100) / 2 * office.contract(BTC).fee_maker
