"""The documents keep to the code: commands, options, settings and targets they name exist, and none is left out."""

import re
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from bot.cli import app
from bot.cli_options import CHECK_FAILED, HALTED, JOURNAL, OK, USAGE, VENUE
from bot.settings import load
from bot.settings_alerts import Levels

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]  # a group's


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_a_document_names_exists(name: str) -> None:
    named = set(re.findall(r"`?hedgerow ([a-z][a-z-]+)", (ROOT / name).read_text("utf-8")))

    assert named - set(COMMANDS) <= {"keeps"}


def test_the_readme_describes_every_command() -> None:
    described = set(re.findall(r"^\| `hedgerow ([a-z-]+)", README, re.MULTILINE))

    assert described == set(COMMANDS)


def test_every_option_the_readme_gives_a_command_exists() -> None:
    for command, option in re.findall(r"hedgerow ([a-z-]+)[^`\n|]*? (--[a-z-]+)", README):
        options = {name for parameter in COMMANDS[command].params for name in parameter.opts}
        assert option in options, f"{command} {option}"


def test_every_command_answers_in_json_and_explains_each_option() -> None:
    for name, command in COMMANDS.items():
        options = {option: parameter for parameter in command.params for option in parameter.opts}
        assert "--json" in options, name
        assert command.help, name
        for option, parameter in options.items():
            assert isinstance(parameter, typer.core.TyperArgument) or parameter.help, f"{name} {option}"


def test_the_exit_codes_are_those_the_readme_promises() -> None:
    assert (OK, CHECK_FAILED, USAGE, VENUE, JOURNAL, HALTED) == (0, 1, 2, 3, 4, 5)
    assert "0 ok, 1 a check failed,\n2 usage or settings, 3 venue, 4 journal, 5 halted" in README


def test_every_variable_a_document_names_is_a_setting(tmp_path: Path) -> None:
    config = tmp_path / "hedgerow.toml"
    config.write_text((ROOT / "hedgerow.toml").read_text("utf-8"))
    text = "".join((ROOT / document).read_text("utf-8") for document in DOCUMENTS)
    named = re.findall(r"(HEDGEROW_[A-Z_]+[A-Z])=([\w.]+)", text)

    assert named
    for name, value in named:
        origins = load([config], environ={name: value}, dotenv=None).origins
        assert f"environment {name}" in origins.values()


def test_every_target_a_document_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for document in DOCUMENTS:
        for target in re.findall(
            r"(?:^|`)make ([a-z-]+)\b", (ROOT / document).read_text("utf-8"), re.MULTILINE
        ):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_ci_calls_the_readmes_test_command() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "\nmake test " in README


def test_the_readme_has_no_gap_left() -> None:
    assert not re.search(r"^[A-Z]+-[A-Z]+$", README, re.MULTILINE)


def test_the_readme_names_every_kind_of_alert_with_its_level() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| .* \| (on|silent|off) \|$", README, re.MULTILINE)
    named = {kind: level for kinds, level in rows for kind in re.findall(r"[a-z_]+", kinds)}

    assert named == Levels().model_dump()
