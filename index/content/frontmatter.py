"""Front matter: the YAML block at the top of a Markdown file becomes typed fields, with a problem for each wrong one.

In: the text of one file, newlines already `\\n`. Out: `FrontMatter` (the fields, the line of each, where the body
starts) and the problems found.
Why not `yaml.safe_load`: nothing is ever constructed here. The block is composed into nodes, so each problem has its
line, `NO` stays text instead of becoming False, tags run nothing, and a bomb of aliases is never expanded.
A new field is added to `FrontMatter` and to one of the groups below it, then to `Article` in `model.py`. Filters are no
fields of ours: the site declares them (docs/adding-a-filter.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any

import yaml

from index.model import Problem
from index.site import DEFAULT_FILTERS, TOPIC, FilterSpec

MAX_CHARACTERS = 65_536
"""A block longer than this is refused; the longest real one seen has under 4,000."""
MAX_DEPTH = 20
"""Lists and mappings in each other; composing recurses, so this guards the stack."""

TEXTS = ("title", "summary", "owner")
LISTS = ("tags", "aliases", "moved_from", "sources")
DATES = ("updated", "verified", "publish", "expires")
FIELDS = (*TEXTS, *LISTS, *DATES, "order", "draft", "withdraw", "asks")
"""The fields of every site; its filters come on top."""
TOPIC_FIELDS = ("icon",)
"""Of `_topic.md` alone: in articles of other systems the same word means pictures of theirs."""

_FOREIGN = {
    "date": "updated", "lastmod": "updated", "last_modified": "updated", "modified": "updated",
    "description": "summary", "desc": "summary", "excerpt": "summary", "abstract": "summary",
    "keywords": "tags", "tag": "tags", "categories": "tags", "category": "tags",
    "alias": "aliases", "weight": "order", "sidebar_position": "order", "position": "order",
    "source": "sources", "references": "sources", "expired": "expires",
    "标题": "title", "摘要": "summary",
    "标签": "tags", "别名": "aliases", "顺序": "order", "更新": "updated", "核实": "verified", "来源": "sources",
}  # fmt: skip
"""What other systems, and authors in Chinese, call our fields: too far apart in letters for `get_close_matches`."""

LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LOOKS_LIKE_A_FIELD = re.compile(r"\s*(?:[\w\"'.-]+(?:[ \t][\w.-]+)?[ \t]*:(?:\s|$)|\{)")
_SURE_TO_BE_A_FIELD = re.compile(r"[A-Za-z_][\w-]*:(?:\s|$)")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt \t].*)?")
_YES = ("true", "yes", "on", "y")
_NO = ("false", "no", "off", "n")
NULL = ("", "~", "null", "Null", "NULL")


@dataclass(slots=True)
class FrontMatter:
    """The fields of one file; those not written have their default."""

    title: str = ""
    summary: str = ""
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the article applies to, by filter; those without a value are not in it."""
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    moved_from: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    owner: str = ""
    order: float = 0.0
    updated: date | None = None
    verified: date | None = None
    publish: date | None = None
    expires: date | None = None
    withdraw: bool = False
    draft: bool = False
    icon: str = ""
    asks: yaml.Node | None = None
    """As composed: `asks.py` reads it."""
    lines: dict[str, int] = field(default_factory=dict)
    """Field name → 1-based line in the file, unknown fields included."""
    body: int = 0
    """How many lines the block takes, fences included; 0 where there is none."""
    broken: bool = False
    """The block is there but could not be read, so a missing field says nothing."""


def written_order(filters: Sequence[FilterSpec]) -> tuple[str, ...]:
    """The fields as an author writes them down."""
    own = (one.name for one in filters if one.name != TOPIC)
    return (*TEXTS, *own, *LISTS[:-1], "order", *DATES, "withdraw", "sources", "draft", "asks")


