"""Exports: files, folders and zips of other systems, as one list of documents to import.

In: paths given on the command line. Out: `Export`s, each the documents that came together, so that pictures and links
between them can be followed. Why a bound on everything: an export comes from a stranger, and a zip of 40 KB can hold
4 GB. Nothing is unpacked to disk, and only regular files are opened: a named pipe would wait for ever.
"""

from __future__ import annotations

import posixpath
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path

MARKUP = (".md", ".markdown", ".html", ".htm", ".xhtml", ".docx")
"""What becomes an article when it lies in a folder or zip. A file that is named itself may have any ending."""
MAX_DOCUMENT = 5_000_000
MAX_FILE = 20_000_000
"""Bytes of one document, and of a picture or a Word file."""
MAX_FILES = 20_000
MAX_BYTES = 500_000_000
"""Files of one export, and their bytes together."""


class ImportRefused(Exception):
    """Nothing was written; the message (Simplified Chinese) names the file, the reason and the way out."""


@dataclass(frozen=True, slots=True)
class Export:
    """Documents that came together, by their path inside the export, with `/`."""

    name: str
    documents: tuple[str, ...]
    files: dict[str, Callable[[], bytes]] = field(repr=False)
    """Everything that a document may point at, itself included."""

    def read(self, path: str) -> bytes:
        """The bytes of one file. Raises ImportRefused where it cannot be read or is too large."""
        try:
            raw = self.files[path]()
        except OSError as error:
            raise ImportRefused(f"读不了 {self.shown(path)}：{error.strerror or error}") from error
        except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
            raise ImportRefused(f"读不了 {self.shown(path)}：压缩包损坏或加了密（{error}）") from error
        most = MAX_DOCUMENT if path.lower().endswith(MARKUP) and not path.lower().endswith(".docx") else MAX_FILE
        if len(raw) > most:
            raise ImportRefused(f"{self.shown(path)} 超过 {most // 1_000_000} MB：拆成几篇再导入")
        return raw

    def shown(self, path: str) -> str:
        """A file's name for messages."""
        return path if path == self.name else f"{self.name} 里的 {path}"


def open_exports(paths: Sequence[Path]) -> list[Export]:
    """One export for each path. Raises ImportRefused for what is no regular file, folder or zip, or holds nothing."""
    return [_open(path) for path in paths]


def _open(path: Path) -> Export:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise ImportRefused(f"读不了 {path}：{error.strerror}") from error
    if stat.S_ISDIR(mode):
        files = dict(_bounded(_folder(path), path))
    elif not stat.S_ISREG(mode):
        raise ImportRefused(f"{path} 不是普通文件：先把内容存成文件，再导入")
    elif path.suffix.lower() == ".zip":
        files = dict(_bounded(_zip(path), path))
    else:
        beside = {name: read for name, _, read in _folder(path.parent, documents=False)}
        return Export(path.name, (path.name,), {**beside, path.name: _reader(path)})
    documents = tuple(sorted(name for name in files if name.lower().endswith(MARKUP)))
    if not documents:
        raise ImportRefused(f"{path} 里没有可以导入的文件：需要 {'、'.join(MARKUP)}")
    return Export(path.name, documents, files)


def _bounded(
    files: Iterator[tuple[str, int, Callable[[], bytes]]], path: Path
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    total = 0
    for count, (name, size, read) in enumerate(files, 1):
        total += size
        if count > MAX_FILES or total > MAX_BYTES:
            raise ImportRefused(f"{path} 太大：最多 {MAX_FILES} 个文件、{MAX_BYTES // 1_000_000} MB，分几次导入")
        yield name, read


def _folder(folder: Path, documents: bool = True) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Regular files below a folder, links outside it left out; without `documents`, what a document may show."""
    root = folder.resolve()
    for file in sorted(folder.rglob("*")) if documents else _near(folder):
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        if file.is_file() and file.resolve().is_relative_to(root):
            yield file.relative_to(folder).as_posix(), file.stat().st_size, _reader(file)


def _near(folder: Path) -> Iterator[Path]:
    """Pictures beside a single file, three folders deep: it may be named from a home folder with a million files."""
    for pattern in ("*", "*/*", "*/*/*"):
        for count, file in enumerate(folder.glob(pattern)):
            if count > MAX_FILES:
                break
            if file.suffix.lower() not in MARKUP:
                yield file


def _zip(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise ImportRefused(f"{path} 不是完好的 zip 文件：重新导出一次（{error}）") from error
    with archive:
        for entry in archive.infolist():
            name = posixpath.normpath(_name(entry).replace("\\", "/"))
            hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
            if not entry.is_dir() and not hidden and not name.startswith("/"):
                yield name, entry.file_size, _member(path, entry.filename)


def _name(entry: zipfile.ZipInfo) -> str:
    """Names without the UTF-8 flag are mostly UTF-8 or GB 18030 all the same; zipfile takes them for code page 437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    raw = entry.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _member(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            return file.read(MAX_FILE + 1)  # the size it states may be a lie

    return read


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(MAX_FILE + 1)

    return read
