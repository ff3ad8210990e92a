"""Backups that came to harm: each is refused as such, and nothing is left where it should have been restored."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.adapters.journal_copy import backup
from bot.adapters.journal_restore import restore
from bot.adapters.journal_url import place_of
from bot.shell.ports import JournalUnavailableError
from tests.adapters.builders import url_of
from tests.test_backup import write


def changed(statement: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(statement)
            connection.commit()

    return change


def zeroed(first: int, last: int) -> Callable[[Path], None]:
    def zero(file: Path) -> None:
        whole = bytearray(file.read_bytes())
        for page in range(first, min(last, len(whole) // 4096)):
            whole[page * 4096 : (page + 1) * 4096] = bytes(4096)
        file.write_bytes(whole)

    return zero


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            changed("UPDATE fills SET price = 'dear'"),
            r"cannot be read \(it holds a value that no journal holds",
        ),
        (changed("UPDATE orders SET state = 'lost'"), r"cannot be read \(it holds a value that no journal"),
        (changed("DELETE FROM rules"), r"is damaged \(2 rows astray\)"),
        (zeroed(1, 2), "(is damaged|cannot be read)"),
        (zeroed(8, 9), "(is damaged|cannot be read)"),
        (zeroed(1, 99), "(is damaged|cannot be read)"),
        (zeroed(0, 99), r"cannot be read \(file is not a database"),
    ],
)
def test_a_broken_backup_is_told_as_such_and_leaves_no_trace(
    anywhere: Path, tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    source, file = tmp_path / "source.sqlite", tmp_path / "b"
    write(source)
    backup(url_of(source), file)
    harm(file)
    with pytest.raises(JournalUnavailableError, match=rf"^The backup at {file} {said}.*: use another one"):
        restore(file, url_of(anywhere), "demo")
    assert place_of(url_of(anywhere)).look() is None
    assert {one.name for one in tmp_path.iterdir()} == {"source.sqlite", "source.sqlite.main.lock", "b"}
