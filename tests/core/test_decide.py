"""Decisions as tables a trader can audit, and what a decision remembers and promises."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.core import risk
from bot.core.decide import Decision, decide
from bot.core.desk import Cancel
from bot.core.forecast import forecast
from bot.core.memory import Memory
from bot.core.orders import WORKING, client_order_id
from bot.core.policy import NO_END_MS
from bot.core.risk import Approved
from bot.core.rules import Meaning, Rules
from bot.core.snapshot import Snapshot
from bot.core.values import ZERO, Money
from tests.core.builders import (
    INVERSE,
    LINEAR,
    D,
    T,
    answer,
    guard_rules,
    hedge_rules,
    linear_contract,
    position,
    quote,
    request,
    risk_rules,
    rows,
    rules,
    snapshot,
    wish,
    working_order,
)

CAREFUL = risk_rules(leverage=2)
STOP = guard_rules(margin_ratio="0.5", distance="0.2")

# Coins at 50,000; a quote may be 10 s old; a gap waits 30 s at the touch; margin is dollars, at most 2x, 20% room.
# "gap": seconds since it was first seen. "order": a working order, its state and signed remaining size.
LINEAR_DECISIONS = """
# spot     short  ratio  outer  inner  wallet   age  gap  order            | answer
  12.5     0      0.8    0.01   0.01   1000000    0    -  -                | sell 9.875           under-hedged, to the near edge
  12.5     0      0.8    0.01   0      1000000    0    -  -                | sell 10              to the target itself
  12.5     9.8    0.8    0.01   0.005  1000000    0    -  -                | sell 0.138           the fewest steps to the inner edge
  12.5     9.9    0.8    0.01   0.01   1000000    0    -  -                | hold                 inside the band
  12.5     9.875  0.8    0.01   0.01   1000000    0    -  -                | hold                 on the outer edge
  12.5     9.874  0.8    0.01   0      1000000    0    -  -                | sell 0.126           one step beyond it
  12.5    11.0    0.8    0.01   0.01   1000000    0    -  -                | buy 0.875 reduce-only  over-hedged
  12.5    11.0    0.8    0.01   0      1000000    0    -  -                | buy 1 reduce-only
   0       2.0    0.8    0.01   0.01   1000000    0    -  -                | buy 2 reduce-only    nothing left to hedge
   0       0      0.8    0.01   0.01   1000000    0    -  -                | hold                 nothing at all
  12.5     3.0    0      0.01   0      1000000    0    -  -                | buy 3 reduce-only    no hedge wanted
   1.0     0      1.2    0.01   0      1000000    0    -  -                | sell 1.2             net short: wanted, and said
   0.00001 0      1.0    0      0      1000000    0    -  -                | hold                 gap below one step
   1.0009  1.0    1.0    0      0      1000000    0    -  -                | hold                 a linear target is cut, not rounded
# margin
  12.5     0      0.8    0.01   0       100000    0    -  -                | sell 4               shrunk to 2x
  12.5     4.0    0.8    0.01   0       100000    0    -  -                | refused leverage liquidation_distance venue_minimum
  12.5     0      0.8    0.01   0            0    0    -  - | refused leverage margin_ratio margin_shocked liquidation_distance venue_minimum
  12.5    11.0    0.8    0.01   0            0    0    -  -                | buy 1 reduce-only    reducing is still allowed
# the quote's age
  12.5     0      0.8    0.01   0      1000000   10    -  -                | sell 10
  12.5     0      0.8    0.01   0      1000000   11    -  -                | refused quote_age venue_minimum
  12.5     0      0.8    0.01   0      1000000  -11    -  -                | refused quote_age venue_minimum  its clock runs ahead
  12.5    11.0    0.8    0.01   0      1000000   11    -  -                | refused quote_age venue_minimum  not even to reduce
  12.5     9.9    0.8    0.01   0      1000000   99    -  -                | hold                 nothing to do needs no quote
