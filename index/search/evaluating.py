"""Evaluating: judged queries in, the field's measures out.

In: a snapshot, queries (`qid<TAB>query`) and judgements (`qid<TAB>article-id<TAB>relevance`). Out: mean measures, and
on demand the ranking as TREC lines. Articles are judged, sections are ranked: an article stands where its best
section stands. nDCG after Järvelin, Kekäläinen (2002) with the grade itself as gain; a query without hits counts 0
everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.engine import Snapshot

MEASURES = ("nDCG@10", "MRR@10", "Recall@10", "Recall@50", "success@1", "zero-result rate")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Means over all queries, and each query's own measures."""

    measures: dict[str, float]
    by_query: dict[str, dict[str, float]]
    texts: dict[str, str]
    """The query behind each qid."""


def evaluate(
    snapshot: Snapshot,
    queries: Path,
    qrels: Path,
    limit: int = 50,
    run: Path | None = None,
    layers: Collection[str] | None = None,
) -> Evaluation:
    """Ask every query of all or some `layers`, keep `limit` articles each, and measure.

    Raises ValueError naming the file and line at fault.
    """
    judged: dict[str, dict[str, int]] = defaultdict(dict)
    for number, (qid, article, grade) in _rows(qrels, 3):
        try:
            judged[qid][article] = int(grade)
        except ValueError:
            raise ValueError(f"{qrels}:{number}: 相关度「{grade}」不是整数") from None
    by_query: dict[str, dict[str, float]] = {}
    lines: list[str] = []
    texts: dict[str, str] = {}
    for _, (qid, text) in _rows(queries, 2):
        texts[qid] = text
        ranked = snapshot.rank_articles(text, limit, layers)
        by_query[qid] = measure([article for article, _ in ranked], judged[qid])
        lines.extend(
            f"{qid} Q0 {article} {rank} {score:.6f} helpcenter" for rank, (article, score) in enumerate(ranked, 1)
        )
    if run:
        run.write_text("\n".join(lines) + "\n", "utf-8")
    count = max(len(by_query), 1)
    means = {name: sum(own[name] for own in by_query.values()) / count for name in MEASURES}
    return Evaluation(means, by_query, texts)


def measure(ranked: Sequence[str], grades: dict[str, int]) -> dict[str, float]:
    """Measure one ranking of article ids against grades."""
    gains = [grades.get(article, 0) for article in ranked]
    ideal = sorted(grades.values(), reverse=True)
    relevant = sum(grade > 0 for grade in grades.values()) or 1
    first = next((place for place, gain in enumerate(gains[:10]) if gain > 0), None)
    return {
        "nDCG@10": _dcg(gains) / (_dcg(ideal) or 1.0),
        "MRR@10": 0.0 if first is None else 1 / (first + 1),
        "Recall@10": sum(gain > 0 for gain in gains[:10]) / relevant,
        "Recall@50": sum(gain > 0 for gain in gains[:50]) / relevant,
        "success@1": float(bool(gains) and gains[0] > 0),
        "zero-result rate": float(not ranked),
    }


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))


def _rows(path: Path, columns: int) -> list[tuple[int, list[str]]]:
    rows = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            parts = line.split("\t", columns - 1)
            if len(parts) != columns:
                raise ValueError(f"{path}:{number}: 应当有 {columns} 列，用制表符分开")
            rows.append((number, parts))
    return rows
