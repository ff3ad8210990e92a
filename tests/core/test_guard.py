"""What the guard finds, lets happen and does itself: rung by rung, both ways, and never against the policy for fees."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.clock import SimClock
from bot.adapters.holdings import DeclaredHoldings
from bot.adapters.log import SilentLog
from bot.adapters.sim_venue import SimVenue
from bot.adapters.switch import NO_SWITCH
from bot.backtest.tally import Tally
from bot.core.decide import Decision, decide
from bot.core.guard import look
from bot.core.instruments import Perpetual
from bot.core.memory import GuardMemory, Rung, State
from bot.core.relief import TopUp
from bot.core.risk import Approved
from bot.core.rules import Rules
from bot.core.snapshot import Control, Holding, Resume, Snapshot, Volatility
from bot.core.values import ZERO, Coins, Money, Price, Ratio
from bot.shell.loop import Loop
from bot.sim.exchange import Exchange
from tests.core.builders import (
    INVERSE,
    LINEAR,
    D,
    T,
    guard_rules,
    hedge_rules,
    inverse_contract,
    linear_contract,
    quote,
    risk_rules,
    rows,
    rules,
    snapshot,
)

LADDER = guard_rules(ladder=True)
STAY_MS = 3_600_000


def told(picture: Snapshot) -> Snapshot:
    """Let the venue say what we forecast."""
    watch = look(picture, rules(guard=LADDER))
    (one,) = watch.standings
    wallets = tuple(
        replace(wallet, equity=Money(one.equity), maintenance=Money(one.maintenance))
        for wallet in picture.wallets
    )
    return replace(picture, wallets=wallets)


# One coin short at 50,000, 0.5 % maintenance; the wallet decides how far liquidation is. The venue is silent but for `ratio`.
RUNGS = """
# wallet  sigma  | rung, state, answer
  40000   0      | clear normal hold
  15325   0      | clear normal hold                       30.0 %: warn is below 30 %
  15200   0      | warn normal hold
  12813   0      | warn normal hold
  12700   0      | top_up normal hold
  10300   0      | top_up normal hold
  10200   0      | stop reducing hold                      the hedge is whole: nothing is added, nothing reduced
   6300   0      | stop reducing hold
   6200   0      | reduce reducing buy 0.517 reduce-only   until 25 % are restored
   1800   0      | reduce reducing buy 0.86 reduce-only
   1700   0      | halt halted buy 0.868 reduce-only       the guard goes on reducing
    200   0      | halt halted buy 0.985 reduce-only
   -500   0      | halt halted buy 1 reduce-only           negative equity
  40000   0.05   | clear normal hold                       79 % are 15.8 sigmas of a day
  40000   0.08   | warn normal hold                        9.9: sigmas are the stricter rule
  40000   0.10   | top_up normal hold
  40000   0.14   | stop reducing hold
  40000   0.20   | reduce reducing buy 0.505 reduce-only   3.96 sigmas; until eight are restored
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(RUNGS)))
def test_each_rung_is_reached_and_answered_as_the_table_says(columns: list[str], expected: str) -> None:
    wallet, sigma = columns
    rung, state, words = expected.split(maxsplit=2)
    volatility = Volatility(symbol=LINEAR.symbol, day=Ratio(D(sigma)), until_ms=T + 10**7)
    picture = replace(snapshot(held=-1, wallet=wallet), volatilities=(volatility,) if D(sigma) else ())

    decision = decide(picture, rules(guard=LADDER))

    assert decision.watch is not None
    assert decision.watch.rung is Rung[rung.upper()]
    assert decision.explanations[0].state is State(state)
    assert said(decision) == words


def said(decision: Decision) -> str:
    for command in decision.commands:
        if isinstance(command, Approved):
            assert command.leg == "guard"
            assert command.crossing
            return f"{command.request.side} {command.request.contracts.normalize():f} reduce-only"
    return decision.explanations[0].answer


def test_a_reduction_is_the_smallest_that_restores_the_distance_and_says_what_it_leaves_naked() -> None:
    picture = snapshot(held=-1, wallet=6200)
    decision = decide(picture, rules(guard=LADDER))
    (command,) = (one for one in decision.commands if isinstance(one, Approved))
    (why,) = decision.explanations

    def distance(bought: Decimal) -> Decimal:
        (left,) = look(snapshot(held=-1 + bought, wallet=6200), rules(guard=LADDER)).standings
        assert left.distance is not None
        return left.distance

    assert distance(command.request.contracts) >= D("0.25") > distance(command.request.contracts - D("0.002"))
    assert why.naked == command.request.contracts
    assert "0.517000 BTC stay unhedged" in why.why
    assert "liquidation is 11.8 % away, limit 12.0 %" in why.why


