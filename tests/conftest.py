"""What tests of several rooms share: a real PostgreSQL, and a place for a journal of either kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.adapters.builders import ELSEWHERE
from tests.postgres import Server, served

# Machines are noisy: how long an example takes proves nothing.
settings.register_profile("noisy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with served() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Where a journal may lie: a file that is not there, or a path that stands for an empty database of PostgreSQL."""
    path = tmp_path / "journal.sqlite"
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        ELSEWHERE[path] = server.database()
    yield path
    ELSEWHERE.pop(path, None)
