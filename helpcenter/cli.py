"""The command line: the list of commands, and how each failure is told.

In: arguments and the environment. Out: text on stdout, faults on stderr, an exit code: 0 done, 1 failed, 2 wrong usage.
Why the commands live in `helpcenter/commands/`: this file stays the table of contents. They import `index`, Flask and
granian only inside their bodies, so `helpcenter --help` answers at once.
A new command: write it there, add it to the list below, name it in README.md; a test compares the two.
"""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

import click

from helpcenter.commands.asking import evaluate, explain, search
from helpcenter.commands.asks import asks
from helpcenter.commands.authoring import check, import_, move, new, preview
from helpcenter.commands.building import build, rollback
from helpcenter.commands.copies import follow, publish
from helpcenter.commands.exporting import export
from helpcenter.commands.insights import insights
from helpcenter.commands.models import model
from helpcenter.commands.serving import mcp, serve, show_settings
from helpcenter.commands.starting import init
from helpcenter.settings import SettingsError

with_help = click.help_option("-h", "--help", help="显示这份说明。")
"""Click's own says it in English."""


@click.group(
    name="helpcenter",
    context_settings={"max_content_width": 110},
    help="中文帮助中心：把 Markdown 文章建成索引，在网页和终端里搜索。",
)
@click.version_option(package_name="helpcenter", message="%(prog)s %(version)s", help="显示版本。")
@with_help
def commands() -> None:
    """The group that all commands belong to."""


for command in (
    init, build, check, search, serve, evaluate, explain, rollback, new, move, import_, preview, insights,
    asks, export, mcp, publish, follow, model, show_settings,
):  # fmt: skip
    commands.add_command(with_help(command))
for command in model.commands.values():
    with_help(command)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit. Known failures end in a line or two of Chinese, never in a traceback."""
    # Few objects here refer to one another in cycles, yet a small rebuild ran 150 garbage collections.
    gc.set_threshold(200_000, 10, 10)
    atexit.register(gc.freeze)  # else Python looks for cycles as it leaves: 0.3 of the 1.9 s of a one-file rebuild
    # How long a thread that writes files waits for the interpreter lock after each system call; Python's own is 5 ms.
    sys.setswitchinterval(0.0005)
    try:
        sys.exit(commands.main(arguments, prog_name="helpcenter", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        fail(error.format_message(), 2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "helpcenter"
        fail(f"用法错误：{usage_fault(error)}", 2, hint=f"查看用法：{command} --help")
    except click.ClickException as error:
        fail(error.format_message())
    except SettingsError as error:
        fail(str(error), 2, hint="各项设置见 helpcenter settings。")
    except (click.Abort, KeyboardInterrupt):
        fail("已中断。", 130)
    except OSError as error:
        fail(f"{error.filename or '文件'}：{error.strerror or error}。")
    except Exception as error:
        hint = unavailable(error)
        if hint is None:
            raise
        fail(str(error), hint=hint)


def unavailable(error: Exception) -> str | None:
    """What follows the message where index or model cannot be had; None where the error is another."""
    from index import IndexUnavailable, ModelUnavailable

    if isinstance(error, ModelUnavailable):
        return "线上的索引没有动。说明见 docs/meaning.md。"
    return "" if isinstance(error, IndexUnavailable) else None  # its message names the way out


def usage_fault(error: click.UsageError) -> str:
    """What was wrong with the arguments, in Chinese where the case is common."""
    if isinstance(error, click.NoSuchOption):
        near = f"，是不是 {'、'.join(error.possibilities)}" if error.possibilities else ""
        return f"没有选项 {error.option_name}{near}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"缺少 {error.param.get_error_hint(error.ctx) if error.ctx else error.param.name}"
    if isinstance(error, click.BadParameter) and error.param is None and error.param_hint:
        return f"{error.param_hint}：{error.message}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        return f"{error.param_hint or error.param.get_error_hint(error.ctx) if error.ctx else ''}：{error.message}"
    if error.message.startswith("No such command"):
        return f"没有命令 {error.message.split(maxsplit=3)[3].rstrip('.')}"
    return error.format_message()


def fail(message: str, code: int = 1, hint: str | None = None) -> None:
    """Print the message (and the way out) on stderr and exit."""
    click.echo(message, err=True)
    if hint:
        click.echo(hint, err=True)
    sys.exit(code)


if __name__ == "__main__":
    run()