# an order that works
  12.5     0      0.8    0.01   0      1000000    0    5  open:-10         | wait
  12.5     0      0.8    0.01   0      1000000    0    5  open:-4          | wait                 one order at a time
  12.5     0      0.8    0.01   0      1000000    0   29  open:-10         | wait
  12.5     0      0.8    0.01   0      1000000    0   30  open:-10         | cancel               patience is out
  12.5     0      0.8    0.01   0      1000000    0   30  -                | sell 10              and the rest crosses
  12.5     9.0    0.8    0.01   0      1000000    0    5  open:-1          | wait                 in flight counts
  12.5     9.0    0.8    0.01   0      1000000    0    5  open:-1.001      | cancel               it would overshoot by a step
  12.5     9.0    0.8    0.01   0      1000000    0    5  open:2           | cancel               it buys where selling is due
  12.5    11.0    0.8    0.01   0      1000000    0    5  open:1           | wait
  12.5    11.0    0.8    0.01   0      1000000    0    5  open:1.001       | cancel               it would leave too little short
  12.5     0      0.8    0.01   0      1000000    0    5  planned:-10      | wait                 its fate is open
  12.5     0      0.8    0.01   0      1000000    0    5  sent:-10         | wait
  12.5     0      0.8    0.01   0      1000000    0   99  unknown:-10      | wait                 unknown blocks, patience or not
  12.5    11.0    0.8    0.01   0      1000000    0   99  unknown:-10      | wait                 even over-hedged
  12.5     0      0.8    0.01   0      1000000    0   99  cancelling:-10   | wait
"""

# Contracts of 100 dollars; wallet in coins, which count as own; entered at 50,000; at most 10x and 10% room.
INVERSE_DECISIONS = """
# spot    wallet  short  mark    ratio  outer  inner | answer
  1       0.25      0    50000   1      0.01   0     | sell 625             collateral is hedged too
  1       0.25    625    50000   1      0.01   0     | hold
  1       0.25    625    25000   1      0.01   0     | hold                 a price move alone opens no gap
  1       0.25    625    60000   1      0.01   0     | hold
  1       0.25    625   100000   1      0       0    | hold                 not even without a band
  1       1         0    50000   0.5    0.01   0     | sell 500
  1       1       500   100000   0.5    0.01   0     | hold
  1       1       490    50000   0.5    0.01   0     | hold                 on the outer edge
  1       1       489    50000   0.5    0.01   0     | sell 11              one contract beyond it
  1       1       489    50000   0.5    0.01   0.01  | sell 1               to the near edge
  1       1       600    50000   0.5    0.01   0.01  | buy 90 reduce-only   over-hedged
  1       1       600    50000   0.5    0.01   0     | buy 100 reduce-only
  1       1       600    50000   0      0.01   0     | buy 600 reduce-only  no hedge wanted
  0       1         0    50000   1.2    0.01   0     | sell 600             net short: wanted, and said
  0       0       100    50000   1      0.01   0     | buy 100 reduce-only  nothing left to hedge
  0       0.0009    0    50000   1      0      0     | hold                 below half a contract
  0       0.0011    0    50000   1      0      0     | sell 1               rounded to the nearest
  1       0.02      0    50000   1      0.01   0     | sell 100             shrunk to 10x
  1       0         0    50000   1      0.01   0     | refused leverage margin_ratio margin_shocked liquidation_distance venue_minimum
  1       0       600    50000   0.5    0.01   0     | buy 350 reduce-only  reducing is still allowed
"""

# One coin half hedged at 50,000, and the price has moved since.
MEANINGS = """
# payoff   meaning             price | answer
  linear   share_of_holdings   25000 | hold
  linear   share_of_holdings  100000 | hold
  linear   constant_mix        25000 | buy 0.25 reduce-only
  linear   constant_mix       100000 | sell 0.125
  linear   fixed_amount        25000 | sell 0.5
  linear   fixed_amount       100000 | buy 0.25 reduce-only
  inverse  share_of_holdings   25000 | hold
  inverse  share_of_holdings  100000 | hold
  inverse  constant_mix        25000 | buy 62 reduce-only
  inverse  constant_mix       100000 | sell 125
  inverse  fixed_amount        25000 | sell 125
  inverse  fixed_amount       100000 | buy 250 reduce-only
