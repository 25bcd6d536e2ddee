"""The loop from a failed query to a kept fix: figures on the terminal, proposals, edits, and taking them back."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpcenter.commands.options import printable
from helpcenter.insights.edits import EditRefused, apply
from helpcenter.insights.proposals import Proposal
from helpcenter.store.records import Counts
from helpcenter.store.store import Store, today
from index import Library, build


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A small site of an operator's own."""
    folder = tmp_path / "content"
    (folder / "_search").mkdir(parents=True)
    (folder / "_search" / "synonyms.txt").write_bytes("# 同义词\r\n遗失, 丢失\r\n\r\n# 末尾\r\n".encode())
    (folder / "lost.md").write_text(
        "---\ntitle: 丢失以后\nsummary: 先停号，再补卡。\naliases: [手机不见, 'SIM: 丢']  # 读者的说法\n---\n\n"
        "## 停号\n\n手机丢失以后，打电话给运营商停号。\n", "utf-8",
    )  # fmt: skip
    (folder / "wifi.md").write_text(
        "---\ntitle: 共享个人网络\nsummary: 打开热点。\n---\n\n## 打开热点\n\n在设置里打开个人热点，分享给别人。\n",
        "utf-8",
    )
    return folder


@pytest.fixture
def operate(run: Callable[..., Any], content: Path, tmp_path: Path, database: str) -> Callable[..., Any]:
    """`operate("--json")` runs `helpcenter insights` on that site."""
    index = tmp_path / "index"
    build(content, index)

    def command(*arguments: object) -> Any:
        return run("insights", "--content", content, "--index", index, *arguments, HELPCENTER_DATABASE_URL=database)

    return command


def asked(database: str, **counts: Counts) -> None:
    store = Store(database)
    store.add_searches(today(), counts)
    store.close()


def proposals(operate: Callable[..., Any]) -> dict[str, dict[str, str]]:
    found = json.loads(operate("--json").stdout)["proposals"]
    return {each["query"]: each for each in found}


def test_the_terminal_shows_figures_with_bars(operate: Callable[..., Any], database: str) -> None:
    assert "还没有搜索" in operate().stdout
    asked(database, 丢失=Counts(8, 0, 0, 5), 热点=Counts(2, 0, 0, 1), 锂电池=Counts(2, 2))
    store = Store(database)
    store.vote("lost", True)
    store.vote("lost", False)
    store.add_reason("lost", "看不懂", "哪里停号？")
    store.close()
    told = operate("--days", 7)
    assert told.returncode == 0
    assert re.search(r"丢失 +█{24} 8", told.stdout)
    assert re.search(r"热点 +█{6} +2", told.stdout)
    assert re.search(r"没有结果\n锂电池 +█+ +2", told.stdout)
    assert re.search(r"lost +█{12}░{12} 有 1 · 没有 1", told.stdout)
    assert "看不懂 — 哪里停号？" in told.stdout
    figures = json.loads(operate("--json", "--days", 7).stdout)
    assert figures["total"] == {"searches": 12, "zero_results": 2, "partial": 0, "opened": 6}
    assert figures["votes"] == [{"article": "lost", "helpful": 1, "unhelpful": 1}]


def test_comments_are_grouped_marked_done_and_exported(
    operate: Callable[..., Any], database: str, tmp_path: Path
) -> None:
    asked(database, **{"=1+1": Counts(2, 1, 0, 1)})
    store = Store(database)
    store.vote("lost", True)
    for article, text in (("lost", "哪里停号？"), ("wifi", "@SUM(A1)"), ("lost", "电话多少？")):
        store.add_reason(article, "", text)
    assert re.search(r"lost（.+--done lost）\n +\S+ 电话多少？\n +\S+ 哪里停号？\n", operate().stdout)
    assert "2 条意见已处理" in operate("--done", "lost").stdout
    assert operate("--done", "lost").returncode == 2
    assert [said.article for said in store.reasons(1)] == ["wifi"]
    store.add_reason("lost", "", "还是不会")
    assert [said.text for said in store.reasons(1)] == ["还是不会", "@SUM(A1)"], "what comes later is listed again"
    assert operate("--csv", tmp_path / "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["name"], row["searches"], row["helpful"], row["text"], row["done"]) for row in rows] == [
        ("search", "'=1+1", "2", "", "", ""),
        ("vote", "lost", "", "1", "", ""),
        ("comment", "lost", "", "", "还是不会", "0"),
        ("comment", "lost", "", "", "电话多少？", "1"),
        ("comment", "wifi", "", "", "'@SUM(A1)", "0"),
        ("comment", "lost", "", "", "哪里停号？", "1"),
    ]
    store.close()


