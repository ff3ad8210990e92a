"""What holds for every picture: quiet is quiet, sizes are whole steps, the guard's answers stand when asked again."""

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.core.decide import Decision, decide
from bot.core.exposure import Exposure
from bot.core.gates import largest
from bot.core.instruments import Contract, Payoff
from bot.core.orders import OrderRequest, OrderState, WorkingOrder
from bot.core.policy import MarketView, Policy, Target
from bot.core.quiet import PriceBox
from bot.core.risk import Approved, judge
from bot.core.rules import HedgeRules, Meaning, Rules
from bot.core.snapshot import Holding, Quote, Snapshot, Spot
from bot.core.values import (
    ONE,
    ZERO,
    Coins,
    Contracts,
    Price,
    Ratio,
    Side,
    floor_to_step,
    record,
    round_to_step,
    side_of,
)
from strategies.fixed_ratio import Stage
from tests.core.builders import (
    INVERSE,
    NO_GUARD,
    D,
    T,
    guard_rules,
    hedge_rules,
    inverse_contract,
    linear_contract,
    position,
    quote,
    request,
    risk_rules,
    rules,
    snapshot,
    working_order,
)
from tests.core.builders import wish as asking

thorough = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
WIDE: dict[str, Any] = {"risk": risk_rules(leverage=10**9), "guard": NO_GUARD}
TIGHT: dict[str, Any] = {
    "risk": risk_rules(leverage=3),
    "guard": guard_rules(margin_ratio="0.3", distance="0.1"),
}

CONTRACTS = {
    Payoff.LINEAR: [
        linear_contract(),
        linear_contract(size="0.01", step=1),
        linear_contract(step="0.1", smallest="0.3"),
    ],
    Payoff.INVERSE: [
        inverse_contract(),
        inverse_contract(size=1, step=10),
        inverse_contract(size=10, step=1, smallest=4),
    ],
}


def per_mille(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda n: D(n) / 1000)


@record
class Stepped:
    """A stage whose ratio changes at set times, and which says until when it stays."""

    ratios: tuple[Decimal, ...]
    every_ms: int

    def apply(self, market: MarketView, target: Target) -> Target:
        step = (market.at_ms - T) // self.every_ms
        return Target(
            ratio=Ratio(self.ratios[step % len(self.ratios)]),
            band=target.band,
            reason=f"step {step}",
            valid_until_ms=T + (step + 1) * self.every_ms - 1,
        )


@st.composite
def stages(draw: st.DrawFn) -> Policy:
    ratio = per_mille(0, 1500)
    if draw(st.integers(0, 3)):
        return Stage(ratio=draw(ratio))
    return Stepped(
        ratios=tuple(draw(st.lists(ratio, min_size=1, max_size=3))), every_ms=draw(st.integers(1, 10**7))
    )


@st.composite
def hedges(draw: st.DrawFn, contract: Contract, worth: Decimal) -> HedgeRules:
    outer = draw(st.one_of(st.just(ZERO), st.integers(0, 15).map(lambda n: D(n) / 100), per_mille(0, 150)))
    return hedge_rules(
        contract,
        meaning=draw(st.sampled_from(Meaning)),
        amount=round(worth * draw(per_mille(100, 1500))),
        outer=outer,
        inner=outer * draw(st.sampled_from([D(0), D("0.5"), D(1)])),
        over=draw(st.none() | st.sampled_from([D(0), D("0.5"), D(2)]).map(lambda times: times * outer)),
        also=("ADA",) if contract.linear and draw(st.integers(0, 3)) == 0 else (),
        stages=(draw(stages()),),
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Snapshot, Rules]:
    """Draw a hedge that was on or near its target when it was entered, and a market that has moved since."""
    contract = draw(st.sampled_from(CONTRACTS[draw(st.sampled_from(Payoff))]))
    entry, coins = D(draw(st.integers(10_000, 2_000_000))) / 10, draw(per_mille(100, 100_000))
    share = draw(per_mille(0, 1000))
    wanted = rules(
        draw(hedges(contract, entry * coins)),
        patience=draw(st.integers(0, 60)),
        **draw(st.sampled_from([WIDE, TIGHT])),
    )
    wallet = coins * share * (entry if contract.linear else 1)
    flat = snapshot(contract, spot=coins, wallet=wallet, prices=quote(contract, entry))
    flat = replace(flat, **ada(flat, wanted, ONE))
    held = measured(flat, wanted).target + draw(offsets) * contract.contracts_step
    mark = round_to_step(entry * draw(moves), contract.price_tick)
    index, age = mark * draw(per_mille(980, 1020)), draw(st.integers(0, 20_000))
    picture = replace(
        flat,
        positions=(position(contract, held, entry),),
        quotes=(prices(contract, mark, index, T - age),),
        memory=snapshot(gap_since_ms=draw(st.none() | st.integers(T - 60_000, T))).memory,
        **ada(flat, wanted, draw(per_mille(500, 2000))),
    )
    gap = measured(picture, wanted).gap
    return replace(picture, working=tuple(draw(orders(contract, gap)))), wanted


