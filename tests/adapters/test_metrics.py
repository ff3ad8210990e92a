"""Metrics: named by the rules of the field, true to what happened, and gone when their subject is gone."""

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.adapters.alerts import Count
from bot.adapters.metrics import FAMILIES, PREFIX, Metrics
from bot.adapters.metrics_gauges import notices
from bot.core.causes import CauseKind
from bot.core.decide import Decision, decide
from bot.core.exposure import Foreign
from bot.core.memory import State
from bot.core.snapshot import Control, Snapshot, Spot
from bot.core.values import Coins, Price
from bot.shell.ports import OutcomeUnknownError, UnreachableError
from bot.shell.step import Step
from bot.web.answers import state_of
from tests.prometheus import promtool
from tests.sim.builders import ME, D
from tests.web.builders import Seen, seen

BOUNDED = {
    "account", "hedge", "instrument", "asset", "source", "window", "state", "stage", "kind", "answer", "gate",
    "side", "question", "outcome", "what", "channel", "reason",
}  # fmt: skip


def step_of(snapshot: Snapshot, decision: Decision) -> Step:
    return Step(snapshot=snapshot, decision=decision, reports=(), fills=(), deciding_seconds=0.1, seconds=0.2)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """Read the exposition as Prometheus would: by name, and label values besides mode and account in order of name."""
    told = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            rest = sorted(
                (key, value) for key, value in sample.labels.items() if key not in {"mode", "account"}
            )
            told[sample.name, tuple(value for _, value in rest)] = sample.value
    return told


@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one.name)
def test_names_follow_the_rules(family: object) -> None:
    name, kind, labels = (getattr(family, key) for key in ("name", "kind", "labels"))
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
    assert name.endswith("_total") == (kind == "counter")
    assert not name.endswith(("_ms", "_percent", "_age", "_minutes", "_bps", "_count", "_sum", "_bucket"))
    assert kind != "histogram" or name.endswith("_seconds")
    assert set(labels) <= BOUNDED
    assert getattr(family, "help").endswith(".")  # noqa: B009 - any record


def test_no_two_have_one_name() -> None:
    assert len({one.name for one in FAMILIES}) == len(FAMILIES)


@pytest.fixture
async def house_seen() -> Seen:
    return await seen()


async def test_a_step_is_told_in_figures(house_seen: Seen) -> None:
    step = await house_seen.step()
    await house_seen.step()
    told = samples(house_seen.metrics)

    assert told[PREFIX + "hedge_own_coins", ("btc",)] == 1
    assert told[PREFIX + "hedge_ratio_target", ("btc",)] == 1
    assert told[PREFIX + "hedge_ratio_achieved", ("btc",)] == 1
    assert told[PREFIX + "position_contracts", ("BTC/USDT:USDT",)] == -1
    assert told[PREFIX + "hedge_gap_coins", ("btc",)] == 0
    assert told[PREFIX + "decisions_total", ("place", "btc")] == 1
    assert told[PREFIX + "decisions_total", ("hold", "btc")] == 1
    assert told[PREFIX + "orders_total", ("filled",)] == 1
    assert told[PREFIX + "fills_total", ("BTC/USDT:USDT",)] == 1
    assert told[PREFIX + "fill_contracts_total", ("BTC/USDT:USDT", "sell")] == 1
    assert told[PREFIX + "venue_requests_total", ("ok", "place")] == 1
    assert told[PREFIX + "journal_write_seconds_count", ("decided",)] == 2
    assert told[PREFIX + "decision_seconds_count", ()] == 2
    assert told[PREFIX + "hedge_guard_state", ("btc", "normal")] == 1
    assert told[PREFIX + "loop_success_timestamp_seconds", ()] == step.snapshot.at_ms / 1000
    quote = step.snapshot.quotes[0]
    assert told[PREFIX + "basis_ratio", (quote.symbol,)] == pytest.approx(float(quote.mark / quote.index - 1))
    assert (PREFIX + "roll_late", ("btc",)) not in told, "what there is not is not told"


async def test_before_the_first_look_there_is_no_time_of_one(house_seen: Seen) -> None:
    told = samples(house_seen.metrics)

    assert (PREFIX + "loop_success_timestamp_seconds", ()) not in told
    assert told[PREFIX + "loop_trouble", ()] == 0


async def test_who_waits_for_the_lead_says_so_until_an_account_joins(house_seen: Seen) -> None:
    boards, window = house_seen.window.boards, house_seen.window
    window.waiting, window.boards = True, {}
    assert samples(house_seen.metrics)[PREFIX + "standby", ()] == 1

    window.boards = boards
    assert samples(house_seen.metrics)[PREFIX + "standby", ()] == 0


