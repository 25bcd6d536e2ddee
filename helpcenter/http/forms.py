"""What every form needs: a secret, tokens signed with it, and whether a POST comes from this site.

In: settings, the request. Out: `Signer`, `from_this_site`. A POST counts when both the browser says that it comes from
here and its token is good; the token has no owner, so pages with a form are the same for all readers, can be cached,
and set no cookie.
Why not a token bound to a session: readers would need a cookie for a page they only read.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

import itsdangerous
import sqlalchemy as sa
from flask import Request, current_app

from helpcenter.settings import Settings

WEEK = 7 * 24 * 3600


class Signer:
    """Signs short texts for one purpose each. Two workers with the same secret know each other's signatures."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def form_token(self, purpose: str) -> str:
        """A token for a form, the same all week, so that pages and their ETags stay the same too."""
        return self._of(purpose).sign(str(int(time.time()) // WEEK)).decode()

    def form_token_holds(self, purpose: str, token: str) -> bool:
        """Whether the token was given out this week or the last."""
        week = int(time.time()) // WEEK
        try:
            given = self._of(purpose).unsign(token.encode("utf-8", "replace"))
        except itsdangerous.BadSignature:
            return False
        return given in (str(week).encode(), str(week - 1).encode())

    def _of(self, purpose: str) -> itsdangerous.Signer:
        return itsdangerous.Signer(self._secret, salt=purpose.encode(), digest_method=hashlib.sha256)


def signer() -> Signer:
    """The application's."""
    found: Signer = current_app.extensions["signer"]
    return found


def load_secret(settings: Settings) -> bytes:
    """The setting, or a file made once beside the database (else the index), or one for this run where none can be.

    Call it before workers are forked, so that they share one that is not in a file, too.
    """
    if settings.secret_key:
        return settings.secret_key.encode()
    path = secret_path(settings)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole under another name first: whoever finds the file finds all of it.
        fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not path.exists():
            try:
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                    file.write(secrets.token_urlsafe(32))
                os.link(fresh, path)
            except FileExistsError:
                pass  # another process was quicker
            finally:
                fresh.unlink(missing_ok=True)
        return path.read_bytes().strip() or secrets.token_bytes(32)
    except OSError:
        return secrets.token_bytes(32)


def secret_path(settings: Settings) -> Path:
    """Where the secret lies."""
    try:
        address = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError:
        return settings.index.parent / "secret.key"
    is_file = address.get_backend_name() == "sqlite" and address.database and address.database != ":memory:"
    return (Path(str(address.database)) if is_file else settings.index).parent / "secret.key"


def from_this_site(request: Request, base_url: str = "") -> bool:
    """Whether a POST was sent by a page of this site, going by what browsers add and pages cannot change.

    Sec-Fetch-Site first, which needs no host name and so no trust in a proxy; then Origin, then Referer. A POST with
    none of them is refused: every browser since 2020 sends Origin.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    return (origin := origin_of(source)) is not None and origin in (origin_of(request.host_url), origin_of(base_url))


def origin_of(address: str) -> tuple[str, str] | None:
    """Scheme and host of an address; None where it has none, or is malformed."""
    try:
        parts = urlsplit(address.lower())
    except ValueError:  # `http://[::1`
        return None
    return (parts.scheme, parts.netloc) if parts.netloc else None
