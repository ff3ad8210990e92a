"""The page in a real browser: it loads, goes on by itself, fits a phone, complains of nothing, and keeps strangers out."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.real import free_port, pictures, program

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FOUND_MS = 60_000


@dataclass
class Bot:
    """A demo whose page is served."""

    address: str
    token: str


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    folder, port = tmp_path_factory.mktemp("page"), free_port()
    words = ["demo", "--headless", "--hours", "2400", "--serve", str(port)]
    demo = subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            assert demo.poll() is None
            with suppress(httpx.HTTPError):
                if httpx.get(f"{address}ping").is_success:
                    break
            time.sleep(0.1)
        yield Bot(address, (folder / ".hedgerow/web.token").read_text().strip())
    finally:
        demo.kill()
        demo.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program("chromium", "chromium libatomic1 fonts-dejavu-core")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page that fails the test at the end if anything was complained of."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]  # a size
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert [one for one in complaints if "401" not in one] == []


def enter(page: Page, bot: Bot) -> None:
    page.goto(bot.address)
    page.get_by_label("Token").fill(bot.token)
    page.get_by_role("button", name="Look in").click()
    expect(page.locator("[data-hedge]")).to_have_count(3, timeout=FOUND_MS)


def kept(page: Page, name: str) -> None:
    """Keep a picture, if pictures are wanted."""
    folder: Path | None = pictures()
    if folder is not None:
        page.screenshot(path=folder / name)


def test_it_shows_what_is_held_and_why(page: Page, bot: Bot) -> None:
    enter(page, bot)

    expect(page.locator("#mode")).to_have_text("demo")
    for hedge in ("linear", "inverse", "quarterly"):
        expect(page.locator(f"[data-hedge={hedge}]")).to_contain_text("target / achieved")
    expect(page.locator("#explain")).to_contain_text("= gap")
    expect(page.locator("#margin")).to_contain_text("halt")
    expect(page.locator("#rolls")).to_contain_text("BTC/USD:BTC-")
    expect(page.locator("#orders tbody tr").first).to_be_visible(timeout=FOUND_MS)
    expect(page.locator("#journal tbody tr").first).to_be_visible(timeout=FOUND_MS)
    expect(page.locator("[data-chart] svg polyline").first).to_be_attached(timeout=FOUND_MS)
    page.wait_for_timeout(4000)
    kept(page, "page.png")


def test_it_goes_on_without_being_loaded_again(page: Page, bot: Bot) -> None:
    enter(page, bot)
    page.evaluate("window.stayed = true")
    turn = int(page.locator("body").get_attribute("data-turn") or 0)

    for _ in range(FOUND_MS // 200):
        if int(page.locator("body").get_attribute("data-turn") or 0) > turn + 3:
            break
        page.wait_for_timeout(200)
    else:
        raise AssertionError(turn)

    assert page.evaluate("window.stayed") is True
    expect(page.locator("#link")).to_have_text("live")


def test_it_fits_a_phone(page: Page, bot: Bot) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a size
    enter(page, bot)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    width = "document.querySelector('[data-hedge=linear]').getBoundingClientRect().width"
    assert page.evaluate(width) > 300, "asked within the page: cards are drawn anew with every picture"
    kept(page, "phone.png")


def test_a_wrong_token_is_refused(page: Page, bot: Bot) -> None:
    page.goto(bot.address)
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Look in").click()

    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    assert page.locator("[data-hedge]").count() == 0


def test_who_leaves_is_asked_again(page: Page, bot: Bot) -> None:
    enter(page, bot)
    page.get_by_role("button", name="Leave").click()

    expect(page.get_by_label("Token")).to_be_visible()


def test_nothing_is_fetched_from_elsewhere(page: Page, bot: Bot) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    enter(page, bot)

    assert {url for url in asked if not url.startswith((bot.address, "data:"))} == set()
