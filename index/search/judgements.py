"""Judgements: files of judged queries, and how well a snapshot answers them.

In: lines `[kind<TAB>]query<TAB>article[#section]<TAB>grade`, and a snapshot. Out: per kind of query the measures.
Grade 3 answers the query, 2 helps a good deal, 1 is related; a query that nothing answers has one line, its article
empty and its grade 0. `article#` is the part above its first heading; an article without `#` was judged as a whole,
which says nothing of its sections. Why success counts grade 3 alone: any related article would flatter the search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.engine import Snapshot
from index.search.evaluating import measure

ALL = "all"
FIGURES = (
    "queries", "nDCG@10", "S@1", "S@3", "section nDCG@10", "section S@1", "section S@3", "zero results",
    "no-answer precision", "no-answer recall", "no-answer mistakes", "false corrections",
    "answers shown", "answers right",
)  # fmt: skip
"""What `judge` gives for each kind; a figure that nothing can be said about is left out."""


@dataclass(slots=True)
class Judged:
    """A query and what was judged of it."""

    query: str
    kind: str = ""
    grades: dict[str, int] = field(default_factory=dict)
    """`article` or `article#section` → grade; empty where nothing answers the query."""

    def articles(self) -> dict[str, int]:
        """The grade of each article: its best section's."""
        best: dict[str, int] = {}
        for place, grade in self.grades.items():
            article = place.partition("#")[0]
            best[article] = max(best.get(article, 0), grade)
        return best

    def sections(self) -> dict[str, int]:
        """The grade of each section that was judged by itself."""
        return {place: grade for place, grade in self.grades.items() if "#" in place}


def read_judgements(path: Path) -> list[Judged]:
    """Read a file of judged queries, # a comment. Raises ValueError naming the file and line at fault."""
    found: dict[str, Judged] = {}
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        *kind, query, place, grade = (part.strip() for part in line.split("\t")) if line.count("\t") > 1 else ("",) * 3
        if len(kind) > 1 or not query or not grade.isdigit():
            raise ValueError(f"{path}:{number}: 应为“[类别<制表符>]查询<制表符>文章[#小节]<制表符>等级”。")
        judged = found.setdefault(query, Judged(query, kind[0] if kind else ""))
        if place and int(grade):
            judged.grades[place] = max(int(grade), judged.grades.get(place, 0))
    return list(found.values())


def judge(snapshot: Snapshot, queries: Iterable[Judged]) -> dict[str, dict[str, float]]:
    """The FIGURES of each kind and of ALL: means over those queries of which a figure can speak."""
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for one in queries:
        row = _row(snapshot, one)
        rows[ALL].append(row)
        if one.kind:
            rows[one.kind].append(row)
    return {kind: _means(own) for kind, own in rows.items()}


def _row(snapshot: Snapshot, one: Judged) -> dict[str, float]:
    """What one query adds to each figure; a figure that it says nothing about is left out."""
    results = snapshot.search(one.query, limit=10)
    unanswered = not getattr(results, "answered", True)
    answerable = max(one.grades.values(), default=0) > 1
    row = {"zero results": float(not results.total)} if one.grades else {}
    if unanswered:
        row["no-answer precision"] = float(not answerable)
    if answerable:
        row["no-answer mistakes"] = float(unanswered)
    if not one.grades:
        row["no-answer recall"] = float(unanswered)
    elif answerable and one.kind != "slip":  # there a correction is right
        row["false corrections"] = float(results.suggestion is not None)
    articles, sections = one.articles(), one.sections()
    if one.grades:
        ranked = [article for article, _ in snapshot.rank_articles(one.query, 50)]
        hits = [f"{hit.article}#{hit.section}" for hit in results.hits]
        row["nDCG@10"] = measure(ranked, articles)["nDCG@10"]
        row |= _successes("", ranked, articles) | _successes("section ", hits, sections)
    if sections:
        row["section nDCG@10"] = measure(hits, sections)["nDCG@10"]
    row["answers shown"] = float(results.answer is not None)
    if results.answer and (sections or not one.grades):
        place = f"{results.answer.article}#{results.answer.section}"
        row["answers right"] = float(sections.get(place, 0) >= 3)
    return row


def _successes(name: str, ranked: Sequence[str], grades: dict[str, int]) -> dict[str, float]:
    if max(grades.values(), default=0) < 3:
        return {}
    return {f"{name}S@{n}": float(any(grades.get(place, 0) >= 3 for place in ranked[:n])) for n in (1, 3)}


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    means = {"queries": float(len(rows))}
    for name in FIGURES[1:]:
        own = [row[name] for row in rows if name in row]
        if own:
            means[name] = sum(own) / len(own)
    return means
