"""Searching a real index on disk: what is found, in which order, by which layer, and what is said about it.

In: small folders of Markdown, each written to show one promise. Out: what a reader would notice in the results. The
judged sets measure how well it ranks (test_judgements.py); this file holds what must never break. Guesses at what was
meant are in test_guesses.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from index import Library, Snapshot, build

ARTICLES = {
    "lost/phone": "# 手机丢失怎么办\n\n先报失。\n\n"
    "## 停用号码 {#stop}\n\n打电话给运营商，说明手机已经遗失，请他们停用号码。\n",
    "lost/card": "---\ntitle: 补办 eSIM 卡\nregion: [法国]\ncarrier: Orange\naliases: [门号补发]\n---\n"
    "补办要带护照。\n\n## 下载配置文件 {#download}\n\n"
    "在新手机上更换eSIM卡，输入激活码，连接 Wi-Fi 下载。SM-DP+ 地址在邮件里。\n",
    "travel/sights": "---\ntitle: 巴黎景点\nregion: 法国\n---\n"
    "景点门票可以在网上买。一段简单的路线，安装简单的应用。\n",
    "travel/books": "---\ntitle: 读书\nregion: 日本\n---\n| 书名 | 作者 |\n|---|---|\n| 论语 | 孔子 |\n\n"
    "```\nadb shell settings\n```\n\n![旧地图](https://example.com/map.png)\n",
    "tools/remove": "# 清理手机\n\n不用的软件可以卸载，卸载以后空间变大。\n",
}


@pytest.fixture(scope="session")
def snapshot(make: Callable[[dict[str, str]], Snapshot]) -> Snapshot:
    return make(ARTICLES)


def first(snapshot: Snapshot, query: str) -> tuple[str, str, str]:
    hit = snapshot.search(query).hits[0]
    return hit.article, hit.section, hit.matched


@pytest.mark.parametrize("query", ["eSIM", "esim", "ESIM卡", "esim卡", "ｅＳＩＭ", "e-sim", "更换eSIM卡"])
def test_the_products_own_word_is_found_however_it_is_typed(snapshot: Snapshot, query: str) -> None:
    assert first(snapshot, query)[0] == "lost/card"


@pytest.mark.parametrize("query", ["Wi-Fi", "wifi", "WiFi", "SM-DP+", "smdp", "SM-D", "dp+", "wi"])
def test_latin_terms_and_their_beginnings_are_found(snapshot: Snapshot, query: str) -> None:
    assert first(snapshot, query)[:2] == ("lost/card", "download")


@pytest.mark.parametrize("query", ["段简", "简单的路", "装简单", "票可以", "门票", "孔子", "论语", "旧地图"])
def test_nothing_a_reader_sees_hides_behind_a_word_boundary(snapshot: Snapshot, query: str) -> None:
    results = snapshot.search(query)
    assert results.hits[0].article.startswith("travel/")
    assert results.complete == 1


def test_every_run_of_two_to_five_characters_finds_its_section(snapshot: Snapshot) -> None:
    text = "打电话给运营商"
    for size in range(2, 6):
        for i in range(len(text) - size + 1):
            assert first(snapshot, text[i : i + size])[:2] == ("lost/phone", "stop")


def test_a_run_across_a_word_boundary_says_so(snapshot: Snapshot) -> None:
    assert first(snapshot, "段简")[2] == "substring"
    assert first(snapshot, "门票")[2] == "words"


@pytest.mark.parametrize("query", ["補辦", "下載配置文件", "激活碼"])
def test_traditional_queries_find_simplified_text(snapshot: Snapshot, query: str) -> None:
    assert first(snapshot, query)[0] == "lost/card"


def test_simplified_queries_find_traditional_text(make: Callable[[dict[str, str]], Snapshot]) -> None:
    snapshot = make({"a": "# 說明\n\n請在手機上啟用漫遊，並留意簡訊。\n"})
    for query in ("手机", "漫游", "启用", "短信"):
        assert snapshot.search(query).total == 1
    assert "<mark>漫遊</mark>" in snapshot.search("漫游").hits[0].snippet


def test_where_nothing_else_is_found_a_section_with_every_character_is(
    make: Callable[[dict[str, str]], Snapshot],
) -> None:
    site = make({"a": "# 坏了\n\n屏幕摔碎了。\n", "b": "# 屏幕\n\n擦一擦。\n"})
    (hit,) = site.search("屏碎").hits
    assert (hit.article, hit.matched, hit.snippet) == ("a", "substring", "<mark>屏</mark>幕摔<mark>碎</mark>了。")
    assert site.search("屏碎坏龘").total == 0


def test_characters_scattered_in_a_long_text_are_no_hit(make: Callable[[dict[str, str]], Snapshot]) -> None:
    site = make({"a": f"# 说明\n\n屏幕要擦{'，慢慢来' * 20}。杯子碎了。\n"})
    assert site.search("屏碎").total == 0


def test_a_name_that_stands_nowhere_lifts_no_stray_characters(make: Callable[[dict[str, str]], Snapshot]) -> None:
    stray = "# 亚洲\n\n塞车在城内，加上尔后的雨，手机没人接。\n"
    power = "# 手机\n\n手机没电了，先借充电器，再找插座，充到一半以上才打电话报案。\n"
    others = {"c": "# 手机\n\n手机怎么买。\n", "d": "# 电\n\n停电了。\n", "e": "# 没有\n\n没有人。\n"}
    site = make({"stray": stray, "power": power, **others})
    assert [hit.article for hit in site.search("塞内加尔手机没电").hits] == ["power", "c", "stray"]


def test_a_long_question_is_never_nothing(snapshot: Snapshot) -> None:
    results = snapshot.search("我昨天下午在法国坐火车的时候手机丢失了请问现在应该先做什么才好呢")
    assert results.total >= 1
    assert results.hits[0].article == "lost/phone"


def test_a_question_word_beside_the_words_asked_for_decides_nothing(snapshot: Snapshot) -> None:
    assert first(snapshot, "怎么 护照 补办")[:2] == ("lost/card", "")
    assert snapshot.search("怎么 护照 补办").complete == 1


def test_counts_tell_all_from_part(snapshot: Snapshot) -> None:
    results = snapshot.search("护照 补办 景点")
    assert results.complete == 0
    assert results.total >= 2
    assert snapshot.search("护照 补办").complete == 1


def test_what_makes_no_hit_is_not_counted_as_whole(make: Callable[[dict[str, str]], Snapshot]) -> None:
    texts = "我买过一次，但没到货。\n\n## 后来\n\n后来到货了，但是电池没有电。\n"
    results = make({"a": f"# 购买\n\n{texts}"}).search_articles("但没")
    assert (results.total, results.complete, len(results.articles)) == (1, 1, 1)
    assert results.articles[0].best.matched == "substring"


def test_what_only_shares_a_word_is_no_answer(snapshot: Snapshot) -> None:
    for query in ("手机壁纸铃声哪里下载便宜", "量子咖啡", "护照签证续签排队预约大使馆"):
        assert not snapshot.search(query).answered
        assert not snapshot.search_articles(query).answered
    for query in ("手机丢失了怎么办", "xiezai", "esmi", "补办 景点", ""):
        assert snapshot.search(query).answered
        assert snapshot.search_articles(query).answered
    assert not snapshot.search("景点", {"region": ["月球"]}).answered
    assert (
        snapshot.search("手机壁纸铃声哪里下载便宜", limit=1).answered
        == snapshot.search("手机壁纸铃声哪里下载便宜").answered
    )


def test_nothing_is_nothing(snapshot: Snapshot) -> None:
    for query in ("量子咖啡", "qzxv", "？！", "🙂"):
        assert snapshot.search(query).total == 0


def test_aliases_find_but_are_not_shown(snapshot: Snapshot) -> None:
    results = snapshot.search("门号补发")
    assert results.hits[0].article == "lost/card"
    assert "门号补发" not in results.hits[0].snippet


def test_phrases_in_straight_quotes_are_taken_as_they_stand(snapshot: Snapshot) -> None:
    assert snapshot.search('"连接 wi-fi 下载"').total == 1
    assert snapshot.search("“没有这样的话”手机").total > 0


def test_filters_narrow_and_their_counts_can_be_trusted(snapshot: Snapshot) -> None:
    everything = snapshot.search("")
    french = snapshot.search("", {"region": ["法国"]})
    counts = {facet.value: facet.count for facet in everything.facets["region"]}
    assert french.total == counts["法国"] == 3
    assert {facet.value for facet in french.facets["region"]} == {"法国", "日本"}
    assert snapshot.search("", {"region": ["法国", "日本"]}).total == counts["法国"] + counts["日本"]
    assert snapshot.search("", {"region": ["法国"], "carrier": ["Orange"]}).total == 2
    assert snapshot.search("景点", {"region": ["日本"]}).total == 0
    assert snapshot.search("", {"region": ["月球"]}).total == 0
    assert snapshot.search("", {"topic": ["travel"]}).total == 2


def test_counts_beside_articles_are_of_those_that_hold_all_where_there_are_any(
    make: Callable[[dict[str, str]], Snapshot],
) -> None:
    texts = {"法国": ["补办要护照", "补办", "补办"], "日本": ["护照"]}
    site = make(
        {
            f"{region}{number}": f"---\ntitle: 说明\nregion: {region}\n---\n{text}。\n"
            for region, own in texts.items()
            for number, text in enumerate(own)
        }
    )
    for query, expected in (("补办 护照", [("法国", 1)]), ("补办 护照 景点", [("法国", 3), ("日本", 1)])):
        results = site.search_articles(query)
        assert [(one.value, one.count) for one in results.facets["region"]] == expected
        for value, count in expected:
            chosen = site.search_articles(query, {"region": [value]})
            assert (chosen.complete or chosen.total) == count
            assert ("日本" in dict(expected)) == any(one.value == "日本" for one in chosen.facets["region"])


def test_pages_join_without_gap_or_repeat(make: Callable[[dict[str, str]], Snapshot]) -> None:
    snapshot = make({f"n{i:03}": f"# 第{i}篇\n\n关于激活的说明，编号{i}。\n" for i in range(150)})
    pages = [snapshot.search("激活", limit=40, offset=at) for at in range(0, 160, 40)]
    seen = [hit.article for page in pages for hit in page.hits]
    assert len(seen) == len(set(seen)) == pages[0].total == 150
    assert len(snapshot.search("激活", limit=1000).hits) == 100


def test_the_snippet_marks_true_matches_in_the_original_text(snapshot: Snapshot) -> None:
    hit = snapshot.search("更换esim卡").hits[0]
    assert (
        "<mark>更换</mark><mark>eSIM</mark><mark>卡</mark>" in hit.snippet or "<mark>更换eSIM卡</mark>" in hit.snippet
    )


def test_the_snippet_is_escaped(make: Callable[[dict[str, str]], Snapshot]) -> None:
    snapshot = make({"a": "# 甲\n\n写法是 `<script>alert(1)</script>` 这样。\n"})
    snippet = snapshot.search("script").hits[0].snippet
    assert "&lt;<mark>script</mark>&gt;" in snippet
    assert "<script" not in snippet


def test_hits_say_where_they_stand(snapshot: Snapshot) -> None:
    hit = snapshot.search("下载配置文件").hits[0]
    assert (hit.title, hit.heading, hit.topic) == ("补办 eSIM 卡", "下载配置文件", "lost")
    assert hit.url == "/articles/lost/card#download"


def test_explain_adds_up_and_says_why_not(snapshot: Snapshot) -> None:
    why = snapshot.explain("补办 护照", "lost/card")
    shares = [float(line.split()[0]) for line in why.splitlines() if line.startswith("  ")]
    assert shares[-1] == pytest.approx(sum(shares[:-1]), abs=0.01)
    why_not = snapshot.explain("补办", "travel/books")
    assert "没有出现" in why_not
    assert "补办（其他小节有）" in why_not
    with pytest.raises(KeyError):
        snapshot.explain("补办", "no/such")


def test_a_carrier_is_found_though_no_sentence_names_it(snapshot: Snapshot) -> None:
    assert snapshot.search("Orange").hits[0].article == "lost/card"


def test_related_articles_are_near(site_index: Path) -> None:
    snapshot = Library(site_index).snapshot()
    page = snapshot.page("replacement/france-lost")
    assert page is not None
    assert any("france" in card.id or "lost" in card.id for card in page.related)
    assert "replacement/france-lost" not in [card.id for card in page.related]


def test_a_common_run_ranks_first_on_every_page_and_counts_do_not_change(tmp_path: Path) -> None:
    """Of very many sections that may contain a run, as many are looked at as a page needs; nobody may notice."""
    content = tmp_path / "content"
    content.mkdir()
    for number in range(300):
        body = "手机丢了怎么办" if number % 3 else "丢了手机，丢机丢了，机丢"
        (content / f"n{number:03}.md").write_text(f"# 第{number}篇\n\n{body}。{'也' * (number % 7)}\n", "utf-8")
    build(content, tmp_path / "index")
    snapshot = Library(tmp_path / "index").snapshot()
    pages = [snapshot.search("手机丢了", limit=10, offset=offset) for offset in range(0, 300, 10)]
    urls = [hit.url for page in pages for hit in page.hits]
    assert len(set(urls)) == len(urls)
    assert all("手机丢了" in re.sub("<.*?>", "", hit.snippet) for page in pages[:20] for hit in page.hits)
    assert len({(page.total, page.complete) for page in pages}) == 1
    assert snapshot.search('"手机丢了"').total == 200
    guessed = snapshot.search("首机丢了")
    assert (guessed.suggestion, guessed.total >= 200) == ("手机丢了", True)
