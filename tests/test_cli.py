"""The commands as an operator meets them: their output, their exit codes, what a failure says."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import write_files

Run = Callable[..., Any]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Two good articles."""
    japan = "# 去日本旅行\n\n出发前装好 eSIM。\n\n## 打开漫游\n\n在设置里打开。\n"
    lost = "---\ntitle: 手机丢失\nregion: 法国\n---\n\n先报失，再补卡。\n"
    return write_files(tmp_path / "content", {"travel/japan.md": japan, "lost.md": lost})


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help")
    assert shown.returncode == 0
    for name in (
        "index",
        "check",
        "search",
        "evaluate",
        "explain",
        "new",
        "import",
        "preview",
        "rollback",
        "serve",
        "settings",
    ):
        assert re.search(rf"^  {name} ", shown.stdout, re.MULTILINE), name
        assert "显示这份说明。" in run(name, "-h").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serch"], "没有命令 'serch'"),
        (["search"], "缺少"),
        (["search", "--jsno", "x"], "--json"),
        (["search", "x", "--limit", "0"], "--limit"),
        (["index", "--content", "/no/such/folder"], "/no/such/folder"),
        (["evaluate", "--queries", "/no/q", "--qrels", "/no/r"], "没有文件 /no/q"),
        (["evaluate", "--judgements", __file__, "--layers", "words"], "--layers"),
        (["new", "_hidden/x"], "_hidden/x"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_how_to_go_on(run: Run, arguments: list[str], told: str) -> None:
    ended = run(*arguments)
    assert ended.returncode == 2
    assert told in ended.stderr
    assert "--help" in ended.stderr
    assert ended.stdout == ""


def test_wrong_settings_are_all_named(run: Run) -> None:
    wrong = {"PROXY_HOPS": "many", "BASE_URL": "help.example.org", "ADMIN_TOKEN": "x"}
    ended = run("settings", **{f"HELPCENTER_{name}": value for name, value in wrong.items()})
    assert ended.returncode == 2
    assert "HELPCENTER_PROXY_HOPS" in ended.stderr
    assert "HELPCENTER_BASE_URL" in ended.stderr
    assert "HELPCENTER_ADMIN_TOKEN：" in ended.stderr


def test_index_sums_up_in_its_last_line(run: Run, content: Path, tmp_path: Path) -> None:
    where = ("--content", content, "--index", tmp_path / "index")
    first = run("index", *where)
    assert first.returncode == 0, first.stderr
    assert re.fullmatch(r"文章 2 篇 · 小节 3 个 · 变更 2 篇 · 用时 \d+\.\d\d 秒", lines(first.stdout)[-1])
    assert "\r" not in first.stdout

    assert "变更 0 篇" in lines(run("index", *where).stdout)[-1]

    (content / "lost.md").unlink()
    assert "文章 1 篇" in lines(run("index", *where).stdout)[-1]
    full = lines(run("index", *where, "--full").stdout)
    assert full[-2].startswith("全部重建：")
    assert run("index", *where, "--quiet").stdout == ""


def test_faults_are_all_named_and_the_live_index_stays(run: Run, content: Path, tmp_path: Path) -> None:
    where = ("--content", content, "--index", tmp_path / "index")
    assert run("index", *where).returncode == 0
    before = run("search", "报失", "--index", tmp_path / "index", "--json").stdout
    (content / "lost.md").write_bytes(b"# \xff\xfe\n")
    (content / "untitled.md").write_text("没有标题。\n", "utf-8")
    (content / "travel" / "yaml.md").write_text("---\ntitle: [\n---\n\n正文\n", "utf-8")
    ended = run("index", *where)
    assert ended.returncode == 1
    for name in ("lost.md", "untitled.md", "travel/yaml.md"):
        assert re.search(rf"^{re.escape(name)}:\d+: .", ended.stderr, re.MULTILINE), ended.stderr
    assert "线上的索引保持不变" in lines(ended.stderr)[-1]
    after = run("search", "报失", "--index", tmp_path / "index", "--json").stdout
    drop_time = re.compile(r'"took_ms": [\d.]+')
    assert drop_time.sub("", after) == drop_time.sub("", before)


def test_progress_is_a_bar_on_a_terminal(content: Path, tmp_path: Path, program: Path) -> None:
    leader, follower = pty.openpty()
    command = [program, "index", "--content", content, "--index", tmp_path / "index"]
    with subprocess.Popen(command, stdout=follower, stderr=follower) as process:
        assert process.wait(60) == 0
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:  # Linux tells the end of a terminal by an error
        pass
    os.close(leader)
    assert "读取文章" in shown.decode()
    assert "[####" in shown.decode()
    assert lines(shown.decode())[-1].startswith("文章 2 篇")


def test_search_reads_like_the_web_page(run: Run, site_index: Path) -> None:
    shown = run("search", "法国 丢失", "--index", site_index, "--limit", 3)
    assert shown.returncode == 0
    assert " 1. " in shown.stdout
    assert "/articles/replacement/france-lost" in shown.stdout
    assert "<mark>" not in shown.stdout
    assert "\x1b" not in shown.stdout
    assert re.search(r"共 \d+ 条，显示 3 条", shown.stdout)


def test_addresses_on_the_terminal_can_be_read(run: Run, content: Path, tmp_path: Path) -> None:
    run("index", "--content", content, "--index", tmp_path / "index")
    assert "/articles/travel/japan#打开漫游\n" in run("search", "打开漫游", "--index", tmp_path / "index").stdout


def test_search_json_is_the_object_of_the_api(run: Run, site_index: Path) -> None:
    found = json.loads(run("search", "法国 丢失", "--index", site_index, "--json", "--limit", 2).stdout)
    assert list(found) == [
        "query",
        "total",
        "complete",
        "took_ms",
        "answered",
        "suggestion",
        "answer",
        "guides",
        "results",
        "facets",
    ]
    assert list(found["results"][0]) == [
        "article", "section", "title", "heading", "url", "snippet", "score", "matched",
    ]  # fmt: skip
    assert len(found["results"]) == 2
    assert found["total"] >= found["complete"]
    assert set(found["facets"]["region"][0]) == {"value", "count"}


def test_a_query_that_is_not_utf8_is_survived(site_index: Path, program: Path) -> None:
    ended = subprocess.run([program, "search", b"\xff\xfe", "--index", site_index], capture_output=True, check=False)
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr


def test_nothing_is_said_to_a_reader_who_has_left(site_index: Path, program: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [program, "search", "手机", "--json", "--index", str(site_index)]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert ended.stderr == b""


def test_a_missing_index_is_one_clear_message(run: Run, tmp_path: Path) -> None:
    for command in (["search", "x"], ["explain", "x", "y"], ["rollback"]):
        ended = run(*command, "--index", tmp_path / "none")
        assert ended.returncode == 1
        assert str(tmp_path / "none") in ended.stderr
        assert len(lines(ended.stderr)) == 1


def test_evaluate_prints_each_measure_and_writes_the_run(run: Run, site_index: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.tsv").write_text("q1\t法国 丢失 eSIM\nq2\t不存在的词汇甲乙丙丁戊己庚辛\n", "utf-8")
    (tmp_path / "qrels.tsv").write_text("q1\treplacement/france-lost\t3\n", "utf-8")
    files = ("--queries", tmp_path / "queries.tsv", "--qrels", tmp_path / "qrels.tsv", "--run", tmp_path / "run.trec")
    ended = run("evaluate", *files, "--index", site_index)
    assert ended.returncode == 0, ended.stderr
    names = ["nDCG@10", "MRR@10", "Recall@10", "Recall@50", "success@1", "zero-result rate"]
    assert [line.rsplit(maxsplit=1)[0] for line in lines(ended.stdout)] == names
    assert all(0 <= float(line.split()[-1]) <= 1 for line in lines(ended.stdout))
    first = lines((tmp_path / "run.trec").read_text())[0].split()
    assert first[:2] == ["q1", "Q0"]
    assert first[3] == "1"
    assert first[5] == "helpcenter"

    (tmp_path / "qrels.tsv").write_text("q1\treplacement/france-lost\tvery\n", "utf-8")
    ended = run("evaluate", *files, "--index", site_index)
    assert ended.returncode == 1
    assert "qrels.tsv:1" in ended.stderr


def test_explain_names_what_it_does_not_find(run: Run, site_index: Path) -> None:
    assert run("explain", "丢失", "replacement/france-lost", "--index", site_index).stdout.strip()
    assert run("explain", "丢失", "replacement/france-lost#report-loss", "--index", site_index).stdout.strip()
    ended = run("explain", "丢失", "no/such", "--index", site_index)
    assert (ended.returncode, ended.stderr.splitlines()[0][:15]) == (1, "没有文章 no/such。编号")
    ended = run("explain", "丢失", "replacement/france-lost#nowhere", "--index", site_index)
    assert ended.returncode == 1
    assert "report-loss" in ended.stderr


def test_rollback_brings_the_last_snapshot_back(run: Run, content: Path, tmp_path: Path) -> None:
    where = ("--content", content, "--index", tmp_path / "index")
    run("index", *where)
    (content / "later.md").write_text("# 后来的文章\n\n独一无二的内容。\n", "utf-8")
    run("index", *where)
    search = ("search", "独一无二", "--index", tmp_path / "index", "--json")
    assert json.loads(run(*search).stdout)["total"] == 1
    assert run("rollback", "--index", tmp_path / "index").returncode == 0
    assert not any(hit["article"] == "later" for hit in json.loads(run(*search).stdout)["results"])


def test_check_lists_faults_and_warnings(run: Run, content: Path) -> None:
    assert run("check", "--content", content).returncode == 0
    (content / "bad.md").write_text("没有标题。\n", "utf-8")
    (content / "link.md").write_text("# 坏链接\n\n见[这里](nowhere.md)。\n", "utf-8")
    ended = run("check", "--content", content)
    assert ended.returncode == 1
    assert re.search(r"^bad\.md:1: ", ended.stdout, re.MULTILINE)
    assert re.search(r"^link\.md:3: 提醒：", ended.stdout, re.MULTILINE)
    ended = run("check", "--content", content, "--format", "github")
    assert ended.returncode == 1
    assert re.search(r"^::error file=.*/content/bad\.md,line=1", ended.stdout, re.MULTILINE)
    assert re.search(r"^::warning file=.*/content/link\.md,line=3", ended.stdout, re.MULTILINE)


def test_new_makes_a_draft_that_is_valid_and_never_overwrites(run: Run, content: Path, tmp_path: Path) -> None:
    made = run("new", "travel/韩国", "--title", "去韩国: 'eSIM'", "--content", content)
    assert made.returncode == 0, made.stderr
    assert f"helpcenter preview {content}\n" in made.stdout
    path = content / "travel" / "韩国.md"
    assert "draft: true" in path.read_text("utf-8")
    where = ("--content", content, "--index", tmp_path / "index")
    assert lines(run("index", *where).stdout)[-1].startswith("文章 2 篇")
    assert lines(run("index", *where, "--drafts").stdout)[-1].startswith("文章 3 篇")
    assert run("new", "travel/韩国", "--content", content).returncode == 1
    assert "去韩国" in path.read_text("utf-8")


def test_import_writes_articles_and_says_what_it_changed(run: Run, content: Path, tmp_path: Path) -> None:
    page = "<html><body><nav>菜单</nav><h1>去泰国旅行</h1><p>落地前装好。</p></body></html>"
    (tmp_path / "thailand.html").write_text(page, "utf-8")
    before = set((content / "travel").glob("*.md"))
    ended = run("import", tmp_path / "thailand.html", "--topic", "travel", "--content", content)
    assert ended.returncode == 0, ended.stderr
    assert "已写成" in ended.stdout
    (written,) = set((content / "travel").glob("*.md")) - before
    assert "落地前装好" in written.read_text("utf-8")
    assert "菜单" not in written.read_text("utf-8")
    assert run("import", tmp_path / "none.md", "--content", content).returncode == 1
    assert run("import", "--content", content).returncode == 2


def test_settings_never_show_the_token(run: Run) -> None:
    shown = run("settings", HELPCENTER_ADMIN_TOKEN="a-secret-of-20-letters", HELPCENTER_SITE_NAME="帮帮").stdout
    assert "a-secret" not in shown
    assert "HELPCENTER_SITE_NAME=帮帮\n" in shown
