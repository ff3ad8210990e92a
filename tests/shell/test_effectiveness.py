"""What hedging took away of the variance: tables of hourly worth."""

import pytest

from bot.shell.effectiveness import HOUR_MS, WINDOWS, effectiveness
from bot.shell.view import Mark
from tests.core.builders import D

START = 500_000 * HOUR_MS


def mark(hour: float, value: str, bare: str) -> Mark:
    nothing = D(0)
    return Mark(
        hedge="btc",
        at_ms=START + int(hour * HOUR_MS),
        spot=nothing,
        futures=nothing,
        funding=nothing,
        fees=nothing,
        value=D(value),
        value_unhedged=D(bare),
    )


def history(hours: int, share: str) -> list[Mark]:
    """Bare worth goes up and down by 10 an hour; hedged worth by a share of that."""
    return [mark(n, str(100 + D(share) * 10 * (n % 2)), str(100 + 10 * (n % 2))) for n in range(hours)]


@pytest.mark.parametrize(
    ("share", "measured"),
    [("0", "1"), ("1", "0"), ("0.5", "0.75"), ("0.1", "0.99"), ("2", "-3"), ("-1", "0")],
    ids=["all", "nothing", "half the moves", "nine tenths", "doubled", "turned round"],
)
def test_it_is_one_less_the_variance_that_is_left(share: str, measured: str) -> None:
    assert effectiveness(history(25, share), 24) == D(measured)


def test_an_hour_closes_with_its_last_mark() -> None:
    told = [one for n, one in enumerate(history(25, "0")) for one in (mark(n, "7777", "1"), one)]

    assert effectiveness(told, 24) == 1


def test_quiet_hours_without_a_mark_distort_nothing() -> None:
    sparse = [one for n, one in enumerate(history(26, "0.5")) if n % 4 in {0, 3}]

    assert effectiveness(sparse, 24) == D("0.75")


def test_only_the_window_counts() -> None:
    wild = [mark(-n, str(n * n * 1000), "5") for n in range(60, 30, -1)]

    assert effectiveness([*wild, *history(25, "0.5")], 24) == D("0.75")


@pytest.mark.parametrize(
    "marks",
    [
        [],
        history(1, "0"),
        history(12, "0"),
        [one for n, one in enumerate(history(48, "0.5")) if n % 5 == 0],
        [mark(n, "100", "100") for n in range(25)],
    ],
    ids=["no mark", "one mark", "less than half the hours", "hours too far apart", "nothing moved"],
)
def test_it_is_not_told_while_too_little_is_known(marks: list[Mark]) -> None:
    assert effectiveness(marks, 24) is None


def test_windows_are_a_day_a_week_and_a_month() -> None:
    assert WINDOWS == {"1d": 24, "7d": 7 * 24, "30d": 30 * 24}
