"""Guides as readers and programs meet them: addresses, answers to change, ways back, the mirror, JSON."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from index import Guide, Library

ORANGE = "/guides/replace/fr/lost/orange"


def every_state(guide: Guide) -> list[str]:
    """The address of each question and outcome, along one way to it."""
    ways, waiting = {guide.start: f"/guides/{guide.id}"}, [guide.start]
    while waiting:
        node = waiting.pop()
        for option in guide.questions[node].options if node in guide.questions else ():
            if option.to not in ways:
                ways[option.to] = f"{ways[node]}/{option.answer}"
                waiting.append(option.to)
    return list(ways.values())


def test_every_state_of_every_guide_answers(client: FlaskClient, site_index: Any) -> None:
    guides = Library(site_index).snapshot().guides()
    assert len(guides) >= 5
    for guide in guides:
        states = every_state(guide)
        assert len(states) == len(guide.questions) + len(guide.outcomes)
        for address in states:
            answer = client.get(address)
            assert answer.status_code == 200, address
            assert len(re.findall("<h1", answer.text)) == 1


def test_a_question_links_to_each_answer(client: FlaskClient) -> None:
    page = client.get("/guides/replace/fr").text
    assert 'href="/guides/replace/fr/lost"' in page
    assert "手机丢了" in page
    assert 'href="/guides/replace" aria-label="改答案：' in page


def test_a_question_leads_to_the_other_guides_too(client: FlaskClient) -> None:
    page = client.get("/guides/replace/fr").text
    beside = page[page.index("不是这件事？") :]
    assert 'href="/guides/stolen"' in beside
    assert 'href="/guides/replace"' not in beside[: beside.index("</section>")]
    assert "不是这件事？" not in client.get(ORANGE).text


def test_an_outcome_is_a_list_of_steps_that_unfold_and_link(client: FlaskClient) -> None:
    page = client.get(ORANGE).text
    assert page.count("<summary>") >= 9
    assert 'href="/articles/replacement/france-lost#report-loss"' in page
    assert page.count('aria-label="改答案：') == 3
    assert 'href="/guides/replace/fr/lost">上一问' in page
    assert "法国 Orange</b>" in page
    assert "法国的号码（+33） → 手机丢了 → Orange（含 Sosh）" in page  # to hand to a person


def test_htmx_gets_the_block_alone(client: FlaskClient) -> None:
    answer = client.get(ORANGE, headers={"HX-Request": "true"})
    assert answer.text.startswith("<title>")
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]
    back = client.get(ORANGE, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in back.text


@pytest.mark.parametrize("path", ["/nowhere", "/fr/nowhere", "/fr/lost/orange/more"])
def test_an_unknown_answer_is_not_found_and_shows_where_to_go_on(client: FlaskClient, path: str) -> None:
    answer = client.get("/guides/replace" + path)
    assert answer.status_code == 404
    assert "没有“" in answer.text
    assert 'href="/guides/replace' in answer.text
    assert "<h1" in answer.text
    assert client.get("/guides/nowhere").status_code == 404


def test_the_mirror_and_the_list(client: FlaskClient) -> None:
    assert "補卡嚮導" in client.get("/zh-hant/guides").text
    page = client.get("/zh-hant/guides/replace/fr/lost").text
    assert 'href="/zh-hant/guides/replace/fr/lost/orange"' in page
    assert client.get("/guides").text.index("手机被盗了") < client.get("/guides").text.index("换手机")


def test_the_site_map_lists_guides(client: FlaskClient) -> None:
    text = client.get("/sitemap.xml").text
    assert "/guides</loc>" in text
    assert "/guides/replace</loc>" in text
    assert "/zh-hant/guides/replace</loc>" in text


def test_the_api_walks_the_same_way(client: FlaskClient) -> None:
    assert {one["id"] for one in client.get("/api/v1/guides").json["guides"]} >= {"replace", "stolen"}
    start = client.get("/api/v1/guides/replace").json
    assert start["outcome"] is None
    assert start["question"]["options"][0] == {
        "answer": "fr",
        "label": "法国的号码（+33）",
        "url": "/guides/replace/fr",
    }
    end = client.get("/api/v1" + ORANGE).json
    assert end["question"] is None
    assert [one["answer"] for one in end["answers"]] == ["fr", "lost", "orange"]
    step = end["outcome"]["steps"][1]
    assert step["url"] == "/articles/replacement/france-lost#report-loss"
    assert step["heading"]
    assert step["text"]
    wrong = client.get("/api/v1/guides/replace/nowhere")
    assert wrong.status_code == 404
    assert "nowhere" in wrong.json["error"]["message"]
    assert client.get("/api/v1/guides/nowhere").status_code == 404


def test_odd_addresses_make_no_server_error(client: FlaskClient) -> None:
    for path in (
        "/guides/",
        "/guides/replace/",
        "/guides/replace//fr",
        "/guides/%00",
        "/guides/replace/%FF",
        "/guides/../x",
    ):
        assert client.get(path).status_code in (200, 404, 308)


def test_a_search_that_names_a_guide_shows_it_first(client: FlaskClient) -> None:
    page = client.get("/search?q=补卡怎么办").text
    assert page.index('href="/guides/replace"') < page.index('class="cards"')
    assert "向导</span>" in page
    assert client.get("/api/v1/search?q=补卡怎么办").json["guides"] == [
        {"id": "replace", "title": "补卡向导", "url": "/guides/replace"}
    ]
    assert client.get("/api/v1/search?q=法国邮编").json["guides"] == []
    assert 'class="guide-hit"' not in client.get("/search?q=法国邮编").text
