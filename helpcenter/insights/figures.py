"""Figures from what was counted: searches, those that failed, votes by article.

In: the store, a number of days. Out: one `Insights`, which the terminal and the page print alike.
Why "failed" has three kinds: nothing found needs a word or an article, a part found needs a word, and nothing opened
may be a poor ranking, or a passage that answered on the spot; so the last only counts when it happens again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from helpcenter.guides.counting import GuideFigures, guide_figures
from helpcenter.store.database import OFTEN
from helpcenter.store.records import Counts, Reason
from helpcenter.store.store import Store, first_day, today
from index import Snapshot

LISTED = 20
"""Lines of each list."""
MOST_BARS = 62
"""Bars of the chart by day; longer periods put several days into one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query and what came of it."""

    query: str
    counts: Counts

    @property
    def trouble(self) -> str:
        """Why it counts as failing, in a word or two; empty where it does not."""
        if self.counts.empty:
            return "没有结果"
        if self.counts.partial and not self.counts.opened:
            return "只找到一部分"
        return "没有人点开" if self.counts.asked >= OFTEN and not self.counts.opened else ""


@dataclass(frozen=True, slots=True)
class Votes:
    """What readers said about an article."""

    article: str
    helpful: int
    unhelpful: int

    @property
    def share(self) -> float:
        """Of helpful votes, 0 to 1."""
        return self.helpful / ((self.helpful + self.unhelpful) or 1)


@dataclass(frozen=True, slots=True)
class Said:
    """What readers said about one article, the newest first."""

    article: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the chart: searches from `day` on."""

    day: date
    counts: Counts
    helpful: int = 0
    unhelpful: int = 0

    @property
    def empty_share(self) -> float:
        """Of searches without an answer, 0 to 1."""
        return self.counts.empty / (self.counts.asked or 1)

    @property
    def helpful_share(self) -> float:
        """Of helpful votes, 0 to 1."""
        return self.helpful / ((self.helpful + self.unhelpful) or 1)


@dataclass(frozen=True, slots=True)
class Insights:
    """All figures of the last `days` days, today included."""

    days: int
    since: date
    total: Counts
    bars: tuple[Bar, ...]
    frequent: tuple[Asked, ...]
    failing: tuple[Asked, ...]
    """The worst first; by `Asked.trouble` of three kinds."""
    votes: tuple[Votes, ...]
    """Most votes against first."""
    reasons: tuple[Reason, ...]
    guides: tuple[GuideFigures, ...] = ()
    """Where readers of guides give up."""

    @property
    def said(self) -> tuple[Said, ...]:
        """What readers said that nobody has dealt with; the article with the newest first."""
        grouped: dict[str, list[Reason]] = {}
        for reason in self.reasons:
            grouped.setdefault(reason.article, []).append(reason)
        return tuple(Said(article, tuple(own)) for article, own in grouped.items())

    @property
    def step(self) -> str:
        """What a bar of the chart stands for."""
        width = -(-self.days // len(self.bars))
        return "每天" if width == 1 else f"每 {width} 天"


def insights(store: Store, days: int, live: Snapshot) -> Insights:
    """The figures; `live` knows the guides. Raises `StoreUnavailable`."""
    by_day = store.searches_by_day(days)
    votes = [Votes(article, *counted) for article, counted in store.votes(days).items()]
    frequent, failing = store.frequent(days, LISTED), store.failing(days, LISTED)
    return Insights(
        days=days,
        since=first_day(days),
        total=sum(by_day.values(), Counts()),
        bars=bars(by_day, store.votes_by_day(days), days),
        frequent=tuple(Asked(*one) for one in frequent),
        failing=tuple(Asked(*one) for one in failing),
        votes=tuple(sorted(votes, key=lambda vote: (-vote.unhelpful, -vote.helpful, vote.article))[:LISTED]),
        reasons=tuple(store.reasons(days, LISTED)),
        guides=guide_figures(live, store.steps(days)),
    )


def bars(by_day: Mapping[date, Counts], votes: Mapping[date, tuple[int, int]], days: int) -> tuple[Bar, ...]:
    """Every day of the period, or every few days, those without searches too."""
    width = -(-days // MOST_BARS)
    found = []
    for ago in range(-(-days // width) * width - 1, -1, -width):
        start = today() - timedelta(days=ago)
        own = [start + timedelta(days=day) for day in range(width)]
        helpful, unhelpful = (sum(votes.get(day, (0, 0))[which] for day in own) for which in (0, 1))
        found.append(Bar(start, sum((by_day.get(day, Counts()) for day in own), Counts()), helpful, unhelpful))
    return tuple(found)


def as_json(figures: Insights) -> dict[str, object]:
    """The figures for `--json`."""

    def counts(counted: Counts) -> dict[str, int]:
        return {
            "searches": counted.asked,
            "zero_results": counted.empty,
            "partial": counted.partial,
            "opened": counted.opened,
        }

    return {
        "days": figures.days,
        "since": figures.since.isoformat(),
        "total": counts(figures.total),
        "by_day": [
            {"day": bar.day.isoformat(), **counts(bar.counts), "helpful": bar.helpful, "unhelpful": bar.unhelpful}
            for bar in figures.bars
        ],
        "frequent": [{"query": asked.query, **counts(asked.counts)} for asked in figures.frequent],
        "failing": [
            {"query": asked.query, "trouble": asked.trouble, **counts(asked.counts)} for asked in figures.failing
        ],
        "votes": [
            {"article": vote.article, "helpful": vote.helpful, "unhelpful": vote.unhelpful} for vote in figures.votes
        ],
        "reasons": [
            {"day": said.day.isoformat(), "article": said.article, "choice": said.choice, "text": said.text}
            for said in figures.reasons
        ],
        "guides": [asdict(one) for one in figures.guides],
    }
