"""A help center of any size, the same at every run, and the questions its readers ask.

In: a number of sections. Out: a folder of Markdown files with ten sections each, those sections as records for the
engines that do not read Markdown, and distinct queries.
Why made and not borrowed: a project must be measurable without anybody's data. The sentences are those of `content/`;
most of their words are exchanged for others of the same part of speech, drawn by the frequencies of jieba's dictionary
and in part from a small vocabulary of the article, so that words are spread as in real text: a few everywhere, most in
few places, and the rare ones together.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import log
from pathlib import Path

import jieba

SEED = 20250101
SECTIONS_AN_ARTICLE = 10
LETTERS_A_SECTION = 430
"""The mean. Lengths are spread log-normally, as in real documentation: many sections of a line or two, a few of pages.
SPREAD, of their logarithm, was measured on the 3,984 sections of a public collection of 621 Chinese manuals."""
SPREAD = 1.3
LONGEST = 20_000
EXCHANGED = 0.6
"""The share of words that are exchanged; half of these come from the article's own vocabulary."""
REGIONS = ("法国", "德国", "日本", "韩国", "泰国", "新加坡", "中国香港", "美国")
SITUATIONS = ("丢失", "损坏", "换机", "激活失败", "出行")
MARKDOWN = re.compile(
    r"^---.*?^---$|^```.*?^```$|^\|.*$|\[(.*?)\]\(.*?\)|{#.*?}|[#*_`>|]|<.*?>", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Doc:
    """One section."""

    article: str
    anchor: str
    title: str
    heading: str
    text: str


class Words:
    """jieba's dictionary as urns, one for each part of speech and length."""

    def __init__(self) -> None:
        self.kind: dict[str, tuple[str, int]] = {}
        urns: dict[tuple[str, int], tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
        with jieba.get_module_res("dict.txt") as lines:
            for line in lines:
                word, frequency, part = line.decode().split()
                if len(word) > 1 and part[0] in "nvadit" and re.fullmatch("[\u4e00-\u9fa5]+", word):
                    self.kind[word] = kind = (part[0], len(word))
                    urns[kind][0].append(word)
                    urns[kind][1].append(int(frequency) + 1)
        self.urns = {kind: (words, list(accumulate(weights))) for kind, (words, weights) in urns.items()}

    def draw(self, chance: random.Random, kind: tuple[str, int], count: int) -> list[str]:
        """`count` words, frequent ones more often."""
        words, weights = self.urns[kind]
        return chance.choices(words, cum_weights=weights, k=count)


class Corpus:
    """`sections` sections, in memory and, after `write`, as files."""

    def __init__(self, sections: int, content: Path) -> None:
        self.chance = random.Random(SEED)
        self.words = Words()
        self.sentences = self.read_sentences(content)
        articles = max(1, round(sections / SECTIONS_AN_ARTICLE))
        self.docs = [doc for number in range(articles) for doc in self.article(number)]

    def read_sentences(self, content: Path) -> list[list[str]]:
        """The sentences of the real articles, segmented."""
        text = "\n".join(MARKDOWN.sub(r"\1", path.read_text("utf-8")) for path in sorted(content.rglob("*.md")))
        found = re.findall(r"[^。！？\n]{8,60}[。！？]", text)
        return [jieba.lcut(sentence.strip(" -0123456789.")) for sentence in dict.fromkeys(found)]

    def article(self, number: int) -> list[Doc]:
        """The sections of one article."""
        own = {kind: self.words.draw(self.chance, kind, 6) for kind in self.words.urns}
        name = f"topic-{number % 40:02}/article-{number:05}"
        title = self.phrase(own, 14)
        return [
            Doc(name, f"part-{part}", title, self.phrase(own, 12), self.paragraphs(own))
            for part in range(1, SECTIONS_AN_ARTICLE + 1)
        ]

    def phrase(self, own: dict[tuple[str, int], list[str]], longest: int) -> str:
        """A heading: the beginning of a sentence, up to its first pause."""
        while True:
            text = re.split(r"[，：；、,（“ ]", self.sentence(own))[0].rstrip("。！？")[:longest]
            if len(text) >= 4:
                return text

    def paragraphs(self, own: dict[tuple[str, int], list[str]]) -> str:
        """About LETTERS_A_SECTION letters in the mean, in paragraphs of three sentences."""
        sentences = [self.sentence(own)]
        middle = (
            log(LETTERS_A_SECTION) - SPREAD**2 / 2
        )  # the mean of a log-normal distribution is exp(middle + spread² / 2)
        left = min(self.chance.lognormvariate(middle, SPREAD), LONGEST) - len(sentences[0])
        while left > 0:
            sentences.append(self.sentence(own))
            left -= len(sentences[-1])
        return "\n".join("".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3))

    def sentence(self, own: dict[tuple[str, int], list[str]]) -> str:
        """A real sentence with other words in it."""
        chance, kinds = self.chance, self.words.kind
        words = list(chance.choice(self.sentences))
        for at, word in enumerate(words):
            kind = kinds.get(word)
            if kind and chance.random() < EXCHANGED:
                words[at] = chance.choice(own[kind]) if chance.random() < 0.5 else self.words.draw(chance, kind, 1)[0]
        return "".join(words)

    def write(self, folder: Path) -> None:
        """The files, each article in the folder of its topic."""
        chance = random.Random(SEED)
        for article, docs in self.articles.items():
            path = folder / f"{article}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            front = f"---\ntitle: {docs[0].title}\nsummary: {docs[0].text.split('。')[0]}\nverified: 2025-01-01\n"
            front += f"region: [{chance.choice(REGIONS)}]\nsituation: [{chance.choice(SITUATIONS)}]\n---\n"
            parts = [f"## {doc.heading} {{#{doc.anchor}}}\n\n" + doc.text.replace("\n", "\n\n") for doc in docs]
            path.write_text(front + "\n" + "\n\n".join(parts) + "\n", "utf-8")

    @cached_property
    def articles(self) -> dict[str, list[Doc]]:
        """The sections by article."""
        found: dict[str, list[Doc]] = {}
        for doc in self.docs:
            found.setdefault(doc.article, []).append(doc)
        return found

    def queries(self, count: int) -> list[str]:
        """`count` distinct queries, a third of each kind, mixed: headings and parts of them, two words, prefixes."""
        chance = random.Random(SEED + 1)
        seen: set[str] = set()
        kinds = [self.headings(chance), self.pairs(chance), self.prefixes(chance)]
        mixed: list[str] = []
        while len(mixed) < count:
            for kind in kinds:
                query = next(found for found in kind if found and found not in seen)
                seen.add(query)
                mixed.append(query)
        return mixed[:count]

    def headings(self, chance: random.Random):  # type: ignore[no-untyped-def]
        """Headings, and parts of headings and of sentences, of two letters or more."""
        for doc in chance.sample(self.docs, len(self.docs)):
            yield doc.heading
        while True:
            doc = chance.choice(self.docs)
            line = doc.heading if chance.random() < 0.5 else chance.choice(re.split(r"[，。：；\n]", doc.text))
            at = chance.randint(0, max(0, len(line) - 4))
            yield line[at : at + chance.randint(2, 10)].strip()

    def pairs(self, chance: random.Random):  # type: ignore[no-untyped-def]
        """Two words of one section."""
        while True:
            words = [word for word in jieba.cut(chance.choice(self.docs).text[:200]) if len(word) > 1]
            if len(words) > 4:
                for _ in range(4):
                    yield " ".join(chance.sample(words, 2))

    def prefixes(self, chance: random.Random):  # type: ignore[no-untyped-def]
        """A line as it is typed, letter by letter."""
        while True:
            line = chance.choice(re.split(r"[，。：；\n]", chance.choice(self.docs).text))
            for end in range(2, min(len(line), 12)):
                yield line[:end]

    def crowd(self, queries: list[str], count: int) -> list[str]:
        """`count` of the queries as readers ask them: the n-th most common 1/n as often as the first."""
        weights = list(accumulate(1 / rank for rank in range(1, len(queries) + 1)))
        return random.Random(SEED + 2).choices(queries, cum_weights=weights, k=count)
