"""Articles: a folder of Markdown files becomes `Article` records, and a list of what is wrong with them.

In: the content folder. Out: `scan` (which files), `parse` (one file's bytes → one article), `read_articles` (all of
it at once), `read_topics` (the `_topic.md` of each folder), `media` and `media_file` (the pictures articles show).
Why split so: `parse` is pure and takes bytes, so a build can hash first, skip what has not changed, and hand the rest
to worker processes. Faults stop a build and are all collected first; anything else a file of foreign origin may hold
is at most a warning.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote

from index.content import frontmatter
from index.content.asks import ENDING, Asks, asks_of, asks_path, lost_files, read_asks, with_asks
from index.content.linking import IMAGE_TYPES
from index.content.rendering import Rendered, render
from index.content.site_schema import icon_fault
from index.model import Article, Problem, Section
from index.site import DEFAULT_FILTERS, FilterSpec

TOPIC_FILE = "_topic.md"
MARKDOWN = (".md", ".markdown")

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff]")
"""Characters that nobody sees: they would part words from the searches for them, and are not allowed in XML feeds."""
_PICTURE = re.compile(r'<img src="/media/([^"]*)"')
_MAX_PICTURE = 10_000_000
"""Bytes; a larger picture is no use to a reader on a phone."""


@dataclass(frozen=True, slots=True)
class TopicIntro:
    """What a folder's `_topic.md` says about it."""

    id: str
    """The folder, relative to the content folder, with `/`."""
    title: str
    """Its front matter's or first heading's; else the folder's own name."""
    summary: str
    html: str
    """The body, sanitised."""
    order: float
    icon: str = ""
    """The name of its drawing; empty: the one called like the folder, if there is one."""


def scan(content: Path) -> list[tuple[str, Path]]:
    """The articles' files, as (path relative to `content` with `/`, absolute path), sorted by the former."""
    return sorted((path, Path(file)) for path, file, why in _walk(content) if not why and _is_article(path))


def scan_topics(content: Path) -> list[tuple[str, Path]]:
    """The folders' `_topic.md`, as `scan` gives articles."""
    files = (one for one in _walk(content) if one[0].rpartition("/")[2] == TOPIC_FILE)
    return sorted((path, Path(file)) for path, file, why in files if not why)


def scan_asks(content: Path) -> dict[str, Path]:
    """The files of asks, by path as `scan` gives it; those of no article among them."""
    return {path: Path(file) for path, file, why in _walk(content) if not why and path.endswith(ENDING)}


def strays(content: Path) -> list[Problem]:
    """Warnings for what `scan` passed over though an author may expect it: links, odd names."""
    problems = [Problem(path, 1, why, "warning", "skipped-file") for path, _, why in _walk(content) if why]
    return sorted(problems, key=lambda problem: problem.path)


def article_id(path: str) -> str:
    """The id of the article at a path of `scan`; composed (NFC), as addresses are typed, whatever the disk holds."""
    return unicodedata.normalize("NFC", path.removesuffix(".md"))


def parse(
    id: str, path: str, raw: bytes, filters: Sequence[FilterSpec] = DEFAULT_FILTERS, asks: bytes | None = None
) -> tuple[Article | None, list[Problem]]:
    """One file's bytes, and those of its asks, as an article; None where one of the problems is a fault.

    Pure; never raises.
    """
    article, problems, _, _ = examine(id, path, raw, filters, asks)
    return article, problems


def asks_written(front: frontmatter.FrontMatter, path: str, asks: bytes | None) -> tuple[list[Asks], list[Problem]]:
    """All asks of an article, from its front matter and from the file beside it."""
    written, problems = asks_of(front.asks, path, 2)
    if asks is not None:
        more, found = read_asks(asks, asks_path(path))
        written, problems = written + more, problems + found
    return written, problems


