"""这篇文章有帮助吗？ as readers meet it, as strangers abuse it, and with the database gone."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support import HERE, token_of

from helpcenter import create_app
from helpcenter.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARTICLE = "replacement/france-lost"


@pytest.fixture
def client(site: Flask) -> FlaskClient:
    return site.test_client()


def form(client: FlaskClient, article: str = ARTICLE, **fields: str) -> dict[str, str]:
    """What the article's form sends, with `fields`."""
    return {"token": token_of(client.get(f"/articles/{article}").text), **fields}


def votes(client: FlaskClient) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = client.application.extensions["store"].votes(1)
    return found


def test_a_vote_without_javascript_leads_to_thanks_and_is_counted(client: FlaskClient) -> None:
    answer = client.post(f"/feedback/{ARTICLE}", data=form(client, vote="no"), headers=HERE)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "谢谢" in page.text
    assert "差在哪里" in page.text
    assert f'href="/articles/{ARTICLE}"' in page.text
    client.get(answer.headers["Location"])
    assert votes(client) == {ARTICLE: (0, 1)}, "looking again is no second vote"


def test_a_vote_by_htmx_answers_with_the_part_alone(client: FlaskClient) -> None:
    headers = {**HERE, "HX-Request": "true"}
    answer = client.post(f"/feedback/{ARTICLE}", data=form(client, vote="yes"), headers=headers)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "谢谢" in answer.text
    assert votes(client) == {ARTICLE: (1, 0)}
    again = {"token": token_of(answer.text), "text": "步骤三可以配图"}
    assert "已经记下" in client.post(f"/feedback/{ARTICLE}", data=again, headers=headers).text
    assert client.application.extensions["store"].reasons(1)[0].text == "步骤三可以配图"


def test_what_is_written_is_cut_and_loses_whatever_identifies_someone(client: FlaskClient) -> None:
    text = "打 138-0013-8000 或写 me@example.org，ICCID 8933 0123 4567 8901 234 都不行\x00 <script>" + "长" * 600
    fields = form(client, reason="照着做了，不行", text=text)
    client.post(f"/feedback/{ARTICLE}", data=fields, headers=HERE)
    (kept,) = client.application.extensions["store"].reasons(1)
    assert kept.choice == "照着做了，不行"
    assert kept.text.startswith("打 〔号码〕 或写 〔邮箱〕，ICCID 〔号码〕 都不行")
    assert len(kept.text) <= 500


