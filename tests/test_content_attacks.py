"""Attacks by content: hostile Markdown, HTML, YAML and links are harmless, bounded in time, and named.

The scripts here are the vectors that the published XSS cheat sheets share. Each must leave HTML that a strict reader,
not the sanitiser's own, finds nothing active in.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from multiprocessing.pool import Pool
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.content.articles import parse, read_articles
from index.content.checking import check
from index.model import Article, Problem

VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x oNeRrOr=alert(1)//",
    '<img """><script>alert(1)</script>">',
    "<img src=`javascript:alert(1)`>",
    "<img src='x' srcset='https://evil.example/x 2x' lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><a xlink:href=javascript:alert(1)>x</a></math>",
    "<body onload=alert(1)><p>x",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='jAvAsCrIpT&colon;alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#x6A;avascript:alert(1)'>x</a>",
    "<a href='&#0000106&#0000097vascript:alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='//evil.example' target=_blank onmouseover=alert(1) style='position:fixed'>x</a>",
    "<a href=x ping=https://evil.example download>x</a>",
    "<form action=javascript:alert(1)><input name=q formaction=javascript:alert(1)><button>x</button></form>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video><audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<div style='background:url(javascript:alert(1));width:expression(alert(1))'>x</div>",
    "<style>@import 'https://evil.example/x.css';</style><link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><base href=https://evil.example/>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<title><a href='</title><img src=x onerror=alert(1)>'>",
    "<xss id=x tabindex=1 onfocus=alert(1)></xss>",
    "<input autofocus onfocus=alert(1)><select onfocus=alert(1) autofocus><keygen autofocus onfocus=alert(1)>",
    "<p id=q name=search class='htmx' hx-get=/x hx-on:click=alert(1) data-hx-get=/x>x</p>",
    "<a id=location name=cookie href=#x>x</a><form id=main><img name=getElementById>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<?php echo 1 ?><img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&#58;alert(1))",
    "[x](  javascript:alert(1)  'title')",
    "[x](<java\nscript:alert(1)>)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x) [y](file:///etc/passwd) [z](blob:https://x)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    '![x" onerror="alert(1)](x.png)',
    '![x](x.png"onerror="alert(1))',
    "[x](y.md \"' onmouseover='alert(1)\")",
    '[x](y.md#"onmouseover="alert(1))',
    "[x](\x01javascript:alert(1))",
    '## <img src=x onerror=alert(1)> {#x"onclick="alert(1)}',
    "## x {#<script>alert(1)</script>}",
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "| <img src=x onerror=alert(1)> |\n|---|\n| [x](javascript:alert(1)) |",
    "> [!NOTE]\n> <script>alert(1)</script>",
    "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
]

TAGS = """
    a abbr aside b bdi bdo blockquote br caption cite code dd del details dfn div dl dt em figcaption figure h2 h3 h4
    h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup table tbody td tfoot
    th thead time tr u ul var wbr
"""
ATTRIBUTES = """
    href title id rel src alt width height loading class role tabindex aria-label colspan rowspan scope start open
    datetime lang dir
"""