def ada(picture: Snapshot, wanted: Rules, multiple: Decimal) -> dict[str, Any]:
    """Give half as much again in another coin, if the hedge is also about it, at a multiple of its first price."""
    if not wanted.hedges[0].also:
        return {}
    coins = picture.holdings[0].coins * picture.quotes[0].mark / 2
    held = Holding(asset="ADA", coins=Coins(coins), place="declared")
    return {
        "spots": (Spot(symbol="ADA/USDT", at_ms=T, price=Price(multiple)),),
        "holdings": (picture.holdings[0], held) if len(picture.holdings) == 1 else picture.holdings,
    }


offsets = st.one_of(st.just(0), st.just(0), st.integers(-3, 3), st.integers(-3000, 3000))
"""Steps between what is held and its target at entry: none, a few, or many."""
moves = st.one_of(st.just(ONE), per_mille(970, 1030), per_mille(970, 1030), per_mille(300, 3000))
"""How far the price has gone since entry."""


@st.composite
def orders(draw: st.DrawFn, contract: Contract, gap: Decimal) -> list[WorkingOrder]:
    """Draw no order, or one that more or less closes the gap."""
    if draw(st.integers(0, 2)):
        return []
    step = contract.contracts_step
    size = floor_to_step(gap, step) - draw(st.sampled_from([-1, 0, 1, 1, 1, 2])) * step * side_of(gap).sign
    state = draw(st.sampled_from([OrderState.OPEN] * 5 + [OrderState.UNKNOWN, OrderState.PLANNED]))
    order = working_order(side_of(size), max(abs(size), step), contract=contract, state=state)
    return [order]


def measured(picture: Snapshot, wanted: Rules) -> Exposure:
    (why,) = decide(picture, wanted).explanations
    assert why.exposure is not None
    return why.exposure


def prices(contract: Contract, mark: Decimal, index: Decimal, at_ms: int) -> Quote:
    """Quote a touch a ten-thousandth around the mark."""
    return quote(contract, mark, index=index, bid=mark * D("0.9999"), ask=mark * D("1.0001"), at_ms=at_ms)


Point = tuple[Decimal, Decimal, Decimal, Decimal]
fractions = st.one_of(st.sampled_from([D(0), D(1)]), per_mille(0, 1000))
points = st.lists(st.tuples(fractions, fractions, fractions, fractions), min_size=3, max_size=3)
"""Where to look: how far into the quiet time, how far from a box's low to its high, for mark, index, another coin."""


def multiple(box: PriceBox, fraction: Decimal) -> Decimal:
    low, high = (D("0.05"), D(20)) if box.low is None or box.high is None else (box.low, box.high)
    return min(low + (high - low) * fraction, high)


def inside(picture: Snapshot, decision: Decision, where: Sequence[Point]) -> Iterator[Snapshot]:
    """Show the same account at other times and prices that the decision's quiet covers, remembering the decision."""
    quiet = decision.quiet
    for time, mark, index, other in where if quiet.boxes else ():
        at_ms = picture.at_ms + int((quiet.until_ms - picture.at_ms) * time)
        quotes = tuple(
            prices(
                picture.contract(box.symbol),
                box.mark * multiple(box, mark),
                box.index * multiple(box, index),
                at_ms,
            )
            for box in quiet.boxes
        )
        spots = tuple(
            replace(spot, at_ms=at_ms, price=Price(spot.price * multiple(box, other)))
            for box in quiet.boxes
            for spot in box.spots
        )
        later = replace(picture, at_ms=at_ms, quotes=quotes, spots=spots, memory=decision.memory)
        assert quiet.covers(told(later))
        yield later


def told(picture: Snapshot) -> tuple[Quote, ...]:
    """List all prices as a venue tells them: a coin's by its spot market."""
    first = picture.quotes[0]
    return picture.quotes + tuple(
        replace(first, symbol=one.symbol, mark=one.price, index=one.price) for one in picture.spots
    )


