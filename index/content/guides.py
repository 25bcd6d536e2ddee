"""Guides: `_guides/<id>.yml` becomes questions, answers and outcomes, each proven to lead somewhere.

In: the content folder. Out: `Guide` records and every fault with its line; `guide_proofs.py` walks their paths. Why
data and no more than "this answer leads to": what follows can then be proven before a reader is in trouble (every path
ends, nothing is out of reach, each step exists). GOV.UK's Smart Answers began as programs: no tool could look through.
Why composed nodes and no `safe_load`: each problem has its line, nothing is constructed, no bomb of aliases expands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import yaml

from index.content.guide_proofs import GuideFile, loops, lost_answers, names_nothing, out_of_reach
from index.content.yaml_files import compose, line_of
from index.model import Guide, Option, Outcome, Problem, Question

FOLDER = "_guides"
MOST_NODES = 2_000
"""Questions and outcomes in one guide."""
URGENCIES = ("now", "soon", "self")
"""立即, 尽快, 自己可办."""

_KEYS = {
    "guide": ("title", "summary", "aliases", "urgency", "start", "questions", "outcomes"),
    "question": ("ask", "hint", "options"),
    "option": ("answer", "label", "to"),
    "outcome": ("title", "intro", "steps", "contact"),
}
_NAME = re.compile(r"[\w-]+")
"""Ids and answers are pieces of addresses."""


def scan_guides(content: Path) -> list[Path]:
    """The files of guides, by name."""
    folder = content / FOLDER
    return sorted(file for file in folder.glob("*.yml") if not file.name.startswith((".", "_")))


def read_guides(content: Path) -> tuple[list[GuideFile], list[Problem]]:
    """Every guide that can be read, and every problem but dead links: see `dead_links`. OSError as reading raises."""
    guides: list[GuideFile] = []
    problems: list[Problem] = []
    for file in scan_guides(content):
        guide, found = parse_guide(file.stem, f"{FOLDER}/{file.name}", file.read_bytes())
        problems += found
        if guide:
            guides.append(guide)
    return guides, problems


def digest_guides(content: Path) -> str:
    """One hash of all files of guides."""
    digest = hashlib.sha256()
    for file in scan_guides(content):
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def parse_guide(id: str, path: str, raw: bytes) -> tuple[GuideFile | None, list[Problem]]:
    """One file's bytes as a guide; None where it cannot be read as one. Pure; never raises."""
    reader = _Reader(path)
    node, faults = compose(path, raw)
    if faults or not isinstance(node, yaml.MappingNode):
        return None, faults or [Problem(path, 1, "应是一组“字段: 值”，从 title 开始", code="yaml")]
    if not _NAME.fullmatch(id):
        reader.fault(1, f"文件名 {id} 不能作地址：只用字母、数字、汉字和 -", "bad-name")
    fields = reader.mapping(node, "guide")
    questions = {name: reader.question(value) for name, _, value in reader.named(fields.get("questions"), "questions")}
    outcomes = {name: reader.outcome(value) for name, _, value in reader.named(fields.get("outcomes"), "outcomes")}
    urgency = reader.text(fields, "urgency")
    if urgency and urgency not in URGENCIES:
        message = f"urgency 应是 {'、'.join(URGENCIES)} 之一，不是“{urgency}”"
        reader.fault(line_of(fields["urgency"]), message, "bad-value")
    guide = Guide(
        id=id,
        title=reader.text(fields, "title", needed=node),
        summary=reader.text(fields, "summary"),
        aliases=tuple(text for text, _ in reader.texts(fields, "aliases")),
        urgency=urgency if urgency in URGENCIES else "",
        start=reader.text(fields, "start", needed=node),
        questions={name: question for name, (question, _) in questions.items()},
        outcomes={name: outcome for name, (outcome, _) in outcomes.items()},
    )
    file = GuideFile(path, guide)
    for section in ("questions", "outcomes"):
        for name, key, _ in reader.named(fields.get(section), section, quiet=True):
            if name in file.lines:
                reader.fault(line_of(key), f"{name} 既是问题又是结果：换一个名字", "repeated-name")
            file.lines.setdefault(name, line_of(key))
    for name, (_, lines) in questions.items():
        file.option_lines |= {(name, number): line for number, line in enumerate(lines)}
    for name, (_, lines) in outcomes.items():
        file.step_lines |= {(name, number): line for number, line in enumerate(lines)}
    if guide.start and guide.start not in file.lines:
        reader.fault(line_of(fields["start"]), names_nothing("start", guide.start, file.lines), "lost-answer")
    reader.problems += lost_answers(file)
    if not reader.problems:  # what a slip of the pen breaks off is not out of reach as well
        reader.problems += loops(file) or out_of_reach(file)
    return file, sorted(reader.problems, key=lambda problem: problem.line)


