"""Stages that go by the calendar, the price's fall or nothing at all: clamp, steps, schedule, events."""

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.core.policy import NO_END_MS
from strategies import clamp, drawdown_steps, event_window, schedule
from tests.strategies.builders import (
    BAND,
    DAY_MS,
    HOUR_MS,
    MONDAY_MS,
    D,
    bars,
    ms,
    signal,
    table,
    target,
    view,
)

CLAMPED = """
# before | min   max  | ratio  said
  0.3    | 0.5   1    | 0.5    yes
  0.5    | 0.5   1    | 0.5    no
  0.75   | 0.5   1    | 0.75   no
  1.2    | 0.5   1    | 1      yes
  1.2    | 0     1.5  | 1.2    no
"""


@pytest.mark.parametrize(("before", "bounds", "after"), table(CLAMPED))
def test_a_clamp_bounds_the_ratio_and_says_so_where_it_does(before: str, bounds: str, after: str) -> None:
    low, high = bounds.split()
    ratio, said = after.split()

    found = clamp.Stage(ratio_min=D(low), ratio_max=D(high)).apply(view(), target(before))

    assert found.ratio == D(ratio)
    assert ("clamped" in found.reason) == (said == "yes")


STEPS = """
# closes                    before | drawdown  ratio
  100 100 100              | 0.25  | 0         0.25
  100 96 95.01             | 0.25  | 0.0499    0.25
  100 96 95                | 0.25  | 0.05      0.5
  100 96 95                | 0.6   | 0.05      0.6
  100 92 90                | 0.25  | 0.1       0.75
  100 90 80                | 0.25  | 0.2       1
  80 100 85                | 0.25  | 0.15      0.75
  100 80 96                | 0.25  | 0.04      0.25
"""


@pytest.mark.parametrize(("closes", "before", "after"), table(STEPS))
def test_the_further_below_its_high_the_more_is_hedged(closes: str, before: str, after: str) -> None:
    fall, ratio = after.split()

    found = drawdown_steps.Stage(lookback_bars=3).apply(view(bars(closes.split())), target(before))

    assert (signal(found, "drawdown"), found.ratio) == (D(fall), D(ratio))
    assert found.valid_until_ms == MONDAY_MS + DAY_MS - 1


def test_steps_that_do_not_rise_are_refused() -> None:
    steps = [{"drawdown": "0.1", "ratio": "0.5"}, {"drawdown": "0.05", "ratio": "1"}]
    with pytest.raises(ValidationError, match="must rise"):
        drawdown_steps.Stage.model_validate({"steps": steps})


SCHEDULE = """
# zone           days     from   to     | at (UTC)               | ratio  until
  UTC            sat sun  00:00  24:00  | 2026-01-09T23:59:59Z   | 0.5    2026-01-10T00:00:00Z
  UTC            sat sun  00:00  24:00  | 2026-01-10T00:00:00Z   | 1      2026-01-11T00:00:00Z
  UTC            sat sun  00:00  24:00  | 2026-01-11T23:59:59Z   | 1      2026-01-12T00:00:00Z
  UTC            sat sun  00:00  24:00  | 2026-01-12T00:00:00Z   | 0.5    2026-01-17T00:00:00Z
  Europe/Berlin  fri      18:00  06:00  | 2026-01-09T16:59:00Z   | 0.5    2026-01-09T17:00:00Z
  Europe/Berlin  fri      18:00  06:00  | 2026-01-10T04:59:00Z   | 1      2026-01-10T05:00:00Z
  Europe/Berlin  fri      18:00  06:00  | 2026-01-10T05:00:00Z   | 0.5    2026-01-16T17:00:00Z
# the clocks go forward on Sunday 29 March: the window is an hour shorter, and ends by the wall clock
  Europe/Berlin  sat      22:00  06:00  | 2026-03-29T03:59:00Z   | 1      2026-03-29T04:00:00Z
  Europe/Berlin  sat      22:00  06:00  | 2026-03-29T04:00:00Z   | 0.5    2026-04-04T20:00:00Z
"""


