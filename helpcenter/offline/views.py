"""The addresses of a saved copy: what to fetch, the files, the worker, the frame in which saved pages are shown.

In: the live snapshot. Out: JSON, JavaScript, one page. The pack of a snapshot is made once, in the background: of 1,200
articles it takes seconds, and until then a device is asked to come again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, jsonify

from helpcenter.http.caching import STATIC, STATIC_POLICY, keep
from helpcenter.offline.exporting import single_file
from helpcenter.offline.pack import Pack, pack
from helpcenter.pages import frame as pages
from helpcenter.pages.views import snapshot
from helpcenter.store.background import Latest

WAIT, KEPT = 5.0, 365 * 86400.0
"""Seconds that a device waits for a pack, and that one of an unchanged snapshot stays good."""

blueprint = Blueprint("offline", __name__)


@dataclass(frozen=True, slots=True)
class ShellPage:
    """`templates/shell.html`."""

    frame: pages.Frame


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
        abort(503, "离线副本正在准备，请过几秒再试。")
    files = [{"url": one.url, "hash": one.hash, "bytes": one.bytes, "topic": one.topic} for one in ready.files]
    total = sum(one.bytes for one in ready.files)
    response = jsonify({"version": ready.version, "built": ready.built, "bytes": total, "files": files})
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/offline/<name>.json")
def packed(name: str) -> Response:
    """One file of the pack; its name changes with its content."""
    ready = current()
    body = ready.bodies.get(f"/offline/{name}.json") if ready else None
    if body is None:
        abort(404, "这个文件属于另一版副本。")
    response = keep(Response(body, content_type="application/json"))
    response.headers["Cache-Control"] = STATIC_POLICY
    return response


@blueprint.get("/offline/shell")
def shell() -> Response:
    """The frame of every page, empty."""
    return keep(Response(pages.render("shell.html", ShellPage(pages.frame(status=404)))))


@blueprint.get("/download")
def download() -> Response:
    """The whole help center as one file to keep."""
    ready = current()
    if ready is None:
        abort(503, "单个文件正在准备，请过几秒再试。")
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    response = Response(single_file(app, ready), content_type="text/html; charset=utf-8")
    response.headers["Content-Disposition"] = "attachment; filename=helpcenter.html"
    return keep(response)


@blueprint.get("/sw.js")
def worker() -> Response:
    """The worker. Browsers ask for it anew at each visit, so a mended one is in force at once."""
    response = keep(Response((STATIC / "sw.js").read_bytes(), content_type="text/javascript; charset=utf-8"))
    response.headers["Cache-Control"] = "no-cache"
    return response
