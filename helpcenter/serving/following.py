"""Following: a front end keeps its index equal to a copy that is published elsewhere.

In: the address of the copies, an index folder. Out: each new copy becomes live there; the workers notice by themselves.
Why a process of its own beside the server: one fetches for all workers, hashing takes nothing from readers' requests,
and whatever happens to it, the site serves on.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import index
from helpcenter.serving.logs import write_lines
from helpcenter.settings import Settings

log = logging.getLogger(__name__)


def fetch(settings: Settings, source: str, failed: str = "") -> str:
    """Fetch what is new. Returns why it failed, empty where it did not; the log has it unless it is `failed` again."""
    try:
        name = index.fetch_copy(source, settings.index, settings.keep_snapshots, settings.index_key)
    except index.IndexUnavailable as error:
        if str(error) != failed:
            log.error("%s", error)
        return str(error)
    if name:
        log.warning("已换用 %s 的新索引：%s", source, name)
    elif failed:
        log.warning("%s 又能取用了。", source)
    return ""


def follow(settings: Settings, source: str, every: float, parent: int = 0) -> None:
    """Fetch for ever; with `parent`, until that process has ended."""
    write_lines()
    failed = ""
    while True:
        failed = fetch(settings, source, failed)
        until = time.monotonic() + every
        while (left := until - time.monotonic()) > 0:
            if parent and os.getppid() != parent:
                return
            time.sleep(min(left, 1))


@contextmanager
def follower(settings: Settings, source: str, every: float) -> Iterator[None]:
    """Fetch once, so that the server starts with the newest, then follow in another process until the block ends."""
    fetch(settings, source)
    command = [sys.executable, "-m", "helpcenter.cli", "follow", source, "--index", str(Path(settings.index).resolve())]
    child = subprocess.Popen([*command, "--every", str(every), "--parent", str(os.getpid())])  # noqa: S603 ourselves
    try:
        yield
    finally:
        child.terminate()
        child.wait()
