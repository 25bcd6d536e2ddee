"""Bodies: warnings for what stands inside an article: links, pictures, raw HTML, advertising.

In: a file as it was read, and where links can lead. Out: a warning for each, at its line. Why apart from `checking.py`:
that compares articles with each other and with the calendar; this walks through the parsed tokens of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from markdown_it.token import Token
from rapidfuzz import fuzz, process

from index.content.articles import media_file
from index.content.asks import Asks
from index.content.frontmatter import FrontMatter
from index.content.linking import IMAGE_TYPES, Target, resolve
from index.content.phones import wrong_number
from index.content.rendering import Rendered, is_placeholder
from index.content.sanitizing import SCHEMES, TAGS
from index.model import Article, Problem

_TAG = re.compile(r"<([a-zA-Z][a-zA-Z0-9-]*)((?:\"[^\"]*\"|'[^']*'|[^\"'<>])*)>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_APPS = "tg|telegram|wechat|weixin|vx|whatsapp|qq"
_CONTACT = re.compile(
    rf"(?:(?<![a-z])(?:{_APPS})(?![a-z])|电报|微信|薇信|扣扣)(?:号码?|群|ID)?"
    rf"[^\n\w、，。；,;.()（）“”\"'\u4e00-\u9fff]{{0,8}}"  # what may stand between the app and the handle: signs, emoji
    rf"(?:(?<=@)[a-z]\w{{3,}}|(?<=[:：+＋])[ ]?(?!{_APPS})[a-z][\w-]{{4,}}|(?=[\w-]*[\d_])[a-z0-9][\w-]{{4,}})"
    r"|(?<![\w/.])(?:https?://)?(?:t\.me|telegram\.me|wa\.me|u\.wechat\.com)/[\w+-]+",
    re.IGNORECASE | re.ASCII,
)
"""A messaging account: `TG💪+ @jx0703`, `微信：help-desk`, `QQ群 123456`, `t.me/…`."""
_FOOTER = re.compile(
    "(?:扫码|扫一扫|长按|识别二维码|点击)[^\n。]{0,12}(?:关注|加好友|进群|入群|加群)"
    "|(?:关注|搜索)[^\n。]{0,10}公众号|加(?:我|客服)(?:微信|好友)|商务合作|转载请注明|加入[^\n。]{0,8}交流群"
    "|点赞[^\n。]{0,6}(?:关注|转发)"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file that links can stand in: an article, or a folder's `_topic.md`."""

    path: str
    folder: str
    front: FrontMatter
    rendered: Rendered
    article: Article | None
    asks: list[Asks]


def promotion(words: str) -> str | None:
    """The part of a line that advertises: a private messaging account, a call to follow; None where there is none."""
    found = _CONTACT.search(words) or _FOOTER.search(words)
    return found[0].strip() if found else None


class Places:
    """Where links can lead."""

    def __init__(self, content: Path, articles: Mapping[str, Page], folders: set[str]) -> None:
        self._content = content
        self._articles = articles
        self._topics = {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(20)} - {""}

    def why_broken(self, target: Target, page: Page) -> tuple[str, str] | None:
        """The code and the message for a link that leads nowhere; None for a good one."""
        if target.kind == "anchor":
            return self._why_anchor_missing(target.fragment, page) if target.fragment else None
        if target.kind == "article":
            other = self._articles.get(target.path)
            if other is None:
                name = target.path.rpartition("/")[2]
                near = next((id for id in self._articles if id.rpartition("/")[2] == name), None)
                near = near or nearest(target.path, self._articles, 70)
                hint = f"是否想写 /{near}.md？" if near else "改成已有的文章，或去掉链接"
                return "broken-link", f"链接的文章 {target.path}.md 不存在：{hint}"
            if other.front.draft and not page.front.draft:
                return "draft-link", f"链接的文章 {target.path}.md 还是草稿，读者打不开：先发布它，或去掉链接"
            return self._why_anchor_missing(target.fragment, other) if target.fragment else None
        if target.kind == "topic":
            if not target.path or target.path in self._topics:
                return None
            near = nearest(target.path, self._topics, 70)
            hint = f"是否想写 /{near}/？" if near else "改成已有的文件夹，或去掉链接"
            return "broken-link", f"链接的主题 {target.path}/ 不存在：{hint}"
        if target.kind == "image":
            if media_file(self._content, target.path):
                return None
            return "missing-image", f"找不到图片 {target.path}：把它放进内容文件夹，或去掉"
        if target.kind == "lost":
            return "broken-link", f"链接 {short(target.path)} 在内容文件夹之外，或是不支持的文件：去掉，或改成网址"
        if target.kind == "remote" and not target.path.startswith("//"):
            scheme = target.path.partition(":")[0].lower()
            if scheme not in SCHEMES:
                return "unsafe-link", f"{scheme}: 开头的链接会被去掉：改成 https 网址"
        return None

    def _why_anchor_missing(self, anchor: str, page: Page) -> tuple[str, str] | None:
        if anchor in page.rendered.lines or re.fullmatch(r"fn(?:ref)?\d.*", anchor):
            return None
        near = nearest(anchor, page.rendered.lines, 50)
        hint = f"是否想写 #{near}？" if near else "给那一节的标题加上锚点，或去掉 # 后面的部分"
        return "broken-anchor", f"{page.path} 里没有锚点 #{short(anchor)}：{hint}"


