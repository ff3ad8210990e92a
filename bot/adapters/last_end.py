"""Why the run before this one ended by itself: a file, because an end is over before anybody scrapes it.

So a key that the venue refuses, which ends a run at once, is seen in the metrics of the runs that are started after it.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import get_args

from bot.shell.notice import NoticeKind


class LastEnd:
    """The file; one that cannot be written or read is none, and keeps nothing from running or ending."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, reason: NoticeKind, at_ms: int) -> None:
        """Keep why and when a run ended."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps({"reason": reason, "at_ms": at_ms}) + "\n", encoding="utf-8")

    def read(self) -> tuple[str, int] | None:
        """Tell why and when the last run that ended by itself did."""
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))
            reason, at_ms = str(told["reason"]), int(told["at_ms"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return (reason, at_ms) if reason in get_args(NoticeKind) else None
