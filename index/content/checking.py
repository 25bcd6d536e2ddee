"""Checking: what an author or editor should know about the articles before readers see them.

In: the content folder and today's date. Out: every fault and warning, each with its place, its `code`, and the fix
where it is known. Faults are those of `articles`; `bodies.py` has the warnings that need the parsed tokens; here are
those that need the other articles (titles, filter values, asks) or the calendar.
Why nothing here is a fault: content of any origin must index. A new check is a function called from `check`, with a
`code` of its own and a test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from index.content.articles import (
    article_id,
    asks_written,
    collisions,
    examine,
    scan,
    scan_asks,
    scan_topics,
    strays,
)
from index.content.asks import asks_path, lost_files
from index.content.bodies import Page, Places, inside, nearest, short, warning
from index.content.guide_proofs import dead_links
from index.content.guides import read_guides
from index.content.site_links import dead_site_links, unused_values, wrong_phones
from index.content.sites import read_site
from index.model import Problem
from index.site import TOPIC
from index.text.folding import clean, fold

STALE_AFTER = 180
"""Days after which a verified article counts as unverified; the article page warns from the same day."""


def check(content: Path, *, today: date | None = None) -> list[Problem]:
    """Every fault and warning of the folder, in order of file and line. OSError where it cannot be read."""
    today = today or date.today()  # noqa: DTZ011 (an author's own day)
    site = read_site(content)
    problems = [*site.problems, *strays(content)]
    pages: list[Page] = []
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
        pages.append(Page(path, id.rpartition("/")[0], front, rendered, None if is_topic else article, written))
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
    places = Places(content, articles, {page.folder for page in pages})
    for page in pages:
        problems += _dates_and_summary(page, today)
        problems += inside(page, places)
    return sorted(set(problems), key=lambda problem: (problem.path, problem.line, problem.code, problem.message))


def _same_titles(pages: Iterable[Page]) -> Iterator[Problem]:
    first: dict[str, Page] = {}
    for page in pages:
        assert page.article
        other = first.setdefault("".join(page.article.title.lower().split()), page)
        if other is not page:
            message = f"标题和 {other.path} 相同，读者分不清：改得具体些"
            yield warning(page, page.front.lines.get("title", page.front.body + 1), "duplicate-title", message)


def _rare_values(pages: Iterable[Page]) -> Iterator[Problem]:
    """A value that one article alone has, where others share theirs, helps nobody to filter; often it is a slip."""
    users: dict[tuple[str, str], list[Page]] = defaultdict(list)
    for page in pages:
        assert page.article
        for name, values in page.article.filters.items():
            for value in values:
                users[name, value].append(page)
    shared = {name for (name, _), of in users.items() if len(of) > 1}
    for (name, value), of in users.items():
        if len(of) > 1:
            continue
        near = nearest(value, [other for field, other in users if field == name and other != value], 60)
        if near or name in shared:
            hint = f"是否想写“{near}”？" if near else "改用别的文章也用的值，或去掉"
            message = f"{name} 的值“{value}”只有这一篇用：{hint}"
            yield warning(of[0], of[0].front.lines.get(name, 1), "rare-value", message)


def _asks(pages: Iterable[Page]) -> Iterator[Problem]:
    """The same ask in two places helps neither; where asks are used at all, a section without any is forgotten."""
    pages = list(pages)
    first: dict[str, tuple[str, int]] = {}
    for page in pages:
        for path, _, _, texts in page.asks:
            for text, line in texts:
                other = first.setdefault(_bare(text), (path, line))
                if other != (path, line):
                    message = f"问法“{short(text)}”在 {other[0]}:{other[1]} 已经有了：留在最能回答它的一处"
                    yield Problem(path, line, message, "warning", "same-ask")
    for page in pages if first else ():
        assert page.article
        for section in page.article.sections:
            if not section.asks:
                key, file = section.anchor or '""', asks_path(page.path)
                message = f"小节“{short(section.heading) or '开头'}”没有相似问：在 {file} 的 {key} 下写几种问法"
                yield warning(page, page.rendered.lines.get(section.anchor, page.front.body + 1), "no-asks", message)


def _bare(text: str) -> str:
    """What makes two asks the same: their letters and characters, folded."""
    return "".join(character for character in fold(clean(text)) if character.isalnum())


def _dates_and_summary(page: Page, today: date) -> Iterator[Problem]:
    front, lines = page.front, page.front.lines
    if page.article is None:
        return
    written = bool(lines.keys() - {"moved_from"})  # a plain file, which `move` at most wrote to, owes nothing
    if written and not front.summary:
        message = "没有摘要，列表里只有标题：在 front matter 里写一句 summary"
        yield warning(page, lines.get("summary", 1), "no-summary", message)
    if front.verified and front.verified > today:
        message = f"核实日期 {front.verified} 在今天之后：检查年份"
        yield warning(page, lines["verified"], "future-date", message)
    elif front.verified and (today - front.verified).days > STALE_AFTER:
        message = f"{(today - front.verified).days} 天没有核实：对照来源检查一遍，再更新 verified"
        yield warning(page, lines["verified"], "stale", message)
    elif written and not front.verified:
        yield warning(page, lines.get("verified", 1), "not-verified", "没有核实日期：对照来源检查后写上 verified")
    if front.expires and front.expires <= today:
        message = f"已在 {front.expires} 过期：更新内容和 expires，或删掉文章"
        yield warning(page, lines["expires"], "expired", message)
