"""The search box on a page of another site: it finds, obeys keys and input methods, and stays out of the page's way."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from support import Serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Locator, Page

PAGE = """<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>别的网站</title>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'self' {help}; connect-src {help}; form-action {help}{more}">
</head><body><h1>别的网站</h1><main id="main"></main>{scripts}<p id="after">之后</p></body></html>"""


class OtherSite:
    """A web site of its own at `http://localhost:…`, so another origin than the help center's 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        class Quiet(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

        self.folder = folder
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        self.origin = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def other_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherSite]:
    site = OtherSite(tmp_path_factory.mktemp("other"))
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture(scope="module")
def help_center(serve: Serve, site_index: Path, other_site: OtherSite) -> Iterator[str]:
    """A server that lets the other site read its API."""
    with serve(site_index, HELPCENTER_CORS_ORIGINS=other_site.origin) as site:
        yield site.address


class Embedded:
    """The other site's page with the box in it, and what it has asked the help center."""

    def __init__(self, page: Page, asked: list[dict[str, list[str]]]) -> None:
        self.page = page
        self.asked = asked
        self.box: Locator = page.locator(".helpcenter-search input[type=search]")
        self.links: Locator = page.locator(".helpcenter-search .panel a")

    @property
    def queries(self) -> list[str]:
        return [one["q"][0] for one in self.asked]


