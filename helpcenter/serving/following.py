"""Following: a front end keeps its index equal to a copy that is published elsewhere.

In: the address of the copies, an index folder. Out: each new copy becomes live there; the workers notice by themselves.
Why a process of its own beside the server: one fetches for all workers, hashing takes nothing from readers' requests,
and whatever happens to it, the site serves on.
"""

from __future__ import annotations

import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import index
from helpcenter.serving.logs import write_lines
from helpcenter.settings import Settings

log = logging.getLogger(__name__)

FIRST = 20
"""Seconds that a start waits for the first try: a store that hangs must not keep a site from serving what it has."""
AGAIN = 5
"""Seconds until a follower that was killed is started again."""


def fetch(settings: Settings, source: str, failed: str = "") -> str:
    """Fetch what is new. Returns why it failed, empty where it did not; the log has it unless it is `failed` again."""
    try:
        name = index.fetch_copy(source, settings.index, settings.keep_snapshots, settings.index_key)
    except index.IndexUnavailable as error:
        if str(error) != failed:
            log.error("%s", error)
        return str(error)
    if name:
        log.warning("已换用新索引：%s", name)
    elif failed:
        log.warning("发布的索引又能取用了。")
    return ""


def follow(settings: Settings, source: str, every: float, parent: int = 0) -> None:
    """Fetch for ever; with `parent`, which gets a line when the first try is over, until that process has ended."""
    write_lines()
    if parent:
        threading.Thread(target=end_with, args=(parent,), daemon=True).start()
    failed = fetch(settings, source)
    if parent:
        with suppress(OSError):  # it may have ended, or wait no longer
            print(flush=True)
    while True:
        time.sleep(every)
        failed = fetch(settings, source, failed)


def end_with(parent: int) -> None:
    """End this process after its parent, also while a store hangs: it would hold the lock of the index."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


@contextmanager
def follower(settings: Settings, source: str, every: float) -> Iterator[None]:
    """Follow in another process until the block ends, which begins after the first try or after FIRST seconds."""
    command = [sys.executable, "-m", "helpcenter.cli", "follow", source, "--index", str(Path(settings.index).resolve())]
    command += ["--every", str(every), "--parent", str(os.getpid())]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 ourselves
    tried = child.stdout
    assert tried
    ended = threading.Event()

    def keep() -> None:
        nonlocal child
        while not ended.wait(AGAIN):
            if child.poll() is not None:
                log.error("取用新索引的进程结束了（%s），重新启动它。", child.returncode)
                child = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 ourselves

    keeper = threading.Thread(target=keep, daemon=True)
    try:
        if not select.select([tried], [], [], FIRST)[0]:
            log.warning("%s 秒内没有取完新索引；网站先用现有的，取到再换。", FIRST)
        keeper.start()
        yield
    finally:
        ended.set()
        if keeper.ident:
            keeper.join()
        child.terminate()
        child.wait()
        tried.close()
