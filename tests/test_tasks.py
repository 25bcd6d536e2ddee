"""The tasks of docs/tasks.md, each done by a reader with a phone: two taps or one query, and no scrolling."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

LINES = (Path(__file__).parent.parent / "docs" / "tasks.md").read_text("utf-8").splitlines()
ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in LINES if line.startswith("|")]
TASKS = [row for row in ROWS if row[0] not in ("who", "---")]
ON_SCREEN = """wanted => [...document.querySelectorAll('#main *')].some(one => {
    const own = [...one.childNodes].map(node => node.textContent).join('').replace(/\\s+/g, ' ');
    const box = one.getBoundingClientRect();
    return own.includes(wanted) && one.children.length < 6 && box.height > 0 && box.top >= 0 && box.top < innerHeight
        && getComputedStyle(one).visibility === 'visible' && one.checkVisibility();
})"""


def test_none_of_them_is_lost() -> None:
    assert len(TASKS) == 25


@pytest.mark.parametrize(("who", "way", "sees"), TASKS, ids=[who for who, _, _ in TASKS])
def test_a_reader_gets_there(page: Page, who: str, way: str, sees: str) -> None:
    page.goto("/")
    if way.startswith("搜 "):
        page.locator("#q").fill(way.removeprefix("搜 "))
        page.locator("#q").press("Enter")
        page.wait_for_url("**/search?**")
    else:
        taps = way.split(" › ")[1:]
        assert len(taps) <= 2
        for tap in taps:
            before = page.url
            page.locator("#main a", has_text=re.compile(re.escape(tap))).first.click()
            page.wait_for_url(lambda url, before=before: url != before)
    page.wait_for_function(ON_SCREEN, arg=sees, timeout=5000)