def examine(
    id: str, path: str, raw: bytes, filters: Sequence[FilterSpec] = DEFAULT_FILTERS, asks: bytes | None = None
) -> tuple[Article | None, list[Problem], frontmatter.FrontMatter, Rendered]:
    """`parse`, with the front matter and the rendering it went through, for `check` to look into."""
    source, problems = _decode(raw, path)
    front, rendered = frontmatter.FrontMatter(), Rendered()
    if source is None:
        return None, problems, front, rendered
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    front, found = frontmatter.read(text, path, filters)
    problems += found
    if wrong := icon_fault(front.icon):
        problems.append(Problem(path, front.lines["icon"], wrong, code="bad-value"))
    body = "\n" * front.body + _UNSEEN.sub("", "\n".join(text.split("\n")[front.body :]))
    topic = id.rpartition("/")[0]
    rendered = render(body, topic, path, front.title)
    problems += rendered.problems
    title = front.title or rendered.title
    if not title and not front.broken and not any(problem.code == "bad-type" for problem in found):
        line = front.lines.get("title", 1)
        message = "没有标题：在 front matter 里写 title，或在正文开头写一行“# 标题”"
        problems.append(Problem(path, line, message, code="no-title"))
    written, found = asks_written(front, path, asks)
    sections, lost = with_asks(rendered.sections, written)
    problems = sorted([*problems, *found, *lost], key=lambda problem: (problem.path, problem.line))
    if any(problem.level == "fault" for problem in problems):
        return None, problems, front, rendered
    article = Article(
        id=id,
        title=_UNSEEN.sub("", title),
        sections=sections,
        source=source,
        topic=topic,
        summary=_UNSEEN.sub("", front.summary),
        filters=front.filters,
        tags=front.tags,
        aliases=front.aliases,
        order=front.order,
        updated=front.updated,
        verified=front.verified,
        expires=front.expires,
        sources=front.sources,
        draft=front.draft,
        owner=front.owner,
        moved_from=front.moved_from,
        publish=front.publish,
        withdraw=front.withdraw,
    )
    return article, problems, front, rendered


def read_articles(content: Path, drafts: bool = False) -> tuple[list[Article], list[Problem]]:
    """Every article of the folder, in order of path, and every problem; the good ones even where others are at fault.

    Drafts are left out unless asked for; their faults count all the same. OSError where the folder cannot be read.
    """
    articles: list[Article] = []
    files, asks = scan(content), scan_asks(content)
    problems = [*strays(content), *lost_files(asks, (path for path, _ in files))]
    for path, file in files:
        beside = asks.get(asks_path(path))
        article, found = parse(article_id(path), path, file.read_bytes(), asks=beside.read_bytes() if beside else None)
        problems += found
        if article and (drafts or not article.draft):
            articles.append(article)
    return articles, problems + collisions([article.id for article in articles])


def collisions(ids: list[str]) -> list[Problem]:
    """Warnings for articles whose ids differ in nothing but case: some disks, and some readers, take them for one."""
    first: dict[str, str] = {}
    problems = []
    for id in ids:
        other = first.setdefault(id.casefold(), id)
        if other != id:
            message = f"文件名和 {other}.md 只有大小写不同，容易混淆：改一个名字"
            problems.append(Problem(f"{id}.md", 1, message, "warning", "same-name"))
    return problems


def read_topics(content: Path) -> tuple[list[TopicIntro], list[Problem]]:
    """The words of every folder that has a `_topic.md`, in order of id, and the problems with them."""
    topics: list[TopicIntro] = []
    problems: list[Problem] = []
    for path, file in scan_topics(content):
        folder = path.rpartition("/")[0]
        # The folder's name stands in for a missing title, so that is no fault here.
        article, found, front, rendered = examine(f"{folder}/_" if folder else "_", path, file.read_bytes())
        problems += [problem for problem in found if problem.code != "no-title"]
        if article or all(problem.level != "fault" or problem.code == "no-title" for problem in found):
            html = "\n".join(_with_heading(section) for section in rendered.sections)
            title = front.title or rendered.title or folder.rpartition("/")[2]
            id = unicodedata.normalize("NFC", folder)
            topics.append(TopicIntro(id, title, front.summary, html, front.order, front.icon))
    return topics, problems


