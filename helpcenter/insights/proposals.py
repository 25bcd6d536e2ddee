"""For each failing query the smallest change that may mend it: a synonym, a word, an ask of a section, or an alias.

In: failing queries, the live snapshot, the words that operators keep in `content/_search/`. Out: `Proposal`s with the
command that applies them, or a line of advice where no change of words can help.
Why only searches and letters are used: nothing here knows what words mean, so a pair is proposed when they share
most of their characters and the query finds something with the one in the other's place. The operator decides, and
`improving.py` tries it out.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from helpcenter.insights.figures import Asked
from index import Snapshot

LONGEST = 24
"""Characters of a query that is taken apart; longer ones are whole sentences."""
LONGEST_WORD = 5
LIKE_ENOUGH = 0.6
"""Share of characters that two words have in common, as `SequenceMatcher.ratio` counts them."""
LIKE_ENOUGH_LATIN = 0.75
COVERED = 0.5
"""Share of a query that an article must speak of, rare characters counting more."""
LOOKED_AT = 5
"""Hits whose sections are compared."""
WORDS = "words.txt"
SYNONYMS = "synonyms.txt"

_BREAKS = re.compile(r"[\s,，、。；;：:！!？?（）()\[\]“”\"'/|·—…]+|和|与|或|的")
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change of one line."""

    query: str
    trouble: str
    kind: str
    """`synonym`: `text` means `target`; `word`: `text` is a word; `ask`: readers ask for section `target`
    (`article#anchor`) by `text`; `alias`: article `target` is also called `text`."""
    text: str
    target: str
    why: str

    @property
    def id(self) -> str:
        """The same for the same change, whenever it is proposed."""
        return hashlib.blake2b("\0".join((self.kind, self.text, self.target)).encode(), digest_size=3).hexdigest()

    @property
    def says(self) -> str:
        """The change in words."""
        if self.kind == "synonym":
            return f"同义词：{self.text} = {self.target}"
        if self.kind == "word":
            return f"词典：加入“{self.text}”"
        if self.kind == "ask":
            return f"相似问：给小节 {self.target} 加上“{self.text}”"
        return f"别名：给文章 {self.target} 加上“{self.text}”"

    @property
    def command(self) -> str:
        """What applies it."""
        return f"helpcenter insights --apply {self.id}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done about one failing query."""

    asked: Asked
    proposal: Proposal | None
    advice: str
    """Where there is no proposal: why, and what else may help."""


def verdicts(failing: Iterable[Asked], snapshot: Snapshot, content: Path) -> list[Verdict]:
    """One for each failing query, in their order."""
    own = content / "_search"
    stamps = tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in (own / WORDS, own / SYNONYMS))
    lexicon = _lexicon(snapshot, content, stamps)
    return [_verdict(asked, snapshot, lexicon) for asked in failing]


@dataclass(frozen=True)
class Lexicon:
    """Words that find something, and how rare each character is among the articles' titles and summaries."""

    words: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    """Synonyms as they stand."""
    rarity: dict[str, float]
    rarest: float
    articles: tuple[tuple[str, str], ...]
    """Id, and title with summary."""

    def covered(self, query: str, text: str) -> float:
        """The share of `query`, 0 to 1, that `text` has too: the mean of single characters and of pairs of them."""
        shares = []
        known = _parts(text)
        for asked, told in ((_parts(query), known), (_pairs(_parts(query)), _pairs(known))):
            weights = {part: max(self.rarity.get(letter, self.rarest) for letter in part.split()) for part in asked}
            shares.append(sum(weights[part] for part in set(told) & set(weights)) / (sum(weights.values()) or 1.0))
        return sum(shares) / len(shares) if len(_parts(query)) > 1 else shares[0]


@lru_cache(maxsize=1)
def _lexicon(snapshot: Snapshot, content: Path, stamps: tuple[int, ...]) -> Lexicon:
    cards = snapshot.cards()
    articles = tuple((card.id, f"{card.title} {card.summary}".casefold()) for card in cards)
    counted = Counter(part for _, text in articles for part in set(_parts(text)))
    rarest = math.log(len(cards) + 2)
    rarity = {part: math.log((len(cards) + 2) / (count + 0.5)) for part, count in counted.items()}
    words: dict[str, None] = {}
    groups = []
    for name in (WORDS, SYNONYMS):
        file = content / "_search" / name
        lines = file.read_text("utf-8-sig", "replace").casefold().splitlines() if file.is_file() else []
        for line in lines:
            if not line.lstrip().startswith("#"):
                group = tuple(word.strip() for word in line.replace("，", ",").split(",") if word.strip())
                words.update(dict.fromkeys(group))
                groups.append(group)
    for counts in snapshot.facets().values():
        words.update(dict.fromkeys(count.value.casefold() for count in counts))
    for card in cards:
        words.update(dict.fromkeys(_BREAKS.split(card.title.casefold())))
    known = tuple(word for word in words if 2 <= len(word) <= 12)
    return Lexicon(known, tuple(group for group in groups if len(group) > 1), rarity, rarest, articles)