class _Reader:
    """Takes nodes apart; whatever is wrong becomes a fault and an empty value, so that one run names all."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def fault(self, line: int, message: str, code: str) -> None:
        self.problems.append(Problem(self.path, line, message, code=code))

    def mapping(self, node: yaml.Node, kind: str) -> dict[str, yaml.Node]:
        """The known fields of a mapping; the others are faults."""
        if not isinstance(node, yaml.MappingNode):
            self.fault(line_of(node), f"这里应是一组字段：{'、'.join(_KEYS[kind])}", "bad-type")
            return {}
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in _KEYS[kind]:
                near = next(iter(get_close_matches(name, _KEYS[kind], 1, 0.6)), None)
                hint = f"是否想写 {near}？" if near else f"这里可以写 {'、'.join(_KEYS[kind])}"
                self.fault(line_of(key), f"不认识的字段 {name}：{hint}", "unknown-field")
            elif name in fields:
                self.fault(line_of(key), f"字段 {name} 写了两次：去掉一个", "repeated-field")
            else:
                fields[name] = value
        return fields

    def named(
        self, node: yaml.Node | None, what: str, quiet: bool = False
    ) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Name, key and value of each question or outcome."""
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            if not quiet:
                self.fault(line_of(node), f"{what} 应是“名字: 内容”的列表", "bad-type")
            return
        seen: set[str] = set()
        for number, (key, value) in enumerate(node.value):
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if number >= MOST_NODES:
                if not quiet:
                    self.fault(line_of(key), f"{what} 超过 {MOST_NODES} 个：分成几个向导", "too-large")
                return
            if not _NAME.fullmatch(name) or name in seen:
                if not quiet:
                    why = "写了两次：换一个名字" if name in seen else "不能作名字：只用字母、数字、汉字和 -"
                    self.fault(line_of(key), f"{what} 里的“{name}”{why}", "bad-name")
                continue
            seen.add(name)
            yield name, key, value

    def text(self, fields: Mapping[str, yaml.Node], name: str, needed: yaml.Node | None = None) -> str:
        """One text; a fault where it is something else, or missing though `needed` by the mapping given."""
        node = fields.get(name)
        value = ""
        if isinstance(node, yaml.ScalarNode):
            value = " ".join(node.value.split())
        elif node is not None:
            self.fault(line_of(node), f"字段 {name} 应是一段文字", "bad-type")
            return ""
        if not value and needed is not None:
            self.fault(line_of(node or needed), f"缺少 {name}：写上它", "missing-field")
        return value

    def texts(self, fields: Mapping[str, yaml.Node], name: str) -> list[tuple[str, int]]:
        """A list of texts, each with its line; one text stands for a list of one."""
        node = fields.get(name)
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node] if node is not None else []
        found = []
        for item in nodes:
            if isinstance(item, yaml.ScalarNode) and item.value.strip():
                found.append((" ".join(item.value.split()), line_of(item)))
            else:
                self.fault(line_of(item), f"字段 {name} 应是文字的列表", "bad-type")
        return found

    def question(self, node: yaml.Node) -> tuple[Question, list[int]]:
        """A question and the lines of its options."""
        fields = self.mapping(node, "question")
        listed = fields.get("options")
        nodes = listed.value if isinstance(listed, yaml.SequenceNode) else []
        if not nodes:
            self.fault(line_of(listed or node), "options 应是选项的列表，至少一个：否则走到这里就断了", "no-options")
        options: list[Option] = []
        for item in nodes:
            own = self.mapping(item, "option")
            answer, label, to = (self.text(own, name, needed=item) for name in _KEYS["option"])
            if answer and not _NAME.fullmatch(answer):
                self.fault(line_of(own["answer"]), f"answer“{answer}”不能作地址：只用字母、数字、汉字和 -", "bad-name")
            if answer and any(answer == other.answer for other in options):
                self.fault(line_of(item), f"answer {answer} 写了两次：后一个永远选不到", "repeated-answer")
            options.append(Option(answer, label, to))
        question = Question(self.text(fields, "ask", needed=node), self.text(fields, "hint"), tuple(options))
        return question, [line_of(item) for item in nodes]

    def outcome(self, node: yaml.Node) -> tuple[Outcome, list[int]]:
        """An outcome and the lines of its steps."""
        fields = self.mapping(node, "outcome")
        steps = self.texts(fields, "steps")
        if not steps:
            self.fault(line_of(node), "steps 是空的：至少写一步，如 start/write-articles#preview", "no-steps")
        title, intro, contact = (
            self.text(fields, "title", needed=node),
            *(self.text(fields, name) for name in ("intro", "contact")),
        )
        return Outcome(title, intro, tuple(text for text, _ in steps), contact), [line for _, line in steps]