"""

# Ten coins at 50,000 to be hedged in full; margin 100,000 dollars; 0.5% maintenance. "-": no limit.
LIMITS = """
# short  order    position  leverage  margin  distance | answer
   0          -        -     -        -       -        | sell 10
   0     100000        -     -        -       -        | sell 2               the rest is the next order's
   0         49        -     -        -       -        | refused order_notional venue_minimum
   0          -   400000     -        -       -        | sell 8
   8          -   400000     -        -       -        | refused position_notional venue_minimum
   0          -        -     2        -       -        | sell 4
   0          -        -     -        0.01    -        | sell 4
   0          -        -     -        -       0.2      | sell 9.708
   0     450000   400000     4.5      0.03    0.2      | sell 8               the tightest limit rules
   3          -        -     2        -       -        | sell 1
  12          -        0     0        0       9        | buy 2 reduce-only    no limit stands in the way out
  12      50000        0     0        0       9        | buy 0.999 reduce-only  but for the order's own size, at the price it crosses for
"""

# One coin to hedge; bid 49,990, ask 50,010, tick 0.1.
PRICES = """
# short  patience  gap     slippage | answer
  0      30        -       0.001    | sell 1 at 50010 post_only               joins the ask
  0      30        29.999  0.001    | sell 1 at 50010 post_only
  0      30        30      0.001    | sell 1 at 49940.1 ioc                   0.1% below the bid, rounded to keep the promise
  0      30        30      0        | sell 1 at 49990 ioc
  0       0        -       0.001    | sell 1 at 49940.1 ioc                   no patience at all
  2      30        -       0.001    | buy 1 at 49990 post_only reduce-only    joins the bid
  2      30        30      0.001    | buy 1 at 50060 ioc reduce-only
  2      30        99      0        | buy 1 at 50010 ioc reduce-only
