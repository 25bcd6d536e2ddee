"""Proofs: that a guide ends on every path, reaches all it holds, and leads to sections that are live.

In: a guide and the lines of its file; for links, which sections are live. Out: a fault for each answer, node or step
that breaks the promise. Why before anything is built: a reader in trouble must never meet a dead end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from index.model import Guide, Problem


@dataclass(slots=True)
class GuideFile:
    """One guide and where in its file what stands. Questions and outcomes are nodes; they share one set of ids."""

    path: str
    """Relative to the content folder."""
    guide: Guide
    lines: dict[str, int] = field(default_factory=dict)
    """Node id → line."""
    option_lines: dict[tuple[str, int], int] = field(default_factory=dict)
    step_lines: dict[tuple[str, int], int] = field(default_factory=dict)


def dead_links(guides: Sequence[GuideFile], sections: Mapping[str, Collection[str]]) -> list[Problem]:
    """A fault for every step that is no live section. `sections`: the anchors of each article's sections."""
    problems = []
    for file in guides:
        for (name, number), line in file.step_lines.items():
            step = file.guide.outcomes[name].steps[number]
            article, _, anchor = step.partition("#")
            if article not in sections:
                near = next(iter(get_close_matches(article, list(sections), 1, 0.6)), None)
                hint = f"是否想写 {near}？" if near else "改成有的文章，或去掉这一步"
                problems.append(Problem(file.path, line, f"没有文章 {article}，或它没有上线：{hint}", code="dead-step"))
            elif anchor and anchor not in sections[article]:
                near = next(iter(get_close_matches(anchor, list(sections[article]), 1, 0.5)), None)
                hint = f"是否想写 #{near}？" if near else "改成有的小节"
                problems.append(Problem(file.path, line, f"{article} 里没有小节 #{anchor}：{hint}", code="dead-step"))
    return problems


def lost_answers(file: GuideFile) -> Iterator[Problem]:
    for name, question in file.guide.questions.items():
        for number, option in enumerate(question.options):
            if option.to and option.to not in file.lines:
                message = names_nothing("to", option.to, file.lines)
                yield Problem(file.path, file.option_lines[name, number], message, code="lost-answer")


def loops(file: GuideFile) -> list[Problem]:
    """A fault for each answer that leads back to a question asked before. Not recursive: chains may be long."""
    questions = file.guide.questions
    on_the_way: set[str] = set()
    finished: set[str] = set()
    problems = []
    for start in questions:
        stack = [(start, 0)] if start not in finished else []
        while stack:
            name, number = stack.pop()
            on_the_way.add(name)
            options = questions[name].options
            if number == len(options):
                on_the_way.discard(name)
                finished.add(name)
                continue
            stack.append((name, number + 1))
            to = options[number].to
            if to in on_the_way:
                message = f"选“{options[number].label}”会回到已经问过的 {to}：每条路都要走到一个结果"
                problems.append(Problem(file.path, file.option_lines[name, number], message, code="loop"))
            elif to in questions and to not in finished:
                stack.append((to, 0))
    return problems


def out_of_reach(file: GuideFile) -> list[Problem]:
    reached, waiting = {file.guide.start}, [file.guide.start]
    while waiting:
        question = file.guide.questions.get(waiting.pop())
        fresh = {option.to for option in question.options} - reached if question else set()
        reached |= fresh
        waiting.extend(fresh)
    return [
        Problem(file.path, line, f"没有答案通向 {name}：让一个选项的 to 写它，或删掉它", code="out-of-reach")
        for name, line in file.lines.items()
        if name not in reached
    ]


def names_nothing(key: str, wanted: str, known: Collection[str]) -> str:
    near = next(iter(get_close_matches(wanted, list(known), 1, 0.6)), None)
    hint = f"是否想写 {near}？" if near else "在 questions 或 outcomes 里写上它"
    return f"{key} 写的 {wanted} 既不是问题，也不是结果：{hint}"
