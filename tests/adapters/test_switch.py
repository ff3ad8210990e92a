"""A kill switch is a file that is there, and a place that nobody can look at."""

from pathlib import Path

import pytest

from bot.adapters.switch import NO_SWITCH, FileSwitch
from bot.shell.ports import Switch


def test_a_switch_is_pulled_while_its_file_is_there(tmp_path: Path) -> None:
    file = tmp_path / "paper.stop"
    switch: Switch = FileSwitch(path=file)
    seen = [switch.pulled()]
    for there in (True, False):
        if there:
            file.touch()
        else:
            file.unlink()
        seen.append(switch.pulled())

    assert seen == ["", f"the file {file} exists", ""]


def test_a_link_that_leads_nowhere_is_a_file_that_is_there(tmp_path: Path) -> None:
    link = tmp_path / "paper.stop"
    link.symlink_to(tmp_path / "nowhere")

    assert FileSwitch(path=link).pulled() == f"the file {link} exists"


def test_a_file_in_a_folder_that_is_none_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert FileSwitch(path=tmp_path / "file" / "paper.stop").pulled() == ""
    assert FileSwitch(path=tmp_path / "nowhere" / "paper.stop").pulled() == ""


def test_a_place_that_cannot_be_looked_at_counts_as_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "lstat", broken)

    file = tmp_path / "paper.stop"
    assert FileSwitch(path=file).pulled() == (
        f"the file {file} cannot be looked for (Permission denied), and counts as being there"
    )


def test_no_switch_is_never_pulled() -> None:
    assert NO_SWITCH.pulled() == ""
