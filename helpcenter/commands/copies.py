"""`publish` and `follow`: put the live index where other machines fetch it, and fetch it from there.

In: an index folder; a folder or address of the copies. Out: a copy there; or, for ever, the newest copy live here.
Why `follow` is a command of its own: it runs beside any number of servers of one machine.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from helpcenter.commands.options import index_option
from helpcenter.settings import load_settings

every_option = click.option(
    "--every",
    metavar="S",
    type=click.FloatRange(0.1, 86400),
    default=30,
    show_default=True,
    help="跟随时每隔几秒看一次有没有新的。",
)


@click.command(short_help="把索引发布给别的机器")
@index_option
@click.option("--to", "address", metavar="DIR|URL", required=True, help="文件夹，或 fsspec 认得的网址，例如 s3://…")
@click.option("--full", is_flag=True, help="全部重传，那里的文件坏了时用。")
def publish(index_folder: Path, address: str, full: bool) -> None:
    """把线上的索引复制到文件夹或对象存储，只传变了的文件；别的机器用 serve --follow 取用。"""
    import index

    name, sent = index.publish_copy(index_folder, address, load_settings().index_key, full)
    click.echo(f"已发布 {name}，传了 {sent} 个文件。")


@click.command(short_help="跟随别处发布的索引")
@click.argument("source", metavar="DIR|URL")
@index_option
@every_option
@click.option("--parent", type=int, default=0, hidden=True)
def follow(source: str, index_folder: Path, every: float, parent: int) -> None:
    """不断取用 DIR 或 URL 里新发布的索引，核对无误才换用；取不到时现有的索引照常服务。

    一台机器上有几个网站进程共用索引时用它；只有一个时，serve --follow 就够了。
    """
    from helpcenter.serving import following

    following.follow(dataclasses.replace(load_settings(), index=index_folder), source, every, parent)
