"""What forces a full build cannot be forgotten: it is derived from the source, and told."""

from __future__ import annotations

import ast
import sys
from importlib import metadata, util
from pathlib import Path

import pytest

from index import build
from index.building import shape as shaping


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports anywhere in it, by the parser."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_every_library_that_a_building_room_imports_counts() -> None:
    sources = shaping.building_sources()
    wanted = set().union(*map(imported, sources)) - sys.stdlib_module_names - {"index"}
    wanted = {name for name in wanted if util.find_spec(name)}  # without extras that are not installed
    assert set(shaping.imported_libraries(path.read_text("utf-8") for path in sources)) == wanted
    assert {"nh3", "jieba", "opencc", "markdown_it", "pypinyin", "numpy", "whoosh", "yaml"} <= wanted
    table = metadata.packages_distributions()
    for name in wanted:
        assert shaping.installed_version(name) == metadata.version(table[name][0]), name


def test_every_room_counts_but_those_that_only_read(root: Path) -> None:
    counted = {path.relative_to(root / "index").parts[0] for path in shaping.building_sources()}
    present = {
        path.name for path in (root / "index").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert counted == present - {"search", "cluster"}
    for path in shaping.building_sources():  # or its code would shape an index and not count
        if path.name not in ("__init__.py", "build.py"):
            assert "index.search" not in path.read_text("utf-8"), path
    opened = (root / "index" / "building" / "build.py").read_text("utf-8")
    assert {part.split()[0] for part in opened.split("from index.search")[1:]} == {".opening"}, "only to verify"


@pytest.mark.parametrize("library", ["nh3", "jieba", "opencc", "markdown-it-py"])
def test_an_upgraded_library_builds_everything_anew_and_is_named(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    build(content, tmp_path / "index")
    assert not build(content, tmp_path / "index").full
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "99.1" if name == library else installed(name))
    report = build(content, tmp_path / "index")
    assert report.full
    shown = library.removesuffix("-py").replace("-", "_")
    assert report.reason == f"{shown}（{installed(library)} → 99.1）有变化"
    assert not build(content, tmp_path / "index").full


def test_changed_code_or_dictionary_builds_everything_anew(
    content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(content, tmp_path / "index")
    extra = tmp_path / "extra.py"
    extra.write_text("# a room that did not exist\n")
    present = shaping.building_sources()
    monkeypatch.setattr(shaping, "building_sources", lambda: [*present, extra])
    assert build(content, tmp_path / "index").reason == "程序有变化"
    monkeypatch.setattr(shaping, "_jieba_dictionary", lambda: b"")
    assert build(content, tmp_path / "index").reason == "分词词典有变化"


def test_a_reason_names_what_came_went_and_changed() -> None:
    old = {"程序": "a", "nh3": "1", "gone": "2", "Python": "3.11", "权重": "x"}
    new = {"程序": "b", "nh3": "2", "fresh": "1", "Python": "3.12", "权重": "x"}
    assert (
        shaping.reason(old, new) == "程序、nh3（1 → 2）、fresh（无 → 1）、Python（3.11 → 3.12）、gone（2 → 无）有变化"
    )
    assert shaping.reason(old, old) == ""
