"""Rehearsals of small accounts: what the guard would do, rung by rung, and what would become of a bare hedge."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.backtest.rehearsal import Rehearsal, Unrehearsed, rehearse
from bot.backtest.rehearsal_notes import RehearsalRow, room_left
from bot.backtest.rehearsal_world import MINUTE_MS, Shock, World
from bot.core.ladder import standings
from bot.core.lookback import Bars, Need, Settled
from bot.core.policy import MarketView, Target
from bot.core.rules import GuardRules
from bot.core.snapshot import Control, Holding, Snapshot, Spot, Transfer, Volatility, Wallet
from bot.core.values import Coins, Contracts, Money, Price, Ratio, record
from tests.core.builders import (
    HOUR,
    INVERSE,
    LINEAR,
    Amount,
    D,
    T,
    dated,
    guard_rules,
    hedge_rules,
    inverse_contract,
    linear_contract,
    position,
    quote,
    risk_rules,
    rules,
    snapshot,
    working_order,
)

LADDER = guard_rules(ladder=True)
TOPPING_UP = guard_rules(ladder=True, top_up=True)
TWICE = snapshot(held=-1, wallet=25_000)
"""A short of a coin at 50,000, twice its equity: it dies at 74,626.9."""
THRICE_INVERSE = snapshot(INVERSE, spot="0.667", held=-500, wallet="0.333")
"""The same in coins, at three times: it dies near 74,600."""

BEFORE_FUNDING = T // (8 * HOUR) * (8 * HOUR) + 7 * HOUR + 30 * MINUTE_MS
"""Half an hour before funding settles."""


def shock(share: Amount, hours: Amount = 1, *, funding: Amount = 0, basis: Amount = 0) -> Shock:
    over_ms = int(D(hours) * HOUR)
    return Shock(share=Ratio(D(share)), over_ms=over_ms, funding=Ratio(D(funding)), basis=Ratio(D(basis)))


def led(today: Snapshot, through: Shock, guard: GuardRules = LADDER, **others: Any) -> Rehearsal:
    """Rehearse an account that hedges the first contract of its picture."""
    hedged = rules(hedge_rules(today.contracts[0]), guard=guard, **others)
    found = asyncio.run(rehearse(today, hedged, through))
    assert isinstance(found, Rehearsal)
    return found


def why_not(today: Snapshot) -> str:
    found = asyncio.run(rehearse(today, rules(guard=LADDER), shock("0.4")))
    assert isinstance(found, Unrehearsed)
    return found.why


def with_spare(today: Snapshot, spare: Amount) -> Snapshot:
    return replace(today, wallets=(replace(today.wallets[0], spare=Money(D(spare))),))


def reached(found: Rehearsal) -> list[str]:
    """Name the rungs in the order they are first reached."""
    return list(dict.fromkeys(row.rung for row in found.rows))


def acted(found: Rehearsal) -> list[RehearsalRow]:
    return [row for row in found.rows if row.bought or row.moved]


# --- rung by rung ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("today", [TWICE, THRICE_INVERSE], ids=["linear 2x", "inverse 3x"])
def test_a_rally_climbs_the_ladder_and_only_the_bare_hedge_dies_where_the_forecast_says(
    today: Snapshot,
) -> None:
    found = led(today, shock("0.6"))

    assert reached(found) == ["clear", "warn", "top_up", "stop", "reduce"]
    assert found.liquidated is None
    assert found.unguarded is not None
    assert found.liquidation_price is not None
    step = (D("1.6") ** (D(1) / 60)) * D("1.0001")
    assert found.liquidation_price <= found.unguarded.mark <= found.liquidation_price * step
    assert found.reductions == len(acted(found)) > 0
    assert found.moved == 0
    assert D("0.2") < D(str(found.hedges[0].ratio_achieved)) < 1


def test_the_first_row_and_the_last_are_there_and_rows_are_in_order() -> None:
    found = led(TWICE, shock("0.6"))

    assert (found.rows[0].act, found.rows[0].after_ms) == ("the beginning", 0)
    assert found.rows[-1].after_ms == HOUR
    assert found.rows[-1].price_change == D("0.6")
    assert [row.after_ms for row in found.rows] == sorted(row.after_ms for row in found.rows)
    assert [point.after_ms for point in found.path] == [n * MINUTE_MS for n in range(61)]


def test_a_reduction_tells_what_it_bought_and_left_naked_and_moves_liquidation_away() -> None:
    found = led(TWICE, shock("0.4"))

    (row,) = acted(found)
    after = found.rows[found.rows.index(row) + 1]
    assert row.act.startswith("rung reduce: positions are made smaller; buys back 0.5")
    assert f"{row.naked.normalize():f} coins stay naked" in row.act
    assert row.bought == row.naked == found.hedges[0].naked
    assert row.liquidation_price is not None
    assert after.liquidation_price is not None
    assert row.liquidation_price == pytest.approx(found.liquidation_price)
    assert after.liquidation_price > row.liquidation_price
    assert after.distance is not None
    assert after.distance >= D("0.25")


def test_with_top_ups_and_enough_to_spare_the_hedge_is_kept() -> None:
    found = led(with_spare(TWICE, 60_000), shock("0.6"), TOPPING_UP)

    assert found.liquidated is None
    assert found.unguarded is not None, "what is in the spot wallet backs nothing by itself"
    assert found.moved == sum(row.moved for row in found.rows) > 0
    assert found.reductions == found.cost == 0
    assert found.hedges[0].ratio_achieved == 1
    row = acted(found)[0]
    assert row.needed == row.moved
    assert f"moves {round(row.moved, 6).normalize():f} USDT into the futures wallet" in row.act


def test_with_little_to_spare_it_is_moved_first_and_then_the_hedge_is_reduced() -> None:
    found = led(with_spare(TWICE, 2_000), shock("0.6"), TOPPING_UP)

    assert found.moved == 2_000
    assert [bool(row.moved) for row in acted(found)][:2] == [True, False]


def test_what_was_moved_today_counts_against_the_days_cap() -> None:
    today = replace(with_spare(TWICE, 60_000), moved_today=Money(D(900)))

    found = led(today, shock("0.6"), guard_rules(ladder=True, top_up=True, top_up_day_max=1_000))

    assert found.moved == 100


def test_a_fall_leaves_a_short_alone() -> None:
    found = led(TWICE, shock("-0.4"))

    assert reached(found) == ["clear"]
    assert [row.act for row in found.rows] == ["the beginning", "the end"]
    assert (found.liquidated, found.unguarded) == (None, None)
    assert found.moved == found.reductions == found.hedges[0].naked == 0


def test_a_gap_comes_before_the_guard_can_act() -> None:
    found = led(TWICE, shock("0.6", 0))

    assert found.liquidated == found.unguarded is not None
    assert found.rows[-1].liquidated
    assert found.rows[-1].act.startswith("LIQUIDATED: 1 contracts (1 BTC) at 80000")
    assert found.hedges[0].naked == 1


def test_after_a_gap_that_it_outlives_the_guard_reduces_at_once() -> None:
    found = led(TWICE, shock("0.4", 0))

    assert found.liquidated is None
    assert found.reductions == 1
    assert [row.after_ms for row in found.rows] == [0] * len(found.rows)


def test_sigmas_widen_the_rungs_for_all_of_the_rehearsal() -> None:
    wild = Volatility(symbol=LINEAR.symbol, day=Ratio(D("0.05")), until_ms=T + 1)

    found = led(replace(TWICE, volatilities=(wild,)), shock("0.4"))

    assert [rung.limit for rung in found.rungs][:3] == [D("0.50"), D("0.40"), D("0.30")]
    assert found.rows[0].rung == "warn"
    assert acted(found)[0].after_ms < acted(led(TWICE, shock("0.4")))[0].after_ms


def test_rung_prices_are_told_on_the_side_of_the_shock() -> None:
    up, down = led(TWICE, shock("0.1")), led(TWICE, shock("-0.1"))

    assert up.liquidation_price is not None
    assert up.rungs[0].price == pytest.approx(up.liquidation_price / D("1.3"))
    assert {rung.price for rung in down.rungs} == {None}


def test_the_margin_that_would_restore_the_distance_is_told_whoever_brings_it() -> None:
    found = led(TWICE, shock("0.4"))

    warned = next(row for row in found.rows if row.rung == "warn")
    assert warned.needed is not None
    richer = replace(TWICE, wallets=(replace(TWICE.wallets[0], balance=Money(25_000 + warned.needed)),))
    multiple = warned.mark / 50_000
    (one,) = standings(richer.moved(multiple), LADDER)
    assert one.distance == pytest.approx(D("0.40"), abs=D("0.0001"))


# --- the world ------------------------------------------------------------------------------------------------


def _isolated() -> Snapshot:
    held = replace(position(LINEAR, -1), isolated_margin=Money(D(20_000)))
    return replace(TWICE, positions=(held,), margin_mode="isolated", leverage=D(2))


def _unified() -> Snapshot:
    coins = Wallet(
        asset="BTC", balance=Money(D("0.5")), deposited=Money(D("0.5")), collateral_share=Ratio(D("0.9"))
    )
    return replace(TWICE, wallets=(*TWICE.wallets, coins))


@pytest.mark.parametrize(
    "today",
    [
        TWICE,
        THRICE_INVERSE,
        snapshot(held=-1, entry=41_234, wallet=12_345, realised=-777),
        snapshot(INVERSE, held=-321, entry=61_234, wallet="0.4321", realised="0.0123"),
        snapshot(held="0.7", wallet=9_000),
        _isolated(),
        _unified(),
    ],
    ids=["linear", "inverse", "in loss", "inverse in profit", "long", "isolated", "unified"],
)
def test_the_rebuilt_account_stands_as_its_picture_does(today: Snapshot) -> None:
    row = led(today, shock(0, 0), replace(LADDER, rungs=())).rows[0]

    one = min(standings(today, LADDER), key=room_left)
    assert row.distance == pytest.approx(one.distance, abs=D("1e-12"))
    assert row.margin_ratio == pytest.approx(one.margin_ratio, abs=D("1e-12"))
    told = World(today, shock(0)).exchange.positions("test")[0]
    mine = today.positions[0]
    assert (told.contracts, told.realised_pnl) == (mine.contracts, mine.realised_pnl)
    assert told.entry_price == pytest.approx(mine.entry_price)
    assert told.isolated_margin == mine.isolated_margin


def test_an_isolated_position_has_no_margin_to_restore_it() -> None:
    found = led(_isolated(), shock("0.5"))

    assert {row.needed for row in found.rows} == {None}
    assert found.unguarded is not None
    assert found.liquidated is None


def test_what_expired_contracts_realised_stays_in_the_books() -> None:
    near = dated(inverse_contract(), 24 * 30)
    gone = replace(position(near, 0, realised="0.05"), symbol="BTC/USD:BTC-250101")
    today = snapshot(near, held=-400, wallet="0.9")

    found = World(replace(today, positions=(*today.positions, gone)), shock(0)).exchange.positions("test")

    assert [(one.symbol, one.realised_pnl) for one in found] == [(near.symbol, D("0.05"))]


@pytest.mark.parametrize(("rate", "paid"), [("0.001", 50), ("-0.001", -50), ("0", 0)])
def test_funding_is_paid_at_the_boundary_and_a_positive_rate_pays_shorts(rate: str, paid: int) -> None:
    prices = quote(at_ms=BEFORE_FUNDING)
    today = snapshot(held=-1, wallet=25_000, at_ms=BEFORE_FUNDING, prices=prices)

    found = led(today, shock(0, funding=rate))

    assert found.funding == paid


def test_a_basis_grows_to_its_end_and_prices_go_straight_in_their_logarithm() -> None:
    path = led(TWICE, shock("0.21", basis="0.01")).path

    assert path[-1].mark == D(50_000) * D("1.21") * D("1.01")
    assert path[30].mark == pytest.approx(D(50_000) * D("1.1") * D("1.005"), abs=D("0.001"))


async def test_policies_look_back_on_what_there_was_today() -> None:
    bars = Bars(
        symbol=LINEAR.symbol,
        bar_ms=HOUR,
        last_ms=T // HOUR * HOUR,
        closes=(Price(D(49_000)), Price(D(50_000))),
        highs=(Price(D(50_000)),) * 2,
        lows=(Price(D(49_000)),) * 2,
    )
    paid = Settled(symbol=LINEAR.symbol, interval_ms=8 * HOUR, last_ms=T, rates=(Ratio(D("0.0001")),))
    world = World(replace(TWICE, bars=(bars,), settled=(paid,)), shock("0.4"))
    need = Need(symbol=LINEAR.symbol, bar_ms=HOUR, count=1)

    assert await world.venue().bars((need, replace(need, bar_ms=2 * HOUR))) == (bars.last(1),)
    assert await world.venue().settled((LINEAR.symbol, "NOPE"), 9) == (paid,)


def test_a_long_rehearsal_has_a_bounded_number_of_prices() -> None:
    assert [shock("0.1", hours).steps for hours in (0, "0.5", 24, 72)] == [1, 30, 1440, 1440]


def test_where_nothing_is_displayed_a_modest_size_is() -> None:
    bare = replace(TWICE.quotes[0], ask_contracts=Contracts(D(0)))

    world = World(replace(TWICE, quotes=(bare,)), shock(0))

    assert world.exchange.touches[LINEAR.symbol].ask_left == 2


def test_a_thin_book_takes_several_orders() -> None:
    thin = replace(TWICE.quotes[0], ask_contracts=Contracts(D("0.1")))

    found = led(replace(TWICE, quotes=(thin,)), shock("0.4"))

    assert found.reductions > 3
    assert found.liquidated is None


def test_a_persons_freeze_holds_on() -> None:
    freeze = Control(kind="freeze", hedge=None, who="ann", why="looking", at_ms=T)
    half = replace(snapshot(held="-0.5", wallet=25_000), leverage=D(10))

    bare, frozen = led(half, shock("0.1")), led(replace(half, controls=(freeze,)), shock("0.1"))

    assert "the hedge sells 0.5 contracts (0.5 BTC) at" in " ".join(row.act for row in bare.rows)
    assert [row.act for row in frozen.rows] == ["the beginning", "the end"]
    assert frozen.hedges[0].naked == D("0.5")


def test_an_order_is_told_of_when_the_guard_takes_it_back_and_not_when_it_is_priced_anew() -> None:
    spread = quote(bid=49_990, ask=50_010, at_ms=BEFORE_FUNDING)
    nearly = snapshot(held="-0.98", wallet=10_400, prices=spread, at_ms=BEFORE_FUNDING)

    found = led(replace(nearly, leverage=D(10)), shock(0, funding="-0.01"), patience=10**6)

    (row,) = [row for row in found.rows if "takes an order back" in row.act]
    assert (row.rung, row.state) == ("stop", "reducing")


def test_what_the_guard_refuses_is_told_once() -> None:
    half = replace(snapshot(held="-0.5", wallet=25_000), leverage=D(10))

    found = led(half, shock("0.1"), risk=risk_rules(leverage=1))

    refusals = [row for row in found.rows if "refuses btc a sell: leverage, venue_minimum" in row.act]
    assert [row.after_ms for row in refusals] == [0]
    assert found.hedges[0].naked == D("0.5")


def test_a_contract_that_expires_on_the_way_settles_and_the_family_carries_on() -> None:
    near = dated(LINEAR, "0.5")
    today = snapshot(near, held=-1, wallet=25_000)
    both = replace(today, contracts=(near, LINEAR), quotes=(*today.quotes, quote(LINEAR)), leverage=D(10))

    found = led(both, shock("0.1"))

    assert any("the hedge buys" in row.act or "expires and settles" in row.act for row in found.rows)
    assert found.hedges[0].ratio_achieved == 1
    assert found.path[-1].mark == pytest.approx(D(55_000))


def test_what_cannot_be_taken_along_is_named() -> None:
    moving = Transfer(transfer_id="hr-1-t", asset="USDT", amount=Money(D(500)), since_ms=T)
    today = replace(TWICE, working=(working_order(),), transfers=(moving,), foreign=("ETH/USDT:USDT",))

    found = led(today, shock("0.1"))

    assert found.left_out == (
        "the position in ETH/USDT:USDT, which no hedge explains",
        "the working order o1",
        "500 USDT on their way to the futures wallet",
    )


# --- accounts that cannot be rehearsed --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "why"),
    [
        (snapshot(), "it holds no position, so that no price can liquidate it."),
        (replace(TWICE, missing=("no quote of it",)), "the last picture has holes: no quote of it."),
        (
            snapshot(replace(linear_contract(), tiers=()), held=-1),
            "the margin tiers of BTC/USDT:USDT cannot be right: it is empty.",
        ),
        (replace(TWICE, quotes=()), "BTC/USDT:USDT is held, and the last picture has no price of it."),
    ],
)
def test_an_account_that_cannot_be_rehearsed_says_why(today: Snapshot, why: str) -> None:
    assert why_not(today) == why


def test_a_price_is_one_of_the_contract_nearest_to_liquidation() -> None:
    found = led(TWICE, shock("0.1"))

    assert (found.symbol, found.settle) == (LINEAR.symbol, "USDT")
    assert found.path[0].mark == Price(D(50_000))


@record
class Remembers:
    """A stage that holds a full hedge while it sees the day's past, and none when that is gone."""

    def needs(self, symbol: str, asset: str) -> tuple[Need, ...]:  # noqa: ARG002 - the stages' form
        return (Need(symbol=symbol, bar_ms=HOUR, count=2),)

    def needs_settlements(self) -> int:
        return 2

    def apply(self, market: MarketView, target: Target) -> Target:
        (need,), rates = self.needs(market.symbol, market.asset), market.rates(market.symbol)
        bars = market.history(need)
        fresh = bars is not None and bars.last_ms + HOUR > market.at_ms and rates is not None
        return replace(target, ratio=Ratio(D(int(fresh))), reason="seen" if fresh else "gone")


def test_policies_see_todays_past_throughout_and_other_coins_move_along() -> None:
    day = Bars(
        symbol=LINEAR.symbol,
        bar_ms=HOUR,
        last_ms=T // HOUR * HOUR,
        closes=(Price(D(50_000)),) * 2,
        highs=(Price(D(50_000)),) * 2,
        lows=(Price(D(50_000)),) * 2,
    )
    paid = Settled(symbol=LINEAR.symbol, interval_ms=8 * HOUR, last_ms=T - HOUR, rates=(Ratio(D(0)),) * 2)
    today = replace(
        snapshot(spot=0, held=-1, wallet=100_000),
        holdings=(Holding(asset="ADA", coins=Coins(D(50_000)), place="declared"),),
        spots=(Spot(symbol="ADA/USDT", at_ms=T, price=Price(D(1))),),
        bars=(day,),
        settled=(paid,),
    )
    hedged = rules(hedge_rules(LINEAR, asset="ADA", stages=(Remembers(),)), guard=LADDER)

    found = asyncio.run(rehearse(today, hedged, shock("0.2", 12)))

    assert isinstance(found, Rehearsal)
    assert [hedge.ratio_achieved for hedge in found.hedges] == [D(1)]
    assert acted(found) == []
