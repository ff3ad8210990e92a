from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.model_market import model_contract
from bot.core.decide import decide
from bot.core.forecast import Change, forecast
from bot.core.memory import State
from bot.core.orders import OrderRequest, OrderState, TimeInForce, WorkingOrder
from bot.core.reports import OrderReport
from bot.core.risk import Approved
from bot.core.snapshot import Holding, Snapshot
from bot.core.values import Coins, Contracts, Price
from bot.shell.ports import (
    UnreachableError,
    VenueError,
)
from tests.shell.builders import House, house
from tests.sim.builders import D, T, order, quote


async def steps(home: House, count: int) -> list[Any]:
    return [await home.loop.step() for _ in range(count)]


async def test_a_gap_is_closed_in_one_order_and_then_left_alone() -> None:
    home = await house()

    answers = [step.decision.explanations[0].answer for step in await steps(home, 3)]

    assert answers == ["place", "hold", "hold"]
    assert home.held() == D(-1)
    assert len(home.venue.sent) == 1


async def test_an_order_is_in_the_journal_as_sent_before_its_request_leaves() -> None:
    home = await house()
    seen: list[OrderState] = []
    home.venue.at_place = lambda request: seen.extend(
        order.state for order in home.journal.working() if order.request == request
    )

    await home.loop.step()

    assert seen == [OrderState.SENT]


async def test_fills_are_written_before_the_order_they_fill() -> None:
    """Killed in between, the book knows the fill and looks the order up; never the other way round."""
    home = await house()
    moves: list[tuple[OrderState, bool]] = []
    moved = home.journal.order_moved

    def watch(report: OrderReport, at_ms: int) -> None:
        moves.append((report.state, home.journal.filled(report.client_order_id) > 0))
        moved(report, at_ms)

    home.journal.order_moved = watch  # type: ignore[method-assign]  # watched
    await home.loop.step()

    assert moves == [(OrderState.SENT, False), (OrderState.FILLED, True)]


async def test_reads_are_asked_again_and_given_up_after_four() -> None:
    home = await house()
    home.venue.on_account = [UnreachableError("no route")] * 3
    step = await home.loop.step()
    home.venue.on_account = [UnreachableError("no route")] * 4

    assert step.decision.explanations[0].answer == "place"
    with pytest.raises(UnreachableError):
        await home.loop.step()


async def test_a_venue_out_of_reach_is_waited_for() -> None:
    home = await house()
    home.venue.on_account = [UnreachableError("no route")] * 4

    assert await home.loop.poll(60_000) is None
    assert await home.loop.poll(60_000) is not None
    assert "out of reach" in str(home.log.lines[0]["event"])


async def test_nothing_is_decided_without_a_quote() -> None:
    home = await house()
    home.venue.quoted = False

    step = await home.loop.step()

    assert step.decision.explanations[0].answer == "blind"
    assert "no quote of BTC/USDT:USDT" in step.decision.explanations[0].why
    assert home.venue.sent == []


async def test_an_order_waits_at_the_touch_then_crosses_for_the_rest() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    placed = await home.loop.step()
    waiting = await home.loop.step()
    home.price("50000", "50010", seconds=31)
    cancelled, crossed, held = await steps(home, 3)

    answers = [s.decision.explanations[0].answer for s in (placed, waiting, cancelled, crossed, held)]
    assert answers == ["place", "wait", "cancel", "place", "hold"]
    assert [r.time_in_force for r in home.venue.sent] == [TimeInForce.POST_ONLY, TimeInForce.IOC]
    assert [str(r.limit_price) for r in home.venue.sent] == ["50010.0", "49500.0"]
    assert home.held() == D(-1)


async def test_a_patient_order_that_is_traded_through_pays_the_maker_fee() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    await home.loop.step()
    home.price("50011", "50020")
    step = await home.loop.step()

    assert step.decision.explanations[0].answer == "hold"
    assert [fill.maker for fill in step.fills] == [True]


async def test_the_quiet_of_an_answer_ends_with_a_fill_a_payment_a_price_or_a_time() -> None:
    home = await house()
    await steps(home, 2)
    last = await home.loop.step()
    home.price("90000")

    assert not await home.loop.stirred(last.decision)
    home.exchange.settle_funding("BTC/USDT:USDT", D("0.0001"), D(50000), home.clock.now_ms())
    assert await home.loop.stirred(last.decision)


async def test_stopping_takes_open_orders_back_and_keeps_the_hedge() -> None:
    home = await house(patience="30")
    home.price("50000", "50010")
    await home.loop.step()

    await home.loop.stop()

    assert home.journal.working() == ()
    assert home.exchange.open_orders("me") == ()


async def test_an_order_planned_before_a_restart_is_dropped_and_one_sent_is_looked_up() -> None:
    home = await house()
    snapshot, decision = await home.loop.preview()
    home.journal.decided(snapshot, decision)

    again = await house(journal=home.journal)
    step = await again.loop.step()

    assert len(home.journal.working()) == 0
    assert step.decision.explanations[0].answer == "place"
    assert again.held() == D(-1)


