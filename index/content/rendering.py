"""Rendering: Markdown becomes sections of sanitised HTML, each with its anchor, heading and text.

In: the body of one article, its lines where they stand in the file. Out: `Rendered`: title, sections, problems and
the parsed tokens, which `check` looks through for links and pictures.
Why this way: markdown-it-py follows CommonMark to the letter, so that content of any origin reads as its author saw
it. What is ours is done on block tokens before their words are parsed (`blocks.py`); everything passes `sanitizing`
last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from index.content.blocks import MAX_NESTING, line_of, prepare_blocks
from index.content.readable import names
from index.content.sanitizing import HTML_TAGS, MAX_DEPTH, sanitize, too_deep
from index.model import Problem, Section

MAX_LINES = 50_000
MAX_CHARACTERS = 2_000_000
MAX_CELLS = 100_000
"""Pipes in a file; with more, tables stay plain text. 300 KB of nothing but cells took 4 s."""

_RESERVED_IDS = names(
    "answer-heading answered article breadcrumbs content contents emergencies feedback filters footer header help"
    " language live loose main menu nav navigation page pager person-text pocket popular q query results search sidebar"
    " site skip status suggestions summary theme title toc top topics verified"
)
_RESERVED_STARTS = ("feedback-", "offline-", "search-", "site-")

_RAW_TITLE = re.compile(r"<h1\b[^<>]*>(.*?)</h1\s*>", re.IGNORECASE | re.DOTALL)
_BARE_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)>")
_FOOTNOTE_ID = re.compile(r"fn(?:ref)?\d")
_NOT_IN_SLUGS = re.compile(r"[^\w\s-]")
_HYPHENS = re.compile(r"[\s-]+")
_PLAIN = {"text", "text_special", "code_inline"}


@dataclass(slots=True)
class Rendered:
    """One body, rendered."""

    title: str = ""
    """The first heading of level 1, taken out of the body; empty where `title` was given or there is none."""
    sections: tuple[Section, ...] = ()
    """Never empty: a body without words gives one section without words."""
    lines: dict[str, int] = field(default_factory=dict)
    """Anchor → 1-based line of its heading."""
    problems: list[Problem] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)


def render(body: str, folder: str, path: str, title: str = "") -> Rendered:
    """Render the body of the file at `path`; links resolve from `folder`. Lines of `body` are lines of the file.

    `title` is the one of the front matter; a heading that opens the body with the same words is not repeated.
    """
    result = Rendered()
    body = _within_bounds(body, path, result.problems)
    tables = body.count("|") <= MAX_CELLS
    if not tables:
        message = f"表格超过 {MAX_CELLS} 格，按普通文字收录：拆成几篇文章"
        result.problems.append(Problem(path, 1, message, "warning", "too-large"))
    markdown = _markdown(tables)
    env: dict[str, Any] = {"path": path, "problems": result.problems}
    tokens = result.tokens = markdown.parse(body, env)

    headings: list[_Heading] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0:
            words = _words(markdown, tokens[at + 1], env, folder)
            headings.append(_Heading(at, int(token.tag[1]), words, line_of(token), token.meta))
    first = next((heading for heading in headings if heading.level == 1 and heading.words), None)
    repeated = first is not None and first.at == 0 and _folded(first.words) == _folded(title)
    if first and (not title or repeated):
        headings.remove(first)
        result.title = "" if title else first.words
        for token in tokens[first.at : first.at + 3]:
            token.hidden, token.content, token.children, token.type = True, "", [], "text"
    elif not title:
        result.title = _raw_title(tokens, folder)

    anchors = _anchors(headings, path, result)
    starts = [heading for heading in headings if heading.level <= 4]

    def finished(part: Sequence[Token]) -> tuple[str, str, str]:
        html = markdown.renderer.render(part, markdown.options, env)
        if too_deep(html):
            line = next((line_of(token) for token in part if token.map and not token.hidden), 1)
            message = f"HTML 标签嵌套超过 {MAX_DEPTH} 层，这一节只留下文字：检查没有闭合的标签"
            result.problems.append(Problem(path, line, message, "warning", "too-deep"))
        return sanitize(html, folder)

    sections: list[Section] = []
    html, text, lines = finished(tokens[: starts[0].at] if starts else tokens)
    if html or not starts:
        sections.append(Section("", "", 0, html, text, lines))
    for heading, following in zip(starts, [*starts[1:], None], strict=False):
        html, text, lines = finished(tokens[heading.at + 3 : following.at if following else None])
        if heading.words or html:
            sections.append(Section(anchors[heading.at], heading.words, max(heading.level, 2), html, text, lines))
    result.sections = tuple(sections) or (Section("", "", 0, "", ""),)
    return result


def slug(words: str) -> str:
    """The anchor of a heading: width and case folded, letters of any script kept, the rest hyphens; maybe empty."""
    folded = unicodedata.normalize("NFKC", words).lower()
    return _HYPHENS.sub("-", _NOT_IN_SLUGS.sub("", folded)).strip("-")[:100].rstrip("-")


def is_reserved(anchor: str) -> bool:
    """Whether pages or footnotes use this id themselves; a section of that name gets `s-` in front."""
    own = anchor in _RESERVED_IDS or anchor.startswith(_RESERVED_STARTS)
    return own or _FOOTNOTE_ID.match(anchor) is not None


@dataclass(frozen=True, slots=True)
class _Heading:
    at: int  # of its `heading_open`; its words and its end follow
    level: int
    words: str
    line: int
    meta: dict[str, Any]


@lru_cache(maxsize=2)
def _markdown(tables: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": MAX_NESTING})
    markdown.enable(["table", "strikethrough"] if tables else ["strikethrough"])
    markdown.use(footnote_plugin, inline=False)  # inline notes cost a second per 100 KB of brackets
    markdown.core.ruler.before("inline", "help_center", prepare_blocks)
    markdown.add_render_rule("html_inline", _raw_inline)
    # Addresses are judged once, after sanitising, raw HTML's among them.
    for name in ("validateLink", "normalizeLink", "normalizeLinkText"):
        setattr(markdown, name, (lambda address: True) if name == "validateLink" else (lambda address: address))
    return markdown


def _raw_inline(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """`<path>` in prose means the word; only tags that HTML knows, or that carry attributes, are tags."""
    content = tokens[at].content
    return escapeHtml(content) if is_placeholder(content) else content


def is_placeholder(html: str) -> bool:
    """Whether a tag is no tag but a word between angle brackets."""
    match = _BARE_TAG.fullmatch(html)
    return match is not None and match[1].lower() not in HTML_TAGS


def _within_bounds(body: str, path: str, problems: list[Problem]) -> str:
    cut = body[:MAX_CHARACTERS]
    if cut.count("\n") >= MAX_LINES:
        cut = "\n".join(cut.split("\n", MAX_LINES)[:MAX_LINES])
    if len(cut) < len(body):
        line = cut.count("\n") + 1
        message = f"文章太长，从这里起没有收录：拆成几篇（每篇至多 {MAX_LINES} 行、{MAX_CHARACTERS} 个字符）"
        problems.append(Problem(path, line, message, "warning", "too-large"))
    return cut


def _anchors(headings: Sequence[_Heading], path: str, result: Rendered) -> dict[int, str]:
    """Give each section heading its anchor: the author's own as it is, the others around those."""
    anchors: dict[int, str] = {}
    for heading in headings:
        own = heading.meta.get("anchor")
        if not own:
            continue
        if heading.level > 4:
            message = f"{heading.level} 级标题不是单独的一节，锚点 #{own} 不起作用：改成 2 至 4 级标题"
            result.problems.append(Problem(path, heading.line, message, "warning", "unused-anchor"))
        elif own in result.lines:
            message = f"锚点 #{own} 和第 {result.lines[own]} 行的重复：换一个名字"
            result.problems.append(Problem(path, heading.line, message, code="duplicate-anchor"))
            anchors[heading.at] = own
        else:
            if is_reserved(own):
                message = f"锚点 #{own} 是网页自用的名字，已改成 #s-{own}：换一个名字"
                result.problems.append(Problem(path, heading.line, message, "warning", "reserved-anchor"))
                own = f"s-{own}"
            anchors[heading.at] = own
            result.lines[own] = heading.line
    last: dict[str, int] = {}
    for heading in headings:
        if heading.at in anchors or heading.level > 4:
            continue
        base = heading.meta.get("slug") or slug(heading.words) or "section"
        base = f"s-{base}" if is_reserved(base) else base
        anchor, number = base, last.get(base, 1)
        while anchor in result.lines:
            number += 1
            anchor = f"{base}-{number}"
        last[base] = number  # or thousands of equal headings would each count from 1
        anchors[heading.at] = anchor
        result.lines[anchor] = heading.line
    return anchors


def _words(markdown: MarkdownIt, inline: Token, env: dict[str, Any], folder: str) -> str:
    """The words of a heading, on one line."""
    children = inline.children or []
    if inline.type == "text" or all(child.type in _PLAIN for child in children):
        words = inline.content if inline.type == "text" else "".join(child.content for child in children)
    else:
        words = sanitize(markdown.renderer.render([inline], markdown.options, env), folder)[1]
    return " ".join(words.split())


def _raw_title(tokens: Sequence[Token], folder: str) -> str:
    """The first `<h1>` deep in raw HTML, taken out of it."""
    for token in tokens:
        if token.type != "html_block" or "</h1" not in token.content.lower():
            continue
        if match := _RAW_TITLE.search(token.content, max(token.content.lower().find("<h1"), 0)):
            words = " ".join(sanitize(match[1], folder)[1].split())
            if words:
                token.content = token.content[: match.start()] + token.content[match.end() :]
                return words
    return ""


def _folded(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).lower().split())
