"""Margin: the reach of a pool against a plain search, forecasts against the reference's figures, the venue's word."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.core.forecast import DOUBT_MIN, Change, Forecast, doubt_of, forecast
from bot.core.instruments import Contract, MarginRule, Payoff, Tier, tier_fault
from bot.core.margin import NOWHERE, THERE, Collateral, Pool, Stake
from bot.core.snapshot import Snapshot, Wallet
from bot.core.values import ONE, ZERO, Money, Price, Ratio, record
from tests.core.builders import (
    INVERSE,
    LINEAR,
    Amount,
    D,
    inverse_contract,
    linear_contract,
    position,
    quote,
    rows,
    snapshot,
    working_order,
)

thorough = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
FAR = D(10) ** 9
"""The search looks this many times above today's prices and below; what lies beyond, nobody sees."""
CLOSE = D("1e-9")
MAKERS = {Payoff.LINEAR: linear_contract, Payoff.INVERSE: inverse_contract}


def near(found: Decimal | None, wanted: Decimal | None) -> bool:
    """Whether two multiples agree: to 1e-9, or in lying further away than anybody looks."""
    if found is None or not ONE / FAR < found < FAR:
        return wanted is None or not ONE / FAR < wanted < FAR
    return wanted is not None and abs(found / wanted - 1) < CLOSE


# --- the tests' own reckoning --------------------------------------------------------------------------------------


@record
class Lot:
    """A position, reckoned by the reference's formulas and nothing of ours."""

    payoff: Payoff
    rule: MarginRule
    side: int
    size: Decimal
    """Coins (linear) or dollars (inverse), unsigned."""
    entry: Decimal
    mark: Decimal
    tiers: tuple[tuple[Decimal, Decimal], ...]
    """Floors and rates."""

    def value(self, price: Decimal) -> Decimal:
        return self.size * price if self.payoff is Payoff.LINEAR else self.size / price

    def profit(self, multiple: Decimal) -> Decimal:
        price = self.mark * multiple
        if self.payoff is Payoff.LINEAR:
            return self.side * self.size * (price - self.entry)
        return self.side * self.size * (1 / self.entry - 1 / price)

    def maintenance(self, multiple: Decimal) -> Decimal:
        value = self.value(self.entry if self.rule is MarginRule.ENTRY else self.mark * multiple)
        asked, amount, before = [], ZERO, ZERO
        for floor, rate in self.tiers:
            amount, before = amount + floor * (rate - before), rate
            asked.append(rate * value - amount)
        return max(asked)

    @property
    def contract(self) -> Contract:
        table = [(floor, rate, 10) for floor, rate in self.tiers]
        return MAKERS[self.payoff](size=1, rows=table, margin_rule=self.rule)

    @property
    def stake(self) -> Stake:
        return Stake(
            contract=self.contract,
            contracts=self.side * self.size,
            cost=self.value(self.entry),
            value=self.value(self.mark),
        )


@record
class Book:
    """Positions of one payoff and what backs them."""

    cash: Decimal
    coins: tuple[Decimal, ...]
    """Collateral of other kinds, at today's prices."""
    lots: tuple[Lot, ...]

    def equity(self, multiple: Decimal) -> Decimal:
        return self.cash + sum(self.coins) * multiple + sum(lot.profit(multiple) for lot in self.lots)

    def maintenance(self, multiple: Decimal) -> Decimal:
        return sum((lot.maintenance(multiple) for lot in self.lots), ZERO)

    def safe(self, multiple: Decimal, ratio: Decimal = ONE) -> bool:
        return ratio * self.equity(multiple) > self.maintenance(multiple)

    def searched(self, far: Decimal, ratio: Decimal = ONE) -> Decimal | None:
        """Halve the way between today and ``far`` until the last safe multiple is found; None if all are safe."""
        if self.safe(far, ratio):
            return None
        safe, dead = ONE, far
        while abs(dead / safe - 1) > CLOSE / 10:
            middle = (safe * dead).sqrt()
            safe, dead = (middle, dead) if self.safe(middle, ratio) else (safe, middle)
        return dead

    @property
    def linear(self) -> bool:
        return self.lots[0].payoff is Payoff.LINEAR

    @property
    def pool(self) -> Pool:
        return Pool(
            cash=self.cash,
            collaterals=tuple(Collateral(asset="BTC", value=value) for value in self.coins),
            stakes=tuple(lot.stake for lot in self.lots),
            linear=self.linear,
        )


