"""Results as the JSON object of `/api/v1/search`; `helpcenter search --json` prints the same.

In: `Results`. Out: a dict of plain values. Why one function: two writers of one format drift apart.
A change here is a change of a public format: docs, `/openapi.json` and CHANGELOG go with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index import Answer, Guide, Results


def results_to_json(results: Results, guides: Sequence[Guide]) -> dict[str, Any]:
    """The object of the API: query, total, complete, took_ms, answered, suggestion, answer, guides, results, facets.

    `guides`: those that the query names.
    """
    return {
        "query": results.query,
        "total": results.total,
        "complete": results.complete,
        "took_ms": round(results.took_ms, 2),
        "answered": results.answered,
        "suggestion": results.suggestion,
        "answer": answer_to_json(results.answer),
        "guides": [{"id": one.id, "title": one.title, "url": f"/guides/{one.id}"} for one in guides],
        "results": [
            {
                "article": hit.article,
                "section": hit.section,
                "title": hit.title,
                "heading": hit.heading,
                "url": hit.url,
                "snippet": hit.snippet,
                "score": round(hit.score, 4),
                "matched": hit.matched,
            }
            for hit in results.hits
        ],
        "facets": {
            name: [{"value": count.value, "count": count.count} for count in counts]
            for name, counts in results.facets.items()
        },
    }


def answer_to_json(answer: Answer | None) -> dict[str, Any] | None:
    """The section that answers, or None. `html` is sanitised."""
    if answer is None:
        return None
    return {
        "article": answer.article,
        "section": answer.section,
        "title": answer.title,
        "heading": answer.heading,
        "url": answer.url,
        "html": answer.html,
        "verified": answer.verified.isoformat() if answer.verified else None,
    }
