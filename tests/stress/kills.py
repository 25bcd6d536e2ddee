"""Kill builds with SIGKILL, at every step on the disk and at random instants under load; nothing may be lost.

In: how many steps and how many instants (`kills.py 60 200`). Out: figures; exit 1 at the first broken promise.
After each kill the live snapshot must be whole, of the version before or after, and served; the next build must
succeed, and the folder then hold nothing but what it should. Steps come from Python's audit events: they hit the
instants between two system calls that random kills hit once in a thousand.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from ground import VERSION, Readers, Server, build, built, serving, wait_for, write_site

from index import Library, Snapshot
from index import build as build_here

STEPS = frozenset({"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "os.scandir"})
KEPT = 3


def main() -> None:
    steps, instants = (int(number) for number in (*sys.argv[1:3], 60, 200)[:2])
    with tempfile.TemporaryDirectory() as folder:
        print(f"killed at {kill_at_steps(Path(folder) / 'steps', steps)} different steps: nothing lost", flush=True)
        kill_at_instants(Path(folder) / "instants", instants)


def kill_at_steps(place: Path, most: int) -> int:
    """Kill a build at up to `most` of its steps, evenly spread; how many it were."""
    content, index = place / "content", place / "index"
    write_site(content, 0)
    build_here(content, index)
    write_site(content, 1)
    count = steps_of(content, place / "counted")
    chosen = sorted({round(number * (count - 1) / max(most - 1, 1)) for number in range(min(most, count))})
    for version, step in enumerate(chosen, 1):
        write_site(content, version)
        child = os.fork()
        if child == 0:
            die_at(step)
            build_here(content, index, full=bool(version % 2))
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or status == 0, f"step {step}: the build failed by itself"
        assert version_of(whole(index)) in (version - 1, version)
        build_here(content, index)
        assert version_of(whole(index)) == version
        tidy(index)
    return len(chosen)


def steps_of(content: Path, index: Path) -> int:
    """How many steps a first build takes."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        counted = [0]
        sys.addaudithook(lambda event, arguments: counted.__setitem__(0, counted[0] + (event in STEPS)))
        build_here(content, index)
        os.write(writer, str(counted[0]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as told:
        return int(told.read())


def die_at(step: int) -> None:
    """Kill this process when it is about to take the step."""
    left = [step]

    def hook(event: str, arguments: object) -> None:
        if event in STEPS:
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1

    sys.addaudithook(hook)


def whole(index: Path) -> Snapshot:
    """The live snapshot, every checksum checked anew."""
    snapshot = Library(index).snapshot()
    assert snapshot.search("激活码").total == snapshot.article_count == 40
    return snapshot


def version_of(snapshot: Snapshot) -> int:
    """Of its articles; the same in each."""
    (version,) = {VERSION.findall(card.title)[0] for card in snapshot.cards()}
    return int(version)


def tidy(index: Path) -> None:
    """Nothing but the pointer, the lock and the kept snapshots."""
    assert {entry.name for entry in index.iterdir()} == {"current", "lock", "snapshots"}
    snapshots = sorted(entry.name for entry in (index / "snapshots").iterdir())
    assert 1 <= len(snapshots) <= KEPT, snapshots
    assert all((index / "snapshots" / name / "stamp.json").is_file() for name in snapshots), snapshots


def kill_at_instants(place: Path, instants: int) -> None:
    """Kill the command at random instants while two workers serve the index."""
    content, index = place / "content", place / "index"
    write_site(content, 0)
    built(content, index)
    started = time.monotonic()
    write_site(content, 1)
    built(content, index)
    usual = time.monotonic() - started
    killed = finished = 0
    with serving(index, place / "server") as server, Readers(server.port) as readers:
        version = 1
        while killed < instants:
            version += 1
            write_site(content, version)
            process = build(content, index, *(["--full"] if version % 2 else []))
            time.sleep(random.uniform(0.2, 1.1) * usual)
            process.kill()
            process.communicate()
            killed += process.returncode == -signal.SIGKILL
            finished += process.returncode == 0
            whole(index)
            if version % 10 == 0:
                recover(content, index, server, version)
        recover(content, index, server, version)
    assert not readers.faults, readers.faults[:5]
    assert "Traceback" not in server.log.read_text()
    print(
        f"killed {killed} builds at random instants ({finished} were quicker), every live index whole;"
        f" {readers.answers} answers meanwhile, 0 failed, empty or mixed, the slowest after {readers.slowest:.2f} s"
    )


def recover(content: Path, index: Path, server: Server, version: int) -> None:
    """The next build succeeds, sweeps, and is served."""
    built(content, index)
    tidy(index)
    wait_for(lambda: f"第{version}版" in server.get("/articles/t1/a1")[1])


if __name__ == "__main__":
    main()
