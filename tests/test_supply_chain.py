"""The supply chain: what is installed is what was locked, under licences that a site may use, and nothing more.

In: the lock files, what is installed. Out: agreement. That lock files carry hashes and that vendored files are what
they say is held by test_habits.py; known vulnerabilities are looked up by `make audit`.
"""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FREE = re.compile(r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|Unlicense|CC0|Zlib|0BSD|LGPL", re.IGNORECASE)
"""Licences of what runs in production. LGPL and MPL bind changes of their own files, which nothing here makes."""
FIRMLY = re.compile(r"(?<!L)(?<!Lesser )\b(?:A?GPL|GNU (?:Affero )?General)", re.IGNORECASE)
MOST = 45
"""Distributions of production, down to the last dependency. One more needs a reason."""


def pins(lock: str) -> dict[str, dict[str, str]]:
    """By name the versions, each with its marker; some packages have one version for each version of Python."""
    found: dict[str, dict[str, str]] = {}
    pin = r"^([a-z0-9][\w.-]*)(?:\[\w+\])?==(\S+?)(?: ; ([^\\\n]+?))? \\$"
    for name, version, marker in re.findall(pin, (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(canonical(name), {})[version] = marker
    return found


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    return {canonical(found.metadata["Name"]): found for found in distributions()}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_what_is_installed_is_what_was_locked(lock: str) -> None:
    here = installed()
    locked = pins(lock)
    wrong = {name: here[name].version for name in locked.keys() & here.keys() if here[name].version not in locked[name]}
    assert not wrong, "run: make setup"
    everywhere = {name for name, versions in locked.items() if "" in versions.values()}
    assert everywhere <= set(here), "run: make setup"


def test_both_lock_files_agree() -> None:
    production, testing = pins("requirements.lock"), pins("requirements-test.lock")
    assert {name: set(testing[name]) for name in production} == {name: set(pin) for name, pin in production.items()}


def test_production_depends_on_few() -> None:
    assert len(pins("requirements.lock")) <= MOST


def licence(found: Distribution) -> str:
    about = found.metadata
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    return " ".join([about.get("License-Expression") or "", (about.get("License") or "")[:200], *classifiers])


def test_every_licence_of_production_is_known_and_free() -> None:
    here = installed()
    for name in pins("requirements.lock").keys() & here.keys():
        stated = licence(here[name])
        assert FREE.search(stated), f"{name}: {stated}"
        assert not FIRMLY.search(stated), f"{name}: {stated}"


def test_the_search_engine_and_segmenter_are_pinned_exactly() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in ("whoosh", "jieba"):
        assert any(need.startswith(f"{name}==") for need in project["dependencies"])
