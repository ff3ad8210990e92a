"""What hedges look like, asked again and again: the same as asked once, and nothing read twice."""

from pathlib import Path

import pytest

from bot.adapters.journal import open_journal
from bot.adapters.journal_reader import JournalReader, open_reader
from bot.looks import Ledger, last_views
from tests.adapters.builders import ACCOUNT, RULES_JSON, START_MS, activity, decided, fill, payment


def test_a_ledger_that_is_kept_says_what_a_new_one_says_and_reads_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kept = f"sqlite:///{tmp_path / 'j.sqlite'}", Ledger(ACCOUNT)
    read: list[str] = []
    fills = JournalReader.fills

    def counted(reader: JournalReader, account: str, *, skip: int = 0) -> object:
        found = fills(reader, account, skip=skip)
        read.extend(one.fill_id for one in found)
        return found

    with open_journal(url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON) as journal:
        journal.decided(*decided(1))
        for turn in range(1, 4):
            names = [f"{turn}{one}" for one in "ab"]
            told = activity(
                fills=tuple(fill(one) for one in names), payments=(payment(f"p{turn}"),), cursor=turn
            )
            journal.heard(told, START_MS)
            with open_reader(url, mode="demo") as reader:
                fresh = last_views(reader, ACCOUNT)
                monkeypatch.setattr(JournalReader, "fills", counted)
                assert last_views(reader, ACCOUNT, kept) == fresh
                assert last_views(reader, ACCOUNT, kept) == fresh
                monkeypatch.undo()
            (view,) = fresh
            assert view.profit.fees == -2 * turn * fill("x").fee
            assert view.profit.funding == turn * payment("x").amount

    assert read == ["1a", "1b", "2a", "2b", "3a", "3b"]