def shares(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda n: D(n) / 1000)


@st.composite
def lots(draw: st.DrawFn, payoff: Payoff) -> Lot:
    """Draw a position whose value lies among its tiers' floors, some of them exactly there."""
    mark, size = D(draw(st.integers(100, 10**7))) / 100, D(draw(st.integers(1, 10**6))) / 100
    value = size * mark if payoff is Payoff.LINEAR else size / mark
    floors = sorted(draw(st.sets(st.integers(1, 400), max_size=4)))
    rates = sorted(draw(st.lists(st.integers(1, 4000), min_size=len(floors) + 1, max_size=len(floors) + 1)))
    return Lot(
        payoff=payoff,
        rule=draw(st.sampled_from(MarginRule)),
        side=draw(st.sampled_from([-1, -1, 1])),
        size=size,
        entry=mark * draw(shares(500, 2000)),
        mark=mark,
        tiers=tuple((value * f / 100, D(r).scaleb(-4)) for f, r in zip([0, *floors], rates, strict=True)),
    )


@st.composite
def books(draw: st.DrawFn, payoff: Payoff, mode: str) -> Book:
    most = 1 if mode == "isolated" else 4
    held = tuple(draw(st.lists(lots(payoff), min_size=1, max_size=most)))
    value = sum((lot.value(lot.mark) for lot in held), ZERO)
    coins = draw(st.lists(shares(0, 1500), min_size=1, max_size=2)) if mode == "unified" else []
    cash = value * draw(shares(-1000 if mode == "unified" else -200, 3000))
    return Book(cash=cash, coins=tuple(value * share for share in coins), lots=held)


MODES = [
    (Payoff.LINEAR, "isolated"),
    (Payoff.LINEAR, "cross"),
    (Payoff.LINEAR, "unified"),
    (Payoff.INVERSE, "isolated"),
    (Payoff.INVERSE, "cross"),
]
every_mode = pytest.mark.parametrize(("payoff", "mode"), MODES, ids=[f"{p}-{m}" for p, m in MODES])


# --- reach ---------------------------------------------------------------------------------------------------------


@every_mode
@thorough
@given(data=st.data(), ratio=st.one_of(st.just(ONE), shares(300, 900)))
def test_the_reach_of_a_pool_is_where_a_search_finds_maintenance_equal_to_the_ratio_of_equity(
    payoff: Payoff, mode: str, data: st.DataObject, ratio: Decimal
) -> None:
    book = data.draw(books(payoff, mode))

    reach = book.pool.reach(ratio)

    if not book.safe(ONE, ratio):
        assert reach == THERE
        return
    assert near(reach.up, book.searched(FAR, ratio))
    assert near(reach.down, book.searched(ONE / FAR, ratio))
    assert reach.distance is None or reach.distance > ZERO


@every_mode
@settings(thorough, max_examples=50)
@given(data=st.data(), ratio=shares(300, 900))
def test_at_its_reach_a_pool_has_exactly_the_margin_ratio_that_was_asked_for(
    payoff: Payoff, mode: str, data: st.DataObject, ratio: Decimal
) -> None:
    book = data.draw(books(payoff, mode))
    assume(book.safe(ONE, ratio))

    reach = book.pool.reach(ratio)

    for multiple in (reach.up, reach.down):
        if multiple is not None and ONE / FAR < multiple < FAR:
            assert abs(book.maintenance(multiple) / book.equity(multiple) / ratio - 1) < CLOSE


@every_mode
@settings(thorough, max_examples=50)
@given(data=st.data(), x=shares(10, 20_000))
def test_with_its_backing_as_cash_a_pools_equity_equals_maintenance_once_values_have_moved(
    payoff: Payoff, mode: str, data: st.DataObject, x: Decimal
) -> None:
    book = data.draw(books(payoff, mode))

    backed = replace(book, cash=book.pool.backing(x))

    multiple = x if book.linear else 1 / x
    assert abs(backed.equity(multiple) - backed.maintenance(multiple)) < book.pool.value * D("1e-20")


