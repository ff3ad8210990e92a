"""A roll, step by step: legs in step, clips, restoring, and what is left at the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.core import exposure, formulas, risk
from bot.core.decide import Decision, decide
from bot.core.instruments import Contract
from bot.core.memory import HedgeMemory, Memory, RollMemory
from bot.core.orders import OrderRequest, OrderState, WorkingOrder
from bot.core.policy import Band, Target
from bot.core.positions import cost_of, entry_of, fill
from bot.core.risk import Approved
from bot.core.rules import Rules, Unlisted
from bot.core.snapshot import Position, Snapshot
from bot.core.values import ZERO, Coins, Contracts, Money, Ratio
from tests.core.builders import (
    HOUR,
    INVERSE,
    LINEAR,
    NO_GUARD,
    Amount,
    D,
    T,
    dated,
    guard_rules,
    hedge_rules,
    position,
    quote,
    risk_rules,
    roll_rules,
    rows,
    rules,
    snapshot,
    wish,
    working_order,
)

NEAR, FAR = dated(LINEAR, 40, code="near"), dated(LINEAR, 2200, code="far")
PASSIVE = dated(LINEAR, 100, code="near")

# A hedge of 1 coin, forced 40 h before expiry unless "passive" is said; clips of 0.2 coins (10,000 at 50,000).
# "near", "far": signed contracts held. "order": leg, remaining signed size, and seconds it has stood.
STEPS = """
# stage    near   far    order            naked for | answer
  force    -1     0      -                -         | near buy 0.2 ioc         the leading leg of the first clip
  force    -0.8   0      -                0         | far sell 0.2 ioc         the other follows at once
  force    -0.8   -0.2   -                -         | near buy 0.2 ioc         in step: the next clip
  force    -0.8   -0.1   -                5         | far sell 0.1 ioc         what did not fill is tried again
  force    -0.8   -0.1   -                61        | near sell 0.1 ioc        far stalls: near is restored
  force    -0.9   -0.2   -                -         | near buy 0.1 ioc         over-hedged: near is bought
  force    -0.8   -0.2   near:0.2:1       -         | cancel                   a passive leg crosses once it is forced
  force    -0.8   0      far:-0.2:1       0         | cancel                   nothing rests in the far leg of a roll
  force    -0.8   0      near:0.2:sent    0         | wait                     its fate is open
  passive  -1     0      -                -         | near buy 0.2 post_only   at the touch
  passive  -0.95  0      near:0.15:1      0         | far sell 0.05 ioc        follows what has filled, and only that
  passive  -0.95  -0.05  near:0.15:9      -         | wait
  passive  -0.05  -0.95  -                -         | near buy 0.05 post_only  the last clip
  passive  0      -1     -                -         | hold                     rolled
  deadline -0.8   0      -                999       | far sell 0.2 ioc         no way back
