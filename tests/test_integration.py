"""What other programs read: feed, site map, list for language models, search description, structured data."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from support import client_of

from helpcenter import create_app
from helpcenter.pages import feeds
from helpcenter.pages.structured_data import how_to, questions
from helpcenter.settings import Settings
from index import Article, Library, Section, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
ATOM = "{http://www.w3.org/2005/Atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"


@pytest.fixture(scope="module")
def live(site_index: Path) -> Any:
    """The snapshot that the client sees."""
    return Library(site_index).snapshot()


@pytest.fixture
def odd_client(tmp_path: Path) -> FlaskClient:
    """Of a site whose titles try to break every format."""
    content = tmp_path / "content"
    (content / "主题").mkdir(parents=True)
    (content / "主题" / "引号 & 空格.md").write_text(
        '---\ntitle: "</script><b>A & B]\\\\ \\b"\nsummary: "第一行\\n第二行 <x>"\n'
        "updated: 2026-03-01\n---\n\n正文。\n",
        "utf-8",
    )
    (content / "plain.md").write_text("# 没有任何字段\n\n正文。\n", "utf-8")
    build(content, tmp_path / "index")
    return create_app(Settings(index=tmp_path / "index", site_name="<站> & ]]>")).test_client()


def xml(client: FlaskClient, address: str, **options: Any) -> ET.Element:
    answer = client.get(address, **options)
    assert answer.status_code == 200
    assert "xml" in answer.mimetype
    return ET.fromstring(answer.data)


# Site map and robots


def test_the_site_map_lists_every_page_in_both_scripts_and_all_of_them_open(client: FlaskClient, live: Any) -> None:
    urls = xml(client, "/sitemap.xml").findall(f"{MAP}url")
    places = [url.findtext(f"{MAP}loc", "") for url in urls]
    assert len(places) == len(set(places)) == 2 * (2 + len(live.topics()) + len(live.guides()) + live.article_count)
    for url, place in zip(urls, places, strict=True):
        others = {link.get("hreflang"): link.get("href") for link in url.findall(f"{XHTML}link")}
        assert place in (others["zh-Hans"], others["zh-Hant"])
        assert others["x-default"] == others["zh-Hans"]
        assert urlsplit(place).netloc == "localhost"
        page = client.get(urlsplit(place).path)
        assert page.status_code == 200
        assert f'<link rel="canonical" href="{place}">' in page.text
        assert f'hreflang="zh-Hant" href="{others["zh-Hant"]}"' in page.text
    article = next(
        url for url in urls if url.findtext(f"{MAP}loc") == "http://localhost/articles/replacement/france-lost"
    )
    assert article.findtext(f"{MAP}lastmod") == "2026-11-14"


def test_a_site_too_large_for_one_map_gets_a_list_of_maps(
    client: FlaskClient, live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_PLACES", 25)
    # The answer cache keys by host, so this host has nothing kept.
    base = "http://large.example"
    parts = [place.text or "" for place in xml(client, "/sitemap.xml", base_url=base).iter(f"{MAP}loc")]
    assert parts[0] == f"{base}/sitemap.xml?part=1"
    listed = [
        place.text for part in parts for place in xml(client, part.removeprefix(base), base_url=base).iter(f"{MAP}loc")
    ]
    assert len(listed) == len(set(listed)) == 2 * (2 + len(live.topics()) + len(live.guides()) + live.article_count)
    assert client.get(f"/sitemap.xml?part={len(parts) + 1}", base_url=base).status_code == 400


def test_robots_point_to_the_map_and_stay_out_of_endless_results(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /search?*&", "Disallow: /zh-hant/search?*&"} <= set(lines)
    assert "Sitemap: http://localhost/sitemap.xml" in lines
    noindex = '<meta name="robots" content="noindex">'
    assert noindex not in client.get("/search?q=丢失").text
    assert noindex in client.get("/search?q=qxzvbn").text, "no stranger's words become a page in a search engine"


def test_the_base_url_setting_beats_the_requested_host(site_index: Path) -> None:
    client = create_app(Settings(index=site_index, base_url="https://help.example.org/esim")).test_client()
    for address in ("/sitemap.xml", "/robots.txt", "/feed.atom", "/llms.txt", "/opensearch.xml", "/openapi.json"):
        text = client.get(address).text
        assert "https://help.example.org/esim/" in text or '"https://help.example.org/esim"' in text, address
        assert "localhost" not in text, address


# Feed


def test_the_feed_is_valid_atom_newest_first(client: FlaskClient) -> None:
    feed = xml(client, "/feed.atom")
    assert feed.tag == f"{ATOM}feed"
    for part in [feed, *feed.findall(f"{ATOM}entry")]:
        assert part.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
        assert part.findtext(f"{ATOM}title")
        assert datetime.fromisoformat(part.findtext(f"{ATOM}updated", "")).tzinfo
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {"self": "http://localhost/feed.atom", "alternate": "http://localhost/"}
    days = [entry.findtext(f"{ATOM}updated") for entry in feed.findall(f"{ATOM}entry")]
    assert days == sorted(days, key=str, reverse=True)
    assert len(days) == feeds.NEWS
    assert days[0] == feed.findtext(f"{ATOM}updated")
    first = feed.find(f"{ATOM}entry/{ATOM}link")
    assert first is not None
    assert client.get(urlsplit(str(first.get("href"))).path).status_code == 200


def test_no_page_offers_a_feed_that_nothing_could_fill(content: Path, client: FlaskClient) -> None:
    undated = client_of(content)
    assert "feed.atom" in client.get("/").text
    assert "feed.atom" not in undated.get("/").text
    assert not xml(undated, "/feed.atom").findall(f"{ATOM}entry")


def test_feed_entries_keep_their_ids_when_the_host_changes(client: FlaskClient) -> None:
    def ids(base: str) -> list[str | None]:
        return [part.text for part in xml(client, "/feed.atom", base_url=base).iter(f"{ATOM}id")]

    assert ids("http://one.example") == ids("https://two.example:8443")
    assert len(set(ids("http://one.example"))) == feeds.NEWS + 1


def test_below_the_mirror_the_feed_is_in_traditional_with_ids_of_its_own(client: FlaskClient) -> None:
    simplified, mirror = client.get("/feed.atom").text, client.get("/zh-hant/feed.atom").text
    assert "帮助" in simplified
    assert "幫助" in mirror
    assert "帮助" not in mirror
    assert not set(re.findall("urn:uuid:[^<]+", simplified)) & set(re.findall("urn:uuid:[^<]+", mirror))
    assert 'href="http://localhost/zh-hant/articles/' in mirror


# Language models and Markdown


def test_llms_txt_names_every_article_once_and_its_links_lead_to_markdown(client: FlaskClient, live: Any) -> None:
    lines = client.get("/llms.txt").text.splitlines()
    assert lines[0].startswith("# ")
    assert lines[2].startswith("> ")
    assert sum(line.startswith("## ") for line in lines) == len(live.topics())
    links = [
        re.fullmatch(r"- \[(.+)\]\(http://localhost(/\S+\.md)\)(: .+)?", line) for line in lines if line[:2] == "- "
    ]
    assert all(links)
    assert len({link[2] for link in links if link}) == len(links) == live.article_count
    for link in links[:5]:
        assert link is not None
        source = client.get(link[2])
        assert source.content_type == "text/markdown; charset=utf-8"
        written = live.page(link[2].removeprefix("/articles/").removesuffix(".md")).article.source
        assert source.text == f"{written.rstrip()}\n<!-- 全部文章：/llms.txt -->\n"


def test_hostile_titles_break_no_format(odd_client: FlaskClient) -> None:
    entry = xml(odd_client, "/feed.atom").find(f"{ATOM}entry")
    assert entry is not None
    assert "</script><b>A & B]\\" in entry.findtext(f"{ATOM}title", "")
    assert len(list(xml(odd_client, "/sitemap.xml").iter(f"{MAP}loc"))) == 2 * 4
    assert xml(odd_client, "/opensearch.xml").findtext(f"{OPENSEARCH}ShortName") == "<站> & ]]>"
    listing = odd_client.get("/llms.txt").text
    assert "\n- [</script><b>A & B\\]\\\\" in listing
    assert "第一行 第二行 <x>" in listing
    assert "\n## 其他\n\n- [没有任何字段](http://localhost/articles/plain.md)\n" in listing
    page = odd_client.get("/articles/" + quote("主题/引号 & 空格")).text
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert data
    assert json.loads(data[1])[0]["headline"].startswith("</script><b>A & B]")


# The browser's address bar


def test_a_browser_finds_the_search_description_and_its_address_searches(client: FlaskClient) -> None:
    link = re.search(r'<link rel="search" type="(.+?)" title=".+?" href="(.+?)">', client.get("/").text)
    assert link
    answer = client.get(link[2])
    assert answer.mimetype == link[1]
    description = ET.fromstring(answer.data)
    assert 1 <= len(description.findtext(f"{OPENSEARCH}ShortName", "")) <= 16
    template = next(
        str(url.get("template")) for url in description.findall(f"{OPENSEARCH}Url") if url.get("type") == "text/html"
    )
    results = client.get(template.replace("{searchTerms}", quote("法国 丢失")).removeprefix("http://localhost"))
    assert "<mark>" in results.text


# Structured data


def section(heading: str, html: str) -> Section:
    return Section(heading, heading, 2, html, re.sub("<.*?>", "", html))


def article(*sections: Section) -> Article:
    return Article("a", "标题", sections, "")


def test_an_article_of_steps_is_a_how_to_and_one_of_questions_a_faq() -> None:
    listed = "<p>先看</p><ol class='steps'><li>一 <b>甲</b><ol><li>细</li></ol></li><li>二</li></ol>"
    told = how_to(article(section("做", listed), section("再做", "<ol><li>三</li></ol>"), section("说明", "<p>话</p>")))
    assert [part["name"] for part in told] == ["做", "再做"]
    assert [step["text"] for step in told[0]["itemListElement"]] == ["一 甲细", "二"]
    assert not how_to(article(section("做", listed), section("说明", "<p>话</p>")))
    asked = article(section("为什么？", "<p>因为。</p>"), section("Really?", "<p>Yes</p>"))
    assert [entry["name"] for entry in questions(asked)] == ["为什么？", "Really?"]
    assert not questions(article(section("为什么？", "<p>因为。</p>")))
    assert not questions(article(section("为什么？", "<p>因为。</p>"), section("结语", "<p>完</p>")))


def test_structured_data_raises_no_violation_of_the_policy_in_a_browser(browser: Browser, live_server: str) -> None:
    with browser.new_page(base_url=live_server) as page:
        page.add_init_script(
            "window.violations = [];"
            "addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))"
        )
        page.goto("/articles/emergency/lost-phone")
        data = json.loads(page.locator('script[type="application/ld+json"]').text_content() or "")
        assert [entry["@type"] for entry in data] == ["Article", "BreadcrumbList", "HowTo"]
        shown = page.locator("ol.steps > li").count()
        assert sum(len(part["itemListElement"]) for part in data[2]["step"]) == shown > 5
        crumbs = data[1]["itemListElement"]
        assert [crumb["position"] for crumb in crumbs] == [1, 2, 3]
        for crumb in crumbs:
            assert page.request.get(crumb["item"]).ok
        assert page.evaluate("violations") == []
        # The listener does hear: an inline script is refused and reported.
        page.evaluate(
            "document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))"
        )
        page.wait_for_function("violations.length === 1")
        assert page.evaluate("window.ran") is None
