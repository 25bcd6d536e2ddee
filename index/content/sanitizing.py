"""Sanitising: HTML of any origin becomes HTML that is safe to print, and the text a reader sees of it.

In: HTML as the Markdown renderer wrote it, raw HTML of the author included, and the folder of the article.
Out: `(html, text)`, which agree: any run of words visible in one is a run in the other, so a match found in the text
can be marked on the page.
Why this way: nh3 (the ammonia library) parses like a browser and keeps what is on the allow list. Only then, on markup
that is known to be well formed, one pass rewrites addresses, closes the gaps that line breaks leave between Chinese
characters, and collects the text. Markdown and raw HTML go the same way, so neither is a way around the other.
A new tag is added to `TAGS`, its attributes to `_ATTRIBUTES`; never `id`, `style`, `name` or `on…`.
"""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

from index.content.linking import resolve


def names(words: str) -> frozenset[str]:
    """A set of names, written as one text because a column of quoted ones reads worse."""
    return frozenset(words.split())


_BLOCKS = names(
    "address article aside blockquote br caption center dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6"
    " header hr li main nav ol p pre section summary table tbody tfoot thead tr ul"
)
"""Tags that begin a new line for a reader. Table cells are apart: a tab follows them."""
TAGS = _BLOCKS | names(
    "a abbr b bdi bdo cite code del dfn em i img ins kbd mark q rp rt ruby s samp small span strong sub sup td th time"
    " u var wbr"
)
"""What an author may write; of any other tag the words stay and the tag goes."""
DROPPED = names(
    "applet audio base canvas embed frame frameset head iframe math noembed noframes noscript object script select"
    " style svg template textarea title video"
)
"""Tags that go with all that is in them."""

HTML_TAGS = TAGS | DROPPED | names(
    "acronym basefont big blink body button col colgroup command content data datalist dialog dir fieldset font form"
    " hgroup html image input label legend link listing map marquee menu menuitem meta meter nobr optgroup option"
    " output param picture plaintext progress rb rtc search shadow slot source spacer strike tt track xmp"
)  # fmt: skip
"""Every tag that HTML knows or knew."""

_ATTRIBUTES = {
    "a": {"href", "title", "id"},
    "abbr": {"title"},
    "details": {"open"},
    "img": {"src", "alt", "title", "width", "height"},
    "li": {"id"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "*": {"lang", "dir"},
}
_CLASSES = {
    "aside": {"callout", "callout-tip", "callout-note", "callout-warning"},
    "li": {"footnote-item"},
    "ol": {"steps", "footnotes-list"},
    "p": {"callout-title"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
    "td": {"align-center", "align-right"},
    "th": {"align-center", "align-right"},
}
SCHEMES = {"http", "https", "mailto", "tel", "sms"}
_RENAMED = {
    "h1": "h2",  # the page has one h1, the article's title
    "address": "div", "article": "div", "center": "div", "footer": "div", "header": "div", "main": "div", "nav": "div",
    "section": "div",  # landmarks of the page, not of the content
}  # fmt: skip
_OWN_ID = re.compile(r"fn(?:ref)?\d+(?::\d+)?")
"""The ids of footnotes; every other id in content is dropped, so that none can stand in for one of the page's."""

_TABLE = '<div class="table" tabindex="0" role="region" aria-label="表格">'
"""A wide table scrolls in its own box, with the keyboard too."""

_PIECE = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*)>|([^<]+)')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_WHITE = " \t\n\f\r"
_SPACES = re.compile(f"[{_WHITE}]+")
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ANY_TAG = re.compile(r"<[^<>]*>")
_SHALLOW = names("area br col dd dt hr img input li link meta option p param source tbody td tfoot th thead tr wbr")
"""Tags that have no inside, or that end where the next one begins, so that many of them are no depth."""
MAX_DEPTH = 250
"""Elements in each other. ammonia's time grows with the square of it: 200,000 took 6 minutes."""
_WIDE = re.compile(
    "[\u2014\u2018-\u201d\u2026\u00b7\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60"
    "\U00020000-\U0003ffff]"
)
"""Chinese characters, kana and the punctuation set among them: a line break between two of these is no space
(CSS Text 4, segment break rules). Hangul is left out: it writes spaces."""


_CLEANER = nh3.Cleaner(  # made once: reading the lists takes longer than cleaning a section
    tags=set(TAGS),
    clean_content_tags=set(DROPPED),
    attributes=_ATTRIBUTES,
    tag_attribute_values={"aside": {"role": {"note"}}},
    allowed_classes=_CLASSES,
    url_schemes=SCHEMES,
    link_rel=None,  # set below, for links that leave the site only
)


def sanitize(html: str, folder: str) -> tuple[str, str, str]:
    """Clean `html` of an article in `folder`: the HTML, its text, and what each line of that is, one character a line.

    Never raises; what is not allowed is gone. The characters of the lines:

        1 2    the first item of a numbered list that stands in no other, a further one
        -      an item of any other list
        +      a further line of an item
        = |    a table's head, another row of it
        :      the word over a callout (警告)
        .      any other line


    HTML that is `too_deep` loses every tag and keeps its words.
    """
    if too_deep(html):
        html = escape(unescape(_ANY_TAG.sub(" ", html)), quote=False)
    writer = _Writer(folder)
    for closing, name, attributes, words in _PIECE.findall(_CLEANER.clean(html)):
        if words:
            writer.words(words)
        else:
            writer.tag(bool(closing), name, attributes)
    return writer.finish()


def too_deep(html: str) -> bool:
    """Whether elements stand in each other more than MAX_DEPTH deep; an unclosed one counts as open to the end."""
    if html.count("<") <= MAX_DEPTH:
        return False
    depth = 0
    unclosed: dict[str, int] = {}
    for closing, name in _TAG_NAME.findall(html.lower()):
        if name in _SHALLOW:
            continue
        if not closing:
            unclosed[name] = unclosed.get(name, 0) + 1
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif unclosed.get(name):
            unclosed[name] -= 1
            depth -= 1
    return False


class _Writer:
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
        if name in _BLOCKS:
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
