"""The page in a real browser: it loads, goes on by itself, fits a phone, complains of nothing, and keeps strangers out."""

import re

from playwright.sync_api import Page, expect

from tests.browser.builders import FOUND_MS, PHONE, Bot, enter, kept


def shown(page: Page) -> int:
    """Give the number of the picture that is shown."""
    return int(page.locator("body").get_attribute("data-turn") or 0)


def goes_on(page: Page, pictures: int) -> None:
    """Wait until so many newer pictures have been shown."""
    turn = shown(page)
    for _ in range(FOUND_MS // 200):
        if shown(page) > turn + pictures:
            return
        page.wait_for_timeout(200)
    raise AssertionError(turn)


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
    with page.expect_response("**/api/v1/profit?hours=168"):
        page.get_by_role("button", name="7 days").click()  # draws the charts anew
    page.wait_for_timeout(500)
    kept(page, "page.png")


def test_a_treasurer_finds_what_the_contracts_pay_and_what_stands_behind_them(page: Page, bot: Bot) -> None:
    enter(page, bot)

    rows = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-hedge]")].map((card) => [card.dataset.hedge,
            Object.fromEntries([...card.querySelectorAll("dt")].map((one) => [one.textContent, one.nextSibling.textContent]))]))"""
    )
    for perpetual in ("linear", "inverse"):
        assert re.fullmatch(r"[+-]?\d+\.\d{4} % \(shorts (pay|receive)\)", rows[perpetual]["funding rate"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:00:00 UTC", rows[perpetual]["next settlement"])
    assert rows["quarterly"]["funding rate"] == "none"
    assert rows["quarterly"]["next settlement"].endswith("UTC (expiry)")
    for shown in rows.values():
        assert re.fullmatch(r"[+-]?\d+\.\d{3} %", shown["basis (mark to index)"])
    heads = "id => [...document.querySelectorAll(`#${id} th`)].map((one) => one.textContent)"
    assert "balance" in page.evaluate(heads, "wallets")
    assert page.evaluate(heads, "margin")[-1] == "next rungs"
    reached = re.compile(r"halt: (reached|\+\d+\.\d %)")
    expect(page.locator("#margin")).to_contain_text(reached, timeout=FOUND_MS)  # once a position is held


def test_every_table_and_every_box_that_scrolls_has_a_name(page: Page, bot: Bot) -> None:
    enter(page, bot)
    expect(page.locator("#orders table")).to_be_attached(timeout=FOUND_MS)

    named = page.evaluate(
        """() => [...document.querySelectorAll(".scroll")].map((box) => [box.tabIndex, box.getAttribute("role"),
            Boolean(box.getAttribute("aria-label")), [...box.querySelectorAll("table")].every((one) =>
            one.caption?.textContent && [...one.querySelectorAll("th")].every((head) => head.scope === "col"))])"""
    )
    assert len(named) >= 6
    assert all(one == [0, "region", True, True] for one in named)


def test_charts_are_not_fetched_with_every_picture(page: Page, bot: Bot) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/profit" in request.url else None)
    enter(page, bot)
    expect(page.locator("[data-chart] svg polyline").first).to_be_attached(timeout=FOUND_MS)
    asked.clear()
    goes_on(page, 20)

    assert len(asked) < 10, "every ten seconds, however many pictures there are"
    with page.expect_request("**/api/v1/profit?hours=720"):
        page.get_by_role("button", name="30 days").click()


def test_it_goes_on_without_being_loaded_again(page: Page, bot: Bot) -> None:
    enter(page, bot)
    page.evaluate("window.stayed = true")
    goes_on(page, 3)

    assert page.evaluate("window.stayed") is True
    expect(page.locator("#link")).to_have_text("live")


def test_it_fits_a_phone(page: Page, bot: Bot) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a size
    enter(page, bot)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    width = "document.querySelector('[data-hedge=linear]').getBoundingClientRect().width"
    assert page.evaluate(width) > 300, "asked within the page: cards are drawn anew with every picture"
    kept(page, "phone.png")

    expect(page.locator("#orders tbody tr").first).to_be_visible(timeout=FOUND_MS)
    expect(page.locator("#journal tbody tr").first).to_be_visible(timeout=FOUND_MS)
    beyond = page.evaluate(
        """width => [...document.querySelectorAll("td, button, .scroll")].filter((one) =>
            one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > width).map((one) => one.outerHTML)""",
        PHONE["width"],
    )
    assert beyond == []
    assert (
        page.evaluate("getComputedStyle(document.querySelector('#orders td'), '::before').content")
        == '"hedge"'
    )
    heights = page.evaluate(
        "[...document.querySelectorAll('button')].map((one) => one.getBoundingClientRect().height)"
    )
    assert min(heights) >= 44, "a thumb's"


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
