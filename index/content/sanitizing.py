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

from index.content.readable import BLOCKS, Writer, names

TAGS = BLOCKS | names(
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
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ANY_TAG = re.compile(r"<[^<>]*>")
_SHALLOW = names("area br col dd dt hr img input li link meta option p param source tbody td tfoot th thead tr wbr")
"""Tags that have no inside, or that end where the next one begins, so that many of them are no depth."""
MAX_DEPTH = 250
"""Elements in each other. ammonia's time grows with the square of it: 200,000 took 6 minutes."""
_PIECE = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^">])*)>|([^<]+)')

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
    writer = Writer(folder)
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
