"""Assembling: prepared articles, new and kept, become the files of one snapshot.

In: an empty folder, the ids in order, what was prepared anew, and the previous snapshot for the rest. Out: every file
of the snapshot but its stamp. Why all of it anew each time: see `building.py`; array work over 12,700 sections takes
about a second.

    MAIN_sections.*, _MAIN_1.toc   the Whoosh index (codec.py)
    text, folded                   each section's record as written and folded (blobs.py)
    sections.npy                   per section: article number, first visible byte in `folded`, characters
    pages, outlines                each article as JSON, whole and without its text
    media, media.json              the pictures that articles show, and their names
    articles.json, topics.json     lists
    facets.json, facets.npy        filter values, and one bit a section for each
    tokens.npz, tokens.txt         word numbers per section and their vocabulary, for the next build only
    sounds.npz                     how characters sound (sounds.py)
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from index.articles import TopicIntro, media, media_file
from index.blobs import Texts
from index.codec import read_inverted, write_segment
from index.inverting import FIELD_BREAK, Inverted, average_lengths, invert, word_key
from index.merging import merge
from index.model import FACETS
from index.preparing import Prepared
from index.relating import related
from index.serializing import CARD_BREAK, article_from_json
from index.sounds import write_sounds
from index.weights import Weights

_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z").match  # an anchor that needs no quoting; quote() takes 10 µs
_MERGED = 5  # the changed and removed share of the sections, one in so many, up to which merging is quicker


@dataclass(frozen=True, slots=True)
class Previous:
    """The last snapshot, for what has not changed."""

    place: Path
    stamp: dict[str, Any]
    digests: dict[str, str]
    articles: dict[str, tuple[int, int, int]]
    """Article id → its number, its first section, one past its last."""


def open_previous(place: Path, stamp: dict[str, Any]) -> Previous:
    """Open the snapshot in `place` for reuse."""
    articles = json.loads((place / "articles.json").read_text("utf-8"))
    at, spans, digests = 0, {}, {}
    for number, article in enumerate(articles):
        spans[article["id"]] = (number, at, at + article["sections"])
        digests[article["id"]] = article["digest"]
        at += article["sections"]
    return Previous(place, stamp, digests, spans)


def assemble(
    place: Path,
    content: Path,
    ids: Sequence[str],
    fresh: dict[str, Prepared],
    previous: Previous | None,
    topics: Sequence[TopicIntro],
    weights: Weights,
) -> dict[str, int]:
    """Write the snapshot's files into `place`, pictures from `content`. Returns the counts of articles and sections."""
    vocabulary: dict[str, int] = {}
    kept = _Kept(previous, vocabulary) if previous else None
    pages, outlines, records, folded, digests = [], [], [], [], []
    words, word_fields, counts, article_of = [], [], [], []
    for number, article_id in enumerate(ids):
        if article_id in fresh:
            item = fresh[article_id]
            renumber = np.array([vocabulary.setdefault(word, len(vocabulary)) for word in item.vocabulary], np.uint32)
            own_words = renumber[np.frombuffer(item.words, np.uint32)] if len(item.words) else np.empty(0, np.uint32)
            own_fields, own_counts = np.frombuffer(item.word_fields, np.uint8), item.word_counts
            page, outline, digest = item.page, item.outline, item.digest
            own_records, own_folded = item.records, item.folded
        else:
            assert kept is not None and previous is not None
            page, outline, own_records, own_folded, own_words, own_fields, own_counts = kept.article(article_id)
            digest = previous.digests[article_id]
        pages.append(page)
        outlines.append(outline)
        digests.append(digest)
        records.extend(own_records)
        folded.extend(own_folded)
        words.append(own_words)
        word_fields.append(own_fields)
        counts.extend(own_counts)
        article_of.extend([number] * len(own_records))

    all_words = np.concatenate(words) if words else np.empty(0, np.uint32)
    all_fields = np.concatenate(word_fields) if word_fields else np.empty(0, np.uint8)
    all_counts = np.array(counts, np.uint32)
    if not kept:  # in order, since the next build sorts them again, and what is nearly sorted sorts in no time
        ranked = {word: rank for rank, word in enumerate(sorted(vocabulary))}
        all_words = np.fromiter(map(ranked.__getitem__, vocabulary), np.uint32, len(vocabulary))[all_words]
        vocabulary = ranked
    texts = list(vocabulary)
    keys = kept.keys(texts) if kept else np.fromiter(map(word_key, texts), np.uint64, len(texts))
    tokens = _Tokens(folded, all_words, all_fields, all_counts, keys)
    inverted = (kept.merged(tokens, ids, fresh, weights) if kept else None) or tokens.invert(weights)

    surroundings = _Surroundings([json.loads(outline) for outline in outlines], digests, topics)
    used = np.zeros(len(texts), bool)
    used[all_words] = True
    write_segment(
        place, inverted, sorted(text for text, one in zip(texts, used, strict=True) if one), surroundings.cards()
    )
    Texts.write(place / "text", records)
    Texts.write(place / "folded", folded)
    visible = [_visible_start(record, not anchor) for record, anchor in zip(folded, surroundings.anchors, strict=True)]
    lengths = [len(record.decode()) for record in folded]
    np.save(place / "sections.npy", np.array([article_of, visible, lengths], np.uint32).reshape(3, -1))
    Texts.write(place / "pages", pages)
    Texts.write(place / "outlines", outlines)
    _write_media(place, content, pages)
    neighbours = related(inverted, np.array(article_of, np.uint32), len(pages), weights)
    surroundings.write(place, neighbours)
    np.savez(place / "tokens.npz", words=all_words, fields=all_fields, counts=all_counts, keys=keys)
    (place / "tokens.txt").write_text("\n".join(texts), "utf-8")
    write_sounds(place, inverted, previous.place if previous else None)
    return {"articles": len(pages), "sections": len(records)}


