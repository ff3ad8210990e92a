"""Books and venue are made to agree: what we did not do is named once, taken over, and hedged away."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import OrderState
from bot.core.values import Price
from bot.shell.ports import (
    Activity,
    OutcomeUnknownError,
    UnreachableError,
)
from tests.shell.builders import House, house, rules, tell
from tests.sim.builders import LINEAR, ME, D, order, quote

S = OrderState
OURS = "hr-0123456789-7-h0"


def moves(home: House, contracts: str, *, name: str | None) -> None:
    """Move the position behind the back of the house; with a ``name`` a fill of that order is told."""
    realised = home.exchange.accounts[ME].position(LINEAR).fill(D(contracts), Decimal(50000))
    if name is not None:
        tell(home, LINEAR, contracts, name, realised)


async def hedged(**options: str) -> House:
    """Open a house whose hedge stands: one coin, one contract short."""
    home = await house(**options)  # type: ignore[arg-type]  # the strings among its options
    assert await home.answers(2) == ["place", "hold"]
    return home


# --- positions (I1) -----------------------------------------------------------------------------------------

MOVES = """
# what moved it   contracts | incident         answers      held
  deleverage      0.4       | foreign_fill     place hold   -1
  liquidation     1         | foreign_fill     place hold   -1
  by-hand         -0.5      | foreign_fill     place hold   -1
  hr-0-9-h0       0.25      | foreign_fill     place hold   -1
  nobody          0.4       | position_moved   place hold   -1
  nobody          -0.4      | position_moved   place hold   -1
  settlement      1         | -                place hold   -1
