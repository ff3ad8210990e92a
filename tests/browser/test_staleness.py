"""What is old says so, in a real browser, and an open page comes back by itself."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.builders import FOUND_MS, Bot, enter, sign_in, started

STALE = re.compile("stale")
ALTERED = """
  const Real = EventSource;
  window.EventSource = class extends Real {
    addEventListener(name, told) {
      super.addEventListener(name, name === "state" ? (event) => told({ data: window.alter ? window.alter(event.data) : event.data }) : told);
    }
  };
"""
"""Lets a test change what the stream tells before the page hears it."""
AWAY = """() => { window.alter = (data) => {
  const state = JSON.parse(data);
  state.accounts[0].trouble = "The venue is away.";
  state.accounts[0].looked_ms = state.now_ms - 90000;
  return JSON.stringify(state);
}; }"""


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """Give a bot of one's own, to be killed."""
    with started(tmp_path_factory.mktemp("mortal")) as running:
        yield running


def is_stale(page: Page, words: str) -> None:
    expect(page.locator("#link")).to_have_text(words, timeout=FOUND_MS)
    expect(page.locator("#link")).to_have_class(re.compile("bad"))
    expect(page.locator("body")).to_have_class(STALE)
    assert page.evaluate("getComputedStyle(document.querySelector('#hedges')).opacity") == "0.5"


def ages(page: Page) -> dict[str, int]:
    """Give how many seconds ago each account was looked at, as the page says."""
    told: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-looked]')].map((one) => [one.dataset.looked, one.textContent]))"
    )
    return {name: int(words.split()[-3]) for name, words in told.items()}


def is_live(page: Page) -> None:
    expect(page.locator("#link")).to_have_text("live", timeout=FOUND_MS)
    expect(page.locator("body")).not_to_have_class(STALE)


def test_a_bot_that_hangs_is_called_silent_until_it_goes_on(page: Page, bot: Bot) -> None:
    enter(page, bot)
    is_live(page)
    bot.hang()
    try:
        is_stale(page, "the bot is silent")
        before = ages(page)
        page.wait_for_timeout(2500)
        after = ages(page)
        assert before.keys() == after.keys()
        assert all(after[name] > before[name] for name in before), "they are counted in the page"
    finally:
        bot.go_on()

    is_live(page)


def test_an_account_whose_venue_is_away_is_named_though_the_bot_answers(page: Page, bot: Bot) -> None:
    page.add_init_script(ALTERED)
    enter(page, bot)
    name = page.evaluate(
        "fetch('/api/v1/state').then((one) => one.json()).then((one) => one.accounts[0].account)"
    )
    page.evaluate(AWAY)

    is_stale(page, f"out of reach: {name}")
    expect(page.locator("#alarms")).to_contain_text(f"{name}: The venue is away.")
    assert 90 <= ages(page)[name] < 90 + FOUND_MS / 1000
    page.evaluate("() => { window.alter = null; }")
    is_live(page)


def test_a_page_that_is_open_comes_back_after_the_bot_was_started_again(
    mortal: Bot, page: Page, complaints: list[str]
) -> None:
    enter(page, mortal)
    mortal.kill()
    is_stale(page, "the bot does not answer")

    mortal.start()

    expect(page.get_by_label("Token")).to_be_visible(timeout=FOUND_MS)  # its sessions ended with it
    sign_in(page, mortal)
    is_live(page)
    complaints[:] = [one for one in complaints if "net::ERR_" not in one]


def test_a_page_that_found_every_stream_taken_asks_again(page: Page, bot: Bot, complaints: list[str]) -> None:
    refused: list[str] = []

    def full(route: Route) -> None:
        refused.append(route.request.url)
        if len(refused) <= 2:
            route.fulfill(status=503, json={"error": "too many streams are open"})
        else:
            route.continue_()

    page.route("**/api/v1/stream", full)
    enter(page, bot)

    is_live(page)
    assert len(refused) == 3
    complaints[:] = [one for one in complaints if "503" not in one]


def test_a_page_whose_session_has_ended_asks_for_the_token(page: Page, bot: Bot) -> None:
    enter(page, bot)
    page.evaluate("fetch('/logout', { method: 'POST' })")

    expect(page.get_by_label("Token")).to_be_visible(timeout=FOUND_MS)
