"""`helpcenter preview`: the site of the articles being written, rebuilt at every save, reloaded by the browser itself.

In: a content folder. Out: a development server on its own index beside the live one, drafts included.
Why a middleware: the pages stay exactly what readers get; the one script tag that reloads them is added on the way out,
from our own host, so that the content security policy holds here too.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from helpcenter.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SCRIPT = b"""\
let seen;
(async function ask() {
  try {
    const state = await (await fetch("/_preview/state", {cache: "no-store"})).text();
    if (seen !== undefined && state !== seen) location.reload();
    seen = state;
  } catch {}
  setTimeout(ask, 500);
})();
"""
TAG = b'<script src="/_preview/reload.js" defer></script>'


def run_preview(settings: Settings, content: Path, port: int, at: date | None = None) -> None:
    """Build, watch and serve until interrupted; with `at` the site of that day, without drafts."""
    from watchfiles import watch
    from werkzeug.serving import make_server

    from helpcenter import create_app
    from helpcenter.serving.server import free_port

    port = free_port("127.0.0.1", port)
    settings = replace(settings, content=content, index=settings.index.with_name(f"{settings.index.name}-preview"))
    reloading = Reloading(create_app(settings).wsgi_app)
    rebuild(settings, at)
    server = make_server("127.0.0.1", port, reloading, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    click.echo(f"预览：http://127.0.0.1:{port}（存盘即更新，按 Ctrl+C 停止）")
    built = str(settings.index.parent.resolve())  # may lie below the content, as with `--content .`
    for _ in watch(content, raise_interrupt=False, watch_filter=lambda _, path: not path.startswith(built)):
        if rebuild(settings, at):
            reloading.state += 1
    server.shutdown()


def rebuild(settings: Settings, at: date | None = None) -> bool:
    """Build the preview's index; name the faults and keep the last good one where there are any."""
    import index

    try:
        report = index.build(
            settings.content,
            settings.index,
            drafts=at is None,
            today=at,
            key=settings.index_key,
            meaning=settings.meaning,
        )
    except index.ContentFaults as faults:
        for problem in faults.problems:
            click.echo(str(problem), err=True)
        click.echo("文章有错，页面仍是上一次的样子。", err=True)
        return False
    click.echo(f"已更新：变更 {report.changed} 篇，移除 {report.removed} 篇，用时 {report.seconds:.2f} 秒")
    return True


class Reloading:
    """WSGI middleware: adds the script to every HTML page and tells it, as a number, how often the site changed."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        self.state = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/_preview/state":
            return answer(start_response, "text/plain", str(self.state).encode())
        if path == "/_preview/reload.js":
            return answer(start_response, "text/javascript", SCRIPT)
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # a compressed page has no place for the tag
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return self.with_script(environ, start_response)

    def with_script(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The application's answer; whole HTML pages get the tag before `</body>`."""
        started: list[Any] = []

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return lambda data: None

        chunks = self.app(environ, remember)
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, headers = started
        if any(name.lower() == "content-type" and value.startswith("text/html") for name, value in headers):
            body = re.sub(rb"</body>", TAG + b"</body>", body, count=1)
            headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
            headers += [("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [body]


def answer(start_response: StartResponse, kind: str, body: bytes) -> Iterable[bytes]:
    """A small answer that no browser keeps."""
    headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", [*headers, ("Cache-Control", "no-store")])
    return [body]