def read(text: str, path: str, filters: Sequence[FilterSpec] = DEFAULT_FILTERS) -> tuple[FrontMatter, list[Problem]]:
    """Read the block at the top of `text`; a file without one gives defaults and no problems."""
    front = FrontMatter()
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return front, []
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() in ("---", "...")), 0)
    if not end:
        if len(lines) > 1 and _SURE_TO_BE_A_FIELD.match(lines[1]):
            front.broken = True
            message = "front matter 没有结束：在最后一个字段下面加一行 ---"
            return front, [Problem(path, 1, message, code="front-matter")]
        return front, []  # a thematic break
    block = "\n".join(lines[1:end])
    if len(block) > MAX_CHARACTERS:
        message = f"front matter 超过 {MAX_CHARACTERS} 个字符：把正文移到第二个 --- 之后"
        return FrontMatter(body=end + 1, broken=True), [Problem(path, 1, message, code="front-matter")]
    try:
        problems = _survey(block, path)
        node = None if problems and problems[-1].level == "fault" else yaml.compose(block, Loader=LOADER)
    except yaml.YAMLError as error:
        first = next((line for line in lines[1:end] if line.strip() and not line.lstrip().startswith("#")), "")
        if not _LOOKS_LIKE_A_FIELD.match(first):
            return front, []  # prose between two thematic breaks
        line, why = explain(error, block)
        message = f"front matter 的 YAML 写法有误：{why}"
        return FrontMatter(body=end + 1, broken=True), [Problem(path, line, message, code="yaml")]
    if any(problem.level == "fault" for problem in problems):
        return FrontMatter(body=end + 1, broken=True), problems
    if node is None:  # an empty block, or nothing but comments
        front.body = end + 1
        return front, problems
    if not isinstance(node, yaml.MappingNode):
        return front, []  # prose or a list between two thematic breaks
    front.body = end + 1
    for key, value in node.value:
        _set(front, key, value, path, filters, problems)
    return front, problems


def did_you_mean(name: str, filters: Sequence[FilterSpec] = DEFAULT_FILTERS) -> str | None:
    """The field that `name` probably stands for, or None."""
    folded = name.strip().lower().replace("-", "_")
    own = [one.name for one in filters if one.name != TOPIC]
    if folded in (*FIELDS, *own):
        return folded
    labels = {one.label.lower(): one.name for one in filters if one.name != TOPIC}
    known = labels.get(folded) or _FOREIGN.get(folded)
    return known or next(iter(get_close_matches(folded, (*FIELDS, *own), 1, 0.7)), None)


def _survey(block: str, path: str) -> list[Problem]:
    """Look over the events before anything recurses: depth is a fault and ends the list; tags, aliases are warnings."""
    problems: list[Problem] = []
    depth = 0
    for event in yaml.parse(block, Loader=LOADER):
        line = _line(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                message = f"front matter 嵌套超过 {MAX_DEPTH} 层：改成简单的列表"
                return [*problems, Problem(path, line, message, code="front-matter")]
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        tag = (getattr(event, "tag", None) or "").replace("tag:yaml.org,2002:", "!!")
        if tag and tag != "!!str":
            message = f"YAML 标签 {_short(tag)} 不起作用：去掉它，直接写值"
            problems.append(Problem(path, line, message, "warning", "yaml-tag"))
        if isinstance(event, yaml.AliasEvent) and not any(problem.code == "yaml-alias" for problem in problems):
            message = f"YAML 别名 *{_short(str(event.anchor))} 容易出错，列表里的列表也不会展开：直接写值"
            problems.append(Problem(path, line, message, "warning", "yaml-alias"))
    return problems


def _set(
    front: FrontMatter,
    key: yaml.Node,
    value: yaml.Node,
    path: str,
    filters: Sequence[FilterSpec],
    problems: list[Problem],
) -> None:
    name = key.value if isinstance(key, yaml.ScalarNode) else "?"
    line = _line(key.start_mark)
    if name in front.lines:
        problems.append(Problem(path, line, f"字段 {_short(name)} 写了两次：后一次生效", "warning", "repeated-field"))
    front.lines[name] = line
    is_filter = name != TOPIC and any(one.name == name for one in filters)
    is_topics = name in TOPIC_FIELDS and path.endswith("_topic.md")
    if name not in FIELDS and not is_filter and not is_topics:
        guess = did_you_mean(name, filters)
        hint = f"是否想写 {guess}？" if guess else "去掉它，或改用已有的字段"
        problems.append(Problem(path, line, f"不认识的字段 {_short(name)}：{hint}", "warning", "unknown-field"))
        return
    if isinstance(value, yaml.ScalarNode) and not value.style and value.value in NULL:
        return
    if name == "asks":
        front.asks = value
        return
    try:
        if not is_filter:
            setattr(front, name, _convert(name, value))
        elif values := _texts(value):
            front.filters[name] = values
    except ValueError as error:
        code = "bad-date" if name in DATES else "bad-type"
        problems.append(Problem(path, line, f"字段 {name} {error}", code=code))


def _convert(name: str, node: yaml.Node) -> object:
    """The node as the field's type; ValueError, in Chinese, says what would be right."""
    if name in LISTS:
        return _texts(node)
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError("应是一个值，不是列表或嵌套的字段")
    text = node.value.strip()
    if name in (*TEXTS, *TOPIC_FIELDS):
        return " ".join(text.split())
    if name in DATES:
        return _date(text)
    if name == "order":
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"应是数字，不是“{_short(text)}”") from None
        if not abs(number) < 1e9:  # also refuses nan, which would break sorting
            raise ValueError(f"应是普通大小的数字，不是“{_short(text)}”")
        return number
    if text.lower() in (*_YES, *_NO):
        return text.lower() in _YES
    raise ValueError(f"应是 true 或 false，不是“{_short(text)}”")


