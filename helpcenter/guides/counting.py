"""Where readers of a guide give up: counted states become figures.

In: how often each state was reached (guide, answers), the guides as they are now. Out: `GuideFigures`. Why by state
and not by reader: nothing tells readers apart, and the difference between a question and what follows it says as much.
Answers that the guide no longer knows are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpcenter.guides.walking import Astray, walk
from index import Snapshot

LISTED = 5


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A question that readers left without an answer."""

    where: str
    """The answers before it and the question itself."""
    reached: int
    left: int


@dataclass(frozen=True, slots=True)
class GuideFigures:
    title: str
    started: int
    finished: int
    """How often an outcome was reached."""
    given_up: tuple[GivenUp, ...]
    """The questions most left, worst first."""


def guide_figures(live: Snapshot, reached: Mapping[str, int]) -> tuple[GuideFigures, ...]:
    """Figures of every guide that somebody began. `reached`: `id/answer/answer` → how often."""
    found = []
    for guide in live.guides():
        started, finished, questions = 0, 0, []
        onward: dict[str, int] = {}
        own = {path: count for path, count in reached.items() if path.partition("/")[0] == guide.id}
        for path, count in own.items():
            parent, _, _ = path.rpartition("/")
            onward[parent] = onward.get(parent, 0) + count
        for path, count in own.items():
            answers = path.split("/")[1:]
            try:
                state = walk(guide, answers)
            except Astray:
                continue
            started += count if not answers else 0
            finished += count if state.outcome else 0
            left = count - onward.get(path, 0)
            if state.question and left > 0:
                where = " → ".join([*(option.label for _, option in state.answers), state.question.ask])
                questions.append(GivenUp(where, count, left))
        if own:
            worst = sorted(questions, key=lambda one: (-one.left, one.where))[:LISTED]
            found.append(GuideFigures(guide.title, started, finished, tuple(worst)))
    return tuple(found)
