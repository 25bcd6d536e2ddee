"""Headers that tell browsers what pages may do, and whom the server believes.

In: every response; the settings on hosts and proxies. Out: a strict content security policy and its companions.
Why no nonce and no 'unsafe-inline': there is not one inline script, style or event handler, and a nonce would forbid
caching pages. htmx runs without eval (see `htmx-config` in `templates/base.html`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask
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
HSTS = ("Strict-Transport-Security", "max-age=31536000")
"""One year. Without subdomains or preload: neighbours under the same domain are not ours to decide about."""


def prepare(app: Flask) -> None:
    """Add the headers to every response that has not set its own, and answer trusted hosts only."""
    settings: Settings = app.extensions["settings"]
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    app.wsgi_app = SecureHeaders(app.wsgi_app)  # type: ignore[method-assign]
    hops = settings.proxy_hops
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops
        )


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
