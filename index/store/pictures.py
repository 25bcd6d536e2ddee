"""Pictures: the size of each picture in a snapshot, and articles' HTML that states it.

In: a picture's bytes, or sanitised HTML and the sizes. Out: width and height in pixels, after the rotation that a
browser applies; the HTML with both on each picture, and a link to the whole picture around it. Why not while rendering:
a file's HTML must depend on nothing but that file, or an incremental build would miss a picture that was replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from io import BytesIO
from urllib.parse import unquote

Size = tuple[int, int]

_TAG = re.compile(r'<a\b|</a>|<img src="/media/([^"]*)"([^>]*)>')


def size_of(raw: bytes) -> Size | None:
    """Width and height of a PNG, JPEG, WebP or GIF, None where it is none of them or damaged."""
    import imagesize  # only builds measure

    try:
        width, height = imagesize.get(BytesIO(raw))
    except Exception:  # whatever a damaged file makes it raise
        return None
    return (width, height) if width > 0 and height > 0 else None


def dress(html: str, sizes: Mapping[str, Size]) -> str:
    """Give each picture its size, and a link to the whole picture where it is not in a link already."""
    if '<img src="/media/' not in html:
        return html
    inside = False

    def picture(tag: re.Match[str]) -> str:
        nonlocal inside
        if tag[1] is None:
            inside = tag[0] != "</a>"
            return tag[0]
        address, rest = tag[1], tag[2]
        size = sizes.get(unquote(unescape(address)))
        given = "" if size is None or ' width="' in rest or ' height="' in rest else _attributes(size)
        image = f'<img src="/media/{address}"{rest}{given}>'
        if inside or size is None:
            return image
        name = ' aria-label="看大图"' if ' alt=""' in rest else ""
        return f'<a class="enlarge" href="/media/{address}"{name}>{image}</a>'

    return _TAG.sub(picture, html)


def _attributes(size: Size) -> str:
    return f' width="{size[0]}" height="{size[1]}"'
