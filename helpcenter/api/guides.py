"""`/api/v1/guides`: the guides as JSON, listed and walked.

In: requests. Out: plain values, walked as the pages are. An unknown answer is a 404 that names the state before it.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify

from helpcenter.api.describing import parameter, record, ref, refusal
from helpcenter.guides.pages import find_section, step_path
from helpcenter.guides.walking import Astray, Walk, pieces, walk
from helpcenter.http.caching import keep
from helpcenter.pages.views import snapshot
from index import Guide, Snapshot

blueprint = Blueprint("api_guides", __name__)


@blueprint.get("/api/v1/guides")
def guides() -> Response:
    """All guides as JSON."""
    return keep(jsonify({"guides": [guide_to_json(one) for one in snapshot().guides()]}))


@blueprint.get("/api/v1/guides/<id>", defaults={"answers": ""})
@blueprint.get("/api/v1/guides/<id>/<path:answers>")
def guide(id: str, answers: str) -> Response:
    """A state of a guide as JSON."""
    live = snapshot()
    found = live.guide(id)
    if not found:
        abort(404, f"没有向导 {id}。全部向导见 /api/v1/guides。")
    try:
        state = walk(found, pieces(answers))
    except Astray as astray:
        abort(404, f"{astray}。可选的见 /api/v1{astray.walk.path()}。")
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


def _text(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


SCHEMAS: dict[str, Any] = {
    "GuideList": record("全部向导", {"guides": {"type": "array", "items": ref("Guide"), "description": "按编号排列"}}),
    "Guide": record(
        "一个向导",
        {
            "id": _text("编号"),
            "title": _text("标题"),
            "summary": _text("一句摘要，可为空"),
            "url": _text("第一问的相对地址"),
        },
    ),
    "GuideState": record(
        "向导走到的一处：还有一问，或已有结果",
        {
            "guide": ref("Guide"),
            "url": _text("这一处的相对地址"),
            "answers": {"type": "array", "items": ref("GivenAnswer"), "description": "已经答过的，按顺序"},
            "question": {"anyOf": [ref("Question"), {"type": "null"}], "description": "下一问；已有结果时为 null"},
            "outcome": {"anyOf": [ref("Outcome"), {"type": "null"}], "description": "结果；还有一问时为 null"},
        },
    ),
    "GivenAnswer": record(
        "答过的一问",
        {
            "ask": _text("问题"),
            "answer": _text("选了哪个，即地址里的一段"),
            "label": _text("读者看到的答案"),
            "change": _text("重新回答这一问的相对地址"),
        },
    ),
    "Question": record(
        "一问",
        {
            "ask": _text("问题"),
            "hint": _text("怎样回答的提示，可为空"),
            "options": {"type": "array", "items": ref("Option"), "minItems": 1, "description": "可以选的"},
        },
    ),
    "Option": record(
        "一个选项",
        {
            "answer": _text("选它时接在地址后面的一段"),
            "label": _text("读者看到的答案"),
            "url": _text("选它之后的相对地址"),
        },
    ),
    "Outcome": record(
        "一个结果",
        {
            "title": _text("标题"),
            "intro": _text("说明，可为空"),
            "contact": {"type": ["string", "null"], "description": "联系方式的名字，没有则为 null"},
            "steps": {"type": "array", "items": ref("GuideStep"), "minItems": 1, "description": "要做的，按顺序"},
        },
    ),
    "GuideStep": record(
        "一步：文章的一节",
        {
            "article": _text("文章编号"),
            "section": _text("小节的锚点，可为空"),
            "title": _text("文章标题"),
            "heading": _text("小节标题，可为空"),
            "url": _text("小节的相对地址"),
            "text": _text("小节的文字"),
        },
    ),
}
"""The records of these addresses, for `/openapi.json`."""


def _answers(schema: str, about: str) -> dict[str, Any]:
    found = {"description": about, "content": {"application/json": {"schema": ref(schema)}}}
    return {"200": found, "503": refusal("没有可用的索引")}


_ID = parameter("id", "向导编号", {"type": "string"}) | {"in": "path", "required": True}
_GIVEN = parameter("answers", "选过的，用 / 连起来", {"type": "string"}) | {"in": "path", "required": True}
_LOST = {"404": refusal("没有这个向导或选项，message 说明从哪里接着选")}
PATHS: dict[str, Any] = {
    "/api/v1/guides": {
        "get": {"operationId": "guides", "summary": "列出向导", "responses": _answers("GuideList", "全部向导")}
    },
    "/api/v1/guides/{id}": {
        "get": {
            "operationId": "guide",
            "summary": "向导的第一问",
            "parameters": [_ID],
            "responses": {**_answers("GuideState", "第一问"), **_LOST},
        }
    },
    "/api/v1/guides/{id}/{answers}": {
        "get": {
            "operationId": "guideState",
            "summary": "选过几个答案之后的向导",
            "description": "照选项的 url 走，不必自己拼地址。",
            "parameters": [_ID, _GIVEN],
            "responses": {**_answers("GuideState", "下一问，或结果"), **_LOST},
        }
    },
}
