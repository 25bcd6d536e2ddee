"""The page objects of guides: the list, a state (question or outcome), and an answer that leads nowhere.

In: a `Walk` and the snapshot. Out: `GuidesPage`, `GuidePage`. Why an outcome holds its sections' own text: the reader
it is for is on a small screen in a hurry; each step unfolds in place, without JavaScript too.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask import request
from markupsafe import Markup

from helpcenter.guides.walking import Walk
from helpcenter.pages.contacts import ContactLine, contact_named
from helpcenter.pages.frame import Frame, frame, local
from helpcenter.pages.guide_cards import GuideCard, guide_card
from index import Guide, Section, Snapshot


@dataclass(frozen=True, slots=True)
class Answered:
    """A question already answered, and where to answer it anew."""

    ask: str
    label: str
    change_url: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an outcome: a section of an article, or its beginning."""

    place: str
    """`article-id#anchor`, under which ticks are kept."""
    heading: str
    article: str
    url: str
    html: Markup


@dataclass(frozen=True, slots=True)
class GuidesPage:
    frame: Frame
    guides: tuple[GuideCard, ...]


@dataclass(frozen=True, slots=True)
class GuidePage:
    """`templates/_guide.html`, alone for htmx or inside `guide.html`."""

    frame: Frame
    guide: GuideCard
    id: str
    heading: str
    """The question, or the outcome's title."""
    hint: str
    answered: tuple[Answered, ...]
    options: tuple[tuple[str, str], ...]
    """Label and address; none at an outcome."""
    steps: tuple[Step, ...]
    back_url: str
    """The state before; empty at the first."""
    astray: str = ""
    """What to say of an answer that the guide does not know; empty otherwise."""
    contacts: tuple[ContactLine, ...] = ()
    """Whom an outcome names."""
    did: str = ""
    """What the reader did until here, in words to hand to a person."""
    others: tuple[GuideCard, ...] = ()
    """Beside a question: the other guides, for whoever took the wrong one."""


def guides_page(snapshot: Snapshot) -> GuidesPage:
    """All guides, the most urgent first."""
    summary = "回答几个问题，得到只属于你的步骤。"
    return GuidesPage(frame("向导", summary, "/guides"), tuple(map(guide_card, _by_urgency(snapshot))))


def _by_urgency(snapshot: Snapshot) -> list[Guide]:
    order = ("now", "soon", "self", "")
    return sorted(snapshot.guides(), key=lambda guide: (order.index(guide.urgency), guide.id))


def guide_page(snapshot: Snapshot, state: Walk, astray: str = "") -> GuidePage:
    """A state of a guide. `astray`: says that an answer led nowhere; the state is the last that made sense."""
    root = request.script_root
    question, outcome, guide = state.question, state.outcome, state.guide
    heading = question.ask if question else outcome.title if outcome else guide.title
    here = state.path()
    title = heading if outcome else f"{heading} · {guide.title}" if state.answers else guide.title
    chosen = " → ".join(option.label for _, option in state.answers)
    return GuidePage(
        frame=frame(title, guide.summary, here, status=404 if astray else 200),
        guide=guide_card(guide),
        id=guide.id,
        heading=heading,
        hint=question.hint if question else outcome.intro if outcome else "",
        answered=tuple(
            Answered(asked.ask, option.label, root + state.path(number))
            for number, (asked, option) in enumerate(state.answers)
        ),
        options=tuple((option.label, f"{root}{here}/{quote(option.answer)}") for option in question.options)
        if question
        else (),
        steps=tuple(step for place in outcome.steps if (step := _step(snapshot, place))) if outcome else (),
        back_url=root + state.path(len(state.answers) - 1) if state.answers else "",
        astray=f"{astray}，可能是地址打错了，或者向导改过。请从这里接着选。" if astray else "",
        contacts=contact_named(snapshot.site(), outcome.contact) if outcome else (),
        did=f"我用了《{guide.title}》：{chosen}。\n得到的是“{heading}”，做到第    步时遇到问题：\n" if outcome else "",
        others=tuple(guide_card(one) for one in _by_urgency(snapshot) if one.id != guide.id) if question else (),
    )


def find_section(snapshot: Snapshot, place: str) -> tuple[str, Section] | None:
    """The article's title and the section of `article-id#anchor`, without anchor its first; None if gone."""
    id, _, anchor = place.partition("#")
    page = snapshot.page(id)
    found = [one for one in page.article.sections if one.anchor == anchor or not anchor] if page else []
    return (page.article.title, found[0]) if page and found else None


def step_path(place: str) -> str:
    """The address of `article-id#anchor` below the root."""
    id, _, anchor = place.partition("#")
    return f"/articles/{quote(id)}" + (f"#{quote(anchor)}" if anchor else "")


def _step(snapshot: Snapshot, place: str) -> Step | None:
    found = find_section(snapshot, place)
    if not found:
        return None
    title, section = found
    return Step(place, section.heading or title, title, request.script_root + step_path(place), local(section.html))