class Reader(HTMLParser):
    """What a browser would make of the HTML: its words, and an error for anything active."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS.split()
        for name, value in attrs:
            assert name in ATTRIBUTES.split(), (tag, name)
            text = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name == "href":
                assert re.match(r"(?:https?:|mailto:|tel:|sms:|/|#)", text), value
            if name == "src":
                assert text.startswith("/media/"), value
            if name == "id":
                assert re.fullmatch(r"fn(?:ref)?\d+(?::\d+)?", text), value
        if tag == "img":
            self.words.append(dict(attrs).get("alt") or "")


def squeezed(text: str) -> str:
    return "".join(text.split())


def harmless(article: Article) -> None:
    for section in article.sections:
        assert squeezed("".join(Reader(section.html).words)) == squeezed(section.text)
        assert not re.search(r"[\s\"'<>&]", section.anchor)


@pytest.mark.parametrize("vector", VECTORS)
def test_scripts_do_not_survive(vector: str) -> None:
    for body in (
        vector,
        f"文字 {vector} 文字",
        f"- {vector}",
        f"> {vector}",
        f"<div>\n{vector}\n</div>",
        f"## 题\n\n{vector}",
    ):
        article, problems = parse("t/x", "t/x.md", f"# 甲\n\n{body}\n".encode())
        assert article is not None, problems
        harmless(article)


@pytest.mark.parametrize("field", ["title", "summary", "tags"])
def test_fields_are_words_whatever_they_hold(field: str) -> None:
    article, _ = parse("x", "x.md", f"---\ntitle: 甲\n{field}: <script>alert(1)</script>\n---\n".encode())
    assert article is not None
    value = getattr(article, field)
    assert value in ("<script>alert(1)</script>", ("<script>alert(1)</script>",)), "text, for the template to escape"


BOMBS = {
    "quotations": ">" * 300_000,
    "brackets": "[" * 300_000,
    "pictures": "![" * 150_000,
    "emphasis": "**a_" * 75_000,
    "links": "[a](" * 75_000,
    "spaces": "a" + " " * 300_000 + "b",
    "spaces in a heading": "## a" + " " * 300_000 + "{x",
    "a wide table": "|a" * 60_000 + "|\n" + "|-" * 60_000 + "|\n",
    "nested tags": "<div>" * 200_000,
    "nested inline tags": "<span>" * 19_000,
    "tags closed by others": "<div></x>" * 50_000,
    "unclosed headings": "<div>\n" + "<h1>" * 100_000,
    "entities": "&#" * 50_000,
    "one long line": "字" * 500_000,
    "backticks": "".join("`" * count + " " for count in range(1, 600)),
    "lists": "- " * 100_000,
    "comments": "<!--" * 50_000,
    "notes": "[^a]" * 50_000 + "\n\n[^a]: x",
}
YAML_BOMBS = {
    "laughs": "a: &a [x, x]\n" + "".join(f"{b}: &{b} [{'*' + a + (',*' + a) * 8}]\n" for a, b in pairwise("abcdefghi")),
    "depth": "tags: " + "[" * 5_000 + "]" * 5_000,
    "keys": "? " * 5_000,
    "size": "a: b\n" * 50_000,
    "code": "tags: !!python/object/apply:os.system [exit 1]",
    "recursion": "tags: &a [*a]",
}  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A process that can be given up: a stuck sanitiser cannot be interrupted."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        yield pool


def survive(pool: Pool, text: str) -> list[Problem]:
    article, problems = pool.apply_async(parse, ("x", "x.md", text.encode())).get(timeout=60)
    if article:
        harmless(article)
    return list(problems)


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_soon(name: str, pool: Pool) -> None:
    survive(pool, "# 甲\n\n" + BOMBS[name])


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_yaml_bombs_are_named_and_run_nothing(name: str, pool: Pool) -> None:
    assert survive(pool, f"---\ntitle: 甲\n{YAML_BOMBS[name]}\n---\n")


def test_what_is_left_out_is_named() -> None:
    for text, code in [
        (">" * 100, "too-deep"),
        ("[" * 5_000, "too-dense"),
        ("<div>" * 300, "too-deep"),
        ("\n" * 60_000, "too-large"),
        ("|a" * 100_001, "too-large"),
    ]:
        _, problems = parse("x", "x.md", f"# 甲\n\n{text}".encode())
        assert [(problem.code, problem.level) for problem in problems] == [(code, "warning")]
    kept, _ = parse("x", "x.md", ("# 甲\n\n" + "[" * 5_000 + "密").encode())
    assert kept and kept.sections[0].text.endswith("密"), "the words stay"


def test_a_link_out_of_the_folder_is_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# 密\n\n口令", "utf-8")
    content = tmp_path / "content"
    content.mkdir()
    (content / "a.md").symlink_to(secret)
    (content / "up").symlink_to(tmp_path)
    articles, problems = read_articles(content)
    assert articles == []
    assert [(problem.path, problem.code) for problem in check(content)] == [
        ("a.md", "skipped-file"),
        ("up", "skipped-file"),
    ]
    assert problems == check(content)


PIECES = [
    *VECTORS, "# ", "## ", "> ", "- ", "1. ", "\n", "\n\n", "    ", "**", "*", "`", "[", "](", "](../a.md#b)", "![",
    "<b>", "</b>", "<div>", "</div>", "<table><tr><td>", "</td>", "|a|b|\n|--|--|\n", "|", "中", "文", "，", "a", "b ",
    "  ", "\t", "&", "<", ">", "[^1]", "[^1]: ", "~~", "\\", "{#x}", "<h1>t</h1>", "<h2 id=k>", "===\n", "---\n",
    "**提示**", "<!--", "-->", "<pre>", "</pre>", "<details><summary>", "\u3000", "\u00a0", "\u200b", "😀", "<br>",
    "<p>", "<a><table><td><a href=u>", "<ruby>字<rt>zi</rt></ruby>", '"', "'", "title: x\n",
]  # fmt: skip
fast = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@fast
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_html_and_text_agree_and_are_harmless_for_any_mixture(body: str) -> None:
    article, _ = parse("t/x", "t/x.md", f"# 甲\n{body}".encode())
    if article:
        harmless(article)


@fast
@given(st.binary(max_size=200), st.sampled_from([b"", b"---\n", b"---\ntitle: ", b"---\ntags: ", b"# x\n"]))
def test_no_bytes_make_parse_raise(raw: bytes, start: bytes) -> None:
    for whole in (start + raw, start + raw + b"\n---\n# x\n"):
        article, problems = parse("t/x", "t/x.md", whole)
        assert (article is None) == any(problem.level == "fault" for problem in problems)
        lines = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
        assert all(1 <= problem.line <= lines for problem in problems)


RAW_GUIDE = """# 某国eSIM卡如何申请补卡？一份详尽指南

