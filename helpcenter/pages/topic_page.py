"""The page object of a topic: its articles and the topics below it.

In: a topic of the snapshot. Out: `TopicPage`, and the addresses and trails of topics that other pages show.
Why the trail is here: a topic's place is its id, `account/abroad`, and nobody else takes that apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from flask import request
from markupsafe import Markup

from helpcenter.pages.frame import Frame, frame, local
from index import Snapshot, Topic

TOPICS_SHOWN = 12
"""Where a page names the topics as a way on."""


@dataclass(frozen=True, slots=True)
class TopicPage:
    frame: Frame
    topic: Topic
    body: Markup
    crumbs: tuple[tuple[str, str], ...]
    subtopics: tuple[tuple[str, str, int], ...]
    """Title, address, number of articles."""


def topic_page(snapshot: Snapshot, topic: Topic) -> TopicPage:
    """A topic with its articles and the topics below it."""
    below = topic.id + "/"
    return TopicPage(
        frame=frame(topic.title, topic.summary, topic_url(topic.id, root="")),
        topic=topic,
        body=local(topic.html),
        crumbs=crumbs(snapshot, topic.id.rpartition("/")[0]),
        subtopics=tuple(
            (child.title, topic_url(child.id), len(child.articles))
            for child in snapshot.topics()
            if child.id.startswith(below) and child.articles
        ),
    )


def topic_url(topic: str, root: str | None = None) -> str:
    """The address of a topic below the current root."""
    return f"{request.script_root if root is None else root}/topics/{quote(topic)}"


def crumbs(snapshot: Snapshot, topic: str) -> tuple[tuple[str, str], ...]:
    """Title and address of `topic` and the topics above it, outermost first."""
    parts = topic.split("/") if topic else []
    trail = ("/".join(parts[: end + 1]) for end in range(len(parts)))
    return tuple(
        (known.title if (known := snapshot.topic(name)) else name.rpartition("/")[2], topic_url(name)) for name in trail
    )
