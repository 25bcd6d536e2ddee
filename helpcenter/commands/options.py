"""Options that several commands share, and how a terminal shows progress.

In: a command's arguments; `HELPCENTER_CONTENT` and `HELPCENTER_INDEX` where an option is absent. Out: checked paths.
Why callbacks: a default that comes from a setting must be read when the command runs, not when the module loads.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from helpcenter.settings import load_settings

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from index import Snapshot

STAGES = {"prepare": "读取文章", "encode": "理解意思", "write": "写入索引", "fill": "送到集群"}
"""What a terminal calls the stages of `index.build`."""

F = TypeVar("F", bound=Callable[..., Any])


def content_option(command: F) -> F:
    """`--content DIR`: a folder that exists. An argument named `folder` says the same."""

    def existing(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
        content = value or context.params.get("folder") or load_settings().content
        if not content.is_dir():
            raise click.BadParameter(
                f"没有文件夹 {content}；新建一个完整的小站：helpcenter init {content}；"
                "文章在别处，用 --content 或 HELPCENTER_CONTENT 指明"
            )
        return content

    return click.option(
        "--content", metavar="DIR", type=click.Path(path_type=Path), callback=existing, help="文章所在的文件夹。"
    )(command)


def hint_if_empty(content: Path) -> None:
    """On stderr, what to do next where there is not one article."""
    if not any(True for _ in content.rglob("[!_.]*.md")):
        click.echo(f"{content} 里没有文章。写第一篇：helpcenter new 主题/名字 --content {content}；", err=True)
        click.echo("或在新文件夹里新建一个完整的小站：helpcenter init 文件夹", err=True)


def index_option(command: F) -> F:
    """`--index DIR`: the folder of the index, there or not."""

    def chosen(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
        return value or load_settings().index

    folder = click.Path(path_type=Path)
    return click.option(
        "--index", "index_folder", metavar="DIR", type=folder, callback=chosen, help="索引所在的文件夹。"
    )(command)


def existing_file(context: click.Context, parameter: click.Parameter, value: Path) -> Path:
    """Callback of options that name a file to read."""
    if not value.is_file():
        raise click.BadParameter(f"没有文件 {value}")
    return value


def query_text(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Callback of queries: bytes that are not UTF-8 reach Python as lone surrogates, which no terminal can print."""
    return value.encode("utf-8", "replace").decode()


def open_snapshot(index_folder: Path) -> Snapshot:
    """The live snapshot. Raises `IndexUnavailable`, which `helpcenter.cli.run` tells."""
    from index import open_library

    settings = load_settings()
    return open_library(index_folder, settings.index_key, settings.meaning, settings.engine).snapshot()


class Progress:
    """Called with stage, done, total: a bar on a terminal, else one plain line as each stage ends; or silent."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.stage = ""
        self.bar: ProgressBar[int] | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end_bar()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self.quiet:
            return
        if not sys.stdout.isatty():
            if done >= total > 0 and stage != self.stage:
                self.stage = stage
                click.echo(f"{STAGES.get(stage, stage)} {done}/{total}")
            return
        if stage != self.stage:
            self._end_bar()
            self.stage = stage
            label = STAGES.get(stage, stage)
            self.bar = click.progressbar(length=max(total, 1), label=label, show_eta=False, show_pos=True)
            self.bar.__enter__()
        if self.bar is not None:
            self.bar.length = max(total, 1)
            self.bar.update(done - self.bar.pos)

    def _end_bar(self) -> None:
        if self.bar is not None:
            self.bar.__exit__(None, None, None)
            self.bar = None


def printable(text: str) -> str:
    """`text` without control and direction characters, since readers wrote parts of it."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else "?" for c in text)