def test_a_synonym_is_proposed_applied_and_found(
    operate: Callable[..., Any], database: str, content: Path, tmp_path: Path
) -> None:
    asked(database, 丢掉=Counts(3, 3), 丢掉手机=Counts(1, 0, 1))
    proposed = proposals(operate)["丢掉"]
    assert (proposed["kind"], proposed["text"], proposed["target"]) == ("synonym", "丢掉", "丢失")
    assert f"helpcenter insights --apply {proposed['id']}" in operate().stdout
    old = (content / "_search" / "synonyms.txt").read_bytes()
    shown = operate("--apply", proposed["id"])
    assert "什么都没有改动" in shown.stdout
    assert re.search(r"“丢掉”\n +前 没有结果\n +后 lost#停号\n", shown.stdout)
    assert (content / "_search" / "synonyms.txt").read_bytes() == old
    assert Library(tmp_path / "index").snapshot().search("丢掉").total == 0
    told = operate("--apply", proposed["id"], "--yes")
    assert told.returncode == 0, told
    assert "已采用" in told.stdout
    assert (content / "_search" / "synonyms.txt").read_bytes() == (
        "# 同义词\r\n遗失, 丢失, 丢掉\r\n\r\n# 末尾\r\n".encode()
    ), "one word more, everything else as it was"
    assert Library(tmp_path / "index").snapshot().search("丢掉").hits[0].article == "lost"
    assert "已能按“丢掉”的同义词找到" in proposals(operate)["丢掉"]["why"]
    assert "已能" in proposals(operate)["丢掉手机"]["why"]
    again = operate("--apply", proposed["id"])
    assert again.returncode == 2
    assert "没有建议" in again.stderr
    with (content / "_search" / "synonyms.txt").open("ab") as file:
        file.write("热点, 分享网络\r\n".encode())
    undone = operate("--undo")
    assert undone.returncode == 0 and "已撤回“同义词：丢掉 = 丢失”" in undone.stdout
    assert (content / "_search" / "synonyms.txt").read_bytes() == old + "热点, 分享网络\r\n".encode()
    assert Library(tmp_path / "index").snapshot().search("丢掉").total == 0
    nothing = operate("--undo")
    assert nothing.returncode == 1 and "没有可撤回的建议" in nothing.stderr


def test_undo_leaves_alone_what_was_edited_since(operate: Callable[..., Any], database: str, content: Path) -> None:
    asked(database, 丢掉=Counts(3, 3))
    operate("--apply", proposals(operate)["丢掉"]["id"], "--yes")
    file = content / "_search" / "synonyms.txt"
    file.write_text("遗失, 丢失, 丢掉, 弄丢\n", "utf-8")
    told = operate("--undo")
    assert told.returncode == 1 and "手工去掉" in told.stderr
    assert file.read_text("utf-8") == "遗失, 丢失, 丢掉, 弄丢\n"


def test_no_near_article_is_said_only_where_there_is_none(operate: Callable[..., Any], database: str) -> None:
    asked(database, 锂电池=Counts(2, 2), 停号以后能不能退钱给我的信用卡=Counts(2, 0, 2))
    found = proposals(operate)
    assert "没有相近的文章" in found["锂电池"]["why"]
    assert "最相近的是 lost" in found["停号以后能不能退钱给我的信用卡"]["why"]