很多人第一次出国用eSIM卡，丢了手机就慌了。本文分几步说明。

## 什么是eSIM卡？

eSIM是焊在手机里的卡。运营商如甲电信、乙移动都支持，可以在网上激活。

## 如何申请补卡？

### 1. 联系运营商客服

你需要准备以下信息：
- **设备型号**：手机的型号。
- **订单号或激活码**：买卡时收到的。

#### 客服联系方式：
- **甲电信客服电话**：+99 20 20 20
- **乙移动客服邮箱**：support@yi.example

### 2. 等待审核

一般1-3个工作日。

## 注意事项

1. **备份数据**：先备份；
2. **避免重复申请**：只交一次。

[TG💪+ @ab1234 ![Image](https://github.com/user-attachments/assets/0a1b)]"""


def test_a_raw_guide_with_an_advertising_footer_reads_well_and_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text(RAW_GUIDE, "utf-8")
    (article,), problems = read_articles(tmp_path)
    assert problems == []
    assert article.title == "某国eSIM卡如何申请补卡？一份详尽指南"
    assert [(section.level, section.anchor) for section in article.sections] == [
        (0, ""), (2, "什么是esim卡"), (2, "如何申请补卡"), (3, "1-联系运营商客服"),
        (4, "客服联系方式"), (3, "2-等待审核"), (2, "注意事项"),
    ]  # fmt: skip
    assert article.sections[3].text == "你需要准备以下信息：\n设备型号：手机的型号。\n订单号或激活码：买卡时收到的。"
    assert article.sections[4].text.startswith("甲电信客服电话：+99 20 20 20\n")
    assert "<img" not in "".join(section.html for section in article.sections)
    assert [(problem.line, problem.code) for problem in check(tmp_path)] == [
        (30, "promotion"),
        (30, "remote-image"),
    ]
