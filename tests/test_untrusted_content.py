"""Untrusted content in a real browser: the vectors of the published XSS cheat sheets, with the CSP switched off.

In: one article for each vector, in its body; some in titles, headings, tags, file names, queries. Out: a page on which
nothing fires, nothing is fetched from elsewhere, and no name that scripts rely on is taken. Why without the CSP: it is
the second wall, and would hide a hole in the first. What the sanitiser makes of each is in test_content_attacks.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from index import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VECTORS = (Path(__file__).parent / "xss_vectors.txt").read_text("utf-8").splitlines()
"""One a line; the spellings that the sheets of OWASP, PortSwigger and html5sec share."""
TOGETHER = 8
"""Vectors on a page of the short test. Alone, a page each, they take a minute."""

PAYLOAD = '"><img src=x onerror=alert(1)>'
ELSEWHERE = """title: '{0}'
summary: '{0}'
region: ['{0}']
tags: ['{0}']
aliases: ['{0}']
sources: ['{0}', 'javascript:alert(1)']
"""
WATCH = """
window.fired = [];
for (const name of ['alert', 'confirm', 'prompt', 'print', 'open'])
  Object.defineProperty(window, name, {value: (...said) => { fired.push(name + said) }, writable: false});
addEventListener('click', event => event.preventDefault(), true);
addEventListener('submit', event => event.preventDefault(), true);
"""
PROVOKE = """() => {
  const kinds = {MouseEvent: ['mouseover', 'mouseenter', 'mousemove', 'click'], PointerEvent: ['pointerover'],
                 FocusEvent: ['focus', 'focusin', 'blur'], AnimationEvent: ['animationstart'],
                 Event: ['load', 'error', 'toggle', 'begin', 'start', 'input', 'hashchange', 'slotchange', 'cancel']};
  const content = document.querySelectorAll('main *, article *');
  for (const element of content)
    for (const [kind, names] of Object.entries(kinds))
      for (const name of names) element.dispatchEvent(new window[kind](name, {cancelable: true}));
  return content.length;
}"""
ACTIVE = """() => [...document.querySelectorAll('body *')].flatMap(element => [...element.attributes]
  .filter(({name, value}) => /^on/i.test(name) || /^(data-)?hx-on/i.test(name)
          || (/^(href|src|action|formaction|data|xlink:href|srcdoc|poster|background)$/i.test(name)
              && /^[\\s\\x00-\\x1f]*(javascript|vbscript|data|blob):/i.test(value))
          || (name === 'style'))
  .map(({name, value}) => `${element.tagName} ${name}=${value}`))"""
WHOLE = """() => typeof htmx === 'object' && typeof htmx.process === 'function'
  && document.body instanceof HTMLBodyElement
  && typeof document.getElementById === 'function' && document.querySelectorAll('[name=q]').length === 1"""


@pytest.fixture(scope="module")
def hostile(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., AbstractContextManager[Any]]
) -> Iterator[str]:
    """The address of a site whose every article attacks."""
    folder = tmp_path_factory.mktemp("hostile")
    content = folder / "content"
    (content / "v").mkdir(parents=True)
    for number, vector in enumerate(VECTORS):
        body = f"# 攻击{number}\n\n前文 {vector}\n\n{vector}\n\n## {vector} 标题\n\n后文\n"
        (content / "v" / f"a{number}.md").write_text(body, "utf-8")
    (content / "g").mkdir()
    for number in range(0, len(VECTORS), TOGETHER):
        together = "\n\n".join(f"## 节\n\n前文 {vector}\n\n{vector}" for vector in VECTORS[number : number + TOGETHER])
        (content / "g" / f"g{number}.md").write_text(f"# 攻击\n\n{together}\n", "utf-8")
    quoted = PAYLOAD.replace("'", "''")
    (content / "v" / "front.md").write_text("---\n" + ELSEWHERE.format(quoted) + "---\n正文\n", "utf-8")
    (content / "v" / '"><img src=x onerror=alert(1)>.md').write_text("# 文件名\n\n正文\n", "utf-8")
    (content / '"><svg onload=alert(1)>').mkdir()
    (content / '"><svg onload=alert(1)>' / "a.md").write_text("# 文件夹名\n\n正文\n", "utf-8")
    build(content, folder / "index")
    with serve(folder / "index") as site:
        yield site.address


@pytest.fixture(scope="module")
def victim(browser: Browser, hostile: str) -> Iterator[tuple[Page, list[str]]]:
    """A page without CSP, and every address it asked for that is not the site's."""
    context = browser.new_context(base_url=hostile, bypass_csp=True, service_workers="block")
    context.add_init_script(WATCH)
    abroad: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(hostile):
            route.continue_()
        else:
            abroad.append(route.request.url)
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("dialog", lambda dialog: (abroad.append(f"dialog {dialog.message}"), dialog.dismiss()))
    yield page, abroad
    context.close()


