"""Guides as authors write them: each fault at its line with the way out, trees, and builds that a bad guide stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index import ContentFaults, Library, build
from index.content.checking import check
from index.content.yaml_files import MAX_BYTES

GOOD = """\
title: 补卡向导
start: where
questions:
  where:
    ask: 在哪里办的？
    options:
      - {answer: fr, label: 法国, to: done}
      - {answer: other, label: 别处, to: what}
  what:
    ask: 出了什么事？
    options:
      - {answer: lost, label: 丢了, to: done}
outcomes:
  done:
    title: 在法国丢失
    steps: [a/lost#report]
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "a").mkdir(parents=True)
    (folder / "_guides").mkdir()
    front = "---\ntitle: 丢失\nsummary: 先报失。\nverified: 2999-01-01\n---\n"
    (folder / "a" / "lost.md").write_text(front + "开头\n\n## 报失 {#report}\n\n打电话。\n", "utf-8")
    return folder


def faults(content: Path, text: str) -> list[tuple[int, str]]:
    (content / "_guides" / "g.yml").write_text(text, "utf-8")
    return [(one.line, one.code) for one in check(content) if one.level == "fault"]


def test_a_good_guide_has_no_faults(content: Path) -> None:
    assert faults(content, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("title: 补卡向导\n", "", [(1, "missing-field")]),
        ("start: where", "start: wher", [(2, "lost-answer")]),
        ("title: 补卡向导", "titel: 补卡向导", [(1, "missing-field"), (1, "unknown-field")]),
        ("to: what}", "to: whta}", [(8, "lost-answer")]),
        ("lost, label: 丢了, to: done", "lost, label: 丢了, to: where", [(12, "loop")]),
        ("other, label: 别处, to: what", "other, label: 别处, to: done", [(9, "out-of-reach")]),
        ("answer: other", "answer: fr", [(8, "repeated-answer")]),
        ("answer: other", "answer: a/b", [(8, "bad-name")]),
        ("answer: other, ", "", [(8, "missing-field")]),
        ("#report", "#reprot", [(16, "dead-step")]),
        ("a/lost#report", "a/lots#report", [(16, "dead-step")]),
        ("    steps: [a/lost#report]\n", "", [(15, "no-steps")]),
        ("    options:\n      - {answer: lost, label: 丢了, to: done}\n", "", [(10, "no-options")]),
        ("  done:\n", "  where:\n", [(7, "lost-answer"), (12, "lost-answer"), (14, "repeated-name")]),
        ("start: where", "start: where\nurgency: soonish", [(3, "bad-value")]),
        ("start: where", "start: where\nstart: what", [(3, "repeated-field")]),
        ("start: where", "start: [where]", [(2, "bad-type")]),
        ("title: 补卡向导", "title: [补卡", [(1, "yaml")]),
        ("title: 补卡向导", "title: &a 补\nsummary: *a", [(2, "yaml")]),
    ],
)
def test_each_fault_stands_at_its_line(content: Path, old: str, new: str, expected: list[tuple[int, str]]) -> None:
    assert GOOD.count(old) == 1
    found = faults(content, GOOD.replace(old, new))
    assert [one for one in found if one in expected] == expected
    assert len(found) <= len(expected) + 1


def test_a_loop_through_many_questions_is_found(content: Path) -> None:
    number = 1500
    asked = "".join(
        f"  q{i}: {{ask: 问, options: [{{answer: a, label: 甲, to: q{(i + 1) % number}}}]}}\n" for i in range(number)
    )
    assert (number + 3, "loop") in faults(content, f"title: 长\nstart: q0\nquestions:\n{asked}")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"- 1\n", b"[" * 5000, b"x" * (MAX_BYTES + 1), b"a: \x00"])
def test_what_is_no_guide_is_one_fault(content: Path, raw: bytes) -> None:
    (content / "_guides" / "g.yml").write_bytes(raw)
    assert len([one for one in check(content) if one.level == "fault"]) == 1


def test_a_step_may_be_a_whole_article(content: Path) -> None:
    assert faults(content, GOOD.replace("a/lost#report", "a/lost")) == []


def test_a_draft_is_no_live_section(content: Path) -> None:
    file = content / "a" / "lost.md"
    file.write_text(file.read_text("utf-8").replace("---\ntitle", "---\ndraft: true\ntitle"), "utf-8")
    assert faults(content, GOOD) == [(16, "dead-step")]
    with pytest.raises(ContentFaults, match="1 处"):
        build(content, content.parent / "index")


def test_a_bad_guide_stops_a_build_and_a_good_one_is_in_the_snapshot(content: Path) -> None:
    index = content.parent / "index"
    assert faults(content, GOOD) == []
    build(content, index)
    library = Library(index)
    guide = library.snapshot().guide("g")
    assert guide
    assert guide.questions["where"].options[1].to == "what"
    assert guide.outcomes["done"].steps == ("a/lost#report",)
    faults(content, GOOD.replace("#report", "#gone"))
    with pytest.raises(ContentFaults) as stopped:
        build(content, index)
    assert [str(one).partition(": ")[0] for one in stopped.value.problems] == ["_guides/g.yml:16"]
    faults(content, GOOD.replace("补卡向导", "换了名字"))
    report = build(content, index)
    assert report.changed == 0
    assert Library(index).snapshot().guides()[0].title == "换了名字"


def test_a_section_that_goes_makes_the_guide_fail_at_the_next_build(content: Path) -> None:
    index = content.parent / "index"
    faults(content, GOOD)
    build(content, index)
    file = content / "a" / "lost.md"
    file.write_text(file.read_text("utf-8").replace("{#report}", "{#other}"), "utf-8")
    with pytest.raises(ContentFaults) as stopped:
        build(content, index)
    assert "_guides/g.yml:16" in str(stopped.value.problems[0])


def test_the_tree_draws_a_shared_place_once(run: Callable[..., Any], content: Path) -> None:
    faults(content, GOOD)
    ended = run("check", "--guides", "--content", content)
    assert ended.returncode == 0
    assert ended.stdout.count("⇒ done：在法国丢失（1 步）") == 1
    assert ended.stdout.count("↑ 见上面的 done") == 1


def test_the_command_names_file_and_line(run: Callable[..., Any], content: Path) -> None:
    faults(content, GOOD.replace("#report", "#gone"))
    for command in (["check"], ["check", "--guides"], ["index", "--index", str(content.parent / "index")]):
        ended = run(*command, "--content", content)
        assert ended.returncode == 1
        assert "_guides/g.yml:16: a/lost 里没有小节 #gone" in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("query", "guide"),
    [
        ("补卡怎么办", "replace"),
        ("補卡怎麼辦", "replace"),
        ("被盗", "stolen"),
        ("手机被偷了", "stolen"),
        ("激活失败", "activation"),
        ("没信号怎么办", "no-network"),
        ("换手机", "new-phone"),
        ("", None),
        ("esim", None),
        ("手机", None),
        ("卡", None),
        ("法国邮编", None),
        ("?" * 500, None),
    ],
)
def test_a_query_that_names_a_guide_finds_it(site_index: Path, query: str, guide: str | None) -> None:
    found = Library(site_index).snapshot().find_guides(query)
    assert (found[0].id if found else None) == guide
