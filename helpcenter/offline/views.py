"""The addresses of a saved copy: what to fetch, the files, the worker, the frame in which saved pages are shown.

In: the live snapshot. Out: JSON, JavaScript, one page. The pack of a snapshot is made once, in the background: of 1,200
articles it takes seconds, and until then a device is asked to come again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request

from helpcenter.http import traditional
from helpcenter.http.caching import STATIC, STATIC_POLICY, keep
from helpcenter.offline.exporting import single_file
from helpcenter.offline.pack import LIVE, Pack, pack, script_url
from helpcenter.pages import frame as pages
from helpcenter.pages.made import made
from helpcenter.pages.views import snapshot
from helpcenter.store.background import Latest

WAIT, KEPT = 5.0, 365 * 86400.0
"""Seconds that a device waits for a pack, and that one of an unchanged snapshot stays good."""

SHELL = "/offline/shell"
NOT_YET = "离线副本正在准备，请过几秒再试。"
KINDS = {"json": "application/json", "js": "text/javascript; charset=utf-8"}

_OTHERS = re.compile(
    r'<(?:meta name="description"|meta property|link rel="(?:alternate|search)")[^>]*>\n'
    r'|<aside class="offer".*?</aside>\n'
)
"""What programs of others read of a page, and what is offered once: .3 KB."""

blueprint = Blueprint("offline", __name__)


@dataclass(frozen=True, slots=True)
class ShellPage:
    """`templates/shell.html`."""

    frame: pages.Frame
    script: str
    """The address of what shows saved pages."""
    article_count: int


def prepare(app: Flask) -> None:
    """Keep the newest pack."""
    app.extensions["pack"] = Latest(WAIT, KEPT, retry=5.0)


def current() -> Pack | None:
    """The pack of the live snapshot; None while it is being made."""
    live = snapshot()
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    latest: Latest[Pack] = app.extensions["pack"]
    return latest.get(live.id, lambda: pack(app, live))


@blueprint.get("/offline.json")
def manifest() -> Response:
    """What a save fetches."""
    ready = current()
    if ready is None:
        abort(503, NOT_YET)
    record = ready.manifest()
    frame = hashlib.sha256(_shell().encode()).hexdigest()  # its links begin where a proxy mounts the site
    record["files"] = [one | {"hash": frame} if one["url"] == SHELL else one for one in record["files"]]
    response = jsonify(record)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/offline/<name>.<any(json, js):kind>")
def packed(name: str, kind: str) -> Response:
    """One file of the pack; its name changes with its content."""
    url = f"/offline/{name}.{kind}"
    ready = current()
    if ready is None:
        abort(503, NOT_YET)
    body = ready.bodies.get(url)
    if body is None:
        abort(404, "这个文件属于另一版副本。")
    response = Response(body, content_type=KINDS[kind])
    if request.accept_encodings.quality("br"):
        response.set_data(ready.compressed[url])
        response.headers["Content-Encoding"] = "br"
    response.headers["Cache-Control"] = STATIC_POLICY
    response.headers["Vary"] = "Accept-Encoding"
    return response


@blueprint.get(SHELL)
def shell() -> Response:
    """The frame of every page, empty."""
    return keep(Response(_shell()))


def _shell() -> str:
    """No address is its own; its link to the other script leads on from whatever page the device shows in it."""
    live = snapshot()
    frame = pages.frame(status=404)
    other = f"{frame.mount}{traditional.PREFIX}/" if live.site().traditional else ""
    page = ShellPage(replace(frame, alternate=other), script_url(), live.article_count)
    return _OTHERS.sub("", LIVE.sub("", pages.render("shell.html", page)))


@blueprint.get("/download")
def download() -> Response:
    """The whole help center as one file to keep."""
    ready = current()
    if ready is None:
        abort(503, "单个文件正在准备，请过几秒再试。")
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    language = traditional.LANGUAGE if traditional.is_traditional() else ""
    response = made(ready.version, lambda: single_file(app, ready, language).decode(), "text/html; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=helpcenter.html"
    return response


@blueprint.get("/sw.js")
def worker() -> Response:
    """The worker. Browsers ask for it anew at each visit, so a mended one is in force at once."""
    response = keep(Response((STATIC / "sw.js").read_bytes(), content_type="text/javascript; charset=utf-8"))
    response.headers["Cache-Control"] = "no-cache"
    return response
