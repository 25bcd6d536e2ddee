"""Checking: what an author or editor should know about the articles before readers see them.

In: the content folder and today's date. Out: every fault and warning, each with its place, its `code`, and the fix
where it is known. Faults are those of `articles`; here are the warnings that need the parsed tokens (links, pictures,
raw HTML, advertising), the other articles (titles, filter values), or the calendar.
Why nothing here is a fault: content of any origin must index. A new check is a function called from `check`, with a
`code` of its own and a test.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote

from markdown_it.token import Token
from rapidfuzz import fuzz, process

from index.content.articles import (
    article_id,
    asks_written,
    collisions,
    examine,
    media_file,
    scan,
    scan_asks,
    scan_topics,
    strays,
)
from index.content.asks import Asks, asks_path, lost_files
from index.content.frontmatter import FrontMatter
from index.content.guides import dead_links, read_guides
from index.content.linking import IMAGE_TYPES, Target, resolve
from index.content.phones import wrong_number
from index.content.rendering import Rendered, is_placeholder
from index.content.sanitizing import SCHEMES, TAGS
from index.content.sites import dead_site_links, read_site, unused_values, wrong_phones
from index.model import Article, Problem
from index.site import TOPIC
from index.text.folding import clean, fold

STALE_AFTER = 180
"""Days after which a verified article counts as unverified; the article page warns from the same day."""

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
class _Page:
    """One file that links can stand in: an article, or a folder's `_topic.md`."""

    path: str
    folder: str
    front: FrontMatter
    rendered: Rendered
    article: Article | None
    asks: list[Asks]


def check(content: Path, *, today: date | None = None) -> list[Problem]:
    """Every fault and warning of the folder, in order of file and line. OSError where it cannot be read."""
    today = today or date.today()  # noqa: DTZ011 (an author's own day)
    site = read_site(content)
    problems = [*site.problems, *strays(content)]
    pages: list[_Page] = []
    files, asks = scan(content), scan_asks(content)
    problems += lost_files(asks, (path for path, _ in files))
    for path, file in [*files, *scan_topics(content)]:
        id = article_id(path)
        beside = asks.get(asks_path(path))
        own = beside.read_bytes() if beside else None
        article, found, front, rendered = examine(id, path, file.read_bytes(), site.site.filters, own)
        written, _ = asks_written(front, path, own)
        is_topic = path.endswith("_topic.md")
        problems += [problem for problem in found if not (is_topic and problem.code == "no-title")]
        pages.append(_Page(path, id.rpartition("/")[0], front, rendered, None if is_topic else article, written))
    articles = {page.article.id: page for page in pages if page.article}
    problems += collisions(list(articles))
    problems += _same_titles(articles.values())
    problems += _rare_values(articles.values())
    problems += _asks(articles.values())
    guides, found = read_guides(content)
    live = {id: [part.anchor for part in page.article.sections] for id, page in articles.items() if page.article}
    live = {id: anchors for id, anchors in live.items() if not articles[id].front.draft}
    problems += [*found, *dead_links(guides, live), *dead_site_links(site, live, guides)]
    used: dict[str, set[str]] = {TOPIC: {page.article.topic for page in articles.values() if page.article}}
    for page in articles.values():
        for name, values in page.article.filters.items() if page.article else ():
            used.setdefault(name, set()).update(values)
    problems += unused_values(site, used)
    problems += wrong_phones(site)
    places = _Places(content, articles, {page.folder for page in pages})
    for page in pages:
        problems += _dates_and_summary(page, today)
        problems += _inside(page, places)
    return sorted(set(problems), key=lambda problem: (problem.path, problem.line, problem.code, problem.message))


def promotion(words: str) -> str | None:
    """The part of a line that advertises: a private messaging account, a call to follow; None where there is none."""
    found = _CONTACT.search(words) or _FOOTER.search(words)
    return found[0].strip() if found else None


def _same_titles(pages: Iterable[_Page]) -> Iterator[Problem]:
    first: dict[str, _Page] = {}
    for page in pages:
        assert page.article
        other = first.setdefault("".join(page.article.title.lower().split()), page)
        if other is not page:
            message = f"标题和 {other.path} 相同，读者分不清：改得具体些"
            yield _warning(page, page.front.lines.get("title", page.front.body + 1), "duplicate-title", message)


