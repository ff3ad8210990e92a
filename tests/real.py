"""Programs of the system that tests run: where one is missing the test is skipped with the reason, and in CI it fails."""

import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest

EVERYTHING = "TEST_EVERYTHING"
"""Set by ``.ci/run``, which installs what is needed: a program that is missing then is a failure."""


def program(name: str, package: str) -> str:
    """Find a program of a Debian package."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/bin:/usr/bin")
    if found is None:
        lacking(f"{name} is not installed: apt-get install {package}")
    return str(found)


def lacking(why: str) -> NoReturn:
    """Skip a test for want of something; in CI fail it."""
    if os.environ.get(EVERYTHING):
        pytest.fail(why)
    pytest.skip(why)


def free_port() -> int:
    """Find a port of loopback that nobody listens at now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def pictures() -> Path | None:
    """Give the folder that screenshots are to be kept in, if that is wanted."""
    wanted = os.environ.get("TEST_PICTURES")
    return Path(wanted) if wanted else None
