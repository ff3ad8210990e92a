"""Where values come from, which of two wins, and how a place that cannot be read is told."""

import importlib
import string
import sys
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType, ModuleType

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.settings import Answers, Fault, Loaded, Settings, SettingsFaultsError, example, load
from bot.settings_layers import Fault as SourceFault
from bot.settings_sources import toml_lines
from strategies import discover, discovered, stage_types, use_folder
from strategies.fixed_ratio import Stage
from tests.settings.test_settings import MINIMAL

NOTHING: Mapping[str, object] = MappingProxyType({})
RISK = "HEDGEROW_RISK"
LEVERAGE = "HEDGEROW_RISK__LEVERAGE_MAX"
POLICY = "HEDGEROW_HEDGES__BTC__POLICY"
ETH = "HEDGEROW_HEDGES__ETH__ASSET"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory that holds one valid settings file."""
    monkeypatch.chdir(tmp_path)
    Path("hedgerow.toml").write_text(MINIMAL, "utf-8")
    return tmp_path


def loaded(
    *files: str,
    environ: Mapping[str, str] = MappingProxyType({}),
    dotenv: str | None = None,
    flags: Mapping[str, object] = NOTHING,
) -> Loaded:
    """Load the valid file, then each of ``files``, given as text, over it."""
    paths = [Path("hedgerow.toml")]
    for number, text in enumerate(files, start=1):
        paths.append(Path(f"{number}.toml"))
        paths[-1].write_text(text, "utf-8")
    if dotenv is not None:
        Path(".env").write_text(dotenv, "utf-8")
    return load(paths, flags=flags, environ=environ, dotenv=Path(".env"))


def faults(load_it: Callable[[], Loaded]) -> list[tuple[str, str, str, str]]:
    with pytest.raises(SettingsFaultsError) as caught:
        load_it()
    return [(fault.path, fault.place, fault.sentence, fault.remedy) for fault in caught.value.faults]


# --- which of two wins ------------------------------------------------------------------------------------------

FILE = "[risk]\nleverage_max = 4\n"
PRECEDENCE = [
    # files                              .env             environment     flag   value  origin
    ((), "", {}, None, 2, "default"),
    ((FILE,), "", {}, None, 4, "1.toml line 2"),
    ((FILE, "[risk]\n\nleverage_max = 5"), "", {}, None, 5, "2.toml line 3"),
    ((FILE, "[risk]\norder_notional_max = 5"), "", {}, None, 4, "1.toml line 2"),
    ((FILE,), f"{LEVERAGE}=6", {}, None, 6, ".env line 1"),
    ((FILE,), f"\n# x\n\nexport {LEVERAGE}='6'", {}, None, 6, ".env line 4"),
    ((FILE,), f"{LEVERAGE}=6", {LEVERAGE: "7"}, None, 7, f"environment {LEVERAGE}"),
    ((FILE,), f"{LEVERAGE}=6", {LEVERAGE: "7"}, 8, 8, "flag --leverage-max"),
    ((), "", {}, "8", 8, "flag --leverage-max"),
    ((), "", {RISK: '{"leverage_max": 7.5}'}, None, Decimal("7.5"), f"environment {RISK}"),
    ((), "", {RISK: '{"leverage_max": 7}', LEVERAGE: "6"}, None, 6, f"environment {LEVERAGE}"),
    ((), f"{LEVERAGE}=6", {RISK: '{"order_notional_max": 7}'}, None, 6, ".env line 1"),
    ((), "", {"LEVERAGE_MAX": "7", "RISK__LEVERAGE_MAX": "7", "hedgerow_risk": "x"}, None, 2, "default"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "dotenv", "environ", "flag", "value", "origin"), PRECEDENCE)
def test_flag_beats_environment_beats_dotenv_beats_files(
    files: tuple[str, ...], dotenv: str, environ: Mapping[str, str], flag: object, value: int, origin: str
) -> None:
    read = loaded(*files, dotenv=dotenv, environ=environ, flags={"risk.leverage_max": flag})

    assert read.settings.risk.leverage_max == value
    assert read.origins["risk.leverage_max"] == origin


def test_a_list_is_replaced_as_a_whole_and_a_table_key_by_key() -> None:
    policy = {POLICY: '[{"stage": "fixed_ratio", "ratio": 0.1}]'}

    read = loaded("[hedges.btc.band]\ninner = 0.001\n", environ=policy)

    assert read.settings.rules("main").hedges[0].stages == (Stage(ratio=Decimal("0.1")),)
    assert read.settings.hedges["btc"].holdings == 2
    said = {path: origin for path, origin in read.origins.items() if origin != "default"}
    assert {path: origin for path, origin in said.items() if path.startswith("hedges.btc")} == {
        "hedges.btc.account": "hedgerow.toml line 4",
        "hedges.btc.asset": "hedgerow.toml line 5",
        "hedges.btc.symbol": "hedgerow.toml line 6",
        "hedges.btc.holdings": "hedgerow.toml line 7",
        "hedges.btc.policy[0].stage": f"environment {POLICY}",
        "hedges.btc.policy[0].ratio": f"environment {POLICY}",
        "hedges.btc.band.inner": "1.toml line 2",
    }


def test_settings_can_come_from_the_environment_alone() -> None:
    environ = {
        "HEDGEROW_ACCOUNTS": '{"main": {"deposit": 5}}',
        "HEDGEROW_HEDGES__ETH__ACCOUNT": "main",
        "HEDGEROW_HEDGES__ETH__ASSET": "ETH",
        "HEDGEROW_HEDGES__ETH__SYMBOL": "ETH/USD:ETH",
        "HEDGEROW_HEDGES__ETH__HOLDINGS": " 5 ",
        "HEDGEROW_HEDGES__ETH__POLICY": '[{"stage": "fixed_ratio", "ratio": 1}]',
    }

    assert load([], environ=environ, dotenv=None).settings.hedges["eth"].holdings == 5


def test_what_a_dotenv_file_says_is_not_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")

    assert (
        loaded(dotenv="HEDGEROW_JOURNAL__PATH=${SECRET}.sqlite").settings.journal.path == "${SECRET}.sqlite"
    )


# --- values in mounted files ------------------------------------------------------------------------------------


def test_a_variable_may_name_a_file_that_holds_the_value() -> None:
    Path("mounted").write_text("  6\n", "utf-8")

    assert loaded(environ={f"{LEVERAGE}_FILE": "mounted"}).settings.risk.leverage_max == 6
    assert loaded(dotenv=f"{LEVERAGE}_FILE=mounted").settings.risk.leverage_max == 6


def test_a_mounted_table_is_json() -> None:
    Path("mounted").write_text('{"leverage_max": 6}', "utf-8")

    read = loaded(environ={"HEDGEROW_RISK_FILE": "mounted"})

    assert read.settings.risk.leverage_max == 6
    assert read.origins["risk.leverage_max"] == "environment HEDGEROW_RISK_FILE"


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), (b"\xff", "it is not UTF-8")]
)
def test_a_mounted_file_that_cannot_be_read_is_a_fault(content: bytes | None, why: str) -> None:
    if content is not None:
        Path("mounted").write_bytes(content)

    assert faults(lambda: loaded(environ={f"{LEVERAGE}_FILE": "mounted"})) == [
        (
            "risk.leverage_max",
            f"environment {LEVERAGE}_FILE",
            f"The file mounted cannot be read: {why}.",
            f"Mount the file, or unset {LEVERAGE}_FILE.",
        )
    ]


@pytest.mark.parametrize(
    "name", [f"{LEVERAGE}_FILE", "HEDGEROW_RISK_FILE", "HEDGEROW_RSIK_FILE", "HEDGEROW_MODE_FILE"]
)
@pytest.mark.parametrize(
    "content", ["hunter2", '{"leverage_max": "hunter2"}', '{"hunter": "hunter2"}', '{"hunter2']
)
def test_what_a_mounted_file_holds_is_never_quoted(name: str, content: str) -> None:
    Path("mounted").write_text(content, "utf-8")

    assert "hunter2" not in str(faults(lambda: loaded(environ={name: "mounted"})))


def test_a_value_given_twice_by_variables_is_a_fault() -> None:
    Path("mounted").write_text("6", "utf-8")
    ((path, place, sentence, _),) = faults(
        lambda: loaded(environ={LEVERAGE: "5", f"{LEVERAGE}_FILE": "mounted"})
    )

    assert (path, place) == ("risk.leverage_max", f"environment {LEVERAGE}_FILE")
    assert sentence == f"It is set by environment {LEVERAGE}, too."


# --- what is wrong, in every source -----------------------------------------------------------------------------

WRONG = [
    ("environ", {LEVERAGE: "a lot"}, "risk.leverage_max", f"environment {LEVERAGE}", "'a lot' must be a number."),
    ("environ", {LEVERAGE: ""}, "risk.leverage_max", f"environment {LEVERAGE}", "'' must be a number."),
    ("environ", {"HEDGEROW_MODE": "paper "}, "mode", "environment HEDGEROW_MODE", "'paper ' must be 'paper', 'local', 'testnet' or 'live'."),
    ("environ", {f"{RISK}__LEVERAGE": "1"}, "risk.leverage", f"environment {RISK}__LEVERAGE", "There is no `leverage` in risk."),
    ("environ", {RISK: "3"}, "risk", f"environment {RISK}", "3 must be a table."),
    ("environ", {RISK: "3", LEVERAGE: "3"}, "risk", f"environment {RISK}", "3 must be a table."),
    ("environ", {RISK: "{"}, "risk", f"environment {RISK}", "It is not JSON."),
    ("environ", {RISK: '{"leverage_max": NaN}'}, "risk.leverage_max", f"environment {RISK}", "NaN must be a finite number."),
    ("environ", {f"{LEVERAGE}__X": "1"}, "risk.leverage_max", f"environment {LEVERAGE}__X", "A table must be a number."),
    ("environ", {f"{POLICY}__0": "1"}, "hedges.btc.policy", f"environment {POLICY}__0", "A table must be a list."),
    ("environ", {"HEDGEROW_FILE": "1"}, "file", "environment HEDGEROW_FILE", "There is no `file`."),
    ("environ", {ETH: "ETH"}, "hedges.eth.account", f"environment {ETH}", "`account` is missing."),
    ("dotenv", f"\n\n{LEVERAGE}=a lot", "risk.leverage_max", ".env line 3", "'a lot' must be a number."),
    ("dotenv", "HEDGEROW_RISK__LEVERAGE=1", "risk.leverage", ".env line 1", "There is no `leverage` in risk."),
    ("dotenv", f"A=1\n{LEVERAGE}", "", ".env line 2", "This is no assignment."),
    ("dotenv", "A=1\n\n'", "", ".env line 3", "This is no assignment."),
    ("dotenv", f"{LEVERAGE}=1\n{LEVERAGE}=2", "risk.leverage_max", ".env line 2", "It is set by .env line 1, too."),
    ("flags", {"risk.leverage_max": "a lot"}, "risk.leverage_max", "flag --leverage-max", "'a lot' must be a number."),
    ("flags", {"risk.leverage": 1}, "risk.leverage", "flag --leverage", "There is no `leverage` in risk."),
    ("flags", {"risk.leverage_max": "x" * 99}, "risk.leverage_max", "flag --leverage-max", f"'{'x' * 40}...' must be a number."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "given", "path", "place", "sentence"), WRONG)
def test_a_mistake_is_told_with_its_source(
    source: str, given: Mapping[str, str], path: str, place: str, sentence: str
) -> None:
    found = faults(lambda: loaded(**{source: given}))  # type: ignore[arg-type]  # one source at a time

    assert found[0][:3] == (path, place, sentence)
    assert found[0][3]


def test_what_a_file_lacks_is_told_where_its_table_stands_though_a_variable_adds_to_it() -> None:
    Path("hedgerow.toml").write_text(MINIMAL.replace('account = "main"', ""), "utf-8")

    ((path, place, _, _),) = faults(lambda: loaded(environ={"HEDGEROW_HEDGES__BTC__HOLDINGS": "1"}))

    assert (path, place) == ("hedges.btc.account", "hedgerow.toml line 3")


def test_faults_of_all_sources_are_listed_together() -> None:
    found = faults(
        lambda: loaded(
            "[log]\nlevel = 'loud'\n",
            dotenv="HEDGEROW_LOG__FORMAT=xml",
            environ={"HEDGEROW_MODEL_MARKET__SEED": "x"},
            flags={"risk.leverage": 1},
        )
    )

    assert sorted(place for _, place, _, _ in found) == [
        ".env line 1",
        "1.toml line 2",
        "environment HEDGEROW_MODEL_MARKET__SEED",
        "flag --leverage",
    ]


def test_the_text_of_the_error_has_a_line_for_each_fault() -> None:
    with pytest.raises(SettingsFaultsError) as caught:
        loaded(environ={LEVERAGE: "x", "HEDGEROW_MODE": "real"})

    assert str(caught.value).splitlines() == [str(fault) for fault in caught.value.faults]
    assert str(caught.value).splitlines()[1] == (
        f"environment {LEVERAGE}: risk.leverage_max: 'x' must be a number. "
        "Highest leverage of a linear account: positions over equity. Default: 2."
    )
    assert Fault is SourceFault


# --- files that cannot be read ----------------------------------------------------------------------------------


def test_a_missing_file_is_told_with_the_command_that_writes_one() -> None:
    with pytest.raises(SettingsFaultsError) as caught:
        load([Path("no.toml")], environ={}, dotenv=None)

    assert str(caught.value) == "No settings file at no.toml: `hedgerow new-config` writes one."


def test_a_file_that_cannot_be_read_hides_no_other_fault_and_makes_up_none() -> None:
    found = faults(lambda: load([Path("no.toml")], environ={LEVERAGE: "x"}, dotenv=None))

    assert [fault[:2] for fault in found] == [("", ""), ("risk.leverage_max", f"environment {LEVERAGE}")]


def test_every_file_that_cannot_be_read_is_told() -> None:
    Path("bytes.toml").write_bytes(b"# ok\n# \xff\n")
    Path("folder.toml").mkdir()
    Path("syntax.toml").write_text("[log]\nlevel = \n", "utf-8")
    Path("open.toml").write_text("a = [1,\n2\n\n", "utf-8")
    Path("twice.toml").write_text("[log]\nlevel = 'info'\nlevel = 'info'\n", "utf-8")
    Path(".env").write_bytes(b"A=1\nB=\xff")
    files = [Path(f"{name}.toml") for name in ("bytes", "folder", "syntax", "open", "twice", "no")]

    found = faults(lambda: load(files, environ={}, dotenv=Path(".env")))

    assert [(place, sentence) for _, place, sentence, _ in found] == [
        (".env line 2", "The file is not UTF-8."),
        ("", "No settings file at no.toml:"),
        ("twice.toml line 3", "This is not TOML: Cannot overwrite a value."),
        ("open.toml line 2", "This is not TOML: Unclosed array."),
        ("syntax.toml line 2", "This is not TOML: Invalid value."),
        ("folder.toml", "It cannot be read: Is a directory."),
        ("bytes.toml line 2", "The file is not UTF-8."),
    ]


def test_a_byte_order_mark_and_the_line_ends_of_windows_are_read() -> None:
    Path("windows.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())

    read = load([Path("windows.toml")], environ={}, dotenv=None)

    assert read.origins["hedges.btc.holdings"] == "windows.toml line 7"


# --- lines of keys ----------------------------------------------------------------------------------------------

TOML = '''\
# a = 0
a.b = 1   # a.b = 2

"quoted key" = """
c = 3
[d]
"""
[ t . "u" ]
list = [
  # e = 5
  { f = 6 }, "]",
]
inline = { g = { h = 7 } }
[[t.many]]
x = 1
[t.many.sub]
y = 1
[[t.many]]
x = """\\
  "" """
[t.many.sub]
y = 2
[empty]'''


def test_lines_are_found_whatever_the_way_a_key_is_written() -> None:
    assert toml_lines(TOML) == {
        ("a",): 2,
        ("a", "b"): 2,
        ("quoted key",): 4,
        ("t",): 8,
        ("t", "u"): 8,
        ("t", "u", "list"): 9,
        ("t", "u", "list", 0): 9,
        ("t", "u", "list", 0, "f"): 9,
        ("t", "u", "list", 1): 9,
        ("t", "u", "inline"): 13,
        ("t", "u", "inline", "g"): 13,
        ("t", "u", "inline", "g", "h"): 13,
        ("t", "many"): 14,
        ("t", "many", 0): 14,
        ("t", "many", 0, "x"): 15,
        ("t", "many", 0, "sub"): 16,
        ("t", "many", 0, "sub", "y"): 17,
        ("t", "many", 1): 18,
        ("t", "many", 1, "x"): 19,
        ("t", "many", 1, "sub"): 21,
        ("t", "many", 1, "sub", "y"): 22,
        ("empty",): 23,
    }


# --- typing errors ----------------------------------------------------------------------------------------------

EXAMPLE = example(Answers()).replace("\n# ", "\n").splitlines()
KEYED = [
    (number, line.partition(" = ")[0])
    for number, line in enumerate(EXAMPLE, start=1)
    if line.partition(" = ")[1]
]
LETTERS = st.sampled_from(string.ascii_lowercase)


@st.composite
def typos(draw: st.DrawFn, key: str) -> str:
    """Leave a letter out, put one in, take another one, or swap two."""
    at, letter = draw(st.integers(0, len(key) - 1)), draw(LETTERS)
    before, after = key[:at], key[at:]
    return draw(
        st.sampled_from(
            [
                before + after[1:],
                before + letter + after,
                before + letter + after[1:],
                before + after[1::-1] + after[2:],
            ]
        )
    )


@given(st.data(), st.sampled_from(KEYED))
def test_a_key_mistyped_by_one_letter_is_told_with_its_line_and_the_right_name(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, keyed: tuple[int, str]
) -> None:
    number, key = keyed
    typo = data.draw(typos(key))
    assume(typo and typo not in {known for _, known in KEYED})
    lines = example(Answers()).splitlines()
    lines[number - 1] = lines[number - 1].removeprefix("# ").replace(key, typo, 1)
    file = tmp_path_factory.mktemp("typo") / "hedgerow.toml"
    file.write_text("\n".join(lines), "utf-8")

    found = [
        fault
        for fault in faults(lambda: load([file], environ={}, dotenv=None))
        if fault[0].rpartition(".")[2] == typo
    ]

    ((_, place, sentence, remedy),) = found
    assert place == f"{file} line {number}"
    assert sentence.startswith(f"There is no `{typo}`")
    assert f"`{key}`" in remedy


# --- policies dropped in ----------------------------------------------------------------------------------------

STAGE = """\
from typing import Literal
from pydantic import BaseModel, ConfigDict
class Stage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    stage: Literal["NAME"] = "NAME"
    def apply(self, market, target):
        return target
