"""Queues and workers: what is kept back, dropped, paced, tried again, and what never reaches anybody else."""

import asyncio
import time

import pytest

from bot.adapters.alerts import Alerts
from bot.adapters.channels.manner import ChannelError
from bot.adapters.clock import SystemClock
from bot.shell.notice import NoticeKind, Severity
from tests.alerts.builders import CANARY, HandClock, Kept, alerts_of, failing, hang, notice, settled
from tests.shell.builders import Spoken


async def test_a_notice_says_mode_severity_account_hedge_and_the_time_in_utc() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()

    alerts.tell(notice())
    await settled()

    (sent,) = kept.got
    assert sent.text == (
        "[paper] warning · main · btc · 2026-01-01 00:00:00 UTC\nMargin is thin. Bring USDT."
    )
    await alerts.stop()


LEVELS: tuple[tuple[NoticeKind, list[bool]], ...] = (
    # kind         sent, silently
    ("cause",       [False]),
    ("fill",        [True]),
    ("guard_state", []),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "silently"), LEVELS)
async def test_each_kind_is_told_silently_or_not_at_all_as_its_level_says(
    kind: NoticeKind, silently: list[bool]
) -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    alerts.tell(notice(kind))
    await settled()

    assert [one.silent for one in kept.got] == silently
    await alerts.stop()


REPEATS = (
    # at s     said  sent by then, with how often each was said
    (0,        1,    [1]),
    (1,        1,    [1]),
    (200,      5,    [1]),
    (299,      1,    [1]),
    (300,      0,    [1, 7]),
    (599,      0,    [1, 7]),
    (605,      0,    [1, 7]),
    (610,      1,    [1, 7, 1]),
)  # fmt: skip


async def test_what_is_said_again_is_kept_back_counted_and_told_when_the_time_is_over() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    passed = 0
    for at, said, expected in REPEATS:
        await clock.turn(at - passed)
        passed = at
        for _ in range(said):
            alerts.tell(notice())
        await clock.turn(1)
        passed += 1
        assert [one.times for one in kept.got] == expected, at

    assert "\nSaid 7 times meanwhile." in kept.got[1].text
    await alerts.stop()


async def test_another_key_account_or_kind_is_another_notice() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    for one in (notice(), notice(key="other"), notice(account="second"), notice("cause_ended"), notice()):
        alerts.tell(one)
    await settled()

    assert len(kept.got) == 4
    await alerts.stop()


TO_AND_FRO = (
    # what is told at each second         what a person has heard last, and how often in all
    ("lost",                               "lost", 1),
    ("lost lost lost",                     "lost", 1),
    ("lost back",                          "back", 2),
    ("lost back lost",                     "lost", 3),
    ("lost back lost lost",                "lost", 3),
    ("lost back lost back lost back",      "back", 6),
    ("lost back lost back lost back lost", "back", 6),
)  # fmt: skip


@pytest.mark.parametrize(("words", "last", "count"), TO_AND_FRO)
async def test_what_begins_again_after_it_ended_is_no_repeat(words: str, last: str, count: int) -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    for word in words.split():
        alerts.tell(notice("venue_lost" if word == "lost" else "venue_back", text=word, state=word))
        await clock.turn(1)

    assert (kept.got[-1].notice.text, len(kept.got)) == (last, count)
    await clock.turn(301)
    assert kept.got[-1].notice.text == words.rsplit(maxsplit=1)[-1], "the last word that a person has is true"
    await alerts.stop()


async def test_an_end_that_is_off_still_ends_what_is_kept_back() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    for state in ("normal", "lost", "normal", "lost"):
        alerts.tell(notice("cause" if state == "lost" else "guard_state", text=state, state=state))
    await settled()

    assert [one.notice.text for one in kept.got] == ["lost", "lost"], (
        "guard_state is off in this test's levels"
    )
    await alerts.stop()


