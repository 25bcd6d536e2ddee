"""Headers that tell browsers what pages may do, and whom the server believes.

In: every response; the settings on hosts and proxies. Out: a strict content security policy and its companions.
Why no nonce and no 'unsafe-inline': there is not one inline script, style or event handler, and a nonce would forbid
caching pages. htmx runs without eval (see `htmx-config` in `templates/base.html`).
"""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from helpcenter.settings import Settings

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
HSTS = "max-age=31536000"
"""One year. Without subdomains or preload: neighbours under the same domain are not ours to decide about."""


def prepare(app: Flask) -> None:
    """Add the headers to every response that has not set its own, and answer trusted hosts only."""
    settings: Settings = app.extensions["settings"]
    if settings.trusted_hosts:
        app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts)
    app.after_request(add_headers)


def trust_proxies(app: Flask, settings: Settings) -> None:
    """Believe the address, scheme, host and prefix that so many proxies in front report. Outermost, so wrap it last."""
    hops = settings.proxy_hops
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops
        )


def add_headers(response: Response) -> Response:
    """Every header of HEADERS, plus HSTS over TLS."""
    headers = response.headers
    for name, value in HEADERS:
        if name not in headers:
            headers[name] = value
    if request.is_secure:
        headers["Strict-Transport-Security"] = HSTS
    return response