@thorough
@given(situation=situations(), where=points)
def test_nothing_is_commanded_at_any_time_and_price_inside_quiet(
    situation: tuple[Snapshot, Rules], where: list[Point]
) -> None:
    picture, wanted = situation
    decision = decide(picture, wanted)
    assume(not decision.commands and decision.quiet.until_ms > picture.at_ms)

    for later in inside(picture, decision, where):
        assert decide(later, wanted).commands == ()


def test_a_gap_that_lies_exactly_on_the_edge_promises_nothing_for_another_price() -> None:
    """28 digits: at another price the gap may be a last digit beyond the band it was on the edge of."""
    wanted = rules(hedge_rules(INVERSE, ratio="0.5", outer="0.01"))
    picture = snapshot(INVERSE, spot=1, wallet=0, held=-245)
    decision = decide(picture, wanted)
    moved = replace(picture, quotes=(quote(INVERSE, 30_000),))

    assert decision.commands == ()
    assert decision.quiet.covers(picture.quotes)
    assert not decision.quiet.covers(moved.quotes)


def test_a_long_inverse_position_inside_the_band_is_not_promised_every_price() -> None:
    wanted = rules(hedge_rules(INVERSE, ratio="0.032", outer="0.113"))
    picture = snapshot(INVERSE, spot="0.1", wallet="0.0385", held=1, entry=100_000)
    picture = replace(picture, quotes=(quote(INVERSE, 100_000),))
    fallen = replace(picture, quotes=(quote(INVERSE, 5_000),))

    assert decide(picture, wanted).commands == ()
    assert decide(fallen, wanted).commands != (), "a short is never wanted below zero, so the long shows"
    assert not decide(picture, wanted).quiet.covers(fallen.quotes)


def test_many_of_the_drawn_situations_leave_a_quiet_to_look_into() -> None:
    kinds: Counter[str] = Counter()

    @settings(thorough, max_examples=1200, derandomize=True, database=None)
    @given(situations())
    def count(situation: tuple[Snapshot, Rules]) -> None:
        picture, wanted = situation
        decision = decide(picture, wanted)
        (why,), (hedge,) = decision.explanations, wanted.hedges
        kinds[why.answer] += 1
        for box in decision.quiet.boxes:
            payoff = picture.contract(box.symbol).payoff
            kinds[f"{why.answer} {hedge.meaning} {payoff}"] += 1
            kinds["anywhere" if box.low is None else "in a box"] += 1
            kinds["for a time"] += decision.quiet.until_ms < T + 10**8
            kinds["another coin"] += bool(box.spots) and box.low is not None and box.low < 1

    count()

    wanted = [f"hold {meaning} {payoff}" for meaning in Meaning for payoff in Payoff]
    wanted += ["anywhere", "in a box", "another coin", "for a time", "place", "cancel", "wait", "refused"]
    assert {kind: kinds[kind] for kind in wanted if kinds[kind] < 3} == {}
    assert kinds["anywhere"] + kinds["in a box"] > 130


@thorough
@given(situation=situations())
def test_an_order_is_whole_steps_towards_the_target_and_never_beyond_it(
    situation: tuple[Snapshot, Rules],
) -> None:
    picture, wanted = situation
    decision, now, contract = decide(picture, wanted), measured(*situation), picture.contracts[0]
    before = now.held + now.in_flight

    for command in decision.commands:
        if isinstance(command, Approved):
            order = command.request
            after = before + order.side.sign * order.contracts

            assert order.contracts % contract.contracts_step == ZERO
            assert order.contracts >= contract.contracts_min
            assert order.side is side_of(now.gap), "it sells only when more short is needed"
            assert min(before, now.target) <= after <= max(before, now.target)
            assert order.reduce_only or order.side is Side.SELL, "every buy only reduces"
            assert not order.reduce_only or (abs(after) < abs(before) and before * after >= ZERO)


@settings(thorough, max_examples=150)
@given(situation=situations())
def test_the_same_picture_gets_the_same_answer_and_is_left_as_it_was(
    situation: tuple[Snapshot, Rules],
) -> None:
    picture, wanted = situation
    kept = deepcopy((picture, wanted))

    first = decide(picture, wanted)

    assert decide(picture, wanted) == first
    assert (picture, wanted) == kept
    assert decide(*kept) == first