async def test_every_line_of_the_log_carries_account_hedge_and_decision() -> None:
    home = await house()
    home.venue.on_account = [UnreachableError("no route")] * 4
    await home.loop.poll(60_000)
    await steps(home, 2)

    assert len(home.log.lines) > 3
    for line in home.log.lines:
        assert {"account", "hedge", "decision"} <= line.keys()


@pytest.mark.parametrize(("leverage", "answer"), [(3, "place"), (10, "refused")])
async def test_the_guard_forecasts_isolated_margin_as_the_venue_sets_it_aside(
    leverage: int, answer: str
) -> None:
    """At 10 x an isolated short dies at +9.5 %, however much the wallet holds."""
    home = await house(margin_mode="isolated", leverage=leverage)

    step = await home.loop.step()

    assert step.decision.explanations[0].answer == answer
    if answer == "place":
        trader = home.exchange.accounts["me"]
        position = trader.positions["BTC/USDT:USDT"]
        (command,) = step.decision.commands
        assert isinstance(command, Approved)
        said = next(verdict for verdict in command.verdicts if verdict.gate == "liquidation_distance")
        backing = trader.backing(position, home.exchange.marks)
        price = position.contract.liquidation_price(position.contracts, position.entry_price, backing)
        assert price is not None
        assert abs(price / 50000 - 1 - said.figure) < D("0.02")  # type: ignore[operator]  # it has a figure
    else:
        assert step.decision.refused[0].gates == ("liquidation_distance", "venue_minimum")


async def test_an_unlisted_contract_is_refused_with_the_list() -> None:
    home = await house()

    with pytest.raises(VenueError, match=r"does not list DOGE.*it lists BTC/USDT:USDT"):
        await home.venue.contracts(["DOGE/USDT:USDT"])


async def test_the_loop_runs_until_told_to_stop_and_notices_within_a_nap() -> None:
    home = await house(patience="30")
    seen: list[Any] = []

    await home.loop.run(poll_ms=3_600_000, heartbeat_ms=10**9, until=lambda: bool(seen), after=seen.append)

    assert len(seen) == 1
    assert home.clock.now_ms() < T + 1000
    assert home.journal.working() == ()


async def test_a_repeated_answer_is_told_once() -> None:
    home = await house(margin_mode="isolated")
    await steps(home, 3)

    told = [line for line in home.log.lines if line["event"] == "refused"]
    assert len(told) == 3
    assert [line["level"] for line in told] == ["info", "debug", "debug"]


async def test_nothing_is_added_beside_a_position_that_no_hedge_explains() -> None:
    home = await house()
    stranger = model_contract("ETH/USDT:USDT")
    home.exchange.contracts[stranger.symbol] = stranger
    home.exchange.quote(quote(stranger, "3000"))
    home.exchange.place("me", order("sell", "1", contract=stranger, name="by hand"))

    step = await home.loop.step()

    (why,) = step.decision.explanations
    assert (why.answer, why.state, step.decision.commands) == ("wait", State.REDUCING, ())
    assert "A position in ETH/USDT:USDT uses this account's margin and no hedge explains it" in why.why


async def test_two_hedges_of_one_account_do_not_use_the_same_margin() -> None:
    """Each alone would pass at 2.5 x; both at once would be 5 x."""
    home = await house()
    ether = model_contract("ETH/USDT:USDT")
    home.exchange.contracts[ether.symbol] = ether
    home.exchange.quote(quote(ether, "50000"))
    one = home.loop.rules.hedges[0]
    two = replace(one, name="eth", asset="ETH", symbol=ether.symbol)
    holdings = tuple(Holding(asset=asset, coins=Coins(D(5)), place="declared") for asset in ("BTC", "ETH"))
    snapshot, _ = await home.loop.preview()
    snapshot = replace(
        snapshot,
        holdings=holdings,
        contracts=(*snapshot.contracts, ether),
        quotes=(*snapshot.quotes, quote(ether, "50000")),
    )

    decision = decide(snapshot, replace(home.loop.rules, hedges=(one, two)))

    first, second = (command for command in decision.commands if isinstance(command, Approved))
    assert first.request.contracts == 5
    assert second.request.contracts < 1
    change = Change(symbol=ether.symbol, signed=-second.request.contracts, price=Price(D(50000)))
    after = forecast(beside(snapshot, first.request), ether.symbol, change)
    assert after.account.leverage is not None
    assert after.account.leverage <= 3


def beside(snapshot: Snapshot, request: OrderRequest) -> Snapshot:
    """Show a snapshot with one more working order."""
    order = WorkingOrder(request=request, state=OrderState.OPEN, filled=Contracts(D(0)), since_ms=T)
    return replace(snapshot, working=(order,))
