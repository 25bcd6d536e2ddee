"""`check`, `new`, `import`, `preview`: what an author does before an article goes live.

In: a folder of articles. Out: problems with their lines, new files to fill in, or a page that follows the editor.
Why `check` prints faults and warnings alike on stdout: they are its result, not its failure.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from helpcenter.commands.options import content_option, hint_if_empty, index_option
from helpcenter.settings import load_settings

if TYPE_CHECKING:
    from index import Guide, Problem, Stale

SKELETON = """\
---
title: {title}
summary:
{filters}aliases: []
updated: {today}
verified:
sources: []
draft: true
---

一句话说明这篇文章帮读者做成什么。

## 第一步

"""


@click.command(short_help="检查文章，不建索引")
@content_option
@click.option("--format", "layout", type=click.Choice(["text", "github"]), default="text", show_default=True,
              help="github：写成 GitHub Actions 的标注。")  # fmt: skip
@index_option
@click.option("--fix", is_flag=True, help="把会打不开的旧地址写进 moved_from。")
@click.option("--guides", is_flag=True, help="先把每个向导画成一棵树。")
@click.option("--stale", metavar="N", type=click.IntRange(0, 3650),
              help="只按负责人列出 N 天内过期、该重新核实或从未核实的文章。")  # fmt: skip
@click.option("--external", is_flag=True,
              help="也去问外部链接还在不在（每个网站每秒一次，七天内不重问；需要 helpcenter[links]）。")  # fmt: skip
def check(
    content: Path, layout: str, index_folder: Path, fix: bool, guides: bool, stale: int | None, external: bool
) -> None:
    """检查文章和向导：列出错误与提醒（文件:行: 说明），不建索引。有错误时退出码为 1。

    有线上的索引时，还会列出哪些地址将打不开，哪些相似问搜不到它的小节。
    """
    import index

    if stale is not None:
        click.echo(digest(index.stale(content, stale), stale))
        return
    if guides:
        for file in index.read_guides(content)[0]:
            click.echo("\n".join(tree(file.guide)) + "\n")
    hint_if_empty(content)
    problems = index.check(content)
    gone = []
    if index_folder.is_dir():  # else nothing is live, so nothing can break
        with suppress(index.IndexUnavailable):
            live = index.open_library(index_folder, load_settings().index_key).snapshot()
            problems += index.unfound(content, live)
            gone = index.vanished(content, (page.article for card in live.cards() if (page := live.page(card.id))))
    if fix:
        for path in index.write_forwards(content, gone):
            click.echo(f"已在 {path} 写上 moved_from")
        gone = [one for one in gone if not one.target]
    problems += [one.problem() for one in gone]
    if external:
        try:
            problems += index.check_outside(index.outside_links(content), index.cache_file())
        except index.NoClient as error:
            raise click.ClickException(str(error)) from None
    faults = sum(problem.level == "fault" for problem in problems)
    for problem in problems:
        click.echo(annotation(problem, content) if layout == "github" else text_line(problem))
    if layout == "text":
        click.echo(f"错误 {faults} 处 · 提醒 {len(problems) - faults} 处")
    if faults:
        raise click.exceptions.Exit(1)


def digest(found: list[Stale], days: int) -> str:
    """Articles to look at, by owner."""
    if not found:
        return f"{days} 天内没有要看的文章。"
    lines = [f"{days} 天内要看的文章 {len(found)} 篇"]
    for owner, own in groupby(found, lambda one: one.owner):
        lines += ["", owner or "没有写负责人（owner）"]
        lines += [f"    {one.path}: {one.why} · {one.title}" for one in own]
    return "\n".join(lines)


def tree(guide: Guide) -> list[str]:
    """The lines of a guide. What several answers lead to is drawn once and referred to afterwards."""
    lines, drawn = [f"{guide.title}（{guide.id}）"], set()
    waiting = [("  ", guide.start, "")]  # a stack, since a chain of questions may be longer than Python's own
    while waiting:
        indent, node, chosen = waiting.pop()
        if chosen:
            lines.append(f"{indent}- {chosen}")
            indent += "    "
        if node in drawn:
            lines.append(f"{indent}↑ 见上面的 {node}")
        elif question := guide.questions.get(node):
            lines.append(f"{indent}{node}：{question.ask}")
            answers = [(indent + "  ", option.to, f"{option.answer}：{option.label}") for option in question.options]
            waiting.extend(reversed(answers))
        elif outcome := guide.outcomes.get(node):
            lines.append(f"{indent}⇒ {node}：{outcome.title}（{len(outcome.steps)} 步）")
        else:
            lines.append(f"{indent}？ {node}：没有这个问题或结果")
        drawn.add(node)
    return lines


def text_line(problem: Problem) -> str:
    """`file:line: message`; warnings say that they are."""
    return str(problem) if problem.level == "fault" else f"{problem.path}:{problem.line}: 提醒：{problem.message}"


def annotation(problem: Problem, content: Path) -> str:
    """A workflow command of GitHub Actions; its values escape `%`, line ends and, in properties, `:` and `,`."""

    def escaped(value: str, more: str = "") -> str:
        return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + more else letter for letter in value)

    path = escaped((content / problem.path).as_posix(), ":,")
    level = "error" if problem.level == "fault" else "warning"
    title = f",title={escaped(problem.code, ':,')}" if problem.code else ""
    return f"::{level} file={path},line={problem.line}{title}::{escaped(problem.message)}"


@click.command(short_help="新建一篇文章")
@click.argument("article", metavar="TOPIC/NAME")
@click.option("--title", metavar="TEXT", help="标题；不给则先用 NAME。")
@content_option
def new(article: str, title: str | None, content: Path) -> None:
    """新建 CONTENT/TOPIC/NAME.md，写好各项前言，标为草稿；不会覆盖已有的文件。"""
    import index

    parts = article.removesuffix(".md").split("/")
    if any(not re.fullmatch(r"\w[\w.-]*", part) or part.startswith("_") for part in parts):
        raise click.BadParameter(
            f"{article!r} 不能作文章编号：每一段用字母、数字、汉字、-，且不以 _ 或 . 开头，例如 travel/japan",
            param_hint="TOPIC/NAME",
        )
    path = content.joinpath(*parts[:-1], f"{parts[-1]}.md")
    path.parent.mkdir(parents=True, exist_ok=True)
    filters = "".join(f"{name}: []\n" for name in index.read_site(content).site.fields)
    text = SKELETON.format(
        title="'" + (title or parts[-1]).replace("'", "''") + "'",
        filters=filters,
        today=date.today().isoformat(),  # noqa: DTZ011 an author's own day
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.ClickException(f"{path} 已经存在，没有改动。") from None
    click.echo(f"已新建 {path}。写好后删去 draft 一行，再运行 helpcenter index。")
    click.echo(f"边写边看：helpcenter preview {shlex.quote(str(content))}")


@click.command(short_help="移动文章或专题，旧地址照样能打开")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@content_option
def move(old: str, new: str, content: Path) -> None:
    """把文章（或专题）OLD 移到 NEW：改好指向它的链接，把旧编号写进 moved_from，旧地址自动转到新地址。"""
    import index

    try:
        moved = index.move(content, old, new)
    except index.MoveRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    for before, after in moved.articles.items():
        click.echo(f"{before} → {after}")
    click.echo(f"改了 {len(moved.rewritten)} 个文件里的链接。再运行 helpcenter index，旧地址就会转过去。")


@click.command("import", short_help="把外来的文档变成文章")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--topic", metavar="TOPIC", default="imported", show_default=True, help="放进哪个专题的文件夹。")
@click.option("--dry-run", is_flag=True, help="只列出会写成什么，不写文件。")
@content_option
def import_(files: tuple[Path, ...], topic: str, dry_run: bool, content: Path) -> None:
    """把外来的 Markdown、HTML 或 Word 变成文章，文件夹和 zip 也可以。

    猜出前言，去掉页脚与跟踪，列出改动之处；不会覆盖已有的文件。
    """
    import index

    try:
        imported = index.import_files(files, content, topic, dry_run=dry_run)
    except index.ImportRefused as refusal:
        raise click.ClickException(str(refusal)) from None
    if dry_run:
        click.echo("来源\t会写成\t标题\t图片\t要看的地方")
        for article in imported:
            row = (article.source, article.path, article.title, article.pictures, len(article.notes))
            click.echo("\t".join(map(str, row)))
        return
    for article in imported:
        click.echo(f"已写成 {article.path}")
        for note in article.notes:
            click.echo(f"  - {note}")
    click.echo("请逐篇过目，再运行 helpcenter check。")


@click.command(short_help="边写边看")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path), is_eager=True)
@content_option
@click.option("--port", metavar="P", type=click.IntRange(0, 65535), default=8001, show_default=True, help="端口。")
@click.option("--at", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="看那一天的网站（草稿不在内）。")
def preview(folder: Path | None, content: Path, port: int, at: datetime | None) -> None:
    """边写边看 DIR（或 --content）里的文章：存盘即重建，浏览器自动刷新；草稿也在内，线上的索引不受影响。"""
    from helpcenter.serving.preview import run_preview

    if folder and folder != content:
        raise click.UsageError(f"{folder} 和 --content {content} 只写一个")
    hint_if_empty(content)
    run_preview(load_settings(), content, port, at.date() if at else None)
