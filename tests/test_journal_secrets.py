"""No secret of the settings is in a journal, a backup, a log or what a verb says."""

import json
from pathlib import Path

import pytest

from bot import wiring
from bot.adapters.journal_copy import backup
from bot.adapters.journal_reader import open_reader
from bot.settings import Settings, load, rules_from_json, shown
from bot.settings_layers import SettingsFaultsError
from tests.adapters.builders import decided
from tests.bots import Bot
from tests.postgres import PASSWORD, Server
from tests.test_cli import CONFIG

CANARIES = {
    "HEDGEROW_ACCOUNTS__MAIN__API_KEY": "canary-key",
    "HEDGEROW_ACCOUNTS__MAIN__API_SECRET": "canary-secret",
    "HEDGEROW_ACCOUNTS__MAIN__API_PASSPHRASE": "canary-passphrase",
}


def settings(folder: Path, **variables: str) -> Settings:
    config = folder / "hedgerow.toml"
    config.write_text('mode = "testnet"\n' + CONFIG.replace("deposit = 100000", 'venue = "bybit"'), "utf-8")
    return load([config], environ={**CANARIES, **variables}, dotenv=None).settings


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_journal_and_its_backup_hold_no_secret(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'kept.sqlite'}"
    if kind == "postgres":
        server: Server = request.getfixturevalue("postgres")
        url = server.database()
    given = (
        {"HEDGEROW_JOURNAL__URL": url}
        if kind == "postgres"
        else {"HEDGEROW_JOURNAL__PATH": str(tmp_path / "kept.sqlite")}
    )
    chosen = settings(tmp_path, **given)
    with wiring.journal_of(chosen, "main") as journal:
        journal.decided(*decided(1))
    file = tmp_path / "backup"
    backup(url, file)

    with open_reader(url, mode="testnet") as reader:
        last = reader.last_decision("main")
    assert last is not None
    whole = file.read_bytes()
    for secret in (*CANARIES.values(), PASSWORD):
        assert secret not in last.rules_json
        assert secret.encode() not in whole
    assert json.loads(last.rules_json)["accounts"]["main"]["api_key"] == "**********"
    assert rules_from_json(last.rules_json, "main") == chosen.rules("main"), "and they can be read again"


def test_an_address_is_never_shown(tmp_path: Path) -> None:
    chosen = settings(tmp_path, HEDGEROW_JOURNAL__URL=f"postgresql://me:{PASSWORD}@host/base")
    assert PASSWORD not in repr(chosen)
    assert PASSWORD not in chosen.model_dump_json()
    loaded = load(
        [tmp_path / "hedgerow.toml"],
        environ={**CANARIES, "HEDGEROW_JOURNAL__URL": f"postgresql://me:{PASSWORD}@host/base"},
        dotenv=None,
    )
    rows = {row.path: row.value for row in shown(loaded)}
    assert PASSWORD not in "".join(rows.values())
    assert wiring.journal_name(wiring.journal_url(chosen)) == "postgresql://me@host/base"


@pytest.mark.parametrize("wrong", [f"mysql://me:{PASSWORD}@host/base", PASSWORD])
def test_a_wrong_address_is_refused_and_not_repeated(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsFaultsError) as refused:
        settings(tmp_path, HEDGEROW_JOURNAL__URL=wrong)
    assert "This is no address of PostgreSQL. Write postgresql://user:password@host/database" in str(
        refused.value
    )
    assert PASSWORD not in str(refused.value)


def test_nobody_stands_by_at_a_file(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsFaultsError, match="A file of SQLite is one machine's, and nobody waits for it"
    ):
        settings(tmp_path, HEDGEROW_JOURNAL__STANDBY="true")


def test_every_verb_reads_a_journal_in_postgres_and_none_tells_the_password(
    postgres: Server, tmp_path: Path
) -> None:
    """On the offline market; freeze and resume write there, too."""
    bot = Bot(tmp_path / "a", postgres.database(), "127.0.0.1:1", standby=False)
    (bot.folder / "hedgerow.toml").write_text(CONFIG, "utf-8")
    said = ""
    for words in (
        ("explain",),
        ("run", "--seconds", "2"),
        ("status",),
        ("explain",),
        ("orders",),
        ("journal",),
        ("incidents",),
        ("rolls",),
        ("guard",),
        ("rehearse", "--shock", "+20%"),
        ("freeze", "--why", "a test"),
        ("resume", "--why", "a test"),
        ("unwind", "--yes", "--why", "a test"),
        ("resume", "--why", "a test"),
        ("replay",),
        ("run", "--seconds", "1"),
        ("replay", "--json"),
        ("status", "--json"),
        ("backup", "saved"),
        ("status", "--journal", "saved"),
        ("show-config",),
        ("check-config",),
    ):
        done = bot.command(*words)
        assert done.returncode == 0, (words, done.stderr)
        said += done.stdout + done.stderr
    refused = bot.command("settle", "no-such-order", "--gone")
    assert refused.returncode == 2
    assert "only an order that is unknown can be" in refused.stderr
    nowhere = bot.command("status", url=bot.url.replace("@127.0.0.1", "@127.0.0.2"))
    assert nowhere.returncode == 4
    assert "cannot be read" in nowhere.stderr
    assert PASSWORD not in said + refused.stderr + nowhere.stderr
    assert f"postgresql://hedgerow@127.0.0.1:{postgres.port}/" in said
