"""What the journal expects of the account: positions, incidents, terms, rejections; and what came of intents."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.adapters.journal import SqlJournal
from bot.adapters.journal_reader import open_reader
from bot.core.books import Incident
from bot.core.instruments import Payoff
from bot.core.orders import OrderState, WorkingOrder
from bot.core.reports import Fill
from bot.core.risk import Approved
from bot.core.snapshot import Setback
from bot.core.values import ZERO, Contracts, Money, Price, Side
from bot.shell.ports import JournalUnavailableError
from tests.adapters.builders import (
    ACCOUNT,
    CONTRACT,
    START_MS,
    activity,
    decided,
    fill,
    open_at,
    report,
    request_of,
    url_of,
    with_hole,
)

S = OrderState
D = Decimal


@pytest.fixture
def path(anywhere: Path) -> Path:
    return anywhere


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    with open_at(path) as opened:
        yield opened


def incident(key: str, rebased: str = "0", *, symbol: str = CONTRACT.symbol) -> Incident:
    return Incident(
        kind="position_moved", key=key, symbol=symbol, text="It moved.", rebased=Contracts(D(rebased))
    )


def filled(request_name: str, number: int, contracts: str, price: str = "60000", fee: str = "0") -> Fill:
    return replace(
        fill(str(number)),
        client_order_id=request_name,
        contracts=Contracts(D(contracts)),
        price=Price(D(price)),
        fee=Money(D(fee)),
        at_ms=START_MS + number,
    )


def closing(number: int, contracts: str, price: str) -> Fill:
    """Buy, at a venue that does not tell what that realises."""
    return replace(filled("o", number, contracts, price), side=Side.BUY, realised_pnl=None)


def test_what_a_venue_does_not_tell_is_reckoned_from_the_books_and_outlives_a_restart(
    journal: SqlJournal, path: Path
) -> None:
    journal.learned((CONTRACT,), START_MS)
    opening = replace(filled("o", 1, "0.3", "60000"), realised_pnl=None)
    journal.heard(activity(fills=(opening, closing(2, "0.1", "59000"))), START_MS)
    before = journal.realised()
    journal.close()

    with open_at(path) as again:
        told = again.realised()
        again.heard(activity(fills=(closing(3, "0.2", "61000"),)), START_MS)
        assert (before, told) == ({CONTRACT.symbol: D(100)},) * 2
        assert again.realised() == {CONTRACT.symbol: D(-100)}


def test_a_position_that_was_there_before_us_realises_by_its_own_entry(journal: SqlJournal) -> None:
    journal.learned((CONTRACT,), START_MS)
    journal.found((replace(incident("k", "-1"), entry_price=Price(D(50_000))),), START_MS)

    journal.heard(activity(fills=(closing(1, "0.5", "48000"),)), START_MS)

    assert journal.realised() == {CONTRACT.symbol: D(1000)}


def ordered(journal: SqlJournal, number: int, *states: OrderState) -> str:
    """Decide an order and move it on; returns its name."""
    picture, decision = decided(number)
    journal.decided(picture, decision)
    request = request_of(decision)
    for step, state in enumerate(states):
        amount = str(request.contracts) if state is S.FILLED else "0"
        journal.order_moved(report(request, state, amount), START_MS + number * 1000 + step)
    return request.client_order_id


# --- positions and incidents --------------------------------------------------------------------------------


def test_the_books_expect_the_sum_of_fills_and_rebasings(journal: SqlJournal, path: Path) -> None:
    """In memory as it grows, and again from the disk (I1)."""
    grown = [journal.held()]
    for act in (
        lambda: journal.heard(activity(fills=(fill("1"), fill("2")), cursor=2), START_MS),
        lambda: journal.heard(activity(fills=(fill("2"), fill("3", symbol="E")), cursor=3), START_MS),
        lambda: journal.found([incident("a", "-0.80"), incident("b", "1", symbol="E")], START_MS),
        lambda: journal.found([incident("a", "-0.80"), incident("c", "1.00")], START_MS),
    ):
        act()
        grown.append(journal.held())

    assert grown == [
        {},
        {"BTCUSDT": D("-0.20")},
        {"BTCUSDT": D("-0.20"), "E": D("-0.10")},
        {"BTCUSDT": D("-1.00"), "E": D("0.90")},
        {"E": D("0.90")},
    ]
    journal.close()
    with open_at(path) as again:
        assert again.held() == grown[-1]


def test_an_incident_is_new_once(journal: SqlJournal, path: Path) -> None:
    first = journal.found([incident("a"), incident("b")], 7)
    second = journal.found([incident("b"), incident("c")], 8)

    assert [one.key for one in first + second] == ["a", "b", "c"]
    with open_reader(url_of(path), mode="demo") as reader:
        kept = reader.incidents(ACCOUNT)
    assert [(one.incident, one.at_ms, one.answered_by) for one in kept] == [
        (incident("a"), 7, None),
        (incident("b"), 7, None),
        (incident("c"), 8, None),
    ]


def test_foreign_fills_are_written_with_their_incident_in_one_transaction(journal: SqlJournal) -> None:
    name = ordered(journal, 1, S.SENT)
    ours = replace(fill("1"), client_order_id=name)
    foreign = replace(fill("2"), client_order_id="liquidation")

    heard = journal.heard(activity(fills=(ours, foreign), cursor=2), START_MS)
    again = journal.heard(activity(fills=(ours, foreign), cursor=2), START_MS)

    assert heard.fills == (ours, foreign)
    assert [(one.kind, one.key) for one in heard.incidents] == [("foreign_fill", "BTCUSDT 2")]
    assert (again.fills, again.incidents) == ((), ())


def test_what_shifted_is_answered_by_the_first_decision_on_a_whole_picture(
    journal: SqlJournal, path: Path
) -> None:
    journal.found([incident("a"), incident("b", symbol="E"), incident("c")], START_MS)
    unanswered = [journal.shifted()]
    picture, decision = decided(1)
    journal.decided(with_hole(picture), replace(decision, commands=()))
    unanswered.append(journal.shifted())
    journal.close()
    with open_at(path) as again:
        unanswered.append(again.shifted())
        again.decided(*decided(2))
        unanswered.append(again.shifted())
        again.found([replace(incident("d"), kind="foreign_order")], START_MS)
        unanswered.append(again.shifted())
    with open_reader(url_of(path), mode="demo") as reader:
        answers = [one.answered_by for one in reader.incidents(ACCOUNT)]

    assert unanswered == [("BTCUSDT", "E")] * 3 + [()] * 2
    assert answers == [2, 2, 2, None]


# --- orders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "contracts", "then"),
    [
        ((S.SENT, S.CANCELLED), "0.4", S.CANCELLED),
        ((S.SENT, S.CANCELLED), "1.1", S.FILLED),
        ((S.SENT, S.REJECTED), "1.1", S.REJECTED),
        ((S.SENT,), "1.1", S.SENT),
    ],
)
def test_a_fill_that_comes_late_is_booked_on_its_order(
    journal: SqlJournal, path: Path, states: tuple[OrderState, ...], contracts: str, then: OrderState
) -> None:
    name = ordered(journal, 1, *states)

    heard = journal.heard(activity(fills=(filled(name, 1, contracts),), cursor=1), START_MS)

    with open_reader(url_of(path), mode="demo") as reader:
        (order,) = reader.orders(ACCOUNT, limit=None)
        last = reader.order_events(name)[-1]
    late = S.SENT not in states[-1:]
    assert (order.state, order.filled) == (then, D(contracts) if late else ZERO)
    assert (last.reason == "fill 1 came late") == late
    assert len(heard.incidents) == (then is S.REJECTED)


def test_an_order_is_known_whether_it_works_or_not(journal: SqlJournal) -> None:
    name = ordered(journal, 1, S.SENT, S.CANCELLED)

    assert (journal.knows(name), journal.knows("hr-0-0-h0")) == (True, False)


def test_an_adopted_order_is_one_of_ours(journal: SqlJournal, path: Path) -> None:
    ordered(journal, 1, S.SENT, S.CANCELLED)
    request = replace(request_of(decided(2)[1]), client_order_id="hr-9-9-h0")
    order = WorkingOrder(request=request, state=S.OPEN, filled=Contracts(D("0.1")), since_ms=START_MS * 2)

    journal.adopt(order, "btc")

    assert journal.working() == (order,)
    assert journal.knows("hr-9-9-h0")
    journal.order_moved(report(request, S.CANCELLED, "0.1"), START_MS * 2 + 1)
    with open_reader(url_of(path), mode="demo") as reader:
        newest, _ = reader.orders(ACCOUNT, limit=None)
        events = reader.order_events("hr-9-9-h0")
    assert (newest.request, newest.decision_number, newest.intent) == (request, None, None)
    assert [(event.state, event.reason) for event in events] == [(S.OPEN, "adopted"), (S.CANCELLED, "")]


def test_a_working_order_keeps_the_time_it_came_into_its_state(journal: SqlJournal, path: Path) -> None:
    name = ordered(journal, 1)
    request = journal.working()[0].request
    for at_ms, state, amount in ((8, S.SENT, "0"), (9, S.UNKNOWN, "0"), (10, S.UNKNOWN, "0.1")):
        journal.order_moved(report(request, state, amount), at_ms)

    (order,) = journal.working()
    assert (order.request.client_order_id, order.state, order.since_ms) == (name, S.UNKNOWN, 9)
    with open_reader(url_of(path), mode="demo") as reader:
        assert [one.updated_at_ms for one in reader.orders(ACCOUNT, limit=1)] == [10]


@pytest.mark.parametrize(
    ("lives", "count"),
    [
        ([], 0),
        ([(S.SENT, S.REJECTED)], 1),
        ([(S.SENT, S.REJECTED), (S.SENT, S.REJECTED)], 2),
        ([(S.SENT, S.REJECTED), (S.SENT, S.OPEN)], 0),
        ([(S.SENT, S.REJECTED), (S.SENT, S.FILLED), (S.SENT, S.REJECTED)], 1),
        ([(S.SENT, S.REJECTED), (S.CANCELLED,)], 1),
        ([(S.SENT, S.REJECTED), (S.SENT, S.UNKNOWN)], 1),
        ([(S.SENT, S.REJECTED), (S.SENT, S.UNKNOWN, S.REJECTED)], 2),
    ],
)
def test_rejections_in_a_row_are_counted_and_found_again(
    journal: SqlJournal, path: Path, lives: list[tuple[OrderState, ...]], count: int
) -> None:
    for number, states in enumerate(lives, 1):
        ordered(journal, number, *states)
    counted = journal.rejected()
    journal.close()
    with open_at(path) as again:
        assert again.rejected() == counted

    assert [one.count for one in counted] == ([count] if count else [])
    if count:
        rejected = max(number for number, states in enumerate(lives, 1) if S.REJECTED in states)
        last_ms = START_MS + rejected * 1000 + len(lives[rejected - 1]) - 1
        assert counted == (Setback(symbol=CONTRACT.symbol, count=count, last_at_ms=last_ms),)


# --- contracts and time -------------------------------------------------------------------------------------


def test_the_terms_last_accepted_are_in_force(journal: SqlJournal, path: Path) -> None:
    other = replace(CONTRACT, symbol="ETHUSDT", base="ETH")
    journal.learned([CONTRACT, other], 1)
    finer = replace(CONTRACT, price_tick=Price(D("0.01")))
    journal.learned([finer], 2)

    expected = {"BTCUSDT": finer, "ETHUSDT": other}
    assert journal.terms() == expected
    journal.close()
    with open_at(path) as again:
        assert again.terms() == expected
        assert repr(again.terms()["BTCUSDT"]) == repr(finer), "digits survive"


def test_the_latest_decision_is_told_by_its_time(journal: SqlJournal, path: Path) -> None:
    seen = [journal.last_at_ms()]
    for number in (2, 3):
        picture, decision = decided(number)
        at_ms = START_MS - number
        journal.decided(replace(picture, at_ms=at_ms), replace(decision, at_ms=at_ms, commands=()))
        seen.append(journal.last_at_ms())
    journal.close()
    with open_at(path) as again:
        assert [*seen, again.last_at_ms()] == [0, START_MS - 2, START_MS - 2, START_MS - 2]


# --- intents ------------------------------------------------------------------------------------------------


def intend(journal: SqlJournal, number: int, intent: int, mid: str, *, sent: bool = True) -> str:
    """Journal an order of an intent."""
    picture, decision = decided(number)
    (command,) = decision.commands
    assert isinstance(command, Approved)
    worked = replace(command, intent=intent, arrival_mid=Price(D(mid)))
    journal.decided(picture, replace(decision, commands=(worked,)))
    if sent:
        journal.order_moved(report(command.request, S.SENT), START_MS + number)
    return command.request.client_order_id


def test_an_intent_gathers_its_orders_and_measures_them_against_its_arrival(
    journal: SqlJournal, path: Path
) -> None:
    journal.learned([CONTRACT], 0)
    first, second = intend(journal, 4, 4, "60000"), intend(journal, 5, 4, "60000")
    third, unsent = intend(journal, 9, 9, "61000"), intend(journal, 10, 9, "61000", sent=False)
    fills = (
        filled(first, 1, "0.3", "59900", "1"),
        filled(second, 2, "0.6", "60020", "2"),
        filled(unsent, 3, "0.1"),
    )
    journal.heard(activity(fills=fills, cursor=3), START_MS)

    with open_reader(url_of(path), mode="demo") as reader:
        worked, idle = reader.intents(ACCOUNT)

    assert (worked.hedge, worked.intent, worked.symbol, worked.side) == ("btc", 4, "BTCUSDT", Side.SELL)
    assert (worked.orders, worked.contracts, worked.legs) == (2, D("0.9"), ("hedge",))
    assert (worked.average_price, worked.arrival_mid) == (D("59980"), D("60000"))
    assert worked.shortfall == D("18"), "0.3 sold 100 below, 0.6 sold 20 above"
    assert (worked.fees, worked.first_sent_ms, worked.last_fill_ms) == (D(3), START_MS + 4, START_MS + 2)
    assert (idle.intent, idle.orders, idle.contracts, idle.average_price) == (9, 1, ZERO, None)
    assert (idle.shortfall, idle.last_fill_ms) == (ZERO, None)
    assert journal.knows(third)


def test_an_inverse_intent_is_measured_in_coins_worth_their_price(journal: SqlJournal, path: Path) -> None:
    inverse = replace(CONTRACT, payoff=Payoff.INVERSE, contract_size=D(100), quote="USD", settle="BTC")
    journal.learned([inverse], 0)
    name = intend(journal, 1, 1, "50000")
    fills = (filled(name, 1, "200", "40000"), filled(name, 2, "300", "50000"))
    journal.heard(activity(fills=fills, cursor=2), START_MS)

    with open_reader(url_of(path), mode="demo") as reader:
        (worked,) = reader.intents(ACCOUNT)

    assert worked.average_price == D(50_000) / D("1.1"), "500 contracts of 100 dollars for 0.5 + 0.6 coins"
    assert worked.shortfall == D(5_000), "half a coin sold 10000 below"


def test_an_intent_without_terms_is_measured_by_the_picture_of_its_decision(
    journal: SqlJournal, path: Path
) -> None:
    name = intend(journal, 1, 1, "60000")
    journal.learned([replace(CONTRACT, contract_size=D(1000))], START_MS * 2)
    journal.heard(activity(fills=(filled(name, 1, "1", "59999"),), cursor=1), START_MS)

    with open_reader(url_of(path), mode="demo") as reader:
        assert [intent.shortfall for intent in reader.intents(ACCOUNT)] == [D(1)]


def test_terms_that_cannot_be_read_are_told_in_one_sentence(journal: SqlJournal) -> None:
    journal.learned([CONTRACT], 0)
    with journal.writer.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE terms SET json = '{}'")

    with pytest.raises(JournalUnavailableError, match="cannot read: use the version that wrote it"):
        journal.terms()


def test_what_the_writer_keeps_in_mind_is_what_a_new_one_reads(journal: SqlJournal) -> None:
    def everything(of: SqlJournal) -> tuple[object, ...]:
        return (
            of.memory(),
            of.last_at_ms(),
            of.working(),
            of.shifted(),
            of.realised(),
            of.held(),
            of.cursor(),
        )

    journal.learned((CONTRACT,), START_MS)
    in_mind = []
    for act in (
        lambda: journal.decided(*decided(1)),
        lambda: journal.heard(activity(fills=(filled("o", 1, "0.3"),), cursor=5), START_MS),
        lambda: journal.heard(activity(cursor=5), START_MS),
        lambda: journal.found((incident("k", "-1"),), START_MS),
        lambda: journal.heard(activity(fills=(closing(2, "0.1", "59000"),), cursor=9), START_MS),
        lambda: journal.decided(*decided(2)),
    ):
        everything(journal)
        act()
        in_mind.append(everything(journal))
        fresh = SqlJournal(journal.writer, rules_digest="")  # the same writer, with an empty mind
        assert in_mind[-1] == everything(fresh)
    assert len(set(map(repr, in_mind))) == len(in_mind) - 1, "all but the empty word changed something"