def unharmed(victim: tuple[Page, list[str]], address: str, provoke: bool = True) -> None:
    """Visit, provoke, and find nothing fired, fetched, active or taken."""
    page, abroad = victim
    abroad.clear()
    page.goto(address)
    if provoke:
        page.evaluate(PROVOKE)
    assert page.evaluate("fired") == [], address
    assert page.evaluate(ACTIVE) == [], address
    assert page.evaluate(WHOLE), address
    assert abroad == [], address
    assert page.url.split("?")[0].endswith(address.split("?")[0]), address


def test_the_page_would_notice(victim: tuple[Page, list[str]]) -> None:
    page, abroad = victim
    page.goto("/")
    page.evaluate("""() => { const bad = document.createElement('div');
        bad.innerHTML = '<img src=x onerror=alert(1)><a href="javascript:alert(1)">x</a>'
            + '<img src="https://evil.example/x">';
        document.querySelector('main').append(bad); }""")
    page.wait_for_function("fired.length > 0")
    page.wait_for_timeout(200)
    assert page.evaluate(ACTIVE)
    assert abroad


def test_no_vector_among_others_fires(victim: tuple[Page, list[str]]) -> None:
    for number in range(0, len(VECTORS), TOGETHER):
        unharmed(victim, f"/articles/g/g{number}")


@pytest.mark.stress
@pytest.mark.parametrize("part", range(8))
def test_no_vector_alone_fires(victim: tuple[Page, list[str]], part: int) -> None:
    for number in range(part, len(VECTORS), 8):
        unharmed(victim, f"/articles/v/a{number}")


@pytest.mark.parametrize(
    "address",
    [
        "/articles/v/front",
        "/articles/v/" + quote('"><img src=x onerror=alert(1)>'),
        "/topics/v",
        "/topics/" + quote('"><svg onload=alert(1)>'),
        "/",
        "/articles/" + quote(PAYLOAD, safe=""),
        "/search?q=%E6%94%BB%E5%87%BB",
        "/zh-hant/articles/v/front",
    ],
)
def test_no_vector_in_front_matter_or_names_fires(victim: tuple[Page, list[str]], address: str) -> None:
    unharmed(victim, address)


def test_no_vector_in_a_query_or_filter_fires(victim: tuple[Page, list[str]]) -> None:
    for vector in VECTORS[::24]:
        unharmed(victim, f"/search?q={quote(vector)}&region={quote(vector)}&topic={quote(PAYLOAD)}", provoke=False)
        unharmed(victim, f"/zh-hant/search?q={quote(vector)}", provoke=False)


def test_no_vector_typed_into_the_box_or_unfolded_fires(victim: tuple[Page, list[str]]) -> None:
    page, abroad = victim
    page.goto("/search")
    for vector in (PAYLOAD, "onerror", "<script>alert(1)</script>", "javascript:alert(1)"):
        with page.expect_response(lambda answer: "/search?" in answer.url):
            page.get_by_role("searchbox").first.fill(vector)
        page.wait_for_timeout(150)
        assert page.evaluate("fired") == []
        assert page.evaluate(ACTIVE) == []
    for number in (17, 29, 66, 114, 117):
        page.goto("/search?q=" + quote(f"攻击{number}"))
        fragment = f"/articles/v/a{number}/sections/top"
        page.evaluate("address => htmx.ajax('GET', address, 'main')", fragment)
        page.wait_for_timeout(150)
        assert page.evaluate("fired") == []
        assert page.evaluate(ACTIVE) == []
    assert abroad == []
