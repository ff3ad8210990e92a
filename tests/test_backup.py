"""Backups of a running bot, and the way back: replay agrees, and a run goes on from it."""

import json
import resource
import shutil
import signal
import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from bot.adapters import journal_copy, journal_restore
from bot.adapters.journal_copy import backup
from bot.adapters.journal_reader import open_reader
from bot.adapters.journal_restore import restore
from bot.adapters.journal_url import place_of
from bot.adapters.tables import HEAD, REVISIONS, metadata, upgrade
from bot.core.orders import OrderState
from bot.shell.ports import JournalTakenError, JournalUnavailableError
from tests.adapters.builders import (
    ACCOUNT,
    ELSEWHERE,
    START_MS,
    activity,
    decided,
    fill,
    open_at,
    payment,
    report,
    request_of,
    url_of,
)
from tests.adapters.test_journal_migration import DUMP
from tests.bots import Bot, check_books, ended, fills_in, replayed, settled, street, until
from tests.postgres import PASSWORD, Server

S = OrderState


def write(path: Path) -> None:
    """Leave a journal with something in every table that a session writes."""
    with open_at(path) as journal:
        picture, decision = decided(1)
        journal.decided(picture, decision)
        journal.order_moved(report(request_of(decision), S.SENT), START_MS)
        journal.heard(activity(fills=(fill("a"), fill("b")), payments=(payment("p"),), cursor=2), START_MS)
        journal.learned(picture.contracts, START_MS)
        journal.decided(*decided(2))


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where to restore to, of either kind."""
    path = tmp_path / "restored" / "journal.sqlite"
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres")
        ELSEWHERE[path] = server.database()
    return path


def told(path: Path) -> list[object]:
    """Everything a reader is told."""
    with open_reader(url_of(path), mode="demo") as reader:
        return [
            list(reader.decisions(ACCOUNT)),
            reader.orders(ACCOUNT, None),
            reader.fills(ACCOUNT),
            reader.payments(ACCOUNT),
            reader.terms(ACCOUNT),
            reader.began(ACCOUNT),
            [reader.order_events(one.request.client_order_id) for one in reader.orders(ACCOUNT, None)],
        ]


def test_what_is_saved_and_brought_back_says_the_same_and_is_written_on(
    anywhere: Path, target: Path, tmp_path: Path
) -> None:
    write(anywhere)
    file = tmp_path / "saved" / "one.backup"

    saved = backup(url_of(anywhere), file)
    back = restore(file, url_of(target), "demo")

    assert (saved.mode, saved.revision) == ("demo", HEAD)
    assert saved.rows["decisions"] == 2
    assert saved.rows["fills"] == 2
    assert {name: rows for name, rows in back.rows.items() if name not in {"writers", "meta"}} == {
        name: rows for name, rows in saved.rows.items() if name not in {"writers", "meta"}
    }
    assert told(file) == told(anywhere) == told(target)
    assert [one.name for one in file.parent.iterdir()] == [file.name], "one file and nothing beside it"
    with open_at(target) as journal:
        journal.decided(*decided(3))
        journal.heard(activity(fills=(fill("c"),), cursor=3), START_MS)
    with open_reader(url_of(target), mode="demo") as reader:
        assert [one.fill_id for one in reader.fills(ACCOUNT)] == ["a", "b", "c"], (
            "in the order they were heard"
        )


def test_a_journal_is_saved_while_it_is_written(anywhere: Path, tmp_path: Path) -> None:
    write(anywhere)
    with open_at(anywhere) as journal:
        journal.decided(*decided(3))
        assert backup(url_of(anywhere), tmp_path / "b").rows["decisions"] == 3
        journal.decided(*decided(4))
        assert backup(url_of(anywhere), tmp_path / "b").rows["decisions"] == 4, "the older one is replaced"


def test_a_backup_replaces_an_older_backup_and_nothing_else(anywhere: Path, tmp_path: Path) -> None:
    write(anywhere)
    live, notes = tmp_path / "live.sqlite", tmp_path / "hedgerow.toml"
    write(live)
    notes.write_text('mode = "demo"')
    for name in ("wal", "shm", "journal"):
        rest = tmp_path / f"rest-{name}"
        backup(url_of(anywhere), rest)
        (tmp_path / f"rest-{name}-{name}").touch()
    (tmp_path / "nothing").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    names = ("live.sqlite", "hedgerow.toml", "rest-wal", "rest-shm", "rest-journal", "nothing", "circle")
    for name in names:
        with pytest.raises(
            JournalUnavailableError, match="no backup at rest, and was left as it is: move it"
        ):
            backup(f"{url_of(anywhere)}", tmp_path / name)
    assert notes.read_text() == 'mode = "demo"'
    assert len(told(live)) == 7, "it is read as before"


def test_a_backup_onto_the_journal_itself_leaves_it_as_it_is(tmp_path: Path) -> None:
    path, hard, soft = (tmp_path / name for name in ("journal.sqlite", "hard", "soft"))
    write(path)
    hard.hardlink_to(path)
    soft.symlink_to(path)
    before = path.read_bytes()
    beside = (tmp_path / f"journal.sqlite{suffix}" for suffix in ("-wal", "-shm", "-journal"))
    for name in (path, hard, soft, *beside, tmp_path / ".." / tmp_path.name / path.name):
        with pytest.raises(JournalUnavailableError, match="is the journal itself or a part of it"):
            backup(url_of(path), name)
    assert path.read_bytes() == before
    assert path.samefile(hard)
    assert soft.is_symlink()


def test_a_journal_that_anything_is_written_in_is_left_as_it_was(target: Path, tmp_path: Path) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    with open_at(target) as journal:
        journal.decided(*decided(7))
    before = told(target)

    with pytest.raises(JournalUnavailableError, match=r"is not empty \(decisions, .*and was left as it is"):
        restore(file, url_of(target), "demo")

    assert told(target) == before


def test_a_journal_that_was_opened_and_nothing_written_in_takes_a_backup(
    target: Path, tmp_path: Path
) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    open_at(target).close()
    assert restore(file, url_of(target), "demo").rows["decisions"] == 2


def test_a_backup_of_another_mode_or_a_newer_schema_and_what_is_none_are_refused(
    target: Path, tmp_path: Path
) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    with pytest.raises(JournalUnavailableError, match=r"is a journal of mode demo; this is live"):
        restore(file, url_of(target), "live")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    connection.close()
    with pytest.raises(JournalUnavailableError, match=r"was written by a newer Hedgerow \(schema 0999"):
        restore(file, url_of(target), "demo")
    with pytest.raises(JournalUnavailableError, match="There is no backup at"):
        restore(tmp_path / "none", url_of(target), "demo")
    (tmp_path / "text").write_text("dear diary")
    with pytest.raises(
        JournalUnavailableError, match=r"The backup at .* cannot be read \(file is not a database"
    ):
        restore(tmp_path / "text", url_of(target), "demo")
    with pytest.raises(JournalUnavailableError, match="No journal at"):
        open_reader(url_of(target), mode=None)


def test_a_backup_of_an_old_schema_comes_back_in_the_newest(target: Path, tmp_path: Path) -> None:
    file = tmp_path / "old"
    connection = sqlite3.connect(file)
    connection.executescript(DUMP.read_text("utf-8"))
    connection.close()
    before = file.read_bytes()

    assert restore(file, url_of(target), "demo").revision == HEAD

    assert file.read_bytes() == before
    with open_at(target) as journal:
        assert journal.memory().number == 4 + journal_restore.RESTORED_AHEAD


def test_a_backup_that_lost_a_row_on_the_way_is_not_given_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    whole = journal_copy._copy_file  # noqa: SLF001 - broken on purpose

    def losing(connection: object, to: Path, what: str) -> dict[str, int]:
        rows = whole(connection, to, what)  # type: ignore[arg-type]  # passed on
        with sqlite3.connect(to) as target:
            target.execute("DELETE FROM payments")
        target.close()
        return rows

    monkeypatch.setattr(journal_copy, "_copy_file", losing)
    with pytest.raises(JournalUnavailableError, match="is not as the journal is"):
        backup(url_of(source), file)
    assert {one.name for one in tmp_path.iterdir()} == {"source.sqlite", "source.sqlite.main.lock"}


def test_a_restore_that_breaks_off_leaves_nothing(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    whole = journal_restore._carry  # noqa: SLF001 - broken on purpose

    def broken(*given: object) -> None:
        if str(given[-1]) == "payments":
            raise OSError(28, "No space left on device")
        whole(*given)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(journal_restore, "_carry", broken)
    with pytest.raises(JournalUnavailableError, match="No space left on device"):
        restore(file, url_of(target), "demo")
    monkeypatch.undo()
    assert restore(file, url_of(target), "demo").rows["payments"] == 1


def test_nothing_is_restored_under_a_writers_hands(target: Path, tmp_path: Path) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    place = place_of(url_of(target))
    place.make_way()
    with open_at(target, account="other"), pytest.raises(JournalTakenError, match="account other at"):
        restore(file, url_of(target), "demo")
    lock = place.lock(ACCOUNT, "demo")
    with pytest.raises(JournalTakenError, match=f"already writes the journal of account {ACCOUNT}"):
        restore(file, url_of(target), "demo")
    lock.release()
    assert restore(file, url_of(target), "demo").rows["decisions"] == 2
    with open_at(target), open_at(target, account="other"):
        pass


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_journal_of_an_older_schema_is_saved_as_it_is(
    anywhere: Path, tmp_path: Path, revision: str
) -> None:
    engine = place_of(url_of(anywhere)).engine()
    with engine.begin() as connection:
        upgrade(connection, revision)
        connection.exec_driver_sql("INSERT INTO meta VALUES ('mode', 'demo')")
        connection.exec_driver_sql("INSERT INTO rules VALUES ('d', '{}')")
        connection.exec_driver_sql("INSERT INTO cursors VALUES ('main', 7)")
    engine.dispose()

    saved = backup(url_of(anywhere), tmp_path / "b")

    assert (saved.revision, saved.rows["cursors"], "marks" in saved.rows) == (revision, 1, revision >= "0005")
    assert restore(tmp_path / "b", url_of(tmp_path / "new.sqlite"), "demo").rows["cursors"] == 1


def test_a_backup_wants_the_name_of_a_file(
    anywhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(anywhere)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in ("/", ".", "..", "", "a?b"):
        with pytest.raises(
            JournalUnavailableError, match=r"The backup cannot be at .*: give the name of a file"
        ):
            backup(url_of(anywhere), Path(name))
    for place in (Path("/proc/self/x.sqlite"), Path("/dev/null/x")):
        with pytest.raises(JournalUnavailableError, match=rf"^The backup at {place} cannot be written \("):
            backup(url_of(anywhere), place)
    assert not list(Path().iterdir())


def test_a_full_disk_is_the_backups_own(anywhere: Path, tmp_path: Path) -> None:
    """The disk is full from the first page on: the system lets no file grow."""
    write(anywhere)
    backup(url_of(anywhere), tmp_path / "b")
    before = (tmp_path / "b").read_bytes()
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(
            JournalUnavailableError, match=rf"^The backup at {tmp_path / 'b'} cannot be written \("
        ):
            backup(url_of(anywhere), tmp_path / "b")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "b").read_bytes() == before
    assert not list(tmp_path.glob(".hedgerow-backup-*"))


def test_a_backup_is_its_owners_alone_and_two_at_once_do_each_other_no_harm(
    anywhere: Path, tmp_path: Path
) -> None:
    write(anywhere)
    file = tmp_path / "saved" / "b"
    with ProcessPoolExecutor(4, get_context("spawn")) as pool:
        saved = list(pool.map(backup, [url_of(anywhere)] * 8, [file] * 8))
    assert {one.rows["decisions"] for one in saved} == {2}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["b"]


def test_every_table_is_carried_over() -> None:
    carried = {table.name for table in journal_restore.CARRIED}
    assert carried == set(metadata.tables) - {"writers"}


async def test_a_running_bots_backup_is_restored_elsewhere_and_a_run_goes_on_from_it(
    postgres: Server, tmp_path: Path
) -> None:
    """From SQLite by a running bot, to PostgreSQL; and from there to another file. No secret is in any of it."""
    with street() as told_:
        bot = Bot(tmp_path / "a", "", told_["address"], standby=False)
        kept = f"sqlite:///{bot.folder}/.hedgerow/local.sqlite"
        file = tmp_path / "running.backup"
        with ended(bot):
            bot.start()
            until(lambda: fills_in(kept) >= 3, "three fills", bot)
            done = bot.command("backup", str(file), "--json")
            assert done.returncode == 0, done.stderr
            saved = json.loads(done.stdout)
            until(lambda: fills_in(kept) >= 5, "more fills", bot)
            bot.send(signal.SIGKILL)
        assert saved["mode"] == "local"
        assert saved["rows"]["fills"] >= 3
        replayed(bot, "--journal", str(file))

        shutil.rmtree(bot.folder / ".hedgerow")
        moved = Bot(tmp_path / "b", postgres.database(), told_["address"], standby=False)
        restored = moved.command("restore", str(file))
        assert restored.returncode == 0, restored.stderr
        assert PASSWORD not in restored.stdout
        replayed(moved)
        again = moved.command("restore", str(file))
        assert again.returncode == 4
        assert "is not empty" in again.stderr
        with ended(moved):
            moved.start()
            await settled(moved.url, told_, moved)
            assert moved.send(signal.SIGTERM) == 0
        second = tmp_path / "of-postgres.backup"
        assert moved.command("backup", str(second)).returncode == 0
        replayed(moved, "--journal", str(second))
        for one in (file, second):
            assert PASSWORD.encode() not in one.read_bytes()
        assert PASSWORD not in moved.said()
        await check_books(moved.url, told_, "-0.5")
