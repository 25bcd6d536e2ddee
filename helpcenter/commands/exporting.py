"""`export`: the help center as one file, as plain files, or for Kiwix.

In: a built index. Out: files that need no server.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from helpcenter.commands.options import index_option
from helpcenter.settings import load_settings

PLACE = click.Path(path_type=Path)


@click.command(short_help="导出成单个文件、静态网站或 ZIM")
@click.option("--html", metavar="FILE", type=PLACE, help="一个 HTML 文件，双击就能看、能搜。")
@click.option("--static", "folder", metavar="DIR", type=PLACE, help="静态网站，放到任何网站空间。")
@click.option("--zim", metavar="FILE", type=PLACE, help="给 Kiwix 用的 ZIM 文件（需要 helpcenter[zim]）。")
@index_option
def export(html: Path | None, folder: Path | None, zim: Path | None, index_folder: Path) -> None:
    """把帮助中心导出成不需要服务器的文件；可同时给几种。"""
    if not (html or folder or zim):
        raise click.UsageError("要导出成什么？给出 --html FILE、--static DIR 或 --zim FILE。")
    from helpcenter import create_app
    from helpcenter.offline import exporting
    from helpcenter.offline.pack import pack

    app = create_app(dataclasses.replace(load_settings(), index=index_folder))
    live = app.extensions["library"].snapshot()
    try:
        if html:
            body = exporting.single_file(app, pack(app, live))
            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_bytes(body)
            click.echo(f"已写成 {html}（{len(body) // 1024} KB）")
        if folder:
            click.echo(f"已写成 {folder}（{exporting.write_static(app, live, folder)} 个文件）")
        if zim:
            zim.unlink(missing_ok=True)
            click.echo(f"已写成 {zim}（{exporting.write_zim(app, live, zim)} 页）")
    except ImportError as error:
        raise click.ClickException(f"导出 ZIM 需要 libzim（{error.name}）：pip install 'helpcenter[zim]'") from None
    except OSError as error:
        raise click.ClickException(f"写不了 {error.filename}：{error.strerror}") from None
