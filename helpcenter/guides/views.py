"""The addresses of guides: `/guides`, `/guides/<id>/<answer>/…`, and the same below `/api/v1`.

In: requests. Out: pages, the block that htmx swaps in, JSON. An answer that the guide does not know is a 404 that shows
the question it was meant for.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify

from helpcenter.guides.pages import find_section, guide_page, guides_page, step_path
from helpcenter.guides.walking import Astray, Walk, walk
from helpcenter.http.caching import keep
from helpcenter.http.htmx import wants_fragment
from helpcenter.pages.frame import fragment, render
from helpcenter.pages.views import snapshot
from index import Guide, Snapshot

blueprint = Blueprint("guides", __name__)


@blueprint.get("/guides")
def guides() -> Response:
    """All guides."""
    return keep(Response(render("guides.html", guides_page(snapshot()))))


@blueprint.get("/guides/<id>", defaults={"answers": ""})
@blueprint.get("/guides/<id>/<path:answers>")
def guide(id: str, answers: str) -> Response:
    """A question or an outcome."""
    live = snapshot()
    found = live.guide(id)
    if not found:
        abort(404, "没有这个向导，可能是地址打错了，或者它改了名字。")
    try:
        page = guide_page(live, walk(found, _split(answers)))
    except Astray as astray:
        page = guide_page(live, astray.walk, astray.answer)
    html = fragment(render("_guide.html", page), page) if wants_fragment() else render("guide.html", page)
    if page.astray:
        return Response(html, 404, headers={"Cache-Control": "no-store"})
    return keep(Response(html))


@blueprint.get("/api/v1/guides")
def api_guides() -> Response:
    """All guides as JSON."""
    return keep(jsonify({"guides": [guide_to_json(one) for one in snapshot().guides()]}))


@blueprint.get("/api/v1/guides/<id>", defaults={"answers": ""})
@blueprint.get("/api/v1/guides/<id>/<path:answers>")
def api_guide(id: str, answers: str) -> Response:
    """A state of a guide as JSON."""
    live = snapshot()
    found = live.guide(id)
    if not found:
        abort(404, f"没有向导 {id}。全部向导见 /api/v1/guides。")
    try:
        state = walk(found, _split(answers))
    except Astray as astray:
        where = f"/api/v1{astray.walk.path()}"
        abort(404, f"向导 {id} 在这里没有“{astray.answer}”这个选项。可选的见 {where}。")
    return keep(jsonify(state_to_json(live, state)))


def guide_to_json(guide: Guide) -> dict[str, str]:
    """A guide as a line in a list."""
    return {"id": guide.id, "title": guide.title, "summary": guide.summary, "url": f"/guides/{guide.id}"}


def state_to_json(live: Snapshot, state: Walk) -> dict[str, Any]:
    """A question with its options, or an outcome with its steps; the other is null."""
    here = state.path()
    question, outcome = state.question, state.outcome
    return {
        "guide": guide_to_json(state.guide),
        "url": here,
        "answers": [
            {"ask": asked.ask, "answer": option.answer, "label": option.label, "change": state.path(number)}
            for number, (asked, option) in enumerate(state.answers)
        ],
        "question": question
        and {
            "ask": question.ask,
            "hint": question.hint,
            "options": [
                {"answer": one.answer, "label": one.label, "url": f"{here}/{one.answer}"} for one in question.options
            ],
        },
        "outcome": outcome
        and {
            "title": outcome.title,
            "intro": outcome.intro,
            "contact": outcome.contact or None,
            "steps": [_step_to_json(live, place) for place in outcome.steps],
        },
    }


def _step_to_json(live: Snapshot, place: str) -> dict[str, str]:
    article, _, anchor = place.partition("#")
    found = find_section(live, place)
    title, section = found if found else ("", None)
    return {
        "article": article,
        "section": anchor,
        "title": title,
        "heading": section.heading if section else "",
        "url": step_path(place),
        "text": section.text if section else "",
    }


def _split(answers: str) -> list[str]:
    return [answer for answer in answers.split("/") if answer]
