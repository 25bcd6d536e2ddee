"""Trying a proposed change out on a copy, and keeping it where the search does not get worse.

In: a proposal, content and index folders, past queries, judged queries if there are any. Out: `try_out` an `Outcome`
with what was before and after; `keep` the change itself, noted so that `journal.py` can take it back.
Why judged queries decide and past ones only inform: readers' queries say what failed, but not which article would have
been right. Why a copy: readers never see what the operator has not agreed to, and an interruption leaves nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import index
from helpcenter.insights import edits, journal
from helpcenter.insights.proposals import Proposal

QUALITY = "nDCG@10"
SLACK = 1e-9
MOST_PAST = 1000
"""Past queries asked again."""
BEST = 3
"""Hits of each past query that are compared."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How the search stands with one state of the content."""

    total: int
    complete: int
    """Sections found for the proposal's query, and those of them that hold all of it; synonyms do not count there."""
    rank: int
    """Where the article stands that the proposal is to bring up; 0: not among the first hits, or none is meant."""
    best: Mapping[str, tuple[str, ...]]
    """Of each past query the best hits, as `article#section`."""
    quality: float | None
    by_query: dict[str, float]
    """Quality of each judged query."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a change."""

    path: Path
    line: str
    """What would be written, and to which file."""
    before: Checked
    after: Checked
    reason: str
    """Why it is not worth keeping; empty where it is."""

    @property
    def touched(self) -> list[str]:
        """Past queries whose best hits change."""
        return [query for query, hits in self.after.best.items() if hits != self.before.best[query]]

    @property
    def worse(self) -> list[str]:
        """Judged queries that got worse."""
        then = self.before.by_query
        return [query for query, value in self.after.by_query.items() if value < then.get(query, 0.0) - SLACK]


class BadJudgements(Exception):
    """The file of judged queries cannot be read; the message names the line."""


def try_out(
    proposal: Proposal,
    content: Path,
    index_folder: Path,
    past: Sequence[str],
    judgements: Path | None = None,
    key: str = "",
    meaning: str = "",
) -> Outcome:
    """Apply `proposal` to a copy and ask that. Raises `EditRefused`, `BadJudgements`, and what `index.build` raises."""
    judged = read_judgements(judgements) if judgements else []
    past = past[:MOST_PAST]
    wanted = article_wanted(proposal, index_folder, key)
    before = check(proposal, wanted, index.open_library(index_folder, key).snapshot(), past, judged)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "content"
        shutil.copytree(content, copy, symlinks=True)
        edit = edits.apply(proposal, copy)
        beside = Path(folder) / "index"
        shutil.copytree(index_folder, beside)  # so that only what changes is built, and both differ in nothing else
        index.build(copy, beside, key=key, meaning=meaning)
        after = check(proposal, wanted, index.open_library(beside, key).snapshot(), past, judged)
        return Outcome(content / edit.path.relative_to(copy), edit.line, before, after, refusal(before, after))


def keep(
    proposal: Proposal,
    content: Path,
    index_folder: Path,
    snapshots: int = 3,
    key: str = "",
    meaning: str = "",
    engine: str = "",
) -> None:
    """Apply `proposal` to the content and rebuild; an interruption or a failing build takes it back.

    Raises `EditRefused` and what `index.build` raises.
    """
    edit = edits.apply(proposal, content)
    try:
        index.build(content, index_folder, keep=snapshots, key=key, meaning=meaning, engine=engine)
        journal.note(index_folder, content, proposal, edit)
    except BaseException:
        edit.undo()
        with suppress(index.ContentFaults, index.IndexUnavailable, index.ModelUnavailable):
            index.build(content, index_folder, keep=snapshots, key=key, meaning=meaning, engine=engine)
        raise


def refusal(before: Checked, after: Checked) -> str:
    """Why a change is not worth keeping; empty where it is."""
    if before.quality is not None and after.quality is not None and after.quality < before.quality - SLACK:
        return "评判过的查询变差了"
    better = (
        after.complete > before.complete
        or after.total > before.total
        or bool(after.rank and (not before.rank or after.rank < before.rank))
        or sum(not hits for hits in after.best.values()) < sum(not hits for hits in before.best.values())
    )
    return "" if better else "这个查询的结果没有变好"


def article_wanted(proposal: Proposal, index_folder: Path, key: str) -> str:
    """The article of the alias or ask, or what readers would have found with the synonym in place of their word."""
    if proposal.kind == "synonym":
        other = proposal.query.replace(proposal.text, proposal.target)
        hits = index.open_library(index_folder, key).snapshot().search(other, limit=1).hits
        return hits[0].article if hits else ""
    return proposal.target.partition("#")[0] if proposal.kind in ("alias", "ask") else ""


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
        best={
            query: tuple(f"{hit.article}#{hit.section}" for hit in snapshot.search(query, limit=BEST).hits)
            for query in past
        },
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
