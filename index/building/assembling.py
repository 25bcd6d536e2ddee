"""Assembling: prepared articles, new and kept, become the files of one snapshot.

In: an empty folder, the ids in order, what was prepared anew, and the previous snapshot for the rest. Out: every file
of the snapshot but its stamp. Why all of it anew each time: see `build.py`; array work over 12,700 sections takes
about half a second.

    MAIN_sections.*, _MAIN_1.toc   the Whoosh index (codec.py)
    text, folded                   each section's body as written, and its whole record folded (blobs.py)
    lines                          what each line of a body is: a list's item, a table's row … (sanitizing.py)
    sections.npy                   per section: article number, first visible byte in `folded`, characters
    pages, outlines                each article as JSON, whole (compressed) and without its text
    media, media.json              the pictures that are shown, and their names
    media_sizes.json               their width and height in pixels
    articles.json, topics.json     lists
    moved.json                     old addresses and where they lead
    guides.json                    the guides, proven
    site.json                      what `_site.yml` says (site.py)
    facets.json, facets.npy        filter values, and one bit a section for each
    tokens.*                       word numbers per section and their vocabulary, for the next build and relating.py
    sound*.npy, readings.npz       how characters sound (sounds.py)
    meaning.*                      vectors of bodies and asks, where there is a model (meaning/vectors.py)
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

from index.arrays import U32, U64
from index.building.inverting import narrow
from index.building.parts import Kept, Part, Previous, invert_parts, join, parts_of
from index.building.preparing import Prepared
from index.building.sounding import write_sounds
from index.content.articles import TopicIntro, media, media_file
from index.model import Guide
from index.site import TOPIC, SiteConfig
from index.store.blobs import Packed, Texts
from index.store.forwards import forwards
from index.store.keys import FIELD_BREAK, FIELDS, word_key
from index.store.pictures import size_of
from index.store.posting_files import ARRAYS, write_array
from index.store.serializing import CARD_BREAK
from index.store.writing import Files
from index.weights import Weights

if TYPE_CHECKING:
    from index.meaning.encoding import Encoded

SectionTexts = Sequence[tuple[str, Sequence[str]]]
"""Of each section its body and its asks, folded."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z").match  # an anchor that needs no quoting; quote() takes 10 µs


def assemble(
    files: Files,
    content: Path,
    ids: Sequence[str],
    fresh: dict[str, Prepared],
    previous: Previous | None,
    topics: Sequence[TopicIntro],
    site: SiteConfig,
    weights: Weights,
    encode: Callable[[SectionTexts], Encoded] | None = None,
) -> dict[str, int]:
    """Write the snapshot's `files`, pictures from `content`. Returns the counts of articles and sections.

    `encode`: makes the vectors, where there is a model.
    """
    place, write = files.place, files.write
    kept = Kept(previous) if previous else None
    vocabulary = kept.vocabulary if kept else {}
    parts = list(parts_of(ids, fresh, kept, vocabulary))
    for name in ("text", "lines", "folded", "pages", "outlines"):
        write(Texts.write, place / name, [getattr(part, name) for part in parts])
    words = join(parts, "words")
    if not kept:  # in order, since the next build sorts them again, and what is nearly sorted sorts in no time
        ranked = {word: rank for rank, word in enumerate(sorted(vocabulary))}
        words = np.fromiter(map(ranked.__getitem__, vocabulary), np.uint32, len(vocabulary))[words]
        vocabulary = ranked
    texts = list(vocabulary)
    keys = kept.keys(texts) if kept else np.fromiter(map(word_key, texts), np.uint64, len(texts))
    inverted = (kept.merged(parts, keys, weights) if kept else None) or invert_parts(parts, words, keys, weights)
    for name in ARRAYS:
        write(write_array, place, name, inverted)
    write(write_sounds, place, inverted, previous.place if previous else None)
    write(_write_tokens, place, parts, words, keys, texts)

    outlines = json.loads(b"[%b]" % b",".join(text for part in parts for text in part.outlines.texts()))
    digests = {**(previous.digests if previous else {}), **{item.id: item.digest for item in fresh.values()}}
    surroundings = _Surroundings(outlines, [digests[article_id] for article_id in ids], topics)
    used = np.zeros(len(texts), bool)
    used[words] = True
    in_use = sorted(text for text, one in zip(texts, used.tolist(), strict=True) if one)
    write(_write_segment, place, in_use, surroundings.cards())
    shown = [*([site.logo] if site.logo else ()), *site.screenshots, *media(topic.html for topic in topics)]
    write(_write_media, place, content, outlines, shown)
    numbers, sizes = np.arange(len(outlines), dtype=np.uint32), [len(outline["sections"]) for outline in outlines]
    article_of = np.repeat(numbers, sizes)
    sections = np.stack([article_of, join(parts, "visible"), join(parts, "lengths")])
    write(np.save, place / "sections.npy", sections)
    write(surroundings.write, place)
    write(_write_json, place / "site.json", asdict(site))
    if encode:
        write(encode(_section_texts(parts)).write, place)
    return {"articles": len(outlines), "sections": len(article_of)}


