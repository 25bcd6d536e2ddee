"""What the project promises about itself: where imports point, what documents say, what is pinned."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import index
from helpcenter.cli import commands
from helpcenter.settings import settings_table

ROOT = Path(__file__).parent.parent
PACKAGES = ("helpcenter", "index")
DEV = ("test", "bench")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
VENDOR = ROOT / "helpcenter" / "static" / "vendor"
AGREED = {
    "pyproject.toml", "README.md", "helpcenter", "index", "content", "templates", "tests",
    "README.zh-CN.md", "Makefile", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs", ".ci", ".gitignore",
    "requirements.lock", "requirements-test.lock", "Dockerfile", ".dockerignore", "LICENSE",
    "SECURITY.md",
}  # fmt: skip


def tracked() -> list[Path]:
    """Every file of the project, as git knows them; none outside a repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it, as dotted names; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: write imports from the package's name on"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted((ROOT / "index").rglob("*.py")), ids=name)
def test_the_index_knows_nothing_of_the_web(path: Path) -> None:
    wrong = {"flask", "flask_htmx", "werkzeug", "jinja2", "granian", "click", "sqlalchemy", "helpcenter"}
    assert not wrong & {module.split(".")[0] for module in imports(path)}


@pytest.mark.parametrize("path", sorted((ROOT / "helpcenter").rglob("*.py")), ids=name)
def test_the_web_knows_only_the_names_that_the_index_hands_out(path: Path) -> None:
    for module in imports(path):
        top, _, rest = module.partition(".")
        assert top not in ("whoosh", "jieba", "numpy", "pypinyin", "marisa_trie", "rapidfuzz")
        if top == "index" and rest:
            assert rest in index.__all__, f"{module} is not handed out by index/__init__.py"
    used = re.findall(r"(?<![\w.])index\.([a-z_]\w*)\(", path.read_text("utf-8"))
    if "index" in set(imports(path)):
        assert set(used) <= set(index.__all__)


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.*")), ids=name)
def test_templates_call_nothing_but_url_for_and_macros(path: Path) -> None:
    source = path.read_text("utf-8")
    code = "\n".join(re.findall(r"{[{%](.*?)[}%]}", source, re.DOTALL))
    code = re.sub(r"'[^']*'|\"[^\"]*\"", "''", code)
    code = re.sub(r"\|\s*\w+\(", "|(", code)  # a filter with arguments
    macros = set(re.findall(r"\bmacro (\w+)", code))
    macros.update(*(line.split(", ") for line in re.findall(r"\bimport ([\w, ]*\w)", code)))
    words = {"if", "in", "not", "and", "or", "else", "is"}
    called = set(re.findall(r"([\w.]+)\s*\(", code)) - macros - words - {"url_for", "super", "loop.cycle", "caller"}
    assert not called


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_opens_with_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    assert len(docstring.splitlines()) >= 2, f"{name(path)} needs two lines or more: what comes in, what goes out, why"


def test_readme_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text("utf-8")
        shown = "\n".join(re.findall(r"`[^`\n]+`|^ {4}.*$|^```.*?^```", text, re.MULTILINE | re.DOTALL))
        for target in re.findall(r"\bmake ([a-z]+)\b", shown):
            assert target in targets, f"{name(page)}: make {target}"
        for command in re.findall(r"(?<![/\w])helpcenter ([a-z]+)\b(?![/.])", shown):
            assert command in commands.commands or command == "run", f"{name(page)}: helpcenter {command}"


