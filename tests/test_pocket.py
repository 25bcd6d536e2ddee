"""What a device makes of the saved files, in Node with the very script of the page.

The same texts and pages as the server's, and next to the same results."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from helpcenter import create_app
from helpcenter.guides.walking import walk
from helpcenter.http.traditional import to_traditional
from helpcenter.offline.pack import Pack, pack, script
from helpcenter.settings import Settings
from index import Guide, Snapshot, build, read_judgements

RUN = """
const { files, paths, queries, turns, today, partly } = JSON.parse(require("fs").readFileSync(0));
(async () => {
  const copy = await pocket.readCopy({ names: Object.keys(files), read: async (name) => files[name] });
  const { core, articles, sections, topics } = copy;
  core.assets = { "icons.svg": core.icons };
  const pages = pocket.pagesOf({ core, articles, topics, root: "", mount: "", today });
  const index = pocket.decode(pocket.encode(await pocket.build(core, sections)).buffer);
  const engine = pocket.openIndex(core, index, sections);
  const results = pocket.resultsOf({ core, sections, articles, topics, engine, pages, root: "", partly });
  const render = pocket.renderer(core.templates);
  const made = (path) => {
    const url = new URL(path, "http://pocket");
    const [, kind, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (kind === "search") return results(url.searchParams);
    if (kind === "guides") return pages.guide(rest[0], rest.slice(1));
    return pages[kind === "topics" ? "topic" : "article"](rest.join("/"));
  };
  const place = ({ number }) => [sections[number].article.id, sections[number].anchor];
  console.log(JSON.stringify({
    texts: sections.map((one) => [one.read.text, one.read.lines]),
    pages: paths.map(made).map((page) => render(page.template, page.page)),
    turned: turns.map(pocket.traditional(core.traditional).turned),
    answers: queries.map((query) => results(new URLSearchParams({ q: query })).page.answer?.url),
    counts: queries.map((query) => results(new URLSearchParams({ q: query })).page.count),
    hits: queries.map((query) => engine.search(query).hits.slice(0, 10).map(place)),
  }));
})();
"""
Device = Callable[..., Any]
TODAY = f"{datetime.now():%Y-%m-%d}"  # noqa: DTZ005 as a reader's clock says


@pytest.fixture(scope="module")
def packed(app: Flask) -> Pack:
    return pack(app, app.extensions["library"].snapshot())


@pytest.fixture(scope="module")
def device(packed: Pack, tmp_path_factory: pytest.TempPathFactory) -> Device:
    """What a phone with all files shows and finds."""
    return runner(packed, packed.bodies, tmp_path_factory.mktemp("device"))


def runner(packed: Pack, names: Collection[str], place: Path) -> Device:
    """`run(paths=…, queries=…, turns=…)` on a phone that has the files `names`."""
    program = place / "run.cjs"
    program.write_bytes(script() + RUN.encode())
    files = {url: json.loads(packed.bodies[url]) for url in names if url.endswith(".json")}

    def run(today: str = TODAY, partly: str = "", **asked: list[str]) -> Any:
        record = {"paths": [], "queries": [], "turns": [], **asked, "files": files, "today": today, "partly": partly}
        done = subprocess.run(["node", program], input=json.dumps(record), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def live_of(app: Flask) -> Snapshot:
    return app.extensions["library"].snapshot()


def states(guide: Guide, answers: tuple[str, ...] = ()) -> list[str]:
    """The address of every state of a guide."""
    question = walk(guide, answers).question
    options = question.options if question else ()
    here = "/".join(("/guides", guide.id, *answers))
    return [here, *(path for one in options for path in states(guide, (*answers, one.answer)))]


def plain(html: str) -> str:
    """A page without what only a server answers, and without the space between tags."""
    main = re.search(r"<main\b[^>]*>(.*)</main>", html, re.DOTALL)
    html = re.sub(r'\shx-[a-z-]+="[^"]*"', "", main[1] if main else html)
    html = re.sub(
        r'<section id="feedback".*?</section>|<a href="[^"]*">原文（Markdown）</a>', "", html, flags=re.DOTALL
    )
    return re.sub(r">\s+<", "><", html.replace("http://localhost", "")).strip()


def test_pages_are_the_servers_own(app: Flask, client: FlaskClient, device: Device) -> None:
    live = live_of(app)
    paths = [card.url for card in live.cards()] + [f"/topics/{one.id}" for one in live.topics()]
    paths += [path for guide in live.guides() for path in states(guide)]
    paths += ["/search?region=法国"]
    for path, made in zip(paths, device(paths=paths)["pages"], strict=True):
        assert plain(made) == plain(client.get(path).text), path


def test_results_are_the_servers_own_where_they_rank_alike(
    app: Flask, client: FlaskClient, device: Device, root: Path
) -> None:
    queries = [one.query for one in read_judgements(root / "tests" / "judgements" / "own.tsv")][::4]
    paths = [f"/search?q={quote(query)}" for query in queries]
    same = sum(
        plain(made) == plain(client.get(path).text)
        for path, made in zip(paths, device(paths=paths)["pages"], strict=True)
    )
    print(f"{same} of {len(paths)} pages of results are the same to the character")
    assert same >= 0.2 * len(paths)


def test_texts_are_the_servers_own(app: Flask, device: Device) -> None:
    live = live_of(app)
    articles = [page.article for card in live.cards() if (page := live.page(card.id))]
    texts = iter(device()["texts"])
    for article in articles:
        for section in article.sections:
            text, lines = next(texts)
            above = "" if section.anchor or article.summary in section.text else f"{article.summary}\n"
            assert text == (above + section.text).strip("\n")
            assert lines.removeprefix("." * above.count("\n")) == section.lines


def test_traditional_is_the_servers_own(app: Flask, device: Device) -> None:
    live = live_of(app)
    texts = [page.article.summary for card in live.cards() if (page := live.page(card.id))]
    with app.app_context():
        assert device(turns=texts)["turned"] == [to_traditional(text) for text in texts]


def test_ranking_is_next_to_the_servers(app: Flask, device: Device, root: Path) -> None:
    live = live_of(app)
    queries = sorted(one.query for one in read_judgements(root / "tests" / "judgements" / "own.tsv"))
    first = shared = 0.0
    for query, hits in zip(queries, device(queries=queries)["hits"], strict=True):
        here = [tuple(place) for place in hits]
        there = [(hit.article, hit.section) for hit in live.search(query).hits]
        shared += len(set(here) & set(there)) / max(1, min(10, len(there)))
        first += bool(here and there and here[0][0] == there[0][0])
    both = shared / len(queries), first / len(queries)
    print(f"{len(queries)} queries: {both[0]:.3f} of the top ten shared, {both[1]:.3f} of the first articles")
    assert both[0] >= 0.93 and both[1] >= 0.96


def test_what_answers_on_a_device_answers_on_the_server(app: Flask, device: Device, root: Path) -> None:
    live = live_of(app)
    sets = [read_judgements(root / "tests" / "judgements" / f"{name}.tsv") for name in ("own", "a")]
    queries = sorted({one.query for some in sets for one in some})
    there = [answer and answer.url for answer in (live.search(query).answer for query in queries)]
    here = device(queries=queries)["answers"]
    wrong = {query: url for query, url, own in zip(queries, here, there, strict=True) if url and url != own}
    shown = [sum(map(bool, some)) for some in (here, there)]
    print(f"{shown[0]} direct answers of {len(queries)} queries, {shown[1]} on the server")
    assert not wrong
    assert shown[0] >= 0.5 * shown[1]


def test_a_device_says_first_that_nothing_answers(app: Flask, device: Device, root: Path) -> None:
    live = live_of(app)
    judged = [one for name in ("own", "a") for one in read_judgements(root / "tests" / "judgements" / f"{name}.tsv")]
    counts = device(queries=[one.query for one in judged])["counts"]
    here = {one.query for one, count in zip(judged, counts, strict=True) if count.startswith("没有找到回答")}
    there = {one.query for one in judged if not live.search(one.query).answered}
    right = {one.query for one in judged if not any(one.grades.values())}
    print(f"said of {len(here & right)} queries that nothing answers and {len(here - right)} others, of {len(right)}")
    print(f"the server: of {len(there & right)} and {len(there - right)} others")
    assert len(here & right) >= 0.7 * len(there & right)
    assert len(here - right) <= len(there - right) + 1


def test_a_saved_article_warns_on_the_day_it_is_read(app: Flask, device: Device) -> None:
    live = live_of(app)
    dated = next(card for card in live.cards() if card.verified)
    fresh, stale = (device(paths=[dated.url], today=day)["pages"][0] for day in (f"{dated.verified}", "2040-01-01"))
    assert "注意时效" not in fresh and "已超过 180 天" in stale


def test_a_large_site_is_saved_by_topic(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("helpcenter.offline.pack.LARGE", 1000)
    live = live_of(app)
    made = pack(app, live)
    sizes = {one.id: one.bytes for one in made.topics}
    assert set(sizes) == {one.id for one in live.topics()}
    for topic, size in sizes.items():
        assert size == sum(one.bytes for one in made.files if one.topic == topic) > 0
    chosen = live.topics()[0]
    names = {one.url for one in made.files if one.topic in ("", chosen.id)}
    run = runner(made, names, tmp_path)
    assert {article for hits in run(queries=["手机", "eSIM"])["hits"] for article, _ in hits} <= {
        card.id for card in chosen.articles
    }
    assert "只搜了存下的主题" in run(paths=["/search?q=手机"], partly="只搜了存下的主题")["pages"][0]


def test_a_site_of_one_latin_article_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text("# Hello\n\nMy phone is lost\n", "utf-8")
    build(tmp_path / "content", tmp_path / "index")
    app = create_app(Settings(index=tmp_path / "index"))
    made = pack(app, live_of(app))
    hits = runner(made, made.bodies, tmp_path)(queries=["phone", "pohne", "zzzzz", "手机"])["hits"]
    assert [[article for article, _ in some] for some in hits] == [["a"], ["a"], [], []]


def test_a_small_site_is_light(packed: Pack) -> None:
    total = sum(one.bytes for one in packed.files)
    body = next(body for url, body in packed.bodies.items() if "/core-" in url)
    (file,) = json.loads(body)["files"]
    asks = brotli.compress(json.dumps(file["asks"], ensure_ascii=False).encode())
    print(f"everything: {total / 1000:.0f} KB compressed, {len(asks) / 1000:.0f} of them asks")
    assert total - len(asks) <= 160_000 and not packed.topics  # asks are as many as their writers like


def test_nobody_reads_asks_on_a_device(app: Flask, packed: Pack) -> None:
    pages = [page for card in live_of(app).cards() if (page := live_of(app).page(card.id))]
    asks = [ask for page in pages for section in page.article.sections for ask in section.asks if len(ask) > 12]
    saved = b"\n".join(packed.bodies.values()).decode()
    assert sum(ask in saved for ask in asks) <= 0.02 * len(asks)
