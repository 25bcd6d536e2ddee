"""Moving: an article, or a topic with all in it, gets a new id; links to it follow and the old address leads on.

In: the content folder, the old and the new id. Out: moved files, rewritten links, `moved_from` in the front matter.
Why all texts are made before the first file is touched: a fault found half way would leave links that lead nowhere.
Links are rewritten in the source, by the same `resolve` that rendering uses; all else of a file stays byte for byte.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from index.content import frontmatter
from index.content.articles import article_id, scan, scan_topics
from index.content.linking import IMAGE_TYPES, resolve

_LINK = re.compile(r"(?P<before>\]\(\s*<?|^ {0,3}\[[^\]\n]+\]:[ \t]*<?)(?P<address>[^\s)>]+)", re.MULTILINE)
_STEP = re.compile(r"(?<![\w/.#-])(?P<id>[\w./-]+)(?=#|\s*(?:[,\]}\"']|$))", re.MULTILINE)
_NAME = re.compile(r"\w[\w.-]*")


class MoveRefused(Exception):
    """Nothing was moved; the message (Simplified Chinese) says why and the way out."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did."""

    articles: Mapping[str, str]
    """Old id → new id."""
    rewritten: tuple[str, ...]
    """Files in which a link was changed, relative to the content folder."""


def move(content: Path, old: str, new: str) -> Moved:
    """Move the article or topic `old` to `new`. Raises MoveRefused before anything is touched, or OSError."""
    old, new = (name.strip("/").removesuffix(".md") for name in (old, new))
    if not all(_NAME.fullmatch(part) and not part.startswith("_") for part in new.split("/")):
        raise MoveRefused(f"{new!r} 不能作编号：每一段用字母、数字、汉字、-，且不以 _ 或 . 开头，例如 travel/japan")
    ids = {article_id(path): path for path, _ in scan(content)}
    moved = {id: new + id.removeprefix(old) for id in ids if id == old or id.startswith(f"{old}/")}
    if not moved:
        raise MoveRefused(f"没有文章或专题 {old}：编号是 {content} 里的路径去掉 .md，例如 start/write-articles")
    for target in moved.values():
        if (content / f"{target}.md").exists():
            raise MoveRefused(f"{content / target}.md 已经存在，不会覆盖：换一个编号，或先移走它")
    files = _renamed(content, old, new, moved)
    texts: dict[str, str] = {}
    rewritten = []
    for path, file in [*scan(content), *scan_topics(content)]:
        text = read_source(file)
        target = files.get(path, path)
        changed = _LINK.sub(_rewriter(posixpath.dirname(path), posixpath.dirname(target), moved, old, new), text)
        if changed != text:
            rewritten.append(target)
        if (id := article_id(path)) in moved:
            changed = with_moved_from(changed, id)
        if changed != text:
            texts[target] = changed
    for file in [content / "_site.yml", *sorted((content / "_guides").glob("*.yml"))]:
        if file.is_file():
            text = read_source(file)
            changed = _STEP.sub(lambda match: moved.get(match["id"], match["id"]), text)
            if changed != text:
                path = file.relative_to(content).as_posix()
                texts[path] = changed
                rewritten.append(path)
    for source, target in files.items():
        (content / target).parent.mkdir(parents=True, exist_ok=True)
        (content / source).rename(content / target)
    for path, text in texts.items():
        write_source(content / path, text)
    return Moved(moved, tuple(rewritten))


def with_moved_from(text: str, *olds: str) -> str:
    """The source of an article with `olds` added to its `moved_from`; all other lines as they are."""
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    lines = text.replace("\r\n", "\n").split("\n")
    front, _ = frontmatter.read("\n".join(lines), "")
    names = list(dict.fromkeys((*front.moved_from, *olds)))
    line = yaml.safe_dump({"moved_from": names}, allow_unicode=True, default_flow_style=None, width=10_000).rstrip()
    if not front.body:
        lines[:0] = ["---", line, "---", ""]
    elif at := front.lines.get("moved_from"):
        after = min([front.body, *(other for other in front.lines.values() if other > at)]) - 1
        lines[at - 1 : after] = [line]
    else:
        lines.insert(front.body - 1, line)
    return end_of_line.join(lines)


def _renamed(content: Path, old: str, new: str, moved: Mapping[str, str]) -> dict[str, str]:
    """Every file that goes along, by its path: articles, what lies beside them under their name, a topic's folder."""
    files: dict[str, str] = {}
    for id, target in moved.items():
        for ending in (".md", ".asks.yml"):
            if (content / f"{id}{ending}").is_file():
                files[f"{id}{ending}"] = f"{target}{ending}"
    folder = content / old
    if folder.is_dir():
        for file in sorted(folder.rglob("*")):
            path = file.relative_to(content).as_posix()
            goes_along = file.suffix.lower() in IMAGE_TYPES or file.name == "_topic.md"
            if file.is_file() and path not in files and goes_along:
                files[path] = new + path.removeprefix(old)
    return files


def _rewriter(before: str, after: str, moved: Mapping[str, str], old: str, new: str) -> Callable[[re.Match[str]], str]:
    """What a link becomes in a file that lay in the folder `before` and will lie in `after`."""

    def rewrite(match: re.Match[str]) -> str:
        address = match["address"]
        target = resolve(address, before)
        if target.kind == "article":
            path = moved.get(target.path, target.path)
        elif target.kind in ("topic", "image") and (target.path == old or target.path.startswith(f"{old}/")):
            path = new + target.path.removeprefix(old)
        else:
            path = target.path
        if target.kind not in ("article", "topic", "image") or (path == target.path and before == after):
            return match[0]
        if path == target.path and address.startswith("/"):
            return match[0]
        if address.startswith("/"):
            written = address.replace(target.path, path, 1)
        else:
            ending = {"article": ".md", "topic": "/", "image": ""}[target.kind]
            fragment = address.partition("#")[1] + address.partition("#")[2]
            written = posixpath.relpath(path or ".", after or ".") + ending + fragment
        return match["before"] + written

    return rewrite


def read_source(file: Path) -> str:
    """The text of a file as it is, line ends and undecodable bytes included."""
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        return opened.read()


def write_source(file: Path, text: str) -> None:
    """Replace a file by what `read_source` gave, changed; at no instant is it half written."""
    temporary = file.with_name(f".{file.name}.new")
    with temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as opened:
        opened.write(text)
    temporary.replace(file)