"""


def _step(columns: list[str]) -> Snapshot:
    stage, near_held, far_held, order, naked = columns
    near = {"force": NEAR, "passive": PASSIVE, "deadline": dated(LINEAR, 20, code="near")}[stage]
    roll = RollMemory(
        near=near.symbol,
        far=FAR.symbol,
        trigger="asked for" if stage == "passive" else "",
        naked_since_ms=None if naked == "-" else T - int(naked) * 1000,
    )
    working = []
    if order != "-":
        leg, size, stood = order.split(":")
        contract = near if leg == "near" else FAR
        side = "buy" if D(size) > ZERO else "sell"
        state = "sent" if stood == "sent" else "open"
        working = [working_order(side, abs(D(size)), contract=contract, state=state)]
    return replace(
        picture((near, FAR), (near_held, far_held), working=working),
        memory=Memory(number=4, hedges=(HedgeMemory(hedge="btc", own=Coins(D(1)), roll=roll),)),
    )


def picture(
    contracts: Sequence[Contract],
    held: Sequence[Amount],
    *,
    marks: Sequence[Amount] = (50_000, 50_000),
    spot: Amount = 1,
    wallet: Amount = 1_000_000,
    working: Sequence[WorkingOrder] = (),
) -> Snapshot:
    return replace(
        snapshot(contracts[0], spot=spot, wallet=wallet, working=working),
        leverage=D(100),
        contracts=tuple(contracts),
        quotes=tuple(quote(c, mark) for c, mark in zip(contracts, marks, strict=True)),
        positions=tuple(
            position(c, size, mark) for c, size, mark in zip(contracts, held, marks, strict=True)
        ),
        funding=(),
    )


def answer(decision: Decision) -> str:
    for command in decision.commands:
        if isinstance(command, Approved):
            order = command.request
            return f"{command.leg} {order.side} {order.contracts.normalize():f} {order.time_in_force}"
    return decision.explanations[0].answer


@pytest.mark.parametrize(("columns", "expected"), list(rows(STEPS)))
def test_a_roll_keeps_its_legs_in_step(columns: list[str], expected: str) -> None:
    assert answer(decide(_step(columns), rules(hedge_rules(NEAR)))) == expected


def test_far_may_lead_and_then_the_clip_is_over_hedged_for_a_moment() -> None:
    led = rules(hedge_rules(NEAR), roll=roll_rules(lead="far"))

    first = decide(picture((NEAR, FAR), ("-1", "0")), led)
    then = decide(replace(picture((NEAR, FAR), ("-1", "-0.2")), memory=first.memory), led)

    assert [answer(first), answer(then)] == ["far sell 0.2 ioc", "near buy 0.2 ioc"]
    assert then.explanations[0].roll is not None
    assert [then.explanations[0].roll.naked, then.explanations[0].roll.over] == [D(0), D("0.2")]


def test_a_restored_roll_rests_and_tries_again() -> None:
    restored = decide(_step(["force", "-0.8", "-0.1", "-", "61"]), rules(hedge_rules(NEAR)))
    back = picture((NEAR, FAR), ("-0.9", "-0.1"))
    resting = decide(replace(back, memory=restored.memory), rules(hedge_rules(NEAR)))
    later = [replace(q, at_ms=T + 600_000) for q in back.quotes]
    again = decide(
        replace(back, at_ms=T + 600_000, quotes=tuple(later), memory=resting.memory), rules(hedge_rules(NEAR))
    )

    assert [answer(one) for one in (restored, resting, again)] == [
        "near sell 0.1 ioc",
        "wait",
        "near buy 0.2 ioc",
    ]


def test_the_far_leg_is_judged_before_the_first_leg_moves() -> None:
    tight = rules(hedge_rules(NEAR), risk=risk_rules(position_cap=0))

    decision = decide(picture((NEAR, FAR), ("-1", "0")), tight)

    assert answer(decision) == "refused"
    assert decision.refused[0].gates == ("position_notional", "venue_minimum")


def test_a_clip_is_no_larger_than_what_the_far_leg_has_room_for() -> None:
    tight = rules(hedge_rules(NEAR), risk=risk_rules(position_cap=5_000))

    assert answer(decide(picture((NEAR, FAR), ("-1", "0")), tight)) == "near buy 0.1 ioc"


# A hedge of one coin whose margin is too thin for anything to be added: 4 x, or in state reducing.
THIN = """
# wallet  spot  near   far    before  ladder | answer
  12500   1     -1     0      -       no     | near buy 0.2 ioc     a roll adds nothing on balance
  12500   1     -0.8   0      -1      no     | far sell 0.2 ioc     what the clip closed is restored
  12500   1     -0.8   -0.1   -1      no     | far sell 0.1 ioc
  12500   2     -0.8   -0.2   -1      no     | near buy 0.2 ioc     a coin came in: the guard refuses more, the roll goes on
  12500   2     -0.8   -0.1   -1      no     | far sell 0.1 ioc     no more than the clip has closed
  10200   1     -1     0      -       yes    | near buy 0.2 ioc     reducing: the roll goes on
  10200   1     -0.8   0      -1      yes    | far sell 0.2 ioc
  10200   1     -0.6   -0.2   -       yes    | near buy 0.2 ioc     made smaller by the guard: not filled up by the roll