def test_an_ask_is_proposed_and_written_beside_the_article(
    operate: Callable[..., Any], database: str, content: Path
) -> None:
    asked(database, 分享个人流量热点=Counts(2, 0, 2))
    proposed = proposals(operate)["分享个人流量热点"]
    assert (proposed["kind"], proposed["target"]) == ("ask", "wifi#打开热点")
    judgements = content / "_search" / "judgements.tsv"
    judgements.write_text("# 评判\n热点\twifi#打开热点\t3\n停号\tlost\t2\n", "utf-8")
    told = operate("--apply", proposed["id"], "--yes")
    assert told.returncode == 0, told
    assert "nDCG@10 1.0000 → 1.0000" in told.stdout
    assert (content / "wifi.asks.yml").read_text("utf-8") == "打开热点:\n  - 分享个人流量热点\n"
    assert operate("--undo").returncode == 0
    assert not (content / "wifi.asks.yml").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# 说明\n打开热点:\n  - a\n  - b\nx: [c]\n", "# 说明\n打开热点:\n  - a\n  - b\n  - 新说法\nx: [c]\n"),
        ("打开热点: [a] # 为什么\n", "打开热点: [a, 新说法] # 为什么\n"),
        ("打开热点:\n- a", "打开热点:\n- a\n- 新说法\n"),
        ('"": [a]\r\n', '"": [a]\r\n打开热点:\r\n  - 新说法\r\n'),
        ("x: [a]", "x: [a]\n打开热点:\n  - 新说法\n"),
    ],
)
def test_an_ask_leaves_everything_else_as_it_was(content: Path, before: str, after: str) -> None:
    file = content / "wifi.asks.yml"
    file.write_bytes(before.encode())
    edit = apply(Proposal("", "", "ask", "新说法", "wifi#打开热点", ""), content)
    assert file.read_bytes().decode() == after
    edit.undo()
    assert file.read_bytes().decode() == before


def test_an_alias_is_proposed_and_written_in_the_authors_style(
    operate: Callable[..., Any], database: str, content: Path, tmp_path: Path
) -> None:
    (content / "print.md").write_text("# 打印\n\n在设置里打开打印机，分享给别人。\n", "utf-8")
    build(content, tmp_path / "index")
    asked(database, 分享别人打印机网速=Counts(2, 0, 2))
    proposed = proposals(operate)["分享别人打印机网速"]
    assert (proposed["kind"], proposed["target"]) == ("alias", "print")
    assert operate("--apply", proposed["id"], "--yes").returncode == 0
    assert (content / "print.md").read_text("utf-8").startswith("---\naliases: [分享别人打印机网速]\n---\n")


def test_a_fix_that_harms_judged_queries_takes_itself_back(
    operate: Callable[..., Any], database: str, content: Path, tmp_path: Path
) -> None:
    asked(database, 丢掉=Counts(3, 3))
    identity = proposals(operate)["丢掉"]["id"]
    before = (content / "_search" / "synonyms.txt").read_bytes()
    judgements = tmp_path / "judged.tsv"
    # Judged so that the new word may not count: the article on losing a phone is not among the right ones.
    for number in range(6):
        (content / f"old-{number}.md").write_text(f"# 旧机器\n\n{'不用了，' * number}打电话给门店回收。\n", "utf-8")
    judgements.write_text("".join(f"丢掉给门店\told-{number}\t3\n" for number in range(6)), "utf-8")
    build(content, tmp_path / "index")
    told = operate("--apply", identity, "--judgements", judgements, "--yes")
    assert told.returncode == 1
    assert "评判过的查询变差了" in told.stderr
    assert "变差：丢掉给门店" in told.stdout
    assert (content / "_search" / "synonyms.txt").read_bytes() == before
    assert Library(tmp_path / "index").snapshot().search("丢掉").total == 0
    forced = operate("--apply", identity, "--judgements", judgements, "--force", "--yes")
    assert forced.returncode == 0
    assert (content / "_search" / "synonyms.txt").read_bytes() != before


