"""A journal that is not ours is refused in one sentence and left as it was, to the byte."""

import hashlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.journal import open_journal
from bot.adapters.journal_reader import open_reader
from bot.adapters.records import decision_to_json, snapshot_to_json
from bot.adapters.tables import HEAD
from bot.core.orders import OrderState
from bot.shell.ports import Activity, JournalUnavailableError
from tests.adapters.builders import ACCOUNT, RULES_JSON, decided, open_at, report, request_of, url_of

NOBODY = 65534
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/proc is what Linux has")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def picture_of(folder: Path) -> dict[str, str]:
    """Name every file of a folder with its contents' hash; in ``-shm`` files readers only note that they read."""
    files = {file.name: file for file in folder.iterdir()}
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()
        if file.is_file() and not name.endswith("-shm")
        else "there"
        for name, file in files.items()
    }


def refusal_of(path: Path, mode: str = "demo") -> str:
    """Open for writing and for reading; both must refuse, and change nothing."""
    before = picture_of(path.parent)
    with pytest.raises(JournalUnavailableError) as writing:
        open_at(path, mode=mode)
    assert picture_of(path.parent) == before
    with pytest.raises(JournalUnavailableError) as reading:
        open_reader(url_of(path), mode=mode)
    assert picture_of(path.parent) == before
    assert str(reading.value) == str(writing.value)
    return str(writing.value)


def make(path: Path, mode: str = "paper") -> None:
    """Leave a journal with something in it."""
    with open_at(path, mode=mode) as journal:
        journal.decided(*decided())


# --- not ours -----------------------------------------------------------------------------------------------


def test_a_journal_of_another_mode_is_refused(path: Path) -> None:
    make(path, mode="paper")
    assert refusal_of(path, mode="demo") == (
        f"{path} is a journal of mode paper; this is demo. Use another journal.path or run in mode paper."
    )


