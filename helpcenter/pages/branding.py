"""What a browser takes of the site's own look besides pages: its colours, its sign, its name for a home screen.

In: the live snapshot's `SiteConfig`. Out: `/site.css`, `/site-icon.svg`, `/site.webmanifest`. Why a style sheet of its
own: the policy forbids inline styles, and the colours change with the snapshot, not with the program.
"""

from __future__ import annotations

import json
from urllib.parse import quote

from flask import Blueprint, Response, abort, request

from helpcenter.http.caching import STATIC, STATIC_POLICY, fingerprint_of, keep
from helpcenter.pages import frame as pages
from helpcenter.pages.colours import style_sheet
from helpcenter.pages.views import snapshot

blueprint = Blueprint("branding", __name__)

DRAWN = (("icon-192", "192x192", "any"), ("icon-512", "512x512", "any"), ("icon-maskable", "512x512", "maskable"))
"""`icon.svg` as PNG: name, size, purpose. Of the maskable one a phone may cut off all but the middle 80 %."""


@blueprint.get("/site.css")
def css() -> Response:
    """The site's own colours."""
    words = pages.site().words
    sheet = style_sheet(words.light, words.dark)
    if not sheet:
        abort(404)
    response = keep(Response(sheet, content_type="text/css; charset=utf-8"))
    if asked := request.args.get("v"):
        response.headers["Cache-Control"] = STATIC_POLICY if asked == fingerprint_of(sheet.encode()) else "no-store"
    return response


@blueprint.get("/site-icon.svg")
def icon() -> Response:
    """Our sign in the site's own colours."""
    palette = pages.site().words.light
    if not palette:
        abort(404)
    drawing = (STATIC / "icon.svg").read_text("utf-8")
    drawing = drawing.replace(pages.BAND, palette.band).replace(pages.SIGN, palette.on_band_quiet)
    return keep(Response(drawing, content_type="image/svg+xml"))


@blueprint.get("/site.webmanifest")
def manifest() -> Response:
    """What a phone needs to put the site on its home screen."""
    frame = pages.frame()
    words = frame.site.words
    icons = [{"src": frame.mount + frame.site.icon, "sizes": "any"}]
    if frame.site.icon.startswith("/static/"):  # our own sign; phones that draw no SVG take these
        icons += [
            {"src": f"{frame.mount}/static/{name}.png", "sizes": size, "type": "image/png", "purpose": purpose}
            for name, size, purpose in DRAWN
        ]
    record = {
        "name": frame.site.name,
        "short_name": words.short_name,
        "lang": frame.lang,
        "id": f"{frame.mount}/",
        "start_url": f"{frame.mount}/",
        "scope": f"{frame.mount}/",
        "display": "minimal-ui",
        "background_color": "#f5f6f3",
        "theme_color": frame.site.band,
        "icons": icons,
        "screenshots": [
            {
                "src": f"{frame.mount}/media/{quote(path)}",
                "sizes": f"{size[0]}x{size[1]}",
                "form_factor": "narrow" if size[1] > size[0] else "wide",
            }
            for path in words.screenshots
            if (size := snapshot().media_size(path))
        ],
    }
    return keep(Response(json.dumps(record, ensure_ascii=False), content_type="application/manifest+json"))
