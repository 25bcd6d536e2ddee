"""Pictures in articles: no jump while they load, words for those who cannot see them, a tap for a closer look."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import client_of, write_files

from index import build, check
from index.store.pictures import dress, size_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARTICLE = """\
# 甲

![菜单里的“设置”](menu.png)

[![可以点的图](menu.png)](b.md)

![](menu.png)

<img src="menu.png" alt="" width="10" height="5">

![不在了](gone.png)
"""


def png(width: int, height: int) -> bytes:
    """A white picture of that size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + b"\xff" * width) * height)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write_files(tmp_path / "content", {"a.md": ARTICLE, "b.md": "# 乙\n", "menu.png": png(640, 320)})


def test_a_missing_picture_stops_no_copy(content: Path) -> None:
    client = client_of(content)
    assert "/media/menu.png" in client.get("/offline.json").text
    assert "/media/gone.png" not in client.get("/offline.json").text
    packed = re.search("data-pack>([^<]+)<", client.get("/download").text)
    assert packed
    whole = zlib.decompress(base64.b64decode(packed[1])).decode()
    assert "data:image/png;base64," in whole
    assert "/media/gone.png" in whole


def test_every_picture_has_its_size_loads_late_and_can_be_enlarged(content: Path) -> None:
    page = client_of(content).get("/articles/a").text
    pictures = re.findall(r'<img src="/media/[^>]*>', page)
    assert len(pictures) == 5
    assert all('loading="lazy"' in picture for picture in pictures)
    assert [re.findall(r'(?:width|height)="(\d+)"', picture) for picture in pictures] == [
        ["640", "320"], ["640", "320"], ["640", "320"], ["10", "5"], [],
    ]  # fmt: skip
    assert page.count('<a class="enlarge" href="/media/menu.png">') == 1, "a link in a link is no HTML"
    assert page.count('<a class="enlarge" href="/media/menu.png" aria-label="看大图">') == 2
    assert '<a href="/articles/b"><img src="/media/menu.png"' in page


def test_a_topic_shows_its_pictures_like_an_article(content: Path) -> None:
    (content / "t").mkdir()
    (content / "t" / "_topic.md").write_text("# 专题\n\n![全图](map.png)\n", "utf-8")
    (content / "t" / "c.md").write_text("# 丙\n", "utf-8")
    (content / "t" / "map.png").write_bytes(png(30, 20))
    client = client_of(content)
    page = client.get("/topics/t").text
    assert '<a class="enlarge" href="/media/t/map.png">' in page
    assert 'alt="全图" loading="lazy" width="30" height="20"' in page
    assert client.get("/media/t/map.png").data == png(30, 20)


def test_a_replaced_picture_has_its_new_size_without_a_change_of_the_article(content: Path) -> None:
    client_of(content)
    (content / "menu.png").write_bytes(png(100, 200))
    page = client_of(content).get("/articles/a").text
    assert 'width="100" height="200"' in page
    assert "640" not in page


def test_pictures_work_in_the_mirror(content: Path) -> None:
    client = client_of(content)
    page = client.get("/zh-hant/articles/a").text
    assert 'href="/zh-hant/media/menu.png"' in page
    assert client.get("/zh-hant/media/menu.png").data == (content / "menu.png").read_bytes()


def test_check_asks_for_words(content: Path) -> None:
    found = [(problem.line, problem.level) for problem in check(content) if problem.code == "missing-alt"]
    assert found == [(7, "warning")], 'an author\'s own alt="" says that a picture tells nothing'


@pytest.mark.parametrize(
    "raw", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"x" * 999]
)
def test_a_damaged_picture_has_no_size_and_breaks_nothing(content: Path, raw: bytes) -> None:
    assert size_of(raw) is None
    (content / "menu.png").write_bytes(raw)
    assert client_of(content).get("/articles/a").status_code == 200


def test_dressing_leaves_all_else_as_it_is() -> None:
    html = '<p>a &lt;img src="/media/x.png"&gt; <a href="/x">b</a></p>'
    assert dress(html, {"x.png": (1, 2)}) == html
    assert dress('<img src="/media/%E5%9B%BE%20%26.png" alt="图">', {"图 &.png": (3, 4)}) == (
        '<a class="enlarge" href="/media/%E5%9B%BE%20%26.png">'
        '<img src="/media/%E5%9B%BE%20%26.png" alt="图" width="3" height="4"></a>'
    )


@pytest.mark.parametrize("way", ["tap", "key"])
def test_a_tap_fills_the_screen_and_escape_leads_back(
    content: Path, browser: Browser, serve: Callable[..., Any], way: str
) -> None:
    build(content, content.parent / "index")
    with serve(content.parent / "index") as served:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.goto(f"{served}/articles/a")
        link = page.locator("a.enlarge").first
        page.wait_for_function("document.readyState === 'complete'")
        if way == "tap":
            link.click()
        else:
            link.focus()
            page.keyboard.press("Enter")
        image = page.locator("dialog.picture[open] img")
        image.wait_for()
        assert image.get_attribute("alt") == "菜单里的“设置”"
        box = image.bounding_box()
        assert box
        assert box["width"] > 350
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")
        assert page.url.endswith("/articles/a")
        page.close()