def test_the_hedge_is_not_closed_because_it_alone_shows_a_loss() -> None:
    """Entered at 20,000 and now at 50,000 the short has lost more than its coin cost; margin is ample."""
    picture = told(snapshot(held=-1, entry=20_000, wallet=100_000))

    decision = decide(picture, rules(guard=LADDER))

    assert (decision.commands, decision.explanations[0].answer) == ((), "hold")
    assert decision.watch is not None
    assert decision.watch.causes == ()


# --- both ways: nothing fires on hedge-neutral moves ------------------------------------------------------------

multiples = st.lists(st.integers(500, 1500).map(lambda n: D(n).scaleb(-3)), min_size=1, max_size=6)


@settings(deadline=None, max_examples=150)
@given(payoff=st.sampled_from(["linear", "inverse"]), room=st.integers(0, 300), path=multiples)
def test_nothing_fires_while_spot_and_future_move_together_by_half_with_enough_collateral(
    payoff: str, room: int, path: list[Decimal]
) -> None:
    """Enough is what keeps the warn rung away after +50 %: 1.5 x 1.3 of the price, maintenance paid."""
    contract = LINEAR if payoff == "linear" else INVERSE
    extra = 1 + D(room).scaleb(-2)
    if contract.linear:
        picture = snapshot(held=-1, wallet=50_000 * D("0.96") * extra)
    else:
        picture = snapshot(INVERSE, spot=0, held=-500, wallet=1, prices=quote(INVERSE))
    wanted = rules(hedge_rules(contract), guard=LADDER, risk=risk_rules(shock="0.3", leverage=3))

    for multiple in path:
        moved = picture.moved(multiple)
        decision = decide(told(moved), wanted)

        assert decision.commands == ()
        assert decision.explanations[0].state is State.NORMAL
        assert decision.watch is not None
        assert (decision.watch.rung, decision.watch.causes) == (Rung.CLEAR, ())


# --- the guard and the policy do not chase each other -----------------------------------------------------------


async def replayed(
    contract: Perpetual, wallet: Decimal, path: list[tuple[int, Decimal]], wanted: Rules
) -> list[tuple[int, str]]:
    """Turn a market by steps of time and price, let the loop act until it rests, and list who traded when."""
    exchange = Exchange((contract,))
    exchange.open_account("test", "cross", D(20))
    exchange.at_ms = T
    exchange.deposit("test", contract.settle, wallet)
    clock, price = SimClock(T), D(50_000)
    exchange.quote(quote(contract, price))
    spot = Coins(D(1) if contract.linear else ZERO)
    loop = Loop(
        rules=wanted,
        venue=SimVenue(exchange, "test"),
        holdings=DeclaredHoldings((Holding(asset="BTC", coins=spot, place="declared"),)),
        journal=Tally(),
        clock=clock,
        log=SilentLog(),
        switch=NO_SWITCH,
    )
    await loop.start()
    traded = []
    for seconds, multiple in [(0, D(1)), *path]:
        clock.turn_to(clock.now_ms() + seconds * 1000)
        price = round(price * multiple, 1)
        exchange.quote(quote(contract, price, at_ms=clock.now_ms()))
        for _ in range(6):
            step = await loop.step()
            orders = [one for one in step.decision.commands if isinstance(one, Approved)]
            traded += [
                (clock.now_ms(), "guard" if one.leg == "guard" else str(one.request.side)) for one in orders
            ]
            if not step.decision.commands:
                break
    return traded


steps = st.lists(
    st.tuples(
        st.sampled_from([60, 1_800, 3_600, 4_000]),
        st.sampled_from(["1.08", "1.15", "1.28", "0.7", "0.8", "0.95"]).map(D),
    ),
    min_size=6,
    max_size=24,
)


