"""Headers that tell browsers what pages may do, and whom the server believes.

In: every response; the settings on hosts and proxies. Out: a strict content security policy and its companions.
Why no nonce and no 'unsafe-inline': there is not one inline script, style or event handler, and a nonce would forbid
caching pages. htmx runs without eval (see `htmx-config` in `templates/base.html`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from helpcenter.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
)
FORMS = 4
"""Requests with a body at a time in a worker, half of its threads (see `helpcenter/serving/server.py`)."""
HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
OLD = ("HTTP/1.0", "HTTP/1")
"""How HTTP/1.0 is called in a WSGI environment; the second is granian's. nginx speaks it unless told otherwise."""
LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?")
FORWARDED = frozenset(("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip", "via"))
HSTS = ("Strict-Transport-Security", "max-age=31536000")
"""One year. Without subdomains or preload: neighbours under the same domain are not ours to decide about."""


def prepare(app: Flask) -> None:
    """Add the headers to every response that has not set its own, and answer trusted hosts only."""
    settings: Settings = app.extensions["settings"]
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    app.wsgi_app = SecureHeaders(app.wsgi_app)  # type: ignore[method-assign]
    app.after_request(stay_on_this_host)
    hops = settings.proxy_hops
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops
        )
    app.wsgi_app = Doorkeeper(app.wsgi_app)  # type: ignore[method-assign]


def stay_on_this_host(response: Response) -> Response:
    """Make Werkzeug's own redirects (`//search` to `/search`) relative: absolute ones follow whatever `Host` says."""
    if response.status_code == 308:
        to = urlsplit(response.headers["Location"])
        response.headers["Location"] = "/" + to.path.lstrip("/") + (f"?{to.query}" if to.query else "")
    return response


def from_this_machine(request: Request) -> bool:
    """Whether a request was sent by this machine itself, as far as can be seen.

    One that came through a proxy, or asks for another name, is not. A proxy on this machine that adds no header and
    passes on a forged `Host: localhost` looks the same; hence tokens for whatever must stay inside.
    """
    if request.remote_addr not in ("127.0.0.1", "::1"):
        return False
    if not FORWARDED.isdisjoint(name.lower() for name in request.headers.keys()):  # noqa: SIM118 keys, not pairs
        return False
    return request.environ.get("SERVER_PROTOCOL") not in OLD and LOCAL.fullmatch(request.host) is not None


class Doorkeeper:
    """WSGI: refuses what the server lets through and no browser sends, before anybody reads it in two ways.

    CONNECT; no `Host`, or several, or one that is no host name; bodies without a length, so that a length and an
    encoding never contradict each other. And it lets FORMS requests with a body in at a time: their threads wait for
    slow bodies, and readers must never wait for a thread.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self.forms = BoundedSemaphore(FORMS)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "CONNECT":
            return refuse(start_response, "405 Method Not Allowed")
        host = environ.get("HTTP_HOST", "")
        if not HOST.fullmatch(host) and (host or environ.get("SERVER_PROTOCOL") not in OLD):
            return refuse(start_response, "400 Bad Request")
        if "HTTP_TRANSFER_ENCODING" in environ:
            return refuse(start_response, "411 Length Required")
        if environ.get("CONTENT_LENGTH", "").strip("0") == "":
            return self.app(environ, start_response)
        if not self.forms.acquire(blocking=False):
            return refuse(start_response, "503 Service Unavailable")
        try:
            return self.app(environ, start_response)
        finally:
            self.forms.release()


def refuse(start_response: StartResponse, status: str) -> Iterable[bytes]:
    """A bare answer, and the end of the connection: nothing that follows is read as a request."""
    start_response(status, [("Connection", "close"), ("Content-Length", "0"), ("Cache-Control", "no-store")])
    return []


class SecureHeaders:
    """WSGI: adds HEADERS, and HSTS over TLS. Under WSGI since Flask's header object takes 3 µs for each."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            own = {name.lower() for name, _ in headers}
            added = [header for header in HEADERS if header[0].lower() not in own]
            if environ["wsgi.url_scheme"] == "https":
                added.append(HSTS)
            return start_response(status, headers + added, *rest)

        return self.app(environ, start)