"""


def cases(table: str) -> list[list[str]]:
    lines = [line.split("|") for line in table.strip().splitlines()[1:]]
    return [[*left.split(), *right.split()] for left, right in lines]


@pytest.mark.parametrize(("name", "contracts", "incident", "first", "second", "held"), cases(MOVES))
async def test_a_position_that_moved_without_us_is_named_once_and_hedged_anew(
    name: str, contracts: str, incident: str, first: str, second: str, held: str
) -> None:
    home = await hedged()
    moves(home, contracts, name=None if name == "nobody" else name)
    home.price("50000")

    step = await home.loop.step()
    answers = [step.decision.explanations[0].answer, *await home.answers(1)]

    assert step.snapshot.shifted == (() if incident == "-" else (LINEAR.symbol,))
    assert home.told() == ([] if incident == "-" else [incident])
    assert answers == [first, second]
    assert home.held() == D(held)
    assert home.agrees()


async def test_a_deleveraged_hedge_is_hedged_again_in_one_order() -> None:
    home = await hedged()
    home.exchange.deleverage(ME, LINEAR.symbol, D("0.4"), Price(D(50_000)))

    assert await home.answers(2) == ["place", "hold"]
    assert home.told() == ["foreign_fill"]
    assert [request.contracts for request in home.venue.sent] == [D(1), D("0.4")]
    assert (home.held(), home.agrees()) == (D(-1), True)


async def test_what_shifted_is_remembered_until_it_is_decided_on() -> None:
    home = await hedged()
    moves(home, "0.4", name="deleverage")
    home.venue.quoted = False
    blind = await home.loop.step()
    home.venue.quoted = True
    seen, following = await home.loop.step(), await home.loop.step()

    assert [step.snapshot.shifted for step in (blind, seen, following)] == [
        (LINEAR.symbol,),
        (LINEAR.symbol,),
        (),
    ]


async def test_what_was_there_before_us_is_taken_over() -> None:
    home = await house()
    moves(home, "-0.25", name=None)

    answers = await home.answers(2)

    assert home.told() == ["position_moved"]
    assert answers == ["place", "hold"]
    assert [request.contracts for request in home.venue.sent] == [D("0.75")]
    assert home.agrees()


async def test_a_position_that_is_moving_is_left_until_two_readings_agree() -> None:
    home = await hedged()
    moves(home, "0.4", name=None)
    account, calls = home.venue.account, [0]

    async def twitch() -> object:
        calls[0] += 1
        if calls[0] == 2:
            moves(home, "0.1", name=None)
        return await account()

    home.venue.account = twitch  # type: ignore[assignment,method-assign]  # watched
    why = await home.why()

    assert f"the position of {LINEAR.symbol} is moving" in why
    assert home.told() == []
    assert await home.answers(2) == ["place", "hold"]
    assert home.told() == ["position_moved"]
    assert (home.held(), home.agrees()) == (D(-1), True)


async def test_a_fill_between_two_readings_is_no_incident() -> None:
    """The position is read, an order fills, the fills are read: the second look makes sense of it."""
    home = await house(patience="30")
    home.price("50000", "50010")
    await home.loop.step()
    activity, calls = home.venue.activity, [0]

    async def late(cursor: int) -> Activity:
        calls[0] += 1
        if calls[0] == 1:
            home.exchange.quote(quote(LINEAR, "50020", "50030", at_ms=home.clock.now_ms()))
        return await activity(cursor)

    home.venue.activity = late  # type: ignore[method-assign]  # watched
    assert await home.answers(1) == ["hold"]
    assert home.told() == []
    assert home.agrees()


async def test_an_empty_list_of_positions_is_not_flat_while_the_second_source_has_one() -> None:
    home = await hedged()
    home.venue.lists_positions = False

    why = await home.why()
    home.venue.lists_positions = True
    after = await home.answers(1)

    assert f"the venue lists no position in {LINEAR.symbol}, and its second source -1" in why
    assert (after, home.told(), len(home.venue.sent)) == (["hold"], [], 1)


async def test_an_empty_list_of_positions_is_flat_if_the_second_source_says_so_too() -> None:
    home = await hedged()
    moves(home, "1", name=None)

    assert await home.answers(2) == ["place", "hold"]
    assert home.told() == ["position_moved"]
    assert home.held() == D(-1)


async def test_a_position_is_not_taken_over_while_an_order_may_have_moved_it() -> None:
    """The order may have filled, unheard: the move is explained by it, or it cannot be told what is not."""
    home = await hedged()
    home.venue.before_place = [OutcomeUnknownError("lost")]
    moves(home, "1", name="liquidation")
    assert await home.answers(1) == ["place"]
    moves(home, "-0.5", name=None)
    home.price("50000")
    assert await home.answers(1) == ["wait"]
    moves(home, "-2", name=None)
    home.price("50000")
    why = await home.why()

    assert "the position of BTC/USDT:USDT is -2.5, the books expect 0, and the fate of hr-" in why
    assert home.told() == ["foreign_fill"]


# --- orders that are not in the books (I2) ------------------------------------------------------------------


async def test_a_stray_order_is_named_once_and_taken_back() -> None:
    home = await hedged()
    home.venue.by_hand(order("sell", "0.5", "60000", name=OURS))

    answers = await home.answers(2)

    assert answers == ["hold", "hold"]
    assert home.told() == ["stray_order"]
    assert home.exchange.open_orders(ME) == ()
    assert not home.journal.knows(OURS)


async def test_a_stray_order_is_adopted_if_the_owner_says_so_and_followed_to_its_end() -> None:
    home = await house(ruled=rules(stray="adopt"), coins="0")
    home.venue.by_hand(order("sell", "0.5", "60000", name=OURS))

    first = await home.loop.step()
    adopted = [(one.request.client_order_id, one.state) for one in home.journal.working()]
    home.price("60010")
    await home.loop.step()

    assert first.decision.explanations[0].answer in {"cancel", "wait"}
    assert adopted == [(OURS, S.OPEN)] or home.journal.knows(OURS)
    assert home.told() == ["stray_order"]
    assert home.agrees()


async def test_a_stray_order_of_a_contract_that_no_hedge_trades_is_taken_back_all_the_same() -> None:
    home = await house(ruled=rules(stray="adopt"))
    ether = replace(LINEAR, symbol="ETH/USDT:USDT", base="ETH")
    home.exchange.contracts[ether.symbol] = ether
    home.exchange.quote(quote(ether, "3000"))
    home.venue.by_hand(order("sell", "1", "4000", contract=ether, name=OURS))

    await home.loop.step()

    assert home.told() == ["stray_order"]
    assert home.exchange.open_orders(ME) == ()


async def test_nothing_is_decided_while_a_stray_order_cannot_be_taken_back() -> None:
    home = await house()
    home.venue.by_hand(order("sell", "0.5", "60000", name=OURS))
    home.venue.on_cancel = [UnreachableError("no route")] * 4

    why = await home.why()

    assert f"order {OURS} is not in our books and cannot be taken back: no route" in why
    assert home.venue.sent == []
    assert await home.answers(2) == ["place", "hold"]
    assert home.told() == ["stray_order"]


async def test_whoever_only_looks_takes_nothing_back() -> None:
    home = await house()
    home.venue.by_hand(order("sell", "0.5", "60000", name=OURS))

    snapshot, decision = await home.loop.preview()

    assert f"order {OURS} stands open in {LINEAR.symbol} and is not in our books" in snapshot.missing
    assert decision.commands == ()
    assert [report.client_order_id for report in home.exchange.open_orders(ME)] == [OURS]


async def test_an_order_that_ended_by_our_books_and_stands_is_taken_back() -> None:
    """A venue that says rejected, and has it: the intent must not be live twice (I3)."""
    home = await house(patience="30")
    home.price("50000", "50010")
    home.venue.answer = lambda report: replace(report, state=S.REJECTED)
    (report,) = (await home.loop.step()).reports
    assert report.state is S.REJECTED
    assert len(home.exchange.open_orders(ME)) == 1

    assert await home.answers(1) == ["wait"]
    assert home.told() == ["stray_order"]
    assert home.exchange.open_orders(ME) == ()


async def test_a_list_that_still_has_an_order_that_just_ended_is_no_incident() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    await home.loop.step()
    stale = home.exchange.open_orders(ME)
    home.price("50000", "50010", seconds=31)
    assert await home.answers(1) == ["cancel"]
    account = home.venue.account

    async def lagging() -> object:
        return replace(await account(), open_orders=stale)

    home.venue.account = lagging  # type: ignore[assignment,method-assign]  # lags
    assert await home.answers(2) == ["place", "hold"]
    assert home.told() == []


async def test_an_order_of_somebody_else_is_named_once_and_left_alone() -> None:
    home = await hedged()
    home.venue.by_hand(order("sell", "0.5", "60000", name="by-hand"))

    assert await home.answers(3) == ["hold"] * 3
    assert home.told() == ["foreign_order"]
    assert [report.client_order_id for report in home.exchange.open_orders(ME)] == ["by-hand"]


# --- a second pass finds nothing -----------------------------------------------------------------------------

DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("moves"), st.integers(-20, 20)),
        st.tuples(st.just("fills"), st.integers(-20, 20)),
        st.tuples(st.just("foreign order"), st.integers(1, 5)),
        st.tuples(st.just("stray order"), st.integers(1, 5)),
        st.tuples(st.just("lost"), st.just(0)),
        st.tuples(st.just("time-out"), st.just(0)),
    ),
    max_size=6,
)


@given(deeds=DEEDS, adopt=st.booleans())
async def test_a_second_pass_right_after_a_first_finds_nothing(
    deeds: list[tuple[str, int]],
    adopt: bool,  # noqa: FBT001 - drawn
) -> None:
    home = await house(patience="30", ruled=rules(patience="30", stray="adopt" if adopt else "cancel"))
    home.price("50000", "50010")
    for number, (deed, size) in enumerate(deeds):
        do(home, deed, size, number)
    await home.loop.step()
    told, held = home.told(), home.journal.held()

    again = await home.loop.preview()

    assert home.told() == told
    assert home.journal.held() == held
    assert again[0].missing == ()
    assert home.agrees() or home.journal.working() != ()


def do(home: House, deed: str, size: int, number: int) -> None:
    match deed:
        case "moves":
            moves(home, str(D(size) / 10), name=None)
        case "fills" if size:
            moves(home, str(D(size) / 10), name=f"by-hand-{number}")
        case "foreign order":
            home.venue.by_hand(order("sell", str(size), "60000", name=f"by-hand-{number}"))
        case "stray order":
            home.venue.by_hand(order("buy", str(size), "40000", name=f"hr-0-{number}-h0"))
        case "lost":
            home.venue.before_place = [OutcomeUnknownError("lost")]
        case "time-out":
            home.venue.after_place = [OutcomeUnknownError("no answer")]
        case _:
            assert size == 0, "no other deed is drawn"
