"""The one file that knows psycopg: a connection to PostgreSQL that waits for no answer for ever. Imported where it is used.

The server's own limits do not help where the server has stopped or the way to it is cut: its kernel acknowledges what is
sent, or nobody does. So this side counts, too, and drops the connection.
"""

import time
from collections.abc import Generator
from typing import Any, NoReturn, TypeVar

import psycopg

T = TypeVar("T")


class PatientConnection(psycopg.Connection[Any]):
    """A connection whose every answer has an end; one that gave up is closed."""

    answer_seconds = 6.0

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **kwargs: Any) -> T:  # noqa: ANN401 - psycopg's own
        """Wait as psycopg does, for ``answer_seconds`` at most; raises OperationalError past them."""
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        """Pass on what the socket is waited for; psycopg asks again each tenth of a second with nothing ready."""
        end = time.monotonic() + self.answer_seconds
        try:
            state = next(gen)
            while True:
                ready = yield state
                if not ready and time.monotonic() > end:
                    self._give_up()
                state = gen.send(ready)
        except StopIteration as done:
            value: T = done.value
            return value

    def _give_up(self) -> NoReturn:
        self.pgconn.finish()
        raise psycopg.OperationalError(f"no answer within {self.answer_seconds:g} s")


def connect(parameters: dict[str, Any], answer_seconds: float) -> PatientConnection:
    """Connect; raises psycopg.Error if there is no way."""
    connection = PatientConnection.connect(**parameters)
    connection.answer_seconds = answer_seconds
    return connection
