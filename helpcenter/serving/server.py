"""The production server: granian with preloaded workers.

In: settings, where to listen, how many workers. Out: a site that answers until SIGTERM, which lets requests finish.
Why granian: HTTP is read by hyper, in Rust, outside Python; slow and broken clients wait there and hold up nobody. See
decision 3 for what else was measured.
Why load, warm up and freeze before forking: the dictionary, the snapshot and the compiled templates are then read once
and stay shared between workers; `gc.freeze` keeps the collector from touching, and so copying, those pages. Where
processes cannot be forked, each worker loads for itself: more memory, the same answers.
Each worker asks for the live snapshot at every request, so a rebuilt index needs no signal and no restart.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from dataclasses import replace
from functools import cache, partial
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from helpcenter import create_app
from helpcenter.serving.logs import OneLine, write_lines
from helpcenter.settings import Settings
from index import IndexUnavailable

if TYPE_CHECKING:
    from flask import Flask

WARM_UP = ("/", "/search?q=%E6%80%8E%E4%B9%88%E5%8A%9E", "/api/v1/search?q=%E6%80%8E%E4%B9%88%E5%8A%9E")
"""Requested before forking. The server starts whatever they answer: a broken index may be repaired later."""
CONNECTIONS = 8192
"""Connections open at a time in each worker; more wait in the kernel. An idle one takes some 20 kB, and ends after
PATIENCE."""
PATIENCE = 15
"""Seconds for a request's head to arrive, and for the next one on a kept connection. nginx keeps its own for 10."""
HEAD = 64 * 1024
"""Bytes of a request's head and of what is received ahead. Browsers send 2 kB."""
THREADS = 8
"""Threads of a worker for requests. Python runs one at a time, so more answer no more (1, 2 and 4 measured); but a form
whose body is slow to arrive, or a database that is slow, holds one of them. Forms get half of them at most."""
STOP = 8
"""Seconds that a worker has to finish its requests."""
YOUNG = 20_000
"""Allocations between two garbage collections. A page of results makes more than Python's own 700 and leaves next to no
cycles: collecting took 6 % of its time."""


@cache
def loaded(settings: Settings) -> Flask:
    """The application, loaded and warm; once in a process and, where processes are forked, once for all of them."""
    app = create_app(settings)
    warm_up(app)
    gc.set_threshold(YOUNG, 10, 10)
    gc.collect()
    gc.freeze()
    return app


def warm_up(app: Flask) -> None:
    """Load the dictionary and answer a few requests, so that the first reader finds everything loaded and compiled."""
    with contextlib.suppress(IndexUnavailable):
        app.extensions["library"].snapshot().load()
    client = app.test_client()
    host = next((name.lstrip(".") for name in app.config.get("TRUSTED_HOSTS") or ()), "localhost")
    for address in WARM_UP:
        status = client.get(address, headers={"Host": host}).status_code
        if status != 200:
            logging.getLogger(__name__).warning("预热 %s：状态码 %s", address, status)


def begin_worker(settings: Settings, ready: str, announced: Path, host: str, port: int) -> Flask:
    """What granian calls in each worker, before it listens; the first to listen says `ready`."""
    from helpcenter.insights import recording

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.SIG_DFL)  # a forked worker has its parent's handlers until it listens
    app = loaded(settings)
    recording.forget_warm_up()
    recording.begin_serving()
    Finalize(None, recording.flush_all, exitpriority=1)  # multiprocessing ends a worker without Python's atexit
    threading.Thread(target=announce, args=(ready, announced, host, port), daemon=True).start()
    return app


def announce(ready: str, announced: Path, host: str, port: int) -> None:
    """Say `ready`, once for all workers, as soon as somebody listens there."""
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            break
        time.sleep(0.01)
    with contextlib.suppress(FileExistsError):
        announced.touch(exist_ok=False)
        click.echo(ready)


def run_server(settings: Settings, *, host: str, port: int, workers: int, access_log: bool = False) -> None:
    """Serve until stopped. Raises `click.ClickException` where host and port cannot be listened on."""
    write_lines()
    port = free_port(host, port)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    ready = f"网站已就绪：http://{address}（{workers} 个进程，按 Ctrl+C 停止）"
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")  # no longer the default from Python 3.14 on
    raise_file_limit()
    if not settings.trusted_hosts and host not in ("localhost", "127.0.0.1", "::1"):
        settings = replace(settings, trusted_hosts=own_names(host, settings.base_url))
        names = "、".join(settings.trusted_hosts)
        click.echo(
            f"没有设置 HELPCENTER_TRUSTED_HOSTS，只回应本机自己的名字：{names}。对外开放请把它设为网站的域名。",
            err=True,
        )
    with tempfile.TemporaryDirectory(prefix="helpcenter-") as private:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = private  # where workers count; prometheus_client is not loaded yet
        if sys.platform == "linux":
            loaded(settings)
        server = server_at(host, port, workers, access_log)
        load = partial(begin_worker, settings, ready, Path(private, "announced"), host, port)
        server.serve(target_loader=load, wrap_loader=False)


def server_at(host: str, port: int, workers: int, access_log: bool = False) -> Any:
    """A `Granian` with the options of this site; what it runs is told to its `serve`."""
    return Granian(
        "helpcenter",
        host,
        port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=2048,
        backpressure=CONNECTIONS,
        # Nothing but HTTP/1: HTTP/2 ends at the proxy, and a connection that sends nothing is then timed too.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=PATIENCE * 1000, max_buffer_size=HEAD),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP,
        log_level=LogLevels.error,  # its warnings advise on numbers of threads and workers
        log_access=access_log,
        log_access_format='[%(time)s] %(addr)s "%(method)s %(path)s %(protocol)s" %(status)d %(dt_ms).3f',
        log_dictconfig={
            "formatters": {
                "generic": {"()": OneLine, "fmt": "[%(levelname)s] %(message)s"},
                "access": {"()": OneLine, "fmt": "%(message)s"},
            }
        },
    )


def own_names(host: str, base_url: str) -> tuple[str, ...]:
    """What this machine may be called by those who know it: its names and addresses, and the site's public name."""
    machine = socket.gethostname()
    names = ["localhost", "127.0.0.1", machine, urlsplit(base_url).hostname or ""]
    if host != "0.0.0.0" and ":" not in host:  # noqa: S104 compared, not listened on; Werkzeug knows no IPv6 here
        names.append(host)
    with contextlib.suppress(OSError):
        names += [str(found[4][0]) for found in socket.getaddrinfo(machine, None, socket.AF_INET)]
    return tuple(dict.fromkeys(filter(None, names)))


def raise_file_limit() -> None:
    """Let a process have CONNECTIONS open, as far as the system allows; many a shell allows 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 512
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. Workers share a port, so granian would not notice that it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except socket.gaierror:
        raise click.ClickException(f"没有地址 {host}；--host 用本机的 IP 地址，或 0.0.0.0 表示所有网卡。") from None
    except PermissionError:
        raise click.ClickException(f"无权使用端口 {port}：1024 以下的端口需要管理员权限，可用 --port 8000。") from None
    except OSError as error:
        raise click.ClickException(
            f"不能监听 {host}:{port}（{error.strerror}）：端口可能已被占用，换一个：--port {port + 1}。"
        ) from None
