"""The unit of systemd: started anew for as long as it takes, and never for what starting anew does not mend."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bot.cli_options import HALTED, USAGE
from tests.deploy.panels import DEPLOY

UNIT = DEPLOY / "systemd/hedgerow.service"


def told(key: str) -> str:
    (line,) = [one for one in UNIT.read_text("utf-8").splitlines() if one.startswith(f"{key}=")]
    return line.partition("=")[2]


def test_a_start_that_finds_the_venue_away_is_tried_for_ever() -> None:
    assert told("StartLimitIntervalSec") == "0"
    assert told("Restart") == "on-failure"
    assert told("RestartSec") == "30s"


def test_what_a_person_has_to_mend_is_not_started_again() -> None:
    assert told("RestartPreventExitStatus").split() == [str(USAGE), str(HALTED)]


def test_there_are_files_and_sockets_enough() -> None:
    assert int(told("LimitNOFILE")) >= 65536


def test_systemd_knows_every_key(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "hedgerow.service"
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/hedgerow/bin/hedgerow", "/bin/true"))
    done = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True, check=False)

    assert "hedgerow.service" not in done.stderr, done.stderr
