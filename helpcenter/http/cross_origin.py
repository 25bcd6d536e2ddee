"""Other sites: who may read the JSON API from a script, and the search box they can embed.

In: the setting `cors_origins`; requests from pages of other origins. Out: the headers of CORS, and `/embed.js`.
Why under WSGI, before the answer cache: the same kept answer goes to every origin, only its headers differ. With no
origin set the wrapper is not installed, and browsers keep all other sites out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response

from helpcenter.http.caching import STATIC, keep
from helpcenter.http.traditional import PREFIX
from helpcenter.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SHARED = ("/api/", "/openapi.json")
"""Where other sites may read. Pages are for readers, and forms are for our own pages only."""
PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
    ("Access-Control-Allow-Headers", "Accept, Content-Type, If-None-Match"),
    ("Access-Control-Max-Age", "86400"),
)
"""What a browser may remember for a day. No cookies: nothing here differs by reader."""

blueprint = Blueprint("cross_origin", __name__)


def prepare(app: Flask) -> None:
    """Let the origins of the settings read the API."""
    settings: Settings = app.extensions["settings"]
    if settings.cors_origins:
        app.wsgi_app = CrossOrigin(app.wsgi_app, settings.cors_origins)  # type: ignore[method-assign]


@blueprint.get("/embed.js")
def embed() -> Response:
    """The search box for other sites. Its address is typed into their pages, so it has no fingerprint."""
    response = keep(Response((STATIC / "embed.js").read_bytes(), content_type="text/javascript; charset=utf-8"))
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


class CrossOrigin:
    """WSGI: adds the CORS headers for allowed origins and answers preflight requests."""

    def __init__(self, app: WSGIApplication, origins: Iterable[str]) -> None:
        self.app = app
        self.origins = frozenset(origin.lower() for origin in origins)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").removeprefix(PREFIX).startswith(SHARED):
            return self.app(environ, start_response)
        added = self.headers_for(environ.get("HTTP_ORIGIN", ""))
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            allowed = any(name == "Access-Control-Allow-Origin" for name, _ in added)
            start_response("204 No Content", [*added, *(PREFLIGHT if allowed else ()), ("Content-Length", "0")])
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, headers + added, *rest)

        return self.app(environ, start)

    def headers_for(self, origin: str) -> list[tuple[str, str]]:
        """The headers of an answer to a page of `origin`. Caches must not hand one origin's answer to another."""
        if "*" in self.origins:
            return [("Access-Control-Allow-Origin", "*")]
        vary = ("Vary", "Origin")
        return [("Access-Control-Allow-Origin", origin), vary] if origin in self.origins else [vary]
