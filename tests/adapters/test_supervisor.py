"""What a supervisor is told, over a real socket."""

import os
import socket
from pathlib import Path

import pytest

from bot.adapters import supervisor


@pytest.mark.parametrize("abstract", [False, True])
def test_words_reach_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    name = f"@{tmp_path.name}-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("\0" + name[1:] if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)

        supervisor.tell("READY=1")

        assert heard.recv(100) == b"READY=1"


def test_without_a_supervisor_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    opened: list[object] = []
    monkeypatch.setattr(socket, "socket", lambda *kind: opened.append(kind))

    supervisor.tell("READY=1")

    assert opened == []


@pytest.mark.parametrize(
    ("given", "whose", "wanted"),
    [
        ("30000000", "", 30.0),
        ("30000000", "mine", 30.0),
        ("30000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("soon", "", None),
    ],
)
def test_a_sign_of_life_is_given_if_this_process_is_asked(
    monkeypatch: pytest.MonkeyPatch, given: str, whose: str, wanted: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", given)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if whose == "mine" else whose)
    assert supervisor.watchdog_seconds() == wanted
