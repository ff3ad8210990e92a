"""A demo whose page is served, and how a browser comes in."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect

from tests.real import free_port, pictures

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FOUND_MS = 60_000


class Bot:
    """A demo whose page is served; it can be stopped, let go on, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.address = f"http://127.0.0.1:{self._port}/"
        self._demo: subprocess.Popen[bytes] | None = None

    @property
    def token(self) -> str:
        return (self._folder / ".hedgerow/web.token").read_text().strip()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = ["demo", "--headless", "--hours", "2400", "--serve", str(self._port)]
        self._demo = subprocess.Popen(
            [sys.executable, "-m", "bot", *words],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(600):
            assert self._demo.poll() is None
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}ping").is_success:
                    return
            time.sleep(0.1)
        raise AssertionError(self.address)

    def hang(self) -> None:
        assert self._demo is not None
        self._demo.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._demo is not None
        self._demo.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._demo is not None:
            self._demo.kill()
            self._demo.wait()
            self._demo = None


@contextmanager
def started(folder: Path) -> Iterator[Bot]:
    """Run a bot, and leave none behind."""
    bot = Bot(folder)
    try:
        bot.start()
        yield bot
    finally:
        bot.kill()


def enter(page: Page, bot: Bot) -> None:
    page.goto(bot.address)
    sign_in(page, bot)


def sign_in(page: Page, bot: Bot) -> None:
    """Fill in the form that is shown."""
    page.get_by_label("Token").fill(bot.token)
    page.get_by_role("button", name="Look in").click()
    expect(page.locator("[data-hedge]")).to_have_count(3, timeout=FOUND_MS)


def kept(page: Page, name: str) -> None:
    """Keep a picture, if pictures are wanted."""
    folder: Path | None = pictures()
    if folder is not None:
        page.screenshot(path=folder / name)
