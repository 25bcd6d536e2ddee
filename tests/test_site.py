"""`content/_site.yml`: what it may hold, how each mistake is told, and that the snapshot carries it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpcenter.pages.frame import ICONS
from index import ContentFaults, Library, SiteConfig, build, check
from index.content import colours
from index.content.site_schema import SITE_SCHEMA
from index.content.sites import read_site
from index.site import DEFAULT_FILTERS, site_from_json

Written = Callable[[str], list[str]]
SCHEMA = json.loads(SITE_SCHEMA.read_text("utf-8"))["properties"]
KEYS = [*SCHEMA, "label", "accent", "x"]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes `_site.yml` beside one article; returns the faults as lines."""
    (tmp_path / "topic").mkdir()
    (tmp_path / "topic" / "a.md").write_text("# 甲\n\n## 一 {#one}\n\n字\n", "utf-8")

    def write(text: str) -> list[str]:
        (tmp_path / "_site.yml").write_text(text, "utf-8")
        return [str(problem) for problem in check(tmp_path) if problem.level == "fault"]

    return write


def test_content_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# 甲\n", "utf-8")
    assert read_site(tmp_path).site == SiteConfig()
    build(tmp_path, tmp_path / "index")
    site = Library(tmp_path / "index").snapshot().site()
    assert site == SiteConfig()
    assert [(one.name, one.label) for one in site.filters] == [
        ("region", "地区"), ("carrier", "运营商"), ("situation", "情况"), ("device", "设备"), ("topic", "主题"),
    ]  # fmt: skip


def test_the_snapshot_carries_every_value(written: Written, tmp_path: Path) -> None:
    assert not written(EVERYTHING)
    site = read_site(tmp_path).site
    build(tmp_path, tmp_path / "index")
    assert Library(tmp_path / "index").snapshot().site() == site
    assert site.name == "星海银行"
    assert site.light
    assert site.light.accent == "#7a1f3d"
    assert site.tiles[0].urgency_label == "立即"
    assert site.tiles[1].filters == {"card": ("信用卡", "借记卡")}
    assert site.contacts["hotline"].phone == "95000"
    assert [(one.name, one.any) for one in site.filters] == [("card", ("各种卡",)), ("topic", ())]
    assert site.traditional is False
    plain = SiteConfig()
    same = {name for name in SiteConfig.__slots__ if getattr(site, name) == getattr(plain, name)}
    assert not same - {"logo", "screenshots"}, "EVERYTHING should set every key"


def test_a_snapshot_from_before_screenshots_still_opens() -> None:
    record = asdict(SiteConfig())
    del record["screenshots"]
    assert site_from_json(record) == SiteConfig()


def test_the_schema_names_every_drawing() -> None:
    assert set(SCHEMA["tiles"]["items"]["properties"]["icon"]["enum"]) == ICONS


