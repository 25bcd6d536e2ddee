"""`serve` and `settings`: run the site, and show what it runs with.

In: an index folder, host, port, number of workers; the environment. Out: a server until it is stopped; a table.
Why host and port are options only: see `helpcenter/settings.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from pathlib import Path

import click

from helpcenter.commands.copies import every_option
from helpcenter.commands.options import index_option
from helpcenter.settings import Settings, load_settings, settings_table, variable


@click.command(short_help="运行网站")
@index_option
@click.option("--host", metavar="H", default="127.0.0.1", show_default=True, help="监听的地址；0.0.0.0 为所有网卡。")
@click.option("--port", metavar="P", type=click.IntRange(0, 65535), default=8000, show_default=True, help="端口。")
@click.option("--workers", metavar="N", type=click.IntRange(1, 64), default=2, show_default=True, help="进程数。")
@click.option("--access-log", is_flag=True, help="在标准输出逐条记录请求。")
@click.option("--follow", "source", metavar="DIR|URL", help="跟随别处用 publish 发布的索引。")
@every_option
def serve(
    index_folder: Path, host: str, port: int, workers: int, access_log: bool, source: str | None, every: float
) -> None:
    """运行网站。更新索引后自动换用，无需重启；SIGTERM 会先答完手上的请求再停止。"""
    from helpcenter.serving.following import follower
    from helpcenter.serving.server import run_server

    settings = dataclasses.replace(load_settings(), index=index_folder)
    with follower(settings, source, every) if source else contextlib.nullcontext():
        run_server(settings, host=host, port=port, workers=workers, access_log=access_log)


@click.command("settings", short_help="列出各项设置")
@click.option("--markdown", is_flag=True, help="输出 docs/settings.md 的全文。")
def show_settings(markdown: bool) -> None:
    """列出各项设置：环境变量、当前的值、含义。"""
    if markdown:
        click.echo(settings_table(), nl=False)
        return
    settings = load_settings()
    for setting in dataclasses.fields(Settings):
        value = getattr(settings, setting.name)
        shown = ",".join(value) if isinstance(value, tuple) else str(value)
        if setting.metadata["secret"] and shown:
            shown = "（已设置，不显示）"
        origin = "" if os.environ.get(variable(setting), "").strip() else "（默认）"
        click.echo(f"{variable(setting)}={shown}{origin}\n    {setting.metadata['chinese']}")


@click.command(short_help="让 AI 助手搜索和阅读（MCP）")
@index_option
@click.option("--http", "place", metavar="HOST:PORT", help="用 HTTP（/mcp）而不是标准输入输出，供放在 nginx 后面。")
def mcp(index_folder: Path, place: str | None) -> None:
    """以 Model Context Protocol 提供 search、read、guide 三个工具；默认走标准输入输出。需要 helpcenter[mcp]。"""
    import index

    try:
        from helpcenter.agents.tools import tools
    except ImportError as error:
        raise click.ClickException(f"需要 MCP 的 SDK（{error.name}）：pip install 'helpcenter[mcp]'") from None
    host, _, port = (place or "").rpartition(":")
    if place and not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{place!r} 应写成 主机:端口，例如 127.0.0.1:8765", param_hint="--http")
    settings = load_settings()
    server = tools(
        index.open_library(index_folder, settings.index_key, settings.meaning, settings.engine), settings.base_url
    )
    if place:
        server.run("streamable-http", host=host.strip("[]"), port=int(port), stateless_http=True)
    else:
        server.run("stdio")
