"""The deployment guide is true: its nginx configuration, as written, in front of the real server."""

from __future__ import annotations

import gzip
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

Serve = Callable[..., AbstractContextManager[Any]]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MAIN = """
daemon off; pid {folder}/pid; error_log stderr; user root;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/helpcenter.conf;
}}
"""


@pytest.fixture(scope="module")
def proxied(
    serve: Serve, site_index: Path, root: Path, unused_port: Callable[[], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of nginx, configured as documented but for ports and folders."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    folder, port = tmp_path_factory.mktemp("nginx"), unused_port()
    with serve(site_index, HELPCENTER_PROXY_HOPS=1, HELPCENTER_TRUSTED_HOSTS="help.example.org") as site:
        written = (root / "docs" / "deploy" / "nginx.conf").read_text("utf-8")
        local = (
            written.replace("127.0.0.1:8000", urlsplit(site.address).netloc)
            .replace("listen 80;", f"listen 127.0.0.1:{port};")
            .replace("/var/cache/nginx/helpcenter", f"{folder}/cache")
        )
        assert local.count(str(port)) == 1
        (folder / "helpcenter.conf").write_text(local, "utf-8")
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder), "utf-8")
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        checked = subprocess.run([*command, "-t"], capture_output=True, encoding="utf-8", check=False)
        assert checked.returncode == 0, checked.stderr
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 10
            while not listens(port) and time.monotonic() < until:
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def get(address: str, path: str, **headers: str) -> Any:
    named = {"Host": "help.example.org"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return urlopen(Request(address + path, headers=named), timeout=10)


def test_pages_come_through_compressed_and_revalidate(proxied: str) -> None:
    with get(proxied, "/search?q=esim", Accept_Encoding="gzip") as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "eSIM" in gzip.decompress(answer.read()).decode()
        etag = answer.headers["ETag"]
    with pytest.raises(HTTPError) as unchanged:
        get(proxied, "/search?q=esim", Accept_Encoding="gzip", If_None_Match=etag)
    unchanged.value.close()
    assert unchanged.value.code == 304


def test_fragments_and_pages_are_not_mixed_up(proxied: str) -> None:
    with get(proxied, "/search?q=esim", HX_Request="true") as fragment, get(proxied, "/search?q=esim") as page:
        assert "HX-Request" in fragment.headers["Vary"]
        assert b"<html" not in fragment.read()
        assert b"<html" in page.read()


def test_static_files_are_kept_by_nginx(proxied: str) -> None:
    with get(proxied, "/") as home:
        (style,) = set(re.findall(r'href="(/static/app\.css\?v=\w+)"', home.read().decode()))
    states = []
    for _ in range(2):
        with get(proxied, style) as answer:
            answer.read()
            states.append(answer.headers["X-Cache"])
    assert states == ["MISS", "HIT"]


def test_forwarded_headers_are_those_of_nginx_alone(proxied: str) -> None:
    forged = {"X_Forwarded_Host": "evil.example", "X_Forwarded_Prefix": "/evil", "X_Forwarded_Proto": "https"}
    with get(proxied, "/", **forged) as answer:
        assert b"evil" not in answer.read()
        assert answer.headers["Strict-Transport-Security"] is None


def test_other_hosts_are_refused(proxied: str) -> None:
    with pytest.raises(HTTPError) as refused:
        get(proxied, "/", Host="elsewhere.example")
    refused.value.close()
    assert refused.value.code == 400


def test_a_body_that_is_too_large_is_refused(proxied: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(proxied + "/", data=b"x" * 100_000, headers={"Host": "help.example.org"}), timeout=10)
    refused.value.close()
    assert refused.value.code == 413


def test_the_unit_is_one_that_systemd_reads(root: Path, tmp_path: Path, program: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed")
    unit = (root / "docs" / "deploy" / "helpcenter.service").read_text("utf-8")
    path = tmp_path / "helpcenter.service"
    path.write_text(unit.replace("/opt/helpcenter/.venv/bin/helpcenter", str(program)), "utf-8")
    told = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert "helpcenter.service:" not in told.stderr, told.stderr