def test_a_made_up_reason_is_dropped_and_an_empty_form_keeps_nothing(client: FlaskClient) -> None:
    client.post(f"/feedback/{ARTICLE}", data=form(client, reason="买一送一", text="  "), headers=HERE)
    assert client.application.extensions["store"].reasons(1) == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Referer": "http://localhost/articles/x"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "https://evil.example/localhost"}, 403),
        ({}, 403),
    ],
)
def test_only_pages_of_this_site_can_vote(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    answer = client.post(f"/feedback/{ARTICLE}", data=form(client, vote="yes"), headers=headers)
    assert answer.status_code == status
    assert (votes(client) == {ARTICLE: (1, 0)}) == (status == 303)


@pytest.mark.parametrize("token", ["", "x", "1.0", "2900." + "0" * 32, "令牌"])
def test_a_form_without_a_good_token_is_told_to_reload(client: FlaskClient, token: str) -> None:
    answer = client.post(f"/feedback/{ARTICLE}", data={"token": token, "vote": "yes"}, headers=HERE)
    assert answer.status_code == 403
    assert "刷新" in answer.text
    assert votes(client) == {}


def test_a_token_is_good_for_its_article_alone_and_for_two_weeks(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = form(client, vote="yes")
    assert client.post("/feedback/basics/codes", data=fields, headers=HERE).status_code == 403
    week = 7 * 24 * 3600
    from helpcenter.http import forms as posting

    now = posting.time.time()
    for later, status in ((week, 303), (2 * week + 1, 403)):
        with monkeypatch.context() as patch:
            patch.setattr(posting.time, "time", lambda later=later: now + later)
            assert client.post(f"/feedback/{ARTICLE}", data=fields, headers=HERE).status_code == status


def test_reading_and_voting_set_no_cookie(client: FlaskClient) -> None:
    answers = [
        client.get("/"),
        client.get(f"/articles/{ARTICLE}"),
        client.post(f"/feedback/{ARTICLE}", data=form(client, vote="yes"), headers=HERE),
        client.get(f"/feedback/{ARTICLE}?said=yes"),
    ]
    assert not [answer for answer in answers if "Set-Cookie" in answer.headers]


def test_unknown_articles_take_no_votes(client: FlaskClient) -> None:
    assert client.post("/feedback/no/such", data=form(client, vote="yes"), headers=HERE).status_code == 404
    assert client.get("/feedback/no/such?said=yes").status_code == 404
    assert client.get(f"/feedback/{ARTICLE}").headers["Location"] == f"/articles/{ARTICLE}#feedback"


def test_a_form_that_is_far_too_long_is_refused(client: FlaskClient) -> None:
    answer = client.post(f"/feedback/{ARTICLE}", data=form(client, text="长" * 20_000), headers=HERE)
    assert answer.status_code == 413


def test_in_the_mirror_the_form_stays_in_the_mirror(client: FlaskClient) -> None:
    html = client.get(f"/zh-hant/articles/{ARTICLE}").text
    assert "這篇文章有幫助嗎" in html
    assert f'action="/zh-hant/feedback/{ARTICLE}"' in html
    answer = client.post(
        f"/zh-hant/feedback/{ARTICLE}",
        data={"token": token_of(html), "vote": "no"},
        headers=HERE,
        follow_redirects=True,
    )
    assert "謝謝" in answer.text
    fields = {"token": token_of(answer.text), "reason": re.findall(r'name="reason" value="([^"]+)"', answer.text)[1]}
    client.post(f"/zh-hant/feedback/{ARTICLE}", data=fields, headers=HERE)
    assert client.application.extensions["store"].reasons(1)[0].choice == "看不懂", "values stay as they are"


def test_too_many_votes_are_refused_across_workers(
    serve: Callable[..., AbstractContextManager[Any]], site_index: Path
) -> None:
    with serve(site_index, "--workers", 2) as site:
        token = token_of(site.get(f"/articles/{ARTICLE}"))
        statuses = []
        for _ in range(6):
            connection = HTTPConnection(urlsplit(site.address).netloc, timeout=10)  # a new one may reach either worker
            headers = {**HERE, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", f"/feedback/{ARTICLE}", urlencode({"token": token, "vote": "yes"}), headers)
            answer = connection.getresponse()
            statuses.append(answer.status)
            text = answer.read().decode()
            connection.close()
    assert statuses == [303] * 3 + [429] * 3
    assert "过一会儿再试" in text


def test_with_the_database_gone_articles_are_read_and_voters_told_kindly(site_index: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder can be made here")
    app = create_app(Settings(index=site_index, database_url=f"sqlite:///{tmp_path}/data/helpcenter.db"))
    client = app.test_client()
    assert client.get("/search?q=丢失").status_code == 200
    answer = client.post(f"/feedback/{ARTICLE}", data=form(client, vote="yes"), headers=HERE)
    assert answer.status_code == 503
    assert "暂时记不下" in answer.text
    assert "Traceback" not in answer.text
    app.extensions["recorder"].flush(last=True)
    (tmp_path / "data").unlink()
    assert client.post(f"/feedback/{ARTICLE}", data=form(client, vote="yes"), headers=HERE).status_code == 303
    app.extensions["recorder"].flush(last=True)
    assert app.extensions["store"].searches(1)["丢失"].asked == 1, "what was searched meanwhile is not lost"
    app.extensions["store"].close()


def test_the_secret_is_made_once_and_for_its_owner_only(site_index: Path, tmp_path: Path) -> None:
    settings = Settings(index=site_index, database_url=f"sqlite:///{tmp_path}/data/helpcenter.db")
    tokens = [token_of(create_app(settings).test_client().get(f"/articles/{ARTICLE}").text) for _ in range(2)]
    assert tokens[0] == tokens[1]
    secret = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert [path.name for path in secret.parent.iterdir()] == ["secret.key"], "nothing half-written is left"


# In the browser


def test_voting_by_htmx_opens_the_reason_where_it_stands(page: Page) -> None:
    page.goto("/articles/basics/what-is-esim")
    page.locator("#feedback button", has_text="没有").click()
    said = page.locator("#feedback .feedback-said")
    said.wait_for()
    assert urlsplit(page.url).path == "/articles/basics/what-is-esim", "the reader stays where they are"
    assert said.evaluate("element => element === document.activeElement"), "keyboard and screen reader follow"
    page.get_by_label("看不懂").check()
    page.locator("#feedback-text").fill("第二步没看懂")
    page.locator("#feedback button", has_text="提交意见").click()
    page.wait_for_selector("#feedback .feedback-said:has-text('您的意见已经记下')")
    for button in page.locator("#feedback button").all():
        assert button.bounding_box()["height"] >= 44  # type: ignore[index]


def test_voting_without_javascript(browser: Browser, live_server: str) -> None:
    context = browser.new_context(base_url=live_server, java_script_enabled=False)
    page = context.new_page()
    page.goto("/articles/basics/codes")
    page.locator("#feedback button", has_text="有").first.click()
    page.wait_for_url("**/feedback/basics/codes?said=yes")
    page.locator("#feedback-text").fill("很清楚")
    page.locator("#feedback button").click()
    assert "您的意见已经记下" in page.locator("#feedback").inner_text()
    page.locator(".actions a").click()
    assert urlsplit(page.url).path == "/articles/basics/codes"
    assert context.cookies() == []
    context.close()


def test_after_no_come_the_nearest_sections_and_a_person(page: Page) -> None:
    page.goto("/articles/replacement/france-lost")
    page.locator("#report-loss-s1 .tick").check()
    page.locator("#feedback button[value=no]").click()
    page.wait_for_selector("#feedback .links a")
    near = page.locator("#feedback .links a")
    assert near.count() == 3
    assert all("#" in str(link.get_attribute("href")) for link in near.all())
    page.locator(".person summary").click()
    page.locator(".person .contacts b", has_text="法国 Orange").wait_for()  # it unfolds calmly
    words = page.locator("#person-text").input_value()
    assert "在法国丢失 eSIM" in words
    assert "/articles/replacement/france-lost" in words
    assert "做完的步骤 1/" in words
