"""YAML files of the site: bytes become plain values, each with the line it stands on.

In: the bytes of one file. Out: dicts, lists, texts and booleans; a line for each path in them; the faults.
Why composed nodes and no `safe_load`: a fault needs its line, nothing is constructed, `no` and `3900` stay the texts
they are, a bomb of aliases is never expanded.
"""

from __future__ import annotations

from typing import Any

import yaml

from index.content.frontmatter import LOADER, MAX_DEPTH, explain
from index.model import Problem

MAX_BYTES = 1_000_000

Place = tuple[str | int, ...]
"""Keys and positions from the top, e.g. `("tiles", 0, "label")`."""


def compose(path: str, raw: bytes) -> tuple[yaml.Node | None, list[Problem]]:
    """The nodes of the file at `path`, nothing constructed; None with a fault, or without one where it is empty."""

    def fault(line: int, message: str, code: str = "yaml") -> tuple[None, list[Problem]]:
        return None, [Problem(path, line, message, code=code)]

    if len(raw) > MAX_BYTES:
        return fault(1, f"文件超过 {MAX_BYTES // 1000} KB：写短一些", "too-large")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return fault(raw.count(b"\n", 0, error.start) + 1, "不是 UTF-8 编码：用编辑器另存为 UTF-8", "encoding")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=LOADER):  # before anything recurses
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                return fault(line_of(event), f"嵌套超过 {MAX_DEPTH} 层：写得简单些")
            if isinstance(event, yaml.AliasEvent):
                return fault(line_of(event), "YAML 别名（*）在这里不起作用：直接写值")
        return yaml.compose(text, Loader=LOADER), []
    except yaml.YAMLError as error:
        line, why = explain(error, text)
        return fault(max(line - 1, 1), f"YAML 写法有误：{why}")


def read_yaml(path: str, raw: bytes) -> tuple[dict[str, Any], dict[Place, int], list[Problem]]:
    """Return the values of the file at `path`, the lines they stand on, and the faults. Never raises."""
    node, faults = compose(path, raw)
    if faults:
        return {}, {}, faults
    if node is None:  # empty, or nothing but comments
        return {}, {(): 1}, []
    if not isinstance(node, yaml.MappingNode):
        message = "应是一组“字段: 值”，例如 name: 帮助中心"
        return {}, {}, [Problem(path, line_of(node), message, code="yaml")]
    lines: dict[Place, int] = {}
    problems: list[Problem] = []
    values = _plain(node, (), path, lines, problems)
    return values, lines, problems


def _plain(node: yaml.Node, place: Place, path: str, lines: dict[Place, int], problems: list[Problem]) -> Any:
    lines.setdefault(place, line_of(node))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*place, number), path, lines, problems) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name in values:
                problems.append(Problem(path, line_of(key), f"{name} 写了两次：去掉一个", code="repeated-field"))
                continue
            lines[(*place, name)] = line_of(key)
            values[name] = _plain(value, (*place, name), path, lines, problems)
        return {name: value for name, value in values.items() if value is not None}
    assert isinstance(node, yaml.ScalarNode)
    if not node.style and node.value in ("", "~", "null"):
        return None
    if not node.style and node.value in ("true", "false"):
        return node.value == "true"
    return node.value.strip()


def line_of(node: yaml.Node | yaml.Event) -> int:
    """Where it begins, 1-based."""
    return (node.start_mark.line if node.start_mark else 0) + 1