"""


def seen(gap: str) -> int | None:
    return None if gap == "-" else T - int(D(gap) * 1000)


@pytest.mark.parametrize(("columns", "expected"), list(rows(LINEAR_DECISIONS)))
def test_a_linear_hedge_is_decided_as_the_table_says(columns: list[str], expected: str) -> None:
    spot, short, ratio, outer, inner, wallet, age, gap, order = columns
    state, _, signed = order.partition(":")
    working = [] if order == "-" else [working_order(*sized(signed), state=state)]
    picture = snapshot(
        spot=spot,
        held=-D(short),
        wallet=wallet,
        working=working,
        prices=quote(at_ms=T - int(age) * 1000),
        gap_since_ms=seen(gap),
    )
    wanted = rules(hedge_rules(ratio=ratio, outer=outer, inner=inner), risk=CAREFUL, guard=STOP)

    assert answer(decide(picture, wanted)) == expected


def sized(signed: str) -> tuple[str, Decimal]:
    return ("sell" if D(signed) < ZERO else "buy"), abs(D(signed))


@pytest.mark.parametrize(("columns", "expected"), list(rows(INVERSE_DECISIONS)))
def test_an_inverse_hedge_is_decided_as_the_table_says(columns: list[str], expected: str) -> None:
    spot, wallet, short, mark, ratio, outer, inner = columns
    picture = snapshot(INVERSE, spot=spot, wallet=wallet, held=-D(short), prices=quote(INVERSE, mark))
    hedge = hedge_rules(INVERSE, ratio=ratio, outer=outer, inner=inner)
    stop = guard_rules(margin_ratio="0.5", distance="0.1")

    assert answer(decide(picture, rules(hedge, risk=risk_rules(leverage=10), guard=stop))) == expected


@pytest.mark.parametrize(("columns", "expected"), list(rows(MEANINGS)))
def test_the_meaning_of_the_ratio_says_what_a_price_move_asks_for(columns: list[str], expected: str) -> None:
    payoff, meaning, price = columns
    if payoff == "linear":
        contract, held = LINEAR, "-0.5"
        picture = snapshot(contract, spot=1, held=held, prices=quote(contract, price))
    else:
        contract, held = INVERSE, "-250"
        picture = snapshot(contract, spot=0, wallet=1, held=held, prices=quote(contract, price))
    hedge = hedge_rules(contract, ratio="0.5", meaning=Meaning(meaning), amount=50_000)

    assert answer(decide(picture, rules(hedge))) == expected


@pytest.mark.parametrize(("columns", "expected"), list(rows(LIMITS)))
def test_the_guard_shrinks_what_adds_before_it_refuses_and_lets_pass_what_reduces(
    columns: list[str], expected: str
) -> None:
    names = ("order_cap", "position_cap", "leverage", "margin_ratio", "distance")
    limits: dict[str, Any] = {
        name: figure for name, figure in zip(names, columns[1:], strict=True) if figure != "-"
    }
    stop = {name: limits.pop(name) for name in ("margin_ratio", "distance") if name in limits}
    picture = snapshot(spot=10, held=-D(columns[0]), wallet=100_000)

    assert answer(decide(picture, rules(risk=risk_rules(**limits), guard=guard_rules(**stop)))) == expected


@pytest.mark.parametrize(("columns", "expected"), list(rows(PRICES)))
def test_an_order_waits_at_the_touch_and_then_crosses_within_its_cap(
    columns: list[str], expected: str
) -> None:
    short, patience, gap, slippage = columns
    picture = snapshot(held=-D(short), prices=quote(bid=49_990, ask=50_010), gap_since_ms=seen(gap))

    decision = decide(picture, rules(patience=patience, slippage=slippage))

    assert answer(decision, prices=True) == expected
    assert placed(decision).crossing == ("ioc" in expected)


def placed(decision: Decision) -> Approved:
    (command,) = decision.commands
    assert isinstance(command, Approved)
    return command


def test_nothing_is_decided_on_a_picture_with_a_hole() -> None:
    picture = snapshot(missing=("positions of main: no answer",), gap_since_ms=T - 99_000, number=7)

    decision = decide(picture, rules())

    assert answer(decision) == "blind"
    assert (decision.commands, decision.refused) == ((), ())
    assert decision.memory == replace(picture.memory, number=8), "the gap's age survives"
    assert (decision.quiet.until_ms, decision.quiet.boxes) == (T, ())
    assert "positions of main: no answer" in decision.explanations[0].why


@pytest.mark.parametrize("state", sorted(WORKING))
def test_no_state_of_a_working_order_lets_a_second_one_through(state: str) -> None:
    for held in (0, -1, -5):
        picture = snapshot(held=held, working=[working_order("sell", "0.5", state=state)])

        assert not [c for c in decide(picture, rules()).commands if isinstance(c, Approved)]


def test_a_ratio_above_one_is_called_net_short_and_below_it_is_not() -> None:
    for ratio, name in (("1", False), ("1.2", True)):
        (why,) = decide(snapshot(), rules(hedge_rules(ratio=ratio))).explanations

        assert why.exposure is not None
        assert why.target is not None
        assert why.exposure.net_short is name
        assert ("net short" in why.target.reason) is name


def test_an_explanation_shows_the_sum_that_led_to_the_order() -> None:
    order = working_order("sell", 2, filled="0.5", state="open")
    (why,) = decide(snapshot(spot=10, held=-3, working=[order]), rules(hedge_rules(ratio="0.8"))).explanations

    assert why.exposure is not None
    assert (why.exposure.holdings, why.exposure.target) == (D(10), D(-8))
    assert (why.exposure.held, why.exposure.in_flight, why.exposure.gap) == (D(-3), D("-1.5"), D("-3.5"))
    assert (why.exposure.net_delta, why.exposure.ratio_achieved) == (D(7), D("0.3"))


def test_an_order_is_named_for_its_decision_and_the_gap_remembers_how_often_it_was_priced() -> None:
    first = decide(snapshot(number=41), rules())
    later = replace(snapshot(at_ms=T + 5000, prices=quote(at_ms=T + 5000)), memory=first.memory)
    second = decide(later, rules())

    assert placed(first).request.client_order_id == client_order_id("test", "btc", 42, "hedge", 0)
    assert placed(second).request.client_order_id == client_order_id("test", "btc", 43, "hedge", 1)
    assert (first.memory.number, second.memory.number) == (42, 43)
    assert second.memory.of("btc").gap_since_ms == T, "the gap is as old as when it was first seen"
    assert second.memory.of("btc").reprices == 2


def test_a_closed_gap_is_forgotten() -> None:
    decision = decide(snapshot(held=-1, gap_since_ms=T - 99_000), rules())

    assert decision.memory.of("btc").gap_since_ms is None
    assert decision.memory.of("btc").reprices == 0


def test_a_refused_gap_keeps_its_age_but_counts_no_order() -> None:
    decision = decide(snapshot(wallet=0), rules())

    assert answer(decision).startswith("refused leverage")
    assert decision.memory.of("btc").gap_since_ms == T
    assert decision.memory.of("btc").reprices == 0


def test_a_cancel_names_the_order_and_why() -> None:
    picture = snapshot(working=[working_order(name="hr-1")], gap_since_ms=T - 30_000)

    (command,) = decide(picture, rules()).commands

    assert isinstance(command, Cancel)
    assert (command.client_order_id, command.symbol, command.hedge) == ("hr-1", LINEAR.symbol, "btc")
    assert "patience" in command.reason


def test_whoever_acts_or_must_look_again_has_no_quiet_and_whoever_holds_has_it() -> None:
    acts = decide(snapshot(), rules()).quiet
    blocked = decide(snapshot(working=[working_order(state="unknown")]), rules()).quiet
    stands = decide(snapshot(working=[working_order()], gap_since_ms=T - 5000), rules()).quiet
    holds = decide(snapshot(held=-1), rules()).quiet

    assert [(one.until_ms, one.boxes) for one in (acts, blocked, stands)] == [(T, ())] * 3
    assert holds.until_ms == NO_END_MS
    assert holds.covers((quote(mark=1),))
    assert not holds.covers((quote(INVERSE),)), "a price without a box is not covered"


def pair(btc: Snapshot, eth: Snapshot) -> Snapshot:
    """Put two hedges on one account, with the first one's wallet."""
    return replace(
        btc,
        contracts=btc.contracts + eth.contracts,
        holdings=btc.holdings + eth.holdings,
        positions=btc.positions + eth.positions,
        quotes=btc.quotes + eth.quotes,
    )


