"""The text pipeline: one battery that every step passes, and one test per term that readers write in many ways.

In: texts in every script and form. Out: lengths kept, runs complete, terms equal however they are typed. A failure
names the file to open: folding.py, segmenting.py or parsing.py.
"""

from __future__ import annotations

import unicodedata

import pytest

from index.search.parsing import Parser
from index.text.folding import clean, fold
from index.text.segmenting import Segmenter, latin_terms, runs
from index.weights import load_weights

BATTERY = (
    "",
    "更换eSIM卡",
    "ＥＳＩＭ　卡，第①步",
    "在台灣補辦門號時，簡訊驗證碼收不到",
    "SM-DP+ 地址与 Wi‑Fi、LPA:1$smdp.example.com$AB-12",
    "Nouméa 的 Café，İstanbul，ﬁ，㎏，Ⅷ",
    "𠮷野家🙂〇々ㄅㄆㄇ한국어かな",
    "一\n二\t三\u3000四\xa0五",
    "a-" * 50,
)


@pytest.mark.parametrize("text", BATTERY)
def test_folding_keeps_every_offset(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
    assert "".join(map(fold, text)) == folded


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter(["补卡", "新喀里多尼亚"])


@pytest.mark.parametrize("text", BATTERY)
def test_joined_words_equal_the_text(segmenter: Segmenter, text: str) -> None:
    folded = fold(text)
    for run in runs(folded):
        assert folded[run.start : run.end] == run.text
        if run.kind == "han":
            assert "".join(segmenter.cut(run.text)) == run.text
    between = set(folded) - set("".join(run.text for run in runs(folded)))
    assert not any(unicodedata.category(character).startswith("Lo") for character in between)


def test_folding_leaves_simplified_text_alone() -> None:
    for text in ("怎么办", "什么", "著名", "只有一台手机", "后面的头发"):
        assert fold(text) == text
    assert fold("啟用門號衞星電話") == "启用门号卫星电话"


def test_invisible_characters_do_not_split_words() -> None:
    assert clean("更\u200b换e\u00adSIM\ufeff卡") == "更换eSIM卡"


@pytest.mark.parametrize(
    ("title", "pieces"),
    [
        ("补卡申请被拒绝了怎么办", "补卡|申请|被拒绝了|怎么办"),
        ("先弄清是谁发的", "先弄清|是谁发的"),
        ("EID、ICCID：编号一览", "EID、ICCID：编号|一览"),
        ("平板和手表上的 eSIM", "平板|和手表上的 eSIM"),
        ("補卡要花多少錢", "補卡|要花|多少錢"),
        ("", ""),
    ],
)
def test_a_line_ends_between_words_and_keeps_particles(segmenter: Segmenter, title: str, pieces: str) -> None:
    assert segmenter.phrases(title) == pieces.split("|")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("eSIM", "esim"),
        ("ＥＳＩＭ", "esim"),
        ("e-SIM", "esim"),
        ("e‑sim", "esim"),
        ("Wi-Fi", "wifi"),
        ("WiFi", "wifi"),
        ("SM-DP+", "smdp"),
        ("smdp+", "smdp"),
        ("ICCID", "iccid"),
        ("*#06#", "06"),
        ("iPhone15", "iphone"),
        ("C++", "c++"),
    ],
)
def test_a_product_term_is_one_term_however_it_is_written(segmenter: Segmenter, typed: str, meant: str) -> None:
    assert meant in segmenter.terms(fold(typed))


def test_han_beside_latin_is_cut_from_it(segmenter: Segmenter) -> None:
    assert segmenter.terms(fold("更换eSIM卡")) == ["更换", "esim", "卡"]


def test_long_identifiers_do_not_fall_into_splinters() -> None:
    assert latin_terms("a1b2c3d4e5f6") == ["a1b2c3d4e5f6"]


@pytest.mark.parametrize("text", [*BATTERY, '"', '""""', "“”", "的", "?!。", "x" * 5000, "卡" * 5000])
def test_any_text_is_a_query(segmenter: Segmenter, text: str) -> None:
    query = Parser(segmenter, ["的"], [["丢失", "遗失"]], load_weights()).parse(text)
    assert len(query.text) <= 200


def test_synonyms_work_both_ways_and_as_phrases(segmenter: Segmenter) -> None:
    parser = Parser(segmenter, [], [["丢失", "弄丢了"]], load_weights())
    assert "弄" in [term.text[:1] for term in parser.parse("丢失").terms if term.origin == "synonym"]
    assert "丢失" in [term.text for term in parser.parse("手机弄丢了").terms if term.origin == "synonym"]


def test_words_of_taiwan_bring_those_of_the_mainland(segmenter: Segmenter) -> None:
    parser = Parser(segmenter, [], [], load_weights())
    assert "短信" in [term.text for term in parser.parse("簡訊").terms]
    assert "网络" in [term.text for term in parser.parse("網路").terms]


def test_a_dictionary_loaded_as_far_as_needed_cuts_as_the_whole_one() -> None:
    words = ("换卡", "新喀里多尼亚电信", "补办")
    some, whole = Segmenter(words), Segmenter(words)
    whole.load()
    for text in (*BATTERY, "在新喀里多尼亚电信补办换卡要带护照", "丢了手机收不到验证码，先报失再补办", "啟用漫遊"):
        assert some.terms(fold(text)) == whole.terms(fold(text))
    assert not whole.knows("𪚥𪚥") and not some.knows("𪚥𪚥")
    some.load()
    assert [some.knows(word) for word in ("换卡", "护照", "护")] == [True, True, True]
