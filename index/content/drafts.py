"""Drafts: one foreign document on its way to an article: read, cleaned, given its front matter.

In: a document of an export and where it will lie. Out: `Draft`: the article's text, the pictures it takes along, and
notes of what was changed, guessed or left out. Nothing is written here. HTML becomes Markdown first (`webpages.py`),
Word becomes HTML; all else is done on Markdown lines. What a draft becomes has passed the same parser as a build.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from html import unescape
from pathlib import PurePath, PurePosixPath
from typing import Any
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt

from index.content import frontmatter
from index.content.articles import examine
from index.content.asks import asks_of
from index.content.bodies import promotion
from index.content.exports import Export, ImportRefused
from index.content.foreign_text import after_comments, decode, with_code, without_comments
from index.content.linking import IMAGE_TYPES
from index.content.rendering import slug
from index.content.sanitizing import SCHEMES, too_deep
from index.content.webpages import MAX_TAGS, article_of, without_trackers
from index.content.word import read_word
from index.site import FilterSpec

_HTML = re.compile(r"<(?:!doctype html|html|head|body)\b", re.IGNORECASE)
_KEY = re.compile(r"([A-Za-z_][\w-]*|[\u4e00-\u9fff]+)(?=[ \t]*:(?:\s|$))")
_IMAGE = re.compile(r"!\[([^\]\n]{0,500})\]\(\s*<?([^)\s>]{1,2000})>?(?:\s+[\"'][^\n)]{0,300}[\"'])?\s*\)")
_RAW_IMAGE = re.compile(r"<img\b[^<>]{0,3000}>", re.IGNORECASE)
_RAW_ATTRIBUTE = re.compile(r"\b(src|alt)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_LINK = re.compile(
    r"(?<!!)\[([^\[\]\n]{0,500})\]\(\s{0,10}<?([^)\s>]{1,2000})>?(?:\s{1,10}[\"'][^\n)]{0,300}[\"'])?\s{0,10}\)"
)
_DEFINITION = re.compile(r" {0,3}\[[^\]\n]{1,300}\]:[ \t]{0,10}<?([^\s>]{1,2000})")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{1,2000})>")
_RAW_LINK = re.compile(r"\bhref\s{0,5}=\s{0,5}(\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s>]{1,2000})", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_URL = re.compile(r"https?://[^\s<>\"'()]+")
_SENTENCE = re.compile(r".{6,}?[。！？!?](?=.|$)|.{6,}?\.(?=\s|$)")
_MAX_SUMMARY = 80  # characters; what two lines of a card hold on a phone

_MAX_FOOTER = 160  # characters; a longer line is a paragraph, to be cut by a person


def place(document: str, topic: str, alone: bool) -> str:
    """The id of the article that a document becomes: its folders, unless it came `alone`, below `topic`."""
    path = PurePosixPath(document)
    folders = () if alone else path.parts[:-1]
    parts = [slug(part) or "folder" for part in folders] + [slug(path.stem) or "article"]
    return "/".join([topic, *parts])


class Draft:
    """One document, read and cleaned; `finish` then follows its links and completes the text."""

    def __init__(
        self,
        export: Export,
        document: str,
        ids: Mapping[str, str],
        values: Mapping[str, Sequence[str]],
        filters: Sequence[FilterSpec],
    ) -> None:
        self._export, self._document, self._ids, self._filters = export, document, ids, filters
        self.id = ids[document]
        self.shown = export.shown(document)
        self.notes: list[str] = []
        self.pictures: dict[str, bytes] = {}
        """Their paths relative to the content folder."""
        self._beside: dict[str, bytes] = {}  # the pictures that a Word document brings along
        raw = export.read(document)
        if document.lower().endswith(".docx"):
            html, pictures = read_word(raw, self.shown)
            self._beside = {self._inside(address): picture for address, picture in pictures.items()}
            fields, body = self._from_page(html)
        else:
            text, encoding = decode(raw, self.shown)
            if encoding:
                self.notes.append(f"原文件不是 UTF-8，按 {encoding} 读取：检查有没有乱码")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
            is_page = document.lower().endswith((".html", ".htm", ".xhtml")) or _HTML.match(after_comments(text))
            fields, body = self._from_page(text) if is_page else self._from_markdown(text)
        body = self._cleaned(body)
        self.title, self._body = self._title(body, fields.get("title", ""))
        if document != export.name:
            old = str(PurePosixPath(document).with_suffix(""))
            fields["moved_from"] = tuple(dict.fromkeys((*fields.get("moved_from", ()), old)))
        self._fields = fields
        self._complete(fields, self.title, self._body, values)
        self.text = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses under which other documents may link to it."""
        return tuple(address for address in self._fields.get("sources", ()) if "://" in address)

    def bytes_of(self, target: PurePath) -> bytes:
        """What is to be written to one of its files."""
        for name, picture in self.pictures.items():
            if target.as_posix().endswith(name):
                return picture
        return self.text.encode()

    def finish(self, addresses: Mapping[str, str]) -> None:
        """Let links lead to the articles that were imported with it; `addresses`: article id by old address."""
        lines = [
            line if is_code else _LINK.sub(lambda match: self._link(match[1], match[2], addresses), line)
            for line, is_code in with_code(self._body)
        ]
        body = "\n".join(lines)
        own = self._fields.get("moved_from", ())
        self._fields["moved_from"] = tuple(name for name in own if name and name != self.id)
        self.text = f"---\n{_as_yaml(self._fields, frontmatter.written_order(self._filters))}---\n\n{body.strip()}\n"
        self.notes = list(dict.fromkeys(self.notes))
        _, problems, _, _ = examine(self.id, f"{self.id}.md", self.text.encode(), self._filters)
        for problem in problems:
            if problem.level == "fault":
                raise ImportRefused(f"{self.shown} 导入后第 {problem.line} 行有错：{problem.message}")
            self.notes.append(f"第 {problem.line} 行：{problem.message}")

    def _link(self, words: str, address: str, addresses: Mapping[str, str]) -> str:
        """A link as it will be: to a new article where the old one came along, words alone where it is no address."""
        if not self._safe(address):
            return words
        path, mark, fragment = address.partition("#")
        found = addresses.get(without_trackers(address).partition("#")[0])
        if not found and path and not _SCHEME.match(path) and not path.startswith("//"):
            inside = self._inside(path)
            names = (inside, f"{inside}.html", f"{inside}.md")
            found = next((self._ids[name] for name in names if name in self._ids), "")
        return f"[{words}](/articles/{found}{mark}{fragment})" if found else f"[{words}]({address})"

    def _inside(self, address: str) -> str:
        """The path inside the export that an address in this document names."""
        wanted = unquote(address.partition("?")[0].partition("#")[0])
        folder = "" if wanted.startswith("/") else posixpath.dirname(self._document)
        return posixpath.normpath(posixpath.join(folder, wanted.lstrip("/")))

    def _safe(self, address: str) -> bool:
        """Whether an address leads somewhere and runs nothing, however it is written."""
        scheme = _SCHEME.match("".join(letter for letter in unescape(unquote(address)) if letter > " "))
        if scheme and scheme[1].lower() not in SCHEMES:
            self.notes.append(f"去掉了链接 {address[:40]}：不是网址")
            return False
        return True

    def _from_page(self, text: str) -> tuple[dict[str, Any], str]:
        if too_deep(text):
            raise ImportRefused(f"{self.shown} 的标签嵌套太深：检查没有闭合的标签")
        if text.count("<") > MAX_TAGS:
            raise ImportRefused(f"{self.shown} 有 {text.count('<')} 个标签，最多 {MAX_TAGS} 个：拆成几篇再导入")
        fields, body, notes = article_of(text)
        self.notes += notes
        return fields, body

    def _from_markdown(self, text: str) -> tuple[dict[str, Any], str]:
        """Known fields as they are, other systems' names for them translated, the rest left out with a note."""
        lines = text.split("\n")
        front, _ = frontmatter.read(text, self.shown, self._filters)
        known = frontmatter.written_order(self._filters)
        for number in range(1, front.body - 1):
            if (key := _KEY.match(lines[number])) and key[1] not in known:
                field = frontmatter.did_you_mean(key[1], self._filters)
                if field and field not in front.lines:
                    lines[number] = field + lines[number][key.end() :]
                    front.lines[field] = number + 1
                    self.notes.append(f"front matter 的 {key[1]} 改成了 {field}")
        front, problems = frontmatter.read("\n".join(lines), self.shown, self._filters)
        self.notes += [f"front matter 没有保留：{problem.message}" for problem in problems]
        fields = {name: getattr(front, name) for name in frontmatter.FIELDS if getattr(front, name)}
        if front.asks:
            fields["asks"] = {one.anchor: [text for text, _ in one.texts] for one in asks_of(front.asks, "", 2)[0]}
        return fields | front.filters, "\n".join(lines[front.body :])

    def _cleaned(self, body: str) -> str:
        """Without advertising, trackers, comments and pictures that cannot be shown; code stays as it is."""
        body = without_comments(body)
        lines: list[str] = []
        for line, is_code in with_code(body):
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
                if (definition := _DEFINITION.match(line)) and not self._safe(definition[1]):
                    continue
                line = _AUTOLINK.sub(lambda match: match[0] if self._safe(match[1]) else match[1], line)
                line = _RAW_LINK.sub(lambda match: match[0] if self._safe(match[1].strip("\"'")) else "", line)
            lines.append(line)
        while lines and (not lines[-1].strip() or re.fullmatch(r"\s*(?:[-*_]\s*){3,}", lines[-1])):
            lines.pop()  # the rule that stood above a footer
        return "\n".join(lines)

    def _raw_picture(self, tag: str) -> str:
        attributes = {name.lower(): one or two for name, one, two in _RAW_ATTRIBUTE.findall(tag)}
        return self._picture(attributes.get("src", ""), attributes.get("alt", ""))

    def _picture(self, address: str, alt: str) -> str:
        """The picture beside the document, to be copied; else its words, if it has any of its own."""
        inside = self._inside(address)
        kind = posixpath.splitext(inside)[1].lower()
        held = inside in self._beside or inside in self._export.files
        if ":" not in address and kind in IMAGE_TYPES and held:
            stem = slug(posixpath.splitext(posixpath.basename(inside))[0]) or "picture"
            name = f"{posixpath.basename(self.id)}-{stem}{kind}"
            self.pictures[f"{posixpath.dirname(self.id)}/images/{name}"] = self._beside.get(
                inside
            ) or self._export.read(inside)
            return f"![{alt}](images/{name})"
        self.notes.append(f"去掉了图片 {address[:80]}：不在原文件旁边，或格式不支持")
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
            title = PurePosixPath(self._document).stem.replace("-", " ").replace("_", " ").strip() or "未命名"
            self.notes.append(f"没有找到标题，用了文件名“{title}”")
        top = min((int(tokens[at].tag[1]) for at in headings), default=2)
        for at in headings:
            level = min(int(tokens[at].tag[1]) + 2 - top, 6)
            _replace(lines, tokens[at].map, f"{'#' * level} {' '.join(tokens[at + 1].content.split())}")
        if top != 2:
            self.notes.append(f"标题从 {top} 级起，已改成从 2 级起")
        return title, "\n".join(lines)

    def _complete(self, fields: dict[str, Any], title: str, body: str, values: Mapping[str, Sequence[str]]) -> None:
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
            fields["sources"] = (self.shown,)
            self.notes.append(f"sources 先写成原文件名 {self.shown}：换成事实的出处")
        self.notes.append("没有写 verified：对照来源核实后再写上")


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


def _replace(lines: list[str], span: list[int] | None, line: str) -> None:
    """Put one line where a block stands, keeping the count of lines so that the other blocks stay where they were."""
    assert span
    lines[span[0] : span[1]] = [line] + [""] * (span[1] - span[0] - 1)


def _plain(words: str) -> str:
    return " ".join(re.sub(r"[*_`]|\{#[^}]*\}", "", words).split())


def _as_yaml(fields: dict[str, Any], order: Iterable[str]) -> str:
    """The fields in `order`; lists on one line, as authors write them."""
    out = []
    for name in order:
        if value := fields.get(name):
            item = list(value) if isinstance(value, tuple) else value
            item = unicodedata.normalize("NFC", item) if isinstance(item, str) else item
            style = None if isinstance(item, list) else False
            out.append(yaml.safe_dump({name: item}, allow_unicode=True, default_flow_style=style, width=10_000))
    return "".join(out)
