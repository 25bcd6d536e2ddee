"""`init`: a complete small content folder, from which another help center begins.

In: a folder that is new or empty, a name, a colour. Out: the files of `helpcenter/data/init/` in it, or nothing. For a
folder that has articles already (`--add`), what belongs to a site and is not there yet.
Why plain files in the package: they are read and changed as what they are; a test builds them. `dot-` stands for a
leading dot, since a `.gitignore` here would be obeyed. Nothing is asked: all can be changed in `_site.yml` afterwards.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from datetime import date
from pathlib import Path

import click

TEMPLATE = Path(__file__).parent.parent / "data" / "init"


@click.command(short_help="新建一个完整的小站")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", metavar="TEXT", default="帮助中心", show_default=True, help="站名。")
@click.option("--accent", metavar="COLOUR", default="#0a6564", show_default=True, help="主色，写成 #rrggbb。")
@click.option("--add", is_flag=True, help="DIR 里已有文章：只补上没有的 _site.yml、_search/ 等，不写示例。")
def init(folder: Path, name: str, accent: str, add: bool) -> None:
    """在 DIR 里写好一个完整的小站：_site.yml、专题、两篇文章、向导、_search/；从不覆盖已有的文件。"""
    import index

    name = " ".join(name.split())
    if not name:
        raise click.BadParameter("站名是空的", param_hint="--name")
    if why := index.unreadable(accent):
        raise click.BadParameter(why, param_hint="--accent")
    if folder.exists() and not folder.is_dir():
        raise click.ClickException(f"{folder} 是一个文件，没有写任何东西：换一个文件夹名。")
    present = sorted(path.name for path in folder.iterdir() if path.name != ".git") if folder.exists() else []
    if present and not add:
        shown = "、".join(present[:3]) + (" 等" if len(present) > 3 else "")
        raise click.ClickException(
            f"{folder} 里已经有 {shown}，没有写任何东西：换一个新文件夹。\n"
            f"已有文章、只要补上站名、颜色这些：helpcenter init {shlex.quote(str(folder))} --add"
        )
    quoted = "'" + name.replace("'", "''") + "'"
    values = {"{name}": quoted, "{accent}": accent, "{today}": date.today().isoformat()}  # noqa: DTZ011 an author's day
    files = {target(path): filled(path, values) for path in sorted(TEMPLATE.rglob("*")) if path.is_file()}
    files[Path("_site.schema.json")] = index.SITE_SCHEMA.read_text("utf-8")
    if present:
        usual = re.compile(rf"^({'|'.join(index.SiteConfig().fields)}):", re.MULTILINE)
        narrowed = any(usual.search(path.read_text("utf-8", "ignore")) for path in folder.rglob("*.md"))
        files[Path("_site.yml")] = without_samples(files[Path("_site.yml")], narrowed)
        missing = {path: text for path, text in files.items() if not samples(path) and not (folder / path).exists()}
        write(folder, missing)
        click.echo(f"已在 {folder} 补上：{'、'.join(map(str, missing))}。" if missing else f"{folder} 里什么也不缺。")
        return
    write(folder, files)
    here = shlex.quote(str(folder))
    click.echo(f"已在 {folder} 写好一个完整的小站：两篇文章、一个向导、_site.yml（站名、颜色、入口、筛选项）。")
    click.echo(f"看一看：  helpcenter preview {here}")
    click.echo(f"写一篇：  helpcenter new start/my-first --content {here}")
    click.echo(f"上线：    helpcenter index --content {here}，再 helpcenter serve")


def target(path: Path) -> Path:
    """Where a file of the template goes, relative to the new folder."""
    parts = path.relative_to(TEMPLATE).parts
    return Path(*(re.sub(r"^dot-", ".", part) for part in parts))


def samples(path: Path) -> bool:
    """Whether a file of the template is content, to be replaced by one's own."""
    return path.parts[0] in ("start", "_guides")


def without_samples(site: str, narrowed: bool) -> str:
    """`_site.yml` with all that names a sample as comments. `narrowed`: articles have values of the usual filters."""
    lines, inside = [], False
    for line in site.splitlines():
        if line and not line.startswith((" ", "#")):
            inside = line.partition(":")[0] in ("tiles", "search", "filters", "contacts")
        lines.append(f"# {line}" if inside and line and not line.startswith("#") else line)
        if line == "filters:" and not narrowed:
            lines[-1] = "filters: []  # 还没有；要有，就去掉 []，照下一行写"
    return "\n".join(lines) + "\n"


def filled(path: Path, values: dict[str, str]) -> str:
    """The text of a template with its few values; other braces are YAML's own."""
    text = path.read_text("utf-8")
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text


def write(folder: Path, files: dict[Path, str]) -> None:
    """Write all `files` below `folder`, or none: what was written before a failure is taken away."""
    made: list[Path] = []
    try:
        for relative, text in files.items():
            path = folder / relative
            for parent in reversed(path.parents):
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except OSError:
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise
