"""Fetching: the model that was measured, from the model hub or a mirror of it.

In: the hub's address. Out: a folder with the model, its bytes checked. Why pinned by revision and SHA-256: what is
fetched decides what readers find, and must be what was measured, whoever hands it out. Any other model: `install`.
"""

from __future__ import annotations

import hashlib
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import IO

from index.meaning.installing import put
from index.meaning.models import MODEL, TOKENIZER
from index.model import ModelUnavailable

REPOSITORY, REVISION = "Xenova/bge-small-zh-v1.5", "75c43b069aac4d136ba6bc1122f995fedcfd2781"
"""BAAI's bge-small-zh-v1.5 in 8 bits, MIT. See docs/meaning.md for what else was tried."""
FILES = {
    MODEL: ("onnx/model_quantized.onnx", "15b717c382bcb518ba457b93ea6850ede7f4f1cd8937454aa06972366cd19bcc", 24010842),
    TOKENIZER: ("tokenizer.json", "48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26", 439125),
}
"""Where each file lies at the hub, its SHA-256 and its bytes."""
PATIENCE = 30
"""Seconds without a byte."""
_BLOCK = 1 << 18


def fetch_model(hub: str, target: Path, tell: Callable[[str, int, int], None]) -> None:
    """Fetch the model from `hub` into the folder `target`; `tell`: a file's name, bytes had, bytes in all.

    Raises ModelUnavailable where it cannot be had or is another; then nothing is changed.
    """
    files: dict[str, Callable[[str], IO[bytes]]] = {}
    for name, (path, checksum, size) in FILES.items():
        address = f"{hub.rstrip('/')}/{REPOSITORY}/resolve/{REVISION}/{path}"
        raw = _download(address, size, partial(tell, name))
        if hashlib.sha256(raw).hexdigest() != checksum:
            raise ModelUnavailable(
                f"{address} 给的不是核对过的那个文件（SHA-256 不符，{len(raw)} 字节）。没有保存任何东西。"
                "请换一个镜像（HELPCENTER_MODEL_HUB），或用 helpcenter model install 从文件安装。"
            )
        files[name] = _opener(raw)
    put(target, files)


def _opener(raw: bytes) -> Callable[[str], IO[bytes]]:
    return lambda mode: io.BytesIO(raw)


def _download(address: str, size: int, had: Callable[[int, int], None]) -> bytes:
    """At most a byte more than `size`, which then has another checksum."""
    read = bytearray()
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:  # noqa: S310 the setting is http or https
            while len(read) <= size and (block := answer.read(min(_BLOCK, size + 1 - len(read)))):
                read += block
                had(len(read), size)
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise ModelUnavailable(
            f"下载不了 {address}：{error}。请检查网络，用 HELPCENTER_MODEL_HUB 换一个镜像，"
            "或用 helpcenter model install 从文件安装。"
        ) from None
    return bytes(read)
