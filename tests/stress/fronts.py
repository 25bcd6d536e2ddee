"""Front ends that follow one store, behind nginx, under load: nothing that happens to one of them fails a reader.

In: seconds of each of four stretches (`fronts.py 30`). Out: what readers on eight connections were answered while new
snapshots are published, a front end is killed and comes back, the store is gone and comes back; exit 1 where one answer
failed or mixed two snapshots, or a front end did not follow in the end.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fuzz_http import nginx
from ground import Readers, Server, built, serving, wait_for, write_site
from support import HELPCENTER

FRONTS = 3
NOTICED = 60.0


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, writes no log."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Builder:
    """The machine that has the articles, and the web server that shows what it publishes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.version = folder, 0
        (folder / "store").mkdir(parents=True)
        self.web: ThreadingHTTPServer | None = None
        self.port = 0
        self.show()

    @property
    def address(self) -> str:
        """Where front ends find the copies."""
        return f"http://127.0.0.1:{self.port}"

    def show(self) -> None:
        """Start the web server, on the same port each time."""
        handler = functools.partial(Quiet, directory=str(self.folder / "store"))
        self.web = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self.port = self.web.server_port
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def hide(self) -> None:
        """Stop it: the store is gone."""
        if self.web:
            self.web.shutdown()
            self.web.server_close()
            self.web = None

    def publish(self) -> None:
        """A new version of every article."""
        self.version += 1
        write_site(self.folder / "content", self.version)
        built(self.folder / "content", self.folder / "index")
        place = ["--index", self.folder / "index", "--to", self.folder / "store"]
        subprocess.run([HELPCENTER, "publish", *place], check=True, stdout=subprocess.DEVNULL)


@dataclass
class Site:
    """Front ends behind nginx."""

    builder: Builder
    port: int
    """nginx's."""
    fronts: list[Server]
    stacks: list[ExitStack]
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    switched: float = 0.0
    """Seconds from a publish under load until every front end showed it."""

    def everywhere(self, fronts: int = FRONTS) -> bool:
        """Whether so many front ends show the newest version."""
        newest = f"第{self.builder.version}版"
        alive = [front for front in self.fronts if front.process.poll() is None]
        return sum(newest in front.get("/articles/t1/a1")[1] for front in alive) == fronts

    def begin(self, number: int, port: int = 0) -> None:
        """Start a front end; on the port that nginx knows if it had one."""
        options = ["--follow", self.builder.address, "--every", "0.5"]
        for old in self.stacks[number : number + 1]:
            old.close()
        stack = ExitStack()
        own = serving(self.folder / f"index{number}", self.folder / f"front{number}", 1, options, port, **self.settings)
        self.fronts[number : number + 1] = [stack.enter_context(own)]
        self.stacks[number : number + 1] = [stack]


@contextmanager
def site(folder: Path, **settings: str) -> Iterator[Site]:
    """FRONTS front ends that follow a builder, each with an index of its own; the settings are those of each."""
    builder = Builder(folder / "builder")
    builder.publish()
    found = Site(builder, 0, [], [], folder, {"PROXY_HOPS": "1", **settings})
    try:
        for number in range(FRONTS):
            found.begin(number)
        (folder / "nginx").mkdir()
        with nginx(folder / "nginx", *(front.port for front in found.fronts)) as (port, _):
            found.port = port
            yield found
    finally:
        for stack in found.stacks:
            stack.close()
        builder.hide()


def failed(readers: Readers) -> list[str]:
    """What was wrong with the answers, but for those that the killed front end was in the middle of.

    nginx had passed on their heads and could ask nobody else: one at most of each connection.
    """
    cut = [fault for fault in readers.faults if "IncompleteRead" in fault][: readers.count]
    return [fault for fault in readers.faults if fault not in cut]


def attack(own: Site, seconds: float, connections: int) -> Readers:
    """Four stretches of so many seconds with everything happening; what readers saw of it."""

    def publishing() -> None:
        until = time.monotonic() + seconds
        while True:
            own.builder.publish()
            if time.monotonic() > until:
                return

    with Readers(own.port, count=connections) as readers:
        publishing()
        own.switched = wait_for(own.everywhere, NOTICED)
        victim = own.fronts[1]
        victim.kill()
        publishing()
        wait_for(lambda: own.everywhere(FRONTS - 1), NOTICED)
        own.begin(1, victim.port)
        wait_for(own.everywhere, NOTICED)
        own.builder.hide()
        time.sleep(seconds)
        wait_for(lambda: "没有成功" in own.fronts[0].log.read_text(), NOTICED)
        own.builder.show()
        publishing()
        wait_for(own.everywhere, NOTICED)
    return readers


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as own:
        started = time.monotonic()
        readers = attack(own, seconds, 8)
        took = time.monotonic() - started
        print(
            f"{FRONTS} front ends, {own.builder.version} snapshots, one front end killed and back, the store gone and"
            f" back: {readers.answers} answers in {took:.0f} s ({readers.answers / took:.0f} a second),"
            f" {len(failed(readers))} failed or mixed, {len(readers.faults) - len(failed(readers))} cut by the kill,"
            f" the slowest after {readers.slowest:.2f} s; a new snapshot was"
            f" everywhere {own.switched:.1f} s after its publish (load of the machine {os.getloadavg()[0]:.0f})"
        )
        print(*readers.faults[:10], sep="\n")
    return int(bool(failed(readers)))


if __name__ == "__main__":
    sys.exit(main())
