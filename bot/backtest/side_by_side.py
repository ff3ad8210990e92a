"""Pieces of work done side by side in processes: results in the order of the work, progress told, and an end that is one.

Each worker is a process that was started afresh and holds one piece of work at a time. Ctrl-C is the first process's: it tells
the others to stop, which they do at their next word of progress. Should the first one die, they die with it.
"""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from ctypes import Array, c_bool, c_longlong
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

from bot.core.values import record
from bot.shell.ports import HedgerowError

LOOK_SECONDS = 0.2
"""How often progress is read."""
Item = TypeVar("Item")
Result = TypeVar("Result")
Tell = Callable[[int, int], None]
"""Told by a piece of work: parts done, parts there are."""


class WorkerLostError(HedgerowError):
    """A process was ended from outside; the text says what to do."""


class _StoppedError(Exception):
    """The work is wanted no more."""


@record
class _Board:
    """Memory that all processes share."""

    stop: c_bool
    done: Array[c_longlong]
    whole: Array[c_longlong]


_BOARDS: list[_Board] = []
"""In a worker: the board it was started with."""


def side_by_side(
    work: Callable[[Item, Tell], Result], items: Sequence[Item], progress: Callable[[int, int, int], None]
) -> list[Result]:
    """Do the work on every item, in as many processes as there are processors; give the results in order.

    ``work`` and the items must be importable and picklable. ``progress`` is told the place of an item, its parts done, and
    how many there are. The first error ends all.

    Raises:
        WorkerLostError: a worker was killed.
    """
    context = get_context("spawn")  # a fork would copy threads' locks in any state
    board = _Board(
        stop=context.RawValue(c_bool, False),  # noqa: FBT003 - a value's value
        done=context.RawArray(c_longlong, len(items)),
        whole=context.RawArray(c_longlong, len(items)),
    )
    workers = min(len(items), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, context, _enter, (board,)) as pool:
        futures = [pool.submit(_do, work, item, place) for place, item in enumerate(items)]
        try:
            _watch(futures, board, progress)
            return [future.result() for future in futures]
        except BrokenProcessPool as error:
            raise WorkerLostError(
                "A process that replayed was ended from outside, perhaps for want of memory: free some, and try again."
            ) from error
        finally:
            board.stop.value = True
            # It waits: a process that still writes would write on the board of the next call.
            pool.shutdown(cancel_futures=True)


def _watch(
    futures: Sequence[Future[Result]], board: _Board, progress: Callable[[int, int, int], None]
) -> None:
    """Tell progress until all is done or one has failed, which is then raised."""
    waiting: set[Future[Result]] = set(futures)
    while waiting:
        done, waiting = wait(waiting, LOOK_SECONDS, FIRST_EXCEPTION)
        for future in done:
            future.result()
        for place, whole in enumerate(board.whole):
            if whole:
                progress(place, board.done[place], whole)


def _enter(board: _Board) -> None:
    """Begin a worker's life."""
    _BOARDS.append(board)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """Die with the process that began this one."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(work: Callable[[Item, Tell], Result], item: Item, place: int) -> Result:
    (board,) = _BOARDS

    def tell(done: int, whole: int) -> None:
        board.done[place], board.whole[place] = done, whole
        if board.stop.value:
            raise _StoppedError

    return work(item, tell)
