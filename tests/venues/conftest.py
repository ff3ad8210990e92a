"""What the tests of venue verbs share."""

from pathlib import Path

import pytest

from tests.venues.streets import Desk


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Give a folder to run commands in."""
    return Desk(tmp_path, capsys, monkeypatch)
