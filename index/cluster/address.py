"""Addresses: which cluster, as whom, and what its indexes are called.

In: `opensearch+https://user:password@host1,host2:9200/prefix?ca=FILE&password_file=FILE&shards=1`. Out: `Address`, or
ValueError in Simplified Chinese. Why one text: front ends, builder and tests take it from one setting. A password is in
no text that this makes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = ("opensearch+http", "opensearch+https")
PORT = 9200
MOST_SHARDS = 64
_PREFIX = re.compile(r"[a-z0-9][a-z0-9_.-]{0,79}")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>\d{1,5}))?")
_OPTIONS = {"ca", "password_file", "shards"}


@dataclass(frozen=True, slots=True)
class Address:
    """A cluster, and the part of it that is ours."""

    hosts: tuple[tuple[str, int], ...]
    prefix: str
    """With which the names of our indexes begin."""
    secure: bool
    user: str = ""
    password: str = field(default="", repr=False)
    password_file: str = ""
    """Where the password stands, instead."""
    ca: str = ""
    """Certificates to trust instead of the machine's."""
    shards: int = 1

    def __str__(self) -> str:
        """Without credentials."""
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"opensearch+http{'s' if self.secure else ''}://{hosts}/{self.prefix}"

    def secret(self) -> str:
        """The password. Raises OSError."""
        return Path(self.password_file).read_text("utf-8").strip() if self.password_file else self.password


def parse_address(text: str) -> Address:
    """Read an address; see the top of this file. Raises ValueError."""
    scheme, _, rest = text.partition("://")
    if scheme not in SCHEMES or not rest:
        raise ValueError("应为 opensearch+https://用户:口令@主机1,主机2:9200/前缀")
    parts = urlsplit("//" + rest)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    named = [_HOST.fullmatch(host) for host in hosts.split(",")]
    if not all(named):
        raise ValueError("主机应为 名字 或 名字:端口，几台之间用逗号分开")
    found = tuple((one["name"], int(one["port"] or PORT)) for one in named if one)
    if any(not 0 < port < 1 << 16 for _, port in found):
        raise ValueError("端口应为 1 到 65535")
    prefix = parts.path.strip("/")
    if not _PREFIX.fullmatch(prefix):
        raise ValueError("主机后面应为索引名的前缀，用小写字母、数字、点、- 和 _，例如 /helpcenter")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - _OPTIONS:
        raise ValueError(f"不认识的选项 {'、'.join(sorted(unknown))}；可用的是 {'、'.join(sorted(_OPTIONS))}")
    shards = options.get("shards", "1")
    if not (shards.isascii() and shards.isdigit() and 0 < int(shards) <= MOST_SHARDS):
        raise ValueError(f"shards 应为 1 到 {MOST_SHARDS} 的整数")
    return Address(
        found,
        prefix,
        scheme == SCHEMES[1],
        unquote(user),
        unquote(password),
        options.get("password_file", ""),
        options.get("ca", ""),
        int(shards),
    )
