"""Links: what a link or an image address written in an article points at, and the address it gets on the site.

In: the address as written and the id of the page it stands on. Out: `Target`.
Why one place: rendering turns targets into addresses, and `check` looks for the same targets, so what is rendered is
what was checked.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

IMAGE_TYPES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""SVG is left out: it can carry script."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_IGNORED_BY_BROWSERS = re.compile(r"[\t\n\r]")
_ARTICLE = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)
_PAGES = re.compile(r"/(?:articles|topics)/|/guides(?:[/?]|$)|/(?:search)?(?:\?|$)")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads."""

    kind: str
    """`article`, `topic`, `image`, `anchor` (same page), `site` (another page of this site), `remote`, or `lost`:
    an address nothing can be served for, such as one outside the content folder or a file of an unknown type."""
    path: str = ""
    """Article id, topic id, image path relative to the content folder, or the address as written."""
    fragment: str = ""
    """The anchor, decoded."""

    @property
    def address(self) -> str | None:
        """What to write into `href` or `src`, percent-encoded; None for `lost`."""
        anchor = f"#{quote(self.fragment)}" if self.fragment else ""
        match self.kind:
            case "article":
                return f"/articles/{quote(self.path)}{anchor}"
            case "topic":
                return f"/topics/{quote(self.path)}{anchor}" if self.path else f"/{anchor}"
            case "image":
                return f"/media/{quote(self.path)}"
            case "anchor":
                return anchor or "#"
            case "site" | "remote":
                return self.path
        return None


def resolve(address: str, folder: str) -> Target:
    """Find what `address` points at from an article in `folder` (relative to the content folder, `` at its top)."""
    address = _IGNORED_BY_BROWSERS.sub("", address).strip().replace("\\", "/")
    if address.startswith("//") or _SCHEME.match(address):
        return Target("remote", address)
    path, _, fragment = address.partition("#")
    path, fragment = unquote(path.partition("?")[0]), unquote(fragment)
    if not path and "?" not in address:
        return Target("anchor", "", fragment)
    if _PAGES.match(address):
        kind, _, rest = path.strip("/").partition("/")
        if rest and kind != "guides":
            return Target(kind.removesuffix("s"), _ARTICLE.sub("", rest), fragment)
        return Target("site", quote(address, safe="/?&=#%+"), fragment)
    joined = posixpath.normpath(posixpath.join("/" if path.startswith("/") else folder, path)).lstrip("/")
    if joined == ".." or joined.startswith("../"):
        return Target("lost", address, fragment)
    joined = "" if joined == "." else joined
    suffix = posixpath.splitext(joined)[1].lower()
    if suffix in (".md", ".markdown"):
        topic, _, name = joined.rpartition("/")
        if name == "_topic.md":
            return Target("topic", topic, fragment)
        return Target("article", _ARTICLE.sub("", joined), fragment)
    if suffix in IMAGE_TYPES:
        return Target("image", joined, fragment)
    if path.endswith("/") or not joined:
        return Target("topic", joined, fragment)
    if suffix in ("", ".html", ".htm"):
        return Target("article", joined.removesuffix(suffix) if suffix else joined, fragment)
    return Target("lost", address, fragment)
