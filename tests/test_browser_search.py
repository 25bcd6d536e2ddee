"""Searching in a real browser: results while typing, back and forward, filters, hits, the keyboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from support import query_of, type_query

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request, Route


ARTICLE = "/articles/replacement/france-lost"
SETTLED = 1300
"""Milliseconds after typing by which the address has its history entry and the count is announced."""


# Live search


def test_results_come_while_typing_and_the_address_stays_true(page: Page) -> None:
    page.goto("/")
    type_query(page, "激活失败")
    assert page.locator(".card").count() > 0
    assert query_of(page) == "q=激活失败"
    assert page.title().startswith("激活失败")


def test_what_lies_below_the_first_screen_follows_at_once(page: Page) -> None:
    page.goto("/")
    page.evaluate("""() => {
      window.drawn = () => [...document.querySelectorAll(".card > h2")].filter(
        (title) => title.checkVisibility({ contentVisibilityAuto: true })).length;
      const look = () => requestAnimationFrame(() => setTimeout(() => { window.first = drawn(); }));
      document.addEventListener("htmx:afterSwap", look, true);
      window.until = (holds) => new Promise((done) => {
        const again = () => (holds() ? done() : requestAnimationFrame(again));
        again();
      });
    }""")
    type_query(page, "法国")
    page.evaluate("until(() => drawn() === 8)")
    assert page.evaluate("first") == 3, "what fills a phone's screen is drawn first"
    page.mouse.wheel(0, 900)
    page.evaluate("until(() => scrollY > 500)")
    page.locator("#q").fill("丢失")
    page.wait_for_selector(".card mark:text-is('丢失')")
    page.evaluate("until(() => first > 3 && first === drawn())")  # whoever has scrolled sees no gap


def test_what_is_typed_before_the_scripts_have_come_is_searched_too(page: Page) -> None:
    def slow(route: Route) -> None:
        page.locator("#q").fill("丢失")
        page.wait_for_timeout(100)
        route.continue_()

    page.route("**/htmx.min*.js*", slow)
    page.goto("/", wait_until="commit")
    page.wait_for_selector(".card mark")
    assert query_of(page) == "q=丢失"


def test_back_and_forward_restore_page_and_box(page: Page) -> None:
    page.goto("/")
    entries = page.evaluate("history.length")
    type_query(page, "丢失")
    page.wait_for_timeout(SETTLED)
    assert page.evaluate("history.length") == entries + 1, "one entry for one search, not one a letter"
    page.locator("#q").fill("")
    type_query(page, "二维码")
    page.wait_for_timeout(SETTLED)

    page.go_back()
    page.wait_for_selector(".card mark:text-is('丢失')")
    assert page.locator("#q").input_value() == "丢失"
    page.go_back()
    page.wait_for_selector(".emergencies")
    assert page.locator("#q").input_value() == ""
    assert page.title() == "eSIM 帮助中心"
    page.go_forward()
    page.wait_for_selector(".card mark:text-is('丢失')")
    assert query_of(page) == "q=丢失"


def test_enter_gives_the_search_an_entry_of_its_own_at_once(page: Page) -> None:
    page.goto("/")
    page.locator("#q").press_sequentially("补卡")
    page.locator("#q").press("Enter")
    page.wait_for_selector(".card")
    page.wait_for_timeout(100)
    page.go_back()
    page.wait_for_selector(".emergencies")


def test_only_between_keystrokes_the_quick_answer_is_asked_for(page: Page) -> None:
    page.goto("/")
    hasty: list[str | None] = []

    def note(request: Request) -> None:
        if "/search?" in request.url:
            hasty.append(request.headers.get("hx-typing"))

    page.on("request", note)
    with page.expect_response("**/search?*"):
        page.locator("#q").press_sequentially("丢")
    assert set(hasty) == {"true"}
    with page.expect_response("**/search?*"):
        page.keyboard.press("Enter")
    assert hasty[-1] is None


def test_a_late_reply_never_replaces_a_newer_one(page: Page) -> None:
    page.goto("/search")

    def late(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route(re.compile(r"/search\?q=%E4%B8%A2%E5%A4%B1$"), late)
    page.locator("#q").fill("丢失")
    page.wait_for_timeout(60)
    page.locator("#q").fill("二维码")
    page.wait_for_selector(".card mark:text-is('二维码')")
    page.wait_for_timeout(600)
    assert page.locator(".card mark:text-is('丢失')").count() == 0
    assert query_of(page) == "q=二维码"


def test_old_results_stay_in_place_until_new_ones_arrive(page: Page) -> None:
    page.goto("/search?q=丢失")
    first = page.locator(".card").first
    top = first.bounding_box()["y"]
    page.route(re.compile("/search"), lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.locator("#q").fill("损坏")
    page.wait_for_selector("#main[aria-busy=true]")
    assert first.is_visible()
    page.wait_for_selector(".card mark:text-is('损坏')")
    assert page.locator(".card").first.bounding_box()["y"] == top
    assert page.locator("#main").get_attribute("aria-busy") == "false"


def test_the_count_is_announced_after_typing_stops(page: Page) -> None:
    page.goto("/")
    status = page.locator("#search-announce")
    assert status.get_attribute("aria-live") == "polite"
    type_query(page, "丢失")
    assert status.inner_text() == "", "not while typing"
    page.wait_for_timeout(SETTLED)
    assert "篇文章" in status.inner_text()
    assert status.inner_text() == page.locator("#search-count").inner_text()


def test_offline_is_said_and_old_results_stay(browser: Browser, live_server: str) -> None:
    context = browser.new_context(base_url=live_server)
    page = context.new_page()
    page.goto("/search?q=丢失")
    page.route(re.compile("/search"), lambda route: route.abort())
    page.locator("#q").fill("损坏")
    page.wait_for_selector("#search-announce:has-text('网络不通')", state="attached")
    assert page.locator(".card").count() > 0
    context.close()


# Filters, hits, keyboard


def test_filters_combine_and_each_chip_takes_one_away(page: Page) -> None:
    page.goto("/search?q=补卡")
    page.locator(".filters > summary").click()
    page.locator("input[name=region][value=法国]").check(force=True)
    page.wait_for_selector(".chips a:has-text('法国')")
    assert page.locator("input[name=carrier][value=Orange]").is_visible(), "the sheet stays open"
    assert page.locator(".filters > summary").inner_text().split() == ["筛选", "1"]
    assert page.evaluate("document.activeElement.value") == "法国", "the keyboard stays where it was"
    page.locator("input[name=carrier][value=Orange]").check(force=True)
    page.wait_for_selector(".chips a:has-text('Orange')")
    assert query_of(page) == "q=补卡&region=法国&carrier=Orange"
    assert page.locator("#q").input_value() == "补卡"
    page.locator(".chips a:has-text('法国')").click()
    page.wait_for_selector(".chips a:has-text('法国')", state="detached")
    assert query_of(page) == "q=补卡&carrier=Orange"
    type_more = page.locator("#q")
    type_more.press_sequentially(" 费用")
    page.wait_for_url(re.compile("%E8%B4%B9%E7%94%A8"))
    assert "carrier=Orange" in query_of(page), "typing on keeps the filters"


def test_a_hit_unfolds_in_place_and_folds_again(page: Page) -> None:
    page.goto("/search?q=报失")
    link = page.locator(".unfold").first
    link.click()
    unfolded = page.locator(".unfolded").first
    unfolded.locator(".prose").wait_for()
    assert link.get_attribute("aria-expanded") == "true"
    assert urlsplit(page.url).path == "/search"
    link.click()
    assert unfolded.is_hidden()
    assert link.get_attribute("aria-expanded") == "false"


def test_keys_lead_from_box_to_hit_and_back(page: Page) -> None:
    page.goto("/search?q=丢失")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = page.locator(".hit").nth(1)
    assert second.evaluate("hit => hit === document.activeElement")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("ArrowDown")
    target = page.locator(".hit").first.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")
    page.go_back()
    page.locator("#q").focus()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/search(\?q=)?$"))
    assert page.locator("#q").input_value() == ""


def test_the_arrows_pass_what_is_folded_and_a_link_skips_the_filters(page: Page) -> None:
    page.goto("/search?q=法国 丢失")
    assert page.locator(".more-steps").first.is_visible()
    page.locator("#q").focus()
    shown = page.locator(".hit").evaluate_all("hits => hits.filter(hit => !hit.closest('details:not([open])')).length")
    for _ in range(shown):
        page.keyboard.press("ArrowDown")
    last = page.locator(".card").last.locator(".hit").last
    assert last.evaluate("hit => hit === document.activeElement")
    page.locator("#q").focus()
    tabs = 0
    while page.evaluate("document.activeElement.className") != "skip to-results":
        page.keyboard.press("Tab")
        tabs += 1
        assert tabs < 9
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.card') === document.querySelector('.card')")


def test_recent_searches_stay_on_the_device_and_can_be_removed(page: Page) -> None:
    page.goto("/")
    type_query(page, "手机丢了")
    page.wait_for_timeout(SETTLED)
    page.goto("/")
    page.locator("#q").focus()
    entry = page.locator("#search-recent a", has_text="手机丢了")
    assert entry.is_visible()
    page.locator("#search-recent .forget").first.click()
    assert entry.count() == 0
    assert page.evaluate("localStorage.getItem('recent')") == "[]"
