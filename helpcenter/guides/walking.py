"""Walking: from a guide and answers to where they lead.

In: a guide, answers in order. Out: `Walk`, or `Astray` with how far the answers made sense. Why apart from the pages:
the API, the counts and the command line walk the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from index import Guide, Option, Outcome, Question


@dataclass(frozen=True, slots=True)
class Walk:
    """A state of a guide: after these answers, a question or an outcome."""

    guide: Guide
    answers: tuple[tuple[Question, Option], ...]
    """What was asked and chosen so far."""
    question: Question | None
    outcome: Outcome | None

    def path(self, length: int | None = None) -> str:
        """The address, below the root, after the first `length` answers (all by default)."""
        chosen = "".join(f"/{quote(option.answer)}" for _, option in self.answers[:length])
        return f"/guides/{quote(self.guide.id)}{chosen}"


class Astray(Exception):
    """An answer that the guide does not know, as its text says. `walk` is where the answers before it lead."""

    def __init__(self, walk: Walk, answer: str) -> None:
        super().__init__(f"没有“{answer}”这个选项")
        self.walk = walk


def walk(guide: Guide, answers: Sequence[str]) -> Walk:
    """Follow `answers` from the guide's start. Raises Astray at the first that is no option."""
    node = guide.start
    given: list[tuple[Question, Option]] = []
    for answer in answers:
        question = guide.questions.get(node)
        option = next((one for one in question.options if one.answer == answer), None) if question else None
        if question is None or option is None:
            raise Astray(_state(guide, given, node), answer)
        given.append((question, option))
        node = option.to
    return _state(guide, given, node)


def pieces(answers: str) -> list[str]:
    """The answers in the rest of an address."""
    return [answer for answer in answers.split("/") if answer]


def _state(guide: Guide, given: Sequence[tuple[Question, Option]], node: str) -> Walk:
    return Walk(guide, tuple(given), guide.questions.get(node), guide.outcomes.get(node))