ETH = linear_contract(base="ETH")


def both(btc: Snapshot, eth: Snapshot, wanted: Rules) -> Decision:
    return decide(pair(btc, eth), wanted)


def test_the_account_is_quiet_only_when_every_hedge_is() -> None:
    wanted = rules(hedge_rules(), hedge_rules(ETH, name="eth"))
    done, due = snapshot(ETH, held=-1), snapshot(ETH, held=0)

    held = both(snapshot(held=-1), done, wanted)
    acting = both(snapshot(held=-1), due, wanted)

    assert [box.symbol for box in held.quiet.boxes] == [LINEAR.symbol, ETH.symbol]
    assert [why.answer for why in acting.explanations] == ["hold", "place"]
    assert (acting.quiet.until_ms, acting.quiet.boxes) == (T, ())
    assert [memory.hedge for memory in acting.memory.hedges] == ["btc", "eth"]


def test_two_hedges_of_an_account_do_not_both_use_the_same_margin() -> None:
    wanted = rules(hedge_rules(), hedge_rules(ETH, name="eth"), risk=risk_rules(leverage=1))

    decision = both(snapshot(wallet=75_000), snapshot(ETH), wanted)

    sizes = [c.request.contracts for c in decision.commands if isinstance(c, Approved)]
    assert sizes == [D(1), D("0.5")], "75,000 dollars carry one coin and a half at 50,000"


def test_what_another_position_has_lost_or_ties_up_does_not_back_this_one() -> None:
    wanted = rules(hedge_rules(), hedge_rules(ETH, name="eth", ratio=0, outer=5), risk=risk_rules(leverage=2))
    alone = both(snapshot(wallet=50_000), snapshot(ETH), wanted)
    lost = snapshot(ETH, held=-1, entry=40_000)
    beside = both(snapshot(wallet=50_000), lost, wanted)

    assert placed(alone).request.contracts == D(1)
    assert placed(beside).request.contracts == D("0.6"), (
        "2 x (50,000 - 10,000 lost) - 50,000 carried, over 50,000"
    )


def test_a_long_position_found_on_the_account_is_sold_and_then_the_hedge_is_built() -> None:
    down_to_zero = placed(decide(snapshot(spot=1, held=1), rules())).request
    then_short = placed(decide(snapshot(spot=1, held=0), rules())).request

    assert (down_to_zero.side, down_to_zero.contracts, down_to_zero.reduce_only) == ("sell", D(1), True)
    assert (then_short.side, then_short.contracts, then_short.reduce_only) == ("sell", D(1), False)