def media(html: Iterable[str]) -> tuple[str, ...]:
    """The pictures that sanitised HTML shows, as paths relative to the content folder; they may not exist."""
    addresses = (address for part in html for address in _PICTURE.findall(part))
    return tuple(dict.fromkeys(unquote(unescape(address)) for address in addresses))


def media_file(content: Path, path: str) -> Path | None:
    """The file of a picture of `media`; None where it is missing, outside the content folder, hidden or too large."""
    root = content.resolve()
    try:
        file = (root / path).resolve(strict=True)
        inside = file.relative_to(root)
        fits = file.is_file() and file.stat().st_size <= _MAX_PICTURE
    except (OSError, ValueError):
        return None
    shown = file.suffix.lower() in IMAGE_TYPES and not any(part.startswith(".") for part in inside.parts)
    return file if fits and shown else None


def _with_heading(section: Section) -> str:
    heading = f"<h{section.level}>{escape(section.heading)}</h{section.level}>\n" if section.heading else ""
    return heading + section.html


def _decode(raw: bytes, path: str) -> tuple[str | None, list[Problem]]:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None, [Problem(path, 1, "文件是 UTF-16 编码：另存为 UTF-8", code="encoding")]
    problems = []
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        message = "含有空字节（NUL），可能不是文本文件：删掉它，或另存为 UTF-8"
        problems.append(Problem(path, line, message, code="nul"))
    try:
        return raw.decode("utf-8-sig"), problems
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"不是有效的 UTF-8（字节 0x{raw[error.start]:02x}）：用编辑器另存为 UTF-8"
        return None, [*problems, Problem(path, line, message, code="encoding")]


def _is_article(path: str) -> bool:
    return path.endswith(".md") and not path.rpartition("/")[2].startswith("_")


def _walk(content: Path) -> Iterator[tuple[str, str, str]]:
    """Each Markdown file as (relative path, file, why it is passed over, or nothing); `_topic.md` among them."""
    root = content.resolve()
    folders = [("", str(root))]
    while folders:
        prefix, folder = folders.pop()
        for entry in _entries(folder):
            path, file = prefix + entry.name, entry.path
            ending = os.path.splitext(entry.name)[1].lower()
            if entry.name.startswith((".", "_")) and entry.name != TOPIC_FILE:
                continue
            if (shown := _printable(path)) != path:
                if entry.is_dir(follow_symlinks=False) or entry.name.endswith(".md"):
                    yield shown, file, "名字里有控制字符或乱码，没有收录：改名"
            elif entry.is_dir(follow_symlinks=False):
                folders.append((f"{path}/", file))
            elif entry.is_symlink() and not os.path.exists(file):  # a link that leads nowhere, or in a circle
                if ending in MARKDOWN:
                    yield path, file, "不是普通文件，没有收录：检查链接是否断了"
            elif entry.is_dir():
                yield path, file, "是指向文件夹的链接，没有收录：把文件夹本身放进来"
            elif ending not in MARKDOWN and not path.endswith(ENDING):
                continue
            elif entry.is_symlink() and not Path(file).resolve().is_relative_to(root):
                yield path, file, "是指向内容文件夹之外的链接，没有收录：把文件本身放进来"
            elif not entry.is_file():
                yield path, file, "不是普通文件，没有收录：检查链接是否断了"
            else:
                yield path, file, "" if file.endswith((".md", ENDING)) else "扩展名不是 .md，没有收录：改名为 .md"


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing where it was deleted meanwhile."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def _printable(name: str) -> str:
    if name.isprintable():
        return name
    return "".join("?" if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in name)
