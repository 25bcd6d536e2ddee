"""A guide as one line: in its list, before the results of a search, on the home page.

In: a guide of the snapshot. Out: `GuideCard`. Why here and not with the guides: those pages build on these.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask import request

from index import Guide

URGENCY = {"now": "立即", "soon": "尽快", "self": "自己可办"}


@dataclass(frozen=True, slots=True)
class GuideCard:
    """A guide as a line in a list."""

    title: str
    summary: str
    url: str
    urgency: str
    """`now`, `soon`, `self`, or nothing."""
    urgency_word: str


def guide_card(guide: Guide) -> GuideCard:
    """A guide as a line in a list, its address below the current root."""
    url = f"{request.script_root}/guides/{quote(guide.id)}"
    return GuideCard(guide.title, guide.summary, url, guide.urgency, URGENCY.get(guide.urgency, ""))