def test_a_root_in_the_highest_tier_is_found_when_its_floor_is_where_the_search_begins() -> None:
    contract = linear_contract(rows=((0, "0.005", 50), (100_000, "0.01", 10)))
    short = Stake(contract=contract, contracts=D(-1), cost=D(50_000), value=D(50_000))
    pool = Pool(cash=D(100_000), collaterals=(), stakes=(short,), linear=True)

    up = pool.reach().up

    assert up is not None
    assert round(up * 50_000, 4) == D("149009.9010"), "150,500 / 1.01"


def test_a_pool_without_positions_reaches_nothing_unless_it_owes() -> None:
    pool = Pool(cash=ZERO, collaterals=(), stakes=(), linear=True)

    assert pool.reach() == NOWHERE
    assert NOWHERE.distance is None
    assert replace(pool, cash=D(-1)).reach() == THERE
    assert THERE.distance == ZERO


# --- one position --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payoff", Payoff)
@thorough
@given(data=st.data(), share=shares(-400, 3000))
def test_a_single_position_has_one_liquidation_price_however_it_is_asked_for(
    payoff: Payoff, data: st.DataObject, share: Decimal
) -> None:
    """By search, by its contract, by a forecast, by the pool's reach."""
    lot = data.draw(lots(payoff))
    more = 0 if lot.payoff is Payoff.LINEAR else 8  # money has 15 places: a value in coins must not be tiny
    lot = replace(lot, size=lot.size.scaleb(more), tiers=tuple((f.scaleb(more), r) for f, r in lot.tiers))
    wallet = lot.value(lot.entry) * share
    book = Book(cash=wallet, coins=(), lots=(lot,))
    assume(book.safe(ONE))
    picture = alone(lot.contract, lot.side * lot.size, lot.entry, wallet, mark=lot.mark)

    searched = book.searched(FAR if lot.side < 0 else ONE / FAR)
    asked = lot.contract.liquidation_price(lot.side * lot.size, lot.entry, wallet)
    foreseen = forecast(picture, lot.contract.symbol)
    reach = foreseen.pool.reach()

    assert near(None if asked is None else asked / lot.mark, searched)
    printed = foreseen.liquidation_price
    assert near(None if printed is None else printed / lot.mark, searched)
    assert near(reach.up if lot.side < 0 else reach.down, searched)
    assert (reach.down if lot.side < 0 else reach.up) is None, "the other way it only gains"


def alone(
    contract: Contract, held: Amount, entry: Amount, wallet: Amount, *, mark: Amount = 50_000, **more: Any
) -> Snapshot:
    """Picture one position and its wallet."""
    return snapshot(contract, held=held, entry=entry, wallet=wallet, prices=quote(contract, mark), **more)


def unified(
    cash: Amount, coins: Amount, contracts: Amount, *, share: Amount = "0.95", entry: Amount = 50_000
) -> Snapshot:
    """Picture a linear position backed by dollars and by coins less a haircut."""
    picture = alone(LINEAR, contracts, entry, cash)
    bag = Wallet(
        asset="BTC", balance=Money(D(coins)), deposited=Money(ZERO), collateral_share=Ratio(D(share))
    )
    return replace(picture, wallets=(*picture.wallets, bag))


# --- the reference's figures ---------------------------------------------------------------------------------------

ROOM_ABOVE = """
# leverage | linear inverse: percent, reference section 5.8
1          | 99.0  never
1.5        | 65.8  198.5
2          | 49.3  99.0
3          | 32.7  49.25
4          | 24.4  32.7
5          | 19.4  24.4
10         | 9.5   10.6
20         | 4.5   4.7
"""


@pytest.mark.parametrize("line", ROOM_ABOVE.strip().splitlines()[1:])
def test_room_above_is_as_the_reference_tabulates_it(line: str) -> None:
    leverage, linear, inverse = line.replace("|", " ").split()

    for contract, wallet, contracts, wanted in (
        (LINEAR, 50_000 / D(leverage), -1, linear),
        (INVERSE, 1 / D(leverage), -500, inverse),
    ):
        up = forecast(alone(contract, contracts, 50_000, wallet), contract.symbol).pool.reach().up
        if wanted == "never":
            assert up is None
        else:
            assert up is not None
            assert abs((up - 1) * 100 - D(wanted)) <= D("0.05")


