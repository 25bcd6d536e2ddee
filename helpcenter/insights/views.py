"""`/insights`: the figures as a page, for operators with the token.

In: the token by form (a signed cookie for an hour), or in the Authorization header (`Basic` with any name, `Bearer`).
Out: `templates/insights.html`; 404 where no token is set, so that nobody learns there is a door.
Why never in the address: addresses end in logs, histories and Referers. Wrong tokens are limited by address, in the
database; comparisons take the same time whatever is wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from dataclasses import dataclass

from flask import Blueprint, Response, abort, current_app, redirect, request

from helpcenter.http.forms import from_this_site, signer
from helpcenter.insights.figures import Insights, insights
from helpcenter.insights.proposals import Verdict, verdicts
from helpcenter.pages import frame as pages
from helpcenter.pages.views import snapshot
from helpcenter.settings import Settings
from helpcenter.store.store import Limit, Store, StoreUnavailable

COOKIE = "insights"
LOGIN_SECONDS = 3600
WRONG_TOKENS = 10
"""An hour, from one address."""
PERIODS = (7, 30, 90, 365)
PROPOSED = 8
"""Failing queries with a proposal on the page; each costs some 20 ms. The terminal has them all."""
LOGIN_FORM = "insights login"

log = logging.getLogger(__name__)
blueprint = Blueprint("insights", __name__)


@dataclass(frozen=True, slots=True)
class InsightsPage:
    """`templates/insights.html`: the login form, a note, or the figures."""

    frame: pages.Frame
    address: str
    token: str = ""
    """Of the login form; empty once logged in."""
    note: str = ""
    figures: Insights | None = None
    verdicts: tuple[Verdict, ...] = ()
    periods: tuple[int, ...] = ()
    most_a_day: int = 1
    most_asked: int = 1


@blueprint.get("/insights")
def show() -> Response:
    """The figures, or the login form."""
    settings = settings_with_token()
    store: Store = current_app.extensions["store"]
    try:
        if not logged_in(settings, store):
            return login_page(401 if request.authorization else 200)
        days = chosen_days(settings)
        figures = insights(store, days)
    except StoreUnavailable as error:
        log.error("统计打不开：%s", error)
        return answer(InsightsPage(frame(), address(), note="数据库暂时用不了，日志里有原因。"), 503)
    found = verdicts(figures.failing[:PROPOSED], snapshot(), settings.content)
    page = InsightsPage(
        frame=frame(),
        address=address(),
        figures=figures,
        verdicts=tuple(found),
        periods=(*(period for period in PERIODS if period < settings.insights_days), settings.insights_days),
        most_a_day=max(1, *(bar.counts.asked for bar in figures.bars)),
        most_asked=max([1, *(asked.counts.asked for asked in (*figures.frequent, *figures.failing))]),
    )
    return answer(page)


@blueprint.post("/insights")
def login() -> Response:
    """Take the token from the form, or end the login (`leave`)."""
    settings = settings_with_token()
    form_token = request.form.get("token", "")
    if not from_this_site(request, settings.base_url):
        abort(403, "这次提交不是从本站的页面发出的。")
    if "leave" in request.form:
        response: Response = redirect(address(), 303)  # type: ignore[assignment]
        response.delete_cookie(COOKIE, path=address())
        return response
    if not signer().form_token_holds(LOGIN_FORM, form_token):
        return login_page(403, "这个页面打开太久了，请再试一次。")
    store: Store = current_app.extensions["store"]
    try:
        if not admit(settings, store, request.form.get("password", "")):
            return login_page(401, "口令不对，或一小时内试得太多。")
    except StoreUnavailable as error:
        log.error("统计打不开：%s", error)
        return answer(InsightsPage(frame(), address(), note="数据库暂时用不了，日志里有原因。"), 503)
    response = redirect(address(), 303)  # type: ignore[assignment]
    response.headers["Cache-Control"] = "no-store"
    until = str(int(time.time()) + LOGIN_SECONDS)
    response.set_cookie(
        COOKIE,
        signer().sign(login_purpose(settings), until),
        max_age=LOGIN_SECONDS,
        path=address(),
        secure=request.is_secure,
        httponly=True,
        samesite="Strict",
    )
    return response


def settings_with_token() -> Settings:
    """The settings; 404 where there is no token."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.admin_token:
        abort(404)
    return settings


def logged_in(settings: Settings, store: Store) -> bool:
    """Whether the request carries a good header or a cookie of ours that has not run out."""
    authorization = request.authorization
    if authorization:
        return admit(settings, store, authorization.password or authorization.token or "")
    until = signer().read(login_purpose(settings), request.cookies.get(COOKIE, ""))
    return until is not None and time.time() < int(until)


def admit(settings: Settings, store: Store, given: str) -> bool:
    """Whether the token is right; wrong ones are counted, and beyond the limit right ones are refused too."""
    limit = Limit("login", request.remote_addr or "", WRONG_TOKENS)
    is_right = hmac.compare_digest(digest(given), digest(settings.admin_token))
    if store.used_up(limit):
        return False
    if not is_right:
        store.allow([limit])
        log.warning("/insights：口令不对")
    return is_right


def digest(text: str) -> bytes:
    """Of one length, so that comparing tells nothing of a token's length."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def login_purpose(settings: Settings) -> str:
    """A new token ends all logins made with the old one."""
    return f"{COOKIE} {digest(settings.admin_token).hex()}"


def chosen_days(settings: Settings) -> int:
    """`?days=`, within what is kept."""
    text = request.args.get("days", "")
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 30
    return min(max(wanted, 1), settings.insights_days)


def login_page(status: int, note: str = "") -> Response:
    """The form for the token."""
    response = answer(InsightsPage(frame(), address(), signer().form_token(LOGIN_FORM), note), status)
    if status == 401:
        # Not Basic: a browser would open its own window over the form.
        response.headers["WWW-Authenticate"] = 'Bearer realm="insights"'
    return response


def frame() -> pages.Frame:
    """The frame without a canonical address: nothing here is for search engines."""
    return pages.frame("搜索与评价", status=404)


def address() -> str:
    """Of this page."""
    return f"{request.script_root}/insights"


def answer(page: InsightsPage, status: int = 200) -> Response:
    """Not to be kept, not to be found."""
    html = pages.render("insights.html", page)
    return Response(html, status, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"})
