"""Asks (相似问): how readers ask for a section, in front matter or in `<slug>.asks.yml` beside the article.

In: a YAML mapping, anchor → list of texts, `""` for the part above the first heading. Out: what was written, each with
its line, and the article's sections with their asks. Why a file beside the article: ten asks a section would bury the
text in review; a short list may stand in front matter, and both count.
Why nodes: each problem has its line; see `yaml_files.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import NamedTuple

import yaml

from index.content.frontmatter import NULL
from index.content.yaml_files import compose
from index.model import Problem, Section

ENDING = ".asks.yml"

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff]")


class Asks(NamedTuple):
    """The asks written under one anchor."""

    path: str
    anchor: str
    line: int
    """Of the anchor, 1-based."""
    texts: tuple[tuple[str, int], ...]
    """Each ask and its line."""


def asks_path(path: str) -> str:
    """The file of asks that belongs to an article's file."""
    return path.removesuffix(".md") + ENDING


def read_asks(raw: bytes, path: str) -> tuple[list[Asks], list[Problem]]:
    """Read a file of asks. Pure; never raises."""
    node, faults = compose(path, raw)
    return asks_of(node, path, 1) if not faults else ([], faults)


def asks_of(node: yaml.Node | None, path: str, first: int) -> tuple[list[Asks], list[Problem]]:
    """Read a composed mapping of asks, whose block begins on line `first` of the file."""
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.style and node.value in NULL):
        return [], []
    problems: list[Problem] = []

    def fault(at: yaml.Node, message: str) -> None:
        problems.append(Problem(path, at.start_mark.line + first, message, code="bad-asks"))

    if not isinstance(node, yaml.MappingNode):
        fault(node, "相似问应写成“锚点: [问法, 问法]”")
        return [], problems
    written: list[Asks] = []
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            fault(key, "锚点应是文字")
            continue
        nodes = value.value if isinstance(value, yaml.SequenceNode) else [value]
        texts = []
        for item in nodes:
            if not isinstance(item, yaml.ScalarNode):
                fault(item, "每个问法应是一行文字；其中有冒号或以符号开头时，给它加上引号")
                continue
            text = " ".join(_UNSEEN.sub(" ", item.value).split())
            if text and (item.style or text not in NULL):
                texts.append((text, item.start_mark.line + first))
        written.append(Asks(path, key.value.strip(), key.start_mark.line + first, tuple(texts)))
    return written, problems


def with_asks(sections: Sequence[Section], written: Iterable[Asks]) -> tuple[tuple[Section, ...], list[Problem]]:
    """The sections with their asks; a fault for each anchor that no section has."""
    problems: list[Problem] = []
    of: dict[str, dict[str, None]] = {section.anchor: {} for section in sections}
    for path, anchor, line, texts in written:
        if anchor in of:
            of[anchor].update(dict.fromkeys(text for text, _ in texts))
            continue
        near = next(iter(get_close_matches(anchor, list(of), 1, 0.5)), None)
        hint = f"是否想写 {near}？" if near else '改成有的锚点；标题之前的部分写 ""'
        problems.append(Problem(path, line, f"文章里没有锚点“{anchor}”：{hint}", code="lost-asks"))
    return tuple(replace(one, asks=tuple(of[one.anchor])) if of[one.anchor] else one for one in sections), problems


def lost_files(asks: Iterable[str], articles: Iterable[str]) -> Iterator[Problem]:
    """A fault for each file of asks, by its path, beside which no article's file lies."""
    wanted = {asks_path(path) for path in articles}
    for path in asks:
        if path not in wanted:
            message = f"旁边没有文章 {path.removesuffix(ENDING)}.md：改成文章的文件名，或删掉"
            yield Problem(path, 1, message, code="lost-asks")
