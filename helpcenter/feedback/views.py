"""这篇文章有帮助吗？ — votes and reasons, inside the article with htmx, on small pages of their own without.

In: `POST /feedback/<article>` from the form at an article's end: a vote, then if the reader likes a reason. Out:
counted votes, kept reasons, thanks. Whatever goes wrong is said where the reader stands; the article stays readable.
Why no cookie and no account: who is asked to log in does not answer. Repeats are bounded by address instead, in the
database, so that the bounds hold across workers and leave nothing behind after a day.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, abort, current_app, redirect, request

from helpcenter.http.forms import Signer, from_this_site, load_secret, signer
from helpcenter.http.htmx import wants_fragment
from helpcenter.pages import frame as pages
from helpcenter.pages.contacts import ContactLine, contacts_for
from helpcenter.pages.views import snapshot
from helpcenter.settings import Settings
from helpcenter.store.records import Limit, StoreUnavailable
from helpcenter.store.store import Store

LONGEST_TEXT = 500
"""Characters of a reason."""
LONGEST_FORM = 16 * 1024
CHOICES = ("没有我要找的内容", "看不懂", "照着做了，不行", "内容过时或有错")
ALL_TOGETHER = 3000
"""Votes and reasons an hour from everywhere; bounds what a flood from many addresses can fill."""
BY_ADDRESS = 30
"""Many readers may share an office's address."""
BY_ARTICLE = 3
"""On one article from one address."""

NEAR = 3
"""Sections offered after 没有."""

log = logging.getLogger(__name__)
blueprint = Blueprint("feedback", __name__)


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """`templates/feedback.html`, or `_feedback_answer.html` alone for htmx."""

    frame: pages.Frame
    title: str
    article_url: str
    action: str
    token: str
    state: str
    """`yes`, `no` (asks for a reason), `done`, `failed`."""
    note: str
    """What went wrong; empty unless `failed`."""
    near: tuple[tuple[str, str], ...] = ()
    """After 没有: the nearest sections of other articles, label and address."""
    contacts: tuple[ContactLine, ...] = ()
    did: str = ""
    """What the reader did, in words to hand to a person."""
    choices: tuple[str, ...] = CHOICES
    longest: int = LONGEST_TEXT


def prepare(app: Flask) -> None:
    """Open the store, load the secret, and give templates the token of an article's form."""
    settings: Settings = app.extensions["settings"]
    app.extensions["signer"] = Signer(load_secret(settings))
    app.extensions["store"] = Store(settings.database_url, settings.insights_days, settings.feedback_texts)
    app.jinja_env.filters["feedback_token"] = lambda article: signer().form_token(f"feedback {article}")


def store() -> Store:
    """The application's."""
    found: Store = current_app.extensions["store"]
    return found


@blueprint.post("/feedback/<path:article>")
def give(article: str) -> Response:
    """Count a vote (`vote=yes|no`) or keep a reason (`reason`, `text`)."""
    request.max_content_length = LONGEST_FORM
    known = snapshot().page(article)
    if known is None:
        abort(404)
    settings: Settings = current_app.extensions["settings"]
    if not from_this_site(request, settings.base_url):
        return answer(article, known.article.title, "failed", 403, "这次提交不是从本站的页面发出的，没有记下。")
    if not signer().form_token_holds(f"feedback {article}", request.form.get("token", "")):
        note = "这个页面打开太久了，没有记下。请刷新文章后再选一次。"
        return answer(article, known.article.title, "failed", 403, note)
    vote = request.form.get("vote", "")
    try:
        state = count_vote(article, vote) if vote in ("yes", "no") else keep_reason(article)
    except StoreUnavailable as error:
        log.error("评价没有记下：%s", error)
        note = "谢谢，不过暂时记不下评价。文章照常可读，请过一会儿再试。"
        return answer(article, known.article.title, "failed", 503, note)
    if state == "failed":
        note = "这个网络在一小时内提交得太多了，没有记下。请过一会儿再试。"
        return answer(article, known.article.title, state, 429, note)
    if wants_fragment():
        return answer(article, known.article.title, state)
    return redirect(f"{address(article)}?said={state}", 303)  # type: ignore[return-value]


@blueprint.get("/feedback/<path:article>")
def given(article: str) -> Response:
    """Where a browser without JavaScript arrives after posting; reloading it posts nothing again."""
    known = snapshot().page(article)
    if known is None:
        abort(404)
    said = request.args.get("said", "")
    if said not in ("yes", "no", "done"):
        return redirect(f"{request.script_root}/articles/{quote(article)}#feedback", 302)  # type: ignore[return-value]
    return answer(article, known.article.title, said)


def count_vote(article: str, vote: str) -> str:
    """Count it unless there were too many; the state to show."""
    if not store().allow(limits(f"vote {article}")):
        return "failed"
    store().vote(article, vote == "yes")
    return vote


def keep_reason(article: str) -> str:
    """Keep what was chosen and written, if anything was; the state to show."""
    choice = request.form.get("reason", "")
    text = without_contacts(" ".join(request.form.get("text", "").split())[:LONGEST_TEXT])
    choice = choice if choice in CHOICES else ""
    if choice or text:
        if not store().allow(limits(f"reason {article}")):
            return "failed"
        store().add_reason(article, choice, text)
    return "done"


def limits(action: str) -> tuple[Limit, ...]:
    """What an action must stay within, the widest first: where that is exceeded no further row is made."""
    reader = request.remote_addr or ""
    return (
        Limit("feedback", "", ALL_TOGETHER),
        Limit("feedback", reader, BY_ADDRESS),
        Limit(action, reader, BY_ARTICLE),
    )


def answer(article: str, title: str, state: str, status: int = 200, note: str = "") -> Response:
    """Thanks, or what went wrong, as the asker wants it. Not for search engines, not to be kept."""
    help = _more_help(article, title) if state == "no" else {}
    page = FeedbackPage(
        frame=pages.frame("您的评价", status=status),
        title=title,
        article_url=f"{request.script_root}/articles/{quote(article)}",
        action=address(article),
        token=signer().form_token(f"feedback {article}"),
        state=state,
        note=note,
        **help,
    )
    html = pages.render("_feedback_answer.html" if wants_fragment() else "feedback.html", page)
    return Response(html, status, headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _more_help(article: str, title: str) -> dict[str, Any]:
    """After 没有: the nearest sections of other articles, whom to turn to, and the words to begin with."""
    live, root = snapshot(), request.script_root
    known = live.page(article)
    near: dict[str, tuple[str, str]] = {}
    for hit in live.search(title, limit=20).hits:
        if hit.article != article and hit.section and len(near) < NEAR:
            near.setdefault(hit.article, (f"{hit.title}：{hit.heading}", root + hit.url))
    address = f"{request.host_url.rstrip('/')}{root}/articles/{quote(article)}"
    return {
        "near": tuple(near.values()),
        "contacts": contacts_for(live.site(), known.article.filters) if known else (),
        "did": f"我看了《{title}》（{address}），没有解决。\n",
    }


def address(article: str) -> str:
    """Where the form of an article goes."""
    return f"{request.script_root}/feedback/{quote(article)}"


DIGITS = re.compile(r"\d(?:[ -]?\d){6,}")
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def without_contacts(text: str) -> str:
    """`text` without control characters, long numbers (phones, cards) and mail addresses."""
    return MAIL.sub("〔邮箱〕", DIGITS.sub("〔号码〕", CONTROL.sub(" ", text)))
