"""The OpenSearch engine while the cluster is away, hangs or lies, and builds that fill it: nothing is lost or left.

Three nodes that are killed, hung, cut off and restarted under load are in `stress/outages.py`.
"""

from __future__ import annotations

import itertools
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from support import Line

import index
from helpcenter import create_app
from helpcenter.settings import Settings
from index import IndexUnavailable, SearchUnavailable, build, open_library
from index.cluster import client as clients
from index.cluster import filling
from index.cluster.address import parse_address
from index.cluster.client import Cluster
from index.cluster.schema import index_name
from index.store.snapshots import IndexFolder
from index.weights import load_weights

PASSWORD = "sesame-s3cret"
ARTICLES = {"a": "# 手机丢失\n\n先报失，再补卡。\n", "b": "# 激活\n\n在新手机上激活 eSIM。\n"}
_prefixes = itertools.count()


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


@pytest.fixture
def line(cluster: str) -> Iterator[Line]:
    line = Line(cluster.rpartition("/")[2])
    yield line
    line.cut()


def indexes(address: str) -> list[str]:
    parsed = parse_address(address)
    found = Cluster(parsed).call("GET", f"/{parsed.prefix}-*/_settings/index.uuid")
    return sorted(found)


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
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(content, tmp_path / "index", engine=prefix)
    snapshot = open_library(tmp_path / "index", engine=prefix).snapshot()
    real = Cluster.call

    def short(self: Cluster, method: str, path: str, *rest: object, **options: Any) -> dict[str, Any]:
        answer = real(self, method, path, *rest, **options)
        for response in answer.get("responses", ()):
            response["_shards"]["failed"] = 1
        return answer

    monkeypatch.setattr(Cluster, "call", short)
    with pytest.raises(SearchUnavailable, match="分片"):
        snapshot.search("报失")


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