UNIFIED = """
# cash  coins  short | liquidation, by (W + qE) / (q (1 + m) - k C)
10000   0      1     | 59701.49
0       0.5    1     | 94339.62     half the coins
10000   0.5    1     | 113207.55
0       0.94   1     | 446428.57
0       1      0.94  | never        a short of at most k C / (1 + m) stands at every price
0       1      0.945 | never
0       1      0.95  | 10000000.00
0       1      1     | 909090.91
0       2      1     | never
"""


@pytest.mark.parametrize(("given_", "wanted"), list(rows(UNIFIED)))
def test_coins_as_collateral_move_a_shorts_liquidation_up_until_none_is_left(
    given_: list[str], wanted: str
) -> None:
    cash, coins, short = (D(word) for word in given_)
    picture = unified(cash, coins, -short)

    found = forecast(picture, LINEAR.symbol)
    reach = found.pool.reach()

    if wanted == "never":
        assert found.liquidation_price is None
        assert reach.up is None
    else:
        assert found.liquidation_price is not None
        assert round(found.liquidation_price, 2) == D(wanted)
        assert near(reach.up, found.liquidation_price / 50_000)


WORKED = [
    (INVERSE, -625, 50_000, "0.25", 50_000, "62187.5"),  # section 3.4: neutral, and liquidated
    (LINEAR, -1, 60_000, 12_000, 60_000, "71641.79"),  # section 5.8's example
    (INVERSE, -600, 60_000, "0.2", 60_000, "74625"),
    (INVERSE, -600, 50_000, "0.12", 50_000, "55277.78"),  # section 5.4: maintenance at the mark
    (inverse_contract(margin_rule=MarginRule.ENTRY), -600, 50_000, "0.12", 50_000, "55248.62"),  # at entry
    (INVERSE, -500, 50_000, 1, 50_000, None),  # section 3.4: the 1x synthetic dollar
]


@pytest.mark.parametrize(("contract", "held", "entry", "wallet", "mark", "wanted"), WORKED)
def test_a_forecast_gives_the_references_liquidation_prices(
    contract: Contract, held: Amount, entry: Amount, wallet: Amount, mark: Amount, wanted: str | None
) -> None:
    found = forecast(alone(contract, held, entry, wallet, mark=mark), contract.symbol).liquidation_price

    assert (None if found is None else round(found, 2)) == (None if wanted is None else D(wanted))


# --- after an order ------------------------------------------------------------------------------------------------

PAYING = linear_contract(fee="0.001")
PAYING_COINS = inverse_contract(fee="0.001")


def changed(
    picture: Snapshot, signed: Amount, price: Amount = 50_000, contract: Contract = PAYING
) -> Forecast:
    change = Change(symbol=contract.symbol, signed=D(signed), price=Price(D(price)))
    return forecast(picture, contract.symbol, change)


CHANGES = """
# held entry  trade price | contracts cost cash equity  of 10,000 dollars, at 50,000, fee 0.1 %
0      0      -1    50000 | -1 50000 9950 9950          opened
0      0      -1    49900 | -1 49900 9950.1 9850.1      opened below the mark
-1     40000  -1    50000 | -2 90000 9950 -50           added
-2     50000  1     50000 | -1 50000 9950 9950          half closed
-2     60000  1     50000 | -1 60000 19950 29950        half closed, at a profit
-2     48000  1     50000 | -1 48000 7950 5950          half closed, at a loss
-1     48000  3     50000 | 2 100000 7850 7850          turned
-1     48000  0     50000 | -1 48000 10000 8000         nothing
"""


@pytest.mark.parametrize(("given_", "wanted"), list(rows(CHANGES)))
def test_a_change_is_filled_and_its_fee_paid(given_: list[str], wanted: str) -> None:
    held, entry, trade, price = given_
    found = changed(alone(PAYING, held, entry, 10_000), trade, price)

    assert found.stake is not None
    figures = [found.stake.contracts, found.stake.cost, found.pool.cash, found.pool.equity]
    assert figures == [D(word) for word in wanted.split()]
    assert found.pool == found.account