def _write_media(place: Path, content: Path, pages: Sequence[bytes]) -> None:
    shown = (path for page in pages if b"/media/" in page for path in media(article_from_json(page)))
    files = {path: file.read_bytes() for path in dict.fromkeys(shown) if (file := media_file(content, path))}
    Texts.write(place / "media", list(files.values()))
    _write_json(place / "media.json", list(files))


def _visible_start(folded: bytes, lead: bool) -> int:
    """The first byte of a record that is the section's own text: all of the lead's, from the heading on elsewhere."""
    if lead:
        return 0
    title, aliases, _ = folded.split(FIELD_BREAK.encode(), 2)
    return len(title) + len(aliases) + 2


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What is inverted: of all sections, or of `only` some."""

    folded: Sequence[bytes]
    words: Any
    fields: Any
    counts: Any
    keys: Any

    def invert(self, weights: Weights, averages: Any = None) -> Inverted:
        records = [record.decode() for record in self.folded]
        return invert(records, self.words, self.fields, self.counts, self.keys, weights, averages)

    def only(self, sections: Any) -> _Tokens:
        chosen = np.zeros(len(self.folded), bool)
        chosen[sections] = True
        words = np.repeat(chosen, self.counts)
        folded = [self.folded[number] for number in sections.tolist()]
        return _Tokens(folded, self.words[words], self.fields[words], self.counts[chosen], self.keys)


class _Kept:
    """Unchanged articles, read back from the previous snapshot."""

    def __init__(self, previous: Previous, vocabulary: dict[str, int]) -> None:
        place = previous.place
        self._place = place
        self._spans = previous.articles
        self._text, self._folded = Texts(place / "text"), Texts(place / "folded")
        self._pages, self._outlines = Texts(place / "pages"), Texts(place / "outlines")
        with np.load(place / "tokens.npz", allow_pickle=False) as tokens:
            self._words, self._fields, self._counts, self._keys = (
                tokens[name] for name in ("words", "fields", "counts", "keys")
            )
        self._starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._counts, dtype=np.int64)))
        old = (place / "tokens.txt").read_text("utf-8")
        vocabulary.update((word, number) for number, word in enumerate(old.split("\n") if old else ()))

    def article(self, article_id: str) -> tuple[Any, ...]:
        number, first, last = self._spans[article_id]
        span = slice(self._starts[first], self._starts[last])
        return (
            self._pages[number],
            self._outlines[number],
            [self._text[i] for i in range(first, last)],
            [self._folded[i] for i in range(first, last)],
            self._words[span],
            self._fields[span],
            self._counts[first:last].tolist(),
        )

    def merged(
        self, tokens: _Tokens, ids: Sequence[str], fresh: dict[str, Prepared], weights: Weights
    ) -> Inverted | None:
        """Merge the fresh sections into the previous index; None where it is better inverted anew."""
        old = read_inverted(self._place)
        moved = np.full(old.lengths.shape[1], -1, np.int64)
        places: list[int] = []
        at = 0
        for article_id in ids:
            if article_id in fresh:
                size = len(fresh[article_id].records)
                places.extend(range(at, at + size))
            else:
                _, first, last = self._spans[article_id]
                size = last - first
                moved[first:last] = np.arange(at, at + size)
            at += size
        if (moved < 0).sum() + len(places) > at // _MERGED:
            return None
        sections = np.array(places, np.int64)
        averages = average_lengths(old.lengths)
        changed = tokens.only(sections).invert(weights, averages)
        whole = merge(old, moved, changed, sections)
        return whole if (average_lengths(whole.lengths) == averages).all() else None

    def keys(self, texts: list[str]) -> Any:
        new = np.fromiter(map(word_key, texts[len(self._keys) :]), np.uint64, len(texts) - len(self._keys))
        return np.concatenate((self._keys, new))


class _Surroundings:
    """What stands around the articles: lists, topics, filters, the card of each section."""

    def __init__(self, outlines: list[dict[str, Any]], digests: list[str], topics: Sequence[TopicIntro]) -> None:
        self._outlines = outlines
        self._digests = digests
        self._topics = {topic.id: asdict(topic) for topic in topics}
        for article in outlines:
            topic = article["topic"]
            if topic and topic not in self._topics:
                title = topic.rsplit("/", 1)[-1]
                self._topics[topic] = asdict(TopicIntro(id=topic, title=title, summary="", html="", order=0.0))
        self.anchors = [section["anchor"] for article in outlines for section in article["sections"]]

    def cards(self) -> list[str]:
        """Per section: article id, anchor, title, heading, topic title, address."""
        cards = []
        for article in self._outlines:
            topic = self._topics[article["topic"]]["title"] if article["topic"] else ""
            address = "/articles/" + quote(article["id"])
            for section in article["sections"]:
                anchor = section["anchor"]
                url = address if not anchor else f"{address}#{anchor if _PLAIN(anchor) else quote(anchor)}"
                cards.append(
                    CARD_BREAK.join(
                        (article["id"], section["anchor"], article["title"], section["heading"], topic, url)
                    )
                )
        return cards

    def write(self, place: Path, related_articles: list[list[int]]) -> None:
        articles = [
            {
                **{
                    name: article[name]
                    for name in ("id", "title", "summary", "topic", "order", "updated", "verified", "expires")
                },
                "digest": digest,
                "sections": len(article["sections"]),
                "related": near,
            }
            for article, digest, near in zip(self._outlines, self._digests, related_articles, strict=True)
        ]
        _write_json(place / "articles.json", articles)
        _write_json(
            place / "topics.json", sorted(self._topics.values(), key=lambda topic: (topic["order"], topic["id"]))
        )
        values: dict[tuple[str, str], list[int]] = defaultdict(list)
        at = 0
        for article in self._outlines:
            sections = range(at, at := at + len(article["sections"]))
            for name in FACETS:
                own = ([article[name]] if article[name] else []) if name == "topic" else article[name]
                for value in dict.fromkeys(own):
                    values[name, value].extend(sections)
        bits = np.zeros((len(values), -(-at // 64) * 64), bool)
        for row, pair in enumerate(sorted(values)):
            bits[row, values[pair]] = True
        np.save(place / "facets.npy", np.packbits(bits, axis=1, bitorder="little").view(np.uint64))
        _write_json(place / "facets.json", sorted(values))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