@pytest.mark.parametrize(("when", "at", "after"), table(SCHEDULE))
def test_a_window_of_the_week_is_kept_by_the_wall_clock(when: str, at: str, after: str) -> None:
    zone, *days, begins, ends = when.split()
    ratio, until = after.split()
    stage = schedule.Stage.model_validate({"zone": zone, "days": days, "begins": begins, "ends": ends})

    found = stage.apply(view(at_ms=ms(at)), target("0.5"))

    assert found.ratio == D(ratio)
    assert found.valid_until_ms == ms(until) - 1


def test_an_absence_is_a_window_once_and_never_lowers() -> None:
    absence = {"begins": "2026-01-05T00:00:00+01:00", "ends": "2026-01-06T00:00:00+01:00"}
    stage = schedule.Stage.model_validate({"absences": [absence], "ratio": "0.8"})

    before, inside, after = (
        stage.apply(view(at_ms=ms(at)), target("0.5"))
        for at in ("2026-01-04T22:59:59Z", "2026-01-04T23:00:00Z", "2026-01-05T23:00:00Z")
    )

    assert [one.ratio for one in (before, inside, after)] == [D("0.5"), D("0.8"), D("0.5")]
    assert after.valid_until_ms >= NO_END_MS - 1
    assert stage.apply(view(at_ms=ms("2026-01-05T00:00:00Z")), target("0.9")).ratio == D("0.9")


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "it never applies"),
        ({"days": ["sat"], "zone": "Mars/Base"}, "there is no zone"),
        ({"days": ["sat"], "begins": "25:00"}, "pattern"),
        ({"days": ["sat"], "begins": "08:00", "ends": "08:00"}, "same time of day"),
        ({"days": ["caturday"]}, "mon"),
        ({"absences": [{"begins": "2026-01-05T00:00:00", "ends": "2026-01-06T00:00:00Z"}]}, "timezone"),
        ({"absences": [{"begins": "2026-01-07T00:00:00Z", "ends": "2026-01-06T00:00:00Z"}]}, "before it"),
    ],
)
def test_a_schedule_that_cannot_be_meant_is_refused(settings: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        schedule.Stage.model_validate(settings)


EVENT = {"name": "FOMC", "begins": "2026-01-05T19:00:00Z", "ends": "2026-01-05T20:00:00Z"}
# a sigma^2 e^2 t / 2 with a = 2, sigma = 150 %, t = 5 h is 0.128 % at e = 1: it pays up to 6.4 bp a trade
EVENTS = """
# at (UTC)               cost    before | ratio  until                  said
  2026-01-05T16:59:59Z   0.0005  0      | 0      2026-01-05T17:00:00Z   no event
  2026-01-05T17:00:00Z   0.0005  0      | 1      2026-01-05T22:00:00Z   raised to 1
  2026-01-05T21:59:59Z   0.0005  0      | 1      2026-01-05T22:00:00Z   raised to 1
  2026-01-05T22:00:00Z   0.0005  0      | 0      -                      no event
  2026-01-05T19:30:00Z   0.0007  0      | 0      2026-01-05T22:00:00Z   not raised
  2026-01-05T19:30:00Z   0.0005  0.5    | 0.5    2026-01-05T22:00:00Z   not raised
  2026-01-05T19:30:00Z   0.0005  1.2    | 1.2    2026-01-05T22:00:00Z   no event
"""


@pytest.mark.parametrize(("before", "after"), table(EVENTS))
def test_an_event_raises_the_hedge_where_that_is_worth_the_round_trip(before: str, after: str) -> None:
    at, cost, wanted = before.split()
    ratio, until, *said = after.split()
    stage = event_window.Stage.model_validate({"events": [EVENT], "cost": cost})

    found = stage.apply(view(at_ms=ms(at)), target(wanted))

    assert found.ratio == D(ratio)
    assert found.valid_until_ms == (NO_END_MS if until == "-" else ms(until)) - 1
    assert " ".join(said) in found.reason


CSV = "name,begins,ends\nCPI,2026-01-14T13:30:00Z,2026-01-14T14:00:00Z\nUnlock,2026-02-01T00:00+02:00,2026-02-02T00:00+02:00\n"
ICS = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:CPI
DTSTART:20260114T133000Z
DTEND:20260114T140000Z
END:VEVENT
BEGIN:VEVENT
SUMMARY:Un
 lock
DTSTART;TZID=Europe/Athens:20260201T000000
DURATION:P1D
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", CSV), ("a.ics", ICS), ("b.ics", ICS.replace("\n", "\r\n"))]
)
def test_events_come_from_a_file_and_stand_in_the_settings_afterwards(
    tmp_path: Path, name: str, text: str
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())

    stage = event_window.Stage.model_validate({"file": str(path)})

    told = [(one.name, one.begins.isoformat(), one.ends.isoformat()) for one in stage.events]
    assert told == [
        ("CPI", "2026-01-14T13:30:00+00:00", "2026-01-14T14:00:00+00:00"),
        ("Unlock", "2026-01-31T22:00:00+00:00", "2026-02-01T22:00:00+00:00"),
    ]
    path.unlink()
    assert event_window.Stage.model_validate_json(stage.model_dump_json()) == stage


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "a.csv",
            "name,begins,ends\nCPI,2026-01-14T13:30:00,2026-01-14T14:00:00Z\n",
            "line 2: .* has no zone",
        ),
        ("a.csv", "name,begins,ends\nCPI,tomorrow,later\n", "line 2: 'tomorrow' is no ISO time"),
        ("a.csv", "what,when\n", "needs the columns"),
        ("a.csv", "name,begins,ends\nCPI\n", "line 2: '' is no ISO time"),
        ("a.ics", ICS.replace("133000Z", "133000"), "line 6: 20260114T133000 has no zone"),
        ("a.ics", ICS.replace("Europe/Athens", "Mars/Base"), "there is no zone Mars/Base"),
        ("a.ics", ICS.replace("DURATION:P1D", "DURATION:long"), "'long' is no duration"),
        ("a.ics", ICS.replace("DURATION:P1D\n", ""), "neither DTEND nor DURATION"),
        ("a.ics", ICS.replace("DTEND:", "RRULE:FREQ=DAILY\nDTEND:"), "repeats"),
        ("a.ics", ICS.replace("DTSTART:20260114T133000Z\n", ""), "has no DTSTART"),
        ("a.ics", ICS.replace("20260114T133000Z", "soon"), "soon has no zone"),
        ("a.ics", ICS.replace("T140000Z", "T120000Z"), "ends before it begins"),
        ("a.ics", "", "there are no events"),
        ("a.txt", "", "neither .csv nor .ics"),
        ("none.csv", None, "cannot be read"),
    ],
)
def test_a_file_of_events_that_leaves_a_doubt_is_refused(
    tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)

    with pytest.raises(ValidationError, match=why):
        event_window.Stage.model_validate({"file": str(path)})


def test_stages_keep_the_band_and_add_to_the_reason() -> None:
    found = schedule.Stage.model_validate({"days": ["mon"]}).apply(view(), target("0.5"))

    assert found.band == BAND
    assert found.reason == "before; schedule: at least 1"


def test_too_little_history_holds_the_fallback_and_says_how_much_is_missing() -> None:
    stage = drawdown_steps.Stage(lookback_bars=90, ratio_fallback=Decimal("0.8"))

    short = stage.apply(view(bars([100] * 60)), target("0.5"))
    none = stage.apply(view(), target("0.5"))
    stale = stage.apply(view(bars([100] * 90), at_ms=MONDAY_MS + 3 * DAY_MS), target("0.5"))

    assert [one.ratio for one in (short, none, stale)] == [D("0.8")] * 3
    assert "90 bars of 24 h of BTC/USDT:USDT are needed, 30 are missing" in short.reason
    assert "there are none" in none.reason
    assert "the newest bar of BTC/USDT:USDT is 72 h old" in stale.reason
    assert none.valid_until_ms == MONDAY_MS + 24 * HOUR_MS - 1
