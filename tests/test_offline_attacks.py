"""The worker and the saved copy as something to attack: redirects, other origins, answers in the place of files.

In: a saved copy in Chromium, and a network that answers what it likes. Out: a copy that holds what the list named and
nothing else, and pages that come from the server as if there were no worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

HELD = """async () => {
  const held = [];
  for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) {
    const answer = await (await caches.open(name)).match(url);
    const size = (await answer.arrayBuffer()).byteLength;
    held.push([new URL(url).origin === location.origin, answer.type, answer.redirected, size > 0]);
  }
  return held;
}"""
ELSEWHERE = "https://evil.example/"


@pytest.fixture
def context(
    browser: Browser, serve: Callable[..., AbstractContextManager[Any]], site_index: Path
) -> Iterator[BrowserContext]:
    with serve(site_index, "--workers", 1, HELPCENTER_ADMIN_TOKEN="a-token-of-some-length") as site:
        opened = browser.new_context(base_url=site.address)
        yield opened
        opened.close()


def save(context: BrowserContext, ends: str = "saved") -> Page:
    page = context.new_page()
    page.goto("/")
    page.locator("[data-offline=save]").first.click()
    page.wait_for_selector(f"html[data-offline-state={ends}]", timeout=30_000)
    if ends == "saved":
        page.wait_for_function("navigator.serviceWorker.controller !== null")
    return page


@pytest.mark.slow
def test_with_the_worker_redirects_lead_where_they_lead_and_nothing_is_kept_of_them(context: BrowserContext) -> None:
    page = save(context)
    held = page.evaluate(HELD)
    assert len(held) > 5 and set(map(tuple, held)) == {(True, "default", False, True)}
    answer = page.goto("/topics//emergency?a=b")
    assert answer and answer.status == 200 and page.url.endswith("/topics/emergency?a=b")
    assert page.goto("/articles/none").status == 404  # type: ignore[union-attr]
    context.route(f"{ELSEWHERE}**", lambda route: route.fulfill(body="<svg/>", content_type="image/svg+xml"))
    context.route("**/media/away.png", lambda route: route.fulfill(status=302, headers={"Location": ELSEWHERE}))
    page.goto("/")
    page.evaluate("fetch('/media/away.png', { mode: 'no-cors' }).catch(() => 0)")  # our policy forbids it
    page.evaluate("fetch('/static/none.js').then((answer) => answer.status)")
    assert page.evaluate(HELD) == held, "the worker itself keeps nothing"


@pytest.mark.slow
def test_the_worker_keeps_to_the_pages_that_are_everybody_s(context: BrowserContext) -> None:
    page = save(context)
    scopes = "navigator.serviceWorker.getRegistrations().then((all) => all.map(({ scope }) => new URL(scope).pathname))"
    assert page.evaluate(scopes) == ["/"]
    context.set_offline(True)
    for path in ("/insights", "/metrics", "/api/v1/search?q=x", "/feedback/emergency/lost-phone"):
        with pytest.raises(Exception, match=r"ERR_(INTERNET_DISCONNECTED|FAILED)"):
            context.new_page().goto(path)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a login page", "a redirect elsewhere", "half"])
def test_answers_in_the_place_of_files_save_nothing(context: BrowserContext, what: str) -> None:
    def instead(route: Route) -> None:
        if what == "a login page":
            route.fulfill(body="<h1>Hotel</h1>", content_type="text/html")
        elif what == "half":
            whole = route.fetch().body()
            route.fulfill(body=whole[: len(whole) // 2], content_type="application/json")
        else:
            route.fulfill(status=302, headers={"Location": ELSEWHERE})

    context.route(
        f"{ELSEWHERE}**", lambda route: route.fulfill(body="{}", headers={"Access-Control-Allow-Origin": "*"})
    )
    context.route("**/offline/core-*", instead)
    page = save(context, "failed")
    assert page.evaluate("caches.keys().then((names) => names.filter((name) => name !== 'hc-pointer'))") == []
    context.set_offline(True)
    with pytest.raises(Exception, match=r"ERR_(INTERNET_DISCONNECTED|FAILED)"):
        context.new_page().goto("/articles/emergency/lost-phone")
