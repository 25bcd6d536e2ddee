"""Rooms have doors, and imports go one way through them: no circle, no arrow back up.

In: the source of both packages. Out: which room imports which. A new room gets its place in one of the two lists.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {
    "index": (("store", "text"), ("content", "meaning"), ("search",), ("cluster",), ("building",)),
    "helpcenter": (
        ("http", "store"), ("pages",), ("guides",), ("api",), ("agents", "feedback", "offline"), ("insights",),
        ("serving",), ("commands",),
    ),
}  # fmt: skip
"""A room imports from those before it, and from the files beside all rooms (model, weights, settings …)."""
ALLOWED = {("helpcenter/pages/views.py", "api")}
"""The search view answers the page and the API; they share one function."""


def imported_rooms(path: Path, package: str) -> Iterator[str]:
    """The rooms of its own package that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            top, _, rest = node.module.partition(".")
            if top == package and rest and (ROOT / package / rest.split(".")[0]).is_dir():
                yield rest.split(".")[0]


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_has_its_place(package: str) -> None:
    there = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert there == {room for level in ROOMS[package] for room in level}


@pytest.mark.parametrize("package", ROOMS)
def test_imports_go_one_way(package: str) -> None:
    rank = {room: place for place, level in enumerate(ROOMS[package]) for room in level}
    wrong = []
    for room in rank:
        for path in sorted((ROOT / package / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for other in imported_rooms(path, package):
                if other != room and rank[other] >= rank[room] and (name, other) not in ALLOWED:
                    wrong.append(f"{name} imports {other}")
    assert not wrong


@pytest.mark.parametrize("package", ROOMS)
def test_every_door_says_what_comes_in_and_what_goes_out(package: str) -> None:
    for door in (ROOT / package).glob("*/__init__.py"):
        said = ast.get_docstring(ast.parse(door.read_text("utf-8"))) or ""
        assert "In: " in said and "Out: " in said, door
