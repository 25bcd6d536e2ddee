"""Nodes: an OpenSearch cluster of one or three on this machine, for tests.

In: the archive that `.ci/need opensearch` fetched, a JDK of 21 or newer. Out: nodes on loopback, each a process in a
folder of its own, to be asked, killed, stopped and started again. By hand, until Enter is pressed:
`python tests/stress/nodes.py 3`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import suppress
from http.client import HTTPException
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.request import urlopen

sys.path.append(str(Path(__file__).parents[1]))
from support import Line, free_ports

ARCHIVE = Path(__file__).parents[2] / ".venv" / "opensearch.zip"
OLDEST_JAVA = 21
HEAP = "512m"
PATIENCE = 600
"""Seconds for nodes to find one another; three take 60 on two idle cores."""
_UNWANTED = ("-Xlog:", "HeapDump", "ErrorFile", "-Xms", "-Xmx")
"""Lines of its `jvm.options` that write into its own folder, or say what we say ourselves."""


def java_home() -> Path | None:
    """A JDK that is new enough, or None."""
    program = shutil.which("java")
    places = [os.environ.get("OPENSEARCH_JAVA_HOME"), os.environ.get("JAVA_HOME")]
    places += [str(Path(program).resolve().parents[1])] if program else []
    places += sorted(map(str, Path("/usr/lib/jvm").glob("*")))
    for place in filter(None, places):
        with suppress(OSError):
            said = re.search(r'JAVA_VERSION="(\d+)', (Path(place) / "release").read_text())
            if said and int(said[1]) >= OLDEST_JAVA and (Path(place) / "bin" / "java").exists():
                return Path(place)
    return None


def missing() -> str:
    """What a cluster lacks here; empty where nothing does."""
    if not java_home():
        return f"Java {OLDEST_JAVA} or newer is not installed (Debian: apt-get install openjdk-25-jre-headless)"
    return "" if ARCHIVE.exists() else "the archive of OpenSearch was not fetched (.ci/need opensearch)"


class Nodes:
    """A cluster; its folder goes when it is stopped.

    `lines`: whether each node is reached over lines that can be cut, by clients and by the other nodes.
    `scripts`: whether it runs any.
    """

    def __init__(self, count: int = 1, lines: bool = False, scripts: bool = True) -> None:
        self._scripts = scripts
        self._java = java_home()
        self.folder = Path(tempfile.mkdtemp(prefix="opensearch"))
        self.folder.chmod(0o755)
        with zipfile.ZipFile(ARCHIVE) as archive:
            archive.extractall(self.folder)
        (self._home,) = self.folder.iterdir()
        for script in (self._home / "bin").iterdir():
            script.chmod(0o755)
        self._ports = [free_ports(2) for _ in range(count)]
        self._lines = [[Line(f"127.0.0.1:{port}") for port in own] for own in self._ports] if lines else []
        self._reached = [[line.port for line in own] for own in self._lines] or self._ports
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        for number in range(count):
            self._write(number)
            self.start(number)
        try:
            self.wait(count)
        except BaseException:
            self.close()
            raise

    @property
    def hosts(self) -> list[str]:
        """`127.0.0.1:41234` of each node."""
        return [f"127.0.0.1:{http}" for http, _ in self._reached]

    def cut(self, number: int) -> None:
        """Let nothing reach a node any more, and no connection end; what it sends itself still arrives."""
        for line in self._lines[number]:
            line.hung = True

    def mend(self, number: int) -> None:
        """End what hangs, and let new connections reach the node."""
        for line in self._lines[number]:
            line.cut()
            line.hung = False
            line.mend()

    def _settings(self, number: int) -> dict[str, object]:
        place = self.folder / f"n{number}"
        http, transport = self._ports[number]
        names = [f"n{one}" for one in range(len(self._ports))]
        seeds = [f"127.0.0.1:{port}" for _, port in self._reached]
        return {
            "cluster.name": "helpcenter-test",
            "node.name": names[number],
            "network.host": "127.0.0.1",
            "http.port": http,
            "transport.port": transport,
            "transport.publish_port": self._reached[number][1],
            "path.data": str(place / "data"),
            "path.logs": str(place / "logs"),
            "discovery.seed_hosts": seeds,
            "cluster.initial_cluster_manager_nodes": names,
            "cluster.routing.allocation.disk.threshold_enabled": False,
            **({} if self._scripts else {"script.allowed_types": "none"}),
        }

    def _write(self, number: int) -> None:
        place = self.folder / f"n{number}"
        (place / "config").mkdir(parents=True)
        (place / "tmp").mkdir()
        options = (self._home / "config" / "jvm.options").read_text().splitlines()
        (place / "config" / "jvm.options").write_text(
            "\n".join(line for line in options if not any(word in line for word in _UNWANTED))
        )
        shutil.copy(self._home / "config" / "log4j2.properties", place / "config")
        lines = [f"{name}: {json.dumps(value)}" for name, value in self._settings(number).items()]
        (place / "config" / "opensearch.yml").write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:  # OpenSearch refuses to run as root
            for path in (place, *place.rglob("*")):
                shutil.chown(path, "nobody")

    def start(self, number: int) -> None:
        """Start a node; it joins when it is ready, see `wait`."""
        place = self.folder / f"n{number}"
        environment = {
            "PATH": os.environ["PATH"],
            "OPENSEARCH_JAVA_HOME": str(self._java),
            "OPENSEARCH_PATH_CONF": str(place / "config"),
            "OPENSEARCH_TMPDIR": str(place / "tmp"),
            "OPENSEARCH_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
            "HOME": str(place),
        }
        with (self.folder / f"n{number}.log").open("ab") as log:
            self._running[number] = subprocess.Popen(
                [self._home / "bin" / "opensearch"],
                env=environment,
                cwd=place,
                user="nobody" if os.geteuid() == 0 else None,
                stdout=log,
                stderr=log,
            )

    def wait(self, count: int, status: str = "yellow") -> None:
        """Return when `count` nodes are one cluster of at least this status, as each of them sees it itself.

        What one says of all is not enough: right after a manager has left, the next one still counts it.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if all(process.poll() is not None for process in self._running.values()):
                break
            with suppress(OSError, HTTPException, ValueError):
                seen = [self.get(number, "/_cluster/health?local=true") for number in self._running]
                if all(one["number_of_nodes"] == count and one["status"] in (status, "green") for one in seen):
                    return
            time.sleep(0.2)
        raise TimeoutError((self.folder / "n0.log").read_text()[-4000:])

    def get(self, number: int, path: str) -> Any:
        """What a node answers, as JSON."""
        with urlopen(f"http://127.0.0.1:{self._ports[number][0]}{path}", timeout=2) as answer:
            return json.load(answer)

    def manager(self) -> int:
        """The number of the node that manages the cluster."""
        for number in self._running:
            with suppress(OSError, HTTPException, ValueError):
                (found,) = self.get(number, "/_cat/cluster_manager?format=json")
                return int(found["node"].removeprefix("n"))
        raise TimeoutError("no node answers")

    def tell(self, number: int, what: signal.Signals) -> None:
        """Send a signal to a node: SIGSTOP hangs it, SIGCONT lets it go on."""
        self._running[number].send_signal(what)

    def end(self, number: int, what: signal.Signals = signal.SIGKILL) -> None:
        """Kill a node, or with SIGTERM let it take its leave."""
        process = self._running.pop(number)
        process.send_signal(what)
        process.wait(60)

    def recover(self) -> list[int]:
        """Let hung nodes go on, mend lines, start what is not running; return the numbers of the started."""
        gone = []
        for number in range(len(self._ports)):
            process = self._running.get(number)
            if process and process.poll() is None:
                process.send_signal(signal.SIGCONT)
            else:
                self.start(number)
                gone.append(number)
            if self._lines:
                self.mend(number)
        return gone

    def close(self) -> None:
        """Kill all and remove their folder."""
        for number in list(self._running):
            self.end(number)
        for line in chain(*self._lines):
            line.cut()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Nodes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


if __name__ == "__main__":
    began = time.monotonic()
    with Nodes(int(sys.argv[1]) if len(sys.argv) > 1 else 1) as nodes:
        print(f"{','.join(nodes.hosts)} after {time.monotonic() - began:.0f} s", flush=True)
        input("Enter ends it. ")
