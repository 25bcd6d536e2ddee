"""Rendering: Markdown becomes sections of sanitised HTML, each with its anchor, heading and text.

In: the body of one article, its lines where they stand in the file. Out: `Rendered`: title, sections, problems and
the parsed tokens, which `check` looks through for links and pictures.
Why this way: markdown-it-py follows CommonMark to the letter, so that content of any origin reads as its author saw
it. What is ours (anchors, callouts, tasks, steps) is done on block tokens before their words are parsed, in
`_prepare`; a new kind of block is added there. Everything passes `sanitizing` last.
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
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from index.model import Problem, Section
from index.sanitizing import HTML_TAGS, MAX_DEPTH, names, sanitize, too_deep

MAX_LINES = 50_000
MAX_CHARACTERS = 2_000_000
MAX_NESTING = 20
"""Blocks in each other, as markdown-it counts them (a list is two). What is nested deeper is left out."""
MAX_CELLS = 100_000
"""Pipes in a file; with more, tables stay plain text. 300 KB of nothing but cells took 4 s."""
MAX_MARKS = 200_000
"""Weighed markup characters in a file; past it, and past a tenth in one paragraph, words stay plain text.
One costs about 5 µs, an opening bracket 8 times that, so the bound is a second; the densest real file has 9,000."""

_RESERVED_IDS = names(
    "article breadcrumbs content contents emergencies feedback filters footer header help language live main menu nav"
    " navigation page pager popular q query results search sidebar site skip status suggestions summary theme title toc"
    " top topics verified"
)
_RESERVED_STARTS = ("feedback-", "search-", "site-")

_ANCHOR = re.compile(r"\{:?[ \t]*#([\w.:-]{1,100})(?:[ \t][^{}\n]*)?\}[ \t]*")
_RAW_HEADING = re.compile(r"\s*<h([1-6])\b([^>]*)>(.*?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
_RAW_TITLE = re.compile(r"<h1\b[^<>]*>(.*?)</h1\s*>", re.IGNORECASE | re.DOTALL)
_RAW_ID = re.compile(r"""\bid=["']?([\w.:-]{1,100})""", re.IGNORECASE)
_CALLOUT = re.compile(
    r"(?:\*\*(?P<word>提示|注意|警告)\s*[：:]?\*\*\s*[：:]?"
    r"|\[!(?P<alert>NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?=\n|$))\s*",
    re.IGNORECASE,
)
_CALLOUTS = {
    "提示": ("tip", "提示"), "注意": ("note", "注意"), "警告": ("warning", "警告"),
    "TIP": ("tip", "提示"), "NOTE": ("note", "说明"), "IMPORTANT": ("note", "重要"),
    "WARNING": ("warning", "警告"), "CAUTION": ("warning", "警告"),
}  # fmt: skip
_BARE_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)>")
_FOOTNOTE_ID = re.compile(r"fn(?:ref)?\d")
_TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_NOT_STEPS = re.compile("注意|须知|提醒|总结|小结|原因|区别|参考|来源|资料|常见|问答|要点|好处|优点|缺点|更新|目录")
"""Headings of ordered lists that number things rather than order them."""
_BRACKETS = re.compile(r"\[")
_MARKS = re.compile(r"[*_`<&\\~^\]]")
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
            headings.append(_Heading(at, int(token.tag[1]), words, _line(token), token.meta))
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

    def finished(part: Sequence[Token]) -> tuple[str, str]:
        html = markdown.renderer.render(part, markdown.options, env)
        if too_deep(html):
            line = next((_line(token) for token in part if token.map and not token.hidden), 1)
            message = f"HTML 标签嵌套超过 {MAX_DEPTH} 层，这一节只留下文字：检查没有闭合的标签"
            result.problems.append(Problem(path, line, message, "warning", "too-deep"))
        return sanitize(html, folder)

    sections: list[Section] = []
    html, text = finished(tokens[: starts[0].at] if starts else tokens)
    if html or not starts:
        sections.append(Section("", "", 0, html, text))
    for heading, following in zip(starts, [*starts[1:], None], strict=False):
        html, text = finished(tokens[heading.at + 3 : following.at if following else None])
        if heading.words or html:
            sections.append(Section(anchors[heading.at], heading.words, max(heading.level, 2), html, text))
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
    markdown.core.ruler.before("inline", "help_center", _prepare)
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


