"""`hedgerow journal` over a real session: a treasurer asks months later why the hedge was there."""

import json
from pathlib import Path

from tests.test_cli import Shell


def test_each_hedge_is_told_with_its_reason_its_prices_and_what_came_of_it(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("demo", "--headless", "--hours", "2", "--journal", "demo.sqlite")

    told = json.loads(shell.run("journal", "--journal", "demo.sqlite", "--json").stdout)
    words = shell.run("journal", "--journal", "demo.sqlite", "--hedge", "inverse").stdout

    assert sorted(note["hedge"] for note in told) == ["inverse", "linear", "quarterly"]
    for note in told:
        episode = note["episode"]
        assert note["rationale"] == "fixed ratio 1"
        assert note["ratio"] == "1"
        assert note["intended"] == "no end was set"
        assert episode["closed_ms"] is None
        assert 50_000 < float(episode["entry_price"]) < 70_000
        assert float(episode["fees"]) > 0
    assert "why: fixed ratio 1 (ratio 1)" in words
    assert "a contract is 100 quote currency" in words
    assert "linear" not in words.splitlines()[0]


def test_without_a_journal_it_says_what_to_do(tmp_path: Path) -> None:
    done = Shell(tmp_path).run("journal", "--journal", "gone.sqlite")

    assert (done.returncode, "start with `hedgerow demo`" in done.stderr) == (4, True)
