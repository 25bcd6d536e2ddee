"""Typing Chinese in a real browser: input methods compose, choose and commit, and each commit searches once.

Compositions are made through Chrome's DevTools protocol, the same events that a pinyin keyboard causes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page


@pytest.fixture
def keyboard(page: Page) -> CDPSession:
    """DevTools of a home page whose search box has the focus."""
    page.goto("/")
    page.locator("#q").focus()
    return page.context.new_cdp_session(page)


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The queries sent to `/search`, in order."""
    queries: list[str] = []

    def note(address: str) -> None:
        parts = urlsplit(address)
        if parts.path == "/search":
            queries.append(parse_qs(parts.query).get("q", [""])[0])

    page.on("request", lambda request: note(request.url))
    return queries


def compose(keyboard: CDPSession, *stages: str) -> None:
    """Show half-typed pinyin, stage by stage."""
    for text in stages:
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def test_half_typed_pinyin_is_never_sent_and_the_committed_word_once(
    page: Page, keyboard: CDPSession, asked: list[str]
) -> None:
    compose(keyboard, "d", "di", "diu", "diu s", "diu shi")
    page.wait_for_timeout(150)
    assert asked == []
    keyboard.send("Input.insertText", {"text": "丢失"})
    page.wait_for_selector(".card mark")
    page.wait_for_timeout(150)
    assert asked == ["丢失"]
    assert page.locator("#q").input_value() == "丢失"


def test_a_second_word_searches_once_more(page: Page, keyboard: CDPSession, asked: list[str]) -> None:
    for pinyin, word in (("fa guo", "法国"), ("bu ka", "补卡")):
        compose(keyboard, pinyin[0], pinyin)
        keyboard.send("Input.insertText", {"text": word})
        page.wait_for_timeout(150)
    assert asked == ["法国", "法国补卡"]


def test_enter_that_picks_a_candidate_neither_submits_nor_opens(
    page: Page, keyboard: CDPSession, asked: list[str]
) -> None:
    compose(keyboard, "diu shi")
    # While an input method has the keyboard, Chrome reports every key as 229.
    for kind in ("rawKeyDown", "keyUp"):
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": "Enter", "windowsVirtualKeyCode": 229})
    page.wait_for_timeout(100)
    assert asked == []
    assert urlsplit(page.url).path == "/"
    keyboard.send("Input.insertText", {"text": "丢失"})
    page.wait_for_selector(".card")
    assert asked == ["丢失"]


def test_safari_ends_the_composition_before_its_enter(page: Page, keyboard: CDPSession, asked: list[str]) -> None:
    compose(keyboard, "ji huo")
    keyboard.send("Input.insertText", {"text": "激活"})
    page.wait_for_selector(".card")
    refused = page.locator("#q").evaluate(
        """box => !box.dispatchEvent(new KeyboardEvent("keydown",
             {key: "Enter", keyCode: 229, bubbles: true, cancelable: true}))"""
    )
    assert refused
    assert asked == ["激活"]


def test_arrows_and_escape_belong_to_the_candidates_while_composing(page: Page, keyboard: CDPSession) -> None:
    compose(keyboard, "huan ji")
    for key in ("ArrowDown", "Escape"):
        keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": key, "windowsVirtualKeyCode": 229})
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.locator("#q").input_value() == "huan ji"


def test_the_box_stays_the_same_element_and_keeps_the_focus(page: Page, keyboard: CDPSession) -> None:
    page.evaluate("window.box = document.querySelector('#q')")
    compose(keyboard, "er wei ma")
    keyboard.send("Input.insertText", {"text": "二维码"})
    page.wait_for_selector(".card")
    assert page.evaluate("window.box === document.activeElement && window.box.isConnected")
