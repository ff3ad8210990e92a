"""Work in processes: results in order, progress told, the first error ends all, and nobody is left behind."""

import os
import signal
import time
from multiprocessing import active_children

import pytest

from bot.backtest.side_by_side import Tell, WorkerLostError, side_by_side
from bot.shell.ports import SettingsError


def squared(number: int, tell: Tell) -> int:
    """Take the longer the earlier it stands."""
    for done in range(10):
        tell(done, 10)
        time.sleep(0.01 * max(0, 5 - number))
    tell(10, 10)
    return number * number


def wrong_or_endless(number: int, tell: Tell) -> int:
    if number == 0:
        raise SettingsError("The first is wrong: mend it.")
    while True:
        tell(1, 2)
        time.sleep(0.01)


def killed(number: int, tell: Tell) -> int:
    del number, tell
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_results_stand_in_the_order_of_the_work_and_progress_reaches_the_end() -> None:
    told: dict[int, tuple[int, int]] = {}

    results = side_by_side(squared, range(5), lambda place, done, whole: told.update({place: (done, whole)}))

    assert results == [0, 1, 4, 9, 16]
    assert told == dict.fromkeys(range(5), (10, 10))


def test_the_first_error_ends_the_others_and_is_told() -> None:
    """The others would go on for ever."""
    with pytest.raises(SettingsError, match="The first is wrong: mend it"):
        side_by_side(wrong_or_endless, range(3), lambda *_told: None)

    assert not active_children(), "whoever still runs writes on the next call's board"


def test_whoever_watches_may_end_it_all() -> None:
    def interrupt(*_told: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        side_by_side(wrong_or_endless, range(1, 3), interrupt)


def test_a_process_that_is_killed_is_told_with_a_remedy() -> None:
    with pytest.raises(WorkerLostError, match="ended from outside, perhaps for want of memory: free some"):
        side_by_side(killed, range(2), lambda *_told: None)
