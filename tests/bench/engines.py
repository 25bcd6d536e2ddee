"""The rivals, each as its tutorials have it, and the floor below them all.

In: sections. Out: an index in a folder; ten hits for a query: title, heading, address, snippet. All share one template.
Why so plain: a rival that is tuned by its rival convinces nobody; what is here, its documentation shows.
"""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from corpus import Doc
from flask import Flask, request

TEMPLATE = """<!doctype html><title>{{ query }}</title><main><p>{{ query }}</p><ol>
{%- for hit in hits %}<li>
<a href="{{ hit.url }}">{{ hit.title }} › {{ hit.heading }}</a><p>{{ hit.snippet|safe }}</p></li>
{%- endfor %}</ol></main>"""
Hit = dict[str, str]


def segmenter() -> Any:
    """jieba, loaded."""
    import jieba

    jieba.setLogLevel("ERROR")
    jieba.initialize()
    return jieba


def words_of(text: str) -> list[str]:
    """The words of a query or a section, as jieba's documentation cuts them for search."""
    import jieba

    return [word.lower() for word in jieba.cut_for_search(text) if not re.fullmatch(r"\W+", word)]


def hit(doc: Sequence[str], snippet: str) -> Hit:
    """A hit out of article, anchor, title, heading."""
    return {"url": f"/articles/{doc[0]}#{doc[1]}", "title": doc[2], "heading": doc[3], "snippet": snippet}


def marked(text: str, words: Sequence[str]) -> str:
    """About 120 letters around the first found word, all found words marked."""
    pattern = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)) or "$^", re.IGNORECASE)
    first = pattern.search(text)
    at = max(0, first.start() - 40) if first else 0
    return pattern.sub(lambda found: f"<mark>{found[0]}</mark>", html.escape(text[at : at + 120]))


class Engine:
    """One rival; `build` makes its index, `open` is called in each worker, `search` for each request."""

    name = ""

    def build(self, docs: Sequence[Doc], folder: Path) -> None:
        raise NotImplementedError

    def open(self, folder: Path) -> None:
        raise NotImplementedError

    def search(self, query: str) -> list[Hit]:
        raise NotImplementedError


class StockWhoosh(Engine):
    """Whoosh with jieba's analyzer, three fields, OR, and Whoosh's highlighter."""

    name = "stock Whoosh + jieba"

    def build(self, docs: Sequence[Doc], folder: Path) -> None:
        from jieba.analyse import ChineseAnalyzer
        from whoosh.fields import ID, STORED, TEXT, Schema
        from whoosh.index import create_in

        analyzer = ChineseAnalyzer()
        schema = Schema(
            article=ID(stored=True), anchor=STORED,
            title=TEXT(analyzer, stored=True, field_boost=3.0),
            heading=TEXT(analyzer, stored=True, field_boost=2.0),
            body=TEXT(analyzer, stored=True),
        )  # fmt: skip
        with create_in(folder, schema).writer() as writer:
            for doc in docs:
                writer.add_document(
                    article=doc.article, anchor=doc.anchor, title=doc.title, heading=doc.heading, body=doc.text
                )

    def open(self, folder: Path) -> None:
        from whoosh.index import open_dir
        from whoosh.qparser import MultifieldParser, OrGroup

        segmenter()
        index = open_dir(folder)
        self.searcher = index.searcher()
        self.parser = MultifieldParser(["title", "heading", "body"], index.schema, group=OrGroup)

    def search(self, query: str) -> list[Hit]:
        found = self.searcher.search(self.parser.parse(query), limit=10)
        return [
            hit((row["article"], row["anchor"], row["title"], row["heading"]), row.highlights("body")) for row in found
        ]


