"""The OpenSearch engine while the cluster is away, hangs or lies: no reader waits long or gets a short answer.

Three nodes that are killed, hung, cut off and restarted under load are in `stress/outages.py`.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient
from support import Line, write_files

from helpcenter import create_app
from helpcenter.settings import Settings
from index import IndexUnavailable, SearchUnavailable, build, open_library
from index.cluster import client as clients
from index.cluster.address import parse_address
from index.cluster.client import Cluster

PASSWORD = "sesame-s3cret"
WHOLE = {"timed_out": False, "_shards": {"failed": 0}}
ARTICLES = {"a.md": "# 手机丢失\n\n先报失，再补卡。\n", "b.md": "# 激活\n\n在新手机上激活 eSIM。\n"}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write_files(tmp_path / "content", ARTICLES)


@pytest.fixture
def line(cluster: str) -> Iterator[Line]:
    line = Line(cluster.rpartition("/")[2])
    yield line
    line.cut()


def test_while_the_cluster_is_away_searching_says_so_and_articles_are_served(
    line: Line, content: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = f"opensearch+http://reader:{PASSWORD}@127.0.0.1:{line.port}/away"
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
    engine = f"opensearch+http://127.0.0.1:{line.port}/late"
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
    engine = f"opensearch+http://{hosts}/three"
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


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> tuple[Cluster, list[Any], list[float]]:
    """A cluster, what each request comes to (an answer, an error, or seconds to hang), and how long each might last."""
    errors = pytest.importorskip("opensearchpy").exceptions
    cluster = Cluster(parse_address("opensearch+http://n1,n2,n3/x"), timeout=0.05, patience=0.4)
    comes, lasted = [], []

    def perform(*_: Any, params: dict[str, float], **__: Any) -> Any:
        lasted.append(params["request_timeout"])
        come = comes.pop(0) if comes else 9.0
        if isinstance(come, float):
            time.sleep(min(come, params["request_timeout"]))
            if come > params["request_timeout"]:
                raise errors.ConnectionTimeout("TIMEOUT", "hangs", None)
            return {"responses": [dict(WHOLE)]}
        if isinstance(come, Exception):
            raise come
        return come

    monkeypatch.setattr("opensearchpy.Transport.perform_request", perform)
    return cluster, comes, lasted


def test_a_search_ends_in_time_however_many_nodes_hang(nodes: tuple[Cluster, list[Any], list[float]]) -> None:
    cluster, _, lasted = nodes
    with pytest.raises(SearchUnavailable, match=r"及时|TIMEOUT"):
        cluster.search("x", [{}], time.monotonic() - 0.1)  # an earlier round took 0.1 s
    assert len(lasted) > 1
    assert max(lasted) <= 0.3
    before = len(lasted)
    with pytest.raises(SearchUnavailable):
        cluster.search("x", [{}])
    assert len(lasted) == before, "whoever asks just after that is told at once"


def test_a_busy_node_may_still_answer_while_others_hang(nodes: tuple[Cluster, list[Any], list[float]]) -> None:
    cluster, comes, lasted = nodes
    comes += [0.2, 9.0, 9.0, 9.0, 9.0, 9.0]
    assert cluster.search("x", [{}]) == [WHOLE]
    assert len(lasted) > 1


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


def test_an_answer_that_lacks_a_shard_is_asked_for_again_and_never_shown(
    prefix: str, content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(content, tmp_path / "index", engine=prefix)
    snapshot = open_library(tmp_path / "index", engine=prefix).snapshot()
    transport = pytest.importorskip("opensearchpy").Transport
    real, lacking = transport.perform_request, [True]

    def short(*arguments: object, **options: object) -> Any:
        answer = real(*arguments, **options)
        if lacking and lacking.pop():
            answer["responses"][-1]["_shards"]["failed"] = 1
        return answer

    monkeypatch.setattr(transport, "perform_request", short)
    assert snapshot.search("报失").total == 1
    lacking.extend([True] * 20)
    with pytest.raises(SearchUnavailable, match="分片"):
        snapshot.search("补卡")


REDIRECT, PLAIN, JSON = "redirect", "text/html", "application/json"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (PLAIN, b"<!doctype html><title>Log in</title>"),
        ("text/plain", b"ok"),
        (JSON, b""),
        (JSON, b'{"responses": [{"timed_out": false, "_sha'),
        (JSON, b"\xff\xfe\x00"),
        (JSON, b"[" * 100_000),
        (JSON, b"[]"),
        (JSON, b"{}"),
        (JSON, b'{"responses": []}'),
        (JSON, b'{"responses": [null]}'),
        (JSON, b'{"responses": [{"error": {"type": "x"}}]}'),
        (JSON, b'{"responses": [{"error": "x", "status": 400}]}'),
        (REDIRECT, b""),
    ],
)
def test_whatever_a_host_answers_that_is_no_cluster_is_an_error_without_the_password(kind: str, said: bytes) -> None:
    pytest.importorskip("opensearchpy")
    asked = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302 if kind == REDIRECT else 200)
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            host = f"127.0.0.1:{server.server_port}"
            cluster = Cluster(parse_address(f"opensearch+http://u:{PASSWORD}@{host}/x"), patience=1.0)
            with pytest.raises(SearchUnavailable, match=host) as refused:
                cluster.search("x", [{}])
        finally:
            server.shutdown()
    assert PASSWORD not in str(refused.value) + repr(refused.value)
    assert "/elsewhere" not in asked


def test_another_node_is_asked_where_one_is_no_cluster(nodes: tuple[Cluster, list[Any], list[float]]) -> None:
    cluster, comes, _ = nodes
    comes += [pytest.importorskip("opensearchpy").exceptions.SerializationError("html"), {"responses": []}]
    comes += [{"responses": [WHOLE]}]
    assert cluster.search("x", [{}]) == [WHOLE]
