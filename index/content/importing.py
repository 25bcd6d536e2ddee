"""Importing: foreign Markdown or HTML becomes a clean article of this help center.

In: files of any origin, the content folder and a topic. Out: new `.md` files with front matter, and for each a list of
what was changed, guessed or left out, for the author to look over.
Why so careful: nothing is overwritten, nothing is written unless every file of the call can be, and what is written
has passed the same parser as a build. Filters are guessed from the values the other articles use, so that an import
adds no value of its own. HTML becomes Markdown first (`webpages.py`); all else is done on Markdown lines.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt

from index.content import frontmatter
from index.content.articles import article_id, examine, scan
from index.content.checking import promotion
from index.content.linking import IMAGE_TYPES
from index.content.rendering import slug
from index.content.sanitizing import too_deep
from index.content.webpages import article_of, without_trackers

_HTML = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_KEY = re.compile(r"([A-Za-z_][\w-]*|[\u4e00-\u9fff]+)(?=[ \t]*:(?:\s|$))")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\(\s*<?([^)\s>]{1,2000})>?(?:\s+[\"'][^\n)]{0,300}[\"'])?\s*\)")
_RAW_IMAGE = re.compile(r"<img\b[^<>]{0,3000}>", re.IGNORECASE)
_RAW_ATTRIBUTE = re.compile(r"\b(src|alt)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"'()]+")
_SENTENCE = re.compile(r".{6,}?[。！？!?](?=.|$)|.{6,}?\.(?=\s|$)")
_MAX_SUMMARY = 80  # characters; what two lines of a card hold on a phone

_MAX_FOOTER = 160  # characters; a longer line is a paragraph, to be cut by a person


class ImportRefused(Exception):
    """Nothing was written; the message (Simplified Chinese) names the file, the reason and the way out."""


class Imported(NamedTuple):
    """One article that was written."""

    path: Path
    notes: list[str]
    """What was guessed, changed or left out, in Chinese."""


def import_files(files: Sequence[Path], content: Path, topic: str) -> list[Imported]:
    """Write an article into `content`/`topic` for each file, with the pictures that lie beside it.

    Raises ImportRefused, before anything is written, where a file cannot be read, would be at fault as an article, or
    would overwrite another; OSError where the folder cannot be written.
    """
    topic = topic.strip("/")
    if not all(part and not part.startswith(("_", ".")) and "\\" not in part for part in topic.split("/")):
        raise ImportRefused(f"主题“{topic}”不能用：写成内容文件夹里的路径，各段不以 _ 或 . 开头，如 travel/europe")
    values = _known_values(content)
    drafts = [_Draft(file, content, topic, values) for file in files]
    targets: dict[Path, Path] = {}
    for draft in drafts:
        for target in (draft.target, *draft.pictures):
            if target.exists() or target.is_symlink():
                raise ImportRefused(f"{target} 已经存在，不会覆盖：先改名或删掉它，再导入 {draft.file.name}")
            other = targets.setdefault(target, draft.file)
            if other is not draft.file:
                raise ImportRefused(f"{other.name} 和 {draft.file.name} 都会写到 {target}：给其中一个改名")
    written = []
    for draft in drafts:
        draft.target.parent.mkdir(parents=True, exist_ok=True)
        for target, picture in draft.pictures.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                file.write(picture.read_bytes())
        with draft.target.open("x", encoding="utf-8") as text:
            text.write(draft.text)
        written.append(Imported(draft.target, draft.notes))
    return written


class _Draft:
    """One file on its way: read, cleaned, given its front matter. Nothing is written here."""

    def __init__(self, file: Path, content: Path, topic: str, values: dict[str, list[str]]) -> None:
        self.file = file
        self.notes: list[str] = []
        self.pictures: dict[Path, Path] = {}
        name = slug(file.stem) or "article"
        self.target = content / topic / f"{name}.md"
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise ImportRefused(f"读不了 {file}：{error.strerror}") from error
        text = self._decoded(raw).replace("\r\n", "\n").replace("\r", "\n")
        if file.suffix.lower() in (".html", ".htm", ".xhtml") or _HTML.match(text):
            if too_deep(text):
                raise ImportRefused(f"{self.file.name} 的标签嵌套太深：检查没有闭合的标签")
            fields, body, notes = article_of(text)
            self.notes += notes
        else:
            fields, body = self._from_markdown(text)
        body = self._cleaned(body)
        title, body = self._title(body, fields.get("title", ""))
        self._complete(fields, title, body, values)
        self.text = f"---\n{_as_yaml(fields)}---\n\n{body.strip()}\n"
        _, problems, _, _ = examine(f"{topic}/{name}", f"{topic}/{name}.md", self.text.encode())
        for problem in problems:
            if problem.level == "fault":
                raise ImportRefused(f"{file.name} 导入后第 {problem.line} 行有错：{problem.message}")
            self.notes.append(f"第 {problem.line} 行：{problem.message}")

    def _decoded(self, raw: bytes) -> str:
        if b"\0" in raw and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
            raise ImportRefused(f"{self.file.name} 不是文本文件：只能导入 Markdown 或 HTML")
        declared = _CHARSET.search(raw[:4096])
        encodings = ["utf-8-sig", *([declared[1].decode()] if declared else []), "utf-16", "gb18030"]
        for encoding in encodings:
            if encoding == "utf-16" and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
                continue
            with suppress(UnicodeDecodeError, LookupError):
                text = raw.decode(encoding)
                if encoding != "utf-8-sig":
                    self.notes.append(f"原文件不是 UTF-8，按 {encoding} 读取：检查有没有乱码")
                return text
        raise ImportRefused(f"{self.file.name} 的编码认不出来：另存为 UTF-8 再导入")

    def _from_markdown(self, text: str) -> tuple[dict[str, Any], str]:
        """Known fields as they are, other systems' names for them translated, the rest left out with a note."""
        lines = text.split("\n")
        front, problems = frontmatter.read(text, self.file.name)
        for number in range(1, front.body - 1):
            if (key := _KEY.match(lines[number])) and key[1] not in frontmatter.FIELDS:
                field = frontmatter.did_you_mean(key[1])
                if field and field not in front.lines:
                    lines[number] = field + lines[number][key.end() :]
                    front.lines[field] = number + 1
                    self.notes.append(f"front matter 的 {key[1]} 改成了 {field}")
        front, problems = frontmatter.read("\n".join(lines), self.file.name)
        self.notes += [f"front matter 没有保留：{problem.message}" for problem in problems]
        fields = {name: getattr(front, name) for name in frontmatter.FIELDS if getattr(front, name)}
        return fields, "\n".join(lines[front.body :])

    def _cleaned(self, body: str) -> str:
        """Without advertising, trackers, comments and pictures that cannot be shown; code stays as it is."""
        body = _COMMENT.sub("", body)
        lines: list[str] = []
        for line, is_code in _with_code(body):
            if not is_code:
                found = promotion(line)
                if found and len(line) > _MAX_FOOTER:
                    self.notes.append(f"像是推广文字，在长段落里，没有动：“{found}”")
                elif found:
                    self.notes.append(f"去掉了推广文字“{found}”所在的一行")
                    continue
                line = _IMAGE.sub(lambda match: self._picture(match[2], match[1]), line)
                line = _RAW_IMAGE.sub(lambda match: self._raw_picture(match[0]), line)
                without = _URL.sub(lambda match: without_trackers(match[0]), line)
                if without != line:
                    self.notes.append("去掉了链接里的跟踪参数")
                line = without
            lines.append(line)
        self.notes = list(dict.fromkeys(self.notes))
        while lines and (not lines[-1].strip() or re.fullmatch(r"\s*(?:[-*_]\s*){3,}", lines[-1])):
            lines.pop()  # the rule that stood above a footer
        return "\n".join(lines)

    def _raw_picture(self, tag: str) -> str:
        attributes = {name.lower(): one or two for name, one, two in _RAW_ATTRIBUTE.findall(tag)}
        return self._picture(attributes.get("src", ""), attributes.get("alt", ""))

    def _picture(self, address: str, alt: str) -> str:
        """The picture beside the file, to be copied; else its words, if it has any of its own."""
        folder = self.file.parent.resolve()
        source = (folder / unquote(address.partition("?")[0].partition("#")[0])) if ":" not in address else None
        with suppress(OSError, ValueError):
            if source and source.suffix.lower() in IMAGE_TYPES and source.resolve(strict=True).is_relative_to(folder):
                name = f"{self.target.stem}-{slug(source.stem) or 'picture'}{source.suffix.lower()}"
                self.pictures[self.target.parent / "images" / name] = source
                return f"![{alt}](images/{name})"
        self.notes.append(f"去掉了图片 {address}：不在原文件旁边，或格式不支持")
        return "" if alt.lower() in ("", "image", "img", "图片") else alt

    def _title(self, body: str, title: str) -> tuple[str, str]:
        """Take the title out of the body, and let its headings begin at level 2 without a gap above them."""
        tokens = MarkdownIt("commonmark").parse(body)
        headings = [at for at, token in enumerate(tokens) if token.type == "heading_open" and token.level == 0]
        lines = body.split("\n")
        first = next((at for at in headings if tokens[at].tag == "h1"), None)
        if first is not None:
            words = _plain(tokens[first + 1].content)
            if not title or slug(words) == slug(title):
                title = title or words
                headings.remove(first)
                _replace(lines, tokens[first].map, "")
        if not title:
            title = self.file.stem.replace("-", " ").replace("_", " ").strip() or "未命名"
            self.notes.append(f"没有找到标题，用了文件名“{title}”")
        top = min((int(tokens[at].tag[1]) for at in headings), default=2)
        for at in headings:
            level = min(int(tokens[at].tag[1]) + 2 - top, 6)
            _replace(lines, tokens[at].map, f"{'#' * level} {' '.join(tokens[at + 1].content.split())}")
        if top != 2:
            self.notes.append(f"标题从 {top} 级起，已改成从 2 级起")
        return title, "\n".join(lines)

    def _complete(self, fields: dict[str, Any], title: str, body: str, values: dict[str, list[str]]) -> None:
        """Guess the fields that are not there, and say so."""
        fields["title"] = title
        article, _, _, _ = examine("draft", "draft.md", f"# {title}\n\n{body}".encode())
        text = "\n".join(section.text for section in article.sections) if article else body
        if not fields.get("summary"):
            first = " ".join((text.strip().split("\n") or [""])[0].split())
            sentence = _SENTENCE.match(first)
            summary = sentence[0] if sentence else first
            if summary:
                fields["summary"] = summary if len(summary) <= _MAX_SUMMARY else summary[: _MAX_SUMMARY - 1] + "…"
                self.notes.append("summary 取自第一段：改成一句说清这篇帮读者做成什么的话")
        for name, known in values.items():
            if not fields.get(name) and (found := _mentioned(known, title, text)):
                fields[name] = tuple(found)
                self.notes.append(f"{name} 猜为 {'、'.join(found)}：核对一下")
        if not fields.get("sources"):
            fields["sources"] = (self.file.name,)
            self.notes.append(f"sources 先写成原文件名 {self.file.name}：换成事实的出处")
        self.notes.append("没有写 verified：对照来源核实后再写上")


