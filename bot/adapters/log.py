"""Logs: lines of events with figures, on standard error."""

import logging
import sys
from typing import Literal, cast

import structlog

from bot.shell.ports import Log

Format = Literal["console", "json"]


def make_log(level: str, line_format: Format, mode: str) -> Log:
    """Build the log; every line carries the mode, and what is bound to it on the way."""
    renderer = (
        structlog.processors.JSONRenderer()
        if line_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        mode=mode,
    )
    return cast("Log", log)


class SilentLog:
    """Says nothing: for replays, whose report is the record."""

    def bind(self, **bound: object) -> "SilentLog":  # noqa: ARG002 - a port's argument
        """Stay silent."""
        return self

    def info(self, event: str, **figures: object) -> None:
        """Say nothing."""

    def debug(self, event: str, **figures: object) -> None:
        """Say nothing."""

    def warning(self, event: str, **figures: object) -> None:
        """Say nothing."""