def _rare_values(pages: Iterable[_Page]) -> Iterator[Problem]:
    """A filter value that one article alone has helps nobody to filter, and is often a slip of the pen."""
    users: dict[tuple[str, str], list[_Page]] = defaultdict(list)
    for page in pages:
        assert page.article
        for name, values in page.article.filters.items():
            for value in values:
                users[name, value].append(page)
    for (name, value), of in users.items():
        if len(of) == 1:
            others = [other for field, other in users if field == name and other != value]
            near = _nearest(value, others, 60)
            hint = f"是否想写“{near}”？" if near else "改用别的文章也用的值，或去掉"
            message = f"{name} 的值“{value}”只有这一篇用：{hint}"
            yield _warning(of[0], of[0].front.lines.get(name, 1), "rare-value", message)


def _asks(pages: Iterable[_Page]) -> Iterator[Problem]:
    """The same ask in two places helps neither; where asks are used at all, a section without any is forgotten."""
    pages = list(pages)
    first: dict[str, tuple[str, int]] = {}
    for page in pages:
        for path, _, _, texts in page.asks:
            for text, line in texts:
                other = first.setdefault(_bare(text), (path, line))
                if other != (path, line):
                    message = f"问法“{_short(text)}”在 {other[0]}:{other[1]} 已经有了：留在最能回答它的一处"
                    yield Problem(path, line, message, "warning", "same-ask")
    for page in pages if first else ():
        assert page.article
        for section in page.article.sections:
            if not section.asks:
                key, file = section.anchor or '""', asks_path(page.path)
                message = f"小节“{_short(section.heading) or '开头'}”没有相似问：在 {file} 的 {key} 下写几种问法"
                yield _warning(page, page.rendered.lines.get(section.anchor, page.front.body + 1), "no-asks", message)


def _bare(text: str) -> str:
    """What makes two asks the same: their letters and characters, folded."""
    return "".join(character for character in fold(clean(text)) if character.isalnum())


def _dates_and_summary(page: _Page, today: date) -> Iterator[Problem]:
    front, lines = page.front, page.front.lines
    if page.article is None:
        return
    if not front.summary:
        message = "没有摘要，列表里只有标题：在 front matter 里写一句 summary"
        yield _warning(page, lines.get("summary", 1), "no-summary", message)
    if front.verified and front.verified > today:
        message = f"核实日期 {front.verified} 在今天之后：检查年份"
        yield _warning(page, lines["verified"], "future-date", message)
    elif front.verified and (today - front.verified).days > STALE_AFTER:
        message = f"{(today - front.verified).days} 天没有核实：对照来源检查一遍，再更新 verified"
        yield _warning(page, lines["verified"], "stale", message)
    elif front.body and not front.verified:
        yield _warning(page, lines.get("verified", 1), "not-verified", "没有核实日期：对照来源检查后写上 verified")
    if front.expires and front.expires <= today:
        message = f"已在 {front.expires} 过期：更新内容和 expires，或删掉文章"
        yield _warning(page, lines["expires"], "expired", message)