class Fts5(Engine):
    """SQLite's full-text index over words cut by jieba, ranked by its own bm25."""

    name = "SQLite FTS5 + jieba"

    def build(self, docs: Sequence[Doc], folder: Path) -> None:
        base = sqlite3.connect(folder / "fts.db")
        base.execute("CREATE TABLE docs (id INTEGER PRIMARY KEY, article, anchor, title, heading, body)")
        base.execute("CREATE VIRTUAL TABLE words USING fts5(title, heading, body, content='', tokenize='unicode61')")
        for number, doc in enumerate(docs):
            base.execute(
                "INSERT INTO docs VALUES (?, ?, ?, ?, ?, ?)",
                (number, doc.article, doc.anchor, doc.title, doc.heading, doc.text),
            )
            base.execute(
                "INSERT INTO words (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
                (number, *(" ".join(words_of(text)) for text in (doc.title, doc.heading, doc.text))),
            )
        base.execute("INSERT INTO words (words) VALUES ('optimize')")
        base.commit()
        base.close()

    def open(self, folder: Path) -> None:
        segmenter()
        self.base = sqlite3.connect(f"file:{folder / 'fts.db'}?mode=ro", uri=True, check_same_thread=False)

    def search(self, query: str) -> list[Hit]:
        words = words_of(query)
        rows = self.base.execute(
            "SELECT article, anchor, title, heading, body FROM"
            " (SELECT rowid, bm25(words, 3, 2, 1) AS score FROM words WHERE words MATCH ?"
            " ORDER BY score LIMIT 10) AS found"
            " JOIN docs ON docs.id = found.rowid ORDER BY score",
            (" OR ".join('"' + word.replace('"', "") + '"' for word in words) or '""',),
        )
        return [hit(row, marked(row[4], words)) for row in rows]


class Tantivy(Engine):
    """tantivy (Rust) over words cut by jieba, ranked by its own BM25."""

    name = "tantivy + jieba"
    boosts = (("title", 3.0), ("heading", 2.0), ("body", 1.0))

    def build(self, docs: Sequence[Doc], folder: Path) -> None:
        import tantivy

        index = self.index(folder)
        writer = index.writer(100_000_000)
        for number, doc in enumerate(docs):
            cut = {name: " ".join(words_of(text)) for name, text in
                   (("title", doc.title), ("heading", doc.heading), ("body", doc.text))}  # fmt: skip
            stored = [doc.article, doc.anchor, doc.title, doc.heading, doc.text]
            writer.add_document(tantivy.Document(stored=stored, number=number, **cut))
        writer.commit()
        writer.wait_merging_threads()

    def index(self, folder: Path) -> Any:
        """Made or opened."""
        import tantivy

        schema = tantivy.SchemaBuilder()
        for name, _ in self.boosts:
            schema.add_text_field(name, tokenizer_name="words")
        schema.add_text_field("stored", stored=True, index_option="basic", tokenizer_name="raw")
        schema.add_unsigned_field("number")
        index = tantivy.Index(schema.build(), path=str(folder))
        index.register_tokenizer("words", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        return index

    def open(self, folder: Path) -> None:
        segmenter()
        self.opened = self.index(folder)
        self.opened.reload()
        self.searcher = self.opened.searcher()

    def search(self, query: str) -> list[Hit]:
        from tantivy import Occur, Query

        words = words_of(query)
        terms = [
            (Occur.Should, Query.boost_query(Query.term_query(self.opened.schema, name, word), boost))
            for word in words
            for name, boost in self.boosts
        ]
        found = self.searcher.search(Query.boolean_query(terms), 10, count=False).hits
        rows = (self.searcher.doc(address)["stored"] for _, address in found)
        return [hit(row, marked(row[4], words)) for row in rows]


class Floor(Engine):
    """No search: the template with ten fixed hits. Nobody who answers in this way can be quicker."""

    name = "floor: ten fixed hits"

    def build(self, docs: Sequence[Doc], folder: Path) -> None:
        """Nothing to build."""

    def open(self, folder: Path) -> None:
        text = "先向运营商<mark>报失</mark>，停用号码，再在新手机上重新下载。没有网络时可借用他人的手机。" * 3
        self.hits = [hit((f"a/{number}", "b", "在法国丢失 eSIM", "先报失"), text) for number in range(10)]

    def search(self, query: str) -> list[Hit]:
        return self.hits


class Nothing(Floor):
    """Not even a template."""

    name = "floor: nothing"


ENGINES = {engine.__name__.lower(): engine for engine in (StockWhoosh, Fts5, Tantivy, Floor, Nothing)}


def app_of(engine: Engine) -> Flask:
    """One view over the engine, the same for all."""
    app = Flask(__name__)
    template = app.jinja_env.from_string(TEMPLATE)

    @app.get("/search")
    def search() -> str:
        query = request.args.get("q", "")
        if isinstance(engine, Nothing):
            return "nothing"
        return template.render(query=query, hits=engine.search(query))

    return app