def test_a_fault_elsewhere_in_the_content_undoes_the_change(
    operate: Callable[..., Any], database: str, content: Path
) -> None:
    asked(database, 丢掉=Counts(3, 3))
    identity = proposals(operate)["丢掉"]["id"]
    before = (content / "_search" / "synonyms.txt").read_bytes()
    (content / "broken.md").write_text("---\ntitle: [\n---\n", "utf-8")
    told = operate("--apply", identity, "--yes")
    assert told.returncode == 1
    assert "broken.md:" in told.stderr
    assert (content / "_search" / "synonyms.txt").read_bytes() == before


def alias(target: str, text: str = "新说法") -> Proposal:
    return Proposal(text, "没有结果", "alias", text, target, "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("正文\n", "---\naliases: [新说法]\n---\n\n正文\n"),
        ("---\ntitle: 甲\n---\n正文\n", "---\ntitle: 甲\naliases: [新说法]\n---\n正文\n"),
        ("---\r\naliases: [a, b]\r\ntitle: 甲\r\n---\r\n", "---\r\naliases: [a, b, 新说法]\r\ntitle: 甲\r\n---\r\n"),
        ("---\naliases: []\n---\n", "---\naliases: [新说法]\n---\n"),
        (
            "---\naliases: [a,\n  'b: c',\n]\ntitle: 甲\n---\n",
            "---\naliases: [a,\n  'b: c', 新说法,\n]\ntitle: 甲\n---\n",
        ),
        ("---\naliases:\n  - a\n  - b\ntitle: 甲\n---\n", "---\naliases:\n  - a\n  - b\n  - 新说法\ntitle: 甲\n---\n"),
        ("---\naliases:\n- a\ntitle: 甲\n---\n", "---\naliases:\n- a\n- 新说法\ntitle: 甲\n---\n"),
        ("---\naliases: a\n---\n", "---\naliases: [a, 新说法]\n---\n"),
        ("---\naliases:\ntitle: 甲\n---\n", "---\naliases: [新说法]\ntitle: 甲\n---\n"),
        ("---\n# 说明\naliases: [a]  # 为什么\n---\n", "---\n# 说明\naliases: [a, 新说法]  # 为什么\n---\n"),
    ],
)
def test_an_alias_leaves_everything_else_as_it_was(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "a.md").write_bytes(before.encode())
    edit = apply(alias("a"), tmp_path)
    assert (tmp_path / "a.md").read_bytes().decode() == after
    edit.undo()
    assert (tmp_path / "a.md").read_bytes().decode() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


@pytest.mark.parametrize("text", ["a: b", "[x", "- y", "'", '"', "true", "123", "a, b", "#x", "é\\"])
def test_an_alias_is_quoted_where_yaml_needs_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.md").write_text("---\naliases: [a]\n---\n", "utf-8")
    apply(alias("a", text), tmp_path)
    front = (tmp_path / "a.md").read_text("utf-8").split("---\n")[1]
    assert yaml.safe_load(front)["aliases"] == ["a", text]


@pytest.mark.parametrize("source", ["---\ntitle: [\n---\n", "---\n- a\n---\n", "---\naliases: &x [a]\ntags: *x\n---\n"])
def test_what_cannot_be_changed_safely_is_left_alone(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.md").write_text(source, "utf-8")
    with pytest.raises(EditRefused, match="没有改动"):
        apply(alias("a"), tmp_path)
    assert (tmp_path / "a.md").read_text("utf-8") == source
    with pytest.raises(EditRefused, match="没有文件"):
        apply(alias("../a"), tmp_path / "none")


def test_the_terminal_obeys_no_reader() -> None:
    assert printable("好\x1b[2J\u009b\u202e\n卡") == "好?[2J??\n卡"
