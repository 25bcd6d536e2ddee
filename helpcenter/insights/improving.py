"""Trying a proposed change out: change, rebuild, ask again, and take it back where the search gets worse.

In: a proposal, content and index folders, past queries, judged queries if there are any. Out: an `Outcome` with what
was before and after. Why judged queries decide and past ones only inform: readers' queries say what failed, but not
which article would have been right.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import index
from helpcenter.insights import edits
from helpcenter.insights.proposals import Proposal

QUALITY = "nDCG@10"
SLACK = 1e-9
MOST_PAST = 1000
"""Past queries asked again."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How the search stands with one state of the content."""

    total: int
    complete: int
    """Sections found for the proposal's query, and those of them that hold all of it; synonyms do not count there."""
    rank: int
    """Where the article stands that the proposal is to bring up; 0: not among the first hits, or none is meant."""
    empty: frozenset[str]
    """Past queries that find nothing."""
    quality: float | None
    by_query: dict[str, float]
    """Quality of each judged query."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change."""

    edit: edits.Edit
    before: Checked
    after: Checked
    kept: bool
    reason: str
    """Why it was taken back; empty where it was kept."""

    @property
    def mended(self) -> int:
        """Past queries that found nothing and now find something."""
        return len(self.before.empty - self.after.empty)

    @property
    def worse(self) -> list[str]:
        """Judged queries that got worse."""
        then = self.before.by_query
        return [query for query, value in self.after.by_query.items() if value < then.get(query, 0.0) - SLACK]


class BadJudgements(Exception):
    """The file of judged queries cannot be read; the message names the line."""


def improve(
    proposal: Proposal,
    content: Path,
    index_folder: Path,
    past: Sequence[str],
    judgements: Path | None = None,
    *,
    force: bool = False,
    keep: int = 3,
    key: str = "",
) -> Outcome:
    """Apply `proposal` and rebuild; unless `force`, undo both where judged queries fall or nothing is gained.

    An interruption or a failing build undoes the change too. Raises `EditRefused`, `BadJudgements`, and what
    `index.build` raises.
    """
    judged = read_judgements(judgements) if judgements else []
    past = past[:MOST_PAST]
    wanted = article_wanted(proposal, index_folder, key)
    before = check(proposal, wanted, index.open_library(index_folder, key).snapshot(), past, judged)
    edit = edits.apply(proposal, content)
    try:
        index.build(content, index_folder, keep=keep, key=key)
        after = check(proposal, wanted, index.open_library(index_folder, key).snapshot(), past, judged)
        reason = "" if force else refusal(before, after)
    except BaseException:
        edit.undo()
        with suppress(index.ContentFaults, index.IndexUnavailable):
            index.build(content, index_folder, keep=keep, key=key)
        raise
    if reason:
        edit.undo()
        index.build(content, index_folder, keep=keep, key=key)
    return Outcome(edit, before, after, not reason, reason)


def refusal(before: Checked, after: Checked) -> str:
    """Why a change is not worth keeping; empty where it is."""
    if before.quality is not None and after.quality is not None and after.quality < before.quality - SLACK:
        return "评判过的查询变差了"
    better = (
        after.complete > before.complete
        or after.total > before.total
        or bool(after.rank and (not before.rank or after.rank < before.rank))
        or len(after.empty) < len(before.empty)
    )
    return "" if better else "这个查询的结果没有变好"


def article_wanted(proposal: Proposal, index_folder: Path, key: str) -> str:
    """The alias's own article, or what readers would have found with the synonym in place of their word."""
    if proposal.kind == "synonym":
        other = proposal.query.replace(proposal.text, proposal.target)
        hits = index.open_library(index_folder, key).snapshot().search(other, limit=1).hits
        return hits[0].article if hits else ""
    return proposal.target if proposal.kind == "alias" else ""


def check(
    proposal: Proposal, wanted: str, snapshot: index.Snapshot, past: Sequence[str], judged: list[tuple[str, str, int]]
) -> Checked:
    """Ask a snapshot everything that is compared."""
    results = snapshot.search(proposal.query, limit=index.MAX_LIMIT)
    articles = list(dict.fromkeys(hit.article for hit in results.hits))
    evaluation = judge(snapshot, judged) if judged else None
    return Checked(
        total=results.total,
        complete=results.complete,
        rank=articles.index(wanted) + 1 if wanted in articles else 0,
        empty=frozenset(query for query in past if not snapshot.search(query, limit=1).total),
        quality=evaluation.measures[QUALITY] if evaluation else None,
        by_query={query: own[QUALITY] for query, own in evaluation.by_query.items()} if evaluation else {},
    )


def judge(snapshot: index.Snapshot, judged: list[tuple[str, str, int]]) -> index.Evaluation:
    """Measure with `index.evaluate`, which takes files; a query serves as its own id."""
    with tempfile.TemporaryDirectory() as folder:
        queries, qrels = Path(folder) / "queries", Path(folder) / "qrels"
        known = dict.fromkeys(query for query, _, _ in judged)
        queries.write_text("".join(f"{query}\t{query}\n" for query in known), "utf-8")
        qrels.write_text("".join(f"{query}\t{article}\t{grade}\n" for query, article, grade in judged), "utf-8")
        return index.evaluate(snapshot, queries, qrels)


def read_judgements(path: Path) -> list[tuple[str, str, int]]:
    """Query, article, grade; of an article's sections the best grade counts."""
    try:
        judged = index.read_judgements(path)
    except ValueError as error:
        raise BadJudgements(str(error)) from None
    return [(one.query, article, grade) for one in judged for article, grade in one.articles().items()]