def inside(page: Page, places: Places) -> Iterator[Problem]:
    """Warnings for what stands in the body: links, pictures, raw HTML, advertising."""
    for line, token in leaves(page.rendered.tokens):
        if token.type in ("html_block", "html_inline"):
            yield from _raw_html(page, line, token.content, places)
        elif token.type == "link_open":
            yield from _link(page, line, str(token.attrs.get("href", "")), places)
        elif token.type == "image":
            yield from _picture(page, line, str(token.attrs.get("src", "")), places, told=bool(token.content.strip()))
    for line, words in _lines(page.rendered.tokens):
        if found := promotion(words):
            message = f"像是推广用的联系方式或文字“{short(found)}”：去掉，或换成官方联系方式"
            yield warning(page, line, "promotion", message)


def _link(page: Page, line: int, address: str, places: Places) -> Iterator[Problem]:
    why = places.why_broken(resolve(address, page.folder), page)
    if why:
        yield warning(page, line, *why)
    if address.startswith("tel:") and (wrong := wrong_number(unquote(address))):
        yield warning(page, line, "phone", f"{short(address)} {wrong}")
    if promotion(address):
        message = f"像是推广用的链接 {short(address)}：去掉，或换成官方联系方式"
        yield warning(page, line, "promotion", message)


def _picture(page: Page, line: int, address: str, places: Places, told: bool) -> Iterator[Problem]:
    """`told`: whether words stand for it, or the author says by an empty `alt` that it tells nothing."""
    target = resolve(address, page.folder)
    if not told:
        message = f"图片 {short(address)} 没有说明文字，看不见图的读者不知道是什么：写成 ![图里有什么](…)"
        yield warning(page, line, "missing-alt", message)
    if target.kind == "remote":
        message = f"图片 {short(address)} 在别的网站，不会显示：存到内容文件夹里再引用，或去掉"
        yield warning(page, line, "remote-image", message)
    elif target.kind != "image":
        message = f"图片 {short(address)} 不会显示：用内容文件夹里的 {'、'.join(IMAGE_TYPES)}"
        yield warning(page, line, "missing-image", message)
    elif why := places.why_broken(target, page):
        yield warning(page, line, *why)


def _raw_html(page: Page, line: int, html: str, places: Places) -> Iterator[Problem]:
    at = 0
    for tag in _TAG.finditer(html):
        line += html.count("\n", at, tag.start())
        at = tag.start()
        name = tag[1].lower()
        attributes = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(tag[2])}
        if is_placeholder(html):
            return
        if name not in TAGS:
            yield warning(page, line, "dropped-html", f"HTML 标签 <{name}> 会被去掉：改用 Markdown 的写法")
        for key in attributes:
            if key.startswith("on") or key == "style":
                yield warning(page, line, "dropped-html", f"<{name}> 的属性 {short(key)} 会被去掉：删掉它")
        if name == "a" and "href" in attributes:
            yield from _link(page, line, attributes["href"], places)
        elif name == "img":
            yield from _picture(page, line, attributes.get("src", ""), places, told="alt" in attributes)


def leaves(tokens: Iterable[Token]) -> Iterator[tuple[int, Token]]:
    """Every token that holds no other, with its line in the file."""
    line = 1
    for token in tokens:
        if token.map:
            line = token.map[0] + 1
        if token.type != "inline":
            yield line, token
            continue
        here = line
        for child in token.children or ():
            yield here, child
            # A picture's words and a raw tag may run over lines; code never does.
            here += child.type in ("softbreak", "hardbreak") or child.content.count("\n")


def _lines(tokens: Iterable[Token]) -> Iterator[tuple[int, str]]:
    """The words of each line of prose as a reader sees them, code left out."""
    words, at = "", 0
    for line, token in leaves(tokens):
        if line != at or token.block:
            if words:
                yield at, words
            words, at = "", line
        if token.type in ("text", "text_special"):
            words += token.content
        elif token.type == "html_block":
            words += re.sub(r"<[^<>]*>", " ", token.content)
    if words:
        yield at, words


def nearest(wanted: str, known: Iterable[str], least: float) -> str | None:
    """The known name nearest in spelling, if it is at least so near (0 to 100)."""
    found = process.extractOne(wanted, list(known), scorer=fuzz.ratio, score_cutoff=least)
    return found[0] if found else None


def warning(page: Page, line: int, code: str, message: str) -> Problem:
    return Problem(page.path, line, message, "warning", code)


def short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
