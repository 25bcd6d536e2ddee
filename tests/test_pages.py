"""The pages as a browser without scripts, a crawler or a program gets them: addresses and words."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.pages.article_page import age_warning
from helpcenter.pages.home_page import columns
from helpcenter.pages.result_cards import cards_of
from helpcenter.pages.results_page import count_line
from helpcenter.settings import Settings
from index import Article, ArticleHit, ArticleResults, Hit, SectionLink, SiteConfig, build

ARTICLE = "/articles/replacement/france-lost"
FRAGMENT = {"HX-Request": "true"}


def text_of(client: FlaskClient, address: str, **headers: str) -> str:
    """The body of a 200 answer."""
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, address
    return answer.text


def test_home_leads_with_the_search_box_and_emergencies_that_lead_to_their_answer(client: FlaskClient) -> None:
    page = text_of(client, "/")
    assert page.index('role="search"') < page.index("emergencies")
    tiles = re.findall(r'<a href="([^"]+)"><svg.*?<b>(.+?)</b><span class="urgency', page)
    assert [name for _, name in tiles] == ["丢失", "被盗", "损坏", "换机", "激活失败", "没信号"]
    for address, _ in tiles:
        assert address.startswith(("/guides/", "/articles/"))
        assert client.get(address).status_code == 200
    assert 'href="/guides/replace"' in page
    assert all(word in page for word in ("立即", "尽快", "自己可办", "按主题找", "最近核实过"))


@pytest.mark.parametrize(("items", "expected"), [(10, 5), (9, 3), (8, 4), (7, 4), (6, 3), (5, 5)])
def test_topics_stand_in_as_many_columns_as_leave_the_fewest_gaps(items: int, expected: int) -> None:
    assert columns(items, 5, 3) == expected
    assert all(columns(items, 2, 1) == (1 if items % 2 else 2) for items in range(1, 30))


def test_about_says_what_is_kept(client: FlaskClient) -> None:
    page = text_of(client, "/about")
    assert "不分是谁" in page
    assert page.count('<p class="tagline">') == 5, "every contact of the site"
    assert 'href="/about"' in text_of(client, "/")


def test_search_gives_htmx_the_block_and_everyone_else_the_page(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=丢失")
    fragment = client.get("/search?q=丢失", headers=FRAGMENT)
    assert "<html" in page
    assert "<html" not in fragment.text
    assert "<title>丢失" in fragment.text
    assert fragment.text.split("</title>", 1)[1].strip() in page
    assert "HX-Request" in fragment.headers["Vary"]


def test_back_and_forward_get_the_full_page(client: FlaskClient) -> None:
    assert "<html" in client.get("/search?q=丢失", headers={"HX-History-Restore-Request": "true"}).text
    both = FRAGMENT | {"HX-History-Restore-Request": "true"}
    assert "<html" in client.get("/search?q=丢失", headers=both).text


def test_results_say_where_they_stand_and_why(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=法国 丢失")
    assert f'href="{ARTICLE}#report-loss"' in page
    assert f'class="unfold" href="{ARTICLE}/sections/report-loss"' in page
    assert "<mark>丢失</mark>" in page
    assert '<ol class="first-steps"><li>' in page
    assert "展开全部 5 步" in page
    assert re.search(r"本文还有 \d+ 处", page)
    assert re.search(r"找到 \d+ 篇文章", page)
    assert "以下只含部分字词" in text_of(client, "/search?q=法国 丢失&page=3")
    assert "拼音匹配" in text_of(client, "/search?q=diushi")


def test_filters_combine_and_can_be_taken_away(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=补卡&region=法国&region=欧盟&carrier=Orange")
    assert 'name="region" value="法国" checked' in page
    left = f"/search?q={quote('补卡')}&region={quote('欧盟')}&carrier=Orange"
    assert f'href="{html.escape(left)}"' in page
    wide = client.get("/api/v1/search?q=补卡&region=法国&region=欧盟").json["total"]
    narrow = client.get("/api/v1/search?q=补卡&region=法国&carrier=Orange").json["total"]
    one = client.get("/api/v1/search?q=补卡&region=法国").json["total"]
    assert wide >= one >= narrow > 0


def test_filters_alone_list_articles_by_topic_a_row_each(client: FlaskClient) -> None:
    page = text_of(client, "/search?situation=损坏&carrier=Orange")
    rows = re.findall(r'<li class="card line"><h2><a class="hit" href="/articles/([^/]+)/', page)
    assert f"找到 {len(rows)} 篇文章" in page
    assert len(re.findall('class="divider"', page)) == len(set(rows)) >= 2
    assert rows == sorted(rows, key=list(dict.fromkeys(rows)).index), "a topic's articles stand together"


def test_filters_of_an_empty_search_count_what_they_will_list(client: FlaskClient) -> None:
    counts = re.findall(r'name="region" value="([^"]+)"><span>.*?<b>(\d+)</b>', text_of(client, "/search"))
    assert counts
    for value, count in counts[:2]:
        found = text_of(client, f"/search?region={quote(value)}")
        assert f"找到 {count} 篇文章" in found


def test_filters_that_cannot_narrow_are_hidden(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=补卡&region=法国")
    assert 'name="region" value="法国" checked' in page
    assert "<summary><span>筛选</span> <b>1</b></summary>" in page
    for value in ("不限运营商", "海外通用"):
        assert f'value="{value}"' not in text_of(client, "/search?q=esim")
    assert 'value="不限运营商" checked' in text_of(client, "/search?q=esim&carrier=不限运营商")
    counted = re.findall(r"<b>(\d+)</b></span></label>", text_of(client, "/search?q=快乐迁移"))
    total = int(re.search(r"(\d+) 篇", text_of(client, "/search?q=快乐迁移"))[1])
    assert all(int(count) < total for count in counted)


def test_nothing_found_is_said_and_helped(app: Flask, site_index: Path) -> None:
    page = text_of(app.test_client(), "/search?q=qxzvbn")
    assert all(words in page for words in ("没有找到回答这个问题的文章", "换个说法", "按主题找", "客服电话", "找人工"))
    assert "搜索“qxzvbn”，没有找到答案" in page
    filtered = text_of(app.test_client(), "/search?q=法国 丢失&region=月球")
    assert "去掉筛选，最接近的是" in filtered
    assert len(re.findall('<li><a class="hit"', filtered)) == 3
    assert "筛选：月球" in filtered
    own = create_app(Settings(index=site_index, support_url="mailto:help@example.org"))
    assert 'href="mailto:help@example.org"' in text_of(own.test_client(), "/search?q=qxzvbn")


def test_nothing_found_offers_the_three_nearest_sections_then_a_person(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=披萨外卖")
    nearest = page[page.index("最接近的几节") : page.index("找人工")]
    assert len(re.findall('<li><a class="hit" href="/articles/', nearest)) == 3
    assert page.index("找人工") < page.index("按主题找")
    assert "最接近的" not in text_of(client, "/search?q=饕餮龘靐")  # no section has any of these characters


def test_a_title_breaks_between_words(client: FlaskClient) -> None:
    heading = re.search("<h1>(.*?)</h1>", text_of(client, "/articles/replacement/france-lost"))
    assert heading
    assert heading[1] == "在法国<wbr>丢失 eSIM：报失、停号、换到新手机"


def test_a_slip_is_offered_corrected_never_silently(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=丢矢")
    assert "您是不是要找" in page
    assert 'value="丢矢"' in page


def test_pages_follow_one_another_and_never_run_out(client: FlaskClient) -> None:
    first = text_of(client, "/search?q=esim")
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    last = text_of(client, "/search?q=esim&page=99999")
    assert 'rel="prev"' in last
    assert 'rel="next"' not in last
    assert 'class="card"' in last
    for wrong in ("0", "-1", "x", "1e9", "９", ""):
        assert "第 1 页" in text_of(client, f"/search?q=esim&page={wrong}")


def test_a_very_long_question_is_cut_and_said_so(client: FlaskClient) -> None:
    assert "问题太长了" in text_of(client, "/search?q=" + "补卡 " * 200)
    assert client.get("/api/v1/search?q=" + "补" * 201).status_code == 400


def test_article_has_all_its_parts(client: FlaskClient) -> None:
    page = text_of(client, ARTICLE)
    for part in ('class="crumbs"', 'class="applies"', "已核实", 'class="toc"', 'class="steps"', "资料来源", "相关文章"):
        assert part in page, part
    assert 'id="report-loss"' in page
    assert f'<link rel="canonical" href="http://localhost{ARTICLE}">' in page
    assert f'hreflang="zh-Hant" href="http://localhost/zh-hant{ARTICLE}"' in page


def test_article_source_is_served_raw(client: FlaskClient) -> None:
    answer = client.get(f"{ARTICLE}.md")
    assert answer.mimetype == "text/markdown"
    assert answer.text.startswith("---\ntitle: ")


def test_section_is_a_fragment_for_htmx_and_a_page_for_others(client: FlaskClient) -> None:
    page = text_of(client, f"{ARTICLE}/sections/report-loss")
    fragment = client.get(f"{ARTICLE}/sections/report-loss", headers=FRAGMENT).text
    assert f'rel="canonical" href="http://localhost{ARTICLE}#report-loss"' in page
    assert "<html" not in fragment
    assert '<ol class="steps">' in fragment
    assert text_of(client, f"{ARTICLE}/sections/_")
    assert client.get(f"{ARTICLE}/sections/no-such", headers=FRAGMENT).status_code == 404
    assert client.get(f"{ARTICLE}/sections/no-such").headers["Location"] == f"{ARTICLE}#no-such"


def test_topics_list_their_articles(client: FlaskClient) -> None:
    page = text_of(client, "/topics/replacement")
    assert f'href="{ARTICLE}"' in page
    assert "补卡与换卡" in page


def test_foreign_content_shows_without_filters_or_emergencies(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "用户 指南" / "进阶").mkdir(parents=True)
    (content / "用户 指南" / "进阶" / "第 一章.md").write_text("# 开始\n\n你好。\n\n## 100% <b>步骤</b>\n\n内容。\n")
    build(content, tmp_path / "index")
    client = create_app(Settings(index=tmp_path / "index")).test_client()
    assert "emergencies" not in text_of(client, "/")
    found = text_of(client, "/search?q=内容")
    address = re.search(r'class="hit" href="([^"]+)"', found)[1]
    assert client.get(html.unescape(address)).status_code == 200
    assert client.get(re.search(r'class="unfold" href="([^"]+)"', found)[1]).status_code == 200
    assert text_of(client, f"/topics/{quote('用户 指南/进阶')}")


def test_a_query_is_text_everywhere(client: FlaskClient) -> None:
    page = text_of(client, "/search?q=" + quote('"><script>alert(1)</script>%s%(url)s') + "&region=" + quote("<b>%d"))
    assert "<script>alert" not in page
    assert "<b>%d" not in page


def test_old_articles_warn() -> None:
    today = date(2026, 6, 1)
    fresh = Article("a", "题", (), "", verified=date(2026, 5, 1))
    assert age_warning(fresh, today, SiteConfig()) == ""
    assert "180 天" in age_warning(replace(fresh, verified=date(2025, 11, 1)), today, SiteConfig())
    assert "2026 年 6 月 1 日" in age_warning(replace(fresh, expires=today), today, SiteConfig())


@pytest.mark.parametrize(
    ("total", "complete", "matched", "line"),
    [
        (0, 0, "words", "没有找到回答这个问题的文章"),
        (23, 3, "words", "找到 3 篇文章"),
        (5, 0, "words", "没有文章包含全部字词，5 篇只含一部分"),
        (5, 0, "pinyin", "找到 5 篇相近的文章"),
    ],
)
def test_the_count_in_words(total: int, complete: int, matched: str, line: str) -> None:
    found = ArticleResults("x", total, complete, complete, (article("a", matched=matched),), answered=total > 0)
    assert count_line(found, True) == line
    if total:
        assert count_line(replace(found, answered=False), True).startswith("没有找到回答这个问题的文章")


def article(name: str, matched: str = "words", more: int = 0) -> ArticleHit:
    """A found article."""
    best = Hit(name, "1", name, "", "题", f"/articles/{name}#1", "…", 1.0, matched, True)
    links = tuple(SectionLink(f"<{number}>", f"/articles/{name}#{number}") for number in range(more))
    return ArticleHit(best, (), 0, links[:2], links[2:])


def test_cards_lead_to_their_sections_and_the_divider_stands_once() -> None:
    articles = tuple(article(name, more=4) for name in "abc")
    cards = cards_of(ArticleResults("x", 20, 10, 10, articles), 8, "/zh-hant")
    assert [card.begins_partial for card in cards] == [False, False, True]
    assert cards[0].unfold_url == "/zh-hant/articles/a/sections/1"
    assert cards[0].heading == "概要"
    assert [len(cards[0].near), len(cards[0].more)] == [2, 2]
    assert not any(card.begins_partial for card in cards_of(ArticleResults("x", 3, 3, 3, articles), 0, ""))