def _texts(node: yaml.Node) -> tuple[str, ...]:
    """One text or a list of them, each once."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    items = [item for item in nodes if isinstance(item, yaml.ScalarNode)]
    if len(items) < len(nodes):
        raise ValueError("应是文字，或文字的列表，如 [甲, 乙]")
    words = (" ".join(item.value.split()) for item in items if item.style or item.value not in NULL)
    return tuple(dict.fromkeys(word for word in words if word))


def _date(text: str) -> date:
    match = _ISO_DATE.fullmatch(text)
    if not match:
        raise ValueError(f"应是日期，如 2026-01-31，不是“{_short(text)}”")
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise ValueError(f"的日期“{_short(text)}”不存在：年-月-日，如 2026-01-31") from None


def explain(error: yaml.YAMLError, block: str) -> tuple[int, str]:
    """The line, counted as if `block` began on the second, and in Chinese what is wrong and what to do."""
    if isinstance(error, yaml.reader.ReaderError):
        position = error.position if isinstance(error.position, int) else 0
        return block.count("\n", 0, position) + 2, "有不可见的控制字符，删掉它"
    problem = str(getattr(error, "problem", "") or "")
    context = str(getattr(error, "context", "") or "")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if "flow" in context or "quoted" in context:  # the mark is where the reader gave up; the mistake is where it began
        mark = getattr(error, "context_mark", None) or mark
    line = min(_line(mark), block.rstrip().count("\n") + 2)  # the end of the block is nobody's mistake
    if "mapping values are not allowed" in problem:
        return line, "值里有冒号加空格，或缩进不对；给整个值加上引号"
    if "\\t" in problem or "tab" in problem:
        return line, "用了制表符缩进，改成空格"
    if "flow" in context:
        return line, "方括号 [ ] 或花括号 { } 没有成对"
    if "quoted" in context:
        return line, "引号没有成对，或引号里有多余的反斜杠"
    if "alias" in problem or "alias" in context:
        return line, "值以 * 开头会被当成别名，给整个值加上引号"
    if "anchor" in context:
        return line, "值以 & 开头会被当成锚点，给整个值加上引号"
    if "cannot start any token" in problem:
        return line, "值以特殊字符开头，给整个值加上引号"
    return line, "检查冒号、缩进和引号；每行应是“字段: 值”"


def _line(mark: Any) -> int:
    """The line in the file: the block starts on its second."""
    return (mark.line if mark else 0) + 2


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"