"""


@pytest.mark.parametrize(("columns", "expected"), list(rows(THIN)))
def test_a_roll_restores_what_its_clip_has_closed_and_adds_nothing_where_margin_is_thin(
    columns: list[str], expected: str
) -> None:
    wallet, spot, near, far, before, ladder = columns
    held_before = None if before == "-" else Contracts(D(before))
    roll = RollMemory(near=NEAR.symbol, far=FAR.symbol, trigger="", held_before=held_before)
    memory = Memory(number=4, hedges=(HedgeMemory(hedge="btc", own=Coins(D(spot)), roll=roll),))
    account = replace(
        picture((NEAR, FAR), (near, far), wallet=wallet, spot=spot), memory=memory, leverage=D(10)
    )
    wanted = rules(
        hedge_rules(NEAR),
        risk=risk_rules(leverage=2),
        guard=guard_rules(ladder=True) if ladder == "yes" else NO_GUARD,
    )

    assert answer(decide(account, wanted)) == expected


def test_no_clip_begins_whose_second_leg_the_venue_would_not_take() -> None:
    account = replace(picture((NEAR, FAR), ("-1", "0"), wallet=20_000), leverage=D(2))

    decision = decide(account, rules(hedge_rules(NEAR)))

    assert answer(decision) == "refused"
    assert decision.refused[0].gates[0] == "leverage"


def test_what_is_left_below_the_far_contracts_smallest_order_is_closed_all_the_same() -> None:
    far = dated(LINEAR, 2200, code="far", notional_min=D(1_000))

    decision = decide(picture((NEAR, far), ("-0.01", "-0.99")), rules(hedge_rules(NEAR)))

    assert answer(decision) == "near buy 0.01 ioc"


def test_without_a_far_contract_a_hedge_is_bridged_by_its_perpetual() -> None:
    near = dated(LINEAR, 20, code="near")
    legs = (near, LINEAR)

    first = decide(picture(legs, ("-1", "0")), rules(hedge_rules(near)))
    then = decide(replace(picture(legs, ("-0.8", "0")), memory=first.memory), rules(hedge_rules(near)))

    assert [answer(first), answer(then)] == ["near buy 0.2 ioc", "far sell 0.2 ioc"]
    assert [command.request.symbol for command in then.commands if isinstance(command, Approved)] == [
        LINEAR.symbol
    ]


def test_while_a_contract_settles_the_hedge_is_re_opened_as_its_delta_decays() -> None:
    settle = rules(hedge_rules(NEAR), roll=roll_rules(unlisted=Unlisted.SETTLE), patience=0)
    sold, held = [], D(0)
    for minute in range(0, 31, 5):
        near = dated(LINEAR, D(30 - minute) / 60, code="near")
        size = D(0) if minute == 30 else D(-1)
        decision = decide(picture((near, LINEAR), (size, held)), settle)
        for command in decision.commands:
            if isinstance(command, Approved):
                assert command.request.symbol == LINEAR.symbol
                held -= command.request.contracts
                sold.append((minute, command.request.contracts))

    assert held == -1
    assert [minute for minute, _ in sold] == [5, 10, 15, 20, 25, 30]
    assert all(D("0.16") <= contracts <= D("0.17") for _, contracts in sold)


# --- whole rolls --------------------------------------------------------------------------------------------


def rolled(
    start: Snapshot, settled: Rules, fills: Callable[[OrderRequest], Decimal], steps: int = 1500
) -> tuple[Snapshot, Decimal]:
    """Decide again and again, filling each order as ``fills`` says; gives the last picture and the most that was naked."""
    now, most = start, ZERO
    for step in range(steps):
        decision = decide(now, settled)
        view = decision.explanations[0].roll
        most = max(most, view.naked if view else ZERO)
        now = replace(now, memory=decision.memory, at_ms=T + step * 1000)
        now = replace(now, quotes=tuple(replace(q, at_ms=now.at_ms) for q in now.quotes))
        placed = [command for command in decision.commands if isinstance(command, Approved)]
        if not placed and decision.explanations[0].answer == "hold":
            break
        for command in placed:
            now = _filled(now, command.request, fills(command.request))
    return now, most


def _filled(now: Snapshot, order: OrderRequest, contracts: Decimal) -> Snapshot:
    """Book a fill at the mark, as a venue without fees would."""
    contract, before = now.contract(order.symbol), now.position(order.symbol)
    cost = cost_of(contract, before.contracts, before.entry_price)
    mark = now.quote(order.symbol).mark
    after = fill(contract, before.contracts, cost, order.side.sign * contracts, mark)
    moved = Position(
        symbol=order.symbol,
        contracts=after.contracts,
        entry_price=entry_of(contract, after.contracts, after.cost),
        realised_pnl=Money(before.realised_pnl + after.realised),
    )
    wallet = now.wallet(contract.settle)
    return replace(
        now,
        positions=tuple(moved if p.symbol == order.symbol else p for p in now.positions),
        wallets=(replace(wallet, balance=Money(wallet.balance + after.realised)),),
    )


@given(
    coins=st.decimals("0.05", "1.5", places=3),
    basis=st.decimals("-0.03", "0.05", places=4),
    share=st.sampled_from([D("0.4"), D("0.7"), D(1)]),
    inverse=st.booleans(),
    lead=st.sampled_from(["near", "far"]),
)
@settings(deadline=None, max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_a_whole_roll_ends_in_far_on_target_and_is_never_out_of_step_by_more_than_a_clip(
    coins: Decimal, basis: Decimal, share: Decimal, inverse: Any, lead: str
) -> None:
    base = INVERSE if inverse else LINEAR
    near, far = dated(base, 40, code="near"), dated(base, 2200, code="far")
    marks = (D(50_000), D(50_000) * (1 + basis))
    held = -(coins * 500).quantize(D(1)) if inverse else -coins
    start = picture((near, far), (held, 0), marks=marks, spot=coins, wallet=0 if inverse else 10**6)
    if inverse:
        start = replace(start, holdings=(), wallets=(replace(start.wallets[0], balance=Money(coins)),))
    wide = rules(
        hedge_rules(near, outer="0.01"),
        roll=roll_rules(lead="near" if lead == "near" else "far", naked_seconds_max=10**6),
        risk=risk_rules(leverage=10**9),
        guard=NO_GUARD,
    )

    def partly(order: OrderRequest) -> Decimal:
        step = far.contracts_step
        return max((order.contracts * share / step).to_integral_value() * step, step)

    end, most_naked = rolled(start, wide, partly)

    step_coins = abs(far.coins(far.contracts_step, marks[1]))
    clip_coins = D(10_000) / D(50_000)
    after = exposure.book(end, wide.hedges[0], far.symbol)
    assert end.position(near.symbol).contracts == ZERO
    assert abs(exposure.net_delta(after)) <= step_coins
    assert most_naked <= clip_coins + 2 * step_coins


def test_an_inverse_roll_is_rescaled_by_f2_over_f1_and_a_linear_one_keeps_its_quantity() -> None:
    near, far = dated(INVERSE, 40, code="near"), dated(INVERSE, 2200, code="far")
    start = picture((near, far), ("-600", "0"), marks=("60000", "61200"), spot="0", wallet="1")
    wide = rules(
        hedge_rules(near),
        risk=risk_rules(leverage=10**9),
        guard=NO_GUARD,
    )
    usd = formulas.roll_inverse_usd(D(60_000), D(60_000), D(61_200))

    end, _ = rolled(start, wide, lambda order: order.contracts)

    assert end.position(far.symbol).contracts * 100 == -usd
    keeps = picture((NEAR, FAR), ("-1", "0"), marks=("60000", "61200"))
    end, _ = rolled(keeps, rules(hedge_rules(NEAR)), lambda order: order.contracts)
    assert end.position(FAR.symbol).contracts == -1


def test_a_roll_that_was_cut_off_goes_on_where_it_stands_without_any_memory() -> None:
    settled = rules(hedge_rules(NEAR))
    for near, far in (("-1", "0"), ("-0.8", "0"), ("-0.8", "-0.2"), ("-0.3", "-0.65"), ("-0.1", "-0.9")):
        start = replace(picture((NEAR, FAR), (near, far)), memory=Memory())

        end, _ = rolled(start, settled, lambda order: order.contracts)

        assert [end.position(one.symbol).contracts for one in (NEAR, FAR)] == [0, -1]


def test_quiet_of_a_dated_hedge_ends_before_its_next_stage() -> None:
    contract = dated(LINEAR, 200)

    decision = decide(picture((contract,), ("-1",), marks=("50000",)), rules(hedge_rules(contract)))

    assert answer(decision) == "hold"
    assert decision.quiet.until_ms == T + 32 * HOUR - 1


def test_a_target_is_measured_over_both_legs() -> None:
    hedge = hedge_rules(NEAR)
    book = exposure.book(picture((NEAR, FAR), ("-0.4", "-0.5")), hedge, FAR.symbol)
    full = Target(ratio=Ratio(D(1)), band=Band(outer=Ratio(D(0)), inner=Ratio(D(0))), reason="")

    measured = exposure.measure(book, hedge, full, Contracts(ZERO))

    assert [measured.held, measured.target, measured.gap] == [D("-0.9"), D(-1), D("-0.1")]
    assert measured.net_delta == D("0.1")


def test_an_unknown_order_that_is_too_old_stops_everything_that_adds_and_nothing_that_reduces() -> None:
    lost = replace(working_order(state="unknown", contract=INVERSE), since_ms=T - 3_601_000)
    picture_ = replace(snapshot(), working=(lost,))
    sell = risk.judge(picture_, rules(risk=risk_rules(unknown=3600)), wish(_order("sell")))
    buy = risk.judge(
        picture_, rules(risk=risk_rules(unknown=3600)), wish(replace(_order("buy"), reduce_only=True))
    )
    young = risk.judge(
        replace(picture_, working=(replace(lost, since_ms=T - 3_600_000),)),
        rules(risk=risk_rules(unknown=3600)),
        wish(_order("sell")),
    )

    assert [type(one).__name__ for one in (sell, buy, young)] == ["Refused", "Approved", "Approved"]
    assert OrderState.UNKNOWN in {order.state for order in picture_.working}


def _order(side: str) -> OrderRequest:
    return working_order(side).request
