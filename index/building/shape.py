"""The shape of an index: everything that an article's part of it depends on besides the article's own file.

In: what operators tune, the site's filters, whether drafts count. Out: a name and a value for each thing; where one has
changed since the last build, everything is built anew, and its name is the reason that is told.
Why derived: a list kept by hand forgot the versions of libraries, so that HTML of an old sanitiser outlived its fix.
Here the source of every room counts but the one that only reads an index, and every library that this source imports.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata, util
from pathlib import Path

from index.site import SiteConfig
from index.store.snapshots import FORMAT
from index.text.tuning import Tuning
from index.weights import load_weights

_PACKAGE = Path(__file__).parent.parent
_READING = {_PACKAGE / "search", _PACKAGE / "cluster"}
"""The rooms that ask what was built; a change there changes no file of an index."""
_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
"""Not `ast`, which takes 0.2 s for all files; a test compares both."""
_DISTRIBUTIONS = {"bs4": "beautifulsoup4", "markdown_it": "markdown-it-py", "yaml": "pyyaml"}
"""Libraries installed under another name; asking Python's own table for one takes 0.5 s."""


def shape(tuning: Tuning, site: SiteConfig, drafts: bool, model: str = "") -> dict[str, str]:
    """Return what shapes every section, by the Chinese name that tells why all is built anew.

    `model`: the digest of the model of meanings, where there is one.
    """
    sources = [file.read_bytes() for file in building_sources()]
    libraries = imported_libraries(source.decode() for source in sources)
    return {
        "索引格式": str(FORMAT),
        "程序": _digest(*sources),
        "分词词典": _digest("\n".join(tuning.words).encode(), _jieba_dictionary()),
        "筛选项": " ".join(site.fields),
        "权重": load_weights().stamp,
        "草稿设置": str(drafts),
        "意思模型": model,
        "Python": ".".join(map(str, sys.version_info[:2])),  # its table of Unicode decides how text is folded
        **{name: installed_version(name) for name in libraries},
    }


def reason(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Say what changed from one shape to another, in Chinese; empty where nothing did."""
    told = []
    for name in {**new, **old}:
        before, after = old.get(name, "无"), new.get(name, "无")
        if before != after:
            told.append(f"{name}（{before} → {after}）" if name.isascii() else name)
    return "、".join(told) + "有变化" if told else ""


def building_sources() -> list[Path]:
    """The files whose code decides what an index holds."""
    return sorted(file for file in _PACKAGE.rglob("*.py") if _READING.isdisjoint(file.parents))


def imported_libraries(sources: Iterable[str]) -> list[str]:
    """The libraries that `sources` import, by the names they are imported under."""
    found = {name for source in sources for name in _IMPORT.findall(source)}
    return sorted(name for name in found - sys.stdlib_module_names if name != "index" and util.find_spec(name))


def installed_version(name: str) -> str:
    """The installed version of the library that is imported as `name`."""
    try:
        return metadata.version(_DISTRIBUTIONS.get(name, name))
    except metadata.PackageNotFoundError:  # slow, but it knows every name
        return metadata.version(metadata.packages_distributions()[name][0])


def _jieba_dictionary() -> bytes:
    spec = util.find_spec("jieba")  # not imported: that takes 0.1 s
    assert spec and spec.submodule_search_locations
    return (Path(spec.submodule_search_locations[0]) / "dict.txt").read_bytes()


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]