def _known_values(content: Path) -> dict[str, list[str]]:
    """The filter values in use, most used first."""
    counts: dict[str, dict[str, int]] = {"region": {}, "carrier": {}, "situation": {}, "device": {}}
    for path, file in scan(content) if content.is_dir() else []:
        text = file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        front, _ = frontmatter.read(text, article_id(path))
        for name, count in counts.items():
            for value in getattr(front, name):
                count[value] = count.get(value, 0) + 1
    return {name: sorted(count, key=lambda value: (-count[value], value)) for name, count in counts.items()}


def _mentioned(known: Iterable[str], title: str, text: str) -> list[str]:
    """The values that the title names, or the text at least twice, in order of how often."""
    found: dict[str, int] = {}
    for value in known:
        edge = r"(?<![A-Za-z]){}(?![A-Za-z])" if value.isascii() else "{}"
        pattern = re.compile(edge.format(re.escape(value)), re.IGNORECASE)
        count = len(pattern.findall(text)) + 2 * len(pattern.findall(title))
        if count >= 2:
            found[value] = count
    return sorted(found, key=lambda value: -found[value])


def _with_code(body: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is in a fenced code block."""
    fence = ""
    for line in body.split("\n"):
        match = _FENCE.match(line)
        if match and not fence:
            fence = match[1]
            yield line, True
        elif match and match[1] == fence:
            fence = ""
            yield line, True
        else:
            yield line, bool(fence)


def _replace(lines: list[str], span: list[int] | None, line: str) -> None:
    """Put one line where a block stands, keeping the count of lines so that the other blocks stay where they were."""
    assert span
    lines[span[0] : span[1]] = [line] + [""] * (span[1] - span[0] - 1)


def _plain(words: str) -> str:
    return " ".join(re.sub(r"[*_`]|\{#[^}]*\}", "", words).split())


def _as_yaml(fields: dict[str, Any]) -> str:
    """The fields in the order of the contract; lists on one line, as authors write them."""
    out = []
    for name in frontmatter.ORDER:
        if value := fields.get(name):
            item = list(value) if isinstance(value, tuple) else value
            item = unicodedata.normalize("NFC", item) if isinstance(item, str) else item
            style = None if isinstance(item, list) else False
            out.append(yaml.safe_dump({name: item}, allow_unicode=True, default_flow_style=style, width=10_000))
    return "".join(out)