EVERYTHING = """\
name: 星海银行
short_name: 星海
description: 银行卡和网上银行的帮助。
colours: {accent: "#7a1f3d", accent_dark: "#f0a6bd"}
hero: {title: 别着急, text: 我们一步一步来。}
tiles:
- {label: 挂失, urgency: now, first: 先挂失。, icon: safety, article: topic/a#one}
- {label: 换卡, urgency: self, search: 换卡, filters: {card: [信用卡, 借记卡]}}
search: {example: 挂失, tips: [挂失, 密码]}
footer: 您的钱，您做主。
about: 写给储户。
notes: {expired: 请问柜台。, unverified: 以柜台为准。, nothing: 请打客服电话。}
contacts:
  hotline: {name: 客服热线, phone: 95000, hours: 全天, url: "tel:95000", note: 准备好卡号, verified: 2026-11-01}
filters:
- {name: card, label: 卡种, any: [各种卡]}
languages: {traditional: false, words: {硬碟: 硬盤}}
theme: light
support: https://bank.example/help
legal:
- {label: 隐私, article: topic/a}
- {label: 条款, url: https://bank.example/terms}
"""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("nmae: 站\n", "_site.yml:1: 不认识的设置 nmae：您是不是想写 name？"),
        ("name: 站\nhero:\n  titel: 好\n", "_site.yml:3: 不认识的设置 titel：您是不是想写 title？"),
        ("zzz: 1\n", "不认识的设置 zzz：这里可以写 name、"),
        ("name: [站]\n", "_site.yml:1: name：应是 文字"),
        ("name: ''\n", "_site.yml:1: name：是空的：写上内容，或去掉这一行"),
        ("name: " + "长" * 101 + "\n", "太长了，最多 100 个字"),
        ("theme: drak\n", "应是 auto、light、dark 之一，不是“drak”：您是不是想写 dark？"),
        ("tiles:\n- label: 甲\n  icon: persn\n", "_site.yml:3: icon：应是 activate、basics、"),
        ("support: help@example.org\n", "应是 https:// 网址、mailto:、tel: 或以 / 开头的路径"),
        ("support: 'javascript:alert(1)'\n", "应是 https:// 网址"),
        ("languages: {traditional: 是}\n", "应是 true 或 false"),
        ('colours:\n  accent: "#999999"\n', "_site.yml:2: accent #999999 和背景的对比度只有 "),
        ('colours: {accent: "#123456", accent_dark: "#123456"}\n', "accent_dark #123456 和背景的对比度只有 "),
        ("colours:\n  accent: #0a6564\n", "_site.yml:2: accent 没有值：颜色要加引号"),
        ("colours: {accent: red}\n", "应是 颜色"),
        ('colours: {accent_dark: "#f0a6bd"}\n', "只写了 accent_dark：把 accent 也写上"),
        ("filters: [{name: Region}]\n", "应是 小写字母开头的名字"),
        ("filters: [{label: 地区}]\n", "_site.yml:1: 缺少 name：写上它"),
        ("filters: [{name: a}, {name: a}]\n", "筛选项 a 写了两次"),
        ("filters: [{name: title}]\n", "title 已有别的用处"),
        ("filters: [{name: q}]\n", "q 已有别的用处"),
        ("tiles: [{label: 甲}]\n", "入口“甲”要通向一处"),
        ("tiles: [{label: 甲, search: 甲, guide: 乙}]\n", "入口“甲”要通向一处"),
        (
            "tiles:\n- label: 甲\n  article: topic/b\n",
            "_site.yml:3: 没有文章 topic/b，或它没有上线：您是不是想写 topic/a？",
        ),
        ("tiles: [{label: 甲, article: 'topic/a#oen'}]\n", "topic/a 里没有小节 #oen：您是不是想写 one？"),
        ("tiles: [{label: 甲, guide: zz}]\n", "没有向导 zz"),
        ("tiles: [{label: 甲, filters: {regoin: 法国}}]\n", "没有筛选项 regoin：您是不是想写 region？"),
        ("legal: [{label: 隐私}]\n", "“隐私”要通向一处：article 和 url 里写一个"),
        ("legal: [{label: 隐私, article: zz}]\n", "没有文章 zz"),
        ("contacts: {a: {phone: 1}}\n", "缺少 name：写上它"),
        ("contacts: {a: {name: 甲, verified: 2026-02-30}}\n", "verified 的日期“2026-02-30”不存在"),
        ("contacts: {a: {name: 甲, verified: 昨天}}\n", "应是 日期，如 2026-01-31"),
        ("logo: nothing.png\n", "找不到图片 nothing.png"),
        ("screenshots: [nothing.png]\n", "找不到图片 nothing.png"),
        ("logo: ../../secret.png\n", "找不到图片 ../../secret.png"),
        ("name: 站\nname: 站\n", "_site.yml:2: name 写了两次"),
        ("name: [站\n", "方括号"),
        ("- 站\n", "_site.yml:1: 应是一组“字段: 值”"),
        ("a: &x [1]\nb: *x\n", "YAML 别名"),
        ("a: " + "[" * 50 + "\n", "嵌套超过"),
    ],
)
def test_every_mistake_is_a_fault_with_its_place_and_the_way_out(written: Written, text: str, fault: str) -> None:
    faults = written(text)
    assert any(fault in line for line in faults), faults


def test_one_run_names_every_fault_at_its_own_line(written: Written) -> None:
    text = """\
nmae: 站
theme: drak
colours: {accent: "#999999"}
tiles:
- {label: 甲, urgency: sonn, article: topic/a}
- {article: topic/a}
- {label: 丙, article: topic/b}
- {label: 丁}
filters: [{name: Region}]
contacts:
  desk: {phone: 1}
name: 站
name: 店
"""
    lines = [line.partition("：")[0].partition("和背景")[0] for line in written(text)]
    assert lines == [
        "_site.yml:1: 不认识的设置 nmae",
        "_site.yml:2: theme",
        "_site.yml:3: accent #999999 ",
        "_site.yml:5: urgency",
        "_site.yml:6: 缺少 label",
        "_site.yml:7: 没有文章 topic/b，或它没有上线",
        "_site.yml:8: 入口“丁”要通向一处",
        "_site.yml:9: name",
        "_site.yml:11: 缺少 name",
        "_site.yml:13: name 写了两次",
    ]