@settings(deadline=None, max_examples=200)
@given(payoff=st.sampled_from(["linear", "inverse"]), path=steps)
def test_no_path_makes_guard_and_policy_trade_against_each_other_more_than_once_a_stay(
    payoff: str, path: list[tuple[int, Decimal]]
) -> None:
    linear = payoff == "linear"
    contract = linear_contract(fee="0.0005") if linear else inverse_contract(fee="0.0005")
    wanted = rules(
        hedge_rules(contract),
        guard=LADDER,
        risk=risk_rules(leverage=4, shock="0.1", quote_age=10**6),
        patience=0,
        slippage="0.01",
    )
    wallet = D(20_000) if linear else D("0.4")

    traded = asyncio.run(replayed(contract, wallet, path, wanted))

    last_guard_ms: int | None = None
    turns: list[int] = []
    for at_ms, who in traded:
        if who == "guard":
            last_guard_ms = at_ms
        elif who == "sell" and last_guard_ms is not None:
            assert at_ms - last_guard_ms >= STAY_MS, "nothing is added within the stay after a reduction"
            turns.append(at_ms)
            last_guard_ms = None
    assert all(later - earlier >= STAY_MS for earlier, later in pairwise(turns))


def test_what_was_reduced_is_hedged_again_after_the_stay_once_the_margin_is_there() -> None:
    wanted = rules(guard=LADDER, risk=risk_rules(leverage=4, quote_age=10**6), patience=0, slippage="0.01")
    path = [(60, D("1.28")), (60, D("0.7")), (3500, D(1)), (120, D(1))]

    traded = asyncio.run(replayed(LINEAR, D(20_000), path, wanted))

    seconds = [((at_ms - T) // 1000, who) for at_ms, who in traded]
    assert seconds == [(0, "sell"), (60, "guard"), (3740, "sell")]


# --- states, latches, words -------------------------------------------------------------------------------------


def thin(**memory: Any) -> Snapshot:
    """An account whose liquidation is 22 % away: between top-up and stop."""
    picture = snapshot(held=-1, wallet=11_300)
    return replace(picture, memory=replace(picture.memory, guard=GuardMemory(**memory)))


# What margin was, what it is now, and what the guard makes of it. `ago` is seconds since the last cause.
STATES = """
# before    ago    wallet | state     why
  normal       0    40000 | normal
  normal       0    10200 | reducing  worse at once
  reducing  9999    11300 | reducing  better, and not yet beyond the top-up rung
  reducing  3599    40000 | reducing  restored, the stay is not over
  reducing  3600    40000 | normal    restored, and the stay is over
  reducing  9999     6200 | reducing
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(STATES)))
def test_margin_gets_worse_at_once_and_better_only_after_distance_and_stay(
    columns: list[str], expected: str
) -> None:
    before, ago, wallet = columns
    memory = GuardMemory(state=State(before), since_ms=T - int(ago) * 1000)
    picture = snapshot(held=-1, wallet=wallet)
    picture = replace(picture, memory=replace(picture.memory, guard=memory))

    watch = look(picture, rules(guard=LADDER))

    assert watch.memory.state is State(expected.split(maxsplit=1)[0])
    assert watch.state is State(expected.split(maxsplit=1)[0])


def test_a_halt_lasts_until_a_person_releases_it_and_margin_is_restored() -> None:
    halted = look(snapshot(held=-1, wallet=1000), rules(guard=LADDER))
    richer = snapshot(held=-1, wallet=60_000, at_ms=T + 10**8)
    richer = replace(richer, memory=replace(richer.memory, guard=halted.memory))
    released = replace(richer, resumes=(Resume(hedge=None, at_ms=T + 10**8),))
    early = replace(richer, resumes=(Resume(hedge=None, at_ms=T - 1),))

    states = [look(one, rules(guard=LADDER)).state for one in (richer, early, released)]

    assert states == [State.HALTED, State.HALTED, State.REDUCING], "released, and the stay begins"
    later = replace(released, at_ms=T + 2 * 10**8)
    memory = replace(later.memory, guard=look(released, rules(guard=LADDER)).memory)
    assert look(replace(later, memory=memory), rules(guard=LADDER)).state is State.NORMAL


def test_all_causes_are_listed_and_the_most_restrictive_rules() -> None:
    frozen = Control(kind="freeze", hedge=None, who="ann", why="holiday", at_ms=T)
    picture = replace(thin(), controls=(frozen,), foreign=("DOGE/USDT:USDT",))

    watch = look(picture, rules(guard=LADDER))

    assert watch.state is State.HALTED
    assert [cause.kind for cause in watch.causes] == [
        "margin", "frozen", "foreign_position", "unreported", "top_up",
    ]  # fmt: skip
    assert "Frozen by ann: holiday. `hedgerow resume` ends it." in [cause.text for cause in watch.causes]


# --- top-ups ----------------------------------------------------------------------------------------------------


# One coin short at 50,000; `spare` in the spot wallet; the answer is what is moved.
TOP_UPS = """
# payoff   wallet  spare   day_max  on   | moved
  linear   12000   50000   1000000  yes  | 8350      to 40 %: 1.4 x 50,000 x 1.005 less 50,000 and 12,000
  linear   12000    5000   1000000  yes  | 5000      what there is
  linear   12000   50000      3000  yes  | 3000      what may be moved in a day
  linear   12000   50000   1000000  no   | -
  linear   12000       0   1000000  yes  | -
  linear   13000   50000   1000000  yes  | -         25 % and more
  inverse  0.2     0.5     1000000  yes  | 0.08928572
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(TOP_UPS)))
def test_a_top_up_moves_what_restores_the_distance_and_no_more(columns: list[str], expected: str) -> None:
    payoff, wallet, spare, day_max, on = columns
    if payoff == "linear":
        picture = snapshot(held=-1, wallet=wallet)
    else:
        picture = snapshot(INVERSE, spot=0, held=-500, wallet=wallet, prices=quote(INVERSE))
    wallets = tuple(replace(one, spare=Money(D(spare))) for one in picture.wallets)
    guard = guard_rules(ladder=True, top_up=on == "yes", top_up_day_max=day_max)

    watch = look(replace(picture, wallets=wallets), rules(guard=guard))

    assert ("-" if watch.top_up is None else f"{watch.top_up.amount.normalize():f}") == expected.split(
        maxsplit=1
    )[0]
    if expected == "8350":
        after = replace(picture, wallets=tuple(replace(one, balance=Money(D(20_350))) for one in wallets))
        (one,) = look(after, rules(guard=guard)).standings
        assert round(one.distance or ZERO, 12) == D("0.4")


