"""Templates and page objects fit: what a template names exists, and what a page object holds is shown.

Templates are parsed, not rendered: a misspelt name inside an `{% if %}` that no test reaches would show nothing, and
nobody would notice. A new page adds a line to TEMPLATES.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from helpcenter.api.reference import ReferencePage
from helpcenter.feedback.views import FeedbackPage
from helpcenter.guides.pages import GuidePage, GuidesPage
from helpcenter.insights.views import InsightsPage
from helpcenter.offline.views import ShellPage
from helpcenter.pages.article_page import ArticleView, SectionView
from helpcenter.pages.errors import ErrorPage
from helpcenter.pages.feeds import Feed, Listing, Robots, SearchDescription, SiteMap, SiteMaps
from helpcenter.pages.home_page import AboutPage, HomePage
from helpcenter.pages.results_page import ResultsPage
from helpcenter.pages.topic_page import TopicPage

TEMPLATES: dict[str, type] = {
    "about.html": AboutPage,
    "api.html": ReferencePage,
    "article.html": ArticleView,
    "error.html": ErrorPage,
    "feed.xml": Feed,
    "feedback.html": FeedbackPage,
    "guide.html": GuidePage,
    "guides.html": GuidesPage,
    "home.html": HomePage,
    "insights.html": InsightsPage,
    "llms.txt": Listing,
    "opensearch.xml": SearchDescription,
    "robots.txt": Robots,
    "search.html": ResultsPage,
    "section.html": SectionView,
    "shell.html": ShellPage,
    "_section.html": SectionView,
    "sitemap.xml": SiteMap,
    "sitemaps.xml": SiteMaps,
    "topic.html": TopicPage,
}
"""Which page object a template gets. What a template extends or includes gets the same."""

FOLDER = Path(__file__).parent.parent / "templates"
OURS = ("helpcenter.pages", "helpcenter.feedback", "helpcenter.guides", "helpcenter.insights.views")
"""Where page objects are defined; what they hold of other modules serves others too."""
ANYTHING = object()
"""The type of what cannot be told."""
JINJA = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)
JINJA.filters["feedback_token"] = str


class Reading:
    """One page object's way through a template and all it extends and includes."""

    def __init__(self, page: type) -> None:
        self.page = page
        self.seen: set[str] = set()
        self.used: dict[type, set[str]] = {}
        self.wrong: list[str] = []

    def template(self, name: str, scope: dict[str, Any] | None = None) -> Reading:
        """Read a template by name."""
        self.seen.add(name)
        source = (FOLDER / name).read_text("utf-8")
        self.name = name
        self.body(JINJA.parse(source).body, {"page": self.page} if scope is None else scope)
        return self

    def body(self, parts: Sequence[nodes.Node], scope: dict[str, Any]) -> None:
        """Read neighbouring nodes; what one of them sets holds for those behind it."""
        for part in parts:
            self.node(part, scope)

    def node(self, part: nodes.Node, scope: dict[str, Any]) -> None:
        if isinstance(part, nodes.For):
            inner = dict(scope, loop=ANYTHING)
            self.bind(part.target, element(self.type_of(part.iter, scope)), inner)
            self.body([*part.body, *part.else_], inner)
        elif isinstance(part, nodes.Assign):
            self.bind(part.target, self.type_of(part.node, scope), scope)
        elif isinstance(part, (nodes.Include, nodes.Extends)):
            assert isinstance(part.template, nodes.Const)
            here = self.name
            self.template(part.template.value, scope)
            self.name = here
        elif isinstance(part, nodes.Macro):  # read at each call, with what it gets there
            scope[part.name] = (self.name, part)
        elif isinstance(part, nodes.FromImport):
            self.imports(part, scope)
        elif isinstance(part, nodes.Expr):
            self.type_of(part, scope)
        else:
            for child in part.iter_child_nodes():
                self.node(child, scope)

    def bind(self, target: nodes.Node, kind: Any, scope: dict[str, Any]) -> None:
        """Let `target`, a name or a tuple of names, stand for `kind`."""
        if isinstance(target, nodes.Name):
            scope[target.name] = kind
        elif isinstance(target, nodes.Tuple):
            kinds = unpacked(kind, len(target.items))
            if kinds is None:
                self.wrong.append(f"{self.name}:{target.lineno}: {kind} is no {len(target.items)} values")
                return
            if hasattr(kind, "_fields"):
                self.used.setdefault(kind, set()).update(kind._fields)
            for name, own in zip(target.items, kinds, strict=True):
                self.bind(name, own, scope)

    def imports(self, part: nodes.FromImport, scope: dict[str, Any]) -> None:
        """Let imported macros be known by their names."""
        assert isinstance(part.template, nodes.Const)
        file = part.template.value
        self.seen.add(file)
        macros = {macro.name: macro for macro in JINJA.parse((FOLDER / file).read_text("utf-8")).find_all(nodes.Macro)}
        for name in part.names:
            own, alias = name if isinstance(name, tuple) else (name, name)
            scope[alias] = (file, macros[own])

    def call(self, place: tuple[str, nodes.Macro], part: nodes.Call, scope: dict[str, Any]) -> None:
        """Read a macro's body with the types of its arguments."""
        here, (self.name, macro) = self.name, place
        inner = dict(scope, **{name.name: ANYTHING for name in macro.args})
        for name, given in zip(macro.args, part.args, strict=False):
            inner[name.name] = self.type_of(given, scope)
        inner.update({one.key: self.type_of(one.value, scope) for one in part.kwargs})
        self.body(macro.body, inner)
        self.name = here

    def type_of(self, part: nodes.Node, scope: dict[str, Any]) -> Any:
        """The type of an expression; every attribute on the way is looked up."""
        if isinstance(part, nodes.Name):
            return scope.get(part.name, ANYTHING)
        if isinstance(part, nodes.Getattr):
            return self.attribute(self.type_of(part.node, scope), part)
        if isinstance(part, nodes.Getitem):
            self.type_of(part.arg, scope)
            kind = self.type_of(part.node, scope)
            return typing.get_args(kind)[-1] if typing.get_origin(kind) in (Mapping, dict) else element(kind)
        if isinstance(part, nodes.Filter) and part.name in ("sort", "list", "reverse") and part.node:
            return self.type_of(part.node, scope)
        if isinstance(part, nodes.Call) and isinstance(part.node, nodes.Name):
            known = scope.get(part.node.name)
            if isinstance(known, tuple):
                self.call(known, part, scope)
        kinds = [self.type_of(child, scope) for child in part.iter_child_nodes()]
        return kinds[-1] if isinstance(part, (nodes.Or, nodes.CondExpr)) else ANYTHING

    def attribute(self, kind: Any, part: nodes.Getattr) -> Any:
        found: Any = ANYTHING
        for one in members(kind):
            if one is ANYTHING:
                return ANYTHING
            hints = typing.get_type_hints(one) if isinstance(one, type) else {}
            if part.attr in hints:
                self.used.setdefault(one, set()).add(part.attr)
                found = hints[part.attr]
            elif isinstance(getattr(one, part.attr, None), property):
                self.used.setdefault(one, set()).add(part.attr)
                found = typing.get_type_hints(getattr(one, part.attr).fget).get("return", ANYTHING)
            else:
                self.wrong.append(f"{self.name}:{part.lineno}: {getattr(one, '__name__', one)} has no {part.attr}")
        return found