def test_a_fault_leaves_the_live_index_alone(written: Written, tmp_path: Path) -> None:
    written("name: 站\n")
    build(tmp_path, tmp_path / "index")
    written("nmae: 店\n")
    with pytest.raises(ContentFaults) as refused:
        build(tmp_path, tmp_path / "index")
    assert [str(problem) for problem in refused.value.problems] == [
        "_site.yml:1: 不认识的设置 nmae：您是不是想写 name？"
    ]
    assert Library(tmp_path / "index").snapshot().site().name == "站"


def test_a_changed_word_makes_a_new_snapshot_without_reading_articles_again(written: Written, tmp_path: Path) -> None:
    written("name: 站\n")
    first = build(tmp_path, tmp_path / "index")
    assert not written("name: 店\n")
    second = build(tmp_path, tmp_path / "index")
    assert second.snapshot != first.snapshot
    assert (second.full, second.changed) == (False, 0)
    assert Library(tmp_path / "index").snapshot().site().name == "店"


def test_another_ending_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "_site.yaml").write_text("name: 站\n", "utf-8")
    assert [str(problem) for problem in check(tmp_path)] == ["_site.yaml:1: 没有读取：改名为 _site.yml"]
    build(tmp_path, tmp_path / "index")


def test_values_that_no_article_has_are_a_warning(written: Written, tmp_path: Path) -> None:
    (tmp_path / "topic" / "b.md").write_text("---\ntitle: 乙\nregion: [法国, 欧盟]\n---\n", "utf-8")
    assert not written(
        "tiles: [{label: 一, search: 一, filters: {region: 法囯, topic: topic}}]\n"
        "contacts:\n  a: {name: 甲, filters: {region: 法国, carrier: Orange}}\n"
    )
    assert [str(problem) for problem in check(tmp_path) if problem.code == "unused-value"] == [
        "_site.yml:1: 没有文章的 region 是“法囯”：改成文章里用的值",
        "_site.yml:3: 没有文章的 carrier 是“Orange”：改成文章里用的值",
    ]


def test_a_guide_s_contact_must_exist(written: Written, tmp_path: Path) -> None:
    (tmp_path / "_guides").mkdir()
    (tmp_path / "_guides" / "g.yml").write_text(
        "title: 向导\nstart: a\noutcomes:\n  a: {title: 好, steps: ['topic/a#one'], contact: hotlien}\n", "utf-8"
    )
    assert written("contacts: {hotline: {name: 热线}}\n") == [
        "_guides/g.yml:4: 没有联系方式 hotlien：您是不是想写 hotline？"
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(deadline=None, max_examples=150, derandomize=True)
def test_no_value_makes_the_reader_fail(value: Any) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "_site.yml").write_text(json.dumps(value, ensure_ascii=True), "utf-8")
        file = read_site(Path(folder))
        assert file.problems or isinstance(file.site, SiteConfig)


def test_every_key_is_described_and_documented(root: Path) -> None:
    page = (root / "docs" / "site.md").read_text("utf-8")

    def look(schema: dict[str, Any], trail: str) -> None:
        for name, own in schema.get("properties", {}).items():
            if trail or name != "$schema":
                assert own.get("description") or trail.endswith("languages"), f"{trail}.{name}"
                assert f"`{name}`" in page, f"docs/site.md lacks {trail}.{name}"
            look(own, f"{trail}.{name}")
            for inner in ("items", "additionalProperties"):
                if isinstance(own.get(inner), dict):
                    look(own[inner], f"{trail}.{name}")

    look(json.loads(SITE_SCHEMA.read_text("utf-8")), "")


def test_the_real_site_is_without_fault(root: Path) -> None:
    file = read_site(root / "content")
    assert not file.problems
    assert [(one.name, one.label) for one in file.site.filters] == [(one.name, one.label) for one in DEFAULT_FILTERS]


def test_contrast_is_that_of_wcag() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    for accent in ("#0a6564", "#7a1f3d", "#000000", "#123456"):
        assert colours.least_contrast(colours.dark_accent(accent), "dark") >= 4.5


def test_the_backgrounds_are_those_of_the_style_sheet(root: Path) -> None:
    sheet = (root / "helpcenter" / "static" / "app.css").read_text("utf-8")
    for name, pair in (("surface", 0), ("ground", 1)):
        found = re.findall(rf"--{name}: (#\w+);", sheet)
        light, dark = colours._SURFACES["light"][pair], colours._SURFACES["dark"][pair]
        assert found[0].replace("#fff", "#ffffff") in (light, light + "fff")
        assert dark in found