@pytest.fixture
def embed(browser: Browser, help_center: str, other_site: OtherSite) -> Iterator[Callable[..., Embedded]]:
    """`embed('data-limit="3"')` opens the page with a script element of these attributes."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: (
            errors.append(line.text) if line.type == "error" and "favicon" not in line.location["url"] else None
        ),
    )
    asked: list[dict[str, list[str]]] = []

    def note(address: str) -> None:
        if "/api/" in address:
            asked.append(parse_qs(urlsplit(address).query))

    page.route("https://evil.example/**", lambda route: route.fulfill(body="", content_type="image/png"))
    page.on("request", lambda request: note(request.url))

    def opened(attributes: str = "", scripts: str = "", images: bool = False, strict: bool = False) -> Embedded:
        scripts = scripts or f'<script src="{help_center}/embed.js" {attributes}></script>'
        more = "; require-trusted-types-for 'script'" if strict else "; img-src https:" if images else ""
        (other_site.folder / "page.html").write_text(PAGE.format(help=help_center, scripts=scripts, more=more), "utf-8")
        page.goto(f"{other_site.origin}/page.html")
        return Embedded(page, asked)

    yield opened
    page.close()
    assert not errors


def test_typing_finds_and_a_result_leads_to_its_section(embed: Callable[..., Embedded], help_center: str) -> None:
    site = embed()
    site.box.fill("法国 丢失")
    site.links.first.wait_for()
    assert site.links.count() == 7  # six results, then the link to all of them
    assert site.page.locator(".helpcenter-search mark").first.inner_text() in ("法国", "丢失")
    address = site.links.first.get_attribute("href")
    assert address is not None
    assert address.startswith(f"{help_center}/articles/")
    site.links.first.click()
    site.page.wait_for_url(address)
    fragment = urlsplit(address).fragment
    assert not fragment or site.page.evaluate("document.querySelector(':target') !== null")


def test_the_page_around_is_neither_covered_with_styles_nor_moved(embed: Callable[..., Embedded]) -> None:
    site = embed()
    before = site.page.locator("#after").bounding_box()
    site.box.fill("激活")
    site.links.first.wait_for()
    assert site.page.locator("#after").bounding_box() == before
    assert site.page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length") == 0
    assert site.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert site.page.evaluate("document.querySelector('h1').nextElementSibling.id") == "main"


def test_half_typed_pinyin_is_never_sent_and_the_committed_word_once(embed: Callable[..., Embedded]) -> None:
    site = embed()
    site.box.focus()
    keyboard = site.page.context.new_cdp_session(site.page)
    compose(keyboard, "d", "di", "diu", "diu shi")
    site.page.wait_for_timeout(300)
    assert site.asked == []
    # While an input method has the keyboard, Chrome reports every key as 229.
    for kind in ("rawKeyDown", "keyUp"):
        keyboard.send("Input.dispatchKeyEvent", {"type": kind, "key": "Enter", "windowsVirtualKeyCode": 229})
    assert site.asked == []
    keyboard.send("Input.insertText", {"text": "丢失"})
    site.links.first.wait_for()
    site.page.wait_for_timeout(300)
    assert site.queries == ["丢失"]
    assert site.page.url.endswith("/page.html")
    refused = site.box.evaluate(
        """box => !box.dispatchEvent(new KeyboardEvent("keydown",
             {key: "Enter", keyCode: 229, bubbles: true, composed: true, cancelable: true}))"""
    )
    assert refused  # Safari's Enter, which comes after the composition


def compose(keyboard: CDPSession, *stages: str) -> None:
    """Show half-typed pinyin, stage by stage."""
    for text in stages:
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def test_quick_typing_asks_once_it_has_settled(embed: Callable[..., Embedded]) -> None:
    site = embed()
    site.box.press_sequentially("esim", delay=10)
    site.links.first.wait_for()
    site.page.wait_for_timeout(300)
    assert site.queries[-1] == "esim"
    assert len(site.queries) <= 2  # one, unless this machine stalled in the middle of the word
    site.box.press_sequentially("  ")
    site.page.wait_for_timeout(300)
    assert site.queries[-1] == "esim"


def test_an_overtaken_answer_is_not_shown(embed: Callable[..., Embedded]) -> None:
    site = embed()

    def late(route: Any) -> None:
        if quote("激活") in route.request.url:
            site.page.wait_for_timeout(400)
        route.continue_()

    site.page.route("**/api/**", late)
    site.box.fill("激活")
    site.page.wait_for_timeout(200)
    site.box.fill("报警")
    site.page.locator(".helpcenter-search mark", has_text="报警").first.wait_for()
    site.page.wait_for_timeout(500)
    assert quote("报警") in str(site.links.last.get_attribute("href"))


def test_arrows_enter_and_escape(embed: Callable[..., Embedded], help_center: str) -> None:
    site = embed()
    active = "document.querySelector('.helpcenter-search').shadowRoot.activeElement"
    site.box.fill("损坏")
    site.links.first.wait_for()
    site.box.press("ArrowDown")
    site.page.keyboard.press("ArrowDown")
    assert site.page.evaluate(f"{active}.href") == site.links.nth(1).get_attribute("href")
    site.page.keyboard.press("Escape")
    assert site.page.evaluate(f"{active}.name") == "q"
    assert not site.page.locator(".helpcenter-search .panel").is_visible()
    site.page.keyboard.press("Enter")
    site.page.wait_for_url(f"{help_center}/search?q={quote('损坏')}")
    assert site.page.locator(".card").count() > 0


def test_attributes_choose_place_words_number_and_filters(embed: Callable[..., Embedded]) -> None:
    site = embed('data-target="#main" data-limit="2" data-placeholder="问问看" data-region="法国, 欧盟" async')
    assert site.page.locator("#main > .helpcenter-search").count() == 1
    assert site.box.get_attribute("placeholder") == site.box.get_attribute("aria-label") == "问问看"
    site.box.fill("补卡")
    site.links.nth(2).wait_for()
    assert site.links.count() == 3
    assert site.asked[0]["limit"] == ["2"]
    assert site.asked[0]["region"] == ["法国", "欧盟"]
    assert quote("法国") in str(site.links.nth(2).get_attribute("href"))


def test_in_the_head_it_waits_for_the_page(embed: Callable[..., Embedded], help_center: str) -> None:
    site = embed(scripts=f'</body><head><script src="{help_center}/embed.js"></script></head><body>')
    site.box.wait_for()
    assert site.page.locator(".helpcenter-search").count() == 1


def test_nothing_found_and_no_answer_are_said(embed: Callable[..., Embedded], help_center: str) -> None:
    site = embed()
    site.box.fill("饕餮龘靐")
    site.page.locator(".note", has_text="没有找到").wait_for()
    broken = {"body": "<!doctype html>", "headers": {"Access-Control-Allow-Origin": "*"}}
    site.page.route("**/api/**", lambda route: route.fulfill(**broken))
    site.box.fill("丢失")
    site.page.locator(".note", has_text="暂时搜不到").wait_for()
    assert site.links.first.get_attribute("href") == f"{help_center}/search?q={quote('丢失')}"


def test_a_hostile_answer_stays_text(embed: Callable[..., Embedded]) -> None:
    site = embed()
    evil = "<img src=x onerror=window.ran=1>"
    answer = (
        f'{{"total": 1, "results": [{{"title": "{evil}", "heading": "{evil}", "url": "/a",'
        f' "snippet": "{evil}<mark>{evil}</mark>&lt;b&gt;"}}]}}'
    )
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
    site.page.route("**/api/**", lambda route: route.fulfill(body=answer, headers=headers))
    site.box.fill("x")
    site.links.first.wait_for()
    assert site.page.locator(".helpcenter-search img").count() == 0
    assert site.page.locator(".helpcenter-search small").inner_text() == f"{evil}{evil}<b>"
    assert site.page.evaluate("window.ran") is None


def test_screen_readers_hear_the_count_and_axe_would_find_names(embed: Callable[..., Embedded]) -> None:
    site = embed()
    site.box.fill("丢失")
    site.links.first.wait_for()
    site.page.locator('.helpcenter-search [role="status"]', has_text="条结果").wait_for(state="attached")
    assert site.page.get_by_role("search").get_by_role("searchbox", name="搜索帮助").count() == 1


def test_it_is_small_and_may_be_loaded_from_anywhere(help_center: str) -> None:
    connection = HTTPConnection(urlsplit(help_center).netloc, timeout=10)
    connection.request("GET", "/embed.js", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    assert len(body) < 5 * 1024
    assert gzip.decompress(body).startswith(b"//")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    connection.close()


# On a page that means ill, or that shows what ill-meaning people wrote


def test_what_a_page_calls_by_a_script_s_names_is_not_taken_for_it(
    embed: Callable[..., Embedded], help_center: str
) -> None:
    """Sanitised comments may keep names: `document.currentScript` is then a picture, with an address of its own."""
    clobbered = "".join(
        f'<img name="{name}" id="{name}" src="https://evil.example/embed.js" data-target="#after">'
        for name in (
            "currentScript",
            "body",
            "readyState",
            "activeElement",
            "base",
            "script",
            "fetch",
            "HTMLScriptElement",
        )
    )
    site = embed(scripts=f'{clobbered}<script src="{help_center}/embed.js"></script>', images=True)
    site.box.fill("丢失")
    site.links.first.wait_for()
    addresses = site.links.evaluate_all("links => links.map((link) => link.href)")
    assert all(address.startswith(f"{help_center}/") for address in addresses)
    assert site.queries == ["丢失"]


def test_polluted_prototypes_and_trusted_types_change_nothing(
    embed: Callable[..., Embedded], other_site: OtherSite, help_center: str
) -> None:
    (other_site.folder / "pollute.js").write_text(
        """const run = "<img src=x onerror=run()>", evil = "https://evil.example/embed.js";
        const polluting = {target: "#main", limit: "50", src: evil, url: evil, onclick: "run()",
          innerHTML: run, snippet: run};
        for (const name in polluting) Object.prototype[name] = polluting[name];
        window.run = () => { window.ran = 1; };""",
        "utf-8",
    )
    site = embed(
        scripts=f'<script src="/pollute.js"></script><script src="{help_center}/embed.js"></script>', strict=True
    )
    site.box.fill("丢失")
    site.links.first.wait_for()
    addresses = site.links.evaluate_all("links => links.map((link) => link.href)")
    assert all(address.startswith(f"{help_center}/") for address in addresses)
    assert site.page.locator(".helpcenter-search img").count() == 0
    assert site.page.evaluate("window.ran") is None


def test_a_page_that_takes_over_fetch_learns_what_its_reader_typed_and_no_more(
    embed: Callable[..., Embedded], other_site: OtherSite, help_center: str
) -> None:
    (other_site.folder / "spy.js").write_text(
        """window.seen = [];
        const real = window.fetch;
        window.fetch = (address, options) => {
          seen.push([address, options.credentials, Object.keys(options)]);
          return real(address, options);
        };""",
        "utf-8",
    )
    page = embed(scripts=f'<script src="/spy.js"></script><script src="{help_center}/embed.js"></script>').page
    page.context.add_cookies([{"name": "insights", "value": "x" * 40, "url": f"{help_center}/insights"}])
    page.locator(".helpcenter-search input").fill("丢失")
    page.locator(".helpcenter-search .panel a").first.wait_for()
    [(address, credentials, options)] = page.evaluate("seen")
    assert address == f"{help_center}/api/v1/search?q={quote('丢失')}&limit=6"
    assert credentials == "omit" and set(options) == {"credentials", "signal"}