def test_links_of_documents_lead_somewhere() -> None:
    """A link to a `#part` is refused: each host of Markdown names headings its own way."""
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text("utf-8")
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
            assert (page.parent / link).exists(), f"{name(page)}: {link}"
        for path in re.findall(r"`(?:\.venv/bin/python )?((?:docs|helpcenter|index|tests)/[\w./-]+\.\w+)", text):
            assert (ROOT / path).exists(), f"{name(page)}: {path}"


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_readme_opens_with_the_two_commands_and_names_all_others(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert text.index("make run") < text.index("make test") < text.index("![")
    for command in commands.commands:
        assert f"helpcenter {command}" in text, command


def test_settings_page_is_the_table_of_the_code() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == settings_table(), (
        "run: helpcenter settings --markdown > docs/settings.md"
    )


def test_no_setting_is_read_elsewhere() -> None:
    documented = set(re.findall(r"HELPCENTER_[A-Z_]+", settings_table()))
    for path in [*MODULES, ROOT / "Makefile", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        if name(path) != "helpcenter/settings.py":
            used = set(re.findall(r"\bHELPCENTER_[A-Z_]+[A-Z]\b", path.read_text("utf-8")))
            assert used <= documented, name(path)


def test_the_tests_that_hold_the_promises_exist() -> None:
    promises = "".join((ROOT / "docs" / page).read_text("utf-8") for page in ("reliability.md", "security.md"))
    named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", promises)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}" in (ROOT / "tests" / file).read_text("utf-8"), f"{file}::{test}"


def test_vendored_files_are_what_they_say() -> None:
    stated = json.loads((VENDOR / "VENDORED.json").read_text())
    assert set(stated) == {path.name for path in VENDOR.iterdir()} - {"VENDORED.json"}
    for file, about in stated.items():
        assert hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() == about["sha256"], file
        assert about["version"] in about["origin"]
        assert about["licence"]
    htmx = (VENDOR / "htmx.min.js").read_text("utf-8")
    assert re.search(r'version:"([\d.]+)"', htmx)[1] == stated["htmx.min.js"]["version"]  # type: ignore[index]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_lock_files_pin_everything_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(
        r"^([a-z0-9][\w.-]*)(?:\[\w+\])?==\S+(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)",
        text,
        re.M,
    )
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 10
    assert "://" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[^\w-]", need)[0].lower().replace("_", "-") for need in project["dependencies"]}
    assert wanted <= {pin for pin, _ in pins}, "run: make lock"


def test_dependencies_are_those_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        "markdown_it": "markdown-it-py",
        "yaml": "pyyaml",
        "bs4": "beautifulsoup4",
        "werkzeug": "flask",
        "jinja2": "flask",
        "markupsafe": "flask",
        "opensearchpy": "opensearch-py",
    }
    used = set()
    for path in MODULES:
        for module in imports(path):
            top = module.split(".")[0]
            if top not in sys.stdlib_module_names and top not in (*PACKAGES, "_typeshed"):
                used.add(named.get(top, top.replace("_", "-")))
    extras = project["optional-dependencies"]
    required, optional = (
        {re.split(r"[^\w-]", need)[0].lower() for need in needs}
        for needs in (project["dependencies"], [need for name in extras for need in extras[name] if name not in DEV])
    )
    assert required <= used <= required | optional


def test_the_top_level_stays_as_agreed() -> None:
    assert {name(path).split("/")[0] for path in tracked()} <= AGREED


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    # Joined here, so that this file does not find itself.
    words = re.compile(
        "|".join(["/" + "work/", "/" + "home/[a-z]", "/" + "root/", "/" + "Users/", "/tmp/" + r"[a-z0-9]{1,3}/"])
    )
    for path in tracked():
        if path.suffix not in (".png", ".ico", ".woff2", ".npy", ".gz"):
            found = words.search(path.read_text("utf-8", errors="replace"))
            assert found is None, f"{name(path)}: {found[0]}"


TEXTS = (".py", ".html", ".js", ".css", ".txt", ".toml", ".json", ".xml", ".svg", ".yml", ".md")
TRADE = re.compile(
    r"e-?sim(?![a-z])|(?<![a-z])sim(?![a-z\d])|(?<![a-z])(?:iccid|eid|smdp|carriers?|roaming|orange|sfr)(?![a-z])"
    "|运营商|運營商|电信|電信|补卡|補卡|换卡|換卡|换机|換機|停机|停機|停号|停號|停话|销号|销户|携号|携码|门号|門號|漫游|漫遊|套餐"
    "|流量|预付卡|預付|储值卡|卡槽|激活码|启用码|飞行模式|蜂窝|信号格|法国|法國|新喀|努美阿|欧盟",
    re.IGNORECASE,
)
ALLOWED = {
    "index/site.py": 'FilterSpec("carrier", "运营商")',
    "index/data/site.schema.json": "不写则是 region、carrier、situation、device",
}
"""The filters of content that declares none have been these from the beginning."""


def test_the_program_has_no_word_of_our_trade() -> None:
    """A help center of another trade finds none: see test_another_site.py."""
    found = []
    for path in tracked():
        if path.suffix not in TEXTS or not name(path).startswith(("index/", "helpcenter/", "templates/")):
            continue
        allowed = ALLOWED.get(name(path), "\n")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if (word := TRADE.search(line.replace(allowed, ""))) and VENDOR not in path.parents:
                found.append(f"{name(path)}:{number}: {word[0]}")
    assert not found, "\n".join(found)


def test_dark_by_the_system_and_dark_by_choice_are_the_same_colours() -> None:
    style = (ROOT / "helpcenter" / "static" / "app.css").read_text("utf-8")
    system, choice = re.findall(r"\{([^{}]*color-scheme: dark;[^{}]*)\}", style)
    assert system.split() == choice.split()
