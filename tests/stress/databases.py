"""A PostgreSQL of our own, to be used, frozen, stopped and started again.

In: the programs of an installed PostgreSQL. Out: a server in a temporary folder, reached through a socket there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MISSING = "PostgreSQL is not installed and could not be (Debian: apt-get install postgresql)"


class Postgresql:
    """A running server. `freeze` is what a hung disk looks like: connections are accepted, nothing is answered."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user = folder, user
        self.url = f"postgresql+psycopg://helpcenter@/postgres?host={folder}"
        self._frozen: list[int] = []

    def call(self, name: str, *options: str) -> None:
        """Run one of its programs on its data."""
        command = [str(program(name)), "-D", str(self.folder / "data"), *options]
        done = subprocess.run(
            command, user=self.user, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert done.returncode == 0, done.stdout

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.call("pg_ctl", "-w", "-l", f"{self.folder}/log", "-o", f"-k {self.folder} -c listen_addresses=''", "start")

    def stop(self) -> None:
        """Stop it at once, as a power cut would."""
        self.thaw()
        self.call("pg_ctl", "-m", "immediate", "stop")

    def freeze(self) -> None:
        """Stop its processes where they are."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        self._frozen = [first, *map(int, children)]
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)
        self._frozen = []

    def _signal(self, number: signal.Signals) -> None:
        for process in self._frozen:
            with suppress(ProcessLookupError):  # its client may have left, and it with it
                os.kill(process, number)


def program(name: str) -> str | None:
    """A program of PostgreSQL's server; Debian keeps them off the path."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(places[-1]) if places else shutil.which(name)


@contextmanager
def postgresql() -> Iterator[Postgresql | None]:
    """A running server with an empty database until the block ends; None where PostgreSQL is not installed."""
    if not program("initdb") or not program("pg_ctl"):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = next(name for name in ("postgres", "nobody") if name in known)
        shutil.chown(folder, user)
    server = Postgresql(folder, user)
    try:
        server.call("initdb", "-U", "helpcenter", "-A", "trust", "-E", "UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
