"""Blocks: what is the site's own in Markdown: named headings, callouts, tasks, steps.

In: markdown-it's block tokens, before the words in them are parsed. Out: the same list with those blocks in their
final form, and a warning for whatever is bounded. A new kind of block is added here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from index.model import Problem

MAX_NESTING = 20
"""Blocks in each other, as markdown-it counts them (a list is two). What is nested deeper is left out."""
MAX_MARKS = 200_000
"""Weighed markup characters in a file; past it, and past a tenth in one paragraph, words stay plain text.
One costs about 5 µs, an opening bracket 8 times that, so the bound is a second; the densest real file has 9,000."""

_ANCHOR = re.compile(r"\{:?[ \t]*#([\w.:-]{1,100})(?:[ \t][^{}\n]*)?\}[ \t]*")
_RAW_HEADING = re.compile(r"\s*<h([1-6])\b([^>]*)>(.*?)</h\1\s*>", re.IGNORECASE | re.DOTALL)
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
_TASK = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
_NOT_STEPS = re.compile("注意|须知|提醒|总结|小结|原因|区别|参考|来源|资料|常见|问答|要点|好处|优点|缺点|更新|目录")
"""Headings of ordered lists that number things rather than order them."""
_BRACKETS = re.compile(r"\[")
_MARKS = re.compile(r"[*_`<&\\~^\]]")


def prepare_blocks(state: StateCore) -> None:
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
        problems.append(Problem(path, line_of(deepest), message, "warning", "too-deep"))
    if densest is not None:
        message = "从这一段起标记符号太多，按普通文字收录：检查是否有多余的 [ * ` 等符号"
        problems.append(Problem(path, line_of(densest), message, "warning", "too-dense"))
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


def line_of(token: Token) -> int:
    """The 1-based line on which a block begins."""
    return token.map[0] + 1 if token.map else 1