def test_money_that_can_restore_the_margin_goes_before_a_reduction() -> None:
    guard = guard_rules(ladder=True, top_up=True)
    picture = snapshot(held=-1, wallet=5000)
    rich = replace(picture, wallets=tuple(replace(one, spare=Money(D(50_000))) for one in picture.wallets))
    refused = replace(rich, top_up_refused_ms=T - 1000)

    moved, reduced = decide(rich, rules(guard=guard)), decide(refused, rules(guard=guard))

    assert [type(command) for command in moved.commands] == [TopUp]
    assert [type(command) for command in reduced.commands] == [Approved], "a refused one is not waited for"


# --- what cannot be measured ------------------------------------------------------------------------------------


def test_a_venue_that_reports_no_margin_is_named_and_our_forecast_rules() -> None:
    watch = look(snapshot(held=-1, wallet=12_000), rules(guard=LADDER))

    assert watch.rung is Rung.TOP_UP
    (text,) = [cause.text for cause in watch.causes if cause.kind == "unreported"]
    assert "gives no maintenance margin in USDT, nor a liquidation price for BTC/USDT:USDT" in text


@pytest.mark.parametrize("told_margin", [True, False])
def test_without_tiers_nothing_is_added_and_the_venues_word_alone_reduces(*, told_margin: bool) -> None:
    bare = replace(LINEAR, tiers=())
    picture = snapshot(bare, spot=2, held=-1, wallet=30_000)
    word = Money(D(29_000)) if told_margin else None
    wallets = tuple(replace(one, maintenance=word) for one in picture.wallets)

    decision = decide(replace(picture, wallets=wallets), rules(guard=LADDER))

    assert decision.watch is not None
    (text,) = [cause.text for cause in decision.watch.causes if cause.kind == "tiers"]
    assert "The margin tiers of BTC/USDT:USDT cannot be right: it is empty." in text
    assert decision.explanations[0].state in {State.REDUCING, State.HALTED}
    orders = [one for one in decision.commands if isinstance(one, Approved)]
    assert [one.request.reduce_only for one in orders] == ([True] if told_margin else [])


def test_the_venues_word_rules_where_it_is_worse_and_a_wide_difference_is_an_alarm() -> None:
    picture = told(snapshot(held=-1, wallet=40_000))
    nearer = tuple(replace(one, liquidation_price=Price(D(55_000))) for one in picture.positions)

    agreed, diverged = (
        look(picture, rules(guard=LADDER)),
        look(replace(picture, positions=nearer), rules(guard=LADDER)),
    )

    assert (agreed.rung, agreed.causes) == (Rung.CLEAR, ())
    (one,) = diverged.standings
    assert abs((one.distance or ZERO) - D("0.1")) < D("1e-9")
    assert diverged.rung is Rung.REDUCE
    assert [cause.kind for cause in diverged.causes] == ["margin", "divergence", "top_up"]