PACE = (
    # after s  sent by then, at three a minute
    (0,        3),
    (30,       3),
    (59,       3),
    (61,       6),
    (119,      6),
    (122,      9),
    (200,      10),
)  # fmt: skip


async def test_a_channel_is_told_so_much_a_minute_and_the_rest_waits() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock, per_minute=3)
    alerts.start()
    for number in range(10):
        alerts.tell(notice(key=str(number), text=str(number)))
    passed = 0
    for at, expected in PACE:
        await clock.turn(at - passed)
        await settled()
        passed = at
        assert len(kept.got) == expected, at

    assert kept.texts() == [str(number) for number in range(10)]
    await alerts.stop()


async def test_what_is_critical_goes_before_what_waits() -> None:
    clock, kept = HandClock(), Kept()
    alerts = alerts_of(kept, clock=clock)
    for number, severity in enumerate(("info", "warning", "critical", "critical")):
        alerts.tell(notice(severity=severity, key=str(number), text=str(number)))  # type: ignore[arg-type]  # one of them
    alerts.start()
    await settled()

    assert kept.texts() == ["2", "3", "0", "1"]
    await alerts.stop()


DROPPED: tuple[tuple[str, str], ...] = (
    # said, one letter each: info, warning, critical, at three places    kept
    ("iii",    "i0 i1 i2"),
    ("iiii",   "i1 i2 i3"),
    ("wiwi",   "w0 w2 i3"),
    ("wwwi",   "w0 w1 w2"),
    ("wwww",   "w1 w2 w3"),
    ("wccc",   "c1 c2 c3"),
    ("cccc",   "c1 c2 c3"),
)  # fmt: skip


@pytest.mark.parametrize(("said", "left"), DROPPED)
async def test_when_too_much_waits_the_oldest_of_the_least_grave_goes_and_is_told(
    said: str, left: str
) -> None:
    clock, kept = HandClock(), Kept()
    names: dict[str, Severity] = {"i": "info", "w": "warning", "c": "critical"}
    alerts = alerts_of(kept, clock=clock, waiting=3)
    for number, letter in enumerate(said):
        alerts.tell(notice(severity=names[letter], key=str(number), text=f"{letter}{number}"))
    alerts.start()
    await settled()

    assert sorted(kept.texts(), key=lambda text: text[1]) == left.split()
    gone = len(said) - 3
    assert [one.dropped for one in kept.got] == [gone, 0, 0]
    assert (f"{gone} message(s) before this one were dropped." in kept.got[0].text) is bool(gone)
    assert alerts.counts()["kept"].dropped == gone
    await alerts.stop()


async def test_telling_costs_nothing_and_never_waits_while_a_channel_hangs() -> None:
    stuck = Kept("stuck", does=[hang])
    alerts = alerts_of(stuck, clock=HandClock())
    alerts.start()
    alerts.tell(notice())
    await settled()

    began = time.perf_counter()
    for number in range(10_000):
        alerts.tell(notice(key=str(number)))
    took = time.perf_counter() - began

    assert took / 10_000 < 0.001
    assert alerts.counts()["stuck"].waiting == 101
    await alerts.stop(0.05)


async def test_a_channel_that_hangs_or_fails_delays_no_other() -> None:
    clock, kept = HandClock(), Kept()
    stuck, broken = Kept("stuck", does=[hang]), Kept("broken", does=[failing(ChannelError("500"))] * 99)
    alerts = alerts_of(stuck, broken, kept, clock=clock)
    alerts.start()
    for number in range(5):
        alerts.tell(notice(key=str(number), text=str(number)))
    await settled()

    assert kept.texts() == ["0", "1", "2", "3", "4"]
    assert (stuck.got, broken.got) == ([], [])
    await alerts.stop(0.05)


TRIES = (
    # failures                                              delivered after s
    ([ChannelError("500")],                                  1),
    ([ChannelError("500")] * 3,                              1 + 2 + 4),
    ([ChannelError("429", wait_seconds=42)],                 42),
    ([ChannelError("500"), ChannelError("429", wait_seconds=7)], 1 + 7),
)  # fmt: skip


