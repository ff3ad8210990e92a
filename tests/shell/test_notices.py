"""What is worth telling: when a thing begins, when it ends, and never in between."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.books import Incident, IncidentKind
from bot.core.causes import Cause, CauseKind, ended, failed_policy
from bot.core.desk import Answer, Explanation, RollView
from bot.core.guard import Watch
from bot.core.memory import GuardMemory, HedgeMemory, Memory, RollMemory, State
from bot.core.orders import OrderState
from bot.core.reports import OrderReport
from bot.core.rolls import Stage
from bot.core.values import ZERO, Coins, Contracts, Ratio
from bot.shell import notices as told
from bot.shell.loop import ROLL_LATE
from bot.shell.notice import Notice
from bot.shell.notices import kept, lost, notices
from bot.shell.ports import (
    AuthFailedError,
    JournalUnavailableError,
    PreflightError,
    SettingsError,
    UnreachableError,
)
from bot.shell.step import Step
from tests.shell.builders import house
from tests.shell.test_controls import Desk, desk, hedged
from tests.sim.builders import LINEAR, D, order

# --- a rally and its end, step by step ------------------------------------------------------------------------


class Teller:
    """Steps a desk and keeps what would be told."""

    def __init__(self, one: Desk) -> None:
        self.desk = one
        self.before: Step | None = None

    async def step(self, btc: str, seconds: int = 5) -> list[str]:
        step = await self.desk.step(btc=btc, seconds=seconds)
        new = notices(self.before, step, self.desk.loop.rules.hedges)
        self.before = kept(self.before, step)
        return [f"{one.kind} {one.severity}: {one.text}" for one in new]


RALLY = (
    # price    after s  told, in this order: kind, severity, and how the sentence begins
    ("50000",       5, ("fill info: Filled: sell 0.4 BTC/USDT:USDT at 50000.",)),
    ("50000",       5, ("fill info: Filled: sell 0.4 BTC/USDT:USDT at 50000.",)),
    ("50000",       5, ("fill info: Filled: sell 0.2 BTC/USDT:USDT at 50000.",)),
    ("50000",       5, ()),
    ("60000",       5, ("cause warning: Rung top_up: liquidation is 24.5 % away",
                        "cause warning: 9361.00000000 USDT would restore the margin")),
    ("60000",       5, ()),
    ("63000",       5, ("cause warning: Rung stop: liquidation is 18.5 % away",
                        "cause warning: 13577.80000000 USDT would restore the margin",
                        "cause_ended info: A cause has ended: Rung top_up: liquidation is 24.5 % away",
                        "cause_ended info: A cause has ended: 9361.00000000 USDT would restore the margin",
                        "guard_state warning: The guard's state is reducing; it was normal.")),
    ("63000",       5, ()),
    ("50000",       5, ("cause warning: Margin was thin, and nothing is added yet",
                        "cause_ended info: A cause has ended: Rung stop: liquidation is 18.5 % away",
                        "cause_ended info: A cause has ended: ")),
    ("50000",       5, ()),
    ("50000",    3600, ("cause_ended info: A cause has ended: Margin was thin",
                        "guard_state info: The guard's state is normal; it was reducing.")),
    ("50000",       5, ()),
)  # fmt: skip


async def test_a_rally_is_told_when_each_rung_is_reached_and_left_and_not_in_between(tmp_path: Path) -> None:
    teller = Teller(await desk(tmp_path, deposit=25_000))

    for price, seconds, expected in RALLY:
        said = await teller.step(price, seconds)

        assert len(said) == len(expected), (price, said)
        for sentence, beginning in zip(said, expected, strict=True):
            assert sentence.startswith(beginning)


async def test_a_freeze_is_told_once_with_who_and_why_and_once_when_it_ends(tmp_path: Path) -> None:
    one = await hedged(tmp_path)
    teller = Teller(one)
    counted = []
    for word in ("", "freeze", "", "resume", ""):
        if word:
            one.says(word)  # type: ignore[arg-type]  # one of its words
        counted.append(await teller.step("50000"))

    assert [len(said) for said in counted] == [0, 2, 0, 2, 0]
    assert counted[1][0].startswith("cause warning: Frozen by anna: a drill.")
    assert counted[3][0].startswith("cause_ended info: A cause has ended: Frozen by anna: a drill.")


async def test_the_sentences_are_those_of_the_log(tmp_path: Path) -> None:
    one = await desk(tmp_path, deposit=25_000)
    teller = Teller(one)
    said: list[str] = []
    for price in ("50000", "50000", "50000", "60000", "63000", "70000"):
        said += await teller.step(price)

    logged = {str(line["event"]) for line in one.log.lines if "cause" in line}
    assert {sentence.partition(": ")[2] for sentence in said if sentence.startswith("cause ")} == logged
    assert len(logged) > 3


# --- built steps: one row a thing -----------------------------------------------------------------------------


def cause(kind: CauseKind, state: State = State.NORMAL, key: str = "k") -> Cause:
    return Cause(kind=kind, state=state, hedge=None, key=key, text=f"About {kind}.")


async def quiet_step() -> Step:
    """A step in which nothing happened."""
    home = await house()
    await home.loop.step()
    step = await home.loop.step()
    return replace(step, fills=(), reports=(), incidents=())


def with_causes(step: Step, *causes: Cause, known: tuple[str, ...] = ()) -> Step:
    """A step whose guard found causes, after a decision that had found ``known``."""
    assert step.decision.watch is not None
    state = max((one.state for one in causes), key=list(State).index, default=State.NORMAL)
    watch: Watch = replace(step.decision.watch, causes=causes, state=state)
    memory = replace(step.snapshot.memory, guard=GuardMemory(called=known))
    return replace(
        step,
        snapshot=replace(step.snapshot, memory=memory),
        decision=replace(step.decision, watch=watch),
    )


CAUSES: tuple[tuple[Cause | None, bool, list[str]], ...] = (
    # cause                                   known before  told
    (cause("margin"),                         False,        ["cause warning"]),
    (cause("margin"),                         True,         []),
    (cause("margin", State.HALTED),           False,        ["cause critical", "guard_state critical"]),
    (cause("shifted", State.HALTED),          False,        ["cause critical", "guard_state critical"]),
    (cause("frozen", State.HALTED),           False,        ["cause warning", "guard_state critical"]),
    (failed_policy("btc", "it", Ratio(D(1))), False,        ["policy warning"]),
    (failed_policy("btc", "it", Ratio(D(1))), True,         []),
    (ended("btc", "its date has come", None), False,        ["exit warning"]),
    (ended("btc", "", D(3)),                  False,        ["exit warning"]),
    (None,                                    True,         ["cause_ended info"]),
    (None,                                    False,        []),
)  # fmt: skip


@pytest.mark.parametrize(("one", "known", "expected"), CAUSES)
async def test_a_cause_is_told_when_it_begins_and_when_it_ends(
    one: Cause | None, *, known: bool, expected: list[str]
) -> None:
    key = "k" if one is None else one.key
    calm = await quiet_step()
    before = with_causes(calm, *([one or cause("margin")] if known else []))
    step = with_causes(calm, *([] if one is None else [one]), known=(key,) if known else ())

    new = notices(before, step, ())

    assert [f"{notice.kind} {notice.severity}" for notice in new] == expected
    if one is not None and expected:
        assert new[0].text == one.text
    if one is None and expected:
        assert new[0].text == "A cause has ended: About margin."


INCIDENTS = (
    # incident             told
    ("position_moved",     "incident warning"),
    ("foreign_fill",       "incident warning"),
    ("stray_order",        "incident warning"),
    ("foreign_order",      "foreign_order warning"),
    ("unknown_order",      "order_unknown critical"),
    ("contract_changed",   "terms_changed critical"),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), INCIDENTS)
async def test_each_incident_is_told_in_its_own_words(kind: IncidentKind, expected: str) -> None:
    incident = Incident(kind=kind, key="x", symbol=LINEAR.symbol, text="What happened. Look at it.")
    step = replace(await quiet_step(), incidents=(incident,))

    (notice,) = notices(None, step, ())

    assert f"{notice.kind} {notice.severity}" == expected
    assert (notice.text, notice.account) == (incident.text, step.snapshot.account)


async def test_a_step_carries_the_incidents_that_were_told_on_its_way_once() -> None:
    home = await house()
    await home.loop.step()
    home.venue.by_hand(order("buy", "0.3", name="by-hand"))
    first, second = await home.loop.step(), await home.loop.step()

    assert [one.kind for one in first.incidents] == ["foreign_fill"]
    assert second.incidents == ()
    assert next(one.kind for one in notices(None, first, home.loop.rules.hedges)) == "incident"


ANSWERS: tuple[tuple[Answer, str, Answer, str, list[str]], ...] = (
    # before              now                     told
    ("hold",    "in it",  "refused", "no room",   ["order_refused warning: no room"]),
    ("refused", "no room", "refused", "no room",  []),
    ("refused", "no room", "refused", "too big",  ["order_refused warning: too big"]),
    ("refused", "no room", "hold",   "in it",     []),
    ("hold",    "in it",  "blind",   "no quote",  ["blind warning: no quote"]),
    ("blind",   "no quote", "blind", "no quote",  []),
    ("blind",   "61 s old", "blind", "66 s old",  []),
    ("hold",    "in it",  "place",   "sell",      []),
)  # fmt: skip


@pytest.mark.parametrize(("was", "why", "now", "because", "expected"), ANSWERS)
async def test_a_refusal_and_a_hole_are_told_until_another_answer(
    was: Answer, why: str, now: Answer, because: str, expected: list[str]
) -> None:
    calm = await quiet_step()

    def answering(answer: Answer, why: str) -> Step:
        one = Explanation(hedge="btc", symbol=LINEAR.symbol, answer=answer, why=why)
        return replace(calm, decision=replace(calm.decision, explanations=(one,)))

    new = notices(answering(was, why), answering(now, because), ())

    assert [f"{one.kind} {one.severity}: {one.text}" for one in new] == expected


REPORTS: tuple[tuple[OrderState, list[str]], ...] = (
    # state                  told
    (OrderState.REJECTED,    ["order_rejected warning: The venue rejected order o1 in BTC/USDT:USDT: too small."]),
    (OrderState.UNKNOWN,     ["order_unknown warning: The fate of order o1 in BTC/USDT:USDT is open, and blocks the contract: too small."]),
    (OrderState.OPEN,        []),
    (OrderState.FILLED,      []),
    (OrderState.CANCELLED,   []),
)  # fmt: skip


@pytest.mark.parametrize(("state", "expected"), REPORTS)
async def test_orders_that_were_rejected_or_lost_are_told(state: OrderState, expected: list[str]) -> None:
    report = OrderReport(
        client_order_id="o1", symbol=LINEAR.symbol, state=state, filled=Contracts(ZERO), reason="too small"
    )
    step = replace(await quiet_step(), reports=(report,))

    new = notices(None, step, ())

    assert [f"{one.kind} {one.severity}: {one.text}" for one in new] == expected


def rolling(step: Step, *, late: bool, near: str = "A") -> Step:
    roll = RollView(
        stage=Stage.DEADLINE,
        near=near,
        far="B",
        expiry_ms=None,
        trigger="",
        lacks="",
        left=Contracts(D(-2)),
        spread=None,
        advantage=None,
        naked=Coins(ZERO),
        over=Coins(ZERO),
        late=late,
    )
    one = Explanation(hedge="btc", symbol=near, answer="hold", why="", roll=roll)
    return replace(step, decision=replace(step.decision, explanations=(one,)))


LATE = (
    # late before  late now  told
    (False,        False,    0),
    (False,        True,     1),
    (True,         True,     0),
    (True,         False,    0),
)  # fmt: skip


@pytest.mark.parametrize(("was", "now", "count"), LATE)
async def test_a_late_roll_is_told_once_in_the_words_of_the_log(*, was: bool, now: bool, count: int) -> None:
    calm = await quiet_step()

    new = notices(rolling(calm, late=was), rolling(calm, late=now), ())

    assert [(one.kind, one.severity) for one in new] == [("roll_late", "critical")] * count
    assert all(ROLL_LATE in one.text for one in new)


async def test_a_roll_is_told_when_it_is_over() -> None:
    calm = await quiet_step()
    under_way = HedgeMemory(hedge="btc", roll=RollMemory(near="A", far="B", trigger="time"))
    before = replace(calm.snapshot, memory=Memory(number=1, hedges=(under_way,)))
    step = rolling(replace(calm, snapshot=before), late=False, near="B")
    goes_on = replace(step, decision=replace(step.decision, memory=Memory(number=2, hedges=(under_way,))))

    (notice,) = notices(calm, step, ())

    assert (notice.kind, notice.text) == ("roll_done", "The roll from A to B is over.")
    assert notices(calm, goes_on, ()) == ()


async def test_a_step_that_could_not_look_takes_nothing_away_of_what_was_seen() -> None:
    calm = await quiet_step()
    seen = with_causes(calm, cause("margin", State.REDUCING))
    blind = replace(calm, decision=replace(calm.decision, watch=None))
    over = with_causes(calm, known=("k",))

    assert notices(seen, blind, ()) == ()
    assert [one.text for one in notices(kept(seen, blind), over, ())] == [
        "A cause has ended: About margin.",
        "The guard's state is normal; it was reducing.",
    ]


# --- the session ----------------------------------------------------------------------------------------------

ENDS = (
    # error                                told
    (AuthFailedError("No such key."),      "key_refused",  "No such key."),
    (JournalUnavailableError("No disk."),  "journal_lost", "No disk."),
    (PreflightError("Hedge mode."),        "preflight",    "Hedge mode."),
    (UnreachableError("No route."),        "venue_lost",   "No route."),
    (SettingsError("No such hedge."),      "crashed",      "No such hedge."),
    (ValueError("canary-secret"),          "crashed",      "ValueError; the log has the rest."),
)  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "words"), ENDS)
def test_an_end_is_critical_and_says_why_and_of_a_strange_error_its_name_only(
    error: Exception, kind: str, words: str
) -> None:
    notice = told.ended(error, 1)

    assert (notice.kind, notice.severity) == (kind, "critical")
    assert notice.text == f"Hedgerow has ended, and nothing is looked after: {words}"


def test_a_venue_out_of_reach_is_told_in_the_words_of_the_log() -> None:
    notice: Notice = lost("main", "No route.", 1)

    assert notice.text == "Venue out of reach; nothing was decided: No route."


async def test_a_loop_says_at_each_poll_whether_the_venue_was_in_reach() -> None:
    home = await house()
    home.venue.on_account = [UnreachableError("no route")] * 4
    reach = []
    for _ in range(2):
        await home.loop.poll(60_000)
        reach.append(home.loop.trouble)

    assert reach == ["no route", ""]
