"""Guesses: pinyin, initials, same sounds, slips of the keyboard; what they find, and that they say so.

In: small folders of Markdown, each written to show one promise, on each engine. Out: what a reader would notice.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from index import Snapshot

ARTICLES = {
    "lost/card": "# 补办 eSIM 卡\n\n补办要带护照。\n\n## 下载配置文件\n\n输入激活码，连接 Wi-Fi 下载。\n",
    "travel/sights": "# 巴黎景点\n\n景点门票可以在网上买。\n",
    "tools/remove": "# 清理手机\n\n不用的软件可以卸载，卸载以后空间变大。\n",
}


@pytest.fixture(scope="session")
def snapshot(make: Callable[[dict[str, str]], Snapshot]) -> Snapshot:
    return make(ARTICLES)


@pytest.mark.parametrize("query", ["xiezai", "xie zai", "xiez", "XIEZAI"])
def test_pinyin_finds_and_says_that_it_is_a_guess(snapshot: Snapshot, query: str) -> None:
    results = snapshot.search(query)
    assert results.hits[0].article == "tools/remove"
    assert results.hits[0].matched == "pinyin"
    assert results.suggestion == "卸载"


def test_initials_find_every_word_they_may_stand_for(snapshot: Snapshot) -> None:
    hits = snapshot.search("xz").hits
    assert {"tools/remove", "lost/card"} <= {hit.article for hit in hits if hit.matched == "pinyin"}


@pytest.mark.parametrize("query", ["卸在", "载卸"])
def test_wrong_characters_find_and_say_that_it_is_a_guess(snapshot: Snapshot, query: str) -> None:
    results = snapshot.search(query)
    assert results.hits[0].article == "tools/remove"
    assert results.hits[0].matched == "similar"
    assert results.suggestion == "卸载"


def test_known_words_beside_each_other_are_no_slip(make: Callable[[dict[str, str]], Snapshot]) -> None:
    sounding = {"a": "# 号码\n\n仪式手机。\n", "b": "# 丢失\n\n手机遗失以后，先报失。\n"}
    results = make(sounding).search("遗失手机")
    assert (results.hits[0].article, results.suggestion) == ("b", None)


def test_a_reading_that_no_word_has_is_no_sound(make: Callable[[dict[str, str]], Snapshot]) -> None:
    results = make({"a": "# 型号\n\n有些手机不支持。\n", "b": "# 丢失\n\n先把手机锁上。\n"}).search("锁手机")
    assert (results.hits[0].article, results.suggestion) == ("b", None)


def test_characters_far_apart_that_changed_places_are_put_right(make: Callable[[dict[str, str]], Snapshot]) -> None:
    results = make({"a": "# 停号\n\n请客服冻结号码。\n"}).search("号结冻码")
    assert (results.hits[0].matched, results.suggestion) == ("similar", "冻结号码")


def test_a_slip_in_a_question_is_mended(snapshot: Snapshot) -> None:
    results = snapshot.search("请问我应该怎么样卸在不用的软件呢")
    assert (results.hits[0].article, results.hits[0].matched) == ("tools/remove", "similar")
    assert results.suggestion == "请问我应该怎么样卸载不用的软件呢"


def test_a_slip_beside_words_that_match_is_mended(snapshot: Snapshot) -> None:
    results = snapshot.search("巴黎 卸在")
    assert {"tools/remove", "travel/sights"} <= {hit.article for hit in results.hits}
    assert results.suggestion == "巴黎 卸载"


def test_pinyin_is_read_as_far_as_it_can_be(make: Callable[[dict[str, str]], Snapshot]) -> None:
    site = make({"a": "# 费用\n\n补卡不收费。\n", "b": "# 价钱\n\n问清多少钱。\n"})
    for query in ("buka yao duoshao qian", "bukayaoduoshaoqian", "buka xqzv duoshaoqian"):
        results = site.search(query)
        assert results.suggestion == "补卡 多少钱"
        assert {(hit.article, hit.matched) for hit in results.hits} == {("a", "pinyin"), ("b", "pinyin")}


@pytest.mark.parametrize(
    "query", ["shouji diule zenme ban", "shou ji diu le zen me ban", "esim shouji diu le zenmeban"]
)
def test_pinyin_with_spaces_is_read_as_a_sentence(make: Callable[[dict[str, str]], Snapshot], query: str) -> None:
    lost = "# 遗失\n\n手机丢了，先锁机。eSIM 也要停。\n\n别的不知怎么办，就打电话。\n"
    site = make({"lost": lost, "french": "# 法语\n\nLe forfait eSIM de ma carte.\n"})
    results = site.search(query)
    assert (results.hits[0].article, results.hits[0].matched) == ("lost", "pinyin")
    assert results.suggestion and results.suggestion.endswith("手机 丢了 怎么办")


def test_a_guess_that_is_all_there_is_finds_what_typing_it_would(
    make: Callable[[dict[str, str]], Snapshot],
) -> None:
    site = make({"a": "# 甲\n\n补卡流程。\n", "b": "# 乙\n\n补卡要带护照。\n", "c": "# 丙\n\n流程很短。\n"})
    typed, guessed = site.search("补卡流程"), site.search("bukaliucheng")
    assert [hit.article for hit in guessed.hits] == [hit.article for hit in typed.hits]
    assert guessed.total == 3


@pytest.mark.parametrize("query", ["医院", "唔见咗", "手机 医院"])
def test_common_words_and_cantonese_are_never_corrected(make: Callable[[dict[str, str]], Snapshot], query: str) -> None:
    site = make({"a": "# 甲\n\n一元的手机。五见左。意愿。\n"})
    assert site.search(query).suggestion is None


def test_misspelt_latin_is_found_as_a_guess(snapshot: Snapshot) -> None:
    results = snapshot.search("esmi")
    assert results.hits[0].article == "lost/card"
    assert (results.hits[0].matched, results.suggestion) == ("similar", "esim")


def test_of_words_equally_near_the_commoner_is_meant(make: Callable[[dict[str, str]], Snapshot]) -> None:
    others = {f"other{number}": f"# 其他 {number}\n\n用 root 登录。\n" for number in range(3)}
    results = make({"boot": "# 启动\n\n看 boot 目录。\n", **others}).search("oot")
    assert results.suggestion == "root"
    assert {hit.article for hit in results.hits} == {"boot", *others}


@pytest.mark.parametrize("query", ["boug", "Bougu", "boyg"])
def test_a_slip_in_a_half_typed_latin_word_is_forgiven(make: Callable[[dict[str, str]], Snapshot], query: str) -> None:
    results = make({"a": "# 运营商\n\n找 Bouygues 的门店。\n", "b": "# 别的\n\n找 Orange 的门店。\n"}).search(query)
    assert [(hit.article, hit.matched) for hit in results.hits] == [("a", "similar")]
    assert results.suggestion == "bouygues"


def test_a_guess_finds_every_section_however_common(make: Callable[[dict[str, str]], Snapshot]) -> None:
    sections = "".join(f"## 第 {number} 种情况\n\n手机丢失以后，做第 {number} 件事。\n\n" for number in range(250))
    results = make({"many": f"# 很多\n\n{sections}", "other": "# 其他\n\n丢了又失而复得。\n"}).search("手机丢施")
    assert (results.total, results.suggestion) == (250, "手机丢失")
    assert {hit.matched for hit in results.hits} == {"similar"}


def test_a_quoted_phrase_is_taken_as_it_stands_beside_a_guess_too(make: Callable[[dict[str, str]], Snapshot]) -> None:
    pieces = "".join(f"## 第 {number} 节\n\n丢失。遗失以外。以后用 root。\n\n" for number in range(250))
    site = make({"pieces": f"# 零散\n\n{pieces}", "phrase": "# 一句\n\n丢失以后用 root。\n"})
    results = site.search('"丢失以后" rooot')
    assert [hit.article for hit in results.hits if hit.matched == "similar"] == ["phrase"]


def test_a_guess_never_stands_above_what_was_typed(make: Callable[[dict[str, str]], Snapshot]) -> None:
    both = make({"a": "# 甲\n\n景点景点景点景点。\n", "b": "# 乙\n\n很多别的话，最后才提到经典二字。\n"})
    results = both.search("经典")
    assert [hit.article for hit in results.hits] == ["b"]
    assert results.suggestion is None


def test_a_whole_same_sound_match_beats_scattered_characters(make: Callable[[dict[str, str]], Snapshot]) -> None:
    snapshot = make({"a": "# 甲\n\n激活码在邮件里。\n", "b": "# 乙\n\n地基很深，活动很多，码头很远。\n"})
    assert [hit.article for hit in snapshot.search("基活码").hits] == ["a"]
