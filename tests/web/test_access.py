"""Who may look in: tokens, sessions, names we are called by, and guessing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.access import ADDRESSES_MAX, GUESSES_MAX, PAUSE_MS, SESSION_MS, SESSIONS_MAX, Access


class Hand:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def access(hand: Hand) -> Access:
    return Access("right", frozenset({"127.0.0.1", "localhost", "[::1]", "hedgerow"}), hand)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8710", True),
        ("localhost:8710", True),
        ("[::1]:8710", True),
        ("hedgerow:8710", True),
        ("hedgerow", True),
        ("evil.example", False),
        ("evil.example:8710", False),
        ("localhost.evil.example", False),
        ("", False),
        ("127.0.0.1:8710:1", False),
    ],
)
def test_only_our_names_are_answered(access: Access, host: str, ours: bool) -> None:  # noqa: FBT001 - a column
    assert access.called_right(host) is ours


@given(st.text())
def test_no_other_text_is_the_token(text: str) -> None:
    assert Access("right", frozenset()).right(text, "a") is (text == "right")


def test_who_guesses_has_to_wait_and_nobody_else(access: Access, hand: Hand) -> None:
    for _ in range(GUESSES_MAX):
        assert access.waits_ms("guesser") == 0
        assert not access.right("wrong", "guesser")

    assert access.waits_ms("guesser") == PAUSE_MS
    assert access.waits_ms("neighbour") == 0
    hand.now += PAUSE_MS - 1
    assert access.waits_ms("guesser") == 1
    hand.now += 1
    assert access.waits_ms("guesser") == 0


def test_the_right_token_clears_the_slate(access: Access) -> None:
    for _ in range(3):
        for _ in range(GUESSES_MAX - 1):
            access.right("wrong", "clumsy")
        assert access.right("right", "clumsy")
    assert access.waits_ms("clumsy") == 0


def test_guessers_are_forgotten_so_that_they_cannot_fill_the_memory(access: Access) -> None:
    for _ in range(GUESSES_MAX):
        access.right("wrong", "first")
    for number in range(ADDRESSES_MAX):
        access.right("wrong", f"other {number}")
    assert access.waits_ms("first") == 0


def test_a_session_ends_by_itself_or_by_a_word(access: Access, hand: Hand) -> None:
    one, other = access.open_session(), access.open_session()
    assert access.known(one)
    assert access.known(other)
    access.close_session(other)
    assert not access.known(other)
    hand.now += SESSION_MS
    assert not access.known(one)
    assert not access.known("")


def test_the_oldest_of_too_many_sessions_ends(access: Access) -> None:
    first, *_, last = [access.open_session() for _ in range(SESSIONS_MAX + 1)]
    assert not access.known(first)
    assert access.known(last)
