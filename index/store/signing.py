"""Signing: who built a snapshot, proved by a secret that the builder and the servers share.

In: a snapshot's folder and a key file. Out: `signature.json` there, or a refusal that names what was altered. Why
besides checksums: those find accidents, and whoever alters a file on its way can alter its checksum as well.
Why HMAC: it is in the standard library. A server could sign too, but whoever can read its key controls it anyway.
Not covered: an older snapshot keeps its valid signature, and whoever can write on the server can change files after
the check.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from index.model import IndexUnavailable
from index.store.writing import sync

SIGNATURE = "signature.json"
SHORTEST = 32
"""Bytes of a key file at least."""


def new_key(path: Path) -> None:
    """Write a new key into `path`, readable by its owner alone. Raises FileExistsError: a key is never written over."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")


def load_key(path: str) -> bytes:
    """The key in `path`. Raises IndexUnavailable."""
    try:
        key = Path(path).expanduser().read_bytes().strip()
    except OSError as error:
        raise IndexUnavailable(
            f"读不了密钥文件 {path}（{error.strerror}）。请检查 HELPCENTER_INDEX_KEY 或 --sign；"
            "新的密钥用 helpcenter index --new-key 生成。"
        ) from None
    if len(key) < SHORTEST:
        raise IndexUnavailable(f"密钥文件 {path} 太短，至少要 {SHORTEST} 字节；用 helpcenter index --new-key 生成。")
    return key


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(place: Path) -> dict[str, str]:
    """The SHA-256 of every file in `place` but the signature, by name."""
    return {path.name: digest(path) for path in sorted(place.iterdir()) if path.name != SIGNATURE}


def seal(files: dict[str, str], key: bytes) -> str:
    """What proves that somebody with the key meant these files and no others."""
    return hmac.new(key, json.dumps(files, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def sign(place: Path, key: bytes) -> None:
    """Write the signature of all files in `place`."""
    files = digests(place)
    (place / SIGNATURE).write_text(json.dumps({"files": files, "hmac": seal(files, key)}, indent=0), "utf-8")
    sync(place / SIGNATURE)


def check_signature(place: Path, key: bytes) -> None:
    """Compare every file with the signature; 1 GB/s. Raises IndexUnavailable: unsigned, another key, altered, added."""
    way_out = "请用同一把密钥重建（helpcenter index --sign），或 helpcenter rollback 退回上一个。"
    try:
        signed = json.loads((place / SIGNATURE).read_text("utf-8"))
        files, proof = dict(signed["files"]), str(signed["hmac"])
    except FileNotFoundError:
        raise IndexUnavailable(f"快照 {place.name} 没有签名，而本站只用签了名的索引。{way_out}") from None
    except (ValueError, KeyError, TypeError):
        raise IndexUnavailable(f"快照 {place.name} 的签名读不懂。{way_out}") from None
    if not hmac.compare_digest(seal(files, key).encode(), proof.encode("utf-8", "replace")):
        raise IndexUnavailable(f"快照 {place.name} 的签名不对：密钥不同，或签名被改过。{way_out}")
    found = digests(place)
    for name in sorted(files.keys() | found.keys()):
        if files.get(name) != found.get(name):
            raise IndexUnavailable(f"快照 {place.name} 的文件 {name} 与签名不符：签名之后被改动、添加或删除。{way_out}")