def _prepare(state: StateCore) -> None:
    """Turn blocks into the site's own before their words are parsed."""
    tokens: list[Token] = []
    problems, path = state.env["problems"], state.env["path"]
    left = MAX_MARKS
    heading = ""
    deepest: Token | None = None
    densest: Token | None = None
    for token in state.tokens:
        if token.level >= MAX_NESTING - 1 and deepest is None:
            deepest = token
        if token.type == "html_block" and token.level == 0 and (match := _RAW_HEADING.match(token.content)):
            tokens += _from_raw_heading(token, match)
            token.content = token.content[match.end() :]
        previous = tokens[-1] if tokens else None
        if token.type == "inline" and previous is not None:
            if previous.type == "heading_open":
                _take_anchor(previous, token)
                heading = token.content if previous.level == 0 else heading
            elif previous.type == "paragraph_open":
                outer = tokens[-2] if len(tokens) > 1 else None
                if outer and outer.type == "blockquote_open":
                    _take_callout(tokens, token)
                elif outer and outer.type == "list_item_open" and (match := _TASK.match(token.content)):
                    token.content = ("☐ " if match[1] == " " else "☑ ") + token.content[match.end() :]
            cost = len(_MARKS.findall(token.content)) + 8 * len(_BRACKETS.findall(token.content))
            left -= cost
            if left < 0 or cost > MAX_MARKS // 10:
                token.type, token.children = "text", []
                densest = densest or token
        elif token.type in ("td_open", "th_open") and token.attrs:
            align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if align in ("center", "right"):
                token.attrSet("class", f"align-{align}")
        elif token.type == "ordered_list_open" and token.level == 0 and not _NOT_STEPS.search(heading):
            token.attrSet("class", "steps")
        tokens.append(token)
    if deepest is not None:
        message = f"嵌套太深，里面的内容没有收录：列表或引用至多 {MAX_NESTING // 2} 层"
        problems.append(Problem(path, _line(deepest), message, "warning", "too-deep"))
    if densest is not None:
        message = "从这一段起标记符号太多，按普通文字收录：检查是否有多余的 [ * ` 等符号"
        problems.append(Problem(path, _line(densest), message, "warning", "too-dense"))
    state.tokens = tokens
    _close_callouts(tokens)


def _from_raw_heading(token: Token, match: re.Match[str]) -> list[Token]:
    """`<h2>…</h2>` at the start of a block, as READMEs have it, is a heading like any other."""
    opening = Token("heading_open", f"h{match[1]}", 1, map=token.map, block=True, markup="<")
    if named := _RAW_ID.search(match[2]):
        opening.meta["slug"] = named[1]
    content = " ".join(match[3].split())
    inline = Token("inline", "", 0, map=token.map, level=1, content=content, children=[], block=True)
    return [opening, inline, Token("heading_close", opening.tag, -1, block=True, markup="<")]


def _take_anchor(heading: Token, inline: Token) -> None:
    words, brace, _ = inline.content.rpartition("{")  # not a search: it would try each of a million spaces
    if brace and not words.endswith("\\") and (match := _ANCHOR.fullmatch(inline.content, len(words))):
        heading.meta["anchor"] = match[1]
        inline.content = words.rstrip()


def _take_callout(tokens: list[Token], inline: Token) -> None:
    """Make the quotation that begins with `**提示**` or `[!TIP]` an aside; the word becomes its title."""
    match = _CALLOUT.match(inline.content)
    if not match:
        return
    quotation, paragraph = tokens[-2:]
    kind, title = _CALLOUTS[match["word"] or match["alert"].upper()]
    quotation.tag, quotation.meta["callout"] = "aside", True
    quotation.attrSet("class", f"callout callout-{kind}")
    quotation.attrSet("role", "note")
    inline.content = inline.content[match.end() :]
    opening = Token("paragraph_open", "p", 1, {"class": "callout-title"}, level=paragraph.level, block=True)
    word = Token("inline", "", 0, level=paragraph.level + 1, content=title, children=[], block=True)
    tokens[-1:] = [opening, word, Token("paragraph_close", "p", -1, level=paragraph.level, block=True), paragraph]


def _close_callouts(tokens: Sequence[Token]) -> None:
    open_quotations: list[Token] = []
    for at, token in enumerate(tokens):
        if token.type == "blockquote_open":
            open_quotations.append(token)
        elif token.type == "blockquote_close" and open_quotations:
            token.tag = open_quotations.pop().tag
        elif token.type == "inline" and not token.content and tokens[at - 1].type == "paragraph_open":
            tokens[at - 1].hidden = tokens[at + 1].hidden = True  # the title was all it held


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
    for heading in headings:
        if heading.at in anchors or heading.level > 4:
            continue
        base = heading.meta.get("slug") or slug(heading.words) or "section"
        base = f"s-{base}" if is_reserved(base) else base
        anchor, number = base, 1
        while anchor in result.lines:
            number += 1
            anchor = f"{base}-{number}"
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


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