def test_a_change_that_closes_leaves_nothing_to_liquidate() -> None:
    found = changed(alone(PAYING, -1, 60_000, 10_000), 1)

    assert (found.stake, found.liquidation_price, found.pool.stakes) == (None, None, ())
    assert found.pool.cash == D(19_950)
    assert found.pool.reach() == NOWHERE


def test_an_inverse_change_is_paid_in_coins() -> None:
    found = changed(alone(PAYING_COINS, -500, 40_000, 1), 250, contract=PAYING_COINS)

    assert found.stake is not None
    assert found.stake.cost == D("0.625")
    assert found.pool.cash == 1 - D("0.125") - D("0.0005"), "25,000 / 50,000 - 25,000 / 40,000, and 0.1 %"


def isolated(picture: Snapshot, leverage: Amount, margin: Amount | None = None) -> Snapshot:
    """Picture the account with margin set aside position by position."""
    aside = None if margin is None else Money(D(margin))
    held = tuple(replace(one, isolated_margin=aside) for one in picture.positions)
    return replace(picture, margin_mode="isolated", leverage=D(leverage), positions=held)


ISOLATED = """
# held aside wallet leverage trade | backing wallet after
0      0     100000 5        -1    | 10000 99950   value / leverage
-1     7000  100000 5        -1    | 17000 99950   what is added brings its own
-2     20000 100000 5        1     | 10000 99950   what is closed releases its share
-1     7000  100000 5        2     | 10000 99900   a turned position begins anew
0      0     8000   5        -1    | 7950 7950     no more than there is
-1     7000  100000 5        0     | 7000 100000   nothing
"""


@pytest.mark.parametrize(("given_", "wanted"), list(rows(ISOLATED)))
def test_in_isolated_mode_a_position_stands_on_the_margin_set_aside_for_it(
    given_: list[str], wanted: str
) -> None:
    held, aside, wallet, leverage, trade = given_
    picture = isolated(alone(PAYING, held, 50_000, wallet), leverage, aside)

    found = changed(picture, trade)

    assert [found.pool.cash, found.account.cash] == [D(word) for word in wanted.split()]
    assert found.stake is not None
    assert found.pool.stakes == (found.stake,)
    contracts, backing = found.stake.contracts, found.pool.cash
    assert found.liquidation_price == PAYING.liquidation_price(contracts, D(50_000), backing)


def test_in_isolated_mode_neither_coins_nor_other_positions_back_a_position() -> None:
    other = linear_contract(base="ETH")
    picture = isolated(with_ether(unified(100_000, 1, -1), other, -10), 5, 10_000)

    found = forecast(picture, LINEAR.symbol)

    assert found.pool.collaterals == ()
    assert [stake.contract.symbol for stake in found.pool.stakes] == [LINEAR.symbol]
    assert {stake.contract.symbol for stake in found.account.stakes} == {LINEAR.symbol, other.symbol}
    assert found.account.collateral == D(47_500)


def with_ether(picture: Snapshot, other: Contract, held: Amount, working: Any = ()) -> Snapshot:
    """Add a second contract, at 2,500."""
    return replace(
        picture,
        contracts=(*picture.contracts, other),
        positions=(*picture.positions, position(other, held, 2_500)),
        quotes=(*picture.quotes, quote(other, 2_500)),
        working=(*picture.working, *working),
    )


def test_the_others_profit_and_maintenance_count_in_the_liquidation_price_of_one() -> None:
    other = linear_contract(base="ETH", rows=((0, "0.01", 50),))
    picture = with_ether(alone(LINEAR, -1, 50_000, 20_000), other, -10)
    picture = replace(picture, quotes=(picture.quotes[0], quote(other, 3_000)))

    found = forecast(picture, LINEAR.symbol)

    assert found.liquidation_price == LINEAR.liquidation_price(D(-1), D(50_000), D(20_000 - 5_000 - 300))
    assert found.pool.reach().up == D(95_000) / (D("1.005") * 50_000 + D("1.01") * 30_000), "together"


WORKING = """
# held orders | counted
-1     -1     | -2       what adds counts as filled, fee paid
0      -1     | -1
-1     1      | -1       what reduces is not counted on
-1     0.5    | -1
1      -1     | 1
1      2      | 3
"""


