"""The addresses of guides: `/guides`, `/guides/<id>/<answer>/…`. The same below `/api/v1` is in `api/guides.py`.

In: requests. Out: pages, the block that htmx swaps in. An answer that the guide does not know is a 404 that shows
the question it was meant for.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort

from helpcenter.guides.pages import guide_page, guides_page
from helpcenter.guides.walking import Astray, pieces, walk
from helpcenter.http.caching import keep
from helpcenter.http.htmx import wants_fragment
from helpcenter.pages.frame import fragment, render
from helpcenter.pages.views import snapshot

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
        page = guide_page(live, walk(found, pieces(answers)))
    except Astray as astray:
        page = guide_page(live, astray.walk, str(astray))
    html = fragment(render("_guide.html", page), page) if wants_fragment() else render("guide.html", page)
    if page.astray:
        return Response(html, 404, headers={"Cache-Control": "no-store"})
    return keep(Response(html))