@pytest.mark.parametrize(("failures", "seconds"), TRIES)
async def test_a_failure_is_tried_again_after_a_pause_or_when_the_channel_says(
    failures: list[ChannelError], seconds: int
) -> None:
    clock, log = HandClock(), Spoken()
    kept = Kept(does=[failing(error) for error in failures])
    alerts = alerts_of(kept, clock=clock, log=log)
    alerts.start()
    alerts.tell(notice())
    await clock.turn(seconds - 0.25)
    assert kept.got == []
    await clock.turn(1.25)

    assert len(kept.got) == 1
    assert [line["event"] for line in log.lines] == ["an alert was not delivered; it is tried again"]
    await alerts.stop()


async def test_what_the_channel_asked_for_holds_for_the_next_message_too() -> None:
    clock = HandClock()
    kept = Kept(does=[failing(ChannelError("429", wait_seconds=1800))])
    alerts = alerts_of(kept, clock=clock)
    alerts.start()
    alerts.tell(notice(text="first"))
    await settled()
    alerts.tell(notice(text="second", key="2"))
    await clock.turn(1799, step_ms=1000)
    assert kept.got == []
    await clock.turn(3)

    assert kept.texts() == ["second"]
    assert alerts.counts()["kept"].failed == 1
    await alerts.stop()


async def test_what_is_in_vain_is_given_up_at_once_and_what_fails_on_and_on_after_a_quarter_of_an_hour() -> (
    None
):
    clock, log = HandClock(), Spoken()
    vain = Kept("vain", does=[failing(ChannelError("it answers 404", lasting=True))])
    down = Kept("down", does=[failing(ChannelError("it answers 500"))] * 99)
    strange = Kept("strange", does=[failing(ValueError(CANARY))])
    alerts = alerts_of(vain, down, strange, clock=clock, log=log)
    alerts.start()
    alerts.tell(notice())
    await settled()
    assert {name: one.failed for name, one in alerts.counts().items()} == {"vain": 1, "down": 0, "strange": 1}
    await clock.turn(901, step_ms=1000)

    assert alerts.counts()["down"].failed == 1
    given_up = [line for line in log.lines if line["event"] == "an alert was given up"]
    assert [(line["channel"], line["why"]) for line in given_up] == [
        ("vain", "it answers 404"),
        ("strange", "the channel has a fault of its own (ValueError)"),
        ("down", "it answers 500"),
    ]
    assert CANARY not in str(log.lines)
    await alerts.stop()


async def test_the_end_delivers_what_waits_and_waits_for_nobody_for_long() -> None:
    log, clock = Spoken(), SystemClock()
    kept, stuck = Kept(), Kept("stuck", does=[hang])
    alerts = alerts_of(kept, stuck, clock=clock, log=log, per_minute=1)
    alerts.start()
    for number in range(5):
        alerts.tell(notice(key=str(number)))
    began = time.monotonic()
    await alerts.stop(0.3)

    assert time.monotonic() - began < 2
    assert len(kept.got) >= 1
    (line,) = [one for one in log.lines if one["channel"] == "stuck"]
    assert (line["event"], line["messages"]) == ("alerts were not delivered before the end", 5)


async def test_the_end_waits_for_a_retry_that_is_soon() -> None:
    kept = Kept(does=[failing(ChannelError("500"))])
    alerts = alerts_of(kept, clock=SystemClock())
    alerts.start()
    alerts.tell(notice())
    await alerts.stop()

    assert len(kept.got) == 1


async def test_without_a_channel_nothing_is_kept() -> None:
    alerts: Alerts = alerts_of(clock=HandClock())
    alerts.start()
    alerts.tell(notice())
    await alerts.stop()

    assert alerts.counts() == {}
    assert asyncio.all_tasks() == {asyncio.current_task()}
