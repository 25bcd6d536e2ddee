"""Places: where copies of an index lie, all asked in the same way.

In: a path, http(s)://… (to read), or any address that fsspec knows. Out: a `Store`, whose files are opened, listed, put
and removed by name. Why the web without fsspec: a front end then needs no library, and no redirect is followed blindly.
"""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from index.model import IndexUnavailable
from index.store.writing import sync

PATIENCE = 10
"""Seconds until a web server that says nothing counts as gone."""


class Store(Protocol):
    """Where copies lie. What goes wrong is an OSError, or whatever the client of an object storage raises."""

    def open(self, name: str) -> IO[bytes]: ...
    def sizes(self, folder: str) -> dict[str, int]: ...
    def put(self, name: str, file: Path) -> None: ...
    def remove(self, name: str) -> None: ...


class FolderStore:
    """A folder, on this machine or mounted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def sizes(self, folder: str) -> dict[str, int]:
        """How many bytes each file there has, by name."""
        place = self.path / folder
        return (
            {entry.name: entry.stat().st_size for entry in place.iterdir() if entry.is_file()} if place.is_dir() else {}
        )

    def put(self, name: str, file: Path) -> None:
        """Whole or not at all, whenever this is interrupted."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.new")
        shutil.copyfile(file, unfinished)
        sync(unfinished)
        unfinished.replace(target)
        sync(target.parent)

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


class WebStore:
    """What a web server shows of such a folder; `user:password@` before its name is for that server."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        user, _, host = parts.netloc.rpartition("@")
        self.address = parts._replace(netloc=host).geturl().rstrip("/")
        self.headers = {"Authorization": f"Basic {base64.b64encode(unquote(user).encode()).decode()}"} if user else {}

    def open(self, name: str) -> IO[bytes]:
        request = Request(f"{self.address}/{name}", headers=self.headers)  # noqa: S310 http or https, see `store_at`
        answer: IO[bytes] = build_opener(_SameHost).open(request, timeout=PATIENCE)
        return answer

    def sizes(self, folder: str) -> dict[str, int]:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")

    def put(self, name: str, file: Path) -> None:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")

    def remove(self, name: str) -> None:
        raise OSError("网址只能读取；发布请用文件夹或对象存储")


class _SameHost(HTTPRedirectHandler):
    """Redirects stay on their host and in TLS: a store must not choose what a front end asks of its own network."""

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.hostname != old.hostname or new.scheme not in {"https", old.scheme}:
            raise OSError(f"它转到了 {newurl}；请直接写那个地址")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class RemoteStore:
    """Object storage and whatever else fsspec knows; there, a file is put whole or not at all."""

    def __init__(self, address: str) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise IndexUnavailable(f"读写 {shown(address)} 需要 fsspec：pip install 'helpcenter[copies]'") from None
        try:
            self.system, self.path = url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise IndexUnavailable(f"不能使用 {shown(address)}：{error}") from None

    def open(self, name: str) -> IO[bytes]:
        file: IO[bytes] = self.system.open(f"{self.path}/{name}", "rb")
        return file

    def sizes(self, folder: str) -> dict[str, int]:
        try:  # `refresh`: a client remembers what it once listed
            found = self.system.ls(f"{self.path}/{folder}", detail=True, refresh=True)
        except FileNotFoundError:
            return {}
        return {about["name"].rpartition("/")[2]: about["size"] for about in found}

    def put(self, name: str, file: Path) -> None:
        self.system.makedirs(f"{self.path}/{name}".rpartition("/")[0], exist_ok=True)
        self.system.put_file(str(file), f"{self.path}/{name}")

    def remove(self, name: str) -> None:
        self.system.rm_file(f"{self.path}/{name}")


def store_at(address: str) -> Store:
    """The store at a path or an address. Raises IndexUnavailable where nothing can read it."""
    if "://" not in address:
        return FolderStore(Path(address).expanduser())
    if address.startswith(("http://", "https://")):
        return WebStore(address)
    return RemoteStore(address)


def shown(address: str) -> str:
    """An address without what may be secret in it: name, password, query."""
    return re.sub(r"//[^/]*@", "//", address).partition("?")[0]
