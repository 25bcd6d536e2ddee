"""Readable: clean markup becomes the HTML that pages print, and the text a reader sees of it.

In: nh3's output, tag by tag (lower case, double quotes, no comments), and the folder of the article. Out: both, and
what each line of the text is. Why one pass for both: they must agree, so that a match in the text can be marked on the
page. Addresses are led to where they are served, and the gaps close that line breaks leave between Chinese characters.
"""

from __future__ import annotations

import re
from html import escape, unescape

from index.content.linking import resolve


def names(words: str) -> frozenset[str]:
    """A set of names, written as one text because a column of quoted ones reads worse."""
    return frozenset(words.split())


BLOCKS = names(
    "address article aside blockquote br caption center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6"
    " header hr li main nav ol p pre section summary table tbody tfoot thead tr ul"
)
"""Tags that begin a new line for a reader. Table cells are apart: a tab follows them."""
_RENAMED = {
    "h1": "h2",  # the page has one h1, the article's title
    "address": "div", "article": "div", "center": "div", "footer": "div", "header": "div", "main": "div", "nav": "div",
    "section": "div",  # landmarks of the page, not of the content
}  # fmt: skip
_OWN_ID = re.compile(r"fn(?:ref)?\d+(?::\d+)?")
"""The ids of footnotes; every other id in content is dropped, so that none can stand in for one of the page's."""

_TABLE = '<div class="table" tabindex="0" role="region" aria-label="表格">'
"""A wide table scrolls in its own box, with the keyboard too."""

_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_WHITE = " \t\n\f\r"
_SPACES = re.compile(f"[{_WHITE}]+")
_WIDE = re.compile(
    "[\u2014\u2018-\u201d\u2026\u00b7\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60"
    "\U00020000-\U0003ffff]"
)
"""Chinese characters, kana and the punctuation set among them: a line break between two of these is no space
(CSS Text 4, segment break rules). Hangul is left out: it writes spaces."""


