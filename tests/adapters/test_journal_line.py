"""The line to the database is cut while an answer is on its way: done or not, nothing is lost, and nothing comes twice."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bot.adapters import journal_away
from bot.core.orders import OrderState as S
from bot.shell.ports import Journal
from tests.adapters.builders import CONTRACT, START_MS, activity, decided, fill, report
from tests.adapters.test_journal_away import House, reducing, told
from tests.postgres import Server

NEVER = 1_000_000
PATIENCE = 20
"""Seconds: a server may hold a broken connection's lock for a moment."""


class Line:
    """A line of TCP to a server's port. It is cut instead of carrying a given answer, and stays so until it is mended."""

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cut = False
        self._left = NEVER
        self.answers = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, answers: int) -> None:
        """Count answers from here, and carry so many more."""
        with self._lock:
            self.answers, self._left = 0, answers

    def mend(self) -> None:
        """Carry everything from now on."""
        with self._lock:
            self._cut, self._left = False, NEVER

    def close(self) -> None:
        self._listener.close()
        self._reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._cut:
                    _reset(client)
                    continue
                server = socket.create_connection(("127.0.0.1", self._server))
                self._ends += [client, server]
                threading.Thread(target=self._carry, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:  # noqa: FBT001 - of a thread
        with suppress(OSError):
            while chunk := source.recv(65536):
                if answers and not self._carried():
                    self._reset()
                    return
                sink.sendall(chunk)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _carried(self) -> bool:
        with self._lock:
            self.answers += 1
            self._left -= 1
            self._cut = self._cut or self._left < 0
            return not self._cut

    def _reset(self) -> None:
        for one in self._ends:
            _reset(one)
        self._ends.clear()


def _reset(end: socket.socket) -> None:
    """End a connection by RST; a thread that waits for it wakes up."""
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def line_to(house: House) -> Iterator[Line]:
    line = Line(house.server.port)
    try:
        house.url = house.url.replace(f":{house.server.port}/", f":{line.port}/")
        yield line
    finally:
        line.close()


def write_on(journal: Journal) -> None:
    """Write one of everything that a session writes."""
    request, decide = reducing(2)
    decide(journal)
    journal.order_moved(report(request, S.SENT), START_MS)
    journal.heard(activity(fills=(fill("a"),), cursor=1), START_MS)
    journal.learned((CONTRACT,), START_MS)
    journal.order_moved(report(request, S.OPEN), START_MS + 1)


def lived(house: House, carried: int) -> tuple[int, list[object]]:
    """Write a session over a line that is cut after so many answers; gives how many there were, and what is kept."""
    direct = house.url
    with line_to(house) as line, house.open() as journal:
        journal.decided(*decided(1))
        line.arm(carried)
        write_on(journal)
        answers = line.answers
        line.mend()
        end = time.monotonic() + PATIENCE
        while journal.books.away:
            assert time.monotonic() < end, journal.books.why
            journal.stamp()
        journal.lead()
    return answers, told(direct)


def test_cut_at_any_answer_everything_is_in_the_journal_once(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every third answer of the server: some were of writes that it had done, whose answer is what was lost."""
    monkeypatch.setattr(journal_away, "RETRY_SECONDS", 0.0)

    def house(name: str) -> House:
        (tmp_path / name).mkdir()
        return House(postgres, postgres.database(), tmp_path / name)

    answers, expected = lived(house("whole"), NEVER)
    assert answers > 10
    for carried in range(0, answers, 3):
        _, kept = lived(house(str(carried)), carried)
        assert kept == expected, f"cut instead of answer {carried + 1}"