@settings(deadline=None)
@given(
    coins=per_mille(1000, 100_000),
    share=per_mille(100, 1000),
    entry=st.integers(10_000, 200_000).map(Decimal),
    fee=st.sampled_from([D(0), D("0.0005")]),
    path=st.lists(per_mille(50, 20_000), min_size=1, max_size=8),
)
def test_once_entered_a_full_inverse_hedge_is_left_alone_on_any_path_of_prices(
    coins: Decimal, share: Decimal, entry: Decimal, fee: Decimal, path: list[Decimal]
) -> None:
    wanted = rules(hedge_rules(INVERSE, ratio=1), **WIDE)
    in_wallet = coins * share
    flat = snapshot(
        INVERSE, spot=coins - in_wallet, wallet=in_wallet, prices=prices(INVERSE, entry, entry, T)
    )
    order = entered(decide(flat, wanted))
    assert order.limit_price is not None
    paid = fee * INVERSE.value(order.contracts, order.limit_price)
    picture = replace(
        flat,
        wallets=snapshot(INVERSE, wallet=in_wallet - paid, deposited=in_wallet).wallets,
        positions=(position(INVERSE, -order.contracts, order.limit_price),),
    )

    for number, price in enumerate(path):
        at_ms = T + number * 60_000
        quotes = (prices(INVERSE, entry * price, entry * price, at_ms),)
        decision = decide(replace(picture, at_ms=at_ms, quotes=quotes), wanted)
        assert decision.explanations[0].answer == "hold"
        assert decision.commands == ()


def entered(decision: Decision) -> OrderRequest:
    (command,) = decision.commands
    assert isinstance(command, Approved)
    return command.request


@given(
    asked=st.integers(1, 10**6),
    fits=st.integers(0, 10**6),
    step=st.sampled_from([D(1), D("0.001"), D("0.1"), D(10)]),
)
def test_halving_finds_the_largest_whole_number_of_steps_that_passes(
    asked: int, fits: int, step: Decimal
) -> None:
    found = largest(Contracts(asked * step), Contracts(step), lambda size: size <= fits * step)

    assert found == min(asked, fits) * step


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Snapshot, Rules, OrderRequest]:
    """Draw a short, some margin, a wish to sell more, and a guard who may find it too much."""
    contract = draw(st.sampled_from([linear_contract(fee="0.0005"), inverse_contract(fee="0.0005")]))
    mark, entry = (D(draw(st.integers(30_000, 80_000))) for _ in range(2))
    held, asked = (
        round_to_step(contract.contracts_for(draw(per_mille(low, 20_000)), mark), contract.contracts_step)
        for low in (0, 1)
    )
    wallet = draw(per_mille(0, 30_000)) * (mark if contract.linear else 1)
    limits = risk_rules(
        order_cap=draw(st.integers(10_000, 10**7)),
        position_cap=draw(st.integers(10_000, 10**7)),
        leverage=draw(per_mille(100, 10_000)),
        shock=draw(per_mille(0, 500)),
    )
    stop = guard_rules(margin_ratio=draw(per_mille(1, 500)), distance=draw(per_mille(0, 1000)))
    guard = rules(risk=limits, guard=stop)
    picture = snapshot(contract, held=-held, entry=entry, wallet=wallet, prices=quote(contract, mark))
    wish = request("sell", max(asked, contract.contracts_step), contract=contract, limit=mark)
    return picture, guard, wish


@thorough
@given(wished=wishes())
def test_an_approved_order_passes_every_gate_when_judged_again_and_one_step_more_does_not(
    wished: tuple[Snapshot, Rules, OrderRequest],
) -> None:
    picture, guard, wish = wished
    step = picture.contract(wish.symbol).contracts_step
    stamped = judge(picture, guard, asking(wish))
    assume(isinstance(stamped, Approved))
    assert isinstance(stamped, Approved)
    size = stamped.request.contracts

    again = judge(picture, guard, asking(stamped.request))

    assert isinstance(again, Approved)
    assert again.request == stamped.request
    assert all(verdict.passed for verdict in again.verdicts)
    if size < wish.contracts:
        more = judge(picture, guard, asking(replace(wish, contracts=Contracts(size + step))))
        assert isinstance(more, Approved)
        assert more.request.contracts == size


@given(wished=wishes())
def test_a_reducing_order_is_stopped_by_its_own_size_alone(
    wished: tuple[Snapshot, Rules, OrderRequest],
) -> None:
    picture, guard, wish = wished
    buy = replace(wish, side=Side.BUY, reduce_only=True)

    stamped = judge(picture, guard, asking(buy))

    assert isinstance(stamped, Approved)
    assert {verdict.gate for verdict in stamped.verdicts} == {
        "quote_age",
        "order_notional",
        "price_collar",
        "instrument_status",
        "venue_minimum",
    }