def test_a_journal_of_a_newer_hedgerow_is_refused(path: Path) -> None:
    make(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
        connection.execute("ALTER TABLE meta RENAME COLUMN value TO worth")
    connection.close()
    assert refusal_of(path) == (
        f"The journal at {path} was written by a newer Hedgerow (schema 0999; this one knows up to {HEAD})."
        " Upgrade Hedgerow or use another journal.path."
    )


def test_a_journal_in_use_is_refused_to_another_mode_without_a_trace(path: Path) -> None:
    with open_at(path, mode="paper") as journal:
        journal.decided(*decided())
        assert "is a journal of mode paper" in refusal_of(path, mode="demo")


def _text_file(path: Path) -> None:
    path.write_text("dear diary, today the basis was 12 %\n")


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _database_of_something_else(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()


def _database_of_another_alembic(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('4a5b')")
    connection.close()


def _damaged_journal(path: Path) -> None:
    make(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


@pytest.mark.parametrize(
    ("put", "sentence"),
    [
        (_text_file, "The file at {} is not a journal, nor any SQLite database: move it away or"),
        (_folder, "There is a folder at {}: give journal.path the name of a file."),
        (_pipe, "What is at {} is not a file: use another journal.path."),
        (_database_of_something_else, "The file at {} is a database of something else, not a journal: use"),
        (_database_of_another_alembic, "The file at {} is a database of something else, not a journal: use"),
        (_damaged_journal, "The journal at {} cannot be read (database disk image is malformed): check"),
    ],
)
def test_what_is_no_journal_is_refused(path: Path, put: Callable[[Path], None], sentence: str) -> None:
    put(path)
    assert refusal_of(path).startswith(sentence.format(path))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/hedgerow", "a.sqlite"])
def test_a_journal_is_a_file(url: str) -> None:
    with pytest.raises(JournalUnavailableError, match="give the path of a file, as sqlite:///path"):
        open_journal(url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON)


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(JournalUnavailableError) as refused:
        open_reader("mysql://me:hunter2@host/hedgerow", mode=None)
    assert "hunter2" not in str(refused.value)


# --- disks --------------------------------------------------------------------------------------------------


@linux_only
@pytest.mark.parametrize("place", ["/proc/hedgerow.sqlite", "/proc/hedgerow/journal.sqlite"])
def test_a_disk_that_cannot_be_written_is_named_with_its_path(place: str) -> None:
    with pytest.raises(JournalUnavailableError) as refused:
        open_at(Path(place))
    assert str(refused.value).startswith(f"The journal at {place} cannot be written (")
    assert str(refused.value).endswith("make room and rights there, or use another journal.path.")


@pytest.fixture
def bound_by_rights() -> Iterator[Path]:
    """Give a folder of a user whom rights bind: ourselves, or nobody while root runs the tests."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        root = os.geteuid() == 0
        make(place / "journal.sqlite")
        if root:
            for path in (place, *place.iterdir()):
                os.chown(path, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield place
        finally:
            if root:
                os.setresuid(0, 0, 0)


@pytest.mark.parametrize(
    ("what", "cause"), [("", "its folder is read-only"), ("journal.sqlite", "the file is read-only")]
)
def test_rights_that_lack_are_found_before_anything_is_touched(
    bound_by_rights: Path, what: str, cause: str
) -> None:
    place = bound_by_rights / what
    place.chmod(0o555)
    before = picture_of(bound_by_rights)
    with pytest.raises(JournalUnavailableError, match=rf"cannot be written \({cause}\)"):
        open_at(bound_by_rights / "journal.sqlite", mode="paper")
    assert picture_of(bound_by_rights) == before
    place.chmod(0o755)


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(JournalUnavailableError, match=r"data/journal.sqlite cannot be written \("):
        open_at(tmp_path / "data" / "journal.sqlite")


def test_a_disk_that_fills_up_while_a_journal_is_made_leaves_the_way_free_for_the_next_try(
    path: Path,
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(JournalUnavailableError, match=f"The journal at {path} cannot be written"):
            open_at(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    open_at(path).close()


@pytest.mark.parametrize("leftover", [b"", None])
def test_an_empty_file_or_none_becomes_a_journal(path: Path, leftover: bytes | None) -> None:
    if leftover is not None:
        path.write_bytes(leftover)
    make(path, mode="paper")
    assert open_reader(url_of(path), mode="paper").mode() == "paper"


# --- one writer an account ----------------------------------------------------------------------------------

WRITE = """
import signal, sys
from bot.adapters.journal import open_journal
from bot.adapters.records import decision_from_json, snapshot_from_json
url, account, snapshot, decision = sys.argv[1:]
journal = open_journal(url, mode="demo", account=account, rules_json="{}")
journal.decided(snapshot_from_json(snapshot), decision_from_json(decision))
print("decided", flush=True)
signal.pause()
"""


def writer_at(path: Path) -> subprocess.Popen[str]:
    """Start a writer in a process of its own and wait until its decision is journaled; the order is not sent yet."""
    picture, decision = decided()
    figures = snapshot_to_json(picture), decision_to_json(decision)
    command = [sys.executable, "-c", WRITE, url_of(path), ACCOUNT, *figures]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "decided\n"
    return process


def test_a_second_writer_is_refused_until_the_first_is_dead(path: Path) -> None:
    with writer_at(path) as writer:
        try:
            with pytest.raises(JournalUnavailableError) as refused:
                open_at(path)
            assert str(refused.value) == (
                f"Process {writer.pid} already writes the journal of account main at {path}: stop it first, one"
                " account has one writer."
            )
            open_at(path, account="a/b").close()
        finally:
            writer.send_signal(signal.SIGKILL)
    open_at(path).close()


def test_an_order_planned_by_a_process_that_was_killed_is_on_the_disk(path: Path) -> None:
    with writer_at(path) as writer:
        writer.send_signal(signal.SIGKILL)
    before = picture_of(path.parent)
    with open_reader(url_of(path), mode="demo") as reader:
        assert [order.state for order in reader.orders(ACCOUNT, limit=9)] == [OrderState.PLANNED]
    assert picture_of(path.parent) == before, "a reader does not tidy up after a dead writer"

    request = request_of(decided()[1])
    with open_at(path) as journal:
        assert [(order.request, order.state) for order in journal.working()] == [
            (request, OrderState.PLANNED)
        ]
        journal.order_moved(report(request, OrderState.CANCELLED), 1)
        assert journal.working() == ()


def test_closing_leaves_the_database_and_the_lock_file_only(path: Path) -> None:
    make(path)
    assert sorted(picture_of(path.parent)) == ["journal.sqlite", "journal.sqlite.main.lock"]


def test_two_ways_to_one_file_meet_the_same_lock(path: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    by_file, by_folder = tmp_path / "elsewhere" / "link.sqlite", tmp_path / "folder"
    by_file.symlink_to(path)
    by_folder.symlink_to(tmp_path)
    with open_at(path) as journal:
        journal.decided(*decided())
        for way in (by_file, by_folder / path.name):
            with pytest.raises(JournalUnavailableError, match="already writes the journal of account main"):
                open_at(way)
            with open_reader(url_of(way), mode="demo") as reader:
                assert reader.last_decision(ACCOUNT) is not None
    assert [file.name for file in (tmp_path / "elsewhere").iterdir()] == ["link.sqlite"]


def test_links_that_lead_in_a_circle_are_named(path: Path) -> None:
    path.symlink_to(path)
    with pytest.raises(JournalUnavailableError, match="its links lead in a circle"):
        open_at(path)


BESIDE = """
import fcntl, sys
fcntl.flock = lambda *_: None  # another machine's locks are not seen here
exec(sys.stdin.read())
"""


def test_a_writer_that_another_has_passed_can_write_nothing_more(path: Path) -> None:
    """Where locks are not shared the database itself knows who opened it last."""
    picture, decision = decided()
    figures = snapshot_to_json(picture), decision_to_json(decision)
    with open_at(path) as journal, open_at(path, account="other") as other:
        journal.heard(Activity(fills=(), payments=(), cursor=1), 1)
        command = [sys.executable, "-c", BESIDE, url_of(path), ACCOUNT, *figures]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as second:
            assert second.stdin is not None
            assert second.stdout is not None
            second.stdin.write(WRITE)
            second.stdin.close()
            assert second.stdout.readline() == "decided\n"
            second.send_signal(signal.SIGKILL)

        sentence = (
            rf"Process {second.pid} on .+ has taken over the journal of account main at {path}: one account"
        )
        for act in (
            lambda: journal.decided(*decided(2)),
            lambda: journal.order_moved(report(request_of(decision), OrderState.SENT), 1),
            lambda: journal.heard(Activity(fills=(), payments=(), cursor=2), 1),
            lambda: journal.found([], 1),
            lambda: journal.learned([], 1),
            journal.working,
        ):
            with pytest.raises(JournalUnavailableError, match=sentence):
                act()
        other.decided(*decided(account="other"))

    with open_reader(url_of(path), mode="demo") as reader:
        assert [one.number for one in reader.decisions(ACCOUNT)] == [1]
