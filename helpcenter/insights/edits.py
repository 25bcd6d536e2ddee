"""Changing one line of an operator's files and nothing else: a synonym, a word, an ask, an alias.

In: the content folder, a `Proposal`. Out: the changed file, and its old bytes to put back. Raises `EditRefused`.
Why by text and not by writing YAML anew: comments, quotes, order and line ends are the author's. The changed front
matter is read back and compared; where anything but the alias differs, nothing is written.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpcenter.insights.proposals import SYNONYMS, WORDS, Proposal

_FRONT = re.compile(r"\A(\ufeff?---[ \t]*\r?\n)(.*?)^(---[ \t]*(?:\r?\n|\Z))", re.DOTALL | re.MULTILINE)
_PLAIN = re.compile(r"[\w\u3400-\u9fff][\w\u3400-\u9fff ./+-]*")


class EditRefused(Exception):
    """A file cannot be changed safely; the message (Simplified Chinese) says what to do by hand."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change that was made, and what it takes to undo it."""

    path: Path
    before: bytes | None
    """None where there was no file."""
    line: str
    """What was written."""

    def undo(self) -> None:
        """Put the old file back, byte for byte."""
        if self.before is None:
            self.path.unlink(missing_ok=True)
        else:
            write(self.path, self.before)


def apply(proposal: Proposal, content: Path) -> Edit:
    """Make the change."""
    if proposal.kind == "alias":
        path = content / f"{proposal.target}.md"
        if not path.resolve().is_relative_to(content.resolve()) or not path.is_file():
            raise EditRefused(f"没有文件 {path}，加不了别名。")
        before = path.read_bytes()
        after, line = with_alias(before.decode("utf-8"), proposal.text, path)
    elif proposal.kind == "ask":
        article, _, anchor = proposal.target.partition("#")
        path = content / f"{article}.asks.yml"
        beside = content / f"{article}.md"
        if not path.resolve().is_relative_to(content.resolve()) or not beside.is_file():
            raise EditRefused(f"没有文章 {article}，加不了相似问。")
        before = path.read_bytes() if path.is_file() else b""
        after, line = with_ask(before.decode("utf-8"), anchor, proposal.text, path)
        if not path.exists():
            write(path, after.encode())
            return Edit(path, None, line)
    else:
        path = content / "_search" / (SYNONYMS if proposal.kind == "synonym" else WORDS)
        before = path.read_bytes() if path.is_file() else b""
        text = before.decode("utf-8")
        after, line = with_synonym(text, proposal) if proposal.kind == "synonym" else with_line(text, proposal.text)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write(path, after.encode())
            return Edit(path, None, line)
    write(path, after.encode())
    return Edit(path, before, line)


def with_line(text: str, line: str) -> tuple[str, str]:
    """`text` with one more line at its end, and the line."""
    end = line_end(text)
    return (text if not text or text.endswith("\n") else text + end) + line + end, line


def with_synonym(text: str, proposal: Proposal) -> tuple[str, str]:
    """The word at the end of the group that knows the other one, or a new group."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        members = [member.strip() for member in line.replace("，", ",").split(",")]
        if not line.lstrip().startswith("#") and len(members) > 1 and proposal.target in members:
            body = line.rstrip()
            lines[number] = f"{body}, {proposal.text}{line[len(body) :]}"
            return "".join(lines), lines[number].strip()
    return with_line(text, f"{proposal.target}, {proposal.text}")


def with_alias(text: str, alias: str, path: Path) -> tuple[str, str]:
    """An article with one more entry under `aliases`, in the style they are written in, and the line that has it."""
    end = line_end(text)
    front = _FRONT.match(text)
    line = f"aliases: [{quoted(alias)}]"
    if front is None:
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        return f"{mark}---{end}{line}{end}---{end}{end}{text[len(mark) :]}", line
    body = front[2]
    old = parsed(body, path)
    nodes: list[tuple[yaml.Node, yaml.Node]] = getattr(yaml.compose(body), "value", None) or []
    place = next((pair for pair in nodes if pair[0].value == "aliases"), None)
    at, more, till = one_more(body, place[0], place[1], alias, end) if place else (len(body), line + end, len(body))
    changed = body[:at] + more + body[till:]
    aliases = old.get("aliases") or []
    expected = {**old, "aliases": [*(aliases if isinstance(aliases, list) else [aliases]), alias]}
    if parsed(changed, path) != expected:
        raise EditRefused(f"{path} 的 aliases 写法特殊，没有改动；请手工加上“{alias}”。")
    lines = changed[: at + len(more)].rstrip().splitlines()
    return text[: front.start(2)] + changed + text[front.end(2) :], lines[-1]


def with_ask(text: str, anchor: str, ask: str, path: Path) -> tuple[str, str]:
    """A file of asks with one more under `anchor`, and the line that has it."""
    end = line_end(text)
    old = parsed(text, path)
    nodes: list[tuple[yaml.Node, yaml.Node]] = getattr(yaml.compose(text), "value", None) or []
    place = next((pair for pair in nodes if pair[0].value == anchor), None)
    if place:
        text = text if text.endswith("\n") else text + end
        at, more, till = one_more(text, place[0], place[1], ask, end)
    else:
        before = "" if not text or text.endswith("\n") else end
        at, more, till = len(text), f"{before}{quoted(anchor)}:{end}  - {quoted(ask)}{end}", len(text)
    changed = text[:at] + more + text[till:]
    asks = old.get(anchor) or []
    if parsed(changed, path) != {**old, anchor: [*(asks if isinstance(asks, list) else [asks]), ask]}:
        raise EditRefused(f"{path} 的写法特殊，没有改动；请手工在 {anchor} 下加上“{ask}”。")
    return changed, changed[: at + len(more)].rstrip().splitlines()[-1].strip()


def one_more(body: str, key: yaml.Node, value: yaml.Node, alias: str, end: str) -> tuple[int, str, int]:
    """Return how to put one more alias into `body`: from where, the new text, and up to where it replaces the old."""
    if isinstance(value, yaml.SequenceNode) and value.flow_style:
        at = value.value[-1].end_mark.index if value.value else value.end_mark.index - 1
        return at, f"{', ' if value.value else ''}{quoted(alias)}", at
    if isinstance(value, yaml.SequenceNode):
        at = body.index("\n", value.value[-1].end_mark.index) + 1
        return at, f"{' ' * value.start_mark.column}- {quoted(alias)}{end}", at
    written = body[value.start_mark.index : value.end_mark.index].strip()
    if written:
        return value.start_mark.index, f"[{written}, {quoted(alias)}]", value.end_mark.index
    at = body.index(":", key.end_mark.index) + 1
    return at, f" [{quoted(alias)}]", at


def quoted(text: str) -> str:
    """`text` as a YAML value inside brackets."""
    plain = _PLAIN.fullmatch(text) and yaml.safe_load(text) == text
    return text if plain else json.dumps(text, ensure_ascii=False)


def parsed(body: str, path: Path) -> dict[str, Any]:
    """Front matter as a mapping."""
    try:
        fields = yaml.safe_load(body) or {}
    except yaml.YAMLError:
        fields = None
    if not isinstance(fields, dict):
        raise EditRefused(f"{path} 的文首设置读不懂，没有改动；请先运行 helpcenter check。")
    return fields


def line_end(text: str) -> str:
    """How the file ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"


def write(path: Path, data: bytes) -> None:
    """Replace the file at once, its permissions kept: nobody sees half of it."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(data)
        if path.exists():
            fresh.chmod(path.stat().st_mode & 0o7777)
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
