"""Login: who may look at `/insights`.

In: a request with the token in a form, in the Authorization header (`Basic` with any name, `Bearer`), or with the
cookie of a login. Out: yes or no. Why logins are rows: leaving then ends one for good, a copied cookie included, and an
operator can end all. Why wrong tokens are counted in memory: nobody who is not logged in may write to the database, and
a token of 16 characters or more is not guessed in a million years; the limit only keeps the log short.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
import threading
import time

from flask import Request

from helpcenter.settings import Settings
from helpcenter.store.records import neighbourhood
from helpcenter.store.store import Store

COOKIE = "insights"
LOGIN_SECONDS = 3600
WRONG_TOKENS = 10
"""An hour, from one address; a right one is let in all the same, for an office shares its address."""
MOST_ADDRESSES = 10_000

log = logging.getLogger(__name__)


class WrongTokens:
    """How many wrong tokens came from where in this hour, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hour = 0
        self._counts: dict[str, int] = {}

    def too_many(self, address: str) -> bool:
        """Count one more; whether that is more than WRONG_TOKENS."""
        place = neighbourhood(address)
        with self._lock:
            hour = int(time.time()) // 3600
            if hour != self._hour or len(self._counts) >= MOST_ADDRESSES:
                self._hour, self._counts = hour, {}
            self._counts[place] = count = self._counts.get(place, 0) + 1
        if count <= WRONG_TOKENS:
            log.warning("/insights：口令不对")
        return count > WRONG_TOKENS


def is_right(settings: Settings, given: str) -> bool:
    """Whether a token is the one set; takes the same time whatever is wrong with it."""
    return hmac.compare_digest(_digest(given), _digest(settings.admin_token))


def has_login(request: Request, settings: Settings, store: Store) -> bool:
    """Whether the request's cookie belongs to a login that lasts. Raises `StoreUnavailable`."""
    cookie = request.cookies.get(COOKIE, "")
    return 20 < len(cookie) < 200 and store.session_lives(_key(settings, cookie))


def begin(settings: Settings, store: Store) -> str:
    """Begin a login; returns the cookie's value. Raises `StoreUnavailable`."""
    cookie = secrets.token_urlsafe(32)
    store.begin_session(_key(settings, cookie), int(time.time()) + LOGIN_SECONDS)
    log.warning("/insights：有人登录")
    return cookie


def end(request: Request, settings: Settings, store: Store) -> None:
    """End the request's login. Raises `StoreUnavailable`."""
    store.end_sessions(_key(settings, request.cookies.get(COOKIE, "")))


def _key(settings: Settings, cookie: str) -> str:
    """What is kept of a cookie: no use to who reads the database, and another one once the token changes."""
    return hmac.new(_digest(settings.admin_token), cookie.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
