"""Care for what stands already: who must look at what, outside links that are gone, numbers that cannot be dialled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from index import check, check_outside, outside_links, stale
from index.content.phones import wrong_number

TODAY = date(2026, 11, 1)


def article(folder: Path, name: str, front: str, body: str = "正文。") -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(f"---\ntitle: {name} 的标题\n{front}---\n\n## 小节\n\n{body}\n", "utf-8")


def test_what_needs_a_look_is_listed_by_owner(tmp_path: Path, run: Callable[..., Any]) -> None:
    content = tmp_path / "content"
    article(content, "fresh", "owner: 小王\nverified: 2026-10-01\n")
    article(content, "old", "owner: 小王\nverified: 2026-05-20\n")
    article(content, "soon", "owner: 小王\nverified: 2026-10-01\nexpires: 2026-11-30\n")
    article(content, "later", "owner: 小王\nverified: 2026-10-01\nexpires: 2026-12-02\n")
    article(content, "never", "")
    article(content, "draft", "draft: true\n")
    found = stale(content, 30, today=TODAY)
    assert [(one.owner, one.path, one.why) for one in found] == [
        ("小王", "old.md", "上次核实是 2026-05-20"),
        ("小王", "soon.md", "将于 2026-11-30 过期"),
        ("", "never.md", "从未核实"),
    ]
    assert [one.path for one in stale(content, 0, today=TODAY)] == ["never.md"]
    told = run("check", "--content", content, "--stale", 30)
    assert told.returncode == 0
    assert "没有写负责人（owner）\n    never.md: 从未核实 · never 的标题" in told.stdout


@pytest.mark.parametrize(
    ("number", "fine"),
    [
        ("+687 20 20 20", True),
        ("tel:+33(0)8-00-10-07-40", True),
        ("+86 10010", True),
        ("10086", True),
        ("400-810-1234", True),
        ("+33 1 23", False),
        ("+999 20 20 20", False),
        ("1", False),
        ("tel:400-CALL", False),
        ("1234567890123456", False),
    ],
)
def test_numbers_that_cannot_be_dialled_are_told(number: str, fine: bool) -> None:
    assert (wrong_number(number) is None) == fine


def test_a_wrong_number_is_a_warning_at_its_line(tmp_path: Path) -> None:
    article(tmp_path, "a", "verified: 2026-10-01\n", "[好](tel:+68720%2020%2020) [坏](tel:+33123)")
    (tmp_path / "_site.yml").write_text(
        "name: 站\ncontacts:\n  one:\n    name: 一\n    phone: +33 1 23\n  two:\n    name: 二\n    url: tel:+33199\n",
        "utf-8",
    )
    found = [(one.path, one.line, one.level) for one in check(tmp_path, today=TODAY) if one.code == "phone"]
    assert found == [("_site.yml", 5, "warning"), ("_site.yml", 8, "warning"), ("a.md", 8, "warning")]


class Elsewhere(BaseHTTPRequestHandler):
    """Another site: its pages are there, moved, gone, slow, or known to GET alone."""

    asked: list[tuple[str, str]]

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path))
        if self.path == "/slow":
            time.sleep(1.0)
        status = {"/moved": 301, "/for-now": 302, "/gone": 404, "/get": 405, "/shut": 403}.get(self.path, 200)
        if self.path == "/get" and self.command == "GET":
            status = 200
        self.send_response(status)
        if status in (301, 302):
            self.send_header("Location", "/here")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_: object) -> None:
        """Keep the terminal clean."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    Elsewhere.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_outside_links_are_asked_once_and_politely(tmp_path: Path, elsewhere: str) -> None:
    content, cache = tmp_path / "content", tmp_path / "cache" / "links.json"
    names = ("here", "here#part", "moved", "for-now", "gone", "get", "shut", "slow")
    article(content, "a", f"sources: ['{elsewhere}/here']\n", "\n".join(f"[x]({elsewhere}/{name})" for name in names))
    found = check_outside(outside_links(content), cache, pause=0.0, time_out=0.5)
    told = {problem.line: problem.message.removeprefix(f"外部链接 {elsewhere}") for problem in found}
    assert told == {
        10: f"/moved 已搬到 {elsewhere}/here：改成新地址",
        12: "/gone 打不开（404）：换一个地址，或去掉",
        14: "/shut 不让程序访问（403）：请在浏览器里打开看看",
        15: "/slow 超时没有回答：稍后再试，或换一个地址",
    }
    assert {problem.level for problem in found} == {"warning"}
    assert Elsewhere.asked.count(("HEAD", "/here")) == 3, "once for itself, twice as where others lead"
    Elsewhere.asked.clear()
    check_outside(outside_links(content), cache, pause=0.0, time_out=0.5)
    asked = {path for _, path in Elsewhere.asked}
    assert "/get" not in asked and "/for-now" not in asked and "/gone" in asked, "a good answer counts for a week"


def test_two_requests_to_a_site_are_apart(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from index import OutsideLink

    waits: list[float] = []
    monkeypatch.setattr("index.content.outside.time.sleep", waits.append)
    check_outside([OutsideLink("a.md", 1, f"{elsewhere}/{name}") for name in "abc"], pause=60.0)
    assert sorted(round(wait, -1) for wait in waits) == [0, 60, 120]


def test_an_address_nobody_answers_at_and_a_broken_cache(tmp_path: Path, unused_port: Callable[[], int]) -> None:
    article(tmp_path / "content", "a", "", f"[x](http://127.0.0.1:{unused_port()}/)")
    (tmp_path / "links.json").write_text("[", "utf-8")
    found = check_outside(outside_links(tmp_path / "content"), tmp_path / "links.json", pause=0.0)
    assert "打不开（ConnectError）" in found[0].message
