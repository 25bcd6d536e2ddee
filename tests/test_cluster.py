"""The OpenSearch engine against a real node: the same answers as our own, and what happens while it is away.

The battery of test_search.py runs on it as well. Three nodes that are killed, hung and restarted under load are in
`stress/outages.py`.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import index
from helpcenter import create_app
from helpcenter.settings import Settings, SettingsError, load_settings
from index import IndexUnavailable, SearchUnavailable, Snapshot, build, open_library, read_judgements
from index.cluster import client as clients
from index.cluster import filling
from index.cluster.address import parse_address
from index.cluster.client import Cluster
from index.cluster.schema import index_name
from index.store.snapshots import IndexFolder
from index.weights import load_weights

PASSWORD = "sesame-s3cret"
ARTICLES = {"a": "# 手机丢失\n\n先报失，再补卡。\n", "b": "# 激活\n\n在新手机上激活 eSIM。\n"}
FILTERS = ({}, {"region": ["法国"]}, {"region": ["法国"], "situation": ["丢失"]})
_prefixes = itertools.count()


class Line:
    """A way to the node that can be cut, or hang."""

    def __init__(self, target: str, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._open: list[socket.socket] = []
        self.hung = False
        self._listening: socket.socket | None = None
        self.port = 0
        self.mend()

    def mend(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        assert self._listening
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                if self._context:
                    try:
                        near = self._context.wrap_socket(near, server_side=True)
                    except OSError:  # a client that does not trust us
                        near.close()
                        continue
                far = socket.create_connection(self._target)
                self._open += near, far
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not self.hung:
                    target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def prefix(cluster: str) -> str:
    """An address for one index folder."""
    return f"{cluster}/own{next(_prefixes)}"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    for name, text in ARTICLES.items():
        (folder / f"{name}.md").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def both(
    cluster: str, site_index: Path, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Snapshot, Snapshot]:
    """The real content in our own engine, and in the cluster."""
    folder = tmp_path_factory.mktemp("cluster") / "index"
    shutil.copytree(site_index, folder)
    build(root / "content", folder, engine=f"{cluster}/site")
    return open_library(folder).snapshot(), open_library(folder, engine=f"{cluster}/site").snapshot()


@pytest.fixture
def line(cluster: str) -> Iterator[Line]:
    line = Line(cluster.rpartition("/")[2])
    yield line
    line.cut()


def indexes(address: str) -> list[str]:
    parsed = parse_address(address)
    found = Cluster(parsed).call("GET", f"/{parsed.prefix}-*/_settings/index.uuid")
    return sorted(found)


def judged(root: Path) -> list[str]:
    files = (root / "tests" / "judgements" / f"{name}.tsv" for name in ("own", "a"))
    return list(dict.fromkeys(one.query for file in files for one in read_judgements(file)))


def queries(root: Path, snapshot: Snapshot) -> list[str]:
    """A few of the judged queries, and of the headings."""
    draw = random.Random(19)
    pages = [snapshot.page(card.id) for card in snapshot.cards()]
    headings = [section.heading for page in pages if page for section in page.article.sections if section.heading]
    return [*draw.sample(judged(root), 120), *draw.sample(headings, 60)]


def shown(results: index.Results) -> tuple[object, ...]:
    hits = [(hit.article, hit.section, hit.matched, hit.complete, hit.snippet) for hit in results.hits]
    return hits, results.total, results.complete, results.facets, results.suggestion, results.answer, results.answered


def test_both_engines_give_the_same_answers(both: tuple[Snapshot, Snapshot], root: Path) -> None:
    ours, theirs = both
    asked = queries(root, ours)
    different = []
    for number, query in enumerate(asked):
        filters = FILTERS[number % 3]
        if shown(ours.search(query, filters)) != shown(theirs.search(query, filters)):
            different.append(query)
        if number % 2:
            one, other = ours.search_articles(query, filters), theirs.search_articles(query, filters)
            if [hit.best for hit in one.articles] != [hit.best for hit in other.articles] and one.total == other.total:
                scores = [(a.best.article, b.best.article) for a, b in zip(one.articles, other.articles, strict=True)]
                different += [query] * any(a != b for a, b in scores)
            if (one.total, one.complete, one.facets) != (other.total, other.complete, other.facets):
                different.append(query)
    assert len(different) <= 0.005 * len(asked), different


def test_a_substring_is_found_wherever_a_scan_finds_it(both: tuple[Snapshot, Snapshot]) -> None:
    ours, theirs = both
    postings: Any = ours._scorer.postings  # type: ignore[attr-defined]
    begins = postings._visible
    visible = [postings.folded[number][begins[number] :].decode() for number in range(ours.section_count)]
    draw = random.Random(7)
    wrong = []
    for _ in range(120):
        text = draw.choice(visible)
        begin = draw.randrange(max(len(text) - 8, 1))
        piece = text[begin : begin + draw.randint(2, 8)].strip()
        if len(piece) < 2 or set(piece) & set('"\n\x1f') or "  " in piece:
            continue
        found = theirs.search(f'"{piece}"').total
        if found != ours.search(f'"{piece}"').total:
            wrong.append(piece)
        # A Latin word that is cut off is no word, so a phrase with one need not be found.
        if re.fullmatch("[\u4e00-\u9fff]+", piece) and found != sum(piece in other for other in visible):
            wrong.append(piece)
    assert not wrong


def test_explain_adds_up_as_our_own_does(both: tuple[Snapshot, Snapshot]) -> None:
    ours, theirs = both
    hit = ours.search("手机丢了怎么补卡").hits[0]
    one, other = (snapshot.explain("手机丢了怎么补卡", hit.article, hit.section).splitlines() for snapshot in both)
    assert len(one) == len(other)
    assert one[:4] == other[:4]
    assert ours.rank_articles("手机丢了", 5)[0][0] == theirs.rank_articles("手机丢了", 5)[0][0]


def test_no_query_takes_more_than_three_requests(
    both: tuple[Snapshot, Snapshot], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs: Any = both[1]
    sent = []
    real = Cluster.search
    monkeypatch.setattr(Cluster, "search", lambda *arguments: sent.append(1) or real(*arguments))
    took: dict[int, list[str]] = {}
    guessed = ("shouji diule", "补咖", "jihuoma zenme yong", "飞行模试", "新卡里多尼亚", "卡补要多久", "苹果手记 换卡")
    for number, query in enumerate([*judged(root), *guessed * len(FILTERS)]):
        theirs._index._stands.clear()  # as by a process that was just started
        for ask in (theirs.search, theirs.search_articles) if query in guessed else (theirs.search_articles,):
            sent.clear()
            ask(query, FILTERS[number % len(FILTERS)])
            took.setdefault(len(sent), []).append(query)
    assert not {count: asked for count, asked in took.items() if count > 3}
    for filters in FILTERS:
        sent.clear()
        theirs.search_articles("", filters)
        assert not sent, "filters alone are counted beside us"


def test_while_the_cluster_is_away_searching_says_so_and_articles_are_served(
    line: Line, content: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = f"opensearch+http://reader:{PASSWORD}@127.0.0.1:{line.port}/away{next(_prefixes)}"
    build(content, tmp_path / "index", engine=engine)
    app = create_app(Settings(index=tmp_path / "index", engine=engine, database_url=f"sqlite:///{tmp_path}/db"))
    client: FlaskClient = app.test_client()
    assert client.get("/readyz").status_code == 200
    assert "手机丢失" in client.get("/search?q=补卡").text
    line.cut()
    page = client.get("/search?q=报失")
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "搜索暂时用不了" in page.text
    asked = client.get("/api/v1/search?q=报失")
    assert asked.status_code == 503
    assert "搜索暂时用不了" in asked.json["error"]["message"]
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert client.get("/articles/a").status_code == 200
    assert client.get("/").status_code == 200
    assert client.get("/articles/nowhere").status_code == 404
    assert "away" in caplog.text
    assert PASSWORD not in caplog.text + page.text + client.get("/readyz").text
    line.mend()
    time.sleep(clients.PAUSE)
    assert client.get("/search?q=报失").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_server_that_starts_without_its_cluster_serves_articles_and_searches_later(
    line: Line, content: Path, tmp_path: Path
) -> None:
    engine = f"opensearch+http://127.0.0.1:{line.port}/late{next(_prefixes)}"
    build(content, tmp_path / "index", engine=engine)
    line.cut()
    library = open_library(tmp_path / "index", engine=engine)
    assert library.snapshot().page("a")
    with pytest.raises(SearchUnavailable):
        library.snapshot().search("报失")
    with pytest.raises(IndexUnavailable):
        library.ready()
    line.mend()
    time.sleep(clients.PAUSE)
    assert library.snapshot().search("报失").total == 1


def test_of_three_hosts_one_may_refuse_and_one_may_hang(cluster: str, content: Path, tmp_path: Path) -> None:
    lines = [Line(cluster.rpartition("/")[2]) for _ in range(3)]
    hosts = ",".join(f"127.0.0.1:{line.port}" for line in lines)
    engine = f"opensearch+http://{hosts}/three{next(_prefixes)}"
    try:
        build(content, tmp_path / "index", engine=engine)
        library = open_library(tmp_path / "index", engine=engine)
        snapshot = library.snapshot()
        lines[0].cut()
        lines[1].hung = True
        for query in ("手机丢失", "报失", "补卡", "激活", "eSIM", "新手机", "shouji", "先报失"):
            assert snapshot.search(query).total
        library.ready()
    finally:
        for line in lines:
            line.cut()


def test_only_a_certificate_that_is_trusted_is_talked_to(cluster: str, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    line = Line(cluster.rpartition("/")[2], context)
    try:
        address = f"opensearch+https://u:{PASSWORD}@127.0.0.1:{line.port}/tls"
        with pytest.raises(SearchUnavailable, match="SSL"):
            Cluster(parse_address(address)).call("GET", "/")
        assert Cluster(parse_address(f"{address}?ca={certificate}")).call("GET", "/")["cluster_name"]
    finally:
        line.cut()


def test_an_answer_that_lacks_a_shard_is_an_error(
    both: tuple[Snapshot, Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Cluster.call

    def short(self: Cluster, method: str, path: str, *rest: object, **options: Any) -> dict[str, Any]:
        answer = real(self, method, path, *rest, **options)
        for response in answer.get("responses", ()):
            response["_shards"]["failed"] = 1
        return answer

    monkeypatch.setattr(Cluster, "call", short)
    with pytest.raises(SearchUnavailable, match="分片"):
        both[1].search("报失")


def test_a_build_fills_before_it_switches_and_sweeps_what_nobody_keeps(
    prefix: str, content: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    library = open_library(folder, engine=prefix)
    names = []
    for version in range(3):
        (content / "a.md").write_text(f"# 手机丢失\n\n第{version}版，先报失。\n", "utf-8")
        build(content, folder, keep=2, engine=prefix)
        names.append(IndexFolder(folder).live().name.partition("-")[2])
        assert open_library(folder, engine=prefix).snapshot().search(f'"第{version}版"').total == 1
    assert [name.split("-")[1] for name in indexes(prefix)] == sorted(names[1:])
    assert library.snapshot().search("第2版").total
    index.rollback(folder, engine=prefix)
    assert open_library(folder, engine=prefix).snapshot().search('"第1版"').total == 1


def test_a_sweep_leaves_what_other_sites_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("opensearchpy")
    site = Cluster(parse_address("opensearch+http://localhost/help"))
    old, live = (index_name(site.address, one, load_weights()) for one in ("0123456789ab", "abcdef012345"))
    there = [old, live, old.replace("help", "help-staging"), "help-desk", "help-desk-2026"]
    removed = []

    def call(method: str, path: str, *_: Any, **__: Any) -> Any:
        if method == "DELETE":
            removed.append(path)
        return {name: {} for name in there}

    monkeypatch.setattr(site, "call", call)
    filling.sweep(site, {"abcdef012345"})
    assert removed == [f"/{old}"]


def test_an_index_that_the_cluster_lost_is_sent_again(prefix: str, content: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    (name,) = indexes(prefix)
    Cluster(parse_address(prefix)).call("DELETE", f"/{name}")
    with pytest.raises(SearchUnavailable, match=name):
        open_library(folder, engine=prefix).snapshot().search("报失")
    assert build(content, folder, engine=prefix).changed == 0
    assert indexes(prefix) == [name]
    assert open_library(folder, engine=prefix).snapshot().search("报失").total == 1


def test_a_build_that_dies_while_filling_leaves_the_old_index_and_no_litter(
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    before = indexes(prefix)
    library = open_library(folder, engine=prefix)
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(filling, "_verify", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(content, folder, engine=prefix)
    assert len(indexes(prefix)) == 2
    assert library.snapshot().search("报失").total == 1
    (content / "a.md").write_text("# 手机丢失\n\n又改了。\n", "utf-8")
    build(content, folder, keep=1, engine=prefix)
    assert len(indexes(prefix)) == 1
    assert not set(indexes(prefix)) & set(before)


def test_a_front_end_stays_with_the_old_snapshot_while_the_cluster_lacks_the_new_one(
    prefix: str, content: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    build(content, folder, engine=prefix)
    library = open_library(folder, engine=prefix)
    old = library.snapshot().id
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    build(content, folder)  # by somebody without the setting
    library._looked = -1.0  # type: ignore[attr-defined]
    assert library.snapshot().id == old
    assert library.snapshot().search("报失").total == 1


def test_a_build_that_cannot_reach_the_cluster_changes_nothing(
    content: Path, tmp_path: Path, unused_port: Callable[[], int]
) -> None:
    build(content, tmp_path / "index")
    before = IndexFolder(tmp_path / "index").live()
    (content / "a.md").write_text("# 手机丢失\n\n改过了。\n", "utf-8")
    pytest.importorskip("opensearchpy")
    engine = f"opensearch+http://u:{PASSWORD}@127.0.0.1:{unused_port()}/x"
    with pytest.raises(IndexUnavailable, match="线上的索引没有动") as refused:
        build(content, tmp_path / "index", engine=engine)
    assert PASSWORD not in str(refused.value)
    assert IndexFolder(tmp_path / "index").live() == before


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://host/x", "opensearch"),
        ("opensearch+https://u:topsecret@host", "前缀"),
        ("opensearch+https://u:topsecret@host/Upper", "前缀"),
        ("opensearch+https://u:topsecret@ho st/x", "主机"),
        ("opensearch+https://u:topsecret@host:99999/x", "端口"),
        ("opensearch+https://u:topsecret@host/x?shards=0", "shards"),
        ("opensearch+https://u:topsecret@host/x?verify=no", "verify"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings({"HELPCENTER_ENGINE": address})
    assert "topsecret" not in str(refused.value)


def test_an_address_names_hosts_user_and_options(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    address = parse_address(f"opensearch+https://me:a%40b@n1,n2:9201/help?shards=2&password_file={tmp_path}/password")
    assert address.hosts == (("n1", 9200), ("n2", 9201))
    assert (address.user, address.password, address.shards, address.secure) == ("me", "a@b", 2, True)
    assert address.secret() == PASSWORD
    assert "a@b" not in repr(address) + str(address)
    made = Cluster(address)._made.keywords
    assert made["verify_certs"]
    assert (made["timeout"], made["max_retries"]) == (clients.TIMEOUT, clients.RETRIES)
    assert {429, 503} <= set(made["retry_on_status"])


def test_without_the_library_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opensearchpy", None)
    with pytest.raises(IndexUnavailable, match=r"helpcenter\[opensearch\]"):
        Cluster(parse_address("opensearch+http://localhost/x"))