"""
DROPPED = {
    "good.py": STAGE.replace("NAME", "good"),
    "same.py": STAGE.replace("NAME", "good"),
    "broken.py": "import nowhere_to_be_found",
    "syntax.py": "def",
    "without.py": "Stage = 5",
    "still.py": STAGE.replace("def apply", "def applies"),
    "loose.py": STAGE.replace(', extra="forbid"', ""),
    "melting.py": STAGE.replace("frozen=True, ", ""),
    "nameless.py": STAGE.replace('Literal["NAME"]', "str"),
    "_helper.py": "raise RuntimeError('never imported')",
}


@pytest.fixture
def dropped(here: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package of policies, most of them bad."""
    folder = here / "dropped_policies"
    folder.mkdir()
    for name, text in {"__init__.py": "", **DROPPED}.items():
        (folder / name).write_text(text, "utf-8")
    monkeypatch.syspath_prepend(here)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return importlib.import_module("dropped_policies")


CONFIG = 'model_config = ConfigDict(frozen=True, extra="forbid")'


def test_one_bad_file_spoils_no_other_and_each_says_what_is_wrong(dropped: ModuleType) -> None:
    found, folder = discover(dropped), Path(next(iter(dropped.__path__)))

    assert list(found.stages) == ["good"]
    assert {one.file.name: (one.status, one.reason) for one in found.lost} == {
        "broken.py": ("LOAD FAILED", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        "loose.py": ("LOAD FAILED", f"TypeError: its Stage must have {CONFIG}"),
        "melting.py": ("LOAD FAILED", f"TypeError: its Stage must have {CONFIG}"),
        "nameless.py": (
            "LOAD FAILED",
            'TypeError: its Stage has no field stage: Literal["name"] with one name',
        ),
        "same.py": (
            "DUPLICATE",
            f"stage 'good' is defined in {folder / 'good.py'} already: give this one another name",
        ),
        "still.py": ("LOAD FAILED", "TypeError: its Stage has no method apply(market, target)"),
        "syntax.py": ("LOAD FAILED", "SyntaxError: invalid syntax (syntax.py, line 1)"),
        "without.py": ("LOAD FAILED", "TypeError: it defines no pydantic class named Stage"),
    }


def test_the_shipped_policies_all_load() -> None:
    assert "fixed_ratio" in stage_types()
    assert discovered().lost == ()


@pytest.fixture
def own(here: Path) -> Iterator[Path]:
    """Give a folder of the owner's with a good and a bad stage, one of a name that is taken, and a helper."""
    folder = here / "mine"
    folder.mkdir()
    (folder / "dropped_good.py").write_text(STAGE.replace("NAME", "as_it_is"), "utf-8")
    (folder / "dropped_bad.py").write_text("1 / 0", "utf-8")
    (folder / "dropped_out.py").write_text("raise SystemExit(3)", "utf-8")
    (folder / "dropped_same.py").write_text(STAGE.replace("NAME", "fixed_ratio"), "utf-8")
    (folder / "_helper.py").write_text("1 / 0", "utf-8")
    yield folder
    use_folder(None)


def with_own(own: Path, policy: str) -> str:
    return f"strategies = '{own}'\n[hedges.btc]\npolicy = [{policy}]\n"


def test_stages_of_the_owners_folder_can_be_set_at_once(own: Path) -> None:
    read = loaded(with_own(own, "{ stage = 'fixed_ratio', ratio = 1 }, { stage = 'as_it_is' }"))

    assert [type(stage).__module__ for stage in read.settings.rules("main").hedges[0].stages] == [
        "strategies.fixed_ratio",
        "own_strategies.dropped_good",
    ]
    assert Settings.from_json(read.settings.model_dump_json()) == read.settings


def test_the_folder_may_come_from_the_environment(own: Path) -> None:
    read = loaded(
        "[hedges.btc]\npolicy = [{ stage = 'as_it_is' }]\n", environ={"HEDGEROW_STRATEGIES": str(own)}
    )

    assert read.origins["strategies"] == "environment HEDGEROW_STRATEGIES"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dropped_bad", "mine/dropped_bad.py (ZeroDivisionError: division by zero)"),
        ("dropped_out", "mine/dropped_out.py (SystemExit: 3)"),
    ],
)
def test_a_stage_that_did_not_load_is_named_when_it_is_missed(own: Path, name: str, why: str) -> None:
    ((_, _, sentence, remedy),) = faults(lambda: loaded(with_own(own, f"{{ stage = '{name}' }}")))

    assert sentence == f"There is no policy stage '{name}'."
    assert why in remedy


def test_a_name_that_is_taken_stays_the_built_in_stages(own: Path) -> None:
    read = loaded(with_own(own, "{ stage = 'fixed_ratio', ratio = 1 }"))

    assert type(read.settings.rules("main").hedges[0].stages[0]).__module__ == "strategies.fixed_ratio"
    assert [one.status for one in discovered().lost] == ["LOAD FAILED", "LOAD FAILED", "DUPLICATE"]


def test_a_folder_that_is_not_there_is_a_fault() -> None:
    ((path, _, sentence, _),) = faults(lambda: loaded("strategies = 'nowhere'\n"))

    assert (path, sentence) == ("strategies", "There is no folder nowhere.")
