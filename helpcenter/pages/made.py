"""Large answers, made once for a snapshot, beside the requests: the whole site as one file, all articles as one text.

In: what makes the bytes. Out: the answer, compressed once, or 503 until it is there. Why not the answer cache: it keeps
nothing this large, and tells addresses apart by their query, so that whoever invents one had it all made anew, 0.6 s of
a worker that other readers then waited for.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Hashable
from typing import cast

from flask import Flask, Response, abort, current_app, request

from helpcenter.http import traditional
from helpcenter.http.caching import PAGE_POLICY, gzip
from helpcenter.store.background import Latest

WAIT, KEPT = 1.0, 365 * 86400.0
"""Seconds that a request waits for it, and that one of an unchanged snapshot stays good."""
LEVEL = 6
"""Of gzip; 9 takes twice as long for a hundredth less."""
NOT_YET = "正在准备，请过几秒再试。"


def made(key: Hashable, work: Callable[[], str], content_type: str) -> Response:
    """The answer to this address, whatever its query: `work`'s text for `key`, below the mirror in Traditional.

    HTML is left as it is: the one file that is made has its texts packed, and turns them itself.
    """
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    mirrored = traditional.is_traditional()
    turned = mirrored and not content_type.startswith("text/html")

    def packed() -> bytes:
        with app.app_context():
            text = work()
            return gzip((traditional.to_traditional(text) if turned else text).encode(), LEVEL)

    all_made = app.extensions.setdefault("made", {})
    latest: Latest[bytes] = all_made.setdefault((request.path, mirrored), Latest(WAIT, KEPT, retry=5.0))
    body = latest.get(key, packed)
    if body is None:
        abort(503, NOT_YET)
    request.environ[traditional.DONE] = True
    response = Response(body, content_type=content_type)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = PAGE_POLICY
    response.set_etag(hashlib.sha256(body).hexdigest()[:24], weak=True)
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        response.set_data(zlib.decompress(body, 31))
        del response.headers["Content-Encoding"]
    response.make_conditional(request)
    return response