@pytest.mark.parametrize("symbol", ["its own contract", "another"])
@pytest.mark.parametrize(("given_", "wanted"), list(rows(WORKING)))
def test_working_orders_count_as_filled_if_they_add(given_: list[str], wanted: str, symbol: str) -> None:
    held, flying = (D(word) for word in given_)
    order = working_order("sell" if flying < 0 else "buy", abs(flying), contract=PAYING)
    picture = replace(alone(PAYING, held, 50_000, 10_000), working=(order,))
    other = linear_contract(base="ETH")
    picture = with_ether(picture, other, -1)

    found = forecast(picture, PAYING.symbol if symbol == "its own contract" else other.symbol)

    stake = next(one for one in found.pool.stakes if one.contract.symbol == PAYING.symbol)
    assert stake.contracts == D(wanted)
    assert found.pool.cash == 10_000 - abs(D(wanted) - held) * 50


# --- the venue's word ----------------------------------------------------------------------------------------------


def said(picture: Snapshot, **word: Decimal) -> Snapshot:
    """Let the venue say something of the account: equity, maintenance, liquidation."""
    wallet = replace(
        picture.wallets[0],
        equity=None if "equity" not in word else Money(word["equity"]),
        maintenance=None if "maintenance" not in word else Money(word["maintenance"]),
    )
    price = Price(word["liquidation"]) if "liquidation" in word else None
    held = tuple(replace(one, liquidation_price=price) for one in picture.positions)
    return replace(picture, wallets=(wallet, *picture.wallets[1:]), positions=held)


THREE = ((LINEAR, -1, 20_000), (INVERSE, -500, "0.4"), (LINEAR, 1, 20_000), (INVERSE, 500, "0.4"))
held_ways = pytest.mark.parametrize(
    ("contract", "held", "wallet"), THREE, ids=["short", "inverse-short", "long", "inverse-long"]
)


@held_ways
def test_a_nearer_liquidation_by_the_venues_word_is_taken_over(
    contract: Contract, held: int, wallet: Amount
) -> None:
    for mode in ("cross", "isolated"):
        picture = alone(contract, held, 48_000, wallet)
        if mode == "isolated":
            picture = isolated(replace(picture, wallets=alone(contract, 0, 0, 10**6).wallets), 2, wallet)
        ours = forecast(picture, contract.symbol)
        assert ours.liquidation_price is not None
        theirs = (ours.liquidation_price + 50_000) / 2

        found = forecast(said(picture, liquidation=theirs), contract.symbol)

        assert found.doubt > ZERO
        assert near(found.liquidation_price, theirs)
        reach = found.pool.reach()
        assert near(reach.up if held < 0 else reach.down, theirs / 50_000)
        assert ours.pool.cash - found.pool.cash == found.doubt


@held_ways
def test_less_equity_and_more_maintenance_by_the_venues_word_are_taken_off_together(
    contract: Contract, held: int, wallet: Amount
) -> None:
    picture = alone(contract, held, 48_000, wallet)
    ours = forecast(picture, contract.symbol).pool
    less, more = ours.value * D("0.03"), ours.value * D("0.02")

    found = forecast(
        said(picture, equity=ours.equity - less, maintenance=ours.maintenance + more), contract.symbol
    )

    assert found.doubt == less + more
    assert found.pool.equity == ours.equity - less - more
    theirs = contract.liquidation_price(D(held), D(48_000), D(wallet) - less - more)
    assert theirs is not None
    assert near(found.liquidation_price, theirs)


@held_ways
def test_a_better_word_of_the_venue_and_rounding_change_nothing(
    contract: Contract, held: int, wallet: Amount
) -> None:
    picture = alone(contract, held, 48_000, wallet)
    ours = forecast(picture, contract.symbol)
    assert ours.liquidation_price is not None
    pool, step = ours.pool, ours.pool.value * DOUBT_MIN * D("0.99")
    words: list[dict[str, Decimal]] = [
        {},
        {"equity": pool.equity + 1, "maintenance": pool.maintenance / 2},
        {"equity": pool.equity - step},
        {"maintenance": pool.maintenance + step},
        {"liquidation": ours.liquidation_price * (D(2) if held < 0 else D("0.5"))},
        {"liquidation": ours.liquidation_price * (D("0.99995") if held < 0 else D("1.00005"))},
        {"liquidation": ZERO},
    ]

    for word in words:
        assert forecast(said(picture, **word), contract.symbol) == ours, word