def test_a_gap_below_the_venues_smallest_order_is_left_alone() -> None:
    contract = linear_contract(smallest="0.05")
    hedge = hedge_rules(contract, outer="0.01")

    assert answer(decide(snapshot(contract, held="-0.951"), rules(hedge))) == "hold"
    assert answer(decide(snapshot(contract, held="-0.950"), rules(hedge))) == "sell 0.05"


def test_a_venues_smallest_notional_stops_what_adds_but_not_what_reduces() -> None:
    contract = linear_contract(notional_min=1000)
    hedge = hedge_rules(contract, outer=0)

    assert answer(decide(snapshot(contract, held="-0.981"), rules(hedge))) == "refused venue_minimum"
    assert answer(decide(snapshot(contract, held="-1.019"), rules(hedge))) == "buy 0.019 reduce-only"


def test_an_order_without_a_limit_cannot_be_judged_and_is_refused() -> None:
    stamped = risk.judge(snapshot(), rules(), wish(request(limit=None), crossing=True))

    assert isinstance(stamped, risk.Refused)
    assert "order_notional" in stamped.gates


def test_every_gates_figure_and_limit_are_written_down() -> None:
    approved = placed(decide(snapshot(spot=10, wallet=100_000), rules(risk=risk_rules(leverage=2))))
    figures = {verdict.gate: verdict for verdict in approved.verdicts}

    assert approved.contracts_asked == D(10)
    assert (figures["leverage"].figure, figures["leverage"].limit) == (D(5), D(2))
    assert (figures["leverage"].passed, figures["leverage"].contracts_allowed) == (False, D(4))
    assert figures["position_notional"].passed
    assert figures["venue_minimum"].figure == approved.request.contracts == D(4)


def test_margin_now_is_the_accounts_margin_without_an_order() -> None:
    now = forecast(snapshot(held=-2, wallet=50_000, prices=quote(mark=60_000)), LINEAR.symbol).pool

    assert (now.equity, now.value, now.maintenance) == (D(30_000), D(120_000), D(600))
    assert (now.leverage, now.ratio) == (D(4), D("0.02"))
    distance = now.reach().distance
    assert distance is not None
    assert round(distance, 4) == D("0.2438")


def test_an_isolated_position_is_judged_by_the_margin_set_aside_and_what_each_order_brings() -> None:
    held = replace(position(contracts=-2), isolated_margin=Money(D(50_000)))
    isolated = replace(
        snapshot(spot=10, wallet=10**6), positions=(held,), margin_mode="isolated", leverage=D(5)
    )
    now = forecast(isolated, LINEAR.symbol)
    tight = guard_rules(distance="0.3")
    approved = placed(decide(isolated, rules(guard=tight)))
    figures = {verdict.gate: verdict for verdict in approved.verdicts}

    assert now.liquidation_price == D(150_000) / D("2.01")
    assert now.account.leverage == D("0.1"), "the wallet's million backs the account, not the position"
    asked = D(630_000) / D("10.05") / D(50_000) - 1
    assert abs((figures["liquidation_distance"].figure or 0) - asked) < D("1e-9")
    assert approved.request.contracts == D("3.633"), "5.633 coins stand on 86,330: liquidated 30 % above"


def test_a_flat_account_is_at_no_risk() -> None:
    flat = forecast(replace(snapshot(wallet=0), positions=(position(),)), LINEAR.symbol)

    assert (flat.account.value, flat.account.leverage, flat.liquidation_price) == (ZERO, None, None)
    assert flat.pool.reach().distance is None


def test_memory_of_a_hedge_it_never_saw_is_empty() -> None:
    assert Memory().of("btc").gap_since_ms is None


def test_isolated_margin_cannot_be_more_than_the_wallet_holds() -> None:
    poor = replace(snapshot(spot=10, wallet=1000), margin_mode="isolated", leverage=D(5))

    decision = decide(poor, rules(risk=risk_rules(leverage=1000), guard=guard_rules(distance="0.1")))

    assert placed(decision).request.contracts < D("0.2"), "1,000 back 0.2 coins 10 % far, not ten"
