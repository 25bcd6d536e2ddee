"""Searches, votes and comments as one CSV file for a spreadsheet.

In: the store. Out: the text of the file. Why cells are quoted: readers wrote some of them, and a spreadsheet runs what
begins with = + - or @ as a formula.
"""

from __future__ import annotations

import csv
import io

from helpcenter.store.store import Store

HEAD = (
    "kind", "name", "searches", "zero_results", "partial", "opened",
    "helpful", "unhelpful", "day", "choice", "text", "done",
)  # fmt: skip


def as_csv(store: Store, days: int) -> str:
    """All of the last `days`, a row each; begins with a byte order mark, for Excel. Raises `StoreUnavailable`."""
    file = io.StringIO()
    file.write("\ufeff")
    rows = csv.DictWriter(file, HEAD)
    rows.writeheader()
    for query, one in store.searches(days).items():
        counts = {"searches": one.asked, "zero_results": one.empty, "partial": one.partial, "opened": one.opened}
        rows.writerow({"kind": "search", "name": cell(query), **counts})
    for article, (helpful, unhelpful) in store.votes(days).items():
        rows.writerow({"kind": "vote", "name": cell(article), "helpful": helpful, "unhelpful": unhelpful})
    for said in store.reasons(days, store.most_texts, done=True):
        words = {"choice": cell(said.choice), "text": cell(said.text), "done": int(said.done)}
        rows.writerow({"kind": "comment", "name": cell(said.article), "day": said.day.isoformat(), **words})
    return file.getvalue()


def cell(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r")) else text
