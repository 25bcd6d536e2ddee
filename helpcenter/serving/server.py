"""The production server: gunicorn with preloaded workers.

In: settings, where to listen, how many workers. Out: a site that answers until SIGTERM, which lets requests finish.
Why preload, warm up and freeze before forking: the dictionary, the snapshot and the compiled templates are then read
once and stay shared between workers; `gc.freeze` keeps the collector from touching, and so copying, those pages.
Each worker asks for the live snapshot at every request, so a rebuilt index needs no signal and no restart.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import socket
from pathlib import Path
from typing import Any

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from helpcenter import create_app
from helpcenter.serving.worker import hold_stop, release_stop
from helpcenter.settings import Settings
from index import IndexUnavailable

WARM_UP = ("/", "/search?q=%E6%80%8E%E4%B9%88%E5%8A%9E", "/api/v1/search?q=%E6%80%8E%E4%B9%88%E5%8A%9E")
"""Visited before forking. Whatever they answer, the server starts: an index may come good later."""

OPTIONS = {
    "worker_class": "helpcenter.serving.worker.Worker",
    # Threads only take requests that wait (for a body, for a slow network); see worker.py for figures.
    "threads": 4,
    "preload_app": True,
    # Longer than the 60 s that nginx keeps its upstream connections, so that it is never the one surprised.
    "keepalive": 75,
    "graceful_timeout": 10,
    "limit_request_line": 8190,
    "loglevel": "warning",
    "control_socket_disable": True,
    # Only the application decides whom to believe about the scheme: setting HELPCENTER_PROXY_HOPS.
    "secure_scheme_headers": {},
    "forwarded_allow_ips": "",
}


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn around one preloaded application, configured here and nowhere else."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self.settings = settings
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn; no configuration file and no GUNICORN_CMD_ARGS are read."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by gunicorn once, before it forks."""
        app = create_app(self.settings)
        warm_up(app)
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


def run_server(settings: Settings, *, host: str, port: int, workers: int, access_log: bool = False) -> None:
    """Serve until stopped. Raises `click.ClickException` where host and port cannot be listened on."""
    port = free_port(host, port)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def ready(arbiter: object) -> None:
        click.echo(f"网站已就绪：http://{address}（{workers} 个进程，按 Ctrl+C 停止）")

    # A worker that is told to stop before it listens to signals would miss it and be killed after the graceful timeout.
    os.register_at_fork(before=hold_stop, after_in_parent=release_stop)
    shared_memory = Path("/dev/shm")  # noqa: S108 the workers' heartbeat files must not wait for a disk
    options = OPTIONS | {
        "bind": address,
        "workers": workers,
        "when_ready": ready,
        "child_exit": lambda arbiter, worker: worker.forget(),
        "accesslog": "-" if access_log else None,
        "worker_tmp_dir": str(shared_memory) if shared_memory.is_dir() else None,
    }
    Server(settings, options).run()


def free_port(host: str, port: int) -> int:
    """The port, or a free one for 0. gunicorn would try a taken port for five seconds and log each time."""
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
