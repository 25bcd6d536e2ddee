"""Outages: three nodes of OpenSearch are killed, hung, cut off and restarted under load; every answer is compared.

In: seconds for each outage (60), and how often (1). Out: a table: answers, errors, answers that differ from our own
engine's, the slowest. `python tests/stress/outages.py 60 5`. Exit code 1 where anything failed or differed.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nodes import Nodes, missing

from index import IndexUnavailable, Snapshot, build, open_library, read_judgements, rollback

ROOT = Path(__file__).parents[2]
ASKING = 4
"""Readers at once."""
PAUSE = 0.15
SLOWEST = 4.0
Answer = tuple[int, tuple[tuple[str, str], ...]]


def answer(snapshot: Snapshot, query: str) -> Answer:
    results = snapshot.search(query)
    return results.total, tuple((hit.article, hit.section) for hit in results.hits)


class Load:
    """Readers who ask until told to stop. `expected`: by the snapshot's identity and the query."""

    def __init__(self, index: Path, engine: str, expected: dict[tuple[str, str], Answer]) -> None:
        self._library = open_library(index, engine=engine)
        self._expected = expected
        self._going = threading.Event()
        self._lock = threading.Lock()
        self.forget()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(ASKING)]

    def forget(self) -> None:
        self.answers, self.different, self.slowest = 0, 0, 0.0
        self.errors: list[str] = []

    def _ask(self, number: int) -> None:
        queries = sorted({query for _, query in self._expected})[number::ASKING]
        while not self._going.is_set():
            for query in queries:
                began = time.monotonic()
                try:
                    snapshot = self._library.snapshot()
                    same = answer(snapshot, query) == self._expected[snapshot.id, query]
                    error = ""
                except IndexUnavailable as failed:
                    same, error = True, str(failed)
                took = time.monotonic() - began
                with self._lock:
                    self.answers += 1
                    self.different += not same
                    self.errors += [error] if error else []
                    self.slowest = max(self.slowest, took)
                if self._going.wait(PAUSE):
                    return

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._going.set()
        for thread in self._threads:
            thread.join()


def main(seconds: float, times: int) -> int:
    """Print the table; 1 where anything failed, differed or was slow."""
    if lacking := missing():
        print(f"outages: {lacking}")
        return 0
    with tempfile.TemporaryDirectory() as folder, Nodes(3, lines=True) as nodes:
        nodes.wait(3, "green")
        engine = f"opensearch+http://{','.join(nodes.hosts)}/outages"
        index, content = Path(folder) / "index", Path(folder) / "content"
        judged = read_judgements(ROOT / "tests" / "judgements" / "own.tsv")
        asked = list(dict.fromkeys(one.query for one in judged))[::4]
        expected: dict[tuple[str, str], Answer] = {}

        def publish(version: int) -> None:
            content.mkdir(exist_ok=True)
            for path in (ROOT / "content").rglob("*"):
                target = content / path.relative_to(ROOT / "content")
                if path.is_dir():
                    target.mkdir(exist_ok=True)
                else:
                    target.write_bytes(path.read_bytes())
            (content / "outage.md").write_text(f"# 第{version}版\n\n手机丢失，先报失，再补卡。\n", "utf-8")
            beside = Path(folder) / f"own{version}"
            build(content, beside)
            ours = open_library(beside).snapshot()
            expected.update({(ours.id, query): answer(ours, query) for query in asked})
            build(content, index, engine=engine)

        def kill(number: int) -> None:
            nodes.end(number)
            time.sleep(seconds)
            nodes.start(number)

        def hang() -> None:
            number = nodes.manager()
            nodes.tell(number, signal.SIGSTOP)
            time.sleep(seconds)
            nodes.tell(number, signal.SIGCONT)

        def cut() -> None:
            number = nodes.manager()
            nodes.cut(number)
            time.sleep(seconds)
            nodes.mend(number)

        def restart_all() -> None:
            for number in range(3):
                nodes.end(number, signal.SIGTERM)
                nodes.start(number)
                nodes.wait(3, "green")

        def swap() -> None:
            publish(2)
            time.sleep(seconds / 4)
            rollback(index, engine=engine)
            time.sleep(seconds / 4)

        def other() -> int:
            return (nodes.manager() + 1) % 3

        outages: list[tuple[str, Callable[[], None]]] = [
            ("nothing", lambda: time.sleep(seconds)),
            ("a node killed", lambda: kill(other())),
            ("the manager killed", lambda: kill(nodes.manager())),
            ("the manager hung", hang),
            ("the manager cut off", cut),
            ("rolling restart", restart_all),
            ("new index and rollback", swap),
        ]
        publish(1)
        bad = 0
        print("| outage | answers | failed | different | slowest, s |\n|---|---|---|---|---|", flush=True)
        with Load(index, engine, expected) as load:
            for name, outage in outages * times:
                load.forget()
                outage()
                nodes.wait(3, "green")
                bad += len(load.errors) + load.different + (load.slowest > SLOWEST)
                counted = load.answers, len(load.errors), load.different, f"{load.slowest:.1f}"
                print(f"| {name} | {' | '.join(map(str, counted))} |", flush=True)
                for error in sorted(set(load.errors))[:3]:
                    print(f"  {error}", flush=True)
        return int(bad > 0)


if __name__ == "__main__":
    arguments = [float(argument) for argument in sys.argv[1:]]
    sys.exit(main(arguments[0] if arguments else 60, int(arguments[1]) if len(arguments) > 1 else 1))
