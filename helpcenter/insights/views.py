"""`/insights`: the figures as a page, for operators with the token.

In: a request that `login.py` lets in. Out: `templates/insights.html`; 404 where no token is set, so that nobody learns
there is a door. Why never in the address: addresses end in logs, histories and Referers. Figures are worked out in the
background: sums over a million rows take a second, a database that is gone as long as it is waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request

from helpcenter.http.forms import from_this_site, signer
from helpcenter.insights import login as logins
from helpcenter.insights.figures import Insights, insights
from helpcenter.insights.proposals import Verdict, verdicts
from helpcenter.pages import frame as pages
from helpcenter.pages.views import snapshot
from helpcenter.settings import Settings
from helpcenter.store.background import Latest
from helpcenter.store.records import StoreUnavailable
from helpcenter.store.store import Store

PROPOSED = 8
"""Failing queries with a proposal on the page; each costs some 20 ms. The terminal has them all."""
LOGIN_FORM, DONE_FORM = "insights login", "insights done"
WAIT, FRESH = 0.2, 30.0
"""Seconds that the page waits for new figures, and that it shows the same ones."""

ASKING = BoundedSemaphore(2)
"""Requests that wait for the database at a time in this process; the others are answered at once, for anybody can send
a made-up cookie, and a database that does not answer must not hold all threads that readers need."""

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
    done_token: str = ""
    """Of the buttons that mark comments as done."""
    logins: int = 0
    """How many are logged in."""
    counting: bool = False
    """The figures are not ready; the page asks again by itself."""


def prepare(app: Flask) -> None:
    """What all requests share."""
    app.extensions["wrong_tokens"] = logins.WrongTokens()
    app.extensions["figures"] = Latest(WAIT, FRESH, retry=1.0)


@blueprint.get("/insights")
def show() -> Response:
    """The figures, or the login form."""
    settings = settings_with_token()
    store: Store = current_app.extensions["store"]
    try:
        with asking():
            authorization = request.authorization
            if authorization:
                if not logins.is_right(settings, authorization.password or authorization.token or ""):
                    return refused()
            elif not logins.has_login(request, settings, store):
                return login_page(200)
            days, live = chosen_days(settings), snapshot()

            def work() -> tuple[Insights, tuple[Verdict, ...], int]:
                figures = insights(store, days, live)
                found = verdicts(figures.failing[:PROPOSED], live, settings.content)
                return figures, tuple(found), len(store.sessions())

            latest: Latest[tuple[Insights, tuple[Verdict, ...], int]] = current_app.extensions["figures"]
            ready = latest.get((days, live.id, store.finished()), work)
    except StoreUnavailable as error:
        return unavailable(error)
    if ready is None:
        return answer(InsightsPage(frame(), address(), note="正在统计，稍等几秒……", counting=True))
    figures, found, live_logins = ready
    page = InsightsPage(
        frame=frame(),
        address=address(),
        figures=figures,
        verdicts=found,
        periods=store.periods,
        most_a_day=max(1, *(bar.counts.asked for bar in figures.bars)),
        most_asked=max([1, *(asked.counts.asked for asked in (*figures.frequent, *figures.failing))]),
        done_token=signer().form_token(DONE_FORM),
        logins=live_logins,
    )
    return answer(page)


@blueprint.post("/insights")
def login() -> Response:
    """Take the token from the form, mark comments as `done`, or end this login (`leave=1`) or all (`leave=all`)."""
    settings = settings_with_token()
    store: Store = current_app.extensions["store"]
    if not from_this_site(request, settings.base_url):
        abort(403, "这次提交不是从本站的页面发出的。")
    try:
        if "leave" in request.form:
            if request.form["leave"] != "all":
                logins.end(request, settings, store)
            elif logins.has_login(request, settings, store):
                store.end_sessions()
            response: Response = redirect(address(), 303)  # type: ignore[assignment]
            response.delete_cookie(logins.COOKIE, path=address())
            return response
        if "done" in request.form:
            if not logins.has_login(request, settings, store):
                return login_page(403, "登录已过期，请再登录一次。")
            if not signer().form_token_holds(DONE_FORM, request.form.get("token", "")):
                abort(403, "这个页面打开太久了，请刷新后再试。")
            store.finish_reasons(request.form["done"])
            return redirect(address(), 303)  # type: ignore[return-value]
        if not signer().form_token_holds(LOGIN_FORM, request.form.get("token", "")):
            return login_page(403, "这个页面打开太久了，请再试一次。")
        if not logins.is_right(settings, request.form.get("password", "")):
            return refused()
        cookie = logins.begin(settings, store)
    except StoreUnavailable as error:
        return unavailable(error)
    response = redirect(address(), 303)  # type: ignore[assignment]
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        logins.COOKIE,
        cookie,
        max_age=logins.LOGIN_SECONDS,
        path=address(),
        secure=request.is_secure or settings.base_url.startswith("https:"),
        httponly=True,
        samesite="Strict",
    )
    return response


@contextmanager
def asking() -> Iterator[None]:
    """Hold one of ASKING. Raises `StoreUnavailable` where none is free."""
    if not ASKING.acquire(blocking=False):
        raise StoreUnavailable("同时打开统计页的太多，数据库来不及回答")
    try:
        yield
    finally:
        ASKING.release()


def settings_with_token() -> Settings:
    """The settings; 404 where there is no token."""
    settings: Settings = current_app.extensions["settings"]
    if not settings.admin_token:
        abort(404)
    return settings


def refused() -> Response:
    """The token was wrong; 429 after too many."""
    wrong: logins.WrongTokens = current_app.extensions["wrong_tokens"]
    many = wrong.too_many(request.remote_addr or "")
    return login_page(429 if many else 401, "口令不对，一小时内已试得太多。" if many else "口令不对。")


def unavailable(error: StoreUnavailable) -> Response:
    """The database does not answer."""
    log.error("统计打不开：%s", error)
    return answer(InsightsPage(frame(), address(), note="数据库暂时用不了，日志里有原因。"), 503)


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