class Writer:
    """Takes nh3's output piece by piece (lower-case tags, double quotes, no comments), gives the final html and text.

    A line break in the source is a space for a reader, unless it stands between two Chinese characters. Which it is
    shows only when the next character comes, maybe some tags later; until then it is a gap, to be filled.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._html: list[str] = []
        self._text: list[str] = []
        self._last = ""  # the character before; empty at the start of a line
        self._gap: tuple[int, int] | None = None  # where in `_html` and `_text`
        self._pre = 0
        self._links: list[bool] = []  # the open <a>: whether each was kept
        self._lists: list[str] = []  # of each open list, what its next item is
        self._head = False
        self._kinds: dict[int, str] = {}  # from which part of `_text` on lines are of another kind

    def finish(self) -> tuple[str, str, str]:
        self._begin_line()
        lines: list[str] = []
        kinds: list[str] = []
        line, kind = "", "."
        for number, piece in enumerate([*self._text, "\n"]):
            *ended, rest = piece.split("\n")
            for end in ended:
                if shown := (line + end).replace("\xa0", " ").rstrip(_WHITE):
                    lines.append(shown)
                    kinds.append(kind)
                    kind = "+" if kind in "12-" else kind
                line = ""
            line += rest
            kind = self._kinds.get(number, kind)
        return "".join(self._html).strip(_WHITE), "\n".join(lines), "".join(kinds)

    def words(self, words: str) -> None:
        """Take a run of escaped text."""
        if self._pre:
            self._html.append(words)
            self._text.append(unescape(words))
            return
        body = words.strip(_WHITE)
        start = words.find(body)
        self._white(words[:start] if body else words)
        if body:
            self._fill(body[0])
            body = _SPACES.sub(_join, body)
            self._html.append(body)
            self._text.append(unescape(body))
            self._last = body[-1]
            self._white(words[len(words.rstrip(_WHITE)) :])

    def tag(self, closing: bool, name: str, attributes: str) -> None:
        """Take a tag."""
        if name in BLOCKS:
            self._begin_line()
            self._text.append("\n")
            self._pre += (name == "pre") * (-1 if closing else 1)
            self._structure(closing, name, attributes)
        elif name in ("td", "th"):
            self._begin_line()
            self._text.append("\t" if closing else "")
        if name == "img":
            self._image(dict(_ATTRIBUTE.findall(attributes)))
        elif name == "a":
            self._html.append(self._end_link() if closing else self._link(dict(_ATTRIBUTE.findall(attributes))))
        elif name == "table":
            self._html.append("</table></div>" if closing else f"{_TABLE}<table{attributes}>")
        else:
            if ' id="' in attributes and not _OWN_ID.fullmatch(dict(_ATTRIBUTE.findall(attributes))["id"]):
                attributes = re.sub(r' id="[^"]*"', "", attributes)
            self._html.append(f"<{'/' if closing else ''}{_RENAMED.get(name, name)}{attributes}>")

    def _structure(self, closing: bool, name: str, attributes: str) -> None:
        """Note what the lines from here on are, at the start and end of a list, an item, a row, a callout's title."""
        kind = ""
        if name in ("ol", "ul"):
            if closing:
                del self._lists[-1:]
                kind = "+" if self._lists else "."
            else:
                self._lists.append("1" if name == "ol" and not self._lists else "-")
        elif name == "li":
            kind = "+" if len(self._lists) > 1 or not closing else "."
            if not closing and self._lists:
                kind = self._lists[-1]
                self._lists[-1] = "2" if kind == "1" else kind
        elif name == "thead":
            self._head = not closing
        elif name == "tr":
            kind = "." if closing else "=" if self._head else "|"
        elif name == "p" and (closing or "callout-title" in attributes):
            kind = "." if closing and not self._lists else "" if closing else ":"
        if kind:
            self._kinds[len(self._text) - 1] = kind

    def _begin_line(self) -> None:
        if self._gap:
            self._html[self._gap[0]] = "\n"
        self._last, self._gap = "", None

    def _white(self, white: str) -> None:
        """Take white space: nothing at the start of a line or after a space, else a space or a gap."""
        if not white:
            return
        if not self._last:
            self._html.append("\n" if "\n" in white else "")
        elif "\n" not in white:
            self._fill("")
            if self._last != " ":
                self._html.append(" ")
                self._text.append(" ")
            self._last = " "
        elif self._last != " " and not self._gap:
            self._gap = len(self._html), len(self._text)
            self._html.append("")
            self._text.append("")

    def _fill(self, following: str) -> None:
        if self._gap:
            space = "" if _WIDE.match(self._last) and _WIDE.match(following) else " "
            self._html[self._gap[0]] = self._text[self._gap[1]] = space
            self._last = space or self._last
            self._gap = None

    def _image(self, attributes: dict[str, str]) -> None:
        """A picture of the content folder, or the words that stand for one that readers must not load."""
        alt = " ".join(unescape(attributes.get("alt", "")).split())
        target = resolve(unescape(attributes.get("src", "")), self._folder)
        if target.kind != "image":
            self.words(escape(alt, quote=False))
            return
        sizes = (key for key in ("width", "height") if attributes.get(key, "").isdecimal())
        size = "".join(f' {key}="{attributes[key]}"' for key in sizes)
        if alt:
            self._fill(alt[0])
            self._text.append(alt)
            self._last = alt[-1]
        self._html.append(f'<img src="{escape(target.address or "")}" alt="{escape(alt)}"{size} loading="lazy">')

    def _link(self, attributes: dict[str, str]) -> str:
        target = resolve(unescape(attributes["href"]), self._folder) if "href" in attributes else None
        address = target.address if target else None
        self._links.append(address is not None)
        if target is None or address is None:
            return ""
        title = f' title="{attributes["title"]}"' if attributes.get("title") else ""
        own = f' id="{attributes["id"]}"' if _OWN_ID.fullmatch(attributes.get("id", "")) else ""
        rel = ' rel="noopener noreferrer nofollow"' if target.kind == "remote" and "//" in address else ""
        return f'<a href="{escape(address)}"{title}{own}{rel}>'

    def _end_link(self) -> str:
        return "</a>" if self._links and self._links.pop() else ""


def _join(white: re.Match[str]) -> str:
    """White space within a run of text: nothing for a line break between two Chinese characters, else one space."""
    words, start, end = white.string, white.start(), white.end()
    return "" if "\n" in white[0] and _WIDE.match(words[start - 1]) and _WIDE.match(words[end]) else " "
