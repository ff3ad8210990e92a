"""Addresses and databases of PostgreSQL that will not do: each is told in a sentence, and no word of a password with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.adapters.clock import SystemClock
from bot.adapters.journal import open_journal
from bot.adapters.journal_controls import say
from bot.adapters.journal_reader import open_reader
from bot.adapters.journal_url import place_of
from bot.adapters.log import SilentLog
from bot.settings import Settings, load
from bot.shell.ports import JournalAwayError, JournalRefusedError, JournalUnavailableError, SettingsError
from bot.wiring import offline
from bot.wiring_leading import leadership
from tests.adapters.builders import ACCOUNT, RULES_JSON, START_MS, decided
from tests.postgres import PASSWORD, Server, database_of
from tests.test_cli import CONFIG

SECRET = "topsecret"  # noqa: S105 - made up: it may be told nowhere

BROKEN = (
    "postgresql://u:topsecret@host:notaport/db",
    "postgresql://u:topsecret@h1:5432,h2:5432/db",
    "postgresql://u:topsecret@[::1",
    "postgresql://u:p@ss:topsecret@127.0.0.1/hr",
    "postgresql://u:sec@topsecret@127.0.0.1/hr",
    "postgresql://u:topsecret@/db?host=h1&host=h2",
)


@pytest.mark.parametrize("url", BROKEN)
def test_an_address_that_makes_no_sense_is_told_without_its_words(url: str) -> None:
    with pytest.raises(JournalUnavailableError, match=r"journal\.url") as raised:
        place_of(url)
    assert SECRET not in str(raised.value)


def test_at_and_colon_are_written_with_per_cent(postgres: Server) -> None:
    url = postgres.database()
    postgres.execute("DROP ROLE IF EXISTS odd")
    postgres.execute("CREATE ROLE odd LOGIN SUPERUSER PASSWORD 'p@:/ss'")
    odd = f"postgresql://odd:p%40%3A%2Fss@127.0.0.1:{postgres.port}/{database_of(url)}"
    open_journal(odd, mode="demo", account=ACCOUNT, rules_json=RULES_JSON).close()
    with open_reader(odd, mode="demo") as reader:
        assert reader.mode() == "demo", "it was made where the address says"


REFUSED = (
    # what is wrong    with the address
    ("password",       lambda url: url.replace(PASSWORD, "wrong")),
    ("database",       lambda url: url + "_not_there"),
    ("user",           lambda url: url.replace("hedgerow:", "nobody:")),
    ("option",         lambda url: url + "?sslmode=perhaps"),
)  # fmt: skip


@pytest.mark.parametrize(("what", "wrong"), REFUSED, ids=[one[0] for one in REFUSED])
async def test_one_that_stands_by_ends_where_it_is_refused_for_ever(
    postgres: Server, tmp_path: Path, what: str, wrong: object
) -> None:
    assert callable(wrong)
    url = str(wrong(postgres.database()))
    settings = standing_by(tmp_path, url)

    with pytest.raises(JournalRefusedError, match="see that user, password, database and options") as raised:
        await leadership(settings, SystemClock(), SilentLog(), lambda: False, lambda: None)
    assert PASSWORD not in str(raised.value), what


def standing_by(folder: Path, url: str) -> Settings:
    table = f'[journal]\nurl = "{url}"\nstandby = true\nspool = "{folder}/spool"\n'
    (folder / "hedgerow.toml").write_text(CONFIG + table)
    return load([folder / "hedgerow.toml"], environ={}, dotenv=None).settings


def test_a_database_that_holds_some_alphabets_only_is_refused(postgres: Server) -> None:
    for encoding in ("LATIN1", "SQL_ASCII"):
        name = f"of_{encoding.lower()}"
        postgres.execute(
            f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        url = f"postgresql://postgres@127.0.0.1:{postgres.port}/{name}"
        with pytest.raises(
            JournalUnavailableError, match=f"is encoded in {encoding}: make one with `createdb"
        ):
            open_journal(url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON)


def test_whatever_a_person_writes_is_kept(postgres: Server) -> None:
    url = postgres.database()
    open_journal(url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON).close()
    say(url, ACCOUNT, "freeze", None, "山田", "価格 → ほ", START_MS)
    with open_reader(url, mode="demo") as reader:
        assert [(one.who, one.why) for one in reader.controls(ACCOUNT)] == [("山田", "価格 → ほ")]


def test_options_of_the_address_hold_beside_ours(postgres: Server) -> None:
    url = postgres.database()
    postgres.execute("CREATE SCHEMA trading AUTHORIZATION hedgerow", database_of(url))
    own = f"{url}?options=-csearch_path%3Dtrading"
    open_journal(own, mode="demo", account=ACCOUNT, rules_json=RULES_JSON).close()

    where = "SELECT schemaname FROM pg_tables WHERE tablename = 'decisions'"
    assert postgres.execute(where, database_of(url)) == [("trading",)]


@contextmanager
def demoted(server: Server) -> Iterator[None]:
    """Let a server be a standby that takes no writes, as after a failover."""
    server.stop("fast")
    (server.folder / "standby.signal").touch()
    (server.folder / "standby.signal").chmod(0o644)
    server.start()
    try:
        yield
    finally:
        server.stop("fast")
        (server.folder / "standby.signal").unlink()
        server.start()


def test_a_server_that_was_demoted_is_away_and_the_writer_goes_on_when_it_is_back(postgres: Server) -> None:
    url = postgres.database()
    with open_journal(url, mode="demo", account=ACCOUNT, rules_json=RULES_JSON) as journal:
        journal.decided(*decided(1))
        with demoted(postgres):
            with pytest.raises(JournalAwayError):
                journal.decided(*decided(2))
            journal.writer.regain()
            with pytest.raises(JournalAwayError, match=r"has become a standby of another|read-only"):
                journal.decided(*decided(2))
        with pytest.raises(JournalAwayError):
            journal.decided(*decided(2))
        assert journal.writer.regain()
        journal.decided(*decided(2))


def test_offline_keeps_away_from_a_database_for_all(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--offline keeps a journal of its own"):
        offline(standing_by(tmp_path, "postgresql://me@127.0.0.1/paper"))
    kept = offline(standing_by(tmp_path, "postgresql://me@127.0.0.1/{mode}")).journal
    assert kept.url.get_secret_value().endswith("/offline")
