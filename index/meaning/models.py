"""Models: where one lies.

In: the setting `HELPCENTER_MEANING`. Out: a folder with `model.onnx` and `tokenizer.json`, or ModelUnavailable, whose
message says what is missing and the way out. Why two files and nothing else: whatever packs such a model holds these,
and only their content decides what is encoded (`digest`).
"""

from __future__ import annotations

import hashlib
from importlib import util
from pathlib import Path

from index.model import ModelUnavailable

MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
PACKAGE = "helpcenter_meaning_model"
"""The installed package that `package` means; it holds the two files."""


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
