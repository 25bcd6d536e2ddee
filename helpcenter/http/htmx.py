"""What htmx asked for: the one file that reads its headers.

In: the request. Out: whether a fragment is wanted instead of a page, and whether the reader is still typing.
Why one file: a view that forgets the history case shows a bare fragment after Back; here it cannot be forgotten.
A change of htmx's major version changes this file, `static/vendor/` and the `htmx-config` of `templates/base.html`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from flask_htmx import HTMX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VARY = "HX-Request, HX-Typing, Accept"
"""The request headers that a page depends on: htmx gets fragments, a reader who types the quick answer, and who prefers
Markdown that (markdown.py)."""

_htmx = HTMX()


def prepare(app: Flask) -> None:
    """Attach flask-htmx."""
    _htmx.init_app(app)


def wants_fragment() -> bool:
    """Whether the part of the page that changes is asked for. Back and forward ask for the full page."""
    return bool(_htmx) and not _htmx.history_restore_request


def typing(environ: WSGIEnvironment) -> bool:
    """Whether app.js asked between two keystrokes, so that the answer must cost little: the next one replaces it."""
    return environ.get("HTTP_HX_TYPING") == "true"


def fragment_asked(environ: WSGIEnvironment) -> bool:
    """The same for a request that Flask has not seen yet: the response cache answers before it."""
    return environ.get("HTTP_HX_REQUEST") == "true" and environ.get("HTTP_HX_HISTORY_RESTORE_REQUEST") != "true"