def _section_texts(parts: Sequence[Part]) -> SectionTexts:
    texts = []
    for record in (text.decode() for part in parts for text in part.folded.texts()):
        fields = dict(zip(FIELDS, record.split(FIELD_BREAK), strict=True))
        body = fields["body"] or fields["heading"] or fields["title"]  # a heading may stand alone
        texts.append((body, [ask for ask in fields["asks"].split("\n") if ask]))
    return texts


def write_guides(place: Path, guides: Sequence[Guide]) -> None:
    """Write the guides, so that the server reads no YAML."""
    _write_json(place / "guides.json", [asdict(guide) for guide in guides])


def _write_segment(place: Path, vocabulary: list[str], cards: list[str]) -> None:
    from index.store.codec import write_segment  # Whoosh loads while the files before are checked, or 60 ms later

    write_segment(place, vocabulary, cards)


def _write_tokens(place: Path, parts: Sequence[Part], words: U32, keys: U64, texts: Sequence[str]) -> None:
    words = words.astype(narrow(len(texts)))
    for name, array in (("words", words), ("counts", join(parts, "counts")), ("keys", keys)):
        np.save(place / f"tokens.{name}.npy", array)
    (place / "tokens.txt").write_text("\n".join(texts), "utf-8")


def _write_media(place: Path, content: Path, outlines: Sequence[dict[str, Any]], more: Sequence[str]) -> None:
    shown = dict.fromkeys([*more, *(path for outline in outlines for path in outline["media"])])
    files = {path: file.read_bytes() for path in shown if (file := media_file(content, path))}
    Texts.write(place / "media", [Packed.of(list(files.values()))])
    _write_json(place / "media.json", list(files))
    _write_json(place / "media_sizes.json", {path: size for path, raw in files.items() if (size := size_of(raw))})


class _Surroundings:
    """What stands around the articles: lists, topics, filters, the card of each section."""

    def __init__(self, outlines: list[dict[str, Any]], digests: list[str], topics: Sequence[TopicIntro]) -> None:
        self._outlines = outlines
        self._digests = digests
        self._topics = {topic.id: asdict(topic) for topic in topics}
        for topic in {article["topic"] for article in outlines}:
            while topic:
                above, _, title = topic.rpartition("/")
                if topic not in self._topics:
                    self._topics[topic] = asdict(TopicIntro(id=topic, title=title, summary="", html="", order=0.0))
                topic = above

    def cards(self) -> list[str]:
        """Per section: article id, anchor, title, heading, topic title, address."""
        cards = []
        for article in self._outlines:
            topic = self._topics[article["topic"]]["title"] if article["topic"] else ""
            address = "/articles/" + quote(article["id"])
            for anchor, heading in article["sections"]:
                url = address if not anchor else f"{address}#{anchor if _PLAIN(anchor) else quote(anchor)}"
                cards.append(CARD_BREAK.join((article["id"], anchor, article["title"], heading, topic, url)))
        return cards

    def write(self, place: Path) -> None:
        articles = [
            {
                **{
                    name: article[name]
                    for name in ("id", "title", "summary", "topic", "order", "updated", "verified", "expires")
                },
                "digest": digest,
                "sections": len(article["sections"]),
            }
            for article, digest in zip(self._outlines, self._digests, strict=True)
        ]
        _write_json(place / "articles.json", articles)
        _write_json(
            place / "topics.json", sorted(self._topics.values(), key=lambda topic: (topic["order"], topic["id"]))
        )
        _write_json(
            place / "moved.json",
            forwards(
                (article["id"], article["moved_from"], [anchor for anchor, _ in article["sections"] if anchor])
                for article in self._outlines
            ),
        )
        values: dict[tuple[str, str], list[int]] = defaultdict(list)
        at = 0
        for article in self._outlines:
            sections = range(at, at := at + len(article["sections"]))
            topic = {TOPIC: [article["topic"]]} if article["topic"] else {}
            for name, own in {**article["filters"], **topic}.items():
                for value in dict.fromkeys(own):
                    values[name, value].extend(sections)
        bits = np.zeros((len(values), -(-at // 64) * 64), bool)
        for row, pair in enumerate(sorted(values)):
            bits[row, values[pair]] = True
        np.save(place / "facets.npy", np.packbits(bits, axis=1, bitorder="little").view(np.uint64))
        _write_json(place / "facets.json", sorted(values))


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
