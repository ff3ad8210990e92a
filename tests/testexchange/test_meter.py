"""The meter: what a window holds, what is refused, when it becomes a ban, and what the headers say."""

from collections.abc import Iterable

import pytest

from bot.testexchange.meter import Meter
from bot.testexchange.wire import No, NoError, Request, Response

WINDOW_MS, BAN_MS = 60_000, 120_000
START_MS = 1_772_438_400_000


def at(seconds: float) -> Request:
    """Give a request at a time."""
    return Request(
        method="GET",
        host="",
        path="/",
        query="",
        headers={},
        body="",
        wall_ms=START_MS + round(seconds * 1000),
    )


def meter(budget: int = 10, bans_after: int = 3, header: str = "") -> Meter:
    """Give a meter with a small budget."""
    return Meter(budget, WINDOW_MS, used_header=header, bans_after=bans_after, ban_ms=BAN_MS)


def said(one: Meter, asked: Iterable[tuple[float, int]]) -> str:
    """Ask for weights at times, and write down how each went: ``.`` well, ``R`` refused, ``B`` banned."""
    found = ""
    for seconds, weight in asked:
        try:
            one.spend(at(seconds), weight)
        except NoError as error:
            found += {No.RATE: "R", No.BANNED: "B"}[error.no]
        else:
            found += "."
    return found


@pytest.mark.parametrize(
    ("what", "asked", "went"),
    [
        ("all of the budget may be spent", [(0, 5), (0, 5)], ".."),
        ("one more is refused", [(0, 10), (0, 1)], ".R"),
        ("a heavy one is refused where a light one passes", [(0, 8), (0, 3), (0, 2)], ".R."),
        ("one that no window holds never passes", [(0, 11), (90, 11)], "RR"),
        ("the window rolls: what is old counts no more", [(0, 5), (30, 5), (59.999, 1), (60, 5)], "..R."),
        ("only what is old is forgotten", [(0, 5), (30, 5), (61, 6)], "..R"),
        ("what was refused is not counted", [(0, 10), (1, 1), (2, 1), (60, 10)], ".RR."),
        ("refusals in a row ban", [(0, 10), (1, 1), (2, 1), (3, 1), (4, 1)], ".RRRB"),
        ("a good one in between lets refusals begin anew", [(0, 9), (1, 5), (1, 5), (1, 1), (2, 1), (2, 1)], ".RR.RR"),
        ("a ban outlasts the window", [(0, 10), (1, 1), (2, 1), (3, 1), (100, 1), (122.999, 1), (123, 1)], ".RRRBB."),
        ("asking on does not make a ban longer", [(0, 10), (1, 1), (2, 1), (3, 1), (122, 1), (123, 1)], ".RRRB."),
        ("after a ban refusals count from none", [(0, 10), *[(1, 1)] * 3, (121, 10), (122, 1), (122, 1)], ".RRR.RR"),
    ],
)  # fmt: skip
def test_a_rolling_window_is_kept(what: str, asked: list[tuple[float, int]], went: str) -> None:
    assert said(meter(), asked) == went, what


def test_a_budget_of_nothing_counts_and_refuses_nobody() -> None:
    one = meter(0)
    assert said(one, [(0, 1000)] * 50) == "." * 50
    assert one.spent_ever == 50_000


def test_weight_ever_spent_leaves_out_what_was_refused_and_what_is_old_stays() -> None:
    one = meter()
    said(one, [(0, 10), (1, 5), (70, 4)])
    assert one.spent_ever == 14


def test_a_ban_can_be_laid_by_hand_and_says_until_when() -> None:
    one = meter()
    one.ban(START_MS + 5000)
    with pytest.raises(NoError, match=f"until {START_MS + 5000}") as caught:
        one.spend(at(4.999), 1)
    assert caught.value.no is No.BANNED
    one.spend(at(5), 1)


@pytest.mark.parametrize(
    ("what", "asked", "wait"),
    [
        ("a good answer tells nobody to wait", [(0, 10)], None),
        ("a refusal tells until what is oldest is forgotten", [(0, 5), (20, 5), (30, 1)], 31),
        ("however soon that is, it is a second", [(0, 10), (59.999, 1)], 1),
        ("one that never fits waits a second", [(0, 1), (59, 11)], 2),
        ("a ban tells until its end", [(0, 10), (1, 1), (2, 1), (3, 1), (13, 1)], 111),
    ],
)
def test_retry_after_is_told_in_seconds(what: str, asked: list[tuple[float, int]], wait: int | None) -> None:
    one = meter()
    said(one, asked)
    found = one.stamped(Response()).headers.get("Retry-After")
    assert found == (None if wait is None else str(wait)), what


def test_who_waits_as_long_as_told_is_let_in() -> None:
    one = meter()
    said(one, [(0, 10), (17.5, 10)])
    wait = int(one.stamped(Response()).headers["Retry-After"])
    assert said(one, [(17.5 + wait, 10)]) == "."


def test_a_request_that_no_budget_can_hold_is_refused_from_the_first_on() -> None:
    one = meter()
    with pytest.raises(NoError) as caught:
        one.spend(at(0), 11)
    assert caught.value.no is No.RATE
    assert one.stamped(Response()).headers["Retry-After"] == "61"


def test_what_was_used_is_told_where_the_venue_tells_it() -> None:
    one = meter(header="X-Used")
    assert one.stamped(Response()).headers == {"X-Used": "0"}
    said(one, [(0, 4), (10, 3)])
    assert one.stamped(Response(headers={"A": "b"})).headers == {"A": "b", "X-Used": "7"}
    said(one, [(60, 1)])
    assert one.stamped(Response()).headers == {"X-Used": "4"}
    assert meter().stamped(Response()).headers == {}


def test_the_next_good_answer_tells_nobody_to_wait() -> None:
    one = meter()
    said(one, [(0, 10), (1, 1), (61, 1)])
    assert "Retry-After" not in one.stamped(Response()).headers


def test_a_wait_that_an_answer_names_itself_is_kept() -> None:
    one = meter()
    said(one, [(0, 10), (1, 1)])
    assert one.stamped(Response(headers={"Retry-After": "7"})).headers["Retry-After"] == "7"
    assert one.told_to_wait(Response(status=429)).headers == {"Retry-After": "1"}
    assert one.told_to_wait(Response(headers={"A": "b"}), 5).headers == {"A": "b", "Retry-After": "5"}


def test_stamping_leaves_an_answer_as_it_was_besides() -> None:
    answer = Response(status=418, body="x", content_type="text/html")
    found = meter(header="X-Used").stamped(answer)
    assert (found.status, found.body, found.content_type) == (418, "x", "text/html")
    assert answer.headers == {}