class _Places:
    """Where links can lead."""

    def __init__(self, content: Path, articles: Mapping[str, _Page], folders: set[str]) -> None:
        self._content = content
        self._articles = articles
        self._topics = {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(20)} - {""}

    def why_broken(self, target: Target, page: _Page) -> tuple[str, str] | None:
        """The code and the message for a link that leads nowhere; None for a good one."""
        if target.kind == "anchor":
            return self._why_anchor_missing(target.fragment, page) if target.fragment else None
        if target.kind == "article":
            other = self._articles.get(target.path)
            if other is None:
                name = target.path.rpartition("/")[2]
                near = next((id for id in self._articles if id.rpartition("/")[2] == name), None)
                near = near or _nearest(target.path, self._articles, 70)
                hint = f"是否想写 /{near}.md？" if near else "改成已有的文章，或去掉链接"
                return "broken-link", f"链接的文章 {target.path}.md 不存在：{hint}"
            if other.front.draft and not page.front.draft:
                return "draft-link", f"链接的文章 {target.path}.md 还是草稿，读者打不开：先发布它，或去掉链接"
            return self._why_anchor_missing(target.fragment, other) if target.fragment else None
        if target.kind == "topic":
            if not target.path or target.path in self._topics:
                return None
            near = _nearest(target.path, self._topics, 70)
            hint = f"是否想写 /{near}/？" if near else "改成已有的文件夹，或去掉链接"
            return "broken-link", f"链接的主题 {target.path}/ 不存在：{hint}"
        if target.kind == "image":
            if media_file(self._content, target.path):
                return None
            return "missing-image", f"找不到图片 {target.path}：把它放进内容文件夹，或去掉"
        if target.kind == "lost":
            return "broken-link", f"链接 {_short(target.path)} 在内容文件夹之外，或是不支持的文件：去掉，或改成网址"
        if target.kind == "remote" and not target.path.startswith("//"):
            scheme = target.path.partition(":")[0].lower()
            if scheme not in SCHEMES:
                return "unsafe-link", f"{scheme}: 开头的链接会被去掉：改成 https 网址"
        return None

    def _why_anchor_missing(self, anchor: str, page: _Page) -> tuple[str, str] | None:
        if anchor in page.rendered.lines or re.fullmatch(r"fn(?:ref)?\d.*", anchor):
            return None
        near = _nearest(anchor, page.rendered.lines, 50)
        hint = f"是否想写 #{near}？" if near else "给那一节的标题加上锚点，或去掉 # 后面的部分"
        return "broken-anchor", f"{page.path} 里没有锚点 #{_short(anchor)}：{hint}"


def _inside(page: _Page, places: _Places) -> Iterator[Problem]:
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
            message = f"像是推广用的联系方式或文字“{_short(found)}”：去掉，或换成官方联系方式"
            yield _warning(page, line, "promotion", message)


def _link(page: _Page, line: int, address: str, places: _Places) -> Iterator[Problem]:
    why = places.why_broken(resolve(address, page.folder), page)
    if why:
        yield _warning(page, line, *why)
    if address.startswith("tel:") and (wrong := wrong_number(unquote(address))):
        yield _warning(page, line, "phone", f"{_short(address)} {wrong}")
    if promotion(address):
        message = f"像是推广用的链接 {_short(address)}：去掉，或换成官方联系方式"
        yield _warning(page, line, "promotion", message)


def _picture(page: _Page, line: int, address: str, places: _Places, told: bool) -> Iterator[Problem]:
    """`told`: whether words stand for it, or the author says by an empty `alt` that it tells nothing."""
    target = resolve(address, page.folder)
    if not told:
        message = f"图片 {_short(address)} 没有说明文字，看不见图的读者不知道是什么：写成 ![图里有什么](…)"
        yield _warning(page, line, "missing-alt", message)
    if target.kind == "remote":
        message = f"图片 {_short(address)} 在别的网站，不会显示：存到内容文件夹里再引用，或去掉"
        yield _warning(page, line, "remote-image", message)
    elif target.kind != "image":
        message = f"图片 {_short(address)} 不会显示：用内容文件夹里的 {'、'.join(IMAGE_TYPES)}"
        yield _warning(page, line, "missing-image", message)
    elif why := places.why_broken(target, page):
        yield _warning(page, line, *why)


def _raw_html(page: _Page, line: int, html: str, places: _Places) -> Iterator[Problem]:
    at = 0
    for tag in _TAG.finditer(html):
        line += html.count("\n", at, tag.start())
        at = tag.start()
        name = tag[1].lower()
        attributes = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(tag[2])}
        if is_placeholder(html):
            return
        if name not in TAGS:
            yield _warning(page, line, "dropped-html", f"HTML 标签 <{name}> 会被去掉：改用 Markdown 的写法")
        for key in attributes:
            if key.startswith("on") or key == "style":
                yield _warning(page, line, "dropped-html", f"<{name}> 的属性 {_short(key)} 会被去掉：删掉它")
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


def _nearest(wanted: str, known: Iterable[str], least: float) -> str | None:
    """The known name nearest in spelling, if it is at least so near (0 to 100)."""
    found = process.extractOne(wanted, list(known), scorer=fuzz.ratio, score_cutoff=least)
    return found[0] if found else None


def _warning(page: _Page, line: int, code: str, message: str) -> Problem:
    return Problem(page.path, line, message, "warning", code)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"
