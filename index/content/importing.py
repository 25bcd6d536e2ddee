"""Importing: documents of other systems become clean articles of this help center.

In: files, folders and zips of Markdown, HTML or Word, the content folder and a topic. Out: new `.md` files with front
matter, and for each a list of what was changed, guessed or left out, for the author to look over.
Why so careful: nothing is overwritten, nothing is written unless every document of the call can be. Filters are guessed
from the values the other articles use, so that an import adds no value of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from index.content import frontmatter
from index.content.articles import article_id, scan
from index.content.drafts import Draft, place
from index.content.exports import ImportRefused, open_exports
from index.content.sites import read_site
from index.site import TOPIC, FilterSpec


class Imported(NamedTuple):
    """One article that was written, or in a dry run would be."""

    source: str
    path: Path
    title: str
    pictures: int
    notes: list[str]
    """What was guessed, changed or left out, in Chinese."""


def import_files(files: Sequence[Path], content: Path, topic: str, *, dry_run: bool = False) -> list[Imported]:
    """Write an article into `content`/`topic` for each document of `files`, with the pictures that it shows.

    Folders and zips keep their folders below the topic; links between their documents lead to the new articles. Raises
    ImportRefused, before anything is written, where a document cannot be read, would be at fault as an article, or
    would overwrite another; OSError where the folder cannot be written.
    """
    topic = topic.strip("/")
    if not all(part and not part.startswith(("_", ".")) and "\\" not in part for part in topic.split("/")):
        raise ImportRefused(f"主题“{topic}”不能用：写成内容文件夹里的路径，各段不以 _ 或 . 开头，如 travel/europe")
    filters = read_site(content).site.filters
    values = _known_values(content, filters)
    drafts: list[Draft] = []
    for export in open_exports(files):
        alone = len(export.documents) == 1 and export.documents[0] == export.name
        ids = {document: place(document, topic, alone) for document in export.documents}
        drafts += [Draft(export, document, ids, values, filters) for document in export.documents]
    addresses = {address: draft.id for draft in drafts for address in draft.addresses}
    for draft in drafts:
        draft.finish(addresses)
    targets: dict[Path, Draft] = {}
    for draft in drafts:
        for name in (f"{draft.id}.md", *draft.pictures):
            target = content / name
            if target.exists() or target.is_symlink():
                raise ImportRefused(f"{target} 已经存在，不会覆盖：先改名或删掉它，再导入 {draft.shown}")
            other = targets.setdefault(target, draft)
            if other is not draft:
                raise ImportRefused(f"{other.shown} 和 {draft.shown} 都会写到 {target}：给其中一个改名")
    if not dry_run:
        _write(targets)
    return [
        Imported(draft.shown, content / f"{draft.id}.md", draft.title, len(draft.pictures), draft.notes)
        for draft in drafts
    ]


def _write(targets: dict[Path, Draft]) -> None:
    """Write all of it, or, where the disk refuses, none."""
    written: list[Path] = []
    try:
        for target, draft in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                written.append(target)
                file.write(draft.bytes_of(target))
    except BaseException:
        for target in written:
            target.unlink(missing_ok=True)
        raise


def _known_values(content: Path, filters: Sequence[FilterSpec]) -> dict[str, list[str]]:
    """The filter values in use, most used first."""
    counts: dict[str, dict[str, int]] = {one.name: {} for one in filters if one.name != TOPIC}
    for path, file in scan(content) if content.is_dir() else []:
        text = file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        front, _ = frontmatter.read(text, article_id(path), filters)
        for name, count in counts.items():
            for value in front.filters.get(name, ()):
                count[value] = count.get(value, 0) + 1
    return {name: sorted(count, key=lambda value: (-count[value], value)) for name, count in counts.items()}
