"""House rules that no linter knows. Style is a test."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import bot

ROOT = Path(__file__).parent.parent
CODE = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "strategies").rglob("*.py")])
PURE = sorted([*(ROOT / "bot" / "core").glob("*.py"), *(ROOT / "bot" / "sim").glob("*.py")])
TEXT = sorted(
    path
    for pattern in (
        "*.md",
        "*.toml",
        "*.lock",
        "Makefile",
        ".ci/*",
        ".env.example",
        "bot/**/*.*",
        "tests/**/*.*",
        "strategies/*.py",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and "__pycache__" not in path.parts
)
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 45
LINE_LENGTH_MAX = 144
CLOCKS_AND_DICE = {
    "time",
    "datetime",
    "random",
    "secrets",
    "uuid",
    "os",
    "io",
    "socket",
    "asyncio",
    "pathlib",
    "subprocess",
}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_the_map_names_every_module_once_and_no_other() -> None:
    drawn = re.findall(r"^(bot\.[\w.]+) ", str(bot.__doc__), re.MULTILINE)
    built = [
        module_name(path)
        for path in (ROOT / "bot").rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    ]

    assert sorted(built) == sorted(drawn)


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_files_stay_small_enough_to_read_at_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_functions_stay_small_enough_to_hold_in_mind(path: Path) -> None:
    def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        documented = ast.get_docstring(node) is not None and len(node.body) > 1
        first = node.body[1] if documented else node.body[0]
        return (node.end_lineno or first.lineno) - first.lineno + 1

    long = {node.name: length(node) for node in functions(path) if length(node) > FUNCTION_LINES_MAX}

    assert long == {}


@pytest.mark.parametrize("path", PURE, ids=module_name)
def test_the_pure_rooms_have_no_clock_no_dice_no_door_and_no_float(path: Path) -> None:
    imported = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module).partition(".")[0])
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "float", "eval", "exec"}, node.lineno

    assert imported & CLOCKS_AND_DICE == set()


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_only_the_guard_makes_approved_and_refused(path: Path) -> None:
    if module_name(path) == "bot.core.risk":
        return
    made = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Approved", "Refused"}
    ]

    assert made == []


def imported(node: ast.AST) -> set[str]:
    """Name what a statement or a call imports; relative imports stay in the house."""
    match node:
        case ast.Import():
            return {alias.name for alias in node.names}
        case ast.ImportFrom(module=str(name), level=0):
            return {name}
        case ast.Call(args=[ast.Constant(value=str(name)), *_]):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            return {name} if called in {"import_module", "__import__"} else set()
        case _:
            return set()


def lines_of_ccxt(root: ast.AST) -> set[int]:
    """Find where ccxt is imported within a module or a function."""
    nodes = (node for node in ast.walk(root) if isinstance(node, ast.stmt | ast.expr))
    return {node.lineno for node in nodes for name in imported(node) if name.partition(".")[0] == "ccxt"}


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_ccxt_is_imported_lazily_in_one_file(path: Path) -> None:
    found = lines_of_ccxt(tree(path))
    lazily = {line for function in functions(path) for line in lines_of_ccxt(function)}

    if module_name(path) == "bot.adapters.ccxt_venue":
        assert found == lazily != set()
    else:
        assert found == set()


def test_the_command_line_starts_without_a_heavy_library() -> None:
    heavy = {"aiohttp", "alembic", "ccxt", "httpx", "numpy", "plotly", "polars", "pydantic", "sqlalchemy"}
    code = f"import sys, bot.cli; print(sorted({heavy!r} & set(sys.modules)))"

    started = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert started.stdout == "[]\n"


def test_no_room_loads_ccxt_when_it_is_entered() -> None:
    rooms = sorted({module_name(path) for path in CODE if "migrations" not in path.parts} - {"bot.__main__"})
    code = f"import importlib, sys; [importlib.import_module(room) for room in {rooms!r}]; print('ccxt' in sys.modules)"

    entered = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert entered.stdout == "False\n"


@pytest.mark.parametrize("path", CODE, ids=module_name)
def test_no_exception_is_swallowed(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, node.lineno
            assert not (len(node.body) == 1 and isinstance(node.body[0], ast.Pass)), node.lineno


@pytest.mark.parametrize("path", TEXT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_machine_path_and_no_registry_address_is_written_down(path: Path) -> None:
    text = path.read_text("utf-8")
    if path == Path(__file__):
        return

    assert not re.search(
        r"/(work|root|home)/|pypi\.org|files\.pythonhosted|--index-url|(?<!\w)\.library\b", text
    )


@pytest.mark.parametrize("path", [*CODE, *sorted((ROOT / "tests").rglob("*.py"))], ids=module_name)
def test_lines_fit_a_screen(path: Path) -> None:
    long = [
        n for n, line in enumerate(path.read_text("utf-8").splitlines(), 1) if len(line) > LINE_LENGTH_MAX
    ]

    assert long == []


def test_the_changelog_is_newest_first() -> None:
    versions = [
        tuple(int(part) for part in found.split("."))
        for found in re.findall(
            r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
        )
    ]

    assert versions
    assert all(newer > older for newer, older in pairwise(versions))
