"""An article in a real browser: ticks, steps, contents, paper, reading aloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ARTICLE = "/articles/replacement/france-lost"


def test_steps_can_be_ticked_and_are_remembered(page: Page) -> None:
    page.goto(ARTICLE)
    page.locator(".tick").nth(1).check()
    page.reload()
    assert page.locator(".tick").nth(1).is_checked()
    assert not page.locator(".tick").first.is_checked()
    assert page.locator(".progress span").first.inner_text().startswith("1/")
    page.goto("/")
    page.locator(".resume a").click()
    assert page.url.endswith(ARTICLE)
    page.locator(".reset").click()
    assert page.locator(".tick:checked").count() == 0
    page.goto("/")
    assert page.locator(".resume").is_hidden()


def test_a_tick_belongs_to_the_words_of_its_step_and_the_row_is_its_target(page: Page) -> None:
    page.goto(ARTICLE)
    step = page.locator("#report-loss-s2")
    step.click(position={"x": 200, "y": 10})
    assert step.locator(".tick").is_checked()
    kept = page.evaluate("localStorage.getItem('ticks')")

    def insert_above(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace('<li id="report-loss-s1">', "<li>新加的一步</li><li>", 1)
        route.fulfill(response=answer, body=body)

    page.route(f"**{ARTICLE}", insert_above)
    page.goto(ARTICLE)
    assert page.locator("#report-loss .steps > li:has(.tick:checked)").all_inner_texts() == [
        page.locator("#report-loss-s2").inner_text()
    ]
    page.goto("/search?q=法国 丢失 报失")
    unfold = page.locator(".unfold[href='/articles/replacement/france-lost/sections/report-loss']").first
    unfold.click()
    page.wait_for_selector(".unfolded .tick:checked")
    page.locator(".unfolded .tick").nth(1).uncheck()
    assert page.evaluate("localStorage.getItem('ticks')") != kept


@pytest.mark.parametrize(
    ("place", "anchor"), [("#report-loss-s3", "report-loss-s3"), ("#report-loss h2", "report-loss")]
)
def test_a_step_and_a_heading_copy_their_address(page: Page, place: str, anchor: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ARTICLE)
    page.locator(f"{place} .anchor").click()
    page.wait_for_selector("#search-announce:has-text('已复制')", state="attached")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"{ARTICLE}#{anchor}")


def test_contents_follow_the_scroll(browser: Browser, live_server: str) -> None:
    context = browser.new_context(base_url=live_server, viewport={"width": 1280, "height": 700})
    page = context.new_page()
    page.goto(ARTICLE)
    assert page.locator(".beside .toc a").first.is_visible(), "at the side on a desktop, without unfolding"
    assert page.locator(".brief .toc").is_hidden()
    page.evaluate("document.querySelector('#rebind-new-device').scrollIntoView()")
    page.wait_for_selector(".toc a[aria-current][href='#rebind-new-device']")
    context.close()


def test_print_is_a_checklist_with_the_chinese_intact(page: Page) -> None:
    page.goto(ARTICLE)
    page.emulate_media(media="print")
    for hidden in (".site-header", ".toc", ".related", ".neighbours", ".actions"):
        assert page.locator(hidden).first.is_hidden(), hidden
    assert page.locator(".steps li").first.is_visible()
    box = page.locator(".steps li").first.evaluate("li => getComputedStyle(li, '::before').borderStyle")
    assert box == "solid"
    assert "报失" in page.locator("article").inner_text()
    page.emulate_media(media="screen")
    page.goto("/articles/emergency/lost-phone")
    page.emulate_media(media="print")
    bottoms = "['.facts', '.facts ul'].map((part) => document.querySelector(part).getBoundingClientRect().bottom)"
    folded, words = page.evaluate(bottoms)
    assert folded >= words  # at once: paper waits for no transition
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1


def test_an_article_begins_with_its_steps_on_a_phone(page: Page) -> None:
    places = re.findall(r"<loc>[^<]*(/articles/[^<]+)</loc>", page.request.get("/sitemap.xml").text())
    tops = []
    for place in [place for place in places if "/zh-hant/" not in place]:
        page.goto(place)
        if page.locator("ol.steps > li").count():
            tops.append(page.locator("ol.steps > li").first.bounding_box()["y"])  # type: ignore[index]
    assert len(tops) > 40
    assert sum(top < 700 for top in tops) >= 0.9 * len(tops)


def test_a_device_with_a_chinese_voice_reads_aloud_and_others_show_no_button(page: Page) -> None:
    page.goto(ARTICLE)
    assert page.locator(".read").is_hidden()
    page.add_init_script(
        """window.said = [];
           class Speech extends EventTarget {
             getVoices() { return [{ lang: "en-US", localService: true }, { lang: "zh-CN", localService: true }]; }
             speak(what) { window.said.push(what.text); }
             cancel() {}
           }
           Object.defineProperty(window, "speechSynthesis", { value: new Speech() });
           window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };"""
    )
    page.goto(ARTICLE)
    page.locator(".read").click()
    said = page.evaluate("window.said")
    assert said[0].startswith("在法国丢失 eSIM")
    assert any(text.startswith("上官网或官方 App 登录账户") for text in said)
    assert not any("#" in text for text in said)
    assert page.locator(".read").inner_text().strip() == "停下"