async def test_a_hedge_of_other_coins_is_told_apart(house_seen: Seen) -> None:
    await house_seen.step()
    picture = house_seen.window.boards[ME].picture
    assert picture is not None
    (view,) = picture.hedges
    assert samples(house_seen.metrics)[PREFIX + "hedge_cross", ("btc",)] == 0

    spot = Spot(symbol="ADA/USDT", price=Price(D("0.5")), at_ms=0)
    ada = Foreign(asset="ADA", spot=spot, coins=Coins(D(1000)))
    crossed = replace(picture, hedges=(replace(view, foreign=(ada,)),))
    house_seen.window.boards[ME].picture = crossed
    assert samples(house_seen.metrics)[PREFIX + "hedge_cross", ("btc",)] == 1


def test_what_became_of_messages_is_read_off_the_channels() -> None:
    counts = {"slack": Count(sent=3, failed=2, dropped=1, waiting=4)}
    metrics = Metrics("paper", "1.2.3", lambda: notices(counts))
    told = samples(metrics)

    assert told[PREFIX + "notices_total", ("slack", "sent")] == 3
    assert told[PREFIX + "notices_total", ("slack", "failed")] == 2
    assert told[PREFIX + "notices_total", ("slack", "dropped")] == 1
    assert told[PREFIX + "notices_waiting", ("slack",)] == 4
    assert promtool("check", "metrics", told=metrics.exposition()) == (0, "")


async def test_a_gap_that_is_short_of_short_is_negative(house_seen: Seen) -> None:
    snapshot, decision = await house_seen.home.loop.preview()
    house_seen.show(step_of(snapshot, decision))
    told = samples(house_seen.metrics)

    assert told[PREFIX + "hedge_gap_coins", ("btc",)] == -1
    assert told[PREFIX + "hedge_gap_quote", ("btc",)] < -10_000
    assert told[PREFIX + "hedge_band_coins", ("btc",)] == pytest.approx(0.01)


async def test_failures_are_counted_by_their_remedy(house_seen: Seen) -> None:
    house_seen.home.venue.after_place.append(OutcomeUnknownError("lost"))
    await house_seen.step()
    house_seen.home.venue.on_account += [UnreachableError("away")] * 20
    assert await house_seen.home.loop.poll(0) is None
    told = samples(house_seen.metrics)

    assert told[PREFIX + "venue_requests_total", ("outcome_unknown", "place")] == 1
    assert told[PREFIX + "venue_requests_total", ("unreachable", "account")] >= 1
    assert told[PREFIX + "loop_trouble", ()] == 1


async def test_every_kind_of_cause_is_told_even_if_there_is_none(house_seen: Seen) -> None:
    await house_seen.step()
    told = samples(house_seen.metrics)

    kinds = {labels[0] for name, labels in told if name == PREFIX + "guard_causes"}
    assert kinds == set(CauseKind.__args__)  # type: ignore[attr-defined]  # a Literal's words
    assert all(value == 0 for (name, _), value in told.items() if name == PREFIX + "guard_causes")


async def test_a_picture_with_holes_ends_no_alarm_of_the_guard(house_seen: Seen) -> None:
    snapshot, _ = await house_seen.home.loop.preview()
    freeze = Control(kind="freeze", hedge=None, who="ann", why="a look", at_ms=snapshot.at_ms)
    blind = replace(snapshot, missing=("account: late",))
    state = (PREFIX + "guard_state", ("halted",))
    of_hedge = (PREFIX + "hedge_guard_state", ("btc", "halted"))

    def after(picture: Snapshot) -> dict[tuple[str, tuple[str, ...]], float]:
        house_seen.show(step_of(picture, decide(picture, house_seen.home.loop.rules)))
        return samples(house_seen.metrics)

    with_holes = after(blind)
    assert state not in with_holes, "it could never look, and nothing is made up"
    for picture in (replace(snapshot, controls=(freeze,)), blind, replace(blind, quotes=())):
        told = after(picture)
        assert (told[state], told[of_hedge]) == (1, 1)
        assert told[PREFIX + "guard_causes", ("frozen",)] == 1
    (account,) = state_of(house_seen.window, "1.2.3").accounts
    assert (account.state, [one.text for one in account.causes]) == (
        State.HALTED,
        ["Frozen by ann: a look. `hedgerow resume` ends it."],
    )
    assert after(snapshot)[state] == 0


async def test_promtool_finds_nothing_to_mend(house_seen: Seen) -> None:
    await house_seen.step()
    assert promtool("check", "metrics", told=house_seen.metrics.exposition()) == (0, "")
