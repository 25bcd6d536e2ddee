"""What tests and scripts share to start programs: a clean environment, free ports, the installed command, a browser.

In: nothing. Out: functions without pytest, so that the scripts of `bench/` and `stress/` use them too.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
HELPCENTER = Path(sys.executable).with_name("helpcenter")
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_path() -> str | None:
    """The machine's Chromium or Chrome; None where Playwright has to look for its own."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def nginx_path() -> str | None:
    """The machine's nginx, which is not always on a user's path."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def clean_environment() -> dict[str, str]:
    """Ours without the settings that a developer may have made."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HELPCENTER_")}


def free_ports(number: int) -> list[int]:
    """Ports nobody listens on, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def free_port() -> int:
    """A port nobody listens on."""
    return free_ports(1)[0]


def listens(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