def members(kind: Any) -> list[Any]:
    """The types of a union, without None."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        return [one for one in typing.get_args(kind) if one is not type(None)]
    return [kind]


def element(kind: Any) -> Any:
    """What a loop over `kind` yields."""
    (kind,) = members(kind)[:1] or [ANYTHING]
    arguments = typing.get_args(kind)
    return arguments[0] if arguments else ANYTHING


def unpacked(kind: Any, count: int) -> Sequence[Any] | None:
    """The types that `count` names get, or None where they do not fit."""
    if kind is ANYTHING:
        return [ANYTHING] * count
    if hasattr(kind, "_fields"):
        hints = typing.get_type_hints(kind)
        return [hints[name] for name in kind._fields] if len(kind._fields) == count else None
    arguments = typing.get_args(kind)
    return arguments if len(arguments) == count and Ellipsis not in arguments else None


def ours(kind: type) -> bool:
    """Whether a class is a page object or a part of one, of which every field is for a template."""
    is_record = dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")
    return is_record and kind.__module__.startswith(
        ("helpcenter.pages", "helpcenter.feedback", "helpcenter.guides", "helpcenter.insights.views")
    )


def reachable(page: type) -> set[type]:
    """The page object and the parts of ours that it holds."""
    found: set[type] = set()
    left: list[Any] = [page]
    while left:
        kind = left.pop()
        left.extend(typing.get_args(kind))
        if isinstance(kind, type) and ours(kind) and kind not in found:
            found.add(kind)
            left.extend(typing.get_type_hints(kind).values())
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_name_a_template_uses_is_there(name: str) -> None:
    assert Reading(TEMPLATES[name]).template(name).wrong == []


def test_every_field_of_a_page_object_is_shown() -> None:
    used: dict[type, set[str]] = {}
    for name, page in TEMPLATES.items():
        for kind, names in Reading(page).template(name).used.items():
            used.setdefault(kind, set()).update(names)
    idle = [
        f"{kind.__name__}.{name}"
        for page in TEMPLATES.values()
        for kind in reachable(page)
        for name in getattr(kind, "_fields", None) or [field.name for field in dataclasses.fields(kind)]
        if name not in used.get(kind, set())
    ]
    assert sorted(set(idle)) == []


def test_every_template_has_its_page_object() -> None:
    seen = {name for page in TEMPLATES for name in Reading(TEMPLATES[page]).template(page).seen}
    assert {path.name for path in FOLDER.iterdir()} - seen == set()


@pytest.mark.parametrize("kind", sorted({kind for page in TEMPLATES.values() for kind in reachable(page)}, key=str))
def test_page_objects_are_frozen(kind: type) -> None:
    assert issubclass(kind, tuple) or kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("{{ page.titel }}", "SearchDescription has no titel"),
        ("{% if page.frame.titel %}{% endif %}", "Frame has no titel"),
        ("{% set f = page.frame %}{{ f.site.nam }}", "Site has no nam"),
    ],
)
def test_a_misspelt_name_is_found(source: str, wrong: str) -> None:
    reading = Reading(SearchDescription)
    reading.name = "x"
    reading.body(JINJA.parse(source).body, {"page": SearchDescription})
    assert reading.wrong == [f"x:1: {wrong}"]