def test_one_word_does_not_add_to_another_the_worst_rules() -> None:
    picture = alone(LINEAR, -1, 50_000, 20_000)
    (equity,) = {forecast(picture, LINEAR.symbol).pool.equity}

    assert doubt_of(said(picture, equity=equity - 1_000), LINEAR.symbol) == D(1_000)
    both = said(picture, equity=equity - 1_000, liquidation=D(60_000))
    assert doubt_of(both, LINEAR.symbol) == D(70_000) - D("1.005") * 60_000


def test_a_haircut_is_no_disagreement_with_a_venue_whose_equity_leaves_coins_out() -> None:
    picture = unified(20_000, "0.5", -1)

    assert doubt_of(said(picture, equity=D(20_000)), LINEAR.symbol) == ZERO
    assert doubt_of(said(picture, equity=D(19_000)), LINEAR.symbol) == D(1_000)


def test_the_venues_word_on_a_wallet_says_nothing_of_an_isolated_position() -> None:
    picture = isolated(alone(LINEAR, -1, 50_000, 20_000), 5, 10_000)

    assert doubt_of(said(picture, equity=D(1), maintenance=D(10_000)), LINEAR.symbol) == ZERO


# --- tables of tiers -----------------------------------------------------------------------------------------------


def table(*given_: Sequence[Amount]) -> tuple[Tier, ...]:
    """Build tiers as a venue might print them: floor, rate, amount."""
    return tuple(
        Tier(value_min=D(f), maintenance_rate=Ratio(D(r)), maintenance_amount=D(a), leverage_max=D(10))
        for f, r, a in given_
    )


LOWEST: tuple[Amount, ...] = (0, "0.01", 0)
FAULTS = [
    ("", table(LOWEST)),
    ("", table(LOWEST, (1000, "0.02", 10))),
    ("", table(LOWEST, (1000, "0.02", 10), (5000, "0.05", 160))),
    ("", table(LOWEST, (1000, "0.01", 0))),  # the same rate twice
    ("", table(LOWEST, (1000, "0.02", "10.02"))),  # printed to a thousandth
    ("it is empty", ()),
    ("it does not begin at value 0", table((1, "0.01", 0))),
    ("its tiers do not rise in value and in rate", table(LOWEST, (0, "0.02", 0))),
    ("its tiers do not rise in value and in rate", table(LOWEST, (1000, "0.005", 0))),
    (
        "its tiers do not rise in value and in rate",
        table(LOWEST, (2000, "0.02", 20), (1000, "0.03", 30)),
    ),
    ("maintenance jumps where the tier of 1000 begins", table(LOWEST, (1000, "0.02", 0))),
    ("maintenance jumps where the tier of 1000 begins", table(LOWEST, (1000, "0.02", 11))),
    ("maintenance jumps where the tier of 5000 begins", table(LOWEST, (1000, "0.02", 10), (5000, "0.05", 0))),
]


@pytest.mark.parametrize(("fault", "tiers"), FAULTS)
def test_a_table_of_tiers_that_cannot_be_right_is_told_from_one_that_can(
    fault: str, tiers: tuple[Tier, ...]
) -> None:
    assert tier_fault(tiers) == fault


@pytest.mark.parametrize("tiers", [tiers for fault, tiers in FAULTS if fault])
@pytest.mark.parametrize("contract", [LINEAR, INVERSE])
def test_without_a_right_table_a_forecast_names_no_price_and_asks_no_maintenance(
    contract: Contract, tiers: tuple[Tier, ...]
) -> None:
    blind = replace(contract, tiers=tiers)
    picture = alone(blind, -1, 48_000, 10)
    for seen in (picture, said(picture, equity=D(5), maintenance=D(1), liquidation=D(55_000))):
        found = forecast(seen, blind.symbol)
        assert found.liquidation_price is None
        assert found.pool.maintenance == ZERO