def _verdict(asked: Asked, snapshot: Snapshot, lexicon: Lexicon) -> Verdict:
    query = asked.query
    if asked.trouble != "没有人点开" and _found(snapshot, query):
        return Verdict(asked, None, "现在已能找到，不必再改")
    for group in lexicon.groups:
        for known in group:
            if known in query and any(_found(snapshot, query.replace(known, other)) for other in group):
                return Verdict(asked, None, f"现在已能按“{known}”的同义词找到，不必再改")
    results = snapshot.search(query, limit=LOOKED_AT)
    first = results.hits[0] if results.hits else None

    def proposed(kind: str, text: str, target: str, why: str) -> Verdict:
        return Verdict(asked, Proposal(query, asked.trouble, kind, text, target, why), "")

    if first and first.complete and first.matched == "substring" and _is_one_word(query):
        return proposed("word", query, "", "文章里原样有它，但分词时被拆开了")
    if len(query) <= LONGEST and not (first and first.complete):
        for unknown in _unknown(snapshot, query):
            near = _nearest_word(unknown, lexicon.words)
            if near and _found(snapshot, query.replace(unknown, near)):
                return proposed("synonym", unknown, near, f"换成“{near}”就能找到，请先确认两者同义")
    article, anchor, share = _nearest(snapshot, query, lexicon, {hit.article: hit.section for hit in results.hits})
    if article and not (first and first.complete and first.article == article):
        if anchor:
            return proposed("ask", query, f"{article}#{anchor}", f"这一节讲到了其中的 {share:.0%}")
        return proposed("alias", query, article, f"这篇讲到了其中的 {share:.0%}")
    if first and first.complete:
        return Verdict(asked, None, f"排在第一的 {first.article} 看来合适；若不合适，请改它的标题或摘要")
    if first:
        return Verdict(
            asked,
            None,
            f"最相近的是 {first.article}，只沾到一部分：若它正合适，可在 asks 里写上这句问法；否则也许该写一篇",
        )
    return Verdict(asked, None, "没有相近的文章：也许该写一篇，或在 synonyms.txt 里写上它的另一种说法")


def _found(snapshot: Snapshot, query: str) -> bool:
    """Whether some section holds all of the query, as written."""
    hits = snapshot.search(query, limit=1).hits
    return bool(hits) and hits[0].complete and hits[0].matched in ("words", "substring")


def _unknown(snapshot: Snapshot, query: str) -> Iterator[str]:
    """The parts of a query that nothing is found for, the one with most known around it first; then the whole."""
    pieces = query.split()
    if len(pieces) > 1:
        yield from (piece for piece in pieces if not _found(snapshot, piece))
    elif pieces and _HAN.search(query):
        for length in range(2, len(query) - 1):
            for unknown, known in ((query[:length], query[length:]), (query[-length:], query[:-length])):
                if _found(snapshot, known) and not _found(snapshot, unknown):
                    yield unknown
    # A sentence is no synonym of a word: the search would still want the rest of it.
    if len(query) <= LONGEST_WORD or query.isascii():
        yield query


def _nearest_word(unknown: str, words: Iterable[str]) -> str:
    """The word that shares most with `unknown`, empty where none shares enough. A part of it would drop the rest."""
    enough = LIKE_ENOUGH if _HAN.search(unknown) else LIKE_ENOUGH_LATIN
    near = [(_likeness(unknown, word), word) for word in words if word not in unknown]
    best, word = max(near, default=(0.0, ""))
    return word if best >= enough else ""


def _likeness(one: str, other: str) -> float:
    # 丢掉 and 丢失, 损毁 and 损坏: of two characters the first mostly says what is done.
    if len(one) == len(other) == 2 and one[0] == other[0] and _HAN.match(one):
        return LIKE_ENOUGH
    return SequenceMatcher(None, one, other).ratio()


def _nearest(snapshot: Snapshot, query: str, lexicon: Lexicon, found: dict[str, str]) -> tuple[str, str, float]:
    """The best hit whose section speaks of most of the query, else such an article by its title; and of how much.

    Article, anchor, share; no anchor where the article as a whole is meant.
    """
    for article, anchor in found.items():
        page = snapshot.page(article)
        if page:
            text = " ".join(part.heading + part.text for part in page.article.sections if part.anchor == anchor)
            share = lexicon.covered(query, f"{page.article.title} {text}".casefold())
            if share > COVERED:
                return article, anchor, share
    share, article = max(
        ((lexicon.covered(query, text), article) for article, text in lexicon.articles), default=(0, "")
    )
    return (article, "", share) if share > COVERED else ("", "", 0.0)


def _pairs(parts: list[str]) -> list[str]:
    return [f"{one} {next_one}" for one, next_one in pairwise(parts)]


def _is_one_word(query: str) -> bool:
    return 2 <= len(query) <= 6 and len(_HAN.findall(query)) == len(query)


def _parts(text: str) -> list[str]:
    """Han characters and Latin words."""
    return re.findall("[\u3400-\u9fff]|[a-z0-9]+", text)
