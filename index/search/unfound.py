"""Unfound: asks that do not lead to the section they were written for.

In: the content folder and a snapshot. Out: a warning for each, at its line. Why against the live snapshot: to build
one for this alone takes longer than asking; an ask that the snapshot does not hold yet is passed over.
"""

from __future__ import annotations

from pathlib import Path

from index.content import frontmatter
from index.content.articles import article_id, asks_written, scan, scan_asks
from index.content.asks import asks_path
from index.engine import Snapshot
from index.model import Problem

FIRST = 10
"""Hits among which an ask must find its section: a reader's first page."""


def unfound(content: Path, snapshot: Snapshot) -> list[Problem]:
    """A warning for each ask of `content` whose section is not among its first hits in `snapshot`."""
    problems: list[Problem] = []
    beside = scan_asks(content)
    for path, file in scan(content):
        page = snapshot.page(article_id(path))
        if page is None:
            continue
        held = {section.anchor: set(section.asks) for section in page.article.sections}
        text = file.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        front, _ = frontmatter.read(text, path)
        own = beside.get(asks_path(path))
        written, _ = asks_written(front, path, own.read_bytes() if own else None)
        for where, anchor, _, texts in written:
            for ask, line in texts:
                if ask not in held.get(anchor, ()):
                    continue
                hits = snapshot.search(ask, limit=FIRST).hits
                if not any((hit.article, hit.section) == (page.article.id, anchor) for hit in hits):
                    message = f"搜“{ask}”时，前 {FIRST} 条里没有这一节：换一种问法，或移到最能回答它的一节"
                    problems.append(Problem(where, line, message, "warning", "unfound-ask"))
    return problems
