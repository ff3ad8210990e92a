"""Channels and levels: what goes together, what an owner is told when it does not, and that secrets are shown nowhere."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import pytest

from bot.settings import Loaded, Settings, SettingsFaultsError, load, shown
from bot.settings_alerts import Levels
from bot.shell.notice import NoticeKind
from tests.settings.test_settings import MINIMAL

NOTHING: Mapping[str, str] = MappingProxyType({})
FULL = """\
[alerts.telegram]
token = "123:canary-token"
chat = -1001234
users = [11, 12]
[alerts.slack]
url = "https://hooks.example.org/canary-slack"
[alerts.discord]
url = "https://discord.example.org/canary-discord"
[alerts.webhook]
url = "http://127.0.0.1:9/canary-webhook"
secret = "canary-hmac"
[alerts.email]
host = "smtp.example.org"
user = "bot"
password = "canary-password"
sender = "bot@example.org"
recipients = ["ann@example.org"]
[alerts]
dead_man_url = "https://ping.example.org/canary-ping"
levels = { fill = "off", blind = "on" }
"""
SECRETS = ("token", "slack", "discord", "webhook", "hmac", "password", "ping")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def loaded(more: str, environ: Mapping[str, str] = NOTHING) -> Loaded:
    file = Path("hedgerow.toml")
    head, _, tables = more.partition("[alerts]\n")
    file.write_text(MINIMAL + (f"[alerts]\n{tables}" if tables else "") + head, "utf-8")
    return load([file], environ=environ, dotenv=None)


def faults(more: str, environ: Mapping[str, str] = NOTHING) -> list[str]:
    with pytest.raises(SettingsFaultsError) as caught:
        loaded(more, environ)
    return [f"{fault.path}: {fault.sentence} {fault.remedy}" for fault in caught.value.faults]


def test_nothing_is_told_by_default() -> None:
    alerts = loaded("").settings.alerts

    secrets = (alerts.telegram.token, alerts.slack.url, alerts.discord.url, alerts.webhook.url)
    assert all(not one.get_secret_value() for one in (*secrets, alerts.dead_man_url))
    assert (alerts.telegram.chat, alerts.telegram.users, alerts.email.host) == ("", (), "")


def test_every_kind_of_notice_has_a_level_but_the_test() -> None:
    assert set(Levels.model_fields) == set(get_args(NoticeKind)) - {"test"}
    assert {name for name, level in Levels().model_dump().items() if level != "on"} == {
        "fill",
        "blind",
        "guard_state",
    }


def test_channels_and_levels_are_read() -> None:
    alerts = loaded(FULL).settings.alerts

    assert (alerts.telegram.chat, alerts.telegram.users) == ("-1001234", (11, 12))
    assert (alerts.levels.fill, alerts.levels.blind, alerts.levels.cause) == ("off", "on", "on")
    assert (alerts.email.port, alerts.email.encryption) == (587, "starttls")


FAULTS = (
    # settings                                                    fault
    ('[alerts.telegram]\ntoken = "1:a"',                          "alerts.telegram.chat: `chat` is missing."),
    ('[alerts.telegram]\nchat = "5"',                             "alerts.telegram.token: `token` is missing."),
    ('[alerts.telegram]\nchat = "5"\ntoken = "hunter2"',          "alerts.telegram.token: This is no bot token."),
    ('[alerts.telegram]\nchat = "5"\ntoken = "1:a/../b"',         "alerts.telegram.token: This is no bot token."),
    ('[alerts.telegram]\nchat = "hunter2 x"\ntoken = "1:a"',      "alerts.telegram.chat: This is no chat."),
    ("[alerts.telegram]\nusers = [1]",                            "alerts.telegram.users: Commands need a bot."),
    ('[alerts.telegram]\nchat = "@x"\ntoken = "1:a"\nusers = [1]', "alerts.telegram.chat: Commands are heeded in a chat"),
    ('[alerts.telegram]\napi_address = "http://api.example.org"', "alerts.telegram.api_address: It would be sent in the"),
    ('[alerts.telegram]\napi_address = ""',                       "alerts.telegram.api_address: There is no address."),
    ('[alerts.slack]\nurl = "hunter2"',                           "alerts.slack.url: This is no address."),
    ('[alerts.slack]\nurl = "http://hunter2.example.org/"',       "alerts.slack.url: It would be sent in the clear."),
    ('[alerts.discord]\nurl = "ftp://hunter2"',                   "alerts.discord.url: This is no address."),
    ('[alerts.discord]\nurl = "https://hunter2:x/"',              "alerts.discord.url: This is no address."),
    ('[alerts.webhook]\nurl = "https://[hunter2/"',               "alerts.webhook.url: This is no address."),
    ('[alerts.webhook]\nsecret = "hunter2"',                      "alerts.webhook.url: `url` is missing."),
    ('[alerts.email]\nhost = "a.example.org"',                    "alerts.email.sender: `sender` is missing."),
    ('[alerts.email]\nsender = "a@b"',                            "alerts.email.host: `host` is missing."),
    ('[alerts.email]\nuser = "bot"\nhost = "127.0.0.1"\nencryption = "none"\nsender = "a@b"\nrecipients = ["c@d"]',
                                                                  "alerts.email.password: `password` is missing."),
    ('[alerts.email]\nhost = "a.b"\nsender = "a@b"\nrecipients = ["c@d"]\nencryption = "none"',
                                                                  "alerts.email.encryption: Mail would be sent in the"),
    ('[alerts.email]\nhost = "a.b"\nsender = "a@b\\nBcc: hunter2"\nrecipients = ["c@d"]',
                                                                  "alerts.email.sender: This is no address."),
    ('[alerts.email]\nhost = "a.b"\nsender = "a@b"\nrecipients = ["hunter2"]',
                                                                  "alerts.email.recipients: This is no address."),
    ('[alerts]\ndead_man_url = "http://hunter2.example.org"',     "alerts.dead_man_url: It would be sent in the clear."),
    ('[alerts]\nlevels = { fil = "on" }',                         "alerts.levels.fil: There is no `fil` in alerts.levels."),
    ('[alerts]\nlevels = { fill = "loud" }',                      "alerts.levels.fill: 'loud' must be 'on', 'silent' or 'off'"),
)  # fmt: skip


@pytest.mark.parametrize(("more", "beginning"), FAULTS)
def test_what_does_not_go_together_is_refused_and_no_secret_is_quoted(more: str, beginning: str) -> None:
    (fault,) = faults(more)

    assert fault.startswith(beginning)
    assert "hunter2" not in fault


def test_every_fault_is_told_at_once() -> None:
    found = faults(
        '[alerts.telegram]\ntoken = "x"\nusers = [1]\n[alerts.slack]\nurl = "x"\n[alerts.email]\nuser = "x"\n'
        '[risk]\nleverage_max = "x"\n'
    )

    assert [one.partition(":")[0] for one in found] == [
        "risk.leverage_max",
        "alerts.telegram.chat",
        "alerts.telegram.token",
        "alerts.slack.url",
        "alerts.email.host",
        "alerts.email.password",
    ]


def test_secrets_may_come_from_variables_and_mounted_files() -> None:
    Path("token").write_text("123:canary-token\n", "utf-8")
    read = loaded(
        '[alerts.telegram]\nchat = "5"\n',
        {"HEDGEROW_ALERTS__TELEGRAM__TOKEN_FILE": "token", "HEDGEROW_ALERTS__TELEGRAM__USERS": "[11]"},
    )

    telegram = read.settings.alerts.telegram
    assert (telegram.token.get_secret_value(), telegram.users) == ("123:canary-token", (11,))


def test_whatever_is_written_of_settings_holds_no_secret() -> None:
    read = loaded(FULL)
    rows = {row.path: row.value for row in shown(read)}

    settings = read.settings
    written = (repr(read), str(settings), str(settings.model_dump()), settings.model_dump_json(), str(rows))
    assert "canary" not in "".join(written)
    assert rows["alerts.telegram.token"] == rows["alerts.slack.url"] == "**********"


def test_journaled_settings_are_read_again_without_their_secrets() -> None:
    text = loaded(FULL).settings.model_dump_json()

    assert Settings.from_json(text).model_dump_json() == text
