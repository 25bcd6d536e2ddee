"""`index` and `rollback`: bring the index up to date, or take the last update back.

In: a folder of articles, a folder for the index. Out: a new live snapshot, or every fault and an untouched old one.
Why the summary is the last line and faults go to stderr: scripts read the first, editors jump by the second.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from helpcenter.commands.options import Progress, content_option, hint_if_empty, index_option
from helpcenter.settings import load_settings

MAKE_WAY = 10
"""Added to a build's niceness, so that readers of the same machine go first. During a full build on both cores a search
took 3.4 ms and 576 were answered a second; with 10 it is 1.5 ms and 1,190. With 19 it is 1.4 ms and 1,347, but a build
then gets next to nothing of a busy machine."""


def write_new_key(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Callback of `--new-key`: write one and end, before anything is asked of the articles."""
    if path is None:
        return
    import index

    try:
        index.new_key(path)
    except FileExistsError:
        raise click.BadParameter(f"{path} 已经存在；密钥不会被覆盖，请换一个文件名") from None
    click.echo(f"密钥已写入 {path}。在建索引和运行网站的机器上都设置 HELPCENTER_INDEX_KEY={path}，并妥善保管。")
    context.exit()


@click.command("index", short_help="按文章更新索引")
@content_option
@index_option
@click.option("--full", is_flag=True, help="全部重建，不沿用旧索引。")
@click.option("--drafts", is_flag=True, help="草稿也收入。")
@click.option("--quiet", is_flag=True, help="只报告错误。")
@click.option(
    "--sign", "key", metavar="FILE", type=click.Path(), help="用这个密钥文件签名；默认 HELPCENTER_INDEX_KEY。"
)
@click.option(
    "--new-key",
    metavar="FILE",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=write_new_key,
    help="生成一个密钥文件，然后退出。",
)
def build(content: Path, index_folder: Path, full: bool, drafts: bool, quiet: bool, key: str | None) -> None:
    """按文章更新索引；正在运行的网站随即换用新索引，无需重启。

    默认只处理改动过的文章。文章有错时逐条列出（文件:行: 说明），退出码为 1，线上的索引保持不变。
    """
    import index

    settings = load_settings()
    hint_if_empty(content)
    with contextlib.suppress(OSError):  # some sandboxes forbid even this
        os.nice(MAKE_WAY)
    try:
        with Progress(quiet) as progress:
            report = index.build(
                content,
                index_folder,
                full=full,
                drafts=drafts,
                keep=settings.keep_snapshots,
                progress=progress,
                key=key or settings.index_key,
                meaning=settings.meaning,
                engine=settings.engine,
            )
    except index.ContentFaults as faults:
        for problem in faults.problems:
            click.echo(str(problem), err=True)
        raise click.ClickException(f"文章有 {len(faults.problems)} 处错误，未建索引；线上的索引保持不变。") from None
    if quiet:
        return
    if report.reason:
        click.echo(f"全部重建：{report.reason}")
    click.echo(
        f"文章 {report.articles} 篇 · 小节 {report.sections} 个 · 变更 {report.changed} 篇"
        + (f" · 移除 {report.removed} 篇" if report.removed else "")
        + f" · 用时 {report.seconds:.2f} 秒"
    )


@click.command(short_help="退回上一份索引")
@index_option
def rollback(index_folder: Path) -> None:
    """退回上一份索引；正在运行的网站随即换用，无需重启。

    只退索引，不退文章和 _search/ 里的改动；下次 helpcenter index 会再收进来。
    """
    import index

    settings = load_settings()
    click.echo(f"已退回到索引 {index.rollback(index_folder, settings.index_key, settings.engine)}。")
