"""What readers do with pages, in a real browser: tick off, print, walk a guide, with a phone, without JavaScript."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support import query_of, type_query

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARTICLE = "/articles/replacement/france-lost"
GOOD_PAGES = ("/", "/search?q=法国 丢失&region=法国", "/search?q=qxzvbn", "/topics/replacement", ARTICLE)
PAGES = (*GOOD_PAGES, "/search", "/nowhere")


def test_the_theme_is_kept(page: Page) -> None:
    page.goto("/")
    page.locator(".theme").click()
    page.locator(".theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.goto(ARTICLE)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark != "rgb(0, 0, 0)"


def test_traditional_is_remembered(page: Page) -> None:
    page.goto(ARTICLE)
    page.locator(".language").click()
    page.wait_for_url(f"**/zh-hant{ARTICLE}")
    assert page.locator("html").get_attribute("lang") == "zh-Hant"
    assert "eSIM" in page.locator("h1").inner_text()
    page.goto("/")
    assert urlsplit(page.url).path == "/zh-hant/"
    type_query(page, "丢失")
    assert urlsplit(page.url).path == "/zh-hant/search"
    page.locator(".language").click()
    page.wait_for_url(re.compile(r"//[^/]+/search"))
    page.goto("/")
    assert urlsplit(page.url).path == "/"


@pytest.mark.parametrize("address", PAGES)
def test_a_phone_never_scrolls_sideways(page: Page, address: str) -> None:
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, "200 % zoom of a small phone"


TOO_SMALL = """() => {
  const small = [];
  for (const one of document.querySelectorAll('a, button, input:not([type=hidden]), summary, textarea')) {
    const box = one.getBoundingClientRect(), before = getComputedStyle(one).display === 'inline' && one.parentElement;
    if (!one.checkVisibility() || !box.height || one.matches('.visually-hidden, .skip')) continue;
    const beside = before && before.textContent.trim().length - one.textContent.trim().length;
    if (beside > 4) continue;  // a link in a sentence
    const drawn = ['::before', '::after'].map(name => getComputedStyle(one, name))
      .map(style => style.position === 'absolute' && style.content !== 'none' ? parseFloat(style.height) : 0);
    if (Math.max(box.height, ...drawn) < 43.5) small.push(one.outerHTML.slice(0, 80));
  }
  return small;
}"""


@pytest.mark.parametrize("address", [*PAGES, "/search?region=法国", "/guides/replace/fr", "/api", "/about"])
def test_whatever_is_tapped_is_high_enough(page: Page, address: str) -> None:
    page.goto(address)
    assert page.evaluate(TOO_SMALL) == []


def nothing_is_cut(page: Page) -> bool:
    name = "document.querySelector('.brand span')"
    return bool(
        page.evaluate(f"document.documentElement.scrollWidth <= 390 && {name}.scrollWidth <= {name}.clientWidth")
    )


def test_text_of_twice_the_size_cuts_no_name_and_scrolls_nothing_sideways(large_text: Page) -> None:
    for address in PAGES:
        large_text.goto(address)
        assert large_text.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 34
        assert nothing_is_cut(large_text), address


@pytest.mark.parametrize("size", ["21px", "34px", "40px"])
def test_text_that_something_else_makes_larger_cuts_no_name_either(page: Page, size: str) -> None:
    for address in PAGES:
        page.goto(address)
        page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        assert nothing_is_cut(page), address


@pytest.mark.parametrize("query", ["丢失", "法国 丢失", "激活失败", "esim"])
def test_a_phone_shows_four_results_without_scrolling(page: Page, query: str) -> None:
    page.goto(f"/search?q={query}")
    bottoms = page.locator(".hit").evaluate_all("hits => hits.map(hit => hit.getBoundingClientRect().bottom)")
    assert sum(0 < bottom < 844 for bottom in bottoms) >= 4


def test_the_search_box_stays_in_reach(page: Page) -> None:
    page.goto(ARTICLE)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(50)
    box = page.locator("#q").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 60


def test_nothing_is_loaded_from_elsewhere(page: Page, live_server: str) -> None:
    foreign: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(live_server) else foreign.append(request.url))
    for address in PAGES:
        page.goto(address)
    assert foreign == []


def test_a_first_visit_is_small(page: Page) -> None:
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(ARTICLE, wait_until="networkidle")
    assert sum(sizes.values()) < 60_000, sizes


def test_nothing_moves_while_a_page_loads(page: Page) -> None:
    page.add_init_script(
        """window.shifts = [];
           new PerformanceObserver(list => window.shifts.push(...list.getEntries().map(shift => shift.value)))
             .observe({type: "layout-shift", buffered: true})"""
    )
    for address in ("/", "/search?q=丢失", ARTICLE):
        page.goto(address, wait_until="networkidle")
        assert sum(page.evaluate("window.shifts")) < 0.01, address


def test_everything_works_without_javascript(browser: Browser, live_server: str) -> None:
    context = browser.new_context(
        base_url=live_server, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto("/")
    page.locator("#q").fill("补卡")
    page.locator("#search button[type=submit]").click()
    assert query_of(page) == "q=补卡"
    assert page.locator(".card").count() > 0
    page.locator(".filters > summary").click()
    page.locator("input[name=region][value=法国]").check(force=True)
    page.locator(".apply").click()
    assert query_of(page) == "q=补卡&region=法国"
    page.locator(".pager a[rel=next]").click()
    assert "page=2" in query_of(page)
    page.locator(".chips a").first.click()
    assert query_of(page) == "q=补卡"
    page.locator(".unfold").first.click()
    assert "/sections/" in urlsplit(page.url).path
    page.locator(".actions a").click()
    assert page.locator("article h1").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", GOOD_PAGES)
def test_axe_finds_nothing(page: Page, address: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.emulate_media(color_scheme=scheme)
    page.goto(address)
    found = axe.Axe().run(page).response["violations"]
    assert not found, json.dumps(
        [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found], ensure_ascii=False, indent=1
    )


@pytest.mark.parametrize(
    "address", ["/", "/guides/replace", "/guides/replace/fr/lost/orange", ARTICLE, "/articles/basics/codes", "/about"]
)
def test_text_of_double_size_fits_a_phone_and_is_remembered(page: Page, address: str) -> None:
    page.goto("/")
    for _ in range(3):
        page.locator(".size").click()
    page.goto(address)
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") == 34
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_guide_is_walked_in_place_back_works_and_answers_can_be_changed(page: Page) -> None:
    page.goto("/guides/replace")
    page.evaluate("window.kept = true")
    for answer in ("法国的号码（+33）", "手机丢了", "Orange（含 Sosh）"):
        page.get_by_role("link", name=answer, exact=True).click()
    page.wait_for_url("**/guides/replace/fr/lost/orange")
    page.wait_for_selector(".guide-steps")
    assert "Orange" in page.title()
    assert page.evaluate("window.kept"), "no page was loaded"
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.locator(".guide-steps > li > .tick").first.check()
    assert page.locator(".progress span").first.inner_text() == "1/9 步"
    page.go_back()
    page.wait_for_selector(".guide-options")
    assert page.url.endswith("/guides/replace/fr/lost")
    page.get_by_role("link", name="改答案：你的号码是谁发的？").click()
    page.wait_for_url("**/guides/replace")


def test_traditional_readers_are_offered_their_script_once(browser: Browser, live_server: str) -> None:
    for locale, offered in (("zh-TW", True), ("zh-HK", True), ("zh-CN", False)):
        context = browser.new_context(base_url=live_server, viewport={"width": 390, "height": 844}, locale=locale)
        page = context.new_page()
        page.goto(ARTICLE)
        assert page.locator(".offer").is_visible() == offered, locale
        if offered:
            page.locator(".offer a").click()
            page.wait_for_url(f"**/zh-hant{ARTICLE}")
            page.goto(ARTICLE)
            page.wait_for_url(f"**/zh-hant{ARTICLE}")
        context.close()
    context = browser.new_context(base_url=live_server, locale="zh-TW")
    page = context.new_page()
    page.goto("/")
    page.locator(".offer button").click()
    page.goto(ARTICLE)
    assert page.locator(".offer").is_hidden()
    context.close()
